"""Texts that try to become scripts are stored wherever texts are, and stay texts on every page."""

import csv
import io
import shutil
from html.parser import HTMLParser

import pytest

from hotspots.settings import Workspace
from web import create_app

from . import filled as filling
from .conftest import HOSTILE
from .filled import addresses, fill
from .signing import client_as, send

# No character that a file name or an unquoted cell could not hold.
IMAGE = "<img src=x onerror=alert(1)>"
FEWEST_PAGES = 12
MORE = (
    "/map?by=locality",
    "/map?by=street",
    "/map?by=district",
    "/?by=locality",
    "/waiting?page=1",
)


class Faults(HTMLParser):
    """Collects what a page holds that only a stored text could have brought."""

    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.found, self.texts, self.script = [], [], None

    def handle_starttag(self, tag, attributes):
        named = dict(attributes)
        self.found += [f"{tag} {name}" for name in named if name.startswith("on")]
        self.found += [f"{tag} to {named[k]}" for k in ("src", "href") if named.get(k) == "x"]
        self.found += [
            f"{tag} {name}={value}"
            for name, value in attributes
            if name in {"href", "src", "action"}
            and (value or "").strip().lower()[:11] == "javascript:"
        ]
        if tag == "script":
            self.script = named
            if not (
                named.get("src") or named.get("nonce") or named.get("type") == "application/json"
            ):
                self.found.append("script without a mark")

    def handle_data(self, data):
        self.texts.append(data)
        if self.script is None:
            return
        if self.script.get("type") == "application/json" and "<" in data:
            self.found.append("< in data")
        if self.script.get("type") != "application/json" and "alert(" in data:
            self.found.append("a script of a text")

    def handle_endtag(self, tag):
        if tag == "script":
            self.script = None


@pytest.fixture(scope="module")
def filled(hostile, tmp_path_factory):
    """A town whose locality, labels, notes, files, reports and people are all hostile."""
    path = tmp_path_factory.mktemp("scripts") / "town"
    shutil.copytree(hostile.path, path)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(filling, "MARK", IMAGE)
        return fill(Workspace.open(path))


@pytest.fixture(scope="module")
def app(filled):
    app = create_app(filled.workspace)
    for limiter in app.extensions["limiter"]:
        limiter.enabled = False
    return app


@pytest.mark.parametrize("role", ["administrator", "mentor"])
def test_stored_texts_never_become_markup(app, filled, role):
    client = client_as(app, role)
    if role == "administrator":
        for pattern in (IMAGE, HOSTILE):
            send(client, "/admin/offences", {"pattern": pattern, "group": "theft"})
    faults, shown, tables = {}, set(), 0
    paths = [path for _endpoint, methods, path in addresses(app, filled) if "GET" in methods]
    for path in [*paths, *MORE]:
        if path.startswith("/static/"):
            continue
        answer = client.get(path, query_string=None if "?" in path else "lang=en", buffered=True)
        kind = answer.mimetype or ""
        disposition = answer.headers.get("Content-Disposition", "")
        if set(disposition) & set("<>\r\n") or disposition.count('"') not in {0, 2}:
            faults[path, "name"] = disposition
        if kind == "text/html":
            page = Faults()
            page.feed(answer.get_data(as_text=True))
            if page.found:
                faults[path] = page.found
            if "alert(" in "".join(page.texts):
                shown.add(path)
        elif kind == "text/csv":
            tables += 1
            rows = csv.reader(io.StringIO(answer.get_data(as_text=True).lstrip("\ufeff")))
            bad = [cell for row in rows for cell in row if cell[:1] in {"=", "+", "@", "\t"}]
            if bad:
                faults[path] = bad
        elif "html" in kind or "svg" in kind:
            faults[path] = kind
    assert faults == {}
    assert len(shown) >= FEWEST_PAGES, sorted(shown)
    assert tables >= 1


def test_the_reader_of_pages_finds_what_it_looks_for():
    pages = {
        "<p onclick=a()>": "p onclick",
        "<img src=x>": "img to x",
        "<a href=' JavaScript:a()'>": "a href= JavaScript:a()",
        "<script>alert(1)</script>": "script without a mark",
        "<script nonce=a>alert(1)</script>": "a script of a text",
        '<script type="application/json">"<b>"</script>': "< in data",
    }
    for text, fault in pages.items():
        page = Faults()
        page.feed(text)
        assert fault in page.found
