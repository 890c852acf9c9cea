"""The layers that one kind of areas is counted by, with whom to credit for them."""

from dataclasses import dataclass

import geopandas as gpd
from shapely.geometry.base import BaseGeometry

from hotspots import layers, schema
from hotspots.analysis.credits import credit_backdrop, credit_counted
from hotspots.analysis.kinds import kind_label
from hotspots.errors import MissingAreasError, NotFoundError
from hotspots.former import FormerAreas
from hotspots.i18n import _
from hotspots.settings import Workspace


@dataclass(frozen=True)
class CountedLayers:
    """Areas of one kind and what decides which incidents lie in them; not to be modified.

    Attributes
    ----------
    kind
        Of areas.
    areas
        As `layers.read_areas` gives them, at least one.
    boundary
        The study area in EPSG:5514.
    former
        Areas of earlier times, in order of time.
    boundaries
        Citations of the areas and of the boundary.
    backdrop
        Citations of what a map draws beside the areas.
    """

    kind: str
    areas: gpd.GeoDataFrame
    boundary: BaseGeometry
    former: tuple[FormerAreas, ...]
    boundaries: tuple[str, ...]
    backdrop: tuple[str, ...]

    @property
    def overlapping(self) -> bool:
        """Whether areas may overlap, so that one incident counts in each of them."""
        return self.kind in schema.OWN_KINDS


def read_counted_layers(workspace: Workspace, kind: str) -> CountedLayers:
    """Return the layers in force for areas of a kind, in the language in force.

    Raises
    ------
    NotFoundError
        The workspace has none of this kind; it says which there are.
    SourceError, SchemaError, CRSError
        As `layers.read_areas`.
    """
    areas = _read_areas(workspace, kind)
    return CountedLayers(
        kind,
        areas,
        layers.read_boundary(workspace),
        layers.read_former(workspace, kind),
        boundaries=credit_counted(workspace, areas),
        backdrop=credit_backdrop(workspace),
    )


def _read_areas(workspace: Workspace, kind: str) -> gpd.GeoDataFrame:
    """Return the areas of a kind; a town that has none is told which kinds it has."""
    try:
        areas = layers.read_areas(workspace, kind)
    except MissingAreasError:
        if kind in schema.OWN_KINDS:
            raise  # it says which version has them, or how to draw them
        areas = None
    if areas is None or areas.empty:
        raise NotFoundError(
            _("the layers in force have no {areas} ({kind}); choose from: {known}").format(
                areas=kind_label(kind),
                kind=kind,
                known=", ".join(layers.present_kinds(workspace)),
            )
        )
    return areas
