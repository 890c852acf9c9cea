"""From what a text says to candidates, and whether the best of them is sure enough."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Final

import numpy as np
import shapely

from hotspots import schema
from hotspots.geocode.addresses import addresses, house_candidate, nearest, not_oriented
from hotspots.geocode.corners import meetings, nearly_met
from hotspots.geocode.gazetteer import (
    BUS_STOP,
    LANDMARK,
    Gazetteer,
    Place,
)
from hotspots.geocode.interpret import DISTRICT, PART, STOP, STREET, Group, Reading
from hotspots.geocode.names import Match
from hotspots.geocode.result import MAX_CANDIDATES, Candidate
from hotspots.geocode.words import SHARED_NAMES
from hotspots.i18n import _
from hotspots.place_text import fold

# Calibrated; see docs/geocoding.md.
PLACED_SCORE: Final = 82.0
_SHORT_SCORE: Final = 87.5  # for a text of one word, which no other word bears out
SHOWN_SCORE: Final = 45.0
MARGIN: Final = 5.0
_ALIKE_M: Final = 30.0  # candidates nearer than this are one place
_OTHER_KIND_COST: Final = 13.0  # another kind of place goes by the same name
_COMMON_STOP_COST: Final = 20.0  # a stop named by a common word: "Lékárna"
_NEAR_STREET_M: Final = 150.0
_AREA_SLACK_M: Final = 250.0  # bundled boundaries are off by as much
_WEIGHED: Final = 4  # names of a group that are followed up


@dataclass(frozen=True)
class Choice:
    """Candidates, best first; `doubt` says why none is taken, empty where the first one is."""

    candidates: tuple[Candidate, ...]
    doubt: str = ""


class Chooser:
    """Turns what a text says into candidates of one gazetteer."""

    def __init__(self, gazetteer: Gazetteer) -> None:
        self.gazetteer = gazetteer
        shared: dict[str, int] = {}
        for place in gazetteer.places:
            if place.method == schema.STREET:
                shared[fold(place.name)] = shared.get(fold(place.name), 0) + 1
        self._shared = frozenset(name for name, n in shared.items() if n > 1)

    def choose(self, reading: Reading) -> Choice:
        """Return the candidates of a text, and the doubt if there is one."""
        found = self._candidates(reading)
        ranked = _rank(found.candidates)
        if found.doubt or not ranked:
            return Choice(ranked[:MAX_CANDIDATES], found.doubt)
        if any(_is_root(group) for group in reading.groups):
            return Choice(ranked[:MAX_CANDIDATES], _("the name is written differently; check it"))
        return Choice(ranked[:MAX_CANDIDATES], _doubt(ranked, reading))

    def place(self, match: Match) -> Place:
        """Return the place of a match."""
        return self.gazetteer.places[match.place]

    def _candidates(self, reading: Reading) -> Choice:
        ranked = [self._scored(group, reading) for group in reading.groups]
        ranked = [group for group in ranked if group]
        if len(ranked) > 1:  # a common word beside a name is no name itself
            named = [g for g in ranked if not self._is_common_stop(g[0])]
            ranked = named or ranked
        if not ranked:
            return self._without_name(reading)
        streets = [g for g in ranked if self._kind(g) == schema.STREET]
        areas = [g for g in ranked if self._kind(g) in (schema.DISTRICT, schema.TOWN_PART)]
        landmarks = [g for g in ranked if self._kind(g) == LANDMARK]
        if len(streets) > 1:
            return self._two_streets(streets, areas, reading)
        if streets:
            chosen, doubt = self._in_areas(streets[0], areas)
            if landmarks:
                return self._by_landmark(chosen, landmarks[0], reading, doubt)
            found = self._on_street(chosen, reading)
            if reading.says_corner:
                doubt = doubt or _("only one street of the corner is known")
            return replace(found, doubt=doubt or found.doubt)
        if landmarks:
            chosen, doubt = self._in_areas(landmarks[0], areas)
            if len(landmarks) > 1:
                chosen, near = self._near(landmarks[0], landmarks[1])
                doubt = doubt or ("" if near else _("the places named lie apart"))
            return Choice(tuple(self._plain(m, reading) for m in chosen), doubt)
        return self._in_area(areas, reading)

    def _is_common_stop(self, match: Match) -> bool:
        return self.place(match).place_kind == BUS_STOP and match.score < PLACED_SCORE

    def _kind(self, group: Sequence[Match]) -> str:
        return self.place(group[0]).method

    def _scored(self, group: Group, reading: Reading) -> list[Match]:
        """Return a group's matches with what the text and other kinds of places say of them."""
        whole = [m for m in group.matches if m.is_whole]
        kinds = {
            kind: max((m.score for m in whole if self.place(m).method == kind), default=-1.0)
            for kind in (schema.STREET, LANDMARK, schema.DISTRICT, schema.TOWN_PART)
        }
        others = max(
            (
                m.score
                for m in whole
                if self.place(m).method == LANDMARK and self.place(m).place_kind != BUS_STOP
            ),
            default=-1.0,
        )
        found = []
        for match in group.matches:
            place = self.place(match)
            if not match.is_whole:
                found.append(match)
                continue
            cost = 0.0
            district_too = kinds[schema.DISTRICT] >= match.score - MARGIN
            street_too = kinds[schema.STREET] >= match.score - MARGIN
            if DISTRICT in reading.hints and place.method != schema.DISTRICT and district_too:
                cost = _OTHER_KIND_COST
            elif place.place_kind == BUS_STOP:
                if STOP not in reading.hints:
                    is_common = len(place.name.split()) == 1
                    named_twice = street_too or others >= match.score - MARGIN
                    cost = _COMMON_STOP_COST if is_common or named_twice else 0.0
            elif place.method == LANDMARK and place.place_kind == "square":
                cost = _OTHER_KIND_COST if street_too else 0.0
            elif STOP in reading.hints and kinds[LANDMARK] >= match.score - MARGIN:
                cost = _OTHER_KIND_COST
            elif place.method == schema.DISTRICT and DISTRICT not in reading.hints:
                part_too = kinds[schema.TOWN_PART] >= match.score - MARGIN
                cost = _OTHER_KIND_COST if street_too or part_too else 0.0
            elif place.method == schema.TOWN_PART and PART not in reading.hints:
                cost = _OTHER_KIND_COST if street_too else 0.0
            found.append(replace(match, score=match.score - cost))
        found.sort(key=lambda m: (not m.is_whole, -m.score, m.place))
        return found

    def _on_street(self, group: Sequence[Match], reading: Reading) -> Choice:
        """Return the house on the street, or the street's middle where no number is said."""
        houses = reading.numbers.houses
        if not houses:
            return Choice(tuple(self._plain(m, reading) for m in group))
        best = group[0].score
        found: list[Candidate] = []
        near: list[Candidate] = []
        has_numbers = False
        for match in group:
            place = self.place(match)
            positions = self.gazetteer.by_street.get(place.place_id, ())
            if place.method != schema.STREET or not positions or match.score < best - MARGIN:
                near.append(self._plain(match, reading))
                continue
            has_numbers = True
            here = [self.gazetteer.houses[p] for p in positions]
            exact = addresses(houses, here, match.score, reading.relation_m)
            found += exact
            if not exact:
                near.append(self._plain(match, reading))
                near += nearest(houses[0], here, match.score)
        if found:
            lower = [replace(c, score=min(c.score, best - 2 * MARGIN)) for c in near]
            return Choice((*found, *lower))
        doubt = _("the street has no such house number; the nearest are offered")
        return Choice(tuple(near), doubt if has_numbers else "")

    def _two_streets(
        self, streets: list[list[Match]], areas: list[list[Match]], reading: Reading
    ) -> Choice:
        firsts, seconds = (
            [m for m in group if m.is_whole and self.place(m).method == schema.STREET][:_WEIGHED]
            for group in streets[:2]
        )
        singles = [
            self._plain(m, reading)
            for group in streets
            for m in group[:2]
            if self.place(m).method == schema.STREET
        ]
        singles = [replace(c, score=min(c.score, SHOWN_SCORE + 10)) for c in singles]
        found: list[Candidate] = []
        meets_best = False
        for first, second in product(firsts, seconds):
            if first.place == second.place:
                continue
            score = min(first.score, second.score)
            points = meetings(self.place(first), self.place(second))
            meets_best |= bool(points) and first is firsts[0] and second is seconds[0]
            found += [
                self._corner(first, second, point, score, reading.relation_m) for point in points
            ]
        if not found and firsts and seconds:
            best = min(firsts[0].score, seconds[0].score)
            near = nearly_met(self.place(firsts[0]), self.place(seconds[0]))
            found += [
                self._corner(firsts[0], seconds[0], point, best, reading.relation_m)
                for point in near
            ]
        doubt = ""
        if len(streets) > 2:
            doubt = _("more than two streets are named")
        elif not found or not meets_best:
            doubt = _("the two streets do not meet")
        elif not reading.is_corner or reading.is_between:
            doubt = _("two streets are named, but not that it is their corner")
        elif reading.numbers.houses:
            doubt = _("two streets and a house number are named")
        return Choice((*found, *singles), doubt)

    def _corner(
        self,
        first: Match,
        second: Match,
        point: tuple[float, float, float],
        score: float,
        relation_m: float,
    ) -> Candidate:
        x, y, precision = point
        one, two = self.place(first), self.place(second)
        ids = "+".join(sorted((one.place_id, two.place_id)))
        return Candidate(
            x,
            y,
            "corner",
            precision + relation_m,
            _clip(score),
            f"{one.name} × {two.name}",
            f"corner:{ids}:{x:.0f}:{y:.0f}",
        )

    def _by_landmark(
        self, streets: Sequence[Match], landmarks: Sequence[Match], reading: Reading, doubt: str
    ) -> Choice:
        """Return the landmark that lies at the street; the street where none does."""
        chosen, near = self._near(landmarks, streets)
        if not near or reading.numbers.houses:
            found = self._on_street(streets, reading)
            if reading.numbers.houses and near and not found.doubt:
                return replace(found, doubt=doubt)
            both = (*found.candidates, *(self._plain(m, reading) for m in landmarks))
            return Choice(both, doubt or found.doubt or _("the places named lie apart"))
        at = [self._plain(m, reading) for m in chosen]
        limit = min(streets[0].score, 100.0)
        at = [replace(c, score=min(c.score, limit)) for c in at]
        if reading.is_corner:
            doubt = doubt or _("only one street of the corner is known")
        others = [self._plain(m, reading) for m in streets]
        lower = [replace(c, score=min(c.score, limit - 2 * MARGIN)) for c in others]
        rival = len(streets) > 1 and streets[1].score > streets[0].score - MARGIN
        return Choice((*at, *lower), doubt or (_several() if rival else ""))

    def _near(
        self, group: Sequence[Match], others: Sequence[Match]
    ) -> tuple[Sequence[Match], bool]:
        """Return those of a group's likely places that lie near the best of the others."""
        beside = self.place(others[0]).shape
        likely = [m for m in group if m.is_whole and m.score > group[0].score - MARGIN]
        near = [m for m in likely if self.place(m).shape.distance(beside) <= _NEAR_STREET_M]
        return (near, True) if near else (group, False)

    def _in_areas(
        self, group: Sequence[Match], areas: Sequence[Sequence[Match]]
    ) -> tuple[Sequence[Match], str]:
        """Return those of a group that lie in every area named, and the doubt if none does."""
        for area in areas:
            likely = [m for m in area if m.is_whole and m.score > area[0].score - MARGIN]
            shapes = [self.place(m).shape.buffer(_AREA_SLACK_M) for m in likely]
            strict = [m for m in group if any(self._lies_in(m, a) for a in likely)]
            inside = [
                m
                for m in group
                if self.place(m).place_id not in self.gazetteer.by_street
                and any(self.place(m).shape.intersects(shape) for shape in shapes)
            ]
            kept = strict or inside
            if not kept or kept[0].score < group[0].score - MARGIN:
                return group, _("the street or place does not lie in the part named")
            group = kept
        return group, ""

    def _lies_in(self, match: Match, area: Match) -> bool:
        place, region = self.place(match), self.place(area)
        if region.method == schema.TOWN_PART and place.part == region.name:
            return True
        houses = self.gazetteer.by_street.get(place.place_id)
        if houses and region.method == schema.TOWN_PART:
            return any(self.gazetteer.houses[at].part == region.name for at in houses)
        return bool(region.shape.intersects(shapely.Point(place.x, place.y)))

    def _in_area(self, areas: list[list[Match]], reading: Reading) -> Choice:
        group = areas[0]
        doubt = ""
        for other in areas[1:]:
            finer, coarser = sorted((group, other), key=lambda g: self.place(g[0]).precision_m)
            group = finer
            middle = shapely.Point(self.place(finer[0]).x, self.place(finer[0]).y)
            if not self.place(coarser[0]).shape.intersects(middle):
                doubt = _("the places named lie apart")
        best = self.place(group[0])
        if len(areas) == 1 and self._is_trap(group):
            doubt = doubt or _("several places have this name or a longer one; choose one")
        is_said = DISTRICT in reading.hints or reading.names_town
        if best.method == schema.DISTRICT and fold(best.name) in SHARED_NAMES and not is_said:
            doubt = doubt or _("a village of another municipality has this name too")
        if STREET in reading.hints:
            doubt = doubt or _("a street is named that these layers do not know")
        numbers = reading.numbers.houses
        if numbers and best.method == schema.TOWN_PART:
            here = [
                self.gazetteer.houses[p] for p in self.gazetteer.by_part.get(fold(best.name), ())
            ]
            found = addresses(not_oriented(numbers), here, group[0].score, reading.relation_m)
            if found:
                plain = [self._plain(m, reading) for m in group]
                lower = [replace(c, score=min(c.score, c.score - 2 * MARGIN)) for c in plain]
                return Choice((*found, *lower), doubt)
            if here:
                near = nearest(numbers[0], here, group[0].score)
                plain = [self._plain(m, reading) for m in group[:1]]
                doubt = doubt or _("the part has no such house number; the nearest are offered")
                return Choice((*plain, *near), doubt)
        return Choice(tuple(self._plain(m, reading) for m in group), doubt)

    def _is_trap(self, group: Sequence[Match]) -> bool:
        """Return whether an area elsewhere has a longer name that begins like the best one's."""
        best = self.place(group[0])
        for match in group[1:]:
            other = self.place(match)
            if other.method not in (schema.DISTRICT, schema.TOWN_PART) or match.is_whole:
                continue
            if fold(best.name) not in fold(other.name):
                continue
            if not best.shape.intersects(shapely.Point(other.x, other.y)):
                return True
        return False

    def _without_name(self, reading: Reading) -> Choice:
        """Return what a house number alone says, with the town or part named as the town."""
        numbers = reading.numbers.houses
        if not numbers:
            if reading.names_town:
                return Choice((), _("only the town is named"))
            return Choice((), _("no street, house or place of these layers is named"))
        here = self.gazetteer.houses
        if reading.names_town:
            part = self.gazetteer.by_part.get(fold(self.gazetteer.town), ())
            here = tuple(self.gazetteer.houses[p] for p in part) or here
        found = tuple(addresses(not_oriented(numbers), here, 100.0, reading.relation_m))
        if not found:
            return Choice((), _("no street, house or place of these layers is named"))
        doubt = "" if reading.names_town else _("a house number is named, but no street or part")
        return Choice(found, doubt)

    def _plain(self, match: Match, reading: Reading) -> Candidate:
        return self.candidate(self.place(match), match.score, reading.relation_m)

    def candidate(self, place: Place, score: float, relation_m: float = 0.0) -> Candidate:
        """Return a place as a candidate."""
        return Candidate(
            place.x,
            place.y,
            place.method,
            place.precision_m + relation_m,
            _clip(score),
            self.label(place),
            place.place_id,
        )

    def label(self, place: Place) -> str:
        """Return the name of a place for a reader; the kind or part where the name is not enough.

        A street whose name another one has, or that lies in another part than the town's, bears
        the part's name.
        """
        if place.method == schema.DISTRICT:
            return _("{name} (ZSJ)").format(name=place.name)
        if place.place_kind == BUS_STOP:
            return _("{name} (bus stop)").format(name=place.name)
        if place.method != schema.STREET or not place.part:
            return place.name
        is_apart = fold(place.part) != fold(self.gazetteer.town)
        is_sure = place.place_id in self.gazetteer.by_street  # its houses say the part
        if fold(place.name) in self._shared or (is_apart and is_sure):
            return f"{place.name}, {place.part}"
        return place.name


def _rank(candidates: Iterable[Candidate]) -> tuple[Candidate, ...]:
    """Return distinct places that are worth showing, best first."""
    order = sorted(candidates, key=lambda c: (-c.score, c.precision_m, c.place_id))
    kept: list[Candidate] = []
    for one in order:
        if one.score < SHOWN_SCORE:
            continue
        if any(one.place_id == other.place_id for other in kept):
            continue
        kept.append(one)
    return tuple(kept)


def _doubt(ranked: Sequence[Candidate], reading: Reading) -> str:
    best = ranked[0]
    if best.score < PLACED_SCORE:
        return _("the name is written differently; check it")
    for one in ranked[1:]:
        if one.score <= best.score - MARGIN:
            break
        if np.hypot(one.x - best.x, one.y - best.y) > _ALIKE_M:
            return _several()
    if reading.n_words == 1 and best.score < _SHORT_SCORE:
        return _("the name is written differently; check it")
    if STOP in reading.hints and best.method != LANDMARK:
        return _("a stop is named that these layers do not know")
    if not reading.is_clear:
        return _("a part of the text is not understood; it may name another place")
    return ""


def _is_root(group: Group) -> bool:
    """Return whether a likely name of a group is only the noun that it is made of."""
    whole = [match for match in group.matches if match.is_whole]
    best = max((match.score for match in whole), default=0.0)
    return any(match.is_root and match.score > best - MARGIN for match in whole)


def _several() -> str:
    return _("several places are named like this; choose one")


def _clip(score: float) -> float:
    return round(min(max(score, 0.0), 100.0), 1)


__all__ = ["Choice", "Chooser", "house_candidate"]
