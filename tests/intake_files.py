"""Files as a Czech town really has them, each with its traps and what must come of it.

Everything here is made up. One table, `CASES`, says of every file: how it is written, how it is
mapped, how many rows are read, which are rejected and why, and which incidents it holds. An
incident is (reference, from, to, precision, groups, place); the place is `HERE` where the file has
coordinates (all of them are those of one point), else the text of the place.
"""

import io
from dataclasses import dataclass, field

import openpyxl

from tests.reading import LAT, LON, X, Y

HERE = "(coordinates)"
DAY = "2025-03-12"


@dataclass(frozen=True)
class Case:
    """One file: its bytes, its mapping, and what must come of it."""

    name: str
    content: bytes
    columns: dict[str, str]
    rows: int
    incidents: list[tuple[str, str, str, str, str, str]]
    rejected: dict[int, str] = field(default_factory=dict)
    duplicates: int = 0
    options: dict[str, object] = field(default_factory=dict)
    warned: tuple[str, ...] = ()


def text(content, encoding="utf-8-sig"):
    return content.replace("\n", "\r\n").encode(encoding)


def workbook(rows, *, merged=(), change=None):
    book = openpyxl.Workbook()
    sheet = book.active
    for row in rows:
        sheet.append(list(row))
    for cells in merged:
        sheet.merge_cells(cells)
    if change is not None:
        change(book)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def on(day, start, end=None, precision="minute"):
    """Return from, to and precision of an incident of one day."""
    return f"{day} {start}", f"{day} {end or start}", precision


def all_day(day):
    return on(day, "00:00", "23:59", "day")


def add_lists(book):
    book.active.title = "Týden 11"
    book.create_sheet("Číselník").append(["druh", "kód"])
    book["Číselník"].sheet_state = "hidden"


ASSISTANTS = {
    "date": "Datum",
    "time": "Čas",
    "place_text": "Místo",
    "offence": "Co se stalo",
    "note": "Poznámka",
}

CASES = (
    Case(
        "tydenni-list.xlsx",  # the assistants' weekly sheet: titles, merged cells, spans, a total
        workbook(
            [
                ["Týdenní list asistentů prevence kriminality"],
                ["Týden:", "10.3. - 16.3.2025"],
                [],
                ["Č.", "Datum", "Čas", "Místo", "Co se stalo", "Poznámka"],
                [1, "12.3.2025", "22-23:30", "Lipovska 12", "hluk", "rušil hudbou"],
                [2, "12.3.2025", "mezi 20. a 22. hod.", "park u nadrazi", "nepořádek", None],
                [3, "12.3.2025", "nezjištěno", "Masarykovo nám.", "hluk", None],
                [],
                [4, None, "22:00", "Lipovská", "hluk", None],
                ["Celkem", 4],
            ],
            merged=("A1:F1",),
            change=add_lists,
        ),
        ASSISTANTS | {"source_ref": "Č."},
        5,
        [
            ("1", *on(DAY, "22:00", "23:30", "span"), "public_order", "Lipovska 12"),
            ("2", *on(DAY, "20:00", "22:00", "span"), "ordinance", "park u nadrazi"),
            ("3", *all_day(DAY), "public_order", "Masarykovo nám."),
        ],
        rejected={9: "there is no date", 10: "a row of totals"},
        options={"offences": {"hluk": "public_order", "nepořádek": "ordinance"}},
        warned=("2 rows above the names", "hidden sheets were not read: Číselník"),
    ),
    Case(
        "mp-export.csv",  # a record system: cp1250, §, file numbers, positive S-JTSK, a repeat
        text(
            "Č.j.;Spácháno;Kvalifikace;Souřadnice Y;Souřadnice X;Ulice;Č.p.;Část obce;\n"
            f"MP-101/2025;12.03.2025 22:10;§ 5 odst. 1 písm. a) z. č. 251/2016 Sb.;{-X:.2f};"
            f"{-Y:.2f};Lipovská;12;Jeseník;\n"
            "MP-102/2025;12.3.2025 v noci;§ 7;;;Lipovská;12/3;Bukovice;\n"
            "MP-103/2025;31.2.2025;§ 8;;;;;;\n"
            "MP-102/2025;12.3.2025 v noci;§ 7;;;Lipovská;12/3;Bukovice;\n"
            f"MP-104/2025;12. 3. 2025;§ 4;{-X:.2f};;;;;\n",
            "cp1250",
        ),
        {
            "source_ref": "Č.j.",
            "occurred": "Spácháno",
            "offence": "Kvalifikace",
            "x": "Souřadnice Y",
            "y": "Souřadnice X",
            "street": "Ulice",
            "house_number": "Č.p.",
            "town_part": "Část obce",
        },
        5,
        [
            ("MP-101/2025", *on(DAY, "22:10"), "public_order", HERE),
            (
                "MP-102/2025",
                f"{DAY} 22:00",
                "2025-03-13 06:00",
                "span",
                "coexistence",
                "Lipovská 12/3, Bukovice",
            ),
        ],
        rejected={4: "is no day of the calendar", 6: "x is given and y is missing"},
        duplicates=1,
        options={"kind": "municipal_police"},
        warned=("were taken as S-JTSK",),
    ),
    Case(
        "telefon.csv",  # from a phone: commas, ISO with offsets, both coordinates in one cell
        text(
            'id,kdy,poloha,co\na1,2025-03-12T21:10:00Z,"50.2294, 17.2046",hluk\n'
            'a2,2025-03-12T22:10:00+01:00,"50.2294N, 17.2046E","hluk\nu domu"\n'
            "a3,2025-03-12 22:10,https://mapy.cz/zakladni?x=17.2046&y=50.2294&z=17,hluk\n"
            "a4,2025-03-12 22:10,někde,hluk\na5,2025-03-12 22:10,,hluk\n",
            "utf-8",
        ),
        {"source_ref": "id", "occurred": "kdy", "coordinates": "poloha", "offence_detail": "co"},
        5,
        [
            ("a1", *on(DAY, "22:10"), "public_order", HERE),
            ("a2", *on(DAY, "22:10"), "public_order", HERE),
            ("a3", *on(DAY, "22:10"), "public_order", HERE),
            ("a5", *on(DAY, "22:10"), "public_order", ""),
        ],
        rejected={6: "no coordinates that are understood"},
        options={"values": {"offence": "public_order"}},
    ),
    Case(
        "stupne.csv",  # degrees, minutes and seconds; tabs; UTF-16
        text(
            "ID\tDatum\tGPS\n"
            "1\t12.3.2025 kolem 21. hod.\t50°13′45,84″N 17°12′16,56″E\n"
            "2\t12.3.25 21 h\tN 50° 13.764', E 17° 12.276'\n"
            "3\t12.3.50\tN 50° 13.764', E 17° 12.276'\n",
            "utf-16",
        ),
        {"source_ref": "ID", "occurred": "Datum", "coordinates": "GPS"},
        3,
        [
            ("1", *on(DAY, "20:30", "21:30", "span"), "theft", HERE),
            ("2", *on(DAY, "21:00", "21:59", "hour"), "theft", HERE),
        ],
        rejected={4: "is no date that is understood"},
        options={"values": {"offence": "theft"}},
    ),
    Case(
        "prohozene-osy.csv",  # S-JTSK with X first, negative, decimal commas, thousands
        text(
            "č;datum;x;y\n"
            + "".join(f"{i};12.3.2025;-1 050 795,374;-543 455,674\n" for i in (1, 2, 3, 4, 5))
            + "6;12.3.2025;-543 455,674;-1 050 795,374\n7;12.3.2025;0;0\n",
        ),
        {"source_ref": "č", "date": "datum", "x": "x", "y": "y"},
        7,
        [
            *((str(i), *all_day(DAY), "theft", HERE) for i in (1, 2, 3, 4, 5)),
            ("7", *all_day(DAY), "theft", ""),
        ],
        rejected={7: "x and y seem swapped"},
        options={"values": {"offence": "theft"}},
        warned=("southing X first", "the coordinates 0, 0"),
    ),
    Case(
        "dvouradkova-hlavicka.csv",  # a header of two rows, as a sheet with merged cells is saved
        text(
            "Přehled událostí;;;;;\n;;;;;\nČ.j.;Datum;;Místo;;Druh\n;den;čas;ulice;č.p.;\n"
            "1;12.3.2025;22:10;Lipovská;12;krádež\n2;12.3.2025;-;Lipovská;;krádež\n"
            "Celkem;2;;;;\n",
            "cp1250",
        ),
        {
            "source_ref": "Č.j.",
            "date": "Datum den",
            "time": "Datum čas",
            "street": "Místo ulice",
            "house_number": "Místo č.p.",
            "offence": "Druh",
        },
        3,
        [
            ("1", *on(DAY, "22:10"), "theft", "Lipovská 12"),
            ("2", *all_day(DAY), "theft", "Lipovská"),
        ],
        rejected={7: "a row of totals"},
        options={"offences": {"krádež": "theft"}},
    ),
    Case(
        "vice-skutku.csv",  # several offences in one cell, some of them unknown
        text(
            "ref|kdy|co\n1|12.3.2025|hluk; poškození lavičky\n2|12.3.2025|hluk, mimozemšťan\n"
            "3|12.3.2025|mimozemšťan\n4|12.3.2025|\n"
        ),
        {"source_ref": "ref", "date": "kdy", "offence": "co"},
        4,
        [
            ("1", *all_day(DAY), "property;public_order", ""),
            ("2", *all_day(DAY), "public_order", ""),
            ("3", *all_day(DAY), "other_offence", ""),
            ("4", *all_day(DAY), "other_offence", ""),
        ],
        options={"offences": {"hluk": "public_order", "poškození lavičky": "property"}},
        warned=("mimozemšťan (1×)",),
    ),
    Case(
        "rozsahy-dnu.csv",  # spans of days, nights, the end of a year, the changes of the clocks
        text(
            "n;kdy\n1;12.–14. 3. 2025\n2;v noci z 12. na 13. 3. 2025\n3;31. 12. – 1. 1. 2025\n"
            "4;12.3.2025 22:00 - 13.3.2025 06:00\n5;31.3.2024 2:30\n6;27.10.2024 2:30\n"
            "7;12. a 13. 3. 2025\n8;12.3.\n"
        ),
        {"source_ref": "n", "occurred": "kdy"},
        8,
        [
            ("1", "2025-03-12 00:00", "2025-03-14 23:59", "span", "theft", ""),
            ("2", "2025-03-12 22:00", "2025-03-13 06:00", "span", "theft", ""),
            ("3", "2024-12-31 00:00", "2025-01-01 23:59", "span", "theft", ""),
            ("4", "2025-03-12 22:00", "2025-03-13 06:00", "span", "theft", ""),
            ("5", *on("2024-03-31", "03:30"), "theft", ""),
            ("6", *on("2024-10-27", "02:30"), "theft", ""),
        ],
        rejected={8: "is no date that is understood", 9: "has no year"},
        options={"values": {"offence": "theft"}},
        warned=("a time that no clock showed",),
    ),
    Case(
        "tabulka-excel.xlsx",  # dates and times of every kind, a formula without a value
        workbook(
            [
                ["ID", "Datum", "Čas", "Zeměpisná šířka", "Zeměpisná délka"],
                [1, 45728, 0.25, LAT, LON],
                [2, "12. března 2025", "06:00", "50,2294", "17,2046"],
                [3, "=DATE(2025,3,12)", "06:00", LAT, LON],
                [4, "středa 12.3.2025", "06:00", f"{LAT}N", f"{LON}E"],
            ]
        ),
        {
            "source_ref": "ID",
            "date": "Datum",
            "time": "Čas",
            "x": "Zeměpisná délka",
            "y": "Zeměpisná šířka",
        },
        4,
        [(i, *on(DAY, "06:00"), "theft", HERE) for i in ("1", "2", "4")],
        rejected={4: "a formula of which the file keeps no value"},
        options={"values": {"offence": "theft"}},
        warned=("were taken as EPSG:4326",),
    ),
    Case(
        "bez-cisel.csv",  # rows without numbers: alike ones stay apart, unless minute and place say
        text(
            "Datum;Hodina;Misto;Co\n12.3.2025;;Lipovska;kradez\n12.3.2025;;Lipovska;kradez\n"
            "12.3.2025;2210;Lipovska;kradez\n12.3.2025;99;Lipovska;kradez\n",
            "ascii",
        ),
        {"date": "Datum", "time": "Hodina", "place_text": "Misto", "offence": "Co"},
        4,
        [
            ("", *all_day(DAY), "theft", "Lipovska"),
            ("", *all_day(DAY), "theft", "Lipovska"),
            ("", *all_day(DAY), "theft", "Lipovska"),
            ("", *on(DAY, "22:10"), "theft", "Lipovska"),
        ],
        options={"offences": {"kradez": "theft"}},
    ),
    Case(
        "latin2.csv",  # an old system on Linux: ISO 8859-2, quoted line breaks, a broken quote
        text(
            'číslo;kdy;místo;poznámka\n1;12.3.2025 21.30 hod;Žižkova ulička;"křik\nna dvoře"\n'
            '2;12.3.2025;hřiště u školy;"nezavřené\n3;12.3.2025;Šumperská;ticho\n',
            "iso-8859-2",
        ),
        {"source_ref": "číslo", "occurred": "kdy", "place_text": "místo", "note": "poznámka"},
        3,
        [
            ("1", *on(DAY, "21:30"), "theft", "Žižkova ulička"),
            ("3", *all_day(DAY), "theft", "Šumperská"),
        ],
        rejected={4: "a quotation mark is opened and not closed"},
        options={"values": {"offence": "theft"}},
        warned=("iso-8859-2",),
    ),
    Case(
        "dos.csv",  # an older one still: code page 852
        text(
            "číslo;kdy;místo\n1;12.3.2025 večer;Šumperská ulice, hřiště\n2;neuvedeno;Žižkova\n",
            "cp852",
        ),
        {"source_ref": "číslo", "occurred": "kdy", "place_text": "místo"},
        2,
        [("1", *on(DAY, "18:00", "22:00", "span"), "theft", "Šumperská ulice, hřiště")],
        rejected={3: "there is no date"},
        options={"values": {"offence": "theft"}},
        warned=("cp852",),
    ),
    Case(
        "dve-hlaseni.csv",  # one event told twice, by two assistants, with times that overlap
        text(
            "hlášení;datum;čas;gps;kdo\nJN-1;12.3.2025;22:10;50.2294 17.2046;patrol\n"
            "PK-7;12.3.2025;22:00–22:30;50.2294 17.2046;reported\n"
            "PK-8;12.3.2025;po 22. hod.;50.2294 17.2046;kdosi\n"
        ),
        {
            "source_ref": "hlášení",
            "date": "datum",
            "time": "čas",
            "coordinates": "gps",
            "discovered_by": "kdo",
        },
        3,
        [
            ("JN-1", *on(DAY, "22:10"), "coexistence", HERE),
            ("PK-7", *on(DAY, "22:00", "22:30", "span"), "coexistence", HERE),
            ("PK-8", *on(DAY, "22:00", "23:59", "span"), "coexistence", HERE),
        ],
        options={"values": {"offence": "coexistence"}},
        warned=("kdosi (1×)",),
    ),
    Case(
        "oznameni.csv",  # reported, but nobody knows when it happened; ends before starts
        text(
            "p;od;do;oznámeno\n1;;;12.3.2025 8:00\n2;11.3.2025 20:00;12.3.2025 7:00;12.3.2025\n"
            "3;12.3.2025;11.3.2025;12.3.2025\n4;?;;\n"
        ),
        {"source_ref": "p", "occurred": "od", "occurred_to": "do", "reported_at": "oznámeno"},
        4,
        [
            ("1", "NaT", "NaT", "unknown", "theft", ""),
            ("2", "2025-03-11 20:00", "2025-03-12 07:00", "span", "theft", ""),
        ],
        rejected={4: "lies before the start", 5: "there is no date"},
        options={"values": {"offence": "theft"}},
    ),
    Case(
        "vzorce.csv",  # cells that a spreadsheet would run, and rows of a wrong width
        text(
            'id;kdy;místo\n1;12.3.2025;"=HYPERLINK(""http://x"")"\n2;12.3.2025;a;b\n3;12.3.2025\n'
            "4;12.3.2025;+420 U lesa;;;\n;;\n"
        ),
        {"source_ref": "id", "occurred": "kdy", "place_text": "místo"},
        4,
        [
            ("1", *all_day(DAY), "theft", '=HYPERLINK("http://x")'),
            ("4", *all_day(DAY), "theft", "+420 U lesa"),
        ],
        rejected={3: "put values that hold the delimiter into quotes", 4: "the row has 2 columns"},
        options={"values": {"offence": "theft"}},
    ),
)
