"""Downloads of the count table a page shows."""

import tempfile
from pathlib import Path

from flask import Blueprint, Response, make_response, request

from hotspots import export
from hotspots.accounts.audit import EXPORT
from hotspots.errors import NotFoundError, ParameterError
from hotspots.i18n import _, format_number
from web.answers import answers, entity_tag, retried
from web.asked import read_params
from web.recording import record_before

MAX_CELLS = 400_000
bp = Blueprint("export", __name__)
TYPES = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "geojson": "application/geo+json",
    "gpkg": "application/geopackage+sqlite3",
    "parquet": "application/vnd.apache.parquet",
}


@bp.get("/export.<suffix>")
@retried
def download(suffix: str) -> Response:
    """Answer the counts as a file."""
    if suffix not in TYPES:
        raise NotFoundError(
            _("There is no export as “{suffix}”. Known: {known}.").format(
                suffix=suffix[:20], known=", ".join(TYPES)
            )
        )
    params = read_params()
    known = answers().known()
    tag = entity_tag(known)
    selection = params.selection(known.record(params.sources))
    asked = {"page": "situation", "format": suffix, "filter": selection.to_query()}
    if request.if_none_match.contains_weak(tag):  # the browser gives out what it has
        record_before(EXPORT, f"hotspots.{suffix}", **asked, kept=True)
        response = make_response("", 304)
    else:
        situation = answers().situation(selection, known.version)
        n_cells = len(situation.table.areas) * len(situation.table.periods)
        if n_cells > MAX_CELLS:
            raise ParameterError(
                _(
                    "This table would have {n} rows, at most {most} are given out here; choose "
                    "longer steps or a shorter period."
                ).format(n=format_number(n_cells), most=format_number(MAX_CELLS))
            )
        with tempfile.TemporaryDirectory(prefix="hotspots-export-") as directory:
            path = Path(directory) / f"hotspots.{suffix}"
            export.write_counts(situation.table, path, finding=situation.finding)
            record_before(EXPORT, f"hotspots.{suffix}", **asked, rows=n_cells)
            response = make_response(path.read_bytes())
        response.headers["Content-Type"] = TYPES[suffix]
        name = f"hotspots_{params.by}_{situation.span.start}_{situation.span.end}.{suffix}"
        response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    response.headers["Cache-Control"] = "private, no-cache"
    response.set_etag(tag, weak=True)
    return response
