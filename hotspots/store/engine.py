"""Connections to the database: SQLite in the workspace, or what HOTSPOTS_DATABASE_URL names."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError
from sqlalchemy.pool import QueuePool

from hotspots.errors import StoreError
from hotspots.i18n import _
from hotspots.settings import Workspace

URL_VARIABLE: Final = "HOTSPOTS_DATABASE_URL"
BUSY_TIMEOUT_MS: Final = 5_000
# Pages kept in memory: much for the one writer, whose index pages are in random order; little for
# each of the readers, of whom there may be one in every thread.
WRITER_CACHE_KIB: Final = 128 * 1024
READER_CACHE_KIB: Final = 8 * 1024
SQLITE: Final = "sqlite"
_BACKUPS: Final = "hotspots_backups"
_DAMAGED: Final = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_FORMAT})


def database_file(workspace: Workspace) -> Path | None:
    """Return the SQLite file in use, or None where the database is on a server.

    Raises
    ------
    StoreError
        HOTSPOTS_DATABASE_URL is no database address.
    """
    url = os.environ.get(URL_VARIABLE, "").strip()
    if not url:
        return workspace.database
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise StoreError(
            _(
                "{variable} is no database address; write "
                "postgresql+psycopg://user@host/name, or unset it"
            ).format(variable=URL_VARIABLE)
        ) from error
    if parsed.get_backend_name() != SQLITE:
        return None
    if not parsed.database or parsed.database == ":memory:":
        raise StoreError(
            _("{variable} names a database in memory; name a file").format(variable=URL_VARIABLE)
        )
    return Path(parsed.database)


def make_engine(workspace: Workspace, *, create: bool = False, file: Path | None = None) -> Engine:
    """Return an engine; nothing is opened before its first connection.

    Parameters
    ----------
    workspace
        Whose database.
    create
        Let SQLite make the file if there is none.
    file
        Another file than that of the incidents; where the database is on a server, everything is
        in that one.

    Raises
    ------
    StoreError
        The address in HOTSPOTS_DATABASE_URL is wrong or its driver is not installed.
    """
    own = database_file(workspace)
    if own is None:
        return _make_server_engine(os.environ[URL_VARIABLE].strip())
    file = file or own
    uri = f"{file.resolve().as_uri()}?mode={'rwc' if create else 'rw'}"

    def connect() -> sqlite3.Connection:
        # Transactions are begun by hand (see `_begin`): Python's own handling would commit
        # before a change of tables, and migrations could then stop half-way.
        return sqlite3.connect(uri, uri=True, isolation_level=None, check_same_thread=False)

    # Texts of incidents are never quoted in errors and logs.
    # A server's threads may hold any number of connections at once; few of them are kept.
    engine = create_engine(
        "sqlite://", creator=connect, poolclass=QueuePool, max_overflow=-1, hide_parameters=True
    )
    event.listen(engine, "connect", _prepare_connection)
    event.listen(engine, "begin", _begin)
    return engine.execution_options(**{_BACKUPS: workspace.backups})


def _make_server_engine(url: str) -> Engine:
    try:
        return create_engine(url, hide_parameters=True)
    except (ModuleNotFoundError, NoSuchModuleError) as error:
        raise StoreError(
            _(
                "the driver for the database in {variable} is not installed ({reason}); "
                "install it, for PostgreSQL: pip install psycopg"
            ).format(variable=URL_VARIABLE, reason=error)
        ) from error


def _prepare_connection(connection: sqlite3.Connection, _record: Any) -> None:
    for pragma in (
        "foreign_keys = ON",
        f"busy_timeout = {BUSY_TIMEOUT_MS}",
        "synchronous = FULL",
        f"cache_size = -{READER_CACHE_KIB}",
    ):
        connection.execute(f"PRAGMA {pragma}").close()


def _begin(connection: Connection) -> None:
    writing = connection.get_execution_options().get("hotspots_writing", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """Open one snapshot for reading; it neither waits for an import nor holds one up."""
    with explained(engine), engine.connect() as connection:
        yield connection


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """Open the one writing transaction: committed at the end, rolled back on any exception."""
    with explained(engine), engine.connect() as connection:
        connection = connection.execution_options(hotspots_writing=True)
        with _large_cache(connection), connection.begin():
            yield connection


@contextmanager
def _large_cache(connection: Connection) -> Iterator[None]:
    """Give a SQLite connection much memory for a while."""
    driver = connection.connection.driver_connection
    if not isinstance(driver, sqlite3.Connection):
        yield
        return
    driver.execute(f"PRAGMA cache_size = -{WRITER_CACHE_KIB}").close()
    try:
        yield
    finally:
        driver.execute(f"PRAGMA cache_size = -{READER_CACHE_KIB}").close()


def say_damaged(reason: str, backups: Path | None) -> str:
    """Return what to do about a damaged database; a copy is named only where there is one."""
    if backups is not None and any(backups.glob("*.db")):
        return _(
            "the database is damaged or was not made by this program ({reason}); "
            "put back a copy from the workspace's directory backups"
        ).format(reason=reason)
    return _(
        "the database is damaged or was not made by this program ({reason}); the workspace keeps "
        "no backup, so make a new one with hotspots init and import the files again"
    ).format(reason=reason)


@contextmanager
def explained(engine: Engine) -> Iterator[None]:
    """Turn the database's errors into a `StoreError` that says what to do."""
    # The driver's own errors come from its bare cursor, SQLAlchemy's from everything else.
    driver_error = getattr(engine.dialect.dbapi, "Error", DBAPIError)
    try:
        yield
    except (DBAPIError, driver_error) as error:
        original = getattr(error, "orig", None) or error
        reason = str(original)
        # Low byte: the primary result code, whichever extended one SQLite gives.
        code = getattr(original, "sqlite_errorcode", 0) & 0xFF
        if code in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}:
            text = _("another import is writing to the database; try again when it has ended")
        elif code in {sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR}:
            text = _(
                "the disk is full or cannot be written ({reason}); nothing was changed. Make room, "
                "check the disk and try again"
            ).format(reason=reason)
        elif code == sqlite3.SQLITE_CANTOPEN:
            text = _("the database cannot be opened; check the path and its permissions")
        elif code == sqlite3.SQLITE_READONLY:
            text = _("the database is read-only; check the permissions of its directory")
        elif code in _DAMAGED or (code == sqlite3.SQLITE_ERROR and "no such" in reason):
            text = say_damaged(reason, engine.get_execution_options().get(_BACKUPS))
        else:
            text = _("the database does not answer as it should: {reason}").format(reason=reason)
        raise StoreError(text) from error
