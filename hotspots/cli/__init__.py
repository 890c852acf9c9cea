"""The command `hotspots`: one module per command, each a thin call of the library."""

import io
import sys
from collections import UserDict
from importlib import import_module
from typing import Any, Final

import click

from hotspots import __version__
from hotspots.cli.common import Shared, shared_options
from hotspots.i18n import _

# Command → module of this package and name in it.
_COMMANDS: Final = {
    "init": "workspace:init",
    "import": "import_files:import_files",
    "batch": "batch:batch",
    "sources": "sources:sources",
    "layers": "layers:layers",
    "count": "count:count",
    "changes": "changes:changes",
    "geocode": "geocode:geocode",
    "links": "links:links",
    "map": "map:map_command",
    "mapping": "mapping:mapping",
    "offences": "offences:offences",
    "serve": "server:serve",
    "demo": "server:demo",
    "user": "user:user",
    "audit": "audit:audit",
    "waiting": "waiting:waiting",
    "backup": "backup:backup",
    "restore": "backup:restore",
    "check": "check:check",
    "retention": "retention:retention",
    "person": "person:person",
}


class LazyCommands(UserDict[str, Any]):
    """Commands by name, each loaded when it is asked for, as few need all of the library."""

    def __getitem__(self, name: str) -> click.Command:
        """Return a command, loading its module."""
        command = self.data[name]
        if isinstance(command, str):
            module, _colon, attribute = command.partition(":")
            command = getattr(import_module(f"{__name__}.{module}"), attribute)
            self.data[name] = command
        assert isinstance(command, click.Command)  # noqa: S101 - of the table above
        return command


@click.group(
    commands=LazyCommands(_COMMANDS),
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


__all__ = ["main"]
