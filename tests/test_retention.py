"""Rules of retention: what is too old goes from every table and from the database's files."""

import json
import sys
from datetime import date

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from shapely.geometry import box

from hotspots import layers, retention, schema
from hotspots.aggregate import count_by_area
from hotspots.analysis.waiting import list_waiting
from hotspots.cli import main
from hotspots.errors import NotFoundError, ParameterError, SourceError
from hotspots.former import FormerAreas
from hotspots.ingest.batch import make_rejected
from hotspots.ingest.batches import undo_batch
from hotspots.ingest.importer import import_incidents
from hotspots.periods import RecordCalendar, Span, list_periods
from hotspots.persons import Wanted, erase_mentions
from hotspots.placement import locate_incidents
from hotspots.retention import RetentionRun, run_retention
from hotspots.store import Place, Store
from hotspots.store.consistency import find_faults
from hotspots.store.retention_rules import COARSEN, DELETE, first_kept_day
from tests.counting import make_areas
from tests.importing import BOUNDARY, FakeReader, make_chunk, make_runner, make_workspace, read
from tests.storing import make_incidents

TODAY = date(2024, 11, 23)
LIMIT = date(2023, 11, 1)  # what twelve months keep on that day
OLD, NEW = "2023-03-05T22:15:00", "2024-03-05T22:15:00"
SECRET = "Jan Novák, Lipovská 12, tel. 777 123 456"  # noqa: S105


@pytest.fixture(autouse=True)
def clock(monkeypatch):
    monkeypatch.setattr("hotspots.store.retention_rules.today_in_prague", lambda: TODAY)


@pytest.fixture
def workspace(tmp_path):
    made = make_workspace(tmp_path / "town")
    made.backups.mkdir(exist_ok=True)
    return made


@pytest.fixture
def run(workspace, tmp_path):
    return make_runner(workspace, tmp_path)


def at(frame, *moments):
    times = np.array([np.datetime64(one, "s") for one in moments])
    for name in (schema.OCCURRED_FROM, schema.OCCURRED_TO, schema.REPORTED_AT):
        frame[name] = times
    return frame


def chunk(refs, *moments, **columns):
    return make_chunk(at(make_incidents(refs, **columns), *moments))


def set_rule(workspace, action=DELETE, months=12, source="accidents"):
    with Store.open(workspace) as store:
        return store.set_retention_rule(source, months=months, action=action, user="eva")


def rows(workspace, table):
    with Store.open(workspace) as store, store._engine.connect() as connection:
        found = connection.exec_driver_sql(f"SELECT * FROM {table}")  # noqa: S608
        return [dict(row) for row in found.mappings()]


def refs(workspace):
    return read(workspace)[schema.SOURCE_REF].tolist()


def holds(workspace, text):
    """Return which files of the database hold a text."""
    wanted = text.encode()
    files = workspace.database.parent.glob(workspace.database.name + "*")
    return [file.name for file in files if wanted in file.read_bytes()]


# --- rules -------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("months", "day", "first"),
    [
        (12, date(2024, 11, 23), date(2023, 11, 1)),
        (1, date(2024, 3, 1), date(2024, 2, 1)),
        (11, date(2024, 11, 30), date(2023, 12, 1)),
        (24, date(2024, 2, 29), date(2022, 2, 1)),
    ],
)
def test_a_rule_keeps_whole_months_besides_the_one_that_runs(months, day, first):
    assert first_kept_day(months, today=day) == first


def test_a_rule_is_set_replaced_and_removed(run, workspace):
    run(chunk(["1"], NEW))
    rule = set_rule(workspace, months=36)
    assert (rule.months, rule.action, rule.set_by) == (36, DELETE, "eva")
    set_rule(workspace, COARSEN, months=24)
    with Store.open(workspace) as store:
        (rule,) = store.retention_rules()
        assert (rule.source_id, rule.months, rule.action) == ("accidents", 24, COARSEN)
        assert store.remove_retention_rule("accidents").months == 24
        with pytest.raises(NotFoundError, match="accidents has no rule of retention"):
            store.remove_retention_rule("accidents")
    assert run_retention(workspace).sources == ()


@pytest.mark.parametrize(
    ("values", "error", "text"),
    [
        ({"months": 0}, ParameterError, "from 1 to 600, got 0"),
        ({"months": 601}, ParameterError, "from 1 to 600, got 601"),
        ({"action": "hide"}, ParameterError, r"'hide' is unknown; choose from: delete, coarsen"),
        ({"source": "x"}, NotFoundError, r"no source 'x'; known are: accidents"),
    ],
)
def test_a_wrong_rule_is_refused(run, workspace, values, error, text):
    run(chunk(["1"], NEW))
    with pytest.raises(error, match=text):
        set_rule(workspace, **values)
    with Store.open(workspace) as store:
        assert store.retention_rules() == []


# --- deleting ----------------------------------------------------------------------------------
def test_old_incidents_go_whole_and_the_import_says_so(run, workspace):
    run(chunk(["1", "2"], OLD, NEW, note=[SECRET, "stays"]))
    set_rule(workspace)
    planned = run_retention(workspace, dry_run=True)
    assert planned.dry_run
    assert refs(workspace) == ["1", "2"]
    ((month, counts),) = planned.sources[0].by_month
    assert (month, counts["incidents"], counts["notes"]) == ("2023-03", 1, 1)
    done = run_retention(workspace)
    assert (done.total, done.is_wiped) == (planned.total, True)
    assert refs(workspace) == ["2"]
    assert read(workspace)[schema.NOTE].tolist() == ["stays"]
    with Store.open(workspace) as store:
        assert store.source("accidents").n_incidents == 1
        account = store.batch(1).account_values()
    assert (account["rows_read"], account["new"], account["retention_deleted"]) == (2, 2, 1)
    assert find_faults(workspace) == []


def test_nothing_of_a_note_is_left_in_the_files_of_the_database(run, workspace):
    run(chunk(["1", "2"], OLD, NEW, note=[SECRET, "stays"], place_text=["U mostu 17", ""]))
    run(chunk(["1"], OLD, note=SECRET + " again"), name="later.csv")
    undo_batch(workspace, 2, user="eva")
    assert holds(workspace, SECRET)
    set_rule(workspace)
    assert run_retention(workspace).is_wiped
    assert holds(workspace, SECRET) == []
    assert holds(workspace, "U mostu 17") == []
    assert holds(workspace, "stays") == ["hotspots.db"]


def test_a_reader_who_holds_the_log_is_told_of(run, workspace, monkeypatch):
    monkeypatch.setattr("hotspots.store.engine.BUSY_TIMEOUT_MS", 50)
    run(chunk(["1", "2"], OLD, NEW, note=[SECRET, "stays"]))
    set_rule(workspace)
    with Store.open(workspace) as reader, reader._engine.connect() as connection:
        connection.exec_driver_sql("SELECT count(*) FROM incidents").fetchall()
        first = run_retention(workspace)
    assert not first.is_wiped
    assert "Run hotspots retention run again" in first.notes[0]
    second = run_retention(workspace)
    assert (second.is_empty, second.is_wiped, holds(workspace, SECRET)) == (True, True, [])


def test_versions_withdrawn_rows_and_what_imports_repeat_go_too(run, workspace):
    run(chunk(["1", "2"], OLD, NEW, note="first"))
    run(chunk(["1", "2"], OLD, NEW, note="second"), name="b.csv")
    run(chunk(["1", "2"], OLD, NEW, note="second"), name="c.csv")
    run(chunk(["3"], OLD, note="third"), name="d.csv")
    undo_batch(workspace, 4, user="eva")
    set_rule(workspace)
    total = run_retention(workspace).total
    assert (total["incidents"], total["versions"], total["withdrawn"]) == (1, 1, 1)
    assert [row["source_ref"] for row in rows(workspace, "incidents")] == ["2"]
    assert len(rows(workspace, "incident_versions")) == 1
    assert rows(workspace, "withdrawn_incidents") == []
    with Store.open(workspace) as store:
        assert store.read_batch_incidents(3)[schema.SOURCE_REF].tolist() == ["2"]
        assert store.read_batch_incidents(4).empty
    assert find_faults(workspace) == []
    undo_batch(workspace, 2, user="eva")
    assert read(workspace)[schema.NOTE].tolist() == ["second"]
    undo_batch(workspace, 3, user="eva")
    assert read(workspace)[schema.NOTE].tolist() == ["first"]
    assert find_faults(workspace) == []


def test_a_former_version_of_an_old_day_goes_while_the_incident_stays(run, workspace):
    run(chunk(["1"], OLD, note=SECRET))
    run(chunk(["1"], NEW, note="corrected"), name="b.csv")
    set_rule(workspace)
    assert run_retention(workspace).total["versions"] == 1
    assert holds(workspace, SECRET) == []
    assert find_faults(workspace) == []
    undone = undo_batch(workspace, 2, user="eva")
    assert (undone.withdrawn, refs(workspace)) == (1, [])


def test_decisions_of_persons_go_with_what_they_are_about(run, workspace):
    unplaced = {"x": np.nan, "y": np.nan, "place_method": "none"}
    texts = ["u starého mostu", "u starého mostu", "za školou"]
    run(chunk(["1", "2", "3"], OLD, OLD, NEW, place_text=texts, **unplaced))
    place = Place(-543_000.0, -1_050_500.0, "manual", 20.0, "Most")
    with Store.open(workspace) as store:
        store.decide_place(
            ["accidents:1"], place, user="eva", text="u starého mostu", remember=True
        )
        store.decide_place(["accidents:3"], place, user="eva", text="za školou", remember=True)
        store.decide_links(
            [("accidents:1", "accidents:2", 80.0)], state="confirmed", user="eva", subject="1 = 2"
        )
        store.decide_links(
            [("accidents:2", "accidents:3", 70.0)], state="dismissed", user="eva", subject="2 = 3"
        )
    set_rule(workspace)
    total = run_retention(workspace).total
    assert (total["placings"], total["links"], total["remembered"]) == (2, 2, 1)
    assert total["decisions"] == 5  # two places, one description, two pairs
    kept = rows(workspace, "decisions")
    assert [(row["subject"], bool(json.loads(row["before"]))) for row in kept] == [
        ("", False),
        ("za školou", True),
        ("", False),
        ("", False),
    ]
    assert [row["place_text"] for row in rows(workspace, "remembered_places")] == ["za školou"]
    assert rows(workspace, "links") == []
    assert (holds(workspace, "starého mostu"), find_faults(workspace)) == ([], [])
    with Store.open(workspace) as store:
        store.undo_decision(1, user="eva")
        store.undo_decision(2, user="eva")


def test_a_remembered_place_stays_while_a_newer_incident_rests_on_it(run, workspace):
    unplaced = {"x": np.nan, "y": np.nan, "place_method": "none"}
    run(chunk(["1", "2"], OLD, NEW, place_text="u mostu", **unplaced))
    place = Place(-543_000.0, -1_050_500.0, "manual", 20.0, "Most")
    with Store.open(workspace) as store:
        store.decide_place(["accidents:1"], place, user="eva", text="u mostu", remember=True)
    set_rule(workspace)
    total = run_retention(workspace).total
    assert (total["placings"], total["remembered"]) == (1, 0)
    with Store.open(workspace) as store:
        assert list(store.remembered_places()) == ["u mostu"]
        assert store.decision(1).subject == "u mostu"
    assert find_faults(workspace) == []


def test_undated_incidents_are_as_old_as_their_import(run, workspace, monkeypatch):
    undated = make_incidents(["1"], note="undated", time_precision="unknown")
    for name in (schema.OCCURRED_FROM, schema.OCCURRED_TO, schema.REPORTED_AT):
        undated[name] = np.datetime64("NaT", "s")
    run(make_chunk(undated))
    set_rule(workspace)
    assert run_retention(workspace).is_empty
    with Store.open(workspace) as store, store._engine.begin() as connection:
        connection.exec_driver_sql("UPDATE batches SET imported_at = '2023-10-31T22:59:59+00:00'")
    ((month, counts),) = run_retention(workspace).sources[0].by_month
    assert (month, counts["incidents"], refs(workspace)) == ("", 1, [])
    account = run(make_chunk(undated), chunk(["2"], NEW))
    assert (account.rejected, account.new) == (1, 1)  # the same file, so the same rows


def test_deleted_months_are_missing_afterwards_and_never_none(run, workspace):
    whole = Span(date(2023, 1, 1), date(2024, 6, 30))
    run(chunk(["1", "2"], OLD, NEW), record=(whole,))
    set_rule(workspace)
    run_retention(workspace)
    with Store.open(workspace) as store:
        assert store.source("accidents").record == (Span(LIMIT, whole.end),)
    run(chunk(["2", "3"], NEW, NEW), name="b.csv", record=(whole,))
    undo_batch(workspace, 2, user="eva")
    with Store.open(workspace) as store:
        assert store.source("accidents").record == (Span(LIMIT, whole.end),)


def test_lists_of_rejected_rows_of_old_imports_go(run, workspace):
    rejected = retention_rejects(run, workspace)
    assert rejected.is_file()
    set_rule(workspace)
    assert run_retention(workspace).total["lists"] == 1
    assert not rejected.exists()
    with Store.open(workspace) as store:
        account = store.batch(1).account_values()
    assert (account["rejected"], account["rejected_rows"], account["rejects_file"]) == (1, [], None)
    assert run_retention(workspace).is_empty


def retention_rejects(run, workspace):
    path = workspace.path / "rejects" / "one.rejected.csv"
    path.parent.mkdir()
    listed = make_rejected([9], ["no date"], [SECRET])
    run(make_chunk(chunk(["1"], OLD).incidents, rejected=listed), rejects_path=path)
    return path


# --- importing again ---------------------------------------------------------------------------
@pytest.mark.parametrize("action", [DELETE, COARSEN])
def test_the_same_file_does_not_bring_back_what_went(town, tmp_path, action):
    run = make_runner(town, tmp_path)
    file = chunk(["1", "2"], OLD, NEW, note=[SECRET, "stays"])
    run(file)
    set_rule(town, action)
    run_retention(town)
    before = read(town)
    account = run(file)
    assert (account.rejected, account.unchanged, account.new) == (1, 1, 0)
    assert "older than source accidents is kept: 12 months, so from 1 Nov 2023 on" in (
        account.rejected_rows[0].reason
    )
    assert "hotspots retention remove accidents" in account.rejected_rows[0].reason
    assert SECRET not in account.rejects_file.read_text(encoding="utf-8-sig")
    pd.testing.assert_frame_equal(read(town), before)
    assert (holds(town, SECRET), find_faults(town)) == ([], [])


# --- telling coarsely --------------------------------------------------------------------------
@pytest.fixture
def town(new_town, tmp_path):
    return new_town(tmp_path / "bundled")


def scattered(workspace, n=120):
    """Return incidents all over the town, old and new, of two groups, some without a place."""
    random = np.random.default_rng(5)
    x0, y0, x1, y1 = layers.read_boundary(workspace).bounds
    frame = make_incidents([f"r{k:03}" for k in range(n)], note=SECRET, offence_detail="slovy")
    frame[schema.X] = random.uniform(x0, x1, n)
    frame[schema.Y] = random.uniform(y0, y1, n)
    frame.loc[:5, [schema.X, schema.Y]] = np.nan
    frame.loc[6:20, schema.PLACE_PRECISION_M] = 500.0
    groups = np.where(random.random(n) < 0.5, "theft", "vandalism")
    frame[schema.OFFENCE] = pd.Series(groups, dtype="str")
    frame[schema.OFFENCE_GROUPS] = frame[schema.OFFENCE]
    start = np.datetime64("2023-01-01T00:00:00", "s") + random.integers(0, 700 * 86_400, n)
    frame[schema.OCCURRED_FROM] = start
    frame[schema.OCCURRED_TO] = start + random.integers(0, 86_400, n)
    frame[schema.TIME_PRECISION] = pd.Series(["span"] * n, dtype="str")
    frame[schema.REPORTED_AT] = frame[schema.OCCURRED_TO]
    return frame


def count(workspace):
    """Return counts by district, month and group."""
    span = Span(date(2023, 1, 1), date(2024, 12, 31))
    incidents = read(workspace)
    tables = []
    for group in ("theft", "vandalism"):
        counted = count_by_area(
            incidents[incidents[schema.OFFENCE] == group],
            layers.read_areas(workspace, schema.DISTRICT),
            periods=list_periods(span, every="month"),
            calendar=RecordCalendar.build(span, [(span,)]),
            record_by_source={"accidents": (span,)},
            boundary=layers.read_boundary(workspace),
        )
        tables.append(counted.counts)
    return np.stack(tables)


def test_coarse_incidents_count_as_before_by_district_month_and_group(town, tmp_path):
    make_runner(town, tmp_path)(make_chunk(scattered(town)), record=())
    before, whole = count(town), read(town)
    set_rule(town, COARSEN)
    done = run_retention(town)
    assert done.total["incidents"] == int((whole[schema.OCCURRED_TO] < np.datetime64(LIMIT)).sum())
    assert before.sum() > 30
    np.testing.assert_array_equal(count(town), before)
    after = read(town)
    old = (whole[schema.OCCURRED_TO] < np.datetime64(LIMIT)).to_numpy()
    told = after[old]
    for name in (schema.NOTE, schema.PLACE_TEXT, schema.OFFENCE_DETAIL):
        assert set(told[name]) == {""}
    assert set(told[schema.PLACE_METHOD]) <= {"district", "town_part", "none"}
    placed = told[told[schema.PLACE_METHOD] == "district"]
    assert len(placed.groupby([schema.X, schema.Y])) <= len(layers.read_areas(town, "district"))
    assert (told[schema.OCCURRED_FROM].dt.strftime("%H:%M:%S") == "00:00:00").all()
    assert (told[schema.OCCURRED_TO].dt.strftime("%H:%M") == "23:59").all()
    assert set(told[schema.TIME_PRECISION]) == {"day", "span"}
    for name in (schema.SOURCE_REF, schema.OFFENCE, schema.STATUS, schema.BATCH_ID):
        assert told[name].tolist() == whole.loc[old, name].tolist()
    pd.testing.assert_frame_equal(after[~old], whole[~old])
    again = run_retention(town)
    assert (again.is_empty, find_faults(town)) == (True, [])
    pd.testing.assert_frame_equal(read(town), after)


def test_coarse_incidents_without_a_place_wait_for_none(town, tmp_path):
    frame = make_incidents(["1", "2"], x=np.nan, y=np.nan, place_method="none")
    make_runner(town, tmp_path)(make_chunk(at(frame, OLD, NEW)))
    set_rule(town, COARSEN)
    run_retention(town)
    with Store.open(town) as store:
        (item,) = list_waiting(store).items
        assert item.incidents[0].incident_id == "accidents:2"
    assert (find_faults(town), run_retention(town).is_empty) == ([], True)


def test_a_place_found_by_words_becomes_its_district_and_a_pair_stays(town, tmp_path):
    frame = make_incidents(["1", "2"], place_text="u mostu", note=SECRET)
    frame[[schema.X, schema.Y]] = np.nan
    frame[schema.PLACE_METHOD] = pd.Series(["none"] * 2, dtype="str")
    make_runner(town, tmp_path)(make_chunk(at(frame, OLD, OLD)))
    district = layers.read_areas(town, schema.DISTRICT).iloc[3]
    point = district.geometry.representative_point()
    place = Place(point.x + 1.0, point.y, "manual", 5.0, "Most přes řeku")
    with Store.open(town) as store:
        store.decide_place(["accidents:1"], place, user="eva", text="u mostu", remember=True)
        store.decide_links([("accidents:1", "accidents:2", 90.0)], state="confirmed", user="eva")
    set_rule(town, COARSEN)
    total = run_retention(town).total
    assert (total["placings"], total["links"], total["remembered"]) == (2, 0, 1)
    after = read(town)
    assert after[schema.PLACE_METHOD].tolist() == ["district", "district"]
    np.testing.assert_allclose(after[schema.X], point.x)
    assert (after[schema.PLACE_PRECISION_M] > 10).all()
    with Store.open(town) as store:
        assert len(store.read_links(states=("confirmed",))) == 1
    for text in (SECRET, "u mostu", "Most přes řeku"):
        assert holds(town, text) == []
    assert (find_faults(town), run_retention(town).is_empty) == ([], True)


def test_undoing_a_later_import_leaves_what_is_told_coarsely_to_the_earlier(town, tmp_path):
    run = make_runner(town, tmp_path)
    run(chunk(["1", "2"], OLD, NEW, note="first"))
    run(chunk(["1", "2"], OLD, NEW, note="second"), name="b.csv")
    run(chunk(["1"], OLD, note="second"), name="c.csv")
    set_rule(town, COARSEN)
    assert run_retention(town).total["versions"] == 1
    coarse = read(town).iloc[0]
    for number in (2, 3):
        undo_batch(town, number, user="eva")
        left = read(town)
        assert left[schema.SOURCE_REF].tolist() == ["1", "2"]
        assert left.iloc[0][schema.X] == coarse[schema.X]
        assert find_faults(town) == []
    assert left[schema.NOTE].tolist() == ["", "first"]
    undo_batch(town, 1, user="eva")
    assert read(town).empty
    assert find_faults(town) == []


def test_a_run_that_fails_changes_nothing(town, tmp_path, monkeypatch):
    make_runner(town, tmp_path)(chunk(["1", "2"], OLD, NEW, note=SECRET))
    set_rule(town, COARSEN)
    before = read(town)

    def fail(_self, *_given, **_named):
        raise RuntimeError

    monkeypatch.setattr("hotspots.store.retention.SourceRetention._tell_batches", fail)
    with pytest.raises(RuntimeError, match=r"^$"):
        run_retention(town)
    pd.testing.assert_frame_equal(read(town), before)


def test_every_district_holds_the_point_that_stands_for_it(town):
    (kind, *_rest) = retention.read_coarse_areas(town)
    frame = make_incidents([str(k) for k in range(len(kind.areas))])
    points = kind.areas.geometry.representative_point()
    frame[schema.X], frame[schema.Y] = points.x.to_numpy(), points.y.to_numpy()
    boundary = layers.read_boundary(town)
    coarse = retention.coarsen_incidents(frame, [kind], boundary=boundary)
    np.testing.assert_array_equal(coarse[schema.X], frame[schema.X])
    again = retention.coarsen_incidents(coarse, [kind], boundary=boundary)
    pd.testing.assert_frame_equal(again, coarse)


def test_the_district_is_that_by_which_an_incident_of_former_layers_counts():
    x0, y0 = -543_000.0, -1_051_000.0
    boundary = box(x0, y0, x0 + 300, y0 + 1000)

    def areas(*edges):
        made = make_areas(kind=schema.DISTRICT).iloc[: len(edges)].copy()
        made[schema.AREA_ID] = [name for name, _west, _east in edges]
        shapes = [box(x0 + west, y0, x0 + east, y0 + 1000) for _n, west, east in edges]
        return made.set_geometry(shapes, crs=5514)

    now = areas(("a", 0, 100), ("b", 100, 300))
    then = areas(("a", 0, 220), ("gone", 220, 300))
    former = (FormerAreas(1, date(2022, 1, 1), then, boundary),)
    frame = make_incidents([str(k) for k in range(5)])
    frame[schema.X] = x0 + np.array([50.0, 150.0, 290.0, 150.0, 290.0])
    frame[schema.Y] = y0 + 10.0
    days = ["2021-05-01"] * 3 + ["2022-05-01"] * 2
    frame = at(frame, *days)
    kinds = [retention.CoarseAreas(schema.DISTRICT, now, former)]

    def rows(told):
        placed = locate_incidents(told, now, boundary=boundary, former=former)
        assert placed.points.tolist() == [0, 1, 2, 3, 4]
        return placed.rows.tolist()

    coarse = retention.coarsen_incidents(frame, kinds, boundary=boundary)
    assert rows(frame) == rows(coarse) == [0, 0, 1, 1, 1]
    assert set(coarse[schema.PLACE_METHOD]) == {"district"}
    assert coarse[schema.X].iloc[0] == coarse[schema.X].iloc[1]
    again = retention.coarsen_incidents(coarse, kinds, boundary=boundary)
    pd.testing.assert_frame_equal(again, coarse)


def test_a_list_elsewhere_is_named_and_nothing_else_of_the_workspace_is_removed(
    run, workspace, tmp_path
):
    listed = make_rejected([9], ["no date"], [SECRET])
    run(make_chunk(chunk(["1"], OLD).incidents, rejected=listed))
    run(make_chunk(chunk(["2"], OLD).incidents, rejected=listed), name="b.csv")
    with Store.open(workspace) as store, store._engine.begin() as connection:
        settings = str(workspace.path / "settings.toml")
        connection.exec_driver_sql(
            "UPDATE batches SET account = json_set(account, '$.rejects_file', ?) "
            "WHERE batch_id = 2",
            (settings,),
        )
    set_rule(workspace)
    (note,) = run_retention(workspace).notes
    assert note == (
        "a list of rejected rows stands beside its file; remove both: "
        f"{tmp_path / 'points.csv.rejected.csv'}"
    )
    assert (workspace.path / "settings.toml").is_file()


def test_a_trial_says_what_is_too_old_and_lists_keep_the_order_of_rows(run, workspace):
    run(chunk(["1"], NEW))
    set_rule(workspace)
    listed = make_rejected([3], ["no date"], ["x;y"])
    old = at(make_incidents(["7", "8", "9"], note=SECRET), OLD, OLD, NEW)
    mixed = make_chunk(old, first_row=2, rejected=listed)
    tried = run(mixed, name="b.csv", dry_run=True)
    assert (tried.rows_read, tried.rejected, tried.new) == (4, 3, 1)
    whole = Span(date(2023, 1, 1), date(2024, 6, 30))
    kept = run(mixed, name="b.csv", record=(whole,))
    assert [row.row for row in kept.rejected_rows] == [2, 3, 3]
    lines = kept.rejects_file.read_text(encoding="utf-8-sig").splitlines()
    assert [line.split(";")[0] for line in lines[1:]] == ["2", "3", "3"]
    assert SECRET not in "".join(lines)
    assert any("periods of record before 1 Nov 2023" in said for said in kept.warnings)
    assert kept.record == (Span(LIMIT, whole.end),)


def test_an_old_report_of_the_form_is_refused_with_the_rule(run, workspace, tmp_path):
    run(chunk(["1"], NEW))
    set_rule(workspace)
    reader = FakeReader(tmp_path / "r.json", [chunk(["2"], OLD)], file_format="report")
    with pytest.raises(SourceError, match="older than source accidents is kept: 12 months"):
        run(reader=reader)


# --- whatever was imported ---------------------------------------------------------------------
MOMENTS = st.sampled_from(["2022-05-01", "2023-10-31", "2023-11-01", "2024-06-01"])
FILES = st.dictionaries(st.sampled_from("abcd"), MOMENTS, min_size=1, max_size=4)
STEPS = st.lists(st.one_of(FILES, st.integers(0, 4)), min_size=1, max_size=5)


@settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(steps=STEPS)
def test_after_a_run_nothing_old_is_in_any_table_and_the_rest_is_as_it_was(steps, tmp_path_factory):
    folder = tmp_path_factory.mktemp("kept")
    workspace = make_workspace(folder / "w")
    holding = []
    for number, step in enumerate(steps):
        if isinstance(step, dict):
            frame = at(make_incidents(list(step), note=f"note {number}"), *step.values())
            reader = FakeReader(folder / "f.csv", [make_chunk(frame)])
            account = import_incidents(workspace, reader, boundary=BOUNDARY)
            holding.append(account.batch_id)
        elif holding:
            undo_batch(workspace, holding.pop(step % len(holding)), user="eva")
    if not rows(workspace, "sources"):
        return
    before = read(workspace)
    set_rule(workspace)
    done = run_retention(workspace)
    limit = int(np.datetime64(LIMIT, "s").astype(np.int64))
    for table in ("incidents", "incident_versions", "withdrawn_incidents"):
        assert all(row["occurred_to"] >= limit for row in rows(workspace, table))
    new = before[before[schema.OCCURRED_TO] >= np.datetime64(LIMIT)].reset_index(drop=True)
    pd.testing.assert_frame_equal(read(workspace), new)
    assert done.total["incidents"] == len(before) - len(new)
    assert find_faults(workspace) == []
    again = run_retention(workspace)
    assert isinstance(again, RetentionRun)
    assert again.is_empty
    for number in holding:
        undo_batch(workspace, number, user="eva")
    assert (read(workspace).empty, find_faults(workspace)) == (True, [])


def test_a_rule_that_cannot_be_followed_is_found_by_the_check(run, workspace):
    run(chunk(["1"], NEW))
    set_rule(workspace)
    with Store.open(workspace) as store, store._engine.begin() as connection:
        connection.exec_driver_sql("UPDATE retention_rules SET months = 0")
    (fault,) = find_faults(workspace)
    assert "source accidents cannot be followed: 0 months, delete" in fault.text
    assert "hotspots retention set accidents" in fault.cure


# --- commands ----------------------------------------------------------------------------------
@pytest.fixture
def command(workspace):
    def run(*args, code=0, answer=None):
        result = CliRunner().invoke(
            main, ["retention", *args, "--workspace", str(workspace.path)], input=answer
        )
        assert result.exit_code == code, result.output
        return result.output

    return run


def test_commands_set_show_try_run_and_remove(run, workspace, command, monkeypatch):
    run(chunk(["1", "2", "3"], OLD, "2023-04-01T10:00:00", NEW, note=[SECRET, "", ""]))
    assert "Kept without a limit: accidents" in command()
    assert "No source has a rule" in command("run", "--yes")
    said = command("set", "accidents", "--months", "12", "--action", "delete")
    assert "what is older than 1 Nov 2023 is deleted" in said
    assert refs(workspace) == ["1", "2", "3"]
    (listed,) = json.loads(command("list", "--json"))["rules"]
    assert (listed["source"], listed["first_day"]) == ("accidents", "2023-11-01")
    (workspace.backups / "old.zip").touch()
    tried = command("run", "--dry-run")
    for text in (
        "2 incidents older than 1 Nov 2023 would be deleted",
        "2023-03",
        "together",
        "Make a backup before it is: hotspots backup",
        "1 file in the directory backups still holds what goes now",
    ):
        assert text in tried
    assert "give --yes" in command("run", code=2)
    # The command has the name of its module.
    monkeypatch.setattr(sys.modules["hotspots.cli.retention"], "is_terminal", lambda: True)
    assert "Nothing was changed." in command("run", answer="n\n")
    assert refs(workspace) == ["1", "2", "3"]
    assert "2 incidents older than 1 Nov 2023 were deleted" in command("run", answer="y\n")
    assert refs(workspace) == ["3"]
    again = json.loads(command("run", "--yes", "--json"))
    assert (again["total"]["incidents"], again["wiped"], again["copies"]) == (0, True, 1)
    shown = (
        CliRunner().invoke(main, ["batch", "show", "1", "--workspace", str(workspace.path)]).output
    )
    assert "deleted since, by retention 2" in " ".join(shown.split())
    assert "kept without a limit" in command("remove", "accidents")
    assert "no rule of retention" in command("remove", "accidents", code=1)
    assert "no source 'x'" in command("set", "x", "--months", "1", "--action", "delete", code=1)


@pytest.mark.parametrize("action", [DELETE, COARSEN])
def test_texts_erased_for_a_person_stay_erased_whatever_the_rules_are(town, tmp_path, action):
    run = make_runner(town, tmp_path)
    file = chunk(["1", "2"], OLD, NEW, note=["Jan Novák volal", "Jan Novák psal"])
    run(file)
    erase_mentions(town, Wanted.parse("Novák"), user="eva")
    set_rule(town, action)
    run_retention(town)
    assert (holds(town, "Novák"), find_faults(town)) == ([], [])
    account = run(file)
    assert (account.rejected, account.unchanged) == (1, 1)
    with Store.open(town) as store:
        store.remove_retention_rule("accidents")
    run(file)
    assert refs(town) == ["1", "2"]
    assert (holds(town, "Novák"), find_faults(town)) == ([], [])
