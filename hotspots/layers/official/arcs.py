"""Circular arcs as lines of short segments that leave them by a centimetre at most."""

import math
from typing import Final

import numpy as np
import numpy.typing as npt

Points = npt.NDArray[np.float64]

MAX_DEVIATION_M: Final = 0.01
# Three points nearer to one line than this make no arc.
_FLAT_M: Final = 1e-4


def arc_points(start: Points, middle: Points, end: Points) -> Points:
    """Return the arc through three points as a line.

    Parameters
    ----------
    start, middle, end
        Each shape (2,), metres.

    Returns
    -------
    points
        Shape (n, 2), n ≥ 3, from `start` to `end` exactly; `middle` alone between them where the
        three lie on one line. Segments leave the arc by at most 1 cm.
    """
    centre = circle_centre(start, middle, end)
    if centre is None:
        return np.array([start, middle, end])
    first = _angle(start - centre)
    to_middle = (_angle(middle - centre) - first) % math.tau
    to_end = (_angle(end - centre) - first) % math.tau
    sweep = to_end if to_middle <= to_end else to_end - math.tau
    return _along(start, end, centre, first, sweep)


def circle_points(first: Points, second: Points, third: Points) -> Points | None:
    """Return the whole circle through three points, shape (n, 2), from `first` back to it.

    None where they lie on one line. Segments leave the circle by at most 1 cm.
    """
    centre = circle_centre(first, second, third)
    if centre is None:
        return None
    turn = (_angle(second - centre) - _angle(first - centre)) % math.tau
    onward = (_angle(third - centre) - _angle(first - centre)) % math.tau
    sweep = math.tau if turn <= onward else -math.tau
    return _along(first, first, centre, _angle(first - centre), sweep)


def circle_centre(a: Points, b: Points, c: Points) -> Points | None:
    """Return the centre of the circle through three points, shape (2,); None on one line."""
    ab, ac = b - a, c - a
    cross = float(ab[0] * ac[1] - ab[1] * ac[0])
    longest = max(math.dist(a, b), math.dist(a, c), math.dist(b, c))
    if longest == 0 or abs(cross) / longest < _FLAT_M:
        return None
    ab2, ac2 = float(ab @ ab), float(ac @ ac)
    offset = np.array([ac[1] * ab2 - ab[1] * ac2, ab[0] * ac2 - ac[0] * ab2]) / (2 * cross)
    return np.asarray(a + offset, dtype=np.float64)


def _angle(vector: Points) -> float:
    return math.atan2(float(vector[1]), float(vector[0]))


def _along(start: Points, end: Points, centre: Points, first: float, sweep: float) -> Points:
    radius = math.dist(start, centre)
    # A chord of angle t leaves its arc by r(1 − cos t/2).
    inside = max(1 - MAX_DEVIATION_M / radius, -1.0) if radius else -1.0
    step = 2 * math.acos(inside)
    n = max(2, math.ceil(abs(sweep) / step))
    angles = first + sweep * np.linspace(0, 1, n + 1)
    points = centre + radius * np.column_stack([np.cos(angles), np.sin(angles)])
    points[0], points[-1] = start, end
    return np.asarray(points, dtype=np.float64)
