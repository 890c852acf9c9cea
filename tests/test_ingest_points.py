"""General point files through a mapping: the same incidents whatever the file's form."""

import pandas as pd
import pytest

from hotspots.errors import CRSError, ParameterError, SchemaError, SourceError
from hotspots.ingest import Mapping, open_reader
from hotspots.ingest.batch import CHUNK_COLUMNS, SourceInfo
from hotspots.periods import Span
from tests.reading import COLUMNS, LAT, LON, X, Y, mapping, read_all, write


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
    nothing = write(tmp_path, "id;d;x;y\n1;5.3.2024;;\n")
    incidents, _rejected, reader = read_all(nothing, mapping(crs=""))
    assert incidents["place_method"].tolist() == ["none"]
    assert reader.warnings == []


@pytest.mark.parametrize(
    ("x", "y", "text"),
    [
        (LAT, LON, "EPSG:4326 with the latitude first and the longitude second"),
        (Y, X, "EPSG:5514 with the southing X first and the westing Y second"),
        (-Y, -X, "S-JTSK with the southing X first and the westing Y second"),
    ],
)
def test_the_other_order_is_read_and_said_where_nothing_is_stated(tmp_path, x, y, text):
    rows = "".join(f"{i};5.3.2024;{x};{y}\n" for i in range(5))
    path = write(tmp_path, f"id;d;x;y\n{rows}9;5.3.2024;{y};{x}\n")
    incidents, rejected, reader = read_all(path, mapping(crs=""))
    assert incidents["x"].to_numpy() == pytest.approx(X, abs=0.01)
    assert incidents["y"].to_numpy() == pytest.approx(Y, abs=0.01)
    assert rejected["row"].tolist() == [7]
    assert rejected["reason"][0].endswith("lies outside Czechia; x and y seem swapped")
    assert reader.warnings == [f"the coordinates were taken as {text}, as their values tell"]


CELLS = {"source_ref": "id", "occurred": "d", "coordinates": "gps"}


@pytest.mark.parametrize(
    "cell",
    [
        "50.2294, 17.2046",
        "50,2294; 17,2046",
        "50,2294, 17,2046",
        "50,2294 17,2046",
        "50.2294,17.2046",
        "17.2046 50.2294",
        "loc: 50.2294N, 17.2046E",
        "N 50.2294 E 17.2046",
        "S 50.2294°, V 17.2046°",
        "50.2294° 17.2046°",
        "50°13'45.84\"N 17°12'16.56\"E",
        "50°13′45,84″ s. š., 17°12′16,56″ v. d.",
        "50°13'45.84''N, 17°12'16.56''E",
        "50 13 45.84 N 17 12 16.56 E",
        "N 50° 13.764', E 17° 12.276'",
        "https://mapy.cz/zakladni?x=17.2046&y=50.2294&z=17",
        "https://www.google.com/maps/place/Jesen%C3%ADk/@50.2294,17.2046,17z",
        "https://maps.google.com/?q=50.2294,17.2046",
        "geo:50.2294,17.2046",
        "-543455.674 -1050795.374",
        "543455,674 1050795,374",
        "1 050 795,374 / 543 455,674",
        "Y=543455.674 X=1050795.374",
    ],
)
def test_both_coordinates_in_one_cell(tmp_path, cell):
    quoted = cell.replace('"', '""')
    path = write(tmp_path, f'id;d;gps\n1;5.3.2024;"{quoted}"\n2;5.3.2024;\n3;5.3.2024;-\n')
    incidents, rejected, _reader = read_all(path, mapping(crs="", columns=CELLS))
    assert rejected.empty
    assert incidents["x"][0] == pytest.approx(X, abs=0.05)
    assert incidents["y"][0] == pytest.approx(Y, abs=0.05)
    assert incidents["place_method"].tolist() == ["coordinates", "none", "none"]


@pytest.mark.parametrize(
    "cell",
    ["Jeseník", "50.2294", "1, 2, 3", "50°73'N 17°12'E", "50.2N 17.2N", "https://mapy.cz/s/abc"],
)
def test_cells_that_are_no_coordinates_reject_their_row(tmp_path, cell):
    path = write(tmp_path, f'id;d;gps\n1;5.3.2024;"{cell}"\n2;5.3.2024;50.2294N 17.2046E\n')
    incidents, rejected, _reader = read_all(path, mapping(crs="", columns=CELLS))
    assert incidents["source_ref"].tolist() == ["2"]
    assert f"gps '{cell}' are no coordinates that are understood" in rejected["reason"][0]


def test_a_system_that_is_stated_still_leaves_the_order_of_a_cell(tmp_path):
    path = write(tmp_path, "id;d;gps\n1;5.3.2024;50.2294, 17.2046\n")
    incidents, _rejected, reader = read_all(path, mapping(crs="EPSG:4326", columns=CELLS))
    assert incidents["x"][0] == pytest.approx(X, abs=0.05)
    assert reader.warnings == []
    with pytest.raises(SourceError, match=r'are EPSG:4326, but .* give crs = "EPSG:4326"'):
        read_all(path, mapping(crs="S-JTSK", columns=CELLS))


def test_degrees_with_marks_in_two_columns(tmp_path):
    path = write(tmp_path, "id;d;x;y\n1;5.3.2024;17°12'16,56'';50.2294° N\n2;5.3.2024;-;?\n")
    incidents, rejected, reader = read_all(path, mapping(crs=""))
    assert rejected.empty
    assert incidents["x"][0] == pytest.approx(X, abs=0.05)
    assert incidents["place_method"].tolist() == ["coordinates", "none"]
    assert reader.warnings == ["the coordinates were taken as EPSG:4326, as their values tell"]


@pytest.mark.parametrize(
    ("text", "street", "number", "part", "joined"),
    [
        ("", "Lipovská", "12", "Bukovice", "Lipovská 12, Bukovice"),
        ("", "Lipovská", "12.0", "", "Lipovská 12"),
        ("", "Lipovská", "", "-", "Lipovská"),
        ("", "", "12", "Bukovice", "Bukovice 12"),
        ("", "", "12", "", "č. p. 12"),
        ("u parku", "Lipovská", "12", "Bukovice", "Lipovská 12, u parku, Bukovice"),
        ("Lipovska", "Lipovská", "12/3", "", "Lipovská 12/3"),
        ("Lipovská", "", "12", "Bukovice", "Lipovská 12, Bukovice"),
        ("neuvedeno", "", "0", "", ""),
    ],
)
def test_a_place_is_put_together_from_its_columns(tmp_path, text, street, number, part, joined):
    path = write(tmp_path, f"d;m;u;c;p\n5.3.2024;{text};{street};{number};{part}\n")
    columns = {"occurred": "d", "place_text": "m", "street": "u", "house_number": "c"}
    incidents, _rejected, _reader = read_all(path, mapping(columns=columns | {"town_part": "p"}))
    assert incidents["place_text"].tolist() == [joined]
    assert incidents["place_method"].tolist() == ["none"]


def test_a_row_of_totals_is_no_incident(tmp_path):
    path = write(tmp_path, f"id;d;x;y\n1;5.3.2024;{X};{Y}\nCelkem;;1;\n;Součet: 1;;\n")
    incidents, rejected, _reader = read_all(path, mapping())
    assert incidents["source_ref"].tolist() == ["1"]
    assert rejected["reason"].tolist() == ["a row of totals, no incident"] * 2


def test_offences_are_mapped_and_the_unknown_ones_listed(tmp_path):
    words = ["Krádež", "theft", "záhada", "krádež; vandalismus", "", "záhada"]
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
        "offences that no table gives a group, counted among other offences: záhada (2×), "
        "(empty) (1×)"
    ]
    chosen = Mapping.from_options(base=chosen, values={"offence": "traffic"})
    incidents, _rejected, reader = read_all(path, chosen)
    assert incidents["offence"][4] == "traffic"


def test_values_not_known_are_told(tmp_path):
    path = write(tmp_path, "d;t;by\n5.3.2024;za šera;pes\n5.3.2024;25:00;patrol\n")
    chosen = Mapping.from_options(
        source="town",
        columns={"date": "d", "time": "t", "discovered_by": "by"},
        values={"offence": "theft"},
    )
    incidents, _rejected, reader = read_all(path, chosen)
    assert incidents["discovered_by"].tolist() == ["unknown", "patrol"]
    assert incidents["time_precision"].tolist() == ["day", "day"]
    assert reader.warnings[1:] == [
        "ways of discovery that are not known, taken as unknown: pes (1×)",
        "times that were not understood, only the day was kept: za šera (1×)",
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
def test_many_midnights_among_times_are_dates(tmp_path, chunk_rows):
    rows = "".join(f"{i};2024-03-{i:02d} 00:00;;\n" for i in range(1, 21))
    path = write(tmp_path, f"id;d;x;y\n{rows}21;2024-03-21 13:45;;\n")
    incidents, _rejected, reader = read_all(path, mapping(), chunk_rows=chunk_rows)
    assert incidents["time_precision"].tolist() == ["day"] * 20 + ["minute"]
    assert incidents["occurred_from"].astype(str).tolist()[-1] == "2024-03-21 13:45:00"
    assert reader.warnings == [
        "20 of 21 times are exactly midnight, more than happens by chance; they were taken as "
        "dates without a time"
    ]


@pytest.mark.parametrize("chunk_rows", [3, 100])
def test_a_few_midnights_among_times_are_kept_and_told(tmp_path, chunk_rows):
    rows = "".join(f"{i};2024-03-{i:02d} 13:45;;\n" for i in range(1, 10))
    path = write(tmp_path, f"id;d;x;y\n0;2024-03-21 0:00;;\n{rows}")
    incidents, _rejected, reader = read_all(path, mapping(), chunk_rows=chunk_rows)
    assert incidents["time_precision"].unique().tolist() == ["minute"]
    assert reader.warnings == [
        "1 of 10 times is exactly midnight; it was kept as a time, but may stand for one that "
        "nobody wrote down"
    ]


def test_reported_alone_keeps_the_incident_without_a_time(tmp_path):
    path = write(tmp_path, "d;r;e\n;5.3.2024 8:00;\n5.3.2024;6.3.2024;4.3.2024\n5.3.2024;soon;\n")
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
    with pytest.raises(
        SchemaError, match=r"no column “idnt”, .* Did you mean “ident”\?.*Columns: ide"
    ):
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
