"""Calendar periods, and periods of record: the days on which a source kept record.

Outside a source's periods of record a count is missing, never zero.
"""

import re
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

import numpy as np
import numpy.typing as npt

from hotspots import schema
from hotspots.errors import ParameterError
from hotspots.i18n import _

MONTH: Final = "month"
QUARTER: Final = "quarter"
WEEK: Final = "week"
YEAR: Final = "year"
EVERY: Final = (WEEK, MONTH, QUARTER, YEAR)
_MONTHS_IN: Final = {MONTH: 1, QUARTER: 3, YEAR: 12}
EARLIEST: Final = date(1900, 1, 1)
LATEST: Final = date(2199, 12, 31)


@dataclass(frozen=True, order=True)
class Span:
    """Days from `start` to `end`, both included."""

    start: date
    end: date

    def __post_init__(self) -> None:
        if self.end < self.start:
            raise ParameterError(
                _("a span of days must not end before it starts, got {start}..{end}").format(
                    start=self.start, end=self.end
                )
            )

    @property
    def n_days(self) -> int:
        """Number of days, at least 1."""
        return (self.end - self.start).days + 1

    def __str__(self) -> str:
        return f"{self.start}..{self.end}"

    @classmethod
    def parse(cls, text: str) -> "Span":
        """Read ``2016-01-01..2020-09-30``, ``2016-01-01/2020-09-30``, ``2020``, ``2020-03``.

        Raises
        ------
        ParameterError
            The text is none of these.
        """
        parts = re.split(r"\.\.|/", text.strip())
        if len(parts) > 2:
            raise ParameterError(_("'{text}' is no span of days").format(text=text))
        return cls(parse_day(parts[0]), parse_day(parts[-1], last=True))


def parse_day(text: str, *, last: bool = False) -> date:
    """Read ``2024-03-05``, ``2024-03`` or ``2024`` as its first day, or its `last`.

    Raises
    ------
    ParameterError
        No such day, or outside the years 1900 to 2199.
    """
    match = re.fullmatch(r"(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?", text.strip())
    try:
        if not match:
            raise ValueError
        year, month, day = (int(part) if part else None for part in match.groups())
        if year is None:
            raise ValueError
        if day is not None and month is not None:
            found = date(year, month, day)
        elif month is not None:
            found = date(year, month, 1)
            found = _next_start(found, MONTH) - timedelta(days=1) if last else found
        else:
            found = date(year, 12, 31) if last else date(year, 1, 1)
        if not EARLIEST <= found <= LATEST:
            raise ValueError
    except ValueError:
        raise ParameterError(
            _("'{text}' is no day; write it as 2024-03-05, 2024-03 or 2024").format(text=text)
        ) from None
    return found


def merge_spans(spans: list[Span] | tuple[Span, ...]) -> tuple[Span, ...]:
    """Return the same days as sorted spans that neither overlap nor touch."""
    merged: list[Span] = []
    for span in sorted(spans):
        if merged and span.start <= merged[-1].end + timedelta(days=1):
            merged[-1] = Span(merged[-1].start, max(merged[-1].end, span.end))
        else:
            merged.append(span)
    return tuple(merged)


@dataclass(frozen=True)
class Period:
    """One calendar week, month, quarter or year, or the part of it that is looked at.

    `cut` says that it is a part: fewer days than the calendar's, so its count is no whole one.
    """

    label: str
    start: date
    end: date
    cut: bool = False

    @property
    def n_days(self) -> int:
        """Number of days."""
        return (self.end - self.start).days + 1


def _first_day(day: date, every: str) -> date:
    if every == WEEK:
        return day - timedelta(days=day.weekday())
    if every == YEAR:
        return date(day.year, 1, 1)
    if every == QUARTER:
        return date(day.year, 3 * ((day.month - 1) // 3) + 1, 1)
    return date(day.year, day.month, 1)


def _next_start(start: date, every: str) -> date:
    if every == WEEK:
        return start + timedelta(days=7)
    months = start.year * 12 + start.month - 1 + _MONTHS_IN[every]
    return date(months // 12, months % 12 + 1, 1)


def _label(start: date, every: str) -> str:
    if every == WEEK:
        iso = start.isocalendar()
        return f"{iso.year}-W{iso.week:02d}"
    if every == QUARTER:
        return f"{start.year}-Q{(start.month - 1) // 3 + 1}"
    return str(start.year) if every == YEAR else f"{start.year}-{start.month:02d}"


def list_periods(span: Span, *, every: str) -> tuple[Period, ...]:
    """Return the calendar periods that `span` touches, in order.

    Weeks are ISO weeks (Monday to Sunday). The first and last period are cut to `span`, so that
    no day outside it is counted; a cut period keeps its label and says `cut`.

    Raises
    ------
    ParameterError
        `every` is not week, month, quarter or year.
    """
    if every not in EVERY:
        raise ParameterError(
            _("every must be one of {known}, got '{every}'").format(
                known=", ".join(EVERY), every=every
            )
        )
    periods = []
    start = _first_day(span.start, every)
    while start <= span.end:
        after = _next_start(start, every)
        last = after - timedelta(days=1)
        first_day, last_day = max(start, span.start), min(last, span.end)
        is_cut = (first_day, last_day) != (start, last)
        periods.append(Period(_label(start, every), first_day, last_day, is_cut))
        start = after
    return tuple(periods)


def day_number(day: date) -> int:
    """Return the day as days since 1970-01-01."""
    return (day - date(1970, 1, 1)).days


def day_numbers(times: npt.NDArray[np.datetime64]) -> npt.NDArray[np.int64]:
    """Return each datetime's day since 1970-01-01; NaT becomes the smallest integer."""
    return times.astype("datetime64[D]").astype(np.int64)


@dataclass(frozen=True)
class RecordCalendar:
    """For each day of a span, how many of the chosen sources kept record on it.

    Attributes
    ----------
    span
        The days looked at.
    n_sources
        Number of chosen sources; 0 means that nothing is known, so everything is missing.
    depth
        Integer array, shape (span.n_days,): sources that kept record on each day.
    """

    span: Span
    n_sources: int
    depth: npt.NDArray[np.int64]

    @classmethod
    def build(cls, span: Span, records: list[tuple[Span, ...]]) -> "RecordCalendar":
        """Overlay the periods of record of every chosen source on `span`."""
        depth = np.zeros(span.n_days, dtype=np.int64)
        for spans in records:
            for part in merge_spans(list(spans)):
                first = max((part.start - span.start).days, 0)
                last = min((part.end - span.start).days, span.n_days - 1)
                if first <= last:
                    depth[first : last + 1] += 1
        return cls(span, len(records), depth)

    def _slice(self, period: Period) -> npt.NDArray[np.int64]:
        first = max((period.start - self.span.start).days, 0)
        return self.depth[first : (period.end - self.span.start).days + 1]

    def state(self, period: Period) -> str:
        """Return recorded (all sources, all days), missing (no source, no day) or partial.

        A cut period is partial at best: its count must not be read beside those of whole ones.
        """
        depth = self._slice(period)
        if self.n_sources == 0 or not depth.any():
            return schema.MISSING
        is_whole = not period.cut and (depth == self.n_sources).all()
        return schema.RECORDED if is_whole else schema.PARTIAL

    def full_days(self, period: Period) -> int:
        """Return the number of days of `period` on which every chosen source kept record."""
        if self.n_sources == 0:
            return 0
        return int((self._slice(period) == self.n_sources).sum())

    def is_full(self, days: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
        """Return whether each day number (see `day_numbers`) has the record of every source."""
        offset = days - day_number(self.span.start)
        inside = (offset >= 0) & (offset < self.span.n_days)
        full = np.zeros(len(days), dtype=bool)
        if self.n_sources:
            full[inside] = self.depth[offset[inside]] == self.n_sources
        return full
