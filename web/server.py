"""Serving the pages with waitress."""

import errno
import logging
import socket
import sys
from collections.abc import Mapping
from typing import Any

import waitress
from flask import Flask, request
from werkzeug.test import EnvironBuilder

from hotspots.errors import HotspotsError
from hotspots.i18n import _
from web import auth
from web.answers import Answers
from web.changes import why_refused
from web.front import Proxy, put_behind
from web.intake import MaySend, limit_bodies
from web.jobs import Jobs
from web.logs import init_request_log
from web.security import ANY_ADDRESS, is_served_host
from web.uploads import MAX_BYTES

THREADS = 8
# Somewhat more than a form may send, so that what is too large gets a page that says so.
MAX_BODY_BYTES = MAX_BYTES + 100_000_000

logger = logging.getLogger("hotspots.web")


def allowed_hosts(host: str) -> frozenset[str]:
    """Return the host names, besides loopback, under which a server listening on `host` goes.

    A server on all interfaces goes by this machine's names and by every numeric address.
    """
    name = host.strip().lower()
    if name in {"0.0.0.0", "::", "[::]", "*", ""}:  # noqa: S104 - compared, not bound
        return frozenset({ANY_ADDRESS, socket.gethostname().lower(), socket.getfqdn().lower()})
    return frozenset({f"[{name}]" if ":" in name and not name.startswith("[") else name})


def serve(
    app: Flask, *, host: str = "127.0.0.1", port: int = 8000, proxy: Proxy | None = None
) -> None:
    """Serve `app` until the process is interrupted, after printing its address.

    Parameters
    ----------
    app
        From `create_app`.
    host, port
        Where to listen; the host is also allowed as a name in requests.
    proxy
        What stands before the server; None for nothing.

    Raises
    ------
    HotspotsError
        The port is taken, or this machine may not listen there.
    """
    app.config["ALLOWED_HOSTS"] = app.config["ALLOWED_HOSTS"] | allowed_hosts(host)
    if proxy is not None:
        put_behind(app, proxy)
    init_request_log(app)
    try:
        sockets = _listen(host, port)
    except (OSError, OverflowError) as error:
        raise HotspotsError(_listen_fault(error, host, port)) from error
    server = make_server(app, sockets, proxy=proxy)
    shown = "127.0.0.1" if host in {"0.0.0.0", "::", "*"} else host  # noqa: S104
    address = f"[{shown}]" if ":" in shown and not shown.startswith("[") else shown
    url = f"http://{address}:{port}/" if proxy is None else proxy.url
    print(_("Open in a browser: {url}").format(url=url))
    print(_("Stop with Ctrl+C."))
    sys.stdout.flush()
    jobs: Jobs = app.extensions["hotspots_jobs"]
    try:
        jobs.prepare()
        server.run()
    finally:
        server.close()
        jobs.stop()
        answers: Answers = app.extensions["hotspots"]
        answers.close()


def make_server(app: Flask, sockets: list[socket.socket], *, proxy: Proxy | None = None) -> Any:
    """Return waitress, about to serve `app` at listening sockets."""
    jobs: Jobs = app.extensions["hotspots_jobs"]
    listeners: dict[int, Any] = {}
    # Without a proxy nothing here believes these headers; that they are there says that one is
    # between all the same.
    believed = {"clear_untrusted_proxy_headers": False}
    server = waitress.create_server(
        app,
        listeners,
        sockets=sockets,
        threads=THREADS,
        ident=None,
        max_request_body_size=MAX_BODY_BYTES,
        **(believed if proxy is None else proxy.waitress_options()),
    )
    limit_bodies(
        listeners,
        lambda: jobs.uploads,
        _who_may_send(app, proxy),
        proxy=None if proxy is None else proxy.address,
    )
    return server


def _who_may_send(app: Flask, proxy: Proxy | None) -> MaySend:
    """Return what tells by a request's headers whether the pages will take files from it."""

    def may_send(sender: str, path: str, headers: Mapping[str, str]) -> bool:
        named = [(name.replace("_", "-"), value) for name, value in headers.items()]
        body = {"CONTENT-LENGTH", "TRANSFER-ENCODING"}
        try:
            environ = EnvironBuilder(
                path=path,
                method="POST",
                headers=[(name, value) for name, value in named if name not in body],
                environ_overrides={"REMOTE_ADDR": sender},
            ).get_environ()
            if proxy is not None and not proxy.believe(environ):
                return False
            with app.request_context(environ):
                return (
                    is_served_host(request, app.config["ALLOWED_HOSTS"])
                    and request.endpoint is not None
                    and why_refused(request) is None
                    and auth.why_kept_out() == 0
                )
        except Exception:  # whatever it is, the pages will say it once the body is small
            logger.warning("a large request could not be weighed", exc_info=True)
            return False

    return may_send


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
