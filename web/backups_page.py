"""The page of backups: those that are kept, making one now, and taking one away."""

from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path

from flask import Blueprint, Response, render_template, send_file, url_for

from hotspots.accounts import audit
from hotspots.backup import KeptBackup, list_backups, make_backup, read_backup
from hotspots.errors import HotspotsError, NotFoundError
from hotspots.i18n import _, format_number, ngettext
from hotspots.progress import Report
from hotspots.settings import Workspace
from hotspots.store.engine import database_file
from web import texts
from web.admin_page import say_size
from web.answers import answers
from web.job_pages import jobs, to_job
from web.jobs import BACKUP, Outcome, Tell
from web.layer_parts import no_store
from web.recording import record_before, start_recorded

bp = Blueprint("backups", __name__)


@dataclass(frozen=True)
class BackupRow:
    """One backup as the list shows it; `program` is empty where it cannot be read."""

    name: str
    when: str
    size: str
    program: str
    n_incidents: str


@bp.get("/admin/backups")
def show() -> Response:
    """Answer the list, newest first."""
    workspace = answers().workspace
    return no_store(
        render_template(
            "backups.html",
            rows=[_row(kept) for kept in list_backups(workspace)],
            running=jobs().running(),
            is_file=database_file(workspace) is not None,
            directory=workspace.backups.name,
        )
    )


@bp.post("/admin/backups")
def make() -> Response:
    """Start making a backup."""
    return to_job(
        start_recorded(
            "backup",
            _("Backup"),
            partial(_make, answers().workspace),
            action=audit.BACKUP,
            subject="backup",
            about=BACKUP,
            back=url_for("backups.show"),
        )
    )


@bp.get("/admin/backups/<name>")
def download(name: str) -> Response:
    """Answer one backup as a file; who takes it away is recorded before."""
    # Only names of the list: no path is ever made of what was asked for.
    kept = next((one for one in list_backups(answers().workspace) if one.path.name == name), None)
    if kept is None:
        raise NotFoundError(_("There is no such backup; it may have been removed since."))
    record_before(audit.BACKUP, kept.path.name, what="download", bytes=kept.size)
    response = send_file(
        kept.path.resolve(),
        mimetype="application/zip",
        as_attachment=True,
        download_name=kept.path.name,
        conditional=False,
        etag=False,
    )
    response.headers["Cache-Control"] = "no-store"
    return response


def _make(workspace: Workspace, report: Report, tell: Tell) -> Outcome:
    made = make_backup(workspace, report=report)
    tell(file=made.path.name, bytes=made.size)
    n = made.manifest.counts.get("incidents", 0)
    said = ngettext(
        "The backup {name} is made: {n} incident, {size}.",
        "The backup {name} is made: {n} incidents, {size}.",
        n,
    )
    return Outcome(
        sentence=said.format(name=made.path.name, n=format_number(n), size=say_size(made.size)),
        notes=(_("Keep a copy on another machine: a backup on the same disk dies with it."),),
    )


def _row(kept: KeptBackup) -> BackupRow:
    program, n_incidents = _content(kept.path, kept.size, kept.made_at.isoformat())
    return BackupRow(
        name=kept.path.name,
        when=texts.moment_text(kept.made_at.isoformat()),
        size=say_size(kept.size),
        program=program,
        n_incidents="" if n_incidents is None else format_number(n_incidents),
    )


@lru_cache(maxsize=128)
def _content(path: Path, _size: int, _made_at: str) -> tuple[str, int | None]:
    """Return the program's version and the incidents of a backup, which never changes."""
    try:
        manifest = read_backup(path)
    except (HotspotsError, OSError):
        return "", None
    return manifest.program, manifest.counts.get("incidents")
