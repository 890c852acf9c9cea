"""A backup holds one moment of a workspace, comes back whole anywhere, and no trap is opened."""

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
import time
import zipfile
from hashlib import sha256
from pathlib import Path

import pandas as pd
import pytest
from argon2 import PasswordHasher
from click.testing import CliRunner

from hotspots import schema
from hotspots.accounts import SYSTEM, Accounts, passwords
from hotspots.backup import list_backups, make_backup, read_backup, restore_backup
from hotspots.backup import making as making_module
from hotspots.backup import manifest as manifest_module
from hotspots.backup import restoring as restoring_module
from hotspots.checkup import check_workspace
from hotspots.cli import main
from hotspots.errors import NotFoundError, ParameterError, SourceError, StoreError
from hotspots.ingest.importer import import_file
from hotspots.layers.bundled import install_bundled
from hotspots.settings import Settings, Workspace
from hotspots.store import Place, Store
from tests.importing import BOUNDARY, make_workspace
from tests.test_importer import MAPPING

ROOT = Path(__file__).resolve().parents[1]
N = 60


def write_points(path, n, *, shift=0.0):
    lines = ["id,when,x,y"]
    lines += [f"{k},2024-03-{k % 28 + 1:02d},{-543_000 - k - shift},-1050000" for k in range(n)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def import_points(workspace, n, *, shift=0.0, name="points.csv"):
    write_points(workspace.path / name, n, shift=shift)
    return import_file(workspace, workspace.path / name, mapping=MAPPING, boundary=BOUNDARY)


@pytest.fixture(scope="module")
def filled(tmp_path_factory):
    """Workspace with everything that a backup holds."""
    workspace = make_workspace(tmp_path_factory.mktemp("backup") / "town")
    workspace.layers.mkdir()
    install_bundled(workspace)
    import_points(workspace, N)
    import_points(workspace, N, shift=0.5)
    with Store.open(workspace) as store:
        chosen = store.read_incidents()[schema.INCIDENT_ID].iloc[:2].tolist()
        place = Place(-543_000.0, -1_050_100.0, "manual", 25.0, "Lipovská 12")
        store.decide_place(chosen[:1], place, user="eva", text="Lipovská 12")
        store.decide_links([(chosen[0], chosen[1], 90.0)], state="confirmed", user="eva")
    with Accounts.open(workspace) as accounts:
        accounts.add_user("eva", display_name="Eva", role="administrator", by=None)
    (workspace.path / "secret.key").write_bytes(b"k" * 32)
    (workspace.path / "secret.key").chmod(0o600)
    return workspace


@pytest.fixture
def town(filled, tmp_path):
    shutil.copytree(filled.path, tmp_path / "town")
    return Workspace.open(tmp_path / "town")


@pytest.fixture(scope="module")
def made(filled, tmp_path_factory):
    """A backup of the filled workspace."""
    return make_backup(filled, out=tmp_path_factory.mktemp("out") / "town.zip")


def content(workspace):
    """Everything that a backup must bring back, but the audit record, which goes on."""
    with Store.open(workspace) as store:
        incidents = store.read_incidents()
        rest = (store.sources(), store.batches(), store.decisions(), store.version())
        rest += (store.read_placings().to_csv(), store.read_links().to_csv())
    with Accounts.open(workspace) as accounts:
        people = accounts.users()
    mappings = {p.name: p.read_bytes() for p in workspace.mappings.glob("*")}
    layers = {p.name: p.read_bytes() for p in workspace.layers.rglob("*.gpkg")}
    return incidents, (*rest, people, mappings, layers, workspace.settings)


def rewrite(source, target, change=lambda name, data: data, extra=()):
    """Copy an archive member by member, changed by a function; None leaves a member out."""
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as new:
        for info in old.infolist():
            data = change(info.filename, old.read(info))
            if data is not None:
                new.writestr(info.filename, data)
        for name, data in extra:
            new.writestr(name, data)
    return target


def run(*args):
    return CliRunner().invoke(main, [str(a) for a in args], catch_exceptions=False)


def test_everything_comes_back_on_an_empty_machine(filled, made, tmp_path):
    target = tmp_path / "new" / "machine"
    restored = restore_backup(made.path, target)
    assert restored.checkup.is_well, restored.checkup.faults
    before, after = content(filled), content(Workspace.open(target))
    pd.testing.assert_frame_equal(before[0], after[0])
    assert before[1] == after[1]
    assert len(after[0]) == N
    assert not (target / "secret.key").exists()
    assert check_workspace(target).is_well


def test_files_of_a_restored_workspace_are_its_owners_alone(made, tmp_path):
    restore_backup(made.path, tmp_path / "town")
    for path in [made.path, *(tmp_path / "town").glob("*.db"), tmp_path / "town" / "settings.toml"]:
        assert path.stat().st_mode & 0o077 == 0, path


def test_the_list_says_what_is_in_the_archive(made):
    listed = read_backup(made.path)
    assert listed == made.manifest
    assert listed.counts["incidents"] == N
    assert (listed.counts["batches"], listed.counts["decisions"]) == (2, 2)
    assert listed.revisions["hotspots.db"] == "0003"
    with zipfile.ZipFile(made.path) as archive:
        names = archive.namelist()
        assert names[-1] == "manifest.json"
        assert "secret.key" not in names
        for name, file in listed.files.items():
            assert sha256(archive.read(name)).hexdigest() == file.sha256


def test_a_backup_and_a_restore_are_in_the_audit_record(town, tmp_path):
    made = make_backup(town)
    with Accounts.open(town) as accounts:
        [entry, *_others] = accounts.audit_entries(actions=["backup"])
    assert (entry.role, entry.subject) == (SYSTEM, made.path.name)
    assert entry.details["made"] is True
    restore_backup(made.path, tmp_path / "again")
    with Accounts.open(Workspace.open(tmp_path / "again")) as accounts:
        [entry, *_others] = accounts.audit_entries(actions=["backup"])
        assert accounts.find_audit_break() is None
    assert entry.details["restored"] is True


def test_a_changed_audit_record_is_told_and_older_backups_stay(town):
    first = make_backup(town)
    with sqlite3.connect(town.accounts) as connection:
        for (name,) in connection.execute(
            "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'audit'"
        ).fetchall():
            connection.execute(f"DROP TRIGGER {name}")
        connection.execute("UPDATE audit SET user_name = 'somebody' WHERE audit_key = 1")
    connection.close()
    result = CliRunner().invoke(main, ["backup", "--keep", "1", "--workspace", str(town.path)])
    assert result.exit_code == 0, result.output
    assert "audit record was changed by other means at line 1" in result.output
    assert first.path.is_file()
    assert len(list_backups(town)) == 2


def test_a_link_used_and_a_sign_in_ended_since_do_not_come_back(town, tmp_path, monkeypatch):
    monkeypatch.setattr(passwords, "_HASHER", PasswordHasher(1, 8, 1))
    password = "kolovrat-mlha-ostruzina-7"  # noqa: S105 - of a test
    with Accounts.open(town) as accounts:
        link = accounts.add_user("ota", display_name="Ota", role="mentor", by=None)
        accounts.use_link(link, password=password)
        link = accounts.add_user("ida", display_name="Ida", role="mentor", by=None)
        token = accounts.sign_in("ota", password, address="", browser="")
        backup = make_backup(town)
        accounts.use_link(link, password=password)
        accounts.sign_out(token)
    restored = restore_backup(backup.path, tmp_path / "new")
    with Accounts.open(restored.workspace) as accounts:
        with pytest.raises(NotFoundError, match="used or is too old"):
            accounts.use_link(link, password=password)
        assert accounts.who(token) is None
        assert accounts.sign_ins(accounts.user("ota")) == []
        assert accounts.sign_in("ota", password, address="", browser="")


def test_a_backup_while_imports_run_is_a_state_between_two(town, tmp_path):
    states = {}
    stop, begun = threading.Event(), threading.Event()

    def note():
        with Store.open(town) as store:
            frame = store.read_incidents()
            states[store.version()] = (len(frame), frame[schema.X].sum(), len(store.batches()))

    def keep_importing():
        turn = 0
        while not stop.is_set():
            turn += 1
            import_points(town, N + 40 * (turn % 3), shift=turn, name="live.csv")
            note()
            begun.set()

    note()
    writer = threading.Thread(target=keep_importing)
    writer.start()
    try:
        assert begun.wait(60)
        backups = [make_backup(town, out=tmp_path / f"{k}.zip") for k in range(3)]
    finally:
        stop.set()
        writer.join(60)
    assert len(states) > 3
    for number, backup in enumerate(backups):
        restored = restore_backup(backup.path, tmp_path / f"restored{number}")
        assert restored.checkup.is_well, restored.checkup.faults
        with Store.open(restored.workspace) as store:
            frame = store.read_incidents()
            found = (len(frame), frame[schema.X].sum(), len(store.batches()))
            assert states[store.version()] == found


def test_old_backups_are_removed_and_nothing_else(town):
    town.backups.mkdir(exist_ok=True)
    for day in range(1, 5):
        (town.backups / f"hotspots-2024010{day}T030000Z.zip").write_bytes(b"old")
    other = town.backups / "hotspots-copy.zip"
    other.write_bytes(b"mine")
    made = make_backup(town, keep=2)
    assert [kept.path for kept in list_backups(town)] == [
        made.path,
        town.backups / "hotspots-20240104T030000Z.zip",
    ]
    assert len(made.removed) == 3
    assert other.exists()
    assert [p.name for p in town.backups.iterdir() if p.name.startswith(".")] == []


def test_copies_of_former_tables_go_with_the_backups_of_their_time(town):
    """They hold what was erased since; one younger than a kept backup may still be wanted."""
    town.backups.mkdir(exist_ok=True)
    for day in (1, 3):
        (town.backups / f"hotspots-2024010{day}T030000Z.zip").write_bytes(b"old")
    names = [
        f"{stem}-2024010{day}T020000Z.db"
        for day in (1, 2)
        for stem in ("hotspots-0002", "accounts-0001")
    ]
    for name in (*names, "hotspots-0003-20240104T020000Z.db", "mine.db"):
        (town.backups / name).write_bytes(b"copy")
    assert make_backup(town, keep=4).removed == ()
    made = make_backup(town, keep=3)
    assert {path.name for path in made.removed} == {"hotspots-20240101T030000Z.zip", *names}
    left = {path.name for path in town.backups.glob("*.db")}
    assert left == {"hotspots-0003-20240104T020000Z.db", "mine.db"}


def test_a_failed_backup_leaves_nothing_and_removes_nothing(town, monkeypatch):
    old = town.backups
    old.mkdir(exist_ok=True)
    (old / "hotspots-20240101T030000Z.zip").write_bytes(b"old")

    def fail(*_args):
        raise SourceError("changed under our hands")

    monkeypatch.setattr(making_module, "_verify", fail)
    with pytest.raises(SourceError, match="changed under our hands"):
        make_backup(town, keep=1)
    assert [p.name for p in old.iterdir()] == ["hotspots-20240101T030000Z.zip"]


def test_a_damaged_database_is_told_and_not_copied(town):
    with sqlite3.connect(town.database) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    data = bytearray(town.database.read_bytes())
    data[20_000:60_000] = os.urandom(40_000)
    town.database.write_bytes(data)
    with pytest.raises(StoreError, match="the database is damaged"):
        make_backup(town)
    assert list_backups(town) == []


def test_what_cannot_be_done_is_said(town, tmp_path, monkeypatch):
    with pytest.raises(ParameterError, match="--keep takes a number"):
        make_backup(town, out=tmp_path / "a.zip", keep=2)
    with pytest.raises(ParameterError, match="does not exist; make it first"):
        make_backup(town, out=tmp_path / "none" / "a.zip")
    monkeypatch.setattr(
        making_module.shutil, "disk_usage", lambda _path: shutil._ntuple_diskusage(10, 9, 1)
    )
    with pytest.raises(StoreError, match="MB free, the backup may need"):
        make_backup(town)
    monkeypatch.setenv("HOTSPOTS_DATABASE_URL", "postgresql+psycopg://h@localhost/h")
    with pytest.raises(StoreError, match="back it up with pg_dump"):
        make_backup(town)
    with pytest.raises(ParameterError, match="unset it to restore"):
        restore_backup(tmp_path / "a.zip", tmp_path / "x")


def test_a_directory_that_holds_something_is_not_touched(made, town, tmp_path):
    before = sorted(p.name for p in town.path.iterdir())
    with pytest.raises(StoreError, match="is not empty"):
        restore_backup(made.path, town.path)
    assert sorted(p.name for p in town.path.iterdir()) == before
    (tmp_path / "file").write_text("x")
    with pytest.raises(StoreError, match="is a file"):
        restore_backup(made.path, tmp_path / "file")


def test_an_empty_directory_is_filled(made, tmp_path):
    target = tmp_path / "ready"
    target.mkdir()
    # What a restore leaves that was killed is in nobody's way.
    (target / ".hotspots-restore-abc").mkdir()
    restore_backup(made.path, target)
    assert Workspace.open(target)
    assert not [p for p in target.iterdir() if p.name.startswith(".hotspots")]


TRICKS = {
    "path": (None, [("../outside.toml", b"x")], "no part of a backup"),
    "absolute": (None, [("/etc/cron.d/x", b"x")], "no part of a backup"),
    "below": (None, [("mappings/../../x.toml", b"x")], "no part of a backup"),
    "key": (None, [("secret.key", b"k" * 32)], "no part of a backup"),
    "unlisted": (None, [("mappings/extra.toml", b"x")], "does not hold what it lists"),
    "swapped": (
        lambda name, data: data[:-1] + b"\0" if name == "accounts.db" else data,
        [],
        "was changed after the backup was made",
    ),
    "shortened": (
        lambda name, data: data[:-9] if name == "settings.toml" else data,
        [],
        "does not hold what it lists",
    ),
    "missing": (
        lambda name, data: None if name == "hotspots.db" else data,
        [],
        "does not hold what it lists",
    ),
    "no list": (
        lambda name, data: None if name == "manifest.json" else data,
        [],
        "it has no list of files",
    ),
    "other list": (
        lambda name, data: b"[]" if name == "manifest.json" else data,
        [],
        "its list of files cannot be read",
    ),
    "newer": (
        lambda name, data: (
            data.replace(b'"format_version": 1', b'"format_version": 2')
            if name == "manifest.json"
            else data
        ),
        [],
        "newer version of the program",
    ),
}


@pytest.mark.parametrize("trick", TRICKS)
def test_what_is_no_backup_is_not_opened(made, tmp_path, trick):
    change, extra, says = TRICKS[trick]
    forged = rewrite(made.path, tmp_path / "forged.zip", change or (lambda _n, d: d), extra)
    with pytest.raises(SourceError, match=says):
        restore_backup(forged, tmp_path / "to" / "town")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["forged.zip"]


def test_a_bomb_is_not_unpacked(made, tmp_path, monkeypatch):
    monkeypatch.setattr(manifest_module, "_ALWAYS_FINE", 10_000_000)
    bomb = rewrite(
        made.path,
        tmp_path / "bomb.zip",
        extra=[("layers/versions/0002.gpkg", bytes(60_000_000))],
    )
    with pytest.raises(SourceError, match="more than a real backup does"):
        restore_backup(bomb, tmp_path / "town")


def test_what_says_to_be_small_is_not_unpacked_beyond_that(made, tmp_path):
    """The sizes that an archive states are not believed while it is unpacked."""
    listed = read_backup(made.path).files["settings.toml"]
    small = manifest_module.StoredFile(10, listed.sha256)
    with (
        zipfile.ZipFile(made.path) as archive,
        pytest.raises(SourceError, match="is damaged or was changed"),
    ):
        manifest_module.copy_member(archive, "settings.toml", small, None)


def test_cut_off_anywhere_it_is_told(made, tmp_path):
    data = made.path.read_bytes()
    for share in (0.0, 0.3, 0.9, 0.999):
        cut = tmp_path / "cut.zip"
        cut.write_bytes(data[: int(share * len(data))])
        with pytest.raises(SourceError, match="take another backup"):
            restore_backup(cut, tmp_path / "town")
    assert not (tmp_path / "town").exists()


def test_a_restore_that_fails_leaves_nothing(made, tmp_path, monkeypatch):
    def fail(_path):
        raise StoreError("no check today")

    monkeypatch.setattr(restoring_module, "check_workspace", fail)
    for target in (tmp_path / "a" / "b", tmp_path / "empty"):
        if target.name == "empty":
            target.mkdir()
        with pytest.raises(StoreError, match="no check today"):
            restore_backup(made.path, target)
    assert [p.name for p in tmp_path.rglob("*")] == ["empty"]


KILLED = """
import sys
from pathlib import Path
from hotspots.backup import make_backup
from hotspots.settings import Workspace
print("ready", flush=True)
while True:
    make_backup(Workspace.open(Path(sys.argv[1])), out=Path(sys.argv[2]))
    Path(sys.argv[2]).rename(sys.argv[2] + ".done")
"""


def test_killed_at_any_moment_no_file_has_the_final_name(town, tmp_path):
    target = tmp_path / "town.zip"
    command = [sys.executable, "-c", KILLED, str(town.path), str(target)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, env=environment) as child:
        try:
            child.stdout.readline()
            draft = None
            deadline = time.monotonic() + 60
            while draft is None and time.monotonic() < deadline:
                draft = next(tmp_path.glob(".hotspots-backup-*/backup.zip"), None)
        finally:
            os.kill(child.pid, signal.SIGKILL)
    assert draft is not None
    if target.exists():  # it was faster: what has the name is whole
        read_backup(target)
    # The next backup is not hindered.
    made = make_backup(town, out=target)
    assert read_backup(made.path).counts["incidents"] == N


def test_the_commands(town, tmp_path):
    result = run("backup", "-w", town.path, "--out", tmp_path / "town.zip")
    assert result.exit_code == 0
    assert "60 incidents" in result.output
    assert "personal data" in result.output
    result = run("restore", tmp_path / "town.zip", tmp_path / "new")
    assert result.exit_code == 0
    assert "Workspace" in result.output
    assert run("check", "-w", tmp_path / "new").exit_code == 0
    result = run("restore", tmp_path / "town.zip", tmp_path / "new")
    assert result.exit_code == 1
    assert "is not empty" in result.output
    kept = json.loads(run("backup", "-w", town.path, "--keep", 1, "--json").output)
    assert Path(kept["file"]).is_file()
    assert kept["counts"]["incidents"] == N


def test_settings_are_those_of_the_town(town, tmp_path):
    Workspace(town.path, Settings(town="Jiné město", municipality="597520")).write_settings()
    made = make_backup(Workspace.open(town.path))
    restored = restore_backup(made.path, tmp_path / "new")
    assert restored.workspace.settings.town == "Jiné město"
    assert made.manifest.municipality == "597520"
