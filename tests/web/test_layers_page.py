"""The page of layers: what it says, who may change anything, files sent in, and each change."""

import io
import re
import shutil
import stat
from dataclasses import replace
from datetime import date
from threading import Event

import geopandas as gpd
import pytest
from flask import session
from flask_wtf.csrf import generate_csrf
from hypothesis import given
from hypothesis import strategies as st
from shapely import Polygon
from shapely.geometry import Point

from hotspots import layers
from hotspots.layers.reading import LAYERS_FILE
from hotspots.layers.versions import current_version, list_versions, placement
from hotspots.settings import Settings, Workspace
from hotspots.workspace_init import init_workspace
from tests.official_server import last_day_before, official_server, status, town_files
from tests.ruian import file_name, make_addresses_csv, make_vfr, small_town, zipped
from web import changes, create_app, uploads
from web.changes import SECRET_FILE, read_secret
from web.jobs import Outcome
from web.security import CONTENT_POLICY
from web.uploads import safe_name

from .conftest import HOSTILE, X, Y
from .signing import client_as, make_app

WAIT_S = 60.0
HERE = "http://localhost"
CHANGES = ["import", "fetch", "repair", "use", "place", "jobs/20261122-101500-00000000/cancel"]


def text_of(response):
    return response.get_data(as_text=True)


@pytest.fixture(scope="module")
def town():
    return small_town()


@pytest.fixture(scope="module")
def vfr(town):
    name = file_name(town)
    return f"{name}.zip", zipped(name, make_vfr(town))


@pytest.fixture
def workspace(empty, tmp_path):
    """A workspace of its own with the bundled layers."""
    shutil.copytree(empty.path, tmp_path / "town")
    return Workspace.open(tmp_path / "town")


@pytest.fixture
def bare(tmp_path):
    """A workspace of another town, without layers."""
    settings = Settings(municipality="564729", town="Děčany")
    return init_workspace(tmp_path / "bare", settings=settings)


class Visitor:
    """A browser that sends forms as the pages hold them."""

    def __init__(self, workspace):
        self.workspace = workspace
        self.app = create_app(workspace, testing=True, open_access=True)
        self.client = self.app.test_client()
        self.jobs = self.app.extensions["hotspots_jobs"]

    def get(self, path, **options):
        return self.client.get(path, **options)

    def page(self, path="/layers"):
        return text_of(self.get(f"{path}?lang=en"))

    def token(self):
        """Return a token as the pages' forms have it, without making a whole page."""
        with self.app.test_request_context():
            token, raw = generate_csrf(), session["csrf_token"]
        with self.client.session_transaction() as kept:
            kept["csrf_token"] = raw
        return token

    def send(self, path, data=None, **options):
        fields = {"csrf_token": self.token(), **(data or {})}
        return self.client.post(f"/layers/{path}?lang=en", data=fields, **options)

    def do(self, path, data=None):
        """Send a form, wait for its job, and return the page of its result."""
        response = self.send(path, data)
        assert response.status_code == 303, text_of(response)
        self.jobs.wait(wait_s=WAIT_S)
        return text_of(self.get(response.headers["Location"]))


@pytest.fixture
def visitor(workspace):
    return Visitor(workspace)


def file(name, data):
    return (io.BytesIO(data), name)


def geojson(tmp_path, names=("U mostu",), geometry=None):
    path = tmp_path / "drawn.geojson"
    shapes = [geometry or Point(X + 300 * k, Y).buffer(80) for k in range(len(names))]
    frame = gpd.GeoDataFrame({"name": list(names)}, geometry=shapes, crs=5514)
    frame.to_crs(4326).to_file(path, driver="GeoJSON")
    return path.read_bytes()


def layers_bytes(workspace):
    return (workspace.layers / LAYERS_FILE).read_bytes()


# --- what the page says ------------------------------------------------------------------------


def test_the_finding_comes_first_then_map_table_check_versions_forms(visitor):
    page = visitor.page()
    parts = [
        "<h1>Bundled, approximate layers of Jeseník are in force.</h1>",
        'id="layer-map"',
        "What is in force",
        'id="check"',
        'id="versions"',
        'id="municipality"',
        'type="file"',
    ]
    places = [page.index(part) for part in parts]
    assert places == sorted(places)
    assert '<a href="/layers?lang=en" aria-current="page">Layers</a>' in page
    assert 'value="536385"' in page
    for host in ("vdp.cuzk.gov.cz", "ags.cuzk.gov.cz", "overpass-api.de"):
        assert host in page


def test_the_table_counts_what_the_layers_hold(visitor, workspace):
    rows = dict(
        re.findall(
            r'<th scope="row">([^<]+)</th>\s*<td class="num" data-label="number">([\d,]+)</td>',
            visitor.page(),
        )
    )
    for label, kind in (("Streets", "street"), ("Districts (ZSJ)", "district"), ("Grid", "grid")):
        assert int(rows[label].replace(",", "")) == len(layers.read_areas(workspace, kind))


def test_the_page_keeps_the_strict_policy_and_is_kept_by_nobody(visitor):
    response = visitor.get("/layers?lang=en")
    assert response.headers["Content-Security-Policy"] == CONTENT_POLICY
    assert response.headers["Cache-Control"] == "no-store"
    page = text_of(response)
    assert not re.search(r"\sstyle=|\son[a-z]+=|javascript:", page)
    assert not re.search(r"<script(?![^>]*\bsrc=)", page)


def test_the_session_is_for_this_site_only(visitor):
    cookie = visitor.get("/layers").headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert "Path=/" in cookie
    assert "Domain" not in cookie
    assert "Expires" not in cookie


@pytest.mark.parametrize("path", ["/health", "/map", "/layers/map"])
def test_what_has_no_forms_sets_no_cookie(visitor, path):
    assert "Set-Cookie" not in visitor.get(path).headers


def test_every_field_has_a_label_and_every_form_a_token(visitor):
    page = visitor.page()
    fields = re.findall(r'<(?:input|select)[^>]*\bid="([^"]+)"', page)
    assert len(fields) > 8
    assert set(fields) <= set(re.findall(r'<label for="([^"]+)"', page))
    assert page.count('method="post"') == page.count('name="csrf_token"')


def test_the_map_has_its_own_policy_and_shows_the_layers(visitor):
    response = visitor.get("/layers/map?lang=en")
    policy = response.headers["Content-Security-Policy"]
    assert "sandbox allow-scripts" in policy
    assert "unsafe" not in policy
    nonce = re.search(r"'nonce-([^']+)'", policy)[1]
    page = text_of(response)
    assert set(re.findall(r'nonce="([^"]+)"', page)) == {nonce}
    assert not re.search(r'(?:src|href)="(?:https?:)?//', page)
    assert '"label":"Districts"' in page
    assert '"kind":"street"' in page
    for asset in re.findall(r'(?:src|href)="(/assets/[^"]+)"', page):
        assert visitor.get(asset).status_code == 200


def test_texts_from_layers_stay_texts(hostile):
    hostile_pages = Visitor(hostile)
    for path in ("/layers", "/layers/map", "/layers/versions/1", "/layers/place"):
        assert "<script>alert" not in hostile_pages.page(path), path


def test_layers_edited_by_hand_into_nonsense_are_named_not_a_fault(visitor, workspace):
    (workspace.layers / LAYERS_FILE).write_bytes(b"no GeoPackage at all")
    page = visitor.page()
    assert "The layers in force cannot be read." in page
    assert "cannot be read as GeoPackage" in page
    assert 'id="municipality"' in page
    assert visitor.get("/data").status_code == 200


# --- a workspace without layers, and settings that change --------------------------------------


@pytest.mark.parametrize("path", ["/", "/map"])
def test_without_layers_pages_send_to_where_they_come_from(bare, path):
    response = create_app(bare, testing=True, open_access=True).test_client().get(f"{path}?lang=en")
    assert response.status_code == 200
    page = text_of(response)
    assert "There are no layers of Děčany here yet." in page
    assert 'href="/layers?lang=en"' in page


@pytest.mark.parametrize("path", ["/data", "/method", "/health", "/layers"])
def test_without_layers_the_other_pages_answer(bare, path):
    assert (
        create_app(bare, testing=True, open_access=True).test_client().get(path).status_code == 200
    )


def test_without_layers_only_fetch_and_import_are_offered(bare):
    page = Visitor(bare).page()
    assert "There are no layers of Děčany here yet." in page
    assert 'value="564729"' in page
    assert "<iframe" not in page
    assert 'id="check"' not in page


def test_new_settings_show_without_a_restart(visitor, workspace):
    assert "Ohniska</strong> · Jeseník" in visitor.page("/")
    replace(workspace, settings=replace(workspace.settings, town="Javorník")).write_settings()
    assert "Ohniska</strong> · Javorník" in visitor.page("/")
    assert "Ohniska</strong> · Javorník" in visitor.page()


def test_settings_half_edited_leave_the_former_ones(visitor, workspace):
    (workspace.path / "settings.toml").write_text('town = "Jav', encoding="utf-8")
    assert "Ohniska</strong> · Jeseník" in visitor.page("/")


def test_a_cached_page_is_made_anew_when_the_settings_change(client, own_copy):
    visitor = Visitor(own_copy)
    tag = visitor.get("/").headers["ETag"]
    assert visitor.get("/", headers={"If-None-Match": tag}).status_code == 304
    replace(own_copy, settings=replace(own_copy.settings, grid_cell_m=500.0)).write_settings()
    assert visitor.get("/", headers={"If-None-Match": tag}).status_code == 200


# --- who may change anything -------------------------------------------------------------------


@pytest.mark.parametrize("path", CHANGES)
def test_changes_take_post_only(visitor, path):
    response = visitor.get(f"/layers/{path}?lang=en")
    if path in {"repair", "place"}:  # the page that asks before
        assert response.status_code == 200
        return
    assert response.status_code == 405
    assert response.headers["Allow"] == "POST"


@pytest.mark.parametrize("path", CHANGES)
@pytest.mark.parametrize(
    "request_of",
    [
        {"environ_base": {"REMOTE_ADDR": "192.168.1.20"}},
        {"environ_base": {"REMOTE_ADDR": "nonsense"}},
        {"headers": {"X-Forwarded-For": "192.168.1.20"}},
        {"headers": {"Via": "1.1 proxy"}},
    ],
)
def test_the_demonstration_is_changed_at_the_machine_itself_only(visitor, path, request_of):
    before = layers_bytes(visitor.workspace)
    response = visitor.send(path, {"municipality": "536385", "version": "1"}, **request_of)
    assert response.status_code == 401
    assert "Sign in first" in text_of(response)
    assert visitor.jobs.list_jobs() == ()
    assert layers_bytes(visitor.workspace) == before


def test_another_host_name_of_the_machine_is_not_enough(visitor):
    visitor.app.config["ALLOWED_HOSTS"] = frozenset({"map.town.example"})
    response = visitor.send(
        "fetch", {"municipality": "536385"}, headers={"Host": "map.town.example"}
    )
    assert response.status_code in {400, 401}  # that name's cookies hold no token
    assert visitor.jobs.list_jobs() == ()


@pytest.mark.parametrize("address", ["127.0.0.1", "127.0.0.53", "::1", "::ffff:127.0.0.1"])
def test_loopback_addresses_are_the_machine_itself(visitor, address):
    response = visitor.send("use", {"version": "x"}, environ_base={"REMOTE_ADDR": address})
    assert response.status_code == 400


def test_who_may_not_change_layers_is_shown_no_forms_for_it(workspace):
    page = text_of(client_as(make_app(workspace), "commander").get("/layers?lang=en"))
    assert set(re.findall(r'<form[^>]*action="([^"?]+)', page)) == {"/sign-out"}
    assert "New layers are brought by an administrator" in page
    assert "hotspots layers" not in page
    assert "/layers/place" not in page


@pytest.mark.parametrize("path", CHANGES)
@pytest.mark.parametrize("token", [None, "", "wrong"])
def test_a_form_without_its_token_is_refused(visitor, path, token):
    visitor.token()
    data = {} if token is None else {"csrf_token": token}
    response = visitor.client.post(f"/layers/{path}?lang=en", data=data)
    assert response.status_code == 400
    assert "This form is no longer valid" in text_of(response)


def test_a_token_of_another_session_is_refused(visitor):
    stranger = visitor.app.test_client()
    response = stranger.post("/layers/use", data={"csrf_token": visitor.token(), "version": "1"})
    assert response.status_code == 400


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://localhost:9999"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
def test_a_form_of_another_site_is_refused(visitor, headers):
    response = visitor.send("use", {"version": "1"}, headers=headers)
    assert response.status_code == 403
    assert "another site" in text_of(response)


def test_the_pages_own_form_is_taken(visitor):
    token = re.search(r'name="csrf_token" value="([^"]+)"', visitor.page())[1]
    headers = {"Origin": HERE, "Sec-Fetch-Site": "same-origin"}
    data = {"csrf_token": token, "version": "x"}
    response = visitor.client.post("/layers/use?lang=en", data=data, headers=headers)
    assert "A version is a number" in text_of(response)


def test_the_secret_is_made_once_and_is_the_owners_alone(workspace):
    secret = read_secret(workspace.path)
    file = workspace.path / SECRET_FILE
    assert len(secret) == 32
    assert read_secret(workspace.path) == secret == file.read_bytes()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    file.write_bytes(b"short")
    assert len(read_secret(workspace.path)) == 32


@pytest.mark.parametrize("has_links", [True, False])
def test_the_secret_is_never_seen_half_written(workspace, monkeypatch, has_links):
    """Of two servers that start at once both sign with the key that was there first."""
    file, other = workspace.path / SECRET_FILE, b"o" * 32
    file.unlink(missing_ok=True)

    def link(_draft, target):
        assert not target.exists()
        if not has_links:
            raise PermissionError("this disk knows no links")
        target.write_bytes(other)
        raise FileExistsError

    monkeypatch.setattr(changes.os, "link", link)
    found = read_secret(workspace.path)
    assert found == file.read_bytes()
    assert (found == other) is has_links
    assert not list(workspace.path.glob(f".{SECRET_FILE}*"))


# --- files sent in -----------------------------------------------------------------------------


def test_a_town_sent_in_is_in_force_and_says_what_changed(visitor, vfr, workspace):
    page = visitor.do("import", {"files": file(*vfr), "as_kind": ""})
    assert "<h1>Official layers of Jeseník are in force, RÚIAN as of 31 Oct 2026.</h1>" in page
    assert re.search(r'<th scope="row">Streets</th><td class="num">78</td>.*?<strong>6<', page)
    assert "Incidents from 31 Oct 2026 on: version" in page
    assert current_version(workspace).valid_on == date(2026, 10, 31)
    assert "Official layers of Jeseník" in visitor.page()
    assert list((workspace.path / "uploads").iterdir()) == []


def test_trying_an_import_changes_nothing(visitor, vfr, workspace):
    before = layers_bytes(workspace)
    page = visitor.do("import", {"files": file(*vfr), "dry_run": "1"})
    assert "This was a trial: nothing has changed." in page
    assert "would be" in page
    assert layers_bytes(workspace) == before


def test_old_incidents_are_placed_anew_where_that_is_asked(visitor, vfr, workspace):
    visitor.do("import", {"files": file(*vfr), "re_place": "1"})
    assert [entry.since for entry in placement(workspace)] == [None]


def test_several_files_go_together(visitor, vfr, town, workspace):
    csv = file_name(town, "OB_ADR")
    page = visitor.do("import", {"files": [file(*vfr), file(csv, make_addresses_csv(town))]})
    assert "Official layers of Jeseník are in force" in page
    names = {source.name for source in current_version(workspace).sources}
    assert names == {vfr[0], csv}


def test_own_areas_come_in_under_their_kind(visitor, tmp_path, workspace):
    data = geojson(tmp_path, ["U mostu", HOSTILE])
    page = visitor.do("import", {"files": file("beats.geojson", data), "as_kind": "patrol_beat"})
    assert "Patrol beats" in page
    assert len(layers.read_areas(workspace, "patrol_beat")) == 2
    assert "<script>alert" not in page + visitor.page() + visitor.page("/layers/map")


def test_a_shapefiles_parts_stay_together(visitor, tmp_path, workspace):
    directory = tmp_path / "shape"
    directory.mkdir()
    frame = gpd.GeoDataFrame({"name": ["U mostu"]}, geometry=[Point(X, Y).buffer(80)], crs=5514)
    frame.to_file(directory / "drawn.shp")
    sent = [file(path.name, path.read_bytes()) for path in sorted(directory.iterdir())]
    assert len(sent) >= 4
    visitor.do("import", {"files": sent, "as_kind": "locality"})
    assert list(layers.read_areas(workspace, "locality")["name"]) == ["U mostu"]


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("town.xml.zip", b"PK\x03\x04 and then nothing"),
        ("town.gpkg", b"<html>not found</html>"),
        ("<img src=x onerror=alert(1)>.geojson", b"{}"),
        ("town.exe", b"MZ\x90\x00"),
        ("settings.toml", b'town = "Praha"'),
        ("layers.gpkg", (b"SQLite format 3\x00" + b"\x00" * 52 + b"GPKG").ljust(600, b"\x00")),
    ],
)
def test_what_is_no_layer_fails_with_a_reason_and_changes_nothing(visitor, name, data, workspace):
    before = layers_bytes(workspace)
    settings = (workspace.path / "settings.toml").read_text()
    page = visitor.do("import", {"files": file(name, data), "as_kind": "locality"})
    assert "It has failed; the former layers stay in force." in page
    assert str(workspace.path) not in page
    assert "<img" not in page
    assert layers_bytes(workspace) == before
    assert (workspace.path / "settings.toml").read_text() == settings
    assert list((workspace.path / "uploads").iterdir()) == []


@pytest.mark.parametrize(
    ("files", "reason"),
    [
        ([], "No file was chosen"),
        ([("", b"")], "No file was chosen"),
        ([("empty.gpkg", b"")], "The file empty.gpkg is empty."),
        ([(f"{n}.gpkg", b"x") for n in range(21)], "21 files were sent, at most 20"),
    ],
)
def test_forms_without_sound_files_start_nothing(visitor, files, reason, workspace):
    response = visitor.send("import", {"files": [file(*one) for one in files]})
    assert response.status_code == 400
    assert reason in text_of(response)
    assert visitor.jobs.list_jobs() == ()
    assert list((workspace.path / "uploads").iterdir()) == []


@pytest.mark.parametrize(
    ("field", "value", "reason"),
    [
        ("as_kind", "castle", "not “castle”"),
        ("year", "soon", "not “soon”"),
        ("year", "12", "not “12”"),
        ("municipality", "Praha", "not “Praha”"),
        ("name_column", "x" * 300, "name_column must be a short text"),
        ("crs", "a\nb", "crs must be a short text"),
    ],
)
def test_wrong_fields_are_named(visitor, vfr, field, value, reason):
    response = visitor.send("import", {"files": file(*vfr), field: value})
    assert response.status_code == 400
    assert reason in text_of(response)


def test_too_much_at_once_is_refused(visitor, monkeypatch, workspace):
    monkeypatch.setattr(uploads, "MAX_BYTES", 10_000)
    monkeypatch.setattr(uploads, "_FORM_BYTES", 1_000)
    response = visitor.send("import", {"files": file("a.gpkg", b"x" * 20_000)})
    assert response.status_code == 413
    assert "At most 20 files of 400 MB together" in text_of(response)
    assert not (workspace.path / "uploads").exists() or not list(
        (workspace.path / "uploads").iterdir()
    )


def test_far_too_many_files_are_told_how_many_are_taken(visitor):
    response = visitor.send("import", {"files": [file(f"{n}.gpkg", b"x") for n in range(100)]})
    assert response.status_code == 413
    assert "At most 20 files of 400 MB together can be sent at once." in text_of(response)


def test_only_the_import_takes_large_bodies(visitor):
    big = {"municipality": "5" * 100_000}
    response = visitor.send("fetch", big)
    assert response.status_code == 413
    assert "This page takes no files." in text_of(response)


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("20261031_OB_536385_UKSH.xml.zip", "20261031_OB_536385_UKSH.xml.zip"),
        ("../../etc/passwd", "passwd"),
        ("C:\\data\\town.gpkg", "town.gpkg"),
        ("/", "file"),
        ("..", "file"),
        (".lock", "lock"),
        ("a\x00b.gpkg", "ab.gpkg"),
        ("Okrsky města (2).geojson", "Okrsky města (2).geojson"),
        ("con.shp", "_con.shp"),
        ("a;rm -rf *.csv", "a_rm -rf _.csv"),
        ("x" * 300 + ".xml.gz", "x" * 93 + ".xml.gz"),
    ],
)
def test_names_of_files_are_only_names(name, safe):
    assert safe_name(name) == safe


@given(st.text(max_size=300))
def test_no_name_leads_out_of_its_directory(name):
    safe = safe_name(name)
    assert 0 < len(safe) <= 100
    assert not set(safe) & set('/\\:*?"<>|\x00\n')
    assert not safe.startswith(".")
    assert safe.isprintable()


def test_two_files_of_one_name_do_not_meet(visitor, tmp_path):
    data = geojson(tmp_path)
    page = visitor.do(
        "import",
        {"files": [file("a.geojson", data), file("A.geojson", data)], "as_kind": "quarter"},
    )
    assert "It has failed" in page  # two map layers at once, both found


# --- fetching, checking, versions, placing -----------------------------------------------------


@pytest.fixture
def cuzk(town):
    today = date.today()  # noqa: DTZ011 - the newest file is looked for by the day of this machine
    files = town_files(town, last_day_before(today))
    with official_server(town, files=files) as server:
        yield server


def test_fetching_ends_with_the_official_layers_in_force(workspace, cuzk):
    settings = replace(workspace.settings, **cuzk.addresses)
    replace(workspace, settings=settings).write_settings()
    visitor = Visitor(workspace)
    page = visitor.do("fetch", {"municipality": "536385"})
    assert "Official layers of Jeseník are in force, RÚIAN as of" in page
    assert "fetched" in visitor.page()


def test_a_fetch_that_fails_says_why_and_leaves_everything(workspace, town):
    before = layers_bytes(workspace)
    with official_server(town, faults={"/": status(404)}) as server:
        settings = replace(workspace.settings, **server.addresses)
        replace(workspace, settings=settings).write_settings()
        page = Visitor(workspace).do("fetch", {"municipality": "536385"})
    assert "It has failed; the former layers stay in force." in page
    assert layers_bytes(workspace) == before


def test_the_first_layers_of_a_town_come_through_the_page(bare, cuzk):
    settings = replace(bare.settings, municipality="536385", town="Jeseník", **cuzk.addresses)
    replace(bare, settings=settings).write_settings()
    visitor = Visitor(bare)
    assert visitor.get("/").status_code == 200
    visitor.do("fetch", {"municipality": "536385"})
    assert "There are no incidents here yet." in visitor.page("/")


@pytest.mark.parametrize("code", ["", "Jeseník", "53638", "٥٣٦٣٨٥", "536385; DROP"])
def test_only_a_code_of_six_digits_is_fetched(visitor, code):
    response = visitor.send("fetch", {"municipality": code})
    assert response.status_code == 400
    assert "six digits" in text_of(response)


def test_another_town_needs_to_be_allowed(visitor, workspace):
    other = small_town("599999", "Jinov")
    name = file_name(other)
    data = zipped(name, make_vfr(other))
    page = visitor.do("import", {"files": file(f"{name}.zip", data)})
    assert "It has failed" in page
    assert "Jinov" in page
    visitor.do("import", {"files": file(f"{name}.zip", data), "allow_other_town": "1"})
    assert Workspace.open(workspace.path).settings.municipality == "599999"
    assert "Ohniska</strong> · Jinov" in visitor.page()


def test_another_town_is_refused_before_anything_is_fetched(visitor, sample):
    response = visitor.send("fetch", {"municipality": "564729"})
    assert response.status_code == 400
    assert "of another municipality than Jeseník (536385)" in text_of(response)
    assert not visitor.jobs.list_jobs()
    kept = Visitor(sample)
    for path, data in (
        ("fetch", {"municipality": "564729", "allow_other_town": "1"}),
        ("import", {"files": file("a.xml", b"<a/>"), "allow_other_town": "1"}),
    ):
        response = kept.send(path, data)
        assert response.status_code == 400
        assert "so the study area cannot become another town" in text_of(response)
    assert not kept.jobs.list_jobs()


def test_a_former_version_is_compared_and_put_in_force_again(visitor, vfr, workspace):
    visitor.do("import", {"files": file(*vfr)})
    assert "Compare, or put in force" in visitor.page()
    page = visitor.page("/layers/versions/1")
    assert "Version 1 beside version 2" in page
    assert "6 → 78 areas" in page
    page = visitor.do("use", {"version": "1"})
    assert "Version 1 is in force." in page
    assert current_version(workspace).version_id == 1
    assert len(layers.read_areas(workspace, "street")) == 78


@pytest.mark.parametrize("path", ["/layers/versions/99", "/layers/jobs/20200101-000000-00000000"])
def test_what_does_not_exist_is_not_found(visitor, path):
    assert visitor.get(path).status_code == 404


@pytest.mark.parametrize("value", ["", "99", "-1", "1; DROP", "../1"])
def test_only_versions_that_exist_are_put_in_force(visitor, value, workspace):
    response = visitor.send("use", {"version": value})
    assert response.status_code in {400, 404}
    assert len(list_versions(workspace)) == 1


def test_placing_anew_first_says_what_would_move(visitor, vfr, workspace):
    visitor.do("import", {"files": file(*vfr)})
    assert len(placement(workspace)) == 2
    assert "Place older incidents anew" in visitor.page()
    page = visitor.page("/layers/place")
    assert "would move if all were placed by the layers in force" in page
    assert len(placement(workspace)) == 2
    visitor.do("place", {"since": "2026-01-01"})
    assert [entry.since for entry in placement(workspace)] == [None, date(2026, 1, 1)]
    page = visitor.do("place", {"since": ""})
    assert "All incidents are placed by the layers in force." in page
    assert [entry.since for entry in placement(workspace)] == [None]


@pytest.mark.parametrize(
    "value",
    [
        "yesterday",
        "2026-13-01",
        "1. 1. 2026",
        "20240101",
        "2024-W01-1",
        "２０２４-01-01",
        "2024-1-1",
    ],
)
def test_only_a_day_is_a_day(visitor, value):
    response = visitor.send("place", {"since": value})
    assert response.status_code == 400
    assert "The day must be written as 2026-10-31" in text_of(response)
    assert visitor.jobs.list_jobs() == ()


@pytest.mark.parametrize("value", ["0001-01-01", "1989-12-31", "9999-12-31"])
def test_incidents_are_placed_from_a_day_on_which_there_can_be_some(visitor, value):
    response = visitor.send("place", {"since": value})
    assert response.status_code == 400
    assert "The day must be from 1 Jan 1990 to " in text_of(response)
    assert visitor.jobs.list_jobs() == ()


def test_a_day_from_which_the_version_in_force_places_already_is_said(visitor):
    page = visitor.do("place", {"since": "2024-01-01"})
    assert "all incidents are placed by version 1, the one in force, already" in page


def test_a_safe_repair_is_shown_asked_for_and_made(visitor, workspace):
    path = workspace.layers / LAYERS_FILE
    districts = gpd.read_file(path, layer="district")
    bow = Polygon([(X, Y), (X + 40, Y + 40), (X + 40, Y), (X, Y + 40)])
    beats = districts.iloc[[0]].assign(
        area_id="patrol_beat:1", kind="patrol_beat", name="Bow", area_km2=bow.area / 1e6
    )
    beats.geometry = [bow]
    beats.to_file(path, layer="patrol_beat", driver="GPKG")
    page = visitor.page()
    assert "The check has found" in page
    assert "See what safe repairs would change" in page
    asked = visitor.page("/layers/repair")
    assert "nothing is changed until you choose" in asked
    codes = re.findall(r'name="code" value="([^"]+)"', asked)
    assert "valid" in codes
    done = visitor.do("repair", {"code": codes})
    assert "The layers are repaired" in done
    assert layers.read_areas(workspace, "patrol_beat").geometry.is_valid.all()


def test_a_repair_that_is_not_needed_is_refused(visitor):
    response = visitor.send("repair", {"code": ["valid", "rm -rf"]})
    assert response.status_code == 400
    assert "No repair was chosen" in text_of(response)


# --- jobs as pages -----------------------------------------------------------------------------


def test_a_running_job_is_followed_stopped_and_keeps_others_out(visitor, vfr):
    reported, released = Event(), Event()

    def work(report, tell):
        report("reading the file", 0.25)
        reported.set()
        released.wait(WAIT_S)
        report("never told", 0.5)
        return Outcome("Done.")

    job = visitor.jobs.start("test", "A test", work)
    assert reported.wait(WAIT_S)
    try:
        state = visitor.get(f"/layers/jobs/{job.job_id}.json?lang=en").json
        assert (state["state"], state["text"], state["share"]) == (
            "running",
            "Reading the file",
            0.25,
        )
        page = visitor.page(f"/layers/jobs/{job.job_id}")
        assert '<progress id="job-bar" max="1" value="0.25"' in page
        assert '<noscript><meta http-equiv="refresh"' in page
        assert "A test: Reading the file, 25%" in visitor.page()
        busy = visitor.send("import", {"files": file(*vfr)})
        assert busy.status_code == 409
        assert f"/jobs/{job.job_id}" in text_of(busy)
        assert visitor.send(f"jobs/{job.job_id}/cancel").status_code == 303
        assert "Stopping" in visitor.page(f"/layers/jobs/{job.job_id}")
    finally:
        released.set()
    visitor.jobs.wait(wait_s=WAIT_S)
    assert "It was stopped; nothing has changed." in visitor.page(f"/layers/jobs/{job.job_id}")
    assert "A test" in visitor.page()
