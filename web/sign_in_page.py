"""Signing in and out, and the links that work once."""

from typing import Any

from flask import (
    Blueprint,
    Response,
    make_response,
    redirect,
    render_template,
    request,
    session,
    url_for,
)
from flask_login import login_user, logout_user

from hotspots.accounts import ROLES, SignInRefusedError
from hotspots.errors import NotFoundError, ParameterError
from hotspots.i18n import LANGUAGES, _, ngettext
from web.access import HOME
from web.auth import PLAYED_ROLE, accounts, is_open, own_path, person, signed_in

bp = Blueprint("auth", __name__)


@bp.get("/sign-in")
def ask() -> Response:
    """Answer the form; who is signed in already goes on."""
    if person().is_authenticated:
        return _go_on(request.args.get("next", ""))
    return _form()


@bp.post("/sign-in")
def sign_in() -> Response:
    """Sign a browser in under a new session, and send it where it wanted to go."""
    name = request.form.get("name", "")
    try:
        token = accounts().sign_in(
            name,
            request.form.get("password", ""),
            address=request.remote_addr or "",
            browser=request.user_agent.string,
        )
    except SignInRefusedError as error:
        return _form(name=name, refused=error)
    _begin(token)
    return _go_on(request.args.get("next", ""))


@bp.post("/sign-out")
def sign_out() -> Response:
    """End this browser's sign-in; who is not signed in any more is told the same."""
    accounts().sign_out(person().token)
    logout_user()
    session.clear()
    response = _to(url_for("auth.ask", lang=_lang()))
    # Reports that were not sent stay: each is its writer's, and goes under no other name.
    response.headers["Clear-Site-Data"] = '"cache"'
    return response


@bp.get("/link/<token>")
def ask_link(token: str) -> Response:
    """Answer the form that a one-time link leads to."""
    return _link_form(token)


@bp.post("/link/<token>")
def use_link(token: str) -> Response:
    """Choose a password with a one-time link; for the first administrator a name, too."""
    form = request.form
    password, again = form.get("password", ""), form.get("again", "")
    link = accounts().link(token)
    try:
        if password != again:
            raise ParameterError(_("The two passwords differ. Type the same one twice."))
        if link.user is None:
            user = accounts().use_first_link(
                token,
                name=form.get("name", ""),
                display_name=form.get("display_name", ""),
                password=password,
            )
        else:
            user = accounts().use_link(token, password=password, address=request.remote_addr or "")
        signed = accounts().sign_in(
            user.name,
            password,
            address=request.remote_addr or "",
            browser=request.user_agent.string,
        )
    except ParameterError as error:
        return _link_form(token, fault=str(error))
    except SignInRefusedError as error:  # too many wrong passwords came from this address
        return _form(name=user.name, refused=error, before=_("The password is kept."))
    _begin(signed)
    return _go_on("")


@bp.post("/demo/role")
def play_role() -> Response:
    """Let the demonstration be seen as another role."""
    role = request.form.get("role", "")
    if is_open() and role in ROLES and person().is_authenticated:
        session[PLAYED_ROLE] = role
        return _to(url_for(HOME[role], lang=_lang()))
    return _to(url_for("auth.ask", lang=_lang()))


def _begin(token: str) -> None:
    """Put a token into a session that begins anew, so that none given before is worth anything."""
    found = accounts().who(token)
    if found is None:  # closed in this very moment
        raise NotFoundError(_("The account is closed."))
    accounts().sign_out(person().token)  # one browser is signed in once
    session.clear()
    login_user(signed_in(found[0], token))


def _go_on(wanted: str) -> Response:
    """Send the browser where it wanted to go, or to its role's first page."""
    address = own_path(wanted)
    if address:
        return _to(address)
    role = person().role
    return _to(url_for(HOME[role] if role else "auth.ask", lang=_lang()))


def _to(address: str) -> Response:
    response = make_response(redirect(address, 303))
    response.headers["Cache-Control"] = "no-store"
    return response


def _lang() -> str | None:
    lang = request.args.get("lang", "")
    return lang if lang in LANGUAGES else None


def _form(
    *, name: str = "", refused: SignInRefusedError | None = None, before: str = ""
) -> Response:
    fault = "" if refused is None else f"{before} {refused}".strip()
    if refused is not None and refused.wait_s > 0:
        fault += " " + say_wait(refused.wait_s)
    page = render_template(
        "sign_in.html",
        name=name[:80],
        fault=fault,
        next=own_path(request.args.get("next", "")),
        is_set_up=accounts().is_set_up(),
    )
    status = 200
    if refused is not None:
        status = 429 if refused.wait_s > 0 else 403
    response = make_response(page, status)
    response.headers["Cache-Control"] = "no-store"
    if refused is not None and refused.wait_s > 0:
        response.headers["Retry-After"] = str(refused.wait_s)
    return response


def say_wait(seconds: int) -> str:
    """Return how long to wait, as a sentence."""
    if seconds < 60:
        return ngettext(
            "The next attempt is possible in {n} second.",
            "The next attempt is possible in {n} seconds.",
            seconds,
        ).format(n=seconds)
    minutes = -(-seconds // 60)
    return ngettext(
        "The next attempt is possible in {n} minute.",
        "The next attempt is possible in {n} minutes.",
        minutes,
    ).format(n=minutes)


def _link_form(token: str, *, fault: str = "") -> Response:
    link = accounts().link(token)
    values: dict[str, Any] = {k: request.form.get(k, "")[:80] for k in ("name", "display_name")}
    page = render_template("choose_password.html", link=link, fault=fault, values=values)
    response = make_response(page, 400 if fault else 200)
    response.headers["Cache-Control"] = "no-store"
    return response


@bp.after_request
def keep_address_secret(response: Response) -> Response:
    """Tell nobody the address of a one-time link: it is the secret."""
    if request.endpoint in {"auth.ask_link", "auth.use_link"}:
        # The address is the secret: no other site is told it. With "no-referrer" browsers would
        # say of this form itself that it comes from nowhere, and it would be refused.
        response.headers["Referrer-Policy"] = "same-origin"
    return response
