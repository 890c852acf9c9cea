"""Erasing what texts say of a person: every copy in one transaction, counts and places as before.

A statement whose texts are changed gets the fingerprint of its new content, and its incident is
noted in `erased_texts`: when its file comes again, these texts stand for the file's
(`hotspots.store.erased`), so that it is unchanged and the erased words stay out.
"""

import json
import secrets
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
from sqlalchemy import Connection, bindparam, insert, select, update

from hotspots import schema
from hotspots.place_text import ERASED
from hotspots.store import tables
from hotspots.store.copies import (
    ACCOUNT_TEXTS,
    DECIDED,
    IMPORTED,
    PLACED,
    REJECTS_FILE,
    REMEMBERED,
    REPLACED,
    Has,
    account_texts,
    decision_rows,
    source_ids,
    statement_tables,
)
from hotspots.store.decisions import GAVE_UP, now
from hotspots.store.decisions import PLACED as DECIDED_PLACE
from hotspots.store.erased import SPOKEN, read_erased
from hotspots.store.frames import hash_content
from hotspots.store.writing import renew_version

_PART: Final = 2_000
_PLACE_FIELDS: Final = (schema.PLACE_TEXT, schema.PLACE_MATCHED)
Name = tuple[int, str]  # key of the source, reference


@dataclass(frozen=True)
class Rule:
    """What is erased.

    Attributes
    ----------
    has
        Tells whether a text holds what is erased.
    mask
        Returns a text with `ERASED` in its place.
    incidents
        Ids of the incidents whose texts are erased; None means all, and with them what belongs to
        no single incident: names of files and texts of accounts.
    whole_note
        A note that holds it goes whole.
    keep_places
        Texts of places and what they were taken for stay: a street may bear a person's name.
    """

    has: Has
    mask: Callable[[str], str]
    incidents: frozenset[str] | None = None
    whole_note: bool = False
    keep_places: bool = False

    def clean(self, name: str, text: str) -> str:
        """Return what stays of the text of a column."""
        if not text or (self.keep_places and name in _PLACE_FIELDS) or not self.has(text):
            return text
        return "" if self.whole_note and name == schema.NOTE else self.mask(text)


@dataclass
class ErasedCopies:
    """What was erased: number of texts by kind of copy, ids of incidents, lists to be renamed."""

    texts: Counter[str] = field(default_factory=Counter)
    incidents: set[str] = field(default_factory=set)
    lists: dict[Path, Path] = field(default_factory=dict)


class Erasure:
    """The writing side of one erasure.

    Parameters
    ----------
    connection
        In a writing transaction that overwrites what it removes (`store.wiping`).
    rule
        What goes.
    user
        Who erases it.
    """

    def __init__(self, connection: Connection, rule: Rule, *, user: str) -> None:
        self._connection = connection
        self._rule = rule
        self._user = user
        self._sources = source_ids(connection)
        self._new_keys: dict[str, str] = {}
        self._done = ErasedCopies()

    def run(self) -> ErasedCopies:
        """Erase every copy and note which incidents it was."""
        spoken: set[Name] = set()
        for kind, table, key, origin in statement_tables():
            spoken |= self._statements(kind, table, key, origin)
        self._note(spoken)
        self._remembered(self._names_by_key())
        self._placings()
        self._decisions()
        if self._rule.incidents is None:
            self._imports()
        if self._done.texts:
            renew_version(self._connection)
        return self._done

    def _is_chosen(self, name: Name) -> bool:
        chosen = self._rule.incidents
        return chosen is None or self._id(name) in chosen

    def _are_chosen(self, names: Iterable[Name]) -> bool:
        """Return whether something belongs to chosen incidents and to no other."""
        found = list(names)
        return self._rule.incidents is None or (
            bool(found) and all(self._is_chosen(name) for name in found)
        )

    def _id(self, name: Name) -> str:
        return f"{self._sources.get(name[0], '')}:{name[1]}"

    # --- what files said -------------------------------------------------------------------
    def _statements(self, kind: str, table: Any, key: Any, origin: Any) -> set[Name]:
        named = table if "source_key" in table.c else tables.incidents
        query = select(
            key, named.c.source_key, named.c.source_ref, *(table.c[name] for name in SPOKEN)
        ).select_from(origin)
        changed: dict[int, dict[str, str]] = {}
        names: set[Name] = set()
        for row_key, source_key, ref, *texts in self._connection.execute(query):
            said = dict(zip(SPOKEN, texts, strict=True))
            left = {name: self._rule.clean(name, text) for name, text in said.items()}
            n_changed = sum(left[name] != said[name] for name in SPOKEN)
            if n_changed and self._is_chosen((source_key, ref)):
                changed[row_key] = left
                names.add((source_key, ref))
                self._done.texts[kind] += n_changed
        keys = list(changed)
        for start in range(0, len(keys), _PART):
            self._rewrite(table, key, {k: changed[k] for k in keys[start : start + _PART]})
        return names

    def _rewrite(self, table: Any, key: Any, changed: dict[int, dict[str, str]]) -> None:
        """Give statements their new texts and the fingerprint of what they say now."""
        traits = tables.traits
        content = [
            traits.c[name] if name in tables.TRAIT_COLUMNS else table.c[name]
            for name in tables.CONTENT_COLUMNS
        ]
        query = (
            select(key.label("statement_key"), *content)
            .select_from(table.join(traits, traits.c.trait_key == table.c.trait_key))
            .where(key.in_(list(changed)))
        )
        rows = [dict(row) for row in self._connection.execute(query).mappings()]
        keys = [row.pop("statement_key") for row in rows]
        for row, statement_key in zip(rows, keys, strict=True):
            row.update(changed[statement_key])
        frame = _content_frame(rows)
        values = [
            {"of_key": statement_key, "new_hash": digest, **changed[statement_key]}
            for statement_key, digest in zip(keys, hash_content(frame), strict=True)
        ]
        self._connection.execute(
            update(table)
            .where(key == bindparam("of_key"))
            .values(
                content_hash=bindparam("new_hash"), **{name: bindparam(name) for name in SPOKEN}
            ),
            values,
        )

    def _note(self, names: set[Name]) -> None:
        """Note that these incidents' texts stay out when their files come again."""
        known: dict[int, frozenset[str]] = {}
        rows = []
        for source_key, ref in sorted(names):
            self._done.incidents.add(self._id((source_key, ref)))
            if source_key not in known:
                known[source_key] = read_erased(self._connection, source_key)
            if ref not in known[source_key]:
                rows.append(
                    {
                        "source_key": source_key,
                        schema.SOURCE_REF: ref,
                        "erased_by": self._user,
                        "erased_at": now(),
                    }
                )
        if rows:
            self._connection.execute(insert(tables.erased_texts), rows)

    # --- places ----------------------------------------------------------------------------
    def _names_by_key(self) -> dict[str, list[Name]]:
        """Return the incidents that stand under each key of a text."""
        table = tables.placings
        found: dict[str, list[Name]] = {}
        query = select(table.c.place_key, table.c.source_key, table.c.source_ref)
        for key, source_key, ref in self._connection.execute(query.where(table.c.place_key != "")):
            found.setdefault(key, []).append((source_key, ref))
        return found

    def _key_instead(self, key: str) -> str:
        """Return what names a remembered place from now on: no text of a file has such a key."""
        if key not in self._new_keys:
            self._new_keys[key] = f"{ERASED} {secrets.token_hex(8)}"
        return self._new_keys[key]

    def _remembered(self, names_by_key: dict[str, list[Name]]) -> None:
        if self._rule.keep_places:
            return
        table = tables.remembered_places
        for row in self._connection.execute(select(table)).fetchall():
            left = {name: self._rule.clean(name, getattr(row, name)) for name in _PLACE_FIELDS}
            n_changed = sum(left[name] != getattr(row, name) for name in _PLACE_FIELDS)
            if not n_changed or not self._are_chosen(names_by_key.get(row.place_key, ())):
                continue
            own = row.place_key
            if self._rule.has(own) or left[schema.PLACE_TEXT] != row.place_text:
                own = self._key_instead(own)
            self._connection.execute(
                update(table)
                .where(table.c.place_key == row.place_key)
                .values(**left, **{schema.PLACE_KEY: own})
            )
            self._done.texts[REMEMBERED] += n_changed

    def _placings(self) -> None:
        if self._rule.keep_places:
            return
        table = tables.placings
        query = select(
            table.c.placing_key,
            table.c.source_key,
            table.c.source_ref,
            table.c.place_matched,
            table.c.place_key,
        )
        for row in self._connection.execute(query).fetchall():
            if not self._is_chosen((row.source_key, row.source_ref)):
                continue
            matched = self._rule.clean(schema.PLACE_MATCHED, row.place_matched)
            # A text with an erased part has no key; see `place_text.place_key`.
            key = "" if self._rule.has(row.place_key) else row.place_key
            if (matched, key) == (row.place_matched, row.place_key):
                continue
            self._connection.execute(
                update(table)
                .where(table.c.placing_key == row.placing_key)
                .values(place_matched=matched, place_key=key)
            )
            if matched != row.place_matched:
                self._done.texts[PLACED] += 1
                self._done.incidents.add(self._id((row.source_key, row.source_ref)))

    # --- decisions -------------------------------------------------------------------------
    def _decisions(self) -> None:
        table = tables.decisions
        for row in self._connection.execute(select(table)).fetchall():
            before = json.loads(row.before)
            if not self._are_chosen(_decided_upon(before)):
                continue
            n_changed = 0 if self._rule.keep_places else self._clean_replaced(before)
            subject = row.subject
            is_place = row.kind in {DECIDED_PLACE, GAVE_UP}
            if not (self._rule.keep_places and is_place) and self._rule.has(subject):
                subject = self._rule.mask(subject)
                self._done.texts[DECIDED] += 1
            text = json.dumps(before, ensure_ascii=False)
            if subject == row.subject and before == json.loads(row.before):
                continue
            self._done.texts[REPLACED] += n_changed
            self._connection.execute(
                update(table)
                .where(table.c.decision_key == row.decision_key)
                .values(subject=subject, before=text)
            )

    def _clean_replaced(self, before: dict[str, Any]) -> int:
        """Clean the rows that a decision has replaced; return how many texts changed."""
        n_changed = 0
        for kind, name, former in decision_rows(before):
            for column in _PLACE_FIELDS:
                text = former.get(column) or ""
                left = self._rule.clean(column, text)
                if left != text:
                    former[column] = left
                    n_changed += 1
            for values in (name, former):
                key = values.get(schema.PLACE_KEY) or ""
                if kind == "remembered_places" and (key in self._new_keys or self._rule.has(key)):
                    values[schema.PLACE_KEY] = self._key_instead(key)
                elif key and self._rule.has(key):
                    values[schema.PLACE_KEY] = ""
        return n_changed

    # --- imports ---------------------------------------------------------------------------
    def _imports(self) -> None:
        table = tables.batches
        for row in self._connection.execute(select(table)).fetchall():
            account = json.loads(row.account) if row.account else {}
            name = self._rule.clean("file_name", row.file_name)
            n_changed = int(name != row.file_name)
            n_changed += sum(self._rule.has(text) for text in account_texts(account))
            if n_changed:
                self._clean_account(account)
                self._connection.execute(
                    update(table)
                    .where(table.c.batch_id == row.batch_id)
                    .values(
                        file_name=name,
                        account=json.dumps(account, ensure_ascii=False) if account else "",
                    )
                )
                self._done.texts[IMPORTED] += n_changed

    def _clean_account(self, account: dict[str, Any]) -> None:
        for name in ACCOUNT_TEXTS:
            if name in account:
                account[name] = self._clean_value(account[name])
        path = account.get(REJECTS_FILE)
        if path and self._rule.has(Path(path).name):
            renamed = Path(path).with_name(self._rule.mask(Path(path).name))
            self._done.lists[Path(path)] = renamed
            account[REJECTS_FILE] = str(renamed)

    def _clean_value(self, value: Any) -> Any:
        if isinstance(value, str):
            return self._rule.clean("", value)
        if isinstance(value, list):
            return [self._clean_value(one) for one in value]
        if isinstance(value, dict):
            return {name: self._clean_value(one) for name, one in value.items()}
        return value


def read_reject_lists(connection: Connection) -> list[Path]:
    """Return where the lists of rejected rows of all imports were written."""
    found = []
    for account in connection.execute(select(tables.batches.c.account)).scalars():
        path = json.loads(account).get(REJECTS_FILE) if account else None
        if path:
            found.append(Path(path))
    return found


def _decided_upon(before: dict[str, Any]) -> list[Name]:
    names: list[Name] = []
    for kind, name, _former in decision_rows(before):
        if kind == "placings":
            names.append((name["source_key"], name[schema.SOURCE_REF]))
        elif kind == "links":
            names += [
                (name["source_key_a"], name["ref_a"]),
                (name["source_key_b"], name["ref_b"]),
            ]
    return names


def _content_frame(rows: list[dict[str, Any]]) -> pd.DataFrame:
    """Return stored values as the frame that `hash_content` takes."""
    columns: dict[str, Any] = {}
    for name in tables.CONTENT_COLUMNS:
        values = [row[name] for row in rows]
        if name in tables.TIME_COLUMNS:
            columns[name] = np.asarray(
                ["NaT" if value is None else np.datetime64(value, "s") for value in values],
                dtype="datetime64[s]",
            )
        elif name in tables.NUMBER_COLUMNS:
            columns[name] = np.asarray(
                [np.nan if value is None else value for value in values], dtype=np.float64
            )
        elif name in tables.FLAG_COLUMNS:
            columns[name] = np.asarray(values, dtype=bool)
        else:
            columns[name] = pd.Series(values, dtype="str")
    return pd.DataFrame(columns, columns=list(tables.CONTENT_COLUMNS))
