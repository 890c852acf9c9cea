"""Incidents of one moment and where they lie, kept for all questions that are asked of them."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

import pandas as pd

from hotspots import schema
from hotspots.analysis.counted_layers import CountedLayers, read_counted_layers
from hotspots.analysis.filters import COLUMNS_READ
from hotspots.periods import Span
from hotspots.placement import Placement, keep_on_record, locate_incidents
from hotspots.settings import Workspace
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
# Takes a kind of areas and what reads its layers; it may remember them while they hold.
Remember = Callable[[str, Callable[[], CountedLayers]], CountedLayers]


def _read_anew(_kind: str, read: Callable[[], CountedLayers]) -> CountedLayers:
    return read()


class HeldTown(HeldStore):
    """A store as it was at one moment, with the incidents that situations are made of.

    Where they lie is found once for each kind of areas, so that it serves only as long as the
    layers stay as they are.

    Parameters
    ----------
    store
        As of `HeldStore`.
    remember
        Remembers the layers of a kind in the language in force; they are read anew unless given.

    Attributes
    ----------
    incidents
        `COLUMNS_READ` of all incidents, index 0…n-1, columns of few texts as categories. Not to
        be modified.
    """

    def __init__(self, store: Store, *, remember: Remember = _read_anew) -> None:
        super().__init__(store, columns=COLUMNS_READ)
        self._keep(self.incidents, remember)

    def _keep(self, incidents: pd.DataFrame, remember: Remember = _read_anew) -> None:
        self.incidents = incidents.astype(dict.fromkeys(_FEW_TEXTS, "category"))
        self._remember = remember
        self._places: dict[str, Placement] = {}

    def read_layers(self, workspace: Workspace, kind: str) -> CountedLayers:
        """Return the layers in force; raises as `read_counted_layers`."""
        return self._remember(kind, lambda: read_counted_layers(workspace, kind))

    def place(
        self,
        incidents: pd.DataFrame,
        counted: CountedLayers,
        *,
        record_by_source: Mapping[str, Sequence[Span]],
    ) -> Placement:
        """Return what `place_incidents` gives for some rows of `incidents`.

        All incidents are looked for together, since each lies where it lies whatever else is asked
        for.

        Parameters
        ----------
        incidents
            Some rows of the attribute, in its order and with its index.
        counted
            The layers in force.
        record_by_source
            Periods of record by source id.

        Raises
        ------
        SchemaError, CRSError
            As `place_incidents`.
        """
        found = self._places.get(counted.kind)
        if found is None:
            found = self._places[counted.kind] = locate_incidents(
                self.incidents,
                counted.areas,
                boundary=counted.boundary,
                overlapping=counted.overlapping,
                former=counted.former,
            )
        return keep_on_record(
            found.take(incidents.index.to_numpy()), incidents, record_by_source=record_by_source
        )
