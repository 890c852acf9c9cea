"""The equations between cells as a sparse matrix, and whole-number solutions of them (HiGHS)."""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import optimize, sparse

from hotspots.privacy.tables import Sum

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]
_WHOLE = 1e-6


@dataclass(frozen=True)
class System:
    """``matrix @ cells == 0``: one row per sum, -1 for its total and +1 for each part."""

    keys: tuple[Hashable, ...]
    matrix: sparse.csr_array

    @classmethod
    def of(cls, keys: Sequence[Hashable], sums: Sequence[Sum]) -> "System":
        """Return the equations of `sums` over `keys`."""
        at = {key: column for column, key in enumerate(keys)}
        rows, columns, values = [], [], []
        for row, entry in enumerate(sums):
            for key, value in ((entry.total, -1), *((part, 1) for part in entry.parts)):
                rows.append(row)
                columns.append(at[key])
                values.append(value)
        matrix = sparse.csr_array(
            (np.array(values, dtype=np.float64), (rows, columns)), shape=(len(sums), len(keys))
        )
        return cls(tuple(keys), matrix)


def split(keys: Sequence[Hashable], sums: Sequence[Sum]) -> list[tuple[list[Hashable], list[Sum]]]:
    """Return the groups of cells that sums tie together, each with its sums, in order of `keys`."""
    parent: dict[Hashable, Hashable] = {key: key for key in keys}

    def root(key: Hashable) -> Hashable:
        while parent[key] != key:
            parent[key] = parent[parent[key]]
            key = parent[key]
        return key

    for entry in sums:
        for part in entry.parts:
            parent[root(part)] = root(entry.total)
    members: dict[Hashable, list[Hashable]] = {}
    for key in keys:
        members.setdefault(root(key), []).append(key)
    tied: Mapping[Hashable, list[Sum]] = {key: [] for key in members}
    for entry in sums:
        tied[root(entry.total)].append(entry)
    return [(group, tied[key]) for key, group in members.items()]


def solve(
    matrix: sparse.csr_array,
    *,
    right: FloatArray,
    low: FloatArray,
    high: FloatArray,
    cost: FloatArray,
    above: sparse.csr_array | None = None,
    above_most: FloatArray | None = None,
) -> IntArray | None:
    """Return the cheapest whole-number vector with ``matrix @ v == right``, None if there is none.

    Parameters
    ----------
    matrix, right
        The equations.
    low, high
        Bounds of each variable, both included; may be infinite.
    cost
        Per unit of each variable.
    above, above_most
        Further rules ``above @ v <= above_most``.

    References
    ----------
    Huangfu & Hall (2018), doi:10.1007/s12532-017-0130-5 (HiGHS)
    """
    free = low < high
    fixed = np.where(free, 0.0, low)
    rest = right - matrix @ fixed
    left = matrix[:, np.flatnonzero(free)]
    bound = np.diff(left.indptr) > 0
    if np.any(rest[~bound] != 0):
        return None  # an equation between fixed cells that does not hold
    constraints = []
    if bound.any():
        rows = np.flatnonzero(bound)
        constraints.append(optimize.LinearConstraint(left[rows], rest[rows], rest[rows]))
    if above is not None and above_most is not None and above.shape[0]:
        most = above_most - above @ fixed
        rules = above[:, np.flatnonzero(free)]
        constraints.append(optimize.LinearConstraint(rules, -np.inf, most))
    solution = fixed.copy()
    if free.any():
        found = None
        # Where no switches are, vertices are mostly whole already: then the linear optimum is it.
        for whole in (False, True) if above is None else (True,):
            found = optimize.milp(
                cost[free],
                constraints=constraints,
                bounds=optimize.Bounds(low[free], high[free]),
                integrality=np.full(int(free.sum()), int(whole), dtype=np.int64),
                options={"mip_rel_gap": 0.0},
            )
            if found.x is None or np.allclose(found.x, np.rint(found.x), rtol=0, atol=_WHOLE):
                break  # without a linear solution there is no whole one
        if found is None or found.status != 0 or found.x is None:
            return None
        solution[free] = np.rint(found.x)
    exact = np.array_equal(matrix @ solution, right)
    return solution.astype(np.int64) if exact else None
