"""What is not known is never shown as zero: periods, offences, rates."""

import re

import pytest

from hotspots import schema
from hotspots.i18n import use_language
from hotspots.ingest.importer import import_file
from hotspots.ingest.mapping import Mapping
from hotspots.workspace_init import init_workspace
from tests.test_maps import make_situation
from web import create_app
from web.answers import Answers, Recorded
from web.filters import make_filters
from web.params import PageParams
from web.situation_page import _why_no_rate

from .conftest import X, Y

NO_RECORD = "when=own&from=2030-01&to=2030-06&lang=en"


def text_of(response):
    return response.get_data(as_text=True)


def part(page, pattern):
    return re.search(pattern, page, re.DOTALL)[0]


def cells(row):
    """Return the texts of a row's cells, markup left out."""
    return [
        re.sub(r"<[^>]+>", "", cell).strip() for cell in re.findall(r"<td.*?</td>", row, re.DOTALL)
    ]


@pytest.fixture(scope="module")
def workspace(tmp_path_factory):
    """Accidents only, one of them on a day without record."""
    workspace = init_workspace(tmp_path_factory.mktemp("missing") / "w")
    data = workspace.path / "accidents.csv"
    days = ("5.3.2024", "6.3.2024", "7.5.2025")
    rows = [f"{n};{day} 21:30;{X + 5 * n};{Y};accident" for n, day in enumerate(days)]
    data.write_text("id;when;x;y;what\n" + "\n".join(rows) + "\n", encoding="utf-8")
    mapping = workspace.path / "accidents.toml"
    mapping.write_text(
        'source = "accidents"\nkind = "other"\nlabel = "Accidents"\n[columns]\n'
        'source_ref = "id"\noccurred = "when"\nx = "x"\ny = "y"\noffence = "what"\n'
        '[values]\ncrs = "EPSG:5514"\n[record]\nspans = ["2024-01-01..2024-12-31"]\n',
        encoding="utf-8",
    )
    import_file(workspace, data, mapping=Mapping.read(mapping))
    return workspace


@pytest.fixture(scope="module")
def accidents(workspace):
    return create_app(workspace, testing=True, open_access=True).test_client()


# --- periods without record ------------------------------------------------------------------
@pytest.mark.parametrize("measure", ["count", "density"])
@pytest.mark.parametrize("by", ["street", "district", "locality"])
def test_a_period_without_record_has_no_numbers(client, by, measure):
    page = text_of(client.get(f"/?{NO_RECORD}&by={by}&measure={measure}"))
    body, foot = part(page, "<tbody>.*?</tbody>"), part(page, "<tfoot>.*?</tfoot>")
    rows = re.findall(r"<tr data-row.*?</tr>", body, re.DOTALL)
    assert rows
    for row in rows:
        assert cells(row)[1] == "no record"
        assert cells(row)[2].startswith("–")
    totals = [cells(row)[1] for row in re.findall("<tr.*?</tr>", foot, re.DOTALL)]
    assert set(totals) == {"no record"}


def test_a_period_without_record_is_said_so_in_head_ranking_and_clock(client):
    page = text_of(client.get(f"/?{NO_RECORD}"))
    assert '<p class="detail">no record</p>' in page
    assert ">There is no record in this period.</p>" in page
    assert ">No incident in any area.</p>" not in page
    assert "<li data-row" not in page
    assert 'class="clock"' not in page
    chips = re.findall(r'name="offence".*?</label>', page)
    assert chips
    assert not any("<small>0</small>" in chip for chip in chips)


def test_a_period_without_record_is_no_zero_in_the_file_either(client):
    page = text_of(client.get(f"/map?{NO_RECORD}"))
    assert '"record":[0,0,0,0,0,0]' in page


def test_incidents_off_record_are_told_and_not_counted(accidents):
    page = text_of(accidents.get("/?from=2025-05&to=2025-05&lang=en"))
    assert "no record · 1 incident on a day without record is not counted" in page
    foot = part(page, "<tfoot>.*?</tfoot>")
    totals = [cells(row)[1] for row in re.findall("<tr.*?</tr>", foot, re.DOTALL)]
    assert totals == ["no record"] * 4 + ["1", "1"]
    # The numbers beside the choices say what they count.
    assert "Among them is 1 on a day without record" in page
    assert "The numbers are all incidents of the source" in page


def test_a_recorded_period_without_incidents_is_zero(accidents):
    page = text_of(accidents.get("/?from=2024-08&to=2024-09&lang=en"))
    assert ">No incident in any area.</p>" in page
    body = part(page, "<tbody>.*?</tbody>")
    rows = re.findall(r"<tr data-row.*?</tr>", body, re.DOTALL)
    assert {cells(row)[1] for row in rows} == {"0"}


# --- offences nobody records -----------------------------------------------------------------
def test_an_offence_that_no_source_records_has_no_zero(accidents):
    page = text_of(accidents.get("/?lang=en"))
    chip = part(page, r'<label class="chip"[^>]*><input[^>]*value="public_order".*?</label>')
    assert 'title="No chosen source records it."' in chip
    assert '<b class="sr">No chosen source records it.</b>' in chip
    assert "<small>0</small>" not in chip
    assert "disabled" not in chip


def test_an_offence_recorded_elsewhere_is_zero_here(client):
    page = text_of(client.get("/?lang=en&from=2024-01&to=2024-01&hours=4-5&weekday=0"))
    chip = part(page, r'<label class="chip"[^>]*><input[^>]*value="public_order".*?</label>')
    assert "title=" not in chip
    assert re.search(r"<small>\d+</small>", chip)


def test_displaced_records_say_nothing_of_streets(displaced):
    known = Answers(displaced).known()
    recorded = {
        "exact": Recorded(frozenset({"public_order"}), frozenset({"public_order"})),
        "moved": Recorded(frozenset({"coexistence"}), frozenset()),
    }

    def chips(by):
        side = make_filters(
            PageParams(by=by),
            known,
            make_situation([[0]], kind=by),
            recorded=recorded,
            present=schema.AREA_KINDS,
            no_rate="",
        )
        return {o.value: (o.n, o.title) for o in side.offences}

    with use_language("en"):
        streets, districts = chips("street"), chips("district")
    assert streets["coexistence"] == (None, "No chosen source records it with exact positions.")
    assert streets["public_order"] == districts["coexistence"] == (0, "")


# --- rates -----------------------------------------------------------------------------------
def test_areas_with_few_residents_say_why_they_have_no_rate(client):
    page = text_of(client.get("/?lang=en&by=district&measure=rate"))
    note = part(page, r'<p class="source" id="rate-note".*?</p>')
    assert " hidden" not in note
    assert "fewer than 100 residents have no rate" in note
    assert 'title="Fewer than 100 residents."' in page
    assert 'id="rate-note" hidden' in text_of(client.get("/?lang=en&by=district"))


@pytest.mark.parametrize(
    ("residents", "reason"),
    [
        ([float("nan")] * 2, "number of residents of these areas is not known"),
        ([0.0, 99.0], "In none of these areas are 100 residents or more known to live"),
        ([float("nan"), 99.0], "In none of these areas are 100 residents or more known to live"),
    ],
)
def test_why_no_area_has_a_rate(residents, reason):
    table = make_situation([[1], [2]]).table
    table.areas["residents"] = residents
    with use_language("en"):
        assert reason in _why_no_rate(table)


# --- other numbers and words -----------------------------------------------------------------
def test_a_day_in_the_address_stays_a_day_in_the_form(client):
    page = text_of(client.get("/?from=2024-03-05&to=2024-06"))
    assert re.search(r'<input type="date" name="from" value="2024-03-05"', page)
    assert re.search(r'<input type="month" name="to" value="2024-06"', page)


@pytest.mark.parametrize(
    ("every", "label"), [("month", r"\d+/20\d\d"), ("quarter", r"\d\. čtvrtletí 20\d\d")]
)
def test_periods_are_written_as_people_write_them(client, every, label):
    page = text_of(client.get(f"/?every={every}"))
    assert re.search(label, part(page, '<desc id="town-desc">.*?</desc>'))
    assert not re.search(r"20\d\d-(Q|W|\d\d)", part(page, r'<desc id="town-desc">.*?</desc>'))


def test_a_cut_period_of_one_source_is_not_laid_to_some_sources(accidents):
    page = text_of(accidents.get("/?from=2024-03-05&to=2024-06&lang=en"))
    assert "only a part of the period has the full record" in page


def test_localities_say_that_they_may_overlap(client):
    assert "Localities may overlap" in text_of(client.get("/?lang=en&by=locality"))
    assert "Localities may overlap" not in text_of(client.get("/?lang=en&by=district"))


def test_the_method_page_speaks_of_settings_not_of_the_layer(client):
    page = text_of(client.get("/method?lang=en"))
    assert "settings with which streets are made are now a reach of 30 m" in page
    assert "<code>hotspots layers remake</code>" in page


@pytest.mark.parametrize(
    ("language", "boundaries", "origin"),
    [
        ("cs", "vymyšlené, příklad", "příklad, nejde o skutečnou lokalitu"),
        ("en", "made up, an example", "example, no real locality"),
    ],
)
def test_localities_and_grid_are_named_for_what_they_are(client, language, boundaries, origin):
    page = text_of(client.get(f"/layers?lang={language}"))
    assert boundaries in page
    assert origin in page
    assert ("přesné, vypočtená síť" if language == "cs" else "exact, a computed grid") in page
