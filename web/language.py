"""The language of a request: `?lang=` in its address, else the workspace's."""

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

from hotspots.i18n import LANGUAGES, use_language

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment


class LanguageMiddleware:
    """Put the language of each request in force around the application.

    `default` says which one where the address names none; it may change while the server runs.
    """

    def __init__(self, app: "WSGIApplication", default: Callable[[], str]) -> None:
        self._app = app
        self._default = default

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        """Answer one request."""
        try:
            asked = parse_qs(environ.get("QUERY_STRING", "")).get("lang", [""])[0]
        except ValueError:  # more fields than Python reads; the page will say so
            asked = ""
        with use_language(asked if asked in LANGUAGES else self._default()):
            return self._app(environ, start_response)
