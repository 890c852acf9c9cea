"""The page `/data`: sources, their periods of record, the last imports, and the layers in force."""

from typing import Final

from flask import Blueprint, Response, make_response, render_template, request

from hotspots.i18n import _
from web.access import Right
from web.answers import answers, retried
from web.auth import may
from web.batch_pages import REPORT_FORMAT, list_rows
from web.layer_facts import describe_layers

bp = Blueprint("data", __name__)
LAST_SHOWN: Final = 5


@bp.get("/data")
@retried
def show() -> Response:
    """Answer the page."""
    known = answers().known()
    with answers().store() as store:
        batches = store.batches()
    files = [batch for batch in reversed(batches) if batch.format != REPORT_FORMAT]
    in_force = describe_layers(answers().workspace) if answers().has_layers else None
    answers().check(known.version)
    page = render_template(
        "data.html",
        sources=known.sources,
        batches=list_rows(files[:LAST_SHOWN]),
        n_batches=len(batches),
        in_force=in_force,
        done=_("The periods of record are kept.") if request.args.get("done") == "record" else "",
        can_change=may(Right.IMPORT),
    )
    response = make_response(page)
    response.headers["Cache-Control"] = "no-store"
    return response
