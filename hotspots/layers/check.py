"""The rules an area layer must keep, checked at every door a layer comes in through."""

from typing import Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from hotspots import schema
from hotspots.crs import require_5514
from hotspots.errors import SchemaError
from hotspots.i18n import _
from hotspots.validity import say_invalid

AREA_LAYERS: Final = tuple(kind for kind in schema.AREA_KINDS if kind != schema.GRID)
_POLYGONAL: Final = (3, 6)  # shapely type ids of Polygon and MultiPolygon
_NUMBERS: Final = (
    schema.RESIDENTS,
    schema.RESIDENTS_YEAR,
    schema.AREA_KM2,
    schema.LENGTH_M,
    schema.PRECISION_M,
)
_SHOWN: Final = 5


def area_columns(kind: str) -> tuple[str, ...]:
    """Return the columns an area layer of `kind` has, geometry last."""
    if kind != schema.SEGMENT:
        return schema.AREA_COLUMNS
    return (
        *schema.AREA_COLUMNS[:-1],
        schema.STREET_ID,
        schema.SEGMENT_NUMBER,
        schema.GEOMETRY,
    )


def some(names: "pd.Series[str]") -> str:
    """Return the first few of `names` for a message."""
    shown = ", ".join(str(name) for name in names.iloc[:_SHOWN])
    return f"{shown}, …" if len(names) > _SHOWN else shown


def check_areas(areas: gpd.GeoDataFrame, kind: str, *, what: str) -> None:
    """Raise unless `areas` is a sound area layer of `kind`.

    Parameters
    ----------
    areas
        Area frame. Not modified.
    kind
        One of `schema.AREA_KINDS`.
    what
        How messages name the layer or file.

    Raises
    ------
    SchemaError
        A column is missing; `area_id` is empty or occurs twice; `kind` differs; a number is
        negative; a geometry is missing, empty, no polygon, or invalid.
    CRSError
        The layer is not in EPSG:5514.
    """
    missing = [name for name in area_columns(kind) if name not in areas.columns]
    if missing:
        raise SchemaError(
            _("{what} lacks the columns {names}; build or import the layer anew").format(
                what=what, names=", ".join(missing)
            )
        )
    require_5514(areas.crs, what=what)
    ids = areas[schema.AREA_ID]
    if ids.isna().any() or (ids.astype(str).str.strip() == "").any():
        raise SchemaError(
            _("{what} has areas without area_id; give each its own").format(what=what)
        )
    twice = ids[ids.duplicated()].drop_duplicates()
    if len(twice):
        raise SchemaError(
            _("{what} holds these area_id more than once: {names}; give each area its own").format(
                what=what, names=some(twice)
            )
        )
    others = sorted(set(areas[schema.KIND].astype(str)) - {kind})
    if others:
        raise SchemaError(
            _("{what} must hold areas of kind {kind} only, but holds {names}").format(
                what=what, kind=kind, names=", ".join(others)
            )
        )
    for column in _NUMBERS:
        if not pd.api.types.is_numeric_dtype(areas[column]) or (areas[column] < 0).any():
            raise SchemaError(
                _("{what}: column {column} must hold numbers of at least zero").format(
                    what=what, column=column
                )
            )
    check_polygons(areas.geometry, ids, what=what)


def check_polygons(geometry: gpd.GeoSeries, names: "pd.Series[str]", *, what: str) -> None:
    """Raise unless every geometry is a valid, non-empty polygon; `names` are for the message.

    Raises
    ------
    SchemaError
        A geometry is missing, empty, no polygon, or invalid.
    """
    shapes = np.asarray(geometry.array, dtype=object)
    absent = shapely.is_missing(shapes) | shapely.is_empty(shapes)
    if absent.any():
        raise SchemaError(
            _("{what} has areas without geometry: {names}; draw them or leave them out").format(
                what=what, names=some(names[absent])
            )
        )
    odd = ~np.isin(shapely.get_type_id(shapes), _POLYGONAL)
    if odd.any():
        raise SchemaError(
            _("{what} must hold polygons only; these are none: {names}").format(
                what=what, names=some(names[odd])
            )
        )
    endless = ~np.isfinite(shapely.bounds(shapes)).all(axis=1)
    if endless.any():
        raise SchemaError(
            _("{what} has polygons with coordinates that are no numbers: {names}").format(
                what=what, names=some(names[endless])
            )
        )
    broken = ~shapely.is_valid(shapes)
    if broken.any():
        first = int(np.flatnonzero(broken)[0])
        raise SchemaError(
            _(
                "{what} has invalid polygons: {names} ({reason}); "
                "mend them in QGIS: Processing > Fix Geometries, or with the option --repair"
            ).format(
                what=what,
                names=some(names[broken]),
                reason=say_invalid(shapes[first]),
            )
        )
