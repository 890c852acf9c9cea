"""Times in words: hand-worked ones, what is never guessed, and the clocks' changes."""

from datetime import date, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotspots.clean import UNKNOWN, parse_clocks, parse_moments
from hotspots.occurrence import place_in_time

TODAY = date(2026, 6, 1)


def when(text, clock=None, until=None):
    """Return start, end and precision of one row, as texts to the minute."""
    moments = parse_moments([text], column="when", today=TODAY)
    assert moments.problems == {}
    clocks = None if clock is None else parse_clocks([clock])
    ends = None if until is None else parse_moments([until], column="until", today=TODAY)
    found = place_in_time(moments, clocks, ends)
    assert found.problems == {}
    start, end = (
        str(t.astype("datetime64[m]")).replace("T", " ") for t in (found.start[0], found.end[0])
    )
    return start, end, found.precision[0]


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("22-23:30", "22:00", "23:30"),
        ("22:00–23:30", "22:00", "23:30"),
        ("22:00 až 23:30 hod.", "22:00", "23:30"),
        ("mezi 20. a 22. hod.", "20:00", "22:00"),
        ("mezi 20 a 22 hodinou", "20:00", "22:00"),
        ("mezi 20:00 - 22:00", "20:00", "22:00"),
        ("od 20:00 do 22:00", "20:00", "22:00"),
        ("V době od 20.15 do 22.00 hod", "20:15", "22:00"),
        ("kolem 21. hod.", "20:30", "21:30"),
        ("cca 21:30", "21:00", "22:00"),
        ("asi v 21 hod.", "20:30", "21:30"),
        ("kolem 0:10", "00:00", "00:40"),
        ("cca 23:45", "23:15", "23:59"),
        ("dopoledne", "06:00", "12:00"),
        ("odpoledne", "12:00", "18:00"),
        ("VEČER", "18:00", "22:00"),
        ("vecer", "18:00", "22:00"),
        ("ráno", "05:00", "09:00"),
        ("v odpoledních hodinách", "12:00", "18:00"),
    ],
)
def test_spans_of_one_day_in_words(text, start, end):
    wanted = (f"2025-03-12 {start}", f"2025-03-12 {end}", "span")
    assert when("12.3.2025", text) == wanted
    # The same words behind the date of one cell.
    assert when(f"12. 3. 2025 {text}") == wanted
    assert when(f"2025-03-12 {text}") == wanted


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("po 22. hod.", "22:00", "23:59"),
        ("po 22. hodině", "22:00", "23:59"),
        ("PO 22:30", "22:30", "23:59"),
        ("od 22:00", "22:00", "23:59"),
        ("před 6. hod.", "00:00", "06:00"),
        ("pred 6.", "00:00", "06:00"),
        ("do 22 hod", "00:00", "22:00"),
        ("nejpozději do 22. hodiny", "00:00", "22:00"),
    ],
)
def test_one_end_alone_is_a_span_within_its_day(text, start, end):
    wanted = (f"2025-03-12 {start}", f"2025-03-12 {end}", "span")
    assert when("12.3.2025", text) == when(f"12. 3. 2025 {text}") == wanted


@pytest.mark.parametrize(
    "text", ["5.11.", "5. 11.", "5.11", "st 5.11.", "5.11. 22:10", "5.11. večer"]
)
def test_a_day_without_a_year_says_how_to_state_it(text):
    moments = parse_moments([text], column="when", today=TODAY)
    assert (
        f"when '{text}' has no year; write it with the date, as 31.12.2024" in moments.problems[0]
    )


@pytest.mark.parametrize("text", ["v noci", "v nočních hodinách", "22 - 6", "od 22:00 do 6:00"])
def test_spans_over_midnight_end_on_the_next_day(text):
    wanted = ("2024-12-31 22:00", "2025-01-01 06:00", "span")
    assert when("31.12.2024", text) == when(f"31. 12. 2024 {text}") == wanted


@pytest.mark.parametrize(
    "text", ["21.30 hod", "21:30 h.", "v 21:30 hod.", "21h30", "0.89583333333", "21:30:00"]
)
def test_a_minute_in_words(text):
    assert when("12.3.2025", text) == ("2025-03-12 21:30", "2025-03-12 21:30", "minute")


@pytest.mark.parametrize("text", ["21 h", "21. hod.", "21 hodin", "v 21 hod"])
def test_an_hour_in_words(text):
    wanted = ("2025-03-12 21:00", "2025-03-12 21:59", "hour")
    assert when("12.3.2025", text) == when(f"12.3.2025 {text}") == wanted


@pytest.mark.parametrize(
    "text", ["", "-", "–", "?", "neuvedeno", "Nezjištěno", "neznámý čas", "x", "n/a", "celý den"]
)
def test_a_time_that_nobody_knows_leaves_the_day(text):
    assert parse_clocks([text]).not_understood == {}
    day = ("2025-03-12 00:00", "2025-03-12 23:59", "day")
    assert when("12.3.2025", text) == when(f"12.3.2025 {text}") == day


@pytest.mark.parametrize(
    "text",
    [
        "20 a 22",
        "po 24:00",
        "do 0:00",
        "před půlnocí",
        "22:10, 23:40",
        "26:30",
        "20-26",
        "po odchodu z restaurace",
        "9" * 100,
        "v" * 100_000,
    ],
)
def test_other_words_are_listed_and_never_guessed(text):
    clocks = parse_clocks([text])
    assert clocks.not_understood == {text: 1}
    assert clocks.start_min[0] == UNKNOWN
    moments = parse_moments([f"12.3.2025 {text}"], column="when", today=TODAY)
    assert list(moments.problems) == [0]


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("12.–14. 3. 2025", "2025-03-12 00:00", "2025-03-14 23:59"),
        ("12. 3. – 14. 3. 2025", "2025-03-12 00:00", "2025-03-14 23:59"),
        ("12.3.2025-14.3.2025", "2025-03-12 00:00", "2025-03-14 23:59"),
        ("12.3.2025 až 14.3.2025", "2025-03-12 00:00", "2025-03-14 23:59"),
        ("2025-03-12 - 2025-03-14", "2025-03-12 00:00", "2025-03-14 23:59"),
        ("z 12. na 13. 3. 2025", "2025-03-12 00:00", "2025-03-13 23:59"),
        ("mezi 12. a 13. 3. 2025", "2025-03-12 00:00", "2025-03-13 23:59"),
        ("v noci z 12. na 13. 3. 2025", "2025-03-12 22:00", "2025-03-13 06:00"),
        ("12.3.2025 22:00 - 13.3.2025 06:00", "2025-03-12 22:00", "2025-03-13 06:00"),
        ("od 12.3.2025 22:00 do 13.3.2025 6:00", "2025-03-12 22:00", "2025-03-13 06:00"),
        ("12.3. 22:00 - 13.3.2025 6:00", "2025-03-12 22:00", "2025-03-13 06:00"),
        ("31. 12. – 1. 1. 2025", "2024-12-31 00:00", "2025-01-01 23:59"),
        ("28. 2. - 1. 3. 2024", "2024-02-28 00:00", "2024-03-01 23:59"),
    ],
)
def test_spans_of_dates(text, start, end):
    assert when(text) == (start, end, "span")


@pytest.mark.parametrize(
    ("text", "start"),
    [
        ("12.3.25", "2025-03-12 00:00"),
        ("12.3.27", "2027-03-12 00:00"),
        ("1.1.95", "1995-01-01 00:00"),
        ("12.3.25 22:10", "2025-03-12 22:10"),
        ("středa 12. 3. 2025", "2025-03-12 00:00"),
        ("st 12.3.2025 v 22:10 hod.", "2025-03-12 22:10"),
        ("dne 12. března 2025", "2025-03-12 00:00"),
        ("12.3.2025, 22.10 hod", "2025-03-12 22:10"),
        ("20250312", "2025-03-12 00:00"),
        ("45728", "2025-03-12 00:00"),
        ("45728.9236111111", "2025-03-12 22:10"),
        ("45728,9236111111", "2025-03-12 22:10"),
    ],
)
def test_other_forms_of_a_date(text, start):
    moments = parse_moments([text], column="when", today=date(2027, 6, 1))
    assert moments.problems == {}
    assert str(moments.values[0].astype("datetime64[m]")).replace("T", " ") == start


@pytest.mark.parametrize(
    "text",
    [
        "12.3.50",
        "12. a 13. 3. 2025",
        "14.3.2025 - 12.3.2025",
        "12/3/2025",
        "25-03-12",
        "12.3.2025 krádež",
        "12.3.2025 22:00 a 13.3.2025 1:00",
        "3.2025-4.2025",
        "99999",
        "2025",
    ],
)
def test_dates_that_could_be_anything_are_rejected(text):
    moments = parse_moments([text], column="when", today=TODAY)
    assert "is no date that is understood" in moments.problems[0]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("31.2.2025 v noci", "is no day of the calendar"),
        ("30.-31. 2. 2025", "is no day of the calendar"),
        ("1.6.2026 - 9.6.2026", "lies in the future"),
        ("1.1.1989 v noci", "lies before 1990"),
        ("32874", "lies before 1990"),
    ],
)
def test_impossible_days_in_words_say_why(text, reason):
    moments = parse_moments([text], column="when", today=TODAY)
    if text == "32874":  # 1 January 1990 itself
        assert moments.problems == {}
        return
    assert reason in moments.problems[0]
    assert np.isnat(moments.values[0])
    assert np.isnat(moments.ends[0])


def test_a_date_that_nobody_knows_is_missing():
    moments = parse_moments(["neuvedeno", "-", "12.3.2025"], column="when", today=TODAY)
    assert moments.missing.tolist() == [True, True, False]
    assert moments.problems == {}


def test_a_text_with_its_own_end_keeps_it_beside_other_columns():
    assert when("12.–14. 3. 2025", "22:00") == ("2025-03-12 00:00", "2025-03-14 23:59", "span")
    assert when("12.3.2025 22-23", None, "13.3.2025 v noci") == (
        "2025-03-12 22:00",
        "2025-03-14 06:00",
        "span",
    )


@pytest.mark.parametrize(
    ("day", "clock", "start", "end", "n"),
    [
        # 31 March 2024: the clocks went from 2:00 to 3:00.
        ("31.3.2024", "2:30", "2024-03-31 03:30", "2024-03-31 03:30", 1),
        ("31.3.2024", "1:30-2:30", "2024-03-31 01:30", "2024-03-31 03:30", 1),
        ("31.3.2024", "3:00", "2024-03-31 03:00", "2024-03-31 03:00", 0),
        ("30.3.2024", "v noci", "2024-03-30 22:00", "2024-03-31 06:00", 0),
        ("24.3.2024", "2:30", "2024-03-24 02:30", "2024-03-24 02:30", 0),
        ("30.3.2025", "2:00", "2025-03-30 03:00", "2025-03-30 03:00", 1),
        # 27 October 2024: 2:30 came twice; a wall clock does not tell which it was.
        ("27.10.2024", "2:30", "2024-10-27 02:30", "2024-10-27 02:30", 0),
    ],
)
def test_changes_of_the_clocks(day, clock, start, end, n):
    assert when(day, clock)[:2] == (start, end)
    moments = parse_moments([day], column="when", today=TODAY)
    assert place_in_time(moments, parse_clocks([clock]), None).n_skipped == n


@pytest.mark.parametrize(
    ("text", "clock", "until"),
    [
        ("27.10.2024 02:50", None, "27.10.2024 02:10"),
        ("27.10.2024", "02:50-02:10", None),
        ("27.10.2024 02:50-02:10", None, None),
        ("27.10.2024 02:50 - 27.10.2024 02:10", None, None),
        ("24.9.1995 02:50", None, "24.9.1995 02:10"),
    ],
)
def test_a_span_over_the_change_in_autumn_takes_the_doubled_hour(text, clock, until):
    start, end, precision = when(text, clock, until)
    assert (start[11:], end[11:], precision) == ("02:00", "02:59", "span")
    assert start[:10] == end[:10]


@pytest.mark.parametrize("day", ["20.10.2024", "27.9.2024", "25.10.1992", "31.3.2024"])
def test_a_span_backwards_on_any_other_day_is_not_mended(day):
    moments, until = (
        parse_moments([f"{day} {t}"], column="when", today=TODAY) for t in ("04:50", "04:10")
    )
    assert "lies before the start" in place_in_time(moments, None, until).problems[0]
    moments, until = (
        parse_moments([f"{day} {t}"], column="when", today=TODAY) for t in ("02:50", "02:10")
    )
    assert "lies before the start" in place_in_time(moments, None, until).problems[0]


@pytest.mark.parametrize(
    ("text", "minute"),
    [("0:25", 25), ("00.25", 25), ("0.25 h", 25), ("0.250", 360), ("0,125", 180), ("0.7500", 1080)],
)
def test_shares_of_a_day_and_minutes_past_midnight(text, minute):
    clocks = parse_clocks([text])
    assert (clocks.start_min[0], clocks.not_understood) == (minute, {})


@pytest.mark.parametrize("text", ["0.25", "0,25", "0.75", "0.5"])
def test_what_may_be_a_time_or_a_share_of_the_day_is_asked_about(text):
    clocks = parse_clocks([text])
    assert clocks.start_min[0] == UNKNOWN
    assert clocks.not_understood == {text: 1}


def test_both_hours_of_october_are_one_on_the_wall():
    texts = ["2024-10-27T02:30:00+02:00", "2024-10-27T02:30:00+01:00"]
    moments = parse_moments(texts, column="when", today=TODAY)
    assert moments.values.astype(str).tolist() == ["2024-10-27T02:30:00"] * 2


@given(
    st.datetimes(min_value=datetime(1990, 1, 1), max_value=datetime(2026, 5, 30)),  # noqa: DTZ001
    st.integers(1, 12 * 60),
)
def test_a_span_is_the_same_however_it_is_written(start, length):
    start = start.replace(second=0, microsecond=0)
    end = start + timedelta(minutes=length)
    clocks = f"{start:%H:%M}", f"{end:%H:%M}"
    day = f"{start.day}. {start.month}. {start.year}"
    texts = [
        f"{day} {clocks[0]}–{clocks[1]}",
        f"{start:%d.%m.%Y} od {clocks[0]} do {clocks[1]}",
        f"{start:%Y-%m-%d} mezi {clocks[0]} a {clocks[1]} hod.",
        f"{start:%d.%m.%Y %H:%M} - {end:%d.%m.%Y %H:%M}",
    ]
    found = {when(text) for text in texts}
    found.add(when(day, f"{clocks[0]} až {clocks[1]}"))
    found.add(when(f"{day} {clocks[0]}", None, f"{end:%d.%m.%Y %H:%M}"))
    assert len(found) == 1


@given(st.text(st.sampled_from("0123456789.:- –hodaz,/mezi v noci\t'\"\n")))
def test_no_text_breaks_the_reader(text):
    moments = parse_moments([text.strip()], column="when", today=TODAY)
    clocks = parse_clocks([text.strip()])
    if clocks.start_min[0] != UNKNOWN:
        assert 0 <= clocks.start_min[0] < 24 * 60
        assert 0 <= clocks.end_min[0] < 24 * 60
    assert (moments.missing | ~np.isnat(moments.values) | (len(moments.problems) == 1)).all()


@pytest.mark.parametrize("clock", ["22:00", "22:00–23:30", "23:00–01:30"])
def test_a_day_as_the_end_takes_no_known_time_away(clock):
    assert when("12.3.2025", clock, "12.3.2025") == when("12.3.2025", clock)


def test_a_later_day_as_the_end_makes_a_span():
    ends = ("2025-03-12 22:00", "2025-03-13 23:59")
    assert when("12.3.2025", "22:00", "13.3.2025")[:2] == ends


def test_a_span_into_the_gap_of_march_ends_no_earlier_than_it_begins():
    start, end, *_rest = when("30.3.2025", "02:30–03:10")
    assert start <= end
