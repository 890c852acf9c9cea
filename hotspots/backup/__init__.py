"""Backups of a whole workspace: one ZIP made while others write, and put back on any machine."""

from hotspots.backup.keeping import KeptBackup, audit_seen, list_backups
from hotspots.backup.making import MadeBackup, make_backup
from hotspots.backup.manifest import Manifest, read_backup
from hotspots.backup.restoring import Restored, restore_backup

__all__ = [
    "KeptBackup",
    "MadeBackup",
    "Manifest",
    "Restored",
    "audit_seen",
    "list_backups",
    "make_backup",
    "read_backup",
    "restore_backup",
]
