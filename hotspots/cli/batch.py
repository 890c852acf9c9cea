"""`hotspots batch`: what each import brought, exported as a table, and taken back whole."""

import sys
from datetime import datetime
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import click
from rich.table import Table

from hotspots.cells import printable
from hotspots.cli.common import (
    console,
    open_workspace,
    print_json,
    reports_errors,
    say,
    shared,
    shared_options,
)
from hotspots.errors import ParameterError
from hotspots.i18n import _, format_day, format_number, ngettext
from hotspots.ingest.batches import export_batch, undo_batch
from hotspots.store import ImportBatch, Store
from hotspots.users import current_user

_DIGITS: Final = 12
_PRAGUE: Final = ZoneInfo("Europe/Prague")


def is_terminal() -> bool:
    """Return whether somebody can be asked."""
    return sys.stdin.isatty()


def _moment(text: str) -> str:
    """Write a moment of the store as the clock in Prague shows it."""
    if not text:
        return ""
    local = datetime.fromisoformat(text).astimezone(_PRAGUE)
    return f"{format_day(local.date())} {local:%H:%M}"


def _state(batch: ImportBatch) -> str:
    if batch.holds:
        return _("holds")
    return _("undone on {moment} by {user}").format(
        moment=_moment(batch.undone_at), user=printable(batch.undone_by) or _("nobody named")
    )


def _as_dict(batch: ImportBatch, *, whole: bool) -> dict[str, Any]:
    values: dict[str, Any] = {
        "batch": batch.batch_id,
        "source": batch.source_id,
        "file": batch.file_name,
        "sha256": batch.sha256,
        "format": batch.format,
        "imported_at": batch.imported_at,
        "user": batch.user_name,
        "mapping_name": batch.mapping_name,
        "holds": batch.holds,
        "undone_at": batch.undone_at or None,
        "undone_by": batch.undone_by or None,
        "account": batch.account_values(),
    }
    if whole:
        values["mapping"] = batch.mapping
    return values


@click.group(
    "batch",
    invoke_without_command=True,
    help=_("List the imports, look at one, export it as a table, or undo it whole."),
)
@shared_options
@click.pass_context
@reports_errors
def batch(context: click.Context) -> None:
    """List all imports unless a command follows."""
    if context.invoked_subcommand is None:
        _list()


@batch.command("list", help=_("List the imports, the newest first."))
@shared_options
@reports_errors
def list_command() -> None:
    """List all imports."""
    _list()


def _list() -> None:
    with Store.open(open_workspace()) as store:
        found = store.batches()
    found.reverse()
    if shared().as_json:
        print_json([_as_dict(one, whole=False) for one in found])
        return
    if not found:
        say(_("No import yet. Import a file: hotspots import FILE"))
        return
    table = Table(box=None, pad_edge=False)
    table.add_column(_("number"), justify="right")
    for title in (_("file"), _("source"), _("when"), _("who")):
        table.add_column(title)
    for title in (_("new"), _("updated"), _("waiting"), _("rejected")):
        table.add_column(title, justify="right")
    table.add_column(_("state"))
    for one in found:
        account = one.account_values()
        table.add_row(
            str(one.batch_id),
            printable(one.file_name),
            one.source_id,
            _moment(one.imported_at),
            printable(one.user_name),
            format_number(sum(account.get(name, 0) for name in ("new", "outside", "not_placed"))),
            *(format_number(account.get(name, 0)) for name in ("updated", "waiting", "rejected")),
            _state(one),
        )
    console().print(table)


@batch.command("show", help=_("Show import NUMBER: its file, mapping and account."))
@click.argument("number", type=int)
@shared_options
@reports_errors
def show_command(number: int) -> None:
    """Show one import."""
    with Store.open(open_workspace()) as store:
        one = store.batch(number)
    if shared().as_json:
        print_json(_as_dict(one, whole=True))
        return
    account = one.account_values()
    rows: list[tuple[str, str]] = [
        (_("number"), str(one.batch_id)),
        (_("file"), f"{printable(one.file_name)} ({one.format.upper()})"),
        (_("fingerprint"), f"SHA-256 {one.sha256[:_DIGITS]}…"),
        (_("source"), one.source_id),
        (_("when"), _moment(one.imported_at)),
        (_("who"), printable(one.user_name) or _("nobody named")),
        (_("state"), _state(one)),
        (_("mapping"), one.mapping_name or ("–" if not one.mapping else _("without a name"))),
    ]
    rows += [
        (label, format_number(int(account[name])))
        for name, label in _account_labels().items()
        if name in account
    ]
    width = max(len(label) for label, _value in rows)
    for label, value in rows:
        say(f"{label:<{width}}  {value}")
    for warning in account.get("warnings", []):
        say(_("Note: {text}").format(text=printable(str(warning))))
    for row in account.get("rejected_rows", []):
        say(
            _("  row {row}: {reason}").format(
                row=format_number(int(row["row"])), reason=printable(str(row["reason"]))
            )
        )


def _account_labels() -> dict[str, str]:
    return {
        "rows_read": _("rows read"),
        "new": _("  new, in the study area"),
        "unchanged": _("  unchanged"),
        "updated": _("  updated"),
        "duplicates": _("  repeated in the file"),
        "outside": _("  new, outside the study area"),
        "not_placed": _("  new, without a position"),
        "rejected": _("  rejected"),
        "waiting": _("waiting for a place"),
        "near_duplicates": _("looking alike"),
        "personal_notes": _("notes with personal data"),
    }


@batch.command(
    "export",
    help=_(
        "Write the incidents of import NUMBER as a table (CSV or XLSX), with all their columns but "
        "the notes: these may hold personal data and are written with --with-notes only."
    ),
)
@click.argument("number", type=int)
@click.option(
    "--out",
    "out",
    required=True,
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help=_("Where to; the ending says whether it is .csv or .xlsx."),
)
@click.option("--with-notes", is_flag=True, help=_("Write the notes too."))
@shared_options
@reports_errors
def export_command(number: int, out: Path, with_notes: bool) -> None:
    """Write one import as a table."""
    n_rows = export_batch(open_workspace(), number, out, with_notes=with_notes)
    if shared().as_json:
        print_json({"batch": number, "file": str(out), "incidents": n_rows, "notes": with_notes})
        return
    say(
        ngettext(
            "{n} incident is written to {path}", "{n} incidents are written to {path}", n_rows
        ).format(n=format_number(n_rows), path=out)
    )


@batch.command(
    "undo",
    help=_(
        "Undo import NUMBER: all reads as if its file had never been imported. What other imports "
        "say of the same incidents stays, and so do the decisions of persons."
    ),
)
@click.argument("number", type=int)
@click.option("--yes", is_flag=True, help=_("Do not ask."))
@click.option("--dry-run", is_flag=True, help=_("Say what would happen, change nothing."))
@shared_options
@reports_errors
def undo_command(number: int, yes: bool, dry_run: bool) -> None:
    """Undo one import."""
    workspace, user = open_workspace(), current_user()
    as_json = shared().as_json
    if not yes or dry_run:
        trial = undo_batch(workspace, number, user=user, dry_run=True)
        if as_json and dry_run:
            print_json(trial.to_dict())
        elif not as_json:
            for line in trial.lines():
                say(line)
        if dry_run:
            return
        if as_json or not is_terminal():
            raise ParameterError(
                _("nothing was changed; to undo import {number} give --yes").format(number=number)
            )
        if not click.confirm(_("Undo it?"), default=False):
            say(_("Nothing was changed."))
            return
    undone = undo_batch(workspace, number, user=user)
    if as_json:
        print_json(undone.to_dict())
        return
    for line in undone.lines():
        say(line)
