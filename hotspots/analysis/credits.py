"""Whom to credit for the geometry that is counted by and drawn."""

from collections.abc import Iterable

import pandas as pd

from hotspots import layers, schema
from hotspots.errors import NotFoundError
from hotspots.settings import Workspace


def list_citations(frames: Iterable[pd.DataFrame]) -> tuple[str, ...]:
    """Return each distinct citation of the frames once: those of the first frame come first.

    Parameters
    ----------
    frames
        Frames with `layer_source`; an empty or missing one says nothing. Not modified.
    """
    found: dict[str, None] = {}
    for frame in frames:
        texts = {str(text).strip() for text in frame[schema.LAYER_SOURCE].dropna()}
        found.update(dict.fromkeys(sorted(texts - {""})))
    return tuple(found)


def credit_counted(workspace: Workspace, areas: pd.DataFrame) -> tuple[str, ...]:
    """Return the citations of `areas` and of the boundary at which they are cut off.

    Raises
    ------
    NotFoundError, SourceError, SchemaError, CRSError
        As `layers.read_areas`.
    """
    return list_citations([areas, layers.read_areas(workspace, schema.MUNICIPALITY)])


def credit_backdrop(workspace: Workspace) -> tuple[str, ...]:
    """Return the citations of what a map draws beside the areas it counts by.

    These are the streets, the landmarks and the outlines of localities.

    Raises
    ------
    NotFoundError, SourceError, SchemaError, CRSError
        As `layers.read_areas`.
    """
    drawn = []
    for kind in (schema.STREET, schema.LOCALITY):
        try:
            drawn.append(layers.read_areas(workspace, kind))
        except NotFoundError:
            continue  # a village without street names, a town that has drawn no localities
    return list_citations([*drawn, layers.read_places(workspace)])
