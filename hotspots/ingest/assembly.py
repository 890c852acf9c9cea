"""Incident frames put together from columns, and the rows that have to leave them."""

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from hotspots import schema
from hotspots.ingest.batch import CHUNK_COLUMNS, Chunk, make_rejected
from hotspots.ingest.table import RawBlock

STRING: Final[Any] = pd.StringDtype("pyarrow", na_value=np.nan)
TIMES: Final = "datetime64[s]"


def to_series(texts: Any) -> pd.Series:
    """Return an Arrow string array as a Series of dtype `str`."""
    return pd.Series(STRING.__from_arrow__(texts))


def repeat_text(text: str, n: int) -> Any:
    """Return an Arrow array of `n` times the same text."""
    return pa.repeat(pa.scalar(text, pa.string()), n)


def make_incidents(
    n: int, *, source_id: str, source_ref: Any, columns: Mapping[str, Any]
) -> pd.DataFrame:
    """Return an incident frame with `CHUNK_COLUMNS`.

    Parameters
    ----------
    n
        Number of rows.
    source_id
        Source of all of them.
    source_ref
        Arrow string array, shape (n,).
    columns
        The other columns, by name: Arrow string arrays, numpy arrays or single values. What is
        absent becomes an empty text, NaT, NaN, or the schema's word for unknown.
    """
    prefix = pa.scalar(f"{source_id}:", pa.string())
    filled: dict[str, Any] = {
        schema.INCIDENT_ID: pc.binary_join_element_wise(prefix, source_ref, ""),
        schema.SOURCE: source_id,
        schema.SOURCE_REF: source_ref,
        schema.OCCURRED_FROM: np.full(n, np.datetime64("NaT"), dtype=TIMES),
        schema.OCCURRED_TO: np.full(n, np.datetime64("NaT"), dtype=TIMES),
        schema.TIME_PRECISION: "unknown",
        schema.REPORTED_AT: np.full(n, np.datetime64("NaT"), dtype=TIMES),
        schema.DISCOVERED_BY: "unknown",
        schema.X: np.full(n, np.nan),
        schema.Y: np.full(n, np.nan),
        schema.PLACE_PRECISION_M: np.full(n, np.nan),
        schema.DISPLACED: np.zeros(n, dtype=bool),
        schema.COUNTED: np.ones(n, dtype=bool),
        **columns,
    }
    placed = ~np.isnan(filled[schema.X])
    filled[schema.PLACE_METHOD] = pa.array(np.where(placed, "coordinates", "none"), pa.string())
    series = {}
    for name in CHUNK_COLUMNS:
        value = filled.get(name, "")
        if isinstance(value, str):
            value = repeat_text(value, n)
        if isinstance(value, pa.Array | pa.ChunkedArray):
            series[name] = to_series(value)
        else:
            series[name] = pd.Series(value)
    return pd.DataFrame(series)


def make_chunk(incidents: pd.DataFrame, block: RawBlock, problems: dict[int, str]) -> Chunk:
    """Return a chunk whose rows with problems are rejected.

    Parameters
    ----------
    incidents
        One incident for each row of `block`.
    block
        The raw rows.
    problems
        Position in the block → reason.
    """
    bad = [
        *block.bad,
        *((int(block.rows[i]), reason, block.raw(i)) for i, reason in problems.items()),
    ]
    bad.sort()
    rejected = make_rejected(*([item[part] for item in bad] for part in range(3)))  # type: ignore[arg-type]
    rows = block.rows
    if problems:
        keep = np.ones(len(rows), dtype=bool)
        keep[list(problems)] = False
        incidents = incidents[keep].reset_index(drop=True)
        rows = rows[keep]
    return Chunk(incidents, rows, rejected, n_rows=len(rows) + len(bad), n_merged=0)
