"""Large and unusual workbooks: bounded memory, days counted from 1904, merged names, huge cells."""

import random
import tracemalloc
import zipfile
from datetime import datetime, time

import openpyxl
import pandas as pd
import pytest
from openpyxl.utils.datetime import MAC_EPOCH, WINDOWS_EPOCH, to_excel

from hotspots.errors import SourceError
from hotspots.ingest.workbook import WorkbookTable
from tests.reading import X, Y, mapping, read_all

N_ROWS = 6_000


def read_texts(path):
    """Return the table, its columns' texts and the peak of memory [bytes] while it was read."""
    tracemalloc.start()
    try:
        table = WorkbookTable(path)
        columns = [[] for _name in table.columns]
        faults = []
        for block in table.blocks(500):
            for texts, part in zip(columns, block.data, strict=True):
                texts.append((len(part), part[0].as_py()))
            faults += [*block.faults.values()]
        return table, columns, faults, tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_memory_does_not_grow_with_the_sheet(tmp_path):
    peaks = []
    for n_rows in (N_ROWS // 6, N_ROWS):
        book = openpyxl.Workbook(write_only=True)
        sheet = book.create_sheet()
        sheet.append([f"c{at}" for at in range(10)])
        for at in range(n_rows):
            sheet.append([f"text {at}", datetime(2024, 1, 1, 8, 30), at, *["Lipovská"] * 7])  # noqa: DTZ001
        path = tmp_path / f"{n_rows}.xlsx"
        book.save(path)
        table, columns, _faults, peak = read_texts(path)
        assert sum(n for n, _first in columns[0]) == n_rows
        assert columns[1][0][1] == "2024-01-01T08:30:00"
        assert table.warnings == []
        peaks.append(peak)
    assert peaks[1] < peaks[0] + 1_000_000


@pytest.mark.parametrize("shared", [True, False])
def test_cell_of_fifty_megabytes(tmp_path, shared):
    # Random enough not to be refused for how far it unpacks.
    dice = random.Random(5)
    huge = "".join(dice.randbytes(40).hex() + "a" * 9_920 for _part in range(5_000))
    path = tmp_path / "a.xlsx"
    book = openpyxl.Workbook(write_only=not shared)
    sheet = book.create_sheet("a")
    if shared:
        book.remove(book.worksheets[0])
    for row in (["id", "d", "x", "y"], ["HUGE", "2024-03-05", X, Y], ["b", "2024-03-06", X, Y]):
        sheet.append(row)
    book.save(path)
    put_text(path, "HUGE", huge)
    _table, _columns, faults, peak = read_texts(path)
    assert [*faults[0]] == ["id"]
    assert "holds 50,000,000 characters, more than the 32,767" in faults[0]["id"]
    assert peak < 5_000_000
    chosen = mapping(columns={"source_ref": "id", "occurred": "d", "x": "x", "y": "y"})
    incidents, rejected, _reader = read_all(path, chosen)
    assert len(incidents) == 1
    assert "50,000,000" in rejected["reason"][0]
    assert len(rejected["raw"][0]) < 1_000


def put_text(path, old, new):
    with zipfile.ZipFile(path) as book:
        members = {name: book.read(name) for name in book.namelist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as book:
        for name, content in members.items():
            book.writestr(name, content.replace(old.encode(), new.encode()))


@pytest.mark.parametrize("shown", ["General", "0.00"])
def test_days_counted_from_1904_are_the_same_days(tmp_path, shown):
    """Date cells, plain numbers of days, and shares of a day, in workbooks of both epochs."""
    frames = []
    for epoch in (WINDOWS_EPOCH, MAC_EPOCH):
        book = openpyxl.Workbook()
        book.epoch = epoch
        sheet = book.active
        sheet.append(["d", "until", "t", "x", "y"])
        days = to_excel(datetime(2024, 3, 5), epoch)  # noqa: DTZ001
        sheet.append([datetime(2024, 3, 5), None, time(14, 30), X, Y])  # noqa: DTZ001
        sheet.append([days + 1, days + 2.25, 0.25, X, Y])
        sheet.append([days + 2.5, None, None, X, Y])
        sheet.append(["8.3.2024", None, "22:10", X, Y])
        for row in (3, 4):
            sheet.cell(row, 1).number_format = shown
        path = tmp_path / "a.xlsx"
        book.save(path)
        columns = {"date": "d", "occurred_to": "until", "time": "t", "x": "x", "y": "y"}
        incidents, rejected, reader = read_all(path, mapping(columns=columns))
        assert rejected.empty
        assert not any("1904" in text for text in reader.warnings)
        frames.append(incidents)
    assert frames[0]["occurred_from"].astype(str).tolist() == [
        "2024-03-05 14:30:00",
        "2024-03-06 06:00:00",
        "2024-03-07 12:00:00",
        "2024-03-08 22:10:00",
    ]
    assert str(frames[0]["occurred_to"][1]) == "2024-03-07 06:00:00"
    pd.testing.assert_frame_equal(*frames)


def test_name_merged_over_two_columns(tmp_path):
    book = openpyxl.Workbook()
    book.active.append(["id", "Souřadnice", None])
    book.active.merge_cells("B1:C1")
    book.active.append(["a", X, Y])
    book.active.append(["b", X, Y])
    path = tmp_path / "a.xlsx"
    book.save(path)
    assert WorkbookTable(path).columns == ("id", "Souřadnice", "Souřadnice 2")


def test_only_sheet_that_is_filled_is_hidden(tmp_path):
    book = openpyxl.Workbook()
    sheet = book.create_sheet("tajný")
    sheet.append(["id", "d"])
    sheet.append(["a", "2024-03-05"])
    sheet.sheet_state = "hidden"
    path = tmp_path / "a.xlsx"
    book.save(path)
    table = WorkbookTable(path)
    assert table.warnings == ["the sheet 'tajný' is hidden; it was read, as the others are empty"]


def test_a_cell_of_50_mb_in_a_text_file_is_refused_in_little_memory(tmp_path):
    path = tmp_path / "a.csv"
    with path.open("w", encoding="utf-8") as file:
        file.write(f"id;d;x;y\na;2024-03-05;{X};{Y}\n")
        for _part in range(50):
            file.write("A" * 1_000_000)
        file.write(f";2024-03-06;{X};{Y}\n")
    chosen = mapping(columns={"source_ref": "id", "occurred": "d", "x": "x", "y": "y"})
    tracemalloc.start()
    try:
        with pytest.raises(SourceError, match="row 3: the line is longer than 1,000,000 char"):
            read_all(path, chosen)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 30_000_000
