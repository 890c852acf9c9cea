"""Reports on a phone that is signed out, and one that passes from hand to hand: in a browser."""

import pytest

from hotspots.accounts import passwords
from hotspots.store import Store
from tests.browser.serving import serving
from tests.web.signing import CHEAP, PASSWORD, make_app

pytestmark = pytest.mark.browser
WAIT_MS = 60_000


@pytest.fixture
def app(new_town, tmp_path, monkeypatch):
    monkeypatch.setattr(passwords, "_HASHER", CHEAP)
    passwords._stand_in.cache_clear()
    yield make_app(new_town(tmp_path / "town"))
    passwords._stand_in.cache_clear()


def sign_in(page, name):
    page.locator("#name").fill(name)
    page.locator("#password").fill(PASSWORD)
    page.locator(".entry button.primary").click()
    page.wait_for_selector("#report[data-ready]")


def batches(app):
    with Store.open(app.extensions["hotspots"].workspace) as store:
        return store.batches()


def test_reports_wait_for_their_writer_to_sign_in_again(browser, app):
    context = browser.new_context(
        viewport={"width": 390, "height": 844}, is_mobile=True, has_touch=True
    )
    faults = []
    page = context.new_page()
    page.set_default_timeout(WAIT_MS)
    page.on("pageerror", lambda error: faults.append(str(error)))
    try:
        with serving(app) as address:
            page.goto(f"{address}/report?lang=en")
            assert "/sign-in?next=/report" in page.url
            sign_in(page, "assistant")
            page.wait_for_selector("#report[data-offline=ready]")

            # The sign-in ends while the form is open: what is written stays on the phone.
            app.extensions["hotspots_accounts"].sign_out_everywhere("assistant", by=None)
            page.locator(".r-group[data-group=public_order] summary").click()
            page.get_by_label("Noise at night", exact=True).check()
            page.locator("#r-place").fill("Lipovská 12")
            page.locator("#r-submit").click()
            page.wait_for_selector("#r-status a[href*='/sign-in']")
            told = page.locator("#r-status").inner_text()
            assert "Sign in; the reports wait on this phone." in told
            assert batches(app) == []

            # Signed out, without a network, it is the form that opens, not the sign-in page.
            page.goto(f"{address}/report?lang=en")
            assert "/sign-in" in page.url
            context.set_offline(True)
            page.goto(f"{address}/report?lang=en")
            page.wait_for_selector("#report[data-unsent='1']")
            context.set_offline(False)

            # Somebody else signs in on the same phone: it is neither shown nor sent.
            page.goto(f"{address}/sign-in?next=/report%3Flang%3Den&lang=en")
            sign_in(page, "mentor")
            page.wait_for_selector(".r-item:has-text('Written by assistant')")
            assert "Lipovská" not in page.locator("#r-list").inner_text()
            assert page.locator(".r-item button").count() == 0
            page.wait_for_timeout(1500)
            assert batches(app) == []

            # Its writer comes back.
            page.locator("details.menu summary").click()
            page.locator(".menu-sheet form[action^='/sign-out'] button").click()
            page.wait_for_selector(".entry #name")
            page.goto(f"{address}/sign-in?next=/report%3Flang%3Den&lang=en")
            sign_in(page, "assistant")
            page.wait_for_selector(".r-item.sent")
            page.wait_for_selector("#report[data-unsent='0']")
            assert [batch.user_name for batch in batches(app)] == ["assistant"]
    finally:
        context.close()
    assert faults == []
