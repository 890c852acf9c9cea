"""Each role signs in through the form and does its main job, on the server that people use."""

import re

import numpy as np
import pytest

from hotspots import schema
from hotspots.accounts import Accounts, audit, passwords
from hotspots.crs import to_wgs84
from hotspots.demo import make_demo_workspace
from hotspots.store import Store
from tests.browser.serving import serving
from tests.web.signing import CHEAP, PASSWORD, make_app
from tests.web.test_my_reports_page import report_of

pytestmark = pytest.mark.browser
FIRST_PAGE = {
    "administrator": "/admin",
    "commander": "/",
    "mentor": "/mentor",
    "assistant": "/my-reports",
    "council": "/overview",
}
NEW_PASSWORD = "ostruzina-kolovrat-mlha-8"  # noqa: S105 - of this test
NOTE = "Hluk u garáží, uklidněno domluvou."
CSV = (
    "Číslo;Datum a čas;Ulice;Druh;Poznámka\n"
    "1;5.3.2024 21:30;Lipovská;hluk z restaurace;první poznámka\n"
    "2;6.3.2024 22:10;Masarykovo náměstí;rušení nočního klidu;druhá poznámka\n"
)
NUMBER = r"(-?\d+(?:\.\d+)?)"
# Two numbers that may be a position: written beside each other, or as attributes of one element.
PAIR = re.compile(NUMBER + r"[^\d.]{1,14}?" + NUMBER)
NEAR_DEGREES = 2e-6  # about 20 cm


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """The address of the pages of a workspace with an account per role, and the workspace."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "_HASHER", CHEAP)
        passwords._stand_in.cache_clear()
        app = make_app(make_demo_workspace(tmp_path_factory.mktemp("roles") / "town"))
        with serving(app) as address:
            yield address, app.extensions["hotspots"].workspace
    passwords._stand_in.cache_clear()


def sign_in(page, name):
    page.locator("#name").fill(name)
    page.locator("#password").fill(PASSWORD)
    page.locator(".entry button.primary").click()
    page.wait_for_url(lambda url: "sign-in" not in url)


@pytest.fixture
def come(open_page, served):
    """Open the start page as nobody, and sign in through the form that it leads to."""
    address, _workspace = served

    def start(name, **options):
        page = open_page(f"{address}/?lang=en", **options)
        assert "/sign-in" in page.url
        sign_in(page, name)
        assert page.url.removeprefix(address).partition("?")[0] == FIRST_PAGE[name]
        return page

    return start


def lines(workspace, action):
    with Accounts.open(workspace) as accounts:
        return [(line.user_name, line.role) for line in accounts.audit_entries(actions=(action,))]


def test_an_administrator_imports_a_file_and_adds_a_person(come, open_page, served, tmp_path):
    address, workspace = served
    file = tmp_path / "hlášení.csv"
    file.write_text(CSV, encoding="cp1250")
    page = come("administrator")
    page.get_by_role("heading", name="What needs attention").wait_for()
    page.locator("nav.pages").get_by_role("link", name="Data", exact=True).click()
    page.get_by_role("link", name="Import a file", exact=True).first.click()
    page.locator("#file").set_input_files(file)
    page.get_by_role("button", name="Continue").click()
    page.locator(".preview").get_by_text("5 Mar 2024 21:30").wait_for()
    page.locator("#new_source").fill("hlaseni")
    page.locator("button[value=import]").click()
    page.wait_for_url(re.compile(r"/batches/\d+\b"))
    assert "brought 2 new incidents" in page.locator("h1").inner_text()
    with Store.open(workspace) as store:
        assert store.batches()[-1].user_name == "administrator"

    page.locator("nav.pages").get_by_role("link", name="Administration", exact=True).click()
    page.locator(".tiles").get_by_role("link", name="Accounts").click()
    page.locator("#display_name").fill("Jana Nová")
    page.locator("#name").fill("jana.nova")
    page.locator("input[name=role][value=commander]").check()
    page.get_by_role("button", name="Add, and show the link").click()
    link = page.locator("#link").input_value()
    assert link.startswith(f"{address}/link/")
    # Its owner opens it elsewhere, chooses a password and begins with their own first page.
    other = open_page(f"{link}?lang=en")
    assert "Jana Nová" in other.locator(".entry").inner_text()
    other.locator("#password").fill(NEW_PASSWORD)
    other.locator("#again").fill(NEW_PASSWORD)
    other.locator(".entry button.primary").click()
    other.locator("#finding").wait_for()
    assert "Jana Nová" in other.locator("header").inner_text()
    # It works once.
    again = open_page(f"{address}/sign-in?lang=en")
    assert again.request.get(link).status == 404
    page.goto(f"{address}/users?lang=en")
    row = page.locator("table.data tr", has_text="jana.nova")
    assert "open" in row.inner_text()


def test_a_commander_changes_a_filter_and_opens_what_changed(come):
    page = come("commander")
    page.wait_for_selector("#areas td.now:not(:empty)", state="attached")
    finding = page.locator("#finding").inner_text()
    page.get_by_label("Districts (ZSJ)").check(force=True)
    page.wait_for_url("**by=district**")
    page.wait_for_selector("#areas td.now:not(:empty)", state="attached")
    assert page.locator("#finding").inner_text() != finding
    page.locator("section.recent a").first.click()
    page.wait_for_url("**every=week**")
    page.wait_for_selector("#areas td.now:not(:empty)", state="attached")
    assert "by=district" in page.url
    for label in ("Administration", "Import a file"):
        assert page.get_by_role("link", name=label, exact=True).count() == 0


def test_a_mentor_opens_the_note_of_a_report(come, served):
    _address, workspace = served
    report_of(workspace, "assistant", hours_ago=0, note=NOTE)
    page = come("mentor")
    row = page.locator("ul.reports li", has_text="Assistant Testovací").first
    assert NOTE not in page.content()
    before = lines(workspace, audit.NOTES_VIEWED)
    row.get_by_role("link", name="Show the note").click()
    page.get_by_role("heading", name="Note of an incident").wait_for()
    assert page.get_by_text(NOTE).count() == 1
    assert lines(workspace, audit.NOTES_VIEWED) == [("mentor", "mentor"), *before]


def test_an_assistant_sends_a_report_from_a_phone(come, served):
    _address, workspace = served
    page = come("assistant", width=390, height=844, is_mobile=True, has_touch=True)
    page.get_by_role("heading", name="My reports").wait_for()
    n_before = page.locator("ul.reports li").count()
    page.get_by_role("link", name="Report an event").first.tap()
    page.wait_for_selector("#report[data-ready]")
    page.locator(".r-group[data-group=public_order] summary").tap()
    page.get_by_label("Noise at night", exact=True).check()
    page.locator("#r-place").fill("Lipovská 14")
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    page.locator("#r-submit").tap()
    page.wait_for_selector(".r-item.sent")
    page.locator("details.menu summary").tap()
    page.locator(".menu-sheet").get_by_role("link", name="My reports", exact=True).tap()
    page.get_by_text("Lipovská 14").wait_for()
    assert page.locator("ul.reports li").count() == n_before + 1
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    with Store.open(workspace) as store:
        kept = store.read_incidents()
        assert store.batches()[-1].user_name == "assistant"
    assert (kept[schema.PLACE_TEXT] == "Lipovská 14").sum() == 1


class Heard:
    """Every answer that a browser got, read before the next page lets it go."""

    def __init__(self, page):
        self.bodies = {}
        self._answers = []
        page.on("response", lambda answer: self._answers.append(answer))

    def read(self):
        """Read what has come since the last time."""
        while self._answers:
            answer = self._answers.pop(0)
            answer.finished()
            if answer.status == 200:
                self.bodies[answer.url] = answer.text()


def reveals(body, incidents):
    """Return what of single incidents a text holds: ids, notes, positions."""
    ids = [*incidents[schema.INCIDENT_ID], *incidents[schema.SOURCE_REF]]
    found = [one for one in ids if len(one) > 5 and one in body]
    found += [note for note in incidents[schema.NOTE] if len(note) > 3 and note in body]
    pairs = np.array([one.groups() for one in PAIR.finditer(body)], dtype=float).reshape(-1, 2)
    placed = incidents.dropna(subset=[schema.X, schema.Y])
    x, y = placed[schema.X].to_numpy(), placed[schema.Y].to_numpy()
    lon, lat = to_wgs84(x, y)
    for first, second, near in [(lon, lat, NEAR_DEGREES), (x, y, 0.6), (-x, -y, 0.6)]:
        for one, other in [(first, second), (second, first)]:
            close = np.abs(pairs[:, :1] - one) <= near
            close &= np.abs(pairs[:, 1:] - other) <= near
            found += pairs[close.any(axis=1)].tolist()
    return found


def test_the_search_for_single_incidents_would_find_them(served):
    _address, workspace = served
    report_of(workspace, "assistant", hours_ago=0, note=NOTE)
    with Store.open(workspace) as store:
        incidents = store.read_incidents()
    one = incidents.dropna(subset=[schema.X, schema.Y]).iloc[7]
    x, y = one[schema.X], one[schema.Y]
    ((lon,), (lat,)) = to_wgs84(np.array([x]), np.array([y]))
    for text in (
        f"<p>{one[schema.INCIDENT_ID]}</p>",
        f"<p>… {NOTE} …</p>",
        f"[{lon:.6f},{lat:.6f}]",
        f'"lat": {lat:.7f}, "lon": {lon:.7f}',
        f'data-x="{x:.0f}" data-y="{y:.0f}"',
        f"{-y:.2f}; {-x:.2f}",
    ):
        assert reveals(text, incidents), text
    assert reveals("<p>12 345, 17.20, 50.22, 2024-03-05</p>", incidents) == []


def test_a_councillor_steps_through_the_overview_and_gets_no_single_incident(come, served):
    _address, workspace = served
    report_of(workspace, "assistant", hours_ago=0, note=NOTE)
    page = come("council")
    start = page.url
    page.goto("about:blank")
    heard = Heard(page)
    page.goto(start)
    chart = page.frame_locator("#overview-map")
    chart.locator("[data-ready]").wait_for()
    page.click(".present-start")
    slides = page.locator(".slide").evaluate_all("all => all.map(one => one.id)")
    assert slides == ["finding", "districts", "development", "method"]
    for slide in slides:
        page.wait_for_selector(f"#{slide}.current")
        page.keyboard.press("ArrowRight")
    page.keyboard.press("Escape")
    years = chart.locator(".hs-choices button")
    for number in range(years.count()):
        years.nth(number).click()
    heard.read()
    page.locator("header").get_by_role("link", name="Method", exact=True).first.click()
    page.wait_for_url("**/method**")
    heard.read()
    assert any(url.partition("?")[0].endswith("/overview/map") for url in heard.bodies)
    with Store.open(workspace) as store:
        incidents = store.read_incidents()
    told = {url: found for url, body in heard.bodies.items() if (found := reveals(body, incidents))}
    assert told == {}
    # What others open is closed, in as few words.
    address = page.url.partition("/method")[0]
    for path in ("/map", "/export.xlsx", "/export.csv", "/batches", "/waiting", "/report", "/data"):
        answer = page.request.get(address + path)
        assert answer.status == 403, path
        assert reveals(answer.text(), incidents) == [], path
