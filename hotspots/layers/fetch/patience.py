"""Trying again: how often, how long to wait between, and when to give up."""

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, TypeVar

from hotspots.errors import SourceError
from hotspots.i18n import _, format_number, ngettext
from hotspots.progress import Report

_SLICE_S: Final = 0.5  # while waiting, how often somebody may stop us

T = TypeVar("T")


class PassingError(SourceError):
    """What may go well the next time: no connection, a busy server, an answer cut off."""

    def __init__(self, message: str, wait_s: float | None = None) -> None:
        super().__init__(message)
        self.wait_s = wait_s


def _utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class Patience:
    """How often something is tried and how long it is waited for.

    Attributes
    ----------
    attempts
        Tries in all, at least 1.
    connect_s, read_s
        Longest silence [s] while connecting, and between two pieces of an answer.
    answer_s
        Longest time [s] from a question to the end of the answer's headers, however they come.
    backoff_s, longest_wait_s
        First wait between tries [s], doubled every time, and its cap; a server's Retry-After is
        respected up to the cap.
    stall_s, slowest_bytes_per_s
        An answer that for so long [s] comes slower than this counts as cut off.
    sleep, clock, now
        Time itself, so that tests do not wait.
    """

    attempts: int = 5
    connect_s: float = 15.0
    read_s: float = 30.0
    answer_s: float = 60.0
    backoff_s: float = 1.0
    longest_wait_s: float = 120.0
    stall_s: float = 60.0
    slowest_bytes_per_s: float = 200.0
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic
    now: Callable[[], datetime] = _utc_now


def persist(attempt: Callable[[], T], *, patience: Patience, report: Report, cure: str) -> T:
    """Return what `attempt` returns, tried again after every `PassingError`.

    Parameters
    ----------
    attempt
        Does the whole thing once.
    patience, report
        How often and how long; the report may stop the waiting.
    cure
        What a reader can do when all tries fail.

    Raises
    ------
    SourceError
        Every try failed; also what else `attempt` raises.
    """
    for n in range(patience.attempts):
        try:
            return attempt()
        except PassingError as error:
            last = error
        if n + 1 < patience.attempts:
            wait = patience.backoff_s * 2**n * (1 + secrets.randbelow(500) / 1000)
            wait = max(wait, last.wait_s or 0.0)
            _wait(min(wait, patience.longest_wait_s), str(last), patience, report)
    raise SourceError(
        ngettext(
            "{reason}, after {n} try. {cure}",
            "{reason}, after {n} tries. {cure}",
            patience.attempts,
        ).format(reason=last, n=patience.attempts, cure=cure)
    ) from last


def _wait(seconds: float, reason: str, patience: Patience, report: Report) -> None:
    left = seconds
    while left > 0:
        report(
            _("{reason}; trying again in {n} s").format(reason=reason, n=format_number(left)), 0.0
        )
        patience.sleep(min(_SLICE_S, left))
        left -= _SLICE_S
