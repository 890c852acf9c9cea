"""What a reader of any source hands on: chunks of incidents, with what it had to reject."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

import numpy as np
import numpy.typing as npt
import pandas as pd

from hotspots import schema
from hotspots.errors import ParameterError
from hotspots.i18n import _
from hotspots.periods import Span

ROW: Final = "row"  # int64, 1-based number of the row in the file, the header being row 1
REASON: Final = "reason"  # str, in the language in force
RAW: Final = "raw"  # str, the row's text, cut to RAW_LIMIT characters
REJECTED_COLUMNS: Final = (ROW, REASON, RAW)
RAW_LIMIT: Final = 500
CHUNK_ROWS: Final = 100_000
# Incident columns a reader fills: all but the batch, which the store numbers.
CHUNK_COLUMNS: Final = tuple(c for c in schema.INCIDENT_COLUMNS if c != schema.BATCH_ID)


@dataclass(frozen=True)
class SourceInfo:
    """The source a file belongs to.

    Attributes
    ----------
    source_id
        Short name: 1 to 40 of a-z, 0-9, `_` and `-`, not beginning with `-`.
    kind
        Publisher, one of `schema.SOURCE_KINDS`.
    label, citation
        Name for a reader; how to cite it on a map.

    Raises
    ------
    ParameterError
        The id or the kind breaks its rule.
    """

    source_id: str
    kind: str
    label: str
    citation: str

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[a-z0-9_][a-z0-9_-]{0,39}", self.source_id):
            raise ParameterError(
                _(
                    "source '{name}' is no source name; use 1 to 40 lower-case letters without "
                    "accents, digits, - and _, not beginning with -, for example accidents"
                ).format(name=self.source_id)
            )
        if self.kind not in schema.SOURCE_KINDS:
            raise ParameterError(
                _("kind '{kind}' is unknown; choose from: {known}").format(
                    kind=self.kind, known=", ".join(schema.SOURCE_KINDS)
                )
            )


@dataclass(frozen=True)
class Chunk:
    """Some rows of a file, turned into incidents or rejected.

    Attributes
    ----------
    incidents
        n incidents with `CHUNK_COLUMNS`, dtypes as `hotspots.schema` says, positions in EPSG:5514
        [m], index 0…n-1.
    rows
        Shape (n,): number of the (first) row of each incident in the file as a person sees it.
    rejected
        Rows that are no incident: `REJECTED_COLUMNS`.
    n_rows
        Rows read: len(incidents) + len(rejected) + n_merged.
    n_merged
        Further rows of an incident already counted (police: one row per id and type).
    """

    incidents: pd.DataFrame
    rows: npt.NDArray[np.int64]
    rejected: pd.DataFrame
    n_rows: int
    n_merged: int


class IncidentReader(Protocol):
    """A file opened as incidents of one source.

    Attributes
    ----------
    source
        The source the incidents belong to.
    path, format
        The file, and what it was read as: `csv`, `xlsx`, `gpkg`, `geojson` or `zip`.
    warnings
        Sentences for a reader about what was assumed; complete once `chunks` has run through.
    """

    source: SourceInfo
    path: Path
    format: str
    warnings: list[str]

    @property
    def stated_record(self) -> tuple[Span, ...]:
        """Periods of record that the file's name or mapping states; empty where none."""
        ...

    @property
    def municipality(self) -> str | None:
        """Code (ZÚJ) of the one municipality that the file's name states; None where none."""
        ...

    def chunks(self) -> Iterator[Chunk]:
        """Read the file from its start, chunk by chunk, in the order of its rows."""
        ...


def make_rejected(rows: list[int], reasons: list[str], raws: list[str]) -> pd.DataFrame:
    """Return a frame of rejected rows; the three lists have one length."""
    return pd.DataFrame(
        {
            ROW: np.asarray(rows, dtype=np.int64),
            REASON: pd.Series(reasons, dtype="str"),
            RAW: pd.Series([raw[:RAW_LIMIT] for raw in raws], dtype="str"),
        }
    )
