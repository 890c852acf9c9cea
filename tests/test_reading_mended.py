"""What offices and phones really send: midnights beside times, Czech words, mixed coordinates."""

from datetime import date, datetime

import openpyxl
import pytest

from hotspots.errors import CRSError, SourceError
from hotspots.ingest import Mapping
from hotspots.ingest.discovery import read_discovery
from tests.reading import X, Y, mapping, read_all, write

TWO = {"source_ref": "id", "date": "Datum", "time": "Čas"}
CELLS = {"source_ref": "id", "occurred": "d", "coordinates": "gps"}
WORDED = CELLS | {"place_text": "m"}


def times(incidents):
    return [
        (str(a)[:16], str(b)[:16], p)
        for a, b, p in zip(
            incidents["occurred_from"],
            incidents["occurred_to"],
            incidents["time_precision"],
            strict=True,
        )
    ]


def test_midnight_in_the_date_never_beats_the_column_of_times(tmp_path):
    content = (
        "id;Datum;Čas\n"
        "1;3.11.2025 0:00;mezi 20. a 22. hod.\n"
        "2;4.11.2025 0:00:00;22:10\n"
        "3;5.11.2025 0:00;\n"
        "4;6.11.2025 0:00;nezjištěno\n"
        "5;7.11.2025 0:00;0:00\n"
        "6;8.11.2025;po 22. hod.\n"
    )
    incidents, rejected, reader = read_all(write(tmp_path, content), mapping(columns=TWO))
    assert rejected.empty
    assert times(incidents) == [
        ("2025-11-03 20:00", "2025-11-03 22:00", "span"),
        ("2025-11-04 22:10", "2025-11-04 22:10", "minute"),
        ("2025-11-05 00:00", "2025-11-05 23:59", "day"),
        ("2025-11-06 00:00", "2025-11-06 23:59", "day"),
        ("2025-11-07 00:00", "2025-11-07 00:00", "minute"),
        ("2025-11-08 22:00", "2025-11-08 23:59", "span"),
    ]
    assert reader.warnings == []


@pytest.mark.parametrize("chunk_rows", [2, 100])
def test_two_times_that_differ_are_named_and_the_column_of_times_wins(tmp_path, chunk_rows):
    content = (
        "id;Datum;Čas\n"
        "1;3.11.2025 21:00;22:10\n"
        "2;3.11.2025 21:00;20-22\n"
        "3;3.11.2025 22:10;22\n"
        "4;3.11.2025 21 h;20:15\n"
        "5;3.11.2025 22 h;22:10\n"
        "6;3.11.2025 21:00;?\n"
        "7;3.11.2025 23:30;22-6\n"
    )
    incidents, _rejected, reader = read_all(
        write(tmp_path, content), mapping(columns=TWO), chunk_rows=chunk_rows
    )
    assert [(a[11:], b[11:], p) for a, b, p in times(incidents)] == [
        ("22:10", "22:10", "minute"),
        ("20:00", "22:00", "span"),
        ("22:10", "22:10", "minute"),
        ("20:15", "20:15", "minute"),
        ("22:10", "22:10", "minute"),
        ("21:00", "21:00", "minute"),
        ("22:00", "06:00", "span"),
    ]
    assert reader.warnings == [
        "2 rows have another time in the column of dates than in the column of times; the column "
        "of times was taken: rows 2, 5"
    ]


def workbook(tmp_path, rows):
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    path = tmp_path / "a.xlsx"
    book.save(path)
    return path


def test_date_cells_of_a_workbook_beside_one_typed_text(tmp_path):
    rows = [
        ["id", "Datum", "Čas"],
        [1, datetime(2025, 11, 3), "mezi 20. a 22. hod."],  # noqa: DTZ001 - wall clock
        [2, "4. 11. 2025", "22:10"],
        [3, datetime(2025, 11, 5), None],  # noqa: DTZ001
    ]
    incidents, rejected, reader = read_all(workbook(tmp_path, rows), mapping(columns=TWO))
    assert rejected.empty
    assert [p for _a, _b, p in times(incidents)] == ["span", "minute", "day"]
    assert reader.warnings == []


def test_a_whole_date_cell_has_no_time_whatever_its_neighbours(tmp_path):
    days = [[i, datetime(2025, 11, i, 22, 10)] for i in range(1, 11)]  # noqa: DTZ001
    rows = [["id", "d"], *days, [11, datetime(2025, 11, 11)], [12, date(2025, 11, 12)]]  # noqa: DTZ001
    chosen = mapping(columns={"source_ref": "id", "occurred": "d"})
    incidents, _rejected, reader = read_all(workbook(tmp_path, rows), chosen)
    assert incidents["time_precision"].tolist() == ["minute"] * 10 + ["day"] * 2
    assert reader.warnings == [
        "1 date cell of the workbook shows the time 0:00 and holds a date alone; it was taken as "
        "a date without a time"
    ]


@pytest.mark.parametrize(
    ("kind", "texts"),
    [
        (
            "patrol",
            "pochůzka;Pochůzková činnost;hlidka;zjištěno hlídkou MP;vlastní zjištění;"
            "vlastni cinnost;z vlastní činnosti;při kontrole;asistent;strážník;patrol;"
            "asistentkou prevence kriminality",
        ),
        (
            "reported",
            "oznámeno;OZNAMENI;telefonické oznámení;oznamovatel;oznamovatelka;linka 156;156;"
            "tel. na 158;občan;občanem;telefonicky;Reported",
        ),
        ("camera", "kamera;kamerou;kamerový systém;MKDS;městský kamerový systém;Camera"),
        ("unknown", ";-;neuvedeno;nezjištěno;unknown"),
        (None, "pes;neoznámeno;oznámeno hlídce;občanský průkaz;1561;kontrola kamer;jinak"),
    ],
)
def test_how_it_was_discovered_in_czech(kind, texts):
    assert {text: read_discovery(text) for text in texts.split(";")} == dict.fromkeys(
        texts.split(";"), kind
    )


def test_czech_ways_of_discovery_are_read_from_a_file_and_the_others_listed(tmp_path):
    path = write(
        tmp_path, "d;by\n5.3.2024;Pochůzka\n5.3.2024;linka 156\n5.3.2024;MKDS\n5.3.2024;pes\n"
    )
    chosen = Mapping.from_options(
        source="town",
        columns={"date": "d", "discovered_by": "by"},
        values={"offence": "theft"},
    )
    incidents, _rejected, reader = read_all(path, chosen)
    assert incidents["discovered_by"].tolist() == ["patrol", "reported", "camera", "unknown"]
    assert reader.warnings[-1] == (
        "ways of discovery that are not known, taken as unknown: pes (1×)"
    )


@pytest.mark.parametrize("chunk_rows", [1, 100])
@pytest.mark.parametrize("crs", ["", "EPSG:4326"])
def test_each_cell_of_coordinates_is_read_by_itself(tmp_path, crs, chunk_rows):
    content = (
        "id;d;gps;m\n"
        "1;5.3.2024;50.2294, 17.2046;\n"
        "2;5.3.2024;17.2046, 50.2294;\n"
        "3;5.3.2024;0,0;\n"
        "4;5.3.2024;50.2294N 17.2046E;\n"
        "5;5.3.2024;50.2294, 17.2046;\n"
        "6;5.3.2024;5, 6;\n"
        "7;5.3.2024;5, 6;Lipovská 12\n"
        "8;5.3.2024;u parku;Lipovská 12\n"
        "9;5.3.2024;0.0, 0.0;Lipovská 12\n"
    )
    incidents, rejected, reader = read_all(
        write(tmp_path, content), mapping(crs=crs, columns=WORDED), chunk_rows=chunk_rows
    )
    placed = incidents[incidents["place_method"] == "coordinates"]
    assert placed["source_ref"].tolist() == ["1", "2", "4", "5"]
    assert placed["x"].to_numpy() == pytest.approx(X, abs=0.05)
    assert placed["y"].to_numpy() == pytest.approx(Y, abs=0.05)
    assert incidents["source_ref"].tolist() == ["1", "2", "3", "4", "5", "7", "8", "9"]
    assert rejected["row"].tolist() == [7]
    assert rejected["reason"][0].endswith(
        "lies outside Czechia. Correct gps '5, 6' in the file, for example as 50.2294, 17.2046"
    )
    said = [
        "2 rows have the coordinates 0, 0, taken as not placed",
        "1 cell has its coordinates in another order or system than the others; it was read as "
        "its values tell: row 3",
        "2 rows have coordinates that are not understood or lie outside Czechia; the descriptions "
        "of their places are taken instead. Correct them in the file and import it again: "
        "row 8 '5, 6', row 9 'u parku'",
    ]
    order = (
        "the coordinates were taken as EPSG:4326 with the latitude first and the longitude "
        "second, as their values tell"
    )
    assert reader.warnings == ([order] if not crs else []) + said


def test_one_swapped_cell_among_eight_does_not_refuse_the_file(tmp_path):
    cells = ["50.2294, 17.2046"] * 3 + ["17.2046, 50.2294", "0,0"] + ["50.2294N 17.2046E"] * 3
    rows = "".join(f'{i};5.3.2024;"{cell}"\n' for i, cell in enumerate(cells))
    path = write(tmp_path, f"id;d;gps\n{rows}")
    incidents, rejected, _reader = read_all(path, mapping(crs="", columns=CELLS))
    assert rejected.empty
    assert incidents["place_method"].tolist().count("coordinates") == 7


def test_a_file_is_refused_where_most_cells_make_no_sense(tmp_path):
    def rows(*cells):
        return write(
            tmp_path,
            "id;d;gps\n" + "".join(f"{i};5.3.2024;{c}\n" for i, c in enumerate(cells)),
        )

    with pytest.raises(CRSError, match="is not stated and the values do not tell"):
        read_all(rows("5, 6", "7, 8", "50.2294, 17.2046"), mapping(crs="", columns=CELLS))
    with pytest.raises(SourceError, match="the sign of y is wrong"):
        read_all(rows("50.2294, -17.2046", "50.2294, -17.2047"), mapping(crs="", columns=CELLS))
    with pytest.raises(SourceError, match=r'are EPSG:4326, but .* give crs = "EPSG:4326"'):
        read_all(rows("50.2294, 17.2046"), mapping(crs="EPSG:5514", columns=CELLS))


def test_a_system_whose_ranges_are_not_known_keeps_its_order(tmp_path):
    path = write(tmp_path, "id;d;gps\n1;5.3.2024;657222, 5567000\n2;5.3.2024;1, 2\n")
    incidents, rejected, _reader = read_all(path, mapping(crs="EPSG:32633", columns=CELLS))
    assert incidents["x"][0] == pytest.approx(X, abs=5_000)
    assert rejected["row"].tolist() == [3]
