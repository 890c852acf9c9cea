"""The page of one job: how far it has come, how to stop it, and what it did."""

from flask import (
    Blueprint,
    Response,
    current_app,
    jsonify,
    make_response,
    redirect,
    render_template,
    request,
    url_for,
)

from hotspots.i18n import _, format_share
from web import texts
from web.changes import is_local
from web.jobs import CANCELLED, DONE, FAILED, INTERRUPTED, RUNNING, Job, Jobs
from web.layer_parts import group_problems, no_store

bp = Blueprint("jobs", __name__)


def jobs() -> Jobs:
    """Return the jobs of the running application."""
    found = current_app.extensions["hotspots_jobs"]
    assert isinstance(found, Jobs)  # noqa: S101 - set by create_app
    return found


def job_state_label(state: str) -> str:
    """Return how far a job has come, in a word or two."""
    return {
        RUNNING: _("running"),
        DONE: _("done"),
        FAILED: _("failed"),
        CANCELLED: _("stopped"),
        INTERRUPTED: _("interrupted"),
    }.get(state, state)


def to_job(job: Job) -> Response:
    """Send the browser to the page of a job, so that a reload repeats nothing."""
    address = url_for("jobs.show", job_id=job.job_id, lang=request.args.get("lang"))
    response = make_response(redirect(address, 303))
    response.headers["Cache-Control"] = "no-store"
    return response


@bp.get("/layers/jobs/<job_id>")
def show(job_id: str) -> Response:
    """Answer the page of a job."""
    job = jobs().find(job_id)
    outcome = job.outcome
    groups = group_problems(outcome.problems) if outcome else []
    return no_store(
        render_template(
            "job.html", job=job, outcome=outcome, groups=groups, can_change=is_local(request)
        )
    )


@bp.get("/layers/jobs/<job_id>.json")
def state(job_id: str) -> Response:
    """Answer how far a job has come."""
    job = jobs().find(job_id)
    response = jsonify(
        state=job.state,
        stopping=job.stopping,
        text=texts.sentence(job.text),
        share=round(job.share, 3),
        shown=format_share(job.share),
    )
    response.headers["Cache-Control"] = "no-store"
    return response


@bp.post("/layers/jobs/<job_id>/cancel")
def cancel(job_id: str) -> Response:
    """Tell a job to stop."""
    return to_job(jobs().cancel(job_id))
