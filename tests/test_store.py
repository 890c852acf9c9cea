"""The store: what goes in comes out, one import at a time; fingerprints of content."""

import sqlite3
import threading
from datetime import date

import numpy as np
import pandas as pd
import pytest

from hotspots import schema
from hotspots.errors import NotFoundError, ParameterError, StoreError
from hotspots.periods import Span
from hotspots.settings import Settings, Workspace
from hotspots.store import ImportBatch, Store
from hotspots.store.frames import hash_content
from hotspots.store.reading import Match
from tests.storing import make_incidents, put


@pytest.fixture
def workspace(tmp_path):
    made = Workspace(tmp_path, Settings())
    made.write_settings()
    return made


@pytest.fixture
def store(workspace):
    with Store.create(workspace) as made:
        yield made


def test_new_store_is_empty_with_the_columns_and_types_of_the_schema(store):
    frame = store.read_incidents()
    assert tuple(frame.columns) == schema.INCIDENT_COLUMNS
    assert len(frame) == 0
    assert frame[schema.OCCURRED_FROM].dtype == "datetime64[s]"
    assert frame[schema.X].dtype == "float64"
    assert frame[schema.DISPLACED].dtype == bool
    assert frame[schema.BATCH_ID].dtype == "int64"
    assert frame[schema.NOTE].dtype == "str"
    assert store.sources() == []
    assert store.batches() == []
    assert store.version() == "empty"


def test_incidents_come_back_as_they_went_in(store):
    given = make_incidents(["b", "a", "ž;\"'"], note="řádek\nse zlomem", place_text="Lipovská 5")
    given.loc[1, schema.OCCURRED_TO] = pd.NaT
    given.loc[2, [schema.X, schema.Y]] = np.nan
    given.loc[0, schema.DISPLACED] = True
    given.loc[0, schema.COUNTED] = False
    before = given.copy()
    put(store, given)
    read = store.read_incidents()
    expected = given.sort_values(schema.INCIDENT_ID, ignore_index=True)
    pd.testing.assert_frame_equal(read.drop(columns=[schema.BATCH_ID]), expected)
    pd.testing.assert_frame_equal(given, before)
    assert read[schema.BATCH_ID].tolist() == [1, 1, 1]
    source = store.source("accidents")
    assert (source.n_incidents, source.n_displaced) == (3, 1)
    assert (source.label, source.citation, source.kind) == ("Accidents", "Police", "other")


def test_times_before_1970_keep_their_second(store):
    put(store, make_incidents(["a"], occurred_from=np.datetime64("1969-12-31T23:59:59", "s")))
    times = store.read_incidents()[schema.OCCURRED_FROM]
    assert times[0] == pd.Timestamp("1969-12-31 23:59:59")


def test_order_is_that_of_incident_ids_across_sources(store):
    # "a-b:1" comes before "a:1", although the source "a" comes before "a-b"
    put(store, make_incidents(["1", "10", "2"], source="a"), source="a")
    put(store, make_incidents(["1"], source="a-b"), source="a-b", kind="apk")
    ids = store.read_incidents(columns=[schema.INCIDENT_ID])[schema.INCIDENT_ID].tolist()
    assert ids == ["a-b:1", "a:1", "a:10", "a:2"] == sorted(ids)
    assert [source.source_id for source in store.sources()] == ["a", "a-b"]


def test_sources_are_chosen_by_id_or_kind(store):
    put(store, make_incidents(["1", "2"], source="a"), source="a", kind="apk")
    put(store, make_incidents(["1"], source="b"), source="b", kind="municipal_police")
    many = make_incidents([str(n) for n in range(200)], source="c")
    put(store, many, source="c", kind="apk")
    assert len(store.read_incidents(sources=["b"])) == 1
    assert len(store.read_incidents(sources=["apk"])) == 202
    assert len(store.read_incidents(sources=["apk", "a"], columns=[schema.X])) == 202
    assert list(store.read_incidents(columns=[schema.Y, schema.X]).columns) == ["y", "x"]
    with pytest.raises(NotFoundError, match="no source 'd'; known are: a, b, c"):
        store.read_incidents(sources=["d"])
    with pytest.raises(ParameterError, match="nonsense is no column of incidents"):
        store.read_incidents(columns=["nonsense"])


def test_unknown_source_is_named_with_those_known(store):
    with pytest.raises(NotFoundError, match="nothing has been imported yet"):
        store.source("x")
    put(store, make_incidents(["1"]))
    with pytest.raises(NotFoundError, match="no source 'x'; known are: accidents"):
        store.source("x")
    with pytest.raises(NotFoundError, match="no source 'x'"):
        store.set_record("x", ())


def test_record_is_merged_and_says_where_it_comes_from(store):
    put(store, make_incidents(["1"]))
    assert store.source("accidents").record_state == "none"
    before = store.version()
    spans = (Span(date(2024, 2, 1), date(2024, 2, 29)), Span(date(2024, 1, 1), date(2024, 1, 31)))
    store.set_record("accidents", spans, confirmed=False)
    source = store.source("accidents")
    assert source.record == (Span(date(2024, 1, 1), date(2024, 2, 29)),)
    assert source.record_state == "inferred"
    store.set_record("accidents", source.record)
    assert store.source("accidents").record_state == "confirmed"
    assert store.version() != before
    store.set_record("accidents", ())
    assert store.source("accidents").record == ()


def test_failed_import_leaves_nothing(store):
    put(store, make_incidents(["1"]))
    version = store.version()
    incidents = make_incidents(["2", "3"], source="other")

    def import_and_stop():
        batch = ImportBatch("other", "f.csv", "00", "csv")
        with store.import_batch(batch, kind="apk", label="", citation="") as transaction:
            transaction.insert(incidents, hash_content(incidents))
            raise RuntimeError("stop")

    with pytest.raises(RuntimeError, match="stop"):
        import_and_stop()
    assert len(store.read_incidents()) == 1
    assert [source.source_id for source in store.sources()] == ["accidents"]
    assert len(store.batches()) == 1
    assert store.version() == version


def test_correction_keeps_the_former_version(store, workspace):
    put(store, make_incidents(["1", "2"]))
    batch = ImportBatch("accidents", "new.csv", "11", "csv")
    changed = make_incidents(["1"], offence="burglary")
    with store.import_batch(batch, kind="other", label="", citation="") as transaction:
        (match,) = transaction.find(["1", "absent"]).values()
        assert match.content_hash == hash_content(make_incidents(["1"]))[0]
        transaction.correct(changed, hash_content(changed), [match.row_key])
        transaction.finish("{}")
    read = store.read_incidents(columns=[schema.OFFENCE, schema.BATCH_ID])
    assert read.to_numpy().tolist() == [["burglary", 2], ["theft", 1]]
    with sqlite3.connect(workspace.database) as connection:
        rows = connection.execute(
            "SELECT offence, batch_id, replaced_by FROM incident_versions JOIN traits "
            "USING (trait_key)"
        ).fetchall()
    connection.close()
    assert rows == [("theft", 1, 2)]
    # an empty label does not wipe out the one that is known
    assert store.source("accidents").label == "Accidents"


def test_batches_remember_file_user_and_moment(store):
    put(store, make_incidents(["1"]))
    (batch,) = store.batches()
    assert (batch.batch_id, batch.source_id, batch.user_name) == (1, "accidents", "eva")
    assert (batch.file_name, batch.mapping, batch.account) == ("points.csv", "m", '{"new": 1}')
    assert pd.Timestamp(batch.imported_at).tz is not None


def test_reader_sees_the_state_before_an_import_that_is_under_way(store, workspace):
    put(store, make_incidents(["1"]))
    incidents = make_incidents(["2"])
    batch = ImportBatch("accidents", "f.csv", "00", "csv")
    with Store.open(workspace) as reader:
        with store.import_batch(batch, kind="other", label="", citation="") as transaction:
            transaction.insert(incidents, hash_content(incidents))
            assert len(reader.read_incidents()) == 1
            transaction.renew_totals()
            transaction.finish("{}")
        assert len(reader.read_incidents()) == 2


def test_second_writer_is_told_that_an_import_is_running(store, monkeypatch):
    monkeypatch.setattr("hotspots.store.engine.BUSY_TIMEOUT_MS", 20)
    batch = ImportBatch("accidents", "f.csv", "00", "csv")
    with (
        store.import_batch(batch, kind="other", label="", citation=""),
        pytest.raises(StoreError, match="another import is writing"),
        store.import_batch(batch, kind="other", label="", citation=""),
    ):
        pass


def test_store_serves_several_threads(store):
    put(store, make_incidents([str(n) for n in range(50)]))
    counts = []
    threads = [
        threading.Thread(target=lambda: counts.append(len(store.read_incidents())))
        for _n in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert counts == [50] * 4


# --- fingerprints ------------------------------------------------------------------------------
def test_fingerprint_is_of_the_content_alone():
    assert hash_content(make_incidents(["1"], source="a")) == hash_content(make_incidents(["2"]))
    assert hash_content(make_incidents([])) == []
    # fixed for good: stored fingerprints are compared with those of later versions
    assert hash_content(make_incidents(["1"]))[0].hex() == "5bfc00a9b1a2577aa1ff2fa74e3f6a18"


@pytest.mark.parametrize(
    "change",
    [
        {"note": "x"},
        {"offence_codes": "x"},
        {"offence_detail": "x"},
        {"counted": False},
        {"displaced": True},
        {"occurred_to": np.datetime64("2024-03-05T22:15:01", "s")},
        {"reported_at": np.datetime64("NaT", "s")},
        {"offence": "thef", "offence_groups": "ttheft"},
    ],
)
def test_any_change_of_content_changes_the_fingerprint(change):
    assert hash_content(make_incidents(["1"], **change)) != hash_content(make_incidents(["1"]))


def test_a_place_is_the_same_within_a_tenth_of_a_metre():
    one, two = make_incidents(["1"]), make_incidents(["1"], x=-543455.60)
    assert hash_content(one) == hash_content(two)
    match = Match(1, b"", one["x"][0], one["y"][0])
    assert match.stands_at(one["x"][0] + 0.09, one["y"][0] - 0.09)
    assert not match.stands_at(one["x"][0] + 0.11, one["y"][0])
    assert not match.stands_at(np.nan, np.nan)
    assert Match(1, b"", None, None).stands_at(np.nan, np.nan)
    assert not Match(1, b"", None, None).stands_at(one["x"][0], one["y"][0])


def test_zero_has_one_fingerprint():
    plus, minus = (make_incidents(["1"], place_precision_m=zero) for zero in (0.0, -0.0))
    assert hash_content(plus) == hash_content(minus)
