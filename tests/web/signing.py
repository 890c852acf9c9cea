"""People of every role who are signed in, for tests of the pages of a workspace with accounts.

`client_as(app, role)` signs in past the form, so that a crawl is quick and meets no limit of rates;
`sign_in(client, name)` goes through the form, as a browser does. Every account is named after its
role and has `PASSWORD`. The fixture `cheap_passwords` of `conftest.py` makes hashing quick.
"""

from argon2 import PasswordHasher
from flask import session
from flask_wtf.csrf import generate_csrf

from hotspots.accounts import ROLES, Accounts
from hotspots.errors import NotFoundError
from web import create_app

PASSWORD = "kolovrat-mlha-ostruzina-7"  # noqa: S105 - of tests
FAR = "192.168.1.20"
# As cheap as Argon2id goes.
CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
NOBODY = ""
EVERYBODY = (NOBODY, *ROLES)


def make_accounts(workspace, names=ROLES):
    """Give a workspace one account per role, named after it, unless it has them already."""
    with Accounts.open(workspace) as accounts:
        for name in names:
            try:
                accounts.user(name)
            except NotFoundError:
                shown = f"{name.title()} Testovací"
                token = accounts.add_user(name, display_name=shown, role=name, by=None)
                accounts.use_link(token, password=PASSWORD)
    return workspace


def make_app(workspace, **options):
    """Return the pages of a workspace with one account per role."""
    return create_app(make_accounts(workspace), testing=True, **options)


def client_as(app, role, *, address=FAR):
    """Return a client that is signed in with the account of a role, from another machine.

    `NOBODY` is not signed in. `role` may be the name of any account.
    """
    client = app.test_client()
    client.environ_base["REMOTE_ADDR"] = address
    if role != NOBODY:
        token = app.extensions["hotspots_accounts"].sign_in(
            role, PASSWORD, address=address, browser="test"
        )
        with client.session_transaction() as kept:
            kept["_user_id"] = token
            kept["_fresh"] = True
    return client


def csrf_token(client):
    """Return a token for the forms of a client's session, without asking for a page."""
    with client.application.test_request_context():
        token = generate_csrf()
        raw = session["csrf_token"]
    with client.session_transaction() as kept:
        kept["csrf_token"] = raw
    return token


def send(client, path, data=None, **options):
    """Send a form with its token, as a page of this server would."""
    fields = {"csrf_token": csrf_token(client), **(data or {})}
    return client.post(path, data=fields, **options)


def sign_in(client, name, password=PASSWORD, *, query="lang=en", **options):
    """Sign in through the form."""
    return send(client, f"/sign-in?{query}", {"name": name, "password": password}, **options)
