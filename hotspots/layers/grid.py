"""A square grid over the study area."""

import math

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from shapely.geometry.base import BaseGeometry

from hotspots import schema
from hotspots.crs import EPSG
from hotspots.errors import ParameterError
from hotspots.i18n import _

MAX_CELLS = 250_000


def make_grid(
    boundary: BaseGeometry, *, cell_m: float, boundary_source: str = ""
) -> gpd.GeoDataFrame:
    """Return the square cells that cover `boundary`, cut off at it.

    Cells lie on multiples of `cell_m` counted from the origin of EPSG:5514, so the same cell
    keeps its `area_id` whatever the boundary.

    Parameters
    ----------
    boundary
        Polygon or MultiPolygon in EPSG:5514 [m].
    cell_m
        Side of a cell [m], above zero.
    boundary_source
        Whom to credit for the boundary that cuts the cells off.

    Returns
    -------
    cells
        Area frame of kind `grid`, EPSG:5514, sorted by `area_id`. Cells that touch the boundary
        only along a line are left out.

    Raises
    ------
    ParameterError
        `cell_m` is not positive, or so small that there would be more than 250,000 cells.
    """
    if not (math.isfinite(cell_m) and cell_m > 0):
        raise ParameterError(
            _("cell_m must be a number of metres above zero, got {value}").format(value=cell_m)
        )
    if boundary.is_empty:
        return _cells([], np.empty(0, dtype=object), "")
    x_min, y_min, x_max, y_max = boundary.bounds
    columns = np.arange(math.floor(x_min / cell_m), math.ceil(x_max / cell_m))
    rows = np.arange(math.floor(y_min / cell_m), math.ceil(y_max / cell_m))
    n_cells = len(columns) * len(rows)
    if n_cells > MAX_CELLS:
        raise ParameterError(
            _("cell_m = {cell_m} m makes {n} cells, at most {most} are drawn; choose more").format(
                cell_m=cell_m, n=n_cells, most=MAX_CELLS
            )
        )
    column, row = (a.ravel() for a in np.meshgrid(columns, rows))
    boxes = shapely.box(column * cell_m, row * cell_m, (column + 1) * cell_m, (row + 1) * cell_m)
    # Threads may share the caller's geometry, and preparing one in two of them corrupts memory.
    boundary = shapely.from_wkb(shapely.to_wkb(boundary))
    shapely.prepare(boundary)
    inside = shapely.contains_properly(boundary, boxes)
    edge = ~inside & shapely.intersects(boundary, boxes)
    shapes = boxes.copy()
    shapes[edge] = [_polygonal(s) for s in shapely.intersection(boundary, boxes[edge])]
    keep = (inside | edge) & (shapely.area(shapes) > 0)
    ids = [f"grid:{cell_m:g}:{x}:{y}" for x, y in zip(column[keep], row[keep], strict=True)]
    source = "; ".join(filter(None, [f"EPSG:{EPSG}, {cell_m:g} m", boundary_source]))
    return _cells(ids, shapes[keep], source)


def _polygonal(shape: BaseGeometry) -> BaseGeometry:
    """Return the polygons of `shape`, without the lines and points of a touching edge."""
    parts = [p for p in shapely.get_parts(shape) if p.geom_type == "Polygon" and p.area > 0]
    if len(parts) == 1:
        return parts[0]
    return shapely.MultiPolygon(parts)


def _cells(
    ids: list[str], shapes: "np.ndarray[tuple[int], np.dtype[np.object_]]", source: str
) -> gpd.GeoDataFrame:
    n = len(ids)
    frame = gpd.GeoDataFrame(
        {
            schema.AREA_ID: pd.array(ids, dtype="str"),
            schema.NAME: pd.array(
                [f"{abs(int(i.split(':')[2]))}/{abs(int(i.split(':')[3]))}" for i in ids],
                dtype="str",
            ),
            schema.KIND: pd.array([schema.GRID] * n, dtype="str"),
            schema.RESIDENTS: np.full(n, np.nan),
            schema.RESIDENTS_YEAR: np.full(n, np.nan),
            schema.AREA_KM2: shapely.area(shapes) / 1e6,
            schema.LENGTH_M: np.full(n, np.nan),
            schema.DERIVED: np.zeros(n, dtype=bool),
            schema.PRECISION_M: np.zeros(n),
            schema.LAYER_SOURCE: pd.array([source] * n, dtype="str"),
        },
        geometry=shapes,
        crs=EPSG,
    )
    return frame.sort_values(schema.AREA_ID, ignore_index=True)
