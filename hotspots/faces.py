"""The faces of a layer of polygons on a grid: groups of cells that no edge touches.

A grid cell that no polygon edge touches lies wholly in one face of the layer, and so does every
group of such cells connected by their sides. Cells that an edge may touch are in doubt.
"""

from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import shapely
from scipy import ndimage

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
GeometryArray = npt.NDArray[np.object_]

# Measured cost [ns] of a grid cell, of a piece of edge to mark, and of a point asked of shapely:
# only their proportion matters, and only for speed.
_CELL_NS: Final = 12.0
_PIECE_NS: Final = 120.0
_ASK_NS: Final = 2500.0
_MAX_CELLS: Final = 2**25
# Cells are marked with a margin of this share of a cell, and a cell is at least so many times the
# largest coordinate's size, so that the margin is a hundred times the rounding of coordinates.
_MARGIN: Final = 1e-6
_FINEST: Final = 1e-8
_PIECE_CELLS: Final = 0.98  # longest piece of an edge: spans two columns and rows at most
CHUNK: Final = 2**18  # points at a time: their arrays stay in the processor's cache


@dataclass(frozen=True)
class Edges:
    """Vertices of every ring, one after the other."""

    x: FloatArray  # shape (n,)
    y: FloatArray
    joined: npt.NDArray[np.bool_]  # shape (n - 1,): an edge runs from vertex i to i + 1
    length_m: float

    @classmethod
    def of(cls, geometry: GeometryArray) -> "Edges":
        """Return the edges of polygons; empty and missing ones have none."""
        xy, ring = shapely.get_coordinates(
            shapely.get_rings(shapely.get_parts(geometry)), return_index=True
        )
        x, y = np.ascontiguousarray(xy[:, 0]), np.ascontiguousarray(xy[:, 1])
        joined = ring[1:] == ring[:-1]
        return cls(x, y, joined, float(np.hypot(np.diff(x), np.diff(y)) @ joined))


@dataclass(frozen=True)
class FaceGrid:
    """Faces of a layer on square cells.

    Attributes
    ----------
    x0, y0
        Corner of the first cell [m].
    per_m
        Cells per metre.
    nx, ny
        Cells across and up.
    face
        Shape (ny · nx,): number of each cell's face from 1, 0 for doubt.
    n_faces
        Number of faces, the one around the layer included.
    """

    x0: float
    y0: float
    per_m: float
    nx: int
    ny: int
    face: npt.NDArray[np.int32]
    n_faces: int

    @classmethod
    def make(cls, edges: Edges, *, cell_m: float) -> "FaceGrid":
        """Find the faces between `edges` on cells with a side of `cell_m` metres."""
        x0, y0 = float(edges.x.min()) - cell_m, float(edges.y.min()) - cell_m
        nx = int((float(edges.x.max()) - x0) / cell_m) + 2
        ny = int((float(edges.y.max()) - y0) / cell_m) + 2
        free = np.ones(nx * ny, dtype=bool)
        _mark(edges, free, x0=x0, y0=y0, per_m=1.0 / cell_m, nx=nx)
        labels: Any = np.empty((ny, nx), dtype=np.int32)
        # Cells connected by their sides, not by their corners, which an edge may pass between.
        n_faces = int(ndimage.label(free.reshape(ny, nx), output=labels))
        return cls(x0, y0, 1.0 / cell_m, nx, ny, labels.ravel(), n_faces)

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

    def inner_points(self) -> tuple[FloatArray, FloatArray]:
        """Return a point inside each face, shape (n_faces,): the centre of one of its cells."""
        starts = np.flatnonzero(self.face[1:] != self.face[:-1]) + 1
        cell = np.zeros(self.n_faces + 1, dtype=np.int64)
        cell[self.face[starts]] = starts
        cell[self.face[0]] = 0
        row, column = np.divmod(cell[1:], self.nx)
        return (
            self.x0 + (column.astype(np.float64) + 0.5) / self.per_m,
            self.y0 + (row.astype(np.float64) + 0.5) / self.per_m,
        )


def cell_size(edges: Edges, *, n_points: int) -> float | None:
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
    edges: Edges, free: npt.NDArray[np.bool_], *, x0: float, y0: float, per_m: float, nx: int
) -> None:
    """Clear in `free` every cell that an edge may touch.

    An edge longer than a cell is cut into pieces that are not, so that the cells of the four
    corners of a piece's bounding box, widened by the margin, are all it can touch. Points are
    assigned to cells by the same subtraction and multiplication, which keep order.
    """
    for begin in range(0, len(edges.joined), CHUNK):
        end = begin + CHUNK
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
    cuts = np.searchsorted(total, np.arange(CHUNK, int(total[-1]), CHUNK)) + 1
    bounds = np.unique(np.concatenate([[0], cuts, [len(n_pieces)]]))
    return [slice(int(a), int(b)) for a, b in pairwise(bounds)]
