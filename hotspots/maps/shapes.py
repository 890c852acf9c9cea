"""Geometry as a page receives it: whole numbers of 10⁻⁶ degree, each point from the one before."""

from dataclasses import dataclass, field
from typing import Any, Final

import geopandas as gpd
import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from hotspots import crs, schema
from hotspots.maps.layers import MapLayers

PER_DEGREE: Final = 1_000_000  # about 0.1 m
SIMPLIFY_M: Final = 0.5
LINE: Final = "l"
POLYGON: Final = "p"
DOT: Final = "d"
# Share of the counted incidents that the first view shows.
_VIEW_SHARE: Final = 0.9


@dataclass
class Encoder:
    """Turns EPSG:5514 geometries into rows of whole numbers relative to one origin.

    A part is ``[x0, y0, dx1, dy1, …]`` in 10⁻⁶ degree east and north of `origin` (lon, lat).
    """

    origin: tuple[float, float]
    _seen: int = field(default=0, init=False)

    def part(self, points: Any) -> list[int]:
        """Return one ring or line, shape (k, 2) in metres, as a flat list of 2k numbers."""
        lon, lat = crs.to_wgs84(points[:, 0], points[:, 1])
        xy = np.column_stack([lon - self.origin[0], lat - self.origin[1]])
        whole = np.rint(xy * PER_DEGREE).astype(np.int64)
        steps = np.diff(whole, axis=0, prepend=np.zeros((1, 2), dtype=np.int64))
        return [int(number) for number in steps.ravel()]

    def geometry(self, shape: BaseGeometry | None) -> list[Any]:
        """Return ``[kind, part, …]``; an empty or missing geometry has no parts."""
        if shape is None or shape.is_empty:
            return [DOT]
        parts = shapely.get_parts(shape)
        dimension = shapely.get_dimensions(parts).max()
        if dimension == 0:
            return [DOT, *(self.part(shapely.get_coordinates(part)) for part in parts)]
        if dimension == 1:
            lines = [part for part in parts if shapely.get_dimensions(part) == 1]
            lines = [shapely.simplify(line, SIMPLIFY_M) for line in lines]
            return [LINE, *(self.part(shapely.get_coordinates(line)) for line in lines)]
        rings: list[list[int]] = []
        for part in parts:
            if shapely.get_dimensions(part) == 2:
                rings += [self.part(shapely.get_coordinates(part.exterior))]
                rings += [self.part(shapely.get_coordinates(hole)) for hole in part.interiors]
        return [POLYGON, *rings]


def drawn_shapes(areas: gpd.GeoDataFrame, layers: MapLayers) -> list[BaseGeometry]:
    """Return what stands for each area on the map, in area order.

    Its axis where the layers have axes (a dot where the axis is one point or unknown), else its
    polygon.
    """
    polygons = list(areas.geometry)
    if layers.axes is None:
        return polygons
    merged: dict[str, list[BaseGeometry]] = {}
    for area_id, axis in zip(layers.axes[schema.AREA_ID], layers.axes.geometry, strict=True):
        if axis is not None and not axis.is_empty:
            merged.setdefault(str(area_id), []).extend(shapely.get_parts(axis))
    shapes = []
    for area_id, polygon in zip(areas[schema.AREA_ID], polygons, strict=True):
        axes = merged.get(str(area_id), [])
        lines = [axis for axis in axes if shapely.get_dimensions(axis) == 1]
        if lines:
            shapes.append(shapely.MultiLineString(lines))
        elif axes:
            shapes.append(axes[0])
        else:
            shapes.append(polygon.representative_point())
    return shapes


def first_view(
    shapes: list[BaseGeometry], totals: Any, boundary: BaseGeometry | None
) -> list[list[float]]:
    """Return south-west and north-east (lat, lon) around where most counted incidents are.

    The areas that together hold nine tenths of them; all areas where nothing is counted; else
    the boundary.
    """
    order = np.argsort(-np.asarray(totals), kind="stable")
    sums = np.cumsum(np.asarray(totals)[order])
    chosen = [shape for shape in shapes if not shape.is_empty]
    if len(sums) and sums[-1] > 0:
        n = int(np.searchsorted(sums, _VIEW_SHARE * sums[-1])) + 1
        chosen = [shapes[row] for row in order[:n] if not shapes[row].is_empty]
    if not chosen and boundary is not None:
        chosen = [boundary]
    if not chosen:
        return []
    west, south, east, north = shapely.total_bounds(np.array(chosen, dtype=object))
    lon, lat = crs.to_wgs84(
        np.array([west, east, west, east]), np.array([south, north, north, south])
    )
    return [[float(lat.min()), float(lon.min())], [float(lat.max()), float(lon.max())]]
