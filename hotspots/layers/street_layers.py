"""The four street layers of a GeoPackage: made from axes, and made anew with other settings."""

from dataclasses import dataclass
from typing import Final

import geopandas as gpd
import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from hotspots import schema
from hotspots.layers.given_ids import all_segment_ids
from hotspots.layers.nearest import GRID_M
from hotspots.layers.official_areas import with_residents
from hotspots.layers.reading import (
    AXIS_LAYERS,
    read_areas,
    read_axes,
    read_boundary,
)
from hotspots.layers.streets import make_street_areas
from hotspots.layers.versions import REMADE, changing, put_in_force
from hotspots.settings import Settings, Workspace

# Zigzag of the polygons' shared edges taken off [m]: what the point spacing adds.
SMOOTH_M: Final = 0.25


@dataclass(frozen=True)
class StreetLayers:
    """The layers made from street axes.

    Attributes
    ----------
    layers
        `street`, `segment`, `street_axis` and `segment_axis`: EPSG:5514, coordinates rounded to
        1 cm, shared edges smoothed by at most 0.25 m and still shared.
    without_area
        `area_id` of streets that have an axis but got no polygon: all of it belongs to another
        street, has no length or lies outside the study area.
    """

    layers: dict[str, gpd.GeoDataFrame]
    without_area: tuple[str, ...] = ()


def make_street_layers(
    axes: gpd.GeoDataFrame,
    boundary: BaseGeometry,
    *,
    reach_m: float,
    segment_length_m: float,
    former: gpd.GeoDataFrame | None = None,
    given: frozenset[str] = frozenset(),
) -> StreetLayers:
    """Return the layers `street`, `segment`, `street_axis` and `segment_axis`.

    Parameters
    ----------
    axes, reach_m, segment_length_m, former, given
        As `make_street_areas`.
    boundary
        Study area (EPSG:5514), outside which nothing belongs to a street.

    Returns
    -------
    StreetLayers

    Raises
    ------
    CRSError, SchemaError, ParameterError
        As `make_street_areas`.
    """
    made = make_street_areas(
        axes,
        reach_m=reach_m,
        segment_length_m=segment_length_m,
        within=boundary,
        former=former,
        given=given,
    )
    segments = made.segments.copy()
    shapes = shapely.normalize(shapely.coverage_simplify(segments.geometry.array, SMOOTH_M))
    segments[schema.GEOMETRY] = shapes
    streets = made.streets.copy()
    owners = segments[schema.STREET_ID].to_numpy()
    streets[schema.GEOMETRY] = np.array(
        [
            shapely.normalize(shapely.coverage_union_all(shapes[owners == street]))
            for street in streets[schema.AREA_ID]
        ],
        dtype=object,
    )
    layers = {schema.STREET: streets, schema.SEGMENT: segments}
    for frame in layers.values():
        frame[schema.AREA_KM2] = np.round(frame.area.to_numpy() / 1e6, 6)
        frame[schema.LENGTH_M] = frame[schema.LENGTH_M].round(2)
    for kind, lines in ((schema.STREET, made.street_axes), (schema.SEGMENT, made.segment_axes)):
        rounded = lines.copy()
        rounded[schema.GEOMETRY] = shapely.set_precision(
            lines.geometry.array, GRID_M, mode="pointwise"
        )
        layers[AXIS_LAYERS[kind]] = rounded
    return StreetLayers(layers, made.without_area)


def remake_streets(workspace: Workspace) -> None:
    """Make the workspace's street layers anew from its axes, with the settings now in force.

    Needed after `street_reach_m` or `segment_length_m` has changed. Whole or not at all; a new
    version of the layers.

    Raises
    ------
    NotFoundError, SourceError, SchemaError, CRSError
        The workspace has no sound street layers to start from.
    """
    # Nobody else changes the layers between what is read here and what is put in force.
    with changing(workspace):
        streets = read_areas(workspace, schema.STREET)
        lines = read_axes(workspace, schema.STREET)
        if lines is None or streets.empty:
            return
        columns = [
            schema.AREA_ID,
            schema.NAME,
            schema.DERIVED,
            schema.PRECISION_M,
            schema.LAYER_SOURCE,
        ]
        made = make_street_layers(
            lines.merge(streets[columns], on=schema.AREA_ID, validate="one_to_one"),
            read_boundary(workspace),
            reach_m=workspace.settings.street_reach_m,
            segment_length_m=workspace.settings.segment_length_m,
            former=read_axes(workspace, schema.SEGMENT),
            given=all_segment_ids(workspace),
        )
        kept = with_residents(made.layers[schema.STREET], streets)
        frames = made.layers | {schema.STREET: kept}
        put_in_force(workspace, frames, made_by=REMADE, keep_layers=True, with_streets=True)


def has_default_streets(settings: Settings) -> bool:
    """Return whether bundled street polygons, made with default settings, fit `settings`."""
    usual = Settings()
    return (settings.street_reach_m, settings.segment_length_m) == (
        usual.street_reach_m,
        usual.segment_length_m,
    )
