"""The files of a workspace: settings, layers, mappings, table of offences, who may read them."""

import os
import stat
from pathlib import Path
from typing import Final

from hotspots.errors import HotspotsError
from hotspots.i18n import _
from hotspots.ingest.mapping import Mapping
from hotspots.ingest.offence_table import FILE_NAME, OffenceTable
from hotspots.layers import LAYERS_FILE, present_kinds, read_areas, read_boundary
from hotspots.layers.version_files import kept_files, list_versions, placement, version_file
from hotspots.layers.version_records import DAMAGED, read_version
from hotspots.settings import Settings, Workspace
from hotspots.store.consistency import Fault

# Files that hold personal data or open the door: nobody but their owner may read them.
_PRIVATE: Final = ("hotspots.db", "accounts.db", "secret.key")
_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO


def read_settings(file: Path) -> tuple[Settings, list[Fault]]:
    """Return the settings, the usual ones where they cannot be read, and what is wrong."""
    try:
        return Settings.read(file), []
    except (HotspotsError, OSError) as error:
        cure = _("correct the line in {file}").format(file=file)
        return Settings(), [Fault("settings", str(error), cure)]


def check_layers(workspace: Workspace) -> list[Fault]:
    """Check that the layers in force and those that place earlier incidents can be read.

    Whether they are right is for `hotspots layers check` to say.
    """
    file = workspace.layers / LAYERS_FILE
    if not file.is_file():
        if not kept_files(workspace):
            return []  # a new workspace of another town
        return [
            Fault(
                "layers",
                _("the layers in force are missing"),
                _("put a version in force that is kept: hotspots layers use NUMBER"),
            )
        ]
    usual = _("put another version in force: hotspots layers use NUMBER, or import them anew")
    faults: list[Fault] = []
    try:
        for kind in present_kinds(workspace):
            read_areas(workspace, kind)
        read_boundary(workspace)
        faults += [
            Fault(
                "layers",
                _("version {id} of the layers cannot be read").format(id=version.version_id),
                _("put back its file in layers/versions from a backup"),
            )
            for version in list_versions(workspace)
            if version.made_by == DAMAGED
        ]
        for kept in kept_files(workspace):
            faults += _named_rightly(workspace, kept)
        for since in placement(workspace):
            version_file(workspace, since.version_id)
    except HotspotsError as error:
        faults.append(Fault("layers", str(error), usual))
    return faults


def _named_rightly(workspace: Workspace, file: Path) -> list[Fault]:
    try:
        version = read_version(file, workspace)
    except HotspotsError:
        return []  # told as damaged
    # Layers older than the bookkeeping say nothing of their number.
    if version.version_id in {0, int(file.stem)}:
        return []
    return [
        Fault(
            "layers",
            _("{file} says that it is version {id} of the layers").format(
                file=file.name, id=version.version_id
            ),
            _("put back this file from a backup"),
        )
    ]


def check_mappings(workspace: Workspace) -> list[Fault]:
    """Check that every remembered column mapping can be read."""
    faults = []
    for file in sorted(workspace.mappings.glob("*.toml")):
        try:
            Mapping.read(file)
        except (HotspotsError, OSError) as error:
            cure = _("correct {file}, or remove it and propose it anew").format(file=file.name)
            faults.append(Fault("settings", str(error), cure))
    return faults


def check_offences(workspace: Workspace) -> list[Fault]:
    """Check the town's own rows of the table of offences."""
    try:
        OffenceTable.of_workspace(workspace)
    except (HotspotsError, OSError) as error:
        cure = _("correct the row in {file}").format(file=FILE_NAME)
        return [Fault("settings", str(error), cure)]
    return []


def check_permissions(workspace: Workspace) -> list[Fault]:
    """Check that nobody but their owner may read the databases, the key and the backups.

    Windows keeps rights in another way; nothing is said of them there.
    """
    if os.name == "nt":
        return []
    files = [workspace.path / name for name in _PRIVATE]
    files += sorted(workspace.backups.glob("*.zip")) + sorted(workspace.backups.glob("*.db"))
    faults = []
    for file in files:
        try:
            mode = file.stat().st_mode
        except OSError:
            continue  # not there, or told of elsewhere
        if mode & _OTHERS:
            faults.append(
                Fault(
                    "files",
                    _("{file} can be read by other users of this machine ({mode})").format(
                        file=file.relative_to(workspace.path), mode=oct(stat.S_IMODE(mode))[2:]
                    ),
                    f"chmod 600 {file}",
                )
            )
    return faults
