"""The audit record on the pages: every act leaves its line, and the page that shows them."""

import io
import json
import re
import shutil
import sqlite3
from contextlib import closing
from datetime import UTC, datetime

import pytest

from hotspots.accounts import Accounts
from hotspots.analysis.waiting import list_waiting
from hotspots.errors import StoreError
from hotspots.settings import Workspace
from hotspots.store import Store
from tests.audited import Watch, read_promises
from tests.linking import import_both
from tests.test_audit import QUARTER
from tests.waiting_cases import put_usual
from web import layer_work
from web.source_record_page import mark

from .conftest import HOSTILE
from .signing import client_as, make_accounts, make_app
from .test_import_wizard import WAIT_S, Visitor, text_of

PROMISED = read_promises("Acts on the pages")
ID = "3f2b8c1e-5a7d-4e0f-9b6a-1c2d3e4f5a6b"
PIN = {"choice": "pin", "lon": "17.2046", "lat": "50.2294"}
FILE = "id;datum a čas;x;y;druh;poznámka\n1;1.3.2024 21:30;-543450;-1050790;hluk;paní Nováková\n"
SPOILT = "Číslo;Datum a čas;Ulice;Druh\n1;5.3.2024 21:30;Lipovská;hluk\n3;nikdy;Lipovská;hluk\n"


class Site(Visitor):
    """An administrator's browser, far from the server, with incidents to work on."""

    def __init__(self, workspace):
        self.workspace = workspace
        self.app = make_app(workspace)
        self.client = client_as(self.app, "administrator")
        self.jobs = self.app.extensions["hotspots_jobs"]
        self.watch = Watch(workspace)

    def send(self, path, status=303, **fields):
        answer = self.post(path, fields)
        assert answer.status_code == status, text_of(answer)
        self.jobs.wait(wait_s=WAIT_S)
        return answer

    def fetch(self, path, **query):
        answer = self.client.get(path, query_string={"lang": "en", **query})
        assert answer.status_code == 200, text_of(answer)
        return answer

    def text(self):
        with Store.open(self.workspace) as store:
            return list_waiting(store).items[0]

    def decision(self):
        with Store.open(self.workspace) as store:
            return store.decisions(limit=1)[0].decision_key

    def periods(self, act, **fields):
        with Store.open(self.workspace) as store:
            seen = mark(store.source("apk"))
        self.send(f"/data/sources/apk/{act}", seen=seen, **fields)

    def batch(self):
        with Store.open(self.workspace) as store:
            return store.batches()[-1].batch_id

    def bring(self, content=FILE, name="events.csv"):
        """Import a file by the wizard; return the number of its import."""
        address = self.stage(name, content)
        self.watch.mark()
        self.do(address, "import", source="", new_source="events", label="Events", kind="other")
        return self.batch()


def discarded(site):
    address = site.stage("events.csv", FILE)
    site.watch.mark()
    site.send(address, do="discard")


def undone(site):
    number = site.bring(FILE.replace("\n1;", "\n2;"))
    site.watch.mark()
    site.send(f"/batches/{number}/undo")


def rejected(site):
    number = site.bring(SPOILT)
    site.watch.mark()
    assert "nikdy" in text_of(site.fetch(f"/batches/{number}/rejected.csv"))


def note(site):
    item = site.text()
    site.fetch("/waiting/note", item=item.item_id, incident=item.incidents[0].name)


def place(site):
    site.send("/waiting/decide", item=site.text().item_id, remember="1", **PIN)


def place_undone(site):
    place(site)
    site.watch.mark()
    site.send("/waiting/undo", done=str(site.decision()))


def decide(site, state, one="apk:a1", two="police:p1"):
    site.send("/links/decide", one=one, two=two, decision=state)


def link_undone(site):
    decide(site, "confirmed", "apk:a3", "police:p3")
    site.watch.mark()
    site.send("/links/undo", decision=str(site.decision()))


def report(site):
    """Send a report as a phone does."""
    token = site.fetch("/report/token").get_json()["token"]
    written = datetime.now(UTC).replace(microsecond=0).isoformat()
    fields = {"report_id": ID, "things": ["night_noise"], "place": "Lipovská 12"}
    answer = site.client.post(
        "/report/send",
        data=json.dumps({"reported_at": written, "note": "paní Nováková", **fields}),
        content_type="application/json",
        headers={"X-CSRFToken": token},
    )
    assert answer.get_json() == {"state": "saved"}


def report_undone(site):
    token = site.fetch("/report/token").get_json()["token"]
    headers = {"X-CSRFToken": token}
    answer = site.client.post("/report/undo", json={"report_id": ID}, headers=headers)
    assert answer.get_json() == {"state": "withdrawn"}


def layers(site):
    sent = {"as_kind": "quarter", "files": (io.BytesIO(json.dumps(QUARTER).encode()), "q.geojson")}
    site.send("/layers/import", **sent)


def fetched(site):
    def refuse(*_args, **_options):
        raise StoreError("no network in tests")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(layer_work, "fetch_layers", refuse)
        site.send("/layers/fetch", municipality=site.workspace.settings.municipality)


def let_go(site):
    asked = text_of(site.fetch("/admin/retention/run"))
    site.watch.mark()
    seen = re.search(r'name="seen" value="(\w+)"', asked)
    site.send("/admin/retention/run", seen=seen[1], sure="yes")


ACTS = {
    "a file is received for import": lambda s: s.stage("events.csv", FILE),
    "a file is discarded": discarded,
    "a file is imported": lambda s: s.bring(),
    "an import is undone": undone,
    "counts are downloaded": lambda s: s.fetch("/export.csv", by="district", offence="theft"),
    "the incidents of an import are downloaded": lambda s: s.fetch("/batches/1/export.xlsx"),
    "the rows that could not be used are downloaded": rejected,
    "the list of waiting places is shown": lambda s: s.fetch("/waiting"),
    "the note of a waiting incident is shown": note,
    "a place is decided": place,
    "a place is given up": lambda s: s.send(
        "/waiting/decide", item=s.text().item_id, action="give_up", remember="1"
    ),
    "a decision about a place is taken back": place_undone,
    "waiting places are looked up again": lambda s: s.send("/waiting/again"),
    "pairs are shown": lambda s: s.fetch("/links"),
    "a pair is confirmed": lambda s: decide(s, "confirmed"),
    "a pair is dismissed": lambda s: decide(s, "dismissed", "apk:a2", "police:p2"),
    "a decision about a pair is taken back": link_undone,
    "a report is sent": report,
    "a report is taken back": report_undone,
    "layers are imported": layers,
    "official layers are fetched in vain": fetched,
    "a version is put in force": lambda s: s.send("/layers/use", version="1"),
    "incidents are placed anew": lambda s: s.send("/layers/place"),
    "periods of record are set": lambda s: s.periods(
        "record", **{"from": "2024-01-01", "to": "2024-12-31", "do": "set"}
    ),
    "periods of record are confirmed": lambda s: s.periods("confirm"),
    "an offence row is set": lambda s: s.send(
        "/admin/offences", pattern="pokřik", group="public_order"
    ),
    "an offence row is removed": lambda s: s.send("/admin/offences/remove", pattern="pokřik"),
    "mentions of a person are shown": lambda s: s.send(
        "/admin/person", status=200, text="Nováková"
    ),
    "mentions of a person are downloaded": lambda s: s.send(
        "/admin/person/export", status=200, text="Nováková", format="json"
    ),
    "mentions of a person are erased": lambda s: s.send(
        "/admin/person/erase", status=200, text="Nováková", sure="yes"
    ),
    "a rule of retention is set": lambda s: s.send(
        "/admin/retention", source="apk", months="1", action="coarsen"
    ),
    "old incidents are let go": let_go,
    "a rule of retention is removed": lambda s: s.send("/admin/retention/remove", source="apk"),
    "the audit record is downloaded": lambda s: s.fetch("/audit.csv"),
}


@pytest.fixture(scope="module")
def site(empty, tmp_path_factory):
    folder = tmp_path_factory.mktemp("audited") / "town"
    shutil.copytree(empty.path, folder)
    workspace = Workspace.open(folder)
    import_both(workspace)
    with Store.open(workspace) as store:
        put_usual(store)
    return Site(workspace)


def test_every_promised_act_is_tried():
    assert set(ACTS) == set(PROMISED)


@pytest.mark.parametrize("act", ACTS)
def test_an_act_leaves_the_promised_lines(site, act):
    site.watch.mark()
    ACTS[act](site)
    site.watch.check(PROMISED[act], user_name="administrator", role="administrator")


def test_lines_once_written_stay_whatever_is_asked_for(site):
    before = site.watch.lines()
    for rule in site.app.url_map.iter_rules():
        if rule.endpoint.startswith("audit."):
            assert rule.methods <= {"GET", "HEAD", "OPTIONS"}
    for path in ("/audit", "/audit.csv"):
        for method in ("POST", "PUT", "PATCH", "DELETE"):
            sent = site.client.open(path, method=method, data={"csrf_token": site.token()})
            assert sent.status_code == 405
    for rule in site.app.url_map.iter_rules():
        skipped = {"auth.sign_out", "layer_changes.fetch", "backups.make"}
        if "POST" in rule.methods and not rule.arguments and rule.endpoint not in skipped:
            site.client.post(rule.rule, data={"csrf_token": site.token(), "do": "x"})
            site.jobs.wait(wait_s=WAIT_S)
    after = site.watch.lines()
    assert after[: len(before)] == before
    with Accounts.open(site.workspace) as accounts:
        assert accounts.find_audit_break() is None


def test_no_line_holds_what_a_person_wrote(site):
    text = " ".join(f"{line.subject} {line.details}" for line in site.watch.lines())
    for word in ("Nováková", "u lávky", "Lipovsk", "192.168", "kolovrat"):
        assert word not in text


# --- the page ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def prepared(sample, tmp_path_factory):
    """A workspace with sample incidents and accounts, to be copied."""
    folder = tmp_path_factory.mktemp("kept") / "town"
    shutil.copytree(sample.path, folder)
    return make_accounts(Workspace.open(folder))


@pytest.fixture
def kept(prepared, tmp_path):
    """The pages of a workspace whose record the test writes; the client is an administrator."""
    shutil.copytree(prepared.path, tmp_path / "copy")
    return Site(Workspace.open(tmp_path / "copy"))


def add(site, n=1, action="export", name="eva", subject="a.csv", **details):
    with Accounts.open(site.workspace) as accounts:
        for _k in range(n):
            accounts.record(action, user_name=name, role="mentor", subject=subject, details=details)


def rows_of(page):
    return re.findall(r'<td class="number"[^>]*>([^<]+)<', page)


def test_lines_are_shown_in_words_and_by_pages(kept):
    add(kept, 120)
    add(kept, action="import", name="jan", subject=HOSTILE, batch=4, rows_read=1200, state="done")
    page = text_of(kept.fetch("/audit"))
    assert len(rows_of(page)) == 100
    assert "<script>alert" not in page
    assert "import number: 4" in page
    assert "rows read: 1,200" in page
    assert "state: done" in page
    older = re.search(r'href="(/audit\?[^"]*before=[^"]*)"[^>]*>Older lines', page)[1]
    second = text_of(kept.client.get(older.replace("&amp;", "&")))
    assert not set(rows_of(page)) & set(rows_of(second))
    assert rows_of(second)[-1] == "1"
    assert "Older lines" not in second
    assert len(rows_of(text_of(kept.fetch("/audit", person="jan")))) == 1
    assert len(rows_of(text_of(kept.fetch("/audit", action="import", person="eva")))) == 0
    assert "No such line." in text_of(kept.fetch("/audit", to="2020-01-01"))


@pytest.mark.parametrize(
    "query",
    [
        {"from": "x"},
        {"from": "2024-02-30"},
        {"from": "2024-03-02", "to": "2024-03-01"},
        {"action": HOSTILE},
        {"before": "-1"},
        {"before": "9" * 30},
        {"to": "9999-12-31"},
    ],
)
def test_wrong_filters_are_refused(kept, query):
    answer = kept.client.get("/audit", query_string={"lang": "en", **query})
    assert answer.status_code == 400
    assert "<script>alert" not in text_of(answer)


def test_the_table_runs_nothing_and_names_its_filter(kept):
    add(kept, subject='=HYPERLINK("http://x")', name="@eva", filter="by=street&from=2024")
    add(kept, name="jan")
    answer = kept.fetch("/audit.csv", person="@eva")
    lines = answer.get_data().decode("utf-8-sig").splitlines()
    assert len(lines) == 2
    assert "'@eva" in lines[1]
    assert "'=HYPERLINK" in lines[1]
    assert "by=street · from=2024" in lines[1]
    assert answer.headers["Cache-Control"] == "no-store"
    line = kept.watch.lines()[-1]
    assert (line.details["filter"], line.details["rows"]) == ("person=@eva", 1)


def test_a_broken_record_is_said_in_red(kept):
    add(kept, 5)
    page = text_of(kept.fetch("/audit"))
    assert re.search(r"Unbroken to line \d+, checked", page)
    assert re.search(r"<code>\d+:[0-9a-f]{64}</code>", page)
    with closing(sqlite3.connect(kept.workspace.accounts, isolation_level=None)) as opened:
        opened.execute("DROP TRIGGER audit_no_change")
        opened.execute("UPDATE audit SET subject = 'b.csv' WHERE audit_key = 3")
    assert "Unbroken" in text_of(kept.fetch("/audit"))  # checked a moment ago
    page = text_of(kept.fetch("/audit", check="1"))
    assert "Broken at line 3" in page
    assert 'class="notice bad' in page


def test_only_administrators_read_it(kept):
    for role in ("", "commander", "mentor", "assistant", "council"):
        client = client_as(kept.app, role)
        for path in ("/audit", "/audit.csv"):
            answer = client.get(path)
            assert answer.status_code == (403 if role else 303), role


# --- when a line cannot be written ---------------------------------------------------------------


@pytest.fixture
def unwritable(kept, monkeypatch):
    """A site whose audit record takes no more lines."""
    kept.number = kept.bring(SPOILT)
    kept.staged = kept.stage("more.csv", FILE)

    def refuse(*_args, **_options):
        raise StoreError("the disk is full")

    monkeypatch.setattr(Accounts, "record", refuse)
    return kept


def test_nothing_is_shown_or_given_out_without_a_line(unwritable):
    for path in (
        "/export.csv?lang=en",
        "/waiting?lang=en",
        "/links?lang=en",
        f"/batches/{unwritable.number}/rejected.csv?lang=en",
        f"/batches/{unwritable.number}/export.csv?lang=en",
        "/audit.csv?lang=en",
    ):
        answer = unwritable.client.get(path)
        assert answer.status_code == 503, path
        said = text_of(answer)
        assert (
            "The audit record cannot be written, so nothing is shown, given out or begun." in said
        )
        assert "nikdy" not in said
        assert answer.headers["Cache-Control"] == "no-store"
    item = unwritable.text()
    query = {"item": item.item_id, "incident": item.incidents[0].name, "lang": "en"}
    headers = {"Accept": "application/json"}
    answer = unwritable.client.get("/waiting/note", query_string=query, headers=headers)
    assert answer.status_code == 503


def test_no_job_begins_without_a_line_and_a_change_without_one_is_told(unwritable):
    number = unwritable.batch()
    answer = unwritable.send(f"/batches/{number}/undo", status=503)
    assert "so nothing is shown, given out or begun" in text_of(answer)
    with Store.open(unwritable.workspace) as store:
        assert store.batch(number).holds
    answer = unwritable.send("/admin/offences", status=503, pattern="pokřik", group="theft")
    assert "It is done, but the audit record could not be written." in text_of(answer)


def test_an_import_that_ends_without_its_line_says_so(kept, monkeypatch):
    address = kept.stage("events.csv", FILE)
    write, said = Accounts.record, []

    def refuse_the_end(self, action, **given):
        if given["details"].get("state") == "done":
            said.append(action)
            raise StoreError("the disk is full")
        write(self, action, **given)

    monkeypatch.setattr(Accounts, "record", refuse_the_end)
    fields = {"source": "", "new_source": "events", "label": "Events", "kind": "other"}
    _target, page = kept.do(address, "import", **fields)
    assert said == ["import"]
    assert "It is done, but the audit record could not be written." in page
    with Store.open(kept.workspace) as store:
        assert store.batches()[-1].file_name == "events.csv"


def test_an_import_that_fails_or_is_stopped_says_so_in_the_record(kept, monkeypatch):
    def fail(*_args, **_options):
        raise StoreError("paní Nováková")

    address = kept.stage("events.csv", FILE)
    kept.watch.mark()
    monkeypatch.setattr("web.import_work.import_file", fail)
    fields = {"source": "", "new_source": "events", "label": "Events", "kind": "other"}
    kept.do(address, "import", **fields)
    started, ended = kept.watch.new()
    assert started.details["state"] == "started"
    assert (ended.details["state"], ended.details["reason"]) == ("failed", "StoreError")
    assert "Nováková" not in str(ended)
