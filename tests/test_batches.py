"""Batches: inspected, exported, undone whole; what is left reads as if they had never been."""

import csv
import json
import sys
from dataclasses import dataclass, field
from datetime import date, timedelta

import numpy as np
import openpyxl
import pandas as pd
import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hotspots import layers, schema
from hotspots.cli import main
from hotspots.errors import NotFoundError, ParameterError, SourceError
from hotspots.ingest.batches import export_batch, undo_batch
from hotspots.ingest.importer import import_incidents
from hotspots.periods import Span, merge_spans
from hotspots.record_inference import infer_record
from hotspots.store import Place, Store
from tests.importing import BOUNDARY, FakeReader, make_chunk, make_runner, make_workspace, read
from tests.storing import make_incidents, put

DAY = date(2024, 3, 5)


@pytest.fixture
def workspace(tmp_path):
    return make_workspace(tmp_path / "town")


@pytest.fixture
def run(workspace, tmp_path):
    return make_runner(workspace, tmp_path)


def undo(workspace, batch_id, **options):
    return undo_batch(workspace, batch_id, user="eva", **options)


def notes(workspace):
    frame = read(workspace)
    return dict(zip(frame[schema.SOURCE_REF], frame[schema.NOTE], strict=True))


def source_of(workspace):
    with Store.open(workspace) as store:
        return store.source("accidents")


# --- one after the other -----------------------------------------------------------------------
def test_an_undone_import_leaves_nothing_to_be_seen(run, workspace):
    run(make_chunk(make_incidents(["1", "2"])))
    undone = undo(workspace, 1)
    assert (undone.withdrawn, undone.restored, undone.kept, undone.stored) == (2, 0, 0, 0)
    assert undone.source_gone
    with Store.open(workspace) as store:
        assert store.sources() == []
        assert store.read_incidents().empty
        (batch,) = store.batches()
    assert (batch.holds, batch.undone_by) == (False, "eva")
    assert batch.undone_at.endswith("+00:00")
    with pytest.raises(ParameterError, match=r"import 1 is undone already, on .* by eva"):
        undo(workspace, 1)
    with pytest.raises(NotFoundError, match="no import 9"):
        undo(workspace, 9)


def test_imported_again_all_is_new(run, workspace):
    run(make_chunk(make_incidents(["1", "2"])))
    undo(workspace, 1)
    again = run(make_chunk(make_incidents(["1", "2"])))
    assert (again.new, again.n_stored) == (2, 2)
    assert source_of(workspace).n_incidents == 2


def test_a_source_that_is_gone_may_begin_anew_as_another_kind(run, workspace, tmp_path):
    run(make_chunk(make_incidents(["1"])))
    undo(workspace, 1)
    reader = FakeReader(tmp_path / "b.csv", [make_chunk(make_incidents(["1"]))], kind="apk")
    run(reader=reader)
    assert source_of(workspace).kind == "apk"


def test_former_content_comes_back_and_later_content_stays(run, workspace):
    run(make_chunk(make_incidents(["a", "b", "c"], note="one")))
    run(make_chunk(make_incidents(["a", "b"], note="two")))
    run(make_chunk(make_incidents(["b"], note="three")))
    undone = undo(workspace, 2)
    assert notes(workspace) == {"a": "one", "b": "three", "c": "one"}
    assert (undone.withdrawn, undone.restored, undone.kept) == (0, 1, 1)
    undo(workspace, 3)
    assert set(notes(workspace).values()) == {"one"}


def test_what_a_later_file_says_too_stays_as_its_own(run, workspace):
    run(make_chunk(make_incidents(["a", "b"])))
    run(make_chunk(make_incidents(["b", "c"])))
    undone = undo(workspace, 1)
    assert (undone.withdrawn, undone.kept) == (1, 1)
    frame = read(workspace)
    assert frame[schema.SOURCE_REF].tolist() == ["b", "c"]
    assert set(frame[schema.BATCH_ID]) == {2}
    undo(workspace, 2)
    assert read(workspace).empty


def test_a_trial_changes_nothing_and_says_the_same(run, workspace):
    run(make_chunk(make_incidents(["a", "b"], note="one")))
    run(make_chunk(make_incidents(["b", "c"], note="two")))
    before = read(workspace)
    with Store.open(workspace) as store:
        version = store.version()
    trial = undo(workspace, 2, dry_run=True)
    pd.testing.assert_frame_equal(read(workspace), before)
    with Store.open(workspace) as store:
        assert store.version() == version
        assert store.batch(2).holds
    assert "would do this" in trial.lines()[0]
    done = undo(workspace, 2)
    assert done.to_dict() == trial.to_dict() | {"dry_run": False}
    with Store.open(workspace) as store:
        assert store.version() != version


def test_an_undo_that_fails_changes_nothing(run, workspace, monkeypatch):
    run(make_chunk(make_incidents(["a"])))
    before = read(workspace)

    def fail(*_arguments, **_options):
        raise SourceError("the power is off")

    monkeypatch.setattr("hotspots.ingest.batches.retell_record", fail)
    monkeypatch.setattr("hotspots.store.undoing.UndoTransaction.finish", fail)
    with pytest.raises(SourceError, match="power is off"):
        undo(workspace, 1)
    pd.testing.assert_frame_equal(read(workspace), before)


def test_imports_that_noted_nothing_are_undone_from_the_last(workspace):
    with Store.open(workspace) as store:
        put(store, make_incidents(["1"]))
        put(store, make_incidents(["2"]))
        with store._engine.begin() as connection:
            connection.exec_driver_sql("UPDATE batches SET also_seen = ''")
    with pytest.raises(
        ParameterError, match=r"import 2 came after import 1 .* undo import 2 first"
    ):
        undo(workspace, 1)
    undone = undo(workspace, 2)
    assert any("left as they are" in text for text in undone.warnings)
    undo(workspace, 1)
    assert read(workspace).empty


def test_what_a_person_decided_sleeps_and_wakes(run, workspace):
    nowhere = make_incidents(["1", "2"])
    nowhere[[schema.X, schema.Y]] = np.nan
    run(make_chunk(nowhere))
    with Store.open(workspace) as store:
        place = Place(-543_400.0, -1_050_700.0, "manual", None, "by hand")
        store.decide_place(["accidents:1"], place, user="eva")
        pair = [("accidents:1", "accidents:2", 90.0)]
        store.decide_links(pair, state="confirmed", user="eva")
    undo(workspace, 1)
    with Store.open(workspace) as store:
        assert store.read_placings().empty
        assert store.read_links().empty
    account = run(make_chunk(nowhere))
    assert (account.new, account.not_placed) == (1, 1)
    with Store.open(workspace) as store:
        assert len(store.read_links()) == 1
        assert store.read_incidents()[schema.X].tolist()[0] == place.x


# --- periods of record -------------------------------------------------------------------------
def test_stated_days_go_with_their_import(run, workspace):
    one, two = Span(date(2024, 1, 1), date(2024, 6, 30)), Span(DAY, date(2024, 12, 31))
    run(make_chunk(make_incidents(["1"])), record=(one,))
    run(make_chunk(make_incidents(["2"])), record=(two,))
    undo(workspace, 1)
    assert source_of(workspace).record == (two,)


def test_days_that_a_person_set_stay(run, workspace):
    run(make_chunk(make_incidents(["1"])))
    run(make_chunk(make_incidents(["2"])))
    span = Span(date(2024, 1, 1), date(2024, 12, 31))
    with Store.open(workspace) as store:
        store.set_record("accidents", [span])
    undone = undo(workspace, 2)
    assert source_of(workspace).record == (span,)
    assert any("what they set stays" in text for text in undone.warnings)


def test_days_set_before_the_import_come_back(run, workspace):
    span = Span(date(2024, 1, 1), date(2024, 6, 30))
    run(make_chunk(make_incidents(["1"])))
    with Store.open(workspace) as store:
        store.set_record("accidents", [span])
    run(make_chunk(make_incidents(["2"])), record=(Span(date(2024, 7, 1), date(2024, 9, 1)),))
    undo(workspace, 2)
    assert source_of(workspace).record == (span,)


# --- any sequence ------------------------------------------------------------------------------
@dataclass
class Model:
    """What a store should hold after replaying imports that hold."""

    contents: dict = field(default_factory=dict)
    confirmed: tuple = ()
    inferred: tuple = ()

    def take(self, rows, stated):
        for ref, value in rows.items():
            self.contents[ref] = value
        if stated:
            self.confirmed = merge_spans([*self.confirmed, *stated])
            self.inferred = self._uncovered(self.inferred)
        elif self.confirmed and not self.inferred:
            pass
        else:
            days = np.array([np.datetime64(day_of(v)) for v in self.contents.values()])
            self.inferred = self._uncovered(infer_record(days))

    def _uncovered(self, spans):
        return tuple(
            span
            for span in spans
            if not any(c.start <= span.start and span.end <= c.end for c in self.confirmed)
        )


def day_of(value):
    return DAY + timedelta(days=40 * value)


def chunk_of(rows):
    frame = make_incidents(list(rows), note=[str(value) for value in rows.values()])
    frame[schema.OCCURRED_FROM] = np.array(
        [np.datetime64(day_of(value)) for value in rows.values()], dtype="datetime64[s]"
    )
    frame[schema.OCCURRED_TO] = frame[schema.OCCURRED_FROM]
    return make_chunk(frame)


FILES = st.dictionaries(st.sampled_from("abcd"), st.integers(0, 2), min_size=1, max_size=4)
STATED = st.sampled_from([(), (), (Span(DAY, day_of(1)),), (Span(day_of(2), day_of(3)),)])
STEPS = st.lists(st.one_of(st.tuples(FILES, STATED), st.integers(0, 7)), min_size=2, max_size=9)


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(steps=STEPS)
def test_any_sequence_of_imports_and_undos_is_that_of_the_imports_that_hold(
    steps, tmp_path_factory
):
    folder = tmp_path_factory.mktemp("sequence")
    workspace = make_workspace(folder / "w")
    imports, holding = [], []
    for step in steps:
        if isinstance(step, tuple):
            rows, stated = step
            imports.append(step)
            holding.append(len(imports))
            reader = FakeReader(folder / "f.csv", [chunk_of(rows)])
            import_incidents(workspace, reader, boundary=BOUNDARY, record=stated)
        elif holding:
            gone = holding.pop(step % len(holding))
            undone = undo(workspace, gone)
            assert undone.withdrawn + undone.restored + undone.kept <= 4
        else:
            continue
        model = Model()
        for number in holding:
            model.take(*imports[number - 1])
        assert notes(workspace) == {ref: str(v) for ref, v in model.contents.items()}
        with Store.open(workspace) as store:
            assert sum(batch.holds for batch in store.batches()) == len(holding)
            if not holding:
                assert store.sources() == []
                continue
            (source,) = store.sources()
            assert source.n_incidents == len(model.contents)
            assert source.record == merge_spans([*model.confirmed, *model.inferred])
            with store.stored("accidents") as stored:
                assert stored.records() == (model.confirmed, model.inferred)
            # What each file said can be told at any time, its import undone or not.
            for number, (rows, _stated) in enumerate(imports, start=1):
                said = store.read_batch_incidents(number)
                found = dict(zip(said[schema.SOURCE_REF], said[schema.NOTE], strict=True))
                assert found == {ref: str(value) for ref, value in rows.items()}
            with store._engine.connect() as connection:
                assert connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall() == []


# --- export ------------------------------------------------------------------------------------
@pytest.mark.parametrize("ending", ["csv", "xlsx"])
def test_an_export_holds_every_incident_of_the_file_and_no_formula(
    run, workspace, tmp_path, ending
):
    run(make_chunk(make_incidents(["=1+1", "-2"], note="=cmd()", place_text="@SUM(A1)")))
    run(make_chunk(make_incidents(["-2"], note="=cmd()", place_text="@SUM(A1)")))
    path = tmp_path / f"out.{ending}"
    assert export_batch(workspace, 1, path) == 2
    assert export_batch(workspace, 2, path) == 1
    undo(workspace, 1)
    assert export_batch(workspace, 1, path, with_notes=True) == 2
    rows = read_cells(path)
    assert rows[0] == list(schema.INCIDENT_COLUMNS)
    texts = [cell for row in rows[1:] for cell in row if isinstance(cell, str)]
    assert not [t for t in texts if t.startswith(("=", "@", "+"))]
    assert "'=cmd()" in texts
    export_batch(workspace, 1, path)
    assert schema.NOTE not in read_cells(path)[0]
    assert list(tmp_path.glob("*.part")) == []


def read_cells(path):
    if path.suffix == ".csv":
        with path.open(encoding="utf-8-sig", newline="") as file:
            return list(csv.reader(file, delimiter=";"))
    sheet = openpyxl.load_workbook(path).active
    assert all(cell.data_type != "f" for row in sheet.iter_rows() for cell in row)
    return [[cell.value for cell in row] for row in sheet.iter_rows()]


def test_an_export_elsewhere_is_refused(run, workspace, tmp_path):
    run(make_chunk(make_incidents(["1"])))
    with pytest.raises(ParameterError, match=r"out\.txt: an export is \.csv or \.xlsx"):
        export_batch(workspace, 1, tmp_path / "out.txt")
    with pytest.raises(SourceError, match="cannot be written"):
        export_batch(workspace, 1, tmp_path / "nowhere" / "out.csv")


def test_a_batch_knows_its_account(run, workspace):
    run(make_chunk(make_incidents(["1"])), mapping_text="m", mapping_name="town")
    with Store.open(workspace) as store:
        batch = store.batch(1)
    assert batch.mapping_name == "town"
    assert json.loads(batch.account)["new"] == 1


# --- commands ----------------------------------------------------------------------------------
@pytest.fixture
def command(workspace):
    def call(*arguments, **options):
        arguments = [str(argument) for argument in arguments]
        return CliRunner().invoke(main, [*arguments, "--workspace", str(workspace.path)], **options)

    return call


def test_commands_list_show_export_and_undo(run, workspace, command, tmp_path):
    assert "No import yet" in command("batch", "list").output
    run(make_chunk(make_incidents(["a", "b"], note="=secret")), name="first.csv")
    run(make_chunk(make_incidents(["b", "c"], note="two")), name="second.csv")
    listed = json.loads(command("batch", "list", "--json").output)
    assert [(one["batch"], one["file"], one["holds"]) for one in listed] == [
        (2, "second.csv", True),
        (1, "first.csv", True),
    ]
    shown = command("batch", "show", 2)
    assert shown.exit_code == 0
    assert "second.csv (CSV)" in shown.output
    assert "updated" in shown.output
    out = tmp_path / "out.csv"
    written = command("batch", "export", 1, "--out", out)
    assert "2 incidents are written to" in written.output
    assert "secret" not in out.read_text(encoding="utf-8-sig")
    assert "--with-notes" in command("batch", "export", "--help").output
    assert command("batch", "export", 1, "--out", out, "--with-notes").exit_code == 0
    assert "'=secret" in out.read_text(encoding="utf-8-sig")

    trial = command("batch", "undo", 2, "--dry-run")
    assert "would do this" in trial.output
    refused = command("batch", "undo", 2)
    assert refused.exit_code == 2
    assert "to undo import 2 give --yes" in refused.output
    assert notes(workspace)["c"] == "two"
    done = command("batch", "undo", 2, "--yes", "--json")
    assert json.loads(done.output)["withdrawn"] == 1
    assert notes(workspace) == {"a": "=secret", "b": "=secret"}
    again = command("batch", "undo", 2, "--yes")
    assert again.exit_code == 2
    assert "undone already" in again.output
    assert "undone on" in command("batch", "list").output
    assert command("batch", "show", 7).exit_code == 1


def test_an_undo_on_a_terminal_shows_what_will_happen_and_asks(
    run, workspace, command, monkeypatch
):
    run(make_chunk(make_incidents(["a"])))
    monkeypatch.setattr(sys.modules["hotspots.cli.batch"], "is_terminal", lambda: True)
    kept = command("batch", "undo", 1, input="n\n")
    assert "would do this" in kept.output
    assert "Nothing was changed." in kept.output
    assert len(read(workspace)) == 1
    done = command("batch", "undo", 1, input="y\n")
    assert "Import 1 (points.csv, source accidents) is undone." in done.output
    assert read(workspace).empty


def test_a_remembered_mapping_is_named_at_import(workspace, command, tmp_path):
    layers.install_bundled(workspace)
    path = tmp_path / "town.csv"
    path.write_text("d;x;y;o\n5.3.2024;-543455;-1050795;theft\n", encoding="utf-8")
    first = command(
        *("import", path, "--source", "town", "--crs", "EPSG:5514", "--value", "offence=theft"),
        *("--column", "occurred=d", "--column", "x=x", "--column", "y=y"),
    )
    assert first.exit_code == 0, first.output
    second = command("import", path, "--mapping", "town", "--json")
    (account,) = json.loads(second.output)
    assert (account["unchanged"], account["mapping_name"]) == (1, "town")
    wrong = command("import", path, "--mapping", "city")
    assert wrong.exit_code == 2
    assert "no mapping is remembered as 'city'; remembered are: town" in wrong.output


def test_an_unknown_file_is_imported_as_proposed_only_when_that_is_accepted(
    workspace, command, tmp_path
):
    layers.install_bundled(workspace)
    path = tmp_path / "hlaseni.csv"
    path.write_text(
        "datum;misto;udalost\n5.3.2024 10:00;Lipovská;rušení nočního klidu\n"
        "6.3.2024 11:00;Lipovská;krádež\n",
        encoding="utf-8",
    )
    asked = command("import", path, "--source", "reports")
    assert asked.exit_code == 1
    assert "--accept" in asked.output
    assert read(workspace).empty
    done = command("import", path, "--source", "reports", "--accept")
    assert done.exit_code == 0, done.output
    assert len(read(workspace)) == 2
