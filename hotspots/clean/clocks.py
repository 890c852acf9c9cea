"""Columns of times of day, read all at once."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow.compute as pc

from hotspots.clean.clock_words import Clock, is_unknown, read_clock
from hotspots.clean.columns import (
    LONGEST_WORDS,
    UNKNOWN,
    BoolArray,
    IntArray,
    Texts,
    as_array,
    bools,
    end_of_day,
    ints,
)

# How police files write an hour that nobody knows; the minutes beside it say no more.
_UNKNOWN_HOURS: Final = (25, 99)
_UNKNOWN_MINUTES: Final = (UNKNOWN, 0, 60, 99)

_TIME: Final = r"^(?P<h>\d{1,2})[:.]?(?P<mi>\d{2})?(?:[:.]\d{2}(?:\.\d+)?)?$"
# Half an hour past midnight, or the share of a day: six in the morning?
_TWO_MEANINGS: Final = r"^0[.,]\d{1,2}$"
_TIME_SPAN: Final = (
    r"^(?P<h>\d{1,2})[:.](?P<mi>\d{2})(?::\d{2})?\s*[-–—]\s*"
    r"(?P<h2>\d{1,2})[:.](?P<mi2>\d{2})(?::\d{2})?$"
)


@dataclass(frozen=True)
class Clocks:
    """A column read as times of day.

    Attributes
    ----------
    start_min, end_min
        Minutes after midnight, `UNKNOWN` where the text gives none. `end_min` may lie below
        `start_min`: then the span ends on the next day.
    is_span
        Whether the text was a span of times.
    not_understood
        Texts that are neither a time nor one of the usual marks of an unknown one, with counts.
    """

    start_min: IntArray
    end_min: IntArray
    is_span: BoolArray
    not_understood: dict[str, int]


def parse_clocks(texts: Texts) -> Clocks:
    """Read times of day: ``22:10``, ``2210``, ``22``, a span ``22:00–23:30``, or words.

    Words are those of `hotspots.clean.clock_words` (``mezi 20. a 22. hod.``, ``v noci``).

    ``24:00`` is the end of its day: 23:59, so that the date stays. Police files mark an unknown
    hour by 25 or 99 (``25``, ``25:00``, ``2560``, ``9999``) and an unknown minute by 60 and more;
    an unknown minute leaves the whole hour. What is not understood, and any other hour that no
    clock shows (``24:10``, ``26:30``, ``99:10``), counts as unknown and is listed. So does ``0.25``
    with one or two decimals: 0:25, or the share of a day that is 6:00; ``0:25`` and ``0.250`` are
    plain.

    Parameters
    ----------
    texts
        n texts, stripped; empty means unknown.
    """
    n = len(texts)
    array = as_array(texts)
    # `930` is 9:30, not 93:0.
    array = pc.replace_substring_regex(array, r"^(\d)(\d\d)$", r"\1:\2")
    one, span = pc.extract_regex(array, _TIME), pc.extract_regex(array, _TIME_SPAN)
    start = np.full(n, UNKNOWN, dtype=np.int64)
    end = start.copy()
    hour, minute = end_of_day(ints(one, "h"), ints(one, "mi"))
    unclear = bools(pc.match_substring_regex(array, _TWO_MEANINGS))
    known = (hour >= 0) & (hour <= 23) & ~unclear
    whole = known & ((minute == UNKNOWN) | (minute > 59))
    exact = known & ~whole
    start[known] = hour[known] * 60 + np.where(exact, minute, 0)[known]
    end[known] = start[known] + np.where(whole, 59, 0)[known]
    first_h, first_m = ints(span, "h"), ints(span, "mi")
    last_h, last_m = end_of_day(ints(span, "h2"), ints(span, "mi2"))
    is_span = (
        bools(pc.is_valid(span))
        & (first_h <= 23)
        & (last_h <= 23)
        & (first_m <= 59)
        & (last_m <= 59)
    )
    start[is_span] = (first_h * 60 + first_m)[is_span]
    end[is_span] = (last_h * 60 + last_m)[is_span]
    marked = np.isin(hour, _UNKNOWN_HOURS) & np.isin(minute, _UNKNOWN_MINUTES)
    strange = ~known & ~marked & ~is_span & ~bools(pc.equal(array, ""))
    not_understood: dict[str, int] = {}
    cache: dict[str, Clock | None] = {}
    for i in np.flatnonzero(strange).tolist():
        text = array[i].as_py()
        if text not in cache:
            readable = len(text) <= LONGEST_WORDS and not unclear[i]
            cache[text] = read_clock(text) if readable else None
        words = cache[text]
        if words is not None:
            start[i], end[i], is_span[i] = words.start_min, words.end_min, words.is_span
        elif not is_unknown(text):
            not_understood[text] = not_understood.get(text, 0) + 1
    return Clocks(start, end, is_span, not_understood)
