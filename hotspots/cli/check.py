"""`hotspots check`: whether a workspace is whole, every fault with its cure."""

import click

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
from hotspots.cli.recording import record
from hotspots.i18n import _, format_number, ngettext
from hotspots.settings import Settings, Workspace


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
    recorded = record(
        Workspace(path, Settings()), BACKUP, "check", checked=True, faults=len(found.faults)
    )
    if shared().as_json:
        print_json(found.to_dict() | {"recorded": recorded})
    else:
        _say(found)
    if not found.is_well:
        raise SystemExit(EXIT_FAILED)


def _say(found: Checkup) -> None:
    for fault in found.faults:
        say(_("error: {text}").format(text=fault.text))
        say(f"    {fault.cure}")
    if found.is_well:
        say(_("Workspace {path} is whole.").format(path=found.workspace))
        say(_("Checked: {what}.").format(what=", ".join(found.checked)))
        return
    n = len(found.faults)
    say(ngettext("{n} fault found.", "{n} faults found.", n).format(n=format_number(n)), error=True)
