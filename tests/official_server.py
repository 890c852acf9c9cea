"""A server on this machine that plays ČÚZK's files and map service and Overpass for one town.

`python -m tests.official_server --port 8123` runs it for a try by hand. What goes wrong is said
by path: `faults={"_UKSH.xml.zip": cut_off(1000)}` spoils every answer to a path that holds the
text; a list of faults spoils one answer each, None spoils none, and after the last all is well.
"""

import argparse
import gzip
import json
import re
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit
from zoneinfo import ZoneInfo

import numpy as np
import shapely

from hotspots.crs import to_wgs84
from hotspots.settings import Settings
from tests.ruian import (
    DAY,
    District,
    Town,
    file_name,
    make_addresses_csv,
    make_vfr,
    small_town,
    zipped,
)

TODAY = date(2026, 11, 22)
RUIAN = "/vymenny_format"
DISTRICTS = "/arcgis/rest/services/RUIAN/MapServer"
OVERPASS = "/api/interpreter"
ZSJ_LAYER = 6
_LAYERS = ((5, "Parcela"), (ZSJ_LAYER, "Základní sídelní jednotka"), (7, "Katastrální území"))
_MODIFIED = "Sun, 01 Nov 2026 02:14:00 GMT"
_HTML = (
    b"<!DOCTYPE html>\n<html><head><title>Omlouv\xc3\xa1me se</title></head><body></body></html>"
)
_PIECE = 1 << 16


@dataclass(frozen=True)
class Fault:
    """What is wrong with one answer; made by the functions below."""

    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)  # beside or instead of the right ones
    body: bytes | None = None  # instead of the right one
    keep: int | None = None  # bytes of the body sent before the connection closes
    length_off: int = 0  # added to Content-Length
    wait_s: float = 0.0  # before the answer
    drip_s: float = 0.0  # between single bytes
    endless: bool = False  # the first bytes for ever
    zipped_on_the_way: bool = False
    no_ranges: bool = False
    hang_up: bool = False  # no answer at all


def status(code: int, **headers: str) -> Fault:
    """Answer with a status and a page; `Retry_After="2"` becomes a header."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Fault(status=code, headers={"Content-Type": "text/html", **named}, body=_HTML)


def cut_off(keep: int) -> Fault:
    """Close the connection after `keep` bytes of the body."""
    return Fault(keep=keep)


def html_page() -> Fault:
    """Answer 200 with a page for people."""
    return Fault(headers={"Content-Type": "text/html; charset=utf-8"}, body=_HTML)


def content_type(name: str) -> Fault:
    """Say that the right body is of another type."""
    return Fault(headers={"Content-Type": name})


def answer(data: bytes, **headers: str) -> Fault:
    """Answer 200 with other bytes."""
    return Fault(headers=headers, body=data)


def redirect(target: str, code: int = 302) -> Fault:
    """Send the client elsewhere."""
    return Fault(status=code, headers={"Location": target}, body=b"")


def unsound_zip(data: bytes) -> bytes:
    """Return a ZIP file with one byte of its content changed."""
    spoilt = bytearray(data)
    spoilt[len(data) // 2] ^= 0xFF
    return bytes(spoilt)


@dataclass
class Asked:
    """One request as it came, with how many bytes of body were sent back so far."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    status: int
    n_sent: int = 0


Faults = Mapping[str, Fault | Sequence[Fault | None]]


@dataclass
class OfficialServer:
    """A running server; `asked` is what it was asked for, in order."""

    url: str
    files: dict[str, bytes]
    town: Town
    page_size: int
    faults: dict[str, Fault | list[Fault | None]]
    asked: list[Asked] = field(default_factory=list)

    @property
    def addresses(self) -> dict[str, str]:
        """The three settings that lead here."""
        return {
            "ruian_url": self.url + RUIAN,
            "districts_url": self.url + DISTRICTS,
            "overpass_url": self.url + OVERPASS,
        }

    def settings(self, **others: Any) -> Settings:
        """Return settings that lead here."""
        return Settings(**{**self.addresses, **others})

    def sent(self, text: str) -> int:
        """Return how many bytes were sent for paths that hold `text`."""
        return sum(one.n_sent for one in self.asked if text in one.path)

    def paths(self) -> list[str]:
        """Return the paths asked for, in order, without questions."""
        return [one.path.partition("?")[0] for one in self.asked]

    def fault(self, path: str) -> Fault | None:
        """Return what goes wrong this time, and forget it where it goes wrong only once."""
        for text, wrong in self.faults.items():
            if text in path and isinstance(wrong, Fault):
                return wrong
            if text in path and wrong:
                return wrong.pop(0)
        return None


def last_day_before(today: date) -> date:
    """Return the last day of the month before."""
    return today.replace(day=1) - timedelta(days=1)


def town_files(
    town: Town, day: date = DAY, *, vfr_of: Town | None = None, state: bool = True
) -> dict[str, bytes]:
    """Return the files of one day, by their path under the files' root.

    `vfr_of` is what the municipality's file says, where that is less than the state's.
    """
    vfr = file_name(town, "OB_UKSH", day)
    table = file_name(town, "OB_ADR", day)
    files = {
        f"/soucasna/{vfr}.zip": zipped(vfr, make_vfr(vfr_of or town, valid_on=day)),
        f"/csv/{table}.zip": zipped(table, make_addresses_csv(vfr_of or town)),
    }
    if state:
        whole = file_name(town, "ST_UKSH", day)
        data = make_vfr(town, kind="ST_UKSH", valid_on=day)
        files[f"/soucasna/{whole}.zip"] = zipped(whole, data)
    return files


@contextmanager
def official_server(
    town: Town | None = None,
    *,
    faults: Faults | None = None,
    files: Mapping[str, bytes] | None = None,
    page_size: int = 2,
    port: int = 0,
) -> Iterator[OfficialServer]:
    """Run a server for `town` (default `small_town()`) until the block ends.

    `files` are those of `town_files` unless given; `page_size` is how many districts the map
    service gives at once.
    """
    town = town or small_town()
    served = dict(town_files(town) if files is None else files)
    http = ThreadingHTTPServer(("127.0.0.1", port), _Handler)
    http.daemon_threads = True
    server = OfficialServer(
        f"http://127.0.0.1:{http.server_address[1]}",
        served,
        town,
        page_size,
        {k: v if isinstance(v, Fault) else list(v) for k, v in (faults or {}).items()},
    )
    http.official = server  # type: ignore[attr-defined]
    thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server
    finally:
        http.shutdown()
        http.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_args: Any) -> None:
        """Say nothing."""

    @property
    def official(self) -> OfficialServer:
        return self.server.official  # type: ignore[attr-defined]

    def handle(self) -> None:
        """Answer; a client that goes away is no fault of this server."""
        with suppress(ConnectionError):
            super().handle()

    def do_GET(self) -> None:
        self._answer(b"")

    def do_POST(self) -> None:
        self._answer(self.rfile.read(int(self.headers.get("Content-Length", 0))))

    def _answer(self, sent: bytes) -> None:
        fault = self.official.fault(self.path) or Fault()
        self.close_connection = True
        if fault.wait_s:
            time.sleep(fault.wait_s)
        asked = Asked(self.command, self.path, dict(self.headers), sent, 0)
        # Before anything is sent, so that a client that has its answer finds it noted.
        self.official.asked.append(asked)
        if fault.hang_up:
            return
        code, headers, body = self._right(sent, fault)
        if fault.body is not None:
            code, body = 200, fault.body
        if fault.zipped_on_the_way:
            body = gzip.compress(body)
            headers["Content-Encoding"] = "gzip"
        if not fault.endless:
            headers["Content-Length"] = str(len(body) + fault.length_off)
        asked.status = fault.status or code
        self.send_response(asked.status)
        for name, value in {**headers, "Connection": "close", **fault.headers}.items():
            self.send_header(name, value)
        self.end_headers()
        with suppress(OSError):  # the client may have had enough
            for piece in _pieces(body, fault):
                asked.n_sent += len(piece)
                self.wfile.write(piece)

    def _right(self, sent: bytes, fault: Fault) -> tuple[int, dict[str, str], bytes]:
        """Return the answer with nothing wrong."""
        url = urlsplit(self.path)
        if url.path.startswith(RUIAN):
            return self._file(url.path.removeprefix(RUIAN), fault)
        if url.path.startswith(DISTRICTS):
            question = {k: v[0] for k, v in parse_qs(url.query).items()}
            values = _map_service(self.official, url.path.removeprefix(DISTRICTS), question)
        elif url.path == OVERPASS:
            values = _overpass(self.official.town)
        else:
            return 404, {"Content-Type": "text/html"}, _HTML
        return 200, {"Content-Type": "application/json"}, json.dumps(values).encode()

    def _file(self, path: str, fault: Fault) -> tuple[int, dict[str, str], bytes]:
        data = self.official.files.get(path)
        if data is None:
            return 404, {"Content-Type": "text/html"}, _HTML
        etag = f'"{sha256(data).hexdigest()[:16]}"'
        headers = {
            "Content-Type": "application/zip",
            "ETag": etag,
            "Last-Modified": _MODIFIED,
            "Accept-Ranges": "bytes",
        }
        if self.headers.get("If-None-Match") == etag:
            return 304, headers, b""
        asked = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        same = self.headers.get("If-Range", etag) in {etag, _MODIFIED}
        if fault.no_ranges or not asked or not same:
            return 200, headers, data
        start = int(asked[1])
        if start >= len(data):
            return 416, {"Content-Range": f"bytes */{len(data)}"}, b""
        headers["Content-Range"] = f"bytes {start}-{len(data) - 1}/{len(data)}"
        return 206, headers, data[start:]


def _pieces(body: bytes, fault: Fault) -> Iterator[bytes]:
    if fault.endless:
        piece = (body * (_PIECE // max(len(body), 1) + 1))[:_PIECE]
        while True:
            yield piece
    body = body[: fault.keep]
    size = 1 if fault.drip_s else _PIECE
    for start in range(0, len(body), size):
        time.sleep(fault.drip_s)
        yield body[start : start + size]


def _map_service(server: OfficialServer, path: str, question: dict[str, str]) -> dict[str, Any]:
    if not path:
        layers = [
            {
                "id": ident,
                "name": name,
                "parentLayerId": -1,
                "subLayerIds": None,
                "type": "Feature Layer",
                "geometryType": "esriGeometryPolygon",
            }
            for ident, name in _LAYERS
        ]
        return {"currentVersion": 10.91, "mapName": "RUIAN", "layers": layers}
    if path == f"/{ZSJ_LAYER}":
        kinds = {"kod": "Integer", "nazev": "String", "katastralniuzemi": "Integer"}
        fields = [{"name": n, "type": f"esriFieldType{kind}"} for n, kind in kinds.items()]
        return {"id": ZSJ_LAYER, "name": _LAYERS[1][1], "fields": fields}
    asked = re.fullmatch(r"katastralniuzemi IN \(([0-9,]+)\)", question.get("where", ""))
    if path != f"/{ZSJ_LAYER}/query" or not asked or question.get("outSR") != "5514":
        return {"error": {"code": 400, "message": "Invalid or missing input parameters."}}
    units = set(asked[1].split(","))
    fitting = [d for d in server.town.districts if d.unit in units and d.area is not None]
    start = int(question.get("resultOffset", 0))
    page = fitting[start : start + server.page_size]
    return {
        "geometryType": "esriGeometryPolygon",
        "spatialReference": {"wkid": 102067, "latestWkid": 5514},
        "features": [_esri(district) for district in page],
        "exceededTransferLimit": start + server.page_size < len(fitting),
    }


def _esri(district: District) -> dict[str, Any]:
    rings = []
    for part in shapely.get_parts(district.area):
        turned = shapely.geometry.polygon.orient(part, -1)  # outer rings clockwise
        rings += [turned.exterior, *turned.interiors]
    return {
        "attributes": {
            "kod": int(district.code),
            "nazev": district.name,
            "katastralniuzemi": int(district.unit),
        },
        "geometry": {"rings": [[list(c) for c in ring.coords] for ring in rings]},
    }


def _overpass(town: Town) -> dict[str, Any]:
    """Return the town's streets as OpenStreetMap has them, and a road without a name."""
    ways = [
        ("residential", {"name": street.name}, line)
        for street in town.streets
        if street.line is not None
        for line in shapely.get_parts(street.line)
    ]
    x, y = town.boundary.centroid.coords[0]
    ways += [
        ("secondary", {"ref": "453"}, shapely.LineString([(x - 2000, y - 200), (x, y - 200)])),
        ("residential", {}, shapely.LineString([(x, y - 600), (x + 100, y - 600)])),
        ("service", {}, shapely.LineString([(x, y - 650), (x + 100, y - 650)])),
    ]
    elements = []
    for i, (highway, tags, line) in enumerate(ways, 1):
        lon, lat = to_wgs84(*np.array(line.coords).T)
        points = [{"lat": float(b), "lon": float(a)} for a, b in zip(lon, lat, strict=True)]
        tags = {"highway": highway, **tags}
        elements.append({"type": "way", "id": i, "tags": tags, "geometry": points})
    return {
        "version": 0.6,
        "osm3s": {"timestamp_osm_base": "2026-11-20T10:00:00Z"},
        "elements": elements,
    }


def main() -> None:
    """Run the server until it is interrupted, with files of last month."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=8123)
    parser.add_argument("--municipality", default="536385", help="ZÚJ of the invented town")
    parser.add_argument("--town", default="Jeseník", help="its name")
    chosen = parser.parse_args()
    town = small_town(chosen.municipality, chosen.town)
    today = datetime.now(ZoneInfo("Europe/Prague")).date()
    files = town_files(town, last_day_before(today))
    with official_server(town, files=files, port=chosen.port) as server:
        print("Lines for the settings.toml of a workspace; Ctrl+C ends the server.")
        for name, value in server.addresses.items():
            print(f'{name} = "{value}"')
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            return


if __name__ == "__main__":
    main()
