"""The page of the settings: each with what follows from it, kept whole or not at all."""

import hashlib
from dataclasses import dataclass, replace
from threading import Lock
from typing import Any, Final

from flask import Blueprint, Response, render_template, request, url_for

from hotspots.accounts import audit
from hotspots.errors import ParameterError
from hotspots.i18n import _, current_language
from hotspots.settings import Settings, Workspace
from web.answers import answers
from web.job_pages import see_other
from web.layer_parts import no_store
from web.recording import record_done

bp = Blueprint("settings", __name__)
LONGEST: Final = 80
TEXT, METRES, WHOLE, CHOICE = "text", "metres", "whole", "choice"
_changing = Lock()


@dataclass(frozen=True)
class Field:
    """One setting of the form.

    Attributes
    ----------
    name
        As in `Settings`.
    kind
        TEXT, METRES, WHOLE or CHOICE.
    label, unit
        For a reader.
    hint
        What follows from it.
    choices
        Value and label of a CHOICE.
    """

    name: str
    kind: str
    label: str
    hint: str
    unit: str = ""
    choices: tuple[tuple[str, str], ...] = ()


@bp.get("/admin/settings")
def show() -> Response:
    """Answer the form."""
    done = _("The settings are kept.") if request.args.get("done") == "kept" else ""
    settings = Workspace.open(answers().workspace.path).settings
    return _page({f.name: _written(getattr(settings, f.name)) for f in _fields()}, done=done)


@bp.post("/admin/settings")
def keep() -> Response:
    """Keep the settings; those that the form does not show stay as they are."""
    typed = {f.name: request.form.get(f.name, "").strip() for f in _fields()}
    try:
        with _changing:
            workspace = Workspace.open(answers().workspace.path)
            before = workspace.settings
            if request.form.get("seen", "") != _mark(before):
                raise ParameterError(
                    _("Somebody else has changed the settings meanwhile; look at them again.")
                )
            after = replace(before, **{f.name: _read(f, typed[f.name]) for f in _fields()})
            if after != before:
                Workspace(workspace.path, after).write_settings()
    except ParameterError as error:
        return _page(typed, fault=str(error))
    changed = [f.name for f in _fields() if getattr(after, f.name) != getattr(before, f.name)]
    if changed:
        record_done(
            audit.SETTINGS,
            "settings.toml",
            old={name: getattr(before, name) for name in changed},
            value={name: getattr(after, name) for name in changed},
        )
    return see_other(url_for("settings.show", done="kept"))


def _read(field: Field, text: str) -> Any:
    """Return what was typed as the setting's type.

    Raises
    ------
    ParameterError
        It is no such value; the rules of `Settings` come after.
    """
    if field.kind == CHOICE:
        if text not in {value for value, _label in field.choices}:
            raise ParameterError(_("{field}: choose one of the list").format(field=field.label))
        return text
    if not text or len(text) > LONGEST:
        raise ParameterError(
            _("{field}: write 1 to {n} characters").format(field=field.label, n=LONGEST)
        )
    if field.kind == TEXT:
        return text
    try:
        number = float(text.replace("\N{NO-BREAK SPACE}", "").replace(" ", "").replace(",", "."))
        if field.kind == METRES:
            return number
        if not number.is_integer():
            raise ValueError(text)
        return int(number)
    except (ValueError, OverflowError):
        raise ParameterError(
            _("{field}: write a number, got “{value}”").format(field=field.label, value=text)
        ) from None


def _written(value: Any) -> str:
    if isinstance(value, float):
        plain = f"{value:g}"
        return plain.replace(".", ",") if current_language() == "cs" else plain
    return str(value)


def _mark(settings: Settings) -> str:
    """Return a text that changes with the settings."""
    return hashlib.sha256(settings.to_toml().encode()).hexdigest()[:16]


def _page(values: dict[str, str], *, fault: str = "", done: str = "") -> Response:
    now = Workspace.open(answers().workspace.path).settings
    page = render_template(
        "settings.html",
        fields=[(field, values[field.name]) for field in _fields()],
        seen=_mark(now),
        fault=fault,
        done=done,
    )
    response = no_store(page)
    response.status_code = 400 if fault else 200
    return response


def _fields() -> tuple[Field, ...]:
    anew = _(
        "It holds once the streets are made anew: by the next official layers, or on the command "
        "line with: hotspots layers remake"
    )
    return (
        Field("town", TEXT, _("Town"), _("Stands on every page, map and printed sheet.")),
        Field(
            "language",
            CHOICE,
            _("Language"),
            _(
                "Pages open in it, and words of reports are kept in it; whoever reads can choose "
                "the other."
            ),
            choices=(("cs", "Čeština"), ("en", "English")),
        ),
        Field(
            "background",
            CHOICE,
            _("Map background"),
            _(
                "Tiles need the internet: the browser of whoever looks at a map then asks their "
                "server for the part of the map that is shown. Incidents are never sent there."
            ),
            choices=(
                ("none", _("own layers only, no internet")),
                ("cuzk", _("tiles of ČÚZK")),
                ("osm", _("tiles of OpenStreetMap")),
            ),
        ),
        Field(
            "grid_cell_m",
            METRES,
            _("Side of a grid cell"),
            _("Holds at once. Smaller cells show more, and hold fewer incidents each."),
            unit="m",
        ),
        Field(
            "street_reach_m",
            METRES,
            _("How far a street reaches from its axis"),
            _("Incidents further away belong to no street.") + " " + anew,
            unit="m",
        ),
        Field(
            "segment_length_m",
            METRES,
            _("Longest segment of a street"),
            _("Longer streets are cut into segments of about this length.") + " " + anew,
            unit="m",
        ),
        Field(
            "idle_minutes",
            WHOLE,
            _("Signed out when nothing is done for"),
            _("Holds at once, also for those who are signed in. Shorter is safer on shared PCs."),
            unit=_("minutes"),
        ),
        Field(
            "absolute_hours",
            WHOLE,
            _("Signed out in any case after"),
            _("Holds at once. A shift should fit in: 12 hours is usual."),
            unit=_("hours"),
        ),
    )
