"""VFR files: everything of a town out of its own file or of the state's."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest
import shapely

from hotspots.errors import CRSError, NotFoundError, ParameterError, SourceError
from hotspots.layers import town_data
from hotspots.layers.official import read_vfr
from hotspots.progress import CancelledError
from tests import ruian

TOWN = ruian.small_town()
OTHER = ruian.small_town("500496", "Jinde", (-560000.0, -1110000.0))
HLAVICKA = b"</vf:Hlavicka>"


@pytest.fixture
def write(tmp_path):
    """Write a file and return its path."""

    def inner(data, name="20261031_OB_536385_UKSH.xml"):
        path = tmp_path / name
        path.write_bytes(data)
        return path

    return inner


@pytest.mark.reference
def test_the_sample_of_decany(shared):
    town = read_vfr(shared / "data/ruian/ruian_OB_564729_Decany_UKSH.xml.gz")
    assert (town.code, town.name, town.valid_on) == ("564729", "Děčany", date(2014, 3, 31))
    boundary = town.municipality.geometry.iloc[0]
    assert len(town.municipality) == 1
    for frame in (town.cadastral_units, town.districts):
        assert len(frame) == 4
        assert set(frame.geom_type) <= {"Polygon", "MultiPolygon"}
        assert frame.area.sum() == pytest.approx(boundary.area, rel=1e-3)
        assert frame.union_all().symmetric_difference(boundary).area < 1e-3 * boundary.area
    assert list(town.town_parts.geom_type) == ["Point"] * 4
    assert sorted(town.town_parts["name"]) == ["Děčany", "Lukohořany", "Semeč", "Solany"]
    assert len(town.addresses) == 221
    assert town.addresses.geometry.notna().sum() == 212
    assert town.addresses.dropna().within(boundary).all()
    assert len(town.buildings) == 310
    assert dict(town.buildings["building_kind"].value_counts()) == {
        "č.p.": 211,
        "": 89,
        "č.ev.": 10,
    }
    assert (town.streets.empty, town.electoral_districts.empty) == (True, True)
    assert town.sources[0].n_bytes == 491703
    first = town.addresses.set_index("address_code").loc["28355873"]
    assert first.geometry.equals(shapely.Point(-773670.17, -999510.97))
    assert (first["town_part_name"], first["house_number"], first["postcode"]) == (
        "Děčany",
        "56",
        "41115",
    )
    assert first["layer_source"] == "ČÚZK, RÚIAN k 31. 3. 2014, CC BY 4.0"


def test_all_of_a_town_is_read(write):
    path = write(ruian.make_vfr(TOWN))
    town = read_vfr(path)
    assert (town.code, town.name, town.valid_on) == ("536385", "Jeseník", ruian.DAY)
    assert {name: len(getattr(town, name)) for name in town_data.COLUMNS} == {
        "municipality": 1,
        "cadastral_units": 2,
        "districts": 3,
        "town_parts": 2,
        "electoral_districts": 2,
        "streets": 6,
        "addresses": 63,
        "buildings": 73,
    }
    for name, columns in town_data.COLUMNS.items():
        frame = getattr(town, name)
        assert tuple(frame.columns) == columns
        assert frame.crs.to_epsg() == 5514
    assert town.municipality.geometry.iloc[0].equals(TOWN.boundary)
    assert town.districts.set_index("code")["part_of"].to_dict() == {
        d.code: d.unit for d in TOWN.districts
    }
    assert list(town.electoral_districts["number"]) == ["1", "2"]
    for street, row in zip(TOWN.streets, town.streets.itertuples(), strict=True):
        assert row.geometry.equals(street.line)
        assert row.name == street.name
    assert set(town.streets["layer_source"]) == {"ČÚZK, RÚIAN k 31. 10. 2026, CC BY 4.0"}
    assert town.notes == (
        f"{path.name}: 1 address has no position.",
        f"{path.name}: 1 building has no position.",
    )


def test_addresses_have_the_names_of_other_elements(write):
    town = read_vfr(write(ruian.make_vfr(TOWN)))
    rows = town.addresses.set_index("address_code")
    house = rows.loc["536385504"]
    assert list(house[["street_name", "number_kind", "house_number", "orientation_number"]]) == [
        "Hlavní",
        "č.p.",
        "4",
        "4a",
    ]
    assert house["street_code"] == "53638501"
    assert house["town_part_name"] == "Jeseník"
    cottage = rows.loc["536385950"]
    assert list(cottage[["street_code", "street_name", "number_kind", "house_number"]]) == [
        "",
        "",
        "č.ev.",
        "1",
    ]
    assert cottage["town_part_name"] == "Bukovice"
    assert rows.loc["536385960"].geometry is None


def test_buildings(write):
    outlined = replace(TOWN.buildings[0], point=None)
    crossed = replace(
        TOWN.buildings[1],
        point=None,
        numbers=("2", "7"),
        area=shapely.Polygon(
            [(x - 543000, y - 1050000) for x, y in [(0, 0), (9, 9), (9, 0), (0, 9)]]
        ),
    )
    town = replace(TOWN, buildings=(outlined, crossed, *TOWN.buildings[2:]))
    frame = read_vfr(write(ruian.make_vfr(town))).buildings
    # Many buildings of RÚIAN have an outline but no point: one inside it stands for them.
    assert frame.geometry.iloc[0].within(outlined.area)
    assert frame.geometry.iloc[1].geom_type == "Point"
    assert list(frame["house_numbers"])[:2] == ["1", "2;7"]
    assert frame["flats"].iloc[0] == 1
    assert frame["flats"].isna().sum() == 13
    assert dict(frame["building_kind"].value_counts()) == {"č.p.": 61, "": 10, "č.ev.": 2}


def test_generalised_boundaries_are_named(write):
    town = read_vfr(write(ruian.make_vfr(TOWN, kind="OB_UKSG"), "g.xml"))
    assert town.municipality.geom_type.iloc[0] == "Polygon"
    assert "g.xml: boundaries are generalised" in town.notes[0]


def test_units_without_boundaries_have_points(write):
    town = read_vfr(write(ruian.make_vfr(TOWN, kind="OB_UZSZ"), "z.xml"))
    assert set(town.districts.geom_type) == {"Point"}
    assert town.notes[0] == "z.xml: 6 units have no boundary, at most a point."
    bare = replace(TOWN, boundary=None, streets=(ruian.Street("1", "Bez čáry", None),))
    town = read_vfr(write(ruian.make_vfr(bare), "b.xml"))
    assert list(town.municipality.geometry) == [None]
    assert list(town.streets.geometry) == [None]
    assert "b.xml: 1 street has no line." in town.notes


def test_only_one_municipality_of_the_state(write):
    path = write(ruian.make_vfr(OTHER, kind="ST_UKSH", others=(TOWN,)), "20261031_ST_UKSH.xml")
    town = read_vfr(path, municipality="536385")
    assert (town.code, town.name) == ("536385", "Jeseník")
    assert set(town.districts["code"]) == {d.code for d in TOWN.districts}
    assert set(town.cadastral_units["code"]) == {u.code for u in TOWN.units}
    assert set(town.town_parts["code"]) == {p.code for p in TOWN.parts}
    with pytest.raises(ParameterError, match=r"ST_UKSH.* whole state; say which municipality"):
        read_vfr(path)
    with pytest.raises(NotFoundError, match="no municipality 599999; check its ZÚJ"):
        read_vfr(path, municipality="599999")


def test_electoral_districts_of_the_state(write):
    path = write(ruian.make_vfr(OTHER, kind="ST_UVOH", others=(TOWN,)), "20261103_ST_UVOH.xml")
    town = read_vfr(path, municipality="536385")
    assert list(town.electoral_districts["code"]) == ["5363851", "5363852"]
    assert set(town.electoral_districts.geom_type) == {"Polygon"}
    assert (town.code, town.name) == ("536385", "")
    with pytest.raises(NotFoundError, match="no municipality 599999"):
        read_vfr(path, municipality="599999")


def test_a_file_of_another_municipality_is_refused(write):
    path = write(ruian.make_vfr(OTHER), "other.xml")
    with pytest.raises(SourceError, match=r"other\.xml is of Jinde \(500496\), not of .* 536385"):
        read_vfr(path, municipality="536385")
    with pytest.raises(ParameterError, match=r"ZÚJ of six digits.*'5363'"):
        read_vfr(path, municipality="5363")


@pytest.mark.parametrize("wrap", [lambda _n, d: d, lambda _n, d: ruian.gzipped(d), ruian.zipped])
def test_any_wrapping_by_content(write, wrap):
    data = wrap("a.xml", ruian.make_vfr(TOWN))
    assert len(read_vfr(write(data, "named.wrongly")).addresses) == 63


def test_encodings(write):
    text = ruian.make_vfr(TOWN).decode()
    for encoding in ("windows-1250", "ISO-8859-2"):
        data = text.replace('encoding="UTF-8"', f'encoding="{encoding}"').encode(encoding)
        assert read_vfr(write(data)).name == "Jeseník"
    with pytest.raises(SourceError, match="encoding 'utf-7'"):
        read_vfr(write(text.replace('"UTF-8"', '"utf-7"').encode()))
    with pytest.raises(SourceError, match="UTF-16"):
        read_vfr(write(text.encode("utf-16")))


def test_prefixes_do_not_matter(write):
    data = ruian.make_vfr(TOWN).replace(b"vf:", b"a:").replace(b"xmlns:vf=", b"xmlns:a=")
    data = data.replace(b"gml:", b"g:").replace(b"xmlns:gml=", b"xmlns:g=")
    assert len(read_vfr(write(data)).streets) == 6


def test_the_day_of_the_data(write):
    data = ruian.make_vfr(TOWN)
    without = data.replace(b"PlatnostDatK", b"Nic")
    assert read_vfr(write(without)).valid_on == date(2026, 10, 31)
    # Made at 00:48 of the next day.
    without = without.replace(b"TransakceDo", b"Nic")
    assert read_vfr(write(without)).valid_on == date(2026, 10, 31)
    without = without.replace(b"Datum>", b"Nic>")
    assert read_vfr(write(without)).valid_on is None


@pytest.mark.parametrize("day", [date(1, 1, 1), date(2010, 12, 31), date(9998, 12, 31)])
def test_a_day_that_cannot_be(write, day):
    with pytest.raises(SourceError, match=f"data stand for {day.isoformat()}, a day before RÚIAN"):
        read_vfr(write(ruian.make_vfr(TOWN, valid_on=day)))


def test_a_day_that_can_be(write):
    today = datetime.now(UTC).date()
    for day in (date(2012, 7, 1), today, today + timedelta(days=1)):
        assert read_vfr(write(ruian.make_vfr(TOWN, valid_on=day))).valid_on == day
    with pytest.raises(SourceError, match="yet to come"):
        read_vfr(write(ruian.make_vfr(TOWN, valid_on=today + timedelta(days=2))))
    data = ruian.make_vfr(TOWN).replace(b"PlatnostDatK", b"Nic").replace(b"TransakceDo", b"Nic")
    made = data.index(b"Datum>") + len(b"Datum>")
    with pytest.raises(SourceError, match="data stand for 0001-01-01"):
        read_vfr(write(data[:made] + b"0001-01-01" + data[made + 10 :]))


def test_names_have_only_what_can_be_seen(write):
    street = replace(TOWN.streets[0], name="\u202eÚz\u0085ká\u2066 \x9b31mulice\u200b\ufeff")
    town = read_vfr(write(ruian.make_vfr(replace(TOWN, streets=(street, *TOWN.streets[1:])))))
    assert town.streets["name"].iloc[0] == "Úz ká 31mulice"
    nameless = replace(street, name="\u202e\u200b")
    with pytest.raises(SourceError, match="has no name"):
        read_vfr(write(ruian.make_vfr(replace(TOWN, streets=(nameless,)))))


def test_a_street_that_crosses_itself_too_often(write):
    places = np.random.default_rng(0).uniform(-800, 800, (2_000, 2)) + np.array(ruian.CENTRE)
    street = replace(TOWN.streets[0], line=shapely.LineString(places))
    with pytest.raises(
        SourceError, match=rf"\({street.name}\) has a line that crosses itself more"
    ):
        read_vfr(write(ruian.make_vfr(replace(TOWN, streets=(street,)))))


def test_what_has_ended_is_left_out(write):
    ended = b"<uli:PlatiDo>2026-01-01T00:00:00</uli:PlatiDo></vf:Ulice>"
    data = ruian.make_vfr(TOWN).replace(b"</vf:Ulice><vf:Ulice ", ended + b"<vf:Ulice ", 1)
    town = read_vfr(write(data, "e.xml"))
    assert len(town.streets) == 5
    assert "e.xml: 1 thing that has ended was left out." in town.notes


@pytest.mark.parametrize(
    ("options", "what"),
    [
        ({"kind": "OB_ZKSH"}, r"holds only changes \(OB_ZKSH\).*OB_UKSH"),
        ({"kind": "ST_ZZSZ", "batch": "Prirustkova"}, "holds only changes.*ST_UKSH"),
        ({"batch": "Prirustkova"}, "holds only changes"),
        ({"kind": "ST_UZHZ"}, r"things of the past \(ST_UZHZ\)"),
        ({"record": "Historicke"}, "things of the past"),
        ({"kind": "XX"}, "of the type 'XX'"),
    ],
)
def test_other_kinds_of_files_name_the_right_one(write, options, what):
    with pytest.raises(SourceError, match=what):
        read_vfr(write(ruian.make_vfr(TOWN, **options)), municipality="536385")


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        (b"<uli:Kod>53638501<", b"<uli:Kod><", r"UL\.53638501 has no code"),
        (b"<uli:Kod>53638501<", b"<uli:Kod>000<", r"UL\.53638501 has no code"),
        (b"<uli:Kod>53638501<", b"<uli:Kod>1234567890123<", r"UL\.53638501 has no code"),
        (b"<uli:Kod>53638502<", b"<uli:Kod>53638501<", "53638501, which stands twice"),
        (
            b"<ami:Ulice><uli:Kod>53638501<",
            b"<ami:Ulice><uli:Kod>00<",
            "has the code '00' as Ulice, which is none",
        ),
        (b"<coi:Nazev>Bukovice<", b"<coi:Nazev> <", r"CO\.5363852 has no name"),
        (b"<ami:CisloDomovni>7<", b"<ami:CisloDomovni>=7<", "number '=7'"),
        (b"<vf:Hlavicka>", b"<vf:Hlava>", "not well-formed"),
        (b"gml:id", b"nic:id", "unbound prefix"),
        (b"VymennyFormatTypy:v1", b"Neco:v1", "namespace 'urn:cz:isvs:ruian:schemas:Neco:v1'"),
        (b"DefinicniCara>", b"OriginalniHranice>", ""),
    ],
)
def test_inconsistent_files(write, old, new, what):
    data = ruian.make_vfr(TOWN)
    assert old in data
    if not what:
        assert read_vfr(write(data.replace(old, new))).streets.geometry.isna().all()
        return
    with pytest.raises(SourceError, match=what):
        read_vfr(write(data.replace(old, new)))


def test_a_header_must_come_first(write):
    data = ruian.make_vfr(TOWN)
    start, end = data.index(b"<vf:Hlavicka>"), data.index(HLAVICKA) + len(HLAVICKA)
    for broken in (data[:start] + data[end:], data[:start] + b"</vf:VymennyFormat>"):
        with pytest.raises(SourceError, match="no header"):
            read_vfr(write(broken))


def test_a_town_must_name_itself(write):
    data = ruian.make_vfr(TOWN).replace(b"vf:Obce>", b"vf:Neco>")
    with pytest.raises(SourceError, match="names 0 municipalities instead of one"):
        read_vfr(write(data))


def test_districts_of_the_state_need_their_units(write):
    data = ruian.make_vfr(TOWN, kind="ST_UKSH").replace(b"<vf:KatastralniUzemi>", b"<vf:Nic>")
    data = data.replace(
        b"</vf:KatastralniUzemi></vf:KatastralniUzemi>", b"</vf:KatastralniUzemi></vf:Nic>"
    )
    data = data.replace(b"</vf:KatastralniUzemi><vf:Zsj>", b"</vf:Nic><vf:Zsj>")
    with pytest.raises(SourceError, match="without the cadastral units"):
        read_vfr(write(data), municipality="536385")


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"<kml xmlns='http://www.opengis.net/kml/2.2'><Document/></kml>", "no RÚIAN.*'kml'"),
        (b"<!DOCTYPE html><html><body>Error 503</body></html>", "is a web page"),
        (b"\n<HTML ><body>Error", "is a web page"),
        (b"", "is empty"),
        (b"  \n ", "is empty"),
        (b"a;b;c\n1;2;3\n", "not well-formed XML in line 1"),
        (b"SQLite format 3\x00" + b"\x00" * 100, "neither XML nor CSV"),
        (b"%PDF-1.7", "neither XML nor CSV"),
    ],
)
def test_files_that_are_no_vfr(write, data, what):
    with pytest.raises(SourceError, match=what):
        read_vfr(write(data, "n.xml"))


def test_no_such_file(tmp_path):
    with pytest.raises(SourceError, match="no such file"):
        read_vfr(tmp_path / "none.xml")


def test_wgs84_that_says_sjtsk(write):
    data = ruian.make_vfr(TOWN, place=lambda x, y: (x / -31_600, y / -20_920))
    with pytest.raises(CRSError, match=r"OB\.536385 says that it is in S-JTSK.*WGS84"):
        read_vfr(write(data))


def test_old_files_of_southing_and_westing(write):
    data = ruian.make_vfr(TOWN, place=lambda x, y: (-y, -x), srs_name="urn:ogc:def:crs:EPSG::2065")
    assert read_vfr(write(data)).municipality.geometry.iloc[0].equals(TOWN.boundary)
    swapped = ruian.make_vfr(TOWN, place=lambda x, y: (y, x))
    with pytest.raises(CRSError, match="axes swapped"):
        read_vfr(write(swapped))


def test_progress_and_stopping(write):
    shares = []
    path = write(ruian.gzipped(ruian.make_vfr(TOWN)))
    read_vfr(path, report=lambda text, share: shares.append((text, share)))
    assert all(0 <= share <= 1 for _text, share in shares)
    assert shares[-1][0] == f"Reading {path.name}"

    def stop(_text, _share):
        raise CancelledError("stopped")

    with pytest.raises(CancelledError, match="stopped"):
        read_vfr(path, report=stop)
