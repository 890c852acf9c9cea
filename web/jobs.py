"""Work outside the request: one job at a time in a thread, its record kept on disk."""

import logging
import os
import secrets
import shutil
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from threading import Event, Lock, Thread
from typing import Any, Final

from filelock import FileLock, Timeout

from hotspots.errors import HotspotsError, StoreError
from hotspots.i18n import _, current_language, use_language
from hotspots.progress import CancelledError, Report
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
    "Job",
    "Jobs",
    "Outcome",
    "Work",
    "new_job_id",
    "no_job",
]

_WRITE_EVERY_S: Final = 1.0
_TEXT_LENGTH: Final = 4000

Work = Callable[[Report], Outcome]

logger = logging.getLogger("hotspots.web")


class BusyError(StoreError):
    """Another job is running; `job_id` is its id, empty where another program runs it."""

    def __init__(self, message: str, job_id: str) -> None:
        super().__init__(message)
        self.job_id = job_id


class Jobs:
    """The jobs of one workspace.

    Parameters
    ----------
    workspace
        Directory of the workspace. Records stand in `jobs/`, one file each; files that were sent
        in wait in `uploads/<job_id>/` and go when the job ends, whatever becomes of it.
    in_force
        Tells which version of the layers is in force; None where there is none.
    """

    def __init__(
        self, workspace: Path, *, in_force: Callable[[], int | None] = lambda: None
    ) -> None:
        self._in_force = in_force
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
    ) -> Job:
        """Start `work` in a thread of its own and return its record.

        `directory` holds the files it works on; texts for a reader name them without it.

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
                target=self._run, args=(work, language), name=f"job {job.job_id}", daemon=True
            )
            self._thread.start()
        return job

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

    def _run(self, work: Work, language: str) -> None:
        with use_language(language):
            end = self._do(work)
        job = self._current
        assert job is not None  # noqa: S101 - set by start
        shutil.rmtree(self._uploads / job.job_id, ignore_errors=True)
        ended = replace(
            job,
            stopping=False,
            ended_at=moment_now(),
            after=self._in_force(),
            **end,
        )
        self._try_to_write(ended)
        self._records.prune()
        with self._guard:
            self._held.release()
            self._current = ended

    def _do(self, work: Work) -> dict[str, Any]:
        """Work, and return the fields of the record that say how it ended."""
        try:
            outcome = work(self._report)
        except CancelledError as error:
            return {"state": CANCELLED, "error": self._plain(str(error))[:_TEXT_LENGTH]}
        except HotspotsError as error:
            return {"state": FAILED, "error": self._plain(str(error))[:_TEXT_LENGTH]}
        except Exception:
            reference = secrets.token_hex(4)
            logger.exception("job failed, reference %s", reference)
            text = _("The fault is on our side and has been noted.")
            number = _("Reference number for the administrator:")
            return {"state": FAILED, "error": f"{text} {number} {reference}"}
        return {"state": DONE, "share": 1.0, "text": "", "outcome": outcome}

    def _report(self, text: str, share: float) -> None:
        if self._stop.is_set():
            raise CancelledError(_("Stopped on request"))
        with self._guard:
            job = self._current
            assert job is not None  # noqa: S101 - set by start
            share = min(max(share, job.share, 0.0), 1.0)
            job = replace(job, text=self._plain(text)[:_TEXT_LENGTH], share=share)
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
