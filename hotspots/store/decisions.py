"""What a person decides about incidents: where they are, which are one event; each can be undone.

Every decision is one transaction. It keeps the rows it replaces, so that undoing puts back exactly
what was; one whose rows a later decision has changed again can be undone only after that one.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import Connection, Table, delete, insert, select, update

from hotspots import schema
from hotspots.errors import NotFoundError, ParameterError, StoreError
from hotspots.i18n import _
from hotspots.place_text import place_key
from hotspots.store import tables
from hotspots.store.placings import Place, RememberedPlace

PLACED: Final = "place"
GAVE_UP: Final = "give_up"
LINKED: Final = "link"
DISMISSED: Final = "dismiss"
RELEASED: Final = "release"  # a link, or its dismissal, taken back to "not decided"
DECISION_KINDS: Final = (PLACED, GAVE_UP, LINKED, DISMISSED, RELEASED)
_SUBJECT_LENGTH: Final = 200
LARGEST_KEY: Final = 2**31 - 1  # databases take no greater numbers

# Tables that decisions change, and what names a row in each.
_CHANGED: Final[dict[str, tuple[Table, tuple[str, ...]]]] = {
    "placings": (tables.placings, ("source_key", schema.SOURCE_REF)),
    "remembered_places": (tables.remembered_places, (schema.PLACE_KEY,)),
    "links": (tables.links, ("source_key_a", "ref_a", "source_key_b", "ref_b")),
}
_NUMBERED: Final = frozenset({"placing_key", "link_key"})
Row = dict[str, Any]


class StaleDecisionError(ParameterError):
    """What a person decides upon was decided meanwhile; `decision` says how, None: taken back."""

    def __init__(self, message: str, decision: "Decision | None") -> None:
        super().__init__(message)
        self.decision = decision


@dataclass(frozen=True)
class Decision:
    """One decision of a person.

    Attributes
    ----------
    decision_key
        Number, counted up.
    kind
        One of `DECISION_KINDS`.
    subject
        What it is about, for a reader.
    decided_by, decided_at
        Who, and when (ISO, UTC).
    undone_by, undone_at
        Who took it back and when; empty while it holds.
    n_incidents
        Incidents it concerns.
    """

    decision_key: int
    kind: str
    subject: str
    decided_by: str
    decided_at: str
    undone_by: str
    undone_at: str
    n_incidents: int

    @property
    def holds(self) -> bool:
        """Whether it has not been undone."""
        return not self.undone_at


def now() -> str:
    """Return the present moment as the store writes it: ISO, UTC, whole seconds."""
    return datetime.now(UTC).isoformat(timespec="seconds")


class Deciding:
    """The writing side of one decision; all of it is kept, or nothing.

    Parameters
    ----------
    connection
        In a writing transaction.
    kind, subject, user
        As in `Decision`.
    """

    def __init__(self, connection: Connection, *, kind: str, subject: str, user: str) -> None:
        self._connection = connection
        self._before: dict[str, list[list[Row]]] = {}
        self._sources: dict[str, int] = {
            row.source_id: row.source_key
            for row in connection.execute(
                select(tables.sources.c.source_id, tables.sources.c.source_key)
            )
        }
        added = connection.execute(
            insert(tables.decisions).values(
                kind=kind,
                subject=" ".join(subject.split())[:_SUBJECT_LENGTH],
                decided_by=user,
                decided_at=now(),
                before="",
                undone_by="",
                undone_at="",
            )
        )
        key = added.inserted_primary_key
        if key is None:
            raise StoreError(_("the database did not number a new row"))
        self.decision_key = int(key[0])

    def place(self, incident_ids: Sequence[str], place: Place | None, *, key: str) -> None:
        """Place incidents, or say of them that they cannot be placed."""
        for incident_id in incident_ids:
            source_key, ref = self._named(incident_id)
            self._put(
                "placings",
                {"source_key": source_key, schema.SOURCE_REF: ref},
                _place_values(place) | {schema.PLACE_SCORE: None, schema.PLACE_KEY: key},
            )

    def remember(self, text: str, place: Place | None) -> None:
        """Keep a decision for every incident with the same text, now and in later files."""
        self._put(
            "remembered_places",
            {schema.PLACE_KEY: place_key(text)},
            _place_values(place) | {schema.PLACE_TEXT: text},
        )

    def alike(self, text: str) -> list[str]:
        """Return the incidents of the same text that no person has placed."""
        table, names = tables.placings, {key: name for name, key in self._sources.items()}
        query = select(table.c.source_key, table.c.source_ref).where(
            table.c.place_key == place_key(text),
            table.c.place_state.not_in((schema.BY_PERSON, schema.GIVEN_UP)),
        )
        return [f"{names[key]}:{ref}" for key, ref in self._connection.execute(query)]

    def link(
        self, incident_a: str, incident_b: str, *, state: str | None, score: float | None
    ) -> None:
        """Say whether two incidents are one event; `state` None takes back what was said."""
        one, two = sorted((incident_a, incident_b))
        if one == two:
            raise ParameterError(_("an incident cannot be linked to itself"))
        key_a, ref_a = self._named(one)
        key_b, ref_b = self._named(two)
        name = {"source_key_a": key_a, "ref_a": ref_a, "source_key_b": key_b, "ref_b": ref_b}
        values = None if state is None else {schema.LINK_STATE: state, schema.LINK_SCORE: score}
        self._put("links", name, values)

    def require_unchanged(self, incident_a: str, incident_b: str, *, seen: int) -> None:
        """Raise `StaleDecisionError` unless `seen` numbers the decision that a pair rests on.

        0 stands for a pair that is open.
        """
        one, two = sorted((incident_a, incident_b))
        key_a, ref_a = self._named(one)
        key_b, ref_b = self._named(two)
        name = {"source_key_a": key_a, "ref_a": ref_a, "source_key_b": key_b, "ref_b": ref_b}
        present = int(_find(self._connection, tables.links, name).get("decision_key", 0))
        if present == seen:
            return
        if not present:
            raise StaleDecisionError(_("what was decided here was taken back meanwhile"), None)
        made = read_decision(self._connection, present)
        raise StaleDecisionError(
            _(
                "{user} decided about this meanwhile (decision {number}); nothing was changed"
            ).format(user=made.decided_by or _("somebody"), number=present),
            made,
        )

    def finish(self) -> int:
        """Keep what was replaced; return the decision's number."""
        table = tables.decisions
        self._connection.execute(
            update(table)
            .where(table.c.decision_key == self.decision_key)
            .values(before=json.dumps(self._before, ensure_ascii=False))
        )
        return self.decision_key

    def _named(self, incident_id: str) -> tuple[int, str]:
        source_id, colon, ref = incident_id.partition(":")
        key = self._sources.get(source_id)
        found = None
        if colon and key is not None:
            table = tables.incidents
            found = self._connection.execute(
                select(table.c.row_key).where(table.c.source_key == key, table.c.source_ref == ref)
            ).first()
        if key is None or found is None:
            raise NotFoundError(_("there is no incident '{name}'").format(name=incident_id[:100]))
        return key, ref

    def _put(self, table_name: str, name: Row, values: Row | None) -> None:
        table, _key = _CHANGED[table_name]
        former = _find(self._connection, table, name)
        self._before.setdefault(table_name, []).append([name, former])
        if values is None:
            self._connection.execute(delete(table).where(*_named_by(table, name)))
            return
        row = name | values | {"decision_key": self.decision_key}
        _write(self._connection, table, name, row, is_there=bool(former))


def _place_values(place: Place | None) -> Row:
    if place is None:
        return {
            schema.X: None,
            schema.Y: None,
            schema.PLACE_METHOD: "none",
            schema.PLACE_PRECISION_M: None,
            schema.PLACE_MATCHED: "",
            schema.PLACE_STATE: schema.GIVEN_UP,
        }
    return {
        schema.X: place.x,
        schema.Y: place.y,
        schema.PLACE_METHOD: place.method,
        schema.PLACE_PRECISION_M: place.precision_m,
        schema.PLACE_MATCHED: place.matched,
        schema.PLACE_STATE: schema.BY_PERSON,
    }


def _named_by(table: Table, name: Row) -> list[Any]:
    return [table.c[column] == value for column, value in name.items()]


def _find(connection: Connection, table: Table, name: Row) -> Row:
    """Return the row of that name as plain values, nothing where there is none."""
    found = connection.execute(select(table).where(*_named_by(table, name))).mappings().first()
    return {k: v for k, v in found.items() if k not in _NUMBERED} if found is not None else {}


def _write(connection: Connection, table: Table, name: Row, row: Row, *, is_there: bool) -> None:
    if is_there:
        connection.execute(update(table).where(*_named_by(table, name)).values(row))
    else:
        connection.execute(insert(table).values(row))


def undo(connection: Connection, decision_key: int, *, user: str) -> tuple[str, ...]:
    """Put back what a decision replaced; return keys of texts whose later incidents wait again.

    Raises
    ------
    NotFoundError
        There is no such decision.
    ParameterError
        It is undone already, or a later decision stands on it.
    """
    table = tables.decisions
    found = connection.execute(select(table).where(table.c.decision_key == decision_key)).first()
    if found is None:
        raise NotFoundError(_("there is no decision {number}").format(number=decision_key))
    if found.undone_at:
        raise ParameterError(_("decision {number} is undone already").format(number=decision_key))
    before: dict[str, list[list[Row]]] = json.loads(found.before)
    for table_name, rows in before.items():
        changed, _key = _CHANGED[table_name]
        for name, former in reversed(rows):
            present = _find(connection, changed, name)
            # A link taken back has left no row behind.
            as_left = not present if found.kind == RELEASED else _is_of(present, decision_key)
            if not as_left:
                raise ParameterError(
                    _(
                        "a later decision about the same incident stands on decision {number}; "
                        "undo that one first"
                    ).format(number=decision_key)
                )
            if former:
                _write(connection, changed, name, former, is_there=bool(present))
            elif present:
                connection.execute(delete(changed).where(*_named_by(changed, name)))
    # Incidents of later files that took the decision over by their text wait again.
    placings = tables.placings
    waiting = {
        schema.X: None,
        schema.Y: None,
        schema.PLACE_METHOD: "none",
        schema.PLACE_PRECISION_M: None,
        schema.PLACE_MATCHED: "",
        schema.PLACE_STATE: schema.NOT_FOUND,
        "decision_key": None,
    }
    taken_over = placings.c.decision_key == decision_key
    keys = connection.execute(select(placings.c.place_key).where(taken_over).distinct()).scalars()
    waiting_again = tuple(sorted(key for key in keys if key))
    connection.execute(update(placings).where(taken_over).values(waiting))
    connection.execute(
        update(table)
        .where(table.c.decision_key == decision_key)
        .values(undone_by=user, undone_at=now())
    )
    return waiting_again


def _is_of(row: Row, decision_key: int) -> bool:
    return bool(row) and row["decision_key"] == decision_key


def read_decisions(
    connection: Connection, *, limit: int, kinds: Iterable[str], skip: int = 0, after: int = 0
) -> list[Decision]:
    """Return the last decisions numbered above `after`, newest first, without the first `skip`."""
    table = tables.decisions
    query = select(table).order_by(table.c.decision_key.desc()).limit(limit).offset(skip)
    chosen = tuple(kinds)
    if chosen:
        query = query.where(table.c.kind.in_(chosen))
    if after:
        query = query.where(table.c.decision_key > after)
    return [_decision(row) for row in connection.execute(query)]


def read_decision(connection: Connection, decision_key: int) -> Decision:
    """Return one decision; raise `NotFoundError` where there is none."""
    table = tables.decisions
    row = None
    if 0 < decision_key <= LARGEST_KEY:
        query = select(table).where(table.c.decision_key == decision_key)
        row = connection.execute(query).first()
    if row is None:
        raise NotFoundError(_("there is no decision {number}").format(number=decision_key))
    return _decision(row)


def _decision(row: Any) -> Decision:
    return Decision(
        decision_key=row.decision_key,
        kind=row.kind,
        subject=row.subject,
        decided_by=row.decided_by,
        decided_at=row.decided_at,
        undone_by=row.undone_by,
        undone_at=row.undone_at,
        n_incidents=_n_incidents(json.loads(row.before)),
    )


def _n_incidents(before: dict[str, list[list[Row]]]) -> int:
    named = {(n["source_key"], n["source_ref"]) for n, _f in before.get("placings", [])}
    for name, _former in before.get("links", []):
        named.add((name["source_key_a"], name["ref_a"]))
        named.add((name["source_key_b"], name["ref_b"]))
    return len(named)


def read_remembered(connection: Connection) -> dict[str, RememberedPlace]:
    """Return what is decided for texts of places, by their key."""
    table = tables.remembered_places
    found = {}
    for row in connection.execute(select(table)):
        place = None
        if row.place_state == schema.BY_PERSON:
            place = Place(row.x, row.y, row.place_method, row.place_precision_m, row.place_matched)
        found[row.place_key] = RememberedPlace(row.place_text, place, row.decision_key)
    return found
