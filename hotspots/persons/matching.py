"""Where a text speaks of a person: names in any Czech case, numbers however they are spaced."""

import re
from dataclasses import dataclass
from functools import lru_cache
from itertools import permutations
from typing import Final

from hotspots.errors import ParameterError
from hotspots.i18n import _
from hotspots.place_text import ERASED, fold

LEAST: Final = 3  # letters and digits of what is looked for
MOST: Final = 100  # characters
_MOST_WORDS: Final = 6
_ORDERED_FROM: Final = 4  # so many words are looked for in the order given only
# Folded endings of names of persons: nouns, adjectives, possessives, feminine surnames.
_ENDINGS: Final = (
    *("", "a", "e", "i", "o", "u", "y", "ovi", "em", "om", "um", "am", "ou", "ech", "ich", "ach"),
    *("ove", "ova", "ovo", "ovou", "ovu", "ovy", "ovych", "ovym", "ovymi", "uv", "ami", "mi"),
    *("eho", "emu", "ym", "im", "ych", "ymi", "imi", "iho", "imu"),
    *("in", "ina", "ine", "ino", "inu", "inou", "iny", "inych", "inym", "inymi"),
)
# After a softened last letter: Nováci, o Novácích, Lence, Lenčin.
_SOFT_ENDINGS: Final = ("i", "e", "ich", "in", "ina", "ine", "inu", "inou")
# After a name that ends in -i or -e and keeps it: Jiřího, Krejčímu, Goetheho.
_AFTER_VOWEL: Final = ("", "ho", "mu", "m", "ch", "mi", "ova", "ove", "ovou", "uv")
_CUT: Final = ("ovou", "ova", "ove", "ovi", "ou", "a", "e", "i", "o", "u", "y")
_SOFTENED: Final = (("ch", "s"), ("k", "c"), ("h", "z"), ("g", "z"))
_VOWELS: Final = frozenset("aeiouy")
_MOBILE: Final = frozenset("cklnr")
_WORD: Final = re.compile(r"[^\W_]+")
_BETWEEN_WORDS: Final = r"(?:[^\w;:!?]|_){1,3}"
_IN_NUMBER: Final = r"[\s./-]{0,2}"
_COUNTRY: Final = "420"
_CONTEXT: Final = 60


@dataclass(frozen=True)
class Wanted:
    """What is looked for in texts.

    Attributes
    ----------
    text
        As it was typed.
    forms
        Folded forms that are found, of each word, as "novak, novaka, …"; for a number itself.
    """

    text: str
    forms: tuple[str, ...]
    _pattern: re.Pattern[str]
    _beginnings: tuple[str, ...] = ()  # no text without all of them is looked through

    @classmethod
    def parse(cls, text: str, *, exact: bool = False) -> "Wanted":
        """Read what is typed: a name, a phone, a plate, an address.

        Case and diacritics do not matter. Words are found with other Czech endings unless `exact`;
        names of two or three words also in another order. Digits are found however they are
        spaced, a Czech phone with or without +420.

        Raises
        ------
        ParameterError
            Fewer than three letters and digits, more than six words, longer than 100 characters,
            or the mark of erased words.
        """
        words = _WORD.findall(fold(text))
        if len(text) > MOST or len(words) > _MOST_WORDS:
            raise ParameterError(
                _("look for at most {n} words of {most} characters together").format(
                    n=_MOST_WORDS, most=MOST
                )
            )
        if sum(len(word) for word in words) < LEAST:
            raise ParameterError(
                _("look for at least {n} letters or digits, such as a surname").format(n=LEAST)
            )
        if all(_has_digit(word) for word in words):
            number = "".join(words)
            return cls(text, (number,), re.compile(_number_pattern(number)))
        kinds = [(word,) if exact or _has_digit(word) else inflect(word) for word in words]
        parts = [_word_pattern(word, forms) for word, forms in zip(words, kinds, strict=True)]
        is_ordered = exact or len(parts) >= _ORDERED_FROM
        orders = [tuple(parts)] if is_ordered else list(permutations(parts))
        known = dict.fromkeys(_BETWEEN_WORDS.join(order) for order in orders)
        pattern = rf"(?<![^\W_])(?:{'|'.join(known)})(?![^\W_])"
        forms = tuple(dict.fromkeys(form for words in kinds for form in words))
        beginnings = tuple(_common_beginning(words) for words in kinds)
        wanted = cls(text, forms, re.compile(pattern), beginnings)
        if wanted.is_in(ERASED):
            raise ParameterError(
                _("{mark} stands where something was erased; look for other words").format(
                    mark=ERASED
                )
            )
        return wanted

    def is_in(self, text: str) -> bool:
        """Return whether a text speaks of it."""
        if not text:
            return False
        plain = _folded(text)
        if not all(beginning in plain for beginning in self._beginnings):
            return False
        return self._pattern.search(plain) is not None

    def spans(self, text: str) -> tuple[tuple[int, int], ...]:
        """Return where a text speaks of it: start and end of each mention, in characters."""
        if not self.is_in(text):
            return ()
        plain, origin = _fold_with_origin(text)
        found = []
        for match in self._pattern.finditer(plain):
            start, end = origin[match.start()], origin[match.end() - 1] + 1
            while end < len(text) and not fold(text[end]):  # a mark that belongs to the last letter
                end += 1
            found.append((start, end))
        return tuple(found)

    def mask(self, text: str, mark: str) -> str:
        """Return a text with `mark` in place of each mention."""
        for start, end in reversed(self.spans(text)):
            text = text[:start] + mark + text[end:]
        return text

    def found_forms(self, text: str) -> tuple[str, ...]:
        """Return the mentions of a text as they stand in it."""
        return tuple(text[start:end] for start, end in self.spans(text))


def context(text: str, span: tuple[int, int]) -> tuple[str, str, str]:
    """Return what stands before a mention, the mention, and what follows, cut at words."""
    start, end = span
    before, after = text[:start], text[end:]
    if len(before) > _CONTEXT:
        before = "…" + before[-_CONTEXT:].partition(" ")[2]
    if len(after) > _CONTEXT:
        after = after[:_CONTEXT].rpartition(" ")[0] + "…"
    return before, text[start:end], after


@lru_cache(maxsize=1_000)
def inflect(word: str) -> tuple[str, ...]:
    """Return the forms that a folded word may have, itself first; short ones only as they are.

    >>> forms = inflect("novak")
    >>> {"novaka", "novakovi", "novakovou", "novaci"} <= set(forms)
    True
    """
    if len(word) < LEAST:
        return (word,)
    roots = {word: None}
    for ending in _CUT:
        # A soft adjective keeps its i, and so does a name that would be left with two letters.
        if word.endswith(ending) and len(word) - len(ending) >= (2 if len(ending) == 1 else LEAST):
            roots[word[: len(word) - len(ending)]] = None
            if len(ending) > 1:
                break
    for root in list(roots):
        if len(root) > LEAST and root[-1] in _MOBILE:
            if root[-2] == "e" and root[-3] not in _VOWELS:
                roots[root[:-2] + root[-1]] = None  # Havlíček, Havlíčka
            elif root[-2] not in _VOWELS and root != word:
                roots[root[:-1] + "e" + root[-1]] = None  # Havlíčka, Havlíček
    forms = {word: None}
    for root in roots:
        if root[-1] in _VOWELS:
            forms |= dict.fromkeys(root + ending for ending in _AFTER_VOWEL)
            continue
        forms |= dict.fromkeys(root + ending for ending in _ENDINGS)
        for hard, soft in _SOFTENED:
            if root.endswith(hard):
                base = root[: len(root) - len(hard)] + soft
                forms |= dict.fromkeys(base + ending for ending in _SOFT_ENDINGS)
                break
    return tuple(form for form in forms if len(form) >= LEAST or form == word)


def _common_beginning(words: tuple[str, ...]) -> str:
    """Return the letters that all of some words begin with."""
    first, last = min(words), max(words)
    n_same = next((n for n, letter in enumerate(first) if letter != last[n : n + 1]), len(first))
    return first[:n_same]


def _has_digit(word: str) -> bool:
    return any(letter.isdigit() for letter in word)


def _word_pattern(word: str, forms: tuple[str, ...]) -> str:
    if _has_digit(word):
        return re.escape(word)
    return f"(?:{'|'.join(sorted(map(re.escape, forms), key=len, reverse=True))})"


def _number_pattern(number: str) -> str:
    """Return the pattern of digits and letters that may be spaced, no part of a longer number."""
    country = ""
    own = number
    for start in ("00" + _COUNTRY, _COUNTRY):
        if number.isdigit() and len(number) == len(start) + 9 and number.startswith(start):
            own = number[len(start) :]
    if own.isdigit() and len(own) == 9:
        country = rf"(?:(?:\+|00)?{_COUNTRY}{_IN_NUMBER})?"
    spaced = _IN_NUMBER.join(re.escape(letter) for letter in own)
    return rf"(?<![^\W_]){country}{spaced}(?![^\W_])"


@lru_cache(maxsize=20_000)
def _folded(text: str) -> str:
    return fold(text)


def _fold_with_origin(text: str) -> tuple[str, list[int]]:
    """Return a folded text, and of each of its characters the one it comes from."""
    parts: list[str] = []
    origin: list[int] = []
    for at, letter in enumerate(text):
        part = fold(letter)
        parts.append(part)
        origin += [at] * len(part)
    return "".join(parts), origin
