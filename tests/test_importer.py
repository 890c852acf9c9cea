"""Importing: an account that adds up, nothing stored twice, all kept or nothing."""

import json
from dataclasses import replace
from datetime import date

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hotspots import schema
from hotspots.errors import SourceError, StoreError
from hotspots.i18n import use_language
from hotspots.ingest.account import Account
from hotspots.ingest.batch import make_rejected
from hotspots.ingest.importer import import_file, import_incidents
from hotspots.ingest.mapping import Mapping
from hotspots.periods import Span
from hotspots.settings import Settings, Workspace
from hotspots.store import Store
from hotspots.workspace_init import init_workspace
from tests.importing import (
    BOUNDARY,
    OUTSIDE_X,
    FakeReader,
    make_chunk,
    make_runner,
    make_workspace,
    parts,
    read,
    rejecting,
)
from tests.storing import make_incidents

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


@pytest.fixture
def workspace(tmp_path):
    return make_workspace(tmp_path / "town")


@pytest.fixture
def run(workspace, tmp_path):
    return make_runner(workspace, tmp_path)


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
    assert replace(real, rejects_file=None) == replace(dry, dry_run=False, batch_id=2)


def test_dry_run_of_rejected_rows_only_lists_nothing(run, tmp_path):
    with pytest.raises(SourceError, match="the only row was rejected"):
        run(
            make_chunk(make_incidents([]), rejected=make_rejected([2], ["bad"], ["r"])),
            dry_run=True,
        )
    assert not (tmp_path / "points.csv.rejected.csv").exists()


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


def test_rows_without_a_number_are_stored_once_however_often_they_come(workspace, tmp_path):
    path = tmp_path / "town.csv"
    rows = (
        "5.3.2024;-543455;-1050795;odnesené kolo\n" * 3
        + "5.3.2024 10:00;-543455;-1050795;odnesené kolo\n" * 2
    )
    path.write_text("d;x;y;o\n" + rows, encoding="utf-8")
    columns = {"occurred": "d", "x": "x", "y": "y", "offence": "o"}
    plain = Mapping.from_options(source="town", crs="EPSG:5514", columns=columns)
    account = import_file(workspace, path, mapping=plain, boundary=BOUNDARY)
    assert parts(account) == {"new": 4, "duplicates": 1}
    assert len([text for text in account.warnings if "without a reference" in text]) == 2
    again = import_file(workspace, path, mapping=plain, boundary=BOUNDARY)
    assert parts(again) == {"unchanged": 4, "duplicates": 1}
    better = Mapping.from_options(base=plain, offences={"odnesené kolo": "theft"})
    account = import_file(workspace, path, mapping=better, boundary=BOUNDARY)
    assert parts(account) == {"updated": 4, "duplicates": 1}
    assert read(workspace)[schema.OFFENCE].tolist() == ["theft"] * 4


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
