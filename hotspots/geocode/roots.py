"""Adjectival names and the nouns they are made of: Slezská is no Slezsko."""

from functools import lru_cache
from typing import Final

from rapidfuzz.distance import OSA

_LEAST: Final = 4  # letters of a noun that is compared
_ADJECTIVE: Final = ("a", "e", "ou", "y", "ych", "ym", "ymi", "em")
_POSSESSIVE: Final = ("", "a", "e", "u", "ou", "o", "y", "ych", "ym", "ymi")
_NOUN: Final = ("", "a", "e", "i", "o", "u", "y", "ou", "em", "um", "ovi")
_LAND: Final = ("o", "u")  # Slezsko, Slezsku


@lru_cache(maxsize=50_000)
def is_root_noun(word: str, name: str) -> bool:
    """Return whether a folded word is rather the noun that an adjectival name is made of.

    Such a word may mean the noun: a country, a person, a firm. A word that is as near to a case of
    the name itself as to a case of the noun is taken for a misspelt name.

    Parameters
    ----------
    word
        Of a text, folded.
    name
        A word of a name, folded.

    >>> is_root_noun("slezsko", "slezska"), is_root_noun("slezske", "slezska")
    (True, False)
    >>> is_root_noun("seifert", "seifertova"), is_root_noun("seifertove", "seifertova")
    (True, False)
    >>> is_root_noun("kalvody", "kalvodova"), is_root_noun("kalvdova", "kalvodova")
    (True, False)
    """
    if len(word) < _LEAST or word == name:
        return False
    if name.endswith("ova"):
        root = name[:-3]
        own, nouns = _forms(root + "ov", _POSSESSIVE), _forms(root, _NOUN)
    elif name.endswith(("ska", "cka")):
        own = _forms(name[:-1], _ADJECTIVE)
        nouns = _forms(name[:-1], _LAND) + _forms(name[:-3], _NOUN)
    else:
        return False
    return _distance(word, nouns) < _distance(word, own)


def _forms(stem: str, endings: tuple[str, ...]) -> list[str]:
    return [stem + ending for ending in endings]


def _distance(word: str, forms: list[str]) -> int:
    return min(int(OSA.distance(word, form)) for form in forms)
