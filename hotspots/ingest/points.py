"""A general point file read as incidents, its columns understood through a mapping."""

import difflib
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from pyproj import CRS

from hotspots import schema
from hotspots.clean import (
    PRAGUE,
    Clocks,
    Moments,
    Problems,
    parse_clocks,
    parse_moments,
    parse_numbers,
    place_in_time,
)
from hotspots.crs import parse_crs
from hotspots.errors import CRSError, SchemaError
from hotspots.i18n import _
from hotspots.ingest.batch import CHUNK_ROWS, Chunk, SourceInfo
from hotspots.ingest.frames import hash_content, make_chunk, make_incidents, repeat_text
from hotspots.ingest.mapping import DATE, OCCURRED, TIME, Mapping
from hotspots.ingest.notes import Notes
from hotspots.ingest.positions import FloatArray, infer_crs, pair_numbers, place
from hotspots.ingest.propose import propose_mapping
from hotspots.ingest.table import RawBlock, Table
from hotspots.offences import OFFENCE_GROUPS, OTHER_OFFENCE
from hotspots.periods import Span

# So many rows, all at midnight, tell that the times were never written down.
_MIDNIGHTS: Final = 10


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
    ) -> None:
        self.path = path
        self.format = file_format
        self.source = source
        self.displaced = bool(mapping.displaced)
        self.warnings: list[str] = list(table.warnings)
        self._table = table
        self._mapping = mapping
        self._chunk_rows = chunk_rows
        self._today = today or datetime.now(PRAGUE).date()
        self._check_columns()
        self._from_geometry = table.has_geometry and schema.X not in mapping.columns
        self._crs = self._stated_crs()

    @property
    def stated_record(self) -> tuple[Span, ...]:
        """Periods of record that the mapping states."""
        return self._mapping.record

    def _check_columns(self) -> None:
        columns = self._table.columns
        for field, name in self._mapping.columns.items():
            if name not in columns:
                near = difflib.get_close_matches(name, columns, n=1)
                text = _("{path}: there is no column '{name}' (mapped to {field})").format(
                    path=self.path.name, name=name, field=field
                )
                if near:
                    text += "; " + _("did you mean '{name}'?").format(name=near[0])
                raise SchemaError(
                    text + " " + _("Columns: {columns}").format(columns=", ".join(columns))
                )
        if not {OCCURRED, DATE, schema.REPORTED_AT} & set(self._mapping.columns):
            raise SchemaError(
                _(
                    "{path}: no column with the date is mapped; name it as 'occurred' or 'date' "
                    "in [columns]. Columns: {columns}. A mapping to begin with:\n\n{proposal}"
                ).format(
                    path=self.path.name,
                    columns=", ".join(columns),
                    proposal=propose_mapping(
                        columns,
                        source=self.source.source_id,
                        has_geometry=self._table.has_geometry,
                    ),
                )
            )

    def _stated_crs(self) -> CRS | None:
        """Return the system of the coordinates, None where the values must tell it."""
        stated = parse_crs(self._mapping.crs) if self._mapping.crs else None
        if not self._from_geometry:
            return stated
        own = self._table.crs
        if own is not None and self._table.crs_is_default:
            return stated or own
        if own is None and stated is None:
            raise CRSError(
                _(
                    "{name}: the layer has no coordinate system; set one in QGIS (Layer > Set "
                    'Layer CRS) or give it in the mapping: [values] crs = "EPSG:5514"'
                ).format(name=self.path.name)
            )
        if (
            own is not None
            and stated is not None
            and not own.equals(stated, ignore_axis_order=True)
        ):
            raise CRSError(
                _(
                    "{name}: the layer is in {own}, but the mapping says {stated}; "
                    "remove crs from [values]"
                ).format(name=self.path.name, own=own.to_string(), stated=stated.to_string())
            )
        return own or stated

    def chunks(self) -> Iterator[Chunk]:
        """Read the file from its start, chunk by chunk."""
        notes = Notes()
        self.warnings = list(self._table.warnings)
        crs, checked, date_only = self._crs, False, None
        for block in self._table.blocks(self._chunk_rows):
            problems: Problems = dict(block.bad_geometry)
            raw_x, raw_y = self._read_positions(block, problems, notes)
            if not checked and not np.isnan(raw_x).all():
                if crs is None:
                    name = infer_crs(raw_x, raw_y, name=self.path.name)
                    crs = parse_crs(name)
                    self.warnings.append(
                        _("the coordinates were taken as {crs}, as their values tell").format(
                            crs=name
                        )
                    )
                check = True
            else:
                check = False
            checked = checked or check
            x, y = raw_x, raw_y
            if crs is not None:
                x, y, outside = place(
                    raw_x, raw_y, block.rows, crs=crs, name=self.path.name, check=check
                )
                problems = {**outside, **problems}
            if date_only is None:
                date_only = self._is_date_only(block)
            incidents = self._incidents(block, x, y, problems, notes, date_only=date_only)
            yield make_chunk(incidents, block, problems)
        if date_only:
            self.warnings.append(
                _("all times are midnight, so they were taken as dates without a time")
            )
        self.warnings += notes.sentences()

    def _texts(self, block: RawBlock, field: str) -> Any:
        """Return a field's texts: its column, and the constant where that is empty."""
        constant = self._mapping.values.get(field, "")
        if field not in self._mapping.columns:
            return repeat_text(constant, len(block.rows))
        texts = block.column(self._mapping.columns[field])
        return pc.if_else(pc.equal(texts, ""), constant, texts) if constant else texts

    def _read_positions(
        self, block: RawBlock, problems: Problems, notes: Notes
    ) -> tuple[FloatArray, FloatArray]:
        columns = self._mapping.columns
        if schema.X in columns:
            x, y, wrong, n_zero = pair_numbers(
                parse_numbers(block.column(columns[schema.X]), column=columns[schema.X]),
                parse_numbers(block.column(columns[schema.Y]), column=columns[schema.Y]),
            )
            problems.update(wrong)
            notes.n_zero += n_zero
            return x, y
        if block.x is not None and block.y is not None:
            return block.x, block.y
        nothing = np.full(len(block.rows), np.nan)
        return nothing, nothing

    def _moments(self, block: RawBlock, field: str) -> Moments | None:
        column = self._mapping.columns.get(field)
        if column is None:
            return None
        return parse_moments(block.column(column), column=column, today=self._today)

    def _is_date_only(self, block: RawBlock) -> bool:
        """Return whether the times of a date-time column are all midnight."""
        moments = self._moments(block, OCCURRED) or self._moments(block, DATE)
        if moments is None or moments.has_time.sum() < _MIDNIGHTS:
            return False
        times = moments.values[moments.has_time]
        return bool((times == times.astype("datetime64[D]")).all())

    def _incidents(
        self,
        block: RawBlock,
        x: FloatArray,
        y: FloatArray,
        problems: Problems,
        notes: Notes,
        *,
        date_only: bool,
    ) -> Any:
        n = len(block.rows)
        reported = self._moments(block, schema.REPORTED_AT)
        moments = self._moments(block, OCCURRED) or self._moments(block, DATE)
        if moments is None:
            moments = Moments(
                np.full(n, np.datetime64("NaT"), dtype="datetime64[s]"),
                np.zeros(n, dtype=bool),
                np.ones(n, dtype=bool),
                {},
            )
        if date_only:
            moments = Moments(
                moments.values, np.zeros(n, dtype=bool), moments.missing, moments.problems
            )
        clocks: Clocks | None = None
        if TIME in self._mapping.columns:
            clocks = parse_clocks(block.column(self._mapping.columns[TIME]))
            notes.times.update(clocks.not_understood)
        until = self._moments(block, schema.OCCURRED_TO)
        when = place_in_time(moments, clocks, until)
        found = [moments.problems, when.problems]
        found += [one.problems for one in (until, reported) if one is not None]
        for one in found:
            for i, reason in one.items():
                problems.setdefault(i, reason)
        undated = moments.missing & (True if reported is None else reported.missing)
        for i in np.flatnonzero(undated).tolist():
            problems.setdefault(i, _("there is no date"))

        offence, groups = self._offences(block, notes)
        detail = self._texts(block, schema.OFFENCE_DETAIL)
        if schema.OFFENCE in self._mapping.columns:
            own = block.column(self._mapping.columns[schema.OFFENCE])
            detail = pc.if_else(pc.equal(detail, ""), own, detail)
        columns: dict[str, Any] = {
            schema.OCCURRED_FROM: when.start,
            schema.OCCURRED_TO: when.end,
            schema.TIME_PRECISION: pa.array(when.precision, pa.string()),
            schema.OFFENCE: offence,
            schema.OFFENCE_GROUPS: groups,
            schema.OFFENCE_DETAIL: detail,
            schema.DISCOVERED_BY: self._discovered_by(block, notes),
            schema.X: x,
            schema.Y: y,
            schema.DISPLACED: np.full(n, self.displaced),
        }
        if reported is not None:
            columns[schema.REPORTED_AT] = reported.values
        for field in (schema.PLACE_TEXT, schema.NOTE, schema.STATUS, schema.RELEVANCE):
            columns[field] = self._texts(block, field)
        return make_incidents(
            n,
            source_id=self.source.source_id,
            source_ref=self._references(block, columns),
            columns=columns,
        )

    def _references(self, block: RawBlock, columns: dict[str, Any]) -> Any:
        """Return each row's own reference, or one made of its content where it has none."""
        own = self._texts(block, schema.SOURCE_REF)
        unnamed = pc.equal(own, "")
        n = len(block.rows)
        if not pc.any(unnamed).as_py():
            return own
        times = [
            columns[name].astype("datetime64[s]").astype(np.int64)
            for name in (schema.OCCURRED_FROM, schema.OCCURRED_TO)
        ]
        # Decimetres, so that digits a spreadsheet drops make no new incident.
        places = [_decimetres(columns[name]) for name in (schema.X, schema.Y)]
        names = (
            schema.OFFENCE_GROUPS,
            schema.OFFENCE_DETAIL,
            schema.PLACE_TEXT,
            schema.NOTE,
            schema.STATUS,
        )
        made = hash_content(times + places, [columns[name] for name in names], n=n)
        return pc.if_else(unnamed, made, own)

    def _offences(self, block: RawBlock, notes: Notes) -> tuple[Any, Any]:
        """Return the leading group and all groups of each row."""
        encoded = self._texts(block, schema.OFFENCE).dictionary_encode()
        leading, joined = [], []
        counts = np.bincount(encoded.indices.to_numpy(), minlength=len(encoded.dictionary))
        for value, n in zip(encoded.dictionary.to_pylist(), counts.tolist(), strict=True):
            groups = self._groups(value)
            if not groups:
                notes.offences[value] += n
                groups = (OTHER_OFFENCE,)
            leading.append(groups[0])
            joined.append(";".join(sorted(groups)))
        return (
            pa.array(leading, pa.string()).take(encoded.indices),
            pa.array(joined, pa.string()).take(encoded.indices),
        )

    def _groups(self, value: str) -> tuple[str, ...]:
        """Return the groups that a value means, in page order; none where it is unknown."""
        known = {name.strip().casefold(): group for name, group in self._mapping.offences.items()}
        known = {group: group for group in OFFENCE_GROUPS} | known
        whole = known.get(value.casefold())
        if whole:
            return (whole,)
        for mark in (";", "|", ","):
            parts = [part.strip().casefold() for part in value.split(mark) if part.strip()]
            if len(parts) > 1 and all(part in known for part in parts):
                found = {known[part] for part in parts}
                return tuple(group for group in OFFENCE_GROUPS if group in found)
        return ()

    def _discovered_by(self, block: RawBlock, notes: Notes) -> Any:
        encoded = self._texts(block, schema.DISCOVERED_BY).dictionary_encode()
        words = []
        counts = np.bincount(encoded.indices.to_numpy(), minlength=len(encoded.dictionary))
        for value, n in zip(encoded.dictionary.to_pylist(), counts.tolist(), strict=True):
            word = value.casefold() or "unknown"
            if word not in schema.DISCOVERED_BY_VALUES:
                notes.discovered[value] += n
                word = "unknown"
            words.append(word)
        return pa.array(words, pa.string()).take(encoded.indices)


def _decimetres(metres: FloatArray) -> npt.NDArray[np.int64]:
    return np.where(np.isnan(metres), 0, np.round(np.nan_to_num(metres) * 10)).astype(np.int64)
