"""Who may sign in: people, their roles, and whether their account is open."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import Connection, func, insert, select, update

from hotspots.accounts import tables
from hotspots.accounts.roles import ADMINISTRATOR, check_role, words_of_others
from hotspots.errors import NotFoundError, ParameterError
from hotspots.i18n import _

NAME_LENGTH: Final = 40
DISPLAY_LENGTH: Final = 80
_NAME: Final = re.compile(r"[a-z0-9](?:[a-z0-9._-]*[a-z0-9])?")


@dataclass(frozen=True)
class User:
    """One account.

    Attributes
    ----------
    user_key
        Number, never given twice.
    name
        What is typed at sign-in; lower case.
    display_name
        What pages show.
    role
        One of `roles.ROLES`.
    has_password
        False until the person has opened their one-time link.
    password_at, made_at, closed_at
        ISO, UTC; `closed_at` is empty while the account is open.
    made_by
        Who made the account.
    """

    user_key: int
    name: str
    display_name: str
    role: str
    has_password: bool
    password_at: str
    made_by: str
    made_at: str
    closed_at: str

    @property
    def is_open(self) -> bool:
        """Whether the person may sign in."""
        return not self.closed_at

    @property
    def is_administrator(self) -> bool:
        """Whether it is an administrator's."""
        return self.role == ADMINISTRATOR


def now_text() -> str:
    """Return this moment, ISO, UTC."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def clean_name(name: str) -> str:
    """Return a name as it is kept.

    Raises
    ------
    ParameterError
        It has other characters than letters without accents, digits, dot, hyphen, underscore.
    """
    found = name.strip().lower()
    if len(found) > NAME_LENGTH or not _NAME.fullmatch(found):
        raise ParameterError(
            _(
                "A name to sign in with has at most {n} letters without accents, digits, dots, "
                "hyphens or underscores, for example jan.novak; got {name!r}"
            ).format(n=NAME_LENGTH, name=name[:NAME_LENGTH])
        )
    return found


def clean_display_name(display_name: str) -> str:
    """Return what pages show of a person.

    Raises
    ------
    ParameterError
        It is empty, too long, or holds control characters.
    """
    found = " ".join(display_name.split())
    if not found or len(found) > DISPLAY_LENGTH or not found.isprintable():
        raise ParameterError(
            _("A name to be shown has 1 to {n} characters on one line.").format(n=DISPLAY_LENGTH)
        )
    return found


def check_own_name(connection: Connection, display_name: str, *, role: str, name: str) -> None:
    """Raise `ParameterError` where a name to be shown would pass its bearer off as somebody else.

    It must not be the name of another account, shown or to sign in with, closed ones included, nor
    the word for another role.
    """
    wanted = display_name.casefold()
    others = {
        text.casefold()
        for user in read_users(connection)
        if user.name != name
        for text in (user.name, user.display_name)
    }
    if wanted in others or wanted in words_of_others(role):
        raise ParameterError(
            _(
                "The name {name!r} to be shown is another account's or the word for another role. "
                "Choose one that tells people apart, for example with a title or a place of work."
            ).format(name=display_name)
        )


def fold_name(name: str) -> str:
    """Return a name typed at sign-in as names are kept, without asking whether it could be one."""
    return name.strip().lower()[: NAME_LENGTH + 1]


def read_users(connection: Connection) -> list[User]:
    """Return all accounts by name, closed ones too."""
    rows = connection.execute(select(tables.users).order_by(tables.users.c.name))
    return [_user(row) for row in rows]


def find_user(connection: Connection, name: str) -> User | None:
    """Return the account of a name, if any."""
    wanted = tables.users.c.name == name.strip().lower()
    row = connection.execute(select(tables.users).where(wanted)).one_or_none()
    return None if row is None else _user(row)


def require_user(connection: Connection, name: str) -> User:
    """Return the account of a name.

    Raises
    ------
    NotFoundError
        There is none.
    """
    found = find_user(connection, name)
    if found is None:
        raise NotFoundError(
            _("nobody has the name {name!r}; see: hotspots user list").format(
                name=name[:NAME_LENGTH]
            )
        )
    return found


def user_by_key(connection: Connection, user_key: int) -> User | None:
    """Return an account by its number, if any."""
    wanted = tables.users.c.user_key == user_key
    row = connection.execute(select(tables.users).where(wanted)).one_or_none()
    return None if row is None else _user(row)


def insert_user(
    connection: Connection, *, name: str, display_name: str, role: str, made_by: str
) -> User:
    """Add an account without a password.

    Raises
    ------
    ParameterError
        The name is taken or has a wrong form, the name to be shown is another's, or there is no
        such role.
    """
    kept = clean_name(name)
    if find_user(connection, kept) is not None:
        raise ParameterError(
            _("The name {name} is taken; names are never given twice.").format(name=kept)
        )
    shown = clean_display_name(display_name or kept)
    check_own_name(connection, shown, role=check_role(role), name=kept)
    connection.execute(
        insert(tables.users).values(
            name=kept,
            display_name=shown,
            role=role,
            password_hash="",
            password_at="",
            made_by=made_by,
            made_at=now_text(),
            closed_at="",
        )
    )
    return require_user(connection, kept)


def change_user(connection: Connection, user: User, **values: Any) -> None:
    """Change columns of an account, unless it takes away the last open administrator.

    Raises
    ------
    ParameterError
        Nobody could administer the server afterwards.
    """
    connection.execute(
        update(tables.users).where(tables.users.c.user_key == user.user_key).values(**values)
    )
    if user.is_administrator and user.is_open and count_administrators(connection) == 0:
        raise ParameterError(
            _(
                "{name} is the last administrator who can sign in. Make another one first; nothing "
                "was changed."
            ).format(name=user.name)
        )


def set_password(connection: Connection, user: User, hashed: str) -> None:
    """Keep the hash of a password; empty takes the password away."""
    connection.execute(
        update(tables.users)
        .where(tables.users.c.user_key == user.user_key)
        .values(password_hash=hashed, password_at=now_text() if hashed else "")
    )


def has_administrator(connection: Connection) -> bool:
    """Return whether an administrator's account is open, with a password or a link to choose it."""
    users = tables.users.c
    wanted = (users.role == ADMINISTRATOR) & (users.closed_at == "")
    return bool(connection.execute(select(func.count()).where(wanted)).scalar_one())


def count_administrators(connection: Connection) -> int:
    """Return how many open accounts of administrators have a password."""
    users = tables.users.c
    wanted = (users.role == ADMINISTRATOR) & (users.closed_at == "") & (users.password_hash != "")
    return int(connection.execute(select(func.count()).where(wanted)).scalar_one())


def password_hash(connection: Connection, user: User) -> str:
    """Return the hash that is kept of a person's password; empty where there is none yet."""
    wanted = tables.users.c.user_key == user.user_key
    return str(connection.execute(select(tables.users.c.password_hash).where(wanted)).scalar_one())


def _user(row: Any) -> User:
    return User(
        user_key=row.user_key,
        name=row.name,
        display_name=row.display_name,
        role=row.role,
        has_password=bool(row.password_hash),
        password_at=row.password_at,
        made_by=row.made_by,
        made_at=row.made_at,
        closed_at=row.closed_at,
    )
