"""The command `hotspots`: one module per command, each a thin call of the library."""

import io
import sys

import click

from hotspots import __version__
from hotspots.cli.audit import audit
from hotspots.cli.backup import backup, restore
from hotspots.cli.batch import batch
from hotspots.cli.changes import changes
from hotspots.cli.check import check
from hotspots.cli.common import Shared, shared_options
from hotspots.cli.count import count
from hotspots.cli.geocode import geocode
from hotspots.cli.import_files import import_files
from hotspots.cli.layers import layers
from hotspots.cli.links import links
from hotspots.cli.map import map_command
from hotspots.cli.mapping import mapping
from hotspots.cli.offences import offences
from hotspots.cli.person import person
from hotspots.cli.retention import retention
from hotspots.cli.server import demo, serve
from hotspots.cli.sources import sources
from hotspots.cli.user import user
from hotspots.cli.waiting import waiting
from hotspots.cli.workspace import init
from hotspots.i18n import _


@click.group(
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    help=_("Incidents on the streets and districts of a town: import, count, map, serve."),
)
@click.version_option(__version__, prog_name="hotspots")
@shared_options
@click.pass_context
def main(context: click.Context) -> None:
    """Run one command."""
    for stream in (sys.stdout, sys.stderr):
        # Into a file or pipe Windows would write the old code page, which has no ř and is no JSON.
        if isinstance(stream, io.TextIOWrapper) and not stream.isatty():
            stream.reconfigure(encoding="utf-8")
    context.ensure_object(Shared)


for command in (
    init,
    import_files,
    batch,
    sources,
    layers,
    count,
    changes,
    geocode,
    links,
    map_command,
    mapping,
    offences,
    serve,
    demo,
    user,
    audit,
    waiting,
    backup,
    restore,
    check,
    retention,
    person,
):
    main.add_command(command)

__all__ = ["main"]
