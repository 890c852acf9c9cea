"""Incidents that wait for a place: grouped by the text of the place, most frequent first."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from hashlib import sha256
from typing import Any, Final

import pandas as pd

from hotspots import schema
from hotspots.errors import NotFoundError, ParameterError
from hotspots.i18n import _, format_day
from hotspots.place_text import place_key
from hotspots.store import Decision, Store
from hotspots.store.decisions import GAVE_UP, PLACED

PLACE_DECISIONS: Final = (PLACED, GAVE_UP)
COLUMNS_READ: Final = (
    schema.INCIDENT_ID,
    schema.SOURCE,
    schema.OCCURRED_FROM,
    schema.OCCURRED_TO,
    schema.TIME_PRECISION,
    schema.OFFENCE,
    schema.X,
    schema.PLACE_TEXT,
    schema.BATCH_ID,
    schema.DISPLACED,
)
_ID_LENGTH: Final = 16
_SHOWN: Final = 80
_DECISIONS_SEARCHED: Final = 200


class NotWaitingError(NotFoundError):
    """An incident or text does not wait for a place, or not any more."""


@dataclass(frozen=True)
class WaitingIncident:
    """One incident without a place; its note is never part of it.

    Attributes
    ----------
    incident_id, source, time_precision, offence, batch_id
        As in the incident table.
    occurred_from, occurred_to
        Prague wall clock; None where unknown.
    name
        What names it in addresses of pages: says nothing about it.
    """

    incident_id: str
    source: str
    occurred_from: pd.Timestamp | None
    occurred_to: pd.Timestamp | None
    time_precision: str
    offence: str
    batch_id: int

    @property
    def name(self) -> str:
        """Return what names it in addresses."""
        return _digest("incident", self.incident_id)


@dataclass(frozen=True)
class WaitingText:
    """Incidents that wait with the same text, or one that has no text to be known by.

    Attributes
    ----------
    item_id
        What names it in addresses of pages: says nothing about the text.
    key
        `place_text.place_key` of the text; empty where a decision cannot be remembered.
    text
        The most frequent spelling.
    state
        `schema.DOUBTFUL` where one of them has candidates, else `schema.NOT_FOUND`.
    incidents
        Latest first; those without a time last.
    """

    item_id: str
    key: str
    text: str
    state: str
    incidents: tuple[WaitingIncident, ...]

    @property
    def n_incidents(self) -> int:
        """How many incidents wait with this text."""
        return len(self.incidents)

    @property
    def sources(self) -> tuple[str, ...]:
        """Ids of their sources, sorted."""
        return tuple(sorted({one.source for one in self.incidents}))

    @cached_property
    def offences(self) -> tuple[tuple[str, int], ...]:
        """Leading offences and how many incidents have each, most frequent first."""
        found = Counter(one.offence for one in self.incidents)
        return tuple(sorted(found.items(), key=lambda item: (-item[1], item[0])))

    @cached_property
    def days(self) -> tuple[date, date] | None:
        """First and last day; None where no incident says its day."""
        known = [one.occurred_from for one in self.incidents if one.occurred_from is not None]
        return (min(known).date(), max(known).date()) if known else None

    def incident(self, name: str) -> WaitingIncident:
        """Return one of its incidents by `WaitingIncident.name` or by its id.

        Raises
        ------
        NotWaitingError
            None of them is called so.
        """
        for one in self.incidents:
            if name in (one.name, one.incident_id):
                return one
        raise NotWaitingError(
            _("incident '{name}' does not wait for a place with the text '{text}'").format(
                name=name[:_SHOWN], text=self.text[:_SHOWN]
            )
        )


@dataclass(frozen=True)
class WaitingList:
    """All that waits, in the order in which a person does best to go through it.

    Attributes
    ----------
    items
        Most incidents first, then the latest, then by text; those without a text come last.
    """

    items: tuple[WaitingText, ...]

    @property
    def n_incidents(self) -> int:
        """How many incidents wait."""
        return sum(item.n_incidents for item in self.items)

    @property
    def n_without_text(self) -> int:
        """How many of them have no text to be placed by."""
        return sum(item.n_incidents for item in self.items if not item.key)

    def chosen(self, *, source: str = "", batch: int | None = None) -> "WaitingList":
        """Return the texts with an incident of a source and of an import; each stays whole.

        One decision settles all incidents of a text, so those of other files stay with it.
        """
        return WaitingList(
            tuple(
                item
                for item in self.items
                if any(
                    (not source or one.source == source)
                    and (batch is None or one.batch_id == batch)
                    for one in item.incidents
                )
            )
        )

    def by_batch(self) -> Counter[int]:
        """Return how many incidents wait by the import that told of them last."""
        return Counter(one.batch_id for item in self.items for one in item.incidents)

    def position(self, item_id: str) -> int | None:
        """Return the place of an item in the list, None where it is not there."""
        return next((k for k, item in enumerate(self.items) if item.item_id == item_id), None)

    def find(self, name: str) -> WaitingText:
        """Return what waits by its id, by an incident's id, or by the text however written.

        Raises
        ------
        NotWaitingError
            Nothing of that name waits.
        """
        key = place_key(name)
        for item in self.items:
            if name == item.item_id or (key and key == item.key):
                return item
        for item in self.items:
            if any(name in (one.incident_id, one.name) for one in item.incidents):
                return item
        raise NotWaitingError(
            _(
                "nothing waits for a place under '{name}'; hotspots waiting list shows what does"
            ).format(name=name[:_SHOWN])
        )


def list_waiting(store: Store, *, batch: int | None = None, source: str = "") -> WaitingList:
    """Return which incidents wait for a person to say where they are.

    These have no position, whether their text was doubtful, was not found, or says nothing; those
    that a person gave up are left out, as are those whose positions the publisher displaces.

    Parameters
    ----------
    store
        Of the workspace.
    batch, source
        Only texts with an incident of this import, or of this source; see `WaitingList.chosen`.

    Raises
    ------
    StoreError
        The database cannot be read.
    """
    incidents = store.read_incidents(columns=COLUMNS_READ)
    unplaced = incidents[incidents[schema.X].isna()]
    if unplaced.empty:
        return WaitingList(())
    placings = store.read_placings(states=(*schema.WAITING_STATES, schema.GIVEN_UP))
    named = placings[schema.SOURCE].astype(str) + ":" + placings[schema.SOURCE_REF].astype(str)
    states = dict(zip(named, placings[schema.PLACE_STATE].astype(str), strict=True))
    groups: dict[str, list[tuple[WaitingIncident, str, str]]] = {}
    keys: dict[str, str] = {}
    columns = [unplaced[name].tolist() for name in COLUMNS_READ]
    for incident_id, of, start, end, precision, offence, _x, text, batch_id, displaced in zip(
        *columns, strict=True
    ):
        state = states.get(incident_id, schema.NOT_FOUND)
        if state not in schema.WAITING_STATES or displaced:
            continue
        if text not in keys:
            keys[text] = place_key(text)
        name = f"text {keys[text]}" if keys[text] else f"incident {incident_id}"
        one = WaitingIncident(
            incident_id, of, _moment(start), _moment(end), precision, offence, int(batch_id)
        )
        groups.setdefault(name, []).append((one, text, state))
    items = [_group(found, keys) for found in groups.values()]
    return WaitingList(tuple(sorted(items, key=_order))).chosen(source=source, batch=batch)


def decided_meanwhile(store: Store, name: str) -> Decision | None:
    """Return the decision that holds about a text or item that does not wait any more, if any."""
    key = place_key(name)
    for decision in store.decisions(limit=_DECISIONS_SEARCHED, kinds=PLACE_DECISIONS):
        subject = place_key(decision.subject)
        if decision.holds and subject and (subject == key or _digest("text", subject) == name):
            return decision
    return None


def find_waiting(store: Store, waiting: WaitingList, name: str) -> WaitingText:
    """Return what waits under a name; where it was decided upon, say by whom and when.

    Raises
    ------
    NotWaitingError
        It does not wait (any more).
    """
    try:
        return waiting.find(name)
    except NotWaitingError:
        decision = decided_meanwhile(store, name)
        if decision is None:
            raise
        raise NotWaitingError(
            _(
                "'{text}' does not wait any more: {user} decided about it on {day} (decision "
                "{number}); nothing was changed now"
            ).format(
                text=decision.subject[:_SHOWN],
                user=decision.decided_by or _("somebody"),
                day=format_day(date.fromisoformat(decision.decided_at[:10])),
                number=decision.decision_key,
            )
        ) from None


def item_id_of(text: str) -> str:
    """Return what names incidents with this text in addresses; empty where none can be named."""
    key = place_key(text)
    return _digest("text", key) if key else ""


def require_known_source(store: Store, source: str) -> None:
    """Raise `ParameterError` unless the store has this source, or none is asked for."""
    known = [one.source_id for one in store.sources()]
    if source and source not in known:
        raise ParameterError(
            _("there is no source '{name}'; known are: {known}").format(
                name=source[:_SHOWN], known=", ".join(known) or "–"
            )
        )


def _group(found: Sequence[tuple[WaitingIncident, str, str]], keys: dict[str, str]) -> WaitingText:
    """Return the incidents of one text together."""
    incidents = sorted((one for one, _text, _state in found), key=_latest_first)
    text = _most_frequent(text for _one, text, _state in found)
    key = keys[text]
    is_doubtful = any(state == schema.DOUBTFUL for _one, _text, state in found)
    return WaitingText(
        item_id=_digest("text", key) if key else _digest("single", incidents[0].incident_id),
        key=key,
        text=text,
        state=schema.DOUBTFUL if is_doubtful else schema.NOT_FOUND,
        incidents=tuple(incidents),
    )


def _most_frequent(texts: Iterable[str]) -> str:
    found = Counter(texts)
    return min(found, key=lambda text: (-found[text], text))


def _latest_first(incident: WaitingIncident) -> tuple[bool, float, str]:
    when = incident.occurred_from
    return when is None, 0.0 if when is None else -when.timestamp(), incident.incident_id


def _order(item: WaitingText) -> tuple[Any, ...]:
    latest = item.incidents[0].occurred_from
    return (
        not item.key,
        -item.n_incidents,
        latest is None,
        0.0 if latest is None else -latest.timestamp(),
        item.text,
        item.item_id,
    )


def _moment(value: Any) -> pd.Timestamp | None:
    return None if pd.isna(value) else pd.Timestamp(value)


def _digest(kind: str, name: str) -> str:
    return sha256(f"{kind} {name}".encode()).hexdigest()[:_ID_LENGTH]
