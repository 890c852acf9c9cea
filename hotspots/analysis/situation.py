"""The situation: where and when the selected incidents happened."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hotspots.aggregate import CountTable
from hotspots.finding import Finding
from hotspots.periods import Span
from hotspots.selection import Selection
from hotspots.store.source import Source


@dataclass(frozen=True)
class LeftOut:
    """Incidents of the chosen sources that a rule kept out of the selection."""

    reason: str  # key: no_offence, relevance, no_date, no_time, displaced
    text: str  # one sentence for a reader
    n: int


@dataclass(frozen=True)
class Situation:
    """Answer to a `Selection`; maps and pages print it and compute nothing.

    Attributes
    ----------
    selection
        The question.
    span
        Days looked at, resolved.
    table
        Area × period counts.
    finding
        The result in words.
    sources
        Chosen sources, in order of their ids.
    left_out
        What the selection's rules kept out, reason by reason.
    by_offence
        Offence group → incidents under all other filters, groups with none included.
    clock
        Shape (7, 24): incidents by weekday (Monday first) and hour, under all filters but those
        of weekday and hour.
    clock_unknown
        Incidents without a known hour, in the same selection.
    town
        Shape (m,): incidents per period in the whole study area, in areas or off them.
    """

    selection: Selection
    span: Span
    table: CountTable
    finding: Finding
    sources: tuple[Source, ...]
    left_out: tuple[LeftOut, ...]
    by_offence: dict[str, int]
    clock: npt.NDArray[np.int64]
    clock_unknown: int
    town: npt.NDArray[np.int64]
