"""Open data of the Czech Statistical Office: which rows of a table are whole numbers of residents.

One row holds one value (`hodnota`) of one indicator for one territory and time. A row whose sex,
age or other code is empty stands for everybody; rows with one are parts of it and are never added
up. Territories of different levels have code lists of their own (`uzemi_cis`).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final

from hotspots import schema
from hotspots.errors import SchemaError
from hotspots.i18n import _
from hotspots.layers.census.code_tables import CodeTable

VALUE: Final = "hodnota"
_TERRITORY: Final = ("uzemi", "vuzemi")
_INDICATOR: Final = ("stapro_kod", "ukaz_kod")
_YEAR: Final = ("rok", "sldb_rok", "casref_do", "sldb_datum")
_DAY: Final = ("casref_do", "sldb_datum")
# Residents: with permanent or long-term residence (yearly), usually resident (census 2021).
_RESIDENTS: Final = frozenset({"2406", "3162"})
# Codes of what a territory lies in: no breakdown of its people.
_ABOVE: Final = frozenset({"stat", "oblast", "kraj", "okres", "orp", "pou", "obec", "momc"})
# ČSÚ's code list of the territories that are areas of a kind here.
CODE_LISTS: Final = {schema.MUNICIPALITY: "43", schema.DISTRICT: "47"}


@dataclass(frozen=True)
class Entry:
    """One number of residents as a table has it.

    Attributes
    ----------
    row
        Number of the row in the file.
    code, code_list
        Of the territory; the code list empty where a table has none.
    residents, year
        As texts.
    """

    row: int
    code: str
    code_list: str
    residents: str
    year: str


def is_csu(columns: tuple[str, ...]) -> bool:
    """Return whether the columns are those of ČSÚ's open data of one value a row."""
    territory = any(f"{name}_kod" in columns for name in _TERRITORY)
    return territory and VALUE in columns and any(name in columns for name in _INDICATOR)


def read_totals(table: CodeTable, file: Path) -> Iterator[tuple[Entry, date | None]]:
    """Yield the numbers of all residents of each territory, with the day they stand for.

    Parameters
    ----------
    table
        For which `is_csu` holds.
    file
        How messages name the file.

    Raises
    ------
    SchemaError
        No row is a whole number of residents: other indicators, or parts by sex or age only.
    """
    at = {name: i for i, name in enumerate(table.columns)}
    territory = next(name for name in _TERRITORY if f"{name}_kod" in at)
    indicator = at[next(name for name in _INDICATOR if name in at)]
    year = next((at[name] for name in _YEAR if name in at), None)
    day = next((at[name] for name in _DAY if name in at), None)
    code, code_list = at[f"{territory}_kod"], at.get(f"{territory}_cis")
    parts = [at[name] for name in _breakdowns(table.columns, territory)]
    others: set[str] = set()
    n_parts = n_totals = 0
    for row, texts in table.rows:
        if texts[indicator] not in _RESIDENTS:
            others.add(texts[indicator])
            continue
        if any(texts[i] for i in parts):
            n_parts += 1
            continue
        n_totals += 1
        entry = Entry(
            row,
            texts[code],
            "" if code_list is None else texts[code_list],
            texts[at[VALUE]],
            "" if year is None else texts[year],
        )
        yield entry, None if day is None else _day(texts[day])
    if not n_totals:
        raise SchemaError(_no_totals(file, n_parts, others))


def _breakdowns(columns: tuple[str, ...], territory: str) -> list[str]:
    found = []
    for column in columns:
        stem = column.removesuffix("_kod")
        if stem == column or column in _INDICATOR or stem in {territory, *_ABOVE}:
            continue
        found.append(column)
    return found


def _no_totals(file: Path, n_parts: int, others: set[str]) -> str:
    if n_parts:
        return _(
            "{path} holds residents by sex, age or another sorting only and no totals, which are "
            "never added up here; use a table of ČSÚ with totals"
        ).format(path=file)
    return _(
        "{path} is a table of ČSÚ without numbers of residents (indicators {known}); it has the "
        "indicators {found}"
    ).format(
        path=file,
        known=", ".join(sorted(_RESIDENTS)),
        found=", ".join(sorted(others)[:5]) or "–",
    )


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text[:10])
    except ValueError:
        return None
