"""The log holds how the server does, and nothing of what persons ask, send or are called."""

import io
import json
import logging
import shutil
import sqlite3

import pytest

from hotspots.settings import Workspace
from tests.web.signing import PASSWORD, client_as, csrf_token, make_app, send
from web import create_app
from web.logs import JsonLines, TextLines, init_request_log, start_logging

# Whatever of these stands in a log tells of a person, or opens a door.
SECRETS = ("tajemstvi", "Novákovi", "Nov%C3%A1kovi", "10.77.66.55", "commander", PASSWORD)


@pytest.fixture
def stream():
    found = io.StringIO()
    root = logging.getLogger()
    before = root.level
    handler = start_logging("json", stream=found)
    yield found
    root.removeHandler(handler)
    root.setLevel(before)


@pytest.fixture
def app(sample, tmp_path):
    shutil.copytree(sample.path, tmp_path / "town")
    made = make_app(Workspace.open(tmp_path / "town"))
    init_request_log(made)
    return made


def lines(stream):
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def requests(stream):
    return [line for line in lines(stream) if line["event"] == "request"]


def test_a_request_is_one_line(app, stream):
    client = client_as(app, "commander")
    answer = client.get("/data?lang=en")
    data = answer.get_data()
    answer.close()
    [line] = requests(stream)
    assert set(line) == {
        "time", "level", "event", "method", "route", "status", "ms", "bytes", "user", "request",
    }  # fmt: skip
    assert (line["method"], line["route"], line["status"]) == ("GET", "/data", 200)
    assert line["bytes"] == len(data)
    assert line["user"] == 2
    assert line["ms"] > 0
    assert answer.headers["X-Request-ID"] == line["request"]


def test_a_route_stands_as_its_pattern(app, stream):
    client = client_as(app, "administrator")
    for path in ("/batches/1", "/link/tajemstvi", "/nowhere/tajemstvi", "/static/css/base.css"):
        client.get(path).close()
    assert [line["route"] for line in requests(stream)] == [
        "/batches/<int:batch_id>",
        "/link/<token>",
        "",
    ]


def test_nothing_of_a_person_is_logged(app, stream):
    """Secrets in the address, query, form, file, headers and cookies of every kind of answer."""
    client = client_as(app, "commander", address="10.77.66.55")
    headers = {
        "User-Agent": "tajemstvi",
        "Referer": "http://localhost/?q=Novákovi".encode().decode("latin-1"),
        "X-Forwarded-For": "10.77.66.55",
        "Authorization": "Basic tajemstvi",
        "X-Request-ID": "tajemstvi",
    }
    client.set_cookie("other", "tajemstvi")
    for path in (
        "/?offence=tajemstvi",
        "/data?q=Nov%C3%A1kovi",
        "/tajemstvi/Nov%C3%A1kovi",
        "/waiting/tajemstvi/note",
        "/jobs/tajemstvi",
    ):
        client.get(path, headers=headers).close()
    send(client, "/report?lang=en", {"note": "Novákovi tajemstvi"}, headers=headers).close()
    stranger = client_as(app, "", address="10.77.66.55")
    for password in ("tajemstvi", PASSWORD):
        fields = {"name": "commander", "password": password}
        send(stranger, "/sign-in?next=/data?q=tajemstvi", fields, headers=headers).close()
    client.open("/data", method="TAJEMSTVI").close()
    logged = stream.getvalue()
    assert len(requests(stream)) >= 9
    for secret in SECRETS:
        assert secret.lower() not in logged.lower(), secret


def test_a_fault_is_logged_by_its_number_and_places(sample, stream, tmp_path, monkeypatch):
    shutil.copytree(sample.path, tmp_path / "town")
    app = create_app(Workspace.open(tmp_path / "town"), open_access=True)
    app.config["PROPAGATE_EXCEPTIONS"] = False
    init_request_log(app)

    def fail():
        raise sqlite3.OperationalError("near 'Novákovi': tajemstvi")

    monkeypatch.setitem(app.view_functions, "method.show", fail)
    answer = app.test_client().get("/method?q=tajemstvi&lang=en")
    page = answer.get_data(as_text=True)
    answer.close()
    assert answer.status_code == 500
    [fault] = [line for line in lines(stream) if "fault" in line]
    reference = fault["event"].split()[1]
    assert len(reference) == 8
    assert reference in page
    assert fault["level"] == "error"
    assert fault["request"] == requests(stream)[0]["request"]
    assert fault["fault"][0]["type"] == "sqlite3.OperationalError"
    assert any(place.startswith("web/test_logs.py:") for place in fault["fault"][0]["at"])
    assert requests(stream)[0]["status"] == 500
    for secret in SECRETS:
        assert secret.lower() not in stream.getvalue().lower()


def record(name, sentence, *args, **more):
    return logging.LogRecord(name, logging.WARNING, "x.py", 1, sentence, args, None, **more)


def test_only_numbers_and_references_are_written_out():
    form = JsonLines()

    def event(*args):
        return json.loads(form.format(record(*args)))["event"]

    assert event("hotspots.web", "job %s failed", "20240101-101010-ab12cd34") == (
        "job 20240101-101010-ab12cd34 failed"
    )
    assert event("hotspots.web", "%s of %d", "Jan Novák", 3) == "… of 3"
    assert event("hotspots.web", "nothing") == "nothing"
    assert event("waitress", "Task queue depth is %d", 3) == ("waitress: Task queue depth is %d")
    assert event("waitress", "Jan Novák has called") == "waitress: WARNING"


def test_text_lines_say_the_same(app):
    found = io.StringIO()
    handler = start_logging("text", stream=found)
    try:
        client_as(app, "mentor").get("/data").close()
        assert isinstance(handler.formatter, TextLines)
    finally:
        logging.getLogger().removeHandler(handler)
        logging.getLogger().setLevel(logging.WARNING)
    line = next(line for line in found.getvalue().splitlines() if "route=/data" in line)
    assert " info request method=GET route=/data status=200 " in line
    assert "user=3" in line


def test_a_token_of_a_form_is_no_part_of_the_log(app, stream):
    client = client_as(app, "mentor")
    token = csrf_token(client)
    send(client, "/sign-out?lang=en").close()
    assert token not in stream.getvalue()
