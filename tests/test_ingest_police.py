"""Police ČR open data: one incident for each id, groups by the codes' parents, all its forms."""

import json
import zipfile
from datetime import date

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hotspots.errors import ParameterError, SchemaError, SourceError
from hotspots.ingest import Mapping, open_reader
from hotspots.ingest.police import PoliceReader, span_of_name
from hotspots.ingest.police_types import built_in_codes, parse_code_text, parse_codes
from hotspots.ingest.text import TextTable
from hotspots.offences import OFFENCE_GROUPS
from hotspots.periods import Span

HEADER = '"id","x","y","mp","date","state","relevance","types"\n'
ROWS = (
    '1,17.2046,50.2294,"false","2025-01-01T02:21:00.0000+01:00",1,4,76\n'
    '2,17.2000,50.2300,"false","2025-07-02T00:30:00.0000+02:00",3,2,36\n'
    '1,17.2046,50.2294,"false","2025-01-01T02:21:00.0000+01:00",1,4,107\n'
    '1,17.2046,50.2294,"false","2025-01-01T02:21:00.0000+01:00",1,4,97\n'
    '3,,,"false","2025-07-02T00:30:00.0000+02:00",4,1,97\n'
)


def write(directory, content, *, name="2025_500000.csv"):
    path = directory / name
    path.write_text(content, encoding="utf-8")
    return path


def read_all(reader):
    chunks = list(reader.chunks())
    for chunk in chunks:
        assert chunk.n_rows == len(chunk.incidents) + len(chunk.rejected) + chunk.n_merged
        assert len(chunk.rows) == len(chunk.incidents)
    incidents = pd.concat([chunk.incidents for chunk in chunks], ignore_index=True)
    rejected = pd.concat([chunk.rejected for chunk in chunks], ignore_index=True)
    return incidents, rejected, sum(chunk.n_merged for chunk in chunks)


@pytest.mark.parametrize("chunk_rows", [1, 2, 100])
def test_rows_of_one_id_become_one_incident(tmp_path, chunk_rows):
    reader = open_reader(write(tmp_path, HEADER + ROWS), chunk_rows=chunk_rows)
    incidents, rejected, n_merged = read_all(reader)
    assert (len(incidents), len(rejected), n_merged) == (3, 0, 2)
    assert incidents["incident_id"].tolist() == ["police_map:1", "police_map:2", "police_map:3"]
    assert incidents["offence"].tolist() == ["public_order", "theft", "other_offence"]
    assert incidents["offence_codes"].tolist() == ["76;97;107", "36", "97"]
    assert incidents["offence_detail"].tolist() == [
        "Proti veřejnému pořádku",
        "Krádeže SPZ",
        "Přestupky",
    ]
    assert incidents["status"].tolist() == ["1", "3", "4"]
    assert incidents["counted"].tolist() == [True, False, False]
    assert incidents["relevance"].tolist() == ["4", "2", "1"]
    assert incidents["place_method"].tolist() == ["coordinates", "coordinates", "none"]
    assert incidents["displaced"].all()
    assert incidents["x"][0] == pytest.approx(-543455.674, abs=0.01)
    assert incidents["y"][0] == pytest.approx(-1050795.374, abs=0.01)
    assert incidents["reported_at"].astype(str).tolist()[1] == "2025-07-02 00:30:00"
    assert (incidents["occurred_from"] == incidents["reported_at"]).all()
    assert incidents["time_precision"].unique().tolist() == ["minute"]
    assert reader.format == "csv"
    assert reader.source.kind == "state_police"


def test_rows_know_their_number_in_the_file(tmp_path):
    chunk = next(open_reader(write(tmp_path, HEADER + ROWS)).chunks())
    assert chunk.rows.tolist() == [2, 3, 6]


def test_bad_rows_are_rejected_and_contradictions_told(tmp_path):
    content = (
        HEADER
        + ROWS
        + (
            '1,17.3000,50.2294,"false","2025-01-01T02:21:00.0000+01:00",1,4,35\n'
            'x,17.2046,50.2294,"false","2025-01-01T02:21:00.0000+01:00",1,4,35\n'
            '5,17.2046,50.2294,"false","2025-02-31T02:21:00.0000+01:00",1,4,35\n'
            '6,50.2294,17.2046,"false","2025-02-01T02:21:00.0000+01:00",1,4,35\n'
            '7,17.2046,50.2294,"false","",1,4,35\n'
            "8,17.2046,50.2294\n"
        )
    )
    reader = open_reader(write(tmp_path, content))
    incidents, rejected, n_merged = read_all(reader)
    assert (len(incidents), n_merged) == (3, 3)
    assert incidents["offence_codes"][0] == "35;76;97;107"
    assert incidents["x"][0] == pytest.approx(-543455.674, abs=0.01)
    assert rejected["row"].tolist() == [8, 9, 10, 11, 12]
    reasons = rejected["reason"].tolist()
    assert reasons[0] == "id 'x' is not a whole number"
    assert "month 2/2025 has 28 days" in reasons[1]
    assert "outside Czechia; x and y seem swapped" in reasons[2]
    assert reasons[3] == "there is no date"
    assert reasons[4].startswith("the row has 3 columns, the header has 8")
    assert rejected["raw"][0].startswith("x;17.2046;50.2294")
    assert reader.warnings == [
        "rows of 1 id contradict each other in place, date or state; the first row was kept: 1"
    ]


def test_swapped_axes_of_a_whole_file_are_named(tmp_path):
    content = HEADER + '1,50.2294,17.2046,"false","2025-01-01T02:21:00.0000+01:00",1,4,76\n'
    with pytest.raises(SourceError, match=r"x holds latitudes \(50.2294\).*row 2"):
        list(open_reader(write(tmp_path, content)).chunks())


FEATURES = {
    "type": "FeatureCollection",
    "features": [
        {
            "type": "Feature",
            "properties": {
                "id": 1,
                "mp": False,
                "date": "2025-01-30T10:00:00.0000+01:00",
                "state": 1,
                "relevance": 4,
                "types": [97, 76, 111, 999],
            },
            "geometry": {"type": "Point", "coordinates": [17.2046, 50.2294]},
        }
    ],
}
TYPES = (
    '"id","parent_id1","parent_id2","parent_id3","name","label"\n'
    '97,0,0,0,"Přestupky","Přestupky"\n'
    '76,97,0,0,"PŘ","Proti veřejnému pořádku a občanskému soužití"\n'
    '111,97,76,0,"PŘ","PROTI OBČANSKÉMU SOUŽITÍ"\n'
    '200,97,76,111,"nový druh","bez podtřídy"\n'
)


def test_geojson_has_types_as_an_array(tmp_path):
    path = write(tmp_path, json.dumps(FEATURES), name="202501.geojson")
    reader = open_reader(path)
    incidents, _rejected, _n = read_all(reader)
    assert incidents["offence_groups"].tolist() == ["coexistence;other_offence"]
    assert incidents["offence_codes"].tolist() == ["76;97;111;999"]
    assert reader.stated_record == (Span.parse("2025-01"),)
    assert reader.warnings == [
        "types that the code list lacks, taken as their parents or as other: 999"
    ]


def make_zip(path, members):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def test_the_monthly_zip_brings_its_own_codes(tmp_path):
    content = json.dumps(FEATURES).replace("999", "200")
    members = {"202501/202501.geojson": content, "202501/types.csv": TYPES, "readme.txt": "…"}
    reader = open_reader(make_zip(tmp_path / "202501.zip", members))
    incidents, _rejected, _n = read_all(reader)
    assert incidents["offence"].tolist() == ["coexistence"]
    assert incidents["offence_detail"].tolist() == ["Nový druh"]
    assert (reader.format, reader.warnings) == ("zip", [])
    assert reader.stated_record == (Span.parse("2025-01"),)
    both = members | {"202501/202501.csv": HEADER + ROWS}
    incidents, _rejected, _n = read_all(open_reader(make_zip(tmp_path / "b.zip", both)))
    assert len(incidents) == 3


@pytest.mark.parametrize(
    ("members", "error", "message"),
    [
        ({"../202501.csv": "x"}, SourceError, "a path outside the archive"),
        ({"C:/202501.csv": "x"}, SourceError, "a path outside the archive"),
        ({"202501.csv": "0" * 20_000_000}, SourceError, "would unpack to 20 MB"),
        ({"readme.txt": "x"}, SourceError, "it holds 0"),
        ({"a.csv": HEADER + ROWS, "b.csv": HEADER + ROWS}, SourceError, "it holds 2"),
        ({"a.csv": "a,b\n1,2\n"}, SchemaError, "'a.csv' in it is not the crime map"),
        ({"a.csv": ""}, SourceError, "a.csv is empty"),
        ({"a.csv": HEADER + ROWS, "types.csv": "a,b\n1,2\n"}, SourceError, "is no code list"),
    ],
)
def test_archives_that_are_refused(tmp_path, members, error, message):
    with pytest.raises(error, match=message):
        open_reader(make_zip(tmp_path / "202501.zip", members))


def test_a_zip_cut_off_is_refused(tmp_path):
    path = make_zip(tmp_path / "202501.zip", {"202501.csv": HEADER + ROWS})
    path.write_bytes(path.read_bytes()[:-30])
    with pytest.raises(SourceError, match="cannot be unpacked, it seems damaged or cut off"):
        open_reader(path)
    with pytest.raises(ParameterError, match="a mapping applies to a single file"):
        open_reader(path, mapping=Mapping())


def test_code_lists_beside_the_file_and_given(tmp_path):
    path = write(tmp_path, HEADER + ROWS.replace("107", "200"))
    assert "types that the code list lacks" in _warnings(path)[0]
    codes = write(tmp_path, TYPES, name="types.csv")
    assert _warnings(path) == [
        "types that the code list lacks, taken as their parents or as other: 36"
    ]
    listed = [
        {"id": 97, "label": "Přestupky", "name": "", "parent_id1": 0},
        {"id": 36, "label": "krádeže SPZ", "name": "", "parent_id1": 35},
    ]
    given_file = write(tmp_path, json.dumps(listed), name="my.json")
    incidents, _rejected, _n = read_all(open_reader(path, types_file=given_file))
    assert incidents["offence_detail"][1] == "Krádeže SPZ"
    codes.unlink()
    with pytest.raises(SourceError, match="there is no such file"):
        open_reader(path, types_file=codes)


def _warnings(path):
    reader = open_reader(path)
    list(reader.chunks())
    return reader.warnings


@pytest.mark.parametrize(
    ("codes", "leading", "groups"),
    [
        ((107,), "public_order", "public_order"),
        ((76, 97, 111), "coexistence", "coexistence"),
        ((76, 97), "other_offence", "other_offence"),
        ((97,), "other_offence", "other_offence"),
        ((109,), "ordinance", "ordinance"),
        ((108,), "other_offence", "other_offence"),
        ((75, 97, 112, 113), "alcohol_drugs", "alcohol_drugs"),
        ((77, 97), "property", "property"),
        ((74, 97, 120), "traffic", "traffic"),
        ((5, 1), "violence", "violence"),
        ((18, 100), "burglary", "burglary"),
        ((18, 20, 35, 48), "burglary", "burglary;theft"),
        ((35, 101), "theft", "theft"),
        ((55, 102), "property", "property"),
        ((79,), "accident", "accident"),
        ((80, 81), "alcohol_drugs", "alcohol_drugs"),
        ((96, 95), "other_offence", "other_offence"),
        ((13, 14), "other_offence", "other_offence"),
        ((), "other_offence", "other_offence"),
        ((74, 79, 97, 120), "traffic", "accident;traffic"),
    ],
)
def test_groups_of_codes(codes, leading, groups):
    found = built_in_codes().describe(codes)
    assert (found.leading, found.groups, found.unknown) == (leading, groups, ())


def test_a_new_code_inherits_from_its_nearest_parent():
    codes = parse_codes(TYPES.encode(), name="types.csv")
    assert codes.group_of(200) == "coexistence"
    assert codes.labels[111] == "Proti občanskému soužití"
    found = codes.describe([97, 76, 111, 200])
    assert (found.groups, found.detail) == ("coexistence", "Nový druh")
    assert codes.describe([12345]).unknown == (12345,)


@settings(deadline=None)
@given(st.sets(st.integers(1, 140), max_size=6))
def test_any_set_of_codes_has_a_leading_group_among_its_groups(codes):
    found = built_in_codes().describe(codes)
    groups = found.groups.split(";")
    assert groups == sorted(set(groups))
    assert found.leading == min(groups, key=OFFENCE_GROUPS.index)


def test_codes_in_texts():
    assert parse_code_text("[76, 97]") == (76, 97)
    assert parse_code_text("76;97") == (76, 97)
    assert parse_code_text("") == ()


@pytest.mark.parametrize(
    ("name", "span"),
    [
        ("2025_500097.csv", "2025"),
        ("202502.zip", "2025-02"),
        ("202513.zip", None),
        ("2025.csv", None),
        ("crime.csv", None),
    ],
)
def test_the_name_states_the_record(name, span):
    assert span_of_name(name) == (Span.parse(span) if span else None)


def reader_of(tmp_path, days, *, today):
    rows = "".join(
        f'{i},17.2,50.2,"false","{day}T10:00:00.0000+01:00",1,4,97\n' for i, day in enumerate(days)
    )
    path = write(tmp_path, HEADER + rows)
    return PoliceReader(path, TextTable(path), file_format="csv", today=today)


def test_the_record_ends_where_the_reports_end(tmp_path):
    later = date(2026, 5, 1)
    whole = (Span.parse("2025"),)
    reader = reader_of(tmp_path, ["2025-01-05", "2025-12-28"], today=later)
    assert reader.stated_record == whole
    # However sparse the file, days without a report at its end may not have been recorded yet.
    for last in ("2025-12-27", "2025-12-01", "2025-10-20", "2025-01-31"):
        reader = reader_of(tmp_path, ["2025-01-05", last], today=later)
        assert reader.stated_record == (Span(date(2025, 1, 1), date.fromisoformat(last)),)
    # The year is not over: what comes after the last incident is unknown.
    reader = reader_of(tmp_path, ["2025-01-05", "2025-12-30"], today=date(2025, 12, 31))
    assert reader.stated_record == (Span(date(2025, 1, 1), date(2025, 12, 30)),)
    # Nothing of the year that the name states: the name proves nothing.
    assert reader_of(tmp_path, ["2024-01-05"], today=later).stated_record == ()


@pytest.mark.parametrize(
    ("name", "code"),
    [("2025_536385.csv", "536385"), ("202501.geojson", None), ("crime.csv", None)],
)
def test_the_name_states_the_municipality(tmp_path, name, code):
    path = write(tmp_path, HEADER + ROWS, name=name)
    reader = PoliceReader(path, TextTable(path), file_format="csv")
    assert reader.municipality == code


@pytest.mark.reference
def test_a_real_municipality_year(shared):
    reader = open_reader(shared / "data/police/2025_500097.csv")
    incidents, rejected, n_merged = read_all(reader)
    assert (len(incidents), len(rejected), n_merged) == (6211, 0, 10789)
    assert incidents["source_ref"].is_unique
    assert incidents["status"].value_counts().to_dict() == {
        "1": 3770,
        "2": 2369,
        "3": 37,
        "4": 35,
    }
    assert incidents["counted"].sum() == 3770 + 2369
    assert reader.stated_record == (Span.parse("2025"),)
    assert reader.warnings == []
    # The built-in copy of the codes says the same as the published list.
    path = shared / "data/police/types.csv"
    published = parse_codes(path.read_bytes(), name="types.csv")
    own = built_in_codes()
    assert published.labels == own.labels
    assert all(published.group_of(code) == own.groups[code] for code in own.groups)
    assert all(published.ancestors(code) == own.ancestors(code) for code in own.groups)
