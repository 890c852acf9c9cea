"""Each event counts once: which of the incidents that persons linked stands for it."""

from dataclasses import dataclass
from itertools import combinations
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from hotspots import schema
from hotspots.link import event_ids
from hotspots.store.source import Source

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


def _rank(values: "pd.Series | list[str]", order: tuple[str, ...]) -> IntArray:
    """Return the position of each value in `order`; what is not in it comes last."""
    place = {name: number for number, name in enumerate(order)}
    return np.array([place.get(str(value), len(order)) for value in values], dtype=np.int64)
