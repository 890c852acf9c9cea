"""Where each selected incident went: into an area, off the areas, outside, or nowhere.

An incident counts in areas no finer than its place is known: see `hotspots.fineness`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
from shapely.geometry.base import BaseGeometry

from hotspots import schema
from hotspots.codes import codes_of
from hotspots.errors import SchemaError
from hotspots.fineness import fine_enough
from hotspots.former import FormerAreas
from hotspots.i18n import _
from hotspots.join import AreaIndex
from hotspots.periods import Span, day_number, day_numbers

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]

# Where an incident went, one code each, in this order of precedence.
OFF_RECORD: Final = 0  # on a day on which its own source kept no record
NOT_PLACED: Final = 1  # no position
IN_AREAS: Final = 2
OFF_AREAS: Final = 3  # inside the study area, in no area
OUTSIDE: Final = 4
TOO_COARSE: Final = 5  # inside the study area, its place known too coarsely for these areas
# Placed by the areas in force, not by those of an earlier time.
IN_FORCE: Final = -1
_PLACE_COLUMNS: Final = (schema.X, schema.Y, schema.PLACE_METHOD, schema.PLACE_PRECISION_M)


@dataclass(frozen=True)
class Tally:
    """Where every selected incident went; `n_selected` is the sum of the other fields.

    In a layer whose areas overlap (localities) an incident inside two areas is counted in both,
    but stands in `n_in_areas` once.
    """

    n_selected: int
    n_in_areas: int
    n_off_areas: int  # inside the study area, in no area of this kind ("off street")
    n_outside: int  # outside the study area
    n_not_placed: int  # no position
    n_off_record: int  # on a day on which its own source kept no record
    # inside the study area, but placed only as a street, district or so: too coarsely to count here
    n_too_coarse: int = 0


@dataclass(frozen=True)
class Placement:
    """Where each of k incidents went.

    Attributes
    ----------
    where
        Shape (k,): `OFF_RECORD`, `NOT_PLACED`, `IN_AREAS`, `OFF_AREAS`, `OUTSIDE` or
        `TOO_COARSE`.
    points, rows
        Pairs of an incident in areas (its position in the frame) and an area (its row), sorted
        by incident; one pair per incident unless areas overlap.
    kept_by
        Shape (k,): position in `former` of the areas of its time that an incident keeps its
        place by; `IN_FORCE` for all others.
    """

    where: npt.NDArray[np.int8]
    points: IntArray
    rows: IntArray
    kept_by: IntArray

    def take(self, chosen: IntArray) -> "Placement":
        """Return where some of the incidents went; `chosen` are their positions, rising."""
        position = np.full(len(self.where), -1, dtype=np.int64)
        position[chosen] = np.arange(len(chosen))
        points = position[self.points]
        kept = points >= 0
        return Placement(self.where[chosen], points[kept], self.rows[kept], self.kept_by[chosen])

    def tally(self) -> Tally:
        """Return how many went where."""
        n = np.bincount(self.where, minlength=TOO_COARSE + 1)
        return Tally(
            n_selected=len(self.where),
            n_in_areas=int(n[IN_AREAS]),
            n_off_areas=int(n[OFF_AREAS]),
            n_outside=int(n[OUTSIDE]),
            n_not_placed=int(n[NOT_PLACED]),
            n_off_record=int(n[OFF_RECORD]),
            n_too_coarse=int(n[TOO_COARSE]),
        )


@dataclass(frozen=True)
class KeptPlaces:
    """How many incidents keep the place they had in the layers of their time.

    `until` is the first day from which none does, `version_ids` are the versions of the layers
    they are placed by.
    """

    n_incidents: int
    until: date
    version_ids: tuple[int, ...]


def kept_places(placement: Placement, former: Sequence[FormerAreas]) -> KeptPlaces | None:
    """Return how many incidents of `placement` were placed by `former`; None where none was."""
    kept = placement.kept_by[placement.kept_by != IN_FORCE]
    if not len(kept):
        return None
    used = [former[number] for number in np.unique(kept)]
    return KeptPlaces(
        len(kept), used[-1].until, tuple(sorted({entry.version_id for entry in used}))
    )


def on_own_record(
    sources: pd.Series, days: IntArray, record_by_source: Mapping[str, Sequence[Span]]
) -> npt.NDArray[np.bool_]:
    """Return whether each incident happened on a day on which its own source kept record.

    Parameters
    ----------
    sources
        Source id of each of k incidents.
    days
        Day number of each, shape (k,).
    record_by_source
        Periods of record of every source among them; a source without any has no record.
    """
    codes, names = codes_of(sources)
    kept = np.zeros(len(days), dtype=bool)
    for code, name in enumerate(names):
        own = codes == code
        for span in record_by_source.get(str(name), ()):
            kept |= own & (days >= day_number(span.start)) & (days <= day_number(span.end))
    return kept


def place_incidents(
    incidents: pd.DataFrame,
    areas: gpd.GeoDataFrame,
    *,
    record_by_source: Mapping[str, Sequence[Span]],
    boundary: BaseGeometry,
    overlapping: bool = False,
    index: AreaIndex | None = None,
    former: Sequence[FormerAreas] = (),
) -> Placement:
    """Find the area of every incident, or why it has none.

    Parameters
    ----------
    incidents
        k incidents with `source`, `occurred_from`, `x`, `y`, `place_method`,
        `place_precision_m`. Not modified.
    areas
        n areas of one kind in EPSG:5514. An incident in an area counts as inside the study area,
        even where the boundary, being generalised, passes it by. Not modified.
    record_by_source
        Periods of record by source id.
    boundary
        The study area in EPSG:5514; its edge belongs to it.
    overlapping
        Whether areas may overlap, so that one incident counts in each of them.
    index
        The index of these very `areas`, where the caller keeps one.
    former
        Areas of earlier times, in order of time; not for areas that overlap. See
        `locate_incidents`.

    Returns
    -------
    placement

    Raises
    ------
    SchemaError
        An area is no valid polygon, or a column is missing.
    CRSError
        `areas` is not in EPSG:5514.
    """
    require_columns(
        incidents, (schema.SOURCE, schema.OCCURRED_FROM, *_PLACE_COLUMNS), what="incidents"
    )
    days = day_numbers(incidents[schema.OCCURRED_FROM].to_numpy(dtype="datetime64[s]"))
    on_record = on_own_record(incidents[schema.SOURCE], days, record_by_source)
    asked = np.flatnonzero(on_record)
    found = locate_incidents(
        incidents[[schema.OCCURRED_FROM, *_PLACE_COLUMNS]].iloc[asked],
        areas,
        boundary=boundary,
        overlapping=overlapping,
        index=index,
        former=former,
    )
    where = np.full(len(incidents), OFF_RECORD, dtype=np.int8)
    where[asked] = found.where
    kept_by = np.full(len(incidents), IN_FORCE, dtype=np.int64)
    kept_by[asked] = found.kept_by
    return Placement(where, asked[found.points], found.rows, kept_by)


def keep_on_record(
    found: Placement, incidents: pd.DataFrame, *, record_by_source: Mapping[str, Sequence[Span]]
) -> Placement:
    """Return `found` with the incidents taken out that happened when their source kept no record.

    Parameters
    ----------
    found
        Where `locate_incidents` found the k incidents.
    incidents
        With `source` and `occurred_from`. Not modified.
    record_by_source
        Periods of record by source id.
    """
    days = day_numbers(incidents[schema.OCCURRED_FROM].to_numpy(dtype="datetime64[s]"))
    on_record = on_own_record(incidents[schema.SOURCE], days, record_by_source)
    counted = on_record[found.points]
    return Placement(
        np.where(on_record, found.where, OFF_RECORD).astype(np.int8),
        found.points[counted],
        found.rows[counted],
        np.where(on_record, found.kept_by, IN_FORCE),
    )


def locate_incidents(
    incidents: pd.DataFrame,
    areas: gpd.GeoDataFrame,
    *,
    boundary: BaseGeometry,
    overlapping: bool = False,
    index: AreaIndex | None = None,
    former: Sequence[FormerAreas] = (),
) -> Placement:
    """Find the area of every incident, whatever its source kept record of.

    An incident of a former time keeps the place it had then: it is looked for in the areas of its
    time, and counts in the area of `areas` with the same `area_id`. Where that area is gone, its
    position decides among `areas`; it lay in the town, so in none of them it is off areas. One
    that was off areas or outside then stays so. An incident in the town whose place is known too
    coarsely for `areas` is in none of them, whatever its position: `TOO_COARSE`.

    Parameters
    ----------
    incidents
        k incidents with `occurred_from`, `x`, `y`, `place_method`, `place_precision_m`.
        Not modified.
    areas, boundary, overlapping, index
        As in `place_incidents`.
    former
        Areas of earlier times, in order of time. Each places the incidents from its `since` and
        before its `until`; those of other days and without a date are placed by `areas`.

    Returns
    -------
    placement
        Without `OFF_RECORD`.

    Raises
    ------
    SchemaError, CRSError
        As in `place_incidents`.
    """
    index = AreaIndex(areas) if index is None else index
    x = incidents[schema.X].to_numpy(dtype=np.float64)
    y = incidents[schema.Y].to_numpy(dtype=np.float64)
    where = np.full(len(incidents), OUTSIDE, dtype=np.int8)
    where[~(np.isfinite(x) & np.isfinite(y))] = NOT_PLACED
    row, kept_by = _keep_places(incidents, areas, where, former)
    asked = np.flatnonzero((where != NOT_PLACED) & (kept_by == IN_FORCE))
    if overlapping:
        points, rows = index.pairs(x[asked], y[asked])
    else:
        found = index.locate(x[asked], y[asked])
        points = np.flatnonzero(found >= 0)
        rows = found[points]
    points = asked[points]
    where[points] = IN_AREAS
    rest = asked[where[asked] == OUTSIDE]
    where[rest[_lie_inside(boundary, x[rest], y[rest])]] = OFF_AREAS
    if former:
        kept = np.flatnonzero(row >= 0)
        order = np.argsort(np.concatenate([points, kept]), kind="stable")
        points = np.concatenate([points, kept])[order]
        rows = np.concatenate([rows, row[kept]])[order]
    if areas.empty:
        return Placement(where, points, rows, kept_by)
    fine = fine_enough(incidents, str(areas[schema.KIND].iloc[0]))
    coarse = ~fine & ((where == IN_AREAS) | (where == OFF_AREAS))
    where[coarse] = TOO_COARSE
    kept_by[coarse] = IN_FORCE
    counted = ~coarse[points]
    return Placement(where, points[counted], rows[counted], kept_by)


def _keep_places(
    incidents: pd.DataFrame,
    areas: gpd.GeoDataFrame,
    where: npt.NDArray[np.int8],
    former: Sequence[FormerAreas],
) -> tuple[IntArray, IntArray]:
    """Place incidents of former times by the layers of theirs.

    Writes into `where` what that decides, and returns each incident's row of `areas` (−1 where
    its time gives none) and the position in `former` of what placed it (`IN_FORCE` where nothing
    did).
    """
    row = np.full(len(incidents), -1, dtype=np.int64)
    kept_by = np.full(len(incidents), IN_FORCE, dtype=np.int64)
    if not former:
        return row, kept_by
    times = incidents[schema.OCCURRED_FROM].to_numpy(dtype="datetime64[s]")
    days = day_numbers(times)
    open_yet = (where != NOT_PLACED) & ~np.isnat(times)
    x = incidents[schema.X].to_numpy(dtype=np.float64)
    y = incidents[schema.Y].to_numpy(dtype=np.float64)
    for number, entry in enumerate(former):
        theirs = open_yet & (days < day_number(entry.until))
        if entry.since is not None:
            theirs &= days >= day_number(entry.since)
        own = np.flatnonzero(theirs)
        open_yet[own] = False
        if not len(own):
            continue
        then = AreaIndex(entry.areas).locate(x[own], y[own])
        same = _same_areas(entry.areas, areas)[then]
        off = then < 0
        row[own] = same
        where[own[same >= 0]] = IN_AREAS
        inside = _lie_inside(entry.boundary, x[own[off]], y[own[off]])
        where[own[off][inside]] = OFF_AREAS
        gone = own[(same < 0) & ~off]
        kept_by[own] = number
        kept_by[gone] = IN_FORCE
        # It lay in the town: where no area has it now, it is off areas rather than outside.
        where[gone] = OFF_AREAS
    return row, kept_by


def _same_areas(then: gpd.GeoDataFrame, now: gpd.GeoDataFrame) -> IntArray:
    """Return each former area's row of `now`, −1 where it is gone; a last −1 stands for none."""
    ids = pd.Index(now[schema.AREA_ID].astype(str))
    rows = ids.get_indexer(then[schema.AREA_ID].astype(str))
    return np.append(rows, -1).astype(np.int64)


def _lie_inside(boundary: BaseGeometry, x: FloatArray, y: FloatArray) -> npt.NDArray[np.bool_]:
    """Return whether each point lies in the study area or on its edge."""
    if not len(x):
        return np.zeros(0, dtype=bool)
    # Threads may share the boundary, and preparing it in two of them corrupts memory.
    own = shapely.from_wkb(shapely.to_wkb(boundary))
    shapely.prepare(own)
    return np.asarray(shapely.intersects_xy(own, x, y), dtype=bool)


def require_columns(frame: pd.DataFrame, columns: Sequence[str], *, what: str) -> None:
    """Raise `SchemaError` unless `frame` (named `what`) has all `columns`."""
    lacking = [column for column in columns if column not in frame.columns]
    if lacking:
        raise SchemaError(
            _("{what} lack the columns {columns}").format(what=what, columns=", ".join(lacking))
        )
