"""What linking knows of incidents: when each may have happened, where, and of which groups."""

import re
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from hotspots import schema
from hotspots.place_text import fold

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

COLUMNS_READ: Final = (
    schema.INCIDENT_ID,
    schema.SOURCE,
    schema.OCCURRED_FROM,
    schema.OCCURRED_TO,
    schema.TIME_PRECISION,
    schema.OFFENCE_GROUPS,
    schema.X,
    schema.Y,
    schema.PLACE_TEXT,
    schema.PLACE_METHOD,
    schema.PLACE_PRECISION_M,
    schema.DISPLACED,
)
HOUR: Final = 60.0  # [min]
DAY: Final = 1_440.0
# A longer span says too little of when something happened to speak for one event.
LONGEST: Final = 3 * DAY
# Of a word so many letters are compared: what follows is mostly an ending.
_STEM: Final = 5
_SHORT: Final = 3  # words below say little
_WORD: Final = re.compile(r"[^\W\d_]+")
_LONGEST_TEXT: Final = 500
# How far a place may be off [m] where its precision is not stated.
USUAL_OFF_M: Final = {
    "coordinates": 10.0,
    "manual": 20.0,
    "address": 20.0,
    "corner": 30.0,
    "landmark": 50.0,
    "street": 150.0,
}
# How long a time of a precision lasts at least [min]; the others are one minute or a span.
_LEAST: Final = {"hour": HOUR, "day": DAY, "month": np.nan, "unknown": np.nan}
# Further from the origin of EPSG:5514 lies no place [m].
_FARTHEST_M: Final = 1e7


@dataclass(frozen=True)
class Records:
    """n incidents whose day is known, in order of their ids.

    Attributes
    ----------
    position
        Of each in the frame it comes from.
    begin, length
        First minute, since 1970, and the number of minutes to the last [min], both included: one
        at least; a time of hour precision has its hour, one of day precision its day.
    x, y
        EPSG:5514 [m]; NaN where the place is unknown, displaced, or only a district's middle.
    off_m
        How far the place may be off [m]; NaN with it.
    group
        Position of its offence groups in `groups`.
    groups
        The distinct sets of offence groups.
    word
        Position of the words of its offence in `words`.
    words
        The distinct sets of the beginnings of words in which the sources tell the offences;
        empty where they tell none.
    """

    position: IntArray
    begin: FloatArray
    length: FloatArray
    x: FloatArray
    y: FloatArray
    off_m: FloatArray
    group: IntArray
    groups: tuple[frozenset[str], ...]
    word: IntArray
    words: tuple[frozenset[str], ...]

    def __len__(self) -> int:
        return len(self.position)

    def take(self, rows: IntArray) -> "Records":
        """Return some of the records, in the order of `rows`."""
        return Records(
            self.position[rows],
            self.begin[rows],
            self.length[rows],
            self.x[rows],
            self.y[rows],
            self.off_m[rows],
            self.group[rows],
            self.groups,
            self.word[rows],
            self.words,
        )

    @property
    def middle(self) -> FloatArray:
        """Middle of the time each may have lasted, minutes since 1970."""
        return self.begin + self.length / 2

    @property
    def is_placed(self) -> npt.NDArray[np.bool_]:
        """Which have a place that says something of distances."""
        return np.isfinite(self.x)


def make_records(incidents: pd.DataFrame) -> Records:
    """Return what linking knows of incidents; those without a day are left out.

    Parameters
    ----------
    incidents
        With `COLUMNS_READ`, and `offence_detail` where it is read. Not modified. Times of month
        precision, unknown ones, and spans of more than three days name no day.
    """
    begin, length = _times(incidents)
    ids = pa.array(incidents[schema.INCIDENT_ID], pa.large_string(), from_pandas=True)
    order = np.asarray(pc.sort_indices(ids), dtype=np.int64)
    kept = order[np.isfinite(begin[order])].astype(np.int64)
    x, y = (incidents[name].to_numpy(dtype=np.float64)[kept] for name in (schema.X, schema.Y))
    off_m = incidents[schema.PLACE_PRECISION_M].to_numpy(dtype=np.float64)[kept]
    usual = _lookup(incidents[schema.PLACE_METHOD], USUAL_OFF_M, np.nan)[kept]
    moved = incidents[schema.DISPLACED].to_numpy(dtype=bool)[kept]
    with np.errstate(invalid="ignore"):
        known = (np.abs(x) < _FARTHEST_M) & (np.abs(y) < _FARTHEST_M) & ~moved & ~np.isnan(usual)
    off_m = np.where(np.isnan(off_m), usual, np.maximum(off_m, 0.0))
    codes, names = pd.factorize(incidents[schema.OFFENCE_GROUPS].iloc[kept].fillna(""), sort=True)
    word, words = _words(incidents, kept)
    return Records(
        position=kept,
        begin=begin[kept],
        length=length[kept],
        x=np.where(known, x, np.nan),
        y=np.where(known, y, np.nan),
        off_m=np.where(known, off_m, np.nan),
        group=codes.astype(np.int64),
        groups=tuple(frozenset(filter(None, str(name).split(";"))) for name in names),
        word=word,
        words=words,
    )


def _words(incidents: pd.DataFrame, kept: IntArray) -> tuple[IntArray, tuple[frozenset[str], ...]]:
    """Return which of the distinct sets of words each incident's offence is told in."""
    if schema.OFFENCE_DETAIL not in incidents:
        return np.zeros(len(kept), dtype=np.int64), (frozenset(),)
    texts = incidents[schema.OFFENCE_DETAIL].iloc[kept].fillna("")
    codes, names = pd.factorize(texts, sort=True)
    number: dict[frozenset[str], int] = {}
    found = [number.setdefault(_stems(str(name)), len(number)) for name in names]
    return np.array(found, dtype=np.int64)[codes.astype(np.int64)], tuple(number)


def _stems(text: str) -> frozenset[str]:
    """Return the beginnings of the words of a text, without case and diacritics."""
    return frozenset(
        word[:_STEM] for word in _WORD.findall(fold(text[:_LONGEST_TEXT])) if len(word) >= _SHORT
    )


def _lookup(column: pd.Series, table: dict[str, float], other: float) -> FloatArray:
    """Return what `table` says of each text, asked once for every distinct one."""
    codes, names = pd.factorize(column)
    found = [table.get(str(name), other) for name in names]
    return np.array([*found, other], dtype=np.float64)[codes]


def _times(incidents: pd.DataFrame) -> tuple[FloatArray, FloatArray]:
    """Return the first moment and the length of each incident's time; NaN where unknown."""
    first = incidents[schema.OCCURRED_FROM].to_numpy(dtype="datetime64[s]")
    last = incidents[schema.OCCURRED_TO].to_numpy(dtype="datetime64[s]")
    last = np.where(np.isnat(last) | (last < first), first, last)
    begin = first.astype("datetime64[m]").astype(np.float64)
    end = last.astype("datetime64[m]").astype(np.float64)
    least = _lookup(incidents[schema.TIME_PRECISION], _LEAST, 1.0)
    begin = np.where(least == DAY, np.floor(begin / DAY) * DAY, begin)
    length = np.maximum(end - begin + 1, least)
    unknown = np.isnat(first) | np.isnan(least)
    unknown |= length > LONGEST
    return np.where(unknown, np.nan, begin), np.where(unknown, np.nan, length)
