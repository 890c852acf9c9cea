"""GML geometry of RÚIAN files: kinds, arcs, systems, and what is refused."""

import math

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from hotspots.errors import CRSError, SourceError
from hotspots.layers.official.arcs import MAX_DEVIATION_M, arc_points, circle_points
from hotspots.layers.official.gml import read_geometry
from hotspots.layers.official.opening import open_unpacked
from hotspots.layers.official.records import read_records
from hotspots.progress import silent

X, Y = -543000.0, -1050000.0
SQUARE = "-543000 -1050000 -543000 -1050100 -543100 -1050100 -543100 -1050000 -543000 -1050000"


@pytest.fixture
def read(tmp_path):
    """Read the geometry of one feature given as GML."""

    def inner(gml, srs="urn:ogc:def:crs:EPSG::5514", dimension=2):
        gml = gml.replace("SRS", f'srsName="{srs}" srsDimension="{dimension}"')
        path = tmp_path / "g.xml"
        path.write_text(f'<r xmlns:gml="http://www.opengis.net/gml/3.2"><h>{gml}</h></r>')
        with open_unpacked(path) as source:
            records = read_records(
                source, {("h",): frozenset()}, check_root=lambda *_: None, report=silent
            )
            ((_path, node),) = records
        return read_geometry(node, file="g.xml", feature="UL.1")

    return inner


def positions(text, name="posList"):
    return f"<gml:{name}>{text}</gml:{name}>"


def ring(text):
    return f"<gml:LinearRing>{positions(text)}</gml:LinearRing>"


def polygon(text, holes=(), attributes=" SRS"):
    inner = "".join(f"<gml:interior>{ring(hole)}</gml:interior>" for hole in holes)
    return (
        f"<gml:Polygon{attributes}><gml:exterior>{ring(text)}</gml:exterior>{inner}</gml:Polygon>"
    )


def line(text, attributes=" SRS"):
    return f"<gml:LineString{attributes}>{positions(text)}</gml:LineString>"


def test_point_and_points(read):
    assert read(f"<gml:Point SRS>{positions('-543000.5 -1050000.25', 'pos')}</gml:Point>").equals(
        shapely.Point(-543000.5, -1050000.25)
    )
    one = f"<gml:Point>{positions('-543000 -1050000', 'pos')}</gml:Point>"
    two = f"<gml:Point>{positions('-543001 -1050000', 'pos')}</gml:Point>"
    members = f"<gml:MultiPoint SRS><gml:pointMembers>{one}</gml:pointMembers></gml:MultiPoint>"
    assert read(members).geom_type == "Point"
    members = (
        f"<gml:MultiPoint SRS><gml:pointMember>{one}</gml:pointMember>"
        f"<gml:pointMember>{two}</gml:pointMember></gml:MultiPoint>"
    )
    assert len(read(members).geoms) == 2


def test_lines(read):
    assert read(line("-543000 -1050000 -543003 -1050004")).length == 5
    pos = positions("-543000 -1050000", "pos") + positions("-543003 -1050004", "pos")
    assert read(f"<gml:LineString SRS>{pos}</gml:LineString>").length == 5
    members = "".join(
        f"<gml:curveMember>{line(text, '')}</gml:curveMember>"
        for text in ("-543000 -1050000 -543003 -1050004", "-543010 -1050000 -543010 -1050002")
    )
    both = read(f"<gml:MultiCurve SRS>{members}</gml:MultiCurve>")
    assert both.geom_type == "MultiLineString"
    assert both.length == 7


def test_a_third_coordinate_is_dropped(read):
    found = read(line("-543000 -1050000 410 -543003 -1050004 411"), dimension=3)
    assert not found.has_z
    assert found.length == 5


def test_a_curve_of_straight_and_bent_segments(read):
    segments = (
        f"<gml:LineStringSegment>{positions('-543000 -1050000 -543000 -1050010')}"
        "</gml:LineStringSegment>"
        # A half circle of radius 10 around (−542990, −1050010), through its lowest point.
        f"<gml:Arc>{positions('-543000 -1050010 -542990 -1050020 -542980 -1050010')}</gml:Arc>"
    )
    found = read(f"<gml:Curve SRS><gml:segments>{segments}</gml:segments></gml:Curve>")
    assert found.length == pytest.approx(10 + 10 * math.pi, rel=5e-4)
    assert found.coords[-1] == (-542980, -1050010)
    assert found.bounds[1] == pytest.approx(-1050020, abs=MAX_DEVIATION_M)


def test_an_arc_string_is_one_line(read):
    text = "-543000 -1050000 -542990 -1050010 -542980 -1050000 -542970 -1049990 -542960 -1050000"
    found = read(
        f"<gml:Curve SRS><gml:segments><gml:ArcString>{positions(text)}</gml:ArcString>"
        "</gml:segments></gml:Curve>"
    )
    assert found.length == pytest.approx(20 * math.pi, rel=1e-3)


def test_composite_and_turned_curves(read):
    first = f"<gml:curveMember>{line('-543000 -1050000 -543003 -1050004', '')}</gml:curveMember>"
    back = (
        '<gml:curveMember><gml:OrientableCurve orientation="-"><gml:baseCurve>'
        f"{line('-543003 -1050000 -543003 -1050004', '')}</gml:baseCurve></gml:OrientableCurve>"
        "</gml:curveMember>"
    )
    found = read(f"<gml:CompositeCurve SRS>{first}{back}</gml:CompositeCurve>")
    assert list(found.coords)[-1] == (-543003, -1050000)
    assert found.length == 9
    apart = f"<gml:curveMember>{line('-543009 -1050000 -543003 -1050004', '')}</gml:curveMember>"
    with pytest.raises(SourceError, match=r"g\.xml: .*UL\.1 .*pieces do not meet"):
        read(f"<gml:CompositeCurve SRS>{first}{apart}</gml:CompositeCurve>")


def test_polygons_with_holes_and_parts(read):
    hole = "-543010 -1050010 -543020 -1050010 -543020 -1050020 -543010 -1050020 -543010 -1050010"
    found = read(polygon(SQUARE, [hole]))
    assert found.area == 10_000 - 100
    other = SQUARE.replace("-543", "-544")
    members = "".join(
        f"<gml:surfaceMember>{polygon(t, attributes='')}</gml:surfaceMember>"
        for t in (SQUARE, other)
    )
    both = read(f"<gml:MultiSurface SRS>{members}</gml:MultiSurface>")
    assert both.geom_type == "MultiPolygon"
    assert both.area == 20_000


def test_a_surface_of_patches_and_a_ring_of_curves(read):
    half = "-543000 -1050010 -542990 -1050020 -542980 -1050010"
    closing = "-542980 -1050010 -543000 -1050010"
    members = (
        f"<gml:curveMember><gml:Curve><gml:segments><gml:Arc>{positions(half)}</gml:Arc>"
        f"</gml:segments></gml:Curve></gml:curveMember>"
        f"<gml:curveMember>{line(closing, '')}</gml:curveMember>"
    )
    found = read(
        "<gml:Surface SRS><gml:patches><gml:PolygonPatch><gml:exterior><gml:Ring>"
        f"{members}</gml:Ring></gml:exterior></gml:PolygonPatch></gml:patches></gml:Surface>"
    )
    assert found.area == pytest.approx(50 * math.pi, rel=2e-3)


def test_an_invalid_polygon_is_kept_as_it_is(read):
    bow = "-543000 -1050000 -543100 -1050100 -543100 -1050000 -543000 -1050100 -543000 -1050000"
    assert not read(polygon(bow)).is_valid


@pytest.mark.parametrize(
    "srs",
    ["EPSG:5514", "urn:ogc:def:crs:EPSG:9.1:5514", "http://www.opengis.net/def/crs/EPSG/0/5514"],
)
def test_other_ways_to_write_the_system(read, srs):
    assert read(line("-543000 -1050000 -543003 -1050004"), srs=srs).length == 5


@pytest.mark.parametrize("srs", ["urn:ogc:def:crs:EPSG::2065", "urn:ogc:def:crs:EPSG::5513"])
def test_southing_and_westing_are_turned(read, srs):
    found = read(line("1050000 543000 1050004 543003"), srs=srs)
    assert found.equals(shapely.LineString([(X, Y), (X - 3, Y - 4)]))


@pytest.mark.parametrize(
    ("text", "srs", "what"),
    [
        ("17.2 50.2 17.3 50.3", "EPSG:5514", r"says that it is in S-JTSK.*WGS84"),
        ("-1050000 -543000 -1050004 -543003", "EPSG:5514", r"axes swapped.*easting.*first"),
        ("543000 1050000 543003 1050004", "EPSG:5514", "wrong sign"),
        ("543000 1050000 543003 1050004", "EPSG:2065", "axes swapped"),
        ("-543000 -1050000 -543003 -1050004", "EPSG:2065", "wrong sign"),
        ("-543000 -2050000 -543003 -1050004", "EPSG:5514", "outside Czechia"),
        ("-543000 -1050000 -543003 -1050004", "EPSG:4326", "coordinate system 'EPSG:4326'"),
        ("-543000 -1050000 -543003 -1050004", "", "coordinate system ''"),
    ],
)
def test_coordinates_must_be_of_their_system(read, text, srs, what):
    with pytest.raises(CRSError, match=r"g\.xml: UL\.1 .*" + what):
        read(line(text), srs=srs)


@pytest.mark.parametrize(
    ("gml", "what"),
    [
        (line("-543000 -1050000 -543003"), "3 coordinates"),
        (line("-543000 -1050000 nan -1050000"), "no finite number"),
        (line("-543000 -1050000 1e999 -1050000"), "no finite number"),
        (line("-543000 -1050000 12,5 -1050000"), "no number"),
        (line("-543000 -1050000"), "single point"),
        (line(""), "single point"),
        (polygon("-543000 -1050000 -543000 -1050100 -543000 -1050000"), "ring of 3 points"),
        (polygon(SQUARE[:-2] + "99"), "not end where it begins"),
        ("<gml:Polygon SRS></gml:Polygon>", "0 outer rings"),
        ("<gml:MultiSurface SRS></gml:MultiSurface>", "is empty"),
        ("<gml:Solid SRS></gml:Solid>", "element 'Solid'"),
        ("<gml:Point SRS></gml:Point>", "point of 0 positions"),
        (line("") + line(""), "2 geometries"),
        ("<gml:Curve SRS><gml:segments><gml:Clothoid/></gml:segments></gml:Curve>", "Clothoid"),
        ("<gml:Curve SRS><gml:segments><gml:Arc>" + positions("-543000 -1050000 -543003 -1050004")
         + "</gml:Arc></gml:segments></gml:Curve>", "Arc of 2 points"),
        ("<gml:Curve SRS><gml:segments><gml:Circle>"
         + positions("-543000 -1050000 -543001 -1050000 -543002 -1050000")
         + "</gml:Circle></gml:segments></gml:Curve>", "lie on one line"),
    ],
)  # fmt: skip
def test_broken_geometry_names_the_feature(read, gml, what):
    with pytest.raises(SourceError, match=r"g\.xml: the geometry of UL\.1 .*" + what):
        read(gml)


def test_dimensions_are_two_or_three(read):
    with pytest.raises(SourceError, match="dimensions; 2 or 3"):
        read(line("-543000 -1050000 -543003 -1050004"), dimension="0")


def test_too_many_vertices_are_refused(read):
    with pytest.raises(SourceError, match=r"UL\.1 has more than 250,000 vertices"):
        read(line("-543000 -1050000 " * 250_001))


def test_many_arcs_are_no_way_around_the_limit(read):
    # Each arc of some 100 km would become thousands of segments.
    arc = "-543000 -1050000 -593000 -1100000 -643000 -1050000 "
    back = "-593000 -1000000 -543000 -1050000 -593000 -1100000 -643000 -1050000 "
    text = arc + back * 300
    text = " ".join(text.split()[: 2 * (len(text.split()) // 2)])
    words = text.split()
    words = words if (len(words) // 2) % 2 else words[:-2]
    with pytest.raises(SourceError, match="more than 250,000 vertices"):
        read("<gml:Curve SRS><gml:segments><gml:ArcString>" + positions(" ".join(words))
             + "</gml:ArcString></gml:segments></gml:Curve>")  # fmt: skip


@given(
    radius_m=st.floats(0.02, 5_000),
    start=st.floats(0, math.tau),
    sweep=st.floats(0.1, 6.2),
    clockwise=st.booleans(),
)
def test_arcs_stay_within_a_centimetre(radius_m, start, sweep, clockwise):
    sign = -1 if clockwise else 1
    angles = start + sign * sweep * np.array([0, 0.5, 1])
    through = np.column_stack([np.cos(angles), np.sin(angles)]) * radius_m + [X, Y]
    points = arc_points(*through)
    assert (points[0] == through[0]).all()
    assert (points[-1] == through[2]).all()
    middles = (points[1:] + points[:-1]) / 2
    off_m = np.abs(np.hypot(*(middles - [X, Y]).T) - radius_m)
    assert off_m.max() <= MAX_DEVIATION_M + 1e-4
    length_m = np.hypot(*np.diff(points, axis=0).T).sum()
    assert length_m == pytest.approx(radius_m * sweep, rel=0.4 if radius_m < 0.1 else 0.05)


def test_a_circle_comes_back_to_its_start():
    circle = circle_points(np.array([X + 10, Y]), np.array([X, Y + 10]), np.array([X - 10, Y]))
    assert (circle[0] == circle[-1]).all()
    assert shapely.Polygon(circle).area == pytest.approx(100 * math.pi, rel=2e-3)
