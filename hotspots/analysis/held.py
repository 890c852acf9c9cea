"""Incidents of one moment and where they lie, kept for all questions that are asked of them."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final, Protocol, TypeVar

import pandas as pd

from hotspots import schema
from hotspots.analysis.counted_layers import CountedLayers, read_counted_layers
from hotspots.analysis.filters import COLUMNS_READ
from hotspots.periods import Span
from hotspots.placement import Placement, keep_on_record, locate_incidents
from hotspots.settings import Workspace
from hotspots.store import Store
from hotspots.store.held import HeldStore

# What is remembered: the layers of a kind, in one language, and where all incidents lie in them.
LAYERS: Final = "layers"
PLACES: Final = "places"
# Columns of few distinct texts, which are compared much sooner as codes.
_FEW_TEXTS: Final = (
    schema.SOURCE,
    schema.TIME_PRECISION,
    schema.OFFENCE_GROUPS,
    schema.PLACE_METHOD,
    schema.RELEVANCE,
)
T = TypeVar("T")


class Remember(Protocol):
    """Returns what `make` gives for a kind of areas; it may remember it."""

    def __call__(self, what: str, kind: str, make: Callable[[], T], /) -> T:
        """Return what `make` gives, of now or remembered from layers and data of the same time."""
        ...


def _make_anew(_what: str, _kind: str, make: Callable[[], T], /) -> T:
    return make()


class HeldTown(HeldStore):
    """A store as it was at one moment, with the incidents that situations are made of.

    Parameters
    ----------
    store
        As of `HeldStore`.
    remember
        Remembers `LAYERS` and `PLACES`, as long as they hold; nothing is remembered unless given.

    Attributes
    ----------
    incidents
        `COLUMNS_READ` of all incidents, index 0…n-1, columns of few texts as categories. Not to
        be modified.
    """

    def __init__(self, store: Store, *, remember: Remember = _make_anew) -> None:
        super().__init__(store, columns=COLUMNS_READ)
        self._keep(self.incidents, remember)

    def _keep(self, incidents: pd.DataFrame, remember: Remember = _make_anew) -> None:
        self.incidents = incidents.astype(dict.fromkeys(_FEW_TEXTS, "category"))
        self._remember = remember

    def read_layers(self, workspace: Workspace, kind: str) -> CountedLayers:
        """Return the layers in force; raises as `read_counted_layers`."""
        return self._remember(LAYERS, kind, lambda: read_counted_layers(workspace, kind))

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

        def find() -> Placement:
            return locate_incidents(
                self.incidents,
                counted.areas,
                boundary=counted.boundary,
                overlapping=counted.overlapping,
                former=counted.former,
            )

        found = self._remember(PLACES, counted.kind, find).take(incidents.index.to_numpy())
        return keep_on_record(found, incidents, record_by_source=record_by_source)
