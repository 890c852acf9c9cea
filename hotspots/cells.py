"""Cells of tables that people open in a spreadsheet: no text there may run as a formula."""

import re
from typing import Final

FORMULA_STARTS: Final = ("=", "+", "-", "@", "\t", "\r", "\n")
_NUMBER: Final = re.compile(r"[+-]?\d+(?:[.,]\d+)?(?:[eE][+-]?\d{1,3})?")


def defuse(text: str) -> str:
    """Return `text` with an apostrophe before it if a spreadsheet would run it as a formula.

    A plain number, such as ``-12`` or ``-543455.674``, is no formula and stays as it is.
    """
    if text.startswith(FORMULA_STARTS) and _NUMBER.fullmatch(text) is None:
        return "'" + text
    return text
