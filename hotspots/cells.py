"""Cells of tables that people open in a spreadsheet: no text there may run as a formula."""

import re
import unicodedata
from typing import Final

# The last four are full-width twins that spreadsheets in some languages take for the first four.
FORMULA_STARTS: Final = (
    "=",
    "+",
    "-",
    "@",
    "\t",
    "\r",
    "\n",
    "\uff1d",
    "\uff0b",
    "\uff0d",
    "\uff20",
)
# Control characters, ends of lines and paragraphs, marks that turn the direction of writing or
# take no room.
_CONTROL: Final = re.compile(
    r"[\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]"
)
# What XML 1.0, and so a workbook, cannot hold.
_UNWRITABLE: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_NUMBER: Final = re.compile(r"[+-]?\d+(?:[.,]\d+)?(?:[eE][+-]?\d{1,3})?")


def printable(text: str) -> str:
    """Return `text` on one line, with control characters written out, fit for a terminal."""
    return _CONTROL.sub(lambda found: ascii(found[0])[1:-1], text)


def visible(text: str) -> str:
    """Return `text` on one line, single blanks, without characters that can be seen in no name.

    Left out are control characters, marks of the direction of writing, those without width and
    those without meaning (Unicode categories C…).
    """
    seen = (c for c in text if c.isspace() or not unicodedata.category(c).startswith("C"))
    return " ".join("".join(seen).split())


def writable(text: str) -> str:
    """Return `text` without the characters that no XML file, and so no workbook, may hold."""
    return _UNWRITABLE.sub("", text)


def defuse(text: str) -> str:
    """Return `text` with an apostrophe before it if a spreadsheet would run it as a formula.

    A plain number, such as ``-12`` or ``-543455.674``, is no formula and stays as it is.
    """
    # Some programs cut blanks off before they look for a formula.
    starts = text.startswith(FORMULA_STARTS) or text.lstrip().startswith(FORMULA_STARTS)
    if starts and _NUMBER.fullmatch(text) is None:
        return "'" + text
    return text
