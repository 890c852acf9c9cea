"""Candidates: pairs of incidents from two sources that may be one event, with a score."""

from dataclasses import replace
from itertools import combinations

import numpy as np
import numpy.typing as npt
import pandas as pd

from hotspots import schema
from hotspots.errors import SchemaError
from hotspots.i18n import _
from hotspots.link.blocking import close_pairs, gaps
from hotspots.link.duplicates import find_near_duplicates
from hotspots.link.evidence import RELATED, SAME, Evidence
from hotspots.link.frames import make_pairs, sort_pairs
from hotspots.link.options import LinkOptions
from hotspots.link.records import COLUMNS_READ, HOUR, FloatArray, IntArray, Records, make_records

# Reasons, in the column `schema.REASONS`.
OVERLAP = "overlap"  # their times overlap
NEAR = "near"  # within 50 m
NO_DISTANCE = "no_distance"  # a place is unknown or displaced
SAME_OFFENCE = "same_offence"
RELATED_OFFENCE = "related_offence"
OTHER_OFFENCE = "other_offence"
NEAR_M = 50.0


def find_pairs(
    incidents: pd.DataFrame,
    *,
    within_source: bool = False,
    options: LinkOptions | None = None,
) -> pd.DataFrame:
    """Return pairs of incidents that may be one event.

    Parameters
    ----------
    incidents
        k incidents with `COLUMNS_READ` (EPSG:5514 metres, Europe/Prague times), in any order.
        Not modified. With `offence_detail` too, two observations or other offences are compared
        by its words; without, that both are such says little.
    within_source
        Look for near-duplicates inside each source, by the rule of
        `hotspots.link.duplicates.find_near_duplicates`, instead of for pairs of two sources.
    options
        Limits and model of errors; None takes the usual ones.

    Returns
    -------
    pairs
        `schema.PAIR_COLUMNS`, best first, then by ids; `incident_a` sorts before `incident_b`.
        `link_score` is 100 times the probability, under the model, that the two are one event.
        Pairs with a displaced or unknown place have no distance, are compared by time and
        offence alone, and only where their times are known to the hour, lie within an hour and
        their offences agree. Incidents without a day are in no pair.

    Raises
    ------
    SchemaError
        A column is missing.

    References
    ----------
    Fellegi & Sunter (1969), doi:10.1080/01621459.1969.10501049. When the score misleads is said
    in docs/links.md.
    """
    missing = [name for name in COLUMNS_READ if name not in incidents]
    if missing:
        raise SchemaError(
            _("incidents lack the columns {columns}").format(columns=", ".join(missing))
        )
    options = LinkOptions() if options is None else options
    names = sorted(str(name) for name in incidents[schema.SOURCE].dropna().unique())
    sources = incidents[schema.SOURCE].astype(str).to_numpy(dtype=object)
    parts = []
    if within_source:
        for name in names:
            own = np.flatnonzero(sources == name)
            parts.append(find_near_duplicates(incidents.iloc[own]))
    else:
        ids = incidents[schema.INCIDENT_ID].astype(str).to_numpy(dtype=object)
        of_source: dict[str, Records] = {}
        for name in names:
            own = np.flatnonzero(sources == name)
            records = make_records(incidents.iloc[own])
            of_source[name] = _at(records, own[records.position])
        for one, two in combinations(names, 2):
            parts.append(_between(of_source[one], of_source[two], ids, options))
    return sort_pairs(parts)


def _at(records: Records, position: IntArray) -> Records:
    return replace(records, position=position)


def _between(
    a: Records, b: Records, ids: npt.NDArray[np.object_], options: LinkOptions
) -> pd.DataFrame:
    """Return the candidates between two sources."""
    if not (len(a) and len(b)):
        return sort_pairs([])
    evidence = Evidence(a, b, options)
    parts = []
    placed_a, placed_b = np.flatnonzero(a.is_placed), np.flatnonzero(b.is_placed)
    for row_a, row_b in close_pairs(
        a.take(placed_a),
        b.take(placed_b),
        cell_m=options.max_distance_m,
        gap_minutes=options.max_gap_minutes,
    ):
        parts.append(_score(evidence, a, b, placed_a[row_a], placed_b[row_b], ids, options))
    # Without a distance only times that are known to the hour say anything.
    gap_minutes = min(options.max_gap_minutes, HOUR)
    short_a, short_b = (np.flatnonzero(records.length <= HOUR) for records in (a, b))
    lost_a, lost_b = short_a[~a.is_placed[short_a]], short_b[~b.is_placed[short_b]]
    for rows_a, rows_b in ((lost_a, short_b), (np.setdiff1d(short_a, lost_a), lost_b)):
        for row_a, row_b in close_pairs(
            a.take(rows_a), b.take(rows_b), cell_m=None, gap_minutes=gap_minutes
        ):
            one, two = rows_a[row_a], rows_b[row_b]
            alike = evidence.relation(one, two) == SAME
            parts.append(_score(evidence, a, b, one[alike], two[alike], ids, options))
    return sort_pairs(parts)


def _score(
    evidence: Evidence,
    a: Records,
    b: Records,
    row_a: IntArray,
    row_b: IntArray,
    ids: npt.NDArray[np.object_],
    options: LinkOptions,
) -> pd.DataFrame:
    """Return the pairs among those given whose score is high enough."""
    distance_m = np.hypot(a.x[row_a] - b.x[row_b], a.y[row_a] - b.y[row_b])
    near = ~(distance_m > options.max_distance_m)
    row_a, row_b, distance_m = row_a[near], row_b[near], distance_m[near]
    odds = (
        evidence.prior()
        * evidence.time(row_a, row_b)
        * evidence.distance(row_a, row_b, distance_m)
        * evidence.offence(row_a, row_b)
    )
    score = 100.0 * odds / (1.0 + odds)
    kept = score >= options.min_score
    row_a, row_b, distance_m = row_a[kept], row_b[kept], distance_m[kept]
    gap_minutes = gaps(a, b, row_a, row_b)
    relation = evidence.relation(row_a, row_b)
    return make_pairs(
        ids[a.position[row_a]],
        ids[b.position[row_b]],
        distance_m,
        gap_minutes,
        score[kept],
        _reasons(distance_m, gap_minutes, relation),
    )


def _reasons(distance_m: FloatArray, gap_minutes: FloatArray, relation: IntArray) -> list[str]:
    offence = {SAME: SAME_OFFENCE, RELATED: RELATED_OFFENCE}
    found = []
    for apart, gap, how in zip(
        distance_m.tolist(), gap_minutes.tolist(), relation.tolist(), strict=True
    ):
        parts = [OVERLAP] if gap == 0 else []
        if not np.isfinite(apart):
            parts.append(NO_DISTANCE)
        elif apart <= NEAR_M:
            parts.append(NEAR)
        parts.append(offence.get(how, OTHER_OFFENCE))
        found.append(";".join(parts))
    return found
