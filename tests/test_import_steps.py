"""Imports tell how far they are in every format, and stop when asked; parts of files are listed."""

import json
import sqlite3

import geopandas as gpd
import openpyxl
import pytest
from shapely.geometry import Point

from hotspots import filetypes, schema
from hotspots.geocode import Geocoded
from hotspots.ingest import importer
from hotspots.ingest.importer import import_file
from hotspots.ingest.mapping import Mapping
from hotspots.ingest.sheets import count_rows, list_parts
from hotspots.ingest.stepping import Stepping
from hotspots.progress import CancelledError
from tests.importing import BOUNDARY, make_workspace, read

N = 60
MAPPING = Mapping(
    source="town",
    columns={"occurred": "kdy", "place_text": "kde", "offence": "co"},
    crs="EPSG:5514",
)


@pytest.fixture
def workspace(tmp_path):
    return make_workspace(tmp_path / "town")


@pytest.fixture(autouse=True)
def short_chunks(monkeypatch):
    monkeypatch.setattr(importer, "_SLOW_ROWS", 20)


def rows():
    return [(f"{n % 28 + 1}.3.2024 10:{n % 60:02}", f"Ulice {n}", "theft") for n in range(N)]


def write(path):
    """Write the same rows in the format that the name asks for."""
    if path.suffix == ".xlsx":
        book = openpyxl.Workbook()
        book.active.title = "Leden & únor"
        for row in [("kdy", "kde", "co"), *rows()]:
            book.active.append(row)
        book.create_sheet("Prázdný")
        book.save(path)
    else:
        points = gpd.GeoDataFrame(
            rows(),
            columns=["kdy", "kde", "co"],
            geometry=[Point(-543_455, -1_050_795 - n) for n in range(N)],
            crs="EPSG:5514",
        )
        if path.suffix == ".geojson":
            points = points.to_crs("EPSG:4326")
        points.to_file(path)
    return path


NAMES = ["a.xlsx", "a.gpkg", "a.geojson"]


def bring(workspace, path, **options):
    mapping = MAPPING if path.suffix != ".geojson" else Mapping("town", columns=MAPPING.columns)
    return import_file(workspace, path, mapping=mapping, boundary=BOUNDARY, **options)


@pytest.mark.parametrize("name", NAMES)
def test_progress_grows_to_one_in_every_format(workspace, tmp_path, name):
    shares = []
    account = bring(workspace, write(tmp_path / name), progress=shares.append)
    assert account.rows_read == N
    assert shares == sorted(shares)
    assert shares[0] == pytest.approx(1 / 3, abs=0.02)
    assert shares[-1] == 1.0
    assert account.batch_id == 1


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("last", [False, True])
def test_an_import_stopped_stores_nothing(workspace, tmp_path, name, last):
    def stop(share):
        if share == 1.0 or not last:
            raise CancelledError("stopped")

    with pytest.raises(CancelledError, match="stopped"):
        bring(workspace, write(tmp_path / name), progress=stop)
    assert read(workspace).empty
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([name, "town"])
    assert bring(workspace, tmp_path / name).rows_read == N


class Slow:
    """A geocoder; time passes with each text."""

    def __init__(self, clock):
        self.clock = clock
        self.n = 0

    def geocode(self, text):
        self.n += 1
        self.clock[0] += 0.3
        return Geocoded(text, schema.NOT_FOUND)


def test_an_import_can_be_stopped_while_places_are_looked_up(workspace, tmp_path, monkeypatch):
    clock = [0.0]
    monkeypatch.setattr("hotspots.ingest.stepping.monotonic", lambda: clock[0])
    geocoder = Slow(clock)

    def stop(_share):
        raise CancelledError("stopped")

    with pytest.raises(CancelledError, match="stopped"):
        bring(workspace, write(tmp_path / "a.xlsx"), progress=stop, geocoder=geocoder)
    assert geocoder.n == 1
    assert read(workspace).empty


def test_a_dry_run_has_no_number(workspace, tmp_path):
    account = bring(workspace, write(tmp_path / "a.xlsx"), dry_run=True)
    assert (account.batch_id, json.loads(json.dumps(account.to_dict()))["batch_id"]) == (0, 0)


def test_without_an_expected_number_the_share_grows_ever_more_slowly():
    shares = []
    steps = Stepping(shares.append)
    for _n in range(3):
        steps.take_rows(20_000)
    assert shares == [pytest.approx(1 / 2), pytest.approx(2 / 3), pytest.approx(3 / 4)]


def test_parts_and_rows_are_told(tmp_path):
    book = write(tmp_path / "a.xlsx")
    assert list_parts(book, filetypes.XLSX) == ("Leden & únor", "Prázdný")
    assert count_rows(book, filetypes.XLSX) == N + 1
    assert count_rows(book, filetypes.XLSX, "Prázdný") <= 1
    layers = write(tmp_path / "a.gpkg")
    assert list_parts(layers, filetypes.GPKG) == ("a",)
    assert count_rows(layers, filetypes.GPKG, "a") == N
    assert count_rows(layers, filetypes.GPKG, "b") == 0
    assert (list_parts(book, filetypes.CSV), count_rows(book, filetypes.CSV)) == ((), 0)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 broken", b"SQLite format 3\x00broken"])
def test_broken_files_tell_nothing(tmp_path, content):
    path = tmp_path / "a"
    path.write_bytes(content)
    for kind in (filetypes.XLSX, filetypes.GPKG):
        assert (list_parts(path, kind), count_rows(path, kind)) == ((), 0)


def test_a_layer_with_a_hostile_name_is_only_counted(tmp_path):
    path = tmp_path / "a.gpkg"
    name = 'x"; DROP TABLE y; --'
    with sqlite3.connect(path) as opened:
        opened.execute("CREATE TABLE gpkg_contents (table_name TEXT, data_type TEXT)")
        opened.execute("INSERT INTO gpkg_contents VALUES (?, 'features')", (name,))
        opened.execute("CREATE TABLE y (a)")
        opened.execute('CREATE TABLE "x""; DROP TABLE y; --" (a)')
    opened.close()
    assert (list_parts(path, filetypes.GPKG), count_rows(path, filetypes.GPKG)) == ((name,), 0)
    assert count_rows(path, filetypes.GPKG, "y") == 0
