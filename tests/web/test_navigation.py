"""The bar on top: few pages for each role, the rest under one menu, the present one marked."""

import re

import pytest

from hotspots.accounts import ROLES
from web.access import HOME, RIGHTS, ROUTES
from web.navigation import BAR, list_entries, page_labels

from .signing import client_as, send

MOST = 6


def entries_of(role, endpoint=None, **options):
    return list_entries(
        RIGHTS[role].__contains__, role=role, known=set(ROUTES), endpoint=endpoint, **options
    )


def links(html):
    return re.findall(r'<a (?:class="in-bar" )?href="([^"]+)"([^>]*)>([^<]+)</a>', html)


def bar_of(page):
    return links(page.partition('<nav class="pages"')[2].partition("</nav>")[0])


def menu_of(page):
    return links(page.partition('<div class="menu-sheet">')[2].partition("</nav>")[0])


@pytest.mark.parametrize("role", ROLES)
def test_a_role_begins_at_its_first_entry_and_finds_all_its_pages_once(role):
    found = entries_of(role)
    assert found.bar[0].endpoint == HOME[role]
    assert len(found.bar) <= MOST
    names = [entry.endpoint for entry in (*found.bar, *found.rest)]
    assert len(names) == len(set(names))
    may = {name for name in page_labels() if ROUTES[name] in RIGHTS[role]}
    assert set(names) == may


def test_the_bar_names_pages_only_that_its_role_may_open():
    assert set(BAR) == set(ROLES)
    for role, names in BAR.items():
        assert {ROUTES[name] for name in names} <= RIGHTS[role]
        assert set(names) <= set(page_labels())


@pytest.mark.parametrize(
    ("endpoint", "about", "marked"),
    [
        ("admin.show", "", ("admin.show", "page")),
        ("settings.show", "", ("admin.show", "true")),
        ("retention.ask", "", ("admin.show", "true")),
        ("users.show_one", "", ("admin.show", "true")),
        ("batches.show", "", ("data.show", "true")),
        ("mentor.note", "", ("mentor.show", "true")),
        ("jobs.show", "layers", ("layers.show", "true")),
        ("jobs.show", "incidents", ("data.show", "true")),
        ("jobs.show", "backup", ("admin.show", "true")),
    ],
)
def test_one_entry_is_marked(endpoint, about, marked):
    found = entries_of("administrator", endpoint, job_about=about)
    assert [(e.endpoint, e.current) for e in (*found.bar, *found.rest) if e.current] == [marked]


def test_pages_that_this_program_lacks_are_not_led_to():
    known = set(ROUTES) - {"mentor.show"}
    found = list_entries(lambda _right: True, role="mentor", known=known, endpoint=None)
    assert "mentor.show" not in [entry.endpoint for entry in (*found.bar, *found.rest)]


@pytest.mark.parametrize("role", ROLES)
def test_the_page_of_a_role_shows_its_bar_its_menu_and_who_is_signed_in(signing, role):
    client = client_as(signing, role)
    page = client.get("/method?lang=en").text
    with signing.test_request_context():
        home = signing.url_for(HOME[role])
    assert f'<a class="brand" href="{home}?lang=en">' in page
    bar, menu = bar_of(page), menu_of(page)
    assert bar[0][0] == f"{home}?lang=en"
    assert len(bar) <= MOST
    # On a phone the menu alone leads everywhere.
    assert {address for address, _rest, _label in bar} <= {address for address, *_r in menu}
    assert [label for _a, rest, label in menu if "aria-current" in rest] == ["Method"]
    assert page.count(f"{role.title()} Testovací") == 2  # in the bar and under the menu
    assert page.count(">Sign out</button>") == 2
    assert "Seen as" not in page
    for address, _rest, label in menu:
        assert client.get(address).status_code == 200, label


def test_the_demonstration_is_seen_as_another_role(client):
    page = client.get("/method?lang=en").text
    assert '<option value="administrator" selected>' in page
    assert "Sign out" not in page
    shown = send(client, "/demo/role?lang=en", {"role": "assistant"})
    assert shown.headers["Location"] == "/my-reports?lang=en"
    page = client.get("/my-reports?lang=en").text
    assert '<option value="assistant" selected>' in page
    assert [label for *_rest, label in bar_of(page)] == [
        "My reports",
        "Report",
        "Overview",
        "Method",
    ]
    assert 'class="menu phone-only"' in page
    send(client, "/demo/role", {"role": "administrator"})


@pytest.mark.parametrize(
    ("role", "form", "page", "label"),
    [
        ("assistant", "/report", "/report", "Report"),
        ("assistant", "/my-reports/x/undo", "/my-reports", "My reports"),
        ("mentor", "/waiting/again", "/waiting", "Places to fill in"),
        ("administrator", "/admin/settings", "/admin/settings", "Settings"),
        ("administrator", "/jobs/x/cancel", "/data", "Data"),
        ("administrator", "/layers/fetch", "/layers", "Back to the layers"),
    ],
)
def test_a_form_without_its_token_leads_back_to_its_own_page(signing, role, form, page, label):
    client = client_as(signing, role)
    answer = client.post(f"{form}?lang=en")
    assert answer.status_code == 400
    found = re.search(r'<p><a class="button" href="([^"]+)">([^<]+)</a>', answer.text)
    assert found.groups() == (f"{page}?lang=en", label)
    assert client.get(page).status_code == 200
