"""Where localities come from is stored without language, and said in the language in force."""

import geopandas as gpd
import pyogrio
import pytest
from shapely.geometry import box

from hotspots import layers, schema
from hotspots.i18n import use_language
from hotspots.layers.origin import say_origin
from hotspots.layers.reading import LAYERS_FILE
from hotspots.workspace_init import init_workspace

DRAWN = {
    "cs": "zakreslilo město, soubor mapa.geojson",
    "en": "drawn by the town, file mapa.geojson",
}
EXAMPLE = {"cs": "příklad, nejde o skutečnou lokalitu", "en": "example, no real locality"}
NAME = {"cs": "Park (příklad)", "en": "Park (example)"}


@pytest.fixture
def workspace(tmp_path):
    return init_workspace(tmp_path / "w")


def bring(workspace, *, language, example):
    file = workspace.path / "mapa.geojson"
    square = box(-543_500, -1_050_800, -543_400, -1_050_700)
    gpd.GeoDataFrame({"n": ["Park"]}, geometry=[square], crs=5514).to_crs(4326).to_file(file)
    with use_language(language):
        return layers.import_localities(workspace, file, name_column="n", example=example)


@pytest.mark.parametrize("example", [False, True])
@pytest.mark.parametrize("stored_in", ["cs", "en"])
def test_nothing_of_a_language_is_stored(workspace, stored_in, example):
    made = bring(workspace, language=stored_in, example=example)
    stored = pyogrio.read_dataframe(workspace.layers / LAYERS_FILE, layer=schema.LOCALITY)
    assert stored[schema.NAME].item() == "Park"
    assert stored[schema.LAYER_SOURCE].item() == ("example" if example else "drawn:mapa.geojson")
    for language in ("cs", "en"):
        with use_language(language):
            read = layers.read_areas(workspace, schema.LOCALITY)
        assert read[schema.NAME].item() == (NAME[language] if example else "Park")
        assert read[schema.LAYER_SOURCE].item() == (EXAMPLE if example else DRAWN)[language]
    assert made[schema.NAME].item() == (NAME[stored_in] if example else "Park")


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
