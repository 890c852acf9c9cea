"""Streets of OpenStreetMap through Overpass, where RÚIAN has none."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd
import requests
import shapely
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from shapely.geometry.base import BaseGeometry

from hotspots import schema
from hotspots.cells import visible
from hotspots.crs import EPSG, WGS84, to_5514, to_wgs84
from hotspots.errors import NotFoundError, SourceError
from hotspots.i18n import _, format_number, ngettext
from hotspots.layers.check import some
from hotspots.layers.fetch.json_answers import JsonAnswer, ask_json
from hotspots.layers.fetch.patience import Patience
from hotspots.layers.own.area_ids import slug
from hotspots.layers.tangles import is_tangled
from hotspots.layers.town_data import CODE, osm_citation
from hotspots.progress import Report, silent

# Roads that people live along: streets with a name, with a number, or with neither (counted).
_STREETS: Final = (
    "residential",
    "living_street",
    "pedestrian",
    "unclassified",
    "tertiary",
    "secondary",
    "primary",
)
# Streets only where they have a name: most of these are yards, paths, ramps and fields.
_NAMED_ONLY: Final = (
    "service",
    "footway",
    "track",
    "path",
    "steps",
    "cycleway",
    "road",
    "trunk",
    "primary_link",
    "secondary_link",
    "tertiary_link",
)
# Czech roads are numbered within their class, which OpenStreetMap keeps apart from the number.
_ROAD_CLASS: Final = {"trunk": "I", "primary": "I", "secondary": "II", "tertiary": "III"}
_APART_M: Final = 500.0  # farther apart, parts of one name are two streets
_SIMPLIFY_M: Final = 100.0
_TIMEOUT_S: Final = 60
# Overpass is silent while it works, and a busy one frees its places after tens of seconds.
_SILENCE_S: Final = 75.0
_BACKOFF_S: Final = 5.0
_MEMORY_BYTES: Final = 256 << 20
_LIMIT_BYTES: Final = 200_000_000
_SHORTEST_M: Final = 1.0
_LONGEST_NAME: Final = 200


@dataclass(frozen=True)
class OsmStreets:
    """Streets of OpenStreetMap within a boundary.

    Attributes
    ----------
    frame
        The frame `streets` of `TownData`, EPSG:5514, lines cut off at the boundary.
    valid_on
        The day of the data; None where the service does not say.
    notes
        What was left out, in the language in force.
    sha256, n_bytes
        Of the answer.
    """

    frame: gpd.GeoDataFrame
    valid_on: date | None
    notes: tuple[str, ...]
    sha256: str
    n_bytes: int


def fetch_streets(
    url: str,
    boundary: BaseGeometry,
    *,
    session: requests.Session,
    patience: Patience,
    report: Report = silent,
) -> OsmStreets:
    """Return the streets of OpenStreetMap within a boundary.

    A street is all roads of one name that lie within 500 m of each other; a numbered road without
    a name is called by its number ("silnice II/453"). Roads with neither are left out, and so are
    lines that cross themselves too often to be streets.

    Parameters
    ----------
    url
        Overpass interpreter.
    boundary
        Polygon of the municipality, EPSG:5514.
    session, patience, report
        As in `ask_json`.

    Returns
    -------
    streets

    Raises
    ------
    SourceError
        The service does not answer, is too busy, gives up, or answers with something else; or
        the boundary crosses itself over 1,000 times.
    NotFoundError
        It knows no street there.

    References
    ----------
    OpenStreetMap wiki: Key:highway, Overpass API/Overpass QL.
    """
    if is_tangled(boundary):
        raise SourceError(
            _("the boundary of the municipality crosses itself too often to be asked for")
        )
    report(_("asking OpenStreetMap (Overpass) for streets"), 0.0)
    answer = ask_json(
        session,
        url,
        form={"data": make_query(boundary)},
        limit_bytes=_LIMIT_BYTES,
        patience=replace(
            patience,
            read_s=max(patience.read_s, _SILENCE_S),
            backoff_s=max(patience.backoff_s, _BACKOFF_S),
        ),
        report=report,
    )
    ways, tangled = _untangled(_read_ways(answer, url))
    inside = shapely.intersection([way.line for way in ways], boundary)
    kept = [
        _Way(way.highway, way.title, line)
        for way, whole in zip(ways, inside, strict=True)
        if (line := _lines_of(whole)) is not None
    ]
    valid_on = _valid_on(answer.values)
    titled = [way for way in kept if way.title]
    if not titled:
        raise NotFoundError(_("OpenStreetMap has no named street within the boundary"))
    nameless = [way.line.length for way in kept if not way.title]
    return OsmStreets(
        _make_frame(titled, osm_citation(valid_on)),
        valid_on,
        _notes(nameless, tangled),
        answer.sha256,
        answer.n_bytes,
    )


def make_query(boundary: BaseGeometry) -> str:
    """Return the Overpass question for the roads around a boundary (EPSG:5514 [m]).

    The polygon asked for is simplified and wider by what simplifying may cut off.
    """
    wide = boundary.buffer(2 * _SIMPLIFY_M, quad_segs=2).simplify(_SIMPLIFY_M)
    outer = wide.convex_hull if wide.geom_type != "Polygon" else wide
    lon, lat = to_wgs84(*np.array(outer.exterior.coords)[:-1].T)
    poly = " ".join(f"{b:.5f} {a:.5f}" for a, b in zip(lon, lat, strict=True))
    return (
        f"[out:json][timeout:{_TIMEOUT_S}][maxsize:{_MEMORY_BYTES}];"
        f'(way["highway"~"^({"|".join(_STREETS)})$"](poly:"{poly}");'
        f'way["highway"~"^({"|".join(_NAMED_ONLY)})$"]["name"](poly:"{poly}"););'
        "out geom;"
    )


@dataclass(frozen=True)
class _Way:
    highway: str
    title: str  # name, else number, else ""
    line: BaseGeometry  # EPSG:5514


def _untangled(ways: list[_Way]) -> tuple[list[_Way], list[str]]:
    """Return the roads that can be lines of streets, and the names of those left out."""
    by_title: dict[str, list[_Way]] = {}
    for way in ways:
        by_title.setdefault(way.title, []).append(way)
    bad = {id(way) for way in ways if is_tangled(way.line)}
    for title, named in by_title.items():
        kept = [way for way in named if id(way) not in bad]
        if title and is_tangled(shapely.MultiLineString([way.line for way in kept])):
            bad.update(id(way) for way in kept)
    return (
        [way for way in ways if id(way) not in bad],
        sorted({way.title or way.highway for way in ways if id(way) in bad}),
    )


def _read_ways(answer: JsonAnswer, url: str) -> list[_Way]:
    remark = str(answer.values.get("remark", ""))
    # Overpass answers 200 OK with what it had when it gave up.
    if "error" in remark.lower() or "timed out" in remark.lower():
        raise SourceError(
            _("{url} gave up: {reason}; try again later").format(url=url, reason=remark[:200])
        )
    elements = answer.values.get("elements")
    if not isinstance(elements, list):
        raise SourceError(
            _("{url} does not answer as Overpass does; check overpass_url in settings.toml").format(
                url=url
            )
        )
    found = (_read_way(element) for element in elements)
    return [way for way in found if way is not None]


def _read_way(element: Any) -> _Way | None:
    """Return a road of a class asked for; None for anything else."""
    if not isinstance(element, Mapping) or element.get("type") != "way":
        return None
    tags, points = element.get("tags"), element.get("geometry")
    if not isinstance(tags, Mapping) or not isinstance(points, list):
        return None
    highway = str(tags.get("highway", ""))
    name = visible(str(tags.get("name", "")))[:_LONGEST_NAME]
    if highway not in _STREETS and not (name and highway in _NAMED_ONLY):
        return None
    try:
        # A null stands for a point outside what was asked for.
        lon_lat = [(float(p["lon"]), float(p["lat"])) for p in points if p is not None]
    except (TypeError, KeyError, ValueError):
        return None
    coords = np.array(lon_lat, dtype=np.float64).reshape(-1, 2)
    x, y = to_5514(coords[:, 0], coords[:, 1], crs=WGS84)
    if len(coords) < 2 or not (np.isfinite(x) & np.isfinite(y)).all():
        return None
    return _Way(highway, name or _numbered(highway, str(tags.get("ref", ""))), _line(x, y))


def _line(x: Any, y: Any) -> BaseGeometry:
    return shapely.LineString(np.column_stack([x, y]))


def _numbered(highway: str, ref: str) -> str:
    """Return what a road is called by its number; "" where it has none."""
    number = visible(ref.split(";")[0])[:_LONGEST_NAME]
    road_class = _ROAD_CLASS.get(highway)
    if road_class and re.fullmatch("[0-9]{1,6}[a-zA-Z]?", number):
        number = f"{road_class}/{number}"
    return f"silnice {number}" if number else ""


def _lines_of(geometry: BaseGeometry) -> BaseGeometry | None:
    """Return the lines of what is left inside the boundary; None where that is nothing."""
    parts = [
        part
        for part in shapely.get_parts(geometry)
        if part.geom_type == "LineString" and part.length >= _SHORTEST_M
    ]
    return shapely.MultiLineString(parts) if parts else None


def _make_frame(ways: Iterable[_Way], citation: str) -> gpd.GeoDataFrame:
    by_title: dict[str, list[BaseGeometry]] = {}
    for way in ways:
        by_title.setdefault(way.title, []).extend(shapely.get_parts(way.line))
    codes: list[str] = []
    names: list[str] = []
    lines: list[BaseGeometry] = []
    used: dict[str, int] = {}
    for title in sorted(by_title):
        base = f"osm-{slug(title) or 'x'}"
        for line in _streets_of_one_name(by_title[title]):
            used[base] = used.get(base, 0) + 1
            codes.append(base if used[base] == 1 else f"{base}-{used[base]}")
            names.append(title)
            lines.append(line)
    return gpd.GeoDataFrame(
        {CODE: codes, schema.NAME: names, schema.LAYER_SOURCE: citation}, geometry=lines, crs=EPSG
    )


def _streets_of_one_name(parts: list[BaseGeometry]) -> list[BaseGeometry]:
    """Return lines joined to streets: those within 500 m of each other, from west to east."""
    array = np.array(parts, dtype=object)
    one, other = shapely.STRtree(array).query(array, predicate="dwithin", distance=_APART_M)
    links = coo_array((np.ones(len(one)), (one, other)), shape=(len(array), len(array)))
    n, label = connected_components(links, directed=False)
    joined = [
        # Nothing counts twice where two ways lie on each other.
        shapely.line_merge(shapely.union_all(array[label == i]))
        for i in range(n)
    ]
    return sorted(joined, key=lambda line: line.bounds)


def _valid_on(values: Mapping[str, Any]) -> date | None:
    about = values.get("osm3s")
    stamp = about.get("timestamp_osm_base") if isinstance(about, Mapping) else None
    try:
        return date.fromisoformat(str(stamp)[:10])
    except ValueError:
        return None


def _notes(nameless: list[float], tangled: list[str]) -> tuple[str, ...]:
    notes = []
    if nameless:
        text = ngettext(
            "{n} road of OpenStreetMap without name and number ({km} km) was left out.",
            "{n} roads of OpenStreetMap without name and number ({km} km) were left out.",
            len(nameless),
        )
        length = format_number(sum(nameless) / 1000, digits=1)
        notes.append(text.format(n=len(nameless), km=length))
    if tangled:
        text = ngettext(
            "{n} street of OpenStreetMap was left out, since its lines cross themselves more often "
            "than those of any street do: {names}.",
            "{n} streets of OpenStreetMap were left out, since their lines cross themselves more "
            "often than those of any street do: {names}.",
            len(tangled),
        )
        notes.append(text.format(n=len(tangled), names=some(pd.Series(tangled))))
    return tuple(notes)
