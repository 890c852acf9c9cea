"""`hotspots batch`: what each import brought, exported as a table, and taken back whole."""

import sys
from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import click
from rich.table import Table

from hotspots.accounts.audit import DELETION, DONE, EXPORT, NOTES_VIEWED, READ_EXPORT
from hotspots.analysis.waiting import list_waiting
from hotspots.cells import printable
from hotspots.cli.common import (
    command_line,
    console,
    open_workspace,
    print_json,
    reports_errors,
    say,
    shared,
    shared_options,
)
from hotspots.cli.recording import record
from hotspots.errors import ParameterError, StoreError
from hotspots.i18n import _, format_day, format_number, ngettext
from hotspots.ingest.account import row_labels
from hotspots.ingest.batches import export_batch, undo_batch
from hotspots.store import ImportBatch, Store
from hotspots.users import current_user

_DIGITS: Final = 12
_PRAGUE: Final = ZoneInfo("Europe/Prague")
_REPORT: Final = "report"  # format of reports of the form: each is an import of its own
# SQLite takes no greater numbers, and no workspace has as many imports.
NUMBER: Final = click.IntRange(1, 2**31 - 1)


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


@dataclass(frozen=True)
class _Line:
    """A line of the list: one import, or the reports of the form of one day."""

    batches: tuple[ImportBatch, ...]  # newest first

    @property
    def numbers(self) -> str:
        """Return the numbers of its imports, those that follow each other as a span."""
        runs: list[list[int]] = []
        for number in sorted(batch.batch_id for batch in self.batches):
            if runs and number == runs[-1][1] + 1:
                runs[-1][1] = number
            else:
                runs.append([number, number])
        return ", ".join(str(a) if a == b else f"{a}–{b}" for a, b in runs)

    def sum(self, *names: str) -> int:
        """Return the sum of numbers of the accounts."""
        accounts = [batch.account_values() for batch in self.batches]
        return sum(int(account.get(name, 0)) for account in accounts for name in names)


def _lines(found: list[ImportBatch], *, each: bool) -> list[_Line]:
    """Return the lines of the list; reports of one day and source together unless `each`."""
    groups: dict[tuple[object, ...], list[ImportBatch]] = {}
    for batch in found:
        key: tuple[object, ...] = (batch.batch_id,)
        if batch.format == _REPORT and not each:
            key = (_day(batch.imported_at), batch.source_id)
        groups.setdefault(key, []).append(batch)
    return [_Line(tuple(group)) for group in groups.values()]


def _day(moment: str) -> date:
    return datetime.fromisoformat(moment).astimezone(_PRAGUE).date()


def _name(line: _Line, *, each: bool) -> str:
    first = line.batches[0]
    if first.format != _REPORT or each:
        return printable(first.file_name)
    n = len(line.batches)
    return ngettext("{n} report of {day}", "{n} reports of {day}", n).format(
        n=format_number(n), day=format_day(_day(first.imported_at))
    )


def _states(line: _Line) -> str:
    """Return the state of an import, or of several how many are undone."""
    n_undone = sum(1 for batch in line.batches if not batch.holds)
    if len(line.batches) == 1 or not n_undone:
        return _state(line.batches[0])
    return _("{n} of them undone").format(n=format_number(n_undone))


def _count_waiting(store: Store) -> Counter[int]:
    """Return how many incidents wait for a place now, by the import that told of them last."""
    return list_waiting(store).by_batch()


def _as_dict(batch: ImportBatch, *, whole: bool, n_waiting: int) -> dict[str, Any]:
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
        "waiting": n_waiting,
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
        _list(each=False)


@batch.command("list", help=_("List the imports, the newest first."))
@click.option("--all", "each", is_flag=True, help=_("Each report of the form by itself."))
@shared_options
@reports_errors
def list_command(*, each: bool) -> None:
    """List all imports."""
    _list(each=each)


def _list(*, each: bool) -> None:
    with Store.open(open_workspace()) as store:
        found = store.batches()
        n_waiting = _count_waiting(store)
    found.reverse()
    if shared().as_json:
        print_json([_as_dict(one, whole=False, n_waiting=n_waiting[one.batch_id]) for one in found])
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
    for line in _lines(found, each=each):
        newest = line.batches[0]
        table.add_row(
            line.numbers,
            _name(line, each=each),
            newest.source_id,
            _moment(newest.imported_at),
            printable(", ".join(sorted({one.user_name for one in line.batches if one.user_name}))),
            format_number(line.sum("new", "outside", "not_placed")),
            format_number(line.sum("updated")),
            format_number(sum(n_waiting[one.batch_id] for one in line.batches)),
            format_number(line.sum("rejected")),
            _states(line),
        )
    console().print(table)


@batch.command("show", help=_("Show import NUMBER: its file, mapping and account."))
@click.argument("number", type=NUMBER)
@shared_options
@reports_errors
def show_command(number: int) -> None:
    """Show one import."""
    with Store.open(open_workspace()) as store:
        one = store.batch(number)
        n_waiting = _count_waiting(store)[number]
    if shared().as_json:
        print_json(_as_dict(one, whole=True, n_waiting=n_waiting))
        return
    account = one.account_values() | {"waiting": n_waiting}
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
    return row_labels() | {
        "waiting": _("waiting for a place"),
        "near_duplicates": _("looking alike"),
        "personal_notes": _("notes with personal data"),
        "retention_deleted": _("deleted since, by retention"),
        "retention_coarsened": _("told coarsely since, by retention"),
    }


@batch.command(
    "export",
    help=_(
        "Write the incidents of import NUMBER as a table (CSV or XLSX), with all their columns but "
        "the notes: these may hold personal data and are written with --with-notes only."
    ),
)
@click.argument("number", type=NUMBER)
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
    workspace = open_workspace()
    with Store.open(workspace) as store:
        store.batch(number)  # says so if there is none
    if with_notes and not record(
        workspace, NOTES_VIEWED, out.name, what=READ_EXPORT, page="batches", batch=number
    ):
        raise StoreError(_("notes are not given out without a line in the audit record"))
    n_rows = export_batch(workspace, number, out, with_notes=with_notes)
    said = {"batch": number, "format": out.suffix[1:].lower(), "rows": n_rows, "notes": with_notes}
    record(workspace, EXPORT, out.name, page="batches", **said)
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
@click.argument("number", type=NUMBER)
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
    record(
        workspace,
        DELETION,
        undone.file,
        what="undo_import",
        state=DONE,
        batch=number,
        source=undone.source,
        withdrawn=undone.withdrawn,
        restored=undone.restored,
        kept=undone.kept,
    )
    if as_json:
        print_json(undone.to_dict())
        return
    for line in undone.lines():
        say(line)
    if undone.warnings and not undone.source_gone:
        say(_("The periods of record: {command}").format(command=command_line("sources")))
