"""Killed at any moment, an import or its undoing leaves the workspace as before or as after."""

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd

from hotspots import schema
from hotspots.ingest.batches import undo_batch
from hotspots.ingest.importer import import_file
from hotspots.ingest.mapping import Mapping
from hotspots.ingest.rejects import SUFFIX, is_ours
from hotspots.settings import Settings, Workspace
from hotspots.store import Store
from tests.importing import BOUNDARY, make_workspace
from tests.test_importer import MAPPING

N_MOMENTS = 20
OLD, NEW, BAD = 40, 120, 3
ROOT = Path(__file__).resolve().parents[1]


def write_points(path, n, *, shift=0.0):
    """Write `n` points, and some rows that are none."""
    lines = ["id,when,x,y"]
    lines += [f"{k},2024-03-{k % 28 + 1:02d},{-543_000 - k - shift},-1050000" for k in range(n)]
    lines += [f"bad{k},never,-543000,-1050000" for k in range(BAD)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def fill(folder):
    """Make a workspace that holds one import, and a second file to be imported."""
    workspace = make_workspace(folder)
    write_points(folder / "first.csv", OLD)
    import_file(workspace, folder / "first.csv", mapping=MAPPING, boundary=BOUNDARY)
    write_points(folder / "second.csv", NEW, shift=0.5)
    return workspace


def take_second(workspace):
    return import_file(workspace, workspace.path / "second.csv", mapping=MAPPING, boundary=BOUNDARY)


def moments():
    """Moments spread over the whole of the work and a little beyond, the end told more finely."""
    rng = np.random.default_rng(4)
    early = (np.arange(N_MOMENTS // 2) + rng.random(N_MOMENTS // 2)) / (N_MOMENTS // 2)
    late = 0.9 + 0.12 * (np.arange(N_MOMENTS // 2) + rng.random(N_MOMENTS // 2)) / (N_MOMENTS // 2)
    return [*early.tolist(), *late.tolist()]


def kill_all(tmp_path, original, **plan):
    """Begin the work in copies of a workspace and kill it at each moment; return them with ends."""
    copies = [tmp_path / f"copy{k}" for k in range(N_MOMENTS + 1)]
    for copy in copies:
        shutil.copytree(original, copy)
    file = tmp_path / "plan.json"
    file.write_text(
        json.dumps(
            plan
            | {
                "probe": str(copies[-1]),
                "workspaces": [str(copy) for copy in copies[:-1]],
                "moments": moments(),
            }
        ),
        encoding="utf-8",
    )
    done = subprocess.run(
        [sys.executable, "-m", "tests.killing", str(file)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    ended = json.loads(done.stdout)["ended"]
    assert ended.count(signal.SIGKILL) >= N_MOMENTS - 5
    assert 0 in ended, "no moment lay after the end"
    return list(zip(copies[:-1], ended, strict=True))


def state(workspace):
    """Everything that can be read, but the moments at which it was written."""
    with Store.open(workspace) as store:
        frame = store.read_incidents()
        sources = store.sources()
        holding = [batch.holds for batch in store.batches()]
        engine = store._engine
        with engine.connect() as connection:
            assert connection.exec_driver_sql("PRAGMA integrity_check").scalar() == "ok"
            assert connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall() == []
            versions = connection.exec_driver_sql("SELECT count(*) FROM incident_versions").scalar()
    return frame, sources, holding, versions


def same(one, two):
    return one[1:] == two[1:] and one[0].equals(two[0])


def check_files(folder):
    """Mappings and lists of rejected rows are whole or not there."""
    for mapping in (folder / "mappings").glob("*.toml"):
        assert Mapping.read(mapping).columns == MAPPING.columns
    for listed in folder.glob(f"*{SUFFIX}"):
        assert is_ours(listed)
        assert len(pd.read_csv(listed, sep=";", encoding="utf-8-sig")) == BAD


def test_an_import_killed_at_any_moment_is_done_or_not(tmp_path):
    original = tmp_path / "original"
    before = state(fill(original))
    after_folder = tmp_path / "after"
    shutil.copytree(original, after_folder)
    whole = Workspace(after_folder, Settings())
    take_second(whole)
    after = state(whole)
    assert (len(before[0]), len(after[0])) == (OLD, NEW)
    seen = set()
    for folder, ended in kill_all(tmp_path, original, work="import", file="second.csv"):
        workspace = Workspace(folder, Settings())
        now = state(workspace)
        is_done = same(now, after)
        assert is_done or same(now, before)
        assert is_done or ended == signal.SIGKILL
        seen.add(is_done)
        check_files(folder)
        account = take_second(workspace)
        kinds = (account.new, account.updated, account.unchanged)
        assert kinds == ((0, 0, NEW) if is_done else (NEW - OLD, OLD, 0))
        frame = state(workspace)[0]
        pd.testing.assert_frame_equal(frame, after[0])
        assert frame[schema.INCIDENT_ID].is_unique
        check_files(folder)
    assert seen == {True, False}


def test_an_undo_killed_at_any_moment_is_done_or_not(tmp_path):
    original = tmp_path / "original"
    filled = fill(original)
    take_second(filled)
    before = state(filled)
    after_folder = tmp_path / "after"
    shutil.copytree(original, after_folder)
    whole = Workspace(after_folder, Settings())
    undo_batch(whole, 1, user="eva")
    after = state(whole)
    seen = set()
    for folder, ended in kill_all(tmp_path, original, work="undo", batch=1):
        workspace = Workspace(folder, Settings())
        now = state(workspace)
        is_done = same(now, after)
        assert is_done or same(now, before)
        assert is_done or ended == signal.SIGKILL
        seen.add(is_done)
        if not is_done:
            undo_batch(workspace, 1, user="eva")
            assert same(state(workspace), after)
    assert seen == {True, False}
