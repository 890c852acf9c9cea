"""`hotspots count`: incidents by area and period, with an account that reconciles."""

from pathlib import Path
from typing import Any

import click
import numpy as np
from rich.table import Table

from hotspots import schema
from hotspots.accounts.audit import EXPORT
from hotspots.analysis.kinds import area_labels
from hotspots.analysis.situation import Situation, situation
from hotspots.cli.choosing import build_selection, selection_options
from hotspots.cli.common import (
    console,
    open_workspace,
    print_json,
    reports_errors,
    say,
    shared,
    shared_options,
)
from hotspots.cli.recording import record
from hotspots.export import write_counts
from hotspots.i18n import _, format_number
from hotspots.layers import default_kind
from hotspots.store import Store

SHOWN_AREAS = 20
SHOWN_PERIODS = 12


@click.command(
    help=_(
        "Count incidents by area and period. Zeros are counted; periods without record are "
        "missing, not zero."
    )
)
@selection_options
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help=_("Write the whole table: .csv, .xlsx, .geojson, .gpkg or .parquet."),
)
@shared_options
@reports_errors
def count(out: Path | None, **options: Any) -> None:
    """Count and print, or write to a file."""
    workspace = open_workspace()
    with Store.open(workspace) as store:
        selection = build_selection(store.sources(), default_by=default_kind(workspace), **options)
        result = situation(store, workspace, selection)
    if out:
        record(
            workspace,
            EXPORT,
            out.name,
            page="count",
            format=out.suffix[1:].lower(),
            filter=selection.to_query(),
            rows=len(result.table.areas) * len(result.table.periods),
        )
        write_counts(result.table, out, finding=result.finding)
    if shared().as_json:
        print_json(as_dict(result))
        return
    say(result.finding.sentence)
    say(result.finding.detail)
    if out:
        say(_("Written: {path}").format(path=out))
    else:
        say()
        _print_table(result)
    say()
    for note in result.finding.notes:
        say(note)
    say(_("Boundaries: {citations}").format(citations="; ".join(result.finding.boundaries)))


def as_dict(result: Situation) -> dict[str, Any]:
    """Return the situation as plain values: finding, reconciliation, counts by area."""
    table = result.table
    finding = result.finding
    tally = table.tally
    is_known = any(record != schema.MISSING for record in table.record)
    return {
        "sentence": finding.sentence,
        "detail": finding.detail,
        "from": str(result.span.start),
        "to": str(result.span.end),
        "by": result.selection.by,
        "every": result.selection.every,
        "sources": [source.source_id for source in result.sources],
        "approximate_boundaries": finding.approximate,
        "boundaries": list(finding.boundaries),
        "notes": list(finding.notes),
        "tally": {
            "selected": tally.n_selected,
            "in_areas": tally.n_in_areas,
            "off_areas": tally.n_off_areas,
            "outside": tally.n_outside,
            "too_coarse": tally.n_too_coarse,
            "not_placed": tally.n_not_placed,
            "off_record": tally.n_off_record,
        },
        "left_out": [{"reason": r.reason, "text": r.text, "n": r.n} for r in result.left_out],
        "seen_by": [
            {"sources": list(seen.sources), "events": seen.n_events} for seen in result.seen_by
        ],
        "periods": [
            {
                "period": period.label,
                "from": str(period.start),
                "to": str(period.end),
                "record": record,
                "recorded_days": int(days),
                "off_areas": None if record == schema.MISSING else int(off),
                "too_coarse": None if record == schema.MISSING else int(coarse),
            }
            for period, record, days, off, coarse in zip(
                table.periods,
                table.record,
                table.recorded_days,
                table.off_areas,
                table.too_coarse,
                strict=True,
            )
        ],
        "areas": [
            {
                "area_id": area_id,
                "name": name,
                "total": int(row.sum()) if is_known else None,
                "counts": [
                    None if record == schema.MISSING else int(n)
                    for n, record in zip(row, table.record, strict=True)
                ],
            }
            for area_id, name, row in zip(
                table.areas[schema.AREA_ID], area_labels(table.areas), table.counts, strict=True
            )
        ],
    }


def _print_table(result: Situation) -> None:
    counts = result.table.counts
    totals = counts.sum(axis=1)
    order = np.lexsort((np.arange(len(totals)), -totals))[:SHOWN_AREAS]
    by_period = len(result.table.periods) <= SHOWN_PERIODS
    shown = Table(box=None, pad_edge=False)
    shown.add_column(_("area"))
    if by_period:
        for period in result.table.periods:
            shown.add_column(period.label, justify="right")
    shown.add_column(_("total"), justify="right")
    names = area_labels(result.table.areas)
    for row in order:
        cells = _cells(counts[row], result.table.record) if by_period else []
        shown.add_row(names[row], *cells, _total(totals[row], result.table.record))
    off = result.table.off_areas
    cells = _cells(off, result.table.record) if by_period else []
    shown.add_row(_("off these areas"), *cells, _total(off.sum(), result.table.record))
    coarse = result.table.too_coarse
    if coarse.any():
        cells = _cells(coarse, result.table.record) if by_period else []
        total = _total(coarse.sum(), result.table.record)
        shown.add_row(_("placed too coarsely for these areas"), *cells, total)
    console().print(shown)
    hidden = len(totals) - len(order)
    if hidden > 0:
        say(_("Areas not shown: {n}; --out FILE writes them all.").format(n=format_number(hidden)))
    if not by_period:
        say(
            _("{n} periods are too many for this table; --out FILE or --json gives each.").format(
                n=format_number(len(result.table.periods))
            )
        )
    elif schema.PARTIAL in result.table.record:
        say(_("* record of a part of the period only"))


def _total(n: np.int64, record: tuple[str, ...]) -> str:
    """Return a total; where no period has a record it is not known, rather than zero."""
    return "–" if all(state == schema.MISSING for state in record) else format_number(int(n))


def _cells(values: np.ndarray[Any, np.dtype[np.int64]], record: tuple[str, ...]) -> list[str]:
    marks = {schema.MISSING: None, schema.PARTIAL: "*", schema.RECORDED: ""}
    return [
        "–" if state == schema.MISSING else f"{format_number(int(n))}{marks[state]}"
        for n, state in zip(values, record, strict=True)
    ]
