"""What official files say of one town, before its streets become areas: what every reader fills."""

from dataclasses import dataclass
from datetime import date
from typing import Final

import geopandas as gpd

from hotspots import schema
from hotspots.crs import EPSG

CODE: Final = "code"  # str, the code that RÚIAN gives the thing
PART_OF: Final = "part_of"  # str, code of what it lies in: a district's cadastral unit
NUMBER: Final = "number"  # str, an electoral district's number

# How citations begin, in every language.
_RUIAN: Final = "ČÚZK, RÚIAN"
_OSM: Final = "© přispěvatelé OpenStreetMap"

# Frame of `TownData` → its columns, geometry last.
COLUMNS: Final[dict[str, tuple[str, ...]]] = {
    "municipality": (CODE, schema.NAME, schema.LAYER_SOURCE, schema.GEOMETRY),
    "cadastral_units": (CODE, schema.NAME, schema.LAYER_SOURCE, schema.GEOMETRY),
    "districts": (CODE, schema.NAME, PART_OF, schema.LAYER_SOURCE, schema.GEOMETRY),
    "town_parts": (CODE, schema.NAME, schema.LAYER_SOURCE, schema.GEOMETRY),
    "electoral_districts": (CODE, NUMBER, schema.LAYER_SOURCE, schema.GEOMETRY),
    "streets": (CODE, schema.NAME, schema.LAYER_SOURCE, schema.GEOMETRY),
    "addresses": schema.ADDRESS_COLUMNS,
    "buildings": schema.BUILDING_COLUMNS,
}


@dataclass(frozen=True)
class SourceFile:
    """A file that layers were made from.

    Attributes
    ----------
    name
        File name, without its directory.
    sha256
        Of the file as it came, 64 hexadecimal digits.
    n_bytes
        Its size.
    valid_on
        The day its data stand for; None where it does not say.
    citation
        Whom to credit and under which licence, with the day: the same in every language.
    url
        Where it was fetched from; empty for a file of the user's.
    """

    name: str
    sha256: str
    n_bytes: int
    valid_on: date | None
    citation: str
    url: str = ""


@dataclass(frozen=True)
class TownData:
    """Official data of one municipality. Frames are in EPSG:5514 with the columns of `COLUMNS`.

    Every row names whom to credit for its geometry, since parts may be of different days.

    Attributes
    ----------
    code, name
        Municipality; the code empty where a file names several or none.
    valid_on
        The day the data stand for.
    municipality, cadastral_units, districts, electoral_districts
        Polygons; a unit whose file has no boundary has its definition point, or None.
    town_parts
        Definition points (RÚIAN knows no polygons of them) or None.
    streets
        Definition lines; None where a street has none.
    addresses, buildings
        Points; None where the file gives no position.
    sources
        The files, in the order read.
    notes
        What was left out and why, one sentence each, in the language in force.
    generalised
        Whether the boundaries of the municipality and its cadastral units are generalised.
    """

    code: str
    name: str
    valid_on: date | None
    municipality: gpd.GeoDataFrame
    cadastral_units: gpd.GeoDataFrame
    districts: gpd.GeoDataFrame
    town_parts: gpd.GeoDataFrame
    electoral_districts: gpd.GeoDataFrame
    streets: gpd.GeoDataFrame
    addresses: gpd.GeoDataFrame
    buildings: gpd.GeoDataFrame
    sources: tuple[SourceFile, ...] = ()
    notes: tuple[str, ...] = ()
    generalised: bool = False


def empty_frame(name: str) -> gpd.GeoDataFrame:
    """Return the frame `name` of `COLUMNS` without rows."""
    columns: dict[str, list[object]] = {column: [] for column in COLUMNS[name]}
    return gpd.GeoDataFrame(columns, geometry=schema.GEOMETRY, crs=EPSG)


def ruian_citation(valid_on: date | None) -> str:
    """Return the credit that CC BY 4.0 asks for, with the day of the data where it is known."""
    day = f" k {valid_on.day}. {valid_on.month}. {valid_on.year}" if valid_on else ""
    return f"{_RUIAN}{day}, CC BY 4.0"


def osm_citation(valid_on: date | None) -> str:
    """Return the credit that the ODbL asks for, with the day of the data where it is known."""
    day = f" {valid_on.day}. {valid_on.month}. {valid_on.year}" if valid_on else ""
    return f"{_OSM}{day}, ODbL"


def is_ruian(citation: str) -> bool:
    """Say whether a citation is one of RÚIAN, whose data alone are official."""
    return citation.startswith(_RUIAN)


def is_osm(citation: str) -> bool:
    """Say whether a citation is one of OpenStreetMap."""
    return citation.startswith(_OSM)
