"""Segments of official lines: crossings, carriageways, squares, roundabouts, loose ends."""

import math

import geopandas as gpd
import numpy as np
import pytest
import shapely
from shapely.geometry import LineString, MultiLineString, Point, box

from hotspots import schema
from hotspots.layers.carriageways import find_facing, unfold
from hotspots.layers.segments import cut_street
from hotspots.layers.streets import make_street_areas

X, Y = -543_000.0, -1_051_000.0
NOWHERE = np.empty((0, 2))


def at(*xy):
    return [(X + x, Y + y) for x, y in xy]


def lines(*paths):
    return MultiLineString([at(*path) for path in paths])


def circle(x, y, radius, corners=48):
    angles = np.linspace(0, 2 * math.pi, corners, endpoint=False)
    ring = [(x + radius * math.cos(a), y + radius * math.sin(a)) for a in angles]
    return [*ring, ring[0]]


def make(shapes, **options):
    axes = gpd.GeoDataFrame(
        {schema.AREA_ID: [f"street:{name}" for name in shapes], schema.NAME: list(shapes)},
        geometry=list(shapes.values()),
        crs=5514,
    )
    made = make_street_areas(axes, **options)
    whole = shapely.union_all(np.asarray(axes.geometry.array, dtype=object)).length
    assert made.segments[schema.LENGTH_M].sum() == pytest.approx(whole, rel=1e-6)
    assert shapely.coverage_is_valid(made.segments.geometry.to_numpy())
    return made


def segments(made, street):
    own = made.segments[made.segments[schema.STREET_ID] == f"street:{street}"]
    return own.sort_values(schema.SEGMENT_NUMBER)


def lengths(made, street):
    return segments(made, street)[schema.LENGTH_M].tolist()


def axis(made, segment_id):
    return made.segment_axes.set_index(schema.AREA_ID).geometry[segment_id]


def holder(made, x, y):
    """Return the id of the one segment that holds a place."""
    held = made.segments[made.segments.contains(Point(X + x, Y + y))]
    return held[schema.AREA_ID].item()


# --- crossings ----------------------------------------------------------------------------------


def test_a_crossing_of_four_streets_at_one_vertex():
    arms = {
        name: lines([(0, 0), end])
        for name, end in zip("nesw", [(0, 90), (90, 0), (0, -90), (-90, 0)], strict=True)
    }
    made = make(arms)
    assert len(made.segments) == 4
    areas = made.segments.area.to_numpy()
    assert areas == pytest.approx(np.full(4, areas[0]), rel=1e-3)


def test_a_vertex_of_one_on_the_middle_of_the_other():
    made = make({"we": lines([(0, 0), (200, 0)]), "sn": lines([(80, -60), (80, 0), (80, 60)])})
    assert lengths(made, "we") == pytest.approx([80, 120])
    assert lengths(made, "sn") == pytest.approx([60, 60])


def test_t_junctions_on_both_sides():
    made = make(
        {
            "main": lines([(0, 0), (280, 0)]),
            "north": lines([(100, 0), (100, 80)]),
            "south": lines([(180, 0), (180, -80)]),
        }
    )
    assert lengths(made, "main") == pytest.approx([100, 80, 100])
    assert lengths(made, "north") == pytest.approx([80])


@pytest.mark.parametrize(("gap", "parts"), [(0.0, [70, 70]), (0.4, [70, 70]), (0.6, [140])])
def test_only_what_nearly_touches_is_a_junction(gap, parts):
    made = make({"main": lines([(0, 0), (140, 0)]), "side": lines([(70, gap), (70, 80)])})
    assert lengths(made, "main") == pytest.approx(parts)


def test_an_overshooting_end_leaves_no_scrap():
    made = make({"main": lines([(0, 0), (140, 0)]), "side": lines([(70, -2), (70, 80)])})
    assert lengths(made, "main") == pytest.approx([70, 70])
    assert lengths(made, "side") == pytest.approx([82])


def test_one_more_crossing_changes_only_what_it_cuts():
    cross = {f"c{k}": lines([(100 * k, -50), (100 * k, 50)]) for k in range(1, 5)}
    before = make({"main": lines([(0, 0), (500, 0)]), **cross})
    after = make({"main": lines([(0, 0), (500, 0)]), **cross, "new": lines([(240, 0), (240, 50)])})
    one = set(segments(before, "main")[schema.AREA_ID])
    two = set(segments(after, "main")[schema.AREA_ID])
    assert one - two == {"street:main/542750-1051000"}
    assert two - one == {"street:main/542780-1051000", "street:main/542730-1051000"}


# --- roundabouts and squares --------------------------------------------------------------------


def test_a_roundabout_is_one_segment():
    ring = circle(0, 0, 15)
    made = make(
        {
            "a": lines(ring, [(15, 0), (100, 0)], [(-15, 0), (-100, 0)]),
            "b": lines([(0, 15), (0, 100)]),
            "c": lines([(0, -15), (0, -100)]),
        }
    )
    about = LineString(ring).length
    assert sorted(lengths(made, "a")) == pytest.approx(sorted([85, about, 85]))
    assert holder(made, 1, 1) == holder(made, 12, 12) == holder(made, -12, -12)
    assert axis(made, holder(made, 0, 0)).is_ring
    assert lengths(made, "b") == pytest.approx([85])


def test_a_roundabout_of_its_own_name_is_not_cut_by_its_arms():
    made = make({"ring": lines(circle(0, 0, 20)), "b": lines([(20, 0), (120, 0)])})
    assert len(segments(made, "ring")) == 1


def test_a_square_is_cut_at_its_corners_and_holds_its_middle():
    loop = [(0, 0), (100, 0), (100, 50), (0, 50), (0, 0)]
    made = make(
        {"square": lines(loop), "b": lines([(100, 50), (180, 90)]), "c": lines([(0, 0), (-80, 0)])}
    )
    assert lengths(made, "square") == pytest.approx([150, 150])
    square = made.streets.set_index(schema.AREA_ID).geometry["street:square"]
    assert square.covers(box(X, Y, X + 100, Y + 50)), "all of it is within reach"
    assert not square.interiors
    assert {holder(made, 50, 10), holder(made, 50, 40)} == set(
        segments(made, "square")[schema.AREA_ID]
    )


def test_a_wide_ring_leaves_its_middle_to_nobody():
    loop = [(0, 0), (200, 0), (200, 100), (0, 100), (0, 0)]
    made = make({"square": lines(loop)})
    square = made.streets.geometry.item()
    assert len(square.interiors) == 1
    assert not square.contains(Point(X + 100, Y + 50))
    inner = shapely.Polygon(square.interiors[0])
    assert inner.area == pytest.approx(140 * 40, rel=1e-3)


def test_a_lollipop_is_cut_where_its_stick_ends():
    loop = [(0, 0), (80, 0), (80, 80), (0, 80), (0, 0)]
    made = make({"a": lines(loop, [(0, 0), (-100, 0)])})
    assert sorted(lengths(made, "a")) == pytest.approx([100, 320 / 3, 320 / 3, 320 / 3])


# --- carriageways -------------------------------------------------------------------------------


@pytest.mark.parametrize("apart", [8, 16, 25])
def test_two_carriageways_are_one_polygon_and_cut_together(apart):
    made = make(
        {
            "main": lines([(0, 0), (280, 0)], [(280, apart), (0, apart)]),
            "cross": lines([(140, -60), (140, apart + 60)]),
        }
    )
    assert lengths(made, "main") == pytest.approx([280, 280]), "both ways counted"
    for x in (20, 70, 120):
        assert holder(made, x, 0.2) == holder(made, x, apart / 2) == holder(made, x, apart - 0.2)
    first = segments(made, "main")[schema.AREA_ID].iloc[0]
    assert axis(made, first).equals(lines([(0, 0), (140, 0)], [(0, apart), (140, apart)]))


def test_streets_farther_apart_or_not_parallel_stay_apart():
    far = make({"main": lines([(0, 0), (140, 0)], [(0, 26), (140, 26)])})
    assert lengths(far, "main") == pytest.approx([140, 140])
    askew = make({"main": lines([(0, 8), (40, 0)], [(0, 12), (40, 32)])})
    assert len(segments(askew, "main")) == 2
    behind = make({"main": lines([(0, 0), (60, 0)], [(70, 1), (130, 1)])})
    assert lengths(behind, "main") == pytest.approx([60, 60])


def test_parallel_streets_of_two_names_are_no_carriageways():
    made = make({"a": lines([(0, 0), (140, 0)]), "b": lines([(0, 12), (140, 12)])})
    assert lengths(made, "a") == lengths(made, "b") == pytest.approx([140])


def test_long_carriageways_are_cut_into_equal_parts_together():
    made = make({"main": lines([(0, 0), (400, 0)], [(400, 12), (0, 12)])})
    assert lengths(made, "main") == pytest.approx([800 / 3] * 3)
    assert [axis(made, k).bounds[0] - X for k in segments(made, "main")[schema.AREA_ID]] == (
        pytest.approx([0, 400 / 3, 800 / 3])
    )


def test_a_side_street_of_one_carriageway_cuts_both():
    made = make(
        {
            "main": lines([(0, 0), (280, 0)], [(0, 14), (280, 14)]),
            "side": lines([(100, 0), (100, -80)]),
        }
    )
    assert lengths(made, "main") == pytest.approx([200, 180, 180])
    assert holder(made, 50, 1) == holder(made, 50, 13)
    assert holder(made, 150, 1) == holder(made, 150, 13) != holder(made, 50, 1)


def test_an_oblique_street_cuts_each_carriageway_once():
    made = make(
        {
            "main": lines([(0, 0), (280, 0)], [(0, 14), (280, 14)]),
            "aslant": lines([(90, -40), (184, 54)]),
        }
    )
    assert lengths(made, "main") == pytest.approx([130 + 144, 150 + 136])


def test_a_street_that_splits_and_joins_again():
    fork = lines(
        [(0, 0), (100, 0)],
        [(100, 0), (110, 8), (290, 8), (300, 0)],
        [(100, 0), (110, -8), (290, -8), (300, 0)],
        [(300, 0), (400, 0)],
    )
    made = make({"main": fork})
    way = 180 + 2 * math.hypot(10, 8)
    assert lengths(made, "main") == pytest.approx([100, way, way, 100])
    for x in (120, 180, 220, 280):
        assert holder(made, x, 6) == holder(made, x, -6)


def test_a_link_between_carriageways_belongs_to_them():
    made = make({"main": lines([(0, 0), (280, 0)], [(0, 18), (280, 18)], [(140, 0), (140, 18)])})
    assert sorted(lengths(made, "main")) == pytest.approx([280, 298])


def test_a_street_drawn_there_and_back_has_two_carriageways():
    back = LineString(at((0, 0), (290, 0), (290, 12), (0, 12)))
    first, second = unfold(back)
    assert first.length == pytest.approx(second.length) == pytest.approx(296)
    made = make({"main": back})
    assert lengths(made, "main") == pytest.approx([296, 296])
    for x in (20, 140, 200, 280):
        assert holder(made, x, 1) == holder(made, x, 11)


@pytest.mark.parametrize("start", range(4))
def test_a_narrow_ring_has_two_carriageways_wherever_it_begins(start):
    corners = [(0, 0), (300, 0), (300, 14), (0, 14)]
    ring = [*corners[start:], *corners[:start], corners[start]]
    made = make({"main": lines(ring)})
    # It turns near the middles of its short sides, not exactly there.
    assert lengths(made, "main") == pytest.approx([628 / 3] * 3, rel=0.05)
    assert holder(made, 10, 1) == holder(made, 10, 13)
    assert holder(made, 290, 1) == holder(made, 290, 13)


def test_a_bend_is_no_return():
    for path in ([(0, 0), (200, 0), (200, 150)], [(0, 0), (200, 0), (200, 80), (0, 80)]):
        assert len(unfold(LineString(at(*path)))) == 1
    assert len(unfold(LineString(at((0, 0), (20, 0), (20, 10), (0, 10))))) == 1, "a yard"


def test_the_branches_of_a_fork_face_nobody():
    fork = [LineString(at((0, 0), (100, 60))), LineString(at((0, 0), (100, -60)))]
    assert find_facing(fork) == []


# --- loose ends ---------------------------------------------------------------------------------


def test_a_dead_end_reaches_round_its_end():
    made = make({"main": lines([(0, 0), (140, 0)]), "blind": lines([(70, 0), (70, 60)])})
    assert lengths(made, "blind") == pytest.approx([60])
    assert holder(made, 70, 89).startswith("street:blind/")
    assert not made.segments.contains(Point(X + 70, Y + 91)).any()


def test_a_street_of_several_parts_is_numbered_as_one_walks_it():
    made = make({"a": lines([(600, 0), (700, 0)], [(100, 0), (0, 0)], [(300, 0), (400, 0)])})
    west = [axis(made, k).bounds[0] - X for k in segments(made, "a")[schema.AREA_ID]]
    assert west == pytest.approx([0, 300, 600])
    assert segments(made, "a")[schema.SEGMENT_NUMBER].tolist() == [1, 2, 3]


def test_two_streets_of_one_name_stay_two():
    axes = gpd.GeoDataFrame(
        {schema.AREA_ID: ["street:1", "street:2"], schema.NAME: ["Polní", "Polní"]},
        geometry=[lines([(0, 0), (100, 0)]), lines([(900, 0), (1000, 0)])],
        crs=5514,
    )
    made = make_street_areas(axes)
    assert made.streets[schema.NAME].tolist() == ["Polní", "Polní"]
    assert made.segments[schema.STREET_ID].tolist() == ["street:1", "street:2"]


def test_duplicate_and_empty_lines_count_once_and_not_at_all():
    messy = MultiLineString(
        [at((0, 0), (100, 0)), at((100, 0), (0, 0)), at((30, 0), (60, 0)), at((50, 50), (50, 50))]
    )
    assert lengths(make({"a": messy}), "a") == pytest.approx([100])


def test_a_line_that_crosses_itself_is_cut_there():
    eight = LineString(at((0, 0), (200, 100), (200, 0), (0, 100)))
    made = make({"a": eight})
    half = math.hypot(100, 50)
    # The loop on the right is longer than a segment, so it is cut in two.
    assert sorted(lengths(made, "a")) == pytest.approx(
        sorted([half, half, *[(2 * half + 100) / 3] * 3])
    )


def test_lines_outside_the_town_leave_no_segment():
    town = box(X, Y - 100, X + 200, Y + 100)
    made = make_street_areas(
        gpd.GeoDataFrame(
            {schema.AREA_ID: ["street:a", "street:b"], schema.NAME: ["a", "b"]},
            geometry=[lines([(0, 0), (100, 0)], [(500, 0), (600, 0)]), lines([(0, 300), (9, 300)])],
            crs=5514,
        ),
        within=town,
    )
    assert made.without_area == ("street:b",)
    assert made.segments[schema.LENGTH_M].tolist() == [100]
    assert made.segments[schema.SEGMENT_NUMBER].tolist() == [1]


def test_official_lines_make_areas_that_are_not_derived():
    axes = gpd.GeoDataFrame(
        {
            schema.AREA_ID: ["street:a", "street:b"],
            schema.NAME: ["a", "b"],
            schema.DERIVED: [False, True],
        },
        geometry=[lines([(0, 0), (200, 0)]), lines([(0, 90), (100, 90)])],
        crs=5514,
    )
    made = make_street_areas(axes)
    assert made.streets[schema.DERIVED].tolist() == [False, True]
    assert made.segments[schema.DERIVED].tolist() == [False, False, True]
    plain = make_street_areas(axes.drop(columns=schema.DERIVED))
    assert plain.streets[schema.DERIVED].all()


def test_cutting_nothing_gives_nothing():
    assert cut_street([], NOWHERE, segment_length_m=150) == []
