"""Accounts of people: made, changed, closed, and the links by which passwords are chosen."""

from sqlalchemy import Connection

from hotspots.accounts import audit, users
from hotspots.accounts.base import AccountsBase, name_of
from hotspots.accounts.one_time import OneTimeLink, look_up_link, make_link, take_link, void_links
from hotspots.accounts.passwords import check_password, hash_password
from hotspots.accounts.roles import ADMINISTRATOR, check_role
from hotspots.accounts.throttle import failure_keys, forget_name
from hotspots.accounts.users import User
from hotspots.errors import NotFoundError, ParameterError
from hotspots.i18n import _
from hotspots.store.engine import reading


class People(AccountsBase):
    """The part of `Accounts` about people. `by` is the administrator, None at the command line."""

    def is_set_up(self) -> bool:
        """Return whether there is an administrator."""
        with reading(self._engine) as connection:
            return users.has_administrator(connection)

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

        Raises
        ------
        ParameterError
            The name is taken or malformed, or there is no such role.
        """
        with self._writing(by) as (connection, note):
            made = users.insert_user(
                connection, name=name, display_name=display_name, role=role, made_by=name_of(by)
            )
            note(audit.ACCOUNT, made.name, {"made": True, "role": made.role})
            return make_link(connection, made, made_by=name_of(by), now=self._now())

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
            There is no such person or role, it is the last administrator, or the name to be shown
            is another's.
        """
        with self._writing(by) as (connection, note):
            user = users.require_user(connection, name)
            values: dict[str, str] = {}
            if display_name is not None:
                shown = users.clean_display_name(display_name)
                users.check_own_name(connection, shown, role=role or user.role, name=user.name)
                values["display_name"] = shown
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
        NotFoundError, ParameterError
            There is no such person, or the account is open.
        """
        with self._writing(by) as (connection, note):
            user = users.require_user(connection, name)
            if user.is_open:
                raise ParameterError(_("The account {name} is open.").format(name=user.name))
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

    def first_link(self) -> str:
        """Return the token of the link that makes the first administrator; it holds for a day.

        A link made before stops working.

        Raises
        ------
        ParameterError
            There is an administrator already.
        """
        with self._writing(None) as (connection, note):
            if users.has_administrator(connection):
                raise ParameterError(
                    _(
                        "There is an administrator already. A lost password is replaced with: "
                        "hotspots user reset NAME"
                    )
                )
            note(audit.ACCOUNT, "", {"first_link": True})
            return make_link(connection, None, made_by=name_of(None), now=self._now())

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
        self._require_link(token, of_user=False)
        kept = users.clean_name(name)
        check_password(password, known=(kept, display_name, self._settings().town))
        hashed = hash_password(password)
        with self._writing(None) as (connection, _note):
            take_link(connection, token, now=self._now())
            made = users.insert_user(
                connection, name=kept, display_name=display_name, role=ADMINISTRATOR, made_by=""
            )
            self._keep(connection, made, hashed)
            void_links(connection, None, now=self._now())
            audit.add_entry(
                connection,
                audit.ACCOUNT,
                user_name=made.name,
                role=made.role,
                subject=made.name,
                details={"made": True, "role": made.role, "first": True},
            )
            return users.require_user(connection, kept)

    def use_link(self, token: str, *, password: str, address: str = "") -> User:
        """Choose a password with a one-time link, and return whose.

        Wrong passwords of that name, typed at `address` before, are forgotten.

        Raises
        ------
        NotFoundError
            The link does not work, or was used meanwhile.
        ParameterError
            The password is too weak; the link still works.
        """
        user = self._require_link(token, of_user=True).user
        assert user is not None  # noqa: S101 - asked for
        self._check(user, password)
        hashed = hash_password(password)
        with self._writing(user) as (connection, note):
            take_link(connection, token, now=self._now())
            self._void(connection, user)
            self._keep(connection, user, hashed)
            keys = failure_keys(self._secret, name=user.name, address=address)
            forget_name(connection, keys)
            note(audit.ACCOUNT, user.name, {"password_chosen": True})
            return users.require_user(connection, user.name)

    def _require_link(self, token: str, *, of_user: bool) -> OneTimeLink:
        link = self.link(token)
        if (link.user is not None) is not of_user:
            raise NotFoundError(_("This link is for another purpose."))
        return link

    def _new_link(self, connection: Connection, user: User, by: User | None) -> str:
        self._void(connection, user)
        users.set_password(connection, user, "")
        return make_link(connection, user, made_by=name_of(by), now=self._now())
