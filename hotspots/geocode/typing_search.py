"""Places for a text that is still being typed."""

from typing import Final

from hotspots import schema
from hotspots.geocode.choice import Chooser, house_candidate
from hotspots.geocode.gazetteer import Gazetteer, House
from hotspots.geocode.result import Candidate
from hotspots.geocode.tokens import tokenize

_KIND_ORDER: Final = {
    schema.STREET: 0,
    "landmark": 1,
    schema.DISTRICT: 2,
    schema.TOWN_PART: 3,
}
_MAX_TYPED: Final = 100


class Suggestions:
    """Names of a gazetteer, ready to be compared with what is typed."""

    def __init__(self, gazetteer: Gazetteer, chooser: Chooser) -> None:
        self._gazetteer = gazetteer
        self._chooser = chooser
        self._words = [_words(place.name) for place in gazetteer.places]

    def find(self, typed: str, limit: int) -> tuple[Candidate, ...]:
        """Return places whose names hold the beginnings typed, at most `limit`."""
        words = _words(typed[:_MAX_TYPED])
        number = ""
        if len(words) > 1 and words[-1][0].isdigit():
            number, words = words[-1], words[:-1]
            if len(words) > 1 and words[-1] in ("c", "cp", "p"):
                words = words[:-1]
        if not words:
            return ()
        ranked = []
        for at, own in enumerate(self._words):
            rank = _rank(words, own)
            if rank is not None:
                place = self._gazetteer.places[at]
                ranked.append((rank, _KIND_ORDER.get(place.method, 9), place.name, at))
        ranked.sort()
        found: list[Candidate] = []
        for rank, _kind, _name, at in ranked[:limit]:
            place = self._gazetteer.places[at]
            if number and place.method == schema.STREET:
                found += self._houses(place.place_id, number, limit)
            found.append(self._chooser.candidate(place, 100.0 - 10.0 * rank))
        return tuple(found[:limit])

    def _houses(self, street_id: str, number: str, limit: int) -> list[Candidate]:
        positions = self._gazetteer.by_street.get(street_id, ())
        houses = [self._gazetteer.houses[p] for p in positions]

        def begins(house: House) -> bool:
            return house.number.startswith(number) or house.orientation.startswith(number)

        def order(house: House) -> tuple[bool, int, str]:
            exact = number in (house.number, house.orientation)
            return (not exact, len(house.number), house.code)

        chosen = sorted(filter(begins, houses), key=order)
        return [house_candidate(house, 100.0) for house in chosen[:limit]]


def _words(text: str) -> list[str]:
    return [t.text for t in tokenize(text) if t.is_word or t.is_number]


def _rank(typed: list[str], own: list[str]) -> int | None:
    """Return 0 where a name begins as typed, 1 where its words do somewhere, None where not."""
    if all(word.startswith(begun) for begun, word in zip(typed, own, strict=False)) and (
        len(typed) <= len(own)
    ):
        return 0
    left = list(own)
    for begun in typed:
        hit = next((word for word in left if word.startswith(begun)), None)
        if hit is None:
            return None
        left.remove(hit)
    return 1
