"""Cures that name commands and options, said with the names of forms and fields instead."""

import re
from collections.abc import Callable
from typing import Final

from hotspots import schema
from hotspots.i18n import _
from web.texts import kind_label

_KINDS: Final = "|".join(schema.AREA_KINDS)
# A value that stands for another is a word in capitals: COLUMN, ROK.
_VALUE: Final = r"(?: (?P<value>EPSG:\d+|\d+|[^\W\d_a-z]{2,}\b))?"
# Commands without a form come first: they stay as they are.
_PATTERN: Final = re.compile(
    r"(?P<kept>hotspots init\b[^,;()]*|hotspots layers remake)"
    r"|(?P<repair>hotspots layers check --repair)"
    r"|(?P<check>hotspots layers check)"
    r"|(?P<fetch>hotspots layers fetch(?P<of_town> --municipality \d+)?)"
    r"|(?P<import>hotspots layers import (?:FILE|SOUBOR))(?P<chosen>(?: --[a-z-]+ [\w:]+)*)"
    r"|(?P<use>hotspots layers use(?: \d+)?)"
    r"|(?P<place>hotspots layers place)"
    rf"|--as (?P<listed>{_KINDS}) \((?:[^()]|\([^()]*\))*\)"
    rf"|--as (?P<kind>{_KINDS})\b"
    rf"|(?P<option>--[a-z]+(?:-[a-z]+)*){_VALUE}"
)
_OPTION: Final = re.compile(r"--[a-z-]+ [\w:]+")


def page_words(text: str) -> str:
    """Return a message with commands and options that the page has forms for named as there."""
    return _PATTERN.sub(_replacement, text)


def _replacement(found: re.Match[str]) -> str:
    for name, label in _forms().items():
        if found[name]:
            chosen = [page_words(option[0]) for option in _OPTION.finditer(found["chosen"] or "")]
            return _quoted(label()) + (f" ({', '.join(chosen)})" if chosen else "")
    if found["listed"]:
        return _quoted(kind_label(found["listed"]))
    if found["kind"]:
        return f"{_quoted(_('What is it?'))} {kind_label(found['kind'])}"
    fields = _fields()
    if found["option"] not in fields:
        return found[0]
    value = found["value"] or ""
    stands_for_another = value.isalpha() or found["option"] == "--municipality"
    said = _quoted(fields[found["option"]])
    return said if not value or stands_for_another else f"{said} {value}"


def _forms() -> dict[str, Callable[[], str]]:
    return {
        "repair": lambda: _("See what safe repairs would change"),
        "check": lambda: _("Check"),
        "fetch": lambda: _("Fetch official layers"),
        "import": lambda: _("Import files"),
        "use": lambda: _("Versions"),
        "place": lambda: _("Place older incidents anew …"),
    }


def _fields() -> dict[str, str]:
    return {
        "--as": _("What is it?"),
        "--name-column": _("Column with the names"),
        "--code-column": _("Column with the codes"),
        "--residents-column": _("Column with the residents"),
        "--year": _("Year of the residents"),
        "--layer": _("Layer of a GeoPackage, or sheet of a workbook"),
        "--crs": _("Coordinate system, where the file does not say it"),
        "--municipality": _("It may be another town than {town}: the study area changes").format(
            town="…"
        ),
        "--repair": _("Mend invalid polygons"),
        "--re-place": _("Place older incidents by the new layers too"),
        "--with-errors": _("Put official layers in force although the check finds errors in them"),
    }


def _quoted(label: str) -> str:
    return _("“{label}”").format(label=label)
