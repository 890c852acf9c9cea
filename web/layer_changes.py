"""What changes layers: forms that start a job, and the pages that ask before it starts."""

import shutil
from functools import partial

from flask import Blueprint, Response, render_template, request

from hotspots.accounts.audit import LAYERS
from hotspots.analysis.replacement import say_gone, what_would_move
from hotspots.i18n import _, format_number, ngettext
from hotspots.layers.checks.comparison import compare_versions
from hotspots.layers.checks.placement_words import placement_lines
from hotspots.layers.checks.repairs import plan_repairs
from hotspots.layers.held import list_losses, say_losses
from hotspots.layers.versions import current_version, placement, version_file
from web import layer_work
from web.answers import answers
from web.auth import user_name
from web.job_pages import jobs, to_job
from web.jobs import new_job_id
from web.layer_facts import layer_label, version_rows
from web.layer_forms import FetchForm, ImportForm, read_since, read_version_id
from web.layer_parts import no_store
from web.recording import start_recorded
from web.uploads import FormError, save_files

bp = Blueprint("layer_changes", __name__)


@bp.post("/layers/import")
def import_files() -> Response:
    """Take files and start their import."""
    jobs().require_idle()
    form = ImportForm.read(request.form)
    job_id = new_job_id()
    directory = jobs().uploads / job_id
    try:
        files = save_files(request.files.getlist("files"), directory)
        if form.allow_other_town:
            _require_no_incidents()
        workspace = answers().workspace
        work = partial(layer_work.import_files, workspace, files, form)
        if form.dry_run:
            title = _("Trial of an import")
            job = jobs().start("import", title, work, job_id=job_id, user_name=user_name())
        else:
            job = start_recorded(
                "import",
                _("Import of layers"),
                work,
                action=LAYERS,
                subject=", ".join(file.name for file in files),
                details={"what": "import", "kind": form.as_kind},
                job_id=job_id,
            )
        return to_job(job)
    except BaseException:
        shutil.rmtree(directory, ignore_errors=True)
        raise


@bp.post("/layers/fetch")
def fetch() -> Response:
    """Start fetching the official layers."""
    form = FetchForm.read(request.form)
    _require_town(form)
    workspace = answers().workspace
    return to_job(
        start_recorded(
            "fetch",
            _("Fetching official layers"),
            partial(layer_work.fetch, workspace, form),
            action=LAYERS,
            details={"what": "fetch", "municipality": form.municipality},
        )
    )


def _require_town(form: FetchForm) -> None:
    """Raise `FormError` before anything is fetched that would be refused afterwards."""
    settings = answers().workspace.settings
    if form.municipality == settings.municipality:
        return
    if not form.allow_other_town:
        raise FormError(
            _(
                "The code {code} is of another municipality than {town} ({known}). If the study "
                "area shall change, allow it under “More choices”."
            ).format(code=form.municipality, town=settings.town, known=settings.municipality)
        )
    _require_no_incidents()


def _require_no_incidents() -> None:
    """Raise `FormError` if incidents are kept: they are of the town of now."""
    with answers().store() as store:
        n = sum(source.n_incidents for source in store.sources())
    if n:
        raise FormError(
            ngettext(
                "There is {n} incident of {town} here, so the study area cannot become another "
                "town. Make a workspace of its own for that one.",
                "There are {n} incidents of {town} here, so the study area cannot become another "
                "town. Make a workspace of its own for that one.",
                n,
            ).format(n=format_number(n), town=answers().workspace.settings.town)
        )


@bp.get("/layers/repair")
def ask_repair() -> Response:
    """Answer what safe repairs would change, and ask."""
    planned = plan_repairs(answers().workspace)
    by_code: dict[str, list[str]] = {}
    for repair in planned:
        if not repair.refused:
            by_code.setdefault(repair.code, []).append(repair.text)
    return no_store(
        render_template(
            "layers_repair.html",
            repairs=by_code,
            refused=[repair.text for repair in planned if repair.refused],
        )
    )


@bp.post("/layers/repair")
def repair() -> Response:
    """Start the repairs chosen, as far as they are still planned."""
    workspace = answers().workspace
    known = {planned.code for planned in plan_repairs(workspace) if not planned.refused}
    codes = tuple(code for code in dict.fromkeys(request.form.getlist("code")) if code in known)
    if not codes:
        raise FormError(_("No repair was chosen that is still needed. Look at the check again."))
    return to_job(
        start_recorded(
            "repair",
            _("Repair of layers"),
            partial(layer_work.repair, workspace, codes),
            action=LAYERS,
            details={"what": "repair", "repairs": codes},
        )
    )


@bp.get("/layers/versions/<int:version_id>")
def version(version_id: int) -> Response:
    """Answer a version beside the one in force, and ask whether to put it there."""
    workspace = answers().workspace
    version_file(workspace, version_id)  # says which there are
    current = current_version(workspace).version_id
    rows = {row.version_id: row for row in version_rows(workspace)}
    differences = () if version_id == current else compare_versions(workspace, current, version_id)
    return no_store(
        render_template(
            "layers_version.html",
            version=rows[version_id],
            current=rows[current],
            changed=[
                (layer_label(one.kind), one.lines()) for one in differences if not one.is_same
            ],
            same=[layer_label(one.kind) for one in differences if one.is_same],
            lost=say_losses(workspace, list_losses(workspace, version_id)),
        )
    )


@bp.post("/layers/use")
def use() -> Response:
    """Start putting a version in force."""
    workspace = answers().workspace
    version_id = read_version_id(request.form)
    version_file(workspace, version_id)
    return to_job(
        start_recorded(
            "use",
            _("Switch of layers"),
            partial(layer_work.use, workspace, version_id),
            action=LAYERS,
            details={
                "what": "use",
                "version": version_id,
                "before": current_version(workspace).version_id,
            },
        )
    )


@bp.get("/layers/place")
def ask_place() -> Response:
    """Answer which incidents would move if they were placed by the layers in force, and ask."""
    workspace = answers().workspace
    since = read_since(request.args)
    with answers().store() as store:
        moved = what_would_move(store, workspace, since=since)
    return no_store(
        render_template(
            "layers_place.html",
            moved=moved,
            gone=say_gone(moved),
            since=since,
            placed=placement_lines(placement(workspace)),
        )
    )


@bp.post("/layers/place")
def place() -> Response:
    """Start placing incidents anew, all or from a day on."""
    since = read_since(request.form)
    workspace = answers().workspace
    return to_job(
        start_recorded(
            "place",
            _("Placing incidents anew"),
            partial(layer_work.place, workspace, since),
            action=LAYERS,
            details={"what": "place", "since": since},
        )
    )
