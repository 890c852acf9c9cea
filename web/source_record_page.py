"""The form of a source's periods of record: confirm them, or look at a change and make it."""

import hashlib
from datetime import datetime
from itertools import zip_longest
from threading import Lock
from typing import Final

from flask import Blueprint, Response, render_template, request, url_for

from hotspots.accounts import audit
from hotspots.analysis.source_record import RecordPlan, plan_record, require_record
from hotspots.errors import ParameterError
from hotspots.i18n import _, format_number, ngettext
from hotspots.periods import Span, parse_day
from hotspots.store.source import Source
from web.answers import answers
from web.job_pages import jobs, see_other
from web.layer_parts import no_store
from web.recording import record_done
from web.texts import PRAGUE, span_text

bp = Blueprint("source_record", __name__)
EMPTY_ROWS: Final = 2
MOST_ROWS: Final = 200
Row = tuple[str, str]
_changing = Lock()


@bp.get("/data/sources/<source_id>/record")
def show(source_id: str) -> Response:
    """Answer the form with the periods as they are."""
    source = _source(source_id)
    return _page(source, _rows(source.record))


@bp.post("/data/sources/<source_id>/record")
def change(source_id: str) -> Response:
    """Show what a change would do, or make it where that was seen (`do` is `set`)."""
    source = _source(source_id)
    rows = _typed()
    try:
        spans = _read(rows)
        with _changing, answers().store() as store:
            _require_seen(store.source(source_id))
            plan = plan_record(store, source_id, spans, today=datetime.now(PRAGUE).date())
            if request.form.get("do") != "set":
                return _page(source, rows, plan=plan)
            jobs().require_idle()
            plan.carry_out(store)
    except ParameterError as error:
        return _page(source, rows, fault=str(error))
    record_done(
        audit.SETTINGS,
        source_id,
        what="record_set",
        record=[str(span) for span in plan.spans],
        old=[str(span) for span in plan.source.record],
    )
    return see_other(url_for("data.show", done="record"))


@bp.post("/data/sources/<source_id>/confirm")
def confirm(source_id: str) -> Response:
    """Confirm the inferred periods."""
    source = _source(source_id)
    try:
        with _changing, answers().store() as store:
            source = store.source(source_id)
            _require_seen(source)
            require_record(source)
            jobs().require_idle()
            store.set_record(source_id, source.record, confirmed=True)
    except ParameterError as error:
        return _page(source, _rows(source.record), fault=str(error))
    spans = [str(span) for span in source.record]
    record_done(audit.SETTINGS, source_id, what="record_confirmed", record=spans)
    return see_other(url_for("data.show", done="record"))


def mark(source: Source) -> str:
    """Return a text that changes with the periods of record and their state."""
    said = f"{source.record_state} {' '.join(map(str, source.record))}"
    return hashlib.sha256(said.encode()).hexdigest()[:16]


def _source(source_id: str) -> Source:
    with answers().store() as store:
        return store.source(source_id)


def _require_seen(source: Source) -> None:
    if request.form.get("seen", "") != mark(source):
        raise ParameterError(_("The periods of record have changed meanwhile; look at them again."))


def _rows(spans: tuple[Span, ...]) -> list[Row]:
    return [(str(span.start), str(span.end)) for span in spans]


def _typed() -> list[Row]:
    pairs = zip_longest(request.form.getlist("from"), request.form.getlist("to"), fillvalue="")
    return [(a.strip()[:20], b.strip()[:20]) for a, b in pairs if a.strip() or b.strip()]


def _read(rows: list[Row]) -> list[Span]:
    """Return the rows as spans; a row that is left empty is none.

    Raises
    ------
    ParameterError
        A row lacks a day, holds no day, or ends before it starts.
    """
    if len(rows) > MOST_ROWS:
        raise ParameterError(_("at most {n} periods can be given").format(n=MOST_ROWS))
    spans = []
    for number, (first, last) in enumerate(rows, start=1):
        if not first or not last:
            raise ParameterError(
                _("row {n}: give the first and the last day, or leave both empty").format(n=number)
            )
        try:
            spans.append(Span(parse_day(first), parse_day(last, last=True)))
        except ParameterError as error:
            raise ParameterError(_("row {n}: {reason}").format(n=number, reason=error)) from error
    return spans


def _effects(plan: RecordPlan) -> list[str]:
    spans = "; ".join(span_text(span) for span in plan.spans)
    off = ngettext(
        "{n} incident of the source lies outside them; it stays stored and is not counted.",
        "{n} incidents of the source lie outside them; they stay stored and are not counted.",
        plan.n_off,
    ).format(n=format_number(plan.n_off))
    if not plan.n_off:
        off = _("Every incident of the source lies inside them.")
    now = ngettext(
        "Outside the present periods lies {n} incident.",
        "Outside the present periods lie {n} incidents.",
        plan.n_off_before,
    ).format(n=format_number(plan.n_off_before))
    return [_("Periods of record: {spans}.").format(spans=spans), off, now]


def _page(
    source: Source, rows: list[Row], *, plan: RecordPlan | None = None, fault: str = ""
) -> Response:
    page = render_template(
        "source_record.html",
        source=source,
        rows=[*rows, *[("", "")] * EMPTY_ROWS],
        given=rows,
        seen=mark(source),
        effects=_effects(plan) if plan else (),
        today=datetime.now(PRAGUE).date().isoformat(),
        fault=fault,
    )
    response = no_store(page)
    response.status_code = 400 if fault else 200
    return response
