"""Coordinates: S-JTSK / Krovak East North (EPSG:5514) inside, conversion at the edges.

Czech files also give positive S-JTSK as (Y, X); EPSG:5514 is (−Y, −X). The transform uses PROJ's
full 7-parameter operation: the 3-parameter shortcut is off by about 5 m in Jeseník.
"""

import re
from functools import lru_cache
from typing import Final

import numpy as np
import numpy.typing as npt
from pyproj import CRS, Transformer
from pyproj.exceptions import CRSError as ProjCRSError
from pyproj.exceptions import ProjError

from hotspots.errors import CRSError
from hotspots.i18n import _

EPSG: Final = 5514
WGS84: Final = 4326
# Positive S-JTSK as Czech offices write it: Y (westing) first, X (southing) second.
SJTSK_POSITIVE: Final = 5513
# Where Czechia lies, in EPSG:5514 metres and in degrees (ČÚZK's bounds with a margin).
CZECHIA_5514: Final = (-905_000.0, -1_230_000.0, -430_000.0, -930_000.0)
CZECHIA_WGS84: Final = (12.0, 48.5, 18.9, 51.1)

FloatArray = npt.NDArray[np.float64]


def parse_crs(text: str | int) -> CRS:
    """Return the coordinate system that `text` names.

    Accepts what PROJ accepts (``EPSG:5514``, ``4326``, WKT) and ``S-JTSK`` for the positive
    Czech form (EPSG:5513).

    Raises
    ------
    CRSError
        PROJ knows no such system.
    """
    name = str(text).strip()
    if name.upper().replace(" ", "") in {"S-JTSK", "SJTSK"}:
        return CRS.from_epsg(SJTSK_POSITIVE)
    try:
        return CRS.from_user_input(int(name) if re.fullmatch("[0-9]{1,9}", name) else name)
    except (ProjCRSError, UnicodeError) as error:
        raise CRSError(
            _(
                "'{name}' is no coordinate system that PROJ knows; "
                "write EPSG:5514, EPSG:4326 or S-JTSK"
            ).format(name=ascii(name[:80])[1:-1] if not name.isprintable() else name[:80])
        ) from error


@lru_cache(maxsize=16)
def _transformer(source: str, target: str) -> Transformer:
    return Transformer.from_crs(source, target, always_xy=True)


def to_5514(x: FloatArray, y: FloatArray, *, crs: str | int | CRS) -> tuple[FloatArray, FloatArray]:
    """Return positions in EPSG:5514.

    Parameters
    ----------
    x, y
        Arrays of one shape in the units of `crs`; easting or longitude first. For positive
        S-JTSK (``S-JTSK``, EPSG:5513) `x` is Y (westing) and `y` is X (southing), as in files.
    crs
        System of the input.

    Returns
    -------
    x, y
        Metres, same shape; NaN stays NaN, and what PROJ cannot transform becomes NaN.

    Raises
    ------
    CRSError
        Unknown system, or one that PROJ cannot convert from, such as a local one.
    """
    x = np.asarray(x, dtype=np.float64)
    y = np.asarray(y, dtype=np.float64)
    source = crs if isinstance(crs, CRS) else parse_crs(crs)
    epsg = source.to_epsg()
    if epsg == EPSG:
        return x.copy(), y.copy()
    if epsg == SJTSK_POSITIVE:
        return -x, -y
    try:
        out_x, out_y = _transformer(source.to_wkt(), f"EPSG:{EPSG}").transform(x, y)
    except ProjError as error:
        raise CRSError(
            _(
                "positions in the coordinate system '{name}' cannot be converted to EPSG:5514 "
                "({reason}); write EPSG:5514, EPSG:4326 or S-JTSK"
            ).format(name=source.name, reason=error)
        ) from error
    out_x = np.asarray(out_x, dtype=np.float64)
    out_y = np.asarray(out_y, dtype=np.float64)
    bad = ~(np.isfinite(out_x) & np.isfinite(out_y))
    out_x[bad] = np.nan
    out_y[bad] = np.nan
    return out_x, out_y


def to_wgs84(x: FloatArray, y: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return longitude and latitude [degrees] of EPSG:5514 positions [m], shape kept."""
    lon, lat = _transformer(f"EPSG:{EPSG}", f"EPSG:{WGS84}").transform(
        np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
    )
    return np.asarray(lon, dtype=np.float64), np.asarray(lat, dtype=np.float64)


def require_5514(frame_crs: CRS | None, *, what: str) -> None:
    """Raise `CRSError` unless `frame_crs` is EPSG:5514; `what` names the layer or file."""
    if frame_crs is None:
        raise CRSError(
            _(
                "{what} has no coordinate system; "
                "set one, in QGIS: Layer > Set Layer CRS, usually EPSG:5514"
            ).format(what=what)
        )
    if frame_crs.to_epsg() != EPSG:
        raise CRSError(
            _("{what} is in {crs}, but EPSG:5514 is needed; convert it first").format(
                what=what, crs=frame_crs.to_string()
            )
        )
