"""The side panel: every choice of the page as a form control that works without JavaScript."""

from dataclasses import dataclass, field

from hotspots import periods, schema
from hotspots.analysis.filters import RELEVANCE
from hotspots.analysis.situation import Situation
from hotspots.i18n import _, format_number, ngettext
from hotspots.maps.windows import has_record
from hotspots.offences import GOAL_GROUPS, OFFENCE_GROUPS, offence_label
from hotspots.selection import COUNT, DENSITY, HOURS_IN_DAY, RATE
from web import texts
from web.answers import Known, Recorded
from web.charts import clock_classes
from web.params import MONTHS, PageParams, short_day

KINDS = (
    schema.STREET,
    schema.SEGMENT,
    schema.DISTRICT,
    schema.TOWN_PART,
    schema.ELECTORAL_DISTRICT,
    schema.CADASTRAL_UNIT,
    schema.LOCALITY,
    schema.PATROL_BEAT,
    schema.QUARTER,
    schema.GRID,
    schema.MUNICIPALITY,
)
HOUR_PRESETS = ((6, 18), (18, 22), (22, 6))


@dataclass(frozen=True)
class Option:
    """One choice: its value in the URL, its label, and how many incidents stand behind it.

    `n` is None where nobody knows; `title` then says why.
    """

    value: str
    label: str
    checked: bool
    n: int | None = None
    title: str = ""
    disabled: bool = False


@dataclass(frozen=True)
class ClockCell:
    """One hour of one weekday in the clock."""

    x: int
    colour: int
    chosen: bool
    title: str


@dataclass(frozen=True)
class Filters:
    """All choices of the side panel, in the order a user asks: what, when, where, how, whose.

    `first` and `last` are months (2024-03) or days (2024-03-05) as the address has them.
    """

    offences: list[Option]
    offences_hint: str
    goal_query: str
    goal_chosen: bool
    when: list[Option]
    first: str
    last: str
    every: list[Option]
    clock: list[tuple[str, list[ClockCell]]]
    clock_text: str
    weekdays: list[Option]
    hours: list[Option]
    hour_from: int
    hour_to: int
    by: list[Option]
    measures: list[Option]
    sources: list[Option]
    consequence: Option | None = None  # None: no chosen source says what its positions mean
    n_active: int = 0
    hidden: list[tuple[str, str]] = field(default_factory=list)


def make_filters(
    params: PageParams,
    known: Known,
    situation: Situation | None,
    *,
    recorded: dict[str, Recorded],
    present: tuple[str, ...],
    no_rate: str,
) -> Filters:
    """Return the side panel for the state `params`.

    `situation` is None where none can be made; `recorded` is what each source ever recorded;
    `present` are the kinds of area that the town has; `no_rate` says why rates cannot be chosen,
    empty where they can.
    """
    has_rate = not no_rate
    return Filters(
        offences=_offences(params, known, situation, recorded),
        offences_hint=_offences_hint(situation),
        goal_query=params.but(
            offences=() if params.offences == GOAL_GROUPS else GOAL_GROUPS, index=None
        ).to_query(),
        goal_chosen=params.offences == GOAL_GROUPS,
        when=_when(params),
        first=short_day(params.first, last=False) if params.first else "",
        last=short_day(params.last, last=True) if params.last else "",
        every=[
            Option(every, texts.every_label(every), params.every == every)
            for every in (periods.WEEK, periods.MONTH, periods.QUARTER, periods.YEAR)
        ],
        clock=_clock(params, situation),
        clock_text=_clock_text(situation),
        weekdays=[
            Option(str(day), short, day in params.weekdays, title=full)
            for day, (short, full) in enumerate(texts.weekday_labels())
        ],
        hours=_hours(params),
        hour_from=params.hours[0] if params.hours else 0,
        hour_to=params.hours[1] if params.hours else HOURS_IN_DAY,
        by=[
            Option(kind, texts.kind_label(kind), params.by == kind)
            for kind in KINDS
            if kind in present
        ],
        measures=[
            Option(
                measure,
                texts.measure_label(measure, params.by),
                params.measure == measure and (measure != RATE or has_rate),
                disabled=measure == RATE and not has_rate,
                title=no_rate if measure == RATE else "",
            )
            for measure in (COUNT, DENSITY, RATE)
        ],
        sources=[
            Option(
                source.source_id,
                source.label,
                any(source.matches(name) for name in params.sources),
                n=source.n_incidents,
            )
            for source in known.sources
        ],
        consequence=_consequence(params, situation),
        n_active=sum(
            bool(part)
            for part in (
                params.offences,
                params.when != "all",
                params.weekdays,
                params.hours,
                params.sources,
                params.with_consequence,
            )
        ),
        hidden=_hidden(params),
    )


def _hidden(params: PageParams) -> list[tuple[str, str]]:
    """Return what the form carries without asking: the language and the window of time."""
    pairs = []
    if params.window:
        pairs.append(("window", str(params.window)))
    if params.lang:
        pairs.append(("lang", params.lang))
    return pairs


def _offences(
    params: PageParams,
    known: Known,
    situation: Situation | None,
    recorded: dict[str, Recorded],
) -> list[Option]:
    """Return the offences to choose; one that no source ever recorded has no number, not zero."""
    counts = situation.by_offence if situation else {}
    chosen = [
        recorded[s.source_id] for s in known.chosen(params.sources) if s.source_id in recorded
    ]
    ever = frozenset[str]().union(*(source.groups for source in chosen))
    exact = frozenset[str]().union(*(source.exact for source in chosen))
    silent = situation is not None and not has_record(situation.table)

    def option(group: str) -> Option:
        n = counts.get(group, 0)
        title = ""
        if not n and group not in ever:
            title = _("No chosen source records it.")
        elif not n and group not in exact and params.by not in schema.DISPLACED_KINDS:
            title = _("No chosen source records it with exact positions.")
        elif not n and silent:
            title = _("No record was kept in this period.")
        return Option(
            group,
            offence_label(group),
            group in params.offences,
            n=None if title else n,
            title=title,
        )

    return [
        option(group)
        for group in OFFENCE_GROUPS
        if group in GOAL_GROUPS or group in params.offences or counts.get(group, 0)
    ]


def _offences_hint(situation: Situation | None) -> str:
    """Return what the numbers beside offences and in the clock count."""
    text = _("The numbers are incidents that fit the other filters.")
    off = situation.table.tally.n_off_record if situation else 0
    if not off:
        return text
    return (
        text
        + " "
        + ngettext(
            "Among them is {n} on a day without record, which no map counts.",
            "Among them are {n} on days without record, which no map counts.",
            off,
        ).format(n=format_number(off))
    )


def _when(params: PageParams) -> list[Option]:
    presets = [
        Option(
            str(months),
            _("{n} months").format(n=months),
            params.when == str(months),
            title=_("Last {n} months of record").format(n=months),
        )
        for months in MONTHS
    ]
    return [
        *presets,
        Option("all", _("All"), params.when == "all"),
        Option("own", _("Own"), params.when == "own"),
    ]


def _hours(params: PageParams) -> list[Option]:
    names = {(6, 18): _("day"), (18, 22): _("evening"), (22, 6): _("night")}
    options = [Option("0-24", _("all day"), params.hours is None)]
    options += [
        Option(f"{start}-{end}", f"{names[start, end]} {start}–{end}", params.hours == (start, end))
        for start, end in HOUR_PRESETS
    ]
    own = params.hours is not None and params.hours not in HOUR_PRESETS
    return [*options, Option("own", _("Own"), own)]


def _consequence(params: PageParams, situation: Situation | None) -> Option | None:
    """Return the choice that changes something: incidents are left out, or would be."""
    left_out = situation.left_out if situation else ()
    n = sum(part.n for part in left_out if part.reason == RELEVANCE)
    if not n and not params.with_consequence:
        return None
    return Option(
        "1",
        _("Count places of consequence too"),
        params.with_consequence,
        title=_("Where the damage showed, not where the act was done."),
    )


def _in_hours(hour: int, hours: tuple[int, int] | None) -> bool:
    if hours is None:
        return True
    start, end = hours
    return start <= hour < end if start < end else hour >= start or hour < end


def _clock(params: PageParams, situation: Situation | None) -> list[tuple[str, list[ClockCell]]]:
    if situation is None or not (situation.clock.any() or has_record(situation.table)):
        return []  # an empty clock would say that nothing happened
    classes = clock_classes(situation.clock)
    rows = []
    for day, (short, full) in enumerate(texts.weekday_labels()):
        day_chosen = not params.weekdays or day in params.weekdays
        cells = []
        for hour in range(HOURS_IN_DAY):
            n = int(situation.clock[day, hour])
            title = ngettext(
                "{day} {hour}–{next}: {n} incident", "{day} {hour}–{next}: {n} incidents", n
            ).format(day=full, hour=hour, next=hour + 1, n=n)
            chosen = day_chosen and _in_hours(hour, params.hours)
            cells.append(ClockCell(hour, classes[day][hour], chosen, title))
        rows.append((short, cells))
    return rows


def _clock_text(situation: Situation | None) -> str:
    """Return the clock in words, for those who do not see it."""
    if situation is None or not situation.clock.any():
        return _("No incident with a known hour.")
    day, hour = divmod(int(situation.clock.argmax()), HOURS_IN_DAY)
    n = int(situation.clock[day, hour])
    return ngettext(
        "Incidents by weekday and hour. Most on {day} from {hour} to {next}: {n} incident.",
        "Incidents by weekday and hour. Most on {day} from {hour} to {next}: {n} incidents.",
        n,
    ).format(day=texts.weekday_labels()[day][1], hour=hour, next=hour + 1, n=n)
