"""The overview for those who are not staff: fixed tables, in which small counts are hidden.

It takes no filters and no dates, so that it is the same for everybody and no two answers can be
subtracted. See `docs/privacy.md`.
"""

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd

from hotspots import layers, schema
from hotspots.analysis.credits import credit_counted
from hotspots.analysis.events import Events, find_events
from hotspots.analysis.filters import COLUMNS_READ, filter_incidents, has_offences
from hotspots.analysis.overview_periods import PUBLISH_AFTER_DAYS as PUBLISH_AFTER_DAYS
from hotspots.analysis.overview_periods import list_published as list_published
from hotspots.analysis.overview_tables import (
    ALL,
    CLASSES,
    FEWEST_FOR_QUARTERS,
    GOAL,
    OTHER,
    QUARTER_GROUPS,
    TOWN_GROUPS,
    YearCounts,
    publish,
)
from hotspots.analysis.rate_ratio import RateRatio, rate_ratio
from hotspots.analysis.situation import LOCAL_TIME as LOCAL_TIME
from hotspots.analysis.situation import sources_that_count
from hotspots.analysis.words import record_gaps
from hotspots.offences import COEXISTENCE, GOAL_GROUPS, OFFENCE_GROUPS, PUBLIC_ORDER
from hotspots.periods import (
    QUARTER,
    YEAR,
    Period,
    RecordCalendar,
    Span,
    day_numbers,
    list_periods,
)
from hotspots.placement import IN_AREAS, OFF_RECORD, OUTSIDE, on_own_record, place_incidents
from hotspots.privacy import SHOWN, PublishedCell
from hotspots.selection import Selection
from hotspots.settings import Workspace
from hotspots.store.source import Source

if TYPE_CHECKING:
    from hotspots.store import Store

IntArray = npt.NDArray[np.int64]

MOST_YEARS: Final = 10
# Areas that a council may see, the first kind that the town has and not too many of; nothing finer
# than districts.
AREA_KINDS: Final = (schema.DISTRICT, schema.TOWN_PART, schema.CADASTRAL_UNIT)
# Hiding small counts safely takes the longer the more areas there are: seconds a year up to here.
MOST_AREAS: Final = 60
_OFFENCES: Final = {
    PUBLIC_ORDER: (PUBLIC_ORDER,),
    COEXISTENCE: (COEXISTENCE,),
    GOAL: GOAL_GROUPS,
    OTHER: tuple(group for group in OFFENCE_GROUPS if group not in GOAL_GROUPS),
    ALL: (),
}


@dataclass(frozen=True)
class Number:
    """A published cell with the state of its record; `count` is None unless it is shown."""

    mark: str  # shown, small, hidden, or `schema.MISSING`
    count: int | None
    record: str  # recorded, partial, missing


@dataclass(frozen=True)
class PeriodNumbers:
    """The town in one year or quarter: group → number."""

    period: Period
    town: dict[str, Number]


@dataclass(frozen=True)
class YearNumbers(PeriodNumbers):
    """One year, by area too: rows in the order of `Overview.areas`, and those of no known area."""

    areas: tuple[dict[str, Number], ...]
    elsewhere: dict[str, Number]


@dataclass(frozen=True)
class Change:
    """Two years with whole record and shown numbers, compared."""

    before: int
    after: int
    year: int
    result: RateRatio


@dataclass(frozen=True)
class Overview:
    """All that the council sees; there are no other counts in it, nor anything of one incident.

    Attributes
    ----------
    kind, areas
        Kind of the areas and their frame (EPSG:5514, sorted by `area_id`); None without any, or
        with more than `MOST_AREAS` of each kind.
    years, quarters
        Published years, and published quarters of the year after the last, in order.
    year
        The year that the finding and the map are about: the last with whole record, else the
        last with some; None without any.
    change
        That year against the one before; None where they cannot be compared.
    span
        Days published; None while no period is.
    gaps
        Days in `span` without any record of goal 1.
    next_day
        When the next period will be published.
    left_out
        Reason → how many incidents; to be said by `privacy.about` only.
    sources, boundaries
        Citations.
    """

    kind: str | None
    areas: gpd.GeoDataFrame | None
    years: tuple[YearNumbers, ...]
    quarters: tuple[PeriodNumbers, ...]
    year: YearNumbers | None
    change: Change | None
    span: Span | None
    gaps: tuple[Span, ...]
    next_day: date
    left_out: tuple[tuple[str, int], ...]
    sources: tuple[str, ...]
    boundaries: tuple[str, ...]


def overview(
    store: "Store",
    workspace: Workspace,
    *,
    today: date,
    incidents: pd.DataFrame | None = None,
) -> Overview:
    """Count what may be published on a day, and hide what must be.

    Incidents count as in `situation` (each event once, dated by its first day, by the areas of
    their time); those without a known area count in the town. One with both groups of goal 1
    counts under public order, so that the two add up.

    Parameters
    ----------
    store
        The open store of `workspace`.
    workspace
        Whose areas are counted by.
    today
        Decides which periods are published: see `list_published`.
    incidents
        What ``store.read_incidents(columns=COLUMNS_READ)`` gives, where the caller keeps it.
        Not modified.

    Raises
    ------
    NotFoundError, SourceError, SchemaError, CRSError
        The layers cannot be read.
    """
    sources = tuple(sorted(store.sources(), key=lambda source: source.source_id))
    if incidents is None:
        incidents = store.read_incidents(columns=COLUMNS_READ)
    speaking = {
        group: sources_that_count(sources, incidents, Selection(offences=offences))
        for group, offences in _OFFENCES.items()
    }
    kind, areas = _read_areas(workspace)
    starts = [span.start for source in speaking[GOAL] or sources for span in source.record]
    release = list_published(today, first=min(starts, default=today))
    span = release.span
    if span is None or not starts:
        return Overview(
            kind=kind,
            areas=areas,
            years=(),
            quarters=(),
            year=None,
            change=None,
            span=None,
            gaps=(),
            next_day=release.next_day,
            left_out=(),
            sources=(),
            boundaries=(),
        )
    calendars = {
        group: RecordCalendar.build(span, [source.record for source in spoken])
        for group, spoken in speaking.items()
    }
    counted = _count(store, workspace, incidents, sources, areas=areas, kind=kind, span=span)
    years: list[YearNumbers] = []
    for period in release.years:
        parts = list_periods(_days(period), every=QUARTER) if _has_quarters(years) else ()
        published = publish(counted.of_year(period, parts))
        states = {group: calendars[group].state(period) for group in TOWN_GROUPS}
        rows = [_numbers(row, states) for row in published.areas]
        years.append(
            YearNumbers(period, _numbers(published.town, states), tuple(rows[:-1]), rows[-1])
        )
    quarters = []
    if release.quarters and _has_quarters(years):
        part = publish(counted.of_year(None, release.quarters))
        for period, cells in zip(release.quarters, part.quarters, strict=True):
            states = {group: calendars[group].state(period) for group in QUARTER_GROUPS}
            quarters.append(PeriodNumbers(period, _numbers(cells, states)))
    years = years[-MOST_YEARS:]
    span = Span(years[0].period.start, span.end) if years else span
    year = _choose_year(years)
    return Overview(
        kind=kind,
        areas=areas,
        years=tuple(years),
        quarters=tuple(quarters),
        year=year,
        change=_compare(years, year),
        span=span,
        gaps=tuple(gap for gap in record_gaps(calendars[GOAL]) if gap.end >= span.start),
        next_day=release.next_day,
        left_out=counted.left_out,
        sources=tuple(source.citation or source.label for source in speaking[GOAL]),
        boundaries=credit_counted(workspace, areas) if areas is not None else (),
    )


def _has_quarters(years: list[YearNumbers]) -> bool:
    """Return whether quarters of the year after `years` are published: see `overview_tables`."""
    goal = years[-1].town[GOAL].count if years else None
    return goal is not None and goal >= FEWEST_FOR_QUARTERS


def _days(period: Period) -> Span:
    return Span(period.start, period.end)


def _read_areas(workspace: Workspace) -> tuple[str | None, gpd.GeoDataFrame | None]:
    present = layers.present_kinds(workspace)
    for kind in AREA_KINDS:
        if kind not in present:
            continue
        areas = layers.read_areas(workspace, kind)
        if len(areas) <= MOST_AREAS:
            return kind, areas.sort_values(schema.AREA_ID, kind="stable", ignore_index=True)
    return None, None


def _numbers(cells: dict[str, PublishedCell], states: dict[str, str]) -> dict[str, Number]:
    return {
        group: Number(schema.MISSING, None, schema.MISSING)
        if states[group] == schema.MISSING
        else Number(cell.mark, cell.count, states[group])
        for group, cell in cells.items()
    }


def _choose_year(years: list[YearNumbers]) -> YearNumbers | None:
    for state in (schema.RECORDED, schema.PARTIAL):
        for year in reversed(years):
            if year.town[GOAL].record == state:
                return year
    return None


def _compare(years: list[YearNumbers], year: YearNumbers | None) -> Change | None:
    """Compare a year with the one before, where both have whole record and shown numbers."""
    place = years.index(year) if year is not None else 0
    if year is None or place == 0:
        return None
    before, after = years[place - 1].town[GOAL], year.town[GOAL]
    whole = before.record == after.record == schema.RECORDED
    shown = before.mark == after.mark == SHOWN
    if not (whole and shown) or before.count is None or after.count is None:
        return None
    result = rate_ratio(
        before.count,
        after.count,
        days_before=years[place - 1].period.n_days,
        days_after=year.period.n_days,
    )
    return Change(before.count, after.count, year.period.start.year, result)


@dataclass(frozen=True)
class _Counted:
    """Every counted incident once: its day, its area (the last for none known) and its class."""

    days: npt.NDArray[np.datetime64]
    area: IntArray
    group: IntArray
    n_areas: int
    left_out: tuple[tuple[str, int], ...]

    def of_year(self, year: Period | None, quarters: tuple[Period, ...]) -> YearCounts:
        """Return the counts of a whole year with its quarters, or of the quarters alone."""
        by_area = np.zeros((self.n_areas + 1, len(CLASSES)), dtype=np.int64)
        if year is not None:
            at = self._within(year)
            np.add.at(by_area, (self.area[at], self.group[at]), 1)
        is_goal = self.group != CLASSES.index(OTHER)
        by_quarter = np.array(
            [int((self._within(period) & is_goal).sum()) for period in quarters], dtype=np.int64
        )
        return YearCounts.of(by_area, by_quarter, is_whole=year is not None)

    def _within(self, period: Period) -> npt.NDArray[np.bool_]:
        start, end = np.datetime64(period.start), np.datetime64(period.end)
        return np.asarray((self.days >= start) & (self.days <= end), dtype=bool)


def _count(
    store: "Store",
    workspace: Workspace,
    incidents: pd.DataFrame,
    sources: tuple[Source, ...],
    *,
    areas: gpd.GeoDataFrame | None,
    kind: str | None,
    span: Span,
) -> _Counted:
    record = {source.source_id: source.record for source in sources}
    events = _find_events(store, incidents, sources)
    placed_by = kind or schema.MUNICIPALITY
    filtered = filter_incidents(
        incidents, Selection(by=placed_by, every=YEAR, span=span), span=span, events=events
    )
    selected = incidents[filtered.selected]
    placement = place_incidents(
        selected,
        layers.read_areas(workspace, placed_by) if areas is None else areas,
        record_by_source=record,
        boundary=layers.read_boundary(workspace),
        former=layers.read_former(workspace, placed_by),
    )
    n_areas = 0 if areas is None else len(areas)
    area = np.full(len(selected), n_areas, dtype=np.int64)
    if areas is not None:
        area[placement.points] = placement.rows
        area[placement.where != IN_AREAS] = n_areas
    group = np.full(len(selected), CLASSES.index(OTHER), dtype=np.int64)
    for name in (COEXISTENCE, PUBLIC_ORDER):
        group[has_offences(selected, (name,))] = CLASSES.index(name)
    counted = ~np.isin(placement.where, (OFF_RECORD, OUTSIDE))
    left_out = [(part.reason, part.n) for part in filtered.left_out]
    left_out += [
        (reason, int((placement.where == code).sum()))
        for reason, code in (("outside", OUTSIDE), ("off_record", OFF_RECORD))
    ]
    times = selected[schema.OCCURRED_FROM].to_numpy(dtype="datetime64[s]")
    return _Counted(
        days=times.astype("datetime64[D]")[counted],
        area=area[counted],
        group=group[counted],
        n_areas=n_areas,
        left_out=tuple((reason, n) for reason, n in left_out if n),
    )


def _find_events(
    store: "Store", incidents: pd.DataFrame, sources: tuple[Source, ...]
) -> Events | None:
    links = store.read_links(states=(schema.CONFIRMED_LINK,))
    if not len(links):
        return None
    began = day_numbers(incidents[schema.OCCURRED_FROM].to_numpy(dtype="datetime64[s]"))
    record = {source.source_id: source.record for source in sources}
    usable = on_own_record(incidents[schema.SOURCE], began, record)
    return find_events(incidents, links, sources, usable=usable)
