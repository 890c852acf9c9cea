"""GeoJSON read feature by feature, in bounded memory and never past damage."""

import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import numpy as np
from pyproj import CRS
from pyproj.exceptions import CRSError as ProjCRSError

from hotspots.errors import CRSError, SchemaError, SourceError
from hotspots.i18n import _
from hotspots.ingest.detect import detect_text
from hotspots.ingest.layer import wrong_geometry
from hotspots.ingest.table import RawBlock, check_width, make_columns

_READ: Final = 1 << 20
# No real feature of a point is near this; it bounds the memory a broken file can take.
FEATURE_LIMIT: Final = 8_000_000  # characters
_DIGITS: Final = 400


class FeatureTable:
    """A GeoJSON FeatureCollection of points; satisfies `hotspots.ingest.table.Table`.

    Rows are features, numbered from 1. A property that is an array becomes its values joined by
    ``;``. The feature's own `id` stands in for a property of that name. Without a ``crs`` member
    positions are WGS84, longitude first (RFC 7946); the older member is honoured where it stands
    before the features.

    The file is read twice: once for the names of all properties, since any feature may bring a new
    one, and once for their values.

    Raises
    ------
    SourceError
        Not GeoJSON, damaged or cut off.
    SchemaError
        No features.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.has_geometry = True
        self.warnings: list[str] = []
        self.crs: CRS | None = CRS.from_epsg(4326)
        self.crs_is_default = True
        self.encoding = detect_text(path).encoding.replace("cp1250", "utf-8")
        names: dict[str, None] = {}
        holds_none = True
        for feature in self._features():
            names.update(dict.fromkeys(_properties(feature)))
            check_width(len(names), path=path)
            holds_none = False
        if holds_none:
            raise SchemaError(_("{name} holds no features").format(name=path.name))
        if not _is_text("".join(names)):
            raise SourceError(
                _(
                    "{name}: the name of a property holds half of a character; export it anew"
                ).format(name=path.name)
            )
        self.columns = tuple(names)

    def blocks(self, n_rows: int) -> Iterator[RawBlock]:
        """Read the features from the start, at most `n_rows` at a time."""
        features: list[dict[str, Any]] = []
        first = 1
        for feature in self._features():
            features.append(feature)
            if len(features) == n_rows:
                yield self._block(features, first)
                first += len(features)
                features = []
        if features:
            yield self._block(features, first)

    def _block(self, features: list[dict[str, Any]], first: int) -> RawBlock:
        records = []
        x = np.full(len(features), np.nan)
        y = x.copy()
        bad: dict[int, str] = {}
        for i, feature in enumerate(features):
            properties = _properties(feature)
            try:
                texts = [_text(properties.get(name)) for name in self.columns]
            except RecursionError:
                texts = [""] * len(self.columns)
                bad[i] = _("a property is nested too deeply")
            if not _is_text("".join(texts)):
                texts = [text.encode("utf-8", "replace").decode("utf-8") for text in texts]
                bad[i] = _("a property holds half of a character (a lone surrogate)")
            records.append(texts)
            try:
                position = _position(feature.get("geometry"))
            except SchemaError as error:
                bad[i] = str(error)
                continue
            if position is not None:
                x[i], y[i] = position
        rows = np.arange(first, first + len(features), dtype=np.int64)
        data = make_columns(records, n_columns=len(self.columns))
        return RawBlock(self.columns, data, rows, x=x, y=y, bad_geometry=bad)

    def _features(self) -> Iterator[dict[str, Any]]:
        """Yield the features; raise where the text is no whole FeatureCollection."""
        try:
            with self.path.open(encoding=self.encoding) as file:
                yield from self._parse(_Stream(file))
        except (json.JSONDecodeError, UnicodeDecodeError, RecursionError, EOFError) as error:
            raise SourceError(
                _(
                    "{name} is not whole GeoJSON, it seems damaged or cut off ({reason}); "
                    "save or download it again"
                ).format(name=self.path.name, reason=getattr(error, "msg", error))
            ) from error

    def _parse(self, stream: "_Stream") -> Iterator[dict[str, Any]]:
        seen = False
        stream.expect("{")
        while stream.peek() != "}":
            key = stream.value()
            stream.expect(":")
            if key == "features" and stream.peek() == "[":
                seen = True
                stream.expect("[")
                while stream.peek() != "]":
                    feature = stream.value()
                    if not isinstance(feature, dict):
                        raise json.JSONDecodeError(_("a feature is no object"), "", 0)
                    yield feature
                    stream.separate("]")
                stream.expect("]")
            else:
                value = stream.value()
                if key == "crs":
                    self._take_crs(value, seen)
            stream.separate("}")
        stream.expect("}")
        if stream.peek():
            raise json.JSONDecodeError(_("text after the end"), "", 0)
        if not seen:
            raise SourceError(
                _("{name} is JSON but no GeoJSON FeatureCollection").format(name=self.path.name)
            )

    def _take_crs(self, value: Any, seen: bool) -> None:
        if not isinstance(value, dict):
            self.crs, self.crs_is_default = None, False
            return
        properties = value.get("properties")
        name = str(properties.get("name", "")) if isinstance(properties, dict) else ""
        try:
            found = CRS.from_epsg(4326) if "CRS84" in name else CRS.from_user_input(name)
        except (ProjCRSError, ValueError) as error:
            raise CRSError(
                _("{name}: '{crs}' is no coordinate system that PROJ knows").format(
                    name=self.path.name, crs=ascii(name[:80])[1:-1]
                )
            ) from error
        if seen and found != self.crs:
            raise CRSError(
                _(
                    "{name} names its coordinate system {crs} after the features; state it in the "
                    "mapping ([values] crs) and remove it from the file"
                ).format(name=self.path.name, crs=name)
            )
        self.crs, self.crs_is_default = found, False


class _Stream:
    """JSON values taken one by one from a text file."""

    def __init__(self, file: Any) -> None:
        self._file = file
        self._decoder = json.JSONDecoder(parse_int=_whole_number)
        self._text = ""
        self._at = 0
        self._over = False

    def _more(self) -> bool:
        text = self._file.read(_READ)
        self._text = self._text[self._at :] + text
        self._at = 0
        self._over = not text
        return bool(text)

    def peek(self) -> str:
        """Return the next character that is no blank, empty at the end."""
        while True:
            while self._at < len(self._text):
                if self._text[self._at] not in " \t\r\n":
                    return self._text[self._at]
                self._at += 1
            if not self._more():
                return ""

    def expect(self, mark: str) -> None:
        """Step over `mark`."""
        found = self.peek()
        if found != mark:
            if not found:
                raise EOFError(_("the file ends too early"))
            raise json.JSONDecodeError(_("'{mark}' is missing").format(mark=mark), "", 0)
        self._at += 1

    def separate(self, end: str) -> None:
        """Step over a comma, unless `end` follows."""
        if self.peek() != end:
            self.expect(",")

    def value(self) -> Any:
        """Return the next value."""
        self.peek()
        while True:
            try:
                found, end = self._decoder.raw_decode(self._text, self._at)
            except json.JSONDecodeError:
                whole = False
            else:
                # A number or word that touches the end of the buffer may go on after it.
                whole = end < len(self._text) or self._over
            if whole:
                self._at = end
                return found
            if len(self._text) - self._at > FEATURE_LIMIT:
                raise json.JSONDecodeError(_("a feature is too large or broken"), "", 0)
            if not self._more():
                if self._text[self._at :].strip():
                    found, end = self._decoder.raw_decode(self._text, self._at)
                    self._at = end
                    return found
                raise EOFError(_("the file ends too early"))


def _whole_number(text: str) -> int | str:
    """Return a whole number; one with more digits than Python converts stays a text."""
    return int(text) if len(text) <= _DIGITS else text


def _is_text(text: str) -> bool:
    """Return whether UTF-8 can write `text`; JSON's escapes can name halves of characters."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _properties(feature: dict[str, Any]) -> dict[str, Any]:
    properties = feature.get("properties")
    found = properties if isinstance(properties, dict) else {}
    return {"id": feature["id"], **found} if "id" in feature else found


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return ";".join(_text(part) for part in value)
    if isinstance(value, dict):
        return json.dumps(value, ensure_ascii=False)
    return str(value)


def _position(geometry: Any) -> tuple[float, float] | None:
    """Return a point's position, None where there is no geometry.

    Raises
    ------
    SchemaError
        The geometry is no point, or no geometry.
    """
    if geometry is None:
        return None
    if not isinstance(geometry, dict):
        raise SchemaError(_("the geometry is no GeoJSON geometry"))
    kind, coordinates = geometry.get("type"), geometry.get("coordinates")
    if kind == "MultiPoint" and isinstance(coordinates, list) and len(coordinates) == 1:
        coordinates = coordinates[0]
    elif kind != "Point":
        raise SchemaError(wrong_geometry(str(kind)))
    if coordinates == []:
        return None
    try:
        x, y = (float(value) for value in (coordinates or ())[:2])
    except (TypeError, ValueError, KeyError, OverflowError) as error:
        raise SchemaError(_("the geometry has no two numbers as coordinates")) from error
    if not (math.isfinite(x) and math.isfinite(y)):
        raise SchemaError(_("the geometry's coordinates are no finite numbers"))
    return x, y
