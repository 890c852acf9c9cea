"""Texts become numbers and times: hand-worked values, reasons, and properties."""

from datetime import date, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hotspots.clean import (
    UNKNOWN,
    Moments,
    parse_clocks,
    parse_moments,
    parse_numbers,
)
from hotspots.occurrence import place_in_time

TODAY = date(2026, 6, 1)


def moments(*texts: str) -> Moments:
    return parse_moments(list(texts), column="when", today=TODAY)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1", 1.0),
        ("-543455.674", -543455.674),
        ("17,2046", 17.2046),
        ("1 050 795,374", 1050795.374),
        ("1\u00a0050\u00a0795", 1050795.0),
        ("1e3", 1000.0),
        (".5", 0.5),
    ],
)
def test_numbers_are_read(text, value):
    numbers = parse_numbers([text, "x"], column="x")
    assert numbers.values[0] == value
    assert np.isnan(numbers.values[1])
    assert numbers.problems == {1: "x 'x' is not a number"}


@pytest.mark.parametrize("text", ["abc", "1,2,3", "50.2N", "nan", "inf", "1.2,3", "--5"])
def test_what_is_no_number_is_named(text):
    numbers = parse_numbers([text], column="lat")
    assert np.isnan(numbers.values[0])
    assert numbers.problems == {0: f"lat '{text}' is not a number"}


def test_missing_numbers_are_no_problem():
    numbers = parse_numbers(["", "1"], column="x")
    assert numbers.missing.tolist() == [True, False]
    assert numbers.problems == {}


@pytest.mark.parametrize(
    ("text", "value", "has_time"),
    [
        ("2024-12-31", "2024-12-31T00:00", False),
        ("2024/2/29", "2024-02-29T00:00", False),
        ("31.12.2024", "2024-12-31T00:00", False),
        ("1. 2. 2024", "2024-02-01T00:00", False),
        ("1.2.2024 7:05", "2024-02-01T07:05", True),
        ("31. 12. 2024 v 22.10", "2024-12-31T22:10", True),
        ("2024-12-31T22:10", "2024-12-31T22:10", True),
        ("31.12.2024 24:00", "2024-12-31T23:59", True),
        ("2024-12-31T24:00:00", "2024-12-31T23:59", True),
        ("2024-12-31 22:10:59.123", "2024-12-31T22:10:59", True),
        # UTC and a foreign offset become Prague's wall clock, in winter and in summer.
        ("2025-01-01T02:21:00.0000+01:00", "2025-01-01T02:21", True),
        ("2025-07-01T00:30:00Z", "2025-07-01T02:30", True),
        ("2025-01-01T00:30:00+0500", "2024-12-31T20:30", True),
        ("2020-10-23 21:17:00+00", "2020-10-23T23:17", True),
        ("2026-06-02", "2026-06-02T00:00", False),
    ],
)
def test_dates_are_read(text, value, has_time):
    found = moments(text)
    assert found.problems == {}
    assert found.values[0] == np.datetime64(value)
    assert found.has_time[0] == has_time


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("31.2.2024", "when '31.2.2024' is no day of the calendar; month 2/2024 has 29 days"),
        ("29.2.2023", "month 2/2023 has 28 days"),
        ("0.5.2024", "is no day of the calendar"),
        ("5.13.2024", "there is no month 13"),
        ("2024-05-03 25:00", "has no possible time"),
        ("yesterday", "is no date that is understood; write 31.12.2024"),
        ("5.3.50", "is no date that is understood"),
        ("03/05/2024", "is no date that is understood"),
        ("31.12.1989", "lies before 1990"),
        ("2026-06-03", "lies in the future"),
    ],
)
def test_impossible_dates_say_why(text, reason):
    found = moments("1.1.2024", text, "")
    assert list(found.problems) == [1]
    assert reason in found.problems[1]
    assert np.isnat(found.values[1:]).all()
    assert found.missing.tolist() == [False, False, True]


@settings(deadline=None)
@given(st.datetimes(min_value=datetime(1990, 1, 1), max_value=datetime(2026, 5, 31)))  # noqa: DTZ001
def test_every_way_of_writing_gives_the_same_moment(when):
    when = when.replace(second=0, microsecond=0)
    found = moments(
        when.isoformat(),
        f"{when:%Y-%m-%d %H:%M}",
        f"{when:%d.%m.%Y %H:%M}",
        f"{when.day}. {when.month}. {when.year} {when.hour}:{when.minute:02d}",
    )
    assert found.problems == {}
    assert set(found.values.tolist()) == {when}


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("22:10", 1330, 1330),
        ("22.10", 1330, 1330),
        ("2210", 1330, 1330),
        ("930", 570, 570),
        ("9:05:30", 545, 545),
        ("13", 780, 839),
        ("13:60", 780, 839),
        ("22:00–23:30", 1320, 1410),
        ("23:30 - 1:00", 1410, 60),
        ("25:00", UNKNOWN, UNKNOWN),
        ("25:60", UNKNOWN, UNKNOWN),
        ("2560", UNKNOWN, UNKNOWN),
        ("9999", UNKNOWN, UNKNOWN),
        ("25", UNKNOWN, UNKNOWN),
        ("24:00", 1439, 1439),
        ("2400", 1439, 1439),
        ("22:00–24:00", 1320, 1439),
        ("", UNKNOWN, UNKNOWN),
    ],
)
def test_times_of_day_are_read(text, start, end):
    clocks = parse_clocks([text])
    assert (clocks.start_min[0], clocks.end_min[0]) == (start, end)
    assert clocks.not_understood == {}


def test_times_not_understood_are_listed():
    clocks = parse_clocks(["in the evening", "22:10", "in the evening"])
    assert clocks.not_understood == {"in the evening": 2}
    assert clocks.start_min.tolist() == [UNKNOWN, 1330, UNKNOWN]


def test_hours_that_no_clock_shows_are_listed():
    clocks = parse_clocks(["24:10", "26:30", "99:10", "26:30", "25:30", "24:60", "25:00-26:00"])
    assert clocks.not_understood == {
        "24:10": 1,
        "26:30": 2,
        "99:10": 1,
        "25:30": 1,
        "24:60": 1,
        "25:00-26:00": 1,
    }
    assert (clocks.start_min == UNKNOWN).all()


@pytest.mark.parametrize("text", ["3/2024", "03/2024", "3.2024", "3. 2024", "2024-03", "2024-3"])
def test_a_month_without_a_day_lasts_to_its_end(text):
    months = moments("5.3.2024 10:00", text)
    assert months.problems == {}
    assert months.whole_month.tolist() == [False, True]
    when = place_in_time(months, parse_clocks(["", "22:10"]), None)
    assert when.precision.tolist() == ["minute", "month"]
    assert when.start[1] == np.datetime64("2024-03-01T00:00:00")
    assert when.end[1] == np.datetime64("2024-03-31T23:59:00")


def test_a_month_as_an_end_and_months_that_are_none():
    when = place_in_time(moments("5.3.2024", "3/2024"), None, moments("3/2024", "4/2024"))
    assert when.precision.tolist() == ["span", "month"]
    assert when.end.astype("datetime64[D]").astype(str).tolist() == ["2024-03-31", "2024-04-30"]
    assert "there is no month 13" in moments("13/2024").problems[0]
    assert "lies in the future" in moments("7/2026").problems[0]


def test_a_day_without_time_lasts_all_day():
    when = place_in_time(moments("5.3.2024", "5.3.2024 10:15"), None, None)
    assert when.start.astype(str).tolist() == ["2024-03-05T00:00:00", "2024-03-05T10:15:00"]
    assert when.end.astype(str).tolist() == ["2024-03-05T23:59:00", "2024-03-05T10:15:00"]
    assert when.precision.tolist() == ["day", "minute"]


def test_date_and_time_are_joined():
    clocks = parse_clocks(["22:10", "23:30-01:00", "13", "25:00", "22:00-23:30"])
    when = place_in_time(moments(*["5.3.2024"] * 5), clocks, None)
    assert when.precision.tolist() == ["minute", "span", "hour", "day", "span"]
    assert when.start.astype("datetime64[m]").astype(str).tolist() == [
        "2024-03-05T22:10",
        "2024-03-05T23:30",
        "2024-03-05T13:00",
        "2024-03-05T00:00",
        "2024-03-05T22:00",
    ]
    assert when.end.astype("datetime64[m]").astype(str).tolist() == [
        "2024-03-05T22:10",
        "2024-03-06T01:00",
        "2024-03-05T13:59",
        "2024-03-05T23:59",
        "2024-03-05T23:30",
    ]


def test_an_end_makes_a_span_and_must_not_come_first():
    start = moments("5.3.2024 10:00", "5.3.2024", "5.3.2024", "5.3.2024 10:00", "5.3.2024 10:00")
    until = moments("5.3.2024 12:00", "7.3.2024", "5.3.2024", "5.3.2024 9:00", "")
    when = place_in_time(start, None, until)
    assert when.precision.tolist() == ["span", "span", "day", "minute", "minute"]
    assert when.end[1] == np.datetime64("2024-03-07T23:59:00")
    assert when.problems == {
        3: "the end 2024-03-05 09:00 lies before the start 2024-03-05 10:00",
    }


@settings(deadline=None)
@given(
    st.lists(st.sampled_from(["22:10", "", "25:00", "13", "23:00-01:00", "0:00"]), max_size=20),
    st.integers(0, 300),
)
def test_no_incident_ends_before_it_starts(times, shift):
    day = (date(2025, 1, 1) + timedelta(days=shift)).isoformat()
    when = place_in_time(moments(*[day] * len(times)), parse_clocks(times), None)
    assert (when.end >= when.start).all()
    assert (when.start.astype("datetime64[D]").astype(str) == day).all()


def test_the_given_columns_stay_as_they_are():
    texts = ["5.3.2024", "x", ""]
    parse_moments(texts, column="when", today=TODAY)
    start = moments("5.3.2024")
    before = start.values.copy()
    place_in_time(start, parse_clocks(["10:00"]), moments("6.3.2024"))
    assert texts == ["5.3.2024", "x", ""]
    assert (start.values == before).all()
