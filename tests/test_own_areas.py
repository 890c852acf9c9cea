"""A town's own areas and street lines from map files of every form and system."""

import zipfile
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from pyproj import Transformer
from shapely.geometry import GeometryCollection, LineString, MultiPolygon, Point, Polygon, box

from hotspots import layers, schema
from hotspots.errors import CRSError, NotFoundError, ParameterError, SchemaError, SourceError
from hotspots.i18n import use_language
from hotspots.layers.own.area_ids import bare_code, make_ids, slug
from hotspots.layers.own.areas import KINDS, import_areas
from hotspots.layers.own.column_map import ColumnMap, map_file, recall_map, remember_map
from hotspots.layers.own.layer_files import read_layer
from hotspots.layers.reading import layers_version, read_kept
from hotspots.layers.versions import OWN_AREAS, put_in_force
from hotspots.settings import Settings, Workspace

# In the middle of the town.
X, Y = -543_500.0, -1_051_000.0
CZECH = ("Žižkova čtvrť", "Příčná ďáblice", "Šumperská ťň")


@pytest.fixture(scope="module")
def town(tmp_path_factory):
    """Layers that no test changes."""
    made = Workspace(tmp_path_factory.mktemp("w") / "w", Settings())
    layers.install_bundled(made)
    return made


@pytest.fixture
def workspace(tmp_path, town):
    """A workspace of the test's own."""
    made = Workspace(tmp_path / "w", Settings())
    made.layers.mkdir(parents=True)
    (made.layers / layers.LAYERS_FILE).write_bytes((town.layers / layers.LAYERS_FILE).read_bytes())
    return made


def squares(n, *, side=100.0, step=150.0):
    return [box(X + step * k, Y, X + step * k + side, Y + side) for k in range(n)]


def frame(names=("U mostu", "Za školou"), shapes=None, crs=5514, **columns):
    shapes = squares(len(names)) if shapes is None else shapes
    made = gpd.GeoDataFrame({"nazev": list(names), **columns}, geometry=shapes, crs=5514)
    return made if crs is None else made.to_crs(crs)


def write(path, areas, *, crs=None, **options):
    """Write a map file; `crs` is what it then says, whatever its coordinates are."""
    if crs is not None:
        areas = areas.set_crs(crs, allow_override=True)
    areas.to_file(path, engine="pyogrio", **options)
    return path


def write_without_crs(path, areas):
    bare = areas.set_crs(None, allow_override=True)
    with pytest.warns(UserWarning, match="crs"):
        bare.to_file(path, engine="pyogrio")
    return path


def moved(areas, matrix):
    """Return areas with coordinates multiplied by a 2 × 2 matrix, as numbers only."""
    a, b, d, e = matrix
    return areas.set_geometry(areas.geometry.affine_transform([a, b, d, e, 0, 0]))


def bring(workspace, brought):
    put_in_force(
        workspace,
        brought.frames,
        made_by=brought.made_by,
        keep_layers=True,
        sources=brought.sources,
    )


# --- files -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "crs"),
    [
        ("a.gpkg", 5514),
        ("a.gpkg", 3857),
        ("a.gpkg", 32633),
        ("a.geojson", 4326),
        ("a.shp", 5514),
        ("a.shp", 4326),
    ],
)
def test_files_of_every_form_and_system(tmp_path, name, crs):
    drawn, source = read_layer(write(tmp_path / name, frame(CZECH, crs=crs)))
    assert drawn.crs.to_epsg() == 5514
    assert drawn["nazev"].tolist() == list(CZECH)
    expected = shapely.bounds(np.array(squares(3), dtype=object))
    np.testing.assert_allclose(drawn.geometry.bounds.to_numpy(), expected, atol=0.05)
    assert (source.name, source.valid_on, len(source.sha256)) == (name, None, 64)


def test_positive_s_jtsk_is_mirrored_not_transformed(tmp_path):
    """EPSG:5513 (Y, X) is EPSG:5514 (−Y, −X), to the last digit."""
    file = write_without_crs(tmp_path / "a.shp", moved(frame(), (-1, 0, 0, -1)))
    with pytest.raises(CRSError, match=r"no coordinate system; its .* positive S-JTSK: say --crs"):
        read_layer(file)
    drawn, _source = read_layer(file, crs="S-JTSK")
    assert drawn.geometry.bounds.to_numpy().tolist() == [
        list(square.bounds) for square in squares(2)
    ]


def test_positions_are_those_of_the_czech_office(tmp_path):
    """WGS84 → EPSG:5514 as PROJ's full operation has it, within a centimetre."""
    lon, lat = Transformer.from_crs(5514, 4326, always_xy=True).transform(X, Y)
    point_like = box(lon, lat, lon + 1e-6, lat + 1e-6)
    areas = gpd.GeoDataFrame({"nazev": ["A"]}, geometry=[point_like], crs=4326)
    drawn, _source = read_layer(write(tmp_path / "a.geojson", areas))
    assert drawn.geometry.item().distance(Point(X, Y)) < 0.01


@pytest.mark.parametrize(
    ("said", "matrix", "from_crs", "message"),
    [
        ("EPSG:5514", (1, 0, 0, 1), 4326, "like longitude and latitude: say --crs EPSG:4326"),
        ("EPSG:4326", (1, 0, 0, 1), 5514, r"Krovak East North: say --crs EPSG:5514"),
        ("EPSG:5514", (-1, 0, 0, -1), 5514, r"like positive S-JTSK: say --crs S-JTSK"),
        ("EPSG:5514", (0, 1, 1, 0), 5514, "Krovak East North with swapped axes: swap them"),
        ("EPSG:5514", (0, -1, -1, 0), 5514, "positive S-JTSK with swapped axes: swap them"),
        ("EPSG:4326", (0, 1, 1, 0), 4326, "longitude and latitude with swapped axes: .*--crs"),
        ("EPSG:5514", (1, 0, 0, 1), 3857, "like Web Mercator: say --crs EPSG:3857"),
        ("EPSG:5514", (1, 0, 0, 1), 32633, "like UTM zone 33N: say --crs EPSG:32633"),
        ("EPSG:5514", (0.001, 0, 0, 0.001), 5514, "probably set wrongly$"),
    ],
)
def test_a_wrong_system_is_told_by_the_numbers(tmp_path, said, matrix, from_crs, message):
    areas = moved(frame(crs=from_crs), matrix)
    with pytest.raises(CRSError, match=rf"positions fall outside Czechia; .*{message}"):
        read_layer(write(tmp_path / "a.gpkg", areas, crs=said))


def test_the_system_a_user_states_wins(tmp_path):
    areas = frame(crs=4326)
    drawn, _source = read_layer(write(tmp_path / "a.gpkg", areas, crs="EPSG:5514"), crs="EPSG:4326")
    np.testing.assert_allclose(drawn.area, 10_000, rtol=1e-3)
    with pytest.raises(CRSError, match="no coordinate system that PROJ knows"):
        read_layer(tmp_path / "a.gpkg", crs="Ferro")


def test_a_single_stray_is_named(tmp_path):
    areas = frame(("A", "B", "C"), [*squares(2), box(0, 0, 9, 9)])
    with pytest.raises(CRSError, match="1 of 3 features falls outside Czechia, the first is numb"):
        read_layer(write(tmp_path / "a.gpkg", areas))


def test_esri_name_of_the_czech_system(tmp_path):
    file = write(tmp_path / "a.shp", frame())
    file.with_suffix(".prj").write_text(
        'PROJCS["S-JTSK_Krovak_East_North",GEOGCS["GCS_S_JTSK",DATUM["D_S_JTSK",SPHEROID['
        '"Bessel_1841",6377397.155,299.1528128]],PRIMEM["Greenwich",0.0],UNIT["Degree",'
        '0.0174532925199433]],PROJECTION["Krovak"],PARAMETER["False_Easting",0.0],PARAMETER['
        '"False_Northing",0.0],PARAMETER["Pseudo_Standard_Parallel_1",78.5],PARAMETER['
        '"Scale_Factor",0.9999],PARAMETER["Azimuth",30.28813975277778],PARAMETER['
        '"Longitude_Of_Center",24.83333333333333],PARAMETER["Latitude_Of_Center",49.5],PARAMETER['
        '"X_Scale",-1.0],PARAMETER["Y_Scale",1.0],PARAMETER["XY_Plane_Rotation",90.0],'
        'UNIT["Meter",1.0]]'
    )
    drawn, _source = read_layer(file)
    assert drawn.geometry.iloc[0].hausdorff_distance(squares(1)[0]) < 1e-6


# --- Shapefiles --------------------------------------------------------------------------------


def shapefile(path, *, encoding, cpg, page):
    """Write a Shapefile with bytes of one encoding, saying another, or nothing."""
    write(path, frame(CZECH), encoding=encoding)
    path.with_suffix(".cpg").unlink()
    if cpg is not None:
        path.with_suffix(".cpg").write_text(cpg)
    table = bytearray(path.with_suffix(".dbf").read_bytes())
    table[29] = page
    path.with_suffix(".dbf").write_bytes(table)
    assert CZECH[0].encode(encoding) in bytes(table)
    return path


@pytest.mark.parametrize(
    ("encoding", "cpg", "page"),
    [
        ("cp1250", None, 0x00),
        ("cp1250", None, 0x57),
        ("cp1250", None, 0xC8),
        ("cp1250", "1250", 0x00),
        ("cp1250", "ANSI 1250", 0x00),
        ("cp1250", "windows-1250\n", 0x03),
        ("cp1250", "", 0x00),
        ("utf-8", None, 0x00),
        ("utf-8", "UTF-8", 0x57),
        ("utf-8", "\ufeffutf-8", 0x00),
        ("cp852", None, 0x64),
        ("iso8859-2", "ISO-8859-2", 0x00),
        ("iso8859-2", "88592", 0x00),
        ("iso8859-2", "ISO 8859-2", 0x00),
    ],
)
def test_czech_names_in_shapefiles_are_not_broken(tmp_path, encoding, cpg, page):
    file = shapefile(tmp_path / "a.shp", encoding=encoding, cpg=cpg, page=page)
    drawn, _source = read_layer(file)
    assert drawn["nazev"].tolist() == list(CZECH)


def test_encodings_that_cannot_be(tmp_path):
    file = shapefile(tmp_path / "a.shp", encoding="cp1250", cpg="UTF-8", page=0)
    with pytest.raises(SourceError, match=r"texts are not in utf-8; write .* \.cpg .* 1250"):
        read_layer(file)
    for name in ("hex", "klingon", "../x"):
        file.with_suffix(".cpg").write_text(name)
        with pytest.raises(SourceError, match=r"names the encoding .* which is unknown"):
            read_layer(file)


@pytest.mark.parametrize("lost", [".dbf", ".shx"])
def test_a_part_is_missing(tmp_path, lost):
    file = write(tmp_path / "a.shp", frame())
    file.with_suffix(lost).unlink()
    with pytest.raises(SourceError, match=rf"several files; \{lost} is missing beside it"):
        read_layer(file)


def test_parts_in_capitals_and_without_a_system(tmp_path):
    file = write(tmp_path / "a.shp", frame())
    for suffix in (".shp", ".shx", ".dbf"):
        file.with_suffix(suffix).rename(tmp_path / f"A{suffix.upper()}")
    file.with_suffix(".prj").unlink()
    with pytest.raises(CRSError, match=r"look like S-JTSK / Krovak .*: say --crs EPSG:5514"):
        read_layer(tmp_path / "A.SHP")
    assert len(read_layer(tmp_path / "A.SHP", crs="5514")[0]) == 2


def test_the_checksum_is_of_all_parts(tmp_path):
    file = write(tmp_path / "a.shp", frame())
    before = read_layer(file)[1]
    parts = [file.with_suffix(s) for s in (".shp", ".shx", ".dbf", ".prj", ".cpg")]
    assert before.n_bytes == sum(part.stat().st_size for part in parts)
    write(file, frame(("U mostu", "Za branou")))
    assert read_layer(file)[1].sha256 != before.sha256


# --- archives ----------------------------------------------------------------------------------


def zipped(path, *files, folder=""):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in files:
            archive.write(file, folder + file.name)
        archive.writestr("__MACOSX/._a.shp", "x")
        archive.writestr("ctimne.txt", "x")
    return path


def test_zipped_shapefile_and_geopackage(tmp_path):
    file = shapefile(tmp_path / "a.shp", encoding="cp1250", cpg=None, page=0)
    archive = zipped(tmp_path / "a.zip", *tmp_path.glob("a.*"), folder="vrstvy/")
    drawn, source = read_layer(archive)
    assert drawn["nazev"].tolist() == list(CZECH)
    assert (source.name, source.n_bytes) == ("a.zip", archive.stat().st_size)
    pack = write(tmp_path / "b.gpkg", frame())
    assert len(read_layer(zipped(tmp_path / "b.zip", pack))[0]) == 2
    both = zipped(tmp_path / "c.zip", pack, *file.parent.glob("a.*"))
    with pytest.raises(NotFoundError, match=r"several layers \(b\.gpkg, a\.shp\)|a\.shp, b\.gpkg"):
        read_layer(both)
    assert len(read_layer(both, layer="a")[0]) == 3
    with pytest.raises(SourceError, match=r"\.dbf is missing beside it"):
        read_layer(zipped(tmp_path / "d.zip", file))
    with pytest.raises(SourceError, match=r"holds no file ending in \.shp, .*; it has ctimne\.txt"):
        read_layer(zipped(tmp_path / "e.zip"))


def test_layers_of_a_geopackage(tmp_path):
    file = write(tmp_path / "a.gpkg", frame(), layer="jedna")
    write(file, frame(("C",)), layer="druha")
    with pytest.raises(NotFoundError, match=r"several layers \(jedna, druha\)"):
        read_layer(file)
    with pytest.raises(NotFoundError, match="no layer třetí; it has jedna, druha"):
        read_layer(file, layer="třetí")
    assert read_layer(file, layer="druha")[0]["nazev"].tolist() == ["C"]
    archive = zipped(tmp_path / "a.zip", file)
    assert read_layer(archive, layer="druha")[0]["nazev"].tolist() == ["C"]


# --- geometry ----------------------------------------------------------------------------------


def test_heights_go_and_collections_of_polygons_are_unpacked(tmp_path):
    one, two, three = squares(3)
    nested = shapely.force_3d(GeometryCollection([one, GeometryCollection([two, three])]), 5)
    drawn, _source = read_layer(write(tmp_path / "a.gpkg", frame(("A",), [nested])))
    assert drawn.geometry.item().equals(MultiPolygon([one, two, three]))
    assert not drawn.geometry.has_z.any()


def test_mixed_geometry_is_named(town, tmp_path):
    one = squares(1)[0]
    mixed = GeometryCollection([one, LineString([(X, Y), (X + 5, Y)])])
    file = write(tmp_path / "a.gpkg", frame(("A", "B", "C"), [mixed, one, Point(X, Y)]))
    with pytest.raises(SchemaError, match="must hold polygons only; these are none: A, C"):
        import_areas(town, file, kind=schema.QUARTER)


def test_holes_and_many_vertices_are_fine(town, tmp_path):
    ring = Point(X, Y).buffer(90, quad_segs=2_500)
    assert shapely.get_num_coordinates(ring) == 10_001
    holed = box(X + 200, Y, X + 300, Y + 100).difference(box(X + 220, Y + 20, X + 280, Y + 80))
    brought = import_areas(
        town, write(tmp_path / "a.gpkg", frame(("A", "B"), [ring, holed])), kind=schema.QUARTER
    )
    areas = brought.frames[schema.QUARTER]
    assert areas[schema.AREA_KM2].tolist() == [pytest.approx(np.pi * 0.0081, rel=1e-4), 0.0064]


BOW_TIE = Polygon([(X, Y), (X + 10, Y + 10), (X + 10, Y), (X, Y + 10)])


def test_an_invalid_polygon_is_named_and_mended_on_demand(town, tmp_path):
    file = write(tmp_path / "a.gpkg", frame(("Motýl", "B"), [BOW_TIE, squares(2)[1]]))
    text = r"invalid polygons: Motýl \(crosses itself at .*Fix Geometries, or .* --repair"
    with pytest.raises(SchemaError, match=text):
        import_areas(town, file, kind=schema.QUARTER)
    brought = import_areas(town, file, kind=schema.QUARTER, repair=True)
    # Two triangles of 10 × 5 / 2 m² each; the signed areas of the two halves cancel.
    areas = brought.frames[schema.QUARTER].set_index(schema.NAME)
    assert areas.area["Motýl"] == 50.0
    assert any(n.startswith("Motýl crosses itself at ") and "it has 50" in n for n in brought.notes)
    assert sum("mended" in note for note in brought.notes) == 1


# --- kinds -------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [schema.LOCALITY, schema.PATROL_BEAT, schema.QUARTER])
def test_own_areas_in_force(workspace, tmp_path, kind):
    brought = import_areas(workspace, write(tmp_path / "hlídky.gpkg", frame(CZECH)), kind=kind)
    assert brought.made_by == OWN_AREAS
    assert brought.notes == ("names taken from the column nazev",)
    bring(workspace, brought)
    read = layers.read_areas(workspace, kind)
    assert read[schema.AREA_ID].tolist() == [
        f"{kind}:pricna-dablice",
        f"{kind}:sumperska-tn",
        f"{kind}:zizkova-ctvrt",
    ]
    assert read[schema.KIND].unique().tolist() == [kind]
    assert read[schema.AREA_KM2].tolist() == [0.01] * 3
    assert not read[schema.DERIVED].any()
    assert read[schema.PRECISION_M].tolist() == [20.0] * 3
    assert read[schema.LAYER_SOURCE].unique().tolist() == ["drawn by the town, file hlídky.gpkg"]
    with use_language("cs"):
        assert "hlídky.gpkg" in layers.read_areas(workspace, kind)[schema.LAYER_SOURCE].iloc[0]
    assert read_kept(workspace, kind)[schema.LAYER_SOURCE].iloc[0] == "drawn:hlídky.gpkg"
    assert len(layers.read_areas(workspace, schema.STREET)) > 70


def test_examples_are_for_own_areas_only(town, tmp_path):
    file = write(tmp_path / "a.gpkg", frame())
    brought = import_areas(town, file, kind=schema.PATROL_BEAT, example=True)
    assert brought.frames[schema.PATROL_BEAT][schema.LAYER_SOURCE].unique() == ["example"]
    assert brought.frames[schema.PATROL_BEAT][schema.DERIVED].all()
    with pytest.raises(ParameterError, match="only areas the town draws itself can be examples"):
        import_areas(town, file, kind=schema.DISTRICT, example=True)
    for kind in (schema.GRID, schema.SEGMENT, "parish"):
        with pytest.raises(ParameterError, match="kind must be one of locality, patrol_beat"):
            import_areas(town, file, kind=kind)


def test_official_districts_keep_ids_and_residents(town, tmp_path):
    areas = frame(("Jeseník-střed", "Dětřichov", "Dětřichov"), squares(3), kod=[58726, 7, 8])
    brought = import_areas(town, write(tmp_path / "zsj.gpkg", areas), kind=schema.DISTRICT)
    made = brought.frames[schema.DISTRICT].set_index(schema.AREA_ID)
    assert made.index.tolist() == ["district:058726", "district:7", "district:8"]
    assert made.loc["district:058726", schema.RESIDENTS] == 1_398
    assert made.loc["district:058726", schema.RESIDENTS_YEAR] == 2_011
    assert made[schema.RESIDENTS].isna().tolist() == [False, True, True]
    assert made[schema.LAYER_SOURCE].unique().tolist() == ["zsj.gpkg"]
    assert "1 area keeps its number of residents" in brought.notes
    assert "codes taken from the column kod" in brought.notes


def test_electoral_districts_by_number(town, tmp_path):
    areas = frame(("x", "y")).rename(columns={"nazev": "poznamka"}).assign(okrsek=[1.0, 12.0])
    brought = import_areas(town, write(tmp_path / "a.gpkg", areas), kind=schema.ELECTORAL_DISTRICT)
    made = brought.frames[schema.ELECTORAL_DISTRICT]
    assert made[schema.AREA_ID].tolist() == ["electoral_district:01", "electoral_district:12"]
    assert made[schema.NAME].tolist() == ["1", "12"]


def test_redrawn_areas_keep_their_ids(workspace, tmp_path):
    bring(
        workspace,
        import_areas(
            workspace, write(tmp_path / "a.gpkg", frame(("Ráj", "Les"))), kind=schema.QUARTER
        ),
    )
    file = write(tmp_path / "b.gpkg", frame(("Raj", "Les", "Ráj")))
    made = import_areas(workspace, file, kind=schema.QUARTER).frames[schema.QUARTER]
    ids = made.set_index(schema.NAME)[schema.AREA_ID]
    assert ids.to_dict() == {"Ráj": "quarter:raj", "Les": "quarter:les", "Raj": "quarter:raj-2"}


def test_own_areas_bring_their_residents(workspace, tmp_path):
    areas = frame(obyvatel=["1 234", "5"], rok=[2023, 2023])
    brought = import_areas(workspace, write(tmp_path / "a.gpkg", areas), kind=schema.QUARTER)
    made = brought.frames[schema.QUARTER]
    assert made[schema.RESIDENTS].tolist() == [1_234, 5]
    assert made[schema.RESIDENTS_YEAR].tolist() == [2_023, 2_023]
    bring(workspace, brought)
    # Redrawn a little, an area keeps its residents; redrawn by half, it is another area.
    shapes = [box(X, Y, X + 102, Y + 100), box(X + 150, Y, X + 300, Y + 100)]
    plain = write(tmp_path / "b.gpkg", frame(shapes=shapes))
    again = import_areas(workspace, plain, kind=schema.QUARTER).frames[schema.QUARTER]
    np.testing.assert_array_equal(again[schema.RESIDENTS], [1_234, np.nan])
    yearless = write(tmp_path / "c.gpkg", frame(obyvatel=[1, 2]))
    notes = import_areas(workspace, yearless, kind=schema.QUARTER).notes
    assert any("no column says of which year" in note for note in notes)
    wrong = write(tmp_path / "d.gpkg", frame(obyvatel=["1", "-2"], rok=["2023", "2023"]))
    with pytest.raises(
        SchemaError, match="feature 2, column obyvatel: -2 residents: a number cannot"
    ):
        import_areas(workspace, wrong, kind=schema.QUARTER)


def test_the_boundary(town, tmp_path):
    ground = layers.read_boundary(town).buffer(5)
    areas = gpd.GeoDataFrame({"poznamka": ["x"]}, geometry=[ground], crs=5514)
    file = write(tmp_path / "a.gpkg", areas)
    made = import_areas(town, file, kind=schema.MUNICIPALITY).frames[schema.MUNICIPALITY]
    assert made[schema.AREA_ID].item() == "municipality:536385"
    assert made[schema.NAME].item() == "Jeseník"
    assert made[schema.RESIDENTS].item() == 10_619
    fresh = Workspace(tmp_path / "fresh", Settings(municipality="500011", town="Jinde"))
    made = import_areas(fresh, file, kind=schema.MUNICIPALITY).frames[schema.MUNICIPALITY]
    assert (made[schema.AREA_ID].item(), made[schema.NAME].item()) == (
        "municipality:500011",
        "Jinde",
    )
    coded = write(tmp_path / "b.gpkg", areas.assign(obec="Jinde", kod_obce="500011"))
    with pytest.raises(SchemaError, match=r"of municipality 500011, .* is 536385; bring"):
        import_areas(town, coded, kind=schema.MUNICIPALITY)
    two = write(tmp_path / "c.gpkg", frame())
    with pytest.raises(SchemaError, match="must hold one polygon, the boundary; it holds 2"):
        import_areas(town, two, kind=schema.MUNICIPALITY)


# --- columns -----------------------------------------------------------------------------------


def test_columns_are_asked_for_and_remembered(workspace, tmp_path):
    areas = frame().rename(columns={"nazev": "JMENO_A"}).assign(typ="x", cislo=[1, 2])
    file = write(tmp_path / "a.gpkg", areas)
    with pytest.raises(SchemaError, match=r"--name-column COLUMN:\n  JMENO_A: U mostu, Za školou"):
        import_areas(workspace, file, kind=schema.QUARTER)
    with pytest.raises(SchemaError, match="has no column x; it has JMENO_A, typ, cislo"):
        import_areas(workspace, file, kind=schema.QUARTER, name_column="x")
    assert not map_file(workspace, schema.QUARTER).exists()
    import_areas(workspace, file, kind=schema.QUARTER, name_column="JMENO_A", code_column="cislo")
    assert recall_map(workspace, schema.QUARTER) == ColumnMap(name="JMENO_A", code="cislo")
    again = import_areas(workspace, file, kind=schema.QUARTER)
    assert again.notes == ("columns as remembered: JMENO_A, cislo",)
    assert again.frames[schema.QUARTER][schema.AREA_ID].tolist() == ["quarter:1", "quarter:2"]
    # A file without those columns is looked at anew.
    other = import_areas(workspace, write(tmp_path / "b.gpkg", frame()), kind=schema.QUARTER)
    assert other.notes == ("names taken from the column nazev",)


def test_a_map_without_a_name_and_one_that_is_broken(workspace, tmp_path):
    file = write(tmp_path / "a.gpkg", frame(kod=["A", "B"]))
    remember_map(workspace, schema.QUARTER, ColumnMap(code="kod"))
    made = import_areas(workspace, file, kind=schema.QUARTER).frames[schema.QUARTER]
    assert made[schema.NAME].tolist() == ["U mostu", "Za školou"]
    map_file(workspace, schema.QUARTER).write_text("name = 3")
    with pytest.raises(SchemaError, match=r"quarter\.toml: name must be a text"):
        import_areas(workspace, file, kind=schema.QUARTER)


def test_names_of_two_kinds_are_asked_for(town, tmp_path):
    file = write(tmp_path / "a.gpkg", frame(name=["a", "b"]))
    with pytest.raises(SchemaError, match=r"several columns .*\n  nazev: U mostu.*\n  name: a, b"):
        import_areas(town, file, kind=schema.QUARTER)


@pytest.mark.parametrize(
    ("columns", "options", "message"),
    [
        ({"names": ("A", "A")}, {}, "more than once: A"),
        ({"names": ("A", "")}, {}, "1 polygon has no name in column nazev"),
        ({"names": ("A", "\u200b\u00a0")}, {}, "1 polygon has no name"),
        ({"names": ("A", "b" * 300)}, {}, "at most 200 characters"),
        ({"kod": ["1", ""]}, {"code_column": "kod"}, "no code in column kod: Za školou"),
        ({"kod": ["1", "01"]}, {"code_column": "kod"}, "codes occur more than once .* 01"),
        ({"shapes": [None, squares(1)[0]]}, {}, "without geometry: U mostu"),
        ({"shapes": [box(-600_000, Y, -599_000, Y + 9), squares(1)[0]]}, {}, "wholly outside"),
        ({"names": (), "shapes": []}, {}, "holds no polygon"),
    ],
)
def test_areas_that_are_refused(town, tmp_path, columns, options, message):
    before = layers_version(town)
    file = write(tmp_path / "a.gpkg", frame(**columns), geometry_type="Polygon")
    with pytest.raises(SchemaError, match=message):
        import_areas(town, file, kind=schema.QUARTER, **options)
    assert layers_version(town) == before


def test_codes_that_are_incomplete_are_not_used(town, tmp_path):
    file = write(tmp_path / "a.gpkg", frame(kod=["1", "1"]))
    brought = import_areas(town, file, kind=schema.QUARTER)
    assert brought.frames[schema.QUARTER][schema.AREA_ID].tolist() == [
        "quarter:u-mostu",
        "quarter:za-skolou",
    ]
    assert any("missing or occur twice" in note for note in brought.notes)


def test_layers_are_needed_first(tmp_path):
    file = write(tmp_path / "a.gpkg", frame())
    with pytest.raises(NotFoundError, match="hotspots layers fetch"):
        import_areas(Workspace(tmp_path / "none", Settings()), file, kind=schema.QUARTER)


# --- fitting the town --------------------------------------------------------------------------


def test_overlaps_are_noted_or_refused(town, tmp_path):
    one = box(X, Y, X + 100, Y + 100)
    two = box(X + 90, Y, X + 190, Y + 100)
    inner = box(X + 20, Y + 20, X + 30, Y + 30)
    file = write(tmp_path / "a.gpkg", frame(("A", "B", "C"), [one, two, inner]))
    brought = import_areas(town, file, kind=schema.QUARTER)
    assert any(
        "2 pairs of areas overlap, most of all A × B with 1,000 m²" in note.replace("\u00a0", ",")
        for note in brought.notes
    )
    with pytest.raises(SchemaError, match=r"A × B .*areas of this kind may not overlap"):
        import_areas(town, file, kind=schema.TOWN_PART)
    # One border drawn twice, half a metre apart, is no overlap worth a refusal.
    sliver = box(X + 99.5, Y, X + 190, Y + 100)
    file = write(tmp_path / "b.gpkg", frame(("A", "B"), [one, sliver]))
    brought = import_areas(town, file, kind=schema.TOWN_PART)
    assert any("1 pair of areas overlaps, A × B with 50" in note for note in brought.notes)


def test_areas_partly_outside_are_noted(town, tmp_path):
    edge = layers.read_boundary(town).bounds[0]
    x, y = next(p for p in layers.read_boundary(town).exterior.coords if p[0] == edge)
    file = write(tmp_path / "a.gpkg", frame(("Okraj",), [box(x - 50, y - 50, x + 50, y + 50)]))
    brought = import_areas(town, file, kind=schema.QUARTER)
    assert any(
        "1 area reaches out of the study area" in note and "Okraj" in note for note in brought.notes
    )


# --- streets -----------------------------------------------------------------------------------


def lines(**columns):
    shapes = [
        LineString([(X, Y), (X + 200, Y)]),
        LineString([(X + 200, Y), (X + 400, Y)]),
        LineString([(X + 200, Y - 150), (X + 200, Y + 150)]),
        LineString([(X, Y + 300), (X + 50, Y + 300)]),
    ]
    names = columns.pop("ulice", ["Dlouhá", "Dlouhá", "Příčná", None])
    return gpd.GeoDataFrame({"ulice": names, **columns}, geometry=shapes, crs=5514)


def test_streets_from_a_towns_own_lines(town, tmp_path):
    brought = import_areas(town, write(tmp_path / "ulice.gpkg", lines()), kind=schema.STREET)
    assert sorted(brought.frames) == ["segment", "segment_axis", "street", "street_axis"]
    streets = brought.frames[schema.STREET].set_index(schema.NAME)
    assert streets[schema.AREA_ID].to_dict() == {
        "Dlouhá": "street:dlouha",
        "Příčná": "street:pricna",
    }
    assert streets[schema.LENGTH_M].to_dict() == {"Dlouhá": 400.0, "Příčná": 300.0}
    assert streets[schema.LAYER_SOURCE].unique().tolist() == ["ulice.gpkg"]
    # 60 m beside 700 m of line, less the crossing, and round ends of a 30 m circle.
    union = shapely.union_all(lines().geometry.iloc[:3].to_numpy()).buffer(30)
    assert streets[schema.AREA_KM2].sum() * 1e6 == pytest.approx(union.area, rel=0.01)
    assert any("1 line without a name, code or length is left out" in n for n in brought.notes)


def test_streets_in_force_keep_their_ids(town, tmp_path):
    names = ["28. října", "28. října", "Nová", None]
    brought = import_areas(town, write(tmp_path / "a.gpkg", lines(ulice=names)), kind=schema.STREET)
    ids = brought.frames[schema.STREET].set_index(schema.NAME)[schema.AREA_ID]
    assert ids["28. října"] == "street:161276"
    coded = lines(kod=["161276", "161276", "9", "9"], ulice=["Jinak", "Jinak", "Nová", "Nová"])
    brought = import_areas(town, write(tmp_path / "b.gpkg", coded), kind=schema.STREET)
    ids = brought.frames[schema.STREET].set_index(schema.NAME)[schema.AREA_ID]
    assert ids.to_dict() == {"Jinak": "street:161276", "Nová": "street:9"}


@pytest.mark.parametrize(
    ("areas", "message"),
    [
        (frame().rename(columns={"nazev": "ulice"}), "must hold lines only.*U mostu.*Polygon"),
        (lines(kod=["1", "1", "1", "2"], ulice=["A", "A", "B", "C"]), "different names: 1"),
        (lines(ulice=[None, "", " ", None]), "no line has a name in column ulice"),
    ],
)
def test_lines_that_are_refused(town, tmp_path, areas, message):
    with pytest.raises(SchemaError, match=message):
        import_areas(town, write(tmp_path / "a.gpkg", areas), kind=schema.STREET)


def test_one_name_in_two_parts_of_the_town_is_noted(town, tmp_path):
    shapes = [
        LineString([(X, Y), (X + 100, Y)]),
        LineString([(X + 900, Y), (X + 999, Y)]),
    ]
    areas = gpd.GeoDataFrame({"ulice": ["Krátká"] * 2}, geometry=shapes, crs=5514)
    notes = import_areas(town, write(tmp_path / "a.gpkg", areas), kind=schema.STREET).notes
    assert any("more than 500 m apart" in note and "Krátká" in note for note in notes)


# --- real files --------------------------------------------------------------------------------


@pytest.mark.reference
def test_real_street_lines_and_a_real_foreign_layer(shared):
    drawn, source = read_layer(shared / "data" / "ruian" / "ruian_ulice_praha_vyrez.geojson")
    assert len(drawn) == 371
    assert drawn.crs.to_epsg() == 5514
    assert source.name == "ruian_ulice_praha_vyrez.geojson"
    with pytest.raises(CRSError, match="fall outside Czechia"):
        read_layer(shared / "reference" / "geoda_guerry" / "Guerry.shp")


@pytest.mark.reference
def test_the_real_boundary(town, shared):
    file = shared / "data" / "jesenik" / "jesenik_hranice.geojson"
    made = import_areas(town, file, kind=schema.MUNICIPALITY).frames[schema.MUNICIPALITY]
    assert made[schema.AREA_KM2].item() == pytest.approx(38.376, abs=0.01)


# --- ids ---------------------------------------------------------------------------------------


def test_codes_without_zeros_and_kinds():
    assert [bare_code(c) for c in ("058726", "district:58726", "0", "", "A1")] == [
        "58726",
        "58726",
        "0",
        "",
        "A1",
    ]


@given(st.lists(st.text(min_size=1, max_size=6), min_size=1, max_size=12, unique=True))
def test_ids_are_unique_and_do_not_depend_on_the_order(names):
    ids = make_ids(schema.QUARTER, names, None, former=None)
    assert len(set(ids)) == len(names)
    back = make_ids(schema.QUARTER, names[::-1], None, former=None)[::-1]
    assert back == ids
    assert all(area_id.startswith("quarter:") for area_id in ids)


@given(st.lists(st.text("aáb1 ", min_size=1, max_size=4), min_size=1, max_size=8, unique=True))
def test_areas_brought_again_keep_their_ids(names):
    ids = make_ids(schema.QUARTER, names, None, former=None)
    former = gpd.GeoDataFrame(
        {schema.AREA_ID: ids, schema.NAME: names}, geometry=[Point(0, 0)] * len(names)
    )
    assert make_ids(schema.QUARTER, names, None, former=former) == ids


def test_every_kind_is_an_area_kind():
    assert set(KINDS) < set(schema.AREA_KINDS)
    assert slug("Náměstí 1. máje") == "namesti-1-maje"
    assert Path(map_file(Workspace(Path("w"), Settings()), "street")).name == "street.toml"
