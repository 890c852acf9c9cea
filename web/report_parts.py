"""What the report form is made of: choices, texts of its scripts, worker and manifest."""

import json
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from flask import current_app, request, url_for

from hotspots import layers
from hotspots.errors import NotFoundError
from hotspots.i18n import _, current_language
from hotspots.ingest import report_things
from hotspots.ingest.report_content import NOTE_LENGTH, TEXT_LENGTH
from hotspots.personal import BIRTH_NUMBER, EMAIL, PHONE, PLATE, browser_patterns
from web.answers import answers
from web.auth import user_name
from web.place_map import SCRIPTS as MAP_SCRIPTS
from web.place_map import STYLES as MAP_STYLES
from web.place_map import asset_urls
from web.template_env import PRODUCT

PAGE_STYLES: Final = ("base", "layout", "controls", "tables", "charts", "place_map", "report")
PAGE_SCRIPTS: Final = (
    "root",
    "nav",
    "place_map",
    "report_personal",
    "report_store",
    "report_where",
    "report_draft",
    "report_send",
    "report_form",
)
DISCOVERED: Final = ("patrol", "reported", "camera", "unknown")
POOR_ACCURACY_M: Final = 50


def form_parts() -> dict[str, Any]:
    """Return the choices of the form in the language in force, and the data of its scripts."""
    groups = [
        {
            "code": group,
            "label": report_things.group_words(group),
            "things": [
                {"code": thing.code, "label": report_things.thing_words(thing.code)}
                for thing in report_things.THINGS
                if thing.group == group
            ],
        }
        for group in report_things.GROUPS
    ]
    lang = request.args.get("lang")
    return {
        "groups": groups,
        "measures": [(code, report_things.measure_words(code)) for code in report_things.MEASURES],
        "discovered": [(code, report_things.discovered_words(code)) for code in DISCOVERED],
        "note_length": NOTE_LENGTH,
        "text_length": TEXT_LENGTH,
        "scripts": PAGE_SCRIPTS,
        "data": {
            "urls": {
                "token": url_for("report.token", lang=lang),
                "send": url_for("report.send", lang=lang),
                "undo": url_for("report.undo", lang=lang),
                "ground": url_for("place_map.data", lang=lang),
                "worker": url_for("report.worker"),
                "scope": url_for("report.show"),
                "signIn": url_for("auth.ask", next=url_for("report.show", lang=lang), lang=lang),
            },
            "language": current_language(),
            "user": user_name(),
            "poorAccuracyM": POOR_ACCURACY_M,
            "personal": browser_patterns(),
            "texts": form_texts(),
        },
    }


def worker_script() -> str:
    """Return the worker's script with what it keeps; it changes when any of that does."""
    static = Path(current_app.static_folder or "")
    script = (static / "js" / "report_worker.js").read_text(encoding="utf-8")
    kept = [
        url_for("report.show"),
        url_for("place_map.data"),
        url_for("report.app_manifest"),
        _static_url("icon.svg"),
        _static_url("touch-icon.png"),
        *(_static_url(f"css/{name}.css") for name in PAGE_STYLES),
        *(_static_url(f"js/{name}.js") for name in PAGE_SCRIPTS),
        *asset_urls(MAP_STYLES),
        *asset_urls(MAP_SCRIPTS),
    ]
    try:
        version = layers.layers_version(answers().workspace)
    except NotFoundError:
        version = ""
    templates = Path(current_app.root_path) / str(current_app.template_folder)
    page = (templates / "report.html").read_bytes()
    said = "\x00".join([*kept, version, current_language(), script])
    content = {
        "name": f"report-{sha256(said.encode() + page).hexdigest()[:16]}",
        "page": url_for("report.show"),
        "ground": url_for("place_map.data"),
        "kept": kept,
    }
    return f'"use strict";\nconst CONTENT = {json.dumps(content)};\n{script}'


def _static_url(name: str) -> str:
    # The templates' own function, so that the worker keeps the very addresses the page asks for.
    names: dict[str, Any] = {}
    current_app.update_template_context(names)
    return str(names["static_url"](name))


def manifest() -> dict[str, Any]:
    """Return the web app manifest: the form as an icon on a phone's home screen."""
    lang = request.args.get("lang")
    icon = {"src": _static_url("icon.svg"), "sizes": "any", "type": "image/svg+xml"}
    # Phones that take no drawing take the same as a picture.
    picture = {"src": _static_url("touch-icon.png"), "sizes": "180x180", "type": "image/png"}
    return {
        "name": f"{PRODUCT} · {_('Report an event')}",
        "short_name": _("Report"),
        "lang": current_language(),
        "id": url_for("report.show"),
        "start_url": url_for("report.show", lang=lang),
        "scope": url_for("report.show"),
        "display": "standalone",
        "background_color": "#f4f6f8",
        "theme_color": "#1f4e87",
        "icons": [icon | {"purpose": "any"}, icon | {"purpose": "maskable"}, picture],
    }


def form_texts() -> dict[str, Any]:
    """Return the sentences of the page's scripts, in the language in force."""
    blocked = _(
        "This looks like a birth number. Data about persons do not belong here: delete it, then "
        "the report can be sent."
    )
    return {
        "personal": {
            BIRTH_NUMBER: blocked,
            PHONE: _("This looks like a phone number. Data about persons do not belong here."),
            PLATE: _("This looks like a number plate. Data about persons do not belong here."),
            EMAIL: _("This looks like an e-mail address. Data about persons do not belong here."),
        },
        "things": _("Choose what happened."),
        "day": _("Say on which day it happened."),
        "begin": _("Say when it began, or leave both times empty."),
        "future": _("This time has not been yet; correct the day or the time."),
        "old": _("This is more than a year ago. If it is right, send it once more."),
        "where": _("Say where it happened: find your position, show it on the map or write it."),
        "searching": _("Looking for your position …"),
        "found": _("Your position, off by up to {n} m."),
        "poor": _(
            "Your position is off by up to {n} m. Wait a moment outdoors and find it again, move "
            "the pin on the map, or write the street."
        ),
        "noGps": _("The phone does not give its position. Show the place on the map or write it."),
        "denied": _(
            "The position is not allowed for this page. Allow it in the browser's settings, or "
            "show the place on the map."
        ),
        "picked": _("Place shown on the map."),
        "noMap": _("The map cannot be loaded now. Write the street or a known place."),
        "drafted": _("What you had begun to write is here again. Look at when it happened."),
        "discard": _("Discard"),
        "saving": _("Kept on this phone. It is sent as soon as there is a network."),
        "sent": _("Saved."),
        "state": {
            "unsent": _("Waits to be sent"),
            "rejected": _("Not accepted"),
            "sent": _("Sent"),
            "withdrawn": _("Taken back"),
        },
        "undo": _("Take back"),
        "edit": _("Correct"),
        "drop": _("Delete"),
        "dropAsk": _("Delete it? It has not been sent."),
        "undoFault": _("It could not be taken back: {reason}"),
        "offline": _("no network"),
        "forbidden": _("Your account may not send reports. The report stays on this phone."),
        "signedOut": _("Sign in; the reports wait on this phone."),
        "signIn": _("Sign in"),
        "others": _("A report of another person"),
        "held": _("Written by {name}; it waits until that person signs in on this phone."),
        "waiting": _("Waiting to be sent: {n}"),
        "cannotKeep": _(
            "This browser keeps nothing: leave the page open until the report is sent."
        ),
        "correcting": _("You are correcting a report that has not been accepted or sent yet."),
        "onMap": _("place on the map"),
        "byGps": _("by GPS"),
        "other": _("Something else"),
        "unknownTime": _("time not known"),
    }
