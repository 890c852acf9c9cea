"""The map layers of a workspace: areas, street axes, boundary and landmarks."""

from hotspots.layers.bundled import BUNDLED_MUNICIPALITY, bundled_layers, install_bundled
from hotspots.layers.check import AREA_LAYERS, check_areas
from hotspots.layers.grid import make_grid
from hotspots.layers.places import PLACE_KINDS, place_kind_label
from hotspots.layers.present import default_kind, present_kinds
from hotspots.layers.reading import (
    ADDRESS_LAYER,
    BUILDING_LAYER,
    LAYERS_FILE,
    layers_version,
    list_layers,
    read_areas,
    read_axes,
    read_boundary,
    read_former,
    read_places,
    read_points,
)
from hotspots.layers.street_layers import remake_streets
from hotspots.layers.streets import StreetAreas, make_street_areas

__all__ = [
    "ADDRESS_LAYER",
    "AREA_LAYERS",
    "BUILDING_LAYER",
    "BUNDLED_MUNICIPALITY",
    "LAYERS_FILE",
    "PLACE_KINDS",
    "StreetAreas",
    "bundled_layers",
    "check_areas",
    "default_kind",
    "install_bundled",
    "layers_version",
    "list_layers",
    "make_grid",
    "make_street_areas",
    "place_kind_label",
    "present_kinds",
    "read_areas",
    "read_axes",
    "read_boundary",
    "read_former",
    "read_places",
    "read_points",
    "remake_streets",
]
