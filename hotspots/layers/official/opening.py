"""Opening a RÚIAN file whatever its wrapping: plain, gzip or ZIP, unpacked piece by piece."""

import gzip
import hashlib
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final, Protocol

from hotspots.archive import DAMAGED, check_members
from hotspots.errors import SourceError
from hotspots.filetypes import require_file
from hotspots.i18n import _, format_number

# What files unpack to at most: the largest town's, and the state's.
TOWN_LIMIT: Final = 2 << 30  # bytes
STATE_LIMIT: Final = 8 << 30  # bytes
# Real files unpack to about 12 times their size; a file of spaces to a thousand times.
_RATIO_LIMIT: Final = 150
_RATIO_FROM: Final = 50 << 20  # bytes unpacked
_PIECE: Final = 1 << 20
_GZIP_MAGIC: Final = b"\x1f\x8b"
_ZIP_MAGIC: Final = (b"PK\x03\x04", b"PK\x05\x06")
_BINARY_MAGIC: Final = (
    *_ZIP_MAGIC,
    _GZIP_MAGIC,
    b"SQLite format 3",
    b"%PDF",
    b"7z\xbc\xaf",
    b"Rar!",
    b"BZh",
    b"\xfd7zXZ",
)


class _Body(Protocol):
    """What unpacked bytes are read from."""

    def read(self, size: int, /) -> bytes: ...


class Unpacked:
    """Bytes of a file as they unpack.

    Attributes
    ----------
    path
        The file as it came.
    limit_bytes
        How much it may unpack to; whoever learns more about the file may change it.
    """

    def __init__(self, path: Path, raw: IO[bytes], body: _Body, limit_bytes: int) -> None:
        self.path = path
        self.limit_bytes = limit_bytes
        self._raw = raw
        self._body = body
        self._packed = path.stat().st_size
        self._read = 0
        self._peeked = b""

    def peek(self, n_bytes: int) -> bytes:
        """Return up to `n_bytes` from the present position without passing them.

        Raises
        ------
        SourceError
            As `read`.
        """
        while len(self._peeked) < n_bytes:
            piece = self._take(n_bytes - len(self._peeked))
            if not piece:
                break
            self._peeked += piece
        return self._peeked[:n_bytes]

    def read(self, n_bytes: int) -> bytes:
        """Return the next bytes, at most `n_bytes`; none at the end.

        Raises
        ------
        SourceError
            The file is damaged or cut off, or unpacks to more than a real one does.
        """
        if self._peeked:
            piece, self._peeked = self._peeked[:n_bytes], self._peeked[n_bytes:]
            return piece
        return self._take(n_bytes)

    @property
    def share(self) -> float:
        """How much of the file as it came has been read, 0 to 1."""
        return min(self._raw.tell() / max(self._packed, 1), 1.0)

    def _take(self, n_bytes: int) -> bytes:
        try:
            piece = self._body.read(n_bytes)
        except DAMAGED as error:
            raise _damaged(self.path, error) from error
        self._read += len(piece)
        swollen = self._read > _RATIO_FROM and self._read > _RATIO_LIMIT * self._packed
        if self._read > self.limit_bytes or swollen:
            raise SourceError(
                _(
                    "{name} unpacks to more than {size} MB, more than a real file of its kind; "
                    "it is not read further"
                ).format(name=self.path.name, size=format_number(self._read // 1_000_000))
            )
        return piece


def _damaged(path: Path, reason: object) -> SourceError:
    """Return the error of a file that is damaged or cut off."""
    return SourceError(
        _(
            "{name} cannot be unpacked, it seems damaged or cut off ({reason}); download it again"
        ).format(name=path.name, reason=reason)
    )


@contextmanager
def open_unpacked(path: Path, *, limit_bytes: int = TOWN_LIMIT) -> Iterator[Unpacked]:
    """Open a file that may be packed by gzip or be the one member of a ZIP archive.

    How it is packed is told by its first bytes, not by its name. Memory stays bounded whatever
    the file's size.

    Parameters
    ----------
    path
        File.
    limit_bytes
        How many bytes it may unpack to.

    Yields
    ------
    unpacked
        Its bytes; damage shows only while they are read.

    Raises
    ------
    SourceError
        No such file, not readable, empty, damaged, encrypted, packed twice, unpacking to too
        much, or an archive with paths outside itself or with more than one file.
    """
    path = Path(path)
    require_file(path)
    try:
        raw = path.open("rb")
    except OSError as error:
        raise SourceError(
            _("{path} cannot be opened: {reason}").format(path=path, reason=error.strerror)
        ) from error
    with raw:
        magic = raw.read(4)
        raw.seek(0)
        if magic.startswith(_GZIP_MAGIC):
            with gzip.GzipFile(fileobj=raw) as body:
                yield _checked(path, raw, body, limit_bytes)
        elif magic in _ZIP_MAGIC:
            with _only_member(path, raw, limit_bytes) as body:
                yield _checked(path, raw, body, limit_bytes)
        else:
            yield _checked(path, raw, raw, limit_bytes)


@contextmanager
def _only_member(path: Path, raw: IO[bytes], limit_bytes: int) -> Iterator[IO[bytes]]:
    members = check_members(path, limit_bytes=limit_bytes)
    # Archives made on a Mac carry a shadow of every file.
    members = [m for m in members if not m.filename.startswith("__MACOSX/")]
    if len(members) != 1:
        raise SourceError(
            _(
                "{name} holds {n} files, but one XML or CSV file is expected; "
                "unpack it and give the files themselves"
            ).format(name=path.name, n=len(members))
        )
    try:
        archive = zipfile.ZipFile(raw)
        body = archive.open(members[0])
    except DAMAGED as error:
        raise _damaged(path, error) from error
    with archive, body:
        yield body


def _checked(path: Path, raw: IO[bytes], body: _Body, limit_bytes: int) -> Unpacked:
    unpacked = Unpacked(path, raw, body, limit_bytes)
    head = unpacked.peek(4096)
    if not head.strip(b"\x00 \t\r\n\xef\xbb\xbf") and len(head) < 4096:
        raise SourceError(_("{name} is empty; download it again").format(name=path.name))
    if head.startswith(_BINARY_MAGIC):
        raise SourceError(
            _(
                "{name} holds neither XML nor CSV but another archive, database or document; "
                "unpack it once or download the file again"
            ).format(name=path.name)
        )
    return unpacked


def fingerprint(path: Path) -> tuple[str, int]:
    """Return the SHA-256 (64 hexadecimal digits) and the size [bytes] of a file as it came.

    Raises
    ------
    SourceError
        The file cannot be read.
    """
    digest, size = hashlib.sha256(), 0
    try:
        with path.open("rb") as file:
            while piece := file.read(_PIECE):
                digest.update(piece)
                size += len(piece)
    except OSError as error:
        raise SourceError(
            _("{path} cannot be opened: {reason}").format(path=path, reason=error.strerror)
        ) from error
    return digest.hexdigest(), size
