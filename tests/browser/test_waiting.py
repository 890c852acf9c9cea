"""Waiting places in a real browser: five texts by the keyboard alone, a drag, a phone."""

import re

import pytest

from hotspots import schema
from hotspots.analysis.waiting import list_waiting
from hotspots.store import Store
from tests.waiting_cases import put_usual

pytestmark = pytest.mark.browser
WAIT_MS = 60_000


@pytest.fixture
def workspace(new_town, tmp_path):
    made = new_town(tmp_path / "town")
    with Store.open(made) as store:
        put_usual(store)
    return made


def placed(workspace):
    with Store.open(workspace) as store:
        states = (schema.BY_PERSON, schema.GIVEN_UP)
        found = store.read_placings(states=states).set_index(schema.SOURCE_REF)
        return found[[schema.PLACE_METHOD, schema.PLACE_STATE, schema.X]], list_waiting(store)


class Queue:
    """The page as somebody with a keyboard meets it."""

    def __init__(self, page):
        self.page = page

    def ready(self, text=None):
        if text is not None:
            self.page.get_by_role("heading", name=text).wait_for(timeout=WAIT_MS)
        self.page.wait_for_selector("#place-map[data-ready]", timeout=WAIT_MS)
        return self

    def press(self, *keys):
        for key in keys:
            self.page.keyboard.press(key)
        return self

    def heading(self, text):
        self.page.get_by_role("heading", level=1, name=text).wait_for(timeout=WAIT_MS)
        return self

    def rest(self):
        """Wait until the page asks for nothing more, before its server goes."""
        self.page.wait_for_load_state("networkidle", timeout=WAIT_MS)

    def pin(self):
        self.page.wait_for_selector("#place-map[data-pin]", timeout=WAIT_MS)
        return self.page.get_attribute("#place-map", "data-pin")


def test_five_texts_by_the_keyboard_alone(open_page, served, workspace):
    with served(workspace) as address:
        page = open_page(f"{address}/waiting?lang=en")
        queue = Queue(page).ready("u lávky").heading("12 incidents wait")

        # Next, previous, and the keys hidden and shown.
        queue.press("j").ready("Lipovska").press("k").ready("u lávky")
        queue.press("?")
        assert page.locator("#keys").is_hidden()
        queue.press("?")

        # The pin, moved by arrows.
        queue.press("m", "ArrowRight")
        first = queue.pin()
        queue.press("Shift+ArrowUp", "ArrowLeft", "+")
        assert queue.pin() != first
        assert page.locator("#pin").is_checked()
        queue.press("Enter").heading("8 incidents wait").ready("Lipovska")
        assert page.locator(".notice.good").inner_text().startswith("4 incidents placed")

        # Taken back and decided again, by a search.
        queue.press("z").heading("12 incidents wait").ready("u lávky")
        queue.press("/")
        page.keyboard.type("palac")
        page.get_by_text("Found", exact=True).wait_for(timeout=WAIT_MS)
        queue.press("Enter")
        page.wait_for_selector("#candidates input:checked", timeout=WAIT_MS)
        queue.press("Enter").heading("8 incidents wait").ready("Lipovska")

        # A text that nobody can place, a candidate by its number, one skipped, and the last.
        queue.press("n").heading("5 incidents wait").ready("Masarykovo")
        queue.press("1")
        assert page.locator(".pm-chosen").inner_text() == "1"
        queue.press("Enter").heading("3 incidents wait").ready("script")
        queue.press("j").ready("za garážemi").press("n").heading("2 incidents wait")
        queue.ready("without a text").press("n").heading("1 incident waits").ready("script")
        queue.press("n").heading("No incident waits").rest()

    found, waiting = placed(workspace)
    assert waiting.n_incidents == 0
    methods = found[schema.PLACE_METHOD].to_dict()
    assert {methods[str(k)] for k in range(4)} == {"street"}
    assert {methods[str(k)] for k in (4, 5, 6, 9, 10, 11)} == {"none"}
    assert "none" not in {methods["7"], methods["8"]}


def test_a_drag_a_note_and_the_pin_outside_the_town(open_page, served, workspace):
    with served(workspace) as address:
        page = open_page(f"{address}/waiting?lang=en")
        queue = Queue(page).ready("u lávky")
        box = page.locator("#place-map").bounding_box()
        x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        page.mouse.click(x, y)
        first = queue.pin()
        page.mouse.move(x, y - 20)
        page.mouse.down()
        page.mouse.move(x + 60, y + 30, steps=6)
        page.mouse.up()
        assert queue.pin() != first
        assert f"{page.input_value('#lon')},{page.input_value('#lat')}" == queue.pin()

        page.locator("a.note").first.click()
        page.get_by_text("Volala paní Nováková").wait_for(timeout=WAIT_MS)
        assert "Nov" not in page.url

        page.locator("summary", has_text="Position in numbers").click()
        page.fill("#lon", "17.0")
        page.fill("#lat", "50.2")
        page.locator("#lat").blur()
        page.locator("#outside:not([hidden])").wait_for(timeout=WAIT_MS)
        page.locator("#outside input").check()
        page.get_by_role("button", name="Place", exact=True).click()
        queue.heading("8 incidents wait").ready("Lipovska").rest()
    found, _waiting = placed(workspace)
    assert set(found[schema.PLACE_METHOD]) == {"manual"}


def test_a_phone_goes_from_the_list_to_the_map_and_on(open_page, served, workspace):
    with served(workspace) as address:
        page = open_page(
            f"{address}/waiting?lang=en", width=390, height=844, is_mobile=True, has_touch=True
        )
        assert page.locator("#decide").is_hidden()
        page.locator(".texts a").nth(2).tap()
        queue = Queue(page).ready("Masarykovo")
        assert page.locator(".texts").is_hidden()
        assert page.evaluate("document.documentElement.scrollWidth") == 390
        small = page.locator("#place-map a, .candidate, .send button, .back a").evaluate_all(
            "all => all.filter(e => e.offsetHeight && e.getBoundingClientRect().height < 40).length"
        )
        assert small == 0
        page.locator(".pm-candidate").first.tap()
        assert page.locator("#candidates input").first.is_checked()
        page.locator("#place-map").tap(position={"x": 60, "y": 200})
        assert re.fullmatch(r"17\.\d{6},50\.\d{6}", queue.pin())
        page.get_by_role("button", name="Place", exact=True).tap()
        queue.heading("10 incidents wait").ready("script").rest()
