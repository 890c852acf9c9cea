"""The index of areas gives exactly what shapely gives, whatever the way it takes."""

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import MultiPolygon, Point, Polygon, box

from hotspots import crs, faces, join, schema
from hotspots.errors import CRSError, ParameterError, SchemaError
from hotspots.faces import Edges, FaceGrid
from hotspots.join import AreaIndex

X0, Y0 = -543_000.0, -1_051_000.0


def layer(geometry, ids=None):
    ids = [f"a{i:03d}" for i in range(len(geometry))] if ids is None else ids
    return gpd.GeoDataFrame({schema.AREA_ID: ids}, geometry=list(geometry), crs=crs.EPSG)


def brute(areas, x, y):
    """Every (point, area) pair, by shapely alone, unprepared; and the first by area_id."""
    order = np.argsort(areas[schema.AREA_ID].to_numpy(dtype=object), kind="stable")
    shapes = areas.geometry.to_numpy()
    pairs = [
        (i, int(row))
        for i, (px, py) in enumerate(zip(x, y, strict=True))
        for row in order
        if shapes[row] is not None
        and np.isfinite([px, py]).all()
        and shapes[row].intersects(Point(px, py))
    ]
    first = np.full(len(x), -1)
    for i, row in reversed(pairs):
        first[i] = row
    return pairs, first


def check(areas, x, y, cells=(None, 0.3, 1.0, 7.0, 1e4)):
    """Compare every way with brute force: without grid, and with cells of several sizes."""
    x, y = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
    pairs, first = brute(areas, x, y)
    for cell in cells:
        index = AreaIndex(areas)
        if cell is not None:
            index._prepare(FaceGrid.make(Edges.of(index._geometry), cell_m=cell))
        np.testing.assert_array_equal(index.locate(x, y), first)
        points, rows = index.pairs(x, y)
        assert list(zip(points.tolist(), rows.tolist(), strict=True)) == pairs


SQUARES = [
    box(X0 + 10 * i, Y0 + 10 * j, X0 + 10 * i + 10, Y0 + 10 * j + 10)
    for j in range(3)
    for i in range(3)
]
LATTICE_X, LATTICE_Y = (
    a.ravel() for a in np.meshgrid(X0 + np.arange(-5, 36, 2.5), Y0 + np.arange(-5, 36, 2.5))
)


def test_hand_worked():
    areas = layer([box(X0, Y0, X0 + 10, Y0 + 10), box(X0 + 10, Y0, X0 + 20, Y0 + 10)], ["b", "a"])
    x = X0 + np.array([5, 15, 10, 25, np.nan, 5, np.inf, 0, 1e300])
    y = Y0 + np.array([5, 5, 5, 5, 5, np.nan, 5, 0, 5])
    expected = [0, 1, 1, -1, -1, -1, -1, 0, -1]
    rows = AreaIndex(areas).locate(x, y)
    assert rows.tolist() == expected
    assert rows.dtype == np.int64
    check(areas, x, y)


def test_shared_edges_and_corners_go_to_the_first_id():
    rng = np.random.default_rng(1)
    areas = layer(SQUARES, [f"s{i}" for i in rng.permutation(9)])
    check(areas, LATTICE_X, LATTICE_Y)


def test_row_order_of_the_layer_is_irrelevant():
    areas = layer(SQUARES)
    turned = areas.iloc[::-1].reset_index(drop=True)
    one = AreaIndex(areas).locate(LATTICE_X, LATTICE_Y)
    other = AreaIndex(turned).locate(LATTICE_X, LATTICE_Y)
    assert np.array_equal(np.where(other < 0, -1, 8 - other), one)


@pytest.mark.parametrize(
    "shapes",
    [
        [box(X0, Y0, X0 + 30, Y0 + 30).difference(box(X0 + 10, Y0 + 10, X0 + 20, Y0 + 20))],
        [MultiPolygon([SQUARES[0], SQUARES[8]]), SQUARES[4]],
        [box(X0, Y0, X0 + 30, Y0 + 30), *SQUARES, box(X0 - 5, Y0 - 5, X0 + 12.5, Y0 + 12.5)],
        [Polygon(), SQUARES[1], MultiPolygon()],
        [None, SQUARES[1]],
        [box(X0, Y0, X0 + 1e-9, Y0 + 30), box(X0 + 1e-9, Y0, X0 + 30, Y0 + 30)],
        [Polygon([(X0, Y0), (X0 + 30, Y0 + 1e-7), (X0 + 30, Y0 - 1e-7)]), SQUARES[0]],
        [Point(X0 + 15, Y0 + 15).buffer(12.0, quad_segs=64)],
    ],
    ids=["hole", "multi", "overlapping", "empty", "missing", "sliver", "needle", "round"],
)
def test_difficult_shapes(shapes):
    areas = layer(shapes)
    corners = shapely.get_coordinates([shape for shape in shapes if shape is not None])
    near = np.concatenate([corners + d for d in (0.0, 1e-9, -1e-9, 1e-6)])
    middle = (corners[1:] + corners[:-1]) / 2
    check(
        areas,
        np.concatenate([LATTICE_X, near[:, 0], middle[:, 0]]),
        np.concatenate([LATTICE_Y, near[:, 1], middle[:, 1]]),
    )


def test_points_on_borders_of_the_grids_own_cells():
    areas = layer(SQUARES)
    index = AreaIndex(areas)
    grid = FaceGrid.make(Edges.of(index._geometry), cell_m=0.7)
    lines = grid.x0 + np.arange(grid.nx) * 0.7
    lines = np.concatenate([lines, np.nextafter(lines, -np.inf), np.nextafter(lines, np.inf)])
    check(areas, lines, np.resize(LATTICE_Y, len(lines)), cells=(0.7,))


coordinate = st.integers(0, 40).map(lambda k: k * 0.75)


@settings(max_examples=60, deadline=None)
@given(
    triangles=st.lists(
        st.lists(st.tuples(coordinate, coordinate), min_size=3, max_size=7), min_size=1, max_size=6
    ),
    points=st.lists(st.tuples(coordinate, coordinate), max_size=40),
    cell=st.sampled_from([0.25, 0.75, 1.1, 5.0]),
)
def test_random_layers_agree_with_shapely(triangles, points, cell):
    shapes = [Polygon([(X0 + a, Y0 + b) for a, b in ring]).convex_hull for ring in triangles]
    shapes = [shape for shape in shapes if shape.geom_type == "Polygon" and shape.is_valid]
    areas = layer(shapes)
    xy = np.array([(X0 + a, Y0 + b) for a, b in points]).reshape(-1, 2)
    xy = np.concatenate([xy, xy + 1e-9, shapely.get_coordinates(shapes)])
    check(areas, xy[:, 0], xy[:, 1], cells=(None, cell) if shapes else (None,))


def test_a_large_load_takes_the_grid_and_gives_the_same():
    rng = np.random.default_rng(7)
    circles = [
        Point(X0 + a, Y0 + b).buffer(30, quad_segs=50) for a, b in rng.uniform(0, 900, (150, 2))
    ]
    areas = layer(circles)
    x, y = X0 + rng.uniform(-60, 960, 300_000), Y0 + rng.uniform(-60, 960, 300_000)
    index = AreaIndex(areas)
    points, rows = index.pairs(x, y)
    assert index._answers is not None
    plain = shapely.STRtree(circles).query(shapely.points(x, y), predicate="intersects")
    order = np.lexsort((plain[1], plain[0]))
    np.testing.assert_array_equal(points, plain[0][order])
    np.testing.assert_array_equal(rows, plain[1][order])
    first = np.full(len(x), -1)
    first[points[::-1]] = rows[::-1]
    np.testing.assert_array_equal(index.locate(x, y), first)
    few = AreaIndex(areas)
    np.testing.assert_array_equal(few.locate(x[:1000], y[:1000]), first[:1000])
    assert few._answers is None


def test_long_edges_are_marked_in_slices(monkeypatch):
    monkeypatch.setattr(faces, "CHUNK", 16)
    monkeypatch.setattr(join, "CHUNK", 16)
    check(layer([*SQUARES, box(X0 - 50, Y0 - 1, X0 + 80, Y0 + 31)]), LATTICE_X, LATTICE_Y)


def test_no_areas_and_no_points():
    nothing = AreaIndex(layer([]))
    assert len(nothing) == 0
    assert nothing.locate([X0] * 30_000, [Y0] * 30_000).tolist() == [-1] * 30_000
    assert AreaIndex(layer(SQUARES)).locate([], []).tolist() == []
    points, rows = AreaIndex(layer(SQUARES)).pairs([], [])
    assert len(points) == len(rows) == 0


def test_only_empty_geometries():
    index = AreaIndex(layer([Polygon()]))
    assert (index.locate(np.full(30_000, X0), np.full(30_000, Y0)) == -1).all()


def test_layer_is_left_untouched():
    areas = layer(SQUARES[::-1])
    before = areas.copy(deep=True)
    AreaIndex(areas).locate(LATTICE_X, LATTICE_Y)
    assert areas.equals(before)
    assert list(areas.columns) == list(before.columns)


def test_errors_name_the_fault_and_the_cure():
    bow = Polygon([(X0, Y0), (X0 + 10, Y0 + 10), (X0 + 10, Y0), (X0, Y0 + 10)])
    with pytest.raises(SchemaError, match=r"'bow' is not valid .*Fix geometries"):
        AreaIndex(layer([SQUARES[0], bow], ["ok", "bow"]))
    with pytest.raises(SchemaError, match="'dot' is a Point, but areas must be polygons"):
        AreaIndex(layer([Point(X0, Y0)], ["dot"]))
    with pytest.raises(SchemaError, match="no column area_id"):
        AreaIndex(gpd.GeoDataFrame(geometry=SQUARES, crs=crs.EPSG))
    with pytest.raises(CRSError, match="no coordinate system"):
        AreaIndex(gpd.GeoDataFrame({schema.AREA_ID: ["a"]}, geometry=[SQUARES[0]]))
    with pytest.raises(CRSError, match="EPSG:5514 is needed"):
        AreaIndex(layer(SQUARES).to_crs(4326))
    with pytest.raises(ParameterError, match="of one length"):
        AreaIndex(layer(SQUARES)).locate([X0], [Y0, Y0])
    with pytest.raises(ParameterError, match="one-dimensional"):
        AreaIndex(layer(SQUARES)).pairs([[X0]], [[Y0]])
