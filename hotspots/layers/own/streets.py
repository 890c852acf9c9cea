"""A town's own street lines made into streets, each with its id, and those into areas."""

from pathlib import Path
from typing import Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from hotspots import schema
from hotspots.crs import EPSG
from hotspots.errors import SchemaError
from hotspots.i18n import _, format_number, ngettext
from hotspots.layers.check import some
from hotspots.layers.given_ids import all_segment_ids
from hotspots.layers.official_areas import with_residents
from hotspots.layers.own.area_ids import make_ids, plain_texts
from hotspots.layers.own.column_map import ColumnMap
from hotspots.layers.reading import list_layers, read_axes, read_boundary, read_kept
from hotspots.layers.street_layers import make_street_layers
from hotspots.layers.tangles import check_streets
from hotspots.settings import Workspace

_LINEAL: Final = (1, 5)  # shapely type ids of LineString and MultiLineString
# Pieces of one street this far apart [m] are probably two streets of one name.
_APART_M: Final = 500.0


def bring_streets(
    workspace: Workspace,
    drawn: gpd.GeoDataFrame,
    file: Path,
    *,
    columns: ColumnMap,
    precision_m: float,
    notes: list[str],
) -> dict[str, gpd.GeoDataFrame]:
    """Return the four street layers made from a town's own lines.

    Parameters
    ----------
    workspace
        Its boundary, settings and the streets in force, whose ids stay.
    drawn
        Lines in EPSG:5514, one or more for each street.
    file
        How messages and sources name the file.
    columns
        Where the names and codes stand. Lines without a name are left out.
    precision_m
        How far the lines may be off [m].
    notes
        Sentences are added: what was left out, and what looks odd.

    Returns
    -------
    layers
        As `hotspots.layers.street_layers.make_street_layers`.

    Raises
    ------
    SchemaError
        A geometry is no line, a street of one code has two names, no line has a name, or lines
        cross too often to be streets.
    """
    has_streets = schema.STREET in list_layers(workspace)
    former = read_kept(workspace, schema.STREET) if has_streets else None
    axes = _make_axes(drawn, file, columns, former, notes)
    axes[schema.PRECISION_M] = precision_m
    axes[schema.LAYER_SOURCE] = file.name
    axes[schema.DERIVED] = False
    settings = workspace.settings
    made = make_street_layers(
        axes,
        read_boundary(workspace),
        reach_m=settings.street_reach_m,
        segment_length_m=settings.segment_length_m,
        former=read_axes(workspace, schema.SEGMENT),
        given=all_segment_ids(workspace),
    )
    if made.without_area:
        without = axes.set_index(schema.AREA_ID)[schema.NAME].reindex(list(made.without_area))
        notes.append(
            ngettext(
                "{n} street has no area of its own, being outside the study area or on the line "
                "of another: {names}",
                "{n} streets have no area of their own, being outside the study area or on the "
                "lines of others: {names}",
                len(without),
            ).format(n=format_number(len(without)), names=some(without))
        )
    return made.layers | {schema.STREET: with_residents(made.layers[schema.STREET], former)}


def _make_axes(
    drawn: gpd.GeoDataFrame,
    file: Path,
    columns: ColumnMap,
    former: gpd.GeoDataFrame | None,
    notes: list[str],
) -> gpd.GeoDataFrame:
    names = plain_texts(drawn[columns.name])
    codes = plain_texts(drawn[columns.code]) if columns.code else names
    shapes = np.asarray(drawn.geometry.array, dtype=object)
    _require_lines(shapes, names, file)
    usable = (names != "").to_numpy() & (codes != "").to_numpy()
    usable &= ~shapely.is_empty(shapes) & (shapely.length(shapes) > 0)
    if not usable.any():
        raise SchemaError(
            _("{path}: no line has a name in column {column}").format(
                path=file, column=columns.name
            )
        )
    if not usable.all():
        left = int((~usable).sum())
        notes.append(
            ngettext(
                "{n} line without a name, code or length is left out ({km} km)",
                "{n} lines without a name, code or length are left out ({km} km)",
                left,
            ).format(
                n=format_number(left),
                km=format_number(float(np.nansum(shapely.length(shapes[~usable]))) / 1e3, digits=1),
            )
        )
    return _join_lines(shapes[usable], names[usable], codes[usable], file, columns, former, notes)


def _join_lines(
    shapes: "np.ndarray[tuple[int], np.dtype[np.object_]]",
    names: "pd.Series[str]",
    codes: "pd.Series[str]",
    file: Path,
    columns: ColumnMap,
    former: gpd.GeoDataFrame | None,
    notes: list[str],
) -> gpd.GeoDataFrame:
    table = pd.DataFrame({"code": codes.to_numpy(), "name": names.to_numpy()})
    several = table.groupby("code")["name"].nunique()
    if (several > 1).any():
        raise SchemaError(
            _("{path}: lines of one code in column {column} have different names: {codes}").format(
                path=file,
                column=columns.code,
                codes=some(pd.Series(several.index[several > 1])),
            )
        )
    groups = table.groupby("code", sort=True)
    rows_of = {str(code): rows for code, rows in groups.indices.items()}
    named = {str(code): str(name) for code, name in groups["name"].first().items()}
    keys = sorted(rows_of)
    lines = [shapely.multilinestrings(shapely.get_parts(shapes[rows_of[key]])) for key in keys]
    street_names = [named[key] for key in keys]
    check_streets(street_names, lines)
    ids = make_ids(
        schema.STREET,
        street_names,
        keys if columns.code else None,
        former=former,
    )
    apart = [
        name
        for name, line in zip(street_names, lines, strict=True)
        if shapely.get_num_geometries(shapely.buffer(line, _APART_M / 2, quad_segs=2)) > 1
    ]
    if apart and not columns.code:
        notes.append(
            _(
                "these streets have pieces more than {distance} m apart; if they are two streets "
                "of one name, give them different codes: {names}"
            ).format(distance=format_number(_APART_M), names=some(pd.Series(apart)))
        )
    frame = gpd.GeoDataFrame(
        {schema.AREA_ID: ids, schema.NAME: street_names}, geometry=lines, crs=EPSG
    )
    return frame.sort_values(schema.AREA_ID, ignore_index=True)


def _require_lines(
    shapes: "np.ndarray[tuple[int], np.dtype[np.object_]]", names: "pd.Series[str]", file: Path
) -> None:
    present = ~shapely.is_missing(shapes) & ~shapely.is_empty(shapes)
    odd = present & ~np.isin(shapely.get_type_id(shapes), _LINEAL)
    endless = present & ~np.isfinite(shapely.bounds(shapes)).all(axis=1)
    if odd.any():
        first = shapes[np.flatnonzero(odd)[0]].geom_type
        raise SchemaError(
            _(
                "{path} must hold lines only, the axes of streets; these are none: {names} "
                "({geometry}). Polygons of streets are made from the lines"
            ).format(path=file, names=some(names[odd]), geometry=first)
        )
    if endless.any():
        raise SchemaError(
            _("{path} has lines with coordinates that are no numbers: {names}").format(
                path=file, names=some(names[endless])
            )
        )
