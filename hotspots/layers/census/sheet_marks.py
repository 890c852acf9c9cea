"""What a sheet of a workbook holds beside its values: merged cells, formulas never computed."""

import posixpath
import re
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from xml.parsers import expat

from openpyxl.utils import get_column_letter
from openpyxl.utils.cell import range_boundaries

from hotspots.archive import DAMAGED

_WORKBOOK: Final = "xl/workbook.xml"
_RELATIONS: Final = "xl/_rels/workbook.xml.rels"
_UNPACKED_LIMIT: Final = 200_000_000  # bytes of a sheet that are looked through
_MERGED_LIMIT: Final = 10_000
_PIECE_BYTES: Final = 1 << 16
_CELL: Final = re.compile(r"([A-Z]{1,3})([0-9]{1,7})")


@dataclass(frozen=True)
class Merged:
    """A rectangle of cells made one; only the first of them holds anything."""

    first_column: int
    first_row: int
    last_column: int
    last_row: int

    @property
    def name(self) -> str:
        """As a spreadsheet writes it: B2:B6."""
        start = f"{get_column_letter(self.first_column)}{self.first_row}"
        return f"{start}:{get_column_letter(self.last_column)}{self.last_row}"

    def holds(self, column: int, row: int) -> bool:
        """Return whether a cell lies in it."""
        across = self.first_column <= column <= self.last_column
        return across and self.first_row <= row <= self.last_row

    def hides(self, column: int, row: int) -> bool:
        """Return whether a cell lies in it and can hold nothing."""
        return self.holds(column, row) and (column, row) != (self.first_column, self.first_row)


@dataclass(frozen=True)
class SheetMarks:
    """Merged cells of a sheet, and how many formulas without a value each column has."""

    merged: tuple[Merged, ...] = ()
    uncomputed: Mapping[int, int] = field(default_factory=dict)


NO_MARKS: Final = SheetMarks()


def read_marks(path: Path, sheet: str | None) -> SheetMarks:
    """Return the marks of a sheet; none where they cannot be read, as in a damaged workbook.

    Parameters
    ----------
    path
        Workbook that `hotspots.archive.check_members` has let pass.
    sheet
        Its name; None: the first.
    """
    looked = _Looked()
    try:
        with zipfile.ZipFile(path) as archive:
            part = _part(archive, sheet)
            if part is not None:
                looked.look_through(archive, part)
    except (expat.ExpatError, KeyError, *DAMAGED):
        return NO_MARKS
    return SheetMarks(tuple(looked.merged), dict(looked.uncomputed))


class _Looked:
    """What has been found in a sheet so far."""

    def __init__(self) -> None:
        self.merged: list[Merged] = []
        self.uncomputed: Counter[int] = Counter()
        self._column = 0
        self._is_formula = self._in_value = self._has_value = False

    def look_through(self, archive: zipfile.ZipFile, part: str) -> None:
        parser = _parser(self._start)
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text
        for piece in _pieces(archive, part):
            parser.Parse(piece, False)

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        name = _plain(tag)
        if name == "c":
            cell = _CELL.fullmatch(attributes.get("r", ""))
            self._column = _number(cell[1]) if cell else 0
            self._is_formula = self._has_value = False
        elif name == "f":
            self._is_formula = True
        elif name == "v":
            self._in_value = True
        elif name == "mergeCell" and len(self.merged) < _MERGED_LIMIT:
            bounds = range_boundaries(attributes.get("ref", ""))
            if None not in bounds:
                self.merged.append(Merged(*bounds))

    def _end(self, tag: str) -> None:
        name = _plain(tag)
        if name == "v":
            self._in_value = False
        elif name == "c" and self._is_formula and not self._has_value and self._column:
            self.uncomputed[self._column] += 1

    def _text(self, text: str) -> None:
        if self._in_value and text.strip():
            self._has_value = True


def _part(archive: zipfile.ZipFile, sheet: str | None) -> str | None:
    """Return the member of a workbook that holds a sheet."""
    sheets: list[dict[str, str]] = []
    targets: dict[str, str] = {}

    def take_sheet(tag: str, attributes: dict[str, str]) -> None:
        if _plain(tag) == "sheet":
            sheets.append({_plain(name): value for name, value in attributes.items()})

    def take_target(tag: str, attributes: dict[str, str]) -> None:
        if _plain(tag) == "Relationship":
            targets[attributes["Id"]] = attributes["Target"]

    for part, take in ((_WORKBOOK, take_sheet), (_RELATIONS, take_target)):
        parser = _parser(take)
        for piece in _pieces(archive, part):
            parser.Parse(piece, False)
    found = next((one for one in sheets if sheet in {None, one["name"]}), None)
    if found is None:
        return None
    return posixpath.normpath(posixpath.join("/xl", targets[found["id"]])).lstrip("/")


def _parser(start: Callable[[str, dict[str, str]], None]) -> expat.XMLParserType:
    parser = expat.ParserCreate()
    parser.StartElementHandler = start
    parser.StartDoctypeDeclHandler = _refuse_entities
    return parser


def _refuse_entities(*_declared: object) -> None:
    raise ValueError("workbooks declare no entities")


def _pieces(archive: zipfile.ZipFile, part: str) -> Iterator[bytes]:
    left = _UNPACKED_LIMIT
    with archive.open(part) as packed:
        while left > 0 and (piece := packed.read(_PIECE_BYTES)):
            left -= len(piece)
            yield piece


def _plain(tag: str) -> str:
    return tag.rpartition(":")[2]


def _number(letters: str) -> int:
    number = 0
    for letter in letters:
        number = 26 * number + ord(letter) - 64
    return number
