"""What may change anything: forms of these pages, sent from them, with their token."""

import hashlib
import ipaddress
import os
import secrets
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from flask import Flask, Request
from flask_wtf import CSRFProtect

from hotspots.i18n import _
from web.cookies import Sessions
from web.security import LOOPBACK, host_name

SECRET_FILE: Final = "secret.key"  # noqa: S105 - where the secret lies, not what it is
_SECRET_BYTES: Final = 32
_READING: Final = frozenset({"GET", "HEAD"})
# Where one of these stands, a program between passes on what somebody else has asked.
_FORWARDED: Final = frozenset({"forwarded", "via", "x-real-ip", "cf-connecting-ip"})
_FORWARDED_PREFIX: Final = "x-forwarded"


def is_loopback(address: str) -> bool:
    """Return whether an IP address is one of this machine itself."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return False
    return (getattr(found, "ipv4_mapped", None) or found).is_loopback


def is_passed_on(names: Iterable[str]) -> bool:
    """Return whether headers of these names come from a program between, such as a proxy."""
    plain = {name.lower().replace("_", "-") for name in names}
    return any(name in _FORWARDED or name.startswith(_FORWARDED_PREFIX) for name in plain)


def is_local(asked: Request) -> bool:
    """Return whether a request comes from this machine and asks for it by a loopback name.

    Only the open demonstration asks; everywhere else rights decide (`web.access`).
    """
    name = host_name(asked.headers.get("Host", ""))
    is_here = is_loopback(asked.remote_addr or "") and name in LOOPBACK
    return is_here and not is_passed_on(asked.headers.keys())


def is_own_form(asked: Request) -> bool:
    """Return whether the browser says that a request was sent from a page of this server.

    A program that says neither is told by the form's token alone.
    """
    site = asked.headers.get("Sec-Fetch-Site")
    if site is not None and site != "same-origin":
        return False
    origin = asked.headers.get("Origin")
    if origin is None:
        return True
    sent, own = urlsplit(origin), urlsplit(asked.host_url)
    return (sent.scheme, sent.netloc) == (own.scheme, own.netloc)


def why_refused(asked: Request) -> str | None:
    """Return why a request may not change anything; None for one that may, or only reads."""
    if asked.endpoint is None or asked.method in _READING:
        return None
    if not is_own_form(asked):
        return _(
            "This form was sent from a page of another site. Open its page here and send it from "
            "there."
        )
    return None


def read_secret(workspace: Path) -> bytes:
    """Return the key that signs sessions, made when a workspace is first served.

    Where the workspace cannot be written the key lives as long as the process.
    """
    file = workspace / SECRET_FILE
    try:
        found = file.read_bytes()
        if len(found) >= _SECRET_BYTES:
            return found
        file.unlink()
    except OSError:
        pass  # there is none yet
    made = secrets.token_bytes(_SECRET_BYTES)
    draft = file.with_name(f".{SECRET_FILE}-{secrets.token_hex(6)}")
    try:
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as opened:
            opened.write(made)
        # It gets its name whole: another process that starts now finds no half of a key.
        os.link(draft, file)
    except FileExistsError:
        return file.read_bytes()
    except OSError:
        return _put_in_place(draft, file, made)
    finally:
        with suppress(OSError):  # it was never made
            draft.unlink()
    return made


def _put_in_place(draft: Path, file: Path, made: bytes) -> bytes:
    """Name a key where the disk knows no second names of a file, if it can be written at all."""
    with suppress(OSError):
        draft.replace(file)
    return made


def init_forms(app: Flask, workspace: Path) -> None:
    """Let forms change things: signed sessions, and a token that every form must carry."""
    secret = read_secret(workspace)
    app.config.update(
        SECRET_KEY=secret,
        # Cookies know no ports: each workspace's server on this machine has its own.
        SESSION_COOKIE_NAME=f"hotspots_{hashlib.sha256(secret).hexdigest()[:8]}",
        SESSION_COOKIE_HTTPONLY=True,
        # A bookmark or a link in a message opens the page signed in; forms have tokens.
        SESSION_COOKIE_SAMESITE="Lax",
        # A page may lie open for a day; the token holds as long as the browser's session.
        WTF_CSRF_TIME_LIMIT=None,
    )
    app.session_interface = Sessions()
    CSRFProtect(app)
