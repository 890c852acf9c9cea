"""The page `/account`: one's own name, password, and the browsers that are signed in."""

from datetime import UTC, datetime
from typing import Final

from flask import Blueprint, Response, make_response, render_template, request, url_for

from hotspots.accounts import SignIn, SignInRefusedError, User, role_label
from hotspots.errors import ParameterError
from hotspots.i18n import _, ngettext
from web import texts
from web.auth import accounts, person
from web.job_pages import see_other
from web.sign_in_page import say_wait
from web.uploads import FormError

bp = Blueprint("account", __name__)
# Looked for in this order: browsers name others that they are like.
_BROWSERS: Final = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
)
_SYSTEMS: Final = (
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Windows", "Windows"),
    ("Macintosh", "macOS"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
)


@bp.get("/account")
def show() -> Response:
    """Answer the page."""
    return _page(done=request.args.get("done", ""))


@bp.post("/account/name")
def rename() -> Response:
    """Change what pages call one."""
    user = _own()
    try:
        accounts().change_user(
            user.name, display_name=request.form.get("display_name", ""), by=user
        )
    except ParameterError as error:
        return _page(name_fault=str(error))
    return see_other(url_for("account.show", done="name"))


@bp.post("/account/password")
def change_password() -> Response:
    """Change one's password, which ends all other sign-ins."""
    user, form = _own(), request.form
    new = form.get("new", "")
    try:
        if new != form.get("again", ""):
            raise ParameterError(_("The two passwords differ. Type the same one twice."))
        accounts().change_password(
            user,
            old=form.get("old", ""),
            new=new,
            token=person().token,
            address=request.remote_addr or "",
        )
    except SignInRefusedError as error:
        if error.wait_s > 0:
            return _page(f"{error} {say_wait(error.wait_s)}", status=429, wait_s=error.wait_s)
        return _page(_("The present password is wrong."), status=403)
    except ParameterError as error:
        return _page(str(error))
    return see_other(url_for("account.show", done="password"))


@bp.post("/account/sign-out")
def sign_out_elsewhere() -> Response:
    """End one's sign-ins in all other browsers."""
    user = _own()
    accounts().sign_out_everywhere(user.name, by=user, but=person().token)
    return see_other(url_for("account.show", done="elsewhere"))


def browser_label(said: str) -> str:
    """Return what a browser is called, from what it says of itself."""
    browser = next((label for mark, label in _BROWSERS if mark in said), "")
    system = next((label for mark, label in _SYSTEMS if mark in said), "")
    return ", ".join(part for part in (browser, system) if part) or _("another program")


def sign_in_lines(found: list[SignIn], *, own: int | None = None) -> list[tuple[str, str, bool]]:
    """Return of each sign-in the browser, its last use in words, and whether it is this one."""
    return [(browser_label(one.browser), _used(one), one.sign_in_key == own) for one in found]


def _used(one: SignIn) -> str:
    return _("signed in {made}, last used {seen}").format(
        made=moment_of(one.made_at), seen=moment_of(one.seen_at)
    )


def moment_of(seconds: int) -> str:
    """Return a moment [s since 1970, UTC] as the clock here showed it."""
    return texts.moment_text(datetime.fromtimestamp(seconds, UTC).isoformat())


def _own() -> User:
    """Return one's own account; the demonstration has none."""
    user = person().user
    if user is None:
        raise FormError(_("The demonstration has no accounts."))
    return user


def _page(
    fault: str = "", *, name_fault: str = "", done: str = "", status: int = 200, wait_s: int = 0
) -> Response:
    user, lines = person().user, []
    if user is not None:
        user = accounts().user(user.name)
        found = accounts().who(person().token)
        own = None if found is None else found[1].sign_in_key
        lines = sign_in_lines(accounts().sign_ins(user), own=own)
    minutes, hours = (accounts().limits.idle_s // 60, accounts().limits.absolute_s // 3600)
    page = render_template(
        "account.html",
        user=user,
        role=role_label(person().role),
        sign_ins=lines,
        fault=fault,
        name_fault=name_fault,
        done=_done_text(done),
        idle=ngettext("{n} minute", "{n} minutes", minutes).format(n=minutes),
        longest=ngettext("{n} hour", "{n} hours", hours).format(n=hours),
    )
    has_fault = bool(fault or name_fault)
    response = make_response(page, 400 if has_fault and status == 200 else status)
    response.headers["Cache-Control"] = "no-store"
    if wait_s:
        response.headers["Retry-After"] = str(wait_s)
    return response


def _done_text(done: str) -> str:
    return {
        "name": _("The name is changed."),
        "password": _("The password is changed. All other browsers are signed out."),
        "elsewhere": _("All other browsers are signed out."),
    }.get(done, "")
