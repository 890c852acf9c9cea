"""Which incidents come close enough in time and place to be compared: by grid cell and minute."""

from collections.abc import Iterator
from typing import Final

import numpy as np
import numpy.typing as npt

from hotspots.link.records import DAY, HOUR, LONGEST, FloatArray, IntArray, Records

# Pairs compared at once: about 100 MB with all that is computed of them.
CHUNK: Final = 500_000
# The cells around a place, itself in the middle.
_AROUND: Final[tuple[tuple[int, int], ...]] = tuple(
    (dx, dy) for dx in (-1, 0, 1) for dy in (-1, 0, 1)
)
_HERE: Final[tuple[tuple[int, int], ...]] = ((0, 0),)
# Longer times are looked for further back: each class for itself, or short ones would pay too.
_LENGTHS: Final = (HOUR, DAY, LONGEST)


def close_pairs(
    a: Records,
    b: Records,
    *,
    cell_m: float | None,
    gap_minutes: float,
) -> Iterator[tuple[IntArray, IntArray]]:
    """Yield pairs (positions in `a`, in `b`) whose times lie within `gap_minutes`.

    Parameters
    ----------
    a, b
        Incidents; the same records may be given twice.
    cell_m
        Side of the cells [m]: pairs of neighbouring cells are given, thus all that lie within
        one side of another, and some that do not. None: whatever their places.
    gap_minutes
        Largest gap between their times [min].

    Yields
    ------
    rows_a, rows_b
        At most `CHUNK` pairs at once, or those of one incident of `a` if these are more.
    """
    if cell_m is None:
        cells_a = cells_b = None
        around = _HERE
    else:
        cells_a, cells_b = _cells(a, cell_m), _cells(b, cell_m)
        around = _AROUND
    shortest = 0.0
    for longest in _LENGTHS:
        own = np.flatnonzero((b.length > shortest) & (b.length <= longest))
        shortest = longest
        if not len(own) or not len(a):
            continue
        yield from _of_length(a, b, own, cells_a, cells_b, around, longest, gap_minutes)


def _of_length(
    a: Records,
    b: Records,
    own: IntArray,
    cells_a: tuple[IntArray, IntArray] | None,
    cells_b: tuple[IntArray, IntArray] | None,
    around: tuple[tuple[int, int], ...],
    longest: float,
    gap_minutes: float,
) -> Iterator[tuple[IntArray, IntArray]]:
    start = min(float(a.begin.min()), float(b.begin[own].min())) - longest - gap_minutes - 1
    stop = max(float((a.begin + a.length).max()), float(b.begin[own].max())) + gap_minutes + 1
    width = stop - start + 1
    if cells_b is None:
        names = np.zeros(1, dtype=np.int64)
        rank = np.zeros(len(own), dtype=np.int64)
    else:
        names, rank = np.unique(_name(cells_b[0][own], cells_b[1][own]), return_inverse=True)
    key = rank * width + (b.begin[own] - start)
    order = np.argsort(key, kind="stable")
    key = key[order]
    low = a.begin - start - gap_minutes - longest
    high = a.begin + a.length - start + gap_minutes
    for dx, dy in around:
        if cells_a is None:
            at = np.zeros(len(a), dtype=np.int64)
            there = np.ones(len(a), dtype=bool)
        else:
            wanted = _name(cells_a[0] + dx, cells_a[1] + dy)
            at = np.searchsorted(names, wanted).clip(0, len(names) - 1)
            there = names[at] == wanted
        rows = np.flatnonzero(there)
        first = np.searchsorted(key, at[rows] * width + low[rows], side="left")
        last = np.searchsorted(key, at[rows] * width + high[rows], side="right")
        n = np.maximum(last - first, 0)
        for chunk in _chunks(n):
            row_a, place = _expand(first[chunk], n[chunk])
            row_a, row_b = rows[chunk][row_a], own[order[place]]
            gap = gaps(a, b, row_a, row_b)
            near = gap <= gap_minutes
            yield row_a[near], row_b[near]


def gaps(a: Records, b: Records, row_a: IntArray, row_b: IntArray) -> FloatArray:
    """Return the minutes between the times of pairs; 0 where they overlap."""
    apart = np.abs(a.middle[row_a] - b.middle[row_b])
    # Both lengths hold their last minute, so that the next minute is one away.
    return np.maximum(apart + 1 - (a.length[row_a] + b.length[row_b]) / 2, 0.0)


def _cells(records: Records, side: float) -> tuple[IntArray, IntArray]:
    return (
        np.floor(records.x / side).astype(np.int64),
        np.floor(records.y / side).astype(np.int64),
    )


def _name(column: IntArray, row: IntArray) -> IntArray:
    """Return one number for each cell; places lie within 10,000 km, cells are over 1 cm."""
    return column * np.int64(2**31) + row


def _chunks(n: npt.NDArray[np.int64]) -> Iterator[slice]:
    """Cut rows with `n` pairs each into runs of at most `CHUNK` pairs."""
    if not n.any():
        return
    before = np.concatenate([[0], np.cumsum(n)])
    at = 0
    while at < len(n):
        end = int(np.searchsorted(before, before[at] + CHUNK, side="right")) - 1
        end = max(end, at + 1)
        if before[end] > before[at]:
            yield slice(at, end)
        at = end


def _expand(first: IntArray, n: IntArray) -> tuple[IntArray, IntArray]:
    """Return (row, place) for every place from `first` on, `n` of them a row."""
    row = np.repeat(np.arange(len(n), dtype=np.int64), n)
    begin = np.cumsum(n) - n
    place = np.arange(len(row), dtype=np.int64) - begin[row] + first[row]
    return row, place
