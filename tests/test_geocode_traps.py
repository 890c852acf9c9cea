"""Texts that look like a place of the layers and may mean another: asked about, never placed."""

import pytest
import shapely

from hotspots import schema
from hotspots.geocode import Geocoder
from hotspots.i18n import use_language
from hotspots.place_text import fold
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
        "Slezsko",
        "ve Slezsku",
        "Seifert",
        "Seifert 3",
        "Priessnitz",
        "u Priessnitze",
        "Kalvoda 5",
        "u Kalvody",
        "Bobrovník",
        "ul. Dittrichova",
        "ul. Dittrichova 5",
        "ulice Bukovická",
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
        ("na Slezské", "Slezská"),
        ("v Seifertově ulici", "Seifertova"),
        ("Seifert. 3", "Seifertova"),
        ("ZSJ Bobrovník", "Bobrovník (ZSJ)"),
        ("Jeseník, Bobrovník", "Bobrovník (ZSJ)"),
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


def test_a_noun_is_never_taken_for_the_street_named_after_it(geocoder):
    """Nouns made from every adjectival name of one word, not listed by hand."""
    streets = [p.name for p in geocoder.gazetteer.places if p.method == schema.STREET]
    others = {fold(p.name) for p in geocoder.gazetteer.places if p.method != schema.STREET}
    tried = 0
    for name in streets:
        if " " in name or not name.endswith(("ova", "ská", "cká")):
            continue
        nouns = [name[:-3]] if name.endswith("ova") else [name[:-1] + "o", name[:-3]]
        for noun in nouns:
            if len(noun) < 4 or fold(noun) in others:
                continue
            tried += 1
            found = geocoder.geocode(noun)
            assert found.place is None or found.place.matched != name, noun
    assert tried > 20


def test_streets_that_nearly_meet_are_asked_about_where_they_come_nearest(geocoder):
    """Two axes of the layers with a gap, found in them: the middle of the gap is offered first."""
    streets = [
        p
        for p in geocoder.gazetteer.places
        if p.method == schema.STREET and p.shape.geom_type != "Point" and " " not in p.name
    ]
    pairs = (
        (one, two)
        for i, one in enumerate(streets)
        for two in streets[i + 1 :]
        if one.shape.distance(two.shape) - max(one.shape_precision_m, two.shape_precision_m) > 60.0
        and one.shape.distance(two.shape) < 190.0
    )
    one, two = next(pairs)
    found = geocoder.geocode(f"roh {one.name} a {two.name}")
    assert found.place is None
    corner = found.candidates[0]
    gap = one.shape.distance(two.shape)
    assert corner.method == "corner"
    assert corner.precision_m >= gap
    assert one.shape.distance(shapely.Point(corner.x, corner.y)) == pytest.approx(gap / 2)
