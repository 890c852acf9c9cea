"""`hotspots serve` and `hotspots demo`: the pages in a browser on this machine."""

import os
import signal
import sys
import tempfile
import webbrowser
from collections.abc import Callable
from pathlib import Path
from threading import Timer
from typing import Any, TypeVar

import click

from hotspots.cli.common import open_workspace, reports_errors, say, shared_options
from hotspots.demo import make_demo_workspace
from hotspots.i18n import _
from hotspots.settings import Workspace

DEFAULT_PORT = 8000
LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
F = TypeVar("F", bound=Callable[..., Any])


def _has_screen() -> bool:
    if sys.platform in {"win32", "darwin"}:
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def _serve(
    workspace: Workspace, *, host: str, port: int, open_browser: bool, is_demo: bool = False
) -> None:
    from web import create_app  # here, because the other commands need no Flask
    from web import serve as serve_app

    if host not in LOOPBACK:
        say(
            _(
                "Warning: there are no accounts yet. Whoever reaches {host}:{port} on the network "
                "sees everything."
            ).format(host=host, port=port),
            error=True,
        )
    # A stop by the system ends as Ctrl+C does, so that a temporary workspace is removed.
    signal.signal(signal.SIGTERM, lambda _number, _frame: sys.exit(0))
    app = create_app(workspace, open_access=is_demo)
    if open_browser and _has_screen():
        Timer(1.5, webbrowser.open, args=(f"http://{host}:{port}/",)).start()
    serve_app(app, host=host, port=port)


def server_options(command: F) -> F:
    """Give a command `--host`, `--port` and `--no-browser`."""
    command = click.option(
        "--host", default="127.0.0.1", show_default=True, help=_("Address to listen on.")
    )(command)
    command = click.option(
        "--port",
        type=click.IntRange(1, 65535),
        default=DEFAULT_PORT,
        show_default=True,
        help=_("Port to listen on."),
    )(command)
    return click.option("--no-browser", is_flag=True, help=_("Do not open a browser window."))(
        command
    )


@click.command(help=_("Serve the workspace's pages, on this machine only unless --host says more."))
@server_options
@shared_options
@reports_errors
def serve(host: str, port: int, no_browser: bool) -> None:
    """Serve the chosen workspace."""
    _serve(open_workspace(), host=host, port=port, open_browser=not no_browser)


@click.command(
    help=_("Serve a temporary workspace: Jeseník's layers with made-up sample incidents.")
)
@server_options
@shared_options
@reports_errors
def demo(host: str, port: int, no_browser: bool) -> None:
    """Make a temporary workspace, serve it, and remove it at the end."""
    with tempfile.TemporaryDirectory(prefix="hotspots-demo-") as directory:
        say(_("Preparing sample incidents (made up) on the streets of Jeseník …"))
        workspace = make_demo_workspace(Path(directory) / "workspace")
        _serve(workspace, host=host, port=port, open_browser=not no_browser, is_demo=True)
