"""The report form on a phone in a real browser: nothing is lost, nothing doubled."""

import pytest

from hotspots import schema
from hotspots.personal import browser_patterns
from hotspots.store import Store
from tests.test_personal import CASES, YEAR

pytestmark = pytest.mark.browser
WAIT_MS = 60_000
THINGS = {
    "public_order": ["Noise at night", "Waste dumped", "Soiling a public place"],
    "coexistence": ["Insults", "Threats"],
    "observation": ["Discarded syringe", "Rubbish lying about", "Child out of school"],
    "traffic": ["Wrong parking"],
    "violence": ["Fight"],
}


@pytest.fixture
def workspace(new_town, tmp_path):
    return new_town(tmp_path / "town")


@pytest.fixture
def phone(browser):
    """Return a function that opens an address on a phone; faults of scripts fail the test."""
    contexts, faults = [], []

    def open_one(address, **options):
        context = browser.new_context(
            viewport={"width": 390, "height": 844},
            is_mobile=True,
            has_touch=True,
            reduced_motion="reduce",
            **options,
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(WAIT_MS)
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.goto(f"{address}/report?lang=en")
        page.wait_for_selector("#report[data-ready]")
        return page

    yield open_one
    for context in contexts:
        context.close()
    assert faults == []


def choose(page, group, thing):
    page.locator(f".r-group[data-group={group}] summary").click()
    page.get_by_label(thing, exact=True).check()


def write(page, group, thing, place):
    choose(page, group, thing)
    page.locator("#r-place").fill(place)
    page.locator("#r-submit").click()
    page.wait_for_selector(".r-group[data-group] .r-count:not([hidden])", state="detached")


def incidents(workspace):
    with Store.open(workspace) as store:
        return store.read_incidents()


def batches(workspace):
    with Store.open(workspace) as store:
        return store.batches()


def test_ten_reports_without_a_network_and_a_reload_are_ten_incidents(phone, served, workspace):
    with served(workspace) as address:
        page = phone(address)
        page.wait_for_selector("#report[data-offline=ready]")
        page.context.set_offline(True)
        pairs = [(group, thing) for group, things in THINGS.items() for thing in things]
        for number, (group, thing) in enumerate(pairs):
            write(page, group, thing, f"Lipovská {number + 1}")
            page.wait_for_selector(f"#report[data-unsent='{number + 1}']")
            if number == 4:
                page.reload()  # without a network: the form is there all the same
                page.wait_for_selector("#report[data-ready]")
        page.reload()
        page.wait_for_selector("#report[data-unsent='10']")
        page.locator("#r-place").fill("hus")  # names of streets came with the page
        assert page.locator("#r-suggestions button").all_inner_texts()[0] == "Husova"
        assert len(incidents(workspace)) == 0
        page.context.set_offline(False)
        page.wait_for_selector("#report[data-unsent='0']")
        assert page.locator(".r-item.sent").count() == 10
        kept = incidents(workspace)
        assert len(kept) == 10
        assert kept[schema.SOURCE_REF].is_unique
        assert sorted(kept[schema.PLACE_TEXT]) == sorted(f"Lipovská {n}" for n in range(1, 11))
        assert len(batches(workspace)) == 10
        # Other pages are none of the form's business.
        page.goto(f"{address}/method?lang=en")
        assert page.evaluate("navigator.serviceWorker.controller") is None


def test_a_lost_answer_is_asked_for_again_and_the_report_is_kept_once(phone, served, workspace):
    with served(workspace) as address:
        page = phone(address)
        lost = []

        def lose(route):
            if len(lost) < 2:
                lost.append(route.fetch().status)  # the server has kept it; the phone never hears
                route.abort()
            else:
                route.continue_()

        page.route("**/report/send*", lose)
        with page.expect_event("requestfailed"):
            write(page, "violence", "Fight", "Husova")
        for _turn in range(2):  # not to wait for the next try by itself
            page.wait_for_timeout(200)
            page.evaluate("window.dispatchEvent(new Event('online'))")
        page.wait_for_selector(".r-item.sent")
        assert lost == [200, 200]
        assert len(incidents(workspace)) == 1
        assert len(batches(workspace)) == 1
        # What is sent leaves the phone but for its writer, the time, the kind and the place.
        stored = page.evaluate("reportStore.open().then((store) => store.all())")
        assert set(stored[0]) == {"id", "user", "state", "made", "summary"}


def test_a_half_written_report_survives_a_reload_and_is_gone_once_sent(phone, served, workspace):
    with served(workspace) as address:
        page = phone(address)
        choose(page, "violence", "Fight")
        page.locator("#r-place").fill("Husova")
        page.locator("#r-note").fill("two men")
        page.locator("#r-map-open").click()
        page.wait_for_selector("#r-map[data-ready]")
        page.locator("#r-map").tap(position={"x": 150, "y": 150})
        page.reload()
        page.wait_for_selector("#report[data-ready]")
        assert "here again" in page.locator("#r-status").inner_text()
        assert page.locator("input[name=things]:checked").count() == 1
        assert page.locator("#r-note").input_value() == "two men"
        # Another person's draft is never shown, and goes once the form is opened.
        page.evaluate("localStorage.setItem('hotspots-draft:somebody', '{}')")
        page.locator("#r-submit").click()
        page.wait_for_selector(".r-item.sent")
        page.reload()
        page.wait_for_selector("#report[data-ready]")
        assert page.locator("#r-status").is_hidden()
        assert page.locator("#r-place").input_value() == ""
        left = "Object.keys(localStorage).filter((name) => name.startsWith('hotspots-draft:'))"
        assert page.evaluate(left) == []
        kept = incidents(workspace)
        assert kept[schema.PLACE_METHOD].to_list() == ["manual"]
        assert kept[schema.NOTE].to_list() == ["two men"]


def test_a_position_is_sent_with_its_accuracy_and_can_be_taken_back(phone, served, workspace):
    here = {"longitude": 17.2046, "latitude": 50.2294, "accuracy": 80}
    with served(workspace) as address:
        page = phone(address, geolocation=here, permissions=["geolocation"])
        choose(page, "public_order", "Noise at night")
        page.locator("#r-gps").click()
        page.wait_for_selector(".r-where-state.warn")
        assert "off by up to 80 m" in page.locator("#r-where-state").inner_text()
        page.wait_for_selector("#r-map[data-pin]")
        page.locator("#r-submit").click()
        page.wait_for_selector("#r-status.good")
        kept = incidents(workspace).iloc[0]
        assert kept[schema.PLACE_METHOD] == "coordinates"
        assert kept[schema.PLACE_PRECISION_M] == 80.0
        page.locator("#r-status").get_by_role("button", name="Take back").click()
        page.wait_for_selector(".r-item.withdrawn")
        assert len(incidents(workspace)) == 0


def test_a_tap_on_the_map_places_by_hand(phone, served, workspace):
    with served(workspace) as address:
        page = phone(address)
        choose(page, "traffic", "Wrong parking")
        page.locator("#r-map-open").click()
        page.wait_for_selector("#r-map[data-ready]")
        page.locator("#r-map").tap(position={"x": 150, "y": 150})
        page.wait_for_selector(".r-where-state.good")
        page.locator("#r-submit").click()
        page.wait_for_selector(".r-item.sent")
        assert incidents(workspace).iloc[0][schema.PLACE_METHOD] == "manual"


def test_a_birth_number_stops_a_report_and_a_phone_number_warns(phone, served, workspace):
    with served(workspace) as address:
        page = phone(address)
        choose(page, "violence", "Fight")
        page.locator("#r-place").fill("Husova")
        page.locator("#r-note").fill("muž 850101/1233")
        page.locator("#r-submit").click()
        assert "looks like a birth number" in page.locator("#r-fault").inner_text()
        page.locator("#r-note").fill("tel. 603 111 222")
        assert "looks like a phone number" in page.locator(".r-personal").last.inner_text()
        page.locator("#r-submit").click()
        page.wait_for_selector(".r-item.sent")
        assert len(incidents(workspace)) == 1


def test_a_report_that_the_server_refuses_stays_and_can_be_corrected(phone, served, workspace):
    with served(workspace) as address:
        page = phone(address)
        choose(page, "violence", "Fight")
        page.locator("#r-place").fill("Husova")
        # A rule that only the server knows: the note is longer than it takes.
        page.evaluate("document.getElementById('r-note').removeAttribute('maxlength')")
        page.locator("#r-note").fill("x " * 600)
        page.locator("#r-submit").click()
        page.wait_for_selector(".r-item.rejected")
        assert "Note is too long" in page.locator(".r-reason").inner_text()
        assert len(incidents(workspace)) == 0
        page.locator(".r-item.rejected").get_by_role("button", name="Correct").click()
        page.wait_for_selector("#r-cancel:not([hidden])")
        assert page.get_by_label("Fight", exact=True).is_checked()
        page.locator("#r-note").fill("krátce")
        page.locator("#r-submit").click()
        page.wait_for_selector(".r-item.sent")
        kept = incidents(workspace)
        assert kept[schema.NOTE].to_list() == ["krátce"]


def test_the_browser_finds_the_same_personal_data_as_the_program(phone, served, workspace):
    with served(workspace) as address:
        page = phone(address)
        found = page.evaluate(
            """([said, texts, year]) => {
              const find = window.reportPersonal(said);
              return texts.map((text) => find(text, year));
            }""",
            [browser_patterns(), [text for text, _kinds in CASES], YEAR],
        )
    wrong = [
        (text, kinds, tuple(got))
        for (text, kinds), got in zip(CASES, found, strict=True)
        if tuple(got) != kinds
    ]
    assert wrong == []
