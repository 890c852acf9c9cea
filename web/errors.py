"""Errors as pages a person can read: what went wrong, and the way back."""

import logging
import secrets

from flask import Flask, Response, current_app, make_response, render_template, request
from werkzeug.exceptions import HTTPException

from hotspots.errors import NotFoundError, ParameterError
from hotspots.i18n import _
from web.answers import DataChangedError

logger = logging.getLogger("hotspots.web")


def error_page(
    status: int, title: str, explanation: str, *, reference: str | None = None
) -> Response:
    """Return a page that says what went wrong, with its status."""
    page = render_template(
        "error.html", status=status, title=title, explanation=explanation, reference=reference
    )
    response = make_response(page, status)
    response.headers["Cache-Control"] = "no-store"
    return response


def bad_parameter(error: ParameterError) -> Response:
    """Answer a wrong value in the address."""
    return error_page(400, _("This address holds a wrong value"), str(error))


def not_found(error: NotFoundError) -> Response:
    """Answer a name that nothing bears."""
    return error_page(404, _("Not found"), str(error))


def http_error(error: HTTPException) -> Response:
    """Answer what the framework refuses."""
    status = error.code or 500
    texts = {
        400: (_("This request cannot be read"), _("The browser sent something damaged.")),
        404: (_("Not found"), _("There is no page at this address.")),
        405: (_("This is not possible here"), _("Pages of this server can only be read.")),
        413: (_("The request is too large"), _("This server takes no uploads.")),
        414: (_("The address is too long"), _("Choose fewer filters.")),
    }
    if status >= 500:
        return server_error(error)
    title, text = texts.get(status, (_("The request was refused"), ""))
    response = error_page(status, title, text)
    if status == 405:
        response.headers["Allow"] = "GET, HEAD"
    return response


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
    logger.error("error %s at %s", reference, request.path, exc_info=error)
    return error_page(
        500,
        _("Something went wrong here"),
        _("The fault is on our side and has been noted. Your data have not changed."),
        reference=reference,
    )


def init_errors(app: Flask) -> None:
    """Register the error pages."""
    app.register_error_handler(ParameterError, bad_parameter)
    app.register_error_handler(NotFoundError, not_found)
    app.register_error_handler(DataChangedError, data_changed)
    app.register_error_handler(HTTPException, http_error)
    app.register_error_handler(Exception, server_error)
