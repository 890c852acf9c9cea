"""The form of the wizard: what a person says about a file, and the mapping made of it."""

import re
from collections.abc import Mapping as AnyMapping
from dataclasses import asdict, dataclass, field, replace
from datetime import date
from typing import Any, Final

from hotspots import schema
from hotspots.errors import ParameterError
from hotspots.i18n import _
from hotspots.ingest.mapping import (
    COORDINATES,
    DATE,
    FIELDS,
    OCCURRED,
    PLACE_NUMBER,
    PLACE_PART,
    PLACE_STREET,
    TIME,
    Mapping,
)
from hotspots.offences import OFFENCE_GROUPS
from hotspots.periods import Span
from web.uploads import FormError

NEW_SOURCE: Final = "+"
TEXT_LENGTH: Final = 200
MAX_RECORD: Final = 3  # periods that the form takes
MAX_OFFENCES: Final = 60  # values that the form takes
_QUOTED: Final = re.compile(r"'([a-z_]+)'")
_SOURCE_ID: Final = re.compile(r"[a-z0-9_][a-z0-9_-]{0,39}")
# Systems of coordinates that are offered; empty means that the file or its values say it.
CRS_CHOICES: Final = ("", "S-JTSK", "EPSG:5514", "EPSG:4326")
# Fields by what they are about, in the order of the page.
FIELD_GROUPS: Final = (
    ("when", (OCCURRED, schema.OCCURRED_TO, DATE, TIME, schema.REPORTED_AT)),
    (
        "where",
        (
            schema.PLACE_TEXT,
            PLACE_STREET,
            PLACE_NUMBER,
            PLACE_PART,
            schema.X,
            schema.Y,
            COORDINATES,
        ),
    ),
    ("what", (schema.OFFENCE, schema.OFFENCE_DETAIL, schema.NOTE)),
    (
        "more",
        (schema.SOURCE_REF, schema.DISCOVERED_BY, schema.STATUS, schema.RELEVANCE),
    ),
)
# Fields that are offered at once, chosen or not; the others unfold.
USUAL: Final = frozenset({OCCURRED, schema.PLACE_TEXT, schema.OFFENCE, schema.NOTE})


def group_label(group: str) -> str:
    """Return the heading over some fields."""
    labels = {
        "when": _("When it happened"),
        "where": _("Where"),
        "what": _("What happened"),
        "more": _("More"),
    }
    return labels[group]


def field_label(name: str) -> str:
    """Return what a field holds, for a reader."""
    labels = {
        OCCURRED: _("Date and time in one column"),
        schema.OCCURRED_TO: _("End, if it lasted"),
        DATE: _("Date alone"),
        TIME: _("Time alone"),
        schema.REPORTED_AT: _("Reported on"),
        schema.PLACE_TEXT: _("Description of the place"),
        PLACE_STREET: _("Street"),
        PLACE_NUMBER: _("House number"),
        PLACE_PART: _("Part of the town"),
        schema.X: _("Coordinate X or longitude"),
        schema.Y: _("Coordinate Y or latitude"),
        COORDINATES: _("Both coordinates in one column"),
        schema.OFFENCE: _("Offence"),
        schema.OFFENCE_DETAIL: _("Offence in detail"),
        schema.NOTE: _("Note"),
        schema.SOURCE_REF: _("Number of the record"),
        schema.DISCOVERED_BY: _("How it was discovered"),
        schema.STATUS: _("Outcome"),
        schema.RELEVANCE: _("What the position stands for"),
    }
    return labels[name]


def in_labels(text: str) -> str:
    """Return a message with names of fields in quotation marks as the page calls them."""

    def label(found: re.Match[str]) -> str:
        return _("“{text}”").format(text=field_label(found[1])) if found[1] in FIELDS else found[0]

    return _QUOTED.sub(label, text)


def crs_label(crs: str) -> str:
    """Return a system of coordinates, for a reader."""
    labels = {
        "": _("find out from the file"),
        "S-JTSK": _("S-JTSK, either sign and order"),
        "EPSG:5514": _("S-JTSK, negative (EPSG:5514)"),
        "EPSG:4326": _("longitude and latitude (WGS 84)"),
    }
    return labels.get(crs, crs)


@dataclass(frozen=True)
class WizardForm:
    """What a person says about a file; texts are empty where nothing is said.

    Attributes
    ----------
    source, kind, label
        Id of the source, who recorded it, its name for a reader.
    is_new_source
        The source is named here, not chosen of those known.
    name
        Name under which the mapping is remembered; empty means the source's id.
    part
        Sheet of a workbook or layer of a GeoPackage.
    crs
        System of the coordinates.
    columns
        Field → column.
    offences
        Value of the offence column → group.
    for_town
        Values of `offences` that go to the town's own table too.
    record
        Pairs of days, as typed.
    recalled
        Name of the remembered mapping that filled the form in; empty where it was guessed.
    reasons
        Field → why its column was proposed.
    questions
        What the guess leaves open, in sentences.
    base
        What the mapping has besides, as TOML: encoding, constants and so on.
    """

    source: str = ""
    kind: str = "apk"
    label: str = ""
    is_new_source: bool = False
    name: str = ""
    part: str = ""
    crs: str = ""
    columns: dict[str, str] = field(default_factory=dict)
    offences: dict[str, str] = field(default_factory=dict)
    for_town: tuple[str, ...] = ()
    record: tuple[tuple[str, str], ...] = ()
    recalled: str = ""
    reasons: dict[str, str] = field(default_factory=dict)
    questions: tuple[str, ...] = ()
    base: Mapping = field(default_factory=Mapping)

    @classmethod
    def of_mapping(cls, mapping: Mapping, *, part: str = "", name: str = "") -> "WizardForm":
        """Return the form filled in as a mapping says."""
        return cls(
            source=mapping.source,
            kind=mapping.kind or "apk",
            label=mapping.label,
            name=name,
            part=part or mapping.sheet or mapping.layer,
            crs=mapping.crs,
            columns=dict(mapping.columns),
            offences=dict(mapping.offences),
            record=tuple((span.start.isoformat(), span.end.isoformat()) for span in mapping.record),
            base=mapping,
        )

    @classmethod
    def read(
        cls,
        sent: AnyMapping[str, str],
        *,
        columns: tuple[str, ...],
        known: AnyMapping[str, str],
        base: Mapping,
    ) -> "WizardForm":
        """Read what was sent.

        Parameters
        ----------
        sent
            Fields of the form.
        columns
            Columns of the file; the form names them by their number.
        known
            Sources that are known: id → kind.
        base
            See the class.

        Raises
        ------
        FormError
            A field holds what it must not.
        """
        chosen = _text(sent, "source")
        is_new = chosen in {"", NEW_SOURCE}
        source = _text(sent, "new_source") if is_new else chosen
        kind = (_text(sent, "kind") if is_new else known.get(source, "")) or "apk"
        crs = _text(sent, "crs")
        offences, for_town = _offences(sent, base.offences)
        return cls(
            source=source,
            kind=kind,
            label=_text(sent, "label") if is_new else "",
            is_new_source=is_new,
            name=_text(sent, "name"),
            part=_text(sent, "part"),
            crs=crs,
            recalled=_text(sent, "recalled"),
            columns=_columns(sent, columns),
            offences=offences,
            for_town=for_town,
            record=tuple(
                (first, last)
                for first, last in (
                    (_text(sent, f"from-{n}"), _text(sent, f"to-{n}")) for n in range(MAX_RECORD)
                )
                if first or last
            ),
            base=base,
        )

    def problems(self, known: AnyMapping[str, str], *, needs_mapping: bool) -> list[str]:
        """Return what has to be filled in or mended before the file can be imported."""
        found = []
        try:
            self.spans()
        except FormError as error:
            found.append(str(error))
        if not needs_mapping:
            return found
        if not self.source:
            found.append(_("Choose the source, or give a new one a short name."))
        elif not _SOURCE_ID.fullmatch(self.source):
            found.append(
                _(
                    "The short name of a source has 1 to 40 lower-case letters without accents, "
                    "digits, - and _, such as reports-2026; “{value}” is none."
                ).format(value=self.source)
            )
        elif not self.is_new_source and self.source not in known:
            found.append(_("There is no source “{value}” here.").format(value=self.source))
        if self.kind not in schema.SOURCE_KINDS:
            found.append(_("A source is of no kind “{value}”.").format(value=self.kind))
        if self.name and not _SOURCE_ID.fullmatch(self.name):
            found.append(
                _(
                    "The name of a mapping has 1 to 40 lower-case letters without accents, digits, "
                    "- and _; “{value}” is none."
                ).format(value=self.name)
            )
        if self.crs not in CRS_CHOICES and self.crs != self.base.crs:
            found.append(
                _("The coordinate system “{value}” is none of the list.").format(value=self.crs)
            )
        if not {OCCURRED, DATE, schema.REPORTED_AT} & set(self.columns):
            found.append(_("Choose the column with the date."))
        try:
            self.mapping()
        except ParameterError as error:
            found.append(self._said(error))
        return found

    def _said(self, error: ParameterError) -> str:
        """Return what is wrong with the columns in the words of the page."""
        columns = self.columns
        if OCCURRED in columns and DATE in columns:
            return _("Choose one column with date and time, or the date alone; not both.")
        if TIME in columns and DATE not in columns:
            return _("The time alone needs the date alone beside it.")
        if (schema.X in columns) != (schema.Y in columns):
            return _("Choose both coordinates, or none.")
        if schema.X in columns and COORDINATES in columns:
            return _("Choose two columns of coordinates, or one that holds both; not both ways.")
        return in_labels(str(error))

    def spans(self) -> tuple[Span, ...]:
        """Return the periods of record.

        Raises
        ------
        FormError
            A day is missing, is none, or a period ends before it begins.
        """
        spans = []
        for first, last in self.record:
            try:
                start, end = date.fromisoformat(first), date.fromisoformat(last)
            except ValueError as error:
                raise FormError(
                    _("A period of record needs its first and last day; one is missing.")
                ) from error
            if end < start:
                raise FormError(_("A period of record ends before it begins."))
            spans.append(Span(start, end))
        return tuple(spans)

    def mapping(self, *, is_workbook: bool = False, is_layer: bool = False) -> Mapping:
        """Return the mapping, without periods of record: they go with one file.

        Raises
        ------
        ParameterError
            The columns contradict each other.
        """
        return replace(
            self.base,
            source=self.source,
            kind=self.kind,
            # The name guessed with another short name is not this source's.
            label=self.label or (self.base.label if self.base.source == self.source else ""),
            columns=self.columns,
            offences=self.offences,
            crs=self.crs,
            record=(),
            sheet=self.part if is_workbook else "",
            layer=self.part if is_layer else "",
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the form as values that JSON knows."""
        values = asdict(replace(self, base=Mapping()))
        values["base"] = self.base.to_toml()
        return values

    @classmethod
    def from_dict(cls, values: AnyMapping[str, Any], base: Mapping) -> "WizardForm":
        """Return the form of `to_dict`, whose mapping was read already.

        Raises
        ------
        TypeError, ValueError, KeyError
            The values are not those of a form.
        """
        return cls(
            source=str(values["source"]),
            kind=str(values["kind"]),
            label=str(values["label"]),
            is_new_source=bool(values["is_new_source"]),
            name=str(values["name"]),
            part=str(values["part"]),
            crs=str(values["crs"]),
            columns={str(k): str(v) for k, v in dict(values["columns"]).items() if k in FIELDS},
            offences={str(k): str(v) for k, v in dict(values["offences"]).items()},
            for_town=tuple(str(v) for v in values["for_town"]),
            record=tuple((str(a), str(b)) for a, b in values["record"]),
            recalled=str(values["recalled"]),
            reasons={str(k): str(v) for k, v in dict(values["reasons"]).items()},
            questions=tuple(str(v) for v in values["questions"]),
            base=base,
        )


def _columns(sent: AnyMapping[str, str], columns: tuple[str, ...]) -> dict[str, str]:
    chosen: dict[str, str] = {}
    for name in FIELDS:
        text = sent.get(f"column-{name}", "")
        if not text:
            continue
        if not re.fullmatch(r"[0-9]{1,5}", text, re.ASCII) or int(text) >= len(columns):
            raise FormError(
                _("The file has no column {value} for “{field}”; choose one of the list.").format(
                    value=text[:20], field=field_label(name)
                )
            )
        chosen[name] = columns[int(text)]
    return chosen


def _offences(
    sent: AnyMapping[str, str], before: AnyMapping[str, str]
) -> tuple[dict[str, str], tuple[str, ...]]:
    """Return value → group, and the values for the town's table; values not shown stay."""
    groups = dict(before)
    for_town = []
    for number in range(MAX_OFFENCES):
        # Browsers send every line end as two characters.
        value = sent.get(f"offence-{number}-value", "").replace("\r\n", "\n")
        group = sent.get(f"offence-{number}-group", "")
        if not value:
            continue
        if not group:
            groups.pop(value, None)
            continue
        if group not in OFFENCE_GROUPS:
            raise FormError(
                _("There is no offence group “{value}”; choose one of the list.").format(
                    value=group[:40]
                )
            )
        groups[value] = group
        if f"offence-{number}-town" in sent:
            for_town.append(value)
    return groups, tuple(for_town)


def _text(sent: AnyMapping[str, str], name: str) -> str:
    value = sent.get(name, "").strip()
    if len(value) > TEXT_LENGTH or not value.isprintable():
        raise FormError(_("The field {name} must be a short text on one line.").format(name=name))
    return value
