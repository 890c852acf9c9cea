"""What a job does, and how it ended; the same wherever it runs."""

import logging
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Protocol

from hotspots.errors import HotspotsError
from hotspots.i18n import _, use_language
from hotspots.progress import CancelledError, Report
from web.job_record import CANCELLED, DONE, FAILED, Outcome

_LONGEST: Final = 4000

# Adds to what the audit record will say of a job, whatever becomes of it.
Tell = Callable[..., None]

logger = logging.getLogger("hotspots.web")


class Work(Protocol):
    """What a job does. It can be pickled, since it may run in another process than the pages."""

    def __call__(self, report: Report, tell: Tell, /) -> Outcome:
        """Do it; `report` may raise `CancelledError`."""
        ...


@dataclass(frozen=True)
class End:
    """How a job ended.

    Attributes
    ----------
    state
        `DONE`, `FAILED`, `CANCELLED` of `web.job_record`, or `INTERRUPTED`: given up as the server
        stopped.
    outcome
        What it did; None unless done.
    error
        Why it failed, or what it said when it was stopped; for a reader.
    reason
        The type of the error, for the program; empty unless it failed.
    """

    state: str
    outcome: Outcome | None = None
    error: str = ""
    reason: str = ""


class Runner(Protocol):
    """What runs the work of jobs, one at a time."""

    def run(self, work: Work, control: "Control", language: str) -> End:
        """Do `work` to its end in a language."""
        ...

    def prepare(self) -> None:
        """Get ready for work that is likely to come soon, without waiting for that."""
        ...

    def close(self) -> None:
        """Let go what is held; work that still runs is given up."""
        ...


@dataclass(frozen=True)
class Control:
    """How work and its job speak with each other.

    Attributes
    ----------
    note
        Takes how far the work has come.
    tell
        Takes what the audit record shall say.
    is_stopping
        Tells whether the job shall stop.
    """

    note: Report
    tell: Tell
    is_stopping: Callable[[], bool]


class SameProcess:
    """Runs work where it is asked for, in the thread of its job."""

    def run(self, work: Work, control: Control, language: str) -> End:
        """Do `work` to its end in a language."""
        return do_work(work, control, language)

    def prepare(self) -> None:
        """Do nothing: this process is ready."""

    def close(self) -> None:
        """Do nothing: nothing is held."""


def do_work(work: Work, control: Control, language: str) -> End:
    """Do `work` in a language, and return how it ended; faults of the program are logged."""

    def report(text: str, share: float) -> None:
        if control.is_stopping():
            raise CancelledError(_("Stopped on request"))
        control.note(text[:_LONGEST], share)

    with use_language(language):
        try:
            return End(DONE, work(report, control.tell))
        except CancelledError as error:
            return End(CANCELLED, error=str(error)[:_LONGEST])
        except HotspotsError as error:
            return End(FAILED, error=str(error)[:_LONGEST], reason=type(error).__name__)
        except Exception as error:
            return broken(error)


def broken(error: BaseException) -> End:
    """Log a fault of the program, and return the end of a job that tells only its reference."""
    reference = secrets.token_hex(4)
    logger.error("job failed, reference %s", reference, exc_info=error)
    text = _("The fault is on our side and has been noted.")
    number = _("Reference number for the administrator:")
    return End(FAILED, error=f"{text} {number} {reference}", reason=type(error).__name__)


def seldom(note: Report, *, every_s: float = 0.1) -> Report:
    """Return a report that passes on every new text, and shares no oftener than `every_s`."""
    last: dict[str, Any] = {"text": None, "at": 0.0}

    def pass_on(text: str, share: float) -> None:
        now = time.monotonic()
        if text == last["text"] and now - last["at"] < every_s:
            return
        last.update(text=text, at=now)
        note(text, share)

    return pass_on
