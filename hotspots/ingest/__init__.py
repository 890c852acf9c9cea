"""Readers of files: incidents of one source, chunk by chunk, with what had to be rejected."""

from hotspots.ingest.batch import Chunk, IncidentReader, SourceInfo
from hotspots.ingest.mapping import Mapping
from hotspots.ingest.opening import open_reader

__all__ = ["Chunk", "IncidentReader", "Mapping", "SourceInfo", "open_reader"]
