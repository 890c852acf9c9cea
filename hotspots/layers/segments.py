"""Cutting street axes into segments between crossings, none longer than a given length."""

import itertools
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry import LineString, Point
from shapely.geometry.base import BaseGeometry

# Ends of other streets this near to an axis count as touching it [m].
TOUCH_M: Final = 0.5
# Stretches shorter than this share of a segment's length join their neighbour.
LEFTOVER_SHARE: Final = 0.1
# Coordinates closer than this are one place [m].
SAME_M: Final = 1e-3

Lines = list[LineString]


@dataclass(frozen=True)
class Segment:
    """One stretch of a street: its lines, and the pieces between any two crossings on them."""

    line: BaseGeometry
    pieces: tuple[LineString, ...]

    @property
    def length_m(self) -> float:
        """Length of the stretch [m]; zero for a point."""
        return float(self.line.length)


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
        ends = _ends(parts[b])
        near = shapely.distance(streets[a], shapely.points(ends)) <= TOUCH_M
        found[a].append(ends[near])
    return [np.unique(np.vstack(f), axis=0) if f else np.empty((0, 2)) for f in found]


def _points(shape: BaseGeometry) -> BaseGeometry:
    return shapely.MultiPoint([p for p in shapely.get_parts(shape) if p.geom_type == "Point"])


def _ends(lines: Lines) -> npt.NDArray[np.float64]:
    return np.array([xy for line in lines for xy in (line.coords[0][:2], line.coords[-1][:2])])


def cut_street(
    lines: Lines, crossings: npt.NDArray[np.float64], *, segment_length_m: float
) -> list[Segment]:
    """Cut one street's lines into segments, in order along the street.

    Parameters
    ----------
    lines
        Simple lines of the street (see `street_parts`), metres.
    crossings
        Where other streets meet it, shape (k, 2).
    segment_length_m
        Longest segment [m].

    Returns
    -------
    segments
        Between crossings and in equal parts of at most `segment_length_m`. Stretches shorter than
        a tenth of that join a neighbour of the same street, which then may be a tenth longer.
    """
    shortest = segment_length_m * LEFTOVER_SHARE
    found: list[Segment] = []
    for line in _in_order(lines):
        positions = _positions(line, crossings)
        bounds = _bounds(line.length, positions, segment_length_m, shortest)
        for start, end in itertools.pairwise(bounds):
            inner = [p for p in positions if start + SAME_M < p < end - SAME_M]
            stops = [start, *inner, end]
            pieces = tuple(cut_line(line, a, b) for a, b in itertools.pairwise(stops))
            found.append(Segment(cut_line(line, start, end), pieces))
    return _join_leftovers(found, shortest, segment_length_m)


def cut_line(line: LineString, start_m: float, end_m: float) -> LineString:
    """Return the stretch of `line` between two distances from its beginning [m]."""
    if start_m <= 0 and end_m >= line.length:
        return line
    xy = shapely.get_coordinates(line)
    along = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(xy, axis=0).T))])
    ends = np.column_stack([np.interp([start_m, end_m], along, xy[:, k]) for k in (0, 1)])
    inner = xy[(along > start_m + SAME_M) & (along < end_m - SAME_M)]
    return LineString(np.vstack([ends[:1], inner, ends[1:]]))


def _positions(line: LineString, crossings: npt.NDArray[np.float64]) -> list[float]:
    """Return the distances along `line` at which `crossings` lie on it, ends left out, sorted."""
    if not len(crossings):
        return []
    points = shapely.points(crossings)
    on = shapely.distance(line, points) <= TOUCH_M
    along = np.sort(shapely.line_locate_point(line, points[on]))
    kept: list[float] = []
    for value in along:
        if SAME_M < value < line.length - SAME_M and (not kept or value - kept[-1] > SAME_M):
            kept.append(float(value))
    return kept


def _bounds(
    length: float, positions: Iterable[float], longest: float, shortest: float
) -> list[float]:
    cuts = [0.0]
    for value in positions:
        if value - cuts[-1] >= shortest and length - value >= shortest:
            cuts.append(value)
    cuts.append(length)
    bounds = [0.0]
    for start, end in itertools.pairwise(cuts):
        n = max(1, math.ceil((end - start) / longest - 1e-9))
        bounds.extend(start + (end - start) * k / n for k in range(1, n + 1))
    return bounds


def _in_order(lines: Lines) -> Lines:
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


def _join_leftovers(segments: list[Segment], shortest: float, longest: float) -> list[Segment]:
    joined = list(segments)
    for short in sorted(
        (s for s in segments if s.length_m < shortest),
        key=lambda s: (s.length_m, coordinates_key(s.line)),
    ):
        if short not in joined:
            continue
        beside = [
            other
            for other in joined
            if other is not short
            and other.length_m + short.length_m <= longest * (1 + LEFTOVER_SHARE)
            and other.line.distance(short.line) <= SAME_M
        ]
        if not beside:
            continue
        home = min(beside, key=lambda s: (s.length_m, coordinates_key(s.line)))
        line = shapely.line_merge(shapely.union_all([home.line, short.line]))
        joined[joined.index(home)] = Segment(line, home.pieces + short.pieces)
        joined.remove(short)
    return joined
