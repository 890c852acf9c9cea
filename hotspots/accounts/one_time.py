"""Links that work once: for the first administrator, and to choose a password."""

from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, insert, select, update

from hotspots.accounts import tables
from hotspots.accounts.sign_ins import digest, new_token
from hotspots.accounts.users import User, has_administrator, user_by_key
from hotspots.errors import NotFoundError
from hotspots.i18n import _

FIRST_VALID_S: Final = 24 * 3600
VALID_S: Final = 7 * 24 * 3600


@dataclass(frozen=True)
class OneTimeLink:
    """A link that has not been used.

    Attributes
    ----------
    user
        Who chooses a password with it; None where it makes the first administrator.
    expires_at
        Until when it works [s since 1970, UTC].
    """

    user: User | None
    expires_at: int


def make_link(connection: Connection, user: User | None, *, made_by: str, now: int) -> str:
    """Make a link, end those made before for the same purpose, and return its token."""
    void_links(connection, user, now=now)
    token = new_token()
    connection.execute(
        insert(tables.one_time_links).values(
            user_key=None if user is None else user.user_key,
            token_hash=digest(token),
            made_by=made_by,
            made_at=now,
            expires_at=now + (FIRST_VALID_S if user is None else VALID_S),
            used_at=None,
        )
    )
    return token


def void_links(connection: Connection, user: User | None, *, now: int) -> None:
    """Let no link of a person (None: for the first administrator) work any more."""
    links = tables.one_time_links
    whose = links.c.user_key.is_(None) if user is None else links.c.user_key == user.user_key
    connection.execute(update(links).where(whose & links.c.used_at.is_(None)).values(used_at=now))


def void_all_links(connection: Connection, *, now: int) -> None:
    """Let no link that was made up to now work any more."""
    links = tables.one_time_links
    connection.execute(update(links).where(links.c.used_at.is_(None)).values(used_at=now))


def look_up_link(connection: Connection, token: str, *, now: int) -> OneTimeLink:
    """Return a link by its token.

    Raises
    ------
    NotFoundError
        It was used, has expired, or never was; which, is not said. One for the first administrator
        works only while there is none.
    """
    wanted = tables.one_time_links.c.token_hash == digest(token)
    row = connection.execute(select(tables.one_time_links).where(wanted)).one_or_none()
    if row is None or row.used_at is not None or row.expires_at <= now:
        raise _gone()
    return _link(connection, row)


def take_link(connection: Connection, token: str, *, now: int) -> OneTimeLink:
    """Use a link up and return it; of two who do that at once, one is refused.

    Raises
    ------
    NotFoundError
        As `look_up_link`; the transaction must then be rolled back.
    """
    links = tables.one_time_links
    wanted = (links.c.token_hash == digest(token)) & links.c.used_at.is_(None)
    wanted &= links.c.expires_at > now
    # The database decides: it lets one change of this row be first, and the other finds it used.
    taken = connection.execute(update(links).where(wanted).values(used_at=now))
    if taken.rowcount != 1:
        raise _gone()
    row = connection.execute(select(links).where(links.c.token_hash == digest(token))).one()
    return _link(connection, row)


def _link(connection: Connection, row: Any) -> OneTimeLink:
    if row.user_key is None:
        if has_administrator(connection):
            raise _gone()
        return OneTimeLink(None, row.expires_at)
    user = user_by_key(connection, row.user_key)
    if user is None or not user.is_open:
        raise _gone()
    return OneTimeLink(user, row.expires_at)


def _gone() -> NotFoundError:
    return NotFoundError(
        _(
            "This link has been used or is too old. Ask the administrator for another one; for "
            "the first administrator: hotspots user first-link"
        )
    )
