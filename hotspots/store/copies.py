"""Every text of the store that may speak of a person, wherever a copy of it is kept."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import PurePath
from typing import Any, Final

from sqlalchemy import Connection, and_, select

from hotspots import schema
from hotspots.store import tables
from hotspots.store.erased import SPOKEN

STORED: Final = "incident"
FORMER: Final = "former_version"
WITHDRAWN: Final = "withdrawn"
PLACED: Final = "placing"
REMEMBERED: Final = "remembered_place"
DECIDED: Final = "decision"
REPLACED: Final = "replaced_row"  # what a decision has replaced, kept to undo it
IMPORTED: Final = "import"
REFERENCE: Final = "reference"
MAPPING: Final = "mapping"
SUBJECT: Final = "subject"
FILE_NAME: Final = "file_name"
ACCOUNT: Final = "account"
Has = Callable[[str], bool]
# What of an import's account is text for a reader.
ACCOUNT_TEXTS: Final = ("file", "warnings", "rejected_rows")
REJECTS_FILE: Final = "rejects_file"
_TEXTS_OF_PLACES: Final = (schema.PLACE_TEXT, schema.PLACE_MATCHED)


@dataclass(frozen=True)
class Copy:
    """One text of the store.

    Attributes
    ----------
    kind
        What keeps it: `STORED`, `FORMER` and so on.
    field
        Column, or `SUBJECT`, `FILE_NAME`, `ACCOUNT`.
    text
        The whole text.
    source, ref
        Id of the incident's source and its reference; empty where it is no incident's.
    day
        When the incident happened, ISO; empty where unknown.
    number
        Of the decision or import; 0 where it has none.
    """

    kind: str
    field: str
    text: str
    source: str = ""
    ref: str = ""
    day: str = ""
    number: int = 0

    @property
    def incident_id(self) -> str:
        """Id of the incident; empty where there is none."""
        return f"{self.source}:{self.ref}" if self.ref else ""


def statement_tables() -> tuple[tuple[str, Any, Any, Any], ...]:
    """Return what keeps statements about incidents: kind, table, its key, what it is read from."""
    rows, versions, gone = tables.incidents, tables.incident_versions, tables.withdrawn_incidents
    return (
        (STORED, rows, rows.c.row_key, rows),
        (
            FORMER,
            versions,
            versions.c.version_key,
            versions.join(rows, rows.c.row_key == versions.c.row_key),
        ),
        (WITHDRAWN, gone, gone.c.withdrawn_key, gone),
    )


def source_ids(connection: Connection) -> dict[int, str]:
    """Return the id of every source by its key, those too that no import holds of."""
    table = tables.sources
    return {r.source_key: r.source_id for r in connection.execute(select(table))}


def read_copies(connection: Connection, has: Has) -> Iterator[Copy]:
    """Yield every text of the store that `has` finds something in."""
    sources = source_ids(connection)
    for kind, table, _key, origin in statement_tables():
        named = table if "source_key" in table.c else tables.incidents
        query = select(
            named.c.source_key,
            named.c.source_ref,
            table.c.occurred_from,
            *(table.c[name] for name in SPOKEN),
        ).select_from(origin)
        # Sorted here: the order of keys tells nothing to a reader.
        for source_key, ref, second, *texts in connection.execute(
            query.order_by(named.c.source_key, named.c.source_ref)
        ):
            found = [(name, text) for name, text in zip(SPOKEN, texts, strict=True) if has(text)]
            if kind != FORMER and has(ref):
                found.append((REFERENCE, ref))
            for field, text in found:
                yield Copy(kind, field, text, sources[source_key], ref, _day(second))
    yield from _placings(connection, has, sources)
    yield from _decisions(connection, has)
    yield from _imports(connection, has, sources)


def _day(second: int | None) -> str:
    return "" if second is None else datetime.fromtimestamp(second, UTC).date().isoformat()


def _placings(connection: Connection, has: Has, sources: dict[int, str]) -> Iterator[Copy]:
    table, rows = tables.placings, tables.incidents
    is_stored = and_(
        rows.c.source_key == table.c.source_key, rows.c.source_ref == table.c.source_ref
    )
    query = (
        select(table.c.source_key, table.c.source_ref, table.c.place_matched, rows.c.occurred_from)
        .select_from(table.outerjoin(rows, is_stored))
        .where(table.c.place_matched != "")
        .order_by(table.c.source_key, table.c.source_ref)
    )
    for source_key, ref, text, second in connection.execute(query):
        if has(text):
            yield Copy(PLACED, schema.PLACE_MATCHED, text, sources[source_key], ref, _day(second))
    remembered = tables.remembered_places
    for row in connection.execute(select(remembered).order_by(remembered.c.decision_key)):
        for field in _TEXTS_OF_PLACES:
            text = getattr(row, field)
            if has(text):
                yield Copy(REMEMBERED, field, text, number=row.decision_key)


def _decisions(connection: Connection, has: Has) -> Iterator[Copy]:
    table = tables.decisions
    for row in connection.execute(select(table).order_by(table.c.decision_key)):
        if has(row.subject):
            yield Copy(DECIDED, SUBJECT, row.subject, number=row.decision_key)
        for _kind, _name, former in decision_rows(json.loads(row.before)):
            for field in _TEXTS_OF_PLACES:
                text = former.get(field) or ""
                if has(text):
                    yield Copy(REPLACED, field, text, number=row.decision_key)


def _imports(connection: Connection, has: Has, sources: dict[int, str]) -> Iterator[Copy]:
    table = tables.batches
    for row in connection.execute(select(table).order_by(table.c.batch_id)):
        account = json.loads(row.account) if row.account else {}
        texts = [(FILE_NAME, row.file_name), (MAPPING, row.mapping)]
        texts += [(ACCOUNT, text) for text in account_texts(account)]
        for field, text in texts:
            if has(text):
                yield Copy(IMPORTED, field, text, sources[row.source_key], number=row.batch_id)


def decision_rows(
    before: dict[str, Any],
) -> Iterator[tuple[str, dict[str, Any], dict[str, Any]]]:
    """Yield what a decision has replaced: table, name of the row, the row as it was."""
    for kind, entries in before.items():
        for name, former in entries:
            yield kind, name, former


def account_texts(account: dict[str, Any]) -> Iterator[str]:
    """Yield the texts of an account but the file's name, which its import says too."""
    yield from (str(text) for text in account.get("warnings", ()))
    yield from (str(row.get("reason", "")) for row in account.get("rejected_rows", ()))
    path = account.get(REJECTS_FILE)
    if path:
        yield PurePath(str(path)).name
