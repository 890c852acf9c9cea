"""Pairs as frames: `schema.PAIR_COLUMNS`, best first."""

import numpy as np
import numpy.typing as npt
import pandas as pd

from hotspots import schema

FloatArray = npt.NDArray[np.float64]


def sort_pairs(parts: list[pd.DataFrame]) -> pd.DataFrame:
    """Return all pairs, best first, then by their ids."""
    filled = [part for part in parts if len(part)]
    if not filled:
        return make_pairs([], [], np.zeros(0), np.zeros(0), np.zeros(0), [])
    return pd.concat(filled, ignore_index=True).sort_values(
        [schema.LINK_SCORE, schema.INCIDENT_A, schema.INCIDENT_B],
        ascending=[False, True, True],
        ignore_index=True,
    )


def make_pairs(
    ones: "list[str] | npt.NDArray[np.object_]",
    twos: "list[str] | npt.NDArray[np.object_]",
    distance_m: FloatArray,
    gap_minutes: FloatArray,
    score: FloatArray,
    reasons: list[str],
) -> pd.DataFrame:
    """Return pairs as a frame, the id that sorts first in `incident_a`."""
    swapped = [one > two for one, two in zip(ones, twos, strict=True)]
    first = [two if turn else one for one, two, turn in zip(ones, twos, swapped, strict=True)]
    second = [one if turn else two for one, two, turn in zip(ones, twos, swapped, strict=True)]
    return pd.DataFrame(
        {
            schema.INCIDENT_A: pd.Series(first, dtype="str"),
            schema.INCIDENT_B: pd.Series(second, dtype="str"),
            schema.DISTANCE_M: np.asarray(distance_m, dtype=np.float64),
            schema.GAP_MINUTES: np.asarray(gap_minutes, dtype=np.float64),
            schema.LINK_SCORE: np.asarray(score, dtype=np.float64),
            schema.REASONS: pd.Series(reasons, dtype="str"),
        }
    )
