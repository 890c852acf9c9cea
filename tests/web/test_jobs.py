"""Jobs: one at a time, told, stopped, and remembered whatever becomes of the server."""

import json
import logging
from threading import Event

import pytest

from hotspots.errors import NotFoundError, SourceError, StoreError
from hotspots.i18n import current_language, use_language
from hotspots.progress import CancelledError
from web import job_record
from web.jobs import (
    CANCELLED,
    DONE,
    FAILED,
    INTERRUPTED,
    RUNNING,
    BusyError,
    Jobs,
    Outcome,
    new_job_id,
)

WAIT_S = 60.0
FULL = Outcome(
    sentence="Done.",
    changed=True,
    numbers=(("Streets", 78, 6),),
    lines=("Streets: 6 new.",),
    notes=("one note",),
    problems=(("warning", "wrong", "mend it"),),
    placed=("all incidents: version 2",),
    leads_to="/batches/3",
)


@pytest.fixture
def jobs(tmp_path):
    return Jobs(tmp_path)


def run(jobs, work, **options):
    job = jobs.start("test", "A test", work, **options)
    jobs.wait(wait_s=WAIT_S)
    return jobs.find(job.job_id)


class Held:
    """Work that reports, then waits until it is let go, and reports once more."""

    def __init__(self):
        self.reported = Event()
        self.released = Event()

    def __call__(self, report, tell):
        report("half way", 0.5)
        self.reported.set()
        assert self.released.wait(WAIT_S)
        report("nearly there", 0.9)
        return Outcome("Done.")


@pytest.fixture
def held():
    work = Held()
    yield work
    work.released.set()


def test_a_job_that_ends_well_keeps_all_it_has_to_say(jobs, tmp_path):
    job = run(jobs, lambda report, tell: FULL)
    assert (job.state, job.share, job.outcome) == (DONE, 1.0, FULL)
    assert Jobs(tmp_path).find(job.job_id) == job


def test_progress_is_seen_while_it_works_also_from_disk(jobs, tmp_path, held):
    job = jobs.start("test", "A test", held)
    assert held.reported.wait(WAIT_S)
    now = jobs.find(job.job_id)
    assert (now.state, now.text, now.share) == (RUNNING, "half way", 0.5)
    assert jobs.running() == now
    assert json.loads((tmp_path / "jobs" / f"{job.job_id}.json").read_text())["state"] == RUNNING
    held.released.set()
    jobs.wait(wait_s=WAIT_S)
    assert jobs.running() is None
    assert jobs.find(job.job_id).state == DONE


def test_the_share_never_falls_and_stays_between_0_and_1(jobs):
    seen = []

    def work(report, tell):
        for share in (-1.0, 0.4, 0.2, 7.0):
            report("x", share)
            seen.append(jobs.running().share)
        return Outcome("Done.")

    run(jobs, work)
    assert seen == [0.0, 0.4, 0.4, 1.0]


def test_a_job_told_to_stop_ends_at_its_next_report(jobs, held):
    job = jobs.start("test", "A test", held)
    assert held.reported.wait(WAIT_S)
    assert jobs.cancel(job.job_id).stopping
    held.released.set()
    jobs.wait(wait_s=WAIT_S)
    ended = jobs.find(job.job_id)
    assert (ended.state, ended.stopping, ended.outcome) == (CANCELLED, False, None)
    assert jobs.cancel(job.job_id) == ended


def test_a_record_says_what_was_in_force_before_and_after(tmp_path):
    versions = [3]
    jobs = Jobs(tmp_path, in_force=lambda: versions[-1])

    def work(report, tell):
        versions.append(4)
        raise SourceError("the second file is no layer (the files before it are in force)")

    job = run(jobs, work)
    assert (job.before, job.after, job.has_switched) == (3, 4, True)
    assert Jobs(tmp_path).find(job.job_id) == job
    again = run(jobs, lambda report, tell: FULL)
    assert (again.before, again.after, again.has_switched) == (4, 4, False)


def test_a_job_that_was_stopped_keeps_what_it_said(jobs):
    said = "Stopped on request (the files before it are in force)"

    def work(report, tell):
        raise CancelledError(said)

    job = run(jobs, work)
    assert (job.state, job.error) == (CANCELLED, said)


def test_only_one_job_runs_at_a_time(jobs, held):
    first = jobs.start("test", "A test", held)
    with pytest.raises(BusyError, match="Another import, change of the layers") as caught:
        jobs.start("test", "Another", held)
    assert caught.value.job_id == first.job_id
    with pytest.raises(BusyError, match="Another import, change of the layers"):
        jobs.require_idle()
    held.released.set()
    jobs.wait(wait_s=WAIT_S)
    jobs.require_idle()
    assert run(jobs, lambda report, tell: FULL).state == DONE


def test_another_server_of_the_workspace_sees_the_job_and_leaves_it_alone(jobs, tmp_path, held):
    job = jobs.start("test", "A test", held)
    assert held.reported.wait(WAIT_S)
    other = Jobs(tmp_path)
    assert other.find(job.job_id).state == RUNNING
    with pytest.raises(BusyError, match="Another import, change of the layers") as caught:
        other.start("test", "Another", held)
    assert caught.value.job_id == ""


def test_an_error_is_told_with_the_senders_own_file_names(jobs):
    job_id = new_job_id()
    directory = jobs.uploads / job_id
    directory.mkdir()
    file = directory / "town.gpkg"
    file.write_text("x")

    def work(report, tell):
        raise SourceError(f"{file} is no layer")

    job = run(jobs, work, job_id=job_id)
    assert (job.state, job.error) == (FAILED, "town.gpkg is no layer")
    assert not directory.exists()


@pytest.mark.parametrize("end", ["done", "failed", "broken", "cancelled"])
def test_files_sent_in_are_removed_whatever_happens(jobs, end):
    job_id = new_job_id()
    directory = jobs.uploads / job_id
    directory.mkdir()
    (directory / "a.xml").write_text("x")

    def work(report, tell):
        assert (directory / "a.xml").is_file()
        if end == "failed":
            raise StoreError("no")
        if end == "broken":
            raise KeyError("no")
        if end == "cancelled":
            jobs.cancel(job_id)
            report("x", 0.1)
        return Outcome("Done.")

    run(jobs, work, job_id=job_id)
    assert not directory.exists()


def test_a_fault_of_the_program_has_a_reference_and_no_inner_detail(jobs, caplog):
    def work(report, tell):
        raise ZeroDivisionError("secret")

    with caplog.at_level(logging.ERROR, logger="hotspots.web"):
        job = run(jobs, work)
    assert job.state == FAILED
    assert "secret" not in job.error
    assert caplog.records[0].args[0] in job.error
    assert "secret" in caplog.text


def test_a_restarted_server_marks_what_was_running(jobs, tmp_path):
    job = run(jobs, lambda report, tell: FULL)
    file = tmp_path / "jobs" / f"{job.job_id}.json"
    record = json.loads(file.read_text())
    file.write_text(json.dumps({**record, "state": RUNNING, "outcome": None, "ended_at": None}))
    left = tmp_path / "uploads" / job.job_id
    left.mkdir(parents=True)
    again = Jobs(tmp_path).find(job.job_id)
    assert again.state == INTERRUPTED
    assert again.ended_at
    assert not left.exists()


def test_old_records_are_pruned(jobs, tmp_path, monkeypatch):
    monkeypatch.setattr(job_record, "KEPT", 3)
    made = [
        run(jobs, lambda report, tell: FULL, job_id=f"20260101-00000{n}-00000000") for n in range(5)
    ]
    assert [job.job_id for job in jobs.list_jobs()] == [job.job_id for job in made[:1:-1]]
    with pytest.raises(NotFoundError, match="no such job"):
        jobs.find(made[0].job_id)


@pytest.mark.parametrize("text", ["", "[]", "{}", "no json", '{"outcome": 1}', "[" * 100_000])
def test_a_spoilt_record_is_passed_over(jobs, tmp_path, text):
    good = run(jobs, lambda report, tell: FULL)
    (tmp_path / "jobs" / "20260101-000000-00000000.json").write_text(text)
    assert jobs.list_jobs() == (good,)
    with pytest.raises(NotFoundError, match="no such job"):
        jobs.find("20260101-000000-00000000")


@pytest.mark.parametrize("name", ["../settings", "..", "", "x", "20260101-000000-0000000g"])
def test_only_ids_of_jobs_name_files(jobs, name):
    with pytest.raises(NotFoundError, match="no such job"):
        jobs.find(name)


@pytest.mark.parametrize("language", ["cs", "en"])
def test_a_job_speaks_the_language_of_who_started_it(jobs, language):
    with use_language(language):
        job = run(jobs, lambda report, tell: Outcome(current_language()))
    assert job.outcome.sentence == language


def test_a_workspace_that_cannot_be_written_starts_nothing(tmp_path):
    (tmp_path / "jobs").write_text("a file in the way")
    jobs = Jobs(tmp_path)
    with pytest.raises(StoreError, match="cannot be written"):
        jobs.start("test", "A test", lambda report, tell: FULL)
    assert jobs.running() is None


def test_stopping_the_server_stops_the_job(jobs, held):
    job = jobs.start("test", "A test", held)
    assert held.reported.wait(WAIT_S)
    held.released.set()
    jobs.stop()
    assert jobs.find(job.job_id).state in {CANCELLED, DONE}
    assert jobs.running() is None


def test_a_job_ends_whatever_becomes_of_the_lines_about_its_end(jobs):
    def fail(_end):
        raise ZeroDivisionError

    job = run(jobs, lambda report, tell: FULL, on_end=fail)
    assert job.state == FAILED
    assert "Reference number" in job.error
    assert run(jobs, lambda report, tell: FULL).state == DONE


def test_a_job_ends_even_where_nobody_can_tell_the_layers_in_force(tmp_path):
    versions = iter([1])
    jobs = Jobs(tmp_path, in_force=lambda: next(versions))
    job = run(jobs, lambda report, tell: FULL)
    assert job.state == DONE
    jobs.require_idle()
