"""The page in a real browser: the map, ranking, table and address keep in step."""

from urllib.parse import parse_qs, urlsplit

import numpy as np
import pytest

from hotspots import schema
from hotspots.analysis.situation import situation
from hotspots.demo import make_demo_workspace
from hotspots.maps.windows import window_values
from hotspots.selection import Selection
from hotspots.store import Store
from tests.browser.serving import serving
from web import create_app

pytestmark = pytest.mark.browser
WAIT_MS = 60_000


@pytest.fixture(scope="module")
def workspace(tmp_path_factory):
    return make_demo_workspace(tmp_path_factory.mktemp("page") / "demo")


@pytest.fixture(scope="module")
def address(workspace):
    with serving(create_app(workspace, open_access=True)) as address:
        yield address


@pytest.fixture
def visit(open_page, address):
    """Open a page of the server by its path."""

    def start(path, **options):
        page = open_page(address + path, **options)
        page.set_default_timeout(WAIT_MS)
        return page

    return start


def state_of(page):
    return {name: values[0] for name, values in parse_qs(urlsplit(page.url).query).items()}


def wait_for_map(page):
    page.wait_for_selector("#areas td.now:not(:empty)", state="attached")


def now_column(page):
    """Return the table's numbers of the time control by area row."""
    cells = page.eval_on_selector_all(
        "#areas tbody tr", "trs => trs.map(tr => [tr.dataset.row, tr.cells[1].dataset.value])"
    )
    return {int(row): float(value) if value else np.nan for row, value in cells}


def test_time_moves_table_ranking_and_address(visit, workspace):
    page = visit("/?window=12&lang=en")
    wait_for_map(page)
    with Store.open(workspace) as store:
        answer = situation(store, workspace, Selection(exact_only=True))
    expected = window_values(answer.table, schema.STREET, measure="count", window=12)
    names = answer.table.areas[schema.NAME].to_numpy()

    def check():
        index = int(state_of(page)["index"])
        position = int(np.flatnonzero(expected.last == index)[0])
        values = expected.values[:, position]
        shown = now_column(page)
        np.testing.assert_array_equal([shown[i] for i in range(len(values))], values)
        first = page.locator("#ranking li .name").first.inner_text()
        assert values[names == first].max() == np.nanmax(values)
        return index

    last = check()
    slider = page.frame_locator("#map").get_by_role("slider")
    slider.focus()
    slider.press("ArrowLeft")
    page.wait_for_url(lambda url: f"index={last}" not in url)
    assert check() == last - 1
    page.reload()
    wait_for_map(page)
    assert check() == last - 1


def test_the_measure_changes_without_asking_the_server(visit):
    page = visit("/?lang=en")
    wait_for_map(page)
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.get_by_label("per 100 m").check(force=True)
    page.wait_for_url("**measure=density**")
    assert page.locator("#ranking-title").inner_text() == "Streets by incidents per 100 m"
    assert [url for url in asked if "/icon.svg" not in url] == []


def test_a_filter_acts_at_once_and_keeps_the_address_short(visit):
    page = visit("/?lang=en&window=12")
    wait_for_map(page)
    page.get_by_label("Districts (ZSJ)").check(force=True)
    page.wait_for_url("**by=district**")
    assert state_of(page)["by"] == "district"
    assert set(state_of(page)) <= {"by", "lang", "window", "index"}


def test_a_row_lights_its_area_in_ranking_and_table(visit):
    page = visit("/")
    wait_for_map(page)
    item = page.locator("#ranking li").first
    row = item.get_attribute("data-row")
    item.focus()
    page.wait_for_selector(f"#areas tr.lit[data-row='{row}']")


def test_the_table_sorts_by_czech_names_and_numbers(visit):
    page = visit("/")
    wait_for_map(page)
    page.locator("#areas thead button").first.click()
    names = page.locator("#areas tbody th").all_inner_texts()
    assert page.locator("#areas thead th").first.get_attribute("aria-sort") == "ascending"
    sorted_names = page.evaluate(
        "names => [...names].sort(new Intl.Collator('cs', {numeric: true}).compare)", names
    )
    assert names == sorted_names
    page.locator("#areas thead th").nth(2).locator("button").click()
    counts = page.eval_on_selector_all(
        "#areas tbody tr", "trs => trs.map(tr => Number(tr.cells[2].dataset.value))"
    )
    assert counts == sorted(counts, reverse=True)


def test_without_scripts_the_form_still_asks(visit):
    page = visit("/?lang=en", java_script_enabled=False)
    page.get_by_label("Districts (ZSJ)").check(force=True)
    form = page.get_by_role("form", name="Filters")
    form.get_by_role("button", name="Show", exact=True).click()
    page.wait_for_url("**by=district**")
    assert "district" in page.locator("#finding").inner_text()


def test_a_phone_reads_finding_map_time_table_and_opens_filters_from_below(visit):
    page = visit("/?lang=en", width=390, height=844)
    wait_for_map(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    tops = [
        page.locator(part).bounding_box()["y"]
        for part in ("#finding", "#map", "#ranking", "#areas")
    ]
    assert tops == sorted(tops)
    form = page.locator("#filters")
    assert not form.is_visible()
    page.get_by_role("link", name="Filters").click()
    assert form.is_visible()
    box = form.bounding_box()
    assert box["y"] + box["height"] == pytest.approx(844, abs=1)
    page.keyboard.press("Escape")
    page.wait_for_function("!document.querySelector('#filters').checkVisibility()")


def test_a_wide_table_does_not_widen_a_phones_page(visit):
    page = visit("/?by=district", width=390, height=844)
    wait_for_map(page)
    assert page.evaluate("document.documentElement.scrollWidth") == 390


def test_the_keyboard_reaches_content_first(visit):
    page = visit("/?lang=en")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to content"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "content"


def test_a_map_that_was_ready_before_the_page_listened_still_fills_the_table(visit, address):
    page = visit("/static/icon.svg")
    held = []
    page.route("**/static/js/frame.js*", lambda route: held.append(route))
    page.goto(address + "/?lang=en", wait_until="commit")
    page.wait_for_selector("#map", state="attached")
    page.frame_locator("#map").locator("[data-ready]").wait_for(state="attached")
    assert page.query_selector("#areas td.now:not(:empty)") is None
    held[0].continue_()
    wait_for_map(page)


def test_over_all_time_no_column_repeats_another(visit):
    page = visit("/?lang=en")
    wait_for_map(page)
    head = page.locator("#areas thead th.now")
    assert not head.is_visible()
    page.frame_locator("#map").get_by_role("button", name="12 months").click()
    head.wait_for(state="visible")
    inside, off = (
        int(page.locator(f"#areas [data-total={key}]").inner_text().replace(",", ""))
        for key in ("inAreas", "offAreas")
    )
    assert inside == sum(now_column(page).values())
    assert off >= 0


def test_the_map_fills_the_first_screen(visit):
    page = visit("/?lang=cs")
    wait_for_map(page)
    frame = page.locator("#map").bounding_box()
    inner = page.frame_locator("#map")
    # Beside the finding stands what changed, which takes a line or two of the height.
    assert inner.locator(".folium-map").bounding_box()["height"] >= 485
    slider = inner.get_by_role("slider").bounding_box()
    assert slider["y"] + slider["height"] <= 900
    legend = inner.locator(".hs-legend").bounding_box()
    assert legend["width"] * legend["height"] < 0.06 * frame["width"] * frame["height"]


def test_the_table_is_one_tab_stop_with_arrow_keys(visit):
    page = visit("/?by=segment&lang=en")
    wait_for_map(page)
    stops = page.locator("#areas tbody tr[tabindex='0']")
    assert page.locator("#areas tbody tr").count() > 200
    assert stops.count() == 1
    page.locator("#areas thead button").last.focus()
    page.keyboard.press("Tab")
    place = "[...document.querySelectorAll('#areas tbody tr')].indexOf(document.activeElement)"
    assert page.evaluate(place) == 0
    for key, at in [("ArrowDown", 1), ("PageDown", 11), ("ArrowUp", 10), ("Home", 0)]:
        page.keyboard.press(key)
        assert page.evaluate(place) == at
        assert page.evaluate("document.activeElement.classList.contains('lit')")
    page.keyboard.press("ArrowDown")
    assert stops.count() == 1
    assert stops.first.evaluate("row => row === document.activeElement")
    page.keyboard.press("Tab")
    assert page.evaluate(place) == -1


def test_moving_to_months_without_record_leaves_no_zero(visit):
    page = visit("/?when=own&from=2030-01&to=2030-06&window=1&lang=en")
    wait_for_map(page)
    assert set(page.locator("#areas tbody td.now").all_inner_texts()) == {"no record"}
    assert set(page.locator("#areas [data-total]").all_inner_texts()) == {"no record"}
    assert page.locator("#ranking li").count() == 0
    assert page.locator("#ranking-empty").inner_text() == "There is no record in this period."


def test_the_ranking_says_why_it_is_empty_at_each_moment(visit):
    page = visit("/?offence=traffic&hours=3-4&window=1&lang=en")
    wait_for_map(page)
    slider = page.frame_locator("#map").get_by_role("slider")
    slider.focus()
    slider.press("Home")
    said = page.locator("#ranking-empty")
    for _month in range(12):
        empty = page.locator("#ranking li").count() == 0
        assert said.is_visible() == empty
        if empty:
            assert said.inner_text() == "No incident in any area."
        slider.press("ArrowRight")


def test_the_note_on_rates_follows_the_measure(visit):
    page = visit("/?by=district&lang=en")
    wait_for_map(page)
    note = page.locator("#rate-note")
    assert not note.is_visible()
    page.get_by_label("per 1,000 residents a year").check(force=True)
    note.wait_for(state="visible")
    page.get_by_label("per km²").check(force=True)
    note.wait_for(state="hidden")


def test_own_months_are_not_cut(visit):
    page = visit("/?from=2020-10&to=2024-12&lang=en")
    for name in ("from", "to"):
        field = page.locator(f"[name={name}]")
        assert field.bounding_box()["width"] >= 160
