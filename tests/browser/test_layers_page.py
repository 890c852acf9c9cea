"""The page of layers in a real browser: a town is imported and fetched, and is then in force."""

from dataclasses import replace
from datetime import date

import pytest

from tests.official_server import last_day_before, official_server, town_files
from tests.ruian import file_name, make_vfr, small_town, zipped

pytestmark = pytest.mark.browser
WAIT_MS = 60_000
HEADING = "Official layers of Jeseník are in force, RÚIAN as of"


@pytest.fixture
def workspace(new_town, tmp_path):
    return new_town(tmp_path / "town")


def wait_for_end(page):
    page.wait_for_selector("#job:not([data-state=running])", timeout=WAIT_MS)
    return page.locator("h1").inner_text()


def wait_for_map(page):
    frame = page.frame_locator("#layer-map")
    frame.locator("#hs[data-ready]").wait_for(timeout=WAIT_MS)
    return frame


def test_a_town_imported_through_the_form_is_in_force_and_drawn(
    open_page, served, workspace, tmp_path
):
    town = small_town()
    name = file_name(town)
    file = tmp_path / f"{name}.zip"
    file.write_bytes(zipped(name, make_vfr(town)))
    with served(workspace) as address:
        page = open_page(f"{address}/layers?lang=en")
        assert page.locator("h1").inner_text().startswith("Bundled, approximate layers")
        page.get_by_label("Files", exact=True).set_input_files(file)
        page.get_by_role("button", name="Import").click()
        page.wait_for_url("**/jobs/**")
        assert wait_for_end(page).startswith(HEADING)
        page.get_by_role("link", name="Back to the layers").click()
        assert page.locator("h1").inner_text().startswith(HEADING)
        frame = wait_for_map(page)
        assert frame.get_by_role("button", name="Cadastral units").count() == 1
        assert frame.locator(".leaflet-hs-field-pane path, .hs-name").count() >= 3
        assert "Bukovice" in frame.locator(".hs-name").all_inner_texts()
        frame.get_by_role("button", name="Streets").click()
        drawn = frame.locator("path.leaflet-interactive")
        assert drawn.count() == len(town.streets)
        assert "ČÚZK, RÚIAN k 31. 10. 2026" in frame.locator(".hs-layer-source").inner_text()


def test_pointing_at_an_area_names_it_and_a_tap_keeps_it(open_page, served, workspace):
    with served(workspace) as address:
        page = open_page(f"{address}/layers?lang=en")
        frame = wait_for_map(page)
        frame.get_by_role("button", name="Town parts").click()
        # The one pointed at comes to the front, so it is held by itself, not by its place.
        area = frame.locator("path.leaflet-interactive").first.element_handle()
        area.dispatch_event("mouseover")
        card = frame.locator(".hs-card")
        named = card.inner_text()
        assert named in {"Jeseník", "Bukovice", "Dětřichov"}
        area.dispatch_event("click")
        area.dispatch_event("mouseout")
        assert card.inner_text() == named
        page.locator("#layer-map").focus()
        frame.locator(".folium-map").press("Escape")
        assert card.is_hidden()


def test_a_fetch_shows_its_progress_and_ends_in_force_on_a_phone(open_page, served, workspace):
    town = small_town()
    today = date.today()  # noqa: DTZ011 - the newest file is looked for by this machine's day
    with official_server(town, files=town_files(town, last_day_before(today))) as server:
        settings = replace(workspace.settings, **server.addresses)
        replace(workspace, settings=settings).write_settings()
        with served(workspace) as address:
            page = open_page(f"{address}/layers?lang=en", width=390, height=844)
            wide = "document.documentElement.scrollWidth"
            assert page.evaluate(wide) <= 390
            page.get_by_role("button", name="Fetch").press("Enter")
            page.wait_for_url("**/jobs/**")
            seen = page.evaluate(
                """() => new Promise((done) => {
                  const shares = [];
                  const look = () => {
                    const bar = document.getElementById("job-bar");
                    if (bar) shares.push(bar.value);
                    if (!bar || shares.length > 15) done(shares);
                    else window.setTimeout(look, 50);
                  };
                  look();
                })"""
            )
            assert seen == sorted(seen)
            assert wait_for_end(page).startswith(HEADING)
            assert page.evaluate(wide) <= 390


def test_without_scripts_a_form_starts_its_job_and_the_page_refreshes_itself(
    open_page, served, workspace, tmp_path
):
    drawn = tmp_path / "no-layer.gpkg"
    drawn.write_bytes(b"this is no GeoPackage")
    with served(workspace) as address:
        page = open_page(f"{address}/layers?lang=en", java_script_enabled=False)
        page.set_default_timeout(WAIT_MS)
        page.get_by_label("Files", exact=True).set_input_files(drawn)
        page.get_by_label("What is it?").select_option("locality")
        page.get_by_role("button", name="Import").click()
        page.wait_for_url("**/jobs/**")
        page.wait_for_selector("[data-state=failed]")
        assert page.locator("h1").inner_text().startswith("It has failed")
        assert "no-layer.gpkg" in page.locator("[role=alert]").inner_text()
