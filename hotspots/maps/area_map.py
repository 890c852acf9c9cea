"""The map of the layers in force: outlines with names, one layer switched on at a time."""

from typing import Any, Final

import folium
import geopandas as gpd
import shapely
from shapely.geometry.base import BaseGeometry

from hotspots import crs, schema
from hotspots.errors import HotspotsError
from hotspots.i18n import _, current_language
from hotspots.layers.reading import list_layers, read_areas, read_axes, read_boundary
from hotspots.maps.assets import AREA_SCRIPTS, AREA_STYLES
from hotspots.maps.background import find_background
from hotspots.maps.framed_map import FramedMap
from hotspots.maps.payload import to_json
from hotspots.maps.shapes import PER_DEGREE, Encoder
from hotspots.maps.time_choropleth import MapFigure, TimeMap
from hotspots.settings import Workspace

# In the order in which a reader may switch them on; the first that is there is on at first.
SHOWN_KINDS: Final = (
    schema.DISTRICT,
    schema.TOWN_PART,
    schema.CADASTRAL_UNIT,
    schema.ELECTORAL_DISTRICT,
    schema.STREET,
    schema.QUARTER,
    schema.PATROL_BEAT,
    schema.LOCALITY,
)
# On a screen of 1,000 px a town of 10 km has 10 m in a pixel; closer in it shows as a kink.
_SIMPLIFY_M: Final = 3.0
# A layer of more points than this is drawn more coarsely, so that a phone can bear it.
_MANY_POINTS: Final = 60_000
_SIMPLIFY_MANY_M: Final = 12.0


def build_area_map(
    workspace: Workspace, *, nonce: str, asset_url: str, background: str = "none"
) -> folium.Map:
    """Return the map of the layers in force, for a frame in a page, in the language in force.

    A layer that cannot be read is left out: the page around the map says what is wrong with it.

    Parameters
    ----------
    workspace
        Whose layers to draw.
    nonce
        Mark that scripts and styles carry for the content-security policy.
    asset_url
        Address of the directory that serves the map's scripts and styles, ending with a slash.
    background
        `none`, or `cuzk` or `osm` tiles, which need internet.

    Raises
    ------
    NotFoundError
        The workspace has no layers.
    SourceError, SchemaError, CRSError
        The boundary cannot be read.
    ParameterError
        No such background.
    """
    data = to_json(_payload(workspace, background))
    figure = MapFigure(
        title=_("Layers in force"), language=current_language(), nonce=nonce, policy=""
    )
    chart = TimeMap(figure)
    AreaOutlines(data, nonce=nonce, asset_url=asset_url).add_to(chart)
    return chart


class AreaOutlines(FramedMap):
    """Outlines of areas; addresses of files are linked."""

    style_class = "hs-areas"
    below = '<p class="hs-small hs-layer-source"></p>'
    start = "startAreas"
    styles = AREA_STYLES
    scripts = AREA_SCRIPTS


def kind_name(kind: str) -> str:
    """Return the short name of a layer, plural, as on a button."""
    return {
        schema.DISTRICT: _("Districts"),
        schema.TOWN_PART: _("Town parts"),
        schema.CADASTRAL_UNIT: _("Cadastral units"),
        schema.ELECTORAL_DISTRICT: _("Electoral districts"),
        schema.STREET: _("Streets"),
        schema.QUARTER: _("Quarters"),
        schema.PATROL_BEAT: _("Patrol beats"),
        schema.LOCALITY: _("Localities"),
    }[kind]


def _payload(workspace: Workspace, background: str) -> dict[str, Any]:
    """Return the data of the map, fit for JSON; positions as `Encoder` writes them."""
    boundary = read_boundary(workspace)
    west, south, east, north = _bounds(boundary)
    encoder = Encoder((round(west, 3), round(south, 3)))
    present = list_layers(workspace)
    shown = [
        layer
        for kind in SHOWN_KINDS
        if kind in present and (layer := _layer(workspace, kind, encoder)) is not None
    ]
    tiles = find_background(background)
    return {
        "origin": encoder.origin,
        "perDegree": PER_DEGREE,
        "view": [[south, west], [north, east]],
        "boundary": encoder.geometry(shapely.simplify(boundary, _SIMPLIFY_M)),
        "boundarySource": _sources(read_areas(workspace, schema.MUNICIPALITY)),
        "layers": shown,
        "tiles": {
            "url": tiles.url,
            "maxZoom": tiles.max_zoom,
            "attribution": tiles.attribution,
        }
        if tiles
        else None,
        "texts": {
            "layer": _("Layer"),
            "none": _("Boundary only"),
            "approximate": _("Approximate boundaries."),
            "source": _("Source:"),
            "north": _("N"),
            "northTitle": _("North is up"),
            "zoomIn": _("Zoom in"),
            "zoomOut": _("Zoom out"),
            "hint": _("Point at an area, or tap it, to see its name."),
        },
    }


def _layer(workspace: Workspace, kind: str, encoder: Encoder) -> dict[str, Any] | None:
    """Return one layer, None where it is empty or cannot be read."""
    try:
        areas = read_areas(workspace, kind)
        shapes = _shapes(workspace, areas, kind)
    except HotspotsError:
        return None
    if areas.empty:
        return None
    spots = shapely.get_coordinates(shapely.point_on_surface(areas.geometry.to_numpy()))
    return {
        "kind": kind,
        "label": kind_name(kind),
        "names": areas[schema.NAME].astype(str).to_list(),
        "shapes": [encoder.geometry(shape) for shape in shapes],
        "spots": [encoder.part(spot[None, :]) for spot in spots],
        "approximate": bool(areas[schema.DERIVED].any()),
        "source": _sources(areas),
    }


def _shapes(workspace: Workspace, areas: gpd.GeoDataFrame, kind: str) -> list[BaseGeometry | None]:
    """Return what to draw for each area: its outline, or the axis of a street."""
    if kind == schema.STREET:
        axes = read_axes(workspace, kind)
        if axes is None:
            return [None] * len(areas)
        merged = axes.dissolve(by=schema.AREA_ID).geometry.simplify(_SIMPLIFY_M)
        return list(merged.reindex(areas[schema.AREA_ID]))
    polygons = areas.geometry.to_numpy()
    many = int(shapely.get_num_coordinates(polygons).sum()) > _MANY_POINTS
    tolerance_m = _SIMPLIFY_MANY_M if many else _SIMPLIFY_M
    if kind in schema.OWN_KINDS:
        return list(shapely.simplify(polygons, tolerance_m))
    # Neighbours keep their common border.
    return list(shapely.coverage_simplify(polygons, tolerance_m))


def _sources(areas: gpd.GeoDataFrame) -> list[str]:
    return sorted(set(areas[schema.LAYER_SOURCE].astype(str)))


def _bounds(shape: BaseGeometry) -> tuple[float, float, float, float]:
    """Return west, south, east, north [degrees] of a shape in EPSG:5514."""
    points = shapely.get_coordinates(shape)
    lon, lat = crs.to_wgs84(points[:, 0], points[:, 1])
    return float(lon.min()), float(lat.min()), float(lon.max()), float(lat.max())
