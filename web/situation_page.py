"""The page `/`: where and when, as a sentence, a map that plays, a ranking and a table."""

import math
from dataclasses import dataclass

import numpy as np
from flask import Blueprint, Response, make_response, render_template, request

from hotspots import layers, schema
from hotspots.aggregate import FEWEST_RESIDENTS, CountTable
from hotspots.analysis.kinds import area_labels, layer_label, off_areas_place, period_label
from hotspots.analysis.ranking import ALONG_STREETS, RankedArea, ranking
from hotspots.analysis.situation import Situation
from hotspots.i18n import _, format_number, ngettext
from hotspots.maps.texts import rate_note
from hotspots.maps.windows import has_record, list_measures
from hotspots.selection import COUNT, DENSITY, RATE
from web import texts
from web.access import Right
from web.answers import Known, answers, entity_tag, retried
from web.asked import read_params
from web.auth import may
from web.charts import line_chart
from web.filters import make_filters
from web.links_page import remembered_open
from web.params import PageParams
from web.recent_block import make_block
from web.waiting_view import remembered_list

bp = Blueprint("situation", __name__)
TOP = 8


@dataclass(frozen=True)
class TableRow:
    """One area of the ranking and of the table."""

    row: int  # position of the area in the map's order
    rank: int
    name: str
    count: int | None  # None: no record
    density: float
    density_low: float | None  # None: no interval, for want of a value
    density_high: float | None
    rate: float
    rate_low: float | None
    rate_high: float | None
    no_rate: str  # why there is no rate; empty where there is one
    size: float
    residents: float
    bar: float  # 0 to 100, share of the largest value of the measure
    value: float  # NaN: not known


@dataclass(frozen=True)
class Notice:
    """A paragraph above the map that explains what is not shown, with one way on."""

    text: str
    action: str = ""
    query: str = ""


@bp.get("/")
@retried
def show() -> Response:
    """Answer the page."""
    params = read_params()
    known = answers().known()
    to_do = _to_do()
    tag = "-".join([entity_tag(known), *(str(n) for n in to_do)])
    if request.if_none_match.contains_weak(tag):
        return _cached(make_response("", 304), tag)
    if not known.n_incidents:
        return make_response(_empty())
    with answers().turn:
        page = _render(params, known, to_do)
    return _cached(make_response(page), tag)


def _to_do() -> tuple[int, int]:
    """Return incidents without a place and open pairs, as far as their pages have told them.

    Nothing is looked up for it, and who may not open these pages is told nothing.
    """
    if not may(Right.SINGLE):
        return 0, 0
    with answers().store() as store:
        waiting = remembered_list(store, answers().workspace)
        n_open = remembered_open(store.version())
    return waiting.n_incidents if waiting else 0, n_open


def _empty() -> str:
    """Return the page of a workspace without incidents: which areas wait for them."""
    workspace = answers().workspace
    kinds = [layer_label(kind) for kind in layers.present_kinds(workspace) if kind != schema.GRID]
    return render_template("empty.html", workspace=workspace.path.name, kinds=kinds)


def _cached(response: Response, tag: str) -> Response:
    response.headers["Cache-Control"] = "private, no-cache"
    response.set_etag(tag, weak=True)
    return response


def _render(params: PageParams, known: Known, to_do: tuple[int, int]) -> str:
    workspace = answers().workspace
    present = layers.present_kinds(workspace)
    record = known.record(params.sources)
    recorded = answers().recorded(known.version)
    if _is_wholly_displaced(params, known):
        # Counts beside the filters are of the whole town, which needs no exact positions.
        whole = params.but(by=schema.MUNICIPALITY).selection(record)
        town = answers().situation(whole, known.version)
        side = make_filters(
            params,
            known,
            town,
            recorded=recorded,
            present=present,
            no_rate=_("The number of residents of these areas is not known."),
        )
        return render_template(
            "situation.html",
            params=params,
            filters=side,
            notices=[_displaced_source(params, present)],
            situation=None,
            query=params.to_query(),
            texts=texts,
        )
    selection = params.selection(record)
    found = answers().situation(selection, known.version)
    no_rate = "" if RATE in list_measures(found.table) else _why_no_rate(found.table)
    notices = _displaced(params, found, present)
    measure = params.measure
    if measure == RATE and no_rate:
        measure = COUNT
        notices.append(Notice(f"{no_rate} {_('So counts are shown instead of rates.')}"))
    params = params.but(measure=measure)
    rows = table_rows(found, measure)
    return render_template(
        "situation.html",
        params=params,
        filters=make_filters(
            params,
            known,
            found,
            recorded=recorded,
            present=present,
            no_rate=no_rate,
        ),
        notices=notices,
        situation=found,
        finding=found.finding,
        detail=found.finding.detail,
        n_waiting=to_do[0],
        n_pairs=to_do[1],
        rows=rows,
        top=rows[:TOP],
        top_state=_top_state(found, rows),
        chart=line_chart(found),
        chart_text=_chart_text(found),
        has_rate=not no_rate,
        has_record=has_record(found.table),
        rate_note="" if no_rate else rate_note(found.table),
        measure_label=texts.measure_label(measure, params.by),
        ranking_title=texts.ranking_title(measure, params.by),
        query=params.to_query(),
        map_query=params.to_query(),
        texts=texts,
        total=found.table.tally,
        recent=make_block(params, answers().recent(selection, known.version)),
        off_place=off_areas_place(params.by),
    )


def table_rows(situation: Situation, measure: str) -> list[TableRow]:
    """Return every area by falling value of `measure`, with its place in the map's order."""
    areas = situation.table.areas
    size = schema.LENGTH_M if situation.selection.by in ALONG_STREETS else schema.AREA_KM2
    sizes = areas[size].to_numpy(dtype=float)
    residents = areas[schema.RESIDENTS].to_numpy(dtype=float)
    labels = area_labels(areas)
    days = int(situation.table.recorded_days.sum())
    ranked = ranking(situation, measure)
    values = np.array([_value(area, measure) for area in ranked], dtype=float)
    largest = np.nanmax(values) if np.isfinite(values).any() else 0.0
    rows = []
    for rank, (area, value) in enumerate(zip(ranked, values.tolist(), strict=True), start=1):
        bar = 100 * value / largest if largest > 0 and value > 0 else 0.0
        rows.append(
            TableRow(
                row=area.row,
                rank=rank,
                name=labels[area.row],
                count=area.count if area.known else None,
                density=area.density,
                density_low=_known(area.density_low),
                density_high=_known(area.density_high),
                rate=area.rate,
                rate_low=_known(area.rate_low),
                rate_high=_known(area.rate_high),
                no_rate=_why_none(float(residents[area.row]), days=days),
                size=float(sizes[area.row]),
                residents=float(residents[area.row]),
                bar=round(bar, 1),
                value=value,
            )
        )
    return rows


def _known(number: float) -> float | None:
    return number if math.isfinite(number) else None


def _value(area: RankedArea, measure: str) -> float:
    count = float(area.count) if area.known else math.nan
    values = {COUNT: count, DENSITY: area.density, RATE: area.rate}
    return values[measure]


def _top_state(situation: Situation, rows: list[TableRow]) -> str:
    """Return why a ranking is empty: `missing` record, `unknown` values, or `none` counted."""
    if not has_record(situation.table):
        return "missing"
    return "unknown" if all(math.isnan(row.value) for row in rows) and rows else "none"


def _why_none(residents: float, *, days: int) -> str:
    """Return why an area has no rate, nothing where it has one."""
    if not math.isfinite(residents):
        return _("The number of residents is not known.")
    if residents < FEWEST_RESIDENTS:
        return _("Fewer than {n} residents.").format(n=format_number(FEWEST_RESIDENTS))
    return "" if days else _("No day has the record of every chosen source.")


def _why_no_rate(table: CountTable) -> str:
    """Return why none of the areas can have a rate."""
    if (table.areas[schema.RESIDENTS] >= 0).any():
        return _("In none of these areas are {n} residents or more known to live.").format(
            n=format_number(FEWEST_RESIDENTS)
        )
    return _("The number of residents of these areas is not known.")


def _chart_text(situation: Situation) -> str:
    """Return the town's line in words, for those who do not see it."""
    record = situation.table.record
    known = [i for i, state in enumerate(record) if state != schema.MISSING]
    if not known:
        return _("No period has a record.")
    town = situation.town
    most = max(known, key=lambda i: int(town[i]))
    n = int(town[most])
    text = ngettext(
        "{periods} periods, {missing} of them without record. Most in {label}: {n} incident.",
        "{periods} periods, {missing} of them without record. Most in {label}: {n} incidents.",
        n,
    )
    return text.format(
        periods=len(record),
        missing=len(record) - len(known),
        label=period_label(situation.table.periods[most], situation.selection.every),
        n=n,
    )


def _is_wholly_displaced(params: PageParams, known: Known) -> bool:
    chosen = [source for source in known.chosen(params.sources) if source.n_incidents]
    return (
        params.by not in schema.DISPLACED_KINDS
        and bool(chosen)
        and all(source.n_displaced == source.n_incidents for source in chosen)
    )


def _coarser(text: str, params: PageParams, present: tuple[str, ...]) -> Notice:
    """Return a notice whose way on are districts, or the whole town where it has none."""
    by = schema.DISTRICT if schema.DISTRICT in present else schema.MUNICIPALITY
    action = _("Show districts") if by == schema.DISTRICT else _("Show the whole municipality")
    return Notice(text, action, params.but(by=by, index=None).to_query())


def _displaced_source(params: PageParams, present: tuple[str, ...]) -> Notice:
    return _coarser(
        _(
            "The publisher moved every position of the chosen source to the centre of an area. "
            "Such positions say nothing about streets, so no map of them is drawn here. By "
            "district they can be counted."
        ),
        params,
        present,
    )


def _displaced(params: PageParams, situation: Situation, present: tuple[str, ...]) -> list[Notice]:
    """Return the notice of incidents left out because their positions are not exact."""
    n = sum(part.n for part in situation.left_out if part.reason == "displaced")
    if not n:
        return []
    text = ngettext(
        "{n} incident with a position moved by its publisher is left out here; "
        "it can be counted by district.",
        "{n} incidents with positions moved by their publisher are left out here; "
        "they can be counted by district.",
        n,
    )
    return [_coarser(text.format(n=format_number(n)), params, present)]
