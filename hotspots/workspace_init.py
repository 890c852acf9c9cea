"""Make a workspace: settings, bundled layers if they are of its town, empty database; whole."""

import shutil
import tempfile
from pathlib import Path
from typing import Final

from hotspots.errors import ParameterError, StoreError
from hotspots.i18n import _
from hotspots.layers import BUNDLED_MUNICIPALITY, LAYERS_FILE, install_bundled
from hotspots.settings import Settings, Workspace
from hotspots.store import Store

SETTINGS_FILE: Final = "settings.toml"
_DRAFT_PREFIX: Final = ".hotspots-init-"


def init_workspace(path: Path, *, settings: Settings | None = None) -> Workspace:
    """Make a workspace, or complete the one that is there.

    A new workspace is built in a directory of its own beside or inside `path` and moved into
    place when it is whole. An existing one keeps its settings, layers and incidents; only what is
    missing is added. Only Jeseník's layers come with the program; the workspace of another town
    has none until they are fetched or imported.

    Parameters
    ----------
    path
        Directory: absent, empty, or a workspace.
    settings
        Settings of a new workspace; None means the defaults.

    Raises
    ------
    StoreError
        `path` is a file or a directory that holds something else, or cannot be written; or the
        database there is damaged or of a newer version.
    ParameterError
        `settings` differ from those of the workspace that is there.
    NotFoundError
        The program was installed without its layers.
    """
    if (path / SETTINGS_FILE).is_file():
        return _complete(Workspace.open(path), settings)
    if path.exists():
        _require_empty(path)
    try:
        return _build(path, settings or Settings())
    except OSError as error:
        raise StoreError(
            _("no workspace can be made at {path}: {reason}").format(
                path=path, reason=error.strerror or error
            )
        ) from error


def _require_empty(path: Path) -> None:
    if not path.is_dir():
        raise StoreError(
            _("{path} is a file; name a directory for the workspace").format(path=path)
        )
    for entry in sorted(path.iterdir()):
        if entry.name.startswith(_DRAFT_PREFIX) and entry.is_dir():
            shutil.rmtree(entry)  # left by an attempt that was killed
            continue
        raise StoreError(
            _(
                "{path} is not empty and is no workspace (it holds {name}); "
                "name an empty or a new directory"
            ).format(path=path, name=entry.name)
        )


def _build(path: Path, settings: Settings) -> Workspace:
    existed = path.is_dir()
    around = path if existed else path.parent
    missing = [] if existed else [p for p in (around, *around.parents) if not p.exists()]
    around.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=_DRAFT_PREFIX, dir=around))
    moved: list[Path] = []
    try:
        draft.chmod(0o755)
        _fill(Workspace(draft, settings))
        if existed:
            # The settings come last: they are what makes a directory a workspace.
            entries = sorted(draft.iterdir(), key=lambda entry: entry.name == SETTINGS_FILE)
            moved.extend(entry.rename(path / entry.name) for entry in entries)
            draft.rmdir()
        else:
            draft.rename(path)
    except BaseException:
        for left in (*moved, draft):
            if left.is_dir():
                shutil.rmtree(left, ignore_errors=True)
            else:
                left.unlink(missing_ok=True)
        for directory in missing:
            directory.rmdir()
        raise
    return Workspace(path, settings)


def _fill(workspace: Workspace) -> None:
    """Add what a workspace lacks."""
    for directory in (workspace.layers, workspace.mappings, workspace.backups):
        directory.mkdir(exist_ok=True)
    bundled = workspace.settings.municipality == BUNDLED_MUNICIPALITY
    if bundled and not (workspace.layers / LAYERS_FILE).is_file():
        install_bundled(workspace)
    store = Store.open(workspace) if Store.exists(workspace) else Store.create(workspace)
    store.close()
    if not (workspace.path / SETTINGS_FILE).is_file():
        workspace.write_settings()


def _complete(workspace: Workspace, settings: Settings | None) -> Workspace:
    if settings is not None and settings != workspace.settings:
        raise ParameterError(
            _("{path} is a workspace with settings of its own; change them in {file}").format(
                path=workspace.path, file=workspace.path / SETTINGS_FILE
            )
        )
    _fill(workspace)
    return workspace
