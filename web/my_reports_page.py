"""The page an assistant begins with: their own reports, how they stand, and mending them."""

from datetime import UTC, datetime, timedelta
from threading import Lock
from typing import Any, Final

import numpy as np
from flask import Blueprint, Response, render_template, request, url_for

from hotspots import crs, schema
from hotspots.accounts import audit
from hotspots.analysis.reports import (
    WAITING,
    SentReport,
    count_since,
    list_reports,
    week_of,
)
from hotspots.errors import NotFoundError, ParameterError
from hotspots.i18n import _, format_month
from hotspots.ingest.batches import undo_batch
from hotspots.ingest.report_content import GPS, MAP, NOTE_LENGTH, TEXT, TEXT_LENGTH
from hotspots.ingest.report_things import (
    GROUPS,
    MEASURES,
    THINGS,
    discovered_words,
    group_words,
    measure_words,
    thing_of,
    thing_words,
)
from hotspots.ingest.reports import FORMAT, is_report, save_report
from web.answers import answers
from web.auth import user_name
from web.job_pages import see_other
from web.layer_parts import no_store
from web.recording import record_before, record_done
from web.report_fields import form_fields, read_sent
from web.report_parts import DISCOVERED
from web.report_words import own_words, report_rows, when_text
from web.texts import PRAGUE

bp = Blueprint("my_reports", __name__)
# How long after it was first sent its writer may mend a report; later a mentor does.
OWN_HOURS: Final = 24
ON_A_PAGE: Final = 30
_MOST_PAGES: Final = 9_999
_KEEP, _ANOTHER = "keep", "another"
_changing = Lock()


@bp.get("/my-reports")
def show() -> Response:
    """Answer the list of one's own reports, newest first."""
    reports = _own()
    today = datetime.now(PRAGUE).date()
    page = _page_number(request.args.get("page", ""))
    shown = reports[(page - 1) * ON_A_PAGE : page * ON_A_PAGE]
    rows = report_rows(shown)
    return no_store(
        render_template(
            "my_reports.html",
            rows=[(row, _is_fresh(one)) for row, one in zip(rows, shown, strict=True)],
            n=len(reports),
            n_week=count_since(reports, week_of(today), today),
            n_month=count_since(reports, today.replace(day=1), today),
            month=format_month(today),
            n_waiting=sum(one.state == WAITING for one in reports),
            page=page,
            has_older=len(reports) > page * ON_A_PAGE,
            done={
                "corrected": _("The report is corrected."),
                "withdrawn": _("The report is taken back; it is counted nowhere any more."),
            }.get(request.args.get("done", ""), ""),
            hours=OWN_HOURS,
        )
    )


@bp.get("/my-reports/<report_id>")
def show_one(report_id: str) -> Response:
    """Answer the form that corrects one of one's own reports."""
    report = _fresh(report_id)
    note = _read_note(report)
    if note:
        record_before(
            audit.NOTES_VIEWED,
            f"report-{report.report_id}",
            what=audit.READ_NOTE,
            batch=report.batch_id,
        )
    return _form(report, _fields(report, note))


@bp.post("/my-reports/<report_id>")
def correct(report_id: str) -> Response:
    """Replace what one of one's own reports says."""
    with _changing:
        report = _fresh(report_id)
        fields = form_fields(request.form)
        try:
            sent = read_sent(_as_sent(report, fields), now=datetime.now(UTC))
            saved = save_report(
                answers().workspace,
                sent.report,
                user=user_name(),
                correct=True,
                confirmed_old=True,  # it was asked when the report was first sent
            )
        except ParameterError as error:
            return _form(report, fields, fault=str(error))
    if saved.is_new:
        record_done(
            audit.CORRECTION,
            sent.report.file_name,
            what="report",
            batch=saved.batch_id,
            corrects=True,
        )
    return see_other(url_for("my_reports.show", done="corrected"))


@bp.post("/my-reports/<report_id>/undo")
def undo(report_id: str) -> Response:
    """Take one of one's own reports back, with all its corrections."""
    with _changing:
        report = _fresh(report_id)
        name = user_name()
        with answers().store() as store:
            found = [
                batch
                for batch in store.batches()
                if batch.holds and is_report(batch, report.report_id) and batch.user_name == name
            ]
        # The first one first: until the last is undone, the report says what it says now.
        for batch in sorted(found, key=lambda one: one.batch_id):
            undo_batch(answers().workspace, batch.batch_id, user=name)
    record_done(
        audit.DELETION,
        f"report-{report.report_id}",
        what="undo_report",
        batch=[batch.batch_id for batch in found],
    )
    return see_other(url_for("my_reports.show", done="withdrawn"))


def _own() -> list[SentReport]:
    with answers().store() as store:
        return list_reports(store, batch_format=FORMAT, user=user_name())


def _is_fresh(report: SentReport) -> bool:
    return datetime.now(UTC) - report.first_sent_at < timedelta(hours=OWN_HOURS)


def _fresh(report_id: str) -> SentReport:
    """Return one of one's own reports that may still be mended.

    Raises
    ------
    NotFoundError
        There is none of that number, or it is another person's: which, is not said.
    ParameterError
        It is too old.
    """
    report = next((one for one in _own() if one.report_id == report_id), None)
    if report is None:
        raise NotFoundError(_("You have no such report; it may have been taken back."))
    if not _is_fresh(report):
        raise ParameterError(
            _(
                "A report can be corrected or taken back for {n} hours after it was sent; later "
                "ask your mentor."
            ).format(n=OWN_HOURS)
        )
    return report


def _page_number(text: str) -> int:
    if text.isascii() and text.isdigit() and len(text) <= len(str(_MOST_PAGES)):
        return max(1, int(text))
    return 1


def _read_note(report: SentReport) -> str:
    if not report.has_note:
        return ""
    with answers().store() as store:
        incidents = store.read_batch_incidents(report.batch_id)
    own = incidents[incidents[schema.SOURCE_REF] == report.report_id]
    return str(own[schema.NOTE].iloc[0]) if len(own) else ""


def _fields(report: SentReport, note: str) -> dict[str, Any]:
    """Return a report as the fields of its form."""
    first, last = report.occurred_from, report.occurred_to
    has_span = first is not None and last is not None and last != first
    return {
        "things": [code for code in report.codes if thing_of(code)],
        "other": own_words(report),
        "when": "unknown" if first is None else "earlier",
        "day": first.date().isoformat() if first else "",
        "from": f"{first:%H:%M}" if first and report.has_time else "",
        "to": f"{last:%H:%M}" if last and report.has_time and has_span else "",
        "where": _KEEP,
        "place": report.place_text,
        "measures": list(report.measures),
        "discovered_by": report.discovered_by,
        "note": note,
    }


def _as_sent(report: SentReport, fields: dict[str, Any]) -> dict[str, Any]:
    """Return the fields of the form as the phone would send them; the position stays if wanted."""
    allowed = ("things", "other", "when", "day", "from", "to", "measures", "discovered_by", "note")
    sent: dict[str, Any] = {name: fields[name] for name in allowed if name in fields}
    written = report.reported_at
    if written is not None:
        sent["reported_at"] = written.replace(tzinfo=PRAGUE).isoformat()
    sent |= {"report_id": report.report_id, "placed_by": TEXT, "place": fields.get("place", "")}
    if fields.get("where", _KEEP) == _KEEP and _has_own_position(report):
        lon, lat = crs.to_wgs84(np.array([report.x]), np.array([report.y]))
        is_map = report.place_method == "manual"
        sent |= {
            "placed_by": MAP if is_map else GPS,
            "lon": float(lon[0]),
            "lat": float(lat[0]),
            "accuracy_m": None if is_map else report.precision_m,
            "place": report.place_text,
        }
    return sent


def _has_own_position(report: SentReport) -> bool:
    """Return whether the phone or a finger on the map gave the position, not the words."""
    has_position = bool(np.isfinite(report.x) and np.isfinite(report.y))
    return has_position and not report.place_matched


def _form(report: SentReport, fields: dict[str, Any], *, fault: str = "") -> Response:
    row = report_rows([report])[0]
    page = render_template(
        "my_report.html",
        report_id=report.report_id,
        row=row,
        said=when_text(report),
        fields=fields,
        fault=fault,
        keeps_position=_has_own_position(report),
        groups=[
            (
                group_words(group),
                [(thing.code, thing_words(thing.code)) for thing in THINGS if thing.group == group],
            )
            for group in GROUPS
        ],
        measures=[(code, measure_words(code)) for code in MEASURES],
        discovered=[(code, discovered_words(code)) for code in DISCOVERED],
        note_length=NOTE_LENGTH,
        text_length=TEXT_LENGTH,
        hours=OWN_HOURS,
    )
    response = no_store(page)
    response.status_code = 400 if fault else 200
    return response
