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
    """

    def __init__(self) -> None:
        self.offences: Counter[str] = Counter()
        self.offence_parts: Counter[str] = Counter()
        self.discovered: Counter[str] = Counter()
        self.times: Counter[str] = Counter()
        self.n_zero = 0
        self.n_skipped_hour = 0

    def sentences(self) -> list[str]:
        """Return one sentence for each kind of note."""
        found = []
        if self.offences:
            found.append(
                _(
                    "offences without a group in [offences], taken as other_offence: {values}"
                ).format(values=_list_counts(self.offences))
            )
        if self.offence_parts:
            found.append(
                _(
                    "parts of offence values without a group in [offences]; the known parts of "
                    "the value were kept: {values}"
                ).format(values=_list_counts(self.offence_parts))
            )
        if self.discovered:
            found.append(
                _("values of discovered_by that are not known, taken as unknown: {values}").format(
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
        return found


def _list_counts(counts: Counter[str]) -> str:
    empty = _("(empty)")
    shown = [f"{value[:60] or empty} ({n}×)" for value, n in counts.most_common(_LISTED)]
    if len(counts) > _LISTED:
        shown.append(_("and {n} more").format(n=len(counts) - _LISTED))
    return ", ".join(shown)
