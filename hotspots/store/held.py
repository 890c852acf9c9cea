"""A store as it was at one moment, kept in memory for all answers that are made of it."""

from collections.abc import Sequence

import pandas as pd

from hotspots import schema
from hotspots.store.source import Source
from hotspots.store.store import Store


class HeldStore(Store):
    """Sources, decided links and some columns of the incidents, read once; the rest is the store's.

    Parameters
    ----------
    store
        Open; read in several snapshots, so that the caller must see to it that nothing was written
        meanwhile (`Store.version`).
    columns
        Of the incidents.

    Attributes
    ----------
    incidents
        As `Store.read_incidents(columns=columns)` gives them. Not to be modified.
    """

    def __init__(self, store: Store, *, columns: Sequence[str]) -> None:
        super().__init__(store._engine)
        self._sources = tuple(store.sources())
        self._links = store.read_links()
        self.incidents: pd.DataFrame = store.read_incidents(columns=columns)

    def sources(self) -> list[Source]:
        """Return all sources, in order of their ids."""
        return list(self._sources)

    def read_links(self, *, states: Sequence[str] = ()) -> pd.DataFrame:
        """Return which pairs of incidents were decided upon, in `schema.LINK_COLUMNS`."""
        if not states:
            return self._links.copy()
        chosen = self._links[schema.LINK_STATE].isin(list(states))
        return self._links[chosen].reset_index(drop=True)
