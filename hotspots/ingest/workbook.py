"""Workbooks (XLSX) read sheet row by sheet row, formulas as the values they had when saved."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import numpy as np
import openpyxl
from openpyxl.utils.exceptions import InvalidFileException
from pyproj import CRS

from hotspots.archive import DAMAGED, check_members
from hotspots.errors import NotFoundError, SchemaError, SourceError
from hotspots.i18n import _, format_number
from hotspots.ingest.cells import NOTHING, Cell, CellParser, Hidden, read_cell
from hotspots.ingest.header import SAMPLE_ROWS, find_header, title_text
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
# The texts of a workbook are held in memory while it is read.
STRINGS_LIMIT: Final = 256_000_000  # bytes of XML


class WorkbookTable:
    """One sheet of a workbook; satisfies `table.Table`.

    The header is found below titles (`header.find_header`). Of merged cells the first has the
    value and the others are empty; hidden rows and columns are read, hidden sheets are not.

    Parameters
    ----------
    path
        File.
    sheet
        Name of the sheet; empty means the only one that is neither empty nor hidden.

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
        self._told = False
        _check_strings(path)
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
                filled = self._leave_hidden(book, filled)
            if len(filled) > 1:
                raise SchemaError(
                    _(
                        "{name} has several sheets: {known}; "
                        "name one in the mapping ([file] sheet) or by the option"
                    ).format(name=path.name, known=", ".join(filled))
                )
            self.sheet = filled[0]
            first = _first_rows(book[self.sheet], SAMPLE_ROWS, path)
        if not first:
            raise SourceError(
                _("{name}: the sheet '{sheet}' is empty").format(name=path.name, sheet=self.sheet)
            )
        rows = [[cell.text for cell in cells] for _number, cells in first]
        header = find_header(rows)
        if header.at:
            self.warnings.append(title_text(rows[: header.at]))
        self.columns = check_header(header.names, path=path)
        below = header.at + header.height
        self._header_row = first[below - 1][0]
        if len(first) <= below:
            raise SchemaError(
                _("{name} holds a header only; there are no rows below it").format(name=path.name)
            )

    def _leave_hidden(self, book: Any, names: list[str]) -> list[str]:
        """Leave hidden sheets out, if one is not, and say so."""
        shown = [name for name in names if book[name].sheet_state == "visible"]
        if not shown or len(shown) == len(names):
            return names
        hidden = ", ".join(name for name in names if name not in shown)
        self.warnings.append(
            _(
                "hidden sheets were not read: {names}; to read one, name it in the mapping "
                "([file] sheet) or by the option"
            ).format(names=hidden)
        )
        return shown

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
        width = len(self.columns)
        part = _Part(self.columns)
        hidden = Hidden()
        with self._opened() as book:
            for number, cells in _rows(book[self.sheet], self.path, hidden=hidden):
                if number <= self._header_row:
                    continue
                part.add(number, cells, width)
                if len(part.records) + len(part.bad) >= n_rows:
                    yield part.block()
                    part = _Part(self.columns)
        if part.records or part.bad:
            yield part.block()
        if not self._told and (said := hidden.sentence()):
            self.warnings.append(said)
        self._told = True


class _Part:
    """Rows gathered for one block."""

    def __init__(self, columns: tuple[str, ...]) -> None:
        self.records: list[list[str]] = []
        self.bad: list[tuple[int, str, str]] = []
        self._columns = columns
        self._rows: list[int] = []
        self._faults: dict[int, dict[str, str]] = {}

    def add(self, number: int, cells: list[Cell], width: int) -> None:
        """Take over one row of the sheet; blank rows are passed over."""
        filled = [at for at, cell in enumerate(cells, 1) if cell.text or cell.fault]
        if not filled:
            return
        texts = [cell.text for cell in cells]
        if filled[-1] > width:
            reason = _(
                "the row has a value in column {n}, beyond the {width} of the header"
            ).format(n=filled[-1], width=width)
            self.bad.append((number, reason, ";".join(texts)))
            return
        faults = {
            name: cell.fault for name, cell in zip(self._columns, cells, strict=False) if cell.fault
        }
        if faults:
            self._faults[len(self.records)] = faults
        self.records.append(texts[:width] + [""] * (width - len(texts)))
        self._rows.append(number)

    def block(self) -> RawBlock:
        """Return the rows as a block."""
        data = make_columns(self.records, n_columns=len(self._columns))
        rows = np.array(self._rows, dtype=np.int64)
        return RawBlock(self._columns, data, rows, self.bad, faults=self._faults)


def _check_strings(path: Path) -> None:
    """Raise `SourceError` where the workbook's table of texts would fill the memory."""
    for member in check_members(path):
        if member.filename.endswith("sharedStrings.xml") and member.file_size > STRINGS_LIMIT:
            raise SourceError(
                _(
                    "{name} holds {size} MB of texts, more than {limit} MB; "
                    "save the table as CSV or split it"
                ).format(
                    name=path.name,
                    size=format_number(member.file_size / 1e6),
                    limit=format_number(STRINGS_LIMIT / 1e6),
                )
            )


def _rows(
    sheet: Any, path: Path, *, hidden: Hidden | None = None
) -> Iterator[tuple[int, list[Cell]]]:
    """Yield number and cells of the rows that the sheet holds.

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
        parser = CellParser(
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
            if hidden is not None:
                hidden.note(parser, number)
            # What the parser keeps of every row would grow with the sheet.
            parser.row_dimensions.clear()
            found = [NOTHING] * width
            for cell in cells:
                found[cell["column"] - 1] = read_cell(sheet, cell)
            yield number, found


def _first_rows(sheet: Any, n: int, path: Path) -> list[tuple[int, list[Cell]]]:
    """Return number and cells of the first `n` rows that are not blank."""
    if not hasattr(sheet, "iter_rows"):  # a sheet that is a chart
        return []
    found: list[tuple[int, list[Cell]]] = []
    for number, cells in _rows(sheet, path):
        if any(cell.text or cell.fault for cell in cells):
            found.append((number, cells))
        if len(found) == n:
            break
    return found
