"""Taking away what the store keeps about incidents beside their rows: places, pairs, decisions."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import Connection, bindparam, delete, or_, select, update

from hotspots import schema
from hotspots.place_text import place_key
from hotspots.store import tables
from hotspots.store.statements import in_parts, read_records, read_repeats
from hotspots.store.writing import pack_seen

_PART: Final = 5_000
_PLACINGS: Final = "placings"
_LINKS: Final = "links"
_REMEMBERED: Final = "remembered_places"

Entry = list[dict[str, Any]]  # what names a row, and the row that a decision replaced


@dataclass
class Forgotten:
    """What was taken away, counted by month of the incident (`2024-03`, empty where unknown)."""

    placings: Counter[str] = field(default_factory=Counter)
    links: Counter[str] = field(default_factory=Counter)
    decisions: Counter[str] = field(default_factory=Counter)
    remembered: Counter[str] = field(default_factory=Counter)


def delete_in_parts(connection: Connection, column: Any, values: Sequence[Any]) -> None:
    """Delete the rows whose `column` is one of `values`."""
    query = delete(column.table).where(column.in_(bindparam("values", expanding=True)))
    for start in range(0, len(values), _PART):
        connection.execute(query, {"values": list(values[start : start + _PART])})


class Forgetting:
    """What one source's incidents leave behind beside their rows.

    Parameters
    ----------
    connection
        In a writing transaction; the incidents themselves are taken out or changed already.
    source_key
        Of their source.
    months
        Month of each incident whose places are taken away, by reference.
    gone
        References among them of incidents that are not stored any more: their pairs go too.
    texts
        Descriptions of places that went with the incidents, and a month of each.
    """

    def __init__(
        self,
        connection: Connection,
        source_key: int,
        *,
        months: Mapping[str, str],
        gone: frozenset[str],
        texts: Mapping[str, str],
    ) -> None:
        self._connection = connection
        self._key = source_key
        self._months = months
        self._gone = gone
        self._keys = {place_key(text): month for text, month in texts.items() if text}
        self._keys.pop("", None)
        self.found = Forgotten()

    def run(self) -> Forgotten:
        """Take all of it away."""
        self._drop_placings()
        self._drop_links()
        dead = self._dead_keys()
        self._drop_remembered(dead)
        self._clean_decisions(dead)
        return self.found

    def _drop_placings(self) -> None:
        table = tables.placings
        query = select(table).where(
            table.c.source_key == self._key,
            table.c.source_ref.in_(bindparam("values", expanding=True)),
        )
        dropped = []
        for row in in_parts(self._connection, query, list(self._months)):
            if row.place_key:
                self._keys.setdefault(row.place_key, self._months[row.source_ref])
            if is_retained(row.place_state, row.place_key, row.decision_key) and (
                row.source_ref not in self._gone
            ):
                continue
            dropped.append(row.placing_key)
            self.found.placings[self._months[row.source_ref]] += 1
        delete_in_parts(self._connection, table.c.placing_key, dropped)

    def _drop_links(self) -> None:
        table = tables.links
        query = select(table).where(
            or_(table.c.source_key_a == self._key, table.c.source_key_b == self._key)
        )
        dropped = []
        for row in self._connection.execute(query).fetchall():
            ref = self._gone_end(row.source_key_a, row.ref_a, row.source_key_b, row.ref_b)
            if ref is not None:
                dropped.append(row.link_key)
                self.found.links[self._months[ref]] += 1
        delete_in_parts(self._connection, table.c.link_key, dropped)

    def _gone_end(self, key_a: int, ref_a: str, key_b: int, ref_b: str) -> str | None:
        """Return the reference of the incident of a pair that is gone, if one is."""
        for key, ref in ((key_a, ref_a), (key_b, ref_b)):
            if key == self._key and ref in self._gone:
                return ref
        return None

    def _dead_keys(self) -> frozenset[str]:
        """Return the keys of descriptions that no incident is, or may again be, placed by."""
        if not self._keys:
            return frozenset()
        placings, rows, gone = tables.placings, tables.incidents, tables.withdrawn_incidents
        query = (
            select(placings.c.place_key)
            .distinct()
            .where(placings.c.place_key.in_(bindparam("values", expanding=True)))
        )
        used = {row[0] for row in in_parts(self._connection, query, list(self._keys))}
        for table in (rows, gone):
            texts = (
                select(table.c.place_text)
                .distinct()
                .where(table.c.x.is_(None), table.c.place_text != "")
            )
            used.update(place_key(text) for text in self._connection.execute(texts).scalars())
        return frozenset(self._keys.keys() - used)

    def _drop_remembered(self, dead: frozenset[str]) -> None:
        column = tables.remembered_places.c.place_key
        query = select(column).where(column.in_(bindparam("values", expanding=True)))
        dropped = [row[0] for row in in_parts(self._connection, query, sorted(dead))]
        delete_in_parts(self._connection, column, dropped)
        for key in dropped:
            self.found.remembered[self._keys[key]] += 1

    def _clean_decisions(self, dead: frozenset[str]) -> None:
        """Take out of decisions what they say of incidents and texts that are gone."""
        if not (self._months or dead):
            return
        table = tables.decisions
        query = select(table.c.decision_key, table.c.subject, table.c.before)
        for row in self._connection.execute(query).fetchall():
            try:
                before: dict[str, list[Entry]] = json.loads(row.before)
                kept = {
                    name: [one for one in entries if not self._is_gone(name, one, dead)]
                    for name, entries in before.items()
                }
            except (ValueError, TypeError, KeyError, AttributeError):
                continue  # changed by hand: `hotspots check` tells of it
            left = {name: entries for name, entries in kept.items() if entries}
            changed = kept != before
            subject = row.subject
            if (changed and not left) or place_key(subject) in dead:
                subject = ""
            if changed or subject != row.subject:
                self._connection.execute(
                    update(table)
                    .where(table.c.decision_key == row.decision_key)
                    .values(before=json.dumps(left, ensure_ascii=False), subject=subject)
                )

    def _is_gone(self, table_name: str, entry: Entry, dead: frozenset[str]) -> bool:
        name = entry[0]
        ref: str | None = None
        if table_name == _PLACINGS:
            if name["source_key"] == self._key and name[schema.SOURCE_REF] in self._months:
                ref = name[schema.SOURCE_REF]
        elif table_name == _LINKS:
            ref = self._gone_end(
                name["source_key_a"], name["ref_a"], name["source_key_b"], name["ref_b"]
            )
        elif table_name == _REMEMBERED and name[schema.PLACE_KEY] in dead:
            self.found.decisions[self._keys[name[schema.PLACE_KEY]]] += 1
            return True
        if ref is None:
            return False
        self.found.decisions[self._months[ref]] += 1
        return True


def is_retained(state: str, key: str, decision_key: int | None) -> bool:
    """Return whether a placing says that a rule of retention took an incident's place away."""
    return state == schema.GIVEN_UP and key == "" and decision_key is None


def forget_repeats(
    connection: Connection,
    source_key: int,
    *,
    removed: Iterable[str],
    repeated: Mapping[int, Mapping[str, int]],
) -> None:
    """Take out of imports' notes what they repeat of statements that are gone.

    Parameters
    ----------
    connection
        In a writing transaction.
    source_key
        Of the imports' source.
    removed
        References of which statements were taken out.
    repeated
        Notes to add: import → reference → import whose statement it now stands for.
    """
    touched = set(removed)
    for refs in repeated.values():
        touched.update(refs)
    if not touched:
        return
    notes = dict(read_repeats(connection, source_key))
    said: set[tuple[str, int]] = set()
    known = tables.incidents
    query = select(known.c.source_ref).where(
        known.c.source_key == source_key,
        known.c.source_ref.in_(bindparam("values", expanding=True)),
    )
    gone = tables.withdrawn_incidents
    asleep = select(gone.c.source_ref).where(
        gone.c.source_key == source_key,
        gone.c.source_ref.in_(bindparam("values", expanding=True)),
    )
    listed = sorted(touched)
    there = {row[0] for found in (query, asleep) for row in in_parts(connection, found, listed)}
    said.update(read_records(connection, source_key, sorted(there)))
    before = {batch_id: dict(refs) for batch_id, refs in notes.items()}
    for batch_id, refs in repeated.items():
        notes.setdefault(batch_id, {}).update(refs)
    for batch_id, refs in notes.items():
        for ref in refs.keys() & touched:
            if (ref, batch_id) in said or not _leads_on(ref, batch_id, notes, said):
                del refs[ref]
        if refs != before.get(batch_id):
            _write_repeats(connection, batch_id, refs)


def _leads_on(
    ref: str, batch_id: int, notes: Mapping[int, Mapping[str, int]], said: set[tuple[str, int]]
) -> bool:
    """Return whether what an import repeats of an incident is still told by another."""
    seen = set()
    at: int | None = batch_id
    while at is not None and at not in seen:
        if (ref, at) in said:
            return True
        seen.add(at)
        at = notes.get(at, {}).get(ref)
    return False


def _write_repeats(connection: Connection, batch_id: int, refs: Mapping[str, int]) -> None:
    seen: dict[int, list[str]] = {}
    for ref, earlier in refs.items():
        seen.setdefault(earlier, []).append(ref)
    table = tables.batches
    connection.execute(
        update(table).where(table.c.batch_id == batch_id).values(also_seen=pack_seen(seen))
    )
