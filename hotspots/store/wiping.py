"""What is deleted leaves the database file too: overwritten, and the file written anew.

SQLite only marks deleted rows as free; their bytes would stay in the file, in its write-ahead log
and in pages that earlier changes left behind.
"""

import sqlite3

from sqlalchemy import Connection, Engine

from hotspots.store.engine import reading


def overwrite_deleted(connection: Connection) -> None:
    """Have SQLite overwrite with zeros what this connection deletes from now on."""
    driver = connection.connection.driver_connection
    if isinstance(driver, sqlite3.Connection):
        driver.execute("PRAGMA secure_delete = ON").close()


def wipe(engine: Engine) -> bool:
    """Write the database file anew without what was deleted, and empty its log.

    Returns
    -------
    is_wiped
        False where somebody was reading all the while, so that the log could not be emptied, and
        where the database is on a server, whose files only its own administrator can clean.

    Raises
    ------
    StoreError
        The disk is full, or somebody is writing.
    """
    with reading(engine) as connection:
        driver = connection.connection.driver_connection
        if not isinstance(driver, sqlite3.Connection):
            return False
        # Outside of any transaction: these statements begin none of their own.
        _empty_log(driver)
        driver.execute("VACUUM").close()
        return _empty_log(driver)


def _empty_log(driver: sqlite3.Connection) -> bool:
    busy, _in_log, _moved = driver.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    return not busy
