"""Servers that never come to an end: each is given up in time, and can be stopped at any moment."""

import gc
import socket
import threading
import time
from contextlib import contextmanager, suppress

import pytest

from hotspots.errors import SourceError
from hotspots.layers.fetch.asking import new_session
from hotspots.layers.fetch.download import download_zip
from hotspots.layers.fetch.json_answers import ask_json
from hotspots.layers.fetch.patience import Patience
from hotspots.progress import CancelledError
from web.jobs import CANCELLED, Jobs, Outcome

NAME = "20261031_OB_536385_UKSH.xml.zip"
OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/zip\r\n"
EVERY_S = 0.02
# One try, and deadlines so short that a test waits for them.
PATIENT = Patience(attempts=1, read_s=5.0)
QUICK = Patience(attempts=1, read_s=5.0, answer_s=0.2, stall_s=0.2, slowest_bytes_per_s=1000.0)

IN_HEADERS = {
    "a header drips": (OK + b"X-A: ", b"a"),
    "a status line drips": (b"HTTP/1.1 2", b"0"),
    "100 Continue without end": (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
}
IN_BODY = {
    "a chunk's size drips": (OK + b"Transfer-Encoding: chunked\r\n\r\n1", b";"),
    "a body drips": (OK + b"Content-Length: 1000000\r\n\r\nPK\x03\x04", b"a"),
    "gzip without content": (
        OK + b"Content-Encoding: gzip\r\nContent-Length: 1000000\r\n\r\n\x1f\x8b\x08\x00",
        b"",
    ),
}


@contextmanager
def dripping(start, drop):
    """Answer every request with `start`, then `drop` for ever; give the address and a counter."""
    gone = []

    def answer(sock):
        with sock, suppress(OSError):
            sock.settimeout(5.0)
            sock.recv(65536)
            sock.sendall(start)
            while not ended.is_set():
                time.sleep(EVERY_S)
                sock.sendall(drop)
                sock.settimeout(0.001)
                with suppress(TimeoutError):
                    if not sock.recv(1):
                        break
        gone.append(sock)

    def accept():
        with suppress(OSError):
            while True:
                sock, _address = listening.accept()
                threading.Thread(target=answer, args=(sock,), daemon=True).start()

    ended = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listening:
        threading.Thread(target=accept, daemon=True).start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/{NAME}", gone
        ended.set()
        with suppress(OSError):
            listening.shutdown(socket.SHUT_RDWR)


def get(url, directory, patience, **others):
    limits = {"limit_bytes": 10_000_000, "unpacked_limit_bytes": 10_000_000}
    with new_session() as session:
        download_zip(url, directory, session=session, patience=patience, **limits, **others)


@pytest.mark.parametrize("fault", IN_HEADERS)
def test_headers_have_a_deadline(tmp_path, fault):
    with dripping(*IN_HEADERS[fault]) as (url, _gone):
        began = time.monotonic()
        with pytest.raises(SourceError, match=r"does not answer \(no answer in time\), after 1"):
            get(url, tmp_path, QUICK)
        assert time.monotonic() - began < 5


@pytest.mark.parametrize("fault", IN_BODY)
def test_a_body_that_stalls_is_given_up(tmp_path, fault):
    with dripping(*IN_BODY[fault]) as (url, _gone):
        began = time.monotonic()
        with pytest.raises(SourceError, match=r"the answer comes too slowly, after 1 try"):
            get(url, tmp_path, QUICK)
        assert time.monotonic() - began < 5


def test_a_stall_after_a_good_beginning_is_seen(tmp_path):
    start = OK + b"Content-Length: 9000000\r\n\r\nPK\x03\x04" + bytes(1_000_000)
    with (
        dripping(start, b"") as (url, _gone),
        pytest.raises(SourceError, match="the answer comes too slowly"),
    ):
        get(url, tmp_path, QUICK)


def test_a_service_that_drips_is_given_up():
    with (
        dripping(*IN_HEADERS["a header drips"]) as (url, _gone),
        new_session() as session,
        pytest.raises(SourceError, match=r"does not answer \(no answer in time\)"),
    ):
        ask_json(session, url, limit_bytes=1000, patience=QUICK, report=lambda _text, _share: None)


@pytest.mark.parametrize("fault", [*IN_HEADERS, *IN_BODY])
def test_stopping_is_heeded_while_the_network_is_waited_for(tmp_path, fault):
    told = []

    def stop(text, share):
        told.append((text, share))
        if len(told) > 1:
            raise CancelledError("stopped")

    with dripping(*{**IN_HEADERS, **IN_BODY}[fault]) as (url, gone):
        began = time.monotonic()
        with pytest.raises(CancelledError):
            get(url, tmp_path, PATIENT, report=stop)
        assert time.monotonic() - began < 4
        # The connection is let go as well, not only no longer waited for.
        while not gone and time.monotonic() - began < 8:
            time.sleep(0.01)
        assert gone
    if fault in IN_HEADERS:
        assert set(told) == {("waiting for 127.0.0.1", 0.0)}


def test_no_thread_is_left_behind(tmp_path):
    before = set(threading.enumerate())
    with (
        dripping(*IN_BODY["a chunk's size drips"]) as (url, _gone),
        pytest.raises(SourceError, match="too slowly"),
    ):
        get(url, tmp_path, QUICK)
    left = {thread.name for thread in set(threading.enumerate()) - before}
    assert "line to a server" not in left


def test_a_job_that_waits_for_a_server_stops_when_told_to(tmp_path):
    with dripping(*IN_HEADERS["100 Continue without end"]) as (url, _gone):

        def work(report, _tell):
            get(url, tmp_path, PATIENT, report=report)
            return Outcome("fetched")

        jobs = Jobs(tmp_path)
        job = jobs.start("fetch", "Fetching", work)
        time.sleep(0.2)
        jobs.cancel(job.job_id)
        jobs.wait(wait_s=5.0)
        assert jobs.find(job.job_id).state == CANCELLED


def test_a_redirect_to_an_address_of_broken_bytes_is_named_as_one(tmp_path):
    answer = b"HTTP/1.1 302 Found\r\nLocation: /\x9b31m\r\nContent-Length: 0\r\n\r\n"
    with (
        dripping(answer, b"") as (url, _gone),
        pytest.raises(SourceError, match=r"leads to another address that cannot be read\. Try"),
    ):
        get(url, tmp_path, PATIENT)
    gc.collect()  # a connection left open would be a ResourceWarning
