"""Which incidents a selection asks for, and which its rules leave out, reason by reason."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from hotspots import periods, schema
from hotspots.analysis.events import Events, SeenBy
from hotspots.codes import codes_of
from hotspots.i18n import format_number, ngettext
from hotspots.offences import OFFENCE_GROUPS
from hotspots.periods import Span, day_number, day_numbers
from hotspots.selection import HOURS_IN_DAY, Selection

BoolArray = npt.NDArray[np.bool_]
IntArray = npt.NDArray[np.int64]

NO_OFFENCE: Final = "no_offence"
RELEVANCE: Final = "relevance"
NO_DATE: Final = "no_date"
NO_TIME: Final = "no_time"
DISPLACED: Final = "displaced"
SAME_EVENT: Final = "same_event"
# What a position stands for, in the codes of the Police ČR.
PLACE_OF_ACT: Final = ("", "4")
PLACE_OF_CONSEQUENCE: Final = "3"
# A span of up to an hour has its middle's hour; one within a day has that weekday.
HOUR_UNKNOWN: Final = frozenset({"day", "month", "unknown"})
DAY_UNKNOWN: Final = frozenset({"month"})
THURSDAY: Final = 3  # weekday of day number 0, 1 January 1970
SECONDS_IN_HOUR: Final = 3600
# What filtering and counting need to know of an incident.
COLUMNS_READ: Final = (
    schema.INCIDENT_ID,
    schema.SOURCE,
    schema.OCCURRED_FROM,
    schema.OCCURRED_TO,
    schema.TIME_PRECISION,
    schema.OFFENCE_GROUPS,
    schema.X,
    schema.Y,
    schema.PLACE_METHOD,
    schema.PLACE_PRECISION_M,
    schema.DISPLACED,
    schema.RELEVANCE,
    schema.COUNTED,
)


@dataclass(frozen=True)
class LeftOut:
    """Incidents of the chosen sources that a rule kept out of the selection."""

    reason: str  # key: no_offence, relevance, no_date, no_time, displaced, same_event
    text: str  # one sentence for a reader
    n: int


@dataclass(frozen=True)
class Filtered:
    """Outcome of a selection on k incidents of its sources.

    Attributes
    ----------
    selected
        Shape (k,): those asked for and not left out. With displaced ones, unless `exact_only`.
    displaced
        Shape (k,): those among `selected` whose position the publisher moved; with `exact_only`
        they are left out already.
    left_out
        Reasons with at least one incident; each incident stands under the first that holds:
        no date, no offence, relevance, no time, displaced, another incident of the same event.
    by_offence
        Offence group → incidents under all other filters, groups with none included.
    clock, clock_unknown
        Weekday × hour (7, 24) under all filters but those of weekday and hour, and incidents
        of the same selection without a known hour.
    seen_by
        Events among those asked for that more than one incident records, by their sources.
    """

    selected: BoolArray
    displaced: BoolArray
    left_out: tuple[LeftOut, ...]
    by_offence: dict[str, int]
    clock: IntArray
    clock_unknown: int
    seen_by: tuple[SeenBy, ...] = ()


def filter_incidents(
    incidents: pd.DataFrame,
    selection: Selection,
    *,
    span: Span,
    events: Events | None = None,
) -> Filtered:
    """Apply the filters and rules of `selection` to incidents of its sources.

    The user's filters (days, offences, weekdays, hours) decide what is asked for; what does not
    match them is no one's loss and is not reported. The rules then leave out, by name, incidents
    that match the filters or that lack what a filter asks about. So the incidents of the sources
    in the span are ``selected + left out`` when no offence, weekday or hour is chosen.

    Last, one incident of each event stands for it: the best of those of the sources chosen,
    whatever days, hours and offences are asked for. Its time and offence are the event's.

    Parameters
    ----------
    incidents
        k incidents of the chosen sources with `COLUMNS_READ`. Not modified.
    selection
        The question.
    span
        Days looked at.
    events
        Which of the incidents are one event; None where each is its own.

    Returns
    -------
    filtered
    """
    times = incidents[schema.OCCURRED_FROM].to_numpy(dtype="datetime64[s]")
    days = day_numbers(times)
    day_vague = _matches(incidents[schema.TIME_PRECISION], lambda v: v in DAY_UNKNOWN)
    dated = ~np.isnat(times)
    no_date = ~dated
    if selection.every == periods.WEEK:
        no_date = no_date | day_vague  # a month falls into no single week
    inside = dated & (days >= day_number(span.start)) & (days <= day_number(span.end))
    asked_days = inside | ~dated

    lasted = _seconds_lasted(incidents)
    spans = _matches(incidents[schema.TIME_PRECISION], lambda v: v == "span")
    hour_known = dated & ~_matches(incidents[schema.TIME_PRECISION], lambda v: v in HOUR_UNKNOWN)
    hour_known &= ~(spans & (lasted > SECONDS_IN_HOUR))
    # "About nine" is 20:30 to 21:30: a short span has the hour that its middle is in.
    halved = np.where(spans & (lasted <= SECONDS_IN_HOUR), lasted // 2, 0)
    middle = times + halved.astype("timedelta64[s]")
    weekday = (day_numbers(middle) + THURSDAY) % 7
    hour = (middle.astype(np.int64) // SECONDS_IN_HOUR) % HOURS_IN_DAY
    ends = day_numbers(times + lasted.astype("timedelta64[s]"))
    weekday_known = dated & ~day_vague & ~(spans & (ends != days))
    no_time = np.zeros(len(days), dtype=bool)
    asked_time = np.ones(len(days), dtype=bool)
    night_of = weekday
    if selection.hours is not None and selection.hours[0] > selection.hours[1]:
        # The hours after midnight belong to the night that began the day before.
        night_of = np.where(hour < selection.hours[1], (weekday - 1) % 7, weekday)
    if selection.weekdays:
        no_time |= ~weekday_known
        asked_time &= np.isin(night_of, selection.weekdays) | ~weekday_known
    if selection.hours is not None:
        no_time |= ~hour_known
        asked_time &= in_hours(hour, selection.hours) | ~hour_known

    by_group = _by_group(incidents[schema.OFFENCE_GROUPS])
    asked_offence = has_offences(incidents, selection.offences)

    relevant = (*PLACE_OF_ACT, *((PLACE_OF_CONSEQUENCE,) if selection.with_consequence else ()))
    moved = incidents[schema.DISPLACED].to_numpy(dtype=bool)
    # In order of precedence; each incident is left out once.
    rules: dict[str, BoolArray] = {
        NO_DATE: no_date,
        NO_OFFENCE: ~incidents[schema.COUNTED].to_numpy(dtype=bool),
        RELEVANCE: ~_matches(incidents[schema.RELEVANCE], lambda v: v in relevant),
        NO_TIME: no_time,
        DISPLACED: moved & selection.exact_only,
    }
    asked = asked_days & asked_time & asked_offence
    left_out = []
    kept = asked.copy()
    for reason, breaks in rules.items():
        n = int((kept & breaks).sum())
        kept &= ~breaks
        if n:
            left_out.append(LeftOut(reason, _reason_text(reason, n), n))

    # What stands for an event is chosen before any filter of days, hours or offences, so that
    # months and offences add up: an event of two months counts in one of them.
    breaks_always = np.logical_or.reduce([b for r, b in rules.items() if r != NO_TIME])
    stands = ~breaks_always if events is None else events.once(~breaks_always)

    seen_by = () if events is None else events.seen_by(kept, incidents[schema.SOURCE])
    further = kept & ~stands
    kept &= stands
    if events is not None and further.any():
        n_events = len(np.unique(events.event[further[events.members]]))
        n = int(further.sum())
        left_out.append(LeftOut(SAME_EVENT, _events_text(n_events, n), n))

    breaks_any = np.logical_or.reduce(list(rules.values()))
    others = asked_days & asked_time & ~breaks_any
    whole_week = asked_days & asked_offence & stands
    on_clock = whole_week & hour_known
    cell = weekday[on_clock] * HOURS_IN_DAY + hour[on_clock]
    return Filtered(
        selected=kept,
        displaced=kept & moved,
        left_out=tuple(left_out),
        by_offence={group: int((others & stands & has).sum()) for group, has in by_group.items()},
        clock=np.bincount(cell, minlength=7 * HOURS_IN_DAY)
        .astype(np.int64)
        .reshape(7, HOURS_IN_DAY),
        clock_unknown=int(whole_week.sum() - on_clock.sum()),
        seen_by=seen_by,
    )


def _seconds_lasted(incidents: pd.DataFrame) -> IntArray:
    """Return how long after its beginning each incident may have ended; 0 where unknown."""
    begin = incidents[schema.OCCURRED_FROM].to_numpy(dtype="datetime64[s]")
    end = incidents[schema.OCCURRED_TO].to_numpy(dtype="datetime64[s]")
    known = ~(np.isnat(begin) | np.isnat(end))
    lasted = np.zeros(len(begin), dtype=np.int64)
    lasted[known] = (end[known] - begin[known]).astype(np.int64)
    return np.maximum(lasted, 0)


def in_hours(hour: IntArray, window: tuple[int, int]) -> BoolArray:
    """Return whether each hour lies in the window (from, to), `to` excluded, over midnight too."""
    first, last = window
    if first < last:
        return (hour >= first) & (hour < last)
    return (hour >= first) | (hour < last)


def of_sources(incidents: pd.DataFrame, source_ids: frozenset[str]) -> pd.DataFrame:
    """Return the incidents of the named sources; the frame itself where all are."""
    chosen = _matches(incidents[schema.SOURCE], lambda name: name in source_ids)
    return incidents if chosen.all() else incidents[chosen]


def has_offences(incidents: pd.DataFrame, offences: tuple[str, ...]) -> BoolArray:
    """Return which incidents have one of the groups `offences`; all where none is named."""
    if not offences:
        return np.ones(len(incidents), dtype=bool)
    return _matches(
        incidents[schema.OFFENCE_GROUPS],
        lambda value: not set(offences).isdisjoint(value.split(";")),
    )


def _by_group(column: pd.Series) -> dict[str, BoolArray]:
    """Return, for each offence group, which incidents have it among their groups."""
    codes, values = codes_of(column)
    groups = [set(str(value).split(";")) for value in values] + [set()]
    return {
        group: np.array([group in some for some in groups], dtype=bool)[codes]
        for group in OFFENCE_GROUPS
    }


def _matches(column: pd.Series, rule: Callable[[str], bool]) -> BoolArray:
    """Return `rule` of each text, asked once for every distinct one."""
    codes, values = codes_of(column)  # −1 for missing: the last answer
    answers = np.array([rule(str(value)) for value in values] + [rule("")], dtype=bool)
    return answers[codes]


def _reason_text(reason: str, n: int) -> str:
    if reason == NO_DATE:
        text = ngettext(
            "{n} incident has no date precise enough and is left out.",
            "{n} incidents have no date precise enough and are left out.",
            n,
        )
    elif reason == NO_OFFENCE:
        text = ngettext(
            "{n} record of what did not happen or is no offence is left out.",
            "{n} records of what did not happen or is no offence are left out.",
            n,
        )
    elif reason == RELEVANCE:
        text = ngettext(
            "{n} incident whose position is not the place of the act is left out.",
            "{n} incidents whose position is not the place of the act are left out.",
            n,
        )
    elif reason == NO_TIME:
        text = ngettext(
            "{n} incident without a known time is left out, as weekdays or hours are chosen.",
            "{n} incidents without a known time are left out, as weekdays or hours are chosen.",
            n,
        )
    else:
        text = ngettext(
            "{n} incident with a position moved by its publisher is left out.",
            "{n} incidents with positions moved by their publisher are left out.",
            n,
        )
    return text.format(n=format_number(n))


def _events_text(n_events: int, n_further: int) -> str:
    counted = ngettext(
        "{n} event was recorded more than once and counts once;",
        "{n} events were recorded more than once and count once each;",
        n_events,
    ).format(n=format_number(n_events))
    further = ngettext(
        "{n} further record of such an event is left out.",
        "{n} further records of such events are left out.",
        n_further,
    ).format(n=format_number(n_further))
    return f"{counted} {further}"


def displaced_refusal(n: int) -> str:
    """Return why displaced incidents are not counted finely, and what to do instead."""
    return ngettext(
        "{n} chosen incident is displaced: its publisher moved it to the centre of a larger area, "
        "so that its position says nothing of streets; count by district (--by district), leave "
        "it out (--exact-only) or choose another source",
        "{n} chosen incidents are displaced: their publisher moved them to the centres of larger "
        "areas, so that their positions say nothing of streets; count by district "
        "(--by district), leave them out (--exact-only) or choose another source",
        n,
    ).format(n=format_number(n))


def displaced_note(n: int) -> str:
    """Return the note that `n` selected incidents stand on displaced positions."""
    return ngettext(
        "{n} incident stands at a position moved by its publisher; near a boundary it may be "
        "counted next door.",
        "{n} incidents stand at positions moved by their publisher; near a boundary they may be "
        "counted next door.",
        n,
    ).format(n=format_number(n))
