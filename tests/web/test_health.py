"""Health: a bare yes or no for strangers, all that an administrator asks for in one report."""

import shutil
from datetime import UTC, datetime

import pytest

from hotspots import __version__
from hotspots.backup import make_backup
from hotspots.settings import Workspace
from hotspots.store.tables import HEAD
from tests.web.signing import client_as, make_app
from web import create_app
from web.health import health_report


@pytest.fixture
def town(empty, tmp_path):
    shutil.copytree(empty.path, tmp_path / "town")
    return Workspace.open(tmp_path / "town")


def test_strangers_are_told_nothing_but_yes(sample):
    for app in (make_app(sample), create_app(sample, testing=True, open_access=True)):
        answer = client_as(app, "").get("/health")
        assert (answer.status_code, answer.get_json()) == (200, {"status": "ok"})
        assert answer.headers["Cache-Control"] == "no-store"
        assert "Set-Cookie" not in answer.headers


@pytest.mark.parametrize("lost", ["hotspots.db", "settings.toml"])
def test_what_cannot_be_read_is_503(town, lost):
    client = client_as(make_app(town), "")
    assert client.get("/health").status_code == 200
    (town.path / lost).unlink()
    answer = client.get("/health")
    assert (answer.status_code, answer.get_json()) == (503, {"status": "unavailable"})


def test_a_damaged_database_is_503(town):
    client = client_as(make_app(town), "")
    data = bytearray(town.database.read_bytes())
    data[:4096] = bytes(4096)
    town.database.write_bytes(data)
    for name in ("-wal", "-shm"):
        town.database.with_name(town.database.name + name).unlink(missing_ok=True)
    answer = client.get("/health")
    assert (answer.status_code, answer.get_json()) == (503, {"status": "unavailable"})


def test_damaged_accounts_are_503(town):
    app = make_app(town)
    app.extensions["hotspots_accounts"].close()
    town.accounts.write_bytes(b"no database at all, not in the least" * 200)
    for name in ("-wal", "-shm"):
        town.accounts.with_name(town.accounts.name + name).unlink(missing_ok=True)
    assert client_as(app, "").get("/health").status_code == 503


def test_the_report_tells_an_administrator(town):
    report = health_report(town)
    assert (report.program, report.tables, report.n_incidents) == (__version__, HEAD, 0)
    assert (report.last_backup, report.n_backups, report.last_import) == (None, 0, None)
    made = make_backup(town)
    report = health_report(town)
    assert report.last_backup is not None
    assert abs((datetime.now(UTC) - report.last_backup).total_seconds()) < 60
    assert (report.n_backups, report.backups_bytes) == (1, made.size)
    assert min(report.database_bytes, report.accounts_bytes, report.layers_bytes) > 10_000
    assert report.free_bytes > 0
    assert report.audit_is_whole


def test_the_report_counts_what_is_kept(sample):
    report = health_report(sample)
    assert report.n_incidents > 2000
    assert report.n_imports >= 2
    assert report.last_import is not None
    assert report.last_import.tzinfo is not None
