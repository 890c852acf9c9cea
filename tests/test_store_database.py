"""The database: connections, migrations, and what happens when it is not as it should be."""

import os
import shutil
import sqlite3
import stat
from dataclasses import replace
from functools import partial

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from hotspots.errors import StoreError
from hotspots.settings import Settings, Workspace
from hotspots.store import Store, migrate, tables
from hotspots.store.engine import explained, make_engine, reading, writing
from tests.storing import make_incidents, put

URL = "HOTSPOTS_DATABASE_URL"


@pytest.fixture
def workspace(tmp_path):
    made = Workspace(tmp_path, Settings())
    made.write_settings()
    return made


@pytest.fixture
def store(workspace):
    with Store.create(workspace) as made:
        yield made


def test_database_is_in_wal_mode_with_foreign_keys(workspace, store):
    with reading(make_engine(workspace)) as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
        assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1


def test_missing_database_is_named_with_the_cure(workspace):
    with pytest.raises(StoreError, match="has no database; make one with: hotspots init"):
        Store.open(workspace)
    assert not workspace.database.exists()


def test_existing_database_is_not_created_again(store, workspace):
    with pytest.raises(StoreError, match="has a database already"):
        Store.create(workspace)


@pytest.mark.parametrize("content", [b"not a database at all" * 100, b""])
def test_damaged_database_is_named_and_left_alone(workspace, content):
    workspace.database.write_bytes(content)
    with pytest.raises(StoreError, match=r"was not made by this program.*keeps no backup"):
        Store.open(workspace)
    workspace.backups.mkdir()
    (workspace.backups / "hotspots-0001.db").touch()
    with pytest.raises(StoreError, match=r"was not made by this program.*directory backups"):
        Store.open(workspace)
    assert workspace.database.read_bytes() == content


def test_damage_found_while_reading_is_explained(workspace):
    with Store.create(workspace) as store:
        put(store, make_incidents([f"{n:05d}" for n in range(5000)], note="x" * 100))
    with workspace.database.open("r+b") as file:
        size = file.seek(0, 2)
        file.seek(size // 3)
        file.write(b"\xff" * (size // 2))
    with (
        Store.open(workspace) as store,
        pytest.raises(StoreError, match="damaged or was not made by this program"),
    ):
        store.read_incidents()


def test_only_the_writer_has_a_large_cache(workspace, store):
    engine = make_engine(workspace)
    size = "PRAGMA cache_size"
    with reading(engine) as connection:
        assert connection.exec_driver_sql(size).scalar() == -8 * 1024
    with writing(engine) as connection:
        assert connection.exec_driver_sql(size).scalar() == -128 * 1024
    with reading(engine) as connection:
        assert connection.exec_driver_sql(size).scalar() == -8 * 1024
    engine.dispose()


def explain(engine, error):
    with explained(engine):
        raise error


def error_of(code, message, kind=sqlite3.OperationalError):
    error = kind(message)
    error.sqlite_errorcode = code
    return error


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (error_of(sqlite3.SQLITE_BUSY_SNAPSHOT, "database is locked"), "another import is writing"),
        (error_of(sqlite3.SQLITE_FULL, "database or disk is full"), "the disk is full"),
        (error_of(sqlite3.SQLITE_CANTOPEN, "unable to open"), "cannot be opened; check the path"),
        (error_of(sqlite3.SQLITE_READONLY_DIRECTORY, "readonly"), "the database is read-only"),
        (error_of(sqlite3.SQLITE_NOTADB, "file is not a database"), "the database is damaged"),
        (error_of(sqlite3.SQLITE_ERROR, "no such table: sources"), "the database is damaged"),
        (
            error_of(
                sqlite3.SQLITE_CONSTRAINT_UNIQUE,
                "UNIQUE constraint failed: full_busy.locked",
                sqlite3.IntegrityError,
            ),
            "does not answer as it should: UNIQUE constraint failed: full_busy.locked",
        ),
        (sqlite3.ProgrammingError("busy, full and locked"), "does not answer as it should: busy"),
    ],
)
def test_errors_are_told_apart_by_their_codes(workspace, error, message):
    with pytest.raises(StoreError, match=message):
        explain(make_engine(workspace), error)


def test_database_of_a_newer_version_is_refused(store, workspace):
    with writing(make_engine(workspace)) as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(StoreError, match=r"newer version of the program \(tables 9999"):
        Store.open(workspace)


def test_migrations_make_exactly_the_tables_of_the_code(store, workspace):
    assert migrate.known_revisions()[0] == tables.HEAD
    with reading(make_engine(workspace)) as connection:
        context = MigrationContext.configure(connection)
        assert compare_metadata(context, tables.metadata) == []


NEXT = """
import sqlalchemy as sa
from alembic import op
revision = "9998"
down_revision = "{head}"
def upgrade():
    op.add_column("sources", sa.Column("extra", sa.Text(), nullable=True))
    {more}
"""


@pytest.fixture
def next_revision(tmp_path_factory, monkeypatch):
    def make(more):
        scripts = tmp_path_factory.mktemp("migrations") / "scripts"
        shutil.copytree(migrate.CHAIN.scripts, scripts)
        text = NEXT.format(more=more, head=tables.HEAD)
        (scripts / "versions" / "r9998_next.py").write_text(text, encoding="utf-8")
        chain = replace(migrate.CHAIN, scripts=scripts, head="9998")
        ensure = partial(migrate.ensure_current, chain=chain)
        monkeypatch.setattr("hotspots.store.store.ensure_current", ensure)

    return make


def test_older_database_is_copied_then_migrated(store, workspace, next_revision):
    head = tables.HEAD
    put(store, make_incidents(["1"]))
    next_revision("pass")
    with Store.open(workspace) as opened:
        assert len(opened.read_incidents()) == 1
    (copy,) = workspace.backups.iterdir()
    with sqlite3.connect(copy) as connection:
        assert connection.execute("SELECT version_num FROM alembic_version").fetchone() == (head,)
        assert connection.execute("SELECT count(*) FROM incidents").fetchone() == (1,)
    connection.close()
    with reading(make_engine(workspace)) as connection:
        assert migrate.stored_revision(connection) == "9998"
        connection.exec_driver_sql("SELECT extra FROM sources")


def test_failed_migration_changes_nothing(store, workspace, next_revision):
    head = tables.HEAD
    put(store, make_incidents(["1"]))
    next_revision('raise RuntimeError("half-way")')
    with pytest.raises(RuntimeError, match="half-way"):
        Store.open(workspace)
    with reading(make_engine(workspace)) as connection:
        assert migrate.stored_revision(connection) == head
        names = [row[1] for row in connection.exec_driver_sql("PRAGMA table_info(sources)")]
    assert "extra" not in names


def test_address_of_another_database_wins(workspace, tmp_path, monkeypatch):
    elsewhere = tmp_path / "elsewhere ž.db"
    monkeypatch.setenv(URL, f"sqlite:///{elsewhere}")
    with Store.create(workspace) as store:
        put(store, make_incidents(["1"]))
    assert elsewhere.is_file()
    assert not workspace.database.exists()


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("postgresql+psycopg://localhost/x", "driver .* is not installed.*pip install psycopg"),
        ("nonsense", "is no database address"),
        ("nodatabase://x/y", "driver .* is not installed"),
        ("sqlite://", "names a database in memory"),
    ],
)
def test_wrong_address_is_explained(workspace, monkeypatch, url, message):
    monkeypatch.setenv(URL, url)
    with pytest.raises(StoreError, match=message):
        Store.open(workspace)


def test_parent_directory_must_exist(tmp_path):
    with pytest.raises(StoreError, match="does not exist; make it first"):
        Store.create(Workspace(tmp_path / "absent", Settings()))


@pytest.mark.skipif(os.name == "nt", reason="Windows knows no such permissions")
def test_only_its_owner_reads_a_new_database(store, workspace):
    put(store, make_incidents(["1"]))
    for file in workspace.path.glob("hotspots.db*"):
        assert stat.S_IMODE(file.stat().st_mode) == 0o600, file.name
