"""What waits for a place: grouped by text, decided once, never twice, undone exactly."""

import json
import shutil

import pytest
from click.testing import CliRunner

from hotspots import schema
from hotspots.analysis.waiting import (
    NotWaitingError,
    find_waiting,
    list_waiting,
    require_known_source,
)
from hotspots.analysis.waiting_decisions import (
    OutsideTownError,
    decide,
    pick_candidate,
    place_at,
    place_by_text,
    place_of,
    undo_place,
    why_waiting,
)
from hotspots.cli.waiting import waiting as command
from hotspots.errors import GeocodeError, NotFoundError, ParameterError
from hotspots.geocode.result import Candidate, Geocoded
from hotspots.settings import Workspace
from hotspots.store import Place, Store
from hotspots.workspace_init import init_workspace
from tests.storing import make_incidents, put
from tests.waiting_cases import HOSTILE, TEXTS, put_usual, put_waiting, waiting_rows

HERE = Place(-543_400.0, -1_050_700.0, "manual", None, "by hand")
HOUSE = Candidate(-543_455.0, -1_050_795.0, "address", 5.0, 92.0, "Lipovská 12", "address:1")
STREET = Candidate(-543_900.0, -1_050_900.0, "street", 300.0, 88.0, "Lipovská", "street:7")
CENTRE = (17.2046, 50.2294)


class Finder:
    """Knows one street, one house, and what is near."""

    def geocode(self, text):
        if text == "Lipovská 12":
            return Geocoded(text, schema.AUTOMATIC, (HOUSE,))
        if text.startswith("Lipov"):
            return Geocoded(text, schema.DOUBTFUL, (HOUSE, STREET), "two places")
        return Geocoded(text, schema.NOT_FOUND, (), "nothing is named so")

    def search(self, typed, limit=8):
        return (STREET, HOUSE)[:limit] if "lip" in typed.lower() else ()

    def describe(self, x, y):
        return f"near {x:.0f}"


@pytest.fixture(scope="module")
def workspace(tmp_path_factory):
    return init_workspace(tmp_path_factory.mktemp("waiting") / "town")


@pytest.fixture
def own(workspace, tmp_path):
    shutil.copytree(workspace.path, tmp_path / "town")
    return Workspace.open(tmp_path / "town")


@pytest.fixture
def store(own):
    with Store.open(own) as opened:
        put_usual(opened)
        yield opened


def unplaced(store):
    return int(store.read_incidents(columns=[schema.X])[schema.X].isna().sum())


# --- the list --------------------------------------------------------------------------------
def test_texts_come_by_number_then_by_the_latest_and_those_without_a_text_last(store):
    found = list_waiting(store)
    assert [(item.text, item.n_incidents) for item in found.items] == [
        *zip(TEXTS, (4, 3, 2, 1, 1), strict=True),
        ("", 1),
    ]
    assert (found.n_incidents, found.n_without_text) == (12, 1)
    first = found.items[0]
    assert first.sources == ("reports",)
    assert [day.isoformat() for day in first.days] == ["2024-06-27", "2024-06-30"]
    assert first.offences == (("theft", 4),)
    assert [one.incident_id for one in first.incidents] == [f"reports:{k}" for k in range(4)]


def test_spellings_of_one_text_are_one_and_the_most_frequent_is_shown(own):
    with Store.open(own) as store:
        put_waiting(store, waiting_rows(["U Lávky!", "u lavky", "u lavky", " ??? "]))
        first, second = list_waiting(store).items
    assert (first.text, first.n_incidents, first.key) == ("u lavky", 3, "u lavky")
    assert (second.text, second.key) == (" ??? ", "")


def test_what_is_placed_given_up_or_displaced_does_not_wait(own):
    with Store.open(own) as store:
        put(store, make_incidents(["9"]))
        rows = waiting_rows(["a", "b", "c"])
        rows.loc[2, schema.DISPLACED] = True
        put_waiting(store, rows, state=schema.DOUBTFUL)
        decide(store, list_waiting(store).find("a"), None, user="eva")
        (left,) = list_waiting(store).items
    assert (left.text, left.state) == ("b", schema.DOUBTFUL)


def test_an_empty_store_has_nothing_that_waits(workspace):
    with Store.open(workspace) as store:
        assert list_waiting(store).items == ()


def test_a_text_is_whole_when_only_one_of_its_incidents_is_of_the_import_asked_for(own):
    with Store.open(own) as store:
        put_waiting(store, waiting_rows(["u lávky", "jinde"]))
        put_waiting(store, waiting_rows(["U lávky"], source="police"), source="police")
        everything = list_waiting(store)
        (mine,) = list_waiting(store, source="police").items
        assert mine.n_incidents == 2
        last = max(one.batch_id for one in mine.incidents)
        assert [item.item_id for item in list_waiting(store, batch=last).items] == [mine.item_id]
        assert list_waiting(store, batch=99).items == ()
        assert everything.n_incidents == 3
        require_known_source(store, "police")
        with pytest.raises(ParameterError, match="no source 'nobody'; known are: police, reports"):
            require_known_source(store, "nobody")


def test_items_are_found_by_key_text_and_incident_and_their_names_say_nothing(store):
    found = list_waiting(store)
    item = found.items[0]
    assert found.find(item.item_id) is item
    assert found.find("U  LÁVKY") is item
    assert found.find("reports:2") is item
    assert found.find(item.incidents[1].name) is item
    assert "lavk" not in item.item_id
    assert len(item.item_id) == 16
    for wrong in ("nowhere", "reports:99", "", "0" * 16):
        with pytest.raises(NotWaitingError, match="nothing waits for a place under"):
            found.find(wrong)
    with pytest.raises(NotWaitingError, match="does not wait for a place with the text 'u lávky'"):
        item.incident("reports:5")


# --- deciding --------------------------------------------------------------------------------
def test_one_decision_settles_a_text_now_and_later_and_is_undone_whole(store):
    made = decide(store, list_waiting(store).find("u lavky"), place_of(HOUSE), user="eva")
    assert made.n_incidents == 4
    assert (unplaced(store), list_waiting(store).n_incidents) == (8, 8)
    assert store.remembered_places()["u lavky"].place.matched == "Lipovská 12"
    undo_place(store, made.decision_key, user="jan")
    assert list_waiting(store).n_incidents == 12
    assert store.remembered_places() == {}


def test_only_one_incident_may_be_decided_and_nothing_is_remembered_then(store):
    item = list_waiting(store).find("u lavky")
    made = decide(store, item, HERE, user="eva", only=item.incidents[2].name)
    assert made.n_incidents == 1
    left = list_waiting(store).find("u lavky")
    assert [one.incident_id for one in left.incidents] == ["reports:0", "reports:1", "reports:3"]
    assert store.remembered_places() == {}


def test_an_incident_without_a_text_is_decided_by_itself(store):
    item = list_waiting(store).find("reports:11")
    assert decide(store, item, HERE, user="eva").n_incidents == 1
    assert store.remembered_places() == {}
    assert list_waiting(store).n_without_text == 0


def test_what_somebody_decided_meanwhile_is_said_with_who_and_when(store):
    stale = list_waiting(store).find("u lavky")
    made = decide(store, stale, HERE, user="eva")
    for name in ("u lavky", stale.item_id):
        with pytest.raises(NotWaitingError, match="does not wait any more: eva decided about it"):
            find_waiting(store, list_waiting(store), name)
    undo_place(store, made.decision_key, user="eva")
    assert find_waiting(store, list_waiting(store), stale.item_id).n_incidents == 4
    with pytest.raises(NotWaitingError, match="nothing waits for a place under"):
        find_waiting(store, list_waiting(store), "never heard of")


def test_only_decisions_about_places_are_undone_from_the_queue(store):
    link = store.decide_links([("reports:1", "reports:2", None)], state="confirmed", user="eva")
    made = decide(store, list_waiting(store).find("u lavky"), None, user="eva")
    with pytest.raises(ParameterError, match=f"decision {link} is not about a place"):
        undo_place(store, link, user="eva")
    with pytest.raises(NotFoundError, match="no decision 999"):
        undo_place(store, 999, user="eva")
    undo_place(store, made.decision_key, user="eva")
    with pytest.raises(ParameterError, match="undone already"):
        undo_place(store, made.decision_key, user="eva")


# --- places ----------------------------------------------------------------------------------
def test_a_position_in_the_town_is_taken_as_it_is(workspace):
    place = place_at(workspace, *CENTRE, finder=Finder())
    assert (round(place.x), round(place.y)) == (-543_456, -1_050_795)
    assert (place.method, place.precision_m, place.matched) == ("manual", None, "near -543456")


def test_a_position_outside_the_town_needs_a_word_and_outside_czechia_is_refused(workspace):
    with pytest.raises(OutsideTownError, match=r"outside the study area, 35\.4\Wkm"):
        place_at(workspace, 16.8, 50.0, finder=Finder())
    place = place_at(workspace, 16.8, 50.0, finder=Finder(), allow_outside=True)
    assert place.method == "manual"
    for lon, lat in ((50.2294, 17.2046), (2.35, 48.85), (float("nan"), 50.0), (17.2, 1e308)):
        with pytest.raises(ParameterError, match="outside Czechia"):
            place_at(workspace, lon, lat, finder=Finder(), allow_outside=True)


def test_a_typed_address_is_taken_only_where_it_is_sure():
    assert place_by_text(Finder(), "Lipovská 12").precision_m == 5.0
    with pytest.raises(GeocodeError, match="not sure enough; it may be: Lipovská 12; Lipovská"):
        place_by_text(Finder(), "Lipov")
    with pytest.raises(GeocodeError, match="'nikde' is not found in the layers"):
        place_by_text(Finder(), "nikde")


def test_a_candidate_that_is_gone_is_not_guessed():
    assert pick_candidate((HOUSE, STREET), "street:7") is STREET
    with pytest.raises(NotFoundError, match="not among the candidates any more"):
        pick_candidate((HOUSE,), "street:7")


def test_why_a_text_waits_is_said(store):
    found = list_waiting(store)
    finder = Finder()
    item = found.find("Lipovska")
    assert why_waiting(item, finder.geocode(item.text)) == "two places"
    assert "know this place now" in why_waiting(item, finder.geocode("Lipovská 12"))
    empty = found.items[-1]
    assert "says nothing about the place" in why_waiting(empty, finder.geocode(empty.text))


# --- the command -----------------------------------------------------------------------------
def run(workspace, *words, code=0):
    result = CliRunner().invoke(command, [*words, "-w", str(workspace.path)])
    assert result.exit_code == code, result.output
    return result.output


def as_json(workspace, *words, code=0):
    return json.loads(run(workspace, *words, "--json", code=code))


def test_the_command_lists_places_and_takes_back(own, store):
    listed = as_json(own, "list")
    assert (listed["incidents"], listed["texts"]) == (12, 6)
    assert listed["waiting"][0]["text"] == "u lávky"
    said = run(own, "list", "--limit", "2")
    assert "u lávky" in said
    assert "and 4 more texts" in said
    made = as_json(own, "place", "U LAVKY", "--at", "17.2046,50.2294")
    assert (made["incidents"], made["place_method"]) == (4, "manual")
    assert list_waiting(store).n_incidents == 8
    assert "eva" not in run(own, "history")
    assert as_json(own, "undo", str(made["decision"])) == {"undone": 1, "waiting": 12}
    assert as_json(own, "history")[0]["undone_at"]


def test_the_command_gives_up_and_places_by_candidate_and_address(own, store):
    assert "1 incident cannot be placed." in run(own, "give-up", "za garážemi")
    key = list_waiting(store).find("Masarykovo náměstí").item_id
    assert as_json(own, "place", key, "--candidate", "1")["incidents"] == 2
    one = as_json(own, "place", "reports:0", "--address", "Palackého")
    assert (one["incidents"], one["place_method"]) == (1, "street")
    assert list_waiting(store).find("u lavky").n_incidents == 3


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["place", "u lávky"], "by one of --candidate N, --at LON,LAT and --address"),
        (["place", "u lávky", "--candidate", "1", "--at", "1,2"], "by one of"),
        (["place", "u lávky", "--candidate", "1"], "has no candidates"),
        (["place", "u lávky", "--at", "here"], "--at must be longitude and latitude"),
        (["place", "u lávky", "--at", "50.2294,17.2046"], "outside Czechia"),
        (["place", "u lávky", "--at", "16.8,50.0"], "add --outside"),
        (["place", "Masarykovo náměstí", "--candidate", "99"], "--candidate must be a number"),
        (["list", "--source", "nobody"], "no source 'nobody'"),
    ],
)
def test_wrong_words_are_named_and_change_nothing(own, store, words, said):
    assert said in run(own, *words, code=2)
    assert store.decisions() == []


def test_what_is_not_there_is_said(own, store):
    assert "nothing waits for a place under" in run(own, "give-up", "nikde", code=1)
    assert "no decision 7" in run(own, "undo", "7", code=1)
    assert "is not found in the layers" in run(
        own, "place", "u lávky", "--address", "Zzyzx 999", code=1
    )
    run(own, "give-up", "u lávky")
    assert "does not wait any more" in run(own, "give-up", "u lávky", code=1)
    assert len(store.decisions()) == 1


def test_texts_cannot_command_the_terminal(own):
    with Store.open(own) as store:
        put_waiting(store, waiting_rows(["\x1b[31mred", HOSTILE]))
    assert "\x1b" not in run(own, "list")


def test_an_empty_queue_says_so(workspace):
    assert "No incident waits for a place." in run(workspace, "list")
    assert "Nothing has been decided yet." in run(workspace, "history")


def test_looking_up_again_places_what_the_layers_know(own):
    with Store.open(own) as store:
        put_waiting(store, waiting_rows(["Palackého", "nikde tady"]))
    done = as_json(own, "retry")
    assert (done["asked"], done["placed"], done["waiting"]) == (2, 1, 1)
    assert "1 still wait" in run(own, "retry")
