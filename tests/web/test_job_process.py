"""Jobs in a process of their own: told, stopped, killed, and gone with their server."""

import os
import pickle
import re
import signal
import subprocess
import sys
import textwrap
import time
from functools import partial
from pathlib import Path

import pytest

from hotspots.accounts import Accounts, audit
from hotspots.errors import SourceError
from hotspots.i18n import use_language
from hotspots.store import Store
from web.job_process import JobProcess
from web.jobs import CANCELLED, DONE, FAILED, INTERRUPTED, Jobs, Outcome
from web.layer_forms import FetchForm
from web.layer_work import fetch

from .job_works import fail, go_on_and_on, say_what_cannot_be_sent, sleep_through, speak
from .signing import client_as, make_app
from .test_import_wizard import COORDINATES, Visitor

WAIT_S = 60.0
STEP_S = 0.02


def wait_for(is_so):
    until = time.monotonic() + WAIT_S
    while not is_so():
        assert time.monotonic() < until
        time.sleep(STEP_S)


def lives(pid):
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


@pytest.fixture(scope="module")
def process():
    made = JobProcess("text")
    yield made
    made.close()


@pytest.fixture
def jobs(tmp_path, process):
    return Jobs(tmp_path, runner=process)


def run(jobs, work, **options):
    job = jobs.start("test", "A test", work, **options)
    jobs.wait(wait_s=WAIT_S)
    return jobs.find(job.job_id)


# --- one job -----------------------------------------------------------------------------------


@pytest.mark.parametrize("language", ["cs", "en"])
def test_a_job_speaks_tells_and_ends_in_one_process_for_all(jobs, process, language):
    told = {}
    with use_language(language):
        job = run(jobs, speak, on_tell=told.update)
    assert job.state == DONE
    assert job.outcome == Outcome(language, lines=("one line",), leads_to="/batches/3")
    assert told == {"pid": process.pid}
    assert process.pid != os.getpid()


def test_a_job_is_stopped_at_its_next_report(jobs, process):
    job = jobs.start("test", "A test", go_on_and_on)
    wait_for(lambda: jobs.find(job.job_id).text == "at work")
    assert jobs.cancel(job.job_id).stopping
    jobs.wait(wait_s=WAIT_S)
    ended = jobs.find(job.job_id)
    assert (ended.state, ended.error) == (CANCELLED, "Stopped on request")
    pid = process.pid
    assert run(jobs, speak).state == DONE
    assert process.pid == pid


def test_a_stop_while_the_process_begins_is_heard(tmp_path):
    process = JobProcess("text")
    jobs = Jobs(tmp_path, runner=process)
    job = jobs.start("test", "A test", speak)
    jobs.cancel(job.job_id)
    jobs.wait(wait_s=WAIT_S)
    assert jobs.find(job.job_id).state == CANCELLED
    jobs.stop()


def test_an_end_that_cannot_be_sent_is_a_fault(jobs):
    job = run(jobs, say_what_cannot_be_sent)
    assert job.state == FAILED
    assert "Reference number" in job.error


def test_progress_that_cannot_be_kept_ends_job_and_process(jobs, process, monkeypatch):
    def fail_to_note(_text, _share):
        raise MemoryError

    told = {}
    monkeypatch.setattr(jobs, "_note", fail_to_note)
    job = run(jobs, go_on_and_on, on_tell=told.update)
    assert job.state == FAILED
    assert not lives(told["pid"])
    monkeypatch.undo()
    assert run(jobs, speak).state == DONE


def test_what_is_told_before_a_failure_counts_and_the_sender_reads_own_file_names(jobs):
    told, ends = {}, []

    def keep(end):
        ends.append(end)
        return end

    job = run(
        jobs,
        partial(fail, SourceError),
        on_tell=told.update,
        on_end=keep,
        directory=Path("/srv/uploads"),
    )
    assert (job.state, job.error) == (FAILED, "the secret of a.csv")
    assert told == {"rows": 3}
    assert ends[0].reason == "SourceError"


def test_work_that_cannot_be_sent_has_failed_and_the_next_is_done(jobs):
    job = run(jobs, lambda report, tell: Outcome("Done."))
    assert job.state == FAILED
    assert "Reference number" in job.error
    assert run(jobs, speak).state == DONE


def test_a_closed_process_is_not_started_again(tmp_path):
    process = JobProcess("text")
    process.close()
    process.prepare()
    job = run(Jobs(tmp_path, runner=process), speak)
    assert (job.state, process.pid) == (INTERRUPTED, None)


def test_a_process_killed_at_work_fails_its_job_and_not_the_next(jobs, process):
    told = {}
    job = jobs.start("test", "A test", go_on_and_on, on_tell=told.update)
    wait_for(lambda: "pid" in told)
    os.kill(told["pid"], signal.SIGKILL)
    jobs.wait(wait_s=WAIT_S)
    ended = jobs.find(job.job_id)
    assert ended.state == FAILED
    assert "was ended from outside" in ended.error
    assert run(jobs, speak).state == DONE
    assert process.pid != told["pid"]


def test_a_process_killed_while_idle_is_started_anew(jobs, process):
    run(jobs, speak)
    os.kill(process.pid, signal.SIGKILL)
    assert run(jobs, speak).state == DONE


def test_a_process_goes_without_work_comes_back_and_logs_faults_as_the_server(tmp_path, capfd):
    process = JobProcess("json", idle_s=0.1)
    jobs = Jobs(tmp_path, runner=process)
    process.prepare()
    wait_for(lambda: process.pid is not None)
    wait_for(lambda: process.pid is None)
    job = run(jobs, partial(fail, ZeroDivisionError))
    assert job.state == FAILED
    assert "secret" not in job.error
    jobs.stop()
    assert process.pid is None
    # The log has the reference and the places of the fault, not what it says.
    said = capfd.readouterr().err
    assert job.error.rpartition(" ")[2] in said
    assert "job_works.py" in said
    assert "secret" not in said


def test_a_server_that_stops_gives_the_work_up(tmp_path, monkeypatch):
    process = JobProcess("text")
    jobs = Jobs(tmp_path, runner=process)
    told = {}
    job = jobs.start("test", "A test", sleep_through, on_tell=told.update)
    wait_for(lambda: "pid" in told)
    jobs.stop(wait_s=0.1)
    assert jobs.find(job.job_id).state == INTERRUPTED
    assert not lives(told["pid"])
    assert not Path(told["directory"]).exists()


SERVER = """
    import sys, time
    from pathlib import Path
    from tests.web.job_works import sleep_through
    from web.job_process import JobProcess
    from web.jobs import Jobs

    if __name__ == "__main__":
        jobs = Jobs(Path(sys.argv[1]), runner=JobProcess("text"))
        jobs.start("test", "A test", sleep_through, on_tell=lambda pid, **_: print(pid, flush=True))
        time.sleep(60)
"""


NEEDS_PROC = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc")


@NEEDS_PROC
def test_ctrl_c_is_never_heard(jobs, process):
    run(jobs, speak)
    status = Path(f"/proc/{process.pid}/status").read_text()
    blocked = int(re.search(r"^SigBlk:\s*(\w+)$", status, re.M)[1], 16)
    assert blocked & 1 << (signal.SIGINT - 1)
    assert signal.SIGINT not in signal.pthread_sigmask(signal.SIG_BLOCK, ())


@NEEDS_PROC
def test_a_server_that_is_killed_leaves_no_process_behind(tmp_path):
    script = tmp_path / "server.py"
    script.write_text(textwrap.dedent(SERVER))
    root = Path(__file__).parents[2]
    with subprocess.Popen(
        [sys.executable, str(script), str(tmp_path)],
        stdout=subprocess.PIPE,
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(root)},
        text=True,
    ) as server:
        pid = int(server.stdout.readline())
        assert lives(pid)
        server.kill()
    wait_for(lambda: not lives(pid))
    (job,) = Jobs(tmp_path).list_jobs()
    assert job.state == INTERRUPTED


# --- the work of the pages ---------------------------------------------------------------------


def test_an_import_is_tried_made_and_undone_by_the_pages(new_town, tmp_path, process):
    workspace = new_town(tmp_path / "town")
    visitor = Visitor(workspace, runner=process)
    address = visitor.stage(content=COORDINATES)
    trial, page = visitor.do(address, "try", new_source="reports")
    assert trial == address
    assert re.search(r"rows of the file</th><td class=\"num\">12<", page)
    batch, page = visitor.do(address, "import")
    assert batch == "/batches/1"
    assert "This import brought 12 new incidents." in page
    started = visitor.post("/waiting/again", {})
    visitor.jobs.wait(wait_s=WAIT_S)
    assert "Nothing more could be placed." in visitor.page(
        started.headers["Location"].partition("?")[0]
    )
    assert visitor.post("/batches/1/undo", {}).status_code == 303
    visitor.jobs.wait(wait_s=WAIT_S)
    with Store.open(workspace) as store:
        assert not store.batch(1).holds
    assert {job.state for job in visitor.jobs.list_jobs()} == {DONE}


def test_the_audit_record_has_what_the_work_told(new_town, tmp_path, process, cheap_passwords):
    app = make_app(new_town(tmp_path / "town"), runner=process)
    client = client_as(app, "administrator")
    visitor = Visitor.of(app, client)
    assert visitor.post("/admin/backups", {}).status_code == 303
    visitor.jobs.wait(wait_s=WAIT_S)
    with Accounts.open(app.extensions["hotspots"].workspace) as accounts:
        lines = accounts.audit_entries(actions=(audit.BACKUP,))
    end, start = [line for line in lines if "state" in line.details]
    assert (start.details["state"], end.details["state"]) == (audit.STARTED, audit.DONE)
    assert end.details["file"].startswith("hotspots-")
    assert end.details["bytes"] > 1000


def test_layers_are_placed_and_put_in_force(new_town, tmp_path, process):
    visitor = Visitor(new_town(tmp_path / "town"), runner=process)
    for path, data in (("place", {}), ("use", {"version": "1"})):
        assert visitor.post(f"/layers/{path}", data).status_code == 303, path
        visitor.jobs.wait(wait_s=WAIT_S)
    assert [job.state for job in visitor.jobs.list_jobs()] == [DONE, DONE]


def test_a_fetch_can_be_sent_to_the_process(new_town, tmp_path):
    workspace = new_town(tmp_path / "town")
    order = partial(fetch, workspace, FetchForm(municipality="536385"))
    again = pickle.loads(pickle.dumps(order))  # noqa: S301 - our own
    assert again.args == order.args
