"""When an incident happened in words for a reader, no more exactly than it is known."""

from datetime import datetime

from hotspots.i18n import _, format_day, format_month

# A start alone is as exact as these say; an end beside them tells nothing more.
_POINTS = frozenset({"minute", "hour"})
_DAYS = frozenset({"day", "unknown"})


def when_text(first: datetime | None, last: datetime | None, precision: str) -> str:
    """Return when an incident happened.

    Parameters
    ----------
    first, last
        Prague wall clock; None where unknown.
    precision
        `schema.TIME_PRECISION` of the incident.
    """
    if first is None:
        return _("time unknown")
    if precision == "month":
        return format_month(first)
    day = format_day(first)
    if precision in _DAYS:
        return day
    if last is None or last <= first or precision in _POINTS:
        return f"{day} {first:%H:%M}"
    if last.date() == first.date():
        return f"{day} {first:%H:%M}–{last:%H:%M}"
    return f"{day} {first:%H:%M} – {format_day(last)} {last:%H:%M}"
