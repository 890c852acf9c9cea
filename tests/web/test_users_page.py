"""The pages of accounts: one's own, and an administrator's of all."""

import re
import shutil

import pytest

from hotspots.settings import Workspace

from .signing import FAR, PASSWORD, client_as, make_app, send, sign_in

NEW = "tramvaj-perla-sedm-komin"
LINK = re.compile(r'value="http://localhost(/link/[A-Za-z0-9_-]{43})"')


def text_of(response):
    return response.get_data(as_text=True)


@pytest.fixture
def app(empty, tmp_path):
    """The pages of a workspace whose accounts a test may change."""
    shutil.copytree(empty.path, tmp_path / "town")
    return make_app(Workspace.open(tmp_path / "town"))


@pytest.fixture
def boss(app):
    return client_as(app, "administrator")


def accounts_of(app):
    return app.extensions["hotspots_accounts"]


def add(boss, **fields):
    data = {"name": "jan.novak", "display_name": "Jan Novák", "role": "mentor", **fields}
    return send(boss, "/users?lang=en", data)


def test_an_added_person_chooses_a_password_with_the_link_shown_once(app, boss):
    answer = add(boss)
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    (link,) = LINK.findall(text_of(answer))
    assert link not in text_of(boss.get("/users/jan.novak?lang=en"))
    assert "waits for a password" in text_of(boss.get("/users?lang=en"))

    jan = client_as(app, "")
    asked = jan.get(f"{link}?lang=en")
    assert asked.status_code == 200
    assert asked.headers["Referrer-Policy"] == "same-origin"
    assert "Jan Novák" in text_of(asked)
    done = send(jan, f"{link}?lang=en", {"password": NEW, "again": NEW})
    assert done.status_code == 303
    assert "Jan Novák" in text_of(jan.get("/method?lang=en"))
    gone = client_as(app, "").get(f"{link}?lang=en")
    assert gone.status_code == 404
    assert gone.headers["Referrer-Policy"] == "same-origin"
    assert sign_in(client_as(app, ""), "Jan.Novak", NEW).status_code == 303


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"name": "Jan Novák"}, "letters without accents"),
        ({"name": "mentor"}, "names are never given twice"),
        ({"display_name": " "}, "1 to 80 characters"),
        ({"role": "root"}, "is unknown"),
        ({"role": ""}, "is unknown"),
    ],
)
def test_a_wrong_field_is_told_beside_the_form_which_keeps_what_was_typed(boss, fields, why):
    answer = add(boss, **fields)
    assert answer.status_code == 400
    assert why in text_of(answer)
    if "name" not in fields:
        assert 'value="jan.novak"' in text_of(answer)


def test_a_changed_role_holds_from_the_next_request(app, boss):
    mentor = client_as(app, "mentor")
    assert mentor.get("/data").status_code == 200
    answer = send(boss, "/users/mentor/change?lang=en", {"display_name": "Míra", "role": "council"})
    assert answer.status_code == 303
    assert mentor.get("/data").status_code == 403
    assert "Míra" in text_of(mentor.get("/method?lang=en"))


def test_closing_signs_out_at_once_and_reopening_wants_a_new_password(app, boss):
    mentor = client_as(app, "mentor")
    assert send(boss, "/users/mentor/close?lang=en").status_code == 303
    assert mentor.get("/method").status_code == 303
    assert sign_in(client_as(app, ""), "mentor").status_code == 403
    assert "closed" in text_of(boss.get("/users/mentor?lang=en"))
    (link,) = LINK.findall(text_of(send(boss, "/users/mentor/reopen?lang=en")))
    assert sign_in(client_as(app, ""), "mentor").status_code == 403
    fresh = client_as(app, "")
    assert send(fresh, link, {"password": NEW, "again": NEW}).status_code == 303


def test_a_reset_ends_the_password_and_all_sign_ins(app, boss):
    mentor = client_as(app, "mentor")
    (link,) = LINK.findall(text_of(send(boss, "/users/mentor/reset?lang=en")))
    assert mentor.get("/method").status_code == 303
    assert sign_in(client_as(app, ""), "mentor").status_code == 403
    assert client_as(app, "").get(link).status_code == 200
    send(boss, "/users/mentor/reset?lang=en")  # another link ends the first
    assert client_as(app, "").get(link).status_code == 404


def test_signing_somebody_out_everywhere(app, boss):
    phones = [client_as(app, "mentor") for _phone in range(2)]
    assert "In no browser" not in text_of(boss.get("/users/mentor?lang=en"))
    assert send(boss, "/users/mentor/sign-out?lang=en").status_code == 303
    assert {phone.get("/method").status_code for phone in phones} == {303}
    other = client_as(app, "administrator")
    assert send(boss, "/users/administrator/sign-out?lang=en").status_code == 303
    assert boss.get("/users").status_code == 200
    assert other.get("/users").status_code == 303


@pytest.mark.parametrize(
    ("path", "data", "why"),
    [
        ("change", {"display_name": "A", "role": "mentor"}, "changed by another administrator"),
        ("close", {}, "closed by another administrator"),
        ("reset", {}, "on the page of your account"),
        ("reopen", {}, "administrator is open"),
    ],
)
def test_nobody_shuts_themselves_out(app, boss, path, data, why):
    answer = send(boss, f"/users/administrator/{path}?lang=en", data)
    assert answer.status_code == 400
    assert why in text_of(answer)
    assert accounts_of(app).user("administrator").role == "administrator"
    assert boss.get("/users").status_code == 200


@pytest.mark.parametrize("path", ["", "/change", "/close", "/reopen", "/reset", "/sign-out"])
@pytest.mark.parametrize("name", ["nobody", "..", "<script>", "a" * 300])
def test_names_nobody_has_are_not_found(boss, path, name):
    ask = boss.get if not path else lambda address: send(boss, address)
    answer = ask(f"/users/{name}{path}?lang=en")
    assert answer.status_code in {404, 308}
    assert "<script>" not in text_of(answer)


def test_shown_names_are_text_on_every_page(app, boss):
    hostile = '"><script>alert(1)</script>'
    add(boss, display_name=hostile)
    for path in ("/users", "/users/jan.novak"):
        page = text_of(boss.get(f"{path}?lang=en"))
        assert "<script>alert" not in page
        assert "&lt;script&gt;alert" in page


# --- one's own account ----------------------------------------------------------------------
def test_changing_the_password_ends_other_sign_ins(app):
    own, other = client_as(app, "council"), client_as(app, "council")
    fields = {"old": PASSWORD, "new": NEW, "again": NEW}
    assert send(own, "/account/password?lang=en", fields).status_code == 303
    assert own.get("/account").status_code == 200
    assert other.get("/account").status_code == 303
    assert sign_in(client_as(app, ""), "council").status_code == 403
    assert sign_in(client_as(app, ""), "council", NEW).status_code == 303


@pytest.mark.parametrize(
    ("fields", "status", "why"),
    [
        ({"old": "wrong"}, 403, "The present password is wrong"),
        ({"again": "different-one"}, 400, "The two passwords differ"),
        ({"new": "short", "again": "short"}, 400, "too short"),
        ({"new": PASSWORD, "again": PASSWORD}, 400, "is the old one"),
    ],
)
def test_a_password_is_not_changed(app, fields, status, why):
    client = client_as(app, "council")
    data = {"old": PASSWORD, "new": NEW, "again": NEW, **fields}
    answer = send(client, "/account/password?lang=en", data)
    assert answer.status_code == status
    assert why in text_of(answer)
    for typed in (PASSWORD, NEW, "different-one"):
        assert typed not in text_of(answer)
    assert sign_in(client_as(app, ""), "council").status_code == 303


def test_guessing_the_present_password_waits(app):
    client = client_as(app, "council")
    statuses = [
        send(
            client, "/account/password?lang=en", {"old": f"guess{n}", "new": NEW, "again": NEW}
        ).status_code
        for n in range(6)
    ]
    assert statuses == [403, 403, 403, 429, 429, 429]


def test_who_is_signed_in_where_and_out_of_all_but_here(app):
    own = client_as(app, "assistant")
    other = client_as(app, "")
    sign_in(other, "assistant", headers={"User-Agent": "Mozilla/5.0 (Linux; Android 14) Chrome/1"})
    page = text_of(own.get("/account?lang=en"))
    assert "this browser" in page
    assert "Chrome, Android" in page
    assert FAR not in page
    assert send(own, "/account/sign-out?lang=en").status_code == 303
    assert other.get("/account").status_code == 303
    assert own.get("/account").status_code == 200


def test_one_changes_what_one_is_called_and_nothing_else(app):
    client = client_as(app, "assistant")
    answer = send(client, "/account/name?lang=en", {"display_name": "Ája", "role": "administrator"})
    assert answer.status_code == 303
    user = accounts_of(app).user("assistant")
    assert (user.display_name, user.role) == ("Ája", "assistant")
    assert send(client, "/account/name?lang=en", {"display_name": "a\u202eb"}).status_code == 400


def test_the_demonstration_has_no_accounts(client):
    page = client.get("/users?lang=en")
    assert page.status_code == 200
    assert "it has no accounts" in text_of(page)
    assert "it has no accounts" in text_of(client.get("/account?lang=en"))
    assert send(client, "/users?lang=en", {"name": "x"}).status_code == 400
    assert send(client, "/account/name?lang=en", {"display_name": "x"}).status_code == 400
