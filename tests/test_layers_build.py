"""The bundled layers: rebuilt from their facts, and true to them."""

import shutil

import geopandas as gpd
import numpy as np
import pyogrio
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import LineString, MultiPolygon, Polygon, box

from hotspots import schema
from hotspots.errors import NotFoundError, ParameterError, SchemaError, SourceError
from hotspots.layers.axes import GAP_M, complete_streets, join_points
from hotspots.layers.build import build_layers, make_boundary, write_layers
from hotspots.layers.bundled import bundled_dir, bundled_layers
from hotspots.layers.facts import TABLES, positions, read_facts
from hotspots.layers.power import share_by_area, share_by_distance

FACTS = bundled_dir() / "facts"


@pytest.fixture(scope="module")
def facts():
    return read_facts(FACTS)


@pytest.fixture(scope="module")
def built():
    return build_layers(FACTS)


@pytest.fixture(scope="module")
def boundary(facts):
    return make_boundary(facts)


# --- the file in the repository ---------------------------------------------------------------


def test_the_committed_file_is_what_the_facts_make(built, tmp_path):
    committed = {name for name, _kind in pyogrio.list_layers(bundled_layers())}
    assert committed == set(built)
    write_layers(built, tmp_path / "again.gpkg")
    for name in built:
        old = pyogrio.read_dataframe(bundled_layers(), layer=name)
        new = pyogrio.read_dataframe(tmp_path / "again.gpkg", layer=name)
        attributes = [c for c in old.columns if c != schema.GEOMETRY]
        assert new[attributes].equals(old[attributes]), name
        same = shapely.equals_exact(new.geometry.array, old.geometry.array, tolerance=1e-3)
        assert same.all(), name


def test_the_file_stays_small():
    assert bundled_layers().stat().st_size < 1_000_000


def test_coordinates_are_whole_centimetres(built):
    for frame in built.values():
        xy = shapely.get_coordinates(frame.geometry.array)
        np.testing.assert_allclose(xy, np.round(xy, 2), rtol=0, atol=1e-6)


# --- areas ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "kind",
    [
        schema.STREET,
        schema.SEGMENT,
        schema.DISTRICT,
        schema.TOWN_PART,
        schema.ELECTORAL_DISTRICT,
    ],
)
def test_neighbours_share_their_edges(built, kind):
    assert shapely.coverage_is_valid(built[kind].geometry.to_numpy())


@pytest.mark.parametrize("kind", [schema.DISTRICT, schema.TOWN_PART, schema.ELECTORAL_DISTRICT])
def test_the_town_is_covered(built, boundary, kind):
    whole = shapely.union_all(built[kind].geometry.to_numpy())
    assert shapely.area(shapely.symmetric_difference(whole, boundary)) < 500
    assert built[kind].area.sum() == pytest.approx(boundary.area, rel=1e-6)


def test_districts_have_their_official_areas(built, facts, boundary):
    official = facts["districts"].set_index("district_code")["area_km2"]
    assert official.sum() == pytest.approx(38.2327, abs=1e-3)
    districts = built[schema.DISTRICT].set_index(schema.AREA_ID)
    scaled = official * boundary.area / 1e6 / official.sum()
    scaled.index = "district:" + scaled.index
    np.testing.assert_allclose(
        districts[schema.AREA_KM2].loc[scaled.index], scaled, rtol=0.02, atol=0
    )
    assert districts[schema.RESIDENTS].sum() == 11465
    assert (districts[schema.RESIDENTS_YEAR] == 2011).all()
    assert districts.loc["district:058793", schema.RESIDENTS] == 2137


def test_known_places_lie_in_their_districts(built, facts):
    districts = built[schema.DISTRICT].set_index(schema.AREA_ID).geometry
    evidence = facts["district_evidence"]
    points = shapely.points(positions(evidence))
    own = districts.loc["district:" + evidence["district_code"]].to_numpy()
    off = shapely.distance(own, points)
    assert off.max() < 30, evidence["what"][off.argmax()]
    assert (off == 0).mean() > 0.85


def test_town_parts_are_their_districts_together(built, facts):
    parts = built[schema.TOWN_PART].set_index(schema.NAME)
    assert sorted(parts.index) == ["Bukovice", "Dětřichov", "Jeseník"]
    west = built[schema.DISTRICT].set_index(schema.NAME).geometry["Dětřichov-západ"]
    assert parts.geometry["Bukovice"].contains(west.representative_point())
    assert parts[schema.RESIDENTS].to_dict() == {
        "Bukovice": 147 + 5 + 801 + 695 + 17,
        "Dětřichov": 148,
        "Jeseník": 11465 - 1665 - 148,
    }


def test_electoral_districts_hold_their_points(built, facts):
    table = facts["electoral_districts"]
    cells = built[schema.ELECTORAL_DISTRICT]
    assert len(cells) == 11
    assert shapely.contains(cells.geometry.to_numpy(), shapely.points(positions(table))).all()
    assert cells[schema.RESIDENTS].isna().all()


def test_streets_are_those_known(built, facts):
    streets = built[schema.STREET].set_index(schema.AREA_ID)
    assert len(streets) == len(facts["streets"]) == 78
    assert "Adolfovice" not in set(streets[schema.NAME]), "a neighbouring village"
    assert streets.loc["street:161535", schema.NAME] == "Lipovská"
    assert streets.loc["street:162345", schema.NAME] == "Zeyerova"
    assert {"street:vancurova", "street:myslbekova", "street:cechova"} <= set(streets.index)
    single = streets[streets[schema.LENGTH_M].isna()]
    assert len(single) == 20
    assert (single[schema.PRECISION_M] >= 60).all()


def test_points_of_a_street_lie_on_its_axis(built, facts):
    streets = built[schema.STREET]
    axes = built["street_axis"].set_index(schema.AREA_ID).geometry
    lines = dict(zip(streets[schema.NAME], axes.loc[streets[schema.AREA_ID]], strict=True))
    points = facts["street_points"]
    on = shapely.points(positions(points))
    off = np.array([lines[n].distance(p) for n, p in zip(points["name"], on, strict=True)])
    assert np.quantile(off, 0.9) < 10
    assert (off < 30).mean() > 0.98


@pytest.mark.reference
def test_lengths_go_with_the_extents_of_the_source(built, shared):
    import pandas as pd

    source = pd.read_csv(shared / "data/jesenik/jesenik_ulice_z_nehod.csv").set_index("ulice")
    streets = built[schema.STREET].set_index(schema.NAME)
    known = streets[streets[schema.LENGTH_M] > 30]
    ratio = known[schema.LENGTH_M] / source["len_m"].loc[known.index]
    # The source gives the greatest distance between two points: an axis is that long or longer.
    assert (ratio.drop("U Bělidla") > 0.95).all()
    assert ratio.median() < 1.1
    assert (ratio < 2).all()


# --- facts ------------------------------------------------------------------------------------


@pytest.fixture
def copy_of_facts(tmp_path):
    return shutil.copytree(FACTS, tmp_path / "facts")


def test_every_table_is_needed(copy_of_facts):
    for name in TABLES:
        file = copy_of_facts / f"{name}.csv"
        text = file.read_text(encoding="utf-8")
        file.unlink()
        with pytest.raises(NotFoundError, match=f"fact table .*{name}.csv is missing"):
            read_facts(copy_of_facts)
        file.write_text("other\n1\n", encoding="utf-8")
        with pytest.raises(SchemaError, match="lacks the columns"):
            read_facts(copy_of_facts)
        file.write_text("", encoding="utf-8")
        with pytest.raises(SourceError, match="cannot be read"):
            read_facts(copy_of_facts)
        file.write_text(text, encoding="utf-8")


@pytest.mark.parametrize(
    ("table", "old", "new", "message"),
    [
        ("boundary", "17.23367", "east", "column lon must hold numbers"),
        ("street_points", "Lipovská", "Neznámá", "not in streets.csv: Neznámá"),
        ("district_sites", "058726", "999999", "have no site: Jeseník-střed"),
        ("boundary", "17.23367,50.23308", "17.17,50.17", "do not make a valid polygon"),
    ],
)
def test_wrong_facts_are_refused(copy_of_facts, table, old, new, message):
    file = copy_of_facts / f"{table}.csv"
    file.write_text(file.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")
    with pytest.raises(SchemaError, match=message):
        build_layers(copy_of_facts)


# --- axes -------------------------------------------------------------------------------------


def test_points_are_joined_along_the_street_in_any_order():
    xy = np.array([[200.0, 0], [0, 0], [100, 35], [50, 25], [150, 25]])
    axis = join_points(xy)
    assert axis.line.equals_exact(LineString(xy[[1, 3, 2, 4, 0]]), 0.1) or axis.line.equals_exact(
        LineString(xy[[0, 4, 2, 3, 1]]), 0.1
    )
    assert axis.precision_m == 15


def test_one_place_is_a_point():
    axis = join_points(np.array([[5.0, 5], [6, 5], [5, 6]]))
    assert axis.line.geom_type == "Point"
    assert axis.precision_m == 60


def test_scatter_is_no_branch_and_a_branch_is():
    street = [[50.0 * k, 0.0] for k in range(7)]
    scatter = join_points(np.array([*street, [150.0, 12.0]]))
    assert scatter.line.geom_type == "LineString"
    assert scatter.line.length == pytest.approx(300, rel=0.02)
    branch = join_points(np.array([*street, [150.0, 50.0], [150.0, 100.0]]))
    assert branch.line.length == pytest.approx(400)


def test_a_wide_gap_stays_open():
    axis = join_points(np.array([[0.0, 0], [100, 0], [200 + GAP_M, 0], [300 + GAP_M, 0]]))
    assert axis.line.length == pytest.approx(200)
    assert len(axis.line.geoms) == 2
    apart = join_points(np.array([[0.0, 0], [2 * GAP_M, 0]]))
    assert apart.line.geom_type == "Point"


def test_a_lane_beside_the_street_is_not_part_of_its_way():
    street = [[0.0, 0.0], [90.0, 0.0], [180.0, 0.0]]
    lane = [[55.0, -55.0], [75.0, -55.0]]
    axis = join_points(np.array(street + lane))
    assert axis.line.distance(shapely.Point(45, 0)) < 0.1


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 900), st.integers(0, 300)), min_size=1, max_size=25),
    st.randoms(use_true_random=False),
)
def test_an_axis_depends_on_its_points_only(points, order):
    axis = join_points(np.array(points, dtype=float))
    shuffled = list(points)
    order.shuffle(shuffled)
    assert join_points(np.array(shuffled, dtype=float)).line.equals(axis.line)
    assert shapely.box(*axis.line.bounds).within(
        shapely.box(*shapely.multipoints(points).buffer(1).bounds)
    )


def test_unnamed_points_complete_only_what_they_plainly_continue():
    known = {
        "A": (np.array([[0.0, 0], [100, 0]]), frozenset({"e1"}), "44"),
        "B": (np.array([[100.0, 5]]), frozenset({"e2"}), ""),
    }
    loose = [
        (105.0, 5.0, "e1", ""),  # same edge as A, though B is nearer
        (150.0, 0.0, "e9", "44"),  # the same road, near
        (300.0, 0.0, "e9", "44"),  # the same road, too far
        (101.0, 5.0, "e9", ""),  # nothing but near
        (101.0, 5.0, "", ""),
    ]
    assert complete_streets(known, loose) == {"A": [(105.0, 5.0), (150.0, 0.0)]}


# --- sharing out ------------------------------------------------------------------------------


def test_two_cells_of_given_areas():
    # Sites at 25 and 75 on a strip 100 long: 30 % and 70 % meet at x = 30.
    cells = share_by_area(
        box(0, 0, 100, 10), np.array([[25.0, 5], [75, 5]]), np.array([3.0, 7.0]), tolerance=1e-6
    )
    assert cells[0].equals(box(0, 0, 30, 10))
    assert cells[1].equals(box(30, 0, 100, 10))


def test_nearest_site_cells():
    cells = share_by_distance(box(0, 0, 100, 10), np.array([[20.0, 5], [60, 5]]))
    assert cells[0].equals(box(0, 0, 40, 10))


def test_a_cell_may_come_in_pieces():
    horseshoe = box(0, 0, 90, 90) - box(30, 30, 60, 90)
    cells = share_by_distance(horseshoe, np.array([[45.0, 0.0], [45.0, 200.0]]))
    assert isinstance(cells[0], Polygon)
    cells = share_by_distance(horseshoe, np.array([[45.0, 10.0], [45.0, 100.0]]))
    assert isinstance(cells[1], MultiPolygon)


@settings(max_examples=30, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(1, 99), st.integers(1, 99), st.integers(1, 20)),
        min_size=1,
        max_size=8,
        unique_by=lambda p: p[:2],
    )
)
def test_any_areas_can_be_shared_out(rows):
    territory = Polygon([(0, 0), (1000, 0), (1000, 1000), (500, 700), (0, 1000)])
    table = np.array(rows, dtype=float)
    cells = share_by_area(territory, table[:, :2] * 10, table[:, 2])
    expected = table[:, 2] / table[:, 2].sum() * territory.area
    np.testing.assert_allclose(shapely.area(cells), expected, rtol=0.01)
    # Vertices on a slanting border move by the rounding.
    assert shapely.area(shapely.union_all(cells)) == pytest.approx(territory.area, rel=1e-5)
    assert shapely.coverage_is_valid(cells)


def test_impossible_shares_are_refused():
    square = box(0, 0, 10, 10)
    two = np.array([[1.0, 1.0], [1.0, 1.0]])
    with pytest.raises(ParameterError, match="all be different"):
        share_by_area(square, two, np.array([1.0, 1.0]))
    with pytest.raises(ParameterError, match="all be different"):
        share_by_distance(square, two)
    apart = np.array([[1.0, 1.0], [2.0, 1.0]])
    for areas in ([1.0, 0.0], [1.0, np.nan]):
        with pytest.raises(ParameterError, match="above zero"):
            share_by_area(square, apart, np.array(areas))


def test_layers_are_written_whole(built, tmp_path):
    target = tmp_path / "l.gpkg"
    write_layers({name: built[name] for name in (schema.DISTRICT, "place")}, target)
    assert [p.name for p in tmp_path.iterdir()] == ["l.gpkg"]
    read = gpd.read_file(target, layer=schema.DISTRICT)
    assert read.crs.to_epsg() == 5514
    assert len(read) == 21
