"""When an incident happened: a date, a time of day and an end joined to one span of time."""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from hotspots.clean import LAST_MINUTE_S, UNKNOWN, BoolArray, Clocks, Moments, Problems, TimeArray
from hotspots.i18n import _

# Months whose last Sunday changes the clocks, counted from January: forward, and back since 1996
# and before.
_MARCH, _OCTOBER, _SEPTEMBER = 2, 9, 8


@dataclass(frozen=True)
class Occurrences:
    """When each incident happened: `start` and `end` datetime64[s] or NaT, and a precision.

    `n_skipped` counts the rows whose time the clocks passed over when they went forward.
    """

    start: TimeArray
    end: TimeArray
    precision: npt.NDArray[np.object_]
    problems: Problems
    n_skipped: int = 0


def give_way(moments: Moments, clocks: Clocks) -> tuple[Moments, BoolArray]:
    """Return the moments without the times of day that a column of times speaks for instead.

    Midnight beside a column of times is no time: programs write it where a cell holds a date alone.
    Any other time gives way to one in the column of times, unless that is an hour without minutes
    around it. A text that gives a span of its own keeps it.

    Parameters
    ----------
    moments
        Column of dates.
    clocks
        Column of times of the same n rows.

    Returns
    -------
    moments, contradicted
        The moments, and shape (n,): whether the two columns give times that do not agree.
    """
    day = moments.values.astype("datetime64[D]").astype("datetime64[s]")
    single = moments.has_time & (np.isnat(moments.ends) | moments.whole_hour)
    midnight = moments.has_time & np.isnat(moments.ends) & (moments.values == day)
    timed = single & ~midnight & (clocks.start_min != UNKNOWN)
    first = np.where(timed, (moments.values - day).astype(np.int64) // 60, 0)
    last = first + np.where(moments.whole_hour, 59, 0)
    from_min, to_min = clocks.start_min, clocks.end_min
    holds = (first >= from_min) & (first <= to_min)
    over_midnight = to_min < from_min
    holds |= over_midnight & ((first >= from_min) | (first <= to_min))
    agree = holds | ((from_min >= first) & (from_min <= last))
    exact = holds & ~clocks.is_span & ~moments.whole_hour
    yields = midnight | (timed & ~exact)
    without = replace(
        moments,
        has_time=moments.has_time & ~yields,
        ends=np.where(yields, np.datetime64("NaT", "s"), moments.ends),
        whole_hour=moments.whole_hour & ~yields,
    )
    return without, timed & ~agree


def place_in_time(moments: Moments, clocks: Clocks | None, until: Moments | None) -> Occurrences:
    """Join a date, a time of day and an end to the span in which an incident happened.

    A month without a day lasts to its last minute (precision `month`), a day without a time from
    00:00 to 23:59 (`day`), an hour without minutes to its 59th minute (`hour`); an instant ends
    when it starts (`minute`). A span of times over midnight ends on the next day, and an end later
    than the start makes a `span`. A text that gives its own end keeps it, and no other column's
    time of day is laid over it.

    Between 2:00 and 3:00 of the last Sunday of March the clocks show no time: a time written
    there is the same moment an hour later by summer time. The hour that the last Sunday of October
    has twice is kept as it is written: a wall clock does not tell which of the two is meant. A span
    that ends earlier in that hour than it starts began before the change and ended after it; on the
    wall it took the hour from its first minute to its last, and so it is kept.

    Parameters
    ----------
    moments
        Start, or the day when `clocks` gives the time.
    clocks
        Times of day that stand in a column of their own.
    until
        Ends, missing where unknown. One without a time lasts to 23:59.
    """
    n = len(moments.values)
    start = moments.values.copy()
    end = start.copy()
    precision = np.where(moments.has_time, "minute", "day").astype(object)
    # A time of day tells nothing where the day is not known.
    spoken = ~np.isnat(moments.ends)
    day_only = ~moments.has_time & ~moments.whole_month & ~spoken
    if clocks is not None:
        timed = day_only & (clocks.start_min != UNKNOWN)
        day = start.astype("datetime64[D]").astype("datetime64[s]")
        from_s, to_s = clocks.start_min * 60, clocks.end_min * 60
        opened, closed = (np.asarray(day + s.astype("timedelta64[s]")) for s in (from_s, to_s))
        twice = _in_doubled_hour(opened) & _in_doubled_hour(closed)
        over_midnight = (clocks.end_min < clocks.start_min) & ~twice
        start = np.where(timed, day + from_s, start)
        end = np.where(timed, day + to_s + np.where(over_midnight, 86_400, 0), end)
        precision[timed] = "minute"
        precision[timed & (clocks.end_min != clocks.start_min)] = "hour"
        precision[timed & clocks.is_span & (clocks.end_min != clocks.start_min)] = "span"
        day_only = day_only & ~timed
    end = np.where(day_only, end + np.int64(LAST_MINUTE_S), end)
    end = np.where(moments.whole_month, _last_minutes(moments), end)
    end = np.where(spoken, moments.ends, end)
    precision[spoken] = np.where(moments.whole_hour, "hour", "span")[spoken]
    precision[moments.whole_month] = "month"
    precision[np.isnat(start)] = "unknown"
    problems: Problems = {}
    if until is not None:
        given = ~until.missing & ~np.isnat(until.values) & ~np.isnat(start)
        last = np.where(until.has_time, until.values, until.values + np.int64(LAST_MINUTE_S))
        last = np.where(until.whole_month, _last_minutes(until), last)
        last = np.where(np.isnat(until.ends), last, until.ends)
        # A day alone says no more than a time that is known of that day, or of the night from it.
        timed_start = ~np.isnat(start) & ~day_only & ~moments.whole_month
        says_less = timed_start & ~until.has_time & np.isnat(until.ends) & ~until.whole_month
        says_less &= last.astype("datetime64[D]") == start.astype("datetime64[D]")
        given &= ~says_less
        start, last = _open_doubled(start, last, where=given)
        for i in np.flatnonzero(given & (last < start)).tolist():
            problems[int(i)] = _("the end {end} lies before the start {start}").format(
                end=_moment_text(last[i]), start=_moment_text(start[i])
            )
        longer = given & (last > start)
        same_day = last.astype("datetime64[D]") == start.astype("datetime64[D]")
        whole_day = longer & day_only & same_day & ~until.has_time
        # A span that begins on an unknown day of its month names no day either.
        precision[longer & ~whole_day & ~moments.whole_month] = "span"
        end = np.where(given & (last >= start), last, end)
    start, end = _open_doubled(start, end, where=~np.isnat(start))
    start, start_skipped = _pass_the_gap(start)
    end, end_skipped = _pass_the_gap(end)
    end = np.where(start_skipped & (end < start), start, end)
    n_skipped = int((start_skipped | end_skipped).sum())
    return Occurrences(start.reshape(n), end.reshape(n), precision, problems, n_skipped)


def _pass_the_gap(times: TimeArray) -> tuple[TimeArray, npt.NDArray[np.bool_]]:
    """Move the times that no clock showed by the hour that it went forward, and tell which."""
    skipped = _in_changed_hour(times, month=_MARCH)
    return np.where(skipped, times + np.timedelta64(3600, "s"), times), skipped


def _open_doubled(
    start: TimeArray, end: TimeArray, *, where: BoolArray
) -> tuple[TimeArray, TimeArray]:
    """Give spans that run backwards in the hour that October has twice that whole hour."""
    day = start.astype("datetime64[D]")
    both = where & (end < start) & _in_doubled_hour(start) & _in_doubled_hour(end)
    both &= day == end.astype("datetime64[D]")
    first = day.astype("datetime64[s]") + np.timedelta64(2 * 3600, "s")
    last = first + np.timedelta64(59 * 60, "s")
    return np.where(both, first, start), np.where(both, last, end)


def _in_doubled_hour(times: TimeArray) -> BoolArray:
    """Return which times the clocks showed twice: since 1996 in October, before in September."""
    year = times.astype("datetime64[Y]")
    late = year >= np.datetime64("1996", "Y")
    return np.asarray(
        np.where(
            late,
            _in_changed_hour(times, month=_OCTOBER),
            _in_changed_hour(times, month=_SEPTEMBER),
        )
    )


def _in_changed_hour(times: TimeArray, *, month: int) -> BoolArray:
    """Return which times lie between 2:00 and 3:00 of a month's last Sunday (0 is January)."""
    days = times.astype("datetime64[D]")
    months = days.astype("datetime64[M]")
    following = (months + 1).astype("datetime64[D]")
    last_week = (following - days).astype(np.int64) <= 7
    # Day 0, 1 January 1970, was a Thursday.
    sunday = (days.astype(np.int64) + 3) % 7 == 6
    right = months.astype(np.int64) % 12 == month
    hour = (times - days.astype("datetime64[s]")).astype(np.int64) // 3600
    return np.asarray(~np.isnat(times) & right & sunday & last_week & (hour == 2))


def _last_minutes(moments: Moments) -> TimeArray:
    """Return the last minute of each moment's month."""
    following = (moments.values.astype("datetime64[M]") + 1).astype("datetime64[s]")
    return np.asarray(following - np.timedelta64(60, "s"))


def _moment_text(value: np.datetime64) -> str:
    return str(value.astype("datetime64[m]")).replace("T", " ")
