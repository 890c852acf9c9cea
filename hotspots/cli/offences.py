"""`hotspots offences`: the table that says which offence group a paragraph or wording means."""

from pathlib import Path

import click
from rich.table import Table

from hotspots.accounts.audit import SETTINGS
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
from hotspots.cli.recording import record
from hotspots.files import replacing
from hotspots.i18n import _
from hotspots.ingest.offence_table import FILE_NAME, OffenceTable, remove_own, set_own
from hotspots.offences import OFFENCE_GROUPS, OTHER_OFFENCE, offence_label


@click.group(help=_("Show, try and change what offence texts in files mean."))
@shared_options
def offences() -> None:
    """Group of commands."""


@offences.command("list", help=_("List the table: the town's own rows first."))
@click.option("--group", type=click.Choice(OFFENCE_GROUPS), help=_("Only rows of a group."))
@shared_options
@reports_errors
def list_command(group: str | None) -> None:
    """List the rows."""
    rows = [r for r in OffenceTable.of_workspace(open_workspace()).rows if group in (None, r.group)]
    if shared().as_json:
        print_json([dict(vars(row)) for row in rows])
        return
    table = Table(box=None, pad_edge=False)
    for head in (_("kind"), _("pattern"), _("law"), _("group"), _("note")):
        table.add_column(head)
    for row in rows:
        own = _("own") + ": " if row.own else ""
        table.add_row(
            row.kind, printable(row.pattern), row.law, row.group, own + printable(row.note)
        )
    console().print(table)


@offences.command(help=_("Show what TEXTs mean."))
@click.argument("texts", nargs=-1, required=True, metavar="TEXT...")
@shared_options
@reports_errors
def match(texts: tuple[str, ...]) -> None:
    """Try texts."""
    table = OffenceTable.of_workspace(open_workspace())
    out = []
    for text in texts:
        said = table.match(text)
        suggestions = tuple(
            dict.fromkeys(s for part in said.unknown or (text,) for s in table.suggest(part))
        )
        if said.groups and not said.unknown:
            suggestions = ()
        out.append(
            {
                "text": text,
                "groups": list(said.groups),
                "by": list(said.by),
                "unknown": list(said.unknown),
                "suggestions": list(suggestions),
            }
        )
        if shared().as_json:
            continue
        labels = ", ".join(offence_label(group) for group in said.groups)
        unmapped = _("unknown, counted as: {group}").format(group=offence_label(OTHER_OFFENCE))
        say(f"{text}: {labels or unmapped}")
        if said.by:
            say("    " + _("found by: {patterns}").format(patterns="; ".join(said.by)))
        if said.groups and said.unknown:
            say("    " + _("unknown part: {parts}").format(parts="; ".join(said.unknown)))
        if suggestions:
            say("    " + _("did you mean: {texts}?").format(texts=", ".join(suggestions)))
    if shared().as_json:
        print_json(out)


@offences.command("set", help=_("Let PATTERN mean GROUP in this workspace."))
@click.argument("pattern")
@click.argument("group", type=click.Choice(OFFENCE_GROUPS))
@click.option("--law", default="", metavar="LAW", help=_("Law of a paragraph, e.g. 251/2016."))
@click.option("--note", default="", help=_("A note for a reader."))
@shared_options
@reports_errors
def set_command(pattern: str, group: str, law: str, note: str) -> None:
    """Keep a row of the town's own."""
    workspace = open_workspace()
    row = set_own(workspace.path / FILE_NAME, pattern, group, law=law, note=note)
    record(workspace, SETTINGS, row.pattern, what="offence_set", group=row.group, law=row.law)
    if shared().as_json:
        print_json(dict(vars(row)))
        return
    say(_("'{pattern}' means: {group}").format(pattern=row.pattern, group=offence_label(row.group)))
    say(_("Files imported before keep what they had; import them again to change it."))


@offences.command(help=_("Remove the town's own row PATTERN; a shipped one holds again."))
@click.argument("pattern")
@shared_options
@reports_errors
def remove(pattern: str) -> None:
    """Remove a row of the town's own."""
    workspace = open_workspace()
    row = remove_own(workspace.path / FILE_NAME, pattern)
    record(workspace, SETTINGS, row.pattern, what="offence_removed", group=row.group, law=row.law)
    if shared().as_json:
        print_json(dict(vars(row)))
        return
    say(_("'{pattern}' was removed").format(pattern=row.pattern))


@offences.command(help=_("Write the table as CSV to FILE."))
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--group", type=click.Choice(OFFENCE_GROUPS), help=_("Only rows of a group."))
@shared_options
@reports_errors
def export(file: Path, group: str | None) -> None:
    """Write the rows to a file."""
    table = OffenceTable.of_workspace(open_workspace())
    with replacing(file) as draft:
        draft.write_bytes(table.to_csv(group or ""))
    if shared().as_json:
        print_json({"file": str(file)})
        return
    say(_("written: {path}").format(path=file))
