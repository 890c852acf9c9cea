"""Values of areas in moving windows of periods: the numbers that a map shows.

The browser computes the same sums from the same counts; these are for class breaks and tests.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from hotspots import schema
from hotspots.aggregate import DAYS_IN_YEAR, PER_LENGTH_M, CountTable, enough_residents
from hotspots.errors import ParameterError
from hotspots.i18n import _
from hotspots.selection import COUNT, MEASURES, RATE

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

ALL: Final = "all"
WINDOWS: Final = (1, 3, 6, 12)  # periods
# Kinds whose incidents lie along a line: their density is per 100 m, that of others per km².
LINE_KINDS: Final = frozenset({schema.STREET, schema.SEGMENT})
Window = int | str


@dataclass(frozen=True)
class WindowValues:
    """Values of n areas at every position of a window over m periods, first to last.

    Attributes
    ----------
    values
        Shape (n, positions): the measure; NaN where there is no data.
    first, last
        Shape (positions,): first and last period of each position.
    n_recorded
        Shape (positions,): periods of the position with any record.
    """

    values: FloatArray
    first: IntArray
    last: IntArray
    n_recorded: IntArray


def is_line_kind(kind: str) -> bool:
    """Return whether areas of `kind` have a length, so that density is per 100 m."""
    return kind in LINE_KINDS


def parse_window(window: Window) -> Window:
    """Return a window as 1, 3, 6, 12 or `all`; digits as text are read as a number.

    Raises
    ------
    ParameterError
        It is none of these.
    """
    found: Window = int(window) if isinstance(window, str) and window.isdigit() else window
    if isinstance(found, bool) or found not in (*WINDOWS, ALL):
        raise ParameterError(
            _("window must be one of {known}, got '{value}'").format(
                known=", ".join(map(str, (*WINDOWS, ALL))), value=window
            )
        )
    return found


def list_windows(n_periods: int) -> tuple[Window, ...]:
    """Return the windows that fit into `n_periods`, shortest first, `all` last."""
    return (*(window for window in WINDOWS if window <= max(n_periods, 1)), ALL)


def has_record(table: CountTable) -> bool:
    """Return whether any period has a record; where none has, every count is missing."""
    return any(state != schema.MISSING for state in table.record)


def list_measures(table: CountTable) -> tuple[str, ...]:
    """Return the measures the table has the bases for; rate needs residents somewhere."""
    known = bool((rate_base(table) > 0).any())
    return tuple(measure for measure in MEASURES if measure != RATE or known)


def window_bounds(n_periods: int, window: Window) -> tuple[IntArray, IntArray]:
    """Return the first and last period of every position of `window`, each shape (positions,)."""
    if n_periods == 0:
        return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)
    length = n_periods if window == ALL else min(int(window), n_periods)
    first = np.arange(n_periods - length + 1, dtype=np.int64)
    return first, first + length - 1


def window_values(table: CountTable, kind: str, *, measure: str, window: Window) -> WindowValues:
    """Return a measure of every area at every position of a window.

    A value is the sum over the recorded periods of the window: NaN where every period is
    missing, and where the area lacks the base (length, area, residents). Rates count only days
    on which every chosen source kept record:
    incidents / residents · 1,000 / (days / 365.25).

    Parameters
    ----------
    table
        n areas, m periods.
    kind
        Kind of the areas; streets and segments have densities per 100 m, others per km².
    measure
        `count`, `density` or `rate`.
    window
        Number of periods, or `all`.

    Raises
    ------
    ParameterError
        No such measure or window.
    """
    window = parse_window(window)
    return all_window_values(table, kind, measure=measure, windows=(window,))[window]


def all_window_values(
    table: CountTable, kind: str, *, measure: str, windows: Sequence[Window]
) -> dict[Window, WindowValues]:
    """Return what `window_values` gives for each of several windows.

    Raises
    ------
    ParameterError
        No such measure.
    """
    if measure not in MEASURES:
        raise ParameterError(
            _("measure must be one of {known}, got '{value}'").format(
                known=", ".join(MEASURES), value=measure
            )
        )
    record = np.array(table.record, dtype=object)
    recorded = (record != schema.MISSING).astype(np.int64)
    counted = table.full_counts if measure == RATE else table.counts * recorded[None, :]
    running, recorded_before, days_before = map(_running, (counted, recorded, table.recorded_days))
    if measure == COUNT:
        each = np.ones(len(table.areas))
    else:
        each = rate_base(table) if measure == RATE else density_base(table, kind)
    found = {}
    for window in windows:
        first, last = window_bounds(len(table.periods), window)
        n_recorded = _between(recorded_before, first, last)
        if measure == RATE:
            days = _between(days_before, first, last)
            # In this order, as the browser has it: another gives other last bits at a break.
            base = each[:, None] * (days / DAYS_IN_YEAR)[None, :] / 1000
        else:
            base = np.where(n_recorded[None, :] > 0, each[:, None], np.nan)
        base = np.where(base > 0, base, np.nan)
        sums = _between(running, first, last).astype(np.float64)
        found[window] = WindowValues(sums / base, first, last, n_recorded)
    return found


def density_base(table: CountTable, kind: str) -> FloatArray:
    """Return what counts are divided by for a density: 100 m or km², NaN where unknown.

    Six significant digits, which is what the browser gets: both divide by the same number.
    """
    line = is_line_kind(kind)
    values = table.areas[schema.LENGTH_M if line else schema.AREA_KM2]
    base = values.to_numpy(dtype=float, na_value=np.nan) / (PER_LENGTH_M if line else 1.0)
    return np.array([float(f"{value:.6g}") if value > 0 else np.nan for value in base])


def rate_base(table: CountTable) -> FloatArray:
    """Return residents, NaN where unknown or too few for a rate."""
    return enough_residents(table.areas[schema.RESIDENTS].to_numpy(dtype=float, na_value=np.nan))


def _running(values: IntArray) -> IntArray:
    """Return the sums of all before each position along the last axis, which gets one more."""
    zero = np.zeros((*values.shape[:-1], 1), dtype=np.int64)
    return np.concatenate([zero, np.cumsum(values, axis=-1)], axis=-1)


def _between(running: IntArray, first: IntArray, last: IntArray) -> IntArray:
    """Return sums over columns first…last (both included) of what `_running` was made of."""
    return np.asarray(running[..., last + 1] - running[..., first], dtype=np.int64)


__all__ = [
    "ALL",
    "COUNT",
    "WINDOWS",
    "Window",
    "WindowValues",
    "all_window_values",
    "has_record",
    "is_line_kind",
    "list_measures",
    "list_windows",
    "parse_window",
    "window_bounds",
    "window_values",
]
