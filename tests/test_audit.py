"""The audit record: what commands add to it, that it only grows, and that tampering shows."""

import csv
import io
import json
import re
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy.exc import DatabaseError

from hotspots.accounts import Accounts
from hotspots.accounts import audit as record
from hotspots.accounts.audit import Tail
from hotspots.accounts.audit_words import _labels, _words, details_text
from hotspots.analysis.waiting import list_waiting
from hotspots.cli import main
from hotspots.errors import ParameterError, StoreError
from hotspots.selection import Selection
from hotspots.settings import Settings, Workspace
from hotspots.store import Store
from hotspots.users import current_user
from hotspots.workspace_init import init_workspace
from tests.audited import Watch, read_promises
from tests.linking import X, Y, import_both
from tests.waiting_cases import put_usual

ROOT = Path(__file__).resolve().parents[1]
PROMISED = read_promises("Acts on the command line")
NOTE = "tajná poznámka o paní Novákové"
QUARTER = {
    "type": "FeatureCollection",
    "features": [
        {
            "type": "Feature",
            "properties": {"name": "U mostu"},
            "geometry": {
                "type": "Polygon",
                "coordinates": [
                    [[17.2, 50.228], [17.206, 50.228], [17.206, 50.231], [17.2, 50.228]]
                ],
            },
        }
    ],
}


class Bench:
    """A workspace with incidents that wait and pairs to decide, and its commands."""

    def __init__(self, folder):
        self.workspace = init_workspace(folder / "town")
        self.folder = folder
        import_both(self.workspace)
        with Store.open(self.workspace) as store:
            put_usual(store)
        self.watch = Watch(self.workspace)

    def run(self, *args, code=0):
        given = [str(arg) for arg in args]
        result = CliRunner().invoke(main, [*given, "--workspace", str(self.workspace.path)])
        assert result.exit_code == code, result.output + repr(result.exception)
        return result.output

    def waiting(self):
        with Store.open(self.workspace) as store:
            return list_waiting(store).items[0].item_id

    def decision(self):
        with Store.open(self.workspace) as store:
            return store.decisions(limit=1)[0].decision_key

    def file(self, name="points.csv", ref="1"):
        path = self.folder / name
        text = f"id;when;x;y;what;note\n{ref};5.3.2024 21:30;{X};{Y};public_order;{NOTE}\n"
        path.write_text(text, encoding="utf-8")
        return path

    def bring(self, name="points.csv", ref="1"):
        columns = [
            f"--column={field}={column}"
            for field, column in (
                ("source_ref", "id"),
                ("occurred", "when"),
                ("x", "x"),
                ("y", "y"),
                ("offence", "what"),
                ("note", "note"),
            )
        ]
        return self.run(
            "import", self.file(name, ref), "--source", "points", "--kind", "other",
            "--crs", "EPSG:5514", *columns,
        )  # fmt: skip

    def batch(self):
        with Store.open(self.workspace) as store:
            return store.batches()[-1].batch_id

    def quarters(self):
        path = self.folder / "quarters.geojson"
        path.write_text(json.dumps(QUARTER), encoding="utf-8")
        return path


def spoilt(bench):
    path = bench.folder / "spoilt.csv"
    path.write_bytes(b"\x00\x01\x02" * 50)
    bench.run("import", path, code=1)


def with_decision(bench, *args):
    bench.run("waiting", "place", bench.waiting(), "--at", "17.2046,50.2294")
    bench.watch.mark()
    bench.run(*args, bench.decision())


def undone_link(bench):
    bench.run("links", "confirm", "apk:a3", "police:p3")
    bench.watch.mark()
    bench.run("links", "undo", bench.decision())


def inferred(bench):
    bench.bring()
    bench.watch.mark()
    bench.run("sources", "confirm", "points")


ACTS = {
    "import": lambda b: b.bring(),
    "import of a file that cannot be read": spoilt,
    "sources confirm": inferred,
    "sources set": lambda b: b.run("sources", "set", "points", "--record", "2024-01..2024-12"),
    "batch export": lambda b: b.run("batch", "export", b.batch(), "--out", b.folder / "one.csv"),
    "batch export --with-notes": lambda b: b.run(
        "batch", "export", b.batch(), "--out", b.folder / "one.xlsx", "--with-notes"
    ),
    "batch undo": lambda b: b.run("batch", "undo", b.batch(), "--yes"),
    "count --out": lambda b: b.run("count", "--by", "district", "--out", b.folder / "n.csv"),
    "map --out": lambda b: b.run("map", "--by", "district", "--out", b.folder / "map.html"),
    "waiting list": lambda b: b.run("waiting", "list"),
    "waiting place": lambda b: b.run(
        "waiting", "place", b.waiting(), "--at", "17.2046,50.2294"
    ),
    "waiting undo": lambda b: with_decision(b, "waiting", "undo"),
    "waiting give-up": lambda b: b.run("waiting", "give-up", b.waiting()),
    "waiting history": lambda b: b.run("waiting", "history"),
    "waiting retry": lambda b: b.run("waiting", "retry"),
    "links list": lambda b: b.run("links", "list"),
    "links confirm": lambda b: b.run("links", "confirm", "apk:a1", "police:p1"),
    "links dismiss": lambda b: b.run("links", "dismiss", "apk:a2", "police:p2"),
    "links undo": undone_link,
    "layers import": lambda b: b.run("layers", "import", b.quarters(), "--as", "quarter"),
    "layers use": lambda b: b.run("layers", "use", "1"),
    "layers place": lambda b: b.run("layers", "place"),
    "layers remake": lambda b: b.run("layers", "remake"),
    "offences set": lambda b: b.run("offences", "set", "pokřik", "public_order"),
    "offences remove": lambda b: b.run("offences", "remove", "pokřik"),
    "mapping forget": lambda b: b.run("mapping", "forget", "points"),
    "person find": lambda b: b.run("person", "find", "Nováková"),
    "person export": lambda b: b.run(
        "person", "export", "Nováková", "--out", b.folder / "person.json"
    ),
    "person erase": lambda b: b.run("person", "erase", "Nováková", "--yes"),
    "retention set": lambda b: b.run(
        "retention", "set", "apk", "--months", "600", "--action", "delete"
    ),
    "retention run": lambda b: b.run("retention", "run", "--yes"),
    "retention remove": lambda b: b.run("retention", "remove", "apk"),
    "audit export": lambda b: b.run("audit", "export", b.folder / "audit.csv"),
}  # fmt: skip


@pytest.fixture(scope="module")
def bench(tmp_path_factory):
    return Bench(tmp_path_factory.mktemp("audit"))


def test_every_promised_act_is_tried():
    assert set(ACTS) == set(PROMISED)


@pytest.mark.parametrize("act", ACTS)
def test_a_command_leaves_the_promised_lines(bench, act):
    bench.watch.mark()
    ACTS[act](bench)
    bench.watch.check(PROMISED[act], user_name=current_user(), role="system")


def test_no_line_holds_what_a_person_wrote(bench):
    bench.bring("again.csv", ref="77")
    bench.run("batch", "export", bench.batch(), "--out", bench.folder / "x.csv", "--with-notes")
    with closing(sqlite3.connect(bench.workspace.accounts)) as kept:
        text = "\n".join(map(str, kept.execute("SELECT * FROM audit")))
    for word in (NOTE, "Nováková", "secret note", "u lávky", "Lipovsk", "za garážemi"):
        assert word not in text
    with Accounts.open(bench.workspace) as accounts:
        assert accounts.find_audit_break() is None


def test_trials_and_questions_leave_no_line(bench):
    bench.watch.mark()
    bench.run("batch", "undo", "1", "--dry-run")
    bench.run("layers", "place", "--dry-run")
    bench.run("layers", "import", bench.quarters(), "--as", "quarter", "--dry-run")
    bench.run("count", "--by", "district")
    bench.run("offences", "match", "krádež")
    bench.run("person", "erase", "Nováková", "--dry-run")
    bench.run("retention", "run", "--dry-run")
    assert bench.watch.new() == []


def test_the_filter_of_an_export_is_kept_in_one_form(bench):
    bench.watch.mark()
    bench.run(
        "count", "--by", "district", "--every", "week", "--from", "2024-03-01", "--to",
        "2024-03-31", "--offence", "theft", "--hours", "22-6", "--out", bench.folder / "w.csv",
    )  # fmt: skip
    (line,) = bench.watch.new()
    asked = line.details["filter"]
    assert asked.startswith(
        "by=district&every=week&from=2024-03-01&to=2024-03-31&offence=theft&hours=22-6"
    )
    assert "offence=theft · hours=22-6" in details_text(line)
    assert Selection(by="district", weekdays=(0, 6)).to_query() == (
        "by=district&every=month&weekday=mon,sun"
    )


def test_an_export_is_written_from_a_workspace_that_takes_no_lines(bench, monkeypatch):
    def refuse(*_args, **_options):
        raise StoreError("read-only")

    monkeypatch.setattr(Accounts, "record", refuse)
    out = bench.folder / "still.csv"
    said = bench.run("count", "--by", "district", "--out", out)
    assert "could not be put into the audit record: read-only" in said
    assert out.is_file()
    for args in (("batch", "export", 1, "--with-notes", "--out"), ("audit", "export")):
        path = bench.folder / f"{args[0]}-refused.csv"
        bench.run(*args, path, code=1)
        assert not path.exists()


# --- the commands of the record itself -----------------------------------------------------------


@pytest.fixture
def own(tmp_path):
    workspace = Workspace(tmp_path, Settings())
    workspace.write_settings()
    return workspace


@pytest.fixture
def run(own):
    def invoke(*args, code=0):
        result = CliRunner().invoke(main, ["audit", *args, "--workspace", str(own.path)])
        assert result.exit_code == code, result.output + repr(result.exception)
        return result.output

    return invoke


def add(workspace, n=3, action=record.EXPORT, user_name="eva", subject="a.csv", **details):
    with Accounts.open(workspace) as accounts:
        for _k in range(n):
            accounts.record(
                action, user_name=user_name, role="system", subject=subject, details=details
            )


def tamper(workspace, statement):
    with closing(sqlite3.connect(workspace.accounts, isolation_level=None)) as kept:
        for name in ("audit_no_change", "audit_no_removal", "audit_only_next"):
            kept.execute(f"DROP TRIGGER {name}")
        kept.execute(statement)


def test_the_list_is_chosen_by_day_person_and_action(run, own):
    assert "No such line." in run()
    add(own, 2)
    add(own, 1, action=record.IMPORT, user_name="jan", subject="b.csv", batch=4, rows_read=1200)
    said = run("list")
    assert said.index("b.csv") < said.index("a.csv")
    assert re.search(r"import number: 4; rows read: 1.200", said)
    assert "a.csv" not in run("list", "--person", "jan")
    assert "b.csv" not in run("list", "--action", "export")
    assert "No such line." in run("list", "--to", "2020-01-01")
    assert "No such line." in run("list", "--from", "2100-01-01")
    assert "Older lines: --before 3" in run("list", "--limit", "1")
    assert [one["audit_key"] for one in json.loads(run("list", "--before", "3", "--json"))] == [
        2,
        1,
    ]
    assert "is no day" in run("list", "--from", "yesterday", code=2)


def test_days_are_those_of_the_clock_in_prague(own, monkeypatch):
    for moment in ("2024-03-04T22:59:59+00:00", "2024-03-04T23:00:00+00:00"):
        monkeypatch.setattr(record, "now_text", lambda moment=moment: moment)
        add(own, 1)
    with Accounts.open(own) as accounts:
        (line,) = accounts.audit_entries(first_day="2024-03-05")
        assert line.audit_key == 2
        (line,) = accounts.audit_entries(last_day="2024-03-04")
        assert line.audit_key == 1


def test_an_unbroken_record_says_where_it_ends(run, own):
    assert "unbroken: 0 lines" in run("check")
    add(own, 3)
    said = run("check")
    assert "The audit record is unbroken: 3 lines." in said
    end = re.search(r"noted elsewhere: (3:[0-9a-f]{64})", said)[1]
    add(own, 2)
    assert "still in it: line 3" in run("check", "--noted", end)
    found = json.loads(run("check", "--json", "--noted", end))
    assert (found["lines"], found["broken_at"], found["noted_holds"]) == (5, None, True)


@pytest.mark.parametrize(
    ("statement", "line"),
    [
        ("UPDATE audit SET subject = 'b.csv' WHERE audit_key = 3", 3),
        ("UPDATE audit SET user_name = 'jan' WHERE audit_key = 5", 5),
        ("DELETE FROM audit WHERE audit_key = 2", 3),
        ("UPDATE audit SET done_at = '2020-01-01T00:00:00+00:00' WHERE audit_key = 1", 1),
        ("INSERT INTO audit SELECT 9, done_at, user_name, role, action, subject, details, digest "
         "FROM audit WHERE audit_key = 5", 9),
    ],
)  # fmt: skip
def test_a_broken_record_names_the_line(run, own, statement, line):
    add(own, 5)
    tamper(own, statement)
    assert f"broken at line {line}:" in run("check", code=1)
    assert json.loads(run("check", "--json", code=1))["broken_at"] == line


def test_lines_cut_off_show_by_the_end_that_was_noted(run, own):
    add(own, 5)
    with Accounts.open(own) as accounts:
        end = str(accounts.audit_tail())
    tamper(own, "DELETE FROM audit WHERE audit_key > 3")
    assert "unbroken: 3 lines" in run("check")
    assert "The end noted, line 5, is no longer in it" in run("check", "--noted", end, code=1)
    add(own, 4, subject="another.csv")
    assert "no longer in it" in run("check", "--noted", end, code=1)


@pytest.mark.parametrize(
    "text", ["", "5", "x:y", "5:" + "g" * 64, "-1:" + "0" * 64, "0:" + "0" * 64]
)
def test_an_end_that_is_none_is_refused(text):
    with pytest.raises(ParameterError, match="is no end of the audit record"):
        Tail.parse(text)
    assert Tail.parse("0") == Tail()


def test_a_table_runs_nothing_and_is_itself_a_line(run, own):
    add(own, 1, subject='=HYPERLINK("http://x")', user_name="@eva", filter="by=street&from=2024")
    out = own.path / "out.csv"
    assert "1 line is written" in run("export", str(out))
    rows = list(csv.reader(io.StringIO(out.read_text(encoding="utf-8-sig")), delimiter=";"))
    assert len(rows) == 2
    assert rows[1][2] == "'@eva"
    assert rows[1][5] == '\'=HYPERLINK("http://x")'
    assert rows[1][6] == "filter: by=street · from=2024"
    with Accounts.open(own) as accounts:
        (line, *_others) = accounts.audit_entries()
    assert (line.action, line.subject, line.details["rows"]) == ("export", "out.csv", 1)


# --- nothing changes a line ----------------------------------------------------------------------


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit SET subject = 'x'",
        "DELETE FROM audit",
        "INSERT OR REPLACE INTO audit SELECT 1, done_at, 'jan', role, action, subject, details, "
        "digest FROM audit WHERE audit_key = 2",
        "INSERT INTO audit SELECT 7, done_at, 'jan', role, action, subject, details, digest "
        "FROM audit WHERE audit_key = 2",
    ],
)
def test_the_database_refuses_to_change_a_line(own, statement):
    add(own, 2)
    with closing(sqlite3.connect(own.accounts, isolation_level=None)) as kept:
        before = kept.execute("SELECT * FROM audit").fetchall()
        with pytest.raises(sqlite3.IntegrityError, match="only ever added to"):
            kept.execute(statement)
        assert kept.execute("SELECT * FROM audit").fetchall() == before
    with (
        Accounts.open(own) as accounts,
        accounts._engine.connect() as connection,
        pytest.raises(DatabaseError, match="only ever added to"),
    ):
        connection.exec_driver_sql(statement)


def test_no_code_changes_or_removes_a_line():
    change = re.compile(
        r"(update|delete)\(\s*(tables\.)?audit\b|audit\.(update|delete)\(|"
        r"(UPDATE|DELETE FROM|REPLACE INTO|DROP TABLE|TRUNCATE)\s+(TABLE\s+)?audit\b|"
        r"DROP TRIGGER|on_conflict\w*\([^)]*audit"
    )
    found = [
        f"{path.relative_to(ROOT)}: {hit[0]}"
        for folder in ("hotspots", "web")
        for path in sorted((ROOT / folder).rglob("*.py"))
        for hit in change.finditer(path.read_text(encoding="utf-8"))
    ]
    assert found == []


def test_every_word_of_the_documentation_has_a_label():
    promised = [*PROMISED.values(), *read_promises("Acts on the pages").values()]
    assert {name for one in promised for name in one.details} <= set(_labels())
    assert {one.what for one in promised if one.what} <= set(_words())
    for one in promised:
        assert set(one.actions) <= set(record.ACTIONS)


def test_a_copy_of_the_accounts_goes_on_in_the_same_chain(own, tmp_path):
    add(own, 2)
    shutil.copytree(own.path, tmp_path / "copy")
    other = Workspace(tmp_path / "copy", Settings())
    add(other, 1)
    with Accounts.open(other) as accounts:
        assert accounts.check_audit().broken_at is None
        assert accounts.audit_tail().audit_key == 3
