"""Count tables as files: every format reads back to the same numbers, whole or not at all."""

import csv
import json
import os
import sys
from datetime import date
from pathlib import Path

import geopandas as gpd
import numpy as np
import openpyxl
import pandas as pd
import pyarrow.parquet
import pyogrio
import pytest
import shapely

from hotspots import export, schema
from hotspots.aggregate import count_by_area
from hotspots.errors import ParameterError, StoreError
from hotspots.export import WRITERS, wide_areas, write_counts
from hotspots.finding import Finding
from hotspots.periods import RecordCalendar, Span, list_periods
from tests.counting import BOUNDARY, QUARTER, make_areas, make_incidents

RECORD = (Span(date(2024, 1, 1), date(2024, 1, 31)), Span(date(2024, 3, 1), date(2024, 3, 31)))
HOSTILE = ("=HYPERLINK(1)", 'Příčná; "U" <b>', "-1")


def make_table(names=HOSTILE):
    return count_by_area(
        make_incidents([("2024-01-05", 50)] * 3 + [("2024-03-05", 150)] + [("2024-02-05", 50)]),
        make_areas(names),
        periods=list_periods(QUARTER, every="month"),
        calendar=RecordCalendar.build(QUARTER, [RECORD]),
        record_by_source={"police": RECORD},
        boundary=BOUNDARY,
    )


FINDING = Finding(
    sentence="=cmd",
    detail="4 incidents",
    span=QUARTER,
    period_text="1 Jan 2024 – 31 Mar 2024",
    area_kind="streets",
    measure="number of incidents",
    method="Counted.",
    sources=("Police", "Assistants"),
    gaps=(Span(date(2024, 2, 1), date(2024, 2, 29)),),
    notes=("One is left out.",),
    approximate=True,
    boundaries=("made up", "the town"),
)


def test_csv_is_long_form_for_programs_and_safe_in_spreadsheets(tmp_path):
    path = tmp_path / "counts.csv"
    write_counts(make_table(), path)
    raw = path.read_bytes()
    assert raw.startswith(b"\xef\xbb\xbfarea_id;name;")
    assert raw.count(b"\r\n") == 10
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file, delimiter=";"))
    assert tuple(rows[0]) == schema.COUNT_COLUMNS
    assert [row["n_incidents"] for row in rows] == ["3", "", "0", "0", "", "1", "0", "", "0"]
    assert rows[0]["name"] == "'=HYPERLINK(1)"
    assert rows[3]["name"] == HOSTILE[1]
    assert rows[6]["name"] == "-1"  # a plain number is no formula
    assert (rows[0]["period_from"], rows[0]["period_to"]) == ("2024-01-01", "2024-01-31")
    assert rows[0]["density_per_100_m"] == "0.75"
    assert rows[0]["residents"] == "500.0"
    assert rows[6]["density_per_100_m"] == ""


def test_csv_and_table_agree(tmp_path):
    table = make_table(("a", "b", "c"))
    write_counts(table, tmp_path / "counts.csv")
    back = pd.read_csv(
        tmp_path / "counts.csv",
        sep=";",
        dtype={"n_incidents": "Int64"},
        parse_dates=["period_from", "period_to"],
    )
    pd.testing.assert_frame_equal(back, table.to_frame(), check_dtype=False)


def test_xlsx_has_numbers_dates_and_the_finding_on_its_own_sheet(tmp_path):
    path = tmp_path / "counts.XLSX"
    write_counts(make_table(), path, finding=FINDING)
    book = openpyxl.load_workbook(path)
    assert book.sheetnames == ["Counts", "Finding"]
    rows = list(book["Counts"].iter_rows(values_only=True))
    assert rows[0] == schema.COUNT_COLUMNS
    assert len(rows) == 10
    first = dict(zip(rows[0], rows[1], strict=True))
    assert first["name"] == "'=HYPERLINK(1)"
    assert first["period_from"].isoformat() == "2024-01-01T00:00:00"
    assert (first["n_incidents"], first["density_per_100_m"]) == (3, 0.75)
    assert rows[2][8] is None
    assert all(cell.data_type != "f" for sheet in book for row in sheet for cell in row)
    about = list(book["Finding"].iter_rows(values_only=True))
    assert about[0] == ("Finding", "'=cmd")
    assert [value for label, value in about if label == "Source"] == ["Police", "Assistants"]
    assert ("No record", "1 Feb 2024 – 29 Feb 2024") in about
    assert ("off record", 1) in about
    assert ("Incidents selected", 5) in about


CITATIONS = ["ČÚZK, RÚIAN k 31. 10. 2026, CC BY 4.0", "=© OpenStreetMap, ODbL", "made up"]


def test_every_format_credits_the_layers(tmp_path):
    table = make_table()
    table.areas[schema.LAYER_SOURCE] = CITATIONS
    # The sources of the areas, then that of the boundary, which the finding names.
    together = "=© OpenStreetMap, ODbL; made up; ČÚZK, RÚIAN k 31. 10. 2026, CC BY 4.0; the town"
    for suffix in WRITERS:
        write_counts(table, tmp_path / f"a{suffix}", finding=FINDING)
    with (tmp_path / "a.csv").open(encoding="utf-8-sig", newline="") as file:
        found = [row["layer_source"] for row in csv.DictReader(file, delimiter=";")]
    town = "; the town"
    assert found[::3] == [CITATIONS[0] + town, "'" + CITATIONS[1] + town, CITATIONS[2] + town]
    book = openpyxl.load_workbook(tmp_path / "a.xlsx")
    assert book["Counts"].cell(2, 17).value == CITATIONS[0]
    about = list(book["Finding"].iter_rows(values_only=True))
    listed = [value for label, value in about if label == "Boundaries"]
    assert listed == ["'" + CITATIONS[1], CITATIONS[2], CITATIONS[0], "the town"]
    content = json.loads((tmp_path / "a.geojson").read_text(encoding="utf-8"))
    assert content["attribution"] == together
    assert content["finding"]["boundaries"] == list(FINDING.boundaries)
    assert [f["properties"]["layer_source"] for f in content["features"]] == CITATIONS
    for layer in ("areas", "counts"):
        info = pyogrio.read_info(tmp_path / "a.gpkg", layer=layer)
        assert info["dataset_metadata"]["ATTRIBUTION"] == together
        frame = pyogrio.read_dataframe(tmp_path / "a.gpkg", layer=layer)
        assert set(frame["layer_source"]) == set(CITATIONS)
    assert gpd.read_parquet(tmp_path / "a.parquet")["layer_source"].tolist() == CITATIONS
    metadata = pyarrow.parquet.read_schema(tmp_path / "a.parquet").metadata
    assert metadata[b"ATTRIBUTION"].decode() == together


def test_more_columns_of_a_layer_do_not_reach_the_files(tmp_path):
    table = make_table()
    table.areas["segment_number"] = [1, 2, 3]
    write_counts(table, tmp_path / "a.csv")
    header = (tmp_path / "a.csv").read_text(encoding="utf-8-sig").splitlines()[0]
    assert tuple(header.split(";")) == schema.COUNT_COLUMNS
    assert "segment_number" not in wide_areas(table).columns


def test_control_characters_do_not_break_xlsx(tmp_path):
    write_counts(make_table(("a\x07b", "\x00=1", "c")), tmp_path / "a.xlsx")
    rows = list(openpyxl.load_workbook(tmp_path / "a.xlsx")["Counts"].iter_rows(values_only=True))
    assert [row[1] for row in rows[1::3]] == ["ab", "'=1", "c"]


def test_too_many_rows_for_xlsx(tmp_path, monkeypatch):
    monkeypatch.setattr(export, "MAX_ROWS", 9)
    with pytest.raises(ParameterError, match=r"9 rows are more than an XLSX file can hold"):
        write_counts(make_table(), tmp_path / "a.xlsx")
    assert not list(tmp_path.iterdir())


def test_geojson_is_wgs84_with_null_for_missing(tmp_path):
    path = tmp_path / "counts.geojson"
    write_counts(make_table(), path, finding=FINDING)
    content = json.loads(path.read_text(encoding="utf-8"))
    assert "crs" not in content
    assert content["finding"]["sentence"] == "=cmd"
    assert content["finding"]["gaps"] == [["2024-02-01", "2024-02-29"]]
    assert content["tally"]["n_off_record"] == 1
    properties = [feature["properties"] for feature in content["features"]]
    assert [p["name"] for p in properties] == list(HOSTILE)  # no spreadsheet: as it is
    assert [p["n_2024-01"] for p in properties] == [3, 0, 0]
    assert [p["n_2024-02"] for p in properties] == [None, None, None]
    assert [p["n_incidents"] for p in properties] == [3, 1, 0]
    assert properties[2]["residents"] is None
    shape = shapely.geometry.shape(content["features"][0]["geometry"])
    assert shape.exterior.is_ccw
    assert 17.1 < shape.centroid.x < 17.3
    assert 50.1 < shape.centroid.y < 50.3
    back = gpd.read_file(path)
    assert back.crs.to_epsg() == 4326
    moved = back.to_crs(5514).geometry.hausdorff_distance(make_table().areas.geometry)
    assert moved.max() < 0.05


def test_geopackage_has_areas_and_the_long_form(tmp_path):
    path = tmp_path / "counts.gpkg"
    write_counts(make_table(), path)
    assert sorted(pyogrio.list_layers(path)[:, 0]) == ["areas", "counts"]
    areas = gpd.read_file(path, layer="areas")
    assert areas.crs.to_epsg() == 5514
    assert areas["n_2024-01"].tolist() == [3, 0, 0]
    assert areas["n_2024-02"].isna().all()
    assert areas.geometry.geom_equals(make_table().areas.geometry).all()
    counts = pyogrio.read_dataframe(path, layer="counts", read_geometry=False)
    assert len(counts) == 9
    assert counts["n_incidents"].sum() == 4
    assert counts["n_incidents"].isna().sum() == 3


def test_parquet_is_geoparquet_with_nullable_counts(tmp_path):
    write_counts(make_table(), tmp_path / "counts.parquet")
    back = gpd.read_parquet(tmp_path / "counts.parquet")
    assert back.crs.to_epsg() == 5514
    expected = wide_areas(make_table())
    assert list(back.columns) == list(expected.columns)
    assert str(back["n_2024-02"].dtype) == "Int64"
    assert back["n_2024-02"].isna().all()
    assert back["n_2024-03"].tolist() == [0, 1, 0]


@pytest.mark.parametrize("suffix", sorted(WRITERS))
def test_every_format_replaces_an_older_file_and_leaves_nothing_beside(tmp_path, suffix):
    path = tmp_path / f"counts{suffix}"
    path.write_text("old")
    table = make_table()
    before = table.areas.copy(deep=True)
    write_counts(table, path, finding=FINDING)
    assert path.stat().st_size > 100
    assert [p.name for p in tmp_path.iterdir()] == [path.name]
    assert table.areas.equals(before)


@pytest.mark.parametrize("suffix", sorted(WRITERS))
def test_no_areas_can_be_written(tmp_path, suffix):
    table = count_by_area(
        make_incidents([]),
        make_areas().iloc[:0],
        periods=list_periods(QUARTER, every="month"),
        calendar=RecordCalendar.build(QUARTER, []),
        record_by_source={},
        boundary=BOUNDARY,
    )
    write_counts(table, tmp_path / f"empty{suffix}")
    assert (tmp_path / f"empty{suffix}").stat().st_size > 0


@pytest.mark.parametrize("fault", [RuntimeError("broken"), OSError(28, "No space left on device")])
def test_a_failure_leaves_the_older_file(tmp_path, monkeypatch, fault):
    path = tmp_path / "counts.csv"
    path.write_text("old")

    def fail(_table, draft: Path, _finding):
        draft.write_text("half")
        raise fault

    monkeypatch.setitem(WRITERS, ".csv", fail)
    with pytest.raises((RuntimeError, StoreError), match=r"broken|No space left on device"):
        write_counts(make_table(), path)
    assert path.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["counts.csv"]


def test_errors_name_the_cure(tmp_path):
    known = r"'a.txt' has no known ending; choose from: .csv, .xlsx, .geojson, .gpkg, .parquet"
    with pytest.raises(ParameterError, match=known):
        write_counts(make_table(), tmp_path / "a.txt")
    with pytest.raises(ParameterError, match="does not exist; make it first"):
        write_counts(make_table(), tmp_path / "none" / "a.csv")
    (tmp_path / "dir.csv").mkdir()
    with pytest.raises(ParameterError, match="is a directory"):
        write_counts(make_table(), tmp_path / "dir.csv")


def test_a_directory_that_cannot_be_written(tmp_path, monkeypatch):
    def refuse(_self, *_args, **_kwargs):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "touch", refuse)
    with pytest.raises(StoreError, match=r"cannot be written \(Permission denied\); choose"):
        write_counts(make_table(), tmp_path / "a.csv")


def test_umask_decides_who_may_read(tmp_path):
    write_counts(make_table(), tmp_path / "a.csv")
    if sys.platform != "win32":
        mask = os.umask(0)
        os.umask(mask)
        assert (tmp_path / "a.csv").stat().st_mode & 0o777 == 0o666 & ~mask


def test_wide_areas_add_up():
    table = make_table()
    wide = wide_areas(table)
    months = [c for c in wide.columns if c.startswith("n_2024")]
    assert np.array_equal(
        wide[months].fillna(0).sum(axis=1).to_numpy(dtype=int),
        wide["n_incidents"].to_numpy(dtype=int),
    )
