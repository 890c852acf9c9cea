"""Workspaces behind the pages: with sample incidents, empty, hostile, and displaced."""

import shutil

import geopandas as gpd
import pytest
from shapely.geometry import Point

from hotspots.accounts import passwords
from hotspots.demo import make_demo_workspace
from hotspots.ingest.importer import import_file
from hotspots.ingest.mapping import Mapping
from hotspots.settings import Settings, Workspace
from hotspots.workspace_init import init_workspace
from tests.localities import bring_localities
from web import create_app

from .signing import CHEAP, make_app

HOSTILE = "<script>alert('x')</script>\"&"
# In the middle of the town, on Masarykovo náměstí.
X, Y = -543_450.0, -1_050_790.0


def import_points(workspace, *, source, label, displaced=False, note=""):
    """Import three incidents near the town's centre."""
    rows = [
        f"{number};{day}.3.2024 21:30;{X + 5 * number};{Y};public_order;{note}"
        for number, day in enumerate((5, 6, 9))
    ]
    data = workspace.path / f"{source}.csv"
    data.write_text("id;when;x;y;what;note\n" + "\n".join(rows) + "\n", encoding="utf-8")
    mapping = workspace.path / f"{source}.toml"
    quoted = label.replace("\\", "\\\\").replace('"', '\\"')
    mapping.write_text(
        f'source = "{source}"\nkind = "other"\nlabel = "{quoted}"\ncitation = "{quoted}"\n'
        f"displaced = {str(displaced).lower()}\n"
        '[columns]\nsource_ref = "id"\noccurred = "when"\nx = "x"\ny = "y"\noffence = "what"\n'
        'note = "note"\n[values]\ncrs = "EPSG:5514"\n'
        '[record]\nspans = ["2024-01-01..2024-06-30"]\n',
        encoding="utf-8",
    )
    import_file(workspace, data, mapping=Mapping.read(mapping))


@pytest.fixture(scope="session", autouse=True)
def cheap_passwords():
    """Hash passwords with the cheapest parameters."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "_HASHER", CHEAP)
        passwords._stand_in.cache_clear()
        yield
    passwords._stand_in.cache_clear()


@pytest.fixture(scope="session")
def sample(tmp_path_factory):
    """Workspace with the sample's incidents."""
    return make_demo_workspace(tmp_path_factory.mktemp("web") / "sample")


@pytest.fixture(scope="session")
def empty(new_town, tmp_path_factory):
    """Workspace without incidents."""
    return new_town(tmp_path_factory.mktemp("web") / "empty")


@pytest.fixture(scope="session")
def hostile(tmp_path_factory):
    """Workspace whose town, source, file texts and locality try to become markup."""
    path = tmp_path_factory.mktemp("web") / "hostile"
    workspace = init_workspace(path, settings=Settings(town=HOSTILE))
    drawn = path / "drawn.geojson"
    gpd.GeoDataFrame({"name": [HOSTILE]}, geometry=[Point(X, Y).buffer(200)], crs=5514).to_crs(
        4326
    ).to_file(drawn, driver="GeoJSON")
    bring_localities(workspace, drawn, name_column="name")
    import_points(workspace, source="hostile", label=HOSTILE, note=HOSTILE)
    return workspace


@pytest.fixture(scope="session")
def displaced(tmp_path_factory):
    """Workspace with one displaced source and one exact."""
    workspace = init_workspace(tmp_path_factory.mktemp("web") / "displaced")
    import_points(workspace, source="moved", label="Moved positions", displaced=True)
    import_points(workspace, source="exact", label="Exact positions")
    return workspace


@pytest.fixture(scope="session")
def client(sample):
    """Client of the pages with sample incidents."""
    return create_app(sample, testing=True, open_access=True).test_client()


@pytest.fixture
def own_copy(sample, tmp_path):
    """A copy of the sample's workspace that a test may change."""
    shutil.copytree(sample.path, tmp_path / "copy")
    return Workspace.open(tmp_path / "copy")


@pytest.fixture(scope="session")
def signing(sample):
    """The pages of the sample's workspace, with one account per role; see `signing.client_as`."""
    return make_app(sample)
