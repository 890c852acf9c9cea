"""What stands before the server: a proxy that ends TLS, and what of its word is believed."""

import ipaddress
from dataclasses import dataclass
from typing import Any, Final

from flask import Flask, Response
from waitress.proxy_headers import MalformedProxyHeader, parse_proxy_headers

from hotspots.errors import ParameterError
from hotspots.i18n import _
from web.security import host_name

# Headers of the proxy that are believed; the shipped sites of nginx and Caddy set just these.
BELIEVED: Final = frozenset({"x-forwarded-for", "x-forwarded-proto", "x-forwarded-host"})
# Browsers keep to HTTPS for half a year after the last visit; other names of the town are its own.
STRICT_TRANSPORT: Final = "max-age=15768000"


@dataclass(frozen=True)
class Proxy:
    """A proxy before the server.

    Attributes
    ----------
    address
        Where it connects from; only what comes from there is believed.
    public_name
        The host name that browsers ask for.
    is_tls
        Whether browsers reach it by HTTPS only.

    Raises
    ------
    ParameterError
        The address is no numeric address, or the name no host name.
    """

    address: str
    public_name: str
    is_tls: bool = True

    def __post_init__(self) -> None:
        try:
            ipaddress.ip_address(self.address)
        except ValueError as error:
            raise ParameterError(
                _(
                    "--behind-proxy takes the numeric address that the proxy connects from, such "
                    "as 127.0.0.1, got '{value}'"
                ).format(value=self.address[:80])
            ) from error
        if not self.host or ":" in self.public_name.strip("[]"):
            raise ParameterError(
                _(
                    "--public-name takes the name that browsers ask for, without https:// and "
                    "port, such as mapa.mesto.cz, got '{value}'"
                ).format(value=self.public_name[:80])
            )

    @property
    def host(self) -> str:
        """The public name as requests are compared with it."""
        return host_name(self.public_name)

    @property
    def url(self) -> str:
        """The address to open in a browser."""
        return f"{'https' if self.is_tls else 'http'}://{self.host}/"

    def waitress_options(self) -> dict[str, Any]:
        """Return the options by which waitress believes the proxy and nobody else."""
        return {
            "trusted_proxy": self.address,
            "trusted_proxy_count": 1,
            "trusted_proxy_headers": set(BELIEVED),
            "clear_untrusted_proxy_headers": True,
        }

    def believe(self, environ: dict[str, Any]) -> bool:
        """Put what the proxy says into a request's environment, as waitress does.

        Returns whether its headers can be read.
        """
        if environ.get("REMOTE_ADDR") != self.address:
            return True
        try:
            parse_proxy_headers(environ, trusted_proxy_count=1, trusted_proxy_headers=set(BELIEVED))
        except MalformedProxyHeader:
            return False
        return True


def put_behind(app: Flask, proxy: Proxy) -> None:
    """Let `app` answer for the public name, and keep browsers to HTTPS behind a proxy with it."""
    app.config["ALLOWED_HOSTS"] = app.config["ALLOWED_HOSTS"] | {proxy.host}
    app.config["BEHIND_TLS"] = proxy.is_tls
    app.config["SESSION_COOKIE_SECURE"] = proxy.is_tls
    # `web.changes` asks the browser where a form was sent from; the pages of one-time links tell
    # nobody their address, not even this server.
    app.config["WTF_CSRF_SSL_STRICT"] = False
    if not proxy.is_tls:
        return

    @app.after_request
    def keep_to_tls(response: Response) -> Response:
        response.headers["Strict-Transport-Security"] = STRICT_TRANSPORT
        return response
