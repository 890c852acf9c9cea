"""Tables of texts by code, CSV or XLSX, read row by row within limits."""

import codecs
import csv
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final

import openpyxl
from openpyxl.utils.exceptions import InvalidFileException

from hotspots.archive import DAMAGED, check_members
from hotspots.errors import NotFoundError, SchemaError, SourceError
from hotspots.filetypes import SUFFIXES, XLSX, ZIP, detect_format
from hotspots.i18n import _, format_number
from hotspots.layers.census.sheet_marks import NO_MARKS, SheetMarks, read_marks
from hotspots.layers.own.layer_files import require_size, unzipped

COLUMNS_LIMIT: Final = 1_000
SHEET_ROWS_LIMIT: Final = 200_000
_SHEET_COLUMNS: Final = 200
_DELIMITERS: Final = (";", "\t", ",", "|")
_HEADER_LENGTH: Final = 100_000  # characters
_BOMS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_KNOWN: Final = {s: kind for s, kind in SUFFIXES.items() if kind in {"csv", XLSX, ZIP}}
_WRONG_WORKBOOK: Final = (*DAMAGED, InvalidFileException, ArithmeticError, SyntaxError)


@dataclass(frozen=True)
class CodeTable:
    """A table being read.

    Attributes
    ----------
    columns
        Names of the columns, stripped.
    rows
        Number of the row in the file, the header being 1, and its texts, one for each column.
        Rows without any text are left out. May be gone through once.
    marks
        Merged cells and the like, of a workbook.
    """

    columns: tuple[str, ...]
    rows: Iterator[tuple[int, list[str]]]
    marks: SheetMarks = NO_MARKS


@contextmanager
def open_table(file: Path, *, sheet: str | None = None) -> Iterator[CodeTable]:
    """Open a table whose first row names its columns.

    Parameters
    ----------
    file
        CSV (any of the usual delimiters; UTF-8, UTF-16 or windows-1250), XLSX, or a ZIP archive
        with one of them.
    sheet
        Sheet of a workbook; None: the first.

    Raises
    ------
    SourceError
        The file is missing, of another type, damaged or beyond the limits; also while it is read.
    SchemaError
        The header names no column, or one twice; a row has more values than the header.
    NotFoundError
        No such sheet; several tables in the archive.
    """
    kind = detect_format(file, known=_KNOWN)
    require_size(file)
    if kind == ZIP:
        with (
            unzipped(file, tuple(s for s in _KNOWN if s != ".zip"), named=sheet) as path,
            _open(path, detect_format(path, known=_KNOWN), None, file) as table,
        ):
            yield table
    else:
        with _open(file, kind, sheet, file) as table:
            yield table


@contextmanager
def _open(path: Path, kind: str, sheet: str | None, shown: Path) -> Iterator[CodeTable]:
    try:
        rows = _sheet_rows(path, sheet, shown) if kind == XLSX else _text_rows(path, shown)
        header = next(rows, None)
        if header is None:
            raise SchemaError(
                _("{path}: row 1 holds no column names; put the names of the columns there").format(
                    path=shown.name
                )
            )
        columns = _columns(header[1], shown)
        marks = read_marks(path, sheet) if kind == XLSX else NO_MARKS
        yield CodeTable(columns, _fitted(rows, len(columns), shown), marks)
    except (csv.Error, UnicodeError) as error:
        raise SourceError(
            _(
                "{name} cannot be read as a table ({reason}); save it again as CSV in UTF-8, "
                "or as XLSX"
            ).format(name=shown.name, reason=error)
        ) from error


def _columns(header: list[str], shown: Path) -> tuple[str, ...]:
    names = [" ".join(name.split()) for name in header]
    while names and not names[-1]:
        names.pop()
    if not any(names) or len(names) > COLUMNS_LIMIT:
        raise SchemaError(
            _("{name}: row 1 must name from 1 to {limit} columns; it names {n}").format(
                name=shown.name, limit=format_number(COLUMNS_LIMIT), n=format_number(len(names))
            )
        )
    twice = sorted({name for name in names if name and names.count(name) > 1})
    if twice:
        raise SchemaError(
            _("{path}: the header names {names} more than once; rename one of the columns").format(
                path=shown.name, names=", ".join(f"'{name}'" for name in twice)
            )
        )
    return tuple(names)


def _fitted(
    rows: Iterator[tuple[int, list[str]]], width: int, shown: Path
) -> Iterator[tuple[int, list[str]]]:
    for number, texts in rows:
        if any(texts[width:]):
            raise SchemaError(
                _(
                    "{name}, row {row}: it has {n} values, the header names {width} columns; put "
                    "values that hold the delimiter into quotation marks"
                ).format(name=shown.name, row=number, n=len(texts), width=width)
            )
        yield number, texts[:width] + [""] * (width - len(texts))


def _text_rows(path: Path, shown: Path) -> Iterator[tuple[int, list[str]]]:
    encoding = _encoding(path)
    with path.open(encoding=encoding, newline="") as file:
        first = file.readline(_HEADER_LENGTH)
        if len(first) == _HEADER_LENGTH:
            raise SourceError(
                _("{name}: its first line is too long to name columns; it is no table").format(
                    name=shown.name
                )
            )
        delimiter = max(
            _DELIMITERS, key=lambda mark: len(next(csv.reader([first], delimiter=mark)))
        )
        file.seek(0)
        reader = csv.reader(file, delimiter=delimiter, strict=True)
        number = 1
        for record in reader:
            if any(record):
                yield number, [text.strip() for text in record]
            number = reader.line_num + 1


def _encoding(path: Path) -> str:
    decoder = codecs.getincrementaldecoder("utf-8")()
    with path.open("rb") as file:
        head = file.read(4)
        for mark, name in _BOMS:
            if head.startswith(mark):
                return name
        file.seek(0)
        try:
            while block := file.read(1 << 20):
                decoder.decode(block)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return "cp1250"
    return "utf-8"


def _sheet_rows(path: Path, sheet: str | None, shown: Path) -> Iterator[tuple[int, list[str]]]:
    check_members(path)
    book = None
    try:
        with warnings.catch_warnings():
            # openpyxl warns about styles and extensions that do not touch values.
            warnings.simplefilter("ignore")
            book = openpyxl.load_workbook(path, read_only=True, data_only=True, keep_links=False)
            names = list(book.sheetnames)
            if sheet is not None and sheet not in names:
                raise NotFoundError(
                    _("{name} has no sheet '{sheet}'; its sheets are {known}").format(
                        name=shown.name, sheet=sheet, known=", ".join(names)
                    )
                )
            rows = book[sheet or names[0]].iter_rows(
                max_row=SHEET_ROWS_LIMIT, max_col=_SHEET_COLUMNS, values_only=True
            )
            for number, values in enumerate(rows, 1):
                texts = [_cell_text(value) for value in values]
                if any(texts):
                    yield number, texts
    except _WRONG_WORKBOOK as error:
        raise SourceError(
            _(
                "{name} cannot be read as a workbook, it seems damaged or cut off ({reason}); "
                "save or download it again"
            ).format(name=shown.name, reason=error)
        ) from error
    finally:
        if book is not None:
            book.close()


def _cell_text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.date().isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).strip()
