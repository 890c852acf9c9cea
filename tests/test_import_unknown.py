"""`hotspots import` of a file without a mapping: proposed, asked, completed by what options say."""

import json
import os
import pty
import select
import shutil
import subprocess
import sys
import time

import openpyxl
import pytest
from click.testing import CliRunner

from hotspots.cli import main
from hotspots.workspace_init import init_workspace
from tests.importing import make_workspace, read

ROWS = "datum|misto|udalost\n5.3.2024 10:00|Lipovská|rušení nočního klidu\n"
WAIT_S = 30.0


@pytest.fixture
def workspace(bundled_town, tmp_path):
    made = make_workspace(tmp_path / "town")
    shutil.copytree(bundled_town.layers, made.layers)
    return made


@pytest.fixture
def path(tmp_path):
    file = tmp_path / "hlaseni.csv"
    file.write_text(ROWS, encoding="utf-8")
    return file


@pytest.fixture
def command(workspace):
    def call(*arguments, **options):
        words = [str(argument) for argument in arguments]
        return CliRunner().invoke(main, [*words, "--workspace", str(workspace.path)], **options)

    return call


@pytest.fixture
def watched(monkeypatch):
    monkeypatch.setattr(sys.modules["hotspots.cli.proposing"], "_is_watched", lambda: True)


@pytest.mark.parametrize(("answer", "n"), [("n\n", 0), ("\n", 0), ("y\n", 1)])
def test_a_person_is_asked_and_no_is_the_default(workspace, command, path, watched, answer, n):
    done = command("import", path, "--source", "reports", input=answer)
    assert "Is this right? Import it so [y/N]" in done.output
    assert "Lipovská: Lipovská (street, within" in done.output
    assert done.exit_code == (0 if n else 1)
    assert len(read(workspace)) == n


def test_commands_and_options_are_named_on_a_terminal(workspace, command, path):
    first = command("import", path, "--accept", "--source", "hlaseni")
    assert f"hotspots sources confirm hlaseni --workspace {workspace.path}" in first.output
    command("sources", "set", "hlaseni", "--record", "2024-03-01..2024-03-09")
    path.write_text(ROWS + "9.4.2024 10:00|Lipovská|rušení nočního klidu\n", encoding="utf-8")
    later = command("import", path)
    assert "hotspots sources set hlaseni --record 2024-03-01..2024-" in later.output
    assert "To use another mapping: --mapping NAME" in later.output
    wrong = command("import", path, "--column", "date=den", "--source", "hlaseni")
    assert wrong.exit_code == 1
    assert "there is no column “den”, which was to be read as 'date'." in wrong.output
    assert "Options for this: --mapping NAME|FILE, --column FIELD=COLUMN" in wrong.output


def test_what_options_say_reaches_the_proposal(workspace, command, path):
    options = ("--kind", "apk", "--label", "Hlášení", "--delimiter", "|")
    done = command("import", path, "--source", "reports", *options, "--accept")
    assert done.exit_code == 0, done.output
    remembered = (workspace.mappings / "reports.toml").read_text(encoding="utf-8")
    for said in ('kind = "apk"', 'label = "Hlášení"', 'delimiter = "|"', 'date = "datum"'):
        assert said.replace("date", "occurred") in remembered or said in remembered
    # The next file takes what is remembered, with what is said now.
    again = command("import", path, "--label", "Jinak", "--json")
    assert again.exit_code == 0, again.output
    assert json.loads(again.output)[0]["unchanged"] == 1
    assert 'label = "Jinak"' in (workspace.mappings / "reports.toml").read_text(encoding="utf-8")


def test_a_program_is_told_that_a_mapping_is_missing(workspace, command, path):
    done = command("import", path, "--kind", "apk", "--json")
    assert done.exit_code == 1
    assert "take the proposed one with --accept" in json.loads(done.output)["message"]
    assert read(workspace).empty


def test_a_person_at_a_real_terminal_agrees(workspace, path):
    words = ["import", str(path), "--source", "reports", "--workspace", str(workspace.path)]
    ours, theirs = pty.openpty()
    environment = {**os.environ, "LC_ALL": "C.UTF-8", "HOTSPOTS_LANG": "en", "TERM": "dumb"}
    process = subprocess.Popen(
        [sys.executable, "-m", "hotspots", *words],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env=environment,
    )
    os.close(theirs)
    shown, end = b"", time.monotonic() + WAIT_S
    try:
        while b"/N]" not in shown and time.monotonic() < end:
            if select.select([ours], [], [], 0.2)[0]:
                shown += os.read(ours, 65_536)
        os.write(ours, b"y\n")
        while process.poll() is None and time.monotonic() < end:
            if select.select([ours], [], [], 0.2)[0]:
                try:
                    shown += os.read(ours, 65_536)
                except OSError:  # the terminal is closed
                    break
        assert process.wait(WAIT_S) == 0, shown.decode()
    finally:
        process.kill()
        process.wait()
        os.close(ours)
    assert len(read(workspace)) == 1


def test_a_workbook_of_several_sheets_is_proposed_and_its_sheet_named(tmp_path):
    book = openpyxl.Workbook()
    for sheet in (book.active, book.create_sheet("Únor 2025")):
        sheet.append(["datum", "místo", "co se stalo"])
        sheet.append(["3.1.2025", "Lipovská 12", "rušení nočního klidu"])
    file = tmp_path / "hlaseni.xlsx"
    book.save(file)
    init_workspace(tmp_path / "w")
    run = ["--workspace", str(tmp_path / "w"), "import", str(file), "--source", "apk"]
    proposed = CliRunner().invoke(main, [*run, "--kind", "apk"])
    assert proposed.exit_code == 1
    assert "several sheets" in proposed.output
    assert "--accept" in proposed.output
    refused = CliRunner().invoke(main, [*run, "--kind", "apk", "--accept"])
    assert refused.exit_code == 1
    assert "--sheet Sheet" in refused.output
    taken = CliRunner().invoke(main, [*run, "--kind", "apk", "--accept", "--sheet", "Únor 2025"])
    assert taken.exit_code == 0, taken.output
