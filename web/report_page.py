"""The form in which an assistant reports from a phone: `/report`, and what it sends."""

import json
import uuid
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import unquote

from flask import Blueprint, Response, jsonify, make_response, render_template, request, session
from flask_wtf.csrf import generate_csrf

from hotspots.accounts.audit import DELETION, IMPORT
from hotspots.errors import HotspotsError, NotFoundError, ParameterError, StoreError
from hotspots.i18n import _
from hotspots.ingest.batches import undo_batch
from hotspots.ingest.reports import (
    ReportConflictError,
    ReportWithdrawnError,
    SavedReport,
    find_report,
    is_report,
    save_report,
)
from web.answers import answers
from web.auth import user_name
from web.layer_parts import no_store
from web.place_map import allow_tiles
from web.recording import record_done
from web.report_fields import Sent, form_fields, read_sent
from web.report_parts import form_parts, manifest, worker_script
from web.security import CONTENT_POLICY, HEADERS

bp = Blueprint("report", __name__)
KEPT_IN_SESSION: Final = 30
# A phone says under which name a report was written, so that it goes under no other one.
WRITTEN_BY: Final = "X-Written-By"
NAME_LENGTH: Final = 80
_SESSION: Final = "reports"


@bp.get("/report")
def show() -> Response:
    """Answer the form, empty."""
    return _page({})


@bp.post("/report")
def send_form() -> Response:
    """Take the plain form of a browser without scripts."""
    fields = form_fields(request.form)
    try:
        sent = read_sent(fields, now=datetime.now(UTC))
        # A plain form that is sent twice has another time of writing the second time.
        batch_id = find_report(answers().workspace, sent.report.report_id)
        saved = _save(sent) if batch_id is None else None
    except (ParameterError, ReportWithdrawnError) as error:
        return _page(fields, fault=str(error), status=400)
    except StoreError as error:
        return _page(fields, fault=str(error), status=503)
    number = saved.batch_id if saved else batch_id
    return _page({}, saved=(sent.report.report_id, number))


@bp.get("/report/token")
def token() -> Response:
    """Answer a fresh token for what is sent next, and who would be its writer."""
    return _answer({"token": generate_csrf(), "user": user_name()})


@bp.post("/report/send")
def send() -> Response:
    """Take a report as JSON; the same one again is answered as already there."""
    written_by = unquote(request.headers.get(WRITTEN_BY, ""))
    if written_by and written_by != user_name():
        text = _("This report was written by {name} and is sent under that name only.")
        content = {"error": text.format(name=written_by[:NAME_LENGTH]), "kind": "other_user"}
        return _answer(content, 409)
    try:
        sent = read_sent(_json(), now=datetime.now(UTC))
        saved = _save(sent)
    except HotspotsError as error:
        return _refusal(error)
    return _answer({"state": "saved" if saved.is_new else "already"})


@bp.post("/report/undo")
def undo() -> Response:
    """Take back a report that this browser sent in this session."""
    as_json = request.is_json
    fields = _json() if as_json else request.form
    report_id = str(fields.get("report_id", "")) if hasattr(fields, "get") else ""
    try:
        _undo(report_id)
    except HotspotsError as error:
        return _refusal(error) if as_json else _page({}, fault=str(error), status=400)
    if as_json:
        return _answer({"state": "withdrawn"})
    return _page({}, told=_("The report has been taken back."))


@bp.get("/report/worker.js")
def worker() -> Response:
    """Answer the worker that keeps the form for when there is no network."""
    response = make_response(worker_script())
    response.mimetype = "text/javascript"
    response.headers["Cache-Control"] = "no-cache"
    response.headers["Service-Worker-Allowed"] = "/report"
    return response


@bp.get("/report/app.webmanifest")
def app_manifest() -> Response:
    """Answer what the home screen of a phone shows of the form."""
    response = jsonify(manifest())
    response.mimetype = "application/manifest+json"
    response.headers["Cache-Control"] = "no-cache"
    return response


def _page(
    fields: dict[str, Any],
    *,
    fault: str = "",
    told: str = "",
    saved: tuple[str, int | None] | None = None,
    status: int = 200,
) -> Response:
    """Answer the form filled in with `fields`, under what became of the last one."""
    page = render_template(
        "report.html",
        fields=fields,
        fault=fault,
        told=told,
        saved=saved,
        # A form sent twice by a slow finger is one report.
        report_id=fields.get("report_id") or str(uuid.uuid4()),
        **form_parts(),
    )
    response = allow_tiles(no_store(page))
    policy = response.headers.get("Content-Security-Policy", CONTENT_POLICY)
    response.headers["Content-Security-Policy"] = f"{policy}; manifest-src 'self'"
    response.headers["Permissions-Policy"] = HEADERS["Permissions-Policy"].replace(
        "geolocation=()", "geolocation=(self)"
    )
    response.status_code = status
    return response


def _json() -> Any:
    try:
        return json.loads(request.get_data())
    except (ValueError, RecursionError):
        return None


def _require_own(report_id: str) -> None:
    """Raise if a report of this id was written by somebody else."""
    batch_id = find_report(answers().workspace, report_id)
    if batch_id is None:
        return
    with answers().store() as store:
        writer = store.batch(batch_id).user_name
    if writer != user_name():
        raise ReportConflictError(_("There is another report with this number already."))


def _save(sent: Sent) -> SavedReport:
    _require_own(sent.report.report_id)
    saved = save_report(
        answers().workspace,
        sent.report,
        user=user_name(),
        correct=sent.correct,
        confirmed_old=sent.confirmed_old,
    )
    known = [one for one in session.get(_SESSION, []) if one[0] != sent.report.report_id]
    session[_SESSION] = [*known, [sent.report.report_id, saved.batch_id]][-KEPT_IN_SESSION:]
    if saved.is_new:
        record_done(
            IMPORT, saved.incident_id, what="report", batch=saved.batch_id, corrects=sent.correct
        )
    return saved


def _undo(report_id: str) -> None:
    known = dict(session.get(_SESSION, []))
    batch_id = known.pop(report_id, None)
    if batch_id is None:
        raise NotFoundError(
            _("Only a report that this browser has sent in this session can be taken back here.")
        )
    with answers().store() as store:
        batch = store.batch(batch_id)
    is_own = is_report(batch, report_id) and batch.user_name == user_name()
    if is_own:
        undo_batch(answers().workspace, batch_id, user=user_name())
    session[_SESSION] = [list(one) for one in known.items()]
    if is_own:
        record_done(DELETION, batch.file_name, what="undo_report", batch=batch_id)


def _refusal(error: HotspotsError) -> Response:
    """Answer why a report is not kept; 503 says that it may be sent again as it is."""
    status, kind = 503, "busy"
    if isinstance(error, ReportConflictError):
        status, kind = 409, "conflict"
    elif isinstance(error, ReportWithdrawnError):
        status, kind = 409, "withdrawn"
    elif isinstance(error, NotFoundError):
        status, kind = 404, "unknown"
    elif isinstance(error, ParameterError):
        status, kind = 400, "invalid"
    return _answer({"error": str(error), "kind": kind}, status)


def _answer(content: dict[str, str], status: int = 200) -> Response:
    response = jsonify(content)
    response.status_code = status
    response.headers["Cache-Control"] = "no-store"
    return response
