"""The page `/audit`: who did what and when, for administrators; nothing there changes a line."""

from dataclasses import dataclass, fields, replace
from datetime import date
from time import monotonic
from typing import Any, Final

from flask import Blueprint, Response, current_app, make_response, render_template, request, url_for

from hotspots.accounts import AuditEntry
from hotspots.accounts.audit import ACTIONS, EXPORT, AuditState, action_label
from hotspots.accounts.audit_table import write_table
from hotspots.accounts.audit_words import detail_lines, who_label
from hotspots.errors import ParameterError
from hotspots.i18n import LANGUAGES, _, format_number
from web import recording, texts
from web.auth import accounts
from web.recording import record_before

bp = Blueprint("audit", __name__)
bp.app_errorhandler(recording.NotRecordedError)(recording.answer_unrecorded)
PER_PAGE: Final = 100
_CHECKED_FOR_S: Final = 600.0  # so long the last check of the whole record is told again
_LONGEST_NAME: Final = 80
_CHECKED: Final = "hotspots_audit_checked"


@dataclass(frozen=True)
class AuditParams:
    """What of the record is shown, as the page's address holds it.

    Attributes
    ----------
    first, last
        ISO days in Prague, both included; empty means open.
    person, action
        Only of that name, only that action; empty means all.
    before
        Only lines with a smaller number; 0 begins with the newest.
    lang
        Language of the page; empty for the workspace's.
    """

    first: str = ""
    last: str = ""
    person: str = ""
    action: str = ""
    before: int = 0
    lang: str = ""

    def url(self, endpoint: str = "audit.show", **changes: Any) -> str:
        """Return the address of the same with some of it changed."""
        now = replace(self, **changes)
        names = {"first": "from", "last": "to"}
        given = {names.get(f.name, f.name): getattr(now, f.name) for f in fields(now)}
        return url_for(endpoint, **{name: value for name, value in given.items() if value})

    def filter(self) -> dict[str, Any]:
        """Return the arguments of `Accounts.audit_entries`."""
        return {
            "first_day": self.first,
            "last_day": self.last,
            "user_name": self.person,
            "actions": (self.action,) if self.action else (),
        }


def parse_params() -> AuditParams:
    """Return what the address asks for.

    Raises
    ------
    ParameterError
        A day is none, or an action is unknown.
    """
    values = request.args
    action = values.get("action", "")
    if action and action not in ACTIONS:
        raise ParameterError(_("There is no such action in the audit record."))
    first, last = (_day(values.get(name, "")) for name in ("from", "to"))
    if first and last and last < first:
        raise ParameterError(_("The first day is after the last one."))
    before = values.get("before", "")
    is_number = before.isascii() and before.isdigit() and len(before) <= 9
    if before and not is_number:
        raise ParameterError(_("The number of a line is a whole number."))
    lang = values.get("lang", "")
    return AuditParams(
        first=first,
        last=last,
        person=values.get("person", "").strip()[:_LONGEST_NAME],
        action=action,
        before=int(before) if before else 0,
        lang=lang if lang in LANGUAGES else "",
    )


@bp.get("/audit")
def show() -> Response:
    """Answer one page of lines, newest first, and whether the record is whole."""
    params = parse_params()
    found = accounts().audit_entries(
        limit=PER_PAGE + 1, before=params.before or None, **params.filter()
    )
    shown = found[:PER_PAGE]
    is_filtered = replace(params, before=0, lang="") != AuditParams()
    page = render_template(
        "audit.html",
        params=params,
        rows=[_row(entry) for entry in shown],
        older=params.url(before=shown[-1].audit_key) if len(found) > PER_PAGE else "",
        newest=params.url(before=0) if params.before else "",
        everything=AuditParams(lang=params.lang).url() if is_filtered else "",
        table=params.url("audit.download", before=0),
        names=accounts().audit_names(),
        actions=[(action, action_label(action)) for action in ACTIONS],
        state=_state(_check(anew="check" in request.args)),
        check_url=url_for("audit.show", check=1, lang=params.lang or None),
    )
    response = make_response(page)
    response.headers["Cache-Control"] = "no-store"
    return response


@bp.get("/audit.csv")
def download() -> Response:
    """Answer all lines chosen as a table; that it was given out is itself a line."""
    params = replace(parse_params(), before=0)
    text, n_rows = write_table(accounts(), **params.filter())
    query = params.url("audit.show", lang="").partition("?")[2]
    record_before(EXPORT, "audit.csv", page="audit", format="csv", filter=query, rows=n_rows)
    response = make_response(text)
    response.headers["Content-Type"] = "text/csv; charset=utf-8"
    response.headers["Content-Disposition"] = 'attachment; filename="audit.csv"'
    response.headers["Cache-Control"] = "no-store"
    return response


def _day(text: str) -> str:
    """Return a day of the address, empty where there is none."""
    if not text:
        return ""
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError as error:
        raise ParameterError(_("A day of the audit record is written as 2024-03-05.")) from error


def _check(*, anew: bool) -> AuditState:
    """Return what a check of the whole record found, a few minutes ago at most."""
    kept: tuple[float, AuditState] | None = current_app.extensions.get(_CHECKED)
    if kept is not None and not anew and monotonic() - kept[0] < _CHECKED_FOR_S:
        return kept[1]
    found = accounts().check_audit()
    current_app.extensions[_CHECKED] = monotonic(), found
    return found


def _state(found: AuditState) -> dict[str, Any]:
    when = texts.moment_text(found.checked_at)
    if found.broken_at is None:
        said = _("Unbroken to line {n}, checked {when}.")
    else:
        said = _(
            "Broken at line {n}, checked {when}: it was changed by other means than these pages."
        )
    n = found.tail.audit_key if found.broken_at is None else found.broken_at
    return {
        "is_whole": found.broken_at is None,
        "said": said.format(n=format_number(n), when=when),
        "tail": str(found.tail),
    }


def _row(entry: AuditEntry) -> dict[str, Any]:
    """Return a line as the page shows it."""
    return {
        "number": format_number(entry.audit_key),
        "when": texts.moment_text(entry.done_at),
        "who": entry.user_name,
        "role": who_label(entry),
        "action": action_label(entry.action),
        "subject": entry.subject,
        "details": detail_lines(entry),
    }
