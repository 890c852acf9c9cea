"""Street axes from lines of a map: ids, and names that tell streets of one name apart."""

from dataclasses import dataclass
from typing import Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from hotspots import schema
from hotspots.crs import EPSG
from hotspots.i18n import _
from hotspots.layers.town_data import CODE, is_ruian

# RÚIAN's definition lines lie in the middle of the road, off by about this [m].
AXIS_PRECISION_M: Final = 2.0
# Lines of others, drawn over aerial pictures or tracks.
OTHER_PRECISION_M: Final = 5.0
_LINEAR: Final = (1, 5)  # shapely type ids of LineString and MultiLineString


@dataclass(frozen=True)
class StreetAxes:
    """Streets as the street layers are made from them.

    Attributes
    ----------
    axes
        `area_id`, `name`, `derived`, `precision_m`, `layer_source` and lines in EPSG:5514.
    without_line
        Names of the streets that have no line.
    """

    axes: gpd.GeoDataFrame
    without_line: "pd.Series[str]"


def make_street_axes(
    streets: gpd.GeoDataFrame, addresses: gpd.GeoDataFrame, town_parts: gpd.GeoDataFrame | None
) -> StreetAxes:
    """Return the axes of a town's streets.

    Streets of one name get the name of their town part after it: that of most of their addresses,
    else the one in which most of their line lies; where that does not tell them apart, their code.

    Parameters
    ----------
    streets, addresses
        Frames of `TownData`, EPSG:5514. Not modified.
    town_parts
        Area frame of the town's parts, or None.

    Returns
    -------
    StreetAxes
    """
    shapes = shapely.force_2d(np.asarray(streets.geometry.array, dtype=object))
    lined = np.isin(shapely.get_type_id(shapes), _LINEAR) & (shapely.length(shapes) > 0)
    drawn = streets[lined].assign(**{schema.GEOMETRY: shapes[lined]})
    axes = gpd.GeoDataFrame(
        {
            schema.AREA_ID: pd.array([f"street:{code}" for code in drawn[CODE]], dtype="str"),
            schema.NAME: pd.array(_distinct_names(drawn, addresses, town_parts), dtype="str"),
            schema.DERIVED: np.zeros(len(drawn), dtype=bool),
            schema.PRECISION_M: np.where(
                [is_ruian(str(citation)) for citation in drawn[schema.LAYER_SOURCE]],
                AXIS_PRECISION_M,
                OTHER_PRECISION_M,
            ),
            schema.LAYER_SOURCE: pd.array(drawn[schema.LAYER_SOURCE].to_numpy(), dtype="str"),
        },
        geometry=shapes[lined],
        crs=EPSG,
    )
    return StreetAxes(axes, streets.loc[~lined, schema.NAME])


def _distinct_names(
    drawn: gpd.GeoDataFrame, addresses: gpd.GeoDataFrame, town_parts: gpd.GeoDataFrame | None
) -> list[str]:
    names = drawn[schema.NAME].astype(str)
    twins = drawn[names.duplicated(keep=False)]
    of_street = addresses.groupby(schema.STREET_CODE)[schema.TOWN_PART_NAME]
    lived_in = of_street.agg(lambda parts: parts.mode().iloc[0])
    labels = []
    for code, line in zip(twins[CODE], twins.geometry, strict=True):
        label = lived_in.get(code, "")
        labels.append(label or _part_under(line, town_parts) or code)
    said = pd.Series(labels, index=twins.index, dtype="str")
    together = pd.concat([names[twins.index], said], axis=1).duplicated(keep=False)
    said = said.where(~together, twins[CODE])
    distinct = names.copy()
    distinct[twins.index] = [
        _("{name} ({part})").format(name=name, part=part)
        for name, part in zip(names[twins.index], said, strict=True)
    ]
    return list(distinct)


def _part_under(line: shapely.Geometry, town_parts: gpd.GeoDataFrame | None) -> str:
    if town_parts is None or town_parts.empty:
        return ""
    lengths = shapely.length(shapely.intersection(line, np.asarray(town_parts.geometry.array)))
    return str(town_parts[schema.NAME].iloc[int(lengths.argmax())]) if lengths.any() else ""
