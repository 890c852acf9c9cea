"""The account of an import: where every row of the file went; it must add up."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from hotspots.cells import printable
from hotspots.errors import StoreError
from hotspots.i18n import _, format_day, format_number, ngettext
from hotspots.periods import Span

STATED: Final = "stated"  # now, by option, mapping or file name
CONFIRMED: Final = "confirmed"  # earlier, by a person
INFERRED: Final = "inferred"  # from the dates in the data
NO_RECORD: Final = "none"
RECORD_STATES: Final = (STATED, CONFIRMED, INFERRED, NO_RECORD)
SAMPLE_ROWS: Final = 10


@dataclass(frozen=True)
class RejectedRow:
    """One row of a file that is no incident.

    Its text is left out: it may hold personal data, and an account is kept for good.
    """

    row: int
    reason: str


@dataclass(frozen=True)
class Account:
    """Where every row of a file went.

    The classes exclude each other, in this order: rejected, duplicates, unchanged, updated,
    outside, not placed, new.

    Attributes
    ----------
    file, source, format
        Name of the file, id of its source, what it was read as.
    rows_read
        Rows of the file; the sum of the next seven.
    new, outside, not_placed
        Newly stored: inside the study area, outside it, without a position. What counts is the
        place found by the text, where the file has no coordinates, or decided by a person.
    unchanged, updated
        Stored already, with the same content or with another.
    duplicates
        Further rows of an incident of the same file.
    rejected
        Rows that are no incident and were not stored.
    n_counted_out
        Incidents of the file that are kept but not counted: did not happen, or no offence.
    n_stored
        Incidents of the source in the store after the import.
    record, record_state
        Periods of record of the source afterwards, and where they come from: one of
        `RECORD_STATES`.
    inferred_record, proposed_record
        Those that nobody has confirmed, and those that would cover the file too where confirmed
        ones were left as they are.
    rejects_file
        CSV of the rejected rows; None where there is none.
    rejected_rows
        The first rejected rows, ten at most.
    placed_by
        New and updated incidents placed by the text of their place, by method.
    waiting
        New and updated incidents without a place, whether their text is doubtful, is not found or
        says nothing: they wait for a person, as `hotspots.analysis.waiting` lists them.
    personal_notes
        Incidents of the file whose note seems to hold personal data.
    near_duplicates
        New and updated incidents that look like another one of the file.
    mapping_name
        Name under which the column mapping is remembered; empty where there was none.
    warnings
        Sentences for a reader.
    dry_run
        Nothing was changed; the account says what would have been.
    batch_id
        Number of the import; 0 in a dry run.
    """

    file: str
    source: str
    format: str
    rows_read: int
    new: int
    unchanged: int
    updated: int
    duplicates: int
    outside: int
    not_placed: int
    rejected: int
    n_counted_out: int = 0
    n_stored: int = 0
    record: tuple[Span, ...] = ()
    record_state: str = NO_RECORD
    inferred_record: tuple[Span, ...] = ()
    proposed_record: tuple[Span, ...] = ()
    rejects_file: Path | None = None
    rejected_rows: tuple[RejectedRow, ...] = ()
    placed_by: dict[str, int] = field(default_factory=dict)
    waiting: int = 0
    personal_notes: int = 0
    near_duplicates: int = 0
    mapping_name: str = ""
    warnings: tuple[str, ...] = ()
    dry_run: bool = False
    batch_id: int = 0

    def check(self) -> None:
        """Raise `StoreError` unless the classes add up to the rows read."""
        parts = (
            self.new,
            self.unchanged,
            self.updated,
            self.duplicates,
            self.outside,
            self.not_placed,
            self.rejected,
        )
        if min(parts) < 0 or sum(parts) != self.rows_read:
            raise StoreError(
                _(
                    "the account of {file} does not add up: {rows} rows read, {parts} accounted "
                    "for; nothing was stored. Please report this fault"
                ).format(file=self.file, rows=self.rows_read, parts=sum(parts))
            )

    def to_dict(self) -> dict[str, Any]:
        """Return the account as values that JSON knows."""
        return {
            "file": self.file,
            "source": self.source,
            "format": self.format,
            "rows_read": self.rows_read,
            "new": self.new,
            "unchanged": self.unchanged,
            "updated": self.updated,
            "duplicates": self.duplicates,
            "outside": self.outside,
            "not_placed": self.not_placed,
            "rejected": self.rejected,
            "counted_out": self.n_counted_out,
            "stored": self.n_stored,
            "record": [str(span) for span in self.record],
            "record_state": self.record_state,
            "rejects_file": None if self.rejects_file is None else str(self.rejects_file),
            "rejected_rows": [{"row": row.row, "reason": row.reason} for row in self.rejected_rows],
            "placed_by": dict(self.placed_by),
            "waiting": self.waiting,
            "personal_notes": self.personal_notes,
            "near_duplicates": self.near_duplicates,
            "mapping_name": self.mapping_name,
            "warnings": list(self.warnings),
            "dry_run": self.dry_run,
            "batch_id": self.batch_id,
        }

    def numbers(self) -> dict[str, Any]:
        """Return what the audit record keeps: which import it is, and where its rows went."""
        return {
            "batch": self.batch_id,
            "source": self.source,
            "format": self.format,
            "mapping": self.mapping_name,
            "rows_read": self.rows_read,
            "new": self.new,
            "outside": self.outside,
            "not_placed": self.not_placed,
            "unchanged": self.unchanged,
            "updated": self.updated,
            "duplicates": self.duplicates,
            "rejected": self.rejected,
            "waiting": self.waiting,
        }

    def lines(self) -> list[str]:
        """Return the account as lines to print, in the language in force."""
        lines = [
            _("{file} ({format}), source {source}").format(
                file=printable(self.file), format=self.format.upper(), source=self.source
            )
        ]
        if self.dry_run:
            lines.append(_("Dry run: nothing was changed."))
        lines += self._table()
        if self.n_counted_out:
            lines.append(
                ngettext(
                    "{n} incident of the file is kept but not counted: it did not happen or is "
                    "no offence.",
                    "{n} incidents of the file are kept but not counted: they did not happen or "
                    "are no offences.",
                    self.n_counted_out,
                ).format(n=format_number(self.n_counted_out))
            )
        lines += self._place_lines()
        if self.near_duplicates:
            lines.append(
                ngettext(
                    "{n} incident looks like another one of the file: look at it under links.",
                    "{n} incidents look like another one of the file: look at them under links.",
                    self.near_duplicates,
                ).format(n=format_number(self.near_duplicates))
            )
        if self.personal_notes:
            lines.append(
                ngettext(
                    "The note of {n} incident seems to hold personal data, such as a phone "
                    "number: remove it at its source and import the file again.",
                    "The notes of {n} incidents seem to hold personal data, such as phone "
                    "numbers: remove them at their source and import the file again.",
                    self.personal_notes,
                ).format(n=format_number(self.personal_notes))
            )
        if not self.dry_run:
            lines.append(
                ngettext(
                    "The source now holds {n} incident.",
                    "The source now holds {n} incidents.",
                    self.n_stored,
                ).format(n=format_number(self.n_stored))
            )
        lines.append(self._record_line())
        lines += [
            _("  row {row}: {reason}").format(
                row=format_number(row.row), reason=printable(row.reason)
            )
            for row in self.rejected_rows
        ]
        if self.rejects_file is not None:
            lines.append(
                _("Rejected rows are listed in {path}").format(
                    path=printable(str(self.rejects_file))
                )
            )
        lines += [_("Note: {text}").format(text=printable(text)) for text in self.warnings]
        return lines

    def _place_lines(self) -> list[str]:
        lines = []
        n_placed = sum(self.placed_by.values())
        if n_placed:
            labels = method_labels()
            methods = ", ".join(
                f"{labels[method]} {format_number(self.placed_by[method])}"
                for method in labels
                if self.placed_by.get(method)
            )
            lines.append(
                ngettext(
                    "{n} incident is placed by the words of its file: {methods}.",
                    "{n} incidents are placed by the words of their file: {methods}.",
                    n_placed,
                ).format(n=format_number(n_placed), methods=methods)
            )
        if self.waiting:
            lines.append(
                ngettext(
                    "{n} incident waits for a person to say its place: hotspots waiting list",
                    "{n} incidents wait for a person to say their place: hotspots waiting list",
                    self.waiting,
                ).format(n=format_number(self.waiting))
            )
        return lines

    def _table(self) -> list[str]:
        rows = [(label, getattr(self, name)) for name, label in row_labels().items()]
        labels = max(len(label) for label, _n in rows)
        numbers = max(len(format_number(n)) for _label, n in rows)
        return [f"{label:<{labels}}  {format_number(n):>{numbers}}" for label, n in rows]

    def _record_line(self) -> str:
        if not self.record:
            return _("Periods of record are unknown: state the days that the source covers.")
        states = {
            STATED: _("stated"),
            CONFIRMED: _("confirmed"),
            INFERRED: _("inferred from the data, not confirmed"),
        }
        return _("Periods of record ({state}): {spans}").format(
            state=states[self.record_state], spans=list_spans(self.record)
        )


def row_labels() -> dict[str, str]:
    """Return what the rows of an account are called on a terminal: all, then each class."""
    return {
        "rows_read": _("rows read"),
        "new": _("  new, in the study area"),
        "unchanged": _("  unchanged"),
        "updated": _("  updated"),
        "duplicates": _("  repeated in the file"),
        "outside": _("  new, outside the study area"),
        "not_placed": _("  new, without a position"),
        "rejected": _("  rejected"),
    }


def method_labels() -> dict[str, str]:
    """Return what each method of placing is called, finest first."""
    return {
        "coordinates": _("coordinates"),
        "address": _("address"),
        "corner": _("corner"),
        "street": _("street"),
        "landmark": _("landmark"),
        "district": _("district"),
        "town_part": _("part of the town"),
        "manual": _("by hand"),
    }


def list_spans(spans: tuple[Span, ...]) -> str:
    """Write spans of days for a reader."""
    return "; ".join(f"{format_day(span.start)} – {format_day(span.end)}" for span in spans)
