"""Which area a point lies in: an index over one layer of polygons.

Shapely decides every doubtful point; a grid over the layer answers for the others. A grid cell
that no polygon edge touches lies wholly in one face of the layer, and so does every group of such
cells connected by their sides: one exact query answers for the whole group. The answers are
therefore the same as those of `shapely.intersects`, only sooner.
"""

from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import shapely
from scipy import ndimage

from hotspots import crs, schema
from hotspots.errors import ParameterError, SchemaError
from hotspots.i18n import _

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
GeometryArray = npt.NDArray[np.object_]

POLYGON_TYPES: Final = (3, 6)  # shapely type ids of Polygon and MultiPolygon
# Measured cost [ns] of a grid cell, of a piece of edge to mark, and of a point asked of shapely:
# only their proportion matters, and only for speed.
_CELL_NS: Final = 12.0
_PIECE_NS: Final = 120.0
_ASK_NS: Final = 2500.0
_MAX_CELLS: Final = 2**25
_FEW_POINTS: Final = 20_000  # fewer are asked of shapely at once
# Cells are marked with a margin of this share of a cell, and a cell is at least so many times the
# largest coordinate's size, so that the margin is a hundred times the rounding of coordinates.
_MARGIN: Final = 1e-6
_FINEST: Final = 1e-8
_PIECE_CELLS: Final = 0.98  # longest piece of an edge: spans two columns and rows at most
_CHUNK: Final = 2**18  # points at a time: their arrays stay in the processor's cache


@dataclass(frozen=True)
class _Grid:
    """Faces of a layer on square cells; face 0 is doubt."""

    x0: float
    y0: float
    per_m: float  # cells per metre
    nx: int
    ny: int
    face: npt.NDArray[np.int32]  # shape (ny * nx,)
    first: IntArray  # face → first area by rank, −1 none
    start: IntArray  # face → its areas are rows[start[face]:start[face + 1]]
    rows: IntArray

    def faces(self, x: FloatArray, y: FloatArray) -> npt.NDArray[np.int32]:
        """Return the face of each point, 0 for doubt, −1 beyond the layer or without position."""
        with np.errstate(over="ignore"):
            column = (x - self.x0) * self.per_m
            row = (y - self.y0) * self.per_m
        inside = (column >= 0) & (column < self.nx) & (row >= 0) & (row < self.ny)
        if inside.all():
            return self.face[row.astype(np.int64) * self.nx + column.astype(np.int64)]
        found = np.full(len(x), -1, dtype=np.int32)
        cell = row[inside].astype(np.int64) * self.nx + column[inside].astype(np.int64)
        found[inside] = self.face[cell]
        return found


@dataclass(frozen=True)
class _Edges:
    """Vertices of every ring, one after the other."""

    x: FloatArray  # shape (n,)
    y: FloatArray
    joined: npt.NDArray[np.bool_]  # shape (n - 1,): an edge runs from vertex i to i + 1
    length_m: float

    @classmethod
    def of(cls, geometry: GeometryArray) -> "_Edges":
        xy, ring = shapely.get_coordinates(
            shapely.get_rings(shapely.get_parts(geometry)), return_index=True
        )
        x, y = np.ascontiguousarray(xy[:, 0]), np.ascontiguousarray(xy[:, 1])
        joined = ring[1:] == ring[:-1]
        return cls(x, y, joined, float(np.hypot(np.diff(x), np.diff(y)) @ joined))


class AreaIndex:
    """Polygons of one layer, ready to be asked which of them a point lies in.

    Polygons are closed: a point on an edge lies in the polygon. Empty or missing geometries
    contain no point.

    Parameters
    ----------
    areas
        n areas in EPSG:5514 with `schema.AREA_ID` and polygon geometry, in any order.
        Not modified.

    Raises
    ------
    SchemaError
        No `area_id`, or a geometry that is no polygon or not valid (named).
    CRSError
        `areas` is not in EPSG:5514.
    """

    def __init__(self, areas: gpd.GeoDataFrame) -> None:
        if schema.AREA_ID not in areas.columns:
            raise SchemaError(
                _("the layer of areas has no column {column}").format(column=schema.AREA_ID)
            )
        crs.require_5514(areas.crs, what=_("the layer of areas"))
        geometry: GeometryArray = np.asarray(areas.geometry.array, dtype=object)
        names = areas[schema.AREA_ID].astype(str).to_numpy(dtype=object)
        _check_polygons(geometry, names)
        # In the order of area_id, the lowest hit is the area that a shared edge belongs to.
        self._row: IntArray = np.argsort(names, kind="stable").astype(np.int64)
        self._geometry: GeometryArray = geometry[self._row]
        self._tree = shapely.STRtree(self._geometry)
        self._grid: _Grid | None = None

    def __len__(self) -> int:
        return len(self._row)

    def locate(self, x: npt.ArrayLike, y: npt.ArrayLike) -> IntArray:
        """Return the area of each point.

        Parameters
        ----------
        x, y
            EPSG:5514 metres, shape (k,). NaN marks a missing position.

        Returns
        -------
        rows
            Int array, shape (k,): position of the area in the layer given, −1 for none. A point
            in several areas, as on a shared edge, gets the one that comes first by `area_id`.

        Raises
        ------
        ParameterError
            `x` and `y` differ in shape or are not one-dimensional.
        """
        xs, ys = _as_points(x, y)
        grid = self._grid_for(len(xs))
        ranks: IntArray = np.full(len(xs), -1, dtype=np.int64)
        doubtful: list[IntArray] = []
        for begin in range(0, len(xs) if grid else 0, _CHUNK):
            assert grid is not None  # noqa: S101 - the range above is empty without a grid
            end = begin + _CHUNK
            face = grid.faces(xs[begin:end], ys[begin:end])
            ranks[begin:end] = grid.first[face]
            doubtful.append(np.flatnonzero(face == 0) + begin)
        asked = np.concatenate(doubtful) if grid and doubtful else _with_position(xs, ys)
        points, hits = self._ask(xs[asked], ys[asked])
        # Pairs are sorted by point, then rank: the first of each point is its answer.
        first = np.flatnonzero(np.diff(points, prepend=-1))
        ranks[asked[points[first]]] = hits[first]
        return self._to_rows(ranks)

    def pairs(self, x: npt.ArrayLike, y: npt.ArrayLike) -> tuple[IntArray, IntArray]:
        """Return every pair of a point and an area it lies in, for layers that overlap.

        Parameters
        ----------
        x, y
            EPSG:5514 metres, shape (k,). NaN marks a missing position.

        Returns
        -------
        points, rows
            Int arrays of one shape: position of the point, and of the area in the layer given;
            sorted by point, then by `area_id`.

        Raises
        ------
        ParameterError
            `x` and `y` differ in shape or are not one-dimensional.
        """
        xs, ys = _as_points(x, y)
        grid = self._grid_for(len(xs))
        if grid is None:
            asked = _with_position(xs, ys)
            points, hits = self._ask(xs[asked], ys[asked])
            return asked[points], self._to_rows(hits)
        face = grid.faces(xs, ys)
        asked = np.flatnonzero(face == 0)
        points, hits = self._ask(xs[asked], ys[asked])
        sure = np.flatnonzero(face > 0)
        begin = grid.start[face[sure]]
        n_areas = grid.start[face[sure] + 1] - begin
        sure_points = np.repeat(sure, n_areas)
        within = np.arange(len(sure_points)) - np.repeat(np.cumsum(n_areas) - n_areas, n_areas)
        sure_hits = grid.rows[np.repeat(begin, n_areas) + within]
        all_points = np.concatenate([sure_points, asked[points]])
        all_hits = np.concatenate([sure_hits, hits])
        order = np.lexsort((all_hits, all_points))
        return all_points[order], self._to_rows(all_hits[order])

    def _to_rows(self, ranks: IntArray) -> IntArray:
        """Return the caller's row of each rank; −1 stays."""
        return np.append(self._row, -1)[ranks]

    def _ask(self, x: FloatArray, y: FloatArray) -> tuple[IntArray, IntArray]:
        """Return (point, rank) pairs that shapely finds, sorted by point, then rank."""
        points, ranks = self._tree.query(shapely.points(x, y)).astype(np.int64)
        # Polygon by polygon: its edges, indexed by shapely on first use, stay in the cache.
        order = np.argsort(ranks, kind="stable")
        points, ranks = points[order], ranks[order]
        shapely.prepare(self._geometry)
        hit = shapely.intersects_xy(self._geometry[ranks], x[points], y[points])
        points, ranks = points[hit], ranks[hit]
        order = np.argsort(points, kind="stable")
        return points[order], ranks[order]

    def _grid_for(self, n_points: int) -> _Grid | None:
        """Return the grid, made on the first load that is worth it."""
        if self._grid is None and n_points >= _FEW_POINTS and len(self._row):
            edges = _Edges.of(self._geometry)
            cell_m = _cell_size(edges, n_points=n_points)
            if cell_m is not None:
                self._grid = self._make_grid(edges, cell_m=cell_m)
        return self._grid

    def _make_grid(self, edges: _Edges, *, cell_m: float) -> _Grid:
        x0, y0 = float(edges.x.min()) - cell_m, float(edges.y.min()) - cell_m
        nx = int((float(edges.x.max()) - x0) / cell_m) + 2
        ny = int((float(edges.y.max()) - y0) / cell_m) + 2
        per_m = 1.0 / cell_m
        free = np.ones(nx * ny, dtype=bool)
        _mark(edges, free, x0=x0, y0=y0, per_m=per_m, nx=nx)
        face, n_faces = _label(free.reshape(ny, nx))
        # One cell of each face asks for all of them: any cell will do.
        flat = face.ravel()
        starts = np.flatnonzero(flat[1:] != flat[:-1]) + 1
        cell = np.zeros(n_faces + 1, dtype=np.int64)
        cell[flat[starts]] = starts
        cell[flat[0]] = 0
        cell_y, cell_x = np.divmod(cell[1:], nx)
        points, ranks = self._ask(
            x0 + (cell_x.astype(np.float64) + 0.5) * cell_m,
            y0 + (cell_y.astype(np.float64) + 0.5) * cell_m,
        )
        # The last entry stands for points beyond the grid (face −1).
        start = np.searchsorted(points, np.arange(-1, n_faces + 1)).astype(np.int64)
        first = np.full(n_faces + 2, -1, dtype=np.int64)
        found = np.flatnonzero(np.diff(points, prepend=-1))
        first[points[found] + 1] = ranks[found]
        return _Grid(x0, y0, per_m, nx, ny, flat, first, start, ranks)


def _check_polygons(geometry: GeometryArray, names: npt.NDArray[np.object_]) -> None:
    """Raise `SchemaError` for the first geometry that cannot be asked about points."""
    there = ~(shapely.is_missing(geometry) | shapely.is_empty(geometry))
    wrong = there & ~np.isin(shapely.get_type_id(geometry), POLYGON_TYPES)
    if wrong.any():
        row = int(np.flatnonzero(wrong)[0])
        raise SchemaError(
            _("area '{area}' is a {type}, but areas must be polygons").format(
                area=names[row], type=geometry[row].geom_type
            )
        )
    wrong = there & ~shapely.is_valid(geometry)
    if wrong.any():
        row = int(np.flatnonzero(wrong)[0])
        raise SchemaError(
            _(
                "the polygon of area '{area}' is not valid ({reason}); "
                "repair it, in QGIS: Vector geometry > Fix geometries"
            ).format(area=names[row], reason=shapely.is_valid_reason(geometry[row]))
        )


def _as_points(x: npt.ArrayLike, y: npt.ArrayLike) -> tuple[FloatArray, FloatArray]:
    xs = np.ascontiguousarray(x, dtype=np.float64)
    ys = np.ascontiguousarray(y, dtype=np.float64)
    if xs.ndim != 1 or xs.shape != ys.shape:
        raise ParameterError(
            _("x and y must be one-dimensional and of one length, got {x} and {y}").format(
                x=xs.shape, y=ys.shape
            )
        )
    return xs, ys


def _with_position(x: FloatArray, y: FloatArray) -> IntArray:
    return np.flatnonzero(np.isfinite(x) & np.isfinite(y))


def _cell_size(edges: _Edges, *, n_points: int) -> float | None:
    """Return the side of a cell [m] that costs least, or None where no grid pays."""
    if not len(edges.x):
        return None
    width, height = float(np.ptp(edges.x)), float(np.ptp(edges.y))
    finest = float(max(np.abs(edges.x).max(), np.abs(edges.y).max())) * _FINEST
    best: tuple[float, float | None] = (_ASK_NS * n_points, None)
    for step in range(60):
        cell_m = max(width, height) / 2.0 ** (step / 2)
        n_cells = (width / cell_m + 3) * (height / cell_m + 3)
        if cell_m < finest or n_cells > _MAX_CELLS:
            break
        crossed = edges.length_m / cell_m * 4 / np.pi  # a line crosses 4/π cells per cell length
        doubt = min(1.0, 0.5 * crossed / n_cells)  # most edges are shared by two polygons
        pieces = crossed + len(edges.x)
        cost = _CELL_NS * n_cells + _PIECE_NS * pieces + _ASK_NS * n_points * doubt
        if cost < best[0]:
            best = (cost, cell_m)
    return best[1]


def _mark(
    edges: _Edges, free: npt.NDArray[np.bool_], *, x0: float, y0: float, per_m: float, nx: int
) -> None:
    """Clear in `free` every cell that an edge may touch.

    An edge longer than a cell is cut into pieces that are not, so that the cells of the four
    corners of a piece's bounding box, widened by the margin, are all it can touch. Points are
    assigned to cells by the same subtraction and multiplication, which keep order.
    """
    for begin in range(0, len(edges.joined), _CHUNK):
        end = begin + _CHUNK
        x = (edges.x[begin : end + 1] - x0) * per_m
        y = (edges.y[begin : end + 1] - y0) * per_m
        joined = edges.joined[begin:end]
        extent = np.maximum(np.abs(np.diff(x)), np.abs(np.diff(y)))
        short = np.flatnonzero(joined & (extent <= _PIECE_CELLS))
        _clear(x[short], x[short + 1], y[short], y[short + 1], free, nx=nx)
        long = np.flatnonzero(joined & (extent > _PIECE_CELLS))
        n_pieces = np.ceil(extent[long] / _PIECE_CELLS).astype(np.int64)
        for few in _slices(n_pieces):
            count = n_pieces[few]
            edge = np.repeat(long[few], count)
            piece = np.arange(len(edge)) - np.repeat(np.cumsum(count) - count, count)
            step = np.repeat(1.0 / count, count)
            left, low = x[edge], y[edge]
            wide, high = (x[edge + 1] - left) * step, (y[edge + 1] - low) * step
            _clear(
                left + wide * piece,
                left + wide * (piece + 1),
                low + high * piece,
                low + high * (piece + 1),
                free,
                nx=nx,
            )


def _clear(
    x1: FloatArray,
    x2: FloatArray,
    y1: FloatArray,
    y2: FloatArray,
    free: npt.NDArray[np.bool_],
    *,
    nx: int,
) -> None:
    """Clear the cells of the corners of each piece's bounding box, margin included."""
    left = (np.minimum(x1, x2) - _MARGIN).astype(np.int32)
    right = (np.maximum(x1, x2) + _MARGIN).astype(np.int32)
    low = (np.minimum(y1, y2) - _MARGIN).astype(np.int32) * np.int32(nx)
    high = (np.maximum(y1, y2) + _MARGIN).astype(np.int32) * np.int32(nx)
    for cells in (low + left, low + right, high + left, high + right):
        free[cells] = False


def _slices(n_pieces: IntArray) -> list[slice]:
    """Cut the edges into runs of about 2**18 pieces, so that memory stays bounded."""
    total = np.cumsum(n_pieces)
    if not len(total):
        return []
    cuts = np.searchsorted(total, np.arange(_CHUNK, int(total[-1]), _CHUNK)) + 1
    bounds = np.unique(np.concatenate([[0], cuts, [len(n_pieces)]]))
    return [slice(int(a), int(b)) for a, b in pairwise(bounds)]


def _label(free: npt.NDArray[np.bool_]) -> tuple[npt.NDArray[np.int32], int]:
    """Number the groups of free cells connected by their sides from 1; other cells are 0."""
    labels: Any = np.empty(free.shape, dtype=np.int32)
    n_faces = ndimage.label(free, output=labels)
    return labels, int(n_faces)
