"""What was met while reading a file and is told at the end, in sentences."""

from collections import Counter
from typing import Final

from hotspots.i18n import _, ngettext

_LISTED: Final = 20  # values listed in a warning


class Notes:
    """Values met while reading, counted.

    Attributes
    ----------
    offences, discovered, times
        Value that was not understood → rows with it.
    offence_parts
        Part of a value of several offences that was not understood → rows with it.
    n_zero
        Rows with the coordinates 0, 0.
    n_skipped_hour
        Rows with a time that the clocks passed over when they went forward.
    n_date_cells
        Rows whose date cell of a workbook is shown with the time 0:00 and has none.
    contradicted
        Rows whose column of dates gives another time than the column of times.
    other_order
        Rows whose cell has its coordinates in another order or system than most.
    unfit
        Row → coordinates that were left out since the row has a place in words.
    """

    def __init__(self) -> None:
        self.offences: Counter[str] = Counter()
        self.offence_parts: Counter[str] = Counter()
        self.discovered: Counter[str] = Counter()
        self.times: Counter[str] = Counter()
        self.n_zero = 0
        self.n_skipped_hour = 0
        self.n_date_cells = 0
        self.contradicted: list[int] = []
        self.other_order: list[int] = []
        self.unfit: dict[int, str] = {}

    def sentences(self) -> list[str]:
        """Return one sentence for each kind of note."""
        found = []
        if self.offences:
            found.append(
                _(
                    "offences that no table gives a group, counted among other offences: {values}"
                ).format(values=_list_counts(self.offences))
            )
        if self.offence_parts:
            found.append(
                _(
                    "parts of offences that no table gives a group; the known parts of "
                    "the value were kept: {values}"
                ).format(values=_list_counts(self.offence_parts))
            )
        if self.discovered:
            found.append(
                _("ways of discovery that are not known, taken as unknown: {values}").format(
                    values=_list_counts(self.discovered)
                )
            )
        if self.times:
            found.append(
                _("times that were not understood, only the day was kept: {values}").format(
                    values=_list_counts(self.times)
                )
            )
        if self.n_zero:
            found.append(
                ngettext(
                    "{n} row has the coordinates 0, 0, taken as not placed",
                    "{n} rows have the coordinates 0, 0, taken as not placed",
                    self.n_zero,
                ).format(n=self.n_zero)
            )
        if self.n_skipped_hour:
            found.append(
                ngettext(
                    "{n} row gives a time that no clock showed, between 2:00 and 3:00 on the day "
                    "when summer time begins; it was taken as an hour later",
                    "{n} rows give times that no clock showed, between 2:00 and 3:00 on the day "
                    "when summer time begins; they were taken as an hour later",
                    self.n_skipped_hour,
                ).format(n=self.n_skipped_hour)
            )
        if self.n_date_cells:
            found.append(
                ngettext(
                    "{n} date cell of the workbook shows the time 0:00 and holds a date alone; "
                    "it was taken as a date without a time",
                    "{n} date cells of the workbook show the time 0:00 and hold a date alone; "
                    "they were taken as dates without a time",
                    self.n_date_cells,
                ).format(n=self.n_date_cells)
            )
        if self.contradicted:
            found.append(
                ngettext(
                    "{n} row has another time in the column of dates than in the column of times; "
                    "the column of times was taken: row {rows}",
                    "{n} rows have another time in the column of dates than in the column of "
                    "times; the column of times was taken: rows {rows}",
                    len(self.contradicted),
                ).format(
                    n=len(self.contradicted), rows=_list_some([str(r) for r in self.contradicted])
                )
            )
        if self.other_order:
            self.other_order.sort()
            found.append(
                ngettext(
                    "{n} cell has its coordinates in another order or system than the others; it "
                    "was read as its values tell: row {rows}",
                    "{n} cells have their coordinates in another order or system than the others; "
                    "they were read as their values tell: rows {rows}",
                    len(self.other_order),
                ).format(
                    n=len(self.other_order), rows=_list_some([str(r) for r in self.other_order])
                )
            )
        if self.unfit:
            shown = [_("row {row} '{value}'").format(row=r, value=v) for r, v in self.unfit.items()]
            found.append(
                ngettext(
                    "{n} row has coordinates that are not understood or lie outside Czechia; the "
                    "description of its place is taken instead. Correct them in the file and "
                    "import it again: {rows}",
                    "{n} rows have coordinates that are not understood or lie outside Czechia; "
                    "the descriptions of their places are taken instead. Correct them in the file "
                    "and import it again: {rows}",
                    len(self.unfit),
                ).format(n=len(self.unfit), rows=_list_some(shown))
            )
        return found


def _list_counts(counts: Counter[str]) -> str:
    empty = _("(empty)")
    shown = [f"{value[:60] or empty} ({n}×)" for value, n in counts.most_common()]
    return _list_some(shown)


def _list_some(shown: list[str]) -> str:
    more = len(shown) - _LISTED
    if more > 0:
        shown = [*shown[:_LISTED], ngettext("and {n} more", "and {n} more", more).format(n=more)]
    return ", ".join(shown)
