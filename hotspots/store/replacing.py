"""Placing incidents that were stored before: those that wait, or all that the program placed."""

import pandas as pd
from sqlalchemy import Connection, and_, select

from hotspots import schema
from hotspots.store import tables
from hotspots.store.decisions import read_remembered
from hotspots.store.placings import PERSONS, RememberedPlace, write_placings
from hotspots.store.writing import renew_version

# Of an incident to be placed: what the placing needs.
TO_PLACE_COLUMNS = (schema.SOURCE_REF, schema.X, schema.Y, schema.PLACE_TEXT, schema.DISPLACED)


class PlacingTransaction:
    """The writing side of placing anew; all of it is kept, or nothing.

    Parameters
    ----------
    connection
        In a writing transaction.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        table = tables.sources
        self._keys: dict[str, int] = {
            row.source_id: row.source_key
            for row in connection.execute(select(table.c.source_id, table.c.source_key))
        }

    def remembered_places(self) -> dict[str, RememberedPlace]:
        """Return what persons decided for texts of places, by `place_text.place_key`."""
        return read_remembered(self._connection)

    def incidents(self) -> pd.DataFrame:
        """Return incidents with a text of a place, no coordinates and no word of a person.

        Returns
        -------
        incidents
            `source` and `TO_PLACE_COLUMNS`, with `place_state`, `place_method`, `placed_x` and
            `placed_y` of the placing they have; the empty text and NaN where they have none.
        """
        rows, placings = tables.incidents, tables.placings
        is_placing = and_(
            placings.c.source_key == rows.c.source_key, placings.c.source_ref == rows.c.source_ref
        )
        query = (
            select(
                tables.sources.c.source_id.label(schema.SOURCE),
                rows.c.source_ref,
                rows.c.x,
                rows.c.y,
                rows.c.place_text,
                tables.traits.c.displaced,
                placings.c.place_state,
                placings.c.place_method,
                placings.c.x.label("placed_x"),
                placings.c.y.label("placed_y"),
            )
            .select_from(
                rows.join(tables.sources, tables.sources.c.source_key == rows.c.source_key)
                .join(tables.traits, tables.traits.c.trait_key == rows.c.trait_key)
                .outerjoin(placings, is_placing)
            )
            .where(rows.c.x.is_(None), rows.c.place_text != "")
            .order_by(tables.sources.c.source_id, rows.c.source_ref)
        )
        found = [dict(row) for row in self._connection.execute(query).mappings()]
        frame = pd.DataFrame(
            found,
            columns=[
                schema.SOURCE,
                *TO_PLACE_COLUMNS,
                schema.PLACE_STATE,
                schema.PLACE_METHOD,
                "placed_x",
                "placed_y",
            ],
        )
        for name in (schema.X, schema.Y, "placed_x", "placed_y"):
            frame[name] = frame[name].astype("float64")
        for name in (schema.PLACE_STATE, schema.PLACE_METHOD):
            frame[name] = frame[name].fillna("").astype("str")
        frame[schema.DISPLACED] = frame[schema.DISPLACED].astype(bool)
        return frame[~frame[schema.PLACE_STATE].isin(PERSONS)].reset_index(drop=True)

    def place(self, source_id: str, placings: pd.DataFrame) -> None:
        """Store where incidents of a source were found, in place of what was there."""
        write_placings(self._connection, self._keys[source_id], placings)

    def finish(self) -> None:
        """Note that the store has changed."""
        renew_version(self._connection)
