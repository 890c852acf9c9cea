"""The store that the pages keep open: shared by threads, and never that of a former database."""

import shutil
import threading

from hotspots.i18n import format_number
from hotspots.selection import Selection
from hotspots.store import Store
from web import answers as answers_module
from web.answers import Answers

from .conftest import import_points


def n_of(answers):
    return answers.known().n_incidents


def test_a_database_put_in_place_of_the_former_is_opened(new_town, tmp_path):
    workspace = new_town(tmp_path / "town")
    kept = tmp_path / "kept.db"
    shutil.copy(workspace.database, kept)
    import_points(workspace, source="first", label="First")
    answers = Answers(workspace)
    assert n_of(answers) == 3
    with answers.store() as one, answers.store() as other:
        assert one is other
    with Store.open(workspace) as store:
        version = store.version()
    kept.replace(workspace.database)  # as a restore does
    for suffix in ("-wal", "-shm"):
        workspace.database.with_name(workspace.database.name + suffix).unlink(missing_ok=True)
    assert n_of(answers) == 0
    with answers.store() as store:
        assert store.version() != version
    answers.close()
    assert n_of(answers) == 0  # opened again
    answers.close()


def test_what_is_known_changes_with_each_import(new_town, tmp_path):
    workspace = new_town(tmp_path / "town")
    answers = Answers(workspace)
    before = answers.known()
    assert answers.known() is before
    import_points(workspace, source="first", label="First")
    after = answers.known()
    assert (after.n_incidents, before.n_incidents) == (3, 0)
    assert after.version != before.version
    answers.close()


def test_more_threads_than_kept_connections_read_at_once(new_town, tmp_path):
    answers = Answers(new_town(tmp_path / "town"))
    together, seen = threading.Barrier(24), []

    def read():
        with answers.store() as store, store.stored("any"):
            together.wait(timeout=30)
            seen.append(store.version())

    threads = [threading.Thread(target=read) for _n in range(24)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(seen) == 24
    assert len(set(seen)) == 1
    answers.close()


def test_zero_is_written_without_a_sign_whoever_asked_first():
    assert [format_number(n) for n in (-0.0, 0.0, 0, -1, 1.0, True)] == [
        "0",
        "0",
        "0",
        "\N{MINUS SIGN}1",
        "1",
        "1",
    ]


def test_an_import_meanwhile_costs_no_second_try_and_mixes_nothing(new_town, tmp_path, monkeypatch):
    workspace = new_town(tmp_path / "town")
    import_points(workspace, source="first", label="First")
    answers = Answers(workspace)
    known = answers.known()
    asked = Selection(exact_only=True)
    plain, made = answers_module.situation, []

    def meanwhile(*args, **options):
        import_points(workspace, source=f"other{len(made)}", label="Other")
        made.append(plain(*args, **options))
        return made[-1]

    monkeypatch.setattr(answers_module, "situation", meanwhile)
    found = answers.situation(asked, known.version)
    assert len(made) == 1
    assert found.table.tally.n_selected == 3
    assert [source.source_id for source in found.sources] == ["first"]
    now = answers.known()
    assert now.version != known.version
    monkeypatch.setattr(answers_module, "situation", plain)
    assert answers.situation(asked, now.version).table.tally.n_selected == 6
    answers.close()
