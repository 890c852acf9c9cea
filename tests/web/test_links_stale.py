"""Pairs decided by two people at once: the second is told what the first has decided."""

import re

import pytest

from hotspots.store import Store
from hotspots.store.decisions import StaleDecisionError
from hotspots.workspace_init import init_workspace
from tests.linking import import_both
from web import create_app

PAIR = {"one": "apk:a2", "two": "police:p2"}


@pytest.fixture
def linked(tmp_path):
    workspace = init_workspace(tmp_path / "linked")
    import_both(workspace)
    return workspace


def test_a_stale_decision_about_a_pair_is_told_and_can_be_repeated(linked):
    client = create_app(linked, testing=True, open_access=True).test_client()

    def send(**form):
        page = client.get("/links?lang=en").text
        token = re.search(r'name="csrf_token" value="([^"]+)"', page)[1]
        return client.post(
            "/links/decide?lang=en", data={"csrf_token": token, "lang": "en"} | PAIR | form
        )

    assert send(decision="confirmed", seen="0").status_code == 303
    late = send(decision="dismissed", seen="0")
    assert late.status_code == 409
    assert "decided about this meanwhile (decision 1)" in late.text
    assert "You meant: different events." in late.text
    with Store.open(linked) as store:
        assert store.read_links()["link_state"].tolist() == ["confirmed"]
        assert store.link_decisions() == {("apk:a2", "police:p2"): 1}
    assert "Decide so all the same" in late.text
    assert send(decision="dismissed", seen="1").status_code == 303
    same = send(decision="dismissed", seen="1")
    assert same.status_code == 409
    assert "Decide so all the same" not in same.text
    with Store.open(linked) as store:
        store.undo_decision(2, user="x")
        store.undo_decision(1, user="x")
        with pytest.raises(StaleDecisionError, match="taken back meanwhile"):
            store.decide_links([("apk:a2", "police:p2", None)], state="confirmed", user="x", seen=1)
        assert len(store.decisions()) == 2


def test_decisions_about_pairs_have_pages(linked):
    with Store.open(linked) as store:
        for n in range(9):
            state = "confirmed" if n % 2 else "dismissed"
            store.decide_links([("apk:a2", "police:p2", None)], state=state, user=f"user{n}")
    client = create_app(linked, testing=True, open_access=True).test_client()
    page = client.get("/links?lang=en").text
    assert "user8" in page
    assert "user0" not in page
    assert "user0" in client.get("/links?lang=en&history=2").text
    assert client.get("/links?lang=en&history=999999999").status_code == 200
