"""What is stored, asked for inside one connection: sources, records, incidents by reference."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import date
from math import isnan
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt
from sqlalchemy import ColumnElement, Connection, bindparam, exists, select

from hotspots import schema
from hotspots.periods import Span, merge_spans
from hotspots.store import tables
from hotspots.store.decisions import read_remembered
from hotspots.store.erased import KeptTexts, read_erased, read_kept_texts
from hotspots.store.placings import PERSONS, RememberedPlace
from hotspots.store.retention_rules import Limit, read_limit
from hotspots.store.source import CONFIRMED, INFERRED, NO_RECORD, Source

FETCH_ROWS: Final = 5_000
# From this share of all rows on, reading through the table beats jumping by an index.
SCAN_SHARE: Final = 0.1
FIND_ROWS: Final = 5_000
SECONDS_A_DAY: Final = 86_400
# The same place read from another coordinate system may differ by less than this [m].
SAME_PLACE_M: Final = 0.1
# Precisions that name the day; others would pile incidents up on the first of a month.
DAY_PRECISIONS: Final = ("minute", "hour", "day", "span")

Records = tuple[tuple[Span, ...], tuple[Span, ...]]


def read_records(connection: Connection, source_key: int) -> Records:
    """Return a source's confirmed and its inferred periods of record."""
    table = tables.source_records
    query = (
        select(table.c.first_day, table.c.last_day, table.c.confirmed)
        .where(table.c.source_key == source_key)
        .order_by(table.c.first_day)
    )
    confirmed: list[Span] = []
    inferred: list[Span] = []
    for first, last, is_confirmed in connection.execute(query):
        span = Span(date.fromisoformat(first), date.fromisoformat(last))
        (confirmed if is_confirmed else inferred).append(span)
    return tuple(confirmed), tuple(inferred)


def read_sources(connection: Connection) -> dict[int, Source]:
    """Return every source by its key, in order of the ids.

    One whose imports are all undone is left out: it reads as if it had never been.
    """
    table, batches = tables.sources, tables.batches
    holds = exists().where(batches.c.source_key == table.c.source_key, batches.c.undone_at == "")
    found = {}
    query = select(table).where(holds).order_by(table.c.source_id)
    for row in connection.execute(query).fetchall():
        confirmed, inferred = read_records(connection, row.source_key)
        state = INFERRED if inferred else CONFIRMED if confirmed else NO_RECORD
        found[row.source_key] = Source(
            source_id=row.source_id,
            kind=row.kind,
            label=row.label,
            citation=row.citation,
            record=merge_spans([*confirmed, *inferred]),
            record_state=state,
            n_incidents=row.n_incidents,
            n_displaced=row.n_displaced,
        )
    return dict(sorted(found.items(), key=lambda item: item[1].source_id))


def read_traits(connection: Connection) -> Sequence[Sequence[Any]]:
    """Return all combinations of traits: key, then the trait columns; sorted by key."""
    table = tables.traits
    columns = (table.c[name] for name in ("trait_key", *tables.TRAIT_COLUMNS))
    return connection.execute(select(*columns).order_by(table.c.trait_key)).fetchall()


def of_source(source_key: int, *, scan: bool) -> ColumnElement[bool]:
    """Return the condition that an incident is of a source, found by index or by a `scan`."""
    column = tables.incidents.c.source_key
    # An expression in place of the column keeps any database from using the index.
    return column + 0 == source_key if scan else column == source_key


def is_large(source: Source, known: Iterable[Source]) -> bool:
    """Return whether a source holds so many of all incidents that a scan is faster."""
    return source.n_incidents >= SCAN_SHARE * sum(other.n_incidents for other in known)


def fetch_rows(
    connection: Connection, source_key: int, names: Sequence[str], *, scan: bool
) -> Iterator[Sequence[Sequence[Any]]]:
    """Yield the stored values of some columns of one source, some thousand rows at a time."""
    columns = (tables.incidents.c[name] for name in names)
    query = select(*columns).where(of_source(source_key, scan=scan))
    text = str(query.compile(connection.engine, compile_kwargs={"literal_binds": True}))
    # The driver's own cursor: a row object per incident would double the time of reading.
    cursor = connection.connection.cursor()
    try:
        cursor.execute(text)
        while rows := cursor.fetchmany(FETCH_ROWS):
            yield rows
    finally:
        cursor.close()


class Match(NamedTuple):
    """A stored incident: row key, content hash, position [EPSG:5514 m] or None, and its batch."""

    row_key: int
    content_hash: bytes
    x: float | None
    y: float | None
    batch_id: int = 0

    def stands_at(self, x: float, y: float) -> bool:
        """Return whether its position is (x, y), NaN for none, but for `SAME_PLACE_M`."""
        if self.x is None or self.y is None:
            return isnan(x) or isnan(y)
        return abs(self.x - x) <= SAME_PLACE_M and abs(self.y - y) <= SAME_PLACE_M


class PersonsPlace(NamedTuple):
    """Where a person placed an incident; no position where it cannot be placed."""

    x: float | None
    y: float | None


class StoredIncidents:
    """What is stored of one source; nothing is, where the source is not registered.

    Attributes
    ----------
    source
        The source as it was when the connection was opened; None where there is none, or all its
        imports are undone.
    """

    def __init__(self, connection: Connection, source_id: str) -> None:
        self._connection = connection
        known = read_sources(connection)
        table = tables.sources
        self._key: int | None = connection.execute(
            select(table.c.source_key).where(table.c.source_id == source_id)
        ).scalar()
        self.source: Source | None = known.get(self._key) if self._key is not None else None
        self._scan = self.source is None or is_large(self.source, known.values())

    def find(self, refs: Sequence[str]) -> dict[str, Match]:
        """Return what is stored of each of `refs`; those not stored are left out."""
        found: dict[str, Match] = {}
        if self.source is None or self.source.n_incidents == 0:
            return found
        table = tables.incidents
        columns = ("source_ref", "row_key", "content_hash", "x", "y", "batch_id")
        query = select(*(table.c[name] for name in columns)).where(
            table.c.source_key == self._key,
            table.c.source_ref.in_(bindparam("refs", expanding=True)),
        )
        for start in range(0, len(refs), FIND_ROWS):
            part = list(refs[start : start + FIND_ROWS])
            for ref, row_key, content_hash, *rest in self._connection.execute(
                query, {"refs": part}
            ):
                found[ref] = Match(row_key, bytes(content_hash), *rest)
        return found

    def remembered_places(self) -> dict[str, RememberedPlace]:
        """Return what persons decided for texts of places, by `place_text.place_key`."""
        return read_remembered(self._connection)

    def persons_places(self) -> dict[str, PersonsPlace]:
        """Return what persons decided for incidents of the source, by reference."""
        table = tables.placings
        query = select(table.c.source_ref, table.c.x, table.c.y).where(
            table.c.source_key == self._key, table.c.place_state.in_(PERSONS)
        )
        return {ref: PersonsPlace(x, y) for ref, x, y in self._connection.execute(query)}

    def placing_keys(self, refs: Sequence[str]) -> dict[str, str]:
        """Return the keys of the texts by which incidents are placed or wait, by reference."""
        table = tables.placings
        query = select(table.c.source_ref, table.c.place_key).where(
            table.c.source_key == self._key,
            table.c.source_ref.in_(bindparam("refs", expanding=True)),
        )
        found: dict[str, str] = {}
        for start in range(0, len(refs), FIND_ROWS):
            part = list(refs[start : start + FIND_ROWS])
            found.update(tuple(row) for row in self._connection.execute(query, {"refs": part}))
        return found

    def place_texts(self, row_keys: Sequence[int]) -> dict[int, str]:
        """Return the stored texts of places of some incidents, by row key."""
        table = tables.incidents
        query = select(table.c.row_key, table.c.place_text).where(
            table.c.row_key.in_(bindparam("keys", expanding=True))
        )
        found: dict[int, str] = {}
        for start in range(0, len(row_keys), FIND_ROWS):
            part = list(row_keys[start : start + FIND_ROWS])
            found.update(tuple(row) for row in self._connection.execute(query, {"keys": part}))
        return found

    def erased(self) -> frozenset[str]:
        """Return the references of incidents whose texts were erased; see `store.erased`."""
        return frozenset() if self._key is None else read_erased(self._connection, self._key)

    def kept_texts(self, refs: Sequence[str]) -> dict[str, KeptTexts]:
        """Return what is left of the texts of incidents: note, text of the place, offence."""
        if self._key is None:
            return {}
        return read_kept_texts(self._connection, self._key, refs)

    def days(self, *, without: Collection[int] = ()) -> npt.NDArray[np.int64]:
        """Return the day number of every stored incident whose day is known.

        Days count from 1970-01-01. `without` names row keys to leave out.
        """
        parts = []
        if self._key is not None:
            left_out = frozenset(without)
            traits = tables.traits
            query = select(traits.c.trait_key).where(traits.c.time_precision.in_(DAY_PRECISIONS))
            dated = frozenset(self._connection.execute(query).scalars())
            names = ("row_key", schema.OCCURRED_FROM, "trait_key")
            for rows in fetch_rows(self._connection, self._key, names, scan=self._scan):
                seconds = [
                    second
                    for row_key, second, trait_key in rows
                    if second is not None and trait_key in dated and row_key not in left_out
                ]
                parts.append(np.asarray(seconds, dtype=np.int64) // SECONDS_A_DAY)
        return np.concatenate(parts) if parts else np.empty(0, dtype=np.int64)

    def limit(self, sha256: str) -> Limit | None:
        """Return from which day on a file is taken, by its fingerprint; None: all of it is."""
        return read_limit(self._connection, self._key, sha256=sha256)

    def records(self) -> Records:
        """Return the confirmed and the inferred periods of record."""
        return ((), ()) if self._key is None else read_records(self._connection, self._key)
