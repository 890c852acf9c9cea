"""Mappings: TOML, options over TOML, rules, and the proposal for an unknown file."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hotspots.errors import ParameterError, SourceError
from hotspots.ingest import Mapping
from hotspots.ingest.propose import normalize_name, propose_columns, propose_mapping
from hotspots.periods import Span

FULL = """
source = "accidents"
kind = "state_police"
label = "Dopravní nehody"
citation = "Policie ČR"
displaced = false

[file]
delimiter = ";"
encoding = "cp1250"
sheet = "List1"
layer = "body"

[columns]
source_ref = "p1"
date = "datum"
time = "čas"
x = "x_jtsk"
y = "y_jtsk"

[values]
offence = "accident"
crs = "EPSG:5514"

[offences]
"rušení nočního klidu" = "public_order"

[record]
spans = ["2016-01-01..2020-09-30", "2023"]
"""


@pytest.fixture
def full(tmp_path):
    path = tmp_path / "mapping.toml"
    path.write_text(FULL, encoding="utf-8")
    return Mapping.read(path)


def test_toml_is_read_and_written_back(full, tmp_path):
    assert full.source == "accidents"
    assert full.displaced is False
    assert (full.delimiter, full.encoding, full.sheet, full.layer) == (
        ";",
        "cp1250",
        "List1",
        "body",
    )
    assert full.columns["time"] == "čas"
    assert full.values == {"offence": "accident"}
    assert full.crs == "EPSG:5514"
    assert full.offences == {"rušení nočního klidu": "public_order"}
    assert [str(span) for span in full.record] == [
        "2016-01-01..2020-09-30",
        "2023-01-01..2023-12-31",
    ]
    again = tmp_path / "again.toml"
    again.write_text(full.to_toml(), encoding="utf-8")
    assert Mapping.read(again) == full


@settings(deadline=None)
@given(st.dictionaries(st.text(max_size=8), st.sampled_from(["theft", "traffic"]), max_size=4))
def test_any_offence_name_survives_toml(tmp_path_factory, offences):
    mapping = Mapping(source="a", columns={"date": 'a"\\\n\x01'}, offences=offences)
    path = tmp_path_factory.mktemp("toml") / "m.toml"
    path.write_text(mapping.to_toml(), encoding="utf-8", newline="")
    assert Mapping.read(path) == mapping


def test_options_win_over_toml(full):
    mapping = Mapping.from_options(
        base=full,
        columns={"occurred": "kdy", "note": "text"},
        values={"crs": "EPSG:4326", "status": "closed"},
        offences={"x": "theft"},
        source="other_name",
        displaced=True,
    )
    assert mapping.columns == {
        "source_ref": "p1",
        "x": "x_jtsk",
        "y": "y_jtsk",
        "occurred": "kdy",
        "note": "text",
    }
    assert mapping.crs == "EPSG:4326"
    assert mapping.values == {"offence": "accident", "status": "closed"}
    assert mapping.offences == full.offences | {"x": "theft"}
    assert (mapping.source, mapping.kind) == ("other_name", "state_police")
    assert mapping.displaced is True
    assert mapping.record == full.record
    assert full.displaced is False


def test_one_coordinate_over_a_base_keeps_the_other(full):
    mapping = Mapping.from_options(base=full, columns={"x": "lon"})
    assert (mapping.columns["x"], mapping.columns["y"]) == ("lon", "y_jtsk")
    mapping = Mapping.from_options(base=full, record=(Span.parse("2024"),))
    assert mapping.record == (Span.parse("2024"),)


@pytest.mark.parametrize(
    ("toml", "message"),
    [
        ('sorce = "a"', r"unknown key 'sorce' in the top level; known are source, kind"),
        ('[columns]\nlat = "y"', r"unknown key 'lat' in \[columns\]; known are source_ref, occ"),
        ('[values]\nx = "1"', r"unknown key 'x' in \[values\]; known are offence, .*crs"),
        ('[file]\nsep = ";"', r"unknown key 'sep' in \[file\]; known are delimiter"),
        ('[record]\nspan = "2024"', r"unknown key 'span' in \[record\]; known are spans"),
        ('[record]\nspans = "2024"', r"spans must be a list of texts"),
        ('[record]\nspans = ["soon"]', r"'soon' is no day"),
        ('kind = "army"', r"kind 'army' is unknown; choose from: apk"),
        ('displaced = "yes"', r"displaced must be true or false, got 'yes'"),
        ('[offences]\na = "crime"', r"'a' is given the unknown offence group 'crime'"),
        ('[values]\noffence = "crime"', r"'\[values\]' is given the unknown offence group"),
        ('[values]\ndiscovered_by = "dog"', r"discovered_by must be one of .*, got 'dog'"),
        ('[columns]\noccurred = "a"\ndate = "b"', r"either 'occurred' or 'date'"),
        ('[columns]\ntime = "a"', r"'time' in \[columns\] needs 'date' beside it"),
        ('[columns]\nx = "a"', r"must name both 'x' and 'y', or neither"),
        ("[columns]\nx = true", r"'\[columns\] x' must be a text, got True"),
        ("columns = 1", r"\[columns\] must be a table"),
    ],
)
def test_rules_are_named(tmp_path, toml, message):
    path = tmp_path / "m.toml"
    path.write_text(toml, encoding="utf-8")
    with pytest.raises(ParameterError, match=message):
        Mapping.read(path)


def test_unreadable_mappings(tmp_path):
    with pytest.raises(SourceError, match="there is no such file"):
        Mapping.read(tmp_path / "absent.toml")
    path = tmp_path / "m.toml"
    path.write_text("columns = [", encoding="utf-8")
    with pytest.raises(SourceError, match="is no valid TOML"):
        Mapping.read(path)


def test_columns_are_guessed_from_czech_names():
    columns = ("Číslo události", "Datum", "Čas", "Zeměpisná šířka", "Zeměpisná délka", "Ulice")
    assert propose_columns(columns) == {
        "source_ref": "Číslo události",
        "date": "Datum",
        "time": "Čas",
        "x": "Zeměpisná délka",
        "y": "Zeměpisná šířka",
        "place_text": "Ulice",
    }
    assert propose_columns(("lat", "what")) == {}
    assert normalize_name("Způsob zjištění ") == "zpusobzjisteni"


def test_a_proposal_is_a_mapping(tmp_path):
    columns = ("id", "Datum přestupku", "x_jtsk", "y_jtsk", "Druh", "barva")
    text = propose_mapping(columns, source="town", has_geometry=False)
    path = tmp_path / "m.toml"
    path.write_text(text, encoding="utf-8")
    mapping = Mapping.read(path)
    assert mapping.columns == {
        "source_ref": "id",
        "date": "Datum přestupku",
        "x": "x_jtsk",
        "y": "y_jtsk",
        "offence": "Druh",
    }
    assert "# columns not used: barva" in text
    assert '# crs = "EPSG:5514"' in text
    bare = propose_mapping(("a", "b"), source="town", has_geometry=True)
    assert "needed: the column with the date" in bare
    assert 'offence = "other_offence"' in bare
