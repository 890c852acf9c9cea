"""Times that are exactly midnight: mostly dates, by a program that has no other form for them."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Final

import numpy as np

from hotspots.clean import BoolArray, Moments
from hotspots.i18n import _, ngettext
from hotspots.ingest.table import RawBlock

# So large a share of a file's times does not happen at midnight, even if hours were rounded.
TOO_MANY: Final = 0.2
# The share is that of so many rows at the head of the file, so that a large one is not read twice.
ROWS_LOOKED_AT: Final = 100_000


class Midnights:
    """Whether midnight in a file's date-time column stands for a time that was never written down.

    It does if at least one in five of the file's times is exactly midnight. Fewer are kept as the
    times they say, and told. A file that has a column of times besides does not come here: there
    midnight is never a time (`occurrence.give_way`).

    Parameters
    ----------
    starts
        Returns the moments of a block, or None where no column holds them.
    reread
        Reads the file's blocks from its start.
    """

    def __init__(
        self,
        starts: Callable[[RawBlock], Moments | None],
        reread: Callable[[], Iterator[RawBlock]],
    ) -> None:
        self._starts = starts
        self._reread = reread
        self._known: bool | None = None
        self._n_midnights = 0
        self._n_times = 0

    def settle(self, moments: Moments) -> Moments:
        """Return a block's moments, its midnights as dates where they stand for dates."""
        midnight, n_times = _look(moments)
        self._n_midnights += int(midnight.sum())
        self._n_times += n_times
        if not midnight.any():
            return moments
        if self._known is None:
            self._known = self._look_through()
        if not self._known:
            return moments
        return replace(moments, has_time=moments.has_time & ~midnight)

    def sentences(self) -> list[str]:
        """Return what a reader should know of the blocks seen."""
        n, total = self._n_midnights, self._n_times
        if not n:
            return []
        if not self._known:
            return [
                ngettext(
                    "{n} of {total} times is exactly midnight; it was kept as a time, but may "
                    "stand for one that nobody wrote down",
                    "{n} of {total} times are exactly midnight; they were kept as times, but some "
                    "may stand for one that nobody wrote down",
                    n,
                ).format(n=n, total=total)
            ]
        if n == total:
            return [_("all times are midnight, so they were taken as dates without a time")]
        return [
            ngettext(
                "{n} of {total} times is exactly midnight, more than happens by chance; it was "
                "taken as a date without a time",
                "{n} of {total} times are exactly midnight, more than happens by chance; they "
                "were taken as dates without a time",
                n,
            ).format(n=n, total=total)
        ]

    def _look_through(self) -> bool:
        n_midnights = n_times = n_rows = 0
        for block in self._reread():
            moments = self._starts(block)
            if moments is None:
                return False
            midnight, times = _look(moments)
            n_midnights += int(midnight.sum())
            n_times += times
            n_rows += len(block.rows)
            if n_times and n_rows >= ROWS_LOOKED_AT:
                break
        return n_midnights >= TOO_MANY * n_times


def _look(moments: Moments) -> tuple[BoolArray, int]:
    """Return which times are exactly midnight, and how many times there are."""
    # A time with an end of its own ("0:00-2:00") was surely written down.
    day = moments.values.astype("datetime64[D]")
    midnight = moments.has_time & np.isnat(moments.ends) & (moments.values == day)
    return midnight, int(moments.has_time.sum())
