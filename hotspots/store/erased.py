"""Incidents whose texts were erased: what stands for them when their file comes again."""

from collections.abc import Sequence
from typing import Final

from sqlalchemy import Connection, bindparam, select

from hotspots import schema
from hotspots.store import tables

# The texts of an incident that may speak of a person, in the order of `KeptTexts`.
SPOKEN: Final = (schema.NOTE, schema.PLACE_TEXT, schema.OFFENCE_DETAIL)
KeptTexts = tuple[str, str, str]
NOTHING: Final[KeptTexts] = ("", "", "")
_PART: Final = 5_000


def read_erased(connection: Connection, source_key: int) -> frozenset[str]:
    """Return the references of a source's incidents whose texts were erased."""
    table = tables.erased_texts
    query = select(table.c.source_ref).where(table.c.source_key == source_key)
    return frozenset(connection.execute(query).scalars())


def read_kept_texts(
    connection: Connection, source_key: int, refs: Sequence[str]
) -> dict[str, KeptTexts]:
    """Return what is left of the texts of some incidents, stored or withdrawn.

    Of a withdrawn one it is what its last import said; empty texts where nothing is left.
    """
    found: dict[str, KeptTexts] = dict.fromkeys(refs, NOTHING)
    gone, rows = tables.withdrawn_incidents, tables.incidents
    for table, order in ((gone, gone.c.batch_id), (rows, rows.c.row_key)):
        query = (
            select(table.c.source_ref, *(table.c[name] for name in SPOKEN))
            .where(
                table.c.source_key == source_key,
                table.c.source_ref.in_(bindparam("refs", expanding=True)),
            )
            .order_by(order)
        )
        for start in range(0, len(refs), _PART):
            for ref, *texts in connection.execute(query, {"refs": refs[start : start + _PART]}):
                found[ref] = (texts[0], texts[1], texts[2])
    return found
