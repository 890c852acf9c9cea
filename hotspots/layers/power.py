"""Sharing a territory out among sites: Voronoi and power diagrams with given cell areas."""

from typing import Final

import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry import Polygon
from shapely.geometry.base import BaseGeometry

from hotspots.errors import ParameterError
from hotspots.i18n import _

# Vertices are rounded to this before polygons are built, so neighbours keep their shared edge [m].
GRID_M: Final = 0.01
MAX_STEPS: Final = 200
MIN_STEP: Final = 1e-9

_Floats = npt.NDArray[np.float64]
_Shapes = npt.NDArray[np.object_]


def share_by_area(
    territory: BaseGeometry, sites: _Floats, areas_m2: _Floats, *, tolerance: float = 0.002
) -> _Shapes:
    """Return the power diagram of `sites` whose cells have the given areas.

    A power diagram is a Voronoi diagram with a weight per site: a point belongs to the site with
    the least squared distance minus weight. For any distinct sites and areas that sum up to the
    territory's there is exactly one; its weights are found by damped Newton steps.

    Parameters
    ----------
    territory
        Polygon [m].
    sites
        Shape (n, 2), all different [m]. A site need not lie in its own cell.
    areas_m2
        Shape (n,), above zero; scaled so that their sum is the territory's area.
    tolerance
        Largest share by which a cell may miss its area.

    Returns
    -------
    cells
        n polygons (or MultiPolygons where the territory is not convex), without overlap or gap,
        coordinates rounded to 1 cm.

    Raises
    ------
    ParameterError
        Sites coincide, an area is not positive, or the weights do not converge.

    References
    ----------
    Aurenhammer, Hoffmann & Aronov (1998), doi:10.1007/PL00009187;
    Kitagawa, Mérigot & Thibert (2019), doi:10.4171/JEMS/889
    """
    targets, points, local, origin = _prepare(territory, sites, areas_m2)
    weights, cells = _solve(local, points, targets, tolerance)
    return _coverage(territory, cells, sites, weights, origin)


def share_by_distance(territory: BaseGeometry, sites: _Floats) -> _Shapes:
    """Return the Voronoi cells of `sites` in `territory`: who is nearest, cut at the border.

    Parameters
    ----------
    territory
        Polygon [m].
    sites
        Shape (n, 2), all different [m].

    Returns
    -------
    cells
        n polygons without overlap or gap, coordinates rounded to 1 cm.

    Raises
    ------
    ParameterError
        Sites coincide.
    """
    if len(np.unique(sites, axis=0)) != len(sites):
        raise ParameterError(_("sites must all be different"))
    origin = np.asarray(territory.centroid.coords)[0]
    local = shapely.transform(territory, lambda c: c - origin)
    weights = np.zeros(len(sites))
    cells = _cells(local, np.asarray(sites, dtype=np.float64) - origin, weights)
    return _coverage(territory, cells, sites, weights, origin)


def _prepare(
    territory: BaseGeometry, sites: _Floats, areas_m2: _Floats
) -> tuple[_Floats, _Floats, BaseGeometry, _Floats]:
    """Return checked target areas, and sites and territory moved near the origin."""
    targets = np.asarray(areas_m2, dtype=np.float64)
    if not (np.isfinite(targets).all() and (targets > 0).all()):
        raise ParameterError(_("areas_m2 must all be above zero"))
    if len(np.unique(sites, axis=0)) != len(sites):
        raise ParameterError(_("sites must all be different"))
    origin = np.asarray(territory.centroid.coords)[0]
    local = shapely.transform(territory, lambda c: c - origin)
    points = np.asarray(sites, dtype=np.float64) - origin
    return targets * (territory.area / targets.sum()), points, local, origin


def _solve(
    territory: BaseGeometry,
    points: _Floats,
    targets: _Floats,
    tolerance: float,
) -> tuple[_Floats, _Shapes]:
    """Return the weights under which cells have their areas, and the cells (not yet rounded)."""
    weights = np.zeros(len(points))
    cells = _cells(territory, points, weights)
    areas = shapely.area(cells)
    if areas.min() <= 1e-3 * targets.min():
        weights, cells, areas = _all_present(territory, points, targets)
    least = 0.5 * min(float(targets.min()), float(areas.min()))
    for _step in range(MAX_STEPS):
        error = targets - areas
        if np.abs(error / targets).max() <= tolerance:
            return weights, cells
        change = np.zeros(len(points))
        change[1:] = np.linalg.solve(_slopes(cells, points)[1:, 1:], error[1:])
        step = 1.0
        while step > MIN_STEP:
            tried = weights + step * change
            cells_tried = _cells(territory, points, tried)
            areas_tried = shapely.area(cells_tried)
            closer = np.linalg.norm(targets - areas_tried) <= (1 - step / 2) * np.linalg.norm(error)
            if closer and areas_tried.min() > least:
                break
            step /= 2
        else:
            break
        weights, cells, areas = tried, cells_tried, areas_tried
    raise ParameterError(
        _("no cells of the areas wanted were found within {n} steps; move the sites").format(
            n=MAX_STEPS
        )
    )


def _all_present(
    territory: BaseGeometry, points: _Floats, targets: _Floats
) -> tuple[_Floats, _Shapes, _Floats]:
    """Raise the weights of absent cells in small steps until every cell has some area."""
    weights = np.zeros(len(points))
    for _step in range(MAX_STEPS):
        cells = _cells(territory, points, weights)
        areas = shapely.area(cells)
        absent = areas <= 1e-3 * targets.min()
        if not absent.any():
            return weights, cells, areas
        weights[absent] += targets[absent] / 4
    raise ParameterError(_("a site lies too far outside the territory to get a cell; move it"))


def _cells(territory: BaseGeometry, points: _Floats, weights: _Floats) -> _Shapes:
    """Return the power cells cut off at `territory`."""
    x_min, y_min, x_max, y_max = territory.bounds
    frame = np.array([[x_min, y_min], [x_max, y_min], [x_max, y_max], [x_min, y_max]])
    power = (points**2).sum(axis=1) - weights
    convex = []
    for i in range(len(points)):
        ring = frame
        for j in range(len(points)):
            if j != i:
                # Nearer to i than to j: 2 (pj - pi)·q <= power_j - power_i.
                ring = _clip(ring, 2 * (points[j] - points[i]), float(power[j] - power[i]))
        convex.append(Polygon(ring) if len(ring) > 2 else Polygon())
    return np.asarray(shapely.intersection(np.array(convex, dtype=object), territory))


def _clip(ring: _Floats, normal: _Floats, limit: float) -> _Floats:
    """Return the part of a convex ring where normal · q <= limit."""
    if not len(ring):
        return ring
    value = ring @ normal - limit
    out: list[_Floats] = []
    for k in range(len(ring)):
        a, b = k, (k + 1) % len(ring)
        if value[a] <= 0:
            out.append(ring[a])
        if (value[a] < 0 < value[b]) or (value[b] < 0 < value[a]):
            share = value[a] / (value[a] - value[b])
            out.append(ring[a] + share * (ring[b] - ring[a]))
    return np.array(out) if len(out) > 2 else np.empty((0, 2))


def _slopes(cells: _Shapes, points: _Floats) -> _Floats:
    """Return how cell areas answer to weights: shared border over twice the sites' distance."""
    n = len(cells)
    slope = np.zeros((n, n))
    tree = shapely.STRtree(cells)
    for i, j in zip(*tree.query(cells, predicate="dwithin", distance=1e-6), strict=True):
        if i < j:
            across = points[j] - points[i]
            distance = float(np.hypot(*across))
            # Rounding keeps the two copies of a border from meeting exactly: measure it near one.
            border = shapely.intersection(
                shapely.boundary(cells[i]), shapely.buffer(cells[j], 1e-4)
            ).length
            slope[i, j] = slope[j, i] = -border / (2 * distance)
    np.fill_diagonal(slope, -slope.sum(axis=1))
    return slope


def _coverage(
    territory: BaseGeometry, cells: _Shapes, sites: _Floats, weights: _Floats, origin: _Floats
) -> _Shapes:
    """Return cells built from one set of rounded lines, so that neighbours share every vertex."""
    moved = shapely.transform(cells, lambda c: c + origin)
    borders = [*shapely.boundary(moved), shapely.boundary(territory)]
    net = shapely.union_all(borders, grid_size=GRID_M)
    faces = shapely.get_parts(shapely.polygonize(shapely.get_parts(net)))
    inside = shapely.get_coordinates(shapely.point_on_surface(faces))
    kept = shapely.contains_xy(shapely.buffer(territory, GRID_M), inside)
    faces, inside = faces[kept], inside[kept]
    power = ((inside[:, None, :] - sites[None]) ** 2).sum(axis=2) - weights
    owner = power.argmin(axis=1)
    shared = np.empty(len(sites), dtype=object)
    for i in range(len(sites)):
        shared[i] = shapely.coverage_union_all(faces[owner == i])
    return np.asarray(shapely.normalize(shared), dtype=object)
