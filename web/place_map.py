"""The ground of the small map on which a person shows a place: `/place-map.json`."""

from hashlib import sha256
from typing import Any, Final

import geopandas as gpd
import numpy as np
import shapely
from flask import Blueprint, Response, jsonify, request, url_for
from shapely.geometry.base import BaseGeometry

from hotspots import crs, layers, schema
from hotspots.errors import NotFoundError
from hotspots.i18n import _, current_language
from hotspots.maps.assets import asset_version
from hotspots.maps.background import find_background, tile_hosts
from hotspots.maps.layers import MapLayers
from hotspots.maps.shapes import drawn_shapes, first_view
from hotspots.settings import Workspace
from web.answers import answers
from web.cache import LruCache
from web.security import CONTENT_POLICY

bp = Blueprint("place_map", __name__)
# What a page that holds the map loads, in this order.
STYLES: Final = ("leaflet.css",)
SCRIPTS: Final = ("leaflet.js",)
# The kinds of area whose outlines help to find a place; the first that is there is drawn.
_OUTLINED: Final = (schema.DISTRICT, schema.TOWN_PART, schema.CADASTRAL_UNIT)
_DIGITS: Final = 6  # of a degree: about 0.1 m
_STREET_M: Final = 1.0
_OUTLINE_M: Final = 8.0

_grounds: LruCache[dict[str, Any]] = LruCache(4)


@bp.get("/place-map.json")
def data() -> Response:
    """Answer the boundary, streets, districts and landmarks in lon/lat; kept until layers change.

    Of a workspace without layers everything is empty and the view is that of Czechia.
    """
    workspace = answers().workspace
    try:
        version = layers.layers_version(workspace)
    except NotFoundError:
        version = ""
    key = (str(workspace.path), version, workspace.settings.background, current_language())
    tag = sha256("\x00".join((answers().run, *key)).encode()).hexdigest()[:24]
    if request.if_none_match.contains_weak(tag):
        response = Response(status=304)
    else:
        response = jsonify(_grounds.get(key, lambda: make_ground(workspace)))
    response.set_etag(tag)
    response.headers["Cache-Control"] = "private, no-cache"
    return response


def asset_urls(names: tuple[str, ...]) -> list[str]:
    """Return the addresses of vendored files of the map."""
    return [url_for("map.asset", name=name, v=asset_version(name)) for name in names]


@bp.app_context_processor
def _names() -> dict[str, object]:
    """Give `_place_map.html` its addresses, whichever page takes it in."""
    return {
        "place_map_styles": lambda: asset_urls(STYLES),
        "place_map_scripts": lambda: asset_urls(SCRIPTS),
    }


def allow_tiles(response: Response) -> Response:
    """Let a page that holds the map load the background's pictures, where a setting asks so.

    Without a background the page keeps the ordinary policy.
    """
    hosts = tile_hosts(answers().workspace.settings.background)
    if hosts:
        images = "img-src 'self' data:"
        response.headers["Content-Security-Policy"] = CONTENT_POLICY.replace(
            images, f"{images} {' '.join(hosts)}"
        )
    return response


def make_ground(workspace: Workspace) -> dict[str, Any]:
    """Return what the map draws under a place, in the language in force, fit for JSON.

    Positions are ``[lon, lat]`` in degrees (WGS84) to the sixth digit. `place_map.js` says at its
    head what the fields are.
    """
    tiles = find_background(workspace.settings.background)
    common: dict[str, Any] = {
        "tiles": {
            "url": tiles.url,
            "maxZoom": tiles.max_zoom,
            "attribution": tiles.attribution,
        }
        if tiles
        else None,
        "texts": _texts(),
    }
    try:
        boundary = layers.read_boundary(workspace)
    except NotFoundError:
        west, south, east, north = crs.CZECHIA_WGS84
        empty: dict[str, Any] = {"boundary": [], "streets": [], "districts": [], "landmarks": []}
        return common | empty | {"view": [[south, west], [north, east]], "source": ""}
    streets, shapes = _streets(workspace)
    outlined = _districts(workspace)
    places = layers.read_places(workspace)
    lengths = np.array([shape.length for shape in shapes])
    frames = [streets, outlined, places]
    sources = {str(s) for frame in frames for s in frame[schema.LAYER_SOURCE] if s}
    return common | {
        "view": first_view(shapes, lengths, boundary),
        "boundary": _rings(shapely.simplify(boundary, _OUTLINE_M)),
        "streets": [
            {"name": str(name), "lines": _lines(shape), "dots": _dots(shape)}
            for name, shape in zip(streets[schema.NAME], shapes, strict=True)
        ],
        "districts": [
            {"name": str(name), "rings": _rings(shape), "at": _lon_lat(shape.point_on_surface())[0]}
            for name, shape in zip(
                outlined[schema.NAME],
                shapely.coverage_simplify(outlined.geometry.to_numpy(), _OUTLINE_M),
                strict=True,
            )
        ],
        "landmarks": [
            {
                "name": str(name),
                "kind": layers.place_kind_label(str(kind)),
                "at": _lon_lat(shape.representative_point())[0],
            }
            for name, kind, shape in zip(
                places[schema.NAME], places[schema.PLACE_KIND], places.geometry, strict=True
            )
        ],
        "source": "; ".join(sorted(sources)),
    }


def _streets(workspace: Workspace) -> tuple[gpd.GeoDataFrame, list[BaseGeometry]]:
    """Return the streets and what stands for each: lines, or points of one known by them only."""
    if schema.STREET not in layers.present_kinds(workspace):
        return _no_areas(), []
    streets = layers.read_areas(workspace, schema.STREET)
    axes = layers.read_axes(workspace, schema.STREET)
    shapes = drawn_shapes(streets, MapLayers(axes=axes))
    if axes is None:  # the middle of a polygon is all that is known of the line
        shapes = [shape.representative_point() for shape in shapes]
    return streets, shapes


def _districts(workspace: Workspace) -> gpd.GeoDataFrame:
    present = layers.present_kinds(workspace)
    kind = next((kind for kind in _OUTLINED if kind in present), None)
    return _no_areas() if kind is None else layers.read_areas(workspace, kind)


def _no_areas() -> gpd.GeoDataFrame:
    columns: dict[str, list[object]] = {
        name: [] for name in (schema.NAME, schema.LAYER_SOURCE, schema.GEOMETRY)
    }
    return gpd.GeoDataFrame(columns, geometry=schema.GEOMETRY, crs=f"EPSG:{crs.EPSG}")


def _lon_lat(shape: BaseGeometry) -> list[list[float]]:
    points = shapely.get_coordinates(shape)
    lon, lat = crs.to_wgs84(points[:, 0], points[:, 1])
    return [
        [round(float(one), _DIGITS), round(float(two), _DIGITS)]
        for one, two in zip(lon, lat, strict=True)
    ]


def _parts(shape: BaseGeometry, dimension: int) -> list[BaseGeometry]:
    if shape is None or shape.is_empty:
        return []
    return [p for p in shapely.get_parts(shape) if shapely.get_dimensions(p) == dimension]


def _lines(shape: BaseGeometry) -> list[list[list[float]]]:
    return [_lon_lat(shapely.simplify(line, _STREET_M)) for line in _parts(shape, 1)]


def _dots(shape: BaseGeometry) -> list[list[float]]:
    return [_lon_lat(point)[0] for point in _parts(shape, 0)]


def _rings(shape: BaseGeometry) -> list[list[list[float]]]:
    return [
        _lon_lat(ring) for part in _parts(shape, 2) for ring in (part.exterior, *part.interiors)
    ]


def _texts() -> dict[str, str]:
    return {
        "map": _("Map"),
        "zoomIn": _("Zoom in"),
        "zoomOut": _("Zoom out"),
        "whole": _("Whole town"),
        "pin": _("Chosen place"),
        "help": _(
            "Click or tap to put the pin there and drag it to move it. With the keyboard: arrows "
            "move the pin, with Shift farther; plus and minus zoom; Enter puts it in the middle."
        ),
    }
