"""Streets become areas: the part of the plane nearer to one street's axis than to any other."""

import math
from dataclasses import dataclass
from typing import Any, Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
from shapely.geometry import Point
from shapely.geometry.base import BaseGeometry

from hotspots import schema
from hotspots.crs import EPSG, require_5514
from hotspots.errors import ParameterError, SchemaError
from hotspots.i18n import _
from hotspots.layers.nearest import share_out
from hotspots.layers.network import Lines, crossing_points, street_parts, without_shared
from hotspots.layers.segment_ids import FormerSegments, name_segments, number_segments
from hotspots.layers.segments import Segment, cut_street
from hotspots.layers.tangles import check_streets

_LINEAR: Final = (1, 5)  # shapely type ids of LineString and MultiLineString
_POINT: Final = 0
_AXIS_COLUMNS: Final = (schema.AREA_ID, schema.NAME, schema.GEOMETRY)

_Shapes = npt.NDArray[np.object_]


@dataclass(frozen=True)
class StreetAreas:
    """Street and segment polygons that do not overlap, and the axes they were made from.

    Attributes
    ----------
    streets, segments
        Area frames of kind `street` and `segment` (the latter with `street_id` and
        `segment_number`), EPSG:5514, sorted by `area_id`. A street is the union of its segments.
    street_axes, segment_axes
        `area_id` and the lines (a point for a street known at one point), same order.
    without_area
        `area_id` of streets that got no polygon: all of their axis belongs to an earlier street,
        or has no length, or lies outside `within`.
    """

    streets: gpd.GeoDataFrame
    segments: gpd.GeoDataFrame
    street_axes: gpd.GeoDataFrame
    segment_axes: gpd.GeoDataFrame
    without_area: tuple[str, ...] = ()


def make_street_areas(
    axes: gpd.GeoDataFrame,
    *,
    reach_m: float = 30.0,
    segment_length_m: float = 150.0,
    within: BaseGeometry | None = None,
    former: gpd.GeoDataFrame | None = None,
    given: frozenset[str] = frozenset(),
) -> StreetAreas:
    """Return the polygons nearer to one street's axis than to any other and within reach of it.

    The plane is shared out by a Voronoi diagram of points 1 m apart on the axes (none on a
    crossing), whose cells are joined by segment and cut off at `reach_m`; coordinates are rounded
    to 1 cm, and neighbours share every vertex of their common edge. Streets are cut into segments
    at crossings with other streets and with themselves, and into equal parts of at most
    `segment_length_m`; leftovers under a tenth of that join a neighbour. Where two streets share
    a stretch of axis, it belongs to the one that comes first by `area_id`. The result does not
    depend on the order of rows.

    Parameters
    ----------
    axes
        n streets with `area_id` (unique), `name` and a geometry in EPSG:5514: LineString,
        MultiLineString, or Point for a street known at one point only. Optional columns
        `precision_m`, `layer_source` and `derived` (True where absent: guessed, not official) are
        carried over. Not modified.
    reach_m
        How far a street reaches from its axis [m], above zero.
    segment_length_m
        Longest segment [m], above zero.
    within
        Polygon (EPSG:5514) outside which nothing belongs to a street.
    former
        Axes of the segments of an earlier version: `area_id` and geometry, EPSG:5514. A segment
        that is still the same stretch keeps its id (see `name_segments`). Not modified.
    given
        Ids of segments of all versions: another stretch gets none of them.

    Returns
    -------
    StreetAreas
        `length_m` is the length of the axis that is the street's own; NaN for a point, since an
        unknown length is not zero. `area_km2` is that of the polygon.

    Raises
    ------
    CRSError
        `axes` or `former` is not in EPSG:5514.
    SchemaError
        A column is missing, an `area_id` occurs twice, a geometry is neither line nor point, or
        lines cross too often to be streets (see `check_streets`).
    ParameterError
        `reach_m` or `segment_length_m` is not a positive number.

    Notes
    -----
    The polygons say which axis is nearest, not which parcels belong to a street: a house on a
    corner can be nearer to the street it does not face.

    References
    ----------
    Okabe, Boots, Sugihara & Chiu (2000), Spatial Tessellations, 2nd ed., ch. 3.5 (line Voronoi
    diagrams approximated by points), doi:10.1002/9780470317013
    """
    for name, value in (("reach_m", reach_m), ("segment_length_m", segment_length_m)):
        if not (math.isfinite(value) and value > 0):
            raise ParameterError(
                _("{name} must be a number of metres above zero, got {value}").format(
                    name=name, value=value
                )
            )
    _check_axes(axes)
    earlier = FormerSegments(former)
    ordered = axes.sort_values(schema.AREA_ID, ignore_index=True)
    shapes: _Shapes = shapely.force_2d(np.asarray(ordered.geometry.array, dtype=object))
    check_streets([str(name) for name in ordered[schema.NAME]], list(shapes))
    pointlike = shapely.get_type_id(shapes) == _POINT
    parts: list[Lines] = without_shared(
        [[] if dot else street_parts(s) for s, dot in zip(shapes, pointlike, strict=True)]
    )
    crossings = crossing_points(parts)
    cuts: list[list[Segment]] = [
        [Segment(shape, ())]
        if dot
        else cut_street(
            lines, at, segment_length_m=segment_length_m, former=earlier.of(str(street))[1]
        )
        for street, shape, dot, lines, at in zip(
            ordered[schema.AREA_ID], shapes, pointlike, parts, crossings, strict=True
        )
    ]
    owner = np.array([i for i, cut in enumerate(cuts) for _segment in cut], dtype=np.int64)
    flat = [segment for cut in cuts for segment in cut]
    reach = shapely.union_all(shapely.buffer([segment.line for segment in flat], reach_m))
    if within is not None:
        reach = shapely.intersection(reach, within)
    polygons = share_out(reach, flat, reach_m=reach_m)
    keep = shapely.area(polygons) > 0
    lines = np.array([segment.line for segment in flat] or [], dtype=object)
    return _frames(ordered, owner[keep], polygons[keep], lines[keep], earlier, given)


def _check_axes(axes: gpd.GeoDataFrame) -> None:
    missing = [name for name in _AXIS_COLUMNS if name not in axes.columns]
    if missing:
        raise SchemaError(
            _("street axes lack the columns {names}").format(names=", ".join(missing))
        )
    require_5514(axes.crs, what=_("the layer of street axes"))
    ids = axes[schema.AREA_ID]
    twice = ids[ids.duplicated()].drop_duplicates()
    if len(twice):
        raise SchemaError(
            _("street axes hold these area_id more than once: {names}; join their lines").format(
                names=", ".join(str(name) for name in twice.iloc[:5])
            )
        )
    kinds = shapely.get_type_id(np.asarray(axes.geometry.array, dtype=object))
    odd = ids[~np.isin(kinds, (_POINT, *_LINEAR)) | axes.geometry.is_empty.to_numpy()]
    if len(odd):
        raise SchemaError(
            _("street axes must be lines or single points; these are neither: {names}").format(
                names=", ".join(str(name) for name in odd.iloc[:5])
            )
        )


def _frames(
    ordered: gpd.GeoDataFrame,
    owner: npt.NDArray[np.int64],
    polygons: _Shapes,
    lines: _Shapes,
    former: FormerSegments,
    given: frozenset[str],
) -> StreetAreas:
    street_ids = ordered[schema.AREA_ID].astype(str).to_numpy(dtype=object)
    segment_ids = name_segments(street_ids[owner], lines, former, given=given)
    segments = _area_frame(ordered, owner, segment_ids, schema.SEGMENT, polygons, lines)
    segments.insert(
        len(segments.columns) - 1, schema.STREET_ID, pd.array(street_ids[owner], dtype="str")
    )
    segments.insert(
        len(segments.columns) - 1, schema.SEGMENT_NUMBER, number_segments(street_ids[owner])
    )
    present = np.unique(owner)
    whole = np.empty(len(present), dtype=object)
    axes = np.empty(len(present), dtype=object)
    for k, o in enumerate(present):
        own = owner == o
        whole[k] = shapely.coverage_union_all(polygons[own])
        axes[k] = lines[own][0] if own.sum() == 1 else shapely.union_all(lines[own])
        if not isinstance(axes[k], Point):
            axes[k] = shapely.line_merge(axes[k])
    streets = _area_frame(ordered, present, street_ids[present], schema.STREET, whole, axes)
    return StreetAreas(
        streets.sort_values(schema.AREA_ID, ignore_index=True),
        segments.sort_values(schema.AREA_ID, ignore_index=True),
        _axis_frame(street_ids[present], axes),
        _axis_frame(segment_ids, lines),
        tuple(str(street_ids[i]) for i in np.setdiff1d(np.arange(len(street_ids)), present)),
    )


def _axis_frame(ids: Any, lines: _Shapes) -> gpd.GeoDataFrame:
    frame = gpd.GeoDataFrame({schema.AREA_ID: pd.array(ids, dtype="str")}, geometry=lines, crs=EPSG)
    return frame.sort_values(schema.AREA_ID, ignore_index=True)


def _area_frame(
    ordered: gpd.GeoDataFrame,
    owner: npt.NDArray[np.int64],
    ids: Any,
    kind: str,
    polygons: _Shapes,
    lines: _Shapes,
) -> gpd.GeoDataFrame:
    n = len(owner)
    length = shapely.length(lines)
    length[shapely.get_type_id(lines) == _POINT] = np.nan
    taken = ordered.iloc[owner]

    def carried(column: str, missing: Any) -> Any:
        return taken[column].to_numpy() if column in taken else np.full(n, missing)

    return gpd.GeoDataFrame(
        {
            schema.AREA_ID: pd.array(ids, dtype="str"),
            schema.NAME: pd.array(taken[schema.NAME].to_numpy(), dtype="str"),
            schema.KIND: pd.array([kind] * n, dtype="str"),
            schema.RESIDENTS: np.full(n, np.nan),
            schema.RESIDENTS_YEAR: np.full(n, np.nan),
            schema.AREA_KM2: shapely.area(polygons) / 1e6,
            schema.LENGTH_M: length,
            schema.DERIVED: np.asarray(carried(schema.DERIVED, True), dtype=bool),
            schema.PRECISION_M: np.asarray(carried(schema.PRECISION_M, np.nan), dtype=np.float64),
            schema.LAYER_SOURCE: pd.array(carried(schema.LAYER_SOURCE, ""), dtype="str"),
        },
        geometry=polygons,
        crs=EPSG,
    )
