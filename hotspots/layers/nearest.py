"""The ground shared out: to each segment what is nearer to it than to any other."""

import math
from typing import Final

import numpy as np
import numpy.typing as npt
import shapely
from scipy.spatial import Delaunay, cKDTree
from shapely.geometry.base import BaseGeometry

from hotspots.layers.network import SAME_M
from hotspots.layers.segments import Segment

# Distance between the points that stand for an axis [m]: the shared edge of two streets is off
# by less than half of it at their crossing, and by less than 1 cm ten metres away.
STEP_M: Final = 1.0
# Coordinates of the polygons are rounded to this [m].
GRID_M: Final = 0.01
# Edges are drawn this many times as far from their points as ground is shared out.
_BEYOND: Final = 4.0

_Shapes = npt.NDArray[np.object_]
_Floats = npt.NDArray[np.float64]
_Rows = npt.NDArray[np.int64]


def share_out(reach: BaseGeometry, segments: list[Segment], *, reach_m: float) -> _Shapes:
    """Return, for each segment, the part of `reach` nearer to it than to any other.

    All polygons are built from one set of lines rounded to 1 cm, so neighbours share every vertex
    of their common edge.

    Parameters
    ----------
    reach
        The ground to share out (EPSG:5514), nowhere farther than `reach_m` from a segment.
    segments
        n segments.
    reach_m
        How far a segment reaches [m].

    Returns
    -------
    polygons
        Shape (n,); empty for a segment that gets nothing.

    References
    ----------
    Okabe, Boots, Sugihara & Chiu (2000), Spatial Tessellations, 2nd ed., ch. 3.5 (line Voronoi
    diagrams approximated by points), doi:10.1002/9780470317013
    """
    shared = np.full(len(segments), shapely.Polygon(), dtype=object)
    if not segments or reach.is_empty:
        return shared
    sites, owners = _sites(segments)
    # Near the origin doubles resolve the diagram best; whole kilometres keep the shift exact.
    origin = np.round(sites.mean(axis=0) / 1000) * 1000
    local = sites - origin
    near = shapely.transform(reach, lambda c: c - origin)
    edges = shapely.multilinestrings(_edges(local, owners, reach_m))
    # As long chains, edges take half the memory and time that they take one by one.
    chains = shapely.get_parts(shapely.line_merge(edges))
    net = shapely.union_all([*chains, shapely.boundary(near)], grid_size=GRID_M)
    faces = shapely.get_parts(shapely.polygonize(shapely.get_parts(net)))
    shapely.prepare(near)
    inside = shapely.point_on_surface(faces)
    held = shapely.intersects(near, inside)
    faces, inside = faces[held], shapely.get_coordinates(inside[held])
    owner = owners[cKDTree(local).query(inside)[1]]
    order = np.argsort(owner, kind="stable")
    starts = np.searchsorted(owner[order], np.arange(len(segments) + 1))
    for i in range(len(segments)):
        own = faces[order[starts[i] : starts[i + 1]]]
        if len(own):
            shared[i] = shapely.coverage_union_all(own)
    moved = shapely.transform(shared, lambda c: np.round(c + origin, 2))
    return np.asarray(shapely.normalize(moved), dtype=object)


def _sites(segments: list[Segment]) -> tuple[_Floats, _Rows]:
    """Return the points standing for the segments, shape (k, 2), and whose they are, shape (k,).

    Points lie half a step off both ends of every piece, so none falls on a crossing. Where two
    segments would have a point at one place, it belongs to the first.
    """
    xy: list[_Floats] = []
    label: list[int] = []
    for i, segment in enumerate(segments):
        if not segment.pieces:
            xy.append(shapely.get_coordinates(segment.line))
            label.append(i)
            continue
        for piece in segment.pieces:
            n = max(1, math.ceil(piece.length / STEP_M))
            along = (np.arange(n) + 0.5) / n * piece.length
            xy.append(shapely.get_coordinates(shapely.line_interpolate_point(piece, along)))
            label.extend([i] * n)
    sites = np.vstack(xy)
    owners = np.array(label, dtype=np.int64)
    _unique, first = np.unique(np.round(sites / SAME_M), axis=0, return_index=True)
    first.sort()
    return sites[first], owners[first]


def _edges(sites: _Floats, owners: _Rows, reach_m: float) -> _Floats:
    """Return the edges of the Voronoi diagram that part two owners, shape (k, 2 ends, 2).

    Two triangles of the Delaunay triangulation with a common side make an edge: it joins the
    middles of their circumscribed circles. Only edges within reach are returned, cut off well
    beyond it.
    """
    margin = _BEYOND * reach_m
    low, high = sites.min(axis=0) - margin, sites.max(axis=0) + margin
    corners = np.array([low, high, [low[0], high[1]], [high[0], low[1]]])
    points = np.vstack([sites, corners])
    mesh = Delaunay(points)
    owner = np.concatenate([owners, [-1, -2, -3, -4]])
    one = np.repeat(np.arange(len(mesh.simplices)), 3)
    other = mesh.neighbors.ravel()
    # The neighbour at place k shares the two vertices that are not at k.
    left, right = (mesh.simplices[:, k].ravel() for k in ([1, 2, 0], [2, 0, 1]))
    parting = (other > one) & (owner[left] != owner[right])
    one, other, left, right = one[parting], other[parting], left[parting], right[parting]
    middle = _circle_middles(points[mesh.simplices[np.concatenate([one, other])]])
    ends = np.stack([middle[: len(one)], middle[len(one) :]], axis=1)
    foot = (points[left] + points[right]) / 2
    half = np.hypot(*(points[left] - points[right]).T) / 2
    along = points[right] - points[left]
    along = np.column_stack([-along[:, 1], along[:, 0]]) / np.hypot(*along.T)[:, None]
    # Where on the line between the two points the edge begins and ends, from their middle [m].
    where = np.einsum("ijk,ik->ij", ends - foot[:, None], along)
    where.sort(axis=1)
    nearest = np.clip(0.0, where[:, 0], where[:, 1])
    within = np.isfinite(where).all(axis=1) & (np.hypot(half, nearest) <= 1.1 * reach_m)
    return _cut_off(ends[within], foot[within], along[within], margin)


def _cut_off(ends: _Floats, foot: _Floats, along: _Floats, margin_m: float) -> _Floats:
    """Return edges without what lies farther than `margin_m` from the middle of their points."""
    where = np.einsum("ijk,ik->ij", ends - foot[:, None], along)
    short = np.clip(where, -margin_m, margin_m)
    moved = foot[:, None] + short[:, :, None] * along[:, None]
    # Ends within the margin stay as they are, to the last digit: neighbours share them.
    return np.where((short != where)[:, :, None], moved, ends)


def _circle_middles(triangles: _Floats) -> _Floats:
    """Return the middles of the circles through the corners of triangles, shape (k, 2).

    Endless for a triangle without area.
    """
    a = triangles[:, 0]
    b, c = triangles[:, 1] - a, triangles[:, 2] - a
    twice = 2 * (b[:, 0] * c[:, 1] - b[:, 1] * c[:, 0])
    bb, cc = (b**2).sum(axis=1), (c**2).sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        x = (c[:, 1] * bb - b[:, 1] * cc) / twice
        y = (b[:, 0] * cc - c[:, 0] * bb) / twice
    return np.asarray(a + np.column_stack([x, y]))
