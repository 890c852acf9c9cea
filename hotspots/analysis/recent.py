"""What changed lately: the last days of record against those before, and what stands out."""

from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from hotspots import schema
from hotspots.analysis.events import find_events
from hotspots.analysis.filters import (
    COLUMNS_READ,
    displaced_refusal,
    filter_incidents,
    of_sources,
)
from hotspots.analysis.kinds import area_labels
from hotspots.analysis.rate_ratio import RateRatio, adjust_p_values, equal_days_p, rate_ratio
from hotspots.analysis.recent_counts import Counts, count_groups, has_groups
from hotspots.analysis.situation import (
    choose_sources,
    place_selected,
    read_layers,
    sources_that_count,
)
from hotspots.errors import ParameterError
from hotspots.offences import OFFENCE_GROUPS
from hotspots.periods import WEEK, RecordCalendar, Span, day_number, day_numbers
from hotspots.placement import OFF_RECORD, OUTSIDE, on_own_record
from hotspots.selection import Selection
from hotspots.settings import Workspace
from hotspots.store.source import Source

if TYPE_CHECKING:
    from hotspots.analysis.held import HeldTown
    from hotspots.store import Store

BoolArray = npt.NDArray[np.bool_]
IntArray = npt.NDArray[np.int64]

LEVEL: Final = 0.05
# Key of a comparison → length of both spans, and how many days earlier the other one lies. All
# are whole weeks, so that weekdays match.
COMPARED: Final = {"week": (7, 7), "month": (28, 28), "year": (28, 364)}
# Fewer incidents in both spans together are not tested: hardly any order of them could stand out.
FEWEST_TOGETHER: Final = 8
FEWEST_NEW: Final = 2
MOST_TOLD: Final = 5
MOST_NEW: Final = 2
_MONTH: Final = 1  # position of the month in `COMPARED`
_MONTH_DAYS: Final = 28
_LONGEST: Final = _MONTH_DAYS + 364  # days looked at
# Totals are one family of tests, areas and groups another; each has half of the level.
_FAMILIES: Final = 2


@dataclass(frozen=True)
class Comparison:
    """Counts of a span and of an earlier one of the same length, on days that both recorded.

    Attributes
    ----------
    key
        `week`, `month` or `year`, see `COMPARED`.
    later, earlier
        The spans.
    n_days
        Days compared: those recorded by every source, as is their fellow in the other span.
    before, after
        Incidents in the town, or without a known place, on these days.
    result
        Ratio of the rates with its exact interval and p; None where no day can be compared.
    q_value
        p corrected for the number of totals; NaN where nothing is compared.
    """

    key: str
    later: Span
    earlier: Span
    n_days: int
    before: int
    after: int
    result: RateRatio | None
    q_value: float

    @property
    def stands_out(self) -> bool:
        """Whether the difference is more than chance explains."""
        return self.q_value <= LEVEL


@dataclass(frozen=True)
class Change:
    """An area, an offence group, or a group in an area that changed more than chance explains.

    `area` is its label and `group` a key of `OFFENCE_GROUPS`; either is empty where it is not
    what changed.
    """

    comparison: Comparison
    area: str
    group: str
    before: int
    after: int
    result: RateRatio
    q_value: float


@dataclass(frozen=True)
class NewHere:
    """A fact, no trend: an area with incidents in `later` and none in the whole year before."""

    area: str
    later: Span
    n: int


@dataclass(frozen=True)
class Recent:
    """What changed, for a `Selection`.

    Attributes
    ----------
    selection
        The question; of its span only the end counts.
    as_of
        Last day looked at, recorded by every source; None where there is no such day.
    sources
        Sources that count.
    held_back_by
        Those of them whose record ends there while another's goes on.
    comparisons
        Week, month, year; empty without `as_of`.
    changes
        What stands out, most certain first, at most `MOST_TOLD`, each area and group once.
    new
        Facts to add; with `changes` at most `MOST_TOLD`.
    n_tested
        Areas and groups tested, over all comparisons.
    """

    selection: Selection
    as_of: date | None
    sources: tuple[Source, ...]
    held_back_by: tuple[Source, ...] = ()
    comparisons: tuple[Comparison, ...] = ()
    changes: tuple[Change, ...] = ()
    new: tuple[NewHere, ...] = ()
    n_tested: int = 0


def what_changed(
    store: "Store",
    workspace: Workspace,
    selection: Selection,
    *,
    as_of: date | None = None,
    held: "HeldTown | None" = None,
) -> Recent:
    """Compare the last 7 and 28 days of record with those before, and with a year earlier.

    Parameters
    ----------
    store, workspace
        As of `hotspots.analysis.situation.situation`.
    selection
        The question. Events count once and incidents are placed as in the situation, but those
        of which only the month is known fall into no week and are left out.
    as_of
        No later day is looked at, nor any after the end of the selection's span. What is compared
        ends at the last day up to it that every source recorded.
    held
        The store's incidents, where the caller keeps them; read from the store otherwise.

    Returns
    -------
    recent
        What stands out has q up to 0.05 after Benjamini and Hochberg. Incidents that come in
        series vary more than the test takes for chance.

    Raises
    ------
    NotFoundError
        A chosen source does not exist, or the workspace has no such areas.
    ParameterError
        Displaced incidents would be counted by areas finer than districts.

    References
    ----------
    Przyborowski & Wilenski (1940), doi:10.1093/biomet/31.3-4.313; Benjamini & Hochberg (1995),
    doi:10.1111/j.2517-6161.1995.tb02031.x
    """
    chosen = choose_sources(store.sources(), selection.sources)
    ids = tuple(source.source_id for source in chosen)
    if held is None:
        incidents = store.read_incidents(sources=ids, columns=COLUMNS_READ)
    else:
        incidents = of_sources(held.incidents, frozenset(ids))
    sources = sources_that_count(chosen, incidents, selection)
    limits = [day for day in (as_of, selection.span.end if selection.span else None) if day]
    end = last_common_day(sources, until=min(limits, default=None))
    if end is None:
        return Recent(selection, None, sources)
    window = Span(end - timedelta(days=_LONGEST - 1), end)
    calendar = RecordCalendar.build(window, [source.record for source in sources])
    is_full = calendar.depth == len(sources)
    selected = _select(store, incidents, replace(selection, every=WEEK), window, chosen)
    counted = read_layers(workspace, selection.by, held)
    areas = counted.areas
    placement = place_selected(
        selected,
        counted,
        record_by_source={source.source_id: source.record for source in chosen},
        held=held,
    )
    in_town = (placement.where != OFF_RECORD) & (placement.where != OUTSIDE)
    times = selected[schema.OCCURRED_FROM].to_numpy(dtype="datetime64[s]")
    offset = day_numbers(times) - day_number(window.start)
    groups = tuple(g for g in OFFENCE_GROUPS if not selection.offences or g in selection.offences)
    has_group = has_groups(selected[schema.OFFENCE_GROUPS], groups)

    comparisons, tables = [], []
    for key, (length, back) in COMPARED.items():
        days = np.arange(_LONGEST - length, _LONGEST)
        days = days[is_full[days] & is_full[days - back]]
        later, earlier = in_town & np.isin(offset, days), in_town & np.isin(offset, days - back)
        comparisons.append(_compare(key, end, len(days), int(earlier.sum()), int(later.sum())))
        tables.append(
            Counts(
                count_groups(earlier, has_group, placement.points, placement.rows, len(areas)),
                count_groups(later, has_group, placement.points, placement.rows, len(areas)),
            )
        )
    comparisons = _correct(comparisons)
    labels = area_labels(areas) if len(areas) > 1 else [""] * len(areas)
    changes, n_tested = _find_changes(comparisons, tables, labels, groups)
    new: list[NewHere] = []
    if is_full.all() and len(areas) > 1:
        of_earlier = offset[placement.points] < _LONGEST - _MONTH_DAYS
        known = np.bincount(placement.rows[of_earlier], minlength=len(areas)) > 0
        month = tables[_MONTH].after[:-1, -1]
        new = _find_new(month, known, labels, comparisons[_MONTH].later, changes)
    return Recent(
        selection=selection,
        as_of=end,
        sources=sources,
        held_back_by=_held_back(sources, end, min(limits, default=None)),
        comparisons=tuple(comparisons),
        changes=tuple(changes),
        new=tuple(new),
        n_tested=n_tested,
    )


def last_common_day(sources: tuple[Source, ...], *, until: date | None = None) -> date | None:
    """Return the last day, up to `until`, of which every source kept record; None without one."""
    if not sources or not all(source.record for source in sources):
        return None
    ends = {span.end for source in sources for span in source.record}
    if until is not None:
        ends = {min(end, until) for end in ends}

    # Days that all recorded end where the record of one of them does, or at `until`.
    for end in sorted(ends, reverse=True):
        if all(any(s.start <= end <= s.end for s in source.record) for source in sources):
            return end
    return None


def _select(
    store: "Store",
    incidents: pd.DataFrame,
    selection: Selection,
    window: Span,
    chosen: tuple[Source, ...],
) -> pd.DataFrame:
    """Return the incidents of `window` that the situation would count, each event once."""
    days = day_numbers(incidents[schema.OCCURRED_FROM].to_numpy(dtype="datetime64[s]"))
    needed = (days >= day_number(window.start)) & (days <= day_number(window.end))
    links = store.read_links(states=(schema.CONFIRMED_LINK,))
    if len(links):  # what stands for an event may lie outside the days looked at
        linked = {*links[schema.INCIDENT_A], *links[schema.INCIDENT_B]}
        needed |= incidents[schema.INCIDENT_ID].isin(linked).to_numpy()
    near = incidents[needed]
    events = None
    if len(links):
        record = {source.source_id: source.record for source in chosen}
        usable = on_own_record(near[schema.SOURCE], days[needed], record)
        events = find_events(near, links, chosen, usable=usable)
    filtered = filter_incidents(near, selection, span=window, events=events)
    n_displaced = int(filtered.displaced.sum())
    if n_displaced and selection.by not in schema.DISPLACED_KINDS:
        raise ParameterError(displaced_refusal(n_displaced))
    return near[filtered.selected]


def _held_back(sources: tuple[Source, ...], end: date, until: date | None) -> tuple[Source, ...]:
    """Return the sources whose record ends at `end` though others go on, and more was asked."""
    lasts = {source.source_id: max(span.end for span in source.record) for source in sources}
    if (until is not None and end >= until) or max(lasts.values()) <= end:
        return ()
    return tuple(source for source in sources if lasts[source.source_id] <= end)


def _compare(key: str, end: date, n_days: int, before: int, after: int) -> Comparison:
    length, back = COMPARED[key]
    later = Span(end - timedelta(days=length - 1), end)
    earlier = Span(later.start - timedelta(days=back), end - timedelta(days=back))
    result = None
    if n_days:
        result = rate_ratio(before, after, days_before=n_days, days_after=n_days)
    return Comparison(key, later, earlier, n_days, before, after, result, float("nan"))


def _correct(comparisons: list[Comparison]) -> list[Comparison]:
    """Return the totals with their q-values."""
    p_values = np.array([c.result.p_value for c in comparisons if c.result is not None])
    q_values = iter(np.minimum(1.0, _FAMILIES * adjust_p_values(p_values)).tolist())
    return [c if c.result is None else replace(c, q_value=next(q_values)) for c in comparisons]


def _find_changes(
    comparisons: list[Comparison],
    tables: list[Counts],
    labels: list[str],
    groups: tuple[str, ...],
) -> tuple[list[Change], int]:
    """Return what stands out among areas and groups, and how many were tested.

    How many incidents both spans hold together says nothing of their order, so that leaving out
    the rare ones keeps the level (Tarone 1990; Bourgon, Gentleman & Huber 2010).
    """

    def names(place: IntArray) -> tuple[str, str]:
        _number, row, column = place.tolist()
        return (*labels, "")[row], (*groups, "")[column]

    before = np.stack([table.before for table in tables])
    after = np.stack([table.after for table in tables])
    tested = before + after >= FEWEST_TOGETHER
    tested[:, -1, -1] = False  # the totals are told apart
    if len(labels) < 2:
        tested[:, :-1] = False
    if len(groups) < 2:
        tested[:, :, :-1] = False
    tested[[c.n_days == 0 for c in comparisons]] = False
    where = np.argwhere(tested)
    p_values = equal_days_p(before[tested], after[tested])
    q_values = np.minimum(1.0, _FAMILIES * adjust_p_values(p_values))
    # Most certain first; of the same certainty whole areas and groups before their parts.
    parts = (where[:, 1] < len(labels)) & (where[:, 2] < len(groups))
    told: set[tuple[str, str]] = set()
    found: list[int] = []
    for i in np.lexsort((p_values, parts)).tolist():
        if q_values[i] > LEVEL:
            continue
        area, group = names(where[i])
        # A group in an area is told only where neither changed as a whole.
        if not {(area, group), (area, ""), ("", group)} & told:
            told.add((area, group))
            found.append(i)
    changes = []
    for i in sorted(found, key=lambda i: q_values[i])[:MOST_TOLD]:
        number, row, column = where[i].tolist()
        counts = int(before[number, row, column]), int(after[number, row, column])
        n_days = comparisons[number].n_days
        result = rate_ratio(*counts, days_before=n_days, days_after=n_days)
        changes.append(
            Change(comparisons[number], *names(where[i]), *counts, result, float(q_values[i]))
        )
    return changes, len(p_values)


def _find_new(
    recently: IntArray, known: BoolArray, labels: list[str], later: Span, changes: list[Change]
) -> list[NewHere]:
    """Return areas not `known` before with incidents `recently`, most first, and none told."""
    told = {change.area for change in changes}
    rows = np.flatnonzero(~known & (recently >= FEWEST_NEW))
    rows = rows[np.argsort(-recently[rows], kind="stable")]
    new = [NewHere(labels[row], later, int(recently[row])) for row in rows.tolist()]
    new = [fact for fact in new if fact.area not in told]
    return new[: min(MOST_NEW, MOST_TOLD - len(changes))]
