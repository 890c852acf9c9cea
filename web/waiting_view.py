"""What the page of waiting places shows: list, chosen text, candidates, decisions."""

import re
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from flask import request, url_for
from werkzeug.datastructures import MultiDict

from hotspots import crs, offences
from hotspots.analysis.waiting import (
    PLACE_DECISIONS,
    WaitingIncident,
    WaitingList,
    WaitingText,
    decided_meanwhile,
    item_id_of,
    list_waiting,
)
from hotspots.analysis.waiting_decisions import Finder, find_decision, why_waiting
from hotspots.analysis.when_words import when_text
from hotspots.errors import NotFoundError, ParameterError
from hotspots.geocode import Geocoder
from hotspots.geocode.result import Candidate
from hotspots.i18n import _, format_day, format_number, ngettext
from hotspots.settings import Workspace
from hotspots.store import Decision, Store
from hotspots.store.decisions import GAVE_UP
from web import texts
from web.cache import LruCache

PER_PAGE: Final = 50
SHOWN_INCIDENTS: Final = 20
SHOWN_DECISIONS: Final = 8
MOST_PAGES: Final = 100_000  # of decisions
LONGEST_QUERY: Final = 200
NAME: Final = re.compile(r"[0-9a-f]{16}")
_NUMBER: Final = re.compile(r"[0-9]{1,9}")
_SOURCE: Final = re.compile(r"[a-z0-9_-]{1,64}")
_lists: LruCache[WaitingList] = LruCache(2)


@dataclass(frozen=True)
class WaitingParams:
    """State of the page, as its address holds it.

    Attributes
    ----------
    source, batch
        Only texts with an incident of that source, of that import.
    page
        Of the list, from 1; 0 for the one that holds the chosen text.
    item
        `WaitingText.item_id`; empty for the first of the list's page.
    query
        What is searched for in place of the text.
    done, undone
        Number of a decision just made or undone; 0 for none.
    history
        Page of the last decisions, from 1; 0 means the first.
    lang
        Language asked for in the address.
    """

    source: str = ""
    batch: int | None = None
    page: int = 0
    item: str = ""
    query: str = ""
    done: int = 0
    undone: int = 0
    history: int = 0
    lang: str = ""

    def url(self, **changed: Any) -> str:
        """Return the address of the page in this state, other than `changed`.

        What happened last and what is searched for do not go along.
        """
        gone = {"query": "", "done": 0, "undone": 0, "page": 0, "history": 0}
        fields: dict[str, Any] = gone | changed
        state = replace(self, **fields)
        return url_for(
            "waiting.show",
            source=state.source or None,
            batch=state.batch,
            page=state.page if state.page > 1 else None,
            item=state.item or None,
            q=state.query or None,
            done=state.done or None,
            undone=state.undone or None,
            history=state.history if state.history > 1 else None,
            lang=state.lang or None,
        )


def parse_params(values: MultiDict[str, str]) -> WaitingParams:
    """Return the state that a query string or form holds.

    Raises
    ------
    ParameterError
        A field holds what it must not.
    """
    source = values.get("source", "")
    if source and not _SOURCE.fullmatch(source):
        raise _wrong("source", source)
    item = values.get("item", "")
    if item and not NAME.fullmatch(item):
        raise _wrong("item", item)
    lang = values.get("lang", "") or request.args.get("lang", "")
    return WaitingParams(
        source=source,
        batch=_whole(values, "batch") if values.get("batch") else None,
        page=_whole(values, "page"),
        item=item,
        query=values.get("q", "").strip()[:LONGEST_QUERY],
        done=_whole(values, "done"),
        undone=_whole(values, "undone"),
        history=_whole(values, "history"),
        lang=lang if lang in {"cs", "en"} else "",
    )


def _whole(values: MultiDict[str, str], field: str) -> int:
    text = values.get(field, "")
    if text and not (text.isascii() and _NUMBER.fullmatch(text)):
        raise _wrong(field, text)
    return int(text or 0)


def _wrong(field: str, value: str) -> ParameterError:
    return ParameterError(
        _("“{value}” is no value of the field “{field}” of the page of waiting places").format(
            value=value[:80], field=field
        )
    )


def waiting_list(store: Store, workspace: Workspace) -> WaitingList:
    """Return all that waits, remembered until the data change."""
    key = (str(workspace.path), store.version())
    return _lists.get(key, lambda: list_waiting(store))


def remembered_list(store: Store, workspace: Workspace) -> WaitingList | None:
    """Return what `waiting_list` has remembered of the data as they are; None where nothing."""
    return _lists.peek((str(workspace.path), store.version()))


def find_places(workspace: Workspace) -> Finder | None:
    """Return the geocoder of the layers in force; None without layers."""
    try:
        return Geocoder.of_workspace(workspace)
    except NotFoundError:
        return None


def candidate_row(candidate: Candidate, *, prefix: str) -> dict[str, Any]:
    """Return a candidate as the page and its scripts take it; `prefix` says where it comes from."""
    lon, lat = crs.to_wgs84(np.array([candidate.x]), np.array([candidate.y]))
    return {
        "value": f"{prefix}:{candidate.place_id}",
        "label": candidate.matched,
        "detail": _("{kind}, within {n} m").format(
            kind=method_label(candidate.method), n=format_number(candidate.precision_m)
        ),
        "lon": round(float(lon[0]), 6),
        "lat": round(float(lat[0]), 6),
        "precision_m": round(float(candidate.precision_m), 1),
    }


def method_label(method: str) -> str:
    """Return what kind of place a candidate is."""
    return {
        "address": _("house"),
        "corner": _("corner of streets"),
        "street": _("street, its middle"),
        "landmark": _("landmark"),
        "district": _("district, its middle"),
        "town_part": _("town part, its middle"),
        "manual": _("shown on the map"),
    }.get(method, method)


def when_of(incident: WaitingIncident) -> str:
    """Return when an incident happened, as exactly as its source says."""
    return when_text(incident.occurred_from, incident.occurred_to, incident.time_precision)


def offence_name(code: str) -> str:
    """Return the name of an offence group; an unknown one as it is."""
    try:
        return offences.offence_label(code)
    except KeyError:
        return code


def item_row(item: WaitingText, params: WaitingParams) -> dict[str, Any]:
    """Return a text as the list shows it."""
    latest = item.incidents[0]
    return {
        "item_id": item.item_id,
        "text": item.text.strip(),
        "n": item.n_incidents,
        "detail": when_of(latest) if item.n_incidents == 1 or not item.key else span_of(item),
        "offence": offence_name(latest.offence) if not item.key else "",
        "url": params.url(item=item.item_id),
    }


def span_of(item: WaitingText) -> str:
    """Return from which to which day the incidents of a text happened."""
    if item.days is None:
        return _("time unknown")
    first, last = item.days
    return format_day(first) if first == last else f"{format_day(first)} – {format_day(last)}"


def item_view(
    item: WaitingText, finder: Finder | None, query: str, labels: dict[str, str]
) -> dict[str, Any]:
    """Return the chosen text with its candidates and incidents; `labels` names the sources."""
    found = finder.geocode(item.text) if finder and item.text.strip() else None
    candidates = [candidate_row(one, prefix="c") for one in found.candidates] if found else []
    results = finder.search(query) if finder and query else ()
    return {
        "item_id": item.item_id,
        "text": item.text.strip(),
        "key": item.key,
        "n": item.n_incidents,
        "span": span_of(item),
        "sources": ", ".join(labels.get(name, name) for name in item.sources),
        "offences": [(offence_name(code), n) for code, n in item.offences],
        "why": why_waiting(item, found)
        if found
        else ("" if item.text.strip() else _("The file says nothing about the place.")),
        "candidates": candidates,
        "results": [candidate_row(one, prefix="s") for one in results],
        "incidents": [
            {
                "name": one.name,
                "when": when_of(one),
                "offence": offence_name(one.offence),
                "source": labels.get(one.source, one.source),
            }
            for one in item.incidents[:SHOWN_INCIDENTS]
        ],
        "n_more": max(0, item.n_incidents - SHOWN_INCIDENTS),
    }


def decision_row(decision: Decision) -> dict[str, Any]:
    """Return a decision as the list of the last ones shows it."""
    n = decision.n_incidents
    if decision.kind == GAVE_UP:
        what = ngettext("{n} incident cannot be placed", "{n} incidents cannot be placed", n)
    else:
        what = ngettext("{n} incident placed", "{n} incidents placed", n)
    return {
        "key": decision.decision_key,
        "subject": decision.subject,
        "what": what.format(n=format_number(n)),
        "who": decision.decided_by or _("somebody"),
        "when": texts.moment_text(decision.decided_at),
        "holds": decision.holds,
        "undone": _("taken back by {user}").format(user=decision.undone_by or _("somebody"))
        if not decision.holds
        else "",
    }


def page_view(
    store: Store, workspace: Workspace, params: WaitingParams, *, with_decisions: bool
) -> dict[str, Any]:
    """Return all that the template shows.

    Names of those who decided are left out where `with_decisions` is not set.

    Raises
    ------
    StoreError, SourceError
        The database or the layers cannot be read.
    """
    everything = waiting_list(store, workspace)
    chosen = everything.chosen(source=params.source, batch=params.batch)
    at = chosen.position(params.item) if params.item else None
    gone = decided_meanwhile(store, params.item) if params.item and at is None else None
    n_pages = max(1, -(-len(chosen.items) // PER_PAGE))
    page = min(max(params.page, 1), n_pages) if at is None else at // PER_PAGE + 1
    first = (page - 1) * PER_PAGE
    if at is None and chosen.items:
        at = first
    selected = chosen.items[at] if at is not None else None
    finder = find_places(workspace)
    labels = {one.source_id: one.label or one.source_id for one in store.sources()}
    known = {name for item in everything.items for name in item.sources}
    newest = store.decisions(limit=1, kinds=PLACE_DECISIONS)
    return {
        "params": params,
        "n_incidents": chosen.n_incidents,
        "n_texts": sum(1 for item in chosen.items if item.key),
        "n_without_text": chosen.n_without_text,
        "is_filtered": bool(params.source or params.batch is not None),
        "n_all": everything.n_incidents,
        "sources": sorted(
            ((name, labels.get(name, name)) for name in known), key=lambda one: one[1].casefold()
        ),
        "rows": [item_row(item, params) for item in chosen.items[first : first + PER_PAGE]],
        "first": first,
        "page": page,
        "n_pages": n_pages,
        "selected": item_view(selected, finder, params.query, labels) if selected else None,
        "at": at,
        "previous": params.url(item=chosen.items[at - 1].item_id) if at else "",
        "next": params.url(item=chosen.items[at + 1].item_id)
        if at is not None and at + 1 < len(chosen.items)
        else "",
        "has_layers": finder is not None,
        "seen": newest[0].decision_key if newest else 0,
        **_history(store, params, with_decisions=with_decisions),
        "undone_waits": params.undone > 0 and _waits_again(store, everything, params.undone),
        "gone": decision_row(gone) if gone and with_decisions else None,
        "is_gone": bool(params.item) and selected is not None and params.item != selected.item_id,
    }


def _history(store: Store, params: WaitingParams, *, with_decisions: bool) -> dict[str, Any]:
    """Return one page of the decisions, what was decided or taken back last, and the ways on."""
    none: dict[str, Any] = {
        "decisions": [],
        "done": None,
        "undone": None,
        "newer": "",
        "older": "",
    }
    if not with_decisions:
        return none
    page = min(max(params.history, 1), MOST_PAGES)
    made = store.decisions(
        limit=SHOWN_DECISIONS + 1, kinds=PLACE_DECISIONS, skip=(page - 1) * SHOWN_DECISIONS
    )
    told = {
        name: find_decision(store, number) if number else None
        for name, number in (("done", params.done), ("undone", params.undone))
    }
    stay = {"query": params.query, "page": params.page}
    return {
        "decisions": [decision_row(one) for one in made[:SHOWN_DECISIONS]],
        "newer": params.url(history=page - 1, **stay) + "#history-title" if page > 1 else "",
        "older": params.url(history=page + 1, **stay) + "#history-title"
        if len(made) > SHOWN_DECISIONS
        else "",
        **{name: decision_row(one) if one else None for name, one in told.items()},
    }


def _waits_again(store: Store, everything: WaitingList, undone: int) -> bool:
    """Return whether something that a decision taken back was about waits now."""
    made = find_decision(store, undone)
    item_id = item_id_of(made.subject) if made else ""
    return not item_id or everything.position(item_id) is not None


def next_item(chosen: WaitingList, item_id: str) -> str:
    """Return what comes after a text in the list once that is decided; empty for none."""
    at = chosen.position(item_id)
    if at is None:
        return chosen.items[0].item_id if chosen.items else ""
    rest = [*chosen.items[at + 1 :], *chosen.items[:at]]
    return rest[0].item_id if rest else ""


__all__ = [
    "NAME",
    "WaitingParams",
    "candidate_row",
    "find_places",
    "item_row",
    "next_item",
    "page_view",
    "parse_params",
    "waiting_list",
]
