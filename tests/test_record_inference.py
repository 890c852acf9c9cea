"""Periods of record inferred from the days of incidents."""

from datetime import date
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotspots.periods import Span, day_number
from hotspots.record_inference import detectable_gap_days, infer_record


def every_day(first, last, step=1):
    return np.arange(day_number(first), day_number(last) + 1, step)


def test_no_day_gives_no_span():
    assert infer_record(np.array([], dtype=np.int64)) == ()
    assert infer_record(np.array(["NaT"], dtype="datetime64[s]")) == ()
    assert detectable_gap_days(np.array([], dtype=np.int64)) is None


def test_one_day_with_incidents_covers_that_day():
    day = date(2024, 3, 11)
    assert infer_record(np.array([day_number(day)] * 3)) == (Span(day, day),)
    assert detectable_gap_days(np.array([day_number(day)])) is None


def test_no_span_reaches_into_the_future():
    # Daily incidents: λ = ln 2 a day, so an edge reaches d < ln 20 / 0.69 = 4.3 days.
    days = every_day(date(2026, 9, 1), date(2026, 11, 27))
    today = date(2026, 11, 28)
    assert infer_record(days, today=today) == (Span(date(2026, 9, 1), today),)
    assert infer_record(days, today=date(2027, 1, 5)) == (
        Span(date(2026, 9, 1), date(2026, 11, 30)),
    )
    # A file may be of tomorrow, by the sender's clock: its last incident is covered all the same.
    assert infer_record(days, today=date(2026, 11, 26))[0].end == date(2026, 11, 27)


def test_missing_quarter_of_a_daily_source_is_a_gap():
    days = np.concatenate(
        [
            every_day(date(2020, 1, 1), date(2020, 6, 30)),
            every_day(date(2020, 10, 1), date(2020, 12, 31)),
        ]
    )
    assert infer_record(days) == (
        Span(date(2020, 1, 1), date(2020, 6, 30)),
        Span(date(2020, 10, 1), date(2020, 12, 31)),
    )


def test_hand_worked_threshold_and_edges():
    # One incident every third day: months hold 10 or 11, median distance 3 days, so
    # λ = min(10 / 30.4375, ln 2 / 3) = 0.2310; with 121 silences a gap needs
    # d > ln(121 / 0.001) / 0.2310 = 50.6, so 51 days; an edge reaches d < ln 20 / 0.2310 = 12.97.
    days = every_day(date(2023, 1, 3), date(2023, 12, 31), 3)
    assert len(days) == 121
    cut = np.append(days, days[-1] + 52)  # 51 silent days
    assert detectable_gap_days(cut) == 51
    first, last = infer_record(cut)
    assert first == Span(date(2023, 1, 1), date(2023, 12, 31))
    assert last == Span(date(2024, 2, 19), date(2024, 2, 19))
    # 2024-02-19 is too far from the first, 2024-02-22 near enough to the last of its month
    more = infer_record(np.append(cut, days[-1] + 55))
    assert more[1] == Span(date(2024, 2, 19), date(2024, 2, 29))
    whole = np.append(days, days[-1] + 51)  # 50 silent days
    assert len(infer_record(whole)) == 1


def test_weekends_and_holidays_are_no_gaps_however_busy_the_source():
    days = every_day(date(2024, 1, 1), date(2024, 12, 31))
    workdays = days[(days + 3) % 7 < 5]
    holiday = workdays[
        (workdays < day_number(date(2024, 7, 1))) | (workdays > day_number(date(2024, 7, 14)))
    ]
    assert infer_record(np.repeat(workdays, 20)) == (Span(date(2024, 1, 1), date(2024, 12, 31)),)
    # 29 June to 14 July: sixteen silent days are more than a holiday
    assert len(infer_record(np.repeat(holiday, 20))) == 2


def test_sparse_source_shows_no_gap():
    days = np.array([day_number(date(year, 5, 1)) for year in range(2000, 2024)])
    assert len(infer_record(days)) == 1


def test_datetimes_and_day_numbers_agree():
    times = pd.date_range("2024-01-01 13:00", "2024-03-31 13:00", freq="D").to_numpy()
    assert infer_record(times) == infer_record(every_day(date(2024, 1, 1), date(2024, 3, 31)))


@given(
    st.lists(st.integers(day_number(date(1990, 1, 1)), day_number(date(2030, 1, 1))), min_size=1)
)
def test_every_incident_day_is_covered_and_spans_keep_apart(numbers):
    days = np.array(numbers)
    spans = infer_record(days)
    for day in numbers:
        assert sum(day_number(s.start) <= day <= day_number(s.end) for s in spans) == 1
    for before, after in pairwise(spans):
        assert day_number(after.start) - day_number(before.end) > 1
    assert infer_record(days[::-1].copy()) == spans
    assert days.tolist() == numbers


@pytest.mark.reference
def test_real_accidents_have_two_gaps_and_an_end(shared):
    import pyogrio

    frame = pyogrio.read_dataframe(
        shared / "data/jesenik/jesenik_nehody_2016_2024.gpkg", columns=["date"], read_geometry=False
    )
    spans = infer_record(pd.to_datetime(frame["date"]).to_numpy())
    # The one accident of October 2020 fell on its first day. Between 1 and 12 January 2023 lie
    # twelve silent days, too many to be put down to chance, so that span starts on the 13th.
    assert spans == (
        Span(date(2016, 1, 1), date(2020, 10, 1)),
        Span(date(2021, 1, 1), date(2021, 8, 31)),
        Span(date(2023, 1, 13), date(2024, 10, 3)),
    )
