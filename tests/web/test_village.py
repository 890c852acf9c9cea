"""A village without street names: its pages, maps, exports and commands work all the same."""

import json
import re

import geopandas as gpd
import pytest
from click.testing import CliRunner

from hotspots import layers, schema
from hotspots.cli import main
from hotspots.layers.versions import IMPORTED, put_in_force
from hotspots.workspace_init import init_workspace
from web import create_app

from .conftest import import_points

CREDIT = "ČÚZK, RÚIAN k 31. 10. 2026, CC BY 4.0"


def text_of(response):
    return response.get_data(as_text=True)


@pytest.fixture(scope="module")
def village(tmp_path_factory):
    """A workspace with districts and a town, an empty street layer, and three incidents."""
    workspace = init_workspace(tmp_path_factory.mktemp("village") / "w")
    frames = {}
    for kind in (schema.MUNICIPALITY, schema.DISTRICT, schema.STREET):
        areas = layers.read_areas(workspace, kind)
        areas[schema.LAYER_SOURCE] = CREDIT
        frames[kind] = areas
    frames[schema.STREET] = frames[schema.STREET].iloc[:0]
    axes = layers.read_axes(workspace, schema.STREET)
    frames["street_axis"] = gpd.GeoDataFrame(axes.iloc[:0])
    put_in_force(workspace, frames, made_by=IMPORTED, keep_layers=False)
    import_points(workspace, source="exact", label="Exact positions")
    return workspace


@pytest.fixture(scope="module")
def client(village):
    return create_app(village, testing=True, open_access=True).test_client()


def test_the_page_opens_with_districts_and_offers_no_streets(client):
    page = text_of(client.get("/?lang=en"))
    offered = re.findall(r'name="by" value="(\w+)"( checked)?', page)
    assert [kind for kind, _checked in offered] == ["district", "grid", "municipality"]
    assert [kind for kind, checked in offered if checked] == ["district"]
    assert "3 incidents · 3 in districts" in page
    assert f"Boundaries: {CREDIT}." in page


def test_streets_asked_for_by_address_are_not_found(client):
    for address in ("/?by=street&lang=en", "/?by=segment&lang=en", "/map?by=street&lang=en"):
        response = client.get(address)
        assert response.status_code == 404
        assert "choose from: district, municipality, grid" in text_of(response)


@pytest.mark.parametrize("kind", ["", "by=district", "by=grid", "by=municipality"])
def test_maps_and_exports_are_made_and_credited(client, kind):
    chart = text_of(client.get(f"/map?{kind}"))
    assert CREDIT in re.search(r'<p class="hs-credit">(.*?)</p>', chart)[1]
    exported = json.loads(client.get(f"/export.geojson?{kind}").data)
    assert sum(feature["properties"]["n_incidents"] for feature in exported["features"]) == 3
    assert CREDIT in exported["finding"]["boundaries"]
    assert client.get(f"/method?{kind}&lang=en").status_code == 200


def test_commands_count_by_district_unless_told_otherwise(village, tmp_path):
    def run(*args, code=0):
        result = CliRunner().invoke(main, [*args, "--workspace", str(village.path)])
        assert result.exit_code == code, result.output
        return result.output

    counted = json.loads(run("count", "--json"))
    assert counted["by"] == "district"
    assert counted["boundaries"] == [CREDIT]
    assert f"Boundaries: {CREDIT}" in run("count")
    told = run("map", "--out", str(tmp_path / "map.html"), "--json")
    assert json.loads(told)["boundaries"] == [CREDIT]
    assert CREDIT in (tmp_path / "map.html").read_text(encoding="utf-8")
    refusal = run("count", "--by", "street", code=1)
    assert "have no streets (street); choose from: district, municipality, grid" in refusal
