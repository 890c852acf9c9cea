"""The page of pairs: decided at this machine only, nothing runs that a file says."""

import re

import pytest

from hotspots.store import Store
from hotspots.workspace_init import init_workspace
from tests.linking import import_both
from tests.web.conftest import HOSTILE
from web import create_app


@pytest.fixture(scope="module")
def linked(tmp_path_factory):
    workspace = init_workspace(tmp_path_factory.mktemp("links") / "linked")
    import_both(workspace, label=HOSTILE, place=HOSTILE.replace('"', "").replace(";", ""))
    return workspace


@pytest.fixture(scope="module")
def client(linked):
    return create_app(linked, testing=True, open_access=True).test_client()


def token(page):
    return re.search(r'name="csrf_token" value="([^"]+)"', page).group(1)


def send(client, path, **form):
    page = client.get("/links?lang=en").text
    form = {"csrf_token": token(page), "lang": "en"} | form
    return client.post(path, data=form)


def test_pairs_are_decided_and_undone_by_plain_forms(client, linked):
    page = client.get("/links?lang=en").text
    assert "4 pairs of incidents may be one event seen by two sources." in page
    assert "secret" not in page
    assert '<span class="words" dir="auto">public_order</span>' in page
    assert "<script>alert" not in page
    answer = send(
        client, "/links/decide", one="apk:a2", two="police:p2", decision="confirmed", page="1"
    )
    assert answer.status_code == 303
    after = client.get(answer.headers["Location"]).text
    assert "3 pairs of incidents" in after
    assert 'id="done"' in after
    with Store.open(linked) as store:
        (link,) = store.read_links().to_dict("records")
        assert link["link_score"] > 90
        number = store.decisions(limit=1)[0].decision_key
    shown = client.get("/links?lang=en&state=confirmed").text
    assert "apk:a2" in shown
    assert client.get("/links?lang=en&view=duplicates").text.count("<article") == 1
    answer = send(client, "/links/undo", decision=str(number))
    assert answer.status_code == 303
    assert "4 pairs of incidents" in client.get(answer.headers["Location"]).text
    again = send(client, "/links/undo?lang=en", decision=str(number))
    assert again.status_code == 409
    assert "undone already" in again.text


def test_three_records_of_one_event_and_a_contradiction_are_told(client, linked):
    def confirm(one, two, decision="confirmed"):
        answer = send(client, "/links/decide", one=one, two=two, decision=decision)
        return client.get(answer.headers["Location"]).text

    first = confirm("apk:a1", "police:p1")
    assert "count once.</p>" not in first
    assert "Confirmed, 3 records become one event." in first
    joined = confirm("apk:a1", "apk:a9")
    assert "3 records are one event and count once." in joined
    assert "2 pairs of incidents" in joined
    against = confirm("apk:a9", "police:p1", "dismissed")
    assert "1 pair is said to be different events" in against
    shown = client.get("/links?lang=en&state=dismissed").text
    assert "Other links join the two to one event all the same" in shown
    with Store.open(linked) as store:
        keys = [decision.decision_key for decision in store.decisions(limit=3)]
    for key in keys:
        send(client, "/links/undo", decision=str(key))
    page = client.get("/links?lang=en").text
    assert 'id="contradictions"' not in page
    assert "4 pairs of incidents" in page


@pytest.mark.parametrize(
    ("path", "form", "status"),
    [
        ("/links/decide", {"one": "apk:a2", "two": "police:none", "decision": "confirmed"}, 409),
        ("/links/decide", {"one": HOSTILE, "two": "", "decision": "confirmed"}, 409),
        ("/links/decide", {"one": "apk:a2", "two": "apk:a2", "decision": "confirmed"}, 409),
        ("/links/decide", {"one": "apk:a2", "two": "police:p2", "decision": "maybe"}, 400),
        ("/links/undo", {"decision": "99999"}, 409),
        ("/links/undo", {"decision": "١"}, 400),
    ],
)
def test_forms_with_wrong_values_change_nothing(client, linked, path, form, status):
    answer = send(client, path, **form)
    assert answer.status_code == status
    assert "<script>alert" not in answer.text
    with Store.open(linked) as store:
        assert store.read_links().empty


@pytest.mark.parametrize(
    "query", ["view=x", "state=<script>", "page=0x1", "at=-1", "page=99999999999999"]
)
def test_addresses_with_wrong_values_are_refused(client, query):
    answer = client.get(f"/links?lang=en&{query}")
    assert answer.status_code == 400
    assert "<script>" not in answer.text.replace("<script src", "")


def test_a_page_too_far_is_the_last(client):
    assert client.get("/links?page=999").status_code == 200


def test_nobody_elsewhere_and_no_other_site_decides(client, linked):
    form = {"one": "apk:a2", "two": "police:p2", "decision": "confirmed"}
    assert client.post("/links/decide", data=form).status_code == 400  # no token
    away = {"REMOTE_ADDR": "10.0.0.9"}
    assert client.get("/links?lang=en", environ_base=away).status_code == 303
    sent = form | {"csrf_token": token(client.get("/links").text)}
    assert client.post("/links/decide", data=sent, environ_base=away).status_code == 401
    other = client.post("/links/decide", data=sent, headers={"Origin": "http://evil.example"})
    assert other.status_code == 403
    with Store.open(linked) as store:
        assert store.read_links().empty
