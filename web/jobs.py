"""Work outside the request: one job at a time in a thread, its record kept on disk."""

import json
import logging
import os
import re
import secrets
import shutil
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from threading import Event, Lock, Thread
from typing import Any, Final

from filelock import FileLock, Timeout

from hotspots.errors import HotspotsError, NotFoundError, StoreError
from hotspots.files import replacing
from hotspots.i18n import _, current_language, use_language
from hotspots.progress import CancelledError, Report

RUNNING: Final = "running"
DONE: Final = "done"
FAILED: Final = "failed"
CANCELLED: Final = "cancelled"
INTERRUPTED: Final = "interrupted"

# What a job is about: whose words its page speaks.
LAYERS: Final = "layers"
INCIDENTS: Final = "incidents"

KEPT: Final = 50
_WRITE_EVERY_S: Final = 1.0
_JOB_ID: Final = re.compile(r"[0-9]{8}-[0-9]{6}-[0-9a-f]{8}")
_TEXT_LENGTH: Final = 4000

logger = logging.getLogger("hotspots.web")


@dataclass(frozen=True)
class Outcome:
    """What a job that ended well has to say, in the language of who started it.

    Attributes
    ----------
    sentence
        What was done.
    changed
        Whether anything is different now; False for a trial.
    numbers
        Layer, areas before, areas after.
    lines
        What changed, in words.
    notes
        What was left out and why.
    problems
        Severity, what is wrong, how to mend it.
    placed
        By which version the incidents of each time are placed now.
    leads_to
        Address of these pages that shows what was done; empty where the job's own page does.
    """

    sentence: str
    changed: bool = True
    numbers: tuple[tuple[str, int, int], ...] = ()
    lines: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    problems: tuple[tuple[str, str, str], ...] = ()
    placed: tuple[str, ...] = ()
    leads_to: str = ""


Work = Callable[[Report], Outcome]


@dataclass(frozen=True)
class Job:
    """The record of one job.

    Attributes
    ----------
    job_id
        Date, time and a random part: names its file and its page.
    kind, title
        What it does: for the program, and for a reader.
    started_at, ended_at
        UTC, ISO 8601.
    state
        One of this module's constants.
    stopping
        It was told to stop and has not yet.
    text, share
        What is being done, and how much of the whole is done (0 to 1).
    error
        Why it failed, or what it said when it was stopped.
    outcome
        What it did; None unless done.
    before, after
        Version of the layers in force when it started and when it ended; None where there was
        none, or nobody could tell.
    about
        `LAYERS` or `INCIDENTS`.
    back
        Address of the page it was started on; empty for the page of layers.
    user_name
        Who started it.
    """

    job_id: str
    kind: str
    title: str
    started_at: str
    state: str = RUNNING
    stopping: bool = False
    text: str = ""
    share: float = 0.0
    ended_at: str | None = None
    error: str = ""
    outcome: Outcome | None = None
    before: int | None = None
    after: int | None = None
    about: str = LAYERS
    back: str = ""
    user_name: str = ""

    @property
    def has_switched(self) -> bool:
        """Whether it ended with other layers in force than it found."""
        return self.after is not None and self.after != self.before

    @property
    def is_running(self) -> bool:
        """Whether it still works."""
        return self.state == RUNNING


class BusyError(StoreError):
    """Another job is running; `job_id` is its id, empty where another program runs it."""

    def __init__(self, message: str, job_id: str) -> None:
        super().__init__(message)
        self.job_id = job_id


def no_job() -> NotFoundError:
    """Return the error that says there is no such job."""
    return NotFoundError(_("There is no such job; only the last {n} are kept.").format(n=KEPT))


def new_job_id() -> str:
    """Return an id for a job that is about to start; ids sort by time."""
    return f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(4)}"


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
        self._directory = workspace / "jobs"
        self._uploads = workspace / "uploads"
        self._guard = Lock()
        self._current: Job | None = None
        self._thread: Thread | None = None
        self._stop = Event()
        self._written = 0.0
        self._hidden = self._uploads
        # Held while a job runs, so that two servers of one workspace see each other's jobs.
        self._held = FileLock(self._directory / ".lock", thread_local=False)
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
            now = datetime.now(UTC).isoformat(timespec="seconds")
            job = Job(
                job_id or new_job_id(),
                kind,
                title,
                now,
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
        found = self._read(self._file(job_id)) if _JOB_ID.fullmatch(job_id) else None
        if found is None:
            raise no_job()
        return found

    def list_jobs(self) -> tuple[Job, ...]:
        """Return the records kept, newest first."""
        files = sorted(self._directory.glob("*.json"), reverse=True)
        found = [self._read(file) for file in files if _JOB_ID.fullmatch(file.stem)]
        current = self._current
        return tuple(
            current if current is not None and job.job_id == current.job_id else job
            for job in found
            if job is not None
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
        busy = _("Another import or change of the layers is running; wait for its end, or stop it.")
        if self._current is not None and self._current.is_running:
            raise BusyError(busy, self._current.job_id)
        try:
            self._directory.mkdir(exist_ok=True)
            self._held.acquire(timeout=0)
        except Timeout as error:
            raise BusyError(busy, "") from error
        except OSError as error:
            raise StoreError(
                _("{path} cannot be written ({reason})").format(
                    path=self._directory, reason=error.strerror or error
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
            ended_at=datetime.now(UTC).isoformat(timespec="seconds"),
            after=self._in_force(),
            **end,
        )
        self._try_to_write(ended)
        self._prune()
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

    def _file(self, job_id: str) -> Path:
        return self._directory / f"{job_id}.json"

    def _write(self, job: Job) -> None:
        self._written = time.monotonic()
        with replacing(self._file(job.job_id)) as draft:
            draft.write_text(json.dumps(asdict(job), ensure_ascii=False), encoding="utf-8")

    def _try_to_write(self, job: Job) -> None:
        """Write the record; work goes on where the disk is full."""
        try:
            self._write(job)
        except HotspotsError:
            logger.warning("the record of job %s cannot be written", job.job_id, exc_info=True)

    def _read(self, file: Path) -> Job | None:
        """Return the record in a file; None where somebody has spoilt or removed it."""
        try:
            values = json.loads(file.read_text(encoding="utf-8"))
            found = values.pop("outcome")
            job = Job(**values)
            return replace(job, outcome=None if found is None else _outcome(found))
        except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
            return None

    def _tidy_up(self) -> None:
        """Mark what a former server left running, and remove the files it was sent."""
        if not self._directory.is_dir():
            return
        try:
            self._held.acquire(timeout=0)
        except (Timeout, OSError):
            return  # another server of this workspace is at work
        try:
            now = datetime.now(UTC).isoformat(timespec="seconds")
            for job in self.list_jobs():
                if job.is_running:
                    ended = replace(job, state=INTERRUPTED, ended_at=now, after=self._in_force())
                    self._try_to_write(ended)
            shutil.rmtree(self._uploads, ignore_errors=True)
        finally:
            self._held.release()

    def _prune(self) -> None:
        files = sorted(self._directory.glob("*.json"), reverse=True)
        for file in files[KEPT:]:
            file.unlink(missing_ok=True)


def _outcome(values: dict[str, Any]) -> Outcome:
    """Return an outcome from its JSON, in which tuples are lists."""
    return Outcome(
        sentence=str(values["sentence"]),
        changed=bool(values["changed"]),
        numbers=tuple((str(n[0]), int(n[1]), int(n[2])) for n in values["numbers"]),
        lines=tuple(str(line) for line in values["lines"]),
        notes=tuple(str(note) for note in values["notes"]),
        problems=tuple((str(p[0]), str(p[1]), str(p[2])) for p in values["problems"]),
        placed=tuple(str(line) for line in values["placed"]),
        leads_to=str(values.get("leads_to", "")),
    )
