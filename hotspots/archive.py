"""ZIP archives read member by member, never unpacked to disk, within limits of size."""

import lzma
import struct
import zipfile
import zlib
from pathlib import Path, PurePosixPath
from typing import Final

from hotspots.errors import SourceError
from hotspots.i18n import _, format_number

# What Python's unpacker raises on bytes that were changed: wrong checksums, streams, methods.
DAMAGED: Final = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    struct.error,
    NotImplementedError,
    OSError,
    EOFError,
    LookupError,
    ValueError,
    TypeError,
    AttributeError,
    RuntimeError,
    OverflowError,
)
UNPACKED_LIMIT: Final = 1 << 30  # bytes, all members together
MEMBERS_LIMIT: Final = 5_000
# Beyond this a member is made to exhaust memory; real sheets and tables stay far below.
RATIO_LIMIT: Final = 400
_RATIO_FROM: Final = 10 << 20  # bytes unpacked


def check_members(path: Path, *, limit_bytes: int | None = None) -> list[zipfile.ZipInfo]:
    """Return the members of an archive, files only.

    Parameters
    ----------
    path
        Archive.
    limit_bytes
        Bytes that all members together may unpack to.

    Raises
    ------
    SourceError
        The archive is damaged, cut off or encrypted, has members outside itself, or unpacks to
        more than the limits.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            members = [m for m in archive.infolist() if not m.is_dir()]
    except DAMAGED as error:
        raise SourceError(
            _(
                "{name} cannot be unpacked, it seems damaged or cut off ({reason}); "
                "save or download it again"
            ).format(name=path.name, reason=error)
        ) from error
    for member in members:
        parts = PurePosixPath(member.filename.replace("\\", "/"))
        if parts.is_absolute() or ".." in parts.parts or ":" in parts.parts[0]:
            raise SourceError(
                _("{name} holds '{member}', a path outside the archive; it is not read").format(
                    name=path.name, member=member.filename
                )
            )
        if member.flag_bits & 1:
            raise SourceError(
                _("{name} is protected by a password; save it without one").format(name=path.name)
            )
    total = sum(member.file_size for member in members)
    ratio = max(
        (m.file_size / max(m.compress_size, 1) for m in members if m.file_size > _RATIO_FROM),
        default=0.0,
    )
    if ratio > RATIO_LIMIT:
        raise SourceError(
            _(
                "{name} would unpack to {size} MB, {ratio} times its packed size; more than {limit}"
                " times is no real file, and it is not read"
            ).format(
                name=path.name,
                size=format_number(total / 1e6),
                ratio=format_number(round(ratio)),
                limit=format_number(RATIO_LIMIT),
            )
        )
    most = UNPACKED_LIMIT if limit_bytes is None else limit_bytes
    if total > most or len(members) > MEMBERS_LIMIT:
        raise SourceError(
            _(
                "{name} would unpack to {size} MB in {n} files, more than a real file does; "
                "it is not read"
            ).format(name=path.name, size=format_number(total / 1e6), n=len(members))
        )
    return members


def read_member(path: Path, member: zipfile.ZipInfo) -> bytes:
    """Return the unpacked bytes of one member, checked by its checksum.

    Raises
    ------
    SourceError
        The member is damaged.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            return archive.read(member)
    except DAMAGED as error:
        raise SourceError(
            _("{name}: '{member}' in it is damaged ({reason}); download it again").format(
                name=path.name, member=member.filename, reason=error
            )
        ) from error
