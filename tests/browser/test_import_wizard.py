"""The import wizard in a real browser: a file is understood, tried, imported and undone."""

import re
import threading

import pytest

from hotspots.store import Store

pytestmark = pytest.mark.browser
WAIT_MS = 60_000
CSV = (
    "Číslo;Datum a čas;Ulice;Druh;Poznámka\n"
    "1;5.3.2024 21:30;Lipovská;hluk z restaurace;první poznámka\n"
    "2;6.3.2024 22:10;Masarykovo náměstí;podivné chování;<script>alert(1)</script>\n"
)


@pytest.mark.parametrize(("width", "height"), [(1440, 900), (390, 844)])
def test_a_file_is_understood_tried_imported_and_undone(
    open_page, served, new_town, tmp_path, width, height
):
    workspace = new_town(tmp_path / "town")
    file = tmp_path / "hlášení.csv"
    file.write_text(CSV, encoding="cp1250")
    with served(workspace) as address:
        page = open_page(f"{address}/import?lang=en", width=width, height=height)
        page.set_default_timeout(WAIT_MS)
        page.locator("#file").set_input_files(file)
        page.get_by_role("button", name="Continue").click()
        preview = page.locator(".preview")
        preview.get_by_text("5 Mar 2024 21:30").wait_for()
        assert preview.get_by_text("první poznámka").count() == 1
        # A column changed shows the rows anew; what was filled in stays.
        page.locator("#new_source").fill("hlaseni")
        page.locator("#column-note").select_option("")
        preview.get_by_text("první poznámka").wait_for(state="detached")
        assert page.locator("#new_source").input_value() == "hlaseni"
        page.get_by_label("podivné chování").select_option("coexistence")
        preview.get_by_text("Civic coexistence").wait_for()
        page.reload()
        assert page.locator("#new_source").input_value() == "hlaseni"
        assert page.locator("#column-note").input_value() == ""
        wide = page.evaluate("document.documentElement.scrollWidth")
        assert wide <= width
        page.get_by_role("button", name="Try it").click()
        page.get_by_role("heading", name="Trial: what the import would bring").wait_for()
        page.locator("button[value=import]").click()
        page.wait_for_url(re.compile(r"/batches/1\b"))
        assert "brought 2 new incidents" in page.locator("h1").inner_text()
        page.get_by_role("link", name="Undo this import …").click()
        page.get_by_role("button", name="Undo the import").click()
        page.get_by_role("heading", name="This import is undone").wait_for()
    with Store.open(workspace) as store:
        assert not store.batch(1).holds
        assert store.sources() == []


def test_what_is_typed_before_the_script_has_come_counts(open_page, served, new_town, tmp_path):
    file = tmp_path / "hlášení.csv"
    file.write_text(CSV, encoding="cp1250")
    with served(new_town(tmp_path / "town")) as address:
        page = open_page(f"{address}/import?lang=en")
        page.set_default_timeout(WAIT_MS)
        typed = threading.Event()

        def after_typing(route):
            # The script waits, as on a slow line, until the field is filled in.
            if typed.is_set():
                route.continue_()
            else:
                held.append(route)

        held = []
        page.route("**/import_wizard.js*", after_typing)
        page.locator("#file").set_input_files(file)
        page.get_by_role("button", name="Continue").click(no_wait_after=True)
        page.locator("#new_source").fill("hlaseni")
        assert page.locator("button[value=import]").is_disabled()
        typed.set()
        for route in held:
            route.continue_()
        page.locator("button[value=import]").click()
        page.wait_for_url(re.compile(r"/batches/1\b"))
