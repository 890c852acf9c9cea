"""Invalid polygons: the two ways to read one, and when a change is too large."""

import numpy as np
import pytest
from shapely.geometry import MultiPolygon, Polygon, box

from hotspots import layers, schema
from hotspots.errors import SchemaError
from hotspots.layers.mending import changes_more, read_invalid
from hotspots.layers.own.areas import import_areas
from hotspots.settings import Settings, Workspace
from tests.test_own_areas import X, Y, frame, write

SPIKE = Polygon([(0, 0), (100, 0), (100, 50), (150, 50), (100, 50), (100, 100), (0, 100)])
BOW_TIE = Polygon([(0, 0), (10, 10), (10, 0), (0, 10)])
FLAT = Polygon([(0, 0), (10, 0), (20, 0)])
TWICE = MultiPolygon([box(0, 0, 10, 10), box(5, 0, 15, 10)])
# A hole of 3 × 10 m, half of which lies outside.
HOLE = Polygon(box(0, 0, 10, 10).exterior.coords, [box(5, -5, 8, 5).exterior.coords])


def test_both_ways_to_read_a_polygon():
    shapes = np.array([SPIKE, BOW_TIE, FLAT, TWICE, HOLE], dtype=object)
    read = read_invalid(shapes)
    assert [shape.area for shape in read.by_rings] == [10_000, 50, 0, 150, 85]
    assert [shape.area for shape in read.by_lines] == [10_000, 50, 0, 150, 100]
    every = [*read.by_rings, *read.by_lines]
    assert {shape.geom_type for shape in every} == {"Polygon", "MultiPolygon"}
    assert all(shape.is_valid for shape in every)
    assert shapes[0] is SPIKE


def test_a_change_as_large_as_allowed_is_none_too_many():
    before, after = np.array([100.0, 100, 100, 0, np.nan]), np.array([50.0, 49.9, 151, 0, 1])
    assert changes_more(before, after, share=0.5).tolist() == [False, True, True, False, True]
    assert read_invalid(np.array([], dtype=object)).by_rings.tolist() == []


@pytest.fixture(scope="module")
def town(tmp_path_factory):
    made = Workspace(tmp_path_factory.mktemp("w") / "w", Settings())
    layers.install_bundled(made)
    return made


@pytest.mark.parametrize(("hole", "refused"), [(99.0, True), (48.0, False)])
def test_an_own_area_may_lose_half_of_itself(town, tmp_path, hole, refused):
    # A hole that sticks out by 2 m is taken off by the rings, and partly added by the lines.
    outer = box(X, Y, X + 100, Y + 100)
    inner = box(X + 1, Y - 2, X + 1 + hole, Y + 99)
    odd = Polygon(outer.exterior.coords, [inner.exterior.coords])
    file = write(tmp_path / "a.gpkg", frame(("Díra",), [odd]))
    if refused:
        with pytest.raises(SchemaError, match=r"Díra: mending it would turn .* m² into 199"):
            import_areas(town, file, kind=schema.QUARTER, repair=True)
        return
    brought = import_areas(town, file, kind=schema.QUARTER, repair=True)
    (note,) = [note for note in brought.notes if "mended" in note]
    assert note.startswith("Díra crosses itself at ")
    assert "mended, it has 5,248 m² of the 5,344 m² its lines enclose" in note
    assert brought.frames[schema.QUARTER].area.item() == 10_000 - 48 * 99
