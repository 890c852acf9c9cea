"""The header of a VFR file: what it holds and for which day."""

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from hotspots.errors import SourceError
from hotspots.i18n import _
from hotspots.layers.official.records import Node
from hotspots.layers.official.rules import is_possible_day

# Scope, time span (U all, Z changes), rest. Special files of electoral districts are ST_UVOH.
_TYPE: Final = re.compile(r"(OB|ST)_([UZ])([A-Z]{2,4})")
_HISTORICAL: Final = ("ZH", "KH")
_NAMESPACE: Final = re.compile(r"urn:cz:isvs:ruian:schemas:(Specialni)?VymennyFormatTypy:v[0-9]+")
_ROOTS: Final = frozenset({"VymennyFormat", "SpecialniVymennyFormat"})
_NOON: Final = 12


@dataclass(frozen=True)
class Header:
    """What a VFR file says of itself.

    Attributes
    ----------
    file_type
        ``OB_UKSH``, ``ST_UZSZ``, …
    valid_on
        The day its data stand for; None where it does not say.
    """

    file_type: str
    valid_on: date | None

    @property
    def is_state(self) -> bool:
        """Whether the file is of the whole state, down to ZSJ or electoral districts."""
        return self.file_type.startswith("ST_")


def read_header(node: Node, *, file: str) -> Header:
    """Return what the element `Hlavicka` says.

    Raises
    ------
    SourceError
        The file holds changes or history instead of the present state, is of unknown type, or
        stands for a day before 2011 or after tomorrow.
    """
    file_type = node.value("TypSouboru")
    kind = _TYPE.fullmatch(file_type)
    if kind is None:
        raise SourceError(
            _(
                "{name} is a VFR file of the type '{kind}', which is not read; download the "
                "municipality's file, whose name ends in UKSH.xml.zip"
            ).format(name=file, kind=file_type[:40])
        )
    if kind[2] == "Z" or node.value("TypDavky") not in {"Plna", ""}:
        raise SourceError(
            _(
                "{name} holds only changes ({kind}); download the file of the whole state of "
                "things, of type {right}"
            ).format(name=file, kind=file_type, right=f"{kind[1]}_UKSH")
        )
    if kind[3].startswith(_HISTORICAL) or node.value("TypZaznamu") not in {"Platne", ""}:
        raise SourceError(
            _("{name} holds things of the past ({kind}); download {right} instead").format(
                name=file, kind=file_type, right=f"{kind[1]}_UKSH"
            )
        )
    return Header(file_type, _valid_on(node, file))


def check_root(namespace: str, local: str, *, file: str) -> None:
    """Raise `SourceError` unless this is the root of a VFR file, by namespace and local name."""
    if local in _ROOTS and _NAMESPACE.fullmatch(namespace):
        return
    if local in _ROOTS:
        raise SourceError(
            _(
                "{name} has the root element of a VFR file, but in the namespace '{namespace}', "
                "which is not known; download the file again from ČÚZK"
            ).format(name=file, namespace=namespace[:80])
        )
    raise SourceError(
        _(
            "{name} is XML, but no RÚIAN exchange format (VFR): it begins with the element "
            "'{element}'; download the municipality's file from ČÚZK, its name ends in "
            "UKSH.xml.zip"
        ).format(name=file, element=local[:40])
    )


def _valid_on(node: Node, file: str) -> date | None:
    for names in (("PlatnostDatK", "ISUI"), ("TransakceDo", "Zapsano"), ("Datum",)):
        moment = _moment(node.value(*names))
        if moment is None:
            continue
        if not is_possible_day(moment.date()):
            raise SourceError(
                _(
                    "{name} says that its data stand for {day}, a day before RÚIAN began or one "
                    "yet to come; download it again"
                ).format(name=file, day=moment.date().isoformat())
            )
        # Files are made in the night after the day that they stand for.
        before = names == ("Datum",) and moment.hour < _NOON
        return moment.date() - timedelta(days=1) if before else moment.date()
    return None


def _moment(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text[:19]).replace(tzinfo=None)
    except ValueError:
        return None
