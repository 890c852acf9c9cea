"""The Police ČR crime map's open data as incidents: one for each id, with all its types."""

import calendar
import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from hotspots import schema
from hotspots.clean import PRAGUE, Problems, TimeArray, parse_moments, parse_numbers
from hotspots.crs import parse_crs
from hotspots.i18n import _, ngettext
from hotspots.ingest.assembly import make_incidents
from hotspots.ingest.batch import CHUNK_ROWS, Chunk, SourceInfo, make_rejected
from hotspots.ingest.police_types import (
    CodeList,
    find_codes,
    parse_code_text,
    read_codes,
)
from hotspots.ingest.positions import pair_numbers, place
from hotspots.ingest.table import RawBlock, Table
from hotspots.periods import Span

SOURCE_ID: Final = "police_map"
LABEL: Final = "Policie ČR – mapa kriminality"
CITATION: Final = "Policie České republiky, kriminalita.policie.gov.cz"
_COLUMNS: Final = ("id", "date", "state", "relevance", "types")
# "The act did not happen" and "the act is no offence": kept in the record, not counted.
NOT_COUNTED: Final = ("3", "4")
_LISTED: Final = 10
# One municipality and year, or one month of the country.
_NAME: Final = re.compile(r"(?P<year>\d{4})(?:_(?P<municipality>\d{6})|(?P<month>\d{2}))\.\w+")
# A file whose last report is further from the end of its year or month may have been made before
# that was over, so it covers no more than what it reports.
_END_GAP: Final = timedelta(days=3)


def is_police(table: Table) -> bool:
    """Return whether a table has the columns of the crime map."""
    names = set(table.columns)
    return names.issuperset(_COLUMNS) and (table.has_geometry or names.issuperset({"x", "y"}))


class PoliceReader:
    """A file of the crime map; satisfies `batch.IncidentReader`.

    The file gives one row for each id and type, parent types included; rows of one id become one
    incident. Positions are displaced by the publisher. The date is that of the report
    (unverified), so it stands as `reported_at` and, for want of a better one, as the time of
    occurrence too.

    A file (one municipality and year, or one month of the country) is held in memory as a whole:
    rows of one id need not stand together.

    Parameters
    ----------
    path, file_format
        File and its format.
    table
        The file opened, or a function that opens it for a `with` block.
    source
        Id of the source; None means `police_map`.
    types_file
        Code list; None means the one beside the file, else the built-in one.
    codes
        Code list already read.
    chunk_rows
        Incidents handed on at a time.
    today
        Day beyond which dates are in the future; None means the present day in Prague.
    """

    def __init__(
        self,
        path: Path,
        table: Table | Callable[[], AbstractContextManager[Table]],
        *,
        file_format: str,
        source: str | None = None,
        types_file: Path | None = None,
        codes: CodeList | None = None,
        chunk_rows: int = CHUNK_ROWS,
        today: date | None = None,
    ) -> None:
        self.path = path
        self.format = file_format
        self.source = SourceInfo(source or SOURCE_ID, "state_police", LABEL, CITATION)
        self.warnings: list[str] = []
        self._open = table if callable(table) else lambda: nullcontext(table)
        self._codes = read_codes(types_file) if types_file else codes or find_codes(path)
        self._chunk_rows = chunk_rows
        self._today = today or datetime.now(PRAGUE).date()
        self._read: _Rows | None = None

    def _rows(self) -> "_Rows":
        if self._read is None:
            with self._open() as table:
                self._read = _Rows.read(table, name=self.path.name, today=self._today)
        return self._read

    @property
    def stated_record(self) -> tuple[Span, ...]:
        """The year or month that the file's name states, as far as its reports reach."""
        stated = span_of_name(self.path.name)
        if stated is None:
            return ()
        dates = self._rows().dates()
        within = dates[
            (dates >= np.datetime64(stated.start)) & (dates <= np.datetime64(stated.end))
        ]
        if not len(within):
            return ()
        last: date = within.max().item()
        if stated.end < self._today and stated.end - last <= _END_GAP:
            return (stated,)
        return (Span(stated.start, last),)

    @property
    def municipality(self) -> str | None:
        """The code (ZÚJ) of the municipality that the file's name states; None for a country."""
        match = _NAME.fullmatch(self.path.name)
        return match["municipality"] if match else None

    def chunks(self) -> Iterator[Chunk]:
        """Read the file and hand its incidents on."""
        rows = self._rows()
        self.warnings = list(rows.warnings)
        unknown: set[int] = set()
        n = len(rows.first)
        ends = range(self._chunk_rows, n + self._chunk_rows, self._chunk_rows) if n else (0,)
        rejected = rows.rejected
        for end in ends:
            chosen = slice(end - self._chunk_rows if n else 0, min(end, n))
            incidents = self._incidents(rows, chosen, unknown)
            n_merged = int(rows.n_rows[chosen].sum()) - len(incidents)
            numbers = rows.numbers[rows.first[chosen]]
            total = len(incidents) + len(rejected) + n_merged
            yield Chunk(incidents, numbers, rejected, n_rows=total, n_merged=n_merged)
            rejected = make_rejected([], [], [])
        if unknown:
            self.warnings.append(
                _(
                    "types that the code list lacks, taken as their parents or as other: {codes}"
                ).format(codes=", ".join(str(code) for code in sorted(unknown)))
            )

    def _incidents(self, rows: "_Rows", chosen: slice, unknown: set[int]) -> pd.DataFrame:
        first = rows.first[chosen]
        take = pa.array(first)
        kinds = [self._codes.describe(codes) for codes in rows.types[chosen]]
        for kind in kinds:
            unknown.update(kind.unknown)
        state = rows.state.take(take)
        counted = ~np.isin(state.to_numpy(zero_copy_only=False).astype(str), NOT_COUNTED)
        times = rows.times[first]
        return make_incidents(
            len(first),
            source_id=self.source.source_id,
            source_ref=rows.ids.take(take),
            columns={
                schema.OCCURRED_FROM: times,
                schema.OCCURRED_TO: times.copy(),
                schema.REPORTED_AT: times.copy(),
                schema.TIME_PRECISION: np.where(rows.has_time[first], "minute", "day"),
                schema.OFFENCE: _strings([kind.leading for kind in kinds]),
                schema.OFFENCE_GROUPS: _strings([kind.groups for kind in kinds]),
                schema.OFFENCE_CODES: _strings(
                    [";".join(map(str, codes)) for codes in rows.types[chosen]]
                ),
                schema.OFFENCE_DETAIL: _strings([kind.detail for kind in kinds]),
                schema.X: rows.x[first],
                schema.Y: rows.y[first],
                schema.DISPLACED: np.ones(len(first), dtype=bool),
                schema.RELEVANCE: rows.relevance.take(take),
                schema.STATUS: state,
                schema.COUNTED: counted,
            },
        )


class _Rows:
    """Rows of a file, those of one id found.

    Attributes of shape (n,) describe usable rows: `numbers` (row in the file), `times`,
    `has_time`, `x`, `y` (EPSG:5514) and the Arrow arrays `ids`, `state`, `relevance`. Of shape
    (m,), for each id in order: `first` (its first row), `n_rows`, `types` (sorted codes).
    """

    def __init__(self) -> None:
        self.numbers: npt.NDArray[np.int64]
        self.times: TimeArray
        self.has_time: npt.NDArray[np.bool_]
        self.x: npt.NDArray[np.float64]
        self.y: npt.NDArray[np.float64]
        self.ids: Any
        self.state: Any
        self.relevance: Any
        self.first: npt.NDArray[np.int64]
        self.n_rows: npt.NDArray[np.int64]
        self.types: list[tuple[int, ...]]
        self.rejected: pd.DataFrame
        self.warnings: list[str] = []

    def dates(self) -> TimeArray:
        """Return the day of every row."""
        return self.times.astype("datetime64[D]")

    @classmethod
    def read(cls, table: Table, *, name: str, today: date) -> "_Rows":
        """Read a table to its end."""
        self = cls()
        self.warnings = list(table.warnings)
        blocks = list(table.blocks(CHUNK_ROWS))
        columns = {c: _column(blocks, c) for c in _COLUMNS}
        numbers = np.concatenate([np.zeros(0, np.int64), *(block.rows for block in blocks)])
        problems: Problems = {}
        offset = 0
        for block in blocks:
            problems.update({i + offset: why for i, why in block.bad_geometry.items()})
            offset += len(block.rows)
        ids = columns["id"]
        named = np.asarray(
            pc.match_substring_regex(ids, "^[0-9]+$").to_numpy(zero_copy_only=False), dtype=bool
        )
        for i in np.flatnonzero(~named).tolist():
            problems[i] = _("id '{value}' is not a whole number").format(value=ids[i].as_py()[:60])
        moments = parse_moments(columns["date"], column="date", today=today)
        raw_x, raw_y, wrong = _positions(blocks, table)
        x, y, outside = place(
            raw_x, raw_y, numbers, crs=parse_crs("EPSG:4326"), name=name, check=True
        )
        for found in (moments.problems, wrong, outside):
            for i, why in found.items():
                problems.setdefault(i, why)
        for i in np.flatnonzero(moments.missing).tolist():
            problems.setdefault(i, _("there is no date"))
        self._reject(blocks, problems, numbers)

        good = np.ones(len(numbers), dtype=bool)
        good[list(problems)] = False
        keep = pa.array(np.flatnonzero(good))
        self.numbers, self.times, self.has_time = (
            numbers[good],
            moments.values[good],
            moments.has_time[good],
        )
        self.x, self.y = x[good], y[good]
        self.ids = ids.take(keep)
        self.state, self.relevance = columns["state"].take(keep), columns["relevance"].take(keep)
        self._merge(columns["types"].take(keep))
        return self

    def _reject(
        self, blocks: list[RawBlock], problems: Problems, numbers: npt.NDArray[np.int64]
    ) -> None:
        bad = [item for block in blocks for item in block.bad]
        starts = np.cumsum([0, *(len(block.rows) for block in blocks)])
        for i, why in problems.items():
            at = int(np.searchsorted(starts, i, side="right")) - 1
            bad.append((int(numbers[i]), why, blocks[at].raw(i - int(starts[at]))))
        bad.sort()
        self.rejected = make_rejected(
            [row for row, _why, _raw in bad],
            [why for _row, why, _raw in bad],
            [raw for _row, _why, raw in bad],
        )

    def _merge(self, types: Any) -> None:
        """Find the rows of each id, its types, and rows of one id that contradict each other."""
        encoded = self.ids.dictionary_encode()
        of_row = np.asarray(encoded.indices.to_numpy(), dtype=np.int64)
        n = len(encoded.dictionary)
        self.first = np.unique(of_row, return_index=True)[1].astype(np.int64)
        self.n_rows = np.bincount(of_row, minlength=n).astype(np.int64)
        words = types.dictionary_encode()
        codes_of = [parse_code_text(word) for word in words.dictionary.to_pylist()]
        found: list[set[int]] = [set() for _id in range(n)]
        for i, word in zip(of_row.tolist(), words.indices.to_pylist(), strict=True):
            found[i].update(codes_of[word])
        self.types = [tuple(sorted(codes)) for codes in found]
        states = np.asarray(self.state.dictionary_encode().indices.to_numpy())
        differs = np.zeros(len(of_row), dtype=bool)
        for values in (self.x, self.y, self.times.astype(np.int64), states):
            own = values[self.first][of_row]
            differs |= (values != own) & ~((values != values) & (own != own))
        ids = encoded.dictionary.take(pa.array(np.unique(of_row[differs]))).to_pylist()
        if ids:
            shown = ", ".join(ids[:_LISTED]) + (" …" if len(ids) > _LISTED else "")
            self.warnings.append(
                ngettext(
                    "rows of {n} id contradict each other in place, date or state; "
                    "the first row was kept: {ids}",
                    "rows of {n} ids contradict each other in place, date or state; "
                    "the first row of each was kept: {ids}",
                    len(ids),
                ).format(n=len(ids), ids=shown)
            )


def _strings(texts: list[str]) -> Any:
    return pa.array(texts, pa.string())


def _column(blocks: list[RawBlock], name: str) -> Any:
    return pa.concat_arrays([_strings([]), *(block.column(name) for block in blocks)])


def _positions(blocks: list[RawBlock], table: Table) -> tuple[Any, Any, Problems]:
    if table.has_geometry:
        return (
            np.concatenate([block.x for block in blocks if block.x is not None]),
            np.concatenate([block.y for block in blocks if block.y is not None]),
            {},
        )
    x, y, wrong, _n_zero = pair_numbers(
        parse_numbers(_column(blocks, "x"), column="x"),
        parse_numbers(_column(blocks, "y"), column="y"),
    )
    return x, y, wrong


def span_of_name(name: str) -> Span | None:
    """Return the days that a file's name states: 2025_500097.csv or 202501.zip."""
    match = _NAME.fullmatch(name)
    if match is None or not 2000 <= int(match["year"]) <= 2199:
        return None
    year = int(match["year"])
    if match["month"] is None:
        return Span(date(year, 1, 1), date(year, 12, 31))
    month = int(match["month"])
    if not 1 <= month <= 12:
        return None
    return Span(date(year, month, 1), date(year, month, calendar.monthrange(year, month)[1]))
