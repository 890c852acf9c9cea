"""What each import said of each incident: rows, former versions, withdrawn rows, repeats."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import Connection, Row, Select, bindparam, select

from hotspots.store import tables
from hotspots.store.reading import SAME_PLACE_M
from hotspots.store.writing import SAID_FIELDS, unpack_seen

_PART: Final = 5_000
_X: Final = SAID_FIELDS.index("x")
_Y: Final = SAID_FIELDS.index("y")
_BATCH: Final = SAID_FIELDS.index("batch_id")
_HASH: Final = SAID_FIELDS.index("content_hash")
Said = tuple[Any, ...]  # values of `SAID_FIELDS`


def same_content(one: Said, two: Said) -> bool:
    """Return whether two statements say the same, positions but for `SAME_PLACE_M`."""
    if one[_HASH] != two[_HASH]:
        return False
    for at in (_X, _Y):
        if one[at] is None or two[at] is None:
            return bool(one[at] is two[at])
        if abs(one[at] - two[at]) > SAME_PLACE_M:
            return False
    return True


def said_by(said: Said, batch_id: int) -> Said:
    """Return a statement as that of another import that said the same."""
    return (*said[:_BATCH], batch_id, *said[_BATCH + 1 :])


def batch_of(said: Said) -> int:
    """Return the import that a statement is kept under."""
    return int(said[_BATCH])


@dataclass
class Statements:
    """What is kept of some incidents of one source.

    Attributes
    ----------
    records
        Statement by reference and import.
    repeats
        By reference and import: the earlier import whose statement it repeated.
    """

    records: dict[tuple[str, int], Said] = field(default_factory=dict)
    repeats: dict[tuple[str, int], int] = field(default_factory=dict)

    def said(self, ref: str, batch_id: int) -> Said | None:
        """Return what an import said of an incident; None where it said nothing."""
        at: int | None = batch_id
        while at is not None:
            found = self.records.get((ref, at))
            if found is not None:
                return said_by(found, batch_id)
            at = self.repeats.get((ref, at))
        return None

    def batches_of(self, refs: Sequence[str]) -> dict[str, set[int]]:
        """Return the imports that said something of each incident."""
        found: dict[str, set[int]] = {ref: set() for ref in refs}
        for ref, batch_id in (*self.records, *self.repeats):
            if ref in found:
                found[ref].add(batch_id)
        return found


def in_parts(
    connection: Connection, query: Select[Any], values: Sequence[Any]
) -> Iterator[Row[Any]]:
    """Run a query with the parameter `values` for some thousand of them at a time."""
    for start in range(0, len(values), _PART):
        yield from connection.execute(query, {"values": list(values[start : start + _PART])})


def read_records(
    connection: Connection, source_key: int, refs: Sequence[str]
) -> dict[tuple[str, int], Said]:
    """Return every statement kept in full about some incidents of a source."""
    found: dict[tuple[str, int], Said] = {}
    rows, versions, gone = tables.incidents, tables.incident_versions, tables.withdrawn_incidents
    wanted: Any = bindparam("values", expanding=True)
    for query in (
        select(rows.c.source_ref, *(rows.c[name] for name in SAID_FIELDS)).where(
            rows.c.source_key == source_key, rows.c.source_ref.in_(wanted)
        ),
        select(rows.c.source_ref, *(versions.c[name] for name in SAID_FIELDS))
        .select_from(versions.join(rows, rows.c.row_key == versions.c.row_key))
        .where(rows.c.source_key == source_key, rows.c.source_ref.in_(wanted)),
        select(gone.c.source_ref, *(gone.c[name] for name in SAID_FIELDS)).where(
            gone.c.source_key == source_key, gone.c.source_ref.in_(wanted)
        ),
    ):
        for row in in_parts(connection, query, refs):
            ref, *values = tuple(row)
            said = _plain(values)
            found[ref, batch_of(said)] = said
    return found


def read_own_records(connection: Connection, source_key: int, batch_id: int) -> dict[str, Said]:
    """Return the statements of one import that are kept in full, by reference."""
    found: dict[str, Said] = {}
    rows, versions, gone = tables.incidents, tables.incident_versions, tables.withdrawn_incidents
    for query in (
        select(rows.c.source_ref, *(rows.c[name] for name in SAID_FIELDS)).where(
            rows.c.source_key == source_key, rows.c.batch_id == batch_id
        ),
        select(rows.c.source_ref, *(versions.c[name] for name in SAID_FIELDS))
        .select_from(versions.join(rows, rows.c.row_key == versions.c.row_key))
        .where(versions.c.batch_id == batch_id),
        select(gone.c.source_ref, *(gone.c[name] for name in SAID_FIELDS)).where(
            gone.c.source_key == source_key, gone.c.batch_id == batch_id
        ),
    ):
        for row in connection.execute(query):
            ref, *values = tuple(row)
            found[ref] = _plain(values)
    return found


def read_repeats(connection: Connection, source_key: int) -> Iterator[tuple[int, dict[str, int]]]:
    """Yield each import of a source with what it repeated: reference → earlier import."""
    table = tables.batches
    query = (
        select(table.c.batch_id, table.c.also_seen)
        .where(table.c.source_key == source_key)
        .order_by(table.c.batch_id)
    )
    for batch_id, packed in connection.execute(query).fetchall():
        yield batch_id, flat_repeats(unpack_seen(packed or b""))


def flat_repeats(seen: Mapping[int, Sequence[str]]) -> dict[str, int]:
    """Return references by import as import by reference."""
    return {ref: earlier for earlier, refs in seen.items() for ref in refs}


def read_all_said(connection: Connection, source_key: int, batch_id: int) -> dict[str, Said]:
    """Return everything that an import's file said, by reference."""
    found = read_own_records(connection, source_key, batch_id)
    repeats = dict(read_repeats(connection, source_key))
    missing = [ref for ref in repeats.get(batch_id, {}) if ref not in found]
    statements = Statements(read_records(connection, source_key, missing))
    for ref in missing:
        for other, repeated in repeats.items():
            if ref in repeated:
                statements.repeats[ref, other] = repeated[ref]
        said = statements.said(ref, batch_id)
        if said is not None:
            found[ref] = said
    return found


def _plain(values: Sequence[Any]) -> Said:
    said = tuple(values)
    return (*said[:_HASH], bytes(said[_HASH]), *said[_HASH + 1 :])
