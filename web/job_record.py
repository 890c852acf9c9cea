"""The record of a job: what it does, how far it is and what came of it, in a file of its own."""

import json
import re
import secrets
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from hotspots.errors import NotFoundError
from hotspots.files import replacing
from hotspots.i18n import _

RUNNING: Final = "running"
DONE: Final = "done"
FAILED: Final = "failed"
CANCELLED: Final = "cancelled"
INTERRUPTED: Final = "interrupted"

# What a job is about: whose words its page speaks.
LAYERS: Final = "layers"
INCIDENTS: Final = "incidents"
BACKUP: Final = "backup"

KEPT: Final = 50
_JOB_ID: Final = re.compile(r"[0-9]{8}-[0-9]{6}-[0-9a-f]{8}")


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


def no_job() -> NotFoundError:
    """Return the error that says there is no such job."""
    return NotFoundError(_("There is no such job; only the last {n} are kept.").format(n=KEPT))


def new_job_id() -> str:
    """Return an id for a job that is about to start; ids sort by time."""
    return f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(4)}"


def moment_now() -> str:
    """Return the present moment as records keep it."""
    return datetime.now(UTC).isoformat(timespec="seconds")


class Records:
    """The records of a workspace's jobs, one file each in `directory`."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def find(self, job_id: str) -> Job | None:
        """Return a record; None where there is none, or somebody has spoilt it."""
        return self._read(self._file(job_id)) if _JOB_ID.fullmatch(job_id) else None

    def list_all(self) -> list[Job]:
        """Return the records kept, newest first."""
        found = (self._read(file) for file in self._files() if _JOB_ID.fullmatch(file.stem))
        return [job for job in found if job is not None]

    def write(self, job: Job) -> None:
        """Write a record whole or not at all.

        Raises
        ------
        StoreError
            It cannot be written.
        """
        with replacing(self._file(job.job_id)) as draft:
            draft.write_text(json.dumps(asdict(job), ensure_ascii=False), encoding="utf-8")

    def prune(self) -> None:
        """Remove all but the newest records."""
        for file in self._files()[KEPT:]:
            file.unlink(missing_ok=True)

    def _files(self) -> list[Path]:
        return sorted(self.directory.glob("*.json"), reverse=True)

    def _file(self, job_id: str) -> Path:
        return self.directory / f"{job_id}.json"

    def _read(self, file: Path) -> Job | None:
        try:
            values = json.loads(file.read_text(encoding="utf-8"))
            found = values.pop("outcome")
            job = Job(**values)
            return replace(job, outcome=None if found is None else _outcome(found))
        except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
            return None


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
