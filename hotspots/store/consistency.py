"""What must hold between the rows of the store, checked row by row: every fault with its cure."""

import json
from collections.abc import Callable, Iterable
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, and_, exists, func, or_, select

from hotspots import schema
from hotspots.i18n import _, format_number
from hotspots.periods import Span
from hotspots.place_text import ERASED
from hotspots.settings import Workspace
from hotspots.store import tables
from hotspots.store.decisions import DECISION_KINDS, RELEASED
from hotspots.store.engine import make_engine, reading
from hotspots.store.placings import PERSONS
from hotspots.store.record_steps import RecordStep
from hotspots.store.retention_rules import ACTIONS, LONGEST_MONTHS, read_rules
from hotspots.store.writing import unpack_seen

_PARTS: Final = (
    "new",
    "unchanged",
    "updated",
    "duplicates",
    "outside",
    "not_placed",
    "rejected",
)
_SHOWN: Final = 5
# What a text that somebody has changed by hand can raise when it is read.
_TAMPERED: Final = (KeyError, TypeError, ValueError, AttributeError, IndexError, RecursionError)


class Fault(NamedTuple):
    """One thing that is not as it must be.

    Attributes
    ----------
    about
        What part of the workspace: `incidents`, `accounts`, `layers`, `settings`, `files`.
    text
        What is wrong.
    cure
        What to do.
    """

    about: str
    text: str
    cure: str


def find_faults(workspace: Workspace) -> list[Fault]:
    """Return every fault between the rows of a workspace's incidents, imports and decisions.

    Raises
    ------
    StoreError
        The database cannot be read.
    """
    engine = make_engine(workspace)
    try:
        with reading(engine) as connection:
            return [fault for rule in _RULES for fault in rule(connection)]
    finally:
        engine.dispose()


def _fault(text: str, *, cure: str | None = None) -> Fault:
    usual = _("put back the last backup that passes: hotspots restore FILE DIR")
    return Fault("incidents", text, cure or usual)


def _some(values: Iterable[object]) -> str:
    """Return the first of some values, for a sentence."""
    shown = [str(value) for value in values]
    more = f" … ({format_number(len(shown))})" if len(shown) > _SHOWN else ""
    return ", ".join(shown[:_SHOWN]) + more


def _totals(connection: Connection) -> Iterable[Fault]:
    incidents, traits, sources = tables.incidents, tables.traits, tables.sources
    counted = {
        row.source_key: (row.n, int(row.displaced or 0))
        for row in connection.execute(
            select(
                incidents.c.source_key,
                func.count().label("n"),
                func.sum(traits.c.displaced).label("displaced"),
            )
            .select_from(incidents.join(traits, traits.c.trait_key == incidents.c.trait_key))
            .group_by(incidents.c.source_key)
        )
    }
    for row in connection.execute(select(sources)):
        found = counted.get(row.source_key, (0, 0))
        if found != (row.n_incidents, row.n_displaced):
            yield _fault(
                _(
                    "source {source} says it has {said} incidents, {displaced_said} of them "
                    "displaced; stored are {n} and {displaced}"
                ).format(
                    source=row.source_id,
                    said=format_number(row.n_incidents),
                    displaced_said=format_number(row.n_displaced),
                    n=format_number(found[0]),
                    displaced=format_number(found[1]),
                ),
            )


def _accounts(connection: Connection) -> Iterable[Fault]:
    table = tables.batches
    known = set(connection.execute(select(table.c.batch_id)).scalars())
    for row in connection.execute(select(table).order_by(table.c.batch_id)):
        try:
            account = json.loads(row.account)
            parts = [int(account[name]) for name in _PARTS]
            total = int(account["rows_read"])
        except _TAMPERED:
            yield _fault(
                _("the account of import {number} cannot be read").format(number=row.batch_id)
            )
        else:
            if min(parts) < 0 or sum(parts) != total:
                yield _fault(
                    _(
                        "the account of import {number} does not add up: {rows} rows read, "
                        "{parts} accounted for"
                    ).format(
                        number=row.batch_id,
                        rows=format_number(total),
                        parts=format_number(sum(parts)),
                    )
                )
        try:
            RecordStep.from_json(row.record_before)
            repeated = set(unpack_seen(bytes(row.also_seen or b"")))
        except Exception:  # zlib and json say it in many ways
            yield _fault(
                _("what import {number} noted of earlier imports cannot be read").format(
                    number=row.batch_id
                )
            )
        else:
            if repeated - known:
                yield _fault(
                    _("import {number} repeats import {other}, which does not exist").format(
                        number=row.batch_id, other=_some(sorted(repeated - known))
                    )
                )


def _told_by_undone(connection: Connection) -> Iterable[Fault]:
    batches = tables.batches
    for table, name in (
        (tables.incidents, _("incidents")),
        (tables.incident_versions, _("former versions")),
    ):
        query = (
            select(batches.c.batch_id, func.count().label("n"))
            .select_from(table.join(batches, batches.c.batch_id == table.c.batch_id))
            .where(batches.c.undone_at != "")
            .group_by(batches.c.batch_id)
        )
        for row in connection.execute(query):
            yield _fault(
                _(
                    "import {number} is undone, and yet the store holds what it told: {what} ({n})"
                ).format(number=row.batch_id, n=format_number(row.n), what=name)
            )
    orphans = _without_batch(connection)
    if orphans:
        yield _fault(
            _("incidents are of imports that do not exist: {numbers}").format(
                numbers=_some(orphans)
            )
        )
    versions = tables.incident_versions
    reversed_ = connection.execute(
        select(func.count()).where(versions.c.replaced_by <= versions.c.batch_id)
    ).scalar_one()
    if reversed_:
        yield _fault(
            _("former versions replaced by an earlier import: {n}").format(
                n=format_number(reversed_)
            )
        )


def _without_batch(connection: Connection) -> list[int]:
    incidents, batches = tables.incidents, tables.batches
    known = exists().where(batches.c.batch_id == incidents.c.batch_id)
    query = select(incidents.c.batch_id).where(~known).distinct()
    return sorted(connection.execute(query).scalars())


def _values(connection: Connection) -> Iterable[Fault]:
    incidents = tables.incidents
    half = or_(
        and_(incidents.c.x.is_(None), incidents.c.y.is_not(None)),
        and_(incidents.c.y.is_(None), incidents.c.x.is_not(None)),
    )
    turned = incidents.c.occurred_from > incidents.c.occurred_to
    for condition, text in (
        (half, _("incidents with only one coordinate: {n} ({refs})")),
        (turned, _("incidents that end before they begin: {n} ({refs})")),
    ):
        refs = list(connection.execute(select(incidents.c.source_ref).where(condition)).scalars())
        if refs:
            yield _fault(text.format(n=format_number(len(refs)), refs=_some(refs)))


def _is_known(source_key: Any, ref: Any) -> Any:
    """Return the condition that an incident is stored, or sleeps since its import was undone."""
    stored, gone = tables.incidents, tables.withdrawn_incidents
    return or_(
        exists().where(stored.c.source_key == source_key, stored.c.source_ref == ref),
        exists().where(gone.c.source_key == source_key, gone.c.source_ref == ref),
    )


def _is_undone(decision_key: Any) -> Any:
    decisions = tables.decisions
    return exists().where(decisions.c.decision_key == decision_key, decisions.c.undone_at != "")


def _placings(connection: Connection) -> Iterable[Fault]:
    table = tables.placings
    has_place = table.c.x.is_not(None) & table.c.y.is_not(None)
    has_none = table.c.x.is_(None) & table.c.y.is_(None)
    placed = table.c.place_state.in_((schema.AUTOMATIC, schema.BY_PERSON))
    rules = (
        (
            ~_is_known(table.c.source_key, table.c.source_ref),
            _("places that belong to no incident: {n} ({refs})"),
        ),
        (
            table.c.place_state.not_in(schema.PLACE_STATES),
            _("places in a state that does not exist: {n} ({refs})"),
        ),
        (
            ~(has_place | has_none) | (placed & ~has_place),
            _("places that lack a coordinate: {n} ({refs})"),
        ),
        (
            # One that a rule of retention took away says so without a decision and a description.
            table.c.place_state.in_(PERSONS)
            & table.c.decision_key.is_(None)
            & ~((table.c.place_state == schema.GIVEN_UP) & (table.c.place_key == "")),
            _("places of a person that no decision made: {n} ({refs})"),
        ),
        (
            _is_undone(table.c.decision_key),
            _("places that rest on an undone decision: {n} ({refs})"),
        ),
    )
    for condition, text in rules:
        refs = list(connection.execute(select(table.c.source_ref).where(condition)).scalars())
        if refs:
            yield _fault(text.format(n=format_number(len(refs)), refs=_some(refs)))
    remembered = tables.remembered_places
    n = connection.execute(
        select(func.count()).where(_is_undone(remembered.c.decision_key))
    ).scalar_one()
    if n:
        yield _fault(
            _("remembered places that rest on an undone decision: {n}").format(n=format_number(n))
        )


def _erased(connection: Connection) -> Iterable[Fault]:
    """Check that nothing keeps words that were erased from the text of a place."""
    table, rows = tables.placings, tables.incidents
    joined = table.join(
        rows, and_(rows.c.source_key == table.c.source_key, rows.c.source_ref == table.c.source_ref)
    )
    query = (
        select(table.c.source_ref)
        .select_from(joined)
        .where(rows.c.place_text.contains(ERASED, autoescape=True), table.c.place_key != "")
    )
    refs = list(connection.execute(query).scalars())
    remembered = tables.remembered_places
    refs += connection.execute(
        select(remembered.c.place_text).where(
            remembered.c.place_text.contains(ERASED, autoescape=True),
            ~remembered.c.place_key.startswith(ERASED, autoescape=True),
        )
    ).scalars()
    if refs:
        yield _fault(
            _("places kept under words that were erased: {n} ({refs})").format(
                n=format_number(len(refs)), refs=_some(refs)
            ),
            cure=_("erase them once more: hotspots person erase"),
        )


def _links(connection: Connection) -> Iterable[Fault]:
    table = tables.links
    rules = (
        (
            ~_is_known(table.c.source_key_a, table.c.ref_a)
            | ~_is_known(table.c.source_key_b, table.c.ref_b),
            _("pairs with an incident that does not exist: {n} ({refs})"),
        ),
        (
            table.c.link_state.not_in(schema.LINK_STATES),
            _("pairs in a state that does not exist: {n} ({refs})"),
        ),
        (
            _is_undone(table.c.decision_key),
            _("pairs that rest on an undone decision: {n} ({refs})"),
        ),
    )
    for condition, text in rules:
        rows = connection.execute(select(table.c.ref_a, table.c.ref_b).where(condition)).fetchall()
        if rows:
            refs = _some(f"{row.ref_a} + {row.ref_b}" for row in rows)
            yield _fault(text.format(n=format_number(len(rows)), refs=refs))


def _decisions(connection: Connection) -> Iterable[Fault]:
    """Check that each decision can be read, and that what it changed still rests on it."""
    table = tables.decisions
    known = set(connection.execute(select(table.c.decision_key)).scalars())
    placings, links, remembered = tables.placings, tables.links, tables.remembered_places
    present: dict[str, dict[tuple[Any, ...], int | None]] = {
        "placings": {
            (r.source_key, r.source_ref): r.decision_key
            for r in connection.execute(
                select(placings.c.source_key, placings.c.source_ref, placings.c.decision_key)
            )
        },
        "links": {
            (r.source_key_a, r.ref_a, r.source_key_b, r.ref_b): r.decision_key
            for r in connection.execute(select(links))
        },
        "remembered_places": {
            (r.place_key,): r.decision_key for r in connection.execute(select(remembered))
        },
    }
    names = {
        "placings": ("source_key", "source_ref"),
        "links": ("source_key_a", "ref_a", "source_key_b", "ref_b"),
        "remembered_places": ("place_key",),
    }
    for row in connection.execute(select(table).order_by(table.c.decision_key)):
        try:
            changed = json.loads(row.before)
            rows = [
                (kind, tuple(name[n] for n in names[kind]), former.get("decision_key"))
                for kind, entries in changed.items()
                for name, former in entries
            ]
        except _TAMPERED:
            yield _fault(
                _("what decision {number} replaced cannot be read, so it cannot be undone").format(
                    number=row.decision_key
                )
            )
            continue
        if row.kind not in DECISION_KINDS:
            yield _fault(
                _("decision {number} is of a kind that does not exist").format(
                    number=row.decision_key
                )
            )
        lost = {former for *_rest, former in rows if former is not None} - known
        if lost:
            yield _fault(
                _("decision {number} stands on decision {other}, which does not exist").format(
                    number=row.decision_key, other=_some(sorted(lost))
                )
            )
        if row.undone_at or row.kind == RELEASED:
            continue
        for kind, name, _former in rows:
            # Absent: taken back by a later decision, or gone with its incident by a retention rule.
            if name in present[kind] and (present[kind][name] or 0) < row.decision_key:
                yield _fault(
                    _("decision {number} holds, and yet what it decided is gone").format(
                        number=row.decision_key
                    )
                )
                break


def _records(connection: Connection) -> Iterable[Fault]:
    table, sources = tables.source_records, tables.sources
    joined = table.join(sources, sources.c.source_key == table.c.source_key)
    query = select(sources.c.source_id, table.c.first_day, table.c.last_day).select_from(joined)
    for row in connection.execute(query):
        try:
            Span.parse(f"{row.first_day}..{row.last_day}")
        except ValueError:
            yield _fault(
                _("a period of record of source {source} cannot be read: {text}").format(
                    source=row.source_id, text=f"{row.first_day}..{row.last_day}"[:60]
                ),
                cure=_("set the source's periods anew: hotspots sources set {source}").format(
                    source=row.source_id
                ),
            )
    n = connection.execute(select(func.count()).select_from(tables.store_state)).scalar_one()
    if n != 1:
        yield _fault(_("the store does not say of which version its data are"))


def _retention(connection: Connection) -> Iterable[Fault]:
    for rule in read_rules(connection).values():
        if rule.action not in ACTIONS or not 1 <= rule.months <= LONGEST_MONTHS:
            yield _fault(
                _(
                    "the rule of retention of source {source} cannot be followed: {months} "
                    "months, {action}"
                ).format(source=rule.source_id, months=rule.months, action=rule.action[:40]),
                cure=_(
                    "set it anew: hotspots retention set {source} --months N --action delete"
                ).format(source=rule.source_id),
            )


_RULES: Final[tuple[Callable[[Connection], Iterable[Fault]], ...]] = (
    _totals,
    _accounts,
    _told_by_undone,
    _values,
    _placings,
    _erased,
    _links,
    _decisions,
    _records,
    _retention,
)
