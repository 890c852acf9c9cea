"""In which coordinate system a map file is: brought into EPSG:5514, or said what it looks like."""

from pathlib import Path
from typing import Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
from pyproj import CRS
from pyproj.exceptions import ProjError

from hotspots.crs import CZECHIA_5514, CZECHIA_WGS84, EPSG, SJTSK_POSITIVE, parse_crs
from hotspots.errors import CRSError
from hotspots.i18n import _, ngettext

_Bounds = tuple[float, float, float, float]
# What a user writes for a system → where Czechia lies in it. No two overlap, swapped or not.
_SYSTEMS: Final[dict[str, _Bounds]] = {
    "EPSG:5514": CZECHIA_5514,
    "S-JTSK": (430_000.0, 930_000.0, 905_000.0, 1_230_000.0),
    "EPSG:4326": CZECHIA_WGS84,
    "EPSG:32633": (270_000.0, 5_360_000.0, 800_000.0, 5_680_000.0),
    "EPSG:3857": (1_330_000.0, 6_180_000.0, 2_110_000.0, 6_650_000.0),
}


def place_in_5514(drawn: gpd.GeoDataFrame, *, crs: str | None, path: Path) -> gpd.GeoDataFrame:
    """Return features in EPSG:5514.

    Parameters
    ----------
    drawn
        Features as their file has them. Not modified.
    crs
        System the user states, in place of the file's own; None: the file's.
    path
        How messages name the file.

    Raises
    ------
    CRSError
        No system, one that PROJ cannot convert from, or positions outside Czechia. The message
        says which system the positions look like, and whether their axes are swapped.
    """
    system = parse_crs(crs) if crs else drawn.crs
    if system is None or _is_undefined(system):
        raise CRSError(_no_system(path, guess_system(drawn)))
    if system.to_epsg() == SJTSK_POSITIVE:
        mirrored = drawn.geometry.affine_transform([-1, 0, 0, -1, 0, 0])
        placed = drawn.set_geometry(mirrored.set_crs(EPSG, allow_override=True))
    else:
        try:
            placed = drawn.set_crs(system, allow_override=True).to_crs(EPSG)
        except ProjError as error:
            raise CRSError(
                _("{path} cannot be converted to EPSG:5514: {reason}").format(
                    path=path, reason=error
                )
            ) from error
    outside = _outside(placed)
    if outside.any():
        raise CRSError(_strays(path, drawn, system, outside))
    return placed


def guess_system(drawn: gpd.GeoDataFrame) -> tuple[str, bool] | None:
    """Return the system that most positions look like, and whether their axes are swapped.

    It is a guess for a message; nothing is ever placed by it. None where they look like none.
    """
    bounds = drawn.geometry.bounds.to_numpy(dtype=np.float64)
    bounds = bounds[np.isfinite(bounds).all(axis=1)]
    if not len(bounds):
        return None
    x_min, y_min, x_max, y_max = np.median(bounds, axis=0).tolist()
    for swapped in (False, True):
        box = (y_min, x_min, y_max, x_max) if swapped else (x_min, y_min, x_max, y_max)
        for name, frame in _SYSTEMS.items():
            if _within(box, frame):
                return name, swapped
    return None


def _within(box: _Bounds, frame: _Bounds) -> bool:
    return frame[0] <= box[0] and frame[1] <= box[1] and box[2] <= frame[2] and box[3] <= frame[3]


def _outside(placed: gpd.GeoDataFrame) -> npt.NDArray[np.bool_]:
    """Return which features lie outside Czechia; those without any position are none of them."""
    bounds = placed.geometry.bounds.to_numpy(dtype=np.float64)
    left, low, right, high = CZECHIA_5514
    known = ~np.isnan(bounds).any(axis=1)
    inside = (bounds[:, 0] >= left) & (bounds[:, 1] >= low)
    inside &= (bounds[:, 2] <= right) & (bounds[:, 3] <= high)
    return np.asarray(known & ~inside, dtype=np.bool_)


def _is_undefined(system: CRS) -> bool:
    """Return whether a file names a system only to say that it has none."""
    return "undefined" in system.name.lower() or system.name.lower() == "unknown"


def _no_system(path: Path, guess: tuple[str, bool] | None) -> str:
    if guess is None:
        return _(
            "{what} has no coordinate system; "
            "set one, in QGIS: Layer > Set Layer CRS, usually EPSG:5514"
        ).format(what=path)
    return _("{what} has no coordinate system; {cure}").format(what=path, cure=_cure(guess))


def _strays(
    path: Path, drawn: gpd.GeoDataFrame, system: CRS, outside: npt.NDArray[np.bool_]
) -> str:
    guess = guess_system(drawn)
    n = int(outside.sum())
    if n < len(drawn) / 2:
        return ngettext(
            "{path}: {n} of {total} features falls outside Czechia, the first is number {row}; "
            "remove it or correct its position",
            "{path}: {n} of {total} features fall outside Czechia, the first is number {row}; "
            "remove them or correct their positions",
            n,
        ).format(path=path, n=n, total=len(drawn), row=int(np.flatnonzero(outside)[0]) + 1)
    text = _(
        "{path}: positions fall outside Czechia; "
        "the file's coordinate system ({crs}) is probably set wrongly"
    ).format(path=path, crs=system.to_string()[:80])
    return text if guess is None else f"{text}: {_cure(guess)}"


def _cure(guess: tuple[str, bool]) -> str:
    option, swapped = guess
    names = {
        "EPSG:5514": _("S-JTSK / Krovak East North"),
        "S-JTSK": _("positive S-JTSK"),
        "EPSG:4326": _("longitude and latitude"),
        "EPSG:32633": _("UTM zone 33N"),
        "EPSG:3857": _("Web Mercator"),
    }
    if swapped:
        return _(
            "its coordinates look like {system} with swapped axes: swap them, in QGIS: "
            "Processing > Swap X and Y coordinates, and say --crs {option}"
        ).format(system=names[option], option=option)
    return _("its coordinates look like {system}: say --crs {option}").format(
        system=names[option], option=option
    )
