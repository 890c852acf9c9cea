"""The audit record as a table to be kept or looked through elsewhere."""

import csv
import io
from typing import Any, Final

from hotspots.accounts.accounts import Accounts
from hotspots.accounts.audit import AuditEntry, action_label
from hotspots.accounts.audit_words import details_text, who_label
from hotspots.cells import defuse, printable
from hotspots.i18n import _

_PIECE: Final = 2000
_MARK: Final = b"\xef\xbb\xbf"  # so that spreadsheets read it as UTF-8


def write_table(accounts: Accounts, **chosen: Any) -> tuple[bytes, int]:
    """Return lines as CSV, the newest first, and how many there are.

    No text of it runs as a formula in a spreadsheet.

    Parameters
    ----------
    accounts
        Whose record.
    chosen
        Which lines: arguments of `Accounts.audit_entries`, except `limit` and `before`.
    """
    buffer = io.StringIO()
    table = csv.writer(buffer, delimiter=";", lineterminator="\r\n")
    table.writerow(
        [
            _("number"),
            _("when (UTC)"),
            _("who"),
            _("role"),
            _("action"),
            _("what it was about"),
            _("details"),
        ]
    )
    before, n_rows = None, 0
    while True:
        found = accounts.audit_entries(limit=_PIECE, before=before, **chosen)
        table.writerows(_cells(entry) for entry in found)
        n_rows += len(found)
        if len(found) < _PIECE:
            return _MARK + buffer.getvalue().encode("utf-8", "replace"), n_rows
        before = found[-1].audit_key


def _cells(entry: AuditEntry) -> list[str]:
    values = (
        str(entry.audit_key),
        entry.done_at,
        entry.user_name,
        who_label(entry),
        action_label(entry.action),
        entry.subject,
        details_text(entry),
    )
    return [defuse(printable(value)) for value in values]
