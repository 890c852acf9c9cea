"""Signing in and out, and what a browser holds meanwhile."""

import pytest

from .signing import EVERYBODY, client_as, sign_in


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
