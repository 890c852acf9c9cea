"""Near-duplicates inside one source: the same event written down twice under two references."""

from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from hotspots import schema
from hotspots.link.blocking import gaps
from hotspots.link.frames import make_pairs, sort_pairs
from hotspots.link.records import HOUR, IntArray, Records, make_records
from hotspots.place_text import place_key

# So close lie two places that may be one [m].
NEAR_M: Final = 30.0
# An incident is compared with so many of the next ones at its place: a file of a million lines
# all alike is told by the first.
AT_MOST: Final = 5
SAME_PLACE = "same_place_text"
NEAR = "near"
OVERLAP = "overlap"
SAME_OFFENCE = "same_offence"
_TEXT_SCORE: Final = 60.0
_PLACE_BONUS: Final = 20.0
_TIME_BONUS: Final = 20.0


def find_near_duplicates(incidents: pd.DataFrame) -> pd.DataFrame:
    """Return pairs of incidents of one source that look like one event written down twice.

    Their times overlap (a time of day precision overlaps with its whole day), they have an
    offence group in common, and they lie within 30 m, or, where one of them has no exact place,
    have the same text of a place. The score is no probability: 60, and 20 more each where both
    times are known to the hour and where both places are known to 30 m.

    Parameters
    ----------
    incidents
        Of one source, with `hotspots.link.COLUMNS_READ`. Not modified.

    Returns
    -------
    pairs
        `schema.PAIR_COLUMNS`, best first. At one place each is compared with the next five in
        time only.
    """
    records, one, two, by_text = _alike(incidents)
    if not len(one):
        return sort_pairs([])
    ids = incidents[schema.INCIDENT_ID].astype(str).to_numpy(dtype=object)
    distance_m = np.hypot(records.x[one] - records.x[two], records.y[one] - records.y[two])
    sure = (records.length[one] <= HOUR) & (records.length[two] <= HOUR)
    score = _TEXT_SCORE + _TIME_BONUS * sure + _PLACE_BONUS * ~by_text
    return sort_pairs(
        [
            make_pairs(
                ids[records.position[one]],
                ids[records.position[two]],
                distance_m,
                gaps(records, records, one, two),
                score,
                [
                    ";".join((OVERLAP, SAME_PLACE if text else NEAR, SAME_OFFENCE))
                    for text in by_text.tolist()
                ],
            )
        ]
    )


def count_near_duplicates(incidents: pd.DataFrame) -> int:
    """Return how many incidents look like an earlier one of the same source, each once.

    Parameters
    ----------
    incidents
        Of one or more sources, with `hotspots.link.COLUMNS_READ`. Not modified.

    Returns
    -------
    n_near_duplicates
        Incidents with another before them that looks the same: three of one event are two.
    """
    n = 0
    sources = incidents[schema.SOURCE].astype(str).to_numpy(dtype=object)
    for name in sorted(set(sources)):
        own = incidents if (sources == name).all() else incidents[sources == name]
        _records, _one, two, _by_text = _alike(own)
        n += len(np.unique(two))
    return n


def _alike(
    incidents: pd.DataFrame,
) -> tuple[Records, IntArray, IntArray, npt.NDArray[np.bool_]]:
    """Return the records, and pairs of them that are alike; last, which by their texts."""
    records = make_records(incidents)
    nothing = np.zeros(0, dtype=np.int64)
    if len(records) < 2:
        return records, nothing, nothing, np.zeros(0, dtype=bool)
    exact = records.is_placed & (records.off_m <= NEAR_M)
    shares = _shares_group(records.groups)
    found: list[tuple[IntArray, IntArray, bool]] = []
    rows = np.flatnonzero(exact)
    x, y = records.x[rows], records.y[rows]
    # Two places within 30 m share a cell of 60 m in one of four grids, each moved by half a cell.
    cells: list[IntArray] = []
    for east, north in ((0, 0), (0, 1), (1, 0), (1, 1)):
        column = np.floor((x + east * NEAR_M) / (2 * NEAR_M)).astype(np.int64)
        row = np.floor((y + north * NEAR_M) / (2 * NEAR_M)).astype(np.int64)
        cell = column * np.int64(2**31) + row
        one, two = _next_in_time(records.take(rows), cell)
        new = np.hypot(x[one] - x[two], y[one] - y[two]) <= NEAR_M
        for former in cells:
            new &= former[one] != former[two]
        cells.append(cell)
        found.append((rows[one[new]], rows[two[new]], False))
    keys = _text_keys(incidents[schema.PLACE_TEXT].iloc[records.position], exact)
    rows = np.flatnonzero(keys >= 0)
    one, two = _next_in_time(records.take(rows), keys[rows])
    one, two = rows[one], rows[two]
    vague = ~(exact[one] & exact[two])
    found.append((one[vague], two[vague], True))
    ones = np.concatenate([one for one, _two, _text in found])
    twos = np.concatenate([two for _one, two, _text in found])
    by_text = np.concatenate([np.full(len(one), text) for one, _two, text in found])
    alike = shares[records.group[ones], records.group[twos]]
    return records, ones[alike], twos[alike], by_text[alike]


def _next_in_time(records: Records, place: IntArray) -> tuple[IntArray, IntArray]:
    """Return pairs of records of the same `place` (a number) whose times overlap."""
    order = np.lexsort((records.group, records.begin, place))
    place, begin = place[order], records.begin[order]
    end = begin + records.length[order]
    open_yet = np.arange(len(order), dtype=np.int64)
    ones, twos = [], []
    for step in range(1, AT_MOST + 1):
        open_yet = open_yet[open_yet + step < len(order)]
        other = open_yet + step
        open_yet = open_yet[(place[other] == place[open_yet]) & (begin[other] < end[open_yet])]
        if not len(open_yet):
            break
        ones.append(order[open_yet])
        twos.append(order[open_yet + step])
    if not ones:
        return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)
    return np.concatenate(ones), np.concatenate(twos)


def _text_keys(texts: pd.Series, exact: npt.NDArray[np.bool_]) -> IntArray:
    """Return a number for each text of a place, −1 where it cannot tell anything.

    Only texts of incidents without an exact place are asked for, and those equal to them.
    """
    codes, names = pd.factorize(texts.astype(str))
    asked = np.zeros(len(names) + 1, dtype=bool)
    asked[codes[~exact]] = True
    number: dict[str, int] = {}
    keys = np.full(len(names) + 1, -1, dtype=np.int64)
    for code, name in enumerate(names):
        key = place_key(str(name)) if asked[code] else ""
        if key:
            keys[code] = number.setdefault(key, len(number))
    return keys[codes]


def _shares_group(groups: tuple[frozenset[str], ...]) -> npt.NDArray[np.bool_]:
    return np.array([[bool(one & two) for two in groups] for one in groups], dtype=bool).reshape(
        len(groups), len(groups)
    )
