"""The one place where incidents are kept: SQLite by default, through SQLAlchemy."""

from hotspots.store.decisions import Decision
from hotspots.store.placings import Place, RememberedPlace
from hotspots.store.source import Source
from hotspots.store.store import Store
from hotspots.store.writing import ImportBatch, ImportTransaction

__all__ = [
    "Decision",
    "ImportBatch",
    "ImportTransaction",
    "Place",
    "RememberedPlace",
    "Source",
    "Store",
]
