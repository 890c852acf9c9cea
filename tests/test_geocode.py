"""Texts of places: what each way of writing means, where it lies, and what is left to a person."""

import time

import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.geocode import judge, make_samples, traps
from hotspots import schema
from hotspots.geocode import MAX_CANDIDATES, Geocoder
from hotspots.geocode.gazetteer import Gazetteer
from hotspots.geocode.stems import allowed_errors, stem, stems
from hotspots.geocode.tokens import tokenize
from hotspots.layers.reading import read_boundary
from hotspots.place_text import fold
from tests.geocoding import X, Y, bundled_workspace, hand_made, line, town_workspace


@pytest.fixture(scope="module")
def workspace(tmp_path_factory):
    return bundled_workspace(tmp_path_factory.mktemp("bundled"))


@pytest.fixture(scope="module")
def jesenik(workspace):
    return Geocoder.of_workspace(workspace)


@pytest.fixture(scope="module")
def lhota(tmp_path_factory):
    return Geocoder.of_workspace(town_workspace(tmp_path_factory.mktemp("town")))


def placed(geocoder, text):
    found = geocoder.geocode(text)
    assert found.state == schema.AUTOMATIC, (text, found.reason, found.candidates[:3])
    assert found.reason == ""
    assert found.place is found.candidates[0]
    return found.place


def doubtful(geocoder, text):
    found = geocoder.geocode(text)
    assert found.state == schema.DOUBTFUL, (text, found.place)
    assert found.place is None
    assert found.reason
    return found


class TestStreets:
    @pytest.mark.parametrize(
        "text",
        [
            "Lipovská",
            "lipovska",
            "LIPOVSKÁ 12",
            "ul. Lipovská",
            "ulice Lipovská č.p. 12",
            "12 Lipovská",
            "na Lipovské",
            "v Lipovské ulici",
            "Lipovskou ulicí",
            "Lipvoská 12",
            "Liposká",
            "790 01 Jeseník, Lipovská 12",
            "Lipovská 12, 790 01 Jeseník",
            "Lipovská 12, Jesenik 1",
            "před domem Lipovská 12",
            "Lipovská, u garáží",
            "na chodníku, Lipovská 5, byt č. 3",
            "Lipovsk?",
        ],
    )
    def test_ways_of_writing_one_street(self, jesenik, text):
        place = placed(jesenik, text)
        assert (place.place_id, place.method) == ("street:161535", "street")

    @pytest.mark.parametrize(
        ("text", "name"),
        [
            ("K. Čapka 5", "Karla Čapka"),
            ("Čapkova", "Karla Čapka"),
            ("Čapka Karla", "Karla Čapka"),
            ("Masaryk. nám.", "Masarykovo náměstí"),
            ("na Masarykově náměstí", "Masarykovo náměstí"),
            ("náměstí Masarykovo", "Masarykovo náměstí"),
            ("nám. Svobody", "náměstí Svobody"),
            ("28.rijna 5", "28. října"),
            ("ulicí Nádražní", "Nádražní"),
            ("v Nádražní", "Nádražní"),
            ("zapilou", "Za Pilou"),
            ("Masarykovo  namesti", "Masarykovo náměstí"),
            ("Vrchlicékho", "Vrchlického"),
            ("N?městí Svob?dy", "náměstí Svobody"),
            ("U kasáren 12/3a", "U Kasáren"),
        ],
    )
    def test_names_shortened_turned_or_mistyped(self, jesenik, text, name):
        assert placed(jesenik, text).matched == name

    def test_middle_lies_on_the_axis_half_way(self):
        # 300 m east, then 100 m north: half of 400 m is 200 m along the first leg.
        geocoder = hand_made([("Dlouhá", line((0, 0), (300, 0), (300, 100)))])
        place = placed(geocoder, "Dlouhá")
        assert (place.x, place.y) == pytest.approx((X + 200, Y))
        # The farthest end is the beginning, 200 m away.
        assert place.precision_m == pytest.approx(200.0)

    def test_relation_makes_the_position_less_sure(self, jesenik):
        plain = placed(jesenik, "Školní").precision_m
        assert placed(jesenik, "naproti Školní").precision_m == pytest.approx(plain + 30)
        assert placed(jesenik, "cca 50 m od Školní").precision_m == pytest.approx(plain + 50)

    def test_two_names_equally_near_are_left_to_a_person(self, jesenik):
        found = doubtful(jesenik, "Nadrezni")
        assert {one.matched for one in found.candidates[:2]} == {"Nádražní", "Nábřežní"}

    def test_common_word_is_no_mistyped_name(self):
        geocoder = hand_made([("Nádražní", line((0, 0), (100, 0)))])
        assert geocoder.geocode("u nádraží").state == schema.NOT_FOUND
        assert geocoder.geocode("u továrny").state == schema.NOT_FOUND

    def test_four_letters_never_match_with_two_errors(self):
        geocoder = hand_made([("Dole", line((0, 0), (100, 0)))])
        assert placed(geocoder, "Dole").score == 100
        assert geocoder.geocode("Dale").place is None
        assert geocoder.geocode("Dalo").candidates == ()
        assert [allowed_errors(n) for n in (3, 4, 6, 7, 12)] == [0, 1, 1, 2, 3]


class TestCorners:
    def test_worked_by_hand(self):
        geocoder = hand_made(
            [
                ("Dlouhá", line((0, 0), (400, 0))),
                ("Krátká", line((150, -50), (150, 80))),
                ("Boční", line((300, 30), (300, 200))),
                ("Daleká", line((900, 900), (900, 1000))),
                ("Okružní", line((50, -10), (50, 100), (350, 100), (350, -10))),
            ]
        )
        crossing = placed(geocoder, "roh Dlouhá a Krátká")
        assert (crossing.method, crossing.x, crossing.y) == ("corner", X + 150, Y)
        assert crossing.precision_m == 20
        # 30 m apart: the middle of the shortest line between them.
        near = placed(geocoder, "Dlouhé × Boční")
        assert (near.x, near.y, near.precision_m) == (X + 300, Y + 15, 30)
        twice = doubtful(geocoder, "křižovatka Dlouhá x Okružní")
        corners = [one for one in twice.candidates if one.method == "corner"]
        assert [(one.x, one.y) for one in corners] == [(X + 350, Y), (X + 50, Y)] or [
            (one.x, one.y) for one in corners
        ] == [(X + 50, Y), (X + 350, Y)]
        apart = doubtful(geocoder, "Dlouhá/Daleká")
        assert "do not meet" in apart.reason

    @pytest.mark.parametrize(
        "text",
        [
            "roh Dukelská a Lipovská",
            "na rohu Dukelské a Lipovské",
            "křižovatka Dukelská x Lipovská",
            "křiž. ul. Dukelská/Lipovská",
            "Dukelská – Lipovská",
            "Dukelska - lipovska",
            "u křížení ulic Dukelská a Lipovská",
            "roh ul. Duklská a Lipovská, Jeseník",
        ],
    )
    def test_ways_of_writing_a_corner(self, jesenik, text):
        place = placed(jesenik, text)
        assert place.method == "corner"
        assert place.place_id.startswith("corner:street:161331+street:161535")

    @pytest.mark.parametrize(
        "text",
        ["Dukelská, Lipovská", "mezi Dukelskou a Lipovskou", "roh Dukelská a Xenofobní"],
    )
    def test_not_surely_a_corner(self, jesenik, text):
        doubtful(jesenik, text)


class TestHouses:
    @pytest.mark.parametrize(
        ("text", "code"),
        [
            ("Hlavní 4/4a", "555555504"),
            ("hlavni 4a", "555555504"),
            ("Hlavní č.p. 4", "555555504"),
            ("Hlavní č.o. 4a", "555555504"),
            ("č.p. 4 Hlavní", "555555504"),
            ("4, Hlavní", "555555504"),
            ("Školní 25, Bukovice", "555555525"),
            ("Školní 15", "555555515"),
            ("nám. Míru 45", "555555545"),
            ("Bukovice č. ev. 1", "555555950"),
            ("ev. č. 2, Bukovice", "555555951"),
            ("Bukovice e.č. 2", "555555951"),
            ("Bukovice 55", "555555555"),
            ("Lhota 12", "555555512"),
            ("790 01 Lhota, Hlavní 4/4a", "555555504"),
        ],
    )
    def test_ways_of_writing_a_number(self, lhota, text, code):
        place = placed(lhota, text)
        assert (place.method, place.place_id) == ("address", f"address:{code}")
        assert place.precision_m == pytest.approx(15.0)

    def test_number_that_the_street_has_not(self, lhota):
        found = doubtful(lhota, "Hlavní 999")
        assert "no such house number" in found.reason
        assert found.candidates[0].method == "street"
        assert found.candidates[1].matched == "Hlavní 10/10, Lhota"

    def test_street_name_in_two_parts(self, lhota):
        assert len({c.place_id for c in doubtful(lhota, "Školní").candidates}) == 2
        assert placed(lhota, "Bukovice, Školní").matched == "Školní, Bukovice"
        # Orientation number 7 stands in both streets.
        doubtful(lhota, "Školní 7")
        assert "lie in the part" in doubtful(lhota, "Bukovice, Hlavní 1").reason

    def test_number_alone_is_no_place(self, lhota):
        doubtful(lhota, "č.p. 12")
        assert lhota.geocode("555555").state == schema.NOT_FOUND

    def test_two_numbers(self, lhota):
        assert doubtful(lhota, "Slepá 7 a 9")
        near = placed(lhota, "Slepá 57-58")
        assert near.precision_m > 15


class TestOtherPlaces:
    @pytest.mark.parametrize(
        ("text", "name", "method"),
        [
            ("autobusové nádraží", "Autobusové nádraží", "landmark"),
            ("Městská policie", "Městská policie", "landmark"),
            ("zastávka Lékárna", "Lékárna (bus stop)", "landmark"),
            ("Dětřichov, konečná", "Dětřichov, konečná (bus stop)", "landmark"),
            ("Nemocnice", "Nemocnice", "landmark"),
            ("9. května", "9. května (ZSJ)", "district"),
            ("ZSJ Kalvodova", "Kalvodova (ZSJ)", "district"),
            ("sídliště Nerudova", "Nerudova (ZSJ)", "district"),
            ("u Smetanových sadů", "Smetanovy sady (ZSJ)", "district"),
            ("Dětřichov-západ", "Dětřichov-západ (ZSJ)", "district"),
            ("v Bukovicích", "Bukovice", "town_part"),
        ],
    )
    def test_named(self, jesenik, text, name, method):
        place = placed(jesenik, text)
        assert (place.matched, place.method) == (name, method)

    @pytest.mark.parametrize("text", ["Dětřichov", "v Dětřichově", "detrichov", "Dětřichov 12"])
    def test_detrichov_is_asked_about(self, jesenik, text):
        names = {one.matched for one in doubtful(jesenik, text).candidates}
        assert {"Dětřichov", "Dětřichov-západ (ZSJ)"} <= names

    @pytest.mark.parametrize("text", ["u nádraží", "u nemocnice", "náměstí", "u lékárny"])
    def test_several_or_common_names_are_asked_about(self, jesenik, text):
        assert doubtful(jesenik, text).candidates

    @pytest.mark.parametrize(
        "text",
        [
            "Zlaté Hory, Nádražní 5",
            "Nádražní 5, Zlaté Hory",
            "zlate hory nadrazni 5",
            "v Zlatých Horách, Nádražní",
            "Javorník, Lipovská",
            "Lipová 12",
        ],
    )
    def test_other_municipality(self, jesenik, text):
        found = jesenik.geocode(text)
        assert (found.state, found.candidates) == (schema.NOT_FOUND, ())
        assert "another municipality" in found.reason

    @pytest.mark.parametrize(
        "text",
        [
            "Lipovská, Horní Dolní",
            "Lipovská u Novákových, pan Karel Novotný",
            "lipovska josef vomacka",
            "restaurace Lipovská",
            "naproti Tesco, Lipovská",
        ],
    )
    def test_words_not_understood(self, jesenik, text):
        found = doubtful(jesenik, text)
        for word in ("Nov", "nov", "vomac", "Tesco", "Karel"):
            assert word not in found.reason
            assert all(word not in one.matched for one in found.candidates)

    @pytest.mark.parametrize("text", ["", "  ", "???", "12", "Jeseník", "za garážemi", "les"])
    def test_no_place(self, jesenik, text):
        found = jesenik.geocode(text)
        assert (found.state, found.candidates) == (schema.NOT_FOUND, ())
        assert found.reason


def test_acceptance_on_the_bundled_layers(jesenik):
    samples = make_samples(jesenik.gazetteer, 500, seed=4)
    result = judge(jesenik, samples)
    assert len(samples) == result.n == 500
    assert result.right >= 485, result.mistakes
    assert result.wrong <= 2, result.mistakes


def test_acceptance_with_addresses(lhota):
    result = judge(lhota, make_samples(lhota.gazetteer, 500, seed=4))
    assert result.right >= 485, result.mistakes
    assert result.wrong <= 2, result.mistakes


def test_traps_are_never_placed(jesenik, lhota):
    for geocoder in (jesenik, lhota):
        texts = traps(geocoder.gazetteer)
        assert len(texts) > 10
        assert [text for text in texts if geocoder.geocode(text).place] == []


def test_search_while_typing(jesenik, lhota):
    assert [one.matched for one in jesenik.search("masa", limit=2)] == ["Masarykovo náměstí"] * 2
    assert jesenik.search("capk")[0].matched == "Karla Čapka"
    assert jesenik.search("Lipvoska")[0].matched == "Lipovská"
    assert jesenik.search("") == ()
    assert len(jesenik.search("a", limit=3)) <= 3
    houses = lhota.search("hlavni 1", limit=5)
    assert [one.matched for one in houses[:2]] == ["Hlavní 1/1, Lhota", "Hlavní 10/10, Lhota"]


def test_describe(jesenik, lhota):
    house = lhota.gazetteer.houses[0]
    assert lhota.describe(house.x + 5, house.y) == "Hlavní 1/1, Lhota"
    street = next(p for p in jesenik.gazetteer.places if p.name == "Lipovská")
    assert jesenik.describe(street.x, street.y) == "Lipovská"
    assert jesenik.describe(-500_000.0, -1_100_000.0) == ""
    assert jesenik.describe(float("nan"), 0.0) == ""


def test_index_is_made_once_for_each_version_of_the_layers(workspace, jesenik):
    assert Geocoder.of_workspace(workspace) is jesenik
    assert jesenik.geocode("Lipovská") is jesenik.geocode("Lipovská")


def test_stems_join_cases_and_keep_words_apart():
    assert stem("lipovske") == stem("lipovskou") == stem("lipovska")
    assert stem("nadrazni") in stems("nadraznim")
    assert stem("tovarni") not in stems("tovarny")
    assert stem("bukovice") in stems("bukovicich")
    assert [t.text for t in tokenize("roh Masaryk. nám.")] == ["roh", "masaryk", "namesti"]


NAMES = st.sampled_from(
    ["Lipovská 12", "roh Dukelská a Lipovská", "nám. Svobody", "Autobusové nádraží", "9. května"]
)


class TestProperties:
    @given(st.text(max_size=80))
    def test_any_text_gets_a_sound_answer(self, jesenik, workspace, text):
        found = jesenik.geocode(text)
        assert found.state in (schema.AUTOMATIC, schema.DOUBTFUL, schema.NOT_FOUND)
        assert len(found.candidates) <= MAX_CANDIDATES
        assert (found.state == schema.NOT_FOUND) == (not found.candidates)
        assert (found.state == schema.AUTOMATIC) == (found.reason == "")
        around = read_boundary(workspace).buffer(500)
        scores = [one.score for one in found.candidates]
        assert scores == sorted(scores, reverse=True)
        for one in found.candidates:
            assert one.method in schema.PLACE_METHODS
            assert 0 <= one.score <= 100
            assert one.precision_m > 0
            assert around.contains(shapely.Point(one.x, one.y))

    @given(NAMES, st.booleans())
    def test_case_and_diacritics_do_not_matter(self, jesenik, text, is_upper):
        changed = text.upper() if is_upper else fold(text)
        assert placed(jesenik, changed).place_id == placed(jesenik, text).place_id

    @settings(max_examples=10)
    @given(st.randoms(use_true_random=False))
    def test_order_of_layers_does_not_matter(self, jesenik, rng):
        old = jesenik.gazetteer
        places = list(old.places)
        rng.shuffle(places)
        mixed = Geocoder(Gazetteer(old.town, tuple(places)))
        for text in ("Lipovská 12", "u nádraží", "roh Dukelská a Lipovská", "Nadrezni"):
            mine, theirs = jesenik.geocode(text), mixed.geocode(text)
            assert (mine.state, mine.candidates) == (theirs.state, theirs.candidates)


@pytest.mark.parametrize(
    "text",
    [
        "Lipovská " * 1_200_000,
        "a" * 10_000_000,
        "1" * 10_000_000,
        "1/" * 200_000,
        "\x00\x01Lipovská\x1b[31m",
        "((((((((" * 50_000,
        "č. " * 100_000,
        "\ud800 Lipovská",
        "e\u0301" * 100_000,
        "?" * 100_000,
        "x?" * 100_000,
    ],
    ids=range(11),
)
def test_hostile_texts_take_bounded_time(jesenik, text):
    began = time.process_time()
    found = jesenik.geocode(text)
    assert time.process_time() - began < 2
    assert len(found.text) <= 300


@pytest.mark.reference
def test_real_addresses_without_streets(shared, tmp_path):
    file = shared / "data/ruian/ruian_OB_564729_Decany_UKSH.xml.gz"
    geocoder = Geocoder.of_workspace(
        town_workspace(tmp_path, name="Děčany", code="564729", file=file)
    )
    houses = geocoder.gazetteer.houses
    assert len(houses) == 212
    for house in houses:
        place = placed(geocoder, house.label)
        assert place.place_id == f"address:{house.code}"
    assert placed(geocoder, "solany čp. 24").matched == "Solany 24"
