"""What a GeoPackage of layers says of itself: which version it is, and who is placed by what."""

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import geopandas as gpd
import pyogrio
from pyogrio.errors import DataLayerError, DataSourceError

from hotspots import schema
from hotspots.errors import SourceError
from hotspots.i18n import _
from hotspots.layers.town_data import SourceFile
from hotspots.settings import Workspace

# A file beside a GeoPackage in which GDAL would keep metadata could speak of a former version.
pyogrio.set_gdal_config_options({"GDAL_PAM_ENABLED": "NO"})
_VERSION_KEY: Final = "HOTSPOTS_VERSION"
_PLACEMENT_KEY: Final = "HOTSPOTS_PLACEMENT"
# What metadata that somebody has changed can raise.
_TAMPERED: Final = (KeyError, TypeError, ValueError, AttributeError, RecursionError, OverflowError)

# What made a version.
BUNDLED: Final = "bundled"
IMPORTED: Final = "imported"
FETCHED: Final = "fetched"
OWN_AREAS: Final = "own_areas"  # localities, patrol beats, quarters, electoral districts
JOINED_RESIDENTS: Final = "residents"
REMADE: Final = "remade"  # streets, with other settings
REPAIRED: Final = "repaired"
EDITED: Final = "edited"  # by hand, in another program
DAMAGED: Final = "damaged"  # nobody knows: its file cannot be read


@dataclass(frozen=True)
class Version:
    """One version of the layers.

    Attributes
    ----------
    version_id
        1, 2, 3, …; 0 for layers older than this bookkeeping.
    made_at
        When it was put together, UTC, ISO 8601.
    made_by
        What made it, one of this module's constants.
    municipality, town
        Study area: ZÚJ and name.
    valid_on
        The day the official data in it stand for; None for the bundled ones.
    sources
        Files it was made from.
    reach_m, segment_length_m
        With which its streets were made; None where that is not known.
    """

    version_id: int
    made_at: str
    made_by: str
    municipality: str
    town: str
    valid_on: date | None = None
    sources: tuple[SourceFile, ...] = ()
    reach_m: float | None = None
    segment_length_m: float | None = None


@dataclass(frozen=True)
class PlacedSince:
    """Incidents from `since` on (None: from the beginning) are placed by a version."""

    version_id: int
    since: date | None


def write_frames(frames: Mapping[str, gpd.GeoDataFrame], path: Path) -> None:
    """Write layers into the GeoPackage `path`; those of the same names are replaced."""
    for name, frame in frames.items():
        pyogrio.write_dataframe(
            frame, path, layer=name, driver="GPKG", promote_to_multi=False, geometry_type="Unknown"
        )


def mark_version(path: Path, version: Version, order: tuple[PlacedSince, ...]) -> None:
    """Write into the metadata of a GeoPackage which version it is and who is placed by what."""
    names = [str(name) for name in pyogrio.list_layers(path)[:, 0]]
    # GDAL writes a file's metadata only along with a layer; the smallest is written once more.
    layer = schema.MUNICIPALITY if schema.MUNICIPALITY in names else names[0]
    pyogrio.write_dataframe(
        pyogrio.read_dataframe(path, layer=layer),
        path,
        layer=layer,
        driver="GPKG",
        promote_to_multi=False,
        geometry_type="Unknown",
        dataset_metadata={
            _VERSION_KEY: json.dumps(asdict(version), default=str),
            _PLACEMENT_KEY: json.dumps([asdict(p) for p in order], default=str),
        },
    )


def _metadata(path: Path) -> dict[str, str]:
    try:
        state = path.stat()
        return dict(_read_metadata(path, (state.st_ino, state.st_mtime_ns, state.st_size)))
    except FileNotFoundError:
        return _read_metadata.__wrapped__(path, ())


@lru_cache(maxsize=16)
def _read_metadata(path: Path, _state: tuple[int, ...]) -> dict[str, str]:
    """Return what a file says of itself, read once as long as it is the same."""
    # Opening takes longer than reading: once, unless the first layer is not there.
    try:
        info = _first_layer(path)
    except DataSourceError as error:
        raise SourceError(
            _("{path} cannot be read as GeoPackage ({reason}); import the layers anew").format(
                path=path, reason=error
            )
        ) from error
    return info.get("dataset_metadata") or {}


def _first_layer(path: Path) -> dict[str, Any]:
    try:
        info: dict[str, Any] = pyogrio.read_info(path, layer=0)
    except DataLayerError:
        if len(pyogrio.list_layers(path)):
            raise
        return {}
    return info


def read_version(path: Path, workspace: Workspace) -> Version:
    """Return which version a GeoPackage says it is.

    Raises
    ------
    SourceError
        It is damaged.
    """
    return _version(_metadata(path), path, workspace)


def _version(metadata: Mapping[str, str], path: Path, workspace: Workspace) -> Version:
    text = metadata.get(_VERSION_KEY)
    if text is None:
        made_at = datetime.fromtimestamp(path.stat().st_mtime, UTC)
        settings = workspace.settings
        return Version(
            0,
            made_at.isoformat(timespec="seconds"),
            BUNDLED,
            settings.municipality,
            settings.town,
        )
    try:
        values = json.loads(text)
        sources = tuple(
            SourceFile(
                name=_text(source["name"]),
                sha256=_text(source["sha256"]),
                n_bytes=int(source["n_bytes"]),
                valid_on=_day(source["valid_on"]),
                citation=_text(source["citation"]),
                url=_text(source.get("url", "")),
            )
            for source in values["sources"]
        )
        return Version(
            version_id=_number(values["version_id"]),
            made_at=datetime.fromisoformat(values["made_at"]).isoformat(timespec="seconds"),
            made_by=_text(values["made_by"]),
            municipality=_text(values["municipality"]),
            town=_text(values["town"]),
            valid_on=_day(values["valid_on"]),
            sources=sources,
            reach_m=_metres(values["reach_m"]),
            segment_length_m=_metres(values["segment_length_m"]),
        )
    except _TAMPERED as error:
        raise _damaged(path, error) from error


def read_placement(path: Path, workspace: Workspace) -> tuple[PlacedSince, ...]:
    """Return by which version the incidents of each time are placed, in order of time.

    Raises
    ------
    SourceError
        The GeoPackage is damaged.
    """
    metadata = _metadata(path)
    version = _version(metadata, path, workspace)
    text = metadata.get(_PLACEMENT_KEY)
    if text is None:
        return (PlacedSince(version.version_id, None),)
    try:
        order = tuple(
            PlacedSince(_number(entry["version_id"]), _day(entry["since"]))
            for entry in json.loads(text)
        )
        _require_order(order, version)
    except _TAMPERED as error:
        raise _damaged(path, error) from error
    return order


def _require_order(order: tuple[PlacedSince, ...], version: Version) -> None:
    """Raise `ValueError` unless `order` begins at the beginning, goes on, and ends in force."""
    days = [entry.since for entry in order]
    if not order or order[-1].version_id != version.version_id or days[0] is not None:
        raise ValueError(repr(order))
    later = [day for day in days[1:] if day is not None]
    if len(later) != len(days) - 1 or any(a >= b for a, b in pairwise(later)):
        raise ValueError(repr(order))


def _damaged(path: Path, error: Exception) -> SourceError:
    return SourceError(
        _(
            "{path}: what it says of its version cannot be read ({reason}); put another version "
            "in force: hotspots layers use, or import the layers anew"
        ).format(path=path, reason=error)
    )


def _day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(repr(value))
    return value


def _number(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise ValueError(repr(value))
    return value


def _metres(value: object) -> float | None:
    if value is None:
        return None
    if not isinstance(value, int | float) or not 0 < value < math.inf:
        raise ValueError(repr(value))
    return float(value)
