"""One person's mentions: found in any form, given out, erased from every copy for good."""

import csv
import io
import json
import sqlite3
import stat
import zipfile
from contextlib import closing
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from hotspots import schema
from hotspots.accounts import Accounts
from hotspots.accounts.audit import DELETION, NOTES_VIEWED
from hotspots.checkup import check_workspace
from hotspots.cli import main
from hotspots.errors import NotFoundError, ParameterError, StoreError
from hotspots.geocode import Geocoded
from hotspots.ingest.batch import make_rejected
from hotspots.ingest.batches import undo_batch
from hotspots.persons import erase_mentions, find_mentions
from hotspots.persons.matching import Wanted, context, inflect
from hotspots.place_text import ERASED, fold, place_key
from hotspots.store import Place, Store
from hotspots.store.consistency import find_faults
from tests.importing import FakeReader, make_chunk, make_runner, make_workspace, parts
from tests.storing import make_incidents

NOVAK = Wanted.parse("Novák")
NOTES = ("Novák křičel na Novákovou", "hluk, nahlásila paní Nováková", "bez jména", "")
PLACES = ("U Nováků, Lipovská 12", "za garážemi", "u Nováka", "")


class Silent:
    """A geocoder that finds nothing."""

    def geocode(self, text):
        return Geocoded(text, schema.NOT_FOUND)


def incidents(notes=NOTES, places=PLACES, **columns):
    made = make_incidents([str(n) for n in range(1, 5)], note=list(notes), **columns)
    made[schema.PLACE_TEXT] = list(places)
    wordless = made[schema.PLACE_TEXT] == ""
    made.loc[~wordless, [schema.X, schema.Y]] = np.nan
    return made


REJECTED = make_rejected([7], ["no date"], ["7;nikdy;Lipovská;Novákovi volali"])


@pytest.fixture
def bench(tmp_path):
    return Bench(tmp_path)


class Bench:
    """A workspace that speaks of the Nováks wherever a text can be kept."""

    def __init__(self, folder):
        self.folder = folder
        self.workspace = make_workspace(folder / "town")
        self.run = make_runner(self.workspace, folder)
        first = incidents(notes=("Novák byl opilý", *NOTES[1:]))
        self.bring(first)
        self.account = self.bring(incidents(), rejected=REJECTED)

    def bring(self, made, **options):
        rejected = options.pop("rejected", None)
        chunk = make_chunk(made) if rejected is None else make_chunk(made, rejected=rejected)
        return self.run(chunk, geocoder=Silent(), **options)

    def decide(self):
        with Store.open(self.workspace) as store:
            place = Place(-543_400.0, -1_050_700.0, "manual", 5.0, "dům Novákových")
            return store.decide_place(
                ["accidents:3"], place, user="eva", text="u Nováka", remember=True
            )

    def find(self, wanted=NOVAK):
        return find_mentions(self.workspace, wanted)

    def erase(self, wanted=NOVAK, **options):
        return erase_mentions(self.workspace, wanted, user="eva", **options)

    def read(self):
        with Store.open(self.workspace) as store:
            return store.read_incidents().set_index(schema.SOURCE_REF)

    def files_with(self, *words):
        """Return the files of the workspace, but backups, that hold one of some texts."""
        wanted = [word.encode() for word in words]
        found = []
        for path in self.workspace.path.rglob("*"):
            if path.is_file() and self.workspace.backups not in path.parents:
                content = path.read_bytes()
                found += [path.name] if any(word in content for word in wanted) else []
        return found

    def command(self, *args, code=0):
        given = [*map(str, args), "--workspace", str(self.workspace.path)]
        result = CliRunner().invoke(main, given)
        assert result.exit_code == code, result.output + repr(result.exception)
        return result.output


# --- matching ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "text", "forms"),
    [
        ("Novák", "viděl Nováka, Novákovi a NOVÁKOVOU", ["Nováka", "Novákovi", "NOVÁKOVOU"]),
        ("novak", "Nováci u Nováků, o Novácích", ["Nováci", "Nováků", "Novácích"]),
        ("Nováková", "Novák a Novákové", ["Novák", "Novákové"]),
        ("Novák", "nováček na Novákovsku", []),
        ("Novák", "Nova\u0301k", ["Nova\u0301k"]),
        ("Jan Novák", "Nováka Jana; J. Novák", ["Nováka Jana"]),
        ("Jan Novák", "Janu\n Novákovi", ["Janu\n Novákovi"]),
        ("Havlíček", "Havlíčkovi, Havlíčková", ["Havlíčkovi", "Havlíčková"]),
        ("Havlíčková", "Havlíček", ["Havlíček"]),
        ("Novotný", "Novotnému a Novotnou", ["Novotnému", "Novotnou"]),
        ("Svoboda", "Svobodovi, Svobodová, svobodný", ["Svobodovi", "Svobodová"]),
        ("Jiří", "Jiřího s Jiřím", ["Jiřího", "Jiřím"]),
        ("Lenka", "Lence, Lenčin", ["Lence", "Lenčin"]),
        ("Pavel", "Pavla, Pavlovi", ["Pavla", "Pavlovi"]),
        ("777 123 456", "tel. +420 777123456", ["+420 777123456"]),
        ("+420777123456", "777-123-456", ["777-123-456"]),
        ("777123456", "1777123456 a 7771234567", []),
        ("3M5 1234", "auto 3m51234", ["3m51234"]),
        ("850101/1234", "r. č. 8501011234", ["8501011234"]),
        ("jan.novak@x.cz", "Jan.Novak@x.cz", ["Jan.Novak@x.cz"]),
        ("Lipovská 12", "na Lipovské 12, Lipovská 120", ["Lipovské 12"]),
    ],
)
def test_matching(typed, text, forms):
    assert list(Wanted.parse(typed).found_forms(text)) == forms


def test_exact_finds_no_other_ending():
    exact = Wanted.parse("Novák", exact=True)
    assert exact.found_forms("NOVÁK a Nováka") == ("NOVÁK",)
    assert exact.forms == ("novak",)


@pytest.mark.parametrize("text", ["", "a", "é.", "x y"])
def test_too_short_to_look_for(text):
    with pytest.raises(ParameterError, match="at least 3 letters or digits"):
        Wanted.parse(text)


@pytest.mark.parametrize("text", ["x" * 101, "a b c d e f g h"])
def test_too_long_to_look_for(text):
    with pytest.raises(ParameterError, match="at most 6 words of 100 characters"):
        Wanted.parse(text)


@pytest.mark.parametrize("text", ["vymazáno", ERASED, "Vymazán"])
def test_the_mark_of_erased_words_is_not_looked_for(text):
    with pytest.raises(ParameterError, match="stands where something was erased"):
        Wanted.parse(text)


def test_inflection_keeps_short_words_and_the_word_itself():
    assert inflect("ma") == ("ma",)
    assert inflect("novak")[0] == "novak"


@settings(max_examples=40)
@given(st.text(max_size=60), st.sampled_from(["Novák", "Jan Novák", "777 123 456", "Eva"]))
def test_masked_text_holds_nothing_and_keeps_the_rest(text, typed):
    wanted = Wanted.parse(typed)
    full = f"{text} {typed} {text}"
    masked = wanted.mask(full, "*")
    assert "*" in masked
    assert not wanted.is_in(masked)
    spans = wanted.spans(full)
    kept = "".join(
        full[a:b]
        for a, b in zip(
            [0, *(e for _s, e in spans)], [*(s for s, _e in spans), len(full)], strict=True
        )
    )
    assert masked.replace("*", "") == kept.replace("*", "")


@settings(max_examples=40)
@given(
    st.lists(st.sampled_from(["Novák", "Nováka", "u", "č. 5", "Lipovská", "-", "\n"]), max_size=8)
)
def test_key_of_a_text_speaks_of_who_the_text_speaks_of(words):
    text = " ".join(words)
    assert NOVAK.is_in(place_key(text)) == NOVAK.is_in(text)


def test_context_is_cut_at_words():
    text = "slovo " * 30 + "Novák " + "konec " * 30
    before, found, after = context(text, NOVAK.spans(text)[0])
    assert found == "Novák"
    assert before.startswith("…slovo")
    assert len(before) < 70
    assert after.endswith("konec…")
    assert len(after) < 70


def test_a_text_with_an_erased_part_has_no_key():
    assert place_key(f"u {ERASED}, Lipovská") == ""
    assert fold(ERASED) == "[vymazano]"


# --- finding -----------------------------------------------------------------------------------


def test_every_copy_is_found(bench):
    bench.decide()
    third = bench.bring(incidents(notes=("", "", "Nováci", "")), name="third.csv")
    undo_batch(bench.workspace, third.batch_id, user="eva")
    incoming = bench.workspace.path / "incoming" / ("0" * 24)
    incoming.mkdir(parents=True)
    (incoming / "novak.csv").write_bytes("1;Novákovi\r\n2;nic\r\n".encode("cp1250"))
    jobs = bench.workspace.path / "jobs"
    jobs.mkdir()
    (jobs / "20260101-000000-00000000.json").write_text(
        json.dumps({"title": "Import: Novák.csv"}, ensure_ascii=False), encoding="utf-8"
    )
    found = bench.find()
    where = {(one.kind, one.field) for one in found.mentions}
    assert where == {
        ("incident", "note"),
        ("incident", "place_text"),
        ("former_version", "note"),
        ("former_version", "place_text"),
        ("withdrawn", "note"),
        ("withdrawn", "place_text"),
        ("placing", "place_matched"),
        ("remembered_place", "place_text"),
        ("remembered_place", "place_matched"),
        ("decision", "subject"),
        ("rejected_rows", "lines"),
        ("waiting_file", "file_name"),
        ("waiting_file", "lines"),
        ("job", "lines"),
    }
    assert found.incidents == ("accidents:1", "accidents:2", "accidents:3")
    note = next(one for one in found.mentions if one.incident_id == "accidents:1")
    assert (note.source, note.day, note.forms) == (
        "accidents",
        "2024-03-05",
        ("Novák", "Novákovou"),
    )
    assert dict(found.found_forms)["Nováková"] >= 1


def test_nothing_is_found_of_somebody_else(bench):
    assert bench.find(Wanted.parse("Dvořáková")).mentions == ()


def test_workbooks_and_archives_that_wait_are_searched(bench):
    incoming = bench.workspace.path / "incoming" / ("1" * 24)
    incoming.mkdir(parents=True)
    with zipfile.ZipFile(incoming / "book.xlsx", "w") as archive:
        archive.writestr("xl/sharedStrings.xml", "<si><t>" + "a " * 900 + "Novákem</t></si>")
    (incoming / "broken.zip").write_bytes(b"PK\x03\x04broken")
    waiting = [one for one in bench.find().mentions if one.kind == "waiting_file"]
    assert [(one.file, one.forms) for one in waiting] == [("book.xlsx", ("Novákem",))]
    assert len(waiting[0].text) < 700


NOTE = "Pan Novák křičel šílenou žízní, řekl Tomáš."


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("escaped.geojson", json.dumps({"note": NOTE}).encode()),
        ("old.csv", NOTE.encode("iso-8859-2")),
        ("older.csv", NOTE.encode("cp852")),
        ("wide.csv", NOTE.encode("utf-16-le")),
        ("wider.csv", NOTE.encode("utf-16-be")),
    ],
)
@pytest.mark.parametrize("wanted", ["Novák", "Tomáš"])
def test_waiting_files_are_searched_in_every_way_of_writing(bench, name, content, wanted):
    incoming = bench.workspace.path / "incoming" / ("2" * 24)
    incoming.mkdir(parents=True)
    (incoming / name).write_bytes(content)
    with zipfile.ZipFile(incoming / "all.zip", "w") as archive:
        archive.writestr(name, content)
    found = bench.find(Wanted.parse(wanted)).mentions
    waiting = {one.file: one.forms for one in found if one.kind == "waiting_file"}
    assert waiting == {name: (wanted,), "all.zip": (wanted,)}


def test_archives_are_searched_whole_whatever_one_member_is(bench):
    incoming = bench.workspace.path / "incoming" / ("3" * 24)
    incoming.mkdir(parents=True)
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("deep.csv", "1;Novákovi")
    cut = "<si><r><t>u Nov</t></r><r><rPr><b/></rPr><t>&#225;ka</t></r></si>"
    for name, member, content in (
        ("nested.zip", "inner.zip", inner.getvalue()),
        ("named.zip", "Novák.csv", "nic"),
        ("book.xlsx", "xl/sharedStrings.xml", cut),
    ):
        with zipfile.ZipFile(incoming / name, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("damaged.csv", "a" * 2000)
            archive.writestr(member, content)
        held = (incoming / name).read_bytes()
        at = 30 + len("damaged.csv")  # the first member's packed bytes
        (incoming / name).write_bytes(held[:at] + b"\xff\xff\xff" + held[at + 3 :])
    waiting = [one for one in bench.find().mentions if one.kind == "waiting_file"]
    assert [(one.file, one.forms) for one in waiting] == [
        ("book.xlsx", ("Nováka",)),
        ("named.zip", ("Novák",)),
        ("nested.zip", ("Novákovi",)),
    ]


def test_a_waiting_file_that_cannot_be_removed_is_not_called_erased(bench, monkeypatch):
    incoming = bench.workspace.path / "incoming" / ("4" * 24)
    incoming.mkdir(parents=True)
    (incoming / "a.csv").write_text("1;Novákovi", encoding="utf-8")

    def refuse(*_args, **_options):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("hotspots.persons.files.shutil.rmtree", refuse)
    with pytest.raises(StoreError, match="Permission denied"):
        bench.erase()


# --- erasing -----------------------------------------------------------------------------------


def test_every_copy_is_erased_and_nothing_else_changes(bench):
    decision = bench.decide()
    before = bench.read()
    done = bench.erase()
    assert done.left == ()
    assert done.is_wiped
    assert done.incidents == ("accidents:1", "accidents:2", "accidents:3")
    assert done.files == 1
    assert bench.find().mentions == ()
    after = bench.read()
    assert after[schema.NOTE].tolist() == [
        f"{ERASED} křičel na {ERASED}",
        f"hluk, nahlásila paní {ERASED}",
        "bez jména",
        "",
    ]
    assert after[schema.PLACE_TEXT].tolist()[0] == f"U {ERASED}, Lipovská 12"
    changed = [schema.NOTE, schema.PLACE_TEXT]
    assert after.drop(columns=changed).equals(before.drop(columns=changed))
    listed = bench.account.rejects_file.read_text(encoding="utf-8-sig")
    assert f"7;nikdy;Lipovská;{ERASED} volali" in listed
    assert find_faults(bench.workspace) == []
    with Store.open(bench.workspace) as store:
        store.undo_decision(decision, user="eva")  # what it replaced still fits
        assert [one.subject for one in store.decisions()] == [f"u {ERASED}"]


def test_bytes_of_the_name_are_in_no_file_but_backups(bench):
    bench.decide()
    assert bench.files_with("Novák", "novak") != []
    assert bench.erase().is_wiped
    assert bench.files_with("Novák", "novak", "Nováci") == []


def test_workspace_passes_its_check_afterwards(tmp_path, new_town):
    workspace = new_town(tmp_path / "whole")
    make_runner(workspace, tmp_path)(make_chunk(incidents()), geocoder=Silent())
    erase_mentions(workspace, NOVAK, user="eva")
    assert check_workspace(workspace.path).faults == ()


def test_store_says_that_it_has_changed(bench):
    with Store.open(bench.workspace) as store:
        version = store.version()
        bench.erase(dry_run=True)
        assert store.version() == version
        bench.erase()
        assert store.version() != version


def test_a_trial_changes_nothing(bench):
    before = bench.find()
    trial = bench.erase(dry_run=True)
    assert trial.dry_run
    assert trial.texts > 0
    assert trial.files == 1
    assert trial.left == ()
    assert bench.find() == before
    real = bench.erase()
    assert (real.texts, real.incidents, real.files) == (trial.texts, trial.incidents, trial.files)


def test_whole_notes_go(bench):
    bench.erase(whole_note=True)
    assert bench.read()[schema.NOTE].tolist() == ["", "", "bez jména", ""]


def test_places_that_bear_the_name_can_stay(bench):
    done = bench.erase(keep_places=True)
    assert {one.field for one in done.left} == {"place_text"}
    assert bench.read()[schema.PLACE_TEXT].tolist() == list(PLACES)
    assert ERASED in bench.read()[schema.NOTE].iloc[0]


def test_only_chosen_incidents(bench):
    bench.decide()
    done = bench.erase(incidents=["accidents:2"])
    assert done.incidents == ("accidents:2",)
    assert bench.read()[schema.NOTE].tolist()[:2] == [
        NOTES[0],
        f"hluk, nahlásila paní {ERASED}",
    ]
    assert {one.kind for one in done.left} >= {"rejected_rows", "remembered_place", "decision"}
    # A decision about chosen incidents alone goes with them.
    assert {one.kind for one in bench.erase(incidents=["accidents:3"]).left}.isdisjoint(
        {"remembered_place", "decision", "placing"}
    )


def test_incidents_that_do_not_speak_of_it(bench):
    with pytest.raises(NotFoundError, match="incident 'accidents:4' does not speak of it"):
        bench.erase(incidents=["accidents:1", "accidents:4"])
    with pytest.raises(ParameterError, match="choose an incident"):
        bench.erase(incidents=[])


# --- the same file again -----------------------------------------------------------------------


def test_the_same_file_brings_nothing_back(bench):
    bench.erase()
    before = bench.read()
    again = bench.bring(incidents())
    assert parts(again) == {"unchanged": 4}
    assert "Texts about a person were erased from 3 incidents of the file; they stay out." in (
        again.warnings
    )
    assert bench.read().equals(before)
    assert bench.find().mentions == ()
    with Store.open(bench.workspace) as store:
        assert store.read_placings()[schema.PLACE_KEY].tolist() == ["", "za garazemi", ""]


def test_a_later_file_updates_all_but_the_texts(bench):
    bench.decide()
    bench.erase()
    later = bench.bring(incidents(status="solved"))
    assert parts(later) == {"updated": 4}
    after = bench.read()
    assert set(after[schema.STATUS]) == {"solved"}
    assert bench.find().mentions == ()
    # What a person decided by the erased words stays.
    assert after.loc["3", schema.X] == -543_400.0
    assert parts(bench.bring(incidents(status="solved"))) == {"unchanged": 4}


def test_undone_and_imported_again(bench):
    bench.erase()
    for batch in (2, 1):
        undo_batch(bench.workspace, batch, user="eva")
    assert bench.find().mentions == ()
    again = bench.bring(incidents())
    assert sum(parts(again).values()) == 4
    assert bench.find().mentions == ()
    assert bench.read()[schema.NOTE].iloc[0] == f"{ERASED} křičel na {ERASED}"
    assert find_faults(bench.workspace) == []


def test_an_update_undone_keeps_the_place(bench):
    bench.decide()
    bench.erase()
    later = bench.bring(incidents(status="solved"))
    undo_batch(bench.workspace, later.batch_id, user="eva")
    after = bench.read()
    assert set(after[schema.STATUS]) == {""}
    assert after.loc["3", schema.X] == -543_400.0
    assert bench.find().mentions == ()


def test_a_trial_of_the_same_file_says_the_same(bench):
    bench.erase()
    assert parts(bench.bring(incidents(), dry_run=True)) == {"unchanged": 4}


def test_a_report_corrected_by_its_writer_keeps_its_new_words(bench):
    made = incidents()
    bench.erase()

    class Typed:
        path = bench.folder / "report.json"
        format = "report"
        source = FakeReader(bench.folder / "points.csv", []).source
        stated_record = ()
        warnings: ClassVar = []
        municipality = None

        def chunks(self):
            yield make_chunk(made.assign(note="nový popis"))

    Typed.path.write_text("{}", encoding="utf-8")
    assert parts(bench.run(reader=Typed(), geocoder=Silent())) == {"updated": 4}
    assert set(bench.read()[schema.NOTE]) == {"nový popis"}


def test_words_kept_by_a_placing_are_a_fault(bench):
    bench.erase()
    with closing(sqlite3.connect(bench.workspace.database, isolation_level=None)) as kept:
        kept.execute("UPDATE placings SET place_key = 'u novaku' WHERE source_ref = '1'")
    (fault,) = find_faults(bench.workspace)
    assert fault.text == "places kept under words that were erased: 1 (1)"


def test_what_cannot_be_erased_is_left_and_said(bench):
    made = incidents()
    made[schema.SOURCE_REF] = ["Novák-1", "b", "c", "d"]
    bench.bring(made, name="other.csv")
    done = bench.erase()
    assert {(one.field, one.is_left) for one in done.left} == {("reference", True)}
    assert "1 mention is left" in " ".join(done.lines())


def test_a_list_named_after_a_person_is_renamed(bench):
    account = bench.bring(incidents(), name="Novák.csv", rejected=REJECTED)
    assert bench.erase().left == ()
    assert not account.rejects_file.exists()
    with Store.open(bench.workspace) as store:
        batch = store.batches()[-1]
    assert batch.file_name == f"{ERASED}.csv"
    renamed = bench.folder / f"{ERASED}.csv.rejected.csv"
    assert batch.account_values()["rejects_file"] == str(renamed)
    assert f"{ERASED} volali" in renamed.read_text(encoding="utf-8-sig")


def test_a_reader_in_the_way_is_told_of(bench):
    with closing(sqlite3.connect(bench.workspace.database, isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM incidents").fetchall()
        done = bench.erase()
    assert not done.is_wiped
    assert "remains may still be in its files" in " ".join(done.lines())
    assert bench.erase().is_wiped  # nothing is found, and yet the files are cleaned
    assert bench.files_with("Novák", "novak") == []


def test_backups_are_told_of(bench):
    bench.workspace.backups.mkdir()
    (bench.workspace.backups / "old.zip").write_bytes(b"x")
    assert bench.find().n_backups == 1
    done = bench.erase()
    assert done.n_backups == 1
    assert "1 backup, the newest of" in " ".join(done.lines())


# --- the command -------------------------------------------------------------------------------


def test_find_shows_each_mention_where_it_stands(bench):
    said = bench.command("person", "find", "Novák")
    assert "Looked for: novak, novaka, " in said
    assert "accounts" not in said
    assert "accidents:1  5 March 2024" in said or "accidents:1" in said
    assert "note: »Novák« křičel na Novákovou" in said
    assert "list of rows that could not be used: a line of it (points.csv.rejected.csv)" in said
    found = json.loads(bench.command("person", "find", "Novák", "--json"))
    assert found["incidents"] == ["accidents:1", "accidents:2", "accidents:3"]
    assert "No text speaks of it." in bench.command("person", "find", "Nováčková")
    said = bench.command("person", "find", "a", code=2)
    assert "at least 3 letters or digits" in said


def test_find_without_a_line_in_the_record_shows_nothing(bench, monkeypatch):
    def refuse(*_args, **_options):
        raise StoreError("read-only")

    monkeypatch.setattr(Accounts, "record", refuse)
    for args in (("find", "Novák"), ("export", "Novák", "--out", bench.folder / "x.csv")):
        said = bench.command("person", *args, code=1)
        assert "texts are not given out without a line in the audit record" in said
        assert "křičel" not in said
    assert not (bench.folder / "x.csv").exists()


def test_export_is_private_and_runs_nothing(bench):
    made = incidents(notes=("=cmd()|Novák", "", "", ""))
    bench.bring(made)
    for name in ("person.csv", "person.json"):
        said = bench.command("person", "export", "Novák", "--out", bench.folder / name)
        assert "readable by you only" in said
        assert stat.S_IMODE((bench.folder / name).stat().st_mode) == 0o600
    table = (bench.folder / "person.csv").read_text(encoding="utf-8-sig")
    rows = list(csv.reader(io.StringIO(table), delimiter=";"))
    assert rows[0] == ["incident", "day", "source", "where", "file", "found", "text"]
    assert rows[1][-1] == "'=cmd()|Novák"
    listed = json.loads((bench.folder / "person.json").read_text(encoding="utf-8"))
    assert len(listed["mentions"]) == len(rows) - 1
    assert "ends in .csv or .json" in bench.command(
        "person", "export", "Novák", "--out", bench.folder / "person.xlsx", code=2
    )


def test_erase_asks_first(bench):
    said = bench.command("person", "erase", "Novák", code=2)
    assert "nothing was changed; to erase it give --yes" in said
    assert "incidents: 3; files: 1." in said
    trial = json.loads(bench.command("person", "erase", "Novák", "--dry-run", "--json"))
    assert trial["dry_run"] is True
    assert bench.find().mentions != ()
    done = bench.command("person", "erase", "Novák", "--yes", "--whole-note")
    assert "incidents: 3; files: 1." in done
    assert bench.find().mentions == ()


def test_erase_in_chosen_incidents_only(bench):
    bench.command("person", "erase", "Novák", "--incident", "accidents:1", "--keep-places", "--yes")
    notes = bench.read()[schema.NOTE].tolist()
    assert notes[:2] == [f"{ERASED} křičel na {ERASED}", NOTES[1]]
    assert bench.read()[schema.PLACE_TEXT].tolist() == list(PLACES)
    said = bench.command(
        "person", "erase", "Novák", "--exact", "--incident", "x:1", "--yes", code=1
    )
    assert "does not speak of it" in said


def test_the_record_holds_a_digest_and_never_the_words(bench):
    (bench.workspace.path / "secret.key").write_bytes(b"k" * 32)
    for args in (("find", "Novák"), ("erase", "Novák", "--yes"), ("find", " NOVAK ")):
        bench.command("person", *args)
    with Accounts.open(bench.workspace) as accounts:
        lines = accounts.audit_entries(limit=10)[::-1]
    assert [line.action for line in lines] == [NOTES_VIEWED, DELETION, NOTES_VIEWED]
    digests = {line.details["search"] for line in lines}
    assert len(digests) == 1
    assert len(digests.pop()) == 16
    assert lines[0].details["texts"] > 0
    assert lines[2].details["texts"] == 0
    text = " ".join(f"{line.subject} {line.details}" for line in lines)
    assert "Nov" not in text
    assert "nov" not in text


def test_a_name_need_not_stand_in_the_command(bench):
    given = ["person", "find", "-", "--json", "--workspace", str(bench.workspace.path)]
    result = CliRunner().invoke(main, given, input="Novák\n")
    assert result.exit_code == 0, result.output
    assert json.loads(result.output)["incidents"] == ["accidents:1", "accidents:2", "accidents:3"]


def test_the_documentation_names_each_option():
    page = (Path(__file__).resolve().parents[1] / "docs" / "data-protection.md").read_text("utf-8")
    for name, command in main.commands["person"].commands.items():
        assert f"hotspots person {name}" in page
        for option in command.params:
            if option.opts[0] not in {"text", "-w", "--json"}:
                assert f"`{option.opts[0]}" in page, option.opts
