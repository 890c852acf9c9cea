"""Workbooks (XLSX) read sheet row by sheet row, formulas as the values they had when saved."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, time
from pathlib import Path
from typing import Any, Final

import numpy as np
import openpyxl
from openpyxl.cell.read_only import ReadOnlyCell
from openpyxl.utils.exceptions import InvalidFileException
from openpyxl.worksheet._reader import WorkSheetParser
from pyproj import CRS

from hotspots.archive import DAMAGED, check_members
from hotspots.errors import NotFoundError, SchemaError, SourceError
from hotspots.i18n import _
from hotspots.ingest.table import RawBlock, check_header, make_columns

# openpyxl checks little: wrong XML reaches it as any of Python's own errors.
_DAMAGED: Final = (
    *DAMAGED,
    InvalidFileException,
    ArithmeticError,
    SyntaxError,  # xml.etree's ParseError
)
# What a sheet of a workbook can hold (ECMA-376, as Excel keeps it).
ROWS_LIMIT: Final = 1_048_576
COLUMNS_LIMIT: Final = 16_384


class WorkbookTable:
    """One sheet of a workbook; satisfies `table.Table`.

    The first row that is not blank is the header.

    Parameters
    ----------
    path
        File.
    sheet
        Name of the sheet; empty means the only one that is not empty.

    Raises
    ------
    SourceError
        The file is damaged, cut off, protected, or unpacks to too much.
    NotFoundError
        There is no such sheet.
    SchemaError
        Several sheets and none named; no header; nothing below it.
    """

    def __init__(self, path: Path, *, sheet: str = "") -> None:
        self.path = path
        self.has_geometry = False
        self.crs: CRS | None = None
        self.crs_is_default = False
        self.warnings: list[str] = []
        check_members(path)
        with self._opened() as book:
            names = list(book.sheetnames)
            if sheet and sheet not in names:
                raise NotFoundError(
                    _("{name} has no sheet '{sheet}'; its sheets are {known}").format(
                        name=path.name, sheet=sheet, known=", ".join(names)
                    )
                )
            filled = [sheet] if sheet else [n for n in names if _first_rows(book[n], 1, path)]
            if not filled:
                raise SourceError(_("{name} is empty").format(name=path.name))
            if len(filled) > 1:
                raise SchemaError(
                    _(
                        "{name} has several sheets: {known}; "
                        "name one in the mapping ([file] sheet) or by the option"
                    ).format(name=path.name, known=", ".join(filled))
                )
            self.sheet = filled[0]
            first = _first_rows(book[self.sheet], 2, path)
        if not first:
            raise SourceError(
                _("{name}: the sheet '{sheet}' is empty").format(name=path.name, sheet=self.sheet)
            )
        self.columns = check_header(first[0][1], path=path)
        self._header_row = first[0][0]
        if len(first) < 2:
            raise SchemaError(
                _("{name} holds a header only; there are no rows below it").format(name=path.name)
            )

    @contextmanager
    def _opened(self) -> Iterator[Any]:
        book = None
        try:
            with warnings.catch_warnings():
                # openpyxl warns about styles and extensions that do not touch values.
                warnings.simplefilter("ignore")
                book = openpyxl.load_workbook(
                    self.path, read_only=True, data_only=True, keep_links=False
                )
                yield book
        except _DAMAGED as error:
            raise SourceError(
                _(
                    "{name} cannot be read as a workbook, it seems damaged or cut off ({reason}); "
                    "save or download it again"
                ).format(name=self.path.name, reason=error)
            ) from error
        finally:
            if book is not None:
                book.close()

    def blocks(self, n_rows: int) -> Iterator[RawBlock]:
        """Read the rows from the start, at most `n_rows` at a time."""
        records: list[list[str]] = []
        rows: list[int] = []
        bad: list[tuple[int, str, str]] = []
        width = len(self.columns)
        begin = self._header_row + 1
        with self._opened() as book:
            sheet = book[self.sheet]
            for number, texts in _rows(sheet, self.path):
                if number < begin:
                    continue
                if any(texts[width:]):
                    reason = _(
                        "the row has a value in column {n}, beyond the {width} of the header"
                    ).format(n=max(i for i, text in enumerate(texts, 1) if text), width=width)
                    bad.append((number, reason, ";".join(texts)))
                elif any(texts):
                    records.append(texts[:width] + [""] * (width - len(texts)))
                    rows.append(number)
                if len(records) + len(bad) >= n_rows:
                    yield self._block(records, rows, bad)
                    records, rows, bad = [], [], []
        if records or bad:
            yield self._block(records, rows, bad)

    def _block(
        self, records: list[list[str]], rows: list[int], bad: list[tuple[int, str, str]]
    ) -> RawBlock:
        data = make_columns(records, n_columns=len(self.columns))
        return RawBlock(self.columns, data, np.array(rows, dtype=np.int64), bad)


def _rows(sheet: Any, path: Path) -> Iterator[tuple[int, list[str]]]:
    """Yield number and texts of the rows that the sheet holds.

    openpyxl's own `iter_rows` fills every gap with empty rows and cells, without an end where the
    file names a row or column that no sheet has; its parser leaves the gaps out.

    Raises
    ------
    SourceError
        A row or column beyond what a sheet can hold, or rows that are not in order.
    """
    book = sheet.parent
    last = 0
    with sheet._get_source() as source:
        parser = WorkSheetParser(
            source,
            sheet._shared_strings,
            data_only=True,
            epoch=book.epoch,
            date_formats=book._date_formats,
            timedelta_formats=book._timedelta_formats,
        )
        for number, cells in parser.parse():
            width = max((cell["column"] for cell in cells), default=0)
            if not last < number <= ROWS_LIMIT or width > COLUMNS_LIMIT:
                raise SourceError(
                    _(
                        "{name}: its sheet '{sheet}' numbers rows or columns as no workbook does "
                        "(row {row}, column {column}); it seems damaged, save it again"
                    ).format(name=path.name, sheet=sheet.title, row=number, column=width)
                )
            last = number
            texts = [""] * width
            for cell in cells:
                texts[cell["column"] - 1] = cell_text(ReadOnlyCell(sheet, **cell))
            yield number, texts


def _first_rows(sheet: Any, n: int, path: Path) -> list[tuple[int, list[str]]]:
    """Return number and texts of the first `n` rows that are not blank."""
    if not hasattr(sheet, "iter_rows"):  # a sheet that is a chart
        return []
    found: list[tuple[int, list[str]]] = []
    for number, texts in _rows(sheet, path):
        if any(texts):
            found.append((number, texts))
        if len(found) == n:
            break
    return found


def cell_text(cell: Any) -> str:
    """Return a cell's value as text: dates in ISO form, a date without time without it."""
    value = cell.value
    if value is None:
        return ""
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        # Excel keeps a date as midnight; only the cell's format tells that no time is meant.
        dateless = (value.hour, value.minute, value.second) == (0, 0, 0)
        if dateless and "h" not in str(cell.number_format).lower():
            return value.date().isoformat()
        return value.replace(microsecond=0).isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, time):
        return value.strftime("%H:%M:%S")
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return str(value)
