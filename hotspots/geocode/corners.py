"""Where two streets meet."""

from typing import Final

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from hotspots.geocode.gazetteer import Place

CORNER_PRECISION_M: Final = 20.0
# Axes that come so near are taken to meet: a square's axis ends before the street beside it.
NEAR_M: Final = 40.0
# Meetings nearer to each other than this are one corner: both lanes of a wide street.
ONE_CORNER_M: Final = 60.0
# Streets that come no nearer than this have no corner that could be asked about.
NEARLY_M: Final = 200.0


def meetings(first: Place, second: Place) -> tuple[tuple[float, float, float], ...]:
    """Return the points where the axes of two streets meet: x, y, precision, EPSG:5514 [m].

    Where they cross, the crossings; else, where they come within `NEAR_M` (or as far as either
    layer may be off), the middle of the shortest line between them. Crossings within
    `ONE_CORNER_M` are one. Empty where the streets do not meet.
    """
    off = max(first.shape_precision_m, second.shape_precision_m)
    is_point = "Point" in (first.shape.geom_type, second.shape.geom_type)
    crossing = shapely.intersection(first.shape, second.shape)
    if crossing.is_empty:
        gap = float(first.shape.distance(second.shape))
        if gap > max(NEAR_M, off):
            return ()
        line = shapely.shortest_line(first.shape, second.shape)
        middle = line.centroid
        precision = max(CORNER_PRECISION_M, gap, off)
        if is_point:
            precision = max(precision, 2 * NEAR_M)
        return ((float(middle.x), float(middle.y), precision),)
    pieces = [_middle(piece) for piece in shapely.get_parts(crossing)]
    found = []
    for group in _groups(np.array(pieces)):
        x, y = group.mean(axis=0)
        spread = float(np.hypot(group[:, 0] - x, group[:, 1] - y).max())
        near = shapely.shortest_line(crossing, shapely.Point(x, y))
        nearest = shapely.get_point(near, 0)
        precision = max(CORNER_PRECISION_M, spread, off, _reach(crossing, nearest))
        found.append((float(nearest.x), float(nearest.y), round(precision, 1)))
    return tuple(sorted(found))


def _middle(piece: BaseGeometry) -> tuple[float, float]:
    point = piece if piece.geom_type == "Point" else piece.interpolate(0.5, normalized=True)
    return float(point.x), float(point.y)


def _reach(crossing: BaseGeometry, point: BaseGeometry) -> float:
    """Return half the length of a stretch that both streets share at a point [m]."""
    lengths = [p.length for p in shapely.get_parts(crossing) if p.distance(point) <= ONE_CORNER_M]
    return max(lengths, default=0.0) / 2


def _groups(points: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> list[np.ndarray]:
    """Return the points in groups, each within `ONE_CORNER_M` of another of its group."""
    left = list(range(len(points)))
    groups = []
    while left:
        group = [left.pop(0)]
        for i in group:  # grows while it is gone through
            near = [j for j in left if np.hypot(*(points[i] - points[j]).tolist()) <= ONE_CORNER_M]
            group.extend(near)
            left = [j for j in left if j not in near]
        groups.append(points[group])
    return groups


def nearly_met(one: Place, two: Place) -> tuple[tuple[float, float, float], ...]:
    """Return where two streets that do not meet come nearest: x, y, precision, EPSG:5514 [m].

    The axes of approximate layers may end before their crossing, so this is a place to ask about,
    never one to take. Empty where the gap is wider than `NEARLY_M`.
    """
    line = shapely.shortest_line(one.shape, two.shape)
    if not 0.0 < line.length <= NEARLY_M:
        return ()
    middle = line.centroid
    return ((float(middle.x), float(middle.y), round(float(line.length) + CORNER_PRECISION_M, 1)),)
