"""Ids of segments: named by place, kept by the same stretch, never given to another."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import LineString, MultiLineString, Point, box

from hotspots import layers, schema
from hotspots.analysis.kinds import area_labels
from hotspots.errors import CRSError, SchemaError
from hotspots.layers.segment_ids import (
    FormerSegments,
    name_segments,
    position_id,
    with_segment_numbers,
)
from hotspots.layers.street_layers import make_street_layers
from hotspots.layers.streets import make_street_areas
from hotspots.settings import Settings, Workspace

X, Y = -543_000.0, -1_051_000.0
TOWN = box(X - 5000, Y - 5000, X + 5000, Y + 5000)


def at(*xy):
    return [(X + x, Y + y) for x, y in xy]


def line(*xy):
    return LineString(at(*xy))


def make_axes(shapes):
    return gpd.GeoDataFrame(
        {schema.AREA_ID: [f"street:{name}" for name in shapes], schema.NAME: list(shapes)},
        geometry=list(shapes.values()),
        crs=5514,
    )


def ids(made):
    return set(made.segments[schema.AREA_ID])


def frame(segments, crs=5514):
    return gpd.GeoDataFrame(
        {schema.AREA_ID: list(segments)}, geometry=list(segments.values()), crs=crs
    )


def name(new, former=None, street="street:a"):
    shapes = np.array(new, dtype=object)
    streets = np.full(len(new), street, dtype=object)
    return name_segments(streets, shapes, FormerSegments(former)).tolist()


# --- names by place -----------------------------------------------------------------------------


def test_a_segment_is_named_after_its_middle():
    assert position_id("street:161535", line((-266, 210), (-166, 210))) == (
        "street:161535/543216-1050790"
    )
    bent = line((0, 0), (30, 0), (30, 10))
    assert position_id("s", bent) == "s/542980-1051000", "along the line, not between its ends"
    assert position_id("s", bent.reverse()) == "s/542980-1051000"
    assert position_id("s", Point(X, Y)) == "s/543000-1051000"
    two = MultiLineString([at((0, 0), (100, 0)), at((0, 20), (101, 20))])
    assert position_id("s", two) == "s/542950-1050980", "the longest of several lines"
    even = MultiLineString([at((0, 0), (100, 0)), at((0, 20), (100.0001, 20))])
    assert position_id("s", even) == "s/542950-1051000", "equally long but for rounding"


def test_two_middles_at_one_place_get_a_number():
    cross = [line((-20, 0), (20, 0)), line((0, -20), (0, 20)), line((-9, -9), (9, 9))]
    assert name(cross) == [
        "street:a/543000-1051000",
        "street:a/543000-1051000-2",
        "street:a/543000-1051000-3",
    ]


# --- the same stretch ---------------------------------------------------------------------------


@pytest.mark.parametrize("old", ["street:a/07", "street:a/543000-1050000", "street:a/x-2"])
def test_the_same_stretch_keeps_its_id_whatever_its_form(old):
    former = frame({old: line((0, 0), (100, 0))})
    assert name([line((0, 0), (100, 0))], former) == [old]
    assert name([line((100, 3), (0, 3))], former) == [old], "drawn the other way, moved 3 m"


def test_how_much_must_be_the_same():
    # Within 10 m of 100 m of line lie 110 m of one that goes on: 110 of 137 are more than 80 %.
    former = frame({"street:a/01": line((0, 0), (100, 0))})
    assert name([line((0, 0), (137, 0))], former) == ["street:a/01"]
    assert name([line((0, 0), (138, 0))], former) == ["street:a/542931-1051000"]
    # The other way about: 80 of 100 m.
    assert name([line((0, 0), (71, 0))], former) == ["street:a/01"]
    assert name([line((0, 0), (69, 0))], former) == ["street:a/542966-1051000"]
    assert name([line((0, 9.9), (100, 9.9))], former) == ["street:a/01"]
    assert name([line((0, 10.1), (100, 10.1))], former) == ["street:a/542950-1050990"]


def test_the_more_alike_comes_first_and_each_once():
    former = frame({"street:a/01": line((0, 0), (100, 0)), "street:a/02": line((0, 8), (100, 8))})
    assert name([line((0, 9), (100, 9)), line((0, 1), (100, 1))], former) == [
        "street:a/02",
        "street:a/01",
    ]
    single = frame({"street:a/01": line((0, 0), (100, 0))})
    assert name([line((0, 5), (100, 5)), line((0, 1), (100, 1))], single) == [
        "street:a/542950-1050995",
        "street:a/01",
    ]


def test_another_street_does_not_inherit():
    former = frame({"street:b/01": line((0, 0), (100, 0))})
    assert name([line((0, 0), (100, 0))], former) == ["street:a/542950-1051000"]


def test_a_point_inherits_from_a_point():
    former = frame({"street:a/01": Point(X, Y)})
    assert name([Point(X + 5, Y)], former) == ["street:a/01"]
    assert name([Point(X + 11, Y)], former) == ["street:a/542989-1051000"]
    assert name([line((0, 0), (100, 0))], former) == ["street:a/542950-1051000"]


def test_a_former_id_is_never_given_to_another_stretch():
    # The middle is the same, the stretch is not.
    former = frame({"street:a/542950-1051000": line((40, 0), (60, 0))})
    assert name([line((0, 0), (100, 0))], former) == ["street:a/542950-1051000-2"]
    both = frame(
        {
            "street:a/542950-1051000": line((40, 0), (60, 0)),
            "street:a/542950-1051000-2": line((900, 0), (999, 0)),
        }
    )
    assert name([line((0, 0), (100, 0))], both) == ["street:a/542950-1051000-3"]


def test_former_segments_without_lines_count_as_names_only():
    former = frame({"street:a/542950-1051000": None, "street:a/02": LineString(), "odd": None})
    assert name([line((0, 0), (100, 0))], former) == ["street:a/542950-1051000-2"]


def test_wrong_former_segments_are_refused():
    shape = {"street:a/01": line((0, 0), (100, 0))}
    axes = make_axes({"a": line((0, 0), (100, 0))})
    with pytest.raises(CRSError, match=r"former segments.*EPSG:5514 is needed"):
        make_street_areas(axes, former=frame(shape, crs=4326))
    with pytest.raises(SchemaError, match="former segments lack the columns area_id"):
        make_street_areas(axes, former=frame(shape).drop(columns=schema.AREA_ID))


# --- over versions ------------------------------------------------------------------------------

CROSS = {f"c{k}": line((110 * k, -60), (110 * k, 60)) for k in range(1, 4)}
TOWN_STREETS = {"main": line((0, 0), (900, 0)), **CROSS}


@settings(max_examples=12)
@given(st.integers(2, 898))
def test_a_new_crossing_changes_only_what_it_cuts(place):
    before = make_street_areas(make_axes(TOWN_STREETS))
    new = {"new": line((place, 0), (place, 70))}
    after = make_street_areas(make_axes({**TOWN_STREETS, **new}), former=before.segment_axes)
    old = before.segment_axes.set_index(schema.AREA_ID).geometry
    now = after.segment_axes.set_index(schema.AREA_ID).geometry
    point = Point(X + place, Y)
    for gone in ids(before) - ids(after):
        assert old[gone].distance(point) <= 15
    for kept in ids(before) & ids(after):
        if old[kept].distance(point) > 15:
            assert now[kept].equals_exact(old[kept], 0.01)
    assert after.segments[schema.AREA_ID].is_unique


@settings(max_examples=12)
@given(st.integers(0, 2**32 - 1))
def test_small_moves_change_no_id(seed):
    # Two carriageways, a roundabout and stretches just under a whole number of segments.
    angles = np.linspace(0, 2 * np.pi, 24)
    about = [(450 + 20 * np.cos(a), -120 + 20 * np.sin(a)) for a in angles[:-1]]
    streets = {
        **TOWN_STREETS,
        "wide": MultiLineString([at((0, 200), (449.8, 200)), at((0, 215), (449.8, 215))]),
        "round": line(*about, about[0]),
        "arm": line((450, -100), (450, 0)),
        "dot": Point(X + 2000, Y),
    }
    before = make_street_areas(make_axes(streets))
    moved: dict[tuple[float, float], np.ndarray] = {}
    rng = np.random.default_rng(seed)

    def move(xy):
        for place in map(tuple, xy):
            angle, way = rng.uniform(0, 2 * np.pi), rng.uniform(0, 0.99)
            moved.setdefault(place, np.array([np.cos(angle), np.sin(angle)]) * way)
        return xy + np.array([moved[tuple(place)] for place in xy])

    # The same place moves the same in every street, as when a map is surveyed anew.
    shifted = {key: shapely.transform(shape, move) for key, shape in streets.items()}
    after = make_street_areas(make_axes(shifted), former=before.segment_axes)
    assert ids(after) == ids(before)


@settings(max_examples=6)
@given(st.randoms(use_true_random=False))
def test_the_order_of_rows_is_irrelevant(order):
    former = make_street_areas(make_axes({"main": line((0, 0), (900, 3)), **CROSS})).segment_axes
    axes = make_axes(TOWN_STREETS)
    made = make_street_areas(axes, former=former)
    same = make_street_areas(axes, former=made.segment_axes)
    assert same.segments.equals(made.segments), "nothing changed, nothing changes"
    rows, old_rows = list(range(len(axes))), list(range(len(former)))
    order.shuffle(rows)
    order.shuffle(old_rows)
    again = make_street_areas(axes.iloc[rows], former=former.iloc[old_rows])
    assert again.segments.equals(made.segments)


coordinate = st.tuples(st.integers(0, 12), st.integers(0, 12)).map(
    lambda p: (X + 30 * p[0], Y + 30 * p[1])
)
some_lines = st.lists(
    st.lists(coordinate, min_size=2, max_size=5, unique=True).map(LineString),
    min_size=1,
    max_size=4,
).map(lambda shapes: make_axes({str(k): shape for k, shape in enumerate(shapes)}))


@settings(max_examples=12)
@given(some_lines, some_lines)
def test_any_update_keeps_ids_unique_and_true(first, second):
    before = make_street_areas(first)
    assert before.segments[schema.AREA_ID].is_unique
    after = make_street_areas(second, former=before.segment_axes)
    assert after.segments[schema.AREA_ID].is_unique
    old = before.segment_axes.set_index(schema.AREA_ID).geometry
    now = after.segment_axes.set_index(schema.AREA_ID).geometry
    for kept in ids(before) & ids(after):
        for one, other in ((old[kept], now[kept]), (now[kept], old[kept])):
            assert one.intersection(other.buffer(10)).length >= 0.79 * one.length


def test_former_cuts_are_kept_where_the_rules_allow():
    long = {"a": line((0, 0), (449, 0))}
    before = make_street_areas(make_axes(long))
    grown = make_street_areas(make_axes({"a": line((0, 0), (452, 0))}), former=before.segment_axes)
    assert ids(grown) == ids(before), "three parts of 150 m and a bit, not four"
    assert grown.segments[schema.LENGTH_M].max() <= 165
    longer = make_street_areas(make_axes({"a": line((0, 0), (620, 0))}), former=before.segment_axes)
    assert ids(longer) > ids(before)
    assert longer.segments[schema.LENGTH_M].max() <= 165


def test_other_lengths_merge_and_split_former_segments():
    axes = make_axes({"a": line((0, 0), (450, 0))})
    before = make_street_areas(axes)
    short = make_street_areas(axes, segment_length_m=75, former=before.segment_axes)
    assert short.segments[schema.LENGTH_M].tolist() == pytest.approx([75] * 6)
    assert not ids(short) & ids(before)
    again = make_street_areas(axes, former=short.segment_axes)
    assert again.segments[schema.LENGTH_M].tolist() == pytest.approx([150] * 3)


def test_layers_say_which_streets_have_no_area():
    axes = make_axes({"a": line((0, 0), (100, 0)), "copy": line((0, 0), (100, 0))})
    made = make_street_layers(axes, TOWN, reach_m=30, segment_length_m=150)
    assert made.without_area == ("street:copy",)
    assert set(made.layers) == {"street", "segment", "street_axis", "segment_axis"}
    former = frame({"street:a/09": line((0, 0), (100, 0))})
    kept = make_street_layers(axes, TOWN, reach_m=30, segment_length_m=150, former=former)
    assert kept.layers["segment"][schema.AREA_ID].tolist() == ["street:a/09"]


# --- in a workspace -----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def bundled(tmp_path_factory):
    workspace = Workspace(tmp_path_factory.mktemp("w"), Settings())
    layers.install_bundled(workspace)
    return workspace


def test_another_reach_keeps_every_id(bundled, tmp_path):
    wide = Workspace(tmp_path, Settings(street_reach_m=40.0))
    layers.install_bundled(wide)
    before = layers.read_areas(bundled, schema.SEGMENT)
    after = layers.read_areas(wide, schema.SEGMENT)
    assert after[schema.AREA_ID].tolist() == before[schema.AREA_ID].tolist()
    assert after[schema.SEGMENT_NUMBER].tolist() == before[schema.SEGMENT_NUMBER].tolist()
    assert after[schema.AREA_KM2].sum() > 1.1 * before[schema.AREA_KM2].sum()


def test_another_length_keeps_the_ids_of_what_stays(bundled, tmp_path):
    short = Workspace(tmp_path, Settings(segment_length_m=90.0))
    layers.install_bundled(short)
    before = layers.read_areas(bundled, schema.SEGMENT).set_index(schema.AREA_ID)
    after = layers.read_areas(short, schema.SEGMENT).set_index(schema.AREA_ID)
    stay = before.index[(before[schema.LENGTH_M] < 90) & (before[schema.LENGTH_M] > 15)]
    assert len(stay) > 50
    assert stay.isin(after.index).mean() > 0.95
    assert (after[schema.LENGTH_M].dropna() <= 99).all()


# --- numbers along the street -------------------------------------------------------------------


def test_labels_count_along_the_street():
    made = make_street_areas(make_axes({"Polní": line((0, 0), (300, 0))}))
    assert area_labels(made.segments) == ["Polní, segment 2", "Polní, segment 1"]
    assert area_labels(made.streets) == ["Polní"]


def numbered(rows):
    return gpd.GeoDataFrame(
        pd.DataFrame(rows, columns=[schema.AREA_ID, schema.STREET_ID, schema.SEGMENT_NUMBER]),
        geometry=[box(k, 0, k + 1, 1) for k in range(len(rows))],
        crs=5514,
    )


def test_old_layers_are_numbered_by_their_ids():
    old = numbered([("s:1/02", "s:1", None), ("s:1/01", "s:1", None), ("s:2/10", "s:2", None)])
    without = old.drop(columns=schema.SEGMENT_NUMBER)
    for layer in (old, without):
        assert with_segment_numbers(layer)[schema.SEGMENT_NUMBER].tolist() == [2, 1, 10]
    assert schema.SEGMENT_NUMBER not in without, "the caller's frame is left alone"


def test_a_segment_added_by_hand_gets_the_next_number():
    layer = numbered(
        [
            ("s/z", "s", None),
            ("s/543000-1051000", "s", 4.0),
            ("s/a", "s", None),
            ("t/b", None, None),
        ]
    )
    made = with_segment_numbers(layer)[schema.SEGMENT_NUMBER]
    assert made.tolist() == [6, 4, 5, 1]
    assert made.dtype == np.int64


@pytest.mark.parametrize("value", [0, -1, 1.5, np.inf, 1e300, "first"])
def test_numbers_that_are_none_are_refused(value):
    with pytest.raises(SchemaError, match=r"must be numbered 1, 2, 3.*these are not: s/01"):
        with_segment_numbers(numbered([("s/01", "s", value)]))


def test_a_workspace_of_before_is_read_and_keeps_its_ids(bundled, tmp_path):
    workspace = Workspace(tmp_path, Settings())
    layers.install_bundled(workspace)
    file = workspace.layers / layers.LAYERS_FILE
    segments = pyogrio.read_dataframe(file, layer="segment")
    lines = pyogrio.read_dataframe(file, layer="segment_axis")
    number = segments[schema.SEGMENT_NUMBER].map("{:02d}".format)
    old = dict(
        zip(segments[schema.AREA_ID], segments[schema.STREET_ID] + "/" + number, strict=True)
    )
    for layer, table in (("segment", segments), ("segment_axis", lines)):
        table[schema.AREA_ID] = table[schema.AREA_ID].map(old)
        kept = table.drop(columns=schema.SEGMENT_NUMBER, errors="ignore")
        pyogrio.write_dataframe(kept, file, layer=layer, driver="GPKG", geometry_type="Unknown")
    read = layers.read_areas(workspace, schema.SEGMENT)
    assert read[schema.AREA_ID].tolist() == sorted(old.values())
    assert "Lipovská, segment 3" in area_labels(read)
    layers.remake_streets(workspace)
    again = layers.read_areas(workspace, schema.SEGMENT)
    assert again[schema.AREA_ID].tolist() == read[schema.AREA_ID].tolist()
    assert again[schema.SEGMENT_NUMBER].tolist() == read[schema.SEGMENT_NUMBER].tolist()
