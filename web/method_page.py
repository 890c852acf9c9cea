"""The page `/method`: how the numbers come about, and when they mislead."""

from flask import Blueprint, Response, make_response, render_template, request

from hotspots.aggregate import FEWEST_RESIDENTS
from web import texts
from web.access import Right
from web.answers import answers, retried
from web.asked import read_params
from web.auth import may

bp = Blueprint("method", __name__)


@bp.get("/method")
@retried
def show() -> Response:
    """Answer the page; with the query of a map it begins with that map's own method."""
    params = read_params()
    settings = answers().workspace.settings
    known = answers().known()
    situation = None
    # A map's own method tells its counts, which are not for everyone who may read the method.
    if may(Right.VIEW) and known.n_incidents and request.args.keys() - {"lang"}:
        selection = params.selection(known.record(params.sources))
        situation = answers().situation(selection, known.version)
    page = render_template(
        "method.html",
        situation=situation,
        finding=situation.finding if situation else None,
        query=params.to_query(),
        settings=settings,
        fewest_residents=FEWEST_RESIDENTS,
        texts=texts,
    )
    response = make_response(page)
    response.headers["Cache-Control"] = "private, no-cache"
    return response
