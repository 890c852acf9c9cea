"""Coordinates of a file's rows turned into EPSG:5514, with wrong order and sign recognised."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from pyproj import CRS

from hotspots import crs as crs_module
from hotspots.clean import Numbers, Problems
from hotspots.errors import CRSError, SourceError
from hotspots.i18n import _

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]

# Share of a file's positions that must fit a system for it to be taken without being stated.
INFER_SHARE: Final = 0.8
# Share outside Czechia from which the file as a whole is wrong, not single rows.
WRONG_SHARE: Final = 0.5


@dataclass(frozen=True)
class Reading:
    """One way to understand a pair of numbers."""

    crs: str
    swapped: bool
    negated: str = ""  # the axes, of "x" and "y" as the file has them, whose sign is wrong


# The axes' ranges do not overlap, so at most one reading fits any pair inside Czechia.
READINGS: Final = tuple(
    Reading(crs, swapped)
    for swapped in (False, True)
    for crs in ("EPSG:4326", "EPSG:5514", "S-JTSK")
) + tuple(
    Reading(crs, swapped, negated)
    for swapped in (False, True)
    for crs, wrong in (("EPSG:4326", ("x", "y", "xy")), ("EPSG:5514", ("x", "y")))
    for negated in wrong
)


def fits(x: FloatArray, y: FloatArray, reading: Reading) -> BoolArray:
    """Return whether each pair lies about in Czechia when understood so; NaN does not."""
    if "x" in reading.negated:
        x = -x
    if "y" in reading.negated:
        y = -y
    if reading.swapped:
        x, y = y, x
    if reading.crs == "S-JTSK":
        x, y = -x, -y
    box = crs_module.CZECHIA_WGS84 if reading.crs == "EPSG:4326" else crs_module.CZECHIA_5514
    inside: BoolArray = (x >= box[0]) & (x <= box[2]) & (y >= box[1]) & (y <= box[3])
    return inside


def in_czechia(x: FloatArray, y: FloatArray) -> BoolArray:
    """Return whether EPSG:5514 positions [m] lie in or about Czechia."""
    return fits(x, y, Reading("EPSG:5514", swapped=False))


def best_reading(x: FloatArray, y: FloatArray) -> tuple[Reading, float]:
    """Return the reading that fits most pairs, and its share of them."""
    shares = [float(fits(x, y, reading).mean()) for reading in READINGS]
    at = int(np.argmax(shares))
    return READINGS[at], shares[at]


def infer_reading(x: FloatArray, y: FloatArray, *, name: str) -> Reading:
    """Return how a file's pairs of numbers are to be understood, from their values.

    Parameters
    ----------
    x, y
        Shape (n,), NaN where missing.
    name
        File, for messages.

    Raises
    ------
    SourceError
        A sign is wrong.
    CRSError
        No system fits 80 % of the positions, or there are none.
    """
    placed = ~(np.isnan(x) | np.isnan(y))
    x, y = x[placed], y[placed]
    if len(x):
        reading, share = best_reading(x, y)
        if share >= INFER_SHARE:
            if reading.negated:
                raise SourceError(sign_text(reading, name=name))
            return reading
    raise CRSError(unstated_text(name))


def unstated_text(name: str) -> str:
    """Return why a file is refused whose system is neither stated nor told by its values."""
    return _(
        "{name}: the coordinate system of x and y is not stated and the values do not tell; "
        'give crs in [values]: "EPSG:5514", "EPSG:4326" (x longitude, y latitude) or '
        '"S-JTSK" (positive, x is Y and y is X)'
    ).format(name=name)


def check_order(
    x: FloatArray,
    y: FloatArray,
    inside: BoolArray,
    rows: npt.NDArray[np.int64],
    *,
    crs: CRS,
    name: str,
    geometry: bool = False,
) -> None:
    """Refuse a file whose positions would lie in Czechia with x and y swapped or negated.

    Parameters
    ----------
    x, y
        Shape (n,), as the file gives them, NaN where missing.
    inside
        Shape (n,): whether each lies in Czechia when understood as `crs`.
    rows
        Shape (n,): row numbers.
    crs, name
        System stated, and the file, for messages.
    geometry
        Whether the positions are those of a layer's geometry, which has no columns to swap.

    Raises
    ------
    SourceError
        At least half of the positions lie outside, and another reading puts them inside.
    """
    placed = ~(np.isnan(x) | np.isnan(y))
    n_placed = int(placed.sum())
    if not n_placed or (placed & ~inside).sum() < WRONG_SHARE * n_placed:
        return
    out = placed & ~inside
    reading, share = best_reading(x[out], y[out])
    if share < WRONG_SHARE:
        return
    example = int(np.flatnonzero(out & fits(x, y, reading))[0])
    if reading.negated:
        text = sign_text(reading, name=name)
    elif reading.swapped:
        text = _swap_text(x[out], y[out], reading, name=name, geometry=geometry)
    elif reading.crs == "S-JTSK":
        text = _(
            '{name}: x and y are positive S-JTSK, not {crs}; give crs = "S-JTSK" in [values]'
        ).format(name=name, crs=crs.to_string())
    elif reading.crs == "EPSG:4326":
        text = _(
            "{name}: x and y are degrees (longitude and latitude), not {crs}; "
            'give crs = "EPSG:4326" in [values]'
        ).format(name=name, crs=crs.to_string())
    else:
        text = _(
            "{name}: x and y are metres of S-JTSK with a minus sign, not {crs}; "
            'give crs = "EPSG:5514" in [values]'
        ).format(name=name, crs=crs.to_string())
    raise SourceError(
        text
        + " "
        + _("(for example row {row}: x = {x}, y = {y})").format(
            row=rows[example], x=f"{x[example]:.10g}", y=f"{y[example]:.10g}"
        )
    )


def sign_text(reading: Reading, *, name: str) -> str:
    """Return why a file is refused whose coordinates have a wrong sign."""
    text = _(
        "{name}: the sign of {axes} is wrong; with the other sign the positions lie in Czechia as "
        "{crs}. Correct it in the file"
    ).format(name=name, axes=", ".join(reading.negated), crs=reading.crs)
    return f"{text}; {_('x and y are swapped too')}" if reading.swapped else text


def reading_text(reading: Reading) -> str:
    """Return a sentence that says how coordinates were understood, where nobody stated it."""
    if not reading.swapped:
        return _("the coordinates were taken as {crs}, as their values tell").format(
            crs=reading.crs
        )
    if reading.crs == "EPSG:4326":
        return _(
            "the coordinates were taken as EPSG:4326 with the latitude first and the longitude "
            "second, as their values tell"
        )
    return _(
        "the coordinates were taken as {crs} with the southing X first and the westing Y second, "
        "as their values tell"
    ).format(crs=reading.crs)


def _swap_text(x: FloatArray, y: FloatArray, reading: Reading, *, name: str, geometry: bool) -> str:
    if geometry:
        return _(
            "{name}: the first coordinate of the positions ({x}) is the second of {crs}, and the "
            "second ({y}) the first: they are swapped; swap them, in QGIS: Processing > Swap X "
            "and Y coordinates"
        ).format(name=name, x=f"{np.median(x):.10g}", y=f"{np.median(y):.10g}", crs=reading.crs)
    if reading.crs == "EPSG:4326":
        return _(
            "{name}: x holds latitudes ({x}) and y longitudes ({y}), they are swapped; "
            'swap the columns x and y in [columns], with crs = "EPSG:4326"'
        ).format(name=name, x=f"{np.median(x):.4f}", y=f"{np.median(y):.4f}")
    return _(
        "{name}: x holds the S-JTSK southing X ({x}) and y the westing Y ({y}), they are swapped; "
        'swap the columns x and y in [columns], with crs = "{crs}"'
    ).format(name=name, x=f"{np.median(x):.0f}", y=f"{np.median(y):.0f}", crs=reading.crs)


def fits_czechia(x: FloatArray, y: FloatArray, *, crs: CRS) -> bool:
    """Return whether at least half of the positions, understood as `crs`, lie about in Czechia."""
    placed = ~(np.isnan(x) | np.isnan(y))
    try:
        inside = in_czechia(*crs_module.to_5514(x, y, crs=crs))
    except CRSError:  # a local system, say, that leads nowhere
        return False
    return bool(placed.any() and (placed & inside).sum() >= WRONG_SHARE * placed.sum())


def pair_numbers(x: Numbers, y: Numbers) -> tuple[FloatArray, FloatArray, Problems, int]:
    """Join two columns to pairs: both or none; 0;0 is how files write a missing position.

    Returns
    -------
    x, y, problems, n_zero
        NaN where there is no position; reasons; the number of pairs 0;0.
    """
    problems: Problems = {**y.problems, **x.problems}
    for i in np.flatnonzero(x.missing != y.missing).tolist():
        problems.setdefault(
            i,
            _("x is given and y is missing") if y.missing[i] else _("y is given and x is missing"),
        )
    zero = (x.values == 0) & (y.values == 0)
    none = zero | np.isnan(x.values) | np.isnan(y.values)
    return (
        np.where(none, np.nan, x.values),
        np.where(none, np.nan, y.values),
        problems,
        int(zero.sum()),
    )


def place(
    x: FloatArray,
    y: FloatArray,
    rows: npt.NDArray[np.int64],
    *,
    crs: CRS,
    name: str,
    check: bool,
    geometry: bool = False,
    swapped: bool = False,
) -> tuple[FloatArray, FloatArray, Problems]:
    """Convert positions to EPSG:5514 and reject those outside Czechia.

    Parameters
    ----------
    x, y
        Shape (n,), in `crs`; NaN where missing.
    rows
        Shape (n,): row numbers, for messages.
    crs, name
        System, and the file for messages.
    check
        Whether to refuse a file with wrong order or sign (see `check_order`).
    geometry
        As for `check_order`.
    swapped
        Whether the file gives the second axis of `crs` first.
    """
    out_x, out_y = crs_module.to_5514(*((y, x) if swapped else (x, y)), crs=crs)
    inside = in_czechia(out_x, out_y)
    if check:
        check_order(x, y, inside, rows, crs=crs, name=name, geometry=geometry)
    problems: Problems = {}
    for i in np.flatnonzero(~inside & ~np.isnan(x)).tolist():
        pair = x[i : i + 1], y[i : i + 1]
        reading = next((r for r in READINGS if fits(*pair, r)[0]), None)
        text = _("position x = {x}, y = {y} lies outside Czechia").format(
            x=f"{x[i]:.10g}", y=f"{y[i]:.10g}"
        )
        if reading is not None:
            if reading.negated:
                hint = _("a sign seems wrong")
            elif reading.swapped != swapped:
                hint = _("x and y seem swapped")
            else:
                hint = _("it seems to be in {crs}").format(crs=reading.crs)
            text += "; " + hint
        problems[i] = text
    return np.where(inside, out_x, np.nan), np.where(inside, out_y, np.nan), problems
