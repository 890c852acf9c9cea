"""The page `/overview`, for the council: published numbers only, the same for everybody.

It takes no filters. Whoever may see more sees the same here, to know what the council sees.
"""

import secrets
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from flask import Blueprint, Response, make_response, render_template, request

from hotspots import layers, schema
from hotspots.analysis.overview import (
    LOCAL_TIME,
    PUBLISH_AFTER_DAYS,
    Number,
    Overview,
    YearNumbers,
    overview,
)
from hotspots.analysis.overview_tables import (
    AREA_GROUPS,
    FEWEST_FOR_QUARTERS,
    GOAL,
    QUARTER_GROUPS,
    TOWN_GROUPS,
)
from hotspots.analysis.overview_words import describe, group_label, number_text, small_text
from hotspots.i18n import _, current_language
from hotspots.layers.labels import kind_label
from hotspots.maps.overview_map import build_overview_map
from hotspots.maps.time_map import render_html
from hotspots.privacy import THRESHOLD
from web import errors
from web.answers import answers, entity_tag, retried
from web.cache import LruCache
from web.overview_chart import bar_chart
from web.security import map_policy

bp = Blueprint("overview", __name__)
_PLACE_OF_NONCE: Final = secrets.token_urlsafe(24)
_found: LruCache[Overview] = LruCache(4)
_maps: LruCache[str] = LruCache(4)


@dataclass(frozen=True)
class Row:
    """One line of a table: a name and published numbers."""

    name: str
    numbers: tuple[Number, ...]


def today() -> date:
    """Return the day on which the page is asked for, in Czechia."""
    return datetime.now(tz=LOCAL_TIME).date()


@bp.get("/overview")
@retried
def show() -> Response:
    """Answer the page."""
    if not answers().has_layers:
        return errors.no_layers()
    known = answers().known()
    found = find(known.version)
    tag = f"{entity_tag(known)}-{today().isoformat()}"
    if request.if_none_match.contains_weak(tag):
        response = make_response("", 304)
    else:
        response = make_response(_render(found))
    response.headers["Cache-Control"] = "private, no-cache"
    response.set_etag(tag, weak=True)
    return response


@bp.get("/overview/map")
@retried
def show_map() -> Response:
    """Answer the map of districts, to be shown in a sandboxed frame; never kept by the browser."""
    if not answers().has_layers:
        return errors.no_layers()
    workspace = answers().workspace
    version = answers().known().version
    root = request.script_root

    def make() -> str:
        chart = build_overview_map(
            find(version),
            layers.read_boundary(workspace),
            nonce=_PLACE_OF_NONCE,
            asset_url=f"{root}/assets/",
        )
        answers().check(version)
        return render_html(chart)

    key = (str(workspace.path), version, today(), current_language(), root)
    nonce = secrets.token_urlsafe(18)
    response = make_response(_maps.get(key, make).replace(_PLACE_OF_NONCE, nonce))
    response.headers["Content-Security-Policy"] = map_policy(nonce)
    response.headers["Cache-Control"] = "no-store"
    return response


def find(version: str) -> Overview:
    """Return what is published today of the data of `version`."""
    workspace = answers().workspace

    def make() -> Overview:
        with answers().store() as store:
            found = overview(store, workspace, today=today())
        answers().check(version)
        return found

    return _found.get((str(workspace.path), version, today()), make)


def _render(found: Overview) -> str:
    settings = answers().workspace.settings
    year = found.year
    return render_template(
        "overview.html",
        found=found,
        words=describe(found, town=settings.town),
        year=year,
        has_map=found.areas is not None and bool(found.years),
        chart=bar_chart(found),
        areas_of_year=_area_rows(found, year) if year else [],
        areas_by_year=_areas_by_year(found),
        area_label=kind_label(found.kind) if found.kind else "",
        town_rows=_town_rows(found),
        town_groups=TOWN_GROUPS,
        area_groups=AREA_GROUPS,
        group_label=group_label,
        number_text=number_text,
        small_text=small_text(),
        threshold=THRESHOLD,
        fewest_for_quarters=FEWEST_FOR_QUARTERS,
        publish_after_days=PUBLISH_AFTER_DAYS,
        missing=schema.MISSING,
        partial=schema.PARTIAL,
        today=today(),
    )


def _area_rows(found: Overview, year: YearNumbers) -> list[Row]:
    """Return the areas of one year: shown numbers falling, the others by name.

    No hidden number has a part in the order.
    """
    rows = [
        Row(name, tuple(numbers[group] for group in AREA_GROUPS))
        for name, numbers in zip(_names(found), year.areas, strict=True)
    ]
    rows.sort(key=lambda row: (-(row.numbers[-1].count or 0), row.name))
    elsewhere = tuple(year.elsewhere[group] for group in AREA_GROUPS)
    total = tuple(year.town[group] for group in AREA_GROUPS)
    return [*rows, Row(_("place not known"), elsewhere), Row(_("Whole town"), total)]


def _areas_by_year(found: Overview) -> list[Row]:
    rows = [
        Row(name, tuple(year.areas[place][GOAL] for year in found.years))
        for place, name in enumerate(_names(found))
    ]
    rows.sort(key=lambda row: row.name)
    elsewhere = tuple(year.elsewhere[GOAL] for year in found.years)
    total = tuple(year.town[GOAL] for year in found.years)
    return [*rows, Row(_("place not known"), elsewhere), Row(_("Whole town"), total)]


def _names(found: Overview) -> list[str]:
    return [] if found.areas is None else found.areas[schema.NAME].astype(str).to_list()


def _town_rows(found: Overview) -> list[tuple[str, str, dict[str, Number]]]:
    """Return (label, state of the record of goal 1, numbers by group) of every period."""
    rows = [(year.period.label, year.town[GOAL].record, year.town) for year in found.years]
    for quarter in found.quarters:
        label = _("quarter {n} of {year}").format(
            n=quarter.period.label[-1], year=quarter.period.start.year
        )
        numbers = {group: quarter.town[group] for group in QUARTER_GROUPS}
        rows.append((label, quarter.town[GOAL].record, numbers))
    return rows
