"""Words of the pages for values of the library: area kinds, periods, measures, weekdays."""

from datetime import datetime
from zoneinfo import ZoneInfo

from hotspots import periods, schema
from hotspots.analysis.kinds import boundaries_label as boundaries_label
from hotspots.analysis.ranking import ALONG_STREETS
from hotspots.i18n import _, format_day, write_decimal
from hotspots.periods import Span
from hotspots.selection import COUNT, DENSITY, RATE
from hotspots.store.source import CONFIRMED, INFERRED

PRAGUE = ZoneInfo("Europe/Prague")


def kind_label(kind: str) -> str:
    """Return the plural name of an area kind."""
    labels = {
        schema.STREET: _("Streets"),
        schema.SEGMENT: _("Segments"),
        schema.DISTRICT: _("Districts (ZSJ)"),
        schema.TOWN_PART: _("Town parts"),
        schema.ELECTORAL_DISTRICT: _("Electoral districts"),
        schema.CADASTRAL_UNIT: _("Cadastral units"),
        schema.LOCALITY: _("Localities"),
        schema.PATROL_BEAT: _("Patrol beats"),
        schema.QUARTER: _("Quarters"),
        schema.GRID: _("Grid"),
        schema.MUNICIPALITY: _("Whole municipality"),
    }
    return labels[kind]


def kind_column(kind: str) -> str:
    """Return the singular name of an area kind, as the head of a column."""
    labels = {
        schema.STREET: _("Street"),
        schema.SEGMENT: _("Segment"),
        schema.DISTRICT: _("District"),
        schema.TOWN_PART: _("Town part"),
        schema.ELECTORAL_DISTRICT: _("Electoral district"),
        schema.CADASTRAL_UNIT: _("Cadastral unit"),
        schema.LOCALITY: _("Locality"),
        schema.PATROL_BEAT: _("Patrol beat"),
        schema.QUARTER: _("Quarter"),
        schema.GRID: _("Cell"),
        schema.MUNICIPALITY: _("Town"),
    }
    return labels[kind]


def every_label(every: str) -> str:
    """Return the name of a period's length."""
    labels = {
        periods.WEEK: _("by week"),
        periods.MONTH: _("by month"),
        periods.QUARTER: _("by quarter"),
        periods.YEAR: _("by year"),
    }
    return labels[every]


def has_length(kind: str) -> bool:
    """Return whether areas of this kind are measured along a street axis."""
    return kind in ALONG_STREETS


def measure_label(measure: str, kind: str) -> str:
    """Return the short name of a measure for areas of `kind`."""
    if measure == COUNT:
        return _("count")
    if measure == DENSITY:
        return _("per 100 m") if has_length(kind) else _("per km²")
    return _("per 1,000 residents a year")


def ranking_title(measure: str, kind: str) -> str:
    """Return the heading of the ranking: which areas, by which measure."""
    titles = {
        COUNT: _("{areas} by number of incidents"),
        DENSITY: _("{areas} by incidents per 100 m")
        if has_length(kind)
        else _("{areas} by incidents per km²"),
        RATE: _("{areas} by incidents per 1,000 residents a year"),
    }
    return titles[measure].format(areas=kind_label(kind))


def fixed_number(value: float, digits: int = 0) -> str:
    """Write a number with exactly `digits` decimals, so that a column of them lines up."""
    if value != value:
        return "–"
    pattern = "#,##0" + ("." + "0" * digits if digits else "")
    return write_decimal(value, pattern)


def weekday_labels() -> tuple[tuple[str, str], ...]:
    """Return short and full name of each weekday, Monday first."""
    return (
        (_("Mo"), _("Monday")),
        (_("Tu"), _("Tuesday")),
        (_("We"), _("Wednesday")),
        (_("Th"), _("Thursday")),
        (_("Fr"), _("Friday")),
        (_("Sa"), _("Saturday")),
        (_("Su"), _("Sunday")),
    )


def record_state_label(state: str) -> str:
    """Return how a source's periods of record are known."""
    if state == CONFIRMED:
        return _("confirmed")
    return _("inferred from the data") if state == INFERRED else _("not known")


def source_kind_label(kind: str) -> str:
    """Return the kind of publisher."""
    labels = {
        "apk": _("Crime-prevention assistants"),
        "municipal_police": _("Municipal police"),
        "state_police": _("Police of the Czech Republic"),
        "other": _("Other source"),
    }
    return labels.get(kind, kind)


def span_text(span: Span) -> str:
    """Write a span of days."""
    if span.start == span.end:
        return format_day(span.start)
    return f"{format_day(span.start)} – {format_day(span.end)}"


def moment_text(moment: str) -> str:
    """Write a moment (ISO 8601, UTC where it says no zone) as the clock here showed it."""
    when = datetime.fromisoformat(moment)
    local = when.replace(tzinfo=when.tzinfo or ZoneInfo("UTC")).astimezone(PRAGUE)
    return f"{format_day(local)} {local:%H:%M}"


def sentence(text: str) -> str:
    """Return `text` with a capital letter at its beginning."""
    return text[:1].upper() + text[1:]


def full_sentence(text: str) -> str:
    """Return `text` with a capital letter at its beginning and a mark at its end."""
    return sentence(text) + ("" if text.endswith((".", "!", "?", "…", ":")) else ".")
