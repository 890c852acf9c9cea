"""An assistant's first page: their own reports, mended for a day, and never another person's."""

import re
import uuid
from datetime import datetime, timedelta

import pytest

from hotspots import schema
from hotspots.accounts import Accounts, audit
from hotspots.ingest.report_content import Report
from hotspots.ingest.reports import save_report
from hotspots.store import Store
from web import my_reports_page
from web.texts import PRAGUE

from .conftest import HOSTILE
from .signing import client_as, make_app, send


def report_of(workspace, user, *, hours_ago=1, **fields):
    """Send a report and return its number."""
    written = datetime.now(PRAGUE).replace(tzinfo=None, microsecond=0) - timedelta(hours=hours_ago)
    minute = written.replace(second=0)
    values = {
        "report_id": str(uuid.uuid4()),
        "things": ("night_noise",),
        "occurred_from": minute,
        "occurred_to": minute,
        "precision": "minute",
        "reported_at": written,
        "placed_by": "text",
        "place_text": "Lipovská 12",
    }
    report = Report(**(values | fields))
    save_report(workspace, report, user=user)
    return report.report_id


@pytest.fixture
def town(new_town, tmp_path):
    return new_town(tmp_path / "town")


@pytest.fixture
def app(town):
    return make_app(town)


@pytest.fixture
def assistant(app):
    return client_as(app, "assistant")


def incidents(workspace):
    with Store.open(workspace) as store:
        return store.read_incidents().set_index(schema.SOURCE_REF)


def form_of(client, report_id):
    """Return the fields of the form that corrects a report, as a browser would send them."""
    page = client.get(f"/my-reports/{report_id}?lang=en")
    assert page.status_code == 200
    form = page.text.partition('class="correct"')[2].partition("</form>")[0]
    fields = {}
    for tag in re.findall(r"<input[^>]*>", form):
        name = re.search(r'name="(\w+)"', tag)[1]
        value = (re.search(r'value="([^"]*)"', tag) or ["", ""])[1]
        is_choice = 'type="checkbox"' in tag or 'type="radio"' in tag
        if is_choice and "checked" not in tag:
            continue
        fields.setdefault(name, []).append(value)
    fields["note"] = [re.search(r"<textarea[^>]*>(.*?)</textarea>", form, re.DOTALL)[1]]
    fields.pop("csrf_token")
    return {name: values if len(values) > 1 else values[0] for name, values in fields.items()}


def entries(workspace, action):
    with Accounts.open(workspace) as accounts:
        return accounts.audit_entries(actions=(action,))


def test_an_assistant_begins_with_their_own_reports_and_a_button_to_the_form(town, assistant):
    report_of(town, "assistant")
    report_of(town, "assistant", place_text="kdesi u lesa")
    report_of(town, "mentor", place_text="Husova 3")
    page = assistant.get("/my-reports?lang=en").text
    assert "Lipovská 12" in page
    assert "kdesi u lesa" in page
    assert "Husova" not in page
    assert ">placed<" in page
    assert ">waits for a place<" in page
    assert re.search(r"<dt>wait for a place</dt><dd>1</dd>", page)
    assert '<a class="button large" href="/report?lang=en">Report an event</a>' in page
    assert page.index("kdesi u lesa") < page.index("Lipovská 12")  # last sent first
    first = assistant.get("/?lang=en")
    assert (first.status_code, first.headers["Location"]) == (303, "/my-reports?lang=en")


def test_the_form_keeps_what_is_not_changed(town, assistant):
    report_id = report_of(
        town,
        "assistant",
        things=("night_noise", "drunk_person"),
        other="rozbitá lavička",
        measures=("advice",),
        discovered_by="camera",
        note="Parta\nu lavičky.",
        placed_by="gps",
        lon=17.2046,
        lat=50.2294,
        accuracy_m=12.0,
        place_text="",
    )
    before = incidents(town).loc[report_id]
    answer = send(assistant, f"/my-reports/{report_id}?lang=en", form_of(assistant, report_id))
    assert answer.headers["Location"] == "/my-reports?done=corrected&lang=en"
    after = incidents(town).loc[report_id]
    for name in schema.INCIDENT_COLUMNS:
        if name in {schema.SOURCE_REF, schema.BATCH_ID}:
            continue
        same = before[name] == after[name]
        near = name in {schema.X, schema.Y} and abs(before[name] - after[name]) < 0.01
        assert same or near or (before[name] != before[name]), name
    # To open the form is to see the note.
    assert [one.user_name for one in entries(town, audit.NOTES_VIEWED)] == ["assistant"]


def test_a_correction_replaces_what_is_said_and_is_recorded(town, assistant):
    report_id = report_of(town, "assistant")
    fields = form_of(assistant, report_id) | {"things": ["dumping"], "place": "Husova 3"}
    assert send(assistant, f"/my-reports/{report_id}?lang=en", fields).status_code == 303
    row = incidents(town).loc[report_id]
    assert (row[schema.OFFENCE_CODES], row[schema.PLACE_TEXT]) == ("dumping", "Husova 3")
    line = entries(town, audit.CORRECTION)[0]
    assert (line.user_name, line.subject) == ("assistant", f"report-{report_id}.json")
    # Nothing is lost by a form that breaks a rule.
    wrong = send(assistant, f"/my-reports/{report_id}?lang=en", fields | {"place": ""})
    assert wrong.status_code == 400
    assert "Say where it happened" in wrong.text
    assert incidents(town).loc[report_id, schema.PLACE_TEXT] == "Husova 3"


def test_taking_back_takes_the_corrections_back_too(town, assistant):
    report_id = report_of(town, "assistant")
    fields = form_of(assistant, report_id) | {"things": ["dumping"]}
    assert send(assistant, f"/my-reports/{report_id}", fields).status_code == 303
    answer = send(assistant, f"/my-reports/{report_id}/undo?lang=en")
    assert answer.headers["Location"] == "/my-reports?done=withdrawn&lang=en"
    assert report_id not in incidents(town).index
    assert entries(town, audit.DELETION)[0].user_name == "assistant"
    assert send(assistant, f"/my-reports/{report_id}/undo").status_code == 404


@pytest.mark.parametrize("role", ["assistant", "commander", "administrator"])
def test_another_persons_report_is_nobody_elses(town, app, role):
    report_id = report_of(town, "mentor", note="Tajné.")
    before = incidents(town)
    client = client_as(app, role)
    for crafted in (report_id, report_id.upper(), f"asistenti:{report_id}", "..", "1", "%00", "é"):
        for path in (f"/my-reports/{crafted}", f"/my-reports/{crafted}/undo"):
            assert send(client, path, {"things": "dumping", "place": "x"}).status_code == 404, path
        got = client.get(f"/my-reports/{crafted}")
        assert got.status_code in {404, 308}
        assert "Tajné" not in got.text
    assert incidents(town).equals(before)


def test_after_a_day_a_report_is_no_longer_ones_own_to_mend(town, assistant, monkeypatch):
    report_id = report_of(town, "assistant")

    class Tomorrow(datetime):
        @classmethod
        def now(cls, tz=None):
            return datetime.now(tz) + timedelta(hours=24, minutes=1)

    monkeypatch.setattr(my_reports_page, "datetime", Tomorrow)
    assert "Correct or take back" not in assistant.get("/my-reports?lang=en").text
    for answer in (
        assistant.get(f"/my-reports/{report_id}?lang=en"),
        send(assistant, f"/my-reports/{report_id}?lang=en"),
        send(assistant, f"/my-reports/{report_id}/undo?lang=en"),
    ):
        assert answer.status_code == 400
        assert "24 hours" in answer.text
    assert report_id in incidents(town).index


def test_markup_in_a_report_stays_text(town, assistant):
    report_id = report_of(town, "assistant", place_text=HOSTILE, other=HOSTILE, note=HOSTILE)
    for path in ("/my-reports", f"/my-reports/{report_id}"):
        page = assistant.get(path).text
        assert "<script>alert" not in page
        assert "&lt;script&gt;" in page


def test_many_reports_stand_on_several_pages(town, assistant, monkeypatch):
    monkeypatch.setattr(my_reports_page, "ON_A_PAGE", 1)
    report_of(town, "assistant", place_text="Husova 3")
    report_of(town, "assistant")
    first = assistant.get("/my-reports?lang=en").text
    assert "Lipovská" in first
    assert "Husova" not in first
    assert "Husova" in assistant.get("/my-reports?page=2&lang=en").text
    for odd in ("0", "-1", "x", "9" * 40, "²"):
        assert assistant.get("/my-reports", query_string={"page": odd}).status_code == 200
    assert "no older" in assistant.get("/my-reports?page=77&lang=en").text


def test_without_a_report_the_page_says_so(assistant):
    assert "You have not sent a report yet." in assistant.get("/my-reports?lang=en").text
