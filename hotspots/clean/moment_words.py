"""Dates and spans of dates as people write them: "z 12. na 13. 3. 2025", "5.3.2025 22-23:30"."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final

from hotspots.clean.clock_words import Clock, is_unknown, normalize, read_clock
from hotspots.clean.columns import FROM_1900, PRAGUE

# Days of a spreadsheet: 1 January 1990 is the earliest read, from either origin.
_SERIAL: Final = re.compile(r"([34567]\d{4})(?:[.,](\d{1,17}))?")
_COMPACT: Final = re.compile(r"((?:19|20)\d{2})(\d{2})(\d{2})")
# fmt: off
_MONTHS: Final = (
    "ledna", "unora", "brezna", "dubna", "kvetna", "cervna", "cervence", "srpna", "zari", "rijna",
    "listopadu", "prosince",
)
_WEEKDAYS: Final = (
    "pondeli", "utery", "streda", "stredu", "ctvrtek", "patek", "sobota", "sobotu", "nedele",
    "nedeli", "po", "ut", "st", "ct", "pa", "so", "ne",
)
# fmt: on
_LEAD: Final = re.compile(
    r"(?:(?:dne|ve dne|ze dne|v|ve|dny)\s+)?(?:(?:" + "|".join(_WEEKDAYS) + r")\b[.,]?\s*)?"
    r"(?:dne\s+)?"
)
_MONTH_NAME: Final = re.compile(r"(\d{1,2})\.?\s*(" + "|".join(_MONTHS) + r")\b\.?\s*")
_DMY: Final = r"(\d{1,2})\.\s?(\d{1,2})\.\s?(\d{4}|\d{2})(?!\d|[:.]\d)\.?"
_ISO: Final = r"(\d{4})-(\d{1,2})-(\d{1,2})(?!\d)"
_DATE: Final = re.compile(rf"(?:{_DMY}|{_ISO})")
_SHORT_START: Final = re.compile(r"(\d{1,2})\.\s?(?:(\d{1,2})\.)?\s*")
_CLOCK_LEAD: Final = re.compile(r"(?:[\s,t]|v case|-)*")


@dataclass(frozen=True)
class Words:
    """What a text says of a moment.

    Attributes
    ----------
    start
        Wall clock; midnight where no time is given.
    end
        Last moment of a span or an hour; None for an instant or a day.
    has_time, is_hour
        Whether a time of day is given; whether it is an hour without minutes.
    """

    start: datetime
    end: datetime | None = None
    has_time: bool = False
    is_hour: bool = False


def read_moment(text: str, *, this_year: int, day_zero: datetime = FROM_1900) -> Words | None:
    """Return the moment, day or span that a text gives, None where it is not understood.

    A year of two digits is this century's up to the next year (`this_year` + 1), the last
    century's from 90; between them it could be either and is not understood.

    Parameters
    ----------
    text
        Any text.
    this_year
        The present year.
    day_zero
        Day from which a plain number counts days.

    Raises
    ------
    ValueError
        The text gives a day that is in no calendar.
    """
    plain = normalize(text)
    if serial := _SERIAL.fullmatch(plain):
        return _read_serial(serial, day_zero)
    if compact := _COMPACT.fullmatch(plain):
        return _day(date(*(int(compact[i]) for i in (1, 2, 3))))
    plain = _MONTH_NAME.sub(lambda m: f"{m[1]}.{_MONTHS.index(m[2]) + 1}.", plain)
    plain = re.sub(r"\s*\br(?:oku|\.)\s*(?=\d{4})", "", plain)
    night = re.match(r"(?:v noci|noc|pres noc)\s+(?=z|ze|\d)", plain)
    plain = plain[night.end() :] if night else plain
    between = "mezi" in plain
    plain = re.sub(r"^(?:(?:v dobe|v case)\s+)?(?:od|z|ze|mezi)\s+(?=\d|dne)", "", plain)
    plain = plain[_LEAD.match(plain).end() :]  # type: ignore[union-attr]  # matches the empty text
    found = _read_two(plain, this_year, between=between) or _read_one(plain, this_year)
    if night and found is not None:
        return _night_of(found)
    return found


def _night_of(found: Words) -> Words | None:
    """Return the night of a day, or between two days that follow each other."""
    last = found.end.date() if found.end else found.start.date()
    if found.has_time or (last - found.start.date()).days > 1:
        return None
    return _joined(found.start.date(), Clock(22 * 60, 6 * 60, is_span=True))


def _read_serial(serial: re.Match[str], day_zero: datetime) -> Words:
    days = day_zero + timedelta(days=int(serial[1]))
    if not serial[2]:
        return Words(days)
    seconds = round(float(f"0.{serial[2]}") * 86_400)
    return Words(days + timedelta(seconds=seconds), has_time=True)


def _read_one(plain: str, this_year: int) -> Words | None:
    """Read one date, followed by nothing or by a time of day in any words."""
    match = _DATE.match(plain)
    day = None if match is None else _date_of(match, this_year)
    if match is None or day is None:
        return None
    rest = plain[match.end() :]
    lead = _CLOCK_LEAD.match(rest)
    clock_text = rest[lead.end() :] if lead else rest
    if not clock_text or is_unknown(clock_text):
        return _day(day)
    clock = read_clock(clock_text) if lead and lead.end() else None
    return None if clock is None else _joined(day, clock)


def _read_two(plain: str, this_year: int, *, between: bool) -> Words | None:
    """Read two dates, the first of which may lack its year or month, each with a time or none."""
    ends = list(_DATE.finditer(plain))
    if not 1 <= len(ends) <= 2:
        return None
    last = _date_of(ends[-1], this_year)
    if last is None:
        return None
    head, tail = plain[: ends[-1].start()], plain[ends[-1].end() :]
    if len(ends) == 2:
        if ends[0].start():
            return None
        first, rest = _date_of(ends[0], this_year), plain[ends[0].end() : ends[1].start()]
    else:
        short = _SHORT_START.match(head)
        if short is None:
            return None
        month = int(short[2]) if short[2] else last.month
        first, rest = date(last.year, month, int(short[1])), head[short.end() :]
        if first > last and short[2]:
            # "31. 12. - 1. 1. 2025" began in the year before.
            first = date(last.year - 1, month, int(short[1]))
    # "12. a 13. 3." may be two days or one span; only "mezi" tells.
    words = "az do|az|do|na|a" if between else "az do|az|do|na"
    joint = re.fullmatch(rf"(.*?)(?:\s*-\s*|\b(?:{words})\s+)(?:dne\s+)?", rest)
    if first is None or joint is None or first > last:
        return None
    start, end = _edge(first, joint[1]), _edge(last, tail)
    if start is None or end is None:
        return None
    opened = start.start
    closed = end.end or (end.start if end.has_time else _last_minute(last))
    # A span that ends earlier on its day than it starts may lie over the hour that October has
    # twice; `hotspots.occurrence.place_in_time` knows that hour.
    if closed < opened and not _may_be_doubled(opened, closed):
        return None
    return Words(opened, closed, has_time=start.has_time or end.has_time)


def _may_be_doubled(opened: datetime, closed: datetime) -> bool:
    """Return whether an end lies after its start once the clocks have gone back between them."""
    first = opened.replace(tzinfo=PRAGUE, fold=0).astimezone(UTC)
    return first < closed.replace(tzinfo=PRAGUE, fold=1).astimezone(UTC)


def _edge(day: date, clock_text: str) -> Words | None:
    """Return one end of a span of dates: a date with a clock time, or the whole day."""
    clock_text = clock_text.strip(" ,")
    if not clock_text or is_unknown(clock_text):
        return _day(day)
    clock = read_clock(clock_text)
    return None if clock is None or clock.is_span else _joined(day, clock)


def _date_of(match: re.Match[str], this_year: int) -> date | None:
    d, m, y, iso_y, iso_m, iso_d = match.groups()
    if iso_y:
        return date(int(iso_y), int(iso_m), int(iso_d))
    year = int(y)
    if len(y) == 2:
        if year + 2000 <= this_year + 1:
            year += 2000
        elif year >= 90:
            year += 1900
        else:
            return None
    return date(year, int(m), int(d))


def _day(day: date) -> Words:
    return Words(datetime.combine(day, time()))


def _last_minute(day: date) -> datetime:
    return datetime.combine(day, time(23, 59))


def _joined(day: date, clock: Clock) -> Words:
    midnight = datetime.combine(day, time())
    start = midnight + timedelta(minutes=clock.start_min)
    if clock.start_min == clock.end_min and not clock.is_span:
        return Words(start, has_time=True)
    end = midnight + timedelta(minutes=clock.end_min)
    if end < start and not _may_be_doubled(start, end):
        end += timedelta(days=1)
    return Words(start, end, has_time=True, is_hour=not clock.is_span)
