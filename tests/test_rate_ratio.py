"""Two rates compared: published values, values worked by hand, and what must always hold."""

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from scipy import stats

from hotspots.analysis.rate_ratio import adjust_p_values, equal_days_p, rate_ratio
from hotspots.errors import ParameterError

COUNTS = st.integers(0, 60)
DAYS = st.integers(1, 28)


def test_published_values_of_poisson_test():
    # R's ?poisson.test: poisson.test(c(11, 6+8+7), c(800, 1083+1050+878)) gives the interval
    # 0.8584264 4.2772659, rate ratio 1.971488. Its p-value, 0.07967, is of another kind (smallest
    # likelihoods); twice the smaller tail is the p that agrees with the interval.
    result = rate_ratio(6 + 8 + 7, 11, days_before=1083 + 1050 + 878, days_after=800)
    tail = stats.binom.sf(10, 32, 800 / 3811)
    assert result.p_value == pytest.approx(2 * tail, abs=1e-12)
    assert result.low == pytest.approx(0.8584264, abs=5e-8)
    assert result.high == pytest.approx(4.2772659, abs=5e-8)
    assert result.ratio == pytest.approx(1.971488, abs=5e-7)


def test_a_case_worked_by_hand():
    # 2 and 8 in equal spans: 2 · (1 + 10 + 45) / 2¹⁰ = 112 / 1024.
    result = rate_ratio(2, 8, days_before=7, days_after=7)
    assert result.p_value == pytest.approx(112 / 1024, abs=1e-12)
    assert result.ratio == pytest.approx(4.0)
    # 12 against 9 is no finding: 2 · P(X ≤ 9 | 21, ½).
    assert rate_ratio(9, 12, days_before=7, days_after=7).p_value == pytest.approx(
        0.663624, abs=1e-6
    )


@pytest.mark.parametrize("n", [1, 2, 5, 12])
def test_from_nothing_the_interval_has_a_closed_form(n):
    # All of n later: the lower bound of the share is 0.025^(1/n); odds are the ratio.
    result = rate_ratio(0, n, days_before=7, days_after=7)
    share = 0.025 ** (1 / n)
    assert result.p_value == pytest.approx(min(1, 2 * 0.5**n), abs=1e-12)
    assert result.low == pytest.approx(share / (1 - share), rel=1e-9)
    assert result.ratio == result.high == float("inf")


def test_no_incident_at_all_says_nothing():
    result = rate_ratio(0, 0, days_before=7, days_after=5)
    assert (result.low, result.high, result.p_value) == (0.0, float("inf"), 1.0)
    assert np.isnan(result.ratio)


@given(COUNTS, COUNTS, DAYS, DAYS)
def test_swapping_the_spans_inverts_the_ratio(before, after, days_before, days_after):
    one = rate_ratio(before, after, days_before=days_before, days_after=days_after)
    other = rate_ratio(after, before, days_before=days_after, days_after=days_before)
    assert one.p_value == pytest.approx(other.p_value, rel=1e-9)
    if before and after:
        assert one.ratio == pytest.approx(1 / other.ratio)
        assert one.low == pytest.approx(1 / other.high)
        assert one.high == pytest.approx(1 / other.low)
        assert one.low < one.ratio < one.high


@given(COUNTS, COUNTS, DAYS)
def test_many_counts_and_two_give_the_same_p_as_the_binomial_test(before, after, days):
    p_value = rate_ratio(before, after, days_before=days, days_after=days).p_value
    assert p_value == equal_days_p(np.array([before]), np.array([after]))[0]
    if before + after:
        wanted = stats.binomtest(after, before + after, 0.5).pvalue
        assert p_value == pytest.approx(wanted, abs=1e-12)


@given(COUNTS, COUNTS, DAYS, DAYS)
@example(1, 7, 366, 365)  # a leap year and the next: a p by smallest likelihoods is 0.039 here
def test_the_interval_leaves_one_out_exactly_when_p_is_small(before, after, days, later_days):
    result = rate_ratio(before, after, days_before=days, days_after=later_days)
    assert (result.low > 1 or result.high < 1) == (result.p_value < 0.05)


@pytest.mark.parametrize(("ratio", "days"), [(0.3, (28, 28)), (1.0, (28, 28)), (2.5, (28, 11))])
def test_the_interval_holds_the_true_ratio_as_often_as_it_says(ratio, days):
    # Exactly, over every outcome of 15 incidents.
    before_days, after_days = days
    share = ratio * after_days / (ratio * after_days + before_days)
    held = 0.0
    for after in range(16):
        result = rate_ratio(15 - after, after, days_before=before_days, days_after=after_days)
        held += (result.low <= ratio <= result.high) * stats.binom.pmf(after, 15, share)
    assert 0.95 <= held < 1


@pytest.mark.parametrize(
    ("counts", "days", "confidence", "message"),
    [
        ((-1, 2), (7, 7), 0.95, r"0 or more and days above 0, got \(-1, 2\) in \(7, 7\) days"),
        ((1, -2), (7, 7), 0.95, r"got \(1, -2\)"),
        ((1, 2), (0, 7), 0.95, r"in \(0, 7\) days"),
        ((1, 2), (7, 0), 0.95, r"in \(7, 0\) days"),
        ((1, 2), (7, 7), 1.0, "confidence must lie between 0 and 1, got 1.0"),
    ],
)
def test_wrong_counts_days_and_confidence_are_named(counts, days, confidence, message):
    with pytest.raises(ParameterError, match=message):
        rate_ratio(*counts, days_before=days[0], days_after=days[1], confidence=confidence)


def test_published_example_of_false_discoveries():
    # Benjamini & Hochberg (1995), section 4.1: of these 15 the first four are rejected at 0.05.
    first = [0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344]
    p_values = np.array([*first, 0.0459, 0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1.0])
    q_values = adjust_p_values(p_values)
    assert (q_values <= 0.05).tolist() == [True] * 4 + [False] * 11
    assert q_values[0] == pytest.approx(0.0015)
    assert q_values[3] == pytest.approx(0.0095 * 15 / 4)


def test_q_values_worked_by_hand():
    q_values = adjust_p_values(np.array([0.01, 0.04, 0.03, 0.005]))
    assert q_values == pytest.approx([0.02, 0.04, 0.04, 0.02])
    assert adjust_p_values(np.array([])).tolist() == []


@given(st.lists(st.floats(0, 1), min_size=1, max_size=30))
def test_q_is_at_least_p_and_keeps_the_order(p_values):
    p_values = np.array(p_values)
    q_values = adjust_p_values(p_values)
    assert (q_values >= p_values * (1 - 1e-12)).all()
    assert (q_values <= 1).all()
    order = np.argsort(p_values)
    assert (np.diff(q_values[order]) >= -1e-12).all()
