"""The layers that come with the program, so that a map opens without the internet."""

from pathlib import Path
from typing import Final

import pyogrio

from hotspots.errors import NotFoundError
from hotspots.i18n import _
from hotspots.layers.street_layers import has_default_streets, remake_streets
from hotspots.layers.versions import BUNDLED, LAYERS_FILE, put_in_force
from hotspots.settings import Workspace

BUNDLED_NAME: Final = "jesenik.gpkg"
BUNDLED_MUNICIPALITY: Final = "536385"
BUNDLED_TOWN: Final = "Jeseník"


def bundled_dir() -> Path:
    """Return the directory of bundled layers: in an installed package, else in the repository.

    Raises
    ------
    NotFoundError
        The program was installed without its layers.
    """
    package = Path(__file__).resolve().parents[1]
    places = (package / "_data" / "layers", package.parent / "data" / "layers")
    for place in places:
        if place.is_dir():
            return place
    raise NotFoundError(
        _("the bundled layers are missing (looked in {places}); install the program anew").format(
            places=", ".join(str(place) for place in places)
        )
    )


def bundled_layers() -> Path:
    """Return the GeoPackage of bundled layers.

    Raises
    ------
    NotFoundError
        The program was installed without its layers.
    """
    path = bundled_dir() / BUNDLED_NAME
    if not path.is_file():
        raise NotFoundError(
            _(
                "the bundled layers are missing (looked in {places}); install the program anew"
            ).format(places=path)
        )
    return path


def install_bundled(workspace: Workspace) -> Path:
    """Put the bundled layers in force in `workspace` and return their path there.

    Whole or not at all. They become a version of their own: layers that were there, drawn
    localities included, are no longer in force, but kept. Street polygons are made with the reach
    and segment length of the workspace's settings.

    Raises
    ------
    NotFoundError
        The program was installed without its layers.
    """
    source = bundled_layers()
    names = [str(name) for name in pyogrio.list_layers(source)[:, 0]]
    frames = {name: pyogrio.read_dataframe(source, layer=name) for name in names}
    put_in_force(
        workspace,
        frames,
        made_by=BUNDLED,
        keep_layers=False,
        municipality=BUNDLED_MUNICIPALITY,
        town=BUNDLED_TOWN,
        with_streets=True,
    )
    if not has_default_streets(workspace.settings):
        remake_streets(workspace)
    return workspace.layers / LAYERS_FILE
