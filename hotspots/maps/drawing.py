"""The geometry of a map as its page receives it, the same for all questions about one town."""

from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from hotspots import crs, schema
from hotspots.maps.layers import MapLayers
from hotspots.maps.shapes import PER_DEGREE, Encoder, drawn_shapes


@dataclass(frozen=True)
class Drawing:
    """What a map draws whatever it counts.

    Attributes
    ----------
    shapes
        What stands for each area, in area order, EPSG:5514.
    geo
        The same and what is drawn beside it, fit for JSON: positions in whole 10⁻⁶ degree from
        `origin` (lon, lat). Not to be modified.
    """

    shapes: tuple[BaseGeometry, ...]
    geo: dict[str, Any]

    @classmethod
    def make(cls, areas: gpd.GeoDataFrame, layers: MapLayers) -> "Drawing":
        """Return the drawing of areas and of the layers beside them, all in EPSG:5514."""
        shapes = tuple(drawn_shapes(areas, layers))
        return cls(shapes, _encode(shapes, layers))


def _encode(shapes: tuple[BaseGeometry, ...], layers: MapLayers) -> dict[str, Any]:
    origin = _origin(shapes, layers)
    encoder = Encoder(origin)
    geo: dict[str, Any] = {
        "origin": origin,
        "perDegree": PER_DEGREE,
        "areas": [encoder.geometry(shape) for shape in shapes],
    }
    if layers.roads is not None:
        parts = shapely.get_parts(layers.roads.geometry.to_numpy())
        parts = parts[shapely.get_dimensions(parts) == 1]
        # Streets that are areas themselves are not sent a second time.
        drawn = set(shapely.to_wkb(shapely.get_parts(np.array(shapes, dtype=object))))
        keys = shapely.to_wkb(parts)
        lines = [part for part, key in zip(parts, keys, strict=True) if key not in drawn]
        geo["roads"] = encoder.geometry(shapely.MultiLineString(lines)) if lines else None
    if layers.boundary is not None:
        geo["boundary"] = encoder.geometry(layers.boundary)
    if layers.places is not None and len(layers.places):
        geo["places"] = [
            [str(name), *encoder.part(shapely.get_coordinates(shapely.centroid(point)))]
            for name, point in zip(layers.places[schema.NAME], layers.places.geometry, strict=True)
            if point is not None and not point.is_empty
        ]
    if layers.localities is not None and len(layers.localities):
        geo["localities"] = [
            [str(name), encoder.geometry(shape)]
            for name, shape in zip(
                layers.localities[schema.NAME], layers.localities.geometry, strict=True
            )
        ]
    return geo


def _origin(shapes: tuple[BaseGeometry, ...], layers: MapLayers) -> tuple[float, float]:
    """Return the south-west of all that is counted, else of the boundary, in whole 10⁻³ degree."""
    drawn = [shape for shape in shapes if not shape.is_empty]
    if not drawn and layers.boundary is not None:
        drawn = [layers.boundary]
    if not drawn:
        return 0.0, 0.0
    west, south, _east, _north = shapely.total_bounds(np.array(drawn, dtype=object))
    lon, lat = crs.to_wgs84(np.array([west]), np.array([south]))
    return round(float(lon[0]), 3), round(float(lat[0]), 3)
