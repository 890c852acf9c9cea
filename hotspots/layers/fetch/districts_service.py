"""Districts (ZSJ) asked from ČÚZK's map service, where the municipality's file lacks them."""

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, Final
from urllib.parse import urlencode

import geopandas as gpd
import numpy as np
import requests
import shapely
from shapely.geometry.base import BaseGeometry

from hotspots import schema
from hotspots.cells import visible
from hotspots.crs import CZECHIA_5514, EPSG
from hotspots.errors import CRSError, NotFoundError, SourceError
from hotspots.i18n import _
from hotspots.layers.fetch.json_answers import JsonAnswer, ask_json
from hotspots.layers.fetch.patience import Patience
from hotspots.layers.official.rules import CODE as RUIAN_CODE
from hotspots.layers.town_data import CODE, PART_OF
from hotspots.progress import Report, silent

_LAYER: Final = "zakladnisidelnijednotk"  # …a or …y, as the service calls it, letters only
_POLYGON: Final = "esriGeometryPolygon"
_CODE_FIELD: Final = "kod"
_NAME_FIELD: Final = "nazev"
_UNIT_FIELD: Final = "katastralniuzemi"
_SAME_AS_5514: Final = frozenset({EPSG, 102067})  # Esri's own number of S-JTSK East North
_UNITS_AT_ONCE: Final = 50  # codes in one question, so that its address stays short
_PAGES: Final = 200  # beyond it a service repeats itself
_LIMIT_BYTES: Final = 200_000_000
_MAX_VERTICES: Final = 250_000
_LONGEST_NAME: Final = 200
_RING_POINTS: Final = 4


@dataclass(frozen=True)
class ServedDistricts:
    """Districts as the service gave them.

    Attributes
    ----------
    frame
        The frame `districts` of `TownData`, EPSG:5514.
    sha256, n_bytes
        Of all answers: the hash is that of their hashes, written one after another.
    url
        The layer asked.
    """

    frame: gpd.GeoDataFrame
    sha256: str
    n_bytes: int
    url: str


@dataclass(frozen=True)
class _Service:
    """Questions to one map service, and what it answered."""

    url: str
    session: requests.Session
    patience: Patience
    report: Report
    answers: list[JsonAnswer] = field(default_factory=list)

    def ask(self, path: str, **question: str) -> dict[str, Any]:
        address = f"{self.url}{path}?{urlencode({**question, 'f': 'json'})}"
        answer = ask_json(
            self.session,
            address,
            limit_bytes=_LIMIT_BYTES,
            patience=self.patience,
            report=self.report,
        )
        self.answers.append(answer)
        # ArcGIS answers 200 OK and says inside that it failed.
        error = answer.values.get("error")
        if error is not None:
            values = error if isinstance(error, Mapping) else {}
            raise SourceError(
                _("{url} answered with an error: {reason}; try again later").format(
                    url=address[:300],
                    reason=f"{values.get('code', '')} {values.get('message', '')}".strip()[:200]
                    or "–",
                )
            )
        return answer.values


def fetch_districts(
    url: str,
    units: Sequence[str],
    *,
    citation: str,
    session: requests.Session,
    patience: Patience,
    report: Report = silent,
) -> ServedDistricts:
    """Return the districts (ZSJ) of cadastral units from a map service.

    The layer is found by its name, its fields by the service's own list, since numbers change
    with every edition of the service.

    Parameters
    ----------
    url
        The service, up to `MapServer`.
    units
        Codes of the municipality's cadastral units.
    citation
        Whom to credit, with the day of the answers.
    session, patience, report
        As in `ask_json`.

    Returns
    -------
    served

    Raises
    ------
    SourceError
        The service does not answer, answers with an error, or not as such a service does.
    NotFoundError
        It has no such layer, or no district of these units.
    CRSError
        It answers in another coordinate system than EPSG:5514.

    References
    ----------
    ArcGIS REST API, Query (Map Service/Layer): geometry as rings, outer ones clockwise.
    """
    service = _Service(url.rstrip("/"), session, patience, report)
    layer = _find_layer(service)
    unit_field, quoted = _find_fields(service, layer)
    found: dict[str, tuple[str, str, BaseGeometry]] = {}
    for start in range(0, len(units), _UNITS_AT_ONCE):
        chosen = units[start : start + _UNITS_AT_ONCE]
        report(_("asking ČÚZK's map service for districts"), start / len(units))
        for attributes, geometry in _features(service, layer, unit_field, quoted, chosen):
            code = _text(attributes.get(_CODE_FIELD))
            if not RUIAN_CODE.fullmatch(code):
                raise _unlike(service, _("a district without code"))
            name = _text(attributes.get(_NAME_FIELD))[:_LONGEST_NAME]
            found[code] = (name, _text(attributes.get(unit_field)), geometry)
    if not found:
        raise NotFoundError(
            _("{url} has no district of the cadastral units {units}").format(
                url=service.url, units=", ".join(units[:10]) or "–"
            )
        )
    codes = sorted(found)
    frame = gpd.GeoDataFrame(
        {
            CODE: codes,
            schema.NAME: [found[code][0] for code in codes],
            PART_OF: [found[code][1] for code in codes],
            schema.LAYER_SOURCE: citation,
        },
        geometry=[found[code][2] for code in codes],
        crs=EPSG,
    )
    digest = sha256("".join(answer.sha256 for answer in service.answers).encode()).hexdigest()
    n_bytes = sum(answer.n_bytes for answer in service.answers)
    return ServedDistricts(frame, digest, n_bytes, f"{service.url}/{layer}")


def _unlike(service: _Service, what: str) -> SourceError:
    return SourceError(
        _("{url} does not answer as a map service of RÚIAN does: {what}").format(
            url=service.url, what=what
        )
    )


def _letters(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode("ascii")
    return re.sub("[^a-z]", "", plain.lower())


def _text(value: Any) -> str:
    return "" if value is None else visible(str(value))


def _rows(service: _Service, values: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    rows = values.get(name)
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise _unlike(service, _("no list of {name}").format(name=name))
    return rows


def _find_layer(service: _Service) -> int:
    layers = _rows(service, service.ask(""), "layers")
    # The whole name before one that only begins so, such as that of labels.
    fitting = sorted(
        (len(_letters(_text(layer.get("name")))), layer["id"])
        for layer in layers
        if _letters(_text(layer.get("name"))).startswith(_LAYER)
        and layer.get("geometryType", _POLYGON) == _POLYGON
        and isinstance(layer.get("id"), int)
        and not layer.get("subLayerIds")
    )
    if not fitting:
        raise NotFoundError(
            _("{url} has no layer of districts (Základní sídelní jednotka)").format(url=service.url)
        )
    return int(fitting[0][1])


def _find_fields(service: _Service, layer: int) -> tuple[str, bool]:
    """Return the field that names the cadastral unit, and whether it holds texts."""
    fields = {
        _text(one.get("name")).lower(): one
        for one in _rows(service, service.ask(f"/{layer}"), "fields")
    }
    unit = next((fields[name] for name in sorted(fields) if name.startswith(_UNIT_FIELD)), None)
    if unit is None or _CODE_FIELD not in fields:
        raise _unlike(service, _("its districts lack a code or a cadastral unit"))
    return str(unit["name"]), unit.get("type") == "esriFieldTypeString"


def _features(
    service: _Service, layer: int, unit_field: str, quoted: bool, units: Sequence[str]
) -> Iterator[tuple[dict[str, Any], BaseGeometry]]:
    digits = [unit for unit in units if unit.isascii() and unit.isdigit()]
    listed = ",".join(f"'{unit}'" if quoted else unit for unit in digits)
    if not listed:
        return
    offset = 0
    for _page in range(_PAGES):
        values = service.ask(
            f"/{layer}/query",
            where=f"{unit_field} IN ({listed})",
            outFields=f"{_CODE_FIELD},{_NAME_FIELD},{unit_field}",
            orderByFields=_CODE_FIELD,
            returnGeometry="true",
            outSR=str(EPSG),
            resultOffset=str(offset),
        )
        rows = _rows(service, values, "features")
        if rows:
            _require_5514(service, values.get("spatialReference"))
        for row in rows:
            raw = row.get("attributes")
            if not isinstance(raw, dict):
                raise _unlike(service, _("a district without attributes"))
            names = {_CODE_FIELD, _NAME_FIELD}
            attributes = {k.lower() if k.lower() in names else k: v for k, v in raw.items()}
            yield attributes, _polygon(service, row.get("geometry"), attributes)
        offset += len(rows)
        if not values.get("exceededTransferLimit") or not rows:
            return
    raise _unlike(service, _("it has no last page"))


def _require_5514(service: _Service, reference: Any) -> None:
    known = {
        reference.get(name)
        for name in ("wkid", "latestWkid")
        if isinstance(reference, Mapping) and isinstance(reference.get(name), int)
    }
    if not known & _SAME_AS_5514:
        raise CRSError(
            _("{url} answered in the coordinate system {crs}, not in EPSG:5514").format(
                url=service.url, crs=", ".join(sorted(str(one) for one in known)) or "–"
            )
        )


def _polygon(service: _Service, geometry: Any, attributes: Mapping[str, Any]) -> BaseGeometry:
    """Return a polygon from Esri's rings: outer ones clockwise, holes the other way round."""
    name = f"{_text(attributes.get(_CODE_FIELD))} {_text(attributes.get(_NAME_FIELD))}".strip()
    raw = geometry.get("rings") if isinstance(geometry, Mapping) else None
    if not isinstance(raw, list) or not raw:
        raise _unlike(service, _("district {name} has no rings").format(name=name))
    try:
        if sum(len(ring) for ring in raw) > _MAX_VERTICES:
            raise _unlike(service, _("district {name} has too many points").format(name=name))
        rings = [np.array([point[:2] for point in ring], dtype=np.float64) for ring in raw]
    except (TypeError, ValueError) as error:
        raise _unlike(
            service, _("the rings of district {name} are no numbers").format(name=name)
        ) from error
    left, low, right, high = CZECHIA_5514
    for ring in rings:
        closed = (
            ring.shape[1:] == (2,) and len(ring) >= _RING_POINTS and (ring[0] == ring[-1]).all()
        )
        if not closed or not np.isfinite(ring).all():
            raise _unlike(service, _("a ring of district {name} is open").format(name=name))
        x, y = ring[:, 0], ring[:, 1]
        if x.min() < left or y.min() < low or x.max() > right or y.max() > high:
            raise CRSError(
                _("{url}: district {name} lies outside Czechia").format(url=service.url, name=name)
            )
    drawn = _assemble([shapely.LinearRing(ring) for ring in rings])
    if drawn is None:
        raise _unlike(service, _("a hole of district {name} lies outside it").format(name=name))
    return drawn


def _assemble(rings: list[Any]) -> BaseGeometry | None:
    """Return the polygon of Esri's rings; None where a hole lies in no outer ring."""
    outer = [ring for ring in rings if not ring.is_ccw] or rings
    holes = [ring for ring in rings if ring.is_ccw] if len(outer) < len(rings) else []
    shells = sorted((shapely.Polygon(ring) for ring in outer), key=lambda shell: shell.area)
    inside: list[list[Any]] = [[] for _shell in shells]
    for hole in holes:
        # The smallest shell around it: a lake on an island in a lake has its own.
        owner = next((i for i, shell in enumerate(shells) if shell.covers(hole)), None)
        if owner is None:
            return None
        inside[owner].append(hole)
    parts = [
        shapely.Polygon(shell.exterior, own) for shell, own in zip(shells, inside, strict=True)
    ]
    return parts[0] if len(parts) == 1 else shapely.MultiPolygon(parts)
