"""Build data/layers/jesenik.gpkg from the fact tables beside it."""

import sys
from pathlib import Path

from hotspots.layers.build import build_layers, write_layers
from hotspots.layers.bundled import BUNDLED_NAME

LAYERS = Path(__file__).resolve().parents[1] / "data" / "layers"


def main() -> int:
    """Build the layers and say what they hold."""
    layers = build_layers(LAYERS / "facts")
    write_layers(layers, LAYERS / BUNDLED_NAME)
    for name, frame in layers.items():
        sys.stdout.write(f"{name}: {len(frame)}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
