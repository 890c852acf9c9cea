"""The sheets of a workbook and the layers of a GeoPackage, told without reading their rows."""

import html
import posixpath
import re
import sqlite3
import zipfile
import zlib
from contextlib import closing
from pathlib import Path
from typing import Any, Final

from hotspots import filetypes

_MAX_PARTS: Final = 100
_BOOK_BYTES: Final = 1_000_000
_HEAD_BYTES: Final = 4_000
_SHEET: Final = re.compile(r"<(?:\w+:)?sheet\b[^>]*>")
_RELATION: Final = re.compile(r"<(?:\w+:)?Relationship\b[^>]*>")
_ATTRIBUTE: Final = re.compile(r"([\w:]+)\s*=\s*[\"']([^\"'<>]{1,400})[\"']")
# The corners of what a sheet holds, as its writer says; the second one ends with the last row.
_DIMENSION: Final = re.compile(
    r"<(?:\w+:)?dimension\b[^>]*?\bref=[\"'][A-Z0-9]+:[A-Z]+([0-9]{1,7})"
)
# A broken file raises any of these; why it is broken is said when its rows are read.
_BROKEN: Final = (
    OSError,
    EOFError,
    ValueError,
    KeyError,
    RuntimeError,
    NotImplementedError,
    zipfile.BadZipFile,
    zlib.error,
    sqlite3.Error,
)


def list_parts(path: Path, file_format: str) -> tuple[str, ...]:
    """Return the sheets of a workbook or the layers of a GeoPackage, 100 at most.

    Parameters
    ----------
    path
        The file.
    file_format
        One of the constants of `hotspots.filetypes`.

    Returns
    -------
    parts
        Their names in the file's order; none where the format has no parts or the file is broken.
    """
    try:
        if file_format == filetypes.XLSX:
            with zipfile.ZipFile(path) as archive:
                return tuple(name for name, _member in _sheets(archive))
        if file_format == filetypes.GPKG:
            return _layers(path)
    except _BROKEN:
        return ()
    return ()


def count_rows(path: Path, file_format: str, part: str = "") -> int:
    """Return about how many rows a workbook or GeoPackage holds, as the file itself says.

    Parameters
    ----------
    path, file_format
        As in `list_parts`.
    part
        The sheet or layer; empty takes the largest.

    Returns
    -------
    n
        Rows; 0 where the file does not say it or has another format.
    """
    try:
        if file_format == filetypes.XLSX:
            with zipfile.ZipFile(path) as archive:
                counts = [
                    _last_row(archive, member)
                    for name, member in _sheets(archive)
                    if part in {"", name}
                ]
            return max(counts, default=0)
        if file_format == filetypes.GPKG:
            return max(_count(path, layer) for layer in _layers(path) if part in {"", layer})
    except _BROKEN:
        return 0
    return 0


def _sheets(archive: zipfile.ZipFile) -> list[tuple[str, str]]:
    """Return name and member of each sheet."""
    book = _head(archive, "xl/workbook.xml", _BOOK_BYTES)
    relations = {}
    if "xl/_rels/workbook.xml.rels" in archive.namelist():
        for tag in _RELATION.findall(_head(archive, "xl/_rels/workbook.xml.rels", _BOOK_BYTES)):
            said = dict(_ATTRIBUTE.findall(tag))
            relations[said.get("Id", "")] = posixpath.join("/xl", said.get("Target", ""))[1:]
    found = []
    for tag in _SHEET.findall(book)[:_MAX_PARTS]:
        said = dict(_ATTRIBUTE.findall(tag))
        if "name" in said:
            key = next((value for name, value in said.items() if name.endswith(":id")), "")
            found.append((html.unescape(said["name"]), relations.get(key, "")))
    return found


def _last_row(archive: zipfile.ZipFile, member: str) -> int:
    if member not in archive.namelist():
        return 0
    found = _DIMENSION.search(_head(archive, member, _HEAD_BYTES))
    return 0 if found is None else int(found[1])


def _head(archive: zipfile.ZipFile, member: str, n_bytes: int) -> str:
    with archive.open(member) as file:
        return file.read(n_bytes).decode("utf-8", "replace")


def _layers(path: Path) -> tuple[str, ...]:
    rows = _ask(
        path,
        "SELECT table_name FROM gpkg_contents WHERE data_type = 'features' LIMIT ?",
        (_MAX_PARTS,),
    )
    return tuple(str(row[0]) for row in rows)


def _count(path: Path, layer: str) -> int:
    quoted = layer.replace('"', '""')
    # The name is one of the file's own tables, and quoted.
    ((n,),) = _ask(path, f'SELECT count(*) FROM "{quoted}"', ())  # noqa: S608
    return int(n)


def _ask(path: Path, question: str, values: tuple[Any, ...]) -> list[Any]:
    with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as opened:
        return opened.execute(question, values).fetchall()
