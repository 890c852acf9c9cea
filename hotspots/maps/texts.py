"""Every text of the map, in the language in force: page parts, and what its scripts say."""

from collections.abc import Callable

import numpy as np

from hotspots import schema
from hotspots.aggregate import FEWEST_RESIDENTS, CountTable
from hotspots.analysis.kinds import boundaries_label, off_areas_place
from hotspots.analysis.situation import Situation
from hotspots.finding import Finding
from hotspots.i18n import _, format_day, format_number, format_share, ngettext
from hotspots.maps.windows import WINDOWS, Window, has_record, is_line_kind, list_measures
from hotspots.periods import MONTH, QUARTER, WEEK, YEAR
from hotspots.selection import COUNT, DENSITY, RATE

# Numbers that take each of the three Czech plural forms, in the order the scripts expect.
_FORMS = (1, 2, 5)


def kind_heading(kind: str) -> str:
    """Return the column heading for areas of `kind`."""
    return {
        schema.STREET: _("Street"),
        schema.SEGMENT: _("Street segment"),
        schema.DISTRICT: _("District"),
        schema.TOWN_PART: _("Town part"),
        schema.ELECTORAL_DISTRICT: _("Electoral district"),
        schema.CADASTRAL_UNIT: _("Cadastral unit"),
        schema.MUNICIPALITY: _("Municipality"),
        schema.LOCALITY: _("Locality"),
        schema.PATROL_BEAT: _("Patrol beat"),
        schema.QUARTER: _("Quarter"),
        schema.GRID: _("Grid cell"),
    }[kind]


def _plural_forms(every: str) -> Callable[[int], str]:
    return {
        WEEK: lambda n: ngettext("{n} week", "{n} weeks", n),
        MONTH: lambda n: ngettext("{n} month", "{n} months", n),
        QUARTER: lambda n: ngettext("{n} quarter", "{n} quarters", n),
        YEAR: lambda n: ngettext("{n} year", "{n} years", n),
    }[every]


def window_name(window: Window, every: str) -> str:
    """Return a window's name on its button."""
    if window not in WINDOWS:
        return _("all")
    n = int(window)
    return _plural_forms(every)(n).format(n=n)


def _per_window(every: str) -> list[str]:
    """Return “in {n} months” in its three forms, `{n}` left in."""
    forms: dict[str, Callable[[int], str]] = {
        WEEK: lambda n: ngettext("in {n} week", "in {n} weeks", n),
        MONTH: lambda n: ngettext("in {n} month", "in {n} months", n),
        QUARTER: lambda n: ngettext("in {n} quarter", "in {n} quarters", n),
        YEAR: lambda n: ngettext("in {n} year", "in {n} years", n),
    }
    return [forms[every](n) for n in _FORMS]


def _record_of(every: str) -> str:
    return {
        WEEK: _("record for {n} of {m} weeks"),
        MONTH: _("record for {n} of {m} months"),
        QUARTER: _("record for {n} of {m} quarters"),
        YEAR: _("record for {n} of {m} years"),
    }[every]


def _at_once(every: str) -> str:
    return {
        WEEK: _("Weeks at once"),
        MONTH: _("Months at once"),
        QUARTER: _("Quarters at once"),
        YEAR: _("Years at once"),
    }[every]


def measure_names(kind: str) -> dict[str, str]:
    """Return the short name of every measure."""
    density = _("per 100 m") if is_line_kind(kind) else _("per km²")
    return {COUNT: _("count"), DENSITY: density, RATE: _("per 1,000 residents a year")}


def script_texts(kind: str, every: str) -> dict[str, object]:
    """Return what the map's scripts say, by key; lists are the three Czech plural forms."""
    units = {
        COUNT: _("number of incidents"),
        DENSITY: _("incidents per 100 m") if is_line_kind(kind) else _("incidents per km²"),
        RATE: _("incidents per 1,000 residents and year"),
    }
    return {
        "area": kind_heading(kind),
        "measures": measure_names(kind),
        "measure": _("Measure"),
        "units": units,
        "perWindow": _per_window(every),
        "wholePeriod": _("in the whole period"),
        "recordOf": _record_of(every),
        "partly": [ngettext("{n} of them incomplete", "{n} of them incomplete", n) for n in _FORMS],
        "incidents": [
            ngettext("{n} incident in the town", "{n} incidents in the town", n) for n in _FORMS
        ],
        "noData": _("no record"),
        "noBase": _("not known"),
        "noRate": _("no rate"),
        "noValue": _("no data"),
        "zero": _("none"),
        "upTo": _("up to {high}"),
        "between": _("{low}–{high}"),
        "over": _("over {low}"),
        "andMore": "{low}+",
        "offAreas": off_areas_place(kind),
        "inAreas": _("on the map"),
        "tooCoarse": _("placed too coarsely"),
        "town": _("whole town"),
        "overlap": _("An incident in two areas counts in both."),
        "play": _("Play"),
        "pause": _("Pause"),
        "back": _("Step back"),
        "forward": _("Step forward"),
        "time": _("Period shown"),
        "window": _at_once(every),
        "localities": _("Outlines of localities"),
        "close": _("Close"),
        "legend": _("Legend"),
        "zoomIn": _("Zoom in"),
        "zoomOut": _("Zoom out"),
        "north": _("N"),
        "northTitle": _("North is up"),
        "approximate": _("approximate boundaries"),
    }


def rate_note(table: CountTable) -> str:
    """Return how many areas have no rate and why, nothing where all have one."""
    residents = table.areas[schema.RESIDENTS].to_numpy(dtype=float)
    few, unknown = int((residents < FEWEST_RESIDENTS).sum()), int(np.isnan(residents).sum())
    parts = []
    if few:
        parts.append(
            ngettext(
                "{n} area with fewer than {fewest} residents has no rate: it would tell of those "
                "who pass by, not of those who live there.",
                "{n} areas with fewer than {fewest} residents have no rate: it would tell of those "
                "who pass by, not of those who live there.",
                few,
            ).format(n=format_number(few), fewest=format_number(FEWEST_RESIDENTS))
        )
    if unknown:
        parts.append(
            ngettext(
                "{n} area has none because its residents are not known.",
                "{n} areas have none because their residents are not known.",
                unknown,
            ).format(n=format_number(unknown))
        )
    return " ".join(parts)


def placement_text(situation: Situation) -> str:
    """Return how many of the selected incidents the map leaves unplaced, with shares."""
    tally = situation.table.tally
    if not has_record(situation.table):
        return situation.finding.detail
    kind = off_areas_place(situation.selection.by)
    parts = [
        (tally.n_off_areas, kind),
        (tally.n_outside, _("outside the town")),
        (tally.n_too_coarse, _("placed too coarsely")),
        (tally.n_not_placed, _("without a position")),
        (tally.n_off_record, _("on days without record")),
    ]
    selected = max(tally.n_selected, 1)
    shown = [
        _("{n} {where} ({share})").format(
            n=format_number(n), where=where, share=format_share(n / selected, digits=1)
        )
        for n, where in parts
        if n or where == kind
    ]
    return _("Of {total} selected: {parts}").format(
        total=format_number(tally.n_selected), parts=", ".join(shown)
    )


def about_lines(situation: Situation, attribution: str) -> list[tuple[str, str]]:
    """Return what stands below the map as (heading, text), in the order of reading."""
    finding = situation.finding
    lines = [(_("Source"), "; ".join(finding.sources) or _("not stated"))]
    lines.append((_("Period"), finding.period_text))
    if finding.gaps:
        gaps = ", ".join(f"{format_day(gap.start)} – {format_day(gap.end)}" for gap in finding.gaps)
        lines.append((_("Without record"), gaps))
    lines.append((_("Areas"), _areas_text(situation)))
    if finding.drawn:
        lines.append((_("Boundaries"), "; ".join(finding.drawn)))
    lines.append((_("Method"), finding.method))
    lines.append((_("Not on the map"), placement_text(situation)))
    if RATE in list_measures(situation.table) and (note := rate_note(situation.table)):
        lines.append((_("Rates"), note))
    if finding.notes:
        lines.append((_("Notes"), " ".join(finding.notes)))
    if attribution:
        lines.append((_("Background"), attribution))
    return lines


def credit_line(finding: Finding, attribution: str) -> str:
    """Return whom to credit for all that the map draws, for its corner.

    Parameters
    ----------
    finding
        What it says is drawn is credited.
    attribution
        Credit of the background; empty without one.
    """
    return " · ".join((*finding.drawn, *filter(None, [attribution])))


def _areas_text(situation: Situation) -> str:
    areas = situation.table.areas
    finding = situation.finding
    if areas.empty:
        return finding.area_kind
    boundaries = boundaries_label(
        situation.selection.by,
        derived=finding.approximate,
        precision_m=float(areas[schema.PRECISION_M].max()),
        sources=areas[schema.LAYER_SOURCE].dropna().astype(str),
    )
    return _("{areas}; boundaries: {boundaries}").format(
        areas=finding.area_kind, boundaries=boundaries
    )
