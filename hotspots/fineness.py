"""How finely a place must be known for an incident to count in areas of a kind.

An incident placed at the middle of its street is known to lie on that street and nowhere finer;
one placed at a district's middle is known to lie in that district. Where a place is known by
measurement, the distance by which it may be off decides.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from hotspots import schema
from hotspots.codes import codes_of

# Methods that give a point, as exact as its precision says.
POINTS: Final = frozenset({"coordinates", "address", "corner", "landmark", "manual"})
# Kind of area → how far a point may be off [m] and still count there: about half the breadth of
# such an area, so that the true place is more likely in it than not. Segments and streets are
# told apart by the axis nearest to the point, neighbouring streets lie 60 to 150 m apart.
MAX_OFF_M: Final[Mapping[str, float]] = MappingProxyType(
    {
        schema.SEGMENT: 50.0,
        schema.STREET: 75.0,
        schema.GRID: 75.0,
        schema.LOCALITY: 75.0,
        schema.PATROL_BEAT: 100.0,
        schema.QUARTER: 100.0,
        schema.DISTRICT: 300.0,
        schema.ELECTORAL_DISTRICT: 300.0,
        schema.TOWN_PART: 1_000.0,
        schema.CADASTRAL_UNIT: 1_000.0,
        schema.MUNICIPALITY: np.inf,
    }
)
# Method that gives an area rather than a point → kinds in which such an incident surely lies.
# Districts (ZSJ) lie whole in a town part and a cadastral unit; town parts and cadastral units
# cross each other, and electoral districts cross all of them.
KNOWN_IN: Final[Mapping[str, frozenset[str]]] = MappingProxyType(
    {
        "street": frozenset({schema.STREET, schema.MUNICIPALITY}),
        "district": frozenset(
            {schema.DISTRICT, schema.TOWN_PART, schema.CADASTRAL_UNIT, schema.MUNICIPALITY}
        ),
        "town_part": frozenset({schema.TOWN_PART, schema.MUNICIPALITY}),
    }
)
# A street counts as a point at its middle too: half its length is how far that may be off.
_ALSO_POINTS: Final = frozenset({"street"})
_COARSE_KINDS: Final = frozenset(
    {schema.DISTRICT, schema.ELECTORAL_DISTRICT, schema.TOWN_PART, schema.CADASTRAL_UNIT}
)


def fine_enough(incidents: pd.DataFrame, kind: str) -> npt.NDArray[np.bool_]:
    """Return which incidents are placed finely enough to count in areas of a kind.

    Parameters
    ----------
    incidents
        k incidents with `place_method` and `place_precision_m` [m]. A point without a stated
        precision is taken as exact. Not modified.
    kind
        One of `schema.AREA_KINDS`.

    Returns
    -------
    fine
        Shape (k,). A street counts on streets whatever its length; in districts, town parts and
        the like only where its middle is off by no more than `MAX_OFF_M`.
    """
    off_m = incidents[schema.PLACE_PRECISION_M].to_numpy(dtype=np.float64)
    near = ~(off_m > MAX_OFF_M[kind])  # NaN is near
    codes, methods = codes_of(incidents[schema.PLACE_METHOD])
    names = [str(method) for method in methods]
    known_in = [kind in KNOWN_IN.get(name, ()) for name in names]
    as_point = [
        name not in KNOWN_IN or (name in _ALSO_POINTS and kind in _COARSE_KINDS) for name in names
    ]
    # Code −1 stands for a missing method: the last answer.
    sure = np.array([*known_in, False], dtype=bool)[codes]
    point = np.array([*as_point, True], dtype=bool)[codes]
    # The middle of a street whose length nobody knows is no exact point.
    vague = np.array([*(name in _ALSO_POINTS for name in names), False], dtype=bool)[codes]
    return np.asarray(sure | (point & near & ~(vague & np.isnan(off_m))), dtype=bool)
