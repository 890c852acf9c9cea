"""Localities brought in as a user does, for tests that need some."""

from pathlib import Path
from typing import Any

import geopandas as gpd

from hotspots import layers, schema
from hotspots.layers.importing import ImportOptions, import_layers
from hotspots.settings import Workspace


def bring_localities(workspace: Workspace, file: Path, **options: Any) -> gpd.GeoDataFrame:
    """Make the polygons of `file` the workspace's localities, and return them as read."""
    chosen = ImportOptions(as_kind=schema.LOCALITY, **options)
    import_layers(workspace, [file], options=chosen)
    return layers.read_areas(workspace, schema.LOCALITY)
