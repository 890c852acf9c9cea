"""Choosing the columns of a town's own map file, and saying which were chosen."""

from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd

from hotspots import schema
from hotspots.errors import SchemaError
from hotspots.i18n import _
from hotspots.layers.own.area_ids import plain_texts
from hotspots.layers.own.column_map import (
    ColumnMap,
    propose_code,
    propose_name,
    propose_residents,
    propose_year,
    recall_map,
    require_columns,
    unclear,
)
from hotspots.settings import Workspace


@dataclass(frozen=True)
class Chosen:
    """The columns of a file, whether the user or a remembered map names the code, and notes."""

    columns: ColumnMap
    code_is_stated: bool
    notes: tuple[str, ...]


def choose_columns(
    workspace: Workspace,
    file: Path,
    drawn: gpd.GeoDataFrame,
    *,
    kind: str,
    name_column: str | None,
    code_column: str | None,
) -> Chosen:
    """Return the columns of a file of areas.

    What the user names comes first, then the map remembered for `kind` where the file has its
    columns, then what the headers look like.

    Parameters
    ----------
    workspace
        Whose remembered maps to use.
    file
        How messages name the file.
    drawn
        Its features.
    kind
        One of `schema.AREA_KINDS`.
    name_column, code_column
        As the user states them, or None.

    Raises
    ------
    SchemaError
        The file lacks a column named, no column or several look like the names, or the
        remembered map breaks a rule.
    """
    known = [str(c) for c in drawn.columns if c != drawn.geometry.name]
    require_columns(file, known, [c for c in (name_column, code_column) if c])
    remembered = recall_map(workspace, kind)
    usable = remembered if remembered and set(remembered.columns()) <= set(known) else None
    if usable is not None and not usable.name and kind != schema.MUNICIPALITY:
        usable = None
    if usable is not None and not name_column and not code_column:
        note = _("columns as remembered: {columns}").format(columns=", ".join(usable.columns()))
        return Chosen(usable, bool(usable.code), (note,))
    notes: list[str] = []
    kept = usable.name if usable else ""
    name = name_column or kept or _name(file, drawn, known, kind, notes)
    stated = bool(code_column)
    if not code_column and usable is not None and usable.name == name and usable.code:
        code_column, stated = usable.code, True
    code = code_column or _code(drawn, known, kind, notes)
    residents, year = _residents(known, {name, code}, notes)
    return Chosen(ColumnMap(name, code, residents, year), stated, tuple(notes))


def _name(
    file: Path, drawn: gpd.GeoDataFrame, known: list[str], kind: str, notes: list[str]
) -> str:
    found = propose_name(known, kind)
    if len(found) == 1:
        notes.append(_("names taken from the column {column}").format(column=found[0]))
        return found[0]
    if kind == schema.MUNICIPALITY:
        return ""  # its name is that of the settings
    if not known:
        raise SchemaError(
            _("{path} has no columns; give each area a name in a column of its own").format(
                path=file
            )
        )
    texts = {column: drawn[column] for column in known}
    raise unclear(file, texts, what=_("the names"), option="--name-column", found=found)


def _code(drawn: gpd.GeoDataFrame, known: list[str], kind: str, notes: list[str]) -> str:
    found = propose_code(known, kind)
    if kind in schema.OWN_KINDS:
        # There "id" is a row's number as a rule; names last longer.
        found = [column for column in found if column.lower() != "id"]
    if len(found) > 1:
        notes.append(
            _(
                "the columns {columns} may both hold codes, so neither is used; "
                "say which one with --code-column"
            ).format(columns=", ".join(found))
        )
    if len(found) != 1:
        return ""
    codes = plain_texts(drawn[found[0]])
    whole = not (codes == "").any()
    if not whole or (kind != schema.STREET and codes.duplicated().any()):
        notes.append(
            _(
                "the column {column} looks like codes, but some are missing or occur twice, so it "
                "is not used"
            ).format(column=found[0])
        )
        return ""
    notes.append(_("codes taken from the column {column}").format(column=found[0]))
    return found[0]


def _residents(known: list[str], taken: set[str], notes: list[str]) -> tuple[str, str]:
    free = [column for column in known if column not in taken]
    residents, year = propose_residents(free), propose_year(free)
    if len(residents) != 1:
        return "", ""
    if len(year) != 1:
        notes.append(
            _(
                "the column {column} looks like residents, but no column says of which year, so it "
                "is not used; bring them with: hotspots layers import FILE --year YEAR"
            ).format(column=residents[0])
        )
        return "", ""
    notes.append(
        _("residents taken from the column {column}, their year from {year}").format(
            column=residents[0], year=year[0]
        )
    )
    return residents[0], year[0]
