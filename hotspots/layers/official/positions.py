"""Coordinates of official files: of the system they claim, and inside Czechia."""

import re
from typing import Final

import numpy as np
import numpy.typing as npt

from hotspots.crs import CZECHIA_5514, EPSG
from hotspots.errors import CRSError
from hotspots.i18n import _

Pairs = npt.NDArray[np.float64]

# Krovak with southing first and both axes positive, as the oldest files have it.
_SOUTH_WEST: Final = frozenset({2065, 5513})
_CODE: Final = re.compile(r"(?:^|[:#/])(?:EPSG)[:/](?:[0-9.]*[:/])?([0-9]{4,6})$", re.IGNORECASE)


def to_5514_checked(pairs: Pairs, system: str, *, file: str, feature: str) -> Pairs:
    """Return positions in EPSG:5514, checked to lie in Czechia.

    Parameters
    ----------
    pairs
        Shape (n, 2), in the order of the file.
    system
        What the file says they are, such as ``urn:ogc:def:crs:EPSG::5514``.
    file, feature
        For messages.

    Returns
    -------
    positions
        Shape (n, 2): easting and northing [m], both negative.

    Raises
    ------
    CRSError
        No system is named, or another than EPSG:5514, 5513 or 2065, or the numbers are not of
        the system named: degrees, axes swapped, signs turned, outside Czechia.
    """
    code = _CODE.search(system.strip())
    epsg = int(code[1]) if code else 0
    if epsg in _SOUTH_WEST:
        turned = -pairs[:, ::-1]
    elif epsg == EPSG:
        turned = pairs
    else:
        raise CRSError(
            _(
                "{name}: {feature} is in the coordinate system '{system}'; RÚIAN files are in "
                "EPSG:5514 (S-JTSK), download it from ČÚZK without conversion"
            ).format(name=file, feature=feature[:80], system=ascii(system[:60])[1:-1])
        )
    if not inside(turned):
        raise CRSError(
            _("{name}: {feature} {guess}").format(
                name=file, feature=feature[:80], guess=_guess(pairs, turned)
            )
        )
    return turned


def inside(positions: Pairs) -> bool:
    """Say whether all positions, EPSG:5514, shape (n, 2), lie in Czechia."""
    west, south, east, north = CZECHIA_5514
    x, y = positions[:, 0], positions[:, 1]
    return bool(((west <= x) & (x <= east) & (south <= y) & (y <= north)).all())


def _guess(pairs: Pairs, turned: Pairs) -> str:
    """Return what the numbers seem to be and how to mend it."""
    if (np.abs(pairs) <= 180).all():
        return _(
            "says that it is in S-JTSK, but its coordinates are degrees (WGS84); "
            "download the file from ČÚZK without conversion"
        )
    if inside(turned[:, ::-1]):
        return _(
            "has its axes swapped: easting (−905 to −430 km) must come first, then northing "
            "(−1230 to −930 km); download the file again or swap them"
        )
    if inside(-turned) or inside(-turned[:, ::-1]):
        return _(
            "has coordinates of the wrong sign for the system it names; "
            "in EPSG:5514 both are negative. Download the file from ČÚZK without conversion"
        )
    return _("lies outside Czechia; download the file from ČÚZK without conversion")
