"""Browsers that are signed in: each holds a token of which only the digest is kept."""

import secrets
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final

from sqlalchemy import Connection, delete, insert, select, update

from hotspots.accounts import tables
from hotspots.accounts.users import User, user_by_key

SIGNED_OUT: Final = "signed out"
SIGNED_OUT_EVERYWHERE: Final = "signed out everywhere"
PASSWORD_CHANGED: Final = "password changed"  # noqa: S105 - a reason
ACCOUNT_CHANGED: Final = "account changed"
RESTORED: Final = "restored"  # from a backup, which knows nothing of how they ended since
TOO_LONG_IDLE: Final = "idle"
TOO_OLD: Final = "too old"
KEPT_S: Final = 90 * 24 * 3600  # which browsers somebody used is not kept for ever
_TOKEN_BYTES: Final = 32
_BROWSER_LENGTH: Final = 120
_SEEN_EVERY_S: Final = 60


@dataclass(frozen=True)
class Limits:
    """How long a sign-in lasts: `idle_s` without a request, `absolute_s` in all [s]."""

    idle_s: int
    absolute_s: int


@dataclass(frozen=True)
class SignIn:
    """One browser that is or was signed in.

    Attributes
    ----------
    sign_in_key
        Number.
    user_key
        Whose.
    browser
        What the browser says of itself.
    made_at, seen_at
        When it signed in, and its last request, to the minute [s since 1970, UTC].
    ended_at, ended_why
        When and why it ended; None and empty while it holds.
    """

    sign_in_key: int
    user_key: int
    browser: str
    made_at: int
    seen_at: int
    ended_at: int | None
    ended_why: str


def new_token() -> str:
    """Return a token that nobody can guess."""
    return secrets.token_urlsafe(_TOKEN_BYTES)


def digest(token: str) -> str:
    """Return what is kept of a token."""
    return sha256(token.encode("utf-8", "replace")).hexdigest()


def start_sign_in(connection: Connection, user: User, *, browser: str, now: int) -> str:
    """Sign a browser in and return the token that it is to hold; forget those long over."""
    old = tables.sign_ins.c.made_at < now - KEPT_S
    connection.execute(delete(tables.sign_ins).where(old))
    token = new_token()
    said = "".join(c for c in browser if c.isprintable())[:_BROWSER_LENGTH]
    connection.execute(
        insert(tables.sign_ins).values(
            user_key=user.user_key,
            token_hash=digest(token),
            browser=said,
            made_at=now,
            seen_at=now,
            ended_at=None,
            ended_why="",
        )
    )
    return token


def look_up(
    connection: Connection, token: str, *, limits: Limits, now: int
) -> tuple[User, SignIn] | None:
    """Return whose token it is, None for one that is unknown, ended, idle or too old."""
    wanted = tables.sign_ins.c.token_hash == digest(token)
    row = connection.execute(select(tables.sign_ins).where(wanted)).one_or_none()
    if row is None or row.ended_at is not None or why_over(row, limits, now):
        return None
    user = user_by_key(connection, row.user_key)
    if user is None or not user.is_open:
        return None
    return user, _sign_in(row)


def why_over(row: Any, limits: Limits, now: int) -> str:
    """Return why a sign-in is over by time, empty while it is not."""
    # One made long after now was made before the clock was set right: it would last for years.
    if abs(now - row.made_at) >= limits.absolute_s:
        return TOO_OLD
    return TOO_LONG_IDLE if now - row.seen_at >= limits.idle_s else ""


def is_stale(sign_in: SignIn, now: int) -> bool:
    """Return whether its last request should be noted again."""
    return abs(now - sign_in.seen_at) >= _SEEN_EVERY_S


def note_seen(connection: Connection, sign_in: SignIn, *, now: int) -> None:
    """Note that the browser has just asked for something."""
    one = tables.sign_ins.c.sign_in_key == sign_in.sign_in_key
    connection.execute(update(tables.sign_ins).where(one).values(seen_at=now))


def end_sign_in(connection: Connection, token: str, *, why: str, now: int) -> None:
    """End the sign-in of a token, if it holds."""
    sign_ins = tables.sign_ins
    wanted = (sign_ins.c.token_hash == digest(token)) & sign_ins.c.ended_at.is_(None)
    connection.execute(update(sign_ins).where(wanted).values(ended_at=now, ended_why=why))


def end_all(
    connection: Connection, user: User, *, why: str, now: int, but: str | None = None
) -> int:
    """End all sign-ins of a person, but that of the token `but`; return how many."""
    sign_ins = tables.sign_ins
    wanted = (sign_ins.c.user_key == user.user_key) & sign_ins.c.ended_at.is_(None)
    if but is not None:
        wanted &= sign_ins.c.token_hash != digest(but)
    done = connection.execute(update(sign_ins).where(wanted).values(ended_at=now, ended_why=why))
    return int(done.rowcount)


def end_all_sign_ins(connection: Connection, *, why: str, now: int) -> None:
    """End all sign-ins of all people."""
    sign_ins = tables.sign_ins
    holding = sign_ins.c.ended_at.is_(None)
    connection.execute(update(sign_ins).where(holding).values(ended_at=now, ended_why=why))


def read_sign_ins(connection: Connection, user: User, *, limits: Limits, now: int) -> list[SignIn]:
    """Return the sign-ins of a person that hold, the last used first."""
    sign_ins = tables.sign_ins.c
    rows = connection.execute(
        select(tables.sign_ins)
        .where((sign_ins.user_key == user.user_key) & sign_ins.ended_at.is_(None))
        .order_by(sign_ins.seen_at.desc(), sign_ins.sign_in_key.desc())
    )
    return [_sign_in(row) for row in rows if not why_over(row, limits, now)]


def _sign_in(row: Any) -> SignIn:
    return SignIn(
        sign_in_key=row.sign_in_key,
        user_key=row.user_key,
        browser=row.browser,
        made_at=row.made_at,
        seen_at=row.seen_at,
        ended_at=row.ended_at,
        ended_why=row.ended_why,
    )
