"""One report of an assistant into the store: checked, kept exactly once, a batch of its own."""

import json
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
import pyarrow as pa

from hotspots import crs, schema
from hotspots.errors import HotspotsError, StoreError
from hotspots.i18n import _, use_language
from hotspots.ingest.account import Account
from hotspots.ingest.assembly import make_incidents
from hotspots.ingest.batch import Chunk, SourceInfo, make_rejected
from hotspots.ingest.importer import import_incidents
from hotspots.ingest.report_content import MAP, Report, check_times
from hotspots.ingest.report_things import MEASURES, OTHER, measure_words, thing_words
from hotspots.periods import Span
from hotspots.settings import Workspace
from hotspots.store import ImportBatch, Store
from hotspots.store.frames import hash_content
from hotspots.store.source import Source

__all__ = [
    "Report",
    "ReportConflictError",
    "ReportWithdrawnError",
    "SavedReport",
    "find_report",
    "is_report",
    "make_report_incident",
    "save_report",
    "say_measures",
    "stated_days",
]

SOURCE_ID: Final = "asistenti"
FORMAT: Final = "report"
MAP_PRECISION_M: Final = 25.0  # how well a finger hits a small map
# A silence longer than this is no record that goes on, and what happened up to so many days before
# the first report of a record belongs to it.
SILENCE_DAYS: Final = 31
BEFORE_FIRST_DAYS: Final = 3


class ReportConflictError(HotspotsError):
    """A report of this id is kept already and says something else."""


class ReportWithdrawnError(HotspotsError):
    """A report of this id was kept and has been taken back."""


class _AlreadyThereError(HotspotsError):
    """The same report is kept already: nothing to store."""

    def __init__(self, batch_id: int) -> None:
        super().__init__()
        self.batch_id = batch_id


@dataclass(frozen=True)
class SavedReport:
    """What became of a report.

    Attributes
    ----------
    incident_id
        Of the incident that it is.
    is_new
        False where the same report was kept already.
    batch_id
        The import that brought what is kept now; undoing it takes the report back.
    account
        Of the import; None where nothing was stored.
    """

    incident_id: str
    is_new: bool
    batch_id: int
    account: Account | None = None


def save_report(
    workspace: Workspace,
    report: Report,
    *,
    user: str = "",
    correct: bool = False,
    confirmed_old: bool = False,
    now: datetime | None = None,
) -> SavedReport:
    """Keep a report: once, however often it is sent.

    It goes through the ordinary import as a file of one incident, so it is placed, accounted for
    and taken back as any other. Whether it is there already is looked up inside the import's own
    transaction, so that of two sent at once one is kept.

    Parameters
    ----------
    workspace
        Where to.
    report
        What is reported.
    user
        Who reports it; empty takes the user who runs the program.
    correct
        Let it replace what a report of the same id said before; the former text stays as a version.
    confirmed_old
        The assistant confirms that it happened more than a year ago.
    now
        The present moment with a zone; None asks the clock.

    Returns
    -------
    saved
        Where it is kept.

    Raises
    ------
    ParameterError
        It lies in the future, or more than a year back without being confirmed.
    ReportConflictError
        The same id says something else already, and this is no correction.
    ReportWithdrawnError
        It was taken back, and this is no correction.
    StoreError
        No database, or another import is running.
    """
    check_times(report, now or datetime.now(UTC), confirmed_old=confirmed_old)
    with tempfile.TemporaryDirectory(prefix="hotspots-report-") as directory:
        path = Path(directory) / report.file_name
        path.write_text(json.dumps(asdict(report), default=str, ensure_ascii=False), "utf-8")
        reader = _ReportReader(workspace, report, path, correct=correct)
        try:
            account = import_incidents(workspace, reader, user=user)
        except _AlreadyThereError as there:
            return SavedReport(reader.incident_id, is_new=False, batch_id=there.batch_id)
    batch_id = find_report(workspace, report.report_id)
    if batch_id is None:
        raise StoreError(_("the report was not stored; send it again"))
    return SavedReport(reader.incident_id, is_new=True, batch_id=batch_id, account=account)


def find_report(workspace: Workspace, report_id: str) -> int | None:
    """Return the batch that brought a report as it is kept now, None where none is kept."""
    with Store.open(workspace) as store, store.stored(SOURCE_ID) as stored:
        match = stored.find([report_id]).get(report_id)
    return None if match is None else match.batch_id


def is_report(batch: ImportBatch, report_id: str) -> bool:
    """Return whether a batch is that of one report."""
    return batch.format == FORMAT and batch.file_name == f"report-{report_id}.json"


class _ReportReader:
    """A report as a file of one incident; satisfies `IncidentReader`."""

    format = FORMAT
    municipality = None

    def __init__(self, workspace: Workspace, report: Report, path: Path, *, correct: bool) -> None:
        with use_language(workspace.settings.language):
            self.source = SourceInfo(
                SOURCE_ID,
                "apk",
                _("Assistants' reports"),
                _("Reports of crime-prevention assistants"),
            )
        self.path = path
        self.warnings: list[str] = []
        self._workspace = workspace
        self._report = report
        self._correct = correct
        self._stated: tuple[Span, ...] = ()

    @property
    def incident_id(self) -> str:
        """Of the one incident."""
        return f"{SOURCE_ID}:{self._report.report_id}"

    @property
    def stated_record(self) -> tuple[Span, ...]:
        """What the report adds to the days of record; known once `chunks` has run."""
        return self._stated

    def chunks(self) -> Iterator[Chunk]:
        """Yield the incident, unless it is there already.

        The import holds the writing transaction by now, so what is looked up here stays.
        """
        report = self._report
        incidents = make_report_incident(report, language=self._workspace.settings.language)
        with Store.open(self._workspace) as store:
            with store.stored(SOURCE_ID) as stored:
                match = stored.find([report.report_id]).get(report.report_id)
                source = stored.source
            was_withdrawn = match is None and any(
                is_report(batch, report.report_id) for batch in store.batches()
            )
        if match is not None:
            x, y = incidents[schema.X].iloc[0], incidents[schema.Y].iloc[0]
            if match.content_hash == hash_content(incidents)[0] and match.stands_at(x, y):
                raise _AlreadyThereError(match.batch_id)
            if not self._correct:
                raise ReportConflictError(
                    _("This report was sent before and said something else; correct that one.")
                )
        elif was_withdrawn and not self._correct:
            raise ReportWithdrawnError(_("This report was sent before and has been taken back."))
        self._stated = stated_days(report, source)
        yield Chunk(
            incidents,
            np.ones(1, dtype=np.int64),
            make_rejected([], [], []),
            n_rows=1,
            n_merged=0,
        )


def stated_days(report: Report, source: Source | None) -> tuple[Span, ...]:
    """Return the days of record that a report adds.

    The first report begins the record with its own day, or with the day it is about where that is
    at most three days earlier; each later one carries it on to its day. After more than 31 silent
    days it begins anew, so that a pause is no time without incidents; what a person has confirmed
    before is never filled.

    Parameters
    ----------
    report
        The report to be kept.
    source
        The source as it is before; None before the first report.
    """
    day = report.reported_at.date()
    last = max((span.end for span in source.record), default=None) if source else None
    if last is not None and day <= last:
        return ()
    if last is not None and (day - last).days <= SILENCE_DAYS:
        return (Span(last, day),)
    return (Span(_first_day(report, day, after=last), day),)


def _first_day(report: Report, day: date, *, after: date | None) -> date:
    if report.occurred_from is None:
        return day
    occurred = report.occurred_from.date()
    near = day - timedelta(days=BEFORE_FIRST_DAYS) <= occurred <= day
    return occurred if near and (after is None or occurred > after) else day


def make_report_incident(report: Report, *, language: str) -> pd.DataFrame:
    """Return a report as a frame of one incident, words in `language`.

    GPS accuracy becomes the position's precision; a tap on the map is good for 25 m and marked as
    placed by hand; a place in words has no position until it is found by the import.
    """
    with use_language(language):
        words = [thing_words(code) for code in report.things]
    columns: dict[str, Any] = {
        schema.OCCURRED_FROM: _time(report.occurred_from),
        schema.OCCURRED_TO: _time(report.occurred_to),
        schema.TIME_PRECISION: report.precision,
        schema.REPORTED_AT: _time(report.reported_at),
        schema.OFFENCE: report.groups[0],
        schema.OFFENCE_GROUPS: ";".join(sorted(report.groups)),
        schema.OFFENCE_CODES: ";".join([*report.things, *([OTHER] if report.other else [])]),
        schema.OFFENCE_DETAIL: "; ".join([*words, *([report.other] if report.other else [])]),
        schema.DISCOVERED_BY: report.discovered_by,
        schema.PLACE_TEXT: report.place_text,
        schema.STATUS: ";".join(report.measures),
        schema.NOTE: report.note,
    }
    if report.lon is not None and report.lat is not None:
        x, y = crs.to_5514(np.array([report.lon]), np.array([report.lat]), crs=crs.WGS84)
        precision_m = report.accuracy_m or MAP_PRECISION_M
        columns |= {schema.X: x, schema.Y: y, schema.PLACE_PRECISION_M: np.array([precision_m])}
    incidents = make_incidents(
        1,
        source_id=SOURCE_ID,
        source_ref=pa.array([report.report_id], pa.string()),
        columns=columns,
    )
    if report.placed_by == MAP:
        incidents[schema.PLACE_METHOD] = pd.Series(["manual"], dtype="str")
    return incidents


def _time(value: datetime | None) -> Any:
    text = "NaT" if value is None else value.isoformat(timespec="seconds")
    return np.array([text], dtype="datetime64[s]")


def say_measures(status: str) -> str:
    """Return the measures of a report's status for a reader, in the language in force."""
    known = [measure_words(code) for code in status.split(";") if code in MEASURES]
    return ", ".join(known)
