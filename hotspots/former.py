"""Areas as they were before the layers in force, for the incidents of their time."""

from dataclasses import dataclass
from datetime import date

import geopandas as gpd
from shapely.geometry.base import BaseGeometry


@dataclass(frozen=True)
class FormerAreas:
    """The areas by which the incidents of a time are placed.

    Attributes
    ----------
    version_id
        Version of the layers they belong to.
    until
        First day on which they are no longer used.
    areas
        Area frame of one kind, EPSG:5514; shared, not to be modified.
    boundary
        The study area of that time, EPSG:5514.
    since
        First day on which they are used; None: from the beginning.
    """

    version_id: int
    until: date
    areas: gpd.GeoDataFrame
    boundary: BaseGeometry
    since: date | None = None
