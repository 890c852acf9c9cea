"""Which kinds of area a workspace has: their layers are there and hold something."""

from functools import lru_cache
from pathlib import Path
from typing import Final

from hotspots import schema
from hotspots.layers.held import count_areas
from hotspots.layers.reading import LAYERS_FILE, list_layers
from hotspots.settings import Workspace

# What a page or a command shows when nobody says which areas: the first of these that is there.
DEFAULT_KINDS: Final = (
    schema.STREET,
    schema.DISTRICT,
    schema.CADASTRAL_UNIT,
    schema.MUNICIPALITY,
)


def present_kinds(workspace: Workspace) -> tuple[str, ...]:
    """Return the kinds of area that the layers in force have, in the order of `AREA_KINDS`.

    A layer without areas, as that of a village without street names, is not there; the grid can
    always be made.

    Raises
    ------
    NotFoundError, SourceError
        The workspace has no layers; the file is damaged.
    """
    names = list_layers(workspace)
    path = workspace.layers / LAYERS_FILE
    state = path.stat()
    return _present(path, state.st_mtime_ns, state.st_size, names)


def default_kind(workspace: Workspace) -> str:
    """Return the kind of area to show where nobody says which.

    Raises
    ------
    NotFoundError, SourceError
        As `present_kinds`.
    """
    present = present_kinds(workspace)
    return next((kind for kind in DEFAULT_KINDS if kind in present), schema.GRID)


@lru_cache(maxsize=8)
def _present(path: Path, _modified_ns: int, _size: int, names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(
        kind
        for kind in schema.AREA_KINDS
        if kind == schema.GRID or (kind in names and count_areas(path, kind) > 0)
    )
