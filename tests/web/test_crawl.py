"""Every route, for everybody, by every method: answered as `web.access` says, and nothing leaks.

`test_access.py` asks the same of the gates alone; here the pages behind them answer, from a
workspace that holds something of everything, and what it keeps is compared row by row.
"""

import shutil
from collections import defaultdict

import pytest

from hotspots.accounts import ROLES
from hotspots.accounts.roles import ADMINISTRATOR, ASSISTANT, COUNCIL
from hotspots.settings import Workspace
from web import create_app
from web.access import HOME, RIGHTS, ROUTES, Right
from web.job_record import DONE

from .filled import MARK, Watch, addresses, fill
from .signing import EVERYBODY, NOBODY, client_as, csrf_token

ELSEWHERE = "the demonstration from afar"
WHO = (*EVERYBODY, ELSEWHERE)
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "BREW")
FEWER = ("GET", "POST", "DELETE")
READING = {"GET", "HEAD"}
JSON_WITHOUT_SUFFIX = {"report.token"}
ACCOUNT_ENDS = "auth.sign_out"


@pytest.fixture(scope="module")
def copies(sample, tmp_path_factory):
    """Return a function that makes a filled workspace."""

    def make():
        path = tmp_path_factory.mktemp("crawl") / "town"
        shutil.copytree(sample.path, path)
        return fill(Workspace.open(path))

    return make


@pytest.fixture(scope="module")
def filled(copies):
    return copies()


@pytest.fixture(scope="module")
def routes(app, filled):
    found = addresses(app, filled)
    assert {endpoint for endpoint, _methods, _path in found} == set(ROUTES)
    return found


@pytest.fixture(scope="module")
def app(filled):
    return create_app(filled.workspace, testing=True)


@pytest.fixture(scope="module")
def people(app, filled):
    """A client of everybody: each role, nobody, and nobody where the demonstration runs."""
    found = {role: client_as(app, role) for role in EVERYBODY}
    open_app = create_app(filled.workspace, testing=True, open_access=True)
    return found | {ELSEWHERE: client_as(open_app, NOBODY)}


def may(who, endpoint):
    right = ROUTES[endpoint]
    return right is Right.ANYONE or (who in ROLES and right in RIGHTS[who])


def refusal(who, endpoint, method, path):
    """Return status and the beginning of the address led to, for whoever may not have a route."""
    if who in ROLES:
        is_first = endpoint == "situation.show"
        return (303, first_page(who)) if is_first else (403, "")
    asks_as_program = path.endswith(".json") or endpoint in JSON_WITHOUT_SUFFIX
    return (303, "/sign-in") if method in READING and not asks_as_program else (401, "")


def first_page(role):
    return {"my_reports.show": "/my-reports", "overview.show": "/overview"}[HOME[role]]


def usual(who, endpoint):
    """Return the status of an address that holds something, asked for by who may have it."""
    if endpoint == "auth.ask" and who in ROLES:
        return 303  # signed in already
    if endpoint in {"jobs.show", "jobs.state"} and who != ADMINISTRATOR:
        return 404  # somebody else's backup
    if endpoint == "my_reports.show_one" and who != ASSISTANT:
        return 404  # somebody else's report
    # No import of this workspace left a list of rows; and a note is that of an incident.
    return {"batches.rejected": 404, "waiting.note": 400}.get(endpoint, 200)


@pytest.mark.parametrize("who", WHO, ids=lambda who: who or "nobody")
def test_pages_are_read_by_exactly_those_who_may(people, filled, routes, who):
    client = people[who]
    watch = Watch(filled, without={"audit"})
    wrong, held = [], defaultdict(list)
    for endpoint, methods, path in routes:
        if "GET" not in methods:
            continue
        answer = client.get(f"{path}?lang=en", buffered=True)
        allowed = may(who, endpoint)
        status, leads_to = (
            (usual(who, endpoint), "") if allowed else refusal(who, endpoint, "GET", path)
        )
        location = answer.headers.get("Location", "")
        if answer.status_code != status or not location.startswith(leads_to):
            wrong.append((endpoint, path, answer.status_code, location, "not", status, leads_to))
        if MARK.encode() in answer.get_data().lower():
            held[allowed].append(endpoint)
    assert wrong == []
    assert held[False] == []
    told = set(held[True])
    if who in {NOBODY, COUNCIL, ELSEWHERE}:
        assert told == set()
    elif who == ASSISTANT:
        assert told == {"my_reports.show", "my_reports.show_one"}
    else:
        assert told >= {"waiting.show", "batches.export"}
        # Jobs are named to who may do what they do, on pages that others see without them.
        jobs = {"jobs.show", "layers.show"} if who == ADMINISTRATOR else set()
        rights = {ROUTES[endpoint] for endpoint in told - jobs}
        assert rights & {Right.VIEW, Right.OVERVIEW, Right.SIGNED_IN, Right.ANYONE} == set(), told
    assert not watch.has_changed()
    assert client.get("/account").status_code == (200 if who in ROLES else 303)


@pytest.mark.parametrize("who", WHO, ids=lambda who: who or "nobody")
def test_other_methods_than_those_of_a_route_are_refused(people, filled, routes, who):
    by_path = defaultdict(set)
    for _endpoint, methods, path in routes:
        by_path[path] |= methods
    client, watch, wrong = people[who], Watch(filled), []
    token = csrf_token(client)
    for path, methods in by_path.items():
        for method in METHODS if who == ADMINISTRATOR else FEWER:
            if method in methods:
                continue
            answer = client.open(path, method=method, headers={"X-CSRFToken": token}, buffered=True)
            allow = set(answer.headers.get("Allow", "").split(", "))
            if answer.status_code != 405 or allow != methods & {"GET", "HEAD", "POST"}:
                wrong.append((method, path, answer.status_code, allow))
            if MARK.encode() in answer.get_data().lower():
                wrong.append((method, path, "tells"))
    assert wrong == []
    assert not watch.has_changed()


@pytest.mark.parametrize("who", WHO, ids=lambda who: who or "nobody")
def test_a_form_without_its_token_changes_nothing(people, filled, routes, who):
    client, watch, wrong = people[who], Watch(filled), []
    foreign = csrf_token(client.application.test_client())
    tokens = {"none": {}, "of another session": {"csrf_token": foreign}}
    if who == ADMINISTRATOR:
        tokens |= {"empty": {"csrf_token": ""}, "made up": {"csrf_token": "IjEyMyI.aaaa.bbbb"}}
    for endpoint, methods, path in routes:
        if "POST" not in methods:
            continue
        for kind, fields in tokens.items():
            answer = client.post(f"{path}?lang=en", data=fields)
            status = 400 if may(who, endpoint) else refusal(who, endpoint, "POST", path)[0]
            if answer.status_code != status or MARK.encode() in answer.get_data().lower():
                wrong.append((endpoint, kind, answer.status_code, status))
            if watch.has_changed():
                wrong.append((endpoint, kind, "changed something"))
    assert wrong == []


@pytest.mark.parametrize("who", WHO, ids=lambda who: who or "nobody")
def test_forms_of_others_rights_change_nothing(people, filled, routes, who):
    client, watch, wrong, n = people[who], Watch(filled), [], 0
    token = csrf_token(client)
    for endpoint, methods, path in routes:
        if "POST" not in methods or may(who, endpoint):
            continue
        n += 1
        answer = client.post(f"{path}?lang=en", data={"csrf_token": token})
        status, _leads_to = refusal(who, endpoint, "POST", path)
        if answer.status_code != status or MARK.encode() in answer.get_data().lower():
            wrong.append((endpoint, answer.status_code, status))
        if watch.has_changed():
            wrong.append((endpoint, "changed something"))
    assert wrong == []
    assert n > 0 or who == ADMINISTRATOR


@pytest.mark.parametrize("who", EVERYBODY, ids=lambda who: who or "nobody")
def test_forms_of_ones_own_rights_are_taken(copies, who):
    filled = copies()
    app = create_app(filled.workspace, testing=True)
    client, wrong = client_as(app, who), []
    token = csrf_token(client)
    jobs = app.extensions["hotspots_jobs"]
    asked = [
        (endpoint, path)
        for endpoint, methods, path in addresses(app, filled)
        if "POST" in methods and may(who, endpoint)
    ]
    asked.sort(key=lambda one: one[0] == ACCOUNT_ENDS)
    for endpoint, path in asked:
        answer = client.post(f"{path}?lang=en", data={"csrf_token": token})
        # Here 403 says that a password is wrong, not that the role is.
        is_password = endpoint in {"auth.sign_in", "account.change_password"}
        kept_out = {401} if is_password else {401, 403}
        if answer.status_code in kept_out or answer.status_code >= 500:
            wrong.append((endpoint, answer.status_code))
        if "Not for this role" in answer.text or "Sign in first" in answer.text:
            wrong.append((endpoint, "kept out"))
        jobs.wait(wait_s=30)
    assert wrong == []
    assert {job.state for job in jobs.list_jobs()} == {DONE}
    assert client.get("/account").status_code == 303  # the last form signed out
