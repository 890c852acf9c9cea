"""What changed lately: counts worked by hand, days of record, what is told and what is not."""

from datetime import date, datetime, timedelta

import numpy as np
import pandas as pd
import pytest

from hotspots import layers, schema
from hotspots.analysis import recent_words
from hotspots.analysis.recent import LEVEL, MOST_TOLD, last_common_day, what_changed
from hotspots.errors import NotFoundError, ParameterError
from hotspots.periods import Span
from hotspots.selection import Selection
from hotspots.settings import Settings, Workspace
from tests.counting import BOUNDARY, FakeStore, hold, make_areas, make_incidents, source

END = date(2024, 6, 30)  # a Sunday
LONG = Span(date(2023, 1, 1), END)
STREETS = 10


def day(back):
    """Text of the day so many days before the end."""
    return f"{END - timedelta(days=back)}T10:00"


def many(n, back, offset=50, **named):
    return [(day(back), offset, named)] * n


@pytest.fixture
def town(monkeypatch, tmp_path):
    """A workspace of ten streets side by side, 100 m wide, and a way to ask what changed."""

    class Town:
        areas = make_areas(
            [f"Street {i}" for i in range(STREETS)],
            residents=[100] * STREETS,
            length=[100.0] * STREETS,
        )
        workspace = Workspace(tmp_path, Settings())

        def ask(self, rows, selection=None, *, known=None, links=(), **options):
            incidents = rows if isinstance(rows, pd.DataFrame) else make_incidents(rows)
            known = [source(record=(LONG,))] if known is None else known
            store = FakeStore(known, incidents, links)
            return what_changed(store, self.workspace, selection or Selection(), **options)

    made = Town()
    monkeypatch.setattr(layers, "read_areas", lambda _workspace, _kind: made.areas)
    monkeypatch.setattr(layers, "read_boundary", lambda _workspace: BOUNDARY)
    monkeypatch.setattr(layers, "read_former", lambda _workspace, _kind: ())
    monkeypatch.setattr(layers, "read_places", lambda _workspace: made.areas[:0])
    return made


def counts(result):
    return {c.key: (c.before, c.after) for c in result.comparisons}


def told(result):
    return [(c.area, c.group, c.before, c.after) for c in result.changes]


class TestWhatIsCounted:
    def test_days_at_both_ends_of_every_span(self, town):
        # One incident on the first and last day of each span, and one just outside each.
        backs = [-1, 0, 6, 7, 13, 14, 27, 28, 55, 56, 363, 364, 391, 392]
        result = town.ask([(day(back), 50) for back in backs])
        assert counts(result) == {"week": (2, 2), "month": (2, 6), "year": (2, 6)}
        assert [(str(c.later), str(c.earlier)) for c in result.comparisons] == [
            ("2024-06-24..2024-06-30", "2024-06-17..2024-06-23"),
            ("2024-06-03..2024-06-30", "2024-05-06..2024-06-02"),
            ("2024-06-03..2024-06-30", "2023-06-05..2023-07-02"),
        ]
        assert all(c.earlier.start.weekday() == c.later.start.weekday() for c in result.comparisons)
        assert result.as_of == END

    def test_month_known_outside_and_repeated_ones_count_as_in_the_situation(self, town):
        rows = [
            (day(1), 50),
            (day(1), 50, {"time_precision": "month"}),  # in no week
            (day(1), 5000),  # outside the town
            (day(1), np.nan),  # without a place: in the town's total
            (day(1), 50, {"counted": False}),
            (day(1), 50, {"relevance": "3"}),
            (None, 50, {"time_precision": "unknown"}),
            (day(1), 50),  # the same event as the first
            # Found on Monday, from Friday on: on its first day, in the week before.
            (day(9), 50, {"to": day(6), "time_precision": "span"}),
        ]
        result = town.ask(rows, links=[("police:0", "police:7")])
        assert counts(result)["week"] == (1, 2)

    def test_an_event_counts_though_its_other_record_is_of_another_year(self, town):
        rows = [(day(500), 50), (day(1), 50, {"place_method": "street"})]
        assert counts(town.ask(rows, links=[("police:0", "police:1")]))["week"] == (0, 0)
        assert counts(town.ask(rows))["week"] == (0, 1)

    def test_filters_choose(self, town):
        rows = [
            *many(3, 1, offence_groups="theft"),
            *many(2, 1),
            *many(1, 8, offence_groups="theft"),
        ]
        assert counts(town.ask(rows, Selection(offences=("theft",))))["week"] == (1, 3)
        assert counts(town.ask(rows, Selection(weekdays=(5,))))["week"] == (1, 5)
        assert counts(town.ask(rows, Selection(hours=(11, 12))))["week"] == (0, 0)

    def test_incidents_are_left_as_they_are_and_their_order_is_irrelevant(self, town):
        incidents = make_incidents([*many(20, 1), *many(3, 8, 150), *many(9, 30, 250)])
        kept = incidents.copy(deep=True)
        given = town.ask(incidents, held=hold(incidents))
        pd.testing.assert_frame_equal(incidents, kept)
        shuffled = incidents.sample(frac=1, random_state=1).reset_index(drop=True)
        other = town.ask(shuffled)
        assert (given.comparisons, given.changes) == (other.comparisons, other.changes)

    def test_displaced_incidents_are_refused_on_streets(self, town):
        with pytest.raises(ParameterError, match=r"is displaced: its publisher.*--by district"):
            town.ask(many(1, 1, displaced=True))
        rows = [*many(2, 1, displaced=True), *many(1, 1)]
        assert counts(town.ask(rows, Selection(exact_only=True)))["week"] == (0, 1)

    def test_an_unknown_source_and_missing_areas_are_named(self, town):
        with pytest.raises(
            NotFoundError, match="source 'nobody' does not exist; known are: police"
        ):
            town.ask(many(1, 1), Selection(sources=("nobody",)))


class TestDaysOfRecord:
    def test_never_later_than_the_last_day_all_recorded(self, town):
        other = source("team", "apk", record=(Span(LONG.start, date(2024, 5, 31)),))
        rows = [*many(4, 0), *many(2, 32), *many(1, 35, source="team")]
        result = town.ask(rows, known=[source(record=(LONG,)), other])
        assert result.as_of == date(2024, 5, 31)
        assert [s.source_id for s in result.held_back_by] == ["team"]
        assert counts(result)["week"] == (0, 3)
        assert recent_words.held_back_text(result) == (
            "Later days are left out: the record of Label of team ends on 31 May 2024."
        )

    def test_a_later_gap_of_both_is_skipped(self):
        one = source("a", record=(Span(date(2024, 1, 1), date(2024, 3, 31)), LONG))
        two = source("b", record=(Span(date(2024, 1, 1), date(2024, 2, 10)),))
        three = source("c", record=(Span(date(2024, 2, 11), date(2024, 2, 20)),))
        assert last_common_day((one, two)) == date(2024, 2, 10)
        assert last_common_day((one, two), until=date(2024, 1, 31)) == date(2024, 1, 31)
        assert last_common_day((one, two), until=date(2023, 12, 31)) is None
        assert last_common_day((two, three)) is None
        assert last_common_day((two, source("d", record=()))) is None
        assert last_common_day(()) is None

    @pytest.mark.parametrize(
        ("selection", "as_of", "end"),
        [
            (Selection(), date(2024, 2, 29), date(2024, 2, 29)),
            (Selection(span=Span(LONG.start, date(2024, 3, 15))), None, date(2024, 3, 15)),
            (
                Selection(span=Span(LONG.start, date(2024, 3, 15))),
                date(2024, 4, 1),
                date(2024, 3, 15),
            ),
            (Selection(span=Span(date(2024, 6, 30), date(2025, 3, 15))), None, END),
            (Selection(), date(2026, 1, 1), END),
        ],
    )
    def test_a_chosen_day_and_the_end_of_the_span_come_first(self, town, selection, as_of, end):
        result = town.ask(many(1, 0), selection, as_of=as_of)
        assert result.as_of == end
        assert result.comparisons[0].later.end == end
        assert result.held_back_by == ()

    def test_no_common_day_is_said_and_nothing_compared(self, town):
        apart = [
            source("a", record=(Span(date(2023, 1, 1), date(2023, 6, 30)),)),
            source("b", record=(Span(date(2023, 7, 1), END),)),
        ]
        for known in (apart, [source(record=())], []):
            result = town.ask(many(3, 0), known=known)
            assert (result.as_of, result.comparisons, result.changes) == (None, (), ())
            assert recent_words.title(result) == "What changed"
            assert recent_words.all_sentences(result) == [
                "No day looked at has the record of every chosen source: nothing can be compared."
            ]

    def test_a_span_without_record_is_not_compared(self, town):
        known = [source(record=(Span(END - timedelta(days=20), END),))]
        result = town.ask([*many(5, 1), *many(30, 30)], known=known)
        week, month, year = result.comparisons
        assert (week.before, week.after, week.n_days) == (0, 5, 7)
        assert month.n_days == year.n_days == 0
        assert month.result is year.result is None
        assert not year.stands_out
        assert np.isnan(year.q_value)
        assert recent_words.sentence(year) == (
            "Last 28 days: cannot be compared with a year earlier: no day of both has record."
        )
        assert recent_words.sentence(month) == (
            "Last 28 days: cannot be compared with those before: no day of both has record."
        )
        assert recent_words.interval(year) == ""
        # Only what is compared is corrected for: one total of two families.
        assert week.q_value == pytest.approx(2 * week.result.p_value)

    def test_days_that_both_recorded_are_compared(self, town):
        # Two days without record in the week before: their fellows in the last week fall out too.
        gap = (Span(LONG.start, END - timedelta(days=10)), Span(END - timedelta(days=7), END))
        rows = [*many(1, 0), *many(2, 1), *many(4, 2), *many(8, 3), *many(1, 7), *many(1, 8)]
        week = town.ask(rows, known=[source(record=gap)]).comparisons[0]
        assert (week.n_days, week.before, week.after) == (5, 1, 1 + 8)
        assert "(5 of 7 days have record in both)" in recent_words.sentence(week)

    def test_a_source_that_never_recorded_the_offence_does_not_hold_back(self, town):
        old = source("old", record=(Span(LONG.start, date(2023, 12, 31)),))
        rows = [*many(2, 1, offence_groups="theft"), *many(1, 300, source="old")]
        known = [source(record=(LONG,)), old]
        assert town.ask(rows, known=known).as_of == date(2023, 12, 31)
        assert town.ask(rows, Selection(offences=("theft",)), known=known).as_of == END


class TestWhatStandsOut:
    def test_twelve_against_nine_is_chance(self, town):
        result = town.ask([*many(9, 10), *many(12, 2), *many(21, 30), *many(21, 370)])
        assert recent_words.sentence(result.comparisons[0]) == (
            "Last 7 days: 12 incidents, before that 9 – usual by chance."
        )
        assert told(result) == []

    def test_totals_that_stand_out_are_named_so(self, town):
        spread = [(day(2), 50 + 100 * (i % STREETS)) for i in range(40)]
        week, month, year = town.ask([*spread, *many(9, 10)]).comparisons
        assert week.stands_out
        assert recent_words.verdict(week) == "more than by chance"
        assert recent_words.verdict(month) == "more than by chance"
        assert (month.before, month.after) == (0, 49)
        assert year.stands_out
        earlier = town.ask([*many(9, 2), *((day(9), 50 + 100 * (i % 10)) for i in range(40))])
        assert recent_words.verdict(earlier.comparisons[0]) == "fewer than by chance"
        # All three p tie, as good as: Benjamini and Hochberg give 3/3 p, twice for two families.
        assert month.q_value == pytest.approx(2 * 2 * 0.5**49, rel=1e-6)

    def test_between_both_levels_it_may_still_be_chance(self, town):
        # 3 against 12: p = 2 · 576 / 2¹⁵ = 0.035; among two totals of two families no finding.
        rows = [*many(3, 10), *many(12, 2), *many(15, 30), *many(15, 370)]
        week = town.ask(rows).comparisons[0]
        assert week.result.p_value == pytest.approx(2 * 576 / 2**15)
        assert week.q_value > LEVEL
        assert recent_words.verdict(week) == "this may still be chance"

    def test_as_many_is_no_difference(self, town):
        week = town.ask([*many(5, 10), *many(5, 2)]).comparisons[0]
        assert recent_words.sentence(week) == (
            "Last 7 days: 5 incidents, before that 5 – no difference."
        )

    def test_a_street_that_changed_is_named_once_with_its_counts(self, town):
        known = [source(record=(LONG,))]
        steady = [(day(back), 150 + 100 * (back % 9)) for back in range(0, 392, 3)]
        result = town.ask([*steady, *many(4, 10), *many(30, 2)], known=known)
        assert [change.area for change in result.changes].count("Street 0") == 1
        change = result.changes[0]
        assert (change.area, change.group) == ("Street 0", "")
        assert change.after >= 30
        assert change.q_value <= LEVEL
        assert recent_words.change_text(change, schema.STREET) == (
            f"Street 0: {change.after} in the last {change.comparison.later.n_days} days, "
            f"{'a year earlier' if change.comparison.key == 'year' else 'before that'} "
            f"{change.before} – more than by chance."
        )
        assert recent_words.quiet_text(result) == ""

    def test_from_nothing_to_two_is_no_finding_but_may_be_told_as_new(self, town):
        result = town.ask(
            [*many(2, 2, 350), *many(10, 10), *many(10, 2), *many(20, 30), *many(20, 370)]
        )
        assert told(result) == []
        assert [(new.area, new.n) for new in result.new] == [("Street 3", 2)]
        assert recent_words.new_text(result.new[0], schema.STREET) == (
            "New – Street 3: 2 incidents in the last 28 days, none in the year before; "
            "that alone is no trend."
        )

    @pytest.mark.parametrize(
        ("rows", "record"),
        [
            (many(1, 2, 350), LONG),  # a single one is not worth a line
            ([*many(2, 2, 350), *many(1, 391, 350)], LONG),  # known from the year before
            ([*many(2, 2, 350), *many(1, 28, 350)], LONG),
            (many(2, 2, 350), Span(END - timedelta(days=390), END)),  # not all of the year known
        ],
    )
    def test_what_is_not_new(self, town, rows, record):
        result = town.ask(rows, known=[source(record=(record,))])
        assert result.new == ()

    def test_a_group_is_named_when_it_grows_everywhere(self, town):
        base = [(day(back), 50 + 100 * (back % 10)) for back in range(392)]
        theft = [(day(i % 7), 50 + 100 * (i % 10), {"offence_groups": "theft"}) for i in range(30)]
        result = town.ask([*base, *theft])
        assert told(result)[0][1] == "theft"
        assert recent_words.change_text(result.changes[0], schema.STREET).startswith("Theft: 30 in")
        # The same incidents are not told again as thefts of each street.
        assert not any(change.group == "theft" and change.area for change in result.changes)

    def test_at_most_five_sentences(self, town):
        rows = [row for i in range(STREETS) for row in many(30 + i, 2, 50 + 100 * i)]
        result = town.ask(rows)
        assert len(result.changes) == MOST_TOLD
        assert result.new == ()
        q_values = [change.q_value for change in result.changes]
        assert q_values == sorted(q_values)

    def test_new_streets_fill_what_is_left_and_are_at_most_two(self, town):
        rows = [row for i in range(5) for row in many(2 + i, 2, 50 + 100 * i)]
        result = town.ask(rows)
        assert [(new.area, new.n) for new in result.new] == [("Street 4", 6), ("Street 3", 5)]

    def test_where_all_is_quiet_one_sentence_says_so(self, town):
        rows = [(day(back), 50 + 100 * (back % 3)) for back in range(392)]
        result = town.ask(rows)
        assert result.n_tested > 0
        assert recent_words.is_quiet(result)
        assert recent_words.all_sentences(result)[-1] == (
            "Such differences are usual by chance, in total and in each area and offence."
        )

    def test_too_few_to_tell(self, town):
        result = town.ask(many(3, 2))
        assert result.n_tested == 0
        assert not recent_words.is_quiet(result)
        assert recent_words.quiet_text(result) == (
            "There are too few incidents to tell which areas or offences changed."
        )

    def test_one_area_and_one_offence_are_the_total_and_not_tested_again(self, town):
        town.areas = make_areas(["Jeseník"], kind=schema.MUNICIPALITY)
        rows = [*many(30, 2), *many(3, 10)]
        one = town.ask(rows, Selection(by=schema.MUNICIPALITY, offences=("public_order",)))
        assert one.n_tested == 0
        assert one.comparisons[0].stands_out
        assert one.new == ()

    def test_swapping_the_weeks_inverts_what_is_said(self, town):
        record = (Span(END - timedelta(days=13), END),)
        rows, swapped = [*many(30, 2), *many(4, 9)], [*many(30, 9), *many(4, 2)]
        more = town.ask(rows, known=[source(record=record)]).comparisons[0]
        fewer = town.ask(swapped, known=[source(record=record)]).comparisons[0]
        assert more.q_value == pytest.approx(fewer.q_value)
        assert more.result.ratio == pytest.approx(1 / fewer.result.ratio)
        assert recent_words.interval(more) == (
            "7.5 times as many, 95% interval 2.64 to 29.3; q < 0.001"
        )

    def test_no_q_is_shown_as_zero(self):
        assert recent_words.q_text(0.0) == "q < 0.001"
        assert recent_words.q_text(0.0124) == "q = 0.012"


def made_up(rng, *, per_day=3.0, series=False, factor=1.0):
    """Incidents of the days compared: no change of rate, unless `factor` is not 1."""
    start = datetime(2024, 6, 30, 10)  # noqa: DTZ001 - as the store keeps times
    backs = np.concatenate([np.arange(56), np.arange(364, 392)])
    rate = np.full(len(backs), per_day / 2 if series else per_day)
    rate[backs < 28] *= factor
    n_days = rng.poisson(rate)
    back = np.repeat(backs, n_days)
    if series:  # each comes with another on the same day and street
        back = np.repeat(back, 2)
    n = len(back)
    # Streets and offences as uneven as in a town.
    share = 1 / np.arange(1, STREETS + 1)
    streets = rng.choice(STREETS, size=n, p=share / share.sum())
    groups = rng.choice(
        ["public_order", "theft", "traffic", "property"], size=n, p=[0.5, 0.25, 0.15, 0.1]
    )
    if series:
        streets[1::2], groups[1::2] = streets[::2], groups[::2]
    frame = make_incidents(many(1, 0)).iloc[np.zeros(n, dtype=int)].reset_index(drop=True)
    frame[schema.INCIDENT_ID] = [f"police:{i}" for i in range(n)]
    times = pd.to_datetime([start - timedelta(days=int(b)) for b in back]).astype("datetime64[s]")
    frame[schema.OCCURRED_FROM] = frame[schema.OCCURRED_TO] = times
    frame[schema.X] += 100.0 * streets
    frame[schema.OFFENCE_GROUPS] = groups
    return frame


def count_claims(town, rng, n_pages, **how):
    pages = [town.ask(made_up(rng, **how)) for _ in range(n_pages)]
    return sum(bool(p.changes) or any(c.stands_out for c in p.comparisons) for p in pages)


def test_without_a_change_few_pages_claim_one(town):
    n_pages = 200
    n_claims = count_claims(town, np.random.default_rng(20261123), n_pages)
    print(f"{n_claims} of {n_pages} pages claim a change where there is none")
    assert n_claims <= LEVEL * n_pages


def test_a_doubled_rate_is_seen(town):
    assert count_claims(town, np.random.default_rng(7), 20, factor=2.0) >= 18


def test_incidents_in_pairs_claim_far_too_often_as_the_documentation_says(town):
    n_claims = count_claims(town, np.random.default_rng(1), 50, series=True)
    assert 0.15 <= n_claims / 50 <= 0.55
