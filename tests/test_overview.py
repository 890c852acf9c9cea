"""The overview: what is published when, counted by hand, compared only where that is honest."""

from datetime import date

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hotspots import layers, schema
from hotspots.analysis.overview import list_published, overview
from hotspots.analysis.overview_tables import GOAL, YearCounts, protect, publish
from hotspots.analysis.overview_words import describe, number_text
from hotspots.periods import Span
from hotspots.privacy import HIDDEN, SHOWN, SMALL, attack

from .counting import BOUNDARY, FakeStore, make_areas, make_incidents, source

TODAY = date(2026, 11, 23)
TWO_YEARS = Span(date(2024, 1, 1), date(2025, 12, 31))


@pytest.fixture
def look(monkeypatch):
    """Return a function that gives the overview of made-up incidents in three districts."""
    areas = make_areas(kind=schema.DISTRICT)
    monkeypatch.setattr(layers, "present_kinds", lambda _workspace: (schema.DISTRICT,))
    monkeypatch.setattr(layers, "read_areas", lambda _workspace, _kind: areas)
    monkeypatch.setattr(layers, "read_boundary", lambda _workspace: BOUNDARY)
    monkeypatch.setattr(layers, "read_former", lambda _workspace, _kind: ())

    def ask(rows, *, known=None, today=TODAY, links=()):
        known = [source(record=(TWO_YEARS,))] if known is None else known
        return overview(FakeStore(known, make_incidents(rows), links), None, today=today)

    return ask


def many(n, year, offset, **columns):
    """`n` incidents of a year at an offset from the west, one a day from March on."""
    days = np.arange(f"{year}-03-01", f"{year}-12-28", dtype="datetime64[D]")
    return [(str(days[k * 7 % len(days)]), offset, columns) for k in range(n)]


def texts(numbers):
    return [number_text(number) for number in numbers.values()]


@pytest.mark.parametrize(
    ("today", "years", "quarters", "following"),
    [
        # The 30th day after 31 December is 30 January.
        (date(2026, 1, 29), ["2024"], ["2025-Q1", "2025-Q2", "2025-Q3"], date(2026, 1, 30)),
        (date(2026, 1, 30), ["2024", "2025"], [], date(2026, 4, 30)),
        (date(2026, 4, 29), ["2024", "2025"], [], date(2026, 4, 30)),
        (date(2026, 4, 30), ["2024", "2025"], ["2026-Q1"], date(2026, 7, 30)),
        (TODAY, ["2024", "2025"], ["2026-Q1", "2026-Q2", "2026-Q3"], date(2027, 1, 30)),
        (date(2024, 2, 1), [], [], date(2024, 4, 30)),
    ],
)
def test_a_period_is_published_a_month_after_its_end(today, years, quarters, following):
    release = list_published(today, first=date(2024, 5, 5))
    assert [period.label for period in release.years] == years
    assert [period.label for period in release.quarters] == quarters
    assert release.next_day == following


def test_ten_years_at_most(look):
    record = (Span(date(2001, 1, 1), date(2025, 12, 31)),)
    found = look(many(20, 2025, 50), known=[source(record=record)])
    assert [found.years[0].period.label, found.years[-1].period.label] == ["2016", "2025"]
    assert found.span.start == date(2016, 1, 1)


def test_numbers_by_hand(look):
    rows = [
        *many(12, 2025, 50),
        *many(7, 2025, 50, offence_groups="coexistence"),
        *many(9, 2025, 150, offence_groups="public_order"),
        *many(6, 2025, 50, offence_groups="property;theft"),
        *many(5, 2025, 990),  # in the town, in no district
        *many(5, 2024, 50, x=np.nan),  # nobody knows where
        *many(20, 2024, 50),
        *many(2, 2025, 5000),  # outside the town
    ]
    found = look(rows)
    year = found.year
    assert year.period.label == "2025"
    # public order, coexistence, both together, other, all
    assert texts(year.town) == ["26", "7", "33", "6", "39"]
    assert [texts(row) for row in year.areas] == [
        ["12", "7", "19"],
        ["9", "0", "9"],
        ["0", "0", "0"],
    ]
    assert texts(year.elsewhere) == ["5", "0", "5"]
    assert texts(found.years[0].town) == ["25", "0", "25", "0", "25"]
    assert found.left_out == (("outside", 2),)
    assert (found.change.before, found.change.after) == (25, 33)
    words = describe(found, town="Lhota")
    assert words.sentence == (
        "Lhota, 2025: 33 offences against public order and civic coexistence. The year before: 25."
    )
    assert words.apart == "Public order 26, civic coexistence 7."
    assert words.chance.startswith("Chance alone may explain the difference")
    assert words.left_out == (("outside the town", "fewer than 5"),)


def test_one_that_is_both_counts_once_under_public_order(look):
    rows = [*many(8, 2025, 50, offence_groups="coexistence;public_order"), *many(6, 2025, 50)]
    # No source ever recorded anything else.
    assert texts(look(rows).year.town) == ["14", "0", "14", "no record", "14"]


def test_an_event_counts_once(look):
    rows = many(9, 2025, 50)
    found = look(rows, links=[("police:0", "police:1")])
    assert found.year.town[GOAL].count == 8
    assert found.left_out == (("same_event", 1),)


def test_more_than_chance_is_said_with_its_other_reading(look):
    found = look([*many(20, 2024, 50), *many(60, 2025, 50)])
    assert found.change.result.p_value < 0.001
    assert describe(found, town="Lhota").chance == (
        "That is more than chance explains. It may also be that more is being recorded."
    )


@pytest.mark.parametrize(
    ("spans", "label", "why"),
    [
        # The whole of 2025, a part of 2024.
        (
            [Span(date(2024, 6, 1), date(2025, 12, 31))],
            "2025",
            "It cannot be compared with 2024, whose record is not whole.",
        ),
        # A part of 2025 only: the year with whole record is told instead.
        ([Span(date(2024, 1, 1), date(2025, 9, 30))], "2024", "It is the first year with a record"),
        (
            [Span(date(2024, 2, 1), date(2025, 9, 30))],
            "2025",
            "The year has the record of a part only",
        ),
    ],
)
def test_years_without_whole_record_are_never_compared(look, spans, label, why):
    rows = [*many(20, 2024, 50), *many(20, 2025, 50)]
    found = look(rows, known=[source(record=tuple(spans))])
    assert found.year.period.label == label
    assert found.change is None
    words = describe(found, town="Lhota")
    assert words.chance.startswith(why)
    assert "Only a part of the record: " in words.record


def test_days_without_record_are_named_and_missing_periods_have_no_number(look):
    record = (
        Span(date(2023, 1, 1), date(2023, 12, 31)),
        Span(date(2025, 1, 1), date(2025, 12, 31)),
    )
    found = look([*many(20, 2023, 50), *many(30, 2025, 50)], known=[source(record=record)])
    assert texts(found.years[1].town) == ["no record"] * 5
    assert found.quarters == ()  # too few in 2025
    assert found.change is None
    words = describe(found, town="Lhota")
    assert words.record == ("Without record: 1 Jan 2024 – 31 Dec 2024, 1 Jan 2026 – 30 Sep 2026.")
    assert words.chance == "It cannot be compared with 2024, whose record is not whole."


def test_quarters_of_the_present_year_follow_a_year_with_many(look):
    record = (Span(date(2025, 1, 1), date(2026, 6, 30)),)
    rows = [*many(60, 2025, 50), *many(20, 2026, 50)]
    found = look(rows, known=[source(record=record)])
    assert [(q.period.label, texts(q.town)) for q in found.quarters] == [
        ("2026-Q1", ["5"]),
        ("2026-Q2", ["13"]),
        ("2026-Q3", ["no record"]),
    ]
    assert look([*many(59, 2025, 50)], known=[source(record=record)]).quarters == ()


def test_a_source_that_began_later_makes_the_years_before_partial(look):
    assistants = source("apk", "apk", record=(Span(date(2025, 1, 1), date(2025, 12, 31)),))
    rows = [*many(20, 2024, 50), *many(20, 2025, 50), *many(8, 2025, 50, source="apk")]
    found = look(rows, known=[source(record=(TWO_YEARS,)), assistants])
    assert [year.town[GOAL].record for year in found.years] == ["partial", "recorded"]
    assert found.change is None


def test_no_source_of_such_offences(look):
    found = look(many(20, 2025, 50, offence_groups="accident"))
    assert found.year is None
    words = describe(found, town="Lhota")
    assert "no whole year has a record" in words.sentence
    assert words.chance.startswith("Without a record nothing can be said")


def test_nothing_is_published_before_its_day(look):
    record = (Span(date(2026, 1, 1), date(2026, 3, 31)),)
    found = look(many(20, 2026, 50), known=[source(record=record)], today=date(2026, 4, 29))
    assert found.span is None
    words = describe(found, town="Lhota")
    assert words.sentence == "Lhota: nothing has been published yet."
    assert words.chance == "A period is published 30 days after its end; the next on 30 Apr 2026."
    assert look([], known=[]).span is None


def test_a_village_of_five_incidents_is_told_kindly_and_without_numbers(look):
    rows = [*many(2, 2025, 50), *many(1, 2025, 150), *many(2, 2025, 250)]
    found = look(rows, known=[source(record=(Span(date(2025, 1, 1), date(2025, 12, 31)),))])
    year = found.year
    shown = [number for row in year.areas for number in row.values() if number.mark == SHOWN]
    assert all(number.count == 0 for number in shown)
    words = describe(found, town="Lhota")
    assert words.hidden.startswith("In 2025 so little was recorded in each district")
    town = year.town[GOAL]
    assert town.mark in {SHOWN, HIDDEN, SMALL}
    assert town.count in {5, None}
    rows = [*many(2, 2025, 50), *many(1, 2025, 150)]
    few = look(rows, known=[source(record=(Span(date(2025, 1, 1), date(2025, 12, 31)),))])
    assert few.year.town[GOAL].count is None
    said = describe(few, town="Lhota").sentence
    assert "fewer than 5" in said or "not shown" in said
    assert "3" not in said


COUNTS = st.lists(st.tuples(*[st.integers(0, 12)] * 3), min_size=3, max_size=4)


@settings(max_examples=15)
@given(rows=COUNTS, cuts=st.lists(st.floats(0, 1), min_size=3, max_size=3))
def test_quarters_and_their_year_together_give_nothing_away(rows, cuts):
    by_area = np.array(rows, dtype=np.int64)
    goal = int(by_area[:, :2].sum())
    edges = [0, *(int(goal * cut) for cut in sorted(cuts)), goal]
    by_quarter = np.diff(np.array(edges, dtype=np.int64))
    counts = YearCounts.of(by_area, by_quarter, is_whole=True)
    published, sums = protect(counts)
    for key, (least, most) in attack(published, sums).items():
        if published[key].mark == SMALL:
            assert least <= 1, key
            assert most is None or most >= 4, key
    # What readers got before the year was over is in it unchanged.
    whole = publish(counts)
    for n in (1, 2, 3):
        earlier = publish(YearCounts.of(by_area * 0, by_quarter[:n], is_whole=False))
        assert earlier.quarters == whole.quarters[:n]
        assert earlier.areas == ()
    assert whole.town[GOAL].count in {None, goal}


def test_a_year_of_a_handful_after_published_quarters_is_hidden():
    by_area = np.array([[1, 0, 3], [1, 0, 0], [0, 0, 0]])
    by_quarter = np.array([1, 1, 0, 0])
    earlier = publish(YearCounts.of(by_area, by_quarter[:3], is_whole=False))
    whole = publish(YearCounts.of(by_area, by_quarter, is_whole=True))
    assert [cell[GOAL].mark for cell in whole.quarters] == [SMALL, SMALL, SHOWN, HIDDEN]
    assert whole.quarters[:3] == earlier.quarters
    assert {cell.mark for row in (whole.town, *whole.areas) for cell in row.values()} == {HIDDEN}
    assert len(whole.areas) == 3


def test_a_town_with_too_many_districts_is_shown_as_a_whole(look, monkeypatch):
    found = look(many(20, 2025, 50))
    assert found.kind == schema.DISTRICT
    monkeypatch.setattr("hotspots.analysis.overview.MOST_AREAS", len(found.areas) - 1)
    found = look(many(20, 2025, 50))
    assert (found.kind, found.areas) == (None, None)
    assert found.year.town[GOAL].count == 20
    assert found.year.areas == ()


def test_a_town_without_districts_has_its_own_numbers(look, monkeypatch):
    monkeypatch.setattr(layers, "present_kinds", lambda _workspace: (schema.MUNICIPALITY,))
    found = look([*many(20, 2025, 50), *many(3, 2025, 50, x=np.nan)])
    assert (found.kind, found.areas) == (None, None)
    assert found.year.town[GOAL].count == 23
    assert found.year.areas == ()
    assert describe(found, town="Lhota").hidden == ""
