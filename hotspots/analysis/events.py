"""Each event counts once: which of the incidents that persons linked stands for it."""

from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from hotspots import schema
from hotspots.link import event_ids
from hotspots.store.source import Source

if TYPE_CHECKING:
    from hotspots.store import Store

BoolArray = npt.NDArray[np.bool_]
IntArray = npt.NDArray[np.int64]

# Best first. What stands for an event is the incident with the best place, then the best time.
_PLACES: Final = (
    "coordinates",
    "manual",
    "address",
    "corner",
    "landmark",
    "street",
    "district",
    "town_part",
)
_TIMES: Final = ("minute", "hour", "span", "day", "month", "unknown")
# The municipal police is the programme's own record; assistants report to it.
_KINDS: Final = ("municipal_police", "state_police", "apk", "other")


@dataclass(frozen=True)
class SeenBy:
    """How many events the same sources recorded; `sources` are ids in order, one or more."""

    sources: tuple[str, ...]
    n_events: int


@dataclass(frozen=True)
class SeenTogether:
    """How many events two sources both recorded, after the links confirmed so far."""

    one: str  # labels
    two: str
    n_events: int
    share_one: float  # of the incidents of each, 0 to 1; NaN for a source without any
    share_two: float


@dataclass(frozen=True)
class Events:
    """Which of k incidents are one event.

    Attributes
    ----------
    members
        Positions of the incidents that share their event with another, sorted by event and
        within it by how well they stand for it, the best first.
    event
        Event of each of `members`.
    """

    members: IntArray
    event: IntArray

    def once(self, chosen: BoolArray) -> BoolArray:
        """Return `chosen` with one incident of every event, the best of those chosen."""
        kept = chosen.copy()
        there = chosen[self.members]
        members, event = self.members[there], self.event[there]
        repeated = np.zeros(len(event), dtype=bool)
        repeated[1:] = event[1:] == event[:-1]
        kept[members[repeated]] = False
        return kept

    def seen_by(self, chosen: BoolArray, sources: pd.Series) -> tuple[SeenBy, ...]:
        """Return which sources the events of two or more chosen incidents were recorded by."""
        there = chosen[self.members]
        members, event = self.members[there], self.event[there]
        names = sources.iloc[members].astype(str).to_numpy()
        groups: dict[int, list[str]] = {}
        for number, name in zip(event.tolist(), names, strict=True):
            groups.setdefault(number, []).append(str(name))
        counted: dict[tuple[str, ...], int] = {}
        for found in groups.values():
            if len(found) > 1:
                key = tuple(sorted(set(found)))
                counted[key] = counted.get(key, 0) + 1
        ordered = sorted(counted.items(), key=lambda item: (-item[1], item[0]))
        return tuple(SeenBy(key, n) for key, n in ordered)


def find_events(
    incidents: pd.DataFrame, links: pd.DataFrame, sources: tuple[Source, ...], *, usable: BoolArray
) -> Events:
    """Return which incidents are one event, and which of them stands for it first.

    Parameters
    ----------
    incidents
        k incidents with `incident_id`, `source`, `time_precision`, `x`, `y`, `place_method`,
        `place_precision_m` and `displaced`. Not modified.
    links
        Confirmed pairs; see `hotspots.link.event_ids`.
    sources
        Sources of the incidents, for their kinds.
    usable
        Shape (k,): incidents on a day of which their own source keeps record. Another incident
        of the same event never gives way to one that would not be counted.

    Returns
    -------
    events
        The order within an event: usable before others; placed exactly before displaced before
        without position; by method (coordinates, manual, address, corner, landmark, street,
        district, town part) and precision; by time precision (minute, hour, span, day, month);
        by kind of source (municipal police, state police, assistants, others); by id.
    """
    event = event_ids(incidents[schema.INCIDENT_ID], links)
    size = np.bincount(event, minlength=len(event))
    members = np.flatnonzero(size[event] > 1).astype(np.int64)
    if not len(members):
        return Events(members, members)
    rows = incidents.iloc[members]
    kind_of = {source.source_id: source.kind for source in sources}
    x, y = (rows[name].to_numpy(dtype=np.float64) for name in (schema.X, schema.Y))
    off_m = np.nan_to_num(rows[schema.PLACE_PRECISION_M].to_numpy(dtype=np.float64), nan=0.0)
    keys = (
        rows[schema.INCIDENT_ID].rank().to_numpy(),
        _rank([kind_of.get(str(name), "") for name in rows[schema.SOURCE]], _KINDS),
        _rank(rows[schema.TIME_PRECISION], _TIMES),
        off_m,
        _rank(rows[schema.PLACE_METHOD], _PLACES),
        rows[schema.DISPLACED].to_numpy(dtype=bool),
        ~(np.isfinite(x) & np.isfinite(y)),
        ~usable[members],
        event[members],
    )
    order = np.lexsort(keys)
    return Events(members[order], event[members][order])


def share_seen(events: tuple[SeenBy, ...]) -> list[tuple[tuple[str, str], int]]:
    """Return how many events each two sources both recorded, most first."""
    counted: dict[tuple[str, str], int] = {}
    for seen in events:
        for one, two in combinations(seen.sources, 2):
            counted[one, two] = counted.get((one, two), 0) + seen.n_events
    return sorted(counted.items(), key=lambda item: (-item[1], item[0]))


def find_contradictions(links: pd.DataFrame) -> pd.DataFrame:
    """Return the dismissed pairs of `schema.LINK_COLUMNS` that confirmed links join.

    If A is B and B is C, then A is C, whatever was said of these two: they count as one event
    until one of the decisions is taken back.
    """
    dismissed = links[links[schema.LINK_STATE] == schema.DISMISSED_LINK]
    _n, one_event = events_of(dismissed, links)
    return dismissed[one_event].reset_index(drop=True)


def count_records(links: pd.DataFrame, incident_id: str) -> int:
    """Return how many records are one event with an incident, itself included."""
    alone = pd.DataFrame({schema.INCIDENT_A: [incident_id], schema.INCIDENT_B: [incident_id]})
    return int(events_of(alone, links)[0][0])


def events_of(pairs: pd.DataFrame, links: pd.DataFrame) -> tuple[IntArray, BoolArray]:
    """Return how many records are one event if each pair is, and whether links join it already.

    Parameters
    ----------
    pairs
        n pairs with `incident_a` and `incident_b`. Not modified.
    links
        `schema.LINK_COLUMNS`; see `hotspots.link.event_ids`.

    Returns
    -------
    n_records, one_event
        Shape (n,): how many records the events of both hold together, and whether it is one.
    """
    ones, twos = (pairs[name].astype(str) for name in (schema.INCIDENT_A, schema.INCIDENT_B))
    linked = [links[name].astype(str) for name in (schema.INCIDENT_A, schema.INCIDENT_B)]
    ids = pd.Series(pd.unique(pd.concat([ones, twos, *linked])), dtype="str")
    events = event_ids(ids, links)
    size = np.bincount(events, minlength=max(len(ids), 1))
    at = pd.Index(ids)
    one, two = (events[at.get_indexer(names)] for names in (ones, twos))
    n_records = np.where(one == two, size[one], size[one] + size[two])
    return n_records.astype(np.int64), one == two


def seen_together(store: "Store") -> tuple[list[SeenTogether], tuple[SeenBy, ...]]:
    """Return how many events each two sources both recorded, and which sources each event has.

    Only links that persons confirmed count; filters of pages do not.
    """
    links = store.read_links(states=(schema.CONFIRMED_LINK,))
    ids = pd.Series(sorted({*links[schema.INCIDENT_A], *links[schema.INCIDENT_B]}), dtype="str")
    groups: dict[int, set[str]] = {}
    for event, name in zip(event_ids(ids, links).tolist(), ids, strict=True):
        groups.setdefault(event, set()).add(str(name).partition(":")[0])
    counted: dict[tuple[str, ...], int] = {}
    both: dict[tuple[str, str], int] = {}
    for sources in groups.values():
        named = tuple(sorted(sources))
        counted[named] = counted.get(named, 0) + 1
        for i, one in enumerate(named):
            for two in named[i + 1 :]:
                both[one, two] = both.get((one, two), 0) + 1
    known = {source.source_id: source for source in store.sources()}
    table = [
        SeenTogether(
            known[one].label,
            known[two].label,
            n,
            _share(n, known[one].n_incidents),
            _share(n, known[two].n_incidents),
        )
        for (one, two), n in sorted(both.items(), key=lambda item: (-item[1], item[0]))
    ]
    ordered = sorted(counted.items(), key=lambda item: (-item[1], item[0]))
    return table, tuple(SeenBy(key, n) for key, n in ordered)


def _share(n: int, total: int) -> float:
    return n / total if total else float("nan")


def _rank(values: "pd.Series | list[str]", order: tuple[str, ...]) -> IntArray:
    """Return the position of each value in `order`; what is not in it comes last."""
    place = {name: number for number, name in enumerate(order)}
    return np.array([place.get(str(value), len(order)) for value in values], dtype=np.int64)
