"""The server that users have, on a port of its own, for the browser to visit."""

import socket
import threading
from contextlib import contextmanager

from web.server import make_server


@contextmanager
def serving(app):
    """Serve an app on loopback as `hotspots serve` does; its address."""
    listening = socket.create_server(("127.0.0.1", 0))
    server = make_server(app, [listening])
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        server.close()
        thread.join(timeout=10)
        app.extensions["hotspots_jobs"].stop()
