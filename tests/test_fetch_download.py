"""Downloading: every fault of a network or server ends in a whole file or in a message."""

import hashlib
import io
import json
import random
import socket
import zipfile
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotspots import __version__
from hotspots.errors import NotFoundError, SourceError, StoreError
from hotspots.layers.fetch import download
from hotspots.layers.fetch.asking import _retry_after, _same_publisher
from hotspots.layers.fetch.download import download_zip
from hotspots.layers.fetch.patience import Patience
from hotspots.progress import CancelledError
from tests.official_server import (
    RUIAN,
    Fault,
    answer,
    content_type,
    cut_off,
    html_page,
    official_server,
    redirect,
    status,
    unsound_zip,
)
from tests.ruian import zipped

NAME = "20261031_OB_536385_UKSH.xml.zip"
PATH = f"/soucasna/{NAME}"
# Noise does not shrink: the archive has about 300 kB.
DATA = zipped("a.xml", random.Random(1).randbytes(300_000))
NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


class Waits(list):
    """What was slept, in seconds, without sleeping."""

    def patience(self, **others):
        quick = Patience(attempts=4, read_s=5.0, sleep=self.append, now=lambda: NOON)
        return replace(quick, **others)


@pytest.fixture
def waits():
    return Waits()


def fetch(server, target, waits, *, path=PATH, limit_bytes=1_000_000, patience=None, **others):
    return download_zip(
        server.url + RUIAN + path,
        target,
        limit_bytes=limit_bytes,
        unpacked_limit_bytes=10_000_000,
        patience=patience or waits.patience(),
        **others,
    )


def serve(faults=None, data=DATA):
    return official_server(files={PATH: data}, faults={NAME: faults} if faults else None)


def names(directory):
    return sorted(path.name for path in directory.iterdir())


def test_a_sound_file_arrives_whole(tmp_path, waits):
    texts = []
    with serve() as server:
        got = fetch(server, tmp_path, waits, report=lambda text, share: texts.append((text, share)))
    assert got.path.read_bytes() == DATA
    assert got.sha256 == hashlib.sha256(DATA).hexdigest()
    assert (got.n_bytes, got.url) == (len(DATA), server.url + RUIAN + PATH)
    assert got.last_modified == datetime(2026, 11, 1, 2, 14, tzinfo=UTC)
    assert names(tmp_path) == [NAME, f"{NAME}.json"]
    assert texts[0] == (f"downloading {NAME}, 0 of 0.3 MB", 0.0)
    assert texts[-1] == (f"testing {NAME}", 1.0)
    shares = [share for _text, share in texts]
    assert shares == sorted(shares)
    assert not waits


def test_the_program_names_itself_and_nothing_else(tmp_path, waits):
    with serve() as server:
        fetch(server, tmp_path, waits)
    headers = server.asked[0].headers
    assert headers["User-Agent"] == f"hotspots/{__version__}"
    assert set(headers) == {"Host", "User-Agent", "Accept-Encoding", "Accept", "Connection"}


def test_a_finished_file_is_not_fetched_again_while_unchanged(tmp_path, waits):
    with serve() as server:
        first = fetch(server, tmp_path, waits)
        second = fetch(server, tmp_path, waits)
        server.files[PATH] = zipped("a.xml", b"newer")
        third = fetch(server, tmp_path, waits)
    assert second == first
    assert [one.status for one in server.asked] == [200, 304, 200]
    assert server.asked[1].n_sent == 0
    assert third.n_bytes == len(server.files[PATH])


def test_a_finished_file_that_was_changed_on_disk_is_fetched_anew(tmp_path, waits):
    with serve() as server:
        path = fetch(server, tmp_path, waits).path
        path.write_bytes(DATA[:-1] + b"x")
        assert fetch(server, tmp_path, waits).path.read_bytes() == DATA


def test_404_is_not_tried_again(tmp_path, waits):
    with serve() as server, pytest.raises(NotFoundError, match=r"there is no such file \(404"):
        fetch(server, tmp_path, waits, path="/soucasna/20260930_ST_UKSH.xml.zip")
    assert len(server.asked) == 1
    assert not names(tmp_path)


@pytest.mark.parametrize("code", [429, 500, 502, 503, 504])
def test_a_busy_server_is_asked_again(tmp_path, waits, code):
    with serve([status(code), status(code)]) as server:
        assert fetch(server, tmp_path, waits).path.read_bytes() == DATA
    assert [one.status for one in server.asked] == [code, code, 200]
    # 1 s and 2 s, each up to half as much longer.
    assert 3.0 <= sum(waits) <= 4.5


def test_waits_grow_and_are_spread(tmp_path):
    sums = []
    for _n in range(3):
        waits = Waits()
        with serve(status(503)) as server, pytest.raises(SourceError):
            fetch(server, tmp_path, waits)
        sums.append(sum(waits))
    assert all(7.0 <= one <= 10.5 for one in sums)  # 1 + 2 + 4 s
    assert len(set(sums)) > 1


def test_a_server_that_stays_busy_is_given_up(tmp_path, waits):
    with (
        serve(status(503)) as server,
        pytest.raises(SourceError, match=r"answered 503 .*, after 4 tries\. Try again later, or"),
    ):
        fetch(server, tmp_path, waits)
    assert len(server.asked) == 4
    assert not names(tmp_path)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("7", 7.0), ("Sun, 22 Nov 2026 12:00:09 GMT", 9.0), ("99999", 120.0), ("0", None)],
)
def test_retry_after_is_respected_up_to_a_cap(tmp_path, waits, text, seconds):
    with serve([status(429, Retry_After=text)]) as server:
        fetch(server, tmp_path, waits)
    if seconds is None:
        assert 1.0 <= sum(waits) <= 1.5
    else:
        assert sum(waits) == pytest.approx(seconds)
    assert max(waits) <= 0.5  # so that somebody can stop it meanwhile


@given(st.text(max_size=40))
def test_any_retry_after_is_a_time_or_nothing(text):
    wait = _retry_after(text, Patience(now=lambda: NOON))
    assert wait is None or wait >= 0


def test_an_answer_cut_off_is_continued(tmp_path, waits):
    with serve([cut_off(100_000)]) as server:
        got = fetch(server, tmp_path, waits)
    assert got.path.read_bytes() == DATA
    first, second = server.asked
    assert (first.n_sent, second.n_sent) == (100_000, len(DATA) - 100_000)
    assert second.status == 206
    assert second.headers["Range"] == "bytes=100000-"
    assert names(tmp_path) == [NAME, f"{NAME}.json"]


def test_a_download_is_continued_by_the_next_run(tmp_path, waits):
    with serve(cut_off(50_000)) as server:
        with pytest.raises(SourceError, match=r"cut off .* after 4 tries"):
            fetch(server, tmp_path, waits)
        assert names(tmp_path) == [f"{NAME}.part", f"{NAME}.part.json"]
        assert (tmp_path / f"{NAME}.part").stat().st_size == 200_000  # four pieces
        server.faults.clear()
        before = server.sent(NAME)
        assert fetch(server, tmp_path, waits).path.read_bytes() == DATA
    assert server.sent(NAME) - before == len(DATA) - 200_000


@pytest.mark.parametrize(
    "spoil",
    [
        lambda server, part: server.files.update({PATH: zipped("a.xml", b"another edition")}),
        lambda server, part: server.faults.update({NAME: Fault(no_ranges=True)}),
        lambda server, part: part.with_name(f"{NAME}.part.json").write_text("no JSON {"),
        lambda server, part: part.with_name(f"{NAME}.part.json").write_text('{"url": 1}'),
        lambda server, part: part.with_name(f"{NAME}.part.json").write_text(
            json.dumps({"url": "http://elsewhere/x.zip", "etag": '"1"'})
        ),
        lambda server, part: part.write_bytes(part.read_bytes() + DATA),  # longer than the file
        lambda server, part: part.with_name(f"{NAME}.part.json").unlink(),
    ],
    ids=["new-edition", "no-ranges", "no-json", "wrong-json", "other-url", "too-long", "no-stamp"],
)
def test_what_does_not_fit_is_fetched_anew(tmp_path, waits, spoil):
    with serve(cut_off(50_000)) as server:
        with pytest.raises(SourceError):
            fetch(server, tmp_path, waits, patience=waits.patience(attempts=1))
        server.faults.clear()
        spoil(server, tmp_path / f"{NAME}.part")
        assert fetch(server, tmp_path, waits).path.read_bytes() == server.files[PATH]
    assert names(tmp_path) == [NAME, f"{NAME}.json"]


def test_a_server_that_mixes_up_ranges_is_not_believed(tmp_path, waits):
    wrong = Fault(status=206, headers={"Content-Range": "bytes 7-9/10"}, body=b"abc")
    with serve([cut_off(50_000), wrong]) as server:
        assert fetch(server, tmp_path, waits).path.read_bytes() == DATA
    assert [one.status for one in server.asked] == [200, 206, 200]


def test_a_length_longer_than_the_body_is_a_cut_off(tmp_path, waits):
    with (
        serve(Fault(length_off=1000)) as server,
        pytest.raises(SourceError, match=r"cut off|does not fit"),
    ):
        fetch(server, tmp_path, waits)
    assert NAME not in names(tmp_path)


def test_a_length_shorter_than_the_body_is_a_damaged_file(tmp_path, waits):
    with (
        serve(Fault(length_off=-1000)) as server,
        pytest.raises(SourceError, match="arrived damaged"),
    ):
        fetch(server, tmp_path, waits)
    assert not names(tmp_path)


def test_a_silent_server_is_given_up(tmp_path, waits):
    patience = waits.patience(read_s=0.1, attempts=2)
    with (
        serve(Fault(wait_s=0.4)) as server,
        pytest.raises(SourceError, match=r"does not answer \(no answer in time\), after 2 tries"),
    ):
        fetch(server, tmp_path, waits, patience=patience)


def test_a_trickle_is_given_up(tmp_path, waits):
    patience = waits.patience(stall_s=0.2, slowest_bytes_per_s=1000.0, attempts=1)
    with (
        serve(Fault(drip_s=0.01)) as server,
        pytest.raises(SourceError, match=r"comes too slowly, after 1 try\."),
    ):
        fetch(server, tmp_path, waits, patience=patience)


def test_a_server_that_hangs_up_is_asked_again(tmp_path, waits):
    with serve([Fault(hang_up=True)]) as server:
        assert fetch(server, tmp_path, waits).path.read_bytes() == DATA


def test_nobody_at_the_address(tmp_path, waits):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}/a.zip"
        with pytest.raises(SourceError, match=r"does not answer \(Connection refused\), after"):
            download_zip(
                url,
                tmp_path,
                limit_bytes=1,
                unpacked_limit_bytes=1,
                patience=waits.patience(attempts=2),
            )


def test_no_secure_connection(tmp_path, waits):
    with (
        serve() as server,
        pytest.raises(SourceError, match=r"no secure connection \(.*proxy\. Try"),
    ):
        download_zip(
            server.url.replace("http:", "https:") + RUIAN + PATH,
            tmp_path,
            limit_bytes=1,
            unpacked_limit_bytes=1,
            patience=waits.patience(),
        )
    assert not waits


def test_a_proxy_of_the_environment_is_used(tmp_path, waits, monkeypatch):
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    with serve() as server:
        monkeypatch.setenv("http_proxy", server.url)
        got = download_zip(
            f"http://vdp.invalid{RUIAN}{PATH}",
            tmp_path,
            limit_bytes=1_000_000,
            unpacked_limit_bytes=1_000_000,
            patience=waits.patience(),
        )
    assert got.path.read_bytes() == DATA
    assert server.asked[0].path == f"http://vdp.invalid{RUIAN}{PATH}"


def test_a_page_for_people_is_no_file(tmp_path, waits):
    with (
        serve(html_page()) as server,
        pytest.raises(SourceError, match="the address answered with a web page"),
    ):
        fetch(server, tmp_path, waits)
    assert len(server.asked) == 1
    assert not names(tmp_path)


def test_a_page_that_says_it_is_a_zip_is_no_file(tmp_path, waits):
    page = answer(b"\xef\xbb\xbf <HTML lang=cs>", **{"Content-Type": "application/zip"})
    with serve(page) as server, pytest.raises(SourceError, match="answered with a web page"):
        fetch(server, tmp_path, waits)
    assert not names(tmp_path)


@pytest.mark.parametrize("kind", ["text/plain", "application/json", "image/png", "application/xml"])
def test_a_wrong_content_type_is_refused(tmp_path, waits, kind):
    with (
        serve(content_type(f"{kind}; charset=utf-8")) as server,
        pytest.raises(SourceError, match=rf"the answer says it is {kind}, not a ZIP file"),
    ):
        fetch(server, tmp_path, waits)
    assert not names(tmp_path)


@pytest.mark.parametrize("kind", ["application/x-zip-compressed", "application/octet-stream", ""])
def test_other_names_of_a_zip_are_fine(tmp_path, waits, kind):
    with serve(content_type(kind)) as server:
        assert fetch(server, tmp_path, waits).path.read_bytes() == DATA


def test_something_else_than_a_zip_is_refused(tmp_path, waits):
    with (
        serve(answer(b"%PDF-1.7 and more")) as server,
        pytest.raises(SourceError, match=r"is no ZIP file \(it begins with b'%PDF-1.7 and'\)"),
    ):
        fetch(server, tmp_path, waits)
    assert not names(tmp_path)


@pytest.mark.parametrize("body", [b"", b"PK"])
def test_an_empty_answer_is_tried_again(tmp_path, waits, body):
    with serve([answer(body)]) as server:
        assert fetch(server, tmp_path, waits).path.read_bytes() == DATA
    with serve(answer(body)) as server, pytest.raises(SourceError, match="is empty, after 4 tries"):
        fetch(server, tmp_path / "..", waits)


@pytest.mark.parametrize("data", [unsound_zip(DATA), DATA[:-200], b"PK\x03\x04" + b"garbage" * 99])
def test_a_damaged_zip_does_not_count(tmp_path, waits, data):
    with (
        serve(data=data) as server,
        pytest.raises(SourceError, match=r"the file arrived damaged .*hotspots layers import FILE"),
    ):
        fetch(server, tmp_path, waits)
    assert not names(tmp_path)


def test_a_zip_that_unpacks_to_too_much_is_refused(tmp_path, waits):
    bomb = zipped("a.xml", bytes(20_000_000))
    assert len(bomb) < 50_000
    with (
        serve(data=bomb) as server,
        pytest.raises(SourceError, match="would unpack to 20 MB, more than a real file does"),
    ):
        fetch(server, tmp_path, waits)
    assert not names(tmp_path)


def test_a_zip_that_lies_about_its_size_is_damaged(tmp_path, waits):
    bomb = bytearray(zipped("a.xml", bytes(20_000_000)))
    size = (20_000_000).to_bytes(4, "little")
    bomb = bytes(bomb).replace(size, (1000).to_bytes(4, "little"))
    with serve(data=bomb) as server, pytest.raises(SourceError, match="arrived damaged"):
        fetch(server, tmp_path, waits)


def test_a_body_without_end_is_stopped(tmp_path, waits):
    with (
        serve(Fault(endless=True)) as server,
        pytest.raises(SourceError, match="the answer is larger than 1 MB, more than it can be"),
    ):
        fetch(server, tmp_path, waits)
    assert not names(tmp_path)
    assert len(server.asked) == 1


def test_an_announced_size_beyond_the_limit_is_not_fetched(tmp_path, waits):
    with serve() as server, pytest.raises(SourceError, match=r"larger than 0 MB"):
        fetch(server, tmp_path, waits, limit_bytes=100_000)
    assert not names(tmp_path)


def test_a_body_zipped_on_the_way_is_unpacked(tmp_path, waits):
    with serve(Fault(zipped_on_the_way=True)) as server:
        assert fetch(server, tmp_path, waits).path.read_bytes() == DATA


def test_a_body_zipped_on_the_way_keeps_to_the_limit(tmp_path, waits):
    stored = io.BytesIO()
    with zipfile.ZipFile(stored, "w") as archive:
        archive.writestr("a.xml", bytes(5_000_000))
    fault = Fault(zipped_on_the_way=True)
    with serve(fault, data=stored.getvalue()) as server, pytest.raises(SourceError, match="larger"):
        fetch(server, tmp_path, waits)
    assert server.sent(NAME) < 100_000
    assert not names(tmp_path)


def test_a_redirect_at_the_same_server_is_followed(tmp_path, waits):
    with official_server(files={PATH: DATA}, faults={"/old/": redirect(RUIAN + PATH)}) as server:
        got = fetch(server, tmp_path, waits, path=f"/old/{NAME}")
    assert got.path.read_bytes() == DATA


@pytest.mark.parametrize(
    "target",
    [
        "http://example.org/a.zip",
        "https://example.org/a.zip",
        "http://localhost/a.zip",
        "file:///etc/passwd",
        "ftp://127.0.0.1/a.zip",
        "//elsewhere.cz/a.zip",
        "http://user:secret@127.0.0.1/a.zip",
        "http://[broken/a.zip",
        "",
    ],
)
def test_a_redirect_to_elsewhere_is_not_followed(tmp_path, waits, target):
    with (
        serve(redirect(target)) as server,
        pytest.raises(SourceError, match=r"is not followed|cannot be asked"),
    ):
        fetch(server, tmp_path, waits)
    assert len(server.asked) == 1
    assert not names(tmp_path)


def test_redirects_in_a_circle_end(tmp_path, waits):
    with (
        serve(redirect(RUIAN + PATH)) as server,
        pytest.raises(SourceError, match="from one address to another more than 5 times"),
    ):
        fetch(server, tmp_path, waits)
    assert len(server.asked) == 6


@pytest.mark.parametrize(
    ("source", "target", "same"),
    [
        ("vdp.cuzk.gov.cz", "vdp.cuzk.gov.cz", True),
        ("vdp.cuzk.gov.cz", "files.vdp.cuzk.gov.cz", True),
        ("vdp.cuzk.gov.cz", "cuzk.gov.cz", True),
        ("vdp.cuzk.gov.cz", "services.cuzk.gov.cz", True),
        ("vdp.cuzk.gov.cz", "evil.gov.cz", False),
        ("vdp.cuzk.gov.cz", "evilcuzk.gov.cz", False),
        ("vdp.cuzk.gov.cz", "cuzk.gov.cz.evil.org", False),
        ("overpass-api.de", "lz4.overpass-api.de", True),
        ("overpass-api.de", "evil.de", False),
        ("overpass-api.de", "de", False),
        ("z.overpass-api.de", "overpass-api.de", True),
        ("10.0.0.1", "0.0.1", False),
        ("10.0.0.1", "10.0.0.2", False),
        ("10.0.0.1", "99.0.0.1", False),
    ],
)
def test_which_hosts_are_one_publisher(source, target, same):
    assert _same_publisher(source, target) is same


def test_cancelling_keeps_what_has_come(tmp_path, waits, monkeypatch):
    monkeypatch.setattr(download, "_REPORT_EVERY_BYTES", 1)

    def stop(_text, share):
        if share > 0.3:
            raise CancelledError("stopped")

    with serve() as server:
        with pytest.raises(CancelledError):
            fetch(server, tmp_path, waits, report=stop)
        have = (tmp_path / f"{NAME}.part").stat().st_size
        assert 0 < have < len(DATA)
        assert fetch(server, tmp_path, waits).path.read_bytes() == DATA
    assert server.asked[-1].n_sent == len(DATA) - have


def test_cancelling_while_waiting(tmp_path, waits):
    def stop(text, _share):
        if "trying again" in text:
            raise CancelledError("stopped")

    with serve(status(503)) as server, pytest.raises(CancelledError):
        fetch(server, tmp_path, waits, report=stop)
    assert not waits


def test_a_full_disk_is_found_before(tmp_path, waits, monkeypatch):
    usage = type("Usage", (), {"free": 1000})
    monkeypatch.setattr(download.shutil, "disk_usage", lambda _path: usage)
    with serve() as server, pytest.raises(StoreError, match=r"only 0 MB are free; make room"):
        fetch(server, tmp_path, waits)


def test_a_directory_that_is_not_there(tmp_path, waits):
    with serve() as server, pytest.raises(StoreError, match="cannot be written"):
        fetch(server, tmp_path / "missing", waits)


@pytest.mark.parametrize("path", ["/", "/..", "/.hidden", "/a%2fb", "/a b.zip"])
def test_an_address_must_name_a_file(tmp_path, waits, path):
    with serve() as server, pytest.raises(SourceError, match="names no file"):
        fetch(server, tmp_path, waits, path=path)
