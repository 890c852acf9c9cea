"""Official layers fetched over the network: RÚIAN's files, the districts' service, Overpass."""

from hotspots.layers.fetch.fetching import DOWNLOADS_DIR, fetch_layers
from hotspots.layers.fetch.patience import Patience

__all__ = ["DOWNLOADS_DIR", "Patience", "fetch_layers"]
