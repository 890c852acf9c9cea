"""One person's mentions in the workspace: found, given out, erased."""

from hotspots.persons.exporting import export_mentions, write_mentions
from hotspots.persons.matching import Wanted
from hotspots.persons.mentions import Found, Mention, where_label
from hotspots.persons.requests import ErasedMentions, digest_of, erase_mentions, find_mentions

__all__ = [
    "ErasedMentions",
    "Found",
    "Mention",
    "Wanted",
    "digest_of",
    "erase_mentions",
    "export_mentions",
    "find_mentions",
    "where_label",
    "write_mentions",
]
