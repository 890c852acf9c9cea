"""`hotspots audit`: the record of who did what, read, checked and given out; never changed."""

from datetime import datetime
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import click
from rich.table import Table

from hotspots.accounts import Accounts, AuditEntry
from hotspots.accounts.audit import ACTIONS, EXPORT, Tail, action_label
from hotspots.accounts.audit_table import write_table
from hotspots.accounts.audit_words import details_text, who_label
from hotspots.cells import printable
from hotspots.cli.common import (
    EXIT_FAILED,
    console,
    open_workspace,
    print_json,
    reports_errors,
    say,
    shared,
    shared_options,
)
from hotspots.cli.recording import record
from hotspots.errors import StoreError
from hotspots.files import replacing
from hotspots.i18n import _, format_day, format_number, ngettext

SHOWN: Final = 50
_PRAGUE: Final = ZoneInfo("Europe/Prague")
_NUMBER: Final = click.IntRange(1, 2**31 - 1)


def _choosing(command: Any) -> Any:
    """Give a command the options that choose lines."""
    for option in (
        click.option(
            "--action", type=click.Choice(ACTIONS), default=None, help=_("Only this action.")
        ),
        click.option("--person", default="", metavar="NAME", help=_("Only what NAME did.")),
        click.option("--to", "last", default="", metavar="DAY", help=_("Last day: 2024-03-05.")),
        click.option(
            "--from", "first", default="", metavar="DAY", help=_("First day: 2024-03-05.")
        ),
    ):
        command = option(command)
    return command


def _chosen(first: str, last: str, person: str, action: str | None) -> dict[str, Any]:
    return {
        "first_day": first,
        "last_day": last,
        "user_name": person,
        "actions": (action,) if action else (),
    }


@click.group(
    invoke_without_command=True,
    help=_("Read the audit record: who did what and when. Nothing can change or remove a line."),
)
@shared_options
@click.pass_context
@reports_errors
def audit(context: click.Context) -> None:
    """List the newest lines unless a command follows."""
    if context.invoked_subcommand is None:
        _list(SHOWN, None, {})


@audit.command("list", help=_("List lines, the newest first."))
@_choosing
@click.option(
    "--limit", type=_NUMBER, default=SHOWN, show_default=True, help=_("At most so many lines.")
)
@click.option("--before", type=_NUMBER, default=None, help=_("Only lines of a smaller number."))
@shared_options
@reports_errors
def list_command(
    first: str, last: str, person: str, action: str | None, limit: int, before: int | None
) -> None:
    """List lines."""
    _list(limit, before, _chosen(first, last, person, action))


def _list(limit: int, before: int | None, chosen: dict[str, Any]) -> None:
    with Accounts.open(open_workspace()) as accounts:
        found = accounts.audit_entries(limit=limit + 1, before=before, **chosen)
    shown = found[:limit]
    if shared().as_json:
        print_json([dict(vars(entry)) for entry in shown])
        return
    if not shown:
        say(_("No such line."))
        return
    table = Table(box=None, pad_edge=False)
    table.add_column(_("line"), justify="right")
    for title in (_("when"), _("who"), _("role"), _("action"), _("what it was about")):
        table.add_column(title)
    for entry in shown:
        about = "; ".join(filter(None, (entry.subject, details_text(entry))))
        table.add_row(
            str(entry.audit_key),
            _moment(entry),
            printable(entry.user_name) or "–",
            who_label(entry),
            action_label(entry.action),
            printable(about) or "–",
        )
    console().print(table)
    if len(found) > limit:
        say(_("Older lines: --before {number}").format(number=shown[-1].audit_key))


def _moment(entry: AuditEntry) -> str:
    local = datetime.fromisoformat(entry.done_at).astimezone(_PRAGUE)
    return f"{format_day(local.date())} {local:%H:%M:%S}"


@audit.command(
    help=_(
        "Check that no line was changed, taken out or put between; ends with 1 and the line's "
        "number if one was. Note the end that it prints outside this computer: --noted shows later "
        "whether lines were cut off."
    )
)
@click.option(
    "--noted", metavar="NUMBER:DIGEST", help=_("An end of the record that was noted before.")
)
@shared_options
@reports_errors
def check(noted: str | None) -> None:
    """Check the chain of all lines."""
    expected = Tail.parse(noted) if noted is not None else None
    with Accounts.open(open_workspace()) as accounts:
        state = accounts.check_audit()
        holds = expected is None or accounts.audit_tail(expected.audit_key) == expected
    if shared().as_json:
        print_json(
            {
                "lines": state.tail.audit_key,
                "end": str(state.tail),
                "broken_at": state.broken_at,
                "noted_holds": None if expected is None else holds,
                "checked_at": state.checked_at,
            }
        )
    else:
        if state.broken_at is not None:
            say(
                _(
                    "The audit record is broken at line {n}: that line or one before it was "
                    "changed, taken out or put in by another program. Compare with a backup."
                ).format(n=state.broken_at),
                error=True,
            )
        else:
            n = state.tail.audit_key
            say(
                ngettext(
                    "The audit record is unbroken: {n} line.",
                    "The audit record is unbroken: {n} lines.",
                    n,
                ).format(n=format_number(n))
            )
            say(_("Its end, to be noted elsewhere: {end}").format(end=state.tail))
        if expected is not None and holds:
            say(_("The end noted is still in it: line {n}.").format(n=expected.audit_key))
        elif expected is not None:
            say(
                _(
                    "The end noted, line {n}, is no longer in it: lines were cut off or written "
                    "anew. Compare with a backup."
                ).format(n=expected.audit_key),
                error=True,
            )
    if state.broken_at is not None or not holds:
        raise SystemExit(EXIT_FAILED)


@audit.command(help=_("Write lines as a table (CSV) to FILE; that is recorded too."))
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@_choosing
@shared_options
@reports_errors
def export(file: Path, first: str, last: str, person: str, action: str | None) -> None:
    """Write lines to a file."""
    workspace = open_workspace()
    with Accounts.open(workspace) as accounts:
        content, n_rows = write_table(accounts, **_chosen(first, last, person, action))
    pairs = (("from", first), ("to", last), ("person", person), ("action", action or ""))
    query = "&".join(f"{name}={value}" for name, value in pairs if value)
    if not record(
        workspace, EXPORT, file.name, page="audit", format="csv", filter=query, rows=n_rows
    ):
        raise StoreError(_("the audit record is not given out without a line that says so"))
    with replacing(file) as draft:
        draft.write_bytes(content)
    if shared().as_json:
        print_json({"file": str(file), "lines": n_rows})
        return
    say(
        ngettext("{n} line is written to {path}", "{n} lines are written to {path}", n_rows).format(
            n=format_number(n_rows), path=file
        )
    )
