"""The finding of a situation in words: what the counts show, and no more than chance allows."""

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

import numpy as np

from hotspots import schema
from hotspots.aggregate import FEWEST_RESIDENTS, CountTable
from hotspots.analysis import kinds
from hotspots.analysis.evenness import Evenness, evenness, top_areas
from hotspots.analysis.filters import LeftOut, displaced_note
from hotspots.analysis.ranking import ALONG_STREETS
from hotspots.finding import Finding
from hotspots.i18n import _, format_day, format_number, format_share, ngettext
from hotspots.periods import RecordCalendar, Span
from hotspots.placement import KeptPlaces
from hotspots.selection import Selection
from hotspots.store.source import INFERRED, Source

FEW_INCIDENTS: Final = 30  # below this the order of areas is called chance
SIGNIFICANCE: Final = 0.05
QUARTER: Final = 0.25
COMPARED: Final = 0.9  # share of incidents in areas of known size that a comparison needs
CONCENTRATED: Final = 1.2  # times an even share, from which areas are said to hold more
TOP_INCIDENTS: Final = 5
SHOWN: Final = 6  # gaps or periods named before "and more"


@dataclass(frozen=True)
class Told:
    """What `make_finding` needs beside the table.

    `beyond` are dated incidents of the sources outside a span that nobody chose; `silent` are
    chosen sources that cannot count here; `n_displaced` are selected incidents at displaced
    positions; `kept` are incidents placed by the layers of their time; `boundaries` are the
    citations of what is counted by, `backdrop` those of what a map draws beside it.
    """

    selection: Selection
    span: Span
    sources: tuple[Source, ...]
    calendar: RecordCalendar
    left_out: tuple[LeftOut, ...]
    beyond: int
    silent: tuple[Source, ...]
    n_displaced: int
    kept: KeptPlaces | None
    boundaries: tuple[str, ...]
    backdrop: tuple[str, ...]


def make_finding(table: CountTable, told: Told) -> Finding:
    """Return the finding of a count table, in the language in force."""
    kind = told.selection.by
    column, result = _compare(table, kind)
    derived = table.areas[schema.DERIVED].to_numpy(dtype=bool)
    return Finding(
        sentence=_sentence(table, told, column, result),
        detail=detail(table, kind),
        span=told.span,
        period_text=span_text(told.span),
        area_kind=kinds.kind_label(kind),
        measure=_("number of incidents"),
        method=_method(told, column, result),
        sources=tuple(source.citation or source.label for source in told.sources),
        gaps=record_gaps(told.calendar),
        notes=_notes(table, told),
        approximate=bool(derived.any()),
        boundaries=told.boundaries,
        backdrop=told.backdrop,
    )


def detail(table: CountTable, kind: str) -> str:
    """Return one line of totals that adds up: incidents, in areas, off, outside, not placed.

    Where no period has a record it says so instead of zeros.
    """
    tally = table.tally
    if all(state == schema.MISSING for state in table.record):
        text = ngettext(
            "no record · {n} incident on a day without record is not counted",
            "no record · {n} incidents on days without record are not counted",
            tally.n_off_record,
        )
        n_off = format_number(tally.n_off_record)
        return text.format(n=n_off) if tally.n_off_record else _("no record")
    parts = [
        ngettext("{n} incident", "{n} incidents", tally.n_selected).format(
            n=format_number(tally.n_selected)
        ),
        kinds.in_areas(kind, tally.n_in_areas),
        kinds.off_areas(kind, tally.n_off_areas),
        *(
            [_("{n} placed too coarsely").format(n=format_number(tally.n_too_coarse))]
            if tally.n_too_coarse
            else []
        ),
        _("{n} outside the town").format(n=format_number(tally.n_outside)),
        ngettext("{n} not placed", "{n} not placed", tally.n_not_placed).format(
            n=format_number(tally.n_not_placed)
        ),
    ]
    if tally.n_off_record:
        parts.append(_("{n} off record").format(n=format_number(tally.n_off_record)))
    return " · ".join(parts)


def span_text(span: Span) -> str:
    """Return days for a reader: 1 Jan 2016 – 3 Oct 2024, or one day."""
    if span.start == span.end:
        return format_day(span.start)
    return f"{format_day(span.start)} – {format_day(span.end)}"


def record_gaps(calendar: RecordCalendar) -> tuple[Span, ...]:
    """Return the spans on which none of the chosen sources kept record."""
    lacking = calendar.depth == 0
    edges = np.flatnonzero(np.diff(np.concatenate([[0], lacking.astype(np.int8), [0]])))
    first = calendar.span.start
    return tuple(
        Span(first + timedelta(days=int(a)), first + timedelta(days=int(b) - 1))
        for a, b in zip(edges[::2], edges[1::2], strict=True)
    )


def _compare(table: CountTable, kind: str) -> tuple[str, Evenness]:
    """Test the areas' counts against an even spread; return over what, and the result."""
    counts = table.counts.sum(axis=1)
    column = _size_column(table, kind)
    sizes = table.areas[column].to_numpy(dtype=np.float64)
    tested = counts
    if column == schema.RESIDENTS:
        # One incident among five residents would outweigh all else, so such areas are pooled.
        small = sizes < FEWEST_RESIDENTS
        tested = np.append(counts[~small], counts[small].sum())
        sizes = np.append(sizes[~small], sizes[small].sum())
    result = evenness(tested, sizes)
    # Where areas overlap an incident counts twice; where much lies in areas of unknown size, the
    # rest does not speak for all.
    if kind in schema.OWN_KINDS or result.n_incidents < COMPARED * counts.sum():
        result = replace(result, p_value=float("nan"))
    return column, result


def _size_column(table: CountTable, kind: str) -> str:
    """Return what an even spread would follow: street length, else residents, else area."""
    if kind in ALONG_STREETS:
        return schema.LENGTH_M
    known = np.isfinite(table.areas[schema.RESIDENTS].to_numpy(dtype=np.float64)).all()
    return schema.RESIDENTS if known else schema.AREA_KM2


def _sentence(table: CountTable, told: Told, column: str, result: Evenness) -> str:
    tally = table.tally
    n_counted = tally.n_selected - tally.n_off_record
    if not told.sources and told.silent:
        return _("None of the sources ever recorded what is chosen here; counts are not known.")
    if not told.sources:
        return _("No source of incidents has been imported yet.")
    if all(state == schema.MISSING for state in table.record):
        return _("None of the chosen sources kept record in this period; counts are not known.")
    if n_counted == 0:
        text = _("No incident that fits the filters is recorded in this period.")
        if any(state != schema.RECORDED for state in table.record):
            text += " " + _("Part of the period has no record.")
        return text
    if n_counted == 1:
        return _("A single incident is recorded: {place}.").format(place=_place(table, told))
    if tally.n_in_areas == 0:
        return _("None of the recorded incidents lies in the areas shown.")
    if len(table.areas) == 1:
        return _one_area(table, told.selection.by)
    if told.selection.by in schema.OWN_KINDS:
        return _own_areas(table, told.selection.by)
    return _spread(table, told.selection.by, column, result)


def _place(table: CountTable, told: Told) -> str:
    """Return where the only incident lies."""
    tally, kind = table.tally, told.selection.by
    if tally.n_in_areas:
        row = int(table.counts.sum(axis=1).argmax())
        return kinds.named_area(kind, str(table.areas[schema.NAME].iloc[row]))
    if tally.n_off_areas:
        return kinds.off_areas_place(kind)
    if tally.n_too_coarse:
        return _("its place is known too coarsely")
    return _("outside the municipality") if tally.n_outside else _("without a position")


def _one_area(table: CountTable, kind: str) -> str:
    n = table.tally.n_in_areas
    if kind == schema.MUNICIPALITY:
        return ngettext(
            "{n} incident is recorded in the town.", "{n} incidents are recorded in the town.", n
        ).format(n=format_number(n))
    area = kinds.named_area(kind, str(table.areas[schema.NAME].iloc[0]))
    text = ngettext("{area}: {n} recorded incident.", "{area}: {n} recorded incidents.", n)
    return text.format(area=area[:1].upper() + area[1:], n=format_number(n))


def _spread(table: CountTable, kind: str, column: str, result: Evenness) -> str:
    counts = table.counts.sum(axis=1)
    is_few = table.tally.n_in_areas < FEW_INCIDENTS
    if result.p_value >= SIGNIFICANCE:
        first = kinds.indistinct(kind)
        return f"{first} {kinds.few(kind)}" if is_few else first
    fewest, is_tied = top_areas(counts, share=QUARTER)
    if is_few and is_tied:
        return kinds.few(kind)  # as many areas more would do: none can be named
    share = float(counts[fewest].sum() / counts.sum())
    first = kinds.concentration(kind, len(fewest), total=len(counts), share=format_share(share))
    sizes = table.areas[column].to_numpy(dtype=np.float64)
    if result.p_value < SIGNIFICANCE and (sizes[fewest] > 0).all():
        even = float(sizes[fewest].sum() / np.nansum(sizes))
        if share < CONCENTRATED * even:
            first = _(
                "Counts differ between areas more than chance would make them, but no few areas "
                "hold far more than their share."
            )
            return f"{first} {kinds.few(kind)}" if is_few else first
        first += kinds.even_clause(column, format_share(even, digits=0 if even >= 0.01 else 1))
    second = kinds.few(kind) if is_few else _most(table, kind)
    return f"{first}. {second}".strip()


def _own_areas(table: CountTable, kind: str) -> str:
    """Return how many incidents lie in the town's own areas, each once though these may overlap."""
    tally = table.tally
    n_placed = tally.n_in_areas + tally.n_off_areas
    first = kinds.share_in_own(
        kind,
        tally.n_in_areas,
        total=n_placed,
        share=format_share(tally.n_in_areas / n_placed),
    )
    return f"{first} {_most(table, kind)}".strip()


def _most(table: CountTable, kind: str) -> str:
    """Return which one area has most, or nothing where several do or too few are counted."""
    counts = table.counts.sum(axis=1)
    top = np.flatnonzero(counts == counts.max())
    if counts.max() < TOP_INCIDENTS or len(top) > 1:
        return ""
    row = int(top[0])
    area = kinds.named_area(kind, kinds.area_labels(table.areas.iloc[[row]])[0])
    return _("Highest count: {area} ({n}).").format(area=area, n=format_number(int(counts[row])))


def _method(told: Told, column: str, result: Evenness) -> str:
    if told.selection.by in schema.OWN_KINDS:
        text = kinds.own_method(told.selection.by)
    else:
        text = _(
            "Each incident counts once, in the area its position lies in, on the day it began."
        )
    if told.kept:
        text += " " + _("Those of earlier times count in the area of the layers of their time.")
    if np.isnan(result.p_value):
        return text
    against = {
        schema.LENGTH_M: _("Compared with an even spread by street length: X² = {chi2}, {p}."),
        schema.RESIDENTS: _("Compared with an even spread by residents: X² = {chi2}, {p}."),
        schema.AREA_KM2: _("Compared with an even spread by area: X² = {chi2}, {p}."),
    }[column]
    smallest = 0.001
    p = (
        f"p < {format_number(smallest, digits=3)}"
        if result.p_value < smallest
        else f"p = {format_number(result.p_value, digits=3)}"
    )
    return f"{text} {against.format(chi2=format_number(result.chi2, digits=1), p=p)}"


def _notes(table: CountTable, told: Told) -> tuple[str, ...]:
    notes = [part.text for part in told.left_out]
    if told.n_displaced:
        notes.append(displaced_note(told.n_displaced))
    if told.kept:
        notes.append(_kept_note(told.kept))
    if table.tally.n_too_coarse:
        notes.append(coarse_note(table.tally.n_too_coarse))
    off = table.tally.n_off_record
    if off:
        notes.append(
            ngettext(
                "{n} incident happened when its source kept no record and is not counted.",
                "{n} incidents happened when their source kept no record and are not counted.",
                off,
            ).format(n=format_number(off))
        )
    if told.beyond:
        notes.append(
            ngettext(
                "{n} more incident lies before or after the periods of record.",
                "{n} more incidents lie before or after the periods of record.",
                told.beyond,
            ).format(n=format_number(told.beyond))
        )
    notes += [note for source in told.sources for note in _source_notes(source, told.span)]
    if told.selection.offences:
        notes += [
            _("Source {source} recorded none of the chosen offences; it is left aside.").format(
                source=source.label
            )
            for source in told.silent
        ]
    partial = _runs([state == schema.PARTIAL for state in table.record])
    if partial:
        labels = [kinds.period_label(p, told.selection.every) for p in table.periods]
        parts = [labels[a] if a == b else f"{labels[a]} – {labels[b]}" for a, b in partial]
        notes.append(_("Recorded only in part: {periods}.").format(periods=_listed(parts)))
    if table.areas[schema.DERIVED].to_numpy(dtype=bool).any():
        notes.append(_approximate(table))
        if told.selection.by in ALONG_STREETS:
            notes.append(
                _(
                    "The streets are derived from known points: quiet streets may be missing, and "
                    "lengths are rather too short than too long."
                )
            )
    return tuple(notes)


def coarse_note(n: int) -> str:
    """Return the note that `n` incidents in the town are placed too coarsely to count here."""
    return ngettext(
        "{n} incident is placed only as a street, a district or a point that may be far off; it "
        "is not counted in areas finer than that.",
        "{n} incidents are placed only as a street, a district or a point that may be far off; "
        "they are not counted in areas finer than that.",
        n,
    ).format(n=format_number(n))


def _kept_note(kept: KeptPlaces) -> str:
    return ngettext(
        "{n} incident before {day} keeps the place it had in the layers of its time (version "
        "{versions}); hotspots layers place puts it anew.",
        "{n} incidents before {day} keep the place they had in the layers of their time (version "
        "{versions}); hotspots layers place puts them anew.",
        kept.n_incidents,
    ).format(
        n=format_number(kept.n_incidents),
        day=format_day(kept.until),
        versions=", ".join(str(version) for version in kept.version_ids),
    )


def _runs(flags: list[bool]) -> list[tuple[int, int]]:
    """Return the first and last position of every run of true flags."""
    edges = np.flatnonzero(np.diff(np.array([False, *flags, False]).astype(np.int8)))
    return [(int(a), int(b) - 1) for a, b in zip(edges[::2], edges[1::2], strict=True)]


def _source_notes(source: Source, span: Span) -> list[str]:
    if not source.record:
        return [
            _(
                "No periods of record are known for source {source}; nothing of it is counted."
            ).format(source=source.label)
        ]
    notes = []
    gaps = record_gaps(RecordCalendar.build(span, [source.record]))
    if gaps:
        notes.append(
            _("Source {source} kept no record: {spans}.").format(
                source=source.label, spans=_listed([span_text(gap) for gap in gaps])
            )
        )
    if source.record_state == INFERRED:
        notes.append(
            _("The periods of record of source {source} are inferred, not confirmed.").format(
                source=source.label
            )
        )
    return notes


def _approximate(table: CountTable) -> str:
    precision = table.areas[schema.PRECISION_M].to_numpy(dtype=np.float64)
    if not (precision > 0).any():
        return _("The boundaries are approximate.")
    return _("The boundaries are approximate and may be off by about {metres} m.").format(
        metres=format_number(float(np.nanmedian(precision[precision > 0])))
    )


def _listed(parts: list[str]) -> str:
    shown = ", ".join(parts[:SHOWN])
    more = len(parts) - SHOWN
    if more <= 0:
        return shown
    return _("{shown} and {n} more").format(shown=shown, n=format_number(more))
