"""Bring the tables to the form that the code speaks, with a copy made before any change."""

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from sqlalchemy import Connection, Engine, inspect

from hotspots.errors import StoreError
from hotspots.files import make_private
from hotspots.i18n import _
from hotspots.store import tables
from hotspots.store.engine import reading, say_damaged, writing

if TYPE_CHECKING:
    from alembic.config import Config


@dataclass(frozen=True)
class Chain:
    """A chain of migrations.

    Attributes
    ----------
    scripts
        Directory of Alembic's `env.py` and of `versions/`.
    head
        The revision that the code speaks.
    version_table
        Table that holds the revision of the tables there.
    """

    scripts: Path
    head: str
    version_table: str


CHAIN: Final = Chain(Path(__file__).parent / "migrations", tables.HEAD, "alembic_version")


def _config(chain: Chain, connection: Connection | None = None) -> "Config":
    # Alembic is slow to load and needed for a new or an older database only.
    from alembic.config import Config

    config = Config()
    places = {"script_location": chain.scripts, "version_locations": chain.scripts / "versions"}
    for option, value in places.items():
        config.set_main_option(option, str(value).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


def known_revisions(chain: Chain = CHAIN) -> list[str]:
    """Return the revisions that this version of the program can migrate, newest first."""
    from alembic.script import ScriptDirectory

    scripts = ScriptDirectory.from_config(_config(chain))
    return [script.revision for script in scripts.walk_revisions()]


def stored_revision(connection: Connection, chain: Chain = CHAIN) -> str | None:
    """Return the revision of the tables there, None where there are none of ours."""
    if not inspect(connection).has_table(chain.version_table):
        return None
    found = connection.exec_driver_sql(
        f"SELECT version_num FROM {chain.version_table}"  # noqa: S608 - a name of ours
    ).fetchone()
    return str(found[0]) if found else None


def upgrade(engine: Engine, chain: Chain = CHAIN) -> None:
    """Create the tables or bring them up to date, in one transaction."""
    from alembic import command

    with writing(engine) as connection:
        command.upgrade(_config(chain, connection), "head")


def ensure_current(
    engine: Engine, *, file: Path | None, backups: Path, chain: Chain = CHAIN
) -> None:
    """Check the tables' revision and migrate an older one, after a copy into `backups`.

    Parameters
    ----------
    engine
        Of the database.
    file
        The SQLite file; None for a server, whose backups are its administrator's.
    backups
        Directory for the copy; made if missing.
    chain
        Whose tables.

    Raises
    ------
    StoreError
        No tables of ours, or made by a newer version of the program.
    """
    with reading(engine) as connection:
        found = stored_revision(connection, chain)
    if found == chain.head:
        return
    if found is None:
        raise StoreError(say_damaged(_("its tables are missing"), backups))
    if found not in known_revisions(chain):
        raise StoreError(
            _(
                "the database was made by a newer version of the program "
                "(tables {found}, known {known}); update the program"
            ).format(found=found, known=chain.head)
        )
    if file is not None:
        backups.mkdir(parents=True, exist_ok=True)
        stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
        copy_database(file, backups / f"{file.stem}-{found}-{stamp}.db")
    upgrade(engine, chain)


def copy_database(file: Path, target: Path) -> None:
    """Copy a SQLite database whole, what is still in its write-ahead log included."""
    draft = target.with_name(target.name + ".part")
    make_private(draft)
    with (
        closing(sqlite3.connect(f"{file.resolve().as_uri()}?mode=ro", uri=True)) as source,
        closing(sqlite3.connect(draft)) as copy,
    ):
        source.backup(copy)
    draft.replace(target)
