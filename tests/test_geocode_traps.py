"""Texts that look like a place of the layers and may mean another: asked about, never placed."""

import pytest

from hotspots import schema
from hotspots.geocode import Geocoder
from hotspots.i18n import use_language
from hotspots.workspace_init import init_workspace


@pytest.fixture(scope="module")
def geocoder(tmp_path_factory):
    return Geocoder.of_workspace(init_workspace(tmp_path_factory.mktemp("traps") / "w"))


@pytest.mark.parametrize(
    "text",
    [
        "Rejvíz",
        "Rejvíz 5",
        "Slezská ulice, Praha",
        "Slezská, Brno",
        "Slunce",
        "Horská chata",
        "Zlatá",
        "Nádražní škola",
        "u Nováků",
    ],
)
def test_what_may_be_elsewhere_is_not_placed(geocoder, text):
    with use_language("en"):
        found = geocoder.geocode(text)
    assert found.state != schema.AUTOMATIC
    assert found.reason


@pytest.mark.parametrize(
    ("text", "matched"),
    [
        ("Rejvízská", "Rejvízská"),
        ("na Rejvízské", "Rejvízská"),
        ("Slezská ulice", "Slezská"),
        ("Horská", "Horská"),
        ("Zlatá stezka", "Zlatá stezka"),
        ("Zlatá stez.", "Zlatá stezka"),
    ],
)
def test_the_places_they_look_like_are_placed_when_they_are_named(geocoder, text, matched):
    found = geocoder.geocode(text)
    assert found.place is not None
    assert found.place.matched == matched
