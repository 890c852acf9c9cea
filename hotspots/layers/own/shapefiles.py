"""The parts of a Shapefile, and in which encoding its table is: .cpg, code page, windows-1250."""

import codecs
import re
from pathlib import Path
from typing import Final

from hotspots.errors import SourceError
from hotspots.i18n import _

_NEEDED: Final = (".shp", ".shx", ".dbf")
_OPTIONAL: Final = (".prj", ".cpg")
_LANGUAGE_BYTE: Final = 29  # of a DBF header: "language driver id"
# Language driver id → encoding, of those met in Central Europe. 0 and 0x57 ("ANSI") say nothing.
_CODE_PAGES: Final = {0xC8: "cp1250", 0x03: "cp1252", 0x64: "cp852", 0x1F: "cp852"}
# What Czech offices' programs write where they say nothing.
_CZECH: Final = "cp1250"


def require_parts(file: Path, *, shown: Path | None = None) -> dict[str, Path]:
    """Return ending → file of a Shapefile's parts, whatever case their endings are in.

    Parameters
    ----------
    file
        The `.shp`.
    shown
        How messages name it, where that differs.

    Raises
    ------
    SourceError
        A part without which it cannot be read is missing.
    """
    known = (*_NEEDED, *_OPTIONAL)
    beside = {
        path.suffix.lower(): path
        for path in sorted(file.parent.iterdir())
        if path.stem == file.stem and path.suffix.lower() in known and path.is_file()
    }
    missing = [suffix for suffix in _NEEDED if suffix not in beside]
    if missing:
        raise SourceError(
            _(
                "{path}: a Shapefile consists of several files; {missing} is missing beside it. "
                "Copy all of them, or save the layer as a GeoPackage"
            ).format(path=shown or file, missing=", ".join(missing))
        )
    return {suffix: beside[suffix] for suffix in known if suffix in beside}


def dbf_encoding(parts: dict[str, Path], *, shown: Path) -> str:
    """Return the encoding of a Shapefile's texts.

    The `.cpg` file says it, else the table's code page; where neither does, it is UTF-8 if the
    bytes are, else windows-1250.

    Raises
    ------
    SourceError
        The `.cpg` file names an encoding that nobody knows.
    """
    if ".cpg" in parts:
        with parts[".cpg"].open("rb") as file:
            name = file.read(64).decode("latin-1").lstrip("\ufeffï»¿").strip()
        if name:
            return _named_encoding(name, shown)
    with parts[".dbf"].open("rb") as file:
        head = file.read(_LANGUAGE_BYTE + 1)
    page = head[_LANGUAGE_BYTE] if len(head) > _LANGUAGE_BYTE else 0
    if page in _CODE_PAGES:
        return _CODE_PAGES[page]
    return "utf-8" if _is_utf8(parts[".dbf"]) else _CZECH


def _named_encoding(name: str, shown: Path) -> str:
    """Return Python's name of what programs write into a .cpg, such as "1250" or "ANSI 1250"."""
    digits = re.fullmatch(r"(?:ansi|oem|cp|windows)?[ _-]*(\d{3,5})", name.lower())
    tries = [name, re.sub(r"^iso[ _-]*8859[ _-]*(\d+)$", r"iso8859-\1", name.lower())]
    if digits:
        number = digits[1]
        tries = ["utf-8"] if number == "65001" else [f"cp{number}"]
        if number.startswith("8859"):
            tries = [f"iso8859-{number[4:]}"]
    for text in tries:
        try:
            b"a".decode(text)  # refuses codecs that are none of texts, such as "hex"
            return codecs.lookup(text).name
        except (LookupError, ValueError):
            continue
    raise SourceError(
        _(
            "{path}: its .cpg file names the encoding {name!r}, which is unknown; write 1250 or "
            "UTF-8 there"
        ).format(path=shown, name=name)
    )


def _is_utf8(path: Path) -> bool:
    decoder = codecs.getincrementaldecoder("utf-8")()
    with path.open("rb") as file:
        file.seek(32)  # the header's numbers; what follows are names and texts
        try:
            while block := file.read(1 << 20):
                decoder.decode(block)
        except UnicodeDecodeError:
            return False
    return True
