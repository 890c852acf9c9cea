"""The form of a source's periods of record: rights, preview, wrong input, audit."""

import re

import pytest

from hotspots.accounts import Accounts
from hotspots.store import Store

from .signing import ROLES, client_as, make_app, send


@pytest.fixture
def town(own_copy):
    app = make_app(own_copy)
    with Store.open(own_copy) as store:
        source = store.sources()[0]
    return own_copy, app, source.source_id


def state(workspace, name):
    with Store.open(workspace) as store:
        return store.version(), store.source(name)


def seen(client, path):
    page = client.get(f"{path}?lang=en")
    assert page.status_code == 200
    assert "<script" not in page.text.split("<main")[1].split("</main")[0]
    return re.search(r'name="seen" value="(\w+)"', page.text)[1]


def lines(workspace):
    with Accounts.open(workspace) as accounts:
        return [e for e in accounts.audit_entries() if e.details.get("what", "").startswith("rec")]


def test_periods_are_looked_at_then_set(town):
    workspace, app, name = town
    admin, path = client_as(app, "administrator"), f"/data/sources/{name}/record"
    version, before = state(workspace, name)
    fields = {"seen": seen(admin, path), "from": ["2024-01-01", ""], "to": ["2024-01-02", ""]}
    looked = send(admin, path + "?lang=en", fields)
    assert looked.status_code == 200
    assert "What would change" in looked.text
    assert "outside them" in looked.text
    assert state(workspace, name) == (version, before)
    done = send(admin, path + "?lang=en", fields | {"do": "set"})
    assert done.status_code == 303
    after_version, after = state(workspace, name)
    assert after_version != version
    assert [str(span) for span in after.record] == ["2024-01-01..2024-01-02"]
    (entry,) = lines(workspace)
    assert (entry.subject, entry.details["what"]) == (name, "record_set")
    assert entry.details["old"] == [str(span) for span in before.record]
    stale = send(admin, path + "?lang=en", fields | {"do": "set"})
    assert stale.status_code == 400
    assert "changed meanwhile" in stale.text


def test_inferred_periods_are_confirmed(town):
    workspace, app, name = town
    with Store.open(workspace) as store:
        store.set_record(name, store.source(name).record, confirmed=False)
    admin, path = client_as(app, "administrator"), f"/data/sources/{name}/record"
    assert path in admin.get("/data").text
    address = f"/data/sources/{name}/confirm"
    assert send(admin, address, {"seen": seen(admin, path)}).status_code == 303
    assert state(workspace, name)[1].record_state == "confirmed"
    assert lines(workspace)[0].details["what"] == "record_confirmed"


@pytest.mark.parametrize(
    ("first", "last", "said"),
    [
        ("2024-02-01", "2024-01-01", "must not end before it starts"),
        ("2024-02-01", "", "first and the last day"),
        ("nikdy", "2024-01-01", "is no day"),
        ("2024-01-01", "2199-01-01", "must not end in the future"),
        ("", "", "at least one period"),
    ],
)
def test_wrong_periods_change_nothing(town, first, last, said):
    workspace, app, name = town
    admin, path = client_as(app, "administrator"), f"/data/sources/{name}/record"
    before = state(workspace, name)
    fields = {"seen": seen(admin, path), "from": first, "to": last, "do": "set"}
    answer = send(admin, path + "?lang=en", fields)
    assert answer.status_code == 400
    assert said in answer.text
    assert state(workspace, name) == before
    assert not lines(workspace)


def test_only_who_imports_may(town):
    _workspace, app, name = town
    for role in ROLES:
        client = client_as(app, role)
        allowed = role == "administrator"
        assert client.get(f"/data/sources/{name}/record").status_code == (200 if allowed else 403)
        if not allowed:
            assert send(client, f"/data/sources/{name}/confirm").status_code == 403
            assert f"/data/sources/{name}/record" not in client.get("/data").text
    admin = client_as(app, "administrator")
    assert admin.get("/data/sources/nothing/record").status_code == 404
    assert admin.post(f"/data/sources/{name}/record", data={"do": "set"}).status_code == 400
