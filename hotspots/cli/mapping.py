"""`hotspots mapping`: what the columns of files mean, proposed, tried and remembered."""

from dataclasses import asdict
from pathlib import Path

import click

from hotspots import schema
from hotspots.accounts.audit import SETTINGS
from hotspots.cli.common import (
    open_workspace,
    print_json,
    reports_errors,
    say,
    shared,
    shared_options,
)
from hotspots.cli.proposing import show_preview, show_proposal
from hotspots.cli.recording import record
from hotspots.files import replacing
from hotspots.i18n import _
from hotspots.ingest.offence_table import OffenceTable
from hotspots.ingest.preview import preview_file
from hotspots.ingest.proposal import propose
from hotspots.ingest.remembered import find_named, forget_mapping, list_mappings

_FILE = click.Path(path_type=Path, dir_okay=False)


@click.group(help=_("Mappings of columns: list, show, propose, preview, forget."))
@shared_options
def mapping() -> None:
    """Group of commands."""


@mapping.command("list", help=_("List the mappings remembered."))
@shared_options
@reports_errors
def list_command() -> None:
    """List names."""
    names = list_mappings(open_workspace().mappings)
    if shared().as_json:
        print_json(list(names))
        return
    say("\n".join(names) if names else _("No mapping is remembered yet."))


@mapping.command(help=_("Show the mapping NAME as TOML."))
@click.argument("name")
@shared_options
@reports_errors
def show(name: str) -> None:
    """Show one."""
    found = find_named(open_workspace().mappings, name)
    if shared().as_json:
        print_json({"name": name, "toml": found.to_toml()})
        return
    say(found.to_toml().rstrip())


@mapping.command("propose", help=_("Propose what the columns of FILE mean."))
@click.argument("file", type=_FILE)
@click.option("--source", default="", metavar="NAME", help=_("Short name of the source."))
@click.option("--kind", type=click.Choice(schema.SOURCE_KINDS), help=_("Who recorded it."))
@click.option("--sheet", default="", metavar="NAME", help=_("Sheet of a workbook."))
@click.option("--out", type=_FILE, help=_("Write the mapping as TOML."))
@shared_options
@reports_errors
def propose_command(
    file: Path, source: str, kind: str | None, sheet: str, out: Path | None
) -> None:
    """Propose one."""
    table = OffenceTable.of_workspace(open_workspace())
    proposal = propose(file, source=source, kind=kind or "", sheet=sheet, offences=table)
    if out is not None:
        with replacing(out) as draft:
            draft.write_text(proposal.mapping.to_toml(), encoding="utf-8")
    if shared().as_json:
        print_json(
            {
                "guesses": [asdict(guess) for guess in proposal.guesses],
                "unused": list(proposal.unused),
                "questions": list(proposal.questions),
                "toml": proposal.mapping.to_toml(),
            }
        )
        return
    show_proposal(file, proposal)
    say(
        proposal.mapping.to_toml().rstrip()
        if out is None
        else _("written: {path}").format(path=out)
    )


@mapping.command(help=_("Show ten rows of FILE as an import would understand them."))
@click.argument("file", type=_FILE)
@click.option(
    "--mapping",
    "named",
    metavar="NAME|FILE",
    help=_("A remembered mapping or a TOML file; by default the proposed one."),
)
@shared_options
@reports_errors
def preview(file: Path, named: str | None) -> None:
    """Preview a file."""
    workspace = open_workspace()
    if named:
        chosen = find_named(workspace.mappings, named)
    else:
        proposal = propose(file, offences=OffenceTable.of_workspace(workspace))
        chosen = proposal.mapping
        if not shared().as_json:
            show_proposal(file, proposal)
    found = preview_file(workspace, file, chosen)
    if shared().as_json:
        print_json(asdict(found))
        return
    show_preview(found)


@mapping.command(help=_("Forget the mapping NAME; incidents stay as they are."))
@click.argument("name")
@shared_options
@reports_errors
def forget(name: str) -> None:
    """Forget one."""
    workspace = open_workspace()
    forget_mapping(workspace.mappings, name)
    record(workspace, SETTINGS, name, what="mapping_forgotten")
    if shared().as_json:
        print_json({"forgotten": name})
        return
    say(_("The mapping {name} was forgotten.").format(name=name))
