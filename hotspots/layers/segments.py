"""Cutting a street into segments between crossings, none longer than a given length."""

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry import LineString, Point
from shapely.geometry.base import BaseGeometry

from hotspots.layers.carriageways import (
    BESIDE_M,
    Facing,
    find_facing,
    opposite,
    pair_stretches,
    unfold,
)
from hotspots.layers.network import (
    SAME_M,
    TOUCH_M,
    Lines,
    coordinates_key,
    cut_line,
    in_order,
    line_ends,
    oriented,
)

# Stretches shorter than this share of a segment's length join their neighbour.
LEFTOVER_SHARE: Final = 0.1
# A cut of an earlier version is the same as one this near [m].
_SAME_CUT_M: Final = 2.0
# A cut of an earlier version was in a line if this share of the last metres before it lies there.
_ALONG_SHARE: Final = 0.8
_TIP_M: Final = 30.0
_LINE: Final = 1  # shapely type id of LineString
# How much nearer to the next cut an old one may be, and how much farther a new one must be.
_HABIT: Final = 0.2
# A line between two carriageways is no longer than this [m].
_LINK_M: Final = 1.2 * BESIDE_M

_Floats = npt.NDArray[np.float64]
_Shapes = npt.NDArray[np.object_]
_Stretch = tuple[int, float, float]  # line, and distances along it from and to [m]


@dataclass(frozen=True, eq=False)
class Segment:
    """One stretch of a street.

    Attributes
    ----------
    line
        Its axis: both axes where the street has two carriageways.
    pieces
        The pieces of the axis between any two crossings on it; none for a point.
    span_m
        How much of the street it is [m]: of two carriageways the longer counts.
    two_ways
        Whether it has two carriageways.
    """

    line: BaseGeometry
    pieces: tuple[LineString, ...]
    span_m: float = 0.0
    two_ways: bool = False


class _Habits:
    """How long segments may be, and where this street was cut in an earlier version."""

    def __init__(self, segment_length_m: float, former: _Shapes | None) -> None:
        self.longest = segment_length_m
        self.stretched = segment_length_m * (1 + LEFTOVER_SHARE)
        self.shortest = segment_length_m * LEFTOVER_SHARE
        self._lines = shapely.get_parts(former if former is not None else np.empty(0))
        open_lines = self._lines[shapely.get_type_id(self._lines) == _LINE]
        tips = [tip for line in open_lines if not line.is_ring for tip in _tips(line)]
        self._tips = np.array(tips, dtype=object)

    def cuts(self, way: LineString) -> list[float]:
        """Return where along `way` an earlier version cut it [m], sorted."""
        if not len(self._tips):
            return []
        there = shapely.length(shapely.intersection(self._tips, way.buffer(_SAME_CUT_M)))
        along = self._tips[there >= _ALONG_SHARE * shapely.length(self._tips)]
        ends = shapely.get_point(along, 0)
        return sorted(float(v) for v in shapely.line_locate_point(way, ends))

    def knows(self, way: LineString, along_m: float) -> bool:
        """Return whether an earlier version had this place of `way`."""
        return bool((shapely.distance(self._lines, way.interpolate(along_m)) <= _SAME_CUT_M).any())


def _tips(line: LineString) -> tuple[LineString, LineString]:
    """Return the beginning of `line` from either end, up to thirty metres and half of it."""
    length = min(_TIP_M, line.length / 2)
    last = cut_line(line, line.length - length, line.length)
    return cut_line(line, 0.0, length), last.reverse()


def cut_street(
    lines: Lines,
    crossings: _Floats,
    *,
    segment_length_m: float,
    former: _Shapes | None = None,
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
    former
        Lines of the street's segments in an earlier version. Cuts are made where they were made
        then as far as the rules allow, so that a change at one place is none at all others.

    Returns
    -------
    segments
        Between crossings and in equal parts of at most `segment_length_m`. Stretches shorter than
        a tenth of that join a neighbour of the same street, which then may be a tenth longer. A
        ring no longer than a segment stays whole (roundabouts). Two carriageways are cut together
        and their stretches opposite each other are one segment.
    """
    habits = _Habits(segment_length_m, former)
    ways = _ways(lines, crossings, habits.stretched)
    ends = [line_ends([way]) for way in ways]
    met = [
        _positions(way, np.vstack([crossings, *ends[:k], *ends[k + 1 :]]))
        for k, way in enumerate(ways)
    ]
    facing = find_facing(ways)
    cuts = _with_opposites(ways, met, facing, habits.shortest)
    stretches: list[_Stretch] = []
    for k, way in enumerate(ways):
        whole = way.is_ring and way.length <= habits.stretched
        bounds = [0.0, way.length] if whole else _crossing_cuts(way, cuts[k], habits)
        stretches += [(k, a, b) for a, b in itertools.pairwise(bounds)]
    pairs = pair_stretches(stretches, facing)
    mate = dict(pairs)
    second = {other for _one, other in pairs}
    found: list[Segment] = []
    for k, stretch in enumerate(stretches):
        if k in mate:
            found += _two_ways(ways, met, stretch, stretches[mate[k]], habits)
        elif k not in second:
            bounds = _divide(ways[stretch[0]], stretch[1], stretch[2], habits)
            found += [
                _segment(ways, met, [(stretch[0], a, b)]) for a, b in itertools.pairwise(bounds)
            ]
    return _join_leftovers(_join_links(found), habits)


def _ways(lines: Lines, crossings: _Floats, longest_ring: float) -> Lines:
    """Return lines to cut, in order along the street: rings found, lines unfolded."""
    rings, rest = _small_rings(lines, longest_ring)
    unfolded = [
        part
        for line in rest
        for part in (unfold(line) if line.length > longest_ring or not line.is_ring else [line])
    ]
    ends = [line_ends([line]) for line in unfolded if not line.is_ring]
    met = np.vstack([crossings, *ends])
    turned = [_from_crossing(way, met) if way.is_ring else way for way in unfolded]
    return in_order([*rings, *turned])


def _small_rings(lines: Lines, longest: float) -> tuple[Lines, Lines]:
    """Return the rings of lines no longer than `longest`, and the lines in none of them."""
    faces = shapely.get_parts(shapely.polygonize(lines)) if lines else np.empty(0, dtype=object)
    faces = faces[shapely.length(shapely.get_exterior_ring(faces)) <= longest]
    rings: Lines = []
    left = list(lines)
    for ring in sorted(
        (oriented(shapely.get_exterior_ring(face)) for face in faces),
        key=lambda ring: (round(ring.length, 3), coordinates_key(ring)),
    ):
        members = [
            line
            for line in left
            if ring.distance(line.interpolate(0.5, normalized=True)) <= SAME_M
            and ring.distance(line.interpolate(0.25, normalized=True)) <= SAME_M
        ]
        if abs(sum(line.length for line in members) - ring.length) <= SAME_M:
            rings.append(LineString(ring))
            left = [line for line in left if line not in members]
    return rings, left


def _from_crossing(ring: LineString, crossings: _Floats) -> LineString:
    """Return `ring` begun at a place where it is met, so that it is cut nowhere else."""
    on = crossings[shapely.distance(ring, shapely.points(crossings)) <= TOUCH_M]
    if not len(on):
        return ring
    first = on[np.lexsort((on[:, 1], on[:, 0]))[0]]
    start = float(ring.project(Point(first)))
    if start <= SAME_M or start >= ring.length - SAME_M:
        return ring
    tail, head = cut_line(ring, start, ring.length), cut_line(ring, 0.0, start)
    return LineString([*tail.coords, *head.coords[1:]])


def _positions(line: LineString, crossings: _Floats) -> list[float]:
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


def _with_opposites(
    ways: Lines, met: list[list[float]], facing: list[Facing], shortest: float
) -> list[list[float]]:
    """Return where to cut: where a line is met, and where its other carriageway is or ends."""
    cuts = [list(places) for places in met]
    for face in facing:
        line, other = ways[face.i], ways[face.j]
        # Next to a crossing of its own the same street most likely crosses both, aslant.
        own = [0.0, *met[face.j], other.length]
        for along in (0.0, *met[face.i], line.length):
            foot = opposite(line, other, along)
            if foot is None or min(abs(foot - place) for place in own) < BESIDE_M:
                continue
            if all(abs(foot - place) >= shortest for place in cuts[face.j]):
                cuts[face.j].append(foot)
    return [sorted(places) for places in cuts]


def _crossing_cuts(way: LineString, positions: Sequence[float], habits: _Habits) -> list[float]:
    """Return the distances at which `way` begins, is cut at crossings, and ends."""
    cuts = [0.0, way.length]

    def free(value: float, least: float) -> bool:
        return all(abs(value - cut) >= least for cut in cuts)

    left = list(positions)
    before = habits.cuts(way)
    found = sorted(
        (abs(value - old), value) for value in left for old in before if _is_same(value, old)
    )
    for _distance, value in found:
        if value in left and free(value, (1 - _HABIT) * habits.shortest):
            cuts.append(value)
            left.remove(value)
    for value in left:
        uncut = habits.knows(way, value)
        if free(value, habits.shortest * (1 + _HABIT if uncut else 1)):
            cuts.append(value)
    return sorted(cuts)


def _is_same(cut: float, old: float) -> bool:
    return abs(cut - old) <= _SAME_CUT_M


def _divide(way: LineString, start: float, end: float, habits: _Habits) -> list[float]:
    """Return the bounds of equal parts of a stretch, or those of an earlier version."""
    longest = habits.stretched if habits.knows(way, (start + end) / 2) else habits.longest
    bounds = [start]
    for value in habits.cuts(way):
        if value - bounds[-1] >= habits.shortest and end - value >= habits.shortest:
            bounds.append(value)
    bounds.append(end)
    n = _n_parts(end - start, habits.longest)
    while len(bounds) > n + 1:
        spans = [bounds[k + 1] - bounds[k - 1] for k in range(1, len(bounds) - 1)]
        least = min(range(len(spans)), key=spans.__getitem__)
        if spans[least] > habits.stretched:
            break
        del bounds[least + 1]
    divided = [start]
    for a, b in itertools.pairwise(bounds):
        parts = 1 if b - a <= longest else _n_parts(b - a, habits.longest)
        divided += [a + (b - a) * k / parts for k in range(1, parts + 1)]
    return divided


def _n_parts(length: float, longest: float) -> int:
    return max(1, math.ceil(length / longest - 1e-9))


def _two_ways(
    ways: Lines, met: list[list[float]], one: _Stretch, other: _Stretch, habits: _Habits
) -> list[Segment]:
    """Return the segments of two stretches that lie opposite each other, in order along `one`."""
    longer = max((one, other), key=lambda stretch: round(stretch[2] - stretch[1], 3))
    bounds = np.array(_divide(ways[longer[0]], longer[1], longer[2], habits))
    shares = (bounds - longer[1]) / (longer[2] - longer[1])
    against = _run_against(ways, one, other)
    flipped = 1 - shares[::-1] if against else shares
    on_one, on_other = (shares, flipped) if longer is one else (flipped, shares)
    first = _parts(one, on_one)
    second = _parts(other, on_other)
    if against:
        second = second[::-1]
    return [_segment(ways, met, [a, b]) for a, b in zip(first, second, strict=True)]


def _parts(stretch: _Stretch, shares: _Floats) -> list[_Stretch]:
    way, start, end = stretch
    bounds = [start, *(start + (end - start) * shares[1:-1]).tolist(), end]
    return [(way, a, b) for a, b in itertools.pairwise(bounds)]


def _run_against(ways: Lines, one: _Stretch, other: _Stretch) -> bool:
    (a, b), (c, d) = (
        [ways[w].interpolate(s) for s in (start, end)] for w, start, end in (one, other)
    )
    return bool(a.distance(d) + b.distance(c) < a.distance(c) + b.distance(d))


def _segment(ways: Lines, met: list[list[float]], stretches: Sequence[_Stretch]) -> Segment:
    lines = [cut_line(ways[way], start, end) for way, start, end in stretches]
    pieces: list[LineString] = []
    for way, start, end in stretches:
        inner = [p for p in met[way] if start + SAME_M < p < end - SAME_M]
        stops = [start, *inner, end]
        pieces += [cut_line(ways[way], a, b) for a, b in itertools.pairwise(stops)]
    return Segment(
        _merged(lines), tuple(pieces), max(line.length for line in lines), len(lines) > 1
    )


def _merged(lines: Sequence[BaseGeometry]) -> BaseGeometry:
    return lines[0] if len(lines) == 1 else shapely.line_merge(shapely.union_all(lines))


def _join_links(segments: list[Segment]) -> list[Segment]:
    """Return segments with short links between two carriageways joined to these."""
    joined = list(segments)
    for link in segments:
        if link.two_ways or link.span_m > _LINK_M or link.line.geom_type != "LineString":
            continue
        ends = shapely.points(line_ends([link.line]))
        homes = [
            k
            for k, other in enumerate(joined)
            if other.two_ways and (shapely.distance(other.line, ends) <= TOUCH_M).all()
        ]
        if homes:
            joined[homes[0]] = _joined(joined[homes[0]], link, joined[homes[0]].span_m)
            joined.remove(link)
    return joined


def _joined(home: Segment, short: Segment, span_m: float) -> Segment:
    return Segment(
        _merged([home.line, short.line]), home.pieces + short.pieces, span_m, home.two_ways
    )


def _join_leftovers(segments: list[Segment], habits: _Habits) -> list[Segment]:
    joined = list(segments)
    for short in sorted(
        (s for s in segments if s.span_m < habits.shortest),
        key=lambda s: (s.span_m, coordinates_key(s.line)),
    ):
        if short not in joined:
            continue
        beside = [
            other
            for other in joined
            if other is not short
            and other.span_m + short.span_m <= habits.stretched
            and other.line.distance(short.line) <= SAME_M
        ]
        if not beside:
            continue
        home = min(beside, key=lambda s: (s.span_m, coordinates_key(s.line)))
        joined[joined.index(home)] = _joined(home, short, home.span_m + short.span_m)
        joined.remove(short)
    return joined
