"""Lines that cross too often are refused at every door, in bounded time; real ones pass."""

import time

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from shapely.geometry import LineString, MultiLineString, Polygon

from hotspots import layers, schema
from hotspots.errors import SchemaError
from hotspots.layers import tangles
from hotspots.layers.checks.fit_rules import check_fit
from hotspots.layers.checks.problems import VALID
from hotspots.layers.checks.repair_steps import STEPS
from hotspots.layers.official_areas import make_official_areas
from hotspots.layers.own.areas import import_areas
from hotspots.layers.streets import make_street_areas
from hotspots.layers.tangles import check_streets, find_tangle, is_tangled, make_untangled_valid
from hotspots.settings import Settings, Workspace

X, Y = -543455.0, -1050795.0
OFTEN = r"crosses itself more than 1,000 times"


def zigzag(n, side=500.0, seed=1):
    """Return n vertices at random in a square: nearly a quarter of their pairs of lines cross."""
    return np.random.default_rng(seed).uniform(-side, side, (n, 2)) + np.array((X, Y))


def axes(shapes):
    names = [f"Ulice {i}" for i in range(len(shapes))]
    ids = [f"street:{i}" for i in range(len(shapes))]
    return gpd.GeoDataFrame({"area_id": ids, "name": names}, geometry=list(shapes), crs=5514)


@pytest.fixture(scope="module")
def town(tmp_path_factory):
    """Layers that no test changes."""
    made = Workspace(tmp_path_factory.mktemp("w") / "w", Settings())
    layers.install_bundled(made)
    return made


@given(
    st.lists(
        st.tuples(st.integers(0, 60), st.integers(0, 60)), min_size=45, max_size=70, unique=True
    ),
)
def test_crossings_are_counted_as_shapely_finds_them(places):
    line = LineString([(X + x, Y + y) for x, y in places])
    ends, owner = tangles._stretches([line])
    pieces = shapely.linestrings(ends.reshape(-1, 2, 2))
    meet = sum(
        one.intersects(other) and not set(one.coords) & set(other.coords)
        for k, one in enumerate(pieces)
        for other in pieces[:k]
    )
    found = sum(int(tangles._cross(ends[i], ends[j]).sum()) for i, j in tangles._near_pairs(ends))
    assert found == meet
    assert len(owner) == len({frozenset(piece.coords) for piece in pieces})


@pytest.mark.parametrize("n", [120, 2_000, 100_000])
def test_a_street_of_random_vertices_is_refused_before_any_work(n):
    begun = time.process_time()
    with pytest.raises(SchemaError, match=f"street Ulice 0: its line {OFTEN}.*QGIS"):
        make_street_areas(axes([LineString(zigzag(n))]))
    assert time.process_time() - begun < 10


def test_one_that_is_cut_at_its_crossings_is_as_bad():
    cut = shapely.union_all([LineString(zigzag(150))])
    assert is_tangled(cut)
    assert not is_tangled(shapely.union_all([LineString(zigzag(40))]))


def test_streets_that_cross_each_other_too_often():
    across = [LineString([(X, Y + k), (X + 200, Y + k)]) for k in range(0, 100, 2)]
    one = MultiLineString(across)
    other = MultiLineString([[(X + k, Y - 10), (X + k, Y + 110)] for k in range(1, 200, 2)])
    with pytest.raises(
        SchemaError, match=r"street .: its line crosses other lines more than 2,000"
    ):
        check_streets(["A", "B"], [one, other])
    check_streets(["A", "B"], [one, MultiLineString(list(other.geoms)[:30])])


def test_lines_over_one_another_are_refused_in_bounded_time():
    aslant = MultiLineString([[(X + k / 99, Y + k / 99), (X + 99, Y + 198)] for k in range(9_000)])
    begun = time.process_time()
    assert find_tangle([aslant]) is not None
    side_by_side = MultiLineString(
        [
            [(X + k / 1e4, Y + k / 1e4), (X + k / 1e4 + 100, Y + k / 1e4 + 200)]
            for k in range(20_000)
        ]
    )
    assert "in more than 100,000 places" in find_tangle([side_by_side]).what
    assert time.process_time() - begun < 10


def test_real_streets_pass_quickly():
    generator = np.random.default_rng(3)
    drawn = []
    for _ in range(2_000):
        turns = generator.uniform(0, 6) + np.cumsum(generator.normal(0, 0.05, 100))
        steps = np.column_stack([np.cos(turns), np.sin(turns)]) * 6
        drawn.append(LineString(np.cumsum(steps, axis=0) + generator.uniform(0, 20_000, 2)))
    begun = time.process_time()
    assert find_tangle(drawn) is None
    assert time.process_time() - begun < 5


def test_a_line_drawn_many_times_a_ring_and_nothing_pass():
    line = LineString([(X + k, Y + k % 7) for k in range(300)])
    assert not is_tangled(MultiLineString([line] * 50 + [line.reverse()] * 50))
    assert not is_tangled(shapely.Point(X, Y).buffer(100, quad_segs=5_000))
    assert not is_tangled(LineString())
    assert find_tangle([]) is None


def test_own_lines(town, tmp_path):
    file = tmp_path / "ulice.gpkg"
    gpd.GeoDataFrame(
        {"nazev": ["Klikatá"]}, geometry=[LineString(zigzag(2_000))], crs=5514
    ).to_file(file)
    with pytest.raises(SchemaError, match=f"street Klikatá: its line {OFTEN}"):
        import_areas(town, file, kind=schema.STREET)


def test_an_own_area_is_not_mended_where_it_is_tangled_or_becomes_another(town, tmp_path):
    file = tmp_path / "a.gpkg"
    gpd.GeoDataFrame({"nazev": ["Hvězda"]}, geometry=[Polygon(zigzag(2_000))], crs=5514).to_file(
        file
    )
    with pytest.raises(SchemaError, match="Hvězda: its border crosses itself more than 1,000 tim"):
        import_areas(town, file, kind=schema.QUARTER, repair=True)
    # Its hole is larger than itself: of its rings a corner is left, of its lines much more.
    shell, hole = shapely.box(X, Y, X + 100, Y + 100), shapely.box(X - 50, Y - 50, X + 90, Y + 90)
    odd = Polygon(shell.exterior.coords, [hole.exterior.coords])
    gpd.GeoDataFrame({"nazev": ["Díra"]}, geometry=[odd], crs=5514).to_file(file)
    with pytest.raises(SchemaError, match=r"Díra: mending it would turn 13[\s,.]?\d+ m² into 1"):
        import_areas(town, file, kind=schema.QUARTER, repair=True)


def test_official_areas_are_not_repaired_where_they_are_tangled():
    units = gpd.GeoDataFrame(
        {"code": ["1", "2"], "name": ["Hvězda", "Dobrá"], schema.LAYER_SOURCE: "ČÚZK"},
        geometry=[Polygon(zigzag(2_000)), shapely.box(X, Y, X + 9, Y + 9)],
        crs=5514,
    )
    with pytest.raises(SchemaError, match="too often to be repaired: Hvězda; download"):
        make_official_areas(schema.DISTRICT, units, former=None, repair=True)


def test_a_layer_in_force_is_not_repaired_where_it_is_tangled():
    areas = gpd.GeoDataFrame(
        {"area_id": ["district:1", "district:2"], "name": ["Hvězda", "Motýl"]},
        geometry=[
            Polygon(zigzag(2_000)),
            Polygon([(X, Y), (X + 10, Y + 10), (X + 10, Y), (X, Y + 10)]),
        ],
        crs=5514,
    )
    made, plans = STEPS[VALID](areas, schema.DISTRICT, None)
    assert [plan.refused for plan in plans] == [False, True]
    assert "Hvězda is not mended, since its border crosses itself" in plans[1].text
    assert list(made.is_valid) == [False, True]


def test_a_tangled_layer_in_force_is_checked_in_bounded_time():
    shapes = np.array([Polygon(zigzag(2_000)), shapely.box(X, Y, X + 9, Y + 9)], dtype=object)
    begun = time.process_time()
    assert list(shapely.area(make_untangled_valid(shapes))) == [0.0, 81.0]
    areas = gpd.GeoDataFrame({"area_id": ["a", "b"], "name": ["A", "B"]}, geometry=shapes, crs=5514)
    list(check_fit(areas, schema.DISTRICT, shapely.box(X, Y, X + 99, Y + 99)))
    assert time.process_time() - begun < 10
