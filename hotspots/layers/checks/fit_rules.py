"""Rules about how the polygons of a layer fit each other and the study area."""

from collections.abc import Iterator
from typing import Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry.base import BaseGeometry

from hotspots import schema
from hotspots.i18n import _, format_number, format_share, ngettext
from hotspots.layers.checks.coverage_faults import (
    Shapes,
    Strips,
    find_gaps,
    find_outside,
    find_overlaps,
    find_slivers,
)
from hotspots.layers.checks.polygon_rules import POLYGONAL
from hotspots.layers.checks.problems import (
    BORDERS,
    COVERING_KINDS,
    ERROR,
    NOTE,
    WARNING,
    Problem,
    area_labels,
    area_text,
    enumerate_few,
    first_few,
)
from hotspots.layers.tangles import make_untangled_valid

_STREETS: Final = (schema.STREET, schema.SEGMENT)
_SHOWN: Final = 3  # places in one sentence
_SMALL_SHARE: Final = 0.1  # below it a share is given with a decimal

_Names = npt.NDArray[np.object_]


def check_fit(
    frame: gpd.GeoDataFrame, layer: str, boundary: BaseGeometry | None
) -> Iterator[Problem]:
    """Yield where the polygons of one area layer do not fit together or on the study area.

    Invalid ones are looked at as they would be once mended, so that everything is listed at once.

    Parameters
    ----------
    frame
        Areas with polygons, in EPSG:5514. Not modified.
    layer
        One of `schema.AREA_KINDS`.
    boundary
        Study area (EPSG:5514); without one, nothing is held against it.

    Yields
    ------
    problem
    """
    shapes = make_untangled_valid(shapely.force_2d(np.asarray(frame.geometry.array, dtype=object)))
    polygonal = np.isin(shapely.get_type_id(shapes), POLYGONAL) & ~shapely.is_empty(shapes)
    shapes, labels = shapes[polygonal], area_labels(frame)[polygonal]
    if not len(shapes):
        return
    yield from _overlapping(shapes, labels, layer)
    yield from _slivers(shapes, labels, layer)
    if boundary is not None and layer != schema.MUNICIPALITY:
        if layer in COVERING_KINDS:
            yield from _gaps(find_gaps(shapes, boundary), layer, boundary)
        yield from _outside(find_outside(shapes, boundary), labels, layer)


def _overlapping(shapes: Shapes, labels: _Names, layer: str) -> Iterator[Problem]:
    overlaps = find_overlaps(shapes)
    own = layer in schema.OWN_KINDS
    for wide in (True, False):
        rows = np.flatnonzero(overlaps.wide == wide)
        if not len(rows):
            continue
        rows = rows[np.argsort(-overlaps.area_m2[rows], kind="stable")]
        pairs = [f"{labels[overlaps.first[r]]} × {labels[overlaps.second[r]]}" for r in rows]
        total = float(overlaps.area_m2[rows].sum())
        values = {
            "n": format_number(len(rows)),
            "total": area_text(total),
            "pair": pairs[0],
            "largest": area_text(float(overlaps.area_m2[rows[0]])),
        }
        yield Problem(
            "overlap" if wide else "narrow_overlap",
            NOTE if own else ERROR if wide else WARNING,
            layer,
            len(rows),
            first_few(pairs),
            _overlap_text(len(rows), wide=wide).format(**values),
            _overlap_cure(layer, wide=wide),
            BORDERS if not wide and not own and layer in COVERING_KINDS else "",
        )


def _overlap_text(n: int, *, wide: bool) -> str:
    if wide:
        return ngettext(
            "{n} pair of areas overlaps, {total} in all; the largest is {pair}, {largest}",
            "{n} pairs of areas overlap, {total} in all; the largest is {pair}, {largest}",
            n,
        )
    return ngettext(
        "{n} pair of areas overlaps by a strip narrower than 1 m, {total} in all; the largest "
        "is {pair}, {largest}",
        "{n} pairs of areas overlap by strips narrower than 1 m, {total} in all; the largest "
        "is {pair}, {largest}",
        n,
    )


def _overlap_cure(layer: str, *, wide: bool) -> str:
    if layer in schema.OWN_KINDS:
        return _("nothing, if it is meant: such areas are counted each for itself")
    if layer in _STREETS:
        return _("make the street areas anew: hotspots layers remake")
    if wide:
        return _(
            "an incident there counts in the area that comes first by id; decide to which it "
            "belongs and cut the other, in QGIS: Vector > Geoprocessing > Difference"
        )
    return _(
        "let the program give each strip to one of the two (hotspots layers check --repair), or "
        "in QGIS with snapping on: Edit > Vertex Tool"
    )


def _gaps(gaps: Strips, layer: str, boundary: BaseGeometry) -> Iterator[Problem]:
    for wide in (True, False):
        chosen = gaps.wide == wide
        n = int(chosen.sum())
        if not n:
            continue
        places = [_place(shape) for shape in gaps.shapes[chosen][:_SHOWN]]
        total = float(gaps.area_m2[chosen].sum())
        text = (
            ngettext(
                "{n} part of the study area lies in no area, {total} ({share} of it) in all; "
                "the largest, {largest}, is at {places}",
                "{n} parts of the study area lie in no area, {total} ({share} of it) in all; "
                "the largest, {largest} and less, are at {places}",
                n,
            )
            if wide
            else ngettext(
                "{n} gap narrower than 1 m between areas, or between them and the boundary, "
                "{total} ({share} of the study area) in all; at {places}",
                "{n} gaps narrower than 1 m between areas, or between them and the boundary, "
                "{total} ({share} of the study area) in all; the largest at {places}",
                n,
            )
        )
        yield Problem(
            "gap" if wide else "narrow_gap",
            ERROR if wide else WARNING,
            layer,
            n,
            (),
            text.format(
                n=format_number(n),
                total=area_text(total),
                share=_share(total / boundary.area),
                largest=area_text(float(gaps.area_m2[chosen].max())),
                places="; ".join(places),
            ),
            _(
                "incidents there count in no area; draw the area that is missing, in QGIS with "
                "snapping and Avoid Overlap on, or import layers of one date"
            )
            if wide
            else _(
                "let the program give each gap to a neighbour (hotspots layers check --repair), "
                "or in QGIS with snapping on: Edit > Vertex Tool"
            ),
            "" if wide else BORDERS,
        )


def _outside(outside: Strips, labels: _Names, layer: str) -> Iterator[Problem]:
    for wide in (True, False):
        rows = np.flatnonzero(outside.wide == wide)
        if not len(rows):
            continue
        rows = rows[np.argsort(-outside.area_m2[rows], kind="stable")]
        names = labels[outside.rows[rows]]
        text = (
            ngettext(
                "{n} area sticks out of the study area, by {total}: {names}",
                "{n} areas stick out of the study area, by {total} in all: {names}",
                len(rows),
            )
            if wide
            else ngettext(
                "{n} area sticks out of the study area by less than 1 m, {total}: {names}",
                "{n} areas stick out of the study area by less than 1 m, {total} in all: {names}",
                len(rows),
            )
        )
        yield Problem(
            "outside" if wide else "narrow_outside",
            _outside_severity(layer, wide=wide),
            layer,
            len(rows),
            first_few(names),
            text.format(
                n=format_number(len(rows)),
                total=area_text(float(outside.area_m2[rows].sum())),
                names=enumerate_few(names),
            ),
            _outside_cure(layer, wide=wide),
            BORDERS if not wide and layer in COVERING_KINDS else "",
        )


def _outside_severity(layer: str, *, wide: bool) -> str:
    if layer in COVERING_KINDS:
        return ERROR if wide else WARNING
    return WARNING if wide and layer not in schema.OWN_KINDS else NOTE


def _outside_cure(layer: str, *, wide: bool) -> str:
    if layer in schema.OWN_KINDS:
        return _("nothing, if it is meant: only incidents inside the study area are counted")
    if layer in _STREETS:
        return _("make the street areas anew: hotspots layers remake")
    if wide:
        return _(
            "import boundary and areas of one date (hotspots layers fetch), or cut them off, in "
            "QGIS: Vector > Geoprocessing > Clip with the layer municipality"
        )
    return _(
        "let the program cut it off (hotspots layers check --repair), or in QGIS: Vector > "
        "Geoprocessing > Clip"
    )


def _slivers(shapes: Shapes, labels: _Names, layer: str) -> Iterator[Problem]:
    slivers = find_slivers(shapes)
    if not len(slivers.rows):
        return
    names = labels[slivers.rows]
    n = len(names)
    yield Problem(
        "sliver",
        WARNING,
        layer,
        n,
        first_few(names),
        ngettext(
            "{n} polygon, or part of one, is a sliver, thin and under 100 m², at {places}: {names}",
            "{n} polygons, or parts of them, are slivers, thin and under 100 m², the first at "
            "{places}: {names}",
            n,
        ).format(
            n=format_number(n),
            places="; ".join(_place(shape) for shape in slivers.shapes[:_SHOWN]),
            names=enumerate_few(names),
        ),
        _("make the street areas anew: hotspots layers remake")
        if layer in _STREETS
        else _(
            "look at it in QGIS; join it to the neighbour it belongs to: Processing > "
            "Eliminate Selected Polygons, or delete it"
        ),
    )


def _place(shape: BaseGeometry) -> str:
    point = shapely.point_on_surface(shape)
    return f"[{point.x:.0f} {point.y:.0f}]"


def _share(value: float) -> str:
    return format_share(value, digits=1 if value < _SMALL_SHARE else 0)
