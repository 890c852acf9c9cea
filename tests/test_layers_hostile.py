"""Map files made to do harm: other drivers, other files, the network, damage, sheer size."""

import contextlib
import http.server
import json
import math
import os
import sqlite3
import struct
import threading
import time
import zipfile

import geopandas as gpd
import numpy as np
import pytest
import shapely

from hotspots import layers, schema
from hotspots.errors import CRSError, HotspotsError, SchemaError, SourceError
from hotspots.layers.census.residents import join_residents
from hotspots.layers.own import layer_files
from hotspots.layers.own.areas import import_areas
from hotspots.layers.own.layer_files import read_layer
from hotspots.settings import Settings, Workspace
from tests.localities import bring_localities

VRT = (
    '<OGRVRTDataSource><OGRVRTLayer name="l"><SrcDataSource>{source}</SrcDataSource>'
    "<SrcLayer>l</SrcLayer></OGRVRTLayer></OGRVRTDataSource>"
)


@pytest.fixture(scope="module")
def bundled(tmp_path_factory):
    made = Workspace(tmp_path_factory.mktemp("w"), Settings())
    layers.install_bundled(made)
    return made.layers / layers.LAYERS_FILE


@pytest.fixture
def workspace(tmp_path, bundled):
    made = Workspace(tmp_path / "w", Settings())
    made.layers.mkdir(parents=True)
    (made.layers / layers.LAYERS_FILE).write_bytes(bundled.read_bytes())
    return made


def square(workspace, *, dx=0.0):
    centre = layers.read_boundary(workspace).representative_point()
    return shapely.box(centre.x + dx, centre.y, centre.x + dx + 100, centre.y + 100)


def draw(path, polygons, *, names=None):
    names = names or [f"n{i}" for i in range(len(polygons))]
    gpd.GeoDataFrame({"name": names}, geometry=polygons, crs="EPSG:5514").to_file(path, layer="l")
    return path


def bring(workspace, file):
    return bring_localities(workspace, file, name_column="name")


@pytest.mark.parametrize("name", ["v.geojson", "v.json", "v.gpkg", "v.shp"])
@pytest.mark.parametrize("start", ["", '{"type":"FeatureCollection","a":"', "SQLi", "\n  "])
def test_no_file_makes_requests_or_reads_others(workspace, tmp_path, name, start):
    asked = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            self.send_error(404)

        do_HEAD = do_GET  # noqa: N815

        def log_message(self, *_args):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"/vsicurl/http://127.0.0.1:{server.server_port}/x.gpkg"
        for source in (url, draw(tmp_path / "other.gpkg", [square(workspace)])):
            file = tmp_path / name
            file.write_text(start + VRT.format(source=source), encoding="utf-8")
            with pytest.raises(SourceError, match=r"not what its name says|cannot be read"):
                bring(workspace, file)
        server.shutdown()
    assert asked == []


def test_a_pipe_is_refused_and_not_waited_for(workspace, tmp_path):
    os.mkfifo(tmp_path / "p.gpkg")
    with pytest.raises(SourceError, match="no ordinary file but a pipe"):
        bring(workspace, tmp_path / "p.gpkg")


def test_localities_outside_the_study_area_are_refused(workspace, tmp_path):
    polygons = [square(workspace), square(workspace, dx=-60_000)]
    file = draw(tmp_path / "a.gpkg", polygons, names=["near", "far"])
    with pytest.raises(SchemaError, match="wholly outside the study area: far"):
        bring(workspace, file)


def test_names_that_are_no_text(workspace, tmp_path):
    file = draw(tmp_path / "a.gpkg", [square(workspace)])
    with sqlite3.connect(file) as base:
        for trigger in base.execute("select name from sqlite_master where type='trigger'"):
            base.execute(f'drop trigger "{trigger[0]}"')
        base.execute("update l set name = cast(x'ff41' as text)")
    base.close()
    with pytest.raises(SourceError, match="cannot be read as a map layer"):
        bring(workspace, file)


def test_coordinates_that_are_no_numbers(workspace, tmp_path):
    ring = [[17.2, 50.2], [17.21, 50.2], [float("nan"), float("nan")], [17.2, 50.2]]
    feature = {
        "type": "Feature",
        "properties": {"name": "a"},
        "geometry": {"type": "Polygon", "coordinates": [ring]},
    }
    file = tmp_path / "a.geojson"
    content = {"type": "FeatureCollection", "features": [feature]}
    file.write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(SchemaError, match=r"coordinates that are no numbers|invalid polygons"):
        bring(workspace, file)


def test_a_system_that_cannot_be_converted(workspace, tmp_path):
    file = draw(tmp_path / "a.gpkg", [square(workspace)])
    with sqlite3.connect(file) as base:
        base.execute(
            "update gpkg_spatial_ref_sys set organization='x', organization_coordsys_id=1, "
            'definition=\'LOCAL_CS["foo",UNIT["metre",1]]\' where srs_id=5514'
        )
    base.close()
    with pytest.raises((CRSError, HotspotsError), match=r"cannot be converted|coordinate system"):
        bring(workspace, file)


# --- archives ----------------------------------------------------------------------------------


def pack(path, members):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


@pytest.mark.parametrize(
    "name",
    ["../../evil.gpkg", "/etc/evil.gpkg", "C:\\evil.gpkg", "a/../../evil.gpkg", "..\\e.gpkg"],
)
def test_a_zip_writes_nowhere_outside(workspace, tmp_path, name):
    content = draw(tmp_path / "a.gpkg", [square(workspace)]).read_bytes()
    before = sorted(tmp_path.rglob("*"))
    file = pack(tmp_path / "a.zip", {name: content})
    with pytest.raises(SourceError, match="outside the archive"):
        import_areas(workspace, file, kind=schema.QUARTER)
    assert sorted(tmp_path.rglob("*")) == sorted([*before, file])


def test_a_zip_leaves_nothing_behind(workspace, tmp_path, monkeypatch):
    place = tmp_path / "temporary"
    place.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(place))
    good = draw(tmp_path / "a.gpkg", [square(workspace)]).read_bytes()
    file = pack(tmp_path / "a.zip", {"a.gpkg": good})
    assert len(import_areas(workspace, file, kind=schema.QUARTER).frames[schema.QUARTER]) == 1
    bad = pack(tmp_path / "b.zip", {"a.gpkg": good[: len(good) // 3]})
    with pytest.raises(HotspotsError, match=r"b\.zip"):
        import_areas(workspace, bad, kind=schema.QUARTER)
    assert list(place.iterdir()) == []


def test_a_zip_bomb_and_a_zip_that_is_too_large(workspace, tmp_path, monkeypatch):
    bomb = pack(tmp_path / "a.zip", {"a.geojson": b" " * 60_000_000})
    assert bomb.stat().st_size < 100_000
    started = time.process_time()
    for bring_in in (
        lambda: import_areas(workspace, bomb, kind=schema.QUARTER),
        lambda: join_residents(workspace, pack(tmp_path / "b.zip", {"a.csv": b" " * 60_000_000})),
    ):
        with pytest.raises(SourceError, match="more than 400 times is no real file"):
            bring_in()
    assert time.process_time() - started < 10
    monkeypatch.setattr(layer_files, "SIZE_LIMIT", 1_000)
    large = pack(tmp_path / "c.zip", {"a.geojson": b"{}" * 1_000})
    with pytest.raises(SourceError, match=r"c\.zip has .* MB, more than"):
        read_layer(large)


def test_archives_that_are_damaged(workspace, tmp_path):
    good = pack(
        tmp_path / "a.zip", {"a.gpkg": draw(tmp_path / "a.gpkg", [square(workspace)]).read_bytes()}
    )
    content = good.read_bytes()
    (tmp_path / "cut.zip").write_bytes(content[: len(content) // 2])
    with pytest.raises(SourceError, match="cannot be unpacked"):
        read_layer(tmp_path / "cut.zip")
    changed = bytearray(content)
    changed[len(changed) // 3] ^= 0xFF
    (tmp_path / "bits.zip").write_bytes(changed)
    with pytest.raises(SourceError, match=r"is damaged|cannot be unpacked"):
        read_layer(tmp_path / "bits.zip")


def test_other_drivers_hidden_in_a_zip(workspace, tmp_path):
    source = draw(tmp_path / "other.gpkg", [square(workspace)])
    for name in ("v.geojson", "v.gpkg", "v.shp"):
        file = pack(tmp_path / "v.zip", {name: VRT.format(source=source)})
        with pytest.raises(SourceError, match=r"not what its name says|is missing beside it"):
            read_layer(file)
    # A sidecar cannot lead GDAL to another file either.
    file = pack(tmp_path / "w.zip", {"v.gpkg": source.read_bytes(), "v.vrt": VRT})
    assert len(read_layer(file)[0]) == 1


# --- size --------------------------------------------------------------------------------------


def write_zigzag(file, n):
    """Write a GeoJSON polygon of n vertices and one that closes it."""
    points = "[17.20,50.20],[17.21,50.21]," * (n // 2) + "[17.20,50.20]"
    file.write_text(
        '{"type":"FeatureCollection","features":[{"type":"Feature","properties":{"name":"a"},'
        f'"geometry":{{"type":"Polygon","coordinates":[[{points}]]}}}}]}}'
    )
    return file


def test_a_polygon_of_too_many_vertices(workspace, tmp_path):
    x, y = square(workspace).bounds[:2]
    angles = np.linspace(0, 2 * np.pi, 300_000, endpoint=False)
    circle = shapely.Polygon(np.column_stack([x + np.cos(angles), y + np.sin(angles)]))
    message = r"feature 2 \(300,001 vertices\) has more than 250,000 vertices.*Simplify"
    with pytest.raises(SchemaError, match=message):
        read_layer(draw(tmp_path / "a.gpkg", [square(workspace), circle]))


def test_a_geojson_polygon_of_a_million_vertices(tmp_path):
    file = write_zigzag(tmp_path / "a.geojson", 1_000_000)
    started = time.process_time()
    with pytest.raises(SchemaError, match="more than 250,000 vertices"):
        read_layer(file)
    assert time.process_time() - started < 20


def test_a_geojson_polygon_just_within_the_limit_is_read(tmp_path):
    drawn, _source = read_layer(write_zigzag(tmp_path / "a.geojson", 240_000))
    assert shapely.get_num_coordinates(drawn.geometry.item()) == 240_001


@pytest.mark.parametrize("name", ["a.geojson", "a.gpkg", "a.shp", "a.zip"])
def test_half_a_gigabyte_is_refused_unread(tmp_path, name):
    heads = {"a.geojson": b"{", "a.gpkg": b"SQLite format 3\x00", "a.zip": b"PK\x03\x04"}
    file = tmp_path / name
    with file.open("wb") as stream:
        stream.write(heads.get(name, b"\x00\x00\x27\x0a"))
        stream.truncate(500_000_000)
    started = time.process_time()
    with pytest.raises(SourceError, match="has 500 MB, more than 200 MB"):
        read_layer(file)
    assert time.process_time() - started < 2
    blank = tmp_path / "blank.geojson"
    blank.write_bytes(b" " * 10_000)
    with pytest.raises(SourceError, match="is empty"):
        read_layer(blank)


def test_too_many_features(workspace, tmp_path, monkeypatch):
    monkeypatch.setattr(layer_files, "FEATURES_LIMIT", 2)
    with pytest.raises(SourceError, match="more than 2 features"):
        read_layer(draw(tmp_path / "a.gpkg", [square(workspace)] * 3))
    assert len(read_layer(draw(tmp_path / "b.gpkg", [square(workspace)] * 2))[0]) == 2


# --- databases ---------------------------------------------------------------------------------


def alter(file, *statements):
    """Change a GeoPackage past its triggers, as a tool made to do harm would."""
    with sqlite3.connect(file) as base:
        for trigger in base.execute(
            "select name from sqlite_master where type='trigger'"
        ).fetchall():
            base.execute(f'drop trigger "{trigger[0]}"')
        for text, *values in statements:
            base.execute(text, *values)
    base.close()
    return file


def test_a_view_that_never_ends_is_not_read(workspace, tmp_path):
    file = draw(tmp_path / "a.gpkg", [square(workspace)])
    endless = (
        "create view v as with recursive t(fid) as (select 1 union all select fid + 1 from t) "
        "select fid, (select geom from l) as geom, 'a' as name from t"
    )
    alter(
        file,
        (endless,),
        (
            "insert into gpkg_contents (table_name, data_type, identifier, srs_id) "
            "values ('v', 'features', 'v', 5514)",
        ),
        ("insert into gpkg_geometry_columns values ('v', 'geom', 'GEOMETRY', 5514, 0, 0)",),
    )
    for layer in (None, "v", "l"):
        with pytest.raises(SourceError, match="the layer 'v' is a view, computed while it is read"):
            read_layer(file, layer=layer)


def test_a_geopackage_cut_off_or_scribbled_over(workspace, tmp_path):
    content = draw(tmp_path / "a.gpkg", [square(workspace)] * 50).read_bytes()
    for share in (0.05, 0.3, 0.6, 0.95):
        (tmp_path / "cut.gpkg").write_bytes(content[: int(len(content) * share)])
        with pytest.raises(HotspotsError, match=r"cut\.gpkg"):
            import_areas(workspace, tmp_path / "cut.gpkg", kind=schema.QUARTER)
    for at in range(200, len(content), len(content) // 12):
        changed = bytearray(content)
        changed[at : at + 64] = b"\xa5" * 64
        (tmp_path / "bits.gpkg").write_bytes(changed)
        # Some changes touch nothing that is read; the others are errors of ours.
        with contextlib.suppress(HotspotsError):
            import_areas(workspace, tmp_path / "bits.gpkg", kind=schema.QUARTER)


def gpkg_blob(wkb):
    return b"GP\x00\x01" + struct.pack("<i", 5514) + wkb


def test_curves_are_made_of_short_lines(workspace, tmp_path):
    x, y = square(workspace).bounds[:2]
    points = [(x - 50, y), (x, y + 50), (x + 50, y), (x, y - 50), (x - 50, y)]
    arc = b"\x01" + struct.pack("<II", 8, len(points))
    arc += b"".join(struct.pack("<dd", *point) for point in points)
    curve = b"\x01" + struct.pack("<II", 10, 1) + arc
    file = alter(
        draw(tmp_path / "a.gpkg", [square(workspace)]),
        ("update l set geom = ?", (gpkg_blob(curve),)),
        ("update gpkg_geometry_columns set geometry_type_name = 'GEOMETRY'",),
    )
    areas = import_areas(workspace, file, kind=schema.QUARTER).frames[schema.QUARTER]
    # A circle of radius 50 m, in arcs of a few degrees.
    assert areas.area.item() == pytest.approx(math.pi * 2_500, rel=2e-3)
    assert areas.geom_type.item() == "Polygon"


def test_geometries_that_are_none(workspace, tmp_path):
    for blob in (b"", b"GP", gpkg_blob(b"\x01\x03\x00\x00\x00\xff\xff\xff\xff"), b"x" * 40):
        file = alter(
            draw(tmp_path / "a.gpkg", [square(workspace)]), ("update l set geom = ?", (blob,))
        )
        with pytest.raises(HotspotsError, match=r"without geometry|cannot be read|no polygon"):
            import_areas(workspace, file, kind=schema.QUARTER)


def test_names_that_command_a_terminal_or_a_page(workspace, tmp_path):
    names = ["\x1b[2J<script>alert(1)</script>", "=HYPERLINK(1)"]
    file = draw(tmp_path / "a.gpkg", [square(workspace)] * 2, names=names)
    areas = import_areas(workspace, file, kind=schema.QUARTER).frames[schema.QUARTER]
    assert all(area_id.isprintable() for area_id in areas[schema.AREA_ID])
    assert "\x1b" not in "".join(areas[schema.NAME]), "control characters are no part of a name"


def test_a_shapefile_whose_table_is_short(workspace, tmp_path):
    file = tmp_path / "a.shp"
    gpd.GeoDataFrame(
        {"name": ["a", "b"]}, geometry=[square(workspace)] * 2, crs="EPSG:5514"
    ).to_file(file)
    content = file.with_suffix(".dbf").read_bytes()
    for n in (0, 10, 33, len(content) - 90):
        file.with_suffix(".dbf").write_bytes(content[:n])
        with pytest.raises(HotspotsError, match=r"a\.shp|a\.dbf"):
            import_areas(workspace, file, kind=schema.QUARTER)
