"""A ZIP file downloaded whole, checked, and continued where it was cut off."""

import re
import shutil
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import requests

from hotspots.archive import DAMAGED
from hotspots.errors import SourceError, StoreError
from hotspots.files import cannot_write
from hotspots.i18n import _, format_number
from hotspots.layers.fetch.asking import (
    Answer,
    answered,
    body,
    is_web_page,
    new_session,
    waiting_for,
    web_page_error,
)
from hotspots.layers.fetch.parts import Stamp, discard, read_stamp, stamp_of, write_stamp
from hotspots.layers.fetch.patience import PassingError, Patience, persist
from hotspots.progress import Report, silent, within

_ZIP_MAGIC: Final = b"PK\x03\x04"
_HEAD_BYTES: Final = 1000
_NO_ZIP_TYPE: Final = re.compile(
    r"(text|image|audio|video)/|application/([\w.-]+\+)?(json|xml|pdf)\b"
)
_REPORT_EVERY_BYTES: Final = 1 << 18
_SPARE_BYTES: Final = 50_000_000  # left free on the disk
_TEST_PIECE_BYTES: Final = 1 << 20
_DOWNLOAD_SHARE: Final = 0.9  # of the time; the rest is testing


@dataclass(frozen=True)
class Downloaded:
    """A file on disk as its server gave it.

    Attributes
    ----------
    path
        Where it lies.
    sha256, n_bytes
        Of its content.
    url
        Where it was asked for.
    last_modified
        When its server says it was last changed; None where it does not.
    """

    path: Path
    sha256: str
    n_bytes: int
    url: str
    last_modified: datetime | None


def download_zip(
    url: str,
    target_dir: Path,
    *,
    limit_bytes: int,
    unpacked_limit_bytes: int,
    report: Report = silent,
    session: requests.Session | None = None,
    patience: Patience | None = None,
) -> Downloaded:
    """Download a ZIP file, or the rest of it, and test it.

    What has come lies in `<name>.part`; a later call continues it when the server still has the
    same edition. A finished file is not fetched again while the server says it has not changed.

    Parameters
    ----------
    url
        Its last part becomes the file's name.
    target_dir
        Existing directory.
    limit_bytes, unpacked_limit_bytes
        Largest size of the file, and of its content unpacked.
    report
        Told how much has come; may stop the work, what has come stays for the next time.
    session
        From `new_session`; None makes one.
    patience
        How often and how long it is tried.

    Returns
    -------
    downloaded

    Raises
    ------
    NotFoundError
        There is no such file at the address.
    SourceError
        The server does not answer, or not with a whole and sound ZIP file within the limits.
    StoreError
        The file cannot be written.
    """
    name = urlsplit(url).path.rpartition("/")[2]
    if not re.fullmatch(r"\w[\w.-]{0,120}", name, re.ASCII):
        raise SourceError(_("{url} names no file").format(url=url))
    job = _Job(
        url=url,
        target=target_dir / name,
        limit_bytes=limit_bytes,
        unpacked_limit_bytes=unpacked_limit_bytes,
        report=report,
        session=session or new_session(),
        patience=patience or Patience(),
    )
    try:
        return persist(job.attempt, patience=job.patience, report=report, cure=job.cure)
    except OSError as error:
        raise cannot_write(job.target, error) from error


@dataclass(frozen=True)
class _Job:
    url: str
    target: Path
    limit_bytes: int
    unpacked_limit_bytes: int
    report: Report
    session: requests.Session
    patience: Patience

    @property
    def part(self) -> Path:
        return self.target.with_name(f"{self.target.name}.part")

    @property
    def cure(self) -> str:
        return _(
            "Try again later, or download the file in a browser and give it to: "
            "hotspots layers import FILE"
        )

    def attempt(self) -> Downloaded:
        """Ask once for the file, its rest, or whether it has changed."""
        finished = self._finished()
        begun = self._begun() if finished is None else None
        have = self.part.stat().st_size if begun else 0
        headers = _conditions(finished, begun, have)
        with answered(
            self.session,
            self.url,
            patience=self.patience,
            cure=self.cure,
            look_up=lambda: self.report(waiting_for(self.url), 0.0),
            headers=headers,
        ) as answer:
            response = answer.response
            if response.status_code == 304 and finished is not None:
                return self._downloaded(finished)
            stamp = stamp_of(self.url, response)
            if begun is None or not _continues(response, stamp, begun, have):
                have = 0
            if response.status_code in {206, 304, 416} and not have:
                discard(self.part)
                raise PassingError(
                    _("{url}: the rest of the file does not fit its beginning").format(url=self.url)
                )
            if not have:
                discard(self.part)
            self._receive(answer, stamp, have)
        return self._finish(stamp)

    def _begun(self) -> Stamp | None:
        """Return the stamp of what has come before, if a server can continue it."""
        stamp = read_stamp(self.part)
        return stamp if stamp and stamp.url == self.url and stamp.validator else None

    def _finished(self) -> Stamp | None:
        """Return the stamp of the file finished before, if it is as it came."""
        stamp = read_stamp(self.target)
        if stamp is None or stamp.url != self.url or not (stamp.etag or stamp.last_modified):
            return None
        return stamp if stamp.sha256 == _hash(self.target) else None

    def _receive(self, answer: Answer, stamp: Stamp, have: int) -> None:
        self._require_type(answer.response)
        total = self._total(answer.response, have)
        head = b""
        write_stamp(self.part, stamp)
        try:
            with self.part.open("ab" if have else "wb") as file:
                for piece in self._pieces(answer, have, total):
                    if not have and len(head) < _HEAD_BYTES:
                        head += piece[:_HEAD_BYTES]
                        self._require_zip(head)
                    file.write(piece)
        except PassingError:
            raise  # what has come is continued
        except SourceError:
            discard(self.part)
            raise
        if not have and len(head) < len(_ZIP_MAGIC):
            discard(self.part)
            raise PassingError(_("{url}: the answer is empty").format(url=self.url))

    def _pieces(self, answer: Answer, have: int, total: int | None) -> Iterator[bytes]:
        done, said = have, -_REPORT_EVERY_BYTES

        def say_again() -> None:
            self._say(done, total)

        for piece in body(
            answer,
            self.url,
            limit_bytes=self.limit_bytes - have,
            patience=self.patience,
            cure=self.cure,
            look_up=say_again,
        ):
            if done - said >= _REPORT_EVERY_BYTES:
                said = done
                self._say(done, total)
            done += len(piece)
            yield piece

    def _say(self, done: int, total: int | None) -> None:
        name, so_far = self.target.name, format_number(done / 1e6, digits=1)
        if total is None:
            text = _("downloading {name}, {done} MB").format(name=name, done=so_far)
            self.report(text, 0.0)
            return
        text = _("downloading {name}, {done} of {total} MB").format(
            name=name, done=so_far, total=format_number(total / 1e6, digits=1)
        )
        self.report(text, _DOWNLOAD_SHARE * min(done / max(total, 1), 1.0))

    def _total(self, response: requests.Response, have: int) -> int | None:
        """Return the size the server announces; raise where it is beyond limit or disk."""
        announced = response.headers.get("Content-Length", "")
        if "Content-Encoding" in response.headers or not re.fullmatch("[0-9]{1,18}", announced):
            return None
        total = have + int(announced)
        free = shutil.disk_usage(self.target.parent).free
        if int(announced) + _SPARE_BYTES > free and total <= self.limit_bytes:
            raise StoreError(
                _("{path}: {size} MB are to come, but only {free} MB are free; make room").format(
                    path=self.target.parent,
                    size=format_number(int(announced) / 1e6),
                    free=format_number(free / 1e6),
                )
            )
        return total

    def _require_type(self, response: requests.Response) -> None:
        kind = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        if kind in {"text/html", "application/xhtml+xml"}:
            raise web_page_error(self.url, self.cure)
        if _NO_ZIP_TYPE.match(kind):
            raise SourceError(
                _("{url}: the answer says it is {kind}, not a ZIP file. {cure}").format(
                    url=self.url, kind=kind[:80], cure=self.cure
                )
            )

    def _require_zip(self, head: bytes) -> None:
        if head.startswith(_ZIP_MAGIC[: len(head)]):
            return
        if is_web_page(head):
            raise web_page_error(self.url, self.cure)
        raise SourceError(
            _("{url}: the answer is no ZIP file (it begins with {head!r}). {cure}").format(
                url=self.url, head=head[:12], cure=self.cure
            )
        )

    def _finish(self, stamp: Stamp) -> Downloaded:
        try:
            _test_zip(
                self.part,
                self.target.name,
                unpacked_limit_bytes=self.unpacked_limit_bytes,
                report=within(self.report, _DOWNLOAD_SHARE, 1.0),
            )
        except SourceError as error:
            discard(self.part)
            raise SourceError(f"{self.url}: {error}. {self.cure}") from error
        done = replace(stamp, sha256=_hash(self.part))
        self.part.replace(self.target)
        discard(self.part)
        write_stamp(self.target, done)
        return self._downloaded(done)

    def _downloaded(self, stamp: Stamp) -> Downloaded:
        size = self.target.stat().st_size
        return Downloaded(self.target, stamp.sha256, size, self.url, stamp.modified_at)


def _conditions(finished: Stamp | None, begun: Stamp | None, have: int) -> dict[str, str]:
    # Unpacked on the way, the bytes on disk could not be counted against the server's.
    headers = {"Accept-Encoding": "identity"}
    if finished is not None and finished.etag:
        headers["If-None-Match"] = finished.etag
    elif finished is not None:
        headers["If-Modified-Since"] = finished.last_modified
    elif begun is not None and have:
        headers |= {"Range": f"bytes={have}-", "If-Range": begun.validator}
    return headers


def _continues(response: requests.Response, stamp: Stamp, begun: Stamp, have: int) -> bool:
    """Return whether an answer is the rest of what has come, of the same edition."""
    if response.status_code != 206 or "Content-Encoding" in response.headers:
        return False
    same = stamp.validator in {"", begun.validator}
    return same and response.headers.get("Content-Range", "").startswith(f"bytes {have}-")


def _hash(path: Path) -> str:
    with path.open("rb") as file:
        digest = sha256()
        while piece := file.read(_TEST_PIECE_BYTES):
            digest.update(piece)
    return digest.hexdigest()


def _test_zip(path: Path, name: str, *, unpacked_limit_bytes: int, report: Report) -> None:
    """Raise `SourceError` unless every member unpacks to what its checksum says."""
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
            total = sum(member.file_size for member in members)
            if total > unpacked_limit_bytes:
                raise SourceError(
                    _("it would unpack to {size} MB, more than a real file does").format(
                        size=format_number(total / 1e6)
                    )
                )
            done = 0
            for member in members:
                with archive.open(member) as file:
                    while piece := file.read(_TEST_PIECE_BYTES):
                        done += len(piece)
                        report(_("testing {name}").format(name=name), done / max(total, 1))
    except DAMAGED as error:
        raise SourceError(_("the file arrived damaged ({reason})").format(reason=error)) from error
