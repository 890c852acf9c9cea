"""What a source's imports say once old rows are gone: shorter records, numbers, no lists."""

import json
from collections import Counter
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, select, update

from hotspots.store import tables
from hotspots.store.reading import Records, read_records
from hotspots.store.record_steps import RecordStep
from hotspots.store.retention_rules import begin_utc, cut_spans
from hotspots.store.writing import write_records

# What an import's account says of its rows that went since, by the rule's action.
DELETED_ROWS: Final = "retention_deleted"
COARSENED_ROWS: Final = "retention_coarsened"


def cut_records(connection: Connection, source_key: int, first_day: date) -> bool:
    """Take the days before `first_day` out of a source's periods of record.

    Otherwise the absence of what was deleted would count as none. The steps that imports noted
    are shortened too, so that undoing one does not bring the days back.

    Returns
    -------
    is_changed
    """
    records = read_records(connection, source_key)
    shorter = _cut(records, first_day)
    is_changed = shorter != records
    if is_changed:
        write_records(connection, source_key, confirmed=shorter[0], inferred=shorter[1])
    table = tables.batches
    query = select(table.c.batch_id, table.c.record_before).where(table.c.source_key == source_key)
    for batch_id, text in connection.execute(query).fetchall():
        step = RecordStep.from_json(text)
        if step is None:
            continue
        cut = replace(
            step,
            stated=cut_spans(step.stated, first_day),
            before=_cut(step.before, first_day),
            set_after=None if step.set_after is None else _cut(step.set_after, first_day),
        )
        if cut != step:
            is_changed = True
            connection.execute(
                update(table)
                .where(table.c.batch_id == batch_id)
                .values(record_before=cut.to_json())
            )
    return is_changed


def _cut(records: Records, first_day: date) -> Records:
    return cut_spans(records[0], first_day), cut_spans(records[1], first_day)


def tell_imports(
    connection: Connection,
    source_key: int,
    *,
    first_day: date,
    went: Mapping[int, int],
    what: str,
    telling: AbstractSet[int],
) -> tuple[list[Path], Counter[str]]:
    """Have accounts say how many rows went, and take rejected rows out of those that are over.

    Rejected rows have no date that could be told, so they go with an import that was made before
    the first day, or of which nothing is left as it came.

    Parameters
    ----------
    connection
        In a writing transaction.
    source_key
        Of the imports' source.
    first_day
        The first day that the rule keeps.
    went
        Rows that went now, by import.
    what
        `DELETED_ROWS` or `COARSENED_ROWS`.
    telling
        Imports that still tell something as it came.

    Returns
    -------
    lists
        Files that list rejected rows, to be removed.
    months
        How many imports lost theirs, by month of the import.
    """
    table = tables.batches
    query = (
        select(table.c.batch_id, table.c.imported_at, table.c.account)
        .where(table.c.source_key == source_key)
        .order_by(table.c.batch_id)
    )
    lists: list[Path] = []
    months: Counter[str] = Counter()
    for batch_id, imported_at, text in connection.execute(query).fetchall():
        account: dict[str, Any] = json.loads(text) if text else {}
        before = dict(account)
        n = went.get(batch_id, 0)
        if n:
            account[what] = int(account.get(what, 0)) + n
        has_gone = bool(account.get(DELETED_ROWS) or account.get(COARSENED_ROWS))
        is_over = imported_at < begin_utc(first_day) or (has_gone and batch_id not in telling)
        if is_over and (account.get("rejected_rows") or account.get("rejects_file")):
            if account.get("rejects_file"):
                lists.append(Path(str(account["rejects_file"])))
            account |= {"rejected_rows": [], "rejects_file": None}
            months[imported_at[:7]] += 1
        if account != before:
            connection.execute(
                update(table)
                .where(table.c.batch_id == batch_id)
                .values(account=json.dumps(account, ensure_ascii=False))
            )
    return lists, months
