"""Files made to do harm, or damaged: each is refused or accounted for in words a person reads."""

import json
import os
import random
import sqlite3
import zipfile
from dataclasses import replace

import geopandas as gpd
import openpyxl
import pytest
import shapely

from hotspots.cells import defuse, printable
from hotspots.crs import to_5514
from hotspots.errors import (
    CRSError,
    HotspotsError,
    ParameterError,
    SchemaError,
    SourceError,
    StoreError,
)
from hotspots.filetypes import require_file
from hotspots.ingest import Mapping, SourceInfo, open_reader
from hotspots.ingest.police_types import parse_codes, read_codes
from hotspots.settings import Settings
from hotspots.store.engine import explained, make_engine
from tests.importing import make_runner, make_workspace, rejecting
from tests.reading import LAT, LON, X, Y, mapping, read_all, write

CSV = f"id;d;x;y\n1;2024-03-05;{X};{Y}\n2;2024-03-06;{X};{Y}\n"
LAYER = {"source_ref": "id", "occurred": "d"}
LOCAL = 'LOCAL_CS["foo",UNIT["metre",1]]'


def layer_mapping(crs="", **options):
    return mapping(columns=LAYER, crs=crs, **options)


def reasons(path, chosen, **options):
    incidents, rejected, reader = read_all(path, chosen, **options)
    return incidents, rejected["reason"].tolist(), reader


# --- workbooks and archives -------------------------------------------------------------------


def make_book(path):
    book = openpyxl.Workbook()
    for row in (["id", "d", "x", "y"], ["a", "2024-03-05", X, Y], ["b", "2024-03-06", X, Y]):
        book.active.append(row)
    book.save(path)
    return path


def edit_book(path, old, new):
    """Replace a text in the workbook's sheet."""
    with zipfile.ZipFile(path) as book:
        members = {name: book.read(name) for name in book.namelist()}
    sheet = "xl/worksheets/sheet1.xml"
    assert old in members[sheet].decode()
    members[sheet] = members[sheet].decode().replace(old, new).encode()
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as book:
        for name, content in members.items():
            book.writestr(name, content)
    return path


def test_changed_bytes_of_a_workbook(tmp_path):
    whole = make_book(tmp_path / "a.xlsx").read_bytes()
    dice = random.Random(7)
    n_refused = 0
    for n in range(60):
        content = bytearray(whole)
        for _byte in range(1 + n % 20):
            content[dice.randrange(4, len(content))] = dice.randrange(256)
        try:
            read_all(write(tmp_path, bytes(content), name="b.xlsx"), mapping())
        except HotspotsError:
            n_refused += 1
    assert n_refused > 20


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('r="3"', 'r="1048577"'),
        ('r="C3"', 'r="XFE3"'),
        ('r="C3"', 'r="ZZZZZZZ3"'),
        ('r="3"', 'r="2"'),
    ],
)
def test_rows_and_columns_that_no_sheet_has(tmp_path, old, new):
    path = edit_book(make_book(tmp_path / "a.xlsx"), old, new)
    with pytest.raises(SourceError, match=r"numbers rows or columns as no workbook does|damaged"):
        read_all(path, mapping())


def test_a_gap_of_a_million_rows_is_passed_over(tmp_path):
    path = edit_book(make_book(tmp_path / "a.xlsx"), '<row r="3">', '<row r="1048576">')
    incidents, rejected, _reader = read_all(path, mapping())
    assert len(incidents) == 2
    assert rejected.empty


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('r="C3" t="n"><v>', 'r="C3" t="s"><v>999'),
        ('r="C3" t="n"><v>', 'r="C3" t="n"><v>x'),
        ('r="C3" t="n"><v>', 'r="C3" t="n" s="y"><v>'),
        ('r="C3"', 'r="3"'),
    ],
)
def test_cells_that_openpyxl_stumbles_over(tmp_path, old, new):
    path = edit_book(make_book(tmp_path / "a.xlsx"), old, new)
    with pytest.raises(HotspotsError, match=r"damaged|no column|no column names"):
        read_all(path, mapping())


def test_changed_bytes_of_an_archive(tmp_path):
    path = tmp_path / "202501.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("202501.csv", CSV * 50)
    whole = path.read_bytes()
    for at in range(30, 120, 3):
        content = bytearray(whole)
        content[at] ^= 0xFF
        path.write_bytes(content)
        with pytest.raises(HotspotsError):
            read_all(path, None)


# --- GeoPackage -------------------------------------------------------------------------------


def make_layer(path, *statements):
    frame = gpd.GeoDataFrame(
        {"id": ["1", "2"], "d": ["2024-03-05", "2024-03-06"]},
        geometry=[shapely.Point(X, Y)] * 2,
        crs="EPSG:5514",
    )
    frame.to_file(path, layer="l", driver="GPKG")
    base = sqlite3.connect(path)
    triggers = base.execute("select name from sqlite_master where type='trigger'").fetchall()
    for (name,) in triggers:
        base.execute(f'drop trigger "{name}"')
    for statement in statements:
        base.execute(statement)
    base.commit()
    base.close()
    return path


def test_an_endless_view_is_refused_unread(tmp_path):
    path = make_layer(
        tmp_path / "a.gpkg",
        "alter table l rename to old",
        "create view l as with recursive n(fid, id, d, geom) as (select 1, '1', '2024-03-05', "
        "null union all select fid + 1, id, d, geom from n) select * from n",
    )
    with pytest.raises(SourceError, match="is a view, computed while it is read"):
        open_reader(path, mapping=replace(layer_mapping(), layer="l"))


@pytest.mark.parametrize("n", [4, 15, 16, 20, 31, 99])
def test_stumps_of_a_geopackage(tmp_path, n):
    stump = make_layer(tmp_path / "a.gpkg").read_bytes()[:n]
    with pytest.raises(SourceError, match=r"cut off|not what its name says"):
        open_reader(write(tmp_path, stump, name="b.gpkg"), mapping=layer_mapping())


def test_text_that_is_no_utf8_rejects_its_row(tmp_path):
    path = make_layer(tmp_path / "a.gpkg", "update l set d = cast(x'ff41' as text) where id = '1'")
    incidents, rejected, _reader = reasons(path, layer_mapping())
    assert len(incidents) == 1
    assert rejected == ["the text in column d is not UTF-8"]


@pytest.mark.parametrize("blob", ["x'00'", "x'47500001000000000101'", "'abc'"])
def test_damaged_geometries_reject_their_row(tmp_path, blob):
    statement = "update l set geom = {} where id = '1'".format(blob)  # noqa: S608, UP032
    path = make_layer(tmp_path / "a.gpkg", statement)
    incidents, rejected, _reader = reasons(path, layer_mapping())
    assert (len(incidents), rejected) == (1, ["the geometry is damaged"])


def test_a_geopackage_without_layers(tmp_path):
    path = make_layer(tmp_path / "a.gpkg", "delete from gpkg_contents", "drop table l")
    with pytest.raises(SourceError, match=r"lists no layers|damaged"):
        open_reader(path, mapping=layer_mapping())


# --- GeoJSON ----------------------------------------------------------------------------------


def make_features(folder, *features, crs=None):
    """Write features given as texts or as (properties, coordinates)."""
    texts = []
    for one in features:
        properties, coordinates = (
            part if isinstance(part, str) else json.dumps(part) for part in one
        )
        geometry = f'{{"type":"Point","coordinates":{coordinates}}}'
        texts.append(f'{{"type":"Feature","properties":{properties},"geometry":{geometry}}}')
    named = f'"crs":{{"properties":{{"name":"{crs}"}}}},' if crs else ""
    body = f'{{"type":"FeatureCollection",{named}"features":[{",".join(texts)}]}}'
    return write(folder, body, name="a.geojson")


GOOD = ({"id": 1, "d": "2024-03-05"}, [LON, LAT])


@pytest.mark.parametrize(
    ("properties", "coordinates", "reason"),
    [
        ('{"id":2,"d":"2024-03-05","t":"\\ud800"}', [LON, LAT], "half of a character"),
        ({"id": 2, "d": "2024-03-05"}, "[" + "1" * 401 + ",50]", "no finite numbers"),
        ({"id": 2, "d": "2024-03-05"}, "[" + "1" * 390 + ",50]", "no two numbers"),
        ({"id": 2, "d": "2024-03-05"}, "[NaN,NaN]", "no finite numbers"),
        ({"id": 2, "d": "2024-03-05"}, "[1e999,50]", "no finite numbers"),
        (
            '{"id":2,"d":"2024-03-05","t":' + "[" * 900 + "]" * 900 + "}",
            [LON, LAT],
            "nested too deeply",
        ),
    ],
)
def test_features_that_cannot_be_read_are_rejected(tmp_path, properties, coordinates, reason):
    path = make_features(tmp_path, GOOD, (properties, coordinates))
    incidents, rejected, _reader = reasons(path, layer_mapping())
    assert len(incidents) == 1
    assert len(rejected) == 1
    assert reason in rejected[0]


def test_a_number_of_many_digits_is_kept_as_text(tmp_path):
    path = make_features(tmp_path, ('{"id":' + "9" * 5000 + ',"d":"2024-03-05"}', [LON, LAT]))
    incidents, rejected, _reader = reasons(path, layer_mapping())
    assert incidents["source_ref"].tolist() == ["9" * 5000]
    assert not rejected


def test_too_many_different_properties(tmp_path):
    features = [({f"k{n}_{i}": 1 for i in range(500)}, [LON, LAT]) for n in range(6)]
    with pytest.raises(SourceError, match="more than 2,000"):
        open_reader(make_features(tmp_path, *features), mapping=layer_mapping())


# --- coordinate systems -----------------------------------------------------------------------


def test_a_system_that_proj_cannot_convert_from():
    with pytest.raises(CRSError, match="'foo' cannot be converted to EPSG:5514"):
        to_5514([1.0], [2.0], crs=LOCAL)


@pytest.mark.parametrize("name", ["²", "9" * 5000, "\ud800"])
def test_names_of_no_system(name):
    with pytest.raises(CRSError, match="no coordinate system that PROJ knows"):
        to_5514([1.0], [2.0], crs=name)


def test_the_mapping_corrects_a_layer_whose_positions_contradict_it(tmp_path):
    path = make_features(tmp_path, GOOD, GOOD, crs="EPSG:5514")
    with pytest.raises(SourceError, match='give crs = "EPSG:4326"'):
        read_all(path, layer_mapping())
    incidents, _rejected, reader = reasons(path, layer_mapping("EPSG:4326"))
    assert incidents["x"].iloc[0] == pytest.approx(X, abs=50)
    assert any("which its positions contradict" in text for text in reader.warnings)


def test_the_mapping_replaces_a_system_that_leads_nowhere(tmp_path):
    path = make_layer(
        tmp_path / "a.gpkg",
        "update gpkg_spatial_ref_sys set organization='x', organization_coordsys_id=1, "
        'definition=\'LOCAL_CS["foo",UNIT["metre",1]]\' where srs_id=5514',
    )
    with pytest.raises(CRSError, match="cannot be converted"):
        read_all(path, layer_mapping())
    assert len(read_all(path, layer_mapping("EPSG:5514"))[0]) == 2


def test_swapped_positions_of_a_layer_are_named_without_columns(tmp_path):
    path = make_features(tmp_path, ({"id": 1, "d": "2024-03-05"}, [LAT, LON]))
    with pytest.raises(SourceError, match="Swap X and Y coordinates") as caught:
        read_all(path, layer_mapping())
    assert "[columns]" not in str(caught.value)


@pytest.mark.parametrize(
    ("crs", "x", "y", "axes"),
    [
        ("EPSG:4326", -LON, LAT, "x"),
        ("EPSG:4326", LON, -LAT, "y"),
        ("EPSG:5514", -X, Y, "x"),
        ("EPSG:5514", X, -Y, "y"),
        ("", -X, Y, "x"),
    ],
)
def test_one_wrong_sign_is_recognised(tmp_path, crs, x, y, axes):
    path = write(tmp_path, f"id;d;x;y\n1;2024-03-05;{x};{y}\n")
    with pytest.raises(SourceError, match=f"the sign of {axes} is wrong"):
        read_all(path, mapping(crs=crs))


def test_one_wrong_sign_among_others_rejects_its_row(tmp_path):
    path = write(tmp_path, CSV + f"3;2024-03-05;{-X};{Y}\n")
    incidents, rejected, _reader = reasons(path, mapping())
    assert len(incidents) == 2
    assert rejected[0].endswith("a sign seems wrong")


# --- delimited text ---------------------------------------------------------------------------


def test_a_name_of_a_column_without_end(tmp_path):
    path = write(tmp_path, '"' + "a" * 131_073 + '";d;x;y\n1;2024-03-05;1;2\n')
    with pytest.raises(SourceError, match="longer than 131,072 characters"):
        open_reader(path, mapping=mapping())


def test_a_value_without_end_is_named(tmp_path):
    path = write(tmp_path, CSV + '"' + "a" * 131_073 + '";2024-03-05;1;2\n')
    incidents, rejected, _reader = reasons(path, mapping())
    assert len(incidents) == 2
    assert rejected == ["the row holds a value that is longer than 131,072 characters"]


def test_too_many_columns(tmp_path):
    path = write(tmp_path, ";".join(f"c{i}" for i in range(2_001)) + "\n1\n")
    with pytest.raises(SourceError, match="2,001 columns, more than 2,000"):
        open_reader(path, mapping=mapping())


def test_a_header_over_two_lines(tmp_path):
    path = write(tmp_path, f'id;"Datum\na čas";x;y\n1;2024-03-05;{X};{Y}\n')
    chosen = mapping(columns={"source_ref": "id", "occurred": "Datum a čas", "x": "x", "y": "y"})
    reader = open_reader(path, mapping=chosen)
    (chunk,) = reader.chunks()
    assert chunk.rows.tolist() == [3]
    assert chunk.incidents["source_ref"].tolist() == ["1"]


def test_stray_carriage_returns(tmp_path):
    incidents, rejected, _reader = reasons(
        write(tmp_path, CSV + f"3;2024-03\r-05;{X};{Y}\n"), mapping()
    )
    assert len(incidents) == 2
    assert "carriage return" in rejected[0]
    with pytest.raises(SourceError, match="carriage return"):
        open_reader(write(tmp_path, CSV.replace(";d;", ";d\r;")), mapping=mapping())


@pytest.mark.parametrize(
    "name", ["rot13", "hex", "base64", "zlib", "idna", "punycode", "undefined", "a\0b", "utf-7"]
)
def test_encodings_that_are_none_of_texts(tmp_path, name):
    with pytest.raises(ParameterError, match="is unknown; write utf-8"):
        open_reader(write(tmp_path, CSV), mapping=mapping(encoding=name))


@pytest.mark.parametrize("name", ["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"])
def test_wide_text_without_a_mark_is_named(tmp_path, name):
    path = write(tmp_path, CSV, encoding=name)
    with pytest.raises(SourceError, match=f"seems to be {name} without a byte order mark"):
        open_reader(path, mapping=mapping())
    with pytest.raises(SourceError, match=r"state utf-(16|32)-le or"):
        open_reader(path, mapping=mapping(encoding=name[:6]))
    assert len(read_all(path, mapping(encoding=name))[0]) == 2


@pytest.mark.parametrize("offset", ["+99:00", "-23:00", "+14:01", "+01:75"])
def test_offsets_that_no_place_has(tmp_path, offset):
    path = write(tmp_path, CSV + f"3;2024-03-05T10:00:00{offset};{X};{Y}\n")
    incidents, rejected, _reader = reasons(path, mapping())
    assert len(incidents) == 2
    assert "no place on earth" in rejected[0]


# --- mapping, settings, code lists ------------------------------------------------------------

TOML = ["a = " + "[" * 5000, "a = " + "9" * 5000, "displaced = 0x" + "f" * 5000]


@pytest.mark.parametrize("text", TOML)
def test_mappings_that_python_stumbles_over(tmp_path, text):
    path = write(tmp_path, text, name="m.toml")
    with pytest.raises((SourceError, ParameterError), match=r"mapping .*m\.toml"):
        Mapping.read(path)


@pytest.mark.parametrize("text", ["town = " + "[" * 5000, "town = " + "9" * 5000])
def test_settings_that_python_stumbles_over(tmp_path, text):
    with pytest.raises(ParameterError, match="no valid TOML"):
        Settings.read(write(tmp_path, text, name="settings.toml"))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("town", 5),
        ("town", "a\nb"),
        ("municipality", 536385),
        ("municipality", "Jeseník"),
        ("sample", 1),
        ("grid_cell_m", float("inf")),
        ("grid_cell_m", float("nan")),
        ("street_reach_m", 10**400),
    ],
)
def test_settings_of_the_wrong_type(name, value):
    with pytest.raises(ParameterError, match=f"setting {name} must be"):
        Settings(**{name: value})


@pytest.mark.parametrize(
    "content",
    [
        b"[" * 100_000,
        b'[{"id": 1e999, "label": "a"}]',
        b'[{"id": 1, "label": "\\ud800"}]',
        b'[{"id": ' + b"9" * 5000 + b"}]",
    ],
)
def test_code_lists_that_python_stumbles_over(content):
    with pytest.raises(SourceError, match="is no code list"):
        parse_codes(content, name="types.json")


# --- what is no file, names -------------------------------------------------------------------


def test_pipes_are_refused_and_not_waited_for(tmp_path):
    for name in ("p.csv", "types.csv", "m.toml"):
        os.mkfifo(tmp_path / name)
    for read, name in ((open_reader, "p.csv"), (read_codes, "types.csv"), (Mapping.read, "m.toml")):
        with pytest.raises(SourceError, match="a pipe or a device"):
            read(tmp_path / name)


def test_links_to_files_are_files(tmp_path):
    (tmp_path / "a.csv").symlink_to(write(tmp_path, CSV))
    require_file(tmp_path / "a.csv")


@pytest.mark.parametrize("text", [" -1+1", "\u00a0=cmd()", "  @a"])
def test_formulas_behind_blanks_are_defused(text):
    assert defuse(text) == "'" + text


def test_numbers_behind_blanks_are_no_formulas():
    assert defuse("-12,5") == "-12,5"


def test_control_characters_never_reach_a_terminal(tmp_path):
    assert printable("a\x1b[31m\nb\u202e") == "a\\x1b[31m\\nb\\u202e"
    assert printable("1\u00a0000 č") == "1\u00a0000 č"
    with pytest.raises(SourceError, match="there is no such file") as caught:
        open_reader(tmp_path / "a\x1b[31m.csv")
    assert "\x1b" not in str(caught.value)


def test_a_source_is_no_option():
    with pytest.raises(ParameterError, match="not beginning with -"):
        SourceInfo("-rf", "other", "a", "b")


def test_the_list_of_rejected_rows_of_a_long_name(tmp_path):
    workspace = make_workspace(tmp_path / "w")
    run = make_runner(workspace, tmp_path)
    account = run(rejecting(), name="a" * 250 + ".csv")
    assert account.rejects_file.parent == workspace.path
    assert account.rejects_file.is_file()


def test_known_parts_of_a_value_keep_their_groups(tmp_path):
    text = f"id;d;x;y;o\n1;2024-03-05;{X};{Y};krádež, záhada\n2;2024-03-05;{X};{Y};záhada\n"
    chosen = mapping(
        columns={"source_ref": "id", "occurred": "d", "x": "x", "y": "y", "offence": "o"},
        offences={"krádež": "theft"},
    )
    incidents, rejected, reader = reasons(write(tmp_path, text), chosen)
    assert not rejected
    assert incidents["offence"].tolist() == ["theft", "other_offence"]
    assert any("known parts of the value were kept: záhada (1×)" in w for w in reader.warnings)


def test_header_only_columns_are_still_missed(tmp_path):
    with pytest.raises(SchemaError, match="header only"):
        open_reader(write(tmp_path, 'id;"d\ne";x\n'), mapping=mapping())


@pytest.mark.parametrize("code", [sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_WRITE])
def test_a_disk_that_takes_no_more_is_no_damage(tmp_path, code):
    engine = make_engine(make_workspace(tmp_path / "w"))
    error = sqlite3.OperationalError("disk I/O error")
    error.sqlite_errorcode = code
    with (
        pytest.raises(StoreError, match="the disk is full or cannot be written") as caught,
        explained(engine),
    ):
        raise error
    assert "damaged" not in str(caught.value)
