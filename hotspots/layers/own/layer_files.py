"""Map files of a town opened: GeoPackage, GeoJSON, Shapefile, plain or zipped, in any system."""

import hashlib
import shutil
import sqlite3
import tempfile
import warnings
import zipfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Final

import geopandas as gpd
import numpy as np
import pyogrio
import shapely

from hotspots.archive import DAMAGED, check_members
from hotspots.errors import NotFoundError, SchemaError, SourceError
from hotspots.filetypes import GPKG, LAYER_SUFFIXES, SHP, ZIP, detect_format, gdal_path
from hotspots.i18n import _, format_number
from hotspots.layers.own.layer_systems import place_in_5514
from hotspots.layers.own.shapefiles import dbf_encoding, require_parts
from hotspots.layers.town_data import SourceFile
from hotspots.layers.unreadable import UNREADABLE

SIZE_LIMIT: Final = 200_000_000  # bytes, of the file and of what a ZIP archive unpacks to
FEATURES_LIMIT: Final = 100_000
VERTICES_LIMIT: Final = 250_000  # of one feature
COLUMNS_LIMIT: Final = 1_000
# GDAL's measure of one GeoJSON feature in memory [MB]; `VERTICES_LIMIT` vertices stay below it.
_GEOJSON_OBJECT_MB: Final = "400"
_ZIPPED: Final = (".shp", ".gpkg", ".geojson", ".json")
_COLLECTION: Final = 7  # shapely's type id
_POLYGONAL: Final = frozenset({3, 6})
_LINEAL: Final = frozenset({1, 5})


@dataclass(frozen=True)
class _Opened:
    """A data set that GDAL can be handed: where it lies, what it is, how messages name it."""

    path: Path
    kind: str
    shown: Path


def read_layer(
    file: Path, *, layer: str | None = None, crs: str | None = None
) -> tuple[gpd.GeoDataFrame, SourceFile]:
    """Return one layer of a map file, and the file it is.

    Parameters
    ----------
    file
        GeoPackage, GeoJSON, Shapefile (its `.shp`, the other parts beside it), or a ZIP archive
        that holds one of them.
    layer
        Layer of a GeoPackage, or data set of a ZIP archive, with several.
    crs
        Coordinate system as `hotspots.crs.parse_crs` takes it, in place of the one that the file
        names or lacks.

    Returns
    -------
    features
        As the file has them, in EPSG:5514 [m] without heights, numbered from 0; collections of
        polygons only, or of lines only, are made multi-part ones.
    source

    Raises
    ------
    SourceError
        The file is missing, of another type, damaged, lacks a part, or is beyond the limits.
    NotFoundError
        No such layer, or several and none named.
    SchemaError
        The layer has no geometry, or a feature more than `VERTICES_LIMIT` vertices.
    CRSError
        No coordinate system, or positions outside Czechia; the message says which one they look
        like.
    """
    with _opened(file, layer) as opened:
        inner = None if opened.path != file and opened.kind != GPKG else layer
        drawn = _read(opened, inner)
        source = _source(file)
    drawn = drawn.reset_index(drop=True)
    drawn = drawn.rename_geometry("geometry") if drawn.geometry.name != "geometry" else drawn
    shapes = shapely.force_2d(np.asarray(drawn.geometry.array, dtype=object))
    _check_size(shapes, file)
    drawn = drawn.set_geometry(gpd.GeoSeries(_unpack(shapes), index=drawn.index, crs=drawn.crs))
    return place_in_5514(drawn, crs=crs, path=file), source


@contextmanager
def unzipped(file: Path, suffixes: tuple[str, ...], *, named: str | None = None) -> Iterator[Path]:
    """Give the one member of an archive that ends in one of `suffixes`, unpacked for a while.

    Members of the same name with other endings are put beside it.

    Parameters
    ----------
    file
        ZIP archive.
    suffixes
        Endings in lower case.
    named
        Name of the member, with or without its ending, where there are several.

    Raises
    ------
    SourceError
        The archive is damaged, beyond the limits, or holds no such member.
    NotFoundError
        It holds several and none is named, or none of this name.
    """
    members = [m for m in check_members(file) if not _is_clutter(m.filename)]
    if sum(m.file_size for m in members) > SIZE_LIMIT:
        raise _too_large(file, sum(m.file_size for m in members))
    found = {m.filename: m for m in members if _suffix(m.filename) in suffixes}
    if not found:
        raise SourceError(
            _("{name} holds no file ending in {known}; it has {members}").format(
                name=file.name,
                known=", ".join(suffixes),
                members=", ".join(m.filename for m in members[:5]) or "–",
            )
        )
    chosen = [n for n in found if named in {n, PurePosixPath(n).name, PurePosixPath(n).stem}]
    if len(found) > 1 and len(chosen) != 1:
        raise NotFoundError(
            _("{path} has several layers ({known}); say which one to read").format(
                path=file, known=", ".join(PurePosixPath(n).name for n in found)
            )
        )
    main = chosen[0] if len(found) > 1 else next(iter(found))
    with tempfile.TemporaryDirectory(prefix="hotspots-") as place:
        for member in members:
            if PurePosixPath(member.filename).with_suffix("") == PurePosixPath(main).with_suffix(
                ""
            ):
                _unpack_member(file, member, Path(place) / f"data{_suffix(member.filename)}")
        yield Path(place) / f"data{_suffix(main)}"


def hash_files(files: list[Path]) -> tuple[str, int]:
    """Return the SHA-256 of files one after the other, in hexadecimal, and their size [bytes]."""
    digest = hashlib.sha256()
    for path in files:
        with path.open("rb") as stream:
            while block := stream.read(1 << 20):
                digest.update(block)
    return digest.hexdigest(), sum(path.stat().st_size for path in files)


def require_size(file: Path) -> None:
    """Raise `SourceError` where a file is larger than `SIZE_LIMIT`."""
    if file.stat().st_size > SIZE_LIMIT:
        raise _too_large(file, file.stat().st_size)


@contextmanager
def _opened(file: Path, layer: str | None) -> Iterator[_Opened]:
    kind = detect_format(file, known={**LAYER_SUFFIXES, ".zip": ZIP})
    require_size(file)
    if kind != ZIP:
        yield _Opened(file, kind, file)
        return
    with unzipped(file, _ZIPPED, named=layer) as path:
        yield _Opened(path, detect_format(path, known=LAYER_SUFFIXES), file)


def _source(file: Path) -> SourceFile:
    parts = require_parts(file) if file.suffix.lower() == ".shp" else {file.suffix: file}
    sha256, n_bytes = hash_files(list(parts.values()))
    return SourceFile(file.name, sha256, n_bytes, None, file.name)


def _read(opened: _Opened, layer: str | None) -> gpd.GeoDataFrame:
    encoding = None
    if opened.kind == SHP:
        parts = require_parts(opened.path, shown=opened.shown)
        encoding = dbf_encoding(parts, shown=opened.shown)
    if opened.kind == GPKG:
        _require_tables(opened.path, opened.shown)
    source = gdal_path(opened.path, opened.kind)
    pyogrio.set_gdal_config_options({"OGR_GEOJSON_MAX_OBJ_SIZE": _GEOJSON_OBJECT_MB})
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)  # what is wrong is found below
            _choose([str(name) for name in pyogrio.list_layers(source)[:, 0]], layer, opened)
            _require_columns(
                len(pyogrio.read_info(source, layer=layer, encoding=encoding)["fields"]), opened
            )
            frame = pyogrio.read_dataframe(
                source, layer=layer, encoding=encoding, max_features=FEATURES_LIMIT + 1
            )
    except UnicodeError as error:
        raise SourceError(_not_in_encoding(opened, encoding, error)) from error
    except UNREADABLE as error:
        if "too complex/large" in str(error):
            raise SchemaError(_too_many_vertices(opened.shown, _("a feature"))) from error
        raise SourceError(
            _("{path} cannot be read as a map layer: {reason}").format(
                path=opened.shown, reason=_reason(error, opened)
            )
        ) from error
    if not isinstance(frame, gpd.GeoDataFrame):
        raise SchemaError(
            _("{path} has no geometry; polygons are needed").format(path=opened.shown)
        )
    if len(frame) > FEATURES_LIMIT:
        raise SourceError(
            _("{path} has more than {limit} features; export only those that are needed").format(
                path=opened.shown, limit=format_number(FEATURES_LIMIT)
            )
        )
    return frame


def _require_columns(n: int, opened: _Opened) -> None:
    """Refuse a table so wide that reading it would exhaust the memory."""
    if n > COLUMNS_LIMIT:
        raise SourceError(
            _(
                "{path} has {n} columns, more than {limit}; export only those that are needed"
            ).format(path=opened.shown, n=format_number(n), limit=format_number(COLUMNS_LIMIT))
        )


def _choose(names: list[str], layer: str | None, opened: _Opened) -> None:
    if not names:
        raise SourceError(_("{path} holds no layer").format(path=opened.shown))
    if layer is None and len(names) > 1:
        raise NotFoundError(
            _("{path} has several layers ({known}); say which one to read").format(
                path=opened.shown, known=", ".join(names)
            )
        )
    if layer is not None and layer not in names:
        raise NotFoundError(
            _("{path} has no layer {layer}; it has {known}").format(
                path=opened.shown, layer=layer, known=", ".join(names)
            )
        )


def _reason(error: Exception, opened: _Opened) -> str:
    """Return what GDAL says, with the user's file in the place of a temporary one."""
    return str(error).replace(str(opened.path.absolute()), str(opened.shown))


def _not_in_encoding(opened: _Opened, encoding: str | None, error: Exception) -> str:
    if opened.kind == SHP:
        return _(
            "{path}: its texts are not in {encoding}; write the right encoding into its .cpg file, "
            "for Czech files mostly 1250 or UTF-8"
        ).format(path=opened.shown, encoding=encoding)
    return _("{path} cannot be read as a map layer: {reason}").format(
        path=opened.shown, reason=error
    )


def _require_tables(path: Path, shown: Path) -> None:
    """Refuse layers that are computed while they are read: views and virtual tables."""
    try:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as base:
            found = base.execute(
                "select name from sqlite_master where (type = 'view' or "
                "lower(ltrim(sql)) like 'create virtual%') and lower(name) in "
                "(select lower(table_name) from gpkg_contents)"
            ).fetchone()
    except (sqlite3.Error, UnicodeError):  # GDAL names the damage
        return
    if found:
        raise SourceError(
            _(
                "{name}: the layer '{layer}' is a view, computed while it is read; save it as a "
                "layer of its own, in QGIS: Export > Save Features As"
            ).format(name=shown.name, layer=found[0])
        )


def _check_size(shapes: Any, file: Path) -> None:
    counts = shapely.get_num_coordinates(shapes)
    too_many = np.flatnonzero(counts > VERTICES_LIMIT)
    if len(too_many):
        row = int(too_many[0])
        raise SchemaError(
            _too_many_vertices(
                file,
                _("feature {row} ({n} vertices)").format(
                    row=row + 1, n=format_number(int(counts[row]))
                ),
            )
        )


def _too_many_vertices(file: Path, what: str) -> str:
    return _(
        "{path}: {what} has more than {limit} vertices, more than an area of a town needs; "
        "simplify it, in QGIS: Processing > Simplify"
    ).format(path=file, what=what, limit=format_number(VERTICES_LIMIT))


def _unpack(shapes: Any) -> Any:
    """Return shapes with collections of one sort of geometry made multi-part ones."""
    out = shapes.copy()
    for i in np.flatnonzero(shapely.get_type_id(shapes) == _COLLECTION):
        parts = shapely.get_parts(shapes[i : i + 1])
        while (nested := shapely.get_type_id(parts) == _COLLECTION).any():
            parts = np.concatenate([parts[~nested], shapely.get_parts(parts[nested])])
        kinds = set(shapely.get_type_id(parts).tolist())
        if kinds and kinds <= _POLYGONAL:
            out[i] = shapely.multipolygons(shapely.get_parts(parts))
        elif kinds and kinds <= _LINEAL:
            out[i] = shapely.multilinestrings(shapely.get_parts(parts))
    return out


def _is_clutter(name: str) -> bool:
    """Return whether a member is one that macOS or a file manager adds."""
    parts = PurePosixPath(name.replace("\\", "/")).parts
    return "__MACOSX" in parts or parts[-1].startswith(".")


def _suffix(name: str) -> str:
    return PurePosixPath(name).suffix.lower()


def _unpack_member(file: Path, member: zipfile.ZipInfo, target: Path) -> None:
    try:
        with (
            zipfile.ZipFile(file) as archive,
            archive.open(member) as packed,
            target.open("wb") as out,
        ):
            shutil.copyfileobj(packed, out, 1 << 20)
    except DAMAGED as error:
        raise SourceError(
            _("{name}: '{member}' in it is damaged ({reason}); download it again").format(
                name=file.name, member=member.filename, reason=error
            )
        ) from error


def _too_large(file: Path, n_bytes: int) -> SourceError:
    return SourceError(
        _("{name} has {size} MB, more than {limit} MB; export only the area needed").format(
            name=file.name,
            size=format_number(n_bytes / 1e6),
            limit=format_number(SIZE_LIMIT / 1e6),
        )
    )


__all__ = [
    "COLUMNS_LIMIT",
    "FEATURES_LIMIT",
    "SIZE_LIMIT",
    "VERTICES_LIMIT",
    "hash_files",
    "read_layer",
    "require_size",
    "unzipped",
]
