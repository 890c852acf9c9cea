"""Where incidents are that their file does not place by coordinates, laid over what it says."""

from dataclasses import dataclass
from itertools import repeat
from typing import Any, Final

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import Connection, Select, bindparam, delete, select

from hotspots import schema
from hotspots.errors import ParameterError
from hotspots.i18n import _
from hotspots.store import tables

# What a placing says instead of the file, in this order.
LAID_OVER: Final = (schema.X, schema.Y, schema.PLACE_METHOD, schema.PLACE_PRECISION_M)
_SETTLED: Final = (schema.AUTOMATIC, schema.BY_PERSON, schema.GIVEN_UP)
PERSONS: Final = (schema.BY_PERSON, schema.GIVEN_UP)
_REFS: Final = 5_000
DECISION: Final = "decision_key"


@dataclass(frozen=True)
class Place:
    """A place that a person chose.

    Attributes
    ----------
    x, y
        EPSG:5514 [m].
    method
        One of `schema.PLACE_METHODS`: of the candidate chosen, or `manual`.
    precision_m
        How far it may be off [m]; None where nobody can say.
    matched
        What it is, for a reader: "Lipovská 12".

    Raises
    ------
    ParameterError
        A coordinate is no number, or the method is unknown.
    """

    x: float
    y: float
    method: str
    precision_m: float | None
    matched: str

    def __post_init__(self) -> None:
        if not (np.isfinite(self.x) and np.isfinite(self.y)):
            raise ParameterError(_("a place needs both coordinates as numbers"))
        if self.method not in schema.PLACE_METHODS or self.method == "none":
            raise ParameterError(
                _("method '{method}' is unknown; choose from: {known}").format(
                    method=self.method, known=", ".join(schema.PLACE_METHODS[:-1])
                )
            )


@dataclass(frozen=True)
class RememberedPlace:
    """What is decided for a text; `place` is None where it cannot be placed."""

    text: str
    place: Place | None
    decision_key: int


def _query() -> Select[Any]:
    table, decisions, incidents = tables.placings, tables.decisions, tables.incidents
    # A placing whose incident was withdrawn sleeps until the incident is imported again.
    is_stored = (incidents.c.source_key == table.c.source_key) & (
        incidents.c.source_ref == table.c.source_ref
    )
    joined = (
        table.join(tables.sources)
        .join(incidents, is_stored)
        .outerjoin(decisions, decisions.c.decision_key == table.c.decision_key)
    )
    own = (c for c in schema.PLACING_COLUMNS if c in table.c)
    return select(
        tables.sources.c.source_id.label(schema.SOURCE),
        *(table.c[name] for name in own),
        decisions.c.decided_by,
        decisions.c.decided_at,
    ).select_from(joined)


def read_placings(connection: Connection, *, states: tuple[str, ...] = ()) -> pd.DataFrame:
    """Return placings in `schema.PLACING_COLUMNS`, sorted by source and reference."""
    query = _query()
    if states:
        query = query.where(tables.placings.c.place_state.in_(states))
    rows = connection.execute(query).mappings().all()
    frame = pd.DataFrame([dict(row) for row in rows], columns=list(schema.PLACING_COLUMNS))
    for name in (schema.X, schema.Y, schema.PLACE_PRECISION_M, schema.PLACE_SCORE):
        frame[name] = frame[name].astype("float64")
    for name in (schema.DECIDED_BY, schema.DECIDED_AT):
        frame[name] = frame[name].fillna("").astype("str")
    return frame.sort_values([schema.SOURCE, schema.SOURCE_REF], ignore_index=True)


def write_placings(connection: Connection, source_key: int, placings: pd.DataFrame) -> list[str]:
    """Store what the program found, in place of what it found before.

    Parameters
    ----------
    connection
        In a writing transaction.
    source_key
        Of the incidents' source.
    placings
        `source_ref`, `x`, `y`, `place_method`, `place_precision_m`, `place_score`,
        `place_matched`, `place_state` and `place_key`; `decision_key` where a person's decision
        about the text was taken for the incident, else missing.

    Returns
    -------
    kept
        References whose placing by a person stays as it is.
    """
    refs = placings[schema.SOURCE_REF].tolist()
    kept = _by_persons(connection, source_key, refs)
    drop_placings(connection, source_key, refs)
    names = [c for c in schema.PLACING_COLUMNS if c in tables.placings.c and c in placings]
    fresh = placings.loc[~placings[schema.SOURCE_REF].isin(kept)]
    decided = fresh[DECISION] if DECISION in placings else repeat(None)
    rows: list[dict[str, Any]] = [
        {"source_key": source_key, DECISION: None if pd.isna(key) else int(key)}
        | {str(k): None if isinstance(v, float) and np.isnan(v) else v for k, v in row.items()}
        for row, key in zip(fresh[names].to_dict("records"), decided, strict=False)
    ]
    if rows:
        connection.execute(tables.placings.insert(), rows)
    return sorted(kept)


def drop_placings(connection: Connection, source_key: int, refs: list[str]) -> None:
    """Forget what the program found for some incidents; what a person decided stays."""
    table = tables.placings
    query = delete(table).where(
        table.c.source_key == source_key,
        table.c.place_state.not_in(PERSONS),
        table.c.source_ref.in_(bindparam("refs", expanding=True)),
    )
    for start in range(0, len(refs), _REFS):
        connection.execute(query, {"refs": refs[start : start + _REFS]})


def _by_persons(connection: Connection, source_key: int, refs: list[str]) -> set[str]:
    table = tables.placings
    query = select(table.c.source_ref).where(
        table.c.source_key == source_key,
        table.c.place_state.in_(PERSONS),
        table.c.source_ref.in_(bindparam("refs", expanding=True)),
    )
    found: set[str] = set()
    for start in range(0, len(refs), _REFS):
        found.update(connection.execute(query, {"refs": refs[start : start + _REFS]}).scalars())
    return found


def lay_over(connection: Connection, source_key: int, incidents: pa.Table) -> pa.Table:
    """Return incidents of one source with the places that were found or decided for them.

    `incidents` has `source_ref` and some of `LAID_OVER`.
    """
    wanted = [name for name in LAID_OVER if name in incidents.column_names]
    if not wanted:
        return incidents
    table = tables.placings
    rows = connection.execute(
        select(table.c.source_ref, *(table.c[name] for name in wanted)).where(
            table.c.source_key == source_key, table.c.place_state.in_(_SETTLED)
        )
    ).fetchall()
    if not rows:
        return incidents
    columns = list(zip(*rows, strict=True))
    refs = pa.array(columns[0], pa.large_string())
    at = pc.index_in(incidents.column(schema.SOURCE_REF).combine_chunks(), value_set=refs)
    is_placed = pc.is_valid(at)
    for name, values in zip(wanted, columns[1:], strict=True):
        own = incidents.column(name).combine_chunks()
        laid = pa.array(values, own.type).take(at)
        number = incidents.column_names.index(name)
        incidents = incidents.set_column(number, name, pc.if_else(is_placed, laid, own))
    return incidents
