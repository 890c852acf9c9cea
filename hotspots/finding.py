"""A finding: a result in words, with all that a reader needs to trust it."""

from dataclasses import dataclass, field

from hotspots.periods import Span


@dataclass(frozen=True)
class Finding:
    """What a map, table or page prints; none of them computes anything.

    Attributes
    ----------
    sentence
        One plain sentence (two at most) saying what is seen and no more than chance allows.
    detail
        One line of totals: incidents, in areas, off areas, outside, not placed.
    span
        Days looked at.
    period_text
        The span for a reader.
    area_kind, measure, method
        Texts for a reader.
    sources
        Citations of the sources used.
    gaps
        Spans inside `span` on which none of the chosen sources kept record.
    notes
        What was left out and why, one sentence each.
    approximate
        Whether the areas' boundaries are derived, not official.
    boundaries
        Whom to credit for the areas and the study area's boundary; the same in every language,
        but for what the town itself drew.
    backdrop
        Whom to credit for what a map draws beside them.
    """

    sentence: str
    detail: str
    span: Span
    period_text: str
    area_kind: str
    measure: str
    method: str
    sources: tuple[str, ...]
    gaps: tuple[Span, ...] = ()
    notes: tuple[str, ...] = field(default=())
    approximate: bool = False
    boundaries: tuple[str, ...] = ()
    backdrop: tuple[str, ...] = ()

    @property
    def drawn(self) -> tuple[str, ...]:
        """Whom to credit for all that a map draws, each once."""
        return tuple(dict.fromkeys((*self.boundaries, *self.backdrop)))
