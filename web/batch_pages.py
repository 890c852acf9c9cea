"""Batches: what each import brought, its export, and undoing it whole."""

import json
import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path
from typing import Any

from flask import Blueprint, Response, current_app, make_response, render_template, url_for

from hotspots.accounts.audit import DELETION, EXPORT, NOTES_VIEWED, READ_ROWS
from hotspots.errors import NotFoundError
from hotspots.i18n import _, format_day, format_number, ngettext
from hotspots.ingest.batches import UndoneBatch, export_batch, undo_batch
from hotspots.progress import Report
from hotspots.settings import Workspace
from hotspots.store import ImportBatch
from web import texts
from web.access import Right
from web.answers import answers
from web.auth import may, user_name
from web.batch_account import CLASSES, AccountView
from web.import_work import find_rejects
from web.job_pages import jobs, to_job
from web.jobs import INCIDENTS, Outcome, Tell
from web.layer_parts import no_store
from web.recording import record_before, start_recorded
from web.waiting_view import waiting_list

bp = Blueprint("batches", __name__)
REPORT_FORMAT = "report"  # reports of the form: each is a batch of its own
_TYPES = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


@dataclass(frozen=True)
class BatchRow:
    """One import as the list shows it."""

    batch_id: int
    file_name: str
    source_id: str
    when: str
    who: str
    holds: bool
    undone: str
    source_label: str
    n_new: int
    n_updated: int
    n_waiting: int
    n_rejected: int


@dataclass(frozen=True)
class ReportDay:
    """Reports of the form sent on one day: their number, and how many are undone."""

    day: str
    source_label: str
    n: int
    n_undone: int


@bp.get("/batches")
def show_all() -> Response:
    """Answer the list of imports."""
    found = _batches()
    files = [batch for batch in found if batch.format != REPORT_FORMAT]
    return no_store(
        render_template(
            "batches.html",
            batches=list_rows(files),
            days=_days([batch for batch in found if batch.format == REPORT_FORMAT]),
            chosen_day="",
            can_change=may(Right.IMPORT),
        )
    )


@bp.get("/batches/reports/<day>")
def show_day(day: str) -> Response:
    """Answer the reports of the form of one day, each with its page."""
    found = [b for b in _batches() if b.format == REPORT_FORMAT and _day(b) == day]
    if not found:
        raise NotFoundError(_("No reports of the form were sent on this day."))
    return no_store(
        render_template(
            "batches.html",
            batches=list_rows(found),
            days=[],
            chosen_day=format_day(date.fromisoformat(day)),
            can_change=may(Right.IMPORT),
        )
    )


@bp.get("/batches/<int:batch_id>")
def show(batch_id: int) -> Response:
    """Answer one import: its account, mapping, warnings and what can be done with it."""
    batch = _batch(batch_id)
    row = list_rows([batch])[0]
    return no_store(
        render_template(
            "batch.html",
            batch=row,
            sha256=batch.sha256,
            format=batch.format,
            mapping=batch.mapping,
            mapping_name=str(_account(batch).get("mapping_name", "")),
            account=AccountView.of(_account(batch)),
            headline=_headline(row),
            has_list=find_rejects(answers().workspace, _account(batch)) is not None,
            has_waiting_page="waiting.show" in current_app.view_functions,
            can_change=may(Right.IMPORT),
            sees_rows=may(Right.NOTES),
        )
    )


@bp.get("/batches/<int:batch_id>/export.<suffix>")
def export(batch_id: int, suffix: str) -> Response:
    """Answer the incidents of an import as a file, without notes."""
    if suffix not in _TYPES:
        raise NotFoundError(_("There is no export as “{suffix}”.").format(suffix=suffix[:20]))
    _batch(batch_id)
    name = f"import-{batch_id}.{suffix}"
    with tempfile.TemporaryDirectory(prefix="hotspots-export-") as directory:
        path = Path(directory) / name
        n_rows = export_batch(answers().workspace, batch_id, path)
        record_before(EXPORT, name, page="batches", batch=batch_id, format=suffix, rows=n_rows)
        return _download(path, name, _TYPES[suffix])


def _download(path: Path, name: str, content_type: str) -> Response:
    response = make_response(path.read_bytes())
    response.headers["Content-Type"] = content_type
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    response.headers["Cache-Control"] = "no-store"
    return response


@bp.get("/batches/<int:batch_id>/rejected.csv")
def rejected(batch_id: int) -> Response:
    """Answer the list of rows that were no incidents, with what they say."""
    path = find_rejects(answers().workspace, _account(_batch(batch_id)))
    if path is None:
        raise NotFoundError(
            _("Of import {number} no list of rows that could not be used is kept here.").format(
                number=batch_id
            )
        )
    name = f"import-{batch_id}-rejected.csv"
    record_before(NOTES_VIEWED, name, what=READ_ROWS, page="batches", batch=batch_id)
    return _download(path, name, _TYPES["csv"])


@bp.get("/batches/<int:batch_id>/undo")
def ask_undo(batch_id: int) -> Response:
    """Answer what undoing an import would do, and ask."""
    batch = _batch(batch_id)
    trial = None
    if batch.holds:
        jobs().require_idle()
        trial = undo_batch(answers().workspace, batch_id, user=user_name(), dry_run=True)
    return no_store(
        render_template(
            "batch_undo.html",
            batch=list_rows([batch])[0],
            lines=() if trial is None else undo_lines(trial),
        )
    )


@bp.post("/batches/<int:batch_id>/undo")
def undo(batch_id: int) -> Response:
    """Start undoing an import."""
    batch = _batch(batch_id)
    workspace = answers().workspace
    title = _("Undoing import {number}").format(number=batch_id)
    back = url_for("batches.show", batch_id=batch_id)
    listed = find_rejects(workspace, _account(batch))
    return to_job(
        start_recorded(
            "undo",
            title,
            partial(_undo, _Undoing(workspace, batch_id, user_name(), back, listed)),
            action=DELETION,
            subject=batch.file_name,
            details={"what": "undo_import", "batch": batch_id, "source": batch.source_id},
            about=INCIDENTS,
            back=back,
        )
    )


@dataclass(frozen=True)
class _Undoing:
    """The import to undo: who asked, the address of its page, and its list of rejected rows."""

    workspace: Workspace
    batch_id: int
    user: str
    address: str
    listed: Path | None


def _undo(asked: _Undoing, report: Report, tell: Tell) -> Outcome:
    report(_("undoing the import"), 0.1)
    undone = undo_batch(asked.workspace, asked.batch_id, user=asked.user)
    tell(withdrawn=undone.withdrawn, restored=undone.restored, kept=undone.kept)
    if asked.listed is not None:  # what the file said goes with the import
        asked.listed.unlink(missing_ok=True)
    return Outcome(
        sentence=_("Import {number} is undone.").format(number=asked.batch_id),
        lines=undo_lines(undone),
        leads_to=asked.address,
    )


def undo_lines(undone: UndoneBatch) -> tuple[str, ...]:
    """Return what undoing does or did, a sentence each."""
    lines = [
        ngettext(
            "{n} incident is taken out: only this import told of it.",
            "{n} incidents are taken out: only this import told of them.",
            undone.withdrawn,
        ).format(n=format_number(undone.withdrawn))
    ]
    if undone.restored:
        lines.append(
            ngettext(
                "{n} incident is again as another import told it.",
                "{n} incidents are again as other imports told them.",
                undone.restored,
            ).format(n=format_number(undone.restored))
        )
    if undone.kept:
        lines.append(
            ngettext(
                "{n} incident stays: another import says the same.",
                "{n} incidents stay: other imports say the same.",
                undone.kept,
            ).format(n=format_number(undone.kept))
        )
    if undone.source_gone:
        lines.append(_("The source {source} is no longer listed.").format(source=undone.source))
    else:
        lines.append(
            ngettext(
                "The source {source} then holds {n} incident.",
                "The source {source} then holds {n} incidents.",
                undone.stored,
            ).format(source=undone.source, n=format_number(undone.stored))
        )
    if undone.record:
        spans = "; ".join(texts.span_text(span) for span in undone.record)
        lines.append(_("Periods of record: {spans}.").format(spans=spans))
    return (*lines, *(texts.sentence(text) for text in undone.warnings))


def list_rows(batches: Sequence[ImportBatch]) -> list[BatchRow]:
    """Return imports as lists show them; what waits for a place is told as it is now."""
    workspace = answers().workspace
    with answers().store() as store:
        waiting = waiting_list(store, workspace).by_batch()
        labels = {source.source_id: source.label for source in store.sources()}
    return [_row(batch, waiting, labels) for batch in batches]


def _batches() -> list[ImportBatch]:
    """Return the imports, newest first."""
    with answers().store() as store:
        return list(reversed(store.batches()))


def _batch(batch_id: int) -> ImportBatch:
    try:
        with answers().store() as store:
            return store.batch(batch_id)
    except (NotFoundError, OverflowError) as error:
        raise NotFoundError(_("There is no import {number}.").format(number=batch_id)) from error


def _account(batch: ImportBatch) -> dict[str, Any]:
    try:
        found = json.loads(batch.account) if batch.account else {}
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _row(batch: ImportBatch, waiting: Counter[int], labels: dict[str, str]) -> BatchRow:
    account = AccountView.of(_account(batch))
    numbers = dict(zip(CLASSES, (number for _label, number in account.parts), strict=True))
    undone = ""
    if not batch.holds:
        undone = _("undone {moment}, {who}").format(
            moment=texts.moment_text(batch.undone_at), who=batch.undone_by or _("nobody named")
        )
    return BatchRow(
        batch_id=batch.batch_id,
        file_name=batch.file_name,
        source_id=batch.source_id,
        when=texts.moment_text(batch.imported_at),
        who=batch.user_name,
        holds=batch.holds,
        undone=undone,
        source_label=labels.get(batch.source_id) or batch.source_id,
        n_new=numbers["new"] + numbers["outside"] + numbers["not_placed"],
        n_updated=numbers["updated"],
        n_waiting=waiting[batch.batch_id],
        n_rejected=account.n_rejected,
    )


def _headline(row: BatchRow) -> str:
    if not row.holds:
        return _("This import is undone: its incidents are no longer counted.")
    if not row.n_new and not row.n_updated:
        return _("This import brought nothing new.")
    new = ngettext("{n} new incident", "{n} new incidents", row.n_new).format(
        n=format_number(row.n_new)
    )
    if not row.n_updated:
        return _("This import brought {new}.").format(new=new)
    return _("This import brought {new} and updated {updated}.").format(
        new=new, updated=format_number(row.n_updated)
    )


def _day(batch: ImportBatch) -> str:
    """Return the day of an import as the clock here showed it, ISO."""
    moment = datetime.fromisoformat(batch.imported_at)
    return moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(texts.PRAGUE).date().isoformat()


def _days(reports: list[ImportBatch]) -> list[tuple[str, ReportDay]]:
    """Return the reports of the form by day and source: the day of the address, and the row."""
    with answers().store() as store:
        labels = {source.source_id: source.label or source.source_id for source in store.sources()}
    n: Counter[tuple[str, str]] = Counter()
    n_undone: Counter[tuple[str, str]] = Counter()
    for batch in reports:
        key = _day(batch), batch.source_id
        n[key] += 1
        n_undone[key] += not batch.holds
    return [
        (
            day,
            ReportDay(
                format_day(date.fromisoformat(day)),
                labels.get(source, source),
                n[day, source],
                n_undone[day, source],
            ),
        )
        for day, source in sorted(n, reverse=True)
    ]
