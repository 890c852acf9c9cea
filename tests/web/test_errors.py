"""Errors are pages that say what went wrong and lead back."""

import logging

import pytest

from hotspots.errors import StoreError
from web import create_app


def text_of(response):
    return response.get_data(as_text=True)


def test_a_wrong_value_names_field_and_allowed_values(client):
    response = client.get("/?measure=hot")
    assert response.status_code == 400
    assert response.content_type == "text/html; charset=utf-8"
    page = text_of(response)
    assert "Pole „measure“ nemůže mít hodnotu „hot“. Povoleno: count, density, rate." in page
    assert 'href="/"' in page


@pytest.mark.parametrize("address", ["/map?by=x", "/export.csv?by=x", "/method?by=x", "/?lang=de"])
def test_wrong_values_are_refused_everywhere(client, address):
    assert client.get(address).status_code == 400


def test_an_unknown_source_is_not_found(client):
    response = client.get("/?source=nobody&lang=en")
    assert response.status_code == 404
    assert "nobody" in text_of(response)
    assert "sample_police" in text_of(response)


@pytest.mark.parametrize("address", ["/nothing", "/assets/../app.py", "/assets/secret.js"])
def test_unknown_addresses_are_not_found(client, address):
    response = client.get(address)
    assert response.status_code == 404
    assert "<h1>Nenalezeno</h1>" in text_of(response)


def test_a_body_too_large_is_refused(client):
    response = client.get("/", data=b"x" * 100_000)
    assert response.status_code in {200, 413}
    assert client.post("/", data=b"x" * 100_000).status_code in {405, 413}


def test_a_fault_has_a_reference_and_no_inner_detail(sample, monkeypatch, caplog):
    app = create_app(sample, open_access=True)

    def fail():
        raise StoreError("secret path /home/somebody/hotspots.db")

    monkeypatch.setattr(app.extensions["hotspots"], "known", fail)
    with caplog.at_level(logging.ERROR, logger="hotspots.web"):
        response = app.test_client().get("/?lang=en")
    assert response.status_code == 500
    page = text_of(response)
    assert "Something went wrong here" in page
    assert "secret" not in page
    assert "Traceback" not in page
    reference = caplog.records[0].args[0]
    assert reference in page
    assert "secret path" in caplog.text


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1:8000", "[::1]:8000", "LOCALHOST:80"])
def test_loopback_names_are_served(client, host):
    assert client.get("/health", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example", "192.168.1.5", ""])
def test_other_names_are_refused(client, host):
    response = client.get("/", headers={"Host": host})
    assert response.status_code in {400, 421}
    assert "sample_police" not in text_of(response)
