"""Official files told from others and put together."""

from dataclasses import replace
from datetime import date

import pytest
import shapely

from hotspots.errors import ParameterError, SourceError
from hotspots.layers.official import is_official, read_official
from hotspots.progress import CancelledError
from tests import ruian

TOWN = ruian.small_town()
OTHER = ruian.small_town("500496", "Jinde", (-560000.0, -1110000.0))
EARLIER = date(2026, 9, 30)


@pytest.fixture
def vfr(tmp_path):
    """Write a VFR as ČÚZK names and packs it; return its path."""

    def inner(town=TOWN, kind="OB_UKSH", valid_on=ruian.DAY, **options):
        name = ruian.file_name(town, kind, valid_on)
        path = tmp_path / f"{name}.zip"
        data = ruian.make_vfr(town, kind=kind, valid_on=valid_on, **options)
        path.write_bytes(ruian.zipped(name, data))
        return path

    return inner


@pytest.fixture
def addresses(tmp_path):
    """Write an address CSV as ČÚZK names and packs it; return its path."""

    def inner(town=TOWN, valid_on=ruian.DAY):
        name = ruian.file_name(town, "OB_ADR", valid_on)
        path = tmp_path / f"{name}.zip"
        path.write_bytes(ruian.zipped(name, ruian.make_addresses_csv(town)))
        return path

    return inner


def without(town, n_addresses):
    """Return the town without its last addresses."""
    return replace(town, addresses=town.addresses[:-n_addresses])


@pytest.mark.parametrize(
    ("name", "data", "official"),
    [
        ("a.bin", ruian.make_vfr(TOWN), True),
        ("a.bin", ruian.gzipped(ruian.make_vfr(TOWN)), True),
        ("a.zip", ruian.zipped("a.xml", ruian.make_vfr(TOWN)), True),
        ("a.zip", ruian.zipped("a.xml", ruian.make_vfr(TOWN, kind="ST_UVOH")), True),
        ("a.txt", ruian.make_addresses_csv(TOWN), True),
        ("a.csv", ruian.make_addresses_csv(TOWN, encoding="utf-8-sig"), True),
        # Told by the name, so that the reader can say what is wrong with it.
        ("20261031_OB_536385_UKSH.xml.zip", b"<html>503</html>", True),
        ("20261031_OB_536385_ADR.csv.zip", b"PK\x03\x04", True),
        ("a.csv", b"id;x;y\n1;2;3\n", False),
        ("a.geojson", b'{"type": "FeatureCollection", "features": []}', False),
        ("a.zip", ruian.zipped("a.shp", b"\x00\x00\x27\x0a"), False),
        ("a.gpkg", b"SQLite format 3\x00", False),
        ("a.csv", b"", False),
    ],
)
def test_official_files_are_told_by_content(tmp_path, name, data, official):
    path = tmp_path / name
    path.write_bytes(data)
    assert is_official(path) is official


def test_a_file_that_is_not_there_is_not_official(tmp_path):
    assert not is_official(tmp_path / "a.csv")


def test_one_file_alone_is_returned_as_read(vfr):
    town = read_official([vfr()])
    assert town.notes[0].endswith("xml.zip: 1 address has no position.")
    assert len(town.addresses) == 63


def test_all_three_kinds_together(vfr, addresses):
    files = [vfr(kind="ST_UKSH", others=(OTHER,)), addresses(), vfr()]
    shares = []
    town = read_official(files, report=lambda _text, share: shares.append(share))
    assert (town.code, town.name, town.valid_on) == ("536385", "Jeseník", ruian.DAY)
    assert [source.name for source in town.sources] == [file.name for file in files]
    assert len(town.districts) == 3
    assert len(town.addresses) == 63
    assert len(town.buildings) == 73
    assert shares == sorted(shares)
    main, table = files[2].name, files[1].name
    assert town.notes == (
        f"{main} + {table}: 1 address has no position.",
        f"{main}: 1 building has no position.",
    )


def test_csv_fills_positions_and_adds_addresses(vfr, addresses):
    bare = replace(
        without(TOWN, 5), addresses=tuple(replace(a, point=None) for a in TOWN.addresses[:-5])
    )
    town = read_official([addresses(), vfr(bare)])
    assert len(town.addresses) == 63
    assert town.addresses.geometry.isna().sum() == 1
    first = town.addresses.set_index("address_code").loc[TOWN.addresses[0].code]
    assert first.geometry.equals(TOWN.addresses[0].point)


def test_vfr_goes_before_csv(vfr, addresses):
    moved = replace(
        TOWN,
        addresses=tuple(replace(a, point=shapely.Point(-540000, -1050000)) for a in TOWN.addresses),
    )
    town = read_official([addresses(moved), vfr()])
    first = town.addresses.set_index("address_code").loc[TOWN.addresses[0].code]
    assert first.geometry.equals(TOWN.addresses[0].point)


def test_an_older_csv_brings_back_no_address(vfr, addresses):
    old = addresses(TOWN, EARLIER)
    town = read_official([vfr(without(TOWN, 5)), old])
    assert len(town.addresses) == 58
    assert town.valid_on == ruian.DAY
    assert any(
        "different days: 20261031_OB_536385_UKSH.xml.zip (2026-10-31), " in n for n in town.notes
    )


def test_a_newer_csv_decides_which_addresses_exist(vfr, addresses):
    # VFR of September {1, 2}, CSV of October {1, 3}: 2 has ended, 3 is new.
    one, two, three = TOWN.addresses[:3]
    old = vfr(replace(TOWN, addresses=(replace(one, point=None), two)), valid_on=EARLIER)
    new = addresses(replace(TOWN, addresses=(one, three)))
    for files in ([old, new], [new, old]):
        town = read_official(files)
        assert list(town.addresses["address_code"]) == [one.code, three.code]
        assert town.addresses.geometry[0].equals(one.point)
        assert town.valid_on == EARLIER
        assert f"{old.name}: 1 thing that has ended was left out." in town.notes


def test_a_newer_file_of_the_state_decides_which_districts_exist(vfr):
    old = vfr(TOWN, valid_on=EARLIER)
    new = vfr(replace(TOWN, districts=TOWN.districts[1:]), "ST_UKSH", others=(OTHER,))
    town = read_official([old, new])
    assert sorted(town.districts["code"]) == sorted(d.code for d in TOWN.districts[1:])
    assert len(town.streets) == len(TOWN.streets), "the file of the state has none"


def test_a_csv_without_a_day_ends_nothing(vfr, addresses):
    new = addresses(without(TOWN, 5))
    undated = new.rename(new.with_name("adresy.csv.zip"))
    assert len(read_official([vfr(valid_on=EARLIER), undated]).addresses) == 63
    whole = addresses(TOWN).rename(undated)
    assert len(read_official([vfr(without(TOWN, 5)), whole]).addresses) == 63


def test_districts_come_from_the_state_where_the_town_has_none(vfr):
    bare = replace(TOWN, districts=())
    town = read_official([vfr(bare), vfr(kind="ST_UKSH")])
    assert sorted(town.districts["code"]) == sorted(d.code for d in TOWN.districts)
    points = read_official([vfr(TOWN, "OB_UZSZ"), vfr(kind="ST_UKSH")])
    assert set(points.districts.geom_type) == {"Polygon"}
    assert points.municipality.geometry.iloc[0].equals(TOWN.boundary)
    assert not any("boundary" in note for note in points.notes)


def test_electoral_districts_of_the_state_are_added(vfr):
    bare = replace(TOWN, electoral_districts=())
    town = read_official([vfr(bare), vfr(TOWN, "ST_UVOH", others=(OTHER,))])
    assert list(town.electoral_districts["number"]) == ["1", "2"]


def test_of_two_files_of_one_kind_the_newer_counts(vfr):
    smaller = replace(TOWN, streets=TOWN.streets[:-1])
    new, old = vfr(smaller), vfr(TOWN, valid_on=EARLIER)
    for files in ([new, old], [old, new]):
        town = read_official(files)
        assert len(town.streets) == 5
        assert town.valid_on == ruian.DAY
        assert [source.name for source in town.sources] == [new.name], "only what was used"
        assert (
            f"{old.name} was left out: {new.name} is of the same kind and no older." in town.notes
        )


def test_original_boundaries_go_before_generalised(vfr):
    coarse = replace(TOWN, boundary=TOWN.boundary.convex_hull.envelope)
    town = read_official([vfr(coarse, "OB_UKSG"), vfr()])
    assert town.municipality.geometry.iloc[0].equals(TOWN.boundary)


def test_the_same_file_twice_is_one(vfr):
    file = vfr()
    assert len(read_official([file, file]).addresses) == 63


def test_two_municipalities_are_refused(vfr, addresses):
    with pytest.raises(
        SourceError,
        match=r"20261031_OB_536385_UKSH\.xml\.zip is of .* 536385 and 20261031_OB_500496_ADR\.csv",
    ):
        read_official([vfr(), addresses(OTHER)])


def test_which_municipality_must_be_known(vfr):
    with pytest.raises(ParameterError, match="holds the whole state"):
        read_official([vfr(kind="ST_UKSH")])
    with pytest.raises(ParameterError, match="one official file at least"):
        read_official([])
    with pytest.raises(ParameterError, match="six digits"):
        read_official([vfr()], municipality="Jeseník")
    assert read_official([vfr(kind="ST_UKSH")], municipality="536385").name == "Jeseník"


def test_stopping_in_the_second_file(vfr, addresses):
    def stop(_text, share):
        if share >= 0.5:
            raise CancelledError("stopped")

    with pytest.raises(CancelledError, match="stopped"):
        read_official([vfr(), addresses()], report=stop)
