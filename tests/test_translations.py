"""Every text has its Czech form, with the same placeholders, and no catalogue holds dead texts."""

import re
from pathlib import Path

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

from hotspots import i18n

ROOT = Path(__file__).resolve().parents[1]
KEYWORDS = {"_": None, "gettext": None, "ngettext": (1, 2), "_n": (1, 2)}
METHODS = [("**.py", "python"), ("**/templates/**.html", "jinja2")]
PLACEHOLDER = re.compile(r"\{(\w*)[^{}]*\}|%\((\w+)\)[sd]")


def texts():
    found = {}
    for package in ("hotspots", "web"):
        for name, line, message, *_rest in extract_from_dir(
            ROOT / package, method_map=METHODS, keywords=KEYWORDS
        ):
            found[message] = f"{package}/{name}:{line}"
    return found


def translations():
    entries = {}
    for path in sorted((i18n.TRANSLATIONS_DIR / "cs").glob("*.po")):
        with path.open("rb") as file:
            catalogue = read_po(file, locale="cs")
        assert catalogue.num_plurals == 3, path
        for message in catalogue:
            if message.id:
                assert not message.fuzzy, f"{path.name}: {message.id}"
                entries[message.id] = (message.string, path.name)
    return entries


def placeholders(text):
    return {a or b for a, b in PLACEHOLDER.findall(text)}


def test_every_text_has_its_czech_form():
    czech = translations()
    missing = {
        message: where
        for message, where in texts().items()
        if message not in czech
        or not all([czech[message][0]] if isinstance(czech[message][0], str) else czech[message][0])
    }
    assert not missing


def test_no_catalogue_holds_dead_texts():
    assert not set(translations()) - set(texts())


def test_placeholders_are_kept():
    for message, (string, where) in translations().items():
        if isinstance(message, tuple):
            wanted = placeholders(message[1])
            assert len(string) == 3, f"{where}: {message}"
            # A form for exactly one may spell the number out, but may not invent a name.
            assert all(placeholders(form) <= wanted for form in string), f"{where}: {message}"
            assert placeholders(string[2]) == wanted, f"{where}: {message}"
        else:
            assert placeholders(string) == placeholders(message), f"{where}: {message}"


@pytest.mark.parametrize(
    ("value", "digits", "czech", "english"),
    [
        (1000, 0, "1\N{NO-BREAK SPACE}000", "1,000"),
        (2.5, 1, "2,5", "2.5"),
        (2.0, 1, "2", "2"),
        (0, 0, "0", "0"),
        (float("nan"), 1, "–", "–"),
    ],
)
def test_numbers_are_written_as_the_language_does(value, digits, czech, english):
    with i18n.use_language("cs"):
        assert i18n.format_number(value, digits=digits) == czech
    with i18n.use_language("en"):
        assert i18n.format_number(value, digits=digits) == english


def test_the_command_line_speaks_the_language_of_the_system(monkeypatch):
    monkeypatch.delenv("HOTSPOTS_LANG")
    monkeypatch.setenv("LC_ALL", "cs_CZ.UTF-8")
    assert i18n.current_language() == "cs"
    monkeypatch.setenv("LC_ALL", "de_DE.UTF-8")
    assert i18n.current_language() == "en"
