"""Every rule: a layer with exactly one fault gives exactly that problem, a sound one none."""

from datetime import date, timedelta
from itertools import pairwise

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from shapely.affinity import affine_transform, translate
from shapely.geometry import LineString, MultiPolygon, Point, Polygon, box

from hotspots import layers, schema
from hotspots.errors import NotFoundError
from hotspots.i18n import use_language
from hotspots.layers.change import switch_town
from hotspots.layers.checks.coverage_faults import NOISE_M, find_overlaps
from hotspots.layers.checks.diagnosis import check_frames, check_layers
from hotspots.layers.checks.problems import SEVERITIES
from hotspots.layers.checks.version_rules import OLD_DAYS
from hotspots.layers.official import read_official
from hotspots.layers.versions import LAYERS_FILE, VERSIONS_DIR, place_anew, put_in_force
from hotspots.settings import Settings, Workspace
from tests.tiling import (
    QUARTERS,
    SIDE,
    TOWN,
    X,
    Y,
    change_layer,
    make_areas,
    make_streets,
    make_town,
    make_workspace,
)

MARCH = date(2024, 3, 31)


def rules(problems):
    return [problem.rule for problem in problems]


def only(frames, boundary=TOWN, **options):
    problems = check_frames(frames, boundary, **options)
    assert len(problems) == 1, [(p.rule, p.text) for p in problems]
    return problems[0]


def districts(shapes=QUARTERS, **options):
    return {schema.DISTRICT: make_areas(schema.DISTRICT, shapes, **options)}


def replaced(index, shape, shapes=QUARTERS):
    return [shape if k == index else s for k, s in enumerate(shapes)]


def grown(shape, by, side=2):
    """Return a square stretched by `by` metres to the east (side 2) or another side."""
    bounds = list(shape.bounds)
    bounds[side] += by
    return box(*bounds)


def addresses(*, points, codes=None, streets=None):
    n = len(points)
    values = dict.fromkeys(schema.ADDRESS_COLUMNS[:-1], "")
    frame = pd.DataFrame([values] * n)
    frame[schema.ADDRESS_CODE] = codes or [str(900 + k) for k in range(n)]
    frame[schema.STREET_CODE] = streets or ["1"] * n
    frame[schema.STREET_NAME] = ["Dlouhá" if c == "1" else "Krátká" for c in frame["street_code"]]
    return {"address": gpd.GeoDataFrame(frame, geometry=list(points), crs=5514)}


def test_a_sound_town_has_no_problem():
    assert check_frames(make_town(), TOWN, settings=Settings()) == ()


def test_nothing_is_changed():
    frames = make_town()
    before = {name: frame.copy() for name, frame in frames.items()}
    check_frames(frames, TOWN)
    for name, frame in frames.items():
        pd.testing.assert_frame_equal(frame, before[name])


# --- polygons fitting each other -----------------------------------------------------------------


def test_overlap_is_measured():
    # The south-west reaches 20 m into the south-east: 20 m × 1,000 m.
    problem = only(districts(replaced(0, grown(QUARTERS[0], 20))))
    assert (problem.rule, problem.severity, problem.n) == ("overlap", "error", 1)
    assert problem.areas == ("Jihozápad × Jihovýchod",)
    assert "20,000 m² in all" in problem.text
    assert problem.repair == ""
    assert "QGIS" in problem.cure


def test_narrow_overlap_can_be_repaired():
    problem = only(districts(replaced(0, grown(QUARTERS[0], 0.4))))
    assert (problem.rule, problem.severity, problem.repair) == (
        "narrow_overlap",
        "warning",
        "borders",
    )
    assert "400 m²" in problem.text


def test_several_overlaps_are_listed_largest_first():
    shapes = replaced(0, grown(QUARTERS[0], 20), replaced(2, grown(QUARTERS[2], 50)))
    problem = only(districts(shapes))
    assert problem.n == 2
    assert problem.areas == ("Severozápad × Severovýchod", "Jihozápad × Jihovýchod")
    assert "70,000 m² in all" in problem.text
    assert "50,000 m²" in problem.text


def test_an_area_inside_another_overlaps_it():
    problem = only(districts([*QUARTERS, box(X + 10, Y + 10, X + 60, Y + 60)]))
    assert problem.rule == "overlap"
    assert problem.areas == ("Jihozápad × Díl 5",)
    assert "2,500 m²" in problem.text


@pytest.mark.parametrize("kind", sorted(schema.OWN_KINDS))
def test_own_areas_may_overlap(kind):
    shapes = [box(X, Y, X + 100, Y + 100), box(X + 50, Y, X + 150, Y + 100)]
    problem = only({kind: make_areas(kind, shapes)})
    assert (problem.rule, problem.severity) == ("overlap", "note")
    assert "5,000 m²" in problem.text


def test_street_overlaps_are_mended_by_making_streets_anew():
    shapes = [box(X, Y, X + 100, Y + 60), box(X + 50, Y, X + 150, Y + 60)]
    problem = only({schema.STREET: make_areas(schema.STREET, shapes)})
    assert problem.severity == "error"
    assert "hotspots layers remake" in problem.cure


def test_gap_is_measured_and_placed():
    # The north-east lacks a square of 30 m around a point 100 m from its south-western corner.
    hole = box(X + 1100, Y + 1100, X + 1130, Y + 1130)
    problem = only(districts(replaced(3, QUARTERS[3].difference(hole))))
    assert (problem.rule, problem.severity, problem.n) == ("gap", "error", 1)
    assert "900 m²" in problem.text
    assert f"[{X + 1115:.0f} {Y + 1115:.0f}]" in problem.text


def test_a_missing_district_is_a_gap():
    problem = only(districts(QUARTERS[:3]))
    assert problem.rule == "gap"
    assert "1 km² (25% of it)" in problem.text


@pytest.mark.parametrize("kind", ["district", "cadastral_unit", "town_part", "electoral_district"])
def test_layers_that_should_cover_the_town(kind):
    assert rules(check_frames({kind: make_areas(kind, QUARTERS[:3])}, TOWN)) == ["gap"]


@pytest.mark.parametrize("kind", ["street", "locality", "patrol_beat"])
def test_layers_that_need_not_cover_the_town(kind):
    assert check_frames({kind: make_areas(kind, QUARTERS[:2])}, TOWN) == ()


@pytest.mark.parametrize("by", [0.4, 0.95])
def test_narrow_gap_can_be_repaired(by):
    problem = only(districts(replaced(0, grown(QUARTERS[0], -by))))
    assert (problem.rule, problem.severity, problem.repair) == ("narrow_gap", "warning", "borders")


def test_rounding_is_no_fault():
    for by in (0.01, -0.01):
        assert check_frames(districts(replaced(0, grown(QUARTERS[0], by))), TOWN) == ()


def test_area_outside_the_town():
    problem = only(districts(replaced(1, grown(QUARTERS[1], 100))))
    assert (problem.rule, problem.severity) == ("outside", "error")
    assert problem.areas == ("Jihovýchod",)
    assert "100,000 m²" in problem.text


def test_area_barely_outside_can_be_repaired():
    problem = only(districts(replaced(1, grown(QUARTERS[1], 0.5))))
    assert (problem.rule, problem.severity, problem.repair) == (
        "narrow_outside",
        "warning",
        "borders",
    )


def test_a_locality_may_stick_out():
    problem = only({"locality": make_areas("locality", [box(X - 50, Y, X + 50, Y + 100)])})
    assert (problem.rule, problem.severity) == ("outside", "note")


def test_sliver_part_of_an_area():
    # 60 m × 0.5 m: 30 m², 4π·30/121² = 0.026.
    sliver = box(X + 200, Y + 200, X + 260, Y + 200.5)
    frame = make_areas("patrol_beat", [MultiPolygon([box(X, Y, X + 100, Y + 100), sliver])])
    problem = only({"patrol_beat": frame})
    assert (problem.rule, problem.severity, problem.n) == ("sliver", "warning", 1)
    assert problem.areas == ("Jihozápad",)


def test_a_small_square_and_a_long_lane_are_no_slivers():
    shapes = [box(X, Y, X + 5, Y + 5), box(X + 10, Y, X + 13, Y + 400)]
    assert check_frames({"patrol_beat": make_areas("patrol_beat", shapes)}, TOWN) == ()


# --- single polygons -----------------------------------------------------------------------------


def bow_tie():
    return Polygon([(X, Y), (X + 100, Y + 100), (X + 100, Y), (X, Y + 100)])


def test_invalid_polygon_with_reason_and_place():
    problem = only({"locality": make_areas("locality", [bow_tie()], area_km2=0.005)})
    assert (problem.rule, problem.severity, problem.repair) == ("invalid", "error", "valid")
    assert f"crosses itself at {X + 50:.0f} {Y + 50:.0f}" in problem.text


def test_faults_of_an_invalid_layer_are_all_listed():
    shapes = [bow_tie(), *QUARTERS[1:]]
    assert set(rules(check_frames(districts(shapes), TOWN))) == {"invalid", "gap"}


def test_two_areas_with_one_polygon():
    turned = Polygon(np.roll(np.array(QUARTERS[0].exterior.coords)[:-1], 2, axis=0))
    problem = only(districts([*QUARTERS, turned]))
    assert (problem.rule, problem.severity) == ("duplicate_geometry", "error")
    assert problem.areas == ("Jihozápad = Díl 5",)


def test_one_area_twice():
    frame = make_areas(
        "district", [*QUARTERS, QUARTERS[0]], ids=["a", "b", "c", "d", "a"], names=[*"ABCDA"]
    )
    problem = only({"district": frame})
    assert (problem.rule, problem.repair, problem.n) == ("duplicate_area", "duplicates", 1)


def test_polygon_missing_empty_or_something_else():
    shapes = [*QUARTERS, None, Polygon(), Point(X, Y)]
    problems = check_frames(districts(shapes), TOWN)
    assert {(p.rule, p.n) for p in problems} == {("no_geometry", 2), ("no_polygon", 1)}


def test_coordinates_that_are_no_numbers():
    endless = Polygon([(X, Y), (X + 10, Y), (X + 10, np.inf), (X, Y)])
    assert "not_finite" in rules(check_frames(districts([*QUARTERS, endless]), TOWN))


def test_heights_and_empty_parts_are_noted():
    high = shapely.force_3d(QUARTERS[0], 450.0)
    problem = only(districts([high, *QUARTERS[1:]]))
    assert (problem.rule, problem.severity, problem.repair) == ("heights", "note", "flatten")
    hollow = shapely.multipolygons([QUARTERS[0], Polygon()])
    problem = only(districts([hollow, *QUARTERS[1:]]))
    assert (problem.rule, problem.severity, problem.repair) == ("empty_parts", "note", "parts")


# --- coordinates ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("matrix", "rule"),
    [
        ([-1, 0, 0, -1, 0, 0], "coordinates_positive"),
        ([0, 1, 1, 0, 0, 0], "coordinates_swapped"),
        ([0, -1, -1, 0, 0, 0], "coordinates_positive_swapped"),
    ],
)
@pytest.mark.parametrize("crs", [5514, None, 5513])
def test_turned_sjtsk_is_recognised(matrix, rule, crs):
    problem = only(districts([affine_transform(s, matrix) for s in QUARTERS], crs=crs))
    assert (problem.rule, problem.severity, problem.n) == (rule, "error", 4)
    assert problem.repair == "coordinates"


def test_turned_sjtsk_of_another_town_is_not_certain():
    away = [translate(s, 50_000, 0) for s in QUARTERS]
    problem = only(districts([affine_transform(s, [-1, 0, 0, -1, 0, 0]) for s in away]))
    assert (problem.rule, problem.repair) == ("coordinates_positive", "")


def test_one_feature_among_others():
    shapes = replaced(2, affine_transform(QUARTERS[2], [0, 1, 1, 0, 0, 0]))
    problem = only(districts(shapes))
    assert (problem.rule, problem.n, problem.areas) == ("coordinates_swapped", 1, ("Severozápad",))


def test_degrees_that_say_sjtsk():
    degrees = districts()[schema.DISTRICT].to_crs(4326).set_crs(5514, allow_override=True)
    problem = only({"district": degrees})
    assert (problem.rule, problem.severity, problem.repair) == ("coordinates_degrees", "error", "")
    assert "EPSG:4326" in problem.cure
    swapped = degrees.set_geometry(degrees.geometry.affine_transform([0, 1, 1, 0, 0, 0]))
    assert only({"district": swapped}).rule == "coordinates_degrees_swapped"


@pytest.mark.parametrize("crs", [4326, 32633, 3857])
def test_a_declared_system_is_converted(crs):
    frame = districts()[schema.DISTRICT].to_crs(crs)
    problem = only({"district": frame})
    assert (problem.rule, problem.repair) == ("other_crs", "coordinates")
    assert f"EPSG:{crs}" in problem.text


def test_a_declared_system_that_cannot_be():
    frame = districts()[schema.DISTRICT].to_crs(32633).set_crs(32634, allow_override=True)
    problem = only({"district": frame})
    assert (problem.rule, problem.repair) == ("wrong_crs", "")
    assert "outside Czechia" in problem.text


def test_sjtsk_that_says_something_else_or_nothing():
    frame = districts()[schema.DISTRICT]
    problem = only({"district": frame.set_crs(4326, allow_override=True)})
    assert (problem.rule, problem.repair) == ("wrong_crs", "coordinates")
    problem = only({"district": frame.set_crs(None, allow_override=True)})
    assert (problem.rule, problem.repair) == ("no_crs", "coordinates")


def test_outside_czechia():
    problem = only(districts([translate(s, 900_000, 0) for s in QUARTERS]))
    assert (problem.rule, problem.severity, problem.repair) == ("coordinates_outside", "error", "")


# --- columns -------------------------------------------------------------------------------------


def test_columns_missing():
    frame = districts()[schema.DISTRICT].drop(columns=["precision_m", "derived"])
    problem = only({"district": frame})
    assert (problem.rule, problem.severity) == ("columns_missing", "error")
    assert set(problem.areas) == {"precision_m", "derived"}
    axes = make_streets()["street_axis"].rename(columns={"area_id": "id"})
    assert only({"street_axis": axes}).rule == "columns_missing"


def test_duplicate_and_empty_ids():
    problem = only(districts(ids=["a", "b", "b", "d"]))
    assert (problem.rule, problem.severity, problem.areas) == ("duplicate_id", "error", ("b",))
    problem = only(districts(ids=["a", "b", " ", None]))
    assert (problem.rule, problem.n) == ("empty_id", 2)


def test_duplicate_and_empty_names():
    problem = only(districts(names=["A", "A", "B", "C"]))
    assert (problem.rule, problem.severity) == ("duplicate_name", "warning")
    assert only(districts(names=["A", "", None, "C"])).n == 2
    streets = make_areas("street", [s.buffer(-10) for s in QUARTERS], names=["A", "A", "B", "C"])
    problem = only({"street": streets})
    assert (problem.rule, problem.severity) == ("duplicate_name", "note")


def test_wrong_kind_and_numbers():
    assert only(districts(kind=["district"] * 3 + ["quarter"])).rule == "wrong_kind"
    problem = only(districts(precision_m=-1.0))
    assert (problem.rule, problem.areas) == ("wrong_numbers", ("precision_m",))
    assert only(districts(residents=["a", "b", "c", "d"])).rule == "wrong_numbers"


def test_area_that_is_not_the_polygons():
    problem = only(districts(area_km2=[1.0, 1.0, 1.0, 1.01]))
    assert (problem.rule, problem.severity, problem.repair) == (
        "area_differs",
        "warning",
        "measures",
    )
    assert problem.areas == ("Severovýchod",)


@pytest.mark.parametrize(
    ("kind", "severity"), [("district", "warning"), ("cadastral_unit", "note")]
)
def test_residents_missing(kind, severity):
    frame = make_areas(kind, QUARTERS, residents=[10.0, np.nan, 20.0, np.nan])
    problem = only({kind: frame})
    assert (problem.rule, problem.severity, problem.n) == ("residents_missing", severity, 2)
    assert problem.areas == ("Jihovýchod", "Severovýchod")
    assert "2 of 4 areas" in problem.text
    assert problem.cure.endswith(f"hotspots layers import FILE --as {kind} --year 2021")


def test_streets_have_no_residents():
    assert check_frames({"street": make_areas("street", QUARTERS)}, TOWN) == ()


def test_residents_of_different_or_unknown_years():
    problem = only(districts(residents_year=[2011.0, 2021.0, 2021.0, 2021.0]))
    assert problem.rule == "residents_years"
    assert "2011, 2021" in problem.text
    assert only(districts(residents_year=[np.nan, 2021, 2021, 2021])).rule == (
        "residents_year_missing"
    )


@pytest.mark.parametrize(
    ("each", "year", "expected"),
    [
        (101.0, 2021.0, []),  # 404 of 400, 1 %
        (103.0, 2021.0, ["residents_sum"]),  # 3 % of one year
        (103.0, 2011.0, []),  # 3 % of two years
        (110.0, 2011.0, ["residents_sum"]),  # 10 %
    ],
)
def test_residents_against_the_towns(each, year, expected):
    town = make_town()["municipality"]
    frames = districts(residents=each, residents_year=year) | {"municipality": town}
    problems = check_frames(frames, TOWN)
    assert rules(problems) == expected
    if expected:
        assert "400" in problems[0].text
        one_row = "--as municipality --year 2011" in problems[0].cure
        assert one_row == (year == 2011.0)


def test_layers_of_another_town():
    frames = {"municipality": make_town()["municipality"]}
    assert check_frames(frames, TOWN, settings=Settings()) == ()
    chosen = Settings(municipality="564729", town="Děčany")
    problem = only(frames, settings=chosen)
    assert (problem.rule, problem.severity) == ("other_municipality", "error")
    assert "Jeseník (536385)" in problem.text
    assert "Děčany (564729)" in problem.text


# --- streets and addresses -----------------------------------------------------------------------


def test_axis_without_area():
    frames = make_streets()
    more = pd.concat(
        [
            frames["street_axis"],
            gpd.GeoDataFrame(
                {"area_id": ["street:2"]}, geometry=[LineString([(X, Y), (X + 9, Y)])], crs=5514
            ),
        ],
        ignore_index=True,
    )
    problem = only(frames | {"street_axis": more})
    assert (problem.rule, problem.severity) == ("axis_without_area", "error")
    assert problem.areas == ("street:2",)
    assert "hotspots layers remake" in problem.cure


def test_street_without_axis_or_with_a_point():
    frames = make_streets()
    axes = frames["street_axis"]
    problem = only(frames | {"street_axis": axes.set_geometry([None]).set_crs(5514)})
    assert (problem.rule, problem.areas) == ("area_without_axis", ("Dlouhá",))
    problem = only(frames | {"street_axis": axes.set_geometry([Point(X, Y)]).set_crs(5514)})
    assert (problem.rule, problem.severity) == ("street_at_a_point", "note")


def test_segments_that_do_not_add_up():
    frames = make_streets()
    problem = only(frames | {"segment": frames["segment"].assign(length_m=[100.0, 95.0])})
    assert problem.rule == "segment_lengths"
    assert "by 5 m" in problem.text
    shorter = grown(frames["segment"].geometry.iloc[1], -10)
    changed = frames["segment"].set_geometry([frames["segment"].geometry.iloc[0], shorter])
    changed = changed.set_crs(5514).assign(area_km2=[0.006, 0.0054])
    problem = only(frames | {"segment": changed})
    assert problem.rule == "segment_areas"
    assert "by 600 m²" in problem.text


def test_segments_and_streets_without_each_other():
    frames = make_streets()
    lost = frames["segment"].assign(street_id=["street:1", "street:9"])
    found = check_frames(frames | {"segment": lost}, TOWN)
    assert set(rules(found)) == {"segment_without_street", "segment_lengths", "segment_areas"}
    none = {name: frames[name].iloc[:0] for name in ("segment", "segment_axis")}
    assert only(frames | none).rule == "street_without_segments"


def test_segment_numbers_may_be_missing_but_not_wrong():
    frames = make_streets()
    segments = frames["segment"]
    assert check_frames(frames | {"segment": segments.drop(columns="segment_number")}, TOWN) == ()
    problem = only(frames | {"segment": segments.assign(segment_number=[0, 1])})
    assert (problem.rule, problem.severity) == ("segment_numbers", "error")
    assert "street:1/01" in problem.text


def test_names_with_braces_are_only_text():
    frames = make_streets()
    frames["street"] = frames["street"].assign(name="{0.__class__} %s {names}")
    problem = only(frames | {"segment": frames["segment"].assign(length_m=[100.0, 95.0])})
    assert "{0.__class__}" in problem.text


def test_addresses_outside_without_axis_or_position():
    axes = {"street_axis": make_streets()["street_axis"]}
    inside = Point(X + 5, Y + 5)
    assert check_frames(addresses(points=[inside]) | axes, TOWN) == ()
    problem = only(addresses(points=[inside, Point(X - 30, Y)]) | axes)
    assert (problem.rule, problem.areas) == ("address_outside", ("901",))
    assert "30 m away" in problem.text
    problem = only(addresses(points=[inside, inside], streets=["1", "7"]) | axes)
    assert (problem.rule, problem.areas) == ("address_without_axis", ("Krátká",))
    problem = only(addresses(points=[inside, None]) | axes)
    assert (problem.rule, problem.severity) == ("address_unplaced", "note")
    assert check_frames(addresses(points=[inside], streets=[""]) | axes, TOWN) == ()


# --- workspaces ----------------------------------------------------------------------------------


def test_a_sound_workspace(tmp_path):
    assert check_layers(make_workspace(tmp_path)) == ()


def test_no_layers_at_all(tmp_path):
    with pytest.raises(NotFoundError, match="has no layers yet"):
        check_layers(Workspace(tmp_path, Settings()))


def test_missing_layers(tmp_path):
    frames = {"place_names": make_town()["district"]}
    found = check_layers(make_workspace(tmp_path, frames))
    assert {(p.layer, p.severity) for p in found if p.rule == "no_layer"} == {
        ("municipality", "error"),
        ("district", "warning"),
        ("street", "warning"),
        ("locality", "note"),
    }


@pytest.mark.parametrize("damage", [b"", b"not a database", None])
def test_damaged_file(tmp_path, damage):
    workspace = make_workspace(tmp_path)
    path = workspace.layers / LAYERS_FILE
    path.write_bytes(path.read_bytes()[:3000] if damage is None else damage)
    (problem,) = check_layers(workspace)
    assert (problem.rule, problem.severity) == ("damaged_file", "error")
    assert "hotspots layers use" in problem.cure


def test_a_layer_without_geometry(tmp_path):
    workspace = make_workspace(tmp_path)
    change_layer(workspace, "place", pd.DataFrame({"name": ["Pošta"]}))
    found = check_layers(workspace)
    assert ("damaged_layer", "place") in [(p.rule, p.layer) for p in found]


def test_hand_edits_are_noted_and_what_they_broke_is_found(tmp_path):
    workspace = make_workspace(tmp_path)
    frame = districts(replaced(0, grown(QUARTERS[0], 20)))[schema.DISTRICT]
    change_layer(workspace, "district", frame)
    assert rules(check_layers(workspace)) == ["overlap", "hand_edited"]


def test_turned_boundary_does_not_hide_the_rest(tmp_path):
    workspace = make_workspace(tmp_path)
    town = make_town()["municipality"]
    turned = town.set_geometry(town.geometry.affine_transform([-1, 0, 0, -1, 0, 0]))
    change_layer(workspace, "municipality", turned)
    change_layer(workspace, "district", districts(QUARTERS[:3])["district"])
    found = check_layers(workspace)
    assert {p.rule for p in found} == {
        "coordinates_positive",
        "gap",
        "residents_sum",
        "hand_edited",
    }


def test_settings_that_differ(tmp_path):
    workspace = make_workspace(tmp_path, with_streets=True)
    assert check_layers(workspace) == ()
    changed = Workspace(workspace.path, Settings(street_reach_m=25.0, segment_length_m=200.0))
    found = check_layers(changed)
    assert set(rules(found)) == {"reach_differs", "segment_length_differs"}
    assert "reach 30 m from the axis, but the settings say 25 m" in found[0].text


@pytest.mark.parametrize(("days", "expected"), [(OLD_DAYS, []), (OLD_DAYS + 1, ["old_data"])])
def test_old_data(tmp_path, days, expected):
    workspace = make_workspace(tmp_path, valid_on=MARCH)
    found = check_layers(workspace, today=MARCH + timedelta(days=days))
    assert rules(found) == expected


def test_a_version_that_is_gone_but_needed(tmp_path):
    workspace = make_workspace(tmp_path)
    put_in_force(workspace, make_town(), made_by="fetched", keep_layers=False, since=MARCH)
    (workspace.layers / VERSIONS_DIR / "0001.gpkg").unlink()
    (problem,) = check_layers(workspace)
    assert (problem.rule, problem.severity, problem.areas) == ("version_missing", "error", ("1",))
    place_anew(workspace)
    assert check_layers(workspace) == ()


def test_bundled_layers_have_no_error(tmp_path):
    workspace = Workspace(tmp_path / "w", Settings())
    layers.install_bundled(workspace)
    found = check_layers(workspace)
    assert {p.rule for p in found} == {
        "residents_sum",
        "street_at_a_point",
        "residents_missing",
        "no_layer",
    }
    assert not [p for p in found if p.severity == "error"]
    assert [SEVERITIES.index(p.severity) for p in found] == sorted(
        SEVERITIES.index(p.severity) for p in found
    )


@pytest.mark.reference
def test_official_layers_of_a_real_town_have_no_error(tmp_path, shared):
    workspace = Workspace(tmp_path / "w", Settings(municipality="564729", town="Děčany"))
    workspace.layers.mkdir(parents=True)
    data = read_official([shared / "data" / "ruian" / "ruian_OB_564729_Decany_UKSH.xml.gz"])
    switch_town(workspace, data, made_by="imported")
    found = check_layers(workspace, today=date(2014, 5, 1))
    assert {p.rule for p in found} == {"no_layer", "residents_missing", "address_unplaced"}
    assert not [p for p in found if p.severity == "error"]


def test_every_text_says_what_and_how_in_czech_too():
    with use_language("cs"):
        problem = only(districts(replaced(0, grown(QUARTERS[0], 20))))
    assert "20\N{NO-BREAK SPACE}000" in problem.text
    assert problem.cure


# --- properties ----------------------------------------------------------------------------------

cuts = st.lists(st.floats(50, 1950).map(lambda v: round(v, 2)), min_size=1, max_size=5, unique=True)


def tiles(xs, ys):
    xs, ys = sorted({0.0, 2 * SIDE, *xs}), sorted({0.0, 2 * SIDE, *ys})
    assume(min(np.diff(xs).min(), np.diff(ys).min()) > 12)
    return [box(X + a, Y + c, X + b, Y + d) for a, b in pairwise(xs) for c, d in pairwise(ys)]


@settings(max_examples=25)
@given(cuts, cuts)
def test_a_tiling_has_no_problem(xs, ys):
    assert check_frames(districts(tiles(xs, ys)), TOWN) == ()


@settings(max_examples=25)
@given(cuts, cuts, st.data())
def test_a_moved_corner_is_found(xs, ys, data):
    shapes = tiles(xs, ys)
    row = data.draw(st.integers(0, len(shapes) - 1))
    corner = data.draw(st.integers(0, 3))
    by = data.draw(st.sampled_from([-9.0, -4.0, 4.0, 9.0]))
    points = np.array(shapes[row].exterior.coords)[:-1]
    points[corner] += (by, by)
    moved = [Polygon(points) if k == row else s for k, s in enumerate(shapes)]
    found = check_frames(districts(moved), TOWN)
    assert {"overlap", "gap", "outside"} & set(rules(found))


@settings(max_examples=25)
@given(st.lists(st.tuples(st.floats(0, 900), st.floats(0, 900), st.floats(5, 400)), max_size=12))
def test_overlapping_pairs_are_those_of_brute_force(squares):
    shapes = np.array([box(X + a, Y + b, X + a + c, Y + b + c) for a, b, c in squares], object)
    shapes = np.array([shapely.set_precision(s, 0.01) for s in shapes], dtype=object)
    expected = {
        (i, j)
        for i in range(len(shapes))
        for j in range(i + 1, len(shapes))
        if not shapes[i].intersection(shapes[j]).buffer(-NOISE_M / 2).is_empty
    }
    found = find_overlaps(shapes)
    assert set(zip(found.first.tolist(), found.second.tolist(), strict=True)) == expected
