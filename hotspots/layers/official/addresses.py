"""RÚIAN's address CSV of a municipality, as ČÚZK publishes it."""

import csv
import re
import unicodedata
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Final

from shapely import Point

from hotspots.cells import visible
from hotspots.crs import CZECHIA_5514
from hotspots.errors import CRSError, NotFoundError, ParameterError, SchemaError, SourceError
from hotspots.i18n import _, format_number
from hotspots.layers.official.frames import make_frame
from hotspots.layers.official.notes import missing_notes
from hotspots.layers.official.opening import Unpacked, fingerprint, open_unpacked
from hotspots.layers.official.rules import (
    CODE,
    HOUSE_NUMBER,
    MAX_POINTS,
    PROVISIONAL_NUMBER,
    is_possible_day,
    refuse_web_page,
    require_municipality_code,
)
from hotspots.layers.town_data import COLUMNS, SourceFile, TownData, ruian_citation
from hotspots.progress import Report, silent

# Columns by their names without accents; the rest of the row is not needed.
_CODE: Final = "kod adm"
_TOWN_CODE: Final = "kod obce"
_TOWN: Final = "nazev obce"
_PART_CODE: Final = "kod casti obce"
_PART: Final = "nazev casti obce"
_STREET_CODE: Final = "kod ulice"
_STREET: Final = "nazev ulice"
_KIND: Final = "typ so"
_NUMBER: Final = "cislo domovni"
_ORIENTATION: Final = "cislo orientacni"
_LETTER: Final = "znak cisla orientacniho"
_POSTCODE: Final = "psc"
_WEST: Final = "souradnice y"
_SOUTH: Final = "souradnice x"
_NEEDED: Final = {
    _CODE: "Kód ADM",
    _TOWN_CODE: "Kód obce",
    _TOWN: "Název obce",
    _KIND: "Typ SO",
    _NUMBER: "Číslo domovní",
    _WEST: "Souřadnice Y",
    _SOUTH: "Souřadnice X",
}
_LIMIT_BYTES: Final = 500 << 20
_LONGEST_LINE: Final = 1 << 16  # bytes
_MOST_EMPTY_LINES: Final = 1_000
_REPORT_ROWS: Final = 2_000
_MOST_DEGREES: Final = 180
_DIGITS: Final = re.compile("[0-9]{1,18}")
_COORDINATE: Final = re.compile(r"[+-]?[0-9]{1,9}(?:[.,][0-9]{1,9})?")
_DAY: Final = re.compile(r"(?<![0-9])(20[0-9]{6})_")

_Row = tuple[object, ...]


def read_addresses(
    path: Path, *, municipality: str | None = None, report: Report = silent
) -> TownData:
    """Return the addresses of one municipality.

    Parameters
    ----------
    path
        ``.csv``, gzip, or ZIP with one CSV: `;`, Windows-1250 or UTF-8, positive S-JTSK.
    municipality
        ZÚJ, six digits: the rows to take where the file has several municipalities.
    report
        Told how far reading has come.

    Returns
    -------
    town
        Only `addresses` has rows, EPSG:5514 = (−Y, −X); without position where the file gives
        none. `valid_on` is the day in the file's name (``20261031_OB_536385_ADR.csv``), if any.

    Raises
    ------
    SchemaError
        A column is missing.
    SourceError
        The file is damaged or no such table, or a row is broken: the wrong number of cells, a
        code missing or double, a number that is none, bytes that are no text in its encoding.
    CRSError
        The columns of the coordinates are swapped, or hold no positive S-JTSK.
    ParameterError
        Several municipalities and none chosen; `municipality` is no ZÚJ.
    NotFoundError
        The file has no address of the municipality.
    """
    path = Path(path)
    if municipality is not None:
        require_municipality_code(municipality)
    day = _day_in(path.name)
    citation = ruian_citation(day)
    table = _Table(path.name, municipality, citation)
    with open_unpacked(path, limit_bytes=_LIMIT_BYTES) as source:
        refuse_web_page(source)
        text = _("Reading {name}").format(name=path.name)
        for i, (number, cells) in enumerate(_rows(source, path.name)):
            if i % _REPORT_ROWS == 0:
                report(text, source.share)
            table.add(number, cells)
    code, name = table.identity()
    sha256, n_bytes = fingerprint(path)
    rows = list(table.rows.values())
    return TownData(
        code=code,
        name=name,
        valid_on=day,
        sources=(SourceFile(path.name, sha256, n_bytes, day, citation),),
        notes=tuple(missing_notes(path.name, {"addresses": rows})),
        **{f: make_frame(f, rows if f == "addresses" else []) for f in COLUMNS},
    )


def is_address_table(head: bytes) -> bool:
    """Say whether the first bytes of a file are the header of the address CSV."""
    line = head.split(b"\n", 1)[0]
    first = line.decode(_encoding(line), errors="replace")  # may be of any file
    names = {_plain(cell) for cell in first.split(";")}
    return {_CODE, _TOWN_CODE} <= names


def _rows(source: Unpacked, file: str) -> Iterator[tuple[int, list[str]]]:
    """Yield line number and cells, the header first."""
    reader = csv.reader(_lines(source, file), delimiter=";", strict=True)
    try:
        for cells in reader:
            if cells:
                yield reader.line_num, cells
    except csv.Error as error:
        raise SourceError(
            _("{name}, row {row}: broken quotation marks or cells ({reason})").format(
                name=file, row=reader.line_num, reason=error
            )
        ) from error


def _lines(source: Unpacked, file: str) -> Iterator[str]:
    """Yield decoded lines; a line or a run of empty lines without end is refused."""
    rest, n_empty, number = b"", 0, 0
    encoding = _encoding(source.peek(4096))
    while piece := source.read(_LONGEST_LINE):
        *lines, rest = (rest + piece).split(b"\n")
        if any(len(line) > _LONGEST_LINE for line in (*lines, rest)):
            raise SourceError(
                _("{name} has a line longer than any address; it is no address table").format(
                    name=file
                )
            )
        for line in lines:
            n_empty += not line.strip()
            number += 1
            yield _decode(line, encoding, file=file, row=number) + "\n"
        if n_empty > _MOST_EMPTY_LINES:
            raise SourceError(
                _("{name} has more than {n} empty lines; download it again").format(
                    name=file, n=_MOST_EMPTY_LINES
                )
            )
    if rest:
        yield _decode(rest, encoding, file=file, row=number + 1)


def _encoding(head: bytes) -> str:
    """Return the encoding of a header; its first word, Kód, differs in UTF-8 and Windows-1250."""
    wide = head.startswith(b"\xef\xbb\xbf") or b"K\xc3\xb3d" in head
    return "utf-8-sig" if wide else "cp1250"


def _decode(line: bytes, encoding: str, *, file: str, row: int) -> str:
    try:
        return line.decode(encoding)
    except UnicodeDecodeError as error:
        raise SourceError(
            _(
                "{name}, row {row} has characters that are not in {encoding}, the encoding of its "
                "header; download the file again and do not save it in another program"
            ).format(
                name=file, row=row, encoding="Windows-1250" if encoding == "cp1250" else "UTF-8"
            )
        ) from error


def _plain(name: str) -> str:
    """Return a column name without accents, case and superfluous spaces."""
    letters = unicodedata.normalize("NFKD", name.strip().strip('"'))
    return " ".join("".join(c for c in letters if not unicodedata.combining(c)).lower().split())


def _day_in(name: str) -> date | None:
    found = _DAY.search(name)
    try:
        day = datetime.strptime(found[1], "%Y%m%d").date() if found else None  # noqa: DTZ007
    except ValueError:
        return None
    return day if day is not None and is_possible_day(day) else None


class _Table:
    """The rows of one municipality, checked as they come."""

    def __init__(self, file: str, municipality: str | None, citation: str) -> None:
        self.file = file
        self.municipality = municipality
        self.citation = citation
        self.columns: Mapping[str, int] = {}
        self.width = 0
        self.rows: dict[str, _Row] = {}
        self.towns: dict[str, str] = {}

    def add(self, number: int, cells: list[str]) -> None:
        if not self.columns:
            self._read_header(cells)
            return
        if len(cells) != self.width:
            raise self._error(
                number,
                _("has {n} cells, the header {width}").format(n=len(cells), width=self.width),
            )
        town = self._code(number, cells, _TOWN_CODE)
        if self.municipality not in {None, town}:
            return
        self.towns[town] = self._cell(cells, _TOWN)
        if len(self.towns) > 1:
            raise ParameterError(
                _(
                    "{name} holds addresses of several municipalities ({codes}); say which one "
                    "to take by its ZÚJ (municipality)"
                ).format(name=self.file, codes=", ".join(self.towns))
            )
        row = self._address(number, cells)
        if str(row[0]) in self.rows:
            raise self._error(number, _("has the code {code} again").format(code=row[0]))
        self.rows[str(row[0])] = row
        if len(self.rows) > MAX_POINTS:
            raise SourceError(
                _(
                    "{name} has more than {n} addresses of one municipality, more than any real "
                    "one; it is not read. Download the file again from ČÚZK"
                ).format(name=self.file, n=format_number(MAX_POINTS))
            )

    def identity(self) -> tuple[str, str]:
        """Return the code and the name of the municipality."""
        if self.towns:
            return next(iter(self.towns.items()))
        if self.municipality is None:
            raise SourceError(
                _("{name} holds no address; download it again").format(name=self.file)
            )
        raise NotFoundError(
            _("{name} has no address of the municipality {code}; check its ZÚJ").format(
                name=self.file, code=self.municipality
            )
        )

    def _read_header(self, cells: list[str]) -> None:
        self.columns = {_plain(name): i for i, name in enumerate(cells)}
        self.width = len(cells)
        missing = [name for key, name in _NEEDED.items() if key not in self.columns]
        if missing:
            raise SchemaError(
                _(
                    "{name} lacks the columns {columns} of RÚIAN's address CSV; download it from "
                    "ČÚZK and do not change its header"
                ).format(name=self.file, columns=", ".join(missing))
            )

    def _address(self, number: int, cells: list[str]) -> _Row:
        kind = self._cell(cells, _KIND)
        if kind not in {HOUSE_NUMBER, PROVISIONAL_NUMBER}:
            raise self._error(
                number,
                _("has '{value}' as Typ SO; known are č.p. and č.ev.").format(value=kind[:20]),
            )
        code = self._code(number, cells, _CODE)
        if not code:
            raise self._error(number, _("has no code (Kód ADM)"))
        orientation = self._digits(number, cells, _ORIENTATION)
        return (
            code,
            self._code(number, cells, _STREET_CODE),
            self._cell(cells, _STREET)[:200],
            kind,
            self._digits(number, cells, _NUMBER),
            orientation + self._cell(cells, _LETTER)[:2] if orientation else "",
            self._code(number, cells, _PART_CODE),
            self._cell(cells, _PART)[:200],
            self._digits(number, cells, _POSTCODE),
            self.citation,
            self._position(number, cells),
        )

    def _cell(self, cells: list[str], column: str) -> str:
        at = self.columns.get(column)
        return "" if at is None else visible(cells[at])

    def _digits(self, number: int, cells: list[str], column: str) -> str:
        text = self._cell(cells, column)
        if text and not _DIGITS.fullmatch(text):
            raise self._error(
                number, _("has '{value}' where a number is expected").format(value=text[:20])
            )
        return text

    def _code(self, number: int, cells: list[str], column: str) -> str:
        text = self._digits(number, cells, column)
        if text and not CODE.fullmatch(text):
            raise self._error(
                number, _("has '{value}' where a code is expected").format(value=text[:20])
            )
        return text

    def _position(self, number: int, cells: list[str]) -> Point | None:
        west, south = self._cell(cells, _WEST), self._cell(cells, _SOUTH)
        if not west and not south:
            return None
        for text in (west, south):
            if not _COORDINATE.fullmatch(text):
                raise self._error(
                    number,
                    _("has '{value}' as a coordinate, which is no number").format(value=text[:20]),
                )
        y, x = (float(text.replace(",", ".")) for text in (west, south))
        if not _in_czechia(-y, -x):
            raise CRSError(
                _("{name}, row {row}: {guess}").format(
                    name=self.file, row=number, guess=_guess(y, x)
                )
            )
        return Point(-y, -x)

    def _error(self, number: int, what: str) -> SourceError:
        return SourceError(
            _("{name}, row {row} {what}; download the file again").format(
                name=self.file, row=number, what=what
            )
        )


def _in_czechia(x: float, y: float) -> bool:
    west, south, east, north = CZECHIA_5514
    return west <= x <= east and south <= y <= north


def _guess(y: float, x: float) -> str:
    """Return what a pair of coordinates that is no positive S-JTSK seems to be."""
    if _in_czechia(-x, -y):
        return _(
            "the columns Souřadnice Y and Souřadnice X are swapped: Y lies between 430 and "
            "905 km, X between 930 and 1230 km; exchange them or download the file again"
        )
    if _in_czechia(y, x) or _in_czechia(x, y):
        return _(
            "the columns Souřadnice Y and Souřadnice X are negative, but RÚIAN's are positive; "
            "download the file again"
        )
    if max(abs(y), abs(x)) <= _MOST_DEGREES:
        return _(
            "the columns Souřadnice Y and Souřadnice X hold degrees (WGS84), not S-JTSK; "
            "download the file from ČÚZK without conversion"
        )
    return _("the position Y {y}, X {x} lies outside Czechia; download the file again").format(
        y=y, x=x
    )
