"""The parts behind the pages: memory, charts, and the server itself."""

import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.wrappers import Request

from hotspots.errors import HotspotsError
from web import create_app, serve
from web.cache import LruCache
from web.charts import CLASSES, clock_classes, nice_step
from web.security import ANY_ADDRESS, is_served_host
from web.server import allowed_hosts


def test_a_value_is_made_once_for_all_threads():
    cache = LruCache(4)
    made = []

    def make():
        made.append(threading.get_ident())
        time.sleep(0.05)
        return "value"

    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda _i: cache.get("key", make), range(8)))
    assert answers == ["value"] * 8
    assert len(made) == 1


def test_the_least_recently_used_value_goes_first():
    cache = LruCache(2)
    for key in ("a", "b", "a", "c"):
        cache.get(key, lambda key=key: key)
    assert len(cache) == 2
    assert cache.get("a", lambda: "made anew") == "a"
    assert cache.get("b", lambda: "made anew") == "made anew"


def test_a_failure_is_told_and_not_remembered():
    cache = LruCache(2)

    def fail():
        raise HotspotsError("no")

    with pytest.raises(HotspotsError, match="no"):
        cache.get("key", fail)
    assert cache.get("key", lambda: 1) == 1


@pytest.mark.parametrize(("top", "step"), [(1, 1), (4, 1), (5, 2), (9, 5), (80, 20), (1000, 500)])
def test_axis_steps_are_round(top, step):
    assert nice_step(top) == step


@given(st.floats(1, 1e7))
def test_an_axis_has_at_most_four_steps(top):
    assert top / nice_step(top) <= 4 + 1e-9


def test_clock_classes_are_equal_steps_up_to_the_largest():
    clock = np.zeros((7, 24), dtype=np.int64)
    clock[0, :6] = [0, 1, 20, 21, 99, 100]
    assert clock_classes(clock)[0][:6] == [0, 1, 1, 2, 5, 5]
    assert max(map(max, clock_classes(clock))) == CLASSES
    assert not np.any(clock_classes(np.zeros((7, 24), dtype=np.int64)))


@pytest.mark.parametrize(
    ("host", "name"), [("127.0.0.1", "127.0.0.1"), ("Mesto.local", "mesto.local"), ("::1", "[::1]")]
)
def test_the_host_served_at_is_allowed(host, name):
    assert name in allowed_hosts(host)
    assert ANY_ADDRESS not in allowed_hosts(host)


def test_a_server_on_all_interfaces_goes_by_numbers_only(sample):
    app = create_app(sample, testing=True, open_access=True)
    app.config["ALLOWED_HOSTS"] = allowed_hosts("0.0.0.0")  # noqa: S104
    client = app.test_client()
    assert client.get("/health", headers={"Host": "192.168.1.5:8000"}).status_code == 200
    assert client.get("/health", headers={"Host": "evil.example"}).status_code == 421


@pytest.mark.parametrize(
    ("host", "is_served"),
    [
        ("localhost", True),
        ("LOCALHOST.:8000", True),
        ("127.0.0.1:8000", True),
        ("[::1]:8000", True),
        ("[::1].evil.example", False),
        ("127.0.0.1:x<script>", False),
        ("127.0.0.1:80;x", False),
        ("127.0.0.1 evil.example", False),
        ("", False),
    ],
)
def test_malformed_hosts_are_no_hosts(host, is_served):
    asked = Request({"HTTP_HOST": host, "REQUEST_METHOD": "GET"})
    assert is_served_host(asked, frozenset()) is is_served


@pytest.fixture
def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def test_a_taken_port_is_named_with_another_to_try(sample):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(HotspotsError, match=rf"Port {port} is taken .* --port \d+"):
            serve(create_app(sample, open_access=True), host="127.0.0.1", port=port)


def test_the_server_prints_its_address_and_answers_many_at_once(sample, free_port, capsys):
    app = create_app(sample, open_access=True)
    thread = threading.Thread(
        target=serve, args=(app,), kwargs={"host": "127.0.0.1", "port": free_port}, daemon=True
    )
    thread.start()

    def fetch(path):
        connection = HTTPConnection("127.0.0.1", free_port, timeout=30)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, len(answer.read())
        finally:
            connection.close()

    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        try:
            assert fetch("/health")[0] == 200
            break
        except OSError:
            time.sleep(0.05)
    pages = ["/", "/map", "/?by=district", "/export.csv", "/data"]
    for path in pages:  # what waits is told on other pages once one has looked it up
        fetch(path)
    paths = pages * 3
    with ThreadPoolExecutor(6) as threads:
        answers = list(threads.map(fetch, paths))
    assert all(status == 200 and size > 1000 for status, size in answers)
    assert len(set(answers)) <= 5
    assert f"Open in a browser: http://127.0.0.1:{free_port}/" in capsys.readouterr().out
