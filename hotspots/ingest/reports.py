"""One report of an assistant into the store: checked, kept exactly once, a batch of its own."""

import json
import tempfile
import uuid
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, timedelta
from math import isfinite
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
import pyarrow as pa

from hotspots import crs, schema
from hotspots.errors import HotspotsError, ParameterError, StoreError
from hotspots.i18n import _, format_number, use_language
from hotspots.ingest.account import Account
from hotspots.ingest.assembly import make_incidents
from hotspots.ingest.batch import Chunk, SourceInfo, make_rejected
from hotspots.ingest.importer import import_incidents
from hotspots.ingest.report_things import (
    MEASURES,
    NO_MEASURE,
    OTHER,
    measure_words,
    thing_of,
    thing_words,
)
from hotspots.offences import OFFENCE_GROUPS, OTHER_OFFENCE
from hotspots.periods import Span
from hotspots.personal import BIRTH_NUMBER, find_personal
from hotspots.record_inference import PRAGUE
from hotspots.settings import Workspace
from hotspots.store import ImportBatch, Store
from hotspots.store.frames import hash_content
from hotspots.store.source import Source

SOURCE_ID: Final = "asistenti"
FORMAT: Final = "report"
GPS, MAP, TEXT = "gps", "map", "text"
PLACED_BY: Final = (GPS, MAP, TEXT)
PRECISIONS: Final = ("minute", "span", "day", "unknown")
CLOCK_SKEW: Final = timedelta(minutes=10)
OLD: Final = timedelta(days=365)
LATE: Final = timedelta(days=31)  # a phone may lie switched off for so long
MAP_PRECISION_M: Final = 25.0  # how well a finger hits a small map
WORST_ACCURACY_M: Final = 5_000.0
NOTE_LENGTH: Final = 1_000
TEXT_LENGTH: Final = 200
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
class Report:
    """What an assistant reports.

    Attributes
    ----------
    report_id
        UUID made where the report was written; the same report sent again bears the same.
    things
        Codes of `report_things.THINGS`, each once, in their order.
    other
        What else it is, in the assistant's words; empty where `things` say it all.
    occurred_from, occurred_to
        Europe/Prague wall clock, whole minutes, without zone; None where nobody knows when.
    precision
        One of `PRECISIONS`.
    reported_at
        Europe/Prague wall clock at which it was written.
    placed_by
        gps, map or text.
    lon, lat, accuracy_m
        WGS84 degrees and how far off they may be [m]; None with `text`.
    place_text
        The place in words; needed with `text`.
    note
        Free text.
    discovered_by
        One of `schema.DISCOVERED_BY_VALUES`.
    measures
        Codes of `report_things.MEASURES`.

    Raises
    ------
    ParameterError
        A field breaks its rule; the message is for the assistant.
    """

    report_id: str
    things: tuple[str, ...]
    occurred_from: datetime | None
    occurred_to: datetime | None
    precision: str
    reported_at: datetime
    placed_by: str
    other: str = ""
    lon: float | None = None
    lat: float | None = None
    accuracy_m: float | None = None
    place_text: str = ""
    note: str = ""
    discovered_by: str = "unknown"
    measures: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        _check_id(self.report_id)
        _check_things(self)
        _check_choices(self)
        _check_place(self)
        _check_texts(self)
        if (self.occurred_from is None) != (self.precision == "unknown"):
            raise ParameterError(_("Say when it happened, or that you do not know."))
        if (self.occurred_from is None) != (self.occurred_to is None):
            raise ParameterError(_("A span of time needs both its ends."))
        if self.occurred_from and self.occurred_to and self.occurred_to < self.occurred_from:
            raise ParameterError(_("The end lies before the beginning."))

    @property
    def groups(self) -> tuple[str, ...]:
        """Offence groups, in page order, each once."""
        found = {thing.group for code in self.things if (thing := thing_of(code))}
        if self.other:
            found.add(OTHER_OFFENCE)
        return tuple(group for group in OFFENCE_GROUPS if group in found)

    @property
    def file_name(self) -> str:
        """The name under which its batch is listed."""
        return f"report-{self.report_id}.json"


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
    _check_times(report, now or datetime.now(UTC), confirmed_old=confirmed_old)
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


def _check_id(report_id: str) -> None:
    try:
        is_plain = str(uuid.UUID(report_id)) == report_id
    except (ValueError, AttributeError, TypeError):
        is_plain = False
    if not is_plain:
        raise ParameterError(
            _("report_id must be a UUID in lower case, got '{got}'").format(got=str(report_id)[:60])
        )


def _check_things(report: Report) -> None:
    for code in report.things:
        if thing_of(code) is None:
            raise ParameterError(
                _("'{code}' is nothing that can be reported; open the form anew").format(
                    code=code[:60]
                )
            )
    if not report.things and not report.other:
        raise ParameterError(_("Choose what happened."))


def _check_choices(report: Report) -> None:
    for name, value, known in (
        ("precision", report.precision, PRECISIONS),
        ("placed_by", report.placed_by, PLACED_BY),
        ("discovered_by", report.discovered_by, schema.DISCOVERED_BY_VALUES),
        *(("measures", code, MEASURES) for code in report.measures),
    ):
        if value not in known:
            raise ParameterError(
                _("{name} '{value}' is unknown; choose from: {known}").format(
                    name=name, value=value[:60], known=", ".join(known)
                )
            )
    if NO_MEASURE in report.measures and len(report.measures) > 1:
        raise ParameterError(_("No measure and a measure cannot be chosen together."))


def _check_place(report: Report) -> None:
    if report.placed_by == TEXT:
        if not report.place_text:
            raise ParameterError(_("Say where it happened: street, corner or a known place."))
        if report.lon is not None or report.lat is not None:
            raise ParameterError(_("A place in words has no coordinates."))
        return
    lon, lat, accuracy_m = report.lon, report.lat, report.accuracy_m
    if lon is None or lat is None or not (isfinite(lon) and isfinite(lat)):
        raise ParameterError(_("The position is missing: find it again, or write the street."))
    west, south, east, north = crs.CZECHIA_WGS84
    if not (west <= lon <= east and south <= lat <= north):
        raise ParameterError(
            _("The position {lat}, {lon} is not in Czechia; show the place on the map.").format(
                lat=format_number(lat, digits=4), lon=format_number(lon, digits=4)
            )
        )
    if accuracy_m is not None and not 0 < accuracy_m <= WORST_ACCURACY_M:
        raise ParameterError(
            _(
                "The position is off by up to {got} m, which says nothing; show the place on the "
                "map or write the street."
            ).format(got=format_number(accuracy_m))
        )


def _check_texts(report: Report) -> None:
    limits = (
        (_("What happened"), report.other, TEXT_LENGTH),
        (_("Where"), report.place_text, TEXT_LENGTH),
        (_("Note"), report.note, NOTE_LENGTH),
    )
    for label, text, limit in limits:
        if len(text) > limit:
            raise ParameterError(
                _("{field} is too long: {n} characters, at most {limit}.").format(
                    field=label, n=format_number(len(text)), limit=format_number(limit)
                )
            )
        if "\x00" in text or any(0xD800 <= ord(c) <= 0xDFFF for c in text):
            raise ParameterError(
                _("{field} holds characters that are no text.").format(field=label)
            )
        if BIRTH_NUMBER in find_personal(text):
            raise ParameterError(
                _(
                    "{field} seems to hold a birth number. Data about persons do not belong here: "
                    "delete it and send the report again."
                ).format(field=label)
            )


def _check_times(report: Report, now: datetime, *, confirmed_old: bool) -> None:
    here = now.astimezone(PRAGUE).replace(tzinfo=None)
    latest = here + CLOCK_SKEW
    if report.reported_at > latest:
        raise ParameterError(
            _(
                "The phone's clock is ahead: it says {time}. Set it and send the report again."
            ).format(time=_moment(report.reported_at))
        )
    if report.reported_at < here - OLD:
        raise ParameterError(
            _("The report was written on {time}, more than a year ago; write it anew.").format(
                time=_moment(report.reported_at)
            )
        )
    if report.occurred_from is None or report.occurred_to is None:
        return
    if report.occurred_from > latest:
        raise ParameterError(
            _("{time} has not been yet; correct the day or the time.").format(
                time=_moment(report.occurred_from)
            )
        )
    if report.precision == "span" and report.occurred_to > latest:
        raise ParameterError(
            _("{time} has not been yet; correct the day or the time.").format(
                time=_moment(report.occurred_to)
            )
        )
    if report.occurred_from < here - OLD and not confirmed_old:
        raise ParameterError(
            _("{time} is more than a year ago; confirm that it is right.").format(
                time=_moment(report.occurred_from)
            )
        )


def _moment(value: datetime) -> str:
    return f"{value.day}. {value.month}. {value.year} {value:%H:%M}"


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
