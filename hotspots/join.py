"""Which area a point lies in: an index over one layer of polygons.

Shapely decides every doubtful point; a grid over the layer answers for the others. A grid cell
that no polygon edge touches lies wholly in one face of the layer, and so does every group of such
cells connected by their sides: one exact query answers for the whole group. The answers are
therefore the same as those of `shapely.intersects`, only sooner.
"""

from dataclasses import dataclass
from typing import Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import shapely

from hotspots import crs, schema
from hotspots.errors import ParameterError, SchemaError
from hotspots.faces import CHUNK, Edges, FaceGrid, FloatArray, GeometryArray, IntArray, cell_size
from hotspots.i18n import _
from hotspots.validity import say_invalid

POLYGON_TYPES: Final = (3, 6)  # shapely type ids of Polygon and MultiPolygon
FEW_POINTS: Final = 20_000  # fewer are asked of shapely at once
BLOCKS_PER_AREA: Final = 4
BLOCK_MARGIN_M: Final = 1e-4  # by which a block is widened [m], far above rounding


@dataclass(frozen=True)
class _Answers:
    """The areas of every face; the last entry stands for points beyond the layer (face −1)."""

    grid: FaceGrid
    first: IntArray  # face → its first area by rank, −1 none
    start: IntArray  # face → its areas are rows[start[face]:start[face + 1]]
    rows: IntArray


@dataclass(frozen=True)
class _Blocks:
    """Which areas' bounding boxes reach into each of a few square blocks over the layer."""

    x0: float
    y0: float
    per_m: float
    nx: int
    ny: int
    start: IntArray
    rows: IntArray

    @classmethod
    def make(cls, tree: shapely.STRtree, bounds: FloatArray) -> "_Blocks":
        x0, y0 = float(np.nanmin(bounds[:, 0])), float(np.nanmin(bounds[:, 1]))
        width, height = float(np.nanmax(bounds[:, 2])) - x0, float(np.nanmax(bounds[:, 3])) - y0
        side = np.sqrt(width * height / (BLOCKS_PER_AREA * len(bounds)))
        side = max(float(side), max(width, height) / 4096)
        nx, ny = int(width / side) + 1, int(height / side) + 1
        row, column = (a.ravel().astype(np.float64) for a in np.indices((ny, nx)))
        blocks = shapely.box(
            x0 + column * side - BLOCK_MARGIN_M,
            y0 + row * side - BLOCK_MARGIN_M,
            x0 + (column + 1) * side + BLOCK_MARGIN_M,
            y0 + (row + 1) * side + BLOCK_MARGIN_M,
        )
        block, rows = tree.query(blocks).astype(np.int64)
        order = np.lexsort((rows, block))
        start = np.searchsorted(block[order], np.arange(nx * ny + 1)).astype(np.int64)
        return cls(x0, y0, 1.0 / side, nx, ny, start, rows[order])

    def candidates(self, x: FloatArray, y: FloatArray) -> tuple[IntArray, IntArray]:
        """Return (point, rank) pairs that hold all whose bounding boxes contain the point."""
        # A point of the layer lies on its bounding box at most: rounding must not put it beyond.
        column = np.clip((x - self.x0) * self.per_m, 0, self.nx - 1).astype(np.int64)
        row = np.clip((y - self.y0) * self.per_m, 0, self.ny - 1).astype(np.int64)
        return expand(self.start, self.rows, row * self.nx + column)


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
        # A copy of its own: `shapely.prepare` writes into geometries, and threads that share the
        # caller's would corrupt memory.
        own = shapely.from_wkb(shapely.to_wkb(geometry[self._row]))
        self._geometry: GeometryArray = own
        self._tree = shapely.STRtree(self._geometry)
        self._bounds: FloatArray = shapely.bounds(self._geometry)
        self._blocks: _Blocks | None = None
        self._answers: _Answers | None = None

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
        answers = self._answers_for(len(xs))
        ranks: IntArray = np.full(len(xs), -1, dtype=np.int64)
        if answers is None:
            asked = _with_position(xs, ys)
        else:
            doubtful: list[IntArray] = []
            for begin in range(0, len(xs), CHUNK):
                end = begin + CHUNK
                face = answers.grid.faces(xs[begin:end], ys[begin:end])
                ranks[begin:end] = answers.first[face]
                doubtful.append(np.flatnonzero(face == 0) + begin)
            asked = np.concatenate([np.empty(0, dtype=np.int64), *doubtful])
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
        answers = self._answers_for(len(xs))
        if answers is None:
            asked = _with_position(xs, ys)
            points, hits = self._ask(xs[asked], ys[asked])
            return asked[points], self._to_rows(hits)
        face = answers.grid.faces(xs, ys)
        asked = np.flatnonzero(face == 0)
        points, hits = self._ask(xs[asked], ys[asked])
        sure = np.flatnonzero(face > 0)
        sure_points, sure_hits = expand(answers.start, answers.rows, face[sure])
        sure_points = sure[sure_points]
        all_points = np.concatenate([sure_points, asked[points]])
        all_hits = np.concatenate([sure_hits, hits])
        order = np.lexsort((all_hits, all_points))
        return all_points[order], self._to_rows(all_hits[order])

    def _to_rows(self, ranks: IntArray) -> IntArray:
        """Return the caller's row of each rank; −1 stays."""
        return np.append(self._row, -1)[ranks]

    def _ask(self, x: FloatArray, y: FloatArray) -> tuple[IntArray, IntArray]:
        """Return (point, rank) pairs that shapely finds, sorted by point, then rank."""
        if self._blocks is None:
            points, ranks = self._tree.query(shapely.points(x, y)).astype(np.int64)
        else:
            points, ranks = self._blocks.candidates(x, y)
            left, low, right, high = self._bounds[ranks].T
            px, py = x[points], y[points]
            near = (px >= left) & (px <= right) & (py >= low) & (py <= high)
            points, ranks = points[near], ranks[near]
        # Polygon by polygon: its edges, indexed by shapely on first use, stay in the cache.
        order = np.argsort(ranks, kind="stable")
        points, ranks = points[order], ranks[order]
        shapely.prepare(self._geometry)
        hit = shapely.intersects_xy(self._geometry[ranks], x[points], y[points])
        points, ranks = points[hit], ranks[hit]
        order = np.argsort(points, kind="stable")
        return points[order], ranks[order]

    def _answers_for(self, n_points: int) -> _Answers | None:
        """Return the answers for every face, found on the first load that is worth it."""
        if self._answers is None and n_points >= FEW_POINTS and len(self._row):
            edges = Edges.of(self._geometry)
            cell_m = cell_size(edges, n_points=n_points)
            if cell_m is not None:
                self._prepare(FaceGrid.make(edges, cell_m=cell_m))
        return self._answers

    def _prepare(self, grid: FaceGrid) -> None:
        """Ask once for every face of `grid`."""
        self._blocks = _Blocks.make(self._tree, self._bounds)
        points, ranks = self._ask(*grid.inner_points())
        start = np.searchsorted(points, np.arange(-1, grid.n_faces + 1)).astype(np.int64)
        first = np.full(grid.n_faces + 2, -1, dtype=np.int64)
        found = np.flatnonzero(np.diff(points, prepend=-1))
        first[points[found] + 1] = ranks[found]
        self._answers = _Answers(grid, first, start, ranks)


def expand(
    start: IntArray, rows: IntArray, keys: npt.NDArray[np.integer]
) -> tuple[IntArray, IntArray]:
    """Return (position in `keys`, row) for every row that `start` files under a key."""
    begin = start[keys]
    count = start[keys + 1] - begin
    position = np.repeat(np.arange(len(keys)), count)
    within = np.arange(len(position)) - np.repeat(np.cumsum(count) - count, count)
    return position, rows[np.repeat(begin, count) + within]


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
            ).format(area=names[row], reason=say_invalid(geometry[row]))
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
