"""Signing in and out, and what a browser holds meanwhile."""

import re
import shutil

import pytest

from hotspots.accounts import SignInRefusedError
from hotspots.accounts.throttle import ADDRESS
from hotspots.settings import Workspace
from web import create_app
from web.access import HOME

from .signing import (
    EVERYBODY,
    FAR,
    NOBODY,
    PASSWORD,
    client_as,
    csrf_token,
    make_app,
    send,
    sign_in,
)

OTHER = "tramvaj-perla-sedm-komin"


@pytest.mark.parametrize("role", [role for role in EVERYBODY if role])
def test_every_role_signs_in_from_any_address(signing, role):
    client = client_as(signing, role)
    page = client.get("/method?lang=en")
    assert page.status_code == 200
    assert f"{role.title()} Testovací" in page.get_data(as_text=True)


def test_signing_in_leads_where_one_wanted_to_go(signing):
    client = client_as(signing, "")
    asked = client.get("/layers?lang=en")
    assert asked.status_code == 303
    assert asked.headers["Location"] == "/sign-in?next=/layers?lang%3Den&lang=en"
    done = sign_in(client, "commander", query="next=/layers&lang=en")
    assert (done.status_code, done.headers["Location"]) == (303, "/layers")
    assert client.get("/layers").status_code == 200


# --- sessions -------------------------------------------------------------------------------
@pytest.fixture
def app(empty, tmp_path):
    """The pages of a workspace whose accounts a test may change."""
    shutil.copytree(empty.path, tmp_path / "town")
    return make_app(Workspace.open(tmp_path / "town"))


@pytest.fixture
def accounts(app):
    return app.extensions["hotspots_accounts"]


def cookie_of(app, client):
    return client.get_cookie(app.config["SESSION_COOKIE_NAME"])


def home_of(app, role):
    with app.test_request_context():
        return app.url_for(HOME[role])


def is_in(client):
    return client.get("/account?lang=en").status_code == 200


def test_signing_in_gives_a_new_session_and_ends_the_one_before(app, accounts):
    client = client_as(app, NOBODY)
    planted = csrf_token(client)
    with client.session_transaction() as kept:
        kept["planted"] = "by somebody else"
        before = dict(kept)
    assert sign_in(client, "mentor").status_code == 303
    with client.session_transaction() as kept:
        assert "planted" not in kept
        assert kept.get("csrf_token") != before["csrf_token"]
        first = kept["_user_id"]
    # The token of a form given out before is worth nothing now.
    answer = client.post("/account/sign-out?lang=en", data={"csrf_token": planted})
    assert answer.status_code == 400
    assert sign_in(client, "mentor").status_code == 303
    with client.session_transaction() as kept:
        assert kept["_user_id"] != first
    assert accounts.who(first) is None


def test_an_old_cookie_is_worth_nothing_after_signing_out(app):
    client = client_as(app, "mentor")
    stolen = cookie_of(app, client).value
    assert is_in(client)
    done = send(client, "/sign-out?lang=en")
    assert done.status_code == 303
    assert done.headers["Clear-Site-Data"] == '"cache"'
    thief = client_as(app, NOBODY)
    thief.set_cookie(app.config["SESSION_COOKIE_NAME"], stolen)
    assert not is_in(thief)
    assert send(client, "/sign-out?lang=en").status_code == 303  # once more does no harm


@pytest.mark.parametrize("forge", ["token", "signature", "user"])
def test_a_forged_cookie_is_nobody(app, forge):
    client = client_as(app, "mentor")
    value = cookie_of(app, client).value
    if forge == "token":
        with client.session_transaction() as kept:
            kept["_user_id"] = "1"
    elif forge == "user":
        with client.session_transaction() as kept:
            kept["_user_id"] = "administrator"
    else:
        client.set_cookie(app.config["SESSION_COOKIE_NAME"], value[:-3] + "AAA")
    assert client.get("/account").status_code == 303


def test_a_sign_in_ends_unused_and_what_pages_ask_by_themselves_is_no_use(app, accounts):
    now = [1_800_000_000.0]
    accounts._clock = lambda: now[0]
    client = client_as(app, "mentor")
    for _hour in range(3):
        now[0] += 59 * 60
        assert is_in(client)
    for _minute in range(59):
        now[0] += 60
        assert client.get("/report/token").status_code == 200
    now[0] += 60
    answer = client.get("/report/token")
    assert (answer.status_code, answer.get_json()["kind"]) == (401, "signed_out")
    assert not is_in(client)


def test_a_sign_in_ends_after_its_longest_time(app, accounts):
    now = [1_800_000_000.0]
    accounts._clock = lambda: now[0]
    client = client_as(app, "mentor")
    for _half in range(23):
        now[0] += 30 * 60
        assert is_in(client)
    now[0] += 30 * 60
    assert not is_in(client)


@pytest.mark.parametrize("behind_tls", [False, True])
def test_the_cookie_is_for_this_server_only(app, behind_tls):
    app.config["BEHIND_TLS"] = behind_tls
    answer = client_as(app, NOBODY).get("/sign-in", base_url="https://localhost")
    cookie = answer.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert "Path=/" in cookie
    assert "Domain" not in cookie
    assert "Expires" not in cookie
    assert "Max-Age" not in cookie
    assert ("; Secure" in cookie) is behind_tls
    assert cookie.startswith("__Host-hotspots_") is behind_tls


# --- the form -------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "wanted",
    [
        "https://elsewhere.example/",
        "//elsewhere.example/",
        "/\\elsewhere.example",
        "\\\\elsewhere.example",
        "/\t/elsewhere.example",
        "/\r\nSet-Cookie: a=b",
        "javascript:alert(1)",
        "http:elsewhere.example",
        " //elsewhere.example",
        "/" + "a" * 3000,
    ],
)
def test_signing_in_leads_to_no_other_site(app, wanted):
    client = client_as(app, NOBODY)
    home = home_of(app, "mentor")
    answer = send(
        client,
        "/sign-in",
        {"name": "mentor", "password": PASSWORD},
        query_string={"next": wanted, "lang": "en"},
    )
    assert answer.status_code == 303
    assert answer.headers["Location"] == f"{home}?lang=en"
    assert "a=b" not in str(answer.headers)
    again = client.get("/sign-in", query_string={"next": wanted})  # who is signed in goes on
    assert again.headers["Location"] == home


@pytest.mark.parametrize("name", ["mentor", "nobody", "' OR 1=1 --", "mentor\x00", "", "é" * 500])
def test_a_wrong_name_and_a_wrong_password_are_answered_alike(app, name):
    answer = sign_in(client_as(app, NOBODY), name, "wrong-but-secret")
    assert answer.status_code == 403
    page = answer.get_data(as_text=True)
    assert "Name or password is wrong." in page
    assert "wrong-but-secret" not in page
    assert answer.headers["Cache-Control"] == "no-store"


def test_a_closed_account_is_answered_as_an_unknown_one(app, accounts):
    accounts.close_user("mentor", by=None)
    answers = [
        sign_in(client_as(app, NOBODY, address=f"10.0.0.{n}"), name).get_data(as_text=True)
        for n, name in enumerate(["mentor", "nobody"])
    ]
    plain = [re.sub(r'value="[^"]*"', "", page) for page in answers]
    assert plain[0] == plain[1]


def test_wrong_passwords_wait_longer_and_longer_but_not_from_elsewhere(app):
    client = client_as(app, NOBODY)
    statuses = [sign_in(client, "mentor", f"guess-{n}").status_code for n in range(5)]
    assert statuses == [403, 403, 403, 429, 429]
    waiting = sign_in(client, "mentor")
    assert waiting.status_code == 429
    assert waiting.headers["Retry-After"] == "2"
    assert "The next attempt is possible in 2 seconds." in waiting.get_data(as_text=True)
    assert sign_in(client_as(app, NOBODY, address="10.9.9.9"), "mentor").status_code == 303


def test_signing_in_is_limited_by_address(app):
    client = client_as(app, NOBODY)
    statuses = {sign_in(client, f"name-{n}", "x").status_code for n in range(25)}
    assert statuses == {403, 429}
    answer = sign_in(client, "mentor")
    assert answer.status_code == 429
    assert "Too many requests" in answer.get_data(as_text=True)


def test_forms_want_their_token(app):
    client = client_as(app, NOBODY)
    data = {"name": "mentor", "password": PASSWORD}
    assert client.post("/sign-in", data=data).status_code == 400
    assert not is_in(client)
    mentor = client_as(app, "mentor")
    assert mentor.post("/sign-out").status_code == 400
    assert is_in(mentor)


def test_programs_are_told_in_json(app):
    client = client_as(app, NOBODY)
    asked = client.get("/waiting/search.json?q=a&lang=en")
    assert (asked.status_code, asked.get_json()["kind"]) == (401, "signed_out")
    refused = client_as(app, "council").get("/waiting/search.json?q=a&lang=en")
    assert (refused.status_code, refused.get_json()["kind"]) == (403, "not_allowed")
    assert refused.headers["Cache-Control"] == "no-store"


# --- one-time links -------------------------------------------------------------------------
def test_the_first_administrator_is_made_with_the_link_and_signed_in(empty, tmp_path):
    shutil.copytree(empty.path, tmp_path / "town")
    app = create_app(Workspace.open(tmp_path / "town"), testing=True)
    link = f"/link/{app.extensions['hotspots_accounts'].first_link()}?lang=en"
    client = client_as(app, NOBODY)
    assert "There is no administrator yet" in client.get("/sign-in?lang=en").get_data(as_text=True)
    fields = {"name": "Eva", "display_name": "Eva Malá", "password": PASSWORD, "again": PASSWORD}
    for wrong, why in [
        ({"name": "Eva Malá"}, "letters without accents"),
        ({"password": "short", "again": "short"}, "too short"),
        ({"again": "different"}, "The two passwords differ"),
    ]:
        answer = send(client, link, {**fields, **wrong})
        assert answer.status_code == 400
        assert why in answer.get_data(as_text=True)
        assert PASSWORD not in answer.get_data(as_text=True)
    home = home_of(app, "administrator")
    assert send(client, link, fields).headers["Location"] == f"{home}?lang=en"
    assert client.get("/users?lang=en").status_code == 200
    assert send(client_as(app, NOBODY), link, {**fields, "name": "eve"}).status_code == 404
    page = client_as(app, NOBODY).get("/sign-in?lang=en").get_data(as_text=True)
    assert "There is no administrator yet" not in page


def test_whoever_was_shut_out_comes_in_by_a_link(app, accounts):
    client = client_as(app, NOBODY)
    while sign_in(client, "mentor", "wrong").status_code != 429:
        pass
    fields = {"password": OTHER, "again": OTHER}
    link = accounts.reset_password("mentor", by=None)
    assert send(client, f"/link/{link}?lang=en", fields).headers["Location"] == "/mentor?lang=en"


def test_a_password_is_chosen_where_the_whole_address_must_wait(app, accounts):
    link = accounts.add_user("jan", display_name="Jan", role="mentor", by=None)
    for number in range(ADDRESS.free + 1):
        with pytest.raises(SignInRefusedError, match="wrong"):
            accounts.sign_in(f"name{number}", "wrong", address=FAR, browser="")
    fields = {"password": OTHER, "again": OTHER}
    answer = send(client_as(app, NOBODY), f"/link/{link}?lang=en", fields)
    assert answer.status_code == 429
    assert int(answer.headers["Retry-After"]) > 0
    page = answer.get_data(as_text=True)
    assert "The password is kept. Too many wrong passwords." in page
    assert 'name="name" value="jan"' in page
    assert accounts.user("jan").has_password


@pytest.mark.parametrize("token", ["x", "a" * 43, "..%2f..", "%00", "<script>", "a" * 5000])
def test_links_that_never_were_are_not_found(app, token):
    answer = client_as(app, NOBODY).get(f"/link/{token}?lang=en")
    assert answer.status_code in {404, 414}
    assert "<script>" not in answer.get_data(as_text=True)


# --- what is kept of it ---------------------------------------------------------------------
def test_no_password_and_no_token_stands_in_the_log_or_on_an_error_page(
    app, accounts, caplog, monkeypatch
):
    app.testing = False
    link = accounts.add_user("jan", display_name="Jan", role="mentor", by=None)

    def fail(*_values, **_named):
        raise ValueError("broken")

    monkeypatch.setattr(accounts, "use_link", fail)
    monkeypatch.setattr(accounts, "sign_in", fail)
    client = client_as(app, NOBODY)
    with caplog.at_level("DEBUG"):
        answers = [
            send(client, f"/link/{link}", {"password": PASSWORD, "again": PASSWORD}),
            sign_in(client, "mentor"),
        ]
    assert [answer.status_code for answer in answers] == [500, 500]
    assert "/link/<token>" in caplog.text
    said = caplog.text + "".join(answer.get_data(as_text=True) for answer in answers)
    for secret in (PASSWORD, link):
        assert secret not in said
