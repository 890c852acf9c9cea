"""Layers read from a user's file, ready to be put in force."""

from dataclasses import dataclass

import geopandas as gpd

from hotspots.layers.town_data import SourceFile


@dataclass(frozen=True)
class Brought:
    """What a file brings, checked but not yet in force.

    Attributes
    ----------
    frames
        GeoPackage layer → its frame (EPSG:5514); the other layers in force stay.
    made_by
        What made them, one of the constants of `hotspots.layers.version_records`.
    sources
        The files they come from.
    notes
        What was left out, changed or assumed, one sentence each, in the language in force.
    """

    frames: dict[str, gpd.GeoDataFrame]
    made_by: str
    sources: tuple[SourceFile, ...]
    notes: tuple[str, ...] = ()
