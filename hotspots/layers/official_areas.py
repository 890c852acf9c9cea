"""Area layers from official polygons: ids, precision, residents known before, invalid polygons."""

from dataclasses import dataclass
from typing import Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from hotspots import schema
from hotspots.errors import SchemaError
from hotspots.i18n import _
from hotspots.layers.area_frame import make_area_frame
from hotspots.layers.check import some
from hotspots.layers.mending import changes_more, read_invalid
from hotspots.layers.tangles import is_tangled
from hotspots.layers.town_data import CODE, NUMBER
from hotspots.validity import say_invalid

# Codes of ČSÚ have six digits; RÚIAN writes them without the leading zeros.
CODE_DIGITS: Final = 6
# RÚIAN gives boundaries to 1 cm, but the ground they stand for was measured to about this [m].
OFFICIAL_PRECISION_M: Final = 1.0
GENERALISED_PRECISION_M: Final = 15.0
# A repair that changes a polygon's area by a larger share than this is no repair.
REPAIR_SHARE: Final = 1e-4
_POLYGONAL: Final = (3, 6)  # shapely type ids of Polygon and MultiPolygon

_Shapes = npt.NDArray[np.object_]


@dataclass(frozen=True)
class OfficialAreas:
    """One area layer made from official polygons.

    Attributes
    ----------
    areas
        Area frame; empty where the data have no polygon of this kind.
    without_polygon
        Names of units that the data know by a point only, or not at all.
    repaired
        Names of those whose invalid polygons were repaired.
    """

    areas: gpd.GeoDataFrame
    without_polygon: tuple[str, ...]
    repaired: tuple[str, ...]


def code_id(kind: str, code: str) -> str:
    """Return the `area_id` of a unit with a code of RÚIAN, the same for every version of layers."""
    return f"{kind}:{code.zfill(CODE_DIGITS)}"


def make_official_areas(
    kind: str,
    units: gpd.GeoDataFrame,
    *,
    former: gpd.GeoDataFrame | None,
    repair: bool,
    precision_m: float = OFFICIAL_PRECISION_M,
) -> OfficialAreas:
    """Return the area layer of one kind of unit.

    Parameters
    ----------
    kind
        `municipality`, `cadastral_unit`, `district` or `electoral_district`.
    units
        Frame of `TownData`, EPSG:5514. Not modified.
    former
        The same layer as it was, from which residents are taken by `area_id`.
    repair
        Whether invalid polygons are made valid.
    precision_m
        How far the boundaries may be off [m].

    Returns
    -------
    OfficialAreas

    Raises
    ------
    SchemaError
        A polygon is invalid and `repair` is not asked for, or a repair would change its area by
        more than 0.01 %, or it crosses itself over 1,000 times.
    """
    shapes: _Shapes = shapely.force_2d(np.asarray(units.geometry.array, dtype=object))
    polygonal = np.isin(shapely.get_type_id(shapes), _POLYGONAL) & ~shapely.is_empty(shapes)
    ids, names = _ids_and_names(kind, units)
    mended, repaired = _mend(kind, shapes[polygonal], names[polygonal], repair)
    areas = make_area_frame(
        kind,
        list(ids[polygonal]),
        list(names[polygonal]),
        np.asarray(shapely.normalize(mended), dtype=object),
        derived=False,
        precision_m=precision_m,
        source=list(units.loc[polygonal, schema.LAYER_SOURCE]),
    )
    return OfficialAreas(with_residents(areas, former), tuple(names[~polygonal]), repaired)


def with_residents(areas: gpd.GeoDataFrame, former: gpd.GeoDataFrame | None) -> gpd.GeoDataFrame:
    """Return areas with the residents, and their year, of the former areas of the same id.

    Residents that `areas` has already stay. Nothing is modified.
    """
    if former is None or former.empty:
        return areas
    known = former.set_index(schema.AREA_ID)
    filled = areas.copy()
    lacking = areas[schema.RESIDENTS].isna()
    for column in (schema.RESIDENTS, schema.RESIDENTS_YEAR):
        before = areas[schema.AREA_ID].map(known[column])
        filled[column] = areas[column].where(~lacking, before).astype(np.float64)
    return filled


def _ids_and_names(kind: str, units: gpd.GeoDataFrame) -> tuple["pd.Series[str]", "pd.Series[str]"]:
    codes = units[CODE].astype(str)
    if kind == schema.MUNICIPALITY:
        return "municipality:" + codes, units[schema.NAME].astype(str)
    if kind != schema.ELECTORAL_DISTRICT:
        return codes.map(lambda code: code_id(kind, code)), units[schema.NAME].astype(str)
    numbers = units[NUMBER].astype(str).str.lstrip("0")
    numbers = numbers.where(numbers != "", codes)
    twice = numbers.duplicated(keep=False)
    # Boroughs of a large city may number their districts each from 1.
    names = numbers.where(~twice, numbers + " (" + codes + ")")
    return (f"{kind}:" + numbers.str.zfill(2)).where(~twice, f"{kind}:" + codes), names


def _mend(
    kind: str, shapes: _Shapes, names: "pd.Series[str]", repair: bool
) -> tuple[_Shapes, tuple[str, ...]]:
    broken = ~shapely.is_valid(shapes)
    if not broken.any():
        return shapes, ()
    if not repair:
        raise SchemaError(
            _(
                "official polygons of kind {kind} are invalid: {names} ({reason}); "
                "allow them to be repaired with --repair"
            ).format(
                kind=kind,
                names=some(names[broken]),
                reason=say_invalid(shapes[broken][0]),
            )
        )
    tangled = np.array([bad and is_tangled(s) for s, bad in zip(shapes, broken, strict=True)])
    if tangled.any():
        raise SchemaError(
            _(
                "official polygons of kind {kind} cross themselves too often to be repaired: "
                "{names}; download the file again"
            ).format(kind=kind, names=some(names[tangled]))
        )
    mended = shapes.copy()
    mended[broken] = read_invalid(shapes[broken]).by_lines
    before, after = np.abs(shapely.area(shapes)), shapely.area(mended)
    changed = changes_more(before, after, share=REPAIR_SHARE)
    if changed.any():
        raise SchemaError(
            _(
                "official polygons of kind {kind} are invalid, and a repair would change their "
                "area by more than 0.01 %: {names}; download the file again, or mend them by hand"
            ).format(kind=kind, names=some(names[changed]))
        )
    return mended, tuple(names[broken])
