"""Rules about single polygons of a layer: there, valid, flat, drawn once."""

from collections.abc import Generator, Iterator
from typing import Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import shapely

from hotspots import schema
from hotspots.i18n import _, format_number, ngettext
from hotspots.layers.checks.coverage_faults import Shapes, find_alike
from hotspots.layers.checks.problems import (
    DUPLICATES,
    ERROR,
    FLATTEN,
    NOTE,
    PARTS,
    VALID,
    Problem,
    about,
    area_labels,
    first_few,
    texts_of,
)
from hotspots.validity import say_invalid

POLYGONAL: Final = (3, 6)  # shapely type ids of Polygon and MultiPolygon
_SHOWN: Final = 3  # reasons in one sentence

_Names = npt.NDArray[np.object_]
_Mask = npt.NDArray[np.bool_]


def check_polygons_singly(
    frame: gpd.GeoDataFrame, layer: str
) -> Generator[Problem, None, npt.NDArray[np.bool_]]:
    """Yield what is wrong with polygons each by itself.

    Parameters
    ----------
    frame
        n areas in EPSG:5514. Not modified.
    layer
        One of `schema.AREA_KINDS`.

    Yields
    ------
    problem

    Returns
    -------
    usable
        Rows that have a polygon at all and repeat no other, shape (n,).
    """
    shapes = np.asarray(frame.geometry.array, dtype=object)
    labels = area_labels(frame)
    usable = yield from _single(shapes, labels, layer)
    rows = np.flatnonzero(usable)
    twins = yield from _alike(shapes[rows], frame.iloc[rows], labels[rows], layer)
    usable[rows[twins]] = False
    return usable


def _single(shapes: Shapes, labels: _Names, layer: str) -> Generator[Problem, None, _Mask]:
    """Yield what is wrong with single polygons; return which can be looked at further."""
    absent = np.asarray(shapely.is_missing(shapes) | shapely.is_empty(shapes), dtype=bool)
    odd = ~absent & ~np.isin(shapely.get_type_id(shapes), POLYGONAL)
    endless = ~absent & ~np.isfinite(shapely.bounds(shapes)).all(axis=1)
    usable = np.asarray(~absent & ~odd & ~endless, dtype=bool)
    broken = usable & ~shapely.is_valid(shapes)
    if absent.any():
        yield about(
            "no_geometry",
            ERROR,
            layer,
            labels[absent],
            ngettext(
                "{n} area has no polygon: {names}",
                "{n} areas have no polygon: {names}",
                int(absent.sum()),
            ),
            _("draw it in QGIS, or delete the row"),
        )
    if odd.any():
        yield about(
            "no_polygon",
            ERROR,
            layer,
            labels[odd],
            ngettext(
                "{n} area is a point or a line, not a polygon: {names}",
                "{n} areas are points or lines, not polygons: {names}",
                int(odd.sum()),
            ),
            _("draw it in QGIS, or delete the row"),
        )
    if endless.any():
        yield about(
            "not_finite",
            ERROR,
            layer,
            labels[endless],
            ngettext(
                "{n} polygon has coordinates that are no numbers: {names}",
                "{n} polygons have coordinates that are no numbers: {names}",
                int(endless.sum()),
            ),
            _("delete and draw it anew in QGIS, or import the layer anew from its source"),
        )
    if broken.any():
        yield _invalid(shapes[broken], labels[broken], layer)
    yield from _odd_forms(shapes, labels, layer, usable)
    return usable


def _invalid(shapes: Shapes, labels: _Names, layer: str) -> Problem:
    reasons = [
        f"{name} {say_invalid(shape)}"
        for name, shape in zip(labels[:_SHOWN], shapes[:_SHOWN], strict=True)
    ]
    n = len(shapes)
    return Problem(
        "invalid",
        ERROR,
        layer,
        n,
        first_few(labels),
        ngettext(
            "{n} polygon is invalid: {reasons}",
            "{n} polygons are invalid: {reasons}",
            n,
        ).format(n=format_number(n), reasons="; ".join(reasons) + ("; …" if n > _SHOWN else "")),
        _(
            "let the program mend it (hotspots layers check --repair), or in QGIS: Processing > "
            "Fix Geometries"
        ),
        VALID,
    )


def _odd_forms(shapes: Shapes, labels: _Names, layer: str, usable: _Mask) -> Iterator[Problem]:
    high = usable & np.asarray(shapely.has_z(shapes), dtype=bool)
    if high.any():
        yield about(
            "heights",
            NOTE,
            layer,
            labels[high],
            ngettext(
                "{n} polygon has heights (Z), which are not used: {names}",
                "{n} polygons have heights (Z), which are not used: {names}",
                int(high.sum()),
            ),
            _(
                "let the program leave them out (hotspots layers check --repair), or in QGIS: "
                "Processing > Drop M/Z Values"
            ),
            FLATTEN,
        )
    parts, rows = shapely.get_parts(shapes, return_index=True)
    hollow = np.zeros(len(shapes), dtype=bool)
    hollow[rows[shapely.is_empty(parts)]] = True
    hollow &= usable
    if hollow.any():
        yield about(
            "empty_parts",
            NOTE,
            layer,
            labels[hollow],
            ngettext(
                "{n} polygon has empty parts: {names}",
                "{n} polygons have empty parts: {names}",
                int(hollow.sum()),
            ),
            _(
                "let the program leave them out (hotspots layers check --repair), or in QGIS: "
                "Processing > Fix Geometries"
            ),
            PARTS,
        )


def _alike(
    shapes: Shapes, frame: gpd.GeoDataFrame, labels: _Names, layer: str
) -> Generator[Problem, None, list[int]]:
    """Yield areas drawn twice; return the rows that only repeat another."""
    groups = find_alike(shapes)
    ids = texts_of(frame, schema.AREA_ID)
    names = texts_of(frame, schema.NAME)
    same: list[npt.NDArray[np.int64]] = []
    different: list[npt.NDArray[np.int64]] = []
    for group in groups:
        one = len(set(ids[group])) == 1 and len(set(names[group])) == 1
        (same if one else different).append(group)
    own = layer in schema.OWN_KINDS
    if same:
        yield about(
            "duplicate_area",
            ERROR,
            layer,
            labels[[group[0] for group in same]],
            ngettext(
                "{n} area is in the layer more than once, with the same id and polygon: {names}",
                "{n} areas are in the layer more than once, with the same id and polygon: {names}",
                len(same),
            ),
            _(
                "let the program keep one of each (hotspots layers check --repair), or delete the "
                "others in QGIS"
            ),
            DUPLICATES,
        )
    if different:
        pairs = [" = ".join(str(labels[row]) for row in group) for group in different]
        yield about(
            "duplicate_geometry",
            NOTE if own else ERROR,
            layer,
            np.array(pairs, dtype=object),
            ngettext(
                "{n} polygon belongs to several areas: {names}",
                "{n} polygons belong to several areas each: {names}",
                len(different),
            ),
            _("look in QGIS which area is meant, and delete or draw anew the others"),
        )
    return [int(row) for group in groups for row in group[1:]]
