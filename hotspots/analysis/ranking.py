"""Areas in order of a measure, each with the interval that chance leaves open."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt
from scipy import stats

from hotspots import schema
from hotspots.aggregate import DAYS_IN_YEAR, PER_LENGTH_M, PER_RESIDENTS, enough_residents
from hotspots.aggregate import rate as rate_of
from hotspots.errors import ParameterError
from hotspots.i18n import _
from hotspots.selection import COUNT, DENSITY, MEASURES, RATE

if TYPE_CHECKING:
    from hotspots.analysis.situation import Situation

FloatArray = npt.NDArray[np.float64]

CONFIDENCE: Final = 0.95
# Kinds of area that lie along streets: their density is per 100 m, all others' per km².
ALONG_STREETS: Final = frozenset({schema.STREET, schema.SEGMENT})


@dataclass(frozen=True)
class RankedArea:
    """One area of a ranking, for the whole span.

    Attributes
    ----------
    row
        Row of the area in the count table.
    area_id, name
        The area.
    known
        False where no period has a record: the count is then 0 for want of data.
    count
        Incidents.
    density, density_low, density_high
        Incidents per 100 m (streets, segments) or per km² (other kinds), with the exact 95 %
        interval; NaN where the size is unknown or nothing is recorded.
    rate, rate_low, rate_high
        Incidents per 1,000 residents and year of record, with the exact 95 % interval; NaN
        where record or residents are unknown, or these too few.
    share
        Share of all counted incidents that lie in areas, 0 to 1; NaN where there are none. In a
        layer that overlaps the shares may add up to more than 1.
    """

    row: int
    area_id: str
    name: str
    known: bool
    count: int
    density: float
    density_low: float
    density_high: float
    rate: float
    rate_low: float
    rate_high: float
    share: float


def poisson_interval(
    counts: npt.ArrayLike, *, confidence: float = CONFIDENCE
) -> tuple[FloatArray, FloatArray]:
    """Return Garwood's exact interval of a Poisson mean for each count.

    Parameters
    ----------
    counts
        Whole numbers from 0, shape (n,).
    confidence
        Above 0 and below 1.

    Returns
    -------
    low, high
        Float arrays, shape (n,): ``χ²(α/2; 2n) / 2`` (0 for 0) and ``χ²(1 − α/2; 2n + 2) / 2``.
        The interval holds the mean at least as often as it says, mostly more often.

    Raises
    ------
    ParameterError
        `confidence` is not between 0 and 1.

    References
    ----------
    Garwood (1936), Biometrika 28:437-442, doi:10.1093/biomet/28.3-4.437.
    """
    if not 0 < confidence < 1:
        raise ParameterError(
            _("confidence must lie between 0 and 1, got {value}").format(value=confidence)
        )
    # Areas share few different counts.
    n, which = np.unique(np.asarray(counts, dtype=np.float64), return_inverse=True)
    tail = (1 - confidence) / 2
    low = np.where(n > 0, stats.chi2.ppf(tail, 2 * np.maximum(n, 1)) / 2, 0.0)
    high = np.asarray(stats.chi2.ppf(1 - tail, 2 * n + 2) / 2, dtype=np.float64)
    return low[which], high[which]


def ranking(situation: "Situation", measure: str, *, top: int | None = None) -> list[RankedArea]:
    """Return the areas by falling `measure` over the whole span; unknown values come last.

    Parameters
    ----------
    situation
        What was counted.
    measure
        `count`, `density` or `rate`.
    top
        How many areas at most; None means all.

    Returns
    -------
    areas
        Ties are in the order of the count table. A high place may be chance: areas whose
        intervals overlap widely cannot be told apart.

    Raises
    ------
    ParameterError
        Unknown measure, or `top` below 1.
    """
    if measure not in MEASURES:
        raise ParameterError(
            _("measure '{measure}' is unknown; choose from: {known}").format(
                measure=measure, known=", ".join(MEASURES)
            )
        )
    if top is not None and top < 1:
        raise ParameterError(_("top must be at least 1, got {top}").format(top=top))
    table = situation.table
    areas = table.areas
    counts = table.counts.sum(axis=1)
    is_recorded = any(state != schema.MISSING for state in table.record)
    known = np.full(len(areas), is_recorded, dtype=bool)
    along = situation.selection.by in ALONG_STREETS
    size = areas[schema.LENGTH_M if along else schema.AREA_KM2].to_numpy(dtype=np.float64)
    unit = np.where((size > 0) & known, size / (PER_LENGTH_M if along else 1.0), np.nan)
    density = counts / unit
    low, high = poisson_interval(counts)
    full = table.full_counts.sum(axis=1)
    n_residents = areas[schema.RESIDENTS].to_numpy(dtype=np.float64)
    residents = enough_residents(n_residents)
    days = int(table.recorded_days.sum())
    years = float(days) / DAYS_IN_YEAR
    exposure = np.where((residents > 0) & (years > 0), residents * years / PER_RESIDENTS, np.nan)
    rate = rate_of(full, n_residents, np.full(len(areas), days))
    full_low, full_high = poisson_interval(full)
    n_in_areas = table.tally.n_in_areas
    values = {COUNT: np.where(known, counts, np.nan), DENSITY: density, RATE: rate}[measure]
    order = np.argsort(np.where(np.isnan(values), np.inf, -values), kind="stable")[:top]
    names = areas[schema.NAME].astype(str).to_list()
    ids = areas[schema.AREA_ID].astype(str).to_list()
    return [
        RankedArea(
            row=row,
            area_id=ids[row],
            name=names[row],
            known=bool(known[row]),
            count=int(counts[row]),
            density=float(density[row]),
            density_low=float(low[row] / unit[row]),
            density_high=float(high[row] / unit[row]),
            rate=float(rate[row]),
            rate_low=float(full_low[row] / exposure[row]),
            rate_high=float(full_high[row] / exposure[row]),
            share=float(counts[row] / n_in_areas) if n_in_areas else float("nan"),
        )
        for row in order.tolist()
    ]
