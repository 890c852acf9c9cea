"""What the report form and the phone send, read into a report: same fields, either way."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, Final

from werkzeug.datastructures import MultiDict

from hotspots.errors import ParameterError
from hotspots.i18n import _
from hotspots.ingest.report_content import TEXT, Report
from web.texts import PRAGUE

NOW, EARLIER, UNKNOWN = "now", "earlier", "unknown"
WHEN: Final = (NOW, EARLIER, UNKNOWN)
_LISTS: Final = ("things", "measures")
_MOST: Final = 40  # entries of a list


@dataclass(frozen=True)
class Sent:
    """A report as it was sent.

    Attributes
    ----------
    report
        What it says.
    correct
        It replaces what the same report said before.
    confirmed_old
        The assistant confirms that it happened more than a year ago.
    """

    report: Report
    correct: bool
    confirmed_old: bool


def form_fields(form: MultiDict[str, str]) -> dict[str, Any]:
    """Return the fields of a plain form as the phone would send them."""
    fields: dict[str, Any] = {name: value for name, value in form.items() if value != ""}
    return fields | {name: [v for v in form.getlist(name) if v] for name in _LISTS}


def read_sent(fields: Any, *, now: datetime) -> Sent:
    """Read a report.

    Parameters
    ----------
    fields
        `report_id`, `things` (list), `other`, `when` (now, earlier or unknown), `day`, `from`,
        `to`, `placed_by`, `lon`, `lat`, `accuracy_m`, `place`, `note`, `discovered_by`,
        `measures` (list), `reported_at` (ISO with zone; absent means `now`), `correct` and
        `confirmed_old` (true where it is so). A day without times is the whole day; an end before
        the beginning is of the next day.
    now
        The present moment, with a zone.

    Raises
    ------
    ParameterError
        A field is missing, of the wrong type, or breaks a rule of `Report`.
    """
    if not isinstance(fields, Mapping):
        raise ParameterError(_("A report is a set of named fields."))
    placed_by = _text(fields, "placed_by") or TEXT
    reported_at = _reported_at(fields, now)
    first, last, precision = _when(fields, reported_at)
    is_text = placed_by == TEXT
    report = Report(
        report_id=_text(fields, "report_id"),
        things=_list(fields, "things"),
        other=_text(fields, "other"),
        occurred_from=first,
        occurred_to=last,
        precision=precision,
        reported_at=reported_at,
        placed_by=placed_by,
        lon=None if is_text else _number(fields, "lon"),
        lat=None if is_text else _number(fields, "lat"),
        accuracy_m=None if is_text else _number(fields, "accuracy_m"),
        place_text=_text(fields, "place"),
        note=_text(fields, "note", lines=True),
        discovered_by=_text(fields, "discovered_by") or UNKNOWN,
        measures=_list(fields, "measures"),
    )
    return Sent(report, _flag(fields, "correct"), _flag(fields, "confirmed_old"))


def _wrong(name: str, rule: str) -> ParameterError:
    return ParameterError(_("field {name}: {rule}").format(name=name, rule=rule))


def _text(fields: Mapping[str, Any], name: str, *, lines: bool = False) -> str:
    value = fields.get(name, "")
    if value is None:
        return ""
    if not isinstance(value, str):
        raise _wrong(name, _("must be a text"))
    if lines:
        return "\n".join(" ".join(line.split()) for line in value.strip().splitlines())
    return " ".join(value.split())


def _list(fields: Mapping[str, Any], name: str) -> tuple[str, ...]:
    value = fields.get(name) or []
    if not isinstance(value, list) or len(value) > _MOST:
        raise _wrong(name, _("must be a list of at most {n} texts").format(n=_MOST))
    if not all(isinstance(one, str) for one in value):
        raise _wrong(name, _("must be a list of at most {n} texts").format(n=_MOST))
    return tuple(dict.fromkeys(value))


def _number(fields: Mapping[str, Any], name: str) -> float | None:
    value = fields.get(name)
    if value is None or value == "":
        return None
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise _wrong(name, _("must be a number"))
    try:
        number = float(value)
    except (ValueError, OverflowError):
        raise _wrong(name, _("must be a number")) from None
    if not math.isfinite(number):
        raise _wrong(name, _("must be a number"))
    return number


def _flag(fields: Mapping[str, Any], name: str) -> bool:
    value = fields.get(name, False)
    if value in {"1", "true"} if isinstance(value, str) else value is True:
        return True
    if value in ("", None) or value is False:
        return False
    raise _wrong(name, _("must be true or false"))


def _reported_at(fields: Mapping[str, Any], now: datetime) -> datetime:
    """Return the wall clock in Prague at which a report was written, in whole seconds."""
    written = _text(fields, "reported_at")
    moment = now
    if written:
        try:
            moment = datetime.fromisoformat(written)
            if moment.tzinfo is None:
                raise ValueError(written)
            moment = moment.astimezone(PRAGUE)
        except (ValueError, OverflowError):
            raise _wrong("reported_at", _("must be a moment with a zone")) from None
    return moment.astimezone(PRAGUE).replace(tzinfo=None, microsecond=0)


def _when(
    fields: Mapping[str, Any], reported_at: datetime
) -> tuple[datetime | None, datetime | None, str]:
    """Return the first and last minute at which it happened, and how precisely that is known."""
    when = _text(fields, "when") or NOW
    if when == NOW:
        minute = reported_at.replace(second=0)
        return minute, minute, "minute"
    if when == UNKNOWN:
        return None, None, "unknown"
    if when != EARLIER:
        raise _wrong("when", _("choose from: {known}").format(known=", ".join(WHEN)))
    day = _day(fields)
    since, until = _clock(fields, "from"), _clock(fields, "to")
    if since is None and until is not None:
        raise ParameterError(_("Say when it began, or leave both times empty."))
    if since is None:
        return datetime.combine(day, time(0, 0)), datetime.combine(day, time(23, 59)), "day"
    first = datetime.combine(day, since)
    if until is None or until == since:
        return first, first, "minute"
    try:
        last = datetime.combine(day, until) + timedelta(days=1 if until < since else 0)
    except OverflowError:
        raise _wrong("day", _("must be a day")) from None
    return first, last, "span"


def _day(fields: Mapping[str, Any]) -> date:
    written = _text(fields, "day")
    if not written:
        raise ParameterError(_("Say on which day it happened."))
    try:
        return date.fromisoformat(written)
    except ValueError:
        raise _wrong("day", _("must be a day as YYYY-MM-DD")) from None


def _clock(fields: Mapping[str, Any], name: str) -> time | None:
    written = _text(fields, name)
    if not written:
        return None
    try:
        found = time.fromisoformat(written)
    except ValueError:
        raise _wrong(name, _("must be a time as HH:MM")) from None
    if found.tzinfo is not None:
        raise _wrong(name, _("must be a time as HH:MM"))
    return found.replace(second=0, microsecond=0)
