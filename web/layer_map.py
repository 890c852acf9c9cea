"""The map of the layers in force, for the frame of the page of layers."""

import secrets

from flask import Blueprint, Response, make_response, request

from hotspots import layers
from hotspots.i18n import _, current_language
from hotspots.maps.area_map import build_area_map
from hotspots.maps.background import tile_hosts
from hotspots.maps.time_map import render_html
from web.answers import DataChangedError, answers, retried
from web.cache import LruCache
from web.security import map_policy

bp = Blueprint("layer_map", __name__)
_PLACE_OF_NONCE = secrets.token_urlsafe(24)
_pages: LruCache[str] = LruCache(4)


@bp.get("/layers/map")
@retried
def show() -> Response:
    """Answer the map, to be shown in a sandboxed frame; never kept by the browser."""
    workspace = answers().workspace
    background = workspace.settings.background
    root = request.script_root

    version = layers.layers_version(workspace)

    def make() -> str:
        chart = build_area_map(
            workspace, nonce=_PLACE_OF_NONCE, asset_url=f"{root}/assets/", background=background
        )
        if layers.layers_version(workspace) != version:
            raise DataChangedError(_("The layers are just being changed; ask again in a moment."))
        return render_html(chart)

    key = (str(workspace.path), version, background, current_language(), root)
    nonce = secrets.token_urlsafe(18)
    response = make_response(_pages.get(key, make).replace(_PLACE_OF_NONCE, nonce))
    response.headers["Content-Security-Policy"] = map_policy(nonce, tile_hosts(background))
    response.headers["Cache-Control"] = "no-store"
    return response
