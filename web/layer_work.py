"""What the jobs of the page of layers do: one library call each, told as an outcome."""

from datetime import date
from pathlib import Path

from hotspots.analysis.replacement import say_gone, what_would_move
from hotspots.i18n import _, format_day, format_number
from hotspots.layers.change import LayerChange
from hotspots.layers.checks.placement_words import placement_lines
from hotspots.layers.checks.repairs import repair_layers
from hotspots.layers.fetch import fetch_layers
from hotspots.layers.held import list_losses, say_losses
from hotspots.layers.importing import ImportOptions, import_layers
from hotspots.layers.versions import place_anew, placement, use_version
from hotspots.progress import Report
from hotspots.settings import Workspace
from hotspots.store import Store
from web.jobs import Outcome, Tell
from web.layer_facts import describe_layers, layer_label
from web.layer_forms import RESIDENTS, FetchForm, ImportForm
from web.layer_parts import problem_line


def import_files(
    workspace: Workspace, files: tuple[Path, ...], form: ImportForm, report: Report, tell: Tell
) -> Outcome:
    """Import files."""
    change = import_layers(
        workspace,
        files,
        options=ImportOptions(
            as_kind=None if form.as_kind in {"", RESIDENTS} else form.as_kind,
            layer=form.layer or None,
            name_column=form.name_column or None,
            code_column=form.code_column or None,
            residents_column=form.residents_column or None,
            crs=form.crs or None,
            year=form.year,
            re_place=form.re_place,
            repair=form.repair,
            with_errors=form.with_errors,
            dry_run=form.dry_run,
            example=form.example,
            municipality=form.municipality or None,
        ),
        allow_other_town=form.allow_other_town,
        report=report,
    )
    tell(**_versions(change))
    return _tell_change(workspace, change)


def fetch(workspace: Workspace, form: FetchForm, report: Report, tell: Tell) -> Outcome:
    """Fetch the official layers."""
    change = fetch_layers(
        workspace,
        municipality=form.municipality,
        allow_other_town=form.allow_other_town,
        re_place=form.re_place,
        repair=form.repair,
        with_errors=form.with_errors,
        report=report,
    )
    tell(**_versions(change))
    return _tell_change(workspace, change)


def repair(workspace: Workspace, codes: tuple[str, ...], report: Report, tell: Tell) -> Outcome:
    """Make the safe repairs chosen."""
    report(_("repairing the layers"), 0.1)
    version = repair_layers(workspace, codes)
    tell(version=version.version_id)
    return _now_in_force(
        workspace,
        _("The layers are repaired; version {id} is in force.").format(id=version.version_id),
    )


def use(workspace: Workspace, version_id: int, report: Report, _tell: Tell) -> Outcome:
    """Put a version in force."""
    report(_("switching the layers"), 0.1)
    lost = say_losses(workspace, list_losses(workspace, version_id))
    version = use_version(workspace, version_id)
    return _now_in_force(
        workspace,
        _("Version {id} is in force.").format(id=version.version_id),
        notes=(lost,) if lost else (),
    )


def place(workspace: Workspace, since: date | None, report: Report, _tell: Tell) -> Outcome:
    """Place incidents anew by the layers in force."""
    report(_("placing incidents anew"), 0.1)
    place_anew(workspace, since=since)
    if since is None:
        sentence = _("All incidents are placed by the layers in force.")
    else:
        sentence = _("Incidents from {day} on are placed by the layers in force.").format(
            day=format_day(since)
        )
    return _now_in_force(workspace, sentence)


def _versions(change: LayerChange) -> dict[str, int | None]:
    """Return the numbers of the versions that a change leads to and from."""
    return {
        "version": change.version.version_id if change.version else None,
        "before": change.before.version_id if change.before else None,
    }


def _now_in_force(workspace: Workspace, sentence: str, notes: tuple[str, ...] = ()) -> Outcome:
    return Outcome(
        sentence=sentence,
        notes=notes,
        lines=(describe_layers(workspace).sentence,),
        placed=placement_lines(placement(workspace)),
    )


def _tell_change(workspace: Workspace, change: LayerChange) -> Outcome:
    """Return what an import or a fetch has changed, or would change."""
    if change.version is None:
        sentence = _("This was a trial: nothing has changed.")
    else:
        sentence = describe_layers(workspace).sentence
    return Outcome(
        sentence=sentence,
        changed=change.version is not None,
        numbers=tuple((layer_label(n.kind), n.before, n.after) for n in change.numbers),
        lines=_moved_lines(change),
        notes=(*change.notes, *_gone_lines(workspace, change)),
        problems=tuple(problem_line(problem) for problem in change.problems),
        placed=placement_lines(placement(workspace)) if change.version is not None else (),
    )


def _gone_lines(workspace: Workspace, change: LayerChange) -> tuple[str, ...]:
    """Return how many incidents that should keep their place cannot, since its area is gone."""
    if change.version is None or change.kept_until is None:
        return ()
    with Store.open(workspace) as store:
        return say_gone(what_would_move(store, workspace))


def _moved_lines(change: LayerChange) -> tuple[str, ...]:
    """Return which layers have new areas or have lost some, by their ids."""
    return tuple(
        _("{layer}: {new} new, {gone} gone.").format(
            layer=layer_label(number.kind),
            new=format_number(number.n_new),
            gone=format_number(number.n_gone),
        )
        for number in change.numbers
        if number.before and (number.n_new or number.n_gone)
    )
