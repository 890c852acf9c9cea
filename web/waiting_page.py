"""The page of incidents that wait for a place: look through them, decide, undo."""

import logging
import math
from functools import partial
from threading import Lock
from typing import Any, Final

from flask import (
    Blueprint,
    Response,
    jsonify,
    make_response,
    redirect,
    render_template,
    request,
    url_for,
)
from werkzeug.datastructures import MultiDict

from hotspots import schema
from hotspots.accounts.audit import CORRECTION, NOTES_VIEWED, READ_LIST, READ_NOTE
from hotspots.analysis.waiting import (
    NotWaitingError,
    WaitingText,
    find_waiting,
    item_id_of,
    require_known_source,
)
from hotspots.analysis.waiting_decisions import (
    Finder,
    OutsideTownError,
    decide,
    find_decision,
    pick_candidate,
    place_at,
    place_of,
    require_unchanged,
    undo_place,
)
from hotspots.errors import HotspotsError, NotFoundError, ParameterError
from hotspots.i18n import _, format_number, ngettext
from hotspots.ingest.placing import Retried, place_waiting
from hotspots.progress import Report
from hotspots.settings import Workspace
from hotspots.store import Place
from hotspots.store.decisions import LARGEST_KEY, StaleDecisionError
from web.access import Right
from web.answers import answers
from web.auth import may, user_name
from web.job_pages import to_job
from web.jobs import INCIDENTS, Outcome, Tell
from web.place_map import allow_tiles
from web.recording import record_before, record_done, start_recorded
from web.waiting_view import (
    LONGEST_QUERY,
    NAME,
    WaitingParams,
    candidate_row,
    find_places,
    next_item,
    page_view,
    parse_params,
    waiting_list,
)

bp = Blueprint("waiting", __name__)
logger = logging.getLogger("hotspots.web")
_CONFLICT: Final = 409
_LONGEST_NUMBER: Final = 9
_LONGEST_DEGREES: Final = 24
_NAMED: Final = 20  # incidents that a line of the audit record names
# One decision at a time: what two browsers send about one text is decided once.
_deciding = Lock()


@bp.get("/waiting")
def show() -> Response:
    """Answer the page."""
    params = parse_params(request.args)
    with answers().store() as store:
        require_known_source(store, params.source)
    return _page(params)


@bp.get("/waiting/search.json")
def search() -> Response:
    """Answer the places that begin as typed in `q`; kept by nobody."""
    typed = request.args.get("q", "").strip()[:LONGEST_QUERY]
    finder = find_places(answers().workspace)
    found = finder.search(typed) if finder and typed else ()
    return _no_store(jsonify(results=[candidate_row(one, prefix="s") for one in found]))


@bp.get("/waiting/at.json")
def at() -> Response:
    """Answer what lies at `lon`, `lat`, and whether that is outside the study area or refused."""
    finder = find_places(answers().workspace)
    if finder is None:
        return _no_store(jsonify(text="", outside="", refused=""))
    answer = {"text": "", "outside": "", "refused": ""}
    try:
        answer["text"] = _pin(request.args, finder, allow_outside=False).matched
    except OutsideTownError as error:
        answer["outside"] = str(error)
    except ParameterError as error:
        answer["refused"] = str(error)
    return _no_store(jsonify(answer))


@bp.get("/waiting/note")
def note() -> Response:
    """Answer the note of one waiting incident; no browser keeps it."""
    params = parse_params(request.args)
    name = request.args.get("incident", "")
    if not params.item or not NAME.fullmatch(name):
        raise ParameterError(_("say which incident's note to show"))
    with answers().store() as store:
        waiting = waiting_list(store, answers().workspace)
        incident = find_waiting(store, waiting, params.item).incident(name)
        rows = store.read_incidents(
            sources=(incident.source,), columns=(schema.INCIDENT_ID, schema.NOTE)
        )
    found = rows.loc[rows[schema.INCIDENT_ID] == incident.incident_id, schema.NOTE].tolist()
    text = str(found[0]).strip() if found else ""
    record_before(NOTES_VIEWED, incident.incident_id, what=READ_NOTE, page="waiting")
    if request.accept_mimetypes.best_match(["text/html", "application/json"]) == "text/html":
        return _no_store(
            make_response(
                render_template("waiting_note.html", note=text, back=params.url(item=params.item))
            )
        )
    return _no_store(jsonify(note=text or _("This incident has no note.")))


@bp.post("/waiting/decide")
def send() -> Response:
    """Take a decision about one text, then show the next."""
    params = parse_params(request.form)
    workspace = answers().workspace
    try:
        with _deciding, answers().store() as store:
            waiting = waiting_list(store, workspace)
            item = find_waiting(store, waiting, params.item)
            require_unchanged(store, item, seen=_seen())
            place = _chosen_place(item)
            only = "" if request.form.get("remember") or not item.key else _only(item)
            after = next_item(
                waiting.chosen(source=params.source, batch=params.batch), item.item_id
            )
            if only and item.n_incidents > 1:
                after = item.item_id  # its other incidents still wait
            made = decide(store, item, place, user=user_name(), only=only)
            concerned = [one.incident_id for one in item.incidents if only in ("", one.name)]
    except OutsideTownError as error:
        return _page(params, notice=str(error), status=400, ask_outside=True)
    except (NotWaitingError, StaleDecisionError) as error:
        return _page(params, notice=str(error), status=_CONFLICT)
    except (ParameterError, NotFoundError) as error:
        return _page(params, notice=str(error), status=400)
    record_done(
        CORRECTION,
        concerned[0],
        what="gave_up" if place is None else "placed",
        decision=made.decision_key,
        incidents=made.n_incidents,
        more=concerned[1:_NAMED],
        remembered=not only,
    )
    return _to(params.url(item=after, done=made.decision_key))


@bp.post("/waiting/undo")
def undo() -> Response:
    """Take a decision back, then show what it was about."""
    params = parse_params(request.form)
    try:
        with _deciding, answers().store() as store:
            keys = undo_place(store, params.done, user=user_name())
            made = find_decision(store, params.done)
    except (ParameterError, NotFoundError) as error:
        return _page(params, notice=str(error), status=_CONFLICT)
    record_done(CORRECTION, what="place_undone", undoes=params.done)
    if keys:
        _place_again(answers().workspace, keys)
    subject = made.subject if made else ""
    return _to(params.url(item=item_id_of(subject) or params.item, undone=params.done))


@bp.post("/waiting/again")
def again() -> Response:
    """Start looking up again all that waits."""
    title = _("Looking up again what waits for a place")
    back = url_for("waiting.show")
    return to_job(
        start_recorded(
            "place-waiting",
            title,
            partial(_look_again, answers().workspace),
            action=CORRECTION,
            details={"what": "look_up_again"},
            about=INCIDENTS,
            back=back,
        )
    )


def _look_again(workspace: Workspace, report: Report, tell: Tell) -> Outcome:
    done = place_waiting(workspace, report=report)
    tell(placed=done.placed, moved=done.moved, waiting=done.waiting)
    return Outcome(
        sentence=_said(done),
        notes=(
            ngettext(
                "{n} incident still waits for a place.",
                "{n} incidents still wait for a place.",
                done.waiting,
            ).format(n=format_number(done.waiting)),
            *done.warnings,
        ),
    )


def _said(done: Retried) -> str:
    if not done.placed:
        return _("Nothing more could be placed.")
    return ngettext(
        "{n} more incident is placed now.", "{n} more incidents are placed now.", done.placed
    ).format(n=format_number(done.placed))


def _place_again(workspace: Workspace, keys: tuple[str, ...]) -> None:
    """Look up again the incidents of later files that had taken over a decision now undone."""
    try:
        done = place_waiting(workspace, keys=keys)
    except HotspotsError:  # as while an import runs; they wait, and can be looked up later
        logger.warning("incidents of an undone decision could not be looked up", exc_info=True)
        return
    for warning in done.warnings:
        logger.warning("%s", warning)


def _seen() -> int:
    """Return the newest decision that the sender of a form had seen; all where it does not say."""
    text = request.form.get("seen", "")
    if not text:
        return LARGEST_KEY
    if not (text.isascii() and text.isdigit() and len(text) <= _LONGEST_NUMBER):
        raise ParameterError(_("the form is broken; load the page again"))
    return int(text)


def _page(
    params: WaitingParams, *, notice: str = "", status: int = 200, ask_outside: bool = False
) -> Response:
    workspace = answers().workspace
    can_change = may(Right.CORRECT)
    with answers().store() as store:
        view = page_view(store, workspace, params, with_decisions=can_change)
    n_texts = len(view["rows"]) + len(view["decisions"])
    if n_texts:
        record_before(NOTES_VIEWED, what=READ_LIST, page="waiting", texts=n_texts)
    # What was chosen for a text that does not wait any more is never put to another one.
    form = {} if view["is_gone"] else request.form
    sent: dict[str, Any] = {
        "choice": form.get("choice", ""),
        "lon": form.get("lon", ""),
        "lat": form.get("lat", ""),
        "remember": not form or bool(form.get("remember")),
        "only": form.get("only", ""),
    }
    page = render_template(
        "waiting.html",
        **view,
        can_change=can_change,
        notice=notice,
        ask_outside=ask_outside,
        sent=sent,
        had_chosen=_had_chosen() if view["is_gone"] else "",
    )
    return allow_tiles(_no_store(make_response(page, status)))


def _had_chosen() -> str:
    """Return in words what a form says that came too late; empty where that has no words."""
    form = request.form
    if form.get("action") == "give_up":
        return _("cannot be placed")
    if form.get("choice") == "pin":
        return _("longitude {lon}, latitude {lat}").format(
            lon=form.get("lon", "")[:_LONGEST_DEGREES], lat=form.get("lat", "")[:_LONGEST_DEGREES]
        )
    return form.get("label", "").strip()[:LONGEST_QUERY]


def _chosen_place(item: WaitingText) -> Place | None:
    """Return the place that the form chooses; None where it says that there is none.

    Raises
    ------
    ParameterError, NotFoundError
        It chooses nothing, or what is not there.
    """
    form = request.form
    action = form.get("action", "place")
    if action == "give_up":
        return None
    if action != "place":
        raise ParameterError(_("choose a place, or say that it cannot be placed"))
    finder = find_places(answers().workspace)
    if finder is None:
        raise NotFoundError(_("There are no layers yet, so no place can be chosen."))
    source, _colon, place_id = form.get("choice", "").partition(":")
    if source == "pin":
        return _pin(form, finder, allow_outside=bool(form.get("outside_ok")))
    if source == "c":
        return place_of(pick_candidate(finder.geocode(item.text).candidates, place_id))
    if source == "s":
        typed = form.get("q", "").strip()[:LONGEST_QUERY]
        return place_of(pick_candidate(finder.search(typed), place_id))
    raise ParameterError(_("Choose a place first: one of the list, or a position on the map."))


def _pin(values: MultiDict[str, str], finder: Finder, *, allow_outside: bool) -> Place:
    lon, lat = (_degrees(values, name) for name in ("lon", "lat"))
    return place_at(answers().workspace, lon, lat, finder=finder, allow_outside=allow_outside)


def _degrees(values: MultiDict[str, str], field: str) -> float:
    text = values.get(field, "").strip().replace(",", ".")
    try:
        number = float(text) if len(text) <= 40 and text.isascii() else math.nan
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise ParameterError(
            _("put the pin on the map first, or write longitude and latitude in degrees")
        )
    return number


def _only(item: WaitingText) -> str:
    """Return the one incident that the form decides upon: the one ticked, else the latest."""
    return request.form.get("only", "") or item.incidents[0].name


def _to(url: str) -> Response:
    return _no_store(make_response(redirect(url, 303)))


def _no_store(response: Response) -> Response:
    response.headers["Cache-Control"] = "no-store"
    return response
