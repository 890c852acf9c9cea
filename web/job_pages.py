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

from hotspots.i18n import LANGUAGES, _, format_share
from web import texts
from web.access import Right
from web.auth import may, user_name
from web.jobs import (
    BACKUP,
    CANCELLED,
    DONE,
    FAILED,
    INTERRUPTED,
    LAYERS,
    RUNNING,
    Job,
    Jobs,
    no_job,
)
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


def may_see(job: Job) -> bool:
    """Return whether whoever asks started a job, or has the right to do what it does."""
    is_own = bool(job.user_name) and job.user_name == user_name()
    needed = {LAYERS: Right.LAYERS, BACKUP: Right.ADMINISTER}.get(job.about, Right.IMPORT)
    return is_own or may(needed)


def find_job(job_id: str) -> Job:
    """Return a job that whoever asks may see.

    Raises
    ------
    NotFoundError
        There is none, or it is not theirs to see: which, is not said.
    """
    job = jobs().find(job_id)
    if not may_see(job):
        raise no_job()
    return job


def to_job(job: Job) -> Response:
    """Send the browser to the page of a job, so that a reload repeats nothing."""
    return see_other(url_for("jobs.show", job_id=job.job_id))


def see_other(address: str) -> Response:
    """Send the browser to another of these pages, in the language of this one."""
    path, _hash, part = address.partition("#")
    lang = request.args.get("lang", "")
    if lang in LANGUAGES:
        path += ("&" if "?" in path else "?") + f"lang={lang}"
    response = make_response(redirect(path + (f"#{part}" if part else ""), 303))
    response.headers["Cache-Control"] = "no-store"
    return response


def is_own_address(address: str) -> bool:
    """Return whether an address is a path on this server."""
    return address.startswith("/") and not address.startswith(("//", "/\\"))


# The address registered first, the lower one, is the one that links use.
@bp.get("/layers/jobs/<job_id>")
@bp.get("/jobs/<job_id>")
def show(job_id: str) -> Response:
    """Answer the page of a job; one that has made something of its own leads there."""
    job = find_job(job_id)
    outcome = job.outcome
    if outcome is not None and is_own_address(outcome.leads_to):
        return see_other(outcome.leads_to)
    groups = group_problems(outcome.problems) if outcome else []
    return no_store(
        render_template(
            "job.html",
            job=job,
            outcome=outcome,
            groups=groups,
            about_layers=job.about == LAYERS,
            about_backup=job.about == BACKUP,
            back=job.back if is_own_address(job.back) else "",
        )
    )


@bp.get("/layers/jobs/<job_id>.json")
@bp.get("/jobs/<job_id>.json")
def state(job_id: str) -> Response:
    """Answer how far a job has come."""
    job = find_job(job_id)
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
@bp.post("/jobs/<job_id>/cancel")
def cancel(job_id: str) -> Response:
    """Tell a job to stop."""
    return to_job(jobs().cancel(find_job(job_id).job_id))
