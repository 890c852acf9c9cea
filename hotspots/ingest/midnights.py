"""Times that are all midnight: dates, written by a program that has no other form for them."""

from collections.abc import Callable, Iterator
from typing import Final

import numpy as np

from hotspots.clean import Moments
from hotspots.ingest.table import RawBlock

# So many rows, all at midnight, tell that the times were never written down.
ENOUGH: Final = 10


class Midnights:
    """Whether midnight in a file's date-time column stands for a time that was never written down.

    It does if all times of the whole file are midnight, ten or more. The file is read once more,
    as far as its first other time, only where a block has none.

    Parameters
    ----------
    starts
        Returns the moments of a block, or None where no column holds them.
    reread
        Reads the file's blocks from its start.

    Attributes
    ----------
    found
        Midnights were taken as dates.
    """

    def __init__(
        self,
        starts: Callable[[RawBlock], Moments | None],
        reread: Callable[[], Iterator[RawBlock]],
    ) -> None:
        self._starts = starts
        self._reread = reread
        self._known: bool | None = None
        self.found = False

    def are_dates(self, block: RawBlock) -> bool:
        """Return whether the midnights of a block stand for dates."""
        if self._known is None:
            n_midnights, n_others = self._count(block)
            if n_others:
                self._known = False
            elif n_midnights:
                self._known = self._look_through()
        self.found = self.found or bool(self._known)
        return bool(self._known)

    def _look_through(self) -> bool:
        total = 0
        for block in self._reread():
            n_midnights, n_others = self._count(block)
            if n_others:
                return False
            total += n_midnights
        return total >= ENOUGH

    def _count(self, block: RawBlock) -> tuple[int, int]:
        """Return how many times of a block are midnight, and how many are not."""
        moments = self._starts(block)
        if moments is None:
            return 0, 0
        # A time with an end of its own ("0:00-2:00") was surely written down.
        instant = np.isnat(moments.ends)
        times = moments.values[moments.has_time & instant]
        n_spans = int((moments.has_time & ~instant).sum())
        n_midnights = int((times == times.astype("datetime64[D]")).sum())
        return n_midnights, len(times) - n_midnights + n_spans
