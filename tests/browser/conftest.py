"""A real Chromium that may not reach any other host; every try is counted."""

import shutil
from contextlib import contextmanager
from urllib.parse import urlsplit

import pytest

from tests.browser.serving import serving
from web import create_app

CHROMIUM_ARGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
# How long a page may take on a busy machine; what hangs hangs for longer.
WAIT_MS = 60_000
LOOPBACK = {"127.0.0.1", "localhost", "[::1]", ""}


@pytest.fixture(scope="module")
def browser():
    """One Chromium for all tests of a module; two at once in one process do not get along."""
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("no Chromium is installed")
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with sync_api.sync_playwright() as playwright:
        started = playwright.chromium.launch(
            executable_path=chromium, args=list(CHROMIUM_ARGS), headless=True
        )
        yield started
        started.close()


@pytest.fixture
def served(browser):
    """Return `served(workspace)`: its address, open to all, for as long as the block lasts.

    Every page is closed before its server goes: what a page still loads is then no error.
    """

    @contextmanager
    def start(workspace):
        with serving(create_app(workspace, open_access=True)) as address:
            yield address
            for context in list(browser.contexts):
                context.close()

    return start


@pytest.fixture
def open_page(browser):
    """Open pages; at the end none may have asked another host or reported an error.

    `open_page(url, width=…, height=…, **context options)` returns a playwright page with the
    lists `strangers` and `errors`.
    """
    contexts = []
    strangers = []
    errors = []

    def route(handler):
        host = urlsplit(handler.request.url).hostname or ""
        if handler.request.url.startswith(("data:", "blob:", "about:")) or host in LOOPBACK:
            handler.continue_()
        else:
            strangers.append(handler.request.url)
            handler.abort()

    def note(said):
        if said.type == "error":
            errors.append(f"{said.text} {said.location.get('url', '')}".strip())

    def open_one(url, *, width=1440, height=900, **options):
        context = browser.new_context(viewport={"width": width, "height": height}, **options)
        contexts.append(context)
        context.set_default_timeout(WAIT_MS)
        context.route("**/*", route)
        page = context.new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("console", note)
        page.goto(url)
        return page

    yield open_one
    for context in contexts:
        context.close()
    assert strangers == []
    assert errors == []
