"""What differs between two versions of the layers, by hand-worked areas and lengths."""

import dataclasses
from datetime import date

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.affinity import translate
from shapely.geometry import Point, Polygon, box

from hotspots import layers, schema
from hotspots.errors import NotFoundError, SourceError
from hotspots.i18n import use_language
from hotspots.layers.checks.comparison import compare_areas, compare_versions, describe_version
from hotspots.layers.town_data import SourceFile
from hotspots.layers.version_records import Version
from hotspots.layers.versions import VERSIONS_DIR, put_in_force
from hotspots.settings import Settings, Workspace
from tests.tiling import (
    NAMES,
    QUARTERS,
    X,
    Y,
    change_layer,
    make_areas,
    make_streets,
    make_town,
    make_workspace,
)

IDS = [f"district:{k}" for k in range(1, 5)]


def districts(shapes=QUARTERS, ids=None, names=NAMES):
    return make_areas(schema.DISTRICT, shapes, ids=ids or IDS[: len(shapes)], names=names)


def compare(old, new):
    return compare_areas(old, new, schema.DISTRICT)


def test_the_same():
    difference = compare(districts(), districts())
    assert difference.is_same
    assert difference.lines() == ("4 areas as before, nothing is different",)


def test_other_vertices_and_other_starts_are_the_same():
    points = np.array(QUARTERS[0].exterior.coords)[:-1]
    turned = shapely.segmentize(Polygon(np.roll(points, 2, axis=0)), 100)
    assert compare(districts(), districts([turned, *QUARTERS[1:]])).is_same
    rounded = [translate(QUARTERS[0], 0.005, 0), *QUARTERS[1:]]
    assert compare(districts(), districts(rounded)).is_same


def test_new_and_gone():
    # The north-east becomes two: its id is gone, two others are new.
    west, east = (
        box(X + 1000, Y + 1000, X + 1400, Y + 2000),
        box(X + 1400, Y + 1000, X + 2000, Y + 2000),
    )
    new = districts(
        [*QUARTERS[:3], west, east],
        ids=[*IDS[:3], "district:5", "district:6"],
        names=[*NAMES[:3], "U lesa", "U řeky"],
    )
    difference = compare(districts(), new)
    assert (difference.n_before, difference.n_after) == (4, 5)
    assert difference.new == ("U lesa", "U řeky")
    assert difference.gone == ("Severovýchod",)
    assert difference.renumbered == ()
    assert difference.changed == ()
    assert difference.lines() == (
        "4 → 5 areas",
        "new: U lesa, U řeky",
        "gone: Severovýchod",
        "residents: 400 (2021) → 500 (2021)",
    )


def test_renamed_and_renumbered():
    new = districts(ids=[*IDS[:3], "district:9"], names=["Nový", *NAMES[1:]])
    difference = compare(districts(), new)
    assert difference.renamed == (("Jihozápad", "Nový"),)
    assert difference.renumbered == (("district:4", "district:9"),)
    assert "renamed: Jihozápad is now Nový" in difference.lines()
    assert "district:4 is now district:9" in difference.lines()[-1]


def test_moved_border_in_square_metres_per_cent_and_metres():
    # The border of the two southern districts goes 50 m east: 50 m × 1,000 m change hands.
    west = box(X, Y, X + 1050, Y + 1000)
    east = box(X + 1050, Y, X + 2000, Y + 1000)
    difference = compare(districts(), districts([west, east, *QUARTERS[2:]]))
    first, second = difference.changed
    assert (first.area_id, first.name) == ("district:1", "Jihozápad")
    assert (first.before_m2, first.after_m2) == (1_000_000, 1_050_000)
    assert (first.gained_m2, first.lost_m2) == (50_000, 0)
    assert first.moved_m == pytest.approx(50)
    assert (second.gained_m2, second.lost_m2) == (0, 50_000)
    assert second.moved_m == pytest.approx(50)
    assert difference.lines() == (
        "4 → 4 areas",
        "2 areas have other borders, 50,000 m² of ground changed",
        "Jihozápad: 1 km² → 1.05 km² (5.0%), border moved by up to 50 m",
        "Jihovýchod: 1 km² → 950,000 m² (\N{MINUS SIGN}5.0%), border moved by up to 50 m",
    )


def test_streets_have_lengths():
    street = make_streets()[schema.STREET]
    longer = street.assign(length_m=1250.0)
    difference = compare_areas(street, longer, schema.STREET)
    assert (difference.length_before_m, difference.length_after_m) == (200.0, 1250.0)
    assert difference.lines() == ("1 → 1 areas; 0.2 → 1.25 km of axis",)
    assert compare(districts(), districts()).length_before_m is None
    assert compare_areas(street, street.assign(length_m=200.000_004), schema.STREET).is_same


def test_segments_are_called_by_their_number():
    frames = make_streets()
    segments = frames[schema.SEGMENT].assign(**{schema.SEGMENT_NUMBER: [1, 2]})
    gone = compare_areas(segments, segments.iloc[1:], schema.SEGMENT).gone
    assert gone == ("Dlouhá, segment 1",)


def test_streets_at_a_point_have_no_length():
    street = make_streets()[schema.STREET].assign(length_m=np.nan)
    assert compare_areas(street, street, schema.STREET).length_after_m == 0


def test_residents_that_changed_are_a_difference():
    old = districts()
    new = districts().assign(
        residents=[100.0, 140.0, 100.0, 90.0], residents_year=[2021] * 3 + [2024]
    )
    difference = compare(old, new)
    assert not difference.is_same
    assert difference.facts.n_residents == 2
    assert difference.lines() == (
        "4 → 4 areas",
        "residents: 400 (2021) → 430 (2021–2024); 2 areas have another number or year",
    )
    unknown = districts().assign(residents=np.nan, residents_year=np.nan)
    assert compare(unknown, unknown).is_same
    assert "residents: unknown → 400 (2021); 4 areas have" in compare(unknown, old).lines()[1]
    moved = districts().assign(residents=[150.0, 50.0, 100.0, 100.0])
    assert compare(old, moved).facts.n_residents == 2


def test_another_origin_or_precision_is_a_difference():
    new = districts().assign(
        layer_source=["ČÚZK"] * 3 + ["x.gpkg"], derived=[False, True, False, False], precision_m=1.0
    )
    difference = compare(districts(), new)
    assert not difference.is_same
    assert difference.lines() == (
        "4 → 4 areas",
        "2 areas have another origin or precision: ČÚZK, edges off by up to 1 m → "
        "x.gpkg, ČÚZK, approximate, edges off by up to 1 m",
    )
    rough = districts().assign(precision_m=[1.0, 1.0, 1.0, 20.0])
    assert compare(districts(), rough).facts.n_origin == 1


def make_points(shapes, codes):
    columns = {name: "x" for name in schema.ADDRESS_COLUMNS if name != schema.GEOMETRY}
    columns[schema.ADDRESS_CODE] = codes
    return gpd.GeoDataFrame(columns, geometry=list(shapes), crs=5514)


def test_addresses_are_compared_by_code_and_position(tmp_path):
    where = [Point(X + 10 * k, Y + 10) for k in range(4)]
    old = make_points([*where[:3], None], ["1", "2", "3", "4"])
    new = make_points([where[0], Point(X + 15, Y + 10), where[3], where[3]], ["1", "2", "4", "5"])
    workspace = make_workspace(tmp_path, make_town() | {"address": old})
    put_in_force(workspace, {"address": new}, made_by="imported", keep_layers=True)
    difference = compare_versions(workspace, 1, 2)[-1]
    assert dataclasses.astuple(difference) == ("address", 4, 4, 1, 1, 2)
    assert difference.lines() == ("4 → 4 points: 1 new, 1 gone, 2 moved",)
    same = compare_versions(workspace, 2, 2)[-1]
    assert same.is_same
    assert same.lines() == ("4 points as before, nothing is different",)


def test_origins_of_own_areas_are_said_in_words(tmp_path):
    drawn = make_town()[schema.LOCALITY].assign(layer_source="drawn:a.gpkg")
    workspace = make_workspace(tmp_path, make_town() | {schema.LOCALITY: drawn})
    example = {schema.LOCALITY: drawn.assign(layer_source="example")}
    put_in_force(workspace, example, made_by="own_areas", keep_layers=True)
    found = {d.kind: d for d in compare_versions(workspace, 1, 2)}[schema.LOCALITY]
    assert found.lines()[-1] == (
        "1 area has another origin or precision: a.gpkg, edges off by up to 1 m → "
        "example, no real locality, edges off by up to 1 m"
    )


def test_a_kind_that_comes_or_goes():
    difference = compare(None, districts())
    assert (difference.n_before, difference.n_after) == (0, 4)
    assert difference.new == tuple(NAMES)
    assert compare(districts(), None).gone == tuple(NAMES)


def test_versions_of_a_workspace(tmp_path):
    workspace = make_workspace(tmp_path)
    put_in_force(
        workspace,
        {"district": make_areas("district", QUARTERS[:3])},
        made_by="own_areas",
        keep_layers=True,
    )
    found = {d.kind: d for d in compare_versions(workspace, 1, 2)}
    assert list(found) == ["street", "segment", "district", "municipality", "locality"]
    assert [kind for kind, difference in found.items() if not difference.is_same] == ["district"]
    assert found["district"].gone == ("Severovýchod",)
    back = {d.kind: d for d in compare_versions(workspace, 2, 1)}
    assert back["district"].new == ("Severovýchod",)
    assert all(difference.is_same for difference in compare_versions(workspace, 2, 2))


def test_bundled_layers_against_themselves(tmp_path):
    workspace = Workspace(tmp_path / "w", Settings())
    layers.install_bundled(workspace)
    assert all(difference.is_same for difference in compare_versions(workspace, 1, 1))


def test_a_version_with_turned_coordinates_is_compared_as_it_is_meant(tmp_path):
    town = make_town()
    turned = town["district"].geometry.affine_transform([-1, 0, 0, -1, 0, 0])
    workspace = make_workspace(tmp_path, town | {"district": town["district"].set_geometry(turned)})
    put_in_force(workspace, town, made_by="fetched", keep_layers=False)
    assert all(difference.is_same for difference in compare_versions(workspace, 1, 2))


def test_versions_that_cannot_be_compared(tmp_path):
    workspace = make_workspace(tmp_path)
    with pytest.raises(NotFoundError, match="no version 7 of the layers; there are 1"):
        compare_versions(workspace, 1, 7)
    degrees = make_town()["district"].to_crs(4326).set_crs(5514, allow_override=True)
    put_in_force(workspace, {"district": degrees}, made_by="imported", keep_layers=True)
    with pytest.raises(SourceError, match="district: 4 features have degrees"):
        compare_versions(workspace, 1, 2)
    (workspace.layers / VERSIONS_DIR / "0001.gpkg").write_bytes(b"no database")
    with pytest.raises(SourceError, match="cannot be read"):
        compare_versions(workspace, 1, 2)


def test_hand_edited_layers_in_force_are_not_the_version_kept(tmp_path):
    workspace = make_workspace(tmp_path)
    change_layer(workspace, "district", make_areas("district", QUARTERS[:3]))
    assert all(difference.is_same for difference in compare_versions(workspace, 1, 1))


def test_describe_version():
    source = SourceFile("a.zip", "0" * 64, 1, date(2026, 10, 31), "ČÚZK")
    b_file = SourceFile("b.gpkg", "1" * 64, 1, None, "b.gpkg")
    version = Version(
        3,
        "2026-11-21T23:30:00+00:00",  # the 22nd in Prague
        "fetched",
        "536385",
        "Jeseník",
        date(2026, 10, 31),
        (source, source),
    )
    assert describe_version(version) == (
        "3 · Jeseník · fetched 22 Nov 2026 00:30 · RÚIAN as of 31 Oct 2026 · 2 files"
    )
    with use_language("cs"):
        assert "22.\N{NO-BREAK SPACE}11.\N{NO-BREAK SPACE}2026" in describe_version(version)
    bundled = dataclasses.replace(version, made_by="bundled", valid_on=None, sources=())
    assert describe_version(bundled) == "3 · Jeseník · bundled, put in 22 Nov 2026 00:30"
    own = dataclasses.replace(bundled, made_by="own_areas", sources=(source, b_file))
    assert describe_version(own) == "3 · Jeseník · own areas brought 22 Nov 2026 00:30 (b.gpkg)"
    assert "damaged, cannot be read" in describe_version(
        dataclasses.replace(bundled, made_by="damaged")
    )
    assert "magic 22 Nov" in describe_version(dataclasses.replace(version, made_by="magic"))


@settings(max_examples=30)
@given(st.lists(st.integers(0, 3), unique=True), st.lists(st.integers(0, 3), unique=True))
def test_counts_add_up(before, after):
    old, new = (
        districts([QUARTERS[k] for k in rows], [IDS[k] for k in rows], [NAMES[k] for k in rows])
        for rows in (before, after)
    )
    difference = compare(old, new)
    assert difference.n_after - difference.n_before == len(difference.new) - len(difference.gone)
    assert set(difference.new) == {NAMES[k] for k in set(after) - set(before)}
    assert set(difference.gone) == {NAMES[k] for k in set(before) - set(after)}
    assert difference.changed == difference.renumbered == ()
