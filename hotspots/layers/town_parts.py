"""Polygons of town parts (části obce), which RÚIAN has not: made from points that name them."""

from dataclasses import dataclass
from typing import Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
from scipy.spatial import cKDTree
from shapely.geometry.base import BaseGeometry

from hotspots import schema
from hotspots.crs import EPSG
from hotspots.i18n import _
from hotspots.layers.check import some
from hotspots.layers.town_data import CODE

# A district belongs whole to a part when this share of its points does: some are placed wrongly.
WHOLE_SHARE: Final = 0.97
# Nobody knows a border drawn between houses better than this [m].
LEAST_PRECISION_M: Final = 30.0
GRID_M: Final = 0.01
_NOBODY: Final = -1
_MIXED: Final = -2

_Shapes = npt.NDArray[np.object_]
_Ints = npt.NDArray[np.int64]
_Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class TownParts:
    """Town parts made from points.

    Attributes
    ----------
    parts
        `code`, `name`, `residents`, `residents_year`, `precision_m` and polygons in EPSG:5514
        that cover the boundary without gap or overlap; sorted by code.
    notes
        What was left out or decided without evidence, in the language in force.
    """

    parts: gpd.GeoDataFrame
    notes: tuple[str, ...]


@dataclass(frozen=True)
class _Zones:
    """Territories to be given to parts: districts, or the whole town."""

    shapes: _Shapes
    names: "pd.Series[str]"
    residents: _Floats
    years: _Floats
    owner: _Ints  # part, or _MIXED, or _NOBODY


def part_points(addresses: gpd.GeoDataFrame, buildings: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return the points that say where each town part is.

    Parameters
    ----------
    addresses, buildings
        `schema.ADDRESS_COLUMNS`, `schema.BUILDING_COLUMNS`; EPSG:5514. Not modified.

    Returns
    -------
    points
        `town_part_code` and geometry: every address with a position, and every building of the
        parts that have no such address.
    """
    columns = [schema.TOWN_PART_CODE, schema.GEOMETRY]
    named = [
        frame.loc[frame.geometry.notna() & (frame[schema.TOWN_PART_CODE] != ""), columns]
        for frame in (addresses, buildings)
    ]
    lacking = ~named[1][schema.TOWN_PART_CODE].isin(named[0][schema.TOWN_PART_CODE])
    rows = [*named[0].itertuples(index=False), *named[1][lacking].itertuples(index=False)]
    return gpd.GeoDataFrame(rows, columns=columns, geometry=schema.GEOMETRY, crs=EPSG)


def make_town_parts(
    boundary: BaseGeometry,
    parts: pd.DataFrame,
    points: gpd.GeoDataFrame,
    *,
    districts: gpd.GeoDataFrame | None,
    boundary_precision_m: float,
) -> TownParts:
    """Return a polygon for every town part that has a point.

    A district of which at least 97 % of the points belong to one part goes to it whole, unless
    another part would be left without land. Other districts are divided by the Voronoi diagram of
    their points. A district without points goes to the part with which it shares the longest
    border. Without districts the Voronoi diagram alone decides. An only part has the whole town.

    Parameters
    ----------
    boundary
        Study area, EPSG:5514.
    parts
        `code` and `name` of the town's parts.
    points
        As `part_points` gives them; those outside the boundary say nothing.
    districts
        Official districts, an area frame; None or empty: there are none.
    boundary_precision_m
        How far the boundary may be off [m].

    Returns
    -------
    TownParts
        `precision_m` is the median distance between neighbouring points of different parts where
        districts are divided, at least 30 m; where a district without points lies between two
        parts, at least the root of its area. Residents are the districts' sum where the part is
        made of whole districts of one census, else NaN.

    Notes
    -----
    A register of addresses says to which part a house belongs, not whose the fields are between
    two villages: there the border is a guess halfway.

    References
    ----------
    Okabe, Boots, Sugihara & Chiu (2000), Spatial Tessellations, 2nd ed., ch. 2,
    doi:10.1002/9780470317013
    """
    named = parts.sort_values(CODE, ignore_index=True)
    xy, label = _labelled(points, named[CODE], boundary)
    present = np.unique(label) if len(named) > 1 else np.arange(len(named))
    notes = _say_left_out(named.loc[~named.index.isin(present), schema.NAME])
    if len(present) == 0:
        return TownParts(_frame(named, present, np.array([], dtype=object), {}), notes)
    if len(named) == 1:
        whole = np.array([shapely.normalize(boundary)], dtype=object)
        known = {schema.PRECISION_M: np.array([boundary_precision_m])}
        return TownParts(_frame(named, present, whole, known), notes)
    shapes = np.array([boundary], dtype=object)
    if districts is not None and len(districts):
        shapes = np.asarray(districts.geometry.array, dtype=object)
    at = _nearest(shapes, shapely.points(xy))
    zones = _zones(shapes, districts, at, label, len(named))
    faces, zone = _faces(boundary, zones, xy, at, label)
    owner = _owners(faces, zone, zones, xy, at, label)
    owner, doubt = _give_empty(faces, zone, owner, zones, len(named))
    polygons = np.empty(len(present), dtype=object)
    for k, part in enumerate(present):
        polygons[k] = shapely.normalize(shapely.coverage_union_all(faces[owner == part]))
    known = {
        schema.PRECISION_M: np.round(
            np.maximum(_apart(zones, xy, at, label, len(named)), doubt)[present]
        ),
        **_residents(zones, zone, owner, present),
    }
    said = (*notes, *_say_zones(zones)) if len(shapes) > 1 else notes
    return TownParts(_frame(named, present, polygons, known), said)


def _labelled(
    points: gpd.GeoDataFrame, codes: "pd.Series[str]", boundary: BaseGeometry
) -> tuple[_Floats, _Ints]:
    """Return the different places inside the boundary and the part of each."""
    part = codes.reset_index(drop=True)
    number = points[schema.TOWN_PART_CODE].map(pd.Series(part.index, index=part.to_numpy()))
    xy = shapely.get_coordinates(points.geometry.array)
    shapely.prepare(boundary)
    usable = number.notna().to_numpy() & shapely.intersects_xy(boundary, xy)
    table = pd.DataFrame(
        {"x": xy[usable, 0], "y": xy[usable, 1], "part": number.to_numpy()[usable].astype(int)}
    )
    # Where houses of two parts share a place, the part first by code has it, in any order of rows.
    table = table.sort_values(["x", "y", "part"]).drop_duplicates(["x", "y"])
    return table[["x", "y"]].to_numpy(np.float64), table["part"].to_numpy(np.int64)


def _nearest(shapes: _Shapes, points: _Shapes) -> _Ints:
    """Return which shape each point lies in or next to."""
    tree = shapely.STRtree(shapes)
    return np.asarray(tree.nearest(points), dtype=np.int64)


def _nearest_point(points: _Floats, places: _Floats) -> _Ints:
    """Return which of `points` is nearest to each place."""
    _distance, nearest = cKDTree(points).query(places)
    return np.asarray(nearest, dtype=np.int64)


def _zones(
    shapes: _Shapes,
    districts: gpd.GeoDataFrame | None,
    at: _Ints,
    label: _Ints,
    n_parts: int,
) -> _Zones:
    counts = np.zeros((len(shapes), n_parts), dtype=np.int64)
    np.add.at(counts, (at, label), 1)
    total = counts.sum(axis=1)
    owner = np.where(counts.max(axis=1) >= WHOLE_SHARE * total, counts.argmax(axis=1), _MIXED)
    owner[total == 0] = _NOBODY
    landed = np.zeros(n_parts, dtype=bool)
    landed[owner[owner >= 0]] = True
    landed |= (counts[owner == _MIXED] > 0).any(axis=0)
    owner[(counts[:, ~landed] > 0).any(axis=1)] = _MIXED
    if districts is None or not len(districts):
        unknown = np.full(len(shapes), np.nan)
        return _Zones(shapes, pd.Series([""] * len(shapes)), unknown, unknown, owner)
    return _Zones(
        shapes,
        districts[schema.NAME].reset_index(drop=True),
        districts[schema.RESIDENTS].to_numpy(np.float64),
        districts[schema.RESIDENTS_YEAR].to_numpy(np.float64),
        owner,
    )


def _faces(
    boundary: BaseGeometry, zones: _Zones, xy: _Floats, at: _Ints, label: _Ints
) -> tuple[_Shapes, _Ints]:
    """Return the pieces of the town between all borders, and the zone of each.

    All are made of one set of lines, so neighbours share every vertex of their common edge.
    """
    lines = [shapely.boundary(boundary), *shapely.boundary(zones.shapes)]
    for mixed in np.flatnonzero(zones.owner == _MIXED):
        inside = at == mixed
        lines.extend(_dividing_lines(zones.shapes[mixed], xy[inside], label[inside]))
    net = shapely.union_all(lines, grid_size=GRID_M)
    faces: _Shapes = shapely.get_parts(shapely.polygonize(shapely.get_parts(net)))
    inner = shapely.point_on_surface(faces)
    kept = shapely.intersects(shapely.buffer(boundary, GRID_M), inner)
    return faces[kept], _nearest(zones.shapes, inner[kept])


def _dividing_lines(zone: BaseGeometry, xy: _Floats, label: _Ints) -> list[BaseGeometry]:
    """Return the borders between the parts' Voronoi cells, inside a zone."""
    origin = np.round(xy.mean(axis=0))
    local = shapely.transform(zone, lambda c: c - origin)
    diagram = shapely.voronoi_polygons(
        shapely.multipoints(xy - origin), extend_to=local, ordered=True
    )
    # Houses on a common circle have cells whose corners rounding sets apart, or folds over.
    cells = shapely.make_valid(shapely.get_parts(diagram))
    lines = []
    for part in np.unique(label):
        border = shapely.boundary(shapely.union_all(cells[label == part], grid_size=GRID_M))
        within = shapely.intersection(border, local)
        lines.append(shapely.transform(within, lambda c: c + origin))
    return lines


def _owners(
    faces: _Shapes, zone: _Ints, zones: _Zones, xy: _Floats, at: _Ints, label: _Ints
) -> _Ints:
    """Return the part of each face, `_NOBODY` in zones without points."""
    owner = zones.owner[zone]
    middle = shapely.get_coordinates(shapely.point_on_surface(faces))
    for mixed in np.unique(zone[owner == _MIXED]):
        here = zone == mixed
        inside = at == mixed
        owner[here] = label[inside][_nearest_point(xy[inside], middle[here])]
    return owner


def _give_empty(
    faces: _Shapes, zone: _Ints, owner: _Ints, zones: _Zones, n_parts: int
) -> tuple[_Ints, _Floats]:
    """Give zones without points to the part with the longest common border.

    Returns the part of each face, and per part how far a zone that two parts touch may put its
    border wrong [m].
    """
    given = owner.copy()
    doubt = np.zeros(n_parts)
    tree = shapely.STRtree(faces)
    rings = shapely.boundary(faces)
    open_zones = np.unique(zone[owner == _NOBODY])
    while len(open_zones):
        borders = np.zeros((len(open_zones), n_parts))
        for k, empty in enumerate(open_zones):
            here = np.flatnonzero(zone == empty)
            a, b = tree.query(faces[here], predicate="intersects")
            taken = given[b] >= 0
            shared = shapely.length(shapely.intersection(rings[here[a[taken]]], rings[b[taken]]))
            np.add.at(borders[k], given[b[taken]], shared)
        reached = borders.sum(axis=1) > 0
        if not reached.any():
            # Nothing adjoins: a zone apart from the rest goes to whoever is nearest.
            settled = given >= 0
            lone = shapely.point_on_surface(faces[~settled])
            given[~settled] = given[settled][_nearest(faces[settled], lone)]
            break
        for empty, border in zip(open_zones[reached], borders[reached], strict=True):
            given[zone == empty] = border.argmax()
            touched = np.flatnonzero(border > 0)
            if len(touched) > 1:
                width = np.sqrt(shapely.area(zones.shapes[empty]))
                doubt[touched] = np.maximum(doubt[touched], width)
        open_zones = open_zones[~reached]
    return given, doubt


def _apart(zones: _Zones, xy: _Floats, at: _Ints, label: _Ints, n_parts: int) -> _Floats:
    """Return per part the median distance between neighbouring points of different parts [m]."""
    found: list[list[float]] = [[] for _part in range(n_parts)]
    for mixed in np.flatnonzero(zones.owner == _MIXED):
        here = xy[at == mixed]
        own = label[at == mixed]
        for part in np.unique(own):
            others = here[own != part]
            middle = (here[own == part] + others[_nearest_point(others, here[own == part])]) / 2
            reach = np.hypot(*(middle - here[own == part]).T)
            # Two points are neighbours when no third is nearer to the middle between them.
            third = np.hypot(*(middle - here[_nearest_point(here, middle)]).T)
            found[part].extend(2 * reach[third >= reach - GRID_M])
    medians = [float(np.median(values)) if values else 0.0 for values in found]
    return np.asarray(np.maximum(medians, LEAST_PRECISION_M), dtype=np.float64)


def _residents(zones: _Zones, zone: _Ints, owner: _Ints, present: _Ints) -> dict[str, _Floats]:
    """Return the parts' residents where they are made of whole districts of one census."""
    residents = np.full(len(present), np.nan)
    years = np.full(len(present), np.nan)
    for k, part in enumerate(present):
        own = np.unique(zone[owner == part])
        counted = np.unique(zones.years[own])
        if (zones.owner[own] != _MIXED).all() and len(counted) == 1 and not np.isnan(counted[0]):
            residents[k] = zones.residents[own].sum()
            years[k] = counted[0]
    years[np.isnan(residents)] = np.nan
    return {schema.RESIDENTS: residents, schema.RESIDENTS_YEAR: years}


def _frame(
    named: pd.DataFrame, present: _Ints, polygons: _Shapes, known: dict[str, _Floats]
) -> gpd.GeoDataFrame:
    chosen = named.iloc[present]
    unknown = np.full(len(chosen), np.nan)
    return gpd.GeoDataFrame(
        {
            CODE: chosen[CODE].to_numpy(),
            schema.NAME: chosen[schema.NAME].to_numpy(),
            schema.RESIDENTS: known.get(schema.RESIDENTS, unknown),
            schema.RESIDENTS_YEAR: known.get(schema.RESIDENTS_YEAR, unknown),
            schema.PRECISION_M: known.get(schema.PRECISION_M, unknown),
        },
        geometry=polygons,
        crs=EPSG,
    )


def _say_left_out(names: "pd.Series[str]") -> tuple[str, ...]:
    if names.empty:
        return ()
    return (
        _(
            "Town parts left out, since no address or building in them has a position: {names}."
        ).format(names=some(names)),
    )


def _say_zones(zones: _Zones) -> tuple[str, ...]:
    notes = []
    divided = zones.names[zones.owner == _MIXED]
    if len(divided):
        notes.append(
            _(
                "Districts with addresses of several town parts, divided between them by the "
                "nearest address: {names}."
            ).format(names=some(divided))
        )
    empty = zones.names[zones.owner == _NOBODY]
    if len(empty):
        notes.append(
            _(
                "Districts without addresses, given to the town part with the longest common "
                "border: {names}."
            ).format(names=some(empty))
        )
    return tuple(notes)
