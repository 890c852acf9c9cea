"""Who may see and do what: the one table of roles, rights and routes.

Every route has an entry; the application does not start without (`check_table`), and
`docs/access.md` prints the table (`python scripts/write_access.py`).
"""

from collections.abc import Iterable
from enum import Enum
from typing import Final

from hotspots.accounts.roles import ADMINISTRATOR, ASSISTANT, COMMANDER, COUNCIL, MENTOR
from hotspots.i18n import _


class Right(Enum):
    """What a route needs of whoever asks."""

    ANYONE = "anyone"  # also who is not signed in
    SIGNED_IN = "signed_in"  # every role
    OVERVIEW = "overview"  # the safe picture: no points, no notes, small counts hidden
    VIEW = "view"  # counts as they are, by area, period and offence
    SINGLE = "single"  # single incidents: where, when, what; without notes
    NOTES = "notes"  # texts that may speak of a person; each view is recorded
    REPORT = "report"  # writing reports, and one's own
    MENTOR = "mentor"  # reports of all assistants
    CORRECT = "correct"  # placing incidents, linking events
    IMPORT = "import"  # bringing files in, and undoing that
    LAYERS = "layers"  # changing streets, districts and localities
    ADMINISTER = "administer"  # accounts, audit record, settings, backups, retention


_STAFF: Final = {Right.SIGNED_IN, Right.OVERVIEW, Right.VIEW, Right.SINGLE, Right.NOTES}
RIGHTS: Final[dict[str, frozenset[Right]]] = {
    ADMINISTRATOR: frozenset(Right),
    COMMANDER: frozenset({Right.ANYONE, *_STAFF, Right.REPORT, Right.CORRECT}),
    MENTOR: frozenset({Right.ANYONE, *_STAFF, Right.REPORT, Right.CORRECT, Right.MENTOR}),
    ASSISTANT: frozenset({Right.ANYONE, Right.SIGNED_IN, Right.OVERVIEW, Right.REPORT}),
    COUNCIL: frozenset({Right.ANYONE, Right.SIGNED_IN, Right.OVERVIEW}),
}

# The page that each role begins with.
HOME: Final[dict[str, str]] = {
    ADMINISTRATOR: "admin.show",
    COMMANDER: "situation.show",
    MENTOR: "mentor.show",
    ASSISTANT: "my_reports.show",
    COUNCIL: "overview.show",
}

# Endpoint → right. Pages that anyone may fetch hold nothing of the data.
ROUTES: Final[dict[str, Right]] = {
    "static": Right.ANYONE,
    "map.asset": Right.ANYONE,
    "health.show": Right.ANYONE,
    "report.worker": Right.ANYONE,
    "report.app_manifest": Right.ANYONE,
    "auth.ask": Right.ANYONE,
    "auth.sign_in": Right.ANYONE,
    "auth.ask_link": Right.ANYONE,
    "auth.use_link": Right.ANYONE,
    "auth.sign_out": Right.ANYONE,
    "auth.play_role": Right.ANYONE,  # only in the demonstration, which is open
    "account.show": Right.SIGNED_IN,
    "account.rename": Right.SIGNED_IN,
    "account.change_password": Right.SIGNED_IN,
    "account.sign_out_elsewhere": Right.SIGNED_IN,
    "users.show": Right.ADMINISTER,
    "users.add": Right.ADMINISTER,
    "users.show_one": Right.ADMINISTER,
    "users.change": Right.ADMINISTER,
    "users.close": Right.ADMINISTER,
    "users.reopen": Right.ADMINISTER,
    "users.reset": Right.ADMINISTER,
    "users.sign_out": Right.ADMINISTER,
    "audit.show": Right.ADMINISTER,
    "audit.download": Right.ADMINISTER,
    "method.show": Right.SIGNED_IN,
    "overview.show": Right.OVERVIEW,
    "overview.show_map": Right.OVERVIEW,
    "situation.show": Right.VIEW,
    "map.show": Right.VIEW,
    "export.download": Right.VIEW,
    "data.show": Right.VIEW,
    "layers.show": Right.VIEW,
    "layer_map.show": Right.VIEW,
    "place_map.data": Right.REPORT,
    "report.show": Right.REPORT,
    "report.send_form": Right.REPORT,
    "report.token": Right.REPORT,
    "report.send": Right.REPORT,
    "report.undo": Right.REPORT,
    "my_reports.show": Right.REPORT,
    "my_reports.show_one": Right.REPORT,
    "my_reports.correct": Right.REPORT,
    "my_reports.undo": Right.REPORT,
    "mentor.show": Right.MENTOR,
    "mentor.note": Right.MENTOR,
    "admin.show": Right.ADMINISTER,
    "offences.show": Right.ADMINISTER,
    "offences.set": Right.ADMINISTER,
    "offences.remove": Right.ADMINISTER,
    "settings.show": Right.ADMINISTER,
    "settings.keep": Right.ADMINISTER,
    "backups.show": Right.ADMINISTER,
    "backups.make": Right.ADMINISTER,
    "backups.download": Right.ADMINISTER,
    "retention.show": Right.ADMINISTER,
    "retention.set": Right.ADMINISTER,
    "retention.remove": Right.ADMINISTER,
    "retention.ask": Right.ADMINISTER,
    "retention.run": Right.ADMINISTER,
    "person_data.show": Right.ADMINISTER,
    "person_data.find": Right.ADMINISTER,
    "person_data.export": Right.ADMINISTER,
    "person_data.ask": Right.ADMINISTER,
    "person_data.erase": Right.ADMINISTER,
    "waiting.show": Right.SINGLE,
    "waiting.search": Right.SINGLE,
    "waiting.at": Right.SINGLE,
    "waiting.note": Right.NOTES,
    "waiting.send": Right.CORRECT,
    "waiting.undo": Right.CORRECT,
    "waiting.again": Right.CORRECT,
    "links.show": Right.SINGLE,
    "links.decide": Right.CORRECT,
    "links.undo": Right.CORRECT,
    "batches.show_all": Right.SINGLE,
    "batches.show_day": Right.SINGLE,
    "batches.show": Right.SINGLE,
    "batches.export": Right.SINGLE,
    "batches.rejected": Right.NOTES,
    "batches.ask_undo": Right.IMPORT,
    "batches.undo": Right.IMPORT,
    "source_record.show": Right.IMPORT,
    "source_record.change": Right.IMPORT,
    "source_record.confirm": Right.IMPORT,
    "imports.show": Right.IMPORT,
    "imports.take": Right.IMPORT,
    "imports.show_file": Right.IMPORT,
    "imports.send": Right.IMPORT,
    "jobs.show": Right.VIEW,  # and only who started it, or has the right to do what it does
    "jobs.state": Right.VIEW,
    "jobs.cancel": Right.VIEW,
    "layer_changes.import_files": Right.LAYERS,
    "layer_changes.fetch": Right.LAYERS,
    "layer_changes.ask_repair": Right.LAYERS,
    "layer_changes.repair": Right.LAYERS,
    "layer_changes.version": Right.LAYERS,
    "layer_changes.use": Right.LAYERS,
    "layer_changes.ask_place": Right.LAYERS,
    "layer_changes.place": Right.LAYERS,
}


def check_table(endpoints: Iterable[str]) -> None:
    """Raise unless the routes are exactly those of the table.

    Raises
    ------
    RuntimeError
        A route has no entry, or an entry no route.
    """
    known = set(endpoints)
    without, unknown = sorted(known - set(ROUTES)), sorted(set(ROUTES) - known)
    if without or unknown:
        raise RuntimeError(
            f"web/access.py: routes without an entry {without}, entries without a route {unknown}"
        )


def right_label(right: Right) -> str:
    """Return what a right allows, for the printed table."""
    return {
        Right.ANYONE: _("pages that hold nothing of the data"),
        Right.SIGNED_IN: _("own account, method"),
        Right.OVERVIEW: _("overview for the council: no points, no notes, small counts hidden"),
        Right.VIEW: _("counts by area, period and offence; layers; sources"),
        Right.SINGLE: _("single incidents without notes"),
        Right.NOTES: _("notes and exports of single incidents, each recorded"),
        Right.REPORT: _("writing reports, own reports"),
        Right.MENTOR: _("reports of all assistants"),
        Right.CORRECT: _("placing incidents, linking events"),
        Right.IMPORT: _("imports and their undoing"),
        Right.LAYERS: _("changing layers"),
        Right.ADMINISTER: _("accounts, audit record, settings, backups, retention"),
    }[right]
