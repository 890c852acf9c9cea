"""Districts from the map service and streets from Overpass, of the invented town."""

import copy
from dataclasses import replace
from datetime import date

import pytest
import shapely
from shapely import LineString, MultiLineString, Polygon, box

from hotspots import schema
from hotspots.errors import CRSError, NotFoundError, SourceError
from hotspots.layers.fetch.asking import new_session
from hotspots.layers.fetch.districts_service import fetch_districts
from hotspots.layers.fetch.overpass import fetch_streets, make_query
from hotspots.layers.fetch.patience import Patience
from hotspots.layers.town_data import CODE, COLUMNS, PART_OF
from tests import official_server as officials
from tests.official_server import Fault, answer, html_page, official_server, status
from tests.ruian import CENTRE, small_town

TOWN = small_town()
UNITS = [unit.code for unit in TOWN.units]
QUERY = f"/{officials.ZSJ_LAYER}/query"
CITATION = "ČÚZK, RÚIAN k 22. 11. 2026, CC BY 4.0"
QUICK = Patience(attempts=2, read_s=5.0, sleep=lambda _s: None)


def districts(server, units=UNITS, patience=QUICK):
    with new_session() as session:
        return fetch_districts(
            server.addresses["districts_url"],
            units,
            citation=CITATION,
            session=session,
            patience=patience,
        )


def streets(server, boundary=TOWN.boundary, patience=QUICK):
    with new_session() as session:
        return fetch_streets(
            server.addresses["overpass_url"], boundary, session=session, patience=patience
        )


def serve(**others):
    return official_server(TOWN, files={}, **others)


def spoilt(monkeypatch, name, change):
    """Let the server answer a question with an answer that `change` has changed."""
    right = getattr(officials, name)

    def wrong(*args):
        values = copy.deepcopy(right(*args))
        change(values)
        return values

    monkeypatch.setattr(officials, name, wrong)


# --- districts -------------------------------------------------------------------------------


@pytest.mark.parametrize(("page_size", "pages"), [(1, 3), (2, 2), (3, 1), (100, 1)])
def test_districts_come_page_by_page(page_size, pages):
    with serve(page_size=page_size) as server:
        served = districts(server)
    frame = served.frame
    assert tuple(frame.columns) == COLUMNS["districts"]
    assert frame.crs.to_epsg() == 5514
    assert list(frame[CODE]) == ["5363851", "5363852", "5363853"]
    assert list(frame[PART_OF]) == ["5363851", "5363851", "5363852"]
    assert list(frame[schema.LAYER_SOURCE]) == [CITATION] * 3
    for district, polygon in zip(TOWN.districts, frame.geometry, strict=True):
        assert polygon.equals(district.area)
    assert len([path for path in server.paths() if path.endswith(QUERY)]) == pages
    assert served.n_bytes == server.sent(officials.DISTRICTS)
    assert served.url.endswith(f"{officials.DISTRICTS}/{officials.ZSJ_LAYER}")


def test_only_districts_of_the_units_asked():
    with serve() as server:
        assert list(districts(server, UNITS[1:]).frame[CODE]) == ["5363853"]


def test_many_units_are_asked_in_several_questions():
    with serve() as server:
        found = districts(server, [*(str(n) for n in range(100_000, 100_120)), *UNITS])
    assert len(found.frame) == 3
    assert max(len(path.path) for path in server.asked) < 2000


@pytest.mark.parametrize("units", [[], ["999999"], ["1) OR (1=1"]])
def test_no_district_of_these_units(units):
    with serve() as server, pytest.raises(NotFoundError, match="has no district of the cadastral"):
        districts(server, units)


def test_layer_and_fields_are_found_by_their_names(monkeypatch):
    def rename(values):
        if "layers" in values:
            ids = {5: "Základní sídelní jednotka - popisky", 7: "ZSJ"}
            for layer in values["layers"]:
                layer["name"] = ids.get(layer["id"], "ZÁKLADNÍ SÍDELNÍ JEDNOTKA")
        if "fields" in values:
            values["fields"][0]["name"] = "KOD"
        for row in values.get("features", ()):
            row["attributes"] = {
                k.upper() if k != "katastralniuzemi" else k: v for k, v in row["attributes"].items()
            }

    spoilt(monkeypatch, "_map_service", rename)
    with serve() as server:
        frame = districts(server).frame
    assert list(frame[schema.NAME]) == ["Jeseník-střed", "Za Bělou", "Bukovice"]


def test_codes_that_are_texts_are_quoted(monkeypatch):
    questions = []

    def as_text(server, path, question):
        values = right(server, path, {k: v.replace("'", "") for k, v in question.items()})
        questions.append(question.get("where"))
        for one in values.get("fields", ()):
            one["type"] = "esriFieldTypeString"
        return values

    right = officials._map_service
    monkeypatch.setattr(officials, "_map_service", as_text)
    with serve() as server:
        assert len(districts(server).frame) == 3
    assert questions[-1] == "katastralniuzemi IN ('5363851','5363852')"


def test_holes_and_islands_are_told_by_their_turn(monkeypatch):
    x, y = CENTRE
    shore, lake, island, pond = (
        box(x - r, y - r, x + r, y + r) for r in (400.0, 300.0, 200.0, 100.0)
    )
    far = box(x + 1000, y, x + 1100, y + 100)
    turns = [(island, -1), (lake, 1), (far, -1), (pond, 1), (shore, -1)]
    rings = [
        [list(c) for c in shapely.geometry.polygon.orient(p, t).exterior.coords] for p, t in turns
    ]

    def redraw(values):
        for row in values.get("features", ())[:1]:
            row["geometry"]["rings"] = rings

    spoilt(monkeypatch, "_map_service", redraw)
    with serve() as server:
        drawn = districts(server).frame.geometry[0]
    assert drawn.is_valid
    assert drawn.equals(shore.difference(lake).union(island.difference(pond)).union(far))


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        (lambda v: v.update(spatialReference={"wkid": 4326}), CRSError, "system 4326, not in"),
        (lambda v: v.pop("spatialReference"), CRSError, "not in EPSG:5514"),
        (
            lambda v: v["features"][0]["geometry"].update(
                rings=[[[17.2, 50.2], [17.3, 50.2], [17.3, 50.3], [17.2, 50.2]]]
            ),
            CRSError,
            "district 5363851 Jeseník-střed lies outside Czechia",
        ),
        (lambda v: v["features"][0].pop("geometry"), SourceError, "has no rings"),
        (
            lambda v: v["features"][0]["geometry"]["rings"].append(
                [[-600000, -1100000], [-599000, -1100000], [-599000, -1099000], [-600000, -1100000]]
            ),
            SourceError,
            "a hole of district 5363851 Jeseník-střed lies outside it",
        ),
        (lambda v: v["features"][0]["geometry"]["rings"][0].pop(), SourceError, "is open"),
        (
            lambda v: v["features"][0]["geometry"]["rings"][0].__setitem__(1, ["NaN", 5]),
            SourceError,
            "is open",
        ),
        (
            lambda v: v["features"][0]["geometry"]["rings"][0].__setitem__(1, ["a", 5]),
            SourceError,
            "are no numbers",
        ),
        (
            lambda v: v["features"][0]["geometry"].update(rings=[[[0, 0]] * 250_001]),
            SourceError,
            "too many points",
        ),
        (
            lambda v: v["features"][0]["attributes"].update(kod=None),
            SourceError,
            "a district without code",
        ),
        (lambda v: v["features"][0].pop("attributes"), SourceError, "without attributes"),
        (lambda v: v.update(features={}), SourceError, "no list of features"),
    ],
)
def test_an_answer_unlike_the_service_is_refused(monkeypatch, change, error, message):
    spoilt(monkeypatch, "_map_service", lambda v: change(v) if "features" in v else None)
    with serve() as server, pytest.raises(error, match=message):
        districts(server)


def test_a_service_without_last_page_is_left(monkeypatch):
    monkeypatch.setattr("hotspots.layers.fetch.districts_service._PAGES", 3)

    def again(values):
        if "features" in values:
            values["exceededTransferLimit"] = True

    spoilt(monkeypatch, "_map_service", again)
    with serve(page_size=1) as server, pytest.raises(SourceError, match="it has no last page"):
        districts(server)


def test_a_service_without_districts(monkeypatch):
    spoilt(monkeypatch, "_map_service", lambda v: v.update(layers=v.get("layers", [])[:1]))
    with serve() as server, pytest.raises(NotFoundError, match="no layer of districts"):
        districts(server)


def test_a_layer_without_cadastral_units(monkeypatch):
    spoilt(monkeypatch, "_map_service", lambda v: v.update(fields=v.get("fields", [])[:2]))
    with serve() as server, pytest.raises(SourceError, match="lack a code or a cadastral unit"):
        districts(server)


JSON = {"Content-Type": "application/json"}


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        (answer(b'{"error":{"code":498,"message":"Invalid token"}}', **JSON), "498 Invalid token"),
        (answer(b'{"error":"no"}', **JSON), "answered with an error: –"),
        (html_page(), "answered with a web page"),
        (answer(b"{broken", **JSON), "something that is no JSON"),
        (answer(b"[" * 100_000, **JSON), "something that is no JSON"),
        (answer(b"[]", **JSON), "JSON of another form"),
        (answer(b"\xff\xfe\xfd", **JSON), "something that is no JSON"),
        (status(503), r"answered 503 .*, after 2 tries\. Try again later"),
        (status(403), r"answered 403 "),
        (status(404), "there is no such file"),
        (Fault(keep=5), "cut off"),
        (Fault(hang_up=True), "does not answer"),
    ],
)
def test_faults_of_the_service(fault, message):
    with (
        serve(faults={QUERY: fault}) as server,
        pytest.raises((SourceError, NotFoundError), match=message),
    ):
        districts(server)


def test_a_service_that_is_busy_once_is_asked_again():
    with serve(faults={QUERY: [status(503)]}) as server:
        assert len(districts(server).frame) == 3


# --- streets ---------------------------------------------------------------------------------


def test_streets_by_name_and_number():
    with serve() as server:
        found = streets(server)
    frame = found.frame
    assert tuple(frame.columns) == COLUMNS["streets"]
    assert frame.crs.to_epsg() == 5514
    assert dict(zip(frame[CODE], frame[schema.NAME], strict=True)) == {
        "osm-hlavni": "Hlavní",
        "osm-lipova": "Lipová",  # its two parts lie 200 m from each other
        "osm-namesti-miru": "Náměstí Míru",
        "osm-silnice-ii-453": "silnice II/453",
        "osm-slepa": "Slepá",
        "osm-skolni": "Školní",  # two streets of one name, more than 500 m apart
        "osm-skolni-2": "Školní",
    }
    assert found.valid_on == date(2026, 11, 20)
    citation = "© přispěvatelé OpenStreetMap 20. 11. 2026, ODbL"
    assert set(frame[schema.LAYER_SOURCE]) == {citation}
    lines = dict(zip(frame[CODE], frame.geometry, strict=True))
    # To and fro through WGS84, a position stays within 2 mm.
    for street in TOWN.streets:
        assert min(line.hausdorff_distance(street.line) for line in lines.values()) < 0.002
    # The road comes from outside and is cut off at the boundary.
    assert lines["osm-silnice-ii-453"].length == pytest.approx(1200, abs=30)
    assert TOWN.boundary.buffer(0.01).covers(lines["osm-silnice-ii-453"])
    assert found.notes == (
        "1 road of OpenStreetMap without name and number (0.1 km) was left out.",
    )


def test_the_question_to_overpass():
    with serve() as server:
        streets(server)
    (asked,) = server.asked
    assert asked.method == "POST"
    assert asked.body.startswith(b"data=%5Bout%3Ajson%5D%5Btimeout%3A60%5D")


def test_the_question_surrounds_the_boundary():
    rough = TOWN.boundary.boundary.segmentize(5.0).buffer(3).union(TOWN.boundary)
    text = make_query(rough)
    numbers = text.split('poly:"')[1].split('"')[0].split()
    lat, lon = [float(n) for n in numbers[::2]], [float(n) for n in numbers[1::2]]
    assert len(lat) < 60
    x, y = (values for values in _to_5514(lon, lat))
    around = Polygon(zip(x, y, strict=True))
    assert around.covers(rough)
    assert rough.buffer(400).covers(around)
    assert "motorway" not in text
    assert text.endswith("out geom;")


def _to_5514(lon, lat):
    from hotspots.crs import to_5514

    return to_5514(lon, lat, crs=4326)


def test_a_boundary_of_several_parts_is_asked_by_its_hull():
    two = box(*TOWN.boundary.bounds).union(box(-540000, -1050000, -539000, -1049000))
    assert make_query(two).count("poly:") == 2


def way(highway, tags, points, **others):
    x, y = CENTRE
    lon, lat = officials.to_wgs84(
        *[officials.np.array(c) for c in zip(*((x + a, y + b) for a, b in points), strict=True)]
    )
    geometry = [{"lat": float(b), "lon": float(a)} for a, b in zip(lon, lat, strict=True)]
    return {
        "type": "way",
        "tags": {"highway": highway, **tags},
        "geometry": geometry,
        **others,
    }


def overpass_says(monkeypatch, elements, **others):
    monkeypatch.setattr(officials, "_overpass", lambda _town: {"elements": elements, **others})


@pytest.mark.parametrize(
    ("highway", "tags", "name"),
    [
        ("residential", {"name": "  Dlouhá\u00a0 ulice "}, "Dlouhá ulice"),
        ("primary", {"ref": "44"}, "silnice I/44"),
        ("secondary", {"ref": "II/453"}, "silnice II/453"),
        ("tertiary", {"ref": "04513;04514"}, "silnice III/04513"),
        ("unclassified", {"ref": "C 12"}, "silnice C 12"),
        ("primary", {"ref": "44", "name": "Lipovská"}, "Lipovská"),
        ("service", {"name": "U Dvora"}, "U Dvora"),
        ("service", {}, None),
        ("service", {"ref": "7"}, None),
        ("motorway", {"name": "D1"}, None),
        ("motorway_link", {"name": "D1"}, None),
        ("construction", {"name": "Budoucí"}, None),
        ("trunk_link", {"name": "Sjezd"}, None),
    ],
)
def test_which_roads_are_streets_and_what_they_are_called(monkeypatch, highway, tags, name):
    line = [(0, 0), (100, 0)]
    overpass_says(monkeypatch, [way(highway, tags, line), way("residential", {"name": "Ž"}, line)])
    with serve() as server:
        found = streets(server).frame
    assert set(found[schema.NAME]) == {"Ž"} | ({name} if name else set())


def test_parts_of_one_name_join_over_other_parts(monkeypatch):
    spans = [(-900, -800), (-400, -300), (100, 200), (-400, -300)]
    overpass_says(
        monkeypatch, [way("residential", {"name": "Dlouhá"}, [(a, 0), (b, 0)]) for a, b in spans]
    )
    with serve() as server:
        (line,) = streets(server).frame.geometry
    # 400 m apart each; what is drawn twice counts once.
    assert line.length == pytest.approx(300, abs=0.01)


def test_names_that_differ_by_accents_only_get_codes_of_their_own(monkeypatch):
    overpass_says(
        monkeypatch,
        [
            way("residential", {"name": name}, [(0, 10 * i), (50, 10 * i)])
            for i, name in enumerate(("Nová", "Nova", "!!", "??"))
        ],
    )
    with serve() as server:
        assert list(streets(server).frame[CODE]) == ["osm-x", "osm-x-2", "osm-nova", "osm-nova-2"]


def test_the_order_of_the_answer_does_not_matter(monkeypatch):
    elements = officials._overpass(TOWN)["elements"]
    with serve() as server:
        first = streets(server).frame
        overpass_says(monkeypatch, elements[::-1])
        second = streets(server).frame
    assert list(first[CODE]) == list(second[CODE])
    for one, other in zip(first.geometry, second.geometry, strict=True):
        assert one.equals(other)


def test_what_is_no_road_is_passed_over(monkeypatch):
    good = way("residential", {"name": "Krátká"}, [(0, 0), (50, 0)])
    overpass_says(
        monkeypatch,
        [
            None,
            {"type": "node", "lat": 1, "lon": 2},
            {"type": "way"},
            {"type": "way", "tags": {"highway": "residential"}, "geometry": [None, None]},
            {**good, "geometry": [{"lat": "x", "lon": 1}, {"lat": 2, "lon": 2}]},
            {**good, "geometry": [{"lat": 1e9, "lon": 1}, {"lat": 2, "lon": 2}]},
            {**good, "geometry": [None, *good["geometry"]]},
            way("residential", {"name": "Cizí"}, [(9000, 0), (9100, 0)]),
        ],
    )
    with serve() as server:
        found = streets(server)
    assert list(found.frame[schema.NAME]) == ["Krátká"]
    assert found.valid_on is None
    assert set(found.frame[schema.LAYER_SOURCE]) == {"© přispěvatelé OpenStreetMap, ODbL"}


def test_no_street_at_all(monkeypatch):
    overpass_says(monkeypatch, [way("residential", {}, [(0, 0), (50, 0)])])
    with serve() as server, pytest.raises(NotFoundError, match="has no named street within"):
        streets(server)


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        (
            answer(b'{"elements":[],"remark":"runtime error: Query timed out in \\"query\\""}'),
            "gave up: runtime error: Query timed out",
        ),
        (answer(b'{"elements":[],"remark":"Query run out of memory error"}'), "gave up"),
        (answer(b'{"version":0.6}'), "does not answer as Overpass does"),
        (html_page(), "answered with a web page"),
        (status(429, Retry_After="3"), "answered 429"),
        (status(504), r"answered 504 .*, after 2 tries"),
        (status(400), r"answered 400 "),
        (Fault(keep=100), "cut off"),
    ],
)
def test_faults_of_overpass(fault, message):
    with (
        serve(faults={officials.OVERPASS: fault}) as server,
        pytest.raises(SourceError, match=message),
    ):
        streets(server)


def test_a_busy_overpass_gets_more_time():
    waits = []
    patience = Patience(attempts=3, sleep=waits.append)
    with serve(faults={officials.OVERPASS: [status(504), status(429)]}) as server:
        streets(server, patience=patience)
    assert 15.0 <= sum(waits) <= 22.5  # 5 s and 10 s, each up to half as much longer


def test_a_street_in_pieces_keeps_them(monkeypatch):
    overpass_says(
        monkeypatch,
        [
            way("residential", {"name": "Lomená"}, [(0, 0), (100, 0)]),
            way("residential", {"name": "Lomená"}, [(100, 0), (100, 50)]),
            way("footway", {"name": "Lomená"}, [(100, 200), (100, 250)]),
        ],
    )
    with serve() as server:
        (line,) = streets(server).frame.geometry
    x, y = CENTRE
    wanted = MultiLineString(
        [
            LineString([(x, y), (x + 100, y), (x + 100, y + 50)]),
            LineString([(x + 100, y + 200), (x + 100, y + 250)]),
        ]
    )
    assert line.hausdorff_distance(wanted) < 0.002
    assert len(shapely.get_parts(line)) == 2


def test_tangled_roads_are_left_out_with_a_note(monkeypatch):
    places = officials.np.random.default_rng(0).uniform(-300, 300, (1_500, 2))
    apart = [places[k : k + 38] for k in range(0, 380, 38)]  # each of them could be a street
    overpass_says(
        monkeypatch,
        [
            way("residential", {"name": "Klikatá"}, places),
            *(way("residential", {"name": "Po kouscích"}, piece) for piece in apart),
            way("residential", {"name": "Rovná\u202e\x9b" + "á" * 300}, [(0, 0), (90, 0)]),
        ],
    )
    with serve() as server:
        found = streets(server)
    assert list(found.frame[schema.NAME]) == ["Rovná" + "á" * 195]
    assert any("2 streets of OpenStreetMap were left out" in note for note in found.notes)
    assert any("Klikatá, Po kouscích" in note for note in found.notes)


def test_names_of_districts_have_only_what_can_be_seen():
    first = replace(TOWN.districts[0], name="\u202eStřed\u0085\x9b město\u200b")
    town = replace(TOWN, districts=(first, *TOWN.districts[1:]))
    with official_server(town, files={}) as server:
        frame = districts(server).frame
    assert "Střed město" in set(frame[schema.NAME])


def test_a_tangled_boundary_is_not_asked_for():
    places = officials.np.random.default_rng(0).uniform(-800, 800, (2_000, 2))
    with (
        serve() as server,
        pytest.raises(SourceError, match="crosses itself too often"),
    ):
        streets(server, boundary=Polygon(places + officials.np.array(CENTRE)))
