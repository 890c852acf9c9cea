"""The page of retention: rules, what would go as a table, and letting it go as a job."""

import re
from datetime import date

import numpy as np
import pytest

from hotspots import schema
from hotspots.accounts import Accounts, audit
from hotspots.ingest.importer import import_incidents
from hotspots.store import Store
from hotspots.store.consistency import find_faults
from tests.importing import FakeReader, make_chunk
from tests.storing import make_incidents

from .conftest import HOSTILE
from .signing import client_as, make_app, send

WAIT_S = 30.0
TODAY = date(2024, 11, 23)
PATHS = ("/admin/retention", "/admin/retention/run")
RULE = {"source": "accidents", "months": "12", "action": "delete"}


@pytest.fixture
def town(new_town, tmp_path, monkeypatch):
    monkeypatch.setattr("hotspots.store.retention_rules.today_in_prague", lambda: TODAY)
    made = new_town(tmp_path / "town")
    frame = make_incidents(["1", "2", "3"], note=["secret one", "", "stays"])
    days = ["2023-03-05", "2023-04-07", "2024-03-05"]
    for name in (schema.OCCURRED_FROM, schema.OCCURRED_TO, schema.REPORTED_AT):
        frame[name] = np.array([np.datetime64(day, "s") for day in days])
    import_incidents(made, FakeReader(tmp_path / "a.csv", [make_chunk(frame)]))
    return made


@pytest.fixture
def app(town):
    return make_app(town)


@pytest.fixture
def admin(app):
    return client_as(app, "administrator")


def text(answer):
    return " ".join(re.sub(r"<[^>]+>", " ", answer.text).split())


def seen(admin):
    page = admin.get("/admin/retention/run?lang=en")
    return re.search(r'name="seen" value="(\w+)"', page.text)[1]


def refs(town):
    with Store.open(town) as store:
        return store.read_incidents()[schema.SOURCE_REF].tolist()


def lines(town, action):
    with Accounts.open(town) as accounts:
        found = accounts.audit_entries(actions=(action,), limit=20)
    return [dict(one.details) for one in reversed(found)]


@pytest.mark.parametrize("role", ["", "commander", "mentor", "assistant", "council"])
def test_nobody_else_sees_or_changes_any_of_it(town, app, role):
    client = client_as(app, role)
    for path in PATHS:
        assert client.get(path).status_code == (403 if role else 303)
    for path in (*PATHS, "/admin/retention/remove"):
        assert send(client, path, RULE | {"sure": "yes"}).status_code == (403 if role else 401)
    with Store.open(town) as store:
        assert store.retention_rules() == []


def test_a_rule_is_set_looked_at_run_and_removed(town, app, admin):
    assert "Kept without a limit: Accidents" in text(admin.get("/admin/retention?lang=en"))
    assert send(admin, "/admin/retention?lang=en", RULE).status_code == 303
    shown = text(admin.get("/admin/retention?lang=en&done=set"))
    assert "Nothing has gone yet" in shown
    assert "Accidents 12 1 Nov 2023 deleted administrator" in shown
    asked = admin.get("/admin/retention/run?lang=en")
    said = text(asked)
    for part in (
        "Accidents: 2 incidents older than 1 Nov 2023 would be deleted.",
        "incidents notes together 2 1",
        "month incidents notes March 2023 1 1 April 2023 1 0",
        "It cannot be undone. Make a backup first",
    ):
        assert part in said
    assert "secret one" not in asked.text
    assert refs(town) == ["1", "2", "3"]
    started = send(admin, "/admin/retention/run?lang=en", {"seen": seen(admin), "sure": "yes"})
    assert started.status_code == 303
    app.extensions["hotspots_jobs"].wait(wait_s=WAIT_S)
    done = text(admin.get(started.headers["Location"] + "?lang=en"))
    assert "The rules of retention were applied to 2 incidents." in done
    assert "Accidents: 2 incidents older than 1 Nov 2023 were deleted." in done
    assert "It is overwritten in the database's files too." in done.replace("&#39;", "'")
    assert (refs(town), find_faults(town)) == (["3"], [])
    assert "Nothing is older than the rules keep." in text(
        admin.get("/admin/retention/run?lang=en")
    )
    first, last = lines(town, audit.DELETION)
    assert (first["state"], last["state"], last["incidents"]) == ("started", "done", 2)
    batch = text(admin.get("/batches/1?lang=en")).replace("&#39;", "'")
    assert "2 rows of this import were deleted since, by the source's rule of retention." in batch
    assert send(admin, "/admin/retention/remove", {"source": "accidents"}).status_code == 303
    assert lines(town, audit.SETTINGS) == [
        {"what": "retention_set", "old": {}, "value": {"months": 12, "what": "delete"}},
        {"what": "retention_removed", "old": {"months": 12, "what": "delete"}},
    ]


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"months": "0"}, "months must be a whole number from 1 to 600, got 0"),
        ({"months": "9999"}, "from 1 to 600, got 9999"),
        ({"months": "soon"}, "for how many months incidents are kept, 1 to 600"),
        ({"months": ""}, "for how many months incidents are kept"),
        ({"action": "hide"}, "is unknown; choose from: delete, coarsen"),
        ({"source": "nobody"}, "there is no source"),
        ({"source": HOSTILE, "months": HOSTILE}, "for how many months"),
    ],
)
def test_a_wrong_rule_is_refused_on_its_page(town, admin, changed, said):
    answer = send(admin, "/admin/retention?lang=en", RULE | changed)
    assert answer.status_code == 400
    assert said in text(answer)
    assert HOSTILE not in answer.text
    with Store.open(town) as store:
        assert store.retention_rules() == []
    assert lines(town, audit.SETTINGS) == []


def test_a_rule_that_is_not_there_cannot_be_removed(admin):
    answer = send(admin, "/admin/retention/remove?lang=en", {"source": "accidents"})
    assert answer.status_code == 400
    assert "source accidents has no rule of retention" in text(answer)


def test_nothing_goes_unless_it_was_looked_at_and_ticked(town, admin):
    send(admin, "/admin/retention", RULE)
    mark = seen(admin)
    answer = send(admin, "/admin/retention/run?lang=en", {"seen": mark})
    assert (answer.status_code, "Tick that you know" in text(answer)) == (400, True)
    send(admin, "/admin/retention", RULE | {"months": "1"})
    answer = send(admin, "/admin/retention/run?lang=en", {"seen": mark, "sure": "yes"})
    assert (answer.status_code, "have changed meanwhile" in text(answer)) == (400, True)
    assert refs(town) == ["1", "2", "3"]
    assert lines(town, audit.DELETION) == []


def test_without_an_import_there_is_nothing_to_set(new_town, tmp_path):
    admin = client_as(make_app(new_town(tmp_path / "empty")), "administrator")
    assert "Nothing has been imported yet" in text(admin.get("/admin/retention?lang=en"))
    assert "Nothing is older" in text(admin.get("/admin/retention/run?lang=en"))
