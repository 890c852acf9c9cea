"""One assistant's report in the words of the pages: what, when, where, and how it stands."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from hotspots.analysis.reports import GIVEN_UP, PLACED, WAITING, SentReport
from hotspots.i18n import _, format_day
from hotspots.ingest.report_things import MEASURES, OTHER, measure_words, thing_of, thing_words
from web.answers import answers
from web.texts import PRAGUE
from web.waiting_view import find_places


@dataclass(frozen=True)
class ReportRow:
    """One report as a list shows it; `state` is a word of `analysis.reports`."""

    report_id: str
    batch_id: int
    sent: str
    when: str
    what: str
    where: str
    measures: str
    state: str
    state_label: str
    user_name: str
    has_note: bool


def report_rows(reports: list[SentReport]) -> list[ReportRow]:
    """Return reports as a list shows them."""
    near = _nearby(reports)
    return [
        ReportRow(
            report_id=report.report_id,
            batch_id=report.batch_id,
            sent=sent_text(report),
            when=when_text(report),
            what=what_text(report),
            where=report.place_text or near.get(report.report_id, "") or _("place on the map"),
            measures=", ".join(measure_words(m) for m in report.measures if m in MEASURES),
            state=report.state,
            state_label=state_label(report.state),
            user_name=report.user_name,
            has_note=report.has_note,
        )
        for report in reports
    ]


def state_label(state: str) -> str:
    """Return how a report stands, in a word or two."""
    return {
        PLACED: _("placed"),
        WAITING: _("waits for a place"),
        GIVEN_UP: _("cannot be placed"),
    }[state]


def sent_text(report: SentReport) -> str:
    """Return when a report came for the first time, by the clock here."""
    return _clock(report.first_sent_at.astimezone(PRAGUE).replace(tzinfo=None))


def what_text(report: SentReport) -> str:
    """Return what was seen, in the language in force."""
    words = [thing_words(code) for code in report.codes if thing_of(code)]
    other = own_words(report)
    return ", ".join([*words, *([other] if other else [])]) or report.detail


def own_words(report: SentReport) -> str:
    """Return what was seen in the assistant's own words; empty where the things say it all."""
    if OTHER not in report.codes:
        return ""
    n_things = sum(1 for code in report.codes if thing_of(code))
    return "; ".join(report.detail.split("; ")[n_things:])


def when_text(report: SentReport) -> str:
    """Return when it happened."""
    first, last = report.occurred_from, report.occurred_to
    if first is None:
        return _("time not known")
    if report.time_precision == "day":
        return format_day(first)
    if last is None or last == first:
        return _clock(first)
    if last - first < timedelta(days=1):
        return f"{_clock(first)}–{last:%H:%M}"
    return f"{_clock(first)} – {_clock(last)}"


def _clock(moment: datetime) -> str:
    return f"{format_day(moment)} {moment:%H:%M}"


def _nearby(reports: list[SentReport]) -> dict[str, str]:
    """Return what lies at the position of reports that were placed without a word."""
    wanted = [one for one in reports if not one.place_text and one.state == PLACED]
    finder = find_places(answers().workspace) if wanted else None
    if finder is None:
        return {}
    return {one.report_id: finder.describe(one.x, one.y) for one in wanted}
