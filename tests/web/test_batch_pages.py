"""Pages of imports: accounts that add up, exports without notes, undoing asked and done."""

import csv
import io
import re

import openpyxl
import pytest

from hotspots.store import Store
from hotspots.workspace_init import init_workspace
from tests.web.conftest import HOSTILE, import_points
from tests.web.test_import_wizard import WAIT_S, Visitor, n_incidents, text_of
from web.import_work import find_rejects

FAR = {"environ_base": {"REMOTE_ADDR": "10.0.0.7"}}


@pytest.fixture
def visitor(tmp_path):
    workspace = init_workspace(tmp_path / "workspace")
    import_points(workspace, source="first", label="First", note="secret word")
    import_points(workspace, source="second", label=HOSTILE)
    return Visitor(workspace)


def test_the_list_shows_the_newest_first_and_escapes(visitor):
    page = visitor.page("/batches")
    assert page.index("second.csv") < page.index("first.csv")
    assert "<script>alert" not in page
    assert 'aria-current="true">Data</a>' in page


def test_the_account_of_a_batch_adds_up(visitor):
    page = visitor.page("/batches/1")
    numbers = [int(n) for n in re.findall(r'</th><td class="num">(\d+)</td>', page)]
    assert sum(numbers[:-1]) == numbers[-1] == 3
    assert "This import brought 3 new incidents." in page
    assert "source_ref = &#34;id&#34;" in page


@pytest.mark.parametrize("suffix", ["csv", "xlsx"])
def test_an_export_holds_the_incidents_without_notes(visitor, suffix):
    response = visitor.get(f"/batches/1/export.{suffix}")
    assert response.status_code == 200
    if suffix == "csv":
        lines = response.data.decode("utf-8-sig").splitlines()
        assert len(lines) == 4
        assert "secret word" not in response.data.decode("utf-8-sig")
    else:
        sheet = openpyxl.load_workbook(io.BytesIO(response.data)).active
        assert sheet.max_row == 4
        assert "note" not in [cell.value for cell in sheet[1]]
    assert visitor.get(f"/batches/1/export.{suffix}", **FAR).status_code == 303
    assert visitor.get("/batches/1", **FAR).status_code == 303


def test_undoing_is_asked_first_and_said_afterwards(visitor):
    page = visitor.page("/batches/1/undo")
    assert "3 incidents are taken out" in page
    assert n_incidents(visitor.workspace) == 6
    response = visitor.post("/batches/1/undo", {})
    visitor.jobs.wait(wait_s=WAIT_S)
    after = visitor.get(response.headers["Location"].partition("?")[0])
    assert after.headers["Location"].partition("?")[0] == "/batches/1"
    assert "This import is undone" in visitor.page("/batches/1")
    assert n_incidents(visitor.workspace) == 3
    with Store.open(visitor.workspace) as store:
        assert not store.batch(1).holds
    assert "undone already" in visitor.page("/batches/1/undo")
    again = visitor.post("/batches/1/undo", {})
    visitor.jobs.wait(wait_s=WAIT_S)
    assert "undone already" in visitor.page(again.headers["Location"].partition("?")[0])


def test_undoing_needs_a_token_and_a_sign_in(visitor):
    assert visitor.client.post("/batches/1/undo").status_code == 400
    assert visitor.post("/batches/1/undo", {}, **FAR).status_code == 401
    assert "Undo the import</button>" not in text_of(visitor.get("/batches/1/undo", **FAR))
    assert n_incidents(visitor.workspace) == 6


@pytest.mark.parametrize(
    "path",
    [
        "/batches/99",
        "/batches/99/undo",
        "/batches/1/export.exe",
        "/batches/reports/2024-01-01",
        "/batches/99999999999999999999999",
        "/batches/reports/x",
    ],
)
def test_what_is_not_there_is_said(visitor, path):
    assert visitor.get(path).status_code == 404


BAD = (
    "id;datum a čas;ulice;druh\n1;5.3.2024 21:30;Lipovská;hluk\n"
    "9;6.3.2024 21:30;Lipovská;hluk\n8;7.3.2024 21:30;Lipovská;hluk\n"
    "2;nikdy;=cmd()|x;hluk\n=HYPERLINK(1);nikdy;Lipovská;hluk\n"
)


def test_rows_that_could_not_be_used_are_downloaded_here_only(visitor):
    """Each import has a list of its own, which goes with it."""
    for n in (3, 4):
        source = f"reports-{n}"
        address = visitor.stage("../hlášení; x.csv", BAD)
        changes = {"source": "+", "new_source": source}
        batch, page = visitor.do(address, "import", **changes)
        assert batch == f"/batches/{n}"
        assert f"{batch}/rejected.csv" in page
    response = visitor.get("/batches/3/rejected.csv")
    assert response.headers["Content-Disposition"] == (
        'attachment; filename="import-3-rejected.csv"'
    )
    assert response.headers["Cache-Control"] == "no-store"
    rows = list(csv.reader(io.StringIO(response.data.decode("utf-8-sig")), delimiter=";"))
    assert [row[0] for row in rows[1:]] == ["5", "6"]
    assert "=cmd()|x" in rows[1][2]
    assert rows[2][2].startswith("'=HYPERLINK")
    assert visitor.get("/batches/3/rejected.csv", **FAR).status_code == 303
    assert "rejected.csv" not in text_of(visitor.get("/batches/3", **FAR))
    assert visitor.get("/batches/1/rejected.csv").status_code == 404
    visitor.post("/batches/3/undo", {})
    visitor.jobs.wait(wait_s=WAIT_S)
    assert visitor.get("/batches/3/rejected.csv").status_code == 404
    assert visitor.get("/batches/4/rejected.csv").status_code == 200


@pytest.mark.parametrize(
    "path", ["/etc/passwd", "workspace.toml", "../hotspots.db", "a" * 24 + ".rejected.csv", 7]
)
def test_only_lists_that_were_made_here_are_given_out(visitor, path):
    assert find_rejects(visitor.workspace, {"rejects_file": path}) is None
