"""The databases themselves: readable page by page, keys that lead somewhere, the audit record."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Final

from hotspots.accounts import Accounts
from hotspots.accounts.roles import ADMINISTRATOR
from hotspots.errors import HotspotsError, StoreError
from hotspots.i18n import _, format_number
from hotspots.settings import Workspace
from hotspots.store.consistency import Fault
from hotspots.store.engine import database_file

_SHOWN: Final = 5
_N_GUARDS: Final = 2  # triggers that refuse to change, and to take out, a line of the audit record


def check_database(workspace: Workspace) -> list[Fault]:
    """Check the file of the database of incidents; one on a server looks after itself."""
    try:
        file = database_file(workspace)
    except StoreError as error:
        return [Fault("incidents", str(error), _("correct or unset the variable"))]
    return [] if file is None else _check_file(file, about="incidents")


def check_accounts(workspace: Workspace) -> list[Fault]:
    """Check accounts, and that nobody changed the audit record.

    A workspace that was never served has no accounts yet.
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
    if people and not any(user.role == ADMINISTRATOR and user.is_open for user in people):
        faults.append(
            Fault(
                "accounts",
                _("nobody may administer: no account of an administrator is open"),
                _("make one: hotspots user first-link"),
            )
        )
    return faults


def _guards(file: Path) -> list[Fault]:
    """Return a fault where the triggers that protect the audit record are gone."""
    with closing(_open(file)) as connection:
        found = connection.execute(
            "SELECT count(*) FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'audit'"
        ).fetchone()[0]
    if found >= _N_GUARDS:
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
