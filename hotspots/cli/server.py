"""`hotspots serve` and `hotspots demo`: the pages in a browser on this machine."""

import ipaddress
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
from hotspots.cli.first_link import local_address, say_first_link
from hotspots.demo import make_demo_workspace
from hotspots.errors import ParameterError
from hotspots.i18n import _
from hotspots.settings import Workspace

DEFAULT_PORT = 8000
F = TypeVar("F", bound=Callable[..., Any])


def _has_screen() -> bool:
    if sys.platform in {"win32", "darwin"}:
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def is_loopback(host: str) -> bool:
    """Return whether only programs of this machine reach what listens on `host`."""
    name = host.strip().strip("[]").lower()
    if name == "localhost":
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def _serve(
    workspace: Workspace,
    *,
    host: str,
    port: int,
    open_browser: bool,
    is_demo: bool = False,
    proxy: tuple[str, str, bool] | None = None,
    log_format: str = "text",
) -> None:
    from web import create_app  # here, because the other commands need no Flask
    from web import serve as serve_app
    from web.front import Proxy
    from web.job_process import JobProcess
    from web.logs import start_logging

    front = None
    if proxy is not None:
        address, public_name, is_tls = proxy
        front = Proxy(address, public_name, is_tls)
    # A stop by the system ends as Ctrl+C does, so that a temporary workspace is removed.
    signal.signal(signal.SIGTERM, lambda _number, _frame: sys.exit(0))
    start_logging(log_format)
    app = create_app(workspace, open_access=is_demo, runner=JobProcess(log_format))
    if not is_demo:
        say_first_link(workspace, local_address(host, port) if front is None else front.url)
    if open_browser and front is None and _has_screen():
        Timer(1.5, webbrowser.open, args=(f"http://{host}:{port}/",)).start()
    serve_app(app, host=host, port=port, proxy=front)


def server_options(command: F) -> F:
    """Give a command `--host`, `--port`, `--log-format` and `--no-browser`."""
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
    command = click.option(
        "--log-format",
        type=click.Choice(["text", "json"]),
        default="text",
        show_default=True,
        help=_("Form of the lines about requests and faults on standard error."),
    )(command)
    return click.option("--no-browser", is_flag=True, help=_("Do not open a browser window."))(
        command
    )


@click.command(help=_("Serve the workspace's pages, on this machine only unless --host says more."))
@server_options
@click.option(
    "--behind-proxy",
    is_flag=False,
    flag_value="127.0.0.1",
    metavar="[ADDRESS]",
    help=_(
        "nginx, Caddy or the like stands before the server and speaks HTTPS; it connects from "
        "ADDRESS (127.0.0.1 unless given), and only what comes from there is believed."
    ),
)
@click.option("--public-name", metavar="NAME", help=_("The name that browsers ask the proxy for."))
@click.option(
    "--without-tls",
    is_flag=True,
    help=_("Serve other machines without HTTPS: passwords travel so that others can read them."),
)
@shared_options
@reports_errors
def serve(
    host: str,
    port: int,
    no_browser: bool,
    log_format: str,
    behind_proxy: str | None,
    public_name: str | None,
    without_tls: bool,
) -> None:
    """Serve the chosen workspace."""
    _require_shelter(
        host, behind_proxy=behind_proxy, public_name=public_name, without_tls=without_tls
    )
    proxy = None
    if behind_proxy is not None and public_name is not None:
        proxy = (behind_proxy, public_name, not without_tls)
    workspace = open_workspace()
    if without_tls:
        say(_("Warning: without HTTPS, passwords and pages can be read on their way."), error=True)
    _serve(
        workspace,
        host=host,
        port=port,
        open_browser=not no_browser,
        proxy=proxy,
        log_format=log_format,
    )


def _require_shelter(
    host: str, *, behind_proxy: str | None, public_name: str | None, without_tls: bool
) -> None:
    """Raise `ParameterError` where the options would let passwords travel readable, or disagree."""
    if behind_proxy is not None and public_name is None:
        raise ParameterError(
            _(
                "--behind-proxy needs --public-name NAME, the name that browsers ask the proxy "
                "for, such as mapa.mesto.cz"
            )
        )
    if public_name is not None and behind_proxy is None:
        raise ParameterError(
            _(
                "--public-name is the proxy's name and needs --behind-proxy; without a proxy the "
                "server goes by the name of --host"
            )
        )
    if without_tls or behind_proxy is not None or is_loopback(host):
        return
    raise ParameterError(
        _(
            "--host {host} would let other machines sign in without HTTPS, and passwords could be "
            "read on their way. Put nginx or Caddy before the server and start it with "
            "--behind-proxy and --public-name NAME (docs/operations.md), or say --without-tls if "
            "that is meant"
        ).format(host=host)
    )


@click.command(
    help=_("Serve a temporary workspace: Jeseník's layers with made-up sample incidents.")
)
@server_options
@shared_options
@reports_errors
def demo(host: str, port: int, no_browser: bool, log_format: str) -> None:
    """Make a temporary workspace, serve it, and remove it at the end."""
    if not is_loopback(host):
        raise ParameterError(
            _(
                "the demonstration has no accounts and is shown on this machine only; leave out "
                "--host {host}, or serve a workspace: hotspots serve"
            ).format(host=host)
        )
    with tempfile.TemporaryDirectory(prefix="hotspots-demo-") as directory:
        say(_("Preparing sample incidents (made up) on the streets of Jeseník …"))
        workspace = make_demo_workspace(Path(directory) / "workspace")
        _serve(
            workspace,
            host=host,
            port=port,
            open_browser=not no_browser,
            is_demo=True,
            log_format=log_format,
        )
