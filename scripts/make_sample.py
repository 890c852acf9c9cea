"""Make a workspace with made-up sample incidents: make_sample.py DIRECTORY [SEED]."""

import sys
from pathlib import Path

from hotspots.demo import make_demo_workspace
from hotspots.sample import SEED

if __name__ == "__main__":
    if len(sys.argv) not in {2, 3}:
        sys.exit(__doc__)
    make_demo_workspace(Path(sys.argv[1]), seed=int(sys.argv[2]) if len(sys.argv) == 3 else SEED)
