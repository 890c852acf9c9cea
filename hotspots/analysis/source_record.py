"""Setting and confirming a source's periods of record: the checks, and what would be off record."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from hotspots import schema
from hotspots.errors import ParameterError
from hotspots.i18n import _, format_day
from hotspots.periods import Span, day_numbers, merge_spans
from hotspots.placement import on_own_record
from hotspots.store import Store
from hotspots.store.source import Source


@dataclass(frozen=True)
class RecordPlan:
    """What setting the periods of record of a source would do.

    Attributes
    ----------
    source
        As it is now.
    spans
        The new periods, sorted, neither overlapping nor touching.
    n_off, n_off_before
        Incidents of the source outside the new periods, and outside those it has now.
    """

    source: Source
    spans: tuple[Span, ...]
    n_off: int
    n_off_before: int

    def carry_out(self, store: Store) -> None:
        """Replace the periods of record by the new ones, confirmed."""
        store.set_record(self.source.source_id, self.spans, confirmed=True)


def plan_record(store: Store, source_id: str, spans: Sequence[Span], *, today: date) -> RecordPlan:
    """Return what setting the periods of record of a source would do.

    Parameters
    ----------
    store
        Only read.
    source_id
        Id of a source.
    spans
        Days it covers; those that overlap or touch become one.
    today
        Last day that can be on record.

    Raises
    ------
    NotFoundError
        There is no such source.
    ParameterError
        No period is given, or one ends in the future.
    """
    merged = merge_spans(list(spans))
    source = store.source(source_id)
    if not merged:
        raise ParameterError(_("give at least one period of record: its first and last day"))
    if merged[-1].end > today:
        raise ParameterError(
            _(
                "a period of record must not end in the future, got {day}; today is {today}. What "
                "was not yet recorded is missing, not zero"
            ).format(day=format_day(merged[-1].end), today=format_day(today))
        )
    incidents = store.read_incidents(
        sources=(source.source_id,), columns=(schema.SOURCE, schema.OCCURRED_FROM)
    )
    days = day_numbers(incidents[schema.OCCURRED_FROM].to_numpy(dtype="datetime64[s]"))

    def count_off(record: Sequence[Span]) -> int:
        kept = on_own_record(incidents[schema.SOURCE], days, {source.source_id: record})
        return int((~kept).sum())

    return RecordPlan(source, merged, count_off(merged), count_off(source.record))


def require_record(source: Source) -> None:
    """Raise unless a source has periods of record that can be confirmed.

    Raises
    ------
    ParameterError
        It has none.
    """
    if not source.record:
        raise ParameterError(
            _(
                "source {source} has no periods of record to confirm; set them: their first and "
                "last days"
            ).format(source=source.source_id)
        )
