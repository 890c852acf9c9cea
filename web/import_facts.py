"""What the program makes of a file that waits: its format, columns, and the mapping that fits."""

import tomllib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from hotspots import filetypes
from hotspots.errors import HotspotsError, ParameterError, SchemaError
from hotspots.ingest.mapping import Mapping
from hotspots.ingest.offence_table import OffenceTable
from hotspots.ingest.opening import open_table
from hotspots.ingest.police import SOURCE_ID, is_police
from hotspots.ingest.proposal import Proposal, open_questions, propose
from hotspots.ingest.remembered import fitting_mappings
from hotspots.ingest.sheets import list_parts
from hotspots.settings import Workspace
from web.import_form import WizardForm
from web.import_staging import Staged

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


def look_at(
    path: Path, *, base: Mapping | None = None, part: str = "", choose: bool = False
) -> FileFacts:
    """Return what a file is.

    Parameters
    ----------
    path
        The file.
    base
        How to read it, where that is known.
    part
        The sheet or layer meant.
    choose
        Where several can be read and none is meant, take the first.

    Raises
    ------
    HotspotsError
        It cannot be read as what it claims to be.
    """
    file_format = filetypes.detect_format(path)
    if file_format == filetypes.ZIP:
        return FileFacts(file_format, is_police=True)
    parts = list_parts(path, file_format)
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
            if choose:
                for one in parts:  # the first that can be read; another is chosen on the page
                    found = look_at(path, base=base, part=one)
                    if not found.problem:
                        return found
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
        part=part or (str(getattr(table, "sheet", "")) if len(parts) > 1 else ""),
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


def propose_form(
    workspace: Workspace, path: Path, facts: FileFacts, *, recalled: str | None = None
) -> WizardForm:
    """Return the form as the program would fill it in: as remembered, else as guessed.

    Parameters
    ----------
    workspace, path, facts
        Where to, the file, and what it is.
    recalled
        Name of the remembered mapping to use; empty means the guess, None the one mapping that
        fits if there is just one, else the guess.
    """
    if facts.is_police:
        return WizardForm(source=SOURCE_ID, kind="state_police", is_new_source=True)
    if not facts.columns:
        return WizardForm(is_new_source=True)
    fitting = find_fitting(workspace, path, facts)
    if recalled is None:
        recalled = next(iter(fitting)) if len(fitting) == 1 else ""
    if recalled in fitting:
        form = WizardForm.of_mapping(fitting[recalled], part=facts.part)
        return replace(form, recalled=recalled)
    proposal = _propose(workspace, path, facts)
    form = WizardForm.of_mapping(replace(proposal.mapping, source=""), part=facts.part)
    reasons = {guess.field: guess.reason for guess in proposal.guesses}
    return replace(
        form, is_new_source=True, label="", reasons=reasons, questions=proposal.questions
    )


def find_open(
    workspace: Workspace, path: Path, facts: FileFacts, form: WizardForm
) -> tuple[str, ...]:
    """Return the questions of the guess that the form as it stands leaves open."""
    if not form.questions or form.recalled or not facts.columns:
        return ()
    try:
        mapping = form.mapping(is_workbook=facts.is_workbook, is_layer=facts.is_layer)
        proposal = _propose(workspace, path, facts)
    except HotspotsError:  # told among the problems of the form
        return form.questions
    return tuple(
        one.text
        for one in open_questions(proposal, mapping)
        # A source that is known has its kind.
        if form.is_new_source or one.topic != "kind"
    )


def _propose(workspace: Workspace, path: Path, facts: FileFacts) -> Proposal:
    part = facts.part
    base = Mapping(sheet=part if facts.is_workbook else "", layer=part if facts.is_layer else "")
    return propose(path, base=base, offences=OffenceTable.of_workspace(workspace))


def find_fitting(workspace: Workspace, path: Path, facts: FileFacts) -> dict[str, Mapping]:
    """Return the remembered mappings that fit a file, by name."""
    if facts.is_police or not facts.columns:
        return {}
    part = facts.part
    how = Mapping(sheet=part if facts.is_workbook else "", layer=part if facts.is_layer else "")
    try:
        return fitting_mappings(workspace.mappings, open_table(path, facts.format, how))
    except HotspotsError:  # why its columns cannot be read is said elsewhere
        return {}
