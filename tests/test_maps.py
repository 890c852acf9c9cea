"""The time map as a page: what stands in it, what it asks for, and hostile names."""

import json
import re
from dataclasses import replace
from datetime import date
from html import unescape

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from shapely.geometry import LineString, Point, box

from hotspots import schema
from hotspots.aggregate import CountTable, Tally
from hotspots.analysis.situation import Situation
from hotspots.analysis.words import detail
from hotspots.errors import ParameterError, StoreError
from hotspots.finding import Finding
from hotspots.maps.background import tile_hosts
from hotspots.maps.payload import sparse_rows, to_json
from hotspots.maps.shapes import PER_DEGREE, Encoder, drawn_shapes, first_view
from hotspots.maps.time_map import MapLayers, build_map, render_html, write_map
from hotspots.periods import Span, list_periods
from hotspots.selection import Selection

X0, Y0 = -543_500.0, -1_050_800.0
HOSTILE = (
    "<img src=x onerror=window.hit=1>",
    "</script><script>window.hit=2</script>",
    "{{ 7*7 }}{% for x in y %}",
    "\"'`;window.hit=3;//\u2028\u2029",
    "\u202eשלום dlrow",
    "Ulice " + "velmi dlouhého jména " * 12,
)


CREDITS = ("drawn by hand", "ČÚZK, RÚIAN k 31. 10. 2026, CC BY 4.0", "</p><b>OSM")


def make_areas(names, *, kind=schema.STREET, residents=np.nan):
    n = len(names)
    cells = [box(X0 + 200 * k, Y0, X0 + 200 * k + 150, Y0 + 100) for k in range(n)]
    return gpd.GeoDataFrame(
        {
            schema.AREA_ID: [f"a{k:02d}" for k in range(n)],
            schema.NAME: list(names),
            schema.KIND: kind,
            schema.RESIDENTS: np.full(n, residents, dtype=float),
            schema.RESIDENTS_YEAR: np.full(n, 2021.0),
            schema.AREA_KM2: [cell.area / 1e6 for cell in cells],
            schema.LENGTH_M: np.full(n, 150.0 if kind == schema.STREET else np.nan),
            schema.DERIVED: True,
            schema.PRECISION_M: 30.0,
            schema.LAYER_SOURCE: "drawn by hand",
            schema.GEOMETRY: cells,
        },
        crs=5514,
    )


def make_situation(
    counts, *, record=None, off=None, names=None, kind=schema.STREET, residents=np.nan
):
    """Return a situation of n areas × m months from January 2023 with these counts."""
    counts = np.asarray(counts, dtype=np.int64)
    n, m = counts.shape
    areas = make_areas(names or [f"Ulice {k}" for k in range(n)], kind=kind, residents=residents)
    end = date(2023 + (m - 1) // 12, (m - 1) % 12 + 1, 28)
    periods = list_periods(Span(date(2023, 1, 1), end), every="month")
    record = tuple(record or [schema.RECORDED] * m)
    days = np.array(
        [
            p.n_days if state == schema.RECORDED else 0
            for p, state in zip(periods, record, strict=True)
        ]
    )
    off = np.zeros(m, dtype=np.int64) if off is None else np.asarray(off, dtype=np.int64)
    full = counts * np.array([state == schema.RECORDED for state in record])
    inside = int(counts.sum())
    table = CountTable(
        areas=areas,
        periods=periods,
        counts=counts,
        full_counts=full,
        off_areas=off,
        too_coarse=np.zeros_like(off),
        record=record,
        recorded_days=days,
        tally=Tally(inside + int(off.sum()) + 3, inside, int(off.sum()), 2, 1, 0),
    )
    span = Span(periods[0].start, periods[-1].end)
    finding = Finding(
        sentence="Most incidents fall on <one> street & no other.",
        detail="All in all.",
        span=span,
        period_text="the months",
        area_kind="streets",
        measure="count",
        method="Counted by area.",
        sources=("Town police <2023>",),
        gaps=(),
        notes=("Nothing left out.",),
        approximate=True,
        boundaries=CREDITS,
    )
    return Situation(
        selection=Selection(by=kind),
        span=span,
        table=table,
        finding=finding,
        sources=(),
        left_out=(),
        by_offence={},
        clock=np.zeros((7, 24), dtype=np.int64),
        clock_unknown=0,
        town=counts.sum(axis=0) + off,
    )


def make_layers(situation, *, places=("Nádraží",), localities=()):
    areas = situation.table.areas
    axes = gpd.GeoDataFrame(
        {
            schema.AREA_ID: areas[schema.AREA_ID],
            schema.GEOMETRY: [
                LineString([(X0 + 200 * k, Y0 + 50), (X0 + 200 * k + 150, Y0 + 50 + 10 * k)])
                for k in range(len(areas))
            ],
        },
        crs=5514,
    )
    return MapLayers(
        axes=axes if situation.selection.by == schema.STREET else None,
        roads=axes,
        boundary=box(X0 - 500, Y0 - 500, X0 + 2000, Y0 + 900),
        places=gpd.GeoDataFrame(
            {schema.NAME: list(places), schema.GEOMETRY: [Point(X0, Y0 + 300)] * len(places)},
            crs=5514,
        ),
        localities=gpd.GeoDataFrame(
            {
                schema.NAME: list(localities),
                schema.GEOMETRY: [box(X0, Y0, X0 + 300, Y0 + 300)] * len(localities),
            },
            crs=5514,
        ),
    )


@pytest.fixture
def small():
    return make_situation([[1, 0, 4, 0], [0, 0, 2, 1], [0, 0, 0, 0]], off=[1, 0, 0, 2])


def data_of(page):
    found = re.search(r'<script type="application/json"[^>]*>(.*?)</script>', page, re.DOTALL)
    return json.loads(found[1])


def test_a_page_holds_finding_data_and_sources(small):
    page = render_html(build_map(small, make_layers(small), language="en"))
    assert page.startswith("<!DOCTYPE html>")
    assert '<html lang="en">' in page
    assert "<h1>Most incidents fall on &lt;one&gt; street &amp; no other.</h1>" in page
    assert "Town police &lt;2023&gt;" in page
    assert "boundaries: approximate, off by up to 30 m" in page
    data = data_of(page)
    assert data["areas"]["counts"] == [[0, 1, 2, 4], [2, 2, 1, 1], []]
    assert data["offAreas"] == [1, 0, 0, 2]
    assert data["town"] == [2, 0, 6, 3]
    assert data["measures"] == ["count", "density"]
    assert data["start"] == {"measure": "count", "window": 1, "index": 3}
    assert data["windows"] == [1, 3, "all"]
    assert data["breaks"]["count"]["1"] == [1, 2]


def test_every_map_credits_what_it_draws(small, tmp_path):
    written = tmp_path / "map.html"
    write_map(small, make_layers(small), written, background="osm")
    shown = [
        written.read_text(encoding="utf-8"),
        render_html(build_map(small, make_layers(small), background="osm")),
        render_html(
            build_map(
                small,
                make_layers(small),
                embedded=True,
                assets="linked",
                nonce="n",
                background="osm",
            )
        ),
    ]
    for page in shown:
        corner = re.search(r'<p class="hs-credit">(.*?)</p>', page)[1]
        assert unescape(corner) == " · ".join([*CREDITS, "© OpenStreetMap contributors, ODbL"])
        assert "</p><b>" not in page
    about = re.search(r"<footer.*?</footer>", shown[0], re.DOTALL)[0]
    assert "; ".join(CREDITS) in unescape(about)
    # The credits stay when a map is printed.
    hidden = re.search(r"@media print \{\s*\.hs :is\(([^)]*)\)", shown[0])[1]
    assert "hs-credit" not in hidden
    assert "hs-about" not in hidden


def test_a_map_without_anything_to_credit_has_no_empty_corner(small):
    situation = replace(small, finding=replace(small.finding, boundaries=()))
    page = render_html(build_map(situation, make_layers(situation)))
    assert '<p class="hs-credit">' not in page


@pytest.mark.parametrize(
    ("kind", "source", "derived", "said"),
    [
        (schema.STREET, "RÚIAN", True, "streets; boundaries: approximate, off by up to 30 m"),
        (schema.STREET, "ČÚZK, RÚIAN", False, "streets; boundaries: computed from official lines"),
        (schema.STREET, "a.gpkg", False, "boundaries: computed from the town's own lines"),
        (schema.DISTRICT, "ČÚZK, RÚIAN", False, "streets; boundaries: official"),
        (schema.QUARTER, "a.gpkg", False, "streets; boundaries: drawn by the town"),
    ],
)
def test_a_map_says_whose_its_boundaries_are(kind, source, derived, said):
    situation = make_situation([[1, 2]], kind=kind)
    situation.table.areas[schema.LAYER_SOURCE] = source
    situation = replace(situation, finding=replace(situation.finding, approximate=derived))
    page = unescape(render_html(build_map(situation, make_layers(situation), language="en")))
    assert said in page


def test_a_town_without_streets_has_its_map():
    situation = make_situation([[1, 2]], kind=schema.DISTRICT)
    drawn = make_layers(situation)
    for roads in (None, drawn.roads.iloc[:0]):
        page = render_html(build_map(situation, replace(drawn, axes=None, roads=roads)))
        assert data_of(page)["geo"].get("roads") is None


def test_shares_not_placed_are_told(small):
    page = unescape(render_html(build_map(small, make_layers(small), language="en")))
    assert re.search(r"Of 14 selected: 3 off .*\(21\.4%\), 2 outside the town \(14\.3%\)", page)


def test_the_page_names_no_other_host(small):
    page = render_html(build_map(small, make_layers(small)))
    markup = re.sub(r"<script nonce.*?</script>|<style nonce.*?</style>", "", page, flags=re.DOTALL)
    assert "//" not in markup.replace("http-equiv", "")
    assert "src=" not in markup
    assert "default-src 'none'" in unescape(page)
    assert not re.search(r"\son\w+=", markup)


def test_every_script_and_style_carries_the_nonce(small):
    page = render_html(
        build_map(
            small, make_layers(small), nonce="abc", assets="linked", asset_url="/m/", embedded=True
        )
    )
    assert re.findall(r"<(?:script|style)(?![^>]*nonce=\"abc\")[^>]*>", page) == []
    assert re.findall(r'src="([^"]+)"', page)[0].startswith("/m/leaflet.js?v=")
    assert "Content-Security-Policy" not in page
    assert "<h1>" not in page
    assert '<div class="hs-table">' not in page
    assert "<main" not in page


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_stay_text(name):
    situation = make_situation([[1, 2]], names=[name])
    page = render_html(build_map(situation, make_layers(situation, places=[name])))
    assert data_of(page)["areas"]["name"] == [name]
    assert "<img" not in page
    assert "<script>window" not in page
    assert page.count("</script>") == len(re.findall(r"<script[ >]", page))


def test_json_is_safe_inside_a_script():
    written = to_json({"a": "</script><!-- & \u2028"})
    assert not set("<>&\u2028") & set(written)
    assert json.loads(written) == {"a": "</script><!-- & \u2028"}


def test_same_input_gives_the_same_file(small, tmp_path):
    write_map(small, make_layers(small), tmp_path / "a.html")
    write_map(small, make_layers(small), tmp_path / "b.html")
    assert (tmp_path / "a.html").read_bytes() == (tmp_path / "b.html").read_bytes()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.html", "b.html"]


def test_a_failed_write_leaves_the_old_file(small, tmp_path, monkeypatch):
    target = tmp_path / "map.html"
    target.write_text("old")

    def fail(self, other):
        raise OSError("disk full")

    monkeypatch.setattr("pathlib.Path.replace", fail)
    with pytest.raises(StoreError, match="disk full"):
        write_map(small, make_layers(small), target)
    assert target.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["map.html"]


def test_it_opens_at_the_last_period_with_record():
    situation = make_situation(
        [[1, 2, 0, 0]], record=["recorded", "recorded", "missing", "missing"]
    )
    data = data_of(render_html(build_map(situation, make_layers(situation))))
    assert data["start"]["index"] == 1
    assert data["periods"]["record"] == [2, 2, 0, 0]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"measure": "rate"}, "measure must be one of count, density here, got 'rate'"),
        ({"window": 2}, "window must be one of 1, 3, 6, 12, all, got '2'"),
        ({"index": 4}, "index must be from 0 to 3, got 4"),
        ({"language": "de"}, "language must be one of cs, en, got 'de'"),
        ({"assets": "cdn"}, "assets must be one of inline, linked, got 'cdn'"),
        ({"background": "sea"}, "background must be one of none, cuzk, osm, got 'sea'"),
    ],
)
def test_wrong_options_are_named(small, options, message):
    with pytest.raises(ParameterError, match=message):
        build_map(small, make_layers(small), **options)


def test_a_window_longer_than_the_data_is_all(small):
    data = data_of(render_html(build_map(small, make_layers(small), window="12")))
    assert data["start"]["window"] == "all"


def test_tiles_are_allowed_by_the_policy_and_credited(small):
    page = unescape(render_html(build_map(small, make_layers(small), background="osm")))
    assert "img-src data: https://tile.openstreetmap.org;" in page
    assert "OpenStreetMap contributors" in page
    assert tile_hosts("none") == ()
    assert tile_hosts("cuzk") == ("https://ags.cuzk.gov.cz",)


def test_czech_texts(small):
    data = data_of(render_html(build_map(small, make_layers(small), language="cs")))
    assert data["windowNames"] == ["1 měsíc", "3 měsíce", "vše"]
    assert data["texts"]["noData"] == "bez záznamu"
    assert data["texts"]["incidents"] == [
        "{n} událost ve městě",
        "{n} události ve městě",
        "{n} událostí ve městě",
    ]


def test_a_map_without_record_counts_nothing():
    situation = make_situation([[0, 0]], record=["missing"] * 2)
    table = replace(situation.table, tally=Tally(2, 0, 0, 0, 0, 2))
    told = detail(table, situation.selection.by)
    assert told == "no record · 2 incidents on days without record are not counted"
    situation = replace(situation, table=table, finding=replace(situation.finding, detail=told))
    page = render_html(build_map(situation, make_layers(situation), language="en"))
    assert page.count(told) == 2  # above the map, and where it says what is not on it
    assert "All in all." not in page
    assert "Of 2 selected" not in page


def test_segments_send_the_name_of_their_street(small):
    areas = small.table.areas.assign(
        area_id=["s/001", "s/002", "t/001"],
        kind=schema.SEGMENT,
        name=["A, B", "A, B", "C"],
        segment_number=[1, 2, 1],
    )
    situation = replace(
        small, selection=Selection(by=schema.SEGMENT), table=replace(small.table, areas=areas)
    )
    data = data_of(render_html(build_map(situation, make_layers(situation), language="en")))
    assert data["areas"]["street"] == ["A, B", "A, B", "C"]
    assert data["areas"]["name"][0] == "A, B, segment 1"
    plain = data_of(render_html(build_map(small, make_layers(small), language="en")))
    assert plain["areas"]["street"] is None


def test_a_file_says_why_areas_have_no_rate():
    situation = make_situation([[1], [2]], kind=schema.DISTRICT, residents=500.0)
    situation.table.areas.loc[1, schema.RESIDENTS] = 99.0
    page = render_html(build_map(situation, make_layers(situation), language="en"))
    assert "1 area with fewer than 100 residents has no rate" in page
    names = data_of(page)["texts"]["measures"]
    assert names["rate"] == "per 1,000 residents a year"


def test_an_empty_table_is_a_map():
    situation = make_situation(np.zeros((0, 2), dtype=int))
    data = data_of(render_html(build_map(situation, make_layers(situation))))
    assert data["areas"]["name"] == []
    assert len(data["geo"]["view"]) == 2


# --- geometry ------------------------------------------------------------------------------
def test_geometry_comes_back_within_a_decimetre():
    line = LineString([(X0, Y0), (X0 + 120, Y0 + 30), (X0 + 300, Y0 - 40)])
    part = Encoder((17.2, 50.2)).geometry(line)[1]
    lon = 17.2 + np.cumsum(part[0::2]) / PER_DEGREE
    lat = 50.2 + np.cumsum(part[1::2]) / PER_DEGREE
    back = gpd.GeoSeries(gpd.points_from_xy(lon, lat), crs=4326).to_crs(5514)
    for point, (x, y) in zip(back, line.coords, strict=True):
        assert point.distance(Point(x, y)) < 0.1


def test_streets_without_a_line_are_dots(small):
    axes = make_layers(small).axes.iloc[[0]]
    axes = pd.concat([axes, axes.assign(area_id="a01", geometry=[Point(X0, Y0)])])
    shapes = drawn_shapes(small.table.areas, MapLayers(axes=axes))
    assert [shape.geom_type for shape in shapes] == ["MultiLineString", "Point", "Point"]
    assert small.table.areas.geometry[2].contains(shapes[2])


def test_the_first_view_holds_the_densest_polygons():
    centre = box(X0, Y0, X0 + 300, Y0 + 300)
    forest = box(X0 + 300, Y0, X0 + 9000, Y0 + 9000)
    whole = first_view([centre, forest], [95, 5], None)
    assert whole == first_view([centre], [95], None)
    both = first_view([centre, forest], [60, 40], None)
    assert both[1][1] - both[0][1] > 10 * (whole[1][1] - whole[0][1])


def test_the_first_view_leaves_out_thin_ends():
    busy = LineString([(X0, Y0), (X0 + 100, Y0 + 100)])
    far = LineString([(X0 + 9000, Y0), (X0 + 9100, Y0 + 100)])
    both = first_view([busy, far], [99, 1], None)
    only = first_view([busy], [99], None)
    everything = first_view([busy, far], [0, 0], None)
    assert both[1][1] < only[1][1] + 0.001
    assert everything[1][1] > both[1][1] + 0.1
    assert first_view([], [], None) == []


def test_rows_are_sent_as_gaps_and_counts():
    # By hand: the second row is empty, the last begins in the first period.
    counts = np.array([[0, 0, 3, 1], [0, 0, 0, 0], [0, 5, 0, 0], [2, 0, 0, 7]])
    assert sparse_rows(counts) == [[2, 3, 1, 1], [], [1, 5], [0, 2, 3, 7]]
    assert sparse_rows(np.zeros((2, 0), dtype=np.int64)) == [[], []]
    assert sparse_rows(np.zeros((0, 3), dtype=np.int64)) == []
