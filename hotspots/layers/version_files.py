"""The files of a workspace's layers: the version in force, those kept, and changing them safely."""

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from filelock import FileLock, Timeout
from pyogrio.errors import DataSourceError, FeatureError, FieldError

from hotspots.errors import NotFoundError, SourceError, StoreError
from hotspots.files import cannot_write, replacing
from hotspots.i18n import _
from hotspots.layers.version_records import (
    DAMAGED,
    PlacedSince,
    Version,
    read_placement,
    read_version,
)
from hotspots.settings import Workspace

LAYERS_FILE: Final = "layers.gpkg"
VERSIONS_DIR: Final = "versions"
_LOCK_FILE: Final = ".lock"
_LOCK_WAIT_S: Final = 20.0
_DRAFT: Final = re.compile(r"\.[0-9a-f]{12}\.gpkg.*")  # as `replacing` names them


def current_version(workspace: Workspace) -> Version:
    """Return the version in force.

    Raises
    ------
    NotFoundError
        The workspace has no layers.
    SourceError
        The layers file is damaged.
    """
    return read_version(file_in_force(workspace), workspace)


def list_versions(workspace: Workspace) -> tuple[Version, ...]:
    """Return every version kept, oldest first; the one in force is among them.

    One whose file is damaged is listed with `made_by` saying so.

    Raises
    ------
    NotFoundError, SourceError
        As `current_version`.
    """
    current = current_version(workspace)
    found = {current.version_id: current}
    for path in kept_files(workspace):
        try:
            version = read_version(path, workspace)
        except SourceError:
            version = Version(
                int(path.stem),
                datetime.fromtimestamp(path.stat().st_mtime, UTC).isoformat(timespec="seconds"),
                DAMAGED,
                current.municipality,
                current.town,
            )
        found.setdefault(version.version_id, version)
    return tuple(found[key] for key in sorted(found))


def version_file(workspace: Workspace, version_id: int) -> Path:
    """Return the GeoPackage of a version.

    Raises
    ------
    NotFoundError
        There is no such version.
    """
    path = kept_file(workspace, version_id)
    if not path.is_file():
        present = current_version(workspace)
        if present.version_id == version_id:
            return file_in_force(workspace)
        numbers = {present.version_id, *(int(kept.stem) for kept in kept_files(workspace))}
        known = ", ".join(str(number) for number in sorted(numbers))
        raise NotFoundError(
            _("there is no version {id} of the layers; there are {known}").format(
                id=version_id, known=known
            )
        )
    return path


def placement(workspace: Workspace) -> tuple[PlacedSince, ...]:
    """Return by which version the incidents of each time are placed.

    Returns
    -------
    placement
        In order of time; the first has no `since`, the last is the version in force. A version
        may stand in it more than once.

    Raises
    ------
    NotFoundError, SourceError
        As `current_version`.
    """
    return read_placement(file_in_force(workspace), workspace)


@contextmanager
def changing(workspace: Workspace) -> Iterator[None]:
    """Let one program at a time change the layers; may be nested in one thread.

    Raises
    ------
    StoreError
        Another program has been changing them for twenty seconds, or the directory cannot be
        written.
    """
    lock = FileLock(workspace.layers / _LOCK_FILE, is_singleton=True, thread_local=True)
    try:
        with lock.acquire(timeout=_LOCK_WAIT_S):
            if lock.lock_counter == 1:
                (workspace.layers / VERSIONS_DIR).mkdir(exist_ok=True)
                _tidy(workspace)
            yield
    except Timeout as error:
        raise StoreError(
            _("{path}: another program is changing the layers; try again when it is done").format(
                path=workspace.layers
            )
        ) from error


def file_in_force(workspace: Workspace) -> Path:
    """Return the GeoPackage in force.

    Raises
    ------
    NotFoundError
        The workspace has no layers.
    """
    path = workspace.layers / LAYERS_FILE
    if not path.is_file():
        raise NotFoundError(
            _(
                "the workspace {workspace} has no layers yet; bring them with: "
                "hotspots layers fetch, or hotspots layers import FILE"
            ).format(workspace=workspace.path)
        )
    return path


@contextmanager
def drafting(workspace: Workspace, *, keep_as: int | None = None) -> Iterator[Path]:
    """Give a draft that becomes the GeoPackage in force when the block ends well.

    With `keep_as` it is kept under that number as well: written before the switch, so that a full
    disk is noticed while nothing has changed, and put in its place after it.

    Raises
    ------
    StoreError
        The files cannot be written, as GDAL or the system says.
    """
    target = workspace.layers / LAYERS_FILE
    try:
        if keep_as is None:
            with replacing(target) as draft:
                yield draft
            return
        with replacing(kept_file(workspace, keep_as)) as copy, replacing(target) as draft:
            yield draft
            shutil.copyfile(draft, copy)
    except (DataSourceError, FeatureError, FieldError) as error:
        raise cannot_write(target, error) from error


def _tidy(workspace: Workspace) -> None:
    """Remove the drafts of a change that was killed; nobody else writes any while we may."""
    for directory in (workspace.layers, workspace.layers / VERSIONS_DIR):
        for path in directory.glob(".*.gpkg*"):
            if _DRAFT.fullmatch(path.name):
                path.unlink(missing_ok=True)


def kept_file(workspace: Workspace, version_id: int) -> Path:
    """Return where a version is kept, whether it is there or not."""
    return workspace.layers / VERSIONS_DIR / f"{version_id:04d}.gpkg"


def kept_files(workspace: Workspace) -> list[Path]:
    """Return the files of versions kept, by number."""
    files = (workspace.layers / VERSIONS_DIR).glob("[0-9]*.gpkg")
    return sorted((p for p in files if p.stem.isdecimal()), key=lambda path: int(path.stem))


def next_id(workspace: Workspace) -> int:
    """Return a number that no version has had, whether its file is still there or not."""
    numbers = {0, *(int(path.stem) for path in kept_files(workspace))}
    target = workspace.layers / LAYERS_FILE
    try:
        numbers.add(read_version(target, workspace).version_id)
        numbers.update(entry.version_id for entry in read_placement(target, workspace))
    except (NotFoundError, SourceError):
        pass  # nothing in force yet, or what was is damaged
    return max(numbers) + 1
