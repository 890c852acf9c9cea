"""What changed lately on the situation's page and on the command line."""

import json
import re
from dataclasses import replace
from datetime import date, timedelta
from html import unescape

import pytest
from click.testing import CliRunner
from flask import render_template

from hotspots import schema
from hotspots.analysis.rate_ratio import rate_ratio
from hotspots.analysis.recent import Change, Comparison, NewHere, Recent
from hotspots.cli import main
from hotspots.ingest.importer import import_file
from hotspots.ingest.mapping import Mapping
from hotspots.periods import Span
from hotspots.selection import Selection
from hotspots.store.source import Source
from hotspots.workspace_init import init_workspace
from web import answers as module
from web import create_app
from web.params import PageParams
from web.recent_block import make_block

from .conftest import HOSTILE, X, Y

END = date(2024, 6, 30)
OLD_END = date(2024, 3, 31)


def import_days(workspace, source, days, *, end):
    """Import one incident on the square per day named, with record from 2023 to `end`."""
    rows = [f"{i};{day:%d.%m.%Y} 21:30;{X};{Y};theft" for i, day in enumerate(days)]
    data = workspace.path / f"{source}.csv"
    data.write_text("id;when;x;y;what\n" + "\n".join(rows) + "\n", encoding="utf-8")
    mapping = workspace.path / f"{source}.toml"
    mapping.write_text(
        f'source = "{source}"\nkind = "other"\nlabel = "{source}"\n[columns]\nsource_ref = "id"\n'
        'occurred = "when"\nx = "x"\ny = "y"\noffence = "what"\n[values]\ncrs = "EPSG:5514"\n'
        f'[record]\nspans = ["2023-01-01..{end}"]\n',
        encoding="utf-8",
    )
    import_file(workspace, data, mapping=Mapping.read(mapping))


@pytest.fixture(scope="module")
def surge(tmp_path_factory):
    """Workspace with a jump of thefts on one square in the last week, and an older source."""
    workspace = init_workspace(tmp_path_factory.mktemp("surge") / "w")
    days = [END - timedelta(days=i % 7) for i in range(30)]
    days += [END - timedelta(days=7 * i) for i in range(1, 60)]
    import_days(workspace, "fresh", days, end=END)
    import_days(workspace, "older", [OLD_END - timedelta(days=3)], end=OLD_END)
    return workspace


def open_client(workspace):
    return create_app(workspace, testing=True, open_access=True).test_client()


def text_of(response):
    assert response.status_code == 200
    return response.get_data(as_text=True)


def block_of(page):
    found = re.search(r'<section class="recent.*?</section>', page, flags=re.DOTALL)
    return found[0] if found else ""


def links_of(block):
    return [unescape(link) for link in re.findall(r'href="([^"]+)"', block)]


def plain(html):
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", "", html))).strip()


def counted(page):
    """Return the incidents of a page in the town or without a known place."""
    detail = re.search(r'class="detail">([^<]+)<', page)[1]
    numbers = {
        name.strip(): int(n.replace(",", ""))
        for n, name in (part.strip().split(" ", 1) for part in detail.split("·"))
    }
    total = numbers.get("incidents", numbers.get("incident"))
    return total - numbers["outside the town"] - numbers.get("off record", 0)


class TestPage:
    def test_three_rows_tell_counts_and_that_chance_explains_them(self, client):
        block = block_of(text_of(client.get("/?lang=en")))
        rows = [plain(row) for row in re.findall(r"<li.*?</li>", block)]
        assert rows == [
            "Last 7 days: 15 incidents, before that 14",
            "Last 28 days: 49 incidents, before that 51",
            "Year on year, last 28 days: 49 incidents, a year earlier 46",
        ]
        assert "What changed up to 31 Dec 2025 – nothing beyond chance</h2>" in block
        assert 'title="1.07 times as many, 95% interval 0.48 to 2.4; q = 1"' in block
        assert 'class="recent is-quiet"' in block
        assert "css/recent.css" in text_of(client.get("/"))

    def test_bars_are_shares_of_the_larger_count(self, client):
        block = block_of(text_of(client.get("/?lang=en")))
        after = [float(w) for w in re.findall(r'class="after"[^>]*width="([\d.]+)"', block)]
        before = [float(w) for w in re.findall(r'class="before"[^>]*width="([\d.]+)"', block)]
        assert after == [100.0, pytest.approx(100 * 49 / 51, abs=0.05), 100.0]
        assert before == [pytest.approx(100 * 14 / 15, abs=0.05), 100.0, pytest.approx(93.9)]

    @pytest.mark.parametrize(
        "query", ["", "&by=district&offence=ordinance", "&weekday=fri,sat&hours=18-24", "&when=12"]
    )
    def test_each_row_leads_to_the_page_that_counts_the_same(self, client, query):
        block = block_of(text_of(client.get(f"/?lang=en{query}")))
        numbers = [int(n) for n in re.findall(r"</span>: (\d+) incident", block)]
        links = links_of(block)
        assert len(numbers) == len(links) == 3
        for number, link in zip(numbers, links, strict=True):
            page = text_of(client.get(link))
            assert counted(page) == number
            assert block_of(page).count("<li") == 3  # and there the same is compared

    def test_other_measures_and_periods_of_the_map_ask_nothing_anew(self, sample, monkeypatch):
        asked = []
        real = module.what_changed

        def what_changed(*args, **options):
            asked.append(args)
            return real(*args, **options)

        monkeypatch.setattr(module, "what_changed", what_changed)
        client = open_client(sample)
        for query in ("", "?measure=density", "?every=week", "?window=3", "?lang=cs"):
            assert block_of(text_of(client.get(f"/{query}")))
        assert len(asked) == 1
        text_of(client.get("/?by=district"))
        text_of(client.get("/?lang=en"))  # words of areas differ
        assert len(asked) == 3

    def test_before_all_record_it_says_that_nothing_can_be_compared(self, client):
        block = block_of(text_of(client.get("/?lang=en&from=2012&to=2013")))
        assert plain(block) == (
            "What changed No day looked at has the record of every chosen source: "
            "nothing can be compared."
        )

    def test_what_stands_out_is_named_and_leads_to_its_days_and_offence(self, surge):
        client = open_client(surge)
        page = text_of(client.get("/?lang=en&source=fresh&by=district"))
        block = block_of(page)
        assert 'class="stands-out"' in block
        assert "more than by chance" in block
        line = re.search(r'<li class="more">.*?</li>', block, flags=re.DOTALL)[0]
        assert ": 30 in the last 7 days, before that 1" in plain(line)
        link = links_of(line)[0]
        assert "from=2024-06-24" in link
        assert "to=2024-06" in link
        assert "source=fresh" in link
        assert counted(text_of(client.get(link))) == 30
        assert "Changed more than by chance:" in block
        assert "is-quiet" not in block

    def test_a_source_that_ends_early_is_named_and_can_be_left_aside(self, surge):
        client = open_client(surge)
        block = block_of(text_of(client.get("/?lang=en")))
        assert "What changed up to 31 Mar 2024" in block
        assert "Later days are left out: the record of older ends on 31 Mar 2024." in plain(block)
        link = links_of(block)[-1]
        assert "source=fresh" in link
        assert "What changed up to 30 Jun 2024" in block_of(text_of(client.get(link)))

    def test_a_wholly_displaced_source_and_an_empty_workspace_have_no_block(self, displaced, empty):
        assert not block_of(text_of(open_client(displaced).get("/?source=moved")))
        assert not block_of(text_of(open_client(empty).get("/")))


def hostile_recent():
    span = Span(date(2024, 6, 3), END)
    earlier = Span(date(2024, 5, 6), date(2024, 6, 2))
    result = rate_ratio(1, 30, days_before=28, days_after=28)
    month = Comparison("month", span, earlier, 28, 1, 30, result, 0.001)
    source = Source("x", "other", HOSTILE)
    return Recent(
        selection=Selection(by=schema.LOCALITY),
        as_of=END,
        sources=(source, Source("y", "other", "Other")),
        held_back_by=(source,),
        comparisons=(month, replace(month, result=None, n_days=0, q_value=float("nan"))),
        changes=(Change(month, HOSTILE, "theft", 1, 30, result, 0.001),),
        new=(NewHere(HOSTILE, span, 3),),
        n_tested=4,
    )


def test_hostile_names_stay_texts(sample):
    app = create_app(sample, testing=True, open_access=True)
    with app.test_request_context("/?lang=en"):
        block = make_block(PageParams(by=schema.LOCALITY, lang="en"), hostile_recent())
        html = render_template("_recent.html", recent=block)
    assert "<script>" not in html
    assert plain(html).count("<script>alert('x')</script>") == 3  # changed, new, held back
    assert "offence=theft" in html
    assert [row.is_compared for row in block.rows] == [True, False]
    assert html.count("<svg") == 1


def test_sources_without_a_common_day_are_offered_one_by_one(sample):
    def source(name, first, last):
        return Source(name, "other", name.title(), record=(Span(first, last),))

    form = source("form", date(2024, 6, 1), END)
    police = source("police", date(2020, 1, 1), OLD_END)
    recent = Recent(Selection(by=schema.STREET), None, (form, police, Source("z", "other", "Z")))
    app = create_app(sample, testing=True, open_access=True)
    with app.test_request_context("/?lang=en"):
        block = make_block(PageParams(lang="en"), recent)
        html = render_template("_recent.html", recent=block)
    assert [(label, "source=" in query) for label, query in block.alone] == [
        ("Form", True),
        ("Police", True),
    ]
    assert plain(html).split("compared. ")[1].strip() == "One source alone: Form, Police"


def run(*args, code=0):
    result = CliRunner().invoke(main, ["changes", *map(str, args)])
    assert result.exit_code == code, result.output
    return result.output


class TestCommand:
    def test_sentences(self, sample):
        assert run("--workspace", sample.path).splitlines() == [
            "What changed up to 31 Dec 2025",
            "Last 7 days: 15 incidents, before that 14 – usual by chance.",
            "Last 28 days: 49 incidents, before that 51 – usual by chance.",
            "Last 28 days: 49 incidents, a year earlier 46 – usual by chance.",
            "Such differences are usual by chance, in total and in each area and offence.",
        ]

    def test_json_has_every_number(self, surge):
        options = ("--workspace", surge.path, "--source", "fresh", "--by", "district", "--json")
        found = json.loads(run(*options))
        assert (found["as_of"], found["by"], found["sources"]) == (
            "2024-06-30",
            "district",
            ["fresh"],
        )
        week, month, year = found["comparisons"]
        assert week["later"] == {"from": "2024-06-24", "to": "2024-06-30"}
        assert week["earlier"] == {"from": "2024-06-17", "to": "2024-06-23"}
        assert (week["before"], week["after"], week["difference"]) == (1, 30, 29)
        assert week["ratio"] == pytest.approx(30.0)
        assert week["ratio_low"] < 30 < week["ratio_high"]
        assert week["p_value"] < week["q_value"] < 0.05
        assert week["stands_out"]
        assert [c["days_compared"] for c in (week, month, year)] == [7, 28, 28]
        assert found["changes"][0]["compared"] == "week"
        assert found["changes"][0]["offence"] is None
        assert found["n_tested"] >= 1

    def test_what_is_not_compared_is_null(self, surge):
        options = ("--workspace", surge.path, "--as-of", "2023-01-10", "--json")
        year = json.loads(run(*options))["comparisons"][2]
        assert year["before"] is year["after"] is year["ratio"] is year["q_value"] is None
        assert not year["stands_out"]

    def test_as_of_a_month_means_its_last_day_and_filters_are_those_of_count(self, sample):
        options = (
            "--as-of",
            "2025-06",
            "--offence",
            "ordinance",
            "--weekday",
            "fri,sat",
            "--hours",
        )
        found = json.loads(run("--workspace", sample.path, *options, "18-24", "--json"))
        assert found["as_of"] == "2025-06-30"
        week = found["comparisons"][0]
        span = f"{week['later']['from']}..{week['later']['to']}"
        assert span == "2025-06-24..2025-06-30"
        days = ("--every", "week", "--from", week["later"]["from"], "--to", week["later"]["to"])
        chosen = ("--workspace", str(sample.path), *options[2:], "18-24", *days, "--json")
        counted = CliRunner().invoke(main, ["count", *chosen])
        assert json.loads(counted.output)["tally"]["selected"] == week["after"]

    @pytest.mark.parametrize(
        ("options", "code", "message"),
        [
            (("--as-of", "yesterday"), 2, "'yesterday' is no day; write it as 2024-03-05"),
            (("--offence", "noise"), 2, "'noise' is unknown; choose from: public_order"),
            (("--hours", "8"), 2, "'8' is no window of hours"),
            (("--source", "nobody"), 1, "source 'nobody' does not exist; known are: sample_assist"),
        ],
    )
    def test_wrong_options_are_named(self, sample, options, code, message):
        assert message in run("--workspace", sample.path, *options, code=code)

    def test_a_kind_of_area_that_the_town_lacks_is_named(self, sample):
        output = run("--workspace", sample.path, "--by", "cadastral_unit", code=1)
        assert "have no" in output
        assert "choose from: " in output
