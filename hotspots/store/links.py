"""Pairs of incidents that persons have decided upon."""

from collections.abc import Sequence
from functools import cache

import pandas as pd
from sqlalchemy import Connection, exists, select

from hotspots import schema
from hotspots.store import tables


def read_link_decisions(connection: Connection) -> dict[tuple[str, str], int]:
    """Return the number of the decision that each decided pair of incidents rests on."""
    table = tables.links
    sources = select(tables.sources.c.source_key, tables.sources.c.source_id)
    names = {row.source_key: row.source_id for row in connection.execute(sources)}
    found = {}
    for row in connection.execute(select(table)):
        one = f"{names[row.source_key_a]}:{row.ref_a}"
        two = f"{names[row.source_key_b]}:{row.ref_b}"
        found[one, two] = int(row.decision_key)
    return found


def read_links(connection: Connection, *, states: tuple[str, ...] = ()) -> pd.DataFrame:
    """Return decided pairs in `schema.LINK_COLUMNS`, sorted by their incidents."""
    table, decisions = tables.links, tables.decisions
    if not connection.execute(select(exists(select(table.c.decision_key)))).scalar_one():
        return _no_links().copy()
    sources = select(tables.sources.c.source_key, tables.sources.c.source_id)
    names = {row.source_key: row.source_id for row in connection.execute(sources)}
    query = select(table, decisions.c.decided_by, decisions.c.decided_at).join(
        decisions, decisions.c.decision_key == table.c.decision_key
    )
    stored = tables.incidents
    for key, ref in ((table.c.source_key_a, table.c.ref_a), (table.c.source_key_b, table.c.ref_b)):
        # A pair of which one was withdrawn sleeps until that incident is imported again.
        query = query.where(exists().where(stored.c.source_key == key, stored.c.source_ref == ref))
    if states:
        query = query.where(table.c.link_state.in_(states))
    rows = [
        (
            f"{names[row.source_key_a]}:{row.ref_a}",
            f"{names[row.source_key_b]}:{row.ref_b}",
            row.link_state,
            row.link_score,
            row.decided_by,
            row.decided_at,
        )
        for row in connection.execute(query)
    ]
    frame = _frame(rows)
    return frame.sort_values([schema.INCIDENT_A, schema.INCIDENT_B], ignore_index=True)


def _frame(rows: Sequence[tuple[object, ...]]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=list(schema.LINK_COLUMNS))
    frame[schema.LINK_SCORE] = frame[schema.LINK_SCORE].astype("float64")
    return frame


@cache
def _no_links() -> pd.DataFrame:
    """Return the frame of a store in which nothing was linked, as most are asked for links."""
    return _frame([])
