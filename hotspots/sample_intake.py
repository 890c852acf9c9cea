"""What makes made-up files like real ones: places in words, and events that two sources saw."""

from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from hotspots import offences
from hotspots.place_text import fold

# Words that name no place by themselves; they wait for a person. None is a real place.
VAGUE_PLACES: Final = (
    "za garážemi",
    "u kontejnerů",
    "na hřišti",
    "u lávky",
    "v parku u altánu",
    "parkoviště za prodejnou",
    "",
)
_SHARE_VAGUE: Final = 0.45
# How a street is written when nobody looks at a map.
_FORMS: Final = ("ul. {name}", "{name} ulice", "{name}", "ulice {name}, Jeseník")
SHARED_EVENTS: Final = 60
_APART_M: Final = 8.0
_APART_MIN: Final = 12
_SHARED_GROUPS: Final = (offences.PUBLIC_ORDER, offences.COEXISTENCE, offences.ORDINANCE)
# Columns of the working tables of `hotspots.sample` before they are written.
DAY: Final = "day"
MINUTE: Final = "minute"  # of the day, −1 where unknown
GROUP: Final = "group"
EAST: Final = "x"
NORTH: Final = "y"
STREET: Final = "street"


def say_places(
    names: list[str], is_placed: npt.NDArray[np.bool_], *, rng: np.random.Generator
) -> list[str]:
    """Return the text of each incident's place: the street's name where it has coordinates.

    Without coordinates the text is all there is: some name the street in one of the usual ways,
    with or without diacritics, some say nothing that a map knows.

    Parameters
    ----------
    names
        Street of each of n incidents.
    is_placed
        Shape (n,): whether it has coordinates.
    rng
        Where chance comes from.
    """
    said = []
    for name, placed in zip(names, is_placed.tolist(), strict=True):
        if placed:
            said.append(name)
        elif rng.random() < _SHARE_VAGUE:
            said.append(VAGUE_PLACES[int(rng.integers(len(VAGUE_PLACES)))])
        else:
            text = _FORMS[int(rng.integers(len(_FORMS)))].format(name=name)
            said.append(fold(text) if rng.random() < 0.5 else text)
    return said


def share_events(
    seen_by: pd.DataFrame, also_by: pd.DataFrame, *, rng: np.random.Generator
) -> pd.DataFrame:
    """Return `also_by` with some incidents moved to where and when `seen_by` has one.

    So an assistant and the police report the same event, some metres and minutes apart; how many
    incidents each source has stays as it was.

    Parameters
    ----------
    seen_by, also_by
        Working tables (`day`, `minute`, `group`, `x`, `y`, `street`); not modified. EPSG:5514 [m].
    rng
        Where chance comes from.
    """
    told = also_by.copy()
    days = set(also_by[DAY])
    fits = seen_by[GROUP].isin(_SHARED_GROUPS) & (seen_by[MINUTE] >= 0) & seen_by[EAST].notna()
    events = seen_by[fits & seen_by[DAY].isin(days)]
    chosen = events.sample(min(SHARED_EVENTS, len(events)), random_state=rng)
    free: dict[str, list[Any]] = {
        str(group): list(rows.index[rows[EAST].notna() & (rows[MINUTE] >= 0)])
        for group, rows in also_by.groupby(GROUP)
    }
    for event in chosen.to_dict("records"):
        own = free.get(str(event[GROUP]), [])
        if not own:
            continue
        at = own.pop(int(rng.integers(len(own))))
        minute = int(event[MINUTE]) + int(rng.integers(-_APART_MIN, _APART_MIN + 1))
        told.loc[at, [DAY, STREET]] = [event[DAY], event[STREET]]
        told.loc[at, MINUTE] = min(max(minute, 0), 24 * 60 - 1)
        told.loc[at, EAST] = float(event[EAST]) + rng.normal(0, _APART_M)
        told.loc[at, NORTH] = float(event[NORTH]) + rng.normal(0, _APART_M)
    return told
