"""Every route: its status, type, headers, language, and what it says."""

import gzip
import io
import json
import re

import pandas as pd
import pytest

from hotspots import schema
from hotspots.ingest.importer import import_file
from hotspots.ingest.mapping import Mapping
from hotspots.maps.time_map import DEFAULT_ASSET_URL
from hotspots.store import Store
from hotspots.workspace_init import init_workspace
from web import create_app, export_files
from web.security import CONTENT_POLICY

from .conftest import HOSTILE, X, Y

PAGES = ["/", "/data", "/method", "/?by=district&measure=rate&when=12", "/method?by=segment"]
EVERY_ROUTE = [*PAGES, "/map", "/health", "/export.csv", "/assets/leaflet.js", "/nothing-here"]


def text_of(response):
    return response.get_data(as_text=True)


@pytest.mark.parametrize("address", PAGES)
def test_pages_answer_in_html(client, address):
    response = client.get(address)
    assert response.status_code == 200
    assert response.content_type == "text/html; charset=utf-8"
    assert '<html lang="cs">' in text_of(response)


@pytest.mark.parametrize("address", EVERY_ROUTE)
def test_security_headers_stand_on_every_answer(client, address):
    headers = client.get(address).headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "strict-origin-when-cross-origin"
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert "geolocation=()" in headers["Permissions-Policy"]
    if not address.startswith("/map"):
        assert headers["Content-Security-Policy"] == CONTENT_POLICY
    assert "unsafe" not in headers["Content-Security-Policy"]


@pytest.mark.parametrize("address", PAGES)
def test_pages_keep_their_own_policy(client, address):
    page = text_of(client.get(address))
    assert not re.search(r"\sstyle=|\son[a-z]+=|javascript:", page)
    assert not re.search(r"<script(?![^>]*\bsrc=)", page)
    assert not re.search(r'(?:src|href)="(?:https?:)?//', page)


@pytest.mark.parametrize("address", EVERY_ROUTE)
def test_head_answers_as_get_without_a_body(client, address):
    response = client.head(address)
    assert response.status_code == client.get(address).status_code
    assert response.get_data() == b""


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
@pytest.mark.parametrize("address", ["/", "/map", "/data", "/export.csv"])
def test_pages_can_only_be_read(client, address, method):
    response = client.open(f"{address}?lang=en", method=method)
    assert response.status_code == 405
    assert response.headers["Allow"] == "GET, HEAD"
    assert "This page can only be read." in text_of(response)


def test_the_situation_says_first_what_is_seen(client):
    page = text_of(client.get("/"))
    heading = page.index('<h1 id="finding">')
    assert heading < page.index("<iframe") < page.index('id="ranking"') < page.index('id="areas"')
    assert "Ukázková data: události jsou vymyšlené." in page
    assert 'sandbox="allow-scripts"' in page


def test_the_table_reconciles(client, sample):
    page = text_of(client.get("/?lang=en"))
    body, foot = re.search(r"<tbody>(.*?)</tbody>\s*<tfoot>(.*?)</tfoot>", page, re.S).groups()
    rows = re.findall(r"<tr data-row.*?</tr>", body, re.S)
    in_areas = sum(int(re.search(r'data-value="(\d+)"', row)[1]) for row in rows)
    rest = [int(n.replace(",", "")) for n in re.findall(r'<td class="num">([\d,]+)</td>', foot)]
    assert in_areas == rest[0]
    assert sum(rest[:-1]) == rest[-1]
    with Store.open(sample) as store:
        assert rest[-1] == len(store.read_incidents(columns=[schema.SOURCE]))


def test_filters_keep_the_state_and_work_without_scripts(client):
    page = text_of(
        client.get(
            "/?offence=theft,public_order&hours=20-4&weekday=5&by=district&window=12&lang=en"
        )
    )
    checked = re.findall(r'name="(\w+)" value="([^"]*)"[^>]* checked', page)
    assert ("offence", "theft") in checked
    assert ("offence", "public_order") in checked
    assert ("weekday", "5") in checked
    assert ("hours", "own") in checked
    assert ("by", "district") in checked
    assert 'name="hour_from" min="0" max="23" value="20"' in page
    assert '<input type="hidden" name="window" value="12">' in page
    assert '<input type="hidden" name="lang" value="en">' in page
    assert '<button type="submit"' in page


def test_the_frame_is_asked_for_the_same_state(client):
    page = text_of(client.get("/?window=12&index=30&by=district&measure=density"))
    assert 'src="/map?by=district&amp;measure=density&amp;window=12&amp;index=30"' in page


def test_segments_of_one_street_are_told_apart(client):
    page = text_of(client.get("/?by=segment"))
    names = re.findall(r'<th scope="row">([^<]+)</th>', page.split("<tfoot>")[0])
    assert len(names) > 200
    assert len(set(names)) == len(names)
    assert "Smetanova, úsek 1" in names


def test_rates_need_residents(client):
    page = text_of(client.get("/?measure=rate&lang=en"))
    assert "counts are shown instead of rates" in page
    assert 'src="/map?lang=en"' in page


def test_missing_months_are_hatched_in_the_chart(client):
    chart = re.search(r'<svg id="town-chart".*?</svg>', text_of(client.get("/")), re.S)[0]
    assert chart.count('class="missing"') == 1
    assert chart.count('class="line"') == 2
    only = text_of(client.get("/?source=sample_assistants"))
    assert 'class="missing"' not in only


# What the bundled layers and the sample do not have.
ABSENT = (schema.CADASTRAL_UNIT, schema.PATROL_BEAT, schema.QUARTER)


@pytest.mark.parametrize("kind", sorted(set(schema.AREA_KINDS) - {schema.STREET, *ABSENT}))
def test_every_kind_of_area_has_its_page_and_map(client, kind):
    assert client.get(f"/?by={kind}").status_code == 200
    assert client.get(f"/map?by={kind}").status_code == 200


@pytest.mark.parametrize("kind", ABSENT)
def test_a_kind_that_the_town_lacks_is_not_offered_and_not_found(client, kind):
    assert f'name="by" value="{kind}"' not in text_of(client.get("/"))
    for address in (f"/?by={kind}", f"/map?by={kind}", f"/export.csv?by={kind}"):
        assert client.get(address).status_code == 404
    if kind == schema.CADASTRAL_UNIT:
        page = text_of(client.get(f"/?by={kind}&lang=en"))
        assert "no cadastral units (cadastral_unit); choose from: street, segment" in page
        assert "layers.gpkg" not in page


def test_a_quarter_of_a_day_without_incidents_is_a_page_too(client):
    page = client.get("/?hours=4-5&weekday=0&offence=traffic&from=2021-01&to=2021-01")
    assert page.status_code == 200
    assert "V žádném území není událost." in text_of(page)


def test_language_is_in_the_address_and_links_keep_it(client):
    page = text_of(client.get("/?lang=en&by=district"))
    assert '<html lang="en">' in page
    assert ">Situation</a>" in page
    assert 'href="/data?lang=en"' in page
    assert 'href="?by=district&amp;lang=cs"' in page
    assert ">Situace</a>" in text_of(client.get("/?by=district"))


def test_the_data_page_shows_the_last_imports_and_the_record(client):
    page = text_of(client.get("/data?lang=en"))
    assert len(re.findall(r'<a href="/batches/\d+\?lang=en">sample_\w+\.csv</a>', page)) == 2
    assert 'href="/import?lang=en"' in page
    assert "confirmed" in page
    assert "1 Jun 2022 – 31 Dec 2025" in page


@pytest.mark.parametrize("suffix", ["csv", "xlsx", "geojson", "gpkg", "parquet"])
def test_exports_are_files_of_the_same_question(client, suffix):
    response = client.get(f"/export.{suffix}?by=town_part&every=year&from=2024&to=2025")
    assert response.status_code == 200
    assert response.headers["Content-Disposition"] == (
        f'attachment; filename="hotspots_town_part_2024-01-01_2025-12-31.{suffix}"'
    )
    if suffix == "csv":
        table = pd.read_csv(io.BytesIO(response.data), sep=";", comment="#")
        assert len(table) == 3 * 2
    if suffix == "geojson":
        assert len(json.loads(response.data)["features"]) == 3


def test_an_export_of_too_many_rows_says_what_to_choose(client, monkeypatch):
    monkeypatch.setattr(export_files, "MAX_CELLS", 10)
    response = client.get("/export.csv?by=district&every=year")
    assert response.status_code == 400
    assert "delší kroky" in response.text


def test_an_unknown_export_is_not_found(client):
    response = client.get("/export.pdf?lang=en")
    assert response.status_code == 404
    assert "csv, xlsx, geojson, gpkg, parquet" in text_of(response)


def test_unchanged_pages_are_not_sent_again(client):
    for address in ("/?by=district", "/export.csv?by=town_part"):
        tag = client.get(address).headers["ETag"]
        again = client.get(address, headers={"If-None-Match": tag})
        assert again.status_code == 304
        assert again.get_data() == b""
    assert client.get("/?by=street", headers={"If-None-Match": tag}).status_code == 200


def test_a_new_record_changes_the_page_and_its_tag(own_copy):
    client = create_app(own_copy, testing=True, open_access=True).test_client()
    before = client.get("/?source=sample_assistants")
    with Store.open(own_copy) as store:
        record = store.source("sample_assistants").record[0]
        store.set_record("sample_assistants", [type(record).parse("2024-01-01..2025-12-31")])
    after = client.get(
        "/?source=sample_assistants", headers={"If-None-Match": before.headers["ETag"]}
    )
    assert after.status_code == 200
    assert text_of(after) != text_of(before)


def test_long_texts_are_gzipped_where_the_browser_takes_it(client):
    plain = client.get("/")
    packed = client.get("/", headers={"Accept-Encoding": "gzip"})
    assert packed.headers["Content-Encoding"] == "gzip"
    assert "Accept-Encoding" in packed.headers["Vary"]
    token = re.compile(rb'name="csrf_token" value="[^"]*"')
    unpacked = gzip.decompress(packed.data)
    assert token.sub(b"", unpacked) == token.sub(b"", plain.data)
    assert len(packed.data) < len(plain.data) / 3
    assert "Content-Encoding" not in client.get("/health").headers


def test_static_files_are_kept_by_the_browser(client):
    sheets = re.findall(r'href="(/static/[^"]+)"', text_of(client.get("/")))
    assert len(sheets) >= 5
    for sheet in sheets:
        response = client.get(sheet)
        assert response.status_code == 200
        assert "max-age=31536000" in response.headers["Cache-Control"]
        response.close()


def test_an_empty_workspace_says_what_to_import_first(empty):
    client = create_app(empty, testing=True, open_access=True).test_client()
    page = text_of(client.get("/?lang=en"))
    assert "There are no incidents here yet." in page
    assert f"hotspots import FILE.csv --workspace {empty.path.name}" in page
    assert str(empty.path) not in page  # where it lies is no one's business
    assert "<iframe" not in page
    assert client.get("/data").status_code == 200
    assert client.get("/method").status_code == 200
    assert client.get("/map").status_code == 200
    assert "Ukázková data" not in page


@pytest.mark.parametrize("address", ["/", "/?by=locality", "/data", "/method?by=locality", "/map"])
def test_hostile_names_stay_texts(hostile, address):
    response = create_app(hostile, testing=True, open_access=True).test_client().get(address)
    assert response.status_code == 200
    assert HOSTILE not in text_of(response)
    assert "<script>alert" not in text_of(response)


def test_hostile_values_of_the_address_stay_texts(client):
    response = client.get("/?by=%3Cscript%3Ealert(1)%3C/script%3E&lang=en")
    assert response.status_code == 400
    assert "<script>alert" not in text_of(response)
    assert "&lt;script&gt;alert(1)" in text_of(response)
    again = text_of(client.get('/?x="><script>alert(1)</script>'))
    assert "<script>alert" not in again


def test_displaced_incidents_are_left_out_below_districts_and_said_so(displaced):
    client = create_app(displaced, testing=True, open_access=True).test_client()
    page = text_of(client.get("/?lang=en"))
    assert "3 incidents with positions moved by their publisher are left out here" in page
    assert 'href="/?by=district&amp;lang=en"' in page
    assert "<iframe" in page
    districts = text_of(client.get("/?lang=en&by=district"))
    assert "left out here" not in districts


def test_a_wholly_displaced_source_has_no_street_map(displaced):
    client = create_app(displaced, testing=True, open_access=True).test_client()
    page = text_of(client.get("/?lang=en&source=moved"))
    assert "no map of them is drawn here" in page
    assert "<iframe" not in page
    assert 'href="/?by=district&amp;source=moved&amp;lang=en"' in page
    assert "<iframe" in text_of(client.get("/?by=district&source=moved"))


def test_the_table_gives_the_interval_that_chance_leaves_open(client):
    page = text_of(client.get("/?by=district&measure=density&lang=en"))
    found = re.search(
        r'<td class="num" data-value="([\d.]+)">[\d.,]+ '
        r'<small class="interval">\(([\d.,]+)–([\d.,]+)\)</small>',
        page,
    )
    value, low, high = (float(number.replace(",", "")) for number in found.groups())
    assert low < value < high
    assert "(95% interval)" in page


def test_why_a_rate_cannot_be_chosen_is_written_beside_it(client):
    page = text_of(client.get("/?lang=en"))
    assert re.search(r'value="rate" disabled aria-describedby="no-rate"', page)
    assert re.search(r'id="no-rate">[^<]*residents of these areas is not known', page)
    assert "no-rate" not in text_of(client.get("/?lang=en&by=district"))


@pytest.fixture(scope="module")
def with_codes(tmp_path_factory):
    """Client of a workspace with a place of the act and a place of the consequence."""
    workspace = init_workspace(tmp_path_factory.mktemp("codes") / "w")
    data = workspace.path / "codes.csv"
    rows = [f"{n};5.3.2024 21:30;{X + 5 * n};{Y};theft;{code}" for n, code in enumerate("43")]
    data.write_text("id;when;x;y;what;code\n" + "\n".join(rows) + "\n", encoding="utf-8")
    mapping = workspace.path / "codes.toml"
    mapping.write_text(
        'source = "codes"\nkind = "other"\nlabel = "Codes"\n[columns]\nsource_ref = "id"\n'
        'occurred = "when"\nx = "x"\ny = "y"\noffence = "what"\nrelevance = "code"\n'
        '[values]\ncrs = "EPSG:5514"\n[record]\nspans = ["2024-01-01..2024-06-30"]\n',
        encoding="utf-8",
    )
    import_file(workspace, data, mapping=Mapping.read(mapping))
    return create_app(workspace, testing=True, open_access=True).test_client()


def test_places_of_consequence_count_on_request(with_codes):
    box = re.compile(r'name="consequence" value="1"( checked)?')
    without = text_of(with_codes.get("/?lang=en"))
    assert box.search(without)[1] is None
    assert "A single incident is recorded" in without
    counted = text_of(with_codes.get("/?lang=en&consequence=1"))
    assert box.search(counted)[1]
    assert "2 incidents" in counted
    assert 'src="/map?consequence=1&amp;lang=en"' in counted
    assert with_codes.get("/?consequence=maybe").status_code == 400


def test_without_such_codes_nothing_is_asked(client):
    assert 'name="consequence"' not in text_of(client.get("/"))


def test_a_linked_map_finds_its_assets_where_the_server_has_them(client):
    assert client.get(f"{DEFAULT_ASSET_URL}leaflet.js").status_code == 200
    assert f'src="{DEFAULT_ASSET_URL}leaflet.js' in text_of(client.get("/map"))
