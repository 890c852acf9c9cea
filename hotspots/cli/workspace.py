"""`hotspots init`: make a workspace."""

from pathlib import Path

import click

from hotspots.cli.common import print_json, reports_errors, say, shared, shared_options
from hotspots.i18n import _
from hotspots.layers import LAYERS_FILE
from hotspots.settings import Settings
from hotspots.workspace_init import init_workspace


@click.command(
    help=_(
        "Make a workspace: database, settings, layers. Jeseník's layers come with the program; "
        "those of another town are fetched or imported next."
    )
)
@click.argument("path", required=False, type=click.Path(path_type=Path, file_okay=False))
@click.option(
    "--municipality",
    metavar="CODE",
    help=_("The town's code (ZÚJ), six digits; Jeseník, 536385, unless given."),
)
@click.option("--town", metavar="NAME", help=_("The town's name; layers bring it otherwise."))
@shared_options
@reports_errors
def init(path: Path | None, municipality: str | None, town: str | None) -> None:
    """Make a workspace at PATH, or at `--workspace`."""
    target = path or shared().workspace
    usual = Settings()
    settings = None
    if municipality or town:
        code = municipality or usual.municipality
        # A town is called by its code until its layers bring its name.
        name = town or (usual.town if code == usual.municipality else code)
        settings = Settings(municipality=code, town=name)
    workspace = init_workspace(target, settings=settings)
    has_layers = (workspace.layers / LAYERS_FILE).is_file()
    if shared().as_json:
        print_json(
            {
                "workspace": str(workspace.path),
                "town": workspace.settings.town,
                "municipality": workspace.settings.municipality,
                "layers": has_layers,
            }
        )
        return
    say(_("Workspace {path} is ready: {town}.").format(path=target, town=workspace.settings.town))
    if has_layers:
        say(_("Next: hotspots import FILE --workspace {path}").format(path=target))
        return
    say(
        _("The workspace has no layers yet. Next: hotspots layers fetch --workspace {path}").format(
            path=target
        )
    )
    say(
        _("or, without internet: hotspots layers import FILE --workspace {path}").format(
            path=target
        )
    )
