"""`hotspots changes`: the last days of record against those before, and what stands out."""

import math
from typing import Any

import click

from hotspots.analysis import recent_words
from hotspots.analysis.rate_ratio import RateRatio
from hotspots.analysis.recent import Recent, what_changed
from hotspots.cli.choosing import build_selection, filter_options
from hotspots.cli.common import (
    open_workspace,
    print_json,
    reports_errors,
    say,
    shared,
    shared_options,
)
from hotspots.i18n import _
from hotspots.layers import default_kind
from hotspots.periods import WEEK, Span, parse_day
from hotspots.store import Store


@click.command(
    help=_(
        "Compare the last 7 and 28 days of record with those before and with a year earlier, and "
        "name the areas and offences that changed more than chance explains."
    )
)
@filter_options
@click.option("--as-of", "as_of", metavar="DAY", help=_("Look no later than this day: 2024-03-05."))
@shared_options
@reports_errors
def changes(as_of: str | None, **options: Any) -> None:
    """Compare and print."""
    workspace = open_workspace()
    day = parse_day(as_of, last=True) if as_of else None
    with Store.open(workspace) as store:
        selection = build_selection(
            store.sources(),
            every=WEEK,
            first=None,
            last=None,
            default_by=default_kind(workspace),
            **options,
        )
        result = what_changed(store, workspace, selection, as_of=day)
    if shared().as_json:
        print_json(as_dict(result))
        return
    say(recent_words.title(result))
    for text in recent_words.all_sentences(result):
        say(text)


def as_dict(result: Recent) -> dict[str, Any]:
    """Return what changed as plain values; what is not known or infinite is null."""
    return {
        "as_of": str(result.as_of) if result.as_of else None,
        "by": result.selection.by,
        "sources": [source.source_id for source in result.sources],
        "sentences": recent_words.all_sentences(result),
        "n_tested": result.n_tested,
        "comparisons": [
            {
                "compared": c.key,
                "later": _span(c.later),
                "earlier": _span(c.earlier),
                "days_compared": c.n_days,
                "after": c.after if c.result else None,
                "before": c.before if c.result else None,
                "difference": c.after - c.before if c.result else None,
                **_ratio(c.result, c.q_value),
                "stands_out": c.stands_out,
            }
            for c in result.comparisons
        ],
        "changes": [
            {
                "compared": c.comparison.key,
                "area": c.area or None,
                "offence": c.group or None,
                "after": c.after,
                "before": c.before,
                **_ratio(c.result, c.q_value),
            }
            for c in result.changes
        ],
        "new": [{"area": new.area, "n": new.n, "days": _span(new.later)} for new in result.new],
    }


def _span(span: Span) -> dict[str, str]:
    return {"from": str(span.start), "to": str(span.end)}


def _ratio(result: RateRatio | None, q_value: float) -> dict[str, float | None]:
    if result is None:
        return dict.fromkeys(("ratio", "ratio_low", "ratio_high", "p_value", "q_value"))
    return {
        "ratio": _finite(result.ratio),
        "ratio_low": _finite(result.low),
        "ratio_high": _finite(result.high),
        "p_value": result.p_value,
        "q_value": _finite(q_value),
    }


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
