"""The page of waiting places: what it shows, each way to decide, and who is refused."""

import json
import re
import shutil

import pytest

from hotspots import schema
from hotspots.accounts import Accounts
from hotspots.analysis.waiting import list_waiting
from hotspots.settings import Workspace
from hotspots.store import Store
from hotspots.workspace_init import init_workspace
from tests.waiting_cases import put_usual, put_waiting, waiting_rows
from web import create_app
from web.place_map import make_ground
from web.security import CONTENT_POLICY

HERE = "http://localhost"
CENTRE = {"choice": "pin", "lon": "17.2046", "lat": "50.2294"}
NOTE = "Volala paní Nováková"


def text_of(response):
    return response.get_data(as_text=True)


@pytest.fixture(scope="module")
def filled(tmp_path_factory):
    workspace = init_workspace(tmp_path_factory.mktemp("waiting") / "town")
    with Store.open(workspace) as store:
        put_usual(store)
    return workspace


@pytest.fixture(scope="module")
def reader(filled):
    """Client that only reads."""
    return create_app(filled, testing=True, open_access=True).test_client()


class Visitor:
    """A browser that sends the forms of the page."""

    def __init__(self, workspace):
        self.workspace = workspace
        self.client = create_app(workspace, testing=True, open_access=True).test_client()

    def get(self, **query):
        return text_of(self.client.get("/waiting", query_string={"lang": "en", **query}))

    def send(self, path="decide", /, **fields):
        token = re.search(r'name="csrf_token" value="([^"]+)"', self.get())
        data = {"csrf_token": token[1] if token else "", "lang": "en", **fields}
        return self.client.post(f"/waiting/{path}?lang=en", data=data)

    def items(self):
        with Store.open(self.workspace) as store:
            return {item.text: item for item in list_waiting(store).items}

    def decisions(self):
        with Store.open(self.workspace) as store:
            return store.decisions()


@pytest.fixture
def visitor(filled, tmp_path):
    shutil.copytree(filled.path, tmp_path / "own")
    return Visitor(Workspace.open(tmp_path / "own"))


# --- reading ---------------------------------------------------------------------------------
def test_the_page_says_what_waits_and_shows_the_first(reader):
    page = text_of(reader.get("/waiting?lang=en"))
    assert "12 incidents wait for a place." in page
    assert "5 texts to decide about · 1 incident without a text of the place" in page
    assert "“u lávky”" in page
    assert "Holds for all 4 incidents with this text" in page
    assert NOTE not in page


def test_texts_and_candidates_are_never_markup(reader, filled):
    with Store.open(filled) as store:
        hostile = list_waiting(store).items[3]
    page = text_of(reader.get(f"/waiting?lang=en&item={hostile.item_id}"))
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(" in page


def test_addresses_hold_no_text(reader):
    page = text_of(reader.get("/waiting?lang=en"))
    addresses = " ".join(re.findall(r'(?:href|action|data-next)="([^"]*)"', page)).lower()
    for word in ("lavk", "l%c3%a1vk", "gara", "reports:"):
        assert word not in addresses


def test_one_map_with_its_own_policy_and_nothing_kept(reader):
    response = reader.get("/waiting")
    assert response.headers["Cache-Control"] == "no-store"
    assert response.headers["Content-Security-Policy"] == CONTENT_POLICY
    assert "/assets/leaflet.js?v=" in text_of(response)


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("item=../../etc", 400),
        ("item=" + "g" * 16, 400),
        ("batch=one", 400),
        ("page=-1", 400),
        ("page=" + "9" * 40, 400),
        ("source=%3Cb%3E", 400),
        ("source=nobody", 400),
        ("page=9999", 200),
        ("batch=9999", 200),
        ("item=" + "0" * 16, 200),
        ("done=12345&undone=77", 200),
    ],
)
def test_wrong_addresses_are_answered(reader, query, status):
    response = reader.get(f"/waiting?lang=en&{query}")
    assert response.status_code == status
    if query.startswith("item=0"):
        assert "does not wait any more" in text_of(response)
    if query.startswith("batch=9999"):
        assert "Nothing waits for a place here." in text_of(response)


def test_the_list_has_pages_and_a_chosen_text_is_on_its_own(tmp_path):
    workspace = init_workspace(tmp_path / "many")
    with Store.open(workspace) as store:
        put_waiting(store, waiting_rows([f"text {k:03d}" for k in range(120)]))
        last = list_waiting(store).items[-1]
    visitor = Visitor(workspace)
    assert "page 1 of 3" in visitor.get()
    page = visitor.get(page=2)
    assert "page 2 of 3" in page
    assert page.count('class="said"') == 50
    assert "“text 050”" in page
    page = visitor.get(item=last.item_id)
    assert "page 3 of 3" in page
    assert "“text 119”" in page


def test_search_answers_places_and_only_those(reader):
    found = json.loads(text_of(reader.get("/waiting/search.json?q=palack&lang=en")))["results"]
    assert found[0]["label"].startswith("Palackého")
    assert found[0]["value"].startswith("s:street:")
    assert 17 < found[0]["lon"] < 17.5
    assert 50 < found[0]["lat"] < 50.5
    for query in ("", "q=", "q=%00", "q=" + "x" * 500, "q=%3Cscript%3E"):
        response = reader.get(f"/waiting/search.json?{query}")
        assert response.status_code == 200
        assert response.headers["Cache-Control"] == "no-store"


def test_without_scripts_the_search_is_a_page(reader, filled):
    with Store.open(filled) as store:
        item = list_waiting(store).items[0]
    page = text_of(reader.get(f"/waiting?lang=en&item={item.item_id}&q=palack"))
    assert re.search(r'value="s:street:[^"]+"', page)
    assert 'name="q" id="typed" value="palack"' in page


def test_a_pin_is_described_or_refused(reader):
    def at(lon, lat):
        return json.loads(text_of(reader.get(f"/waiting/at.json?lon={lon}&lat={lat}&lang=en")))

    inside = at("17.2046", "50.2294")
    assert inside["text"]
    assert not inside["outside"]
    assert "outside the study area" in at("16.8", "50,0")["outside"]
    assert "outside Czechia" in at("2.3", "48.8")["refused"]
    assert "put the pin on the map" in at("nan", "x")["refused"]


def test_a_note_is_told_one_at_a_time_to_who_may_read_it(reader, filled):
    with Store.open(filled) as store:
        item = list_waiting(store).items[0]
    url = f"/waiting/note?item={item.item_id}&incident={item.incidents[0].name}&lang=en"
    told = reader.get(url, headers={"Accept": "application/json"})
    assert json.loads(text_of(told)) == {"note": NOTE}
    assert told.headers["Cache-Control"] == "no-store"
    with Accounts.open(filled) as accounts:
        (line, *_others) = accounts.audit_entries(actions=["notes_viewed"])
    assert (line.subject, line.details["what"]) == (item.incidents[0].incident_id, "read_note")
    assert NOTE not in str(line)
    assert NOTE in text_of(reader.get(url, headers={"Accept": "text/html"}))
    away = {"REMOTE_ADDR": "192.168.1.7"}
    for other in ({"environ_base": away}, {"headers": {"X-Forwarded-For": "1.2.3.4"}}):
        sent_off = reader.get(url, **other)
        assert sent_off.status_code == 303
        assert NOTE not in text_of(sent_off)
    for wrong in (
        "incident=x",
        f"item={item.item_id}",
        f"item={item.item_id}&incident=" + "0" * 16,
    ):
        assert reader.get(f"/waiting/note?{wrong}").status_code in {400, 404}


# --- the map's ground ------------------------------------------------------------------------
def test_the_ground_is_small_in_degrees_and_kept_until_layers_change(reader, filled):
    response = reader.get("/place-map.json?lang=en")
    ground = json.loads(text_of(response))
    assert {street["name"] for street in ground["streets"]} >= {"Lipovská", "Palackého"}
    assert all(street["lines"] or street["dots"] for street in ground["streets"])
    points = [p for s in ground["streets"] for line in s["lines"] for p in line]
    assert all(16 < lon < 18 and 49 < lat < 51 for lon, lat in points)
    assert max(len(repr(lon)) for lon, _lat in points) <= 9
    assert ground["districts"][0]["rings"]
    assert ground["landmarks"][0]["name"]
    assert ground["tiles"] is None
    assert len(response.data) < 200_000
    tag = response.headers["ETag"]
    again = reader.get("/place-map.json?lang=en", headers={"If-None-Match": tag})
    assert (again.status_code, again.data) == (304, b"")
    other = reader.get("/place-map.json?lang=cs", headers={"If-None-Match": tag})
    assert other.status_code == 200


def test_without_layers_there_is_no_ground_and_the_page_says_so(tmp_path):
    workspace = init_workspace(tmp_path / "bare")
    (workspace.layers / "layers.gpkg").unlink()
    ground = make_ground(workspace)
    assert (ground["streets"], ground["boundary"]) == ([], [])
    with Store.open(workspace) as store:
        put_usual(store)
    visitor = Visitor(workspace)
    page = visitor.get()
    assert "no layers here yet" in page
    item = visitor.items()["u lávky"]
    assert visitor.send(item=item.item_id, remember="1", **CENTRE).status_code == 400
    given_up = visitor.send(item=item.item_id, remember="1", action="give_up")
    assert given_up.status_code in {303, 404}


# --- deciding --------------------------------------------------------------------------------
def test_a_candidate_is_chosen_the_next_text_shown_and_it_is_undone(visitor):
    item = visitor.items()["Masarykovo náměstí"]
    page = visitor.get(item=item.item_id)
    value = re.search(r'name="choice" value="(c:[^"]+)"', page)[1]
    response = visitor.send(item=item.item_id, choice=value, remember="1", action="place")
    assert response.status_code == 303
    page = text_of(visitor.client.get(response.headers["Location"]))
    assert "2 incidents placed" in page
    assert "10 incidents wait for a place." in page
    assert "“&lt;script&gt;" in page
    (made,) = visitor.decisions()
    back = visitor.send("undo", done=made.decision_key)
    page = text_of(visitor.client.get(back.headers["Location"]))
    assert "Taken back: 2 incidents placed. It waits again." in page
    assert "12 incidents wait for a place." in page
    assert "“Masarykovo náměstí”" in page


def test_a_pin_a_found_place_and_giving_up(visitor):
    items = visitor.items()
    assert visitor.send(item=items["u lávky"].item_id, remember="1", **CENTRE).status_code == 303
    page = visitor.get(item=items["Lipovska"].item_id, q="palack")
    value = re.search(r'name="choice" value="(s:[^"]+)"', page)[1]
    visitor.send(item=items["Lipovska"].item_id, choice=value, q="palack", remember="1")
    visitor.send(item=items["za garážemi"].item_id, action="give_up", remember="1")
    with Store.open(visitor.workspace) as store:
        placed = store.read_placings(states=(schema.BY_PERSON, schema.GIVEN_UP))
    methods = dict(zip(placed[schema.SOURCE_REF], placed[schema.PLACE_METHOD], strict=True))
    assert (methods["0"], methods["4"], methods["10"]) == ("manual", "street", "none")
    assert len(placed) == 8
    assert "4 incidents wait for a place." in visitor.get()


def test_only_the_marked_incident_where_it_shall_not_hold_for_all(visitor):
    item = visitor.items()["u lávky"]
    response = visitor.send(item=item.item_id, only=item.incidents[2].name, **CENTRE)
    assert f"item={item.item_id}" in response.headers["Location"]
    assert visitor.items()["u lávky"].n_incidents == 3
    with Store.open(visitor.workspace) as store:
        assert store.remembered_places() == {}
        assert store.decisions()[0].n_incidents == 1


def test_the_last_text_decided_leaves_an_empty_page(visitor):
    for item in visitor.items().values():
        response = visitor.send(item=item.item_id, action="give_up", remember="1")
        assert response.status_code == 303
    page = visitor.get()
    assert "No incident waits for a place." in page
    assert "Last decisions" in page


def test_a_stale_decision_says_who_was_first_and_doubles_nothing(visitor):
    item = visitor.items()["u lávky"]
    assert visitor.send(item=item.item_id, remember="1", **CENTRE).status_code == 303
    late = visitor.send(item=item.item_id, action="give_up", remember="1")
    assert late.status_code == 409
    assert "does not wait any more" in text_of(late)
    assert len(visitor.decisions()) == 1
    key = visitor.decisions()[0].decision_key
    assert visitor.send("undo", done=key).status_code == 303
    twice = visitor.send("undo", done=key)
    assert twice.status_code == 409
    assert "undone already" in text_of(twice)


def test_a_pin_outside_the_town_is_asked_about(visitor):
    item = visitor.items()["u lávky"]
    pin = {"item": item.item_id, "remember": "1", "choice": "pin", "lon": "17.10", "lat": "50.23"}
    asked = visitor.send(**pin)
    assert asked.status_code == 400
    page = text_of(asked)
    assert "outside the study area" in page
    assert re.search(r'id="outside"><input type="checkbox" name="outside_ok"', page)
    assert 'value="17.10"' in page
    assert visitor.decisions() == []
    assert visitor.send(**pin, outside_ok="1").status_code == 303
    abroad = visitor.send(**{**pin, "item": visitor.items()["Lipovska"].item_id, "lat": "60"})
    assert abroad.status_code == 400
    assert "outside Czechia" in text_of(abroad)


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"choice": "c:address:made-up"},
        {"choice": "s:street:made-up", "q": "palack"},
        {"choice": "z:1"},
        {"choice": "pin"},
        {"choice": "pin", "lon": "1e999", "lat": "-"},
        {"choice": "pin", "lon": "17", "lat": "5" * 500},
        {"action": "drop"},
        {"choice": "pin", "lon": "17.2046", "lat": "50.2294", "remember": "", "only": "f" * 16},
    ],
)
def test_wrong_forms_change_nothing(visitor, fields):
    item = visitor.items()["u lávky"]
    response = visitor.send(**{"item": item.item_id, "remember": "1", **fields})
    assert response.status_code in {400, 409}
    assert 'role="alert"' in text_of(response)
    assert visitor.decisions() == []


@pytest.mark.parametrize("path", ["decide", "undo"])
def test_decisions_are_refused_from_afar_from_other_sites_and_without_a_token(visitor, path):
    item = visitor.items()["u lávky"]
    visitor.get()
    form = {"item": item.item_id, "action": "give_up", "done": "1"}

    def status(**options):
        return visitor.client.post(f"/waiting/{path}", data=form, **options).status_code

    assert status() == 400
    assert visitor.send(path, **form, **{"csrf_token": "x"}).status_code == 400
    assert status(environ_base={"REMOTE_ADDR": "10.0.0.5"}) == 401
    assert status(headers={"Sec-Fetch-Site": "cross-site"}) == 403
    assert visitor.decisions() == []


@pytest.mark.parametrize("path", ["/waiting", "/waiting/search.json?q=lip", "/waiting/at.json"])
def test_from_afar_no_text_of_a_place_is_shown(visitor, path):
    answer = visitor.client.get(path, environ_base={"REMOTE_ADDR": "10.0.0.5"})
    assert answer.status_code == (401 if ".json" in path else 303)
    assert "u lávky" not in answer.text
