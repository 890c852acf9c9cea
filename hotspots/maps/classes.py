"""Class breaks of a map: few, at readable numbers, and fixed while time moves."""

from typing import Final

import numpy as np
import numpy.typing as npt

from hotspots.selection import COUNT

N_CLASSES: Final = 5  # besides zero and "no data"
# Sequential light to dark red (OrRd of ColorBrewer): ordered in grey, safe for colour-blind eyes.
PALETTE: Final = ("#fdd49e", "#fdae6b", "#f4784a", "#d7301f", "#8c0a0a")
ZERO_COLOUR: Final = "#f4f2ee"
_STEPS: Final = np.array([1, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10])
_WHOLE_STEPS_FROM: Final = 20


def class_breaks(values: npt.NDArray[np.float64], *, measure: str) -> tuple[float, ...]:
    """Return the upper bounds of every class but the last, which is open.

    Zero has a class of its own and takes no part. Each class holds about as many of the
    distinct values (not of the areas, of which most have few incidents), its bound rounded to a
    readable number; where few distinct values occur there are fewer classes, and every break of
    a count is whole.

    Parameters
    ----------
    values
        Any shape: values of all areas at all positions of a window; NaN is no data.
    measure
        `count`, `density` or `rate`.

    Returns
    -------
    breaks
        Rising, at most four, each below the largest value; empty where one class is enough.
        A value v belongs to class i with breaks[i-1] < v ≤ breaks[i].

    References
    ----------
    mapclassify.Quantiles, of the distinct values
    """
    whole = measure == COUNT
    distinct = np.unique(values[np.isfinite(values) & (values > 0)])
    if len(distinct) < 2:
        return ()
    if len(distinct) <= N_CLASSES:
        bounds = distinct[:-1]
    else:
        from mapclassify.classifiers import quantile  # here, because few commands draw maps

        bounds = np.asarray(quantile(distinct, k=N_CLASSES), dtype=float)[:-1]
    rounded = sorted({_readable(bound, whole=whole) for bound in bounds})
    return tuple(bound for bound in rounded if distinct[0] <= bound < distinct[-1])


def _readable(value: float, *, whole: bool) -> float:
    if whole and value < _WHOLE_STEPS_FROM:
        return float(max(1, round(value)))
    # Below what the exponent of a normal number reaches, no power of ten is left to divide by.
    power = 10.0 ** np.floor(np.log10(max(value, float(np.finfo(float).tiny))))
    step = _STEPS[np.abs(_STEPS - value / power).argmin()]
    return float(round(step * power)) if whole else float(f"{step * power:.6g}")


def classify(values: npt.NDArray[np.float64], breaks: tuple[float, ...]) -> npt.NDArray[np.int64]:
    """Return each value's class: −1 no data, 0 zero, 1 and up as `breaks`, same shape."""
    classes = 1 + np.searchsorted(np.asarray(breaks, dtype=float), values, side="left")
    classes = np.where(values > 0, classes, 0)
    return np.where(np.isnan(values), -1, classes).astype(np.int64)
