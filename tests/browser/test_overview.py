"""The overview on a screen of a council chamber: pages turned by keys, nothing beyond the edge."""

import pytest

from hotspots.ingest.importer import import_file
from hotspots.ingest.mapping import Mapping

pytestmark = pytest.mark.browser
MAPPING = """source = "police"
kind = "municipal_police"
label = "Municipal police"
citation = "Municipal police"
[columns]
source_ref = "id"
occurred = "when"
x = "x"
y = "y"
offence = "what"
[values]
crs = "EPSG:5514"
[record]
spans = ["2024-01-01..2025-12-31"]
"""


@pytest.fixture
def workspace(new_town, tmp_path):
    """Seventy incidents a year, on a line across the town."""
    made = new_town(tmp_path / "town")
    rows = [
        f"{n};{1 + n % 28}.{1 + n % 12}.{2024 + n % 2} 21:30;{-544_500 + 30 * (n % 70)};-1050790;"
        + ("public_order" if n % 3 else "coexistence")
        for n in range(140)
    ]
    data = tmp_path / "police.csv"
    data.write_text("\n".join(["id;when;x;y;what", *rows]) + "\n", encoding="utf-8")
    mapping = tmp_path / "police.toml"
    mapping.write_text(MAPPING, encoding="utf-8")
    import_file(made, data, mapping=Mapping.read(mapping))
    return made


def test_pages_turn_by_keys_and_come_back_after_a_reload(workspace, served, open_page):
    with served(workspace) as base:
        address = f"{base}/overview?lang=en"
        page = open_page(address, width=1280, height=720)
        chart = page.frame_locator("#overview-map")
        chart.locator("[data-ready]").wait_for()
        page.click(".present-start")
        page.wait_for_selector("#finding.current")
        assert page.locator(".slide:visible").count() == 1
        page.keyboard.press("PageDown")  # as a clicker does
        page.wait_for_selector("#districts.current")
        chart.get_by_role("button", name="2024").click()
        chart.locator("[data-year='2024']").wait_for()
        chart.get_by_role("button", name="2024").press("ArrowRight")  # the map has the focus
        page.wait_for_selector("#development.current")
        page.reload()
        page.wait_for_selector("#development.current")
        for slide in ("finding", "districts", "development", "method"):
            page.keyboard.press("Home" if slide == "finding" else "ArrowRight")
            page.wait_for_selector(f"#{slide}.current")
            measure = f"(({{scrollHeight, clientHeight}}) => scrollHeight - clientHeight)({slide})"
            assert page.evaluate(measure) <= 0, slide  # all of it is on the screen
        page.keyboard.press("Escape")
        page.wait_for_selector(".tables", state="visible")
        page.emulate_media(media="print")
        assert page.locator(".slide:visible").count() == 4
        assert page.locator(".present-bar").is_hidden()
