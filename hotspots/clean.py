"""Texts of a file's rows turned into numbers, times and rejections; pure functions on columns."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from hotspots.i18n import _

PRAGUE: Final = ZoneInfo("Europe/Prague")
EARLIEST_YEAR: Final = 1990
UNKNOWN: Final = -1
_LARGEST_OFFSET_MIN: Final = 14 * 60  # Line Islands, UTC+14
LAST_MINUTE_S: Final = 23 * 3600 + 59 * 60
# How police files write an hour that nobody knows; the minutes beside it say no more.
_UNKNOWN_HOURS: Final = (25, 99)
_UNKNOWN_MINUTES: Final = (UNKNOWN, 0, 60, 99)

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]
TimeArray = npt.NDArray[np.datetime64]
# Position in the column → why the row cannot be used.
Problems = dict[int, str]
# n stripped texts: a list, or an Arrow string array (which has no types of its own).
Texts = Sequence[str] | Any

_CLOCK: Final = r"(?P<h>\d{1,2}):(?P<mi>\d{1,2})(?::(?P<s>\d{1,2})(?:[.,]\d+)?)?"
_ISO: Final = (
    r"^(?P<y>\d{4})[-/](?P<m>\d{1,2})[-/](?P<d>\d{1,2})"
    rf"(?:(?:T|\s+){_CLOCK}\s*(?P<o>Z|[+-]\d{{2}}(?::?\d{{2}})?)?)?$"
)
_CZECH: Final = (
    r"^(?P<d>\d{1,2})\.\s*(?P<m>\d{1,2})\.\s*(?P<y>\d{4})"
    r"(?:[\s,]+(?:v\s+)?(?P<h>\d{1,2})[:.](?P<mi>\d{1,2})(?:[:.](?P<s>\d{1,2}))?(?P<o>))?$"
)
_MONTH: Final = r"^(\d{1,2})\s*[/.]\s*(\d{4})$"
_ISO_MONTH: Final = r"^(\d{4})-(\d{1,2})$"
_NUMBER: Final = r"^[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?$"
_SPACES: Final = "[\\s\u00a0\u2007\u2009\u202f]"
_TIME: Final = r"^(?P<h>\d{1,2})[:.]?(?P<mi>\d{2})?(?:[:.]\d{2}(?:\.\d+)?)?$"
_TIME_SPAN: Final = (
    r"^(?P<h>\d{1,2})[:.](?P<mi>\d{2})(?::\d{2})?\s*[-–—]\s*"
    r"(?P<h2>\d{1,2})[:.](?P<mi2>\d{2})(?::\d{2})?$"
)


@dataclass(frozen=True)
class Numbers:
    """A column read as numbers: `values` is NaN where `missing` or in `problems`."""

    values: FloatArray
    missing: BoolArray
    problems: Problems


@dataclass(frozen=True)
class Moments:
    """A column read as dates or date-times.

    Attributes
    ----------
    values
        datetime64[s], Europe/Prague wall clock; NaT where `missing` or in `problems`.
    has_time
        Whether the text gave a time of day.
    whole_month
        Whether the text gave a month and no day; the value is then its first day.
    missing
        Whether the text was empty.
    problems
        Position → reason.
    """

    values: TimeArray
    has_time: BoolArray
    whole_month: BoolArray
    missing: BoolArray
    problems: Problems


@dataclass(frozen=True)
class Clocks:
    """A column read as times of day.

    Attributes
    ----------
    start_min, end_min
        Minutes after midnight, `UNKNOWN` where the text gives none. `end_min` may lie below
        `start_min`: then the span ends on the next day.
    is_span
        Whether the text was a span of times.
    not_understood
        Texts that are neither a time nor one of the usual marks of an unknown one, with counts.
    """

    start_min: IntArray
    end_min: IntArray
    is_span: BoolArray
    not_understood: dict[str, int]


def parse_numbers(texts: Texts, *, column: str) -> Numbers:
    """Read numbers with a decimal point or comma; spaces inside are thousands separators.

    Parameters
    ----------
    texts
        n texts, stripped; empty means missing.
    column
        Name used in the reasons.
    """
    n = len(texts)
    array = _as_array(texts)
    missing = _bools(pc.equal(array, ""))
    filled = pc.if_else(pc.equal(array, ""), pa.scalar(None, pa.string()), array)
    try:
        values = _floats(pc.cast(filled, pa.float64()))
    except pa.ArrowInvalid:
        plain = pc.replace_substring_regex(filled, _SPACES, "")
        plain = pc.replace_substring(plain, ",", ".")
        good = pc.match_substring_regex(plain, _NUMBER)
        values = _floats(pc.cast(pc.if_else(good, plain, None), pa.float64()))
    values = np.where(np.isfinite(values), values, np.nan)
    problems = {
        int(i): _("{column} '{value}' is not a number").format(
            column=column, value=array[i].as_py()[:60]
        )
        for i in np.flatnonzero(np.isnan(values) & ~missing).tolist()
    }
    return Numbers(values.reshape(n), missing, problems)


def parse_moments(texts: Texts, *, column: str, today: date) -> Moments:
    """Read dates with or without a time of day.

    Understood are ISO 8601 (``2024-12-31``, ``2024-12-31T22:10:00+01:00``, also with a space or
    slashes) and the Czech way (``31.12.2024``, ``31. 12. 2024 22:10``), and months without a day
    (``3/2024``, ``2024-03``). A time with an offset from UTC becomes the wall clock of
    Europe/Prague; one without is taken as that. 24:00 is 23:59, so that the date stays.

    Parameters
    ----------
    texts
        n texts, stripped; empty means missing.
    column
        Name used in the reasons.
    today
        Dates later than one day after it are rejected, and so are those before 1990.
    """
    array = _as_array(texts)
    missing = _bools(pc.equal(array, ""))
    iso = pc.extract_regex(array, _ISO)
    is_iso = _bools(pc.is_valid(iso))
    czech, known = None, is_iso
    is_month = np.zeros(len(array), dtype=bool)
    if not (is_iso | missing).all():
        months_only = pc.or_(
            pc.match_substring_regex(array, _MONTH), pc.match_substring_regex(array, _ISO_MONTH)
        )
        is_month = _bools(months_only)
        if is_month.any():
            first_days = pc.replace_substring_regex(array, _MONTH, r"\2-\1-01")
            first_days = pc.replace_substring_regex(first_days, _ISO_MONTH, r"\1-\2-01")
            iso = pc.extract_regex(first_days, _ISO)
            is_iso = _bools(pc.is_valid(iso))
        czech = pc.extract_regex(array, _CZECH)
        known = is_iso | _bools(pc.is_valid(czech))

    def part(name: str) -> IntArray:
        own = _ints(iso, name)
        return own if czech is None else np.where(is_iso, own, _ints(czech, name))

    year, month, day = part("y"), part("m"), part("d")
    hour, minute, second = part("h"), part("mi"), part("s")
    has_time = hour != UNKNOWN
    hour, minute = np.where(has_time, hour, 0), np.where(has_time, minute, 0)
    second = np.where(second == UNKNOWN, 0, second)
    whole = second == 0
    late_hour, late_minute = _end_of_day(hour, minute)
    hour, minute = np.where(whole, late_hour, hour), np.where(whole, late_minute, minute)
    good_month = known & (month >= 1) & (month <= 12)
    months = (year * 12 + month - 1 - 1970 * 12).astype("datetime64[M]")
    months[~good_month] = np.datetime64("1970-01", "M")
    starts = months.astype("datetime64[D]")
    lengths = ((months + 1).astype("datetime64[D]") - starts).astype(np.int64)
    good_day = good_month & (day >= 1) & (day <= lengths)
    good_time = (hour <= 23) & (minute <= 59) & (second <= 60)
    # A leap second (60) is the last second of its minute.
    seconds = hour * 3600 + minute * 60 + np.minimum(second, 59)
    values = (starts + (day - 1)).astype("datetime64[s]") + seconds
    usable = good_day & good_time
    values[~usable] = np.datetime64("NaT")
    away, wild = _offsets(iso, usable & is_iso & has_time)
    usable &= ~wild
    values[wild] = np.datetime64("NaT")
    values = _to_prague(values, away)
    latest = np.datetime64(today, "D") + 1
    days = values.astype("datetime64[D]")
    late = usable & (days > latest)
    early = usable & (days < np.datetime64(f"{EARLIEST_YEAR}-01-01"))

    problems: Problems = {}
    for i in np.flatnonzero(~missing & ~(usable & ~late & ~early)).tolist():
        value = array[i].as_py()[:60]
        if not known[i]:
            text = _(
                "{column} '{value}' is no date that is understood; "
                "write 31.12.2024, 31.12.2024 22:10 or 2024-12-31T22:10"
            ).format(column=column, value=value)
        elif not good_month[i]:
            text = _("{column} '{value}': there is no month {month}").format(
                column=column, value=value, month=month[i]
            )
        elif not good_day[i]:
            text = _(
                "{column} '{value}' is no day of the calendar; month {month}/{year} has {n} days"
            ).format(column=column, value=value, month=month[i], year=year[i], n=lengths[i])
        elif not good_time[i]:
            text = _(
                "{column} '{value}' has no possible time; hours run from 0 to 23, minutes to 59"
            ).format(column=column, value=value)
        elif wild[i]:
            text = _("{column} '{value}' has an offset from UTC that no place on earth has").format(
                column=column, value=value
            )
        elif late[i]:
            text = _("{column} '{value}' lies in the future").format(column=column, value=value)
        else:
            text = _("{column} '{value}' lies before {year}").format(
                column=column, value=value, year=EARLIEST_YEAR
            )
        problems[int(i)] = text
    values[late | early] = np.datetime64("NaT")
    return Moments(values, has_time & usable, is_month & usable, missing, problems)


def _offsets(iso: Any, candidates: BoolArray) -> tuple[dict[int, int], BoolArray]:
    """Return the offsets from UTC [minutes] by position, and which are beyond 14 hours."""
    texts = np.asarray(
        pc.struct_field(iso, "o").fill_null("").to_numpy(zero_copy_only=False), dtype=object
    )
    wild = np.zeros(len(texts), dtype=bool)
    minutes: dict[str, int | None] = {"Z": 0}
    away: dict[int, int] = {}
    for i in np.flatnonzero(candidates & (texts != "")).tolist():
        text = texts[i]
        if text not in minutes:
            hour, minute = int(text[1:3]), int(text[3:].strip(":") or 0)
            size = hour * 60 + minute
            known = minute <= 59 and size <= _LARGEST_OFFSET_MIN
            minutes[text] = int(text[0] + "1") * size if known else None
        found = minutes[text]
        if found is None:
            wild[i] = True
        else:
            away[i] = found
    return away, wild


def _to_prague(values: TimeArray, away: dict[int, int]) -> TimeArray:
    """Shift the times at the positions in `away` [minutes from UTC] to the clock of Prague."""
    if not away:
        return values
    shifted = np.array(list(away), dtype=np.int64)
    # Below seconds nothing is kept, so whole minutes of offset are exact.
    minutes = np.array(list(away.values()), dtype="timedelta64[m]")
    local = (
        pd.Series(values[shifted] - minutes)
        .dt.tz_localize("UTC")
        .dt.tz_convert(PRAGUE)
        .dt.tz_localize(None)
    )
    out = values.copy()
    out[shifted] = local.to_numpy().astype("datetime64[s]")
    return out


def parse_clocks(texts: Texts) -> Clocks:
    """Read times of day: ``22:10``, ``2210``, ``22``, or a span ``22:00–23:30``.

    ``24:00`` is the end of its day: 23:59, so that the date stays. Police files mark an unknown
    hour by 25 or 99 (``25``, ``25:00``, ``2560``, ``9999``) and an unknown minute by 60 and more;
    an unknown minute leaves the whole hour. What is not understood, and any other hour that no
    clock shows (``24:10``, ``26:30``, ``99:10``), counts as unknown and is listed.

    Parameters
    ----------
    texts
        n texts, stripped; empty means unknown.
    """
    n = len(texts)
    array = _as_array(texts)
    # `930` is 9:30, not 93:0.
    array = pc.replace_substring_regex(array, r"^(\d)(\d\d)$", r"\1:\2")
    one, span = pc.extract_regex(array, _TIME), pc.extract_regex(array, _TIME_SPAN)
    start = np.full(n, UNKNOWN, dtype=np.int64)
    end = start.copy()
    hour, minute = _end_of_day(_ints(one, "h"), _ints(one, "mi"))
    known = (hour >= 0) & (hour <= 23)
    whole = known & ((minute == UNKNOWN) | (minute > 59))
    exact = known & ~whole
    start[known] = hour[known] * 60 + np.where(exact, minute, 0)[known]
    end[known] = start[known] + np.where(whole, 59, 0)[known]
    first_h, first_m = _ints(span, "h"), _ints(span, "mi")
    last_h, last_m = _end_of_day(_ints(span, "h2"), _ints(span, "mi2"))
    is_span = (
        _bools(pc.is_valid(span))
        & (first_h <= 23)
        & (last_h <= 23)
        & (first_m <= 59)
        & (last_m <= 59)
    )
    start[is_span] = (first_h * 60 + first_m)[is_span]
    end[is_span] = (last_h * 60 + last_m)[is_span]
    marked = np.isin(hour, _UNKNOWN_HOURS) & np.isin(minute, _UNKNOWN_MINUTES)
    strange = ~known & ~marked & ~is_span & ~_bools(pc.equal(array, ""))
    not_understood: dict[str, int] = {}
    for i in np.flatnonzero(strange).tolist():
        text = array[i].as_py()
        not_understood[text] = not_understood.get(text, 0) + 1
    return Clocks(start, end, is_span, not_understood)


def _end_of_day(hour: IntArray, minute: IntArray) -> tuple[IntArray, IntArray]:
    """Return hours and minutes with 24:00 as the day's last minute."""
    over = (hour == 24) & ((minute == 0) | (minute == UNKNOWN))
    return np.where(over, 23, hour), np.where(over, 59, minute)


def _as_array(texts: Texts) -> Any:
    return texts if isinstance(texts, pa.Array) else pa.array(texts, pa.string())


def _ints(struct: Any, name: str) -> IntArray:
    field = pc.struct_field(struct, name)
    field = pc.if_else(pc.equal(field, ""), pa.scalar(None, pa.string()), field)
    numbers = pc.cast(field, pa.int64()).fill_null(UNKNOWN)
    return np.asarray(numbers.to_numpy(zero_copy_only=False), dtype=np.int64)


def _bools(array: Any) -> BoolArray:
    return np.asarray(array.fill_null(False).to_numpy(zero_copy_only=False), dtype=bool)


def _floats(array: Any) -> FloatArray:
    return np.array(array.to_numpy(zero_copy_only=False), dtype=np.float64)
