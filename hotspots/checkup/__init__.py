"""Whether a workspace is whole: databases, incidents, layers, settings, files."""

from hotspots.checkup.checking import Checkup, check_workspace
from hotspots.store.consistency import Fault

__all__ = ["Checkup", "Fault", "check_workspace"]
