"""Where each selected incident went: into an area, off the areas, outside, or nowhere."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
from shapely.geometry.base import BaseGeometry

from hotspots import schema
from hotspots.errors import SchemaError
from hotspots.i18n import _
from hotspots.join import AreaIndex
from hotspots.periods import Span, day_number, day_numbers

IntArray = npt.NDArray[np.int64]

# Where an incident went, one code each, in this order of precedence.
OFF_RECORD: Final = 0  # on a day on which its own source kept no record
NOT_PLACED: Final = 1  # no position
IN_AREAS: Final = 2
OFF_AREAS: Final = 3  # inside the study area, in no area
OUTSIDE: Final = 4


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


@dataclass(frozen=True)
class Placement:
    """Where each of k incidents went.

    Attributes
    ----------
    where
        Shape (k,): `OFF_RECORD`, `NOT_PLACED`, `IN_AREAS`, `OFF_AREAS` or `OUTSIDE`.
    points, rows
        Pairs of an incident in areas (its position in the frame) and an area (its row), sorted
        by incident; one pair per incident unless areas overlap.
    """

    where: npt.NDArray[np.int8]
    points: IntArray
    rows: IntArray

    def tally(self) -> Tally:
        """Return how many went where."""
        n = np.bincount(self.where, minlength=OUTSIDE + 1)
        return Tally(
            n_selected=len(self.where),
            n_in_areas=int(n[IN_AREAS]),
            n_off_areas=int(n[OFF_AREAS]),
            n_outside=int(n[OUTSIDE]),
            n_not_placed=int(n[NOT_PLACED]),
            n_off_record=int(n[OFF_RECORD]),
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
    codes, names = pd.factorize(sources)
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
) -> Placement:
    """Find the area of every incident, or why it has none.

    Parameters
    ----------
    incidents
        k incidents with `source`, `occurred_from`, `x`, `y`. Not modified.
    areas
        n areas in EPSG:5514. An incident in an area counts as inside the study area, even where
        the boundary, being generalised, passes it by. Not modified.
    record_by_source
        Periods of record by source id.
    boundary
        The study area in EPSG:5514; its edge belongs to it.
    overlapping
        Whether areas may overlap, so that one incident counts in each of them.
    index
        The index of these very `areas`, where the caller keeps one.

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
        incidents, (schema.SOURCE, schema.OCCURRED_FROM, schema.X, schema.Y), what="incidents"
    )
    index = AreaIndex(areas) if index is None else index
    days = day_numbers(incidents[schema.OCCURRED_FROM].to_numpy(dtype="datetime64[s]"))
    x = incidents[schema.X].to_numpy(dtype=np.float64)
    y = incidents[schema.Y].to_numpy(dtype=np.float64)
    where = np.full(len(incidents), OUTSIDE, dtype=np.int8)
    where[~(np.isfinite(x) & np.isfinite(y))] = NOT_PLACED
    where[~on_own_record(incidents[schema.SOURCE], days, record_by_source)] = OFF_RECORD
    asked = np.flatnonzero(where == OUTSIDE)
    if overlapping:
        points, rows = index.pairs(x[asked], y[asked])
    else:
        found = index.locate(x[asked], y[asked])
        points = np.flatnonzero(found >= 0)
        rows = found[points]
    points = asked[points]
    where[points] = IN_AREAS
    rest = np.flatnonzero(where == OUTSIDE)
    if len(rest):
        # Threads may share the boundary, and preparing it in two of them corrupts memory.
        boundary = shapely.from_wkb(shapely.to_wkb(boundary))
        shapely.prepare(boundary)
        where[rest[shapely.intersects_xy(boundary, x[rest], y[rest])]] = OFF_AREAS
    return Placement(where, points, rows)


def require_columns(frame: pd.DataFrame, columns: Sequence[str], *, what: str) -> None:
    """Raise `SchemaError` unless `frame` (named `what`) has all `columns`."""
    lacking = [column for column in columns if column not in frame.columns]
    if lacking:
        raise SchemaError(
            _("{what} lack the columns {columns}").format(what=what, columns=", ".join(lacking))
        )
