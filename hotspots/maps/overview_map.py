"""The overview's map: districts in classes of colour, of published numbers only."""

from typing import Any, Final

import folium
import geopandas as gpd
import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from hotspots import schema
from hotspots.analysis.overview import Number, Overview
from hotspots.analysis.overview_tables import GOAL
from hotspots.analysis.overview_words import small_text
from hotspots.errors import NotFoundError
from hotspots.i18n import _, current_language
from hotspots.maps.assets import OVERVIEW_SCRIPTS, OVERVIEW_STYLES
from hotspots.maps.classes import N_CLASSES, PALETTE, ZERO_COLOUR
from hotspots.maps.framed_map import FramedMap
from hotspots.maps.payload import to_json
from hotspots.maps.shapes import PER_DEGREE, Encoder, first_view
from hotspots.maps.time_choropleth import MapFigure, TimeMap
from hotspots.privacy import HIDDEN, SMALL, THRESHOLD

_SIMPLIFY_M: Final = 5.0
# What a hidden number is to the map's script.
_MARKS: Final = {SMALL: "s", HIDDEN: "h", schema.MISSING: "m"}


def build_overview_map(
    found: Overview, boundary: BaseGeometry, *, nonce: str, asset_url: str
) -> folium.Map:
    """Return the map for a frame in the page, in the language in force.

    Parameters
    ----------
    found
        What is published; nothing else is known here.
    boundary
        The study area, EPSG:5514.
    nonce
        Mark that scripts and styles carry for the content-security policy.
    asset_url
        Address of the directory that serves the map's scripts and styles, ending with a slash.

    Raises
    ------
    NotFoundError
        The overview has no areas or no year.
    """
    if found.areas is None or not found.years:
        raise NotFoundError(_("the overview has no map: no districts, or no published year"))
    figure = MapFigure(
        title=_("Map of districts"), language=current_language(), nonce=nonce, policy=""
    )
    chart = TimeMap(figure)
    data = to_json(make_overview_payload(found, found.areas, boundary))
    DistrictNumbers(data, nonce=nonce, asset_url=asset_url).add_to(chart)
    return chart


class DistrictNumbers(FramedMap):
    """Districts with their published numbers."""

    style_class = "hs-overview"
    below = '<div class="hs-legend"></div>'
    start = "startOverview"
    styles = OVERVIEW_STYLES
    scripts = OVERVIEW_SCRIPTS


def make_overview_payload(
    found: Overview, areas: gpd.GeoDataFrame, boundary: BaseGeometry
) -> dict[str, Any]:
    """Return the data of the map, fit for JSON; a hidden number is a letter, not a number."""
    years = [year for year in found.years if year.town[GOAL].mark != schema.MISSING]
    years = years or [found.years[-1]]
    start = years.index(found.year) if found.year in years else len(years) - 1
    values = np.array([[_value(row[GOAL]) for row in year.areas] for year in years])
    shapes = list(shapely.coverage_simplify(areas.geometry.to_numpy(), _SIMPLIFY_M))
    view = first_view(shapes, np.nan_to_num(values).sum(axis=0), boundary)
    origin = (round(view[0][1], 3), round(view[0][0], 3))
    encoder = Encoder(origin)
    spots = shapely.get_coordinates(shapely.point_on_surface(areas.geometry.to_numpy()))
    return {
        "origin": origin,
        "perDegree": PER_DEGREE,
        "view": view,
        "boundary": encoder.geometry(shapely.simplify(boundary, _SIMPLIFY_M)),
        "names": areas[schema.NAME].astype(str).to_list(),
        "shapes": [encoder.geometry(shape) for shape in shapes],
        "spots": [encoder.part(spot[None, :]) for spot in spots],
        "years": [
            {
                "label": year.period.label,
                "partial": year.town[GOAL].record == schema.PARTIAL,
                "values": [_shown(row[GOAL]) for row in year.areas],
            }
            for year in years
        ],
        "start": start,
        "breaks": _round_breaks(values),
        "palette": PALETTE,
        "zeroColour": ZERO_COLOUR,
        "texts": {
            "year": _("Year"),
            "unit": _("public order and civic coexistence, offences in the year"),
            "small": small_text(),
            "hidden": _("hidden"),
            "missing": _("no record"),
            "zero": "0",
            "partial": _("a part of the record only"),
            "approximate": _("approximate boundaries") if areas[schema.DERIVED].any() else "",
            "north": _("N"),
            "northTitle": _("North is up"),
            "zoomIn": _("Zoom in"),
            "zoomOut": _("Zoom out"),
            "upTo": _("up to {high}"),
            "over": _("over {low}"),
            "between": _("{low}–{high}"),
        },
    }


def _value(number: Number) -> float:
    return float("nan") if number.count is None else float(number.count)


def _shown(number: Number) -> int | str:
    return _MARKS[number.mark] if number.count is None else number.count


def _round_breaks(values: np.ndarray[Any, Any]) -> tuple[int, ...]:
    """Return the upper bounds of every class but the last: 9, 14, 19 for 5–9, 10–14, 15–19, 20+.

    Readable from the last row, and the same for all years.
    """
    shown = values[np.isfinite(values)]
    most = int(shown.max()) if len(shown) else 0
    steps = (factor * 10**power for power in range(12) for factor in (5, 10, 20, 25))
    step = next(step for step in steps if most < step * (N_CLASSES + (step == THRESHOLD)))
    breaks = (step * k - 1 for k in range(1, N_CLASSES + 2))
    return tuple(bound for bound in breaks if THRESHOLD <= bound < most)[: N_CLASSES - 1]
