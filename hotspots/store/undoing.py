"""Undoing one import: afterwards the store reads as if the file had never been imported.

What holds after that is told again, incident by incident, from what the other imports that still
hold said of it, in their order. Nothing is lost: what the undone import said is kept among the
withdrawn incidents.
"""

from collections.abc import Sequence
from datetime import datetime
from itertools import pairwise
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd
from sqlalchemy import Connection, bindparam, select, update

from hotspots import schema
from hotspots.errors import ParameterError
from hotspots.i18n import _, format_day
from hotspots.periods import Span
from hotspots.place_text import ERASED, place_key
from hotspots.store import tables
from hotspots.store.batches import read_batch
from hotspots.store.decisions import now, read_remembered
from hotspots.store.frames import TRAIT_KEY
from hotspots.store.placings import RememberedPlace, drop_placings, write_placings
from hotspots.store.reading import DAY_PRECISIONS, SECONDS_A_DAY, read_records
from hotspots.store.record_steps import RecordStep
from hotspots.store.replacing import TO_PLACE_COLUMNS
from hotspots.store.statements import (
    Said,
    Statements,
    batch_of,
    flat_repeats,
    in_parts,
    read_repeats,
    same_content,
)
from hotspots.store.statements import read_records as read_said
from hotspots.store.writing import (
    SAID_FIELDS,
    pack_seen,
    placeholder,
    renew_totals,
    renew_version,
    unpack_seen,
    write_records,
)

_WITHDRAWN: Final = ("source_key", schema.SOURCE_REF, *SAID_FIELDS)
_FORGET: Final = "DELETE FROM incidents WHERE row_key = ?"


class UndoTransaction:
    """The undoing of one import; all of it is kept, or nothing.

    Parameters
    ----------
    connection
        In a writing transaction.
    batch_id
        The import.
    user
        Who undoes it.

    Attributes
    ----------
    batch
        The import as it was.
    n_withdrawn, n_restored, n_kept
        Incidents taken out, given back what an earlier import said, and kept because another
        import says the same.

    Raises
    ------
    NotFoundError
        There is no such import.
    ParameterError
        It is undone already, or a later import did not note what it repeated.
    """

    def __init__(self, connection: Connection, batch_id: int, *, user: str) -> None:
        self._connection = connection
        self.batch = read_batch(connection, batch_id)
        if not self.batch.holds:
            raise ParameterError(
                _("import {number} is undone already, on {moment} by {user}").format(
                    number=batch_id,
                    moment=format_day(datetime.fromisoformat(self.batch.undone_at).date()),
                    user=self.batch.undone_by or _("nobody named"),
                )
            )
        table = tables.batches
        self._source_key: int = connection.execute(
            select(table.c.source_key).where(table.c.batch_id == batch_id)
        ).scalar_one()
        connection.execute(
            update(table)
            .where(table.c.batch_id == batch_id)
            .values(undone_at=now(), undone_by=user)
        )
        query = select(table.c.batch_id, table.c.also_seen, table.c.account).where(
            table.c.source_key == self._source_key, table.c.undone_at == ""
        )
        held = connection.execute(query.order_by(table.c.batch_id)).fetchall()
        self._holding = [row.batch_id for row in held]
        self._require_notes([row.batch_id for row in held if not row.also_seen])
        self._restored: dict[str, Said] = {}
        self.n_withdrawn = self.n_restored = self.n_kept = 0
        self._take_back()
        self.n_stored = renew_totals(connection, self._source_key, scan=False)

    @property
    def holding(self) -> list[int]:
        """Numbers of the source's imports that hold afterwards."""
        return list(self._holding)

    def _require_notes(self, silent: list[int]) -> None:
        later = [number for number in silent if number > self.batch.batch_id]
        if later:
            raise ParameterError(
                _(
                    "import {later} came after import {number} and was made by an earlier version "
                    "of the program, which did not note what two files both say; undo import "
                    "{later} first, then import its file again"
                ).format(later=max(later), number=self.batch.batch_id)
            )

    # --- incidents -------------------------------------------------------------------------
    def _take_back(self) -> None:
        rows, versions = tables.incidents, tables.incident_versions
        mine = self.batch.batch_id
        of_mine = rows.c.source_key == self._source_key, rows.c.batch_id == mine
        columns = rows.c.source_ref, rows.c.row_key
        standing = {r.source_ref: r.row_key for r in self._run(select(*columns).where(*of_mine))}
        joined = versions.join(rows, rows.c.row_key == versions.c.row_key)
        replaced = {
            row.source_ref: row.row_key
            for row in self._run(
                select(*columns)
                .select_from(joined)
                .where(versions.c.batch_id == mine, rows.c.source_key == self._source_key)
            )
        }
        corrected = self._run(
            select(rows.c.source_ref).distinct().select_from(joined).where(*of_mine)
        )
        repeats: dict[tuple[str, int], int] = {}
        shared = {row.source_ref for row in corrected} | set(replaced)
        holding = set(self._holding)
        said_here = standing | replaced
        for batch_id, repeated in read_repeats(self._connection, self._source_key):
            for ref in repeated.keys() & said_here.keys():
                repeats[ref, batch_id] = repeated[ref]
                if batch_id in holding:
                    shared.add(ref)
        self._withdraw({ref: key for ref, key in standing.items() if ref not in shared})
        if shared:
            refs = sorted(shared)
            said = read_said(self._connection, self._source_key, refs)
            self._tell_again({ref: said_here[ref] for ref in refs}, Statements(said, repeats))

    def _run(self, query: Any) -> Sequence[Any]:
        return self._connection.execute(query).fetchall()

    def _run_many(self, sql: str, rows: Sequence[tuple[Any, ...]]) -> None:
        """Run a statement for many rows; plain tuples take a third of the time of dicts."""
        if rows:
            mark = placeholder(self._connection)
            self._connection.exec_driver_sql(sql.replace("?", mark), list(rows))

    def _withdraw(self, row_keys: dict[str, int]) -> None:
        """Take out incidents of which only this import speaks."""
        fields = ", ".join(_WITHDRAWN)
        self._run_many(
            f"INSERT INTO withdrawn_incidents ({fields}, undone_batch) "  # noqa: S608
            f"SELECT {fields}, ? FROM incidents WHERE row_key = ?",
            [(self.batch.batch_id, key) for key in row_keys.values()],
        )
        self._run_many(_FORGET, [(key,) for key in row_keys.values()])
        drop_placings(self._connection, self._source_key, list(row_keys))
        self.n_withdrawn += len(row_keys)

    def _tell_again(self, row_keys: dict[str, int], statements: Statements) -> None:
        """Rebuild incidents of which other imports speak too, from what those said."""
        rows, mine = tables.incidents, self.batch.batch_id
        speakers = statements.batches_of(list(row_keys))
        query = select(rows.c.source_ref, rows.c.batch_id).where(
            rows.c.row_key.in_(bindparam("values", expanding=True))
        )
        found = in_parts(self._connection, query, list(row_keys.values()))
        spoke_last = {row.source_ref: row.batch_id for row in found}
        holding = set(self._holding)
        withdrawn: list[tuple[Any, ...]] = []
        alone: dict[str, int] = {}
        changed: list[tuple[Any, ...]] = []
        former: list[tuple[Any, ...]] = []
        repeated: dict[int, dict[str, int]] = {}
        for ref, row_key in row_keys.items():
            was = statements.records[ref, spoke_last[ref]]
            withdrawn.append((self._source_key, ref, *statements.records[ref, mine], mine))
            chain: list[Said] = []
            for batch_id in sorted(speakers[ref] & holding):
                said = statements.said(ref, batch_id)
                if said is None:
                    continue
                if chain and same_content(chain[-1], said):
                    repeated.setdefault(batch_id, {})[ref] = batch_of(chain[-1])
                else:
                    chain.append(said)
            if not chain:
                alone[ref] = row_key
                continue
            now_said = chain[-1]
            changed.append((*now_said, row_key))
            for said, after in pairwise(chain):
                former.append((row_key, *said, batch_of(after)))
            if same_content(was, now_said):
                self.n_kept += 1
            else:
                self.n_restored += 1
                self._restored[ref] = now_said
        self._run_many(
            "DELETE FROM incident_versions WHERE row_key = ?", [(k,) for k in row_keys.values()]
        )
        self._run_many(_insert_sql("withdrawn_incidents", (*_WITHDRAWN, "undone_batch")), withdrawn)
        assigned = ", ".join(f"{name} = ?" for name in SAID_FIELDS)
        self._run_many(
            f"UPDATE incidents SET {assigned} WHERE row_key = ?",  # noqa: S608
            changed,
        )
        self._run_many(
            _insert_sql("incident_versions", ("row_key", *SAID_FIELDS, "replaced_by")), former
        )
        # What those said of whom nobody else speaks is among the withdrawn already.
        self._run_many(_FORGET, [(key,) for key in alone.values()])
        drop_placings(self._connection, self._source_key, list(alone))
        self.n_withdrawn += len(alone)
        self._keep_repeats(repeated)

    def _keep_repeats(self, repeated: dict[int, dict[str, int]]) -> None:
        """Note of imports that they now repeat an earlier one."""
        table = tables.batches
        for batch_id, refs in repeated.items():
            packed = self._connection.execute(
                select(table.c.also_seen).where(table.c.batch_id == batch_id)
            ).scalar_one()
            joined = flat_repeats(unpack_seen(packed or b"")) | refs
            seen: dict[int, list[str]] = {}
            for ref, earlier in joined.items():
                seen.setdefault(earlier, []).append(ref)
            self._connection.execute(
                update(table).where(table.c.batch_id == batch_id).values(also_seen=pack_seen(seen))
            )

    # --- places ----------------------------------------------------------------------------
    def remembered_places(self) -> dict[str, RememberedPlace]:
        """Return what persons decided for texts of places, by `place_text.place_key`."""
        return read_remembered(self._connection)

    def to_place(self) -> pd.DataFrame:
        """Forget places found for words that no longer stand; return the incidents to be placed.

        Returns
        -------
        incidents
            `TO_PLACE_COLUMNS` of incidents given back a text that they were not placed by.
        """
        refs = list(self._restored)
        table, traits = tables.placings, tables.traits
        query = select(table.c.source_ref, table.c.place_key).where(
            table.c.source_key == self._source_key,
            table.c.source_ref.in_(bindparam("values", expanding=True)),
        )
        known = {r.source_ref: r.place_key for r in in_parts(self._connection, query, refs)}
        displaced = {
            row.trait_key: bool(row.displaced)
            for row in self._run(select(traits.c.trait_key, traits.c.displaced))
        }
        stale, waiting = [], []
        for ref, said in self._restored.items():
            values = _values(said)
            key = place_key(values[schema.PLACE_TEXT])
            has_position = values[schema.X] is not None
            if key and not has_position and known.get(ref) == key:
                continue
            if ERASED in values[schema.PLACE_TEXT] and not has_position:
                continue  # what its place was found by is no longer kept
            stale.append(ref)
            waiting.append((ref, values, displaced[values[TRAIT_KEY]]))
        drop_placings(self._connection, self._source_key, stale)
        return pd.DataFrame(
            {
                schema.SOURCE_REF: pd.Series([ref for ref, _v, _d in waiting], dtype="str"),
                schema.X: np.asarray([v[schema.X] for _r, v, _d in waiting], dtype=np.float64),
                schema.Y: np.asarray([v[schema.Y] for _r, v, _d in waiting], dtype=np.float64),
                schema.PLACE_TEXT: pd.Series(
                    [v[schema.PLACE_TEXT] for _r, v, _d in waiting], dtype="str"
                ),
                schema.DISPLACED: np.asarray([d for _r, _v, d in waiting], dtype=bool),
            },
            columns=list(TO_PLACE_COLUMNS),
        )

    def place(self, placings: pd.DataFrame) -> list[str]:
        """Store where the program found incidents; see `placings.write_placings`."""
        return write_placings(self._connection, self._source_key, placings)

    # --- periods of record and names -------------------------------------------------------
    def record_steps(self) -> list[tuple[int, bool, RecordStep | None]]:
        """Return every import of the source: number, whether it holds, its step of record."""
        table = tables.batches
        query = (
            select(table.c.batch_id, table.c.undone_at, table.c.record_before)
            .where(table.c.source_key == self._source_key)
            .order_by(table.c.batch_id)
        )
        return [
            (row.batch_id, not row.undone_at, RecordStep.from_json(row.record_before))
            for row in self._run(query)
        ]

    def records(self) -> tuple[tuple[Span, ...], tuple[Span, ...]]:
        """Return the confirmed and the inferred periods of record as they stand."""
        return read_records(self._connection, self._source_key)

    def write_records(self, *, confirmed: Sequence[Span], inferred: Sequence[Span]) -> None:
        """Replace the source's periods of record."""
        write_records(self._connection, self._source_key, confirmed=confirmed, inferred=inferred)

    def days_after(self, batch_id: int) -> npt.NDArray[np.int64]:
        """Return the day number of every incident whose day is known, as it was after an import."""
        rows, versions, traits = tables.incidents, tables.incident_versions, tables.traits
        parts = []
        for query in (
            select(rows.c.occurred_from)
            .select_from(rows.join(traits, traits.c.trait_key == rows.c.trait_key))
            .where(rows.c.batch_id <= batch_id, rows.c.occurred_from.is_not(None)),
            select(versions.c.occurred_from)
            .select_from(
                versions.join(rows, rows.c.row_key == versions.c.row_key).join(
                    traits, traits.c.trait_key == versions.c.trait_key
                )
            )
            .where(
                versions.c.batch_id <= batch_id,
                versions.c.replaced_by > batch_id,
                versions.c.occurred_from.is_not(None),
            ),
        ):
            chosen = query.where(
                rows.c.source_key == self._source_key, traits.c.time_precision.in_(DAY_PRECISIONS)
            )
            seconds = self._connection.execute(chosen).scalars().all()
            parts.append(np.asarray(seconds, dtype=np.int64) // SECONDS_A_DAY)
        return np.concatenate(parts)

    def name_source(self, *, label: str, citation: str) -> None:
        """Give the source its name and citation."""
        table = tables.sources
        self._connection.execute(
            update(table)
            .where(table.c.source_key == self._source_key)
            .values(label=label, citation=citation)
        )

    def finish(self) -> None:
        """Note that the store has changed."""
        renew_version(self._connection)


def _values(said: Said) -> dict[str, Any]:
    return dict(zip(SAID_FIELDS, said, strict=True))


def _insert_sql(table: str, fields: Sequence[str]) -> str:
    marks = ", ".join("?" for _field in fields)
    return f"INSERT INTO {table} ({', '.join(fields)}) VALUES ({marks})"  # noqa: S608
