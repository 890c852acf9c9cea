"""Hundreds of crafted requests: none breaks the program, changes anything, or is told anything."""

import base64
import logging
import shutil
from collections import Counter
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import pytest
from filelock import FileLock

from hotspots.accounts import ROLES
from hotspots.settings import Workspace
from tests.conftest import ROOT
from web import create_app
from web.changes import SECRET_FILE

from .crafted import (
    INJECTED,
    crafted_bodies,
    crafted_headers,
    crafted_ids,
    crafted_paths,
    crafted_queries,
)
from .filled import MARK, Watch, fill
from .signing import EVERYBODY, client_as, csrf_token

# Lines of the audit record, wrong passwords, and what a form of the wizard was last left as.
MAY_CHANGE = frozenset({"audit", "sign_in_failures", r"incoming/.*/\.[a-z]+\.json"})
FEWEST = {"path": 300, "id": 80, "body": 250, "fields": 140, "query": 120, "host": 60}


@pytest.fixture(scope="module")
def filled(sample, tmp_path_factory):
    path = tmp_path_factory.mktemp("crafted") / "town"
    shutil.copytree(sample.path, path)
    return fill(Workspace.open(path))


@pytest.fixture(scope="module")
def app(filled):
    """The pages as they are served: a fault of the program is an answer, and is logged."""
    app = create_app(filled.workspace)
    for limiter in app.extensions["limiter"]:
        limiter.enabled = False  # hundreds in a minute; tests of the limits are elsewhere
    return app


@pytest.fixture(scope="module")
def people(app):
    return {role: client_as(app, role) for role in EVERYBODY}


@pytest.fixture
def faults():
    """Collect the faults that the program logs."""

    class Keep(logging.Handler):
        def emit(self, record):
            if record.exc_info:
                found.append(repr(record.exc_info[1])[:300])

    found, handler = [], Keep(logging.ERROR)
    logging.getLogger().addHandler(handler)
    yield found
    logging.getLogger().removeHandler(handler)


@pytest.fixture(scope="module")
def secrets(filled):
    """What no answer may hold, whatever was asked."""
    key = (filled.workspace.path / SECRET_FILE).read_bytes()
    told = [key, key.hex().encode(), base64.b64encode(key), base64.urlsafe_b64encode(key)]
    told += [str(filled.workspace.path).encode(), str(ROOT).encode(), str(Path.home()).encode()]
    told += [b"Traceback (most", b"site-packages", b"sqlalchemy", b"sqlite3.", b"$argon2"]
    return [one for one in told if len(one) > 5] + [b"root:x:0:0", b"1337"]


def ask(client, crafted, token):
    """Send a crafted request as the server would hand it on, and return the answer."""
    overrides = {"PATH_INFO": crafted.path.decode("latin-1"), "QUERY_STRING": crafted.query}
    overrides["CONTENT_TYPE"] = crafted.kind
    headers = {"Host": "localhost", "Accept-Language": "en", **crafted.headers}
    if "Content-Length" in headers:
        overrides["CONTENT_LENGTH"] = headers.pop("Content-Length")
    if crafted.method != "GET":
        headers["X-CSRFToken"] = token
    return client.open(
        "/",
        method=crafted.method,
        data=crafted.body,
        headers=headers,
        environ_overrides=overrides,
        buffered=True,
    )


def faults_of(answer, crafted, secrets):
    """Return what is wrong with an answer, in words."""
    body, status = answer.get_data(), answer.status_code
    said = body + str(answer.headers).encode()
    if status >= 500:
        yield f"status {status}"
    if crafted.statuses and status not in crafted.statuses:
        yield f"status {status}, not {sorted(crafted.statuses)}"
    yield from (f"tells {secret!r}" for secret in secrets if secret in said)
    refused = status in {401, 403, 404, 421} or crafted.name.startswith("id:")
    if refused and MARK.encode() in body.lower():
        yield "tells what is kept"
    if INJECTED in answer.headers or any("\n" in value for value in answer.headers.values()):
        yield "has a header of the sender's"
    if b"<script>alert" in body or b"<img src=x" in body:
        yield "holds markup of the sender's"
    location = urlsplit(urljoin("http://localhost/", answer.headers.get("Location", "")))
    if location.netloc != "localhost" or location.scheme != "http":
        yield f"leads to {answer.headers['Location']}"
    if "Content-Security-Policy" not in answer.headers:
        yield "without a policy"


@pytest.mark.parametrize("kind", ["paths", "ids", "bodies", "queries", "headers"])
def test_crafted_requests_break_change_and_tell_nothing(app, filled, people, secrets, faults, kind):
    cases = {
        "paths": lambda: crafted_paths(app),
        "ids": lambda: crafted_ids(filled),
        "bodies": lambda: crafted_bodies(app, filled),
        "queries": lambda: crafted_queries(app, filled),
        "headers": crafted_headers,
    }[kind]()
    tokens = {who: csrf_token(client) for who, client in people.items()}
    watch, wrong, n = Watch(filled, without=MAY_CHANGE), [], Counter()
    # As if another program changed something: what would start work is told to wait.
    (filled.workspace.path / "jobs").mkdir(exist_ok=True)
    with FileLock(filled.workspace.path / "jobs" / ".lock"):
        for crafted in cases:
            n[crafted.name.partition(":")[0]] += 1
            answer = ask(people[crafted.who], crafted, tokens[crafted.who])
            found = [*faults_of(answer, crafted, secrets), *faults]
            if watch.has_changed():
                found.append("changed something")
            faults.clear()
            wrong += [(crafted.name[:120], fault) for fault in found]
    assert wrong == [], sorted(set(wrong))[:40]
    assert all(n[name] >= fewest for name, fewest in FEWEST.items() if n[name])
    assert sum(n.values()) >= 80
    for role in ROLES:  # nobody was signed out by any of it
        assert people[role].get("/account").status_code == 200
