"""What a reader can compute of cells that are not shown, from all that is."""

from collections.abc import Hashable, Sequence

import numpy as np

from hotspots.privacy.system import System, solve, split
from hotspots.privacy.tables import HIDDEN, SHOWN, SMALL, Published, Sum


def attack(published: Published, sums: Sequence[Sum]) -> dict[Hashable, tuple[int, int | None]]:
    """Return the range that a reader can derive for every cell that is not shown.

    The reader knows every number shown, every sum, that counts are whole and not negative, what
    the labels say, and how this program hides. Nothing but `published` is looked at.

    Parameters
    ----------
    published
        What is shown.
    sums
        All sums between the cells.

    Returns
    -------
    ranges
        Key → least and greatest count possible; the greatest is None where there is no bound.
        Empty where everything is shown.

    Raises
    ------
    ValueError
        What is shown contradicts itself.

    References
    ----------
    Hundepool et al. (2012), Statistical Disclosure Control, ch. 4 (audit of the feasibility
    intervals); Fischetti & Salazar-González (2001), doi:10.1287/mnsc.47.7.1008.9807.
    """
    ranges: dict[Hashable, tuple[int, int | None]] = {}
    for keys, tied in split(list(published.cells), sums):
        for column, found in _ranges(published, keys, System.of(keys, tied)).items():
            ranges[keys[column]] = found
    return ranges


def _ranges(
    published: Published, keys: Sequence[Hashable], system: System
) -> dict[int, tuple[int, int | None]]:
    """Return the ranges by position in `keys`; each table found serves for every cell at once."""
    low, high = _bounds(published, keys)
    unknown = [at for at, key in enumerate(keys) if published[key].mark != SHOWN]
    least = np.full(len(keys), np.inf)
    most = np.full(len(keys), -np.inf)

    # All other cells are drawn to their ends too, too weakly to matter for the cell itself.
    shown = [published[key].count or 0 for key in keys]
    weight = float(1 + len(keys) * (max(shown) + published.threshold))

    def look(column: int, sign: float) -> bool:
        cost = np.zeros(len(keys))
        cost[unknown] = sign
        if sign < 0:
            cost[~np.isfinite(high)] = 0.0
        cost[column] = sign * weight
        right = np.zeros(system.matrix.shape[0])
        found = solve(system.matrix, right=right, low=low, high=high, cost=cost)
        if found is None:
            return False
        np.minimum(least, found, out=least)
        np.maximum(most, found, out=most)
        return True

    unbounded = set()
    for column in unknown:
        if least[column] > low[column] and not look(column, 1.0):
            raise ValueError(f"what is shown of {keys[column]!r} contradicts itself")
        # HiGHS finds no table, since none is the last, where nothing bounds the cell.
        if most[column] < high[column] and not look(column, -1.0):
            unbounded.add(column)
    return {
        column: (int(least[column]), None if column in unbounded else int(most[column]))
        for column in unknown
    }


def _bounds(
    published: Published, keys: Sequence[Hashable]
) -> tuple[
    np.ndarray[tuple[int], np.dtype[np.float64]], np.ndarray[tuple[int], np.dtype[np.float64]]
]:
    low, high = np.zeros(len(keys)), np.full(len(keys), np.inf)
    for column, key in enumerate(keys):
        cell = published[key]
        if cell.mark == SHOWN:
            low[column] = high[column] = float(cell.count or 0)
        elif cell.mark == SMALL:
            low[column], high[column] = published.low, published.threshold - 1
        elif cell.mark == HIDDEN:
            low[column] = published.hidden_at_least
    return low, high
