"""Lines of the audit record that pages write: what is sent out or seen, and what is changed.

What leaves the server, or lets somebody read texts that may speak of a person, is recorded first:
without the line nothing is shown (`record_before`). A change is recorded right after it
succeeded, since a line before would tell of changes that then failed (`record_done`); should that
line fail, the change holds, carries user and time in tables of its own, and the answer says so.
Work that takes long has a line at its start and one at its end (`start_recorded`); a start without
an end was interrupted.
"""

import logging
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from flask import Response, jsonify, make_response, request

from hotspots.accounts import Accounts
from hotspots.accounts.audit import DONE, FAILED, STARTED, STOPPED
from hotspots.errors import StoreError
from hotspots.i18n import _
from web.auth import accounts, person, wants_json
from web.errors import error_page, way_back
from web.job_pages import jobs
from web.jobs import CANCELLED, INTERRUPTED, End, Job, Work
from web.jobs import DONE as JOB_DONE

logger = logging.getLogger("hotspots.web")


class NotRecordedError(StoreError):
    """The audit record cannot be written."""


@dataclass(frozen=True)
class Writer:
    """Who asked, for lines written now or by work that goes on after the answer."""

    accounts: Accounts
    name: str
    role: str

    def write(self, action: str, subject: str = "", **details: Any) -> None:
        """Add a line.

        Raises
        ------
        NotRecordedError
            It cannot be written.
        """
        try:
            self.accounts.record(
                action, user_name=self.name, role=self.role, subject=subject, details=details
            )
        except StoreError as error:
            logger.exception("the audit record cannot be written: %s", action)
            raise NotRecordedError(str(error)) from error


def writer() -> Writer:
    """Return who asks, to write lines in their name."""
    asking = person()
    return Writer(accounts(), asking.name, asking.role)


def record_before(action: str, subject: str = "", **details: Any) -> None:
    """Record what is about to be sent out or shown.

    Raises
    ------
    NotRecordedError
        It cannot be written; the answer is then 503 and shows nothing.
    """
    try:
        writer().write(action, subject, **details)
    except NotRecordedError as error:
        raise NotRecordedError(
            _(
                "The audit record cannot be written, so nothing is shown, given out or begun. Tell "
                "the administrator; “hotspots check” says what is wrong."
            )
        ) from error


def record_done(action: str, subject: str = "", **details: Any) -> None:
    """Record a change that was just made.

    Raises
    ------
    NotRecordedError
        It cannot be written; the change holds, and the answer says both.
    """
    try:
        writer().write(action, subject, **details)
    except NotRecordedError as error:
        raise NotRecordedError(_done_unrecorded()) from error


def start_recorded(
    kind: str,
    title: str,
    work: Work,
    *,
    action: str,
    subject: str = "",
    details: dict[str, Any] | None = None,
    **options: Any,
) -> Job:
    """Start a job that has a line at its start and one at its end.

    Parameters
    ----------
    kind, title, work
        As `Jobs.start`; so are `options`. What the work tells is added to the last line.
    action, subject, details
        Of both lines.

    Raises
    ------
    BusyError
        Another job is running; nothing is recorded.
    NotRecordedError
        The first line cannot be written, so nothing is started.
    """
    jobs().require_idle()
    told: dict[str, Any] = {}
    lines = writer()
    given = dict(details or {})

    def write(state: str, **more: Any) -> None:
        lines.write(action, subject, **(given | {"state": state} | told | more))

    def write_end(end: End) -> End:
        if end.state == INTERRUPTED:
            return end
        if end.outcome is None or end.state != JOB_DONE:
            with suppress(NotRecordedError):  # logged; the job says how it ended
                if end.state == CANCELLED:
                    write(STOPPED)
                else:
                    write(FAILED, reason=end.reason)
            return end
        try:
            write(DONE)
        except NotRecordedError:
            notes = (*end.outcome.notes, _done_unrecorded())
            return replace(end, outcome=replace(end.outcome, notes=notes, leads_to=""))
        return end

    record_before(action, subject, **(given | {"state": STARTED}))
    try:
        return jobs().start(
            kind,
            title,
            work,
            user_name=lines.name,
            on_tell=told.update,
            on_end=write_end,
            **options,
        )
    except BaseException as error:
        with suppress(NotRecordedError):
            write(FAILED, reason=type(error).__name__)
        raise


def answer_unrecorded(error: NotRecordedError) -> Response:
    """Answer what is not shown, or was done, without a line in the audit record."""
    if wants_json():
        response = make_response(jsonify(error=str(error), kind="busy"), 503)
        response.headers["Cache-Control"] = "no-store"
        return response
    back = None if request.blueprint in {None, "situation", "export"} else way_back()
    return error_page(503, _("The audit record cannot be written"), str(error), back=back)


def _done_unrecorded() -> str:
    return _(
        "It is done, but the audit record could not be written. Tell the administrator; “hotspots "
        "check” says what is wrong."
    )
