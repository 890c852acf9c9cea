"""The page a mentor begins with: how much and how completely assistants report, and what waits."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from flask import Blueprint, Response, render_template, request, url_for

from hotspots import schema
from hotspots.accounts import audit
from hotspots.accounts.roles import ASSISTANT
from hotspots.analysis.reports import (
    COMPLETENESS_DAYS,
    WAITING,
    SentReport,
    list_reports,
    summarise,
)
from hotspots.errors import NotFoundError
from hotspots.i18n import _, format_number, ngettext
from hotspots.ingest.reports import FORMAT
from web import auth
from web.answers import answers
from web.layer_parts import no_store
from web.recording import record_before
from web.report_words import report_rows
from web.texts import PRAGUE

bp = Blueprint("mentor", __name__)
LATEST: Final = 20
MOST_WAITING: Final = 10


@dataclass(frozen=True)
class Share:
    """How many of the reports say something; `is_low` below three quarters."""

    n: int
    of: int

    @property
    def text(self) -> str:
        """For a cell of the table."""
        if not self.of:
            return "–"
        return _("{n} of {of}").format(n=format_number(self.n), of=format_number(self.of))

    @property
    def is_low(self) -> bool:
        """Whether a mentor should ask about it; with few reports nothing can be said."""
        return self.of >= 4 and self.n < 0.75 * self.of


@dataclass(frozen=True)
class AssistantRow:
    """One assistant as the table shows them."""

    user_name: str
    shown_name: str
    n_this_week: int
    n_last_week: int
    place: Share
    time: Share
    measure: Share
    discovery: Share
    n_waiting: int


@bp.get("/mentor")
def show() -> Response:
    """Answer the page; with `assistant`, the latest reports of one only."""
    reports = _reports()
    names = _shown_names()
    chosen = request.args.get("assistant", "")
    rows = _rows(reports, names)
    if chosen and chosen not in {row.user_name for row in rows}:
        raise NotFoundError(_("There is no assistant of that name."))
    of_chosen = [one for one in reports if not chosen or one.user_name == chosen]
    waiting = [one for one in of_chosen if one.state == WAITING]
    return no_store(
        render_template(
            "mentor.html",
            headline=_headline(rows),
            rows=rows,
            chosen=chosen,
            names={row.user_name: row.shown_name for row in rows},
            waiting=report_rows(waiting[:MOST_WAITING]),
            n_waiting=len(waiting),
            latest=report_rows(of_chosen[:LATEST]),
            days=COMPLETENESS_DAYS,
        )
    )


@bp.get("/mentor/note/<report_id>")
def note(report_id: str) -> Response:
    """Answer the note of one report; who looks at it is recorded before."""
    report = next((one for one in _reports() if one.report_id == report_id), None)
    if report is None:
        raise NotFoundError(_("There is no such report; it may have been taken back."))
    record_before(
        audit.NOTES_VIEWED,
        f"report-{report.report_id}",
        what=audit.READ_NOTE,
        batch=report.batch_id,
    )
    with answers().store() as store:
        incidents = store.read_batch_incidents(report.batch_id)
    own = incidents[incidents[schema.SOURCE_REF] == report.report_id]
    text = str(own[schema.NOTE].iloc[0]).strip() if len(own) else ""
    back = url_for("mentor.show", lang=request.args.get("lang"))
    row = report_rows([report])[0]
    name = _shown_names().get(row.user_name, row.user_name)
    about = " · ".join(part for part in (row.what, row.when, row.where, name) if part)
    return no_store(render_template("waiting_note.html", note=text, back=back, about=about))


def _reports() -> list[SentReport]:
    with answers().store() as store:
        return list_reports(store, batch_format=FORMAT)


def _shown_names() -> dict[str, str]:
    """Return what people are called, of every account; the demonstration has none."""
    if auth.is_open():
        return {}
    return {user.name: user.display_name for user in auth.accounts().users()}


def _rows(reports: Sequence[SentReport], names: dict[str, str]) -> list[AssistantRow]:
    people = [] if auth.is_open() else auth.accounts().users()
    assistants = [user.name for user in people if user.role == ASSISTANT and user.is_open]
    today = datetime.now(PRAGUE).date()
    rows = [
        AssistantRow(
            user_name=one.user_name,
            shown_name=names.get(one.user_name, one.user_name) or _("nobody named"),
            n_this_week=one.n_this_week,
            n_last_week=one.n_last_week,
            place=Share(one.n_with_place, one.n_complete_of),
            time=Share(one.n_with_time, one.n_complete_of),
            measure=Share(one.n_with_measure, one.n_complete_of),
            discovery=Share(one.n_with_discovery, one.n_complete_of),
            n_waiting=one.n_waiting,
        )
        for one in summarise(reports, today=today, users=assistants)
    ]
    return sorted(rows, key=lambda row: row.shown_name.casefold())


def _headline(rows: Sequence[AssistantRow]) -> str:
    n = sum(row.n_this_week for row in rows)
    before = sum(row.n_last_week for row in rows)
    text = ngettext(
        "This week {n} report so far; in the whole week before {before}.",
        "This week {n} reports so far; in the whole week before {before}.",
        n,
    )
    return text.format(n=format_number(n), before=format_number(before))
