"""A text of a place cut into words, numbers and marks."""

import re
import unicodedata
from dataclasses import dataclass
from typing import Final

from hotspots.geocode.words import ABBREVIATIONS
from hotspots.place_text import fold

MAX_CHARACTERS: Final = 300  # a longer text is a note, not a place
# "?" inside a word: a letter lost by a wrong encoding.
_TOKEN: Final = re.compile(r"\d+|[^\W\d_](?:[^\W\d_]|[?�](?=\w))*|[/,;×+&–—().-]")
_SEGMENT_MARKS: Final = frozenset(",;()")


@dataclass(frozen=True)
class Token:
    """One word, number or mark.

    Attributes
    ----------
    text
        Folded; an abbreviation with a dot written out.
    segment
        Which of the pieces between commas it stands in.
    is_word, is_number
        Letters, digits; a mark is neither.
    is_capital
        It begins with a capital letter.
    is_dotted
        A dot follows at once.
    is_glued
        Nothing stands between it and the token before.
    """

    text: str
    segment: int
    is_word: bool = False
    is_number: bool = False
    is_capital: bool = False
    is_dotted: bool = False
    is_glued: bool = False


def tokenize(text: str) -> list[Token]:
    """Return the tokens of a text's first `MAX_CHARACTERS` characters.

    Commas and brackets end a segment and are left out; so are dots.
    """
    clean = unicodedata.normalize("NFC", text[:MAX_CHARACTERS])
    found: list[Token] = []
    segment, end = 0, -1
    for match in _TOKEN.finditer(clean):
        raw = match[0]
        if raw in _SEGMENT_MARKS:
            segment += 1
            continue
        if raw == ".":
            continue
        plain = fold(raw)
        if not plain:
            continue
        is_dotted = clean[match.end() : match.end() + 1] == "."
        is_number = plain.isdigit() and plain.isascii()
        is_word = not is_number and raw[0].isalnum()
        if is_word:
            plain = ABBREVIATIONS.get(plain, plain) if is_dotted or plain in _SURE else plain
        found.append(
            Token(
                plain,
                segment,
                is_word,
                is_number,
                raw[0].isupper(),
                is_dotted,
                match.start() == end,
            )
        )
        end = match.end()
    return found


# Written without a dot these are no other word.
_SURE: Final = frozenset({"nam", "namest", "ul", "tr", "nabr", "sidl", "sv"})
