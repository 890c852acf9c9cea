"""Pairs of coordinates in one cell: order and system, where not stated, of each by itself."""

import numpy as np
from pyproj import CRS

from hotspots.clean import BoolArray, FloatArray
from hotspots.crs import parse_crs
from hotspots.errors import CRSError, SourceError
from hotspots.i18n import _
from hotspots.ingest.positions import (
    READINGS,
    WRONG_SHARE,
    Reading,
    best_reading,
    fits,
    sign_text,
    unstated_text,
)

# How people write degrees as a rule.
LATITUDE_FIRST = Reading("EPSG:4326", swapped=True)


def possible_readings(crs: CRS | None) -> tuple[Reading, ...]:
    """Return the readings that a pair may have, the usual one first.

    Both orders of the system that is stated, or of every system that values in Czechia tell apart;
    one order alone of a system whose ranges are not known.
    """
    plain = tuple(one for one in READINGS if not one.negated)
    if crs is None:
        return LATITUDE_FIRST, *(one for one in plain if one != LATITUDE_FIRST)
    known = {parse_crs(one.crs).to_epsg(): one.crs for one in plain}.get(crs.to_epsg())
    if known is None:
        return (Reading(crs.to_string(), swapped=False),)
    usual = Reading(known, swapped=known == "EPSG:4326")
    return usual, Reading(known, swapped=not usual.swapped)


def read_each(x: FloatArray, y: FloatArray, readings: tuple[Reading, ...]) -> list[BoolArray]:
    """Return for each reading which pairs fit it; the ranges of the axes never overlap.

    Parameters
    ----------
    x, y
        Shape (n,), in the order of the cell; NaN fits nothing.
    readings
        From `possible_readings`.
    """
    return [fits(x, y, one) for one in readings]


def check_pairs(x: FloatArray, y: FloatArray, *, n_named: int, crs: CRS | None, name: str) -> None:
    """Refuse a file most of whose pairs make no sense.

    Parameters
    ----------
    x, y
        Shape (n,), in the order of the cell, NaN where missing.
    n_named
        Further cells, which say themselves what they are.
    crs
        System that is stated, None where none is.
    name
        File, for messages.

    Raises
    ------
    SourceError
        A sign is wrong in most of them, or they contradict the system that is stated.
    CRSError
        Less than half of them fit any system, and none is stated.
    """
    placed = ~(np.isnan(x) | np.isnan(y))
    x, y = x[placed], y[placed]
    readings = possible_readings(crs)
    if not len(x) or len(readings) == 1:
        return
    n_fit = sum(int(one.sum()) for one in read_each(x, y, readings)) + n_named
    if n_fit >= WRONG_SHARE * (len(x) + n_named):
        return
    found, share = best_reading(x, y)
    if share >= WRONG_SHARE:
        if found.negated:
            raise SourceError(sign_text(found, name=name))
        if crs is not None:
            raise SourceError(
                _(
                    "{name}: the coordinates are {found}, but the mapping says {crs}; give "
                    'crs = "{found}" in [values]'
                ).format(name=name, found=found.crs, crs=crs.to_string())
            )
    if crs is None:
        raise CRSError(unstated_text(name))
