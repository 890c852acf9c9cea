"""A general point file read as incidents, its columns understood through a mapping."""

import difflib
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from hotspots import filetypes, schema
from hotspots.clean import (
    PRAGUE,
    UNKNOWN,
    Clocks,
    FloatArray,
    Moments,
    Problems,
    parse_clocks,
    parse_moments,
)
from hotspots.errors import SchemaError
from hotspots.i18n import _
from hotspots.ingest.addresses import join_places
from hotspots.ingest.assembly import make_chunk, make_incidents, repeat_text
from hotspots.ingest.batch import CHUNK_ROWS, Chunk, SourceInfo
from hotspots.ingest.discovery import read_discovery
from hotspots.ingest.locating import Locator
from hotspots.ingest.mapping import (
    DATE,
    OCCURRED,
    PLACE_NUMBER,
    PLACE_PART,
    PLACE_STREET,
    TIME,
    Mapping,
)
from hotspots.ingest.midnights import Midnights
from hotspots.ingest.notes import Notes
from hotspots.ingest.offence_table import OffenceTable
from hotspots.ingest.references import ReferenceMaker, decimetres
from hotspots.ingest.table import RawBlock, Table
from hotspots.occurrence import give_way, place_in_time
from hotspots.periods import Span

# Fields whose texts tell incidents without a number of their own apart.
_SAID: Final = (
    schema.PLACE_TEXT,
    PLACE_STREET,
    PLACE_NUMBER,
    PLACE_PART,
    schema.OFFENCE,
    schema.OFFENCE_DETAIL,
)
_SPAN_FACTOR: Final = 1_000_003
# A date cell of a workbook whose number is whole, in a format that shows a time.
_DATE_CELL: Final = r"^(\d{4}-\d{2}-\d{2})T00:00:00$"


class PointReader:
    """Rows of a general point file as incidents; satisfies `batch.IncidentReader`.

    Parameters
    ----------
    path, file_format
        File and its format.
    table
        The file opened.
    mapping
        What its columns mean.
    source
        Source the incidents belong to.
    chunk_rows
        Rows read at a time.
    today
        Day beyond which dates are in the future; None means the present day in Prague.
    offences
        What offences mean where the mapping does not say it; None takes the table that comes with
        the program.

    Raises
    ------
    SchemaError
        The mapping names a column the file has not, or no column with a date.
    CRSError
        Positions without a coordinate system.
    """

    def __init__(
        self,
        path: Path,
        table: Table,
        mapping: Mapping,
        source: SourceInfo,
        *,
        file_format: str,
        chunk_rows: int = CHUNK_ROWS,
        today: date | None = None,
        offences: OffenceTable | None = None,
    ) -> None:
        self.path = path
        self.format = file_format
        self.source = source
        self.mapping = mapping
        self.warnings: list[str] = list(table.warnings)
        self._table = table
        self._chunk_rows = chunk_rows
        self._today = today or datetime.now(PRAGUE).date()
        self._check_columns()
        self._offences = offences or OffenceTable.shipped()
        Locator(path, table, mapping)  # refuses a geometry without a coordinate system

    @property
    def stated_record(self) -> tuple[Span, ...]:
        """Periods of record that the mapping states."""
        return self.mapping.record

    @property
    def municipality(self) -> None:
        """The name of a general file states nothing."""
        return

    def _check_columns(self) -> None:
        columns = self._table.columns
        for field, name in self.mapping.columns.items():
            if name not in columns:
                near = difflib.get_close_matches(name, columns, n=1)
                text = _(
                    "{path}: there is no column “{name}”, which was to be read as '{field}'."
                ).format(path=self.path.name, name=name, field=field)
                if near:
                    text += " " + _("Did you mean “{name}”?").format(name=near[0])
                named = ", ".join(filter(None, columns))
                fault = SchemaError(text + " " + _("Columns: {columns}").format(columns=named))
                fault.about = "columns"
                raise fault
        if not {OCCURRED, DATE, schema.REPORTED_AT} & set(self.mapping.columns):
            fault = SchemaError(
                _(
                    "{path}: no column with the date is mapped; choose one as 'occurred' or "
                    "'date'. Columns: {columns}"
                ).format(path=self.path.name, columns=", ".join(filter(None, columns)))
            )
            fault.about = "columns"
            raise fault

    def chunks(self) -> Iterator[Chunk]:
        """Read the file from its start, chunk by chunk."""
        notes = Notes()
        references = ReferenceMaker()
        midnights = Midnights(self._starts, lambda: self._table.blocks(self._chunk_rows))
        locator = Locator(self.path, self._table, self.mapping)
        for block in self._table.blocks(self._chunk_rows):
            problems: Problems = dict(block.bad_geometry)
            places = self._places(block)
            in_words = np.asarray(pc.not_equal(places, "").to_numpy(zero_copy_only=False), bool)
            x, y = locator.locate(block, problems, notes, in_words=in_words)
            incidents = self._incidents(
                block, x, y, problems, notes, references, places=places, midnights=midnights
            )
            self._add_faults(block, problems)
            yield make_chunk(incidents, block, problems)
        self.warnings = [*self._table.warnings, *locator.warnings]
        self.warnings += midnights.sentences()
        self.warnings += references.sentences()
        self.warnings += notes.sentences()

    def _add_faults(self, block: RawBlock, problems: Problems) -> None:
        """Reject the rows in which a column that is mapped has a cell that holds no value."""
        for i, faults in block.faults.items():
            columns = [c for c in self.mapping.columns.values() if c in faults]
            if columns and not block.is_total(i):
                problems[i] = f"{columns[0]}: {faults[columns[0]]}"

    def _texts(self, block: RawBlock, field: str) -> Any:
        """Return a field's texts: its column, and the constant where that is empty."""
        constant = self.mapping.values.get(field, "")
        if field not in self.mapping.columns:
            return repeat_text(constant, len(block.rows))
        texts = block.column(self.mapping.columns[field])
        return pc.if_else(pc.equal(texts, ""), constant, texts) if constant else texts

    def _places(self, block: RawBlock) -> Any:
        """Return the places in words, put together where their parts have columns."""
        texts = self._texts(block, schema.PLACE_TEXT)
        if not {PLACE_STREET, PLACE_NUMBER, PLACE_PART} & set(self.mapping.columns):
            return texts
        parts = (self._texts(block, part) for part in (PLACE_STREET, PLACE_NUMBER, PLACE_PART))
        return join_places(texts, *parts)

    def _moments(self, block: RawBlock, field: str) -> Moments | None:
        column = self.mapping.columns.get(field)
        if column is None:
            return None
        return parse_moments(
            block.column(column), column=column, today=self._today, day_zero=block.day_zero
        )

    def _starts(self, block: RawBlock) -> Moments | None:
        """Return the moments, or days, at which the rows' incidents began; None where unmapped."""
        column = self._start_column
        if column is None:
            return None
        texts = block.column(column)
        if self.format == filetypes.XLSX:
            texts = pc.replace_substring_regex(texts, _DATE_CELL, r"\1")
        return parse_moments(texts, column=column, today=self._today, day_zero=block.day_zero)

    @property
    def _start_column(self) -> str | None:
        return self.mapping.columns.get(OCCURRED) or self.mapping.columns.get(DATE)

    def _count_date_cells(self, block: RawBlock) -> int:
        """Return how many cells of a workbook show a time and hold a date alone."""
        if self.format != filetypes.XLSX or self._start_column is None:
            return 0
        texts = block.column(self._start_column)
        return int(pc.sum(pc.match_substring_regex(texts, _DATE_CELL)).as_py() or 0)

    def _incidents(
        self,
        block: RawBlock,
        x: FloatArray,
        y: FloatArray,
        problems: Problems,
        notes: Notes,
        references: ReferenceMaker,
        *,
        places: Any,
        midnights: Midnights,
    ) -> Any:
        n = len(block.rows)
        reported = self._moments(block, schema.REPORTED_AT)
        moments = self._starts(block)
        if moments is None:
            moments = Moments.none(n)
        clocks: Clocks | None = None
        if TIME in self.mapping.columns:
            clocks = parse_clocks(block.column(self.mapping.columns[TIME]))
            notes.times.update(clocks.not_understood)
            moments, contradicted = give_way(moments, clocks)
            notes.contradicted += block.rows[contradicted].tolist()
        else:
            notes.n_date_cells += self._count_date_cells(block)
            moments = midnights.settle(moments)
        until = self._moments(block, schema.OCCURRED_TO)
        when = place_in_time(moments, clocks, until)
        notes.n_skipped_hour += when.n_skipped
        found = [moments.problems, when.problems]
        found += [one.problems for one in (until, reported) if one is not None]
        for one in found:
            for i, reason in one.items():
                problems.setdefault(i, reason)
        undated = moments.missing & (True if reported is None else reported.missing)
        for i in np.flatnonzero(undated).tolist():
            problems.setdefault(i, _("there is no date"))
        for i in (*np.flatnonzero(undated).tolist(), *moments.problems):
            if block.is_total(i):
                problems[i] = _("a row of totals, no incident")

        usable = np.ones(n, dtype=bool)
        usable[list(problems)] = False
        offences = self._offences.read(
            self._texts(block, schema.OFFENCE),
            self.mapping.offences,
            moments.values.astype("datetime64[D]"),
            told=usable,
        )
        notes.offences.update(offences.unmapped)
        notes.offence_parts.update(offences.unmapped_parts)
        detail = self._texts(block, schema.OFFENCE_DETAIL)
        if schema.OFFENCE in self.mapping.columns:
            own = block.column(self.mapping.columns[schema.OFFENCE])
            detail = pc.if_else(pc.equal(detail, ""), own, detail)
        columns: dict[str, Any] = {
            schema.OCCURRED_FROM: when.start,
            schema.OCCURRED_TO: when.end,
            schema.TIME_PRECISION: pa.array(when.precision, pa.string()),
            schema.OFFENCE: offences.leading,
            schema.OFFENCE_GROUPS: offences.groups,
            schema.OFFENCE_CODES: offences.codes,
            schema.OFFENCE_DETAIL: detail,
            schema.DISCOVERED_BY: self._discovered_by(block, notes),
            schema.X: x,
            schema.Y: y,
            schema.DISPLACED: np.full(n, bool(self.mapping.displaced)),
        }
        if reported is not None:
            # A month alone is no moment.
            columns[schema.REPORTED_AT] = np.where(
                reported.whole_month, np.datetime64("NaT"), reported.values
            )
        columns[schema.PLACE_TEXT] = places
        for field in (schema.NOTE, schema.STATUS, schema.RELEVANCE):
            columns[field] = self._texts(block, field)
        return make_incidents(
            n,
            source_id=self.source.source_id,
            source_ref=self._references(
                block,
                references,
                problems,
                x,
                y,
                moments=moments,
                clocks=clocks,
                until=until,
                reported=reported,
            ),
            columns=columns,
        )

    def _references(
        self,
        block: RawBlock,
        references: ReferenceMaker,
        problems: Problems,
        x: FloatArray,
        y: FloatArray,
        *,
        moments: Moments,
        clocks: Clocks | None,
        until: Moments | None,
        reported: Moments | None,
    ) -> Any:
        """Return each row's own reference, or one made of what it says where it has none."""
        own = self._texts(block, schema.SOURCE_REF)
        unnamed = np.array(pc.equal(own, "").to_numpy(zero_copy_only=False), dtype=bool)
        if not unnamed.any():
            return own
        unnamed[list(problems)] = False
        known = moments.has_time & ~moments.whole_hour
        times = [moments.values]
        if until is not None:
            times.append(until.values)
        if schema.REPORTED_AT in self.mapping.columns and reported is not None:
            # The report tells events apart where nobody knows when they happened.
            times.append(np.where(moments.missing, reported.values, np.datetime64("NaT", "s")))
        numbers = [time.astype("datetime64[s]").astype(np.int64) for time in times]
        # A span written in one cell is told by both its ends.
        lasts = moments.ends.astype("datetime64[s]").astype(np.int64)
        numbers[0] = np.where(
            np.isnat(moments.ends), numbers[0], numbers[0] * _SPAN_FACTOR + lasts % _SPAN_FACTOR
        )
        if clocks is not None:
            numbers += [clocks.start_min, clocks.end_min]
            same = clocks.is_span | (clocks.start_min == clocks.end_min)
            known |= (clocks.start_min != UNKNOWN) & same & ~moments.whole_month
        numbers += [decimetres(x), decimetres(y)]
        said = [
            block.column(self.mapping.columns[field])
            for field in _SAID
            if field in self.mapping.columns
        ]
        made = references.make(numbers, said, wanted=unnamed, exact=known & ~np.isnan(x))
        return pc.if_else(pc.equal(own, ""), pa.array(made, pa.string()), own)

    def _discovered_by(self, block: RawBlock, notes: Notes) -> Any:
        encoded = self._texts(block, schema.DISCOVERED_BY).dictionary_encode()
        words = []
        counts = np.bincount(encoded.indices.to_numpy(), minlength=len(encoded.dictionary))
        for value, n in zip(encoded.dictionary.to_pylist(), counts.tolist(), strict=True):
            word = read_discovery(value)
            if word is None:
                notes.discovered[value] += n
            words.append(word or "unknown")
        return pa.array(words, pa.string()).take(encoded.indices)
