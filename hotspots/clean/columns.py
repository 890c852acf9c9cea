"""What columns of texts have in common when they are read, and columns of numbers."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from hotspots.i18n import _

PRAGUE: Final = ZoneInfo("Europe/Prague")
UNKNOWN: Final = -1
# Day 0 of the days that a spreadsheet counts; workbooks of older Macs count from 1904.
FROM_1900: Final = datetime(1899, 12, 30)  # noqa: DTZ001 - wall clock, as all times here
FROM_1904: Final = datetime(1904, 1, 1)  # noqa: DTZ001
LAST_MINUTE_S: Final = 23 * 3600 + 59 * 60
# A longer text is no date and no time, whatever it holds.
LONGEST_WORDS: Final = 80

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]
TimeArray = npt.NDArray[np.datetime64]
# Position in the column → why the row cannot be used.
Problems = dict[int, str]
# n stripped texts: a list, or an Arrow string array (which has no types of its own).
Texts = Sequence[str] | Any

_NUMBER: Final = r"^[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?$"
_SPACES: Final = "[\\s\u00a0\u2007\u2009\u202f]"


@dataclass(frozen=True)
class Numbers:
    """A column read as numbers: `values` is NaN where `missing` or in `problems`."""

    values: FloatArray
    missing: BoolArray
    problems: Problems


def parse_numbers(texts: Texts, *, column: str) -> Numbers:
    """Read numbers with a decimal point or comma; spaces inside are thousands separators.

    Parameters
    ----------
    texts
        n texts, stripped; empty means missing.
    column
        Name used in the reasons.
    """
    n = len(texts)
    array = as_array(texts)
    missing = bools(pc.equal(array, ""))
    filled = pc.if_else(pc.equal(array, ""), pa.scalar(None, pa.string()), array)
    try:
        values = _floats(pc.cast(filled, pa.float64()))
    except pa.ArrowInvalid:
        plain = pc.replace_substring_regex(filled, _SPACES, "")
        plain = pc.replace_substring(plain, ",", ".")
        good = pc.match_substring_regex(plain, _NUMBER)
        values = _floats(pc.cast(pc.if_else(good, plain, None), pa.float64()))
    values = np.where(np.isfinite(values), values, np.nan)
    problems = {
        int(i): _("{column} '{value}' is not a number").format(
            column=column, value=array[i].as_py()[:60]
        )
        for i in np.flatnonzero(np.isnan(values) & ~missing).tolist()
    }
    return Numbers(values.reshape(n), missing, problems)


def end_of_day(hour: IntArray, minute: IntArray) -> tuple[IntArray, IntArray]:
    """Return hours and minutes with 24:00 as the day's last minute."""
    over = (hour == 24) & ((minute == 0) | (minute == UNKNOWN))
    return np.where(over, 23, hour), np.where(over, 59, minute)


def as_array(texts: Texts) -> Any:
    """Return texts as an Arrow string array."""
    return texts if isinstance(texts, pa.Array) else pa.array(texts, pa.string())


def ints(struct: Any, name: str) -> IntArray:
    """Return one group of matches as numbers, `UNKNOWN` where it is empty or missing."""
    field = pc.struct_field(struct, name)
    field = pc.if_else(pc.equal(field, ""), pa.scalar(None, pa.string()), field)
    numbers = pc.cast(field, pa.int64()).fill_null(UNKNOWN)
    return np.asarray(numbers.to_numpy(zero_copy_only=False), dtype=np.int64)


def bools(array: Any) -> BoolArray:
    """Return an Arrow array of truths; a missing one is False."""
    return np.asarray(array.fill_null(False).to_numpy(zero_copy_only=False), dtype=bool)


def _floats(array: Any) -> FloatArray:
    return np.array(array.to_numpy(zero_copy_only=False), dtype=np.float64)
