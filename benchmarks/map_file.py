"""Size and first paint of a map file, beside folium's own ways of showing time.

100 streets × 108 months × 1,000 incidents, drawn by this project's map and by folium's
TimestampedGeoJson and TimeSliderChoropleth with the same streets, months, counts and colours,
without background tiles. The peers' scripts and styles come from npm (`npm pack`, into a
temporary directory) and are handed to the browser from memory; what npm does not have is handed
out empty, in the peers' favour. Run: ``python benchmarks/map_file.py``.
"""

import re
import shutil
import statistics
import subprocess
import sys
import tarfile
import tempfile
from datetime import date
from pathlib import Path

import folium
import geopandas as gpd
import numpy as np
from folium.plugins import TimeSliderChoropleth, TimestampedGeoJson
from playwright.sync_api import Browser, Route, sync_playwright
from shapely.geometry import LineString, mapping

from hotspots import schema
from hotspots.aggregate import CountTable, Tally
from hotspots.analysis.situation import Situation
from hotspots.finding import Finding
from hotspots.maps.classes import PALETTE, ZERO_COLOUR, class_breaks, classify
from hotspots.maps.time_map import MapLayers, build_map, render_html
from hotspots.periods import Span, list_periods
from hotspots.selection import Selection

N_STREETS, N_MONTHS, N_INCIDENTS = 100, 108, 1000
ROUNDS = 5
HOME = "http://map.test/"
# A part of each address folium asks for → npm package and file.
PEER_FILES = {
    "npm/leaflet@1.9.3/dist/leaflet.js": ("leaflet@1.9.3", "dist/leaflet.js"),
    "npm/leaflet@1.9.3/dist/leaflet.css": ("leaflet@1.9.3", "dist/leaflet.css"),
    "jquery-3.7.1.min.js": ("jquery@3.7.1", "dist/jquery.min.js"),
    "jquery/3.7.1/jquery.min.js": ("jquery@3.7.1", "dist/jquery.min.js"),
    "jqueryui/1.10.2": ("jquery-ui-dist@1.12.1", "jquery-ui.min.js"),
    "bootstrap.bundle.min.js": ("bootstrap@5.2.2", "dist/js/bootstrap.bundle.min.js"),
    "bootstrap@5.2.2/dist/css": ("bootstrap@5.2.2", "dist/css/bootstrap.min.css"),
    "fontawesome-free@6.2.0": ("@fortawesome/fontawesome-free@6.2.0", "css/all.min.css"),
    "leaflet.awesome-markers.js": (
        "leaflet.awesome-markers@2.0.5",
        "dist/leaflet.awesome-markers.js",
    ),
    "leaflet.awesome-markers.css": (
        "leaflet.awesome-markers@2.0.5",
        "dist/leaflet.awesome-markers.css",
    ),
    "iso8601-js-period": ("iso8601-js-period@0.2.1", "iso8601.js"),
    "leaflet.timedimension.min.js": (
        "leaflet-timedimension@1.1.1",
        "dist/leaflet.timedimension.min.js",
    ),
    "leaflet.timedimension.control.css": (
        "leaflet-timedimension@1.1.1",
        "dist/leaflet.timedimension.control.css",
    ),
    "moment.js/2.18.1": ("moment@2.18.1", "min/moment.min.js"),
    "d3.v4.min.js": ("d3@4.13.0", "build/d3.min.js"),
}
# Time until as many areas are painted as the page shows first; two frames after they exist.
WATCH = """
(() => {
  const look = () => {
    const paths = document.querySelectorAll(".leaflet-pane path.leaflet-interactive");
    if (paths.length < 100) return requestAnimationFrame(look);
    const done = () => { window.painted = performance.now(); };
    requestAnimationFrame(() => requestAnimationFrame(done));
  };
  requestAnimationFrame(look);
})();
"""


def make_town() -> tuple[Situation, MapLayers]:
    """Return a made-up town: wiggly streets, few of them hot."""
    rng = np.random.default_rng(20)
    starts = rng.uniform([-545_000, -1_052_500], [-542_000, -1_049_500], (N_STREETS, 2))
    bearing = rng.uniform(0, 2 * np.pi, N_STREETS)
    turns = rng.normal(0, 0.25, (N_STREETS, 9)).cumsum(axis=1) + bearing[:, None]
    steps = 50 * np.stack([np.cos(turns), np.sin(turns)], axis=-1)
    points = np.concatenate([starts[:, None, :], starts[:, None, :] + steps.cumsum(axis=1)], axis=1)
    lines = [LineString(line) for line in points]
    weight = rng.pareto(1.2, N_STREETS)
    where = rng.choice(N_STREETS, N_INCIDENTS, p=weight / weight.sum())
    counts = np.zeros((N_STREETS, N_MONTHS), dtype=np.int64)
    np.add.at(counts, (where, rng.integers(0, N_MONTHS, N_INCIDENTS)), 1)
    areas = gpd.GeoDataFrame(
        {
            schema.AREA_ID: [f"s{k:03d}" for k in range(N_STREETS)],
            schema.NAME: [f"Dlouhá ulice {k}" for k in range(N_STREETS)],
            schema.KIND: schema.STREET,
            schema.RESIDENTS: np.nan,
            schema.RESIDENTS_YEAR: np.nan,
            schema.AREA_KM2: 0.027,
            schema.LENGTH_M: 450.0,
            schema.DERIVED: True,
            schema.PRECISION_M: 30.0,
            schema.LAYER_SOURCE: "made up",
            schema.GEOMETRY: [line.buffer(12, quad_segs=2).simplify(2) for line in lines],
        },
        crs=5514,
    )
    span = Span(date(2016, 1, 1), date(2024, 12, 31))
    periods = list_periods(span, every="month")
    none = np.zeros(N_MONTHS, dtype=np.int64)
    table = CountTable(
        areas,
        periods,
        counts,
        counts,
        none,
        none,
        (schema.RECORDED,) * N_MONTHS,
        np.array([period.n_days for period in periods]),
        Tally(N_INCIDENTS, N_INCIDENTS, 0, 0, 0, 0),
    )
    finding = Finding(
        "A made-up town.", "", span, "2016–2024", "streets", "count", "counted", ("made up",)
    )
    clock = np.zeros((7, 24), dtype=np.int64)
    town = Situation(Selection(), span, table, finding, (), (), {}, clock, 0, counts.sum(axis=0))
    axes = gpd.GeoDataFrame({schema.AREA_ID: areas.area_id, schema.GEOMETRY: lines}, crs=5514)
    return town, MapLayers(axes=axes, roads=axes)


def colours_of(town: Situation) -> np.ndarray:
    """Return the colour of every street in every month, shape (n, m)."""
    counts = town.table.counts.astype(float)
    classes = classify(counts, class_breaks(counts, measure="count"))
    return np.array([ZERO_COLOUR, *PALETTE])[classes]


def peer_map() -> folium.Map:
    """Return folium's map of the place, without tiles."""
    return folium.Map([50.229, 17.2], zoom_start=14, tiles=None)


def timestamped(town: Situation, layers: MapLayers) -> str:
    """Return the page of folium's TimestampedGeoJson: a feature per street and month."""
    colours, counts = colours_of(town), town.table.counts
    shapes = [mapping(shape) for shape in layers.axes.to_crs(4326).geometry.set_precision(1e-6)]
    features = [
        {
            "type": "Feature",
            "geometry": shapes[row],
            "properties": {
                "times": [period.start.isoformat()] * len(shapes[row]["coordinates"]),
                "popup": f"{name}: {counts[row, month]}",
                "style": {"color": colours[row, month], "weight": 6},
            },
        }
        for month, period in enumerate(town.table.periods)
        for row, name in enumerate(town.table.areas.name)
    ]
    chart = peer_map()
    TimestampedGeoJson(
        {"type": "FeatureCollection", "features": features},
        period="P1M",
        duration="P1D",
        auto_play=False,
        add_last_point=False,
    ).add_to(chart)
    return chart.get_root().render()


def time_slider(town: Situation, _layers: MapLayers) -> str:
    """Return the page of folium's TimeSliderChoropleth: polygons, a style per month."""
    colours = colours_of(town)
    areas = town.table.areas[[schema.NAME, schema.GEOMETRY]].to_crs(4326)
    areas = areas.set_geometry(areas.geometry.set_precision(1e-6))
    stamps = [int(np.datetime64(p.start, "s").astype(int)) for p in town.table.periods]
    styles = {
        str(row): {
            str(stamp): {"color": colours[row, month], "opacity": 0.9}
            for month, stamp in enumerate(stamps)
        }
        for row in range(len(areas))
    }
    chart = peer_map()
    TimeSliderChoropleth(areas.to_json(), styledict=styles).add_to(chart)
    return chart.get_root().render()


def fetch_peer_files(directory: Path) -> dict[str, bytes]:
    """Fetch every file of `PEER_FILES` from npm; return them by their part of the address."""
    npm = shutil.which("npm")
    if npm is None:
        sys.exit("npm is needed to fetch the peers' scripts")
    archives: dict[str, Path] = {}
    files = {}
    for part, (package, path) in PEER_FILES.items():
        if package not in archives:
            packed = subprocess.run(
                [npm, "pack", "--silent", package],
                cwd=directory,
                check=True,
                capture_output=True,
                text=True,
            )
            archives[package] = directory / packed.stdout.split()[-1]
        with tarfile.open(archives[package]) as archive:
            inside = next((m for m in archive if m.name.split("/", 1)[-1] == path), None)
            content = archive.extractfile(inside) if inside else None
            if content is None:
                sys.exit(f"{package} has no {path}")
            files[part] = content.read()
    return files


def assets_of(page: str, files: dict[str, bytes]) -> dict[str, bytes]:
    """Return the scripts and styles that a page links, by address; unknown ones are empty."""
    links = re.findall(r'<(?:script src|link rel="stylesheet" href)="(https?://[^"]+)"', page)
    return {link: next((files[p] for p in files if p in link), b"") for link in links}


def first_paint_ms(browser: Browser, page: str, assets: dict[str, bytes]) -> float:
    """Return the time from asking for the page until its areas are painted [ms]."""
    context = browser.new_context(viewport={"width": 1440, "height": 900})

    def answer(route: Route) -> None:
        url = route.request.url
        if url == HOME:
            route.fulfill(body=page, content_type="text/html; charset=utf-8")
        elif url in assets:
            kind = "text/css" if url.endswith(".css") else "text/javascript"
            route.fulfill(body=assets[url], content_type=kind)
        else:
            route.fulfill(body=b"")

    context.route("**/*", answer)
    context.add_init_script(WATCH)
    tab = context.new_page()
    tab.goto(HOME, wait_until="commit")
    # Asked again and again from outside, since the page's policy forbids it to evaluate text.
    while not (painted := tab.evaluate("window.painted || 0")):
        tab.wait_for_timeout(50)
    context.close()
    return float(painted)


def main() -> None:
    """Print sizes, times and ratios."""
    chromium = shutil.which("chromium")
    if chromium is None:
        sys.exit("chromium is needed to measure the first paint")
    town, layers = make_town()
    whole = render_html(build_map(town, layers))
    alone = render_html(build_map(town, layers, assets="linked"))
    peers = {
        "TimestampedGeoJson": timestamped(town, layers),
        "TimeSliderChoropleth": time_slider(town, layers),
    }
    with tempfile.TemporaryDirectory() as name:
        files = fetch_peer_files(Path(name))
    pages = {"ours": (whole, {}), **{k: (p, assets_of(p, files)) for k, p in peers.items()}}
    times: dict[str, list[float]] = {name: [] for name in pages}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium, args=["--no-sandbox", "--disable-gpu", "--disable-quic"]
        )
        for _round in range(ROUNDS + 1):
            for name, (page, assets) in pages.items():
                times[name].append(first_paint_ms(browser, page, assets))
        browser.close()
    medians = {name: statistics.median(found[1:]) for name, found in times.items()}
    ours_all, ours_html = len(whole.encode()), len(alone.encode())
    print(f"{N_STREETS} streets × {N_MONTHS} months × {N_INCIDENTS} incidents")
    print(f"{'':22}{'HTML':>12}{'HTML+assets':>14}{'first paint':>14}")
    print(f"{'this map':22}{ours_html:>12,}{ours_all:>14,}{medians['ours']:>11.0f} ms")
    for name, page in peers.items():
        alone_bytes = len(page.encode())
        all_bytes = alone_bytes + sum(map(len, pages[name][1].values()))
        print(f"{name:22}{alone_bytes:>12,}{all_bytes:>14,}{medians[name]:>11.0f} ms")
        ratios = (alone_bytes / ours_html, all_bytes / ours_all, medians[name] / medians["ours"])
        html, with_assets, time = (f"1 : {ratio:.1f}" for ratio in ratios)
        print(f"{'  this map to it':22}{html:>12}{with_assets:>14}{time:>14}")


if __name__ == "__main__":
    main()
