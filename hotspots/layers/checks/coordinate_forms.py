"""In which form a layer's coordinates are, told by the numbers, and how to bring them right.

The ranges of S-JTSK over Czechia do not meet, whichever way the signs and the order are, so the
form of such numbers is certain. Degrees are not: WGS84 and S-JTSK degrees differ by about 130 m.
"""

from dataclasses import dataclass
from typing import Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import shapely
from pyproj import CRS
from pyproj.exceptions import ProjError
from shapely.geometry.base import BaseGeometry

from hotspots.crs import CZECHIA_5514, CZECHIA_WGS84, EPSG
from hotspots.i18n import _, format_number, ngettext
from hotspots.layers.checks.problems import (
    COORDINATES,
    ERROR,
    Problem,
    area_labels,
    enumerate_few,
    first_few,
)

RIGHT: Final = "right"  # EPSG:5514: negative easting, negative northing
POSITIVE: Final = "positive"  # Y, X as Czech offices write them
SWAPPED: Final = "swapped"  # negative northing, negative easting
POSITIVE_SWAPPED: Final = "positive_swapped"  # X, Y
DEGREES: Final = "degrees"  # longitude, latitude
DEGREES_SWAPPED: Final = "degrees_swapped"
OUTSIDE: Final = "outside"  # nowhere in Czechia in any of them
NOWHERE: Final = ""  # no coordinates at all

# Form → how EPSG:5514 follows from the numbers: shapely's affine matrix a, b, d, e.
_MATRIX: Final = {
    RIGHT: (1.0, 0.0, 0.0, 1.0),
    POSITIVE: (-1.0, 0.0, 0.0, -1.0),
    SWAPPED: (0.0, 1.0, 1.0, 0.0),
    POSITIVE_SWAPPED: (0.0, -1.0, -1.0, 0.0),
}

_Names = npt.NDArray[np.object_]


@dataclass(frozen=True)
class Placed:
    """A layer brought to EPSG:5514 as far as its numbers tell.

    Attributes
    ----------
    frame
        The same rows in EPSG:5514; None where that is not certain.
    problems
        What is wrong with the coordinates.
    """

    frame: gpd.GeoDataFrame | None
    problems: tuple[Problem, ...]


def tell_forms(geometry: gpd.GeoSeries) -> _Names:
    """Return the form of each geometry's coordinates, one of this module's constants.

    Parameters
    ----------
    geometry
        n geometries; their declared system is not looked at. Not modified.

    Returns
    -------
    forms
        Texts, shape (n,).
    """
    bounds = shapely.bounds(np.asarray(geometry.array, dtype=object))
    left, low, right, high = CZECHIA_5514
    west, south, east, north = CZECHIA_WGS84
    boxes = (
        (RIGHT, CZECHIA_5514),
        (POSITIVE, (-right, -high, -left, -low)),
        (SWAPPED, (low, left, high, right)),
        (POSITIVE_SWAPPED, (-high, -right, -low, -left)),
        (DEGREES, CZECHIA_WGS84),
        (DEGREES_SWAPPED, (south, west, north, east)),
    )
    forms = np.full(len(bounds), OUTSIDE, dtype=object)
    forms[~np.isfinite(bounds).all(axis=1)] = NOWHERE
    for form, (x_min, y_min, x_max, y_max) in boxes:
        inside = (bounds[:, 0] >= x_min) & (bounds[:, 1] >= y_min)
        inside &= (bounds[:, 2] <= x_max) & (bounds[:, 3] <= y_max)
        forms[inside] = form
    return forms


def place_frame(
    frame: gpd.GeoDataFrame, layer: str, boundary: BaseGeometry | None = None
) -> Placed:
    """Return a layer in EPSG:5514 and what is wrong with its coordinates.

    Parameters
    ----------
    frame
        Any layer, in any or no coordinate system. Not modified.
    layer
        Its name, for the problems.
    boundary
        Study area (EPSG:5514); numbers that do not come to lie on it are not called certain.

    Returns
    -------
    placed
    """
    forms = tell_forms(frame.geometry)
    known = forms[forms != NOWHERE]
    if frame.crs is None or frame.crs.to_epsg() == EPSG or np.isin(known, list(_MATRIX)).all():
        return _by_numbers(frame, layer, forms, boundary)
    return _by_declaration(frame, layer, boundary)


def _by_numbers(
    frame: gpd.GeoDataFrame, layer: str, forms: _Names, boundary: BaseGeometry | None
) -> Placed:
    certain = bool(np.isin(forms[forms != NOWHERE], list(_MATRIX)).all())
    placed = _turned(frame, forms) if certain else None
    safe = placed is not None and _meets(placed, boundary)
    repair = COORDINATES if safe else ""
    problems = []
    labels = area_labels(frame)
    for form in sorted(set(forms.tolist()) - {RIGHT, NOWHERE}):
        names = labels[forms == form]
        problems.append(
            Problem(
                f"coordinates_{form}",
                ERROR,
                layer,
                len(names),
                first_few(names),
                _what(form, names),
                _cure(form),
                repair if form in _MATRIX else "",
            )
        )
    if not problems and (frame.crs is None or frame.crs.to_epsg() != EPSG):
        problems.append(_declared_wrongly(frame, layer, repair))
    return Placed(placed if safe else None, tuple(problems))


def _declared_wrongly(frame: gpd.GeoDataFrame, layer: str, repair: str) -> Problem:
    if frame.crs is None:
        return Problem(
            "no_crs",
            ERROR,
            layer,
            len(frame),
            (),
            _("the layer has no coordinate system; its numbers are those of EPSG:5514"),
            _("set it, in QGIS: Layer > Set Layer CRS > EPSG:5514"),
            repair,
        )
    return Problem(
        "wrong_crs",
        ERROR,
        layer,
        len(frame),
        (),
        _("the layer says it is in {crs}, but its numbers are those of EPSG:5514").format(
            crs=_name(frame.crs)
        ),
        _("set it, in QGIS: Layer > Set Layer CRS > EPSG:5514"),
        repair,
    )


def _by_declaration(frame: gpd.GeoDataFrame, layer: str, boundary: BaseGeometry | None) -> Placed:
    """Return a layer whose numbers are no S-JTSK, converted as its declared system says."""
    try:
        placed = frame.to_crs(EPSG)
    except ProjError:
        placed = None
    inside = placed is not None and set(tell_forms(placed.geometry)) <= {RIGHT, NOWHERE}
    if not inside:
        text = _(
            "the layer says it is in {crs}, but in that its features lie outside Czechia"
        ).format(crs=_name(frame.crs))
        cure = _(
            "find out the system of the source and set it, in QGIS: Layer > Set Layer CRS; "
            "then save the layer in EPSG:5514 (Export > Save Features As)"
        )
        problem = Problem("wrong_crs", ERROR, layer, len(frame), (), text, cure)
        return Placed(None, (problem,))
    safe = _meets(placed, boundary)
    problem = Problem(
        "other_crs",
        ERROR,
        layer,
        len(frame),
        (),
        _("the layer is in {crs}, but EPSG:5514 is needed").format(crs=_name(frame.crs)),
        _("convert it, in QGIS: Processing > Reproject Layer to EPSG:5514"),
        COORDINATES if safe else "",
    )
    return Placed(placed if safe else None, (problem,))


def _turned(frame: gpd.GeoDataFrame, forms: _Names) -> gpd.GeoDataFrame:
    shapes = frame.geometry.set_crs(EPSG, allow_override=True)
    for form, (a, b, d, e) in _MATRIX.items():
        rows = forms == form
        if form != RIGHT and rows.any():
            shapes[rows] = shapes[rows].affine_transform([a, b, d, e, 0, 0])
    return frame.set_geometry(shapes)


def _meets(frame: gpd.GeoDataFrame, boundary: BaseGeometry | None) -> bool:
    """Return whether a layer lies on the study area at all."""
    if boundary is None:
        return True
    bounds = shapely.bounds(np.asarray(frame.geometry.array, dtype=object))
    bounds = bounds[np.isfinite(bounds).all(axis=1)]
    return not len(bounds) or bool(shapely.intersects(shapely.box(*bounds.T), boundary).any())


def _name(crs: CRS) -> str:
    authority = crs.to_authority()
    return ":".join(authority) if authority else str(crs.name)


def _what(form: str, names: _Names) -> str:
    n = len(names)
    texts = {
        POSITIVE: ngettext(
            "{n} feature is in positive S-JTSK (Y, X), not in EPSG:5514 (−Y, −X): {names}",
            "{n} features are in positive S-JTSK (Y, X), not in EPSG:5514 (−Y, −X): {names}",
            n,
        ),
        SWAPPED: ngettext(
            "{n} feature has its axes swapped (−X, −Y instead of −Y, −X): {names}",
            "{n} features have their axes swapped (−X, −Y instead of −Y, −X): {names}",
            n,
        ),
        POSITIVE_SWAPPED: ngettext(
            "{n} feature is in positive S-JTSK with its axes swapped (X, Y): {names}",
            "{n} features are in positive S-JTSK with their axes swapped (X, Y): {names}",
            n,
        ),
        DEGREES: ngettext(
            "{n} feature has degrees for coordinates, not metres of EPSG:5514: {names}",
            "{n} features have degrees for coordinates, not metres of EPSG:5514: {names}",
            n,
        ),
        DEGREES_SWAPPED: ngettext(
            "{n} feature has degrees for coordinates, latitude first: {names}",
            "{n} features have degrees for coordinates, latitude first: {names}",
            n,
        ),
        OUTSIDE: ngettext(
            "{n} feature lies outside Czechia: {names}",
            "{n} features lie outside Czechia: {names}",
            n,
        ),
    }
    return texts[form].format(n=format_number(n), names=enumerate_few(names))


def _cure(form: str) -> str:
    if form in _MATRIX:
        return _(
            "let the program turn them (hotspots layers check --repair), or export the layer anew "
            "from its source in EPSG:5514 (S-JTSK / Krovak East North)"
        )
    if form == DEGREES:
        return _(
            "say what the degrees are, in QGIS: Layer > Set Layer CRS, mostly EPSG:4326 (WGS 84), "
            "then convert them: Processing > Reproject Layer to EPSG:5514"
        )
    if form == DEGREES_SWAPPED:
        return _(
            "swap the axes, in QGIS: Processing > Swap X and Y Coordinates; set EPSG:4326 and "
            "convert: Processing > Reproject Layer to EPSG:5514"
        )
    return _(
        "find out the coordinate system of the source, set it in QGIS (Layer > Set Layer CRS) and "
        "convert to EPSG:5514; delete areas that do not belong to the town"
    )
