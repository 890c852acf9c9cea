"""Street polygons and segments: hand-worked shapes, properties, real lines."""

import math

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from shapely.geometry import LineString, MultiLineString, Point, box

from hotspots import schema
from hotspots.errors import CRSError, ParameterError, SchemaError
from hotspots.layers import make_street_areas
from hotspots.layers.check import check_areas

# Both carriageways of 165 m, and a link between them at either end.
LONGEST_BOTH_WAYS = 2 * 165 + 2 * 30

X, Y = -543_000.0, -1_051_000.0


def at(*xy):
    return [(X + x, Y + y) for x, y in xy]


def line(*xy):
    return LineString(at(*xy))


def make_axes(shapes, *, crs=5514):
    ids = [f"street:{name}" for name in shapes]
    return gpd.GeoDataFrame(
        {schema.AREA_ID: ids, schema.NAME: list(shapes)}, geometry=list(shapes.values()), crs=crs
    )


def overlap(areas):
    shapes = areas.geometry.to_numpy()
    left, right = shapely.STRtree(shapes).query(shapes, predicate="intersects")
    pairs = left < right
    return shapely.area(shapely.intersection(shapes[left[pairs]], shapes[right[pairs]])).sum()


def polygon(made, street):
    return made.streets.set_index(schema.AREA_ID).geometry[street]


def lengths(made, street):
    own = made.segments[made.segments[schema.STREET_ID] == street]
    return own[schema.LENGTH_M].tolist()


def test_one_straight_street_is_a_stadium_in_two_halves():
    made = make_street_areas(make_axes({"a": line((300, 0), (0, 0))}))
    stadium = 300 * 60 + math.pi * 30**2
    assert made.streets[schema.AREA_KM2].item() * 1e6 == pytest.approx(stadium, rel=1e-3)
    assert made.streets[schema.LENGTH_M].item() == pytest.approx(300)
    assert made.segments[schema.AREA_ID].tolist() == [
        "street:a/542775-1051000",
        "street:a/542925-1051000",
    ]
    assert made.segments[schema.SEGMENT_NUMBER].tolist() == [2, 1]
    assert made.segments[schema.STREET_ID].tolist() == ["street:a"] * 2
    assert lengths(made, "street:a") == pytest.approx([150, 150])
    first = made.segments.geometry.iloc[1]
    assert first.contains(Point(X + 10, Y)), "numbering begins at the western end"
    assert not first.intersects(Point(X + 151, Y))


def test_length_decides_the_number_of_equal_parts():
    made = make_street_areas(make_axes({"a": line((0, 0), (301, 0))}))
    assert lengths(made, "street:a") == pytest.approx([301 / 3] * 3)


def test_streets_are_cut_where_they_cross_and_share_the_ground():
    made = make_street_areas(
        make_axes({"we": line((0, 0), (200, 0)), "sn": line((100, -100), (100, 100))})
    )
    assert lengths(made, "street:we") == pytest.approx([100, 100])
    assert lengths(made, "street:sn") == pytest.approx([100, 100])
    # The cross is symmetric, so each street has half of it.
    areas = made.streets[schema.AREA_KM2].to_numpy()
    assert areas[0] == pytest.approx(areas[1], rel=1e-3)
    assert polygon(made, "street:we").contains(Point(X + 110, Y + 5))
    assert polygon(made, "street:sn").contains(Point(X + 105, Y + 10))
    assert overlap(made.streets) == 0
    assert overlap(made.segments) == 0


def test_crossing_exactly_at_vertices():
    made = make_street_areas(
        make_axes(
            {
                "we": line((0, 0), (100, 0), (200, 0)),
                "sn": line((100, -100), (100, 0), (100, 100)),
            }
        )
    )
    assert lengths(made, "street:we") == pytest.approx([100, 100])
    assert overlap(made.segments) == 0


def test_parallel_streets_meet_half_way():
    made = make_street_areas(
        make_axes({"s": line((0, 0), (100, 0)), "n": line((0, 20), (100, 20))})
    )
    for x in (20, 50, 80):
        assert polygon(made, "street:s").contains(Point(X + x, Y + 9.9))
        assert polygon(made, "street:n").contains(Point(X + x, Y + 10.1))


def test_a_touching_end_cuts_the_street_it_meets():
    made = make_street_areas(
        make_axes({"long": line((0, 0), (140, 0)), "side": line((70, 0.3), (70, 80))})
    )
    assert lengths(made, "street:long") == pytest.approx([70, 70])


def test_leftovers_join_their_neighbour():
    made = make_street_areas(
        make_axes({"long": line((0, 0), (140, 0)), "side": line((5, -50), (5, 50))})
    )
    assert lengths(made, "street:long") == pytest.approx([140])


def test_a_tiny_branch_of_the_same_street_joins_it():
    shape = MultiLineString([at((0, 0), (100, 0)), at((50, 0), (50, 8))])
    made = make_street_areas(make_axes({"a": shape}))
    assert sorted(lengths(made, "street:a")) == pytest.approx([50, 58])


def test_a_street_that_meets_itself_is_cut_there():
    loop = line((0, 0), (100, 0), (100, 100), (50, 100), (50, -60))
    made = make_street_areas(make_axes({"a": loop}), segment_length_m=500)
    assert len(made.segments) == 3
    assert sum(lengths(made, "street:a")) == pytest.approx(loop.length)


def test_a_ring_is_one_street():
    ring = LineString(Point(X, Y).buffer(60).exterior.coords)
    made = make_street_areas(make_axes({"a": ring}))
    assert sum(lengths(made, "street:a")) == pytest.approx(ring.length)
    assert made.streets.geometry.item().interiors


def test_disjoint_parts_stay_one_street():
    shape = MultiLineString([at((0, 0), (100, 0)), at((400, 0), (500, 0))])
    made = make_street_areas(make_axes({"a": shape}))
    assert made.streets.geometry.item().geom_type == "MultiPolygon"
    assert lengths(made, "street:a") == pytest.approx([100, 100])


def test_a_shared_piece_belongs_to_the_first_by_area_id():
    made = make_street_areas(
        make_axes({"b": line((0, 0), (200, 0)), "a": line((100, 0), (300, 0))})
    )
    assert sum(lengths(made, "street:a")) == pytest.approx(200)
    assert sum(lengths(made, "street:b")) == pytest.approx(100)
    assert polygon(made, "street:a").contains(Point(X + 150, Y + 1))
    assert overlap(made.streets) == 0


def test_streets_without_an_axis_of_their_own_are_named():
    made = make_street_areas(
        make_axes(
            {
                "a": line((0, 0), (100, 0)),
                "copy": line((100, 0), (0, 0)),
                "dot": line((50, 50), (50, 50)),
            }
        )
    )
    assert made.without_area == ("street:copy", "street:dot")
    assert made.streets[schema.AREA_ID].tolist() == ["street:a"]


def test_a_street_known_at_one_point_has_an_area_but_no_length():
    made = make_street_areas(make_axes({"a": Point(X, Y), "b": line((40, -50), (40, 50))}))
    assert math.isnan(made.streets[schema.LENGTH_M].iloc[0])
    assert math.isnan(made.segments[schema.LENGTH_M].iloc[0])
    assert made.segments[schema.AREA_ID].iloc[0] == "street:a/543000-1051000"
    whole = math.pi * 30**2
    assert 0.5 * whole < polygon(made, "street:a").area < whole
    assert made.street_axes.geometry.iloc[0].geom_type == "Point"


def test_nothing_lies_outside_the_study_area():
    town = box(X, Y - 10, X + 50, Y + 10)
    made = make_street_areas(
        make_axes({"a": line((-50, 0), (100, 0)), "far": line((500, 0), (600, 0))}), within=town
    )
    assert made.streets.geometry.item().equals(town)
    assert made.without_area == ("street:far",)


def test_carried_columns_and_frames_are_sound():
    axes = make_axes({"b": line((0, 0), (100, 0)), "a": line((0, 50), (100, 50))})
    axes[schema.PRECISION_M] = [10.0, 20.0]
    axes[schema.LAYER_SOURCE] = ["one", "two"]
    before = axes.copy()
    made = make_street_areas(axes)
    assert axes.equals(before)
    assert made.streets[schema.PRECISION_M].tolist() == [20.0, 10.0]
    assert made.segments[schema.LAYER_SOURCE].tolist() == ["two", "one"]
    check_areas(made.streets, schema.STREET, what="streets")
    check_areas(made.segments, schema.SEGMENT, what="segments")
    assert made.segment_axes[schema.AREA_ID].tolist() == made.segments[schema.AREA_ID].tolist()


def test_no_streets_make_empty_frames():
    made = make_street_areas(make_axes({}))
    assert len(made.streets) == len(made.segments) == 0
    check_areas(made.segments, schema.SEGMENT, what="segments")


@pytest.mark.parametrize("name", ["reach_m", "segment_length_m"])
@pytest.mark.parametrize("value", [0.0, -1.0, math.nan, math.inf])
def test_lengths_must_be_positive(name, value):
    axes = make_axes({"a": line((0, 0), (10, 0))})
    with pytest.raises(ParameterError, match=f"{name} must be a number of metres above zero"):
        make_street_areas(axes, **{name: value})


def test_wrong_axes_are_refused():
    shapes = {"a": line((0, 0), (10, 0))}
    with pytest.raises(CRSError, match="EPSG:5514 is needed"):
        make_street_areas(make_axes(shapes, crs=4326))
    with pytest.raises(CRSError, match="no coordinate system"):
        make_street_areas(make_axes(shapes, crs=None))
    with pytest.raises(SchemaError, match="lack the columns name"):
        make_street_areas(make_axes(shapes).drop(columns="name"))
    twice = make_axes({"a": line((0, 0), (10, 0)), "b": line((0, 5), (10, 5))})
    with pytest.raises(SchemaError, match="more than once: street:a"):
        make_street_areas(twice.assign(area_id="street:a"))
    with pytest.raises(SchemaError, match="neither: street:a"):
        make_street_areas(make_axes({"a": box(0, 0, 1, 1)}))
    with pytest.raises(SchemaError, match="neither: street:a"):
        make_street_areas(make_axes({"a": LineString()}))


coordinate = st.tuples(st.integers(0, 30), st.integers(0, 30)).map(
    lambda p: (X + 10 * p[0], Y + 10 * p[1])
)
streets = st.lists(
    st.one_of(
        st.lists(coordinate, min_size=2, max_size=5, unique=True).map(LineString),
        coordinate.map(Point),
    ),
    min_size=1,
    max_size=6,
).map(lambda shapes: make_axes({str(k): shape for k, shape in enumerate(shapes)}))


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(axes=streets, order=st.randoms(use_true_random=False))
def test_any_streets_share_the_ground_without_gap_or_overlap(axes, order):
    made = make_street_areas(axes)
    assert overlap(made.segments) < 1e-6
    assert overlap(made.streets) < 1e-6
    present = axes[axes[schema.AREA_ID].isin(made.streets[schema.AREA_ID])]
    around = shapely.union_all(shapely.buffer(axes.geometry.to_numpy(), 30.0))
    assert made.segments.area.sum() == pytest.approx(around.area, rel=1e-3)
    assert made.streets.area.sum() == pytest.approx(made.segments.area.sum(), rel=1e-9)
    own = made.segments.groupby(schema.STREET_ID)[schema.LENGTH_M].sum(min_count=1)
    whole = made.streets.set_index(schema.AREA_ID)[schema.LENGTH_M]
    np.testing.assert_allclose(own, whole.loc[own.index], rtol=1e-9)
    drawn = [s for s in axes.geometry if s.geom_type != "Point"]
    network = shapely.union_all(drawn).length if drawn else 0.0
    assert whole.sum() == pytest.approx(network, rel=1e-3, abs=0.01)
    assert (made.segments[schema.LENGTH_M].fillna(0) <= LONGEST_BOTH_WAYS).all()
    assert made.segments.is_valid.all()
    assert made.streets.is_valid.all()
    assert len(present) + len(made.without_area) == len(axes)
    rows = list(range(len(axes)))
    order.shuffle(rows)
    again = make_street_areas(axes.iloc[rows])
    assert again.segments.equals(made.segments)


@pytest.fixture(scope="module")
def prague(shared):
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        lines = gpd.read_file(shared / "data/ruian/ruian_ulice_praha_vyrez.geojson").to_crs(5514)
    lines = lines.rename(columns={"Nazev": schema.NAME})
    lines[schema.AREA_ID] = "street:" + lines["Kod"].astype(str)
    return lines, make_street_areas(lines)


@pytest.mark.reference
def test_real_streets_of_prague(prague):
    lines, made = prague
    assert len(made.streets) == 371
    assert made.without_area == ()
    assert overlap(made.segments) < 1e-6
    assert shapely.coverage_is_valid(made.segments.geometry.to_numpy())
    # The ground within 30 m, but for the rounding of coordinates to 1 cm.
    around = shapely.union_all(shapely.buffer(lines.geometry.to_numpy(), 30.0))
    covered = shapely.coverage_union_all(made.segments.geometry.to_numpy())
    assert shapely.symmetric_difference(covered, around).area < 1e-4 * around.area
    own = made.segments.groupby(schema.STREET_ID)[schema.LENGTH_M].sum()
    np.testing.assert_allclose(
        own, made.streets.set_index(schema.AREA_ID)[schema.LENGTH_M].loc[own.index], rtol=1e-9
    )
    # A stretch that two streets share counts once.
    network = shapely.union_all(lines.geometry.to_numpy()).length
    assert made.segments[schema.LENGTH_M].sum() == pytest.approx(network, rel=1e-6)
    assert made.segments[schema.LENGTH_M].max() <= LONGEST_BOTH_WAYS


@pytest.mark.reference
def test_real_streets_surveyed_anew_keep_their_ids(prague):
    lines, _made = prague
    some = lines.sort_values(schema.AREA_ID, ignore_index=True).iloc[:60]
    before = make_street_areas(some)
    ids = set(before.segments[schema.AREA_ID])
    same = make_street_areas(some, former=before.segment_axes)
    assert set(same.segments[schema.AREA_ID]) == ids
    rng = np.random.default_rng(161535)
    moves = {}

    def move(xy):
        return xy + [moves.setdefault(tuple(p), rng.uniform(-0.7, 0.7, 2)) for p in xy]

    moved = some.set_geometry(shapely.transform(some.geometry.to_numpy(), move), crs=5514)
    kept = ids & set(make_street_areas(moved, former=before.segment_axes).segments[schema.AREA_ID])
    assert len(kept) > 0.98 * len(ids)
    fresh = ids & set(make_street_areas(moved).segments[schema.AREA_ID])
    assert len(fresh) < 0.8 * len(ids), "without the former segments most names would change"


@pytest.mark.reference
def test_a_point_of_prague_belongs_to_the_nearest_axis(prague):
    lines, made = prague
    rng = np.random.default_rng(5514)
    x_min, y_min, x_max, y_max = lines.total_bounds
    points = shapely.points(rng.uniform(x_min, x_max, 2000), rng.uniform(y_min, y_max, 2000))
    ids = lines[schema.AREA_ID].to_numpy()
    distance = np.array([shapely.distance(lines.geometry.to_numpy(), p) for p in points])
    nearest = np.sort(distance, axis=1)
    clear = (nearest[:, 0] < 29.5) & (nearest[:, 1] - nearest[:, 0] > 1.0)
    point, area = shapely.STRtree(made.streets.geometry.to_numpy()).query(
        points[clear], predicate="within"
    )
    assert clear.sum() > 200
    assert point.tolist() == list(range(clear.sum()))
    expected = ids[distance[clear].argmin(axis=1)]
    assert made.streets[schema.AREA_ID].to_numpy()[area].tolist() == expected.tolist()
