"""Making a backup: each file copied at one moment of its own, verified, put in place whole."""

import os
import shutil
import sqlite3
import tempfile
import zipfile
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from hotspots import __version__
from hotspots.accounts import SYSTEM, Accounts
from hotspots.accounts.audit import BACKUP
from hotspots.accounts.base import CHAIN as ACCOUNTS_CHAIN
from hotspots.backup import manifest as listing
from hotspots.backup.keeping import DRAFT_PREFIX, new_name, remove_drafts, remove_old
from hotspots.backup.manifest import Manifest, StoredFile, copy_member, read_backup
from hotspots.errors import ParameterError, StoreError
from hotspots.files import cannot_write
from hotspots.i18n import _, format_number
from hotspots.layers.version_files import LAYERS_FILE, VERSIONS_DIR, changing, kept_files
from hotspots.progress import Report, silent
from hotspots.settings import Workspace
from hotspots.store.engine import URL_VARIABLE, database_file, say_damaged
from hotspots.store.migrate import CHAIN, Chain, copy_database, known_revisions
from hotspots.users import current_user

_PIECE: Final = 1 << 20
_COMPRESSION: Final = 6
# From this share of empty pages on a copy is packed together before it is compressed.
_EMPTY_SHARE: Final = 0.2
_COUNTED: Final = {
    listing.DATABASE: ("incidents", "incident_versions", "batches", "placings", "decisions"),
    listing.ACCOUNTS: ("users", "audit"),
}
_CHAINS: Final[dict[str, Chain]] = {
    listing.DATABASE: CHAIN,
    listing.ACCOUNTS: ACCOUNTS_CHAIN,
}


@dataclass(frozen=True)
class MadeBackup:
    """A backup that was made: where it is, its bytes, what it holds, older ones removed.

    `audit_break` is the line at which the audit record was changed by other means, or None.
    Where it is not None no older backup was removed: one of them may hold the record as it was.
    """

    path: Path
    size: int
    manifest: Manifest
    removed: tuple[Path, ...]
    audit_break: int | None = None


def make_backup(
    workspace: Workspace,
    *,
    out: Path | None = None,
    keep: int | None = None,
    report: Report = silent,
) -> MadeBackup:
    """Copy a workspace into one ZIP while others read and write it.

    The database of incidents is copied as it was at one moment, between two imports; so are the
    accounts, and the layers between two changes. Left out are the key of the sessions (everybody
    signs in anew after a restore), files that wait to be imported, records of jobs, lists of
    rejected rows, and earlier backups. The backup is read back and compared before it takes its
    name, is readable by its owner only, and the audit record names it.

    Parameters
    ----------
    workspace
        What to copy.
    out
        Where to; None makes a file named by the moment in the workspace's directory `backups`.
    keep
        Keep only so many of the newest backups there; None keeps all.
    report
        Told how far it is.

    Raises
    ------
    ParameterError
        `keep` is below one or given with `out`, or the directory of `out` does not exist.
    StoreError
        The database is on a server, is damaged or of a newer version, or the disk is full.
    """
    if keep is not None and (keep < 1 or out is not None):
        raise ParameterError(
            _(
                "--keep takes a number from 1 up and concerns the backups in the workspace; leave "
                "out --out"
            )
        )
    file = database_file(workspace)
    if file is None:
        raise StoreError(
            _(
                "the incidents are in the database that {variable} names; back it up with pg_dump, "
                "and copy settings.toml, offences.csv, mappings and layers of {path} besides"
            ).format(variable=URL_VARIABLE, path=workspace.path)
        )
    made_at = datetime.now(UTC)
    if out is None:
        workspace.backups.mkdir(exist_ok=True)
        target = new_name(workspace, made_at)
    else:
        target = out
        if not out.parent.is_dir():
            raise ParameterError(
                _("the directory {path} does not exist; make it first").format(path=out.parent)
            )
        if out.is_dir():
            raise ParameterError(_("{path} is a directory, not a file").format(path=out))
    remove_drafts(target.parent)
    _require_room(workspace, file, target.parent)
    try:
        work = Path(tempfile.mkdtemp(prefix=DRAFT_PREFIX, dir=target.parent))
    except OSError as error:
        raise cannot_write(target, error) from error
    try:
        report(_("Copying"), 0.0)
        copied = _copy_all(workspace, file, work)
        draft = work / "backup.zip"
        listed = _write(workspace, copied, draft, made_at=made_at, report=report)
        report(_("Comparing"), 0.8)
        _verify(draft)
        audit_break = _record(workspace, target, listed, size=draft.stat().st_size)
        draft.replace(target)
        _sync_directory(target.parent)
    except OSError as error:
        raise cannot_write(target, error) from error
    finally:
        shutil.rmtree(work, ignore_errors=True)
    report(_("Done"), 1.0)
    is_trusted = audit_break is None
    removed = tuple(remove_old(workspace, keep=keep)) if keep is not None and is_trusted else ()
    return MadeBackup(target, target.stat().st_size, listed, removed, audit_break)


def _require_room(workspace: Workspace, database: Path, directory: Path) -> None:
    """Raise `StoreError` where the copies and the archive might not fit."""
    files = [database, workspace.accounts, *workspace.layers.rglob("*.gpkg")]
    needed = 2 * sum(file.stat().st_size for file in files if file.is_file())
    free = shutil.disk_usage(directory).free
    if free < needed:
        raise StoreError(
            _(
                "{path} has {free} MB free, the backup may need {needed} MB for a while; make "
                "room, or name another disk with --out FILE"
            ).format(
                path=directory,
                free=format_number(free / 1e6),
                needed=format_number(needed / 1e6),
            )
        )


def _copy_all(workspace: Workspace, database: Path, work: Path) -> dict[str, Path]:
    """Copy everything to be kept into `work`; return the copies by their path in the workspace."""
    if not database.is_file():
        raise StoreError(
            _("{path} has no database; make one with: hotspots init {workspace}").format(
                path=database, workspace=workspace.path
            )
        )
    copied = {listing.DATABASE: _copy_sqlite(database, work / "incidents", workspace)}
    if workspace.accounts.is_file():
        copied[listing.ACCOUNTS] = _copy_sqlite(workspace.accounts, work / "accounts", workspace)
    plain = [workspace.path / name for name in (listing.SETTINGS, listing.OFFENCES)]
    plain += sorted(workspace.mappings.glob("*.toml"))
    for file in plain:
        if file.is_file() and not file.is_symlink():
            name = file.relative_to(workspace.path).as_posix()
            copied[name] = _copy_plain(file, work / name)
    if (workspace.layers / LAYERS_FILE).is_file():
        with changing(workspace):
            for file in (workspace.layers / LAYERS_FILE, *kept_files(workspace)):
                parts = ("layers",) if file.name == LAYERS_FILE else ("layers", VERSIONS_DIR)
                name = "/".join((*parts, file.name))
                copied[name] = _copy_plain(file, work / name)
    return copied


def _copy_plain(file: Path, target: Path) -> Path:
    target.parent.mkdir(parents=True, exist_ok=True)
    return Path(shutil.copyfile(file, target))


def _copy_sqlite(file: Path, target: Path, workspace: Workspace) -> Path:
    """Copy a SQLite database as it is at one moment, and check every page of the copy."""
    try:
        copy_database(file, target)
        with closing(sqlite3.connect(target, isolation_level=None)) as copy:
            said = copy.execute("PRAGMA integrity_check(1)").fetchone()[0]
            if said != "ok":
                raise StoreError(say_damaged(f"{file.name}: {said}", workspace.backups))
            pages = copy.execute("PRAGMA page_count").fetchone()[0]
            empty = copy.execute("PRAGMA freelist_count").fetchone()[0]
            if empty > _EMPTY_SHARE * pages:
                copy.execute("VACUUM")
            copy.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    except sqlite3.Error as error:
        raise StoreError(say_damaged(f"{file.name}: {error}", workspace.backups)) from error
    return target


def _write(
    workspace: Workspace,
    copied: dict[str, Path],
    draft: Path,
    *,
    made_at: datetime,
    report: Report,
) -> Manifest:
    """Write the archive, the list of its files last, and return that list."""
    revisions, counts = _describe(copied)
    files: dict[str, StoredFile] = {}
    total = sum(path.stat().st_size for path in copied.values()) or 1
    done = 0
    os.close(os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    with zipfile.ZipFile(
        draft, "w", zipfile.ZIP_DEFLATED, compresslevel=_COMPRESSION, allowZip64=True
    ) as archive:
        for name, path in sorted(copied.items()):
            digest, size = sha256(), 0
            with (
                path.open("rb") as source,
                archive.open(_info(name, made_at), "w", force_zip64=True) as member,
            ):
                while piece := source.read(_PIECE):
                    digest.update(piece)
                    size += len(piece)
                    member.write(piece)
                    report(_("Packing"), 0.2 + 0.6 * (done + size) / total)
            done += size
            files[name] = StoredFile(size, digest.hexdigest())
        listed = Manifest(
            made_at=made_at.isoformat(timespec="seconds"),
            program=__version__,
            town=workspace.settings.town,
            municipality=workspace.settings.municipality,
            revisions=revisions,
            counts=counts,
            files=files,
        )
        archive.writestr(_info(listing.MANIFEST, made_at), listed.to_json())
    with draft.open("r+b") as written:
        os.fsync(written.fileno())
    return listed


def _info(name: str, made_at: datetime) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name, made_at.timetuple()[:6])
    info.compress_type = zipfile.ZIP_DEFLATED
    info.external_attr = 0o600 << 16
    return info


def _describe(copied: dict[str, Path]) -> tuple[dict[str, str], dict[str, int]]:
    """Return the revisions of the copied databases and how many rows they hold."""
    revisions: dict[str, str] = {}
    counts: dict[str, int] = {}
    for name, chain in _CHAINS.items():
        if name not in copied:
            continue
        with closing(sqlite3.connect(copied[name])) as copy:
            present = {
                row[0] for row in copy.execute("SELECT name FROM sqlite_master WHERE type='table'")
            }
            if chain.version_table not in present:
                raise StoreError(say_damaged(_("its tables are missing"), None))
            found = _number(copy, f"SELECT version_num FROM {chain.version_table}")  # noqa: S608
            revisions[name] = str(found)
            if revisions[name] not in known_revisions(chain):
                raise StoreError(
                    _(
                        "the database was made by a newer version of the program "
                        "(tables {found}, known {known}); update the program"
                    ).format(found=found, known=chain.head)
                )
            for table in _COUNTED[name]:
                if table in present:
                    query = f"SELECT count(*) FROM {table}"  # noqa: S608 - names of ours
                    counts[table] = int(_number(copy, query))
    return revisions, counts


def _number(connection: sqlite3.Connection, query: str) -> Any:
    row = connection.execute(query).fetchone()
    return "" if row is None else row[0]


def _verify(draft: Path) -> None:
    """Read the whole archive back, as a restore would."""
    listed = read_backup(draft)
    with zipfile.ZipFile(draft) as archive:
        for name, expected in listed.files.items():
            copy_member(archive, name, expected, None)


def _record(workspace: Workspace, target: Path, listed: Manifest, *, size: int) -> int | None:
    """Note the backup in the audit record: one that nobody knows of must not be made.

    Return the line at which the record was broken before, or None.
    """
    with Accounts.open(workspace) as accounts:
        broken = accounts.find_audit_break()
        accounts.record(
            BACKUP,
            user_name=current_user(),
            role=SYSTEM,
            subject=target.name,
            details={"made": True, "bytes": size, "counts": dict(listed.counts)},
        )
    return broken


def _sync_directory(directory: Path) -> None:
    """Let the new name outlive a power cut; Windows has no such call."""
    if os.name == "nt":
        return
    handle = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
