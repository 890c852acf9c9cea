"""Saying how far long work has come, and being told to stop."""

from collections.abc import Callable

from hotspots.errors import HotspotsError

# Called with what is being done (a short text for a reader) and how much of the whole is done
# (0 to 1). It may raise `CancelledError`: the work then ends with nothing changed.
Report = Callable[[str, float], None]


class CancelledError(HotspotsError):
    """The user has stopped the work; nothing was changed."""


def silent(_text: str, _share: float) -> None:
    """Report to nobody."""


def within(report: Report, start: float, end: float) -> Report:
    """Return a report of a part of the work, which takes the whole from `start` to `end`."""
    return lambda text, share: report(text, start + (end - start) * share)
