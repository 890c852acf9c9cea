"""The page of the offence table: the town's own rows, trying a text, and looking through all."""

import os
from threading import Lock
from typing import Final

from flask import Blueprint, Response, render_template, request, url_for

from hotspots.accounts import audit
from hotspots.errors import ParameterError
from hotspots.i18n import _
from hotspots.ingest.offence_rows import KINDS, PARAGRAPH, POLICE_TYPE, WORDING, OffenceRow
from hotspots.ingest.offence_table import FILE_NAME, OffenceTable, remove_own, set_own
from hotspots.offences import OFFENCE_GROUPS, OTHER_OFFENCE, offence_label
from hotspots.place_text import fold
from web.answers import answers
from web.job_pages import see_other
from web.layer_parts import no_store
from web.recording import record_done

bp = Blueprint("offences", __name__)
MOST_SHIPPED: Final = 100
_LONGEST: Final = 200
_LONGEST_NOTE: Final = 500
_FIELDS: Final = ("pattern", "group", "law", "note", "kind")
_changing = Lock()


@bp.get("/admin/offences")
def show() -> Response:
    """Answer the page; `q` and `group` choose rows, `test` is a text to try."""
    return _page({name: _given(name) for name in _FIELDS})


@bp.post("/admin/offences")
def set() -> Response:  # noqa: A001 - the endpoint's name, as the command's
    """Keep a row of the town's own."""
    fields = {name: request.form.get(name, "").strip() for name in _FIELDS}
    try:
        _check(fields)
        with _changing:
            row = set_own(
                answers().workspace.path / FILE_NAME,
                fields["pattern"],
                fields["group"],
                law=fields["law"],
                note=fields["note"],
                kind=fields["kind"],
            )
    except ParameterError as error:
        return _page(fields, fault=_said(error))
    record_done(audit.SETTINGS, row.pattern, what="offence_set", group=row.group, law=row.law)
    return see_other(url_for("offences.show", done="set"))


@bp.post("/admin/offences/remove")
def remove() -> Response:
    """Take a row out of the town's own."""
    try:
        with _changing:
            row = remove_own(
                answers().workspace.path / FILE_NAME, request.form.get("pattern", "")[:_LONGEST]
            )
    except ParameterError as error:
        return _page(dict.fromkeys(_FIELDS, ""), fault=_said(error))
    record_done(audit.SETTINGS, row.pattern, what="offence_removed", group=row.group)
    return see_other(url_for("offences.show", done="removed"))


def _said(error: ParameterError) -> str:
    """Return what is wrong; where the workspace lies is nobody's business."""
    return str(error).replace(f"{answers().workspace.path}{os.sep}", "")


def _given(name: str) -> str:
    return request.args.get(name, "").strip()[:_LONGEST]


def _check(fields: dict[str, str]) -> None:
    for name, value in fields.items():
        limit = _LONGEST_NOTE if name == "note" else _LONGEST
        if len(value) > limit or not value.isprintable():
            raise ParameterError(
                _("field {name}: one line of at most {n} characters").format(name=name, n=limit)
            )
    if not fields["pattern"]:
        raise ParameterError(_("Write the paragraph or the wording that the row is about."))


def _page(fields: dict[str, str], *, fault: str = "") -> Response:
    table = OffenceTable.of_workspace(answers().workspace)
    query, group = _given("q"), _given("group_only")
    own = [row for row in table.rows if row.own and _fits(row, query, group)]
    shipped = [row for row in table.rows if not row.own and _fits(row, query, group)]
    page = render_template(
        "offences.html",
        own=own,
        n_own=sum(row.own for row in table.rows),
        shipped=shipped[:MOST_SHIPPED] if query or group else [],
        n_shipped=len(shipped),
        query=query,
        group_only=group,
        groups=[(code, offence_label(code)) for code in OFFENCE_GROUPS],
        group_label=offence_label,
        kinds=[(code, kind_label(code)) for code in KINDS],
        kind_label=kind_label,
        fields=fields,
        fault=fault,
        meaning=_meaning(table, _given("test")),
        done={
            "set": _("The row is kept. Files imported before keep what they had."),
            "removed": _("The row is removed; a shipped one of the same pattern holds again."),
        }.get(request.args.get("done", ""), ""),
    )
    response = no_store(page)
    response.status_code = 400 if fault else 200
    return response


def kind_label(kind: str) -> str:
    """Return what a kind of row is called."""
    return {
        PARAGRAPH: _("paragraph of a law"),
        POLICE_TYPE: _("code of the police map"),
        WORDING: _("wording"),
    }[kind]


def _fits(row: OffenceRow, query: str, group: str) -> bool:
    if group and row.group != group:
        return False
    said = fold(f"{row.pattern} {row.law} {row.note}")
    return all(word in said for word in fold(query).split())


def _meaning(table: OffenceTable, text: str) -> dict[str, object] | None:
    """Return what a text would be taken for; None where none is given."""
    if not text:
        return None
    said = table.match(text)
    unsure = bool(said.unknown) or not said.groups
    likes = [like for part in said.unknown or (text,) for like in table.suggest(part)]
    groups = said.groups or (OTHER_OFFENCE,)
    return {
        "text": text,
        "is_known": bool(said.groups),
        "groups": ", ".join(offence_label(group) for group in groups),
        "by": "; ".join(said.by),
        "unknown": "; ".join(said.unknown) if said.groups else "",
        "suggestions": list(dict.fromkeys(likes)) if unsure else [],
    }
