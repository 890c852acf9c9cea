"""The store: tables, migrations, reading, what happens when the database is not as it should be."""

import sqlite3
import threading
from datetime import date

import numpy as np
import pandas as pd
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from hotspots import schema
from hotspots.errors import NotFoundError, ParameterError, StoreError
from hotspots.periods import Span
from hotspots.settings import Settings, Workspace
from hotspots.store import ImportBatch, Store, migrate, tables
from hotspots.store.engine import explained, make_engine, reading, writing
from hotspots.store.frames import hash_content

URL = "HOTSPOTS_DATABASE_URL"


@pytest.fixture
def workspace(tmp_path):
    made = Workspace(tmp_path, Settings())
    made.write_settings()
    return made


@pytest.fixture
def store(workspace):
    with Store.create(workspace) as made:
        yield made


def make_incidents(refs, *, source="accidents", **columns):
    n = len(refs)
    frame = pd.DataFrame(
        {name: pd.Series([""] * n, dtype="str") for name in schema.INCIDENT_COLUMNS}
    )
    frame[schema.SOURCE_REF] = pd.Series(refs, dtype="str")
    frame[schema.SOURCE] = pd.Series([source] * n, dtype="str")
    frame[schema.INCIDENT_ID] = pd.Series([f"{source}:{ref}" for ref in refs], dtype="str")
    for name in (schema.OCCURRED_FROM, schema.OCCURRED_TO, schema.REPORTED_AT):
        frame[name] = np.full(n, np.datetime64("2024-03-05T22:15:00", "s"))
    for name, value in (
        (schema.TIME_PRECISION, "minute"),
        (schema.OFFENCE, "theft"),
        (schema.OFFENCE_GROUPS, "theft"),
        (schema.DISCOVERED_BY, "unknown"),
        (schema.PLACE_METHOD, "coordinates"),
    ):
        frame[name] = pd.Series([value] * n, dtype="str")
    frame[schema.X] = -543455.674
    frame[schema.Y] = -1050795.374
    frame[schema.PLACE_PRECISION_M] = np.nan
    frame[schema.DISPLACED] = False
    frame[schema.COUNTED] = True
    for name, value in columns.items():
        frame[name] = value
    return frame.drop(columns=[schema.BATCH_ID])


def put(store, incidents, *, source="accidents", kind="other", label="Accidents"):
    batch = ImportBatch(source, "points.csv", "00", "csv", user_name="eva", mapping="m")
    with store.import_batch(batch, kind=kind, label=label, citation="Police") as transaction:
        transaction.insert(incidents, hash_content(incidents))
        transaction.renew_totals()
        transaction.finish('{"new": 1}')


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
        ((row_key, former),) = transaction.find(["1", "absent"]).values()
        assert former == hash_content(make_incidents(["1"]))[0]
        transaction.correct(changed, hash_content(changed), [row_key])
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


# --- database files ----------------------------------------------------------------------------
def test_database_is_in_wal_mode_with_foreign_keys(workspace, store):
    with reading(make_engine(workspace)) as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
        assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1


def test_missing_database_is_named_with_the_cure(workspace):
    with pytest.raises(StoreError, match="has no database; make one with: hotspots init"):
        Store.open(workspace)
    assert not workspace.database.exists()


def test_existing_database_is_not_created_again(store, workspace):
    with pytest.raises(StoreError, match="has a database already"):
        Store.create(workspace)


@pytest.mark.parametrize("content", [b"not a database at all" * 100, b""])
def test_damaged_database_is_named_and_left_alone(workspace, content):
    workspace.database.write_bytes(content)
    with pytest.raises(StoreError, match=r"damaged or was not made by this program.*backups"):
        Store.open(workspace)
    assert workspace.database.read_bytes() == content


def test_damage_found_while_reading_is_explained(workspace):
    with Store.create(workspace) as store:
        put(store, make_incidents([f"{n:05d}" for n in range(5000)], note="x" * 100))
    with workspace.database.open("r+b") as file:
        size = file.seek(0, 2)
        file.seek(size // 3)
        file.write(b"\xff" * (size // 2))
    with (
        Store.open(workspace) as store,
        pytest.raises(StoreError, match="damaged or was not made by this program"),
    ):
        store.read_incidents()


def test_only_the_writer_has_a_large_cache(workspace, store):
    engine = make_engine(workspace)
    size = "PRAGMA cache_size"
    with reading(engine) as connection:
        assert connection.exec_driver_sql(size).scalar() == -8 * 1024
    with writing(engine) as connection:
        assert connection.exec_driver_sql(size).scalar() == -128 * 1024
    with reading(engine) as connection:
        assert connection.exec_driver_sql(size).scalar() == -8 * 1024
    engine.dispose()


def explain(engine, error):
    with explained(engine):
        raise error


def error_of(code, message, kind=sqlite3.OperationalError):
    error = kind(message)
    error.sqlite_errorcode = code
    return error


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (error_of(sqlite3.SQLITE_BUSY_SNAPSHOT, "database is locked"), "another import is writing"),
        (error_of(sqlite3.SQLITE_FULL, "database or disk is full"), "the disk is full"),
        (error_of(sqlite3.SQLITE_CANTOPEN, "unable to open"), "cannot be opened; check the path"),
        (error_of(sqlite3.SQLITE_READONLY_DIRECTORY, "readonly"), "the database is read-only"),
        (error_of(sqlite3.SQLITE_NOTADB, "file is not a database"), "the database is damaged"),
        (error_of(sqlite3.SQLITE_ERROR, "no such table: sources"), "the database is damaged"),
        (
            error_of(
                sqlite3.SQLITE_CONSTRAINT_UNIQUE,
                "UNIQUE constraint failed: full_busy.locked",
                sqlite3.IntegrityError,
            ),
            "does not answer as it should: UNIQUE constraint failed: full_busy.locked",
        ),
        (sqlite3.ProgrammingError("busy, full and locked"), "does not answer as it should: busy"),
    ],
)
def test_errors_are_told_apart_by_their_codes(workspace, error, message):
    with pytest.raises(StoreError, match=message):
        explain(make_engine(workspace), error)


def test_database_of_a_newer_version_is_refused(store, workspace):
    with writing(make_engine(workspace)) as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(StoreError, match=r"newer version of the program \(tables 9999"):
        Store.open(workspace)


def test_migrations_make_exactly_the_tables_of_the_code(store, workspace):
    assert migrate.known_revisions()[0] == tables.HEAD
    with reading(make_engine(workspace)) as connection:
        context = MigrationContext.configure(connection)
        assert compare_metadata(context, tables.metadata) == []


SECOND = """
import sqlalchemy as sa
from alembic import op
revision = "0002"
down_revision = "0001"
def upgrade():
    op.add_column("sources", sa.Column("extra", sa.Text(), nullable=True))
    {more}
"""


@pytest.fixture
def second_revision(tmp_path_factory, monkeypatch):
    def make(more):
        folder = tmp_path_factory.mktemp("versions")
        first = (migrate.VERSIONS / "r0001_first.py").read_text(encoding="utf-8")
        (folder / "r0001_first.py").write_text(first, encoding="utf-8")
        (folder / "r0002_second.py").write_text(SECOND.format(more=more), encoding="utf-8")
        monkeypatch.setattr(migrate, "VERSIONS", folder)
        monkeypatch.setattr(tables, "HEAD", "0002")

    return make


def test_older_database_is_copied_then_migrated(store, workspace, second_revision):
    put(store, make_incidents(["1"]))
    second_revision("pass")
    with Store.open(workspace) as opened:
        assert len(opened.read_incidents()) == 1
    (copy,) = workspace.backups.iterdir()
    with sqlite3.connect(copy) as connection:
        assert connection.execute("SELECT version_num FROM alembic_version").fetchone() == ("0001",)
        assert connection.execute("SELECT count(*) FROM incidents").fetchone() == (1,)
    connection.close()
    with reading(make_engine(workspace)) as connection:
        assert migrate.stored_revision(connection) == "0002"
        connection.exec_driver_sql("SELECT extra FROM sources")


def test_failed_migration_changes_nothing(store, workspace, second_revision):
    put(store, make_incidents(["1"]))
    second_revision('raise RuntimeError("half-way")')
    with pytest.raises(RuntimeError, match="half-way"):
        Store.open(workspace)
    with reading(make_engine(workspace)) as connection:
        assert migrate.stored_revision(connection) == "0001"
        names = [row[1] for row in connection.exec_driver_sql("PRAGMA table_info(sources)")]
    assert "extra" not in names


def test_address_of_another_database_wins(workspace, tmp_path, monkeypatch):
    elsewhere = tmp_path / "elsewhere ž.db"
    monkeypatch.setenv(URL, f"sqlite:///{elsewhere}")
    with Store.create(workspace) as store:
        put(store, make_incidents(["1"]))
    assert elsewhere.is_file()
    assert not workspace.database.exists()


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("postgresql+psycopg://localhost/x", "driver .* is not installed.*pip install psycopg"),
        ("nonsense", "is no database address"),
        ("nodatabase://x/y", "driver .* is not installed"),
        ("sqlite://", "names a database in memory"),
    ],
)
def test_wrong_address_is_explained(workspace, monkeypatch, url, message):
    monkeypatch.setenv(URL, url)
    with pytest.raises(StoreError, match=message):
        Store.open(workspace)


def test_parent_directory_must_exist(tmp_path):
    with pytest.raises(StoreError, match="does not exist; make it first"):
        Store.create(Workspace(tmp_path / "absent", Settings()))


# --- fingerprints ------------------------------------------------------------------------------
def test_fingerprint_is_of_the_content_alone():
    assert hash_content(make_incidents(["1"], source="a")) == hash_content(make_incidents(["2"]))
    assert hash_content(make_incidents([])) == []
    # fixed for good: stored fingerprints are compared with those of later versions
    assert hash_content(make_incidents(["1"]))[0].hex() == "56e564d2b4b09aa371f9beae3a0ddd0e"


@pytest.mark.parametrize(
    "change",
    [
        {"note": "x"},
        {"offence_codes": "x"},
        {"offence_detail": "x"},
        {"x": -543455.675},
        {"y": np.nan},
        {"counted": False},
        {"displaced": True},
        {"occurred_to": np.datetime64("2024-03-05T22:15:01", "s")},
        {"reported_at": np.datetime64("NaT", "s")},
        {"offence": "thef", "offence_groups": "ttheft"},
    ],
)
def test_any_change_of_content_changes_the_fingerprint(change):
    assert hash_content(make_incidents(["1"], **change)) != hash_content(make_incidents(["1"]))


def test_zero_has_one_fingerprint():
    assert hash_content(make_incidents(["1"], x=0.0)) == hash_content(make_incidents(["1"], x=-0.0))
