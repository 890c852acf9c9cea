"""Delimited text: every row is read, or rejected with its number and reason."""

import csv
import io

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hotspots.errors import ParameterError, SchemaError, SourceError
from hotspots.ingest.lines import LINE_LIMIT
from hotspots.ingest.text import TextTable, find_delimiter


def write(directory, content, *, name="file.csv", encoding="utf-8"):
    path = directory / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
    return path


def read(path, *, n_rows=100, **options):
    rows, bad = [], []
    for block in TextTable(path, **options).blocks(n_rows):
        columns = [block.column(name).to_pylist() for name in block.columns]
        rows += list(zip(block.rows.tolist(), *columns, strict=True))
        bad += block.bad
    return rows, bad


@pytest.mark.parametrize("n_rows", [1, 2, 100])
def test_no_row_is_lost(tmp_path, n_rows):
    content = 'a;b\r\n1;2\r\n\r\n3;4;5\r\n"x\r\ny";2\r\n"z;9\r\n7;8\r\n5" d;6\r\n ; \r\n1;2;;\r\n9'
    rows, bad = read(write(tmp_path, content), n_rows=n_rows)
    assert rows == [
        (2, "1", "2"),
        (5, "x\ny", "2"),
        (8, "7", "8"),
        (9, '5" d', "6"),
        (11, "1", "2"),
    ]
    assert [(row, raw) for row, _reason, raw in bad] == [(4, "3;4;5"), (7, '"z;9'), (12, "9")]
    reasons = [reason for _row, reason, _raw in bad]
    assert reasons[0].startswith("the row has 3 columns, the header has 2")
    assert "quotation mark is opened and not closed" in reasons[1]
    assert "the file seems cut off" in reasons[2]


def test_a_short_row_within_the_file_is_not_called_cut_off(tmp_path):
    _rows, bad = read(write(tmp_path, "a;b;c\n1\n1;2;3\n1;2\n"))
    assert [reason for _row, reason, _raw in bad] == [
        "the row has 1 column, the header has 3",
        "the row has 2 columns, the header has 3",
    ]


def test_a_file_cut_off_inside_quotes_says_so(tmp_path):
    _rows, bad = read(write(tmp_path, 'a,b\n1,"2"\n3,"fo'))
    assert bad == [
        (
            3,
            "the file ends inside a quoted value: the file seems cut off; "
            "export or download it again",
            '3,"fo',
        )
    ]


@pytest.mark.parametrize(
    ("encoding", "found"),
    [("utf-8", "utf-8"), ("utf-8-sig", "utf-8-sig"), ("utf-16", "utf-16"), ("cp1250", "cp1250")],
)
@pytest.mark.parametrize("delimiter", [";", ",", "\t"])
def test_encoding_and_delimiter_are_found(tmp_path, encoding, found, delimiter):
    content = f"číslo{delimiter}místo\n1{delimiter}Žižkova ťuk\n"
    path = write(tmp_path, content, encoding=encoding)
    table = TextTable(path)
    assert table.columns == ("číslo", "místo")
    assert (table.format.encoding, table.delimiter) == (found, delimiter)
    assert read(path)[0] == [(2, "1", "Žižkova ťuk")]


def test_an_accent_far_inside_the_file_decides_the_encoding(tmp_path):
    path = write(tmp_path, "a;b\n" + "1;x\n" * 400_000 + "2;ž\n", encoding="cp1250")
    assert TextTable(path).format.encoding == "cp1250"


def test_a_stated_encoding_must_fit(tmp_path):
    path = write(tmp_path, "a;b\n1;ž\n", encoding="cp1250")
    with pytest.raises(SourceError, match="not written in utf-8-sig: byte 6 does not fit"):
        TextTable(path, encoding="utf-8")
    with pytest.raises(ParameterError, match="encoding 'klingon' is unknown"):
        TextTable(path, encoding="klingon")
    with pytest.raises(ParameterError, match="delimiter must be one character, got ';;'"):
        TextTable(path, delimiter=";;")


@pytest.mark.parametrize("encoding", ["", "utf-8"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_a_file_cut_inside_a_letter_says_so(tmp_path, encoding, mark):
    content = mark + "číslo;místo\n1;Žižkova\n2;Ž".encode()[:-1]
    path = write(tmp_path, content)
    with pytest.raises(SourceError, match=rf"it ends inside a letter \(byte {len(content) - 1}\)"):
        TextTable(path, encoding=encoding)
    path = write(tmp_path, "číslo;místo\n1;Ž".encode("utf-16")[:-1])
    with pytest.raises(SourceError, match="it ends inside a letter"):
        TextTable(path)


def test_a_last_letter_in_windows_1250_is_no_cut(tmp_path):
    # Alone, the byte of the last letter could begin a letter of UTF-8.
    path = write(tmp_path, "a;b\n1;Lipová", encoding="cp1250")
    assert read(path)[0] == [(2, "1", "Lipová")]


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_the_byte_that_does_not_fit_is_counted_from_the_start(tmp_path, mark, monkeypatch):
    # Blocks of one byte cut every letter: the first half waits for the next block.
    monkeypatch.setattr("hotspots.ingest.detect._BLOCK", 1)
    content = mark + "a;b\nžž;1\n".encode() + b"\xc5\xff;2\n"
    path = write(tmp_path, content)
    at = content.index(b"\xc5\xff")
    with pytest.raises(SourceError, match=rf"byte {at} does not fit"):
        TextTable(path, encoding="utf-8")


def test_old_mac_line_ends(tmp_path):
    assert read(write(tmp_path, "a;b\r1;2\r3;4\r"))[0] == [(2, "1", "2"), (3, "3", "4")]


def test_ten_megabytes_in_one_line_are_refused(tmp_path):
    path = write(tmp_path, "a;b\n1;2\n" + "x" * 10_000_000)
    with pytest.raises(SourceError, match="row 3: the line is longer than 1,000,000 characters"):
        TextTable(path)
    path = write(tmp_path, "x" * 10_000_000)
    with pytest.raises(SourceError, match="row 1: the line is longer"):
        TextTable(path)


def test_a_long_line_below_the_limit_is_read(tmp_path):
    text = "ž" * (LINE_LIMIT - 10)
    assert read(write(tmp_path, f"a;b\n1;{text}\n"))[0] == [(2, "1", text)]
    quoted, bad = read(write(tmp_path, f'a;b\n1;"{text}"\n2;3\n'))
    assert quoted == [(3, "2", "3")]
    assert [row for row, _reason, _raw in bad] == [2]


def test_header_faults(tmp_path):
    with pytest.raises(SchemaError, match="holds a header only"):
        TextTable(write(tmp_path, "a;b\n"))
    with pytest.raises(SchemaError, match="holds a header only"):
        TextTable(write(tmp_path, "\n1;2\n"))
    with pytest.raises(SchemaError, match="names 'a' more than once"):
        TextTable(write(tmp_path, "a;b;a\n1;2;3\n"))
    with pytest.raises(SourceError, match="binary file"):
        TextTable(write(tmp_path, b"a;b\n1;\x00\n"))


def test_find_delimiter_prefers_what_splits_all_rows_alike():
    assert find_delimiter(["x;y", "1,5;2,5", "1,6;2,7"]) == ";"
    assert find_delimiter(["a,b,c", "1,2,3"]) == ","
    assert find_delimiter(["only"]) == ","


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None
)
@given(
    rows=st.lists(
        st.tuples(*[st.text(st.sampled_from('ab";,\n '), max_size=6)] * 2), min_size=1, max_size=12
    ),
    n_rows=st.integers(1, 5),
)
def test_what_the_csv_module_writes_is_read_back(tmp_path, rows, n_rows):
    out = io.StringIO()
    writer = csv.writer(out, delimiter=";", lineterminator="\n")
    writer.writerows([("a", "b"), *rows, ("x", "y")])
    path = write(tmp_path, out.getvalue())
    found, bad = read(path, n_rows=n_rows, delimiter=";")
    assert bad == []
    wanted = [(one.strip(), two.strip()) for one, two in rows if one.strip() or two.strip()]
    assert [row[1:] for row in found] == [*wanted, ("x", "y")]


# --- tables as people write them --------------------------------------------------------------
@pytest.mark.parametrize("encoding", ["iso-8859-2", "cp852"])
def test_older_czech_encodings_are_told_by_their_letters(tmp_path, encoding):
    path = write(tmp_path, "číslo;místo\n1;Žižkova, hřiště u školy\n", encoding=encoding)
    table = TextTable(path)
    assert table.columns == ("číslo", "místo")
    assert table.warnings == [f"the text was read as {encoding}, as its letters tell"]
    assert TextTable(path, encoding=encoding).warnings == []


@pytest.mark.parametrize("text", ["Lipová", "Žižkova – „u koně“", "100 °C § 5", "straße", "Šľ"])
def test_windows_1250_wins_wherever_no_other_is_better(tmp_path, text):
    path = write(tmp_path, f"a;b\n1;{text}\n", encoding="cp1250")
    assert TextTable(path).format.encoding == "cp1250"


TITLES = "Městská policie Jeseník, přehled\nObdobí:;1. 3. 2025 až 7. 3. 2025\n\n"
ROWS = "1;2. 3. 2025;22:10;Lipovská\n2;3. 3. 2025;;nám. Svobody\n"


@pytest.mark.parametrize("titles", [TITLES, TITLES.replace("\n", ";;;\n"), "sep=;\n", "\n\n", ""])
def test_the_header_is_found_below_titles(tmp_path, titles):
    path = write(tmp_path, f"{titles}Č.j.;Datum;Čas;Místo\n{ROWS}")
    table = TextTable(path)
    assert table.columns == ("Č.j.", "Datum", "Čas", "Místo")
    first = titles.count("\n") + 2
    assert [row[0] for row in read(path)[0]] == [first, first + 1]
    assert len(table.warnings) == (titles not in {"", "\n\n"})
    if "Městská" in titles:
        assert table.warnings[0].startswith(
            "2 rows above the names of the columns were passed over: Městská policie Jeseník"
        )


@pytest.mark.parametrize("titles", ["", TITLES])
def test_a_header_of_two_rows_is_one(tmp_path, titles):
    header = "Č.j.;Datum;;Místo;;Druh\n;den;čas;ulice;č.p.;\n"
    path = write(tmp_path, f"{titles}{header}1;2. 3. 2025;22:10;Lipovská;12;hluk\n")
    table = TextTable(path)
    assert table.columns == ("Č.j.", "Datum den", "Datum čas", "Místo ulice", "Místo č.p.", "Druh")
    assert [row[:2] for row in read(path)[0]] == [(titles.count("\n") + 3, "1")]


GROUPED = "Kdy;;Kde;Co;\nDatum;Čas;Místo;Druh;Poznámka\n"


@pytest.mark.parametrize("titles", ["", TITLES])
@pytest.mark.parametrize("note", ["", "hluk"])  # however many cells the rows fill
def test_a_row_that_groups_columns_is_no_header(tmp_path, titles, note):
    rows = f"2. 3. 2025;22:10;Lipovská;hluk;{note}\n" * 3
    table = TextTable(write(tmp_path, f"{titles}{GROUPED}{rows}"))
    assert table.columns == ("Datum", "Čas", "Místo", "Druh", "Poznámka")
    assert len(table.warnings) == 1


def test_a_row_of_words_below_a_header_stays_a_row(tmp_path):
    content = "Kdy;;Kde;Co\nloni;asi;Lipovská;hluk\n2. 3. 2025;22:10;Lipovská;hluk\n"
    table = TextTable(write(tmp_path, content))
    assert table.columns[:1] == ("Kdy",)


def test_columns_without_a_name_make_no_header_of_two_rows(tmp_path):
    path = write(tmp_path, "id;d;place;\n1;2. 3. 2025;Lipovská;x\n2;3. 3. 2025;;y\n")
    assert TextTable(path).columns == ("id", "d", "place")


def test_a_total_at_the_end_is_rejected_as_one(tmp_path):
    _rows, bad = read(write(tmp_path, f"a;b;c;d\n{ROWS}Celkem;2\n"))
    assert bad == [(4, "a row of totals, no incident", "Celkem;2")]
