"""Rules between layers: streets, their segments and axes, and the addresses on them."""

from collections.abc import Iterator, Mapping
from typing import Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
from shapely.geometry.base import BaseGeometry

from hotspots import schema
from hotspots.errors import SchemaError
from hotspots.i18n import _, format_number, ngettext
from hotspots.layers.checks.problems import (
    ERROR,
    NOTE,
    WARNING,
    Problem,
    about,
    area_labels,
    area_text,
    first_few,
    texts_of,
)
from hotspots.layers.reading import ADDRESS_LAYER, AXIS_LAYERS
from hotspots.layers.segment_ids import with_segment_numbers

# Lengths are rounded to 1 cm per segment, and a street has up to some hundred segments.
LENGTH_SHARE: Final = 1e-3
LENGTH_M: Final = 1.0
# A street is the union of its segments, to the rounding of their borders.
AREA_SHARE: Final = 1e-3
AREA_M2: Final = 1.0
_LINEAL: Final = (1, 5)  # shapely type ids of LineString and MultiLineString

_SHOWN: Final = 5
_STREET_ID_PREFIX: Final = f"{schema.STREET}:"

_Objects = npt.NDArray[np.object_]


def check_streets(frames: Mapping[str, gpd.GeoDataFrame]) -> Iterator[Problem]:
    """Yield where streets, segments and axes do not agree.

    Parameters
    ----------
    frames
        Layer → its frame in EPSG:5514, with all its columns. Not modified.

    Yields
    ------
    problem
    """
    for kind, axis_layer in AXIS_LAYERS.items():
        areas, axes = frames.get(kind), frames.get(axis_layer)
        if areas is not None and axes is not None:
            yield from _axes(areas, axes, kind, axis_layer)
    streets, segments = frames.get(schema.STREET), frames.get(schema.SEGMENT)
    if segments is not None and len(segments):
        yield from _numbering(segments)
    if streets is not None and segments is not None:
        yield from _belonging(streets, segments)
        yield from _lengths(streets, segments)
        yield from _ground(streets, segments)


def check_addresses(
    frames: Mapping[str, gpd.GeoDataFrame], boundary: BaseGeometry | None
) -> Iterator[Problem]:
    """Yield addresses without position, outside the study area, or on streets without axis.

    Parameters
    ----------
    frames
        Layer → its frame in EPSG:5514, with all its columns. Not modified.
    boundary
        Study area (EPSG:5514), or None.

    Yields
    ------
    problem
    """
    addresses = frames.get(ADDRESS_LAYER)
    if addresses is None or addresses.empty:
        return
    codes = texts_of(addresses, schema.ADDRESS_CODE)
    points = np.asarray(addresses.geometry.array, dtype=object)
    placed = ~(shapely.is_missing(points) | shapely.is_empty(points))
    if not placed.all():
        yield about(
            "address_unplaced",
            NOTE,
            ADDRESS_LAYER,
            codes[~placed],
            ngettext(
                "{n} address has no position, code {names}",
                "{n} addresses have no position, codes {names}",
                int((~placed).sum()),
            ),
            _("nothing to mend: RÚIAN gives no position either"),
        )
    if boundary is not None:
        shapely.prepare(boundary)
        away = placed & ~shapely.covers(boundary, points)
        if away.any():
            yield _addresses_outside(codes, points, away, boundary)
    yield from _address_streets(addresses, frames)


def _addresses_outside(
    codes: _Objects, points: _Objects, away: npt.NDArray[np.bool_], boundary: BaseGeometry
) -> Problem:
    n = int(away.sum())
    farthest = float(shapely.distance(points[away], boundary).max())
    text = ngettext(
        "{n} address lies outside the study area, {farthest} m away, code {names}",
        "{n} addresses lie outside the study area, up to {farthest} m away, codes {names}",
        n,
    )
    return about(
        "address_outside",
        WARNING,
        ADDRESS_LAYER,
        codes[away],
        text,
        _("import boundary and addresses of one date: hotspots layers fetch"),
        farthest=format_number(farthest),
    )


def _address_streets(
    addresses: gpd.GeoDataFrame, frames: Mapping[str, gpd.GeoDataFrame]
) -> Iterator[Problem]:
    axes = frames.get(AXIS_LAYERS[schema.STREET])
    if axes is None:
        return
    codes = texts_of(addresses, schema.STREET_CODE)
    names = texts_of(addresses, schema.STREET_NAME)
    known = {str(i).removeprefix(_STREET_ID_PREFIX) for i in axes[schema.AREA_ID]}
    lost = (codes != "") & ~np.isin(codes, list(known))
    if not lost.any():
        return
    streets = pd.Series(names[lost]).where(names[lost] != "", codes[lost]).value_counts()
    n = int(lost.sum())
    text = ngettext(
        "{n} address is on a street without axis: {names}",
        "{n} addresses are on streets without axis: {names}",
        n,
    )
    yield Problem(
        "address_without_axis",
        WARNING,
        ADDRESS_LAYER,
        n,
        first_few(streets.index),
        text.format(
            n=format_number(n),
            names=", ".join(f"{name} ({count})" for name, count in streets.head(_SHOWN).items())
            + (", …" if len(streets) > _SHOWN else ""),
        ),
        _(
            "incidents there count off street; import streets and addresses of one date "
            "(hotspots layers fetch), or lines of these streets"
        ),
    )


def _axes(
    areas: gpd.GeoDataFrame, axes: gpd.GeoDataFrame, kind: str, axis_layer: str
) -> Iterator[Problem]:
    ids = texts_of(areas, schema.AREA_ID)
    axis_ids = texts_of(axes, schema.AREA_ID)
    lines = np.asarray(axes.geometry.array, dtype=object)
    drawn = ~(shapely.is_missing(lines) | shapely.is_empty(lines))
    without_area = drawn & ~np.isin(axis_ids, ids)
    if without_area.any():
        yield about(
            "axis_without_area",
            ERROR,
            axis_layer,
            axis_ids[without_area],
            ngettext(
                "{n} axis has no area, so no incident counts on it: {names}",
                "{n} axes have no area, so no incident counts on them: {names}",
                int(without_area.sum()),
            ),
            _("make the street areas anew: hotspots layers remake"),
        )
    labels = area_labels(areas)
    without_axis = ~np.isin(ids, axis_ids[drawn])
    if without_axis.any():
        yield about(
            "area_without_axis",
            WARNING,
            kind,
            labels[without_axis],
            ngettext(
                "{n} area has no axis to draw: {names}",
                "{n} areas have no axes to draw: {names}",
                int(without_axis.sum()),
            ),
            _("import the lines of these streets, or fetch them: hotspots layers fetch"),
        )
    odd = drawn & ~np.isin(shapely.get_type_id(lines), _LINEAL)
    only_point = np.isin(ids, axis_ids[odd])
    if only_point.any() and kind == schema.STREET:
        yield about(
            "street_at_a_point",
            NOTE,
            kind,
            labels[only_point],
            ngettext(
                "{n} street is known at one point only and has no length: {names}",
                "{n} streets are known at one point only and have no length: {names}",
                int(only_point.sum()),
            ),
            _("fetch the official lines: hotspots layers fetch"),
        )


def _numbering(segments: gpd.GeoDataFrame) -> Iterator[Problem]:
    try:
        with_segment_numbers(segments)
    except SchemaError as error:
        yield Problem(
            "segment_numbers",
            ERROR,
            schema.SEGMENT,
            1,
            (),
            str(error),
            _("make the street areas anew: hotspots layers remake"),
        )


def _belonging(streets: gpd.GeoDataFrame, segments: gpd.GeoDataFrame) -> Iterator[Problem]:
    ids = texts_of(streets, schema.AREA_ID)
    owners = texts_of(segments, schema.STREET_ID)
    orphans = ~np.isin(owners, ids)
    if orphans.any():
        yield about(
            "segment_without_street",
            ERROR,
            schema.SEGMENT,
            texts_of(segments, schema.AREA_ID)[orphans],
            ngettext(
                "{n} segment belongs to no street of the layer street: {names}",
                "{n} segments belong to no street of the layer street: {names}",
                int(orphans.sum()),
            ),
            _("make the street areas anew: hotspots layers remake"),
        )
    whole = ~np.isin(ids, owners)
    if whole.any():
        yield about(
            "street_without_segments",
            WARNING,
            schema.STREET,
            area_labels(streets)[whole],
            ngettext(
                "{n} street has no segments: {names}",
                "{n} streets have no segments: {names}",
                int(whole.sum()),
            ),
            _("make the street areas anew: hotspots layers remake"),
        )


def _lengths(streets: gpd.GeoDataFrame, segments: gpd.GeoDataFrame) -> Iterator[Problem]:
    stated = _by_id(streets, streets[schema.LENGTH_M], schema.AREA_ID)
    summed = _by_id(segments, segments[schema.LENGTH_M], schema.STREET_ID)
    off = _apart(stated, summed, share=LENGTH_SHARE, least=LENGTH_M)
    if len(off):
        yield _sums_differ(
            "segment_lengths",
            streets,
            off,
            ngettext(
                "the segments of {n} street do not add up to its length: {names}; the most off is "
                "{worst}, by {by} m",
                "the segments of {n} streets do not add up to their lengths: {names}; the most "
                "off is {worst}, by {by} m",
                len(off),
            ),
            by=format_number(float(off.abs().max()), digits=1),
        )


def _ground(streets: gpd.GeoDataFrame, segments: gpd.GeoDataFrame) -> Iterator[Problem]:
    whole = _by_id(streets, pd.Series(shapely.area(streets.geometry.array)), schema.AREA_ID)
    parts = _by_id(segments, pd.Series(shapely.area(segments.geometry.array)), schema.STREET_ID)
    off = _apart(whole, parts, share=AREA_SHARE, least=AREA_M2)
    if len(off):
        yield _sums_differ(
            "segment_areas",
            streets,
            off,
            ngettext(
                "the segments of {n} street do not add up to its area: {names}; the most off is "
                "{worst}, by {by}",
                "the segments of {n} streets do not add up to their areas: {names}; the most off "
                "is {worst}, by {by}",
                len(off),
            ),
            by=area_text(float(off.abs().max())),
        )


def _sums_differ(
    rule: str, streets: gpd.GeoDataFrame, off: "pd.Series[float]", text: str, *, by: str
) -> Problem:
    labels = pd.Series(area_labels(streets), index=texts_of(streets, schema.AREA_ID))
    labels = labels[~labels.index.duplicated()]
    worst = str(off.abs().idxmax())
    return about(
        rule,
        WARNING,
        schema.STREET,
        labels[off.index],
        text,
        _("make the street areas anew: hotspots layers remake"),
        worst=str(labels[worst]),
        by=by,
    )


def _by_id(frame: gpd.GeoDataFrame, values: "pd.Series[float]", column: str) -> "pd.Series[float]":
    """Return the sum of `values` of the rows of each id; NaN where any is unknown."""
    ids = texts_of(frame, column)
    numbers = pd.Series(pd.to_numeric(values, errors="coerce").to_numpy(dtype=np.float64))
    return numbers.groupby(ids).sum(min_count=1)


def _apart(
    whole: "pd.Series[float]", parts: "pd.Series[float]", *, share: float, least: float
) -> "pd.Series[float]":
    """Return by how much sums differ from wholes, of the ids that have both and differ."""
    both = whole.index.intersection(parts.index)
    off = (parts[both] - whole[both]).dropna()
    allowed = np.maximum(least, share * whole[off.index])
    return off[off.abs() > allowed]
