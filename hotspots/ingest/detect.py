"""What a file really is: told by its first bytes, checked against what its name claims."""

import codecs
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from hotspots.errors import ParameterError, SourceError
from hotspots.i18n import _

CSV: Final = "csv"
XLSX: Final = "xlsx"
GPKG: Final = "gpkg"
GEOJSON: Final = "geojson"
ZIP: Final = "zip"
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
_ZIP_MAGIC: Final = b"PK\x03\x04"
_SQLITE_MAGIC: Final = b"SQLite format 3\x00"
_BLOCK: Final = 1 << 20


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


def detect_format(path: Path) -> str:
    """Return the format of a file, one of the constants of this module.

    Raises
    ------
    SourceError
        The file is missing, a directory, empty, of a kind not read, or not what its name claims.
    """
    if path.is_dir():
        raise SourceError(_("{path} is a directory; name a file in it").format(path=path))
    if not path.exists():
        raise SourceError(_("{path}: there is no such file").format(path=path))
    claimed = SUFFIXES.get(path.suffix.lower())
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
    if foreign:
        raise SourceError(
            _(
                "{name} is {kind}, not a table; export the data as CSV, XLSX, GeoPackage or GeoJSON"
            ).format(name=path.name, kind=foreign)
        )
    if claimed is None:
        raise SourceError(
            _("{name}: files ending in '{suffix}' are not read; known are {known}").format(
                name=path.name, suffix=path.suffix, known=", ".join(SUFFIXES)
            )
        )
    found = {_ZIP_MAGIC: ZIP, _SQLITE_MAGIC[:4]: GPKG}.get(head[:4])
    if found == ZIP and claimed in {XLSX, ZIP}:
        return claimed
    if found != claimed and (found or claimed in {XLSX, ZIP, GPKG}):
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


@dataclass(frozen=True)
class TextFormat:
    """How a text file is written: the codec and whether rows end in a lone carriage return."""

    encoding: str
    old_mac: bool


def detect_text(path: Path, *, encoding: str = "") -> TextFormat:
    """Find the encoding of a text file by reading it through once, in bounded memory.

    A byte order mark decides; otherwise UTF-8 if every byte fits it, else Windows-1250.

    Parameters
    ----------
    path
        File.
    encoding
        Encoding stated by the user; only checked.

    Raises
    ------
    SourceError
        The file is binary, or its bytes do not fit the encoding.
    ParameterError
        No such encoding.
    """
    head = b""
    with path.open("rb") as file:
        head = file.read(_BLOCK)
    if encoding:
        try:
            found = codecs.lookup(encoding).name
        except LookupError:
            raise ParameterError(
                _("encoding '{name}' is unknown; write utf-8, cp1250 or iso-8859-2").format(
                    name=encoding
                )
            ) from None
        found = "utf-8-sig" if found == "utf-8" else found
    elif head.startswith(codecs.BOM_UTF8):
        found = "utf-8-sig"
    elif head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        found = "utf-16"
    else:
        found = "utf-8"
    fit = _check_fit(path, found)
    if found == "utf-8" and fit.wrong_at is not None and not (fit.cut and fit.accents):
        found = "cp1250"
        fit = _check_fit(path, found)
    if not found.startswith(("utf-16", "utf-32")):
        _refuse_binary(path)
    if fit.cut:
        raise SourceError(
            _(
                "{name} is cut off: it ends inside a letter (byte {at}); "
                "export or download it again"
            ).format(name=path.name, at=fit.wrong_at)
        )
    if fit.wrong_at is not None:
        raise SourceError(
            _(
                "{name} is not written in {encoding}: byte {at} does not fit; state the encoding "
                "in the mapping ([file] encoding) or save the file as UTF-8"
            ).format(name=path.name, encoding=found, at=fit.wrong_at)
        )
    sample = head.decode(found, errors="ignore")
    return TextFormat(found, old_mac="\r" in sample[:-1] and "\n" not in sample)


@dataclass(frozen=True)
class _Fit:
    """How a file's bytes fit an encoding.

    `wrong_at` is the offset of the first byte that does not, None if all do; `cut` tells that it
    begins a letter the file's end cuts; `accents`, that letters beyond ASCII came before it.
    """

    wrong_at: int | None
    cut: bool
    accents: bool


def _check_fit(path: Path, encoding: str) -> _Fit:
    # A byte order mark is a letter of plain UTF-8 too, and its decoder counts bytes from the mark.
    decoder = codecs.getincrementaldecoder("utf-8" if encoding == "utf-8-sig" else encoding)()
    read = waiting = 0
    accents = final = False
    try:
        with path.open("rb") as file:
            while not final:
                block = file.read(_BLOCK)
                final = not block
                # Bytes of a letter begun in the last block are decoded anew with this one.
                state = decoder.getstate()[0]
                waiting = len(state)
                accents = not decoder.decode(block, final).isascii() or accents
                read += len(block)
    except UnicodeDecodeError as error:
        accents = accents or not error.object[: error.start].isascii()
        # Before the end, the decoder waits for the rest of a letter; only then is it missing.
        return _Fit(read - waiting + error.start, final, accents)
    return _Fit(None, cut=False, accents=accents)


def _refuse_binary(path: Path) -> None:
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            if b"\x00" in block:
                raise SourceError(
                    _(
                        "{name} is a binary file, not a table of text; "
                        "export the data as CSV, XLSX, GeoPackage or GeoJSON"
                    ).format(name=path.name)
                )
