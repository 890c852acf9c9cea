"""The XML of a workbook's sheets and texts read piece by piece, so that memory stays bounded.

openpyxl builds a tree of every row and keeps what is left of it: minutes and hundreds of
megabytes for a sheet of 200,000 rows. What a cell means is its knowledge still (`cells`).
"""

from collections.abc import Iterator
from typing import IO, Any, Final, NamedTuple
from xml.parsers import expat

from openpyxl.xml.constants import SHEET_MAIN_NS

# Characters that a cell of Excel can hold.
CELL_LIMIT: Final = 32_767
_PIECE: Final = 1 << 16  # bytes read at a time
_NS: Final = f"{SHEET_MAIN_NS} "
_ROW, _CELL, _VALUE, _FORMULA = (_NS + name for name in ("row", "c", "v", "f"))
_INLINE, _TEXT, _PHONETIC, _STRING = (_NS + name for name in ("is", "t", "rPh", "si"))
_COLUMN, _DATA = _NS + "col", _NS + "sheetData"


class LongText(str):
    """The beginning of a text that no cell can hold, and how long it was."""

    length: int


class RawCell(NamedTuple):
    """A cell as the file has it.

    Attributes
    ----------
    column
        1-based.
    kind, style
        Its attributes ``t`` ("n" where there is none) and ``s``.
    value
        Text of its value; None where it has none or an empty one.
    has_formula
        It is a formula of which the file keeps no value.
    """

    column: int
    kind: str
    style: int
    value: str | None
    has_formula: bool


class RawRow(NamedTuple):
    """A row that the file holds: its 1-based number, its cells and whether it is hidden."""

    number: int
    cells: list[RawCell]
    is_hidden: bool


class _Pieces:
    """Characters of one text; those beyond what a cell can hold are counted only."""

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._length = 0

    def add(self, text: str) -> None:
        if self._length <= CELL_LIMIT:
            self._parts.append(text)
        self._length += len(text)

    def take(self) -> str:
        """Return the text and begin anew."""
        text = "".join(self._parts)
        if self._length > CELL_LIMIT:
            long = LongText(text[: CELL_LIMIT + 1])
            long.length = self._length
            text = long
        self._parts.clear()
        self._length = 0
        return text


def _refuse_doctype(*_arguments: object) -> None:
    # Definitions of entities could grow without an end; no workbook has one.
    raise ValueError("a definition of a document type")


def _make_parser() -> Any:
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = _refuse_doctype
    return parser


def read_strings(source: IO[bytes]) -> list[str]:
    """Return the shared texts of a workbook; one beyond `CELL_LIMIT` as `LongText`."""
    strings: list[str] = []
    pieces = _Pieces()
    parser = _make_parser()
    phonetic = 0

    def start(name: str, _attributes: dict[str, str]) -> None:
        nonlocal phonetic
        if name == _TEXT and not phonetic:
            parser.CharacterDataHandler = pieces.add
        elif name == _PHONETIC:
            phonetic += 1

    def end(name: str) -> None:
        nonlocal phonetic
        parser.CharacterDataHandler = None
        if name == _STRING:
            text = pieces.take()
            strings.append(text.replace("x005F_", "") if "x005F_" in text else text)
        elif name == _PHONETIC:
            phonetic -= 1

    parser.StartElementHandler = start
    parser.EndElementHandler = end
    while piece := source.read(_PIECE):
        parser.Parse(piece, False)
    parser.Parse(b"", True)
    return strings


class SheetReader:
    """One sheet's rows, in the order of the file; empty ones that it does not hold are left out.

    Attributes
    ----------
    hidden_columns
        Definitions of columns, met before the first row, that hide them.
    """

    def __init__(self, source: IO[bytes]) -> None:
        self.hidden_columns = 0
        self._source = source
        self._rows: list[RawRow] = []
        self._cells: list[RawCell] = []
        self._in_row = self._in_data = False
        self._number = self._column = self._phonetic = 0
        self._hidden_row = False
        self._attributes: dict[str, str] = {}
        self._value: str | None = None
        self._has_value = self._has_formula = False
        self._pieces = _Pieces()
        self._parser = _make_parser()
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end

    def rows(self) -> Iterator[RawRow]:
        """Yield the rows."""
        while piece := self._source.read(_PIECE):
            self._parser.Parse(piece, False)
            if self._rows:
                yield from self._rows
                self._rows.clear()
        self._parser.Parse(b"", True)
        yield from self._rows

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        if self._in_row:
            if name == _CELL:
                self._attributes = attributes
                self._value = None
                self._has_value = self._has_formula = False
            elif name == _VALUE:
                self._has_value = True
                self._parser.CharacterDataHandler = self._pieces.add
            elif name == _TEXT:
                if not self._phonetic:
                    self._parser.CharacterDataHandler = self._pieces.add
            elif name == _FORMULA:
                self._has_formula = True
            elif name == _PHONETIC:
                self._phonetic += 1
        elif name == _ROW and self._in_data:
            self._in_row = True
            self._column = 0
            self._number = _whole(attributes["r"]) if "r" in attributes else self._number + 1
            self._hidden_row = _is_hidden(attributes)
        elif name == _DATA:
            self._in_data = True
        elif name == _COLUMN:
            self.hidden_columns += _is_hidden(attributes)

    def _end(self, name: str) -> None:
        if not self._in_row:
            if name == _DATA:
                self._in_data = False
            return
        if name == _CELL:
            self._add_cell()
        elif name == _VALUE:
            self._parser.CharacterDataHandler = None
            text = self._pieces.take()
            if self._attributes.get("t") != "inlineStr":
                self._value = text or None
        elif name == _TEXT:
            self._parser.CharacterDataHandler = None
        elif name == _INLINE:
            text = self._pieces.take()
            if self._attributes.get("t") == "inlineStr":
                self._value = text or None
        elif name == _PHONETIC:
            self._phonetic -= 1
        elif name == _ROW:
            self._in_row = False
            self._rows.append(RawRow(self._number, self._cells, self._hidden_row))
            self._cells = []

    def _add_cell(self) -> None:
        attributes = self._attributes
        place = attributes.get("r")
        self._column = _column_of(place) if place else self._column + 1
        kind = attributes.get("t", "n")
        lacking = (
            self._has_formula and self._value is None and not (kind == "str" and self._has_value)
        )
        style = attributes.get("s")
        self._cells.append(
            RawCell(self._column, kind, int(style) if style else 0, self._value, lacking)
        )


def _whole(text: str) -> int:
    number = float(text)
    if not number.is_integer():
        raise ValueError(f"{text} is not a valid row number")
    return int(number)


def _column_of(place: str) -> int:
    """Return the column of a reference such as "AB12"."""
    letters = place.replace("$", "").rstrip("0123456789")
    number = 0
    for letter in letters.upper():
        if not "A" <= letter <= "Z":
            raise ValueError(f"{place[:20]} is not a valid reference of a cell")
        number = number * 26 + ord(letter) - 64
    if not number or len(letters) == len(place) or len(letters) > 5:
        raise ValueError(f"{place[:20]} is not a valid reference of a cell")
    return number


def _is_hidden(attributes: dict[str, str]) -> bool:
    return attributes.get("hidden", "0").lower() in {"1", "true"}
