"""What a map draws beside the counted areas: axes, roads, boundary, landmarks, localities."""

from dataclasses import dataclass

import geopandas as gpd
from shapely.geometry.base import BaseGeometry

from hotspots import schema
from hotspots.errors import NotFoundError
from hotspots.layers.reading import read_areas, read_axes, read_boundary, read_places
from hotspots.settings import Workspace


@dataclass(frozen=True)
class MapLayers:
    """Layers of one map, all in EPSG:5514; None where there is none.

    Attributes
    ----------
    axes
        `area_id` and lines (or a point) along which the areas are drawn; None draws polygons.
    roads
        Lines drawn quietly for orientation.
    boundary
        The study area.
    places
        Landmarks: `name` and points.
    localities
        Area frame whose outlines can be switched on.
    """

    axes: gpd.GeoDataFrame | None = None
    roads: gpd.GeoDataFrame | None = None
    boundary: BaseGeometry | None = None
    places: gpd.GeoDataFrame | None = None
    localities: gpd.GeoDataFrame | None = None


def read_map_layers(workspace: Workspace, by: str) -> MapLayers:
    """Return the layers of a workspace for a map of areas of kind `by`.

    Raises
    ------
    NotFoundError
        The workspace has no layers.
    SourceError, SchemaError, CRSError
        They are damaged, as `layers.read_areas` says.
    """
    try:
        localities = read_areas(workspace, schema.LOCALITY) if by != schema.LOCALITY else None
    except NotFoundError:
        localities = None  # no town has localities before it draws them
    return MapLayers(
        axes=read_axes(workspace, by),
        roads=read_axes(workspace, schema.STREET),
        boundary=read_boundary(workspace),
        places=read_places(workspace),
        localities=localities,
    )
