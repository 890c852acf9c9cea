"""The real server: requests passed on by a proxy change nothing, and who may send large bodies."""

import http.client
import re
import shutil
import socket
import threading
from pathlib import Path

import pytest
from waitress import wasyncore

from hotspots.settings import Workspace
from web import auth, create_app, intake
from web.server import make_server

BOUNDARY = "limit"
PASSED_ON = {
    "Forwarded": "for=192.168.1.20",
    "X-Forwarded-For": "192.168.1.20",
    "X-Forwarded-Host": "map.town.example",
    "X-Forwarded-Proto": "https",
    "X-Forwarded-Port": "443",
    "X-Forwarded-By": "proxy",
    "X-Forwarded-Server": "proxy",
    "X-Real-IP": "192.168.1.20",
    "Via": "1.1 proxy",
}


class Served:
    """A workspace served by waitress on loopback."""

    def __init__(self, workspace):
        self.workspace = workspace
        self.app = create_app(workspace, testing=True, open_access=True)
        self.jobs = self.app.extensions["hotspots_jobs"]
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.server = make_server(self.app, [self.socket])
        self.thread = threading.Thread(target=self.server.run, daemon=True)
        self.thread.start()
        self.cookie, self.token = "", ""

    def close(self):
        # In waitress' own loop: closed from here, its sockets would vanish under its hands.
        self.server.trigger.pull_trigger(lambda: wasyncore.close_all(self.server._map))
        self.thread.join(10)
        self.server.task_dispatcher.shutdown()

    def ask(self, method, path, body=None, headers=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        named = {"Host": "localhost", "Cookie": self.cookie, **(headers or {})}
        try:
            connection.request(method, path, body=body, headers=named)
            response = connection.getresponse()
            return response.status, response.read().decode(), response.headers
        finally:
            connection.close()

    def log_in(self):
        """Take the cookie and token that the page of layers has."""
        _status, page, headers = self.ask("GET", "/layers?lang=en")
        self.cookie = headers["Set-Cookie"].partition(";")[0]
        self.token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page)[1]

    def send(self, path, fields="", headers=None):
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        body = f"csrf_token={self.token}&{fields}"
        return self.ask("POST", f"{path}?lang=en", body, {**form, **(headers or {})})

    def begin(self, path, n_bytes, headers=None, sent=b""):
        """Send the headers of a large request and some of it; return the socket."""
        named = {
            "Host": "localhost",
            "Content-Length": str(n_bytes),
            "Content-Type": f"multipart/form-data; boundary={BOUNDARY}",
            **(headers or {}),
        }
        if "Transfer-Encoding" in named:
            del named["Content-Length"]
        lines = [f"POST {path} HTTP/1.1", *(f"{name}: {value}" for name, value in named.items())]
        link = socket.create_connection(("127.0.0.1", self.port), timeout=10)
        link.sendall("\r\n".join(lines).encode() + b"\r\n\r\n" + sent)
        return link


@pytest.fixture
def served(empty, tmp_path):
    shutil.copytree(empty.path, tmp_path / "town")
    server = Served(Workspace.open(tmp_path / "town"))
    yield server
    server.close()


@pytest.mark.parametrize("header", PASSED_ON)
def test_what_a_proxy_passes_on_changes_nothing(served, header):
    served.log_in()
    status, page, _headers = served.send(
        "/layers/fetch", "municipality=1", {header: PASSED_ON[header]}
    )
    assert status == 401
    assert "Sign in first" in page
    # The same form without the header is read: it is refused for what it says.
    status, page, _headers = served.send("/layers/fetch", "municipality=1")
    assert status == 400
    assert "not “1”" in page


def test_behind_a_proxy_the_open_demonstration_shows_nothing(served):
    assert served.ask("GET", "/layers?lang=en")[0] == 200
    status, _page, headers = served.ask(
        "GET", "/layers?lang=en", headers={"X-Forwarded-For": "192.168.1.20"}
    )
    assert status == 303
    assert headers["Location"].startswith("/sign-in?")


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("/layers/use", {}),
        ("/layers", {}),
        ("/layers/import", {"X-Forwarded-For": "192.168.1.20"}),
        ("/layers/import", {"Host": "map.town.example"}),
        ("/layers/import", {"Sec-Fetch-Site": "cross-site"}),
    ],
)
def test_large_bodies_are_refused_by_their_headers(served, path, headers):
    with served.begin(path, 300_000_000, headers) as link:
        assert link.recv(100).startswith(b"HTTP/1.1 413 ")
    assert not (served.workspace.path / "uploads").exists()


def test_large_bodies_in_pieces_are_refused_too(served, monkeypatch):
    monkeypatch.setattr(intake, "SMALL_BYTES", 1000)
    piece = b"400\r\n" + b"x" * 1024 + b"\r\n"
    with served.begin("/layers/use", 0, {"Transfer-Encoding": "chunked"}, piece) as link:
        assert link.recv(100).startswith(b"HTTP/1.1 413 ")


def test_another_machine_sends_no_large_body(served, monkeypatch):
    monkeypatch.setattr(auth, "is_local", lambda _request: False)
    with served.begin("/layers/import", 300_000_000) as link:
        assert link.recv(100).startswith(b"HTTP/1.1 413 ")


def test_files_wait_in_the_workspace_and_nowhere_else(served, monkeypatch):
    places = []
    make = intake.tempfile.TemporaryFile
    monkeypatch.setattr(
        intake.tempfile,
        "TemporaryFile",
        lambda *args, **options: places.append(options.get("dir")) or make(*args, **options),
    )
    served.log_in()
    head = (
        f"--{BOUNDARY}\r\nContent-Disposition: form-data; "
        f'name="csrf_token"\r\n\r\n{served.token}\r\n'
        f"--{BOUNDARY}\r\nContent-Disposition: form-data; "
        'name="files"; filename="a.gpkg"\r\n\r\n'
    ).encode()
    body = head + b"x" * 2_000_000 + f"\r\n--{BOUNDARY}--\r\n".encode()
    named = {
        "Content-Type": f"multipart/form-data; boundary={BOUNDARY}",
        "Sec-Fetch-Site": "same-origin",
        "Origin": "http://localhost",
    }
    status, _page, headers = served.ask("POST", "/layers/import?lang=en", body, named)
    assert status == 303
    assert headers["Location"].startswith("/jobs/")
    served.jobs.wait(wait_s=30)
    assert places
    assert {Path(place) for place in places} == {served.workspace.path / "uploads"}
