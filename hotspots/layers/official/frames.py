"""Rows of official files as the frames of `TownData`."""

from collections.abc import Sequence

import geopandas as gpd
import numpy as np
from shapely.geometry.base import BaseGeometry

from hotspots import schema
from hotspots.crs import EPSG
from hotspots.layers.town_data import COLUMNS, empty_frame


def make_frame(name: str, rows: Sequence[tuple[object, ...]]) -> gpd.GeoDataFrame:
    """Return the frame `name` of `COLUMNS`.

    Parameters
    ----------
    name
        A key of `COLUMNS`.
    rows
        Each a value for every column in order; the last, the geometry, shapely in EPSG:5514 or
        None.

    Returns
    -------
    frame
        One row each, numbered from 0, EPSG:5514.
    """
    if not rows:
        return empty_frame(name)
    *columns, _geometry = COLUMNS[name]
    geometries: np.ndarray[tuple[int], np.dtype[np.object_]] = np.empty(len(rows), dtype=object)
    geometries[:] = [row[-1] for row in rows]
    values = {column: [row[i] for row in rows] for i, column in enumerate(columns)}
    values[schema.GEOMETRY] = gpd.array.from_shapely(geometries, crs=EPSG)
    return gpd.GeoDataFrame(values, geometry=schema.GEOMETRY, crs=EPSG)


def is_area(geometry: BaseGeometry | None) -> bool:
    """Say whether a geometry is a polygon or several."""
    return geometry is not None and geometry.geom_type in {"Polygon", "MultiPolygon"}
