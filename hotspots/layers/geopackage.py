"""A GeoPackage as the SQLite database it is: its content, and what lies unsaved beside it."""

import hashlib
import sqlite3
from contextlib import closing
from functools import lru_cache
from pathlib import Path
from typing import Final

from hotspots.errors import SourceError, StoreError
from hotspots.i18n import _

_WAIT_S: Final = 2.0
_WAL_VERSION: Final = b"\x02\x02"  # bytes 18 and 19 of the header, SQLite file format 1.3.4


def settle(path: Path) -> None:
    """Bring what another program has written beside a GeoPackage into it.

    QGIS writes into a file beside the GeoPackage (`-wal`) while it has it open; whoever copied or
    replaced the GeoPackage alone would lose that, or damage what replaces it.

    Raises
    ------
    StoreError
        Another program has the file open for writing.
    SourceError
        It is no database, or damaged.
    """
    beside = [path.with_name(path.name + ending) for ending in ("-wal", "-journal")]
    with path.open("rb") as file:
        in_wal_mode = file.read(20)[18:20] == _WAL_VERSION
    if not in_wal_mode and not any(left.exists() for left in beside):
        return
    try:
        with closing(sqlite3.connect(path, timeout=_WAIT_S)) as database:
            mode = database.execute("PRAGMA journal_mode=DELETE").fetchone()[0]
            database.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except sqlite3.OperationalError:
        mode = ""
    except sqlite3.DatabaseError as error:
        raise _damaged(path, error) from error
    if mode != "delete":
        raise StoreError(
            _("{path} is open in another program, such as QGIS; save and close it there").format(
                path=path
            )
        )


def content_digest(path: Path) -> str:
    """Return a digest of the layers in a GeoPackage: their columns and rows, not its metadata.

    Raises
    ------
    SourceError
        It is no database, or damaged.
    """
    state = path.stat()
    return _digest(path, state.st_mtime_ns, state.st_size)


@lru_cache(maxsize=64)
def _digest(path: Path, _changed_ns: int, _size: int) -> str:
    digest = hashlib.sha256()
    try:
        with closing(sqlite3.connect(path, timeout=_WAIT_S)) as database:
            names = database.execute("SELECT table_name FROM gpkg_contents ORDER BY 1").fetchall()
            for (name,) in names:
                quoted = str(name).replace('"', '""')
                rows = database.execute(f'SELECT * FROM "{quoted}" ORDER BY 1')  # noqa: S608
                digest.update(repr([name, *(c[0] for c in rows.description)]).encode())
                for row in rows:
                    digest.update(repr(row).encode())
    except sqlite3.DatabaseError as error:
        raise _damaged(path, error) from error
    return digest.hexdigest()


def _damaged(path: Path, error: Exception) -> SourceError:
    return SourceError(
        _("{path} cannot be read as GeoPackage ({reason}); import the layers anew").format(
            path=path, reason=error
        )
    )
