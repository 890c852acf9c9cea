"""RÚIAN files of invented towns: VFR (municipality and state files) and the address CSV.

`make_vfr` writes what ČÚZK publishes, element by element, from a `Town` whose geometry the caller
gives in EPSG:5514; `small_town` is one ready made. Nothing here reads or checks anything.
"""

import gzip
import io
import zipfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from xml.sax.saxutils import escape, quoteattr

from shapely import LineString, MultiLineString, MultiPolygon, Point, Polygon, box
from shapely.affinity import translate
from shapely.geometry.base import BaseGeometry

EPSG_5514 = "urn:ogc:def:crs:EPSG::5514"
DAY = date(2026, 10, 31)
CENTRE = (-543455.0, -1050795.0)
_SCHEMAS = {
    "ami": "AdrMistoIntTypy",
    "coi": "CastObceIntTypy",
    "com": "CommonTypy",
    "kui": "KatUzIntTypy",
    "mci": "MomcIntTypy",
    "obi": "ObecIntTypy",
    "oki": "OkresIntTypy",
    "pai": "ParcelaIntTypy",
    "soi": "StavObjIntTypy",
    "uli": "UliceIntTypy",
    "vf": "VymennyFormatTypy",
    "voi": "VOIntTypy",
    "zji": "ZsjIntTypy",
}
_NUMBER_KINDS = {1: "č.p.", 2: "č.ev.", 3: ""}
CSV_HEADER = (
    "Kód ADM;Kód obce;Název obce;Kód MOMC;Název MOMC;Kód obvodu Prahy;Název obvodu Prahy;"
    "Kód části obce;Název části obce;Kód ulice;Název ulice;Typ SO;Číslo domovní;"
    "Číslo orientační;Znak čísla orientačního;PSČ;Souřadnice Y;Souřadnice X;Platí Od"
)


@dataclass(frozen=True)
class Part:
    """A part of the town (část obce): a point only."""

    code: str
    name: str
    point: Point | None


@dataclass(frozen=True)
class Unit:
    """A cadastral unit (katastrální území)."""

    code: str
    name: str
    area: BaseGeometry | None


@dataclass(frozen=True)
class District:
    """A basic settlement unit (ZSJ) in the cadastral unit `unit`."""

    code: str
    name: str
    unit: str
    area: BaseGeometry | None


@dataclass(frozen=True)
class Street:
    """A street; `line` a LineString, a MultiLineString or None."""

    code: str
    name: str
    line: BaseGeometry | None


@dataclass(frozen=True)
class Building:
    """A building; `kind` 1 house number, 2 provisional number, 3 none."""

    code: str
    kind: int
    numbers: tuple[str, ...] = ()
    part: str = ""
    point: Point | None = None
    flats: int | None = None
    area: BaseGeometry | None = None


@dataclass(frozen=True)
class Address:
    """An address point of a building."""

    code: str
    number: str
    building: str
    street: str = ""
    orientation: str = ""
    letter: str = ""
    postcode: str = "79001"
    point: Point | None = None
    electoral_district: str = ""


@dataclass(frozen=True)
class ElectoralDistrict:
    """An electoral district (volební okrsek) with the number that voters know."""

    code: str
    number: str
    area: BaseGeometry | None


@dataclass(frozen=True)
class Town:
    """A municipality. Geometry in EPSG:5514; None where the file shall give none."""

    code: str
    name: str
    boundary: BaseGeometry | None
    units: tuple[Unit, ...] = ()
    districts: tuple[District, ...] = ()
    parts: tuple[Part, ...] = ()
    streets: tuple[Street, ...] = ()
    buildings: tuple[Building, ...] = ()
    addresses: tuple[Address, ...] = ()
    electoral_districts: tuple[ElectoralDistrict, ...] = ()


Place = Callable[[float, float], tuple[float, float]]


def _as_is(x: float, y: float) -> tuple[float, float]:
    return x, y


class _Gml:
    """Geometry as GML; `place` may spoil the coordinates on purpose."""

    def __init__(self, srs_name: str, place: Place, decimals: int) -> None:
        self.attributes = f' srsName="{srs_name}" srsDimension="2"' if srs_name else ""
        self.place = place
        self.decimals = decimals

    def numbers(self, coords: Iterable[tuple[float, ...]]) -> str:
        pairs = (self.place(*c[:2]) for c in coords)
        return " ".join(f"{x:.{self.decimals}f} {y:.{self.decimals}f}" for x, y in pairs)

    def _point(self, ident: str, point: Point, attributes: str) -> str:
        pos = self.numbers(point.coords)
        return f'<gml:Point gml:id="{ident}"{attributes}><gml:pos>{pos}</gml:pos></gml:Point>'

    def point(self, ident: str, point: Point) -> str:
        return self._point(ident, point, self.attributes)

    def multi_point(self, ident: str, point: Point) -> str:
        inner = self._point(f"{ident}.1", point, "")
        return (
            f'<gml:MultiPoint gml:id="{ident}"{self.attributes}><gml:pointMembers>{inner}'
            "</gml:pointMembers></gml:MultiPoint>"
        )

    def lines(self, ident: str, line: BaseGeometry) -> str:
        parts = line.geoms if isinstance(line, MultiLineString) else [line]
        members = "".join(
            f'<gml:curveMember><gml:LineString gml:id="{ident}.{i}"><gml:posList>'
            f"{self.numbers(part.coords)}</gml:posList></gml:LineString></gml:curveMember>"
            for i, part in enumerate(parts, 1)
        )
        return f'<gml:MultiCurve gml:id="{ident}"{self.attributes}>{members}</gml:MultiCurve>'

    def _ring(self, role: str, coords: Iterable[tuple[float, ...]]) -> str:
        return (
            f"<gml:{role}><gml:LinearRing><gml:posList>{self.numbers(coords)}</gml:posList>"
            f"</gml:LinearRing></gml:{role}>"
        )

    def surface(self, ident: str, area: BaseGeometry) -> str:
        parts = area.geoms if isinstance(area, MultiPolygon) else [area]
        members = "".join(
            f'<gml:surfaceMember><gml:Polygon gml:id="{ident}.{i}">'
            + self._ring("exterior", part.exterior.coords)
            + "".join(self._ring("interior", hole.coords) for hole in part.interiors)
            + "</gml:Polygon></gml:surfaceMember>"
            for i, part in enumerate(parts, 1)
        )
        return f'<gml:MultiSurface gml:id="{ident}"{self.attributes}>{members}</gml:MultiSurface>'


class _Writer:
    """Features of one kind of file."""

    def __init__(self, kind: str, gml: _Gml) -> None:
        self.state = kind.startswith("ST_")
        self.original = kind.endswith(("H", "G"))
        self.generalised = kind.endswith("G")
        self.gml = gml

    def _geometry(self, prefix: str, *parts: str) -> str:
        inner = "".join(parts)
        return f"<{prefix}:Geometrie>{inner}</{prefix}:Geometrie>" if inner else ""

    def _areas(self, prefix: str, ident: str, area: BaseGeometry | None, level: str) -> str:
        if area is None:
            return ""
        if not self.original:
            return ""
        # RÚIAN generalises no ZSJ: they keep their original boundaries in both kinds of file.
        name = (
            f"GeneralizovaneHranice{level}" if self.generalised and level else "OriginalniHranice"
        )
        return f"<{prefix}:{name}>{self.gml.surface(f'H{ident}', area)}</{prefix}:{name}>"

    def _definition(self, prefix: str, ident: str, area: BaseGeometry | None) -> str:
        if area is None:
            return ""
        point = area.representative_point()
        inner = self.gml.multi_point(f"D{ident}", point)
        return f"<{prefix}:DefinicniBod>{inner}</{prefix}:DefinicniBod>"

    def _area_geometry(
        self, prefix: str, ident: str, area: BaseGeometry | None, level: str = ""
    ) -> str:
        return self._geometry(
            prefix,
            self._definition(prefix, ident, area),
            self._areas(prefix, ident, area, level),
        )

    def municipality(self, town: Town) -> str:
        ident = f"OB.{town.code}"
        return (
            f'<vf:Obec gml:id="{ident}"><obi:Kod>{town.code}</obi:Kod>'
            f"<obi:Nazev>{escape(town.name)}</obi:Nazev><obi:StatusKod>3</obi:StatusKod>"
            f"<obi:Okres><oki:Kod>3811</oki:Kod></obi:Okres>{_since('obi')}"
            f"<obi:MluvnickeCharakteristiky><com:Pad2>{escape(town.name)}u</com:Pad2>"
            "</obi:MluvnickeCharakteristiky>"
            f"{self._area_geometry('obi', ident, town.boundary, '3')}</vf:Obec>"
        )

    def part(self, town: Town, part: Part) -> str:
        ident = f"CO.{part.code}"
        point = (
            f"<coi:DefinicniBod>{self.gml.point(f'D{ident}', part.point)}</coi:DefinicniBod>"
            if part.point is not None
            else ""
        )
        return (
            f'<vf:CastObce gml:id="{ident}"><coi:Kod>{part.code}</coi:Kod>'
            f"<coi:Nazev>{escape(part.name)}</coi:Nazev><coi:Obec><obi:Kod>{town.code}</obi:Kod>"
            f"</coi:Obec>{_since('coi')}{self._geometry('coi', point)}</vf:CastObce>"
        )

    def unit(self, town: Town, unit: Unit) -> str:
        ident = f"KU.{unit.code}"
        return (
            f'<vf:KatastralniUzemi gml:id="{ident}"><kui:Kod>{unit.code}</kui:Kod>'
            f"<kui:Nazev>{escape(unit.name)}</kui:Nazev><kui:ExistujeDigitalniMapa>true"
            f"</kui:ExistujeDigitalniMapa><kui:Obec><obi:Kod>{town.code}</obi:Kod></kui:Obec>"
            f"{_since('kui')}{self._area_geometry('kui', ident, unit.area, '2')}"
            "</vf:KatastralniUzemi>"
        )

    def district(self, _town: Town, district: District) -> str:
        ident = f"ZJ.{district.code}"
        return (
            f'<vf:Zsj gml:id="{ident}"><zji:Kod>{district.code}</zji:Kod>'
            f"<zji:Nazev>{escape(district.name)}</zji:Nazev><zji:KatastralniUzemi>"
            f"<kui:Kod>{district.unit}</kui:Kod></zji:KatastralniUzemi>{_since('zji')}"
            f"{self._area_geometry('zji', ident, district.area)}</vf:Zsj>"
        )

    def street(self, town: Town, street: Street) -> str:
        ident = f"UL.{street.code}"
        line = (
            f"<uli:DefinicniCara>{self.gml.lines(f'D{ident}', street.line)}</uli:DefinicniCara>"
            if street.line is not None
            else ""
        )
        return (
            f'<vf:Ulice gml:id="{ident}"><uli:Kod>{street.code}</uli:Kod>'
            f"<uli:Nazev>{escape(street.name)}</uli:Nazev><uli:Obec><obi:Kod>{town.code}</obi:Kod>"
            f"</uli:Obec>{_since('uli')}{self._geometry('uli', line)}</vf:Ulice>"
        )

    def building(self, _town: Town, building: Building) -> str:
        ident = f"SO.{building.code}"
        numbers = "".join(f"<com:CisloDomovni>{n}</com:CisloDomovni>" for n in building.numbers)
        point = area = ""
        if building.point is not None:
            inner = self.gml.point(f"D{ident}", building.point)
            point = f"<soi:DefinicniBod>{inner}</soi:DefinicniBod>"
        if building.area is not None and self.original:
            inner = self.gml.surface(f"H{ident}", building.area)
            area = f"<soi:OriginalniHranice>{inner}</soi:OriginalniHranice>"
        return (
            f'<vf:StavebniObjekt gml:id="{ident}"><soi:Kod>{building.code}</soi:Kod>'
            + (f"<soi:CislaDomovni>{numbers}</soi:CislaDomovni>" if numbers else "")
            + f"<soi:TypStavebnihoObjektuKod>{building.kind}</soi:TypStavebnihoObjektuKod>"
            + _reference("soi:CastObce", "coi:Kod", building.part)
            + _since("soi")
            + self._geometry("soi", point, area)
            + (f"<soi:PocetBytu>{building.flats}</soi:PocetBytu>" if building.flats else "")
            + "</vf:StavebniObjekt>"
        )

    def address(self, _town: Town, address: Address) -> str:
        ident = f"AD.{address.code}"
        point = ""
        if address.point is not None:
            inner = self.gml.point(f"DAM.{address.code}.1", address.point)
            point = f"<ami:DefinicniBod><ami:AdresniBod>{inner}</ami:AdresniBod></ami:DefinicniBod>"
        return (
            f'<vf:AdresniMisto gml:id="{ident}"><ami:Kod>{address.code}</ami:Kod>'
            f"<ami:CisloDomovni>{address.number}</ami:CisloDomovni>"
            + _filled("ami:CisloOrientacni", address.orientation)
            + _filled("ami:CisloOrientacniPismeno", address.letter)
            + f"<ami:Psc>{address.postcode}</ami:Psc>"
            + _reference("ami:StavebniObjekt", "soi:Kod", address.building)
            + _reference("ami:Ulice", "uli:Kod", address.street)
            + _filled("ami:VOKod", address.electoral_district)
            + _since("ami")
            + self._geometry("ami", point)
            + "</vf:AdresniMisto>"
        )

    def electoral_district(self, town: Town, district: ElectoralDistrict) -> str:
        ident = f"VO.{district.code}"
        point = area = ""
        if district.area is not None:
            inner = self.gml.point(f"D{ident}", district.area.representative_point())
            point = f"<voi:DefinicniBod>{inner}</voi:DefinicniBod>"
            inner = self.gml.surface(f"H{ident}", district.area)
            area = f"<voi:OriginalniHranice>{inner}</voi:OriginalniHranice>"
        return (
            f'<vf:VO gml:id="{ident}">{_since("voi")}{self._geometry("voi", point, area)}'
            f"<voi:Kod>{district.code}</voi:Kod><voi:Cislo>{district.number}</voi:Cislo>"
            f"{_reference('voi:Obec', 'obi:Kod', town.code)}</vf:VO>"
        )


def _since(prefix: str) -> str:
    return f"<{prefix}:PlatiOd>2011-07-01T00:00:00</{prefix}:PlatiOd>"


def _filled(name: str, text: str) -> str:
    return f"<{name}>{escape(text)}</{name}>" if text else ""


def _reference(outer: str, inner: str, code: str) -> str:
    return f"<{outer}><{inner}>{code}</{inner}></{outer}>" if code else ""


def _header(kind: str, valid_on: date, version: str, batch: str, record: str, name: str) -> str:
    made = f"{valid_on + timedelta(days=1)}T00:48:40"
    closed = f"{valid_on}T23:00:15"
    return (
        f"<vf:Hlavicka><vf:VerzeVFR>{version}</vf:VerzeVFR><vf:TypZaznamu>{record}</vf:TypZaznamu>"
        f"<vf:TypDavky>{batch}</vf:TypDavky><vf:TypSouboru>{kind}</vf:TypSouboru>"
        f"<vf:Datum>{made}</vf:Datum>"
        "<vf:TransakceOd><com:Id>0</com:Id><com:Zapsano>2012-06-29T01:36:44</com:Zapsano>"
        f"</vf:TransakceOd><vf:TransakceDo><com:Id>570691</com:Id><com:Zapsano>{closed}"
        f"</com:Zapsano></vf:TransakceDo><vf:Metadata xlink:type={quoteattr('simple')} "
        f'xlink:href="http://cuzk.cz/ruian/metadata/{name}"/>'
        f"<vf:PlatnostDatK><com:ISUI>{closed}</com:ISUI><com:ISKN>{valid_on}T22:00:15</com:ISKN>"
        "</vf:PlatnostDatK></vf:Hlavicka>"
    )


def _container(name: str, features: Iterable[str]) -> str:
    inner = "".join(features)
    return f"<vf:{name}>{inner}</vf:{name}>" if inner else ""


def make_vfr(
    town: Town,
    *,
    kind: str = "OB_UKSH",
    valid_on: date = DAY,
    others: tuple[Town, ...] = (),
    srs_name: str = EPSG_5514,
    place: Place = _as_is,
    decimals: int = 2,
    version: str = "3.1",
    batch: str = "Plna",
    record: str = "Platne",
) -> bytes:
    """Return a VFR file as UTF-8 XML.

    `kind` is the file's type: ``OB_UKSH`` (original boundaries), ``OB_UKSG`` (generalised),
    ``OB_UZSZ`` (points only), the same of the state (``ST_…``: municipalities, parts, cadastral
    units and ZSJ of `town` and of `others`), or ``ST_UVOH`` (electoral districts of the state).
    `place` is applied to every pair of coordinates, `srs_name` is what the file says of them.
    """
    writer = _Writer(kind, _Gml(srs_name, place, decimals))
    towns = (town, *others)

    def every(write: Callable[..., str], field: str) -> list[str]:
        return [write(t, thing) for t in towns for thing in getattr(t, field)]

    data = ""
    special = kind == "ST_UVOH"
    if not special:
        data += _container("Obce", [writer.municipality(t) for t in towns])
        data += _container("CastiObci", every(writer.part, "parts"))
        data += _container("KatastralniUzemi", every(writer.unit, "units"))
        data += _container("Zsj", every(writer.district, "districts"))
    if kind.startswith("OB_"):
        data += _container("Ulice", every(writer.street, "streets"))
        data += _container("Parcely", [_parcel(writer, t) for t in towns if t.boundary is not None])
        data += _container("StavebniObjekty", every(writer.building, "buildings"))
        data += _container("AdresniMista", every(writer.address, "addresses"))
    if special or kind.startswith("OB_UK"):
        data += _container("VolebniOkrsek", every(writer.electoral_district, "electoral_districts"))
    root = "SpecialniVymennyFormat" if special else "VymennyFormat"
    schemas = _SCHEMAS | ({"vf": "SpecialniVymennyFormatTypy"} if special else {})
    spaces = " ".join(
        f'xmlns:{p}="urn:cz:isvs:ruian:schemas:{name}:v1"' for p, name in schemas.items()
    )
    header = _header(kind, valid_on, version, batch, record, file_name(town, kind, valid_on))
    text = (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<vf:{root} xmlns:gml="http://www.opengis.net/gml/3.2" '
        f'xmlns:xlink="http://www.w3.org/1999/xlink" {spaces}><!-- 1.0 -->{header}'
        f"<vf:Data>{data}</vf:Data></vf:{root}>"
    )
    return text.encode()


def _parcel(writer: _Writer, town: Town) -> str:
    point = writer.gml.point(f"DPA.{town.code}1", town.boundary.representative_point())
    return (
        f'<vf:Parcela gml:id="PA.{town.code}1"><pai:Id>{town.code}1</pai:Id><pai:KmenoveCislo>1'
        f"</pai:KmenoveCislo>{_since('pai')}<pai:Geometrie><pai:DefinicniBod>{point}"
        "</pai:DefinicniBod></pai:Geometrie></vf:Parcela>"
    )


def make_addresses_csv(
    town: Town, *, encoding: str = "cp1250", header: str = CSV_HEADER, swapped: bool = False
) -> bytes:
    """Return the address CSV of a town as ČÚZK publishes it: `;`, positive S-JTSK (Y, X)."""
    buildings = {building.code: building for building in town.buildings}
    parts = {part.code: part.name for part in town.parts}
    streets = {street.code: street.name for street in town.streets}
    rows = [header]
    for address in town.addresses:
        building = buildings.get(address.building)
        part = building.part if building else ""
        position = ("", "")
        if address.point is not None:
            position = (f"{-address.point.x:.2f}", f"{-address.point.y:.2f}")
        cells = [
            address.code,
            town.code,
            town.name,
            "",
            "",
            "",
            "",
            part,
            parts.get(part, ""),
            address.street,
            streets.get(address.street, ""),
            _NUMBER_KINDS[building.kind if building else 1],
            address.number,
            address.orientation,
            address.letter,
            address.postcode,
            *(reversed(position) if swapped else position),
            "2013-12-05T00:00:00",
        ]
        rows.append(";".join(cells))
    return ("\r\n".join(rows) + "\r\n").encode(encoding)


def file_name(town: Town, kind: str = "OB_UKSH", valid_on: date = DAY) -> str:
    """Return how ČÚZK names a file: ``20261031_OB_536385_UKSH.xml``, ``…_OB_536385_ADR.csv``."""
    scope, _, what = kind.partition("_")
    middle = f"{scope}_{town.code}_{what}" if scope == "OB" else kind
    return f"{valid_on:%Y%m%d}_{middle}.{'csv' if what == 'ADR' else 'xml'}"


def zipped(name: str, data: bytes) -> bytes:
    """Return a ZIP archive with one member."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, data)
    return made.getvalue()


def gzipped(data: bytes) -> bytes:
    """Return `data` packed by gzip."""
    return gzip.compress(data, mtime=0)


def _moved(geometry: BaseGeometry, centre: tuple[float, float]) -> BaseGeometry:
    return translate(geometry, *centre)


_EDGE = [(-1200, -800), (1200, -800), (1200, 600), (1000, 800), (-1200, 800)]
_STREETS: tuple[tuple[str, BaseGeometry, int], ...] = (
    # A dual carriageway, 12 m apart.
    ("Hlavní", MultiLineString([[(-700, 0), (300, 0)], [(-700, 12), (300, 12)]]), 0),
    # Two streets of one name, in different parts of the town.
    ("Školní", LineString([(-500, 12), (-500, 412)]), 0),
    ("Školní", LineString([(600, -300), (1000, -300)]), 1),
    # One street in two disjoint parts.
    ("Lipová", MultiLineString([[(-200, -100), (-200, -400)], [(0, -100), (0, -400)]]), 0),
    # A square: the line comes back to where it began.
    ("Náměstí Míru", LineString([(-90, 100), (90, 100), (90, 300), (-90, 300), (-90, 100)]), 0),
    # A dead end.
    ("Slepá", LineString([(700, -300), (700, -50)]), 1),
)


def _houses(
    code: int, centre: tuple[float, float]
) -> tuple[tuple[Building, ...], tuple[Address, ...]]:
    buildings: list[Building] = []
    addresses: list[Address] = []
    number = 0
    for i, (_name, line, part) in enumerate(_STREETS):
        along = line.geoms[0] if isinstance(line, MultiLineString) else line
        for k in range(10):
            number += 1
            at = along.interpolate((k + 0.5) / 10, normalized=True)
            point = _moved(Point(at.x + 8.5, at.y + (9 if k % 2 else -9)), centre)
            building = f"{code}{number:03d}"
            voters = "1" if point.y < centre[1] else "2"
            buildings.append(
                Building(
                    building,
                    1,
                    (str(number),),
                    f"{code}{part + 1}",
                    Point(point.x + 3, point.y),
                    flats=1 + k % 4,
                    area=box(point.x, point.y - 5, point.x + 10, point.y + 5),
                )
            )
            addresses.append(
                Address(
                    f"{code}{number + 500:03d}",
                    str(number),
                    building,
                    street=f"{code}{i + 1:02d}",
                    orientation=str(k + 1),
                    letter="a" if k == 3 else "",
                    point=point,
                    electoral_district=f"{code}{voters}",
                )
            )
    return tuple(buildings), tuple(addresses)


def small_town(
    code: str = "536385", name: str = "Jeseník", centre: tuple[float, float] = CENTRE
) -> Town:
    """Return an invented town around `centre`, 2.4 × 1.6 km.

    2 cadastral units and 3 ZSJ tile the boundary, 2 parts, 2 electoral districts tile it too,
    6 streets (see `_STREETS`), 63 addresses (one without position, three without street, two of
    them with provisional numbers) and 73 buildings (ten without number). Codes begin with `code`.
    """
    west = box(-1200, -800, -300, 800)
    middle = box(-300, -800, 400, 800)
    east = Polygon([(400, -800), (1200, -800), (1200, 600), (1000, 800), (400, 800)])
    south = box(-1200, -800, 1200, 0)
    north = Polygon([(-1200, 0), (1200, 0), (1200, 600), (1000, 800), (-1200, 800)])
    buildings, addresses = _houses(int(code), centre)
    cottages = tuple(
        Building(f"{code}{900 + i}", 2, (str(i),), f"{code}2", _moved(Point(900 + i, 200), centre))
        for i in (1, 2)
    )
    ruin = Building(f"{code}903", 1, ("99",), f"{code}2")
    sheds = tuple(
        Building(f"{code}{910 + i}", 3, point=_moved(Point(-900 + 10 * i, -500), centre))
        for i in range(10)
    )
    apart = tuple(
        Address(f"{code}{950 + i}", c.numbers[0], c.code, point=c.point)
        for i, c in enumerate(cottages)
    )
    return Town(
        code,
        name,
        _moved(Polygon(_EDGE), centre),
        units=(
            Unit(f"{code}1", name, _moved(box(-1200, -800, 400, 800), centre)),
            Unit(f"{code}2", "Bukovice", _moved(east, centre)),
        ),
        districts=(
            District(f"{code}1", f"{name}-střed", f"{code}1", _moved(middle, centre)),
            District(f"{code}2", "Za Bělou", f"{code}1", _moved(west, centre)),
            District(f"{code}3", "Bukovice", f"{code}2", _moved(east, centre)),
        ),
        parts=(
            Part(f"{code}1", name, _moved(Point(0, 0), centre)),
            Part(f"{code}2", "Bukovice", _moved(Point(800, 0), centre)),
        ),
        streets=tuple(
            Street(f"{code}{i:02d}", street, _moved(line, centre))
            for i, (street, line, _part) in enumerate(_STREETS, 1)
        ),
        buildings=(*buildings, *cottages, ruin, *sheds),
        addresses=(*addresses, *apart, Address(f"{code}960", "99", ruin.code)),
        electoral_districts=(
            ElectoralDistrict(f"{code}1", "1", _moved(south, centre)),
            ElectoralDistrict(f"{code}2", "2", _moved(north, centre)),
        ),
    )
