"""A town's own areas brought in: localities, beats, quarters, districts of its GIS officer."""

from pathlib import Path
from typing import Any, Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from hotspots import schema
from hotspots.errors import NotFoundError, ParameterError, SchemaError
from hotspots.i18n import _, format_number, ngettext
from hotspots.layers.area_frame import make_area_frame
from hotspots.layers.brought import Brought
from hotspots.layers.census.counted_residents import read_count, read_year
from hotspots.layers.check import check_areas, check_polygons, some
from hotspots.layers.checks.problems import area_text
from hotspots.layers.mending import changes_more, read_invalid
from hotspots.layers.own.area_ids import bare_code, make_ids, plain_texts
from hotspots.layers.own.column_map import ColumnMap, remember_map
from hotspots.layers.own.columns import Chosen, choose_columns
from hotspots.layers.own.fit_town import check_fit
from hotspots.layers.own.layer_files import read_layer
from hotspots.layers.own.origin import EXAMPLE, drawn_origin
from hotspots.layers.own.streets import bring_streets
from hotspots.layers.reading import LAYERS_FILE, list_layers, read_boundary, read_kept
from hotspots.layers.tangles import MAX_SELF_CROSSINGS, is_tangled
from hotspots.layers.versions import OWN_AREAS
from hotspots.settings import Workspace
from hotspots.validity import say_invalid

# Drawn on a screen over a map: nobody knows such an edge better than this.
DRAWN_PRECISION_M: Final = 20.0
KINDS: Final = (
    schema.LOCALITY,
    schema.PATROL_BEAT,
    schema.QUARTER,
    schema.ELECTORAL_DISTRICT,
    schema.DISTRICT,
    schema.TOWN_PART,
    schema.CADASTRAL_UNIT,
    schema.MUNICIPALITY,
    schema.STREET,
)
_NAME_LENGTH: Final = 200
_POLYGONAL: Final = (3, 6)
# A town's own area redrawn by more than this share of its size is another one: its residents go.
_REDRAWN: Final = 0.05
# An area that mending changes by a larger share than this is not what was drawn.
_MENDED: Final = 0.5
_WORTH_SAYING: Final = 0.01  # share of its ground that a mended area has lost or gained

_Shapes = npt.NDArray[np.object_]


def import_areas(
    workspace: Workspace,
    file: Path,
    *,
    kind: str,
    layer: str | None = None,
    name_column: str | None = None,
    code_column: str | None = None,
    crs: str | None = None,
    example: bool = False,
    repair: bool = False,
) -> Brought:
    """Read a town's own areas, or street lines, from a map file; nothing is put in force.

    Parameters
    ----------
    workspace
        Must have layers already, unless the file is the boundary.
    file, layer, crs
        As `hotspots.layers.own.layer_files.read_layer`.
    kind
        One of `KINDS`; `street` takes lines, the others polygons.
    name_column, code_column
        Columns of the names and codes; None: as remembered, else as the headers look.
    example
        The polygons are made up: their names and source say so wherever they are shown. For areas
        that the town draws itself (`schema.OWN_KINDS`).
    repair
        Mend invalid polygons; the notes say what changed.

    Returns
    -------
    brought
        The frame of `kind`, for `street` the four street layers. Areas that are in force keep
        their `area_id`, see `area_ids.make_ids`. Areas of `schema.OWN_KINDS` may overlap.

    Raises
    ------
    SourceError, CRSError, NotFoundError
        As `read_layer`; the workspace has no layers.
    SchemaError
        No such column, or none that looks like the names; a name or code is missing or occurs
        twice; a geometry is invalid, empty, of another type, or wholly outside the study area;
        official areas overlap; the map remembered breaks a rule.
    ParameterError
        `kind` is none of `KINDS`, or `example` is asked for official areas.
    """
    _check_arguments(workspace, kind, example)
    drawn, source = read_layer(file, layer=layer, crs=crs)
    if drawn.empty:
        raise SchemaError(_("{path} holds no polygon").format(path=file))
    chosen = choose_columns(
        workspace, file, drawn, kind=kind, name_column=name_column, code_column=code_column
    )
    notes = list(chosen.notes)
    if kind == schema.STREET:
        frames = bring_streets(
            workspace,
            drawn,
            file,
            columns=chosen.columns,
            precision_m=DRAWN_PRECISION_M,
            notes=notes,
        )
    else:
        areas = _make_areas(workspace, drawn, file, kind, chosen, example, repair, notes)
        boundary = read_boundary(workspace) if _has_layers(workspace) else None
        check_fit(areas, kind, boundary, file=file, notes=notes)
        frames = {kind: areas}
    if name_column or code_column:
        remember_map(workspace, kind, chosen.columns)
    return Brought(frames, OWN_AREAS, (source,), tuple(notes))


def _check_arguments(workspace: Workspace, kind: str, example: bool) -> None:
    if kind not in KINDS:
        raise ParameterError(
            _("kind must be one of {known}, got {value!r}").format(
                known=", ".join(KINDS), value=kind
            )
        )
    if example and kind not in schema.OWN_KINDS:
        raise ParameterError(
            _("only areas the town draws itself can be examples: {known}; got {value}").format(
                known=", ".join(sorted(schema.OWN_KINDS)), value=kind
            )
        )
    if kind != schema.MUNICIPALITY and not _has_layers(workspace):
        raise NotFoundError(
            _(
                "the workspace {workspace} has no layers yet; bring them with: "
                "hotspots layers fetch, or hotspots layers import FILE"
            ).format(workspace=workspace.path)
        )


def _has_layers(workspace: Workspace) -> bool:
    return (workspace.layers / LAYERS_FILE).is_file()


def _in_force(workspace: Workspace, kind: str) -> gpd.GeoDataFrame | None:
    if not _has_layers(workspace) or kind not in list_layers(workspace):
        return None
    return read_kept(workspace, kind)


def _make_areas(
    workspace: Workspace,
    drawn: gpd.GeoDataFrame,
    file: Path,
    kind: str,
    chosen: Chosen,
    example: bool,
    repair: bool,
    notes: list[str],
) -> gpd.GeoDataFrame:
    columns = chosen.columns
    if kind == schema.MUNICIPALITY and len(drawn) != 1:
        raise SchemaError(
            _("{path} must hold one polygon, the boundary; it holds {n}").format(
                path=file, n=len(drawn)
            )
        )
    names = _names(drawn, file, kind, columns, workspace)
    codes = plain_texts(drawn[columns.code]) if columns.code else None
    if codes is not None:
        _check_codes(codes, names, file, columns.code)
    if kind == schema.MUNICIPALITY:
        codes = _own_code(codes, file, workspace)
    geometry = _mended(drawn.geometry, names, notes) if repair else drawn.geometry
    check_polygons(geometry, names, what=str(file))
    shapes = np.asarray(geometry.array, dtype=object)
    former = _in_force(workspace, kind)
    frame = make_area_frame(
        kind,
        make_ids(kind, list(names), None if codes is None else list(codes), former=former),
        list(names),
        shapes,
        derived=example,
        precision_m=DRAWN_PRECISION_M,
        source=_source(kind, file, example),
        residents=_numbers(drawn, columns.residents, read_count, file),
        year=_numbers(drawn, columns.year, read_year, file),
    )
    if not columns.residents:
        frame = _with_known_residents(frame, former, kind, notes)
    check_areas(frame, kind, what=str(file))
    return frame


def _source(kind: str, file: Path, example: bool) -> str:
    if example:
        return EXAMPLE
    return drawn_origin(file.name) if kind in schema.OWN_KINDS else file.name


def _names(
    drawn: gpd.GeoDataFrame, file: Path, kind: str, columns: ColumnMap, workspace: Workspace
) -> "pd.Series[str]":
    if not columns.name:
        return pd.Series(workspace.settings.town, index=drawn.index, dtype="object")
    names = plain_texts(drawn[columns.name])
    nameless = int((names == "").sum())
    if nameless:
        raise SchemaError(
            ngettext(
                "{path}: {n} polygon has no name in column {name}",
                "{path}: {n} polygons have no name in column {name}",
                nameless,
            ).format(path=file, n=nameless, name=columns.name)
        )
    long = names[names.str.len() > _NAME_LENGTH]
    if len(long):
        raise SchemaError(
            _("{path}: names must have at most {n} characters; this one is longer: {name}…").format(
                path=file, n=_NAME_LENGTH, name=long.iloc[0][:60]
            )
        )
    twice = names[names.duplicated()].drop_duplicates()
    if len(twice) and not (columns.code and kind not in schema.OWN_KINDS):
        raise SchemaError(
            _("{path}: these names occur more than once: {names}").format(
                path=file, names=some(twice)
            )
        )
    return names


def _check_codes(codes: "pd.Series[str]", names: "pd.Series[str]", file: Path, column: str) -> None:
    missing = names[codes == ""]
    if len(missing):
        raise SchemaError(
            _("{path}: these areas have no code in column {column}: {names}").format(
                path=file, column=column, names=some(missing)
            )
        )
    bare = codes.map(bare_code)
    twice = codes[bare.duplicated()].drop_duplicates()
    if len(twice):
        raise SchemaError(
            _("{path}: these codes occur more than once in column {column}: {codes}").format(
                path=file, column=column, codes=some(twice)
            )
        )


def _own_code(codes: "pd.Series[str] | None", file: Path, workspace: Workspace) -> "pd.Series[str]":
    own = workspace.settings.municipality
    if codes is not None and bare_code(codes.iloc[0]) != bare_code(own):
        raise SchemaError(
            _(
                "{path} is the boundary of municipality {code}, but the study area is {own}; "
                "bring another town's layers with: hotspots layers fetch --municipality {code}"
            ).format(path=file, code=codes.iloc[0], own=own)
        )
    return pd.Series([own])


def _mended(geometry: gpd.GeoSeries, names: "pd.Series[str]", notes: list[str]) -> gpd.GeoSeries:
    """Return polygons with invalid ones made valid, and note by how much each changed."""
    shapes = np.asarray(geometry.array, dtype=object).copy()
    usable = np.isin(shapely.get_type_id(shapes), _POLYGONAL) & ~shapely.is_empty(shapes)
    usable &= np.isfinite(shapely.bounds(shapes)).all(axis=1)
    for i in np.flatnonzero(usable & ~shapely.is_valid(shapes)):
        if is_tangled(shapes[i]):
            raise SchemaError(
                _(
                    "{name}: its border crosses itself more than {n} times, which is no area; "
                    "draw it anew in QGIS"
                ).format(name=names.iloc[i], n=format_number(MAX_SELF_CROSSINGS))
            )
        read = read_invalid(shapes[i : i + 1])
        mended = read.by_rings[0]
        # Loops drawn the other way round take away from the area of an invalid polygon.
        enclosed = max(abs(shapes[i].area), read.by_lines[0].area)
        _check_mended(enclosed, mended.area, names.iloc[i])
        notes.append(_say_mended(names.iloc[i], shapes[i], enclosed, mended.area))
        shapes[i] = mended
    return gpd.GeoSeries(shapes, index=geometry.index, crs=geometry.crs)


def _say_mended(name: str, shape: shapely.Geometry, enclosed: float, after: float) -> str:
    """Return what was wrong with a polygon, and how large it is now [m²]."""
    values = {"name": name, "reason": say_invalid(shape), "after": area_text(after)}
    if changes_more(np.array([enclosed]), np.array([after]), share=_WORTH_SAYING).any():
        text = _("{name} {reason}; mended, it has {after} of the {before} its lines enclose")
        return text.format(before=area_text(enclosed), **values)
    return _("{name} {reason}; mended, it has {after}").format(**values)


def _check_mended(before: float, after: float, name: str) -> None:
    """Raise `SchemaError` where mending changes an area [m²] so much that it is another one."""
    if changes_more(np.array([before]), np.array([after]), share=_MENDED).any():
        raise SchemaError(
            _(
                "{name}: mending it would turn {before} into {after}, so it is not done; "
                "draw it anew in QGIS"
            ).format(name=name, before=area_text(before), after=area_text(after))
        )


def _numbers(drawn: gpd.GeoDataFrame, column: str, read: Any, file: Path) -> Any:
    if not column:
        return np.nan
    texts = plain_texts(drawn[column])
    return [
        read(
            text,
            what=_("{path}, feature {row}, column {column}").format(
                path=file, row=i, column=column
            ),
        )
        for i, text in enumerate(texts, 1)
    ]


def _with_known_residents(
    frame: gpd.GeoDataFrame, former: gpd.GeoDataFrame | None, kind: str, notes: list[str]
) -> gpd.GeoDataFrame:
    """Return areas with the residents that the same areas in force have."""
    if former is None:
        return frame
    before = former.set_index(schema.AREA_ID).reindex(frame[schema.AREA_ID])
    same = before[schema.RESIDENTS].notna().to_numpy()
    if kind in schema.OWN_KINDS:
        old_km2, new_km2 = before[schema.AREA_KM2].to_numpy(), frame[schema.AREA_KM2].to_numpy()
        same = same & (np.abs(new_km2 - old_km2) <= _REDRAWN * old_km2)
    if not same.any():
        return frame
    for column in (schema.RESIDENTS, schema.RESIDENTS_YEAR):
        frame[column] = np.where(same, before[column].to_numpy(), frame[column].to_numpy())
    n = int(same.sum())
    notes.append(
        ngettext(
            "{n} area keeps its number of residents",
            "{n} areas keep their numbers of residents",
            n,
        ).format(n=format_number(n))
    )
    return frame
