"""A workspace that holds something of everything that pages show, and a digest of all of it.

For the tests that ask every route: its texts all hold `MARK`, which nobody may find in an answer
that was refused, and `ids` names one thing of each kind for the addresses.
"""

import hashlib
import io
import re
import sqlite3
import uuid
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta

from werkzeug.datastructures import FileStorage
from werkzeug.routing import IntegerConverter

from hotspots.accounts import Accounts
from hotspots.accounts.roles import ASSISTANT
from hotspots.backup import make_backup
from hotspots.ingest.report_content import Report
from hotspots.ingest.reports import save_report
from hotspots.settings import Workspace
from hotspots.store import Store
from tests.linking import import_both
from web.import_staging import Staging
from web.job_record import BACKUP, DONE, Job, Outcome, Records, moment_now, new_job_id
from web.texts import PRAGUE

from .signing import PASSWORD, make_accounts

MARK = "kosatec"  # an iris: no street, offence or word of a page
OTHER_ASSISTANT = "assistant.two"
# Columns that every request may change, and tables that wrong passwords fill.
_IN_USE = {"sign_ins": {"seen_at"}}


@dataclass(frozen=True)
class Filled:
    """A workspace and the names of what it holds: argument of a route → value."""

    workspace: Workspace
    ids: dict[str, object]
    secret: bytes  # what the file secret.key holds

    def digest(self, *, without=()):
        """Return a text that changes with anything kept, save what is named."""
        return digest(self.workspace, without=without)


class Watch:
    """Tells whether anything kept has changed since it was asked last.

    Rows are read only where a file was written meanwhile, so that asking after each of many
    requests costs little.
    """

    def __init__(self, filled, *, without=()):
        self._filled, self._without = filled, without
        self._files, self._digest = self._stat(), filled.digest(without=without)

    def has_changed(self):
        files = self._stat()
        if files == self._files:
            return False
        before, self._digest = self._digest, self._filled.digest(without=self._without)
        self._files = self._stat()  # reading a database touches files beside it
        return self._digest != before

    def _stat(self):
        found = {}
        for path in self._filled.workspace.path.rglob("*"):
            if path.is_file() and path.suffix != ".lock":
                known = path.stat()
                found[path] = (known.st_size, known.st_mtime_ns)
        return found


def write_report(workspace, user, *, hours_ago=1, **fields):
    """Send a report and return its number."""
    written = datetime.now(PRAGUE).replace(tzinfo=None, microsecond=0) - timedelta(hours=hours_ago)
    minute = written.replace(second=0)
    values = {
        "report_id": str(uuid.uuid4()),
        "things": ("night_noise",),
        "occurred_from": minute,
        "occurred_to": minute,
        "precision": "minute",
        "reported_at": written,
        "placed_by": "text",
        "place_text": f"u stromu {MARK}",
        "note": f"mluvila paní {MARK}",
    }
    report = Report(**(values | fields))
    save_report(workspace, report, user=user)
    return report.report_id


def fill(workspace):
    """Put something of everything into a workspace of its own; accounts included."""
    make_accounts(workspace)
    with Accounts.open(workspace) as accounts:
        shown = f"Druhá {MARK.title()}"
        token = accounts.add_user(OTHER_ASSISTANT, display_name=shown, role=ASSISTANT, by=None)
        accounts.use_link(token, password=PASSWORD)
        link = accounts.add_user("commander.new", display_name="Nová", role="commander", by=None)
    import_both(workspace, place=f"roh {MARK}")  # labels of sources are no secret
    own = write_report(workspace, ASSISTANT)
    other = write_report(workspace, OTHER_ASSISTANT, place_text=f"za {MARK} u vody")
    sent = f"kdy;kde;co\n5.3.2024 21:30;ulice {MARK};hluk\n".encode()
    staged = Staging(workspace.path).take([FileStorage(io.BytesIO(sent), f"{MARK}.csv")])
    backup = make_backup(workspace)
    job = Job(
        new_job_id(),
        "backup",
        f"Backup {MARK}",
        moment_now(),
        state=DONE,
        ended_at=moment_now(),
        outcome=Outcome(f"It is made: {MARK}."),
        about=BACKUP,
        user_name="administrator",
    )
    (workspace.path / "jobs").mkdir(exist_ok=True)
    Records(workspace.path / "jobs").write(job)
    with Store.open(workspace) as store:
        batches = store.batches()
    ids = {
        "source": "apk",
        "batch_id": next(b.batch_id for b in batches if b.source_id == "apk"),
        "day": f"{datetime.now(PRAGUE) - timedelta(hours=0):%Y-%m-%d}",
        "filename": "css/base.css",
        "job_id": job.job_id,
        "name": OTHER_ASSISTANT,
        "report_id": own,
        "other_report_id": other,
        "staged_id": staged.staged_id,
        "suffix": "csv",
        "token": link,
        "version_id": 1,
        "backup": backup.path.name,
    }
    return Filled(workspace, ids, b"")


def value_of(filled, endpoint, argument, converter):
    """Return what an argument of a route's address is of this workspace; else something unknown."""
    if endpoint == "map.asset":
        return "leaflet.css"
    if endpoint == "backups.download":
        return filled.ids["backup"]
    if endpoint.startswith("source_record."):
        return filled.ids["source"]
    if argument in filled.ids:
        return filled.ids[argument]
    return 1 if isinstance(converter, IntegerConverter) else "x"


def addresses(app, filled):
    """Return endpoint, methods and an address of something that is there, for every rule."""
    found = []
    with app.test_request_context():
        for rule in app.url_map.iter_rules():
            values = {
                name: value_of(filled, rule.endpoint, name, converter)
                for name, converter in rule._converters.items()
            }
            _host, path = rule.build(values)
            found.append((rule.endpoint, frozenset(rule.methods), path))
    return found


def digest(workspace, *, without=()):
    """Return a text that changes with any row and any file of a workspace.

    The moment at which a sign-in was last seen does not count; `without` names tables and files
    that do not either (names of files as regular expressions).
    """
    found = hashlib.sha256()
    skipped = [re.compile(name) for name in without]
    for path in sorted(workspace.path.rglob("*")):
        name = path.relative_to(workspace.path).as_posix()
        if not path.is_file() or path.name.endswith(("-wal", "-shm", ".lock")):
            continue
        if any(pattern.fullmatch(name) for pattern in skipped):
            continue
        found.update(f"\x00{name}\x00".encode())
        if path.suffix == ".db":
            found.update(_rows(path, without))
        else:
            found.update(path.read_bytes())
    return found.hexdigest()


def _rows(path, without):
    """Return a digest of all rows of a database."""
    found = hashlib.sha256()
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as database:
        tables = database.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY 1")
        for (table,) in tables.fetchall():
            if table in without:
                continue
            columns = [
                column[1]
                for column in database.execute(f'PRAGMA table_info("{table}")')
                if column[1] not in _IN_USE.get(table, ())
            ]
            named = ", ".join(f'"{column}"' for column in columns)
            for row in database.execute(f'SELECT {named} FROM "{table}" ORDER BY rowid'):  # noqa: S608
                found.update(repr(row).encode())
    return found.digest()
