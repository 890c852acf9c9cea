"""The forms of the page of layers, read into what the library is asked to do."""

import re
from dataclasses import dataclass
from datetime import date
from typing import Final

from werkzeug.datastructures import MultiDict

from hotspots.i18n import _, format_day
from hotspots.layers.fetch.ruian_files import today_in_czechia
from hotspots.layers.own.areas import KINDS
from web.uploads import FormError

RESIDENTS: Final = "residents"
# What imported files can be said to be, besides recognised by themselves ("").
FILE_KINDS: Final = (*KINDS, RESIDENTS)
_MUNICIPALITY: Final = re.compile(r"[0-9]{6}")
_YEARS: Final = (1850, 2100)
_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_FIRST_DAY: Final = date(1990, 1, 1)
_TEXT_LENGTH: Final = 200

Fields = MultiDict[str, str]


@dataclass(frozen=True)
class ImportForm:
    """How files are to be imported; empty texts mean: find out yourself."""

    as_kind: str = ""
    municipality: str = ""
    layer: str = ""
    name_column: str = ""
    code_column: str = ""
    residents_column: str = ""
    crs: str = ""
    year: int | None = None
    re_place: bool = False
    repair: bool = False
    with_errors: bool = False
    dry_run: bool = False
    example: bool = False
    allow_other_town: bool = False

    @classmethod
    def read(cls, fields: Fields) -> "ImportForm":
        """Read the form.

        Raises
        ------
        FormError
            A field holds what it must not.
        """
        as_kind = fields.get("as_kind", "")
        if as_kind and as_kind not in FILE_KINDS:
            raise FormError(
                _("The files can be one of {known}, not “{value}”.").format(
                    known=", ".join(FILE_KINDS), value=as_kind[:40]
                )
            )
        return cls(
            as_kind=as_kind,
            municipality=_municipality(fields) if fields.get("municipality") else "",
            layer=_text(fields, "layer"),
            name_column=_text(fields, "name_column"),
            code_column=_text(fields, "code_column"),
            residents_column=_text(fields, "residents_column"),
            crs=_text(fields, "crs"),
            year=_year(fields.get("year", "")),
            re_place="re_place" in fields,
            repair="repair" in fields,
            with_errors="with_errors" in fields,
            dry_run="dry_run" in fields,
            example="example" in fields,
            allow_other_town="allow_other_town" in fields,
        )


@dataclass(frozen=True)
class FetchForm:
    """Whose official layers are to be fetched, and how."""

    municipality: str
    allow_other_town: bool = False
    re_place: bool = False
    repair: bool = False
    with_errors: bool = False

    @classmethod
    def read(cls, fields: Fields) -> "FetchForm":
        """Read the form.

        Raises
        ------
        FormError
            The municipality is no code.
        """
        return cls(
            municipality=_municipality(fields),
            allow_other_town="allow_other_town" in fields,
            re_place="re_place" in fields,
            repair="repair" in fields,
            with_errors="with_errors" in fields,
        )


def read_version_id(fields: Fields, name: str = "version") -> int:
    """Return the number of a version.

    Raises
    ------
    FormError
        It is none.
    """
    text = fields.get(name, "")
    if not re.fullmatch(r"[0-9]{1,6}", text, re.ASCII):
        raise FormError(
            _("A version is a number from the table of versions, not “{value}”.").format(
                value=text[:40]
            )
        )
    return int(text)


def read_since(fields: Fields) -> date | None:
    """Return the day from which incidents are placed anew; None for all of them.

    Raises
    ------
    FormError
        The field holds no day, one of the future, or one before any incident was recorded.
    """
    text = fields.get("since", "").strip()
    if not text:
        return None
    wrong = _("The day must be written as 2026-10-31, not “{value}”.").format(value=text[:40])
    if not _DAY.fullmatch(text):
        raise FormError(wrong)
    try:
        since = date.fromisoformat(text)
    except ValueError as error:
        raise FormError(wrong) from error
    today = today_in_czechia()
    if not _FIRST_DAY <= since <= today:
        raise FormError(
            _("The day must be from {first} to {last}, not {value}.").format(
                first=format_day(_FIRST_DAY), last=format_day(today), value=format_day(since)
            )
        )
    return since


def _municipality(fields: Fields) -> str:
    code = fields.get("municipality", "").strip()
    if not _MUNICIPALITY.fullmatch(code):
        raise FormError(
            _(
                "The municipality is its code (ZÚJ) of six digits, such as 536385, not “{value}”."
            ).format(value=code[:40])
        )
    return code


def _text(fields: Fields, name: str) -> str:
    value = fields.get(name, "").strip()
    if len(value) > _TEXT_LENGTH or not value.isprintable():
        raise FormError(_("The field {name} must be a short text on one line.").format(name=name))
    return value


def _year(text: str) -> int | None:
    if not text.strip():
        return None
    first, last = _YEARS
    if re.fullmatch(r"[0-9]{4}", text.strip(), re.ASCII) and first <= int(text) <= last:
        return int(text)
    raise FormError(
        _("The year must be a number such as 2021, not “{value}”.").format(value=text[:40])
    )
