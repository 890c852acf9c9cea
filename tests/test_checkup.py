"""`hotspots check` finds each fault it is for, and nothing in a workspace that is whole."""

import json
import shutil
import sqlite3
from datetime import UTC, datetime, timedelta

import pytest
from click.testing import CliRunner

from hotspots import schema
from hotspots.accounts import Accounts
from hotspots.backup import audit_seen, make_backup, restore_backup
from hotspots.checkup import AuditSeen, check_workspace, databases
from hotspots.cli import main
from hotspots.errors import StoreError
from hotspots.ingest.batches import undo_batch
from hotspots.layers.bundled import install_bundled
from hotspots.settings import Workspace
from hotspots.store import Place, Store
from tests.importing import make_workspace
from tests.test_backup import import_points


@pytest.fixture(scope="module")
def filled(tmp_path_factory):
    """Workspace with imports, one undone, decisions, one undone, layers and accounts."""
    workspace = make_workspace(tmp_path_factory.mktemp("check") / "town")
    workspace.layers.mkdir()
    workspace.backups.mkdir()
    install_bundled(workspace)
    for shift, name in ((0.0, "a.csv"), (0.5, "b.csv"), (0.9, "c.csv")):
        import_points(workspace, 30, shift=shift, name=name)
    undo_batch(workspace, 3, user="eva")
    with Store.open(workspace) as store:
        one, two, three = store.read_incidents()[schema.INCIDENT_ID].iloc[:3].tolist()
        place = Place(-543_000.0, -1_050_100.0, "manual", 25.0, "Lipovská 12")
        store.decide_place([one], place, user="eva", text="Lipovská 12", remember=True)
        store.decide_place([one], None, user="eva", text="Lipovská 12")
        store.decide_links([(one, two, 90.0)], state="confirmed", user="eva")
        store.decide_links([(two, three, 80.0)], state="dismissed", user="eva")
        taken_back = store.decide_links([(two, three, 80.0)], state=None, user="eva")
        store.undo_decision(taken_back, user="eva")
    with Accounts.open(workspace) as accounts:
        for action in ("import", "export", "backup"):
            accounts.record(action, user_name="eva", role="administrator")
    (workspace.path / "secret.key").write_bytes(b"k" * 32)
    (workspace.path / "secret.key").chmod(0o600)
    return workspace


@pytest.fixture
def town(filled, tmp_path):
    shutil.copytree(filled.path, tmp_path / "town")
    return Workspace.open(tmp_path / "town")


def sql(file, *statements):
    connection = sqlite3.connect(file)
    try:
        for statement in statements:
            connection.execute(statement)
        connection.commit()
    finally:
        connection.close()


def texts(workspace):
    found = check_workspace(workspace.path)
    assert all(fault.cure for fault in found.faults)
    return [fault.text for fault in found.faults]


def test_a_whole_workspace_has_no_fault(filled):
    assert texts(filled) == []


def test_a_new_workspace_has_no_fault(tmp_path):
    assert texts(make_workspace(tmp_path / "new")) == []


def test_an_import_taken_back_after_all_is_no_fault(town):
    undo_batch(town, 1, user="eva")
    assert texts(town) == []
    undo_batch(town, 2, user="eva")
    assert texts(town) == []


STORE_FAULTS = {
    "totals": (
        "UPDATE sources SET n_incidents = 7",
        "source accidents says it has 7 incidents",
    ),
    "account": (
        """UPDATE batches SET account = replace(account, '"new": 30', '"new": 31') """
        "WHERE batch_id = 1",
        "the account of import 1 does not add up: 30 rows read, 31 accounted for",
    ),
    "no account": (
        "UPDATE batches SET account = 'x' WHERE batch_id = 2",
        "the account of import 2 cannot be read",
    ),
    "seen": (
        "UPDATE batches SET also_seen = x'00' WHERE batch_id = 2",
        "what import 2 noted of earlier imports cannot be read",
    ),
    "undone": (
        "UPDATE incidents SET batch_id = 3 WHERE row_key = 1",
        "import 3 is undone, and yet the store holds what it told: incidents (1)",
    ),
    "order": (
        "UPDATE incident_versions SET replaced_by = batch_id WHERE version_key = 1",
        "former versions replaced by an earlier import: 1",
    ),
    "coordinate": (
        "UPDATE incidents SET y = NULL WHERE row_key = 2",
        "incidents with only one coordinate: 1 (",
    ),
    "time": (
        "UPDATE incidents SET occurred_from = occurred_to + 1 WHERE row_key = 2",
        "incidents that end before they begin: 1 (",
    ),
    "placing": (
        "UPDATE placings SET source_ref = 'nobody'",
        "places that belong to no incident: 1 (nobody)",
    ),
    "placing state": (
        "UPDATE placings SET place_state = 'somewhere'",
        "places in a state that does not exist: 1",
    ),
    "placing half": ("UPDATE placings SET x = 1.0", "places that lack a coordinate: 1"),
    "placing by nobody": (
        "UPDATE placings SET decision_key = NULL",
        "places of a person that no decision made: 1",
    ),
    "placing undone": (
        "UPDATE decisions SET undone_at = '2024-01-01T00:00:00+00:00' WHERE decision_key = 2",
        "places that rest on an undone decision: 1",
    ),
    "remembered undone": (
        "UPDATE decisions SET undone_at = '2024-01-01T00:00:00+00:00' WHERE decision_key = 1",
        "remembered places that rest on an undone decision: 1",
    ),
    "pair": ("UPDATE links SET ref_a = 'nobody'", "pairs with an incident that does not exist: 2"),
    "pair state": (
        "UPDATE links SET link_state = 'perhaps'",
        "pairs in a state that does not exist: 2",
    ),
    "decision": (
        "UPDATE decisions SET before = '[' WHERE decision_key = 3",
        "what decision 3 replaced cannot be read, so it cannot be undone",
    ),
    "decision gone": (
        "UPDATE placings SET decision_key = 1",
        "decision 2 holds, and yet what it decided is gone",
    ),
    "record": (
        "UPDATE source_records SET first_day = 'yesterday'",
        "a period of record of source accidents cannot be read",
    ),
    "state": ("DELETE FROM store_state", "the store does not say of which version its data are"),
}


@pytest.mark.parametrize("name", STORE_FAULTS)
def test_each_fault_between_rows_is_told(town, name):
    statement, says = STORE_FAULTS[name]
    sql(town.database, statement)
    found = texts(town)
    assert any(text.startswith(says) for text in found), found


def test_rows_that_refer_to_nothing_are_told(town):
    sql(town.database, "UPDATE incidents SET batch_id = 99 WHERE row_key < 4")
    assert texts(town) == [
        "hotspots.db: rows of the table incidents that refer to what does not exist: 3"
    ]


def test_a_damaged_database_is_told(town):
    data = bytearray(town.database.read_bytes())
    data[30_000:70_000] = b"\xff" * 40_000
    town.database.write_bytes(data)
    found = texts(town)
    assert found
    assert found[0].startswith(("hotspots.db is damaged", "hotspots.db cannot be read"))


def test_a_missing_database_is_told(town):
    town.database.unlink()
    assert texts(town) == ["hotspots.db is missing"]


def test_a_database_that_is_not_reached_is_not_called_damaged(town, monkeypatch):
    """On a read-only or failing disk a restore would be the wrong cure."""
    gone = (town.path / "gone" / "hotspots.db").as_uri()
    monkeypatch.setattr(
        databases, "_open", lambda _file: sqlite3.connect(f"{gone}?mode=ro", uri=True)
    )
    (fault,) = databases.check_database(town)
    assert fault.text == "hotspots.db cannot be read: unable to open database file"
    assert fault.cure.startswith("the file may be whole: look whether the disk is read-only")


def test_a_changed_audit_record_is_told(town):
    sql(
        town.accounts,
        "DROP TRIGGER audit_no_change",
        "UPDATE audit SET user_name = 'somebody else' WHERE audit_key = 2",
    )
    assert texts(town) == [
        "the audit record was changed by other means: line 2 does not follow",
        "what protects the audit record from changes was removed from the database",
    ]


def test_an_audit_record_cut_off_is_told(town, tmp_path):
    """The chain says nothing of lines taken from its end; the backups do."""
    cut = (
        "DROP TRIGGER audit_no_removal",
        "DELETE FROM audit WHERE audit_key > 1",
        "CREATE TRIGGER audit_no_removal BEFORE DELETE ON audit "
        "BEGIN SELECT RAISE(ABORT, 'no'); END",
    )
    made = make_backup(town)
    assert check_workspace(town.path, seen=audit_seen(town)).is_well
    sql(town.accounts, *cut)
    assert texts(town) == []
    [fault] = check_workspace(town.path, seen=audit_seen(town)).faults
    assert fault.text == (
        f"lines of the audit record were cut off: there are 1, the backup {made.path.name} "
        "knows of 3"
    )
    # A workspace restored from an earlier backup has fewer lines, and rightly.
    later = [AuditSeen("later.zip", datetime.now(UTC) - timedelta(hours=1), 500)]
    restored = restore_backup(made.path, tmp_path / "restored").workspace
    assert check_workspace(restored.path, seen=later).is_well


def test_nobody_who_may_administer_is_told(town):
    with Accounts.open(town) as accounts:
        accounts.add_user("jan", display_name="Jan", role="mentor", by=None)
    assert texts(town) == ["nobody may administer: no account of an administrator is open"]


def test_files_that_cannot_be_read_are_told(town):
    town.mappings.mkdir(exist_ok=True)
    (town.mappings / "bad.toml").write_text("columns = 3")
    (town.path / "offences.csv").write_text("what\n")
    (town.path / "settings.toml").write_text('town = "x"\nidle_minutes = -1\n')
    found = check_workspace(town.path).faults
    assert [fault.about for fault in found] == ["settings"] * 3
    assert "idle_minutes" in found[0].text


def test_layers_that_are_not_as_they_say_are_told(town):
    versions = town.layers / "versions"
    shutil.copyfile(versions / "0001.gpkg", versions / "0007.gpkg")
    (versions / "0008.gpkg").write_bytes(b"no layers")
    found = texts(town)
    assert "0007.gpkg says that it is version 1 of the layers" in found
    assert "version 8 of the layers cannot be read" in found
    (town.layers / "layers.gpkg").unlink()
    assert texts(town) == ["the layers in force are missing"]


def test_files_that_others_may_read_are_told(town):
    town.database.chmod(0o644)
    (town.backups / "hotspots-20240101T000000Z.zip").write_bytes(b"")
    (town.backups / "hotspots-20240101T000000Z.zip").chmod(0o640)
    found = check_workspace(town.path).faults
    assert [fault.text for fault in found] == [
        "hotspots.db can be read by other users of this machine (644)",
        "backups/hotspots-20240101T000000Z.zip can be read by other users of this machine (640)",
    ]
    assert found[0].cure == f"chmod 600 {town.database}"


def test_what_is_no_workspace_is_not_checked(tmp_path):
    with pytest.raises(StoreError, match="is no workspace"):
        check_workspace(tmp_path)


def test_the_command(town):
    def run(*options):
        return CliRunner().invoke(main, ["check", "-w", str(town.path), *options])

    well = run()
    assert well.exit_code == 0
    assert "is whole" in well.output
    sql(town.database, "UPDATE sources SET n_incidents = 7")
    ill = run()
    assert ill.exit_code == 1
    assert "error: source accidents says" in ill.output
    assert "hotspots restore FILE DIR" in ill.output
    assert "1 fault found." in ill.output
    told = json.loads(run("--json").stdout)
    assert (told["ok"], len(told["faults"]), told["recorded"]) == (False, 1, True)
    with Accounts.open(town) as accounts:
        entries = accounts.audit_entries(actions=["backup"])
    assert [e.details.get("faults") for e in entries[:3]] == [1, 1, 0]
    assert {e.role for e in entries[:3]} == {"system"}
