"""General point files through a mapping: the same incidents whatever the file's form."""

import json
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
from hotspots.errors import CRSError, NotFoundError, ParameterError, SchemaError, SourceError
from hotspots.ingest import Mapping, open_reader
from hotspots.ingest.batch import CHUNK_COLUMNS, SourceInfo
from hotspots.periods import Span

X, Y = -543455.674, -1050795.374
LON, LAT = 17.2046, 50.2294
COLUMNS = {"source_ref": "id", "occurred": "d", "x": "x", "y": "y"}


def mapping(**options):
    options = {"source": "town", "crs": "EPSG:5514", "columns": COLUMNS} | options
    return Mapping.from_options(values={"offence": "theft"}, **options)


def write(directory, content, *, name="file.csv", encoding="utf-8"):
    path = directory / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
    return path


def read_all(path, chosen, **options):
    reader = open_reader(path, mapping=chosen, **options)
    chunks = list(reader.chunks())
    for chunk in chunks:
        assert tuple(chunk.incidents.columns) == CHUNK_COLUMNS
        assert chunk.n_rows == len(chunk.incidents) + len(chunk.rejected)
        assert len(chunk.rows) == len(chunk.incidents)
        assert chunk.incidents.index.tolist() == list(range(len(chunk.incidents)))
    incidents = pd.concat([chunk.incidents for chunk in chunks], ignore_index=True)
    rejected = pd.concat([chunk.rejected for chunk in chunks], ignore_index=True)
    return incidents, rejected, reader


def test_good_and_bad_rows(tmp_path):
    content = (
        "id;d;x;y\n"
        f"1;5.3.2024 22:10;{X};{Y}\n"
        f"2;31.2.2024;{X};{Y}\n"
        "3;5.3.2024;;\n"
        "4;5.3.2024;-543455;\n"
        f"5;5.3.2024;{Y};{X}\n"
        f"6;;{X};{Y}\n"
        "7;5.3.2024;0;0\n"
        "8;5.3.2024;here;there\n"
        f"9;5.3.2024;-543 455,674;-1 050 795,374\n"
        f"10;5.3.2024;{LON};{LAT}\n"
        "11;5.3.20"
    )
    incidents, rejected, reader = read_all(write(tmp_path, content), mapping())
    assert incidents["source_ref"].tolist() == ["1", "3", "7", "9"]
    assert incidents["incident_id"].tolist()[0] == "town:1"
    assert incidents["x"].tolist()[::3] == [X, X]
    assert incidents["place_method"].tolist() == ["coordinates", "none", "none", "coordinates"]
    assert incidents["time_precision"].tolist() == ["minute", "day", "day", "day"]
    assert incidents["occurred_to"].astype(str).tolist()[1] == "2024-03-05 23:59:00"
    assert dict(zip(rejected["row"], rejected["reason"], strict=True)) == {
        3: "d '31.2.2024' is no day of the calendar; month 2/2024 has 29 days",
        5: "x is given and y is missing",
        6: "position x = -1050795.374, y = -543455.674 lies outside Czechia; x and y seem swapped",
        7: "there is no date",
        9: "x 'here' is not a number",
        11: "position x = 17.2046, y = 50.2294 lies outside Czechia; it seems to be in EPSG:4326",
        12: "the row has 2 of 4 columns and the file ends inside it: the file seems cut off; "
        "export or download it again",
    }
    assert rejected["raw"][0] == f"2;31.2.2024;{X};{Y}"
    assert reader.warnings == ["1 row has the coordinates 0, 0, taken as not placed"]
    assert (reader.format, reader.municipality, reader.stated_record) == ("csv", None, ())
    assert not incidents["displaced"].any()


def test_dtypes_follow_the_schema(tmp_path):
    incidents, _rejected, _reader = read_all(
        write(tmp_path, f"id;d;x;y\n1;5.3.2024;{X};{Y}\n"), mapping(record=(Span.parse("2024"),))
    )
    assert incidents.dtypes.astype(str).to_dict() == {
        name: "datetime64[s]"
        if name in {"occurred_from", "occurred_to", "reported_at"}
        else "float64"
        if name in {"x", "y", "place_precision_m"}
        else "bool"
        if name in {"displaced", "counted"}
        else "str"
        for name in CHUNK_COLUMNS
    }


@pytest.mark.parametrize(
    ("crs", "x", "y", "message"),
    [
        ("EPSG:4326", LAT, LON, r"x holds latitudes \(50.2294\) and y longitudes .* row 2: x = 50"),
        ("EPSG:5514", LAT, LON, r"x holds latitudes .*crs = \"EPSG:4326\""),
        ("EPSG:5514", -X, -Y, r"positive S-JTSK, not EPSG:5514; give crs = \"S-JTSK\""),
        ("EPSG:5514", -Y, -X, r"southing X \(1050795\) and y the westing .*crs = \"S-JTSK\""),
        ("EPSG:5514", Y, X, r"they are swapped; .*crs = \"EPSG:5514\""),
        ("S-JTSK", X, Y, r"with a minus sign, not EPSG:5513; give crs = \"EPSG:5514\""),
        ("S-JTSK", -Y, -X, r"they are swapped"),
        ("EPSG:5514", LON, LAT, r"are degrees .* give crs = \"EPSG:4326\""),
        ("EPSG:32633", LON, LAT, r"are degrees"),
    ],
)
def test_wrong_order_or_sign_is_recognised(tmp_path, crs, x, y, message):
    path = write(tmp_path, f"id;d;x;y\n1;5.3.2024;{x};{y}\n2;5.3.2024;{x};{y}\n")
    with pytest.raises(SourceError, match=message):
        read_all(path, mapping(crs=crs))


@pytest.mark.parametrize(
    ("x", "y", "name"), [(X, Y, "EPSG:5514"), (-X, -Y, "S-JTSK"), (LON, LAT, "EPSG:4326")]
)
def test_the_system_is_inferred_when_it_is_plain(tmp_path, x, y, name):
    path = write(tmp_path, f"id;d;x;y\n1;5.3.2024;{x};{y}\n2;5.3.2024;;\n")
    incidents, _rejected, reader = read_all(path, mapping(crs=""))
    assert incidents["x"][0] == pytest.approx(X, abs=0.01)
    assert incidents["y"][0] == pytest.approx(Y, abs=0.01)
    assert reader.warnings == [f"the coordinates were taken as {name}, as their values tell"]


def test_the_system_is_asked_for_when_it_is_not_plain(tmp_path):
    path = write(tmp_path, f"id;d;x;y\n1;5.3.2024;{X};{Y}\n2;5.3.2024;5;6\n")
    with pytest.raises(CRSError, match="is not stated and the values do not tell; give crs"):
        read_all(path, mapping(crs=""))
    path = write(tmp_path, f"id;d;x;y\n1;5.3.2024;{LAT};{LON}\n")
    with pytest.raises(SourceError, match="x holds latitudes"):
        read_all(path, mapping(crs=""))
    nothing = write(tmp_path, "id;d;x;y\n1;5.3.2024;;\n")
    incidents, _rejected, reader = read_all(nothing, mapping(crs=""))
    assert incidents["place_method"].tolist() == ["none"]
    assert reader.warnings == []


def test_offences_are_mapped_and_the_unknown_ones_listed(tmp_path):
    words = ["Krádež", "theft", "rvačka", "krádež; vandalismus", "", "rvačka"]
    content = "d;o;by\n" + "".join(f"5.3.2024;{word!r};Camera\n" for word in words)
    path = write(tmp_path, content.replace("'", '"').replace("Camera", "camera", 1))
    chosen = Mapping.from_options(
        source="town",
        columns={"date": "d", "offence": "o", "discovered_by": "by"},
        offences={"krádež": "theft", "vandalismus": "property"},
    )
    incidents, _rejected, reader = read_all(path, chosen)
    assert incidents["offence"].tolist() == [
        "theft",
        "theft",
        "other_offence",
        "property",
        "other_offence",
        "other_offence",
    ]
    assert incidents["offence_groups"][3] == "property;theft"
    assert incidents["offence_detail"].tolist() == words
    assert incidents["discovered_by"].unique().tolist() == ["camera"]
    assert reader.warnings[1:] == [
        "offences without a group in [offences], taken as other_offence: rvačka (2×), (empty) (1×)"
    ]
    chosen = Mapping.from_options(base=chosen, values={"offence": "traffic"})
    incidents, _rejected, reader = read_all(path, chosen)
    assert incidents["offence"][4] == "traffic"


def test_values_not_known_are_told(tmp_path):
    path = write(tmp_path, "d;t;by\n5.3.2024;večer;pes\n5.3.2024;25:00;patrol\n")
    chosen = Mapping.from_options(
        source="town",
        columns={"date": "d", "time": "t", "discovered_by": "by"},
        values={"offence": "theft"},
    )
    incidents, _rejected, reader = read_all(path, chosen)
    assert incidents["discovered_by"].tolist() == ["unknown", "patrol"]
    assert incidents["time_precision"].tolist() == ["day", "day"]
    assert reader.warnings[1:] == [
        "values of discovered_by that are not known, taken as unknown: pes (1×)",
        "times that were not understood, only the day was kept: večer (1×)",
    ]


@pytest.mark.parametrize("chunk_rows", [3, 100])
def test_a_column_of_midnights_is_a_column_of_dates(tmp_path, chunk_rows):
    rows = "".join(f"{i};2024-03-{i:02d} 00:00:00;;\n" for i in range(1, 13))
    path = write(tmp_path, "id;d;x;y\n0;2024-02-01;;\n" + rows)
    incidents, _rejected, reader = read_all(path, mapping(), chunk_rows=chunk_rows)
    assert incidents["time_precision"].unique().tolist() == ["day"]
    assert incidents["occurred_to"].dt.hour.unique().tolist() == [23]
    assert reader.warnings == ["all times are midnight, so they were taken as dates without a time"]


@pytest.mark.parametrize("chunk_rows", [3, 20, 100])
def test_one_other_time_anywhere_makes_every_midnight_a_time(tmp_path, chunk_rows):
    rows = "".join(f"{i};2024-03-{i:02d} 00:00;;\n" for i in range(1, 21))
    path = write(tmp_path, f"id;d;x;y\n{rows}21;2024-03-21 13:45;;\n")
    incidents, _rejected, reader = read_all(path, mapping(), chunk_rows=chunk_rows)
    assert incidents["time_precision"].unique().tolist() == ["minute"]
    assert incidents["occurred_from"].astype(str).tolist()[-1] == "2024-03-21 13:45:00"
    assert reader.warnings == []


def test_reported_alone_keeps_the_incident_without_a_time(tmp_path):
    path = write(tmp_path, "d;r;e\n;5.3.2024 8:00;\n5.3.2024;6.3.2024;4.3.2024\n5.3.2024;x;\n")
    chosen = Mapping.from_options(
        source="town",
        columns={"occurred": "d", "reported_at": "r", "occurred_to": "e"},
        values={"offence": "theft"},
    )
    incidents, rejected, _reader = read_all(path, chosen)
    assert incidents["time_precision"].tolist() == ["unknown"]
    assert incidents["occurred_from"].isna().all()
    assert incidents["reported_at"].astype(str).tolist() == ["2024-03-05 08:00:00"]
    assert rejected["row"].tolist() == [3, 4]
    assert "lies before the start" in rejected["reason"][0]


UNNAMED = {"occurred": "d", "x": "x", "y": "y"}


def references_of(tmp_path, content, chosen, **options):
    incidents, _rejected, reader = read_all(write(tmp_path, content), chosen, **options)
    return incidents["source_ref"].tolist(), reader.warnings


def test_rows_without_a_reference_get_one_from_their_content(tmp_path):
    content = (
        f"d;x;y\n5.3.2024 10:00;{X};{Y}\n5.3.2024 10:00;{X}0;{Y}\n6.3.2024 10:00;{X};{Y}\n"
        f"5.3.2024 10:00;{X};{Y - 1}\n"
    )
    chosen = mapping(columns=UNNAMED)
    references, warnings = references_of(tmp_path, content, chosen)
    assert references[0] == references[1]
    assert len(set(references)) == 3
    assert warnings == [
        "1 row without a reference repeats an earlier one in minute, coordinates, place and "
        "offence, so both are taken as one incident"
    ]
    again = content.replace(".2024", ". 2024")
    assert references_of(tmp_path, again, chosen)[0] == references


ALIKE = (
    f"5.3.2024;{X};{Y};krádež;Lipovská\n"  # no minute
    f"5.3.2024;{X};{Y};krádež;Lipovská\n"
    "5.3.2024 10:00;;;krádež;Lipovská\n"  # no coordinates
    "5.3.2024 10:00;;;krádež;Lipovská\n"
    "5.3.2024 10:00;;;krádež;Lipovská\n"
    "5.3.2024 10:00;;;rvačka;Lipovská\n"
    f"5.3.2024 10:00;{X};{Y};krádež;Lipovská\n"  # both
    f"5.3.2024 10:00;{X};{Y};krádež;Lipovská\n"
)
ALIKE_COLUMNS = UNNAMED | {"offence": "o", "place_text": "m"}


@pytest.mark.parametrize("chunk_rows", [1, 2, 100])
def test_alike_is_one_incident_only_where_minute_and_coordinates_say_so(tmp_path, chunk_rows):
    chosen = Mapping.from_options(source="town", crs="EPSG:5514", columns=ALIKE_COLUMNS)
    found, warnings = references_of(tmp_path, "d;x;y;o;m\n" + ALIKE, chosen, chunk_rows=chunk_rows)
    assert len(set(found)) == 7
    assert found[-1] == found[-2]
    assert warnings[0].startswith("1 row without a reference repeats an earlier one in minute")
    assert warnings[1].startswith(
        "3 rows without a reference are like earlier ones, but minute or coordinates are not known"
    )
    backwards = "".join(reversed(ALIKE.splitlines(keepends=True)))
    again, _warnings = references_of(tmp_path, "d;x;y;o;m\n" + backwards, chosen)
    assert sorted(again) == sorted(found)


def test_rejected_rows_do_not_number_those_that_are_kept(tmp_path):
    chosen = mapping(columns=UNNAMED)
    good, bad = "d;x;y\n5.3.2024;;\n", "d;x;y\n5.3.2024;1;1\n5.3.2024;;\n"
    assert references_of(tmp_path, good, chosen)[0] == references_of(tmp_path, bad, chosen)[0]


def test_a_better_mapping_finds_the_incidents_again(tmp_path):
    content = f"d;x;y;o;s;n\n5.3.2024;{X};{Y};krádež;open;a\n5.3.2024;{X};{Y};jiné;open;b\n"
    columns = UNNAMED | {"offence": "o"}
    plain = Mapping.from_options(source="town", columns=columns, crs="EPSG:5514")
    better = Mapping.from_options(
        source="town",
        columns=columns | {"status": "s", "note": "n"},
        crs="EPSG:5514",
        offences={"krádež": "theft"},
        values={"place_text": "Jeseník"},
    )
    first = references_of(tmp_path, content, plain)[0]
    assert references_of(tmp_path, content, better)[0] == first
    closed = content.replace("open", "closed").replace(";a", ";c")
    assert references_of(tmp_path, closed, better)[0] == first


@pytest.mark.parametrize("chunk_rows", [1, 3, 100])
def test_chunks_do_not_change_the_result(tmp_path, chunk_rows):
    content = "id;d;x;y\n" + "".join(f"{i};{i}.3.2024;{X + i};{Y}\n" for i in range(1, 40))
    path = write(tmp_path, content)
    whole = read_all(path, mapping())
    parts = read_all(path, mapping(), chunk_rows=chunk_rows)
    pd.testing.assert_frame_equal(whole[0], parts[0])
    pd.testing.assert_frame_equal(whole[1], parts[1])


def test_a_reader_can_be_read_twice(tmp_path):
    path = write(tmp_path, "id;d;x;y\n1;5.3.2024;0;0\n")
    reader = open_reader(path, mapping=mapping())
    first, second = (next(reader.chunks()).incidents for _time in range(2))
    pd.testing.assert_frame_equal(first, second)
    list(reader.chunks())
    assert len(reader.warnings) == 1


def test_faults_of_the_mapping_against_the_file(tmp_path):
    path = write(tmp_path, "ident;d;x;y\n1;5.3.2024;0;0\n")
    with pytest.raises(SchemaError, match=r"no column 'idnt' .*did you mean 'ident'.*Columns: ide"):
        open_reader(path, mapping=mapping(columns=COLUMNS | {"source_ref": "idnt"}))
    with pytest.raises(SchemaError, match="no column with the date is mapped"):
        open_reader(path, mapping=mapping(columns={"source_ref": "ident"}))
    with pytest.raises(ParameterError, match="the source is not named"):
        open_reader(path, mapping=Mapping(columns={"date": "d"}))
    with pytest.raises(ParameterError, match="source 'Naše město' is no source name"):
        open_reader(path, mapping=mapping(), source="Naše město")
    with pytest.raises(ParameterError, match="chunk_rows must be above zero, got 0"):
        open_reader(path, mapping=mapping(), chunk_rows=0)
    with pytest.raises(SchemaError, match=r"(?s)Columns: ident, d, x, y.*\[columns\]\nx = \"x\""):
        open_reader(path)
    with pytest.raises(CRSError, match="'EPSG:99' is no coordinate system"):
        open_reader(path, mapping=mapping(columns={"date": "d"}, crs="EPSG:99"))
    assert open_reader(path, mapping=mapping(columns={"date": "d"}), source="b").source == (
        SourceInfo("b", "other", "b", "")
    )


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.csv", b"%PDF-1.7\n", "a.csv is a PDF document, not a table"),
        ("a.csv", b"\x89PNG\r\n\x1a\n", "a PNG picture"),
        ("a.csv", b"MZ\x90\x00", "a Windows program"),
        ("a.xls", b"\xd0\xcf\x11\xe0\xa1\xb1", "an old Office document"),
        ("a.csv", b"PK\x03\x04", "rename it to end in .xlsx"),
        ("a.csv", b"SQLite format 3\x00", "rename it to end in .gpkg"),
        ("a.csv", b"", "a.csv is empty"),
        ("a.csv", b"\xef\xbb\xbf\r\n\r\n", "a.csv is empty"),
        ("a.xlsx", b"id;d\n", "a.xlsx is not what its name says"),
        ("a.gpkg", b"id;d\n", "a.gpkg is not what its name says"),
        ("a.xlsx", b"PK\x03\x04 and no more", "it seems damaged or cut off"),
        ("a.shp", b"x", "files ending in '.shp' are not read; known are .csv"),
        ("a.csv", b"id;d\n1;\x81\n", "is not written in cp1250: byte 7 does not fit"),
        ("a.geojson", b'{"type": "Feature"}', "is JSON but no GeoJSON FeatureCollection"),
        ("a.geojson", b"hello", "is not whole GeoJSON"),
    ],
)
def test_files_that_are_no_table(tmp_path, name, content, message):
    with pytest.raises(SourceError, match=message):
        open_reader(write(tmp_path, content, name=name), mapping=mapping())


def test_missing_files_and_directories(tmp_path):
    with pytest.raises(SourceError, match="there is no such file"):
        open_reader(tmp_path / "absent.csv")
    with pytest.raises(SourceError, match="is a directory"):
        open_reader(tmp_path)


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
    with pytest.raises(SchemaError, match="has several sheets: Sheet, Jiný; name one"):
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
    monkeypatch.setattr("hotspots.ingest.archive.UNPACKED_LIMIT", 1000)
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
        open_reader(path, mapping=mapping(columns=LAYER_COLUMNS, crs="EPSG:4326"))


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
