"""The situation: filters, reasons, reconciliation, and sentences that say no more than counts."""

from datetime import date

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hotspots import layers, schema
from hotspots.analysis import situation as module
from hotspots.analysis.credits import list_citations
from hotspots.analysis.kinds import boundaries_label
from hotspots.analysis.situation import choose_sources, situation
from hotspots.errors import NotFoundError, ParameterError
from hotspots.i18n import use_language
from hotspots.periods import Span
from hotspots.selection import Selection
from hotspots.settings import Settings, Workspace
from tests.counting import BOUNDARY, QUARTER, FakeStore, hold, make_areas, make_incidents, source


@pytest.fixture
def town(monkeypatch, tmp_path):
    """A workspace whose layers are the small town, and a way to ask about its incidents."""

    class Town:
        areas = make_areas()
        former = ()
        places = pd.DataFrame({schema.LAYER_SOURCE: ["stops, CC BY 4.0", None]})

        def ask(self, incidents, selection=None, *, known=None, given=None):
            store = FakeStore([source()] if known is None else known, incidents)
            workspace = Workspace(tmp_path, Settings())
            return situation(store, workspace, selection or Selection(), held=given)

    made = Town()
    monkeypatch.setattr(layers, "read_areas", lambda _workspace, _kind: made.areas)
    monkeypatch.setattr(layers, "read_boundary", lambda _workspace: BOUNDARY)
    monkeypatch.setattr(layers, "read_former", lambda _workspace, _kind: made.former)
    monkeypatch.setattr(layers, "read_places", lambda _workspace: made.places)
    return made


def reconciles(result, incidents, *, n=None):
    tally = result.table.tally
    left = sum(part.n for part in result.left_out)
    assert tally.n_selected + left == (len(incidents) if n is None else n)
    assert result.table.counts.sum() + result.table.off_areas.sum() == result.town.sum()


RUIAN = "ČÚZK, RÚIAN k 31. 10. 2026, CC BY 4.0"
OSM = "© přispěvatelé OpenStreetMap 20. 11. 2026, ODbL"
MIXED = make_incidents(
    [
        ("2024-01-05T10:00", 50),  # Friday
        ("2024-01-06T23:30", 50),  # Saturday
        ("2024-01-07T05:59", 150, {"offence_groups": "alcohol_drugs;public_order"}),  # Sunday
        ("2024-02-01", 50, {"time_precision": "day"}),
        ("2024-02-01", 50, {"time_precision": "month"}),
        (None, 50, {"time_precision": "unknown"}),
        ("2024-02-03T22:00", 700, {"offence_groups": "theft"}),
        ("2024-03-03T22:00", 50, {"counted": False}),
        ("2024-03-03T22:00", 50, {"relevance": "3"}),
        ("2024-03-03T22:00", 50, {"relevance": "4"}),
        ("2024-03-03T22:00", 50, {"relevance": "2", "counted": False}),
    ]
)


def reasons(result):
    return {part.reason: part.n for part in result.left_out}


def test_everything_reconciles_with_the_incidents_of_the_sources(town):
    result = town.ask(MIXED)
    assert reasons(result) == {"no_date": 1, "no_offence": 2, "relevance": 1}
    assert result.table.tally.n_selected == 7
    reconciles(result, MIXED)
    assert result.span == QUARTER
    assert result.table.counts.tolist() == [[2, 2, 1], [1, 0, 0], [0, 0, 0]]
    assert result.town.tolist() == [3, 3, 1]
    assert result.finding.detail == (
        "7 incidents · 6 on streets · 1 off streets · 0 outside the town · 0 not placed"
    )


def test_by_offence_counts_groups_under_all_other_filters(town):
    result = town.ask(MIXED, Selection(offences=("alcohol_drugs",)))
    assert result.by_offence["public_order"] == 6
    assert result.by_offence["alcohol_drugs"] == 1
    assert result.by_offence["theft"] == 1
    assert result.by_offence["burglary"] == 0
    assert result.table.tally.n_selected == 1
    both = town.ask(MIXED, Selection(offences=("alcohol_drugs", "public_order")))
    assert both.table.tally.n_selected == 6


def test_clock_keeps_all_filters_but_those_of_time(town):
    result = town.ask(MIXED, Selection(hours=(22, 6), weekdays=(5, 6)))
    assert result.clock.shape == (7, 24)
    assert result.clock[4, 10] == 1  # Friday 10 h
    assert result.clock[5, 23] == result.clock[6, 5] == 1
    assert result.clock[5, 22] == 1  # 3 February 2024 was a Saturday
    assert result.clock[6, 22] == 1
    assert result.clock.sum() == 5
    assert result.clock_unknown == 2
    assert result.clock.sum() + result.clock_unknown == town.ask(MIXED).table.tally.n_selected


@pytest.mark.parametrize(
    ("hours", "n"), [((22, 6), 4), ((0, 6), 1), ((10, 11), 1), ((11, 22), 0), ((5, 24), 5)]
)
def test_hours_leave_out_what_has_no_hour_and_name_it(town, hours, n):
    result = town.ask(MIXED, Selection(hours=hours))
    assert result.table.tally.n_selected == n
    assert reasons(result)["no_time"] == 2
    assert any("without a known time" in note for note in result.finding.notes)


def test_weekdays_need_a_known_day_only(town):
    result = town.ask(MIXED, Selection(weekdays=(3,)))  # 1 February 2024 was a Thursday
    assert result.table.tally.n_selected == 1
    assert reasons(result)["no_time"] == 1  # known by month only


def test_weeks_leave_out_what_is_known_by_month_only(town):
    result = town.ask(MIXED, Selection(every="week"))
    assert reasons(result)["no_date"] == 2
    reconciles(result, MIXED)


def test_place_of_consequence_on_request(town):
    result = town.ask(MIXED, Selection(with_consequence=True))
    assert "relevance" not in reasons(result)
    assert result.table.tally.n_selected == 8
    reconciles(result, MIXED)


def test_a_chosen_span_bounds_what_is_looked_at(town):
    span = Span(date(2024, 2, 1), date(2024, 2, 29))
    result = town.ask(MIXED, Selection(span=span))
    assert [period.label for period in result.table.periods] == ["2024-02"]
    assert result.table.tally.n_selected == 3
    reconciles(result, MIXED, n=4)  # with the one that has no date


DISPLACED = make_incidents(
    [("2024-01-05T10:00", 50, {"displaced": True}), ("2024-01-05T10:00", 50)]
)


def test_displaced_incidents_are_refused_below_districts(town):
    with pytest.raises(
        ParameterError, match=r"is displaced: its publisher.*--by district.*--exact-only"
    ):
        town.ask(DISPLACED)
    with pytest.raises(ParameterError, match="says nothing of streets"):
        town.ask(DISPLACED, Selection(by=schema.GRID))


def test_exact_only_leaves_displaced_incidents_out_and_says_so(town):
    result = town.ask(DISPLACED, Selection(exact_only=True))
    assert reasons(result) == {"displaced": 1}
    assert result.table.tally.n_selected == 1
    reconciles(result, DISPLACED)


def test_districts_count_displaced_incidents_with_a_note(town):
    town.areas = make_areas(kind=schema.DISTRICT)
    result = town.ask(DISPLACED, Selection(by=schema.DISTRICT))
    assert result.table.tally.n_selected == 2
    assert any("near a boundary" in note for note in result.finding.notes)


def test_displaced_incidents_that_are_not_selected_do_no_harm(town):
    assert town.ask(DISPLACED, Selection(offences=("theft",))).table.tally.n_selected == 0


TWO = [
    source(),
    source("team", "apk", (Span(date(2024, 3, 1), date(2024, 3, 31)),), "inferred"),
]
BY_TWO = make_incidents(
    [
        ("2024-01-05T10:00", 50),
        ("2024-03-05T10:00", 50, {"source": "team"}),
        ("2024-02-05T10:00", 50, {"source": "team"}),
    ]
)


def test_sources_by_id_or_kind(town):
    assert [s.source_id for s in town.ask(BY_TWO, known=TWO).sources] == ["police", "team"]
    one = town.ask(BY_TWO, Selection(sources=("apk",)), known=TWO)
    assert [s.source_id for s in one.sources] == ["team"]
    assert one.span == Span(date(2024, 3, 1), date(2024, 3, 31))
    assert one.table.tally.n_selected == 1
    assert any("1 more incident lies before or after" in note for note in one.finding.notes)
    given = town.ask(BY_TWO, Selection(sources=("team",)), known=TWO, given=hold(BY_TWO))
    assert given.table.tally == one.table.tally
    with pytest.raises(NotFoundError, match="'camera' does not exist; known are: police, team"):
        town.ask(BY_TWO, Selection(sources=("camera",)), known=TWO)
    with pytest.raises(NotFoundError, match="known are: –"):
        choose_sources([], ("apk",))


def test_each_source_is_held_to_its_own_record(town):
    result = town.ask(BY_TWO, known=TWO)
    assert result.table.record == ("partial", "partial", "recorded")
    assert result.table.tally.n_off_record == 1
    assert result.finding.gaps == ()  # on every day one of the two kept record
    notes = result.finding.notes
    assert "1 incident happened when its source kept no record and is not counted." in notes
    assert "Source Label of team kept no record: 1 Jan 2024 – 29 Feb 2024." in notes
    assert "The periods of record of source Label of team are inferred, not confirmed." in notes
    assert "Recorded only in part: 1/2024 – 2/2024." in notes
    assert "The boundaries are approximate and may be off by about 20 m." in notes
    assert result.finding.approximate
    assert result.finding.sources == ("Citation of police", "Citation of team")
    assert result.finding.detail.endswith("· 1 off record")


def test_silence_of_a_source_that_never_records_the_offence_is_no_gap(town):
    both = Selection(offences=("public_order", "theft"))
    thefts = make_incidents(
        [
            ("2024-01-05T10:00", 50, {"offence_groups": "theft"}),
            ("2024-03-05T10:00", 50, {"source": "team"}),
        ]
    )
    assert town.ask(thefts, both, known=TWO).table.record == ("partial", "partial", "recorded")
    one = town.ask(thefts, Selection(offences=("theft",)), known=TWO)
    assert "Source Label of team recorded none of the chosen offences; it is left aside." in (
        one.finding.notes
    )
    assert not any("before or after" in note for note in one.finding.notes)
    assert [s.source_id for s in one.sources] == ["police"]
    assert one.table.record == ("recorded",) * 3
    assert one.table.tally.n_selected == 1
    none = town.ask(thefts, Selection(offences=("violence",)), known=TWO)
    assert none.sources == ()
    assert none.table.record == ("missing",) * 3
    assert none.finding.sentence == (
        "None of the sources ever recorded what is chosen here; counts are not known."
    )


def test_gaps_are_the_days_on_which_no_source_kept_record(town):
    record = (Span(date(2024, 1, 1), date(2024, 1, 31)), Span(date(2024, 3, 1), date(2024, 3, 31)))
    result = town.ask(BY_TWO, known=[source(record=record), TWO[1]])
    assert result.finding.gaps == (Span(date(2024, 2, 1), date(2024, 2, 29)),)


def test_a_long_span_of_time_has_no_hour_and_over_midnight_no_weekday(town):
    spans = make_incidents(
        [
            ("2024-01-05T18:00", 50, {"time_precision": "span", "to": "2024-01-08T07:00"}),
            ("2024-01-05T18:00", 50, {"time_precision": "span", "to": "2024-01-05T18:40"}),
            ("2024-01-05T08:00", 50, {"time_precision": "span", "to": "2024-01-05T16:00"}),
        ]
    )
    result = town.ask(spans, Selection(hours=(18, 24)))
    assert result.table.tally.n_selected == 1
    assert reasons(result) == {"no_time": 2}
    assert result.clock_unknown == 2
    assert town.ask(spans, Selection(weekdays=(4,))).table.tally.n_selected == 2


def test_a_wholly_displaced_source_leaves_no_gap_where_only_exact_ones_count(town):
    moved = make_incidents(
        [
            ("2024-01-05T10:00", 50),
            ("2024-03-05T10:00", 50, {"source": "team", "displaced": True}),
        ]
    )
    result = town.ask(moved, Selection(exact_only=True), known=TWO)
    assert [s.source_id for s in result.sources] == ["police"]
    assert reasons(result) == {"displaced": 1}
    assert result.table.record == ("recorded",) * 3


def test_inputs_are_untouched(town):
    before = MIXED.copy(deep=True)
    town.ask(MIXED, Selection(hours=(22, 6)), given=hold(MIXED))
    pd.testing.assert_frame_equal(MIXED, before)


kinds = st.fixed_dictionaries(
    {
        "time_precision": st.sampled_from(schema.TIME_PRECISIONS),
        "relevance": st.sampled_from(["", "2", "3", "4"]),
        "counted": st.booleans(),
        "displaced": st.booleans(),
        "offence_groups": st.sampled_from(["theft", "public_order", "alcohol_drugs;theft", ""]),
    }
)
rows = st.lists(
    st.tuples(
        st.sampled_from([None, "2024-01-05T10:00", "2024-02-29T23:00", "2024-03-31T00:00"]),
        st.sampled_from([50, 150, 700, 2000, np.nan]),
        kinds,
    ),
    max_size=25,
)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(rows=rows, every=st.sampled_from(["week", "month"]), consequence=st.booleans())
def test_whatever_is_left_out_is_named(town, rows, every, consequence):
    incidents = make_incidents(rows)
    selection = Selection(every=every, exact_only=True, with_consequence=consequence)
    result = town.ask(incidents, selection)
    reconciles(result, incidents)
    assert result.clock.sum() + result.clock_unknown == result.table.tally.n_selected
    narrow = Selection(every=every, exact_only=True, hours=(22, 6), weekdays=(3,))
    asked = town.ask(incidents, narrow)
    assert asked.table.tally.n_selected <= result.table.tally.n_selected or consequence


def test_default_span_falls_back_to_the_data_then_to_this_year(town):
    unknown = [source(record=(), state="none")]
    result = town.ask(MIXED, known=unknown)
    assert result.span == Span(date(2024, 1, 5), date(2024, 3, 3))
    assert result.finding.sentence.startswith("None of the chosen sources kept record")
    assert any("No periods of record are known" in note for note in result.finding.notes)
    empty = town.ask(make_incidents([]), known=unknown)
    assert (empty.span.start.month, empty.span.start.day) == (1, 1)


def test_no_source_at_all(town):
    result = town.ask(make_incidents([]), known=[])
    assert result.finding.sentence == "No source of incidents has been imported yet."
    assert result.table.record[0] == "missing"
    assert result.finding.gaps == (result.span,)


def test_no_and_one_incident(town):
    nothing = town.ask(make_incidents([]))
    assert nothing.finding.sentence == (
        "No incident that fits the filters is recorded in this period."
    )
    part = [source(record=(Span(date(2024, 1, 1), date(2024, 1, 31)),))]
    chosen = town.ask(make_incidents([]), Selection(span=QUARTER), known=part)
    assert chosen.finding.sentence.endswith("Part of the period has no record.")
    for offset, place in [
        (150, "street Krátká"),
        (700, "off the streets known"),
        (2000, "outside the municipality"),
        (np.nan, "without a position"),
    ]:
        one = town.ask(make_incidents([("2024-01-05", offset)]))
        assert one.finding.sentence == f"A single incident is recorded: {place}."
    off = town.ask(make_incidents([("2024-01-05", 700)] * 2))
    assert off.finding.sentence == "None of the recorded incidents lies in the areas shown."


def repeated(*numbers):
    """n incidents on each street in turn."""
    return make_incidents(
        [("2024-01-05T10:00", 50 + 100 * i) for i, n in enumerate(numbers) for _ in range(n)]
    )


def test_concentration_is_said_only_beyond_chance(town):
    # Krátká has a fifth of the known length (100 of 500 m) and two thirds of the incidents.
    result = town.ask(repeated(20, 40))
    assert result.finding.sentence == (
        "67% of the incidents on streets fall on 1 street of 3; "
        "spread evenly by street length it would be 20%. "
        "Highest count: street Krátká (40)."
    )
    assert "Compared with an even spread by street length" in result.finding.method
    assert "p < 0.001" in result.finding.method
    even = town.ask(repeated(40, 10))
    assert even.finding.sentence == "Differences between streets cannot be told from chance."


def test_a_share_hardly_above_the_even_one_is_no_concentration(town):
    town.areas = make_areas(length=(4600.0, 200.0, 400.0))
    sentence = town.ask(repeated(2000, 300, 100)).finding.sentence
    assert sentence.startswith("Counts differ between areas more than chance would make them, but")


def test_localities_count_what_lies_in_several_once(town):
    town.areas = make_areas(kind=schema.LOCALITY)
    finding = town.ask(repeated(6, 2, 0, 0, 0, 0, 0, 2), Selection(by="locality")).finding
    assert finding.sentence == (
        "8 of 10 incidents in the town lie in localities (80%). Highest count: locality Dlouhá (6)."
    )


def test_a_night_belongs_to_the_day_it_began(town):
    night = make_incidents(
        [
            ("2024-01-05T23:00", 50),  # Friday night
            ("2024-01-06T02:00", 50),  # still Friday night
            ("2024-01-06T23:00", 50),  # Saturday night
            ("2024-01-07T05:00", 50),  # still Saturday night
            ("2024-01-08T03:00", 50),  # Sunday night
        ]
    )
    saturday = town.ask(night, Selection(weekdays=(5,), hours=(22, 6)))
    assert saturday.table.tally.n_selected == 2
    by_day = town.ask(night, Selection(weekdays=(5,)))
    assert by_day.table.tally.n_selected == 2
    assert saturday.clock[6, 5] == 1  # the clock keeps calendar days


def test_few_incidents_are_called_few(town):
    assert town.ask(repeated(4, 2)).finding.sentence == (
        "Differences between streets cannot be told from chance. "
        "There are few incidents; the order of streets may be chance."
    )
    assert town.ask(repeated(2, 18)).finding.sentence.endswith(
        "There are few incidents; the order of streets may be chance."
    )


def test_no_street_is_named_as_highest_in_a_tie(town):
    town.areas = make_areas(length=(1000.0, 1000.0, 40_000.0))
    sentence = town.ask(repeated(30, 30)).finding.sentence
    assert "Highest" not in sentence
    assert sentence.startswith("100% of the incidents on streets fall on 2 streets of 3;")


def test_few_incidents_with_a_tie_at_the_top_claim_no_concentration(town):
    town.areas = make_areas(length=(1000.0, 1000.0, 40_000.0))
    assert town.ask(repeated(9, 9)).finding.sentence == (
        "There are few incidents; the order of streets may be chance."
    )


def test_unknown_length_leaves_the_comparison_out(town):
    sentence = town.ask(repeated(8, 2, 60)).finding.sentence
    assert sentence.startswith("86% of the incidents on streets fall on 1 street of 3.")


@pytest.mark.parametrize(
    ("numbers", "sentence"),
    [
        (
            (20, 40),
            "Na 1 ulici z celkových 3 připadá 67 % událostí v ulicích; při rovnoměrném "
            "rozložení podle délky ulic by to bylo 20 %. Nejvíc jich má ulice Krátká (40).",
        ),
        (
            (4, 2),
            "Rozdíly mezi ulicemi nelze odlišit od náhody. Událostí je málo, pořadí ulic může "
            "být dílem náhody.",
        ),
        ((0, 1), "Zaznamenána je jediná událost: ulice Krátká."),
        ((0, 0), "V tomto období není zaznamenána žádná událost, která by odpovídala výběru."),
    ],
)
def test_czech_sentences(town, numbers, sentence):
    with use_language("cs"):
        result = town.ask(repeated(*numbers))
    assert result.finding.sentence.replace("\N{NO-BREAK SPACE}", " ") == sentence
    assert result.finding.area_kind == "ulice"


def test_a_short_span_has_the_hour_of_its_middle(town):
    about_nine = make_incidents(
        [("2024-01-05T20:30", 50, {"time_precision": "span", "to": "2024-01-05T21:30"})]
    )
    assert town.ask(about_nine, Selection(hours=(21, 22))).table.tally.n_selected == 1
    assert town.ask(about_nine, Selection(hours=(20, 21))).table.tally.n_selected == 0


@pytest.mark.parametrize(
    ("n", "detail"),
    [
        (1, "1 událost · 0 v ulicích · 0 mimo ulice · 0 mimo město · 1 neumístěná"),
        (3, "3 události · 0 v ulicích · 0 mimo ulice · 0 mimo město · 3 neumístěné"),
        (1005, "1 005 událostí · 0 v ulicích · 0 mimo ulice · 0 mimo město · 1 005 neumístěných"),
    ],
)
def test_czech_details(town, n, detail):
    with use_language("cs"):
        result = town.ask(make_incidents([("2024-01-05", np.nan)] * n))
    assert result.finding.detail.replace("\N{NO-BREAK SPACE}", " ") == detail


@pytest.mark.parametrize("kind", sorted(set(schema.AREA_KINDS) - {schema.MUNICIPALITY}))
@pytest.mark.parametrize("language", ["cs", "en"])
def test_every_kind_of_area_has_its_words(town, kind, language):
    town.areas = make_areas(kind=kind, residents=(10, 10, 10), length=(100.0, 100.0, 100.0))
    with use_language(language):
        for numbers in [(60, 1, 1), (20, 20, 20), (2, 2, 2), (1,), (9, 0, 0)]:
            finding = town.ask(repeated(*numbers), Selection(by=kind)).finding
            assert finding.sentence
            assert "{" not in finding.sentence + finding.detail + finding.method


def test_whole_town_and_a_single_area(town):
    town.areas = make_areas(("Jeseník",), kind=schema.MUNICIPALITY)
    said = town.ask(repeated(4), Selection(by=schema.MUNICIPALITY)).finding
    assert said.sentence == "4 incidents are recorded in the town."
    town.areas = make_areas(("Example",), kind=schema.LOCALITY, derived=False)
    said = town.ask(repeated(4), Selection(by=schema.LOCALITY)).finding
    assert said.sentence == "Locality Example: 4 recorded incidents."
    assert not said.approximate


def test_boundaries_are_credited_each_once_areas_first(town):
    town.areas.loc[2, schema.LAYER_SOURCE] = "ČÚZK, RÚIAN k 31. 10. 2026, CC BY 4.0"
    for language in ("cs", "en"):
        with use_language(language):
            finding = town.ask(repeated(4)).finding
            counted = ("made up", "ČÚZK, RÚIAN k 31. 10. 2026, CC BY 4.0")
            assert finding.boundaries == counted
            assert finding.drawn == (*counted, "stops, CC BY 4.0")


def test_citations_are_listed_without_blanks():
    frames = [
        pd.DataFrame({schema.LAYER_SOURCE: texts}) for texts in (["b", " ", None], [], ["a", "b "])
    ]
    assert list_citations(frames) == ("b", "a")


def test_areas_that_are_official_are_not_called_approximate(town):
    town.areas = make_areas(derived=False)
    finding = town.ask(repeated(40, 10)).finding
    assert not finding.approximate
    assert not any("approximate" in n or "derived" in n for n in finding.notes)


@pytest.mark.parametrize(
    ("kind", "derived", "precision_m", "sources", "said"),
    [
        (schema.STREET, False, 0.5, [RUIAN], "computed from official lines"),
        (schema.SEGMENT, False, 0.5, [RUIAN] * 2, "computed from official lines"),
        (schema.STREET, False, 5.0, [OSM], "computed from lines of OpenStreetMap"),
        (schema.SEGMENT, False, 5.0, ["ulice.gpkg"], "computed from the town's own lines"),
        (
            schema.STREET,
            False,
            5.0,
            [OSM, RUIAN],
            "computed from official lines; computed from lines of OpenStreetMap",
        ),
        (schema.STREET, True, 20.0, ["accidents"], "approximate, off by up to 20 m"),
        (schema.TOWN_PART, True, np.nan, [RUIAN], "approximate"),
        (schema.DISTRICT, False, 0.5, [RUIAN, "ČÚZK, RÚIAN, CC BY 4.0"], "official"),
        (schema.DISTRICT, False, 20.0, ["zsj.gpkg"], "drawn by the town"),
        (schema.LOCALITY, False, 20.0, ["drawn:a.gpkg"], "drawn by the town"),
        (schema.PATROL_BEAT, False, 20.0, [], "drawn by the town"),
        (schema.QUARTER, True, 20.0, ["example"], "made up, an example"),
        (schema.GRID, True, 0.0, [""], "exact, a computed grid"),
    ],
)
def test_whose_boundaries(kind, derived, precision_m, sources, said):
    label = boundaries_label(kind, derived=derived, precision_m=precision_m, sources=sources)
    assert label == said


@pytest.mark.parametrize(
    ("kind", "sentence"),
    [
        (
            schema.PATROL_BEAT,
            "8 of 10 incidents in the town lie in patrol beats (80%). "
            "Highest count: patrol beat Dlouhá (6).",
        ),
        (
            schema.QUARTER,
            "8 of 10 incidents in the town lie in quarters (80%). "
            "Highest count: quarter Dlouhá (6).",
        ),
    ],
)
def test_own_areas_count_what_lies_in_several_once(town, kind, sentence):
    town.areas = make_areas(kind=kind)
    selection = Selection(by=kind)
    finding = town.ask(repeated(6, 2, 0, 0, 0, 0, 0, 2), selection).finding
    assert finding.sentence == sentence
    assert "X²" not in finding.method
    town.areas.loc[1, schema.GEOMETRY] = town.areas.geometry[0]
    both = town.ask(repeated(6), selection).table
    assert both.counts.sum(axis=1).tolist() == [6, 6, 0]
    assert both.tally.n_in_areas == 6


def test_many_gaps_are_listed_short(town):
    record = tuple(Span(date(2024, 1, d), date(2024, 1, d)) for d in range(1, 20, 2))
    notes = town.ask(make_incidents([]), known=[source(record=record)]).finding.notes
    assert any(note.endswith("12 Jan 2024 and 3 more.") for note in notes)


@pytest.mark.reference
def test_real_accidents_reconcile_with_983(shared, tmp_path):
    workspace = Workspace(tmp_path, Settings())
    workspace.layers.mkdir()
    layers.install_bundled(workspace)
    file = shared / "data" / "jesenik" / "jesenik_nehody_2016_2024.gpkg"
    points = gpd.read_file(file).to_crs(5514)
    times = pd.to_datetime(points["date"] + "T" + points["time"].fillna("00:00"))
    incidents = make_incidents([(None, 0.0)] * len(points))
    incidents[schema.OCCURRED_FROM] = times.astype("datetime64[s]")
    incidents[schema.TIME_PRECISION] = np.where(points["time"].notna(), "minute", "day")
    incidents[schema.X], incidents[schema.Y] = points.geometry.x, points.geometry.y
    record = (
        Span(date(2016, 1, 1), date(2020, 9, 30)),
        Span(date(2021, 1, 1), date(2021, 8, 31)),
        Span(date(2023, 1, 1), date(2024, 10, 3)),
    )
    store = FakeStore([source(record=record)], incidents)
    for by in (schema.STREET, schema.SEGMENT, schema.DISTRICT, schema.MUNICIPALITY, schema.GRID):
        result = situation(store, workspace, Selection(by=by, every="year"))
        tally = result.table.tally
        assert tally.n_selected == 983
        assert tally.n_outside == 2
        assert tally.n_off_record == 1  # the one in the gap of October 2020
        assert result.town.sum() == 980
        assert result.table.record == tuple(
            "missing" if year == 2022 else "partial" if year in (2020, 2021, 2024) else "recorded"
            for year in range(2016, 2025)
        )
        assert result.clock.sum() == 856
        assert result.clock_unknown == 127
        reconciles(result, incidents)
    monthly = situation(store, workspace, Selection()).table
    assert [
        p.label for p, r in zip(monthly.periods, monthly.record, strict=True) if r == "missing"
    ] == [
        "2020-10",
        "2020-11",
        "2020-12",
        "2021-09",
        "2021-10",
        "2021-11",
        "2021-12",
        *(f"2022-{month:02d}" for month in range(1, 13)),
    ]


def test_public_names():
    for name in ("LeftOut", "RankedArea", "Situation", "ranking", "situation"):
        assert hasattr(module, name)
