"""What an assistant's report says, and the rules it must keep."""

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import isfinite
from typing import Final

from hotspots import crs, schema
from hotspots.errors import ParameterError
from hotspots.i18n import _, format_number
from hotspots.ingest.report_things import MEASURES, NO_MEASURE, thing_of
from hotspots.offences import OFFENCE_GROUPS, OTHER_OFFENCE
from hotspots.personal import BIRTH_NUMBER, find_personal
from hotspots.record_inference import PRAGUE

GPS, MAP, TEXT = "gps", "map", "text"
PLACED_BY: Final = (GPS, MAP, TEXT)
PRECISIONS: Final = ("minute", "span", "day", "unknown")
CLOCK_SKEW: Final = timedelta(minutes=10)
OLD: Final = timedelta(days=365)
WORST_ACCURACY_M: Final = 5_000.0
NOTE_LENGTH: Final = 1_000
TEXT_LENGTH: Final = 200


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
    if accuracy_m is not None and not accuracy_m > 0:
        raise ParameterError(
            _("The accuracy of the position must be above 0 m; find the position again.")
        )
    if accuracy_m is not None and accuracy_m > WORST_ACCURACY_M:
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


def check_times(report: Report, now: datetime, *, confirmed_old: bool) -> None:
    """Raise `ParameterError` where a report is of the future, or of more than a year ago.

    `now` is the present moment with a zone; `confirmed_old` lets an old event pass, not an old
    report.
    """
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
