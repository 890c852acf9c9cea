"""`hotspots layers`: what is in force, its checks, its history, and by which versions we place."""

from dataclasses import asdict
from typing import Any

import click
from rich.table import Table

from hotspots import schema
from hotspots.accounts.audit import DONE, LAYERS
from hotspots.analysis.kinds import boundaries_label, kind_label, layer_label
from hotspots.analysis.replacement import Replacement, say_gone, what_would_move
from hotspots.cli.common import (
    EXIT_FAILED,
    console,
    open_workspace,
    print_json,
    reports_errors,
    say,
    say_problem,
    shared,
    shared_options,
)
from hotspots.cli.layers_bring import fetch, import_files
from hotspots.cli.recording import record
from hotspots.errors import NotFoundError
from hotspots.i18n import _, format_number, ngettext
from hotspots.layers import read_areas, remake_streets
from hotspots.layers.checks.comparison import compare_versions, describe_version
from hotspots.layers.checks.diagnosis import Problem, check_layers
from hotspots.layers.checks.placement_words import placement_lines
from hotspots.layers.checks.repairs import PlannedRepair, plan_repairs, repair_layers
from hotspots.layers.held import list_losses, say_losses
from hotspots.layers.versions import (
    PlacedSince,
    current_version,
    is_hand_edited,
    list_versions,
    place_anew,
    placement,
    use_version,
)
from hotspots.periods import parse_day
from hotspots.settings import Workspace
from hotspots.store import Store


@click.group(help=_("The map layers: bring them in, check them, choose the version in force."))
@shared_options
def layers() -> None:
    """Group of the layer commands."""


layers.add_command(import_files)
layers.add_command(fetch)


@layers.command(
    "list", help=_("List the layers in force: how many areas each has, and where they come from.")
)
@shared_options
@reports_errors
def list_layers() -> None:
    """List each kind of area."""
    workspace = open_workspace()
    version = current_version(workspace)
    found = []
    for kind in schema.AREA_KINDS:
        try:
            areas = read_areas(workspace, kind)
        except NotFoundError:
            continue
        found.append(
            {
                "kind": kind,
                "areas": len(areas),
                "derived": bool(areas[schema.DERIVED].any()),
                "boundaries": boundaries_label(
                    kind,
                    derived=bool(areas[schema.DERIVED].any()),
                    precision_m=float(areas[schema.PRECISION_M].max()),
                    sources=areas[schema.LAYER_SOURCE].dropna().astype(str),
                ),
                "residents": int(areas[schema.RESIDENTS].notna().sum()),
                "source": "; ".join(sorted(set(areas[schema.LAYER_SOURCE].astype(str)))),
            }
        )
    if shared().as_json:
        print_json({"version": version.version_id, "town": version.town, "layers": found})
        return
    say(_("In force: {version}").format(version=describe_version(version)))
    if is_hand_edited(workspace) and version.version_id:
        say(_("The layers were edited by hand since then."))
    table = Table(box=None, pad_edge=False)
    table.add_column(_("kind"))
    table.add_column(_("areas"), justify="right")
    table.add_column(_("boundaries"))
    table.add_column(_("source"))
    for row in found:
        table.add_row(
            kind_label(str(row["kind"])),
            format_number(int(str(row["areas"]))),
            str(row["boundaries"]) if row["areas"] else "–",
            str(row["source"]),
        )
    console().print(table)


@layers.command(
    "check",
    help=_("Name what is wrong with the layers in force, and how to mend it; 1 if any error."),
)
@click.option(
    "--repair", is_flag=True, help=_("Show the safe repairs, and make them if you agree.")
)
@click.option("--yes", is_flag=True, help=_("Agree to the repairs without being asked."))
@shared_options
@reports_errors
def check(repair: bool, yes: bool) -> None:
    """Check the layers in force."""
    workspace = open_workspace()
    if repair and not _repair(workspace, agreed=yes):
        return
    problems = check_layers(workspace)
    if shared().as_json:
        print_json([_as_json(problem) for problem in problems])
    else:
        _print_problems(problems)
    if any(problem.severity == "error" for problem in problems):
        raise SystemExit(EXIT_FAILED)


def _repair(workspace: Workspace, *, agreed: bool) -> bool:
    """Make the safe repairs if the user agrees; return whether to go on to the check."""
    planned = plan_repairs(workspace)
    safe = [plan for plan in planned if not plan.refused]
    if shared().as_json:
        if not agreed:
            print_json([_as_json(plan) for plan in planned])
            return False
    else:
        for plan in planned:
            if plan.refused:
                say(_("Not safe: {text}").format(text=plan.text))
        say(_("These repairs are safe:") if safe else _("There is nothing to repair safely."))
        for plan in safe:
            say(f"  {plan.text}")
        if safe and not agreed and not click.confirm(_("Make them?"), default=False):
            say(_("Nothing was changed."))
            return False
    if safe:
        codes = sorted({plan.code for plan in safe})
        version = repair_layers(workspace, codes)
        made = version.version_id
        record(workspace, LAYERS, what="repair", state=DONE, repairs=codes, version=made)
        if not shared().as_json:
            say(_("In force: {version}").format(version=describe_version(version)))
    return True


def _as_json(found: Problem | PlannedRepair) -> dict[str, Any]:
    return asdict(found)


def _print_problems(problems: tuple[Problem, ...]) -> None:
    for problem in problems:
        say_problem(problem)
    if not problems:
        say(_("Nothing is wrong with the layers in force."))


@layers.command("history", help=_("List the versions of the layers, or what differs between two."))
@click.option(
    "--diff", nargs=2, type=int, metavar="OLD NEW", help=_("Compare two versions by number.")
)
@shared_options
@reports_errors
def history(diff: tuple[int, int] | None) -> None:
    """List versions, or compare two."""
    workspace = open_workspace()
    if diff:
        differences = compare_versions(workspace, *diff)
        if shared().as_json:
            print_json([asdict(difference) for difference in differences])
            return
        for difference in differences:
            say(f"{layer_label(difference.kind)}:")
            for line in difference.lines():
                say(f"  {line}")
        return
    current = current_version(workspace)
    order = placement(workspace)
    known = list_versions(workspace)
    if shared().as_json:
        print_json(
            {
                "in_force": current.version_id,
                "versions": [{n: getattr(v, n) for n in v.__dataclass_fields__} for v in known],
                "placement": [{"version_id": p.version_id, "since": p.since} for p in order],
            }
        )
        return
    for version in known:
        mark = "*" if version.version_id == current.version_id else " "
        say(f"{mark} {describe_version(version)}")
        for source in version.sources:
            say(f"    {source.name} · {source.citation}")
    _print_placement(order)


def _print_placement(order: tuple[PlacedSince, ...]) -> None:
    for line in placement_lines(order):
        say(line)


@layers.command("use", help=_("Put version VERSION (a number of `history`) in force."))
@click.argument("version", type=int)
@shared_options
@reports_errors
def use(version: int) -> None:
    """Put a version in force in the place of the present one."""
    workspace = open_workspace()
    losses = list_losses(workspace, version)
    lost = say_losses(workspace, losses)
    before = current_version(workspace).version_id
    chosen = use_version(workspace, version)
    said = {"version": chosen.version_id, "before": before}
    record(workspace, LAYERS, "", what="use", state=DONE, **said)
    if shared().as_json:
        gone = [asdict(loss) for loss in losses]
        print_json({"version": chosen.version_id, "no_longer_in_force": gone})
        return
    say(_("In force: {version}").format(version=describe_version(chosen)))
    if lost:
        say(lost)
    _print_placement(placement(workspace))


@layers.command(
    "place",
    help=_(
        "Place old incidents anew by the layers in force: all of them, or those from a day on. "
        "Without this they keep the area they had in the layers of their time."
    ),
)
@click.option(
    "--from",
    "since",
    metavar="DAY",
    help=_("First day of the incidents to place anew, such as 2024-01-01."),
)
@click.option("--dry-run", is_flag=True, help=_("Say what would move; change nothing."))
@shared_options
@reports_errors
def place(since: str | None, dry_run: bool) -> None:
    """Place incidents by the version in force."""
    workspace = open_workspace()
    first = parse_day(since) if since else None
    with Store.open(workspace) as store:
        moved = what_would_move(store, workspace, since=first)
    order = placement(workspace) if dry_run else place_anew(workspace, since=first)
    if not dry_run:
        record(workspace, LAYERS, what="place", state=DONE, since=first)
    if shared().as_json:
        print_json(
            {
                "n_incidents": moved.n_incidents,
                "moved": [{n: getattr(m, n) for n in m.__dataclass_fields__} for m in moved.kinds],
                "placement": [{"version_id": p.version_id, "since": p.since} for p in order],
            }
        )
        return
    print_moves(moved, would=dry_run)
    if not dry_run:
        _print_placement(order)


def print_moves(moved: Replacement, *, would: bool) -> None:
    """Print how many incidents move between areas of each kind."""
    if not moved.n_incidents:
        say(_("No incident is placed by earlier layers."))
        return
    text = (
        ngettext(
            "{n} incident is placed by earlier layers. If it is placed anew:",
            "{n} incidents are placed by earlier layers. If they are placed anew:",
            moved.n_incidents,
        )
        if would
        else ngettext(
            "{n} incident was placed by earlier layers and is placed anew:",
            "{n} incidents were placed by earlier layers and are placed anew:",
            moved.n_incidents,
        )
    )
    say(text.format(n=format_number(moved.n_incidents)))
    for move in moved.kinds:
        say(
            _(
                "  {kind}: change their area {changed}, enter one {entered}, leave theirs {left}"
            ).format(
                kind=kind_label(move.kind),
                changed=format_number(move.n_changed),
                entered=format_number(move.n_entered),
                left=format_number(move.n_left),
            )
        )
    for line in say_gone(moved):
        say(f"  {line}")


@layers.command(
    "remake", help=_("Make street areas and segments anew after changing their settings.")
)
@shared_options
@reports_errors
def remake() -> None:
    """Apply `street_reach_m` and `segment_length_m` of the settings."""
    workspace = open_workspace()
    remake_streets(workspace)
    record(workspace, LAYERS, what="remake", state=DONE)
    n = len(read_areas(workspace, schema.SEGMENT))
    if shared().as_json:
        print_json({"kind": schema.SEGMENT, "areas": n})
        return
    say(_("Street segments in force: {n}.").format(n=format_number(n)))
    order = placement(workspace)
    if len(order) > 1:
        _print_placement(order)
