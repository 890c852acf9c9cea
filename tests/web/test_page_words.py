"""Cures on the page name its forms and fields, not commands and options."""

import pytest

from hotspots.i18n import use_language
from web.page_words import page_words


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("fetch the newest: hotspots layers fetch", "fetch the newest: “Fetch official layers”"),
        (
            "mend it (hotspots layers check --repair), or in QGIS",
            "mend it (“See what safe repairs would change”), or in QGIS",
        ),
        (
            "a table by code: hotspots layers import FILE --as district --year 2021",
            "a table by code: “Import files” (“What is it?” Districts (ZSJ), “Year of the "
            "residents” 2021)",
        ),
        ("to go back: hotspots layers use 3", "to go back: “Versions”"),
        ("say it with --year YEAR", "say it with “Year of the residents”"),
        (
            "with --code-column COLUMN:\n  a: 1",
            "with “Column with the codes”:\n  a: 1",
        ),
        (
            "say --crs EPSG:5513, or",
            "say “Coordinate system, where the file does not say it” EPSG:5513, or",
        ),
        (
            "--as locality (localities), --as district (districts (basic settlement units))",
            "“Localities”, “Districts (ZSJ)”",
        ),
        ("which with --as and the word", "which with “What is it?” and the word"),
        # What has no form stays.
        ("make them anew: hotspots layers remake", "make them anew: hotspots layers remake"),
        (
            "hotspots init DIR --municipality 555555, or with --municipality 555555",
            "hotspots init DIR --municipality 555555, or with “It may be another town than …: "
            "the study area changes”",
        ),
        ("nothing to say, --unknown 3", "nothing to say, --unknown 3"),
    ],
)
def test_commands_become_forms(text, said):
    with use_language("en"):
        assert page_words(text) == said


def test_czech_messages_too():
    with use_language("cs"):
        year = "„Rok, ke kterému počty obyvatel platí“"
        assert page_words("uveďte jej volbou --year ROK") == f"uveďte jej volbou {year}"
        said = page_words("načtěte: hotspots layers import SOUBOR --as district --year 2021")
    assert said.endswith(f", {year} 2021)")
    assert "hotspots" not in said
    assert "--" not in said
