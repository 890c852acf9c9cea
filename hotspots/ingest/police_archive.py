"""The monthly ZIP of the Police ČR crime map: its table and its code list."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Final

from hotspots.archive import check_members, read_member
from hotspots.errors import SchemaError, SourceError
from hotspots.filetypes import CSV, GEOJSON, ZIP
from hotspots.i18n import _
from hotspots.ingest.batch import CHUNK_ROWS
from hotspots.ingest.features import FeatureTable
from hotspots.ingest.police import PoliceReader, is_police
from hotspots.ingest.police_types import parse_codes
from hotspots.ingest.table import Table
from hotspots.ingest.text import TextTable

_CODE_LISTS: Final = ("types", "states", "relevance", "readme")


def open_archive(
    path: Path,
    *,
    source: str | None = None,
    types_file: Path | None = None,
    chunk_rows: int = CHUNK_ROWS,
) -> PoliceReader:
    """Open the monthly ZIP of the crime map; its code list is read from the archive.

    Raises
    ------
    SourceError
        The archive is damaged, too large, or holds no table or several.
    SchemaError
        The table in it is not that of the crime map.
    """
    members = check_members(path)
    tables, lists = [], {}
    for member in members:
        inner = PurePosixPath(member.filename.replace("\\", "/"))
        if inner.stem.lower() in _CODE_LISTS:
            lists[inner.name.lower()] = member
        elif inner.suffix.lower() in {".csv", ".geojson"}:
            tables.append(member)
    # Both forms of the same data may be there; the CSV is enough.
    chosen = [m for m in tables if m.filename.lower().endswith(".csv")] or tables
    if len(chosen) != 1:
        raise SourceError(
            _(
                "{name} must hold one CSV or GeoJSON of the crime map, it holds {n}; "
                "unpack it and import the files one by one"
            ).format(name=path.name, n=len(chosen))
        )
    member = chosen[0]
    codes = None
    for name in ("types.csv", "types.json"):
        if name in lists and types_file is None and codes is None:
            codes = parse_codes(read_member(path, lists[name]), name=f"{path.name}/{name}")
    kind = CSV if member.filename.lower().endswith(".csv") else GEOJSON

    @contextmanager
    def opened() -> Iterator[Table]:
        # The member's own name stays out of the file system.
        with tempfile.TemporaryDirectory(prefix="hotspots-") as directory:
            copy = Path(directory) / f"{path.stem}.{kind}"
            copy.write_bytes(read_member(path, member))
            if not copy.stat().st_size:
                raise SourceError(_("{name} is empty").format(name=member.filename))
            table: Table = TextTable(copy) if kind == CSV else FeatureTable(copy)
            if not is_police(table):
                raise SchemaError(
                    _(
                        "{name}: '{member}' in it is not the crime map of the Police ČR "
                        "(columns: {columns}); unpack it and give a mapping"
                    ).format(
                        name=path.name,
                        member=member.filename,
                        columns=", ".join(table.columns),
                    )
                )
            yield table

    reader = PoliceReader(
        path,
        opened,
        file_format=ZIP,
        source=source,
        types_file=types_file,
        codes=codes,
        chunk_rows=chunk_rows,
    )
    with opened():
        pass  # what is not the crime map is refused here, not at the first row
    return reader
