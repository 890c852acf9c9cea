"""Files as users have them: accounts add up, and the same content is the same incidents."""

import csv
import io
import itertools

import openpyxl
import pandas as pd
import pytest

from hotspots.ingest import Mapping
from hotspots.ingest.importer import import_file
from hotspots.store import Store
from hotspots.workspace_init import init_workspace
from tests.intake_files import CASES, HERE
from tests.reading import LAT, LON, X, Y, read_all


@pytest.fixture(scope="module")
def workspace(tmp_path_factory):
    """Return a workspace with the bundled layers."""
    return init_workspace(tmp_path_factory.mktemp("intake") / "w")


def mapping_of(case, source):
    return Mapping.from_options(source=source, columns=case.columns, **case.options)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_every_file_is_accounted_for(case, workspace, tmp_path):
    path = tmp_path / case.name
    path.write_bytes(case.content)
    source = path.stem
    account = import_file(workspace, path, mapping=mapping_of(case, source))
    account.check()
    n_stored = len(case.incidents)
    assert account.rows_read == case.rows
    assert account.new + account.outside + account.not_placed == n_stored
    assert (account.rejected, account.duplicates) == (len(case.rejected), case.duplicates)
    assert [row.row for row in account.rejected_rows] == list(case.rejected)
    for row in account.rejected_rows:
        assert case.rejected[row.row] in row.reason
    for sentence in case.warned:
        assert any(sentence in warning for warning in account.warnings), account.warnings

    with Store.open(workspace) as store:
        found = store.read_incidents(sources=(source,)).sort_values(["source_ref"])
    texts = [
        tuple(("NaT" if pd.isna(t) else f"{t:%Y-%m-%d %H:%M}") for t in found[name])
        for name in ("occurred_from", "occurred_to")
    ]
    numbered = "source_ref" in case.columns
    said = zip(
        found["source_ref"] if numbered else [""] * len(found),
        *texts,
        found["time_precision"],
        found["offence_groups"],
        [
            HERE if method == "coordinates" else text
            for method, text in zip(found["place_method"], found["place_text"], strict=True)
        ],
        strict=True,
    )
    assert sorted(said) == sorted(case.incidents)
    here = found["place_method"] == "coordinates"
    assert found.loc[here, "x"].to_numpy() == pytest.approx(X, abs=0.5)
    assert found.loc[here, "y"].to_numpy() == pytest.approx(Y, abs=0.5)

    again = import_file(workspace, path, mapping=mapping_of(case, source))
    assert (again.new, again.updated, again.unchanged) == (0, 0, n_stored)


def test_there_are_files_enough():
    assert len(CASES) >= 14
    assert len({case.name for case in CASES}) == len(CASES)


# --- the same content in every form ----------------------------------------------------------
EVENTS = [
    # reference, day, time, offence, place
    ("A-1", "2025-03-12", "22:10", "krádež", "Žižkova 5; dvůr"),
    ("A-2", "2025-03-13", "22:00–23:30", "rušení nočního klidu", "Šumperská, „hřiště“"),
    ("A-3", "2025-03-14", "", "krádež", 'u "koně"'),
    ("A-4", "2024-12-31", "v noci", "rušení nočního klidu", "náměstí"),
]
OFFENCES = {"krádež": "theft", "rušení nočního klidu": "public_order"}
DAYS = {
    "iso": lambda day: day,
    "czech": lambda day: f"{int(day[8:])}. {int(day[5:7])}. {day[:4]}",
    "full": lambda day: f"{day[8:]}.{day[5:7]}.{day[:4]}",
}
DMS = "50°13'45.84\"N 17°12'16.56\"E"
# Names of the columns, values, columns of the mapping.
PLACES = {
    "5514": (["x", "y"], [f"{X}", f"{Y}"], {"x": "x", "y": "y"}),
    "s-jtsk": (["Y", "X"], [f"{-X}".replace(".", ","), f"{-Y}"], {"x": "Y", "y": "X"}),
    "swapped": (["X", "Y"], [f"{-Y}", f"{-X}"], {"x": "X", "y": "Y"}),
    "degrees": (["lon", "lat"], [f"{LON}", f"{LAT}"], {"x": "lon", "y": "lat"}),
    "comma": (["lat", "lon"], ["50,2294", "17,2046"], {"x": "lon", "y": "lat"}),
    "cell": (["gps"], ["50.2294, 17.2046"], {"coordinates": "gps"}),
    "dms": (["gps"], [DMS], {"coordinates": "gps"}),
}
WRITINGS = [
    *itertools.product(["utf-8", "utf-8-sig", "utf-16", "cp1250"], [";", ",", "\t", "|"]),
    ("xlsx", ""),
]


def write_form(path, rows, *, encoding, delimiter):
    if encoding == "xlsx":
        book = openpyxl.Workbook()
        for row in rows:
            book.active.append(row)
        book.save(path)
        return
    out = io.StringIO()
    newline = "\n" if delimiter == ";" else "\r\n"
    csv.writer(out, delimiter=delimiter, lineterminator=newline).writerows(rows)
    path.write_bytes(out.getvalue().encode(encoding))


def read_form(path, writing, *, days, place, turned, titles):
    """Write the events in one form and read them."""
    names, values, columns = PLACES[place]
    header = ["č.j.", "datum", "čas", "druh", "místo", *names]
    rows = [
        [ref, DAYS[days](day), time, offence, text, *values]
        for ref, day, time, offence, text in EVENTS
    ]
    if turned:
        header, rows = header[::-1], [row[::-1] for row in reversed(rows)]
    above = [["Přehled událostí", *[""] * (len(header) - 1)], [""] * len(header)] * titles
    encoding, delimiter = writing
    write_form(path, [*above, header, *rows], encoding=encoding, delimiter=delimiter)
    chosen = Mapping.from_options(
        source="town",
        offences=OFFENCES,
        columns={
            "source_ref": "č.j.",
            "date": "datum",
            "time": "čas",
            "offence": "druh",
            "place_text": "místo",
            **columns,
        },
    )
    incidents, rejected, _reader = read_all(path, chosen)
    assert rejected.empty
    return incidents.sort_values("source_ref", ignore_index=True)


@pytest.mark.parametrize("place", PLACES)
def test_the_same_content_is_the_same_incidents_in_every_form(tmp_path, place):
    path = tmp_path / "reference.csv"
    usual = {"days": "iso", "place": "5514", "turned": False, "titles": 0}
    wanted = read_form(path, ("utf-8", ";"), **usual)
    assert wanted["time_precision"].tolist() == ["minute", "span", "day", "span"]
    forms = itertools.cycle(itertools.product(DAYS, (False, True), (0, 1)))
    for n, (writing, (days, turned, titles)) in enumerate(zip(WRITINGS, forms, strict=False)):
        path = tmp_path / f"{n}.{'xlsx' if writing[0] == 'xlsx' else 'csv'}"
        found = read_form(path, writing, days=days, place=place, turned=turned, titles=titles)
        # 0.00001° is about a metre; what is written in metres is exact to the millimetre.
        metric = place in {"5514", "s-jtsk", "swapped"}
        pd.testing.assert_frame_equal(
            found, wanted, check_exact=False, rtol=0, atol=0.001 if metric else 0.5
        )
