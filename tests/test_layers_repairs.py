"""Repairs: what they say they will change is what changes, and afterwards the problem is gone."""

import numpy as np
import pytest
import shapely
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from shapely.affinity import affine_transform
from shapely.geometry import Polygon, box

from hotspots import layers, schema
from hotspots.errors import NotFoundError, ParameterError, SourceError
from hotspots.layers.checks.border_repair import MOVE_M, mend_borders
from hotspots.layers.checks.coverage_faults import STRIP_M, find_gaps, find_outside, find_overlaps
from hotspots.layers.checks.diagnosis import check_layers
from hotspots.layers.checks.problems import REPAIRS
from hotspots.layers.checks.repairs import AreaChange, plan_repairs, repair_layers
from hotspots.layers.versions import LAYERS_FILE, current_version, is_hand_edited, list_versions
from hotspots.settings import Settings, Workspace
from tests.tiling import (
    QUARTERS,
    SIDE,
    TOWN,
    X,
    Y,
    change_layer,
    make_areas,
    make_town,
    make_workspace,
)

MATRICES = {
    "positive": [-1, 0, 0, -1, 0, 0],
    "swapped": [0, 1, 1, 0, 0, 0],
    "positive_swapped": [0, -1, -1, 0, 0, 0],
}


def town_with(tmp_path, **changed):
    return make_workspace(tmp_path, make_town(**changed))


def districts(shapes, **options):
    return make_areas(schema.DISTRICT, shapes, **options)


def shifted(shape, by, side):
    bounds = list(shape.bounds)
    bounds[side] += by
    return box(*bounds)


def state(workspace):
    return (workspace.layers / LAYERS_FILE).read_bytes()


def same_ground(one, other):
    return shapely.symmetric_difference(one, other).area < 10  # 1 mm around 4 km


# --- borders -------------------------------------------------------------------------------------


def test_narrow_overlap(tmp_path):
    # The south-west reaches 0.4 m into the south-east: 400 m² are counted twice.
    frame = districts([shifted(QUARTERS[0], 0.4, 2), *QUARTERS[1:]])
    workspace = town_with(tmp_path, district=frame)
    before = state(workspace)
    (plan,) = plan_repairs(workspace)
    assert state(workspace) == before
    assert (plan.code, plan.layer, plan.refused) == ("borders", "district", False)
    (change,) = plan.changes
    assert (change.gained_m2, round(change.lost_m2)) == (0, 400)
    assert plan.largest_m == pytest.approx(0.4, abs=0.01)
    assert "400 m² change" in plan.text
    assert "moves by more than 0.4 m" in plan.text
    version = repair_layers(workspace)
    assert (version.version_id, version.made_by) == (2, "repaired")
    assert check_layers(workspace) == ()
    assert not is_hand_edited(workspace)
    areas = layers.read_areas(workspace, "district")
    assert areas["area_id"].tolist() == frame["area_id"].tolist()
    assert areas.area.sum() == pytest.approx(TOWN.area, abs=0.01)
    assert areas["area_km2"].sum() == pytest.approx(4.0, abs=1e-5)


@pytest.mark.parametrize("width", [0.1, 0.7, 0.95])
def test_narrow_gap_between_areas_and_up_to_the_boundary(tmp_path, width):
    frame = districts([shifted(QUARTERS[0], -width, 2), *QUARTERS[1:]])
    workspace = town_with(tmp_path, district=frame)
    (plan,) = plan_repairs(workspace)
    (change,) = plan.changes
    assert change.name == "Jihozápad"  # the first of the two along the gap
    assert change.gained_m2 == pytest.approx(width * SIDE, rel=0.01)
    assert plan.largest_m == pytest.approx(width, abs=0.01)
    repair_layers(workspace)
    assert check_layers(workspace) == ()


def test_a_star_of_gaps_gives_no_area_a_tentacle(tmp_path):
    # Every quarter is drawn 0.3 m too small on all sides: a cross of gaps and a rim.
    frame = districts([shape.buffer(-0.3, join_style="mitre") for shape in QUARTERS])
    workspace = town_with(tmp_path, district=frame)
    (plan,) = plan_repairs(workspace)
    assert not plan.refused
    assert plan.largest_m <= MOVE_M
    repair_layers(workspace)
    assert check_layers(workspace) == ()
    for was, now in zip(QUARTERS, layers.read_areas(workspace, "district").geometry, strict=True):
        assert now.difference(was.buffer(MOVE_M)).area == 0
        assert now.symmetric_difference(was).area < 2 * 4 * SIDE * 0.6


def test_narrow_edge_outside(tmp_path):
    workspace = town_with(
        tmp_path, district=districts([QUARTERS[0], shifted(QUARTERS[1], 0.5, 2), *QUARTERS[2:]])
    )
    (plan,) = plan_repairs(workspace)
    (change,) = plan.changes
    assert (change.name, round(change.lost_m2)) == ("Jihovýchod", 500)
    repair_layers(workspace)
    assert check_layers(workspace) == ()


def test_a_wide_gap_stays_for_a_person(tmp_path):
    hole = box(X + 1100, Y + 1100, X + 1130, Y + 1130)
    shapes = [shifted(QUARTERS[0], -0.5, 2), *QUARTERS[1:3], QUARTERS[3].difference(hole)]
    workspace = town_with(tmp_path, district=districts(shapes))
    repair_layers(workspace)
    (problem,) = check_layers(workspace)
    assert problem.rule == "gap"
    assert "900 m²" in problem.text


def test_wide_overlap_is_refused_with_the_reason(tmp_path):
    shapes = [shifted(QUARTERS[0], 20, 2), *QUARTERS[1:3], shifted(QUARTERS[3], 0.3, 0)]
    workspace = town_with(tmp_path, district=districts(shapes))
    before = state(workspace)
    (plan,) = plan_repairs(workspace)
    assert plan.refused
    assert "as Jihozápad and Jihovýchod do" in plan.text
    with pytest.raises(
        ParameterError,
        match=r"nothing can be repaired safely: districts .basic settlement units.: borders",
    ):
        repair_layers(workspace)
    assert state(workspace) == before
    assert len(list_versions(workspace)) == 1


def test_the_towns_own_areas_and_streets_are_left_alone(tmp_path):
    shapes = [box(X, Y, X + 100, Y + 100), box(X + 99.5, Y, X + 200, Y + 100)]
    workspace = town_with(tmp_path, locality=make_areas("locality", shapes))
    assert plan_repairs(workspace) == ()


# --- polygons ------------------------------------------------------------------------------------


def bow_tie():
    return Polygon([(X, Y), (X + 100, Y + 100), (X + 100, Y), (X, Y + 100)])


def test_bow_tie_becomes_two_triangles(tmp_path):
    workspace = town_with(tmp_path, locality=make_areas("locality", [bow_tie()]))
    (plan,) = plan_repairs(workspace)
    assert (plan.code, plan.areas) == ("valid", ("Jihozápad",))
    repair_layers(workspace)
    assert check_layers(workspace) == ()
    (shape,) = layers.read_areas(workspace, "locality").geometry
    assert shape.geom_type == "MultiPolygon"
    assert shape.area == pytest.approx(5000)


def test_spike_is_taken_off(tmp_path):
    spike = Polygon(
        [(X, Y), (X + 9, Y), (X + 9, Y + 9), (X + 9, Y + 50), (X + 9, Y + 9), (X, Y + 9)]
    )
    workspace = town_with(tmp_path, locality=make_areas("locality", [spike]))
    (plan,) = plan_repairs(workspace)
    assert plan.changes == (AreaChange("Jihozápad", 0.0, 0.0),)
    repair_layers(workspace)
    assert check_layers(workspace) == ()


def test_polygon_that_can_be_read_in_two_ways_is_refused(tmp_path):
    # The ring runs twice around the same 50 m × 50 m: ground or a hole?
    outer = [(0, 0), (100, 0), (100, 100), (0, 100), (0, 25)]
    inner = [(75, 25), (75, 75), (25, 75), (25, 0)]
    shape = Polygon([(X + x, Y + y) for x, y in (*outer, *inner)])
    workspace = town_with(tmp_path, locality=make_areas("locality", [shape]))
    (plan,) = plan_repairs(workspace)
    assert plan.refused
    assert "differ by 2,500 m²" in plan.text
    with pytest.raises(ParameterError, match="two ways"):
        repair_layers(workspace, ["valid"])


def test_polygon_that_is_only_a_line_is_refused(tmp_path):
    flat = Polygon([(X, Y), (X + 100, Y), (X + 50, Y), (X, Y)])
    workspace = town_with(tmp_path, locality=make_areas("locality", [flat]))
    assert [plan.refused for plan in plan_repairs(workspace)] == [True]


def test_repeated_row(tmp_path):
    frame = make_areas(
        "district", [*QUARTERS, QUARTERS[0]], ids=["a", "b", "c", "d", "a"], names=[*"ABCDA"]
    )
    workspace = town_with(tmp_path, district=frame, municipality=make_town()["municipality"])
    (plan,) = plan_repairs(workspace)
    assert (plan.code, plan.areas) == ("duplicates", ("a",))
    repair_layers(workspace)
    assert check_layers(workspace) == ()
    assert layers.read_areas(workspace, "district")["area_id"].tolist() == ["a", "b", "c", "d"]


def test_repeated_row_with_other_residents_is_refused(tmp_path):
    frame = make_areas(
        "district",
        [*QUARTERS, QUARTERS[0]],
        ids=["a", "b", "c", "d", "a"],
        names=[*"ABCDA"],
        residents=[80.0, 80.0, 80.0, 80.0, 90.0],
    )
    workspace = town_with(tmp_path, district=frame)
    (plan, *_) = plan_repairs(workspace)
    assert (plan.code, plan.refused) == ("duplicates", True)


def test_heights_empty_parts_and_measures(tmp_path):
    shapes = [
        shapely.force_3d(QUARTERS[0], 450.0),
        shapely.multipolygons([QUARTERS[1], Polygon()]),
        *QUARTERS[2:],
    ]
    workspace = town_with(tmp_path, district=districts(shapes, area_km2=[1.0, 1.0, 1.0, 7.0]))
    assert [plan.code for plan in plan_repairs(workspace)] == ["flatten", "parts", "measures"]
    repair_layers(workspace)
    assert check_layers(workspace) == ()
    areas = layers.read_areas(workspace, "district")
    assert areas["area_km2"].tolist() == [1.0] * 4
    assert not areas.has_z.any()


# --- coordinates ---------------------------------------------------------------------------------


@pytest.mark.parametrize("form", sorted(MATRICES))
@pytest.mark.parametrize("layer", ["district", "street_axis", "municipality"])
def test_turned_coordinates(tmp_path, form, layer):
    sound = make_town()[layer]
    turned = sound.set_geometry(sound.geometry.affine_transform(MATRICES[form]))
    workspace = town_with(tmp_path, **{layer: turned})
    (plan,) = plan_repairs(workspace)
    assert (plan.code, plan.layer) == ("coordinates", layer)
    assert "no shape changes" in plan.text
    repair_layers(workspace)
    assert check_layers(workspace) == ()


@pytest.mark.parametrize("crs", [4326, 3857, None])
def test_other_or_no_system(tmp_path, crs):
    sound = districts(QUARTERS)
    frame = sound.to_crs(crs) if crs else sound.set_crs(None, allow_override=True)
    workspace = town_with(tmp_path)
    if crs:
        change_layer(workspace, "district", frame)
    else:
        with pytest.warns(UserWarning, match="crs"):
            change_layer(workspace, "district", frame)
    repair_layers(workspace, ["coordinates"])
    assert check_layers(workspace) == ()
    for was, now in zip(QUARTERS, layers.read_areas(workspace, "district").geometry, strict=True):
        assert same_ground(was, now)


def test_undeclared_degrees_are_not_guessed(tmp_path):
    degrees = districts(QUARTERS).to_crs(4326).set_crs(5514, allow_override=True)
    workspace = town_with(tmp_path, district=degrees)
    assert plan_repairs(workspace) == ()


# --- whole workspaces ----------------------------------------------------------------------------


def test_chosen_repairs_only(tmp_path):
    shapes = [shapely.force_3d(shifted(QUARTERS[0], 0.4, 2), 450.0), *QUARTERS[1:]]
    workspace = town_with(tmp_path, district=districts(shapes))
    repair_layers(workspace, {"flatten"})
    assert [p.rule for p in check_layers(workspace)] == ["narrow_overlap"]
    repair_layers(workspace, {"borders"})
    assert check_layers(workspace) == ()
    assert current_version(workspace).version_id == 3


def test_hand_edits_are_kept_before_they_are_repaired(tmp_path):
    workspace = town_with(tmp_path)
    change_layer(workspace, "district", districts([shifted(QUARTERS[0], 0.4, 2), *QUARTERS[1:]]))
    repair_layers(workspace)
    assert [v.made_by for v in list_versions(workspace)] == ["fetched", "edited", "repaired"]


def test_nothing_to_repair_unknown_repair_no_layers_damage(tmp_path):
    workspace = town_with(tmp_path)
    with pytest.raises(ParameterError, match="nothing to repair"):
        repair_layers(workspace)
    with pytest.raises(ParameterError, match="unknown repair magic; known are coordinates"):
        repair_layers(workspace, ["magic"])
    with pytest.raises(NotFoundError, match="has no layers yet"):
        plan_repairs(Workspace(tmp_path / "none", Settings()))
    (workspace.layers / LAYERS_FILE).write_bytes(b"no database")
    with pytest.raises(SourceError, match="cannot be read"):
        plan_repairs(workspace)


def test_every_problem_that_offers_a_repair_has_a_planned_one(tmp_path):
    frame = make_areas(
        "district",
        [shapely.force_3d(shifted(QUARTERS[0], 0.4, 2), 1.0), *QUARTERS[1:]],
        area_km2=[1.0, 1.0, 1.0, 7.0],
    )
    workspace = town_with(tmp_path, district=frame, locality=make_areas("locality", [bow_tie()]))
    offered = {(p.layer, p.repair) for p in check_layers(workspace) if p.repair}
    planned = {(p.layer, p.code) for p in plan_repairs(workspace)}
    assert offered <= planned
    assert {code for _layer, code in planned} <= set(REPAIRS)
    repair_layers(workspace)
    assert check_layers(workspace) == ()


def test_bundled_layers_need_no_repair(tmp_path):
    workspace = Workspace(tmp_path / "w", Settings())
    layers.install_bundled(workspace)
    assert plan_repairs(workspace) == ()


# --- properties ----------------------------------------------------------------------------------


@settings(max_examples=30)
@given(
    st.lists(st.floats(-0.45, 0.45), min_size=8, max_size=8),
    st.lists(st.floats(-0.45, 0.45), min_size=8, max_size=8),
)
def test_wobbly_borders_become_one(dx, dy):
    """Corners of four squares each moved on their own by less than half a strip's width."""
    town = box(X, Y, X + 80, Y + 80)
    quarters = [box(X + i, Y + j, X + i + 40, Y + j + 40) for i in (0, 40) for j in (0, 40)]
    squares = [np.array(shape.exterior.coords)[:-1] for shape in quarters]
    wobble = np.column_stack([dx, dy])
    shapes = np.array(
        [Polygon(square + np.roll(wobble, k, axis=0)[:4]) for k, square in enumerate(squares)],
        dtype=object,
    )
    assume(not find_overlaps(shapes).wide.any())
    assume(not find_gaps(shapes, town).wide.any())
    assume(not find_outside(shapes, town).wide.any())
    before = shapes.copy()
    mended = mend_borders(shapes, town)
    assert shapely.equals_exact(shapes, before).all()
    assert mended.is_safe
    assert shapely.coverage_is_valid(mended.shapes)
    assert not len(find_overlaps(mended.shapes).first)
    assert not len(find_gaps(mended.shapes, town).shapes)
    assert not len(find_outside(mended.shapes, town).rows)
    assert mended.moved_m.max() <= 1.5 * STRIP_M


def test_turning_is_exact():
    shape = affine_transform(QUARTERS[0], MATRICES["positive"])
    back = affine_transform(shape, MATRICES["positive"])
    assert back.equals_exact(QUARTERS[0], 0)
