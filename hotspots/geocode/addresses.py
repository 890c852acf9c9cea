"""Houses with the number that a text names, as candidates."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from hotspots.geocode.gazetteer import ADDRESS_PRECISION_M, House
from hotspots.geocode.numbers import ORIENTATION, HouseNumber, matches_house, number_distance
from hotspots.geocode.result import Candidate

_NEAREST_NUMBERS: Final = 3
_NEAREST_COST: Final = 10.0
_NEAREST_MOST: Final = 70.0
_RANGE_M: Final = 150.0


def house_candidate(house: House, score: float, relation_m: float = 0.0) -> Candidate:
    """Return an address point as a candidate."""
    return Candidate(
        house.x,
        house.y,
        "address",
        ADDRESS_PRECISION_M + relation_m,
        round(min(max(score, 0.0), 100.0), 1),
        house.label,
        f"address:{house.code}",
    )


def addresses(
    wanted: Sequence[HouseNumber], houses: Sequence[House], score: float, relation_m: float
) -> list[Candidate]:
    """Return the houses with the number wanted; for "12–14" the middle between both."""
    found = [
        house_candidate(house, score * grade / 100.0, relation_m)
        for house in houses
        if (grade := matches_house(wanted[0], house))
    ]
    if len(wanted) < 2:
        return found
    ends = [
        [h for h in houses if matches_house(number, h) == 100.0]
        for number in (wanted[0], wanted[1])
    ]
    if len(ends[0]) == 1 == len(ends[1]) and wanted[1].is_range:
        one, two = ends[0][0], ends[1][0]
        apart = float(np.hypot(one.x - two.x, one.y - two.y))
        if apart <= _RANGE_M:
            first = house_candidate(one, score, relation_m)
            middle = replace(
                first,
                x=(one.x + two.x) / 2,
                y=(one.y + two.y) / 2,
                precision_m=first.precision_m + apart / 2,
                matched=f"{one.label}; {two.label}",
            )
            return [middle]
    seconds = [
        house_candidate(house, score * grade / 100.0, relation_m)
        for house in houses
        if (grade := matches_house(wanted[1], house))
    ]
    return [*found, *seconds]


def not_oriented(wanted: Sequence[HouseNumber]) -> list[HouseNumber]:
    """Return numbers of houses without a street, where none is an orientation number."""
    return [
        replace(one, kind="house") if one.kind in ("any", ORIENTATION) else one for one in wanted
    ]


def nearest(wanted: HouseNumber, houses: Iterable[House], score: float) -> list[Candidate]:
    """Return the houses with the nearest numbers, scored too low to be taken unasked."""
    near = sorted(houses, key=lambda house: (number_distance(wanted, house), house.code))
    return [
        house_candidate(house, min(score - _NEAREST_COST, _NEAREST_MOST) - i)
        for i, house in enumerate(near[:_NEAREST_NUMBERS])
    ]
