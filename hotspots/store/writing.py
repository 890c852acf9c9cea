"""One import as the store sees it: look up, insert, correct, all in a single transaction."""

import json
import uuid
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import repeat
from typing import Any, Final

import numpy as np
import pandas as pd
from sqlalchemy import Connection, CursorResult, Table, delete, func, insert, select, update

from hotspots import schema
from hotspots.errors import StoreError
from hotspots.i18n import _
from hotspots.periods import Span
from hotspots.store import tables
from hotspots.store.frames import TRAIT_KEY, column_lists, distinct_traits, text_array
from hotspots.store.placings import drop_placings, write_placings
from hotspots.store.reading import StoredIncidents, of_source, read_traits
from hotspots.store.record_steps import RecordStep

# What a stored row says, with the batch that said it.
SAID_FIELDS: Final = (TRAIT_KEY, *tables.OWN_COLUMNS, schema.BATCH_ID, "content_hash")
_INCIDENT_FIELDS: Final = ("source_key", schema.SOURCE_REF, *SAID_FIELDS)
_VERSION_FIELDS: Final = ("row_key", *SAID_FIELDS)


@dataclass(frozen=True)
class ImportBatch:
    """One import of one file, as the store remembers it.

    Attributes
    ----------
    batch_id
        Number, counted up; 0 while it is not yet stored.
    source_id
        Source the incidents belong to.
    file_name, sha256, format
        The file without its directory, its fingerprint, and what it was read as.
    imported_at
        Moment in UTC, ISO text.
    user_name
        Who ran the program; empty where the system does not say.
    mapping
        Text of the column mapping; empty where there was none.
    account
        The import's account as JSON text.
    undone_at, undone_by
        When (UTC, ISO text) and by whom it was undone; empty while it holds.
    """

    source_id: str
    file_name: str
    sha256: str
    format: str
    user_name: str = ""
    mapping: str = ""
    account: str = ""
    imported_at: str = ""
    batch_id: int = 0
    undone_at: str = ""
    undone_by: str = ""

    @property
    def holds(self) -> bool:
        """Whether it has not been undone."""
        return not self.undone_at

    @property
    def mapping_name(self) -> str:
        """Name under which its mapping is remembered; empty where there was none."""
        return str(self.account_values().get("mapping_name", ""))

    def account_values(self) -> dict[str, Any]:
        """Return the account as plain values; empty where none was kept."""
        values: dict[str, Any] = json.loads(self.account) if self.account else {}
        return values


def pack_seen(seen: dict[int, list[str]]) -> bytes:
    """Return references by the batch whose content they repeat, as the store keeps them."""
    return zlib.compress(json.dumps(seen, ensure_ascii=False).encode("utf-8"), 1)


def unpack_seen(packed: bytes) -> dict[int, list[str]]:
    """Read what `pack_seen` made; empty for the empty text."""
    if not packed:
        return {}
    found: dict[str, list[str]] = json.loads(zlib.decompress(packed))
    return {int(batch_id): refs for batch_id, refs in found.items()}


def placeholder(connection: Connection) -> str:
    """Return the mark that stands for a value in the driver's own SQL."""
    return "?" if connection.dialect.paramstyle == "qmark" else "%s"


def renew_version(connection: Connection) -> None:
    """Note that what can be read has changed."""
    connection.execute(update(tables.store_state).values(version=uuid.uuid4().hex))


def write_records(
    connection: Connection,
    source_key: int,
    *,
    confirmed: Sequence[Span],
    inferred: Sequence[Span],
) -> None:
    """Replace a source's periods of record."""
    table = tables.source_records
    connection.execute(delete(table).where(table.c.source_key == source_key))
    rows = [
        {
            "source_key": source_key,
            "first_day": span.start.isoformat(),
            "last_day": span.end.isoformat(),
            "confirmed": int(is_confirmed),
        }
        for spans, is_confirmed in ((confirmed, True), (inferred, False))
        for span in spans
    ]
    if rows:
        connection.execute(insert(table), rows)


def set_record(
    connection: Connection,
    source_key: int,
    *,
    confirmed: Sequence[Span],
    inferred: Sequence[Span],
) -> None:
    """Replace a source's periods of record by a person's word, and note when that was.

    The word is kept with the source's last import, so that undoing an import can tell what the
    person said before it from what they said after.
    """
    write_records(connection, source_key, confirmed=confirmed, inferred=inferred)
    table = tables.batches
    last = connection.execute(
        select(table.c.batch_id, table.c.record_before)
        .where(table.c.source_key == source_key)
        .order_by(table.c.batch_id.desc())
        .limit(1)
    ).first()
    step = RecordStep.from_json(last.record_before) if last is not None else None
    if last is not None and step is not None:
        connection.execute(
            update(table)
            .where(table.c.batch_id == last.batch_id)
            .values(record_before=step.with_person(confirmed, inferred).to_json())
        )


def renew_totals(connection: Connection, source_key: int, *, scan: bool) -> int:
    """Count a source's incidents anew and return how many there are."""
    displaced = func.coalesce(func.sum(tables.traits.c.displaced), 0)
    n_incidents, n_displaced = connection.execute(
        select(func.count(), displaced)
        .select_from(tables.incidents.join(tables.traits))
        .where(of_source(source_key, scan=scan))
    ).one()
    connection.execute(
        update(tables.sources)
        .where(tables.sources.c.source_key == source_key)
        .values(n_incidents=n_incidents, n_displaced=n_displaced)
    )
    return int(n_incidents)


def _new_key(result: CursorResult[Any]) -> int:
    key = result.inserted_primary_key
    if key is None:
        raise StoreError(_("the database did not number a new row"))
    return int(key[0])


class TraitKeys:
    """The combinations of traits that are stored, with those that are added.

    Parameters
    ----------
    connection
        In a writing transaction.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._traits = {tuple(row[1:]): int(row[0]) for row in read_traits(connection)}

    def find(self, incidents: pd.DataFrame) -> list[int]:
        """Return the key of each incident's combination of traits, storing new ones."""
        firsts, which = distinct_traits(incidents)
        keys = []
        lists = column_lists(incidents.iloc[firsts], tables.TRAIT_COLUMNS)
        for row in zip(*lists, strict=True):
            key = self._traits.get(row)
            if key is None:
                values = dict(zip(tables.TRAIT_COLUMNS, row, strict=True))
                key = _new_key(self._connection.execute(insert(tables.traits).values(values)))
                self._traits[row] = key
            keys.append(key)
        chosen: list[int] = np.asarray(keys, dtype=np.int64)[which].tolist()
        return chosen


class ImportTransaction(StoredIncidents):
    """The writing side of one import; all of it is kept, or nothing.

    Parameters
    ----------
    connection
        In a writing transaction.
    batch
        The import; its account and moment are set by `finish`.
    kind, label, citation
        The source, registered if new; a label or citation not empty replaces the former one.
    """

    def __init__(
        self, connection: Connection, batch: ImportBatch, *, kind: str, label: str, citation: str
    ) -> None:
        super().__init__(connection, batch.source_id)
        if self._key is None:
            values: dict[str, Any] = {
                "source_id": batch.source_id,
                "kind": kind,
                "label": label or batch.source_id,
                "citation": citation,
                "n_incidents": 0,
                "n_displaced": 0,
            }
            added = connection.execute(insert(tables.sources).values(values))
            self._source_key = _new_key(added)
        else:
            self._source_key = self._key
            named = {k: v for k, v in (("label", label), ("citation", citation)) if v}
            if self.source is None:  # all its imports are undone: it begins anew
                named = {"kind": kind, "label": label or batch.source_id, "citation": citation}
            if named:
                table = tables.sources
                connection.execute(
                    update(table).where(table.c.source_key == self._key).values(named)
                )
        self._key = self._source_key
        added = connection.execute(
            insert(tables.batches).values(
                source_key=self._source_key,
                file_name=batch.file_name,
                sha256=batch.sha256,
                format=batch.format,
                imported_at=datetime.now(UTC).isoformat(timespec="seconds"),
                user_name=batch.user_name,
                mapping=batch.mapping,
                account="",
            )
        )
        self.batch_id = _new_key(added)
        self._before = self.records()
        self._label, self._citation = label, citation
        self._seen: dict[int, list[str]] = {}
        self._traits = TraitKeys(connection)

    def _insert_sql(self, table: Table, fields: Sequence[str]) -> str:
        marks = ", ".join(repeat(placeholder(self._connection), len(fields)))
        return f"INSERT INTO {table.name} ({', '.join(fields)}) VALUES ({marks})"  # noqa: S608

    def insert(self, incidents: pd.DataFrame, hashes: Sequence[bytes]) -> None:
        """Store new incidents; `hashes` are their contents', in the same order."""
        if incidents.empty:
            return
        refs = text_array(incidents[schema.SOURCE_REF]).to_numpy(zero_copy_only=False).tolist()
        n = len(incidents)
        rows = zip(
            repeat(self._source_key, n),
            refs,
            self._traits.find(incidents),
            *column_lists(incidents, tables.OWN_COLUMNS),
            repeat(self.batch_id, n),
            hashes,
            strict=True,
        )
        # Plain tuples to the driver: a dict per row would cost half of the import's time.
        sql = self._insert_sql(tables.incidents, _INCIDENT_FIELDS)
        self._connection.exec_driver_sql(sql, list(rows))

    def correct(
        self, incidents: pd.DataFrame, hashes: Sequence[bytes], row_keys: Sequence[int]
    ) -> None:
        """Give stored incidents a new content; the former one is kept as a version."""
        if incidents.empty:
            return
        mark = placeholder(self._connection)
        kept = ", ".join(_VERSION_FIELDS)
        self._connection.exec_driver_sql(
            f"INSERT INTO incident_versions ({kept}, replaced_by) "  # noqa: S608
            f"SELECT {kept}, {mark} FROM incidents WHERE row_key = {mark}",
            [(self.batch_id, row_key) for row_key in row_keys],
        )
        assigned = ", ".join(f"{field} = {mark}" for field in SAID_FIELDS)
        batch_ids = repeat(self.batch_id, len(incidents))
        rows = zip(
            self._traits.find(incidents),
            *column_lists(incidents, tables.OWN_COLUMNS),
            batch_ids,
            hashes,
            row_keys,
            strict=True,
        )
        self._connection.exec_driver_sql(
            f"UPDATE incidents SET {assigned} WHERE row_key = {mark}",  # noqa: S608
            list(rows),
        )

    def place(self, placings: pd.DataFrame) -> list[str]:
        """Store where the program found incidents; see `placings.write_placings`."""
        return write_placings(self._connection, self._source_key, placings)

    def unplace(self, refs: Sequence[str]) -> None:
        """Forget what the program found for incidents; what a person decided stays."""
        drop_placings(self._connection, self._source_key, list(refs))

    def note_seen(self, refs: Sequence[str], batch_ids: Sequence[int]) -> None:
        """Note incidents of the file that the store has already, from these batches."""
        for ref, batch_id in zip(refs, batch_ids, strict=True):
            self._seen.setdefault(batch_id, []).append(ref)

    def write_records(
        self,
        *,
        confirmed: Sequence[Span],
        inferred: Sequence[Span],
        kind: str,
        stated: Sequence[Span] = (),
    ) -> None:
        """Replace the source's periods of record, and keep why: see `record_steps`."""
        write_records(self._connection, self._source_key, confirmed=confirmed, inferred=inferred)
        step = RecordStep(kind, tuple(stated), self._before, self._label, self._citation)
        table = tables.batches
        self._connection.execute(
            update(table)
            .where(table.c.batch_id == self.batch_id)
            .values(record_before=step.to_json())
        )

    def renew_totals(self) -> int:
        """Count the source's incidents anew and return how many there are."""
        return renew_totals(self._connection, self._source_key, scan=self._scan)

    def finish(self, account: str) -> None:
        """Keep the import's account (JSON text) and note that the store has changed."""
        table = tables.batches
        self._connection.execute(
            update(table)
            .where(table.c.batch_id == self.batch_id)
            .values(account=account, also_seen=pack_seen(self._seen))
        )
        renew_version(self._connection)
