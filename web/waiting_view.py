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
    list_waiting,
)
from hotspots.analysis.waiting_decisions import Finder, why_waiting
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
    lang: str = ""

    def url(self, **changed: Any) -> str:
        """Return the address of the page in this state, other than `changed`.

        What happened last and what is searched for do not go along.
        """
        fields: dict[str, Any] = {"query": "", "done": 0, "undone": 0, "page": 0} | changed
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


def when_text(incident: WaitingIncident) -> str:
    """Return when an incident happened, as exactly as its source says."""
    start, end = incident.occurred_from, incident.occurred_to
    if start is None:
        return _("time unknown")
    day = format_day(start)
    if incident.time_precision == "month":
        return texts.sentence(f"{start:%m}/{start:%Y}")
    if incident.time_precision in {"day", "unknown"}:
        return day
    if end is None or end == start or incident.time_precision in {"minute", "hour"}:
        return f"{day} {start:%H:%M}"
    if end.date() == start.date():
        return f"{day} {start:%H:%M}–{end:%H:%M}"
    return f"{day} {start:%H:%M} – {format_day(end)} {end:%H:%M}"


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
        "detail": when_text(latest) if item.n_incidents == 1 or not item.key else span_of(item),
        "offence": offence_name(latest.offence) if not item.key else "",
        "url": params.url(item=item.item_id),
    }


def span_of(item: WaitingText) -> str:
    """Return from which to which day the incidents of a text happened."""
    if item.days is None:
        return _("time unknown")
    first, last = item.days
    return format_day(first) if first == last else f"{format_day(first)} – {format_day(last)}"


def item_view(item: WaitingText, finder: Finder | None, query: str) -> dict[str, Any]:
    """Return the chosen text with its candidates and incidents."""
    found = finder.geocode(item.text) if finder and item.text.strip() else None
    candidates = [candidate_row(one, prefix="c") for one in found.candidates] if found else []
    results = finder.search(query) if finder and query else ()
    return {
        "item_id": item.item_id,
        "text": item.text.strip(),
        "key": item.key,
        "n": item.n_incidents,
        "span": span_of(item),
        "sources": ", ".join(item.sources),
        "offences": [(offence_name(code), n) for code, n in item.offences],
        "why": why_waiting(item, found)
        if found
        else ("" if item.text.strip() else _("The file says nothing about the place.")),
        "candidates": candidates,
        "results": [candidate_row(one, prefix="s") for one in results],
        "incidents": [
            {
                "name": one.name,
                "when": when_text(one),
                "offence": offence_name(one.offence),
                "source": one.source,
                "batch": one.batch_id,
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
    decisions = store.decisions(limit=SHOWN_DECISIONS, kinds=PLACE_DECISIONS)
    rows = [decision_row(one) for one in decisions] if with_decisions else []
    by_key = {row["key"]: row for row in rows}
    return {
        "params": params,
        "n_incidents": chosen.n_incidents,
        "n_texts": sum(1 for item in chosen.items if item.key),
        "n_without_text": chosen.n_without_text,
        "is_filtered": bool(params.source or params.batch is not None),
        "n_all": everything.n_incidents,
        "sources": sorted({one for item in everything.items for one in item.sources}),
        "rows": [item_row(item, params) for item in chosen.items[first : first + PER_PAGE]],
        "first": first,
        "page": page,
        "n_pages": n_pages,
        "selected": item_view(selected, finder, params.query) if selected else None,
        "at": at,
        "previous": params.url(item=chosen.items[at - 1].item_id) if at else "",
        "next": params.url(item=chosen.items[at + 1].item_id)
        if at is not None and at + 1 < len(chosen.items)
        else "",
        "has_layers": finder is not None,
        "decisions": rows,
        "done": by_key.get(params.done),
        "undone": by_key.get(params.undone),
        "gone": decision_row(gone) if gone and with_decisions else None,
        "is_gone": bool(params.item) and selected is not None and params.item != selected.item_id,
    }


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
