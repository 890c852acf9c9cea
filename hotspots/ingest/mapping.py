"""A mapping: which column of a general point file means what, and what holds for all its rows."""

import tomllib
from collections.abc import Mapping as AnyMapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any, Final

from hotspots import schema
from hotspots.errors import ParameterError, SourceError
from hotspots.filetypes import require_file
from hotspots.i18n import _
from hotspots.offences import OFFENCE_GROUPS
from hotspots.periods import Span

OCCURRED: Final = "occurred"  # date or date-time
DATE: Final = "date"
TIME: Final = "time"
COORDINATES: Final = "coordinates"  # both in one cell: "50.2294 N, 17.2046 E"
# Parts of an address in columns of their own; joined with place_text into one text.
PLACE_STREET: Final = "street"
PLACE_NUMBER: Final = "house_number"
PLACE_PART: Final = "town_part"
# Fields that a column can fill.
FIELDS: Final = (
    schema.SOURCE_REF,
    OCCURRED,
    DATE,
    TIME,
    schema.OCCURRED_TO,
    schema.REPORTED_AT,
    schema.X,
    schema.Y,
    COORDINATES,
    schema.OFFENCE,
    schema.OFFENCE_DETAIL,
    schema.PLACE_TEXT,
    PLACE_STREET,
    PLACE_NUMBER,
    PLACE_PART,
    schema.NOTE,
    schema.DISCOVERED_BY,
    schema.STATUS,
    schema.RELEVANCE,
)
# Fields that can have one value for all rows, where their column is absent or empty.
CONSTANTS: Final = (
    schema.OFFENCE,
    schema.OFFENCE_DETAIL,
    schema.PLACE_TEXT,
    schema.NOTE,
    schema.DISCOVERED_BY,
    schema.STATUS,
    schema.RELEVANCE,
)
_TOP: Final = ("source", "kind", "label", "citation", "displaced")
_FILE: Final = ("delimiter", "encoding", "sheet", "layer")
_TABLES: Final = ("file", "columns", "values", "offences", "record")


@dataclass(frozen=True)
class Mapping:
    """How the rows of a general point file become incidents of one source.

    Attributes
    ----------
    source
        Id of the source; empty where not stated.
    kind, label, citation
        Publisher (one of `schema.SOURCE_KINDS`), name for a reader, how to cite it. Empty where
        not stated.
    displaced
        Whether the publisher moved the positions; None where not stated.
    columns
        Field of `FIELDS` → name of the column.
    values
        Field of `CONSTANTS` → value for all rows.
    crs
        System of the coordinates; empty where not stated.
    offences
        Value of the offence column → offence group.
    record
        Periods of record.
    delimiter, encoding, sheet, layer
        How to read the file; empty means: find out.

    Raises
    ------
    ParameterError
        A key or value breaks its rule; the message names it and what is known.
    """

    source: str = ""
    kind: str = ""
    label: str = ""
    citation: str = ""
    displaced: bool | None = None
    columns: dict[str, str] = field(default_factory=dict)
    values: dict[str, str] = field(default_factory=dict)
    crs: str = ""
    offences: dict[str, str] = field(default_factory=dict)
    record: tuple[Span, ...] = ()
    delimiter: str = ""
    encoding: str = ""
    sheet: str = ""
    layer: str = ""

    def __post_init__(self) -> None:
        _check_keys(self.columns, FIELDS, where="[columns]")
        _check_keys(self.values, CONSTANTS, where="[values]", also=("crs",))
        if self.kind and self.kind not in schema.SOURCE_KINDS:
            raise ParameterError(
                _("kind '{kind}' is unknown; choose from: {known}").format(
                    kind=self.kind, known=", ".join(schema.SOURCE_KINDS)
                )
            )
        groups = dict(self.offences)
        if schema.OFFENCE in self.values:
            groups["[values]"] = self.values[schema.OFFENCE]
        for name, group in groups.items():
            if group not in OFFENCE_GROUPS:
                raise ParameterError(
                    _(
                        "'{name}' is given the unknown offence group '{group}'; known are {known}"
                    ).format(name=name, group=group, known=", ".join(OFFENCE_GROUPS))
                )
        discovered = self.values.get(schema.DISCOVERED_BY, "unknown")
        if discovered not in schema.DISCOVERED_BY_VALUES:
            raise ParameterError(
                _("discovered_by must be one of {known}, got '{value}'").format(
                    known=", ".join(schema.DISCOVERED_BY_VALUES), value=discovered
                )
            )
        if OCCURRED in self.columns and DATE in self.columns:
            raise ParameterError(
                _("map either 'occurred' or 'date' (with 'time'), not both, in [columns]")
            )
        if TIME in self.columns and DATE not in self.columns:
            raise ParameterError(_("'time' in [columns] needs 'date' beside it"))
        if (schema.X in self.columns) != (schema.Y in self.columns):
            raise ParameterError(_("[columns] must name both 'x' and 'y', or neither"))
        if schema.X in self.columns and COORDINATES in self.columns:
            raise ParameterError(
                _("map either 'x' and 'y' or 'coordinates', not both, in [columns]")
            )

    @classmethod
    def read(cls, path: Path) -> "Mapping":
        """Read a mapping from a TOML file.

        Raises
        ------
        SourceError
            There is no such file, or it is no TOML.
        ParameterError
            It breaks a rule.
        """
        require_file(path)
        try:
            data = tomllib.loads(path.read_text(encoding="utf-8-sig"))
        except OSError as error:
            raise SourceError(
                _("mapping {path} cannot be opened: {reason}").format(
                    path=path, reason=error.strerror
                )
            ) from error
        except (ValueError, RecursionError) as error:
            raise SourceError(
                _("mapping {path} is no valid TOML: {reason}").format(path=path, reason=error)
            ) from error
        try:
            return cls.from_dict(data)
        except ParameterError as error:
            raise ParameterError(
                _("mapping {path}: {reason}").format(path=path, reason=error)
            ) from error
        except (ValueError, RecursionError) as error:  # a number too long to be written out
            raise ParameterError(
                _("mapping {path}: {reason}").format(path=path, reason=error)
            ) from error

    @classmethod
    def from_dict(cls, data: AnyMapping[str, Any]) -> "Mapping":
        """Build a mapping from the tables of its TOML form.

        Raises
        ------
        ParameterError
            An unknown key, or a value of the wrong type.
        """
        _check_keys(data, (*_TOP, *_TABLES), where=_("the top level"))
        tables: dict[str, dict[str, Any]] = {}
        for name in _TABLES:
            table = data.get(name, {})
            if not isinstance(table, dict):
                raise ParameterError(_("[{name}] must be a table").format(name=name))
            tables[name] = table
        _check_keys(tables["file"], _FILE, where="[file]")
        _check_keys(tables["record"], ("spans",), where="[record]")
        displaced = data.get("displaced")
        if displaced is not None and not isinstance(displaced, bool):
            raise ParameterError(
                _("displaced must be true or false, got {value!r}").format(value=displaced)
            )
        spans = tables["record"].get("spans", [])
        if not isinstance(spans, list) or not all(isinstance(span, str) for span in spans):
            raise ParameterError(
                _('[record] spans must be a list of texts such as ["2016-01-01..2020-09-30"]')
            )
        values = _texts(tables["values"], where="[values]")
        crs = values.pop("crs", "")
        top = _texts({k: data[k] for k in _TOP if k in data and k != "displaced"}, where="")
        return cls(
            **top,
            **_texts(tables["file"], where="[file]"),
            displaced=displaced,
            columns=_texts(tables["columns"], where="[columns]"),
            values=values,
            crs=crs,
            offences=_texts(tables["offences"], where="[offences]"),
            record=tuple(Span.parse(span) for span in spans),
        )

    @classmethod
    def from_options(
        cls,
        *,
        columns: AnyMapping[str, str] | None = None,
        values: AnyMapping[str, str] | None = None,
        offences: AnyMapping[str, str] | None = None,
        crs: str = "",
        source: str = "",
        kind: str = "",
        label: str = "",
        citation: str = "",
        displaced: bool | None = None,
        record: tuple[Span, ...] = (),
        delimiter: str = "",
        encoding: str = "",
        sheet: str = "",
        layer: str = "",
        base: "Mapping | None" = None,
    ) -> "Mapping":
        """Build a mapping from options, laid over `base` where one is given.

        Options win; what they leave out stays as `base` has it. Raises as `Mapping` does.
        """
        constants = dict(values or {})
        crs = constants.pop("crs", "") or crs
        over = cls(
            source=source,
            kind=kind,
            label=label,
            citation=citation,
            displaced=displaced,
            columns=dict(columns or {}) if base is None else {},
            values=constants,
            crs=crs,
            offences=dict(offences or {}),
            record=record,
            delimiter=delimiter,
            encoding=encoding,
            sheet=sheet,
            layer=layer,
        )
        if base is None:
            return over
        joined: dict[str, Any] = {}
        for f in fields(cls):
            one, two = getattr(base, f.name), getattr(over, f.name)
            if f.name == "columns":
                joined[f.name] = _join_columns(one, dict(columns or {}))
            elif isinstance(one, dict):
                joined[f.name] = one | two
            else:
                joined[f.name] = one if two in ("", None, ()) else two
        return replace(base, **joined)

    def to_toml(self) -> str:
        """Return the mapping as TOML that `read` understands."""
        lines = [
            f"{name} = {quote(getattr(self, name))}"
            for name in ("source", "kind", "label", "citation")
            if getattr(self, name)
        ]
        if self.displaced is not None:
            lines.append(f"displaced = {str(self.displaced).lower()}")
        file = {name: getattr(self, name) for name in _FILE if getattr(self, name)}
        values = self.values | ({"crs": self.crs} if self.crs else {})
        for name, table in (
            ("file", file),
            ("columns", self.columns),
            ("values", values),
            ("offences", self.offences),
        ):
            if table:
                lines += ["", f"[{name}]"]
                lines += [f"{quote_key(key)} = {quote(value)}" for key, value in table.items()]
        if self.record:
            spans = ", ".join(quote(str(span)) for span in self.record)
            lines += ["", "[record]", f"spans = [{spans}]"]
        return "\n".join(lines) + "\n"


def _join_columns(base: dict[str, str], over: dict[str, str]) -> dict[str, str]:
    """Lay columns over others: a date given in another way replaces the earlier way."""
    kept = dict(base)
    if OCCURRED in over:
        kept = {k: v for k, v in kept.items() if k not in {DATE, TIME}}
    if DATE in over or TIME in over:
        kept.pop(OCCURRED, None)
    return kept | over


def quote(text: str) -> str:
    """Return `text` as a TOML string."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    named = {"\t": "\\t", "\n": "\\n", "\r": "\\r"}
    body = "".join(
        named.get(c, f"\\u{ord(c):04x}") if ord(c) < 32 or ord(c) == 127 else c for c in escaped
    )
    return f'"{body}"'


def quote_key(text: str) -> str:
    """Return `text` as a TOML key, bare where it may be."""
    bare = text and text.isascii() and text.replace("_", "").replace("-", "").isalnum()
    return text if bare else quote(text)


def _check_keys(
    given: AnyMapping[str, Any], known: tuple[str, ...], *, where: str, also: tuple[str, ...] = ()
) -> None:
    unknown = sorted(set(given) - set(known))
    if unknown:
        raise ParameterError(
            _("unknown key {names} in {where}; known are {known}").format(
                names=", ".join(f"'{name}'" for name in unknown),
                where=where,
                known=", ".join((*known, *also)),
            )
        )


def _texts(table: AnyMapping[str, Any], *, where: str) -> dict[str, str]:
    """Return the table with every value as text; only texts and numbers are taken."""
    out = {}
    for key, value in table.items():
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            raise ParameterError(
                _("'{name}' must be a text, got {value!r}").format(
                    name=f"{where} {key}".strip(), value=value
                )
            )
        out[key] = str(value)
    return out
