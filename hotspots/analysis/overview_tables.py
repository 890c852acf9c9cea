"""The tables of the overview: which cells they have, what ties them, and what may be shown."""

from collections.abc import Hashable
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final

import numpy as np
import numpy.typing as npt

from hotspots.errors import ParameterError
from hotspots.offences import COEXISTENCE, PUBLIC_ORDER
from hotspots.privacy import HIDDEN, SHOWN, SMALL, Published, PublishedCell, Sum, suppress

IntArray = npt.NDArray[np.int64]

GOAL: Final = "goal"  # public order and coexistence together
OTHER: Final = "other"
ALL: Final = "all"
# What each incident is counted under once, in the order of the arrays' last axis.
CLASSES: Final = (PUBLIC_ORDER, COEXISTENCE, OTHER)
AREA_GROUPS: Final = (PUBLIC_ORDER, COEXISTENCE, GOAL)
TOWN_GROUPS: Final = (PUBLIC_ORDER, COEXISTENCE, GOAL, OTHER, ALL)
QUARTER_GROUPS: Final = (GOAL,)
# Quarters are published where the year before had so many that a small one is unlikely: it would
# take the number of its whole year with it.
FEWEST_FOR_QUARTERS: Final = 60
QUARTERS: Final = (1, 2, 3, 4)
# How much a reader loses by a hidden number, relative to that of one group in one district.
_COST_AREA: Final = {PUBLIC_ORDER: 1.0, COEXISTENCE: 1.0, GOAL: 3.0}
_COST_TOWN: Final = {PUBLIC_ORDER: 40.0, COEXISTENCE: 40.0, GOAL: 100.0, OTHER: 10.0, ALL: 20.0}
_COST_QUARTER: Final = 2.0
_YEARS_KEPT: Final = 64


@dataclass(frozen=True)
class YearCounts:
    """True counts of one year; they never leave this module but through `publish`.

    Attributes
    ----------
    by_area
        n + 1 rows (the last: those of no known area), each with a count for each of `CLASSES`.
    by_quarter
        The town's offences of goal 1 in each published quarter. Where quarters are published, a
        whole year has all four: the last follows from the others.
    is_whole
        Whether the year itself is published.
    """

    by_area: tuple[tuple[int, ...], ...]
    by_quarter: tuple[int, ...]
    is_whole: bool

    @classmethod
    def of(cls, by_area: IntArray, by_quarter: IntArray, *, is_whole: bool) -> "YearCounts":
        """Return the counts of arrays (n + 1, 3) and (quarters,)."""
        rows = tuple(tuple(row) for row in by_area.tolist())
        return cls(rows, tuple(by_quarter.tolist()), is_whole)


@dataclass(frozen=True)
class YearPublished:
    """What may be shown of one year.

    Attributes
    ----------
    town
        Group of `TOWN_GROUPS` → cell; empty while the year is not published.
    areas
        n + 1 rows: group of `AREA_GROUPS` → cell; empty as `town`.
    quarters
        For each published quarter: group of `QUARTER_GROUPS` → cell.
    """

    town: dict[str, PublishedCell]
    areas: tuple[dict[str, PublishedCell], ...]
    quarters: tuple[dict[str, PublishedCell], ...]


@lru_cache(maxsize=_YEARS_KEPT)
def publish(counts: YearCounts) -> YearPublished:
    """Return what may be shown of one year's linked tables.

    Area × group with the margins of both, the hierarchy public order + coexistence = goal,
    goal + other = all, and the town's quarters of goal 1, which add up to the year. Each quarter
    is a stage of its own: it was published before those that follow, and stays in readers' hands.
    Where these leave no way to tell anything of their year (a handful in it, in two quarters), all
    else of that year is hidden.
    """
    try:
        published, _sums = protect(counts)
    except ParameterError:
        return _quarters_only(counts)
    n = len(counts.by_area)
    return YearPublished(
        town={group: published["town", group] for group in TOWN_GROUPS} if counts.is_whole else {},
        areas=tuple(
            {group: published["area", row, group] for group in AREA_GROUPS} for row in range(n)
        )
        if counts.is_whole
        else (),
        quarters=tuple(
            {group: published["quarter", q, group] for group in QUARTER_GROUPS}
            for q in QUARTERS[: len(counts.by_quarter)]
        ),
    )


def _quarters_only(counts: YearCounts) -> YearPublished:
    """Return what was published before the year was over, and nothing more."""
    earlier = replace(counts, by_quarter=counts.by_quarter[:-1], is_whole=False)
    hidden = PublishedCell(HIDDEN)
    return YearPublished(
        town=dict.fromkeys(TOWN_GROUPS, hidden),
        areas=tuple(dict.fromkeys(AREA_GROUPS, hidden) for _row in counts.by_area),
        quarters=(*publish(earlier).quarters, dict.fromkeys(QUARTER_GROUPS, hidden)),
    )


def protect(counts: YearCounts) -> tuple[Published, list[Sum]]:
    """Return the published cells of one year, and the sums that an attacker knows."""
    cells: dict[Hashable, int] = {}
    cost: dict[Hashable, float] = {}
    stages: dict[Hashable, int] = {}
    sums: list[Sum] = []
    for q, goal in zip(QUARTERS, counts.by_quarter, strict=False):
        cells["quarter", q, GOAL] = goal
        cost["quarter", q, GOAL] = _COST_QUARTER
        stages["quarter", q, GOAL] = q
    if counts.is_whole:
        rows = range(len(counts.by_area))
        for row, (order, coexistence, _other) in zip(rows, counts.by_area, strict=True):
            for group, count in (
                (PUBLIC_ORDER, order),
                (COEXISTENCE, coexistence),
                (GOAL, order + coexistence),
            ):
                cells["area", row, group] = count
                cost["area", row, group] = _COST_AREA[group]
                stages["area", row, group] = QUARTERS[-1]
            parts = (("area", row, PUBLIC_ORDER), ("area", row, COEXISTENCE))
            sums.append(Sum(("area", row, GOAL), parts))
        order, coexistence, other = (sum(column) for column in zip(*counts.by_area, strict=True))
        goal = order + coexistence
        totals = (order, coexistence, goal, other, goal + other)
        for group, count in zip(TOWN_GROUPS, totals, strict=True):
            cells["town", group] = count
            cost["town", group] = _COST_TOWN[group]
            stages["town", group] = QUARTERS[-1]
        sums.append(Sum(("town", GOAL), (("town", PUBLIC_ORDER), ("town", COEXISTENCE))))
        sums.append(Sum(("town", ALL), (("town", GOAL), ("town", OTHER))))
        sums += [
            Sum(("town", group), tuple(("area", row, group) for row in rows))
            for group in AREA_GROUPS
        ]
        if counts.by_quarter:
            sums.append(Sum(("town", GOAL), tuple(("quarter", q, GOAL) for q in QUARTERS)))
    return suppress(cells, sums, cost=cost, stages=stages), sums


__all__ = ["HIDDEN", "SHOWN", "SMALL", "YearCounts", "YearPublished", "protect", "publish"]
