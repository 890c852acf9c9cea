"""What changed lately, as the situation's page shows it: rows with bars, and what stands out."""

from dataclasses import dataclass

from hotspots.analysis import recent_words
from hotspots.analysis.recent import Comparison, Recent, last_common_day
from hotspots.i18n import _
from hotspots.offences import OFFENCE_GROUPS
from hotspots.periods import WEEK, Span
from hotspots.selection import COUNT
from web.params import ALL, PageParams


@dataclass(frozen=True)
class Row:
    """One comparison; the bars are shares of the larger count, 0 to 100."""

    name: str
    counts: str
    verdict: str
    title: str  # ratio with its interval
    stands_out: bool
    is_compared: bool
    before_bar: float
    after_bar: float
    query: str


@dataclass(frozen=True)
class Line:
    """One thing that stands out, and its counts; `look` is more, fewer or new."""

    name: str
    counts: str
    look: str
    query: str


@dataclass(frozen=True)
class Block:
    """The whole block; `hint` says why nothing stands out, `held_back` whose record ends.

    `quiet` says beside the title that nothing stands out, in the place of each row's verdict.
    `alone` leads to single sources (label, query) where all together have no day in common.
    """

    title: str
    quiet: str
    rows: list[Row]
    has_changes: bool
    lines: list[Line]
    hint: str
    held_back: str
    held_back_query: str
    alone: list[tuple[str, str]]


def make_block(params: PageParams, recent: Recent) -> Block:
    """Return the block of a page with the state `params`."""
    kind = recent.selection.by
    lines = [
        Line(
            recent_words.change_name(change, kind),
            recent_words.change_counts(change),
            "more" if change.after > change.before else "fewer",
            _query(
                params,
                change.comparison.later,
                (change.group,) if change.group in OFFENCE_GROUPS else params.offences,
            ),
        )
        for change in recent.changes
    ]
    lines += [
        Line(
            recent_words.new_name(new, kind),
            recent_words.new_counts(new),
            "new",
            _query(params, new.later, params.offences),
        )
        for new in recent.new
    ]
    is_quiet = recent_words.is_quiet(recent)
    going_on = {s.source_id for s in recent.sources} - {s.source_id for s in recent.held_back_by}
    return Block(
        title=recent_words.title(recent),
        quiet=_("nothing beyond chance") if is_quiet else "",
        rows=[_row(params, comparison) for comparison in recent.comparisons],
        has_changes=bool(recent.changes),
        lines=lines,
        hint="" if is_quiet else recent_words.quiet_text(recent),
        held_back=recent_words.held_back_text(recent),
        held_back_query=params.but(sources=tuple(sorted(going_on)), index=None).to_query(),
        alone=_alone(params, recent),
    )


def _alone(params: PageParams, recent: Recent) -> list[tuple[str, str]]:
    if recent.as_of is not None or len(recent.sources) < 2:
        return []
    until = recent.selection.span.end if recent.selection.span else None
    return [
        (source.label, params.but(sources=(source.source_id,), index=None).to_query())
        for source in recent.sources
        if last_common_day((source,), until=until) is not None
    ]


def _row(params: PageParams, comparison: Comparison) -> Row:
    most = max(comparison.before, comparison.after, 1)
    return Row(
        name=_name(comparison),
        counts=recent_words.counts(comparison),
        verdict=recent_words.verdict(comparison),
        title=recent_words.interval(comparison),
        stands_out=comparison.stands_out,
        is_compared=comparison.result is not None,
        before_bar=round(100 * comparison.before / most, 1),
        after_bar=round(100 * comparison.after / most, 1),
        query=_query(params, comparison.later, params.offences),
    )


def _name(comparison: Comparison) -> str:
    """Return what a row compares; the same days a year earlier say so first."""
    if comparison.key == "year":
        return _("Year on year, last {n} days").format(n=comparison.later.n_days)
    return recent_words.period_name(comparison)


def _query(params: PageParams, span: Span, offences: tuple[str, ...]) -> str:
    """Return the state that shows the days of `span`, week by week."""
    return params.but(
        months=None,
        first=span.start,
        last=span.end,
        every=WEEK,
        offences=offences,
        measure=COUNT,
        window=ALL,
        index=None,
    ).to_query()
