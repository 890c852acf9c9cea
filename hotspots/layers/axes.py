"""Street axes from points known to lie on them."""

from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array
from scipy.sparse.csgraph import (
    connected_components,
    dijkstra,
)
from scipy.spatial.distance import pdist, squareform
from shapely.geometry import LineString, MultiLineString, Point
from shapely.geometry.base import BaseGeometry

# Points nearer than this are one place on the axis [m]: positions are rounded to metres.
MERGE_M: Final = 3.0
# A side branch shorter than this is scatter across the road, not a branch of the street [m].
SPUR_M: Final = 25.0
# Farther apart, nothing says that two points belong to one stretch of street [m].
GAP_M: Final = 800.0
# A hop costs its length to this power: 1 would skip places on a bend, 2 would visit side lanes.
HOP_POWER: Final = 1.5
# Zigzag up to this is taken off [m]: lanes, parking bays, rounding.
SMOOTH_M: Final = 5.0
# How far the line between two known points may be off, as a share of their distance.
GAP_SHARE: Final = 0.15
LEAST_PRECISION_M: Final = 15.0
POINT_PRECISION_M: Final = 60.0

_Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Axis:
    """A street's axis as far as points tell, and how far it may be off [m]."""

    line: BaseGeometry
    precision_m: float


def join_points(xy: _Floats) -> Axis:
    """Return the axis through points of one street.

    Its main line is the cheapest way between the two places farthest apart, where a hop costs its
    length to the power of 1.5: that goes from place to place along the street, yet not through a
    lane beside it. What is left joins it as branches; branches under 25 m are dropped as scatter
    across the road, gaps over 800 m are left open, and zigzag up to 5 m is smoothed. Ends of the
    real street beyond the last known point stay unknown.

    Parameters
    ----------
    xy
        Shape (n, 2), n ≥ 1, metres, any order.

    Returns
    -------
    Axis
        LineString or MultiLineString; Point where all points are one place. `precision_m` is
        0.15 of the widest gap between neighbours, 15 m at least; 60 m for a point.
    """
    places = _merge(np.unique(np.asarray(xy, dtype=np.float64), axis=0))
    if len(places) == 1:
        return Axis(Point(places[0]), POINT_PRECISION_M)
    apart = squareform(pdist(places))
    apart[apart > GAP_M] = 0
    _n, group = connected_components(csr_array(apart), directed=False)
    lines: list[LineString] = []
    for g in np.unique(group):
        own = places[group == g]
        if len(own) > 1:
            lines += [LineString(own[path]) for path in _paths(squareform(pdist(own)))]
    if not lines:
        return Axis(Point(places[0]), POINT_PRECISION_M)
    widest = max(float(np.hypot(*np.diff(np.asarray(s.coords), axis=0).T).max()) for s in lines)
    smooth = [LineString(np.round(s.simplify(SMOOTH_M).coords, 1)) for s in lines]
    line = smooth[0] if len(smooth) == 1 else MultiLineString(smooth)
    return Axis(line, float(max(LEAST_PRECISION_M, round(GAP_SHARE * widest))))


def _merge(xy: _Floats) -> _Floats:
    """Return one place, their mean, for every group of points linked by less than 3 m."""
    if len(xy) == 1:
        return xy
    near = csr_array((squareform(pdist(xy)) < MERGE_M).astype(np.int8))
    _n, group = connected_components(near, directed=False)
    sums = np.array([xy[group == g].mean(axis=0) for g in np.unique(group)])
    return np.asarray(np.round(sums, 1), dtype=np.float64)


def _paths(apart: _Floats) -> list[npt.NDArray[np.int64]]:
    """Return the main path through places `apart` [m] from each other, then its branches."""
    cost = np.where(apart > GAP_M, 0.0, apart) ** HOP_POWER
    path = _farthest(cost, _farthest(cost, np.array([0]))[:1])
    paths = [path]
    covered = np.zeros(len(apart), dtype=bool)
    covered[path] = True
    left = ~covered
    while left.any():
        path = _farthest(cost, np.flatnonzero(covered), among=left)
        stop = int(np.flatnonzero(covered[path])[0])
        branch = path[: stop + 1]
        left[branch] = False
        if sum(apart[i, j] for i, j in pairwise(branch)) >= SPUR_M:
            paths.append(branch)
            covered[branch] = True
    return paths


def _farthest(
    cost: _Floats,
    start: npt.NDArray[np.int64],
    *,
    among: npt.NDArray[np.bool_] | None = None,
) -> npt.NDArray[np.int64]:
    """Return the way from the place farthest from all of `start` back to the nearest of it."""
    total, before, _source = dijkstra(
        csr_array(cost), directed=False, indices=start, return_predecessors=True, min_only=True
    )
    if among is not None:
        total = np.where(among, total, -1.0)
    way = [int(np.argmax(np.round(total, 6)))]
    while before[way[-1]] >= 0:
        way.append(int(before[way[-1]]))
    return np.array(way, dtype=np.int64)


def complete_streets(
    known: dict[str, tuple[_Floats, frozenset[str], str]],
    loose: list[tuple[float, float, str, str]],
    *,
    reach_m: float = 150.0,
) -> dict[str, list[tuple[float, float]]]:
    """Return which unnamed road points plainly belong to a named street.

    A point belongs to a street that has a named point on the same road edge (between two
    junctions); else to a street on the same numbered road with a named point within `reach_m`.
    Where several streets qualify, to the one with the nearest named point.

    Parameters
    ----------
    known
        Street → its points (n, 2) [m], the road edges they lie on, its road number or "".
    loose
        Unnamed points: x, y [m], road edge, road number or "".
    reach_m
        Farthest from a named point [m] by road number alone.

    Returns
    -------
    points
        Street → the points it gains.
    """
    gained: dict[str, list[tuple[float, float]]] = {}
    for x, y, edge, road in loose:
        best: tuple[int, float, str] | None = None
        for street, (xy, edges, own_road) in sorted(known.items()):
            distance = float(np.hypot(xy[:, 0] - x, xy[:, 1] - y).min())
            if edge and edge in edges:
                rank = 0
            elif road and road in own_road.split() and distance <= reach_m:
                rank = 1
            else:
                continue
            best = min(best, (rank, distance, street)) if best else (rank, distance, street)
        if best:
            gained.setdefault(best[2], []).append((x, y))
    return gained


__all__ = ["Axis", "complete_streets", "join_points"]
