"""Tables written as an XLSX workbook, row by row, with no cell that could run as a formula.

Texts are inline strings, so nothing but the row at hand is kept in memory, and a table of
200,000 rows takes seconds, not minutes.
"""

import math
import re
import zipfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime
from html import escape
from io import BufferedIOBase
from pathlib import Path
from typing import IO, Any, Final

from hotspots.cells import defuse, writable
from hotspots.errors import ParameterError
from hotspots.i18n import _

MAX_ROWS: Final = 1_048_576
MAX_COLUMNS: Final = 16_384
MAX_CHARACTERS: Final = 32_767  # of one cell
_MAX_TITLE: Final = 31
# A sheet beyond this would need an archive of the kind that some spreadsheets do not open.
_MAX_BYTES: Final = 2_000_000_000
_PIECE: Final = 1 << 18
_DEFLATE_LEVEL: Final = 3  # a fifth larger than at the usual 6, in half the time
_PARTICULAR: Final = re.compile(r"[&<>\r]|_x[0-9A-Fa-f]{4}_|^\s|\s\s|\s$")
# Spreadsheets read _x003D_ as "="; its own mark keeps it as it is.
_ENCODED: Final = re.compile(r"_(?=x[0-9A-Fa-f]{4}_)")
_TITLE_FORBIDDEN: Final = re.compile(r"[\[\]:*?/\\]")
# Days count from here; before March 1900 spreadsheets disagree by a day that never was.
_DAY_ZERO: Final = date(1899, 12, 30)
_FIRST_DAY: Final = date(1900, 3, 1)

_PLAIN, _BOLD, _DATE = "", ' s="1"', ' s="2"'
_MAIN: Final = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE: Final = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE: Final = "http://schemas.openxmlformats.org/package/2006"
_KIND: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_DECLARATION: Final = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_STYLES: Final = (
    f'<styleSheet xmlns="{_MAIN}">'
    '<numFmts count="1"><numFmt numFmtId="164" formatCode="yyyy\\-mm\\-dd"/></numFmts>'
    '<fonts count="2"><font><sz val="11"/><name val="Calibri"/><family val="2"/></font>'
    '<font><b/><sz val="11"/><name val="Calibri"/><family val="2"/></font></fonts>'
    '<fills count="2"><fill><patternFill patternType="none"/></fill>'
    '<fill><patternFill patternType="gray125"/></fill></fills>'
    '<borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders>'
    '<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>'
    '<cellXfs count="3"><xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/>'
    '<xf numFmtId="0" fontId="1" fillId="0" borderId="0" xfId="0" applyFont="1"/>'
    '<xf numFmtId="164" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>'
    "</cellXfs>"
    '<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles>'
    "</styleSheet>"
)


@dataclass(frozen=True)
class Sheet:
    """One sheet of a workbook.

    Attributes
    ----------
    title
        Its name; what spreadsheets do not allow there is left out.
    rows
        Read once, in order. Values are texts, numbers, truth values, dates, or None, which is an
        empty cell, as is a number that is none. Anything else is written as its text.
    has_header
        The first row holds names: it is bold and stays in sight.
    has_labels
        The first column holds names: it is bold.
    widths
        Widths of the first columns [characters].
    """

    title: str
    rows: Iterable[Iterable[Any]]
    has_header: bool = True
    has_labels: bool = False
    widths: tuple[float, ...] = ()


def write_workbook(path: Path, sheets: Iterable[Sheet]) -> None:
    """Write sheets as one XLSX file; the caller sees to it that it appears whole or not at all.

    Every text is written as a text, never as a formula, and gets an apostrophe before it where a
    spreadsheet would run it once the table is saved as CSV. Texts are cut at 32,767 characters;
    characters that no XML file may hold are left out.

    Parameters
    ----------
    path
        The file; an older one is replaced.
    sheets
        At least one.

    Raises
    ------
    ParameterError
        A sheet has more rows or columns than spreadsheets open, or more text than the archive
        takes (2 GB).
    OSError
        The file cannot be written.

    References
    ----------
    ECMA-376, Office Open XML File Formats, Part 1, § 18.3 (worksheets) and § 22.9.2.19 (texts)
    """
    titles: list[str] = []
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=_DEFLATE_LEVEL) as archive:
        for number, sheet in enumerate(sheets, start=1):
            titles.append(_title(sheet.title, titles))
            with archive.open(f"xl/worksheets/sheet{number}.xml", "w") as file:
                _write_sheet(sheet, file)
        for name, content in _frame(titles):
            with archive.open(name, "w") as file:  # unlike writestr, it notes no time
                file.write((_DECLARATION + content).encode())


def _write_sheet(sheet: Sheet, file: IO[bytes] | BufferedIOBase) -> None:
    n_bytes = n_characters = 0
    pieces: list[str] = []
    for piece in _sheet_pieces(sheet):
        pieces.append(piece)
        n_characters += len(piece)
        if n_characters < _PIECE:
            continue
        n_bytes += _flush(pieces, file)
        n_characters = 0
        if n_bytes > _MAX_BYTES:
            raise ParameterError(
                _("sheet {title} is too large for an XLSX file; write .csv instead").format(
                    title=sheet.title
                )
            )
    _flush(pieces, file)


def _flush(pieces: list[str], file: IO[bytes] | BufferedIOBase) -> int:
    content = "".join(pieces).encode()
    pieces.clear()
    file.write(content)
    return len(content)


def _sheet_pieces(sheet: Sheet) -> Iterator[str]:
    yield f'{_DECLARATION}<worksheet xmlns="{_MAIN}">'
    if sheet.has_header:
        yield (
            '<sheetViews><sheetView workbookViewId="0"><pane ySplit="1" topLeftCell="A2" '
            'activePane="bottomLeft" state="frozen"/></sheetView></sheetViews>'
        )
    if sheet.widths:
        yield "<cols>"
        for i, width in enumerate(sheet.widths, start=1):
            yield f'<col min="{i}" max="{i}" width="{width:g}" customWidth="1"/>'
        yield "</cols>"
    yield "<sheetData>"
    letters: list[str] = []
    for number, row in enumerate(sheet.rows, start=1):
        if number > MAX_ROWS:
            raise ParameterError(
                _(
                    "sheet {title} has more rows than an XLSX file can hold; write .csv instead"
                ).format(title=sheet.title)
            )
        values = list(row)
        while len(letters) < len(values):
            letters.append(_letters(len(letters), sheet.title))
        yield f'<row r="{number}">'
        bold = sheet.has_header and number == 1
        for i, value in enumerate(values):
            write = _WRITERS.get(type(value)) or _writer_of(value)
            found = write(value)
            if found is None:
                continue
            style, content = found
            if bold or (sheet.has_labels and i == 0):
                style = _BOLD
            yield f'<c r="{letters[i]}{number}"{style}{content}</c>'
        yield "</row>"
    yield "</sheetData></worksheet>"


def _letters(index: int, title: str) -> str:
    """Return the letters of a column, counted from 0."""
    if index >= MAX_COLUMNS:
        raise ParameterError(
            _("sheet {title} has more columns than an XLSX file can hold").format(title=title)
        )
    letters = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


# --- cells: the style and all behind it; None is an empty cell ------------------------------------
_Cell = tuple[str, str] | None


def _write_text(text: str) -> _Cell:
    if not text:
        return None
    text = defuse(writable(text))[:MAX_CHARACTERS]
    if _PARTICULAR.search(text) is None:
        return _PLAIN, f' t="inlineStr"><is><t>{text}</t></is>'
    text = escape(_ENCODED.sub("_x005F_", text), quote=False).replace("\r", "&#13;")
    return _PLAIN, f' t="inlineStr"><is><t xml:space="preserve">{text}</t></is>'


def _write_number(number: float) -> _Cell:
    if math.isnan(number):
        return None
    if math.isinf(number):
        return _write_text(str(number))
    return _PLAIN, f"><v>{number!r}</v>"


def _write_whole(number: int) -> _Cell:
    return _PLAIN, f"><v>{number}</v>"


def _write_bool(value: bool) -> _Cell:
    return _PLAIN, f' t="b"><v>{int(value)}</v>'


def _write_date(day: date) -> _Cell:
    if day < _FIRST_DAY:
        return _write_text(day.isoformat())
    return _DATE, f"><v>{(day - _DAY_ZERO).days}</v>"


def _write_moment(moment: datetime) -> _Cell:
    """Write a moment, in whatever zone it is, or one that is missing (NaT)."""
    with suppress(ValueError):
        return _write_text(moment.isoformat(" ", "seconds"))
    return None


def _write_nothing(_value: object) -> _Cell:
    return None


_WRITERS: Final[dict[type, Callable[[Any], _Cell]]] = {
    str: _write_text,
    float: _write_number,
    int: _write_whole,
    bool: _write_bool,
    date: _write_date,
    datetime: _write_moment,
    type(None): _write_nothing,
}


def _writer_of(value: Any) -> Callable[[Any], _Cell]:
    """Return how a value of a class derived from a known one, or of an unknown one, is written."""
    if type(value).__name__ in {"NAType", "NaTType"}:  # missing values of pandas
        return _write_nothing
    if hasattr(value, "item"):  # numbers of numpy
        return lambda scalar: _WRITERS.get(type(scalar.item()), _write_other)(scalar.item())
    for known in (str, bool, int, float, datetime, date):
        if isinstance(value, known):
            return _WRITERS[known]
    return _write_other


def _write_other(value: object) -> _Cell:
    return _write_text(str(value))


# --- what stands around the sheets ----------------------------------------------------------------
def _title(text: str, taken: list[str]) -> str:
    """Return a sheet's name as spreadsheets allow it, another than those taken."""
    clean = _TITLE_FORBIDDEN.sub(" ", writable(text)).strip(" '") or "1"
    title, number = clean[:_MAX_TITLE], 2
    while title.casefold() in {one.casefold() for one in taken}:
        ending = f" {number}"
        title, number = clean[: _MAX_TITLE - len(ending)] + ending, number + 1
    return title


def _frame(titles: list[str]) -> Iterator[tuple[str, str]]:
    """Yield the parts of the archive that say what the sheets are."""
    numbers = range(1, len(titles) + 1)
    sheets = "".join(
        f'<sheet name="{escape(title)}" sheetId="{n}" r:id="rId{n}"/>'
        for n, title in zip(numbers, titles, strict=True)
    )
    yield (
        "xl/workbook.xml",
        f'<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}"><sheets>{sheets}</sheets></workbook>',
    )
    related = "".join(
        f'<Relationship Id="rId{n}" Type="{_OFFICE}/worksheet" Target="worksheets/sheet{n}.xml"/>'
        for n in numbers
    )
    yield (
        "xl/_rels/workbook.xml.rels",
        f'<Relationships xmlns="{_PACKAGE}/relationships">{related}'
        f'<Relationship Id="rId{len(titles) + 1}" Type="{_OFFICE}/styles" Target="styles.xml"/>'
        "</Relationships>",
    )
    yield "xl/styles.xml", _STYLES
    yield (
        "_rels/.rels",
        f'<Relationships xmlns="{_PACKAGE}/relationships"><Relationship Id="rId1" '
        f'Type="{_OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
    )
    overrides = "".join(
        f'<Override PartName="/xl/worksheets/sheet{n}.xml" ContentType="{_KIND}.worksheet+xml"/>'
        for n in numbers
    )
    yield (
        "[Content_Types].xml",
        f'<Types xmlns="{_PACKAGE}/content-types"><Default Extension="rels" '
        'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        '<Default Extension="xml" ContentType="application/xml"/><Override '
        f'PartName="/xl/workbook.xml" ContentType="{_KIND}.sheet.main+xml"/><Override '
        f'PartName="/xl/styles.xml" ContentType="{_KIND}.styles+xml"/>{overrides}</Types>',
    )
