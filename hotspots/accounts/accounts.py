"""`Accounts`: who may use a workspace's pages, who is signed in, and who did what."""

import hmac
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, Engine, func, select

from hotspots.accounts import audit, sign_ins, tables, users
from hotspots.accounts.audit import AuditEntry
from hotspots.accounts.one_time import OneTimeLink, look_up_link, make_link, void_links
from hotspots.accounts.passwords import (
    check_password,
    hash_password,
    needs_rehash,
    verify_password,
)
from hotspots.accounts.roles import ADMINISTRATOR, check_role
from hotspots.accounts.sign_ins import Limits, SignIn
from hotspots.accounts.throttle import failure_keys, forget, note_failure, seconds_to_wait
from hotspots.accounts.users import User
from hotspots.errors import HotspotsError, ParameterError, StoreError
from hotspots.files import make_private
from hotspots.i18n import _
from hotspots.settings import Settings, Workspace
from hotspots.store.engine import SQLITE, make_engine, reading, writing
from hotspots.store.migrate import Chain, ensure_current, stored_revision, upgrade

CHAIN: Final = Chain(Path(__file__).parent / "migrations", tables.HEAD, tables.VERSION_TABLE)
SYSTEM: Final = "system"  # the role of whoever works at the command line


class SignInRefusedError(HotspotsError):
    """Name or password is wrong, or it is too early to try again.

    Attributes
    ----------
    wait_s
        How long to wait before another try counts [s].
    """

    def __init__(self, message: str, wait_s: int) -> None:
        super().__init__(message)
        self.wait_s = wait_s


class Accounts:
    """The accounts of one workspace. Use `Accounts.open`; one serves all threads of a process.

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

    @classmethod
    def open(
        cls,
        workspace: Workspace,
        *,
        secret: bytes = b"",
        settings: Callable[[], Settings] | None = None,
        now: Callable[[], float] = time.time,
    ) -> "Accounts":
        """Open the accounts of a workspace; a workspace without any gets empty tables.

        `settings` gives the settings as they are now; those of `workspace` where it is left out.

        Raises
        ------
        StoreError
            The database is damaged, of a newer version, or cannot be written.
        """
        current = settings or (lambda: workspace.settings)
        return cls(_open_engine(workspace), secret=secret, settings=current, now=now)

    def close(self) -> None:
        """Close all connections."""
        self._engine.dispose()

    def __enter__(self) -> "Accounts":
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    @property
    def limits(self) -> Limits:
        """How long a sign-in lasts, by the settings as they are now."""
        settings = self._settings()
        return Limits(settings.idle_minutes * 60, settings.absolute_hours * 3600)

    # --- people ----------------------------------------------------------------------------
    def is_set_up(self) -> bool:
        """Return whether there is an administrator."""
        with reading(self._engine) as connection:
            found = tables.users.c
            wanted = (found.role == ADMINISTRATOR) & (found.closed_at == "")
            return bool(connection.execute(select(func.count()).where(wanted)).scalar_one())

    def users(self) -> list[User]:
        """Return all accounts by name, closed ones too."""
        with reading(self._engine) as connection:
            return users.read_users(connection)

    def user(self, name: str) -> User:
        """Return the account of a name.

        Raises
        ------
        NotFoundError
            There is none.
        """
        with reading(self._engine) as connection:
            return users.require_user(connection, name)

    def add_user(self, name: str, *, display_name: str, role: str, by: User | None) -> str:
        """Add an account and return the token of the link by which its owner chooses a password.

        `by` is the administrator who does it, None at the command line; so for all that follow.

        Raises
        ------
        ParameterError
            The name is taken or malformed, or there is no such role.
        """
        with self._writing(by) as (connection, note):
            made = users.insert_user(
                connection, name=name, display_name=display_name, role=role, made_by=_name(by)
            )
            note(audit.ACCOUNT, made.name, {"made": True, "role": made.role})
            return make_link(connection, made, made_by=_name(by), now=self._now())

    def change_user(
        self,
        name: str,
        *,
        by: User | None,
        display_name: str | None = None,
        role: str | None = None,
    ) -> None:
        """Change what a person is called or their role; both hold from their next request.

        Raises
        ------
        NotFoundError, ParameterError
            There is no such person or role, or it is the last administrator.
        """
        with self._writing(by) as (connection, note):
            user = users.require_user(connection, name)
            values: dict[str, str] = {}
            if display_name is not None:
                values["display_name"] = users.clean_display_name(display_name)
            if role is not None:
                values["role"] = check_role(role)
            changed = {k: v for k, v in values.items() if getattr(user, k) != v}
            if changed:
                users.change_user(connection, user, **changed)
                note(audit.ACCOUNT, user.name, {"changed": changed})

    def close_user(self, name: str, *, by: User | None) -> None:
        """Close an account: its owner is signed out everywhere and cannot sign in.

        Raises
        ------
        NotFoundError, ParameterError
            There is no such person, or it is the last administrator.
        """
        with self._writing(by) as (connection, note):
            user = users.require_user(connection, name)
            if user.is_open:
                users.change_user(connection, user, closed_at=users.now_text())
                self._void(connection, user)
                note(audit.ACCOUNT, user.name, {"closed": True})

    def reopen_user(self, name: str, *, by: User | None) -> str:
        """Open a closed account; return the token of a link to choose a new password.

        Raises
        ------
        NotFoundError
            There is no such person.
        """
        with self._writing(by) as (connection, note):
            user = users.require_user(connection, name)
            users.change_user(connection, user, closed_at="")
            note(audit.ACCOUNT, user.name, {"reopened": True})
            return self._new_link(connection, user, by)

    def reset_password(self, name: str, *, by: User | None) -> str:
        """Take a person's password away, sign them out, and return the token of a new link.

        Raises
        ------
        NotFoundError, ParameterError
            There is no such person, or the account is closed.
        """
        with self._writing(by) as (connection, note):
            user = users.require_user(connection, name)
            if not user.is_open:
                raise ParameterError(
                    _("The account {name} is closed; open it first.").format(name=user.name)
                )
            note(audit.ACCOUNT, user.name, {"password_reset": True})
            return self._new_link(connection, user, by)

    # --- one-time links --------------------------------------------------------------------
    def first_link(self) -> str:
        """Return the token of the link that makes the first administrator.

        Raises
        ------
        ParameterError
            There is an administrator already.
        """
        if self.is_set_up():
            raise ParameterError(
                _(
                    "There is an administrator already. A lost password is replaced with: "
                    "hotspots user reset NAME"
                )
            )
        with writing(self._engine) as connection:
            return make_link(connection, None, made_by="", now=self._now())

    def link(self, token: str) -> OneTimeLink:
        """Return a one-time link that still works.

        Raises
        ------
        NotFoundError
            It does not.
        """
        with reading(self._engine) as connection:
            return look_up_link(connection, token, now=self._now())

    def use_first_link(self, token: str, *, name: str, display_name: str, password: str) -> User:
        """Make the first administrator.

        Raises
        ------
        NotFoundError
            The link does not work, or is not for that.
        ParameterError
            The name is malformed, or the password too weak; the link still works.
        """
        kept = users.clean_name(name)
        check_password(password, known=(kept, display_name, self._settings().town))
        hashed = hash_password(password)
        with self._writing(None) as (connection, note):
            link = look_up_link(connection, token, now=self._now())
            if link.user is not None:
                link = look_up_link(connection, "", now=self._now())
            made = users.insert_user(
                connection, name=kept, display_name=display_name, role=ADMINISTRATOR, made_by=""
            )
            self._keep(connection, made, hashed)
            void_links(connection, None, now=self._now())
            note(audit.ACCOUNT, made.name, {"made": True, "role": made.role, "first": True})
            return made

    def use_link(self, token: str, *, password: str) -> User:
        """Choose a password with a one-time link, and return whose.

        Raises
        ------
        NotFoundError
            The link does not work.
        ParameterError
            The password is too weak; the link still works.
        """
        user = self.link(token).user
        if user is None:
            with reading(self._engine) as connection:
                look_up_link(connection, "", now=self._now())  # says that it does not work
            raise AssertionError
        self._check(user, password)
        hashed = hash_password(password)
        with self._writing(user) as (connection, note):
            look_up_link(connection, token, now=self._now())
            self._void(connection, user)
            self._keep(connection, user, hashed)
            note(audit.ACCOUNT, user.name, {"password_chosen": True})
        return user

    # --- signing in ------------------------------------------------------------------------
    def sign_in(self, name: str, password: str, *, address: str, browser: str) -> str:
        """Sign a browser in and return the token that it is to hold.

        Parameters
        ----------
        name, password
            As typed.
        address
            From where; counted only.
        browser
            What the browser says of itself.

        Raises
        ------
        SignInRefusedError
            Name or password is wrong (which, is not said), or it is too early to try again.
        """
        typed = name.strip().lower()[: users.NAME_LENGTH]
        keys = failure_keys(self._secret, name=typed, address=address)
        with reading(self._engine) as connection:
            wait_s = seconds_to_wait(connection, keys, now=self._now())
            user = users.find_user(connection, typed)
            kept = "" if user is None else users.password_hash(connection, user)
        if wait_s > 0:
            raise SignInRefusedError(_("Too many wrong passwords. Try again later."), wait_s=wait_s)
        right = verify_password(kept, password)
        if user is None or not user.is_open or not right:
            self._refuse(user, typed, keys)
        assert user is not None  # noqa: S101 - refused above
        rehashed = hash_password(password) if needs_rehash(kept) else None
        with self._writing(user) as (connection, note):
            forget(connection, keys)
            if rehashed is not None:
                self._keep(connection, user, rehashed)
            note(audit.SIGN_IN, "", {})
            return sign_ins.start_sign_in(connection, user, browser=browser, now=self._now())

    def who(self, token: str) -> tuple[User, SignIn] | None:
        """Return who holds a token, None where it is unknown or over."""
        now = self._now()
        with reading(self._engine) as connection:
            found = sign_ins.look_up(connection, token, limits=self.limits, now=now)
        if found is not None and sign_ins.is_stale(found[1], now):
            # Where another process is writing, the next request will note it.
            with suppress(StoreError), writing(self._engine) as connection:
                sign_ins.note_seen(connection, found[1], now=now)
        return found

    def sign_out(self, token: str) -> None:
        """End the sign-in of a token."""
        found = self.who(token)
        if found is None:
            return
        with self._writing(found[0]) as (connection, note):
            sign_ins.end_sign_in(connection, token, why=sign_ins.SIGNED_OUT, now=self._now())
            note(audit.SIGN_OUT, "", {})

    def sign_out_everywhere(self, name: str, *, by: User | None, but: str | None = None) -> int:
        """End all sign-ins of a person, but that of the token `but`; return how many.

        Raises
        ------
        NotFoundError
            There is no such person.
        """
        with self._writing(by) as (connection, note):
            user = users.require_user(connection, name)
            n = sign_ins.end_all(
                connection, user, why=sign_ins.SIGNED_OUT_EVERYWHERE, now=self._now(), but=but
            )
            note(audit.SIGN_OUT, user.name, {"everywhere": True, "n": n})
            return n

    def sign_ins(self, user: User) -> list[SignIn]:
        """Return where a person is signed in, the last used first."""
        with reading(self._engine) as connection:
            return sign_ins.read_sign_ins(connection, user, limits=self.limits, now=self._now())

    def change_password(self, user: User, *, old: str, new: str, token: str, address: str) -> None:
        """Change a person's own password and sign them out everywhere else.

        Raises
        ------
        SignInRefusedError
            The old password is wrong; counted as at sign-in.
        ParameterError
            The new one is too weak, or is the old one.
        """
        keys = failure_keys(self._secret, name=user.name, address=address)
        with reading(self._engine) as connection:
            wait_s = seconds_to_wait(connection, keys, now=self._now())
            kept = users.password_hash(connection, user)
        if wait_s > 0:
            raise SignInRefusedError(_("Too many wrong passwords. Try again later."), wait_s=wait_s)
        if not verify_password(kept, old):
            self._refuse(user, user.name, keys)
        if old == new:
            raise ParameterError(_("The new password is the old one."))
        self._check(user, new)
        hashed = hash_password(new)
        with self._writing(user) as (connection, note):
            self._keep(connection, user, hashed)
            sign_ins.end_all(
                connection, user, why=sign_ins.PASSWORD_CHANGED, now=self._now(), but=token
            )
            note(audit.ACCOUNT, user.name, {"password_changed": True})

    # --- the audit record ------------------------------------------------------------------
    def record(
        self,
        action: str,
        *,
        user_name: str,
        role: str,
        subject: str = "",
        details: Mapping[str, Any] | None = None,
    ) -> None:
        """Add a line to the audit record (see `audit.add_entry`).

        Raises
        ------
        StoreError
            It cannot be written: then what it records must not be done or shown.
        """
        with writing(self._engine) as connection:
            audit.add_entry(
                connection,
                action,
                user_name=user_name,
                role=role,
                subject=subject,
                details=details,
            )

    def audit_entries(
        self,
        *,
        limit: int = 100,
        before: int | None = None,
        user_name: str = "",
        actions: Sequence[str] = (),
        first_day: str = "",
        last_day: str = "",
    ) -> list[AuditEntry]:
        """Return lines of the audit record, newest first (see `audit.read_entries`)."""
        with reading(self._engine) as connection:
            return audit.read_entries(
                connection,
                limit=limit,
                before=before,
                user_name=user_name,
                actions=actions,
                first_day=first_day,
                last_day=last_day,
            )

    def find_audit_break(self) -> int | None:
        """Return the first line of the audit record that was tampered with; None if none was."""
        with reading(self._engine) as connection:
            return audit.find_break(connection)

    # --- within ----------------------------------------------------------------------------
    def _now(self) -> int:
        return int(self._clock())

    @contextmanager
    def _writing(
        self, by: User | None
    ) -> Iterator[tuple[Connection, Callable[[str, str, Mapping[str, Any]], None]]]:
        """Open the writing transaction, with a function that adds to the audit record in it."""
        with writing(self._engine) as connection:

            def note(action: str, subject: str, details: Mapping[str, Any]) -> None:
                audit.add_entry(
                    connection,
                    action,
                    user_name=_name(by),
                    role=SYSTEM if by is None else by.role,
                    subject=subject,
                    details=details,
                )

            yield connection, note

    def _refuse(self, user: User | None, typed: str, keys: Mapping[str, Any]) -> None:
        with writing(self._engine) as connection:
            note_failure(connection, dict(keys), now=self._now())
            wait_s = max(0, seconds_to_wait(connection, keys, now=self._now()))
            # What was typed may be a password in the wrong field: only known names are kept.
            audit.add_entry(
                connection,
                audit.SIGN_IN_REFUSED,
                user_name="" if user is None else user.name,
                role="" if user is None else user.role,
                subject=self._disguised(typed) if user is None else "",
                details={"wait_s": wait_s},
            )
        raise SignInRefusedError(_("Name or password is wrong."), wait_s=wait_s)

    def _disguised(self, typed: str) -> str:
        """Return a mark by which repeated tries of one unknown name are seen to be the same."""
        made = hmac.new(self._secret or b"-", typed.encode("utf-8", "replace"), sha256)
        return f"?{made.hexdigest()[:8]}"

    def _check(self, user: User, password: str) -> None:
        check_password(password, known=(user.name, user.display_name, self._settings().town))

    def _keep(self, connection: Connection, user: User, hashed: str) -> None:
        connection.execute(
            tables.users.update()
            .where(tables.users.c.user_key == user.user_key)
            .values(password_hash=hashed, password_at=users.now_text())
        )

    def _void(self, connection: Connection, user: User) -> None:
        """End all that a person could come in by, but the password."""
        sign_ins.end_all(connection, user, why=sign_ins.ACCOUNT_CHANGED, now=self._now())
        void_links(connection, user, now=self._now())

    def _new_link(self, connection: Connection, user: User, by: User | None) -> str:
        self._void(connection, user)
        connection.execute(
            tables.users.update()
            .where(tables.users.c.user_key == user.user_key)
            .values(password_hash="", password_at="")
        )
        return make_link(connection, user, made_by=_name(by), now=self._now())


def _name(by: User | None) -> str:
    return "" if by is None else by.name


def _open_engine(workspace: Workspace) -> Engine:
    """Return the engine of the accounts' database, made or brought up to date first."""
    file = workspace.accounts
    engine = make_engine(workspace, create=True, file=file)
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
