"""Incidents told by the district and the day only, so that counts by both stay as they are."""

from collections.abc import Sequence
from typing import Final, NamedTuple

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
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
        chosen = incidents.iloc[asked]
        found = _rows_of(chosen, kind, boundary)
        middles = _Middles(kind)
        told = chosen.assign(**{schema.X: np.nan, schema.Y: np.nan})
        points = [middles.of(int(row), int(by)) for row, by in found if row >= 0]
        inside = np.flatnonzero(found[:, 0] >= 0)
        told_x, told_y, reach = (np.full(len(asked), np.nan) for _k in range(3))
        if len(inside):
            told_x[inside], told_y[inside], reach[inside] = np.array(points).T
        told[schema.X], told[schema.Y] = told_x, told_y
        # An area of its time that is gone may lead the point of the present one elsewhere.
        again = _rows_of(told, kind, boundary)
        for at in np.flatnonzero(again[:, 0] != found[:, 0]).tolist():
            where = was[asked[at], 0], was[asked[at], 1]
            told_x[at], told_y[at], reach[at] = middles.of_then(int(found[at, 0]), *where)
        x[asked], y[asked], precision_m[asked] = told_x, told_y, reach
        method[asked[inside]] = kind.kind
        open_yet[asked[inside]] = False
    for name, values in ((schema.X, x), (schema.Y, y), (schema.PLACE_PRECISION_M, precision_m)):
        coarse[name] = values
    coarse[schema.PLACE_METHOD] = pd.Series(method, index=coarse.index, dtype="str")


def _rows_of(
    incidents: pd.DataFrame, kind: CoarseAreas, boundary: BaseGeometry
) -> npt.NDArray[np.int64]:
    """Return each incident's row of the areas in force, −1 for none, and what it is placed by."""
    found = locate_incidents(incidents, kind.areas, boundary=boundary, former=kind.former)
    rows = np.full((len(incidents), 2), -1, dtype=np.int64)
    rows[found.points, 0] = found.rows
    rows[found.where != IN_AREAS, 0] = -1
    rows[:, 1] = found.kept_by
    return rows


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

    def of_then(self, row: int, x: float, y: float) -> tuple[float, float, float]:
        """Return it for the part of an area that, like (x, y), lay in areas that are gone now."""
        shape = self._kind.areas.geometry.iloc[row]
        reach = self.of(row, IN_FORCE)[2]
        here = shapely.Point(x, y)
        part = shape
        for entry in self._kind.former:
            then = entry.areas.geometry[entry.areas.intersects(here)]
            if len(then):
                part = part.intersection(then.iloc[0])
        point = part.representative_point()
        return float(point.x), float(point.y), reach
