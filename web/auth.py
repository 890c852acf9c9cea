"""Who asks: signed-in people (Flask-Login over `hotspots.accounts`), or the open demonstration."""

from typing import Any, Final

from flask import Flask, Response, current_app, redirect, request, session, url_for
from flask_login import AnonymousUserMixin, LoginManager, UserMixin
from flask_login import current_user as _asking

from hotspots.accounts import ROLES, Accounts, User
from hotspots.accounts.roles import ADMINISTRATOR
from hotspots.i18n import LANGUAGES
from hotspots.users import current_user
from web.access import RIGHTS, ROUTES, Right
from web.changes import is_local

PLAYED_ROLE: Final = "played_role"
# What pages ask for by themselves: it does not keep a sign-in that nobody uses from ending.
UNATTENDED: Final = frozenset({"jobs.state", "report.token"})
# What nobody's browser keeps, so that it is not seen there after signing out.
_KEPT_NOWHERE: Final = frozenset(
    {Right.SINGLE, Right.NOTES, Right.CORRECT, Right.IMPORT, Right.MENTOR, Right.ADMINISTER}
)


class Person(UserMixin):  # type: ignore[misc]
    """Who asks, signed in.

    Attributes
    ----------
    user
        The account; None in the open demonstration.
    name, display_name, role
        As in `hotspots.accounts.User`.
    token
        What the browser holds; empty in the open demonstration.
    """

    def __init__(
        self, user: User | None, *, name: str, display: str, role: str, token: str
    ) -> None:
        self.user = user
        self.name = name
        self.display_name = display
        self.role = role
        self.token = token

    def get_id(self) -> str:
        """Return what the browser's session holds of this person."""
        return self.token

    def may(self, right: Right) -> bool:
        """Return whether the role has a right."""
        return right in RIGHTS[self.role]


def signed_in(user: User, token: str) -> Person:
    """Return the person of an account, with the token that the browser holds."""
    return Person(user, name=user.name, display=user.display_name, role=user.role, token=token)


class Nobody(AnonymousUserMixin):  # type: ignore[misc]
    """Who asks without being signed in."""

    user = None
    name = ""
    display_name = ""
    role = ""
    token = ""

    def may(self, right: Right) -> bool:
        """Return whether anyone has the right."""
        return right is Right.ANYONE


def accounts() -> Accounts:
    """Return the accounts of the running application."""
    found = current_app.extensions["hotspots_accounts"]
    assert isinstance(found, Accounts)  # noqa: S101 - set by create_app
    return found


def person() -> Person | Nobody:
    """Return who asks."""
    found = _asking._get_current_object()
    assert isinstance(found, Person | Nobody)  # noqa: S101 - set by init_auth
    return found


def may(right: Right) -> bool:
    """Return whether whoever asks has a right."""
    return person().may(right)


def is_open() -> bool:
    """Return whether this is the open demonstration, without accounts."""
    return bool(current_app.config["OPEN_ACCESS"])


def user_name() -> str:
    """Return the name under which imports, decisions and audit lines of this request are kept."""
    return person().name


def record(action: str, subject: str = "", **details: Any) -> None:
    """Add a line to the audit record: whoever asks did `action` (one of `accounts.audit`).

    Raises
    ------
    StoreError
        It cannot be written: then what it records must not be done or shown.
    """
    asking = person()
    accounts().record(
        action, user_name=asking.name, role=asking.role, subject=subject, details=details
    )


def wants_json() -> bool:
    """Return whether a program asks, not a person's browser for a page."""
    return request.path.endswith(".json") or request.is_json or request.endpoint == "report.token"


def own_path(address: str) -> str:
    """Return an address if it is a page of this server, else the empty text."""
    plain = address.isprintable() and "\\" not in address and len(address) <= 2000
    return address if plain and address.startswith("/") and not address.startswith("//") else ""


def to_sign_in() -> Response:
    """Send the browser to the sign-in page, and back here afterwards."""
    lang = request.args.get("lang", "")
    asked = request.full_path.rstrip("?") if request.method == "GET" else ""
    is_start = request.path == "/" and set(request.args) <= {"lang"}  # each role has its own
    wanted = asked if own_path(asked) and not is_start else None
    address = url_for("auth.ask", next=wanted, lang=lang if lang in LANGUAGES else None)
    response = redirect(address, 303)
    assert isinstance(response, Response)  # noqa: S101 - Flask's own
    response.headers["Cache-Control"] = "no-store"
    return response


def why_kept_out() -> int:
    """Return 0 if whoever asks may have the route, 401 if they must sign in, 403 if they may not.

    An address without a route is nobody's secret.
    """
    endpoint = request.endpoint
    if endpoint is None:
        return 0
    right = ROUTES[endpoint]
    asking = person()
    if asking.may(right):
        return 0
    return 403 if asking.is_authenticated else 401


def init_auth(app: Flask) -> None:
    """Let Flask-Login find out who asks."""
    manager = LoginManager()
    manager.anonymous_user = Nobody
    manager.session_protection = None  # sign-ins are kept and ended by `hotspots.accounts`
    manager.init_app(app)

    @manager.user_loader  # type: ignore[untyped-decorator]
    def load(token: Any) -> Person | None:
        if app.config["OPEN_ACCESS"] or not isinstance(token, str):
            return None
        found = accounts().who(token, in_use=request.endpoint not in UNATTENDED)
        return None if found is None else signed_in(found[0], token)

    @manager.request_loader  # type: ignore[untyped-decorator]
    def load_open(_request: Any) -> Person | None:
        """Let whoever sits at this machine play a role of the demonstration."""
        if not app.config["OPEN_ACCESS"] or not is_local(request):
            return None
        played = session.get(PLAYED_ROLE, ADMINISTRATOR)
        name = current_user() or "demo"
        role = played if played in ROLES else ADMINISTRATOR
        return Person(None, name=name, display=name, role=role, token="")

    @app.after_request
    def keep_private(response: Response) -> Response:
        """Let no cache between hand one person's page to another."""
        right = ROUTES.get(request.endpoint or "")
        if right not in {Right.ANYONE, None}:
            kept = "no-store" if right in _KEPT_NOWHERE else "private, no-cache"
            response.headers.setdefault("Cache-Control", kept)
            response.vary.add("Cookie")
        return response
