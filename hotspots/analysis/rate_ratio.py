"""Whether counts differ by more than chance: the exact conditional test of two rates."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy import special, stats

from hotspots.errors import ParameterError
from hotspots.i18n import _

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]

CONFIDENCE: Final = 0.95


@dataclass(frozen=True)
class RateRatio:
    """How much higher the later rate is: `ratio` with its interval; NaN or infinite from zeros."""

    ratio: float
    low: float
    high: float
    p_value: float


def rate_ratio(
    before: int,
    after: int,
    *,
    days_before: int,
    days_after: int,
    confidence: float = CONFIDENCE,
) -> RateRatio:
    """Compare two counts over their days of record.

    Given both together, the later count is binomial; its exact (Clopper-Pearson) interval is that
    of the ratio of rates. It holds the true ratio at least as often as it says, if incidents
    come one by one: those that come in series make it too narrow. p is twice the smaller tail, so
    that it is below ``1 - confidence`` just when the interval leaves 1 out (a test by smallest
    likelihoods, such as R's `poisson.test`, may contradict it).

    Parameters
    ----------
    before, after
        Counts, from 0.
    days_before, days_after
        Days of record, above 0.
    confidence
        Above 0 and below 1.

    Returns
    -------
    result
        The interval is 0 to infinity, and p is 1, where both counts are 0.

    Raises
    ------
    ParameterError
        A count below 0, or days or confidence out of range.

    References
    ----------
    Przyborowski & Wilenski (1940), doi:10.1093/biomet/31.3-4.313; Clopper & Pearson (1934),
    doi:10.1093/biomet/26.4.404; Fay (2010), doi:10.32614/RJ-2010-008 (p and interval that agree)
    """
    if before < 0 or after < 0 or days_before <= 0 or days_after <= 0:
        raise ParameterError(
            _("counts must be 0 or more and days above 0, got {counts} in {days} days").format(
                counts=(before, after), days=(days_before, days_after)
            )
        )
    if not 0 < confidence < 1:
        raise ParameterError(
            _("confidence must lie between 0 and 1, got {value}").format(value=confidence)
        )
    if before + after == 0:
        return RateRatio(float("nan"), 0.0, float("inf"), 1.0)
    share = days_after / (days_before + days_after)
    later = special.bdtr(before, before + after, 1 - share)
    earlier = special.bdtr(after, before + after, share)
    outside = (1 - confidence) / 2
    low = special.betaincinv(after, before + 1, outside) if after else 0.0
    high = special.betaincinv(after + 1, before, 1 - outside) if before else 1.0
    per_day = days_before / days_after
    return RateRatio(
        ratio=after / before * per_day if before else float("inf"),
        low=_odds(float(low)) * per_day,
        high=_odds(float(high)) * per_day,
        p_value=min(1.0, 2 * float(min(later, earlier))),
    )


def equal_days_p(before: IntArray, after: IntArray) -> FloatArray:
    """Return the exact conditional p of each two counts over as many days; 1 where both are 0."""
    fewer, both = np.minimum(before, after), before + after
    return np.minimum(1.0, 2 * special.bdtr(fewer, both, 0.5))


def adjust_p_values(p_values: FloatArray) -> FloatArray:
    """Return Benjamini and Hochberg's q of each p: the smallest rate of false findings with it.

    References
    ----------
    Benjamini & Hochberg (1995), doi:10.1111/j.2517-6161.1995.tb02031.x
    """
    if not len(p_values):
        return p_values
    return np.asarray(stats.false_discovery_control(p_values, method="bh"), dtype=np.float64)


def _odds(share: float) -> float:
    return share / (1 - share) if share < 1 else float("inf")
