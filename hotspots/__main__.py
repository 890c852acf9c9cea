"""`python -m hotspots` is the command `hotspots`."""

from hotspots.cli import main

if __name__ == "__main__":
    main()
