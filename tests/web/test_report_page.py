"""The report form at the server: plain form, hostile JSON, replays, who may send, the worker."""

import json
import re
import shutil
from datetime import UTC, datetime, timedelta

import pytest

from hotspots import schema
from hotspots.errors import ParameterError
from hotspots.i18n import use_language
from hotspots.settings import Workspace
from hotspots.store import Store
from web import create_app
from web.report_fields import read_sent

from .conftest import HOSTILE
from .signing import client_as, make_app

ID = "3f2b8c1e-5a7d-4e0f-9b6a-1c2d3e4f5a6b"
NOW = datetime(2026, 3, 10, 20, 0, 30, tzinfo=UTC)  # 21:00 in Prague
FIELDS = {"report_id": ID, "things": ["night_noise"], "place": "Lipovská 12"}


class Phone:
    """A browser with the form open."""

    def __init__(self, workspace):
        self.workspace = workspace
        self.app = create_app(workspace, testing=True, open_access=True)
        self.client = self.app.test_client()
        self.client.environ_base["HTTP_HOST"] = "localhost"
        self.app.config["WTF_CSRF_ENABLED"] = True

    def token(self):
        return self.client.get("/report/token").get_json()["token"]

    def post(self, path, content, *, token=None, **options):
        body = content if isinstance(content, bytes) else json.dumps(content).encode()
        headers = {"X-CSRFToken": self.token() if token is None else token}
        headers |= options.pop("headers", {})
        return self.client.post(
            f"/report/{path}?lang=en",
            data=body,
            content_type="application/json",
            headers=headers,
            **options,
        )

    def send(self, **changes):
        written = datetime.now(UTC).replace(microsecond=0).isoformat()
        return self.post("send", {"reported_at": written, **FIELDS, **changes})

    def form(self, **fields):
        data = {"csrf_token": self.token(), **FIELDS, **fields}
        return self.client.post("/report?lang=en", data=data)

    def incidents(self):
        with Store.open(self.workspace) as store:
            return store.read_incidents()


@pytest.fixture
def phone(empty, tmp_path):
    shutil.copytree(empty.path, tmp_path / "town")
    return Phone(Workspace.open(tmp_path / "town"))


# --- the fields ----------------------------------------------------------------------------------


def read(**fields):
    return read_sent({**FIELDS, **fields}, now=NOW).report


@pytest.mark.parametrize(
    ("fields", "first", "last", "precision"),
    [
        ({}, "2026-03-10 21:00", "2026-03-10 21:00", "minute"),
        (
            {"reported_at": "2026-03-09T23:30:00Z"},
            "2026-03-10 00:30",
            "2026-03-10 00:30",
            "minute",
        ),
        (
            {"when": "earlier", "day": "2026-03-09"},
            "2026-03-09 00:00",
            "2026-03-09 23:59",
            "day",
        ),
        (
            {"when": "earlier", "day": "2026-03-09", "from": "22:15"},
            "2026-03-09 22:15",
            "2026-03-09 22:15",
            "minute",
        ),
        (
            {"when": "earlier", "day": "2026-03-09", "from": "22:15", "to": "01:30"},
            "2026-03-09 22:15",
            "2026-03-10 01:30",
            "span",
        ),
    ],
)
def test_when_it_happened(fields, first, last, precision):
    report = read(**fields)
    assert f"{report.occurred_from:%Y-%m-%d %H:%M}" == first
    assert f"{report.occurred_to:%Y-%m-%d %H:%M}" == last
    assert report.precision == precision


def test_a_time_that_nobody_knows():
    report = read(when="unknown")
    assert (report.occurred_from, report.occurred_to, report.precision) == (None, None, "unknown")
    assert f"{report.reported_at:%Y-%m-%d %H:%M:%S}" == "2026-03-10 21:00:30"


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"things": "night_noise"}, "field things: must be a list"),
        ({"things": [1]}, "field things: must be a list"),
        ({"things": ["x"] * 41}, "field things: must be a list of at most 40"),
        ({"note": ["a"]}, "field note: must be a text"),
        ({"place": {"a": 1}}, "field place: must be a text"),
        ({"placed_by": "gps", "lon": "far", "lat": 50}, "field lon: must be a number"),
        ({"placed_by": "gps", "lon": True, "lat": 50}, "field lon: must be a number"),
        ({"placed_by": "gps", "lon": float("nan"), "lat": 50}, "field lon: must be a number"),
        ({"placed_by": "gps", "lon": 10**400, "lat": 50}, "field lon: must be a number"),
        ({"placed_by": "gps"}, "position is missing"),
        ({"placed_by": 7}, "field placed_by: must be a text"),
        ({"when": "soon"}, "field when: choose from: now, earlier, unknown"),
        ({"when": "earlier"}, "on which day"),
        ({"when": "earlier", "day": "9. 3. 2026"}, "field day: must be a day"),
        ({"when": "earlier", "day": "2026-02-30"}, "field day: must be a day"),
        ({"when": "earlier", "day": "2026-03-09", "from": "25:00"}, "field from: must be a time"),
        ({"when": "earlier", "day": "2026-03-09", "from": "10:00Z"}, "field from: must be a time"),
        ({"when": "earlier", "day": "2026-03-09", "to": "10:00"}, "Say when it began"),
        (
            {"when": "earlier", "day": "9999-12-31", "from": "10:00", "to": "09:00"},
            "field day: must be a day",
        ),
        ({"reported_at": "2026-03-10T20:00"}, "field reported_at: must be a moment with a zone"),
        ({"reported_at": "0001-01-01T00:00:00+14:00"}, "field reported_at"),
        ({"correct": "maybe"}, "field correct: must be true or false"),
        ({"correct": 1.5}, "field correct: must be true or false"),
    ],
)
def test_fields_of_the_wrong_kind_are_named(fields, message):
    with use_language("en"), pytest.raises(ParameterError, match=message):
        read(**fields)


# --- sending -------------------------------------------------------------------------------------


def test_a_report_is_kept_once_and_can_be_taken_back_in_the_session(phone):
    assert phone.send().get_json() == {"state": "saved"}
    fields = {**FIELDS, "reported_at": "2026-01-05T10:00:00Z", "when": "now"}
    assert phone.incidents()[schema.SOURCE_REF].to_list() == [ID]
    stranger = phone.app.test_client()
    stranger.environ_base["HTTP_HOST"] = "localhost"
    token = stranger.get("/report/token").get_json()["token"]
    refused = stranger.post(
        "/report/undo?lang=en", json={"report_id": ID}, headers={"X-CSRFToken": token}
    )
    assert refused.status_code == 404
    assert "in this session" in refused.get_json()["error"]
    assert len(phone.incidents()) == 1
    assert phone.post("undo", {"report_id": ID}).get_json() == {"state": "withdrawn"}
    assert len(phone.incidents()) == 0
    again = phone.post("send", fields)
    assert (again.status_code, again.get_json()["kind"]) == (409, "withdrawn")


def test_a_replay_is_answered_and_another_content_refused(phone):
    moment = datetime.now(UTC).replace(microsecond=0).isoformat()
    assert phone.send(reported_at=moment).get_json() == {"state": "saved"}
    assert phone.send(reported_at=moment).get_json() == {"state": "already"}
    other = phone.send(reported_at=moment, note="jinak")
    assert (other.status_code, other.get_json()["kind"]) == (409, "conflict")
    corrected = phone.send(reported_at=moment, note="jinak", correct=True)
    assert corrected.get_json() == {"state": "saved"}
    assert phone.incidents()[schema.NOTE].to_list() == ["jinak"]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b'"x"',
        b"7",
        b"{",
        b"\xff\xfe",
        b"[" * 60_000,
        b'{"things": NaN}',
        b"{}",
    ],
)
def test_what_is_no_report_is_refused_and_nothing_kept(phone, body):
    response = phone.post("send", body)
    assert response.status_code == 400
    assert response.get_json()["kind"] == "invalid"
    assert len(phone.incidents()) == 0


def test_a_body_too_large_is_refused(phone):
    response = phone.send(note="x" * 100_000)
    assert response.status_code == 413
    assert len(phone.incidents()) == 0


def test_an_old_day_asks_and_a_future_one_is_refused(phone):
    old = f"{datetime.now(UTC) - timedelta(days=500):%Y-%m-%d}"
    response = phone.send(when="earlier", day=old)
    assert "more than a year ago; confirm" in response.get_json()["error"]
    assert phone.send(when="earlier", day=old, confirmed_old=True).status_code == 200
    future = f"{datetime.now(UTC) + timedelta(days=2):%Y-%m-%d}"
    response = phone.send(report_id=ID.replace("3f", "4f"), when="earlier", day=future)
    assert "has not been yet" in response.get_json()["error"]


@pytest.mark.parametrize("path", ["send", "undo"])
def test_without_a_token_nothing_is_taken(phone, path):
    for token in ("", "wrong"):
        assert phone.post(path, FIELDS, token=token).status_code == 400
    assert len(phone.incidents()) == 0


@pytest.mark.parametrize(
    ("options", "status"),
    [
        ({"environ_base": {"REMOTE_ADDR": "192.168.1.20"}}, 401),
        ({"headers": {"X-Forwarded-For": "192.168.1.20"}}, 401),
        ({"headers": {"Origin": "http://elsewhere.example"}}, 403),
        ({"headers": {"Sec-Fetch-Site": "cross-site"}}, 403),
    ],
)
def test_reports_are_taken_from_who_is_signed_in_and_this_page_only(phone, options, status):
    assert phone.post("send", FIELDS, **options).status_code == status
    assert len(phone.incidents()) == 0


# --- the page ------------------------------------------------------------------------------------


def test_who_is_not_signed_in_is_sent_to_sign_in_and_back_to_the_form(phone):
    far = {"environ_base": {"REMOTE_ADDR": "192.168.1.20"}}
    response = phone.client.get("/report?lang=en", **far)
    assert response.status_code == 303
    assert response.headers["Location"] == "/sign-in?next=/report?lang%3Den&lang=en"
    assert "report_form.js" not in response.get_data(as_text=True)
    token = phone.client.get("/report/token?lang=en", **far)
    assert (token.status_code, token.get_json()["kind"]) == (401, "signed_out")


def test_the_page_has_the_strict_policy_a_position_and_a_manifest(phone):
    response = phone.client.get("/report?lang=en")
    assert "manifest-src 'self'" in response.headers["Content-Security-Policy"]
    assert "unsafe" not in response.headers["Content-Security-Policy"]
    assert "geolocation=(self)" in response.headers["Permissions-Policy"]
    assert "geolocation=()" in phone.client.get("/data").headers["Permissions-Policy"]
    assert response.headers["Cache-Control"] == "no-store"
    page = response.get_data(as_text=True)
    assert not re.search(r"\sstyle=|\son[a-z]+=|<script(?![^>]*\bsrc=)", page)
    labels = set(re.findall(r'<label[^>]* for="([^"]+)"', page))
    fields = set(re.findall(r'<(?:input|textarea)[^>]*\bid="([^"]+)"', page))
    assert fields
    assert fields <= labels


def test_the_plain_form_works_without_scripts_and_once(phone):
    response = phone.form(note="hlasitá hudba", when="now", placed_by="text")
    assert response.status_code == 200
    page = response.get_data(as_text=True)
    assert "Saved." in page
    assert f'value="{ID}"' in page
    assert "Saved." in phone.form(note="hlasitá hudba", when="now").get_data(as_text=True)
    assert phone.incidents()[schema.NOTE].to_list() == ["hlasitá hudba"]
    data = {"csrf_token": phone.token(), "report_id": ID}
    back = phone.client.post("/report/undo?lang=en", data=data)
    assert "taken back" in back.get_data(as_text=True)
    assert len(phone.incidents()) == 0


def test_a_plain_form_with_a_fault_comes_back_filled_in(phone):
    response = phone.form(note=HOSTILE + " 850101/1233", place="Husova", measures="police")
    assert response.status_code == 400
    page = response.get_data(as_text=True)
    assert "Note seems to hold a birth number" in page
    assert 'value="Husova"' in page
    assert re.search(r'value="police" checked', page)
    assert "<script>alert" not in page
    assert len(phone.incidents()) == 0


def test_script_in_a_note_stays_text(phone):
    assert phone.send(note=HOSTILE, other=HOSTILE).status_code == 200
    assert phone.incidents()[schema.NOTE].to_list() == [HOSTILE]
    for path in ("/report", "/data", "/"):
        assert "<script>alert" not in phone.client.get(path).get_data(as_text=True)


# --- the worker and the home screen --------------------------------------------------------------


def content_of(response):
    return json.loads(re.search(r"const CONTENT = (\{.*\});", response.get_data(as_text=True))[1])


def test_the_worker_keeps_what_the_page_asks_for(phone):
    response = phone.client.get("/report/worker.js")
    assert response.headers["Service-Worker-Allowed"] == "/report"
    assert response.headers["Cache-Control"] == "no-cache"
    assert response.mimetype == "text/javascript"
    content = content_of(response)
    page = phone.client.get("/report").get_data(as_text=True)
    asked = set(re.findall(r'(?:src|href)="((?:/static|/assets)/[^"]+)"', page))
    assert asked <= set(content["kept"])
    for address in content["kept"]:
        assert phone.client.get(address, buffered=True).status_code == 200, address


def test_the_worker_has_another_name_when_what_it_keeps_changes(phone, monkeypatch):
    before = content_of(phone.client.get("/report/worker.js"))["name"]
    assert content_of(phone.client.get("/report/worker.js"))["name"] == before
    monkeypatch.setattr("hotspots.layers.layers_version", lambda _workspace: "other")
    assert content_of(phone.client.get("/report/worker.js"))["name"] != before


def test_the_manifest_opens_the_form(phone):
    response = phone.client.get("/report/app.webmanifest?lang=en")
    assert response.mimetype == "application/manifest+json"
    content = response.get_json()
    assert content["start_url"] == "/report?lang=en"
    assert content["scope"] == "/report"
    for icon in content["icons"]:
        assert phone.client.get(icon["src"], buffered=True).status_code == 200


# --- whose report it is --------------------------------------------------------------------------


def as_phone(phone, app, name):
    """Return the phone with somebody else signed in, from another machine."""
    other = Phone.__new__(Phone)
    other.workspace, other.app = phone.workspace, app
    other.client = client_as(app, name)
    return other


@pytest.fixture
def people(phone):
    app = make_app(phone.workspace)
    return {name: as_phone(phone, app, name) for name in ("assistant", "mentor", "administrator")}


def test_a_report_is_kept_under_the_name_of_who_is_signed_in(people):
    assistant = people["assistant"]
    assert assistant.client.get("/report/token").get_json()["user"] == "assistant"
    assert assistant.send().get_json() == {"state": "saved"}
    with Store.open(assistant.workspace) as store:
        assert [batch.user_name for batch in store.batches()] == ["assistant"]


def test_a_report_written_under_another_name_is_not_taken(people):
    written = datetime.now(UTC).replace(microsecond=0).isoformat()
    content = {"reported_at": written, **FIELDS}
    answer = people["mentor"].post("send", content, headers={"X-Written-By": "assistant"})
    assert (answer.status_code, answer.get_json()["kind"]) == (409, "other_user")
    assert len(people["mentor"].incidents()) == 0
    answer = people["assistant"].post("send", content, headers={"X-Written-By": "assistant"})
    assert answer.get_json() == {"state": "saved"}


@pytest.mark.parametrize("other", ["mentor", "administrator"])
def test_nobody_changes_or_takes_back_the_report_of_another(people, other):
    assert people["assistant"].send().get_json() == {"state": "saved"}
    before = people["assistant"].incidents()
    for changes in ({}, {"correct": True}, {"correct": True, "place": "Husova 1"}):
        answer = people[other].send(**changes)
        assert (answer.status_code, answer.get_json()["kind"]) == (409, "conflict")
    assert people[other].post("undo", {"report_id": ID}).status_code == 404
    assert people["assistant"].incidents().equals(before)
    assert people["assistant"].post("undo", {"report_id": ID}).get_json() == {"state": "withdrawn"}


def test_a_token_of_the_session_before_signing_in_is_worth_nothing(people):
    assistant = people["assistant"]
    token = assistant.token()
    with assistant.client.session_transaction() as kept:
        del kept["csrf_token"]
    assert assistant.post("send", FIELDS, token=token).status_code == 400
