"""Headers that shut the browser's doors, and the check of the host name asked for."""

import ipaddress
import re
from typing import Final

from flask import Flask, Request, Response, request

CONTENT_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "font-src 'self'; connect-src 'self'; frame-src 'self'; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'"
)
HEADERS: Final = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "strict-origin-when-cross-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": (
        "accelerometer=(), camera=(), geolocation=(), gyroscope=(), microphone=(), payment=(), "
        "usb=()"
    ),
}
# RFC 3986, 3.2.2 and 3.2.3, as far as names on a network go: a name or address, then a port.
_HOST: Final = re.compile(r"(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::\d{1,5})?")
LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "[::1]"})
ANY_ADDRESS: Final = "*"


def map_policy(nonce: str, tile_hosts: tuple[str, ...] = ()) -> str:
    """Return the policy of the map's frame: its scripts only, no origin, no network but ours.

    The frame has no origin of its own (`sandbox` without `allow-same-origin`), so what comes
    from this server is named by its address, not by 'self'.
    """
    here = request.host_url.rstrip("/")
    images = " ".join((here, "data:", *tile_hosts))
    return (
        f"default-src 'none'; script-src 'nonce-{nonce}' {here}; "
        f"style-src 'nonce-{nonce}' {here}; img-src {images}; font-src {here}; "
        "connect-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'; "
        "sandbox allow-scripts"
    )


def is_served_host(asked: Request, allowed: frozenset[str]) -> bool:
    """Return whether the Host header names this server (no page of a stranger's name).

    A name that is neither loopback nor allowed may point here by DNS rebinding. `*` in `allowed`
    admits every numeric address (a server on all interfaces), which no rebinding can use.
    """
    name = host_name(asked.headers.get("Host", ""))
    if name in LOOPBACK or name in allowed:
        return True
    return ANY_ADDRESS in allowed and _is_address(name)


def host_name(host: str) -> str:
    """Return the name in a Host header without its port, empty where the header is malformed."""
    match = _HOST.fullmatch(host.strip().lower())
    return match[1].rstrip(".") if match else ""


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name.strip("[]"))
    except ValueError:
        return False
    return True


def add_headers(response: Response) -> Response:
    """Put the security headers on `response`; a policy set by the route stays."""
    response.headers.setdefault("Content-Security-Policy", CONTENT_POLICY)
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    return response


def init_security(app: Flask) -> None:
    """Register the headers on every response of `app`."""
    app.after_request(add_headers)
