"""Versions of layers: kept, switched whole, undone, and who is placed by which."""

import errno
import json
import shutil
import sqlite3
import subprocess
import sys
from datetime import date

import geopandas as gpd
import pandas as pd
import pyogrio
import pytest
import shapely
from pyogrio.errors import DataSourceError
from shapely.geometry import box

from hotspots import layers, schema
from hotspots.errors import NotFoundError, ParameterError, SourceError, StoreError
from hotspots.layers import version_files, versions
from hotspots.layers.town_data import SourceFile
from hotspots.layers.versions import (
    BUNDLED,
    DAMAGED,
    EDITED,
    IMPORTED,
    OWN_AREAS,
    REMADE,
    PlacedSince,
    current_version,
    is_hand_edited,
    list_versions,
    place_anew,
    placement,
    put_in_force,
    use_version,
)
from hotspots.placement import locate_incidents
from hotspots.settings import Settings, Workspace

X, Y = -543_000.0, -1_051_000.0
OCTOBER = SourceFile("a.xml.zip", "a" * 64, 12, date(2026, 10, 31), "ČÚZK, RÚIAN", "https://x/a")


def areas(kind, *shapes):
    return gpd.GeoDataFrame(
        {
            schema.AREA_ID: [f"{kind}:{i}" for i in range(len(shapes))],
            schema.NAME: [f"{kind} {i}" for i in range(len(shapes))],
            schema.KIND: kind,
            schema.RESIDENTS: float("nan"),
            schema.RESIDENTS_YEAR: float("nan"),
            schema.AREA_KM2: shapely.area(list(shapes)) / 1e6,
            schema.LENGTH_M: float("nan"),
            schema.DERIVED: False,
            schema.PRECISION_M: 1.0,
            schema.LAYER_SOURCE: "test",
        },
        geometry=list(shapes),
        crs=5514,
    )


def town(width=1000.0, *, cut=500.0):
    return {
        schema.MUNICIPALITY: areas(schema.MUNICIPALITY, box(X, Y, X + width, Y + 1000)),
        schema.DISTRICT: areas(
            schema.DISTRICT, box(X, Y, X + cut, Y + 1000), box(X + cut, Y, X + width, Y + 1000)
        ),
    }


@pytest.fixture
def workspace(tmp_path):
    return Workspace(tmp_path / "w", Settings())


def put(workspace, frames=None, *, keep_layers=False, made_by=IMPORTED, **options):
    return put_in_force(
        workspace, frames or town(), made_by=made_by, keep_layers=keep_layers, **options
    )


def cut_of(workspace):
    return layers.read_areas(workspace, schema.DISTRICT).total_bounds, round(
        layers.read_areas(workspace, schema.DISTRICT).geometry.iloc[0].bounds[2] - X
    )


def test_the_first_version_places_everybody(workspace):
    made = put(workspace, valid_on=date(2026, 10, 31), sources=(OCTOBER,), with_streets=True)
    assert made.version_id == 1
    assert current_version(workspace) == made
    assert list_versions(workspace) == (made,)
    assert placement(workspace) == (PlacedSince(1, None),)
    assert (made.reach_m, made.segment_length_m) == (30.0, 150.0)
    assert made.sources == (OCTOBER,)
    assert made.municipality == "536385"
    assert not is_hand_edited(workspace)
    assert layers.read_former(workspace, schema.DISTRICT) == ()


def test_new_official_layers_leave_old_incidents_where_they_were(workspace):
    put(workspace, town(cut=400))
    put(workspace, town(cut=600), since=date(2026, 10, 31))
    assert placement(workspace) == (PlacedSince(1, None), PlacedSince(2, date(2026, 10, 31)))
    (former,) = layers.read_former(workspace, schema.DISTRICT)
    assert (former.version_id, former.until) == (1, date(2026, 10, 31))
    assert former.areas.geometry.iloc[0].bounds[2] == X + 400
    assert former.boundary.equals(box(X, Y, X + 1000, Y + 1000))
    assert cut_of(workspace)[1] == 600
    assert layers.read_former(workspace, schema.GRID) == ()
    assert layers.read_former(workspace, schema.LOCALITY) == ()
    assert layers.read_former(workspace, schema.STREET) == (), "version 1 had no streets"


def test_they_are_placed_anew_on_purpose(workspace):
    put(workspace, town(cut=400))
    put(workspace, town(cut=500), since=date(2024, 1, 1))
    put(workspace, town(cut=600), since=date(2026, 10, 31))
    before = layers.layers_version(workspace)
    assert place_anew(workspace, since=date(2025, 1, 1)) == (
        PlacedSince(1, None),
        PlacedSince(2, date(2024, 1, 1)),
        PlacedSince(3, date(2025, 1, 1)),
    )
    assert [f.until for f in layers.read_former(workspace, schema.DISTRICT)] == [
        date(2024, 1, 1),
        date(2025, 1, 1),
    ]
    assert layers.layers_version(workspace) != before, "caches must notice"
    assert place_anew(workspace, since=date(2023, 1, 1)) == (
        PlacedSince(1, None),
        PlacedSince(3, date(2023, 1, 1)),
    )
    assert place_anew(workspace) == (PlacedSince(3, None),)
    assert layers.read_former(workspace, schema.DISTRICT) == ()
    assert not is_hand_edited(workspace)


def test_data_of_an_earlier_day_take_the_place_of_later_ones(workspace):
    put(workspace)
    put(workspace, since=date(2026, 10, 31))
    put(workspace, since=date(2026, 9, 30))
    assert placement(workspace) == (PlacedSince(1, None), PlacedSince(3, date(2026, 9, 30)))


def test_own_areas_change_nothing_else(workspace):
    put(workspace, town(cut=400))
    first = put(
        workspace,
        town(cut=600),
        since=date(2026, 10, 31),
        valid_on=date(2026, 10, 31),
        sources=(OCTOBER,),
        with_streets=True,
    )
    drawn = {schema.LOCALITY: areas(schema.LOCALITY, box(X, Y, X + 9, Y + 9))}
    mine = SourceFile("mine.gpkg", "b" * 64, 3, None, "město")
    made = put(workspace, drawn, keep_layers=True, made_by=OWN_AREAS, sources=(mine, OCTOBER))
    assert placement(workspace) == (PlacedSince(1, None), PlacedSince(3, date(2026, 10, 31)))
    assert made.valid_on == first.valid_on
    assert made.sources == (mine, OCTOBER), "the last ones made it"
    assert made.reach_m == 30.0
    assert layers.list_layers(workspace) == (
        schema.DISTRICT,
        schema.LOCALITY,
        schema.MUNICIPALITY,
    )
    assert cut_of(workspace)[1] == 600


def test_a_version_is_put_back(workspace):
    put(workspace, town(cut=400))
    put(workspace, town(cut=500), since=date(2026, 9, 30))
    put(workspace, town(cut=600), since=date(2026, 10, 31))
    use_version(workspace, 2)
    assert current_version(workspace).version_id == 2
    assert cut_of(workspace)[1] == 500
    assert placement(workspace) == (
        PlacedSince(1, None),
        PlacedSince(2, date(2026, 9, 30)),
        PlacedSince(2, date(2026, 10, 31)),
    )
    use_version(workspace, 3)
    assert cut_of(workspace)[1] == 600
    assert [v.version_id for v in list_versions(workspace)] == [1, 2, 3]
    assert placement(workspace)[2] == PlacedSince(3, date(2026, 10, 31)), "as before the undo"
    use_version(workspace, 1)
    assert placement(workspace) == (
        PlacedSince(1, None),
        PlacedSince(2, date(2026, 9, 30)),
        PlacedSince(1, date(2026, 10, 31)),
    )
    with pytest.raises(NotFoundError, match="no version 9 of the layers; there are 1, 2, 3"):
        use_version(workspace, 9)


def test_another_town_starts_afresh(workspace):
    put(workspace)
    put(workspace, municipality="564729", town="Děčany", since=date(2026, 10, 31))
    assert placement(workspace) == (PlacedSince(2, None),)
    use_version(workspace, 1)
    assert placement(workspace) == (PlacedSince(1, None),)


def test_edits_by_hand_are_kept_as_a_version(workspace):
    put(workspace, town(cut=400))
    file = workspace.layers / layers.LAYERS_FILE
    frame = pyogrio.read_dataframe(file, layer=schema.DISTRICT)
    frame[schema.NAME] = ["by hand", "too"]
    pyogrio.write_dataframe(frame, file, layer=schema.DISTRICT, driver="GPKG")
    assert is_hand_edited(workspace)
    put(workspace, town(cut=600), since=date(2026, 10, 31))
    assert [(v.version_id, v.made_by) for v in list_versions(workspace)] == [
        (1, IMPORTED),
        (2, EDITED),
        (3, IMPORTED),
    ]
    assert placement(workspace) == (PlacedSince(2, None), PlacedSince(3, date(2026, 10, 31)))
    assert set(layers.read_former(workspace, schema.DISTRICT)[0].areas[schema.NAME]) == {
        "by hand",
        "too",
    }


def test_layers_older_than_versions_become_the_first(workspace):
    workspace.layers.mkdir(parents=True)
    shutil.copyfile(layers.bundled_layers(), workspace.layers / layers.LAYERS_FILE)
    old = current_version(workspace)
    assert (old.version_id, old.made_by, old.town) == (0, BUNDLED, "Jeseník")
    assert placement(workspace) == (PlacedSince(0, None),)
    put(workspace, since=date(2026, 10, 31))
    assert [(v.version_id, v.made_by) for v in list_versions(workspace)] == [
        (1, BUNDLED),
        (2, IMPORTED),
    ]
    assert placement(workspace)[0] == PlacedSince(1, None)
    assert len(layers.read_former(workspace, schema.DISTRICT)[0].areas) == 21


def test_bundled_layers_remember_their_streets(workspace):
    layers.install_bundled(workspace)
    made = current_version(workspace)
    assert (made.made_by, made.municipality, made.reach_m) == (BUNDLED, "536385", 30.0)
    wide = Workspace(workspace.path, Settings(street_reach_m=40))
    layers.remake_streets(wide)
    made = current_version(wide)
    assert (made.version_id, made.made_by, made.reach_m) == (2, REMADE, 40.0)
    assert placement(wide) == (PlacedSince(2, None),)


@pytest.mark.parametrize("at", ["write_frames", "mark_version", "shutil.copyfile"])
def test_a_failure_at_any_step_changes_nothing(workspace, monkeypatch, at):
    put(workspace, town(cut=400))
    before = (workspace.layers / layers.LAYERS_FILE).read_bytes()

    def fail(*_args, **_options):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(f"hotspots.layers.version{'_files' if '.' in at else 's'}.{at}", fail)
    with pytest.raises(StoreError, match="No space left"):
        put(workspace, town(cut=600))
    assert (workspace.layers / layers.LAYERS_FILE).read_bytes() == before
    monkeypatch.undo()
    assert [v.version_id for v in list_versions(workspace)] == [1]
    assert not list(workspace.layers.glob(".*.gpkg*"))
    assert put(workspace, town(cut=600)).version_id == 2


def test_one_program_changes_the_layers_at_a_time(workspace, monkeypatch):
    put(workspace)
    monkeypatch.setattr(version_files, "_LOCK_WAIT_S", 0.1)
    with (
        version_files.FileLock(workspace.layers / ".lock", is_singleton=False),
        pytest.raises(StoreError, match="another program is changing the layers"),
    ):
        put(workspace)
    put(workspace)


def test_a_version_that_is_gone_is_missed(workspace):
    put(workspace)
    put(workspace, since=date(2026, 10, 31))
    (workspace.layers / "versions" / "0001.gpkg").unlink()
    with pytest.raises(NotFoundError, match=r"version 1 .*is gone from .*hotspots layers place"):
        layers.read_former(workspace, schema.DISTRICT)
    place_anew(workspace)
    assert layers.read_former(workspace, schema.DISTRICT) == ()


GOOD = {
    "version_id": 1,
    "made_at": "2026-11-22T10:00:00+00:00",
    "made_by": "imported",
    "municipality": "536385",
    "town": "Jeseník",
    "valid_on": None,
    "sources": [],
    "reach_m": None,
    "segment_length_m": None,
}


@pytest.mark.parametrize(
    "text",
    [
        "{",
        '{"sources": []}',
        "[]",
        "null",
        '"x"',
        "[" * 100_000,
        *(
            json.dumps(GOOD | change)
            for change in (
                {"version_id": "x"},
                {"version_id": -1},
                {"version_id": True},
                {"made_at": 5},
                {"town": ["a"]},
                {"reach_m": "x"},
                {"reach_m": -3},
                {"valid_on": "soon"},
                {"sources": [{"name": 1}]},
            )
        ),
    ],
)
def test_what_a_file_says_of_itself_may_be_damaged(workspace, text):
    put(workspace)
    file = workspace.layers / layers.LAYERS_FILE
    frame = pyogrio.read_dataframe(file, layer=schema.MUNICIPALITY)
    pyogrio.write_dataframe(
        frame,
        file,
        layer=schema.MUNICIPALITY,
        driver="GPKG",
        dataset_metadata={"HOTSPOTS_VERSION": text, "HOTSPOTS_PLACEMENT": text},
    )
    with pytest.raises(SourceError, match="what it says of its version cannot be read"):
        current_version(workspace)


def test_damaged_layers_can_be_replaced_and_are_kept(workspace):
    put(workspace, town(cut=400))
    file = workspace.layers / layers.LAYERS_FILE
    file.write_bytes(b"SQLite format 3\x00 and nothing else")
    drawn = {schema.LOCALITY: areas(schema.LOCALITY, box(X, Y, X + 9, Y + 9))}
    with pytest.raises(SourceError, match="cannot be read as GeoPackage"):
        put(workspace, drawn, keep_layers=True)
    made = put(workspace, town(cut=600), since=date(2026, 10, 31))
    assert made.version_id == 2
    assert cut_of(workspace)[1] == 600
    (kept,) = (workspace.layers / "versions").glob("damaged-*.gpkg")
    assert kept.read_bytes().endswith(b"nothing else")
    assert [v.version_id for v in list_versions(workspace)] == [1, 2]


def test_what_gdal_says_of_a_full_disk_is_a_store_error(workspace, monkeypatch):
    put(workspace)

    def fail(*_args, **_options):
        raise DataSourceError("sqlite3_step() failed: disk I/O error")

    monkeypatch.setattr(versions, "write_frames", fail)
    with pytest.raises(StoreError, match=r"cannot be written .*disk I/O error"):
        put(workspace)


def test_no_file_beside_the_layers_speaks_for_them(workspace):
    put(workspace)
    put(workspace, since=date(2026, 10, 31))
    place_anew(workspace)
    assert not list(workspace.layers.rglob("*.aux.xml"))


@pytest.mark.parametrize(
    "order",
    [
        [],
        [{"version_id": -1, "since": None}],
        [{"version_id": 7, "since": None}],
        [{"version_id": 1, "since": "2024-01-01"}],
        [{"version_id": 1, "since": None}, {"version_id": 1, "since": None}],
        [
            {"version_id": 1, "since": None},
            {"version_id": 1, "since": "2025-01-01"},
            {"version_id": 1, "since": "2024-01-01"},
        ],
    ],
)
def test_an_impossible_placement_is_not_believed(workspace, order):
    put(workspace, town(cut=400))
    put(workspace, town(cut=600))
    use_version(workspace, 1)
    file = workspace.layers / layers.LAYERS_FILE
    info = pyogrio.read_info(file, layer=schema.MUNICIPALITY)["dataset_metadata"]
    pyogrio.write_dataframe(
        pyogrio.read_dataframe(file, layer=schema.MUNICIPALITY),
        file,
        layer=schema.MUNICIPALITY,
        driver="GPKG",
        dataset_metadata=info | {"HOTSPOTS_PLACEMENT": json.dumps(order)},
    )
    with pytest.raises(SourceError, match="put another version in force: hotspots layers use"):
        placement(workspace)
    use_version(workspace, 2)
    assert placement(workspace) == (PlacedSince(2, None),)
    assert cut_of(workspace)[1] == 600


def rows(workspace, *days, x=400.0):
    """Return the district (0 or 1) in which an incident of each day counts."""
    incidents = pd.DataFrame(
        {
            schema.OCCURRED_FROM: pd.to_datetime(list(days)).astype("datetime64[s]"),
            schema.X: X + x,
            schema.Y: Y + 500,
            schema.PLACE_METHOD: "coordinates",
            schema.PLACE_PRECISION_M: float("nan"),
        }
    )
    placed = locate_incidents(
        incidents,
        layers.read_areas(workspace, schema.DISTRICT),
        boundary=layers.read_boundary(workspace),
        former=layers.read_former(workspace, schema.DISTRICT),
    )
    return placed.rows.tolist()


DAYS = ("2023-06-01", "2024-06-01", "2025-06-01")


@pytest.fixture
def three(workspace):
    put(workspace, town(cut=300))
    put(workspace, town(cut=500), since=date(2024, 1, 1))
    put(workspace, town(cut=350), since=date(2025, 1, 1))
    assert rows(workspace, *DAYS) == [1, 0, 1]
    return workspace


@pytest.mark.parametrize(("chosen", "expected"), [(1, [1, 0, 1]), (2, [1, 0, 0]), (3, [1, 0, 1])])
def test_using_a_version_moves_only_what_the_present_one_placed(three, chosen, expected):
    use_version(three, chosen)
    assert rows(three, *DAYS) == expected
    use_version(three, 3)
    assert rows(three, *DAYS) == [1, 0, 1], "undone and redone is as before"


def test_placing_anew_moves_only_what_was_asked(three):
    place_anew(three, since=date(2024, 7, 1))
    assert rows(three, *DAYS, "2024-08-01") == [1, 0, 1, 1]
    before = placement(three)
    with pytest.raises(ParameterError, match=r"from 1 Jul 2024 on .*version 3.*earlier"):
        place_anew(three, since=date(2026, 1, 1))
    assert placement(three) == before
    place_anew(three)
    assert rows(three, *DAYS) == [1, 1, 1]
    with pytest.raises(ParameterError, match="all incidents are placed by version 3"):
        place_anew(three, since=date(2024, 1, 1))


def test_the_same_areas_are_no_former_ones(workspace):
    put(workspace, town(cut=300))
    for year in (2022, 2023, 2024):
        put(workspace, town(cut=500), since=date(year, 1, 1))
    (only,) = layers.read_former(workspace, schema.DISTRICT)
    assert (only.version_id, only.since, only.until) == (1, None, date(2022, 1, 1))
    put(workspace, town(cut=350), since=date(2025, 1, 1))
    assert [
        (f.version_id, f.since, f.until) for f in layers.read_former(workspace, "district")
    ] == [
        (1, None, date(2022, 1, 1)),
        (2, date(2022, 1, 1), date(2025, 1, 1)),
    ]


def test_times_without_such_areas_are_placed_by_those_in_force(workspace):
    bare = town(cut=300)
    bare[schema.DISTRICT] = bare[schema.DISTRICT].iloc[:0]
    put(workspace, town(cut=300))
    put(workspace, bare, since=date(2024, 1, 1))
    put(workspace, town(cut=350), since=date(2025, 1, 1))
    assert [(f.since, f.until) for f in layers.read_former(workspace, schema.DISTRICT)] == [
        (None, date(2024, 1, 1))
    ]
    assert rows(workspace, *DAYS, x=320) == [1, 0, 0]


def test_own_layers_can_leave_old_incidents_where_they_were(workspace):
    put(workspace, town(cut=300))
    drawn = {schema.DISTRICT: town(cut=500)[schema.DISTRICT]}
    put(workspace, drawn, keep_layers=True, made_by=OWN_AREAS, since=date(2024, 1, 1))
    assert rows(workspace, *DAYS) == [1, 0, 0]


def test_a_number_is_never_given_twice(workspace):
    for cut in (300, 400, 500):
        put(workspace, town(cut=cut), since=date(2020 + cut // 100, 1, 1))
    shutil.rmtree(workspace.layers / "versions")
    assert put(workspace, town(cut=600), since=date(2026, 1, 1)).version_id == 4
    with pytest.raises(NotFoundError, match="version 1 of the layers, by which incidents before"):
        layers.read_former(workspace, schema.DISTRICT)


def test_a_damaged_version_is_listed_as_such(workspace):
    put(workspace)
    put(workspace)
    (workspace.layers / "versions" / "0001.gpkg").write_bytes(b"garbage")
    assert [(v.version_id, v.made_by) for v in list_versions(workspace)] == [
        (1, DAMAGED),
        (2, IMPORTED),
    ]
    with pytest.raises(SourceError, match="cannot be read as GeoPackage"):
        use_version(workspace, 1)
    assert current_version(workspace).version_id == 2


WRITER = """
import sqlite3, sys, time
database = sqlite3.connect(sys.argv[1])
database.execute("PRAGMA journal_mode=wal")
for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
    database.execute(f'DROP TRIGGER "{name}"')
database.execute("UPDATE district SET name = 'unsaved'")
database.commit()
print("open", flush=True)
sys.stdin.readline()
"""


def test_layers_open_in_another_program_are_left_alone(workspace):
    put(workspace, town(cut=400))
    file = workspace.layers / layers.LAYERS_FILE
    other = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(file)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert other.stdout.readline() == "open\n"
        with pytest.raises(StoreError, match="open in another program, such as QGIS"):
            put(workspace, town(cut=600))
    finally:
        other.communicate("\n")
    put(workspace, town(cut=600), since=date(2026, 1, 1))
    assert [(v.version_id, v.made_by) for v in list_versions(workspace)] == [
        (1, IMPORTED),
        (2, EDITED),
        (3, IMPORTED),
    ]
    (former,) = layers.read_former(workspace, schema.DISTRICT)
    assert set(former.areas[schema.NAME]) == {"unsaved"}
    with sqlite3.connect(file) as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    database.close()
    assert not list(workspace.layers.glob("*-wal"))


def test_what_a_killed_change_left_is_removed(workspace):
    put(workspace)
    left = [
        workspace.layers / ".0d996b43878f.gpkg",
        workspace.layers / ".0d996b43878f.gpkg-journal",
        workspace.layers / "versions" / ".aaaaaaaaaaaa.gpkg",
    ]
    for path in left:
        path.touch()
    put(workspace)
    assert not any(path.exists() for path in left)
