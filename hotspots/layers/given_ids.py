"""Ids that segments have had in any version of a workspace's layers: none is given twice."""

import warnings

import pyogrio

from hotspots import schema
from hotspots.layers.unreadable import UNREADABLE
from hotspots.layers.versions import LAYERS_FILE, VERSIONS_DIR
from hotspots.settings import Workspace


def all_segment_ids(workspace: Workspace) -> frozenset[str]:
    """Return the `area_id` of every segment of every version kept, and of the one in force.

    Versions without segments, and those that are damaged, say nothing: a new version must not fail
    for an old one.
    """
    kept = (workspace.layers / VERSIONS_DIR).glob("*.gpkg")
    found: set[str] = set()
    for path in (workspace.layers / LAYERS_FILE, *kept):
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", RuntimeWarning)  # of damaged files
                table = pyogrio.read_dataframe(
                    path, layer=schema.SEGMENT, columns=[schema.AREA_ID], read_geometry=False
                )
            found.update(table[schema.AREA_ID].dropna().astype(str))
        except (*UNREADABLE, OSError, KeyError):
            continue
    return frozenset(found)
