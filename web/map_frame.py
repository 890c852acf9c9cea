"""The map for the page's frame, and the vendored files it asks for."""

import secrets

from flask import Blueprint, Response, make_response, request

from hotspots.i18n import current_language
from hotspots.maps.assets import asset_file
from hotspots.maps.background import tile_hosts
from hotspots.maps.time_map import build_map, render_html
from hotspots.maps.windows import list_measures
from hotspots.selection import COUNT
from web.answers import answers, retried
from web.asked import read_params
from web.params import ALL
from web.security import map_policy

bp = Blueprint("map", __name__)
ASSET_MAX_AGE_S = 31_536_000
# Stands in a remembered page for the nonce, which is new in every answer.
_PLACE_OF_NONCE = secrets.token_urlsafe(24)


@bp.get("/map")
@retried
def show() -> Response:
    """Answer the map of a question, to be shown in a sandboxed frame.

    Never kept by the browser: its scripts carry a nonce that belongs to one answer.
    """
    params = read_params()
    known = answers().known()
    workspace = answers().workspace
    selection = params.selection(known.record(params.sources))

    root = request.script_root

    def make() -> str:
        situation = answers().situation(selection, known.version)
        n_periods = len(situation.table.periods)
        measure = params.measure if params.measure in list_measures(situation.table) else COUNT
        window: int | str = "all" if params.window == ALL else params.window
        # A position of a longer period falls back to the last that this one has.
        index = None if params.index is None or not n_periods else min(params.index, n_periods - 1)
        layers, drawing = answers().drawn(situation, known.version)
        built = build_map(
            situation,
            layers,
            drawing=drawing,
            measure=measure,
            window=window,
            index=index,
            language=current_language(),
            assets="linked",
            background=workspace.settings.background,
            nonce=_PLACE_OF_NONCE,
            embedded=True,
            asset_url=f"{root}/assets/",
        )
        answers().check_layers(known.version)  # settings were read after the counts
        return render_html(built)

    place = (params.measure, params.window, params.index)
    with answers().turn:
        page = answers().maps.get((known.version, current_language(), selection, *place), make)
    nonce = secrets.token_urlsafe(18)
    response = make_response(page.replace(_PLACE_OF_NONCE, nonce))
    response.headers["Content-Security-Policy"] = map_policy(
        nonce, tile_hosts(workspace.settings.background)
    )
    response.headers["Cache-Control"] = "no-store"
    return response


@bp.get("/assets/<name>")
def asset(name: str) -> Response:
    """Answer one of the map's scripts or styles; the frame without origin may use it."""
    types = {".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8"}
    path = asset_file(name)
    response = make_response(path.read_bytes())
    response.headers["Content-Type"] = types[path.suffix]
    response.headers["Cache-Control"] = f"public, max-age={ASSET_MAX_AGE_S}"
    return response
