"""A source: one registered stream of incidents, with its publisher and periods of record."""

from dataclasses import dataclass
from typing import Final

from hotspots.periods import Span

CONFIRMED: Final = "confirmed"
INFERRED: Final = "inferred"
NO_RECORD: Final = "none"


@dataclass(frozen=True)
class Source:
    """One source as the store knows it.

    Attributes
    ----------
    source_id
        Short name used on the command line and in URLs: letters, digits, `_`, `-`.
    kind
        Publisher, one of `schema.SOURCE_KINDS`.
    label, citation
        Name for a reader; how to cite it on a map.
    record
        Periods of record, sorted, not touching; empty where nothing is known.
    record_state
        `confirmed` by a person or stated by the publisher, `inferred` from the data, or `none`.
    n_incidents, n_displaced
        Incidents kept, and those among them whose position the publisher moved.
    """

    source_id: str
    kind: str
    label: str
    citation: str = ""
    record: tuple[Span, ...] = ()
    record_state: str = NO_RECORD
    n_incidents: int = 0
    n_displaced: int = 0

    def matches(self, name: str) -> bool:
        """Return whether `name` is this source's id or kind."""
        return name in {self.source_id, self.kind}
