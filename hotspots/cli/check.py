"""`hotspots check`: whether a workspace is whole, every fault with its cure."""

import click

from hotspots.accounts import SYSTEM, Accounts
from hotspots.accounts.audit import BACKUP
from hotspots.backup import audit_seen
from hotspots.checkup import Checkup, check_workspace
from hotspots.cli.common import (
    EXIT_FAILED,
    print_json,
    reports_errors,
    say,
    shared,
    shared_options,
)
from hotspots.errors import HotspotsError
from hotspots.i18n import _, format_number, ngettext
from hotspots.settings import Settings, Workspace
from hotspots.users import current_user


@click.command(
    help=_(
        "Check that the workspace is whole: databases, incidents, imports, decisions, accounts, "
        "audit record, layers, mappings, settings, and who may read the files. Ends with 1 if "
        "anything is wrong."
    )
)
@shared_options
@reports_errors
def check() -> None:
    """Check the chosen workspace."""
    path = shared().workspace
    found = check_workspace(path, seen=audit_seen(Workspace(path, Settings())))
    unrecorded = _record(found)
    if shared().as_json:
        print_json(found.to_dict() | {"recorded": not unrecorded})
    else:
        _say(found, unrecorded)
    if not found.is_well:
        raise SystemExit(EXIT_FAILED)


def _say(found: Checkup, unrecorded: str) -> None:
    for fault in found.faults:
        say(_("error: {text}").format(text=fault.text))
        say(f"    {fault.cure}")
    if unrecorded:
        say(
            _("The check itself could not be put into the audit record: {reason}").format(
                reason=unrecorded
            ),
            error=True,
        )
    if found.is_well:
        say(_("Workspace {path} is whole.").format(path=found.workspace))
        say(_("Checked: {what}.").format(what=", ".join(found.checked)))
        return
    n = len(found.faults)
    say(ngettext("{n} fault found.", "{n} faults found.", n).format(n=format_number(n)), error=True)


def _record(found: Checkup) -> str:
    """Put the check into the audit record; return why that was not possible, else nothing.

    Where the accounts are damaged, saying so matters more than recording that it was said.
    """
    try:
        with Accounts.open(Workspace(found.workspace, Settings())) as accounts:
            accounts.record(
                BACKUP,
                user_name=current_user(),
                role=SYSTEM,
                subject="check",
                details={"checked": True, "faults": len(found.faults)},
            )
    except HotspotsError as error:
        return str(error)
    return ""
