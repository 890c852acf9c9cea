"""Map files beyond the limits are refused before they are read into memory."""

import json

import pytest

from hotspots.errors import SourceError
from hotspots.layers.own.layer_files import COLUMNS_LIMIT, read_layer

SQUARE = [[17.20, 50.22], [17.21, 50.22], [17.21, 50.23], [17.20, 50.22]]


def wide(path, n):
    feature = {
        "type": "Feature",
        "properties": {f"c{k}": k for k in range(n)},
        "geometry": {"type": "Polygon", "coordinates": [SQUARE]},
    }
    path.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}))
    return path


def test_a_table_too_wide_for_memory_is_refused(tmp_path):
    file = wide(tmp_path / "wide.geojson", 20_000)
    with pytest.raises(SourceError, match=r"wide\.geojson has 20,000 columns, more than 1,000; ex"):
        read_layer(file)


def test_the_widest_table_that_is_read(tmp_path):
    features, _source = read_layer(wide(tmp_path / "wide.geojson", COLUMNS_LIMIT))
    assert len(features.columns) == COLUMNS_LIMIT + 1
    with pytest.raises(SourceError, match="columns"):
        read_layer(wide(tmp_path / "wider.geojson", COLUMNS_LIMIT + 1))
