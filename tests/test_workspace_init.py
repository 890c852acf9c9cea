"""Making a workspace: whole or not at all, and never over something else."""

import pytest

from hotspots.errors import StoreError
from hotspots.ingest.importer import import_incidents
from hotspots.settings import Settings, Workspace
from hotspots.workspace_init import init_workspace
from tests.importing import BOUNDARY, FakeReader, make_chunk, read
from tests.storing import make_incidents


def test_workspace_is_made_whole(tmp_path):
    workspace = init_workspace(tmp_path / "a" / "town")
    assert sorted(p.name for p in workspace.path.iterdir()) == [
        "backups",
        "hotspots.db",
        "layers",
        "mappings",
        "settings.toml",
    ]
    assert [p.name for p in (tmp_path / "a").iterdir()] == ["town"]
    assert Workspace.open(workspace.path) == workspace
    assert len(read(workspace)) == 0


def test_second_init_harms_nothing(tmp_path):
    workspace = init_workspace(tmp_path, settings=Settings(town="Město"))
    reader = FakeReader(
        tmp_path.parent / f"{tmp_path.name}.csv", [make_chunk(make_incidents(["1"]))]
    )
    import_incidents(workspace, reader, boundary=BOUNDARY)
    again = init_workspace(tmp_path)
    assert again.settings.town == "Město"
    assert len(read(again)) == 1
    with pytest.raises(ValueError, match="workspace with settings of its own"):
        init_workspace(tmp_path, settings=Settings(town="Jiné"))


def test_init_refuses_what_is_something_else(tmp_path):
    (tmp_path / "letter.txt").write_text("x", encoding="utf-8")
    with pytest.raises(StoreError, match=r"not empty and is no workspace \(it holds letter.txt\)"):
        init_workspace(tmp_path)
    with pytest.raises(StoreError, match="is a file"):
        init_workspace(tmp_path / "letter.txt")


@pytest.mark.parametrize("existed", [True, False])
def test_failed_init_leaves_nothing_half_made(tmp_path, monkeypatch, existed):
    target = tmp_path / "deep" / "town"
    if existed:
        target.mkdir(parents=True)

    def fail(_workspace):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("hotspots.workspace_init.install_bundled", fail)
    with pytest.raises(StoreError, match=r"no workspace can be made at .*No space left"):
        init_workspace(target)
    if existed:
        assert list(target.iterdir()) == []
    else:
        assert list(tmp_path.iterdir()) == []


def test_remains_of_a_killed_init_are_cleared(tmp_path):
    (tmp_path / ".hotspots-init-abc").mkdir()
    init_workspace(tmp_path)
    assert not (tmp_path / ".hotspots-init-abc").exists()
