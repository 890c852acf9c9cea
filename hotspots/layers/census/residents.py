"""Numbers of residents joined to areas by code, with the year they were counted."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final

import geopandas as gpd
import numpy as np
import pandas as pd

from hotspots import schema
from hotspots.errors import NotFoundError, ParameterError, SchemaError
from hotspots.i18n import _, format_number, ngettext
from hotspots.layers.brought import Brought
from hotspots.layers.census.code_tables import open_table
from hotspots.layers.census.counted_residents import read_count, read_year
from hotspots.layers.census.csu_tables import CODE_LISTS, Entry, is_csu, read_totals
from hotspots.layers.census.resident_columns import (
    choose_table_columns,
    read_entries,
    require_unmerged,
    uncomputed_columns,
)
from hotspots.layers.check import AREA_LAYERS, some
from hotspots.layers.labels import kind_label
from hotspots.layers.own.area_ids import bare_code, slug
from hotspots.layers.own.column_map import RESIDENTS_TABLE, ColumnMap, remember_map
from hotspots.layers.own.layer_files import hash_files
from hotspots.layers.reading import list_layers, read_kept
from hotspots.layers.town_data import SourceFile
from hotspots.layers.versions import JOINED_RESIDENTS
from hotspots.settings import Workspace

KINDS: Final = tuple(kind for kind in AREA_LAYERS if kind != schema.SEGMENT)
# Not even the densest blocks of flats come near: a slip of a column or of an area.
DENSEST_PER_HA: Final = 20_000.0
_YEARS: Final = range(1850, 2101)


@dataclass(frozen=True)
class _Table:
    """A table as read: its entries, the day they stand for where it says, and how it was read."""

    entries: list[Entry]
    is_csu: bool
    day: date | None
    columns: ColumnMap | None
    notes: tuple[str, ...]
    uncomputed: tuple[str, ...] = ()  # columns with formulas that have no value


@dataclass(frozen=True)
class _Fit:
    """Entries of one code list that belong to areas of one kind."""

    kind: str
    areas: gpd.GeoDataFrame
    matched: dict[str, list[Entry]]
    unknown: list[Entry]


def join_residents(
    workspace: Workspace,
    file: Path,
    *,
    kind: str | None = None,
    code_column: str | None = None,
    residents_column: str | None = None,
    year: int | None = None,
    layer: str | None = None,
) -> Brought:
    """Read a table of residents and give them to the areas of its codes; nothing is in force yet.

    Parameters
    ----------
    workspace
        Must have layers.
    file
        Open data of ČSÚ (of which only totals count, never the sum of sexes and ages), or any
        table with a column of codes and one of residents: CSV, XLSX, or one of them in a ZIP.
    kind
        Areas to join to; None: the kind whose codes fit best.
    code_column, residents_column
        Columns of a table that is not ČSÚ's; None: as remembered, else as the headers look.
    year
        When the residents were counted. Of a table with several years, its rows; needed where no
        column says it. None: the newest of each code.
    layer
        Sheet of a workbook; None: the first.

    Returns
    -------
    brought
        The layer of `kind` with `residents` and `residents_year` replaced where the table has a
        number. Areas without one keep theirs, and the notes say so. The geometry's source stays.

    Raises
    ------
    SourceError, NotFoundError
        As `hotspots.layers.census.code_tables.open_table`; the workspace has no layers, or none of
        `kind`.
    SchemaError
        No such column, or none that looks like it; a number is negative, not whole or more than
        20,000 per hectare; a code has several rows of one year; no code fits; no area has a
        number; merged cells hide some.
    ParameterError
        The year is not known or not in the table; `kind` is unknown or cannot be told.
    """
    _check_arguments(kind, year)
    table = _read(workspace, file, kind, code_column, residents_column, layer)
    fit = _best_fit(workspace, file, table, kind)
    notes = list(table.notes)
    if kind is None:
        notes.append(
            _("joined to {kind}, whose codes fit best ({n} of {total} areas)").format(
                kind=kind_label(fit.kind),
                n=format_number(len(fit.matched)),
                total=format_number(len(fit.areas)),
            )
        )
    counted = {area_id: _newest(entries, year, file) for area_id, entries in fit.matched.items()}
    counted = {area_id: found for area_id, found in counted.items() if found is not None}
    if not counted and year is not None:
        raise ParameterError(_no_such_year(file, fit, year))
    frame, years = _joined(fit.areas, {a: c for a, c in counted.items() if c is not None}, file)
    if not years:
        raise SchemaError(_no_number(file, table))
    notes += _left_out(fit, frame, years)
    if table.columns is not None and (code_column or residents_column):
        remember_map(workspace, RESIDENTS_TABLE, table.columns)
    source = _source(file, table, sorted(set(years.values())))
    return Brought({fit.kind: frame}, JOINED_RESIDENTS, (source,), tuple(notes))


def _check_arguments(kind: str | None, year: int | None) -> None:
    if kind is not None and kind not in KINDS:
        raise ParameterError(
            _("kind must be one of {known}, got {value!r}").format(
                known=", ".join(KINDS), value=kind
            )
        )
    if year is not None and year not in _YEARS:
        raise ParameterError(
            _("year must be from {first} to {last}, got {value}").format(
                first=_YEARS[0], last=_YEARS[-1], value=year
            )
        )


def _read(
    workspace: Workspace,
    file: Path,
    kind: str | None,
    code_column: str | None,
    residents_column: str | None,
    sheet: str | None,
) -> _Table:
    with open_table(file, sheet=sheet) as table:
        if is_csu(table.columns) and not code_column and not residents_column:
            found = list(read_totals(table, file))
            days = {day for _entry, day in found}
            note = _("read as open data of ČSÚ: totals only, not the rows by sex or age")
            day = days.pop() if len(days) == 1 else None
            return _Table([entry for entry, _day in found], True, day, None, (note,))
        columns, texts, notes = choose_table_columns(
            workspace,
            file,
            table,
            kind=kind,
            code_column=code_column,
            residents_column=residents_column,
        )
        entries = read_entries(texts, columns)
        require_unmerged(table, columns, entries, file)
        return _Table(entries, False, None, columns, notes, uncomputed_columns(table, columns))


def _best_fit(workspace: Workspace, file: Path, table: _Table, kind: str | None) -> _Fit:
    kept = list_layers(workspace)
    if kind is not None and kind not in kept:
        raise NotFoundError(
            _("the workspace has no areas of kind {kind}; it has {known}").format(
                kind=kind, known=", ".join(k for k in KINDS if k in kept)
            )
        )
    kinds = [kind] if kind is not None else [k for k in KINDS if k in kept]
    fits = [fit for k in kinds for fit in _fits(k, read_kept(workspace, k), table.entries)]
    ranked = sorted(fits, key=_score, reverse=True)
    if not ranked or not ranked[0].matched:
        if table.columns is not None and table.columns.code in table.uncomputed:
            raise SchemaError(_say_uncomputed(file, table))
        raise SchemaError(_nothing_fits(file, table, ranked))
    if len(ranked) > 1 and _score(ranked[0]) == _score(ranked[1]):
        raise ParameterError(
            _(
                "{path}: its codes fit {one} [{one_kind}] and {other} [{other_kind}] alike; say "
                "which with --as and the word in brackets"
            ).format(
                path=file,
                one=kind_label(ranked[0].kind),
                one_kind=ranked[0].kind,
                other=kind_label(ranked[1].kind),
                other_kind=ranked[1].kind,
            )
        )
    return ranked[0]


def _score(fit: _Fit) -> tuple[int, float]:
    return len(fit.matched), len(fit.matched) / max(len(fit.areas), 1)


def _fits(kind: str, areas: gpd.GeoDataFrame, entries: list[Entry]) -> list[_Fit]:
    """Return how each code list of a table fits areas of one kind."""
    known = {bare_code(str(area_id)): str(area_id) for area_id in areas[schema.AREA_ID]}
    if kind in schema.OWN_KINDS:
        ids = zip(areas[schema.NAME].astype(str), areas[schema.AREA_ID].astype(str), strict=True)
        known = {slug(name): area_id for name, area_id in ids} | known
    by_list: dict[str, list[Entry]] = defaultdict(list)
    for entry in entries:
        if not entry.code_list or CODE_LISTS.get(kind, entry.code_list) == entry.code_list:
            by_list[entry.code_list].append(entry)
    fits = []
    for listed in by_list.values():
        matched: dict[str, list[Entry]] = defaultdict(list)
        unknown = []
        for entry in listed:
            bare = bare_code(entry.code)
            area_id = known.get(bare) or (
                known.get(slug(entry.code)) if kind in schema.OWN_KINDS else None
            )
            if area_id is None:
                unknown.append(entry)
            else:
                matched[area_id].append(entry)
        fits.append(_Fit(kind, areas, dict(matched), unknown))
    return fits


def _newest(entries: list[Entry], year: int | None, file: Path) -> tuple[Entry, int] | None:
    """Return an area's entry of the year wanted, or the newest, and its year."""
    by_year: dict[int, list[Entry]] = defaultdict(list)
    for entry in entries:
        where = _("{path}, row {row}").format(path=file, row=entry.row)
        counted = read_year(entry.year, what=where)
        if np.isnan(counted) and year is None:
            raise ParameterError(
                _(
                    "{path}: no column says in which year the residents were counted; "
                    "say it with --year YEAR"
                ).format(path=file)
            )
        by_year[year if np.isnan(counted) and year is not None else int(counted)].append(entry)
    chosen = max(by_year) if year is None else year
    found = by_year.get(chosen, [])
    if len(found) > 1:
        raise SchemaError(
            _("{path}: the code {code} has several rows of {year}: rows {rows}; leave one").format(
                path=file,
                code=found[0].code,
                year=chosen,
                rows=", ".join(str(entry.row) for entry in found[:5]),
            )
        )
    return (found[0], chosen) if found else None


def _joined(
    areas: gpd.GeoDataFrame, counted: dict[str, tuple[Entry, int]], file: Path
) -> tuple[gpd.GeoDataFrame, dict[str, int]]:
    """Return areas with the table's residents, and the year of those that got some."""
    frame = areas.copy()
    rows = {str(area_id): i for i, area_id in enumerate(frame[schema.AREA_ID])}
    residents = frame[schema.RESIDENTS].to_numpy(dtype=np.float64).copy()
    years_column = frame[schema.RESIDENTS_YEAR].to_numpy(dtype=np.float64).copy()
    years: dict[str, int] = {}
    for area_id, (entry, year) in counted.items():
        where = _("{path}, row {row}").format(path=file, row=entry.row)
        n = read_count(entry.residents, what=where)
        if np.isnan(n):
            continue
        row = rows[area_id]
        hectares = float(frame[schema.AREA_KM2].iloc[row]) * 100
        if n > DENSEST_PER_HA * hectares:
            raise SchemaError(
                _(
                    "{what}: {n} residents on the {hectares} ha of {name} cannot be; check the "
                    "columns and the codes"
                ).format(
                    what=where,
                    n=format_number(n),
                    hectares=format_number(hectares, digits=2),
                    name=frame[schema.NAME].iloc[row],
                )
            )
        residents[row], years_column[row], years[area_id] = n, year, year
    frame[schema.RESIDENTS], frame[schema.RESIDENTS_YEAR] = residents, years_column
    return frame, years


def _left_out(fit: _Fit, frame: gpd.GeoDataFrame, years: dict[str, int]) -> list[str]:
    notes = [
        ngettext(
            "{n} area got its residents, of {years}",
            "{n} areas got their residents, of {years}",
            len(years),
        ).format(
            n=format_number(len(years)),
            years=", ".join(str(year) for year in sorted(set(years.values()))) or "–",
        )
    ]
    without = frame[~frame[schema.AREA_ID].isin(list(years))]
    if len(without):
        notes.append(
            ngettext(
                "{n} area has no number in the table and keeps what it had: {names}",
                "{n} areas have no number in the table and keep what they had: {names}",
                len(without),
            ).format(n=format_number(len(without)), names=some(without[schema.NAME]))
        )
    codes = pd.Series(sorted({entry.code for entry in fit.unknown}), dtype="object")
    if len(codes):
        notes.append(
            ngettext(
                "{n} code of the table is of no area here: {codes}",
                "{n} codes of the table are of no area here: {codes}",
                len(codes),
            ).format(n=format_number(len(codes)), codes=some(codes))
        )
    return notes


def _nothing_fits(file: Path, table: _Table, fits: list[_Fit]) -> str:
    codes = pd.Series([entry.code for entry in table.entries], dtype="object").drop_duplicates()
    known = fits[0].areas[schema.AREA_ID] if fits else pd.Series([], dtype="object")
    return _(
        "{path}: no code fits an area; the table has {codes}, the layers have such as {known}. "
        "Check the column of the codes, or bring the layers of this town"
    ).format(path=file, codes=some(codes) or "–", known=some(known) or "–")


def _no_number(file: Path, table: _Table) -> str:
    if table.uncomputed:
        return _say_uncomputed(file, table)
    return _("{path}: no row of an area here has a number of residents; check the columns").format(
        path=file
    )


def _say_uncomputed(file: Path, table: _Table) -> str:
    return _(
        "{path}: cells of the column {column} are formulas without values, so there is nothing to "
        "read; open the workbook in Excel or LibreOffice, save it, and bring it again"
    ).format(path=file, column=", ".join(table.uncomputed))


def _no_such_year(file: Path, fit: _Fit, year: int) -> str:
    found = sorted({entry.year for entries in fit.matched.values() for entry in entries})
    return _("{path} has no residents of {year}; it has {known}").format(
        path=file, year=year, known=", ".join(found[:10])
    )


def _source(file: Path, table: _Table, years: list[int]) -> SourceFile:
    sha256, n_bytes = hash_files([file])
    said = ", ".join(
        [*(["ČSÚ"] if table.is_csu else []), file.name, *(str(year) for year in years)]
    )
    return SourceFile(file.name, sha256, n_bytes, table.day, said)
