"""Imports as the store remembers them, and what the file of each said."""

from typing import Any, Final

import pandas as pd
from sqlalchemy import Connection, Row, Select, select

from hotspots import schema
from hotspots.errors import NotFoundError
from hotspots.i18n import _
from hotspots.store import tables
from hotspots.store.frames import (
    ColumnCollector,
    add_traits,
    incident_frame,
    trait_table,
)
from hotspots.store.placings import lay_over
from hotspots.store.reading import read_traits
from hotspots.store.statements import read_all_said
from hotspots.store.writing import SAID_FIELDS, ImportBatch

_STORED: Final = (schema.SOURCE_REF, *(name for name in SAID_FIELDS if name != "content_hash"))


def _query() -> Select[Any]:
    table = tables.batches
    return select(table, tables.sources.c.source_id).join(
        tables.sources, tables.sources.c.source_key == table.c.source_key
    )


def _as_batch(row: Row[Any]) -> ImportBatch:
    return ImportBatch(
        source_id=row.source_id,
        file_name=row.file_name,
        sha256=row.sha256,
        format=row.format,
        user_name=row.user_name,
        mapping=row.mapping,
        account=row.account,
        imported_at=row.imported_at,
        batch_id=row.batch_id,
        undone_at=row.undone_at,
        undone_by=row.undone_by,
    )


def read_batches(connection: Connection) -> list[ImportBatch]:
    """Return all imports, in order of their numbers."""
    query = _query().order_by(tables.batches.c.batch_id)
    return [_as_batch(row) for row in connection.execute(query)]


def read_batch(connection: Connection, batch_id: int) -> ImportBatch:
    """Return one import.

    Raises
    ------
    NotFoundError
        There is none of that number.
    """
    row = connection.execute(_query().where(tables.batches.c.batch_id == batch_id)).first()
    if row is None:
        raise NotFoundError(
            _("there is no import {number}; list them: hotspots batch list").format(number=batch_id)
        )
    return _as_batch(row)


def read_batch_incidents(connection: Connection, batch_id: int) -> pd.DataFrame:
    """Return what the file of an import said; see `Store.read_batch_incidents`."""
    batch = read_batch(connection, batch_id)
    source_key = connection.execute(
        select(tables.batches.c.source_key).where(tables.batches.c.batch_id == batch_id)
    ).scalar_one()
    said = read_all_said(connection, source_key, batch_id)
    wanted = schema.INCIDENT_COLUMNS
    if not said:
        return incident_frame([], wanted)
    collected = ColumnCollector(_STORED)
    collected.add((ref, *values[:-1]) for ref, values in sorted(said.items()))
    part = collected.table(batch.source_id)
    traits = trait_table(read_traits(connection))
    part = add_traits(part, traits, tables.TRAIT_COLUMNS)
    if batch.holds:
        part = lay_over(connection, source_key, part)
    return incident_frame([part], wanted)
