"""What a backup says of itself, and reading one without believing it."""

import json
import re
import zipfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import IO, Any, Final

from hotspots.archive import DAMAGED, MEMBERS_LIMIT
from hotspots.errors import SourceError
from hotspots.i18n import _, format_number

FORMAT: Final = "hotspots-backup"
FORMAT_VERSION: Final = 1
MANIFEST: Final = "manifest.json"
DATABASE: Final = "hotspots.db"
ACCOUNTS: Final = "accounts.db"
SETTINGS: Final = "settings.toml"
OFFENCES: Final = "offences.csv"
REQUIRED: Final = frozenset({DATABASE, SETTINGS})
# Nothing else is taken out of an archive, whatever it holds.
_KNOWN: Final = re.compile(
    r"hotspots\.db|accounts\.db|settings\.toml|offences\.csv|mappings/[a-z0-9_-]{1,40}\.toml|"
    r"layers/layers\.gpkg|layers/versions/[0-9]{1,9}\.gpkg"
)
_MANIFEST_BYTES: Final = 5_000_000
_PIECE: Final = 1 << 20
# Databases and layers shrink to a tenth; what unpacks to this many times its size is a trap.
MOST_SWOLLEN: Final = 100
_ALWAYS_FINE: Final = 200_000_000  # bytes unpacked


@dataclass(frozen=True)
class StoredFile:
    """A file in a backup: bytes unpacked, and the fingerprint of its content."""

    size: int
    sha256: str


@dataclass(frozen=True)
class Manifest:
    """What a backup holds.

    Attributes
    ----------
    made_at
        Moment at which the incidents were copied: ISO, UTC.
    program
        Version of the program that made it.
    town, municipality
        Study area.
    revisions
        Revision of the tables, by database.
    counts
        Rows of the tables a person would ask for.
    files
        Every file by its path in the workspace.
    """

    made_at: str
    program: str
    town: str
    municipality: str
    revisions: Mapping[str, str]
    counts: Mapping[str, int]
    files: Mapping[str, StoredFile]

    @property
    def size(self) -> int:
        """Bytes of all files unpacked."""
        return sum(file.size for file in self.files.values())

    def to_json(self) -> str:
        """Return the manifest as it stands in the archive."""
        values = {"format": FORMAT, "format_version": FORMAT_VERSION, **asdict(self)}
        return json.dumps(values, ensure_ascii=False, indent=1)

    @classmethod
    def from_json(cls, text: bytes, *, name: str) -> "Manifest":
        """Read a manifest.

        Raises
        ------
        SourceError
            It is none, or of a later version of the program.
        """
        try:
            values = json.loads(text)
            if values["format"] != FORMAT:
                raise ValueError(str(values["format"])[:40])
            version = int(values["format_version"])
            if version > FORMAT_VERSION:
                raise SourceError(
                    _(
                        "{name} was made by a newer version of the program; update the program "
                        "before restoring it"
                    ).format(name=name)
                )
            return cls(
                made_at=datetime.fromisoformat(values["made_at"]).isoformat(timespec="seconds"),
                program=str(values["program"])[:40],
                town=str(values["town"])[:200],
                municipality=str(values["municipality"])[:20],
                revisions={str(k): str(v) for k, v in values["revisions"].items()},
                counts={str(k): int(v) for k, v in values["counts"].items()},
                files={
                    str(path): StoredFile(_size(file["size"]), str(file["sha256"]))
                    for path, file in values["files"].items()
                },
            )
        except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
            raise SourceError(
                _(
                    "{name} is no backup made by this program: its list of files cannot be read"
                ).format(name=name)
            ) from error


def _size(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise ValueError(repr(value)[:40])
    return value


def read_backup(path: Path) -> Manifest:
    """Return what a backup says it holds, after checking that the archive is one and safe to open.

    Its content is compared with the fingerprints by `copy_member`.

    Raises
    ------
    SourceError
        It is no backup, is damaged or cut off, holds what no backup holds, or would unpack to
        much more than a real one.
    """
    name = path.name
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
            _check_members(members, path)
            text = archive.read(MANIFEST)
    except SourceError:
        raise
    except DAMAGED as error:
        raise SourceError(
            _(
                "{name} cannot be read, it seems damaged or cut off ({reason}); take another backup"
            ).format(name=name, reason=error)
        ) from error
    manifest = Manifest.from_json(text, name=name)
    held = {m.filename: m.file_size for m in members if m.filename != MANIFEST}
    listed = {member: file.size for member, file in manifest.files.items()}
    if held != listed or REQUIRED - set(held):
        odd = sorted(set(held.items()) ^ set(listed.items())) or sorted(
            (missing, 0) for missing in REQUIRED - set(held)
        )
        raise SourceError(
            _("{name} does not hold what it lists ({member}); take another backup").format(
                name=name, member=odd[0][0]
            )
        )
    return manifest


def _check_members(members: list[zipfile.ZipInfo], path: Path) -> None:
    names = [member.filename for member in members]
    if MANIFEST not in names:
        raise SourceError(
            _("{name} is no backup made by this program: it has no list of files").format(
                name=path.name
            )
        )
    for member in members:
        if member.flag_bits & 1:
            raise SourceError(
                _("{name} is protected by a password; save it without one").format(name=path.name)
            )
        if member.filename != MANIFEST and not _KNOWN.fullmatch(member.filename):
            raise SourceError(
                _("{name} holds '{member}', which is no part of a backup; it is not opened").format(
                    name=path.name, member=member.filename[:100]
                )
            )
    if len(set(names)) != len(names):
        raise SourceError(_("{name} holds a file twice; it is not opened").format(name=path.name))
    total = sum(member.file_size for member in members)
    listed = next(m.file_size for m in members if m.filename == MANIFEST)
    swollen = total > _ALWAYS_FINE and total > MOST_SWOLLEN * path.stat().st_size
    if swollen or listed > _MANIFEST_BYTES or len(members) > MEMBERS_LIMIT:
        raise SourceError(
            _(
                "{name} would unpack to {size} MB in {n} files, more than a real backup does; it "
                "is not opened"
            ).format(name=path.name, size=format_number(total / 1e6), n=len(members))
        )


def copy_member(
    archive: zipfile.ZipFile, name: str, expected: StoredFile, target: IO[bytes] | None
) -> None:
    """Unpack one file, into `target` if there is one, never more than it is said to have.

    Raises
    ------
    SourceError
        Its content is not that of which the backup was made.
    """
    digest, size = sha256(), 0
    archive_name = Path(archive.filename or "").name
    try:
        with archive.open(name) as member:
            while piece := member.read(_PIECE):
                size += len(piece)
                if size > expected.size:
                    break
                digest.update(piece)
                if target is not None:
                    target.write(piece)
    except DAMAGED as error:
        if target is not None and isinstance(error, OSError) and error.errno is not None:
            raise  # the disk's, not the archive's
        raise SourceError(_changed(archive_name, name)) from error
    if size != expected.size or digest.hexdigest() != expected.sha256:
        raise SourceError(_changed(archive_name, name))


def _changed(archive: str, member: str) -> str:
    return _(
        "{name}: '{member}' in it is damaged or was changed after the backup was made; nothing was "
        "restored. Take another backup"
    ).format(name=archive, member=member)
