"""Geometry as a page receives it: whole numbers of 10⁻⁶ degree, each point from the one before."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final

import geopandas as gpd
import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from hotspots import crs, schema
from hotspots.maps.layers import MapLayers

PER_DEGREE: Final = 1_000_000  # about 0.1 m
_KEPT_SHAPES: Final = 16_384  # of several kinds of areas
SIMPLIFY_M: Final = 0.5
LINE: Final = "l"
POLYGON: Final = "p"
DOT: Final = "d"
# Share of the counted incidents along streets that the first view shows each way.
_VIEW_SHARE: Final = 0.86
# Share of the counted incidents whose densest areas the first view shows.
_DENSEST_SHARE: Final = 0.9
_OUTLINE_SHARE: Final = 0.9
_SPACING_M: Final = 50.0


@dataclass
class Encoder:
    """Turns EPSG:5514 geometries into rows of whole numbers relative to one origin.

    A part is ``[x0, y0, dx1, dy1, …]`` in 10⁻⁶ degree east and north of `origin` (lon, lat).
    """

    origin: tuple[float, float]
    _start: tuple[int, int] = field(init=False)

    def __post_init__(self) -> None:
        lon, lat = (round(degrees * PER_DEGREE) for degrees in self.origin)
        self._start = lon, lat

    def part(self, points: Any) -> list[int]:
        """Return one ring or line, shape (k, 2) in metres, as a flat list of 2k numbers."""
        return self._moved(_encode_part(points))

    def geometry(self, shape: BaseGeometry | None) -> list[Any]:
        """Return ``[kind, part, …]``; an empty or missing geometry has no parts."""
        if shape is None or shape.is_empty:
            return [DOT]
        kind, parts = _encode(shapely.to_wkb(shape))
        return [kind, *(self._moved(part) for part in parts)]

    def _moved(self, part: tuple[int, ...]) -> list[int]:
        """Return a part whose first point was told from 0° east and north."""
        return [part[0] - self._start[0], part[1] - self._start[1], *part[2:]]


def _encode_part(points: Any) -> tuple[int, ...]:
    lon, lat = crs.to_wgs84(points[:, 0], points[:, 1])
    whole = np.rint(np.column_stack([lon, lat]) * PER_DEGREE).astype(np.int64)
    steps = np.diff(whole, axis=0, prepend=np.zeros((1, 2), dtype=np.int64))
    return tuple(steps.ravel().tolist())


@lru_cache(maxsize=_KEPT_SHAPES)
def _encode(wkb: bytes) -> tuple[str, tuple[tuple[int, ...], ...]]:
    """Return the kind and the parts of a geometry; every map of a town has the same shapes."""
    parts = shapely.get_parts(shapely.from_wkb(wkb))
    dimensions = shapely.get_dimensions(parts)
    dimension = dimensions.max()
    if dimension == 0:
        return DOT, tuple(_encode_part(shapely.get_coordinates(part)) for part in parts)
    if dimension == 1:
        lines = shapely.simplify(parts[dimensions == 1], SIMPLIFY_M)
        return LINE, tuple(_encode_part(shapely.get_coordinates(line)) for line in lines)
    rings = []
    for part in parts[dimensions == 2]:
        rings += [part.exterior, *part.interiors]
    return POLYGON, tuple(_encode_part(shapely.get_coordinates(ring)) for ring in rings)


def drawn_shapes(areas: gpd.GeoDataFrame, layers: MapLayers) -> list[BaseGeometry]:
    """Return what stands for each area on the map, in area order.

    Its axis where the layers have axes (a dot where the axis is one point or unknown), else its
    polygon.
    """
    polygons = list(areas.geometry)
    if layers.axes is None:
        return polygons
    axes = layers.axes[~layers.axes.geometry.is_empty]
    parts, rows = shapely.get_parts(axes.geometry.to_numpy(), return_index=True)
    owners = axes[schema.AREA_ID].to_numpy()[rows]
    lines: dict[str, list[BaseGeometry]] = {}
    others: dict[str, BaseGeometry] = {}
    dimensions = shapely.get_dimensions(parts).tolist()
    for owner, part, dimension in zip(owners, parts, dimensions, strict=True):
        if dimension == 1:
            lines.setdefault(str(owner), []).append(part)
        else:
            others.setdefault(str(owner), part)
    shapes: list[BaseGeometry] = []
    for area_id, polygon in zip(areas[schema.AREA_ID].astype(str), polygons, strict=True):
        if area_id in lines:
            shapes.append(shapely.MultiLineString(lines[area_id]))
        elif area_id in others:
            shapes.append(others[area_id])
        else:
            shapes.append(polygon.representative_point())
    return shapes


def first_view(
    shapes: Sequence[BaseGeometry], totals: Any, boundary: BaseGeometry | None
) -> list[list[float]]:
    """Return south-west and north-east (lat, lon) around where most counted incidents are.

    Streets: `_VIEW_SHARE` of the incidents lie between its west and east side and as many
    between south and north, each street's incidents spread evenly along its line. Polygons: so
    it is with `_OUTLINE_SHARE` and the outlines of the densest ones, which have
    `_DENSEST_SHARE` of the incidents: a wide empty outskirt does not shrink the town. Where
    nothing is counted it holds all areas; where there are none, the boundary.
    """
    weights = np.asarray(totals, dtype=float)
    drawn = [row for row, shape in enumerate(shapes) if not shape.is_empty]
    counted = [row for row in drawn if weights[row] > 0]
    linear = _is_linear([shapes[row] for row in counted])
    if counted and not linear:
        counted = _densest(shapes, weights, counted)
    chosen = [shapes[row] for row in counted or drawn]
    if not chosen:
        chosen = [boundary] if boundary is not None else []
    if not chosen:
        return []
    points = [shapely.get_coordinates(shapely.segmentize(shape, _SPACING_M)) for shape in chosen]
    each = [
        np.full(len(p), (weights[row] if counted else 1.0) / len(p))
        for row, p in zip(counted or range(len(points)), points, strict=True)
    ]
    xy, mass = np.concatenate(points), np.concatenate(each)
    tail = (1 - (_VIEW_SHARE if linear else _OUTLINE_SHARE)) / 2 if counted else 0.0
    (west, east), (south, north) = (_spread(xy[:, axis], mass, tail) for axis in (0, 1))
    lon, lat = crs.to_wgs84(
        np.array([west, east, west, east]), np.array([south, north, north, south])
    )
    return [[float(lat.min()), float(lon.min())], [float(lat.max()), float(lon.max())]]


def _is_linear(shapes: Sequence[BaseGeometry]) -> bool:
    return any(shapely.get_dimensions(shape) == 1 for shape in shapes)


def _densest(shapes: Sequence[BaseGeometry], weights: Any, rows: list[int]) -> list[int]:
    """Return the densest of `rows` that together have the share of the first view."""
    size = np.maximum([shapes[row].area for row in rows], 1.0)
    order = np.argsort(-weights[rows] / size, kind="stable")
    share = np.cumsum(weights[rows][order]) / weights[rows].sum()
    return [rows[at] for at in order[: int(np.searchsorted(share, _DENSEST_SHARE)) + 1]]


def _spread(values: Any, mass: Any, tail: float) -> tuple[float, float]:
    """Return the values below which shares `tail` and 1 − `tail` of `mass` lie."""
    order = np.argsort(values, kind="stable")
    share = np.cumsum(mass[order]) / mass.sum()
    last = len(values) - 1
    low, high = (min(int(np.searchsorted(share, at)), last) for at in (tail, 1 - tail))
    if tail == 0:
        low, high = 0, last
    return float(values[order[low]]), float(values[order[high]])
