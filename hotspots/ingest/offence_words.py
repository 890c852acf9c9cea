"""Wordings of offences found in a cell: whole words, longest wording first."""

import re
from collections import defaultdict
from dataclasses import dataclass
from typing import Final

from hotspots.offences import OBSERVATION
from hotspots.place_text import fold

_TOKEN: Final = re.compile(r"\d+(?:[/.]\d+)+|[0-9a-z]+\*?|[;,/+|\n]")
SEPARATORS: Final = frozenset(";,/+|\n")
_AND: Final = frozenset({"a", "i", "and"})
_KEY: Final = 4
# Words that turn what follows into its opposite, or into doubt.
_NEGATIONS: Final = re.compile(
    r"ne|neni|nejde|nejedna|nebyl\w*|nedoslo|nedochaz\w*|nezjist\w*|nepotvrd\w*|nepotvrzen\w*|"
    r"neprokaz\w*|neshledan\w*|nekonal\w*|bez|zadn\w*|neopodstatnen\w*|plany|domnel\w*"
)
# What assistants and patrols do so that nothing happens: with such a word, a part tells of their
# work, not of an offence, unless the table knows the whole wording.
_PREVENTION: Final = re.compile(
    r"kontrol\w*|dohled\w*|dozor\w*|hlidkov\w*|prevenc\w*|preventiv\w*|prednas\w*|besed\w*|"
    r"rozhovor\w*|monitor\w*|osvet\w*|skoleni"
)
# With one of these, the work has found what the wording names.
_FOUND_OUT: Final = re.compile(r"zjist\w*|pristizen\w*|zadrzen\w*|odhalen\w*")
# Words that say nothing of the offence beside a citation or a wording.
_EMPTY_WORDS: Final = re.compile(
    "prestup(?:ek|ky|ku)|dle|podle|zakona?|zak|z|ze|c|sb|v|ve|pro|na|proti|podezreni|ust|ustanoveni"
)


@dataclass(frozen=True)
class Wording:
    """A wording as tokens; a token that ends with "*" stands for any ending."""

    tokens: tuple[str, ...]
    group: str
    shown: str
    rank: int  # of two of one length the lower one wins


@dataclass(frozen=True)
class Found:
    """What a cell's words say: wordings, and the parts that none of them is in."""

    wordings: tuple[Wording, ...]
    unknown: tuple[str, ...]


def split_pattern(text: str) -> tuple[str, ...]:
    """Return a wording's words; "*" at the end of one stands for any ending."""
    return tuple(_TOKEN.findall(fold(text)))


class WordingIndex:
    """Finds wordings in cells."""

    def __init__(self, wordings: list[Wording]) -> None:
        self._exact: dict[str, list[Wording]] = defaultdict(list)
        self._open: dict[str, list[Wording]] = defaultdict(list)  # by the stem's first letters
        self._whole: dict[tuple[str, ...], Wording] = {}
        for one in sorted(wordings, key=lambda w: (-len(w.tokens), w.rank, _openness(w))):
            head = one.tokens[0]
            if head.endswith("*"):
                self._open[head[:-1][:_KEY]].append(one)
            else:
                self._exact[head].append(one)
            held = self._whole.get(one.tokens)
            if held is None or one.rank < held.rank:
                self._whole[one.tokens] = one

    def find(self, text: str, *, shown: str = "") -> Found:
        """Return the wordings in a folded text, in their order, and its unknown parts.

        `shown` is the text as it was, letter by letter, for the unknown parts.

        A part lies between separators, or is one side of " a " ("and"). A part with a negation
        before its wording is unknown: "krádež" in "nejedná se o krádež" is no theft; so is one that
        tells of prevention: "kontrola nočního klidu" disturbed nobody.
        """
        marked = list(_TOKEN.finditer(text.replace("\r", "\n").replace("*", " ")))
        tokens = tuple(match[0] for match in marked)
        whole = self._whole.get(tokens)
        if whole is not None:
            return Found((whole,), ())
        at = 0
        parts: list[list[str | Wording]] = [[]]
        ends: list[tuple[int, int]] = [(0, 0)]
        while at < len(tokens):
            one = self._match(tokens, at)
            if one is None and (tokens[at] in SEPARATORS or tokens[at] in _AND):
                parts.append([])
                ends.append((0, 0))
                at += 1
                continue
            n = 1 if one is None else len(one.tokens)
            start = ends[-1][0] if parts[-1] else marked[at].start()
            parts[-1].append(tokens[at] if one is None else one)
            ends[-1] = (start, marked[at + n - 1].end())
            at += n
        known: list[Wording] = []
        unknown: list[str] = []
        for part, (start, end) in zip(parts, ends, strict=True):
            wordings, is_unknown = _judge(part)
            known += wordings
            if is_unknown:
                unknown.append(" ".join((shown or text)[start:end].split()))
        return Found(tuple(dict.fromkeys(known)), tuple(dict.fromkeys(unknown)))

    def _match(self, tokens: tuple[str, ...], at: int) -> Wording | None:
        head = tokens[at]
        options = list(self._exact.get(head, ()))
        for n in range(2, _KEY + 1):
            options += self._open.get(head[:n], ()) if len(head) >= n else ()
        fits = [one for one in options if _fits(one.tokens, tokens, at)]
        return min(fits, key=lambda w: (-len(w.tokens), w.rank, _openness(w)), default=None)


def _openness(one: Wording) -> tuple[int, int]:
    """Closed wordings before open ones, long stems before short ones."""
    return sum(t.endswith("*") for t in one.tokens), -sum(map(len, one.tokens))


def _fits(wanted: tuple[str, ...], tokens: tuple[str, ...], at: int) -> bool:
    if at + len(wanted) > len(tokens):
        return False
    return all(
        token.startswith(one[:-1]) if one.endswith("*") else token == one
        for one, token in zip(wanted, tokens[at:], strict=False)
    )


def _judge(part: list[str | Wording]) -> tuple[list[Wording], bool]:
    """Return a part's wordings, and whether it says something that none of them tells."""
    found = [piece for piece in part if isinstance(piece, Wording)]
    words = [piece for piece in part if isinstance(piece, str)]
    denied = any(_NEGATIONS.fullmatch(word) for word in words)
    if any(one.group != OBSERVATION for one in found):
        # "Prevence" is a wording itself, beside that of what it prevents.
        own = [token for one in found if one.group == OBSERVATION for token in one.tokens]
        prevents = any(_PREVENTION.fullmatch(word) for word in (*words, *own))
        denied |= prevents and not any(_FOUND_OUT.fullmatch(word) for word in words)
    if found and not denied:
        return found, False
    return [], bool(found) or any(not _EMPTY_WORDS.fullmatch(word) for word in words)
