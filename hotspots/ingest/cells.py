"""Cells of a workbook as texts, and why some of them hold nothing that can be used."""

from datetime import date, datetime, time, timedelta
from typing import Any, Final, NamedTuple

from openpyxl.cell.read_only import ReadOnlyCell
from openpyxl.utils.datetime import MAC_EPOCH, from_excel, from_ISO8601
from openpyxl.worksheet._reader import _cast_number

from hotspots.clean import FROM_1900, FROM_1904
from hotspots.i18n import _, format_number, ngettext
from hotspots.ingest.sheet_xml import CELL_LIMIT, LongText, RawCell, RawRow

_SHOWN: Final = 100  # characters kept of a longer one
_SHARE_DIGITS: Final = 5  # decimals by which a share of a day is known from "0.30", half past


class Cell(NamedTuple):
    """A cell's value as text, and why it cannot be used; the empty text where it can."""

    text: str
    fault: str = ""


NOTHING: Final = Cell("")


class CellReader:
    """Tells what the cells of one workbook mean.

    Parameters
    ----------
    book
        openpyxl's workbook with its styles and epoch.
    strings
        Its shared texts.

    Attributes
    ----------
    day_zero
        Day from which the workbook counts days.
    """

    def __init__(self, book: Any, strings: list[str]) -> None:
        self._book = book
        self._strings = strings
        self._dates: set[int] = book._date_formats
        self._spans: set[int] = book._timedelta_formats
        self._shows_time: dict[int, bool] = {}
        self.day_zero = FROM_1904 if book.epoch == MAC_EPOCH else FROM_1900

    def read(self, cell: RawCell) -> Cell:
        """Return a cell as text, or as a fault with its reason."""
        if cell.has_formula:
            return Cell("", _no_value())
        value: Any = cell.value
        if value is None:
            return NOTHING
        kind = cell.kind
        if kind == "s":
            value = self._strings[int(value)]
        elif kind == "n":
            value = _cast_number(value)
            if cell.style in self._dates:
                is_span = cell.style in self._spans
                try:
                    value = from_excel(value, self._book.epoch, timedelta=is_span)
                except (OverflowError, ValueError):
                    return _error("#VALUE!")
            return Cell(self._text(value, cell.style))
        elif kind == "e":
            return _error(value)
        elif kind == "b":
            return Cell("true" if int(value) else "false")
        elif kind == "d":
            return Cell(self._text(from_ISO8601(value), cell.style))
        if isinstance(value, LongText):
            reason = _(
                "a cell holds {n} characters, more than the {limit} of a real workbook"
            ).format(n=format_number(value.length), limit=format_number(CELL_LIMIT))
            return Cell(value[:_SHOWN], reason)
        return Cell(value.strip())

    def _text(self, value: Any, style: int) -> str:
        if isinstance(value, datetime) and (value.hour, value.minute, value.second) == (0, 0, 0):
            # Excel keeps a date as midnight; only the cell's format tells that no time is meant.
            if style not in self._shows_time:
                shown = ReadOnlyCell(_Sheet(self._book), 1, 1, value, "d", style).number_format
                self._shows_time[style] = "h" in str(shown).lower()
            if not self._shows_time[style]:
                return value.date().isoformat()
        return value_text(value)


class _Sheet(NamedTuple):
    """What openpyxl's cell asks its sheet for."""

    parent: Any


class Hidden:
    """Hidden rows and columns met while reading: they are read, and said."""

    def __init__(self) -> None:
        self._n_rows = 0
        self._n_columns = 0

    def note(self, row: RawRow, n_columns: int) -> None:
        """Count a row if it is hidden, and the columns that are."""
        self._n_rows += row.is_hidden
        self._n_columns = n_columns

    def sentence(self) -> str:
        """Return what a reader should know, the empty text where nothing was hidden."""
        said = []
        if self._n_rows:
            said.append(
                ngettext("{n} hidden row", "{n} hidden rows", self._n_rows).format(
                    n=format_number(self._n_rows)
                )
            )
        if self._n_columns:
            said.append(_("hidden columns"))
        if not said:
            return ""
        return _("the sheet has {what}; they were read as the others").format(
            what=_(" and ").join(said)
        )


def _no_value() -> str:
    return _(
        "a cell holds a formula of which the file keeps no value; open the workbook in "
        "Excel or LibreOffice and save it again"
    )


def _error(value: str) -> Cell:
    value = str(value[:_SHOWN])
    text = _("a cell holds the error {error}; correct its formula and save the workbook again")
    return Cell(value, text.format(error=value))


def value_text(value: Any) -> str:
    """Return a cell's number, date or time as text: dates in ISO form."""
    if isinstance(value, datetime):
        return value.replace(microsecond=0).isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, time):
        return value.strftime("%H:%M:%S")
    if isinstance(value, timedelta) and timedelta(0) <= value < timedelta(days=1):
        return (datetime.combine(date(2000, 1, 1), time()) + value).strftime("%H:%M:%S")
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    if isinstance(value, float) and 0 < value < 1:
        # A time of day whose cell has no format of a time: never to be read as 0:25 for 6:00.
        whole, _dot, decimals = f"{value:.15f}".rstrip("0").partition(".")
        return f"{whole}.{decimals.ljust(_SHARE_DIGITS, '0')}"
    return str(value)
