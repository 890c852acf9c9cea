"""`Accounts`: who may use a workspace's pages, who is signed in, and who did what."""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from hotspots.accounts import audit, sign_ins
from hotspots.accounts.audit import AuditEntry, AuditState, Tail
from hotspots.accounts.base import open_engine
from hotspots.accounts.one_time import void_all_links
from hotspots.accounts.people import People
from hotspots.accounts.signing_in import SigningIn
from hotspots.settings import Settings, Workspace
from hotspots.store.engine import reading, writing


class Accounts(People, SigningIn):
    """The accounts of one workspace. Use `Accounts.open`; one serves all threads of a process."""

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

        Parameters
        ----------
        workspace
            An existing workspace.
        secret
            Key under which names and addresses of failed sign-ins are kept.
        settings
            Gives the settings as they are now; those of `workspace` where it is left out.
        now
            The clock [s since 1970, UTC].

        Raises
        ------
        StoreError
            The database is damaged, of a newer version, or cannot be written.
        """
        current = settings or (lambda: workspace.settings)
        return cls(open_engine(workspace), secret=secret, settings=current, now=now)

    def __enter__(self) -> "Accounts":
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def note_restored(self, subject: str, details: Mapping[str, Any]) -> None:
        """Record that a backup was put back, and end what it brings back of sign-ins and links.

        A backup knows nothing of what was ended or used since; passwords stay.

        Raises
        ------
        StoreError
            The database cannot be written.
        """
        with self._writing(None) as (connection, note):
            sign_ins.end_all_sign_ins(connection, why=sign_ins.RESTORED, now=self._now())
            void_all_links(connection, now=self._now())
            note(audit.BACKUP, subject, {"restored": True, **details})

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

    def check_audit(self) -> AuditState:
        """Return whether the audit record is whole, and where it ends."""
        with reading(self._engine) as connection:
            return audit.check_record(connection)

    def audit_tail(self, audit_key: int | None = None) -> Tail:
        """Return the end of the audit record, or one line's number and digest."""
        with reading(self._engine) as connection:
            return audit.read_tail(connection, audit_key=audit_key)

    def audit_names(self) -> list[str]:
        """Return the names that stand in the audit record, sorted."""
        with reading(self._engine) as connection:
            return audit.read_names(connection)
