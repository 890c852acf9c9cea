"""Geocoders in tests: of the bundled layers, of an invented town with addresses, hand-made ones."""

import geopandas as gpd
from shapely.geometry import LineString, Point, box

from hotspots import schema
from hotspots.geocode import Geocoder
from hotspots.geocode.gazetteer import make_gazetteer
from hotspots.layers import install_bundled
from hotspots.layers.importing import import_layers
from hotspots.settings import Settings, Workspace
from tests.ruian import make_vfr, small_town

X, Y = -543_000.0, -1_050_000.0


def bundled_workspace(folder):
    """A workspace with the bundled layers and nothing else."""
    workspace = Workspace(folder / "w", Settings())
    workspace.path.mkdir()
    workspace.write_settings()
    install_bundled(workspace)
    return workspace


def town_workspace(folder, *, name="Lhota", code="555555", file=None):
    """A workspace whose layers come from an exchange file; by default `ruian.small_town`."""
    workspace = Workspace(folder / code, Settings(municipality=code, town=name))
    workspace.path.mkdir()
    workspace.write_settings()
    if file is None:
        file = folder / f"{code}.xml"
        file.write_bytes(make_vfr(small_town(code, name)))
    import_layers(workspace, [file])
    return workspace


def area_frame(kind, areas):
    """Areas of one kind: (id, name, polygon)."""
    return gpd.GeoDataFrame(
        {
            schema.AREA_ID: [f"{kind}:{one[0]}" for one in areas],
            schema.NAME: [one[1] for one in areas],
            schema.KIND: kind,
            schema.PRECISION_M: 5.0,
        },
        geometry=[one[2] for one in areas],
        crs="EPSG:5514",
    )


def line(*points):
    """A line through points given from the corner (X, Y) in metres."""
    return LineString([(X + x, Y + y) for x, y in points])


def hand_made(streets, *, districts=(), parts=(), town="Lhota", landmarks=()):
    """A geocoder of streets (name, line) and areas (name, box), everything typed by hand."""
    lines = [shape for _name, shape in streets]
    ids = [str(i) for i in range(len(streets))]
    polygons = [(i, name, shape.buffer(30)) for i, (name, shape) in zip(ids, streets, strict=True)]
    axes = gpd.GeoDataFrame(
        {schema.AREA_ID: [f"street:{i}" for i in ids]}, geometry=lines, crs="EPSG:5514"
    )
    places = gpd.GeoDataFrame(
        {
            schema.NAME: [one[0] for one in landmarks],
            schema.PLACE_KIND: [one[1] for one in landmarks],
            schema.PRECISION_M: 40.0,
        },
        geometry=[Point(X + one[2], Y + one[3]) for one in landmarks],
        crs="EPSG:5514",
    )

    def areas(kind, given):
        made = [
            (str(i), name, box(X + a, Y + b, X + c, Y + d))
            for i, (name, (a, b, c, d)) in enumerate(given)
        ]
        return area_frame(kind, made) if made else None

    return Geocoder(
        make_gazetteer(
            town=town,
            streets=area_frame(schema.STREET, polygons),
            axes=axes,
            districts=areas(schema.DISTRICT, districts),
            parts=areas(schema.TOWN_PART, parts),
            landmarks=places,
        )
    )
