"""Values of windows and class breaks, against numbers worked by hand."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from hotspots import schema
from hotspots.errors import ParameterError
from hotspots.maps.classes import N_CLASSES, PALETTE, ZERO_COLOUR, class_breaks, classify
from hotspots.maps.windows import list_measures, list_windows, window_bounds, window_values
from tests.test_maps import make_situation

RECORD = ["recorded", "missing", "partial", "recorded"]


def values(situation, measure, window):
    return window_values(situation.table, situation.selection.by, measure=measure, window=window)


def test_missing_is_no_data_and_zero_is_zero():
    found = values(make_situation([[2, 0, 1, 0]], record=RECORD), "count", 1)
    np.testing.assert_array_equal(found.values, [[2, np.nan, 1, 0]])
    assert found.n_recorded.tolist() == [1, 0, 1, 1]


def test_windows_sum_what_is_recorded():
    found = values(make_situation([[2, 0, 1, 5]], record=RECORD), "count", 3)
    np.testing.assert_array_equal(found.values, [[3, 6]])
    assert found.first.tolist() == [0, 1]
    assert found.last.tolist() == [2, 3]
    assert found.n_recorded.tolist() == [2, 2]


def test_density_of_streets_is_per_100_m():
    # 150 m of street: 3 incidents are 2 per 100 m.
    found = values(make_situation([[1, 2]]), "density", "all")
    np.testing.assert_allclose(found.values, [[2.0]])


def test_density_of_districts_is_per_km2():
    # 150 m by 100 m are 0.015 km²: 3 incidents are 200 per km².
    found = values(make_situation([[1, 2]], kind=schema.DISTRICT), "density", "all")
    np.testing.assert_allclose(found.values, [[200.0]])


def test_rates_count_full_days_only():
    # January and April have 31 and 28 recorded days (the data end on 28 April); March is partial.
    situation = make_situation([[2, 0, 9, 1]], record=RECORD, residents=500.0)
    found = values(situation, "rate", "all")
    np.testing.assert_allclose(found.values, [[3 / 500 * 1000 / (59 / 365.25)]])
    assert list_measures(situation.table) == ("count", "density", "rate")
    assert list_measures(make_situation([[1]]).table) == ("count", "density")


def test_a_rate_without_a_full_day_is_no_data():
    found = values(make_situation([[4]], record=["partial"], residents=500.0), "rate", 1)
    assert np.isnan(found.values).all()


def test_windows_that_fit():
    assert list_windows(5) == (1, 3, "all")
    assert list_windows(108) == (1, 3, 6, 12, "all")
    assert [a.tolist() for a in window_bounds(4, "all")] == [[0], [3]]
    assert len(window_bounds(0, 1)[0]) == 0


@pytest.mark.parametrize(
    ("measure", "window", "message"),
    [("count", 5, "window must be one of"), ("mean", 1, "measure must be one of")],
)
def test_wrong_arguments_are_named(measure, window, message):
    with pytest.raises(ParameterError, match=message):
        values(make_situation([[1]]), measure, window)


@given(
    hnp.arrays(np.int64, (3, 8), elements=st.integers(0, 9)),
    st.lists(st.sampled_from(["recorded", "partial", "missing"]), min_size=8, max_size=8),
    st.sampled_from([1, 3, 6]),
)
@settings(max_examples=30, deadline=None)
def test_windows_equal_plain_sums(counts, record, window):
    counts[:, [state == "missing" for state in record]] = 0
    found = values(make_situation(counts, record=record), "count", window)
    for k in range(8 - window + 1):
        expected = counts[:, k : k + window].sum(axis=1).astype(float)
        if all(state == "missing" for state in record[k : k + window]):
            expected[:] = np.nan
        np.testing.assert_array_equal(found.values[:, k], expected)


# --- class breaks --------------------------------------------------------------------------
def test_few_distinct_counts_are_a_class_each():
    breaks = class_breaks(np.array([0, 0, 1, 1, 2, 3, np.nan]), measure="count")
    assert breaks == (1.0, 2.0)
    assert classify(np.array([np.nan, 0, 1, 2, 3, 9]), breaks).tolist() == [-1, 0, 1, 2, 3, 3]


def test_one_distinct_value_needs_no_break():
    assert class_breaks(np.array([0.0, 4.0, 4.0]), measure="count") == ()
    assert class_breaks(np.array([0.0, np.nan]), measure="density") == ()


@given(hnp.arrays(np.float64, st.integers(1, 300), elements=st.floats(0, 5000)))
@settings(max_examples=60, deadline=None)
def test_breaks_rise_and_leave_no_class_above_empty(numbers):
    breaks = class_breaks(numbers, measure="density")
    assert list(breaks) == sorted(set(breaks))
    assert len(breaks) < N_CLASSES
    if breaks:
        found = classify(numbers, breaks)
        assert found.max() == len(breaks) + 1
        assert (found == 0).sum() == (numbers == 0).sum()


@given(hnp.arrays(np.int64, st.integers(1, 300), elements=st.integers(0, 400)))
@settings(max_examples=60, deadline=None)
def test_breaks_of_counts_are_whole(counts):
    assert all(b == int(b) for b in class_breaks(counts.astype(float), measure="count"))


def test_the_palette_darkens_in_grey():
    def lightness(colour):
        red, green, blue = (int(colour[k : k + 2], 16) for k in (1, 3, 5))
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    order = [lightness(colour) for colour in (ZERO_COLOUR, *PALETTE)]
    assert all(a - b > 18 for a, b in pairwise(order))
