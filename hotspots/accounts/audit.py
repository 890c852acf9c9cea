"""The audit record: who did what and when, only ever added to."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from hashlib import sha256
from typing import Any, Final
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, insert, select

from hotspots.accounts import tables
from hotspots.accounts.users import now_text
from hotspots.errors import ParameterError
from hotspots.i18n import _

SIGN_IN: Final = "sign_in"
SIGN_IN_REFUSED: Final = "sign_in_refused"
SIGN_OUT: Final = "sign_out"
ACCOUNT: Final = "account"  # made, changed, closed, a link given out, a password chosen
IMPORT: Final = "import"
EXPORT: Final = "export"
CORRECTION: Final = "correction"
DELETION: Final = "deletion"
NOTES_VIEWED: Final = "notes_viewed"
LAYERS: Final = "layers"
SETTINGS: Final = "settings"
BACKUP: Final = "backup"
ACTIONS: Final = (
    SIGN_IN,
    SIGN_IN_REFUSED,
    SIGN_OUT,
    ACCOUNT,
    IMPORT,
    EXPORT,
    CORRECTION,
    DELETION,
    NOTES_VIEWED,
    LAYERS,
    SETTINGS,
    BACKUP,
)
_SUBJECT_LENGTH: Final = 200
_DETAILS_LENGTH: Final = 4000
_FIRST: Final = "0" * 64
_PRAGUE: Final = ZoneInfo("Europe/Prague")

# What a line's details say under `what`, where an action is of several sorts.
READ_LIST: Final = "read_list"  # a page or table of place texts was shown
READ_NOTE: Final = "read_note"
READ_ROWS: Final = "read_rows"  # rows of a file that are no incidents, as they stand in it
READ_EXPORT: Final = "read_export"  # a table with notes was written
# How far an act is that takes time; one without an end was interrupted.
STARTED: Final = "started"
DONE: Final = "done"
FAILED: Final = "failed"
STOPPED: Final = "stopped"


@dataclass(frozen=True)
class Tail:
    """The end of the record: number of its last line, and that line's digest; 0 and "" if empty.

    Noted outside the workspace, it shows later whether lines were cut off at the end.
    """

    audit_key: int = 0
    digest: str = ""

    def __str__(self) -> str:
        return f"{self.audit_key}:{self.digest}" if self.audit_key else "0"

    @classmethod
    def parse(cls, text: str) -> "Tail":
        """Read what `str` of a tail has written.

        Raises
        ------
        ParameterError
            It is no number and digest.
        """
        number, _colon, digest = text.strip().partition(":")
        is_number = number.isascii() and number.isdigit() and len(number) <= 18
        if is_number and int(number) == 0 and not digest:
            return cls()
        is_digest = len(digest) == len(_FIRST) and set(digest) <= set("0123456789abcdef")
        if not (is_number and int(number) and is_digest):
            raise ParameterError(
                _(
                    "'{text}' is no end of the audit record; give number and digest as "
                    "“hotspots audit check” prints them, NUMBER:DIGEST"
                ).format(text=text[:80])
            )
        return cls(int(number), digest)


@dataclass(frozen=True)
class AuditState:
    """What a check of the whole record found.

    Attributes
    ----------
    broken_at
        The first line that does not follow from those before; None if all do.
    tail
        The end of the record.
    checked_at
        ISO, UTC.
    """

    broken_at: int | None
    tail: Tail
    checked_at: str


@dataclass(frozen=True)
class AuditEntry:
    """One line of the record.

    Attributes
    ----------
    audit_key
        Number, counted up without gaps.
    done_at
        ISO, UTC.
    user_name, role
        Who, and in which role; empty where nobody was signed in, role `system` for the command
        line.
    action
        One of `ACTIONS`.
    subject
        What it was about: a file, an import, a page.
    details
        Filter, numbers, what else tells later what happened; never a note's text.
    """

    audit_key: int
    done_at: str
    user_name: str
    role: str
    action: str
    subject: str
    details: Mapping[str, Any]


def action_label(action: str) -> str:
    """Return what an action is called."""
    return {
        SIGN_IN: _("Sign-in"),
        SIGN_IN_REFUSED: _("Sign-in refused"),
        SIGN_OUT: _("Sign-out"),
        ACCOUNT: _("Accounts"),
        IMPORT: _("Import"),
        EXPORT: _("Export"),
        CORRECTION: _("Correction"),
        DELETION: _("Deletion"),
        NOTES_VIEWED: _("Notes viewed"),
        LAYERS: _("Layers"),
        SETTINGS: _("Settings"),
        BACKUP: _("Backup"),
    }[action]


def add_entry(
    connection: Connection,
    action: str,
    *,
    user_name: str,
    role: str,
    subject: str = "",
    details: Mapping[str, Any] | None = None,
) -> None:
    """Add a line; the connection is the one writing transaction, so the chain has no forks."""
    if action not in ACTIONS:
        raise ValueError(action)
    last = select(tables.audit.c.audit_key, tables.audit.c.digest)
    row = connection.execute(last.order_by(tables.audit.c.audit_key.desc()).limit(1)).one_or_none()
    values: dict[str, Any] = {
        "audit_key": 1 if row is None else row.audit_key + 1,
        "done_at": now_text(),
        "user_name": user_name,
        "role": role,
        "action": action,
        "subject": "".join(c if c.isprintable() else " " for c in subject)[:_SUBJECT_LENGTH],
        "details": _as_json(details or {}),
    }
    values["digest"] = _digest(_FIRST if row is None else row.digest, values)
    connection.execute(insert(tables.audit).values(**values))


def read_entries(
    connection: Connection,
    *,
    limit: int,
    before: int | None = None,
    user_name: str = "",
    actions: Sequence[str] = (),
    first_day: str = "",
    last_day: str = "",
) -> list[AuditEntry]:
    """Return lines, newest first.

    Parameters
    ----------
    connection
        For reading.
    limit
        How many at most.
    before
        Only lines with a smaller number, for the next page.
    user_name, actions
        Only those; empty means all.
    first_day, last_day
        ISO days as the clock in Prague shows them, both included; empty means open.

    Raises
    ------
    ParameterError
        A day is none.
    """
    audit = tables.audit.c
    wanted = select(tables.audit).order_by(audit.audit_key.desc()).limit(limit)
    if before is not None:
        wanted = wanted.where(audit.audit_key < before)
    if user_name:
        wanted = wanted.where(audit.user_name == user_name)
    if actions:
        wanted = wanted.where(audit.action.in_(list(actions)))
    if first_day:
        wanted = wanted.where(audit.done_at >= _midnight(first_day))
    if last_day:
        wanted = wanted.where(audit.done_at < _midnight(last_day, days_on=1))
    return [_entry(row) for row in connection.execute(wanted)]


def _midnight(day: str, *, days_on: int = 0) -> str:
    """Return the moment at which a day begins in Prague, as lines hold it: ISO, UTC."""
    try:
        begins = date.fromisoformat(day) + timedelta(days=days_on)
        moment = datetime.combine(begins, time(), _PRAGUE).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise ParameterError(
            _("'{text}' is no day; write it as 2024-03-05").format(text=day[:40])
        ) from error
    return moment.isoformat(timespec="seconds")


def read_tail(connection: Connection, *, audit_key: int | None = None) -> Tail:
    """Return the end of the record, or one line of it; an empty one where there is none."""
    audit = tables.audit.c
    wanted = select(audit.audit_key, audit.digest).order_by(audit.audit_key.desc()).limit(1)
    if audit_key is not None:
        wanted = wanted.where(audit.audit_key == audit_key)
    row = connection.execute(wanted).one_or_none()
    return Tail() if row is None else Tail(row.audit_key, row.digest)


def read_names(connection: Connection) -> list[str]:
    """Return the names under which lines stand, sorted."""
    name = tables.audit.c.user_name
    found = connection.execute(select(name).distinct().where(name != "").order_by(name))
    return [str(one) for one in found.scalars()]


def find_break(connection: Connection) -> int | None:
    """Return the number of the first line that does not follow from those before; None if all do.

    A line changed, added or taken out by another program than this one breaks the chain. Lines cut
    off at the end do not: compare the last number with that of a backup.
    """
    before = _FIRST
    rows = connection.execution_options(yield_per=5000).execute(
        select(tables.audit).order_by(tables.audit.c.audit_key)
    )
    for number, row in enumerate(rows, start=1):
        values = {name: getattr(row, name) for name in _COVERED}
        if row.audit_key != number or row.digest != _digest(before, values):
            return int(row.audit_key)
        before = row.digest
    return None


def check_record(connection: Connection) -> AuditState:
    """Check the whole record."""
    return AuditState(find_break(connection), read_tail(connection), now_text())


_COVERED: Final = (
    "audit_key",
    "done_at",
    "user_name",
    "role",
    "action",
    "subject",
    "details",
)


def _digest(before: str, values: Mapping[str, Any]) -> str:
    text = json.dumps([before, *(values[name] for name in _COVERED)], ensure_ascii=False)
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _as_json(details: Mapping[str, Any]) -> str:
    text = json.dumps(details, ensure_ascii=False, default=str)
    if len(text) <= _DETAILS_LENGTH:
        return text
    return json.dumps({"shortened": text[: _DETAILS_LENGTH // 2]}, ensure_ascii=False)


def _entry(row: Any) -> AuditEntry:
    try:
        details = json.loads(row.details)
    except ValueError:
        details = {"text": row.details}
    return AuditEntry(
        audit_key=row.audit_key,
        done_at=row.done_at,
        user_name=row.user_name,
        role=row.role,
        action=row.action,
        subject=row.subject,
        details=details if isinstance(details, dict) else {"value": details},
    )
