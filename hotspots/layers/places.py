"""Kinds of landmarks and their names for a reader."""

from typing import Final

from hotspots.i18n import _

RAIL_STATION: Final = "rail_station"
BUS_STATION: Final = "bus_station"
BUS_STOP: Final = "bus_stop"
HOSPITAL: Final = "hospital"
SPA: Final = "spa"
POLICE: Final = "police"
SQUARE: Final = "square"
PLACE_KINDS: Final = (RAIL_STATION, BUS_STATION, BUS_STOP, HOSPITAL, SPA, POLICE, SQUARE)


def place_kind_label(kind: str) -> str:
    """Return the name of a landmark kind in the language in force; an unknown one as it is."""
    return {
        RAIL_STATION: _("railway station"),
        BUS_STATION: _("bus station"),
        BUS_STOP: _("bus stop"),
        HOSPITAL: _("hospital"),
        SPA: _("spa"),
        POLICE: _("municipal police station"),
        SQUARE: _("square"),
    }.get(kind, kind)
