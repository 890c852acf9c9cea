"""`fetch_layers` against the loopback server: official layers in force, or everything as it was."""

import hashlib
import itertools
import shutil
from dataclasses import replace
from datetime import date, timedelta

import pytest
from filelock import FileLock
from hypothesis import given
from hypothesis import strategies as st

from hotspots import schema
from hotspots.errors import NotFoundError, ParameterError, SourceError, StoreError
from hotspots.layers import (
    install_bundled,
    read_areas,
    read_boundary,
    read_points,
)
from hotspots.layers.fetch import DOWNLOADS_DIR, Patience, fetch_layers, fetching
from hotspots.layers.fetch.ruian_files import candidate_days, town_file
from hotspots.layers.versions import (
    BUNDLED,
    FETCHED,
    current_version,
    list_versions,
    placement,
)
from hotspots.progress import CancelledError
from hotspots.settings import Settings, Workspace
from tests.official_server import (
    DISTRICTS,
    OVERPASS,
    TODAY,
    Fault,
    answer,
    content_type,
    cut_off,
    html_page,
    last_day_before,
    official_server,
    redirect,
    status,
    town_files,
    unsound_zip,
)
from tests.ruian import Street, make_addresses_csv, small_town, zipped

TOWN = small_town()
NO_ZSJ = replace(TOWN, districts=())
NO_LINES = replace(TOWN, streets=tuple(replace(s, line=None) for s in TOWN.streets))
QUICK = Patience(attempts=2, read_s=5.0, sleep=lambda _s: None)
MAIN = "20261031_OB_536385_UKSH.xml.zip"
TABLE = "20261031_OB_536385_ADR.csv.zip"
STATE = "20261031_ST_UKSH.xml.zip"


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """Return the layers directory of a workspace with the bundled layers of Jeseník."""
    path = tmp_path_factory.mktemp("bundled")
    install_bundled(Workspace(path, Settings()))
    return path / "layers"


@pytest.fixture
def bundled(tmp_path, installed):
    """Return a function that gives a workspace with bundled layers, set to a server."""

    def make(server):
        shutil.copytree(installed, tmp_path / "layers", dirs_exist_ok=True)
        return Workspace(tmp_path, server.settings())

    return make


def empty(tmp_path, server, **others):
    (tmp_path / "layers").mkdir()
    workspace = Workspace(tmp_path, server.settings(**others))
    workspace.write_settings()
    return workspace


def fetch(workspace, **others):
    return fetch_layers(workspace, **{"today": TODAY, "patience": QUICK, **others})


@pytest.fixture
def read(monkeypatch):
    """Return a list of the data that would be put in force; nothing is."""
    taken = []

    def keep(_workspace, data, **_options):
        taken.append(data)
        return data

    monkeypatch.setattr(fetching, "switch_town", keep)
    return taken


def in_force(workspace):
    path = workspace.layers / "layers.gpkg"
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""


def downloads(workspace):
    return sorted(path.name for path in (workspace.layers / DOWNLOADS_DIR).iterdir())


# --- which files -----------------------------------------------------------------------------


def test_candidate_days_are_last_days_of_months():
    assert candidate_days(date(2028, 3, 31)) == (
        date(2028, 2, 29),
        date(2028, 1, 31),
        date(2027, 12, 31),
        date(2027, 11, 30),
        date(2027, 10, 31),
        date(2027, 9, 30),
    )
    assert candidate_days(date(2026, 11, 1))[0] == date(2026, 10, 31)


@given(st.dates(date(1900, 1, 1), date(2100, 12, 31)))
def test_candidate_days_in_order(today):
    days = candidate_days(today)
    assert len(days) == 6
    assert days[0] < today
    assert all((day + timedelta(days=1)).day == 1 for day in days)
    assert all(26 < (one - other).days < 33 for one, other in itertools.pairwise(days))


@pytest.mark.parametrize("code", ["", "53638", "5363855", "53638a", "../../x", "５３６３８５"])
def test_a_municipality_has_six_digits(code):
    with pytest.raises(ParameterError, match=r"must be a code .* of six digits, such as 536385"):
        town_file(code)


# --- the whole way ---------------------------------------------------------------------------


def test_official_layers_come_into_force_over_the_bundled_ones(bundled):
    said = []
    with official_server(TOWN) as server:
        workspace = bundled(server)
        change = fetch(workspace, report=lambda text, share: said.append((text, share)))
    version = current_version(workspace)
    assert version == change.version
    assert (version.made_by, version.municipality, version.town) == (FETCHED, "536385", "Jeseník")
    assert version.valid_on == date(2026, 10, 31)
    assert change.before is not None
    assert change.before.made_by == BUNDLED
    assert [(s.name, s.url) for s in version.sources] == [
        (MAIN, f"{server.addresses['ruian_url']}/soucasna/{MAIN}"),
        (TABLE, f"{server.addresses['ruian_url']}/csv/{TABLE}"),
    ]
    for source in version.sources:
        folder = "csv" if source.name == TABLE else "soucasna"
        data = server.files[f"/{folder}/{source.name}"]
        assert source.sha256 == hashlib.sha256(data).hexdigest()
        assert source.n_bytes == len(data)
        assert source.citation == "ČÚZK, RÚIAN k 31. 10. 2026, CC BY 4.0"
    assert read_boundary(workspace).equals(TOWN.boundary)
    assert len(read_areas(workspace, schema.DISTRICT)) == 3
    assert len(read_areas(workspace, schema.STREET)) == 6
    assert len(read_points(workspace, "address")) == 63
    # Incidents of the time before keep their placement.
    assert [(p.version_id, p.since) for p in placement(workspace)] == [
        (1, None),
        (2, date(2026, 10, 31)),
    ]
    assert downloads(workspace) == sorted([".lock", MAIN, f"{MAIN}.json", TABLE, f"{TABLE}.json"])
    assert not any(DISTRICTS in path or OVERPASS in path for path in server.paths())
    shares = [share for _text, share in said]
    assert shares == sorted(shares)
    assert shares[-1] == 1.0
    assert said[0][0].startswith(f"downloading {MAIN}, 0 of ")


def test_incidents_are_placed_anew_on_request(bundled):
    with official_server(TOWN) as server:
        workspace = bundled(server)
        fetch(workspace, re_place=True)
    assert [(p.version_id, p.since) for p in placement(workspace)] == [(2, None)]


def test_first_layers_of_an_empty_workspace(tmp_path):
    town = small_town("555555", "Lhota", (-600000.0, -1100000.0))
    with official_server(town) as server:
        workspace = empty(tmp_path, server, municipality="555555", town="Lhota")
        change = fetch(workspace)
    assert change.before is None
    assert current_version(workspace).municipality == "555555"
    assert read_boundary(workspace).equals(town.boundary)


def test_another_town_only_on_purpose(bundled):
    town = small_town("555555", "Lhota", (-600000.0, -1100000.0))
    with official_server(town) as server:
        workspace = bundled(server)
        before = in_force(workspace)
        with pytest.raises(ParameterError, match="Lhota"):
            fetch(workspace, municipality="555555")
        assert in_force(workspace) == before
        workspace.write_settings()
        fetch(workspace, municipality="555555", allow_other_town=True)
    assert current_version(workspace).town == "Lhota"
    assert Workspace.open(workspace.path).settings.municipality == "555555"


def test_a_second_fetch_downloads_nothing_twice(tmp_path, read):
    with official_server(TOWN) as server:
        workspace = empty(tmp_path, server)
        fetch(workspace)
        sent = server.sent("")
        fetch(workspace)
        assert server.sent("") == sent
    assert {one.status for one in server.asked[2:]} == {304}
    assert len(read) == 2


def test_layers_that_are_in_force_already_are_not_made_again(bundled):
    with official_server(TOWN) as server:
        workspace = bundled(server)
        first = fetch(workspace)
        before = in_force(workspace)
        again = fetch(workspace)
        assert in_force(workspace) == before
        assert (again.version, again.before, again.numbers) == (first.version, first.version, ())
        assert again.notes == ("The newest official layers are in force already (31 Oct 2026).",)
        assert len(placement(workspace)) == 2
        placed = fetch(workspace, re_place=True)
        assert placed.notes[1] == "All incidents are placed by them now."
        assert (len(placement(workspace)), len(list_versions(workspace))) == (1, 2)
        wide = replace(workspace, settings=replace(workspace.settings, segment_length_m=100.0))
        assert fetch(wide).version.version_id == 3


def test_files_of_older_months_are_removed_after_success(bundled):
    with official_server(TOWN, files=town_files(TOWN, date(2026, 9, 30))) as server:
        workspace = bundled(server)
        fetch(workspace)
        kept = workspace.layers / DOWNLOADS_DIR / "notes.txt"
        kept.write_text("the user's own")
        server.files |= town_files(TOWN, date(2026, 10, 31))
        fetch(workspace)
    newer = [MAIN, TABLE]
    assert downloads(workspace) == sorted(
        [".lock", "notes.txt", *newer, *(f"{name}.json" for name in newer)]
    )
    assert current_version(workspace).valid_on == date(2026, 10, 31)


def test_the_file_of_last_month_may_not_be_there_yet(tmp_path, read):
    with official_server(TOWN, files=town_files(TOWN, date(2026, 9, 30))) as server:
        workspace = empty(tmp_path, server)
        fetch(workspace)
    assert read[0].valid_on == date(2026, 9, 30)
    assert [one.status for one in server.asked[:2]] == [404, 200]


def test_an_older_table_of_addresses_will_do(tmp_path, read):
    files = town_files(TOWN)
    table = files.pop(f"/csv/{TABLE}")
    files["/csv/20260930_OB_536385_ADR.csv.zip"] = table
    with official_server(TOWN, files=files) as server:
        workspace = empty(tmp_path, server)
        change = fetch(workspace)
    assert len(change.sources) == 2
    assert any("20260930_OB_536385_ADR.csv.zip" in note for note in change.notes)


def test_without_the_table_of_addresses(tmp_path, read):
    with official_server(TOWN) as server:
        workspace = empty(tmp_path, server)
        fetch(workspace, with_addresses=False)
    assert not server.sent("_ADR")
    assert len(read[0].addresses) == 63


# --- failures of what is needed --------------------------------------------------------------

SOUND = town_files(TOWN)[f"/soucasna/{MAIN}"]
FATAL = {
    "404": (status(404), NotFoundError, "is the code of the municipality right"),
    "429": (status(429, Retry_After="1"), SourceError, "answered 429"),
    "503": (status(503), SourceError, "answered 503 .* after 2 tries"),
    "cut-off": (cut_off(500), SourceError, "cut off"),
    "content-type": (content_type("text/plain"), SourceError, "says it is text/plain"),
    "html-page": (html_page(), SourceError, "answered with a web page"),
    "too-long": (Fault(length_off=99), SourceError, "cut off|does not fit"),
    "too-short": (Fault(length_off=-99), SourceError, "arrived damaged"),
    "redirect": (redirect("https://example.org/x.zip"), SourceError, "is not followed"),
    "garbage": (answer(b"PK\x03\x04" + bytes(999)), SourceError, "arrived damaged"),
    "unsound": (answer(unsound_zip(SOUND)), SourceError, "arrived damaged"),
    "hang-up": (Fault(hang_up=True), SourceError, "does not answer"),
    "no-vfr": (answer(zipped("a.xml", b"<kml/>")), SourceError, "VFR"),
    "zip-in-zip": (answer(zipped("a.zip", SOUND)), SourceError, "a.zip|zip|ZIP"),
}


@pytest.mark.parametrize("fault", list(FATAL))
def test_a_failure_leaves_the_layers_in_force(bundled, fault):
    wrong, error, message = FATAL[fault]
    with official_server(TOWN, faults={"_UKSH": wrong}) as server:
        workspace = bundled(server)
        before = in_force(workspace)
        with pytest.raises(error, match=message):
            fetch(workspace)
        assert in_force(workspace) == before
        assert current_version(workspace).version_id == 1


@pytest.mark.parametrize("fault", ["garbage", "no-vfr", "zip-in-zip", "html-page"])
def test_when_the_fault_is_over_the_same_command_ends_well(tmp_path, read, fault):
    with official_server(TOWN, faults={"_UKSH": FATAL[fault][0]}) as server:
        workspace = empty(tmp_path, server)
        with pytest.raises(SourceError):
            fetch(workspace)
        server.faults.clear()
        fetch(workspace)
    assert len(read) == 1


@pytest.mark.parametrize("fault", [status(503), status(429), cut_off(3000), Fault(hang_up=True)])
def test_a_passing_fault_is_overcome(tmp_path, read, fault):
    with official_server(TOWN, faults={"_UKSH": [fault]}) as server:
        fetch(empty(tmp_path, server))
    assert len(read[0].addresses) == 63
    assert server.asked[0].path == server.asked[1].path


def test_a_cut_off_file_is_continued_by_the_next_command(tmp_path, read):
    with official_server(TOWN, faults={"_UKSH": cut_off(3000)}) as server:
        workspace = empty(tmp_path, server)
        with pytest.raises(SourceError, match="cut off"):
            fetch(workspace)
        server.faults.clear()
        before = server.sent("_UKSH")
        fetch(workspace)
    # Two tries brought 3,000 bytes each.
    assert server.sent("_UKSH") - before == len(SOUND) - 6000


def test_a_municipality_that_is_none(tmp_path):
    with official_server(TOWN) as server:
        workspace = empty(tmp_path, server, municipality="999999")
        with pytest.raises(NotFoundError, match=r"31\. 5\. 2026|31 May 2026|May 31, 2026"):
            fetch(workspace)
    assert not in_force(workspace)
    assert len(server.asked) == 6


def test_a_file_of_another_municipality_is_not_taken(tmp_path):
    other = town_files(small_town("555555", "Lhota"))["/soucasna/20261031_OB_555555_UKSH.xml.zip"]
    files = town_files(TOWN) | {f"/soucasna/{MAIN}": other}
    with official_server(TOWN, files=files) as server:
        workspace = empty(tmp_path, server)
        with pytest.raises((SourceError, NotFoundError, ParameterError), match="555555"):
            fetch(workspace)
    assert not in_force(workspace)


@pytest.mark.parametrize("when", ["downloading", "reading", "testing", "Writing"])
def test_cancelling_changes_nothing(bundled, when):
    seen = []

    def stop(text, share):
        seen.append(text)
        if text.startswith(when) or (when == "reading" and 0.5 < share < 0.6):
            raise CancelledError("stopped")

    with official_server(TOWN) as server:
        workspace = bundled(server)
        before = in_force(workspace)
        with pytest.raises(CancelledError):
            fetch(workspace, report=stop)
    assert in_force(workspace) == before


def test_only_one_program_fetches_at_a_time(tmp_path, read):
    with official_server(TOWN) as server:
        workspace = empty(tmp_path, server)
        (workspace.layers / DOWNLOADS_DIR).mkdir()
        with (
            FileLock(workspace.layers / DOWNLOADS_DIR / ".lock"),
            pytest.raises(StoreError, match="another program is fetching layers"),
        ):
            fetch(workspace)
        fetch(workspace)


def test_a_directory_that_cannot_be_made(bundled):
    with official_server(TOWN) as server:
        workspace = bundled(server)
        (workspace.layers / DOWNLOADS_DIR).write_text("a file in the way")
        with pytest.raises(StoreError, match="cannot be written"):
            fetch(workspace)


# --- what layers can do without --------------------------------------------------------------


@pytest.mark.parametrize(
    "fault",
    [
        status(404),
        status(503),
        html_page(),
        answer(zipped("a.csv", b"no;address;table\r\n1;2;3\r\n")),
        answer(zipped("x.csv", make_addresses_csv(small_town("555555", "Lhota")))),
        answer(zipped("x.csv", make_addresses_csv(TOWN, swapped=True))),
    ],
    ids=["404", "503", "html-page", "no-table", "other-town", "swapped"],
)
def test_layers_can_do_without_the_table_of_addresses(tmp_path, read, fault):
    with official_server(TOWN, faults={"_ADR": fault}) as server:
        workspace = empty(tmp_path, server)
        change = fetch(workspace)
    assert any(note.startswith("The table of addresses is left out") for note in change.notes)
    assert [source.name for source in change.sources] == [MAIN]
    assert len(read[0].addresses) == 63


def without_zsj():
    return town_files(TOWN, vfr_of=NO_ZSJ)


def test_districts_of_the_map_service(tmp_path, read):
    with official_server(TOWN, files=without_zsj()) as server:
        workspace = empty(tmp_path, server)
        change = fetch(workspace)
    found = read[0].districts.set_index(schema.NAME).geometry
    assert {name: found[name].equals(d.area) for d in TOWN.districts for name in [d.name]} == {
        "Jeseník-střed": True,
        "Za Bělou": True,
        "Bukovice": True,
    }
    assert "The districts (ZSJ) come from RUIAN MapServer (ZSJ)." in change.notes
    source = change.sources[-1]
    assert (source.valid_on, source.citation) == (TODAY, "ČÚZK, RÚIAN k 22. 11. 2026, CC BY 4.0")
    assert not server.sent(STATE)


def test_districts_of_the_file_of_the_state(tmp_path, read):
    with official_server(TOWN, files=without_zsj(), faults={DISTRICTS: status(500)}) as server:
        workspace = empty(tmp_path, server)
        change = fetch(workspace)
    assert list(read[0].districts.geom_type) == ["Polygon"] * 3
    assert STATE in downloads(Workspace(tmp_path, Settings()))  # for the next time
    assert change.sources[-1].name == STATE
    assert change.sources[-1].url.endswith(f"/soucasna/{STATE}")
    assert f"The districts (ZSJ) come from {STATE}." in change.notes


def test_districts_that_only_have_points_are_drawn_by_the_service(tmp_path, read):
    points = replace(
        TOWN,
        districts=(TOWN.districts[0], *(replace(d, area=None) for d in TOWN.districts[1:])),
    )
    with official_server(TOWN, files=town_files(TOWN, vfr_of=points)) as server:
        workspace = empty(tmp_path, server)
        fetch(workspace)
    assert list(read[0].districts.geom_type) == ["Polygon"] * 3
    # One is as the file of 31 October has it, the others are as the service has them today.
    credited = read[0].districts.set_index(schema.NAME)[schema.LAYER_SOURCE]
    assert dict(credited) == {
        "Jeseník-střed": "ČÚZK, RÚIAN k 31. 10. 2026, CC BY 4.0",
        "Za Bělou": "ČÚZK, RÚIAN k 22. 11. 2026, CC BY 4.0",
        "Bukovice": "ČÚZK, RÚIAN k 22. 11. 2026, CC BY 4.0",
    }


def test_districts_of_the_map_service_are_credited_with_their_own_day(tmp_path):
    with official_server(TOWN, files=without_zsj()) as server:
        workspace = empty(tmp_path, server)
        fetch(workspace)
    days = {
        kind: set(read_areas(workspace, kind)[schema.LAYER_SOURCE])
        for kind in (schema.MUNICIPALITY, schema.DISTRICT, schema.STREET)
    }
    assert days == {
        schema.MUNICIPALITY: {"ČÚZK, RÚIAN k 31. 10. 2026, CC BY 4.0"},
        schema.DISTRICT: {"ČÚZK, RÚIAN k 22. 11. 2026, CC BY 4.0"},
        schema.STREET: {"ČÚZK, RÚIAN k 31. 10. 2026, CC BY 4.0"},
    }


def test_layers_can_do_without_districts(tmp_path, read):
    faults = {DISTRICTS: html_page(), "_ST_": status(404)}
    with official_server(TOWN, files=without_zsj(), faults=faults) as server:
        workspace = empty(tmp_path, server)
        change = fetch(workspace)
    assert read[0].districts.empty
    assert any(note.startswith("No districts (ZSJ): ") for note in change.notes)


def test_a_file_of_the_state_without_the_town_is_no_help(tmp_path, read):
    files = without_zsj()
    files[f"/soucasna/{STATE}"] = town_files(NO_ZSJ)[f"/soucasna/{STATE}"]
    with official_server(NO_ZSJ, files=files) as server:
        change = fetch(empty(tmp_path, server))
    assert any("has no districts" in note for note in change.notes)


def test_streets_of_openstreetmap_where_ruian_has_none(tmp_path):
    files = town_files(TOWN, vfr_of=NO_LINES)
    with official_server(TOWN, files=files) as server:
        workspace = empty(tmp_path, server)
        change = fetch(workspace)
    streets = read_areas(workspace, schema.STREET).set_index(schema.AREA_ID)
    assert set(streets.index) == {
        "street:osm-hlavni",
        "street:osm-lipova",
        "street:osm-namesti-miru",
        "street:osm-silnice-ii-453",
        "street:osm-slepa",
        "street:osm-skolni",
        "street:osm-skolni-2",
    }
    assert set(streets[schema.LAYER_SOURCE]) == {"© přispěvatelé OpenStreetMap 20. 11. 2026, ODbL"}
    source = change.version.sources[-1]
    assert source.valid_on == date(2026, 11, 20)
    assert source.url == server.addresses["overpass_url"]
    assert any("the streets are those of OpenStreetMap" in note for note in change.notes)


VILLAGE = town_files(TOWN, vfr_of=replace(TOWN, streets=()))


@pytest.mark.parametrize(
    "fault", [status(429), status(504), html_page(), answer(b'{"remark":"runtime error"}')]
)
def test_layers_can_do_without_streets(tmp_path, read, fault):
    with official_server(TOWN, files=VILLAGE, faults={OVERPASS: fault}) as server:
        change = fetch(empty(tmp_path, server))
    assert change.streets.empty
    assert any("those of OpenStreetMap are missing" in note for note in change.notes)


def test_streets_in_force_stay_when_overpass_fails(tmp_path):
    with official_server(TOWN, files=VILLAGE, faults={OVERPASS: status(504)}) as server:
        workspace = empty(tmp_path, server)
        fetch(workspace)
        assert read_areas(workspace, schema.STREET).empty
        server.faults.clear()
        fetch(workspace)
        server.faults[OVERPASS] = status(504)
        fetch(workspace)
    assert len(read_areas(workspace, schema.STREET)) == 7


def test_openstreetmap_is_not_asked_where_ruian_has_streets(tmp_path, read):
    one = replace(TOWN, streets=(*NO_LINES.streets[:-1], TOWN.streets[-1]))
    assert isinstance(one.streets[0], Street)
    with official_server(TOWN, files=town_files(TOWN, vfr_of=one)) as server:
        workspace = empty(tmp_path, server)
        fetch(workspace)
    assert read[0].streets.geom_type.value_counts().to_dict() == {"LineString": 1}
    assert OVERPASS not in server.paths()


def test_last_day_before():
    assert last_day_before(date(2027, 1, 1)) == date(2026, 12, 31)
