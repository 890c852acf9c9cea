"""Count tables: area × period, with missing kept apart from zero."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
from shapely.geometry.base import BaseGeometry

from hotspots import schema
from hotspots.errors import ParameterError
from hotspots.former import FormerAreas
from hotspots.i18n import _, ngettext
from hotspots.join import AreaIndex
from hotspots.periods import Period, RecordCalendar, Span, day_number, day_numbers
from hotspots.placement import OFF_AREAS, TOO_COARSE, Placement, place_incidents, require_columns
from hotspots.placement import Tally as Tally

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]

DAYS_IN_YEAR: Final = 365.25
PER_RESIDENTS: Final = 1000.0
# A rate per 1,000 of fewer people than this speaks of who passes by, not of who lives there.
FEWEST_RESIDENTS: Final = 100
PER_LENGTH_M: Final = 100.0


@dataclass(frozen=True)
class CountTable:
    """Counts of selected incidents by area and period.

    Attributes
    ----------
    areas
        n areas in EPSG:5514, `schema.AREA_COLUMNS`, sorted by `area_id`, index 0…n-1.
    periods
        m periods in order.
    counts
        Shape (n, m): incidents. Zero where the period is missing too: see `record`.
    full_counts
        Shape (n, m): those on days on which every chosen source kept record (for rates).
    off_areas
        Shape (m,): incidents inside the study area but in no area.
    too_coarse
        Shape (m,): incidents inside the study area, placed too coarsely for these areas.
    record
        Shape (m,): `recorded`, `partial` or `missing` for each period.
    recorded_days
        Shape (m,): days of the period on which every chosen source kept record.
    tally
        What reconciles the table with the selection.
    """

    areas: gpd.GeoDataFrame
    periods: tuple[Period, ...]
    counts: IntArray
    full_counts: IntArray
    off_areas: IntArray
    too_coarse: IntArray
    record: tuple[str, ...]
    recorded_days: IntArray
    tally: Tally

    def to_frame(self) -> pd.DataFrame:
        """Return the table in long form: one row per area and period.

        Returns
        -------
        counts
            n × m rows with `schema.COUNT_COLUMNS`, areas in order, periods in order within each.
            `n_incidents` is <NA> and densities are NaN where the period is missing; the rate is
            NaN unless enough residents are known and the period has a day of full record.
        """
        n, m = self.counts.shape
        missing = np.tile(np.array([state == schema.MISSING for state in self.record]), n)
        areas = self.areas.drop(columns=schema.GEOMETRY)
        frame = pd.DataFrame(areas.iloc[np.repeat(np.arange(n), m)].reset_index(drop=True))
        frame[schema.PERIOD] = pd.array([p.label for p in self.periods] * n, dtype="str")
        for column, days in (
            (schema.PERIOD_FROM, [p.start for p in self.periods]),
            (schema.PERIOD_TO, [p.end for p in self.periods]),
        ):
            frame[column] = np.tile(np.array(days, dtype="datetime64[s]"), n)
        frame[schema.RECORD] = pd.array(list(self.record) * n, dtype="str")
        frame[schema.RECORDED_DAYS] = np.tile(self.recorded_days, n)
        counts = self.counts.ravel()
        frame[schema.N_INCIDENTS] = pd.array(counts, dtype="Int64")
        frame.loc[missing, schema.N_INCIDENTS] = pd.NA
        known = np.where(missing, np.nan, counts)
        frame[schema.DENSITY_KM2] = density(known, _numbers(frame, schema.AREA_KM2))
        frame[schema.DENSITY_100M] = density(known, _numbers(frame, schema.LENGTH_M) / PER_LENGTH_M)
        frame[schema.RATE_1000] = rate(
            self.full_counts.ravel(),
            _numbers(frame, schema.RESIDENTS),
            frame[schema.RECORDED_DAYS].to_numpy(),
        )
        return frame[list(schema.COUNT_COLUMNS)]

    def total_by_area(self) -> pd.DataFrame:
        """Return one row per area for the whole span.

        Returns
        -------
        totals
            n rows in the order of `areas`, index 0…n-1: `area_id`, `name`, `kind`,
            `recorded_days`, `n_incidents` (<NA> where every period is missing), `area_km2`,
            `length_m`, `residents`, `residents_year`, `density_per_km2`, `density_per_100_m`,
            `rate_per_1000_year`, `layer_source`. Densities are incidents of the whole span.
        """
        n = len(self.areas)
        recorded = np.array([state != schema.MISSING for state in self.record], dtype=bool)
        counts = self.counts.sum(axis=1)
        days = int(self.recorded_days.sum())
        frame = pd.DataFrame(self.areas.drop(columns=schema.GEOMETRY)).reset_index(drop=True)
        frame[schema.RECORDED_DAYS] = days
        frame[schema.N_INCIDENTS] = pd.array(counts, dtype="Int64")
        if not recorded.any():
            frame[schema.N_INCIDENTS] = pd.array([pd.NA] * n, dtype="Int64")
        known = counts.astype(np.float64) if recorded.any() else np.full(n, np.nan)
        frame[schema.DENSITY_KM2] = density(known, _numbers(frame, schema.AREA_KM2))
        frame[schema.DENSITY_100M] = density(known, _numbers(frame, schema.LENGTH_M) / PER_LENGTH_M)
        frame[schema.RATE_1000] = rate(
            self.full_counts.sum(axis=1),
            _numbers(frame, schema.RESIDENTS),
            np.full(n, days),
        )
        periodic = (schema.PERIOD, schema.PERIOD_FROM, schema.PERIOD_TO, schema.RECORD)
        return frame[[column for column in schema.COUNT_COLUMNS if column not in periodic]]


def density(counts: FloatArray, size: FloatArray) -> FloatArray:
    """Return counts / size; NaN where the size is unknown or not above zero."""
    known = size > 0
    out: FloatArray = np.full(len(counts), np.nan)
    np.divide(counts, size, out=out, where=known)
    return out


def enough_residents(residents: FloatArray) -> FloatArray:
    """Return residents, NaN where unknown or fewer than `FEWEST_RESIDENTS`."""
    return np.where(residents >= FEWEST_RESIDENTS, residents, np.nan)


def rate(full_counts: IntArray, residents: FloatArray, recorded_days: IntArray) -> FloatArray:
    """Return incidents per 1,000 residents and year of record.

    ``full_counts / residents × 1000 / (recorded_days / 365.25)``, both over the days on which
    every chosen source kept record.

    Parameters
    ----------
    full_counts, residents, recorded_days
        Arrays of one shape.

    Returns
    -------
    rate
        Float array; NaN unless there are `FEWEST_RESIDENTS` and a day of record. Residents
        are those who live there: where many more people pass than live, the rate misleads.
    """
    residents = enough_residents(residents)
    known = (residents > 0) & (recorded_days > 0)
    years = recorded_days / DAYS_IN_YEAR
    out: FloatArray = np.full(len(full_counts), np.nan)
    np.divide(full_counts * PER_RESIDENTS, residents * years, out=out, where=known)
    return out


def count_by_area(
    incidents: pd.DataFrame,
    areas: gpd.GeoDataFrame,
    *,
    periods: Sequence[Period],
    calendar: RecordCalendar,
    record_by_source: Mapping[str, Sequence[Span]],
    boundary: BaseGeometry,
    overlapping: bool = False,
    index: AreaIndex | None = None,
    former: Sequence[FormerAreas] = (),
    placement: Placement | None = None,
) -> CountTable:
    """Count incidents by area and period.

    An incident is dated by the day it began, `occurred_from`. One on a day on which its own
    source kept no record is not counted: it stands in ``tally.n_off_record``.

    Parameters
    ----------
    incidents
        Selected incidents with `source`, `occurred_from`, `x`, `y` (EPSG:5514 metres),
        `place_method`, `place_precision_m`, each within `periods`. Not modified.
    areas
        n areas in EPSG:5514 with `schema.AREA_COLUMNS`, in any order; the table has them sorted
        by `area_id`. Not modified.
    periods
        m periods in order that neither overlap nor leave a day out.
    calendar
        Record of the chosen sources over the same days.
    record_by_source
        Periods of record by source id.
    boundary
        The study area in EPSG:5514.
    overlapping
        Whether one incident counts in every area it lies in (the town's own areas).
    former
        Areas of earlier times, by which the incidents of those times keep their place, as in
        `place_incidents`.
    index, placement
        What `AreaIndex` and `place_incidents` give for these very incidents and for `areas`
        sorted by `area_id` with index 0…n-1, where the caller has them already.

    Returns
    -------
    table
        Counts (n, m); `tally` adds up to the number of incidents.

    Raises
    ------
    ParameterError
        No period, periods with holes, or an incident without a day in them.
    SchemaError
        A column is missing, or an area is no valid polygon.
    CRSError
        `areas` is not in EPSG:5514.
    """
    _check_periods(periods)
    require_columns(areas, schema.AREA_COLUMNS, what="areas")
    areas = areas.sort_values(schema.AREA_ID, kind="stable", ignore_index=True)
    if placement is None:
        placement = place_incidents(
            incidents,
            areas,
            record_by_source=record_by_source,
            boundary=boundary,
            overlapping=overlapping,
            index=index,
            former=former,
        )
    days = day_numbers(incidents[schema.OCCURRED_FROM].to_numpy(dtype="datetime64[s]"))
    column = period_of(days, periods)
    if (column < 0).any():
        n_wrong = int((column < 0).sum())
        raise ParameterError(
            ngettext(
                "incidents must be dated within the periods counted, but {n} is not; "
                "select them first",
                "incidents must be dated within the periods counted, but {n} are not; "
                "select them first",
                n_wrong,
            ).format(n=n_wrong)
        )
    shape = (len(areas), len(periods))
    full = calendar.is_full(days)[placement.points]
    cell = placement.rows * shape[1] + column[placement.points]
    return CountTable(
        areas=areas,
        periods=tuple(periods),
        counts=_count(cell, shape),
        full_counts=_count(cell[full], shape),
        off_areas=count_periods(column, placement, (OFF_AREAS,), n_periods=len(periods)),
        too_coarse=count_periods(column, placement, (TOO_COARSE,), n_periods=len(periods)),
        record=tuple(calendar.state(period) for period in periods),
        recorded_days=np.array([calendar.full_days(p) for p in periods], dtype=np.int64),
        tally=placement.tally(),
    )


def period_of(days: IntArray, periods: Sequence[Period]) -> IntArray:
    """Return the position of the period each day number lies in, −1 for none."""
    starts = np.array([day_number(period.start) for period in periods], dtype=np.int64)
    ends = np.array([day_number(period.end) for period in periods], dtype=np.int64)
    column: IntArray = np.searchsorted(starts, days, side="right").astype(np.int64) - 1
    column[(column >= 0) & (days > ends[column])] = -1
    return column


def count_periods(
    column: IntArray, placement: Placement, codes: tuple[int, ...], *, n_periods: int
) -> IntArray:
    """Return the number of incidents per period that went to one of `codes`, shape (m,)."""
    chosen = np.isin(placement.where, codes)
    return np.bincount(column[chosen], minlength=n_periods).astype(np.int64)


def _count(cell: IntArray, shape: tuple[int, int]) -> IntArray:
    return np.bincount(cell, minlength=shape[0] * shape[1]).astype(np.int64).reshape(shape)


def _numbers(frame: pd.DataFrame, column: str) -> FloatArray:
    numbers: FloatArray = frame[column].to_numpy(dtype=np.float64)
    return numbers


def _check_periods(periods: Sequence[Period]) -> None:
    if not periods:
        raise ParameterError(_("there must be a period to count in, got none"))
    for earlier, later in pairwise(periods):
        if (later.start - earlier.end).days != 1:
            raise ParameterError(
                _("periods must follow one another, but {later} does not follow {earlier}").format(
                    later=later.label, earlier=earlier.label
                )
            )
