"""The page an administrator begins with: what needs attention first, then where all is kept."""

import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from flask import Blueprint, Response, current_app, render_template, url_for

from hotspots.accounts.one_time import VALID_S
from hotspots.analysis.waiting import WaitingList
from hotspots.backup import list_backups
from hotspots.i18n import _, format_day, format_number, ngettext
from web import auth, texts
from web.access import ROUTES
from web.answers import answers
from web.cache import LruCache
from web.health import HealthReport, health_report
from web.job_pages import jobs
from web.job_record import DONE, FAILED, INTERRUPTED
from web.layer_parts import no_store
from web.waiting_view import waiting_list

bp = Blueprint("admin", __name__)
BACKUP_DAYS: Final = 7
JOB_DAYS: Final = 7
ROOM_BYTES: Final = 2_000_000_000
# Reading the whole audit record takes a while once it is long.
_CHECKED_FOR_S: Final = 300
_reports: LruCache[HealthReport] = LruCache(2)


@dataclass(frozen=True)
class Matter:
    """Something that needs attention: what, and where it is mended; a grave one stands first."""

    text: str
    address: str = ""
    label: str = ""
    is_grave: bool = False


@dataclass(frozen=True)
class Tile:
    """A page of the administration."""

    address: str
    label: str
    hint: str


@bp.get("/admin")
def show() -> Response:
    """Answer the page."""
    with answers().store() as store:
        waiting = waiting_list(store, answers().workspace)
    report = _health()
    return no_store(
        render_template(
            "admin.html",
            matters=sorted(_matters(report, waiting), key=lambda one: not one.is_grave),
            tiles=_tiles(),
            facts=_facts(report),
        )
    )


def _health() -> HealthReport:
    """Return how the workspace is; the audit record is read anew every few minutes."""
    workspace = answers().workspace
    newest = auth.accounts().audit_entries(limit=1)
    backups = list_backups(workspace)
    key = (
        str(workspace.path),
        answers().known().version,
        newest[0].audit_key if newest else 0,
        backups[0].path.name if backups else "",
        int(time.monotonic() // _CHECKED_FOR_S),
    )
    return _reports.get(key, lambda: health_report(workspace, auth.accounts()))


def _matters(report: HealthReport, waiting: WaitingList) -> list[Matter]:
    found = [*_about_backups(report), *_about_jobs(), *_about_accounts()]
    if report.audit_break is not None:
        found.append(
            Matter(
                _(
                    "The audit record was changed by another program: line {n} does not follow "
                    "from those before. Keep the database as it is and find out who did it."
                ).format(n=report.audit_break),
                _address("audit.show"),
                _("Audit record"),
                is_grave=True,
            )
        )
    if report.free_bytes < ROOM_BYTES:
        found.append(
            Matter(
                _("Only {n} MB are free on the disk of the workspace.").format(
                    n=format_number(report.free_bytes / 1e6)
                ),
                is_grave=True,
            )
        )
    if not answers().has_layers:
        found.append(
            Matter(
                _("There are no layers yet, so nothing can be shown on a map."),
                _address("layers.show"),
                _("Layers"),
                is_grave=True,
            )
        )
    if waiting.n_incidents:
        n = waiting.n_incidents
        found.append(
            Matter(
                ngettext(
                    "{n} incident waits for a place and is not counted on the map.",
                    "{n} incidents wait for a place and are not counted on the map.",
                    n,
                ).format(n=format_number(n)),
                _address("waiting.show"),
                _("Places to fill in"),
            )
        )
    return found


def _about_backups(report: HealthReport) -> list[Matter]:
    if auth.is_open():
        return []  # the demonstration is thrown away
    if report.last_backup is None:
        text = _("There is no backup yet.")
    else:
        age = (datetime.now(UTC) - report.last_backup).days
        if age < BACKUP_DAYS:
            return []
        text = ngettext(
            "The last backup is {n} day old.", "The last backup is {n} days old.", age
        ).format(n=format_number(age))
    return [Matter(text, _address("backups.show"), _("Backups"), is_grave=True)]


def _about_jobs() -> list[Matter]:
    """Return work that failed or was interrupted lately and was not done since."""
    since = (datetime.now(UTC) - timedelta(days=JOB_DAYS)).isoformat()
    listed = jobs().list_jobs()
    done: dict[str, str] = {}
    for job in listed:
        if job.state == DONE:
            done[job.kind] = max(job.started_at, done.get(job.kind, ""))
    found, told = [], set()
    for job in listed:
        is_bad = job.state in {FAILED, INTERRUPTED}
        if not is_bad or job.kind in told or job.started_at <= max(since, done.get(job.kind, "")):
            continue
        told.add(job.kind)
        said = _("{title} has failed ({moment}).")
        if job.state == INTERRUPTED:
            said = _("{title} was interrupted ({moment}).")
        found.append(
            Matter(
                said.format(title=job.title, moment=texts.moment_text(job.started_at)),
                url_for("jobs.show", job_id=job.job_id),
                _("See what happened"),
            )
        )
    return found


def _about_accounts() -> list[Matter]:
    if auth.is_open():
        return []
    return [
        Matter(
            _(
                "{name} has not chosen a password yet; a link holds for {days} days, then make "
                "another."
            ).format(name=user.display_name, days=VALID_S // 86_400),
            url_for("users.show_one", name=user.name),
            _("Account"),
        )
        for user in auth.accounts().users()
        if user.is_open and not user.has_password
    ]


def _address(endpoint: str) -> str:
    """Return the address of a page; empty where this program has none of it."""
    return url_for(endpoint) if endpoint in current_app.view_functions else ""


def _tiles() -> list[Tile]:
    pages = (
        ("data.show", _("Imports"), _("Bring files in, look at imports, undo them")),
        ("layers.show", _("Layers"), _("Streets, districts and localities of the town")),
        ("users.show", _("Accounts"), _("Who may sign in, and with which role")),
        ("offences.show", _("Offence table"), _("What paragraphs and wordings of files mean")),
        ("settings.show", _("Settings"), _("Town, language, map, length of sign-ins")),
        ("audit.show", _("Audit record"), _("Who did what and when")),
        (
            "person_data.show",
            _("Requests of a person"),
            _("Find, give out or erase what is said of somebody"),
        ),
        ("backups.show", _("Backups"), _("Make one now, download, how to restore")),
        ("retention.show", _("Retention"), _("How long incidents are kept, letting old ones go")),
    )
    return [
        Tile(_address(endpoint), label, hint)
        for endpoint, label, hint in pages
        if _address(endpoint) and auth.may(ROUTES[endpoint])
    ]


def _facts(report: HealthReport) -> list[tuple[str, str]]:
    """Return what is worth knowing about the running of the server."""
    last = report.last_import
    return [
        (_("Version of the program"), report.program),
        (_("Incidents"), format_number(report.n_incidents)),
        (_("Last import"), texts.moment_text(last.isoformat()) if last else _("none yet")),
        (
            _("Last backup"),
            format_day(report.last_backup.astimezone(texts.PRAGUE).date())
            if report.last_backup
            else _("none yet"),
        ),
        (_("Database"), say_size(report.database_bytes)),
        (_("Layers"), say_size(report.layers_bytes)),
        (_("Backups"), say_size(report.backups_bytes)),
        (_("Free on the disk"), say_size(report.free_bytes)),
        (
            _("Audit record"),
            _("unbroken")
            if report.audit_break is None
            else _("broken at line {n}").format(n=report.audit_break),
        ),
    ]


def say_size(n_bytes: int) -> str:
    """Return a size for a reader."""
    if n_bytes >= 1_000_000_000:
        return _("{n} GB").format(n=format_number(n_bytes / 1e9, digits=1))
    return _("{n} MB").format(n=format_number(n_bytes / 1e6, digits=1))
