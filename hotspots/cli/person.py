"""`hotspots person`: what is said of one person, given out and erased at their request."""

import sys
from pathlib import Path
from typing import Final

import click

from hotspots.accounts.audit import DELETION, EXPORT, NOTES_VIEWED
from hotspots.cells import printable
from hotspots.cli.common import (
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
from hotspots.periods import parse_day
from hotspots.persons import (
    Found,
    Wanted,
    digest_of,
    erase_mentions,
    find_mentions,
    where_label,
    write_mentions,
)
from hotspots.persons.exporting import FORMATS
from hotspots.settings import Workspace
from hotspots.users import current_user

_FORMS_SHOWN: Final = 12


def _ask_text(_context: click.Context, _argument: click.Parameter, value: str) -> str:
    """Return what is looked for; "-" asks for it, so that no list of commands keeps a name."""
    if value != "-":
        return value
    if sys.stdin.isatty():
        return str(click.prompt(_("Look for"), err=True))
    return sys.stdin.readline().strip()


_text = click.argument("text", callback=_ask_text)
_exact = click.option(
    "--exact", is_flag=True, help=_("Only these words, without other Czech endings.")
)


@click.group(
    "person",
    help=_(
        "Find what is said of one person, write it to a file for them, or erase it: requests under "
        "data protection. Every use is put into the audit record, without the words looked for. "
        "TEXT may be - to be asked for it, so that the shell keeps no name."
    ),
)
@shared_options
def person() -> None:
    """Group the commands."""


@person.command(
    "find",
    help=_(
        "Show every text that speaks of TEXT, such as a name, in any of its Czech forms: notes, "
        "places, decisions, former versions, lists of rejected rows, files that wait."
    ),
)
@_text
@_exact
@shared_options
@reports_errors
def find_command(text: str, exact: bool) -> None:
    """Show the mentions of one person."""
    workspace = open_workspace()
    found = find_mentions(workspace, Wanted.parse(text, exact=exact))
    _record_before(workspace, NOTES_VIEWED, found, what="find_person", page="person")
    if shared().as_json:
        print_json(found.to_dict())
        return
    _say_forms(found)
    last = ""
    for one in found.mentions:
        if one.incident_id and one.incident_id != last:
            day = format_day(parse_day(one.day)) if one.day else _("day unknown")
            say()
            say(f"{printable(one.incident_id)}  {day}")
        elif not one.incident_id and last:
            say()
        last = one.incident_id
        before, mention, after = one.context
        keeper = f" ({printable(one.file)})" if one.file else ""
        say(f"  {where_label(one)}{keeper}: {printable(f'{before}»{mention}«{after}')}")
        if one.is_left:
            say("    " + _("erasing leaves this: a person has to change it"))
    say()
    say(_summary(found))
    if found.n_backups:
        say(
            ngettext(
                "{n} backup was not searched.", "{n} backups were not searched.", found.n_backups
            ).format(n=format_number(found.n_backups))
        )


@person.command(
    "export",
    help=_("Write every text that speaks of TEXT to a file: for a person who asks what is kept."),
)
@_text
@click.option(
    "--out",
    "out",
    required=True,
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help=_("Where to; the ending says whether it is .csv or .json."),
)
@_exact
@shared_options
@reports_errors
def export_command(text: str, out: Path, exact: bool) -> None:
    """Write the mentions of one person to a file."""
    form = out.suffix.lower().removeprefix(".")
    if form not in FORMATS:
        raise ParameterError(_("write a file that ends in .csv or .json"))
    workspace = open_workspace()
    found = find_mentions(workspace, Wanted.parse(text, exact=exact))
    _record_before(workspace, EXPORT, found, what="export_person", page="person", format=form)
    write_mentions(found, out)
    if shared().as_json:
        print_json({"file": str(out), "mentions": len(found.mentions)})
        return
    _say_forms(found)
    say(_summary(found))
    say(_("It is written to {path}, readable by you only.").format(path=printable(str(out))))
    say(_("Look through it before you give it out: it may speak of other people too."))


@person.command(
    "erase",
    help=_(
        "Put [vymazáno] in place of every mention of TEXT, in all copies, and keep these texts out "
        "when the same file is imported again. Counts and positions stay. Make a backup before; "
        "backups still hold the texts."
    ),
)
@_text
@click.option(
    "--incident",
    "incidents",
    multiple=True,
    metavar="ID",
    help=_("Only in this incident, such as apk:17; may be given several times."),
)
@click.option("--whole-note", is_flag=True, help=_("Erase notes that speak of it whole."))
@click.option(
    "--keep-places",
    is_flag=True,
    help=_("Leave texts of places: a street may bear the same name."),
)
@_exact
@click.option("--dry-run", is_flag=True, help=_("Say what would happen, change nothing."))
@click.option("--yes", is_flag=True, help=_("Do not ask."))
@shared_options
@reports_errors
def erase_command(
    text: str,
    incidents: tuple[str, ...],
    whole_note: bool,
    keep_places: bool,
    exact: bool,
    dry_run: bool,
    yes: bool,
) -> None:
    """Erase the mentions of one person."""
    workspace, user = open_workspace(), current_user()
    wanted = Wanted.parse(text, exact=exact)
    chosen = incidents or None
    as_json = shared().as_json
    if not yes or dry_run:
        trial = erase_mentions(
            workspace,
            wanted,
            user=user,
            incidents=chosen,
            whole_note=whole_note,
            keep_places=keep_places,
            dry_run=True,
        )
        if as_json and dry_run:
            print_json(trial.to_dict())
        elif not as_json:
            for line in trial.lines():
                say(line)
        if dry_run:
            return
        if as_json or not sys.stdin.isatty():
            raise ParameterError(_("nothing was changed; to erase it give --yes"))
        if not click.confirm(_("Erase it? It cannot be undone."), default=False):
            say(_("Nothing was changed."))
            return
    done = erase_mentions(
        workspace,
        wanted,
        user=user,
        incidents=chosen,
        whole_note=whole_note,
        keep_places=keep_places,
    )
    told: dict[str, object] = {"search": digest_of(workspace, text), **done.numbers()}
    record(workspace, DELETION, "", what="erase_person", **told)
    if as_json:
        print_json(done.to_dict())
        return
    for line in done.lines():
        say(line)


def _record_before(
    workspace: Workspace, action: str, found: Found, *, what: str, **details: object
) -> None:
    """Record what is about to be shown, with a digest of the words looked for in their place."""
    told: dict[str, object] = {
        "search": digest_of(workspace, found.wanted.text),
        "texts": len(found.mentions),
        "incidents": len(found.incidents),
    }
    if not record(workspace, action, "", what=what, **details, **told):
        raise StoreError(_("texts are not given out without a line in the audit record"))


def _say_forms(found: Found) -> None:
    forms = found.wanted.forms
    shown = ", ".join(printable(form) for form in forms[:_FORMS_SHOWN])
    more = len(forms) - _FORMS_SHOWN
    if more > 0:
        shown += " " + ngettext("and {n} more", "and {n} more", more).format(n=format_number(more))
    say(_("Looked for: {forms}").format(forms=shown))
    if found.found_forms:
        say(
            _("Found: {forms}").format(
                forms=", ".join(
                    f"{printable(form)} ({format_number(n)})"
                    for form, n in found.found_forms[:_FORMS_SHOWN]
                )
            )
        )


def _summary(found: Found) -> str:
    n = len(found.mentions)
    if not n:
        return _("No text speaks of it.")
    return ngettext(
        "{n} text speaks of it; incidents: {incidents}.",
        "{n} texts speak of it; incidents: {incidents}.",
        n,
    ).format(n=format_number(n), incidents=format_number(len(found.incidents)))
