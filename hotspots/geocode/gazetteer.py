"""What the layers in force know by name: streets, landmarks, districts, parts and house numbers."""

import re
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

import geopandas as gpd
import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from hotspots import schema
from hotspots.layers.reading import (
    ADDRESS_LAYER,
    list_layers,
    read_areas,
    read_axes,
    read_places,
    read_points,
)
from hotspots.place_text import fold
from hotspots.settings import Workspace

ADDRESS_PRECISION_M: Final = 15.0  # an address point stands at the house's entrance or middle
# Streets of one name bear their part in the layers: "Školní (Bukovice)".
_IN_PART: Final = re.compile(r"\s*\([^()]*\)\s*$")
POINT_STREET_PRECISION_M: Final = 150.0  # a street known at one point may be this long both ways
LEAST_STREET_M: Final = 50.0  # axes drawn from a few points are shorter than their street
LANDMARK: Final = "landmark"
BUS_STOP: Final = "bus_stop"
PROVISIONAL: Final = "č.ev."


@dataclass(frozen=True)
class Place:
    """One thing with a name.

    Attributes
    ----------
    place_id
        Its id in the layer, or "place:…" for a landmark.
    name
        As the layer writes it.
    method
        street, landmark, district or town_part.
    x, y
        Its middle, EPSG:5514 [m]; for a street a point on the axis.
    precision_m
        How far from the middle it reaches [m], above zero.
    shape
        Street: the axis; area: the polygon; landmark: the point. EPSG:5514.
    shape_precision_m
        How far the shape itself may be off [m].
    place_kind
        Of a landmark; else empty.
    part
        Town part in which its middle lies; empty where none is known.
    """

    place_id: str
    name: str
    method: str
    x: float
    y: float
    precision_m: float
    shape: BaseGeometry
    shape_precision_m: float = 0.0
    place_kind: str = ""
    part: str = ""


@dataclass(frozen=True)
class House:
    """One address point.

    Attributes
    ----------
    code
        RÚIAN's code of the address point.
    street, part
        Names; the street's is empty in villages without street names.
    street_id
        `place_id` of the street; empty without one.
    number
        House number (č.p. or č.ev.), digits.
    is_provisional
        The number is a č.ev.
    orientation
        Orientation number (č.o.) with its letter; empty where there is none.
    x, y
        EPSG:5514 [m].
    """

    code: str
    street: str
    part: str
    street_id: str
    number: str
    is_provisional: bool
    orientation: str
    x: float
    y: float

    @property
    def label(self) -> str:
        """Return the address for a reader: "Lipovská 1234/12, Jeseník"."""
        number = f"{PROVISIONAL} {self.number}" if self.is_provisional else self.number
        if self.orientation:
            number = f"{number}/{self.orientation}"
        first = f"{self.street or self.part} {number}"
        return f"{first}, {self.part}" if self.street and self.part else first


@dataclass(frozen=True)
class Gazetteer:
    """The names of one version of the layers.

    Attributes
    ----------
    town
        Name of the municipality.
    places
        Streets, landmarks, districts and parts; sorted, whatever the order of the layers.
    houses
        Address points that have a position, sorted by code.
    by_street, by_part
        Position in `houses` by `street_id`, and by the part's folded name.
    postcodes
        Those of the address points.
    """

    town: str
    places: tuple[Place, ...]
    houses: tuple[House, ...] = ()
    by_street: Mapping[str, list[int]] = field(default_factory=dict)
    by_part: Mapping[str, list[int]] = field(default_factory=dict)
    postcodes: frozenset[str] = frozenset()


def read_gazetteer(workspace: Workspace) -> Gazetteer:
    """Read the names of a workspace's layers in force.

    Raises
    ------
    NotFoundError
        The workspace has no layers.
    SourceError, SchemaError, CRSError
        As `hotspots.layers.reading.read_areas`.
    """
    layers = set(list_layers(workspace))

    def areas(kind: str) -> gpd.GeoDataFrame | None:
        return read_areas(workspace, kind) if kind in layers else None

    town = read_areas(workspace, schema.MUNICIPALITY)
    return make_gazetteer(
        town=str(town[schema.NAME].iloc[0]) if len(town) else workspace.settings.town,
        streets=areas(schema.STREET),
        axes=read_axes(workspace, schema.STREET),
        districts=areas(schema.DISTRICT),
        parts=areas(schema.TOWN_PART),
        landmarks=read_places(workspace),
        addresses=read_points(workspace, ADDRESS_LAYER),
    )


def make_gazetteer(
    *,
    town: str,
    streets: gpd.GeoDataFrame | None = None,
    axes: gpd.GeoDataFrame | None = None,
    districts: gpd.GeoDataFrame | None = None,
    parts: gpd.GeoDataFrame | None = None,
    landmarks: gpd.GeoDataFrame | None = None,
    addresses: gpd.GeoDataFrame | None = None,
) -> Gazetteer:
    """Return the gazetteer of some layers, each as `hotspots.layers.reading` gives it, or None.

    Parameters
    ----------
    town
        Name of the municipality.
    streets, districts, parts
        Frames with `schema.AREA_COLUMNS`, EPSG:5514. Not modified.
    axes
        Lines or points of streets by `area_id`, EPSG:5514.
    landmarks
        As `read_places`.
    addresses
        Frame with `schema.ADDRESS_COLUMNS`; rows without a position are left out.
    """
    part_places = _area_places(parts, schema.TOWN_PART, [])
    houses = _houses(addresses)
    by_street: dict[str, list[int]] = defaultdict(list)
    by_part: dict[str, list[int]] = defaultdict(list)
    for position, house in enumerate(houses):
        if house.street_id:
            by_street[house.street_id].append(position)
        by_part[fold(house.part)].append(position)
    places = [
        *(
            _in_part_of_houses(place, [houses[at] for at in by_street.get(place.place_id, ())])
            for place in _street_places(streets, axes, part_places)
        ),
        *_landmark_places(landmarks, part_places),
        *_area_places(districts, schema.DISTRICT, part_places),
        *part_places,
    ]
    postcodes = (
        frozenset(addresses[schema.POSTCODE].astype(str)) - {""}
        if addresses is not None
        else frozenset[str]()
    )
    return Gazetteer(
        town,
        tuple(sorted(places, key=lambda place: (place.place_id, place.x, place.y))),
        houses,
        dict(by_street),
        dict(by_part),
        postcodes,
    )


def middle_on_axis(axis: BaseGeometry) -> tuple[float, float]:
    """Return the middle of a street: the point of its axis half way, or nearest to its centroid.

    EPSG:5514 [m] in and out. A street of one line has its middle half way along it; one of several
    lines, or one that comes back to its beginning, the point of the axis nearest to the centroid.
    """
    merged = shapely.line_merge(axis) if axis.geom_type == "MultiLineString" else axis
    if merged.geom_type == "LineString" and not merged.is_closed:
        point = merged.interpolate(0.5, normalized=True)
    else:
        point = shapely.get_point(shapely.shortest_line(axis, axis.centroid), 0)
    return float(point.x), float(point.y)


def farthest_m(shape: BaseGeometry, x: float, y: float) -> float:
    """Return the distance of the vertex of a shape farthest from a point [m]."""
    points = shapely.get_coordinates(shape)
    return float(np.hypot(points[:, 0] - x, points[:, 1] - y).max())


def _in_part_of_houses(street: Place, houses: list[House]) -> Place:
    """Return a street with the part in which most of its houses are; that is surer than a map."""
    parts = Counter(house.part for house in houses if house.part)
    if not parts:
        return street
    most = max(parts.values())
    return replace(street, part=min(name for name, n in parts.items() if n == most))


def _part_of(x: float, y: float, parts: list[Place]) -> str:
    point = shapely.Point(x, y)
    for part in parts:
        if part.shape.intersects(point):
            return part.name
    return ""


def _street_places(
    streets: gpd.GeoDataFrame | None, axes: gpd.GeoDataFrame | None, parts: list[Place]
) -> list[Place]:
    if streets is None:
        return []
    lines = {}
    if axes is not None:
        lines = dict(zip(axes[schema.AREA_ID], axes.geometry, strict=True))
    found = []
    for area_id, name, off, polygon in zip(
        streets[schema.AREA_ID],
        streets[schema.NAME],
        streets[schema.PRECISION_M],
        streets.geometry,
        strict=True,
    ):
        axis = lines.get(area_id)
        own_off = float(off) if off == off else 0.0
        if axis is None or axis.is_empty:
            axis = polygon.representative_point()
        if axis.geom_type == "Point":
            x, y, reach = float(axis.x), float(axis.y), POINT_STREET_PRECISION_M
        else:
            x, y = middle_on_axis(axis)
            reach = farthest_m(axis, x, y)
        found.append(
            Place(
                str(area_id),
                _IN_PART.sub("", str(name)),
                schema.STREET,
                x,
                y,
                round(max(reach, own_off, LEAST_STREET_M), 1),
                axis,
                own_off,
                part=_part_of(x, y, parts),
            )
        )
    return found


def _area_places(areas: gpd.GeoDataFrame | None, kind: str, parts: list[Place]) -> list[Place]:
    if areas is None:
        return []
    found = []
    for area_id, name, shape in zip(
        areas[schema.AREA_ID], areas[schema.NAME], areas.geometry, strict=True
    ):
        centre = shape.centroid
        middle = centre if shape.intersects(centre) else shape.representative_point()
        x, y = float(middle.x), float(middle.y)
        reach = round(max(farthest_m(shape, x, y), 10.0), 1)
        part = _part_of(x, y, parts)
        found.append(Place(str(area_id), str(name), kind, x, y, reach, shape, part=part))
    return found


def _landmark_places(landmarks: gpd.GeoDataFrame | None, parts: list[Place]) -> list[Place]:
    if landmarks is None:
        return []
    found = []
    for name, kind, off, point in zip(
        landmarks[schema.NAME],
        landmarks[schema.PLACE_KIND],
        landmarks[schema.PRECISION_M],
        landmarks.geometry,
        strict=True,
    ):
        x, y = float(point.x), float(point.y)
        precision = float(off) if off == off and off > 0 else 50.0
        place_id = f"place:{kind}:{fold(str(name))}"
        part = _part_of(x, y, parts)
        found.append(
            Place(place_id, str(name), LANDMARK, x, y, precision, point, 0.0, str(kind), part)
        )
    return found


def _houses(addresses: gpd.GeoDataFrame | None) -> tuple[House, ...]:
    if addresses is None or addresses.empty:
        return ()
    shapes = np.asarray(addresses.geometry.array, dtype=object)
    known = ~(shapely.is_missing(shapes) | shapely.is_empty(shapes))
    chosen = addresses[known]
    columns = [
        chosen[name].fillna("").astype(str).tolist()
        for name in (
            schema.ADDRESS_CODE,
            schema.STREET_NAME,
            schema.TOWN_PART_NAME,
            schema.STREET_CODE,
            schema.HOUSE_NUMBER,
            schema.NUMBER_KIND,
            schema.ORIENTATION_NUMBER,
        )
    ]
    xs, ys = shapely.get_x(shapes[known]).tolist(), shapely.get_y(shapes[known]).tolist()
    houses = [
        House(
            code,
            street,
            part,
            f"street:{street_code}" if street_code else "",
            number,
            kind == PROVISIONAL,
            orientation.casefold(),
            x,
            y,
        )
        for code, street, part, street_code, number, kind, orientation, x, y in zip(
            *columns, xs, ys, strict=True
        )
    ]
    return tuple(sorted(houses, key=lambda house: (house.code, house.x, house.y)))
