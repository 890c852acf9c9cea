"""Whether the server works: a bare yes or no for whoever watches it, details for administrators."""

import shutil
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from flask import Blueprint, Response, current_app, jsonify

from hotspots import __version__
from hotspots.accounts import Accounts
from hotspots.accounts.base import CHAIN as ACCOUNTS_CHAIN
from hotspots.backup import list_backups
from hotspots.settings import Workspace
from hotspots.store import Store
from hotspots.store.migrate import CHAIN
from web.answers import answers
from web.auth import accounts

bp = Blueprint("health", __name__)


@bp.get("/health")
def show() -> Response:
    """Answer 200 while incidents and accounts can be read, else 503; nothing else is told."""
    try:
        workspace = answers().workspace
        if not (workspace.path / "settings.toml").is_file():
            raise FileNotFoundError
        with Store.open(workspace) as store:
            store.version()
        if not current_app.config["OPEN_ACCESS"]:
            accounts().is_set_up()
        works = True
    except Exception:  # whatever it is: the server does not do what it is for
        current_app.logger.warning("the workspace cannot be read", exc_info=True)
        works = False
    response = jsonify(status="ok" if works else "unavailable")
    response.status_code = 200 if works else 503
    response.headers["Cache-Control"] = "no-store"
    return response


@dataclass(frozen=True)
class HealthReport:
    """How a workspace is, for its administrator.

    Attributes
    ----------
    program
        Version of the program.
    tables, account_tables
        Revisions that it speaks, to which the databases are brought when they are opened.
    n_incidents, n_imports
        Incidents kept, and all imports; of those undone no incident is kept.
    database_bytes, accounts_bytes, layers_bytes, backups_bytes
        Room taken on disk.
    free_bytes
        Room left on the workspace's disk.
    last_backup
        Of those in the workspace's directory `backups`, UTC; None where there is none.
    n_backups
        How many these are.
    last_import
        Undone or not, UTC; None where nothing was imported yet.
    audit_break
        First line of the audit record that does not follow from those before; None if all do.
    """

    program: str
    tables: str
    account_tables: str
    n_incidents: int
    n_imports: int
    database_bytes: int
    accounts_bytes: int
    layers_bytes: int
    backups_bytes: int
    free_bytes: int
    last_backup: datetime | None
    n_backups: int
    last_import: datetime | None
    audit_break: int | None

    @property
    def audit_is_whole(self) -> bool:
        """Whether nobody changed the audit record by other means."""
        return self.audit_break is None


def health_report(workspace: Workspace, kept: Accounts | None = None) -> HealthReport:
    """Return how a workspace is.

    Parameters
    ----------
    workspace
        Which.
    kept
        Its accounts, where they are open already.

    Raises
    ------
    StoreError
        A database cannot be read.
    """
    with Store.open(workspace) as store:
        n_incidents = sum(source.n_incidents for source in store.sources())
        imports = store.batches()
    if kept is None:
        with Accounts.open(workspace) as opened:
            audit_break = opened.find_audit_break()
    else:
        audit_break = kept.find_audit_break()
    backups = list_backups(workspace)
    return HealthReport(
        program=__version__,
        tables=CHAIN.head,
        account_tables=ACCOUNTS_CHAIN.head,
        n_incidents=n_incidents,
        n_imports=len(imports),
        database_bytes=_bytes_of(workspace.database),
        accounts_bytes=_bytes_of(workspace.accounts),
        layers_bytes=sum(_bytes_of(path) for path in workspace.layers.rglob("*.gpkg")),
        backups_bytes=sum(_bytes_of(path) for path in workspace.backups.glob("*")),
        free_bytes=shutil.disk_usage(workspace.path).free,
        last_backup=backups[0].made_at if backups else None,
        n_backups=len(backups),
        last_import=max((datetime.fromisoformat(b.imported_at) for b in imports), default=None),
        audit_break=audit_break,
    )


def _bytes_of(path: Path) -> int:
    """Return the size of a file, with SQLite's log beside it; 0 where there is none."""
    size = 0
    for part in (path, path.with_name(f"{path.name}-wal")):
        try:
            size += part.stat().st_size
        except OSError:
            continue
    return size
