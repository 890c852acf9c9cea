"""What a file really is: told by its first bytes, checked against what its name claims."""

import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import pyogrio

from hotspots.errors import SourceError
from hotspots.i18n import _

CSV: Final = "csv"
XLSX: Final = "xlsx"
GPKG: Final = "gpkg"
GEOJSON: Final = "geojson"
ZIP: Final = "zip"
SHP: Final = "shp"
# Endings of files of incidents, and of map layers.
SUFFIXES: Final = {
    ".csv": CSV,
    ".tsv": CSV,
    ".tab": CSV,
    ".txt": CSV,
    ".xlsx": XLSX,
    ".xlsm": XLSX,
    ".gpkg": GPKG,
    ".geojson": GEOJSON,
    ".json": GEOJSON,
    ".zip": ZIP,
}
LAYER_SUFFIXES: Final = {".gpkg": GPKG, ".geojson": GEOJSON, ".json": GEOJSON, ".shp": SHP}
_ZIP_MAGIC: Final = b"PK\x03\x04"
_SHP_MAGIC: Final = b"\x00\x00\x27\x0a"
_SQLITE_MAGIC: Final = b"SQLite format 3\x00"
_MAGIC: Final = ((_ZIP_MAGIC, ZIP), (_SQLITE_MAGIC, GPKG), (_SHP_MAGIC, SHP))


def _foreign(head: bytes) -> str:
    """Return the name of a kind of file that is never read, or an empty text."""
    kinds = (
        (b"%PDF", _("a PDF document")),
        (b"\x89PNG", _("a PNG picture")),
        (b"\xff\xd8\xff", _("a JPEG picture")),
        (b"GIF8", _("a GIF picture")),
        (b"MZ", _("a Windows program")),
        (b"\x7fELF", _("a program")),
        (b"\xd0\xcf\x11\xe0", _("an old Office document (.xls or .doc)")),
        (b"{\\rtf", _("an RTF document")),
        (b"\x1f\x8b", _("a gzip archive")),
        (b"7z\xbc\xaf", _("a 7-Zip archive")),
        (b"Rar!", _("a RAR archive")),
    )
    return next((name for magic, name in kinds if head.startswith(magic)), "")


def require_file(path: Path) -> None:
    """Raise `SourceError` unless `path` is a regular file; opening a pipe would wait for ever."""
    try:
        mode = path.stat().st_mode
    except (FileNotFoundError, NotADirectoryError) as error:
        raise SourceError(_("{path}: there is no such file").format(path=path)) from error
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise SourceError(
            _("{path} cannot be opened: {reason}").format(path=path, reason=reason)
        ) from error
    if stat.S_ISDIR(mode):
        raise SourceError(_("{path} is a directory; name a file in it").format(path=path))
    if not stat.S_ISREG(mode):
        raise SourceError(
            _("{path} is no ordinary file but a pipe or a device; name a file").format(path=path)
        )


def detect_format(path: Path, *, known: Mapping[str, str] = SUFFIXES) -> str:
    """Return the format of a file, one of the constants of this module.

    Parameters
    ----------
    path
        File.
    known
        Ending → format, of the files that are read here.

    Raises
    ------
    SourceError
        The file is missing, a directory, empty, of a kind not read, or not what its name claims.
    """
    require_file(path)
    claimed = known.get(path.suffix.lower())
    try:
        with path.open("rb") as file:
            head = file.read(4096)
    except OSError as error:
        raise SourceError(
            _("{path} cannot be opened: {reason}").format(path=path, reason=error.strerror)
        ) from error
    if not head.strip(b"\x00 \t\r\n\xef\xbb\xbf"):
        raise SourceError(_("{name} is empty").format(name=path.name))
    foreign = _foreign(head)
    if foreign and SHP in known.values():
        raise SourceError(
            _("{name} is {kind}; save the polygons as a GeoPackage or GeoJSON").format(
                name=path.name, kind=foreign
            )
        )
    if foreign:
        raise SourceError(
            _(
                "{name} is {kind}, not a table; export the data as CSV, XLSX, GeoPackage or GeoJSON"
            ).format(name=path.name, kind=foreign)
        )
    if claimed is None:
        raise SourceError(
            _("{name}: files ending in '{suffix}' are not read; known are {known}").format(
                name=path.name, suffix=path.suffix, known=", ".join(known)
            )
        )
    found = next((kind for magic, kind in _MAGIC if head.startswith(magic)), None)
    if found == ZIP and claimed in {XLSX, ZIP}:
        return claimed
    markup = claimed == GEOJSON and head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<")
    if markup or (found != claimed and (found or claimed in {XLSX, ZIP, GPKG, SHP})):
        raise SourceError(_mismatch(path, found))
    return claimed


def _mismatch(path: Path, found: str | None) -> str:
    if found == ZIP:
        return _(
            "{name} is a ZIP archive or an Office document, not what its name says; if it is a "
            "workbook, rename it to end in .xlsx, otherwise save the data as CSV"
        ).format(name=path.name)
    if found == GPKG:
        return _("{name} is a database; if it is a GeoPackage, rename it to end in .gpkg").format(
            name=path.name
        )
    return _(
        "{name} is not what its name says: it does not begin as a {suffix} file does; "
        "save or download it again"
    ).format(name=path.name, suffix=path.suffix)


def gdal_path(path: Path, kind: str) -> str:
    """Return how to name a file to GDAL so that no other of its drivers takes it.

    GDAL chooses a driver by content, and some of them (VRT, WFS) read other files or the network
    as the content says. A file that `detect_format` found to be a GeoPackage or a Shapefile begins
    with bytes that those never have; for GeoJSON the driver is named.
    """
    # Nothing here is ever read over the network, whatever a file asks for.
    pyogrio.set_gdal_config_options(
        {"CPL_VSIL_CURL_ALLOWED_EXTENSIONS": "{none}", "GDAL_HTTP_MAX_RETRY": "0"}
    )
    full = str(path.absolute())
    return f"GeoJSON:{full}" if kind == GEOJSON else full
