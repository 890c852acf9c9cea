"""The table of rights, for every route and every role: exactly what it says, from any address."""

import pytest
from werkzeug.routing import IntegerConverter

from hotspots.accounts import ROLES
from scripts.write_access import access_page
from tests.conftest import ROOT
from web import access, create_app
from web.access import HOME, RIGHTS, ROUTES, Right

from .signing import EVERYBODY, NOBODY, client_as, csrf_token, make_accounts, send

REACHED = 299
# From another machine, and from this one through a program between.
FROM = [
    {},
    {
        "environ_base": {"REMOTE_ADDR": "127.0.0.1"},
        "headers": {"X-Forwarded-For": "10.0.0.7", "Via": "1.1 proxy"},
    },
]
AS_JSON = {"report.token"}


@pytest.fixture(scope="module")
def gates(sample):
    """The application with every page replaced by a word, so that only its gates answer."""
    app = create_app(make_accounts(sample), testing=True)
    for endpoint in app.view_functions:
        app.view_functions[endpoint] = lambda **_values: ("reached", REACHED)
    return app


@pytest.fixture(scope="module")
def people(gates):
    return {role: client_as(gates, role) for role in EVERYBODY}


def requests_of(app):
    """Return endpoint, method and an address for every rule."""
    found = []
    with app.test_request_context():
        for rule in app.url_map.iter_rules():
            values = {
                name: 1 if isinstance(converter, IntegerConverter) else "x"
                for name, converter in rule._converters.items()
            }
            built = rule.build(values)
            assert built is not None
            found += [
                (rule.endpoint, method, built[1]) for method in rule.methods & {"GET", "POST"}
            ]
    return found


def expected(role, endpoint, method, path):
    """Return the status, and where a redirect leads, by the table alone."""
    right = ROUTES[endpoint]
    if right is Right.ANYONE or (role != NOBODY and right in RIGHTS[role]):
        return REACHED, ""
    if role == NOBODY:
        is_page = method == "GET" and not path.endswith(".json") and endpoint not in AS_JSON
        return (303, "/sign-in") if is_page else (401, "")
    if endpoint == "situation.show":  # the first address leads to the role's own first page
        return 303, HOME[role]
    return 403, ""


@pytest.mark.parametrize("role", EVERYBODY, ids=lambda role: role or "nobody")
@pytest.mark.parametrize("origin", FROM, ids=["far", "proxy"])
def test_every_route_answers_every_role_as_the_table_says(gates, people, role, origin):
    client = people[role]
    token = csrf_token(client)
    wrong = []
    asked = requests_of(gates)
    assert {endpoint for endpoint, _method, _path in asked} == set(ROUTES)
    for endpoint, method, path in asked:
        data = {"csrf_token": token} if method == "POST" else None
        answer = client.open(path, method=method, data=data, **origin)
        status, leads_to = expected(role, endpoint, method, path)
        location = answer.headers.get("Location", "")
        if leads_to in HOME.values():
            with gates.test_request_context():
                leads_to = gates.url_for(leads_to)
        is_right = answer.status_code == status and location.startswith(leads_to)
        if not is_right or (status != REACHED and "reached" in answer.text):
            wrong.append((endpoint, method, path, answer.status_code, location, status, leads_to))
        if ROUTES[endpoint] is not Right.ANYONE:
            kept = answer.headers["Cache-Control"]
            assert "no-store" in kept or "private" in kept, endpoint
    assert wrong == []


@pytest.mark.parametrize("role", [NOBODY, "administrator"])
def test_a_change_without_its_token_or_from_another_site_reaches_nothing(gates, people, role):
    for endpoint, method, path in requests_of(gates):
        if method == "POST":
            assert people[role].post(path).status_code in {400, 401, 403}, endpoint
            other = send(people[role], path, headers={"Origin": "http://elsewhere.example"})
            assert other.status_code in {401, 403}, endpoint
            site = send(people[role], path, headers={"Sec-Fetch-Site": "cross-site"})
            assert site.status_code in {401, 403}, endpoint


def test_every_role_has_rights_and_a_first_page_that_it_may_open():
    assert set(RIGHTS) == set(HOME) == set(ROLES)
    for role in ROLES:
        assert ROUTES[HOME[role]] in RIGHTS[role]


def test_council_viewers_have_the_overview_only():
    assert RIGHTS["council"] == {Right.ANYONE, Right.SIGNED_IN, Right.OVERVIEW}
    assert not RIGHTS["assistant"] & {Right.VIEW, Right.SINGLE, Right.NOTES, Right.CORRECT}


def test_only_administrators_import_change_layers_and_administer():
    for right in (Right.IMPORT, Right.LAYERS, Right.ADMINISTER):
        assert [role for role in ROLES if right in RIGHTS[role]] == ["administrator"]


def test_whoever_may_see_notes_may_see_single_incidents_and_so_on():
    for rights in RIGHTS.values():
        for more, less in [
            (Right.NOTES, Right.SINGLE),
            (Right.CORRECT, Right.SINGLE),
            (Right.SINGLE, Right.VIEW),
            (Right.VIEW, Right.OVERVIEW),
            (Right.OVERVIEW, Right.SIGNED_IN),
            (Right.MENTOR, Right.REPORT),
        ]:
            assert more not in rights or less in rights


def test_the_printed_table_is_that_of_the_program():
    shown = (ROOT / "docs" / "access.md").read_text(encoding="utf-8")
    assert shown == access_page(), "run: python scripts/write_access.py"


def test_a_route_without_an_entry_stops_the_start(empty, monkeypatch):
    monkeypatch.delitem(access.ROUTES, "layers.show")
    with pytest.raises(RuntimeError, match=r"routes without an entry \['layers.show'\]"):
        create_app(empty, testing=True)


def test_an_entry_without_a_route_stops_the_start(empty, monkeypatch):
    monkeypatch.setitem(access.ROUTES, "nothing.show", Right.VIEW)
    with pytest.raises(RuntimeError, match=r"entries without a route \['nothing.show'\]"):
        create_app(empty, testing=True)


def test_the_demonstration_gives_nothing_to_anybody_elsewhere(sample):
    app = create_app(sample, testing=True, open_access=True)
    for endpoint in app.view_functions:
        app.view_functions[endpoint] = lambda **_values: ("reached", REACHED)
    app.config["ALLOWED_HOSTS"] = frozenset({"map.town.example"})
    here, far = client_as(app, NOBODY, address="127.0.0.1"), client_as(app, NOBODY)
    tokens = {client: csrf_token(client) for client in (here, far)}
    for endpoint, method, path in requests_of(app):
        for client, options in [
            (far, {}),
            (here, {"headers": {"X-Forwarded-For": "127.0.0.1"}}),
            (here, {"headers": {"Host": "map.town.example"}}),
        ]:
            data = {"csrf_token": tokens[client]} if method == "POST" else None
            answer = client.open(path, method=method, data=data, **options)
            if ROUTES[endpoint] is not Right.ANYONE:
                assert answer.status_code in {303, 401}, endpoint
    assert here.get("/layers").status_code == REACHED
