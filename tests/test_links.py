"""Each event counts once, whatever is chosen; dismissing and undoing restore the numbers."""

import json
from datetime import date, datetime

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from hotspots import layers, schema
from hotspots.analysis import counted_layers
from hotspots.analysis.events import find_contradictions, seen_together
from hotspots.analysis.links import Pair, Side, list_pairs
from hotspots.analysis.links_words import gap_text
from hotspots.analysis.situation import situation
from hotspots.cli import main
from hotspots.errors import NotFoundError, ParameterError
from hotspots.i18n import use_language
from hotspots.periods import Span
from hotspots.selection import Selection
from hotspots.settings import Workspace
from hotspots.store import Store
from hotspots.workspace_init import init_workspace
from tests.counting import BOUNDARY as SQUARE
from tests.counting import QUARTER, FakeStore, make_areas, make_incidents, source
from tests.linking import import_both


@pytest.fixture
def town(monkeypatch, tmp_path):
    """The small town of `tests.counting` behind `situation`."""
    monkeypatch.setattr(layers, "read_areas", lambda _w, kind: make_areas(kind=kind))
    monkeypatch.setattr(layers, "read_boundary", lambda _w: SQUARE)
    monkeypatch.setattr(layers, "read_former", lambda _w, _k: ())
    monkeypatch.setattr(counted_layers, "credit_counted", lambda _w, _a: ())
    monkeypatch.setattr(counted_layers, "credit_backdrop", lambda _w: ())
    return Workspace


def two_sources(rows):
    """Rows of (id, day, x offset, exceptions); the id names the source."""
    frame = make_incidents(
        [
            (
                when,
                offset,
                {
                    schema.INCIDENT_ID: name,
                    schema.SOURCE: name.partition(":")[0],
                    **(more[0] if more else {}),
                },
            )
            for name, when, offset, *more in rows
        ]
    )
    known = [source("apk", "apk"), source("police")]
    return known, frame


ROWS = [
    ("apk:1", "2024-01-05T20:00", 50, {schema.OFFENCE_GROUPS: "coexistence"}),
    ("apk:2", "2024-01-06T20:00", 150),
    ("police:1", "2024-01-05T20:10", 150),
    ("police:2", "2024-02-06T20:00", 150),
]


def ask(town, links, rows=ROWS, **chosen):
    known, frame = two_sources(rows)
    with use_language("en"):
        return situation(FakeStore(known, frame, links), town, Selection(**chosen))


def test_an_event_counts_once_as_its_best_record(town):
    before = ask(town, ())
    assert before.table.counts.sum(axis=1).tolist() == [1, 3, 0]
    found = ask(town, (("apk:1", "police:1"),))
    # Both are placed and dated alike; the municipal police's record stands for the event.
    assert found.table.counts.sum(axis=1).tolist() == [0, 3, 0]
    assert found.table.tally.n_selected == 3
    assert [(part.reason, part.n) for part in found.left_out] == [("same_event", 1)]
    assert found.finding.notes[0] == (
        "1 event was recorded more than once and counts once; "
        "1 further record of such an event is left out."
    )
    assert [(seen.sources, seen.n_events) for seen in found.seen_by] == [(("apk", "police"), 1)]
    assert found.clock.sum() + found.clock_unknown == 3
    assert found.by_offence["public_order"] == 3
    # The assistants called it coexistence; the record that stands for the event says otherwise.
    assert found.by_offence["coexistence"] == 0


def test_what_is_chosen_decides_which_record_stands_for_the_event(town):
    links = (("apk:1", "police:1"),)
    assistants = ask(town, links, sources=("apk",))
    assert assistants.table.counts.sum(axis=1).tolist() == [1, 1, 0]
    assert assistants.left_out == ()
    coexistence = ask(town, links, offences=("coexistence",))
    assert coexistence.table.counts.sum() == 0
    assert [(part.reason, part.n) for part in coexistence.left_out] == [("same_event", 1)]


def test_months_and_offences_of_an_event_add_up(town):
    links = (("apk:1", "police:1"),)
    rows = [
        ("apk:1", "2024-01-31T23:50", 50, {schema.OFFENCE_GROUPS: "coexistence"}),
        ("police:1", "2024-02-01T00:10", 150, {}),
    ]
    january, february = (
        Span(date(2024, 1, 1), date(2024, 1, 31)),
        Span(date(2024, 2, 1), date(2024, 2, 29)),
    )
    months = [ask(town, links, rows, span=span) for span in (january, february)]
    counted = [found.table.tally.n_selected for found in months]
    both = ask(town, links, rows, span=Span(january.start, february.end))
    assert counted == [0, 1]
    assert both.table.tally.n_selected == sum(counted)
    assert both.by_offence["coexistence"] + both.by_offence["public_order"] == 1


@pytest.mark.parametrize(
    "worse",
    [
        {schema.PLACE_METHOD: "street", schema.PLACE_PRECISION_M: 200.0},
        {schema.PLACE_PRECISION_M: 30.0},
        {schema.TIME_PRECISION: "day"},
        {schema.X: np.nan, schema.Y: np.nan, schema.PLACE_METHOD: "none"},
    ],
)
def test_a_better_record_comes_first_whoever_made_it(town, worse):
    rows = [ROWS[0], ("police:1", "2024-01-05T20:10", 150, worse)]
    found = ask(town, (("apk:1", "police:1"),), rows=rows)
    assert found.table.counts.sum(axis=1).tolist() == [1, 0, 0]


def test_a_record_that_is_not_counted_never_stands_for_one_that_is(town):
    rows = [ROWS[1], ("police:1", "2024-01-06T20:10", 50)]
    known, frame = two_sources(rows)
    known[1] = source("police", record=())
    with use_language("en"):
        store = FakeStore(known, frame, (("apk:2", "police:1"),))
        found = situation(store, town, Selection(span=QUARTER))
    assert found.table.counts.sum(axis=1).tolist() == [0, 1, 0]
    assert found.table.tally.n_off_record == 0


@pytest.mark.parametrize(
    ("kind", "counted"),
    [(schema.SEGMENT, 2), (schema.STREET, 3), (schema.DISTRICT, 4), (schema.MUNICIPALITY, 5)],
)
def test_incidents_count_only_as_finely_as_they_are_placed(town, kind, counted):
    def placed(name, method, off_m=np.nan):
        place = {schema.PLACE_METHOD: method, schema.PLACE_PRECISION_M: off_m}
        return (name, "2024-01-05T20:00", 50, place)

    rows = [
        placed("police:1", "address", 10.0),
        placed("police:2", "coordinates"),
        placed("police:3", "street", 400.0),
        placed("police:4", "district", 300.0),
        placed("police:5", "town_part", 900.0),
        placed("police:6", "coordinates", 200.0),
    ]
    # GPS that may be off by 200 m tells the district but no street.
    counted += kind in (schema.DISTRICT, schema.MUNICIPALITY)
    # In districts the middle of a street off by 400 m is no place, and the street is not known.
    counted -= kind == schema.DISTRICT
    found = ask(town, (), rows=rows, by=kind)
    tally = found.table.tally
    assert tally.n_in_areas == counted
    assert tally.n_too_coarse == 6 - counted
    assert tally.n_selected == 6
    assert found.town.sum() == 6
    assert found.table.too_coarse.sum() == 6 - counted
    told = f"{6 - counted} placed too coarsely" in found.finding.detail
    assert told == (counted < 6)


def numbers(store, workspace):
    found = situation(store, workspace, Selection())
    return found.table.counts.tolist(), found.table.tally, found.by_offence, found.left_out


IDS = ("apk:1", "apk:2", "police:1", "police:2")


@settings(deadline=None, max_examples=10)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(IDS), st.sampled_from(IDS), st.sampled_from(("confirmed", "dismissed"))
        ).filter(lambda pair: pair[0] != pair[1]),
        max_size=5,
    )
)
def test_undoing_every_decision_restores_all_numbers(linked_store, decisions):
    store, workspace, before = linked_store
    ids = dict(zip(IDS, ("apk:a1", "apk:a2", "police:p1", "police:p2"), strict=True))

    n_before = before[1].n_selected
    keys = []
    for one, two, state in decisions:
        pair = [(ids[one], ids[two], None)]
        keys.append(store.decide_links(pair, state=state, user="eva"))
        found = situation(store, workspace, Selection())
        left = sum(part.n for part in found.left_out)
        assert found.table.tally.n_selected + left == n_before
        assert len(store.read_incidents()) == 15
    for key in reversed(keys):
        store.undo_decision(key, user="eva")
    assert numbers(store, workspace) == before


@pytest.fixture(scope="module")
def linked(tmp_path_factory):
    workspace = init_workspace(tmp_path_factory.mktemp("links") / "linked")
    import_both(workspace)
    return workspace


@pytest.fixture(scope="module")
def linked_store(linked):
    with Store.open(linked) as store:
        yield store, linked, numbers(store, linked)


def test_pairs_are_listed_confirmed_and_taken_back_by_commands(linked):
    def run(*words, code=0):
        result = CliRunner().invoke(main, ["-w", str(linked.path), "--json", "links", *words])
        assert result.exit_code == code, result.output
        return json.loads(result.output)

    listed = run("list")
    assert listed["n_pairs"] == 4
    assert "note" not in json.dumps(listed)
    first = listed["pairs"][0]
    names = first["one"]["incident_id"], first["two"]["incident_id"]
    number = run("confirm", *names)["decision"]
    assert run("list")["n_pairs"] == 3
    assert run("list", "--state", "confirmed")["pairs"][0]["state"] == "confirmed"
    assert run("list")["seen_by"] == [{"sources": ["apk", "police"], "events": 1}]
    near = run("list", "--near-duplicates")
    assert [p["one"]["incident_id"] for p in near["pairs"]] == ["apk:a1"]
    assert run("history")[0]["decision_key"] == number
    assert run("undo", str(number))["undone"] == number
    assert "undone already" in run("undo", str(number), code=2)["message"]
    assert "there is no decision 999" in run("undo", "999", code=1)["message"]
    assert "there is no incident" in run("dismiss", "apk:a1", "apk:none", code=1)["message"]
    assert "cannot be linked to itself" in run("dismiss", "apk:a1", "apk:a1", code=2)["message"]
    assert run("list")["n_pairs"] == 4
    plain = CliRunner().invoke(main, ["-w", str(linked.path), "links", "list", "--limit", "1"])
    assert "secret" not in plain.output
    assert plain.exit_code == 0


def test_links_that_join_events_say_of_how_many_records(linked):
    def run(*words):
        result = CliRunner().invoke(main, ["-w", str(linked.path), "links", *words])
        assert result.exit_code == 0, result.output
        return result.output

    assert "one event of" not in run("confirm", "apk:a1", "police:p1")
    (pair,) = (line for line in run("list").split("\n") if "records" in line)
    assert "Confirmed, 3 records become one event." in pair
    told = run("confirm", "apk:a1", "apk:a9")
    assert "3 records are one event and count once." in told
    assert "hotspots links list" not in told
    assert "records become" not in run("list")
    with Store.open(linked) as store:
        before = seen_together(store)
    against = run("dismiss", "apk:a9", "police:p1")
    assert "1 pair is said to be different events, yet other links join it" in against
    assert "apk:a9 ≠ police:p1" in run("list")
    assert "Other links join the two" in run("list", "--state", "dismissed")
    with Store.open(linked) as store:
        assert len(find_contradictions(store.read_links())) == 1
        assert seen_together(store) == before
        keys = [decision.decision_key for decision in store.decisions(limit=3)]
    listed = CliRunner().invoke(main, ["-w", str(linked.path), "--json", "links", "list"])
    assert json.loads(listed.stdout)["contradictions"] == [["apk:a9", "police:p1"]]
    for key in keys:
        run("undo", str(key))
    assert "≠" not in run("list")


def test_numbers_too_large_for_a_decision_are_refused(linked):
    for words in (["undo", "9" * 23], ["history", "--limit", "9" * 23]):
        result = CliRunner().invoke(main, ["-w", str(linked.path), "links", *words])
        assert result.exit_code == 2
        assert "is not in the range 1<=x<=2147483647" in result.output


def test_commands_tell_the_sources_own_words_and_labels(linked):
    result = CliRunner().invoke(main, ["-w", str(linked.path), "links", "list"])
    assert "Assistants' reports (apk:a1)" in result.output
    assert "Public order: public_order" in result.output
    assert "secret" not in result.output


@pytest.mark.parametrize(
    ("precision", "last", "gap", "told"),
    [
        ("minute", "2024-03-05T20:00", 0, "at the same time"),
        ("span", "2024-03-06T06:00", 0, "the times overlap"),
        ("day", "2024-03-05T00:00", 0, "the same day, hour unknown"),
        ("day", "2024-03-05T00:00", 1, "on different days, hour unknown"),
        ("minute", "2024-03-05T20:00", 2, "2 minutes apart"),
    ],
)
def test_a_time_is_told_no_more_exactly_than_it_is_known(precision, last, gap, told):
    def side(name, precision, last):
        first = datetime.fromisoformat("2024-03-05T20:00")
        until = datetime.fromisoformat(last)
        return Side(name, name, first, until, precision, (), "", "", "none", None, False)

    pair = Pair(
        side("apk:1", precision, last), side("police:1", "minute", "2024-03-05T20:00"),
        None, float(gap), 50.0, (), "open", "", "",
    )  # fmt: skip
    with use_language("en"):
        assert gap_text(pair) == told


def test_shares_of_events_seen_by_two_sources(linked_store):
    store, _workspace, _before = linked_store
    key = store.decide_links(
        [("apk:a1", "police:p1", 99.0), ("apk:a1", "apk:a9", 90.0)], state="confirmed", user="eva"
    )
    try:
        (together,), seen = seen_together(store)
        assert (together.one, together.two) == ("Assistants' reports", "Municipal police")
        assert together.n_events == 1
        assert together.share_one == pytest.approx(1 / 8)
        assert [(s.sources, s.n_events) for s in seen] == [(("apk", "police"), 1)]
        # The report a9 and the police's p1 are one event already: nothing to decide.
        listed = [
            (pair.one.incident_id, pair.two.incident_id) for pair in list_pairs(store, state="all")
        ]
        assert len(listed) == 3
        assert ("apk:a9", "police:p1") not in listed
        with pytest.raises(ParameterError, match="state 'none' is unknown"):
            list_pairs(store, state="none")
        with pytest.raises(NotFoundError, match="there is no incident"):
            store.decide_links([("apk:a1", "x:1", None)], state="confirmed", user="eva")
    finally:
        store.undo_decision(key, user="eva")
