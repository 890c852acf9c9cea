"""Files of localities made to do harm: other drivers, other files, the network, damage."""

import http.server
import json
import os
import sqlite3
import threading

import geopandas as gpd
import pytest
import shapely

from hotspots import layers
from hotspots.errors import CRSError, HotspotsError, SchemaError, SourceError
from hotspots.settings import Settings, Workspace

VRT = (
    '<OGRVRTDataSource><OGRVRTLayer name="l"><SrcDataSource>{source}</SrcDataSource>'
    "<SrcLayer>l</SrcLayer></OGRVRTLayer></OGRVRTDataSource>"
)


@pytest.fixture
def workspace(tmp_path):
    made = Workspace(tmp_path / "w", Settings())
    made.path.mkdir()
    layers.install_bundled(made)
    return made


def square(workspace, *, dx=0.0):
    centre = layers.read_boundary(workspace).representative_point()
    return shapely.box(centre.x + dx, centre.y, centre.x + dx + 100, centre.y + 100)


def draw(path, polygons, *, names=None):
    names = names or [f"n{i}" for i in range(len(polygons))]
    gpd.GeoDataFrame({"name": names}, geometry=polygons, crs="EPSG:5514").to_file(path, layer="l")
    return path


def bring(workspace, file):
    return layers.import_localities(workspace, file, name_column="name")


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
