"""House numbers in a text, and what numbers there mean something else."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from hotspots.geocode.gazetteer import House
from hotspots.geocode.tokens import Token

ANY: Final = "any"
HOUSE: Final = "house"
ORIENTATION: Final = "orientation"
PROVISIONAL_NUMBER: Final = "provisional"
# Words before a number that say of what kind it is, in any order: "č. ev.", "ev. č.", "č. p.".
_HOUSE_WORDS: Final = frozenset({"cp", "p", "popisne", "cpop", "pop"})
_ORIENTATION_WORDS: Final = frozenset({"co", "o", "orientacni", "or"})
_PROVISIONAL_WORDS: Final = frozenset({"cev", "ev", "evc", "ec", "e", "evidencni", "evid"})
_NUMBER_WORDS: Final = frozenset({"c", "cislo", "cis", "nr"})
_MARKERS: Final = _HOUSE_WORDS | _ORIENTATION_WORDS | _PROVISIONAL_WORDS | _NUMBER_WORDS
_OPENING: Final = _MARKERS - {"p", "o", "or", "pop"}
_METRES: Final = frozenset({"m", "metr", "metru", "metry"})
_KILOMETRES: Final = frozenset({"km", "kilometr", "kilometru", "kilometry"})
_INSIDE: Final = frozenset({"byt", "bytu", "vchod", "vchodu", "patro", "patre", "dvere", "garaz"})
_FLOORS: Final = frozenset({"patro", "patre", "poschodi", "np", "p"})
_LINK_LETTERS: Final = frozenset("asuvkozxi")
_MAX_DIGITS: Final = 4
_MAX_DISTANCE_M: Final = 2_000.0


@dataclass(frozen=True)
class HouseNumber:
    """A number as a text gives it: of one kind or any; with a second part where "1234/12"."""

    kind: str
    number: str
    second: str = ""
    is_range: bool = False


@dataclass(frozen=True)
class Numbers:
    """What the numbers of a text say.

    Attributes
    ----------
    houses
        House numbers in the order of the text.
    distance_m
        "50 m od …" [m]; 0 where none is said.
    postcode
        Five digits or empty.
    used
        Which tokens belong to numbers.
    is_odd
        Some number is none of these.
    """

    houses: tuple[HouseNumber, ...]
    distance_m: float
    postcode: str
    used: frozenset[int]
    is_odd: bool


def read_numbers(
    tokens: Sequence[Token], taken: frozenset[int], postcodes: frozenset[str]
) -> Numbers:
    """Return what the numbers mean that are not part of a name (`taken`)."""
    reader = _Reader(tokens, taken, postcodes)
    reader.read()
    return Numbers(
        tuple(reader.houses),
        reader.distance_m,
        reader.postcode,
        frozenset(reader.used),
        reader.is_odd,
    )


class _Reader:
    def __init__(
        self, tokens: Sequence[Token], taken: frozenset[int], postcodes: frozenset[str]
    ) -> None:
        self.tokens = tokens
        self.taken = taken
        self.postcodes = postcodes
        self.houses: list[HouseNumber] = []
        self.distance_m = 0.0
        self.postcode = ""
        self.used: set[int] = set()
        self.is_odd = False

    def read(self) -> None:
        at = 0
        while at < len(self.tokens):
            if at in self.taken or not self.tokens[at].is_number:
                at += 1
            else:
                at = self._number(at)

    def _text(self, at: int) -> str:
        inside = 0 <= at < len(self.tokens) and at not in self.taken
        return self.tokens[at].text if inside else ""

    def _is_number(self, at: int) -> bool:
        return self._text(at).isdigit() and self.tokens[at].is_number

    def _number(self, at: int) -> int:
        self.used.add(at)
        text = self._text(at)
        for length in (self._as_postcode(at), self._as_distance(at), self._as_inside(at)):
            if length:
                return at + length
        if len(text) > _MAX_DIGITS or int(text) == 0:
            self.is_odd = True
            return at + 1
        kind = self._kind_before(at)
        end = at + 1
        letter, end = self._letter(end)
        second = ""
        if self._text(end) == "/" and self._is_number(end + 1):
            following = self._text(end + 1)
            self.used.update((end, end + 1))
            more, end = self._letter(end + 2)
            second = following.lstrip("0") + more
            if len(following) > _MAX_DIGITS:
                self.is_odd = True
        self.houses.append(HouseNumber(kind, text.lstrip("0") + letter, second))
        if self._text(end) in {"-", "–", "az"} and self._is_number(end + 1):
            following = self._text(end + 1)
            if not second and len(following) <= _MAX_DIGITS:
                self.used.update((end, end + 1))
                more, end = self._letter(end + 2)
                self.houses[-1] = HouseNumber(kind, self.houses[-1].number, "", is_range=True)
                self.houses.append(
                    HouseNumber(kind, following.lstrip("0") + more, "", is_range=True)
                )
        return end

    def _as_postcode(self, at: int) -> int:
        text = self._text(at)
        if len(text) == 5 and text[0] in "1234567":
            self.postcode = self.postcode or text
            return 1
        if len(text) != 3 or not self._is_number(at + 1) or len(self._text(at + 1)) != 2:
            return 0
        if self.tokens[at + 1].segment != self.tokens[at].segment:
            return 0
        whole = text + self._text(at + 1)
        alone = at == 0 or self.tokens[at - 1].segment != self.tokens[at].segment
        before_word = at + 2 < len(self.tokens) and self.tokens[at + 2].is_word
        if whole in self.postcodes or (text[0] in "1234567" and (alone or before_word)):
            self.postcode = self.postcode or whole
            self.used.add(at + 1)
            return 2
        return 0

    def _as_distance(self, at: int) -> int:
        factor = 1.0 if self._text(at + 1) in _METRES else 0.0
        if self._text(at + 1) in _KILOMETRES:
            factor = 1000.0
        if not factor:
            return 0
        metres = float(self._text(at)[:6]) * factor
        if metres > _MAX_DISTANCE_M:
            self.is_odd = True
        self.distance_m = max(self.distance_m, metres)
        self.used.add(at + 1)
        return 2

    def _as_inside(self, at: int) -> int:
        """Return how many tokens say a flat, an entrance or a floor; 0 for none."""
        before = at - 1
        if self._text(before) in _NUMBER_WORDS:
            before -= 1
        if self._text(before) in _INSIDE:
            self.used.update(range(before, at))
            return 1
        if self.tokens[at].is_dotted and self._text(at + 1) in _FLOORS:
            self.used.add(at + 1)
            return 2
        return 0

    def _kind_before(self, at: int) -> str:
        begin = at
        while self._text(begin - 1) in _MARKERS and begin - 1 not in self.used:
            begin -= 1
        while begin < at and self._text(begin) not in _OPENING:
            begin += 1
        words = {self._text(i) for i in range(begin, at)}
        self.used.update(range(begin, at))
        if words & _PROVISIONAL_WORDS:
            return PROVISIONAL_NUMBER
        if words & _ORIENTATION_WORDS:
            return ORIENTATION
        return HOUSE if words & _HOUSE_WORDS else ANY

    def _letter(self, at: int) -> tuple[str, int]:
        """Return the letter after a number, and where the text goes on."""
        text = self._text(at)
        if len(text) != 1 or not text.isalpha():
            return "", at
        is_end = at + 1 >= len(self.tokens) or (
            self.tokens[at + 1].segment != self.tokens[at].segment
        )
        if self.tokens[at].is_glued or is_end or (text not in _LINK_LETTERS and text <= "h"):
            self.used.add(at)
            return text, at + 1
        return "", at


def matches_house(wanted: HouseNumber, house: House) -> float:
    """Return how well an address has the number wanted: 100 for exactly, 0 for not at all."""
    if wanted.second:
        return _both(wanted, house)
    if wanted.kind == PROVISIONAL_NUMBER:
        return 100.0 if house.is_provisional and house.number == wanted.number else 0.0
    if wanted.kind == ORIENTATION:
        return 100.0 if house.orientation == wanted.number else 0.0
    if house.number == wanted.number:
        if house.is_provisional:
            return 0.0 if wanted.kind == HOUSE else _UNSAID_PROVISIONAL
        return 100.0
    if wanted.kind == ANY and house.orientation == wanted.number:
        return 100.0
    return 0.0


_UNSAID_PROVISIONAL: Final = 90.0
_TURNED: Final = 96.0
_HALF: Final = 70.0


def _both(wanted: HouseNumber, house: House) -> float:
    first, second = wanted.number, wanted.second
    if house.is_provisional != (wanted.kind == PROVISIONAL_NUMBER):
        return 0.0
    if (house.number, house.orientation) == (first, second):
        return 100.0
    if (house.number, house.orientation) == (second, first):
        return _TURNED
    if house.number == first and not house.orientation:
        return _TURNED
    return _HALF if house.number == first or house.orientation == second else 0.0


def number_distance(wanted: HouseNumber, house: House) -> int:
    """Return how far the number of a house is from the one wanted, for offering near ones."""
    own = int("".join(c for c in wanted.number if c.isdigit()) or 0)
    given = [int(house.number)] if house.number.isdigit() else []
    digits = "".join(c for c in house.orientation if c.isdigit())
    if digits:
        given.append(int(digits))
    return min((abs(own - one) for one in given), default=10**6)
