"""Carriageways: lines of one street that run beside each other, and what of them belongs together.

A boulevard has an axis for each direction. Cut apart they would be thin strips that halve every
hot spot between them, so stretches that lie opposite each other become one segment.
"""

import itertools
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry import LineString

from hotspots.layers.network import SAME_M, cut_line

# Axes of one street are carriageways up to this distance apart [m].
BESIDE_M: Final = 25.0
# They run beside each other for at least this many times their distance.
_BESIDE_RATIO: Final = 2.0
# Cosine of the greatest angle between them (25°).
_PARALLEL: Final = 0.906
# Distance of the places at which lines are compared [m].
_STEP_M: Final = 5.0
# Stretches are opposite when at least this share of each faces the other.
_FACING_SHARE: Final = 0.6
# A line comes back beside itself only after at least this way: longer than a roundabout [m].
_RETURN_M: Final = 30.0

_Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Facing:
    """Places of line `i` that have line `j` beside them: distances along both [m]."""

    i: int
    j: int
    along_i: _Floats
    along_j: _Floats


def unfold(line: LineString) -> list[LineString]:
    """Return `line` cut where it turns round to come back beside itself; mostly the line whole.

    Then each carriageway of a street drawn in one go is a line of its own.
    """
    if line.length < 2 * _RETURN_M:
        return [line]
    along = _places(line.length)
    points = shapely.line_interpolate_point(line, along)
    direction = _direction(line, along)
    near, far = shapely.STRtree(points).query(points, predicate="dwithin", distance=BESIDE_M)
    ahead = far > near
    near, far = near[ahead], far[ahead]
    way = along[far] - along[near]
    if line.is_ring:
        way = np.minimum(way, line.length - way)
    apart = shapely.distance(points[near], points[far])
    against = np.einsum("ij,ij->i", direction[near], direction[far]) < -_PARALLEL
    back = against & (way >= 3 * apart + _RETURN_M)
    if not back.any():
        return [line]
    turns = np.sort((along[near] + along[far])[back] / 2)
    if line.is_ring:
        # Such a ring turns at its other end as well.
        turns = np.sort(np.concatenate([turns, (turns + line.length / 2) % line.length]))
    groups = np.split(turns, np.flatnonzero(np.diff(turns) > BESIDE_M) + 1)
    stops = [0.0, *(float(np.median(group)) for group in groups), line.length]
    parts = [cut_line(line, a, b) for a, b in itertools.pairwise(stops) if b - a > SAME_M]
    if line.is_ring and len(parts) > 2:
        # Where the ring happens to begin is no turn.
        return [*parts[1:-1], LineString([*parts[-1].coords, *parts[0].coords[1:]])]
    return parts


def find_facing(lines: list[LineString]) -> list[Facing]:
    """Return which of a street's lines run beside each other, and where.

    Every pair stands twice, seen from either line. Lines face each other where the nearest place
    of the other lies inside it, at most 25 m away, and runs the same way or the opposite within
    25°; a pair counts when that holds for at least twice its distance, 20 m at least.
    """
    if len(lines) < 2:
        return []
    shapes = np.array(lines, dtype=object)
    left, right = shapely.STRtree(shapes).query(shapes, predicate="dwithin", distance=BESIDE_M)
    found: list[Facing] = []
    for i, j in sorted(zip(left.tolist(), right.tolist(), strict=True)):
        if i >= j:
            continue
        one, other = _facing(lines, i, j), _facing(lines, j, i)
        if all(_is_long(lines, facing) for facing in (one, other)):
            found += [one, other]
    return found


def opposite(line: LineString, other: LineString, along_m: float) -> float | None:
    """Return where on `other` the place at `along_m` of `line` has its opposite, or None."""
    _rows, feet = _feet(line, other, np.array([along_m]))
    return float(feet[0]) if len(feet) else None


def pair_stretches(
    stretches: list[tuple[int, float, float]], facing: list[Facing]
) -> list[tuple[int, int]]:
    """Return pairs of stretches that lie opposite each other, each stretch in one pair at most.

    Parameters
    ----------
    stretches
        Line and distances along it at which the stretch begins and ends [m].
    facing
        What `find_facing` says of the lines.

    Returns
    -------
    pairs
        Rows of `stretches`, the lower first; those that face each other most come first.
    """
    by_line: dict[int, list[int]] = {}
    for k, (line, _start, _end) in enumerate(stretches):
        by_line.setdefault(line, []).append(k)
    share: dict[tuple[int, int], float] = {}
    for face in facing:
        for k in by_line.get(face.i, []):
            _line, start, end = stretches[k]
            own = (face.along_i >= start) & (face.along_i < end)
            n = max(1.0, (end - start) / _STEP_M)
            for m in by_line.get(face.j, []):
                _other, from_m, to_m = stretches[m]
                there = own & (face.along_j >= from_m) & (face.along_j < to_m)
                if there.any():
                    share[k, m] = min(1.0, there.sum() / n)
    likely = sorted(
        (-round(min(share[k, m], share[m, k]), 3), k, m)
        for k, m in share
        if k < m and (m, k) in share
    )
    pairs: list[tuple[int, int]] = []
    used: set[int] = set()
    for less, k, m in likely:
        if -less >= _FACING_SHARE and k not in used and m not in used:
            pairs.append((k, m))
            used |= {k, m}
    return pairs


def _places(length: float) -> _Floats:
    n = max(1, round(length / _STEP_M))
    return (np.arange(n) + 0.5) / n * length


def _direction(line: LineString, along: _Floats) -> _Floats:
    """Return unit vectors of the line's course at distances along it, shape (n, 2)."""
    before = shapely.line_interpolate_point(line, np.clip(along - 1, 0, line.length))
    after = shapely.line_interpolate_point(line, np.clip(along + 1, 0, line.length))
    way = shapely.get_coordinates(after) - shapely.get_coordinates(before)
    size = np.hypot(way[:, 0], way[:, 1])[:, None]
    unit: _Floats = np.zeros_like(way)
    np.divide(way, size, out=unit, where=size > 0)
    return unit


def _feet(
    line: LineString, other: LineString, along: _Floats
) -> tuple[npt.NDArray[np.int64], _Floats]:
    """Return which of the places have `other` beside them, and where on it [m]."""
    points = shapely.line_interpolate_point(line, along)
    feet = shapely.line_locate_point(other, points)
    beside = (
        (shapely.distance(other, points) <= BESIDE_M)
        & (feet > SAME_M)
        & (feet < other.length - SAME_M)
    )
    rows = np.flatnonzero(beside)
    turn = np.einsum("ij,ij->i", _direction(line, along[rows]), _direction(other, feet[rows]))
    rows = rows[np.abs(turn) >= _PARALLEL]
    return rows, feet[rows]


def _facing(lines: list[LineString], i: int, j: int) -> Facing:
    along = _places(lines[i].length)
    rows, feet = _feet(lines[i], lines[j], along)
    return Facing(i, j, along[rows], feet)


def _is_long(lines: list[LineString], facing: Facing) -> bool:
    if not len(facing.along_i):
        return False
    line = lines[facing.i]
    points = shapely.line_interpolate_point(line, facing.along_i)
    apart = float(np.median(shapely.distance(lines[facing.j], points)))
    long_m = len(points) / len(_places(line.length)) * line.length
    return bool(long_m >= max(20.0, _BESIDE_RATIO * apart))
