"""The page `/links`: pairs of incidents that may be one event, decided by a person."""

from dataclasses import dataclass, replace
from threading import Lock
from typing import Any, Final

import pandas as pd
from flask import (
    Blueprint,
    Response,
    current_app,
    make_response,
    redirect,
    render_template,
    request,
    url_for,
)
from werkzeug.datastructures import MultiDict

from hotspots import schema
from hotspots.accounts.audit import CORRECTION, NOTES_VIEWED, READ_LIST
from hotspots.analysis import events, links, links_words
from hotspots.analysis.links import OPEN, STATES, Pair, Side
from hotspots.errors import NotFoundError, ParameterError
from hotspots.i18n import LANGUAGES, _
from hotspots.offences import offence_label
from hotspots.store import Store
from hotspots.store.decisions import (
    DISMISSED,
    LINKED,
    RELEASED,
    Decision,
    StaleDecisionError,
)
from web import texts
from web.access import Right
from web.answers import answers, retried
from web.auth import may, user_name
from web.cache import LruCache
from web.recording import record_before, record_done

bp = Blueprint("links", __name__)
SOURCES: Final = "sources"
DUPLICATES: Final = "duplicates"
VIEWS: Final = (SOURCES, DUPLICATES)
PAGE: Final = 10
HISTORY: Final = 6
MOST_PAGES: Final = 100_000  # of decisions
_LONGEST_NUMBER: Final = 9
_LONGEST_ID: Final = 400
_CONFLICT: Final = 409
_CACHE: Final = "hotspots_links"
_OPEN: Final = "hotspots_links_open"
# One decision at a time: what two browsers send about one pair is decided in order.
_deciding = Lock()


@bp.record_once
def _remember(state: Any) -> None:
    state.app.extensions[_CACHE] = LruCache(len(VIEWS))
    state.app.extensions[_OPEN] = LruCache(1)


def remembered_open(version: str) -> int:
    """Return how many pairs of two sources are open, 0 unless the page has told it of `version`."""
    cache: LruCache[int] = current_app.extensions[_OPEN]
    return cache.peek(version) or 0


@dataclass(frozen=True)
class LinksParams:
    """The state of the page, as its address holds it.

    Attributes
    ----------
    view
        Pairs of two sources, or near-duplicates inside one.
    state
        One of `hotspots.analysis.links.STATES`.
    page
        From 1.
    at
        Pair of the page that is chosen, from 0.
    done, undone
        Number of the decision made or taken back last; 0 for none.
    history
        Page of the last decisions, from 1.
    lang
        Language of the page; empty for the workspace's.
    """

    view: str = SOURCES
    state: str = OPEN
    page: int = 1
    at: int = 0
    done: int = 0
    undone: int = 0
    history: int = 1
    lang: str = ""

    def url(self, **changes: Any) -> str:
        """Return the page's address with some of its state changed; a decision is told once."""
        now = replace(self, **({"done": 0, "undone": 0, "history": 1} | changes))
        usual = LinksParams()
        given = {name: value for name, value in vars(now).items() if value != getattr(usual, name)}
        return url_for("links.show", **given)


@dataclass(frozen=True)
class Late:
    """A decision that was sent after another one about the same pair.

    Attributes
    ----------
    one, two
        The two incidents.
    state
        What the sender meant, one of `schema.LINK_STATES`.
    meanwhile
        Number of the decision on which the pair rests now; 0 where it was taken back.
    """

    one: str
    two: str
    state: str
    meanwhile: int


def parse_params(values: MultiDict[str, str]) -> LinksParams:
    """Return the state that an address or a form holds.

    Raises
    ------
    ParameterError
        A value is not among those known, or no number.
    """
    lang = values.get("lang", "")
    return LinksParams(
        view=_choice(values, "view", VIEWS),
        state=_choice(values, "state", STATES),
        page=_number(values, "page", 1),
        at=_number(values, "at", 0),
        done=_number(values, "done", 0),
        undone=_number(values, "undone", 0),
        history=_number(values, "history", 1),
        lang=lang if lang in LANGUAGES else "",
    )


def _choice(values: MultiDict[str, str], name: str, known: tuple[str, ...]) -> str:
    value = values.get(name) or known[0]
    if value not in known:
        raise ParameterError(
            _("{name} '{value}' is unknown; choose from: {known}").format(
                name=name, value=value[:40], known=", ".join(known)
            )
        )
    return value


def _number(values: MultiDict[str, str], name: str, least: int) -> int:
    text = values.get(name) or str(least)
    if not (text.isascii() and text.isdigit() and len(text) <= _LONGEST_NUMBER):
        raise ParameterError(
            _("{name} must be a whole number, got '{value}'").format(name=name, value=text[:40])
        )
    return max(int(text), least)


@bp.get("/links")
@retried
def show() -> Response:
    """Answer the page."""
    return _page(parse_params(request.args))


@bp.post("/links/decide")
def decide() -> Response:
    """Confirm or dismiss one pair, then show those that are left."""
    params = parse_params(request.form)
    one, two = (request.form.get(name, "")[:_LONGEST_ID] for name in ("one", "two"))
    chosen = request.form.get("decision", "")
    seen = _number(request.form, "seen", 0) if request.form.get("seen") else None
    if chosen not in schema.LINK_STATES:
        raise ParameterError(_("say whether the two are one event or not"))
    try:
        near = one.partition(":")[0] == two.partition(":")[0]
        score = links.score_of(_candidates(near_duplicates=near), one, two)
        with _deciding, answers().store() as store:
            number = links.decide(
                store, one, two, state=chosen, user=user_name(), score=score, seen=seen
            )
    except StaleDecisionError as error:
        late = Late(one, two, chosen, error.decision.decision_key if error.decision else 0)
        return _page(params, notice=str(error), status=_CONFLICT, late=late)
    except (NotFoundError, ParameterError) as error:
        return _page(params, notice=str(error), status=_CONFLICT)
    what = "confirmed" if chosen == schema.CONFIRMED_LINK else "dismissed"
    record_done(CORRECTION, f"{one} = {two}", what=what, decision=number)
    return _to(params.url(done=number))


@bp.post("/links/undo")
def undo() -> Response:
    """Take a decision about a pair back."""
    params = parse_params(request.form)
    number = _number(request.form, "decision", 0)
    try:
        with _deciding, answers().store() as store:
            taken_back = links.undo(store, number, user=user_name())
    except (NotFoundError, ParameterError) as error:
        return _page(params, notice=str(error), status=_CONFLICT)
    record_done(CORRECTION, taken_back.subject, what="link_undone", undoes=number)
    return _to(params.url(undone=number))


def _to(address: str) -> Response:
    answer = make_response(redirect(address, 303))
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _candidates(*, near_duplicates: bool) -> pd.DataFrame:
    """Return the candidates of the data as they are now, remembered until these change."""
    version = answers().known().version
    cache: LruCache[pd.DataFrame] = current_app.extensions[_CACHE]

    def find() -> pd.DataFrame:
        with answers().store() as store:
            found = links.candidates(store, near_duplicates=near_duplicates)
        answers().check(version)
        return found

    return cache.get((version, near_duplicates), find)


def _page(
    params: LinksParams, *, notice: str = "", status: int = 200, late: "Late | None" = None
) -> Response:
    near = params.view == DUPLICATES
    pairs = _candidates(near_duplicates=near)
    with answers().store() as store:
        known = store.read_links()
        joined = links.join_decided(pairs, known, within_source=near)
        is_open = links.choose_pairs(joined)
        version = store.version()
        chosen = is_open if params.state == OPEN else links.choose_pairs(joined, state=params.state)
        n_pages = max(1, -(-len(chosen) // PAGE))
        params = replace(params, page=min(params.page, n_pages))
        first = (params.page - 1) * PAGE
        seen = store.link_decisions()
        shown = links.describe_pairs(store, chosen.iloc[first : first + PAGE])
        together, _seen = events.seen_together(store)
        can_change = may(Right.CORRECT)
        skip = (min(params.history, MOST_PAGES) - 1) * HISTORY
        history = links.decisions(store, limit=HISTORY + 1, skip=skip) if can_change else []
        told = _find_told(store, params, late) if can_change else {}
        sources = store.sources()
    if not near:
        n_open: LruCache[int] = current_app.extensions[_OPEN]
        n_open.get(version, lambda: len(is_open))
    if shown:
        record_before(NOTES_VIEWED, what=READ_LIST, page="links", texts=2 * len(shown))
    labels = {source.source_id: source.label for source in sources}
    against = events.find_contradictions(known)
    ones, twos = (against[name].tolist() for name in (schema.INCIDENT_A, schema.INCIDENT_B))
    inside = [_source(one) == _source(two) for one, two in zip(ones, twos, strict=True)]
    page = render_template(
        "links.html",
        params=replace(params, at=min(params.at, max(len(shown) - 1, 0))),
        pairs=[_pair_view(pair, seen) | {"number": number} for number, pair in enumerate(shown)],
        first=first,
        n_open=len(is_open),
        n_shown=len(chosen),
        n_pages=n_pages,
        n_sources=sum(1 for source in sources if source.n_incidents),
        contradictions=links_words.contradictions_text(len(against)) if len(against) else "",
        contradicted_views=[
            (view, n)
            for view, n in ((SOURCES, inside.count(False)), (DUPLICATES, sum(inside)))
            if n
        ],
        states=_states(),
        together=together,
        history=[_decision_view(one, labels) for one in list(history)[:HISTORY]],
        newer=params.url(history=params.history - 1) if params.history > 1 else "",
        older=params.url(history=params.history + 1) if len(history) > HISTORY else "",
        late=_late_view(late, told, labels),
        done=_done(told, params.done, labels, known),
        undone=_told(told, params.undone, labels, holds=False),
        notice=notice,
        can_change=can_change,
        CONFIRMED=schema.CONFIRMED_LINK,
        DISMISSED=schema.DISMISSED_LINK,
    )
    answer = make_response(page, status)
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _find_told(store: Store, params: LinksParams, late: "Late | None") -> dict[int, Decision]:
    """Return the decisions that the page tells of by their numbers."""
    found = {}
    for number in (params.done, params.undone, late.meanwhile if late else 0):
        decision = links.find_decision(store, number) if number else None
        if decision is not None:
            found[number] = decision
    return found


def _late_view(
    late: "Late | None", told: dict[int, Decision], labels: dict[str, str]
) -> dict[str, Any] | None:
    """Return a decision that came too late: what was decided meanwhile, and what was meant."""
    if late is None:
        return None
    made = told.get(late.meanwhile)
    meant = _("the same event") if late.state == schema.CONFIRMED_LINK else _("different events")
    return {
        "one": late.one,
        "two": late.two,
        "state": late.state,
        "seen": late.meanwhile,
        "meant": meant,
        "made": _decision_view(made, labels) if made else None,
    }


def _told(
    told: dict[int, Decision], number: int, labels: dict[str, str], *, holds: bool
) -> dict[str, Any] | None:
    decision = told.get(number)
    if decision is None or decision.holds != holds:
        return None
    return _decision_view(decision, labels)


def _done(
    told: dict[int, Decision], number: int, labels: dict[str, str], known: pd.DataFrame
) -> dict[str, Any] | None:
    """Return what is told of the decision just made: how many records it makes one event, too."""
    view = _told(told, number, labels, holds=True)
    if view is None or told[number].kind != LINKED:
        return view
    n_records = events.count_records(known, told[number].subject.split(" = ")[0])
    return view | {"records": links_words.joined_text(n_records) if n_records > 2 else ""}


def _states() -> list[tuple[str, str]]:
    return [
        (OPEN, _("to decide")),
        (schema.CONFIRMED_LINK, _("the same event")),
        (schema.DISMISSED_LINK, _("different events")),
        (links.ALL, _("all")),
    ]


def _decision_view(decision: Decision, labels: dict[str, str]) -> dict[str, Any]:
    words = {
        LINKED: _("The same event"),
        DISMISSED: _("Different events"),
        RELEASED: _("Open again"),
    }
    return {
        "key": decision.decision_key,
        "what": words[decision.kind],
        "subject": _named(
            decision.subject, labels, sign="≠" if decision.kind == DISMISSED else "="
        ),
        "who": decision.decided_by,
        "when": texts.moment_text(decision.decided_at),
        "holds": decision.holds,
        "state": {LINKED: schema.CONFIRMED_LINK, DISMISSED: schema.DISMISSED_LINK}.get(
            decision.kind, OPEN
        ),
    }


def _source(incident_id: str) -> str:
    return incident_id.partition(":")[0]


def _named(subject: str, labels: dict[str, str], *, sign: str) -> str:
    """Return the two incidents of a decision, their sources by label."""
    named = []
    for incident_id in subject.split(" = "):
        source, colon, reference = incident_id.partition(":")
        named.append(f"{labels.get(source, source)} {reference}" if colon else incident_id)
    return f" {sign} ".join(named)


def _pair_view(pair: Pair, seen: dict[tuple[str, str], int]) -> dict[str, Any]:
    """Return what the page says of a pair."""
    return {
        "likelihood": links_words.likelihood_label(pair),
        "is_probable": pair.is_probable,
        "score": links_words.score_text(pair),
        "facts": [
            text
            for text in (
                links_words.gap_text(pair),
                links_words.distance_text(pair),
                links_words.offence_text(pair),
            )
            if text
        ],
        "records": links_words.records_text(pair),
        "contradicted": links_words.contradicted_text() if pair.is_contradicted else "",
        "state": pair.state,
        "seen": seen.get((pair.one.incident_id, pair.two.incident_id), 0),
        "decided_by": pair.decided_by,
        "sides": [_side_view(side) for side in (pair.one, pair.two)],
        "day": pair.one.first.date().isoformat() if pair.one.first else "",
    }


def _side_view(side: Side) -> dict[str, Any]:
    return {
        "id": side.incident_id,
        "reference": side.incident_id.partition(":")[2],
        "source": side.source_label,
        "time": links_words.time_text(side),
        "offences": ", ".join(offence_label(group) for group in side.groups),
        "words": side.offence_words,
        "place": links_words.place_of_side(side),
    }
