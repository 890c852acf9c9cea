"""Where polygons that should fit together do not: overlaps, gaps, slivers, what sticks out."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
import numpy.typing as npt
import shapely
from shapely import STRtree
from shapely.geometry.base import BaseGeometry

# Coordinates are rounded to 1 cm, so two roundings of one border lie up to 2 cm apart.
NOISE_M: Final = 0.02
# Strips up to this width are one border drawn twice: official borders are off by more.
STRIP_M: Final = 1.0
# 4πA/P² of a circle is 1, of a strip sixty times as long as wide 0.05.
SLIVER_THINNESS: Final = 0.05
# No yard, lane or plot that somebody would draw on purpose is thin and smaller than this.
SLIVER_M2: Final = 100.0
_POLYGON: Final = 3

Shapes = npt.NDArray[np.object_]
_Rows = npt.NDArray[np.int64]
_Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Overlaps:
    """Pairs of polygons that lie over one another.

    Attributes
    ----------
    first, second
        Rows of each pair, `first` < `second`, shape (n,).
    area_m2
        Area that both have, shape (n,).
    wide
        Whether it is wider than `STRIP_M` anywhere, shape (n,).
    """

    first: _Rows
    second: _Rows
    area_m2: _Floats
    wide: npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Strips:
    """Pieces of ground, each beside or between polygons.

    Attributes
    ----------
    shapes
        Polygons, shape (n,).
    rows
        Row of the polygon each belongs to; empty for gaps, which belong to none.
    area_m2
        Shape (n,).
    wide
        Whether a piece is wider than `STRIP_M` anywhere, shape (n,).
    """

    shapes: Shapes
    rows: _Rows
    area_m2: _Floats
    wide: npt.NDArray[np.bool_]


def is_wider(shapes: Shapes, width_m: float) -> npt.NDArray[np.bool_]:
    """Return whether a circle of diameter `width_m` [m] fits into each shape."""
    shrunk = shapely.buffer(shapes, -width_m / 2, quad_segs=2)
    return np.asarray(~shapely.is_empty(shrunk), dtype=bool)


def find_overlaps(shapes: Shapes) -> Overlaps:
    """Return the pairs of polygons that overlap by more than two roundings of one border.

    Exact in the pairs: GEOS names the polygons whose edges do not match their neighbours', and
    only those are intersected.

    Parameters
    ----------
    shapes
        Valid polygons, shape (n,), metres. Not modified.

    Returns
    -------
    overlaps
        Sorted by `first`, then `second`.
    """
    suspect = np.flatnonzero(~shapely.is_empty(shapely.coverage_invalid_edges(shapes)))
    one, other = STRtree(shapes).query(shapes[suspect], predicate="intersects")
    pairs = np.sort(np.column_stack([suspect[one], other]), axis=1)
    pairs = np.unique(pairs[pairs[:, 0] != pairs[:, 1]], axis=0).astype(np.int64)
    common = shapely.intersection(shapes[pairs[:, 0]], shapes[pairs[:, 1]])
    real = is_wider(common, NOISE_M)
    pairs, common = pairs[real], common[real]
    return Overlaps(pairs[:, 0], pairs[:, 1], shapely.area(common), is_wider(common, STRIP_M))


def find_gaps(shapes: Shapes, boundary: BaseGeometry) -> Strips:
    """Return the parts of `boundary` that no polygon covers, rounding apart.

    Parameters
    ----------
    shapes
        Valid polygons, shape (n,), metres. Not modified.
    boundary
        Valid polygon of the study area.

    Returns
    -------
    gaps
        Largest first; `rows` is empty.
    """
    parts = _polygons(shapely.difference(boundary, _union(shapes)))
    parts = parts[is_wider(parts, NOISE_M)]
    parts = parts[np.argsort(-shapely.area(parts), kind="stable")]
    none = np.empty(0, dtype=np.int64)
    return Strips(parts, none, shapely.area(parts), is_wider(parts, STRIP_M))


def find_outside(shapes: Shapes, boundary: BaseGeometry) -> Strips:
    """Return what of each polygon lies outside `boundary`, rounding apart.

    Parameters
    ----------
    shapes, boundary
        As `find_gaps`.

    Returns
    -------
    outside
        One piece per polygon that sticks out, by row.
    """
    shapely.prepare(boundary)
    rows = np.flatnonzero(~shapely.covers(boundary, shapes))
    pieces = shapely.difference(shapes[rows], boundary)
    out = is_wider(pieces, NOISE_M)
    rows, pieces = rows[out].astype(np.int64), pieces[out]
    return Strips(pieces, rows, shapely.area(pieces), is_wider(pieces, STRIP_M))


def find_slivers(shapes: Shapes) -> Strips:
    """Return polygons, or parts of them, that are thin and small.

    Thinness is 4πA/P² (Polsby & Popper 1991), under `SLIVER_THINNESS`; small is under `SLIVER_M2`.

    Parameters
    ----------
    shapes
        Valid polygons, shape (n,), metres. Not modified.

    Returns
    -------
    slivers
        By row.
    """
    parts, rows = shapely.get_parts(shapes, return_index=True)
    area = shapely.area(parts)
    around = shapely.length(parts)
    thin = 4 * np.pi * area < SLIVER_THINNESS * around**2
    found = thin & (area < SLIVER_M2)
    parts = parts[found]
    return Strips(parts, rows[found].astype(np.int64), area[found], is_wider(parts, STRIP_M))


def find_alike(shapes: Shapes) -> list[_Rows]:
    """Return groups of rows whose polygons are the same, point for point, wherever they start."""
    texts = shapely.to_wkb(shapely.normalize(shapely.force_2d(shapes)))
    seen: dict[bytes, list[int]] = {}
    for row, text in enumerate(texts):
        if text is not None:
            seen.setdefault(text, []).append(row)
    return [np.array(rows, dtype=np.int64) for rows in seen.values() if len(rows) > 1]


def only_polygons(shapes: Shapes) -> Shapes:
    """Return shapes without the lines and points that an operation has left over."""
    parts, rows = shapely.get_parts(shapes, return_index=True)
    inner, outer = shapely.get_parts(parts, return_index=True)
    rows = rows[outer]
    areal = shapely.area(inner) > 0
    own = split_by_row(inner[areal], rows[areal], len(shapes))
    kept = [parts[0] if len(parts) == 1 else shapely.multipolygons(parts) for parts in own]
    return np.array([*kept, None], dtype=object)[:-1]


def split_by_row(shapes: Shapes, rows: _Rows, n: int) -> list[Shapes]:
    """Return the shapes of each row 0 … n − 1; those of other rows are left out."""
    order = np.argsort(rows, kind="stable")
    ends = np.searchsorted(rows[order], np.arange(n + 1))
    return [shapes[order[start:end]] for start, end in pairwise(ends)]


def farthest(pieces: Iterable[BaseGeometry], border: BaseGeometry) -> float:
    """Return how far the edges of `pieces` reach from `border` at most [m]; 0 without any.

    Looked at in points at most 1 m, or a four-hundredth of the edges' length, apart.
    """
    edges = shapely.boundary(np.array(list(pieces), dtype=object))
    dense = shapely.segmentize(edges, np.maximum(1.0, shapely.length(edges) / 400))
    points = shapely.points(shapely.get_coordinates(dense))
    shapely.prepare(border)
    return float(shapely.distance(points, border).max(initial=0.0))


def _union(shapes: Shapes) -> BaseGeometry:
    if shapely.coverage_is_valid(shapes):
        return shapely.coverage_union_all(shapes)
    return shapely.union_all(shapes)


def _polygons(shape: BaseGeometry) -> Shapes:
    parts = shapely.get_parts(shapely.get_parts(np.array([shape], dtype=object)))
    return np.asarray(parts[shapely.get_type_id(parts) == _POLYGON], dtype=object)
