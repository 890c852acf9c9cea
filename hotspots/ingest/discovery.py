"""How an incident was discovered, told from the words of a cell."""

import re
from typing import Final

from hotspots.clean import is_unknown
from hotspots.place_text import fold
from hotspots.schema import DISCOVERED_BY_VALUES

# Words as they begin, folded; any ending follows unless the word is closed. Never within a word:
# "neoznámeno" is no report.
_STEMS: Final = {
    "reported": (
        r"oznam\w*|ohlas\w*|nahlas\w*|obcan(?!sk)\w*|telefon\w*|tel\b|volan[io]|volajici\w*|"
        r"poskozen\w*|sved(?:ek|k)\w*|stiznost\w*|podnet\w*|tisnov\w*|(?:156|158|112)\b"
    ),
    "patrol": (
        r"pochuz\w*|obchuz\w*|hlidk\w*|hlidek|hlidc\w*|kontrol\w*|asistent\w*|apk\b|straznik\w*|"
        r"straznic\w*|okrskar\w*|vlastni(?:ho|m|mu|mi)?(?= (?:zjist|cinnost|poznat|iniciativ))|"
        r"vlastni$"
    ),
    "camera": r"kamer\w*|mkds\b|cctv\b|fotopast\w*|videozaznam\w*",
}
_PATTERNS: Final = {kind: re.compile(rf"\b(?:{stems})") for kind, stems in _STEMS.items()}


def read_discovery(text: str) -> str | None:
    """Return how an incident was discovered: one of `schema.DISCOVERED_BY_VALUES`.

    None where the words are not known, or tell two ways ("oznámeno hlídce").

    Parameters
    ----------
    text
        Text of a cell, in English as the schema has it or in Czech, with or without diacritics.
    """
    word = text.strip().casefold()
    if word in DISCOVERED_BY_VALUES:
        return word
    if is_unknown(text):
        return "unknown"
    plain = re.sub(r"[\W_]+", " ", fold(text)).strip()
    found = [kind for kind, pattern in _PATTERNS.items() if pattern.search(plain)]
    return found[0] if len(found) == 1 else None
