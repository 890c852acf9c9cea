"""What a proposal asks, when that is answered, and when it is not taken unseen."""

import json
import zipfile
from dataclasses import replace

import openpyxl
import pytest
from click.testing import CliRunner

from hotspots.archive import check_members
from hotspots.cli import main
from hotspots.errors import SourceError
from hotspots.ingest.offence_table import OffenceTable
from hotspots.ingest.preview import preview_file
from hotspots.ingest.proposal import find_missing, open_questions, propose
from tests.importing import make_workspace, read

ODD = "datum;blabla;qqq\n5.3.2024 10:00;7;3\n6.3.2024 10:00;8;4\n"


@pytest.fixture
def odd(tmp_path):
    path = tmp_path / "odd.csv"
    path.write_text(ODD, encoding="utf-8")
    return path


def topics(questions):
    return [one.topic for one in questions]


def test_questions_end_when_the_mapping_answers_them(odd):
    proposal = propose(odd)
    assert topics(proposal.asked) == ["offence", "place"]
    assert topics(open_questions(proposal, proposal.mapping)) == ["offence", "place"]
    columns = {**proposal.mapping.columns, "offence": "blabla"}
    edited = replace(proposal.mapping, columns=columns)
    assert topics(open_questions(proposal, edited)) == ["place"]
    edited = replace(edited, columns={**columns, "place_text": "qqq"})
    assert open_questions(proposal, edited) == ()
    for text in proposal.questions:
        assert "--" not in text
        assert "_" not in text


def test_a_proposal_that_uses_every_column_lacks_nothing(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("datum\n5.3.2024\n6.3.2024\n", encoding="utf-8")
    assert find_missing(propose(path)) == ()


def test_a_proposal_without_offence_or_place_is_not_accepted_unseen(tmp_path, odd):
    workspace = make_workspace(tmp_path / "town")
    command = ["import", str(odd), "--workspace", str(workspace.path), "--accept", "--json"]
    done = CliRunner().invoke(main, command)
    assert done.exit_code == 1
    message = json.loads(done.output)["message"]
    for said in ("no column with the offence", "no column with the place", "blabla, qqq", "--col"):
        assert said in message
    assert read(workspace).empty


def test_of_several_sheets_the_one_that_is_understood_is_taken(tmp_path):
    book = openpyxl.Workbook()
    book.active.title = "číselník"
    book.active.append(["kód", "barva"])
    book.active.append([1, "modrá"])
    sheet = book.create_sheet("hlášení")
    sheet.append(["datum", "místo", "druh"])
    sheet.append(["5.3.2024", "Lipovská 12", "krádež"])
    path = tmp_path / "a.xlsx"
    book.save(path)
    proposal = propose(path)
    assert (proposal.sheet, proposal.mapping.sheet) == ("hlášení", "hlášení")
    assert proposal.questions[0].endswith("“číselník”, “hlášení”; “hlášení” was taken")
    other = replace(proposal.mapping, sheet="číselník")
    assert "sheet" not in topics(open_questions(proposal, other))


def test_hints_know_the_town_s_own_words(tmp_path):
    workspace = make_workspace(tmp_path / "town")
    (workspace.path / "offences.csv").write_text(
        "kind;pattern;law;group;note\nwording;koloběžkování;;public_order;\n", encoding="utf-8"
    )
    path = tmp_path / "a.csv"
    path.write_text("datum;druh\n5.3.2024;kolobezkovni\n6.3.2024;krádež\n", encoding="utf-8")
    assert OffenceTable.shipped().suggest("kolobezkovni") == ()
    (one,) = preview_file(workspace, path, propose(path).mapping).unmapped_offences
    assert one.suggestions == ("koloběžkování",)


def test_a_bomb_is_refused_with_its_ratio(tmp_path):
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.csv", b"0" * 20_000_000)
    with pytest.raises(SourceError, match=r"to 20 MB, 1,0\d\d times its .* more than 400 times"):
        check_members(path)
