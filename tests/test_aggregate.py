"""Count tables: worked by hand, reconciled, missing kept apart from zero."""

from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import box

from hotspots import schema
from hotspots.aggregate import Tally, count_by_area, density, period_of, rate
from hotspots.errors import CRSError, ParameterError, SchemaError
from hotspots.periods import Period, RecordCalendar, Span, list_periods
from tests.counting import BOUNDARY, QUARTER, X0, Y0, make_areas, make_incidents

FEBRUARY_OUT = (
    Span(date(2024, 1, 1), date(2024, 1, 31)),
    Span(date(2024, 3, 1), date(2024, 3, 10)),
)


def count(
    incidents, areas, *, record=(QUARTER,), records=None, every="month", span=QUARTER, **more
):
    records = {"police": record} if records is None else records
    return count_by_area(
        incidents,
        areas,
        periods=list_periods(span, every=every),
        calendar=RecordCalendar.build(span, list(records.values())),
        record_by_source=records,
        boundary=BOUNDARY,
        **more,
    )


INCIDENTS = make_incidents(
    [
        ("2024-01-05T10:00", 50),
        ("2024-01-31T23:59:59", 50),
        ("2024-02-01T00:00", 50),
        ("2024-03-31T12:00", 150),
        ("2024-03-05T12:00", 100),  # on the edge of streets 0 and 1
        ("2024-02-10T12:00", 700),  # off streets
        ("2024-02-11T12:00", 1000),  # on the boundary: inside
        ("2024-02-12T12:00", 1001),  # outside
        ("2024-03-01T12:00", np.nan),
    ]
)


def test_hand_worked_counts_and_tally():
    table = count(INCIDENTS, make_areas())
    assert table.counts.tolist() == [[2, 1, 1], [0, 0, 1], [0, 0, 0]]
    assert table.counts.dtype == np.int64
    assert np.array_equal(table.full_counts, table.counts)
    assert table.off_areas.tolist() == [0, 2, 0]
    assert table.record == ("recorded",) * 3
    assert table.recorded_days.tolist() == [31, 29, 31]
    assert table.tally == Tally(9, 5, 2, 1, 1, 0)


def test_a_month_without_record_is_missing_and_its_incidents_are_named():
    table = count(INCIDENTS, make_areas(), record=FEBRUARY_OUT)
    assert table.record == ("recorded", "missing", "partial")
    assert table.recorded_days.tolist() == [31, 0, 10]
    assert table.counts.tolist() == [[2, 0, 1], [0, 0, 0], [0, 0, 0]]
    assert table.tally == Tally(9, 3, 0, 0, 1, 5)
    frame = table.to_frame()
    first = frame[frame[schema.AREA_ID] == "street:0"]
    assert first[schema.N_INCIDENTS].tolist() == [2, pd.NA, 1]
    assert np.isnan(first[schema.DENSITY_KM2].iloc[1])
    other = frame[frame[schema.AREA_ID] == "street:2"]
    assert other[schema.N_INCIDENTS].tolist() == [0, pd.NA, 0]


def test_rate_uses_only_days_that_every_source_recorded():
    records = {"police": (QUARTER,), "apk": (Span(date(2024, 3, 1), date(2024, 3, 31)),)}
    table = count(INCIDENTS, make_areas(), records=records)
    assert table.record == ("partial", "partial", "recorded")
    assert table.recorded_days.tolist() == [0, 0, 31]
    assert table.counts[0].tolist() == [2, 1, 1]
    assert table.full_counts[0].tolist() == [0, 0, 1]
    totals = table.total_by_area()
    # 1 incident, 500 residents, 31 days: 1 / 500 × 1000 / (31 / 365.25)
    assert totals[schema.RATE_1000].iloc[0] == pytest.approx(2 / (31 / 365.25))
    assert totals[schema.N_INCIDENTS].tolist() == [4, 1, 0]
    assert totals[schema.RECORDED_DAYS].tolist() == [31] * 3


def test_long_form_has_every_column_and_hand_worked_measures():
    frame = count(INCIDENTS, make_areas()).to_frame()
    assert tuple(frame.columns) == schema.COUNT_COLUMNS
    assert len(frame) == 9
    assert str(frame[schema.N_INCIDENTS].dtype) == "Int64"
    row = frame.iloc[0]
    assert (row[schema.PERIOD], row[schema.RECORD]) == ("2024-01", "recorded")
    assert row[schema.PERIOD_FROM] == pd.Timestamp("2024-01-01")
    assert row[schema.PERIOD_TO] == pd.Timestamp("2024-01-31")
    assert row[schema.DENSITY_KM2] == pytest.approx(20.0)  # 2 on 0.1 km²
    assert row[schema.DENSITY_100M] == pytest.approx(0.5)  # 2 on 400 m
    assert row[schema.RATE_1000] == pytest.approx(4 / (31 / 365.25))
    no_residents = frame[frame[schema.AREA_ID] == "street:1"]
    assert no_residents[schema.RATE_1000].isna().all()
    no_length = frame[frame[schema.AREA_ID] == "street:2"]
    assert no_length[schema.DENSITY_100M].isna().all()
    assert no_length[schema.DENSITY_KM2].tolist() == [0.0, 0.0, 0.0]


def test_overlapping_areas_count_an_incident_in_each_but_tally_it_once():
    areas = make_areas(kind=schema.LOCALITY)
    areas.loc[1, schema.GEOMETRY] = box(X0, Y0, X0 + 200, Y0 + 1000)
    table = count(INCIDENTS, areas, overlapping=True)
    assert table.counts.sum(axis=1).tolist() == [4, 5, 0]
    assert table.tally == Tally(9, 5, 2, 1, 1, 0)


def test_no_source_means_everything_is_missing():
    table = count(make_incidents([]), make_areas(), records={})
    assert table.record == ("missing",) * 3
    assert table.to_frame()[schema.N_INCIDENTS].isna().all()
    assert table.total_by_area()[schema.N_INCIDENTS].isna().all()
    assert table.total_by_area()[schema.RATE_1000].isna().all()


def test_a_source_without_record_counts_nothing():
    table = count(INCIDENTS, make_areas(), record=())
    assert table.tally == Tally(9, 0, 0, 0, 0, 9)


def test_no_areas():
    table = count(INCIDENTS, make_areas().iloc[:0])
    assert table.counts.shape == (0, 3)
    assert table.tally == Tally(9, 0, 7, 1, 1, 0)
    assert len(table.to_frame()) == len(table.total_by_area()) == 0


def test_areas_are_sorted_and_inputs_untouched():
    areas, incidents = make_areas().iloc[::-1], INCIDENTS.copy(deep=True)
    before = areas.copy(deep=True)
    table = count(incidents, areas)
    assert table.areas[schema.AREA_ID].tolist() == ["street:0", "street:1", "street:2"]
    assert table.counts.tolist() == [[2, 1, 1], [0, 0, 1], [0, 0, 0]]
    pd.testing.assert_frame_equal(incidents, INCIDENTS)
    assert areas.equals(before)
    assert areas.index.tolist() == before.index.tolist()


rows = st.lists(
    st.tuples(
        st.integers(0, 90), st.sampled_from([-1, 0, 50, 100, 250, 300, 999, 1000, 1200, np.nan])
    ),
    max_size=40,
)


@settings(max_examples=50, deadline=None)
@given(
    rows=rows, seed=st.integers(0, 99), every=st.sampled_from(["week", "month", "quarter", "year"])
)
def test_counts_reconcile_and_order_is_irrelevant(rows, seed, every):
    start = date(2024, 1, 1)
    incidents = make_incidents([((start + timedelta(days=d)).isoformat(), x) for d, x in rows])
    table = count(incidents, make_areas(), record=FEBRUARY_OUT, every=every)
    tally = table.tally
    assert (
        tally.n_selected
        == len(rows)
        == (
            tally.n_in_areas
            + tally.n_off_areas
            + tally.n_outside
            + tally.n_not_placed
            + tally.n_off_record
        )
    )
    assert table.counts.sum() == tally.n_in_areas
    assert table.off_areas.sum() == tally.n_off_areas
    assert (table.full_counts <= table.counts).all()
    assert not table.counts[:, [s == "missing" for s in table.record]].any()
    shuffled = incidents.sample(frac=1, random_state=seed)
    again = count(shuffled, make_areas(), record=FEBRUARY_OUT, every=every)
    assert np.array_equal(again.counts, table.counts)
    assert again.tally == tally


def test_errors():
    areas = make_areas()
    with pytest.raises(ParameterError, match="but 9 are not"):
        count(INCIDENTS, areas, span=Span(date(2023, 1, 1), date(2023, 12, 31)))
    with pytest.raises(ParameterError, match="but 1 is not"):
        count(make_incidents([(None, 5)]), areas)
    with pytest.raises(SchemaError, match="incidents lack the columns x, y"):
        count(INCIDENTS.drop(columns=["x", "y"]), areas)
    with pytest.raises(SchemaError, match="areas lack the columns residents"):
        count(INCIDENTS, areas.drop(columns="residents"))
    with pytest.raises(CRSError, match="EPSG:5514 is needed"):
        count(INCIDENTS, areas.to_crs(4326))
    shared = {"calendar": RecordCalendar.build(QUARTER, []), "record_by_source": {}}
    with pytest.raises(ParameterError, match="a period to count in"):
        count_by_area(INCIDENTS, areas, periods=(), boundary=BOUNDARY, **shared)
    months = list_periods(QUARTER, every="month")
    with pytest.raises(ParameterError, match="2024-03 does not follow 2024-01"):
        count_by_area(INCIDENTS, areas, periods=months[::2], boundary=BOUNDARY, **shared)


def test_density_and_rate_are_nan_without_a_base():
    assert np.isnan(density(np.array([1.0]), np.array([0.0]))).all()
    assert np.isnan(density(np.array([1.0]), np.array([np.nan]))).all()
    nothing = rate(np.array([1, 1, 1]), np.array([0.0, np.nan, 10.0]), np.array([365, 365, 0]))
    assert np.isnan(nothing).all()
    # 65 incidents among 10,619 residents in a year of 365 days
    one = rate(np.array([65]), np.array([10_619.0]), np.array([365]))
    assert one[0] == pytest.approx(65 / 10_619 * 1000 / (365 / 365.25))


def test_period_of_days():
    day = date(1970, 1, 1)
    periods = (Period("a", day, day), Period("b", date(1970, 1, 2), date(1970, 1, 3)))
    assert period_of(np.array([-1, 0, 1, 2, 3]), periods).tolist() == [-1, 0, 1, 1, -1]
