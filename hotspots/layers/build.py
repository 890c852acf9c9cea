"""Building the bundled layers from the fact tables, the same every time."""

from pathlib import Path
from typing import Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry import Polygon

from hotspots import schema
from hotspots.crs import EPSG, WGS84, to_5514
from hotspots.errors import SchemaError
from hotspots.files import replacing
from hotspots.i18n import _
from hotspots.layers.area_frame import make_area_frame
from hotspots.layers.axes import complete_streets, join_points
from hotspots.layers.check import check_areas
from hotspots.layers.facts import Facts, positions, read_facts
from hotspots.layers.own.area_ids import slug
from hotspots.layers.places import BUS_STOP
from hotspots.layers.power import share_by_area, share_by_distance
from hotspots.layers.reading import PLACE_LAYER
from hotspots.layers.street_layers import make_street_layers
from hotspots.layers.version_records import write_frames
from hotspots.settings import Settings

# Citations as the sources name themselves; the same in every language.
ACCIDENTS: Final = "Policie ČR, dopravní nehody 2016–2024"
RUIAN: Final = "ČÚZK, RÚIAN 2014–2016, CC BY 4.0"
CENSUS: Final = "ČSÚ, ZSJ a SLDB 2011"
BOUNDARY: Final = "DataRozhlas, hranice obcí"
STOPS: Final = "zastávky veřejné dopravy, CC BY 4.0"

_Shapes = npt.NDArray[np.object_]


def build_layers(facts_dir: Path) -> dict[str, gpd.GeoDataFrame]:
    """Return every bundled layer by its GeoPackage name.

    Parameters
    ----------
    facts_dir
        Directory of the fact tables (see `hotspots.layers.facts`).

    Returns
    -------
    layers
        `municipality`, `street`, `segment`, `district`, `town_part`, `electoral_district` (area
        frames), `street_axis`, `segment_axis`, `place`; EPSG:5514, coordinates rounded to 1 cm,
        sorted by `area_id`. Every area says that it is derived and how far it may be off.

    Raises
    ------
    NotFoundError, SourceError, SchemaError
        The fact tables are not what they must be.
    ParameterError
        No cells of the districts' areas can be found for their sites.
    """
    facts = read_facts(facts_dir)
    boundary = make_boundary(facts)
    layers = {schema.MUNICIPALITY: _municipality(facts, boundary)}
    usual = Settings()
    layers.update(
        make_street_layers(
            make_axes(facts),
            boundary,
            reach_m=usual.street_reach_m,
            segment_length_m=usual.segment_length_m,
        ).layers
    )
    layers[schema.DISTRICT], layers[schema.TOWN_PART] = _districts(facts, boundary)
    layers[schema.ELECTORAL_DISTRICT] = _electoral_districts(facts, boundary)
    layers[PLACE_LAYER] = _places(facts)
    for name, frame in layers.items():
        if name in schema.AREA_KINDS:
            check_areas(frame, name, what=name)
    return layers


def write_layers(layers: dict[str, gpd.GeoDataFrame], path: Path) -> None:
    """Write layers as one GeoPackage, whole or not at all."""
    with replacing(path) as draft:
        draft.unlink()
        write_frames(layers, draft)


def make_boundary(facts: Facts) -> Polygon:
    """Return the study area's boundary in EPSG:5514, vertices rounded to 1 cm."""
    table = facts["boundary"].sort_values("vertex")
    x, y = to_5514(table["lon"].to_numpy(), table["lat"].to_numpy(), crs=WGS84)
    ring = Polygon(np.round(np.column_stack([x, y]), 2))
    if not ring.is_valid:
        raise SchemaError(
            _("fact table {path}: the vertices do not make a valid polygon").format(
                path="boundary.csv"
            )
        )
    return ring


def make_axes(facts: Facts) -> gpd.GeoDataFrame:
    """Return the street axes joined from the known points (see `join_points`).

    Returns
    -------
    axes
        `area_id` (`street:` and the street's RÚIAN code, or its name where that is unknown),
        `name`, `precision_m`, `layer_source`, geometry in EPSG:5514.
    """
    streets = facts["streets"]
    named = facts["street_points"]
    strange = sorted(set(named["name"]) - set(streets["name"]))
    if strange:
        raise SchemaError(
            _("fact table {path}: these streets are not in streets.csv: {names}").format(
                path="street_points.csv", names=", ".join(strange)
            )
        )
    codes = dict(zip(streets["name"], streets["street_code"], strict=True))
    roads = dict(zip(streets["name"], streets["road"], strict=True))
    known = {
        str(name): (positions(group), frozenset(group["road_edge"]), str(roads[name]))
        for name, group in named.groupby("name")
    }
    loose = facts["road_points"]
    gained = complete_streets(
        known, list(loose[["x", "y", "road_edge", "road"]].itertuples(index=False, name=None))
    )
    rows = []
    for name, (xy, _edges, _road) in known.items():
        axis = join_points(np.vstack([xy, *[np.array([p]) for p in gained.get(name, [])]]))
        rows.append(
            {
                schema.AREA_ID: f"street:{codes[name] or slug(name)}",
                schema.NAME: name,
                schema.PRECISION_M: axis.precision_m,
                schema.LAYER_SOURCE: ACCIDENTS,
                schema.GEOMETRY: axis.line,
            }
        )
    frame = gpd.GeoDataFrame(rows, geometry=schema.GEOMETRY, crs=EPSG)
    return frame.sort_values(schema.AREA_ID, ignore_index=True)


def _municipality(facts: Facts, boundary: Polygon) -> gpd.GeoDataFrame:
    row = facts["municipality"].iloc[0]
    return make_area_frame(
        schema.MUNICIPALITY,
        [f"municipality:{row['code']}"],
        [row["name"]],
        np.array([shapely.normalize(boundary)], dtype=object),
        derived=True,
        residents=row["residents"],
        year=row["residents_year"],
        precision_m=row["boundary_precision_m"],
        source=BOUNDARY,
    )


def _districts(facts: Facts, boundary: Polygon) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame]:
    table = facts["districts"].merge(
        facts["district_sites"].drop(columns="name"),
        on="district_code",
        how="left",
        validate="one_to_one",
    )
    if table["x"].isna().any():
        raise SchemaError(
            _("fact table {path}: these districts have no site: {names}").format(
                path="district_sites.csv", names=", ".join(table.loc[table["x"].isna(), "name"])
            )
        )
    cells = share_by_area(boundary, positions(table), table["area_km2"].to_numpy() * 1e6)
    districts = make_area_frame(
        schema.DISTRICT,
        [f"district:{code}" for code in table["district_code"]],
        list(table["name"]),
        cells,
        derived=True,
        residents=table["residents_2011"],
        year=2011,
        precision_m=table["precision_m"],
        source=CENSUS,
    )
    parts = facts["town_parts"]
    groups = [table["town_part_code"] == code for code in parts["town_part_code"]]
    town_parts = make_area_frame(
        schema.TOWN_PART,
        [f"town_part:{code}" for code in parts["town_part_code"]],
        list(parts["name"]),
        np.array(
            [shapely.normalize(shapely.coverage_union_all(cells[g.to_numpy()])) for g in groups],
            dtype=object,
        ),
        derived=True,
        residents=[table.loc[g, "residents_2011"].sum() for g in groups],
        year=2011,
        precision_m=[table.loc[g, "precision_m"].max() for g in groups],
        source=CENSUS,
    )
    return districts, town_parts


def _electoral_districts(facts: Facts, boundary: Polygon) -> gpd.GeoDataFrame:
    table = facts["electoral_districts"]
    sites = positions(table)
    apart = np.hypot(*(sites[:, None] - sites[None]).transpose(2, 0, 1))
    np.fill_diagonal(apart, np.inf)
    return make_area_frame(
        schema.ELECTORAL_DISTRICT,
        [f"electoral_district:{number:02d}" for number in table["number"]],
        [str(number) for number in table["number"]],
        share_by_distance(boundary, sites),
        derived=True,
        # The true border lies somewhere between two definition points.
        precision_m=np.round(apart.min(axis=1) / 2),
        source=RUIAN,
    )


def _places(facts: Facts) -> gpd.GeoDataFrame:
    table = facts["places"].sort_values(["place_kind", "name"], ignore_index=True)
    xy = positions(table)
    return gpd.GeoDataFrame(
        {
            schema.NAME: table["name"],
            schema.PLACE_KIND: table["place_kind"],
            schema.DERIVED: table["place_kind"] != BUS_STOP,
            schema.PRECISION_M: table["precision_m"],
            schema.LAYER_SOURCE: [
                ACCIDENTS if "axis points" in basis or "known points" in basis else STOPS
                for basis in table["basis"]
            ],
        },
        geometry=shapely.points(xy),
        crs=EPSG,
    )
