"""The map in a real Chromium: time, table, keyboard, drag, hatching, narrow screens, messages."""

import http.server
import json
import re
import threading
from pathlib import Path

import numpy as np
import pytest

from hotspots.maps.assets import asset_file
from hotspots.maps.time_map import build_map, render_html, write_map
from hotspots.maps.windows import window_values
from tests.test_maps import HOSTILE, make_layers, make_situation

DOCUMENT = Path(__file__).parents[2] / "docs" / "maps.md"
pytestmark = pytest.mark.browser

RECORD = ["recorded"] * 6 + ["missing"] * 3 + ["partial"] + ["recorded"] * 8
COUNTS = np.random.default_rng(7).poisson(0.8, (8, 18)) * (np.array(RECORD) != "missing")
OFF = [1] * 6 + [0] * 3 + [2] * 9
LIVE = ".hs[data-ready=true]"


@pytest.fixture(scope="module")
def situation():
    return make_situation(COUNTS, record=RECORD, off=OFF)


@pytest.fixture
def page(situation, tmp_path, open_page):
    target = tmp_path / "map.html"
    write_map(
        situation, make_layers(situation, localities=["Dolní"]), target, language="en", index=0
    )
    opened = open_page(target.as_uri())
    opened.wait_for_selector(LIVE)
    return opened


def read_table(page):
    """Return the counts in the table by area row, and the totals."""
    return page.evaluate(
        """() => {
          const rows = {};
          for (const tr of document.querySelectorAll("tbody tr"))
            rows[tr.dataset.area] = tr.querySelector("td").textContent;
          const totals = {};
          for (const tr of document.querySelectorAll("tfoot tr"))
            totals[tr.dataset.total] = tr.querySelector("td").textContent;
          return [rows, totals];
        }"""
    )


def expected(situation, window, position):
    found = window_values(situation.table, "street", measure="count", window=window)
    column = found.values[:, position]
    return {
        str(row): "no record" if np.isnan(value) else f"{value:.0f}"
        for row, value in enumerate(column)
    }


def state_of(page):
    slider = page.get_by_role("slider")
    return int(slider.get_attribute("aria-valuenow")), slider.get_attribute("aria-valuetext")


def test_every_month_by_keyboard_equals_python(page, situation):
    slider = page.get_by_role("slider")
    slider.focus()
    for month in range(18):
        assert state_of(page)[0] == month
        rows, totals = read_table(page)
        assert rows == expected(situation, 1, month)
        if RECORD[month] == "missing":
            assert totals == dict.fromkeys(("in", "off", "town"), "no record")
            assert "no record" in state_of(page)[1]
            assert page.locator('.leaflet-interactive[data-class="-1"]').count() == 8
        else:
            inside = int(COUNTS[:, month].sum())
            wanted = {"in": inside, "off": OFF[month], "town": inside + OFF[month]}
            assert totals == {key: str(n) for key, n in wanted.items()}
        slider.press("ArrowRight")
    assert state_of(page)[0] == 17
    slider.press("Home")
    assert state_of(page) == (0, f"1/2023, {COUNTS[:, 0].sum() + 1} incidents in the town")


def test_windows_drag_and_partial_record(page, situation):
    page.get_by_role("button", name="12 months").click()
    assert state_of(page)[0] == 11
    assert read_table(page)[0] == expected(situation, 12, 0)
    assert "record for 9 of 12 months, 1 of them incomplete" in state_of(page)[1]
    page.get_by_role("button", name="3 months").click()
    box = page.get_by_role("slider").bounding_box()
    step = box["width"] / 18
    page.mouse.move(box["x"] + step * 10.5, box["y"] + 30)
    page.mouse.down()
    page.mouse.move(box["x"] + step * 13.5, box["y"] + 30, steps=4)
    page.mouse.up()
    assert state_of(page)[0] == 14  # held inside the window, moved by three months
    page.mouse.click(box["x"] + step * 5.5, box["y"] + 30)
    assert state_of(page)[0] == 5  # outside it: the window ends there
    assert read_table(page)[0] == expected(situation, 3, 3)
    page.get_by_role("button", name="all", exact=True).click()
    assert read_table(page)[0] == expected(situation, "all", 0)


def test_it_plays_and_stops_at_the_end(page):
    page.clock.install(time=0)
    page.clock.pause_at(1000)  # else the clock runs on with the machine's
    page.get_by_role("button", name="Play").evaluate("button => button.click()")
    page.clock.run_for(450 * 5 + 50)
    assert state_of(page)[0] == 5
    page.clock.run_for(450 * 20)
    assert state_of(page)[0] == 17
    assert page.get_by_role("button", name="Play").is_visible()


def test_reduced_motion_steps_slowly(situation, tmp_path, open_page):
    target = tmp_path / "map.html"
    write_map(situation, make_layers(situation), target, language="en", index=0)
    page = open_page(target.as_uri(), reduced_motion="reduce")
    page.wait_for_selector(LIVE)
    page.clock.install(time=0)
    page.clock.pause_at(1000)  # else the clock runs on with the machine's
    page.get_by_role("button", name="Play").evaluate("button => button.click()")
    page.clock.run_for(1250)
    assert state_of(page)[0] == 0
    page.clock.run_for(100)
    assert state_of(page)[0] == 1
    assert page.locator(".leaflet-zoom-anim").count() == 0


def test_missing_months_are_hatched_and_layers_survive_zoom(page):
    marks = page.locator(".hs-slider rect[data-record=missing]")
    assert marks.count() == 3
    assert marks.first.get_attribute("fill") == "url(#hs-hatch-time)"
    assert page.locator(".hs-slider rect[data-record=partial]").count() == 1
    before = page.locator("path.leaflet-interactive").count()
    for name in ("Zoom in", "Zoom in", "Zoom out", "Zoom out", "Zoom out"):
        page.get_by_role("button", name=name).click()
        page.wait_for_timeout(300)
    drawn = page.locator("path.leaflet-interactive")
    assert drawn.count() == before == 8
    assert all(path.get_attribute("d").startswith("M") for path in drawn.all())
    assert all(len(path.get_attribute("d")) > 8 for path in drawn.all())
    page.get_by_label("Outlines of localities").check()
    assert page.get_by_text("Dolní").is_visible()


def test_sorting_and_choosing_in_the_table(page):
    page.get_by_role("button", name="all", exact=True).click()
    heads = page.locator("thead th")
    assert heads.nth(1).get_attribute("aria-sort") == "descending"
    counts = [int(text) for text in page.locator("tbody td:nth-child(2)").all_text_contents()]
    assert counts == sorted(counts, reverse=True)
    heads.nth(0).get_by_role("button").click()
    assert heads.nth(0).get_attribute("aria-sort") == "ascending"
    names = page.locator("tbody th").all_text_contents()
    assert names == [f"Ulice {k}" for k in range(8)]
    page.get_by_role("button", name="Ulice 3").press("Enter")
    card = page.locator(".hs-card")
    assert card.is_visible()
    assert "Ulice 3" in card.text_content()
    page.keyboard.press("Escape")
    assert card.is_hidden()


def test_the_table_is_one_tab_stop_with_arrow_keys(page):
    buttons = page.locator("tbody button")
    stops = page.locator("tbody button[tabindex='0']")
    assert stops.count() == 1
    page.locator("thead button").last.focus()
    page.keyboard.press("Tab")
    for key, at in [("ArrowDown", 1), ("End", 7), ("ArrowUp", 6), ("Home", 0), ("ArrowUp", 0)]:
        page.keyboard.press(key)
        assert buttons.nth(at).evaluate("button => button === document.activeElement")
        assert page.locator("tr.hs-lit button").inner_text() == buttons.nth(at).inner_text()
    assert stops.count() == 1
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('tbody')") is None


def test_hostile_names_do_nothing(tmp_path, open_page):
    situation = make_situation(np.ones((len(HOSTILE), 3), dtype=int), names=list(HOSTILE))
    target = tmp_path / "map.html"
    layers = make_layers(situation, places=HOSTILE, localities=HOSTILE)
    write_map(situation, layers, target, language="en")
    page = open_page(target.as_uri(), width=390, height=844)
    page.wait_for_selector(LIVE)
    page.get_by_label("Outlines of localities").check()
    page.locator("tbody button").first.click()
    assert sorted(page.locator("tbody th button").all_text_contents()) == sorted(HOSTILE)
    assert page.evaluate("window.hit") is None
    assert page.locator(".hs img").count() == 0
    assert page.evaluate("document.documentElement.scrollWidth") == 390


def test_narrow_screens_have_large_targets(situation, tmp_path, open_page):
    target = tmp_path / "map.html"
    write_map(situation, make_layers(situation), target, language="cs")
    page = open_page(target.as_uri(), width=390, height=844, has_touch=True)
    page.wait_for_selector(LIVE)
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    for button in page.locator(".hs-steps button, .hs-choice button, .leaflet-bar a").all():
        box = button.bounding_box()
        assert min(box["width"], box["height"]) >= 40
    row = page.locator("tbody tr").nth(1)
    row.scroll_into_view_if_needed()
    before = row.bounding_box()
    row.hover()
    page.locator(".hs-card:not([hidden])").wait_for()
    assert row.bounding_box() == before  # the card that comes moves nothing under the pointer
    slider = page.get_by_role("slider")
    slider.scroll_into_view_if_needed()
    box = slider.bounding_box()
    page.touchscreen.tap(box["x"] + box["width"] * 0.31, box["y"] + 30)
    assert state_of(page)[0] == 5


@pytest.fixture
def framed(situation):
    """Serve a page with the map in a sandboxed frame under a strict policy."""
    nonce = "n0nce"
    chart = build_map(
        situation,
        make_layers(situation),
        language="en",
        assets="linked",
        nonce=nonce,
        embedded=True,
        asset_url="/assets/",
    )
    inside = render_html(chart).encode()
    outside = b"""<!DOCTYPE html><title>page</title><link rel="icon" href="data:,">
      <iframe id="f" src="/map" sandbox="allow-scripts" width="800" height="600"></iframe>
      <script>window.got = [];
      addEventListener("message", (e) => {
        if (e.source === document.getElementById("f").contentWindow) got.push(e.data);
      });</script>"""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            path = self.path.partition("?")[0]
            kind = "text/html; charset=utf-8"
            policy = None
            if path == "/":
                body = outside
            elif path == "/map":
                body = inside
                here = f"http://127.0.0.1:{self.server.server_port}"
                policy = (
                    f"default-src 'none'; script-src 'nonce-{nonce}' {here}; "
                    f"style-src 'nonce-{nonce}' {here}; img-src data:; sandbox allow-scripts"
                )
            else:
                body = asset_file(path.removeprefix("/assets/")).read_bytes()
                kind = "text/css" if path.endswith(".css") else "text/javascript"
            self.send_response(200)
            self.send_header("Content-Type", kind)
            if policy:
                self.send_header("Content-Security-Policy", policy)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_frame_tells_and_obeys_its_page(framed, situation, open_page):
    page = open_page(framed)
    page.wait_for_function("got.some((m) => m.type === 'hotspots:time')")
    wish = {"type": "hotspots:set", "window": "3", "index": 4, "highlight": 2}
    page.evaluate(
        f"document.getElementById('f').contentWindow.postMessage({json.dumps(wish)}, '*')"
    )
    page.wait_for_function("got.at(-1).window === 3 && got.at(-1).index === 4")
    told = page.evaluate("got.at(-1)")
    assert told["from"] == "2023-03-01"
    assert told["to"] == "2023-05-31"
    assert told["label"] == "3/2023 – 5/2023"
    assert told["record"] == ""
    fields = re.search(r'\{type: "hotspots:time",([^}]+)\}', DOCUMENT.read_text(encoding="utf-8"))[
        1
    ]
    assert {name.strip() for name in fields.split(",")} == set(told) - {"type"}
    assert told["values"] == COUNTS[:, 2:5].sum(axis=1).tolist()
    assert told["total"] == int(COUNTS[:, 2:5].sum()) + 3
    frame = page.frames[1]
    assert frame.locator(".hs-card strong").text_content() == "Ulice 2"
    frame.get_by_role("button", name="Step forward").click()
    page.wait_for_function("got.at(-1).index === 5")
