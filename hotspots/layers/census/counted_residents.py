"""Numbers of residents and years as tables write them, read from text."""

import re
from typing import Final

from hotspots.errors import SchemaError
from hotspots.i18n import _

NO_NUMBER: Final = frozenset({"", ".", "x", "i. d.", "i.d."})  # not known, or confidential
_SPACES: Final = re.compile(r"[\s\u00a0\u2007\u2009\u202f]+")
_NUMBER: Final = re.compile(r"[+-]?\d{1,12}([.,]\d{1,9})?")
_YEAR: Final = re.compile(r"(?:\d{1,2}\.\s*\d{1,2}\.\s*)?(\d{4})(?:-\d{2}-\d{2}(?:[T ].*)?)?")
_FIRST_YEAR: Final = 1850  # before the first Czech census


def read_count(text: str, *, what: str) -> float:
    """Return a number of residents as Czech tables write it: "1 234", "1234,0"; NaN for none.

    Parameters
    ----------
    text
        As the table has it.
    what
        How messages name the row.

    Raises
    ------
    SchemaError
        It is no whole number of at least zero.
    """
    plain = _SPACES.sub("", text)
    if text.strip().lower() in NO_NUMBER:
        return float("nan")
    if not _NUMBER.fullmatch(plain):
        raise SchemaError(
            _("{what}: '{value}' is no number of residents").format(what=what, value=text[:40])
        )
    number = float(plain.replace(",", "."))
    if number < 0:
        raise SchemaError(
            _("{what}: {value} residents: a number cannot be below zero").format(
                what=what, value=text
            )
        )
    if not number.is_integer():
        raise SchemaError(
            _(
                "{what}: {value} is no whole number of residents; write thousands with a space or "
                "without any mark"
            ).format(what=what, value=text)
        )
    return number


def read_year(text: str, *, what: str) -> float:
    """Return the year of "2021", "31. 12. 2021" or "2021-12-31"; NaN for none.

    Raises
    ------
    SchemaError
        It holds no year of a census or later count.
    """
    found = _YEAR.fullmatch(text.strip().removesuffix(".0"))
    if not text.strip():
        return float("nan")
    if not found or not _FIRST_YEAR <= int(found[1]) <= 2100:
        raise SchemaError(_("{what}: '{value}' is no year").format(what=what, value=text[:40]))
    return float(found[1])
