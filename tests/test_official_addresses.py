"""RÚIAN's address CSV: positions, encodings, rows that are broken."""

from dataclasses import replace
from datetime import date

import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from hotspots.errors import (
    CRSError,
    HotspotsError,
    NotFoundError,
    ParameterError,
    SchemaError,
    SourceError,
)
from hotspots.layers import town_data
from hotspots.layers.official import read_addresses, read_vfr
from hotspots.progress import CancelledError
from tests import ruian

TOWN = ruian.small_town()
OTHER = ruian.small_town("500496", "Jinde", (-560000.0, -1110000.0))
ROW = "1;536385;Jeseník;;;;;11;Jeseník;21;Úzká;č.p.;7;3;b;79001;{};2013-12-05T00:00:00"
PLACE = "544096.50;1050804.00"


@pytest.fixture
def write(tmp_path):
    """Write a file, given as bytes or as rows below the published header."""

    def inner(data, name="20261031_OB_536385_ADR.csv"):
        if not isinstance(data, bytes):
            data = "\r\n".join([ruian.CSV_HEADER, *data, ""]).encode("cp1250")
        path = tmp_path / name
        path.write_bytes(data)
        return path

    return inner


@pytest.mark.reference
def test_the_sample_of_vresova(shared):
    town = read_addresses(shared / "data/ruian/ruian_ADR_vresova.csv")
    assert (town.code, town.name, town.valid_on) == ("560707", "Vřesová", None)
    frame = town.addresses.set_index("address_code")
    assert len(frame) == 16
    assert frame.loc["2624150"].geometry.equals(shapely.Point(-861871.52, -1005929.81))
    assert frame.loc["41432631"].geometry.equals(shapely.Point(-861925.32, -1005936.21))
    assert frame.loc["27150534", "house_number"] == "16"
    assert set(frame["town_part_name"]) == {"Vřesová"}
    assert set(frame["layer_source"]) == {"ČÚZK, RÚIAN, CC BY 4.0"}


def test_the_same_as_in_the_vfr(write, tmp_path):
    vfr = tmp_path / "a.xml"
    vfr.write_bytes(ruian.make_vfr(TOWN))
    ours = read_addresses(write(ruian.make_addresses_csv(TOWN)))
    assert ours.valid_on == date(2026, 10, 31)
    assert ours.notes == ("20261031_OB_536385_ADR.csv: 1 address has no position.",)
    theirs = read_vfr(vfr).addresses
    assert ours.addresses.equals(theirs)
    assert tuple(ours.addresses.columns) == town_data.COLUMNS["addresses"]
    assert ours.streets.empty


@pytest.mark.parametrize("encoding", ["cp1250", "utf-8", "utf-8-sig"])
@pytest.mark.parametrize("packed", [False, True])
def test_encodings_and_wrapping(write, encoding, packed):
    data = ruian.make_addresses_csv(TOWN, encoding=encoding)
    data = ruian.zipped("a.csv", data) if packed else data
    town = read_addresses(write(data))
    assert town.name == "Jeseník"
    assert town.addresses["street_name"].iloc[10] == "Školní"


@pytest.mark.parametrize(
    ("encoding", "spoilt", "named"),
    [
        ("cp1250", b"\x81koln\xed", "Windows-1250"),
        ("utf-8", "Školní".encode("cp1250"), "UTF-8"),
        ("utf-8-sig", b"\xc5", "UTF-8"),
    ],
)
@pytest.mark.parametrize("last", [False, True])
def test_characters_of_another_encoding_are_refused(write, encoding, spoilt, named, last):
    rows = [ROW.format(PLACE), ROW.format(PLACE).replace("Úzká", "?")]
    if last:
        rows[0], rows[1] = rows[1], rows[0]
    data = "\n".join([ruian.CSV_HEADER, *rows]).encode(encoding)
    data = data.replace("Úzká".encode(encoding.removesuffix("-sig")), spoilt)
    with pytest.raises(
        SourceError, match=rf"ADR\.csv, row {3 if last else 2} has .* not in {named}.*again"
    ):
        read_addresses(write(data))


def test_cells_in_quotes_and_decimal_commas(write):
    row = ROW.format("544096,50;1050804,00").replace("Úzká", '"Úzká; u ""mostu"""')
    frame = read_addresses(write([row])).addresses
    assert frame["street_name"].iloc[0] == 'Úzká; u "mostu"'
    assert frame["orientation_number"].iloc[0] == "3b"
    assert frame.geometry.iloc[0].equals(shapely.Point(-544096.5, -1050804))


def test_older_headers(write):
    header = (
        "Kód ADM;Kód obce;Název obce;Název MOMC;Název MOP;Kód části obce;Název části obce;"
        "Název ulice;Typ SO;Číslo domovní;Číslo orientační;Znak čísla orientačního;PSČ;"
        "Souřadnice Y;Souřadnice X;Platí Od"
    )
    row = "1;536385;Jeseník;;;11;Jeseník;Úzká;č.ev.;7;;;79001;544096.50;1050804.00;2013-12-05"
    town = read_addresses(write(f"{header}\n{row}".encode("cp1250")))
    assert list(town.addresses[["street_code", "street_name", "number_kind"]].iloc[0]) == [
        "",
        "Úzká",
        "č.ev.",
    ]


def test_one_municipality_of_several(write):
    rows = ruian.make_addresses_csv(TOWN) + ruian.make_addresses_csv(OTHER).split(b"\n", 1)[1]
    path = write(rows, "vse.csv")
    assert len(read_addresses(path, municipality="500496").addresses) == 63
    with pytest.raises(ParameterError, match=r"several municipalities \(536385, 500496\)"):
        read_addresses(path)
    with pytest.raises(NotFoundError, match="no address of the municipality 599999"):
        read_addresses(path, municipality="599999")
    with pytest.raises(ParameterError, match="six digits"):
        read_addresses(path, municipality="x")


def test_swapped_columns_are_named(write):
    with pytest.raises(CRSError, match="row 2: the columns Souřadnice Y and Souřadnice X are swap"):
        read_addresses(write(ruian.make_addresses_csv(TOWN, swapped=True)))


@pytest.mark.parametrize(
    ("place", "error", "what"),
    [
        ("-544096.50;-1050804.00", CRSError, "row 2: .* are negative"),
        ("50.2;17.2", CRSError, "row 2: .* hold degrees"),
        ("544096.50;2050804.00", CRSError, "row 2: .* outside Czechia"),
        ("544096.50;", SourceError, "row 2 has '' as a coordinate"),
        ("NaN;1050804.00", SourceError, "row 2 has 'NaN' as a coordinate"),
        ("1e5;1050804.00", SourceError, "row 2 has '1e5' as a coordinate"),
        ("544096.50;1050804.00;", SourceError, "row 2 has 20 cells, the header 19"),
        ("544096.50", SourceError, "row 2 has 18 cells, the header 19"),
    ],
)
def test_broken_rows_are_named(write, place, error, what):
    with pytest.raises(error, match=r"20261031_OB_536385_ADR\.csv, " + what):
        read_addresses(write([ROW.format(place)]))


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        ("1;536385", ";536385", "has no code"),
        ("1;536385", "=1;536385", "has '=1' where a number is expected"),
        ("č.p.", "č.x.", "has 'č.x.' as Typ SO"),
        ("Úzká", '"Úzká', "broken quotation marks"),
    ],
)
def test_broken_cells_are_named(write, old, new, what):
    with pytest.raises(SourceError, match=f"row 2.*{what}"):
        read_addresses(write([ROW.format(PLACE).replace(old, new, 1)]))


def test_the_same_code_twice(write):
    with pytest.raises(SourceError, match="row 3 has the code 1 again"):
        read_addresses(write([ROW.format(PLACE)] * 2))


def test_missing_columns_and_rows(write):
    header = ruian.CSV_HEADER.replace("Souřadnice Y", "Y")
    with pytest.raises(SchemaError, match="lacks the columns Souřadnice Y of"):
        read_addresses(write(ruian.make_addresses_csv(TOWN, header=header)))
    with pytest.raises(SourceError, match="holds no address"):
        read_addresses(write([]))
    with pytest.raises(SourceError, match="web page"):
        read_addresses(write(b"<html><body>503</body></html>"))


def test_lines_without_end(write):
    with pytest.raises(SourceError, match="line longer than any address"):
        read_addresses(write(b"K\xc3\xb3d ADM;" * 100_000))
    with pytest.raises(SourceError, match="more than 1000 empty lines"):
        read_addresses(write(ruian.CSV_HEADER.encode() + b"\n" * 500_000))


def test_stopping(write):
    def stop(_text, _share):
        raise CancelledError("stopped")

    with pytest.raises(CancelledError, match="stopped"):
        read_addresses(write(ruian.make_addresses_csv(TOWN)), report=stop)


def test_no_address_is_lost(write):
    few = replace(TOWN, addresses=tuple(reversed(TOWN.addresses)))
    one = read_addresses(write(ruian.make_addresses_csv(TOWN))).addresses
    two = read_addresses(write(ruian.make_addresses_csv(few))).addresses
    key = "address_code"
    assert one.sort_values(key, ignore_index=True).equals(two.sort_values(key, ignore_index=True))


@given(data=st.binary(max_size=300), at=st.integers(0, 400))
def test_any_damage_is_a_clear_error(tmp_path_factory, data, at):
    whole = "\n".join([ruian.CSV_HEADER, ROW.format(PLACE)]).encode()
    path = tmp_path_factory.mktemp("d") / "a.csv"
    path.write_bytes(whole[:at] + data + whole[at:])
    try:
        assert len(read_addresses(path).addresses) >= 1
    except HotspotsError as error:
        assert "a.csv" in str(error)  # noqa: PT017


@pytest.mark.parametrize(
    ("old", "new", "value"),
    [("1;536385", "000;536385", "000"), (";21;Úzká", ";1234567890123;Úzká", "1234567890123")],
)
def test_codes_that_cannot_be(write, old, new, value):
    row = ROW.format(PLACE)
    with pytest.raises(SourceError, match=f"row 2 has '{value}' where a code is expected"):
        read_addresses(write([row.replace(old, new, 1)]))


def test_names_have_only_what_can_be_seen(write):
    rows = [ruian.CSV_HEADER, ROW.format(PLACE).replace("Úzká", "\u202eÚz\u0085ká\x9b\u2066")]
    town = read_addresses(write("\r\n".join(rows).encode()))
    assert list(town.addresses["street_name"]) == ["Úz ká"]


@pytest.mark.parametrize("day", ["20001231", "20991231"])
def test_a_day_in_the_name_that_cannot_be(write, day):
    path = write([ROW.format(PLACE)], f"{day}_OB_536385_ADR.csv")
    assert read_addresses(path).valid_on is None
