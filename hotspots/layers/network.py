"""The lines each street has for itself, and the places where streets meet."""

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry import LineString, Point
from shapely.geometry.base import BaseGeometry

# Ends of other streets this near to an axis count as touching it [m].
TOUCH_M: Final = 0.5
# Coordinates closer than this are one place [m].
SAME_M: Final = 1e-3

Lines = list[LineString]


def street_parts(shape: BaseGeometry) -> Lines:
    """Return the simple lines a street consists of, cut where it meets itself, canonical order.

    Zero-length lines vanish; a piece drawn twice counts once; each line runs from its end farther
    west (south on a tie).
    """
    lines = [
        part
        for part in shapely.get_parts(shape)
        if part.geom_type in {"LineString", "LinearRing"} and part.length > SAME_M
    ]
    if not lines:
        return []
    merged = shapely.line_merge(shapely.union_all([LineString(part) for part in lines]))
    return sorted(
        (oriented(part) for part in shapely.get_parts(merged) if part.length > 0),
        key=coordinates_key,
    )


def oriented(line: LineString) -> LineString:
    """Return `line` running from its western (then southern) end; rings from their first west."""
    xy = shapely.get_coordinates(line)
    if np.array_equal(xy[0], xy[-1]):
        start = int(np.lexsort((xy[:-1, 1], xy[:-1, 0]))[0])
        ring = np.vstack([xy[start:-1], xy[:start], xy[start]])
        flipped = ring[::-1]
        return LineString(ring if tuple(ring[1]) <= tuple(flipped[1]) else flipped)
    return line if tuple(xy[0]) <= tuple(xy[-1]) else LineString(xy[::-1])


def coordinates_key(line: BaseGeometry) -> tuple[float, ...]:
    """Return a sort key that depends on nothing but the coordinates."""
    return tuple(shapely.get_coordinates(line).ravel().tolist())


def without_shared(parts: Sequence[Lines]) -> list[Lines]:
    """Return each street's lines without those stretches an earlier street already has."""
    own: list[Lines] = []
    taken: list[BaseGeometry] = [shapely.MultiLineString(lines) for lines in parts]
    tree = shapely.STRtree(taken)
    for i, lines in enumerate(parts):
        left = taken[i]
        for j in sorted(int(k) for k in tree.query(left) if k < i):
            shared = shapely.intersection(left, taken[j])
            if shared.length > SAME_M:
                left = shapely.difference(left, taken[j])
        own.append(lines if left is taken[i] else street_parts(left))
    return own


def crossing_points(parts: Sequence[Lines]) -> list[npt.NDArray[np.float64]]:
    """Return, for each street, the places where another street crosses, meets or touches it.

    Arrays of shape (k, 2) in metres, sorted.
    """
    streets = [shapely.MultiLineString(lines) for lines in parts]
    found: list[list[npt.NDArray[np.float64]]] = [[] for _ in parts]
    filled = [i for i, street in enumerate(streets) if not street.is_empty]
    present = np.array([streets[i] for i in filled], dtype=object)
    left, right = shapely.STRtree(present).query(present, predicate="dwithin", distance=TOUCH_M)
    for i, j in zip(left, right, strict=True):
        a, b = filled[int(i)], filled[int(j)]
        if a == b:
            continue
        if a < b:
            # The same computation serves both streets, so both are cut at the same place.
            met = shapely.get_coordinates(_points(shapely.intersection(streets[a], streets[b])))
            found[a].append(met)
            found[b].append(met)
        ends = line_ends(parts[b])
        near = shapely.distance(streets[a], shapely.points(ends)) <= TOUCH_M
        found[a].append(ends[near])
    return [np.unique(np.vstack(f), axis=0) if f else np.empty((0, 2)) for f in found]


def _points(shape: BaseGeometry) -> BaseGeometry:
    return shapely.MultiPoint([p for p in shapely.get_parts(shape) if p.geom_type == "Point"])


def line_ends(lines: Lines) -> npt.NDArray[np.float64]:
    """Return both ends of every line, shape (2 n, 2)."""
    return np.array([xy for line in lines for xy in (line.coords[0][:2], line.coords[-1][:2])])


def cut_line(line: LineString, start_m: float, end_m: float) -> LineString:
    """Return the stretch of `line` between two distances from its beginning [m]."""
    if start_m <= 0 and end_m >= line.length:
        return line
    xy = shapely.get_coordinates(line)
    along = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(xy, axis=0).T))])
    ends = np.column_stack([np.interp([start_m, end_m], along, xy[:, k]) for k in (0, 1)])
    inner = xy[(along > start_m + SAME_M) & (along < end_m - SAME_M)]
    return LineString(np.vstack([ends[:1], inner, ends[1:]]))


def in_order(lines: Lines) -> Lines:
    """Return lines as one walks the street: from the western end, always to the nearest next."""
    left = sorted(lines, key=coordinates_key)
    walked: Lines = []
    while left:
        if not walked:
            nearest, flip = 0, False
        else:
            here = Point(walked[-1].coords[-1])
            distances = [
                (round(here.distance(Point(line.coords[end])), 3), i, end == -1)
                for i, line in enumerate(left)
                for end in (0, -1)
            ]
            _distance, nearest, flip = min(distances)
        line = left.pop(nearest)
        walked.append(LineString(line.coords[::-1]) if flip else line)
    return walked
