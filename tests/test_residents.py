"""Residents joined by code: ČSÚ's open data, own tables, Czech numbers, years, what is refused."""

import zipfile

import numpy as np
import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotspots import layers, schema
from hotspots.errors import NotFoundError, ParameterError, SchemaError, SourceError
from hotspots.layers.census.code_tables import open_table
from hotspots.layers.census.counted_residents import read_count, read_year
from hotspots.layers.census.residents import join_residents
from hotspots.layers.own.column_map import ColumnMap, map_file
from hotspots.layers.reading import layers_version
from hotspots.layers.versions import JOINED_RESIDENTS, put_in_force
from hotspots.settings import Settings, Workspace

# What the bundled layers say of three districts, and what the tables below say instead.
STRED, KRAMERIOVA, NAD_TRATI = "district:058726", "district:058734", "district:058742"
TOWN = "municipality:536385"

YEARLY = (
    '"idhod","hodnota","stapro_kod","pohlavi_cis","pohlavi_kod","vuzemi_cis","vuzemi_kod","rok",'
    '"casref_do","pohlavi_txt","vuzemi_txt"\n'
    '"1","10619","2406","","","43","536385","2024","2024-12-31","","Jeseník"\n'
    '"2","5105","2406","102","1","43","536385","2024","2024-12-31","muž","Jeseník"\n'
    '"3","5514","2406","102","2","43","536385","2024","2024-12-31","žena","Jeseník"\n'
    '"4","10665","2406","","","43","536385","2022","2022-12-31","","Jeseník"\n'
    '"5","2500","2406","","","43","535532","2024","2024-12-31","","Bělá pod Pradědem"\n'
)
CENSUS = (
    '"idhod","hodnota","ukaz_kod","vek_cis","vek_kod","uzemi_cis","uzemi_kod","sldb_rok",'
    '"sldb_datum","ukaz_txt","uzemi_txt","uzemi_typ"\n'
    '"1","1301","3162","","","47","058726","2021","2021-03-26","Počet","Jeseník-střed","z"\n'
    '"2","200","3162","1035","400","47","058726","2021","2021-03-26","Počet","Jeseník-střed","z"\n'
    '"3","640","3162","","","47","58734","2021","2021-03-26","Počet obyvatel","Krameriova","z"\n'
    '"4","512","3163","","","47","058742","2021","2021-03-26","Počet bytů","Nad tratí","z"\n'
    '"5","10000","3162","","","43","536385","2021","2021-03-26","Počet obyvatel","Jeseník","o"\n'
)


@pytest.fixture(scope="module")
def workspace(tmp_path_factory):
    made = Workspace(tmp_path_factory.mktemp("w") / "w", Settings())
    layers.install_bundled(made)
    return made


def write(path, text, *, encoding="utf-8"):
    path.write_bytes(text.encode(encoding))
    return path


def write_sheet(path, rows, *, title="List1", more=()):
    book = openpyxl.Workbook()
    book.active.title = title
    for row in rows:
        book.active.append(row)
    for name, others in more:
        sheet = book.create_sheet(name)
        for row in others:
            sheet.append(row)
    book.save(path)
    return path


def residents(brought, area_id):
    (frame,) = brought.frames.values()
    row = frame.set_index(schema.AREA_ID).loc[area_id]
    return row[schema.RESIDENTS], row[schema.RESIDENTS_YEAR]


# --- ČSÚ ---------------------------------------------------------------------------------------


def test_yearly_table_of_csu_gives_its_newest_total(workspace, tmp_path):
    brought = join_residents(workspace, write(tmp_path / "130149.csv", YEARLY))
    assert list(brought.frames) == [schema.MUNICIPALITY]
    assert residents(brought, TOWN) == (10_619, 2024)
    assert brought.made_by == JOINED_RESIDENTS
    notes = " ".join(brought.notes)
    assert "totals only" in notes
    assert "joined to the whole municipality" in notes
    assert "1 code of the table is of no area here: 535532" in notes
    (source,) = brought.sources
    assert source.citation == "ČSÚ, 130149.csv, 2024"
    assert source.valid_on is None, "the rows stand for several days"
    assert source.n_bytes == len(YEARLY.encode())


def test_a_year_of_the_table_can_be_chosen(workspace, tmp_path):
    file = write(tmp_path / "a.csv", YEARLY)
    assert residents(join_residents(workspace, file, year=2022), TOWN) == (10_665, 2022)
    with pytest.raises(ParameterError, match="no residents of 2019; it has 2022, 2024"):
        join_residents(workspace, file, year=2019)


def test_census_table_joins_districts_and_never_adds_ages(workspace, tmp_path):
    brought = join_residents(workspace, write(tmp_path / "sldb.csv", CENSUS))
    assert list(brought.frames) == [schema.DISTRICT]
    assert residents(brought, STRED) == (1_301, 2021), "not 1,501"
    assert residents(brought, KRAMERIOVA) == (640, 2021), "the code without its zero"
    assert residents(brought, NAD_TRATI) == (113, 2011), "dwellings are no residents"
    assert brought.sources[0].valid_on.isoformat() == "2021-03-26"
    assert "19 areas have no number in the table and keep what they had" in " ".join(brought.notes)
    town = join_residents(workspace, tmp_path / "sldb.csv", kind=schema.MUNICIPALITY)
    assert residents(town, TOWN) == (10_000, 2021)


def test_tables_of_csu_without_totals_or_residents(workspace, tmp_path):
    lines = CENSUS.splitlines(keepends=True)
    parts = write(tmp_path / "ages.csv", lines[0] + lines[2])
    with pytest.raises(SchemaError, match=r"by sex, age or another sorting only.*never added up"):
        join_residents(workspace, parts)
    flats = write(tmp_path / "flats.csv", lines[0] + lines[4])
    with pytest.raises(SchemaError, match=r"without numbers of residents .*indicators 3163"):
        join_residents(workspace, flats)


# --- own tables --------------------------------------------------------------------------------

OWN = "kód;název;obyvatel;rok\n58726;Jeseník-střed;1 234;2023\n058734;Žižkova;650,0;31.12.2022\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1250", "utf-16"])
@pytest.mark.parametrize("delimiter", [";", "\t", "|"])
def test_csv_of_any_usual_kind(workspace, tmp_path, encoding, delimiter):
    file = write(tmp_path / "t.csv", OWN.replace(";", delimiter), encoding=encoding)
    brought = join_residents(workspace, file)
    assert residents(brought, STRED) == (1_234, 2023)
    assert residents(brought, KRAMERIOVA) == (650, 2022)
    assert residents(brought, NAD_TRATI) == (113, 2011)
    assert brought.sources[0].citation == "t.csv, 2022, 2023"


def test_workbook_first_or_named_sheet(workspace, tmp_path):
    first = [["kod", "obyvatel", "rok"], ["058726", 1111, 2023]]
    other = [["kod", "obyvatel", "rok"], [58726.0, 2222.0, 2024]]
    file = write_sheet(tmp_path / "t.xlsx", first, more=[("Druhý", other)])
    assert residents(join_residents(workspace, file), STRED) == (1_111, 2023)
    named = join_residents(workspace, file, layer="Druhý")
    assert residents(named, STRED) == (2_222, 2024)
    with pytest.raises(NotFoundError, match=r"no sheet 'x'; its sheets are List1, Druhý"):
        join_residents(workspace, file, layer="x")


def test_table_in_a_zip(workspace, tmp_path):
    with zipfile.ZipFile(tmp_path / "t.zip", "w") as archive:
        archive.writestr("popis.html", "<p>")
        archive.writestr("data/t.csv", OWN)
    brought = join_residents(workspace, tmp_path / "t.zip")
    assert residents(brought, STRED) == (1_234, 2023)


def test_the_year_is_never_guessed(workspace, tmp_path):
    file = write(tmp_path / "obyvatele_2023.csv", "kod;obyvatel\n58726;1000\n")
    with pytest.raises(ParameterError, match=r"2023\.csv: no column says .* --year YEAR"):
        join_residents(workspace, file)
    brought = join_residents(workspace, file, year=2023)
    assert residents(brought, STRED) == (1_000, 2023)
    for wrong in (23, 20_23_0):
        with pytest.raises(ParameterError, match="year must be from 1850 to 2100"):
            join_residents(workspace, file, year=wrong)


def test_a_table_without_numbers_keeps_what_areas_had(workspace, tmp_path):
    text = "kod;obyvatel;rok\n58726;;2023\n58734;.;2023\n58742;5;2023\n"
    brought = join_residents(workspace, write(tmp_path / "t.csv", text))
    assert residents(brought, STRED) == (1_398, 2011)
    assert residents(brought, KRAMERIOVA) == (662, 2011)
    assert residents(brought, NAD_TRATI) == (5, 2023)
    assert "20 areas have no number" in " ".join(brought.notes)


def test_everything_but_residents_stays(workspace, tmp_path):
    before = layers.read_areas(workspace, schema.DISTRICT)
    brought = join_residents(workspace, write(tmp_path / "t.csv", OWN))
    frame = brought.frames[schema.DISTRICT]
    changed = [schema.RESIDENTS, schema.RESIDENTS_YEAR]
    assert frame.drop(columns=changed).equals(before.drop(columns=changed))
    assert layers.read_areas(workspace, schema.DISTRICT).equals(before), "nothing is in force yet"


def test_joined_residents_in_force(tmp_path):
    town = Workspace(tmp_path / "w", Settings())
    layers.install_bundled(town)
    brought = join_residents(town, write(tmp_path / "t.csv", OWN))
    put_in_force(
        town,
        brought.frames,
        made_by=brought.made_by,
        keep_layers=True,
        sources=brought.sources,
    )
    read = layers.read_areas(town, schema.DISTRICT).set_index(schema.AREA_ID)
    assert read.loc[STRED, schema.RESIDENTS] == 1_234
    assert len(layers.read_areas(town, schema.STREET)) > 70


COLUMNS = "zsj_kod;ku_kod;obyv_obvykle_2011\n58726;658723;1398\n58734;658723;662\n"


def test_columns_are_asked_for_and_remembered(tmp_path):
    town = Workspace(tmp_path / "w", Settings())
    layers.install_bundled(town)
    file = write(tmp_path / "t.csv", COLUMNS)
    with pytest.raises(SchemaError, match=r"--code-column COLUMN:\n  zsj_kod: 58726, 58734\n  ku"):
        join_residents(town, file)
    with pytest.raises(SchemaError, match=r"no column looks like the residents.*--residents-col"):
        join_residents(town, file, code_column="zsj_kod")
    two = write(tmp_path / "u.csv", COLUMNS.replace("2011\n", "2011;obyv_trvale_2011\n"))
    text = r"several columns may hold the residents.*-column COLUMN:\n  obyv_obv.*\n  obyv_trv"
    with pytest.raises(SchemaError, match=text):
        join_residents(town, two, code_column="zsj_kod")
    with pytest.raises(SchemaError, match="has no column zsj; it has zsj_kod, ku_kod, obyv_obv"):
        join_residents(town, file, code_column="zsj")
    chosen = {"code_column": "zsj_kod", "residents_column": "obyv_obvykle_2011"}
    assert not map_file(town, "residents").exists()
    join_residents(town, file, year=2011, **chosen)
    assert ColumnMap.read(map_file(town, "residents")) == ColumnMap(
        code="zsj_kod", residents="obyv_obvykle_2011"
    )
    again = join_residents(town, file, year=2012)
    assert residents(again, STRED) == (1_398, 2012)
    assert "columns as remembered: zsj_kod, obyv_obvykle_2011" in again.notes


def test_a_kind_decides_between_codes(workspace, tmp_path):
    file = write(tmp_path / "t.csv", "zsj_kod;ku_kod;obyvatel;rok\n58726;658723;7;2011\n")
    brought = join_residents(workspace, file, kind=schema.DISTRICT)
    assert residents(brought, STRED) == (7, 2011)


@pytest.mark.parametrize(
    ("text", "error", "message"),
    [
        ("58726;-5;2021", SchemaError, r"row 2: -5 residents: a number cannot be below zero"),
        ("58726;1,5;2021", SchemaError, "row 2: 1,5 is no whole number"),
        ("58726;1.234;2021", SchemaError, "write thousands with a space"),
        ("58726;mnoho;2021", SchemaError, "'mnoho' is no number"),
        ("58726;1000000;2021", SchemaError, r"1.000.000 residents on the 36[.]14 ha of Jeseník-st"),
        ("58726;5;loni", SchemaError, "'loni' is no year"),
        ("58726;5;2021\n058726;6;2021", SchemaError, "code 58726 has several rows of 2021: rows 2"),
        ("99;5;2021", SchemaError, "no code fits an area; the table has 99"),
        ("58726;5;2021;x", SchemaError, "row 2: it has 4 values, the header names 3"),
    ],
)
def test_rows_that_are_refused(workspace, tmp_path, text, error, message):
    before = layers_version(workspace)
    file = write(tmp_path / "t.csv", f"kod;obyvatel;rok\n{text}\n")
    with pytest.raises(
        error, match=message.replace("1.000.000", "1[\\s,\u00a0]?000[\\s,\u00a0]?000")
    ):
        join_residents(workspace, file)
    assert layers_version(workspace) == before


def test_codes_that_fit_two_kinds_alike(tmp_path):
    made = Workspace(tmp_path / "w", Settings())
    layers.install_bundled(made)
    parts = layers.read_areas(made, schema.TOWN_PART)
    units = parts.assign(kind=schema.CADASTRAL_UNIT)
    units[schema.AREA_ID] = units[schema.AREA_ID].str.replace("town_part", "cadastral_unit")
    put_in_force(made, {schema.CADASTRAL_UNIT: units}, made_by=JOINED_RESIDENTS, keep_layers=True)
    codes = parts[schema.AREA_ID].str.partition(":")[2]
    file = write(tmp_path / "t.csv", "kod;obyvatel;rok\n" + "\n".join(f"{c};5;2021" for c in codes))
    with pytest.raises(
        ParameterError,
        match=r"fit town parts \[town_part\] and cadastral units \[cadastral_unit\] alike; .*--as",
    ):
        join_residents(made, file)
    brought = join_residents(made, file, kind=schema.CADASTRAL_UNIT)
    assert set(brought.frames) == {schema.CADASTRAL_UNIT}


def test_kinds_that_are_refused(workspace, tmp_path):
    file = write(tmp_path / "t.csv", OWN)
    with pytest.raises(ParameterError, match="kind must be one of street, district"):
        join_residents(workspace, file, kind=schema.GRID)
    with pytest.raises(NotFoundError, match="no areas of kind quarter"):
        join_residents(workspace, file, kind=schema.QUARTER)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"kod;obyvatel\n", "header only"),
        (b";\n", "row 1 holds no column names"),
        (b"kod;kod\n1;2\n", "names 'kod' more than once"),
        (b'kod;obyvatel\n"1;2\n3;4\n', "cannot be read as a table"),
        (b"kod;obyvatel;rok\n1;\x002;2021\n", "is no number of residents"),
        (b"kod;obyvatel\n1;\x81\x98\n", "cannot be read as a table"),
        (b"%PDF-1.7", "is a PDF document"),
        (b"PK\x03\x04 no table", "ZIP archive or an Office document"),
        (b"\xff\xfek\x00o", "cannot be read as a table|no column looks like|header only"),
        (b"a" * 200_000, "first line is too long"),
        (b"kod;x\n1;" + b"y" * 200_000 + b"\n", "cannot be read as a table"),
    ],
)
def test_files_that_are_no_tables(workspace, tmp_path, content, message):
    (tmp_path / "t.csv").write_bytes(content)
    with pytest.raises((SourceError, SchemaError), match=message):
        join_residents(workspace, tmp_path / "t.csv")


def test_workbooks_that_are_none(workspace, tmp_path):
    with zipfile.ZipFile(tmp_path / "t.xlsx", "w") as archive:
        archive.writestr("xl/workbook.xml", "<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>")
    with pytest.raises(SourceError, match="cannot be read as a workbook"):
        join_residents(workspace, tmp_path / "t.xlsx")
    whole = write_sheet(tmp_path / "u.xlsx", [["kod", "obyvatel"], [1, 2]]).read_bytes()
    (tmp_path / "u.xlsx").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(SourceError, match="damaged or cut off"):
        join_residents(workspace, tmp_path / "u.xlsx")


@pytest.mark.reference
def test_the_census_of_2011_is_what_the_bundled_districts_say(workspace, shared):
    brought = join_residents(
        workspace,
        shared / "data" / "jesenik" / "jesenik_zsj.csv",
        code_column="zsj_kod",
        residents_column="obyv_obvykle_2011",
        year=2011,
    )
    bundled = layers.read_areas(workspace, schema.DISTRICT)
    joined = brought.frames[schema.DISTRICT]
    assert joined[schema.RESIDENTS].tolist() == bundled[schema.RESIDENTS].tolist()
    assert "21 areas got their residents, of 2011" in brought.notes


# --- texts -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("1 234", 1234),
        ("1\u00a0234,0", 1234),
        ("1\u202f234", 1234),
        ("0", 0),
        ("+7", 7),
        ("3.0", 3),
    ],
)
def test_numbers_as_tables_write_them(text, number):
    assert read_count(text, what="x") == number


@given(st.integers(0, 10**9))
def test_any_count_is_read_back(n):
    grouped = f"{n:,}".replace(",", "\u00a0")
    assert read_count(grouped, what="x") == n == read_count(str(n), what="")


@pytest.mark.parametrize("text", ["2021", "2021-12-31", "31. 12. 2021", "31.12.2021", "2021.0"])
def test_years_as_tables_write_them(text):
    assert read_year(text, what="x") == 2021


@pytest.mark.parametrize("text", ["21", "1700", "20211", "12/2021"])
def test_what_is_no_year(text):
    with pytest.raises(SchemaError, match="is no year"):
        read_year(text, what="x")
    assert np.isnan(read_year(" ", what="x"))


def test_rows_are_numbered_as_in_the_file(tmp_path):
    file = write(tmp_path / "t.csv", 'a;b\r\n\r\n"x\ny";1\r\n;\r\nz;2\r\n')
    with open_table(file) as table:
        assert table.columns == ("a", "b")
        assert list(table.rows) == [(3, ["x\ny", "1"]), (6, ["z", "2"])]
