"""Choosing the columns of a table of residents that is not ČSÚ's, and reading its rows."""

from bisect import bisect_left, bisect_right
from itertools import islice
from pathlib import Path
from typing import Final

import pandas as pd

from hotspots.errors import SchemaError, SourceError
from hotspots.i18n import _, format_number
from hotspots.layers.census.code_tables import CodeTable
from hotspots.layers.census.csu_tables import Entry
from hotspots.layers.own.column_map import (
    RESIDENTS_TABLE,
    ColumnMap,
    list_like_residents,
    propose_code,
    propose_residents,
    propose_table_code,
    propose_year,
    recall_map,
    require_columns,
    unclear,
)
from hotspots.settings import Workspace

ROWS_LIMIT: Final = 200_000
_SHOWN: Final = 5  # of a list in a message


def choose_table_columns(
    workspace: Workspace,
    file: Path,
    table: CodeTable,
    *,
    kind: str | None,
    code_column: str | None,
    residents_column: str | None,
) -> tuple[ColumnMap, pd.DataFrame, tuple[str, ...]]:
    """Return the columns of a table, its rows as texts, and what was assumed.

    What the user names comes first, then the map remembered for tables of residents where the
    table has its columns, then what the headers look like.

    Returns
    -------
    columns, texts, notes
        `texts` has the table's columns and is numbered as the rows of the file.

    Raises
    ------
    SourceError
        More than `ROWS_LIMIT` rows.
    SchemaError
        The table lacks a column named, holds no row, or its columns cannot be told.
    """
    texts = _texts(file, table)
    known = [name for name in table.columns if name]
    require_columns(file, known, [c for c in (code_column, residents_column) if c])
    kept = recall_map(workspace, RESIDENTS_TABLE)
    if kept is not None and not set(kept.columns()) <= set(known):
        kept = None
    notes: list[str] = []
    if kept is not None and not code_column and not residents_column:
        notes.append(
            _("columns as remembered: {columns}").format(columns=", ".join(kept.columns()))
        )
    samples = {name: texts[name].replace("", pd.NA) for name in known}
    code = code_column or (kept.code if kept else "")
    residents = residents_column or (kept.residents if kept else "")
    year = kept.year if kept else ""
    if not code:
        found = propose_code(known, kind) if kind else []
        found = found or propose_table_code(known)
        if len(found) != 1:
            raise unclear(file, samples, what=_("the codes"), option="--code-column", found=found)
        code = found[0]
        notes.append(_("codes taken from the column {column}").format(column=code))
    free = [name for name in known if name != code]
    if not residents:
        found = propose_residents(free)
        if len(found) != 1:
            like = found or list_like_residents(free)
            raise unclear(
                file,
                samples,
                what=_("the residents"),
                option="--residents-column",
                found=like if len(like) > 1 else [],
            )
        residents = found[0]
        notes.append(_("residents taken from the column {column}").format(column=residents))
    if not year:
        found = propose_year([name for name in free if name != residents])
        year = found[0] if len(found) == 1 else ""
    return ColumnMap(code=code, residents=residents, year=year), texts, tuple(notes)


def read_entries(texts: pd.DataFrame, columns: ColumnMap) -> list[Entry]:
    """Return the numbers of residents that rows hold; rows without a code and number are none."""
    years = texts[columns.year] if columns.year else pd.Series("", index=texts.index)
    rows = zip(texts.index, texts[columns.code], texts[columns.residents], years, strict=True)
    return [
        Entry(int(row), str(code), "", str(number), str(year))
        for row, code, number, year in rows
        if code or number
    ]


def require_unmerged(
    table: CodeTable, columns: ColumnMap, entries: list[Entry], file: Path
) -> None:
    """Raise where merged cells hide the codes or residents of rows.

    Raises
    ------
    SchemaError
        A row with a code has no residents, or the other way round, because its cell is merged
        with another.
    """
    if not table.marks.merged:
        return
    code = table.columns.index(columns.code) + 1
    residents = table.columns.index(columns.residents) + 1
    numbers = sorted(entry.row for entry in entries)
    hidden: dict[str, list[int]] = {}
    for merged in table.marks.merged:
        if merged.first_row == merged.last_row and merged.holds(code, merged.first_row):
            continue  # a remark across the table
        within = slice(
            bisect_left(numbers, merged.first_row), bisect_right(numbers, merged.last_row)
        )
        rows = (
            row
            for row in numbers[within]
            if merged.hides(residents, row) or merged.hides(code, row)
        )
        found = list(islice(rows, _SHOWN + 1))
        if found:
            hidden[merged.name] = found
    if hidden:
        shown = sorted({row for found in hidden.values() for row in found})
        raise SchemaError(
            _(
                "{path}: merged cells ({ranges}) leave rows without a code or residents of their "
                "own: {rows}. Unmerge them in the spreadsheet and fill in every row"
            ).format(
                path=file,
                ranges=_listed(list(hidden)),
                rows=_listed([str(row) for row in shown]),
            )
        )


def uncomputed_columns(table: CodeTable, columns: ColumnMap) -> tuple[str, ...]:
    """Return which of the columns of codes and residents hold formulas without a value."""
    return tuple(
        name
        for name in (columns.code, columns.residents)
        if table.marks.uncomputed.get(table.columns.index(name) + 1)
    )


def _listed(texts: list[str]) -> str:
    return ", ".join(texts[:_SHOWN]) + (", …" if len(texts) > _SHOWN else "")


def _texts(file: Path, table: CodeTable) -> pd.DataFrame:
    numbers: list[int] = []
    rows: list[list[str]] = []
    for number, texts in table.rows:
        if len(rows) == ROWS_LIMIT:
            raise SourceError(
                _("{path} has more than {limit} rows; keep those of the town").format(
                    path=file, limit=format_number(ROWS_LIMIT)
                )
            )
        numbers.append(number)
        rows.append(texts)
    if not rows:
        raise SchemaError(
            _("{name} holds a header only; there are no rows below it").format(name=file.name)
        )
    return pd.DataFrame(rows, index=numbers, columns=list(table.columns), dtype="object")
