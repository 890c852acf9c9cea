"""Borders drawn twice made one: narrow overlaps, gaps and what sticks out, within a stated width.

Strips up to `STRIP_M` wide are mended, so no border moves by more than `MOVE_M`; that is measured
afterwards, and a result that breaks it is thrown away. Wider faults stay: whose ground they are is
for a person to say.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import shapely
from shapely import STRtree
from shapely.geometry.base import BaseGeometry

from hotspots.layers.coverage_faults import (
    STRIP_M,
    Shapes,
    farthest,
    find_gaps,
    find_outside,
    find_overlaps,
)

# The far corner of a strip lies farther from its border than the strip is wide, by half at most
# in a triangle.
MOVE_M: Final = 1.5 * STRIP_M
# A strip between three areas is shared out in pieces about as long as it is wide.
_PIECE_M: Final = STRIP_M
_TOUCH_M: Final = 1e-3
_GRID_M: Final = 1e-4  # closes cracks between an area and what it gains
_SNAP_M: Final = 1e-3
_LEAST_M2: Final = 0.01  # less is rounding, not a change of an area

_Floats = npt.NDArray[np.float64]
_Objects = npt.NDArray[np.object_]


@dataclass(frozen=True)
class Mended:
    """Polygons whose borders were mended.

    Attributes
    ----------
    shapes
        Polygons in the order given, shape (n,).
    gained_m2, lost_m2
        What each area has more and less than before, shape (n,).
    moved_m
        How far each border moved at most, shape (n,).
    """

    shapes: Shapes
    gained_m2: _Floats
    lost_m2: _Floats
    moved_m: _Floats

    @property
    def is_safe(self) -> bool:
        """Whether no border moved by more than `MOVE_M` and no area was lost."""
        there = shapely.area(self.shapes) > 0
        return bool(there.all() and (self.moved_m <= MOVE_M).all())


def mend_borders(shapes: Shapes, boundary: BaseGeometry) -> Mended:
    """Return polygons without overlaps, narrow gaps and narrow edges outside the boundary.

    Overlaps are given to the neighbour with the longer common border (GEOS CoverageCleaner), gaps
    to the first of the areas they touch, piece by piece, so that an area never reaches along a gap
    between two others.

    Parameters
    ----------
    shapes
        Valid polygons, shape (n,), metres; no two overlap by more than a strip. Not modified.
    boundary
        Valid polygon of the study area.

    Returns
    -------
    mended
    """
    new = shapes.copy()
    if len(find_overlaps(new).first):
        new = shapely.coverage_clean(new, snapping_distance=_SNAP_M)
    outside = find_outside(new, boundary)
    narrow = ~outside.wide
    rows = outside.rows[narrow]
    new[rows] = shapely.difference(new[rows], outside.shapes[narrow], grid_size=_GRID_M)
    gaps = find_gaps(new, boundary)
    new = _fill(new, gaps.shapes[~gaps.wide])
    new = np.asarray(shapely.coverage_clean(new, snapping_distance=_SNAP_M), dtype=object)
    return _compare(shapes, new)


def _fill(shapes: Shapes, gaps: Shapes) -> Shapes:
    """Return polygons with each gap shared out among the areas along it."""
    if not len(gaps):
        return shapes
    cut = shapely.constrained_delaunay_triangles(shapely.segmentize(gaps, _PIECE_M))
    pieces = np.asarray(shapely.get_parts(cut), dtype=object)
    owners = _owners(shapes, pieces)
    filled = shapes.copy()
    for row in np.unique(owners[owners >= 0]):
        gained = pieces[owners == row]
        filled[row] = shapely.union_all([shapes[row], *gained], grid_size=_GRID_M)
    return filled


def _owners(shapes: Shapes, pieces: Shapes) -> npt.NDArray[np.int64]:
    """Return the row of the first area that each piece touches, else the nearest; −1 for none."""
    tree = STRtree(shapes)
    far = len(shapes)
    owners = np.full(len(pieces), far, dtype=np.int64)
    piece, row = tree.query(pieces, predicate="dwithin", distance=_TOUCH_M)
    np.minimum.at(owners, piece, row)
    loose = np.flatnonzero(owners == far)
    near, row = tree.query_nearest(pieces[loose], max_distance=MOVE_M, all_matches=False)
    owners[loose[near]] = row
    owners[owners == far] = -1
    return owners


def _compare(old: Shapes, new: Shapes) -> Mended:
    gained, lost, moved = (np.zeros(len(old)) for _ in range(3))
    changed = np.flatnonzero(~shapely.equals_exact(shapely.normalize(old), shapely.normalize(new)))
    more = shapely.difference(new[changed], old[changed])
    less = shapely.difference(old[changed], new[changed])
    gained[changed], lost[changed] = shapely.area(more), shapely.area(less)
    still = (gained < _LEAST_M2) & (lost < _LEAST_M2)
    gained[still], lost[still] = 0, 0
    for row, *pieces in zip(changed, more, less, strict=True):
        if not still[row]:
            moved[row] = farthest(pieces, shapely.boundary(old[row]))
    return Mended(new, gained, lost, moved)
