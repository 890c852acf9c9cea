"""A workspace's layers: reading, installing, drawing in localities, refusing what is unsound."""

import dataclasses
import shutil

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import LineString, MultiPolygon, Point, Polygon, box

from hotspots import layers, schema
from hotspots.errors import (
    CRSError,
    NotFoundError,
    ParameterError,
    SchemaError,
    SourceError,
)
from hotspots.files import replacing
from hotspots.i18n import use_language
from hotspots.layers import bundled
from hotspots.layers.check import area_columns, check_areas
from hotspots.layers.own.area_ids import slug
from hotspots.layers.versions import list_versions
from hotspots.settings import Settings, Workspace
from tests.localities import bring_localities

X, Y = -543_500.0, -1_051_000.0


@pytest.fixture
def workspace(bundled_town, tmp_path):
    made = Workspace(tmp_path / "w", Settings())
    shutil.copytree(bundled_town.layers, made.layers)
    return made


def draw(path, *, names=("U mostu", "Za školou"), crs=5514, shapes=None, **options):
    shapes = shapes or [box(X + 300 * k, Y, X + 300 * k + 200, Y + 100) for k in range(len(names))]
    frame = gpd.GeoDataFrame({"nazev": list(names)}, geometry=shapes, crs=5514)
    frame = frame.set_crs(None, allow_override=True) if crs is None else frame.to_crs(crs)
    if crs is None:
        with pytest.warns(UserWarning, match="crs"):
            frame.to_file(path, engine="pyogrio", **options)
    else:
        frame.to_file(path, engine="pyogrio", **options)
    return path


@pytest.mark.parametrize(
    "kind", sorted(set(layers.AREA_LAYERS) - schema.OWN_KINDS - {schema.CADASTRAL_UNIT})
)
def test_every_bundled_layer_is_sound(workspace, kind):
    areas = layers.read_areas(workspace, kind)
    assert tuple(areas.columns) == area_columns(kind)
    assert areas.index.equals(pd.RangeIndex(len(areas)))
    assert areas[schema.AREA_ID].is_monotonic_increasing
    assert areas[schema.DERIVED].dtype == bool
    assert areas[schema.DERIVED].all()
    assert (areas[schema.PRECISION_M] > 0).all()
    assert areas.crs.to_epsg() == 5514
    check_areas(areas, kind, what=kind)


def test_a_frame_read_is_the_callers_own(workspace):
    first = layers.read_areas(workspace, schema.DISTRICT)
    first[schema.NAME] = "changed"
    assert "changed" not in set(layers.read_areas(workspace, schema.DISTRICT)[schema.NAME])


@pytest.mark.parametrize("kind", [schema.STREET, schema.SEGMENT])
def test_axes_go_with_their_areas(workspace, kind):
    axes = layers.read_axes(workspace, kind)
    areas = layers.read_areas(workspace, kind)
    assert list(axes.columns) == [schema.AREA_ID, schema.GEOMETRY]
    assert axes[schema.AREA_ID].tolist() == areas[schema.AREA_ID].tolist()
    lines = axes.geometry.to_numpy()
    known = shapely.get_type_id(lines) != 0
    np.testing.assert_allclose(
        shapely.length(lines)[known], areas[schema.LENGTH_M][known], rtol=1e-3, atol=0.1
    )
    assert areas[schema.LENGTH_M][~known].isna().all()


def test_areas_without_lines_have_no_axes(workspace):
    assert layers.read_axes(workspace, schema.DISTRICT) is None
    assert layers.read_axes(workspace, schema.GRID) is None


def test_boundary_and_places(workspace):
    boundary = layers.read_boundary(workspace)
    assert boundary.area / 1e6 == pytest.approx(38.376, abs=0.01)
    places = layers.read_places(workspace)
    assert set(places[schema.PLACE_KIND]) <= set(layers.PLACE_KINDS)
    assert places.crs.to_epsg() == 5514
    assert shapely.contains(boundary, places.geometry.to_numpy()).all()
    police = places[places[schema.PLACE_KIND] == "police"]
    assert police[schema.DERIVED].all()
    assert police[schema.PRECISION_M].item() >= 100


def test_place_kinds_have_names_in_both_languages():
    english = {layers.place_kind_label(kind) for kind in layers.PLACE_KINDS}
    with use_language("cs"):
        czech = {layers.place_kind_label(kind) for kind in layers.PLACE_KINDS}
    assert len(english) == len(czech) == len(layers.PLACE_KINDS)
    assert "autobusová zastávka" in czech
    assert layers.place_kind_label("other") == "other"


def test_unknown_kind_missing_layers_and_damage(workspace, tmp_path):
    with pytest.raises(ParameterError, match="kind must be one of street, segment"):
        layers.read_areas(workspace, "parish")
    with pytest.raises(NotFoundError, match="hotspots layers import FILE --as locality"):
        layers.read_areas(workspace, schema.LOCALITY)
    with pytest.raises(NotFoundError, match="cadastral units: the layers in force have none"):
        layers.read_areas(workspace, schema.CADASTRAL_UNIT)
    empty = Workspace(tmp_path / "none", Settings())
    for read in (layers.read_boundary, layers.read_places, layers.layers_version):
        with pytest.raises(NotFoundError, match="hotspots layers fetch"):
            read(empty)
    (workspace.layers / layers.LAYERS_FILE).write_bytes(b"no GeoPackage at all")
    with pytest.raises(SourceError, match="cannot be read as GeoPackage"):
        layers.read_areas(workspace, schema.STREET)


def test_version_changes_with_the_content_only(workspace, tmp_path):
    before = layers.layers_version(workspace)
    assert len(before) == 12
    file = workspace.layers / layers.LAYERS_FILE
    file.write_bytes(file.read_bytes())
    assert layers.layers_version(workspace) == before
    bring_localities(workspace, draw(tmp_path / "l.gpkg"), name_column="nazev")
    assert layers.layers_version(workspace) != before


def test_bundled_layers_missing(monkeypatch, tmp_path):
    monkeypatch.setattr(bundled, "__file__", str(tmp_path / "a" / "b" / "bundled.py"))
    with pytest.raises(NotFoundError, match="install the program anew"):
        bundled.bundled_layers()
    (tmp_path / "data" / "layers").mkdir(parents=True)
    with pytest.raises(NotFoundError, match="install the program anew"):
        bundled.bundled_layers()


def test_installed_package_data_comes_first(monkeypatch, tmp_path):
    monkeypatch.setattr(bundled, "__file__", str(tmp_path / "hotspots" / "layers" / "bundled.py"))
    inside = tmp_path / "hotspots" / "_data" / "layers"
    for place in (inside, tmp_path / "data" / "layers"):
        place.mkdir(parents=True)
        (place / "jesenik.gpkg").write_bytes(b"x")
    assert bundled.bundled_layers() == inside / "jesenik.gpkg"


def test_street_settings_take_effect(workspace, tmp_path):
    usual = layers.read_areas(workspace, schema.STREET)
    wide = Settings(street_reach_m=45.0, segment_length_m=80.0)
    other = Workspace(tmp_path / "other", wide)
    layers.install_bundled(other)
    streets = layers.read_areas(other, schema.STREET)
    segments = layers.read_areas(other, schema.SEGMENT)
    assert streets[schema.AREA_ID].tolist() == usual[schema.AREA_ID].tolist()
    assert streets[schema.LAYER_SOURCE].tolist() == usual[schema.LAYER_SOURCE].tolist()
    assert streets[schema.AREA_KM2].sum() > 1.2 * usual[schema.AREA_KM2].sum()
    assert segments[schema.LENGTH_M].max() <= 88
    np.testing.assert_allclose(streets[schema.LENGTH_M], usual[schema.LENGTH_M], rtol=1e-3)
    layers.remake_streets(Workspace(other.path, Settings()))
    again = layers.read_areas(other, schema.STREET)
    np.testing.assert_allclose(again[schema.AREA_KM2], usual[schema.AREA_KM2], rtol=5e-3)
    assert len(layers.read_areas(other, schema.DISTRICT)) == 21, "other layers stay"


def test_replacing_a_file_is_whole_or_not_at_all(tmp_path):
    target = tmp_path / "file.txt"
    target.write_text("old")

    def fail():
        with replacing(target) as draft:
            draft.write_text("half")
            raise RuntimeError("power cut")

    with pytest.raises(RuntimeError, match="power cut"):
        fail()
    assert target.read_text() == "old"
    with replacing(target) as draft:
        draft.write_text("new")
    assert [p.name for p in tmp_path.iterdir()] == ["file.txt"]
    assert target.read_text() == "new"


# --- grid -------------------------------------------------------------------------------------


def test_grid_of_a_square():
    cells = layers.make_grid(box(0, 0, 250, 100), cell_m=100)
    assert cells[schema.AREA_ID].tolist() == ["grid:100:0:0", "grid:100:1:0", "grid:100:2:0"]
    assert cells[schema.AREA_KM2].tolist() == [0.01, 0.01, 0.005]
    check_areas(cells, schema.GRID, what="grid")


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.tuples(st.integers(-500, 500), st.integers(-500, 500)), min_size=3, max_size=8),
    st.floats(20, 400),
)
def test_grid_covers_the_boundary_without_overlap(points, cell_m):
    boundary = shapely.convex_hull(shapely.multipoints(points))
    if boundary.geom_type != "Polygon":
        return
    cells = layers.make_grid(boundary, cell_m=cell_m)
    assert cells.area.sum() == pytest.approx(boundary.area, rel=1e-9)
    assert shapely.union_all(cells.geometry.to_numpy()).area == pytest.approx(boundary.area)
    assert cells[schema.AREA_ID].is_unique


def test_grid_limits(workspace):
    with pytest.raises(ParameterError, match="above zero, got 0"):
        layers.make_grid(box(0, 0, 1, 1), cell_m=0)
    with pytest.raises(ParameterError, match="at most 250000 are drawn"):
        layers.make_grid(box(0, 0, 1000, 1000), cell_m=1)
    assert layers.make_grid(Polygon(), cell_m=10).empty
    coarse = dataclasses.replace(workspace.settings, grid_cell_m=2000.0)
    cells = layers.read_areas(Workspace(workspace.path, coarse), schema.GRID)
    assert cells[schema.AREA_KM2].max() == 4.0
    assert cells[schema.AREA_KM2].sum() == pytest.approx(layers.read_boundary(workspace).area / 1e6)


def test_grid_cell_in_two_pieces():
    comb = MultiPolygon([box(10, 10, 20, 90), box(80, 10, 90, 90)])
    cells = layers.make_grid(comb, cell_m=100)
    assert cells.geometry.item().equals(comb)


# --- localities -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "crs"), [("l.gpkg", 5514), ("l.geojson", 4326), ("l.shp", 5514), ("l.gpkg", 3857)]
)
def test_localities_from_every_format(workspace, tmp_path, name, crs):
    file = draw(tmp_path / name, crs=crs)
    made = bring_localities(workspace, file, name_column="nazev")
    read = layers.read_areas(workspace, schema.LOCALITY)
    assert read[schema.AREA_ID].tolist() == ["locality:u-mostu", "locality:za-skolou"]
    assert read[schema.NAME].tolist() == ["U mostu", "Za školou"]
    assert made[schema.AREA_ID].tolist() == read[schema.AREA_ID].tolist()
    assert not read[schema.DERIVED].any()
    np.testing.assert_allclose(read[schema.AREA_KM2], 0.02, rtol=2e-3)
    assert name in read[schema.LAYER_SOURCE].iloc[0]
    assert len(layers.read_areas(workspace, schema.STREET)) > 70, "other layers stay"


def test_localities_replace_those_before(workspace, tmp_path):
    bring_localities(workspace, draw(tmp_path / "a.gpkg"), name_column="nazev")
    second = draw(tmp_path / "b.gpkg", names=("Nová",))
    bring_localities(workspace, second, name_column="nazev")
    assert layers.read_areas(workspace, schema.LOCALITY)[schema.NAME].tolist() == ["Nová"]


def test_an_example_says_so(workspace, tmp_path):
    file = draw(tmp_path / "l.gpkg", names=("Lokalita A",))
    bring_localities(workspace, file, name_column="nazev", example=True)
    read = layers.read_areas(workspace, schema.LOCALITY)
    assert read[schema.NAME].item() == "Lokalita A (example)"
    assert read[schema.LAYER_SOURCE].item() == "example, no real locality"
    assert read[schema.DERIVED].item()


def test_names_alike_but_for_accents_get_numbers(workspace, tmp_path):
    file = draw(tmp_path / "l.gpkg", names=("Ráj", "Raj", "★"))
    made = bring_localities(workspace, file, name_column="nazev")
    assert sorted(made[schema.AREA_ID]) == ["locality:raj", "locality:raj-2", "locality:x"]


def test_a_layer_is_chosen_by_name(workspace, tmp_path):
    file = draw(tmp_path / "l.gpkg", layer="jedna")
    draw(file, names=("Druhá",), layer="druha")
    with pytest.raises(NotFoundError, match="several layers"):
        bring_localities(workspace, file, name_column="nazev")
    with pytest.raises(NotFoundError, match="no layer třetí"):
        bring_localities(workspace, file, name_column="nazev", layer="třetí")
    made = bring_localities(workspace, file, name_column="nazev", layer="druha")
    assert made[schema.NAME].tolist() == ["Druhá"]


BOW_TIE = Polygon([(X, Y), (X + 9, Y + 9), (X + 9, Y), (X, Y + 9)])


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"crs": None}, CRSError, "has no coordinate system; its .* say --crs EPSG:5514"),
        ({"names": ("A", "A")}, SchemaError, "more than once: A"),
        ({"names": ("A", "")}, SchemaError, "1 polygon has no name"),
        ({"names": ("A", None)}, SchemaError, "1 polygon has no name"),
        ({"names": ("A",), "shapes": [BOW_TIE]}, SchemaError, "invalid polygons: A .*Fix Geom"),
        ({"names": ("A",), "shapes": [Point(X, Y)]}, SchemaError, "polygons only.*: A"),
        ({"names": ("A",), "shapes": [None]}, SchemaError, "without geometry: A"),
        ({"names": ("A",), "shapes": [box(0, 0, 9, 9)]}, CRSError, "outside Czechia"),
    ],
)
def test_unsound_localities_change_nothing(workspace, tmp_path, options, error, message):
    before = layers.layers_version(workspace)
    file = draw(tmp_path / "l.gpkg", **options)
    with pytest.raises(error, match=message):
        bring_localities(workspace, file, name_column="nazev")
    assert layers.layers_version(workspace) == before
    assert [v.version_id for v in list_versions(workspace)] == [1]


def test_files_that_are_no_layers(workspace, tmp_path):
    with pytest.raises(SourceError, match="there is no such file"):
        bring_localities(workspace, tmp_path / "no.gpkg", name_column="nazev")
    text = tmp_path / "l.doc"
    text.write_text("x")
    with pytest.raises(SourceError, match=r"not read; known are \.gpkg, \.geojson"):
        bring_localities(workspace, text, name_column="nazev")
    broken = tmp_path / "l.gpkg"
    broken.write_bytes(b"%PDF-1.7 not a GeoPackage")
    with pytest.raises(SourceError, match="is a PDF document; save the polygons"):
        bring_localities(workspace, broken, name_column="nazev")
    table = tmp_path / "table.gpkg"
    pyogrio.write_dataframe(pd.DataFrame({"nazev": ["A"]}), table)
    with pytest.raises(SchemaError, match="has no geometry"):
        bring_localities(workspace, table, name_column="nazev")
    none = tmp_path / "none.gpkg"
    draw(none, names=(), shapes=np.empty(0, dtype=object).tolist())
    with pytest.raises(SchemaError, match="holds no polygon"):
        bring_localities(workspace, none, name_column="nazev")
    with pytest.raises(SchemaError, match="no column jmeno; it has nazev"):
        bring_localities(workspace, draw(tmp_path / "m.gpkg"), name_column="jmeno")
    empty = Workspace(tmp_path / "none", Settings())
    with pytest.raises(NotFoundError, match="hotspots layers fetch"):
        bring_localities(empty, draw(tmp_path / "n.gpkg"), name_column="nazev")


def test_slugs():
    assert slug("Náměstí Svobody – 1. máje") == "namesti-svobody-1-maje"


# --- rules ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        (lambda f: f.drop(columns="name"), SchemaError, "lacks the columns name"),
        (lambda f: f.to_crs(4326), CRSError, "EPSG:5514 is needed"),
        (lambda f: f.assign(area_id=f["area_id"].iloc[0]), SchemaError, "more than once"),
        (lambda f: f.assign(area_id=""), SchemaError, "without area_id"),
        (lambda f: f.assign(kind="street"), SchemaError, "kind district only, but holds street"),
        (lambda f: f.assign(residents=-1.0), SchemaError, "residents must hold numbers"),
        (lambda f: f.assign(area_km2="much"), SchemaError, "area_km2 must hold numbers"),
        (
            lambda f: f.set_geometry([LineString([(0, 0), (1, 1)])] * len(f), crs=5514),
            SchemaError,
            "polygons only.*, …",
        ),
    ],
)
def test_a_layer_that_breaks_a_rule_is_refused(workspace, change, error, message):
    broken = change(layers.read_areas(workspace, schema.DISTRICT))
    file = workspace.layers / layers.LAYERS_FILE
    pyogrio.write_dataframe(broken, file, layer=schema.DISTRICT, promote_to_multi=False)
    with pytest.raises(error, match=message):
        layers.read_areas(workspace, schema.DISTRICT)


def test_axis_and_boundary_layers_are_checked_too(workspace):
    file = workspace.layers / layers.LAYERS_FILE
    axes = layers.read_axes(workspace, schema.STREET)
    pyogrio.write_dataframe(axes.rename(columns={"area_id": "id"}), file, layer="street_axis")
    with pytest.raises(SchemaError, match="lacks the columns area_id"):
        layers.read_axes(workspace, schema.STREET)
    town = layers.read_areas(workspace, schema.MUNICIPALITY)
    pyogrio.write_dataframe(town.iloc[:0], file, layer=schema.MUNICIPALITY)
    with pytest.raises(SchemaError, match="is empty; import the layers anew"):
        layers.read_boundary(workspace)


def test_layers_that_a_town_may_lack(tmp_path, workspace):
    town = layers.read_areas(workspace, schema.MUNICIPALITY)
    bare = Workspace(tmp_path / "bare", Settings())
    bare.layers.mkdir(parents=True)
    pyogrio.write_dataframe(town, bare.layers / layers.LAYERS_FILE, layer=schema.MUNICIPALITY)
    assert layers.read_places(bare).empty
    assert layers.read_axes(bare, schema.STREET) is None
    assert layers.list_layers(bare) == (schema.MUNICIPALITY,)
    with pytest.raises(NotFoundError, match="streets: the layers in force have none"):
        layers.read_areas(bare, schema.STREET)
