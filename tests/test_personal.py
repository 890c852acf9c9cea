"""Personal data in notes: found where it is, and not where numbers only look like it."""

import json
import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotspots.i18n import use_language
from hotspots.personal import (
    BIRTH_NUMBER,
    EMAIL,
    PERSONAL_KINDS,
    PHONE,
    PLATE,
    browser_patterns,
    find_personal,
    personal_label,
    plain_text,
)

YEAR = 2026
B, P, R, E = (BIRTH_NUMBER,), (PHONE,), (PLATE,), (EMAIL,)
# The browser's patterns are tested against the same texts in tests/browser/test_report_form.py.
CASES: list[tuple[str, tuple[str, ...]]] = [
    # birth numbers: 10 digits divisible by eleven, women +50, since 2004 +20 and +70
    ("muž 850101/1233 vykázán", B),
    ("žena r.č. 855101/1238", B),
    ("8501011233", B),
    ("850101 1233", B),
    ("850101-1233", B),
    ("85 01 01 / 1233", B),
    ("nar. 850101/1233.", B),
    ("(850101/1233)", B),
    ("Novák,850101/1233", B),
    ("chlapec 102115/1230", B),  # 15. 1. 2010, +20
    ("dívka 107115/1235", B),  # 15. 1. 2010, +70
    ("780123/3540", B),  # 780123354 % 11 = 10, so the tenth digit is 0
    ("530512/123", B),  # nine digits, born 1953
    ("530512123", B),
    ("535512/123", B),
    ("r. č. 850101/1235", B),  # said to be one, with a slip
    ("rodné číslo: 8501011235", B),
    ("rodného čísla 850101/1235", B),
    ("RČ 850101/1235", B),
    ("８５０１０１／１２３３", B),  # full-width digits
    ("850101/1235", ()),  # not divisible
    ("851301/1232", ()),  # month 13
    ("850230/1236", ()),  # 30 February
    ("540512/123", ()),  # nine digits ended with 1953
    ("530512/000", ()),
    ("852101/1235", ()),  # +20 only since 2004
    ("Y 543450, X 1050790", ()),
    ("543450.12 1050790.55", ()),
    ("543450/1050790", ()),
    ("-543450,-1050790", ()),
    ("č. j. 123456/2024", ()),
    ("KRPM-123456-6/ČJ-2024-140611", ()),
    # phones
    ("volat 603 111 222", P),
    ("603111222", P),
    ("tel. +420 603 111 222", P),
    ("+420603111222", P),
    ("00420 603 111 222", P),
    ("603-111-222", P),
    ("603.111.222", P),
    ("584 41 12 34", P),
    ("584 411 234", P),
    ("polské číslo +48 601 111 222", P),
    ("+421 905 111 222", P),
    ("tel.:777123456,", P),
    ("50.229412, 17.204631", ()),
    ("50.2294123, 17.2046312", ()),
    ("50°13'45.8\"N 17°12'16.7\"E", ()),
    ("škoda 250 000 000 Kč", ()),
    ("škoda 603111222 Kč", ()),
    ("č.j. 603 111 222", ()),
    ("sp. zn. 721 111 222", ()),
    ("IČO 603111222", ()),
    ("IČO 00302724", ()),
    ("pokuta 1 500 Kč, blok č. 603111222", ()),
    ("byty 301 302 303", ()),
    ("domy 515, 516, 517", ()),
    ("od 22:00 do 23:30 dne 5. 3. 2025", ()),
    ("volat 158 nebo 156", ()),
    ("112", ()),
    ("účet 123456789/0800", ()),
    ("603 1112", ()),
    ("5 514 přestupků, 1 234 567,50", ()),
    # plates
    ("auto 1M2 3456", R),
    ("1M23456", R),
    ("vozidlo 1MA 2345", R),
    ("5T7-1234", R),
    ("1m23456", R),
    ("1m4 2345", R),
    ("2ab1234", R),
    ("JEA 12-34", R),
    ("SUA1234", R),
    ("OLA 12 34", R),
    ("SUA 4521", R),
    ("EL 123 AB", R),
    ("SPZ OC 12-34", R),
    ("RZ: WX12345", R),
    ("§ 5 251", ()),
    ("§ 5 zákona 251/2016 Sb.", ()),
    ("§5 odst. 1 písm. a) 251/2016", ()),
    ("plocha 5m2 1200 Kč", ()),
    ("byt 3kk 1500", ()),
    ("3ks 1000", ()),
    ("MP 20-22 hod.", ()),
    ("ST 14-16", ()),
    ("ROK 2024", ()),
    ("AKCE 2024", ()),
    ("RZ nečitelná", ()),
    ("hlídka 1A, 2B", ()),
    ("Lipovská 1234/12", ()),
    ("Dukelská č.p. 1240/27A", ()),
    # e-mails
    ("jan.novak@seznam.cz", E),
    ("Jan.Novák@post.seznam.cz,", E),
    ("jan.novak (zavináč) seznam.cz", E),
    ("jan(at)seznam.cz", E),
    ("novak zavináč seznam.cz", E),
    ("@mestojesenik", ()),
    ("cena @ 20 Kč", ()),
    ("www.jesenik.org", ()),
    # several, and none
    ("850101/1233, tel. 603 111 222, 1M2 3456, a@b.cz", PERSONAL_KINDS),
    ("tel. 603 111 222 nebo 604 111 222, e-mail a@b.cz", (PHONE, EMAIL)),
    ("Opilý muž ležel u lavičky, předán záchranné službě.", ()),
    ("Nalezeny 3 injekční stříkačky za garážemi č. 12-14.", ()),
    ("", ()),
]


def test_there_are_enough_cases_of_both_sorts():
    positive = [case for case in CASES if case[1]]
    assert len(CASES) >= 60
    assert len(positive) >= 30
    assert len(CASES) - len(positive) >= 30
    assert len({text for text, _kinds in CASES}) == len(CASES)


@pytest.mark.parametrize(("text", "kinds"), CASES)
def test_what_is_found_in_a_text(text, kinds):
    assert find_personal(text, year=YEAR) == kinds


def test_nobody_is_born_after_this_year():
    born_2026 = "260101/" + next(
        f"{n:04d}" for n in range(10_000) if int(f"260101{n:04d}") % 11 == 0
    )
    assert find_personal(born_2026, year=2026) == B
    assert find_personal(born_2026, year=2025) == ()


@given(
    st.integers(1954, 2025), st.integers(1, 12), st.integers(1, 28), st.booleans(),
    st.integers(0, 999),
)  # fmt: skip
def test_every_number_made_by_the_rule_is_found(year, month, day, woman, order):
    first = f"{year % 100:02d}{month + 50 * woman:02d}{day:02d}{order:03d}"
    check = int(first) % 11
    if check == 10 and year > 1985:
        return  # such numbers are not given out
    number = f"{first}{check % 10}"
    assert find_personal(f"muž {number[:6]}/{number[6:]}", year=YEAR) == B


@given(st.text(max_size=200))
def test_any_text_has_an_answer(text):
    assert set(find_personal(text)) <= set(PERSONAL_KINDS)


@pytest.mark.parametrize("piece", ["1 ", "a.", "603 ", "1A", "850101/", "a@a.", "SPZ ", "+420 "])
def test_long_texts_take_no_long_time(piece):
    started = time.process_time()
    find_personal(piece * (20_000 // len(piece)))
    assert time.process_time() - started < 2.0


def test_patterns_are_written_in_what_browsers_read_too():
    said = json.loads(json.dumps(browser_patterns()))
    for one in said["patterns"]:
        assert one["kind"] in PERSONAL_KINDS
        assert not re.search(r"\(\?<|\(\?P|\\[AZdws]|\(\?[a-z]", one["pattern"])


def test_plain_text_keeps_case_and_joins_blanks():
    assert plain_text("Český\n\u00a0 Krumlov\u2013střed\u200b") == "Cesky Krumlov-stred"


def test_kinds_have_names():
    with use_language("en"):
        assert [personal_label(kind) for kind in PERSONAL_KINDS] == [
            "a birth number",
            "a phone number",
            "a number plate",
            "an e-mail address",
        ]
