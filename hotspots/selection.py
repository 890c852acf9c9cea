"""What a user asks to see: which incidents, when, by which areas and periods."""

import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode

from hotspots import periods, schema
from hotspots.errors import ParameterError
from hotspots.i18n import _
from hotspots.periods import Span

COUNT: Final = "count"
DENSITY: Final = "density"
RATE: Final = "rate"
MEASURES: Final = (COUNT, DENSITY, RATE)
WEEKDAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
HOURS_IN_DAY: Final = 24


@dataclass(frozen=True)
class Selection:
    """A question about incidents, fit to be a URL or a command line.

    Attributes
    ----------
    by
        Area kind, one of `schema.AREA_KINDS`.
    every
        Period length: week, month, quarter or year.
    span
        Days looked at; None means all that the chosen sources cover.
    offences
        Offence groups; empty means all. An incident counts once, if any of its groups is chosen.
    sources
        Source ids or source kinds; empty means all.
    weekdays
        0 (Monday) to 6; empty means all.
    hours
        (from, to) in whole hours, `to` excluded; (22, 6) runs over midnight; None means all.
        The weekday is that of the day on which the incident began; in a window over midnight,
        that of the day on which the night began.
    with_consequence
        Also count incidents whose position is the place of the consequence (relevance 3), not
        only that of the act (relevance 4) or of a source without such a code.
    exact_only
        Leave displaced incidents out (and say so) instead of refusing to count them finely.
    """

    by: str = schema.STREET
    every: str = periods.MONTH
    span: Span | None = None
    offences: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    weekdays: tuple[int, ...] = ()
    hours: tuple[int, int] | None = None
    with_consequence: bool = False
    exact_only: bool = False

    def __post_init__(self) -> None:
        if self.by not in schema.AREA_KINDS:
            raise ParameterError(
                _("area kind '{by}' is unknown; choose from: {known}").format(
                    by=self.by, known=", ".join(schema.AREA_KINDS)
                )
            )
        if self.every not in periods.EVERY:
            raise ParameterError(
                _("period '{every}' is unknown; choose from: {known}").format(
                    every=self.every, known=", ".join(periods.EVERY)
                )
            )

    def to_query(self) -> str:
        """Return the question in one form, as pages write it into their addresses."""
        pairs = [("by", self.by), ("every", self.every)]
        if self.span is not None:
            pairs += [("from", str(self.span.start)), ("to", str(self.span.end))]
        lists = (
            ("offence", self.offences),
            ("source", self.sources),
            ("weekday", [WEEKDAYS[day] for day in self.weekdays]),
        )
        pairs += [(name, ",".join(values)) for name, values in lists if values]
        if self.hours is not None:
            pairs.append(("hours", f"{self.hours[0]}-{self.hours[1]}"))
        if self.with_consequence:
            pairs.append(("consequence", "1"))
        if self.exact_only:
            pairs.append(("exact", "1"))
        return urlencode(pairs, safe=",")


def parse_weekdays(text: str) -> tuple[int, ...]:
    """Read ``mon,tue`` or ``mon-fri`` or ``5,6`` (0 is Monday) as sorted weekday numbers.

    Raises
    ------
    ParameterError
        A part is no weekday.
    """
    chosen: set[int] = set()
    for part in (p.strip().lower() for p in text.split(",") if p.strip()):
        ends = [_weekday(name) for name in part.split("-")]
        if len(ends) > 2:
            raise _no_weekday(part)
        first, last = ends[0], ends[-1]
        chosen |= {day % 7 for day in range(first, last + 1 if last >= first else last + 8)}
    return tuple(sorted(chosen))


def _weekday(name: str) -> int:
    name = name.strip()
    if name in WEEKDAYS:
        return WEEKDAYS.index(name)
    if re.fullmatch(r"[0-6]", name):
        return int(name)
    raise _no_weekday(name)


def _no_weekday(name: str) -> ParameterError:
    return ParameterError(
        _("'{name}' is no weekday; write mon, tue … sun, a range as mon-fri, or 0 to 6").format(
            name=name
        )
    )


def parse_hours(text: str) -> tuple[int, int] | None:
    """Read ``22-6`` as (22, 6), ``0-24`` or an empty text as None (the whole day).

    Raises
    ------
    ParameterError
        Not two hours of 0 to 24, or an empty window.
    """
    if not text.strip():
        return None
    match = re.fullmatch(r"\s*(\d{1,2})\s*-\s*(\d{1,2})\s*", text)
    if match:
        first, last = int(match[1]), int(match[2])
        if first < HOURS_IN_DAY and last <= HOURS_IN_DAY and first != last:
            return None if (first, last) == (0, HOURS_IN_DAY) else (first, last)
    raise ParameterError(
        _("'{text}' is no window of hours; write 8-16, or 22-6 over midnight").format(text=text)
    )
