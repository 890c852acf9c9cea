"""Whether counts differ between areas more than chance would make them differ.

Pearson's X² against an even spread over the areas' sizes (street length, residents, km²). With
few incidents on many areas X² does not follow the χ² distribution, so its exact mean and
variance under the even spread (Haldane 1937) are matched by a scaled χ² (Satterthwaite 1946).
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import stats

from hotspots.errors import ParameterError
from hotspots.i18n import _

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Evenness:
    """Result of `evenness`: X², its p-value, areas and incidents compared."""

    chi2: float
    p_value: float
    n_areas: int
    n_incidents: int


def evenness(counts: npt.ArrayLike, sizes: npt.ArrayLike) -> Evenness:
    """Test counts against an even spread over sizes.

    ``X² = Σ (Oᵢ − n pᵢ)² / (n pᵢ)`` with ``pᵢ = sizeᵢ / Σ size``. Under the even spread its mean
    is ``k − 1`` and its variance ``2 (k − 1) (n − 1) / n + (Σ 1/pᵢ − k²) / n``; X² is compared
    with ``c χ²_ν`` of the same mean and variance.

    Parameters
    ----------
    counts
        Incidents per area, shape (k,), not negative.
    sizes
        Size of each area, shape (k,); areas whose size is unknown (NaN) or not above zero are
        left out with their incidents.

    Returns
    -------
    result
        `p_value` is NaN with fewer than two areas or two incidents: nothing can differ. The test
        takes incidents as independent: one quarrel reported three times counts as three, and
        makes the spread look less even than it is.

    Raises
    ------
    ParameterError
        Shapes differ, or a count is negative.

    References
    ----------
    Haldane (1937), Biometrika 29:133-143. Satterthwaite (1946),
    Biometrics Bulletin 2:110-114, doi:10.2307/3002019.
    """
    observed = np.asarray(counts, dtype=np.float64)
    size: FloatArray = np.asarray(sizes, dtype=np.float64)
    if observed.shape != size.shape or observed.ndim != 1 or (observed < 0).any():
        raise ParameterError(
            _("counts must not be negative and must match sizes in shape, got {counts}").format(
                counts=observed.shape
            )
        )
    known = size > 0
    observed, size = observed[known], size[known]
    k, n = len(observed), float(observed.sum())
    if k < 2 or n < 2:
        return Evenness(float("nan"), float("nan"), k, int(n))
    share = size / size.sum()
    chi2 = float(((observed - n * share) ** 2 / (n * share)).sum())
    mean = k - 1.0
    variance = 2 * mean * (n - 1) / n + (float((1 / share).sum()) - k * k) / n
    scale = variance / (2 * mean)
    p_value = float(stats.chi2.sf(chi2 / scale, df=2 * mean**2 / variance))
    return Evenness(chi2, p_value, k, int(n))


def top_areas(
    counts: npt.NDArray[np.int64], *, share: float = 0.25
) -> tuple[npt.NDArray[np.int64], bool]:
    """Return the areas with most incidents that together hold at least `share` of all counts.

    Parameters
    ----------
    counts
        Incidents per area, shape (k,), not negative.
    share
        Above 0, at most 1.

    Returns
    -------
    rows
        Rows by falling count; every area left out has strictly fewer than each of them, so areas
        that tie with the last one needed are all among them. Empty where all is zero.
    is_tied
        Whether such areas had to be taken in: which of them were needed nobody can say.
    """
    total = int(counts.sum())
    if not total:
        return np.empty(0, dtype=np.int64), False
    order = np.argsort(-counts, kind="stable")
    n = int(np.searchsorted(np.cumsum(counts[order]), share * total, side="left")) + 1
    n_tied = int((counts >= counts[order[n - 1]]).sum())
    return order[:n_tied].astype(np.int64), n_tied > n
