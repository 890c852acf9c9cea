"""Work outside the request: one job at a time, its record kept on disk."""

import logging
import os
import shutil
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from threading import Event, Lock, Thread
from typing import Final

from filelock import FileLock, Timeout

from hotspots.errors import HotspotsError, StoreError
from hotspots.i18n import _, current_language, use_language
from web.job_record import (
    BACKUP,
    CANCELLED,
    DONE,
    FAILED,
    INCIDENTS,
    INTERRUPTED,
    KEPT,
    LAYERS,
    RUNNING,
    Job,
    Outcome,
    Records,
    moment_now,
    new_job_id,
    no_job,
)
from web.job_work import Control, End, Runner, SameProcess, Tell, Work, broken

__all__ = [
    "BACKUP",
    "CANCELLED",
    "DONE",
    "FAILED",
    "INCIDENTS",
    "INTERRUPTED",
    "KEPT",
    "LAYERS",
    "RUNNING",
    "BusyError",
    "End",
    "Job",
    "Jobs",
    "Outcome",
    "Tell",
    "Work",
    "new_job_id",
    "no_job",
]

_WRITE_EVERY_S: Final = 1.0
_RECORD_S: Final = 2.0  # for the record of work that was given up

logger = logging.getLogger("hotspots.web")


class BusyError(StoreError):
    """Another job is running; `job_id` is its id, empty where another program runs it."""

    def __init__(self, message: str, job_id: str) -> None:
        super().__init__(message)
        self.job_id = job_id


def _hear_nothing(**_details: object) -> None:
    """Take what a job tells where nobody keeps it."""


def _as_it_is(end: End) -> End:
    return end


class Jobs:
    """The jobs of one workspace.

    Parameters
    ----------
    workspace
        Directory of the workspace. Records stand in `jobs/`, one file each; files that were sent
        in wait in `uploads/<job_id>/` and go when the job ends, whatever becomes of it.
    in_force
        Tells which version of the layers is in force; None where there is none.
    runner
        Runs their work; in the thread of the job unless given.
    """

    def __init__(
        self,
        workspace: Path,
        *,
        in_force: Callable[[], int | None] = lambda: None,
        runner: Runner | None = None,
    ) -> None:
        self._in_force = in_force
        self._runner: Runner = runner or SameProcess()
        self._records = Records(workspace / "jobs")
        self._uploads = workspace / "uploads"
        self._guard = Lock()
        self._current: Job | None = None
        self._thread: Thread | None = None
        self._stop = Event()
        self._written = 0.0
        self._hidden = self._uploads
        # Held while a job runs, so that two servers of one workspace see each other's jobs.
        self._held = FileLock(self._records.directory / ".lock", thread_local=False)
        self._tidy_up()

    @property
    def uploads(self) -> Path:
        """Directory that files sent in go to, made when asked for."""
        self._uploads.mkdir(exist_ok=True)
        return self._uploads

    def start(
        self,
        kind: str,
        title: str,
        work: Work,
        *,
        job_id: str | None = None,
        about: str = LAYERS,
        back: str = "",
        directory: Path | None = None,
        user_name: str = "",
        on_tell: Tell = _hear_nothing,
        on_end: Callable[[End], End] = _as_it_is,
    ) -> Job:
        """Start `work` beside the request and return its record.

        `directory` holds the files it works on; texts for a reader name them without it.
        `on_tell` takes what the work tells besides; `on_end` sees how it ended before that is kept,
        in the language of who started it, and may add to it.

        Raises
        ------
        BusyError
            Another job is running.
        StoreError
            The record cannot be written.
        """
        language = current_language()
        with self._guard:
            self._require_idle()
            job = Job(
                job_id or new_job_id(),
                kind,
                title,
                moment_now(),
                before=self._in_force(),
                about=about,
                back=back,
                user_name=user_name,
            )
            self._hidden = directory or self._uploads / job.job_id
            try:
                self._write(job)
            except BaseException:
                self._held.release()
                raise
            self._current = job
            self._stop = Event()
            self._thread = Thread(
                target=self._run,
                args=(work, on_tell, on_end, language),
                name=f"job {job.job_id}",
                daemon=True,
            )
            self._thread.start()
        return job

    def prepare(self) -> None:
        """Get ready for a job that is likely to be started soon."""
        self._runner.prepare()

    def require_idle(self) -> None:
        """Raise unless a job could start now; nothing is reserved.

        Raises
        ------
        BusyError
            Another job is running.
        """
        with self._guard:
            self._require_idle()
            self._held.release()

    def running(self) -> Job | None:
        """Return the job that runs in this server, if any."""
        with self._guard:
            job = self._current
        return job if job is not None and job.is_running else None

    def find(self, job_id: str) -> Job:
        """Return the record of a job.

        Raises
        ------
        NotFoundError
            There is none, or it was pruned.
        """
        with self._guard:
            if self._current is not None and self._current.job_id == job_id:
                return self._current
        found = self._records.find(job_id)
        if found is None:
            raise no_job()
        return found

    def list_jobs(self) -> tuple[Job, ...]:
        """Return the records kept, newest first."""
        current = self._current
        return tuple(
            current if current is not None and job.job_id == current.job_id else job
            for job in self._records.list_all()
        )

    def cancel(self, job_id: str) -> Job:
        """Tell a job to stop; it does so at its next report. An ended one stays as it is.

        Raises
        ------
        NotFoundError
            As `find`.
        """
        with self._guard:
            job = self._current
            if job is not None and job.job_id == job_id and job.is_running:
                self._stop.set()
                self._current = job = replace(job, stopping=True)
                return job
        return self.find(job_id)

    def stop(self, *, wait_s: float = 10.0) -> None:
        """Tell the running job to stop and wait for it, as the server goes down."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(wait_s)
        self._runner.close()
        if self._thread is not None:
            self._thread.join(_RECORD_S)

    def wait(self, *, wait_s: float) -> None:
        """Wait until no job runs in this server, `wait_s` at most."""
        if self._thread is not None:
            self._thread.join(wait_s)

    def _require_idle(self) -> None:
        """Hold the workspace's jobs, or say who does."""
        busy = _(
            "Another import, change of the layers or backup is running; wait for its end, or stop "
            "it."
        )
        if self._current is not None and self._current.is_running:
            raise BusyError(busy, self._current.job_id)
        try:
            self._records.directory.mkdir(exist_ok=True)
            self._held.acquire(timeout=0)
        except Timeout as error:
            raise BusyError(busy, "") from error
        except OSError as error:
            raise StoreError(
                _("{path} cannot be written ({reason})").format(
                    path=self._records.directory, reason=error.strerror or error
                )
            ) from error

    def _run(self, work: Work, on_tell: Tell, on_end: Callable[[End], End], language: str) -> None:
        with use_language(language):
            try:
                control = Control(self._note, on_tell, self._stop.is_set)
                end = self._runner.run(work, control, language)
                end = on_end(replace(end, error=self._plain(end.error)))
            except BaseException as error:  # whatever it is, the job has ended
                end = broken(error)
        job = self._current
        assert job is not None  # noqa: S101 - set by start
        ended = replace(
            job,
            state=end.state,
            outcome=end.outcome,
            error=end.error,
            stopping=False,
            ended_at=moment_now(),
        )
        if end.state == DONE:
            ended = replace(ended, share=1.0, text="")
        try:
            shutil.rmtree(self._uploads / job.job_id, ignore_errors=True)
            ended = replace(ended, after=self._in_force())
            self._try_to_write(ended)
            self._records.prune()
        except Exception:
            logger.exception("the end of job %s is not kept as it should be", job.job_id)
        finally:
            with self._guard:
                self._held.release()
                self._current = ended

    def _note(self, text: str, share: float) -> None:
        with self._guard:
            job = self._current
            assert job is not None  # noqa: S101 - set by start
            share = min(max(share, job.share, 0.0), 1.0)
            job = replace(job, text=self._plain(text), share=share)
            self._current = job
        if time.monotonic() - self._written >= _WRITE_EVERY_S:
            self._try_to_write(job)

    def _plain(self, text: str) -> str:
        """Return `text` with files that were sent in named as their sender named them."""
        return text.replace(f"{self._hidden}{os.sep}", "")

    def _write(self, job: Job) -> None:
        self._written = time.monotonic()
        self._records.write(job)

    def _try_to_write(self, job: Job) -> None:
        """Write the record; work goes on where the disk is full."""
        try:
            self._write(job)
        except HotspotsError:
            logger.warning("the record of job %s cannot be written", job.job_id, exc_info=True)

    def _tidy_up(self) -> None:
        """Mark what a former server left running, and remove the files it was sent."""
        if not self._records.directory.is_dir():
            return
        try:
            self._held.acquire(timeout=0)
        except (Timeout, OSError):
            return  # another server of this workspace is at work
        try:
            now = moment_now()
            for job in self.list_jobs():
                if job.is_running:
                    ended = replace(job, state=INTERRUPTED, ended_at=now, after=self._in_force())
                    self._try_to_write(ended)
            shutil.rmtree(self._uploads, ignore_errors=True)
        finally:
            self._held.release()
