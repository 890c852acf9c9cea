"""The words of a name and the role of each: what must be there, and what may be left out."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from hotspots.geocode.stems import stem
from hotspots.geocode.tokens import Token, tokenize
from hotspots.geocode.words import GENERIC as GENERIC_WORDS
from hotspots.geocode.words import PREPOSITIONS, TITLES

ESSENTIAL: Final = 0
GENERIC: Final = 1  # "náměstí"
FIRST: Final = 2  # a person's first name
TITLE: Final = 3
PREPOSITION: Final = 4
TOWN: Final = 5


@dataclass(frozen=True)
class NameWord:
    """One word of a name: folded, its stem, and its role."""

    text: str
    stem: str
    role: int


def word_tokens(text: str) -> list[Token]:
    """Return the words and numbers of a text."""
    return [t for t in tokenize(text) if t.is_word or t.is_number]


def name_words(
    tokens: Iterable[Token], town: frozenset[str], *, is_street: bool, name: str = ""
) -> tuple[NameWord, ...]:
    """Return the words of a name with their roles; one at least is essential."""
    tokens = list(tokens)
    raw = [word for word in name.replace("-", " ").replace(".", " ").split() if word[0].isalnum()]
    roles: list[int] = []
    for i, token in enumerate(tokens):
        is_last = i == len(tokens) - 1
        if token.text in GENERIC_WORDS and len(tokens) > 1:
            role = GENERIC
        elif token.text in PREPOSITIONS and not is_last and i == 0:
            role = PREPOSITION
        elif not is_last and (token.text in TITLES or (len(token.text) == 1 and not is_street)):
            role = TITLE
        elif stem(token.text) in town and len(tokens) > 1:
            role = TOWN
        elif is_street and not is_last and _is_first_name(tokens, i, raw):
            role = FIRST
        else:
            role = ESSENTIAL
        roles.append(role)
    if roles and ESSENTIAL not in roles:
        roles[-1] = ESSENTIAL
    return tuple(
        NameWord(token.text, stem(token.text), role)
        for token, role in zip(tokens, roles, strict=True)
    )


def _is_first_name(tokens: list[Token], i: int, raw: list[str]) -> bool:
    """Return whether a word of a street's name is a person's first name, in the genitive.

    An adjective before a noun ends in a long vowel (Zlatá stezka), a first name in a short one
    (Karla Čapka, Boženy Němcové) or is an initial.
    """
    if not tokens[i].is_word or tokens[-1].text in GENERIC_WORDS or len(raw) != len(tokens):
        return False
    if any(t.text in PREPOSITIONS for t in tokens):
        return False
    return len(tokens[i].text) == 1 or raw[i][-1] in "aye"
