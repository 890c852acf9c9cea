"""Errors as pages a person can read: what went wrong, and the way back."""

import logging
import secrets
from typing import Final

from flask import (
    Flask,
    Response,
    current_app,
    jsonify,
    make_response,
    redirect,
    render_template,
    request,
    url_for,
)
from flask_limiter import RateLimitExceeded
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException, MethodNotAllowed

from hotspots import schema
from hotspots.errors import MissingAreasError, NotFoundError, ParameterError
from hotspots.i18n import LANGUAGES, _, format_number
from web import auth
from web.access import HOME, ROUTES
from web.answers import DataChangedError
from web.jobs import BusyError
from web.navigation import page_labels
from web.texts import kind_label
from web.uploads import MAX_BYTES, MAX_FILES, TAKES_FILES, FormError

logger = logging.getLogger("hotspots.web")
# Blueprint → the page that its forms stand on, where it is not `show` of the blueprint itself.
_FORMS_STAND_ON: Final = {
    "auth": "auth.ask",
    "batches": "batches.show_all",
    "layer_changes": "layers.show",
    "jobs": "data.show",
    "source_record": "data.show",
}


def error_page(
    status: int,
    title: str,
    explanation: str,
    *,
    reference: str | None = None,
    back: tuple[str, str] | None = None,
) -> Response:
    """Return a page that says what went wrong, with its status.

    `back` is where its button leads and what it says; None leads to the map, or to the first page
    of whoever may not see it.
    """
    page = render_template(
        "error.html",
        status=status,
        title=title,
        explanation=explanation,
        reference=reference,
        back=back or _to_first_page(),
    )
    response = make_response(page, status)
    response.headers["Cache-Control"] = "no-store"
    return response


def _to_first_page() -> tuple[str, str]:
    lang = request.args.get("lang")
    lang = lang if lang in LANGUAGES else None
    if not auth.person().is_authenticated:
        return url_for("auth.ask", lang=lang), _("Sign in")
    if auth.may(ROUTES["situation.show"]):
        return url_for("situation.show", lang=lang), _("Back to the map")
    return url_for(HOME[auth.person().role], lang=lang), _("Back to my first page")


def bad_parameter(error: ParameterError) -> Response:
    """Answer a wrong value in the address."""
    return error_page(400, _("This address holds a wrong value"), str(error))


def to_layers() -> tuple[str, str]:
    """Return the way back to the page of layers."""
    lang = request.args.get("lang")
    return url_for("layers.show", lang=lang), _("Back to the layers")


def way_back() -> tuple[str, str]:
    """Return the way back to the page of the form that was sent, or to one's first page."""
    lang = request.args.get("lang")
    blueprint = request.blueprint or ""
    endpoint = _FORMS_STAND_ON.get(blueprint, f"{blueprint}.show")
    labels = page_labels() | {
        "layers.show": _("Back to the layers"),
        "imports.show": _("Back to the import"),
        "account.show": _("My account"),
        "users.show": _("Accounts"),
        "auth.ask": _("Sign in"),
        "batches.show_all": _("All imports"),
        "offences.show": _("Offence table"),
        "settings.show": _("Settings"),
        "backups.show": _("Backups"),
        "retention.show": _("Retention"),
        "person_data.show": _("Requests of a person"),
        "audit.show": _("Audit record"),
    }
    if endpoint in labels and auth.may(ROUTES[endpoint]):
        return url_for(endpoint, lang=lang), labels[endpoint]
    return _to_first_page()


def bad_form(error: FormError) -> Response:
    """Answer a form that is not filled in as it must be."""
    title = _("The form is not filled in as it must be")
    return error_page(400, title, str(error), back=way_back())


def bad_token(_error: CSRFError) -> Response:
    """Answer a form whose token is missing or of another session."""
    return error_page(
        400,
        _("This form is no longer valid"),
        _(
            "The page it was on is older than the browser's session, or cookies are switched "
            "off. Nothing has changed: open the page anew and send the form again."
        ),
        back=way_back(),
    )


def refused(reason: str) -> Response:
    """Answer a change that is not made for whoever asks."""
    return error_page(403, _("Nothing is changed from here"), reason, back=way_back())


def kept_out(status: int) -> Response:
    """Answer who may not have a route: 401 for who must sign in first, 403 for another role."""
    if auth.wants_json():
        text = _("Sign in first.") if status == 401 else _("Your role may not have this.")
        kind = "signed_out" if status == 401 else "not_allowed"
        response = make_response(jsonify(error=text, kind=kind), status)
        response.headers["Cache-Control"] = "no-store"
        return response
    if status == 401 and request.method in {"GET", "HEAD"}:
        return auth.to_sign_in()
    if status == 401:
        return error_page(
            401,
            _("Sign in first"),
            _("The sign-in has ended, so nothing was changed. Sign in and send the form again."),
            back=(url_for("auth.ask", lang=request.args.get("lang")), _("Sign in")),
        )
    home = HOME[auth.person().role]
    if request.endpoint == "situation.show" and home != request.endpoint:
        return make_response(redirect(url_for(home, lang=request.args.get("lang")), 303))
    return error_page(
        403,
        _("Not for this role"),
        _("Your account may not open this page. The administrator can change its role."),
        back=(url_for(home, lang=request.args.get("lang")), _("Back to my first page")),
    )


def too_often(_error: RateLimitExceeded) -> Response:
    """Answer who asks too often for one thing."""
    return error_page(
        429,
        _("Too many requests"),
        _("This was asked for too often in a short time. Wait a minute and try again."),
    )


def busy(error: BusyError) -> Response:
    """Answer a change while another one runs."""
    back = way_back()
    if error.job_id:
        lang = request.args.get("lang")
        back = (url_for("jobs.show", job_id=error.job_id, lang=lang), _("Show what is running"))
    return error_page(409, _("Another change is running"), str(error), back=back)


def no_layers() -> Response:
    """Answer a page about areas in a workspace that has none yet: what to do first."""
    response = make_response(render_template("empty.html", needs_layers=True))
    response.headers["Cache-Control"] = "no-store"
    return response


def not_found(error: NotFoundError) -> Response:
    """Answer a name that nothing bears."""
    is_link = request.blueprint == "auth"
    title = _("This link does not work any more") if is_link else _("Not found")
    return error_page(404, title, str(error))


def missing_areas(error: MissingAreasError) -> Response:
    """Answer a kind of area that the layers in force have not: where to find some."""
    label = kind_label(error.kind)
    if error.version_id is not None:
        text = _(
            "{kind}: the layers in force have none. Version {id} of the layers has them; it can be "
            "compared and put in force again on the page of layers."
        ).format(kind=label, id=error.version_id)
    elif error.kind in schema.OWN_KINDS:
        text = _(
            "{kind}: none are drawn here. Draw them as polygons with a name, in QGIS for example, "
            "and import the file on the page of layers."
        ).format(kind=label)
    else:
        text = _(
            "{kind}: the layers in force have none. Official layers are fetched or imported on the "
            "page of layers."
        ).format(kind=label)
    return error_page(404, _("There are no such areas now"), text, back=to_layers())


def http_error(error: HTTPException) -> Response:
    """Answer what the framework refuses."""
    status = error.code or 500
    texts = {
        400: (_("This request cannot be read"), _("The browser sent something damaged.")),
        404: (_("Not found"), _("There is no page at this address.")),
        405: (_("This is not possible here"), _("This page can only be read.")),
        413: (_("The request is too large"), _too_large()),
        414: (_("The address is too long"), _("Choose fewer filters.")),
    }
    if status >= 500:
        return server_error(error)
    title, text = texts.get(status, (_("The request was refused"), ""))
    response = error_page(status, title, text)
    if isinstance(error, MethodNotAllowed):
        methods = set(error.valid_methods or ()) & {"GET", "HEAD", "POST"}
        response.headers["Allow"] = ", ".join(sorted(methods))
    return response


def _too_large() -> str:
    if request.endpoint not in TAKES_FILES:
        return _("This page takes no files.")
    if request.endpoint == "imports.take":
        return _(
            "One file of at most {size} MB can be sent. A larger one is imported on the command "
            "line: hotspots import FILE"
        ).format(size=format_number(MAX_BYTES / 1_000_000))
    return _(
        "At most {n} files of {size} MB together can be sent at once. More is imported on the "
        "command line: hotspots layers import FILE"
    ).format(n=MAX_FILES, size=format_number(MAX_BYTES / 1_000_000))


def wrong_host() -> Response:
    """Answer a request for a host name that is not this server's."""
    return error_page(
        421,
        _("This server does not go by that name"),
        _("Open it at its own address, for example http://localhost."),
    )


def data_changed(error: DataChangedError) -> Response:
    """Answer a page whose data changed at every try."""
    response = error_page(503, _("The data are just changing"), str(error))
    response.headers["Retry-After"] = "5"
    return response


def server_error(error: Exception) -> Response:
    """Answer a fault of the program: a reference number for the log, and no inner detail."""
    if current_app.testing:
        raise error
    reference = secrets.token_hex(4)
    # The rule, not the path: a one-time link's path is a secret, and others hold ids.
    logger.error("error %s at %s", reference, request.url_rule, exc_info=error)
    return error_page(
        500,
        _("Something went wrong here"),
        _("The fault is on our side and has been noted. Your data have not changed."),
        reference=reference,
    )


def init_errors(app: Flask) -> None:
    """Register the error pages."""
    app.register_error_handler(ParameterError, bad_parameter)
    app.register_error_handler(FormError, bad_form)
    app.register_error_handler(CSRFError, bad_token)
    app.register_error_handler(BusyError, busy)
    app.register_error_handler(RateLimitExceeded, too_often)
    app.register_error_handler(MissingAreasError, missing_areas)
    app.register_error_handler(NotFoundError, not_found)
    app.register_error_handler(DataChangedError, data_changed)
    app.register_error_handler(HTTPException, http_error)
    app.register_error_handler(Exception, server_error)
