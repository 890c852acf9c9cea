"""The account of an import for a page: a table that adds up, and sentences."""

from collections.abc import Mapping as AnyMapping
from dataclasses import dataclass
from typing import Any

from hotspots.i18n import _, format_number, ngettext
from hotspots.ingest.account import method_labels

# What became of the rows: what each class is called on pages, in the order of the table.
CLASSES = ("new", "unchanged", "updated", "duplicates", "outside", "not_placed", "rejected")


@dataclass(frozen=True)
class AccountView:
    """One account.

    Attributes
    ----------
    rows_read, parts
        Rows of the file, and what became of them: label and number. The parts add up.
    adds_up
        Whether they do.
    sentences
        What else a reader has to know.
    warnings
        What the program assumed.
    rejected
        The first rows that are no incident: number and reason.
    n_rejected, n_waiting
        Rows that are no incident; places that wait for a person.
    """

    rows_read: int
    parts: tuple[tuple[str, int], ...]
    sentences: tuple[str, ...]
    warnings: tuple[str, ...]
    rejected: tuple[tuple[int, str], ...]
    n_rejected: int
    n_waiting: int

    @property
    def adds_up(self) -> bool:
        """Whether the parts are the rows read."""
        return sum(number for _label, number in self.parts) == self.rows_read

    @classmethod
    def of(cls, account: AnyMapping[str, Any]) -> "AccountView":
        """Return the view of an account as `Account.to_dict` gives it; what is missing is none."""
        labels = class_labels()
        return cls(
            rows_read=_number(account, "rows_read"),
            parts=tuple((labels[name], _number(account, name)) for name in CLASSES),
            sentences=_sentences(account),
            warnings=tuple(str(text) for text in _list(account, "warnings")),
            rejected=tuple(
                (_number(row, "row"), str(row.get("reason", "")))
                for row in _list(account, "rejected_rows")
                if isinstance(row, dict)
            ),
            n_rejected=_number(account, "rejected"),
            n_waiting=_number(account, "waiting"),
        )


def class_labels() -> dict[str, str]:
    """Return what the classes of rows are called."""
    return {
        "new": _("new, in the town"),
        "unchanged": _("unchanged"),
        "updated": _("updated"),
        "duplicates": _("repeated in the file"),
        "outside": _("new, outside the town"),
        "not_placed": _("new, without a place"),
        "rejected": _("not usable"),
    }


def _sentences(account: AnyMapping[str, Any]) -> tuple[str, ...]:
    lines = []
    methods = account.get("placed_by")
    placed = methods if isinstance(methods, dict) else {}
    labels = method_labels()
    known = [(labels[name], _number(placed, name)) for name in labels if _number(placed, name)]
    n_placed = sum(number for _label, number in known)
    if n_placed:
        lines.append(
            ngettext(
                "The place of {n} incident was found by its description ({methods}).",
                "The places of {n} incidents were found by their descriptions ({methods}).",
                n_placed,
            ).format(
                n=format_number(n_placed),
                methods=", ".join(f"{label} {format_number(n)}" for label, n in known),
            )
        )
    n = _number(account, "near_duplicates")
    if n:
        lines.append(
            ngettext(
                "{n} incident looks like another one of the file.",
                "{n} incidents look like another one of the file.",
                n,
            ).format(n=format_number(n))
        )
    n = _number(account, "personal_notes")
    if n:
        lines.append(
            ngettext(
                "The note of {n} incident seems to hold personal data: remove it at its source.",
                "The notes of {n} incidents seem to hold personal data: remove them at their "
                "source.",
                n,
            ).format(n=format_number(n))
        )
    n = _number(account, "counted_out")
    if n:
        lines.append(
            ngettext(
                "{n} incident is kept but not counted: it did not happen or is no offence.",
                "{n} incidents are kept but not counted: they did not happen or are no offences.",
                n,
            ).format(n=format_number(n))
        )
    n = _number(account, "retention_deleted")
    if n:
        lines.append(
            ngettext(
                "{n} row of this import was deleted since, by the source's rule of retention.",
                "{n} rows of this import were deleted since, by the source's rule of retention.",
                n,
            ).format(n=format_number(n))
        )
    n = _number(account, "retention_coarsened")
    if n:
        lines.append(
            ngettext(
                "{n} row of this import is told by district and day only, by the source's rule of "
                "retention.",
                "{n} rows of this import are told by district and day only, by the source's rule "
                "of retention.",
                n,
            ).format(n=format_number(n))
        )
    return tuple(lines)


def _number(values: AnyMapping[str, Any], name: str) -> int:
    found = values.get(name, 0)
    return found if isinstance(found, int) else 0


def _list(values: AnyMapping[str, Any], name: str) -> list[Any]:
    found = values.get(name, [])
    return found if isinstance(found, list) else []
