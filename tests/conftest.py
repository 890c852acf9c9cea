"""Fixtures shared by all tests."""

import os
import shutil
from pathlib import Path

import pytest
from hypothesis import settings

os.environ["HOTSPOTS_LANG"] = "en"
# No test cuts the power: nothing need reach the disk before the next step begins. A killed
# process loses nothing by that.
os.environ["OGR_SQLITE_SYNCHRONOUS"] = "OFF"
_MEMORY = Path("/dev/shm")  # noqa: S108
_MEMORY_ENOUGH = 4 * 2**30
if (
    os.access(_MEMORY, os.W_OK | os.X_OK)
    and shutil.disk_usage(_MEMORY).free > _MEMORY_ENOUGH
    and "PYTEST_DEBUG_TEMPROOT" not in os.environ
):
    os.environ["PYTEST_DEBUG_TEMPROOT"] = str(_MEMORY)

# A shared machine may be slow at any moment; how long an example takes says nothing here.
settings.register_profile("project", deadline=None)
settings.load_profile("project")

_LONG = {
    "test_fetch_layers.py",
    "test_import_killed.py",
    "test_layers_importing.py",
    "test_layers_page.py",
    "test_streets_over_versions.py",
}
ROOT = Path(__file__).resolve().parents[1]
SHARED = ROOT.parent / "shared"


def pytest_xdist_auto_num_workers():
    """Return one worker more than processors: tests with a browser or a process wait a lot."""
    return (os.cpu_count() or 1) + 1


def pytest_collection_modifyitems(config, items):
    """Skip what this machine cannot run, saying so."""
    chosen = config.getoption("-m") or ""
    for item in items:
        if item.get_closest_marker("reference") and not SHARED.is_dir():
            item.add_marker(pytest.mark.skip(reason="reference material is not beside the project"))
        if item.get_closest_marker("network") and "network" not in chosen:
            item.add_marker(pytest.mark.skip(reason="live services only with -m network"))
    # Long modules of few tests first, lest one of them keep a single core busy at the end.
    items.sort(key=lambda item: item.path.parent.name != "browser" and item.path.name not in _LONG)


@pytest.fixture(scope="session")
def bundled_town(tmp_path_factory):
    """Workspace with the bundled layers, made once; for reading and copying only."""
    from hotspots.workspace_init import init_workspace

    return init_workspace(tmp_path_factory.mktemp("bundled") / "town")


@pytest.fixture(scope="session")
def new_town(bundled_town):
    """Return a function that makes a workspace with the bundled layers at a path."""
    from hotspots.settings import Workspace

    def make(path):
        shutil.copytree(bundled_town.path, path)
        return Workspace.open(path)

    return make


@pytest.fixture(scope="session")
def shared():
    """Directory of reference material beside the project; use with the marker `reference`."""
    return SHARED
