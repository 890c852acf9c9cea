"""Files brought into the layers: what is put in force, what stays, and nothing by halves."""

import dataclasses
import errno
import shutil
from datetime import date, datetime

import geopandas as gpd
import pyogrio
import pytest
import shapely
from pyogrio.errors import DataSourceError
from shapely.geometry import box

from hotspots import layers, schema
from hotspots.errors import (
    HotspotsError,
    NotFoundError,
    ParameterError,
    SchemaError,
    SourceError,
    StoreError,
)
from hotspots.layers import change, version_records, versions
from hotspots.layers.assembly import make_layers
from hotspots.layers.change import LayerNumber, switch_town
from hotspots.layers.importing import ImportOptions, import_layers
from hotspots.layers.official import read_official
from hotspots.layers.versions import PlacedSince, current_version, list_versions, placement
from hotspots.progress import CancelledError
from hotspots.settings import Settings, Workspace
from tests.localities import bring_localities
from tests.ruian import (
    CENTRE,
    DAY,
    Part,
    Town,
    file_name,
    make_addresses_csv,
    make_vfr,
    small_town,
    zipped,
)

OTHER = "555555"


def like_bundled() -> Town:
    """The small town with codes that the bundled layers have, without RÚIAN's missing zeros."""
    town = small_town()
    codes = {"5363851": "58726", "5363852": "58734", "5363853": "58882"}
    parts = {"5363851": "414654", "5363852": "58882"}
    return dataclasses.replace(
        town,
        districts=tuple(dataclasses.replace(d, code=codes[d.code]) for d in town.districts),
        parts=tuple(Part(parts[p.code], p.name, p.point) for p in town.parts),
        buildings=tuple(dataclasses.replace(b, part=parts.get(b.part, "")) for b in town.buildings),
        streets=(
            dataclasses.replace(town.streets[0], code="161276", name="28. října"),
            *town.streets[1:],
        ),
        addresses=tuple(
            dataclasses.replace(a, street="161276" if a.street == "53638501" else a.street)
            for a in town.addresses
        ),
    )


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Official files: of the town, of the town with the bundled codes, of another."""
    made = tmp_path_factory.mktemp("files")
    there = translated(small_town(OTHER, "Jinde"), 5000)
    for name, content in (
        ("town", make_vfr(like_bundled())),
        ("other", make_vfr(there)),
        ("other_codes", make_vfr(small_town())),
        ("older", make_vfr(like_bundled(), valid_on=date(2020, 1, 31))),
    ):
        (made / f"{name}.xml").write_bytes(content)
    (made / "addresses.csv").write_bytes(make_addresses_csv(like_bundled()))
    (made / "other.csv").write_bytes(make_addresses_csv(there))
    state = make_vfr(like_bundled(), kind="ST_UKSH", others=(there,))
    (made / file_name(there, "ST_UKSH")).with_suffix(".zip").write_bytes(zipped("a.xml", state))
    return made


def translated(town, metres):
    return small_town(town.code, town.name, (CENTRE[0] + metres, CENTRE[1]))


@pytest.fixture(scope="module")
def bundled(tmp_path_factory):
    """A workspace with bundled layers and a locality of the town's own."""
    made = Workspace(tmp_path_factory.mktemp("bundled") / "w", Settings())
    made.path.mkdir()
    made.write_settings()
    layers.install_bundled(made)
    draw(made.path / "drawn.gpkg")
    bring_localities(made, made.path / "drawn.gpkg", name_column="name")
    return made


@pytest.fixture
def workspace(bundled, tmp_path):
    shutil.copytree(bundled.path, tmp_path / "w")
    return Workspace.open(tmp_path / "w")


@pytest.fixture(scope="module")
def official(bundled, files, tmp_path_factory):
    """The same workspace after official layers, and what its import said."""
    path = tmp_path_factory.mktemp("official") / "w"
    shutil.copytree(bundled.path, path)
    made = Workspace.open(path)
    return made, import_layers(made, [files / "town.xml"])


@pytest.fixture
def switched(official, tmp_path):
    shutil.copytree(official[0].path, tmp_path / "switched")
    return Workspace.open(tmp_path / "switched")


@pytest.fixture
def other_town(files, ready, monkeypatch):
    """Data of another town, whose layers are made already."""
    data, made = ready
    monkeypatch.setattr(change, "make_layers", lambda *_args, **_options: made)
    return data


@pytest.fixture(scope="module")
def ready(files):
    data = read_official([files / "other.xml"])
    return data, make_layers(data, settings=Settings(), former=None)


@pytest.fixture
def empty(tmp_path):
    made = Workspace(tmp_path / "empty", Settings())
    made.layers.mkdir(parents=True)
    made.write_settings()
    return made


def draw(path, *, names=("U mostu",), metres=0.0):
    x, y = CENTRE[0] + metres, CENTRE[1]
    squares = [shapely.box(x + 200 * i, y, x + 200 * i + 100, y + 100) for i in range(len(names))]
    frame = gpd.GeoDataFrame({"name": list(names)}, geometry=squares, crs=5514)
    frame.to_file(path, layer="l")
    return path


def state_of(workspace):
    """Everything of a workspace that a failure must leave as it was."""
    return {
        str(path.relative_to(workspace.path)): path.read_bytes()
        for path in sorted(workspace.path.rglob("*"))
        # GDAL keeps what it read of a file's metadata beside it.
        if path.is_file() and path.name != ".lock" and not path.name.endswith(".aux.xml")
    }


def number(found, kind):
    return next(n for n in found.numbers if n.kind == kind)


# --- a town ----------------------------------------------------------------------------------


def test_official_layers_come_in_force_over_the_bundled_ones(bundled, official):
    old = layers.read_areas(bundled, "district")
    localities = pyogrio.read_dataframe(bundled.layers / "layers.gpkg", layer="locality")
    workspace, found = official

    # The localities were version 2.
    assert (found.before.version_id, found.version.version_id) == (2, 3)
    assert current_version(workspace) == found.version
    assert found.version.made_by == versions.IMPORTED
    assert found.version.valid_on == DAY
    assert [source.name for source in found.version.sources] == ["town.xml"]
    assert number(found, "district") == LayerNumber("district", 21, 3, 0, 18)
    assert number(found, "street") == LayerNumber("street", 78, 6, 5, 77)

    # The same codes: the same ids, and the residents known before with their year.
    districts = layers.read_areas(workspace, "district").set_index(schema.AREA_ID)
    before = old.set_index(schema.AREA_ID)
    assert set(districts.index) == {"district:058726", "district:058734", "district:058882"}
    for column in (schema.RESIDENTS, schema.RESIDENTS_YEAR):
        assert districts[column].equals(before.loc[districts.index, column])
    assert layers.read_areas(workspace, "municipality")[schema.RESIDENTS][0] == 10_619
    parts = layers.read_areas(workspace, "town_part").set_index(schema.AREA_ID)
    assert set(parts.index) == {"town_part:414654", "town_part:058882"}
    # Made of whole districts: 1,398 and 662 in one, 801 in the other, all of 2011.
    assert dict(parts[schema.RESIDENTS]) == {"town_part:414654": 2060, "town_part:058882": 801}

    # What is the town's own stays to the letter; landmarks stay.
    kept = pyogrio.read_dataframe(workspace.layers / "layers.gpkg", layer="locality")
    assert kept.to_json() == localities.to_json()
    assert len(layers.read_places(workspace)) == 26
    assert Workspace.open(workspace.path).settings == workspace.settings


def test_old_incidents_keep_the_placement_of_their_time(official):
    workspace, found = official
    assert found.kept_until == DAY
    assert placement(workspace) == (PlacedSince(2, None), PlacedSince(3, DAY))
    former = layers.read_former(workspace, "district")
    assert [(f.version_id, f.until, len(f.areas)) for f in former] == [(2, DAY, 21)]


def test_all_incidents_are_placed_anew_on_purpose(workspace, files):
    found = import_layers(workspace, [files / "town.xml"], options=ImportOptions(re_place=True))
    assert found.kept_until is None
    assert placement(workspace) == (PlacedSince(3, None),)


def test_a_trial_says_the_same_and_changes_nothing(workspace, official, files):
    before = state_of(workspace)
    options = ImportOptions(dry_run=True)
    tried = import_layers(workspace, [files / "town.xml"], options=options)
    assert state_of(workspace) == before
    assert tried.version is None
    assert dataclasses.replace(official[1], version=None) == tried


def test_older_data_are_said_to_be_older_and_keep_the_ids(switched, files):
    found = import_layers(switched, [files / "older.xml"])
    for n in found.numbers:
        assert (n.n_new, n.n_gone) == (0, 0), n.kind
    assert any(
        "of 31 Jan 2020, older than those in force, of 31 Oct 2026" in n for n in found.notes
    )
    assert found.kept_until == date(2020, 1, 31)


def test_data_without_a_day_count_from_today(workspace, files):
    data = dataclasses.replace(read_official([files / "town.xml"]), valid_on=None)
    found = switch_town(workspace, data, made_by=versions.IMPORTED)
    assert found.kept_until == placement(workspace)[-1].since
    assert found.kept_until >= date(2026, 1, 1)
    assert found.version.valid_on is None


def test_first_layers_of_an_empty_workspace(empty, files):
    found = import_layers(empty, [files / "town.xml"])
    assert (found.before, found.kept_until) == (None, None)
    assert placement(empty) == (PlacedSince(1, None),)
    assert number(found, "address") == LayerNumber("address", 0, 63, 63, 0)


@pytest.mark.parametrize("name", ["empty", "workspace"])
def test_another_town_is_refused_with_the_cure(request, files, name):
    target = request.getfixturevalue(name)
    before = state_of(target)
    with pytest.raises(ParameterError, match=r"of Jinde \(555555\).*Jeseník \(536385\).*init DIR"):
        import_layers(target, [files / "other.xml"])
    assert state_of(target) == before


def test_another_town_on_purpose_changes_the_settings(workspace, other_town):
    found = switch_town(workspace, other_town, made_by=versions.FETCHED, allow_other_town=True)
    settings = Workspace.open(workspace.path).settings
    assert (settings.municipality, settings.town) == (OTHER, "Jinde")
    assert dataclasses.replace(settings, municipality="536385", town="Jeseník") == Settings()
    assert (found.version.municipality, found.version.town) == (OTHER, "Jinde")
    assert placement(workspace) == (PlacedSince(3, None),)
    assert "locality" not in layers.list_layers(workspace)
    assert layers.read_areas(workspace, "municipality")[schema.RESIDENTS].isna().all()
    assert found.kept_until is None


@pytest.mark.parametrize(
    ("stated", "shown"),
    [("Jinde nad Řekou", "Jinde nad Řekou"), ("Jeseník", "Jinde"), (OTHER, "Jinde")],
)
def test_a_name_the_user_gave_the_town_stays(empty, other_town, stated, shown):
    settings = dataclasses.replace(empty.settings, municipality=OTHER, town=stated)
    target = Workspace(empty.path, settings)
    target.write_settings()
    switch_town(target, other_town, made_by=versions.IMPORTED)
    assert Workspace.open(target.path).settings.town == shown


def test_settings_may_name_the_new_town_beforehand(workspace, other_town):
    settings = dataclasses.replace(workspace.settings, municipality=OTHER, town="Jinde")
    target = Workspace(workspace.path, settings)
    found = switch_town(target, other_town, made_by=versions.IMPORTED)
    assert found.version.municipality == OTHER


def test_a_file_of_the_state_gives_the_town_of_the_settings(workspace, files):
    state = next(files.glob("*.zip"))
    found = import_layers(workspace, [state])
    assert number(found, "district").after == 3
    # No streets or houses in it: those in force stay.
    assert number(found, "street").n_new == 0
    assert 0 < number(found, "street").after < 78
    wanted = ImportOptions(municipality=OTHER)
    with pytest.raises(ParameterError, match=r"of Jinde \(555555\)"):
        import_layers(workspace, [state], options=wanted)


@pytest.mark.reference
def test_decany(tmp_path, shared):
    workspace = Workspace(tmp_path, Settings(municipality="564729", town="Děčany"))
    workspace.layers.mkdir()
    file = shared / "data" / "ruian" / "ruian_OB_564729_Decany_UKSH.xml.gz"
    found = import_layers(workspace, [file])
    after = {n.kind: n.after for n in found.numbers}
    assert after == {
        "municipality": 1,
        "cadastral_unit": 4,
        "district": 4,
        "town_part": 4,
        "street": 0,
        "segment": 0,
        "address": 221,
        "building": 310,
    }
    whole = layers.read_boundary(workspace).area
    for kind in ("cadastral_unit", "district", "town_part"):
        areas = layers.read_areas(workspace, kind)
        assert areas.area.sum() == pytest.approx(whole, rel=1e-3)
    parts = layers.read_areas(workspace, "town_part")
    assert parts.area.sum() == pytest.approx(whole, rel=1e-9)
    assert shapely.coverage_is_valid(parts.geometry.array)
    assert list(parts[schema.NAME]) == ["Děčany", "Lukohořany", "Semeč", "Solany"]
    assert parts[schema.AREA_ID][0] == "town_part:024899"
    assert any("no street lines" in note for note in found.notes)
    assert not [p for p in found.problems if p.severity == "error"]
    assert found.version.sources[0].citation == "ČÚZK, RÚIAN k 31. 3. 2014, CC BY 4.0"


# --- nothing by halves -----------------------------------------------------------------------


def full_disk(*_args, **_options):
    raise OSError(errno.ENOSPC, "No space left on device")


def full_disk_in_gdal(*_args, **_options):
    raise DataSourceError("Failed to commit transaction")


@pytest.mark.parametrize(
    ("owner", "name", "fault"),
    [
        (version_records.pyogrio, "write_dataframe", full_disk_in_gdal),
        (version_records.pyogrio, "write_dataframe", full_disk),
        (versions, "mark_version", full_disk),
        (versions.shutil, "copyfile", full_disk),
        (change, "put_in_force", full_disk),
    ],
)
def test_a_full_disk_leaves_everything_as_it_was(
    workspace, other_town, monkeypatch, owner, name, fault
):
    before = state_of(workspace)
    monkeypatch.setattr(owner, name, fault)
    with pytest.raises(StoreError, match=r"cannot be written \((No space|Failed to commit)"):
        switch_town(workspace, other_town, made_by=versions.IMPORTED, allow_other_town=True)
    monkeypatch.undo()
    assert state_of(workspace) == before


def test_settings_that_cannot_be_written_leave_the_layers_too(workspace, other_town, monkeypatch):
    before = state_of(workspace)
    monkeypatch.setattr(Settings, "to_toml", full_disk)
    with pytest.raises(StoreError, match="No space left"):
        switch_town(workspace, other_town, made_by=versions.IMPORTED, allow_other_town=True)
    monkeypatch.undo()
    assert state_of(workspace) == before


@pytest.mark.parametrize("limit", [0.0, 0.6, 0.97])
def test_stopping_leaves_everything_as_it_was(workspace, files, limit):
    before = state_of(workspace)

    def stop(_text, share):
        if share >= limit:
            raise CancelledError("stopped")

    with pytest.raises(CancelledError, match="stopped"):
        import_layers(workspace, [files / "town.xml"], report=stop)
    assert state_of(workspace) == before


def test_shares_never_fall(workspace, files, tmp_path):
    told = []
    drawn = draw(tmp_path / "own.gpkg")
    import_layers(
        workspace,
        [drawn, files / "town.xml"],
        options=ImportOptions(as_kind="quarter"),
        report=lambda _text, share: told.append(share),
    )
    assert told == sorted(told)
    assert told[-1] == pytest.approx(1.0)


def test_a_change_by_another_program_meanwhile_is_not_overwritten(workspace, files, tmp_path):
    drawn = draw(tmp_path / "own.gpkg", names=("Jiná", "Nová"))

    def interfere(_text, share):
        if share == pytest.approx(0.85):
            bring_localities(workspace, drawn, name_column="name")

    with pytest.raises(StoreError, match="another program has changed the layers"):
        switch_town(
            workspace,
            read_official([files / "town.xml"]),
            made_by=versions.IMPORTED,
            report=interfere,
        )
    assert len(layers.read_areas(workspace, "locality")) == 2
    assert len(layers.read_areas(workspace, "district")) == 21


def test_invalid_polygons_need_leave_to_be_repaired(workspace, tmp_path):
    town = like_bundled()
    x, y = town.boundary.exterior.coords[0]
    ring = [*town.districts[1].area.exterior.coords[:-1]]
    spiked = shapely.Polygon([*ring[:1], (x - 50, y - 50), *ring])
    broken = dataclasses.replace(
        town,
        districts=(
            town.districts[0],
            dataclasses.replace(town.districts[1], area=spiked),
            town.districts[2],
        ),
    )
    assert not spiked.is_valid
    file = tmp_path / "broken.xml"
    file.write_bytes(make_vfr(broken))
    before = state_of(workspace)
    with pytest.raises(SchemaError, match=r"Za Bělou.*--repair"):
        import_layers(workspace, [file])
    assert state_of(workspace) == before
    found = import_layers(workspace, [file], options=ImportOptions(repair=True))
    said = "districts (basic settlement units): invalid polygons were repaired: Za Bělou."
    assert said in found.notes


# --- addresses, own areas, residents ---------------------------------------------------------


def contradicting(path):
    """Official files whose boundary is a hundred times larger than what they say lies in it."""
    town = like_bundled()
    x, y = CENTRE
    wide = box(x - 20_000, y - 20_000, x + 20_000, y + 20_000)
    path.write_bytes(make_vfr(dataclasses.replace(town, boundary=wide)))
    return path


def test_official_files_that_contradict_themselves_need_leave(workspace, tmp_path):
    file = contradicting(tmp_path / "wide.xml")
    before = state_of(workspace)
    with pytest.raises(SchemaError, match=r"error.* in the new layers.*use --with-errors"):
        import_layers(workspace, [file])
    assert state_of(workspace) == before
    trial = import_layers(workspace, [file], options=ImportOptions(dry_run=True))
    assert any(problem.severity == "error" for problem in trial.problems)
    forced = import_layers(workspace, [file], options=ImportOptions(with_errors=True))
    assert forced.version == current_version(workspace)


def test_an_address_table_alone_replaces_the_addresses(switched, files):
    workspace = switched
    order = placement(workspace)
    found = import_layers(workspace, [files / "addresses.csv"])
    assert [n.kind for n in found.numbers] == ["address"]
    assert found.numbers[0] == LayerNumber("address", 63, 63, 0, 0)
    assert len(layers.read_points(workspace, layers.ADDRESS_LAYER)) == 63
    assert [s.name for s in found.version.sources] == ["town.xml", "addresses.csv"]
    assert placement(workspace) == (order[0], PlacedSince(found.version.version_id, DAY))
    assert len(layers.read_areas(workspace, "district")) == 3


def test_addresses_alone_make_no_layers(empty, files):
    with pytest.raises(NotFoundError, match=r"addresses alone make no layers; add .*_OB_536385_U"):
        import_layers(empty, [files / "addresses.csv"])


def test_addresses_of_another_town_are_refused(workspace, files):
    before = state_of(workspace)
    with pytest.raises(ParameterError, match=r"addresses are of Jinde \(555555\), but .* Jeseník"):
        import_layers(workspace, [files / "other.csv"], allow_other_town=True)
    assert state_of(workspace) == before


def test_own_areas_and_residents_after_the_official_files(workspace, files, tmp_path):
    table = tmp_path / "residents.csv"
    table.write_text("kod_zsj;obyvatel;rok\n58726;1500;2021\n58734;600;2021\n", encoding="utf-8")
    found = import_layers(
        workspace, [table, files / "town.xml"], options=ImportOptions(as_kind="district")
    )
    districts = layers.read_areas(workspace, "district").set_index(schema.AREA_ID)
    assert districts.loc["district:058726", schema.RESIDENTS] == 1500
    assert (found.before.version_id, found.version.version_id) == (2, 4)
    assert number(found, "district") == LayerNumber("district", 21, 3, 0, 18)
    assert found.kept_until == DAY
    assert placement(workspace)[-1] == PlacedSince(4, DAY)

    drawn = draw(tmp_path / "own.gpkg", names=("Sever", "Jih"))
    found = import_layers(workspace, [drawn], options=ImportOptions(as_kind="patrol_beat"))
    assert number(found, "patrol_beat") == LayerNumber("patrol_beat", 0, 2, 2, 0)
    assert len(layers.read_areas(workspace, "patrol_beat")) == 2


def test_a_zipped_table_and_a_zipped_layer_are_told_apart(workspace, tmp_path):
    table = tmp_path / "residents.zip"
    table.write_bytes(zipped("o.csv", b"kod_zsj;obyvatel;rok\n58726;1500;2021\n"))
    options = ImportOptions(as_kind="district")
    assert import_layers(workspace, [table], options=options).version.made_by == "residents"
    drawn = draw(tmp_path / "own.geojson")
    packed = tmp_path / "own.zip"
    packed.write_bytes(zipped("own.geojson", drawn.read_bytes()))
    options = ImportOptions(as_kind="quarter")
    assert import_layers(workspace, [packed], options=options).version.made_by == "own_areas"


def test_trial_of_own_areas_changes_nothing(workspace, tmp_path):
    drawn = draw(tmp_path / "own.gpkg")
    before = state_of(workspace)
    options = ImportOptions(as_kind="quarter", dry_run=True)
    found = import_layers(workspace, [drawn], options=options)
    assert state_of(workspace) == before
    assert found.version is None
    assert number(found, "quarter").n_new == 1


def test_a_later_file_that_fails_says_what_is_in_force(workspace, files, tmp_path):
    broken = draw(tmp_path / "own.gpkg", metres=20_000)
    with pytest.raises(HotspotsError, match=r"files before it are in force, as version 3"):
        import_layers(
            workspace, [files / "town.xml", broken], options=ImportOptions(as_kind="quarter")
        )
    assert len(layers.read_areas(workspace, "district")) == 3


def test_switching_single_layers_is_whole_or_not_at_all(workspace, tmp_path, monkeypatch):
    drawn = draw(tmp_path / "own.gpkg")
    before = state_of(workspace)
    monkeypatch.setattr(version_records.pyogrio, "write_dataframe", full_disk_in_gdal)
    with pytest.raises(StoreError, match="cannot be written"):
        import_layers(workspace, [drawn], options=ImportOptions(as_kind="locality"))
    monkeypatch.undo()
    after = state_of(workspace)
    after.pop("mappings/layers/locality.toml", None)  # columns are remembered once read
    before.pop("mappings/layers/locality.toml", None)
    assert after == before


# --- own files of official kinds: incidents keep the place of their time -------------------------


def cut(path, boundary):
    """Districts of the user's own: the town in two halves."""
    west, south, east, north = boundary.bounds
    middle = (west + east) / 2
    halves = [
        boundary.intersection(shapely.box(west, south, middle, north)),
        boundary.intersection(shapely.box(middle, south, east, north)),
    ]
    frame = gpd.GeoDataFrame({"kod": ["1", "2"], "nazev": ["A", "B"]}, geometry=halves, crs=5514)
    frame.to_file(path, layer="l")
    return path


def axis(path, boundary):
    middle = boundary.representative_point()
    line = shapely.LineString([(middle.x - 100, middle.y), (middle.x + 100, middle.y)])
    frame = gpd.GeoDataFrame({"nazev": ["Nová"]}, geometry=[line], crs=5514)
    frame.to_file(path, layer="l")
    return path


@pytest.mark.parametrize(("kind", "make"), [("district", cut), ("street", axis)])
def test_own_districts_and_streets_keep_old_incidents_where_they_were(
    workspace, tmp_path, kind, make
):
    file = make(tmp_path / "own.gpkg", layers.read_boundary(workspace))
    today = datetime.now(change.PRAGUE).date()
    found = import_layers(workspace, [file], options=ImportOptions(as_kind=kind))
    assert found.kept_until == today
    assert placement(workspace) == (PlacedSince(2, None), PlacedSince(3, today))
    assert [f.version_id for f in layers.read_former(workspace, kind)] == [2]
    assert found.version.municipality == "536385"

    again = import_layers(workspace, [file], options=ImportOptions(as_kind=kind))
    assert again.kept_until == today
    assert placement(workspace) == (PlacedSince(2, None), PlacedSince(4, today))

    all_new = ImportOptions(as_kind=kind, re_place=True)
    found = import_layers(workspace, [file], options=all_new)
    assert found.kept_until is None
    assert placement(workspace) == (PlacedSince(5, None),)


def test_own_districts_along_with_official_files_share_their_day(workspace, files, tmp_path):
    own = cut(tmp_path / "own.gpkg", layers.read_boundary(workspace))
    options = ImportOptions(as_kind="district")
    found = import_layers(workspace, [files / "addresses.csv", own], options=options)
    assert found.kept_until == placement(workspace)[-1].since == datetime.now(change.PRAGUE).date()
    own = cut(tmp_path / "own.gpkg", like_bundled().boundary)
    found = import_layers(workspace, [files / "town.xml", own], options=options)
    assert found.kept_until == DAY
    assert placement(workspace)[-1] == PlacedSince(found.version.version_id, DAY)


def test_the_towns_own_areas_and_residents_leave_placement_alone(workspace, tmp_path):
    drawn = draw(tmp_path / "own.gpkg")
    found = import_layers(workspace, [drawn], options=ImportOptions(as_kind="quarter"))
    table = tmp_path / "residents.csv"
    table.write_text("kod_zsj;obyvatel;rok\n58726;1500;2021\n", encoding="utf-8")
    joined = import_layers(workspace, [table], options=ImportOptions(as_kind="district"))
    assert (found.kept_until, joined.kept_until) == (None, None)
    assert placement(workspace) == (PlacedSince(4, None),)


# --- trials, and several files at once --------------------------------------------------------


def test_a_trial_in_a_fresh_workspace_sees_what_its_first_file_brings(empty, files, tmp_path):
    table = tmp_path / "residents.csv"
    table.write_text("kod_zsj;obyvatel;rok\n58726;1500;2021\n", encoding="utf-8")
    given = [files / "town.xml", table]
    before = state_of(empty)
    tried = import_layers(empty, given, options=ImportOptions(as_kind="district", dry_run=True))
    assert state_of(empty) == before
    assert tried.version is None
    made = import_layers(empty, given, options=ImportOptions(as_kind="district"))
    assert dataclasses.replace(made, version=None) == tried


def test_a_trial_that_fails_names_the_workspace_and_not_the_copy(empty, tmp_path):
    drawn = draw(tmp_path / "own.gpkg")
    with pytest.raises(NotFoundError, match=rf"workspace {empty.path} has no layers yet"):
        import_layers(empty, [drawn], options=ImportOptions(as_kind="quarter", dry_run=True))


def test_a_trial_remembers_no_columns(workspace, tmp_path):
    drawn = draw(tmp_path / "own.gpkg")
    before = state_of(workspace)
    options = ImportOptions(as_kind="quarter", name_column="name", dry_run=True)
    import_layers(workspace, [drawn], options=options)
    assert state_of(workspace) == before


def test_problems_of_several_files_are_those_in_the_end(workspace, files, tmp_path):
    """Residents are unknown in the first step and known after the second."""
    alone = import_layers(workspace, [files / "other_codes.xml"])
    assert "residents_missing" in {p.rule for p in alone.problems if p.layer == "district"}
    table = tmp_path / "residents.csv"
    table.write_text(
        "kod_zsj;obyvatel;rok\n" + "".join(f"536385{n};900;2021\n" for n in (1, 2, 3)),
        encoding="utf-8",
    )
    found = import_layers(
        workspace, [files / "other_codes.xml", table], options=ImportOptions(as_kind="district")
    )
    assert "residents_missing" not in {p.rule for p in found.problems if p.layer == "district"}


# --- what cannot be imported -----------------------------------------------------------------


def test_what_cannot_be_imported(workspace, files, tmp_path):
    drawn = draw(tmp_path / "own.gpkg")
    second = draw(tmp_path / "second.gpkg")
    before = state_of(workspace)
    with pytest.raises(ParameterError, match="at least one file"):
        import_layers(workspace, [])
    with pytest.raises(SourceError, match="there is no such file"):
        import_layers(workspace, [tmp_path / "none.xml"])
    with pytest.raises(SourceError, match="is a directory"):
        import_layers(workspace, [tmp_path])
    with pytest.raises(ParameterError, match=r"own\.gpkg: say which kind .* patrol_beat"):
        import_layers(workspace, [files / "town.xml", drawn])
    with pytest.raises(ParameterError, match="areas of kind 'segment' cannot be imported"):
        import_layers(workspace, [drawn], options=ImportOptions(as_kind="segment"))
    with pytest.raises(ParameterError, match=r"own\.gpkg and second\.gpkg would both be"):
        import_layers(workspace, [drawn, second], options=ImportOptions(as_kind="quarter"))
    with pytest.raises(ParameterError, match="official files, streets, districts and the like"):
        import_layers(workspace, [drawn], options=ImportOptions(as_kind="quarter", re_place=True))
    assert state_of(workspace) == before


def test_data_of_no_town_are_refused(workspace, files):
    data = dataclasses.replace(read_official([files / "town.xml"]), code="")
    with pytest.raises(ParameterError, match="do not say which municipality"):
        switch_town(workspace, data, made_by=versions.IMPORTED)


def test_versions_are_counted_once_for_each_step(workspace, files):
    import_layers(workspace, [files / "town.xml", files / "town.xml"])
    assert [v.version_id for v in list_versions(workspace)] == [1, 2, 3]
