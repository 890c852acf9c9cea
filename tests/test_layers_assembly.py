"""A town's layers from official data: ids, town parts, street names, what is kept and noted."""

import dataclasses
from datetime import date

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import LineString, MultiLineString, Point, Polygon, box

from hotspots import layers, schema
from hotspots.errors import SchemaError, SourceError
from hotspots.layers.assembly import make_layers
from hotspots.layers.check import AREA_LAYERS
from hotspots.layers.official import read_official
from hotspots.layers.official.vfr import read_vfr
from hotspots.layers.official_areas import make_official_areas
from hotspots.layers.street_axes import make_street_axes
from hotspots.layers.town_data import COLUMNS, empty_frame, ruian_citation
from hotspots.layers.town_parts import make_town_parts, part_points
from hotspots.progress import CancelledError
from hotspots.settings import Settings, Workspace
from tests.ruian import Town, make_vfr, small_town

PARTS = pd.DataFrame({"code": ["1", "2"], "name": ["Jeseník", "Bukovice"]})
CITATION = ruian_citation(date(2026, 10, 31))


def points(*rows):
    """Address points from (part, x, y)."""
    return gpd.GeoDataFrame(
        {schema.TOWN_PART_CODE: [row[0] for row in rows]},
        geometry=[Point(*row[1:]) for row in rows],
        crs=5514,
    )


def districts(*shapes, names=None, residents=None, years=2021.0):
    n = len(shapes)
    return gpd.GeoDataFrame(
        {
            schema.NAME: names or [f"d{i}" for i in range(n)],
            schema.RESIDENTS: np.array(residents or [np.nan] * n, dtype=float),
            schema.RESIDENTS_YEAR: np.broadcast_to(years, n).astype(float),
        },
        geometry=list(shapes),
        crs=5514,
    )


def divide(boundary, where, *, among=PARTS, zones=None):
    return make_town_parts(boundary, among, where, districts=zones, boundary_precision_m=1.0)


def shape_of(made, code):
    return made.parts.set_index("code").geometry[code]


# --- town parts ------------------------------------------------------------------------------


def test_two_houses_share_the_town_halfway():
    made = divide(box(0, 0, 200, 100), points(("1", 50, 50), ("2", 150, 50)))
    assert shape_of(made, "1").equals(box(0, 0, 100, 100))
    assert shape_of(made, "2").equals(box(100, 0, 200, 100))
    assert list(made.parts[schema.PRECISION_M]) == [100.0, 100.0]
    assert made.notes == ()


def test_near_neighbours_are_still_off_by_thirty_metres():
    made = divide(box(0, 0, 200, 100), points(("1", 99, 50), ("2", 101, 50)))
    assert list(made.parts[schema.PRECISION_M]) == [30.0, 30.0]


def test_precision_is_that_of_neighbours_not_of_houses_far_behind():
    where = [("1", x, 50) for x in (10, 30, 50, 70)] + [("2", x, 50) for x in (130, 150, 170)]
    made = divide(box(0, 0, 200, 100), points(*where))
    assert list(made.parts[schema.PRECISION_M]) == [60.0, 60.0]


def test_district_belongs_where_its_addresses_do_not_where_its_name_says():
    # Dětřichov-západ is a district of the part Bukovice, and Dětřichov is a part of its own.
    parts = pd.DataFrame({"code": ["58904", "58882"], "name": ["Dětřichov", "Bukovice"]})
    zones = districts(
        box(0, 0, 100, 100),
        box(100, 0, 200, 100),
        box(200, 0, 300, 100),
        names=["Bukovice", "Dětřichov-západ", "Dětřichov-Seč"],
        residents=[801, 147, 148],
    )
    where = points(("58882", 50, 50), ("58882", 150, 50), ("58904", 250, 50))
    made = divide(box(0, 0, 300, 100), where, among=parts, zones=zones)
    assert shape_of(made, "58882").equals(box(0, 0, 200, 100))
    named = made.parts.set_index("name")
    assert named.loc["Bukovice", schema.RESIDENTS] == 948
    assert named.loc["Dětřichov", schema.RESIDENTS] == 148
    assert list(made.parts[schema.RESIDENTS_YEAR]) == [2021.0, 2021.0]
    assert list(made.parts[schema.PRECISION_M]) == [30.0, 30.0]


@pytest.mark.parametrize(("others", "whole"), [(33, True), (32, False)])
def test_a_district_goes_whole_from_97_per_cent_on(others, whole):
    # 33 of 34 are 97.06 %, 32 of 33 are 96.97 %.
    zones = districts(box(0, 0, 100, 100), box(100, 0, 200, 100), residents=[10, 20])
    where = [("1", 20 + i, 50) for i in range(others)] + [("2", 90, 50), ("2", 150, 50)]
    made = divide(box(0, 0, 200, 100), points(*where), zones=zones)
    assert shape_of(made, "1").equals(box(0, 0, 100, 100)) == whole
    assert made.parts[schema.RESIDENTS].notna().all() == whole
    assert bool(made.notes) == (not whole)


def test_a_small_part_keeps_land_though_a_district_is_nearly_all_of_another():
    zones = districts(box(0, 0, 100, 100), box(100, 0, 200, 100))
    where = [("1", 1 + i / 2, 50) for i in range(100)] + [("2", 80, 50), ("1", 150, 50)]
    made = divide(box(0, 0, 200, 100), points(*where), zones=zones)
    assert shape_of(made, "2").contains(Point(80, 50))
    assert "divided between them" in made.notes[0]
    assert made.parts[schema.RESIDENTS].isna().all()


def test_empty_district_goes_to_the_longest_border():
    # The third adjoins the first along 30 m, the second along 70 m.
    zones = districts(
        box(0, 0, 30, 100), box(30, 0, 100, 100), box(0, 100, 100, 200), names=["a", "b", "fields"]
    )
    where = points(("1", 10, 50), ("2", 60, 50))
    made = divide(box(0, 0, 100, 200), where, zones=zones)
    assert shape_of(made, "2").equals(shapely.union(box(30, 0, 100, 100), box(0, 100, 100, 200)))
    # The border between the two parts may run anywhere in the fields: 100 m across.
    assert list(made.parts[schema.PRECISION_M]) == [100.0, 100.0]
    assert made.notes == (
        "Districts without addresses, given to the town part with the longest common border: "
        "fields.",
    )


def test_empty_districts_in_a_row_go_to_the_part_at_its_end():
    row = [box(100 * i, 0, 100 * (i + 1), 100) for i in range(5)]
    made = divide(box(0, 0, 500, 100), points(("1", 50, 50), ("2", 490, 50)), zones=districts(*row))
    assert shape_of(made, "1").area + shape_of(made, "2").area == 50_000
    assert shape_of(made, "1").contains(Point(150, 50))
    assert shape_of(made, "2").contains(Point(350, 50))


def test_empty_district_apart_from_all_others_goes_to_the_nearest():
    boundary = shapely.union(box(0, 0, 200, 100), box(300, 0, 400, 100))
    zones = districts(box(0, 0, 100, 100), box(100, 0, 200, 100), box(300, 0, 400, 100))
    made = divide(boundary, points(("1", 50, 50), ("2", 150, 50)), zones=zones)
    assert shape_of(made, "2").contains(Point(350, 50))


def test_an_only_part_has_the_whole_town_even_without_addresses():
    boundary = box(0, 0, 10, 10)
    made = divide(boundary, points(), among=PARTS[:1])
    assert shape_of(made, "1").equals(boundary)
    assert list(made.parts[schema.PRECISION_M]) == [1.0]


def test_part_without_points_is_left_out_and_named():
    made = divide(box(0, 0, 200, 100), points(("1", 50, 50), ("9", 1, 1), ("2", 500, 50)))
    assert list(made.parts["code"]) == ["1"]
    assert shape_of(made, "1").equals(box(0, 0, 200, 100))
    assert made.notes == (
        "Town parts left out, since no address or building in them has a position: Bukovice.",
    )


def test_no_points_no_parts():
    made = divide(box(0, 0, 200, 100), points())
    assert made.parts.empty
    assert "Bukovice" in made.notes[0]


def test_gap_between_districts_and_boundary_is_no_gap_between_parts():
    zones = districts(box(0.5, 0, 99.7, 100), box(100, 0, 199, 100))
    made = divide(box(0, 0, 200, 100), points(("1", 50, 50), ("2", 150, 50)), zones=zones)
    assert made.parts.area.sum() == pytest.approx(20_000)
    assert shapely.coverage_is_valid(made.parts.geometry.array)


PLACES = st.lists(
    st.tuples(st.sampled_from("123"), st.integers(-20, 420), st.integers(-20, 220)),
    min_size=1,
    max_size=40,
)


@settings(max_examples=40)
@given(where=PLACES, seed=st.integers(0, 9), zoned=st.booleans())
def test_parts_cover_the_town_and_hold_their_houses(where, seed, zoned):
    boundary = Polygon([(0, 0), (400, 0), (400, 150), (300, 200), (0, 200)])
    cells = [shapely.intersection(box(x, 0, x + 100, 200), boundary) for x in (0, 100, 200, 300)]
    zones = districts(*cells) if zoned else None
    among = pd.DataFrame({"code": ["1", "2", "3"], "name": ["a", "b", "c"]})
    frame = points(*where)
    kept = frame.copy()
    made = divide(boundary, frame, among=among, zones=zones)
    pd.testing.assert_frame_equal(pd.DataFrame(frame), pd.DataFrame(kept))
    inside = {}
    for part, x, y in sorted(where):
        if boundary.intersects(Point(x, y)):
            inside.setdefault((x, y), part)
    assert set(made.parts["code"]) == set(inside.values())
    if not inside:
        return
    assert shapely.coverage_is_valid(made.parts.geometry.array)
    # Where a border meets the slanting edge, its end is rounded to 1 cm.
    assert made.parts.area.sum() == pytest.approx(boundary.area, abs=2)
    if not zoned:
        for (x, y), part in inside.items():
            assert shape_of(made, part).distance(Point(x, y)) < 0.02
    shuffled = frame.sample(frac=1, random_state=seed)
    again = divide(boundary, shuffled, among=among[::-1], zones=zones)
    assert shapely.equals_exact(made.parts.geometry.array, again.parts.geometry.array).all()


def test_buildings_speak_for_parts_without_addresses_only():
    addresses = make_frame("addresses", town_part_code=["1", "3"], geometry=[Point(0, 0), None])
    buildings = make_frame(
        "buildings",
        town_part_code=["1", "2", "", "3"],
        geometry=[Point(5, 5), Point(9, 9), Point(7, 7), Point(8, 8)],
    )
    found = part_points(addresses, buildings)
    assert list(found[schema.TOWN_PART_CODE]) == ["1", "2", "3"]
    assert list(found.geometry) == [Point(0, 0), Point(9, 9), Point(8, 8)]


def make_frame(frame, *, geometry, **columns):
    n = len(geometry)
    values = {column: [""] * n for column in COLUMNS[frame][:-1]} | columns
    return gpd.GeoDataFrame(values, geometry=geometry, crs=5514)


# --- official polygons -----------------------------------------------------------------------


def official(kind, units, **options):
    known = {"former": None, "repair": False} | options
    return make_official_areas(kind, units, **known)


def test_codes_get_the_leading_zeros_of_the_bundled_layers():
    units = make_frame(
        "districts",
        code=["322377", "58726"],
        name=["Z", "Střed"],
        layer_source=["ČÚZK, RÚIAN k 30. 9. 2026, CC BY 4.0", CITATION],
        geometry=[box(0, 0, 1, 1)] * 2,
    )
    made = official(schema.DISTRICT, units).areas
    assert list(made[schema.AREA_ID]) == ["district:058726", "district:322377"]
    assert list(made[schema.PRECISION_M]) == [1.0, 1.0]
    assert not made[schema.DERIVED].any()
    assert list(made[schema.LAYER_SOURCE]) == [
        "ČÚZK, RÚIAN k 31. 10. 2026, CC BY 4.0",
        "ČÚZK, RÚIAN k 30. 9. 2026, CC BY 4.0",
    ]


def test_generalised_boundaries_say_how_far_they_are_off(tmp_path):
    frames = make_layers(
        data_of(small_town(), tmp_path, kind="OB_UKSG"), settings=Settings(), former=None
    ).frames
    assert list(frames["cadastral_unit"][schema.PRECISION_M]) == [15.0, 15.0]
    assert list(frames["municipality"][schema.PRECISION_M]) == [15.0]
    assert list(frames["district"][schema.PRECISION_M]) == [1.0, 1.0, 1.0]  # never generalised


def test_electoral_districts_go_by_number_and_by_code_where_numbers_repeat():
    squares = [box(i, 0, i + 1, 1) for i in range(5)]
    units = make_frame(
        "electoral_districts",
        code=["9001", "9002", "9003", "9004", "9005"],
        number=["7", "12", "001", "12", ""],
        geometry=squares,
    )
    made = official(schema.ELECTORAL_DISTRICT, units).areas.set_index(schema.AREA_ID)[schema.NAME]
    assert dict(made) == {
        "electoral_district:07": "7",
        "electoral_district:9002": "12 (9002)",
        "electoral_district:01": "1",
        "electoral_district:9004": "12 (9004)",
        "electoral_district:9005": "9005",
    }


def test_units_known_by_a_point_only_are_named():
    units = make_frame(
        "districts",
        code=["1", "2", "3"],
        name=["a", "b", "c"],
        geometry=[box(0, 0, 1, 1), Point(3, 3), None],
    )
    made = official(schema.DISTRICT, units)
    assert list(made.areas[schema.NAME]) == ["a"]
    assert made.without_polygon == ("b", "c")


SPIKE = Polygon([(0, 0), (100, 0), (100, 50), (150, 50), (100, 50), (100, 100), (0, 100)])
BOW_TIE = Polygon([(0, 0), (100, 100), (100, 0), (0, 100)])


def test_invalid_polygon_is_refused_with_the_cure():
    units = make_frame("districts", code=["1"], name=["Střed"], geometry=[SPIKE])
    with pytest.raises(SchemaError, match=r"district are invalid: Střed .*--repair"):
        official(schema.DISTRICT, units)


def test_repair_takes_the_spike_off():
    units = make_frame(
        "districts", code=["1", "2"], name=["Střed", "b"], geometry=[SPIKE, box(200, 0, 201, 1)]
    )
    made = official(schema.DISTRICT, units, repair=True)
    assert made.areas.geometry[0].equals(box(0, 0, 100, 100))
    assert made.repaired == ("Střed",)


def test_repair_that_would_change_the_area_is_none():
    units = make_frame("districts", code=["1"], name=["Střed"], geometry=[BOW_TIE])
    with pytest.raises(SchemaError, match=r"more than 0\.01 %: Střed"):
        official(schema.DISTRICT, units, repair=True)


def test_a_third_dimension_is_dropped():
    solid = Polygon([(0, 0, 5), (1, 0, 5), (1, 1, 5)])
    units = make_frame("districts", code=["1"], name=["a"], geometry=[solid])
    assert not official(schema.DISTRICT, units).areas.geometry[0].has_z


# --- street names ----------------------------------------------------------------------------


def street_frame(*rows):
    """Streets from (code, name, line)."""
    return make_frame(
        "streets",
        code=[row[0] for row in rows],
        name=[row[1] for row in rows],
        geometry=[row[2] for row in rows],
    )


EAST, WEST = LineString([(60, 5), (90, 5)]), LineString([(10, 5), (40, 5)])


def lived(*rows):
    """Addresses from (street code, part name)."""
    return make_frame(
        "addresses",
        street_code=[row[0] for row in rows],
        town_part_name=[row[1] for row in rows],
        geometry=[None] * len(rows),
    )


def named(streets, addresses, parts=None):
    axes = make_street_axes(streets, addresses, parts).axes
    return dict(zip(axes[schema.AREA_ID], axes[schema.NAME], strict=True))


def test_streets_of_one_name_are_told_apart_by_the_part_of_their_addresses():
    streets = street_frame(("1", "Zahradní", WEST), ("2", "Zahradní", EAST), ("3", "Nová", EAST))
    addresses = lived(("1", "Jeseník"), ("2", "Bukovice"), ("2", "Jeseník"), ("2", "Bukovice"))
    assert named(streets, addresses) == {
        "street:1": "Zahradní (Jeseník)",
        "street:2": "Zahradní (Bukovice)",
        "street:3": "Nová",
    }


def test_else_by_the_part_most_of_the_line_lies_in_else_by_code():
    streets = street_frame(
        ("1", "Zahradní", WEST), ("2", "Zahradní", EAST), ("3", "Zahradní", EAST)
    )
    parts = gpd.GeoDataFrame(
        {schema.NAME: ["Jeseník", "Bukovice"]},
        geometry=[box(0, 0, 50, 10), box(50, 0, 80, 10)],
        crs=5514,
    )
    assert named(streets, lived(), parts) == {
        "street:1": "Zahradní (Jeseník)",
        "street:2": "Zahradní (2)",
        "street:3": "Zahradní (3)",
    }
    assert named(streets, lived())["street:1"] == "Zahradní (1)"


def test_streets_without_a_line_are_named():
    points_only = street_frame(
        ("1", "a", None), ("2", "b", Point(1, 1)), ("3", "c", MultiLineString()), ("4", "d", EAST)
    )
    made = make_street_axes(points_only, lived(), None)
    assert list(made.without_line) == ["a", "b", "c"]
    assert list(made.axes[schema.AREA_ID]) == ["street:4"]
    assert not made.axes[schema.DERIVED].any()
    assert list(made.axes[schema.PRECISION_M]) == [5.0]
    official_line = street_frame(("4", "d", EAST)).assign(layer_source=CITATION)
    assert list(make_street_axes(official_line, lived(), None).axes[schema.PRECISION_M]) == [2.0]


# --- whole towns -----------------------------------------------------------------------------


def data_of(town: Town, tmp_path, **options):
    path = tmp_path / f"{town.code}.xml"
    path.write_bytes(make_vfr(town, **options))
    return read_vfr(path)


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return data_of(small_town(), tmp_path_factory.mktemp("vfr"))


@pytest.fixture(scope="module")
def made(data):
    return make_layers(data, settings=Settings(), former=None)


@pytest.fixture
def workspace(tmp_path):
    found = Workspace(tmp_path / "w", Settings())
    found.path.mkdir()
    layers.install_bundled(found)
    return found


def test_every_layer_of_a_small_town(made):
    counts = {name: len(frame) for name, frame in made.frames.items()}
    assert counts.pop("segment") == counts.pop("segment_axis") > 6
    assert counts == {
        "municipality": 1,
        "cadastral_unit": 2,
        "district": 3,
        "town_part": 2,
        "electoral_district": 2,
        "street": 6,
        "street_axis": 6,
        "address": 63,
        "building": 73,
    }
    assert made.without_area == ()
    for kind in schema.AREA_KINDS:
        if kind in made.frames:
            layers.check_areas(made.frames[kind], kind, what=kind)


def test_small_town_parts_and_streets(made):
    boundary = made.frames["municipality"].union_all()
    parts = made.frames["town_part"]
    assert parts.area.sum() == pytest.approx(boundary.area)
    assert shapely.coverage_is_valid(parts.geometry.array)
    assert parts[schema.DERIVED].all()
    assert {"Školní (Jeseník)", "Školní (Bukovice)"} <= set(made.frames["street"][schema.NAME])
    assert set(made.frames["street"][schema.LAYER_SOURCE]) == {CITATION}


def test_every_layer_is_credited_to_the_file_it_comes_from(tmp_path):
    # The town's own file has districts and electoral districts as points at most.
    town = small_town()
    own = tmp_path / "own.xml"
    own.write_bytes(make_vfr(dataclasses.replace(town, electoral_districts=()), kind="OB_UZSZ"))
    files = [own]
    for kind, day in (("ST_UKSH", date(2026, 9, 30)), ("ST_UVOH", date(2026, 8, 31))):
        files.append(tmp_path / f"{kind}.xml")
        files[-1].write_bytes(make_vfr(town, kind=kind, valid_on=day))
    made = make_layers(read_official(files), settings=Settings(), former=None).frames
    credited = {kind: set(made[kind][schema.LAYER_SOURCE]) for kind in made if kind in AREA_LAYERS}
    assert credited[schema.MUNICIPALITY] == {"ČÚZK, RÚIAN k 30. 9. 2026, CC BY 4.0"}
    assert credited[schema.DISTRICT] == {"ČÚZK, RÚIAN k 30. 9. 2026, CC BY 4.0"}
    assert credited[schema.ELECTORAL_DISTRICT] == {"ČÚZK, RÚIAN k 31. 8. 2026, CC BY 4.0"}
    assert credited[schema.TOWN_PART] == {CITATION}


def test_points_outside_the_boundary_are_noted(data):
    far = data.buildings.copy()
    far.loc[far.index[:2], schema.GEOMETRY] = [
        Point(-544800, -1050795),
        Point(-544700, -1050795),
    ]
    moved = dataclasses.replace(data, buildings=far)
    notes = make_layers(moved, settings=Settings(), former=None).notes
    assert "buildings: 1 point lies more than 100 m outside the boundary." in notes


def without(data, **frames):
    return dataclasses.replace(data, **{name: empty_frame(name) for name in frames})


def test_nothing_but_a_boundary_makes_layers_and_notes(data):
    bare = without(
        data,
        cadastral_units=1,
        districts=1,
        electoral_districts=1,
        town_parts=1,
        streets=1,
        addresses=1,
        buildings=1,
    )
    made = make_layers(bare, settings=Settings(), former=None)
    assert {name: len(frame) for name, frame in made.frames.items()} == {
        "municipality": 1,
        "town_part": 0,
        "street": 0,
        "segment": 0,
        "street_axis": 0,
        "segment_axis": 0,
        "address": 0,
        "building": 0,
    }
    said = " ".join(made.notes)
    assert "no districts (ZSJ)" in said
    assert "no street lines" in said
    assert said.count("hotspots layers fetch") == 2


def test_no_boundary_is_an_error_with_the_file_to_get(data):
    with pytest.raises(SourceError, match=r"no boundary of the municipality Jeseník.*_OB_536385_U"):
        make_layers(without(data, municipality=1), settings=Settings(), former=None)


def test_what_the_files_lack_stays_as_it_is_in_force(data, workspace):
    bare = without(data, municipality=1, districts=1, streets=1, electoral_districts=1)
    made = make_layers(bare, settings=Settings(), former=workspace)
    districts_before = layers.read_areas(workspace, schema.DISTRICT)
    assert list(made.frames["district"][schema.NAME]) == list(districts_before[schema.NAME])
    assert len(made.frames["street"]) == 78
    assert list(made.frames["segment"][schema.AREA_ID]) == list(
        layers.read_areas(workspace, schema.SEGMENT)[schema.AREA_ID]
    )
    assert len(made.frames["place"]) == 26
    kept = [note for note in made.notes if "the one in force is kept" in note]
    assert len(kept) == 4


def test_layers_of_another_town_are_not_consulted(workspace, tmp_path):
    other = data_of(small_town("555555", "Jinde"), tmp_path)
    made = make_layers(without(other, districts=1), settings=workspace.settings, former=workspace)
    assert "district" not in made.frames
    assert "place" not in made.frames
    assert made.frames["municipality"][schema.RESIDENTS].isna().all()


def test_a_broken_layer_in_force_is_no_hindrance(data, workspace):
    path = workspace.layers / layers.LAYERS_FILE
    broken = gpd.read_file(path, layer="district").drop(columns="name")
    broken.to_file(path, layer="district")
    made = make_layers(data, settings=Settings(), former=workspace)
    assert len(made.frames["district"]) == 3
    assert any(note.startswith("Nothing was taken over from a layer") for note in made.notes)


def test_invalid_boundary_stops_unless_repaired(data):
    bounds = data.municipality.geometry[0].bounds
    spiked = shapely.transform(SPIKE, lambda c: c + np.array(bounds[:2]))
    broken = dataclasses.replace(
        data, municipality=data.municipality.assign(geometry=[spiked]), districts=data.districts[:0]
    )
    with pytest.raises(SchemaError, match=r"municipality are invalid: Jeseník"):
        make_layers(broken, settings=Settings(), former=None)
    made = make_layers(broken, settings=Settings(), former=None, repair=True)
    assert "the whole municipality: invalid polygons were repaired: Jeseník." in made.notes


def test_work_can_be_stopped_at_every_report(data):
    told = []
    make_layers(data, settings=Settings(), former=None, report=lambda _t, share: told.append(share))
    assert told == sorted(told)
    assert (told[0], told[-1]) == (0.0, 1.0)

    def stop(_text, share):
        if share > 0.2:
            raise CancelledError("stopped")

    with pytest.raises(CancelledError, match="stopped"):
        make_layers(data, settings=Settings(), former=None, report=stop)
