"""Raw rows of any kind of file: texts by column, positions of a geometry, rows not readable."""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final, Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from pyproj import CRS

from hotspots.clean import FROM_1900
from hotspots.errors import SchemaError, SourceError
from hotspots.i18n import _, format_number
from hotspots.ingest.batch import RAW_LIMIT
from hotspots.place_text import fold

# What stands in the first cell of a row that is no row: totals at the end of a table.
_TOTAL: Final = re.compile(r"\s*(?:celkem|celkovy (?:pocet|soucet)|soucet|suma|total|mezisoucet)\b")
_TOTAL_LENGTH: Final = 60

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class RawBlock:
    """Some rows of a file, as texts.

    Attributes
    ----------
    columns
        Names, as the file gives them.
    data
        One Arrow string array of n texts for each column; a missing value is an empty text.
    rows
        Shape (n,): 1-based row numbers, see `hotspots.ingest.batch.Chunk`.
    bad
        Rows that could not be split into columns: (row, reason, raw).
    x, y
        Shape (n,): geometry's position in the table's CRS; NaN where there is none. None where the
        file has no geometry.
    bad_geometry
        Position of a row in the block → why its geometry cannot be used.
    faults
        Position of a row in the block → column → why its cell holds no value that can be used.
    day_zero
        Day from which plain numbers count days: the workbook's own, 1900's in any other file.
    """

    columns: tuple[str, ...]
    data: tuple[Any, ...]
    rows: npt.NDArray[np.int64]
    bad: list[tuple[int, str, str]] = field(default_factory=list)
    x: FloatArray | None = None
    y: FloatArray | None = None
    bad_geometry: dict[int, str] = field(default_factory=dict)
    faults: dict[int, dict[str, str]] = field(default_factory=dict)
    day_zero: datetime = FROM_1900

    def column(self, name: str) -> Any:
        """Return the texts of one column, in row order, without blanks around them."""
        return pc.utf8_trim_whitespace(self.data[self.columns.index(name)])

    def raw(self, position: int) -> str:
        """Return the text of the row at `position`, cut for a list of rejected rows."""
        return ";".join(texts[position].as_py() for texts in self.data)[:RAW_LIMIT]

    def is_total(self, position: int) -> bool:
        """Return whether the row at `position` sums up the others ("Celkem")."""
        return any(is_total(texts[position].as_py()) for texts in self.data)


def is_total(text: str) -> bool:
    """Return whether a cell begins a row of totals."""
    return len(text) < _TOTAL_LENGTH and _TOTAL.match(fold(text)) is not None


def make_columns(records: list[list[str]], *, n_columns: int) -> tuple[Any, ...]:
    """Turn rows of `n_columns` texts into one Arrow string array for each column."""
    if not records:
        return tuple(pa.array([], pa.string()) for _column in range(n_columns))
    return tuple(pa.array(texts, pa.string()) for texts in zip(*records, strict=True))


class Table(Protocol):
    """A file with named columns, read block by block.

    Attributes
    ----------
    path
        The file.
    columns
        Names, as the file gives them.
    has_geometry
        Whether rows carry a geometry of their own.
    crs
        The geometry's system; None where the file states none.
    crs_is_default
        The file states no system and its format's default is taken (GeoJSON).
    warnings
        Sentences for a reader about what was assumed.
    """

    path: Path
    columns: tuple[str, ...]
    has_geometry: bool
    crs: CRS | None
    crs_is_default: bool
    warnings: list[str]

    def blocks(self, n_rows: int) -> Iterator[RawBlock]:
        """Read the rows from the start, at most `n_rows` at a time."""
        ...


# No real table is near this; it bounds the memory and time a broken file can take.
HEADER_LIMIT: Final = 2_000  # columns


def check_width(n_columns: int, *, path: Path) -> None:
    """Raise `SourceError` where a file has more columns than a real table has."""
    if n_columns > HEADER_LIMIT:
        raise SourceError(
            _(
                "{name} has {n} columns, more than {limit}; export the columns that are needed"
            ).format(name=path.name, n=format_number(n_columns), limit=format_number(HEADER_LIMIT))
        )


def check_header(columns: list[str], *, path: Path) -> tuple[str, ...]:
    """Return the header's names, stripped.

    Raises
    ------
    SourceError
        More columns than `HEADER_LIMIT`.
    SchemaError
        No name at all, or one name twice.
    """
    # A name written over two lines of its cell is one name.
    names = [
        re.sub(r"\s*[\r\n]\s*", " ", name.strip().lstrip("\ufeff").strip()) for name in columns
    ]
    while names and not names[-1]:
        names.pop()
    check_width(len(names), path=path)
    if not any(names):
        raise SchemaError(
            _("{path}: row 1 holds no column names; put the names of the columns there").format(
                path=path.name
            )
        )
    twice = sorted({name for name, n in Counter(names).items() if name and n > 1})
    if twice:
        raise SchemaError(
            _("{path}: the header names {names} more than once; rename one of the columns").format(
                path=path.name, names=", ".join(f"'{name}'" for name in twice)
            )
        )
    return tuple(names)
