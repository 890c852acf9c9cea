"""What goes by a source's rule of retention: old incidents taken out whole, or told coarsely."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any, Final, NamedTuple

import pandas as pd
from sqlalchemy import Connection, Table, and_, delete, func, insert, or_, select

from hotspots import schema
from hotspots.periods import day_number
from hotspots.store import tables
from hotspots.store.forgetting import Forgetting, Forgotten, delete_in_parts, forget_repeats
from hotspots.store.frames import (
    TRAIT_KEY,
    ColumnCollector,
    add_traits,
    column_lists,
    hash_content,
    incident_frame,
    trait_table,
)
from hotspots.store.placings import lay_over
from hotspots.store.reading import SECONDS_A_DAY, read_traits
from hotspots.store.retained_imports import (
    COARSENED_ROWS,
    DELETED_ROWS,
    cut_records,
    tell_imports,
)
from hotspots.store.retention_rules import (
    COARSEN,
    RetentionRule,
    begin_utc,
    read_rules,
)
from hotspots.store.statements import read_repeats
from hotspots.store.wiping import overwrite_deleted
from hotspots.store.writing import (
    SAID_FIELDS,
    TraitKeys,
    placeholder,
    renew_totals,
    renew_version,
)

# What is counted, month by month.
NUMBERS: Final = (
    "incidents",
    "versions",
    "withdrawn",
    "notes",
    "placings",
    "links",
    "decisions",
    "remembered",
    "lists",
)
_EPOCH: Final = date(1970, 1, 1)
_STORED: Final = (schema.SOURCE_REF, TRAIT_KEY, *tables.OWN_COLUMNS, schema.BATCH_ID)


class _Row(NamedTuple):
    """One stored statement that is older than its rule keeps."""

    key: int
    ref: str
    batch_id: int
    month: str
    has_note: bool
    place_text: str


@dataclass
class Tally:
    """How much goes, or went.

    Attributes
    ----------
    by_month
        Numbers (`NUMBERS`) by month of the incident, `2024-03`; the empty text for incidents
        without a date. Rejected rows have no date that could be told: their lists stand under
        the month of the import.
    lists
        Files that list rejected rows, to be removed once the database is.
    changed
        Whether anything in the database is changed.
    """

    by_month: dict[str, Counter[str]] = field(default_factory=dict)
    lists: list[Path] = field(default_factory=list)
    changed: bool = False

    def add(self, month: str, what: str, n: int = 1) -> None:
        """Count something of a month."""
        if n:
            self.by_month.setdefault(month, Counter())[what] += n
            self.changed = True

    def total(self) -> Counter[str]:
        """Return the numbers of all months."""
        return sum(self.by_month.values(), Counter())


class RetentionTransaction:
    """One run of the rules; all of it is kept, or nothing.

    Parameters
    ----------
    connection
        In a writing transaction.
    """

    def __init__(self, connection: Connection) -> None:
        overwrite_deleted(connection)
        self._connection = connection

    def sources(self, *, today: date) -> Iterator["SourceRetention"]:
        """Yield every source that has a rule, to be gone through one after the other."""
        for key, rule in read_rules(self._connection).items():
            yield SourceRetention(self._connection, key, rule, rule.first_kept(today=today))

    def finish(self) -> None:
        """Forget what only rows that went had in common, and note that the store has changed."""
        traits = tables.traits
        used = [
            select(table.c.trait_key)
            for table in (tables.incidents, tables.incident_versions, tables.withdrawn_incidents)
        ]
        self._connection.execute(
            delete(traits).where(*(traits.c.trait_key.not_in(query) for query in used))
        )
        renew_version(self._connection)


class SourceRetention:
    """One source and its rule: `run` takes out, or tells coarsely, what is too old.

    Parameters
    ----------
    connection
        In a writing transaction.
    source_key, rule
        The source and its rule.
    first_day
        The first day that the rule keeps.
    """

    def __init__(
        self, connection: Connection, source_key: int, rule: RetentionRule, first_day: date
    ) -> None:
        self._connection = connection
        self._key = source_key
        self.rule = rule
        self.first_day = first_day
        self.tally = Tally()
        self._limit = day_number(first_day) * SECONDS_A_DAY
        rows, versions = tables.incidents, tables.incident_versions
        gone = tables.withdrawn_incidents
        self._rows = self._find(rows, rows.c.row_key, rows, self._old(rows))
        self._versions = self._find(
            versions,
            versions.c.version_key,
            versions.join(rows, rows.c.row_key == versions.c.row_key),
            or_(self._old(rows), self._old(versions)),
        )
        self._withdrawn = self._find(gone, gone.c.withdrawn_key, gone, self._old(gone))

    # --- what is too old -------------------------------------------------------------------
    def _old(self, table: Table) -> Any:
        """Return the condition that a row tells of something before the first day.

        Its end counts, else its beginning, else when it was reported; without any of these, when
        it was imported.
        """
        batches = tables.batches
        last = _last(table)
        early = select(batches.c.batch_id).where(
            batches.c.source_key == self._key, batches.c.imported_at < begin_utc(self.first_day)
        )
        # Never unknown, so that it can be negated.
        return or_(
            and_(last.is_not(None), last < self._limit),
            and_(last.is_(None), table.c.batch_id.in_(early)),
        )

    def _find(self, table: Table, key: Any, joined: Any, condition: Any) -> list[_Row]:
        named = tables.incidents if table is tables.incident_versions else table
        query = (
            select(
                key,
                named.c.source_ref,
                table.c.batch_id,
                _last(table),
                table.c.note != "",
                table.c.place_text,
            )
            .select_from(joined)
            .where(named.c.source_key == self._key, condition)
        )
        return [
            _Row(number, ref, batch_id, _month(last), bool(has_note), text)
            for number, ref, batch_id, last, has_note, text in self._connection.execute(query)
        ]

    # --- telling coarsely ------------------------------------------------------------------
    def to_coarsen(self) -> pd.DataFrame:
        """Return the incidents that are to be told coarsely.

        Returns
        -------
        incidents
            `schema.INCIDENT_COLUMNS`, sorted by `incident_id`, with the places that were found or
            decided for them; empty where the rule takes incidents out.
        """
        if self.rule.action != COARSEN or not self._rows:
            return incident_frame([], schema.INCIDENT_COLUMNS)
        table = tables.incidents
        columns = (table.c[name] for name in _STORED)
        query = select(*columns).where(table.c.source_key == self._key, self._old(table))
        collected = ColumnCollector(_STORED)
        collected.add(tuple(row) for row in self._connection.execute(query))
        part = collected.table(self.rule.source_id)
        part = add_traits(part, trait_table(read_traits(self._connection)), tables.TRAIT_COLUMNS)
        return incident_frame(
            [lay_over(self._connection, self._key, part)], schema.INCIDENT_COLUMNS
        )

    # --- doing it --------------------------------------------------------------------------
    def run(self, coarse: pd.DataFrame) -> Tally:
        """Take out what is too old, or replace it by what is told coarsely.

        Parameters
        ----------
        coarse
            The incidents of `to_coarsen` as they are told from now on, in the same order; not
            looked at where the rule takes incidents out.
        """
        is_coarse = self.rule.action == COARSEN
        changed = self._rows
        if is_coarse:
            changed = self._write_coarse(coarse)
        for what, found in (
            ("incidents", changed),
            ("versions", self._versions),
            ("withdrawn", self._withdrawn),
        ):
            for row in found:
                self.tally.add(row.month, what)
                self.tally.add(row.month, "notes", int(row.has_note))
        self._take_out(rows=not is_coarse)
        gone = self._gone(rows=not is_coarse)
        told = {row.ref: row.month for row in self._rows} if is_coarse else {}
        months = {row.ref: row.month for row in (*self._withdrawn, *self._rows)}
        months = {ref: month for ref, month in months.items() if ref in gone or ref in told}
        texts = {row.place_text: row.month for row in (*self._withdrawn, *self._versions, *changed)}
        forgotten = Forgetting(
            self._connection, self._key, months=months, gone=gone, texts=texts
        ).run()
        self._count(forgotten)
        self._renew_repeats(is_coarse=is_coarse)
        if is_coarse:
            self._give_up(coarse)
        else:
            self._cut_records()
        self._tell_batches(changed, is_coarse=is_coarse)
        renew_totals(self._connection, self._key, scan=False)
        return self.tally

    def _take_out(self, *, rows: bool) -> None:
        versions, gone = tables.incident_versions, tables.withdrawn_incidents
        delete_in_parts(
            self._connection, versions.c.version_key, [row.key for row in self._versions]
        )
        delete_in_parts(
            self._connection, gone.c.withdrawn_key, [row.key for row in self._withdrawn]
        )
        if rows:
            delete_in_parts(
                self._connection, tables.incidents.c.row_key, [row.key for row in self._rows]
            )

    def _gone(self, *, rows: bool) -> frozenset[str]:
        """Return the references that name neither a stored nor a withdrawn incident any more."""
        refs = {row.ref for row in self._withdrawn}
        if rows:
            refs.update(row.ref for row in self._rows)
        if not refs:
            return frozenset()
        for table in (tables.incidents, tables.withdrawn_incidents):
            query = select(table.c.source_ref).where(table.c.source_key == self._key)
            refs.difference_update(self._connection.execute(query).scalars())
        return frozenset(refs)

    def _count(self, forgotten: Forgotten) -> None:
        for what in ("placings", "links", "decisions", "remembered"):
            for month, n in getattr(forgotten, what).items():
                self.tally.add(month, what, n)

    def _write_coarse(self, coarse: pd.DataFrame) -> list[_Row]:
        """Write the incidents that say something else than before; return them as they were."""
        table = tables.incidents
        query = select(table.c.row_key, table.c.content_hash, table.c.x, table.c.y).where(
            table.c.source_key == self._key, self._old(table)
        )
        stored = {key: (bytes(h), x, y) for key, h, x, y in self._connection.execute(query)}
        by_ref = {row.ref: row for row in self._rows}
        firsts = self._first_tellers()
        hashes = hash_content(coarse)
        traits = TraitKeys(self._connection).find(coarse) if len(coarse) else []
        own = column_lists(coarse, tables.OWN_COLUMNS)
        written, changed = [], []
        at_x, at_y = (tables.OWN_COLUMNS.index(name) for name in (schema.X, schema.Y))
        for ref, digest, trait, *values in zip(
            coarse[schema.SOURCE_REF].tolist(), hashes, traits, *own, strict=True
        ):
            row = by_ref[ref]
            batch_id = firsts.get(ref, row.batch_id)
            if (digest, values[at_x], values[at_y]) != stored[row.key]:
                changed.append(row)
            elif batch_id == row.batch_id:
                continue
            written.append((trait, *values, batch_id, digest, row.key))
        if written:
            mark = placeholder(self._connection)
            assigned = ", ".join(f"{name} = {mark}" for name in SAID_FIELDS)
            self._connection.exec_driver_sql(
                f"UPDATE incidents SET {assigned} WHERE row_key = {mark}",  # noqa: S608
                written,
            )
        return changed

    def _first_tellers(self) -> dict[str, int]:
        """Return the first import that told of each incident whose former versions go.

        What is told coarsely is told in the name of that one, and repeated by the others, so that
        undoing a later import leaves the incident to the earlier.
        """
        old = {row.ref: row.batch_id for row in self._rows}
        firsts: dict[str, int] = {}
        for row in self._versions:
            if row.ref in old:
                firsts[row.ref] = min(firsts.get(row.ref, old[row.ref]), row.batch_id)
        return firsts

    def _give_up(self, coarse: pd.DataFrame) -> None:
        """Say of incidents that have no place any more that they wait for none."""
        table = tables.placings
        known = set(
            self._connection.execute(
                select(table.c.source_ref).where(table.c.source_key == self._key)
            ).scalars()
        )
        lost = coarse[coarse[schema.X].isna() & ~coarse[schema.DISPLACED].astype(bool)]
        rows = [
            {
                "source_key": self._key,
                schema.SOURCE_REF: ref,
                schema.PLACE_METHOD: "none",
                schema.PLACE_MATCHED: "",
                schema.PLACE_STATE: schema.GIVEN_UP,
                schema.PLACE_KEY: "",
            }
            for ref in lost[schema.SOURCE_REF].tolist()
            if ref not in known
        ]
        if rows:
            self._connection.execute(insert(table), rows)
            self.tally.changed = True

    # --- imports ---------------------------------------------------------------------------
    def _renew_repeats(self, *, is_coarse: bool) -> None:
        removed = {row.ref for row in (*self._versions, *self._withdrawn)}
        repeated: dict[int, dict[str, int]] = {}
        if is_coarse:
            last = {row.ref: row.batch_id for row in self._rows}
            firsts = self._first_tellers()
            for ref, batch_id in (
                *((row.ref, row.batch_id) for row in self._versions),
                *last.items(),
            ):
                if ref in firsts and batch_id != firsts[ref]:
                    repeated.setdefault(batch_id, {})[ref] = firsts[ref]
        else:
            removed.update(row.ref for row in self._rows)
        forget_repeats(self._connection, self._key, removed=removed, repeated=repeated)

    def _cut_records(self) -> None:
        if cut_records(self._connection, self._key, self.first_day):
            self.tally.changed = True

    def _tell_batches(self, changed: list[_Row], *, is_coarse: bool) -> None:
        went = Counter(row.batch_id for row in (*changed, *self._versions, *self._withdrawn))
        lists, months = tell_imports(
            self._connection,
            self._key,
            first_day=self.first_day,
            went=went,
            what=COARSENED_ROWS if is_coarse else DELETED_ROWS,
            telling=self._still_telling(),
        )
        self.tally.lists += lists
        for month, n in months.items():
            self.tally.add(month, "lists", n)

    def _still_telling(self) -> set[int]:
        """Return the imports that still tell something as it came."""
        rows, versions = tables.incidents, tables.incident_versions
        gone = tables.withdrawn_incidents
        found: set[int] = set()
        for query in (
            select(rows.c.batch_id)
            .distinct()
            .where(rows.c.source_key == self._key, ~self._old(rows)),
            select(versions.c.batch_id)
            .distinct()
            .select_from(versions.join(rows, rows.c.row_key == versions.c.row_key))
            .where(rows.c.source_key == self._key),
            select(gone.c.batch_id).distinct().where(gone.c.source_key == self._key),
        ):
            found.update(self._connection.execute(query).scalars())
        old = {row.ref for row in self._rows}
        for batch_id, repeated in read_repeats(self._connection, self._key):
            if repeated.keys() - old:
                found.add(batch_id)
        return found


def _last(table: Table) -> Any:
    return func.coalesce(table.c.occurred_to, table.c.occurred_from, table.c.reported_at)


def _month(seconds: int | None) -> str:
    return "" if seconds is None else _month_of(seconds // SECONDS_A_DAY)


@lru_cache(maxsize=4096)
def _month_of(day: int) -> str:
    return (_EPOCH + timedelta(days=day)).isoformat()[:7]
