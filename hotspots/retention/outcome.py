"""What a run of the rules of retention did, or would do; and what to call it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from hotspots.i18n import _, format_number, ngettext
from hotspots.store.retention import NUMBERS
from hotspots.store.retention_rules import COARSEN, DELETE


@dataclass(frozen=True)
class RetainedSource:
    """What a run did to one source, or would do.

    Attributes
    ----------
    source_id, label, months, action
        The source and its rule.
    first_day
        The first day that the rule keeps.
    by_month
        For each month (`2024-03`; the empty text stands for incidents without a date) what goes,
        in `NUMBERS`; sorted.
    """

    source_id: str
    label: str
    months: int
    action: str
    first_day: date
    by_month: tuple[tuple[str, Mapping[str, int]], ...]

    @property
    def total(self) -> dict[str, int]:
        """Return the numbers of all months."""
        return {name: sum(counts[name] for _m, counts in self.by_month) for name in NUMBERS}

    def to_dict(self) -> dict[str, Any]:
        """Return it as values that JSON knows."""
        return {
            "source": self.source_id,
            "months": self.months,
            "action": self.action,
            "first_day": self.first_day.isoformat(),
            "total": self.total,
            "by_month": {month: dict(counts) for month, counts in self.by_month},
        }


@dataclass(frozen=True)
class RetentionRun:
    """What a run of the rules did, or would do.

    Attributes
    ----------
    sources
        Every source that has a rule.
    n_copies
        Files in the workspace's directory `backups`, which still hold what goes.
    is_wiped
        Whether what went is overwritten in the database file too.
    notes
        Sentences for a reader.
    dry_run
        Nothing was changed; this says what would be.
    """

    sources: tuple[RetainedSource, ...]
    n_copies: int
    is_wiped: bool
    notes: tuple[str, ...] = ()
    dry_run: bool = False

    @property
    def total(self) -> dict[str, int]:
        """Return the numbers of all sources."""
        return {name: sum(one.total[name] for one in self.sources) for name in NUMBERS}

    @property
    def is_empty(self) -> bool:
        """Whether nothing goes."""
        return not any(self.total.values())

    def to_dict(self) -> dict[str, Any]:
        """Return it as values that JSON knows."""
        return {
            "sources": [one.to_dict() for one in self.sources],
            "total": self.total,
            "copies": self.n_copies,
            "wiped": self.is_wiped,
            "notes": list(self.notes),
            "dry_run": self.dry_run,
        }

    def numbers(self) -> dict[str, Any]:
        """Return what the audit record keeps."""
        total = self.total
        by_action = {
            action: [one.source_id for one in self.sources if one.action == action]
            for action in (DELETE, COARSEN)
        }
        return {
            "deleted_in": by_action[DELETE],
            "coarsened_in": by_action[COARSEN],
            "incidents": total["incidents"],
            "versions": total["versions"],
            "withdrawn_rows": total["withdrawn"],
            "notes_gone": total["notes"],
            "placings": total["placings"],
            "pairs": total["links"],
            "decision_rows": total["decisions"],
            "remembered_places": total["remembered"],
            "reject_lists": total["lists"],
            "wiped": self.is_wiped,
        }


def action_words(action: str) -> str:
    """Return what becomes of old incidents: "deleted"."""
    return {DELETE: _("deleted"), COARSEN: _("told by district and day only")}[action]


def number_words() -> dict[str, str]:
    """Return what each of `NUMBERS` counts, as headings of columns."""
    return {
        "incidents": _("incidents"),
        "versions": _("former versions"),
        "withdrawn": _("withdrawn rows"),
        "notes": _("notes"),
        "placings": _("places"),
        "links": _("pairs"),
        "decisions": _("rows of decisions"),
        "remembered": _("remembered places"),
        "lists": _("lists of rejected rows"),
    }


def say_copies(n: int) -> str:
    """Return that backups still hold what went."""
    return ngettext(
        "{n} file in the directory backups still holds what goes now, and so do copies kept "
        "elsewhere: remove those that are older than your rules allow.",
        "{n} files in the directory backups still hold what goes now, and so do copies kept "
        "elsewhere: remove those that are older than your rules allow.",
        n,
    ).format(n=format_number(n))
