"""The query string of a page, read into a frozen dataclass and written back in one form.

A key that no page knows is ignored (mail programs add their own); a known key with a wrong value
is an error that names the field, the value got and the values allowed.
"""

import re
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Final
from urllib.parse import urlencode

from werkzeug.datastructures import MultiDict

from hotspots import periods, schema
from hotspots.errors import ParameterError
from hotspots.i18n import LANGUAGES, _
from hotspots.offences import OFFENCE_GROUPS
from hotspots.periods import Span, parse_day
from hotspots.selection import COUNT, HOURS_IN_DAY, MEASURES, WEEKDAYS, Selection, parse_weekdays

ALL: Final = 0  # window: all periods at once
WINDOWS: Final = (1, 3, 6, 12, ALL)
MONTHS: Final = (12, 36)  # presets of the period
MAX_INDEX: Final = 20_000
MAX_QUERY: Final = 4_000
MAX_VALUES: Final = 60
MAX_YEARS: Final = 60
SHOWN_CHARACTERS: Final = 80
_OWN: Final = "own"
_NAME: Final = re.compile(r"[A-Za-z0-9_-]{1,40}")


@dataclass(frozen=True)
class PageParams:
    """The whole state of a page, as its URL holds it.

    Attributes
    ----------
    by, every, offences, sources, weekdays, hours, with_consequence
        As in `hotspots.selection.Selection`.
    months
        The last so many months of record; None means all, or `first` to `last`.
    first, last
        Own first and last day; either may be open.
    measure
        One of `hotspots.selection.MEASURES`.
    window
        Number of periods shown at once, one of `WINDOWS`; `ALL` is all of them.
    index
        Last period of the window, 0 is the first period; None is the last with record.
    lang
        Language of the page; None is the workspace's.
    """

    by: str = schema.STREET
    every: str = periods.MONTH
    months: int | None = None
    first: date | None = None
    last: date | None = None
    offences: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    weekdays: tuple[int, ...] = ()
    hours: tuple[int, int] | None = None
    with_consequence: bool = False
    measure: str = COUNT
    window: int = ALL
    index: int | None = None
    lang: str | None = None

    @property
    def when(self) -> str:
        """The chosen period as the form names it: 12, 36, own or all."""
        if self.first or self.last:
            return _OWN
        return str(self.months) if self.months else "all"

    def to_query(self) -> str:
        """Return the query string in its one form: fixed order, nothing that is the default."""
        pairs: list[tuple[str, str]] = []
        if self.offences:
            pairs.append(("offence", ",".join(self.offences)))
        if self.months:
            pairs.append(("when", str(self.months)))
        if self.first:
            pairs.append(("from", short_day(self.first, last=False)))
        if self.last:
            pairs.append(("to", short_day(self.last, last=True)))
        if self.every != periods.MONTH:
            pairs.append(("every", self.every))
        if self.weekdays:
            pairs.append(("weekday", ",".join(WEEKDAYS[day] for day in self.weekdays)))
        if self.hours:
            pairs.append(("hours", f"{self.hours[0]}-{self.hours[1]}"))
        if self.by != schema.STREET:
            pairs.append(("by", self.by))
        if self.measure != COUNT:
            pairs.append(("measure", self.measure))
        if self.sources:
            pairs.append(("source", ",".join(self.sources)))
        if self.with_consequence:
            pairs.append(("consequence", "1"))
        if self.window != ALL:
            pairs.append(("window", str(self.window)))
        if self.index is not None:
            pairs.append(("index", str(self.index)))
        if self.lang:
            pairs.append(("lang", self.lang))
        return urlencode(pairs, safe=",")

    def selection(self, record: Span | None) -> Selection:
        """Return the question about incidents.

        Below district level displaced incidents are left out (the page says how many) instead
        of being refused.

        Parameters
        ----------
        record
            First to last day that the sources cover; None where nothing is known.
        """
        return Selection(
            by=self.by,
            every=self.every,
            span=self._span(record),
            offences=self.offences,
            sources=self.sources,
            weekdays=self.weekdays,
            hours=self.hours,
            with_consequence=self.with_consequence,
            exact_only=self.by not in schema.DISPLACED_KINDS,
        )

    def _span(self, record: Span | None) -> Span | None:
        if self.first or self.last:
            first = self.first or (record.start if record else self.last)
            last = self.last or (record.end if record else self.first)
            if first is None or last is None:
                return None
            if last < first:
                raise ParameterError(
                    _("The period ends ({last}) before it starts ({first}).").format(
                        first=first, last=last
                    )
                )
            if last.year - first.year > MAX_YEARS:
                raise ParameterError(
                    _("The period {first} to {last} is too long; at most {n} years.").format(
                        first=first, last=last, n=MAX_YEARS
                    )
                )
            return Span(first, last)
        if self.months and record:
            after = record.end + timedelta(days=1)
            if after.day != 1:  # the last month of record has begun: it counts as one
                after = _first_of_month(after, 1)
            return Span(max(_first_of_month(after, -self.months), record.start), record.end)
        return None

    def but(self, **changes: object) -> "PageParams":
        """Return the same state with some fields changed."""
        return replace(self, **changes)  # type: ignore[arg-type]


def parse_params(query: MultiDict[str, str], *, default_by: str = schema.STREET) -> PageParams:
    """Read the query string of a page.

    Lists are given as repeated keys or joined by commas; an empty value counts as none. Without
    an area kind it is `default_by`: a village may have no street names.

    Raises
    ------
    ParameterError
        A known field has a wrong value; the message names field, value and what is allowed.
    """
    if sum(len(key) + len(value) for key, value in query.items(multi=True)) > MAX_QUERY:
        raise ParameterError(
            _("The address is longer than {limit} characters.").format(limit=MAX_QUERY)
        )
    first, last, months = _when(query)
    return PageParams(
        by=_choice(query, "by", schema.AREA_KINDS, default_by),
        every=_choice(query, "every", periods.EVERY, periods.MONTH),
        months=months,
        first=first,
        last=last,
        offences=_offences(query),
        sources=_sources(query),
        weekdays=_weekdays(query),
        hours=_hours(query),
        with_consequence=_choice(query, "consequence", ("0", "1"), "0") == "1",
        measure=_choice(query, "measure", MEASURES, COUNT),
        window=_window(query),
        index=_index(query),
        lang=_choice(query, "lang", LANGUAGES, "") or None,
    )


def _shown(value: str) -> str:
    return value if len(value) <= SHOWN_CHARACTERS else value[:SHOWN_CHARACTERS] + "…"


def _wrong(field: str, value: str, allowed: str) -> ParameterError:
    return ParameterError(
        _("Field “{field}” cannot be “{value}”. Allowed: {allowed}.").format(
            field=field, value=_shown(value), allowed=allowed
        )
    )


def _one(query: MultiDict[str, str], field: str) -> str:
    return query.get(field, "").strip()


def _many(query: MultiDict[str, str], field: str) -> list[str]:
    parts = [part.strip() for value in query.getlist(field) for part in value.split(",")]
    found = list(dict.fromkeys(part for part in parts if part))
    if len(found) > MAX_VALUES:
        raise _wrong(field, ",".join(found), _("at most {limit} values").format(limit=MAX_VALUES))
    return found


def _choice(query: MultiDict[str, str], field: str, allowed: tuple[str, ...], default: str) -> str:
    value = _one(query, field)
    if not value:
        return default
    if value not in allowed:
        raise _wrong(field, value, ", ".join(allowed))
    return value


def _offences(query: MultiDict[str, str]) -> tuple[str, ...]:
    names = _many(query, "offence")
    for name in names:
        if name not in OFFENCE_GROUPS:
            raise _wrong("offence", name, ", ".join(OFFENCE_GROUPS))
    return tuple(group for group in OFFENCE_GROUPS if group in names)


def _sources(query: MultiDict[str, str]) -> tuple[str, ...]:
    names = _many(query, "source")
    for name in names:
        if not _NAME.fullmatch(name):
            raise _wrong("source", name, _("the short name of a source, see the page Data"))
    return tuple(sorted(names))


def _weekdays(query: MultiDict[str, str]) -> tuple[int, ...]:
    names = _many(query, "weekday")
    try:
        days = parse_weekdays(",".join(names))
    except ParameterError:
        allowed = _("{days}, a range as mon-fri, or 0 to 6").format(days=", ".join(WEEKDAYS))
        raise _wrong("weekday", ",".join(names), allowed) from None
    return () if len(days) == len(WEEKDAYS) else days


def _hours(query: MultiDict[str, str]) -> tuple[int, int] | None:
    text = _one(query, "hours")
    if text == _OWN:
        text = f"{_one(query, 'hour_from') or '0'}-{_one(query, 'hour_to') or '24'}"
    if not text:
        return None
    match = re.fullmatch(r"([0-9]{1,2})-([0-9]{1,2})", text)
    start, end = (int(match[1]), int(match[2])) if match else (-1, -1)
    if not (0 <= start < HOURS_IN_DAY and 0 <= end <= HOURS_IN_DAY and start != end):
        raise _wrong("hours", text, _("two different hours, such as 8-16, or 22-6 over midnight"))
    return None if (start, end) == (0, HOURS_IN_DAY) else (start, end)


def _when(query: MultiDict[str, str]) -> tuple[date | None, date | None, int | None]:
    when = _one(query, "when")
    if when and when not in {"all", _OWN, *map(str, MONTHS)}:
        raise _wrong("when", when, ", ".join([*map(str, MONTHS), "all", _OWN]))
    if when and when != _OWN:
        return None, None, int(when) if when.isdigit() else None
    first, last = _day(query, "from", last=False), _day(query, "to", last=True)
    if first and last and last < first:
        raise _wrong("to", _one(query, "to"), _("a day on or after the field “from”"))
    return first, last, None


def _day(query: MultiDict[str, str], field: str, *, last: bool) -> date | None:
    text = _one(query, field)
    if not text:
        return None
    try:
        if not text.isascii():
            raise ParameterError(text)
        return parse_day(text, last=last)
    except ParameterError:
        raise _wrong(
            field, text, _("a month as 2024-03, a day as 2024-03-05, or a year as 2024")
        ) from None


def _window(query: MultiDict[str, str]) -> int:
    names = {"all" if window == ALL else str(window): window for window in WINDOWS}
    names[str(ALL)] = ALL
    value = _one(query, "window")
    if value and value not in names:
        raise _wrong("window", value, ", ".join(name for name in names if name != str(ALL)))
    return names[value] if value else ALL


def _index(query: MultiDict[str, str]) -> int | None:
    value = _one(query, "index")
    if not value:
        return None
    if not re.fullmatch(r"[0-9]{1,5}", value) or int(value) > MAX_INDEX:
        raise _wrong("index", value, _("a whole number from 0 to {limit}").format(limit=MAX_INDEX))
    return int(value)


def _first_of_month(day: date, months: int) -> date:
    number = day.year * 12 + day.month - 1 + months
    return date(number // 12, number % 12 + 1, 1)


def short_day(day: date, *, last: bool) -> str:
    """Write a month for the first (or last) day of one, else the day."""
    month = f"{day.year:04d}-{day.month:02d}"
    return month if parse_day(month, last=last) == day else day.isoformat()
