"""Old incidents go by the rules of their sources: taken out, or told by district and day only."""

from hotspots.retention.coarsening import CoarseAreas, coarsen_incidents, read_coarse_areas
from hotspots.retention.outcome import (
    RetainedSource,
    RetentionRun,
    action_words,
    number_words,
    say_copies,
)
from hotspots.retention.run import run_retention

__all__ = [
    "CoarseAreas",
    "RetainedSource",
    "RetentionRun",
    "action_words",
    "coarsen_incidents",
    "number_words",
    "read_coarse_areas",
    "run_retention",
    "say_copies",
]
