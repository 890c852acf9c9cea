"""Where a town's own areas come from: stored without language, said in the one in force."""

import geopandas as gpd
import pyogrio
import pytest
from shapely.geometry import box

from hotspots import layers, schema
from hotspots.i18n import use_language
from hotspots.layers.own.areas import import_areas
from hotspots.layers.own.origin import say_origin
from hotspots.layers.reading import LAYERS_FILE, read_kept
from hotspots.layers.versions import put_in_force

DRAWN = {
    "cs": "zakreslilo město, soubor mapa.geojson",
    "en": "drawn by the town, file mapa.geojson",
}
EXAMPLE = {"cs": "příklad, nejde o skutečnou lokalitu", "en": "example, no real locality"}
NAME = {"cs": "Park (příklad)", "en": "Park (example)"}


@pytest.fixture
def workspace(new_town, tmp_path):
    return new_town(tmp_path / "w")


def draw(workspace):
    file = workspace.path / "mapa.geojson"
    square = box(-543_500, -1_050_800, -543_400, -1_050_700)
    gpd.GeoDataFrame({"n": ["Park"]}, geometry=[square], crs=5514).to_crs(4326).to_file(file)
    return file


def bring(workspace, *, kind, language, example):
    with use_language(language):
        brought = import_areas(
            workspace, draw(workspace), kind=kind, name_column="n", example=example
        )
    put_in_force(workspace, brought.frames, made_by=brought.made_by, keep_layers=True)


@pytest.mark.parametrize("kind", sorted(schema.OWN_KINDS))
@pytest.mark.parametrize("example", [False, True])
def test_nothing_of_a_language_is_stored(workspace, kind, example):
    bring(workspace, kind=kind, language="cs", example=example)
    stored = pyogrio.read_dataframe(workspace.layers / LAYERS_FILE, layer=kind)
    assert stored[schema.NAME].item() == "Park"
    assert stored[schema.LAYER_SOURCE].item() == ("example" if example else "drawn:mapa.geojson")
    kept = read_kept(workspace, kind)
    assert kept[schema.LAYER_SOURCE].tolist() == stored[schema.LAYER_SOURCE].tolist()
    for language in ("cs", "en"):
        with use_language(language):
            read = layers.read_areas(workspace, kind)
        assert read[schema.NAME].item() == (NAME[language] if example else "Park")
        assert read[schema.LAYER_SOURCE].item() == (EXAMPLE if example else DRAWN)[language]


@pytest.mark.parametrize("old", ["cs", "en"])
@pytest.mark.parametrize("now", ["cs", "en"])
def test_texts_of_older_versions_are_translated(old, now):
    kept = gpd.GeoDataFrame(
        {
            schema.NAME: [NAME[old], "Les (příklad)", "Les"],
            schema.LAYER_SOURCE: [EXAMPLE[old], DRAWN[old], "ČÚZK, 2025"],
        },
        geometry=[box(0, 0, 1, 1)] * 3,
    )
    before = kept.copy()
    with use_language(now):
        said = say_origin(kept)
    assert said[schema.NAME].tolist() == [NAME[now], "Les (příklad)", "Les"]
    assert said[schema.LAYER_SOURCE].tolist() == [EXAMPLE[now], DRAWN[now], "ČÚZK, 2025"]
    assert kept.equals(before)
