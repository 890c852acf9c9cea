"""A place in words, put together where a file keeps its parts in columns of their own."""

import re
from typing import Any, Final

import pyarrow as pa

from hotspots.clean.clock_words import is_unknown
from hotspots.place_text import fold

_DECIMALS: Final = re.compile(r"^(\d+)[.,]0+$")


def join_places(texts: Any, streets: Any, numbers: Any, parts: Any) -> Any:
    """Return one text of a place for each row, as a reader would write it.

    ``Lipovská``, ``12``, ``Bukovice`` become "Lipovská 12, Bukovice"; where there is no street,
    the number belongs to the part of the town, as in villages ("Bukovice 12").

    Parameters
    ----------
    texts, streets, numbers, parts
        Arrow string arrays of n texts, stripped: free text, street, house number, part of the
        town; empty where there is none.
    """
    columns = (column.to_pylist() for column in (texts, streets, numbers, parts))
    return pa.array([join_place(*row) for row in zip(*columns, strict=True)], pa.string())


def join_place(text: str, street: str, number: str, part: str) -> str:
    """Return one text of a place; a part that says nothing ("-", "neuvedeno") is left out."""
    text, street, number, part = (
        "" if is_unknown(word) else word for word in (text, street, number, part)
    )
    number = _DECIMALS.sub(r"\1", number)
    if number in {"0", "00"}:
        number = ""
    if number and not street:
        if part and not text:
            return f"{part} {number}"
        text, number = f"{text} {number}" if text else f"č. p. {number}", ""
    head = f"{street} {number}".strip()
    pieces = [head]
    for word in (text, part):
        # What one of the others says already is not said twice.
        if word and fold(word) not in fold(", ".join(pieces)):
            pieces.append(word)
    return ", ".join(piece for piece in pieces if piece)
