"""Hiding small counts, and as many others as it takes so that no small count can be computed."""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy import sparse

from hotspots.errors import ParameterError
from hotspots.i18n import _
from hotspots.privacy.attack import attack
from hotspots.privacy.system import FloatArray, IntArray, System, solve, split
from hotspots.privacy.tables import (
    HIDDEN,
    SHOWN,
    SMALL,
    THRESHOLD,
    Published,
    PublishedCell,
    Sum,
    check_table,
)

Flags = npt.NDArray[np.bool_]
Rows = sparse.csr_array
# Costs are whole numbers: of hiding, far above the order of cells that breaks ties, far above
# the draw that brings other small cells to the same end.
_SCALE: Final = 1000.0
# A label taken off a small count, or a zero hidden, only where hiding others cannot help.
_UNLABEL: Final = 100.0
_HIDE_ZERO: Final = 1000.0
# How far a witness may stray from the truth, in thresholds; less room hides more, never less.
_ROOM: Final = 12


def suppress(
    counts: Mapping[Hashable, int],
    sums: Sequence[Sum] = (),
    *,
    threshold: int = THRESHOLD,
    cost: Mapping[Hashable, float] | None = None,
    stages: Mapping[Hashable, int] | None = None,
    show_zeros: bool = True,
) -> Published:
    """Hide small counts so that nobody can compute them from what is shown.

    Primary: every count from 1 to ``threshold - 1`` is labelled `SMALL`. Complementary: other
    cells are `HIDDEN`, at the least total cost found, until the attack fails. The protection
    level is the whole range of the label: for every small cell and every value from 1 to
    ``threshold - 1`` there is a table of whole numbers that agrees with all that is shown, with
    all labels, and with the knowledge that hidden cells are not small, in which the cell has that
    value. Such a table is kept for each as a witness, and at the end `attack` tries the result
    without knowing the truth.

    Where labels alone tell too much (a total of 2 labelled "1-4" bounds its parts), a label is
    taken off and the cell is `HIDDEN`; zeros are hidden only where nothing else helps.

    Parameters
    ----------
    counts
        Every cell of all tables that are published together, totals too. Not modified.
    sums
        All sums between them.
    threshold
        The least count above zero that may be shown, at least 3.
    cost
        How much is lost by hiding a cell, above 0; 1 for cells not named.
    stages
        When each cell is first published, as a rising number; 0 for cells not named. What was
        shown at an earlier stage stays shown and what was hidden stays hidden, so that a reader
        who kept the earlier tables learns no more. Cells of one stage are published at once.
    show_zeros
        Whether zeros may be shown; otherwise 0 is as secret as 1.

    Returns
    -------
    published
        The same for the same input; without the counts of cells that are not shown.

    Raises
    ------
    ParameterError
        The counts do not add up (see `check_table`), a cost is not above 0, or tables published
        at earlier stages leave no way to protect a later one.

    References
    ----------
    Hundepool et al. (2012), Statistical Disclosure Control, ch. 4, doi:10.1002/9781118348239;
    Fischetti & Salazar-González (2001), Management Science 47:1008-1027,
    doi:10.1287/mnsc.47.7.1008.9807; Wong et al. (2007), VLDB, on readers who know the method.
    """
    check_table(counts, sums, threshold=threshold)
    costs = {key: float((cost or {}).get(key, 1.0)) for key in counts}
    for key, value in costs.items():
        if not value > 0:
            raise ParameterError(
                _("cost must be above 0, but cell {key} has {value}").format(key=key, value=value)
            )
    low = 1 if show_zeros else 0
    cells: dict[Hashable, PublishedCell] = {}
    at_least = threshold
    for keys, tied in split(list(counts), sums):
        part = _Part(
            System.of(keys, tied),
            counts=np.array([counts[key] for key in keys], dtype=np.int64),
            cost=np.array([costs[key] for key in keys]),
            stage=np.array([(stages or {}).get(key, 0) for key in keys], dtype=np.int64),
            threshold=threshold,
            low=low,
        )
        part.protect()
        cells.update(part.result())
        at_least = min(at_least, part.hidden_at_least())
    published = Published({key: cells[key] for key in counts}, threshold, low, at_least)
    _try(published, sums, counts)
    return published


def _try(published: Published, sums: Sequence[Sum], counts: Mapping[Hashable, int]) -> None:
    """Attack the result; a range narrower than promised is a fault of this module."""
    most = published.threshold - 1
    for key, (least, greatest) in attack(published, sums).items():
        unsafe = published.low <= counts[key] <= most
        narrow = least > published.low or (greatest is not None and greatest < most)
        if unsafe and narrow:
            raise AssertionError(f"the attack bounds {key!r} to {least}..{greatest}")


@dataclass
class _Part:
    """Cells tied together by sums; positions are those of `system.keys`."""

    system: System
    counts: IntArray
    cost: FloatArray
    stage: IntArray
    threshold: int
    low: int
    is_small: Flags = field(init=False)
    # Kinds of cells that are not shown: labelled, unlabelled small, complementary, hidden zeros.
    labelled: set[int] = field(default_factory=set)
    unlabelled: set[int] = field(default_factory=set)
    others: set[int] = field(default_factory=set)
    zeros: set[int] = field(default_factory=set)
    witnesses: list[IntArray] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.is_small = (self.counts >= self.low) & (self.counts < self.threshold)

    def protect(self) -> None:
        """Hide what must be hidden, stage by stage."""
        for stage in np.unique(self.stage).tolist():
            there = self.stage <= stage
            new = self.stage == stage
            self.labelled |= set(np.flatnonzero(new & self.is_small).tolist())
            rows = _rows_within(self.system.matrix, there)
            # What was a witness of an earlier stage says nothing of the cells that came since.
            self.witnesses = []
            for cell in np.flatnonzero(there & self.is_small).tolist():
                for value in range(self.low, self.threshold):
                    if not any(witness[cell] == value for witness in self.witnesses):
                        self._witness(cell, value, rows=rows, new=new)
            self._show_again(there=there, new=new)

    def _witness(self, cell: int, value: int, *, rows: Rows, new: Flags) -> None:
        """Find a table in which `cell` is `value`, hiding the cheapest cells that allow one."""
        low, high = self._bounds(new)
        shown = np.flatnonzero(new & (low == high) & ~np.isin(self.counts, [0]))
        labels = np.array(sorted(p for p in self.labelled if new[p] and p != cell), dtype=np.int64)
        zeros = np.flatnonzero(new & (low == high) & (self.counts == 0))
        low[cell] = high[cell] = float(value)
        for openable in ((), (shown,), (shown, labels), (shown, labels, zeros)):
            chosen = np.concatenate([np.empty(0, dtype=np.int64), *openable])
            chosen = chosen[chosen != cell]
            found = self._search(chosen, value, rows=rows, low=low, high=high)
            if found is not None:
                solution, opened = found
                self._open(opened)
                self.witnesses.append(solution)
                return
        raise ParameterError(
            _(
                "cell {key} cannot be protected beside what was published before it; publish "
                "its table without it, or for a longer period"
            ).format(key=self.system.keys[cell])
        )

    def _open(self, opened: list[int]) -> None:
        for position in opened:
            if position in self.labelled:
                self.labelled.discard(position)
                self.unlabelled.add(position)
            elif self.counts[position] == 0:
                self.zeros.add(position)
            else:
                self.others.add(position)

    def _bounds(self, new: Flags) -> tuple[FloatArray, FloatArray]:
        """Return what a reader knows of each cell before more is hidden; of a later stage, zero."""
        truth = self.counts.astype(np.float64)
        low, high = truth.copy(), truth.copy()
        room = float(_ROOM * self.threshold)
        for positions, least, most in (
            (self.labelled, float(self.low), None),
            (self.unlabelled, 0.0, room),
            (self.others, float(self.threshold), room),
            (self.zeros, 0.0, room),
        ):
            at = sorted(positions)
            low[at] = least
            high[at] = float(self.threshold - 1) if most is None else truth[at] + most
        return low, high

    def _search(
        self, openable: IntArray, value: int, *, rows: Rows, low: FloatArray, high: FloatArray
    ) -> tuple[IntArray, list[int]] | None:
        """Return a table within the bounds, and which of the `openable` cells it had to open.

        Each of them has a switch (0 or 1, at its cost) that lets the cell leave its bounds.
        """
        n, k = len(self.counts), len(openable)
        truth = self.counts[openable].astype(np.float64)
        room = float(_ROOM * self.threshold)
        is_label = np.isin(openable, sorted(self.labelled))
        is_zero = truth == 0
        least = np.where(is_label | is_zero, 0.0, float(self.threshold))
        floor, ceiling = low[openable], high[openable]
        wide_low, wide_high = low.copy(), high.copy()
        wide_low[openable] = least
        wide_high[openable] = ceiling + room
        tier = np.where(is_label, _UNLABEL, np.where(is_zero, _HIDE_ZERO, 0.0))
        switch_cost = np.rint(_SCALE * (self.cost[openable] + tier)) + openable
        # cell - room * switch <= ceiling, and -cell - (floor - least) * switch <= -floor
        numbers, ones = np.arange(k), np.ones(k)
        cells = sparse.csr_array((ones, (numbers, openable)), shape=(k, n))
        above = (
            sparse.vstack(
                [
                    sparse.hstack([cells, sparse.diags_array(np.full(k, -room))]),
                    sparse.hstack([-cells, sparse.diags_array(-(floor - least))]),
                ],
                format="csr",
            )
            if k
            else None
        )
        solution = solve(
            sparse.hstack([rows, sparse.csr_array((rows.shape[0], k))], format="csr"),
            right=np.zeros(rows.shape[0]),
            low=np.concatenate([wide_low, np.zeros(k)]),
            high=np.concatenate([wide_high, ones]),
            cost=np.concatenate([self._lean(value), switch_cost]),
            above=above,
            above_most=np.concatenate([ceiling, -floor]),
        )
        if solution is None:
            return None
        return solution[:n], openable[np.flatnonzero(solution[n:])].tolist()

    def _lean(self, value: int) -> FloatArray:
        """Return small costs that draw other small cells to the same end, to serve them too."""
        lean = np.zeros(len(self.counts))
        middle = (self.low + self.threshold - 1) / 2
        lean[sorted(self.labelled)] = 1.0 if value < middle else -1.0
        return lean

    def _show_again(
        self,
        *,
        there: Flags,
        new: Flags,
    ) -> None:
        """Show what was hidden on the way but is no longer needed, the dearest first."""
        small = np.flatnonzero(there & self.is_small).tolist()
        wanted = [(cell, value) for cell in small for value in range(self.low, self.threshold)]
        hidden = [position for position in self.others | self.zeros if new[position]]
        for position in sorted(hidden, key=lambda p: (-self.cost[p], p)):
            kept = [w for w in self.witnesses if w[position] == self.counts[position]]
            if all(any(w[cell] == value for w in kept) for cell, value in wanted):
                self.witnesses = kept
                self.others.discard(position)
                self.zeros.discard(position)

    def hidden_at_least(self) -> int:
        """Return what may be assumed of every hidden cell."""
        return 0 if self.zeros or self.unlabelled else self.threshold

    def result(self) -> dict[Hashable, PublishedCell]:
        """Return what is shown of each cell."""
        out: dict[Hashable, PublishedCell] = {}
        hidden = self.unlabelled | self.others | self.zeros
        for position, key in enumerate(self.system.keys):
            if position in self.labelled:
                out[key] = PublishedCell(SMALL)
            elif position in hidden:
                out[key] = PublishedCell(HIDDEN)
            else:
                out[key] = PublishedCell(SHOWN, int(self.counts[position]))
        return out


def _rows_within(matrix: sparse.csr_array, there: Flags) -> sparse.csr_array:
    """Return the equations all of whose cells are there."""
    absent = abs(matrix) @ (~there).astype(np.float64)
    return matrix[np.flatnonzero(absent == 0)]
