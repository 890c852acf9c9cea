"""Localities drawn by the town: bringing its polygons into the workspace."""

import re
import unicodedata
import warnings
from pathlib import Path
from typing import Final

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa
import pyogrio
from pyogrio.errors import DataLayerError, DataSourceError, FieldError
from pyproj.exceptions import ProjError
from shapely.errors import GEOSException
from shapely.geometry.base import BaseGeometry

from hotspots import schema
from hotspots.crs import CZECHIA_5514, EPSG, SJTSK_POSITIVE
from hotspots.errors import CRSError, NotFoundError, SchemaError, SourceError
from hotspots.filetypes import LAYER_SUFFIXES, detect_format, gdal_path
from hotspots.i18n import _, ngettext
from hotspots.layers.check import check_areas, check_polygons, some
from hotspots.layers.origin import EXAMPLE, drawn_origin, say_origin
from hotspots.layers.reading import read_boundary
from hotspots.layers.versions import LAYERS_FILE, OWN_AREAS, put_in_force
from hotspots.settings import Workspace

# Drawn on a screen over a map: nobody knows a locality's edge better than this.
DRAWN_PRECISION_M: Final = 20.0
# What a damaged file can make the reader raise: text that is no UTF-8, broken geometries.
_DAMAGED: Final = (
    DataSourceError,
    FieldError,
    GEOSException,
    UnicodeError,
    ValueError,
    RuntimeError,
    pa.ArrowException,
)


def slug(text: str) -> str:
    """Return `text` in lower-case letters and digits without accents, joined by hyphens."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode("ascii")
    return re.sub(r"[^a-z0-9]+", "-", plain.lower()).strip("-")


def import_localities(
    workspace: Workspace,
    file: Path,
    *,
    name_column: str,
    layer: str | None = None,
    example: bool = False,
) -> gpd.GeoDataFrame:
    """Make the polygons of `file` the workspace's localities, whole or not at all.

    Localities that were there before are replaced. Overlaps are allowed: localities are counted
    each for itself.

    Parameters
    ----------
    workspace
        Must have layers already.
    file
        GeoPackage, GeoJSON or Shapefile with a coordinate system.
    name_column
        Column with a name for each polygon, all different.
    layer
        Layer of a GeoPackage with several.
    example
        The polygons are made up: their names and source say so wherever they are shown.

    Returns
    -------
    localities
        Area frame of kind `locality`, EPSG:5514, sorted by `area_id`.

    Raises
    ------
    SourceError
        The file is missing, of another type, or damaged.
    CRSError
        The file has no coordinate system, or one whose positions fall outside Czechia.
    SchemaError
        No such column; a name is missing or occurs twice; a geometry is invalid, empty, no
        polygon, or lies wholly outside the study area; no polygon at all.
    NotFoundError
        No such layer; the workspace has no layers.
    """
    target = workspace.layers / LAYERS_FILE
    if not target.is_file():
        raise NotFoundError(
            _(
                "the workspace {workspace} has no layers yet; bring them with: "
                "hotspots layers fetch, or hotspots layers import FILE"
            ).format(workspace=workspace.path)
        )
    drawn = _read(file, layer)
    localities = _localities(drawn, file, name_column, example)
    _require_inside(localities, read_boundary(workspace), file)
    put_in_force(workspace, {schema.LOCALITY: localities}, made_by=OWN_AREAS, keep_layers=True)
    return say_origin(localities)


def _read(file: Path, layer: str | None) -> gpd.GeoDataFrame:
    source = gdal_path(file, detect_format(file, known=LAYER_SUFFIXES))
    names: list[str] = []
    try:
        names = [str(name) for name in pyogrio.list_layers(source)[:, 0]]
        if not names:
            raise SourceError(_("{path} holds no layer").format(path=file))
        if layer is None and len(names) > 1:
            raise NotFoundError(
                _("{path} has several layers ({known}); say which one to read").format(
                    path=file, known=", ".join(names)
                )
            )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)  # what is wrong is found below
            frame = pyogrio.read_dataframe(source, layer=layer)
    except DataLayerError as error:
        raise NotFoundError(
            _("{path} has no layer {layer}; it has {known}").format(
                path=file, layer=layer, known=", ".join(names)
            )
        ) from error
    except _DAMAGED as error:
        raise SourceError(
            _("{path} cannot be read as a map layer: {reason}").format(path=file, reason=error)
        ) from error
    if not isinstance(frame, gpd.GeoDataFrame):
        raise SchemaError(_("{path} has no geometry; polygons are needed").format(path=file))
    return frame


def _localities(
    drawn: gpd.GeoDataFrame, file: Path, name_column: str, example: bool
) -> gpd.GeoDataFrame:
    if name_column not in drawn.columns or name_column == drawn.geometry.name:
        known = [str(c) for c in drawn.columns if c != drawn.geometry.name]
        raise SchemaError(
            _("{path} has no column {name} for the names; it has {known}").format(
                path=file, name=name_column, known=", ".join(known) or "–"
            )
        )
    if drawn.empty:
        raise SchemaError(_("{path} holds no polygon").format(path=file))
    names = drawn[name_column].astype("object").where(drawn[name_column].notna(), "").astype(str)
    names = names.str.strip()
    nameless = int((names == "").sum())
    if nameless:
        raise SchemaError(
            ngettext(
                "{path}: {n} polygon has no name in column {name}",
                "{path}: {n} polygons have no name in column {name}",
                nameless,
            ).format(path=file, n=nameless, name=name_column)
        )
    twice = names[names.duplicated()].drop_duplicates()
    if len(twice):
        raise SchemaError(
            _("{path}: these names occur more than once: {names}").format(
                path=file, names=some(twice)
            )
        )
    check_polygons(drawn.geometry, names, what=str(file))
    placed = _to_5514(drawn, file)
    ids = _ids(names)
    n = len(drawn)
    frame = gpd.GeoDataFrame(
        {
            schema.AREA_ID: ids,
            schema.NAME: names.to_numpy(),
            schema.KIND: schema.LOCALITY,
            schema.RESIDENTS: np.full(n, np.nan),
            schema.RESIDENTS_YEAR: np.full(n, np.nan),
            schema.AREA_KM2: placed.area.to_numpy() / 1e6,
            schema.LENGTH_M: np.full(n, np.nan),
            schema.DERIVED: example,
            schema.PRECISION_M: DRAWN_PRECISION_M,
            schema.LAYER_SOURCE: EXAMPLE if example else drawn_origin(file.name),
        },
        geometry=placed.to_numpy(),
        crs=EPSG,
    ).sort_values(schema.AREA_ID, ignore_index=True)
    check_areas(frame, schema.LOCALITY, what=str(file))
    return frame


def _require_inside(localities: gpd.GeoDataFrame, boundary: BaseGeometry, file: Path) -> None:
    """Refuse localities in which no incident of the study area can ever lie."""
    outside = ~localities.intersects(boundary)
    if outside.any():
        raise SchemaError(
            _(
                "{path}: these localities lie wholly outside the study area: {names}; check the "
                "file's coordinate system, or leave them out"
            ).format(path=file, names=some(localities.loc[outside, schema.NAME]))
        )


def _ids(names: "pd.Series[str]") -> list[str]:
    """Return an area_id per name; names alike but for accents get a number, in name order."""
    bases = names.map(lambda name: slug(name) or "x")
    rank = bases[names.sort_values().index].groupby(bases).cumcount().reindex(names.index)
    return [
        f"locality:{base}" if not k else f"locality:{base}-{k + 1}"
        for base, k in zip(bases, rank, strict=True)
    ]


def _to_5514(drawn: gpd.GeoDataFrame, file: Path) -> gpd.GeoSeries:
    crs = drawn.crs
    if crs is None:
        raise CRSError(
            _(
                "{what} has no coordinate system; "
                "set one, in QGIS: Layer > Set Layer CRS, usually EPSG:5514"
            ).format(what=file)
        )
    if crs.to_epsg() == SJTSK_POSITIVE:
        placed = drawn.geometry.affine_transform([-1, 0, 0, -1, 0, 0]).set_crs(
            EPSG, allow_override=True
        )
    else:
        try:
            placed = drawn.geometry.to_crs(EPSG)
        except ProjError as error:
            raise CRSError(
                _("{path} cannot be converted to EPSG:5514: {reason}").format(
                    path=file, reason=error
                )
            ) from error
    x_min, y_min, x_max, y_max = placed.total_bounds
    left, low, right, high = CZECHIA_5514
    if not (left <= x_min and low <= y_min and x_max <= right and y_max <= high):
        raise CRSError(
            _(
                "{path}: positions fall outside Czechia; "
                "the file's coordinate system ({crs}) is probably set wrongly"
            ).format(path=file, crs=crs.to_string())
        )
    return placed
