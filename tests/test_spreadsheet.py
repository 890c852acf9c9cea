"""Workbooks written row by row: what they hold is what goes in, and nothing in them runs."""

import math
import warnings
import zipfile
from datetime import date
from zoneinfo import ZoneInfo

import numpy as np
import openpyxl
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hotspots import spreadsheet
from hotspots.cells import defuse
from hotspots.errors import ParameterError
from hotspots.ingest.mapping import Mapping
from hotspots.ingest.opening import open_table
from hotspots.spreadsheet import Sheet, write_workbook


def read_rows(path, *, sheet=0):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        book = openpyxl.load_workbook(path)
    found = book.worksheets[sheet]
    assert all(cell.data_type != "f" for row in found.iter_rows() for cell in row)
    return [list(row) for row in found.iter_rows(values_only=True)]


def test_values_come_back_as_what_they_are(tmp_path):
    row = ["Křížkovského", 5, -1_050_795.25, True, date(2024, 2, 29), None, np.int64(7), "", 1e-9]
    write_workbook(tmp_path / "a.xlsx", [Sheet("one", [["h"] * len(row), row])])
    found = read_rows(tmp_path / "a.xlsx")[1]
    expected = [
        "Křížkovského",
        5,
        -1_050_795.25,
        True,
        pd.Timestamp("2024-02-29"),
        None,
        7,
        None,
        1e-9,
    ]
    assert found == expected
    assert found[3] is True


def test_what_is_missing_is_an_empty_cell_and_the_rest_its_text(tmp_path):
    zone = ZoneInfo("Europe/Prague")
    moment = pd.Timestamp("2024-05-01 12:00", tz=zone)
    row = [pd.NA, pd.NaT, math.nan, np.float64("nan"), moment, math.inf, date(1899, 1, 1), 1 + 2j]
    write_workbook(tmp_path / "a.xlsx", [Sheet("one", [["h"] * 8, row])])
    found = read_rows(tmp_path / "a.xlsx")[1]
    assert found[:4] == [None] * 4
    assert found[4:] == ["2024-05-01 12:00:00+02:00", "inf", "1899-01-01", "(1+2j)"]


def test_no_text_is_a_formula_and_none_becomes_one(tmp_path):
    texts = ["=1+1", "+A1", "-A1", "@SUM(A1)", " =1", "\x00=1", "\uff1d1", "-12.5"]
    write_workbook(tmp_path / "a.xlsx", [Sheet("one", [texts, texts])])
    found = read_rows(tmp_path / "a.xlsx")
    expected = ["'=1+1", "'+A1", "'-A1", "'@SUM(A1)", "' =1", "'=1", "'\uff1d1", "-12.5"]
    assert found == [expected, expected]
    with zipfile.ZipFile(tmp_path / "a.xlsx") as archive:
        names = archive.namelist()
        assert b"<f>" not in archive.read("xl/worksheets/sheet1.xml")
    assert not [name for name in names if "external" in name.casefold() or "vba" in name]


def test_a_text_that_looks_encoded_stays_as_it_is(tmp_path):
    """Spreadsheets read _x003D_ as "=": the mark of the escape keeps the text whole."""
    write_workbook(tmp_path / "a.xlsx", [Sheet("one", [["_x003D_1+1", "_x", "a_x00zz_"]])])
    with zipfile.ZipFile(tmp_path / "a.xlsx") as archive:
        content = archive.read("xl/worksheets/sheet1.xml").decode()
    assert ">_x005F_x003D_1+1<" in content
    assert ">_x<" in content
    assert ">a_x00zz_<" in content


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.lists(
            st.none()
            | st.booleans()
            | st.integers(-(10**15), 10**15)
            | st.floats(allow_nan=False, allow_infinity=False)
            | st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=30).filter(
                lambda text: "_x" not in text and "\ufffe" not in text and "\uffff" not in text
            ),
            min_size=1,
            max_size=4,
        ),
        min_size=1,
        max_size=5,
    )
)
def test_a_workbook_reads_back_as_written(tmp_path_factory, rows):
    path = tmp_path_factory.mktemp("books") / "a.xlsx"
    write_workbook(path, [Sheet("one", rows, has_header=False)])
    width = max(len(row) for row in rows)
    expected = [
        [defuse(v) or None if isinstance(v, str) else v for v in row] + [None] * (width - len(row))
        for row in rows
    ]
    book = openpyxl.load_workbook(path)["one"]
    found = [[book.cell(i + 1, j + 1).value for j in range(width)] for i in range(len(rows))]
    assert found == expected


def test_our_own_reader_opens_it(tmp_path):
    path = tmp_path / "a.xlsx"
    write_workbook(path, [Sheet("one", [["kde", "kdy"], ["Lipovská & <b> 5", date(2024, 1, 2)]])])
    table = open_table(path, "xlsx", Mapping())
    assert list(table.columns) == ["kde", "kdy"]
    block = next(iter(table.blocks(10)))
    assert block.column("kde").to_pylist() == ["Lipovská & <b> 5"]
    assert block.column("kdy").to_pylist()[0].startswith("2024-01-02")


def test_the_header_is_bold_and_stays_in_sight(tmp_path):
    sheets = [
        Sheet("Counts", [["a", "b"], [1, 2]]),
        Sheet("Finding", [("x", "y")], has_header=False, has_labels=True, widths=(28, 100)),
    ]
    write_workbook(tmp_path / "a.xlsx", sheets)
    book = openpyxl.load_workbook(tmp_path / "a.xlsx")
    counts, finding = book.worksheets
    assert counts.freeze_panes == "A2"
    assert finding.freeze_panes is None
    assert [cell.font.b for row in counts for cell in row] == [True, True, False, False]
    assert [cell.font.b for cell in finding[1]] == [True, False]
    assert finding.column_dimensions["B"].width == 100


def test_names_of_sheets_are_made_fit(tmp_path):
    titles = ["Import 5: [a/b]", "Import 5: [a/b]", "x" * 40, "?", "a & b"]
    write_workbook(tmp_path / "a.xlsx", [Sheet(title, [["h"]]) for title in titles])
    names = openpyxl.load_workbook(tmp_path / "a.xlsx").sheetnames
    assert names == ["Import 5   a b", "Import 5   a b 2", "x" * 31, "1", "a & b"]


def test_too_much_for_a_sheet_is_said(tmp_path, monkeypatch):
    path = tmp_path / "a.xlsx"
    with monkeypatch.context() as small:
        small.setattr(spreadsheet, "MAX_ROWS", 2)
        with pytest.raises(ParameterError, match=r"sheet Places has more rows than an XLSX file"):
            write_workbook(path, [Sheet("Places", [[1]] * 3)])
    with pytest.raises(ParameterError, match="more columns"):
        write_workbook(path, [Sheet("Places", [[1] * (spreadsheet.MAX_COLUMNS + 1)])])
    monkeypatch.setattr(spreadsheet, "_MAX_BYTES", 300_000)
    with pytest.raises(ParameterError, match=r"is too large for an XLSX file; write \.csv"):
        write_workbook(path, [Sheet("Places", [["x" * 30_000]] * 30)])


def test_a_cell_too_long_is_cut(tmp_path):
    write_workbook(tmp_path / "a.xlsx", [Sheet("one", [["=" + "é" * 40_000]])])
    text = read_rows(tmp_path / "a.xlsx")[0][0]
    assert text.startswith("'=é")
    assert len(text) == 32_767


def test_the_same_table_gives_the_same_bytes(tmp_path):
    for name in ("a", "b"):
        write_workbook(tmp_path / name, [Sheet("one", [["h"], ["v"]])])
    with zipfile.ZipFile(tmp_path / "a") as archive:
        assert {member.date_time[0] for member in archive.infolist()} == {1980}
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
