"""The cookie of a browser's session: signed, for this server only, gone with the browser."""

from typing import Final

from flask import Flask
from flask.sessions import SecureCookieSessionInterface

# Browsers take a cookie of such a name only over TLS, for this host alone and the whole of it.
_HOST_PREFIX: Final = "__Host-"


def is_behind_tls(app: Flask) -> bool:
    """Return whether browsers reach the server over TLS (see `web.server`)."""
    return bool(app.config.get("BEHIND_TLS"))


class Sessions(SecureCookieSessionInterface):
    """Sessions whose cookie is told by its name and flags how the server is reached.

    Asked at each request, since how it is reached is known only when it is served.
    """

    def get_cookie_name(self, app: Flask) -> str:
        """Return the cookie's name."""
        name = super().get_cookie_name(app)
        return f"{_HOST_PREFIX}{name}" if is_behind_tls(app) else name

    def get_cookie_secure(self, app: Flask) -> bool:
        """Return whether browsers may send the cookie over TLS only."""
        return is_behind_tls(app)

    def get_cookie_path(self, app: Flask) -> str:
        """Return the addresses that the cookie is for: all."""
        return "/"

    def get_cookie_domain(self, app: Flask) -> str | None:
        """Return None: no other name of this domain gets the cookie."""
        return None
