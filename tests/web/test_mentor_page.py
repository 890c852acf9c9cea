"""A mentor's first page: who reports how much, how completely, what waits, notes on demand."""

import re

import pytest

from hotspots.accounts import Accounts, audit
from hotspots.errors import StoreError

from .signing import client_as, make_app
from .test_my_reports_page import report_of

NOTE = "Poznámka o nočním klidu."


@pytest.fixture(scope="module")
def mentored(new_town, tmp_path_factory):
    """A town with reports of two people, and its application."""
    workspace = new_town(tmp_path_factory.mktemp("mentored") / "town")
    app = make_app(workspace)
    report_of(workspace, "assistant", hours_ago=0, measures=("advice",))
    noted = report_of(workspace, "assistant", hours_ago=0, place_text="kdesi u lesa", note=NOTE)
    report_of(workspace, "commander", hours_ago=0, place_text="Husova 3")
    return workspace, app, noted


def rows_of(page):
    table = page.partition("<tbody>")[2].partition("</tbody>")[0]
    return [
        [re.sub(r"<[^>]+>", "", cell).strip() for cell in re.findall(r"<t[hd].*?</t[hd]>", row)]
        for row in re.findall(r"<tr.*?</tr>", table, re.DOTALL)
    ]


def test_the_table_says_how_much_and_how_completely_each_reports(mentored):
    _workspace, app, _noted = mentored
    mentor = client_as(app, "mentor")
    page = mentor.get("/mentor?lang=en").text
    assert "<h1>This week 3 reports so far; in the whole week before 0.</h1>" in page
    assert rows_of(page) == [
        ["Assistant Testovací", "2", "0", "1 of 2", "2 of 2", "1 of 2", "0 of 2", "1"],
        ["Commander Testovací", "1", "0", "1 of 1", "1 of 1", "0 of 1", "0 of 1", "0"],
    ]
    assert "Waiting for a place: 1" in page
    assert page.count(">Open</a>") == 4  # three latest, one of them waits
    for address in set(re.findall(r'href="(/batches/\d+\?lang=en)"', page)):
        assert mentor.get(address).status_code == 200


def test_the_reports_of_one_assistant(mentored):
    _workspace, app, _noted = mentored
    mentor = client_as(app, "mentor")
    page = mentor.get("/mentor?assistant=commander&lang=en").text
    latest = page.partition('id="latest"')[2]
    assert "Husova" in latest
    assert "Lipovská" not in latest
    assert mentor.get("/mentor?assistant=%3Cscript%3E").status_code == 404


def test_a_note_is_shown_on_request_only_and_recorded_before(mentored, monkeypatch):
    workspace, app, noted = mentored
    mentor = client_as(app, "mentor")
    assert NOTE not in mentor.get("/mentor?lang=en").text
    shown = mentor.get(f"/mentor/note/{noted}?lang=en")
    assert NOTE in shown.text
    assert shown.headers["Cache-Control"] == "no-store"
    with Accounts.open(workspace) as accounts:
        line = accounts.audit_entries(actions=(audit.NOTES_VIEWED,))[0]
    assert (line.user_name, line.role, line.subject) == ("mentor", "mentor", f"report-{noted}")
    assert NOTE not in str(line)

    def refuse(*_args, **_values):
        raise StoreError("full")

    monkeypatch.setattr(Accounts, "record", refuse)
    unrecorded = mentor.get(f"/mentor/note/{noted}?lang=en")
    assert unrecorded.status_code == 503
    assert NOTE not in unrecorded.text


def test_notes_of_what_is_no_report_are_not_found(mentored):
    _workspace, app, _noted = mentored
    mentor = client_as(app, "mentor")
    for crafted in ("1", "x", "..%2f..", "%00"):
        assert mentor.get(f"/mentor/note/{crafted}").status_code == 404


@pytest.mark.parametrize("role", ["commander", "assistant", "council"])
def test_nobody_else_sees_the_page_or_a_note(mentored, role):
    _workspace, app, noted = mentored
    client = client_as(app, role)
    for path in ("/mentor", f"/mentor/note/{noted}"):
        answer = client.get(path)
        assert answer.status_code == 403
        assert NOTE not in answer.text


def test_a_town_without_assistants_says_who_adds_them(client):
    assert "An administrator adds people" in client.get("/mentor?lang=en").text
