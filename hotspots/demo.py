"""The demonstration workspace: bundled layers, made-up incidents and one example locality."""

from pathlib import Path
from typing import Final

import geopandas as gpd
import numpy as np
import shapely

from hotspots import layers, schema
from hotspots.crs import EPSG
from hotspots.errors import ParameterError
from hotspots.i18n import _, use_language
from hotspots.ingest.importer import import_file
from hotspots.ingest.mapping import Mapping
from hotspots.layers.importing import ImportOptions, import_layers
from hotspots.sample import LOCALITY_RADIUS_M, SEED, write_sample
from hotspots.settings import Settings, Workspace
from hotspots.workspace_init import init_workspace

LOCALITY_NAME: Final = "Ukázková lokalita"


def make_demo_workspace(path: Path, *, seed: int = SEED) -> Workspace:
    """Make a workspace with bundled layers, made-up incidents and one example locality.

    The incidents go through the ordinary import, so their accounts stand in the store.

    Parameters
    ----------
    path
        A directory that does not exist yet or is empty.
    seed
        Same seed, same incidents.

    Returns
    -------
    workspace
        With ``settings.sample`` set, so that every page says what it shows.

    Raises
    ------
    ParameterError
        `path` holds something.
    """
    if path.exists() and (not path.is_dir() or any(path.iterdir())):
        raise ParameterError(
            _("{path} is not empty; sample incidents need a directory of their own").format(
                path=path
            )
        )
    settings = Settings(sample=True)
    with use_language(settings.language):
        workspace = init_workspace(path, settings=settings)
        _fill(workspace, seed=seed)
    return workspace


def _fill(workspace: Workspace, *, seed: int) -> None:
    locality = example_locality(workspace)
    directory = workspace.path / "sample"
    directory.mkdir()
    drawn = directory / "lokalita.geojson"
    gpd.GeoDataFrame({"nazev": [LOCALITY_NAME]}, geometry=[locality], crs=EPSG).to_crs(
        4326
    ).to_file(drawn, driver="GeoJSON")
    example = ImportOptions(as_kind=schema.LOCALITY, name_column="nazev", example=True)
    import_layers(workspace, [drawn], options=example)
    for file in write_sample(workspace, directory, locality=locality, seed=seed):
        import_file(workspace, file.data, mapping=Mapping.read(file.mapping))


def example_locality(workspace: Workspace) -> shapely.Polygon:
    """Return a round place inside the town as far from every street as there is.

    Nobody lives there; so the example names no real neighbourhood. EPSG:5514.
    """
    boundary = layers.read_boundary(workspace)
    axes = layers.read_axes(workspace, schema.STREET)
    if axes is None or axes.empty:
        return shapely.point_on_surface(boundary).buffer(LOCALITY_RADIUS_M, quad_segs=6)
    streets = shapely.unary_union(axes.geometry.to_numpy())
    step = 100.0
    west, south, east, north = boundary.bounds
    x, y = np.meshgrid(np.arange(west, east, step), np.arange(south, north, step))
    points = shapely.points(x.ravel(), y.ravel())
    points = points[shapely.contains(shapely.buffer(boundary, -2 * LOCALITY_RADIUS_M), points)]
    if not len(points):
        return shapely.point_on_surface(boundary).buffer(LOCALITY_RADIUS_M, quad_segs=6)
    farthest = points[int(np.argmax(shapely.distance(points, streets)))]
    return farthest.buffer(LOCALITY_RADIUS_M, quad_segs=6)
