"""How a text file is written: its encoding and line ends, told by all of its bytes."""

import codecs
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from hotspots.errors import ParameterError, SourceError
from hotspots.i18n import _

_BLOCK: Final = 1 << 20
_MARKS: Final = (
    codecs.BOM_UTF16_LE,
    codecs.BOM_UTF16_BE,
    codecs.BOM_UTF32_LE,
    codecs.BOM_UTF32_BE,
)
_ASCII: Final = bytes(range(128))
_CZECH: Final = "áčďéěíňóřšťúůýžÁČĎÉĚÍŇÓŘŠŤÚŮÝŽ"
# What else stands in Czech texts.
_USUAL: Final = "§°–—„“”‚‘’…€\u00a0äöüôľĺŕÄÖÜß×½²³"
# Codecs that Python counts among those of text and in which no table is written.
_NO_TEXT: Final = frozenset(
    {"idna", "punycode", "undefined", "unicode_escape", "raw_unicode_escape", "utf-7"}
)


@dataclass(frozen=True)
class TextFormat:
    """How a text file is written: the codec and whether rows end in a lone carriage return."""

    encoding: str
    old_mac: bool


def detect_text(path: Path, *, encoding: str = "") -> TextFormat:
    """Find the encoding of a text file by reading it through once, in bounded memory.

    A byte order mark decides; otherwise UTF-8 if every byte fits it, else Windows-1250, unless
    the bytes beyond ASCII are letters of Czech in ISO 8859-2 or code page 852 only.

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
        found = _text_codec(encoding)
        if found in {"utf-16", "utf-32"} and not head.startswith(_MARKS):
            raise SourceError(
                _(
                    "{name} has no byte order mark, so {encoding} does not say how its bytes are "
                    "ordered; state {encoding}-le or {encoding}-be"
                ).format(name=path.name, encoding=found)
            )
    elif head.startswith(codecs.BOM_UTF8):
        found = "utf-8-sig"
    elif head.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
        found = "utf-32"
    elif head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        found = "utf-16"
    else:
        found = "utf-8"
    fit = _check_fit(path, found)
    if found == "utf-8" and fit.wrong_at is not None and not (fit.cut and fit.accents):
        found = _guess_czech(path)
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


def _guess_czech(path: Path) -> str:
    """Return the encoding of one byte a letter in which the most bytes are letters of Czech.

    Windows-1250 wins wherever another is no better.
    """
    counts: Counter[int] = Counter()
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            counts.update(block.translate(None, _ASCII))
    scores = []
    for encoding in ("cp1250", "iso-8859-2", "cp852"):
        letters = {byte: bytes([byte]).decode(encoding, errors="replace") for byte in counts}
        n_czech = sum(n for byte, n in counts.items() if letters[byte] in _CZECH)
        n_other = sum(n for byte, n in counts.items() if letters[byte] not in _CZECH + _USUAL)
        scores.append((n_czech - 10 * n_other, encoding))
    best = max(score for score, _encoding in scores)
    return next(encoding for score, encoding in scores if score == best or best <= 0)


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


def _text_codec(name: str) -> str:
    """Return Python's name of the encoding that a user stated."""
    try:
        codec = codecs.lookup(name)
        usable = codec._is_text_encoding and codec.incrementaldecoder is not None
    except (LookupError, ValueError):
        usable = False
    if not usable or codec.name.replace("-", "_") in {one.replace("-", "_") for one in _NO_TEXT}:
        raise ParameterError(
            _("encoding '{name}' is unknown; write utf-8, cp1250 or iso-8859-2").format(name=name)
        )
    return "utf-8-sig" if codec.name == "utf-8" else codec.name


def _guess_wide(block: bytes) -> str:
    """Return the encoding of a text of two or four bytes a letter, from where its zeros are."""
    block = block[:4096]
    block = block[: len(block) // 4 * 4]
    if not block:
        return ""
    zeros = tuple(block[at::4].count(0) * 4 / len(block) > 0.7 for at in range(4))
    codecs_by_zeros: dict[tuple[bool, ...], str] = {
        (False, True, True, True): "utf-32-le",
        (True, True, True, False): "utf-32-be",
        (False, True, False, True): "utf-16-le",
        (True, False, True, False): "utf-16-be",
    }
    return codecs_by_zeros.get(zeros, "")


def _refuse_binary(path: Path) -> None:
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            if b"\x00" in block:
                wide = _guess_wide(block)
                if wide:
                    raise SourceError(
                        _(
                            "{name} seems to be {encoding} without a byte order mark; state it "
                            "in the mapping ([file] encoding), or save the file as UTF-8"
                        ).format(name=path.name, encoding=wide)
                    )
                raise SourceError(
                    _(
                        "{name} is a binary file, not a table of text; "
                        "export the data as CSV, XLSX, GeoPackage or GeoJSON"
                    ).format(name=path.name)
                )
