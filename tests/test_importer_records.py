"""Periods of record: stated, confirmed, inferred, or none for a file of another town."""

from datetime import date

import numpy as np
import pytest

from hotspots import schema
from hotspots.ingest.importer import import_incidents
from hotspots.periods import Span
from hotspots.settings import Settings, Workspace
from hotspots.store import Store
from tests.importing import BOUNDARY, OUTSIDE_X, FakeReader, make_chunk, make_runner, make_workspace
from tests.storing import make_incidents


@pytest.fixture
def workspace(tmp_path):
    return make_workspace(tmp_path / "town")


@pytest.fixture
def run(workspace, tmp_path):
    return make_runner(workspace, tmp_path)


def daily(first, last):
    days = np.arange(np.datetime64(first), np.datetime64(last) + 1)
    return make_incidents(
        [str(day) for day in days], occurred_from=days.astype("datetime64[s]"), time_precision="day"
    )


def record_of(workspace):
    with Store.open(workspace) as store:
        source = store.source("accidents")
    return [str(span) for span in source.record], source.record_state


def test_record_is_inferred_with_a_word_of_caution(run, workspace):
    account = run(make_chunk(daily("2024-01-01", "2024-03-31")))
    assert account.record_state == "inferred"
    assert record_of(workspace) == (["2024-01-01..2024-03-31"], "inferred")
    assert any(text.endswith("check and confirm them.") for text in account.warnings)
    assert [str(span) for span in account.inferred_record] == ["2024-01-01..2024-03-31"]
    assert any(text.startswith("A gap in the record shorter than") for text in account.warnings)
    assert any("inferred from the data, not confirmed" in line for line in account.lines())
    again = run(make_chunk(daily("2024-01-01", "2024-03-31")))
    assert again.warnings == ()


def test_later_file_renews_the_inference_over_all_days(run, workspace):
    run(make_chunk(daily("2024-01-01", "2024-03-31")))
    dry = run(make_chunk(daily("2024-07-01", "2024-08-31")), name="b.csv", dry_run=True)
    account = run(make_chunk(daily("2024-07-01", "2024-08-31")), name="b.csv")
    assert [str(s) for s in account.record] == ["2024-01-01..2024-03-31", "2024-07-01..2024-08-31"]
    assert dry.record == account.record
    assert record_of(workspace)[1] == "inferred"


def test_stated_spans_are_confirmed_and_join(run, workspace):
    january = Span(date(2024, 1, 1), date(2024, 1, 31))
    february = Span(date(2024, 2, 1), date(2024, 2, 29))
    first = run(make_chunk(daily("2024-01-10", "2024-01-20")), record=(january,))
    assert (first.record, first.record_state) == ((january,), "stated")
    reader = FakeReader(
        workspace.path / "b.csv",
        [make_chunk(daily("2024-02-10", "2024-02-20"))],
        stated=(february,),
    )
    run(reader=reader)
    assert record_of(workspace) == (["2024-01-01..2024-02-29"], "confirmed")


def test_incidents_outside_the_stated_spans_are_named(run):
    span = Span(date(2024, 1, 1), date(2024, 1, 15))
    account = run(make_chunk(daily("2024-01-10", "2024-01-20")), record=(span,))
    assert any(text.startswith("5 incidents of the file lie outside") for text in account.warnings)


def test_confirmed_record_is_not_overwritten_but_more_is_proposed(run, workspace):
    span = Span(date(2024, 1, 1), date(2024, 1, 31))
    run(make_chunk(daily("2024-01-01", "2024-01-31")), record=(span,))
    account = run(make_chunk(daily("2024-02-01", "2024-03-31")), name="b.csv")
    assert (account.record, account.record_state) == ((span,), "confirmed")
    assert record_of(workspace) == (["2024-01-01..2024-01-31"], "confirmed")
    (warning,) = account.warnings
    assert warning.startswith("60 incidents of the file lie outside the confirmed periods")
    assert warning.endswith("set them to: 1 Jan 2024 – 31 Mar 2024")
    assert [str(span) for span in account.proposed_record] == ["2024-01-01..2024-03-31"]
    same = run(make_chunk(daily("2024-01-01", "2024-01-31")))
    assert same.warnings == ()


def test_stating_a_part_does_not_confirm_what_was_inferred(run, workspace):
    run(make_chunk(daily("2024-01-01", "2024-03-31")))
    later = Span(date(2024, 7, 1), date(2024, 7, 31))
    account = run(make_chunk(daily("2024-07-01", "2024-07-31")), record=(later,), name="b.csv")
    assert any("still to be checked and confirmed" in text for text in account.warnings)
    assert record_of(workspace)[1] == "inferred"
    whole = Span(date(2024, 1, 1), date(2024, 12, 31))
    run(make_chunk(daily("2024-07-01", "2024-07-31")), record=(whole,), name="b.csv")
    assert record_of(workspace) == (["2024-01-01..2024-12-31"], "confirmed")


YEAR = Span(date(2024, 1, 1), date(2024, 12, 31))


def of_municipality(tmp_path, code, incidents):
    path = tmp_path / f"2024_{code}.csv"
    return FakeReader(path, [make_chunk(incidents)], stated=(YEAR,), municipality=code)


def test_a_file_of_the_own_municipality_keeps_the_stated_span(run, workspace, tmp_path):
    account = run(reader=of_municipality(tmp_path, "536385", daily("2024-01-01", "2024-02-01")))
    assert (account.record, account.record_state) == ((YEAR,), "stated")
    assert record_of(workspace) == (["2024-01-01..2024-12-31"], "confirmed")


def test_a_file_of_another_municipality_states_no_record(run, workspace, tmp_path):
    incidents = daily("2024-01-01", "2024-03-31")
    incidents[schema.X] = OUTSIDE_X
    incidents.loc[0, schema.X] = -543_000.0
    account = run(reader=of_municipality(tmp_path, "500097", incidents))
    assert (account.record, account.record_state) == ((), "none")
    (warning,) = account.warnings
    assert "2024_500097.csv is of municipality 500097, but this workspace is of 536385" in warning
    assert "Import the file of municipality 536385, or set municipality in settings" in warning
    assert record_of(workspace) == ([], "none")
    again = run(reader=of_municipality(tmp_path, "500097", incidents))
    assert again.warnings == account.warnings


def test_a_municipality_wholly_outside_states_no_record(run, workspace, tmp_path):
    incidents = daily("2024-01-01", "2024-03-31")
    incidents[schema.X] = OUTSIDE_X
    account = run(reader=of_municipality(tmp_path, "536385", incidents))
    assert (account.record, account.record_state) == ((), "none")
    (warning,) = account.warnings
    assert "every placed incident lies outside the study area" in warning
    assert warning.count("536385") == 3
    assert run(reader=of_municipality(tmp_path, "536385", incidents)).record_state == "none"


def test_the_setting_decides_whose_file_it_is(workspace, tmp_path):
    other = Workspace(workspace.path, Settings(municipality="500097"))
    reader = of_municipality(tmp_path, "500097", daily("2024-01-01", "2024-02-01"))
    account = import_incidents(other, reader, boundary=BOUNDARY)
    assert (account.record, account.record_state) == ((YEAR,), "stated")


def test_a_foreign_file_leaves_the_record_as_it_was(run, workspace, tmp_path):
    run(reader=of_municipality(tmp_path, "536385", daily("2024-01-01", "2024-02-01")))
    foreign = of_municipality(tmp_path, "500097", daily("2025-01-01", "2025-02-01"))
    account = run(reader=foreign)
    assert (account.record, account.record_state) == ((YEAR,), "confirmed")
    assert record_of(workspace) == (["2024-01-01..2024-12-31"], "confirmed")


def test_days_that_a_person_states_count_for_any_file(run, tmp_path):
    foreign = of_municipality(tmp_path, "500097", daily("2024-01-01", "2024-02-01"))
    assert run(reader=foreign, record=(YEAR,)).record_state == "stated"


def test_month_precision_says_nothing_about_days(run):
    incidents = make_incidents(["1", "2"], time_precision="month")
    account = run(make_chunk(incidents))
    assert account.record == ()
    assert any("Periods of record are unknown" in line for line in account.lines())
