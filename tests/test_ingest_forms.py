"""Workbooks, layers and GeoJSON: the same incidents whatever the file's form."""

import json
import zipfile
from datetime import date, datetime, time

import geopandas as gpd
import numpy as np
import openpyxl
import pandas as pd
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hotspots.crs import to_5514
from hotspots.errors import CRSError, NotFoundError, SchemaError, SourceError
from hotspots.ingest import open_reader
from tests.reading import LAT, LON, X, Y, mapping, read_all, write


# --- workbooks -----------------------------------------------------------------------------
def make_workbook(path, rows, *, extra=()):
    book = openpyxl.Workbook()
    sheet = book.active
    for row in rows:
        sheet.append(row)
    for name in extra:
        book.create_sheet(name).append(["id"])
    book.save(path)
    return path


def test_workbook_values(tmp_path):
    rows = [
        ["id", "d", "t", "x", "y"],
        [1, datetime(2024, 3, 5, 22, 10), None, X, Y],  # noqa: DTZ001
        [2, date(2024, 3, 5), time(7, 30), X, Y],
        [None, None, None, None, None],
        [3.0, "5. 3. 2024", "25:00", str(X).replace(".", ","), Y],
        [4, date(2024, 3, 5), None, X, Y, "too much"],
    ]
    path = make_workbook(tmp_path / "a.xlsx", rows)
    chosen = mapping(columns={"source_ref": "id", "date": "d", "time": "t", "x": "x", "y": "y"})
    incidents, rejected, _reader = read_all(path, chosen)
    assert incidents["source_ref"].tolist() == ["1", "2", "3"]
    assert incidents["time_precision"].tolist() == ["minute", "minute", "day"]
    assert incidents["occurred_from"].astype(str).tolist() == [
        "2024-03-05 22:10:00",
        "2024-03-05 07:30:00",
        "2024-03-05 00:00:00",
    ]
    assert incidents["x"].tolist() == [X, X, X]
    assert rejected["row"].tolist() == [6]
    assert rejected["reason"][0] == "the row has a value in column 6, beyond the 5 of the header"


def test_workbook_sheets(tmp_path):
    rows = [["id", "d", "x", "y"], [1, date(2024, 3, 5), X, Y]]
    path = make_workbook(tmp_path / "a.xlsx", rows, extra=["Jiný"])
    with pytest.raises(SchemaError, match="has several sheets: Sheet, Jiný; name the one"):
        open_reader(path, mapping=mapping())
    with pytest.raises(NotFoundError, match="has no sheet 'List1'; its sheets are Sheet, Jiný"):
        open_reader(path, mapping=mapping(sheet="List1"))
    assert len(read_all(path, mapping(sheet="Sheet"))[0]) == 1
    with pytest.raises(SchemaError, match="holds a header only"):
        open_reader(path, mapping=mapping(sheet="Jiný"))
    with pytest.raises(SourceError, match="is empty"):
        open_reader(make_workbook(tmp_path / "b.xlsx", []), mapping=mapping())


def test_blank_rows_above_the_header_of_a_workbook(tmp_path):
    rows = [[], [], ["id", "d", "x", "y"], [], [1, date(2024, 3, 5), X, Y], [2, "x", X, Y]]
    incidents, rejected, _reader = read_all(make_workbook(tmp_path / "a.xlsx", rows), mapping())
    assert incidents["source_ref"].tolist() == ["1"]
    assert rejected["row"].tolist() == [6]


def test_a_workbook_cut_off_or_swollen(tmp_path, monkeypatch):
    rows = [["id", "d", "x", "y"], *([i, date(2024, 3, 5), X, Y] for i in range(500))]
    path = make_workbook(tmp_path / "a.xlsx", rows)
    monkeypatch.setattr("hotspots.archive.UNPACKED_LIMIT", 1000)
    with pytest.raises(SourceError, match="would unpack to"):
        open_reader(path, mapping=mapping())
    path.write_bytes(path.read_bytes()[:3000])
    with pytest.raises(SourceError, match="it seems damaged or cut off"):
        open_reader(path, mapping=mapping())


# --- layers --------------------------------------------------------------------------------
def make_layer(path, geometry, *, crs="EPSG:5514", layer="points", **columns):
    n = len(geometry)
    frame = gpd.GeoDataFrame(
        {"id": range(1, n + 1), "d": ["2024-03-05"] * n} | columns, geometry=geometry, crs=crs
    )
    frame.to_file(path, layer=layer)
    return path


LAYER_COLUMNS = {"source_ref": "id", "occurred": "d"}


def test_layer_geometry_kinds(tmp_path):
    shapes = [
        shapely.Point(X, Y),
        shapely.MultiPoint([(X, Y)]),
        shapely.LineString([(X, Y), (X + 1, Y)]),
        None,
        shapely.Point(X, Y, 5.0),
    ]
    path = make_layer(tmp_path / "a.gpkg", shapes)
    incidents, rejected, _reader = read_all(path, mapping(columns=LAYER_COLUMNS, crs=""))
    assert incidents["source_ref"].tolist() == ["1", "2", "4", "5"]
    assert incidents["x"].dropna().tolist() == [X, X, X]
    assert incidents["place_method"].tolist()[2] == "none"
    assert rejected["row"].tolist() == [3]
    assert rejected["reason"][0] == "the geometry is a LineString; an incident needs a Point"


@pytest.mark.filterwarnings("ignore:'crs' was not provided")
def test_a_layer_without_crs_needs_one(tmp_path):
    path = make_layer(tmp_path / "a.gpkg", [shapely.Point(X, Y)], crs=None)
    with pytest.raises(CRSError, match="the layer has no coordinate system; set one in QGIS"):
        open_reader(path, mapping=mapping(columns=LAYER_COLUMNS, crs=""))
    incidents, _rejected, _reader = read_all(path, mapping(columns=LAYER_COLUMNS))
    assert incidents["x"].tolist() == [X]


def test_a_layer_contradicting_the_mapping(tmp_path):
    path = make_layer(tmp_path / "a.gpkg", [shapely.Point(X, Y)])
    with pytest.raises(CRSError, match="is in EPSG:5514, but the mapping says EPSG:4326"):
        read_all(path, mapping(columns=LAYER_COLUMNS, crs="EPSG:4326"))


def test_layers_of_a_geopackage(tmp_path):
    path = make_layer(tmp_path / "a.gpkg", [shapely.Point(X, Y)])
    make_layer(path, [shapely.Point(X, Y)] * 2, layer="more")
    chosen = mapping(columns=LAYER_COLUMNS, crs="")
    with pytest.raises(SchemaError, match="has several layers: points, more"):
        open_reader(path, mapping=chosen)
    with pytest.raises(NotFoundError, match="has no layer 'less'; its layers are points, more"):
        open_reader(path, mapping=mapping(columns=LAYER_COLUMNS, layer="less"))
    chosen = mapping(columns=LAYER_COLUMNS, crs="", layer="more")
    assert len(read_all(path, chosen, chunk_rows=1)[0]) == 2


def test_a_geopackage_cut_off(tmp_path):
    path = make_layer(tmp_path / "a.gpkg", [shapely.Point(X, Y)] * 500)
    path.write_bytes(path.read_bytes()[:-5000])
    with pytest.raises(SourceError, match=r"a.gpkg is cut off"):
        open_reader(path, mapping=mapping(columns=LAYER_COLUMNS))
    path.write_bytes(b"SQLite format 3\x00" + b"\x00" * 200)
    with pytest.raises(SourceError, match="cannot be read as a GeoPackage, it seems damaged"):
        open_reader(path, mapping=mapping(columns=LAYER_COLUMNS))


# --- GeoJSON -------------------------------------------------------------------------------
def features(*geometries, **members):
    listed = [
        {"type": "Feature", "id": i, "properties": {"d": "2024-03-05"}, "geometry": geometry}
        for i, geometry in enumerate(geometries, start=1)
    ]
    return json.dumps({"type": "FeatureCollection", **members, "features": listed})


def test_geojson_geometry_kinds_and_crs(tmp_path):
    point = {"type": "Point", "coordinates": [LON, LAT]}
    line = {"type": "LineString", "coordinates": [[LON, LAT], [LON, LAT]]}
    wrong = {"type": "Point", "coordinates": ["a", None]}
    text = features(point, None, line, wrong, {"type": "MultiPoint", "coordinates": [[LON, LAT]]})
    chosen = mapping(columns=LAYER_COLUMNS, crs="")
    incidents, rejected, _reader = read_all(write(tmp_path, text, name="a.geojson"), chosen)
    assert incidents["source_ref"].tolist() == ["1", "2", "5"]
    assert incidents["x"][0] == pytest.approx(X, abs=0.01)
    assert rejected["row"].tolist() == [3, 4]
    assert "needs a Point" in rejected["reason"][0]
    assert "no two numbers" in rejected["reason"][1]
    metres = {"type": "Point", "coordinates": [X, Y]}
    path = write(tmp_path, features(metres), name="b.geojson")
    with pytest.raises(SourceError, match=r"metres of S-JTSK with a minus sign, not EPSG:4326"):
        read_all(path, chosen)
    assert read_all(path, mapping(columns=LAYER_COLUMNS))[0]["x"].tolist() == [X]
    crs = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::5514"}}
    path = write(tmp_path, features(metres, crs=crs), name="c.geojson")
    assert read_all(path, chosen)[0]["x"].tolist() == [X]
    path = write(tmp_path, features(metres, crs={"properties": {"name": "?"}}), name="d.geojson")
    with pytest.raises(CRSError, match=r"'\?' is no coordinate system"):
        open_reader(path, mapping=chosen)


def test_geojson_cut_off_anywhere_is_refused(tmp_path):
    text = features(*[{"type": "Point", "coordinates": [LON, LAT]}] * 3)
    chosen = mapping(columns=LAYER_COLUMNS, crs="")
    for n in range(1, len(text), 7):
        path = write(tmp_path, text[:n], name="a.geojson")
        with pytest.raises(SourceError, match="is not whole GeoJSON"):
            read_all(path, chosen)
    with pytest.raises(SchemaError, match="holds no features"):
        read_all(write(tmp_path, features(), name="a.geojson"), chosen)


def test_geojson_larger_than_the_buffer(tmp_path, monkeypatch):
    monkeypatch.setattr("hotspots.ingest.features._READ", 7)
    text = features(*[{"type": "Point", "coordinates": [LON, LAT]}] * 3)
    path = write(tmp_path, text, name="a.geojson")
    assert len(read_all(path, mapping(columns=LAYER_COLUMNS, crs=""))[0]) == 3


def test_a_property_that_first_appears_late_is_read(tmp_path):
    listed = [
        {"type": "Feature", "properties": {"d": "2024-03-05"} | more, "geometry": None}
        for more in [{}] * 1200 + [{"ulice": "Lipovská"}]
    ]
    text = json.dumps({"type": "FeatureCollection", "features": listed})
    chosen = mapping(columns={"occurred": "d", "place_text": "ulice"}, crs="")
    incidents, _rejected, _reader = read_all(write(tmp_path, text, name="a.geojson"), chosen)
    assert incidents["place_text"].tolist()[-1] == "Lipovská"


# --- the same content in every form --------------------------------------------------------
@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=15, deadline=None
)
@given(
    st.lists(
        st.tuples(
            st.dates(date(1990, 1, 1), date(2025, 12, 31)),
            st.floats(17.0, 17.4),
            st.floats(50.1, 50.3),
        ),
        min_size=1,
        max_size=8,
    )
)
def test_rows_in_are_rows_out_whatever_their_order(tmp_path, rows):
    listed = [f"{i};{day:%d.%m.%Y};{x:.7f};{y:.7f}" for i, (day, x, y) in enumerate(rows)]
    chosen = mapping(crs="EPSG:4326")
    one = read_all(write(tmp_path, "\n".join(["id;d;x;y", *listed])), chosen)[0]
    two = read_all(write(tmp_path, "\n".join(["id;d;x;y", *listed[::-1]])), chosen)[0]
    assert len(one) == len(rows)
    pd.testing.assert_frame_equal(
        one.sort_values("source_ref", ignore_index=True),
        two.sort_values("source_ref", ignore_index=True),
    )
    x, y = to_5514(
        np.array([round(row[1], 7) for row in rows]),
        np.array([round(row[2], 7) for row in rows]),
        crs=4326,
    )
    np.testing.assert_allclose(one["x"], x, atol=0.01)
    np.testing.assert_allclose(one["y"], y, atol=0.01)


ACCIDENTS = {"source_ref": "p1", "date": "date", "time": "time", "place_text": "ulice"}
IN_METRES = ACCIDENTS | {"x": "x_jtsk", "y": "y_jtsk"}


@pytest.mark.reference
def test_real_accidents_in_every_form(shared, tmp_path):
    path = shared / "data/jesenik/jesenik_nehody_2016_2024.gpkg"
    by_columns = mapping(columns=IN_METRES)
    incidents, rejected, reader = read_all(path, by_columns)
    assert (len(incidents), len(rejected)) == (983, 0)
    assert incidents["time_precision"].value_counts().to_dict() == {"minute": 856, "day": 127}
    assert incidents["source_ref"].is_unique
    assert (incidents["place_text"] != "").sum() == 566
    assert reader.warnings == []
    by_geometry, rejected, _reader = read_all(path, mapping(columns=ACCIDENTS, crs=""))
    assert (len(by_geometry), len(rejected)) == (983, 0)
    away = np.hypot(by_geometry["x"] - incidents["x"], by_geometry["y"] - incidents["y"])
    assert away.max() < 0.1

    frame = gpd.read_file(path)
    table = pd.DataFrame(frame.drop(columns="geometry"))
    table.to_csv(tmp_path / "a.csv", index=False)
    table.to_csv(tmp_path / "b.csv", index=False, sep=";", decimal=",", encoding="cp1250")
    table.to_csv(tmp_path / "c.tsv", index=False, sep="\t", encoding="utf-16")
    table.to_excel(tmp_path / "d.xlsx", index=False)
    for name in ("a.csv", "b.csv", "c.tsv", "d.xlsx"):
        same, rejected, _reader = read_all(tmp_path / name, by_columns)
        assert len(rejected) == 0, name
        pd.testing.assert_frame_equal(same, incidents, obj=name)
    frame.to_file(tmp_path / "e.geojson")
    same, rejected, _reader = read_all(tmp_path / "e.geojson", mapping(columns=ACCIDENTS, crs=""))
    away = np.hypot(same["x"] - incidents["x"], same["y"] - incidents["y"])
    assert (len(same), len(rejected)) == (983, 0)
    assert away.max() < 0.1


# --- workbooks as people make them -------------------------------------------------------------
def edit_sheet(path, *changes):
    """Change texts of the first sheet's XML, as another program would have written it."""
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    name = "xl/worksheets/sheet1.xml"
    for old, new in changes:
        assert old in members[name].decode()
        members[name] = members[name].decode().replace(old, new).encode()
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for member, content in members.items():
            archive.writestr(member, content)
    return path


SHEET = [["id", "d", "x", "y", "other"], [1, "5.3.2024", X, Y, "a"], [2, "6.3.2024", X, Y, "b"]]


def test_formulas_count_as_their_values_and_those_without_one_are_named(tmp_path):
    rows = [*SHEET, [3, "=1+1", X, Y, "c"], [4, "7.3.2024", X, Y, "=1+1"], ["=4+1", 45357, X, Y]]
    path = make_workbook(tmp_path / "a.xlsx", rows)
    edit_sheet(path, ("<f>4+1</f><v />", "<f>4+1</f><v>5</v>"))
    incidents, rejected, _reader = read_all(path, mapping())
    assert incidents["source_ref"].tolist() == ["1", "2", "4", "5"]
    assert rejected["row"].tolist() == [4]
    assert rejected["reason"][0].startswith("d: a cell holds a formula of which the file keeps no")


def test_cells_with_errors_and_cells_without_end(tmp_path):
    path = make_workbook(tmp_path / "a.xlsx", [*SHEET, [3, "8.3.2024", X, Y, "long"]])
    edit_sheet(
        path,
        ("<t>long</t>", f"<t>{'c' * 40_000}</t>"),
        ('t="inlineStr"><is><t>6.3.2024</t></is>', 't="e"><v>#REF!</v>'),
    )
    incidents, rejected, _reader = read_all(path, mapping())
    assert incidents["source_ref"].tolist() == ["1", "3"]
    assert rejected["reason"][0].startswith("d: a cell holds the error #REF!; correct its formula")
    chosen = mapping(columns=mapping().columns | {"note": "other"})
    _incidents, rejected, _reader = read_all(path, chosen)
    assert rejected["row"].tolist() == [3, 4]
    assert "a cell holds 40,000 characters, more than the 32,767" in rejected["reason"][1]
    assert len(rejected["raw"][1]) < 500


def test_hidden_sheets_are_left_out_and_hidden_rows_and_columns_read(tmp_path):
    path = make_workbook(tmp_path / "a.xlsx", SHEET, extra=["číselník"])
    book = openpyxl.load_workbook(path)
    book["číselník"].sheet_state = "hidden"
    book["Sheet"].row_dimensions[2].hidden = True
    book["Sheet"].column_dimensions["C"].hidden = True
    book.save(path)
    incidents, _rejected, reader = read_all(path, mapping())
    assert len(incidents) == 2
    assert reader.warnings == [
        "hidden sheets were not read: číselník; to read one, name it",
        "the sheet has 1 hidden row and hidden columns; they were read as the others",
    ]
    with pytest.raises(SchemaError, match="holds a header only"):
        open_reader(path, mapping=mapping(sheet="číselník"))


def test_titles_and_merged_cells(tmp_path):
    book = openpyxl.Workbook()
    sheet = book.active
    for row in (
        ["Hlášení asistentů prevence kriminality"],
        [],
        ["Č.", "Kdy", None, "Kde", None],
        [None, "den", "čas", "y", "x"],
        [1, date(2024, 3, 5), "22-23:30", -X, -Y],
        [2, None, time(7, 30), -X, -Y],
        ["Celkem", 2],
    ):
        sheet.append(row)
    for cells in ("A1:E1", "A3:A4", "B3:C3", "D3:E3", "B5:B6"):
        sheet.merge_cells(cells)
    path = tmp_path / "a.xlsx"
    book.save(path)
    columns = {"source_ref": "Č.", "date": "Kdy den", "time": "Kdy čas"}
    chosen = mapping(crs="", columns=columns | {"x": "Kde y", "y": "Kde x"})
    incidents, rejected, _reader = read_all(path, chosen)
    assert incidents["time_precision"].tolist() == ["span"]
    assert rejected["reason"].tolist() == ["there is no date", "a row of totals, no incident"]


def test_dates_and_times_as_bare_numbers(tmp_path):
    rows = [["id", "d", "t", "x", "y"], [1, 45356, 0.25, X, Y], [2, 45356.5, None, X, Y]]
    path = make_workbook(tmp_path / "a.xlsx", rows)
    chosen = mapping(columns={"source_ref": "id", "date": "d", "time": "t", "x": "x", "y": "y"})
    incidents, _rejected, _reader = read_all(path, chosen)
    assert incidents["occurred_from"].astype(str).tolist() == [
        "2024-03-05 06:00:00",
        "2024-03-05 12:00:00",
    ]


def test_a_workbook_of_too_many_texts_is_refused(tmp_path, monkeypatch):
    path = make_workbook(tmp_path / "a.xlsx", SHEET)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("xl/sharedStrings.xml", "<sst/>" * 10)
    monkeypatch.setattr("hotspots.ingest.workbook.STRINGS_LIMIT", 10)
    with pytest.raises(SourceError, match="save the table as CSV or split it"):
        open_reader(path, mapping=mapping())


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.xls", b"\xd0\xcf\x11\xe0", "an old Office document .* export the data as CSV, XLSX"),
        ("a.ods", b"PK\x03\x04", r"files ending in '.ods' are not read; known are .csv.*\.xlsx"),
    ],
)
def test_other_spreadsheets_are_refused_with_a_cure(tmp_path, name, content, message):
    with pytest.raises(SourceError, match=message):
        open_reader(write(tmp_path, content, name=name), mapping=mapping())
