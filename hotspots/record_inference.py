"""Periods of record read from the data: silences too long to be chance are gaps in the record."""

import math
from datetime import date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

from hotspots.periods import Span, day_numbers

PRAGUE: Final = ZoneInfo("Europe/Prague")
GAP_LEVEL: Final = 0.001  # chance of naming any gap where there is none
EDGE_LEVEL: Final = 0.05
# Weekends and holidays without incidents are habits of reporting, not gaps in a record.
SHORTEST_GAP_DAYS: Final = 14
DAYS_A_MONTH: Final = 365.25 / 12

Days = npt.NDArray[np.int64] | npt.NDArray[np.datetime64]


def infer_record(days: Days, *, today: date | None = None) -> tuple[Span, ...]:
    """Return the spans that a source plainly covers, judged by the days of its incidents alone.

    Were incidents to come at a steady rate of λ a day (a Poisson process), a given stretch of d
    days would hold none with probability exp(−λ d). A silence of d whole days between two days
    with incidents is taken for a gap when that probability, times the number of silences
    (Bonferroni), is below 0.001, and when it lasts at least 14 days. λ is the smaller of two
    estimates that gaps hardly move: the median count of the months that hold incidents over the
    mean length of a month, and ln 2 over the median distance between successive incidents.

    The edge of a span moves out to the beginning or end of its calendar month where a silence
    that long is not improbable (p > 0.05), but never beyond `today`; otherwise the span ends on the
    day of an incident. A span in which one day only holds incidents is that day: one incident says
    nothing about a month.

    A source with few incidents has long silences by chance, so no gap can be told and one span
    comes out: see `detectable_gap_days`. The rule misleads where the rate changes by nature: a
    source that records only in summer looks as if it kept no record in winter. So what comes out
    is a proposal for a person to confirm.

    Parameters
    ----------
    days
        Shape (n,): the day of every incident, as day numbers since 1970-01-01 or as datetime64;
        in any order, repeated as often as it has incidents. NaT is left out. Not modified.
    today
        What comes after it has not been recorded yet; None means the present day in Prague.

    Returns
    -------
    spans
        Sorted, not overlapping; empty where no day is known.

    References
    ----------
    Exponential waiting times of a Poisson process: Ross (2014), Introduction to Probability
    Models, 11th ed., section 5.3.3. Bonferroni correction: Dunn (1961),
    doi:10.1080/01621459.1961.10482090
    """
    known = _known_days(days)
    if not len(known):
        return ()
    rate = _daily_rate(known)
    unique = np.unique(known)
    silent = np.diff(unique) - 1
    ends = np.flatnonzero(silent >= _gap_days(rate, len(silent)))
    firsts = unique[np.concatenate([[0], ends + 1])]
    lasts = unique[np.concatenate([ends, [len(unique) - 1]])]
    reach = math.ceil(-math.log(EDGE_LEVEL) / rate) - 1  # longest silence that is no wonder
    latest = today or datetime.now(PRAGUE).date()
    return tuple(
        Span(_date(first), _date(first))
        if first == last
        else Span(
            _first_of_month(_date(first), reach), _last_of_month(_date(last), reach, latest=latest)
        )
        for first, last in zip(firsts.tolist(), lasts.tolist(), strict=True)
    )


def detectable_gap_days(days: Days) -> int | None:
    """Return the shortest silence [whole days] that `infer_record` would take for a gap.

    Parameters
    ----------
    days
        As for `infer_record`.

    Returns
    -------
    gap_days
        None where fewer than two days hold incidents: no silence, so nothing to judge by.
    """
    known = _known_days(days)
    n_silences = len(np.unique(known)) - 1
    return _gap_days(_daily_rate(known), n_silences) if n_silences > 0 else None


def _known_days(days: Days) -> npt.NDArray[np.int64]:
    if np.issubdtype(days.dtype, np.datetime64):
        times = days.astype("datetime64[D]")
        return np.sort(day_numbers(times[~np.isnat(times)]))
    return np.sort(days.astype(np.int64))


def _daily_rate(known: npt.NDArray[np.int64]) -> float:
    months = known.astype("datetime64[D]").astype("datetime64[M]")
    by_month = float(np.median(np.unique(months, return_counts=True)[1])) / DAYS_A_MONTH
    distance = float(np.median(np.diff(known))) if len(known) > 1 else 0.0
    return min(by_month, math.log(2) / distance) if distance > 0 else by_month


def _gap_days(rate: float, n_silences: int) -> int:
    # exp(−λ d) · n < level, solved for whole days.
    limit = math.log(max(n_silences, 1) / GAP_LEVEL) / rate
    return max(SHORTEST_GAP_DAYS, math.floor(limit) + 1)


def _date(day: int) -> date:
    return date(1970, 1, 1) + timedelta(days=day)


def _first_of_month(day: date, reach: int) -> date:
    return day.replace(day=1) if day.day - 1 <= reach else day


def _last_of_month(day: date, reach: int, *, latest: date) -> date:
    year, month = divmod(day.year * 12 + day.month, 12)
    last = date(year, month + 1, 1) - timedelta(days=1)
    if (last - day).days > reach:
        return day
    return max(day, min(last, latest))
