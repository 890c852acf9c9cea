"""Delimited text (CSV, TSV) streamed as raw rows: no row is lost and no line exhausts memory."""

import csv
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import repeat
from pathlib import Path
from typing import Any, Final, TextIO

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as arrow_csv
from pyproj import CRS

from hotspots.errors import ParameterError, SchemaError, SourceError
from hotspots.i18n import _, format_number, ngettext
from hotspots.ingest.batch import RAW_LIMIT
from hotspots.ingest.detect import detect_text
from hotspots.ingest.header import SAMPLE_ROWS, find_header, title_text
from hotspots.ingest.lines import LINE_LIMIT, Lines
from hotspots.ingest.table import RawBlock, check_header, is_total, make_columns

DELIMITERS: Final = (";", "\t", ",", "|")
# Lines from the top in which titles and the header are looked for.
_SAMPLE_LINES: Final = 100
# A quoted field may run over this many lines; a quote open for longer was never closed.
_QUOTED_LINES: Final = 100
# A name of a column written over several lines of its cell, as Excel allows.
_HEADER_LINES: Final = 10
# Number, text and values of a row; no values where its quotes make no sense.
_Row = tuple[int, str, list[str] | None]


class TextTable:
    """A CSV or TSV file with a header; satisfies `hotspots.ingest.table.Table`.

    Parameters
    ----------
    path
        File.
    delimiter, encoding
        As the user states them; empty means: find out.

    Raises
    ------
    SourceError
        The file is binary, in an encoding that does not fit, or has a line longer than
        `LINE_LIMIT`.
    SchemaError
        There is no header, or nothing below it.
    ParameterError
        The delimiter is not one character, or the encoding is unknown.
    """

    def __init__(self, path: Path, *, delimiter: str = "", encoding: str = "") -> None:
        self.path = path
        self.has_geometry = False
        self.crs: CRS | None = None
        self.crs_is_default = False
        self.warnings: list[str] = []
        if delimiter and len(delimiter) != 1:
            raise ParameterError(
                _("delimiter must be one character, got '{value}'").format(value=delimiter)
            )
        self.format = detect_text(path, encoding=encoding)
        if not encoding and self.format.encoding in {"iso8859-2", "iso-8859-2", "cp852"}:
            self.warnings.append(
                _("the text was read as {encoding}, as its letters tell").format(
                    encoding=self.format.encoding
                )
            )
        sample = self._sample()
        filled = [line for line in sample if line.strip()]
        self.delimiter = delimiter or find_delimiter(filled[:SAMPLE_ROWS])
        header = self._find_header(sample)
        self.columns = check_header(header, path=path)
        self._width = len(header)
        if not any(line.strip() for line in sample[self._header_lines :]):
            raise SchemaError(
                _("{name} holds a header only; there are no rows below it").format(name=path.name)
            )

    def _sample(self) -> list[str]:
        """Return the first lines, up to some that are not blank."""
        found: list[str] = []
        n_filled = 0
        with self._open() as file:
            lines = Lines(file, self.path, old_mac=self.format.old_mac)
            while (len(found) < _SAMPLE_LINES or n_filled < 2) and (more := lines.take(1)):
                n_filled += bool(more[0].strip())
                # No table begins below so many blank lines; they need not be kept.
                if more[0].strip() or len(found) < 10 * _SAMPLE_LINES:
                    found += more
        if not n_filled:
            raise SourceError(_("{name} is empty").format(name=self.path.name))
        return found

    def _find_header(self, sample: list[str]) -> list[str]:
        """Return the names of the columns, and note the number of lines down to them."""
        rows, starts, ends = _split_sample(sample, self.delimiter)
        start = next(at for at, line in enumerate(sample) if line.strip())
        if rows:
            header = find_header(rows)
            if header.at:
                self.warnings.append(title_text(rows[: header.at]))
                start = starts[header.at]
            if header.height > 1:
                self._header_lines = ends[header.at + header.height - 1]
                return header.names
        names, height = self._read_header(sample[start : start + _HEADER_LINES], start + 1)
        self._header_lines = start + height
        return names

    def _read_header(self, lines: list[str], row: int) -> tuple[list[str], int]:
        """Return the names of the columns and the number of lines they take."""
        try:
            for n in range(1, len(lines) + 1):
                joined = "\n".join(lines[:n])
                if _ends_closed(joined, self.delimiter):
                    names = _split_strictly(joined, self.delimiter) if n > 1 else None
                    if names is not None:
                        return names, n
                    break
            return next(csv.reader(lines[:1], delimiter=self.delimiter), []), 1
        except csv.Error as error:
            raise SourceError(
                _(
                    "{name}: row {row} cannot be split into names of columns: one is longer than "
                    "{limit} characters, or a carriage return stands inside it; export the "
                    "table again"
                ).format(name=self.path.name, row=row, limit=format_number(csv.field_size_limit()))
            ) from error

    def _open(self) -> TextIO:
        return self.path.open(
            encoding=self.format.encoding, newline="\r" if self.format.old_mac else "\n"
        )

    def blocks(self, n_rows: int) -> Iterator[RawBlock]:
        """Read the rows from the start, at most `n_rows` at a time."""
        with self._open() as file:
            lines = Lines(file, self.path, old_mac=self.format.old_mac)
            lines.take(self._header_lines)
            while texts := lines.take(n_rows):
                block = self._split(texts, lines)
                if len(block.rows) or block.bad:
                    yield block

    def _split(self, texts: list[str], lines: Lines) -> RawBlock:
        first = lines.number - len(texts)
        n_columns = len(self.columns)
        # Rows without quotes and of the right width, nearly all as a rule, are split at once.
        plain: list[str] = []
        plain_rows: list[int] = []
        parsed: Iterable[_Row] = []
        joined = "".join(texts)
        if '"' in joined or "\r" in joined:
            parsed = self._parse(texts, first, lines)
        else:
            width = n_columns - 1
            n_delimiters = np.fromiter(
                map(str.count, texts, repeat(self.delimiter)), np.int64, len(texts)
            )
            right = np.flatnonzero(n_delimiters == width)
            plain, plain_rows = [texts[i] for i in right], (right + first).tolist()
            parsed = [
                (i + first, texts[i], texts[i].split(self.delimiter))
                for i in np.flatnonzero(n_delimiters != width).tolist()
            ]
        records: list[list[str]] = []
        rows: list[int] = []
        bad: list[tuple[int, str, str]] = []
        for number, text, record in parsed:
            if record is None:
                bad.append((number, self._why_open(number, text, lines), text[:RAW_LIMIT]))
            elif len(record) == n_columns or (
                len(record) > n_columns and not any(record[n_columns:])
            ):
                rows.append(number)
                records.append(record[:n_columns])
            elif any(value.strip() for value in record):
                n = len(record)
                if is_total(next(value for value in record if value.strip())):
                    why = _("a row of totals, no incident")
                else:
                    why = self._why_short(n, number, lines) if n < n_columns else self._why_long(n)
                bad.append((number, why, text[:RAW_LIMIT]))
        data = make_columns(records, n_columns=n_columns)
        if plain:
            quick = _split_plain(plain, self.delimiter, n_columns)
            data = tuple(pa.concat_arrays([one, two]) for one, two in zip(quick, data, strict=True))
        return self._order(data, np.array(plain_rows + rows, dtype=np.int64), bad)

    def _order(
        self,
        data: tuple[Any, ...],
        rows: npt.NDArray[np.int64],
        bad: list[tuple[int, str, str]],
    ) -> RawBlock:
        """Leave blank rows out and put the others in the order of the file."""
        blank = np.ones(len(rows), dtype=bool)
        for texts in data:
            empty = pc.equal(pc.utf8_trim_whitespace(texts), "")
            blank &= np.asarray(empty.to_numpy(zero_copy_only=False), dtype=bool)
            if not blank.any():
                break
        order = np.argsort(rows, kind="stable")
        order = order[~blank[order]]
        if not np.array_equal(order, np.arange(len(rows))):
            data = tuple(texts.take(pa.array(order)) for texts in data)
        return RawBlock(self.columns, data, rows[order], sorted(bad))

    def _parse(self, texts: list[str], first: int, lines: Lines) -> Iterable[_Row]:
        """Return every row's number, text and values; None where its quotes make no sense."""
        if _ends_closed(texts[-1], self.delimiter):
            rows = self._parse_regular(texts, first)
            if rows is not None:
                return rows
        return list(self._parse_singly(texts, first, lines))

    def _parse_regular(self, texts: list[str], first: int) -> list[_Row] | None:
        """Do as `_parse` where every row keeps the rules of quoting and width, else None."""
        rows: list[_Row] = []
        widths = {0, *range(len(self.columns), self._width + 1)}
        # A line end inside quotes is part of the value, so the lines get theirs back.
        lines = (text + "\n" for text in texts)
        reader = csv.reader(lines, delimiter=self.delimiter, strict=True)
        at = 0
        try:
            for record in reader:
                if len(record) not in widths:
                    return None
                rows.append((first + at, texts[at], record))
                at = reader.line_num
        except csv.Error:
            return None
        return rows

    def _parse_singly(self, texts: list[str], first: int, lines: Lines) -> Iterator[_Row]:
        """Do as `_parse` row by row, joining the lines that a quoted field spans.

        A quote that nothing closes spoils its own row only.
        """
        queue, at = texts, 0
        while at < len(texts):
            text, number = queue[at], first + at
            at += 1
            if not _ends_closed(text, self.delimiter):
                ahead = at
                joined = text
                while ahead - at < _QUOTED_LINES and not _ends_closed(joined, self.delimiter):
                    if ahead == len(queue):
                        more = lines.take(1)
                        if not more:
                            break
                        queue = queue + more
                    joined += "\n" + queue[ahead]
                    ahead += 1
                record = _split_strictly(joined, self.delimiter)
                if record is None or len(record) < len(self.columns) or len(record) > self._width:
                    yield number, text, None
                else:
                    at = ahead
                    yield number, joined, record
                continue
            try:
                yield number, text, next(csv.reader([text], delimiter=self.delimiter), [])
            except csv.Error:
                yield number, text, None
        lines.put_back(queue[at:])

    def _why_open(self, number: int, text: str, lines: Lines) -> str:
        if len(text) > csv.field_size_limit():
            return _("the row holds a value that is longer than {limit} characters").format(
                limit=format_number(csv.field_size_limit())
            )
        if "\r" in text:
            return _(
                "the row cannot be split into columns: a carriage return stands inside a value "
                "without quotation marks"
            )
        if lines.is_last(number) and lines.ends_open:
            return _(
                "the file ends inside a quoted value: the file seems cut off; "
                "export or download it again"
            )
        return _(
            "the row cannot be split into columns: a quotation mark is opened and not closed, "
            "or a line ends inside a value; close the quotation mark or double it"
        )

    def _why_short(self, n: int, number: int, lines: Lines) -> str:
        if lines.is_last(number) and lines.ends_open:
            return _(
                "the row has {n} of {width} columns and the file ends inside it: the file seems "
                "cut off; export or download it again"
            ).format(n=n, width=len(self.columns))
        return ngettext(
            "the row has {n} column, the header has {width}",
            "the row has {n} columns, the header has {width}",
            n,
        ).format(n=n, width=len(self.columns))

    def _why_long(self, n: int) -> str:
        return _(
            "the row has {n} columns, the header has {width}; "
            "put values that hold the delimiter into quotes"
        ).format(n=n, width=len(self.columns))


def _split_plain(texts: list[str], delimiter: str, n_columns: int) -> tuple[Any, ...]:
    """Split lines that hold no quote and are all of one width."""
    names = [str(i) for i in range(n_columns)]
    table = arrow_csv.read_csv(
        pa.BufferReader("\n".join(texts).encode()),
        read_options=arrow_csv.ReadOptions(
            column_names=names, use_threads=False, block_size=8 * LINE_LIMIT
        ),
        parse_options=arrow_csv.ParseOptions(
            delimiter=delimiter, quote_char=False, ignore_empty_lines=False
        ),
        convert_options=arrow_csv.ConvertOptions(
            column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False
        ),
    )
    return tuple(column.combine_chunks() for column in table.columns)


def _split_sample(
    sample: list[str], delimiter: str
) -> tuple[list[list[str]], list[int], list[int]]:
    """Return the first rows that are not blank, the lines above each and down to its end.

    Nothing where the lines cannot be split; then the first one is the header.
    """
    rows: list[list[str]] = []
    starts, ends = [], []
    above = 0
    reader = csv.reader((line + "\n" for line in sample), delimiter=delimiter)
    try:
        for record in reader:
            if any(value.strip() for value in record):
                rows.append(record)
                starts.append(above)
                ends.append(reader.line_num)
            above = reader.line_num
            if len(rows) == SAMPLE_ROWS:
                break
    except csv.Error:
        return [], [], []
    return rows, starts, ends


def _ends_closed(text: str, delimiter: str) -> bool:
    """Return whether a row is over where `text` ends, no quoted value being open."""
    if '"' not in text:
        return True
    try:
        return len(list(csv.reader([text, ""], delimiter=delimiter))) > 1
    except csv.Error:
        return True


def _split_strictly(text: str, delimiter: str) -> list[str] | None:
    """Return the values of one row, None where it breaks the rules of quoting."""
    try:
        records = list(csv.reader([text], delimiter=delimiter, strict=True))
    except csv.Error:
        return None
    return records[0] if len(records) == 1 else None


def find_delimiter(lines: list[str]) -> str:
    """Return the delimiter of a table, from its header and first rows.

    The one that splits the header and most of the rows into the same number of columns wins; a
    comma loses to equals, since it is also the Czech decimal mark.
    """
    # Lines that the csv module refuses tell nothing about the delimiter: a field too long, a stray
    # carriage return.
    lines = [line for line in lines if len(line) < csv.field_size_limit() and "\r" not in line]
    best, best_score = ",", (0.0, 0)
    for delimiter in DELIMITERS:
        try:
            widths = [len(row) for row in csv.reader(lines, delimiter=delimiter) if row]
        except csv.Error:
            continue
        if not widths or max(widths) < 2:
            continue
        # A title above the header may hold no delimiter: then the most common width tells.
        wanted = widths[0]
        if wanted < 2:
            wanted = Counter(width for width in widths if width > 1).most_common(1)[0][0]
        share = Counter(widths)[wanted] / len(widths)
        score = (round(share, 1), wanted)
        if score > best_score:
            best, best_score = delimiter, score
    return best
