"""The names of a gazetteer, word by word, and which of them a text may hold."""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
from rapidfuzz import process
from rapidfuzz.distance import OSA

from hotspots import schema
from hotspots.geocode.gazetteer import BUS_STOP, LANDMARK, Gazetteer, Place
from hotspots.geocode.name_words import (
    ESSENTIAL,
    FIRST,
    GENERIC,
    PREPOSITION,
    TITLE,
    NameWord,
    name_words,
    word_tokens,
)
from hotspots.geocode.roots import is_root_noun
from hotspots.geocode.stems import (
    INFLECTED_SCORE,
    allowed_errors,
    error_score,
    stem,
    stems,
)
from hotspots.geocode.tokens import Token, tokenize
from hotspots.geocode.words import COMMON, KIND_NAMES

SHOWN_NAME: Final = 45.0
# By role: how much the word weighs in the score, and what it costs to leave it out.
_WEIGHTS: Final = (1.0, 0.5, 0.5, 0.1, 0.3, 0.3)
_COSTS: Final = (0.0, 13.0, 11.0, 2.0, 12.0, 6.0)
_INITIAL_SCORE: Final = 97.0
_DOTTED_SCORE: Final = 96.0
_CUT_SCORE: Final = 88.0  # cut short without a dot
_LOST_SCORE: Final = 95.0  # letters lost by a wrong encoding, written "?"
_LEAST_CUT: Final = 3
_LEAST_BARE_CUT: Final = 5  # letters of a word cut short without a dot
_LEAST_JOINED: Final = 6
_FIRST_LETTER_COST: Final = 3.0
_MAX_WORDS: Final = 60
_CACHED: Final = 50_000
_MAX_LETTERS: Final = 40
_Unit = tuple[tuple[int, ...], dict[str, float]]  # tokens read as one word, and what it may be


@dataclass(frozen=True)
class Name:
    """A way in which a place is called; `cost` is what its score loses for being unusual."""

    place: int
    words: tuple[NameWord, ...]
    cost: float = 0.0
    is_street: bool = False
    has_comma: bool = False


@dataclass(frozen=True)
class Match:
    """A name found in a text.

    Attributes
    ----------
    place
        Position in the gazetteer's places.
    score
        0 to 100.
    positions
        Which tokens of the text it takes.
    is_whole
        Every essential word of the name is there.
    is_root
        All that is there of the name is the noun it is made of: "Slezsko" of "Slezská".
    """

    place: int
    score: float
    positions: frozenset[int]
    is_whole: bool
    is_root: bool = False


class NameIndex:
    """Finds names of a gazetteer among the tokens of a text."""

    def __init__(self, gazetteer: Gazetteer) -> None:
        self.town_words = frozenset(stem(t.text) for t in word_tokens(gazetteer.town))
        self.names: list[Name] = []
        self._joined_words: set[str] = set()
        for position, place in enumerate(gazetteer.places):
            self._add(position, place)
        by_word: dict[str, list[tuple[int, int]]] = defaultdict(list)
        by_stem: dict[str, set[str]] = defaultdict(set)
        for number, name in enumerate(self.names):
            for at, word in enumerate(name.words):
                by_word[word.text].append((number, at))
                by_stem[word.stem].add(word.text)
        self._by_word = dict(by_word)
        self._by_stem = {key: tuple(sorted(words)) for key, words in by_stem.items()}
        self.vocabulary = sorted(by_word)
        self._lengths = np.array([len(word) for word in self.vocabulary])
        self._stem_list = [stem(word) for word in self.vocabulary]
        self._known: dict[tuple[str, bool], dict[str, float]] = {}

    def _add(self, position: int, place: Place) -> None:
        words = self._words(place)
        if not words:
            return
        is_street = place.method == schema.STREET
        self.names.append(Name(position, words, is_street=is_street, has_comma="," in place.name))
        if len(words) > 1:
            joined = "".join(word.text for word in words)
            if len(joined) >= _LEAST_JOINED and not joined.isdigit():
                self._joined_words.add(joined)
                self._add_alias(position, joined, 3.0)
        if place.method == schema.STREET and len(words) > 1 and words[0].role == FIRST:
            surname = words[-1].stem
            self._add_alias(position, surname + "ova", 10.0)
        for alias in KIND_NAMES.get(place.place_kind, ()):
            if alias != " ".join(word.text for word in words):
                self.names.append(
                    Name(
                        position, name_words(word_tokens(alias), frozenset(), is_street=False), 4.0
                    )
                )

    def _add_alias(self, position: int, word: str, cost: float) -> None:
        self.names.append(Name(position, (NameWord(word, stem(word), ESSENTIAL),), cost))

    def _words(self, place: Place) -> tuple[NameWord, ...]:
        tokens = [t for t in tokenize(place.name) if t.is_word or t.is_number]
        town = frozenset() if place.method == schema.STREET else self.town_words
        return name_words(tokens, town, is_street=place.method == schema.STREET, name=place.name)

    def knows(self, word: str) -> bool:
        """Return whether a folded word stands in a name, in any case."""
        return word in self._by_word or any(s in self._by_stem for s in stems(word))

    def similar(self, word: str, *, is_dotted: bool) -> dict[str, float]:
        """Return the words of names that a folded word may stand for, with scores 0 to 100."""
        key = (word, is_dotted)
        found = self._known.get(key)
        if found is None:
            if len(self._known) > _CACHED:
                self._known.clear()
            found = self._known[key] = self._similar(word, is_dotted)
        return found

    def _similar(self, word: str, is_dotted: bool) -> dict[str, float]:
        found: dict[str, float] = {}
        if word.isdigit():
            return {word: 100.0} if word in self._by_word else {}
        for one in stems(word):
            for known in self._by_stem.get(one, ()):
                found[known] = INFLECTED_SCORE
        if word in self._by_word:
            found[word] = 100.0
        if "?" in word:
            return found | self._with_lost_letters(word)
        self._add_cut(word, is_dotted, found)
        if word in COMMON or len(word) < _LEAST_CUT + 1 or len(word) > _MAX_LETTERS:
            return found
        limit = allowed_errors(len(word) + 1)
        errors = process.cdist(
            [word], self.vocabulary, scorer=OSA.distance, score_cutoff=limit, dtype=np.uint8
        )[0]
        for at in np.flatnonzero(errors <= limit):
            known = self.vocabulary[at]
            length = len(known)
            if known.isdigit() or int(errors[at]) > allowed_errors(length):
                continue
            score = error_score(int(errors[at]), length)
            if known[0] != word[0]:
                score -= _FIRST_LETTER_COST
            found[known] = max(found.get(known, 0.0), score)
        self._add_inflected_errors(word, found)
        return found

    def _add_inflected_errors(self, word: str, found: dict[str, float]) -> None:
        own = stem(word)
        limit = allowed_errors(len(own))
        if not limit:
            return
        errors = process.cdist(
            [own], self._stem_list, scorer=OSA.distance, score_cutoff=limit, dtype=np.uint8
        )[0]
        for at in np.flatnonzero(errors <= limit):
            known, root = self.vocabulary[at], self._stem_list[at]
            length = len(root)
            if known.isdigit() or int(errors[at]) > allowed_errors(length):
                continue
            score = error_score(int(errors[at]), length) - (100.0 - INFLECTED_SCORE)
            if root[0] != own[0]:
                score -= _FIRST_LETTER_COST
            found[known] = max(found.get(known, 0.0), score)

    def _add_cut(self, word: str, is_dotted: bool, found: dict[str, float]) -> None:
        if len(word) == 1:
            if is_dotted:
                for known in self.vocabulary:
                    if known[0] == word and len(known) > 1:
                        found.setdefault(known, _INITIAL_SCORE)
            return
        if not is_dotted and (len(word) < _LEAST_BARE_CUT or word in COMMON):
            return
        score = _DOTTED_SCORE if is_dotted else _CUT_SCORE
        first = bisect_left(self.vocabulary, word)
        for known in self.vocabulary[first : bisect_left(self.vocabulary, word + "\uffff")]:
            if known in self._joined_words:
                continue
            if len(known) > len(word) + 1 and known.startswith(word):
                found[known] = max(found.get(known, 0.0), score)

    def _with_lost_letters(self, word: str) -> dict[str, float]:
        found = {}
        for known in self.vocabulary:
            if len(known) == len(word) and all(
                own in ("?", other) for own, other in zip(word, known, strict=True)
            ):
                found[known] = _LOST_SCORE
        return found

    def find(self, tokens: Sequence[Token]) -> list[Match]:
        """Return the names that the tokens may hold, the best way of each place, best first."""
        units = self._units(tokens)
        hits: dict[int, dict[int, list[tuple[float, int]]]] = defaultdict(lambda: defaultdict(list))
        for number, (_positions, similar) in enumerate(units):
            for known, score in similar.items():
                for of_name, at in self._by_word[known]:
                    hits[of_name][at].append((score, number))
        best: dict[int, Match] = {}
        for number, by_word in hits.items():
            name = self.names[number]
            match = _assign(name, by_word, units, tokens)
            if match is None:
                continue
            known_match = best.get(name.place)
            if known_match is None or _rank(match) > _rank(known_match):
                best[name.place] = match
        return sorted(best.values(), key=lambda m: (*(-r for r in _rank(m)), m.place))

    def _units(self, tokens: Sequence[Token]) -> list[_Unit]:
        units: list[_Unit] = []
        words = [i for i, t in enumerate(tokens) if t.is_word or t.is_number][:_MAX_WORDS]
        for i in words:
            token = tokens[i]
            similar = self.similar(token.text, is_dotted=token.is_dotted and token.is_word)
            if similar:
                units.append(((i,), similar))
        for i, j in pairwise(words):
            first, second = tokens[i], tokens[j]
            if j != i + 1 or not (first.is_word and second.is_word):
                continue
            joined = first.text + second.text
            known = {w: s - 4.0 for w, s in self._joined(joined).items()}
            if known:
                units.append(((i, j), known))
        return units

    def _joined(self, word: str) -> dict[str, float]:
        if len(word) < _LEAST_JOINED:
            return {}
        if word in self._by_word:
            return {word: 100.0}
        return {}


def _rank(match: Match) -> tuple[float, int]:
    return match.score, len(match.positions)


def _assign(
    name: Name,
    hits: dict[int, list[tuple[float, int]]],
    units: Sequence[_Unit],
    tokens: Sequence[Token],
) -> Match | None:
    """Return the best way to find the words of a name close together; None if there is none."""
    heads = [at for at, word in enumerate(name.words) if word.role == ESSENTIAL and at in hits]
    if not heads:
        heads = [at for at, word in enumerate(name.words) if word.role == GENERIC and at in hits]
    best: Match | None = None
    reach = len(name.words) + 1
    for head in heads:
        for head_score, head_unit in hits[head][:8]:
            if len(tokens[units[head_unit][0][0]].text) == 1:
                continue  # an initial is no name
            match = _around(name, hits, units, tokens, (head, head_score, head_unit), reach)
            if match is not None and (best is None or _rank(match) > _rank(best)):
                best = match
    return best


def _around(
    name: Name,
    hits: dict[int, list[tuple[float, int]]],
    units: Sequence[_Unit],
    tokens: Sequence[Token],
    head: tuple[int, float, int],
    reach: int,
) -> Match | None:
    at, score, unit = head
    used = set(units[unit][0])
    middle = units[unit][0][0]
    # A name may cross commas only as the layers write it: "Dětřichov, konečná".
    total, weights, cost = score * _WEIGHTS[name.words[at].role], 0.0, name.cost
    n_missing = 0
    order = [(at, middle)]
    for other, word in enumerate(name.words):
        weight = _WEIGHTS[word.role]
        weights += weight
        if other == at:
            continue
        chosen: tuple[float, int] | None = None
        for other_score, other_unit in hits.get(other, ()):
            positions = units[other_unit][0]
            if used.intersection(positions) or abs(positions[0] - middle) > reach:
                continue
            if not name.has_comma and tokens[positions[0]].segment != tokens[middle].segment:
                continue
            if word.role in (PREPOSITION, TITLE) and positions[0] > middle:
                continue  # these stand before the name
            if len(tokens[positions[0]].text) == 1 and word.role == ESSENTIAL:
                continue
            if chosen is None or other_score > chosen[0]:
                chosen = (other_score, other_unit)
        if chosen is None:
            if word.role == ESSENTIAL:
                n_missing += 1
            else:
                weights -= weight
                cost += _COSTS[word.role]
            continue
        total += chosen[0] * weight
        used.update(units[chosen[1]][0])
        order.append((other, units[chosen[1]][0][0]))
    if name.words[at].role != ESSENTIAL:
        n_missing = max(n_missing, 1)
    score = total / weights - cost
    order.sort()
    if any(b < a for (_i, a), (_j, b) in pairwise(order)):
        score -= _STREET_ORDER_COST if name.is_street else _ORDER_COST
    if name.words[at].role == GENERIC:
        score = SHOWN_NAME + 5.0  # "na náměstí": any of them
    if score < SHOWN_NAME:
        return None
    alone = tokens[middle] if len(order) == 1 else None
    is_root = (
        alone is not None and not alone.is_dotted and is_root_noun(alone.text, name.words[at].text)
    )
    return Match(name.place, score, frozenset(used), n_missing == 0, is_root)


# A street's words may stand in any order; turned round, another name may mean something else.
_STREET_ORDER_COST: Final = 3.0
_ORDER_COST: Final = 20.0


__all__ = ["BUS_STOP", "LANDMARK", "SHOWN_NAME", "Match", "Name", "NameIndex", "NameWord"]
