"""What all about accounts shares: the database, the clock, lines of the audit record."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, Engine

from hotspots.accounts import audit, sign_ins, tables, users
from hotspots.accounts.one_time import void_links
from hotspots.accounts.passwords import check_password
from hotspots.accounts.sign_ins import Limits
from hotspots.accounts.users import User
from hotspots.files import make_private
from hotspots.settings import Settings, Workspace
from hotspots.store.engine import SQLITE, make_engine, reading, writing
from hotspots.store.migrate import Chain, ensure_current, stored_revision, upgrade
from hotspots.users import current_user

CHAIN: Final = Chain(Path(__file__).parent / "migrations", tables.HEAD, tables.VERSION_TABLE)
SYSTEM: Final = "system"  # the role of whoever works at the command line
Note = Callable[[str, str, Mapping[str, Any]], None]


class AccountsBase:
    """The database of accounts; `hotspots.accounts.Accounts` is what others use.

    Parameters
    ----------
    engine
        Of the database of accounts.
    secret
        Key under which names and addresses of failed sign-ins are kept.
    settings
        Gives the settings as they are now: how long a sign-in lasts, and the town's name, of which
        passwords may not be made.
    now
        The clock [s since 1970, UTC].
    """

    def __init__(
        self,
        engine: Engine,
        *,
        secret: bytes,
        settings: Callable[[], Settings],
        now: Callable[[], float] = time.time,
    ) -> None:
        self._engine = engine
        self._secret = secret
        self._settings = settings
        self._clock = now

    def close(self) -> None:
        """Close all connections."""
        self._engine.dispose()

    @property
    def limits(self) -> Limits:
        """How long a sign-in lasts, by the settings as they are now."""
        settings = self._settings()
        return Limits(settings.idle_minutes * 60, settings.absolute_hours * 3600)

    def _now(self) -> int:
        return int(self._clock())

    @contextmanager
    def _writing(self, by: User | None) -> Iterator[tuple[Connection, Note]]:
        """Open the writing transaction, with a function that adds to the audit record in it."""
        with writing(self._engine) as connection:

            def note(action: str, subject: str, details: Mapping[str, Any]) -> None:
                audit.add_entry(
                    connection,
                    action,
                    user_name=name_of(by),
                    role=SYSTEM if by is None else by.role,
                    subject=subject,
                    details=details,
                )

            yield connection, note

    def _check(self, user: User, password: str) -> None:
        check_password(password, known=(user.name, user.display_name, self._settings().town))

    def _keep(self, connection: Connection, user: User, hashed: str) -> None:
        users.set_password(connection, user, hashed)

    def _void(self, connection: Connection, user: User, *, but: str | None = None) -> None:
        """End all that a person could come in by, except the password and the token `but`."""
        why = sign_ins.ACCOUNT_CHANGED if but is None else sign_ins.PASSWORD_CHANGED
        sign_ins.end_all(connection, user, why=why, now=self._now(), but=but)
        void_links(connection, user, now=self._now())


def name_of(by: User | None) -> str:
    """Return under which name something is recorded; at the command line, the system's."""
    return current_user() if by is None else by.name


def open_engine(workspace: Workspace) -> Engine:
    """Return the engine of the accounts' database, made or brought up to date first.

    Raises
    ------
    StoreError
        The database is damaged, of a newer version, or cannot be written.
    """
    file = workspace.accounts
    engine = make_engine(workspace, create=True, file=file)
    engine.hide_parameters = True  # digests and hashes stand in no error and no log
    is_file = engine.dialect.name == SQLITE
    try:
        if is_file and not file.is_file():
            with suppress(OSError):  # a directory that cannot be written is told of below
                make_private(file)
            with reading(engine) as connection:
                connection.connection.driver_connection.execute(  # type: ignore[union-attr]
                    "PRAGMA journal_mode = WAL"
                ).close()
        with reading(engine) as connection:
            is_new = stored_revision(connection, CHAIN) is None
        if is_new:
            upgrade(engine, CHAIN)
        else:
            ensure_current(
                engine,
                file=file if is_file else None,
                backups=workspace.backups,
                chain=CHAIN,
            )
    except BaseException:
        engine.dispose()
        raise
    return engine
