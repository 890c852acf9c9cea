"""Signing in and out: names and passwords, what browsers hold, and waiting after wrong ones."""

import hmac
from collections.abc import Mapping
from contextlib import suppress
from hashlib import sha256
from typing import NoReturn

from hotspots.accounts import audit, sign_ins, users
from hotspots.accounts.base import AccountsBase
from hotspots.accounts.passwords import hash_password, needs_rehash, verify_password
from hotspots.accounts.sign_ins import SignIn
from hotspots.accounts.throttle import Rule, begin_try, failure_keys, forget, seconds_to_wait
from hotspots.accounts.users import User
from hotspots.errors import HotspotsError, ParameterError, StoreError
from hotspots.i18n import _
from hotspots.store.engine import reading, writing


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


class SigningIn(AccountsBase):
    """The part of `Accounts` about signing in."""

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
        typed = users.fold_name(name)
        keys = failure_keys(self._secret, name=typed, address=address)
        self._begin_try(keys)
        with reading(self._engine) as connection:
            user = users.find_user(connection, typed)
            kept = "" if user is None else users.password_hash(connection, user)
        right = verify_password(kept, password)
        if user is None or not user.is_open or not right:
            self._refuse(user, typed, keys)
        rehashed = hash_password(password) if needs_rehash(kept) else None
        with self._writing(user) as (connection, note):
            # The account may have been closed, or its password reset, while this was computed.
            found = users.find_user(connection, typed)
            holds = found is not None and found.is_open
            if holds and users.password_hash(connection, user) == kept:
                forget(connection, keys, now=self._now())
                if rehashed is not None:
                    self._keep(connection, user, rehashed)
                note(audit.SIGN_IN, "", {})
                return sign_ins.start_sign_in(connection, user, browser=browser, now=self._now())
        return self._refuse(user, typed, keys)

    def who(self, token: str, *, in_use: bool = True) -> tuple[User, SignIn] | None:
        """Return who holds a token, None where it is unknown or over.

        `in_use` says that a person asks; what a page asks for by itself does not keep a sign-in
        from ending when nobody uses it.
        """
        now = self._now()
        with reading(self._engine) as connection:
            found = sign_ins.look_up(connection, token, limits=self.limits, now=now)
        if in_use and found is not None and sign_ins.is_stale(found[1], now):
            # Where another process is writing, the next request will note it.
            with suppress(StoreError), writing(self._engine) as connection:
                sign_ins.note_seen(connection, found[1], now=now)
        return found

    def sign_out(self, token: str) -> None:
        """End the sign-in of a token."""
        found = self.who(token, in_use=False)
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
        self._begin_try(keys)
        with reading(self._engine) as connection:
            kept = users.password_hash(connection, user)
        if not verify_password(kept, old):
            self._refuse(user, user.name, keys)
        with writing(self._engine) as connection:
            forget(connection, keys, now=self._now())
        if verify_password(kept, new):
            raise ParameterError(_("The new password is the old one."))
        self._check(user, new)
        hashed = hash_password(new)
        with self._writing(user) as (connection, note):
            found = users.find_user(connection, user.name)
            if found is None or not found.is_open:
                raise ParameterError(
                    _("The account {name} is closed; open it first.").format(name=user.name)
                )
            if users.password_hash(connection, user) != kept:
                raise ParameterError(_("The password was changed meanwhile. Sign in anew."))
            self._void(connection, user, but=token)
            self._keep(connection, user, hashed)
            note(audit.ACCOUNT, user.name, {"password_changed": True})

    def _begin_try(self, keys: Mapping[str, Rule]) -> None:
        """Count a try before it is decided, so that many at once are no more than one by one."""
        with writing(self._engine) as connection:
            wait_s = begin_try(connection, keys, now=self._now())
        if wait_s > 0:
            raise SignInRefusedError(_("Too many wrong passwords. Try again later."), wait_s=wait_s)

    def _refuse(self, user: User | None, typed: str, keys: Mapping[str, Rule]) -> NoReturn:
        with writing(self._engine) as connection:
            wait_s = seconds_to_wait(connection, keys, now=self._now())
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
