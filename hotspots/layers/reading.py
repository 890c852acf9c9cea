"""Reading a workspace's layers, each checked before anybody counts or draws with it."""

import hashlib
from dataclasses import replace
from datetime import date
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Final

import geopandas as gpd
import numpy as np
import pyogrio
import shapely
from pyogrio.errors import DataSourceError
from shapely.geometry.base import BaseGeometry

from hotspots import schema
from hotspots.crs import require_5514
from hotspots.errors import (
    MissingAreasError,
    NotFoundError,
    ParameterError,
    SchemaError,
    SourceError,
)
from hotspots.former import FormerAreas
from hotspots.i18n import _, format_day
from hotspots.layers.check import AREA_LAYERS, area_columns, check_areas
from hotspots.layers.grid import make_grid
from hotspots.layers.held import version_with
from hotspots.layers.labels import kind_label, layer_label
from hotspots.layers.own.origin import say_origin
from hotspots.layers.segment_ids import with_segment_numbers
from hotspots.layers.version_files import (
    LAYERS_FILE,
    VERSIONS_DIR,
    placement,
    version_file,
)
from hotspots.settings import Workspace

AXIS_LAYERS: Final = {schema.STREET: "street_axis", schema.SEGMENT: "segment_axis"}
PLACE_LAYER: Final = "place"
ADDRESS_LAYER: Final = "address"
BUILDING_LAYER: Final = "building"
_POINT_COLUMNS: Final = {
    ADDRESS_LAYER: schema.ADDRESS_COLUMNS,
    BUILDING_LAYER: schema.BUILDING_COLUMNS,
}

_Stamp = tuple[Path, int, int]


def read_areas(workspace: Workspace, kind: str) -> gpd.GeoDataFrame:
    """Return the areas of one kind.

    Parameters
    ----------
    workspace
        Whose layers to read; `grid` cells have the side its settings give.
    kind
        One of `schema.AREA_KINDS`.

    Returns
    -------
    areas
        Frame with `schema.AREA_COLUMNS` (segments also `street_id` and `segment_number`),
        EPSG:5514, sorted by `area_id`, numbered from 0. The caller's own copy.

    Raises
    ------
    ParameterError
        No such kind.
    NotFoundError
        The workspace has no layers.
    MissingAreasError
        It has none of this kind.
    SourceError
        The layers file is damaged.
    SchemaError, CRSError
        The layer breaks a rule of `check_areas`.
    """
    _require_kind(kind)
    if kind == schema.GRID:
        cells = _grid(_stamp(workspace), workspace.settings.grid_cell_m)
        return cells.copy()
    _require_layer(workspace, kind)
    areas = _areas(_stamp(workspace), kind)
    return say_origin(areas) if kind in schema.OWN_KINDS else areas.copy()


def read_kept(workspace: Workspace, kind: str) -> gpd.GeoDataFrame:
    """Return the areas of one kind as their file keeps them, to be changed and written again.

    Unlike `read_areas`, nothing in it is said in a language: see `hotspots.layers.own.origin`.

    Raises
    ------
    ParameterError, NotFoundError, SourceError, SchemaError, CRSError
        As `read_areas`.
    """
    _require_kind(kind)
    _require_layer(workspace, kind)
    return _areas(_stamp(workspace), kind).copy()


def read_former(workspace: Workspace, kind: str) -> tuple[FormerAreas, ...]:
    """Return the areas by which incidents of earlier times are placed, in order of time.

    Times in which the layers had no area of this kind, or the same areas as now, are left out:
    their incidents are placed by the layers in force, as are those in areas that the town draws
    itself and in the grid.

    Raises
    ------
    NotFoundError
        The workspace has no layers, or a version needed is gone from `layers/versions`.
    SourceError, SchemaError, CRSError
        As `read_areas`.
    """
    if kind not in schema.KEPT_KINDS:
        return ()
    now = _shape_digest(_stamp(workspace), kind)
    found: list[FormerAreas] = []
    last = ""
    for entry, following in pairwise(placement(workspace)):
        if following.since is None:
            continue
        stamp = _stamp_of(_former_file(workspace, entry.version_id, following.since))
        shape = _shape_digest(stamp, kind)
        if shape in {"", now}:
            continue  # there were none, or they are the same
        if found and shape == last and found[-1].until == entry.since:
            found[-1] = replace(found[-1], until=following.since)
            continue
        found.append(
            FormerAreas(
                entry.version_id,
                following.since,
                _areas(stamp, kind),
                _boundary(stamp),
                since=entry.since,
            )
        )
        last = shape
    return tuple(found)


def read_points(workspace: Workspace, layer: str) -> gpd.GeoDataFrame:
    """Return address points or buildings; empty where the workspace has none.

    Parameters
    ----------
    workspace
        Whose layers to read.
    layer
        `ADDRESS_LAYER` or `BUILDING_LAYER`.

    Returns
    -------
    points
        `schema.ADDRESS_COLUMNS` or `schema.BUILDING_COLUMNS`, EPSG:5514, sorted by code; the
        geometry is None where the source gives no position. The caller's own copy.

    Raises
    ------
    NotFoundError, SourceError, SchemaError, CRSError
        As `read_areas`.
    """
    return _points(_stamp(workspace), layer).copy()


def read_axes(workspace: Workspace, kind: str) -> gpd.GeoDataFrame | None:
    """Return the lines to draw for areas of `kind`, or None where that kind has none.

    Returns
    -------
    axes
        Columns `area_id` and `geometry` (lines; a point for a street known at one point only),
        EPSG:5514, sorted by `area_id`. The caller's own copy.

    Raises
    ------
    NotFoundError, SourceError, SchemaError, CRSError
        As `read_areas`.
    """
    if kind not in AXIS_LAYERS:
        return None
    stamp = _stamp(workspace)
    if AXIS_LAYERS[kind] not in _names(stamp):
        return None
    return _axes(stamp, AXIS_LAYERS[kind]).copy()


def read_boundary(workspace: Workspace) -> BaseGeometry:
    """Return the study area's boundary, a polygon in EPSG:5514 [m].

    Raises
    ------
    NotFoundError, SourceError, SchemaError, CRSError
        As `read_areas`.
    """
    return _boundary(_stamp(workspace))


def read_places(workspace: Workspace) -> gpd.GeoDataFrame:
    """Return the landmarks: `name`, `place_kind`, `derived`, `precision_m`, `layer_source`, points.

    EPSG:5514, sorted by kind and name; empty where the workspace has none.

    Raises
    ------
    NotFoundError, SourceError, SchemaError, CRSError
        As `read_areas`.
    """
    return _places(_stamp(workspace)).copy()


def layers_version(workspace: Workspace) -> str:
    """Return 12 hexadecimal digits that change when the layers file's content does.

    Raises
    ------
    NotFoundError
        The workspace has no layers.
    """
    return _digest(_stamp(workspace))


def list_layers(workspace: Workspace) -> tuple[str, ...]:
    """Return the names of the layers the workspace keeps, sorted.

    Raises
    ------
    NotFoundError, SourceError
        The workspace has no layers; the file is damaged.
    """
    return _names(_stamp(workspace))


def _require_kind(kind: str) -> None:
    if kind not in schema.AREA_KINDS:
        raise ParameterError(
            _("kind must be one of {known}, got {value!r}").format(
                known=", ".join(schema.AREA_KINDS), value=kind
            )
        )


def _require_layer(workspace: Workspace, kind: str) -> None:
    names = _names(_stamp(workspace))
    if kind in names:
        return
    found = version_with(workspace, kind) if kind in schema.OWN_KINDS else None
    label = kind_label(kind)
    if found is not None:
        text = _(
            "{kind}: the layers in force have none; version {id} has them: hotspots layers use {id}"
        ).format(kind=label, id=found)
    elif kind in schema.OWN_KINDS:
        text = _(
            "{kind}: none are drawn in this workspace; draw them in QGIS as polygons with a name "
            "and bring them with: hotspots layers import FILE --as {code}"
        ).format(kind=label, code=kind)
    else:
        known = ", ".join(kind_label(one) for one in AREA_LAYERS if one in names)
        text = _("{kind}: the layers in force have none; they have {known}").format(
            kind=label, known=known or "–"
        )
    raise MissingAreasError(text, kind=kind, version_id=found)


def _former_file(workspace: Workspace, version_id: int, until: date) -> Path:
    try:
        return version_file(workspace, version_id)
    except NotFoundError as error:
        raise NotFoundError(
            _(
                "version {id} of the layers, by which incidents before {day} are placed, is gone "
                "from {path}; put its file back, or place them anew: hotspots layers place"
            ).format(id=version_id, day=format_day(until), path=workspace.layers / VERSIONS_DIR)
        ) from error


def _stamp_of(path: Path) -> _Stamp:
    state = path.stat()
    return path, state.st_mtime_ns, state.st_size


def _stamp(workspace: Workspace) -> _Stamp:
    path = workspace.layers / LAYERS_FILE
    try:
        state = path.stat()
    except FileNotFoundError as error:
        raise NotFoundError(
            _(
                "the workspace {workspace} has no layers yet; bring them with: "
                "hotspots layers fetch, or hotspots layers import FILE"
            ).format(workspace=workspace.path)
        ) from error
    return path, state.st_mtime_ns, state.st_size


@lru_cache(maxsize=8)
def _digest(stamp: _Stamp) -> str:
    return hashlib.sha256(stamp[0].read_bytes()).hexdigest()[:12]


@lru_cache(maxsize=64)
def _names(stamp: _Stamp) -> tuple[str, ...]:
    try:
        return tuple(sorted(str(name) for name in pyogrio.list_layers(stamp[0])[:, 0]))
    except DataSourceError as error:
        raise SourceError(
            _("{path} cannot be read as GeoPackage ({reason}); import the layers anew").format(
                path=stamp[0], reason=error
            )
        ) from error


def _frame(stamp: _Stamp, layer: str) -> gpd.GeoDataFrame:
    if layer not in _names(stamp):
        raise NotFoundError(
            _("{name}: the layers have no {layer}; import them anew").format(
                name=stamp[0].name, layer=layer_label(layer)
            )
        )
    try:
        return pyogrio.read_dataframe(stamp[0], layer=layer)
    except DataSourceError as error:
        raise SourceError(
            _("{path} cannot be read as GeoPackage ({reason}); import the layers anew").format(
                path=stamp[0], reason=error
            )
        ) from error


def _what(stamp: _Stamp, layer: str) -> str:
    return _("layer {layer} of {path}").format(layer=layer, path=stamp[0])


@lru_cache(maxsize=48)
def _areas(stamp: _Stamp, kind: str) -> gpd.GeoDataFrame:
    frame = _frame(stamp, kind)
    if kind == schema.SEGMENT and {schema.AREA_ID, schema.STREET_ID} <= set(frame.columns):
        frame = with_segment_numbers(frame)
    check_areas(frame, kind, what=_what(stamp, kind))
    chosen = frame[list(area_columns(kind))].sort_values(schema.AREA_ID, ignore_index=True)
    chosen[schema.DERIVED] = chosen[schema.DERIVED].astype(bool)
    return chosen


@lru_cache(maxsize=128)
def _shape_digest(stamp: _Stamp, kind: str) -> str:
    """Return a digest of where areas and boundary lie; empty where there are no such areas."""
    if kind not in _names(stamp) or _areas(stamp, kind).empty:
        return ""
    digest = hashlib.sha256()
    for layer in (kind, schema.MUNICIPALITY):
        areas = _areas(stamp, layer)
        digest.update(repr(areas[schema.AREA_ID].tolist()).encode())
        for shape in shapely.to_wkb(np.asarray(areas.geometry.array, dtype=object)):
            digest.update(shape)
    return digest.hexdigest()


@lru_cache(maxsize=4)
def _grid(stamp: _Stamp, cell_m: float) -> gpd.GeoDataFrame:
    town = _areas(stamp, schema.MUNICIPALITY)[schema.LAYER_SOURCE].astype(str)
    return make_grid(_boundary(stamp), cell_m=cell_m, boundary_source="; ".join(sorted(set(town))))


@lru_cache(maxsize=4)
def _axes(stamp: _Stamp, layer: str) -> gpd.GeoDataFrame:
    frame = _frame(stamp, layer)
    _require(frame, (schema.AREA_ID, schema.GEOMETRY), _what(stamp, layer))
    chosen = frame[[schema.AREA_ID, schema.GEOMETRY]]
    return chosen.sort_values(schema.AREA_ID, ignore_index=True)


@lru_cache(maxsize=16)
def _boundary(stamp: _Stamp) -> BaseGeometry:
    areas = _areas(stamp, schema.MUNICIPALITY)
    if areas.empty:
        raise SchemaError(
            _("{what} is empty; import the layers anew").format(
                what=_what(stamp, schema.MUNICIPALITY)
            )
        )
    return areas.union_all()


@lru_cache(maxsize=4)
def _points(stamp: _Stamp, layer: str) -> gpd.GeoDataFrame:
    columns = _POINT_COLUMNS[layer]
    if layer not in _names(stamp):
        empty: dict[str, list[object]] = {name: [] for name in columns}
        return gpd.GeoDataFrame(empty, geometry=schema.GEOMETRY, crs="EPSG:5514")
    frame = _frame(stamp, layer)
    _require(frame, columns, _what(stamp, layer))
    return frame[list(columns)].sort_values(columns[0], ignore_index=True)


@lru_cache(maxsize=4)
def _places(stamp: _Stamp) -> gpd.GeoDataFrame:
    columns = [
        schema.NAME,
        schema.PLACE_KIND,
        schema.DERIVED,
        schema.PRECISION_M,
        schema.LAYER_SOURCE,
        schema.GEOMETRY,
    ]
    if PLACE_LAYER not in _names(stamp):
        empty: dict[str, list[object]] = {name: [] for name in columns}
        return gpd.GeoDataFrame(empty, geometry=schema.GEOMETRY, crs="EPSG:5514")
    frame = _frame(stamp, PLACE_LAYER)
    _require(frame, tuple(columns), _what(stamp, PLACE_LAYER))
    chosen = frame[columns].sort_values([schema.PLACE_KIND, schema.NAME], ignore_index=True)
    chosen[schema.DERIVED] = chosen[schema.DERIVED].astype(bool)
    return chosen


def _require(frame: gpd.GeoDataFrame, columns: tuple[str, ...], what: str) -> None:
    missing = [name for name in columns if name not in frame.columns]
    if missing:
        raise SchemaError(
            _("{what} lacks the columns {names}; build or import the layer anew").format(
                what=what, names=", ".join(missing)
            )
        )
    require_5514(frame.crs, what=what)


__all__ = [
    "ADDRESS_LAYER",
    "AREA_LAYERS",
    "AXIS_LAYERS",
    "BUILDING_LAYER",
    "LAYERS_FILE",
    "PLACE_LAYER",
    "layers_version",
    "list_layers",
    "read_areas",
    "read_axes",
    "read_boundary",
    "read_former",
    "read_kept",
    "read_places",
    "read_points",
]
