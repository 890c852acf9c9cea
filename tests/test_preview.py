"""Previews agree with the import; commands of mappings and offences."""

import json

import pytest
from click.testing import CliRunner

from hotspots.cli import main
from hotspots.ingest.mapping import Mapping
from hotspots.ingest.preview import preview_file
from hotspots.settings import Settings, Workspace
from hotspots.store import Store

ROWS = """id;Datum;Čas;Místo;Přestupek;Poznámka
1;5.3.2024;22:00;Lipovská;rušení nočního klidu;{long}
2;6.3.2024;;;krádež, žonglování;
3;nikdy;;;rušeni nočniho kldu;
4;7.3.2024;21:00;;rušeni nočniho kldu;
"""
MAPPING = Mapping.from_options(
    source="town",
    columns={
        "source_ref": "id",
        "date": "Datum",
        "time": "Čas",
        "place_text": "Místo",
        "offence": "Přestupek",
        "note": "Poznámka",
    },
)


@pytest.fixture
def workspace(tmp_path):
    made = Workspace(tmp_path / "town", Settings())
    made.path.mkdir()
    made.write_settings()
    Store.create(made).close()
    return made


@pytest.fixture
def path(tmp_path):
    file = tmp_path / "hlaseni.csv"
    file.write_text(ROWS.format(long="dlouhá poznámka " * 10), encoding="utf-8")
    return file


def test_rows_are_shown_as_they_will_be_understood(workspace, path):
    preview = preview_file(workspace, path, MAPPING)
    first, second, third, _fourth = preview.rows
    assert (first.row, first.when, first.offences) == (2, "5 Mar 2024 22:00", ("Public order",))
    assert first.raw["Místo"] == "Lipovská"
    assert (first.words, first.said) == ("Lipovská", "rušení nočního klidu")
    assert len(first.note) == 60
    assert second.when.startswith("6 Mar 2024")
    assert "22:00" not in second.when
    assert second.place == "no place given"
    assert third.problem
    assert not third.offences
    assert (preview.n_read, preview.n_rejected, preview.whole) == (4, 1, True)
    found = {one.text: one for one in preview.unmapped_offences}
    assert found["žonglování"].is_part
    assert found["rušeni nočniho kldu"].n_rows == 1
    assert "rušení nočního klidu" in found["rušeni nočniho kldu"].suggestions
    assert len(preview_file(workspace, path, MAPPING, n_rows=1).rows) == 1


def run(workspace, *words):
    done = CliRunner().invoke(main, [*words, "-w", str(workspace.path), "--json"])
    return done.exit_code, json.loads(done.stdout)


def test_commands_of_mappings(workspace, path, tmp_path):
    code, said = run(workspace, "mapping", "propose", str(path), "--out", str(tmp_path / "m.toml"))
    assert code == 0
    assert {g["field"] for g in said["guesses"]} == set(MAPPING.columns)
    code, said = run(
        workspace, "mapping", "preview", str(path), "--mapping", str(tmp_path / "m.toml")
    )
    assert (code, said["n_rejected"]) == (0, 1)
    assert run(workspace, "mapping", "list") == (0, [])
    code, said = run(workspace, "mapping", "forget", "town")
    assert (code, said["error"]) == (2, "ParameterError")


def test_commands_of_offences(workspace, tmp_path):
    code, said = run(workspace, "offences", "match", "žonglování", "§ 5/1d")
    assert (code, [one["groups"] for one in said]) == (0, [[], ["public_order"]])
    assert run(workspace, "offences", "set", "žongl*", "observation")[0] == 0
    assert run(workspace, "offences", "match", "žonglér")[1][0]["groups"] == ["observation"]
    rows = run(workspace, "offences", "list", "--group", "observation")[1]
    assert rows[0]["own"]
    out = tmp_path / "out.csv"
    assert run(workspace, "offences", "export", str(out))[0] == 0
    assert out.read_bytes().startswith(b"\xef\xbb\xbf")
    assert run(workspace, "offences", "remove", "žongl*")[0] == 0
    assert run(workspace, "offences", "remove", "žongl*")[0] == 2
