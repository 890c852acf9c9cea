"""Invalid polygons made valid: the two ways to read one, and how much of its ground changes."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import shapely

from hotspots.layers.checks.coverage_faults import Shapes, only_polygons

_Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Readings:
    """What n invalid polygons may have meant.

    Attributes
    ----------
    by_lines
        All that their lines enclose, whether as outer ring or as hole; a ring within a ring is a
        hole.
    by_rings
        Their outer rings, joined, without their holes.
    """

    by_lines: Shapes
    by_rings: Shapes


def read_invalid(shapes: Shapes) -> Readings:
    """Return polygons as valid ones, without lines and points; empty where nothing is left.

    Parameters
    ----------
    shapes
        n polygons or multi-polygons, valid or not, with finite coordinates.

    References
    ----------
    GEOS, MakeValid: methods linework and structure.
    """
    return Readings(
        only_polygons(shapely.make_valid(shapes, method="linework")),
        only_polygons(shapely.make_valid(shapes, method="structure", keep_collapsed=False)),
    )


def changes_more(before_m2: _Floats, after_m2: _Floats, *, share: float) -> npt.NDArray[np.bool_]:
    """Say which areas [m²] change by more than a share of what they were."""
    return np.asarray(~(np.abs(after_m2 - before_m2) <= share * before_m2), dtype=bool)
