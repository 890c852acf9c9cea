"""Cells of a workbook as texts, and why some of them hold nothing that can be used."""

from datetime import date, datetime, time, timedelta
from typing import Any, Final, NamedTuple

from openpyxl.cell.read_only import ReadOnlyCell
from openpyxl.worksheet._reader import FORMULA_TAG, VALUE_TAG, WorkSheetParser

from hotspots.i18n import _, format_number, ngettext

# Characters that a cell of Excel can hold.
CELL_LIMIT: Final = 32_767
_SHOWN: Final = 100  # characters kept of a longer one
_SHARE_DIGITS: Final = 5  # decimals by which a share of a day is known from "0.30", half past


class Cell(NamedTuple):
    """A cell's value as text, and why it cannot be used; the empty text where it can."""

    text: str
    fault: str = ""


NOTHING: Final = Cell("")


class CellParser(WorkSheetParser):  # type: ignore[misc]  # openpyxl has no types
    """openpyxl's parser that also tells formulas of which the file keeps no value."""

    def parse_cell(self, element: Any) -> dict[str, Any]:
        """Return a cell; its data type is ``f`` for a formula without a value."""
        cell: dict[str, Any] = super().parse_cell(element)
        if (
            cell["value"] is None
            and element.find(FORMULA_TAG) is not None
            and not (element.get("t") == "str" and element.find(VALUE_TAG) is not None)
        ):
            cell["data_type"] = "f"
        return cell


class Hidden:
    """Hidden rows and columns met while reading: they are read, and said."""

    def __init__(self) -> None:
        self._n_rows = 0
        self._n_columns = 0

    def note(self, parser: CellParser, row: int) -> None:
        """Count the row that was parsed last if it is hidden, and the columns that are."""
        if _is_hidden(parser.row_dimensions.get(str(row), {})):
            self._n_rows += 1
        self._n_columns = sum(map(_is_hidden, parser.column_dimensions.values()))

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


def _is_hidden(attributes: dict[str, str]) -> bool:
    return attributes.get("hidden", "0").lower() in {"1", "true"}


def read_cell(sheet: Any, cell: dict[str, Any]) -> Cell:
    """Return a cell that the parser gave as text, or as a fault with its reason."""
    if cell["data_type"] == "f":
        return Cell(
            "",
            _(
                "a cell holds a formula of which the file keeps no value; open the workbook in "
                "Excel or LibreOffice and save it again"
            ),
        )
    if cell["data_type"] == "e":
        value = str(cell["value"])[:_SHOWN]
        text = _("a cell holds the error {error}; correct its formula and save the workbook again")
        return Cell(value, text.format(error=value))
    value = cell["value"]
    # Most cells are texts; openpyxl's own object is needed for the format of a date only.
    text = value.strip() if isinstance(value, str) else cell_text(ReadOnlyCell(sheet, **cell))
    if len(text) > CELL_LIMIT:
        reason = _("a cell holds {n} characters, more than the {limit} of a real workbook").format(
            n=format_number(len(text)), limit=format_number(CELL_LIMIT)
        )
        return Cell(text[:_SHOWN], reason)
    return Cell(text)


def cell_text(cell: Any) -> str:
    """Return a cell's value as text: dates in ISO form, a date without time without it."""
    value = cell.value
    if value is None:
        return ""
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        # Excel keeps a date as midnight; only the cell's format tells that no time is meant.
        dateless = (value.hour, value.minute, value.second) == (0, 0, 0)
        if dateless and "h" not in str(cell.number_format).lower():
            return value.date().isoformat()
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
