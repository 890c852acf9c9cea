"""Whether a workspace is whole: databases, incidents, layers, settings, files."""

from hotspots.checkup.checking import Checkup, check_workspace
from hotspots.checkup.databases import AuditSeen
from hotspots.store.consistency import Fault

__all__ = ["AuditSeen", "Checkup", "Fault", "check_workspace"]
