"""The page of requests of a person: what is said of them is found, given out, erased."""

from dataclasses import dataclass
from typing import Any, Final

from flask import Blueprint, Response, current_app, make_response, render_template, request

from hotspots.accounts.audit import DELETION, EXPORT, NOTES_VIEWED
from hotspots.errors import NotFoundError, ParameterError
from hotspots.i18n import _, format_day
from hotspots.periods import parse_day
from hotspots.persons import (
    Found,
    Mention,
    Wanted,
    digest_of,
    erase_mentions,
    export_mentions,
    find_mentions,
    where_label,
)
from hotspots.persons.exporting import FORMATS
from hotspots.persons.matching import MOST
from web.answers import answers
from web.auth import user_name
from web.job_pages import jobs
from web.layer_parts import no_store
from web.recording import record_before, record_done

bp = Blueprint("person_data", __name__)
SHOWN: Final = 300  # texts on the page; the file given out holds all
FORMS_SHOWN: Final = 12
EVERYWHERE: Final = "everywhere"
CHOSEN: Final = "chosen"
_TYPES: Final = {"csv": "text/csv; charset=utf-8", "json": "application/json"}


@dataclass(frozen=True)
class Asked:
    """What the form says; it is sent in the body, so no address and no log holds a name.

    Attributes
    ----------
    text
        What is looked for.
    is_exact
        Without other endings.
    scope
        `EVERYWHERE` or `CHOSEN`.
    incidents
        Ids of those ticked.
    whole_note, keep_places
        As `erase_mentions` takes them.
    """

    text: str = ""
    is_exact: bool = False
    scope: str = EVERYWHERE
    incidents: tuple[str, ...] = ()
    whole_note: bool = False
    keep_places: bool = False

    @classmethod
    def of_form(cls) -> "Asked":
        """Read the form that was sent."""
        form = request.form
        return cls(
            text=form.get("text", "").strip()[: MOST + 1],
            is_exact="exact" in form,
            scope=CHOSEN if form.get("scope") == CHOSEN else EVERYWHERE,
            incidents=tuple(dict.fromkeys(form.getlist("incident"))),
            whole_note="whole_note" in form,
            keep_places="keep_places" in form,
        )

    def wanted(self) -> Wanted:
        """Return what is looked for; raise `ParameterError` where it is too little or too much."""
        return Wanted.parse(self.text, exact=self.is_exact)

    def chosen(self) -> tuple[str, ...] | None:
        """Return the incidents to be erased in; None stands for everywhere."""
        return self.incidents if self.scope == CHOSEN else None


@dataclass(frozen=True)
class Group:
    """The mentions of one incident, or those that belong to none."""

    incident_id: str
    day: str
    source: str
    mentions: tuple[Mention, ...]


@bp.get("/admin/person")
def show() -> Response:
    """Answer the empty form."""
    return no_store(render_template("person.html", asked=Asked(), found=None, fault="", most=MOST))


@bp.post("/admin/person")
def find() -> Response:
    """Answer what is said of a person; that somebody looked is recorded first."""
    asked = Asked.of_form()
    try:
        found = find_mentions(answers().workspace, asked.wanted())
    except ParameterError as error:
        return _refused(asked, error)
    _record_found(NOTES_VIEWED, found, what="find_person")
    return _found_page(asked, found)


@bp.post("/admin/person/export")
def export() -> Response:
    """Answer all of it as a file."""
    asked = Asked.of_form()
    form = request.form.get("format", "")
    if form not in FORMATS:
        raise ParameterError(_("Choose a table or JSON."))
    found = find_mentions(answers().workspace, asked.wanted())
    content = export_mentions(found, form)
    _record_found(EXPORT, found, what="export_person", format=form)
    response = make_response(content)
    response.headers["Content-Type"] = _TYPES[form]
    response.headers["Content-Disposition"] = f'attachment; filename="person.{form}"'
    response.headers["Cache-Control"] = "no-store"
    return response


@bp.post("/admin/person/ask")
def ask() -> Response:
    """Answer what erasing would do, and ask."""
    asked = Asked.of_form()
    jobs().require_idle()
    try:
        wanted = asked.wanted()
        trial = erase_mentions(
            answers().workspace,
            wanted,
            user=user_name(),
            incidents=asked.chosen(),
            whole_note=asked.whole_note,
            keep_places=asked.keep_places,
            dry_run=True,
        )
    except (ParameterError, NotFoundError) as error:
        return _refused(asked, error)
    return no_store(
        render_template(
            "person_erase.html",
            asked=asked,
            lines=trial.lines(),
            is_done=False,
            has_work=bool(trial.texts or trial.files),
            has_backups_page="backups.show" in current_app.view_functions,
        )
    )


@bp.post("/admin/person/erase")
def erase() -> Response:
    """Erase it and answer what was done."""
    asked = Asked.of_form()
    if request.form.get("sure") != "yes":
        raise ParameterError(_("Nothing was erased: look at what would be done first."))
    jobs().require_idle()
    workspace = answers().workspace
    done = erase_mentions(
        workspace,
        asked.wanted(),
        user=user_name(),
        incidents=asked.chosen(),
        whole_note=asked.whole_note,
        keep_places=asked.keep_places,
    )
    told: dict[str, Any] = {"search": digest_of(workspace, asked.text), **done.numbers()}
    record_done(DELETION, "", what="erase_person", **told)
    return no_store(
        render_template(
            "person_erase.html",
            asked=asked,
            lines=done.lines(),
            is_done=True,
            has_work=False,
            has_backups_page="backups.show" in current_app.view_functions,
        )
    )


def _record_found(action: str, found: Found, **details: str) -> None:
    record_before(
        action,
        page="person",
        search=digest_of(answers().workspace, found.wanted.text),
        texts=len(found.mentions),
        incidents=len(found.incidents),
        **details,
    )


def _refused(asked: Asked, error: Exception) -> Response:
    page = render_template("person.html", asked=asked, found=None, fault=str(error), most=MOST)
    response = no_store(page)
    response.status_code = 400
    return response


def _found_page(asked: Asked, found: Found) -> Response:
    shown = found.mentions[:SHOWN]
    labels = {source.source_id: source.label for source in answers().known().sources}
    return no_store(
        render_template(
            "person.html",
            asked=asked,
            found=found,
            fault="",
            most=MOST,
            groups=_groups(shown, labels),
            others=[one for one in shown if not one.incident_id],
            n_left_out=len(found.mentions) - len(shown),
            where_label=where_label,
            forms=found.wanted.forms[:FORMS_SHOWN],
            n_more_forms=max(0, len(found.wanted.forms) - FORMS_SHOWN),
            found_forms=found.found_forms[:FORMS_SHOWN],
        )
    )


def _groups(mentions: tuple[Mention, ...], labels: dict[str, str]) -> list[Group]:
    """Return mentions by incident, each incident once."""
    by_incident: dict[str, list[Mention]] = {}
    for one in mentions:
        if one.incident_id:
            by_incident.setdefault(one.incident_id, []).append(one)
    groups = []
    for incident_id, found in by_incident.items():
        day = next((one.day for one in found if one.day), "")
        source = found[0].source
        groups.append(
            Group(
                incident_id,
                format_day(parse_day(day)) if day else _("day unknown"),
                labels.get(source, source),
                tuple(found),
            )
        )
    return groups
