"""Databases of earlier versions of the program: opened, nothing is lost, and the check passes."""

import json
import sqlite3

import pytest
from alembic import command

from hotspots import schema
from hotspots.backup import make_backup, restore_backup
from hotspots.checkup import check_workspace
from hotspots.settings import Settings, Workspace
from hotspots.store import Store
from hotspots.store.engine import make_engine, writing
from hotspots.store.migrate import CHAIN, _config, known_revisions

# As the first version of the program stored them: written down here, not made by today's code.
FIRST = (
    "INSERT INTO sources VALUES (1, 'city', 'municipal_police', 'Městská policie', 'MP', 3, 1)",
    "INSERT INTO source_records VALUES (1, 1, '2024-01-01', '2024-06-30', 1)",
    "INSERT INTO traits VALUES (1, 'minute', 'theft', 'theft', '', 'unknown', 'coordinates', "
    "NULL, 0, '', '', 1)",
    "INSERT INTO traits VALUES (2, 'day', 'public_order', 'public_order', '', 'patrol', "
    "'none', NULL, 1, '', '', 1)",
    "UPDATE store_state SET version = 'of-old'",
)


def account(**parts):
    named = dict.fromkeys(
        ("new", "unchanged", "updated", "duplicates", "outside", "not_placed", "rejected"), 0
    )
    named |= parts
    return json.dumps({"file": "a.csv", "rows_read": sum(named.values()), **named})


def fill_first(connection):
    """Two imports: three incidents, one of them corrected by the second."""
    for statement in FIRST:
        connection.exec_driver_sql(statement)
    for number, text in ((1, account(new=2, not_placed=1)), (2, account(updated=1))):
        connection.exec_driver_sql(
            "INSERT INTO batches (batch_id, source_key, file_name, sha256, format, imported_at, "
            "user_name, mapping, account) VALUES (?, 1, 'a.csv', 'ab', 'csv', "
            "'2024-07-01T08:00:00+00:00', 'eva', '', ?)",
            (number, text),
        )
    rows = (
        (1, "r1", 1, 1_709_676_900, -543_455.6, -1_050_795.3, "", "křik", 2),
        (2, "r2", 1, 1_709_676_960, -543_400.0, -1_050_700.0, "", "", 1),
        (3, "r3", 2, 1_709_683_200, None, None, "u nádraží", "", 1),
    )
    for key, ref, trait, moment, x, y, place, note, batch in rows:
        connection.exec_driver_sql(
            "INSERT INTO incidents (row_key, source_key, source_ref, trait_key, occurred_from, "
            "occurred_to, reported_at, offence_detail, x, y, place_text, note, batch_id, "
            "content_hash) VALUES (?, 1, ?, ?, ?, ?, NULL, 'krádež', ?, ?, ?, ?, ?, ?)",
            (key, ref, trait, moment, moment, x, y, place, note, batch, bytes([key]) * 16),
        )
    connection.exec_driver_sql(
        "INSERT INTO incident_versions (version_key, row_key, trait_key, occurred_from, "
        "occurred_to, reported_at, offence_detail, x, y, place_text, note, batch_id, "
        "content_hash, replaced_by) VALUES (1, 1, 1, 1709676800, 1709676800, NULL, 'krádež', "
        "-543455.6, -1050795.3, '', 'hluk', 1, ?, 2)",
        (b"\x09" * 16,),
    )


def fill_second(connection):
    """The same, with a place decided twice, a remembered one, a pair, and an import undone."""
    fill_first(connection)
    connection.exec_driver_sql(
        "INSERT INTO batches (batch_id, source_key, file_name, sha256, format, imported_at, "
        "user_name, mapping, account, undone_at, undone_by) VALUES (3, 1, 'b.csv', 'cd', 'csv', "
        "'2024-07-02T08:00:00+00:00', 'eva', '', ?, '2024-07-03T08:00:00+00:00', 'jan')",
        (account(new=1),),
    )
    connection.exec_driver_sql(
        "INSERT INTO withdrawn_incidents (withdrawn_key, source_key, source_ref, trait_key, "
        "occurred_from, occurred_to, reported_at, offence_detail, x, y, place_text, note, "
        "batch_id, content_hash, undone_batch) VALUES (1, 1, 'r4', 1, 1709676800, 1709676800, "
        "NULL, 'krádež', NULL, NULL, 'park', '', 3, ?, 3)",
        (b"\x0a" * 16,),
    )
    named = {"source_key": 1, "source_ref": "r3"}
    former = named | {
        "x": None,
        "y": None,
        "place_method": "none",
        "place_precision_m": None,
        "place_score": None,
        "place_matched": "",
        "place_state": "not_found",
        "place_key": "u nadrazi",
        "decision_key": None,
    }
    pair = {"source_key_a": 1, "ref_a": "r1", "source_key_b": 1, "ref_b": "r2"}
    decisions = (
        (
            1,
            "place",
            {
                "placings": [[named, former]],
                "remembered_places": [[{"place_key": "u nadrazi"}, {}]],
            },
            "",
            "",
        ),
        (2, "link", {"links": [[pair, {}]]}, "", ""),
        (3, "dismiss", {"links": [[pair, {}]]}, "jan", "2024-07-04T08:00:00+00:00"),
    )
    for key, kind, before, undone_by, undone_at in decisions:
        connection.exec_driver_sql(
            "INSERT INTO decisions VALUES (?, ?, 'u nádraží', 'eva', "
            "'2024-07-01T09:00:00+00:00', ?, ?, ?)",
            (key, kind, json.dumps(before), undone_by, undone_at),
        )
    connection.exec_driver_sql(
        "INSERT INTO placings VALUES (1, 1, 'r3', -543100.0, -1050600.0, 'landmark', 25.0, "
        "NULL, 'nádraží', 'by_person', 'u nadrazi', 1)"
    )
    connection.exec_driver_sql(
        "INSERT INTO remembered_places VALUES ('u nadrazi', 'u nádraží', -543100.0, -1050600.0, "
        "'landmark', 25.0, 'nádraží', 'by_person', 1)"
    )
    connection.exec_driver_sql("INSERT INTO links VALUES (1, 1, 'r1', 1, 'r2', 'confirmed', 91, 2)")


def make_old(folder, revision, fill):
    """Make a workspace whose database is of an earlier revision."""
    workspace = Workspace(folder, Settings())
    folder.mkdir()
    workspace.write_settings()
    workspace.database.touch(mode=0o600)
    engine = make_engine(workspace, create=True)
    with writing(engine) as connection:
        command.upgrade(_config(CHAIN, connection), revision)
        fill(connection)
    engine.dispose()
    return workspace


def rows_of(file):
    """Return every row of every table, by table and by column."""
    connection = sqlite3.connect(file)
    connection.row_factory = sqlite3.Row
    try:
        names = [
            row[0]
            for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        ]
        return {
            name: [dict(row) for row in connection.execute(f"SELECT * FROM {name}")]  # noqa: S608
            for name in names
            if name != "alembic_version"
        }
    finally:
        connection.close()


@pytest.mark.parametrize(
    ("revision", "fill", "n_decisions"), [("0001", fill_first, 0), ("0002", fill_second, 3)]
)
def test_nothing_is_lost(tmp_path, revision, fill, n_decisions):
    workspace = make_old(tmp_path / "old", revision, fill)
    before = rows_of(workspace.database)
    with Store.open(workspace) as store:
        incidents = store.read_incidents()
        assert incidents[schema.SOURCE_REF].tolist() == ["r1", "r2", "r3"]
        assert incidents[schema.NOTE].tolist() == ["křik", "", ""]
        assert [batch.batch_id for batch in store.batches()][:2] == [1, 2]
        assert len(store.decisions()) == n_decisions
        assert store.read_batch_incidents(1)[schema.NOTE].tolist()[0] == "hluk"
        [source] = store.sources()
        assert (source.n_incidents, source.n_displaced, source.label) == (3, 1, "Městská policie")
    after = rows_of(workspace.database)
    for table, rows in before.items():
        kept = [{name: row[name] for name in rows[0]} for row in after[table]] if rows else []
        assert kept == rows, table
    [copy] = workspace.backups.glob(f"hotspots-{revision}-*.db")
    assert rows_of(copy) == before
    found = check_workspace(workspace.path)
    assert found.is_well, found.faults


def test_what_was_decided_before_can_be_undone_after(tmp_path):
    workspace = make_old(tmp_path / "old", "0002", fill_second)
    with Store.open(workspace) as store:
        placed = store.read_incidents().set_index(schema.SOURCE_REF)
        assert placed.loc["r3", schema.X] == -543_100.0
        store.undo_decision(1, user="eva")
        store.undo_decision(2, user="eva")
        assert store.remembered_places() == {}
        assert store.read_links().empty
    assert check_workspace(workspace.path).is_well


@pytest.mark.parametrize(("revision", "fill"), [("0001", fill_first), ("0002", fill_second)])
def test_a_backup_of_an_older_database_is_restored_as_of_today(tmp_path, revision, fill):
    workspace = make_old(tmp_path / "old", revision, fill)
    made = make_backup(workspace)
    # A backup changes nothing, not even the form of the tables.
    assert made.manifest.revisions["hotspots.db"] == revision
    restored = restore_backup(made.path, tmp_path / "new")
    assert restored.checkup.is_well, restored.checkup.faults
    assert (
        rows_of(restored.workspace.database)["incidents"]
        == rows_of(workspace.database)["incidents"]
    )


def test_the_revisions_tried_are_all_the_earlier_ones():
    assert set(known_revisions()) - {CHAIN.head} == {"0001", "0002"}
