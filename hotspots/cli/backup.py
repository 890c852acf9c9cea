"""`hotspots backup` and `hotspots restore`: a whole workspace in one file, and back."""

from pathlib import Path

import click

from hotspots.backup import make_backup, restore_backup
from hotspots.cli.common import (
    open_workspace,
    print_json,
    reporting,
    reports_errors,
    say,
    shared,
    shared_options,
)
from hotspots.i18n import _, format_number, ngettext


@click.command(
    help=_(
        "Copy the whole workspace into one ZIP while others work with it: incidents, accounts, "
        "audit record, layers, mappings, settings. It is read back before it takes its name. The "
        "key of the sessions is left out, so everybody signs in anew after a restore."
    )
)
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help=_("Where to; otherwise into the workspace's directory backups, named by the moment."),
)
@click.option(
    "--keep",
    type=click.IntRange(1, 10_000),
    metavar="N",
    help=_("Afterwards remove all but the N newest backups in the workspace."),
)
@shared_options
@reports_errors
def backup(out: Path | None, keep: int | None) -> None:
    """Make a backup of the chosen workspace."""
    with reporting() as report:
        made = make_backup(open_workspace(), out=out, keep=keep, report=report)
    if shared().as_json:
        print_json(
            {
                "file": str(made.path),
                "bytes": made.size,
                "made_at": made.manifest.made_at,
                "counts": dict(made.manifest.counts),
                "removed": [str(path) for path in made.removed],
                "audit_break": made.audit_break,
            }
        )
        return
    n = made.manifest.counts.get("incidents", 0)
    say(
        ngettext(
            "{path}: {n} incident, {size} MB, read back and compared",
            "{path}: {n} incidents, {size} MB, read back and compared",
            n,
        ).format(path=made.path, n=format_number(n), size=format_number(made.size / 1e6, digits=1))
    )
    for path in made.removed:
        say(_("Removed the older backup {path}").format(path=path))
    say(_("It holds personal data and password hashes: keep it where only you can read it."))
    if made.audit_break is not None:
        say(
            _(
                "Warning: the audit record was changed by other means at line {n}. Older backups "
                "were kept, since one of them may hold it as it was. See: hotspots check"
            ).format(n=format_number(made.audit_break)),
            error=True,
        )


@click.command(
    help=_(
        "Make in DIR, which must be empty or new, the workspace that the backup FILE was made of. "
        "Every file is compared with its fingerprint, and the whole is checked."
    )
)
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.argument("directory", metavar="DIR", type=click.Path(path_type=Path, file_okay=False))
@shared_options
@reports_errors
def restore(file: Path, directory: Path) -> None:
    """Put a backup back."""
    with reporting() as report:
        restored = restore_backup(file, directory, report=report)
    counts = restored.manifest.counts
    if shared().as_json:
        print_json(
            {
                "workspace": str(directory),
                "made_at": restored.manifest.made_at,
                "counts": dict(counts),
                "check": restored.checkup.to_dict(),
            }
        )
        return
    n = counts.get("incidents", 0)
    say(
        ngettext(
            "Workspace {path} is restored: {town}, {n} incident, as of {moment}.",
            "Workspace {path} is restored: {town}, {n} incidents, as of {moment}.",
            n,
        ).format(
            path=directory,
            town=restored.workspace.settings.town,
            n=format_number(n),
            moment=restored.manifest.made_at,
        )
    )
    if not restored.checkup.is_well:
        say(
            _("The check found faults, which the backup had too. List them: {command}").format(
                command=f"hotspots check --workspace {directory}"
            ),
            error=True,
        )
    say(
        _(
            "What went after that moment is back: repeat the erasures made since, and let old "
            "incidents go again: hotspots retention run"
        )
    )
