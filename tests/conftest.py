"""Fixtures shared by all tests."""

import os
from pathlib import Path

import pytest
from hypothesis import settings

os.environ["HOTSPOTS_LANG"] = "en"

# A shared machine may be slow at any moment; how long an example takes says nothing here.
settings.register_profile("project", deadline=None)
settings.load_profile("project")

ROOT = Path(__file__).resolve().parents[1]
SHARED = ROOT.parent / "shared"


def pytest_collection_modifyitems(config, items):
    """Skip what this machine cannot run, saying so."""
    chosen = config.getoption("-m") or ""
    for item in items:
        if item.get_closest_marker("reference") and not SHARED.is_dir():
            item.add_marker(pytest.mark.skip(reason="reference material is not beside the project"))
        if item.get_closest_marker("network") and "network" not in chosen:
            item.add_marker(pytest.mark.skip(reason="live services only with -m network"))


@pytest.fixture(scope="session")
def shared():
    """Directory of reference material beside the project; use with the marker `reference`."""
    return SHARED
