"""A made-up town of square districts, sound in everything: tests break one thing each."""

import geopandas as gpd
import numpy as np
import pyogrio
import shapely
from shapely.geometry import LineString, box

from hotspots import schema
from hotspots.layers.check import area_columns
from hotspots.layers.version_records import FETCHED
from hotspots.layers.versions import LAYERS_FILE, put_in_force
from hotspots.settings import Settings, Workspace

X, Y = -543_000.0, -1_051_000.0
SIDE = 1000.0
TOWN = box(X, Y, X + 2 * SIDE, Y + 2 * SIDE)
# Quarters of the town: west and east of the south, then of the north.
QUARTERS = tuple(
    box(X + i * SIDE, Y + j * SIDE, X + (i + 1) * SIDE, Y + (j + 1) * SIDE)
    for j in (0, 1)
    for i in (0, 1)
)
NAMES = ("Jihozápad", "Jihovýchod", "Severozápad", "Severovýchod")


def make_areas(layer, shapes, *, names=None, ids=None, crs=5514, **columns):
    """Return a sound area frame of `layer`; `columns` replace those it would have."""
    n = len(shapes)
    shapes = np.array([*shapes, None], dtype=object)[:-1]
    residents = 100.0 if layer not in (schema.STREET, schema.SEGMENT) else np.nan
    values = {
        schema.AREA_ID: list(ids) if ids else [f"{layer}:{k + 1:02d}" for k in range(n)],
        schema.NAME: list(names) if names else [*NAMES, *(f"Díl {k}" for k in range(5, n + 1))][:n],
        schema.KIND: layer,
        schema.RESIDENTS: residents,
        schema.RESIDENTS_YEAR: 2021.0 if residents == residents else np.nan,
        schema.AREA_KM2: np.round(shapely.area(shapes) / 1e6, 6),
        schema.LENGTH_M: np.nan,
        schema.DERIVED: False,
        schema.PRECISION_M: 1.0,
        schema.LAYER_SOURCE: "ČÚZK",
        schema.STREET_ID: "street:1",
        schema.SEGMENT_NUMBER: range(1, n + 1),
    }
    values |= columns
    chosen = {name: values[name] for name in area_columns(layer) if name != schema.GEOMETRY}
    return gpd.GeoDataFrame(chosen, index=range(n), geometry=shapes, crs=crs)


def make_streets():
    """Return one street of 200 m in two segments: its four layers."""
    halves = [box(X + 100 * k, Y + 100, X + 100 * k + 100, Y + 160) for k in (0, 1)]
    axes = [LineString([(X + 100 * k, Y + 130), (X + 100 * k + 100, Y + 130)]) for k in (0, 1)]
    ids = ["street:1/01", "street:1/02"]
    return {
        schema.STREET: make_areas(
            schema.STREET,
            [shapely.union_all(halves)],
            ids=["street:1"],
            names=["Dlouhá"],
            length_m=200.0,
        ),
        schema.SEGMENT: make_areas(
            schema.SEGMENT, halves, ids=ids, names=["Dlouhá"] * 2, length_m=100.0
        ),
        "street_axis": gpd.GeoDataFrame(
            {schema.AREA_ID: ["street:1"]},
            geometry=[LineString([(X, Y + 130), (X + 200, Y + 130)])],
            crs=5514,
        ),
        "segment_axis": gpd.GeoDataFrame({schema.AREA_ID: ids}, geometry=axes, crs=5514),
    }


def make_town(**layers):
    """Return every layer of the made-up town; `layers` replace or, when None, leave out."""
    frames = {
        schema.MUNICIPALITY: make_areas(
            schema.MUNICIPALITY,
            [TOWN],
            ids=["municipality:536385"],
            names=["Jeseník"],
            residents=400.0,
        ),
        schema.DISTRICT: make_areas(schema.DISTRICT, QUARTERS),
        schema.LOCALITY: make_areas(schema.LOCALITY, [TOWN.centroid.buffer(100)]),
        **make_streets(),
    }
    return {name: frame for name, frame in (frames | layers).items() if frame is not None}


def make_workspace(path, frames=None, *, made_by=FETCHED, **options):
    """Return a workspace with these layers, or the made-up town's, in force."""
    workspace = Workspace(path / "w", Settings())
    put_in_force(
        workspace,
        make_town() if frames is None else frames,
        made_by=made_by,
        keep_layers=False,
        **options,
    )
    return workspace


def change_layer(workspace, layer, frame):
    """Put a layer into the file in force by hand, as somebody does in QGIS."""
    pyogrio.write_dataframe(
        frame,
        workspace.layers / LAYERS_FILE,
        layer=layer,
        driver="GPKG",
        promote_to_multi=False,
        geometry_type="Unknown",
    )
