"""`hotspots user`: who may sign in to the pages, with which role, and the links for passwords."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import click
from rich.table import Table

from hotspots.accounts import ROLES, Accounts, User, role_label
from hotspots.cli.common import (
    console,
    open_workspace,
    print_json,
    reports_errors,
    say,
    shared,
    shared_options,
)
from hotspots.cli.first_link import DEFAULT_ADDRESS, link_address
from hotspots.i18n import _, ngettext

F = TypeVar("F", bound=Callable[..., Any])


def _takes_address(command: F) -> F:
    return click.option(
        "--address",
        default=DEFAULT_ADDRESS,
        show_default=True,
        metavar="URL",
        help=_("Where browsers reach the server; the link begins with it."),
    )(command)


@contextmanager
def _accounts() -> Iterator[Accounts]:
    with Accounts.open(open_workspace()) as opened:
        yield opened


def _as_dict(user: User) -> dict[str, object]:
    return {
        "name": user.name,
        "display_name": user.display_name,
        "role": user.role,
        "state": _state_id(user),
        "made_at": user.made_at,
        "made_by": user.made_by,
    }


def _state_id(user: User) -> str:
    if not user.is_open:
        return "closed"
    return "open" if user.has_password else "no password"


def _state(user: User) -> str:
    return {
        "open": _("open"),
        "closed": _("closed"),
        "no password": _("waits for a password"),
    }[_state_id(user)]


def _say_link(done: str, link: str, *, name: str = "", days: int = 7) -> None:
    if shared().as_json:
        print_json({"name": name, "link": link, "valid_days": days})
        return
    say(done)
    say(f"    {link}")
    say(
        ngettext(
            "The link works once, within {n} day. Hand it to that person only.",
            "The link works once, within {n} days. Hand it to that person only.",
            days,
        ).format(n=days)
    )


def _say_done(done: str, name: str) -> None:
    if shared().as_json:
        with _accounts() as accounts:
            print_json(_as_dict(accounts.user(name)))
    else:
        say(done)


@click.group(
    invoke_without_command=True,
    help=_("List who may sign in to the pages; add, change and close accounts."),
)
@shared_options
@click.pass_context
@reports_errors
def user(context: click.Context) -> None:
    """List all accounts unless a command follows."""
    if context.invoked_subcommand is None:
        _list()


@user.command("list", help=_("List all accounts."))
@shared_options
@reports_errors
def list_users() -> None:
    """List all accounts."""
    _list()


def _list() -> None:
    with _accounts() as accounts:
        found = accounts.users()
    if shared().as_json:
        print_json([_as_dict(one) for one in found])
        return
    if not found:
        say(_("There is no account yet. The first one is made with: hotspots user first-link"))
        return
    table = Table(box=None, pad_edge=False)
    for title in (_("name"), _("shown as"), _("role"), _("state")):
        table.add_column(title)
    for one in found:
        table.add_row(one.name, one.display_name, role_label(one.role), _state(one))
    console().print(table)


@user.command(help=_("Add an account and print the link by which its owner chooses a password."))
@click.argument("name")
@click.option("--role", type=click.Choice(ROLES), required=True, help=_("What the person may do."))
@click.option("--display-name", default="", help=_("Name that pages show (default: NAME)."))
@_takes_address
@shared_options
@reports_errors
def add(name: str, role: str, display_name: str, address: str) -> None:
    """Add an account."""
    link_address(address, "")  # a wrong address is told before anything is done
    with _accounts() as accounts:
        token = accounts.add_user(name, display_name=display_name, role=role, by=None)
        kept = accounts.user(name).name
    done = _("The account {name} is made. Its owner chooses a password here:").format(name=kept)
    _say_link(done, link_address(address, token), name=kept)


@user.command(help=_("Give a person another role; it holds from their next request."))
@click.argument("name")
@click.argument("role", type=click.Choice(ROLES))
@shared_options
@reports_errors
def role(name: str, role: str) -> None:
    """Change a role."""
    with _accounts() as accounts:
        accounts.change_user(name, role=role, by=None)
    _say_done(_("{name} is {role} now.").format(name=name, role=role_label(role)), name)


@user.command(help=_("Change the name that pages show of a person."))
@click.argument("name")
@click.argument("display_name")
@shared_options
@reports_errors
def rename(name: str, display_name: str) -> None:
    """Change what a person is called."""
    with _accounts() as accounts:
        accounts.change_user(name, display_name=display_name, by=None)
        shown = accounts.user(name).display_name
    _say_done(_("Pages show {name} as {shown} now.").format(name=name, shown=shown), name)


@user.command(
    help=_("Take a person's password away, sign them out, and print a link to choose another.")
)
@click.argument("name")
@_takes_address
@shared_options
@reports_errors
def reset(name: str, address: str) -> None:
    """Reset a password."""
    link_address(address, "")
    with _accounts() as accounts:
        token = accounts.reset_password(name, by=None)
    done = _("{name} is signed out everywhere and chooses a new password here:").format(name=name)
    _say_link(done, link_address(address, token), name=name)


@user.command(help=_("Close an account: its owner is signed out and cannot sign in any more."))
@click.argument("name")
@shared_options
@reports_errors
def close(name: str) -> None:
    """Close an account."""
    with _accounts() as accounts:
        accounts.close_user(name, by=None)
    _say_done(_("The account {name} is closed.").format(name=name), name)


@user.command(help=_("Open a closed account and print a link to choose a new password."))
@click.argument("name")
@_takes_address
@shared_options
@reports_errors
def reopen(name: str, address: str) -> None:
    """Open a closed account."""
    link_address(address, "")
    with _accounts() as accounts:
        token = accounts.reopen_user(name, by=None)
    done = _("The account {name} is open again. Its owner chooses a password here:")
    _say_link(done.format(name=name), link_address(address, token), name=name)


@user.command("sign-out", help=_("End all sign-ins of a person."))
@click.argument("name")
@shared_options
@reports_errors
def sign_out(name: str) -> None:
    """End all sign-ins of a person."""
    with _accounts() as accounts:
        n = accounts.sign_out_everywhere(name, by=None)
    text = ngettext("{n} sign-in of {name} is ended.", "{n} sign-ins of {name} are ended.", n)
    _say_done(text.format(n=n, name=name), name)


@user.command(
    "first-link", help=_("Print the link that makes the first administrator, while there is none.")
)
@_takes_address
@shared_options
@reports_errors
def first_link(address: str) -> None:
    """Print the first administrator's link."""
    link_address(address, "")
    with _accounts() as accounts:
        token = accounts.first_link()
    done = _("This link makes the first administrator:")
    _say_link(done, link_address(address, token), days=1)
