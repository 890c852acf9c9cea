"""Counts of incidents by area and offence group, of two spans that are compared."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from hotspots.codes import codes_of

BoolArray = npt.NDArray[np.bool_]
IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Counts:
    """Counts of the earlier and the later span for every area, group, and group in an area.

    Both have the shape (n_areas + 1, n_groups + 1); the last row and column are the whole.
    """

    before: IntArray
    after: IntArray


def has_groups(column: pd.Series, groups: tuple[str, ...]) -> BoolArray:
    """Return which of k incidents have which of the groups, shape (k, len(groups))."""
    codes, values = codes_of(column)
    rows = [set(str(value).split(";")) for value in values] + [set()]  # −1 for missing: the last
    return np.array([[group in some for group in groups] for some in rows], dtype=bool)[codes]


def count_groups(
    chosen: BoolArray, has_group: BoolArray, points: IntArray, rows: IntArray, n_areas: int
) -> IntArray:
    """Count `chosen` incidents by area and group; the last row and column are the whole."""
    n_groups = has_group.shape[1]
    counts = np.zeros((n_areas + 1, n_groups + 1), dtype=np.int64)
    there = chosen[points]
    every = np.column_stack([has_group, np.ones(len(chosen), dtype=bool)]).astype(np.int64)
    np.add.at(counts, rows[there], every[points[there]])
    counts[-1] = every[chosen].sum(axis=0)
    return counts
