"""`hotspots layers import` and `hotspots layers fetch`: bringing layers into force."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from hotspots import schema
from hotspots.accounts.audit import DONE, LAYERS
from hotspots.analysis.kinds import layer_label
from hotspots.analysis.replacement import say_gone, what_would_move
from hotspots.cli.common import (
    in_workspace,
    open_workspace,
    print_json,
    reporting,
    reports_errors,
    say,
    say_problem,
    shared,
    shared_options,
)
from hotspots.cli.recording import record
from hotspots.errors import ParameterError
from hotspots.i18n import _, format_day, format_number, ngettext
from hotspots.layers.change import LayerChange
from hotspots.layers.checks.comparison import describe_version
from hotspots.layers.fetch import fetch_layers
from hotspots.layers.importing import ImportOptions, import_layers
from hotspots.settings import Workspace
from hotspots.store import Store


def _change_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options of whatever changes the layers of the whole town."""
    for option in (
        click.option(
            "--municipality",
            metavar="CODE",
            help=_("Municipality (ZÚJ), if not the workspace's; it becomes the study area."),
        ),
        click.option(
            "--re-place",
            is_flag=True,
            help=_(
                "Place all incidents by the new layers, not only those from the day of the data on."
            ),
        ),
        click.option(
            "--repair", is_flag=True, help=_("Mend invalid polygons, saying which and how much.")
        ),
        click.option(
            "--with-errors",
            is_flag=True,
            help=_("Put official layers in force although the check finds errors in them."),
        ),
    ):
        command = option(command)
    return command


@click.command(
    "import",
    help=_(
        "Bring layers in from FILEs: RÚIAN exchange files (.xml, .xml.gz, .zip) and address "
        "lists; GeoPackage, GeoJSON or Shapefile of own areas with --as; tables of residents."
    ),
)
@click.argument(
    "files", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="FILE..."
)
@click.option(
    "--as",
    "as_kind",
    type=click.Choice([k for k in schema.AREA_KINDS if k not in {schema.GRID, schema.SEGMENT}]),
    help=_("What the areas are (or whose residents a table holds)."),
)
@click.option("--name-column", metavar="NAME", help=_("Column of the names."))
@click.option("--code-column", metavar="NAME", help=_("Column of the codes."))
@click.option("--residents-column", metavar="NAME", help=_("Column of the residents."))
@click.option("--year", type=int, help=_("Year the residents were counted in."))
@click.option("--layer", metavar="NAME", help=_("Layer of a GeoPackage, sheet of a workbook."))
@click.option(
    "--crs", metavar="CRS", help=_("Coordinate system, where the file has none or a wrong one.")
)
@click.option("--example", is_flag=True, help=_("Mark own areas as examples on every map."))
@click.option("--dry-run", is_flag=True, help=_("Say what would change; change nothing."))
@_change_options
@shared_options
@reports_errors
def import_files(files: tuple[Path, ...], municipality: str | None, **chosen: Any) -> None:
    """Bring layers in from files."""
    workspace = open_workspace()
    options = ImportOptions(municipality=municipality, **chosen)
    other = _may_change_town(workspace, municipality)
    with reporting() as report:
        change = import_layers(
            workspace, files, options=options, allow_other_town=other, report=report
        )
    names = ", ".join(file.name for file in files)
    _record(workspace, change, names, what="import", kind=options.as_kind)
    _print_change(Workspace.open(workspace.path), change)


@click.command(
    "fetch",
    help=_(
        "Fetch the newest official layers: RÚIAN from ČÚZK, streets from OpenStreetMap where "
        "RÚIAN has none. Needs internet. Without the town's file nothing changes; where addresses, "
        "districts or streets cannot be fetched, it says so and goes on without them."
    ),
)
@_change_options
@shared_options
@reports_errors
def fetch(municipality: str | None, re_place: bool, repair: bool, with_errors: bool) -> None:
    """Fetch official layers."""
    workspace = open_workspace()
    other = _may_change_town(workspace, municipality)
    with reporting() as report:
        change = fetch_layers(
            workspace,
            municipality=municipality,
            allow_other_town=other,
            re_place=re_place,
            repair=repair,
            with_errors=with_errors,
            report=report,
        )
    _record(workspace, change, "", what="fetch", municipality=municipality)
    _print_change(Workspace.open(workspace.path), change)


def _record(workspace: Workspace, change: LayerChange, subject: str, **details: object) -> None:
    """Put a change into the audit record; a trial changes nothing."""
    if change.version is None:
        return
    before = change.before.version_id if change.before else None
    versions = {"version": change.version.version_id, "before": before}
    record(workspace, LAYERS, subject, **(details | {"state": DONE} | versions))


def _may_change_town(workspace: Workspace, municipality: str | None) -> bool:
    """Return whether the study area may become another town: only if no incident is kept."""
    if municipality is None or municipality == workspace.settings.municipality:
        return False
    with Store.open(workspace) as store:
        n = sum(source.n_incidents for source in store.sources())
    if n:
        raise ParameterError(
            ngettext(
                "the workspace holds {n} incident of {town}; make one of its own for another "
                "town: hotspots init DIR --municipality {code}",
                "the workspace holds {n} incidents of {town}; make one of its own for another "
                "town: hotspots init DIR --municipality {code}",
                n,
            ).format(n=format_number(n), town=workspace.settings.town, code=municipality)
        )
    return True


def _print_change(workspace: Workspace, change: LayerChange) -> None:
    if shared().as_json:
        print_json({name: _plain(getattr(change, name)) for name in change.__dataclass_fields__})
        return
    if change.version is None:
        say(_("Dry run: nothing was changed."))
    else:
        say(_("In force: {version}").format(version=describe_version(change.version)))
    for number in change.numbers:
        say(
            _("  {kind}: {after} (before: {before})").format(
                kind=layer_label(number.kind),
                after=format_number(number.after),
                before=format_number(number.before),
            )
        )
    for note in change.notes:
        say(note)
    serious = [problem for problem in change.problems if problem.severity != "note"]
    for problem in serious:
        say_problem(problem)
    if change.version is not None and change.kept_until is not None:
        _print_kept(workspace, change)


def _print_kept(workspace: Workspace, change: LayerChange) -> None:
    with Store.open(workspace) as store:
        moved = what_would_move(store, workspace)
    if moved.n_incidents and change.kept_until is not None:
        text = ngettext(
            "{n} incident before {day} keeps the place it had in the layers of its time. "
            "To place it anew: hotspots layers place",
            "{n} incidents before {day} keep the place they had in the layers of their time. "
            "To place them anew: hotspots layers place",
            moved.n_incidents,
        ).format(n=format_number(moved.n_incidents), day=format_day(change.kept_until))
        say(in_workspace(text))
        for line in say_gone(moved):
            say(f"  {line}")


def _plain(value: Any) -> Any:
    if isinstance(value, tuple | list):
        return [_plain(item) for item in value]
    if hasattr(value, "__dataclass_fields__"):
        return {name: _plain(getattr(value, name)) for name in value.__dataclass_fields__}
    return value
