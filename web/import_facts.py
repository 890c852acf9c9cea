"""What the program makes of a file that waits: its format, columns, and the mapping that fits."""

import html
import re
import sqlite3
import tomllib
import zipfile
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from hotspots import filetypes
from hotspots.errors import HotspotsError, ParameterError, SchemaError
from hotspots.i18n import _
from hotspots.ingest.mapping import Mapping
from hotspots.ingest.offence_table import OffenceTable
from hotspots.ingest.opening import open_table
from hotspots.ingest.police import SOURCE_ID, is_police
from hotspots.ingest.proposal import propose
from hotspots.ingest.remembered import find_mapping
from hotspots.settings import Workspace
from web.import_form import WizardForm
from web.import_staging import Staged

_MAX_PARTS: Final = 100
_BOOK_BYTES: Final = 1_000_000
_SHEET: Final = re.compile(r'<(?:\w+:)?sheet\b[^>]*?\bname="([^"]{1,255})"')
DRAFT: Final = "form"


@dataclass(frozen=True)
class FileFacts:
    """What a file is.

    Attributes
    ----------
    format
        One of the constants of `hotspots.filetypes`.
    is_police
        Police ČR open data: it needs no mapping.
    parts
        Sheets of a workbook or layers of a GeoPackage, where there are several.
    columns
        Names of its columns; empty where a part has to be chosen first.
    has_geometry
        Its rows carry positions of their own.
    part
        The sheet or layer that was looked at; empty where there is only one.
    problem
        Why its columns cannot be read yet; empty where they can.
    """

    format: str
    is_police: bool = False
    parts: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    has_geometry: bool = False
    part: str = ""
    problem: str = ""

    @property
    def is_workbook(self) -> bool:
        """Whether its parts are sheets."""
        return self.format == filetypes.XLSX

    @property
    def is_layer(self) -> bool:
        """Whether its parts are layers."""
        return self.format == filetypes.GPKG


def look_at(path: Path, *, base: Mapping | None = None, part: str = "") -> FileFacts:
    """Return what a file is.

    Parameters
    ----------
    path
        The file.
    base
        How to read it, where that is known.
    part
        The sheet or layer meant.

    Raises
    ------
    HotspotsError
        It cannot be read as what it claims to be.
    """
    file_format = filetypes.detect_format(path)
    if file_format == filetypes.ZIP:
        return FileFacts(file_format, is_police=True)
    parts = _list_parts(path, file_format)
    if part and part not in parts:
        part = ""
    known = base or Mapping()
    wanted = Mapping(
        delimiter=known.delimiter,
        encoding=known.encoding,
        sheet=part if file_format == filetypes.XLSX else "",
        layer=part if file_format == filetypes.GPKG else "",
    )
    try:
        table = open_table(path, file_format, wanted)
    except (SchemaError, ParameterError) as error:
        if len(parts) > 1 and not part:
            return FileFacts(file_format, parts=parts, problem=str(error))
        if part:
            return FileFacts(file_format, parts=parts, problem=str(error))
        raise
    return FileFacts(
        file_format,
        is_police=is_police(table),
        parts=parts if len(parts) > 1 else (),
        columns=tuple(table.columns),
        has_geometry=bool(table.has_geometry),
        part=part,
    )


def read_draft(staged: Staged) -> WizardForm | None:
    """Return the form as it was last sent; None where it never was."""
    values = staged.read_draft(DRAFT)
    if values is None:
        return None
    try:
        base = Mapping.from_dict(tomllib.loads(str(values["base"])))
        return WizardForm.from_dict(values, base)
    except (HotspotsError, ValueError, TypeError, KeyError, RecursionError):
        return None


def propose_form(workspace: Workspace, path: Path, facts: FileFacts) -> WizardForm:
    """Return the form as the program would fill it in: as remembered, else as guessed."""
    if facts.is_police:
        return WizardForm(source=SOURCE_ID, kind="state_police", is_new_source=True)
    if not facts.columns:
        return WizardForm(is_new_source=True)
    remembered = _remembered(workspace, path, facts)
    if remembered is not None:
        reason = _("as remembered for {source}").format(source=remembered.source)
        form = WizardForm.of_mapping(remembered)
        return replace(form, reasons=dict.fromkeys(form.columns, reason))
    part = facts.part
    base = Mapping(sheet=part if facts.is_workbook else "", layer=part if facts.is_layer else "")
    proposal = propose(path, base=base, offences=OffenceTable.of_workspace(workspace))
    form = WizardForm.of_mapping(replace(proposal.mapping, source=""), part=part)
    reasons = {guess.field: guess.reason for guess in proposal.guesses}
    return replace(form, is_new_source=True, label="", reasons=reasons)


def _remembered(workspace: Workspace, path: Path, facts: FileFacts) -> Mapping | None:
    """Return the one remembered mapping that fits a file; None where none or several do."""
    try:
        table = open_table(path, facts.format, Mapping())
        return find_mapping(workspace.mappings, table)
    except HotspotsError:  # several fit, or the sheet is not the first: a person chooses
        return None


def _list_parts(path: Path, file_format: str) -> tuple[str, ...]:
    """Return the sheets or layers of a file; none where they cannot be told."""
    try:
        if file_format == filetypes.XLSX:
            return _sheets(path)
        if file_format == filetypes.GPKG:
            return _layers(path)
    except (OSError, ValueError, KeyError, zipfile.BadZipFile, sqlite3.Error, NotImplementedError):
        return ()
    return ()


def _sheets(path: Path) -> tuple[str, ...]:
    with zipfile.ZipFile(path) as archive, archive.open("xl/workbook.xml") as book:
        text = book.read(_BOOK_BYTES).decode("utf-8", "replace")
    return tuple(html.unescape(name) for name in _SHEET.findall(text)[:_MAX_PARTS])


def _layers(path: Path) -> tuple[str, ...]:
    with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as opened:
        rows: list[Any] = opened.execute(
            "SELECT table_name FROM gpkg_contents WHERE data_type = 'features' LIMIT ?",
            (_MAX_PARTS,),
        ).fetchall()
    return tuple(str(row[0]) for row in rows)
