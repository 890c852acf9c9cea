"""Waiting places over time: stale forms, old decisions, another try, what an undo sets free."""

import json
import re
import shutil

import pytest
from click.testing import CliRunner

from hotspots import schema
from hotspots.analysis.waiting import list_waiting
from hotspots.cli import main
from hotspots.ingest.placing import place_waiting
from hotspots.settings import Workspace
from hotspots.store import Store
from hotspots.workspace_init import init_workspace
from tests.waiting_cases import put_usual, put_waiting, waiting_rows
from web import create_app

KNOWN = "Lipovská 12"  # the street is in the layers, the house is not
CENTRE = {"choice": "pin", "lon": "17.2046", "lat": "50.2294"}


@pytest.fixture(scope="module")
def filled(tmp_path_factory):
    workspace = init_workspace(tmp_path_factory.mktemp("waiting") / "town")
    with Store.open(workspace) as store:
        put_usual(store)
    return workspace


class Visitor:
    """A browser that sends the forms of the page."""

    def __init__(self, workspace):
        self.workspace = workspace
        self.app = create_app(workspace, testing=True, open_access=True)
        self.client = self.app.test_client()

    def get(self, path="/waiting", **query):
        return self.client.get(path, query_string={"lang": "en", **query}).text

    def seen(self, **query):
        return re.search(r'name="seen" value="(\d+)"', self.get(**query))[1]

    def send(self, path="decide", /, **fields):
        token = re.search(r'name="csrf_token" value="([^"]+)"', self.get())[1]
        data = {"csrf_token": token, "lang": "en", **fields}
        return self.client.post(f"/waiting/{path}?lang=en", data=data)

    def items(self):
        with Store.open(self.workspace) as store:
            return {item.text: item for item in list_waiting(store).items}


@pytest.fixture
def visitor(filled, tmp_path):
    shutil.copytree(filled.path, tmp_path / "own")
    return Visitor(Workspace.open(tmp_path / "own"))


def test_a_form_older_than_a_decision_about_its_text_is_answered_and_keeps_what_it_says(visitor):
    item = visitor.items()["u lávky"]
    old = visitor.seen(item=item.item_id)
    first = visitor.send(item=item.item_id, seen=old, only=item.incidents[0].name, **CENTRE)
    assert first.status_code == 303
    late = visitor.send(item=item.item_id, seen=old, remember="1", **CENTRE)
    assert late.status_code == 409
    assert "decided about some incidents of this text meanwhile (decision 1)" in late.text
    assert 'value="17.2046"' in late.text
    with Store.open(visitor.workspace) as store:
        assert len(store.decisions()) == 1
    new = re.search(r'name="seen" value="(\d+)"', late.text)[1]
    again = visitor.send(item=item.item_id, seen=new, remember="1", **CENTRE)
    assert again.status_code == 303
    other = visitor.items()["Lipovska"]
    assert visitor.send(item=other.item_id, seen=old, **CENTRE).status_code == 303


def test_a_form_about_what_is_decided_says_how_and_what_was_meant_and_fits_no_other(visitor):
    item = visitor.items()["u lávky"]
    old = visitor.seen(item=item.item_id)
    visitor.send(item=item.item_id, seen=old, remember="1", action="give_up")
    late = visitor.send(item=item.item_id, seen=old, remember="1", **CENTRE)
    assert late.status_code == 409
    assert "4 incidents cannot be placed" in late.text
    assert "You had chosen: longitude 17.2046, latitude 50.2294." in late.text
    assert 'value="17.2046"' not in late.text  # another text is shown now
    assert visitor.send(item=item.item_id, seen="x", **CENTRE).status_code in {400, 409}


def test_old_decisions_are_reached_by_pages_and_undone(tmp_path):
    workspace = init_workspace(tmp_path / "many")
    with Store.open(workspace) as store:
        put_waiting(store, waiting_rows([f"text {k:03d}" for k in range(30)]))
        for item in list_waiting(store).items[:25]:
            store.decide_place(
                [one.incident_id for one in item.incidents],
                None,
                user="anna",
                text=item.text,
                remember=True,
            )
    visitor = Visitor(workspace)
    page = visitor.get()
    assert "“text 024”" in page
    assert "Newer" not in page
    last = visitor.get(history=4)
    assert "“text 000”" in last
    assert "Older" not in last
    assert visitor.send("undo", done="1").status_code == 303
    assert "“text 000”" in visitor.get(undone=1, history=4)
    assert visitor.client.get("/waiting?history=999999999").status_code == 200


def wait_with_a_later_file(visitor, text):
    """Return the key of a decision about a text, once an incident of a later file took it over."""
    with Store.open(visitor.workspace) as store:
        put_waiting(store, waiting_rows([text], source="older"), source="older")
    sent = visitor.send(item=visitor.items()[text].item_id, remember="1", **CENTRE)
    assert sent.status_code == 303
    with Store.open(visitor.workspace) as store:
        put_waiting(store, waiting_rows([text], source="later"), source="later")
        (made,) = store.decisions(limit=1)
    place_waiting(visitor.workspace)
    assert text not in visitor.items()
    return made.decision_key


def test_what_a_later_file_took_over_is_placed_at_once_after_an_undo(visitor):
    known = wait_with_a_later_file(visitor, KNOWN)
    page = visitor.client.get(visitor.send("undo", done=str(known)).headers["Location"]).text
    assert KNOWN not in visitor.items()
    assert "nothing of it waits" in page
    assert "It waits again" not in page
    with Store.open(visitor.workspace) as store:
        kept = store.read_incidents(sources=("older", "later"))
        assert kept[schema.PLACE_METHOD].tolist() == ["street", "street"]


def test_a_decision_taken_back_waits_again_and_can_be_repeated(visitor):
    first = wait_with_a_later_file(visitor, "za starou lávkou")
    page = visitor.client.get(visitor.send("undo", done=str(first)).headers["Location"]).text
    assert "It waits again" in page
    item = visitor.items()["za starou lávkou"]
    assert item.n_incidents == 2
    seen = re.search(r'name="seen" value="(\d+)"', page)[1]
    again = visitor.send(item=item.item_id, seen=seen, remember="1", **CENTRE)
    assert again.status_code == 303
    assert "za starou lávkou" not in visitor.items()
    assert visitor.send("undo", done=str(first)).status_code == 409  # it is taken back already


def test_the_command_takes_a_decision_back_and_places_at_once(visitor):
    known = wait_with_a_later_file(visitor, KNOWN)
    before = sum(item.n_incidents for item in visitor.items().values())
    path = str(visitor.workspace.path)
    command = ["waiting", "undo", str(known), "--json", "-w", path]
    result = CliRunner().invoke(main, command, env={"HOTSPOTS_LANG": "en"})
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout) == {"undone": known, "waiting": before}
    again = CliRunner().invoke(main, command, env={"HOTSPOTS_LANG": "en"})
    assert again.exit_code != 0


def test_all_that_waits_is_looked_up_again_as_a_job(visitor):
    before = visitor.get()
    assert "Try again" in before
    answer = visitor.send("again")
    assert answer.status_code == 303
    visitor.app.extensions["hotspots_jobs"].wait(wait_s=60)
    page = visitor.client.get(answer.headers["Location"]).text
    assert "still wait" in page
    assert "It has failed" not in page


def test_sources_are_named_by_their_labels(visitor):
    with Store.open(visitor.workspace) as store:
        (source,) = store.sources()
    page = visitor.get()
    assert f'<option value="{source.source_id}">{source.label}</option>' in page


def test_the_situation_leads_to_what_waits_once_its_page_has_told_it(visitor):
    assert 'id="to-do"' not in visitor.get("/")
    visitor.get()
    assert "12 incidents wait for a place</a>" in visitor.get("/")
    away = visitor.client.get("/?lang=en", environ_base={"REMOTE_ADDR": "10.0.0.5"})
    assert 'id="to-do"' not in away.text
