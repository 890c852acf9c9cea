"""GeoPackage layers streamed as raw rows with the positions of their points."""

import sqlite3
import struct
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyogrio
import shapely
from pyogrio.errors import DataLayerError, DataSourceError, FieldError
from pyproj import CRS
from pyproj.exceptions import CRSError as ProjCRSError

from hotspots.errors import CRSError, NotFoundError, SchemaError, SourceError
from hotspots.filetypes import GPKG, gdal_path
from hotspots.i18n import _
from hotspots.ingest.table import FloatArray, RawBlock

_DAMAGED: Final = (
    DataSourceError,
    DataLayerError,
    FieldError,
    pa.ArrowException,
    RuntimeError,
    UnicodeDecodeError,
)
_HEADER_BYTES: Final = 100  # of a SQLite file
_POINT: Final = 0
_MULTIPOINT: Final = 4


class LayerTable:
    """One layer of a GeoPackage; satisfies `hotspots.ingest.table.Table`.

    Rows are numbered from 1 in the order of the layer.

    Parameters
    ----------
    path
        File.
    layer
        Name of the layer; empty means the only one.

    Raises
    ------
    SourceError
        The file is damaged or cut off.
    NotFoundError
        There is no such layer.
    SchemaError
        Several layers and none named, or the layer has no rows.
    """

    def __init__(self, path: Path, *, layer: str = "") -> None:
        self.path = path
        self.warnings: list[str] = []
        self.crs_is_default = False
        _check_whole(path)
        try:
            with _quiet():
                self._gdal_path = gdal_path(path, GPKG)
                names = [str(name) for name in pyogrio.list_layers(self._gdal_path)[:, 0]]
            if not names:
                raise SourceError(
                    _(
                        "{name} is a database that lists no layers, so nothing in it can be read; "
                        "save the layer again from QGIS as a GeoPackage"
                    ).format(name=path.name)
                )
            if layer and layer not in names:
                raise NotFoundError(
                    _("{name} has no layer '{layer}'; its layers are {known}").format(
                        name=path.name, layer=layer, known=", ".join(names)
                    )
                )
            if not layer and len(names) != 1:
                raise SchemaError(
                    _(
                        "{name} has several layers: {known}; "
                        "name one in the mapping ([file] layer) or by the option"
                    ).format(name=path.name, known=", ".join(names))
                )
            self.layer = layer or names[0]
            _require_table(path, self.layer)
            with _quiet():
                info = pyogrio.read_info(self._gdal_path, layer=self.layer)
        except _DAMAGED as error:
            raise _damaged(path, error) from error
        self.columns = tuple(str(name) for name in info["fields"])
        self.has_geometry = info["geometry_type"] is not None
        self.crs = _known_crs(info["crs"]) if self.has_geometry else None
        if info["features"] == 0:
            raise SchemaError(
                _("{name}: the layer '{layer}' has no rows").format(
                    name=path.name, layer=self.layer
                )
            )

    def blocks(self, n_rows: int) -> Iterator[RawBlock]:
        """Read the rows from the start, at most `n_rows` at a time."""
        first = 1
        broken = _broken_geometries(self.path, self.layer) if self.has_geometry else frozenset()
        try:
            with ExitStack() as stack:
                with _quiet():
                    meta, reader = stack.enter_context(
                        pyogrio.raw.open_arrow(
                            self._gdal_path,
                            layer=self.layer,
                            batch_size=n_rows,
                            use_pyarrow=True,
                            datetime_as_string=True,
                            return_fids=bool(broken),
                        )
                    )
                geometry = meta["geometry_name"] or "wkb_geometry"
                while True:
                    with _quiet():
                        batch = next(reader, None)
                    if batch is None:
                        break
                    block = self._block(batch, geometry, first)
                    if broken:
                        fids = batch.column(meta["fid_column"] or "OGC_FID").to_pylist()
                        for i in [i for i, fid in enumerate(fids) if fid in broken]:
                            block.bad_geometry[i] = _("the geometry is damaged")
                    yield block
                    first += batch.num_rows
        except _DAMAGED as error:
            raise _damaged(self.path, error) from error

    def _block(self, batch: Any, geometry: str, first: int) -> RawBlock:
        unreadable: dict[int, str] = {}
        data = tuple(_texts(batch.column(name), name, unreadable) for name in self.columns)
        rows = np.arange(first, first + batch.num_rows, dtype=np.int64)
        if not self.has_geometry:
            return RawBlock(self.columns, data, rows, bad_geometry=unreadable)
        written = batch.column(geometry).to_numpy(zero_copy_only=False)
        shapes = shapely.from_wkb(written, on_invalid="ignore")
        x, y, bad = point_positions(shapes)
        for i in np.flatnonzero(shapely.is_missing(shapes)).tolist():
            if written[i] is not None:
                bad[i] = _("the geometry is damaged")
        return RawBlock(self.columns, data, rows, x=x, y=y, bad_geometry=bad | unreadable)


@contextmanager
def _quiet() -> Iterator[None]:
    """Silence GDAL's remarks about a file that it reads all the same."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        yield


def _check_whole(path: Path) -> None:
    """Refuse a database shorter than its header says (SQLite file format, 1.3.8)."""
    with path.open("rb") as file:
        head = file.read(_HEADER_BYTES)
    if len(head) < _HEADER_BYTES:
        raise SourceError(_("{name} is cut off; save or download it again").format(name=path.name))
    page_size, n_pages = struct.unpack(">H", head[16:18])[0], struct.unpack(">I", head[28:32])[0]
    page_size = 65_536 if page_size == 1 else page_size
    if path.stat().st_size < page_size * n_pages:
        raise SourceError(_("{name} is cut off; save or download it again").format(name=path.name))


def _require_table(path: Path, layer: str) -> None:
    """Refuse a view: the database computes it while it is read, maybe without end."""
    try:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as base:
            found = base.execute(
                "select type from sqlite_master where lower(name) = lower(?)", (layer,)
            ).fetchall()
    except (sqlite3.Error, UnicodeError):  # GDAL names the damage
        return
    if ("view",) in found:
        raise SourceError(
            _(
                "{name}: the layer '{layer}' is a view, computed while it is read; save it as a "
                "layer of its own, in QGIS: Export > Save Features As"
            ).format(name=path.name, layer=layer)
        )


def _broken_geometries(path: Path, layer: str) -> frozenset[int]:
    """Return the rows whose geometry is no GeoPackage one; GDAL reads those as without any."""
    try:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as base:
            known = base.execute(
                "select g.column_name from gpkg_geometry_columns g join sqlite_master m "
                "on lower(m.name) = lower(g.table_name) "
                "where m.type = 'table' and lower(g.table_name) = lower(?)",
                (layer,),
            ).fetchone()
            if known is None:
                return frozenset()
            table, column = (name.replace('"', '""') for name in (layer, known[0]))
            found = base.execute(
                f'select rowid from "{table}" where "{column}" is not null and '  # noqa: S608
                f"(typeof(\"{column}\") <> 'blob' or substr(\"{column}\", 1, 2) <> x'4750')"
            )
            return frozenset(int(rowid) for (rowid,) in found)
    except (sqlite3.Error, UnicodeError):  # GDAL names the damage
        return frozenset()


def _damaged(path: Path, error: Exception) -> SourceError:
    return SourceError(
        _(
            "{name} cannot be read as a GeoPackage, it seems damaged ({reason}); "
            "save or download it again"
        ).format(name=path.name, reason=error)
    )


def _known_crs(text: str | None) -> CRS | None:
    """Return the system of a layer, None where it is undefined."""
    if not text:
        return None
    try:
        crs = CRS.from_user_input(text)
    except ProjCRSError as error:
        raise CRSError(
            _("'{name}' is no coordinate system that PROJ knows").format(name=text[:80])
        ) from error
    return None if "undefined" in crs.name.lower() or "unknown" in crs.name.lower() else crs


def _texts(column: Any, name: str, unreadable: dict[int, str]) -> Any:
    """Return a column as texts; rows whose text is no UTF-8 are noted and given marks for it."""
    kind = column.type
    if not (pa.types.is_string(kind) or pa.types.is_large_string(kind)):
        return column_texts(column)
    try:
        column.validate(full=True)
    except pa.ArrowInvalid:
        texts = []
        raw = column.cast(pa.large_binary()).to_pylist()
        for i, value in enumerate(raw):
            text = (value or b"").decode("utf-8", "replace")
            if value is not None and "\ufffd" in text and text.encode() != value:
                unreadable[i] = _("the text in column {name} is not UTF-8").format(name=name)
            texts.append(text)
        return pa.array(texts, pa.string())
    return column_texts(column)


def column_texts(column: Any) -> Any:
    """Return an Arrow column as texts, missing values as empty ones."""
    if pa.types.is_floating(column.type):
        # repr keeps every digit; whole numbers lose the ".0" that a GeoPackage gave them.
        texts = [
            ""
            if v is None or v != v
            else (str(int(v)) if v == int(v) else repr(v))
            if abs(v) < 1e15
            else repr(v)
            for v in column.to_pylist()
        ]
        return pa.array(texts, pa.string())
    if pa.types.is_binary(column.type) or pa.types.is_nested(column.type):
        return pa.array(["" if v is None else str(v) for v in column.to_pylist()], pa.string())
    return pc.fill_null(column.cast(pa.string()), "")


def point_positions(shapes: Any) -> tuple[FloatArray, FloatArray, dict[int, str]]:
    """Return x and y of points; NaN for none, and a reason for what is no single point.

    Parameters
    ----------
    shapes
        n geometries or None.
    """
    kinds = shapely.get_type_id(shapes)
    empty = shapely.is_empty(shapes)
    single = (kinds == _MULTIPOINT) & (shapely.get_num_geometries(shapes) == 1)
    points = np.where(single, shapely.get_geometry(shapes, 0), shapes)
    usable = (kinds == _POINT) | single
    points = np.where(usable, points, None)
    bad = {
        i: wrong_geometry(shapes[i].geom_type)
        for i in np.flatnonzero(~usable & (kinds >= 0) & ~empty).tolist()
    }
    return shapely.get_x(points), shapely.get_y(points), bad


def wrong_geometry(kind: str) -> str:
    """Return why a row whose geometry is of this kind is rejected."""
    return _("the geometry is a {kind}; an incident needs a Point").format(kind=kind)
