"""The work of jobs in a process of its own, so that pages never wait for it.

The process is started with the server, stays warm for a while, goes when it has had nothing to do
or when the server is gone, and comes back when it is needed. Its memory goes with it. One job at a
time is sent to it over a pipe; it answers with how far it has come and how the job ended. Should it
die, by want of memory say, the job has failed and the pages go on.
"""

import logging
import multiprocessing
import multiprocessing.connection
import os
import pickle
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from pathlib import Path
from threading import Lock, Thread
from typing import Any, Final

from hotspots.i18n import _, use_language
from web.job_record import CANCELLED, FAILED, INTERRUPTED
from web.job_work import Control, End, Work, broken, do_work, seldom
from web.logs import start_logging

IDLE_S: Final = 3600.0
_LOOK_EVERY_S: Final = 0.2  # for a wish to stop
_END_S: Final = 10.0
_TIDY_S: Final = 3.0  # for temporary files of work that is given up
_STOP: Final = b"stop"
_BEGAN: Final = "began"
_NOTE: Final = "note"
_TELL: Final = "tell"
_END: Final = "end"
_LESS_URGENT: Final = 10  # steps of niceness: pages come first where processors are few

logger = logging.getLogger("hotspots.web")


class JobProcess:
    """Runs work in a process of its own.

    Parameters
    ----------
    log_format
        Form of its log lines, as the server's; they go to the same standard error.
    idle_s
        How long it stays without work, in seconds.
    """

    def __init__(self, log_format: str, *, idle_s: float = IDLE_S) -> None:
        self._log_format = log_format
        self._idle_s = idle_s
        self._guard = Lock()
        self._kept: tuple[SpawnProcess, Connection] | None = None
        self._is_closed = False

    @property
    def pid(self) -> int | None:
        """The number of the process; None where it does not run."""
        with self._guard:
            process = None if self._kept is None else self._kept[0]
            return process.pid if process is not None and process.is_alive() else None

    def run(self, work: Work, control: Control, language: str) -> End:
        """Do `work` to its end in a language."""
        order = pickle.dumps((work, language))
        with use_language(language):
            for is_last in (False, True):
                if control.is_stopping():
                    return End(CANCELLED, error=_("Stopped on request"))
                try:
                    process, pipe = self._ready()
                except OSError:
                    logger.exception("the job process cannot be started")
                    return self._died(None)
                try:
                    return _follow(order, pipe, control)
                except _LostError as lost:
                    self._let_go(process, pipe)
                    # One that just went for want of work is started anew.
                    if lost.has_begun or is_last:
                        return self._died(process)
                except BaseException:  # what comes over the pipe next would be of this work
                    self._let_go(process, pipe)
                    raise
        raise AssertionError

    def prepare(self) -> None:
        """Start the process unless it runs, without waiting for it."""

        def start() -> None:
            with suppress(OSError):  # whoever needs it tries again, and tells
                self._ready()

        Thread(target=start, name="start of the job process", daemon=True).start()

    def close(self) -> None:
        """End the process, whatever it does."""
        with self._guard:
            self._is_closed = True
            kept, self._kept = self._kept, None
        if kept is not None:
            _end(*kept)

    def _ready(self) -> tuple[SpawnProcess, Connection]:
        """Return the process and the pipe to it; it is started where it does not run."""
        with self._guard:
            if self._is_closed:
                raise BrokenPipeError
            if self._kept is not None and not self._kept[0].is_alive():
                _end(*self._kept)
                self._kept = None
            if self._kept is None:
                context = multiprocessing.get_context("spawn")
                ours, theirs = context.Pipe()
                process = context.Process(
                    target=serve_jobs,
                    args=(theirs, self._log_format, self._idle_s),
                    name="hotspots jobs",
                    daemon=True,
                )
                with _without_interrupts():
                    process.start()
                theirs.close()  # so that its end is the end of the pipe
                self._kept = process, ours
            return self._kept

    def _let_go(self, process: SpawnProcess, pipe: Connection) -> None:
        with self._guard:
            if self._kept is not None and self._kept[0] is process:
                self._kept = None
        _end(process, pipe)

    def _died(self, process: SpawnProcess | None) -> End:
        if self._is_closed:
            return End(INTERRUPTED)
        if process is not None:
            logger.error("the job process ended with %d", process.exitcode or 0)
        return End(
            FAILED,
            error=_(
                "The process that did the work was ended from outside, perhaps for want of "
                "memory. What is shown as done is done; the rest is as it was. Try it again, "
                "and tell the administrator if it happens again."
            ),
            reason="JobProcessDied",
        )


class _LostError(Exception):
    """The process is gone; `has_begun` tells whether it had begun with the work."""

    def __init__(self, *, has_begun: bool) -> None:
        super().__init__()
        self.has_begun = has_begun


def _follow(order: bytes, pipe: Connection, control: Control) -> End:
    """Send an order, and hear what becomes of it until its end."""
    has_begun = is_told = False
    try:
        pipe.send_bytes(order)
        while True:
            if not is_told and control.is_stopping():
                pipe.send_bytes(_STOP)
                is_told = True
            if not pipe.poll(_LOOK_EVERY_S):
                continue
            kind, *said = pipe.recv()
            if kind == _BEGAN:
                has_begun = True
            elif kind == _NOTE:
                control.note(*said)
            elif kind == _TELL:
                control.tell(**said[0])
            elif kind == _END:
                end: End = said[0]
                return end
    except (EOFError, OSError) as error:
        raise _LostError(has_begun=has_begun) from error


def _end(process: SpawnProcess, pipe: Connection) -> None:
    """End a process, so that it takes its temporary files away where it still can."""
    pipe.close()
    process.terminate()
    process.join(_TIDY_S)
    if process.is_alive():
        process.kill()
        process.join(_END_S)


@contextmanager
def _without_interrupts() -> Iterator[None]:
    """Let processes started inside never hear Ctrl+C, not even while they begin.

    It reaches all programs of a terminal, but the server says what is to become of a job.
    """
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    resource_tracker.ensure_running()  # starting it would lift the mask
    former = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, former)


def serve_jobs(pipe: Connection, log_format: str, idle_s: float) -> None:
    """Do what comes over `pipe`, one order after another; the process's main function."""
    # As `_without_interrupts`, where there are no masks.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # Work that is given up leaves its `with` blocks, so that no unpacked file stays behind.
    signal.signal(signal.SIGTERM, lambda _number, _frame: sys.exit(1))
    _die_first()
    Thread(target=_end_with_server, daemon=True).start()
    start_logging(log_format)
    if not pipe.poll(0):
        _warm_up()
    if hasattr(os, "nice"):
        os.nice(_LESS_URGENT)
    while pipe.poll(idle_s):
        try:
            order = pipe.recv_bytes()
            if order == _STOP:  # it came after the end of what it meant
                continue
            pipe.send((_BEGAN,))
            _send_end(pipe, _carry_out(order, pipe))
        except (EOFError, OSError):
            return  # the server is gone


def _carry_out(order: bytes, pipe: Connection) -> End:
    state: dict[str, bool] = {}

    def is_stopping() -> bool:
        while "stop" not in state and pipe.poll(0):
            if pipe.recv_bytes() == _STOP:
                state["stop"] = True
        return "stop" in state

    def tell(**details: Any) -> None:
        pipe.send((_TELL, details))

    note = seldom(lambda text, share: pipe.send((_NOTE, text, share)))
    try:
        # Written by the server of this workspace, over a pipe that nobody else has.
        work, language = pickle.loads(order)  # noqa: S301
    except Exception as error:
        return broken(error)
    return do_work(work, Control(note, tell, is_stopping), language)


def _send_end(pipe: Connection, end: End) -> None:
    try:
        pipe.send((_END, end))
    except (TypeError, AttributeError, pickle.PicklingError) as error:
        pipe.send((_END, broken(error)))


def _die_first() -> None:
    """Where memory runs out, let the system end this process rather than the server."""
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("500")


def _warm_up() -> None:
    """Load what nearly every job needs while nobody waits."""
    import hotspots.ingest.importer
    import hotspots.layers.importing  # noqa: F401
    import web.import_work  # noqa: F401


def _end_with_server() -> None:
    """Wait for the end of the server, however it ended, and end then too."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        multiprocessing.connection.wait([parent.sentinel])
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(_TIDY_S)
        os._exit(1)
