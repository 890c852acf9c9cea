"""The backups that a workspace keeps: their names, the last one, and removing old ones."""

import re
import shutil
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from hotspots.backup.manifest import read_backup
from hotspots.checkup import AuditSeen
from hotspots.errors import SourceError
from hotspots.settings import Workspace

_NAME: Final = re.compile(r"hotspots-(\d{8}T\d{6}Z)(?:-\d+)?\.zip")
# The copy that is made before the tables of an earlier version are brought up to date.
_COPY: Final = re.compile(r"(?:hotspots|accounts)-\d+-(\d{8}T\d{6}Z)\.db")
_STAMP: Final = "%Y%m%dT%H%M%SZ"
DRAFT_PREFIX: Final = ".hotspots-backup-"
# A draft this old is of a backup that was killed; none takes so long.
_DRAFT_LIVES_S: Final = 6 * 3600


@dataclass(frozen=True)
class KeptBackup:
    """A backup in the workspace's directory `backups`; `made_at` is in UTC, `size` in bytes."""

    path: Path
    made_at: datetime
    size: int


def list_backups(workspace: Workspace) -> list[KeptBackup]:
    """Return the backups that `make_backup` left in the workspace, newest first."""
    found = []
    for path in workspace.backups.glob("hotspots-*.zip"):
        match = _NAME.fullmatch(path.name)
        if match is None:
            continue
        try:
            made_at = datetime.strptime(match[1], _STAMP).replace(tzinfo=UTC)
            found.append(KeptBackup(path, made_at, path.stat().st_size))
        except (ValueError, OSError):
            continue  # a name like ours, or removed this moment
    return sorted(found, key=lambda kept: (kept.made_at, kept.path.name), reverse=True)


def audit_seen(workspace: Workspace, *, n: int = 3) -> list[AuditSeen]:
    """Return what the newest `n` backups know of the audit record; those unreadable are left out.

    Lines cut off at the end of the record leave no trace in itself.
    """
    found = []
    for kept in list_backups(workspace)[:n]:
        try:
            listed = read_backup(kept.path)
        except (SourceError, OSError):
            continue
        made_at = datetime.fromisoformat(listed.made_at)
        found.append(AuditSeen(kept.path.name, made_at, listed.counts.get("audit", 0)))
    return found


def new_name(workspace: Workspace, made_at: datetime) -> Path:
    """Return where a backup of a moment goes; a second one of the same second gets a number."""
    stem = f"hotspots-{made_at.astimezone(UTC):{_STAMP}}"
    path, n = workspace.backups / f"{stem}.zip", 2
    while path.exists():
        path = workspace.backups / f"{stem}-{n}.zip"
        n += 1
    return path


def remove_old(workspace: Workspace, *, keep: int) -> list[Path]:
    """Remove all but the newest `keep` backups; return what was removed.

    Copies of former tables, made when the program was upgraded, go once all the kept backups are
    younger: else they would hold what was erased for ever.
    """
    found = list_backups(workspace)
    removed = [kept.path for kept in found[keep:]]
    if len(found) >= keep:
        oldest = format(found[keep - 1].made_at, _STAMP)
        for path in sorted(workspace.backups.glob("*.db")):
            match = _COPY.fullmatch(path.name)
            if match is not None and match[1] < oldest:
                removed.append(path)
    for path in removed:
        path.unlink(missing_ok=True)
    return removed


def remove_drafts(directory: Path) -> None:
    """Remove what backups left behind that were killed."""
    for draft in directory.glob(f"{DRAFT_PREFIX}*"):
        try:
            if time.time() - draft.stat().st_mtime > _DRAFT_LIVES_S:
                shutil.rmtree(draft)
        except OSError:
            continue  # another user's, or gone already
