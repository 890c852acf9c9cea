"""Ids of segments that say where they lie, and that a stretch keeps from version to version."""

from collections.abc import Iterable
from typing import Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
from shapely.geometry.base import BaseGeometry

from hotspots import schema
from hotspots.crs import require_5514
from hotspots.errors import SchemaError
from hotspots.i18n import _

# A new and a former segment are the same stretch when at least this share of each one's length ...
SAME_SHARE: Final = 0.8
# ... lies within this distance of the other [m].
SAME_STRETCH_M: Final = 10.0
# No street has as many segments.
_MOST: Final = 1e6

_Shapes = npt.NDArray[np.object_]


class FormerSegments:
    """The segments of an earlier version, street by street.

    Parameters
    ----------
    former
        `area_id` (`street/…`, in any form) and lines (or points), EPSG:5514; None where there is
        no earlier version. Not modified.

    Raises
    ------
    CRSError
        `former` is not in EPSG:5514.
    SchemaError
        A column is missing.
    """

    def __init__(self, former: gpd.GeoDataFrame | None) -> None:
        self._by_street: dict[str, tuple[npt.NDArray[np.object_], _Shapes]] = {}
        self.ids: frozenset[str] = frozenset()
        if former is None:
            return
        missing = [n for n in (schema.AREA_ID, schema.GEOMETRY) if n not in former.columns]
        if missing:
            raise SchemaError(
                _("the former segments lack the columns {names}").format(names=", ".join(missing))
            )
        require_5514(former.crs, what=_("the layer of former segments"))
        ids = former[schema.AREA_ID].astype(str).to_numpy(dtype=object)
        self.ids = frozenset(ids)
        shapes = shapely.force_2d(np.asarray(former.geometry.array, dtype=object))
        usable = ~(shapely.is_missing(shapes) | shapely.is_empty(shapes))
        street = np.array([str(name).rpartition("/")[0] for name in ids], dtype=object)
        order = np.lexsort((ids, street))
        order = order[usable[order]]
        starts = np.flatnonzero(np.r_[True, street[order][1:] != street[order][:-1]])
        for own in np.split(order, starts[1:]) if len(order) else []:
            self._by_street[street[own[0]]] = (ids[own], shapes[own])

    def of(self, street_id: str) -> tuple[npt.NDArray[np.object_], _Shapes]:
        """Return the ids and lines of a street's former segments, sorted by id; maybe none."""
        none = np.empty(0, dtype=object)
        return self._by_street.get(street_id, (none, none))


def name_segments(
    street_ids: npt.NDArray[np.object_],
    lines: _Shapes,
    former: FormerSegments,
    *,
    given: frozenset[str] = frozenset(),
) -> npt.NDArray[np.object_]:
    """Return an id for every segment, all different.

    A segment takes the id of the former segment of its street that is the same stretch: at least
    80 % of each one's length lies within 10 m of the other; where several are, the closest pairs
    first. Any other is named after its middle, `street/Y-X` in whole positive metres of S-JTSK,
    with a number behind it where that name is taken, by whatever stretch and whenever.

    Parameters
    ----------
    street_ids
        Street of each of n segments.
    lines
        Their axes, EPSG:5514 [m]; lines or points.
    former
        Segments of the version before.
    given
        Ids of segments of still earlier versions, which no new one gets.

    Returns
    -------
    ids
        Shape (n,), texts.
    """
    names = np.full(len(lines), "", dtype=object)
    for street, own in pd.Series(street_ids).groupby(street_ids).indices.items():
        old_ids, old_lines = former.of(str(street))
        for new, old in _same_stretches(lines[own], old_lines):
            names[own[new]] = old_ids[old]
    taken = {*former.ids, *given, *names}
    for k in np.flatnonzero(names == ""):
        names[k] = _free(position_id(str(street_ids[k]), lines[k]), taken)
        taken.add(names[k])
    return names


def position_id(street_id: str, line: BaseGeometry) -> str:
    """Return the id that a segment's place gives it: `street:161535/543216-1050790`.

    The place is the middle of its axis (of the longest line of several), rounded to the metre,
    positive S-JTSK Y and X.
    """
    parts = shapely.get_parts(line)
    # Lines equally long but for rounding must not change places.
    longest = max(parts, key=lambda part: (round(part.length, 3), *(-b for b in part.bounds)))
    middle = (
        longest
        if longest.geom_type == "Point"
        else shapely.line_interpolate_point(longest, 0.5, normalized=True)
    )
    return f"{street_id}/{round(-middle.x)}-{round(-middle.y)}"


def number_segments(street_ids: npt.NDArray[np.object_]) -> npt.NDArray[np.int64]:
    """Return each segment's number along its street from 1, given in order along the streets."""
    numbers = pd.Series(street_ids).groupby(street_ids).cumcount().to_numpy() + 1
    return np.asarray(numbers, dtype=np.int64)


def with_segment_numbers(segments: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return a layer of segments with `segment_number` for every one.

    Layers made before there was such a column, or added to by hand, lack it: then it is the number
    in an id like `street:161535/03`, else the next free number of the street, in order of ids.

    Parameters
    ----------
    segments
        Area frame of kind `segment`. Not modified.

    Returns
    -------
    segments
        A copy; `segment_number` is int64, of at least 1.

    Raises
    ------
    SchemaError
        `segment_number` holds something else than whole numbers of at least 1.
    """
    known = pd.Series(np.nan, index=segments.index)
    if schema.SEGMENT_NUMBER in segments.columns:
        known = pd.to_numeric(segments[schema.SEGMENT_NUMBER], errors="coerce")
        whole = (known >= 1) & (known < _MOST) & (known % 1 == 0)
        wrong = segments[schema.SEGMENT_NUMBER].notna() & ~whole
        if wrong.any():
            raise SchemaError(
                _("segments must be numbered 1, 2, 3, …; these are not: {names}").format(
                    names=", ".join(segments.loc[wrong, schema.AREA_ID].astype(str).iloc[:5])
                )
            )
    ending = segments[schema.AREA_ID].astype(str).str.rsplit("/", n=1).str[-1]
    from_id = pd.to_numeric(ending.where(ending.str.fullmatch(r"[0-9]{1,9}")), errors="coerce")
    known = known.fillna(from_id.where(from_id >= 1))
    filled = segments.copy()
    street = segments[schema.STREET_ID].fillna("")
    highest = known.groupby(street).transform("max").fillna(0)
    blank = segments.loc[known.isna(), schema.AREA_ID].sort_values()
    following = blank.groupby(street[blank.index]).cumcount() + 1
    known = known.fillna(following.reindex(segments.index) + highest)
    filled[schema.SEGMENT_NUMBER] = known.astype(np.int64)
    return filled


def _same_stretches(new: _Shapes, old: _Shapes) -> Iterable[tuple[int, int]]:
    """Return pairs (row of `new`, row of `old`) that are the same stretch, each row once."""
    if not len(old):
        return []
    a, b = shapely.STRtree(old).query(new, predicate="dwithin", distance=SAME_STRETCH_M)
    there = _share_near(new[a], old[b])
    back = _share_near(old[b], new[a])
    same = (there >= SAME_SHARE) & (back >= SAME_SHARE)
    a, b = a[same], b[same]
    likeness = np.round((there + back)[same], 6)
    apart = np.round(shapely.distance(shapely.centroid(new[a]), shapely.centroid(old[b])), 3)
    pairs: list[tuple[int, int]] = []
    used_new: set[int] = set()
    used_old: set[int] = set()
    for k in np.lexsort((a, b, apart, -likeness)):
        i, j = int(a[k]), int(b[k])
        if i not in used_new and j not in used_old:
            used_new.add(i)
            used_old.add(j)
            pairs.append((i, j))
    return pairs


def _share_near(lines: _Shapes, others: _Shapes) -> npt.NDArray[np.float64]:
    """Return which share of each line lies within 10 m of the other; a point lies there whole."""
    around = shapely.buffer(others, SAME_STRETCH_M)
    inside = shapely.length(shapely.intersection(lines, around))
    length = shapely.length(lines)
    # The pairs come from a search within that distance, so a point is near.
    share: npt.NDArray[np.float64] = np.ones(len(length))
    np.divide(inside, length, out=share, where=length > 0)
    return share


def _free(name: str, taken: set[str]) -> str:
    if name not in taken:
        return name
    number = 2
    while f"{name}-{number}" in taken:
        number += 1
    return f"{name}-{number}"
