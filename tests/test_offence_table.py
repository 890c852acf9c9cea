"""The offence table: what paragraphs, codes and wordings mean, and what stays unknown."""

import numpy as np
import pyarrow as pa
import pytest

from hotspots.errors import ParameterError, SourceError
from hotspots.ingest.offence_table import (
    OffenceTable,
    parse_rows,
    read_own,
    remove_own,
    set_own,
)
from hotspots.ingest.police_types import built_in_codes
from hotspots.offences import OFFENCE_GROUPS
from hotspots.settings import Settings, Workspace

TABLE = OffenceTable.shipped()


@pytest.mark.parametrize(
    ("text", "groups"),
    [
        ("§ 5 odst. 1 písm. d) z. č. 251/2016 Sb.", "public_order"),
        ("§5/1d", "public_order"),
        ("251/2016 § 5", "public_order"),
        ("par. 5 z. 251/2016", "public_order"),
        ("§ 6 zákona č. 251/2016 Sb.", "other_offence"),
        ("§ 7 odst.1 písm. a)", "coexistence"),
        ("§ 47/1 c), d) zákona 200/90 Sb.", "public_order"),
        ("§ 49/1/c", "coexistence"),
        ("§ 30 z. č. 200/1990 Sb.", "alcohol_drugs"),
        ("§ 35 z. 65/2017 Sb.", "alcohol_drugs"),
        ("§ 125c/1f z.361/2000", "traffic"),
        ("§125c odst. 1 písm. b) zákona č. 361/2000 Sb.", "alcohol_drugs"),
        ("§ 205 tr. zák.", "theft"),
        ("§ 358 z. 40/2009", "violence"),
        ("§§ 5, 7 a 8 zákona č. 251/2016", "public_order coexistence property"),
        ("§ 5/1 a § 7", "public_order coexistence"),
        ("§ 8 odst. 1 písm. a) bod 1 krádež", "property theft"),
        ("107", "public_order"),
        ("76;97;107", "public_order"),
        ("typ 5", "violence"),
        ("RUŠENÍ NOČNÍHO KLIDU, krádež v obchodě", "public_order theft"),
        ("ruseni nocniho klidu", "public_order"),
        ("rušila noční klid / volný pohyb psa", "public_order ordinance"),
        ("sousedský spor\nalkohol na veřejnosti", "coexistence alcohol_drugs"),
        ("injekční stříkačka - sběr", "observation"),
        ("krádež v drogerii", "theft"),
        ("public_order", "public_order"),
        ("Proti občanskému soužití", "coexistence"),
    ],
)
def test_texts_mean_groups(text, groups):
    said = TABLE.match(text)
    assert said.groups == tuple(groups.split())
    assert said.unknown == ()


@pytest.mark.parametrize(
    ("text", "unknown"),
    [
        ("žonglování", "žonglování"),
        ("nejedná se o krádež", "nejedná se o krádež"),
        ("§ 77 z. 251/2016", "§ 77 z. č. 251/2016 Sb."),
        ("§ 5 z. 99/2020 Sb.", "§ 5 z. č. 99/2020 Sb."),
        ("§ 35", "§ 35"),  # two laws disagree
        ("5", "5"),  # a paragraph or a police code
        ("999", "999"),
        ("vyhrožování", "vyhrožování"),
    ],
)
def test_what_is_unknown_is_never_guessed(text, unknown):
    said = TABLE.match(text)
    assert (said.groups, said.unknown) == ((), (unknown,))


def test_unknown_parts_are_told_as_written():
    said = TABLE.match("Krádež a tancování; § 5/1d, ŽONGLOVÁNÍ")
    assert said.groups == ("public_order", "theft")
    assert set(said.unknown) == {"tancování", "ŽONGLOVÁNÍ"}


def test_a_bare_paragraph_is_read_by_its_day():
    def groups(text, day):
        return TABLE.match(text, day=np.datetime64(day)).groups

    assert groups("§ 50", "2017-06-30") == ("property",)
    assert groups("§ 50", "2017-07-01") == ()
    assert groups("§ 5", "2017-06-30") == ()
    assert groups("§ 5", "2017-07-01") == ("public_order",)
    assert groups("§ 35", "2016-01-01") == ("other_offence",)
    assert groups("§ 35", "2020-01-01") == ("alcohol_drugs",)


def test_a_column_is_read_with_its_counts():
    texts = pa.array(["§ 50", "krádež; abc", "nic", "§ 50", "", "krádež; abc"])
    days = np.array(["2016-01-01", "NaT", "NaT", "2020-01-01", "NaT", "NaT"], "datetime64[D]")
    column = TABLE.read(texts, None, days)
    assert column.leading.to_pylist() == [
        "property",
        "theft",
        "other_offence",
        "other_offence",
        "other_offence",
        "theft",
    ]
    assert column.groups.to_pylist()[1] == "theft"
    assert column.codes.to_pylist()[:2] == ["§ 50", "krádež"]
    assert column.unmapped == {"nic": 1, "§ 50": 1, "": 1}
    assert column.unmapped_parts == {"abc": 2}
    # Rows that are no incidents are read, but not complained of.
    told = TABLE.read(texts, None, days, np.array([True, True, True, True, False, False]))
    assert told.groups.to_pylist() == column.groups.to_pylist()
    assert (told.unmapped, told.unmapped_parts) == ({"nic": 1, "§ 50": 1}, {"abc": 1})
    many = TABLE.read(pa.array(["rvačka; § 7/1a"])).groups.to_pylist()
    assert many == ["coexistence;violence"]
    assert len(TABLE.read(pa.array([], pa.string())).leading) == 0


def test_a_mapping_s_own_wording_wins():
    column = TABLE.read(pa.array(["Krádež", "krádež; X9"]), {"krádež": "property", "x9": "traffic"})
    assert column.leading.to_pylist() == ["property", "property"]
    assert column.groups.to_pylist() == ["property", "property;traffic"]


def test_suggestions_are_never_applied():
    assert TABLE.match("ruseni nocniho kldu").groups == ()
    assert "rušení nočního klidu" in TABLE.suggest("ruseni nocniho kldu")
    assert TABLE.suggest(" ") == ()


def test_the_shipped_table_is_large_and_agrees_with_the_police_list():
    wordings = [row for row in TABLE.rows if row.kind == "wording"]
    assert len(wordings) >= 150
    assert {row.group for row in TABLE.rows} == set(OFFENCE_GROUPS)
    codes = built_in_codes()
    for row in TABLE.rows:
        if row.kind == "police_type":
            assert row.group == codes.group_of(int(row.pattern))
        elif row.kind == "wording":  # each row is reachable and means what it says
            said = TABLE.match(row.pattern.replace("*", ""))
            assert row.group in said.groups or not said.groups, row


def test_the_town_s_rows_win_and_can_be_removed(tmp_path):
    workspace = Workspace(tmp_path, Settings())
    path = tmp_path / "offences.csv"
    set_own(path, "žebr*", "observation", note="=1+1")
    set_own(path, "§ 5 odst. 1 písm. d) z. č. 251/2016 Sb.", "coexistence")
    table = OffenceTable.of_workspace(workspace)
    assert table.match("žebrák u kostela").groups == ("observation",)
    assert table.match("§ 5/1d").groups == ("coexistence",)
    assert table.match("§ 5/1c").groups == ("public_order",)
    assert path.read_bytes().startswith(b"\xef\xbb\xbf")
    assert "'=1+1" in path.read_text(encoding="utf-8-sig")
    set_own(path, "ŽEBR*", "ordinance")
    assert [row.group for row in read_own(path)] == ["coexistence", "ordinance"]
    remove_own(path, "žebr*")
    with pytest.raises(ParameterError, match=r"is no row of .*; only the town's own"):
        remove_own(path, "žebr*")
    exported = parse_rows(TABLE.to_csv(), name="out.csv", own=False)
    assert {row.key for row in exported} == {row.key for row in TABLE.rows}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("a;b\n", r"row 1: the header must be kind;pattern"),
        ("kind;pattern;law;group;note\nx;a;;theft;\n", r"row 2: kind 'x' is unknown"),
        ("kind;pattern;law;group;note\nwording;aa;;thieving;\n", r"row 2: offence 'thieving'"),
        ("kind;pattern;law;group;note\nparagraph;§ 5;;theft;\n", r"row 2: '§ 5' needs the law"),
        ("kind;pattern;law;group;note\nparagraph;pět;251/2016;theft;\n", r"is no paragraph"),
        ("kind;pattern;law;group;note\nwording;a*;;theft;\n", r"two letters at least"),
        ("kind;pattern;law;group;note\npolice_type;x;;theft;\n", r"a police code is a number"),
        (
            "kind;pattern;law;group;note\nwording;aa;;theft;\nwording;AA;;traffic;\n",
            r"row 3: 'AA' already has the group theft",
        ),
    ],
)
def test_a_broken_table_names_file_row_and_cure(tmp_path, content, message):
    path = tmp_path / "offences.csv"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(SourceError, match=message):
        OffenceTable.of_workspace(Workspace(tmp_path, Settings()))
    path.write_bytes("kind;pattern;law;group;note\nwording;žák;;theft;\n".encode("cp1250"))
    with pytest.raises(SourceError, match="is not in UTF-8"):
        read_own(path)


def test_long_and_strange_cells_do_no_harm():
    for text in ("§" * 500, "x" * 100_000, "§ 5 " * 400, "/;,+" * 300, "*", "a\x00b", "ß§ 5"):
        TABLE.match(text)


@pytest.mark.parametrize(
    "text",
    [
        "rušení nočního klidu se nepotvrdilo",
        "kontrola dodržování nočního klidu",
        "dohled na veřejný pořádek",
        "zda nedochází k rušení nočního klidu",
        "rozhovor o občanském soužití",
        "hádka se nekonala",
        "přednáška o návykových látkách",
        "prevence krádeží",
        "preventivní činnost na úseku občanského soužití",
    ],
)
def test_work_that_prevents_an_offence_is_listed_and_is_none(text):
    said = OffenceTable.shipped().match(text)
    assert said.groups == ()
    assert said.unknown


@pytest.mark.parametrize(
    ("text", "groups"),
    [
        ("krádež žebříku", ("theft",)),
        ("zlomené žebro", ()),
        ("závadová osoba", ()),
        ("žebrající osoba u obchodu", ("ordinance",)),
        ("při kontrole zjištěno rušení nočního klidu", ("public_order",)),
        ("hlídka řešila rušení nočního klidu", ("public_order",)),
        ("kontrola lokality", ("observation",)),
    ],
)
def test_words_that_only_look_alike_are_told_apart(text, groups):
    assert OffenceTable.shipped().match(text).groups == groups
