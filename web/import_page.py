"""The import wizard: a file, its mapping, ten rows as they will be understood, and the import."""

from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import Any

from flask import Blueprint, Response, current_app, render_template, request, url_for

from hotspots import schema
from hotspots.accounts.audit import IMPORT
from hotspots.errors import HotspotsError, NotFoundError
from hotspots.i18n import _, format_number, ngettext
from hotspots.ingest.mapping import Mapping
from hotspots.ingest.preview import Preview, UnmappedOffence, preview_file
from hotspots.offences import OFFENCE_GROUPS, offence_label
from web import import_work, texts
from web.answers import answers
from web.auth import user_name
from web.batch_account import AccountView
from web.errors import error_page
from web.import_facts import (
    DRAFT,
    FileFacts,
    find_fitting,
    find_open,
    look_at,
    propose_form,
    read_draft,
)
from web.import_form import (
    CRS_CHOICES,
    FIELD_GROUPS,
    MAX_OFFENCES,
    MAX_RECORD,
    NEW_SOURCE,
    USUAL,
    WizardForm,
    crs_label,
    field_label,
    group_label,
)
from web.import_staging import Staged, Staging
from web.job_pages import jobs, see_other, to_job
from web.jobs import INCIDENTS
from web.layer_parts import no_store
from web.recording import record_done, start_recorded
from web.uploads import MAX_BYTES, FormError

bp = Blueprint("imports", __name__)
FRAGMENT = "X-Fragment"
_VALUE_CHARS = 200  # longer values of the offence column are no offences


def staging() -> Staging:
    """Return the files that wait in the running application."""
    found = current_app.extensions["hotspots_staging"]
    assert isinstance(found, Staging)  # noqa: S101 - set by create_app
    return found


@bp.get("/import")
def show() -> Response:
    """Answer the page on which a file is chosen."""
    return no_store(
        render_template(
            "import.html",
            waiting=[(staged, _moment(staged)) for staged in staging().waiting()],
            max_mb=MAX_BYTES // 1_000_000,
        )
    )


@bp.post("/import")
def take() -> Response:
    """Take a file, look whether it can be read, and go on to its page."""
    staged = staging().take(request.files.getlist("file"))
    try:
        look_at(staged.path)
    except HotspotsError as error:
        staged.discard()
        raise FormError(import_work.reason_of(staged, error)) from error
    record_done(IMPORT, staged.name, state="received", **_file(staged))
    jobs().prepare()
    return see_other(url_for("imports.show_file", staged_id=staged.staged_id))


@bp.get("/import/<staged_id>")
def show_file(staged_id: str) -> Response:
    """Answer what is made of a file."""
    staged = staging().find(staged_id)
    try:
        facts, form = _understood(staged)
        return no_store(render_template("import_file.html", **_view(staged, facts, form)))
    except HotspotsError as error:
        return _unreadable(staged, error)


@bp.post("/import/<staged_id>")
def send(staged_id: str) -> Response:
    """Keep what the form says, then show it, try it, import it or discard the file."""
    staged = staging().find(staged_id)
    step = request.form.get("do", "look")
    if step == "discard":
        jobs().require_idle()
        staged.discard()
        record_done(IMPORT, staged.name, state="discarded", **_file(staged))
        return see_other(url_for("imports.show"))
    try:
        facts, form = _understood(staged)
        form = _sent(staged, facts, form)
    except FormError:
        raise
    except HotspotsError as error:
        return _unreadable(staged, error)
    address = url_for("imports.show_file", staged_id=staged_id)
    if request.headers.get(FRAGMENT):
        facts, form = _understood(staged)
        return no_store(render_template("import_preview.html", **_view(staged, facts, form)))
    if step not in {"try", "import"}:
        return see_other(address)
    known = _known_kinds()
    problems = form.problems(known, needs_mapping=not facts.is_police)
    if problems or facts.problem:
        page = render_template("import_file.html", **_view(staged, facts, form))
        response = no_store(page)
        response.status_code = 400
        return response
    order = import_work.Order(
        answers().workspace, staged, form, _mapping(facts, form), user=user_name()
    )
    if step == "try":
        return to_job(
            jobs().start(
                "incidents-try",
                _("Trial of {name}").format(name=staged.name),
                partial(import_work.try_file, order, f"{address}#trial"),
                about=INCIDENTS,
                back=address,
                directory=staged.directory,
                user_name=order.user,
            )
        )
    return to_job(
        start_recorded(
            "incidents-import",
            _("Import of {name}").format(name=staged.name),
            partial(import_work.bring_in, order, url_for("batches.show_all")),
            action=IMPORT,
            subject=staged.name,
            details={"what": "import", "source": form.source, **_file(staged)},
            about=INCIDENTS,
            back=address,
            directory=staged.directory,
        )
    )


def _file(staged: Staged) -> dict[str, Any]:
    """Return what the audit record says of a file."""
    return {"sha256": staged.sha256, "bytes": staged.size}


def _understood(staged: Staged) -> tuple[FileFacts, WizardForm]:
    """Return what the file is, and the form as it stands."""
    form = read_draft(staged)
    if form is None:
        facts = look_at(staged.path, choose=True)
        return facts, propose_form(answers().workspace, staged.path, facts)
    return look_at(staged.path, base=form.base, part=form.part), form


def _sent(staged: Staged, facts: FileFacts, before: WizardForm) -> WizardForm:
    """Read and keep what was sent; another sheet or remembered mapping fills it in anew."""
    form = WizardForm.read(
        request.form, columns=facts.columns, known=_known_kinds(), base=before.base
    )
    if form.part != before.part:
        others = look_at(staged.path, base=form.base, part=form.part)
        proposed = propose_form(answers().workspace, staged.path, others)
        form = replace(
            form,
            columns=proposed.columns,
            recalled=proposed.recalled,
            reasons=proposed.reasons,
            questions=proposed.questions,
        )
    elif form.recalled != before.recalled:
        workspace = answers().workspace
        proposed = propose_form(workspace, staged.path, facts, recalled=form.recalled)
        form = replace(proposed, record=form.record, part=form.part)
    else:
        form = replace(form, reasons=before.reasons, questions=before.questions)
    staged.keep_draft(DRAFT, form.to_dict())
    return form


def _mapping(facts: FileFacts, form: WizardForm) -> Mapping | None:
    if facts.is_police:
        return None
    return form.mapping(is_workbook=facts.is_workbook, is_layer=facts.is_layer)


def _known_kinds() -> dict[str, str]:
    """Return the sources that are known: id → kind."""
    with answers().store() as store:
        return {source.source_id: source.kind for source in store.sources()}


def _view(staged: Staged, facts: FileFacts, form: WizardForm) -> dict[str, Any]:
    """Return what the templates of the wizard show."""
    with answers().store() as store:
        sources = store.sources()
    known = {source.source_id: source.kind for source in sources}
    problems = form.problems(known, needs_mapping=not facts.is_police)
    preview, preview_problem = _preview(staged, facts, form)
    unmapped = _unmapped(preview)
    workspace = answers().workspace
    account, is_current = import_work.read_trial(staged, form)
    return {
        "staged": staged,
        "facts": facts,
        "form": form,
        "questions": find_open(workspace, staged.path, facts, form),
        "sources": sources,
        "new_source": NEW_SOURCE,
        "is_new": form.is_new_source or form.source not in known,
        "kinds": [(kind, texts.source_kind_label(kind)) for kind in schema.SOURCE_KINDS],
        "groups": _groups(facts, form),
        "crs_choices": [(crs, crs_label(crs)) for crs in _crs_choices(form)],
        "has_coordinates": not facts.has_geometry,
        "records": [(*form.record, *[("", "")] * MAX_RECORD)[n] for n in range(MAX_RECORD)],
        "preview": preview,
        "preview_problem": staged.plain(preview_problem),
        "read_of": _read_sentence(preview),
        "fitting": list(find_fitting(workspace, staged.path, facts)),
        "unused": [name for name in facts.columns if name and name not in form.columns.values()],
        "offences": _offences(form, unmapped),
        "n_more_offences": max(0, len({*form.offences, *unmapped}) - MAX_OFFENCES),
        "offence_groups": [(group, offence_label(group)) for group in OFFENCE_GROUPS],
        "problems": problems,
        "trial": None if account is None else AccountView.of(account),
        "trial_is_current": is_current,
        "running": jobs().running(),
    }


def _preview(staged: Staged, facts: FileFacts, form: WizardForm) -> tuple[Preview | None, str]:
    """Return the first rows, or why there are none to show."""
    if facts.is_police or facts.problem:
        return None, ""
    try:
        mapping = _mapping(facts, form)
    except HotspotsError:  # told among the problems of the form
        return None, ""
    assert mapping is not None  # noqa: S101 - files of the police have no preview
    try:
        preview = preview_file(answers().workspace, staged.path, mapping)
    except HotspotsError as error:
        return None, str(error)
    if not preview.n_read:
        return None, _("The file holds no rows below its header.")
    return preview, ""


def _read_sentence(preview: Preview | None) -> str:
    """Return which rows were looked through for offences."""
    if preview is None or preview.whole:
        return _("The whole file was looked through.")
    return ngettext(
        "The first {n} row was looked through; the trial reads all.",
        "The first {n} rows were looked through; the trial reads all.",
        preview.n_read,
    ).format(n=format_number(preview.n_read))


def _groups(facts: FileFacts, form: WizardForm) -> list[dict[str, Any]]:
    """Return the fields by what they are about, each with the column chosen and why."""
    numbers = {name: number for number, name in reversed(list(enumerate(facts.columns)))}
    hidden = {schema.X, schema.Y, "coordinates"} if facts.has_geometry else set()
    groups = []
    for group, names in FIELD_GROUPS:
        rows: list[dict[str, Any]] = [
            {
                "name": name,
                "label": field_label(name),
                "chosen": numbers.get(form.columns.get(name, ""), -1),
                "reason": form.reasons.get(name, ""),
            }
            for name in names
            if name not in hidden
        ]
        shown = [row for row in rows if row["chosen"] >= 0 or row["name"] in USUAL]
        groups.append(
            {
                "name": group,
                "label": group_label(group),
                "fields": shown,
                "others": [row for row in rows if row not in shown],
            }
        )
    return groups


def _crs_choices(form: WizardForm) -> tuple[str, ...]:
    return CRS_CHOICES if form.crs in CRS_CHOICES else (*CRS_CHOICES, form.crs)


def _unmapped(preview: Preview | None) -> dict[str, UnmappedOffence]:
    """Return the values of the offence column that mean no group, commonest first."""
    found = () if preview is None else preview.unmapped_offences
    return {
        one.text: one
        for one in found
        if not one.is_part and one.text.strip() and len(one.text) <= _VALUE_CHARS
    }


def _offences(form: WizardForm, unmapped: dict[str, UnmappedOffence]) -> list[dict[str, Any]]:
    """Return values of the offence column with the group that a person gave them, if any."""
    values = [*unmapped, *(value for value in form.offences if value not in unmapped)]
    return [
        {
            "value": value,
            "n": unmapped[value].n_rows if value in unmapped else 0,
            "group": form.offences.get(value, ""),
            "for_town": value in form.for_town,
            "hint": _hint(unmapped.get(value)),
        }
        for value in values[:MAX_OFFENCES]
    ]


def _hint(one: UnmappedOffence | None) -> str:
    """Return what an unknown value may mean; a person decides."""
    if one is None or not one.suggestions:
        return ""
    return _("like “{wording}”?").format(wording=one.suggestions[0])


def _unreadable(staged: Staged, error: HotspotsError) -> Response:
    """Answer a file that turned out not to be readable."""
    if isinstance(error, NotFoundError):
        raise error
    return error_page(
        400,
        _("This file cannot be read"),
        import_work.reason_of(staged, error),
        back=(url_for("imports.show", lang=request.args.get("lang")), _("Choose another file")),
    )


def _moment(staged: Staged) -> str:
    moment = datetime.fromtimestamp(staged.modified_ns / 1_000_000_000, UTC)
    return texts.moment_text(moment.isoformat())
