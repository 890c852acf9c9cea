"""Which column of a town's own file means what: stated, remembered, or proposed from headers."""

import re
import tomllib
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, Final

import pandas as pd

from hotspots import schema
from hotspots.cells import printable
from hotspots.errors import ParameterError, SchemaError
from hotspots.files import replacing
from hotspots.i18n import _
from hotspots.settings import Workspace

# Under which name the map of tables of residents is remembered; layers have their kind.
RESIDENTS_TABLE: Final = "residents"
_DIRECTORY: Final = "layers"
_MAP_LIMIT: Final = 100_000  # bytes of a file of a column map
_SAMPLES: Final = 3
_SAMPLE_LENGTH: Final = 24
_COLUMNS_SHOWN: Final = 20

# Headers, without accents, in lower case and with underscores, best first: the first row that a
# file has any header of is the one that counts.
_NAMES: Final[dict[str, tuple[tuple[str, ...], ...]]] = {
    "": (("name", "nazev", "jmeno"), ("naz", "label", "popis", "title", "oznaceni")),
    schema.LOCALITY: (("lokalita", "nazev_lokality", "locality"),),
    schema.PATROL_BEAT: (("okrsek", "nazev_okrsku", "obvod", "rajon", "usek", "beat"),),
    schema.QUARTER: (("ctvrt", "nazev_ctvrti", "sidliste", "quarter"),),
    schema.ELECTORAL_DISTRICT: (("okrsek", "cislo_okrsku", "cislo", "okrsek_cislo"),),
    schema.DISTRICT: (("zsj", "nazev_zsj", "naz_zsj", "zsj_nazev"),),
    schema.TOWN_PART: (("cast_obce", "nazev_casti", "naz_cobce", "cobce_nazev"),),
    schema.CADASTRAL_UNIT: (("katastr", "nazev_ku", "naz_ku", "ku_nazev"),),
    schema.MUNICIPALITY: (("obec", "nazev_obce", "naz_obec"),),
    schema.STREET: (("ulice", "nazev_ulice", "naz_ulice", "ulice_nazev", "street"),),
}
_CODES: Final[dict[str, tuple[tuple[str, ...], ...]]] = {
    "": (("kod", "code"), ("kod_prvku", "kod_uzemi", "uzemi_kod")),
    schema.ELECTORAL_DISTRICT: (("cislo_okrsku", "cislo", "okrsek", "okrsek_cislo"),),
    schema.DISTRICT: (("kod_zsj", "zsj_kod"),),
    schema.TOWN_PART: (("kod_casti", "kod_cobce", "cobce_kod", "kod_cast_d"),),
    schema.CADASTRAL_UNIT: (("kod_ku", "ku_kod"),),
    schema.MUNICIPALITY: (("zuj", "kod_obce", "obec_kod", "kod_obec", "icob"),),
    schema.STREET: (("kod_ulice", "ulice_kod"),),
}
_LAST_CODE: Final = ("id",)  # often no more than the number of the row
_RESIDENTS: Final = (
    ("residents", "obyvatel", "obyvatele", "pocet_obyvatel", "obyvatelstvo", "population"),
    ("obyv", "poc_obyv", "pocet_obyv", "obyv_celkem", "obyvatel_celkem", "hodnota"),
)
_LIKE_RESIDENTS: Final = ("obyv", "pocet_obyv", "poc_obyv", "residents", "population")
_YEARS: Final = (("residents_year", "rok", "year", "obyv_rok"), ("k_roku", "stav_k", "datum"))


@dataclass(frozen=True)
class ColumnMap:
    """Columns of a town's file; an empty text where there is none.

    Attributes
    ----------
    name, code
        Of each area.
    residents, year
        How many live there, and in which year they were counted.
    note
        Anything a person wants to remember of the file; nothing reads it.

    Raises
    ------
    SchemaError
        One column is to mean two things.
    """

    name: str = ""
    code: str = ""
    residents: str = ""
    year: str = ""
    note: str = ""

    def __post_init__(self) -> None:
        # A number can be both the name and the code of an electoral district.
        for one, other in (("name", "residents"), ("code", "residents"), ("residents", "year")):
            column = getattr(self, one)
            if column and column == getattr(self, other):
                raise SchemaError(
                    _("the column '{column}' cannot be both {one} and {other}").format(
                        column=column, one=one, other=other
                    )
                )

    @classmethod
    def read(cls, path: Path) -> "ColumnMap":
        """Read a column map from a TOML file, which a person may have edited.

        Raises
        ------
        SchemaError
            It is no TOML, names an unknown key, or a value is no text.
        """
        try:
            with path.open("rb") as file:
                data = tomllib.loads(file.read(_MAP_LIMIT).decode("utf-8-sig"))
        except (OSError, ValueError, RecursionError) as error:
            raise SchemaError(
                _(
                    "the column map {path} cannot be read: {reason}; correct it, or delete it and "
                    "name the columns by options"
                ).format(path=path, reason=error)
            ) from error
        known = [f.name for f in fields(cls)]
        for key, value in data.items():
            if key not in known:
                raise SchemaError(
                    _(
                        "the column map {path} has the unknown key '{key}'; known are {known}"
                    ).format(path=path, key=printable(key), known=", ".join(known))
                )
            if not isinstance(value, str) or not value.isprintable():
                raise SchemaError(
                    _(
                        "the column map {path}: {key} must be a text in quotation marks, the name "
                        "of a column"
                    ).format(path=path, key=key)
                )
        try:
            return cls(**data)
        except SchemaError as error:
            raise SchemaError(
                _("the column map {path}: {reason}").format(path=path, reason=error)
            ) from error

    def to_toml(self) -> str:
        """Return the map as TOML that `read` understands."""
        return "".join(
            f"{f.name} = {_quote(getattr(self, f.name))}\n"
            for f in fields(self)
            if getattr(self, f.name)
        )

    def columns(self) -> tuple[str, ...]:
        """Return the columns it needs, in the order of the attributes."""
        return tuple(c for c in (self.name, self.code, self.residents, self.year) if c)


def map_file(workspace: Workspace, name: str) -> Path:
    """Return where the column map `name` (a kind of area, or `RESIDENTS_TABLE`) is kept."""
    if name not in {*schema.AREA_KINDS, RESIDENTS_TABLE}:
        raise ParameterError(
            _("kind must be one of {known}, got {value!r}").format(
                known=", ".join(schema.AREA_KINDS), value=name
            )
        )
    return workspace.mappings / _DIRECTORY / f"{name}.toml"


def remember_map(workspace: Workspace, name: str, columns: ColumnMap) -> None:
    """Keep a column map for the next file of its name, in place of the former one.

    A note that stands in the former one stays. Columns whose names hold control characters are
    not kept.

    Raises
    ------
    StoreError
        It cannot be written.
    """
    target = map_file(workspace, name)
    former = recall_map(workspace, name)
    if former is not None and former.note and not columns.note:
        columns = replace(columns, note=former.note)
    if columns == former or not all(c.isprintable() for c in columns.columns()):
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    with replacing(target) as draft:
        draft.write_text(columns.to_toml(), encoding="utf-8")


def recall_map(workspace: Workspace, name: str) -> ColumnMap | None:
    """Return the column map remembered, None where there is none.

    Raises
    ------
    SchemaError
        Somebody has changed it so that it breaks a rule.
    """
    path = map_file(workspace, name)
    return ColumnMap.read(path) if path.is_file() else None


def propose_name(columns: Sequence[str], kind: str) -> list[str]:
    """Return the columns that look like the names of areas of `kind`, equally well."""
    return _propose(columns, (*_NAMES[""][:1], *_NAMES.get(kind, ()), *_NAMES[""][1:]))


def propose_code(columns: Sequence[str], kind: str) -> list[str]:
    """Return the columns that look like the codes of areas of `kind`, equally well."""
    return _propose(columns, (*_CODES.get(kind, ()), *_CODES[""], _LAST_CODE))


def propose_table_code(columns: Sequence[str]) -> list[str]:
    """Return the columns that look like the codes of a table of any kind, equally well."""
    every = tuple(header for ranks in _CODES.values() for headers in ranks for header in headers)
    return _propose(columns, (*_CODES[""], every, _LAST_CODE))


def propose_residents(columns: Sequence[str]) -> list[str]:
    """Return the columns that look like numbers of residents, equally well."""
    return _propose(columns, _RESIDENTS)


def list_like_residents(columns: Sequence[str]) -> list[str]:
    """Return the columns whose headers begin as that of residents does, to ask which is meant."""
    return [name for name in columns if _plain(name).startswith(_LIKE_RESIDENTS)]


def propose_year(columns: Sequence[str]) -> list[str]:
    """Return the columns that look like the year of the residents, equally well."""
    return _propose(columns, _YEARS)


def unclear(
    path: Path, texts: Mapping[str, "pd.Series[Any]"], *, what: str, option: str, found: list[str]
) -> SchemaError:
    """Return the error that asks which column holds `what`, with samples of each column.

    Parameters
    ----------
    path
        How the message names the file.
    texts
        Column → its values.
    what
        What is looked for.
    option
        What the user writes, without the column.
    found
        The columns that look like it equally well; empty where none does.
    """
    shown = found or list(texts)
    lines = [f"  {printable(name)}: {_samples(texts[name])}" for name in shown[:_COLUMNS_SHOWN]]
    if len(shown) > _COLUMNS_SHOWN:
        lines.append("  …")
    first = (
        _("{path}: several columns may hold {what}; say which one with {option} COLUMN")
        if found
        else _("{path}: no column looks like {what}; say which one it is with {option} COLUMN")
    )
    return SchemaError("\n".join([first.format(path=path, what=what, option=option) + ":", *lines]))


def require_columns(path: Path, known: Sequence[str], wanted: Sequence[str]) -> None:
    """Raise `SchemaError` unless a file has all the columns a user has named."""
    missing = [name for name in wanted if name not in known]
    if missing:
        raise SchemaError(
            _("{path} has no column {name}; it has {known}").format(
                path=path,
                name=", ".join(missing),
                known=", ".join(printable(name) for name in known) or "–",
            )
        )


def _propose(columns: Sequence[str], ranks: Sequence[tuple[str, ...]]) -> list[str]:
    plain = {column: _plain(column) for column in columns}
    for headers in ranks:
        found = [column for column in columns if plain[column] in headers]
        if found:
            return found
    return []


def _plain(header: str) -> str:
    text = unicodedata.normalize("NFKD", header).encode("ascii", "ignore").decode("ascii")
    return re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_")


def _samples(values: "pd.Series[Any]") -> str:
    texts = [printable(str(v)) for v in values.dropna().drop_duplicates().head(_SAMPLES)]
    cut = [t if len(t) <= _SAMPLE_LENGTH else f"{t[:_SAMPLE_LENGTH]}…" for t in texts]
    return ", ".join(cut) or "–"


def _quote(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
