"""Columns of a town's own files: proposed from headers, asked for, remembered, edited by hand."""

from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotspots import schema
from hotspots.errors import ParameterError, SchemaError
from hotspots.layers.own.column_map import (
    ColumnMap,
    map_file,
    propose_code,
    propose_name,
    propose_residents,
    propose_year,
    recall_map,
    remember_map,
    unclear,
)
from hotspots.settings import Settings, Workspace


@pytest.fixture
def workspace(tmp_path):
    return Workspace(tmp_path / "w", Settings())


@pytest.mark.parametrize(
    ("columns", "kind", "expected"),
    [
        (["fid", "Název"], schema.LOCALITY, ["Název"]),
        (["NAZEV", "popis"], schema.QUARTER, ["NAZEV"]),
        (["jmeno", "name"], schema.QUARTER, ["jmeno", "name"]),
        (["id", "okrsek"], schema.PATROL_BEAT, ["okrsek"]),
        (["id", "okrsek"], schema.QUARTER, []),
        (["Číslo okrsku", "zuj"], schema.ELECTORAL_DISTRICT, ["Číslo okrsku"]),
        (["Název ulice", "typ"], schema.STREET, ["Název ulice"]),
        (["a", "b"], schema.LOCALITY, []),
        ([], schema.LOCALITY, []),
    ],
)
def test_names_are_proposed_from_headers(columns, kind, expected):
    assert propose_name(columns, kind) == expected


@pytest.mark.parametrize(
    ("columns", "kind", "expected"),
    [
        (["KÓD", "id"], schema.DISTRICT, ["KÓD"]),
        (["kod", "zsj_kod"], schema.DISTRICT, ["zsj_kod"]),
        (["id", "nazev"], schema.TOWN_PART, ["id"]),
        (["objectid", "nazev"], schema.DISTRICT, []),
        (["ulice_kod", "obec_kod"], schema.STREET, ["ulice_kod"]),
    ],
)
def test_codes_are_proposed_from_headers(columns, kind, expected):
    assert propose_code(columns, kind) == expected


def test_residents_and_years_are_proposed():
    assert propose_residents(["kod", "Počet obyvatel"]) == ["Počet obyvatel"]
    assert propose_year(["Rok", "datum"]) == ["Rok"]


def test_what_is_remembered_is_recalled(workspace):
    assert recall_map(workspace, schema.QUARTER) is None
    columns = ColumnMap(name='Název "čtvrti"', code="a\\b", residents="obyv", year="rok")
    remember_map(workspace, schema.QUARTER, columns)
    assert recall_map(workspace, schema.QUARTER) == columns
    assert columns.columns() == ('Název "čtvrti"', "a\\b", "obyv", "rok")
    assert recall_map(workspace, schema.LOCALITY) is None
    remember_map(workspace, schema.QUARTER, ColumnMap(name="x"))
    assert recall_map(workspace, schema.QUARTER) == ColumnMap(name="x")
    assert [p.name for p in map_file(workspace, "quarter").parent.iterdir()] == ["quarter.toml"]


texts = st.text(st.characters(codec="utf-8", categories=["L", "N", "P", "S"]), max_size=20)


@given(name=texts, code=texts, note=texts)
def test_any_printable_map_survives_its_file(tmp_path_factory, name, code, note):
    columns = ColumnMap(name=name, code=code, note=note)
    file = tmp_path_factory.mktemp("m") / "m.toml"
    file.write_text(columns.to_toml(), encoding="utf-8")
    assert ColumnMap.read(file) == columns


def test_a_note_stays_and_odd_columns_are_not_kept(workspace):
    file = map_file(workspace, schema.QUARTER)
    remember_map(workspace, schema.QUARTER, ColumnMap(name="x", note="od města 2025"))
    remember_map(workspace, schema.QUARTER, ColumnMap(name="y"))
    assert recall_map(workspace, schema.QUARTER) == ColumnMap(name="y", note="od města 2025")
    before = file.read_bytes()
    remember_map(workspace, schema.QUARTER, ColumnMap(name="a\nb"))
    assert file.read_bytes() == before


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name = ", "cannot be read: .*correct it, or delete it"),
        ("jmeno = 'a'", "unknown key 'jmeno'; known are name, code, residents, year, note"),
        ("name = 5", "name must be a text in quotation marks"),
        ('name = "a\\nb"', "name must be a text in quotation marks"),
        ('name = "a"\nresidents = "a"', "'a' cannot be both name and residents"),
        ("name = '''" + "x" * 200_000, "cannot be read"),
        ("a=" + "[" * 5_000, "cannot be read"),
        ("\xff", "cannot be read"),
    ],
)
def test_a_map_edited_so_that_it_breaks_a_rule(workspace, text, message):
    file = map_file(workspace, schema.QUARTER)
    file.parent.mkdir(parents=True)
    file.write_bytes(text.encode("latin-1"))
    with pytest.raises(SchemaError, match=rf"quarter\.toml.*{message}"):
        recall_map(workspace, schema.QUARTER)


def test_maps_are_kept_under_known_names_only(workspace):
    for name in ("../settings", "x", ""):
        with pytest.raises(ParameterError, match="kind must be one of"):
            map_file(workspace, name)


def test_the_question_shows_samples_of_each_column():
    values = {
        "a": pd.Series(["Horní", "Horní", None, "Dolní", "Prostřední", "Nová"]),
        "b": pd.Series([1.5, 2.0]),
        "c": pd.Series(["x" * 50]),
        "d\x1b[2J": pd.Series([None], dtype="object"),
    }
    text = str(unclear(Path("f.gpkg"), values, what="the names", option="--name-column", found=[]))
    assert text.splitlines() == [
        "f.gpkg: no column looks like the names; say which one it is with --name-column COLUMN:",
        "  a: Horní, Dolní, Prostřední",
        "  b: 1.5, 2.0",
        "  c: " + "x" * 24 + "…",
        "  d\\x1b[2J: –",
    ]
    many = {f"c{i}": pd.Series([i]) for i in range(40)}
    text = str(unclear(Path("f"), many, what="the codes", option="--x", found=["c3", "c4"]))
    assert text.splitlines()[1:] == ["  c3: 3", "  c4: 4"]
    assert len(str(unclear(Path("f"), many, what="", option="", found=[])).splitlines()) == 22
