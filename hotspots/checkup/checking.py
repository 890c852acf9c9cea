"""The whole check of a workspace: every fault at once, each with its cure."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

from hotspots.checkup.databases import AuditSeen, check_accounts, check_database
from hotspots.checkup.files import (
    check_layers,
    check_mappings,
    check_offences,
    check_permissions,
    read_settings,
)
from hotspots.errors import HotspotsError, StoreError
from hotspots.i18n import _
from hotspots.settings import Workspace
from hotspots.store import Store
from hotspots.store.consistency import Fault, find_faults

SETTINGS_FILE: Final = "settings.toml"


@dataclass(frozen=True)
class Checkup:
    """What a check found.

    Attributes
    ----------
    workspace
        The directory checked.
    checked
        What was looked at, in words.
    faults
        Everything that is not as it must be; empty where all is well.
    """

    workspace: Path
    checked: tuple[str, ...]
    faults: tuple[Fault, ...]

    @property
    def is_well(self) -> bool:
        """Whether nothing is wrong."""
        return not self.faults

    def to_dict(self) -> dict[str, Any]:
        """Return the check as values that JSON knows."""
        return {
            "workspace": str(self.workspace),
            "ok": self.is_well,
            "checked": list(self.checked),
            "faults": [fault._asdict() for fault in self.faults],
        }


def check_workspace(path: Path, *, seen: Sequence[AuditSeen] = ()) -> Checkup:
    """Check the workspace at `path`; its data are only read.

    Tables of an earlier version of the program are brought up to date first, as every command does
    (after a copy into `backups/`).

    Parameters
    ----------
    path
        Directory of the workspace.
    seen
        What its backups know of the audit record (`backup.audit_seen`).

    Returns
    -------
    checkup
        Every fault.

    Raises
    ------
    StoreError
        There is no workspace at `path`.
    """
    if not (path / SETTINGS_FILE).is_file():
        raise StoreError(
            _("{path} is no workspace; make one with: hotspots init {path}").format(path=path)
        )
    settings, faults = read_settings(path / SETTINGS_FILE)
    workspace = Workspace(path, settings)
    checked = [_("settings")]
    broken = check_database(workspace)
    faults += broken
    checked.append(_("database of incidents"))
    if not broken:
        faults += _stored(workspace)
        checked.append(_("incidents, imports, places and decisions"))
    steps: tuple[tuple[str, Callable[[Workspace], list[Fault]]], ...] = (
        (_("accounts and audit record"), partial(check_accounts, seen=seen)),
        (_("layers"), check_layers),
        (_("column mappings"), check_mappings),
        (_("table of offences"), check_offences),
        (_("who may read the files"), check_permissions),
    )
    for name, step in steps:
        faults += step(workspace)
        checked.append(name)
    return Checkup(path, tuple(checked), tuple(faults))


def _stored(workspace: Workspace) -> list[Fault]:
    try:
        Store.open(workspace).close()
        return find_faults(workspace)
    except HotspotsError as error:
        return [Fault("incidents", str(error), _("put back a backup: hotspots restore FILE DIR"))]
