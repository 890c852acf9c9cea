"""The pages `/users`: who may sign in, with which role, and links by which passwords are chosen."""

from dataclasses import dataclass

from flask import Blueprint, Response, make_response, render_template, request, url_for

from hotspots.accounts import ROLES, User, role_label
from hotspots.errors import ParameterError
from hotspots.i18n import _, ngettext
from web import texts
from web.account_page import sign_in_lines
from web.auth import accounts, is_open, person
from web.job_pages import see_other
from web.uploads import FormError

bp = Blueprint("users", __name__)


@dataclass(frozen=True)
class Row:
    """One account as the list shows it."""

    name: str
    display_name: str
    role: str
    state: str
    is_open: bool
    used: str


@bp.get("/users")
def show() -> Response:
    """Answer the list of accounts, with a form to add one."""
    return _list()


@bp.post("/users")
def add() -> Response:
    """Add an account; the answer shows the link to choose a password, this once."""
    by, form = _by(), request.form
    try:
        token = accounts().add_user(
            form.get("name", ""),
            display_name=form.get("display_name", ""),
            role=form.get("role", ""),
            by=by,
        )
    except ParameterError as error:
        return _list(str(error))
    return _link(accounts().link(token).user, token, _("The account is made."))


@bp.get("/users/<name>")
def show_one(name: str) -> Response:
    """Answer the page of one account."""
    return _one(accounts().user(name), done=request.args.get("done", ""))


@bp.post("/users/<name>/change")
def change(name: str) -> Response:
    """Change what a person is called, and their role."""
    by, user = _by(), accounts().user(name)
    role = request.form.get("role", user.role)
    try:
        if user.name == by.name and role != user.role:
            raise ParameterError(_("Your own role is changed by another administrator."))
        accounts().change_user(
            user.name, display_name=request.form.get("display_name", ""), role=role, by=by
        )
    except ParameterError as error:
        return _one(user, fault=str(error))
    return see_other(url_for("users.show_one", name=user.name, done="changed"))


@bp.post("/users/<name>/close")
def close(name: str) -> Response:
    """Close an account."""
    by, user = _by(), accounts().user(name)
    try:
        if user.name == by.name:
            raise ParameterError(_("Your own account is closed by another administrator."))
        accounts().close_user(user.name, by=by)
    except ParameterError as error:
        return _one(user, fault=str(error))
    return see_other(url_for("users.show_one", name=user.name, done="closed"))


@bp.post("/users/<name>/reopen")
def reopen(name: str) -> Response:
    """Open a closed account; the answer shows the link to choose a password, this once."""
    by, user = _by(), accounts().user(name)
    try:
        token = accounts().reopen_user(user.name, by=by)
    except ParameterError as error:
        return _one(user, fault=str(error))
    return _link(user, token, _("The account is open again."))


@bp.post("/users/<name>/reset")
def reset(name: str) -> Response:
    """Take a password away; the answer shows the link to choose another, this once."""
    by, user = _by(), accounts().user(name)
    try:
        if user.name == by.name:
            raise ParameterError(_("Change your own password on the page of your account."))
        token = accounts().reset_password(user.name, by=by)
    except ParameterError as error:
        return _one(user, fault=str(error))
    return _link(user, token, _("The password is taken away."))


@bp.post("/users/<name>/sign-out")
def sign_out(name: str) -> Response:
    """End all sign-ins of a person; of oneself, all but this one."""
    by, user = _by(), accounts().user(name)
    but = person().token if user.name == by.name else None
    accounts().sign_out_everywhere(user.name, by=by, but=but)
    return see_other(url_for("users.show_one", name=user.name, done="signed-out"))


def _by() -> User:
    """Return the administrator who asks; the demonstration has none."""
    user = person().user
    if user is None:
        raise FormError(_("The demonstration has no accounts."))
    return user


def _state(user: User) -> str:
    if not user.is_open:
        return _("closed")
    return _("open") if user.has_password else _("waits for a password")


def _row(user: User) -> Row:
    found = accounts().sign_ins(user)
    n = len(found)
    used = ngettext("in {n} browser", "in {n} browsers", n).format(n=n) if n else ""
    return Row(
        user.name, user.display_name, role_label(user.role), _state(user), user.is_open, used
    )


def _roles() -> list[tuple[str, str, str]]:
    return [(role, role_label(role), role_hint(role)) for role in ROLES]


def role_hint(role: str) -> str:
    """Return in one sentence what a role may do."""
    return {
        "administrator": _("Everything: imports, layers, accounts, the audit record."),
        "commander": _("The situation, single incidents, places and events; no imports."),
        "mentor": _("As the commander, and the reports of all assistants."),
        "assistant": _("Writes reports and sees their own; of the rest only the overview."),
        "council": _("Only the overview: no points, no notes, small counts hidden."),
    }[role]


def _list(fault: str = "") -> Response:
    found = [] if is_open() else sorted(accounts().users(), key=lambda user: not user.is_open)
    values = {name: request.form.get(name, "")[:80] for name in ("name", "display_name", "role")}
    page = render_template(
        "users.html",
        rows=[_row(user) for user in found],
        roles_hinted=_roles(),
        values=values,
        fault=fault,
    )
    return _private(page, 400 if fault else 200)


def _one(user: User, *, fault: str = "", done: str = "") -> Response:
    page = render_template(
        "user.html",
        user=user,
        is_own=user.name == person().name,
        role=role_label(user.role),
        roles_hinted=_roles(),
        state=_state(user),
        made=texts.moment_text(user.made_at),
        sign_ins=sign_in_lines(accounts().sign_ins(user)),
        fault=fault,
        done={
            "changed": _("The change is kept; it holds from the next request of that person."),
            "closed": _("The account is closed; its owner is signed out everywhere."),
            "signed-out": _("All sign-ins are ended."),
        }.get(done, ""),
    )
    return _private(page, 400 if fault else 200)


def _link(user: User | None, token: str, done: str) -> Response:
    assert user is not None  # noqa: S101 - links of accounts have one
    address = url_for("auth.ask_link", token=token, _external=True)
    page = render_template("user_link.html", user=user, done=done, address=address)
    return _private(page, 200)


def _private(page: str, status: int) -> Response:
    response = make_response(page, status)
    response.headers["Cache-Control"] = "no-store"
    return response
