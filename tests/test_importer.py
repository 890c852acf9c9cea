"""Importing: an account that adds up, nothing stored twice, all kept or nothing."""

import csv
import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hotspots import schema
from hotspots.errors import SourceError, StoreError
from hotspots.i18n import use_language
from hotspots.ingest.account import Account
from hotspots.ingest.batch import Chunk, SourceInfo, make_rejected
from hotspots.ingest.importer import import_file, import_incidents
from hotspots.ingest.mapping import Mapping
from hotspots.ingest.rejects import is_ours
from hotspots.periods import Span
from hotspots.settings import Settings, Workspace
from hotspots.store import Store
from hotspots.workspace_init import init_workspace
from tests.test_store import make_incidents

BOUNDARY = shapely.box(-545_000, -1_052_000, -542_000, -1_049_000)
OUTSIDE_X = -600_000.0
EMPTY = make_rejected([], [], [])


class FakeReader:
    """Chunks given by a test, as if read from `path`."""

    def __init__(
        self, path, chunks, *, kind="other", stated=(), file_format="csv", municipality=None
    ):
        self.municipality = municipality
        self.path = path
        self.format = file_format
        self.source = SourceInfo("accidents", kind, "Accidents", "Police")
        self.stated_record = stated
        self.warnings = []
        self._chunks = chunks
        if not path.exists():
            path.write_text("header\n", encoding="utf-8")

    def chunks(self):
        yield from self._chunks


def make_chunk(incidents, *, first_row=2, rejected=EMPTY, n_merged=0):
    rows = np.arange(first_row, first_row + len(incidents), dtype=np.int64)
    return Chunk(incidents, rows, rejected, len(incidents) + len(rejected) + n_merged, n_merged)


@pytest.fixture
def workspace(tmp_path):
    made = Workspace(tmp_path / "town", Settings())
    made.path.mkdir()
    made.write_settings()
    Store.create(made).close()
    return made


@pytest.fixture
def run(workspace, tmp_path):
    def run(*chunks, name="points.csv", reader=None, **options):
        reader = reader or FakeReader(tmp_path / name, chunks)
        return import_incidents(workspace, reader, boundary=BOUNDARY, **options)

    return run


def read(workspace):
    with Store.open(workspace) as store:
        return store.read_incidents()


def parts(account):
    return {
        name: n
        for name in (
            "new",
            "unchanged",
            "updated",
            "duplicates",
            "outside",
            "not_placed",
            "rejected",
        )
        if (n := getattr(account, name))
    }


def test_every_class_of_the_account(run, workspace):
    run(make_chunk(make_incidents(["same", "changing"])))
    incidents = make_incidents(["same", "changing", "inside", "edge", "outside", "nowhere", "same"])
    incidents.loc[1, schema.NOTE] = "corrected"
    incidents.loc[3, schema.X] = -545_000.0
    incidents.loc[4, schema.X] = OUTSIDE_X
    incidents.loc[5, [schema.X, schema.Y]] = np.nan
    rejected = make_rejected([9, 10], ["no date", "no date"], ["a;b", "c;d"])
    account = run(make_chunk(incidents, rejected=rejected, n_merged=3), name="second.csv")
    assert parts(account) == {
        "new": 2,
        "unchanged": 1,
        "updated": 1,
        "duplicates": 4,
        "outside": 1,
        "not_placed": 1,
        "rejected": 2,
    }
    assert account.rows_read == 12
    assert account.n_stored == 6
    assert len(read(workspace)) == 6


def test_second_import_of_the_same_file_is_unchanged_and_duplicates(run, workspace):
    chunks = [make_chunk(make_incidents(["1", "2", "1"])), make_chunk(make_incidents(["3", "2"]))]
    assert parts(run(*chunks)) == {"new": 3, "duplicates": 2}
    before = read(workspace)
    assert parts(run(*chunks)) == {"unchanged": 3, "duplicates": 2}
    pd.testing.assert_frame_equal(read(workspace), before)


def test_first_of_two_differing_rows_wins_and_both_are_named(run, workspace):
    account = run(
        make_chunk(make_incidents(["1", "2"], note="first")),
        make_chunk(make_incidents(["2", "1"], note="second"), first_row=4),
    )
    assert read(workspace)[schema.NOTE].tolist() == ["first", "first"]
    (warning, *_rest) = account.warnings
    assert warning.startswith("2 rows repeat the reference of an earlier row")
    assert warning.endswith("Rows: 4 (first in 3), 5 (first in 2)")


def test_incidents_that_are_no_offence_are_kept_and_said_to_be_uncounted(run, workspace):
    account = run(make_chunk(make_incidents(["1", "2"], counted=[True, False])))
    assert account.n_counted_out == 1
    assert parts(account) == {"new": 2}
    assert any("kept but not counted" in line for line in account.lines())


def test_everything_outside_asks_whether_the_municipality_is_right(run):
    account = run(make_chunk(make_incidents(["1", "2"], x=OUTSIDE_X)))
    assert any("right municipality" in text for text in account.warnings)
    some = run(make_chunk(make_incidents(["3", "4"], x=[OUTSIDE_X, -543_000.0])))
    assert not any("right municipality" in text for text in some.warnings)


# --- rejected rows -----------------------------------------------------------------------------
def rejecting(n=2, *, raw="=cmd()"):
    rejected = make_rejected(list(range(5, 5 + n)), ["no date"] * n, [raw] * n)
    return make_chunk(make_incidents(["1"]), rejected=rejected)


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


# --- dry run -----------------------------------------------------------------------------------
def snapshot(folder):
    return {p: p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def test_dry_run_accounts_and_writes_nothing(run, tmp_path, workspace):
    run(make_chunk(make_incidents(["1", "2"])))
    FakeReader(tmp_path / "b.csv", [])
    chunk = make_chunk(
        make_incidents(["1", "2", "3"], note=["", "x", ""]),
        rejected=make_rejected([9], ["bad"], ["r"]),
    )
    before = snapshot(tmp_path)
    dry = run(chunk, name="b.csv", dry_run=True)
    assert snapshot(tmp_path) == before
    assert parts(dry) == {"unchanged": 1, "updated": 1, "new": 1, "rejected": 1}
    assert dry.rejected_rows[0].reason == "bad"
    assert dry.rejects_file is None
    assert "Dry run: nothing was changed." in dry.lines()
    real = run(chunk, name="b.csv")
    assert replace(real, rejects_file=None) == replace(dry, dry_run=False)


def test_dry_run_of_rejected_rows_only_lists_nothing(run, tmp_path):
    with pytest.raises(SourceError, match="the only row was rejected"):
        run(
            make_chunk(make_incidents([]), rejected=make_rejected([2], ["bad"], ["r"])),
            dry_run=True,
        )
    assert not (tmp_path / "points.csv.rejected.csv").exists()


# --- periods of record -------------------------------------------------------------------------
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
    assert any("hotspots sources confirm accidents" in text for text in account.warnings)
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
    assert warning.endswith("hotspots sources set accidents --record 2024-01-01..2024-03-31")
    same = run(make_chunk(daily("2024-01-01", "2024-01-31")))
    assert same.warnings == ()


def test_stating_a_part_does_not_confirm_what_was_inferred(run, workspace):
    run(make_chunk(daily("2024-01-01", "2024-03-31")))
    later = Span(date(2024, 7, 1), date(2024, 7, 31))
    account = run(make_chunk(daily("2024-07-01", "2024-07-31")), record=(later,), name="b.csv")
    assert any("still to be confirmed" in text for text in account.warnings)
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


# --- what may go wrong -------------------------------------------------------------------------
def test_source_of_another_kind_is_refused(run, tmp_path):
    run(make_chunk(make_incidents(["1"])))
    reader = FakeReader(tmp_path / "b.csv", [make_chunk(make_incidents(["2"]))], kind="apk")
    with pytest.raises(SourceError, match="registered as other, but the file says apk"):
        run(reader=reader)


def test_reader_that_fails_half_way_changes_nothing(run, tmp_path, workspace):
    def broken():
        yield make_chunk(make_incidents(["1", "2"]))
        raise SourceError("the file is cut off")

    with pytest.raises(SourceError, match="cut off"):
        run(reader=FakeReader(tmp_path / "cut.csv", broken()))
    assert len(read(workspace)) == 0
    assert not list(tmp_path.glob("*.rejected.csv"))


def test_account_that_does_not_add_up_stores_nothing(run, workspace):
    chunk = replace(make_chunk(make_incidents(["1"])), n_rows=5)
    with pytest.raises(StoreError, match="does not add up: 5 rows read, 1 accounted"):
        run(chunk)
    assert len(read(workspace)) == 0


def test_progress_ends_at_one(run, tmp_path):
    path = tmp_path / "p.csv"
    path.write_text("h\n1\n2\n3\n4\n", encoding="utf-8")
    shares = []
    run(
        make_chunk(make_incidents(["1", "2"])),
        make_chunk(make_incidents(["3", "4"])),
        name="p.csv",
        progress=shares.append,
    )
    assert shares == [0.4, 0.8, 1.0]


def test_account_is_kept_with_its_import(run, workspace):
    account = run(rejecting())
    with Store.open(workspace) as store:
        (batch,) = store.batches()
    assert json.loads(batch.account) == account.to_dict()
    assert len(batch.sha256) == 64


def test_lines_are_aligned_and_translated(run):
    account = run(make_chunk(make_incidents(["1"])))
    table = account.lines()[1:9]
    assert len({len(line) for line in table}) == 1
    with use_language("cs"):
        assert account.lines()[1].startswith("načteno řádků")


def test_account_checks_itself():
    account = Account("f", "s", "csv", 3, 1, 0, 0, 0, 0, 0, 1)
    with pytest.raises(StoreError, match="does not add up"):
        account.check()
    replace(account, rows_read=2).check()


# --- properties --------------------------------------------------------------------------------
ROWS = st.lists(st.tuples(st.sampled_from("abcdef"), st.integers(0, 2)), min_size=1, max_size=8)


def chunks_of(rows, size):
    for start in range(0, len(rows), size):
        part = rows[start : start + size]
        yield make_chunk(
            make_incidents([ref for ref, _v in part], note=[str(value) for _ref, value in part]),
            first_row=start + 2,
        )


def import_all(folder, files, size):
    folder.mkdir()
    workspace = Workspace(folder, Settings())
    Store.create(workspace).close()
    accounts = [
        import_incidents(
            workspace,
            FakeReader(folder / f"{n}.csv", list(chunks_of(rows, size))),
            boundary=BOUNDARY,
            record=(Span(date(2024, 1, 1), date(2024, 12, 31)),),
        )
        for n, rows in enumerate(files)
    ]
    return read(workspace).drop(columns=[schema.BATCH_ID]), accounts


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(files=st.lists(ROWS, min_size=1, max_size=3), size=st.integers(1, 9))
def test_any_sequence_of_files_adds_up(files, size, tmp_path_factory):
    folder = tmp_path_factory.mktemp("property")
    frame, accounts = import_all(folder / "w", files, size)
    expected = {}
    for rows, account in zip(files, accounts, strict=True):
        account.check()
        first = {}
        for ref, value in rows:
            first.setdefault(ref, value)
        assert account.rows_read == len(rows)
        assert account.duplicates == len(rows) - len(first)
        assert account.new == len(set(first) - set(expected))
        assert account.unchanged == sum(expected.get(r) == v for r, v in first.items())
        expected |= first
        assert account.n_stored == len(expected)
    stored = dict(zip(frame[schema.SOURCE_REF], frame[schema.NOTE].astype(int), strict=True))
    assert stored == expected


@settings(
    max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(refs=st.lists(st.sampled_from("abcdefgh"), min_size=1, max_size=10), data=st.data())
def test_order_of_rows_and_cut_into_files_are_irrelevant(refs, data, tmp_path_factory):
    folder = tmp_path_factory.mktemp("property")
    rows = [(ref, ord(ref)) for ref in refs]
    shuffled = data.draw(st.permutations(rows))
    cut = data.draw(st.integers(1, len(rows)))
    one, _a = import_all(folder / "one", [rows], 3)
    other, _b = import_all(folder / "other", [p for p in (shuffled[:cut], shuffled[cut:]) if p], 4)
    pd.testing.assert_frame_equal(one, other)


# --- whole way ---------------------------------------------------------------------------------
MAPPING = Mapping.from_dict(
    {
        "source": "accidents",
        "kind": "state_police",
        "label": "Accidents",
        "columns": {"source_ref": "id", "occurred": "when", "x": "x", "y": "y"},
        "values": {"offence": "accident", "crs": "EPSG:5514"},
    }
)


def write_points(path, n):
    rng = np.random.default_rng(7)
    days = np.datetime64("2020-01-01") + rng.integers(0, 900, n)
    pd.DataFrame(
        {
            "id": np.arange(n),
            "when": days.astype(str),
            "x": rng.uniform(-545_000, -542_000, n).round(2),
            "y": rng.uniform(-1_052_000, -1_049_000, n).round(2),
        }
    ).to_csv(path, index=False)


def test_file_is_imported_through_a_mapping(workspace, tmp_path):
    path = tmp_path / "points.csv"
    write_points(path, 500)
    account = import_file(workspace, path, mapping=MAPPING, boundary=BOUNDARY)
    assert parts(account) == {"new": 500}
    assert read(workspace)[schema.INCIDENT_ID].str.startswith("accidents:").all()
    again = import_file(workspace, path, mapping=MAPPING, boundary=BOUNDARY)
    assert parts(again) == {"unchanged": 500}
    with Store.open(workspace) as store:
        assert store.batches()[0].mapping == MAPPING.to_toml()


KILLED = """
import sys, time
from pathlib import Path
import shapely
from hotspots.ingest.importer import import_file
from hotspots.settings import Settings, Workspace
from tests.test_importer import BOUNDARY, MAPPING
print("ready", flush=True)
import_file(Workspace(Path(sys.argv[1]), Settings()), Path(sys.argv[2]), mapping=MAPPING,
            boundary=BOUNDARY)
print("done", flush=True)
"""


def test_import_killed_at_any_moment_leaves_the_state_before_or_after(workspace, tmp_path):
    first, second = tmp_path / "first.csv", tmp_path / "second.csv"
    write_points(first, 100)
    write_points(second, 30_000)
    import_file(workspace, first, mapping=MAPPING, boundary=BOUNDARY)
    root = Path(__file__).resolve().parents[1]
    seen = set()
    for delay_s in (0.05, 0.25, 0.5, 0.9):
        process = subprocess.Popen(
            [sys.executable, "-c", KILLED, str(workspace.path), str(second)],
            cwd=root,
            env={**os.environ, "PYTHONPATH": str(root)},
            stdout=subprocess.PIPE,
        )
        assert process.stdout.readline().strip() == b"ready"
        time.sleep(delay_s)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        n = len(read(workspace))
        seen.add(n)
        assert n in {100, 30_000}
        with Store.open(workspace) as store:
            assert store.source("accidents").n_incidents == n
            assert len(store.batches()) == (1 if n == 100 else 2)
    assert 100 in seen
    if 30_000 not in seen:
        account = import_file(workspace, second, mapping=MAPPING, boundary=BOUNDARY)
        assert account.new + account.unchanged + account.updated == 30_000


# --- workspaces --------------------------------------------------------------------------------
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


# --- real files --------------------------------------------------------------------------------
@pytest.mark.reference
def test_real_accidents_are_accounted_for(shared, tmp_path):
    workspace = init_workspace(tmp_path / "w")
    mapping = Mapping.from_dict(
        {
            "source": "accidents",
            "kind": "state_police",
            "label": "Road accidents",
            "columns": {"source_ref": "p1", "date": "date", "time": "time"},
            "values": {"offence": "accident"},
        }
    )
    file = shared / "data/jesenik/jesenik_nehody_2016_2024.gpkg"
    account = import_file(workspace, file, mapping=mapping, rejects_path=tmp_path / "r.csv")
    assert account.rows_read == 983
    assert account.rejected == 0
    assert account.new + account.outside == 983
    assert 0 < account.outside < 20
    assert len(account.record) == 3
    again = import_file(workspace, file, mapping=mapping, rejects_path=tmp_path / "r.csv")
    assert parts(again) == {"unchanged": 983}


@pytest.mark.reference
def test_real_police_file_has_one_incident_per_id(shared, tmp_path):
    workspace = init_workspace(tmp_path / "w")
    file = shared / "data/police/2025_500097.csv"
    account = import_file(workspace, file, rejects_path=tmp_path / "r.csv")
    ids = pd.read_csv(file, usecols=["id"])["id"]
    assert account.rows_read == len(ids)
    assert account.n_stored == ids.nunique()
    assert account.duplicates == len(ids) - ids.nunique()
    assert any(
        "municipality 500097, but this workspace is of 536385" in t for t in account.warnings
    )
    with Store.open(workspace) as store:
        (source,) = store.sources()
    assert (source.record, source.record_state) == ((), "none")
    assert source.n_displaced == source.n_incidents
