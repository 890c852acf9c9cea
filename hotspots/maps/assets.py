"""Scripts and styles of the map: vendored packages by their manifest, and the project's own."""

import hashlib
import tomllib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final

from hotspots.errors import NotFoundError
from hotspots.i18n import _

VENDOR_DIR: Final = Path(__file__).parent / "vendor"
STATIC_DIR: Final = Path(__file__).parent / "static"
# In the order in which a page must load them.
STYLES: Final = ("leaflet.css", "map.css", "panel.css")
SCRIPTS: Final = (
    "leaflet.js",
    "dom.js",
    "model.js",
    "format.js",
    "layers.js",
    "labels.js",
    "legend.js",
    "card.js",
    "time_control.js",
    "choices.js",
    "table.js",
    "frame.js",
    "start.js",
)
# Of the map of layers, which counts nothing.
AREA_STYLES: Final = ("leaflet.css", "map.css", "panel.css", "area_map.css")
AREA_SCRIPTS: Final = ("leaflet.js", "dom.js", "area_map.js")
# Of the overview for the council.
OVERVIEW_STYLES: Final = ("leaflet.css", "map.css", "panel.css", "overview_map.css")
OVERVIEW_SCRIPTS: Final = ("leaflet.js", "dom.js", "overview_map.js")
_SERVED: Final = frozenset(
    (*STYLES, *SCRIPTS, *AREA_STYLES, *AREA_SCRIPTS, *OVERVIEW_STYLES, *OVERVIEW_SCRIPTS)
)


@dataclass(frozen=True)
class VendoredFile:
    """One file taken unchanged from an npm package; `sha256` is of its bytes."""

    name: str
    package: str
    version: str
    licence: str
    path: str
    sha256: str


@lru_cache(maxsize=1)
def read_manifest() -> tuple[VendoredFile, ...]:
    """Return every vendored file, as `vendor/manifest.toml` lists them."""
    content = tomllib.loads((VENDOR_DIR / "manifest.toml").read_text(encoding="utf-8"))
    return tuple(VendoredFile(**entry) for entry in content["file"])


def asset_file(name: str) -> Path:
    """Return where the script or style `name` lies.

    Raises
    ------
    NotFoundError
        The map has no such file; only names of this module's lists are served.
    """
    if name not in _SERVED:
        raise NotFoundError(_("the map has no file '{name}'").format(name=name))
    vendored = {file.name for file in read_manifest()}
    return (VENDOR_DIR if name in vendored else STATIC_DIR) / name


@lru_cache(maxsize=len(_SERVED))
def asset_text(name: str) -> str:
    """Return the text of a script or style, fit to stand inside a page.

    Hints to source maps are left out, since nobody can follow them from there.

    Raises
    ------
    NotFoundError
        As `asset_file`.
    """
    text = asset_file(name).read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if not line.startswith("//# sourceMappingURL=")]
    return "\n".join(lines)


@lru_cache(maxsize=len(_SERVED))
def asset_version(name: str) -> str:
    """Return a short mark that changes with the file, for addresses that caches may keep.

    Raises
    ------
    NotFoundError
        As `asset_file`.
    """
    return hashlib.sha256(asset_file(name).read_bytes()).hexdigest()[:12]
