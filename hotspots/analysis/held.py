"""Incidents of one moment and where they lie, kept for all questions that are asked of them."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

import geopandas as gpd
import pandas as pd
from shapely.geometry.base import BaseGeometry

from hotspots import schema
from hotspots.analysis.filters import COLUMNS_READ
from hotspots.former import FormerAreas
from hotspots.periods import Span
from hotspots.placement import Placement, keep_on_record, locate_incidents
from hotspots.store import Store
from hotspots.store.held import HeldStore

# Columns of few distinct texts, which are compared much sooner as codes.
_FEW_TEXTS: Final = (
    schema.SOURCE,
    schema.TIME_PRECISION,
    schema.OFFENCE_GROUPS,
    schema.PLACE_METHOD,
    schema.RELEVANCE,
)
Remember = Callable[[str, Callable[[], Placement]], Placement]


def _find_anew(_kind: str, find: Callable[[], Placement]) -> Placement:
    return find()


class HeldTown(HeldStore):
    """A store as it was at one moment, with the incidents that situations are made of.

    Parameters
    ----------
    store
        As of `HeldStore`.
    remember
        Takes a kind of areas and a function that finds all incidents among them, and returns what
        that gives; it may remember it as long as the layers stay as they are.

    Attributes
    ----------
    incidents
        `COLUMNS_READ` of all incidents, index 0…n-1, columns of few texts as categories. Not to
        be modified.
    """

    def __init__(self, store: Store, *, remember: Remember = _find_anew) -> None:
        super().__init__(store, columns=COLUMNS_READ)
        self._keep(self.incidents, remember)

    def _keep(self, incidents: pd.DataFrame, remember: Remember = _find_anew) -> None:
        self.incidents = incidents.astype(dict.fromkeys(_FEW_TEXTS, "category"))
        self._remember = remember

    def place(
        self,
        incidents: pd.DataFrame,
        areas: gpd.GeoDataFrame,
        *,
        kind: str,
        record_by_source: Mapping[str, Sequence[Span]],
        boundary: BaseGeometry,
        former: Sequence[FormerAreas],
    ) -> Placement:
        """Return what `place_incidents` gives for some rows of `incidents`.

        All incidents are looked for together, since each lies where it lies whatever else is asked
        for.

        Parameters
        ----------
        incidents
            Some rows of the attribute, in its order and with its index.
        areas, boundary, former
            The layers in force, as of `place_incidents`; `kind` says which areas.
        record_by_source
            Periods of record by source id.

        Raises
        ------
        SchemaError, CRSError
            As `place_incidents`.
        """

        def find() -> Placement:
            return locate_incidents(
                self.incidents,
                areas,
                boundary=boundary,
                overlapping=kind in schema.OWN_KINDS,
                former=former,
            )

        found = self._remember(kind, find).take(incidents.index.to_numpy())
        return keep_on_record(found, incidents, record_by_source=record_by_source)
