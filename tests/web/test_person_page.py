"""The page of requests of a person: found, given out, erased; nothing of it in addresses."""

import csv
import io
import json
import re
import shutil
from html import unescape

import pytest

from hotspots import schema
from hotspots.accounts import Accounts
from hotspots.errors import StoreError
from hotspots.place_text import ERASED
from hotspots.settings import Workspace
from hotspots.store import Store
from tests.importing import make_chunk, make_runner
from tests.storing import make_incidents
from web import create_app

from .conftest import HOSTILE
from .signing import client_as, make_app, send

NOTES = ["Novák křičel na Novákovou", "hluk, nahlásila paní Nováková", "bez jména", HOSTILE]
PATHS = ("/admin/person", "/admin/person/export", "/admin/person/ask", "/admin/person/erase")


@pytest.fixture
def town(new_town, tmp_path):
    workspace = new_town(tmp_path / "town")
    made = make_incidents(["1", "2", "3", "4"], note=NOTES)
    make_runner(workspace, tmp_path)(make_chunk(made), name="Nováková.csv")
    return workspace


@pytest.fixture
def app(town):
    return make_app(town)


@pytest.fixture
def admin(app):
    return client_as(app, "administrator")


def post(client, path, status=200, **fields):
    answer = send(client, f"{path}?lang=en", fields)
    assert answer.status_code == status, answer.text
    assert answer.headers["Cache-Control"] == "no-store"
    return unescape(answer.text)


def has_name(path):
    return "Novák".encode() in path.read_bytes()


def lines(workspace, *actions):
    with Accounts.open(workspace) as accounts:
        found = accounts.audit_entries(actions=actions)[::-1]
    return [line for line in found if str(line.details.get("what", "")).endswith("_person")]


def notes(workspace):
    with Store.open(workspace) as store:
        return store.read_incidents()[schema.NOTE].tolist()


@pytest.mark.parametrize("role", ["", "commander", "mentor", "assistant", "council"])
def test_nobody_else_looks_or_erases(town, app, role):
    client = client_as(app, role)
    assert client.get("/admin/person").status_code == (403 if role else 303)
    for path in PATHS:
        sent = send(client, path, {"text": "Novák", "sure": "yes", "format": "csv"})
        assert sent.status_code == (403 if role else 401)
        assert "křičel" not in sent.text
    assert notes(town) == NOTES
    assert lines(town) == []


def test_nothing_is_searched_by_an_address(admin, town):
    page = admin.get("/admin/person?lang=en&text=Novák")
    assert "křičel" not in page.text
    assert page.headers["Cache-Control"] == "no-store"
    for path in PATHS[1:]:
        assert admin.get(path).status_code == 405
    assert lines(town) == []


def test_mentions_are_shown_where_they_stand(admin, town):
    page = post(admin, "/admin/person", text="novak")
    assert "3 texts speak of it; incidents: 2." in page
    assert re.findall(r'name="incident" value="([^"]+)"', page) == ["accidents:1", "accidents:2"]
    assert "<mark>Novák</mark> křičel na <mark>Novákovou</mark>" in page
    assert "name of the file" in page
    assert "Looked for: novak, novaka" in page
    (line,) = lines(town, "notes_viewed")
    assert (line.user_name, line.details["page"], line.details["texts"]) == (
        "administrator",
        "person",
        3,
    )
    assert len(line.details["search"]) == 16
    assert "ov" not in line.details["search"] + line.subject


def test_hostile_texts_are_shown_as_texts(admin):
    sent = send(admin, "/admin/person?lang=en", {"text": "script"})
    assert "<script>alert" not in sent.text
    assert "&lt;" in sent.text
    sent = send(admin, "/admin/person?lang=en", {"text": HOSTILE})
    assert "<script>alert" not in sent.text


@pytest.mark.parametrize("text", ["", "a", "x" * 200, "a b c d e f g h i"])
def test_too_little_or_too_much_is_refused(admin, town, text):
    assert 'role="alert"' in post(admin, "/admin/person", 400, text=text)
    assert 'role="alert"' in post(admin, "/admin/person/ask", 400, text=text)
    assert lines(town) == []


def test_nothing_found_is_said(admin):
    page = post(admin, "/admin/person", text="Dvořáková")
    assert "No text speaks of it." in page
    assert "/admin/person/ask" not in page


@pytest.mark.parametrize("form", ["csv", "json"])
def test_all_of_it_as_a_file(admin, town, form):
    answer = send(admin, "/admin/person/export?lang=en", {"text": "Novák", "format": form})
    assert answer.headers["Content-Disposition"] == f'attachment; filename="person.{form}"'
    assert answer.headers["Cache-Control"] == "no-store"
    if form == "csv":
        rows = list(csv.reader(io.StringIO(answer.data.decode("utf-8-sig")), delimiter=";"))
        assert [row[-1] for row in rows[1:3]] == NOTES[:2]
    else:
        assert [one["text"] for one in json.loads(answer.data)["mentions"]][:2] == NOTES[:2]
    (line,) = lines(town, "export")
    assert (line.details["format"], line.details["texts"]) == (form, 3)
    assert send(admin, "/admin/person/export", {"text": "Novák"}).status_code == 400


def test_without_a_line_in_the_record_nothing_is_shown(admin, monkeypatch):
    def refuse(*_args, **_options):
        raise StoreError("no room")

    monkeypatch.setattr(Accounts, "record", refuse)
    for path in PATHS[:2]:
        answer = send(admin, path, {"text": "Novák", "format": "csv"})
        assert answer.status_code == 503
        assert "křičel" not in answer.text


def test_it_is_asked_before_anything_is_erased(admin, town):
    asked = post(admin, "/admin/person/ask", text="Novák")
    assert "Erase mentions of “Novák”?" in asked
    assert "Texts to be changed: 3; incidents: 2; files: 0." in asked
    assert notes(town) == NOTES
    assert send(admin, "/admin/person/erase", {"text": "Novák"}).status_code == 400
    assert notes(town) == NOTES
    assert lines(town) == []
    done = post(admin, "/admin/person/erase", text="Novák", sure="yes")
    assert "The mentions are erased" in done
    assert notes(town)[:2] == [
        f"{ERASED} křičel na {ERASED}",
        f"hluk, nahlásila paní {ERASED}",
    ]
    (line,) = lines(town, "deletion")
    assert (line.details["texts_changed"], line.details["incidents"]) == (3, 2)
    assert "No text speaks of it." in post(admin, "/admin/person", text="Novák")
    left = [path for path in town.path.rglob("*") if path.is_file() and has_name(path)]
    assert left == []
    # Other pages show it at once.
    batch = admin.get("/batches/1?lang=en").text
    assert "Novák" not in batch


def test_only_ticked_incidents(admin, town):
    fields = {"text": "Novák", "scope": "chosen", "incident": ["accidents:2"], "whole_note": "1"}
    asked = post(admin, "/admin/person/ask", **fields)
    assert "Notes that speak of it go whole." in asked
    assert 'name="incident" value="accidents:2"' in asked
    post(admin, "/admin/person/erase", sure="yes", **fields)
    assert notes(town) == [NOTES[0], "", *NOTES[2:]]
    assert "Choose an incident" in post(
        admin, "/admin/person/ask", 400, text="Novák", scope="chosen"
    )
    assert "does not speak of it" in post(
        admin, "/admin/person/ask", 400, text="Novák", scope="chosen", incident="accidents:4"
    )


def test_the_demonstration_has_the_page(town, tmp_path):
    shutil.copytree(town.path, tmp_path / "open")
    app = create_app(Workspace.open(tmp_path / "open"), testing=True, open_access=True)
    client = app.test_client()
    assert "Requests of a person" in client.get("/admin/person?lang=en").text
    assert "/admin/person" in client.get("/admin?lang=en").text
