"""Sessions, cookies, forms of other sites, and addresses that lead elsewhere."""

import json
import re
import shutil
from urllib.parse import urljoin, urlsplit

import pytest
from flask.sessions import SecureCookieSessionInterface
from itsdangerous import URLSafeTimedSerializer

from hotspots.accounts.roles import ADMINISTRATOR, ASSISTANT
from hotspots.accounts.throttle import ADDRESS
from hotspots.settings import Workspace
from web import create_app

from .crafted import FORWARDED, INJECTED, NEXTS
from .filled import MARK, Watch, addresses, fill
from .signing import FAR, NOBODY, PASSWORD, client_as, csrf_token, send, sign_in

FOREIGN = {
    "another origin": {"Origin": "http://evil.example"},
    "no origin": {"Origin": "null"},
    "another port": {"Origin": "http://localhost:8080"},
    "another scheme": {"Origin": "https://localhost"},
    "name with ours in it": {"Origin": "http://localhost.evil.example"},
    "cross-site": {"Sec-Fetch-Site": "cross-site"},
    "same-site": {"Sec-Fetch-Site": "same-site"},
    "said by a bookmark": {"Sec-Fetch-Site": "none"},
}


@pytest.fixture(scope="module")
def filled(sample, tmp_path_factory):
    path = tmp_path_factory.mktemp("sessions") / "town"
    shutil.copytree(sample.path, path)
    return fill(Workspace.open(path))


@pytest.fixture(scope="module")
def app(filled):
    app = create_app(filled.workspace)
    for limiter in app.extensions["limiter"]:
        limiter.enabled = False
    return app


def cookie_of(client):
    """Return the value of the session's cookie."""
    name = client.application.config["SESSION_COOKIE_NAME"]
    found = client.get_cookie(name)
    return found.value if found else ""


def with_cookie(app, value):
    """Return a client that holds a cookie and nothing else."""
    client = app.test_client()
    client.environ_base["REMOTE_ADDR"] = FAR
    client.set_cookie(app.config["SESSION_COOKIE_NAME"], value)
    return client


def is_signed_in(client):
    answer = client.get("/account")
    assert answer.status_code in {200, 303}
    return answer.status_code == 200


@pytest.mark.parametrize("wanted", NEXTS, ids=range(len(NEXTS)))
def test_nobody_is_led_to_another_site(app, wanted):
    client = client_as(app, NOBODY)
    asked = client.get("/sign-in", query_string={"next": wanted})
    assert asked.status_code == 200
    fields = {"name": ADMINISTRATOR, "password": PASSWORD, "csrf_token": csrf_token(client)}
    came = client.post("/sign-in", query_string={"next": wanted}, data=fields)
    again = client.get("/sign-in", query_string={"next": wanted})
    for answer in (came, again):
        assert answer.status_code == 303
        assert INJECTED not in answer.headers
        location = answer.headers["Location"]
        assert location.isprintable()
        assert not location.startswith(("//", "/\\"))
        assert urlsplit(urljoin("http://localhost/sign-in", location)).netloc == "localhost"


@pytest.mark.parametrize("what", FOREIGN)
def test_forms_of_other_sites_change_nothing(app, filled, what):
    client, watch, wrong = client_as(app, ADMINISTRATOR), Watch(filled), []
    token = csrf_token(client)
    for endpoint, methods, path in addresses(app, filled):
        if "POST" in methods:
            answer = client.post(path, data={"csrf_token": token}, headers=FOREIGN[what])
            if answer.status_code != 403 or watch.has_changed():
                wrong.append((endpoint, answer.status_code))
    assert wrong == []
    assert is_signed_in(client)


def test_a_token_of_another_session_or_person_is_worth_nothing(app, filled):
    one, two = client_as(app, ADMINISTRATOR), client_as(app, ASSISTANT)
    watch = Watch(filled)
    for token in (csrf_token(two), csrf_token(client_as(app, NOBODY)), cookie_of(two)):
        for options in ({"data": {"csrf_token": token}}, {"headers": {"X-CSRFToken": token}}):
            assert one.post("/admin/backups", **options).status_code == 400
    assert not watch.has_changed()


def test_a_session_begun_by_somebody_else_is_not_the_one_signed_in(app):
    attacker = client_as(app, NOBODY)
    csrf_token(attacker)
    planted = cookie_of(attacker)
    victim = with_cookie(app, planted)
    assert sign_in(victim, ADMINISTRATOR).status_code == 303
    assert is_signed_in(victim)
    assert cookie_of(victim) != planted
    assert not is_signed_in(attacker)
    assert not is_signed_in(with_cookie(app, planted))
    # Nor is a token of before worth anything in the session of after.
    with attacker.session_transaction() as kept:
        raw = kept["csrf_token"]
    with victim.session_transaction() as kept:
        assert kept.get("csrf_token") != raw


def test_a_cookie_is_worth_nothing_once_its_owner_signed_out(app):
    client = client_as(app, NOBODY)
    sign_in(client, ADMINISTRATOR)
    stolen = cookie_of(client)
    assert is_signed_in(with_cookie(app, stolen))
    assert send(client, "/sign-out").status_code == 303
    assert not is_signed_in(with_cookie(app, stolen))
    assert not is_signed_in(client)
    # Signing in again does not bring it back.
    sign_in(client, ADMINISTRATOR)
    assert not is_signed_in(with_cookie(app, stolen))


def test_signing_in_as_another_ends_the_sign_in_of_before(app):
    client = client_as(app, NOBODY)
    sign_in(client, ADMINISTRATOR)
    before = cookie_of(client)
    sign_in(client, ASSISTANT)
    assert not is_signed_in(with_cookie(app, before))
    assert client.get("/users").status_code == 403


def test_tampered_cookies_sign_nobody_in(app, monkeypatch):
    client = client_as(app, ASSISTANT)
    genuine = cookie_of(client)
    assert is_signed_in(with_cookie(app, genuine))
    with client.session_transaction() as kept:
        content = dict(kept)
    payload, time, signature = genuine.rsplit(".", 2)
    interface = SecureCookieSessionInterface()

    def signed(key, salt=interface.salt):
        made = URLSafeTimedSerializer(
            key,
            salt=salt,
            serializer=interface.serializer,
            signer_kwargs={"key_derivation": "hmac", "digest_method": interface.digest_method},
        )
        return made.dumps({**content, "role": ADMINISTRATOR})

    swapped = "a" if signature[0] != "a" else "b"
    tampered = [
        "",
        ".",
        "..",
        "a" * 4000,
        "\\",
        payload,
        f"{payload}.{time}",
        f"{payload}.{time}.",
        f"{payload}.{time}.{swapped}{signature[1:]}",
        f"{payload}.{time[:-1]}.{signature}",
        f"{payload[:-2]}.{time}.{signature}",
        f".{payload}.{time}.{signature}",
        f"{payload}.{time}.{signature}{signature}",
        signed(b""),
        signed(b"0" * 32),
        signed("dev"),
        signed(app.config["SECRET_KEY"], salt="remember-me"),
        json.dumps(content),
        "eyJhbGciOiJub25lIn0.eyJfdXNlcl9pZCI6ImFkbWluaXN0cmF0b3IifQ.",
    ]
    for cookie in tampered:
        other = with_cookie(app, cookie)
        assert not is_signed_in(other), cookie
        assert other.get("/users").status_code == 303
    # Even with the right key nothing but a token that was given out signs anybody in.
    for name in (ADMINISTRATOR, "1", 1, None, ["a"], {"a": 1}, content["_user_id"][:-1]):
        other = client_as(app, NOBODY)
        with other.session_transaction() as kept:
            kept["_user_id"] = name
            kept["played_role"] = ADMINISTRATOR
        assert not is_signed_in(other), name


def test_what_others_say_of_a_request_is_not_believed(app, filled):
    """Neither who it is from, nor under which name the server is reached."""
    open_app = create_app(filled.workspace, open_access=True)
    for said in FORWARDED:
        far = open_app.test_client()
        far.environ_base["REMOTE_ADDR"] = FAR
        answer = far.get("/waiting", headers=said)
        assert answer.status_code == 303, said
        assert MARK not in answer.text
        near = open_app.test_client()
        if not set(said) & {"X-Original-URL", "X-Rewrite-URL", "Authorization"} and not any(
            "User" in name for name in said
        ):
            assert near.get("/waiting", headers=said).status_code == 303, said
    client = client_as(app, ADMINISTRATOR)
    shown = send(client, "/users/commander.new/reset", headers={"X-Forwarded-Host": "evil.example"})
    assert "evil.example" not in shown.text
    assert re.search(r"http://localhost/link/[\w-]+", shown.text)


def test_a_made_up_address_does_not_free_from_waiting(app):
    """Wrong passwords are counted by the connection's address, whatever headers say."""
    client = client_as(app, NOBODY, address="192.168.1.77")
    statuses = []
    for n in range(ADDRESS.free + 3):
        headers = {"X-Forwarded-For": f"10.0.0.{n}", "X-Real-IP": f"10.0.0.{n}"}
        fields = {"name": f"person{n}", "password": "wrong"}
        statuses.append(send(client, "/sign-in", fields, headers=headers).status_code)
    assert set(statuses[: ADDRESS.free]) == {403}
    assert statuses[-1] == 429
