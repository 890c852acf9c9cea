"""The list of rejected rows: where it stands, when, and what is kept of it."""

import csv
import json
import sqlite3
from pathlib import Path

import pytest

from hotspots.errors import SourceError, StoreError
from hotspots.i18n import use_language
from hotspots.ingest.batch import make_rejected
from hotspots.ingest.rejects import is_ours
from hotspots.store import Store
from tests.importing import (
    make_chunk,
    make_runner,
    make_workspace,
    read,
    rejecting,
)
from tests.storing import make_incidents


@pytest.fixture
def workspace(tmp_path):
    return make_workspace(tmp_path / "town")


@pytest.fixture
def run(workspace, tmp_path):
    return make_runner(workspace, tmp_path)


def test_rejected_rows_are_listed_beside_the_file(run, tmp_path):
    account = run(rejecting(12))
    assert account.rejects_file == tmp_path / "points.csv.rejected.csv"
    raw = account.rejects_file.read_bytes()
    assert raw.startswith(b"\xef\xbb\xbf")
    with account.rejects_file.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.reader(file, delimiter=";"))
    assert rows[0] == ["row", "reason", "content"]
    assert rows[1] == ["5", "no date", "'=cmd()"]
    assert len(rows) == 13
    assert len(account.rejected_rows) == 10
    assert not list(tmp_path.glob("*.part"))


def test_list_of_an_earlier_import_goes_when_nothing_is_rejected(run):
    listed = run(rejecting()).rejects_file
    assert run(make_chunk(make_incidents(["1"]))).rejects_file is None
    assert not listed.exists()


@pytest.mark.parametrize("language", ["cs", "en"])
def test_list_is_known_as_ours_in_either_language(run, language):
    with use_language(language):
        listed = run(rejecting()).rejects_file
    assert is_ours(listed)


def test_foreign_file_of_that_name_is_left_alone(run, tmp_path, workspace):
    foreign = tmp_path / "points.csv.rejected.csv"
    foreign.write_text("my own notes", encoding="utf-8")
    assert run(rejecting()).rejects_file == workspace.path / "points.csv.rejected.csv"
    run(make_chunk(make_incidents(["1"])))
    assert foreign.read_text(encoding="utf-8") == "my own notes"
    assert not (workspace.path / "points.csv.rejected.csv").exists()


def test_chosen_place_that_cannot_be_written_stops_the_import(run, tmp_path, workspace):
    with pytest.raises(SourceError, match=r"cannot be written to .*nothing was stored"):
        run(rejecting(), rejects_path=tmp_path / "absent" / "list.csv")
    assert len(read(workspace)) == 0


def test_unwritable_directory_sends_the_list_to_the_workspace(
    run, tmp_path, workspace, monkeypatch
):
    beside = tmp_path / "points.csv.rejected.csv"
    true_open = Path.open

    def refuse(self, *args, **kwargs):
        if self.name == beside.name + ".part" and self.parent == beside.parent:
            raise PermissionError(13, "Permission denied")
        return true_open(self, *args, **kwargs)

    monkeypatch.setattr(Path, "open", refuse)
    assert run(rejecting()).rejects_file == workspace.path / beside.name


def test_a_commit_that_fails_leaves_no_list(run, tmp_path, monkeypatch, workspace):
    listed = run(rejecting()).rejects_file
    before = listed.read_bytes()

    def fail(_connection):
        raise sqlite3.OperationalError("disk I/O error")

    monkeypatch.setattr("sqlalchemy.engine.default.DefaultDialect.do_commit", lambda _d, c: fail(c))
    with pytest.raises(StoreError, match="disk I/O error"):
        run(rejecting(3, raw="later"))
    monkeypatch.undo()
    assert listed.read_bytes() == before
    assert not list(tmp_path.rglob("*.part"))
    with Store.open(workspace) as store:
        assert len(store.batches()) == 1


def test_a_list_held_open_elsewhere_stays_under_its_draft_name(run, tmp_path, monkeypatch):
    def refuse(_self, _target):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "replace", refuse)
    account = run(rejecting())
    assert account.rejects_file == tmp_path / "points.csv.rejected.csv.part"
    assert is_ours(account.rejects_file)


def test_texts_of_rejected_rows_are_not_kept_with_the_import(run, workspace):
    account = run(rejecting(raw="850101/1234;Jan Novák"))
    assert "Novák" in account.rejects_file.read_text(encoding="utf-8-sig")
    with Store.open(workspace) as store:
        (batch,) = store.batches()
    assert "Novák" not in batch.account
    assert json.loads(batch.account)["rejected_rows"][0] == {"row": 5, "reason": "no date"}


def test_file_of_rejected_rows_only_stores_nothing(run, tmp_path, workspace):
    rejected = make_rejected([2, 3, 4], ["no date", "no place", "no date"], ["a", "b", "c"])
    with pytest.raises(SourceError, match=r"all 3 rows were rejected.*commonest reason: no date"):
        run(make_chunk(make_incidents([]), rejected=rejected))
    assert is_ours(tmp_path / "points.csv.rejected.csv")
    with Store.open(workspace) as store:
        assert store.sources() == []
        assert store.batches() == []


def test_file_without_rows_is_an_error(run):
    with pytest.raises(SourceError, match=r"points.csv holds no rows"):
        run(make_chunk(make_incidents([])))
