"""Workbooks (XLSX) read sheet row by sheet row, formulas as the values they had when saved."""

import warnings
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, Final, NamedTuple
from xml.parsers.expat import ExpatError

import numpy as np
from openpyxl.reader.excel import ExcelReader
from openpyxl.styles.stylesheet import apply_stylesheet
from openpyxl.utils.exceptions import InvalidFileException
from openpyxl.xml.constants import SHARED_STRINGS
from pyproj import CRS

from hotspots.archive import DAMAGED, check_members
from hotspots.errors import NotFoundError, SchemaError, SourceError
from hotspots.i18n import _, format_number
from hotspots.ingest.cells import NOTHING, Cell, CellReader, Hidden
from hotspots.ingest.header import SAMPLE_ROWS, find_header, name_spanned, title_text
from hotspots.ingest.sheet_xml import SheetReader, read_strings
from hotspots.ingest.table import RawBlock, check_header, make_columns

# openpyxl checks little: wrong XML reaches it as any of Python's own errors.
_DAMAGED: Final = (
    *DAMAGED,
    InvalidFileException,
    ArithmeticError,
    ExpatError,
    SyntaxError,  # xml.etree's ParseError
)
# What a sheet of a workbook can hold (ECMA-376, as Excel keeps it).
ROWS_LIMIT: Final = 1_048_576
COLUMNS_LIMIT: Final = 16_384
# The texts of a workbook are held in memory while it is read.
STRINGS_LIMIT: Final = 256_000_000  # bytes of XML


class SeveralSheetsError(SchemaError):
    """A workbook has several sheets that hold something, and none is named.

    Attributes
    ----------
    sheets
        Their names, in the workbook's order.
    """

    def __init__(self, message: str, sheets: tuple[str, ...]) -> None:
        super().__init__(message)
        self.sheets = sheets


class _Sheet(NamedTuple):
    """A sheet: "visible" or how it is hidden, its member of the archive, whether it is a chart."""

    state: str
    member: str
    is_chart: bool


class _Book(NamedTuple):
    """An open workbook; its sheets by name, in their order."""

    archive: zipfile.ZipFile
    sheets: dict[str, _Sheet]
    cells: CellReader


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
        self._strings: list[str] | None = None
        _check_strings(path)
        with self._opened() as book:
            names = list(book.sheets)
            if sheet and sheet not in names:
                raise NotFoundError(
                    _("{name} has no sheet '{sheet}'; its sheets are {known}").format(
                        name=path.name, sheet=sheet, known=", ".join(names)
                    )
                )
            filled = [sheet] if sheet else [n for n in names if _first_rows(book, n, 1, path)]
            if not filled:
                raise SourceError(_("{name} is empty").format(name=path.name))
            if len(filled) > 1:
                filled = self._leave_hidden(book, filled)
            if len(filled) > 1:
                raise SeveralSheetsError(
                    _("{name} has several sheets: {known}; name the one to be read").format(
                        name=path.name, known=", ".join(filled)
                    ),
                    tuple(filled),
                )
            self.sheet = filled[0]
            if not sheet and book.sheets[self.sheet].state != "visible":
                self.warnings.append(
                    _("the sheet '{sheet}' is hidden; it was read, as the others are empty").format(
                        sheet=self.sheet
                    )
                )
            first = _first_rows(book, self.sheet, SAMPLE_ROWS, path)
        if not first:
            raise SourceError(
                _("{name}: the sheet '{sheet}' is empty").format(name=path.name, sheet=self.sheet)
            )
        rows = [[cell.text for cell in cells] for _number, cells in first]
        header = find_header(rows)
        if header.at:
            self.warnings.append(title_text(rows[: header.at]))
        below = header.at + header.height
        self.columns = check_header(name_spanned(header.names, rows[below:]), path=path)
        self._header_row = first[below - 1][0]
        if len(first) <= below:
            raise SchemaError(
                _("{name} holds a header only; there are no rows below it").format(name=path.name)
            )

    def _leave_hidden(self, book: "_Book", names: list[str]) -> list[str]:
        """Leave hidden sheets out, if one is not, and say so."""
        shown = [name for name in names if book.sheets[name].state == "visible"]
        if not shown or len(shown) == len(names):
            return names
        hidden = ", ".join(name for name in names if name not in shown)
        self.warnings.append(
            _("hidden sheets were not read: {names}; to read one, name it").format(names=hidden)
        )
        return shown

    @contextmanager
    def _opened(self) -> Iterator["_Book"]:
        try:
            with warnings.catch_warnings():
                # openpyxl warns about styles and extensions that do not touch values.
                warnings.simplefilter("ignore")
                reader = ExcelReader(self.path, read_only=True, data_only=True, keep_links=False)
                with reader.archive:
                    yield self._open(reader)
        except _DAMAGED as error:
            raise SourceError(
                _(
                    "{name} cannot be read as a workbook, it seems damaged or cut off ({reason}); "
                    "save or download it again"
                ).format(name=self.path.name, reason=error)
            ) from error

    def _open(self, reader: Any) -> "_Book":
        """Read what stands around the sheets; openpyxl alone would read each sheet through."""
        reader.read_manifest()
        reader.read_workbook()
        apply_stylesheet(reader.archive, reader.wb)
        if self._strings is None:
            part = reader.package.find(SHARED_STRINGS)
            self._strings = []
            if part is not None:
                with reader.archive.open(part.PartName[1:]) as source:
                    self._strings = read_strings(source)
        sheets = {
            sheet.name: _Sheet(sheet.state, relation.target, "chartsheet" in relation.Type)
            for sheet, relation in reader.parser.find_sheets()
            if relation.target in reader.valid_files
        }
        return _Book(reader.archive, sheets, CellReader(reader.wb, self._strings))

    def blocks(self, n_rows: int) -> Iterator[RawBlock]:
        """Read the rows from the start, at most `n_rows` at a time."""
        width = len(self.columns)
        hidden = Hidden()
        with self._opened() as book:
            part = _Part(self.columns, book.cells.day_zero)
            for number, cells in _rows(book, self.sheet, self.path, hidden=hidden):
                if number <= self._header_row:
                    continue
                part.add(number, cells, width)
                if len(part.records) + len(part.bad) >= n_rows:
                    yield part.block()
                    part = _Part(self.columns, book.cells.day_zero)
        if part.records or part.bad:
            yield part.block()
        if not self._told and (said := hidden.sentence()):
            self.warnings.append(said)
        self._told = True


class _Part:
    """Rows gathered for one block."""

    def __init__(self, columns: tuple[str, ...], day_zero: datetime) -> None:
        self._day_zero = day_zero
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
        return RawBlock(
            self._columns, data, rows, self.bad, faults=self._faults, day_zero=self._day_zero
        )


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
    book: _Book, name: str, path: Path, *, hidden: Hidden | None = None
) -> Iterator[tuple[int, list[Cell]]]:
    """Yield number and cells of the rows that the sheet holds; gaps between rows are left out.

    Raises
    ------
    SourceError
        A row or column beyond what a sheet can hold, or rows that are not in order.
    """
    last = 0
    read = book.cells.read
    with book.archive.open(book.sheets[name].member) as source:
        reader = SheetReader(source)
        for row in reader.rows():
            width = max((cell.column for cell in row.cells), default=0)
            if not last < row.number <= ROWS_LIMIT or width > COLUMNS_LIMIT:
                raise SourceError(
                    _(
                        "{name}: its sheet '{sheet}' numbers rows or columns as no workbook does "
                        "(row {row}, column {column}); it seems damaged, save it again"
                    ).format(name=path.name, sheet=name, row=row.number, column=width)
                )
            last = row.number
            if hidden is not None:
                hidden.note(row, reader.hidden_columns)
            found = [NOTHING] * width
            for cell in row.cells:
                found[cell.column - 1] = read(cell)
            yield row.number, found


def _first_rows(book: _Book, name: str, n: int, path: Path) -> list[tuple[int, list[Cell]]]:
    """Return number and cells of the first `n` rows that are not blank."""
    if book.sheets[name].is_chart:
        return []
    found: list[tuple[int, list[Cell]]] = []
    for number, cells in _rows(book, name, path):
        if any(cell.text or cell.fault for cell in cells):
            found.append((number, cells))
        if len(found) == n:
            break
    return found
