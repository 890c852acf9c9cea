"""What a GeoPackage of layers holds, and what versions hold that the one in force has not."""

from dataclasses import dataclass
from pathlib import Path

import pyogrio
from pyogrio.errors import DataLayerError, DataSourceError

from hotspots import schema
from hotspots.errors import SourceError
from hotspots.i18n import _, format_number
from hotspots.layers.check import AREA_LAYERS
from hotspots.layers.labels import kind_label
from hotspots.layers.version_files import (
    current_version,
    file_in_force,
    kept_files,
    next_id,
    version_file,
)
from hotspots.layers.versions import is_hand_edited
from hotspots.settings import Workspace


@dataclass(frozen=True)
class Loss:
    """What is in force no longer when another version is put there.

    Attributes
    ----------
    kind
        One of `schema.AREA_KINDS`.
    n
        Areas that have gone; with `of_residents` those whose residents are known no longer.
    of_residents
        Whether it is the residents only; the areas are there.
    """

    kind: str
    n: int
    of_residents: bool = False

    @property
    def text(self) -> str:
        """What has gone in words, with the number."""
        values = {"kind": kind_label(self.kind), "n": format_number(self.n)}
        if self.of_residents:
            return _("residents ({kind}: {n})").format(**values)
        return _("{kind} ({n})").format(**values)


def count_areas(path: Path, layer: str) -> int:
    """Return how many areas a layer holds; 0 for one that is not there."""
    try:
        return int(pyogrio.read_info(path, layer=layer, force_feature_count=True)["features"])
    except (DataSourceError, DataLayerError):
        return 0


def list_losses(workspace: Workspace, version_id: int) -> tuple[Loss, ...]:
    """Return what the layers in force have, and version `version_id` has none of.

    Nobody can say what a damaged file holds, so nothing is lost with one.

    Raises
    ------
    NotFoundError
        There is no such version, or the workspace has no layers.
    """
    present, chosen = file_in_force(workspace), version_file(workspace, version_id)
    losses = []
    for kind in AREA_LAYERS:
        n = count_areas(present, kind)
        if n and not count_areas(chosen, kind):
            losses.append(Loss(kind, n))
        elif n:
            known = _count_residents(present, kind)
            if known and not _count_residents(chosen, kind):
                losses.append(Loss(kind, known, of_residents=True))
    return tuple(losses)


def say_losses(workspace: Workspace, losses: tuple[Loss, ...]) -> str:
    """Return what goes out of force and which version keeps it; empty where nothing does.

    To be asked before the switch, while the layers that have it are in force.

    Raises
    ------
    NotFoundError
        The workspace has no layers.
    """
    if not losses:
        return ""
    what = ", ".join(loss.text for loss in losses)
    try:
        current = current_version(workspace).version_id
        kept = current if current and not is_hand_edited(workspace) else next_id(workspace)
    except SourceError:
        return _("No longer in force: {what}.").format(what=what)
    return _("No longer in force: {what}. Version {id} keeps them.").format(what=what, id=kept)


def version_with(workspace: Workspace, kind: str) -> int | None:
    """Return the newest version kept that has areas of a kind; None where none has."""
    for path in reversed(kept_files(workspace)):
        if count_areas(path, kind):
            return int(path.stem)
    return None


def _count_residents(path: Path, layer: str) -> int:
    try:
        table = pyogrio.read_dataframe(path, layer=layer, read_geometry=False)
    except (DataSourceError, DataLayerError):
        return 0
    if schema.RESIDENTS not in table.columns:
        return 0
    return int(table[schema.RESIDENTS].notna().sum())
