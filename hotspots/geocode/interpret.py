"""What a text says: which names stand in it, which numbers, and what is left that nobody knows."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import pairwise
from typing import Final

from rapidfuzz import process
from rapidfuzz.distance import OSA

from hotspots import schema
from hotspots.geocode.gazetteer import Gazetteer
from hotspots.geocode.names import Match, NameIndex
from hotspots.geocode.numbers import Numbers, read_numbers
from hotspots.geocode.stems import allowed_errors, stem, stems
from hotspots.geocode.tokens import Token, tokenize
from hotspots.geocode.words import (
    CORNER_LINKS,
    CORNER_MARKS,
    CORNER_WORDS,
    DIRECTIONS,
    DISTRICT_WORDS,
    NAMED_HOUSES,
    NOISE,
    OTHER_TOWNS,
    PART_WORDS,
    PLAIN_WORDS,
    PREPOSITIONS,
    RELATIONS,
    STOP_WORDS,
    STREET_WORDS,
    THINGS,
)
from hotspots.place_text import fold

# A second name in a text must match this well to count.
SECOND_SCORE: Final = 84.0
# A name of the layers that matches this well is no other municipality's.
OWN_SCORE: Final = 96.0
_WORDS_BONUS: Final = 10.0
_MAX_GROUPS: Final = 4
_SHORT_WORD: Final = 4  # letters; a shorter word is not guessed
_BEFORE_TOWN: Final = frozenset({"v", "ve", "z", "ze", "obec", "mesto", "u"})
STOP, STREET, DISTRICT, PART = "stop", "street", "district", "part"


@dataclass(frozen=True)
class Group:
    """The names that some words of a text may stand for, best first."""

    positions: frozenset[int]
    matches: tuple[Match, ...]


@dataclass(frozen=True)
class Reading:
    """What a text says.

    Attributes
    ----------
    groups
        Names in the text, each group for other words, in the order of the text.
    numbers
        House numbers and the like.
    relation_m
        "vedle", "50 m od …": how much less sure the position is [m].
    is_corner
        It speaks of a corner, or a sign of one stands between two names.
    says_corner
        A word such as "roh" is there.
    is_between
        "mezi X a Y".
    elsewhere
        Another municipality that it names, as this program writes it; empty for none.
    names_town
        The study area's own municipality is named.
    hints
        `STOP`, `DISTRICT`, `PART` where the text says of what kind the place is.
    is_clear
        Nothing in it is left that may change the meaning.
    n_words
        Words in it, without the town.
    """

    groups: tuple[Group, ...]
    numbers: Numbers
    relation_m: float
    is_corner: bool
    says_corner: bool
    is_between: bool
    elsewhere: str
    names_town: bool
    hints: frozenset[str]
    is_clear: bool
    n_words: int


def read_text(text: str, gazetteer: Gazetteer, index: NameIndex) -> Reading:
    """Return what a text of a place says."""
    tokens = [_meant(token, index) for token in tokenize(text)]
    matches = index.find(tokens)
    town = _town_positions(tokens, gazetteer, index, matches)
    own = [m for m in matches if not (town and m.positions <= town)]
    elsewhere, away = _elsewhere(tokens, gazetteer, own)
    groups = _group([m for m in own if not m.positions & away], gazetteer, tokens)
    taken = frozenset(p for group in groups for p in group.positions) | town
    numbers = read_numbers(tokens, taken, gazetteer.postcodes)
    used = taken | numbers.used
    left = [t for i, t in enumerate(tokens) if i not in used and t.is_word]
    words = {t.text for t in left}
    roots = {stem(word) for word in words}
    says_corner = bool(roots & CORNER_WORDS)
    relation = max((RELATIONS[w] for w in words if w in RELATIONS), default=0.0)
    hints = {
        STOP: STOP_WORDS,
        STREET: STREET_WORDS,
        DISTRICT: DISTRICT_WORDS,
        PART: PART_WORDS,
    }
    everywhere = {stem(t.text) for t in tokens if t.is_word}
    return Reading(
        groups,
        numbers,
        max(relation, numbers.distance_m),
        says_corner or _linked(tokens, groups, used),
        says_corner,
        "mezi" in words,
        elsewhere,
        bool(town),
        frozenset(hint for hint, said in hints.items() if everywhere & said),
        not _is_unclear(tokens, used, groups) and not numbers.is_odd,
        sum(t.is_word and i not in town for i, t in enumerate(tokens)),
    )


def _group(
    matches: Sequence[Match], gazetteer: Gazetteer, tokens: Sequence[Token]
) -> tuple[Group, ...]:
    """Return the names that stand in a text side by side, each with its rivals."""
    groups: list[Group] = []
    free = list(matches)
    whole = sorted(
        (m for m in matches if m.is_whole),
        key=lambda m: (
            -(m.score + _WORDS_BONUS * (len(m.positions) - 1)),
            gazetteer.places[m.place].method != schema.STREET,
            m.place,
        ),
    )
    for best in whole or list(matches[:1]):
        if len(groups) == _MAX_GROUPS:
            break
        if groups and best.score < SECOND_SCORE:
            continue
        if any(best.positions & group.positions for group in groups):
            continue
        rivals = [m for m in free if m.positions & best.positions and not _is_less(m, best, tokens)]
        rivals.sort(key=lambda m: (-m.score, -len(m.positions), m.place))
        groups.append(Group(best.positions, tuple(rivals)))
    return tuple(sorted(groups, key=lambda group: min(group.positions)))


def _meant(token: Token, index: NameIndex) -> Token:
    """Return a token with the common word that it is but for one typing error, if no name."""
    if not token.is_word or len(token.text) < _SHORT_WORD or token.text in _town_words():
        return token
    similar = index.similar(token.text, is_dotted=token.is_dotted)
    if similar and max(similar.values()) >= OWN_SCORE:
        return token
    word = _common_word(token.text)
    if not word or any(stem(known) != stem(word) for known in similar):
        return token
    return replace(token, text=word)


@lru_cache(maxsize=1)
def _town_words() -> frozenset[str]:
    """Return the words of other municipalities; none is a common word mistyped ("Praha")."""
    return frozenset(t.text for name in OTHER_TOWNS for t in tokenize(name) if t.is_word)


@lru_cache(maxsize=20_000)
def _common_word(word: str) -> str:
    if word in NOISE or stem(word) in _PLAIN:
        return ""
    found = process.extractOne(word, PLAIN_WORDS, scorer=OSA.distance, score_cutoff=1)
    return str(found[0]) if found else ""


def _as_town(token: Token, wanted: tuple[str, ...], index: NameIndex) -> Token:
    """Return a token as a word of the town's name if that is what it most likely is."""
    if not token.is_word or len(token.text) <= _SHORT_WORD:
        return token
    similar = index.similar(token.text, is_dotted=token.is_dotted)
    if not similar:
        errors = [(OSA.distance(stem(token.text), word), word) for word in wanted]
        n, word = min(errors, default=(_SHORT_WORD, ""))
        return replace(token, text=word) if 0 < n <= allowed_errors(len(word)) else token
    best = max(similar, key=lambda word: (similar[word], word))
    is_town = stem(best) in wanted and similar[best] >= SECOND_SCORE
    return replace(token, text=best) if is_town else token


def _is_less(match: Match, best: Match, tokens: Sequence[Token]) -> bool:
    """Return whether a name explains less of the text than the best one does.

    A preposition more does not count: "u nemocnice" is said of the hospital too.
    """
    more = best.positions - match.positions
    if not match.positions < best.positions or match.score > best.score + _WORDS_BONUS:
        return False
    return any(tokens[i].text not in PREPOSITIONS for i in more)


def _town_positions(
    tokens: Sequence[Token], gazetteer: Gazetteer, index: NameIndex, matches: Sequence[Match]
) -> frozenset[int]:
    """Return where the municipality's own name stands by itself, not inside another name."""
    wanted = _stems_of(gazetteer.town)
    likely = [_as_town(token, wanted, index) for token in tokens]
    found = _sequence(likely, wanted)
    inside: set[int] = set()
    for match in matches:
        longer = len(match.positions) > len(wanted)
        if match.is_whole and match.score >= OWN_SCORE and longer:
            inside |= match.positions
    return frozenset(p for run in found if not inside & set(run) for p in run)


def _elsewhere(
    tokens: Sequence[Token], gazetteer: Gazetteer, matches: Sequence[Match]
) -> tuple[str, frozenset[int]]:
    """Return another municipality that the text says the place is in, and where it says so."""
    known = [(m.positions, m.score) for m in matches if m.is_whole and m.score >= OWN_SCORE]
    begins = {token.text[:2] for token in tokens}
    for name, wanted in _other_towns():
        if wanted[0][:2] not in begins:
            continue
        for run in _sequence(tokens, wanted):
            if wanted in _own_names(gazetteer):
                continue
            said = " ".join(tokens[i].text for i in run)
            is_said = said == fold(name)
            if any(set(run) <= p and not (is_said and score < 100.0) for p, score in known):
                continue
            if _stands_as_town(tokens, run):
                return name, frozenset(run)
    return "", frozenset()


def _own_names(gazetteer: Gazetteer) -> set[tuple[str, ...]]:
    areas = (schema.TOWN_PART, schema.DISTRICT)
    names = {_stems_of(place.name) for place in gazetteer.places if place.method in areas}
    return names | {_stems_of(gazetteer.town)}


def _stands_as_town(tokens: Sequence[Token], run: tuple[int, ...]) -> bool:
    first, last = run[0], run[-1]
    before = tokens[first - 1] if first else None
    if before is not None and before.segment == tokens[first].segment:
        if before.text in DIRECTIONS or before.text == "ulice":
            return False
        if before.text in _BEFORE_TOWN:
            return True
        opens = before.is_number
    else:
        opens = True
    after = tokens[last + 1] if last + 1 < len(tokens) else None
    closes = after is None or after.segment != tokens[last].segment
    return opens or closes


@lru_cache(maxsize=1)
def _other_towns() -> tuple[tuple[str, tuple[str, ...]], ...]:
    towns = [(name, _stems_of(name)) for name in OTHER_TOWNS]
    return tuple(sorted(towns, key=lambda town: (-len(town[1]), town[0])))


@lru_cache(maxsize=4_096)
def _stems_of(name: str) -> tuple[str, ...]:
    return tuple(stem(t.text) for t in tokenize(name) if t.is_word)


def _sequence(tokens: Sequence[Token], wanted: tuple[str, ...]) -> list[tuple[int, ...]]:
    """Return where words with these stems follow each other, a hyphen between them or not."""
    words = [i for i, t in enumerate(tokens) if t.is_word]
    found = []
    for at in range(len(words) - len(wanted) + 1):
        run = tuple(words[at : at + len(wanted)])
        if tokens[run[0]].segment != tokens[run[-1]].segment:
            continue
        if all(one in stems(tokens[i].text) for i, one in zip(run, wanted, strict=True)):
            found.append(run)
    return found


def _linked(tokens: Sequence[Token], groups: tuple[Group, ...], used: frozenset[int]) -> bool:
    """Return whether a sign of a corner, and nothing that tells otherwise, parts two names."""
    for first, second in pairwise(groups):
        between = range(max(first.positions) + 1, min(second.positions))
        texts = [tokens[i].text for i in between if i not in used]
        marks = [t for t in texts if t in CORNER_LINKS or t in CORNER_MARKS]
        others = [t for t in texts if t not in marks and t not in NOISE]
        if marks and not others:
            return True
    return False


def _is_unclear(tokens: Sequence[Token], used: frozenset[int], groups: tuple[Group, ...]) -> bool:
    """Return whether words are left that may name another place.

    Common things beside a street (a bench, garages) say only where on it. Other words are passed
    over only where the text tells names from other words by capitals, and they have none.
    """
    words = [t for t in tokens if t.is_word]
    tells_case = any(t.is_capital for t in words) and not all(
        t.is_capital or len(t.text) == 1 for t in words
    )
    for group in groups:
        for beside, own in ((min(group.positions) - 1, 1), (max(group.positions) + 1, -1)):
            if not 0 <= beside < len(tokens) or beside in used:
                continue
            one_part = tokens[beside].segment == tokens[beside + own].segment
            if one_part and stem(tokens[beside].text) in NAMED_HOUSES:
                return True
    for i, token in enumerate(tokens):
        if i in used or not token.is_word or len(token.text) == 1:
            continue
        if token.text in NOISE or stem(token.text) in _PLAIN:
            continue
        beside = any(i in (min(g.positions) - 1, max(g.positions) + 1) for g in groups)
        if token.is_capital or not tells_case or beside:
            return True
    return False


_PLAIN: Final = THINGS | CORNER_WORDS | STOP_WORDS | DISTRICT_WORDS | PART_WORDS
