"""Where the names of a table's columns stand: below titles, in one row or in two."""

import re
from dataclasses import dataclass
from typing import Final

from hotspots.i18n import format_number, ngettext

# Rows looked at from the top; a title is never longer.
SAMPLE_ROWS: Final = 20
_LISTED: Final = 60  # characters of a title quoted in a warning
# A header names at least this share of the columns that most rows fill.
_HEADER_SHARE: Final = 0.6
_DATA: Final = re.compile(r"[\d\W_]*\d[\d\W_]*")


@dataclass(frozen=True)
class Header:
    """The names of the columns, and where they were found among the rows that are not blank.

    Attributes
    ----------
    at, height
        Index of its first row, and the number of its rows: 1 or 2.
    names
        Names; those of a header of two rows are joined ("Místo ulice").
    """

    at: int
    height: int
    names: list[str]


def find_header(rows: list[list[str]]) -> Header:
    """Return the header of a table.

    Rows that fill few columns, above one that names most of them and holds no number and no date,
    are titles. A second row with names below blank cells of the first (cells merged over columns)
    belongs to the header, if data follow; where it names every column, each by a name of its own,
    it is the header and the first only groups columns. Where nothing of that is plain, the first
    row is it.

    Parameters
    ----------
    rows
        The first rows that are not blank, at least one, as texts.
    """
    first = _find_first(rows)
    fills = (
        len(rows) > first + 2
        and _is_named(rows[first])
        and _is_named(rows[first + 1])
        and _completes(rows[first + 1], rows[first])
        and any(_is_data(text) for text in rows[first + 2])
    )
    both = fills and _completes(rows[first], rows[first + 1])
    if fills and not both and _names_columns(rows[first + 1], rows[first + 2 :]):
        return Header(first + 1, 1, rows[first + 1])
    if first and _completes(rows[first - 1], rows[first]):
        return Header(first - 1, 2, _join(rows[first - 1], rows[first]))
    if both:
        return Header(first, 2, _join(rows[first], rows[first + 1]))
    return Header(first, 1, rows[first])


def name_spanned(names: list[str], below: list[list[str]]) -> list[str]:
    """Return the names with one for every column that a name merged over columns spans.

    A column without a name that most rows fill gets the name to its left and a number
    ("Souřadnice", "Souřadnice 2"); other columns without a name stay so.

    Parameters
    ----------
    names
        Names of the columns, the empty text where there is none.
    below
        Some rows below them, as texts.
    """
    width = max([len(names), *(len(row) for row in below)])
    given = [name.strip() for name in names] + [""] * (width - len(names))
    taken = set(given)
    named, spanning, n = [], "", 1
    for at, name in enumerate(given):
        n_filled = sum(1 for row in below if at < len(row) and row[at].strip())
        if name:
            spanning, n = name, 1
        elif spanning and 2 * n_filled > len(below):
            n += 1
            while f"{spanning} {n}" in taken:
                n += 1
            name = f"{spanning} {n}"
            taken.add(name)
        else:
            spanning = ""
        named.append(name)
    return named


def title_text(titles: list[list[str]]) -> str:
    """Return a sentence about rows above the header."""
    quoted = " / ".join(" ".join(text.strip() for text in row if text.strip()) for row in titles)
    if len(quoted) > _LISTED:
        quoted = quoted[:_LISTED] + "…"
    return ngettext(
        "{n} row above the names of the columns was passed over: {text}",
        "{n} rows above the names of the columns were passed over: {text}",
        len(titles),
    ).format(n=format_number(len(titles)), text=quoted)


def _find_first(rows: list[list[str]]) -> int:
    """Return the index of the first row that is no title."""
    filled = [_n_filled(row) for row in rows]
    # The middle, since a row whose values hold the delimiter is too wide.
    widths = sorted(n for n in filled if n > 1)
    least = max(2, _HEADER_SHARE * widths[len(widths) // 2]) if widths else 0
    for at, row in enumerate(rows):
        if filled[at] >= least and _is_named(row):
            return at
    return 0


def _n_filled(row: list[str]) -> int:
    return sum(1 for text in row if text.strip())


def _is_data(text: str) -> bool:
    """Return whether a cell holds a number, a date or a time, as names of columns do not."""
    return len(text) < _LISTED and _DATA.fullmatch(text) is not None


def _is_named(row: list[str]) -> bool:
    return not any(_is_data(text) for text in row)


def _completes(row: list[str], other: list[str]) -> bool:
    """Return whether a row of two names or more has one where the other has none."""
    if _n_filled(row) < 2 or not _is_named(row):
        return False
    padded = other + [""] * (len(row) - len(other))
    return any(text.strip() and not below.strip() for text, below in zip(row, padded, strict=False))


def _names_columns(row: list[str], below: list[list[str]]) -> bool:
    """Return whether a row names the columns: all texts differ, and none is a value below it."""
    said = [(at, text.strip().casefold()) for at, text in enumerate(row) if text.strip()]
    values = {(at, text.strip().casefold()) for one in below for at, text in enumerate(one)}
    return len({name for _at, name in said}) == len(said) and values.isdisjoint(said)


def _join(upper: list[str], lower: list[str]) -> list[str]:
    """Return the names of a header of two rows; an upper one stands for the columns it spans."""
    width = max(len(upper), len(lower))
    tops = [text.strip() for text in upper] + [""] * (width - len(upper))
    bottoms = [text.strip() for text in lower] + [""] * (width - len(lower))
    names, group = [], ""
    for top, bottom in zip(tops, bottoms, strict=True):
        if top:
            group = top if bottom else ""
        names.append(f"{top or group} {bottom}".strip() if bottom else top)
    return names
