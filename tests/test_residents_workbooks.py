"""Workbooks of residents whose cells hide their values: merged ones, formulas never computed."""

import zipfile

import openpyxl
import pytest

from hotspots import layers, schema
from hotspots.errors import SchemaError
from hotspots.layers.census.residents import join_residents
from hotspots.layers.census.sheet_marks import Merged, SheetMarks, read_marks
from hotspots.layers.reading import layers_version
from hotspots.settings import Settings, Workspace

CODES = ["058726", "058734", "058742", "058751"]
FORMULAS = r"cells of the column obyvatel are formulas without values.*open the workbook in Excel"


@pytest.fixture(scope="module")
def workspace(tmp_path_factory):
    made = Workspace(tmp_path_factory.mktemp("w") / "w", Settings())
    layers.install_bundled(made)
    return made


def book(path, numbers, *, codes=CODES, merged=(), far=None, first=None):
    """Write a workbook; `first` is a sheet of rows before the one with the residents."""
    made = openpyxl.Workbook()
    sheet = made.active
    if first is not None:
        for row in first:
            sheet.append(row)
        sheet = made.create_sheet("Druhý")
    sheet.append(["kod", "obyvatel", "poznámka"])
    for code, number in zip(codes, numbers, strict=True):
        sheet.append([code, number])
    for cells in merged:
        sheet.merge_cells(cells)
    if far:
        sheet[far] = 1
    made.save(path)
    return path


def join(workspace, file, **options):
    return join_residents(workspace, file, kind=schema.DISTRICT, year=2021, **options)


@pytest.mark.parametrize("far", [None, "XFD1048576"])
def test_formulas_without_values_bring_nothing_in_force(workspace, tmp_path, far):
    before = layers_version(workspace)
    file = book(tmp_path / "f.xlsx", ["=1+1"] * 4, far=far)
    with pytest.raises(SchemaError, match=FORMULAS):
        join(workspace, file)
    assert layers_version(workspace) == before


def test_codes_that_are_formulas_without_values(workspace, tmp_path):
    file = book(tmp_path / "f.xlsx", [5] * 4, codes=[f'="{code}"' for code in CODES])
    with pytest.raises(SchemaError, match="column kod are formulas without values"):
        join(workspace, file)


def test_formulas_in_a_zip(workspace, tmp_path):
    file = book(tmp_path / "f.xlsx", ["=1+1"] * 4)
    with zipfile.ZipFile(tmp_path / "f.zip", "w") as archive:
        archive.write(file, "f.xlsx")
    with pytest.raises(SchemaError, match=FORMULAS):
        join(workspace, tmp_path / "f.zip")


def test_a_total_that_is_a_formula_does_no_harm(workspace, tmp_path):
    file = book(tmp_path / "f.xlsx", [5, 6, 7, "=SUM(B2:B4)"], codes=[*CODES[:3], "celkem"])
    notes = join(workspace, file).notes
    assert "3 areas got their residents, of 2021" in notes


def test_a_table_in_which_no_area_has_a_number(workspace, tmp_path):
    file = tmp_path / "t.csv"
    file.write_text("kod;obyvatel\n058726;\n058734;.\n999999;7\n")
    with pytest.raises(SchemaError, match=r"no row of an area here has a number of residents"):
        join(workspace, file)


@pytest.mark.parametrize(
    ("merged", "rows"),
    [(["B2:B5"], "3, 4, 5"), (["A3:A4"], "4"), (["B2:B3", "B4:C5"], "3, 5"), (["A2:B3"], "2")],
)
def test_merged_cells_are_named_with_the_rows_they_empty(workspace, tmp_path, merged, rows):
    file = book(tmp_path / "m.xlsx", [5, 6, 7, 8], merged=merged)
    listed = ", ".join(merged)
    with pytest.raises(SchemaError, match=rf"\({listed}\) leave rows .* their own: {rows}\. Unme"):
        join(workspace, file)


@pytest.mark.parametrize("merged", ["A6:C6", "C2:C5", "E1:F9", "B5:C5"])
def test_merged_cells_that_hide_nothing_are_fine(workspace, tmp_path, merged):
    file = book(tmp_path / "m.xlsx", [5, 6, 7, 8], merged=[merged])
    assert "4 areas got their residents, of 2021" in join(workspace, file).notes


def test_a_remark_across_the_table_is_fine(workspace, tmp_path):
    codes = [*CODES[:3], "Zdroj: město"]
    file = book(tmp_path / "m.xlsx", [5, 6, 7, None], codes=codes, merged=["A5:C5"])
    assert "3 areas got their residents, of 2021" in join(workspace, file).notes


def test_the_marks_are_those_of_the_sheet_that_is_read(workspace, tmp_path):
    file = book(tmp_path / "m.xlsx", [5, "=1", 7, 8], merged=["B4:B5"], first=[["kod"], ["=1"]])
    assert read_marks(file, None) == SheetMarks((), {1: 1})
    assert read_marks(file, "Druhý") == SheetMarks((Merged(2, 4, 2, 5),), {2: 1})
    assert read_marks(file, "Třetí") == SheetMarks()
    with pytest.raises(SchemaError, match=r"\(B4:B5\)"):
        join(workspace, file, layer="Druhý")


def test_marks_of_what_is_no_workbook(tmp_path):
    (tmp_path / "x.xlsx").write_bytes(b"PK\x03\x04nothing")
    assert read_marks(tmp_path / "x.xlsx", None) == SheetMarks()
    with zipfile.ZipFile(tmp_path / "y.xlsx", "w") as archive:
        archive.writestr("xl/workbook.xml", '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>')
        archive.writestr("xl/_rels/workbook.xml.rels", "<a/>")
    assert read_marks(tmp_path / "y.xlsx", None) == SheetMarks()
