"""Mappings proposed from headers and values, also misleading ones."""

import pytest

from hotspots.errors import ParameterError
from hotspots.ingest.proposal import propose
from hotspots.ingest.remembered import (
    find_named,
    forget_mapping,
    list_mappings,
    remember_mapping,
)

DATED = {"Datum": "5.3.2024|6.3.2024|7.3.2024"}
NOTES = "soused se choval hlučně a bylo to dlouhé|nic dalšího se tam pak nestalo|kontrola"


def write(directory, columns, name="hlaseni.csv"):
    rows = zip(*(values.split("|") for values in columns.values()), strict=True)
    lines = [";".join(columns), *(";".join(row) for row in rows)]
    path = directory / name
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ({"Čas": "22:00|21:30|1:00"}, {"date": "Datum", "time": "Čas"}),
        ({"X": NOTES}, {"X": None}),
        ({"X": "-543455|-543400|-543300", "Y": "-1050795|-1050700|-1050600"}, {"x": "X", "y": "Y"}),
        ({"lon": "17,20|17,21|17,22", "lat": "50,22|50,23|50,24"}, {"x": "lon", "y": "lat"}),
        ({"lon": "17,20|17,21|17,22"}, {"lon": None}),
        ({"GPS": "50.2294, 17.2046|50.2295, 17.2046|50.23, 17.2"}, {"coordinates": "GPS"}),
        ({"kde": "50.2294, 17.2046|50.2295, 17.2046|50.23, 17.2"}, {"coordinates": "kde"}),
        ({"Místo": "|".join(["dlouhý text o něčem jiném " * 3] * 3)}, {"Místo": None}),
        ({"Místo": "Lipovská 12|Dukelská|u lávky"}, {"place_text": "Místo"}),
        ({"Místo": "5.3.2024|6.3.2024|7.3.2024"}, {"Místo": None}),
        (
            {"Ulice": "Lipovská|Dukelská|Husova", "Č.p.": "12|3a|7/2"},
            {"street": "Ulice", "house_number": "Č.p."},
        ),
        ({"Poznámka": NOTES}, {"note": "Poznámka"}),
        ({"Poznámky": NOTES, "Popis": NOTES}, {"note": "Popis"}),
        ({"Co": "rušení nočního klidu|krádež|§ 5/1d"}, {"offence": "Co"}),
        ({"Přestupek": "rušení nočního klidu|něco|krádež"}, {"offence": "Přestupek"}),
        ({"Prestupke": "rušení nočního klidu|krádež|krádež"}, {"offence": "Prestupke"}),
        ({"Číslo": "MP-1/24|MP-2/24|MP-3/24"}, {"source_ref": "Číslo"}),
        ({"Čas": "hodně|málo|vůbec"}, {"Čas": None}),
        ({"Nahlášeno": "6.3.2024|7.3.2024|8.3.2024"}, {"reported_at": "Nahlášeno"}),
    ],
)
def test_columns_are_proposed_by_name_and_values(tmp_path, columns, expected):
    found = propose(write(tmp_path, DATED | columns)).mapping.columns
    for field, column in expected.items():
        if column is None:
            assert field not in found.values()
        else:
            assert found.get(field) == column
    assert found.get("occurred", found.get("date")) == "Datum"


def test_a_date_with_times_and_no_name_is_found_and_others_are_asked_about(tmp_path):
    columns = {
        "Vznik": "5.3.2024 22:00|6.3.2024 21:30|7.3.2024 1:00",
        "Zapsáno": "6.3.2024|7.3.2024|8.3.2024",
    }
    proposal = propose(write(tmp_path, columns))
    assert proposal.mapping.columns["occurred"] in columns
    assert any(text.startswith("several columns look like dates") for text in proposal.questions)
    assert len(proposal.unused) == 1
    guess = proposal.guesses[0]
    assert (guess.field, guess.reason) == ("occurred", "its values look so")


def test_what_is_open_is_asked(tmp_path):
    proposal = propose(write(tmp_path, {"a": "1|2|3", "b": "x|y|z"}, "Asistenti březen.csv"))
    text = " ".join(proposal.questions)
    assert "no column with the date" in text
    assert "no column with the offence" in text
    assert "no column with the place" in text
    assert "crime-prevention assistants recorded it" in text
    assert proposal.mapping.source == "asistenti-brezen"
    assert proposal.mapping.values == {"offence": "other_offence"}
    assert proposal.unused == ("a", "b")


def test_mappings_have_names(tmp_path):
    path = write(tmp_path, DATED)
    mapping = propose(path, source="town", kind="apk").mapping
    directory = tmp_path / "mappings"
    assert remember_mapping(directory, mapping, name="weekly") == "weekly"
    remember_mapping(directory, mapping)
    assert list_mappings(directory) == ("town", "weekly")
    assert find_named(directory, "weekly") == find_named(directory, str(directory / "town.toml"))
    forget_mapping(directory, "weekly")
    for call in (find_named, forget_mapping):
        with pytest.raises(ParameterError, match="'weekly'; remembered are: town"):
            call(directory, "weekly")
    with pytest.raises(ParameterError, match="is no name for a mapping"):
        remember_mapping(directory, mapping, name="../x")


@pytest.mark.parametrize(
    ("name", "values", "field"),
    [
        ("Kde", "Lipovská 12|Husova|Tylova 3", "place_text"),
        ("Co", "rušení nočního klidu|krádež|rušení nočního klidu", "offence"),
        (
            "Kvalifikace",
            "§ 5 z. č. 251/2016 Sb.|§ 8 z. č. 251/2016 Sb.|§ 5 z. č. 251/2016 Sb.",
            "offence",
        ),
        ("Jak zjištěno", "pochůzka|oznámeno|kamera", "discovered_by"),
    ],
)
def test_the_usual_czech_headers_are_known(tmp_path, name, values, field):
    columns = {"Kdy": "5.3.2024 22:00|6.3.2024 21:30|7.3.2024 1:00", name: values}
    found = propose(write(tmp_path, columns)).mapping.columns
    assert found["occurred"] == "Kdy"
    assert found[field] == name
