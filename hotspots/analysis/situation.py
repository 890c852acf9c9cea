"""The situation: where and when the selected incidents happened."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
import pandas as pd

from hotspots import schema
from hotspots.aggregate import CountTable, count_by_area, count_periods, period_of
from hotspots.analysis.counted_layers import CountedLayers, read_counted_layers
from hotspots.analysis.events import SeenBy, find_events
from hotspots.analysis.filters import (
    COLUMNS_READ,
    displaced_refusal,
    filter_incidents,
    has_offences,
    of_sources,
)
from hotspots.analysis.filters import LeftOut as LeftOut
from hotspots.analysis.ranking import RankedArea as RankedArea
from hotspots.analysis.ranking import ranking as ranking
from hotspots.analysis.words import Told, make_finding
from hotspots.errors import NotFoundError, ParameterError
from hotspots.finding import Finding
from hotspots.i18n import _
from hotspots.periods import RecordCalendar, Span, day_number, day_numbers, list_periods
from hotspots.placement import (
    IN_AREAS,
    OFF_AREAS,
    TOO_COARSE,
    Placement,
    kept_places,
    on_own_record,
    place_incidents,
)
from hotspots.selection import Selection
from hotspots.settings import Workspace
from hotspots.store.source import Source

if TYPE_CHECKING:
    from hotspots.analysis.held import HeldTown
    from hotspots.store import Store

LOCAL_TIME = ZoneInfo("Europe/Prague")


@dataclass(frozen=True)
class Situation:
    """Answer to a `Selection`; maps and pages print it and compute nothing.

    Attributes
    ----------
    selection
        The question.
    span
        Days looked at, resolved.
    table
        Area × period counts.
    finding
        The result in words.
    sources
        Chosen sources that can count here (see `sources_that_count`), in order of their ids.
    left_out
        What the selection's rules kept out, reason by reason.
    by_offence
        Offence group → incidents under all other filters, groups with none included.
    clock
        Shape (7, 24): incidents by weekday (Monday first) and hour, under all filters but those
        of weekday and hour.
    clock_unknown
        Incidents without a known hour, in the same selection.
    town
        Shape (m,): incidents per period in the whole study area, in areas or off them, or placed
        too coarsely.
    seen_by
        Selected events that more than one incident records, by their sources; each counts once.
    """

    selection: Selection
    span: Span
    table: CountTable
    finding: Finding
    sources: tuple[Source, ...]
    left_out: tuple[LeftOut, ...]
    by_offence: dict[str, int]
    clock: npt.NDArray[np.int64]
    clock_unknown: int
    town: npt.NDArray[np.int64]
    seen_by: tuple[SeenBy, ...] = ()


def situation(
    store: "Store",
    workspace: Workspace,
    selection: Selection,
    *,
    held: "HeldTown | None" = None,
) -> Situation:
    """Count the selected incidents by area and period, and say in words what is seen.

    Parameters
    ----------
    store
        The open store of `workspace`.
    workspace
        Whose layers are counted by; incidents of earlier times keep the place they had in the
        layers of theirs, until they are placed anew (see `hotspots.placement`).
    selection
        The question. Without a span it means the days from the first to the last that the
        chosen sources keep record of; where none is known, those of the incidents.
    held
        The store's incidents, where the caller keeps them; read from the store otherwise.

    Returns
    -------
    situation
        ``table.tally.n_selected`` and the numbers of `left_out` add up to the incidents of the
        chosen sources that match the selection's filters; without filters of offence, weekday
        and hour, to all those in the span or without a date.

    Raises
    ------
    NotFoundError
        A chosen source does not exist, or the workspace has no areas of the chosen kind.
    ParameterError
        Displaced incidents would be counted by areas finer than districts.
    """
    chosen = choose_sources(store.sources(), selection.sources)
    ids = tuple(source.source_id for source in chosen)
    if held is None:
        incidents = store.read_incidents(sources=ids, columns=COLUMNS_READ)
    else:
        incidents = of_sources(held.incidents, frozenset(ids))
    record_by_source = {source.source_id: source.record for source in chosen}
    sources = sources_that_count(chosen, incidents, selection)
    span = selection.span or default_span(sources or chosen, incidents)
    events = None
    links = store.read_links(states=(schema.CONFIRMED_LINK,))
    if len(links):
        began = day_numbers(incidents[schema.OCCURRED_FROM].to_numpy(dtype="datetime64[s]"))
        usable = on_own_record(incidents[schema.SOURCE], began, record_by_source)
        events = find_events(incidents, links, chosen, usable=usable)
    filtered = filter_incidents(incidents, selection, span=span, events=events)
    n_displaced = int(filtered.displaced.sum())
    if n_displaced and selection.by not in schema.DISPLACED_KINDS:
        raise ParameterError(displaced_refusal(n_displaced))

    counted = read_layers(workspace, selection.by, held)
    periods = list_periods(span, every=selection.every)
    calendar = RecordCalendar.build(span, [source.record for source in sources])
    selected = incidents[filtered.selected]
    placement = place_selected(selected, counted, record_by_source=record_by_source, held=held)
    table = count_by_area(
        selected,
        counted.areas,
        periods=periods,
        calendar=calendar,
        record_by_source=record_by_source,
        boundary=counted.boundary,
        placement=placement,
    )
    days = day_numbers(selected[schema.OCCURRED_FROM].to_numpy(dtype="datetime64[s]"))
    told = Told(
        selection=selection,
        span=span,
        sources=sources,
        calendar=calendar,
        left_out=filtered.left_out,
        beyond=0 if selection.span else _count_beyond(incidents, selection, sources, span=span),
        silent=tuple(source for source in chosen if source not in sources),
        n_displaced=n_displaced,
        kept=kept_places(placement, counted.former),
        boundaries=counted.boundaries,
        backdrop=counted.backdrop,
    )
    return Situation(
        selection=selection,
        span=span,
        table=table,
        finding=make_finding(table, told),
        sources=sources,
        left_out=filtered.left_out,
        by_offence=filtered.by_offence,
        clock=filtered.clock,
        clock_unknown=filtered.clock_unknown,
        town=count_periods(
            period_of(days, periods),
            placement,
            (IN_AREAS, OFF_AREAS, TOO_COARSE),
            n_periods=len(periods),
        ),
        seen_by=filtered.seen_by,
    )


def read_layers(workspace: Workspace, kind: str, held: "HeldTown | None") -> CountedLayers:
    """Return the layers to count by, those that are held where something is."""
    if held is None:
        return read_counted_layers(workspace, kind)
    return held.read_layers(workspace, kind)


def place_selected(
    selected: pd.DataFrame,
    counted: CountedLayers,
    *,
    record_by_source: Mapping[str, Sequence[Span]],
    held: "HeldTown | None",
) -> Placement:
    """Return the place of each selected incident, from what is held where something is."""
    if held is not None:
        return held.place(selected, counted, record_by_source=record_by_source)
    return place_incidents(
        selected,
        counted.areas,
        record_by_source=record_by_source,
        boundary=counted.boundary,
        overlapping=counted.overlapping,
        former=counted.former,
    )


def choose_sources(known: list[Source], names: tuple[str, ...]) -> tuple[Source, ...]:
    """Return the sources that `names` (ids or kinds) mean, all of them without names.

    Raises
    ------
    NotFoundError
        A name is neither the id nor the kind of a known source.
    """
    for name in names:
        if not any(source.matches(name) for source in known):
            listed = ", ".join(source.source_id for source in known) or "–"
            raise NotFoundError(
                _("source '{name}' does not exist; known are: {known}").format(
                    name=name, known=listed
                )
            )
    chosen = [s for s in known if not names or any(s.matches(name) for name in names)]
    return tuple(sorted(chosen, key=lambda source: source.source_id))


def sources_that_count(
    sources: tuple[Source, ...], incidents: pd.DataFrame, selection: Selection
) -> tuple[Source, ...]:
    """Return the chosen sources whose silence would mean anything for this selection.

    A source that never recorded one of the chosen offence groups says nothing of them, and one
    whose positions are all displaced says nothing of streets: the days on which they kept no
    record are no gaps here. Where that leaves none, nothing is known: counts are missing.

    Parameters
    ----------
    sources
        Chosen sources.
    incidents
        Their incidents with `COLUMNS_READ`.
    selection
        The question.
    """
    if not (selection.offences or selection.exact_only):
        return sources
    speaks = has_offences(incidents, selection.offences)
    if selection.exact_only:
        speaks &= ~incidents[schema.DISPLACED].to_numpy(dtype=bool)
    speaking = set(incidents.loc[speaks, schema.SOURCE].unique())
    return tuple(s for s in sources if s.source_id in speaking)


def default_span(sources: tuple[Source, ...], incidents: pd.DataFrame) -> Span:
    """Return the days that the sources keep record of, else of the incidents, else this year."""
    spans = [span for source in sources for span in source.record]
    if spans:
        return Span(min(span.start for span in spans), max(span.end for span in spans))
    times = incidents[schema.OCCURRED_FROM].dropna()
    if len(times):
        return Span(times.min().date(), times.max().date())
    today = datetime.now(tz=LOCAL_TIME).date()
    return Span(date(today.year, 1, 1), today)


def _count_beyond(
    incidents: pd.DataFrame, selection: Selection, sources: tuple[Source, ...], *, span: Span
) -> int:
    """Return how many dated incidents of `sources` that fit lie before or after `span`."""
    times = incidents[schema.OCCURRED_FROM].to_numpy(dtype="datetime64[s]")
    days = day_numbers(times)
    outside = (days < day_number(span.start)) | (days > day_number(span.end))
    fits = (
        has_offences(incidents, selection.offences)
        & incidents[schema.COUNTED].to_numpy(dtype=bool)
        & incidents[schema.SOURCE].isin([source.source_id for source in sources]).to_numpy()
    )
    return int((outside & fits & ~np.isnat(times)).sum())
