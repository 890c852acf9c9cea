"""An area frame from ids, names and polygons: every column that the schema asks for."""

from collections.abc import Sequence
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from hotspots import schema
from hotspots.crs import EPSG


def make_area_frame(
    kind: str,
    ids: Sequence[str],
    names: Sequence[str],
    shapes: npt.NDArray[np.object_],
    *,
    derived: bool,
    precision_m: Any,
    source: str | Sequence[str],
    residents: Any = np.nan,
    year: Any = np.nan,
) -> gpd.GeoDataFrame:
    """Return the area frame of one kind.

    Parameters
    ----------
    kind
        One of `schema.AREA_KINDS`, no segments.
    ids, names, shapes
        `area_id`, name and polygon (EPSG:5514) of n areas.
    derived
        Of all of them: see `schema`.
    source
        Whom to credit: one text for all or n texts.
    precision_m, residents, year
        One number for all or n numbers; NaN where unknown.

    Returns
    -------
    areas
        `schema.AREA_COLUMNS`, EPSG:5514, sorted by `area_id`, numbered from 0; `area_km2` is that
        of the polygon.
    """
    n = len(ids)

    def numbers(value: Any) -> npt.NDArray[np.float64]:
        return np.broadcast_to(np.asarray(value, dtype=np.float64), n).copy()

    frame = gpd.GeoDataFrame(
        {
            schema.AREA_ID: pd.array(list(ids), dtype="str"),
            schema.NAME: pd.array(list(names), dtype="str"),
            schema.KIND: pd.array([kind] * n, dtype="str"),
            schema.RESIDENTS: numbers(residents),
            schema.RESIDENTS_YEAR: numbers(year),
            schema.AREA_KM2: np.round(shapely.area(shapes) / 1e6, 6),
            schema.LENGTH_M: np.full(n, np.nan),
            schema.DERIVED: np.full(n, derived),
            schema.PRECISION_M: numbers(precision_m),
            schema.LAYER_SOURCE: pd.array(
                [source] * n if isinstance(source, str) else source, dtype="str"
            ),
        },
        geometry=shapes,
        crs=EPSG,
    )
    return frame.sort_values(schema.AREA_ID, ignore_index=True)
