"""The databases themselves: readable page by page, keys that lead somewhere, the audit record."""

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from hotspots.accounts import Accounts, AuditEntry
from hotspots.accounts.audit import BACKUP
from hotspots.accounts.roles import ADMINISTRATOR
from hotspots.errors import HotspotsError, StoreError
from hotspots.i18n import _, format_number
from hotspots.settings import Workspace
from hotspots.store.consistency import Fault
from hotspots.store.engine import database_file

_SHOWN: Final = 5
# What SQLite answers where the file may be whole but is not reached: a disk that is read-only,
# full or failing, rights.
_NOT_REACHED: Final = frozenset(
    {
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_PERM,
        sqlite3.SQLITE_READONLY,
    }
)
_BACKUPS_READ: Final = 1_000  # lines of the audit record about backups, newest first
# Triggers that refuse to change a line of the audit record, to take one out, to put one between.
_GUARDS: Final = frozenset({"audit_no_change", "audit_no_removal", "audit_only_next"})


def check_database(workspace: Workspace) -> list[Fault]:
    """Check the file of the database of incidents; one on a server looks after itself."""
    try:
        file = database_file(workspace)
    except StoreError as error:
        return [Fault("incidents", str(error), _("correct or unset the variable"))]
    return [] if file is None else _check_file(file, about="incidents")


@dataclass(frozen=True)
class AuditSeen:
    """How many lines the audit record had when a backup was made (UTC), and the backup's name."""

    name: str
    made_at: datetime
    n_lines: int


def check_accounts(workspace: Workspace, seen: Sequence[AuditSeen] = ()) -> list[Fault]:
    """Check accounts, and that nobody changed the audit record or cut off its end.

    A workspace that was never served has no accounts yet.

    Parameters
    ----------
    workspace
        Whose accounts.
    seen
        What backups know of the audit record.
    """
    file = workspace.accounts
    if not file.is_file():
        return []
    faults = _check_file(file, about="accounts")
    if faults:
        return faults
    try:
        with Accounts.open(workspace) as accounts:
            broken = accounts.find_audit_break()
            people = accounts.users()
            last = accounts.audit_entries(limit=1)
            kept = accounts.audit_entries(limit=_BACKUPS_READ, actions=[BACKUP])
    except HotspotsError as error:
        cure = _("put back accounts.db of a backup: hotspots restore FILE DIR")
        return [Fault("accounts", str(error), cure)]
    if broken is not None:
        faults.append(
            Fault(
                "accounts",
                _("the audit record was changed by other means: line {n} does not follow").format(
                    n=format_number(broken)
                ),
                _(
                    "keep this file as evidence, compare it with the backups, and find out who may "
                    "write to the workspace's directory"
                ),
            )
        )
    faults += _guards(file)
    faults += _cut_off(last[0].audit_key if last else 0, kept, seen)
    if people and not any(user.role == ADMINISTRATOR and user.is_open for user in people):
        faults.append(
            Fault(
                "accounts",
                _("nobody may administer: no account of an administrator is open"),
                _("make one: hotspots user first-link"),
            )
        )
    return faults


def _cut_off(n_lines: int, kept: Sequence[AuditEntry], seen: Sequence[AuditSeen]) -> list[Fault]:
    """Return a fault where a backup knows of more lines than there are.

    One made before the workspace was restored from another says nothing of the lines since.
    """
    restored = [entry.done_at for entry in kept if entry.details.get("restored")]
    since = datetime.fromisoformat(restored[0]) if restored else None
    for one in seen:
        if one.n_lines > n_lines and (since is None or one.made_at > since):
            return [
                Fault(
                    "accounts",
                    _(
                        "lines of the audit record were cut off: there are {n}, the backup {name} "
                        "knows of {more}"
                    ).format(
                        n=format_number(n_lines),
                        name=one.name,
                        more=format_number(one.n_lines),
                    ),
                    _(
                        "keep this file as evidence, compare it with the backups, and find out who "
                        "may write to the workspace's directory"
                    ),
                )
            ]
    return []


def _guards(file: Path) -> list[Fault]:
    """Return a fault where the triggers that protect the audit record are gone."""
    query = "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'audit'"
    with closing(_open(file)) as connection:
        found = {row[0] for row in connection.execute(query)}
    if found >= _GUARDS:
        return []
    return [
        Fault(
            "accounts",
            _("what protects the audit record from changes was removed from the database"),
            _("put back accounts.db of a backup, and find out who may write to the directory"),
        )
    ]


def _open(file: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{file.resolve().as_uri()}?mode=ro", uri=True, timeout=5)


def _check_file(file: Path, *, about: str) -> list[Fault]:
    cure = _("put back the last backup: hotspots restore FILE DIR")
    if not file.is_file():
        return [Fault(about, _("{file} is missing").format(file=file.name), cure)]
    try:
        with closing(_open(file)) as connection:
            said = [row[0] for row in connection.execute(f"PRAGMA integrity_check({_SHOWN})")]
            keys = connection.execute("PRAGMA foreign_key_check").fetchmany(1000)
    except sqlite3.Error as error:
        text = _("{file} cannot be read: {reason}").format(file=file.name, reason=error)
        code: int | None = getattr(error, "sqlite_errorcode", None)
        if code is not None and code & 0xFF in _NOT_REACHED:
            cure = _(
                "the file may be whole: look whether the disk is read-only, full or failing "
                "(mount, df, dmesg) and whom the directory belongs to, before you put back a backup"
            )
        return [Fault(about, text, cure)]
    faults = [
        Fault(about, _("{file} is damaged: {what}").format(file=file.name, what=text), cure)
        for text in said
        if text != "ok"
    ]
    for table in sorted({str(row[0]) for row in keys}):
        n = sum(1 for row in keys if row[0] == table)
        faults.append(
            Fault(
                about,
                _(
                    "{file}: rows of the table {table} that refer to what does not exist: {n}"
                ).format(file=file.name, n=format_number(n), table=table),
                cure,
            )
        )
    return faults
