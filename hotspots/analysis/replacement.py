"""What would move if incidents of former times were placed by the layers in force."""

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
from shapely.geometry.base import BaseGeometry

from hotspots import layers, schema
from hotspots.analysis.kinds import kind_label
from hotspots.former import FormerAreas
from hotspots.i18n import format_number, ngettext
from hotspots.join import AreaIndex
from hotspots.placement import IN_FORCE, TOO_COARSE, locate_incidents
from hotspots.settings import Workspace

if TYPE_CHECKING:
    from hotspots.store import Store

IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]

_COLUMNS: Final = (
    schema.OCCURRED_FROM,
    schema.X,
    schema.Y,
    schema.PLACE_METHOD,
    schema.PLACE_PRECISION_M,
    schema.DISPLACED,
    schema.COUNTED,
)


@dataclass(frozen=True)
class Moves:
    """What would move among areas of one kind.

    Attributes
    ----------
    kind
        One of `schema.KEPT_KINDS`.
    n_changed
        Incidents that would count in another area.
    n_left
        Incidents in an area that would lie in none.
    n_entered
        Incidents in no area that would lie in one.
    n_gone
        Incidents whose area of that time is gone: their position decides already.
    """

    kind: str
    n_changed: int
    n_left: int
    n_entered: int
    n_gone: int = 0

    @property
    def n_moved(self) -> int:
        """Incidents that would move at all."""
        return self.n_changed + self.n_left + self.n_entered


@dataclass(frozen=True)
class Replacement:
    """What would move if all incidents were placed by the layers in force.

    Attributes
    ----------
    kinds
        One entry for every kind of area that the layers in force have and in which incidents
        keep their place, in the order of `schema.AREA_KINDS`.
    n_incidents
        Incidents of former times: counted, dated and with a position.
    n_moved
        Those among them that would move among areas of one kind at least.
    since
        Days from which on later layers place, in order; empty where all incidents are placed by
        the layers in force.
    """

    kinds: tuple[Moves, ...]
    n_incidents: int
    n_moved: int
    since: tuple[date, ...]


def what_would_move(
    store: "Store", workspace: Workspace, *, since: date | None = None
) -> Replacement:
    """Return what `layers place` would move, before it does.

    Every incident that can be counted is looked at, whatever its source kept record of.
    Incidents at displaced positions are looked at for `schema.DISPLACED_KINDS` only, as they are
    counted by nothing finer.

    Parameters
    ----------
    store
        The open store of `workspace`.
    workspace
        Whose layers place.
    since
        Look at incidents from this day on only, as ``layers place --from`` does.

    Returns
    -------
    replacement

    Raises
    ------
    NotFoundError, SourceError, SchemaError, CRSError
        As `layers.read_former`.
    """
    kinds = [kind for kind in layers.present_kinds(workspace) if kind in schema.KEPT_KINDS]
    former = {kind: layers.read_former(workspace, kind) for kind in kinds}
    days = tuple(sorted({entry.until for entries in former.values() for entry in entries}))
    if not days:
        return Replacement(tuple(Moves(kind, 0, 0, 0) for kind in kinds), 0, 0, ())
    incidents = _of_former_times(store.read_incidents(columns=_COLUMNS), since, days[-1])
    boundary = layers.read_boundary(workspace)
    displaced = incidents[schema.DISPLACED].to_numpy(dtype=bool)
    moved = np.zeros(len(incidents), dtype=bool)
    found = []
    for kind in kinds:
        asked = np.flatnonzero(~displaced | (kind in schema.DISPLACED_KINDS))
        areas = layers.read_areas(workspace, kind)
        chosen = incidents.iloc[asked]
        then, now, gone = _then_and_now(chosen, areas, boundary, former[kind])
        moved[asked] |= then != now
        found.append(
            Moves(
                kind,
                n_changed=int(((then >= 0) & (now >= 0) & (then != now)).sum()),
                n_left=int(((then >= 0) & (now < 0)).sum()),
                n_entered=int(((then < 0) & (now >= 0)).sum()),
                n_gone=int(gone.sum()),
            )
        )
    return Replacement(tuple(found), len(incidents), int(moved.sum()), days)


def _of_former_times(incidents: pd.DataFrame, since: date | None, until: date) -> pd.DataFrame:
    """Return the incidents from `since` and before `until` that can be counted in an area."""
    times = incidents[schema.OCCURRED_FROM].to_numpy(dtype="datetime64[s]")
    placed = np.isfinite(incidents[[schema.X, schema.Y]].to_numpy(dtype=np.float64)).all(axis=1)
    # NaT is before nothing.
    chosen = (
        placed & (times < np.datetime64(until)) & incidents[schema.COUNTED].to_numpy(dtype=bool)
    )
    if since is not None:
        chosen &= times >= np.datetime64(since)
    return incidents.iloc[np.flatnonzero(chosen)]


def say_gone(moved: Replacement) -> tuple[str, ...]:
    """Return for which kinds the place of their time is lost to incidents, a sentence each."""
    return tuple(
        ngettext(
            "{kind}: {n} of these incidents lay in an area that no longer exists; "
            "its position decides.",
            "{kind}: {n} of these incidents lay in areas that no longer exist; "
            "their position decides.",
            kind.n_gone,
        ).format(kind=kind_label(kind.kind), n=format_number(kind.n_gone))
        for kind in moved.kinds
        if kind.n_gone
    )


def _then_and_now(
    incidents: pd.DataFrame,
    areas: gpd.GeoDataFrame,
    boundary: BaseGeometry,
    former: tuple[FormerAreas, ...],
) -> tuple[IntArray, IntArray, BoolArray]:
    """Return each incident's row of `areas` as it counts now and if placed anew; −1 for none.

    Then whether the area in which it lay in its time is gone.
    """
    index = AreaIndex(areas)
    rows = []
    gone = _of_times(incidents, former)
    for entries in (former, ()):
        placement = locate_incidents(
            incidents, areas, boundary=boundary, index=index, former=entries
        )
        row = np.full(len(incidents), -1, dtype=np.int64)
        row[placement.points] = placement.rows
        rows.append(row)
        if entries:
            gone &= (placement.kept_by == IN_FORCE) & (placement.where != TOO_COARSE)
    return rows[0], rows[1], gone


def _of_times(incidents: pd.DataFrame, former: tuple[FormerAreas, ...]) -> BoolArray:
    """Return which incidents are of a time that areas of `former` place."""
    times = incidents[schema.OCCURRED_FROM].to_numpy(dtype="datetime64[s]")
    found = np.zeros(len(incidents), dtype=bool)
    for entry in former:
        theirs = times < np.datetime64(entry.until)
        if entry.since is not None:
            theirs &= times >= np.datetime64(entry.since)
        found |= theirs
    return found
