"""Everything that is wrong with a town's layers, listed at once, each with its cure."""

from collections.abc import Generator, Iterable, Iterator, Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Final, TypeVar

import geopandas as gpd
import numpy as np
import pyogrio
import shapely
from shapely.geometry.base import BaseGeometry

from hotspots import schema
from hotspots.errors import SourceError
from hotspots.i18n import _
from hotspots.layers.check import AREA_LAYERS
from hotspots.layers.checks.coordinate_forms import place_frame
from hotspots.layers.checks.fit_rules import check_fit
from hotspots.layers.checks.polygon_rules import POLYGONAL, check_polygons_singly
from hotspots.layers.checks.problems import ERROR, SEVERITIES, Problem, texts_of
from hotspots.layers.checks.street_rules import check_addresses, check_streets
from hotspots.layers.checks.table_rules import (
    check_columns,
    check_measures,
    check_table,
    compare_residents,
)
from hotspots.layers.checks.version_rules import check_version, missing_layers
from hotspots.layers.reading import ADDRESS_LAYER, AXIS_LAYERS, BUILDING_LAYER, PLACE_LAYER
from hotspots.layers.tangles import make_untangled_valid
from hotspots.layers.unreadable import UNREADABLE
from hotspots.layers.versions import LAYERS_FILE, current_version, placement
from hotspots.settings import Settings, Workspace

_T = TypeVar("_T")
_AXIS_COLUMNS: Final = (schema.AREA_ID, schema.GEOMETRY)
_PLACE_COLUMNS: Final = (
    schema.NAME,
    schema.PLACE_KIND,
    schema.DERIVED,
    schema.PRECISION_M,
    schema.LAYER_SOURCE,
    schema.GEOMETRY,
)
_OTHER_COLUMNS: Final = {
    **dict.fromkeys(AXIS_LAYERS.values(), _AXIS_COLUMNS),
    ADDRESS_LAYER: schema.ADDRESS_COLUMNS,
    BUILDING_LAYER: schema.BUILDING_COLUMNS,
    PLACE_LAYER: _PLACE_COLUMNS,
}


def check_frames(
    frames: Mapping[str, gpd.GeoDataFrame],
    boundary: BaseGeometry | None,
    *,
    settings: Settings | None = None,
) -> tuple[Problem, ...]:
    """Return everything that is wrong with layers, errors first.

    Layers whose coordinates are wrong in a way that is certain are looked at further as they
    would be once mended; of the others, only the coordinates are told.

    Parameters
    ----------
    frames
        GeoPackage layer → its frame: area layers, axes, places, addresses, buildings; others are
        not looked at. In any coordinate system. Not modified.
    boundary
        Study area, a valid polygon in EPSG:5514; None where there is none.
    settings
        With which the municipality is compared; None: not compared.

    Returns
    -------
    problems
        By severity, then in the order of `schema.AREA_KINDS`.
    """
    found: list[Problem] = []
    sound: dict[str, gpd.GeoDataFrame] = {}
    for layer, frame in frames.items():
        if layer in AREA_LAYERS or layer in _OTHER_COLUMNS:
            placed = _collect(found, _check_layer(frame, layer, boundary))
            if placed is not None:
                sound[layer] = placed
    found.extend(check_streets(sound))
    found.extend(check_addresses(sound, boundary))
    found.extend(compare_residents(frames))
    if settings is not None:
        found.extend(_municipality(frames, settings))
    return _sorted(found)


def check_layers(workspace: Workspace, *, today: date | None = None) -> tuple[Problem, ...]:
    """Return everything that is wrong with the layers in force of a workspace.

    Layers are read as they are, so that a fault does not hide the others.

    Parameters
    ----------
    workspace
        Whose layers to check. Nothing is changed.
    today
        The day by which data are old; None: today.

    Returns
    -------
    problems
        As `check_frames`, and those of the file as a whole.

    Raises
    ------
    NotFoundError
        The workspace has no layers.
    """
    path = workspace.layers / LAYERS_FILE
    try:
        version = current_version(workspace)
        placement(workspace)
    except SourceError as error:
        return (_damaged_file(str(error)),)
    frames, found = read_leniently(path)
    found.extend(check_frames(frames, study_area(frames), settings=workspace.settings))
    found.extend(missing_layers(frames, found))
    found.extend(check_version(workspace, version, today or datetime.now(UTC).date()))
    return _sorted(found)


def read_leniently(path: Path) -> tuple[dict[str, gpd.GeoDataFrame], list[Problem]]:
    """Return every layer of a GeoPackage that can be read, and a problem for each that cannot.

    No rule is enforced; layers without geometry are none of ours.
    """
    frames: dict[str, gpd.GeoDataFrame] = {}
    found: list[Problem] = []
    try:
        names = [str(name) for name in pyogrio.list_layers(path)[:, 0]]
    except UNREADABLE as error:
        return {}, [_damaged_file(str(error))]
    for name in names:
        if name not in AREA_LAYERS and name not in _OTHER_COLUMNS:
            continue
        try:
            frame = pyogrio.read_dataframe(path, layer=name, on_invalid="ignore")
        except UNREADABLE as error:
            found.append(_damaged_layer(name, str(error)))
            continue
        if isinstance(frame, gpd.GeoDataFrame):
            frames[name] = frame
        else:
            found.append(_damaged_layer(name, _("it has no geometry")))
    return frames, found


def study_area(frames: Mapping[str, gpd.GeoDataFrame]) -> BaseGeometry | None:
    """Return the boundary as far as it can be told; None where nothing can be held against it."""
    town = frames.get(schema.MUNICIPALITY)
    if town is None:
        return None
    placed = place_frame(town, schema.MUNICIPALITY).frame
    if placed is None:
        return None
    shapes = np.asarray(placed.geometry.array, dtype=object)
    finite = np.isfinite(shapely.bounds(shapes)).all(axis=1)
    shapes = shapely.force_2d(shapes[finite])
    whole = shapely.union_all(make_untangled_valid(shapes))
    usable = not whole.is_empty and shapely.get_type_id(whole) in POLYGONAL
    return whole if usable else None


def _collect(found: list[Problem], problems: Generator[Problem, None, _T]) -> _T:
    """Add what a rule yields to `found` and return what it returns."""
    while True:
        try:
            found.append(next(problems))
        except StopIteration as end:
            result: _T = end.value
            return result


def _check_layer(
    frame: gpd.GeoDataFrame, layer: str, boundary: BaseGeometry | None
) -> Generator[Problem, None, gpd.GeoDataFrame | None]:
    """Yield what is wrong with one layer; return it in EPSG:5514 where it has all its columns."""
    if layer in AREA_LAYERS:
        complete = yield from check_table(frame, layer)
    else:
        complete = yield from check_columns(frame, layer, _OTHER_COLUMNS[layer])
    against = None if layer == schema.MUNICIPALITY else boundary
    placed = place_frame(frame, layer, against)
    yield from placed.problems
    if placed.frame is None:
        return None
    if layer in AREA_LAYERS:
        usable = yield from check_polygons_singly(placed.frame, layer)
        yield from check_fit(placed.frame[usable], layer, boundary)
        yield from check_measures(placed.frame[usable], layer)
    return placed.frame if complete else None


def _municipality(frames: Mapping[str, gpd.GeoDataFrame], settings: Settings) -> Iterator[Problem]:
    town = frames.get(schema.MUNICIPALITY)
    if town is None:
        return
    codes = {str(i).rpartition(":")[2] for i in texts_of(town, schema.AREA_ID)} - {""}
    others = sorted(codes - {settings.municipality})
    if not others:
        return
    names = ", ".join(sorted({str(name) for name in texts_of(town, schema.NAME)}))
    yield Problem(
        "other_municipality",
        ERROR,
        schema.MUNICIPALITY,
        len(others),
        tuple(others),
        _("the layers are of {name} ({code}), but the settings say {town} ({municipality})").format(
            name=names,
            code=", ".join(others),
            town=settings.town,
            municipality=settings.municipality,
        ),
        _(
            "bring the layers of that town (hotspots layers fetch), or correct municipality and "
            "town in settings.toml"
        ),
    )


def _damaged_file(reason: str) -> Problem:
    return Problem(
        "damaged_file",
        ERROR,
        "",
        1,
        (),
        _("the layers file cannot be read: {reason}").format(reason=reason),
        _(
            "put a version that was kept in force (hotspots layers use), or import the layers "
            "anew: hotspots layers import FILE"
        ),
    )


def _damaged_layer(layer: str, reason: str) -> Problem:
    return Problem(
        "damaged_layer",
        ERROR,
        layer,
        1,
        (),
        _("the layer cannot be read: {reason}").format(reason=reason),
        _(
            "put a version that was kept in force (hotspots layers use), or import the layer "
            "anew: hotspots layers import FILE"
        ),
    )


def _sorted(found: Iterable[Problem]) -> tuple[Problem, ...]:
    order = {kind: rank for rank, kind in enumerate(("", *AREA_LAYERS, *_OTHER_COLUMNS))}
    return tuple(
        sorted(found, key=lambda p: (SEVERITIES.index(p.severity), order.get(p.layer, 99), p.rule))
    )


__all__ = ["Problem", "check_frames", "check_layers", "read_leniently", "study_area"]
