"""`hotspots init`: make a workspace with the bundled layers."""

from pathlib import Path

import click

from hotspots.cli.common import print_json, reports_errors, say, shared, shared_options
from hotspots.i18n import _
from hotspots.workspace_init import init_workspace


@click.command(help=_("Make a workspace: database, settings, bundled layers of Jeseník."))
@click.argument("path", required=False, type=click.Path(path_type=Path, file_okay=False))
@shared_options
@reports_errors
def init(path: Path | None) -> None:
    """Make a workspace at PATH, or at `--workspace`."""
    target = path or shared().workspace
    workspace = init_workspace(target)
    if shared().as_json:
        print_json({"workspace": str(workspace.path), "town": workspace.settings.town})
        return
    say(_("Workspace {path} is ready: {town}.").format(path=target, town=workspace.settings.town))
    say(_("Next: hotspots import FILE --workspace {path}").format(path=target))
