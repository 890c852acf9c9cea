"""How well the values of a column fit what a field of a mapping holds."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from typing import Final

import numpy as np
import pyarrow as pa

from hotspots import schema
from hotspots.clean import FROM_1900, FloatArray, Moments, parse_clocks, parse_moments
from hotspots.ingest.coordinates import parse_axis, read_pair
from hotspots.ingest.mapping import (
    COORDINATES,
    DATE,
    OCCURRED,
    PLACE_NUMBER,
    PLACE_PART,
    PLACE_STREET,
    TIME,
)
from hotspots.ingest.offence_table import OffenceTable

_EAST_M: Final = (430_000, 906_000)
_NORTH_M: Final = (934_000, 1_230_000)
_LON: Final = (11.9, 19.0)
_LAT: Final = (48.4, 51.2)
_LONG_TEXT: Final = 40  # characters; notes are longer, places shorter on average
_WORDS: Final = re.compile(r"[^\W\d_]{2,}")
_NUMBER_OF_HOUSE: Final = re.compile(
    r"(?:č\.? ?(?:p|o|ev)\.? ?)?\d{1,4}[a-zA-Z]?(?:/\d{1,3}[a-z]?)?"
)
# A field is only proposed for a column whose values can be what it holds.
CHECKED: Final = frozenset(
    {OCCURRED, DATE, TIME, schema.OCCURRED_TO, schema.REPORTED_AT, schema.X, schema.Y, COORDINATES}
)


@dataclass(frozen=True)
class Sample:
    """Some values of one column, without the empty ones."""

    name: str
    values: tuple[str, ...]
    today: date
    offences: OffenceTable
    day_zero: datetime = FROM_1900

    def fit(self, field: str) -> float:
        """Return how well the values fit a field, 0 to 1; 0.5 where nothing can be told."""
        if not self.values:
            return 0.5
        check = _CHECKS.get(field)
        return 0.5 if check is None else check(self)

    @cached_property
    def _array(self) -> pa.Array:
        return pa.array(self.values, pa.string())

    @cached_property
    def _moments(self) -> Moments:
        return parse_moments(
            self._array, column=self.name, today=self.today, day_zero=self.day_zero
        )

    @cached_property
    def dates(self) -> float:
        """Share of values that are dates."""
        if self.long_texts > 0:
            return 0.0
        found = self._moments
        good = ~np.asarray(found.missing, dtype=bool)
        good[list(found.problems)] = False
        # Whole numbers below this are counts or house numbers, no days of a spreadsheet.
        small = [re.fullmatch(r"\d{1,4}(?:[.,]\d+)?", v) is not None for v in self.values]
        return float(np.mean(good & ~np.array(small)))

    @cached_property
    def with_time(self) -> float:
        """Share of values that say a time of day with their date."""
        found = self._moments
        return float(np.mean(np.asarray(found.has_time, dtype=bool)))

    @cached_property
    def clocks(self) -> float:
        """Share of values that are times of day."""
        found = parse_clocks(self._array)
        return 1.0 - min(1.0, sum(found.not_understood.values()) / len(self.values))

    @cached_property
    def _numbers(self) -> FloatArray:
        numbers: FloatArray = np.abs(parse_axis(self._array, column=self.name).values)
        return numbers

    def within(self, *ranges: tuple[float, float]) -> float:
        """Return the share of values that are numbers in one of the ranges, whatever their sign."""
        numbers = self._numbers
        share = [np.mean((numbers >= low) & (numbers <= high)) for low, high in ranges]
        return float(max(share))

    @cached_property
    def pairs(self) -> float:
        """Share of values that hold both coordinates."""
        return float(np.mean([read_pair(value) is not None for value in self.values[:100]]))

    @cached_property
    def known_offences(self) -> float:
        """Share of values in which the offence table knows something."""
        distinct = self.values[:200]
        return float(np.mean([bool(self.offences.match(v).groups) for v in distinct]))

    @cached_property
    def long_texts(self) -> float:
        """Share of values as long as a sentence."""
        return float(np.mean([len(value) > _LONG_TEXT for value in self.values]))

    @cached_property
    def worded(self) -> float:
        """Share of values that hold a word and are no sentence."""
        words = [_WORDS.search(v) is not None and len(v) <= 2 * _LONG_TEXT for v in self.values]
        return float(np.mean(words))

    @cached_property
    def unique(self) -> float:
        """Share of distinct values."""
        return len(set(self.values)) / len(self.values)


def _place(column: Sample) -> float:
    if column.dates > 0.5 or column.long_texts > 0.5:
        return 0.0
    return column.worded


def _house(column: Sample) -> float:
    return float(np.mean([_NUMBER_OF_HOUSE.fullmatch(v) is not None for v in column.values]))


def _note(column: Sample) -> float:
    return 0.5 + 0.5 * column.long_texts if column.dates < 0.5 else 0.0


def _reference(column: Sample) -> float:
    return 0.0 if column.dates > 0.5 or column.long_texts > 0.5 else column.unique


def _discovered(column: Sample) -> float:
    known = [v.casefold() in schema.DISCOVERED_BY_VALUES for v in column.values]
    return max(0.5, float(np.mean(known)))


def _offence(column: Sample) -> float:
    if column.dates > 0.5 or (column.worded == 0 and column.known_offences == 0):
        return 0.0
    if not any(_WORDS.search(v) or "§" in v for v in column.values):
        return 0.3  # numbers may be codes, if the column's name says so
    return max(column.known_offences, 0.3 if column.long_texts < 0.5 else 0.0)


_CHECKS: Final[dict[str, Callable[[Sample], float]]] = {
    schema.SOURCE_REF: _reference,
    OCCURRED: lambda c: c.dates,
    DATE: lambda c: c.dates,
    TIME: lambda c: 0.0 if c.dates > 0.5 else c.clocks,
    schema.OCCURRED_TO: lambda c: max(c.dates, c.clocks),
    schema.REPORTED_AT: lambda c: c.dates,
    schema.X: lambda c: c.within(_LON, _EAST_M, _LAT, _NORTH_M),
    schema.Y: lambda c: c.within(_LON, _EAST_M, _LAT, _NORTH_M),
    COORDINATES: lambda c: c.pairs,
    schema.OFFENCE: _offence,
    schema.OFFENCE_DETAIL: lambda c: 0.0 if c.dates > 0.5 else 0.5,
    schema.PLACE_TEXT: _place,
    PLACE_STREET: _place,
    PLACE_NUMBER: _house,
    PLACE_PART: _place,
    schema.NOTE: _note,
    schema.DISCOVERED_BY: _discovered,
}
