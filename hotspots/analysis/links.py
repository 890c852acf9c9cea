"""Pairs of incidents for a person to decide upon: what both say, and how likely they are one."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from hotspots import schema
from hotspots.analysis.events import events_of
from hotspots.cells import visible
from hotspots.errors import NotFoundError, ParameterError
from hotspots.i18n import _
from hotspots.link import COLUMNS_READ, LinkOptions, find_pairs
from hotspots.link.options import PROBABLE
from hotspots.store.decisions import DISMISSED, LINKED, RELEASED, Decision

if TYPE_CHECKING:
    from hotspots.store import Store

OPEN: Final = "open"
ALL: Final = "all"
STATES: Final = (OPEN, schema.CONFIRMED_LINK, schema.DISMISSED_LINK, ALL)
# From this score on a pair is shown to a person, unless another is asked for.
MIN_SCORE: Final = 20.0
# Columns of `join_decided`.
N_RECORDS: Final = "n_records"
CONTRADICTED: Final = "is_contradicted"
LINK_DECISIONS: Final = (LINKED, DISMISSED, RELEASED)
READ: Final = (*COLUMNS_READ, schema.OFFENCE_DETAIL)
# Of the source's own words so many characters are shown.
LONGEST_WORDS: Final = 120


@dataclass(frozen=True)
class Side:
    """One incident of a pair, without its note.

    Attributes
    ----------
    incident_id
        Its id.
    source_label
        Its source, for a reader.
    first, last
        Europe/Prague wall clock; None where unknown.
    time_precision
        One of `schema.TIME_PRECISIONS`.
    groups
        Offence groups.
    offence_words
        The source's own words of the offence, cut at `LONGEST_WORDS`; may be empty.
    place_text
        What its file says of the place; may be empty.
    place_method
        One of `schema.PLACE_METHODS`.
    place_precision_m
        How far the place may be off [m]; None where not stated.
    displaced
        Whether its publisher moved it.
    """

    incident_id: str
    source_label: str
    first: datetime | None
    last: datetime | None
    time_precision: str
    groups: tuple[str, ...]
    offence_words: str
    place_text: str
    place_method: str
    place_precision_m: float | None
    displaced: bool


@dataclass(frozen=True)
class Pair:
    """Two incidents that may be one event.

    Attributes
    ----------
    one, two
        The incidents; the id of `one` sorts first.
    distance_m
        Between their places [m]; None where one is unknown or displaced.
    gap_minutes
        Between their times [min]; None for a decided pair that is no candidate (any more).
    score
        0 to 100; None for a decided pair without one.
    reasons
        Keys of `hotspots.link.pairs` and `hotspots.link.duplicates`.
    state
        ``open``, `schema.CONFIRMED_LINK` or `schema.DISMISSED_LINK`.
    decided_by, decided_at
        Who decided and when (ISO, UTC); empty while open.
    n_records
        How many records are one event where the pair is confirmed: those that other links join
        to either, too.
    is_contradicted
        Whether the pair was dismissed, yet other links join the two to one event.
    """

    one: Side
    two: Side
    distance_m: float | None
    gap_minutes: float | None
    score: float | None
    reasons: tuple[str, ...]
    state: str
    decided_by: str
    decided_at: str
    n_records: int = 2
    is_contradicted: bool = False

    @property
    def is_probable(self) -> bool:
        """Whether the score calls the pair probable, not only possible."""
        return self.score is not None and self.score >= PROBABLE


def candidates(store: "Store", *, near_duplicates: bool = False) -> pd.DataFrame:
    """Return all pairs that may be one event, decided or not, in `schema.PAIR_COLUMNS`.

    Parameters
    ----------
    store
        An open store.
    near_duplicates
        Pairs inside each source instead of pairs of two sources.
    """
    incidents = store.read_incidents(columns=(*COLUMNS_READ, schema.OFFENCE_DETAIL))
    return find_pairs(
        incidents, within_source=near_duplicates, options=LinkOptions(min_score=MIN_SCORE / 2)
    )


def join_decided(pairs: pd.DataFrame, links: pd.DataFrame, *, within_source: bool) -> pd.DataFrame:
    """Return candidates and decided pairs together, with what was decided.

    Parameters
    ----------
    pairs
        `schema.PAIR_COLUMNS`.
    links
        `schema.LINK_COLUMNS`; those inside one source only where `within_source`, those of two
        sources only where not.

    Returns
    -------
    joined
        `schema.PAIR_COLUMNS` and `link_state` (``open`` where not decided), `decided_by`,
        `decided_at`, `n_records` (of the event that the pair makes where it is confirmed) and
        `is_contradicted` (dismissed, yet joined by other links); in the order of `pairs`,
        decided pairs that are no candidates last. Open pairs that other links join are left out:
        they are one event already.
    """
    inside = _source_of(links[schema.INCIDENT_A]) == _source_of(links[schema.INCIDENT_B])
    own = links[inside if within_source else ~inside]
    key = [schema.INCIDENT_A, schema.INCIDENT_B]
    joined = pairs.merge(own.drop(columns=schema.LINK_SCORE), on=key, how="left")
    known = pd.MultiIndex.from_frame(pairs[key])
    lone = own[~pd.MultiIndex.from_frame(own[key]).isin(known)]
    if len(lone):
        lone = lone.assign(
            **{schema.DISTANCE_M: np.nan, schema.GAP_MINUTES: np.nan, schema.REASONS: ""}
        )
        joined = pd.concat([joined, lone[joined.columns]], ignore_index=True)
    for column in (schema.LINK_STATE, schema.DECIDED_BY, schema.DECIDED_AT):
        joined[column] = joined[column].fillna(OPEN if column == schema.LINK_STATE else "")
    joined[N_RECORDS], one_event = events_of(joined, links)
    joined[CONTRADICTED] = one_event & (joined[schema.LINK_STATE] == schema.DISMISSED_LINK)
    return joined[~one_event | (joined[schema.LINK_STATE] != OPEN)].reset_index(drop=True)


def choose_pairs(
    joined: pd.DataFrame, *, state: str = OPEN, min_score: float = MIN_SCORE
) -> pd.DataFrame:
    """Return the pairs of a state; those that are open, of at least `min_score` only.

    Raises
    ------
    ParameterError
        The state is unknown, or the score not within 0 to 100.
    """
    if state not in STATES:
        raise ParameterError(
            _("state '{state}' is unknown; choose from: {known}").format(
                state=state[:40], known=", ".join(STATES)
            )
        )
    if not 0 <= min_score <= 100:
        raise ParameterError(
            _("the score must lie between 0 and 100, got {value}").format(value=min_score)
        )
    is_open = joined[schema.LINK_STATE] == OPEN
    shown = ~is_open | (joined[schema.LINK_SCORE] >= min_score)
    if state != ALL:
        shown &= joined[schema.LINK_STATE] == state
    return joined[shown].reset_index(drop=True)


def list_pairs(
    store: "Store",
    *,
    near_duplicates: bool = False,
    state: str = OPEN,
    min_score: float = MIN_SCORE,
    first: int = 0,
    limit: int | None = None,
) -> list[Pair]:
    """Return pairs that may be one event, the most likely first.

    Parameters
    ----------
    store
        An open store.
    near_duplicates
        Pairs inside each source instead of pairs of two sources.
    state
        ``open`` (not decided), ``confirmed``, ``dismissed`` or ``all``.
    min_score
        Of pairs not decided, 0 to 100; below 10 there are none.
    first, limit
        Which of them: so many from the one numbered `first`, counted from 0; None means all.

    Raises
    ------
    ParameterError
        As `choose_pairs`.
    """
    pairs = candidates(store, near_duplicates=near_duplicates)
    joined = join_decided(pairs, store.read_links(), within_source=near_duplicates)
    chosen = choose_pairs(joined, state=state, min_score=min_score)
    stop = None if limit is None else first + limit
    return describe_pairs(store, chosen.iloc[first:stop])


def describe_pairs(store: "Store", pairs: pd.DataFrame) -> list[Pair]:
    """Return pairs of `choose_pairs` with what both incidents say; a pair that is gone lacks."""
    wanted = {*pairs[schema.INCIDENT_A], *pairs[schema.INCIDENT_B]}
    if not wanted:
        return []
    labels = {source.source_id: source.label for source in store.sources()}
    names = sorted({name.partition(":")[0] for name in wanted} & set(labels))
    incidents = store.read_incidents(sources=names, columns=READ)
    rows = incidents[incidents[schema.INCIDENT_ID].isin(wanted)]
    sides = {
        str(row[schema.INCIDENT_ID]): _side({str(k): v for k, v in row.items()}, labels)
        for row in rows.to_dict(orient="records")
    }
    found = []
    for pair in pairs.to_dict(orient="records"):
        one, two = sides.get(pair[schema.INCIDENT_A]), sides.get(pair[schema.INCIDENT_B])
        if one is None or two is None:
            continue
        found.append(
            Pair(
                one,
                two,
                _known(pair[schema.DISTANCE_M]),
                _known(pair[schema.GAP_MINUTES]),
                _known(pair[schema.LINK_SCORE]),
                tuple(filter(None, str(pair[schema.REASONS]).split(";"))),
                str(pair[schema.LINK_STATE]),
                str(pair[schema.DECIDED_BY]),
                str(pair[schema.DECIDED_AT]),
                int(pair[N_RECORDS]),
                bool(pair[CONTRADICTED]),
            )
        )
    return found


def decide(
    store: "Store",
    one: str,
    two: str,
    *,
    state: str,
    user: str,
    score: float | None = None,
    seen: int | None = None,
) -> int:
    """Say of two incidents whether they are one event; return the decision's number.

    `seen` is what `Store.decide_links` takes.

    Raises
    ------
    NotFoundError
        There is no such incident.
    ParameterError
        The two are one incident, or the state is unknown.
    StaleDecisionError
        The pair was decided upon since the decision `seen`.
    """
    return store.decide_links(
        [(one, two, score)],
        state=state,
        user=user,
        subject=" = ".join(sorted((one, two))),
        seen=seen,
    )


def score_of(pairs: pd.DataFrame, one: str, two: str) -> float | None:
    """Return the score of two incidents among candidates, None where they are none."""
    first, second = sorted((one, two))
    found = pairs.loc[
        (pairs[schema.INCIDENT_A] == first) & (pairs[schema.INCIDENT_B] == second),
        schema.LINK_SCORE,
    ]
    return float(found.iloc[0]) if len(found) else None


def undo(store: "Store", decision_key: int, *, user: str) -> Decision:
    """Take back one decision about a pair and return it.

    Raises
    ------
    NotFoundError
        There is no such decision about a pair.
    ParameterError
        It is undone already, or a later one stands on it.
    """
    found = find_decision(store, decision_key)
    if found is None:
        raise NotFoundError(
            _("there is no decision {number} about a pair").format(number=decision_key)
        )
    store.undo_decision(decision_key, user=user)
    return found


def _side(row: dict[str, object], labels: dict[str, str]) -> Side:
    source = str(row[schema.SOURCE])
    off_m = row[schema.PLACE_PRECISION_M]
    return Side(
        incident_id=str(row[schema.INCIDENT_ID]),
        source_label=labels.get(source, source),
        first=_moment(row[schema.OCCURRED_FROM]),
        last=_moment(row[schema.OCCURRED_TO]),
        time_precision=str(row[schema.TIME_PRECISION]),
        groups=tuple(filter(None, str(row[schema.OFFENCE_GROUPS]).split(";"))),
        offence_words=_cut(visible(_text(row[schema.OFFENCE_DETAIL]))),
        place_text=_text(row[schema.PLACE_TEXT]),
        place_method=str(row[schema.PLACE_METHOD]),
        place_precision_m=_known(off_m),
        displaced=bool(row[schema.DISPLACED]),
    )


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST_WORDS else text[: LONGEST_WORDS - 1].rstrip() + "…"


def _moment(value: object) -> datetime | None:
    found = pd.Timestamp(value)  # type: ignore[arg-type]
    return None if pd.isna(found) else found.to_pydatetime()


def _known(value: object) -> float | None:
    number = float(value)  # type: ignore[arg-type]
    return number if np.isfinite(number) else None


def _source_of(ids: Iterable[str]) -> "np.ndarray[tuple[int], np.dtype[np.object_]]":
    return np.array([str(name).partition(":")[0] for name in ids], dtype=object)


def decisions(store: "Store", *, limit: int = 20, skip: int = 0) -> Sequence[Decision]:
    """Return the last decisions about pairs, newest first, without the newest `skip`."""
    return store.decisions(limit=limit, kinds=LINK_DECISIONS, skip=skip)


def find_decision(store: "Store", decision_key: int) -> Decision | None:
    """Return a decision about a pair by its number, None where there is none."""
    try:
        found = store.decision(decision_key)
    except NotFoundError:
        return None
    return found if found.kind in LINK_DECISIONS else None
