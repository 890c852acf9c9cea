"""Incidents older than their source keeps are not taken: what went by a rule stays away."""

import numpy as np

from hotspots import schema
from hotspots.i18n import _, format_day
from hotspots.ingest.batch import RAW, REASON, ROW, Chunk, make_rejected
from hotspots.periods import Span
from hotspots.store.retention_rules import Limit


def reject_older(chunk: Chunk, limit: Limit | None) -> Chunk:
    """Return a chunk whose incidents older than the source keeps are rejected rows.

    The rows are listed without their content, which would otherwise stay in the list. An incident
    without a date is as old as the first import of its file.

    Parameters
    ----------
    chunk
        Not modified.
    limit
        From which day on the source takes incidents; None takes all.
    """
    if limit is None or chunk.incidents.empty:
        return chunk
    last = chunk.incidents[schema.OCCURRED_TO].to_numpy(dtype="datetime64[s]")
    for name in (schema.OCCURRED_FROM, schema.REPORTED_AT):
        other = chunk.incidents[name].to_numpy(dtype="datetime64[s]")
        last = np.where(np.isnat(last), other, last)
    # NaT is before nothing.
    old = (last < np.datetime64(limit.first_day, "s")) | (np.isnat(last) & limit.seen_before)
    if not old.any():
        return chunk
    n = int(old.sum())
    found = make_rejected(chunk.rows[old].tolist(), [limit.reason()] * n, [""] * n)
    if len(chunk.rejected):
        rows, reasons, raws = (
            [*chunk.rejected[name].tolist(), *found[name].tolist()] for name in (ROW, REASON, RAW)
        )
        order = np.argsort(rows, kind="stable").tolist()
        found = make_rejected(
            [rows[at] for at in order], [reasons[at] for at in order], [raws[at] for at in order]
        )
    return Chunk(
        chunk.incidents[~old].reset_index(drop=True),
        chunk.rows[~old],
        found,
        chunk.n_rows,
        chunk.n_merged,
    )


def cut_stated(stated: list[Span], limit: Limit | None) -> tuple[list[Span], tuple[str, ...]]:
    """Return stated periods of record from the limit on, and a sentence where that cuts them.

    What lies before is not taken from the file, so its absence says nothing.
    """
    if limit is None:
        return stated, ()
    kept = [*limit.cut(stated)]
    if kept == stated:
        return stated, ()
    return kept, (
        _(
            "The file states periods of record before {day}, from where source {source} keeps "
            "incidents; those days were left out."
        ).format(day=format_day(limit.first_day), source=limit.rule.source_id),
    )
