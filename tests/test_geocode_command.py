"""`hotspots geocode` as a user meets it: texts, tables in any form, outcomes and exit codes."""

import csv
import json

import openpyxl
import pytest
from click.testing import CliRunner

from hotspots.cli import main
from hotspots.cli.geocode import RESULT_COLUMNS
from tests.geocoding import bundled_workspace

ROWS = [
    ("id", "místo", "poznámka"),
    ("1", "Lipovská 12", "=1+1"),
    ("2", "u nádraží", "-5"),
    ("3", "=cmd|'/c calc'!A0", ""),
    ("4", "roh Dukelská a Lipovská", "@x"),
    ("5", "", ""),
]
STATES = ["automatic", "doubtful", "automatic", "not_found"]


@pytest.fixture(scope="module")
def workspace(tmp_path_factory):
    return bundled_workspace(tmp_path_factory.mktemp("bundled")).path


@pytest.fixture
def run(workspace):
    def call(*args, code=0):
        words = [str(a) for a in ("-w", workspace, "geocode", *args)]
        result = CliRunner().invoke(main, words)
        assert result.exit_code == code, result.output + repr(result.exception)
        return result.output

    return call


def write_table(path, *, encoding="utf-8", delimiter=";"):
    if path.suffix == ".xlsx":
        book = openpyxl.Workbook()
        for row in ROWS:
            book.active.append(row)
            for cell in book.active[book.active.max_row]:
                cell.data_type = "s"
        book.save(path)
        return path
    with path.open("w", encoding=encoding, newline="") as file:
        csv.writer(file, delimiter=delimiter).writerows(ROWS)
    return path


def read_csv(path):
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file, delimiter=";"))


def test_text_is_said_with_position_in_both_systems(run):
    said = run("roh Dukelská a Lipovská")
    for part in ("placed", "corner", "Dukelská × Lipovská", "50.2280", "17.2037", "-5435"):
        assert part in said


def test_json_holds_everything(run):
    found = json.loads(run("u nádraží", "Lipovská", "--json", code=3))
    assert [one["state"] for one in found] == ["doubtful", "automatic"]
    assert found[0]["x"] is None
    assert len(found[0]["candidates"]) == 2
    assert found[1]["lon"] == pytest.approx(17.188, abs=0.01)


@pytest.mark.parametrize(
    ("name", "encoding", "delimiter"),
    [
        ("a.csv", "utf-8", ";"),
        ("a.csv", "utf-8-sig", ","),
        ("a.csv", "cp1250", ";"),
        ("a.csv", "utf-8", "\t"),
        ("a.xlsx", "", ""),
    ],
)
def test_file_in_any_form_gives_the_same_table(run, tmp_path, name, encoding, delimiter):
    source = write_table(tmp_path / name, encoding=encoding, delimiter=delimiter)
    out = tmp_path / "out.csv"
    said = run("--file", source, "--column", "místo", "--out", out, code=3)
    assert "placed: 2" in said
    rows = read_csv(out)
    assert list(rows[0]) == [*ROWS[0], *RESULT_COLUMNS]
    assert [row["state"] for row in rows if row["id"] != "3"] == STATES
    assert rows[2]["state"] != "automatic"
    assert [row["id"] for row in rows] == ["1", "2", "3", "4", "5"]
    assert (rows[0]["method"], rows[3]["method"], rows[4]["method"]) == ("street", "corner", "none")
    assert rows[1]["x"] == rows[1]["matched"] == ""
    for row in rows:
        for value in row.values():
            assert value[:1] not in {"=", "@", "+"}


def test_workbook_out_holds_no_formula(run, tmp_path):
    source = write_table(tmp_path / "a.csv")
    out = tmp_path / "out.xlsx"
    run("--file", source, "--column", "místo", "--out", out, code=3)
    sheet = openpyxl.load_workbook(out).active
    cells = [cell for row in sheet.iter_rows() for cell in row if cell.value is not None]
    assert {cell.data_type for cell in cells} <= {"s", "n"}
    assert sheet.cell(2, 4).value == "street"
    assert isinstance(sheet.cell(2, 5).value, float)
    assert sheet.max_row == len(ROWS)


def test_columns_that_the_table_has_already_are_kept(run, tmp_path):
    source = tmp_path / "a.csv"
    source.write_text("x;místo\n7;Lipovská\n", encoding="utf-8")
    run("--file", source, "--column", "místo", "--out", tmp_path / "b.csv")
    (row,) = read_csv(tmp_path / "b.csv")
    assert (row["x"], row["geocode_method"]) == ("7", "street")


class TestRefusals:
    @pytest.mark.parametrize(
        ("args", "says"),
        [
            ((), "give a text"),
            (("Lipovská", "--file", "{csv}"), "not both"),
            (("--column", "místo"), "belong to --file"),
            (("--file", "{csv}"), "needs --column"),
            (("--file", "{csv}", "--column", "kde", "--out", "{out}"), "no column 'kde'"),
            (("--file", "{csv}", "--column", "místo", "--out", "{csv}"), "another name"),
            (("--file", "{csv}", "--column", "místo", "--out", "{dir}/a.pdf"), ".csv or .xlsx"),
        ],
    )
    def test_wrong_use(self, run, tmp_path, args, says):
        source = write_table(tmp_path / "a.csv")
        before = source.read_bytes()
        names = {"csv": source, "out": tmp_path / "out.csv", "dir": tmp_path}
        said = run(*(arg.format(**names) for arg in args), code=2)
        assert says in said
        assert source.read_bytes() == before
        assert sorted(p.name for p in tmp_path.iterdir()) == ["a.csv"]

    def test_missing_file(self, run, tmp_path):
        out = tmp_path / "out.csv"
        run("--file", tmp_path / "no.csv", "--column", "a", "--out", out, code=1)
        assert not out.exists()
