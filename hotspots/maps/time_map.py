"""The time map: a situation drawn as one Folium map that plays over its periods."""

import hashlib
from pathlib import Path
from typing import Final

import folium
import numpy as np

from hotspots import schema
from hotspots.analysis.situation import Situation
from hotspots.errors import ParameterError
from hotspots.files import replacing
from hotspots.i18n import LANGUAGES, _, current_language, use_language
from hotspots.maps.background import find_background, tile_hosts
from hotspots.maps.drawing import Drawing
from hotspots.maps.layers import MapLayers, read_map_layers
from hotspots.maps.payload import make_payload, to_json
from hotspots.maps.texts import about_lines, credit_line
from hotspots.maps.time_choropleth import INLINE, LINKED, MapFigure, TimeChoropleth, TimeMap
from hotspots.maps.windows import Window, list_measures, list_windows, parse_window, window_bounds
from hotspots.selection import COUNT

DEFAULT_ASSET_URL: Final = "/assets/"

__all__ = ["MapLayers", "build_map", "read_map_layers", "render_html", "write_map"]


def build_map(
    situation: Situation,
    layers: MapLayers,
    *,
    measure: str = COUNT,
    window: Window = 1,
    index: int | None = None,
    language: str | None = None,
    assets: str = INLINE,
    background: str = "none",
    nonce: str | None = None,
    embedded: bool = False,
    asset_url: str = DEFAULT_ASSET_URL,
    drawing: Drawing | None = None,
) -> folium.Map:
    """Return the map of a situation.

    Parameters
    ----------
    situation
        What to show; it is computed, the map computes only sums over windows.
    layers
        What to draw beside the counted areas, EPSG:5514.
    measure
        `count`, `density` (per 100 m for streets and segments, else per km²) or `rate` (per
        1,000 residents and year), where the map opens; the reader can change it.
    window
        1, 3, 6 or 12 periods, or `all`, where the map opens. More than there are is `all`.
    index
        Last period of the window where the map opens, from 0; None is the last with record.
    language
        `cs` or `en`; None is the language in force.
    assets
        `inline` puts every script and style into the page, `linked` points to `asset_url`.
    background
        `none`, or `cuzk` or `osm` tiles, which need internet.
    nonce
        Mark that scripts and styles carry for the content-security policy; None derives one from
        the data, and an inline page then states its policy itself.
    embedded
        For a frame in a page that has its own heading, table and source lines, and listens to
        messages.
    asset_url
        Where the page finds linked assets.
    drawing
        Of the situation's areas and of `layers`, where the caller keeps it.

    Raises
    ------
    ParameterError
        No such measure, window, language, background or way of assets; a rate where nobody knows
        the residents; an index outside the periods.
    """
    if assets not in (INLINE, LINKED):
        raise ParameterError(
            _("assets must be one of {known}, got '{value}'").format(
                known=f"{INLINE}, {LINKED}", value=assets
            )
        )
    language = current_language() if language is None else language
    if language not in LANGUAGES:
        raise ParameterError(
            _("language must be one of {known}, got '{value}'").format(
                known=", ".join(LANGUAGES), value=language
            )
        )
    table = situation.table
    window = parse_window(window)
    if window not in list_windows(len(table.periods)):
        window = "all"
    measures = list_measures(table)
    if measure not in measures:
        raise ParameterError(
            _("measure must be one of {known} here, got '{value}'").format(
                known=", ".join(measures), value=measure
            )
        )
    index = _start_index(situation, window, index)
    tiles = find_background(background)
    with use_language(language):
        data = to_json(
            make_payload(
                situation,
                layers,
                drawing=drawing,
                measure=measure,
                window=window,
                index=index,
                background=background,
                embedded=embedded,
            )
        )
        attribution = tiles.attribution if tiles else ""
        about = about_lines(situation, attribution)
    states_policy = nonce is None and assets == INLINE
    mark = hashlib.sha256(data.encode()).hexdigest()[:32] if nonce is None else nonce
    figure = MapFigure(
        title=situation.finding.sentence,
        language=language,
        nonce=mark,
        policy=_policy(mark, background) if states_policy else "",
    )
    chart = TimeMap(figure)
    TimeChoropleth(
        data,
        heading=situation.finding.sentence,
        detail=situation.finding.detail,
        about=about,
        credit=credit_line(situation.finding, attribution),
        nonce=mark,
        assets=assets,
        embedded=embedded,
        asset_url=asset_url,
    ).add_to(chart)
    return chart


def render_html(chart: folium.Map) -> str:
    """Return the map as a whole HTML page."""
    return str(chart.get_root().render())


def write_map(
    situation: Situation,
    layers: MapLayers,
    path: Path,
    *,
    measure: str = COUNT,
    window: Window = 1,
    index: int | None = None,
    language: str | None = None,
    background: str = "none",
) -> None:
    """Write the map as one file that opens by itself; whole or not at all.

    Parameters are those of `build_map`. Scripts and styles are inside; with background `none`
    the file asks for nothing from any network.

    Raises
    ------
    ParameterError
        As `build_map`, or the directory does not exist.
    StoreError
        The file cannot be written.
    """
    page = render_html(
        build_map(
            situation,
            layers,
            measure=measure,
            window=window,
            index=index,
            language=language,
            background=background,
        )
    )
    with replacing(Path(path)) as draft:
        draft.write_text(page, encoding="utf-8", newline="\n")


def _start_index(situation: Situation, window: Window, index: int | None) -> int:
    n_periods = len(situation.table.periods)
    if index is not None and not 0 <= index < max(n_periods, 1):
        raise ParameterError(
            _("index must be from 0 to {last}, got {value}").format(
                last=max(n_periods - 1, 0), value=index
            )
        )
    if n_periods == 0:
        return 0
    if index is None:
        known = np.flatnonzero(np.array(situation.table.record) != schema.MISSING)
        index = int(known[-1]) if len(known) else n_periods - 1
    _first, last = window_bounds(n_periods, window)
    return max(index, int(last[0]))


def _policy(nonce: str, background: str) -> str:
    images = " ".join(("data:", *tile_hosts(background)))
    return (
        f"default-src 'none'; script-src 'nonce-{nonce}'; style-src 'nonce-{nonce}'; "
        f"img-src {images}; base-uri 'none'; form-action 'none'"
    )
