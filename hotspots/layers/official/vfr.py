"""RÚIAN's exchange format (VFR): one municipality out of its own file or of the state's."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from hotspots.errors import SourceError
from hotspots.i18n import _
from hotspots.layers.official.collecting import Collector
from hotspots.layers.official.header import Header, check_root, read_header
from hotspots.layers.official.opening import (
    STATE_LIMIT,
    TOWN_LIMIT,
    Unpacked,
    fingerprint,
    open_unpacked,
)
from hotspots.layers.official.records import Node, read_records
from hotspots.layers.official.rules import refuse_web_page, require_municipality_code
from hotspots.layers.town_data import SourceFile, TownData, ruian_citation
from hotspots.progress import Report, silent

_HEADER: Final = ("Hlavicka",)
_GRAMMAR: Final = frozenset({"MluvnickeCharakteristiky"})
_EMBLEMS: Final = frozenset({"VlajkaText", "VlajkaObrazek", "ZnakText", "ZnakObrazek"})
# Path below the root → elements not needed there. All else, parcels above all, is passed over.
_WANTED: Final = {
    _HEADER: frozenset({"Metadata"}),
    ("Data", "Obce", "Obec"): _GRAMMAR | _EMBLEMS,
    ("Data", "CastiObci", "CastObce"): _GRAMMAR,
    ("Data", "KatastralniUzemi", "KatastralniUzemi"): _GRAMMAR,
    ("Data", "Zsj", "Zsj"): _GRAMMAR,
    ("Data", "Ulice", "Ulice"): _GRAMMAR,
    ("Data", "StavebniObjekty", "StavebniObjekt"): frozenset(
        {"GeneralizovaneHranice", "ZpusobyOchrany", "DetailniTEA"}
    ),
    ("Data", "AdresniMista", "AdresniMisto"): frozenset({"Zachranka", "Hasici"}),
    ("Data", "VolebniOkrsek", "VO"): frozenset({"Poznamka"}),
}


def read_vfr(path: Path, *, municipality: str | None = None, report: Report = silent) -> TownData:
    """Return what a VFR file says of one municipality.

    Parameters
    ----------
    path
        ``.xml``, gzip or ZIP; the file of one municipality (``OB_UKSH``, ``OB_UKSG``, …) or of
        the state (``ST_UKSH``, ``ST_UZSZ``, …; electoral districts ``ST_UVOH``).
    municipality
        ZÚJ, six digits. Needed for a file of the state, checked for that of a municipality.
    report
        Told how far reading has come.

    Returns
    -------
    town
        Boundaries are the original ones, else the generalised, else the definition point.
        Things that have ended are left out; `notes` say what is missing.

    Raises
    ------
    SourceError
        The file is no VFR, holds changes or history, is damaged, hostile or inconsistent: codes
        missing or double, geometry broken. Memory stays bounded whatever the file.
    CRSError
        Its coordinates are not in S-JTSK (EPSG:5514).
    ParameterError
        `municipality` is missing for a file of the state, or no ZÚJ.
    NotFoundError
        The file of the state has no such municipality.

    References
    ----------
    ČÚZK: Struktura a popis výměnného formátu RÚIAN (VFR).
    """
    return read_typed(Path(path), municipality=municipality, report=report)[1]


def read_typed(path: Path, *, municipality: str | None, report: Report) -> tuple[Header, TownData]:
    """Return the header of a VFR file besides what `read_vfr` returns; raises as that does."""
    if municipality is not None:
        require_municipality_code(municipality)
    collected: Collector | None = None
    with open_unpacked(path, limit_bytes=STATE_LIMIT) as source:
        for where, node in _records(source, report):
            if where == _HEADER:
                header = read_header(node, file=path.name)
                source.limit_bytes = STATE_LIMIT if header.is_state else TOWN_LIMIT
                collected = Collector(path.name, header, municipality)
            elif collected is None:
                raise _headless(path)
            else:
                collected.add(where[-1], node)
    if collected is None:
        raise _headless(path)
    sha256, n_bytes = fingerprint(path)
    day = collected.header.valid_on
    file = SourceFile(path.name, sha256, n_bytes, day, ruian_citation(day))
    return collected.header, collected.town(file)


def peek_header(path: Path) -> Header:
    """Return the header of a VFR file without reading on; raises as `read_vfr` does."""
    with open_unpacked(path, limit_bytes=STATE_LIMIT) as source:
        for where, node in _records(source, silent):
            if where == _HEADER:
                return read_header(node, file=path.name)
            break
    raise _headless(path)


def _records(source: Unpacked, report: Report) -> Iterator[tuple[tuple[str, ...], Node]]:
    name = source.path.name
    refuse_web_page(source)

    def check(namespace: str, local: str) -> None:
        check_root(namespace, local, file=name)

    return read_records(source, _WANTED, check_root=check, report=report)


def _headless(path: Path) -> SourceError:
    return SourceError(
        _("{name} has no header (Hlavicka) before its data; download it again").format(
            name=path.name
        )
    )
