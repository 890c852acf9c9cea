"""Mappings of earlier imports: kept, found again by source or by columns, never guessed."""

from dataclasses import replace
from datetime import date

import pytest
import shapely

from hotspots.errors import ParameterError, SchemaError
from hotspots.ingest.importer import import_file
from hotspots.ingest.mapping import Mapping
from hotspots.ingest.remembered import find_mapping, recall_mapping, remember_mapping
from hotspots.ingest.text import TextTable
from hotspots.periods import Span
from hotspots.settings import Settings, Workspace
from hotspots.store import Store

BOUNDARY = shapely.box(-545_000, -1_052_000, -542_000, -1_049_000)
MAPPING = Mapping.from_options(
    source="town",
    kind="municipal_police",
    columns={"source_ref": "id", "date": "d", "x": "x", "y": "y"},
    values={"offence": "theft", "crs": "EPSG:5514"},
    record=(Span(date(2024, 1, 1), date(2024, 12, 31)),),
)
ROWS = "id;d;x;y;n\n1;5.3.2024;-543455;-1050795;a\n"


@pytest.fixture
def workspace(tmp_path):
    made = Workspace(tmp_path / "town", Settings())
    made.path.mkdir()
    made.write_settings()
    Store.create(made).close()
    return made


def write(folder, content, *, name):
    path = folder / name
    path.write_text(content, encoding="utf-8")
    return path


@pytest.fixture
def later(workspace, tmp_path):
    """Return a second file, after a first was imported with the mapping."""
    first = write(tmp_path, ROWS, name="a.csv")
    import_file(workspace, first, mapping=MAPPING, boundary=BOUNDARY)
    return write(tmp_path, ROWS + "2;6.3.2025;-543455;-1050795;b\n", name="b.csv")


@pytest.mark.parametrize("source", [None, "town"])
def test_a_mapping_is_remembered_and_its_use_is_said(workspace, later, source):
    account = import_file(workspace, later, source=source, boundary=BOUNDARY)
    assert (account.unchanged, account.new, account.source) == (1, 1, "town")
    assert account.warnings[0].startswith("the mapping remembered for source town was used")
    # What the first file covered is not stated for the second.
    assert [str(span) for span in account.record] == ["2024-01-01..2024-12-31"]
    with Store.open(workspace) as store:
        assert store.batches()[1].mapping == replace(MAPPING, record=()).to_toml()


def test_a_dry_run_and_a_failed_import_remember_nothing(workspace, tmp_path):
    path = write(tmp_path, ROWS, name="a.csv")
    import_file(workspace, path, mapping=MAPPING, boundary=BOUNDARY, dry_run=True)
    bad = write(tmp_path, ROWS.replace("5.3.2024", "x"), name="bad.csv")
    with pytest.raises(Exception, match="the only row was rejected"):
        import_file(workspace, bad, mapping=MAPPING, boundary=BOUNDARY)
    assert not workspace.mappings.exists()
    with pytest.raises(SchemaError, match="no mapping says what its columns mean"):
        import_file(workspace, path, boundary=BOUNDARY)


def test_the_source_that_the_option_named_is_remembered(workspace, tmp_path):
    path = write(tmp_path, ROWS, name="a.csv")
    import_file(workspace, path, mapping=MAPPING, source="other", boundary=BOUNDARY)
    assert [p.name for p in workspace.mappings.iterdir()] == ["other.toml"]
    assert recall_mapping(workspace.mappings, "other").source == "other"


def test_a_source_without_a_mapping_takes_none_of_another(workspace, later):
    with pytest.raises(SchemaError, match="no mapping says what its columns mean"):
        import_file(workspace, later, source="new", boundary=BOUNDARY)


def test_columns_that_are_not_all_there_fit_nothing(workspace, later, tmp_path):
    other = write(tmp_path, "id;d\n1;5.3.2024\n", name="c.csv")
    with pytest.raises(SchemaError, match="no mapping says what its columns mean"):
        import_file(workspace, other, boundary=BOUNDARY)


def test_of_several_that_fit_none_is_guessed(workspace, later):
    remember_mapping(workspace.mappings, MAPPING, source="b")
    with pytest.raises(SchemaError, match="remembered for b, town fit its columns alike"):
        import_file(workspace, later, boundary=BOUNDARY)
    assert import_file(workspace, later, source="town", boundary=BOUNDARY).source == "town"


def test_a_broken_one_spoils_only_its_own_source(workspace, later):
    write(workspace.mappings, 'kind = "nonsense"\n', name="broken.toml")
    assert find_mapping(workspace.mappings, TextTable(later)).source == "town"
    with pytest.raises(ParameterError, match="kind 'nonsense' is unknown"):
        import_file(workspace, later, source="broken", boundary=BOUNDARY)


def test_no_name_leads_out_of_the_directory(workspace, later):
    write(workspace.path, MAPPING.to_toml(), name="secret.toml")
    assert recall_mapping(workspace.mappings, "../secret") is None
    assert recall_mapping(workspace.mappings, "") is None


def test_a_mapping_that_cannot_be_kept_is_said(workspace, tmp_path):
    write(workspace.path, "in the way", name="mappings")
    path = write(tmp_path, ROWS, name="a.csv")
    account = import_file(workspace, path, mapping=MAPPING, boundary=BOUNDARY)
    assert account.new == 1
    assert account.warnings[-1].startswith("the mapping could not be remembered: ")
