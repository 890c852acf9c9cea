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
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from threading import Lock, Thread
from typing import Any, Final

from hotspots.i18n import _, use_language
from web.job_record import FAILED, INTERRUPTED
from web.job_work import Control, End, Work, broken, do_work, seldom
from web.logs import start_logging

IDLE_S: Final = 3600.0
_LOOK_EVERY_S: Final = 0.2  # for a wish to stop
_END_S: Final = 10.0
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
        self._process: SpawnProcess | None = None
        self._pipe: Connection | None = None
        self._is_closed = False

    @property
    def pid(self) -> int | None:
        """The number of the process; None where it does not run."""
        process = self._process
        return process.pid if process is not None and process.is_alive() else None

    def run(self, work: Work, control: Control, language: str) -> End:
        """Do `work` to its end in a language."""
        order = pickle.dumps((work, language))
        try:
            pipe = self._begin(order)
            if pipe is None:
                return self._died(language)
            return self._follow(pipe, control)
        except (EOFError, OSError):
            return self._died(language)

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
            self._drop()

    def _begin(self, order: bytes) -> Connection | None:
        """Send an order, and return the pipe over which its work is followed."""
        for _attempt in range(2):  # a process that just went for want of work is started anew
            pipe = self._ready()
            try:
                pipe.send_bytes(order)
                if pipe.recv() == _BEGAN:
                    return pipe
            except (EOFError, OSError):
                with self._guard:
                    self._drop()
        return None

    def _follow(self, pipe: Connection, control: Control) -> End:
        is_told = False
        while True:
            if not is_told and control.is_stopping():
                pipe.send_bytes(_STOP)
                is_told = True
            if not pipe.poll(_LOOK_EVERY_S):
                continue
            kind, *said = pipe.recv()
            if kind == _NOTE:
                control.note(*said)
            elif kind == _TELL:
                control.tell(**said[0])
            elif kind == _END:
                end: End = said[0]
                return end

    def _ready(self) -> Connection:
        """Return the pipe to the process, which is started where it does not run."""
        with self._guard:
            if self._is_closed:
                raise BrokenPipeError
            if self._pipe is None or self._process is None or not self._process.is_alive():
                self._drop()
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
                self._process, self._pipe = process, ours
            return self._pipe

    def _died(self, language: str) -> End:
        if self._is_closed:
            return End(INTERRUPTED)
        with self._guard:
            process = self._process
            if process is not None:
                process.join(_END_S)
                logger.error("the job process ended with %d", process.exitcode or 0)
            self._drop()
        with use_language(language):
            return End(
                FAILED,
                error=_(
                    "The process that did the work was ended from outside, perhaps for want of "
                    "memory. What is shown as done is done; the rest is as it was. Try it again, "
                    "and tell the administrator if it happens again."
                ),
                reason="JobProcessDied",
            )

    def _drop(self) -> None:
        if self._pipe is not None:
            self._pipe.close()
        if self._process is not None:
            self._process.kill()
            self._process.join(_END_S)
        self._process = self._pipe = None


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
    if hasattr(os, "nice"):
        os.nice(_LESS_URGENT)
    # As `_without_interrupts`, where there are no masks.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    Thread(target=_end_with_server, daemon=True).start()
    start_logging(log_format)
    _warm_up()
    while pipe.poll(idle_s):
        try:
            order = pipe.recv_bytes()
            if order == _STOP:  # it came after the end of what it meant
                continue
            pipe.send(_BEGAN)
            pipe.send((_END, _carry_out(order, pipe)))
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
        os._exit(1)
