"""Serving the pages with waitress."""

import errno
import socket
import sys
from typing import Any

import waitress
from flask import Flask

from hotspots.errors import HotspotsError
from hotspots.i18n import _
from web.intake import limit_bodies
from web.jobs import Jobs
from web.security import ANY_ADDRESS
from web.uploads import MAX_BYTES

THREADS = 8
# Somewhat more than a form may send, so that what is too large gets a page that says so.
MAX_BODY_BYTES = MAX_BYTES + 100_000_000


def allowed_hosts(host: str) -> frozenset[str]:
    """Return the host names, besides loopback, under which a server listening on `host` goes.

    A server on all interfaces goes by this machine's names and by every numeric address.
    """
    name = host.strip().lower()
    if name in {"0.0.0.0", "::", "[::]", "*", ""}:  # noqa: S104 - compared, not bound
        return frozenset({ANY_ADDRESS, socket.gethostname().lower(), socket.getfqdn().lower()})
    return frozenset({f"[{name}]" if ":" in name and not name.startswith("[") else name})


def serve(app: Flask, *, host: str = "127.0.0.1", port: int = 8000) -> None:
    """Serve `app` until the process is interrupted, after printing its address.

    Parameters
    ----------
    app
        From `create_app`.
    host, port
        Where to listen; the host is also allowed as a name in requests.

    Raises
    ------
    HotspotsError
        The port is taken, or this machine may not listen there.
    """
    app.config["ALLOWED_HOSTS"] = app.config["ALLOWED_HOSTS"] | allowed_hosts(host)
    try:
        sockets = _listen(host, port)
    except (OSError, OverflowError) as error:
        raise HotspotsError(_listen_fault(error, host, port)) from error
    server = make_server(app, sockets)
    shown = "127.0.0.1" if host in {"0.0.0.0", "::", "*"} else host  # noqa: S104
    address = f"[{shown}]" if ":" in shown and not shown.startswith("[") else shown
    print(_("Open in a browser: {url}").format(url=f"http://{address}:{port}/"))
    print(_("Stop with Ctrl+C."))
    sys.stdout.flush()
    try:
        server.run()
    finally:
        server.close()
        jobs: Jobs = app.extensions["hotspots_jobs"]
        jobs.stop()


def make_server(app: Flask, sockets: list[socket.socket]) -> Any:
    """Return waitress, about to serve `app` at listening sockets."""
    jobs: Jobs = app.extensions["hotspots_jobs"]
    listeners: dict[int, Any] = {}
    server = waitress.create_server(
        app,
        listeners,
        sockets=sockets,
        threads=THREADS,
        ident=None,
        max_request_body_size=MAX_BODY_BYTES,
        # Nothing here believes these headers; that they are there says that a proxy is between.
        clear_untrusted_proxy_headers=False,
    )
    limit_bodies(listeners, lambda: jobs.uploads)
    return server


def _listen(host: str, port: int) -> list[socket.socket]:
    """Return a listening socket for each address of `host`, all or none."""
    found = socket.getaddrinfo(
        None if host == "*" else host.strip("[]"),
        port,
        type=socket.SOCK_STREAM,
        flags=socket.AI_PASSIVE,
    )
    sockets: list[socket.socket] = []
    try:
        for family, _type, _protocol, _name, address in dict.fromkeys(found):
            sockets.append(socket.create_server(address[:2], family=family))
    except BaseException:
        for opened in sockets:
            opened.close()
        raise
    return sockets


def _listen_fault(error: OSError | OverflowError, host: str, port: int) -> str:
    if isinstance(error, OSError) and error.errno == errno.EADDRINUSE:
        return _(
            "Port {port} is taken by another program; choose another with --port {other}."
        ).format(port=port, other=port + 1 if port < 65535 else port - 1)
    if isinstance(error, OSError) and error.errno == errno.EACCES:
        return _("This user may not listen on port {port}; choose one above 1023.").format(
            port=port
        )
    return _("Cannot listen on {host}, port {port}: {reason}").format(
        host=host, port=port, reason=error
    )
