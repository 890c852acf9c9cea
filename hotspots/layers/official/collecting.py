"""Records of a VFR file gathered into the rows of one municipality."""

from typing import Final

import shapely
from shapely.geometry.base import BaseGeometry

from hotspots.cells import visible
from hotspots.errors import NotFoundError, ParameterError, SourceError
from hotspots.i18n import _, format_number
from hotspots.layers.official.frames import is_area, make_frame
from hotspots.layers.official.gml import read_geometry
from hotspots.layers.official.header import Header
from hotspots.layers.official.notes import missing_notes, reading_notes
from hotspots.layers.official.records import Node
from hotspots.layers.official.rules import CODE, MAX_POINTS, MAX_UNITS, NUMBER_KINDS
from hotspots.layers.tangles import find_tangle
from hotspots.layers.town_data import COLUMNS, SourceFile, TownData, ruian_citation

_LONGEST_NAME: Final = 200  # RÚIAN itself allows 48
_LONGEST_NUMBER: Final = 6
# Prague's boundaries, districts and streets together have less than 2,000,000.
_MAX_VERTICES: Final = 3_000_000
_NUMEROUS: Final = frozenset({"addresses", "buildings"})

_Row = tuple[object, ...]


class Collector:
    """Gathers the rows of one municipality as the records of a VFR file come."""

    def __init__(self, file: str, header: Header, municipality: str | None) -> None:
        if header.is_state and municipality is None:
            raise ParameterError(
                _(
                    "{name} holds the whole state; say which municipality to take from it by its "
                    "ZÚJ (municipality), such as 536385"
                ).format(name=file)
            )
        self.file = file
        self.header = header
        self.municipality = municipality
        self.citation = ruian_citation(header.valid_on)
        self.rows: dict[str, dict[str, _Row]] = {}
        self.buildings: dict[str, tuple[str, str]] = {}  # code → kind, town part
        self.units_seen = False
        self.n_ended = self.n_generalised = self.n_vertices = 0

    def add(self, kind: str, node: Node) -> None:
        """Take what one record says; `kind` is the name of its element.

        Raises
        ------
        SourceError, CRSError
            As `read_vfr`.
        """
        if node.value("PlatiDo"):
            self.n_ended += 1
            return
        {
            "Obec": self._add_municipality,
            "CastObce": self._add_part,
            "KatastralniUzemi": self._add_unit,
            "Zsj": self._add_district,
            "Ulice": self._add_street,
            "StavebniObjekt": self._add_building,
            "AdresniMisto": self._add_address,
            "VO": self._add_electoral_district,
        }[kind](node)

    def _add_municipality(self, node: Node) -> None:
        code = self._code(node)
        if self.header.is_state and code != self.municipality:
            return
        if self.municipality not in {None, code}:
            raise SourceError(
                _("{name} is of {town} ({code}), not of the municipality {wanted}").format(
                    name=self.file, town=self._name(node), code=code, wanted=self.municipality
                )
            )
        row = (code, self._name(node), self.citation, self._area(node))
        self._keep("municipality", node, row)

    def _add_part(self, node: Node) -> None:
        if self._belongs(node):
            point = self._point(node, "DefinicniBod")
            row = (self._code(node), self._name(node), self.citation, point)
            self._keep("town_parts", node, row)

    def _add_unit(self, node: Node) -> None:
        self.units_seen = True
        if self._belongs(node):
            row = (self._code(node), self._name(node), self.citation, self._area(node))
            self._keep("cadastral_units", node, row)

    def _add_district(self, node: Node) -> None:
        unit = self._code_of(node, "KatastralniUzemi")
        if self.header.is_state:
            if not self.units_seen:
                raise SourceError(
                    _(
                        "{name} lists settlement units (ZSJ) without the cadastral units before "
                        "them; it is incomplete, download it again"
                    ).format(name=self.file)
                )
            if unit not in self.rows.get("cadastral_units", {}):
                return
        row = (self._code(node), self._name(node), unit, self.citation, self._area(node))
        self._keep("districts", node, row)

    def _add_street(self, node: Node) -> None:
        if self._belongs(node):
            line = self._geometry(node, "DefinicniCara")
            if line is not None and line.geom_type not in {"LineString", "MultiLineString"}:
                raise self._error(node, _("has a definition line that is no line"))
            tangle = None if line is None else find_tangle([line])
            if tangle is not None:
                raise self._error(
                    node,
                    _(
                        "({street}) has a line that {what}, as no street does (QGIS shows that it "
                        "doubles back on itself)"
                    ).format(street=self._name(node), what=tangle.what),
                )
            self._keep("streets", node, (self._code(node), self._name(node), self.citation, line))

    def _add_building(self, node: Node) -> None:
        code = self._code(node)
        kind = NUMBER_KINDS.get(node.value("TypStavebnihoObjektuKod"), "")
        listed = node.child("CislaDomovni")
        numbers = ";".join(self._digits(node, n.text) for n in (listed.children if listed else []))
        part = self._code_of(node, "CastObce")
        flats = self._digits(node, node.value("PocetBytu"))
        row: _Row = (
            code,
            kind,
            numbers,
            part,
            float(flats) if flats else float("nan"),
            self.citation,
            self._building_point(node),
        )
        self.buildings[code] = (kind, part)
        self._keep("buildings", node, row)

    def _add_address(self, node: Node) -> None:
        code = self._code(node)
        orientation = self._digits(node, node.value("CisloOrientacni"))
        letter = visible(node.value("CisloOrientacniPismeno"))[:2]
        row = (
            code,
            self._code_of(node, "Ulice"),
            self._digits(node, node.value("CisloDomovni")),
            orientation + letter if orientation else "",
            self._code_of(node, "StavebniObjekt"),
            self._code_of(node, "CastObce"),
            self._digits(node, node.value("Psc")),
            self._point(node, "DefinicniBod", "AdresniBod"),
        )
        self._keep("addresses", node, row)

    def _add_electoral_district(self, node: Node) -> None:
        if self._belongs(node):
            number = self._digits(node, node.value("Cislo"))
            row = (self._code(node), number, self.citation, self._area(node))
            self._keep("electoral_districts", node, row)

    def _belongs(self, node: Node) -> bool:
        return not self.header.is_state or node.value("Obec", "Kod") == self.municipality

    def _keep(self, frame: str, node: Node, row: _Row) -> None:
        rows = self.rows.setdefault(frame, {})
        code = str(row[0])
        if code in rows:
            raise self._error(node, _("has the code {code}, which stands twice").format(code=code))
        rows[code] = row
        self.n_vertices += int(shapely.get_num_coordinates(row[-1]))
        most = MAX_POINTS if frame in _NUMEROUS else MAX_UNITS
        if len(rows) > most:
            raise self._too_large(_("{n} records of one kind").format(n=format_number(most)))
        if self.n_vertices > _MAX_VERTICES:
            raise self._too_large(_("{n} vertices").format(n=format_number(_MAX_VERTICES)))

    def _too_large(self, what: str) -> SourceError:
        return SourceError(
            _(
                "{name} has more than {what} of one municipality, more than any real one; it is "
                "not read. Download the file again from ČÚZK"
            ).format(name=self.file, what=what)
        )

    def _code(self, node: Node) -> str:
        code = node.value("Kod")
        if not CODE.fullmatch(code):
            raise self._error(node, _("has no code (Kod)"))
        return code

    def _code_of(self, node: Node, name: str) -> str:
        """Return the code of the thing that an element refers to; empty where it does not."""
        code = node.value(name, "Kod")
        if code and not CODE.fullmatch(code):
            raise self._error(
                node,
                _("has the code '{code}' as {element}, which is none").format(
                    code=code[:20], element=name
                ),
            )
        return code

    def _name(self, node: Node) -> str:
        name = visible(node.value("Nazev"))
        if not name or len(name) > _LONGEST_NAME:
            raise self._error(node, _("has no name (Nazev), or one longer than any real name"))
        return name

    def _digits(self, node: Node, text: str) -> str:
        if text and not (text.isascii() and text.isdigit() and len(text) <= _LONGEST_NUMBER):
            raise self._error(
                node, _("has the number '{text}', which is none").format(text=text[:20])
            )
        return text

    def _geometry(self, node: Node, *names: str) -> BaseGeometry | None:
        holder = node.child("Geometrie", *names)
        if holder is None or not holder.children:
            return None
        return read_geometry(holder, file=self.file, feature=_feature_name(node))

    def _point(self, node: Node, *names: str) -> BaseGeometry | None:
        found = self._geometry(node, *names)
        if found is not None and found.geom_type == "MultiPoint":
            return found.geoms[0]
        if found is not None and found.geom_type != "Point":
            raise self._error(node, _("has a definition point that is no point"))
        return found

    def _building_point(self, node: Node) -> BaseGeometry | None:
        """Return the definition point, else one inside the outline: many have only that."""
        point = self._point(node, "DefinicniBod")
        outline = None if point is not None else self._geometry(node, "OriginalniHranice")
        if outline is None:
            return point
        return outline.representative_point() if outline.is_valid else outline.centroid

    def _area(self, node: Node) -> BaseGeometry | None:
        """Return the best boundary there is, else the definition point."""
        shapes = node.child("Geometrie")
        names = [c.name for c in shapes.children if c.children] if shapes else []
        general = sorted(n for n in names if n.startswith("GeneralizovaneHranice"))
        for name in ["OriginalniHranice"] * ("OriginalniHranice" in names) + general:
            found = self._geometry(node, name)
            if not is_area(found):
                raise self._error(node, _("has a boundary that is no polygon"))
            self.n_generalised += name in general
            return found
        return self._point(node, "DefinicniBod")

    def _error(self, node: Node, what: str) -> SourceError:
        return SourceError(
            _("{name}: {feature} {what}; download the file again").format(
                name=self.file, feature=_feature_name(node), what=what
            )
        )

    def town(self, file: SourceFile) -> TownData:
        """Return the frames, once the whole file is read."""
        rows = {frame: list(kept.values()) for frame, kept in self.rows.items()}
        code, name = self._identity(rows)
        if "addresses" in rows:
            rows["addresses"] = [self._full_address(row) for row in rows["addresses"]]
        notes = (
            *reading_notes(self.file, n_ended=self.n_ended, n_generalised=self.n_generalised),
            *missing_notes(self.file, rows),
        )
        return TownData(
            code=code,
            name=name,
            valid_on=self.header.valid_on,
            sources=(file,),
            notes=notes,
            generalised=self.n_generalised > 0,
            **{frame: make_frame(frame, rows.get(frame, [])) for frame in COLUMNS},
        )

    def _identity(self, rows: dict[str, list[_Row]]) -> tuple[str, str]:
        """Return the code and the name of the municipality."""
        named = rows.get("municipality", [])
        if len(named) == 1:
            return str(named[0][0]), str(named[0][1])
        if not self.header.is_state:
            raise SourceError(
                _("{name} names {n} municipalities instead of one; download it again").format(
                    name=self.file, n=len(named)
                )
            )
        if not rows.get("electoral_districts"):
            raise NotFoundError(
                _("{name} has no municipality {code}; check its ZÚJ").format(
                    name=self.file, code=self.municipality
                )
            )
        return str(self.municipality), ""

    def _full_address(self, row: _Row) -> _Row:
        """Return an address with the names that other elements of the file have."""
        code, street, number, orientation, building, own_part, postcode, point = row
        kind, part = self.buildings.get(str(building), ("", ""))
        part = str(own_part) or part
        return (
            code,
            street,
            self._name_of("streets", str(street)),
            kind,
            number,
            orientation,
            part,
            self._name_of("town_parts", part),
            postcode,
            self.citation,
            point,
        )

    def _name_of(self, frame: str, code: str) -> str:
        row = self.rows.get(frame, {}).get(code)
        return str(row[1]) if row else ""


def _feature_name(node: Node) -> str:
    """Return how a message names a thing: by its `gml:id`, else its kind and code."""
    return visible(node.attributes.get("id") or f"{node.name} {node.value('Kod')}")[:80]
