"""Count tables: area × period, with missing kept apart from zero."""

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import numpy.typing as npt

from hotspots.periods import Period

IntArray = npt.NDArray[np.int64]


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
    record: tuple[str, ...]
    recorded_days: IntArray
    tally: Tally
