"""Choosing the columns of a table of residents that is not ČSÚ's, and reading its rows."""

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
            raise unclear(
                file, samples, what=_("the residents"), option="--residents-column", found=found
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
