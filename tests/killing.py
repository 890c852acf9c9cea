"""Kills this program at chosen moments of its work: run as ``python -m tests.killing PLAN``.

PLAN is a JSON file: `work` ("import" or "undo"), `workspaces` (directories alike, one per moment),
`moments` (shares of the whole work, 0 to 1 and beyond), and what the work needs. The work is first
done whole in `probe`, counting the calls of functions that it makes; then, in a fresh process for
each moment, it is begun in that moment's workspace and stops dead (SIGKILL) at that call.
"""

import json
import os
import signal
import sys
from pathlib import Path

from hotspots.ingest.batches import undo_batch
from hotspots.ingest.importer import import_file
from hotspots.settings import Settings, Workspace
from tests.importing import BOUNDARY
from tests.test_importer import MAPPING


def do(plan, folder):
    workspace = Workspace(Path(folder), Settings())
    if plan["work"] == "undo":
        undo_batch(workspace, plan["batch"], user="eva")
    else:
        file = Path(folder) / plan["file"]
        import_file(workspace, file, mapping=MAPPING, boundary=BOUNDARY)


def run_counted(plan, folder, *, kill_at=None):
    """Do the work and return how many calls it made; die at call number `kill_at`."""
    calls = 0

    def count(_frame, event, _argument):
        nonlocal calls
        if event in {"call", "c_call"}:
            calls += 1
            if calls == kill_at:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.setprofile(count)
    try:
        do(plan, folder)
    finally:
        sys.setprofile(None)
    return calls


def in_child(work):
    """Run `work` in a forked process; return what it wrote, and the signal that ended it or 0."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        code = 1
        try:
            os.write(writing, str(work()).encode())
            code = 0
        finally:
            os._exit(code)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        text = pipe.read()
    _pid, status = os.waitpid(child, 0)
    if os.WIFEXITED(status) and os.WEXITSTATUS(status):
        raise SystemExit("the work failed")
    return text, os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0


def main():
    plan = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    whole = int(in_child(lambda: run_counted(plan, plan["probe"]))[0])
    ended = []
    for folder, share in zip(plan["workspaces"], plan["moments"], strict=True):
        kill_at = max(1, round(share * whole))
        _text, by = in_child(lambda f=folder, k=kill_at: run_counted(plan, f, kill_at=k))
        ended.append(by)
    print(json.dumps({"calls": whole, "ended": ended}))


if __name__ == "__main__":
    main()
