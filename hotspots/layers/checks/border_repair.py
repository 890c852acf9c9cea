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

from hotspots.layers.checks.coverage_faults import (
    STRIP_M,
    Shapes,
    farthest,
    find_gaps,
    find_outside,
    only_polygons,
    split_by_row,
)

# The far corner of a strip lies farther from its border than the strip is wide, by half at most
# in a triangle.
MOVE_M: Final = 1.5 * STRIP_M
_TOUCH_M: Final = 1e-3
# All borders are put on one grid [m], finer than anybody measures, so that they meet exactly.
_GRID_M: Final = 1e-4
_LEAST_M2: Final = 0.01  # less is rounding, not a change of an area
_NOBODY: Final = -1

_Floats = npt.NDArray[np.float64]
_Rows = npt.NDArray[np.int64]


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

    All borders are laid over each other and every face between them is given to one area: ground
    of several to the first of them, where its incidents are counted already; ground in a narrow
    gap to the first area within a strip's width, so that none reaches along a gap between others.

    Parameters
    ----------
    shapes
        Valid polygons, shape (n,), metres; no two overlap by more than a strip. Not modified.
    boundary
        Valid polygon of the study area.

    Returns
    -------
    mended
        Areas share their edges exactly.
    """
    gaps, outside = find_gaps(shapes, boundary), find_outside(shapes, boundary)
    pieces, owners = _share_out(shapes, gaps.shapes[~gaps.wide])
    cut = outside.shapes[~outside.wide]
    pieces = np.concatenate([pieces, cut])
    owners = np.concatenate([owners, np.full(len(cut), _NOBODY, dtype=np.int64)])
    lines = shapely.boundary(np.concatenate([shapes, pieces, [boundary]]))
    noded = shapely.union_all(lines, grid_size=_GRID_M)
    faces = np.asarray(shapely.get_parts(shapely.polygonize([noded])), dtype=object)
    owner = _owners(faces, shapes, pieces, owners)
    new = [shapely.coverage_union_all(own) for own in split_by_row(faces, owner, len(shapes))]
    return _compare(shapes, only_polygons(np.array([*new, None], dtype=object)[:-1]))


def _share_out(shapes: Shapes, gaps: Shapes) -> tuple[Shapes, _Rows]:
    """Return pieces of gaps and the row of the area that each goes to."""
    pieces: list[BaseGeometry] = []
    owners: list[int] = []
    tree = STRtree(shapes)
    for gap in gaps:
        beside = np.sort(tree.query(gap, predicate="dwithin", distance=_TOUCH_M))
        rest = gap
        # Few corners lie farther than a strip's width from every area.
        for reach_m in (STRIP_M, MOVE_M):
            for row in beside:
                near = shapely.buffer(shapes[row], reach_m, quad_segs=2)
                pieces.append(shapely.intersection(rest, near))
                owners.append(int(row))
                rest = shapely.difference(rest, near)
                if rest.is_empty:
                    break
    found = only_polygons(np.array([*pieces, None], dtype=object)[:-1])
    there = ~shapely.is_empty(found)
    return found[there], np.array(owners, dtype=np.int64)[there]


def _owners(faces: Shapes, shapes: Shapes, pieces: Shapes, owners: _Rows) -> _Rows:
    """Return the row of the area that each face goes to, or `_NOBODY`."""
    points = shapely.point_on_surface(faces)
    chosen = np.full(len(faces), len(shapes), dtype=np.int64)
    face, row = STRtree(shapes).query(points, predicate="within")
    np.minimum.at(chosen, face, row)
    chosen[chosen == len(shapes)] = _NOBODY
    face, piece = STRtree(pieces).query(points, predicate="within")
    chosen[face] = owners[piece]
    return chosen


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
