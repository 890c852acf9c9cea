"""Streets from version to version: residents stay, and a lost id is given to no other stretch."""

import shutil
from dataclasses import replace
from datetime import date

import geopandas as gpd
import pytest
from shapely.affinity import translate
from shapely.geometry import LineString

from hotspots import layers, schema
from hotspots.layers.census.residents import join_residents
from hotspots.layers.change import switch_layers, switch_town
from hotspots.layers.given_ids import all_segment_ids
from hotspots.layers.official import read_official
from hotspots.layers.own.areas import import_areas
from hotspots.layers.versions import IMPORTED, VERSIONS_DIR, current_version, use_version
from hotspots.settings import Settings, Workspace
from tests.ruian import CENTRE, Street, make_vfr, small_town

X, Y = CENTRE
# The middle of a line from 0 to 450 m, of its second third, and of any stretch as far on each side.
MIDDLE = "street:1/543230-1050795"


def line(start, end):
    return LineString([(X + start, Y), (X + end, Y)])


def official(path, *streets, name="Nová"):
    """Return data of the small town with one street of given stretches, or as it is."""
    town = small_town()
    if streets:
        town = replace(town, streets=tuple(Street("1", name, shape) for shape in streets))
    file = path / "town.xml"
    file.write_bytes(make_vfr(town, valid_on=date(2026, 10, 31)))
    return read_official([file])


def switch(workspace, data):
    switch_town(workspace, data, made_by=IMPORTED)


def segments(workspace):
    return set(layers.read_areas(workspace, schema.SEGMENT)[schema.AREA_ID])


def streets(workspace):
    return layers.read_areas(workspace, schema.STREET).set_index(schema.AREA_ID)


@pytest.fixture
def workspace(tmp_path):
    found = Workspace(tmp_path / "w", Settings())
    found.path.mkdir()
    return found


@pytest.fixture
def drawn(tmp_path):
    """Return a function that writes lines of one street of code 1 to a map file."""

    def write(shape):
        file = tmp_path / "ulice.gpkg"
        file.unlink(missing_ok=True)
        frame = gpd.GeoDataFrame({"kod": ["1"], "nazev": ["Nová"]}, geometry=[shape], crs=5514)
        frame.to_file(file, engine="pyogrio")
        return file

    return write


def bring(workspace, file):
    brought = import_areas(
        workspace, file, kind=schema.STREET, name_column="nazev", code_column="kod"
    )
    switch_layers(workspace, brought)


# --- residents ----------------------------------------------------------------------------------


@pytest.fixture
def counted(workspace, tmp_path):
    """Return a workspace whose streets have residents."""
    switch(workspace, official(tmp_path))
    codes = [area_id.partition(":")[2] for area_id in streets(workspace).index]
    table = tmp_path / "obyvatele.csv"
    rows = [f"{code};{100 + i};2021" for i, code in enumerate(codes)]
    table.write_text("\n".join(["kod;obyvatel;rok", *rows]), encoding="utf-8")
    switch_layers(workspace, join_residents(workspace, table, kind=schema.STREET))
    assert list(streets(workspace)[schema.RESIDENTS]) == [100, 101, 102, 103, 104, 105]
    return workspace


def same_residents(workspace):
    read = streets(workspace)
    assert list(read[schema.RESIDENTS]) == [100, 101, 102, 103, 104, 105]
    assert set(read[schema.RESIDENTS_YEAR]) == {2021}


def test_residents_of_streets_survive_an_import(counted, tmp_path):
    switch(counted, official(tmp_path))
    same_residents(counted)


def test_residents_of_streets_survive_an_import_without_streets(counted, tmp_path):
    data = official(tmp_path)
    switch(counted, replace(data, streets=data.streets.iloc[:0]))
    same_residents(counted)


def test_residents_of_streets_survive_other_settings(counted):
    wide = Workspace(counted.path, replace(counted.settings, street_reach_m=40.0))
    layers.remake_streets(wide)
    assert current_version(wide).reach_m == 40.0
    same_residents(wide)


def test_residents_of_streets_survive_lines_of_the_towns_own(counted, tmp_path):
    before = streets(counted)
    axes = layers.read_axes(counted, schema.STREET)
    file = tmp_path / "ulice.gpkg"
    gpd.GeoDataFrame(
        {"kod": before.index, "nazev": before[schema.NAME].to_numpy()},
        geometry=axes.geometry,
        crs=5514,
    ).to_file(file, engine="pyogrio")
    bring(counted, file)
    same_residents(counted)


# --- ids of segments ----------------------------------------------------------------------------


def test_an_id_lost_by_an_import_goes_to_no_later_stretch(workspace, tmp_path):
    switch(workspace, official(tmp_path, line(195, 255)))
    assert segments(workspace) == {MIDDLE}
    switch(workspace, official(tmp_path, line(800, 900)))
    assert MIDDLE not in segments(workspace)
    switch(workspace, official(tmp_path, line(160, 290)))
    assert segments(workspace) == {f"{MIDDLE}-2"}
    switch(workspace, official(tmp_path, line(800, 900)))
    switch(workspace, official(tmp_path, line(220, 230)))
    assert segments(workspace) == {f"{MIDDLE}-3"}
    switch(workspace, official(tmp_path, line(219, 231)))
    assert segments(workspace) == {f"{MIDDLE}-3"}, "the same stretch keeps its id all the same"


def test_an_id_lost_by_lines_of_the_towns_own_goes_to_no_later_stretch(workspace, tmp_path, drawn):
    switch(workspace, official(tmp_path))
    for shape in (line(195, 255), line(800, 900), line(160, 290)):
        bring(workspace, drawn(shape))
    assert segments(workspace) == {f"{MIDDLE}-2"}


def test_an_id_lost_by_other_settings_goes_to_no_later_stretch(workspace, tmp_path):
    switch(workspace, official(tmp_path, line(0, 450)))
    assert MIDDLE in segments(workspace), "the second of three of 150 m"
    for length in (90.0, 450.0):
        settings = replace(workspace.settings, segment_length_m=length)
        layers.remake_streets(Workspace(workspace.path, settings))
    assert segments(workspace) == {f"{MIDDLE}-2"}, "the only one, of 450 m"


def test_ids_of_a_version_put_back_are_its_own(workspace, tmp_path):
    switch(workspace, official(tmp_path, line(195, 255)))
    switch(workspace, official(tmp_path, translate(line(195, 255), 0, 300)))
    second = segments(workspace)
    use_version(workspace, 1)
    assert segments(workspace) == {MIDDLE}
    assert all_segment_ids(workspace) == {MIDDLE} | second


def test_given_ids_of_damaged_and_other_versions(workspace, tmp_path):
    assert all_segment_ids(workspace) == frozenset()
    switch(workspace, official(tmp_path, line(195, 255)))
    kept = workspace.layers / VERSIONS_DIR
    shutil.copyfile(kept / "0001.gpkg", kept / "0007.gpkg")
    (kept / "0001.gpkg").write_bytes(b"SQLite format 3\x00" + b"\xff" * 5_000)
    (kept / "0002.gpkg").write_bytes(b"")
    (kept / "0003.gpkg").mkdir()
    (workspace.layers / layers.LAYERS_FILE).write_bytes(b"no layers")
    assert all_segment_ids(workspace) == {MIDDLE}
