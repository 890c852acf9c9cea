"""Backgrounds under the map: none by default, or tiles of another host where a setting asks."""

from dataclasses import dataclass
from typing import Final

from hotspots.errors import ParameterError
from hotspots.i18n import _
from hotspots.settings import BACKGROUNDS


@dataclass(frozen=True)
class Background:
    """Tiles in Web Mercator: their address, the host to allow, deepest zoom, credit (text)."""

    url: str
    host: str
    max_zoom: int
    attribution: str


TILES: Final = {
    # Základní topografická mapa, open data of ČÚZK, CC BY 4.0.
    "cuzk": Background(
        "https://ags.cuzk.gov.cz/arcgis1/rest/services/ZTM_WM/MapServer/tile/{z}/{y}/{x}",
        "https://ags.cuzk.gov.cz",
        19,
        "© ČÚZK, CC BY 4.0",
    ),
    "osm": Background(
        "https://tile.openstreetmap.org/{z}/{x}/{y}.png",
        "https://tile.openstreetmap.org",
        19,
        "© OpenStreetMap contributors, ODbL",
    ),
}


def find_background(name: str) -> Background | None:
    """Return the tiles of a background, None for `none`.

    Raises
    ------
    ParameterError
        No such background.
    """
    if name not in BACKGROUNDS:
        raise ParameterError(
            _("background must be one of {known}, got '{value}'").format(
                known=", ".join(BACKGROUNDS), value=name
            )
        )
    return TILES.get(name)


def tile_hosts(name: str) -> tuple[str, ...]:
    """Return the hosts from which a background loads pictures, for a content-security policy.

    Raises
    ------
    ParameterError
        No such background.
    """
    found = find_background(name)
    return (found.host,) if found else ()
