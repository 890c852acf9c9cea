"""Czech words compared: the same in any case, and how far apart when mistyped."""

from functools import lru_cache
from typing import Final

# Endings of adjectives and nouns, longest first; what is left keeps at least `_LEAST` letters.
_ENDINGS: Final = (
    *("eho", "emu", "iho", "imu", "ymi", "imi", "emi", "ami"),
    *("ych", "ich", "ech", "ach", "ama"),
    *("ou", "ym", "im", "em", "um", "am", "om"),
    *("a", "e", "i", "o", "u", "y"),
)
_SOFT: Final = ("iho", "imu", "imi", "ich", "im", "i")
_LEAST: Final = 3
_VOWELS: Final = frozenset("aeiouy")
_MOBILE_E: Final = 5


@lru_cache(maxsize=50_000)
def stem(word: str) -> str:
    """Return what is left of a folded word when its case ending is cut off.

    A word in -i (soft adjectives and neuters: Nádražní, náměstí) keeps it, so that "Tovární" and
    "továrna" stay apart.

    >>> stem("lipovske"), stem("masarykove"), stem("stezce"), stem("nadraznim")
    ('lipovsk', 'masarykov', 'stezk', 'nadrazn')
    """
    if word.endswith("i") and len(word) > _LEAST:
        return word
    return _hard_stem(word)


@lru_cache(maxsize=50_000)
def stems(word: str) -> frozenset[str]:
    """Return every stem that a word of a text may have: as of a hard and of a soft one.

    >>> sorted(stems("nadraznim"))
    ['nadrazn', 'nadrazni']
    """
    found = {stem(word), _hard_stem(word)}
    for ending in _SOFT:
        if word.endswith(ending) and len(word) - len(ending) >= _LEAST:
            found.add(word[: len(word) - len(ending)] + "i")
            break
    return frozenset(found)


def _hard_stem(word: str) -> str:
    if not word.isalpha():
        return word
    cut = word
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= _LEAST:
            cut = word[: len(word) - len(ending)]
            break
    # Jeseníček, Vavřinec, kasáren: the e is lost where an ending follows.
    if (
        cut == word
        and len(cut) >= _MOBILE_E
        and cut[-2] == "e"
        and cut[-1] in "cklnr"
        and cut[-3] not in _VOWELS
    ):
        cut = cut[:-2] + cut[-1]
    if cut.endswith("c") and len(cut) > _LEAST:
        cut = cut[:-1] + "k"  # stezka, ve stezce
    return cut


def allowed_errors(length: int) -> int:
    """Return how many typing errors a word of so many letters may have and still be known."""
    if length < _SHORT:
        return 0
    if length < _MIDDLE:
        return 1
    return 2 if length < _LONG else 3


def error_score(errors: int, length: int) -> float:
    """Return how well a word of `length` letters with so many typing errors matches, 0 to 100."""
    if errors and length <= _SHORT:
        return _SHORT_SCORE
    return 100.0 - _COST * errors / length


_SHORT: Final = 4
_MIDDLE: Final = 7
_LONG: Final = 12
_SHORT_SCORE: Final = 76.0
_COST: Final = 58.0
INFLECTED_SCORE: Final = 97.0
