"""Rows without a reference: which are one incident, and found again by a better mapping."""

import pytest

from hotspots.ingest import Mapping
from tests.reading import X, Y, mapping, read_all, write

UNNAMED = {"occurred": "d", "x": "x", "y": "y"}


def references_of(tmp_path, content, chosen, **options):
    incidents, _rejected, reader = read_all(write(tmp_path, content), chosen, **options)
    return incidents["source_ref"].tolist(), reader.warnings


def test_rows_without_a_reference_get_one_from_their_content(tmp_path):
    content = (
        f"d;x;y\n5.3.2024 10:00;{X};{Y}\n5.3.2024 10:00;{X}0;{Y}\n6.3.2024 10:00;{X};{Y}\n"
        f"5.3.2024 10:00;{X};{Y - 1}\n"
    )
    chosen = mapping(columns=UNNAMED)
    references, warnings = references_of(tmp_path, content, chosen)
    assert references[0] == references[1]
    assert len(set(references)) == 3
    assert warnings == [
        "1 row without a reference repeats an earlier one in minute, coordinates, place and "
        "offence, so both are taken as one incident"
    ]
    again = content.replace(".2024", ". 2024")
    assert references_of(tmp_path, again, chosen)[0] == references


ALIKE = (
    f"5.3.2024;{X};{Y};krádež;Lipovská\n"  # no minute
    f"5.3.2024;{X};{Y};krádež;Lipovská\n"
    "5.3.2024 10:00;;;krádež;Lipovská\n"  # no coordinates
    "5.3.2024 10:00;;;krádež;Lipovská\n"
    "5.3.2024 10:00;;;krádež;Lipovská\n"
    "5.3.2024 10:00;;;rvačka;Lipovská\n"
    f"5.3.2024 10:00;{X};{Y};krádež;Lipovská\n"  # both
    f"5.3.2024 10:00;{X};{Y};krádež;Lipovská\n"
)
ALIKE_COLUMNS = UNNAMED | {"offence": "o", "place_text": "m"}


@pytest.mark.parametrize("chunk_rows", [1, 2, 100])
def test_alike_is_one_incident_only_where_minute_and_coordinates_say_so(tmp_path, chunk_rows):
    chosen = Mapping.from_options(source="town", crs="EPSG:5514", columns=ALIKE_COLUMNS)
    found, warnings = references_of(tmp_path, "d;x;y;o;m\n" + ALIKE, chosen, chunk_rows=chunk_rows)
    assert len(set(found)) == 7
    assert found[-1] == found[-2]
    assert warnings[0].startswith("1 row without a reference repeats an earlier one in minute")
    assert warnings[1].startswith(
        "3 rows without a reference are like earlier ones, but minute or coordinates are not known"
    )
    backwards = "".join(reversed(ALIKE.splitlines(keepends=True)))
    again, _warnings = references_of(tmp_path, "d;x;y;o;m\n" + backwards, chosen)
    assert sorted(again) == sorted(found)


def test_rejected_rows_do_not_number_those_that_are_kept(tmp_path):
    chosen = mapping(columns=UNNAMED)
    good, bad = "d;x;y\n5.3.2024;;\n", "d;x;y\n5.3.2024;1;1\n5.3.2024;;\n"
    assert references_of(tmp_path, good, chosen)[0] == references_of(tmp_path, bad, chosen)[0]


def test_a_better_mapping_finds_the_incidents_again(tmp_path):
    content = f"d;x;y;o;s;n\n5.3.2024;{X};{Y};krádež;open;a\n5.3.2024;{X};{Y};jiné;open;b\n"
    columns = UNNAMED | {"offence": "o"}
    plain = Mapping.from_options(source="town", columns=columns, crs="EPSG:5514")
    better = Mapping.from_options(
        source="town",
        columns=columns | {"status": "s", "note": "n"},
        crs="EPSG:5514",
        offences={"krádež": "theft"},
        values={"place_text": "Jeseník"},
    )
    first = references_of(tmp_path, content, plain)[0]
    assert references_of(tmp_path, content, better)[0] == first
    closed = content.replace("open", "closed").replace(";a", ";c")
    assert references_of(tmp_path, closed, better)[0] == first
