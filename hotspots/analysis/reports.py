"""Assistants' reports: who sent each, where it stands, and how complete reports are."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

import numpy as np
import pandas as pd

from hotspots import schema
from hotspots.store import ImportBatch, Store

PLACED: Final = "placed"
WAITING: Final = "waiting"
GIVEN_UP: Final = "given_up"
# Over how long completeness is told: one week of one assistant is too few reports.
COMPLETENESS_DAYS: Final = 28
_CLOCK: Final = frozenset({"minute", "hour", "span"})
_READ: Final = (
    schema.SOURCE,
    schema.SOURCE_REF,
    schema.BATCH_ID,
    schema.OCCURRED_FROM,
    schema.OCCURRED_TO,
    schema.TIME_PRECISION,
    schema.REPORTED_AT,
    schema.OFFENCE_CODES,
    schema.OFFENCE_DETAIL,
    schema.DISCOVERED_BY,
    schema.PLACE_TEXT,
    schema.PLACE_METHOD,
    schema.PLACE_PRECISION_M,
    schema.STATUS,
    schema.NOTE,
    schema.X,
    schema.Y,
)


@dataclass(frozen=True)
class SentReport:
    """One report as it is kept now.

    Attributes
    ----------
    source_id, report_id
        What names it; also its incident.
    batch_id
        The import that brought what it says now.
    user_name
        Who sent it.
    first_sent_at
        When it came for the first time, UTC; a correction does not change it.
    reported_at
        When it was written, Europe/Prague wall clock; None where the report does not say.
    occurred_from, occurred_to, time_precision
        As in the incident; None where nobody knows when.
    codes, detail
        What was seen: codes, and words in the language of the workspace.
    place_text, place_matched
        The place in the assistant's words, and what it was taken for.
    x, y, place_method, precision_m
        EPSG:5514 [m]; NaN while it has no position.
    state
        `PLACED`, `WAITING` for a place, or `GIVEN_UP`: a person said that it cannot be placed.
    measures
        Codes of what was done; ("none",) where nothing was.
    discovered_by
        One of `schema.DISCOVERED_BY_VALUES`.
    has_note
        Whether it has a note; the note itself is not read here.
    """

    source_id: str
    report_id: str
    batch_id: int
    user_name: str
    first_sent_at: datetime
    reported_at: datetime | None
    occurred_from: datetime | None
    occurred_to: datetime | None
    time_precision: str
    codes: tuple[str, ...]
    detail: str
    place_text: str
    place_matched: str
    x: float
    y: float
    place_method: str
    precision_m: float
    state: str
    measures: tuple[str, ...]
    discovered_by: str
    has_note: bool

    @property
    def day(self) -> date:
        """Day on which it was written; on which it came (UTC) where it does not say."""
        return (self.reported_at or self.first_sent_at).date()

    @property
    def has_time(self) -> bool:
        """Whether it says at what time of the day it happened."""
        return self.time_precision in _CLOCK


@dataclass(frozen=True)
class AssistantSummary:
    """What a mentor asks about one assistant.

    Attributes
    ----------
    user_name
        Who.
    n_this_week, n_last_week
        Reports written since Monday, and in the whole week before.
    n_complete_of
        Reports of the last `COMPLETENESS_DAYS` days, of which the next four are counted.
    n_with_place, n_with_time, n_with_measure, n_with_discovery
        Those that are placed, say a time of the day, a measure, and how it was discovered.
    n_waiting
        Reports of any age that wait for a place.
    """

    user_name: str
    n_this_week: int
    n_last_week: int
    n_complete_of: int
    n_with_place: int
    n_with_time: int
    n_with_measure: int
    n_with_discovery: int
    n_waiting: int


def list_reports(store: Store, *, batch_format: str, user: str | None = None) -> list[SentReport]:
    """Return the reports that hold, last sent first.

    Parameters
    ----------
    store
        Where they are kept.
    batch_format
        Format of the imports that are one report each (`ingest.reports.FORMAT`).
    user
        Only those sent by; None means of all.
    """
    batches = [batch for batch in store.batches() if batch.format == batch_format]
    first = first_sent(batches)
    holding = {
        batch.batch_id: batch
        for batch in batches
        if batch.holds and (user is None or batch.user_name == user)
    }
    known = {source.source_id for source in store.sources()}
    sources = sorted({batch.source_id for batch in holding.values()} & known)
    if not sources:
        return []
    incidents = store.read_incidents(sources=sources, columns=_READ)
    incidents = incidents[incidents[schema.BATCH_ID].isin(list(holding))]
    placings = store.read_placings()
    placings = placings[placings[schema.SOURCE].isin(sources)]
    placed_as = {
        (row[schema.SOURCE], row[schema.SOURCE_REF]): row
        for row in placings[
            [schema.SOURCE, schema.SOURCE_REF, schema.PLACE_STATE, schema.PLACE_MATCHED]
        ].to_dict("records")
    }
    found = []
    for row in incidents.to_dict("records"):
        batch = holding[int(row[schema.BATCH_ID])]
        placing = placed_as.get((row[schema.SOURCE], row[schema.SOURCE_REF]), {})
        found.append(_report(row, placing, batch, first[batch.file_name]))
    return sorted(found, key=lambda one: (one.first_sent_at, one.batch_id), reverse=True)


def first_sent(batches: Iterable[ImportBatch]) -> dict[str, datetime]:
    """Return for each file name of imports when it came for the first time, UTC."""
    found: dict[str, datetime] = {}
    for batch in batches:
        moment = datetime.fromisoformat(batch.imported_at)
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        found[batch.file_name] = min(moment, found.get(batch.file_name, moment))
    return found


def count_since(reports: Iterable[SentReport], first: date, last: date) -> int:
    """Return how many reports were written from `first` to `last`, both included."""
    return sum(first <= report.day <= last for report in reports)


def week_of(day: date) -> date:
    """Return the Monday of a day's week."""
    return day - timedelta(days=day.weekday())


def summarise(
    reports: Sequence[SentReport], *, today: date, users: Sequence[str] = ()
) -> list[AssistantSummary]:
    """Return one line per assistant, by name.

    Parameters
    ----------
    reports
        Of all assistants.
    today
        The present day; the week is told from its Monday.
    users
        Who has a line also without a report.
    """
    monday = week_of(today)
    names = sorted({*users, *(report.user_name for report in reports)})
    lines = []
    for name in names:
        own = [report for report in reports if report.user_name == name]
        told_from = today - timedelta(days=COMPLETENESS_DAYS - 1)
        late = [report for report in own if told_from <= report.day <= today]
        lines.append(
            AssistantSummary(
                user_name=name,
                n_this_week=count_since(own, monday, today),
                n_last_week=count_since(
                    own, monday - timedelta(days=7), monday - timedelta(days=1)
                ),
                n_complete_of=len(late),
                n_with_place=sum(report.state == PLACED for report in late),
                n_with_time=sum(report.has_time for report in late),
                n_with_measure=sum(bool(report.measures) for report in late),
                n_with_discovery=sum(report.discovered_by != "unknown" for report in late),
                n_waiting=sum(report.state == WAITING for report in own),
            )
        )
    return lines


def _report(
    row: dict[Any, Any], placing: dict[Any, Any], batch: ImportBatch, sent: datetime
) -> SentReport:
    has_position = bool(np.isfinite(row[schema.X]) and np.isfinite(row[schema.Y]))
    given_up = placing.get(schema.PLACE_STATE) == schema.GIVEN_UP
    state = PLACED if has_position else GIVEN_UP if given_up else WAITING
    return SentReport(
        source_id=row[schema.SOURCE],
        report_id=row[schema.SOURCE_REF],
        batch_id=batch.batch_id,
        user_name=batch.user_name,
        first_sent_at=sent,
        reported_at=_moment(row[schema.REPORTED_AT]),
        occurred_from=_moment(row[schema.OCCURRED_FROM]),
        occurred_to=_moment(row[schema.OCCURRED_TO]),
        time_precision=row[schema.TIME_PRECISION],
        codes=_split(row[schema.OFFENCE_CODES]),
        detail=row[schema.OFFENCE_DETAIL],
        place_text=row[schema.PLACE_TEXT],
        place_matched=placing.get(schema.PLACE_MATCHED, ""),
        x=float(row[schema.X]),
        y=float(row[schema.Y]),
        place_method=row[schema.PLACE_METHOD],
        precision_m=float(row[schema.PLACE_PRECISION_M]),
        state=state,
        measures=_split(row[schema.STATUS]),
        discovered_by=row[schema.DISCOVERED_BY],
        has_note=bool(str(row[schema.NOTE]).strip()),
    )


def _split(joined: str) -> tuple[str, ...]:
    return tuple(part for part in str(joined).split(";") if part)


def _moment(value: Any) -> datetime | None:
    return None if pd.isna(value) else pd.Timestamp(value).to_pydatetime()
