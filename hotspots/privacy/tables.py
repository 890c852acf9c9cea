"""Cells of tables that are published together, the sums that tie them, and what is shown of each.

A cell has a key of the caller's choice. Every total of every table, and every hierarchy, is a
`Sum`: one cell that equals others added up.
"""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from hotspots.errors import ParameterError
from hotspots.i18n import _

THRESHOLD: Final = 5
# A label "1 to threshold - 1" of one value would be that value.
LOWEST_THRESHOLD: Final = 3

SHOWN: Final = "shown"
SMALL: Final = "small"  # said to be below the threshold, and above zero where zeros are shown
HIDDEN: Final = "hidden"  # nothing is said of it, so that no small count can be computed


@dataclass(frozen=True)
class Sum:
    """The cell `total` equals the cells `parts` added up."""

    total: Hashable
    parts: tuple[Hashable, ...]


@dataclass(frozen=True)
class PublishedCell:
    """What is shown of one cell; `count` is None unless the mark is `SHOWN`."""

    mark: str
    count: int | None = None


@dataclass(frozen=True)
class Published:
    """What a reader gets. True counts of cells that are not shown are not in here.

    Attributes
    ----------
    cells
        Key → what is shown.
    threshold
        Counts from `low` to ``threshold - 1`` are never shown.
    low
        The least count that is not shown: 1, or 0 where zeros are not shown either.
    hidden_at_least
        What a reader who knows this program may assume of every cell marked `HIDDEN`.
    """

    cells: Mapping[Hashable, PublishedCell]
    threshold: int
    low: int
    hidden_at_least: int

    def __getitem__(self, key: Hashable) -> PublishedCell:
        return self.cells[key]


def check_table(counts: Mapping[Hashable, int], sums: Sequence[Sum], *, threshold: int) -> None:
    """Raise unless the counts are whole, not negative, and add up.

    Raises
    ------
    ParameterError
        A threshold below 3, a count below zero, a sum of unknown cells, or one that is not true.
    """
    if (
        isinstance(threshold, bool)
        or not isinstance(threshold, int)
        or threshold < LOWEST_THRESHOLD
    ):
        raise ParameterError(
            _("threshold must be a whole number of at least {least}, got {value!r}").format(
                least=LOWEST_THRESHOLD, value=threshold
            )
        )
    for key, count in counts.items():
        if count != int(count) or count < 0:
            raise ParameterError(
                _("counts must be whole numbers from 0, but cell {key} has {value}").format(
                    key=key, value=count
                )
            )
    for entry in sums:
        unknown = [key for key in (entry.total, *entry.parts) if key not in counts]
        if unknown:
            raise ParameterError(
                _("a sum names the cell {key}, which has no count; give every cell one").format(
                    key=unknown[0]
                )
            )
        parts = sum(counts[key] for key in entry.parts)
        if counts[entry.total] != parts:
            raise ParameterError(
                _(
                    "cell {key} is {total}, but its parts add up to {parts}; give true totals"
                ).format(key=entry.total, total=counts[entry.total], parts=parts)
            )
