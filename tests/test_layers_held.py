"""What versions hold that the one in force has not: said before and after a switch."""

import shutil

import pytest
from click.testing import CliRunner

from hotspots import layers, schema
from hotspots.cli import main
from hotspots.errors import MissingAreasError
from hotspots.layers.held import Loss, list_losses
from hotspots.layers.importing import ImportOptions, import_layers
from hotspots.layers.versions import use_version
from hotspots.settings import Workspace
from hotspots.workspace_init import init_workspace
from tests.localities import bring_localities
from tests.test_layers_importing import draw
from web import create_app


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    """Version 1 is bundled, 2 has two localities."""
    made = init_workspace(tmp_path_factory.mktemp("held") / "w")
    file = made.path / "drawn.gpkg"
    draw(file, names=("U mostu", "U lesa"))
    bring_localities(made, file, name_column="name")
    return made


@pytest.fixture
def workspace(drawn, tmp_path):
    shutil.copytree(drawn.path, tmp_path / "w")
    return Workspace.open(tmp_path / "w")


def test_what_a_version_lacks_is_listed_before_it_is_put_in_force(workspace):
    assert list_losses(workspace, 1) == (Loss(schema.LOCALITY, 2),)
    assert list_losses(workspace, 2) == ()
    table = workspace.path / "residents.csv"
    codes = layers.read_areas(workspace, "electoral_district")["area_id"].str.partition(":")[2]
    rows = "".join(f"{code};{100 + k}\n" for k, code in enumerate(codes))
    table.write_text(f"kod;obyvatel\n{rows}", encoding="utf-8")
    options = ImportOptions(as_kind="electoral_district", year=2021)
    import_layers(workspace, [table], options=options)
    assert list_losses(workspace, 2) == (Loss("electoral_district", len(codes), of_residents=True),)


def test_kinds_that_a_kept_version_has_are_named_with_it(workspace):
    use_version(workspace, 1)
    text = r"^localities: the layers .* none; version 2 has them: hotspots layers use 2$"
    with pytest.raises(MissingAreasError, match=text) as caught:
        layers.read_areas(workspace, schema.LOCALITY)
    assert (caught.value.kind, caught.value.version_id) == (schema.LOCALITY, 2)
    with pytest.raises(MissingAreasError, match=r"quarters: none are drawn .* --as quarter"):
        layers.read_areas(workspace, schema.QUARTER)
    with pytest.raises(MissingAreasError, match=r"^cadastral units: .* they have streets, street"):
        layers.read_areas(workspace, schema.CADASTRAL_UNIT)


def test_the_command_says_what_is_no_longer_in_force(workspace):
    result = CliRunner().invoke(main, ["layers", "use", "1", "--workspace", str(workspace.path)])
    assert result.exit_code == 0, result.output
    assert "No longer in force: localities (2). Version 2 keeps them." in result.output
    back = CliRunner().invoke(main, ["layers", "use", "2", "--workspace", str(workspace.path)])
    assert "No longer in force" not in back.output


def test_the_page_names_them_before_and_a_saved_link_leads_on(workspace):
    client = create_app(workspace, testing=True, open_access=True).test_client()
    page = client.get("/layers/versions/1?lang=en").get_data(as_text=True)
    assert "<p>No longer in force: localities (2). Version 2 keeps them.</p>" in page
    use_version(workspace, 1)
    response = client.get("/map?by=locality&lang=en")
    page = response.get_data(as_text=True)
    assert response.status_code == 404
    assert "Localities: the layers in force have none. Version 2 of the layers has them" in page
    assert 'class="button" href="/layers?lang=en"' in page
    assert "layers.gpkg" not in page


def test_cures_of_commands_name_the_workspace(workspace):
    where = f" --workspace {workspace.path}"
    checked = CliRunner().invoke(main, ["layers", "check", "-w", str(workspace.path)])
    assert f"hotspots layers fetch{where}" in checked.output
    use_version(workspace, 1)
    arguments = ["count", "--by", "locality", "-w", str(workspace.path)]
    assert f"hotspots layers use 2{where}" in CliRunner().invoke(main, arguments).output


def test_a_day_that_is_none_is_answered_as_other_days_are(workspace):
    arguments = ["layers", "place", "--from", "2024-13-01", "-w", str(workspace.path)]
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 2
    assert "Error: '2024-13-01' is no day; write it as 2024-03-05" in result.output


def test_the_page_without_incidents_names_the_areas_that_are_there(workspace):
    client = create_app(workspace, testing=True, open_access=True).test_client()
    page = client.get("/?lang=en").get_data(as_text=True)
    assert "The areas are ready: streets, street segments, districts" in page
    assert "localities." in page
