"""Official files of the register RÚIAN (ČÚZK): VFR and address CSV become `TownData`."""

from hotspots.layers.official.addresses import read_addresses
from hotspots.layers.official.reading import is_official, read_official
from hotspots.layers.official.vfr import read_vfr

__all__ = ["is_official", "read_addresses", "read_official", "read_vfr"]
