"""Incident frames to database rows and back, and the fingerprint of an incident's content."""

import hashlib
from collections.abc import Iterable, Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from hotspots import schema
from hotspots.store.tables import (
    FLAG_COLUMNS,
    NUMBER_COLUMNS,
    TEXT_COLUMNS,
    TIME_COLUMNS,
    TRAIT_COLUMNS,
)

HASH_BYTES: Final = 16
TRAIT_KEY: Final = "trait_key"
NAT: Final = np.iinfo(np.int64).min

# Positions are compared with a tolerance instead, see `hash_content`.
HASHED_NUMBERS: Final = tuple(n for n in NUMBER_COLUMNS if n not in {schema.X, schema.Y})


def text_array(values: "pd.Series[Any]") -> pa.Array:
    """Return texts as an Arrow array, missing ones as the empty text."""
    array = pa.array(values, type=pa.large_string(), from_pandas=True)
    if isinstance(array, pa.ChunkedArray):
        array = array.combine_chunks()
    return pc.fill_null(array, "")


def _seconds(values: "pd.Series[Any]") -> npt.NDArray[np.int64]:
    return values.to_numpy(dtype="datetime64[s]").astype(np.int64)


def _numbers(values: "pd.Series[Any]") -> npt.NDArray[np.float64]:
    # Adding zero makes −0.0 the same as 0.0, and `where` makes all NaN the same bytes.
    numbers = values.to_numpy(dtype=np.float64) + 0.0
    return np.where(np.isnan(numbers), np.nan, numbers)


def hash_content(frame: pd.DataFrame) -> list[bytes]:
    """Return the fingerprint of what each incident says, whichever file or program brought it.

    BLAKE2b of 16 bytes over all content columns but the position (nor the incident's name or its
    batch): the same place read from another coordinate system differs in its last digits. Equal
    content gives equal bytes on every machine, and two different contents meet with a chance of
    about 1e-27 in a million incidents.

    Parameters
    ----------
    frame
        n incidents with the content columns. Not modified.

    Returns
    -------
    hashes
        n times 16 bytes, in the order of the frame.
    """
    if frame.empty:
        return []
    texts = [text_array(frame[name]) for name in TEXT_COLUMNS]
    # Lengths stand before the joined texts, so that "ab","c" differs from "a","bc".
    fixed = np.empty(
        len(frame),
        dtype=[
            *((name, "<i8") for name in TIME_COLUMNS),
            *((name, "<f8") for name in HASHED_NUMBERS),
            *((name, "u1") for name in FLAG_COLUMNS),
            *((f"len_{name}", "<u4") for name in TEXT_COLUMNS),
        ],
    )
    for name in TIME_COLUMNS:
        fixed[name] = _seconds(frame[name])
    for name in HASHED_NUMBERS:
        fixed[name] = _numbers(frame[name])
    for name in FLAG_COLUMNS:
        fixed[name] = frame[name].to_numpy(dtype=bool)
    for name, text in zip(TEXT_COLUMNS, texts, strict=True):
        fixed[f"len_{name}"] = pc.binary_length(text).to_numpy(zero_copy_only=False)
    joined = pc.binary_join_element_wise(
        *(text.cast(pa.large_binary()) for text in texts), pa.scalar(b"", pa.large_binary())
    )
    width = fixed.dtype.itemsize
    heads = fixed.tobytes()
    return [
        hashlib.blake2b(heads[at : at + width] + tail, digest_size=HASH_BYTES).digest()
        for at, tail in zip(
            range(0, len(heads), width),
            joined.to_numpy(zero_copy_only=False).tolist(),
            strict=True,
        )
    ]


def _none_for(values: list[Any], missing: npt.NDArray[np.bool_]) -> list[Any]:
    for at in np.flatnonzero(missing).tolist():
        values[at] = None
    return values


def column_lists(frame: pd.DataFrame, names: Sequence[str]) -> list[list[Any]]:
    """Return each of some content columns as a list of what the database stores."""
    lists: list[list[Any]] = []
    for name in names:
        if name in TIME_COLUMNS:
            seconds = _seconds(frame[name])
            lists.append(_none_for(seconds.tolist(), seconds == NAT))
        elif name in NUMBER_COLUMNS:
            numbers = _numbers(frame[name])
            lists.append(_none_for(numbers.tolist(), np.isnan(numbers)))
        elif name in FLAG_COLUMNS:
            lists.append(frame[name].to_numpy(dtype=bool).astype(np.int64).tolist())
        else:
            lists.append(text_array(frame[name]).to_numpy(zero_copy_only=False).tolist())
    return lists


def distinct_traits(
    frame: pd.DataFrame,
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return the rows that first show each combination of traits, and each row's combination.

    Parameters
    ----------
    frame
        n incidents with the trait columns. Not modified.

    Returns
    -------
    firsts, which
        Row positions, shape (k,), and numbers of combinations 0…k-1, shape (n,).
    """
    codes = np.zeros(len(frame), dtype=np.int64)
    n_codes = 1
    for name in TRAIT_COLUMNS:
        if name in TEXT_COLUMNS:
            encoded = text_array(frame[name]).dictionary_encode()
            part = encoded.indices.to_numpy().astype(np.int64)
            n_values = len(encoded.dictionary)
        else:
            values = _numbers(frame[name])
            unique, part = np.unique(values, return_inverse=True)
            n_values = len(unique)
        if n_codes * n_values >= np.iinfo(np.int64).max:
            unique_codes, codes = np.unique(codes, return_inverse=True)
            n_codes = len(unique_codes)
        codes = codes * n_values + part
        n_codes *= n_values
    _codes, firsts, which = np.unique(codes, return_index=True, return_inverse=True)
    return firsts.astype(np.int64), which.astype(np.int64)


def _arrow_type(name: str) -> pa.DataType:
    if name in NUMBER_COLUMNS:
        return pa.float64()
    if name in TIME_COLUMNS or name in {schema.BATCH_ID, TRAIT_KEY}:
        return pa.int64()
    return pa.int8() if name in FLAG_COLUMNS else pa.large_string()


class ColumnCollector:
    """Rows of one source, gathered as compact columns while they arrive."""

    def __init__(self, names: Sequence[str]) -> None:
        self._names = tuple(names)
        self._parts: list[list[pa.Array]] = [[] for _name in names]

    def add(self, rows: Iterable[Sequence[Any]]) -> None:
        """Take over some rows; their values are in the order of the names."""
        columns = zip(*rows, strict=True)
        for name, part, values in zip(self._names, self._parts, columns, strict=True):
            part.append(pa.array(values, type=_arrow_type(name)))

    def table(self, source_id: str) -> pa.Table:
        """Return the rows sorted by incident id; `source_ref` must be among the names."""
        table = pa.table(
            {
                name: pa.chunked_array(part, type=_arrow_type(name))
                for name, part in zip(self._names, self._parts, strict=True)
            }
        )
        self._parts = [[] for _name in self._names]
        refs = table.column(schema.SOURCE_REF)
        if len(refs) > 1 and not pc.all(pc.less(refs[:-1], refs[1:])).as_py():
            table = table.take(pc.sort_indices(refs))
        return table.append_column(schema.SOURCE, pa.repeat(source_id, len(table)))


def add_traits(table: pa.Table, traits: pa.Table, names: Iterable[str]) -> pa.Table:
    """Return `table` with the traits that its trait keys stand for; `traits` is sorted by key."""
    keys = traits.column(TRAIT_KEY).to_numpy()
    at = pa.array(np.searchsorted(keys, table.column(TRAIT_KEY).to_numpy()))
    for name in names:
        table = table.append_column(name, traits.column(name).take(at))
    return table


def trait_table(rows: Sequence[Sequence[Any]]) -> pa.Table:
    """Return rows of `traits` (key first, then the trait columns) as a table."""
    names = (TRAIT_KEY, *TRAIT_COLUMNS)
    columns = list(zip(*rows, strict=True)) or [()] * len(names)
    return pa.table(
        {
            name: pa.array(values, type=_arrow_type(name))
            for name, values in zip(names, columns, strict=True)
        }
    )


def incident_frame(tables: Sequence[pa.Table], columns: Sequence[str]) -> pd.DataFrame:
    """Return stored rows as an incident frame with the dtypes that `hotspots.schema` names."""
    joined = pa.concat_tables(tables) if tables else None
    data: dict[str, Any] = {}
    for name in columns:
        if name == schema.INCIDENT_ID:
            data[name] = _text(_incident_ids(joined))
            continue
        values = None if joined is None else joined.column(name)
        if name in TIME_COLUMNS:
            seconds = _numpy(pc.fill_null(values, NAT) if values is not None else None, np.int64)
            data[name] = seconds.view("datetime64[s]")
        elif name in NUMBER_COLUMNS:
            data[name] = _numpy(values, np.float64)
        elif name in FLAG_COLUMNS:
            data[name] = _numpy(values, np.int8).astype(bool)
        elif name == schema.BATCH_ID:
            data[name] = _numpy(values, np.int64)
        else:
            data[name] = _text(values)
    return pd.DataFrame(data, columns=list(columns), copy=False)


def _incident_ids(table: pa.Table | None) -> pa.ChunkedArray | None:
    if table is None:
        return None
    source = table.column(schema.SOURCE).cast(pa.large_string())
    colon = pa.scalar(":", pa.large_string())
    return pc.binary_join_element_wise(source, table.column(schema.SOURCE_REF), colon)


def _numpy(values: pa.ChunkedArray | None, dtype: Any) -> npt.NDArray[Any]:
    if values is None:
        return np.empty(0, dtype=dtype)
    return np.asarray(values.to_numpy(), dtype=dtype)


def _text(values: pa.ChunkedArray | None) -> Any:
    if values is None:
        return pd.Series([], dtype="str")
    return values.cast(pa.large_string()).to_pandas().astype("str")
