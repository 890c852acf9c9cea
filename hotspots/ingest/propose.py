"""A mapping proposed for an unknown file, guessed from names and values of its columns."""

import re
import unicodedata
from pathlib import Path
from typing import Final

from hotspots import schema
from hotspots.i18n import _
from hotspots.ingest.mapping import (
    COORDINATES,
    DATE,
    OCCURRED,
    PLACE_NUMBER,
    PLACE_PART,
    PLACE_STREET,
    TIME,
    Mapping,
)

# Names of columns as Czech and English files write them, without accents; the first field of
# which a column bears the name takes it, exact names before names that only begin so.
FIELD_NAMES: Final[tuple[tuple[str, tuple[str, ...]], ...]] = (
    (schema.SOURCE_REF, ("id", "cislo", "cj", "cislojednaci", "spisovaznacka", "p1", "ref",
                         "reference", "cislopripadu", "cisloudalosti", "poradovecislo")),
    (OCCURRED, ("datumacas", "datumcas", "datetime", "timestamp", "occurred", "occurredfrom",
                "vzniklo", "od", "zacatek", "caspachani", "dobaspachani", "kdy")),
    (DATE, ("datum", "date", "den", "datumudalosti", "datumspachani", "datumprestupku",
             "datumden", "p2a")),
    (TIME, ("cas", "time", "hodina", "casudalosti", "p2b")),
    (schema.OCCURRED_TO, ("do", "konec", "occurredto", "ukonceno")),
    (schema.REPORTED_AT, ("oznameno", "nahlaseno", "reported", "reportedat", "datumoznameni")),
    (schema.X, ("xjtsk", "x", "sjtskx", "souradnicex", "lon", "lng", "longitude",
                "zemepisnadelka", "delka", "easting")),
    (schema.Y, ("yjtsk", "y", "sjtsky", "souradnicey", "lat", "latitude", "zemepisnasirka",
                "sirka", "northing")),
    (COORDINATES, ("souradnice", "gps", "poloha", "coordinates", "latlon", "gpssouradnice")),
    (schema.OFFENCE, ("druh", "offence", "typ", "type", "kategorie", "category", "prestupek",
                      "druhprestupku", "druhudalosti", "klasifikace", "prestupky",
                      "skutkovapodstata", "pravnikvalifikace", "co", "costalo", "cosestalo",
                      "udalost", "zjisteni", "poznatek", "kvalifikace", "paragraf")),
    (schema.OFFENCE_DETAIL, ("detail", "skutek", "upresneni", "kvalifikace", "paragraf")),
    (schema.PLACE_TEXT, ("misto", "ulice", "adresa", "place", "address", "street", "lokalita",
                         "mistoudalosti", "mistoprestupku", "kde", "mistoulice",
                         "kdesestalo")),
    (PLACE_NUMBER, ("cislodomu", "cislopopisne", "cislodomovni", "cp", "cpco", "mistocp",
                    "housenumber")),
    (PLACE_PART, ("castobce", "castmesta", "townpart", "ctvrt")),
    (schema.NOTE, ("poznamka", "note", "popis", "description", "komentar")),
    (schema.DISCOVERED_BY, ("jakzjisteno", "zpusobzjisteni", "zjisteno", "discoveredby")),
    (schema.STATUS, ("stav", "status", "state", "vyrizeni")),
    (schema.RELEVANCE, ("relevance",)),
)  # fmt: skip


def normalize_name(name: str) -> str:
    """Return a column's name without case, accents and anything but letters and digits."""
    plain = unicodedata.normalize("NFKD", name.casefold())
    return re.sub(r"[^a-z0-9]", "", plain)


def propose_columns(columns: tuple[str, ...]) -> dict[str, str]:
    """Return field → column as far as the names of the columns tell."""
    free = {normalize_name(name): name for name in reversed(columns) if name}
    found: dict[str, str] = {}
    for exact in (True, False):
        for field, names in FIELD_NAMES:
            if field in found:
                continue
            for wanted in names:
                match = wanted if exact else _beginning(wanted, free)
                if match in free:
                    found[field] = free.pop(match)
                    break
    if DATE in found:
        found.pop(OCCURRED, None)
    elif TIME in found:
        found.pop(TIME)
    if schema.X not in found or schema.Y not in found:
        found.pop(schema.X, None)
        found.pop(schema.Y, None)
    else:
        found.pop(COORDINATES, None)
    place = normalize_name(found.get(schema.PLACE_TEXT, ""))
    if {PLACE_NUMBER, PLACE_PART} & set(found) and place.startswith(("ulice", "street")):
        found[PLACE_STREET] = found.pop(schema.PLACE_TEXT)
    order = [field for field, _names in FIELD_NAMES]
    return {field: found[field] for field in sorted(found, key=[*order, PLACE_STREET].index)}


def _beginning(wanted: str, free: dict[str, str]) -> str:
    if len(wanted) < 4:
        return ""
    return next((name for name in free if name.startswith(wanted)), "")


def propose_mapping(columns: tuple[str, ...], *, source: str, has_geometry: bool) -> str:
    """Return a ready-to-edit mapping in TOML.

    Parameters
    ----------
    columns
        Names of the file's columns.
    source
        Id proposed for the source.
    has_geometry
        Whether rows carry a geometry, so that no x and y are needed.
    """
    found = propose_columns(columns)
    if has_geometry:
        found.pop(schema.X, None)
        found.pop(schema.Y, None)
    head = Mapping(source=source, kind="other", label=source, columns=found)
    left = [name for name in columns if name and name not in found.values()]
    lines = [head.to_toml().rstrip()]
    if left:
        lines.append("# " + _("columns not used: {names}").format(names=", ".join(left)))
    if DATE not in found and OCCURRED not in found:
        lines.append('# occurred = "…"  ' + _("(needed: the column with the date)"))
    lines += ["", "[values]"]
    if schema.X in found:
        lines.append('# crs = "EPSG:5514"  ' + _("(or EPSG:4326, or S-JTSK if positive)"))
    if schema.OFFENCE not in found:
        lines.append('offence = "other_offence"')
    else:
        lines += ["", "[offences]", '# "…" = "public_order"  ' + _("(one line for each value)")]
    return "\n".join(lines) + "\n"


def slug_of(path: Path) -> str:
    """Return a source's name made of a file's: "Měsíční hlášení.xlsx" gives "mesicni-hlaseni"."""
    words = [normalize_name(word) for word in re.split(r"[\W_]+", path.stem)]
    return "-".join(word for word in words if word)[:40].strip("-") or "points"
