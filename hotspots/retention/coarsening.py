"""Incidents told by the district and the day only, so that counts by both stay as they are."""

from collections.abc import Sequence
from typing import Final, NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd
from shapely.geometry.base import BaseGeometry

from hotspots import layers, schema
from hotspots.former import FormerAreas
from hotspots.geocode.gazetteer import farthest_m
from hotspots.placement import IN_AREAS, IN_FORCE, locate_incidents
from hotspots.settings import Workspace

# Kinds of areas by which old incidents are told, the finer first; each is a method of its own.
TOLD_BY: Final = (schema.DISTRICT, schema.TOWN_PART)
_TEXTS: Final = (schema.NOTE, schema.PLACE_TEXT, schema.OFFENCE_DETAIL)
_DAY: Final = "datetime64[D]"
_LAST_MINUTE: Final = np.timedelta64(23 * 60 + 59, "m")
_WITH_DAY: Final = ("minute", "hour", "day", "span")


class CoarseAreas(NamedTuple):
    """Areas of one kind by which incidents are told, with those of earlier times."""

    kind: str
    areas: gpd.GeoDataFrame
    former: Sequence[FormerAreas] = ()


def read_coarse_areas(workspace: Workspace) -> list[CoarseAreas]:
    """Return the areas by which old incidents are told, those kinds that the layers have."""
    present = layers.present_kinds(workspace)
    return [
        CoarseAreas(kind, layers.read_areas(workspace, kind), layers.read_former(workspace, kind))
        for kind in TOLD_BY
        if kind in present
    ]


def coarsen_incidents(
    incidents: pd.DataFrame, kinds: Sequence[CoarseAreas], *, boundary: BaseGeometry
) -> pd.DataFrame:
    """Return incidents told by the district and the day only.

    Notes, descriptions of places and the source's own words are empty. The position is a point of
    the district in which the incident counts, the same for all of a district; where its place is
    known too coarsely for that, of its town part; else there is none. Times become whole days.
    Group, source, reference, outcome and month stay, so counts by district, month and group do
    not change.

    Parameters
    ----------
    incidents
        `schema.INCIDENT_COLUMNS`, positions in EPSG:5514 [m]. Not modified.
    kinds
        Areas by which they are told, the finest first.
    boundary
        The study area in EPSG:5514.

    Returns
    -------
    coarse
        On the same index. Told coarsely again, it stays the same.
    """
    coarse = incidents.copy()
    for name in _TEXTS:
        coarse[name] = pd.Series([""] * len(coarse), index=coarse.index, dtype="str")
    _coarsen_times(coarse)
    _coarsen_places(coarse, incidents, kinds, boundary)
    return coarse


def _coarsen_times(coarse: pd.DataFrame) -> None:
    start = coarse[schema.OCCURRED_FROM].to_numpy(dtype="datetime64[s]")
    end = coarse[schema.OCCURRED_TO].to_numpy(dtype="datetime64[s]")
    end = np.where(np.isnat(end), start, end)
    first, last = start.astype(_DAY), end.astype(_DAY)
    coarse[schema.OCCURRED_FROM] = first.astype("datetime64[s]")
    coarse[schema.OCCURRED_TO] = last.astype("datetime64[s]") + _LAST_MINUTE
    reported = coarse[schema.REPORTED_AT].to_numpy(dtype="datetime64[s]")
    coarse[schema.REPORTED_AT] = reported.astype(_DAY).astype("datetime64[s]")
    precision = coarse[schema.TIME_PRECISION].to_numpy(dtype=object, copy=True)
    timed = np.isin(precision.astype(str), _WITH_DAY)
    precision[timed] = "day"
    precision[timed & (last > first)] = "span"
    coarse[schema.TIME_PRECISION] = pd.Series(precision, index=coarse.index, dtype="str")


def _coarsen_places(
    coarse: pd.DataFrame,
    incidents: pd.DataFrame,
    kinds: Sequence[CoarseAreas],
    boundary: BaseGeometry,
) -> None:
    n = len(incidents)
    was = incidents[[schema.X, schema.Y]].to_numpy(dtype=np.float64)
    off = incidents[schema.PLACE_PRECISION_M].to_numpy(dtype=np.float64)
    methods = incidents[schema.PLACE_METHOD].to_numpy(dtype=object)
    placed = np.isfinite(was).all(axis=1)
    x, y, precision_m = (np.full(n, np.nan) for _k in range(3))
    method = np.full(n, "none", dtype=object)
    # What a file or a person already tells by its district stays there.
    stays = placed & np.isin(methods.astype(str), TOLD_BY)
    x[stays], y[stays], precision_m[stays] = was[stays, 0], was[stays, 1], off[stays]
    method[stays] = methods[stays]
    open_yet = placed & ~stays
    for kind in kinds:
        asked = np.flatnonzero(open_yet)
        if not len(asked):
            break
        found = locate_incidents(
            incidents.iloc[asked], kind.areas, boundary=boundary, former=kind.former
        )
        middles = _Middles(kind)
        for point, row in zip(found.points.tolist(), found.rows.tolist(), strict=True):
            if found.where[point] != IN_AREAS:
                continue
            at = asked[point]
            x[at], y[at], precision_m[at] = middles.of(row, int(found.kept_by[point]))
            method[at] = kind.kind
            open_yet[at] = False
    for name, values in ((schema.X, x), (schema.Y, y), (schema.PLACE_PRECISION_M, precision_m)):
        coarse[name] = values
    coarse[schema.PLACE_METHOD] = pd.Series(method, index=coarse.index, dtype="str")


class _Middles:
    """A point inside each area, and how far the area reaches from it [m]."""

    def __init__(self, kind: CoarseAreas) -> None:
        self._kind = kind
        self._known: dict[tuple[int, int], tuple[float, float, float]] = {}

    def of(self, row: int, kept_by: int) -> tuple[float, float, float]:
        """Return it for an area in force, or as the area was in a former time."""
        key = row, kept_by
        if key not in self._known:
            areas = self._kind.areas
            shape = areas.geometry.iloc[row]
            if kept_by != IN_FORCE:
                then = self._kind.former[kept_by].areas
                name = str(areas[schema.AREA_ID].iloc[row])
                at = int(np.flatnonzero(then[schema.AREA_ID].astype(str) == name)[0])
                shape = then.geometry.iloc[at]
            point = shape.representative_point()
            x, y = float(point.x), float(point.y)
            self._known[key] = x, y, round(max(farthest_m(shape, x, y), 10.0), 1)
        return self._known[key]
