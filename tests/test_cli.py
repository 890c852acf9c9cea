"""The command line as a user meets it: real files, wrong files, exit codes."""

import json

import geopandas as gpd
import numpy as np
import pytest
from click.testing import CliRunner

from hotspots.cli import main

ACCIDENTS = """
source = "accidents"
kind = "state_police"
label = "Policie ČR – dopravní nehody"

[columns]
source_ref = "p1"
date = "date"
time = "time"
place_text = "ulice"
{place}

[values]
offence = "accident"
{crs}

[record]
spans = ["2016-01-01..2020-09-30", "2021-01-01..2021-08-31", "2023-01-01..2024-10-03"]
"""
BY_COLUMNS = ACCIDENTS.format(place='x = "x_jtsk"\ny = "y_jtsk"', crs='crs = "EPSG:5514"')
BY_GEOMETRY = ACCIDENTS.format(place="", crs="")


def run(*args, code=0):
    result = CliRunner().invoke(main, [str(a) for a in args])
    assert result.exit_code == code, result.output + repr(result.exception)
    return result.output


def run_json(*args, code=0):
    return json.loads(run(*args, "--json", code=code))


@pytest.fixture(scope="module")
def accidents(shared, tmp_path_factory):
    """A workspace with the real accidents, and its import account."""
    base = tmp_path_factory.mktemp("accidents")
    workspace = base / "w"
    run("init", workspace)
    (base / "nehody.toml").write_text(BY_COLUMNS, encoding="utf-8")
    file = shared / "data/jesenik/jesenik_nehody_2016_2024.gpkg"
    account = run_json("import", file, "--mapping", base / "nehody.toml", "--workspace", workspace)[
        0
    ]
    return workspace, account, base


@pytest.mark.reference
class TestRealAccidents:
    def test_every_row_is_accounted_for(self, accidents):
        _workspace, account, _base = accidents
        assert account["rows_read"] == 983
        assert account["rejected"] == 0
        assert (account["new"], account["outside"]) == (981, 2)

    def test_importing_twice_changes_nothing(self, accidents, shared):
        workspace, _account, base = accidents
        file = shared / "data/jesenik/jesenik_nehody_2016_2024.gpkg"
        before = run("count", "--workspace", workspace, "--json")
        again = run_json(
            "import", file, "--mapping", base / "nehody.toml", "--workspace", workspace
        )[0]
        assert (again["unchanged"], again["new"], again["updated"]) == (983, 0, 0)
        assert run("count", "--workspace", workspace, "--json") == before

    def test_geometry_in_degrees_gives_the_same_points(self, accidents, shared, tmp_path):
        workspace, _account, _base = accidents
        run("init", tmp_path / "w")
        (tmp_path / "m.toml").write_text(BY_GEOMETRY, encoding="utf-8")
        file = shared / "data/jesenik/jesenik_nehody_2016_2024.gpkg"
        run("import", file, "--mapping", tmp_path / "m.toml", "--workspace", tmp_path / "w")
        from hotspots.settings import Workspace
        from hotspots.store import Store

        points = []
        for path in (workspace, tmp_path / "w"):
            with Store.open(Workspace.open(path)) as store:
                points.append(store.read_incidents()[["incident_id", "x", "y"]])
        assert (points[0].incident_id == points[1].incident_id).all()
        again = run_json(
            "import", file, "--mapping", tmp_path / "m.toml", "--workspace", workspace
        )[0]
        assert (again["unchanged"], again["updated"]) == (983, 0)
        away = np.hypot(points[0].x - points[1].x, points[0].y - points[1].y)
        assert away.max() < 0.1

    @pytest.mark.parametrize("by", ["street", "segment", "district", "town_part", "grid"])
    def test_counts_reconcile_with_the_import(self, accidents, by):
        workspace, _account, _base = accidents
        result = run_json("count", "--by", by, "--every", "year", "--workspace", workspace)
        tally = result["tally"]
        off_record = tally["off_record"]
        assert tally["selected"] + sum(r["n"] for r in result["left_out"]) == 983
        assert off_record == 1  # one accident in October 2020, outside the stated record
        assert tally["outside"] == 2
        assert tally["not_placed"] == 0
        in_table = sum(area["total"] for area in result["areas"])
        off = sum(p["off_areas"] or 0 for p in result["periods"])
        assert in_table == tally["in_areas"]
        assert off == tally["off_areas"]
        assert in_table + off + 2 + off_record == 983
        record = {p["period"]: p["record"] for p in result["periods"]}
        assert record["2019"] == "recorded"
        assert record["2020"] == "partial"
        assert record["2022"] == "missing"

    @pytest.mark.parametrize("suffix", ["csv", "xlsx", "geojson", "gpkg", "parquet"])
    def test_counts_are_written(self, accidents, tmp_path, suffix):
        workspace, _account, _base = accidents
        out = tmp_path / f"counts.{suffix}"
        text = run("count", "--every", "year", "--out", out, "--workspace", workspace)
        assert out.stat().st_size > 0
        assert str(out) in text

    def test_a_map_is_one_file(self, accidents, tmp_path):
        workspace, _account, _base = accidents
        out = tmp_path / "map.html"
        run("map", "--out", out, "--workspace", workspace)
        html = out.read_text(encoding="utf-8")
        assert "http://" not in html.replace("http://www.w3.org/", "")
        assert "<script src=" not in html


@pytest.mark.reference
def test_police_open_data_is_one_incident_per_id_and_refused_on_streets(shared, tmp_path):
    run("init", tmp_path / "w")
    file = shared / "data/police/2025_500097.csv"
    account = run_json("import", file, "--workspace", tmp_path / "w")[0]
    assert account["rows_read"] == 17_000
    assert account["duplicates"] == 17_000 - 6_211
    assert account["outside"] == 6_211
    assert account["rejected"] == 0
    refusal = run("count", "--by", "street", "--workspace", tmp_path / "w", code=2)
    assert "displaced" in refusal
    assert "--by district" in refusal
    result = run_json("count", "--by", "district", "--every", "year", "--workspace", tmp_path / "w")
    # A file of another municipality says nothing of this one: missing, not a year of zeros.
    assert {period["record"] for period in result["periods"]} == {"missing"}
    assert result["tally"]["off_record"] == result["tally"]["selected"] == 5_743


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("scan.csv", b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj", "PDF"),
        ("empty.csv", b"", "empty"),
        ("header.csv", b"ref,date,x,y\n", "header"),
    ],
)
def test_wrong_files_are_named_and_change_nothing(tmp_path, name, content, message):
    run("init", tmp_path / "w")
    file = tmp_path / name
    file.write_bytes(content)
    output = run(
        "import", file, "--workspace", tmp_path / "w", "--source", "test",
        "--column", "date=date", "--column", "x=x", "--column", "y=y", "--crs", "EPSG:4326",
        code=1,
    )  # fmt: skip
    assert message in output
    assert name in output
    assert run_json("sources", "--workspace", tmp_path / "w") == []


def test_a_layer_without_crs_is_refused(tmp_path):
    run("init", tmp_path / "w")
    frame = gpd.GeoDataFrame({"date": ["2024-01-01"]}, geometry=gpd.points_from_xy([17.2], [50.2]))
    with pytest.warns(UserWarning, match="crs"):
        frame.to_file(tmp_path / "points.gpkg")
    output = run(
        "import", tmp_path / "points.gpkg", "--workspace", tmp_path / "w", "--source", "test",
        "--column", "date=date", code=1,
    )  # fmt: skip
    assert "points.gpkg" in output
    assert "coordinate system" in output


def test_rejected_rows_give_exit_code_3_and_a_file(tmp_path):
    run("init", tmp_path / "w")
    file = tmp_path / "points.csv"
    file.write_text(
        "ref,date,x,y\n1,2024-02-29,17.2,50.23\n2,31.2.2024,17.2,50.23\n", encoding="utf-8"
    )
    options = ["--workspace", tmp_path / "w", "--source", "test", "--crs", "EPSG:4326"]
    for field in ("source_ref=ref", "date=date", "x=x", "y=y"):
        options += ["--column", field]
    dry = run_json("import", file, *options, "--dry-run", code=3)[0]
    assert (dry["new"], dry["rejected"]) == (1, 1)
    assert run_json("sources", "--workspace", tmp_path / "w") == []
    account = run_json("import", file, *options, code=3)[0]
    assert (account["new"], account["rejected"]) == (1, 1)
    rejects = (tmp_path / "points.csv.rejected.csv").read_text(encoding="utf-8-sig")
    assert "31.2.2024" in rejects


def test_sources_are_set_and_confirmed(tmp_path):
    run("init", tmp_path / "w")
    file = tmp_path / "points.csv"
    file.write_text("ref,date,x,y\n1,2024-02-29,17.2,50.23\n", encoding="utf-8")
    run(
        "import", file, "--workspace", tmp_path / "w", "--source", "test", "--crs", "EPSG:4326",
        "--column", "source_ref=ref", "--column", "date=date", "--column", "x=x",
        "--column", "y=y",
    )  # fmt: skip
    listed = run_json(
        "sources", "set", "test", "--record", "2024-01..2024-03", "--workspace", tmp_path / "w"
    )
    assert listed[0]["record"] == ["2024-01-01..2024-03-31"]
    assert listed[0]["record_state"] == "confirmed"
    assert "test" in run("sources", "--workspace", tmp_path / "w")
    assert "tset" in run("sources", "confirm", "tset", "--workspace", tmp_path / "w", code=1)


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["count", "--by", "house"], "house"),
        (["count", "--offence", "noise"], "noise"),
        (["count", "--hours", "25-3"], "25-3"),
        (["count", "--from", "2024-13"], "2024-13"),
        (["import", "x.csv", "--column", "x"], "field=name"),
    ],
)
def test_wrong_arguments_end_with_2(tmp_path, args, message):
    run("init", tmp_path / "w")
    assert message in run(*args, "--workspace", tmp_path / "w", code=2)


def test_a_missing_workspace_says_how_to_make_one(tmp_path):
    assert "hotspots init" in run("count", "--workspace", tmp_path / "none", code=1)


def test_a_file_that_fails_does_not_hide_those_before_it(tmp_path):
    run("init", tmp_path / "w")
    good, bad = tmp_path / "good.csv", tmp_path / "bad.csv"
    good.write_text("ref,date,x,y\n1,2024-02-29,17.2,50.23\n", encoding="utf-8")
    bad.write_bytes(b"")
    printed = run_json(
        "import", good, bad, "--workspace", tmp_path / "w", "--source", "test",
        "--label", "Hlídka [noc] [/x]", "--crs", "EPSG:4326", "--column", "source_ref=ref",
        "--column", "date=date", "--column", "x=x", "--column", "y=y", code=1,
    )  # fmt: skip
    assert printed["error"] == "SourceError"
    assert [account["new"] for account in printed["accounts"]] == [1]
    assert "Hlídka [noc] [/x]" in run("sources", "--workspace", tmp_path / "w")


def test_what_has_no_record_has_no_total(tmp_path):
    run("init", tmp_path / "w")
    file = tmp_path / "points.csv"
    file.write_text("ref,date,x,y\n1,2024-02-29,17.2,50.23\n", encoding="utf-8")
    run(
        "import", file, "--workspace", tmp_path / "w", "--source", "test", "--crs", "EPSG:4326",
        "--column", "source_ref=ref", "--column", "date=date", "--column", "x=x",
        "--column", "y=y", "--record", "2024-02",
    )  # fmt: skip
    options = ["--by", "district", "--from", "2023-01", "--to", "2023-03", "--workspace"]
    result = run_json("count", *options, tmp_path / "w")
    assert {area["total"] for area in result["areas"]} == {None}
    assert {n for area in result["areas"] for n in area["counts"]} == {None}
    assert "kept record" in run("count", *options, tmp_path / "w")


def test_an_open_end_is_filled_from_the_chosen_sources(tmp_path):
    run("init", tmp_path / "w")
    file = tmp_path / "points.csv"
    file.write_text("ref,date,x,y\n1,2024-02-29,17.2,50.23\n", encoding="utf-8")
    for source, record in (("one", "2024"), ("two", "2010..2025")):
        run(
            "import", file, "--workspace", tmp_path / "w", "--source", source,
            "--crs", "EPSG:4326", "--column", "source_ref=ref", "--column", "date=date",
            "--column", "x=x", "--column", "y=y", "--record", record,
        )  # fmt: skip
    result = run_json(
        "count", "--source", "one", "--from", "2024-06", "--workspace", tmp_path / "w"
    )
    assert (result["from"], result["to"]) == ("2024-06-01", "2024-12-31")


@pytest.mark.parametrize("language", ["cs", "en"])
def test_a_map_speaks_one_language(tmp_path, language):
    run("init", tmp_path / "w")
    out = tmp_path / "map.html"
    run("map", "--out", out, "--language", language, "--workspace", tmp_path / "w")
    html = out.read_text(encoding="utf-8")
    assert f'<html lang="{language}"' in html
    sentence = {"cs": "Zatím nebyl", "en": "No source of incidents"}
    assert sentence[language] in html
    assert sentence["en" if language == "cs" else "cs"] not in html
