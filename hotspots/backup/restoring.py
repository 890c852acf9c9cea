"""Putting a backup back: into an empty directory, whole or not at all."""

import os
import shutil
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from hotspots import __version__
from hotspots.accounts import Accounts
from hotspots.backup import manifest as listing
from hotspots.backup.manifest import Manifest, copy_member, read_backup
from hotspots.checkup import Checkup, check_workspace
from hotspots.errors import ParameterError, SourceError, StoreError
from hotspots.files import cannot_write
from hotspots.i18n import _, format_number
from hotspots.progress import Report, silent
from hotspots.settings import Workspace
from hotspots.store import Store
from hotspots.store.engine import URL_VARIABLE

_DRAFT_PREFIX: Final = ".hotspots-restore-"
_SPARE_BYTES: Final = 50_000_000


@dataclass(frozen=True)
class Restored:
    """A workspace that was put back, the list of its backup, and what a check of it found."""

    workspace: Workspace
    manifest: Manifest
    checkup: Checkup


def restore_backup(file: Path, target: Path, *, report: Report = silent) -> Restored:
    """Make the workspace that a backup was made of, in an empty or a new directory.

    Every file is compared with its fingerprint, tables of an earlier version are brought up to
    date, and the whole is checked before it takes its place. Sign-ins and one-time links that
    held when the backup was made hold no more: some were ended or used since.

    Parameters
    ----------
    file
        A backup.
    target
        Directory: absent or empty.
    report
        Told how far it is.

    Raises
    ------
    SourceError
        The file is no backup, is damaged, was changed, or is unsafe to open.
    StoreError
        `target` is not empty, cannot be written or is too small; or the backup is of a newer
        version of the program.
    ParameterError
        The program is set to a database on a server.
    """
    if os.environ.get(URL_VARIABLE, "").strip():
        raise ParameterError(
            _(
                "{variable} names another database than that of the workspace; unset it to "
                "restore, and put that database back with its own program, such as pg_restore"
            ).format(variable=URL_VARIABLE)
        )
    if not file.is_file():
        raise SourceError(_("there is no file {path}").format(path=file))
    _require_empty(target)
    listed = read_backup(file)
    existed = target.is_dir()
    around = target if existed else target.parent
    missing = [] if existed else [p for p in (around, *around.parents) if not p.exists()]
    try:
        around.mkdir(parents=True, exist_ok=True)
        _require_room(listed, around)
        draft = Path(tempfile.mkdtemp(prefix=_DRAFT_PREFIX, dir=around))
    except OSError as error:
        raise cannot_write(target, error) from error
    moved: list[Path] = []
    try:
        _unpack(file, listed, draft, report)
        report(_("Checking"), 0.7)
        workspace = Workspace.open(draft)
        _complete(workspace, file, listed)
        checkup = check_workspace(draft)
        if existed:
            # The settings come last: they are what makes a directory a workspace.
            entries = sorted(draft.iterdir(), key=lambda entry: entry.name == listing.SETTINGS)
            moved.extend(entry.rename(target / entry.name) for entry in entries)
            draft.rmdir()
        else:
            draft.rename(target)
    except BaseException as error:
        for left in (*moved, draft):
            if left.is_dir():
                shutil.rmtree(left, ignore_errors=True)
            else:
                left.unlink(missing_ok=True)
        for directory in missing:
            directory.rmdir()
        if isinstance(error, OSError):
            raise cannot_write(target, error) from error
        raise
    report(_("Done"), 1.0)
    return Restored(
        Workspace(target, workspace.settings),
        listed,
        Checkup(target, checkup.checked, checkup.faults),
    )


def _require_empty(target: Path) -> None:
    if not target.exists():
        return
    if not target.is_dir():
        raise StoreError(
            _("{path} is a file; name an empty or a new directory").format(path=target)
        )
    for entry in sorted(target.iterdir()):
        if entry.name.startswith(_DRAFT_PREFIX) and entry.is_dir():
            shutil.rmtree(entry)  # left by a restore that was killed
            continue
        raise StoreError(
            _(
                "{path} is not empty (it holds {name}); name an empty or a new directory, and "
                "put it in the place of the old one when it is whole"
            ).format(path=target, name=entry.name)
        )


def _require_room(listed: Manifest, directory: Path) -> None:
    free = shutil.disk_usage(directory).free
    if free < listed.size + _SPARE_BYTES:
        raise StoreError(
            _("{path} has {free} MB free, the backup needs {needed} MB; make room").format(
                path=directory,
                free=format_number(free / 1e6),
                needed=format_number((listed.size + _SPARE_BYTES) / 1e6),
            )
        )


def _unpack(file: Path, listed: Manifest, draft: Path, report: Report) -> None:
    done, total = 0, listed.size or 1
    with zipfile.ZipFile(file) as archive:
        for name, expected in listed.files.items():
            path = draft / name  # one of the names that `read_backup` lets pass
            path.parent.mkdir(parents=True, exist_ok=True)
            handle = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
            with os.fdopen(handle, "wb") as opened:
                copy_member(archive, name, expected, opened)
                opened.flush()
                os.fsync(opened.fileno())
            done += expected.size
            report(_("Unpacking"), 0.7 * done / total)


def _complete(workspace: Workspace, file: Path, listed: Manifest) -> None:
    """Bring the tables up to date, make what no backup holds, and note where all came from."""
    for directory in (workspace.layers, workspace.mappings, workspace.backups):
        directory.mkdir(exist_ok=True)
    Store.open(workspace).close()
    with Accounts.open(workspace) as accounts:
        accounts.note_restored(file.name, {"made_at": listed.made_at, "program": __version__})
