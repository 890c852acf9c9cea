"""What each role finds on the pages: its own work, and no control that it may not use."""

import re
import shutil

import pytest

from hotspots.settings import Workspace
from hotspots.store import Store

from .signing import client_as, make_app, send
from .test_import_wizard import Visitor

WAIT_S = 60.0


def text_of(response):
    return response.get_data(as_text=True)


@pytest.fixture
def app(empty, tmp_path):
    """The pages of a workspace that a test may change."""
    shutil.copytree(empty.path, tmp_path / "town")
    return make_app(Workspace.open(tmp_path / "town"))


@pytest.fixture
def jobs(app):
    return app.extensions["hotspots_jobs"]


def visitor_as(app, role):
    """Return a browser of the import wizard in which somebody is signed in, from afar."""
    visitor = Visitor.__new__(Visitor)
    visitor.workspace, visitor.app = app.extensions["hotspots"].workspace, app
    visitor.client, visitor.jobs = client_as(app, role), app.extensions["hotspots_jobs"]
    return visitor


def test_an_administrator_imports_from_afar_under_the_own_name(app):
    visitor = visitor_as(app, "administrator")
    address = visitor.stage()
    visitor.do(address, "import", new_source="reports", label="Reports")
    (job,) = visitor.jobs.list_jobs()
    assert (job.error, job.user_name) == ("", "administrator")
    with Store.open(visitor.workspace) as store:
        assert [batch.user_name for batch in store.batches()] == ["administrator"]


def test_a_file_that_waits_is_shown_to_who_may_import_only(app):
    address = visitor_as(app, "administrator").stage()
    for role in ("commander", "mentor", "assistant", "council"):
        client = client_as(app, role)
        assert client.get(address).status_code == 403
        assert send(client, address, {"do": "discard"}).status_code == 403
    assert client_as(app, "").get(address).status_code == 303
    assert client_as(app, "administrator").get(address).status_code == 200


def test_a_job_is_seen_by_who_started_it_and_who_may_do_its_like(app, jobs):
    started = send(client_as(app, "mentor"), "/waiting/again?lang=en")
    job = started.headers["Location"].partition("?")[0]
    jobs.wait(wait_s=WAIT_S)
    number = job.rpartition("/")[2]
    for role, status in [("mentor", 200), ("administrator", 200), ("commander", 404)]:
        client = client_as(app, role)
        assert client.get(f"/jobs/{number}.json").status_code == status, role
        assert client.get(f"/jobs/{number}").status_code == status, role
        never = client.get("/jobs/20260101-000000-00000000?lang=en")
        if status == 404:  # it is told in the same words as one that never was
            told = client.get(f"/jobs/{number}?lang=en")
            plain = [
                re.sub(r'value="[^"]*"|20\d{6}-[0-9a-f-]+', "", text_of(one))
                for one in (told, never)
            ]
            assert plain[0] == plain[1]
            assert send(client, f"/jobs/{number}/cancel").status_code == 404
    for role in ("assistant", "council"):
        assert client_as(app, role).get(f"/jobs/{number}.json").status_code == 403


FORMS = re.compile(r'<form[^>]*method="post"[^>]*action="([^"?]+)')


@pytest.mark.parametrize(
    ("role", "path", "hidden"),
    [
        ("commander", "/data", ["/import"]),
        ("mentor", "/batches", ["/import"]),
        ("commander", "/batches/1", ["/batches/1/undo"]),
        ("commander", "/layers", ["/layers/fetch", "/layers/import", "/layers/repair"]),
        ("mentor", "/layers", ["/users", "/layers/versions"]),
    ],
)
def test_controls_that_a_role_may_not_use_are_not_shown(signing, role, path, hidden):
    page = text_of(client_as(signing, role).get(f"{path}?lang=en"))
    full = text_of(client_as(signing, "administrator").get(f"{path}?lang=en"))
    assert set(FORMS.findall(page)) <= {"/sign-out"}
    leads = set(re.findall(r'(?:href|action)="([^"?#]+)', page))
    for address in hidden:
        assert not [one for one in leads if one.startswith(address)], address
    assert len(re.findall(r'(?:href|action)="([^"?#]+)', full)) > len(leads) / 2


@pytest.mark.parametrize("role", ["administrator", "commander", "mentor", "assistant", "council"])
def test_no_page_leads_where_its_role_may_not_go(signing, role):
    client = client_as(signing, role)
    todo, seen, wrong = ["/"], set(), []
    while todo and len(seen) < 20:
        path = todo.pop()
        if path in seen:
            continue
        seen.add(path)
        answer = client.get(path, follow_redirects=True)
        if answer.status_code in {401, 403} or answer.request.path == "/sign-in":
            wrong.append(path)
        if not (answer.mimetype or "").startswith("text/html"):
            continue
        found = re.findall(r'<a[^>]*href="(/[^"?#]*)', text_of(answer))
        todo += [one for one in found if not one.startswith(("/static", "/export", "/assets"))]
    assert wrong == []
    assert len(seen) >= 3


def test_texts_no_longer_speak_of_a_time_before_accounts(signing):
    client = client_as(signing, "administrator")
    for path in ("/", "/data", "/layers", "/import", "/waiting", "/links", "/report", "/batches"):
        page = text_of(client.get(f"{path}?lang=en"))
        assert "no accounts yet" not in page
        assert "http://localhost" not in page
