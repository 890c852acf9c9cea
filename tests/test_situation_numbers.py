"""The numbers behind the sentences: even spread, exact intervals, ranking."""

from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from hotspots import schema
from hotspots.aggregate import count_by_area
from hotspots.analysis.evenness import evenness, top_areas
from hotspots.analysis.filters import in_hours
from hotspots.analysis.ranking import poisson_interval, ranking
from hotspots.errors import ParameterError
from hotspots.periods import RecordCalendar, list_periods
from hotspots.selection import Selection
from tests.counting import BOUNDARY, QUARTER, make_areas, make_incidents


def test_evenness_hand_worked():
    # Two equal areas, 60 and 40 of 100: X² = 2 · 10² / 50 = 4; mean 1, variance
    # 2 · 99/100 + (4 − 4)/100 = 1.98, so X² is compared with 0.99 χ² of 1/0.99 degrees.
    result = evenness([60, 40], [1.0, 1.0])
    assert result.chi2 == pytest.approx(4.0)
    assert (result.n_areas, result.n_incidents) == (2, 100)
    assert result.p_value == pytest.approx(stats.chi2.sf(4 / 0.99, 1 / 0.99))


def test_evenness_agrees_with_pearson_on_large_counts():
    counts, sizes = np.array([510, 480, 1010, 2000]), np.array([1.0, 1.0, 2.0, 4.0])
    expected = counts.sum() * sizes / sizes.sum()
    plain = stats.chisquare(counts, expected)
    result = evenness(counts, sizes)
    assert result.chi2 == pytest.approx(plain.statistic)
    assert result.p_value == pytest.approx(plain.pvalue, rel=0.01)


def test_the_matched_moments_are_exact():
    # Every way of placing 4 incidents on 3 areas, weighted by its probability.
    n, share = 4, np.array([0.5, 0.3, 0.2])
    ways = [(a, b, n - a - b) for a in range(n + 1) for b in range(n + 1 - a)]
    weight = stats.multinomial(n, share).pmf(ways)
    chi2 = np.array([evenness(way, share).chi2 for way in ways])
    mean = (weight * chi2).sum()
    variance = (weight * (chi2 - mean) ** 2).sum()
    assert mean == pytest.approx(2.0)
    assert variance == pytest.approx(2 * 2 * 3 / 4 + ((1 / share).sum() - 9) / 4)


@pytest.mark.parametrize("n", [20, 60, 300])
def test_evenness_keeps_its_level_on_sparse_counts(n):
    # Street lengths are uneven and most expected counts lie under one.
    rng = np.random.default_rng(12)
    sizes = rng.lognormal(0.0, 1.0, 80)
    draws = rng.multinomial(n, sizes / sizes.sum(), size=2000)
    rejected = np.mean([evenness(draw, sizes).p_value < 0.05 for draw in draws])
    assert 0.02 < rejected < 0.08


def test_evenness_leaves_out_unknown_sizes_and_knows_its_limits():
    known = evenness([6, 4], [1.0, 1.0])
    assert evenness([6, 4, 50, 3], [1.0, 1.0, np.nan, 0.0]) == known
    for counts, sizes in [([5], [1.0]), ([1, 0], [1.0, 1.0]), ([], []), ([5, 5], [np.nan, 1.0])]:
        assert np.isnan(evenness(counts, sizes).p_value)
    with pytest.raises(ParameterError, match="must match sizes in shape"):
        evenness([1, 2], [1.0])
    with pytest.raises(ParameterError, match="must not be negative"):
        evenness([-1, 2], [1.0, 1.0])


@pytest.mark.parametrize(
    ("counts", "share", "rows", "is_tied"),
    [
        ([1, 5, 3, 1], 0.25, [1], False),
        ([2, 2, 2, 2], 0.25, [0, 1, 2, 3], True),  # any of the four would do
        ([2, 1, 2, 2, 2, 1], 0.25, [0, 2, 3, 4], True),
        ([9, 2, 2, 2, 2], 0.55, [0, 1, 2, 3, 4], True),
        ([2, 2, 1], 0.8, [0, 1], False),  # both are needed, so nothing is tied
        ([1, 5, 3, 1], 1.0, [1, 2, 0, 3], False),
        ([0, 0, 0], 0.25, [], False),
    ],
)
def test_top_areas(counts, share, rows, is_tied):
    found, tied = top_areas(np.array(counts), share=share)
    assert (found.tolist(), tied) == (rows, is_tied)


@given(counts=st.lists(st.integers(0, 9), min_size=1, max_size=30), seed=st.integers(0, 99))
def test_top_areas_do_not_hang_on_the_order_of_rows_and_break_no_tie(counts, seed):
    counts = np.array(counts)
    rows, is_tied = top_areas(counts)
    if not counts.sum():
        assert rows.size == 0
        return
    assert 4 * counts[rows].sum() >= counts.sum()
    left_out = np.delete(counts, rows)
    assert left_out.size == 0 or left_out.max() < counts[rows].min()
    above = counts[rows][counts[rows] > counts[rows].min()]
    assert 4 * above.sum() < counts.sum()  # no area with more than the last would have done
    n_needed = 1 + int((4 * np.cumsum(counts[rows]) < counts.sum()).sum())
    assert is_tied == (n_needed < len(rows))
    order = np.random.default_rng(seed).permutation(len(counts))
    shuffled, tied = top_areas(counts[order])
    assert (set(order[shuffled].tolist()), tied) == (set(rows.tolist()), is_tied)


def test_garwood_intervals_published():
    # Ulm (1990), exact 95 % limits of a Poisson mean.
    low, high = poisson_interval([0, 1, 5, 10, 100])
    np.testing.assert_allclose(low, [0.0, 0.0253, 1.6235, 4.7954, 81.3640], atol=5e-4)
    np.testing.assert_allclose(high, [3.6889, 5.5716, 11.6683, 18.3904, 121.6272], atol=5e-4)


@settings(max_examples=50)
@given(n=st.integers(0, 500), confidence=st.floats(0.5, 0.99))
def test_intervals_have_exact_tails(n, confidence):
    low, high = poisson_interval([n], confidence=confidence)
    tail = (1 - confidence) / 2
    assert stats.poisson.cdf(n, high[0]) == pytest.approx(tail, rel=1e-6)
    if n:
        assert stats.poisson.sf(n - 1, low[0]) == pytest.approx(tail, rel=1e-6)


@pytest.mark.parametrize("confidence", [0, 1, 95])
def test_confidence_is_a_share(confidence):
    with pytest.raises(ParameterError, match="between 0 and 1"):
        poisson_interval([1], confidence=confidence)


def counted(rows, *, areas=None, record=(QUARTER,), by=schema.STREET):
    records = {"police": record}
    table = count_by_area(
        make_incidents(rows),
        make_areas() if areas is None else areas,
        periods=list_periods(QUARTER, every="month"),
        calendar=RecordCalendar.build(QUARTER, list(records.values())),
        record_by_source=records,
        boundary=BOUNDARY,
    )
    return SimpleNamespace(table=table, selection=Selection(by=by))


ROWS = [("2024-01-05", 50)] * 6 + [("2024-01-05", 150)] * 3 + [("2024-02-05", 250)]


def test_ranking_by_every_measure():
    found = counted(ROWS)
    by_count = ranking(found, "count")
    assert [(a.name, a.count, a.row) for a in by_count] == [
        ("Dlouhá", 6, 0),
        ("Krátká", 3, 1),
        ("Nová", 1, 2),
    ]
    assert [a.share for a in by_count] == pytest.approx([0.6, 0.3, 0.1])
    by_density = ranking(found, "density")
    assert [a.name for a in by_density] == ["Krátká", "Dlouhá", "Nová"]
    assert [a.density for a in by_density] == pytest.approx([3.0, 1.5, np.nan], nan_ok=True)
    by_rate = ranking(found, "rate")
    assert [a.name for a in by_rate] == ["Dlouhá", "Krátká", "Nová"]
    assert by_rate[0].rate == pytest.approx(6 / 500 * 1000 / (91 / 365.25))
    low, high = poisson_interval([6])
    assert by_rate[0].rate_low == pytest.approx(low[0] / 500 * 1000 / (91 / 365.25))
    assert by_rate[0].rate_high == pytest.approx(high[0] / 500 * 1000 / (91 / 365.25))
    assert by_count[0].density_low == pytest.approx(low[0] / 4)
    assert np.isnan([by_rate[1].rate, by_rate[1].rate_low, by_rate[2].rate]).all()
    assert all(type(a.share) is float and type(a.count) is int for a in by_count)


def test_density_of_polygons_is_per_km2():
    areas = make_areas(kind=schema.DISTRICT)
    found = counted(ROWS, areas=areas, by=schema.DISTRICT)
    assert ranking(found, "density")[0].density == pytest.approx(60.0)


def test_top_and_errors():
    found = counted(ROWS)
    assert len(ranking(found, "count", top=2)) == 2
    assert len(ranking(found, "count", top=99)) == 3
    with pytest.raises(ParameterError, match="measure 'speed' is unknown"):
        ranking(found, "speed")
    with pytest.raises(ParameterError, match="top must be at least 1"):
        ranking(found, "count", top=0)


def test_without_record_nothing_is_known():
    areas = ranking(counted(ROWS, record=()), "count")
    assert [a.known for a in areas] == [False] * 3
    assert np.isnan([value for a in areas for value in (a.density, a.rate, a.share)]).all()


def test_hours_over_midnight():
    hours = np.arange(24)
    assert np.flatnonzero(in_hours(hours, (22, 6))).tolist() == [0, 1, 2, 3, 4, 5, 22, 23]
    assert np.flatnonzero(in_hours(hours, (8, 10))).tolist() == [8, 9]
    assert np.flatnonzero(in_hours(hours, (22, 24))).tolist() == [22, 23]
    assert np.flatnonzero(in_hours(hours, (0, 1))).tolist() == [0]
