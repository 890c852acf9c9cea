"""What a user asks to see: weekdays, hours, kinds of area."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotspots.errors import ParameterError
from hotspots.selection import WEEKDAYS, Selection, parse_hours, parse_weekdays


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ()),
        ("mon", (0,)),
        ("Mon, TUE", (0, 1)),
        ("mon-fri", (0, 1, 2, 3, 4)),
        ("sat-mon", (0, 5, 6)),
        ("5,6", (5, 6)),
        ("4-6,0", (0, 4, 5, 6)),
        ("sun-sun", (6,)),
        ("mon-sun", (0, 1, 2, 3, 4, 5, 6)),
        ("fri,mon,fri", (0, 4)),
    ],
)
def test_weekdays(text, expected):
    assert parse_weekdays(text) == expected


@pytest.mark.parametrize("text", ["7", "monday", "mon-", "mon-tue-wed", "-", "po"])
def test_what_is_no_weekday(text):
    with pytest.raises(ParameterError, match="is no weekday"):
        parse_weekdays(text)


@given(chosen=st.sets(st.sampled_from(WEEKDAYS), min_size=1))
def test_any_set_of_weekdays_reads_back(chosen):
    numbers = parse_weekdays(",".join(chosen))
    assert {WEEKDAYS[number] for number in numbers} == chosen
    assert list(numbers) == sorted(numbers)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", None),
        ("  ", None),
        ("0-24", None),
        ("8-16", (8, 16)),
        (" 22 - 6 ", (22, 6)),
        ("22-0", (22, 0)),
        ("00-06", (0, 6)),
        ("18-24", (18, 24)),
    ],
)
def test_hours(text, expected):
    assert parse_hours(text) == expected


@pytest.mark.parametrize(
    "text", ["8", "8-8", "24-6", "8-25", "a-b", "8-16-20", "-1-5", "8:00-9:00"]
)
def test_what_is_no_window_of_hours(text):
    with pytest.raises(ParameterError, match="is no window of hours"):
        parse_hours(text)


def test_selection_knows_its_kinds():
    assert Selection().by == "street"
    assert hash(Selection()) == hash(Selection())
    with pytest.raises(ParameterError, match="area kind 'house' is unknown; choose from: street"):
        Selection(by="house")
    with pytest.raises(ParameterError, match="period 'day' is unknown; choose from: week"):
        Selection(every="day")
