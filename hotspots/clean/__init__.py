"""Texts of a file's rows turned into numbers, times and rejections; pure functions on columns."""

from hotspots.clean.clock_words import is_unknown
from hotspots.clean.clocks import Clocks, parse_clocks
from hotspots.clean.columns import (
    FROM_1900,
    FROM_1904,
    LAST_MINUTE_S,
    PRAGUE,
    UNKNOWN,
    BoolArray,
    FloatArray,
    IntArray,
    Numbers,
    Problems,
    Texts,
    TimeArray,
    parse_numbers,
)
from hotspots.clean.moments import EARLIEST_YEAR, Moments, parse_moments

__all__ = [
    "EARLIEST_YEAR",
    "FROM_1900",
    "FROM_1904",
    "LAST_MINUTE_S",
    "PRAGUE",
    "UNKNOWN",
    "BoolArray",
    "Clocks",
    "FloatArray",
    "IntArray",
    "Moments",
    "Numbers",
    "Problems",
    "Texts",
    "TimeArray",
    "is_unknown",
    "parse_clocks",
    "parse_moments",
    "parse_numbers",
]
