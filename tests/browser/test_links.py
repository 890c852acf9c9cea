"""Pairs decided by keyboard in a real browser, and on a phone's width."""

import pytest

from hotspots.store import Store
from hotspots.workspace_init import init_workspace
from tests.browser.serving import serving
from tests.linking import import_both
from web import create_app

pytestmark = pytest.mark.browser
WAIT_MS = 60_000


@pytest.fixture(scope="module")
def workspace(tmp_path_factory):
    made = init_workspace(tmp_path_factory.mktemp("links") / "linked")
    import_both(made)
    return made


@pytest.fixture(scope="module")
def address(workspace):
    with serving(create_app(workspace, open_access=True)) as address:
        yield address


def states(workspace):
    with Store.open(workspace) as store:
        return store.read_links()["link_state"].tolist()


def test_pairs_are_decided_by_keyboard_and_taken_back(open_page, address, workspace):
    page = open_page(f"{address}/links?lang=en")
    page.wait_for_selector(".match.chosen", timeout=WAIT_MS)
    page.keyboard.press("ArrowDown")
    assert page.evaluate("location.search").endswith("at=1")
    second = page.locator(".match.chosen .reference").all_inner_texts()
    page.keyboard.press("Enter")
    page.wait_for_selector("#done", timeout=WAIT_MS)
    assert states(workspace) == ["confirmed"]
    assert all(name in page.locator("#done").inner_text() for name in second)
    page.wait_for_selector(".match.chosen", timeout=WAIT_MS)
    page.keyboard.press("x")
    page.locator(".match").nth(2).wait_for(state="detached", timeout=WAIT_MS)
    page.wait_for_selector(".match.chosen", timeout=WAIT_MS)
    assert sorted(states(workspace)) == ["confirmed", "dismissed"]
    for left in (3, 4):
        page.keyboard.press("z")
        page.locator(".match").nth(left - 1).wait_for(timeout=WAIT_MS)
        page.wait_for_selector(".match.chosen", timeout=WAIT_MS)
    assert states(workspace) == []


def test_a_phone_shows_both_records_without_scrolling_aside(open_page, address):
    page = open_page(f"{address}/links?lang=en", width=390, height=844, is_mobile=True)
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    heights = [button.bounding_box()["height"] for button in page.locator(".choices button").all()]
    assert min(heights) >= 44
