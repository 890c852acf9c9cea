"""GML 3.2 geometry of RÚIAN files as shapely geometry in EPSG:5514."""

from collections.abc import Iterator
from typing import Final

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from hotspots.errors import SourceError
from hotspots.i18n import _
from hotspots.layers.official.arcs import Points, arc_points, circle_points
from hotspots.layers.official.positions import to_5514_checked
from hotspots.layers.official.records import MAX_VERTICES, Node, too_many_vertices

# Curves whose ends are nearer than this are joined.
_JOIN_M: Final = 0.001
_AREAS: Final = frozenset({"Polygon", "Surface", "MultiSurface", "CompositeSurface"})
_LINES: Final = frozenset(
    {"LineString", "Curve", "CompositeCurve", "OrientableCurve", "MultiCurve", "LinearRing", "Ring"}
)
_MEMBERS: Final = frozenset(
    {
        "curveMember",
        "curveMembers",
        "surfaceMember",
        "surfaceMembers",
        "pointMember",
        "pointMembers",
        "baseCurve",
    }
)


def read_geometry(parent: Node, *, file: str, feature: str) -> BaseGeometry:
    """Return the geometry that an element of a RÚIAN file holds.

    Read are Point, MultiPoint, LineString, Curve (LineStringSegment, Arc, ArcString, Circle),
    CompositeCurve, MultiCurve, LinearRing, Ring, Polygon, Surface, MultiSurface. Arcs become
    segments that leave them by at most 1 cm. A third coordinate is dropped.

    Parameters
    ----------
    parent
        Element with one geometry in it, such as `OriginalniHranice`.
    file, feature
        For messages: the file, and the `gml:id` of the thing.

    Returns
    -------
    geometry
        EPSG:5514 [m]. Invalid polygons (crossing themselves) are returned as they are; a
        collection of one is that one.

    Raises
    ------
    CRSError
        No system or another than EPSG:5514 (or 2065, 5513) is named, or the coordinates are not
        of the system named.
    SourceError
        The geometry is of a kind not read, a number is missing or none, a ring is not closed or
        too short, or there are more than 250,000 vertices.
    """
    return _Geometry(file, feature).read(parent)


class _Geometry:
    """One feature's geometry; counts its vertices as they come."""

    def __init__(self, file: str, feature: str) -> None:
        self.file = file
        self.feature = feature
        self.n_vertices = 0

    def read(self, parent: Node) -> BaseGeometry:
        if len(parent.children) != 1:
            raise self.error(
                _("holds {n} geometries instead of one").format(n=len(parent.children))
            )
        node = parent.children[0]
        system, dimension = self.frame(node, "", 2)
        if node.name in {"Point", "MultiPoint"}:
            points = list(self.points(node, system, dimension))
            made = shapely.MultiPoint(np.concatenate(points)) if points else None
        elif node.name in _LINES:
            made = shapely.MultiLineString(list(self.curves(node, system, dimension)))
        elif node.name in _AREAS:
            made = shapely.MultiPolygon(list(self.polygons(node, system, dimension)))
        else:
            raise self.unknown(node)
        if made is None or made.is_empty:
            raise self.error(_("is empty"))
        parts = shapely.get_parts(made)
        return parts[0] if len(parts) == 1 else made

    def frame(self, node: Node, system: str, dimension: int) -> tuple[str, int]:
        """Return the system and dimension that hold inside an element."""
        system = node.attributes.get("srsName", system)
        stated = node.attributes.get("srsDimension", str(dimension))
        if stated not in {"2", "3"}:
            raise self.error(_("has {n} dimensions; 2 or 3 are read").format(n=ascii(stated[:20])))
        return system, int(stated)

    def members(self, node: Node) -> Iterator[Node]:
        for child in node.children:
            if child.name not in _MEMBERS:
                raise self.unknown(child)
            yield from child.children

    def points(self, node: Node, system: str, dimension: int) -> Iterator[Points]:
        system, dimension = self.frame(node, system, dimension)
        if node.name == "Point":
            coords = self.coordinates(node, system, dimension)
            if len(coords) != 1:
                raise self.error(_("has a point of {n} positions").format(n=len(coords)))
            yield coords
        elif node.name == "MultiPoint":
            for member in self.members(node):
                yield from self.points(member, system, dimension)
        else:
            raise self.unknown(node)

    def curves(self, node: Node, system: str, dimension: int) -> Iterator[Points]:
        system, dimension = self.frame(node, system, dimension)
        if node.name == "MultiCurve":
            for member in self.members(node):
                yield from self.curves(member, system, dimension)
            return
        line = self.curve(node, system, dimension)
        if len(line) < 2:
            raise self.error(_("has a line of a single point"))
        yield line

    def curve(self, node: Node, system: str, dimension: int) -> Points:
        """Return one unbroken line, shape (n, 2)."""
        system, dimension = self.frame(node, system, dimension)
        if node.name in {"LineString", "LineStringSegment", "LinearRing"}:
            return self.coordinates(node, system, dimension)
        if node.name in {"Arc", "ArcString", "Circle"}:
            return self.arcs(node, system, dimension)
        if node.name == "OrientableCurve":
            inner = self.joined(self.members(node), system, dimension)
            return inner[::-1] if node.attributes.get("orientation") == "-" else inner
        if node.name in {"CompositeCurve", "Ring"}:
            return self.joined(self.members(node), system, dimension)
        if node.name == "Curve":
            segments = node.child("segments")
            return self.joined(iter(segments.children if segments else []), system, dimension)
        raise self.unknown(node)

    def joined(self, nodes: Iterator[Node], system: str, dimension: int) -> Points:
        lines: list[Points] = []
        for node in nodes:
            line = self.curve(node, system, dimension)
            if lines and len(line) and len(lines[-1]):
                if np.hypot(*(line[0] - lines[-1][-1])) > _JOIN_M:
                    raise self.error(_("has a curve whose pieces do not meet"))
                line = line[1:]
            lines.append(line)
        return np.concatenate(lines) if lines else np.empty((0, 2))

    def arcs(self, node: Node, system: str, dimension: int) -> Points:
        coords = self.coordinates(node, system, dimension)
        n = len(coords)
        right = n == 3 if node.name in {"Arc", "Circle"} else n >= 3 and n % 2 == 1
        if not right:
            raise self.error(
                _("has a {kind} of {n} points; arcs need three, then two more each").format(
                    kind=node.name, n=n
                )
            )
        if node.name == "Circle":
            circle = circle_points(*coords)
            if circle is None:
                raise self.error(_("has a circle whose three points lie on one line"))
            self.count(len(circle))
            return circle
        pieces = []
        for i in range(0, n - 2, 2):
            arc = arc_points(*coords[i : i + 3])
            self.count(len(arc))
            pieces.append(arc if i == 0 else arc[1:])
        return np.concatenate(pieces)

    def polygons(self, node: Node, system: str, dimension: int) -> Iterator[BaseGeometry]:
        system, dimension = self.frame(node, system, dimension)
        if node.name in {"Polygon", "PolygonPatch"}:
            yield self.polygon(node, system, dimension)
        elif node.name in {"MultiSurface", "CompositeSurface"}:
            for member in self.members(node):
                yield from self.polygons(member, system, dimension)
        elif node.name == "Surface":
            patches = node.child("patches")
            for patch in patches.children if patches else []:
                yield from self.polygons(patch, system, dimension)
        else:
            raise self.unknown(node)

    def polygon(self, node: Node, system: str, dimension: int) -> BaseGeometry:
        outer: list[Points] = []
        holes: list[Points] = []
        for side in node.children:
            if side.name not in {"exterior", "interior"} or len(side.children) != 1:
                raise self.unknown(side)
            ring = self.ring(side.children[0], system, dimension)
            (outer if side.name == "exterior" else holes).append(ring)
        if len(outer) != 1:
            raise self.error(
                _("has a polygon with {n} outer rings instead of one").format(n=len(outer))
            )
        return shapely.Polygon(outer[0], holes)

    def ring(self, node: Node, system: str, dimension: int) -> Points:
        if node.name not in {"LinearRing", "Ring"}:
            raise self.unknown(node)
        ring = self.curve(node, system, dimension).copy()
        if len(ring) < 4:
            raise self.error(
                _("has a ring of {n} points; a ring needs four at least").format(n=len(ring))
            )
        gap_m = float(np.hypot(*(ring[0] - ring[-1])))
        if gap_m > _JOIN_M:
            raise self.error(_("has a ring that does not end where it begins"))
        ring[-1] = ring[0]
        return ring

    def coordinates(self, node: Node, system: str, dimension: int) -> Points:
        """Return the positions in an element, shape (n, 2), EPSG:5514."""
        texts = []
        for child in node.children:
            if child.name not in {"pos", "posList"}:
                raise self.unknown(child)
            system, dimension = self.frame(child, system, dimension)
            texts.append(child.text)
        words = " ".join(texts).split()
        self.count(len(words) // dimension)
        try:
            numbers = np.array(words, dtype=np.float64)
        except ValueError as error:
            raise self.error(_("has a coordinate that is no number")) from error
        if not np.isfinite(numbers).all():
            raise self.error(_("has a coordinate that is no finite number"))
        if len(numbers) % dimension:
            raise self.error(
                _("has {n} coordinates, which do not make whole points of {dimension}").format(
                    n=len(numbers), dimension=dimension
                )
            )
        pairs = numbers.reshape(-1, dimension)[:, :2]
        return to_5514_checked(pairs, system, file=self.file, feature=self.feature)

    def count(self, n: int) -> None:
        self.n_vertices += n
        if self.n_vertices > MAX_VERTICES:
            raise too_many_vertices(self.file, self.feature)

    def unknown(self, node: Node) -> SourceError:
        return self.error(
            _("has the element '{element}' where its geometry is, which is not read").format(
                element=node.name[:40]
            )
        )

    def error(self, what: str) -> SourceError:
        return SourceError(
            _("{name}: the geometry of {feature} {what}; download the file again").format(
                name=self.file, feature=self.feature[:80], what=what
            )
        )
