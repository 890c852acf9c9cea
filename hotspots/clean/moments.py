"""Columns of dates, with or without a time of day, read all at once."""

import re
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

import numpy as np
import pandas as pd
import pyarrow.compute as pc

from hotspots.clean.clock_words import is_unknown, normalize
from hotspots.clean.columns import (
    FROM_1900,
    LONGEST_WORDS,
    PRAGUE,
    UNKNOWN,
    BoolArray,
    IntArray,
    Problems,
    Texts,
    TimeArray,
    as_array,
    bools,
    end_of_day,
    ints,
)
from hotspots.clean.moment_words import Words, read_moment
from hotspots.i18n import _

EARLIEST_YEAR: Final = 1990
_LARGEST_OFFSET_MIN: Final = 14 * 60  # Line Islands, UTC+14

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
# "5.11.", "po 5. 11. 22:10": a day of no year; folded.
_YEARLESS: Final = re.compile(
    r"(?:dne )?(?:[a-z]{2,7}\.?,? )?\d{1,2}\. ?\d{1,2}\.?(?:[ ,]+(?:\d{1,2}[:.]\d{2}|[a-z]).*)?"
)


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
        Whether the text was empty or said that the date is not known.
    problems
        Position → reason.
    ends
        datetime64[s], the last moment where the text gave a span or an hour without minutes; NaT
        elsewhere.
    whole_hour
        Whether `ends` closes an hour without minutes, not a span.
    """

    values: TimeArray
    has_time: BoolArray
    whole_month: BoolArray
    missing: BoolArray
    problems: Problems
    ends: TimeArray
    whole_hour: BoolArray

    @classmethod
    def none(cls, n: int) -> "Moments":
        """Return a column of `n` rows of which none gives a moment."""
        no = np.zeros(n, dtype=bool)
        never = np.full(n, np.datetime64("NaT"), dtype="datetime64[s]")
        return cls(never, no, no, ~no, {}, never, no)


def parse_moments(
    texts: Texts, *, column: str, today: date, day_zero: datetime = FROM_1900
) -> Moments:
    """Read dates with or without a time of day.

    Understood are ISO 8601 (``2024-12-31``, ``2024-12-31T22:10:00+01:00``, also with a space or
    slashes) and the Czech way (``31.12.2024``, ``31. 12. 2024 22:10``), and months without a day
    (``3/2024``, ``2024-03``). A time with an offset from UTC becomes the wall clock of
    Europe/Prague; one without is taken as that. 24:00 is 23:59, so that the date stays. Whatever
    has another form is read in words (`hotspots.clean.moment_words`): spans of dates and of times,
    parts of the day, names of months, days as a spreadsheet numbers them.

    Parameters
    ----------
    texts
        n texts, stripped; empty means missing.
    column
        Name used in the reasons.
    today
        Dates later than one day after it are rejected, and so are those before 1990.
    day_zero
        Day from which plain numbers count days.
    """
    array = as_array(texts)
    missing = bools(pc.equal(array, ""))
    iso = pc.extract_regex(array, _ISO)
    is_iso = bools(pc.is_valid(iso))
    czech, known = None, is_iso
    is_month = np.zeros(len(array), dtype=bool)
    if not (is_iso | missing).all():
        months_only = pc.or_(
            pc.match_substring_regex(array, _MONTH), pc.match_substring_regex(array, _ISO_MONTH)
        )
        is_month = bools(months_only)
        if is_month.any():
            first_days = pc.replace_substring_regex(array, _MONTH, r"\2-\1-01")
            first_days = pc.replace_substring_regex(first_days, _ISO_MONTH, r"\1-\2-01")
            iso = pc.extract_regex(first_days, _ISO)
            is_iso = bools(pc.is_valid(iso))
        czech = pc.extract_regex(array, _CZECH)
        known = is_iso | bools(pc.is_valid(czech))

    def part(name: str) -> IntArray:
        own = ints(iso, name)
        return own if czech is None else np.where(is_iso, own, ints(czech, name))

    year, month, day = part("y"), part("m"), part("d")
    hour, minute, second = part("h"), part("mi"), part("s")
    has_time = hour != UNKNOWN
    hour, minute = np.where(has_time, hour, 0), np.where(has_time, minute, 0)
    second = np.where(second == UNKNOWN, 0, second)
    whole = second == 0
    late_hour, late_minute = end_of_day(hour, minute)
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
    spoken = _read_words(array, ~known & ~missing, values, today=today, day_zero=day_zero)
    usable |= spoken.read
    has_time |= spoken.has_time
    missing |= spoken.unknown
    days = values.astype("datetime64[D]")
    late = usable & ((days > latest) | (spoken.ends.astype("datetime64[D]") > latest + 1))
    early = usable & (days < np.datetime64(f"{EARLIEST_YEAR}-01-01"))

    problems: Problems = {}
    for i in np.flatnonzero(~missing & ~(usable & ~late & ~early)).tolist():
        value = array[i].as_py()[:60]
        if i in spoken.impossible:
            text = _("{column} '{value}' is no day of the calendar").format(
                column=column, value=value
            )
        elif late[i]:
            text = _("{column} '{value}' lies in the future").format(column=column, value=value)
        elif early[i]:
            text = _("{column} '{value}' lies before {year}").format(
                column=column, value=value, year=EARLIEST_YEAR
            )
        elif not known[i] and _YEARLESS.fullmatch(normalize(value)):
            text = _(
                "{column} '{value}' has no year; write it with the date, as 31.12.2024, in every "
                "row: a year in a heading or in the name of the file is not used"
            ).format(column=column, value=value)
        elif not known[i]:
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
        else:
            text = _("{column} '{value}' has an offset from UTC that no place on earth has").format(
                column=column, value=value
            )
        problems[int(i)] = text
    for times in (values, spoken.ends):
        times[late | early] = np.datetime64("NaT")
    return Moments(
        values,
        has_time & usable,
        is_month & usable,
        missing,
        problems,
        spoken.ends,
        spoken.whole_hour,
    )


@dataclass(frozen=True)
class _Spoken:
    """What was read in words: which rows, with what end; which say that nobody knows."""

    read: BoolArray
    has_time: BoolArray
    ends: TimeArray
    whole_hour: BoolArray
    unknown: BoolArray
    impossible: frozenset[int]


def _read_words(
    array: Any, wanted: BoolArray, values: TimeArray, *, today: date, day_zero: datetime
) -> _Spoken:
    """Read the `wanted` texts in words and put their starts into `values`."""
    n = len(array)
    read, has_time, whole_hour, unknown = (np.zeros(n, dtype=bool) for _each in range(4))
    ends = np.full(n, np.datetime64("NaT"), dtype="datetime64[s]")
    impossible: set[int] = set()
    cache: dict[str, Words | bool | None] = {}
    for i in np.flatnonzero(wanted).tolist():
        text = array[i].as_py()
        if text not in cache:
            cache[text] = _read_one(text, this_year=today.year, day_zero=day_zero)
        words = cache[text]
        if isinstance(words, Words):
            values[i], read[i] = words.start, True
            has_time[i], whole_hour[i] = words.has_time, words.is_hour
            if words.end is not None:
                ends[i] = words.end
        elif words is True:
            unknown[i] = True
        elif words is False:
            impossible.add(i)
    return _Spoken(read, has_time, ends, whole_hour, unknown, frozenset(impossible))


def _read_one(text: str, *, this_year: int, day_zero: datetime) -> Words | bool | None:
    """Return what a text says: True that nobody knows, False a day that no calendar has."""
    if len(text) > LONGEST_WORDS:
        return None
    if is_unknown(text):
        return True
    try:
        return read_moment(text, this_year=this_year, day_zero=day_zero)
    except ValueError:
        return False


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
