"""Layers and kinds of area in words, plural, as they stand in a sentence."""

from hotspots import schema
from hotspots.i18n import _


def kind_label(kind: str) -> str:
    """Return the kind of area, plural, for a reader."""
    return {
        schema.STREET: _("streets"),
        schema.SEGMENT: _("street segments"),
        schema.DISTRICT: _("districts (basic settlement units)"),
        schema.TOWN_PART: _("town parts"),
        schema.ELECTORAL_DISTRICT: _("electoral districts"),
        schema.CADASTRAL_UNIT: _("cadastral units"),
        schema.MUNICIPALITY: _("the whole municipality"),
        schema.LOCALITY: _("localities"),
        schema.PATROL_BEAT: _("patrol beats"),
        schema.QUARTER: _("quarters"),
        schema.GRID: _("grid cells"),
    }[kind]


def layer_label(layer: str) -> str:
    """Return the name of a GeoPackage layer, plural, for a reader; an unknown one as it is."""
    points = {
        "address": _("addresses"),
        "building": _("buildings"),
        "place": _("landmarks"),
        "street_axis": _("street axes"),
        "segment_axis": _("axes of street segments"),
    }
    return points.get(layer) or (kind_label(layer) if layer in schema.AREA_KINDS else layer)
