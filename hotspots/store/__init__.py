"""The one place where incidents are kept: SQLite by default, through SQLAlchemy."""

from hotspots.store.source import Source
from hotspots.store.store import Store
from hotspots.store.writing import ImportBatch, ImportTransaction

__all__ = ["ImportBatch", "ImportTransaction", "Source", "Store"]
