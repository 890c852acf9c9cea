"""The repairs one by one: each takes a layer and gives it mended, with what it changes."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry.base import BaseGeometry

from hotspots import schema
from hotspots.i18n import _, format_number, ngettext
from hotspots.layers.checks.border_repair import MOVE_M, mend_borders
from hotspots.layers.checks.coordinate_forms import RIGHT, place_frame, tell_forms
from hotspots.layers.checks.coverage_faults import (
    Shapes,
    find_alike,
    find_gaps,
    find_outside,
    find_overlaps,
)
from hotspots.layers.checks.polygon_rules import POLYGONAL
from hotspots.layers.checks.problems import (
    BORDERS,
    COORDINATES,
    COVERING_KINDS,
    DUPLICATES,
    FLATTEN,
    MEASURES,
    PARTS,
    VALID,
    area_labels,
    area_text,
    enumerate_few,
    texts_of,
)
from hotspots.layers.checks.table_rules import differing_areas
from hotspots.layers.labels import layer_label
from hotspots.layers.mending import read_invalid
from hotspots.layers.tangles import MAX_SELF_CROSSINGS, is_tangled

# Two ways to read an invalid polygon that differ by more leave its border to a person.
AMBIGUOUS_M2: Final = 1.0
_SHOWN: Final = 5

_Labels = npt.NDArray[np.object_]
_Rows = npt.NDArray[np.int64]
_Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class AreaChange:
    """What a repair gives to an area and takes from it [m²]."""

    name: str
    gained_m2: float
    lost_m2: float


@dataclass(frozen=True)
class PlannedRepair:
    """One repair of one layer.

    Attributes
    ----------
    code
        One of `problems.REPAIRS`.
    layer
        GeoPackage layer.
    areas
        Names of all areas it changes; ids where names do not tell them apart.
    text
        What exactly it changes, or why it cannot be made safely, in the language in force.
    changes
        Areas that become larger or smaller, in the order of the layer.
    largest_m
        How far a border moves at most [m].
    refused
        It is not safe, `text` says why: nothing will be done.
    """

    code: str
    layer: str
    areas: tuple[str, ...]
    text: str
    changes: tuple[AreaChange, ...] = ()
    largest_m: float = 0.0
    refused: bool = False


# A frame as it was or is after a repair, and what was planned.
Step = tuple[gpd.GeoDataFrame, list[PlannedRepair]]


def _turn(frame: gpd.GeoDataFrame, layer: str, boundary: BaseGeometry | None) -> Step:
    against = None if layer == schema.MUNICIPALITY else boundary
    placed = place_frame(frame, layer, against)
    if placed.frame is None or not placed.problems:
        return frame, []
    turned = tell_forms(frame.geometry) != RIGHT
    n = int(turned.sum()) or len(frame)
    labels = area_labels(frame)[turned] if turned.any() else area_labels(frame)
    text = ngettext(
        "{layer}: the coordinates of {n} feature are written in EPSG:5514; no shape changes",
        "{layer}: the coordinates of {n} features are written in EPSG:5514; no shape changes",
        n,
    ).format(layer=layer_label(layer), n=format_number(n))
    return placed.frame, [PlannedRepair(COORDINATES, layer, _names(labels), text)]


def _flatten(frame: gpd.GeoDataFrame, layer: str, _boundary: BaseGeometry | None) -> Step:
    shapes = _shapes(frame)
    high = np.asarray(shapely.has_z(shapes), dtype=bool)
    if not high.any():
        return frame, []
    labels = area_labels(frame)[high]
    text = ngettext(
        "{layer}: the heights of {n} polygon are left out, 0 m² change: {names}",
        "{layer}: the heights of {n} polygons are left out, 0 m² change: {names}",
        len(labels),
    ).format(layer=layer_label(layer), n=format_number(len(labels)), names=enumerate_few(labels))
    flat = _with_shapes(frame, np.asarray(shapely.force_2d(shapes), dtype=object))
    return flat, [PlannedRepair(FLATTEN, layer, _names(labels), text)]


def _drop_parts(frame: gpd.GeoDataFrame, layer: str, _boundary: BaseGeometry | None) -> Step:
    shapes = _shapes(frame).copy()
    parts, rows = shapely.get_parts(shapes, return_index=True)
    hollow = np.unique(rows[shapely.is_empty(parts)])
    hollow = hollow[~shapely.is_empty(shapes[hollow])]
    if not len(hollow):
        return frame, []
    for row in hollow:
        own = parts[rows == row]
        shapes[row] = shapely.multipolygons(own[~shapely.is_empty(own)])
    labels = area_labels(frame)[hollow]
    text = ngettext(
        "{layer}: the empty parts of {n} polygon are left out, 0 m² change: {names}",
        "{layer}: the empty parts of {n} polygons are left out, 0 m² change: {names}",
        len(labels),
    ).format(layer=layer_label(layer), n=format_number(len(labels)), names=enumerate_few(labels))
    return _with_shapes(frame, shapes), [PlannedRepair(PARTS, layer, _names(labels), text)]


def _make_valid(frame: gpd.GeoDataFrame, layer: str, _boundary: BaseGeometry | None) -> Step:
    shapes = _shapes(frame)
    looked_at = np.isin(shapely.get_type_id(shapes), POLYGONAL)
    looked_at &= np.isfinite(shapely.bounds(shapes)).all(axis=1)
    rows = np.flatnonzero(looked_at & ~shapely.is_valid(shapes))
    if not len(rows):
        return frame, []
    tangled = np.array([is_tangled(shape) for shape in shapes[rows]])
    left = [
        _refused(
            VALID,
            layer,
            (str(name),),
            _(
                "{layer}: {name} is not mended, since its border crosses itself more than {n} "
                "times; draw it anew in QGIS"
            ).format(layer=layer_label(layer), name=name, n=format_number(MAX_SELF_CROSSINGS)),
        )
        for name in area_labels(frame)[rows[tangled]]
    ]
    rows = rows[~tangled]
    if not len(rows):
        return frame, left
    read = read_invalid(shapes[rows])
    lines, rings = read.by_lines, read.by_rings
    apart = shapely.area(shapely.symmetric_difference(lines, rings))
    safe = (apart <= AMBIGUOUS_M2) & (shapely.area(lines) > 0)
    labels = area_labels(frame)[rows]
    before, after = shapely.area(shapes[rows]), shapely.area(lines)
    new = shapes.copy()
    new[rows[safe]] = lines[safe]
    plans = []
    if safe.any():
        changes = _changes(
            labels[safe],
            np.maximum(after - before, 0.0)[safe],
            np.maximum(before - after, 0.0)[safe],
        )
        plans.append(
            PlannedRepair(
                VALID,
                layer,
                _names(labels[safe]),
                _say_changes(
                    ngettext(
                        "{layer}: {n} invalid polygon is made valid along the lines it has, "
                        "{total} change: {changes}",
                        "{layer}: {n} invalid polygons are made valid along the lines they have, "
                        "{total} change: {changes}",
                        int(safe.sum()),
                    ),
                    layer,
                    changes,
                ),
                changes,
            )
        )
    plans += [
        _refused(
            VALID,
            layer,
            (str(name),),
            _(
                "{layer}: {name} is not mended, since its lines can be read in two ways that "
                "differ by {by}; draw it anew in QGIS"
            ).format(layer=layer_label(layer), name=name, by=area_text(float(by))),
        )
        for name, by in zip(labels[~safe], apart[~safe], strict=True)
    ]
    return _remeasured(_with_shapes(frame, new), rows[safe]), [*plans, *left]


def _drop_duplicates(frame: gpd.GeoDataFrame, layer: str, _boundary: BaseGeometry | None) -> Step:
    ids, names = texts_of(frame, schema.AREA_ID), texts_of(frame, schema.NAME)
    others = frame.drop(columns=frame.geometry.name).astype(object)
    labels = area_labels(frame)
    dropped: list[int] = []
    plans: list[PlannedRepair] = []
    twice = [
        rows
        for rows in find_alike(_shapes(frame))
        if len(set(ids[rows])) == 1 and len(set(names[rows])) == 1
    ]
    for rows in twice:
        if len(others.iloc[rows].drop_duplicates()) == 1:
            dropped += [int(row) for row in rows[1:]]
            continue
        text = _(
            "{layer}: of {name}, drawn more than once, none is left out, since the columns differ; "
            "delete the wrong one in QGIS"
        ).format(layer=layer_label(layer), name=labels[rows[0]])
        plans.append(_refused(DUPLICATES, layer, (str(labels[rows[0]]),), text))
    if dropped:
        text = ngettext(
            "{layer}: {n} row that repeats another in everything is left out, 0 m² change: {names}",
            "{layer}: {n} rows that repeat others in everything are left out, 0 m² change: {names}",
            len(dropped),
        ).format(
            layer=layer_label(layer),
            n=format_number(len(dropped)),
            names=enumerate_few(labels[dropped]),
        )
        plans.insert(0, PlannedRepair(DUPLICATES, layer, _names(labels[dropped]), text))
    kept = np.setdiff1d(np.arange(len(frame)), dropped)
    return frame.iloc[kept].reset_index(drop=True), plans


def _mend_borders(frame: gpd.GeoDataFrame, layer: str, boundary: BaseGeometry | None) -> Step:
    shapes = _shapes(frame)
    if layer not in COVERING_KINDS or boundary is None or not len(shapes):
        return frame, []
    labels = area_labels(frame)
    if not (np.isin(shapely.get_type_id(shapes), POLYGONAL) & shapely.is_valid(shapes)).all():
        text = _("{layer}: borders are not mended before every area has a valid polygon")
        return frame, [_refused(BORDERS, layer, (), text.format(layer=layer_label(layer)))]
    overlaps = find_overlaps(shapes)
    strips = (~overlaps.wide).any() or any(
        (~found.wide).any()
        for found in (find_gaps(shapes, boundary), find_outside(shapes, boundary))
    )
    if not strips:
        return frame, []
    if overlaps.wide.any():
        first = int(np.argmax(np.where(overlaps.wide, overlaps.area_m2, -1.0)))
        names = (str(labels[overlaps.first[first]]), str(labels[overlaps.second[first]]))
        text = _(
            "{layer}: borders are not mended while areas overlap by more than a strip of 1 m, as "
            "{one} and {other} do; cut one of them in QGIS first"
        ).format(layer=layer_label(layer), one=names[0], other=names[1])
        return frame, [_refused(BORDERS, layer, names, text)]
    mended = mend_borders(shapes, boundary)
    rows = np.flatnonzero((mended.gained_m2 > 0) | (mended.lost_m2 > 0))
    farthest = float(mended.moved_m.max(initial=0.0))
    if not mended.is_safe:
        worst = str(labels[int(np.argmax(mended.moved_m))])
        text = _(
            "{layer}: borders are not mended, since that would move the border of {name} by "
            "{moved} m, and {limit} m is the most; mend it in QGIS with snapping on"
        ).format(
            layer=layer_label(layer),
            name=worst,
            moved=format_number(farthest, digits=2),
            limit=format_number(MOVE_M, digits=2),
        )
        return frame, [_refused(BORDERS, layer, (worst,), text)]
    changes = _changes(labels[rows], mended.gained_m2[rows], mended.lost_m2[rows])
    text = _say_changes(
        ngettext(
            "{layer}: borders drawn twice are made one, {n} area and {total} change, no border "
            "moves by more than {moved} m: {changes}",
            "{layer}: borders drawn twice are made one, {n} areas and {total} change, no "
            "border moves by more than {moved} m: {changes}",
            len(rows),
        ),
        layer,
        changes,
        moved=format_number(farthest, digits=2),
    )
    plan = PlannedRepair(BORDERS, layer, _names(labels[rows]), text, changes, farthest)
    return _remeasured(_with_shapes(frame, mended.shapes), rows), [plan]


def _measure(frame: gpd.GeoDataFrame, layer: str, _boundary: BaseGeometry | None) -> Step:
    rows = np.flatnonzero(differing_areas(frame))
    if not len(rows):
        return frame, []
    labels = area_labels(frame)[rows]
    text = ngettext(
        "{layer}: area_km2 of {n} area is measured anew, no shape changes: {names}",
        "{layer}: area_km2 of {n} areas is measured anew, no shape changes: {names}",
        len(rows),
    ).format(layer=layer_label(layer), n=format_number(len(rows)), names=enumerate_few(labels))
    return _remeasured(frame, rows), [PlannedRepair(MEASURES, layer, _names(labels), text)]


# Code → its step; they are made in the order of `problems.REPAIRS`.
STEPS: Final[dict[str, Callable[[gpd.GeoDataFrame, str, BaseGeometry | None], Step]]] = {
    COORDINATES: _turn,
    FLATTEN: _flatten,
    PARTS: _drop_parts,
    VALID: _make_valid,
    DUPLICATES: _drop_duplicates,
    BORDERS: _mend_borders,
    MEASURES: _measure,
}


def _shapes(frame: gpd.GeoDataFrame) -> Shapes:
    return np.asarray(frame.geometry.array, dtype=object)


def _with_shapes(frame: gpd.GeoDataFrame, shapes: Shapes) -> gpd.GeoDataFrame:
    return frame.set_geometry(gpd.GeoSeries(shapes, index=frame.index, crs=frame.crs))


def _remeasured(frame: gpd.GeoDataFrame, rows: _Rows) -> gpd.GeoDataFrame:
    """Return a frame whose `area_km2` in `rows` is that of the polygons."""
    if schema.AREA_KM2 not in frame.columns or not len(rows):
        return frame
    measured = frame.copy()
    values = measured[schema.AREA_KM2].to_numpy(dtype=np.float64, copy=True)
    values[rows] = np.round(shapely.area(_shapes(frame)[rows]) / 1e6, 6)
    measured[schema.AREA_KM2] = values
    return measured


def _changes(labels: _Labels, gained: _Floats, lost: _Floats) -> tuple[AreaChange, ...]:
    return tuple(
        AreaChange(str(name), float(more), float(less))
        for name, more, less in zip(labels, gained, lost, strict=True)
    )


def _say_changes(text: str, layer: str, changes: tuple[AreaChange, ...], **values: str) -> str:
    """Fill in a text with n, total and each area's m²; ground that changes hands counts once."""
    listed = [f"{c.name} +{area_text(c.gained_m2)} −{area_text(c.lost_m2)}" for c in changes]
    gained, lost = sum(c.gained_m2 for c in changes), sum(c.lost_m2 for c in changes)
    return text.format(
        layer=layer_label(layer),
        n=format_number(len(changes)),
        total=area_text(max(gained, lost)),
        changes="; ".join(listed[:_SHOWN]) + ("; …" if len(listed) > _SHOWN else ""),
        **values,
    )


def _names(labels: Iterable[object]) -> tuple[str, ...]:
    return tuple(str(name) for name in labels)


def _refused(code: str, layer: str, areas: tuple[str, ...], text: str) -> PlannedRepair:
    return PlannedRepair(code, layer, areas, text, refused=True)
