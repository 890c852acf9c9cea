"""Incidents that may be one event: candidates with a score, and events of confirmed links."""

from hotspots.link.duplicates import count_near_duplicates as count_near_duplicates
from hotspots.link.events import event_ids as event_ids
from hotspots.link.options import LinkOptions as LinkOptions
from hotspots.link.pairs import find_pairs as find_pairs
from hotspots.link.records import COLUMNS_READ as COLUMNS_READ
