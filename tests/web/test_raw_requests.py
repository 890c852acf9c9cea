"""Bytes that are no proper request, sent to the real server: refused, nothing hidden is done."""

import re
import shutil
import socket
import threading

import pytest
from waitress import wasyncore

from hotspots.settings import Workspace
from web import create_app
from web.server import make_server

from .filled import Watch, fill
from .signing import client_as, csrf_token

REFUSED = frozenset({400, 403, 405, 408, 413, 414, 421, 431, 501, 505})
HOST = b"Host: localhost\r\n"
# What an attacker would have done in the name of whoever comes next on the same connection.
HIDDEN = b"GET /users HTTP/1.1\r\n" + HOST + b"%(who)s\r\n"
POST = b"POST /account/sign-out HTTP/1.1\r\n" + HOST + b"%(who)s"
# Two readings of where a body ends; by one of them a request is hidden in it.
FRAMINGS = {
    "length and chunks": POST
    + b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
    + HIDDEN,
    "chunks and length": POST
    + b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n"
    + HIDDEN,
    "two lengths": POST + b"Content-Length: 0\r\nContent-Length: 90\r\n\r\n" + HIDDEN,
    "two lengths in one": POST + b"Content-Length: 0, 90\r\n\r\n" + HIDDEN,
    "length with a sign": POST + b"Content-Length: +0\r\n\r\n" + HIDDEN,
    "length below zero": POST + b"Content-Length: -1\r\n\r\n" + HIDDEN,
    "length of words": POST + b"Content-Length: 0x0\r\n\r\n" + HIDDEN,
    "length of other digits": POST + "Content-Length: \u0660\r\n\r\n".encode() + HIDDEN,
    "space before the colon": POST + b"Content-Length : 0\r\n\r\n" + HIDDEN,
    "unknown coding": POST + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n" + HIDDEN,
    "coding with a control mark": POST
    + b"Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n"
    + HIDDEN,
    "chunked twice": POST + b"Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n" + HIDDEN,
    "chunk of no size": POST + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n\r\n" + HIDDEN,
    "chunk with a sign": POST + b"Transfer-Encoding: chunked\r\n\r\n+0\r\n\r\n" + HIDDEN,
    "chunk below zero": POST + b"Transfer-Encoding: chunked\r\n\r\n-1\r\n\r\n" + HIDDEN,
    "chunk of 0x": POST + b"Transfer-Encoding: chunked\r\n\r\n0x0\r\n\r\n" + HIDDEN,
    "chunk longer than said": POST
    + b"Transfer-Encoding: chunked\r\n\r\n1\r\nabc\r\n0\r\n\r\n"
    + HIDDEN,
    "bare line feed": POST + b"X-A: b\nContent-Length: 0\r\n\r\n" + HIDDEN,
    "folded header": POST + b"X-A: b\r\n Content-Length: 9\r\n\r\n" + HIDDEN,
    "return in a value": POST + b"X-A: b\rContent-Length: 0\r\n\r\n" + HIDDEN,
    "return in a name": POST + b"X-A\rB: b\r\n\r\n" + HIDDEN,
}
HEADS = {
    "two hosts": b"GET /users HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n%(who)s\r\n",
    "a page of another host": b"GET http://evil.example/users HTTP/1.1\r\n"
    b"Host: evil.example\r\n%(who)s\r\n",
    "no host": b"GET /users HTTP/1.1\r\n%(who)s\r\n",
    "null in a value": b"GET /users HTTP/1.1\r\n" + HOST + b"X-A: a\x00b\r\n%(who)s\r\n",
    "header of 300 kB": b"GET /users HTTP/1.1\r\n" + HOST + b"X-A: " + b"a" * 300_000 + b"\r\n\r\n",
    "many headers": b"GET /users HTTP/1.1\r\n" + HOST + b"X-A: b\r\n" * 40_000 + b"\r\n",
    "address of 300 kB": b"GET /" + b"a" * 300_000 + b" HTTP/1.1\r\n" + HOST + b"\r\n",
    "HTTP/0.9": b"GET /users\r\n\r\n",
    "trace": b"TRACE /users HTTP/1.1\r\n" + HOST + b"%(who)s\r\n",
    "small method": b"get /users HTTP/1.1\r\n" + HOST + b"%(who)s\r\n",
    "no words": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
    "only marks": b"\x00\x01\x02\r\n\r\n",
}


class Served:
    """Waitress at a port of its own, with an administrator who is signed in."""

    def __init__(self, workspace):
        self.app = create_app(workspace, testing=True)
        client = client_as(self.app, "administrator", address="127.0.0.1")
        self.token = csrf_token(client)
        kept = "; ".join(f"{one.key}={one.value}" for one in client._cookies.values())
        self.who = f"Cookie: {kept}\r\n".encode()
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.server = make_server(self.app, [self.socket])
        self.thread = threading.Thread(target=self.server.run, daemon=True)
        self.thread.start()

    def close(self):
        # In waitress' own loop: closed from here, its sockets would vanish under its hands.
        self.server.trigger.pull_trigger(lambda: wasyncore.close_all(self.server._map))
        self.thread.join(10)
        self.server.task_dispatcher.shutdown()

    def say(self, sent):
        """Send bytes, say no more, and return all that comes back until the server closes."""
        found = b""
        with socket.create_connection(("127.0.0.1", self.port), timeout=5) as link:
            try:
                link.sendall(sent.replace(b"%(who)s", self.who))
                link.shutdown(socket.SHUT_WR)
                while piece := link.recv(65536):
                    found += piece
            except (ConnectionResetError, BrokenPipeError):
                pass  # closed before all was read: refused
        return found


def statuses(answer):
    """Return the status of every answer on a connection."""
    return [int(found) for found in re.findall(rb"(?:^|\n|>|\})HTTP/1\.[01] (\d{3}) ", answer)]


@pytest.fixture(scope="module")
def filled(sample, tmp_path_factory):
    path = tmp_path_factory.mktemp("raw") / "town"
    shutil.copytree(sample.path, path)
    return fill(Workspace.open(path))


@pytest.fixture(scope="module")
def served(filled):
    server = Served(filled.workspace)
    yield server
    server.close()


def is_alive(served):
    asked = b"GET /users HTTP/1.1\r\n" + HOST + b"Connection: close\r\n%(who)s\r\n"
    return statuses(served.say(asked)) == [200]


@pytest.mark.parametrize("case", FRAMINGS | HEADS)
def test_what_is_no_proper_request_is_refused(served, filled, case):
    assert is_alive(served)  # and the cookie would open the page that is hidden
    watch = Watch(filled)
    answer = served.say((FRAMINGS | HEADS)[case])
    assert set(statuses(answer)) <= REFUSED, answer[:300]
    assert b"administrator" not in answer
    assert not watch.has_changed()
    assert is_alive(served)


def test_a_request_within_a_body_is_a_body(served, filled):
    hidden = HIDDEN.replace(b"%(who)s", served.who)
    watch = Watch(filled)
    answer = served.say(POST + f"Content-Length: {len(hidden)}\r\n\r\n".encode() + hidden)
    assert statuses(answer) == [400]  # it has no token
    assert not watch.has_changed()
