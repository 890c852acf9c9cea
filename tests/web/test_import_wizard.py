"""The wizard: a file waits, is understood, tried, imported; whatever is sent, nothing breaks."""

import html
import io
import os
import re
import time
from threading import Event

import openpyxl
import pytest
from flask import session
from flask_wtf.csrf import generate_csrf

from hotspots.ingest.placing import Placer
from hotspots.store import Store
from tests.web.conftest import HOSTILE, X, Y
from web import create_app
from web.import_staging import KEPT, WAITS_S
from web.jobs import CANCELLED

WAIT_S = 60.0
TEXTS = re.compile(r'<input type="(?:text|date)"[^>]* name="([^"]+)"[^>]*?value="([^"]*)"')
SELECTS = re.compile(r'<select[^>]*? name="([^"]+)"[^>]*>(.*?)</select>', re.S)
OFFENCES = re.compile(r'<input type="hidden" name="(offence[^"]+)" value="([^"]*)"')
CSV = (
    "Číslo;Datum a čas;Ulice;Druh;Poznámka\n"
    "1;5.3.2024 21:30;Lipovská;hluk;ticho po 22\n"
    "2;6.3.2024 22:10;Masarykovo náměstí;public_order;\n"
    "3;nikdy;Lipovská;hluk;\n"
)
COORDINATES = (
    "id;datum a čas;x;y;druh\n"
    + "\n".join(f"{n};{n}.3.2024 21:30;{X + n};{Y};public_order" for n in range(1, 13))
    + "\n"
)


def text_of(response):
    return response.get_data(as_text=True)


class Visitor:
    """A browser that sends forms as the pages hold them."""

    def __init__(self, workspace, **options):
        app = create_app(workspace, testing=True, open_access=True, **options)
        self._come(app, app.test_client())

    @classmethod
    def of(cls, app, client):
        """Return a browser of an application, with a client that may be signed in."""
        made = cls.__new__(cls)
        made._come(app, client)
        return made

    def _come(self, app, client):
        self.app, self.client = app, client
        self.workspace = app.extensions["hotspots"].workspace
        self.jobs = app.extensions["hotspots_jobs"]

    def token(self):
        with self.app.test_request_context():
            token, raw = generate_csrf(), session["csrf_token"]
        with self.client.session_transaction() as kept:
            kept["csrf_token"] = raw
        return token

    def get(self, path, **options):
        return self.client.get(path, query_string={"lang": "en"}, **options)

    def page(self, path):
        response = self.get(path)
        assert response.status_code == 200, text_of(response)
        return text_of(response)

    def post(self, path, data, **options):
        fields = {"csrf_token": self.token(), **data}
        return self.client.post(path, query_string={"lang": "en"}, data=fields, **options)

    def upload(self, name, content):
        content = content if isinstance(content, bytes) else content.encode()
        return self.post("/import", {"file": (io.BytesIO(content), name)})

    def stage(self, name="reports.csv", content=CSV):
        """Send a file and return the address of its page."""
        response = self.upload(name, content)
        assert response.status_code == 303, text_of(response)
        return response.headers["Location"].partition("?")[0]

    def fields(self, address):
        """Return the fields of the wizard's form as a browser would send them."""
        page = self.page(address)
        found = dict(TEXTS.findall(page))
        for name, body in SELECTS.findall(page):
            options = re.findall(r'<option value="([^"]*)"( selected)?>', body)
            found[name] = next((v for v, on in options if on), options[0][0])
        found |= OFFENCES.findall(page)
        return {name: html.unescape(value) for name, value in found.items()}

    def do(self, address, step, **changes):
        """Send the form with some fields changed, wait for its job, return the page it leads to."""
        response = self.post(address, {**self.fields(address), **changes, "do": step})
        assert response.status_code == 303, text_of(response)
        self.jobs.wait(wait_s=WAIT_S)
        target = response.headers["Location"].partition("?")[0]
        after = self.get(target)
        if after.status_code == 303:
            target = after.headers["Location"].partition("?")[0]
            after = self.get(target)
        return target, text_of(after)


@pytest.fixture
def workspace(new_town, tmp_path):
    return new_town(tmp_path / "workspace")


@pytest.fixture
def visitor(workspace):
    return Visitor(workspace)


def n_incidents(workspace):
    with Store.open(workspace) as store:
        return sum(source.n_incidents for source in store.sources())


def test_a_file_goes_from_upload_over_trial_to_its_batch(visitor, workspace):
    address = visitor.stage(content=COORDINATES)
    page = visitor.page(address)
    assert "This is how the file is understood" in page
    assert "the incidents are made up" not in page
    assert "5 Mar 2024 21:30" in page
    assert "Choose the source" in page
    trial, page = visitor.do(address, "try", new_source="reports")
    assert trial == address
    assert "Trial: what the import would bring" in page
    assert re.search(r"rows of the file</th><td class=\"num\">12<", page)
    assert n_incidents(workspace) == 0
    batch, page = visitor.do(address, "import")
    assert batch == "/batches/1"
    assert "This import brought 12 new incidents." in page
    assert n_incidents(workspace) == 12
    assert visitor.get(address).status_code == 404
    assert not any((workspace.path / "incoming").iterdir())
    with Store.open(workspace) as store:
        assert store.batch(1).file_name == "reports.csv"


def test_a_row_that_is_no_incident_and_an_unknown_offence_are_shown_before(visitor):
    address = visitor.stage(content=CSV.replace("public_order", "úplná novinka"))
    page = visitor.page(address)
    assert "Datum a čas &#39;nikdy&#39; is no date" in page
    assert "Offences that nobody knows yet" in page
    assert "úplná novinka" in page
    fields = visitor.fields(address)
    number = next(k for k, v in fields.items() if v == "úplná novinka").split("-")[1]
    change = {**fields, f"offence-{number}-group": "coexistence", "do": "look"}
    visitor.post(address, change)
    assert (
        "Civic coexistence" in re.search(r"<tr><th[^>]*>3<.*?</tr>", visitor.page(address), re.S)[0]
    )


def test_a_group_for_all_files_goes_to_the_towns_table(visitor, workspace):
    address = visitor.stage(content=CSV.replace("public_order", "úplná novinka"))
    fields = visitor.fields(address)
    number = next(k for k, v in fields.items() if v == "úplná novinka").split("-")[1]
    chosen = {f"offence-{number}-group": "coexistence", f"offence-{number}-town": "1"}
    target, _page = visitor.do(address, "import", new_source="reports", **chosen)
    assert target == "/batches/1"
    assert "úplná novinka" in (workspace.path / "offences.csv").read_text(encoding="utf-8-sig")


def test_changes_are_kept_over_a_reload_and_a_fragment_shows_them(visitor):
    address = visitor.stage()
    fields = visitor.fields(address)
    assert fields["column-note"] == "4"
    change = {**fields, "column-note": "", "label": "Moje hlášení", "do": "look"}
    part = visitor.post(address, change, headers={"X-Fragment": "1"})
    assert part.status_code == 200
    assert "<html" not in text_of(part)
    assert "ticho po 22" not in text_of(part)
    assert visitor.fields(address)["label"] == "Moje hlášení"
    assert visitor.fields(address)["column-note"] == ""


def test_a_mapping_is_remembered_and_fits_the_next_file(visitor, workspace):
    visitor.do(visitor.stage(content=COORDINATES), "import", new_source="reports")
    address = visitor.stage(content=COORDINATES)
    assert visitor.fields(address)["recalled"] == "reports"
    assert visitor.fields(address)["source"] == "reports"
    _batch, page = visitor.do(address, "import")
    assert "This import brought nothing new." in page


def test_one_of_several_remembered_mappings_is_chosen(visitor):
    for name in ("first", "second"):
        visitor.do(
            visitor.stage(content=COORDINATES),
            "import",
            **{"source": "+", "new_source": name, "column-source_ref": ""},
        )
    address = visitor.stage(content=COORDINATES)
    fields = visitor.fields(address)
    assert fields["recalled"] == ""
    assert fields["column-source_ref"] == "0"
    assert "as remembered: first" in visitor.page(address)
    visitor.post(address, {**fields, "recalled": "second", "from-0": "2024-01-01", "do": "look"})
    chosen = visitor.fields(address)
    assert (chosen["recalled"], chosen["source"]) == ("second", "second")
    assert (chosen["column-source_ref"], chosen["from-0"]) == ("", "2024-01-01")
    visitor.post(address, {**chosen, "recalled": "../first", "do": "look"})
    assert visitor.fields(address)["recalled"] == ""


def test_what_the_guess_leaves_open_and_columns_not_used_are_said(visitor):
    rows = "kdy;změna;místo;barva\n" + "5.3.2024 10:00;9.3.2024;Lipovská;<i>\n" * 3
    page = html.unescape(visitor.page(visitor.stage("asistenti.csv", rows)))
    assert "Several columns look like dates" in page
    assert "No column with the offence was found" in page
    assert "It looks like reports of assistants" in page
    assert re.search(r"Columns not used: [^<]*barva", page)


def test_a_question_of_the_guess_ends_once_it_is_answered(visitor):
    address = visitor.stage(content="kdy;místo;barva\n5.3.2024 10:00;Lipovská;zelená\n")
    before = visitor.page(address)
    assert "No column with the offence was found" in before
    fields = {**visitor.fields(address), "column-offence": "2", "do": "look"}
    fragment = visitor.post(address, fields, headers={"X-Fragment": "1"})
    assert "No column with the offence was found" not in text_of(fragment)
    assert "No column with the offence was found" not in visitor.page(address)
    visitor.post(address, {**fields, "column-offence": ""})
    assert "No column with the offence was found" in visitor.page(address)


def test_an_import_is_stopped_through_its_job(visitor, workspace, monkeypatch):
    reading, go_on = Event(), Event()

    def place(self, incidents, **_options):
        reading.set()
        assert go_on.wait(WAIT_S)
        return real(self, incidents)

    real = Placer.place
    address = visitor.stage()
    sent = {**visitor.fields(address), "new_source": "reports", "do": "import"}
    monkeypatch.setattr(Placer, "place", place)
    response = visitor.post(address, sent)
    job = response.headers["Location"].partition("?")[0]
    assert reading.wait(WAIT_S)
    assert visitor.post(f"{job}/cancel", {}).status_code == 303
    go_on.set()
    visitor.jobs.wait(wait_s=WAIT_S)
    assert visitor.jobs.find(job.rpartition("/")[2]).state == CANCELLED
    assert n_incidents(workspace) == 0
    assert not list((workspace.path / "rejects").glob("*"))
    monkeypatch.undo()
    assert visitor.do(address, "import")[0] == "/batches/1"


def test_periods_of_record_are_stated(visitor, workspace):
    record = {"from-0": "2024-01-01", "to-0": "2024-06-30"}
    address = visitor.stage(content=COORDINATES)
    visitor.do(address, "import", new_source="reports", **record)
    with Store.open(workspace) as store:
        (span,) = store.source("reports").record
    assert (span.start.isoformat(), span.end.isoformat()) == ("2024-01-01", "2024-06-30")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"new_source": "Hlášení!"}, "is none"),
        ({"new_source": ""}, "Choose the source"),
        ({"new_source": "a", "from-0": "2024-05-01"}, "one is missing"),
        ({"new_source": "a", "from-0": "2024-05-01", "to-0": "2024-04-01"}, "ends before"),
        ({"new_source": "a", "column-occurred": ""}, "Choose the column with the date"),
        ({"new_source": "a", "column-x": "0"}, "Choose both coordinates, or none"),
        ({"new_source": "a", "kind": "nobody"}, "of no kind"),
        ({"source": "unknown"}, "There is no source"),
        ({"new_source": "a", "crs": "EPSG:1"}, "none of the list"),
        ({"new_source": "a", "column-note": "99"}, "has no column 99"),
        ({"new_source": "a", "column-note": "Poznámka"}, "has no column"),
        ({"new_source": "a", "label": "x" * 300}, "must be a short text"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_imported(visitor, workspace, change, said):
    address = visitor.stage()
    response = visitor.post(address, {**visitor.fields(address), **change, "do": "import"})
    assert response.status_code == 400
    assert said in html.unescape(text_of(response))
    assert n_incidents(workspace) == 0
    assert visitor.get(address).status_code == 200


@pytest.mark.parametrize(
    "path",
    ["/import/x", "/import/..%2f..%2fetc", "/import/" + "0" * 24, "/import/" + "a" * 5000],
)
def test_crafted_addresses_find_nothing(visitor, path):
    assert visitor.get(path).status_code in {404, 414}
    assert visitor.post(path, {"do": "import"}).status_code in {404, 414}


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("report.pdf", b"%PDF-1.7 x", "PDF"),
        ("a.csv", b"", "is empty"),
        ("a.xlsx", b"PK\x03\x04 no archive", "a.xlsx"),
        ("a.gpkg", b"SQLite format 3\x00" + b"\x00" * 100, "a.gpkg"),
    ],
)
def test_other_formats_are_refused_and_not_kept(visitor, workspace, name, content, said):
    response = visitor.upload(name, content)
    assert response.status_code == 400
    assert said in text_of(response)
    assert str(workspace.path) not in text_of(response)
    assert not list((workspace.path / "incoming").iterdir())


def test_no_file_and_several_files_are_refused(visitor):
    assert visitor.post("/import", {}).status_code == 400
    two = {"file": [(io.BytesIO(b"a;b\n"), "a.csv"), (io.BytesIO(b"a;b\n"), "b.csv")]}
    assert "one after another" in text_of(visitor.post("/import", two))


def test_names_with_paths_and_scripts_stay_texts(visitor, workspace):
    content = CSV.replace("Poznámka", HOSTILE.replace('"', "'")).replace("hluk", "<b>hluk</b>")
    address = visitor.stage("../../<script>alert(1)<script>.csv", content)
    page = visitor.page(address)
    assert "<script>alert" not in page
    assert "<b>hluk" not in page
    assert [path.name for path in workspace.path.parent.iterdir()] == ["workspace"]


def test_a_file_replaced_meanwhile_is_not_imported(visitor, workspace):
    address = visitor.stage(content=COORDINATES)
    fields = {**visitor.fields(address), "new_source": "reports"}
    file = next((workspace.path / "incoming").glob("*/reports.csv"))
    before = file.stat()
    file.write_text(COORDINATES.replace("public_order", "public_ordeR"), encoding="utf-8")
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    response = visitor.post(address, {**fields, "do": "import"})
    visitor.jobs.wait(wait_s=WAIT_S)
    page = visitor.page(response.headers["Location"].partition("?")[0])
    assert "has changed on the server" in page
    assert n_incidents(workspace) == 0
    file.write_text("other", encoding="utf-8")
    assert visitor.get(address).status_code == 404


def test_without_a_token_or_from_elsewhere_nothing_is_taken(visitor, workspace):
    address = visitor.stage()
    data = {"file": (io.BytesIO(CSV.encode()), "a.csv")}
    assert visitor.client.post("/import", data=data).status_code == 400
    assert visitor.client.post(address, data={"do": "discard"}).status_code == 400
    far = {"environ_base": {"REMOTE_ADDR": "10.0.0.7"}}
    assert visitor.post(address, {"do": "import"}, **far).status_code == 401
    for path in (address, "/import"):
        sent_off = visitor.get(path, **far)
        assert sent_off.status_code == 303
        assert "reports.csv" not in text_of(sent_off)
    other = {"headers": {"Origin": "http://elsewhere.example"}}
    assert visitor.post(address, {"do": "discard"}, **other).status_code == 403
    assert visitor.get(address).status_code == 200


def test_a_form_of_more_than_it_can_be_is_refused(visitor):
    address = visitor.stage()
    assert visitor.post(address, {"label": "x" * 70_000}).status_code == 413


def test_a_file_is_discarded_and_old_ones_go_by_themselves(visitor, workspace):
    address = visitor.stage()
    assert visitor.post(address, {"do": "discard"}).status_code == 303
    assert visitor.get(address).status_code == 404
    old = visitor.stage()
    directory = workspace.path / "incoming" / old.rpartition("/")[2]
    os.utime(directory, (time.time() - WAITS_S - 60,) * 2)
    visitor.stage()
    assert not directory.exists()
    assert len(list((workspace.path / "incoming").iterdir())) <= KEPT


def test_a_sheet_is_chosen_where_there_are_several(visitor):
    book = openpyxl.Workbook()
    book.active.title = "Leden"
    for sheet in (book.active, book.create_sheet("Únor & spol.")):
        sheet.append(["datum a čas", "ulice", "druh"])
        sheet.append(["5.3.2024 21:30", "Lipovská", "public_order"])
    stream = io.BytesIO()
    book.save(stream)
    address = visitor.stage("kniha.xlsx", stream.getvalue())
    assert '<option value="Leden" selected>' in visitor.page(address)
    visitor.post(address, {**visitor.fields(address), "part": "Únor & spol.", "do": "look"})
    page = visitor.page(address)
    assert "5 Mar 2024 21:30" in page
    batch, page = visitor.do(address, "import", new_source="reports")
    assert batch == "/batches/1"
