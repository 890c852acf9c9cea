"""The council's page: published numbers and nothing else, in every byte of every answer."""

import json
import re
from datetime import date
from html.parser import HTMLParser

import numpy as np
import pytest

from hotspots import crs, schema
from hotspots.accounts import ROLES
from hotspots.accounts.roles import COUNCIL
from hotspots.analysis import overview as module
from hotspots.analysis.overview_tables import protect
from hotspots.analysis.situation import situation
from hotspots.ingest.importer import import_file
from hotspots.ingest.mapping import Mapping
from hotspots.offences import GOAL_GROUPS
from hotspots.periods import QUARTER, YEAR, Span, list_periods
from hotspots.privacy import SMALL, attack
from hotspots.selection import Selection
from hotspots.store import Store
from web import create_app, overview_page

from .conftest import HOSTILE, X, Y, import_points
from .signing import NOBODY, client_as

ADDRESSES = ("/overview?lang=en", "/overview?lang=cs", "/overview/map?lang=en", "/overview/map")


@pytest.fixture(autouse=True)
def _today(monkeypatch):
    monkeypatch.setattr(overview_page, "today", lambda: date(2026, 11, 23))


@pytest.fixture(scope="module")
def council(signing):
    """A council viewer, from another machine."""
    return client_as(signing, COUNCIL)


def text_of(response):
    assert response.status_code == 200
    return response.get_data(as_text=True)


class Tables(HTMLParser):
    """Every table of a page as rows of texts, by its caption."""

    def __init__(self, page):
        super().__init__()
        self.tables = {}
        self._rows = []
        self._cell = None
        self._caption = None
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        if tag == "table":
            self._rows = []
        elif tag == "tr":
            self._rows.append([])
        elif tag in {"th", "td", "caption"}:
            self._cell = ""

    def handle_data(self, data):
        if self._cell is not None:
            self._cell += data

    def handle_endtag(self, tag):
        if tag == "caption":
            self._caption, self._cell = self._cell.strip(), None
        elif tag in {"th", "td"}:
            self._rows[-1].append(" ".join(self._cell.split()))
            self._cell = None
        elif tag == "table":
            self.tables[self._caption] = self._rows


def map_data(page):
    found = re.search(r'<script type="application/json" id="hs-data"[^>]*>(.*?)</script>', page)
    return json.loads(found[1])


def true_counts(workspace, offences=GOAL_GROUPS):
    """Year → district → count, as the staff's pages have it."""
    selection = Selection(by=schema.DISTRICT, every="year", offences=offences)
    with Store.open(workspace) as store:
        table = situation(store, workspace, selection).table
    names = table.areas[schema.NAME].astype(str)
    return {
        period.label: dict(zip(names, table.counts[:, m].tolist(), strict=True))
        for m, period in enumerate(table.periods)
    }


def test_every_role_may_see_it_and_nobody_else(signing, council):
    for role in ROLES:
        assert client_as(signing, role).get("/overview").status_code == 200
    for address in ("/overview", "/overview/map"):
        assert client_as(signing, NOBODY).get(address).status_code in {303, 401}
    assert council.get("/").headers["Location"].startswith("/overview")
    assert council.get("/map").status_code == 403
    home = council.get("/method")
    assert 'href="/overview"' in text_of(home)


def test_the_method_of_a_map_is_not_told_to_who_may_not_see_the_map(signing, council):
    query = "/method?by=street&offence=coexistence&lang=en"
    assert "This map" not in text_of(council.get(query))
    assert "This map" in text_of(client_as(signing, "commander").get(query))


def test_no_answer_holds_anything_of_a_single_incident(sample, council):
    pages = {address: text_of(council.get(address)) for address in ADDRESSES}
    with Store.open(sample) as store:
        incidents = store.read_incidents()
    secret = {
        *incidents[schema.INCIDENT_ID],
        *incidents[schema.SOURCE_REF],
        *incidents[schema.NOTE],
        *incidents[schema.OFFENCE_DETAIL],
        *incidents[schema.PLACE_TEXT],
        "Ukázková lokalita",
    }
    secret = {text for text in secret.union(ROLES) if len(str(text)) > 4} - set(ROLES)
    districts = {name for year in true_counts(sample).values() for name in year}
    secret -= districts  # a place text may name a district
    for address, page in pages.items():
        words = set(re.findall(r"[\w–:/.-]+", page))
        for text in secret:
            one_word = re.fullmatch(r"[\w–:/.-]+", text)
            assert text not in words if one_word else text not in page, (address, text)
    # Coordinates: none of the incidents' positions is drawn, in metres or in degrees.
    placed = incidents.dropna(subset=[schema.X])
    lon, lat = crs.to_wgs84(placed[schema.X].to_numpy(), placed[schema.Y].to_numpy())
    drawn = drawn_points(map_data(pages["/overview/map?lang=en"]))
    spots = {(round(a, 5), round(b, 5)) for a, b in zip(lon, lat, strict=True)}
    assert not spots & {(round(a, 5), round(b, 5)) for a, b in drawn}


def drawn_points(data):
    points = []
    parts = [part for shape in data["shapes"] for part in shape[1:]]
    for part in [*parts, *data["boundary"][1:], *data["spots"]]:
        steps = np.cumsum(np.array(part).reshape(-1, 2), axis=0) / data["perDegree"]
        points += [(data["origin"][0] + x, data["origin"][1] + y) for x, y in steps]
    return points


def test_streets_are_in_none_of_its_data(sample, council):
    with Store.open(sample) as store:
        streets = {t for t in store.read_incidents()[schema.PLACE_TEXT] if len(str(t)) > 6}
    data = map_data(text_of(council.get("/overview/map?lang=en")))
    assert set(data) == {
        *("origin", "perDegree", "view", "boundary", "names", "shapes", "spots"),
        *("years", "start", "breaks", "palette", "zeroColour", "texts"),
    }
    assert streets
    assert not {name for name in data["names"] if name in streets and "ulice" in name.lower()}


def test_numbers_shown_are_true_and_small_ones_are_nowhere(sample, council):
    page = text_of(council.get("/overview?lang=en"))
    data = map_data(text_of(council.get("/overview/map?lang=en")))
    tables = Tables(page).tables
    by_year = next(rows for caption, rows in tables.items() if caption.startswith("Both together"))
    truth = true_counts(sample)
    years = by_year[0][1:]
    assert years == ["2020", "2021", "2022", "2023", "2024", "2025"]
    n_small = 0
    for name, *cells in by_year[1:-2]:
        row = data["names"].index(name)
        for year, cell, drawn in zip(years, cells, data["years"], strict=True):
            count = truth[year][name]
            assert drawn["label"] == year
            if 1 <= count <= 4:
                n_small += 1
                assert cell in {"1–4", "hidden"}
                assert drawn["values"][row] in {"s", "h"}
            else:
                assert cell in {str(count), "hidden"}
                assert drawn["values"][row] in {count, "h"}
    assert n_small > 30
    total = [int(cell) for cell in by_year[-1][1:]]
    with Store.open(sample) as store:
        selection = Selection(by=schema.MUNICIPALITY, every="year", offences=GOAL_GROUPS)
        found = situation(store, sample, selection)
    assert sum(total) == found.table.tally.n_selected - found.table.tally.n_outside


def test_groups_of_one_year_agree_with_the_staffs_counts(sample, council):
    tables = Tables(text_of(council.get("/overview?lang=en"))).tables
    of_year = next(rows for caption, rows in tables.items() if caption.startswith("2025"))
    truth = [true_counts(sample, (group,))["2025"] for group in GOAL_GROUPS]
    for name, *cells in of_year[1:-2]:
        for cell, counts in zip(cells[:2], truth, strict=True):
            hidden = {"1–4", "hidden"} if 1 <= counts[name] <= 4 else {str(counts[name]), "hidden"}
            assert cell in hidden


def test_it_takes_no_filters(council):
    def body(address):
        page = text_of(council.get(address))
        return page[page.index("<main") : page.index("</main>")]

    asked = body("/overview?lang=en")
    for query in ("by=street", "from=2024-01-01&to=2024-01-31", "offence=coexistence", "source=x"):
        assert body(f"/overview?lang=en&{query}") == asked
    data = map_data(text_of(council.get("/overview/map?lang=en")))
    other = map_data(text_of(council.get("/overview/map?lang=en&by=street&index=3&window=1")))
    assert data == other


def test_everybody_sees_the_same(signing, council):
    def body(client):
        page = text_of(client.get("/overview?lang=en"))
        return page[page.index("<main") : page.index("</main>")]

    assert body(council) == body(client_as(signing, "administrator"))


def test_it_says_what_the_sample_allows(council):
    page = text_of(council.get("/overview?lang=en"))
    assert "Jeseník, 2025: 97 offences against public order and civic coexistence." in page
    assert "Chance alone may explain the difference" in page
    assert "Without record: 1 Mar 2022 – 31 May 2022" in page
    assert "1 to 4 are not shown" in page
    assert "<noscript>" in page
    assert page.count('class="slide') >= 4
    policy = council.get("/overview/map").headers["Content-Security-Policy"]
    assert "sandbox allow-scripts" in policy
    assert "connect-src 'none'" in policy


def test_it_is_answered_again_only_when_something_changed(council):
    first = council.get("/overview?lang=en")
    again = council.get("/overview?lang=en", headers={"If-None-Match": first.headers["ETag"]})
    assert again.status_code == 304
    assert first.headers["Cache-Control"] == "private, no-cache"
    assert council.get("/overview/map").headers["Cache-Control"] == "no-store"


def open_client(workspace):
    return create_app(workspace, testing=True, open_access=True).test_client()


def test_a_workspace_without_incidents(empty):
    client = open_client(empty)
    assert "Jeseník: nothing has been published yet." in text_of(client.get("/overview?lang=en"))
    missing = client.get("/overview/map?lang=en")
    assert missing.status_code == 404
    assert "the overview has no map" in missing.get_data(as_text=True)


def test_hostile_texts_stay_texts(hostile):
    client = open_client(hostile)
    page = text_of(client.get("/overview?lang=en"))
    assert HOSTILE not in page
    assert "&lt;script&gt;alert" in page


# Day, steps of 400 m to the east, offence.
VILLAGE = (
    (5, 0, "public_order"),
    (6, 0, "public_order"),
    (9, 3, "coexistence"),
    (10, 3, "public_order"),
    (11, 5, "coexistence"),
)


def test_a_village_of_five_incidents(new_town, tmp_path):
    workspace = new_town(tmp_path / "village")
    rows = [
        f"{number};{day}.3.2024 21:30;{X + 400 * shift};{Y};{what};Novák křičel"
        for number, (day, shift, what) in enumerate(VILLAGE)
    ]
    data = workspace.path / "few.csv"
    data.write_text("id;when;x;y;what;note\n" + "\n".join(rows) + "\n", encoding="utf-8")
    mapping = workspace.path / "few.toml"
    mapping.write_text(
        'source = "few"\nkind = "municipal_police"\nlabel = "Few"\ncitation = "Few"\n'
        '[columns]\nsource_ref = "id"\noccurred = "when"\nx = "x"\ny = "y"\noffence = "what"\n'
        'note = "note"\n[values]\ncrs = "EPSG:5514"\n'
        '[record]\nspans = ["2024-01-01..2024-12-31"]\n',
        encoding="utf-8",
    )
    import_file(workspace, data, mapping=Mapping.read(mapping))
    client = open_client(workspace)
    page = text_of(client.get("/overview?lang=en"))
    assert "In 2024 so little was recorded in each district" in page
    assert "Novák" not in page
    drawn = map_data(text_of(client.get("/overview/map?lang=en")))["years"][0]["values"]
    assert {value for value in drawn if value} <= {"s", "h"}


def test_three_incidents_have_no_number_at_all(new_town, tmp_path):
    workspace = new_town(tmp_path / "three")
    import_points(workspace, source="exact", label="Exact positions")
    page = text_of(open_client(workspace).get("/overview?lang=en"))
    for rows in Tables(page).tables.values():
        for row in rows[1:]:
            assert {re.sub(r" .*", "", cell) for cell in row[1:]} <= {
                "0",
                "1–4",
                "hidden",
                "no",
                "–",
            }


def test_the_tables_of_the_sample_withstand_an_attack(sample):
    """From the staff's true counts of one year, hidden as the page hides them."""
    with Store.open(sample) as store:
        sources = tuple(sorted(store.sources(), key=lambda source: source.source_id))
        kind, areas = module._read_areas(sample)
        span = Span(date(2025, 1, 1), date(2025, 12, 31))
        incidents = store.read_incidents(columns=module.COLUMNS_READ)
        counted = module._count(
            store, sample, incidents, sources, areas=areas, kind=kind, span=span
        )
    counts = counted.of_year(list_periods(span, every=YEAR)[0], list_periods(span, every=QUARTER))
    published, sums = protect(counts)
    ranges = attack(published, sums)
    small = [key for key, cell in published.cells.items() if cell.mark == SMALL]
    assert len(small) > 15
    for key in small:
        least, most = ranges[key]
        assert (least, most) == (1, 4)
