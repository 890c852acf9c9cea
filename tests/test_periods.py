"""Calendar periods and periods of record."""

from datetime import date, timedelta
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotspots.errors import ParameterError
from hotspots.periods import (
    EVERY,
    Period,
    RecordCalendar,
    Span,
    day_number,
    day_numbers,
    list_periods,
    merge_spans,
    parse_day,
)

days = st.dates(date(1990, 1, 1), date(2060, 12, 31))


@st.composite
def spans(draw, longest=1500):
    start = draw(days)
    return Span(start, start + timedelta(days=draw(st.integers(0, longest))))


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("2016-01-01..2020-09-30", date(2016, 1, 1), date(2020, 9, 30)),
        ("2016-01-01/2020-09-30", date(2016, 1, 1), date(2020, 9, 30)),
        ("2020", date(2020, 1, 1), date(2020, 12, 31)),
        ("2020-02", date(2020, 2, 1), date(2020, 2, 29)),
        ("2021-02..2022", date(2021, 2, 1), date(2022, 12, 31)),
        (" 2020-12 ", date(2020, 12, 1), date(2020, 12, 31)),
    ],
)
def test_spans_are_read(text, start, end):
    assert Span.parse(text) == Span(start, end)


@pytest.mark.parametrize(
    "text",
    ["", "2020-13", "2020-02-30", "31.2.2024", "1899", "2200", "2020..2021..2022", "x", "0000"],
)
def test_what_is_no_span_is_refused(text):
    with pytest.raises(ParameterError, match=r"is no day|is no span"):
        Span.parse(text)


def test_a_span_must_not_end_before_it_starts():
    with pytest.raises(ParameterError, match="must not end before it starts"):
        Span.parse("2021..2020")


@given(span=spans())
def test_a_span_reads_back_what_it_prints(span):
    assert Span.parse(str(span)) == span
    assert span.n_days == (span.end - span.start).days + 1


def test_first_and_last_day():
    assert parse_day("2024-02") == date(2024, 2, 1)
    assert parse_day("2024-02", last=True) == date(2024, 2, 29)
    assert parse_day("2024-12", last=True) == date(2024, 12, 31)
    assert parse_day("2024-03-05", last=True) == date(2024, 3, 5)


def test_spans_that_touch_or_overlap_are_merged():
    parts = [Span.parse(t) for t in ("2020-03", "2020-01", "2020-02", "2020-05", "2020-05-20")]
    assert merge_spans(parts) == (Span.parse("2020-01..2020-03"), Span.parse("2020-05"))
    assert merge_spans([]) == ()


@given(parts=st.lists(spans(longest=60), max_size=8))
def test_merging_keeps_the_days(parts):
    def days_of(some):
        return {s.start + timedelta(days=i) for s in some for i in range(s.n_days)}

    merged = merge_spans(parts)
    assert days_of(merged) == days_of(parts)
    for earlier, later in pairwise(merged):
        assert (later.start - earlier.end).days > 1


@pytest.mark.parametrize(
    ("every", "labels", "first", "last"),
    [
        (
            "year",
            ["2023", "2024"],
            Period("2023", date(2023, 12, 15), date(2023, 12, 31), cut=True),
            5,
        ),
        ("quarter", ["2023-Q4", "2024-Q1"], None, 5),
        ("month", ["2023-12", "2024-01"], None, 5),
        (
            "week",
            ["2023-W50", "2023-W51", "2023-W52", "2024-W01"],
            Period("2023-W50", date(2023, 12, 15), date(2023, 12, 17), cut=True),
            5,
        ),
    ],
)
def test_periods_are_cut_to_the_span(every, labels, first, last):
    periods = list_periods(Span(date(2023, 12, 15), date(2024, 1, last)), every=every)
    assert [p.label for p in periods] == labels
    assert periods[-1].end == date(2024, 1, 5)
    if first:
        assert periods[0] == first


def test_iso_weeks_belong_to_their_iso_year():
    assert list_periods(Span.parse("2021-01-01..2021-01-03"), every="week")[0].label == "2020-W53"
    assert list_periods(Span.parse("2024-12-30..2024-12-31"), every="week")[0].label == "2025-W01"


def test_unknown_period():
    with pytest.raises(ParameterError, match=r"every must be one of .*, got 'day'"):
        list_periods(Span.parse("2020"), every="day")


@given(span=spans(), every=st.sampled_from(EVERY))
def test_periods_partition_the_span(span, every):
    periods = list_periods(span, every=every)
    assert periods[0].start == span.start
    assert periods[-1].end == span.end
    assert sum(p.n_days for p in periods) == span.n_days
    assert len({p.label for p in periods}) == len(periods)
    for earlier, later in pairwise(periods):
        assert later.start - earlier.end == timedelta(days=1)


def test_day_numbers():
    times = np.array(["1970-01-01T23:59", "1969-12-31T23:59", "2024-03-01", "NaT"], "datetime64[s]")
    assert day_numbers(times)[:3].tolist() == [0, -1, day_number(date(2024, 3, 1))]
    assert day_numbers(times)[3] == np.iinfo(np.int64).min


YEAR = Span.parse("2024")


def test_calendar_hand_worked():
    calendar = RecordCalendar.build(
        YEAR,
        [
            (Span.parse("2023-06..2024-02"), Span.parse("2024-02-10..2024-03-10")),
            (Span.parse("2024-02..2024-12"),),
        ],
    )
    states = {
        p.label: (calendar.state(p), calendar.full_days(p))
        for p in list_periods(YEAR, every="month")
    }
    assert states["2024-01"] == ("partial", 0)
    assert states["2024-02"] == ("recorded", 29)
    assert states["2024-03"] == ("partial", 10)
    assert states["2024-04"] == ("partial", 0)
    asked = [date(2023, 12, 31), date(2024, 1, 31), date(2024, 2, 1), date(2024, 3, 11)]
    full = calendar.is_full(np.array([day_number(day) for day in asked]))
    assert full.tolist() == [False, False, True, False]


def test_without_sources_or_record_everything_is_missing():
    month = list_periods(YEAR, every="month")[0]
    for calendar in (RecordCalendar.build(YEAR, []), RecordCalendar.build(YEAR, [()])):
        assert calendar.state(month) == "missing"
        assert calendar.full_days(month) == 0
        assert not calendar.is_full(np.array([day_number(month.start)])).any()


@given(record=st.lists(st.lists(spans(longest=90), max_size=3), max_size=3), span=spans(longest=90))
def test_calendar_counts_each_source_once_a_day(record, span):
    calendar = RecordCalendar.build(span, [tuple(parts) for parts in record])
    for i in range(span.n_days):
        day = span.start + timedelta(days=i)
        depth = sum(any(s.start <= day <= s.end for s in parts) for parts in record)
        assert calendar.depth[i] == depth


def test_a_cut_period_is_recorded_in_part_at_best():
    span = Span(date(2023, 12, 15), date(2024, 12, 31))
    calendar = RecordCalendar.build(span, [(span,)])
    year, whole = list_periods(span, every="year")
    assert (year.cut, whole.cut) == (True, False)
    assert calendar.state(year) == "partial"
    assert calendar.state(whole) == "recorded"
    assert calendar.full_days(year) == 17
