"""What the texts of places have in common, however they are typed: the key they are known by."""

import re
import unicodedata
from typing import Final

_MARKS: Final = re.compile(r"[^0-9a-z/+&]+")
_LOOSE_SLASH: Final = re.compile(r"\s*/\s*")
# Stands in a text where words about a person were erased.
ERASED: Final = "[vymazáno]"


def fold(text: str) -> str:
    """Return a text in lower case without diacritics: "Náměstí" becomes "namesti"."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    return "".join(c for c in plain if not unicodedata.combining(c))


def place_key(text: str) -> str:
    """Return the key under which decisions about a text of a place are remembered.

    Case, diacritics, punctuation and blanks do not matter; the empty text where nothing is left,
    or where a part was erased: two such texts that look alike may have meant two places.
    """
    if ERASED in text:
        return ""
    return _LOOSE_SLASH.sub("/", _MARKS.sub(" ", fold(text))).strip()
