"""Files of a user brought into the layers: official ones, own map layers, tables of residents."""

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from hotspots import schema
from hotspots.archive import check_members
from hotspots.errors import HotspotsError, NotFoundError, ParameterError
from hotspots.files import cannot_write
from hotspots.filetypes import CSV, LAYER_SUFFIXES, SUFFIXES, XLSX, require_file
from hotspots.i18n import _
from hotspots.layers.assembly import say_outside
from hotspots.layers.brought import Brought
from hotspots.layers.census.residents import join_residents
from hotspots.layers.change import (
    LayerChange,
    LayerNumber,
    settings_for,
    switch_layers,
    switch_town,
    version_in_force,
)
from hotspots.layers.checks.diagnosis import check_frames, read_leniently, study_area
from hotspots.layers.checks.problems import Problem
from hotspots.layers.labels import kind_label
from hotspots.layers.official import is_official, read_official
from hotspots.layers.own.areas import KINDS, import_areas
from hotspots.layers.reading import ADDRESS_LAYER, LAYERS_FILE, read_boundary
from hotspots.layers.town_data import TownData
from hotspots.layers.version_records import IMPORTED
from hotspots.progress import Report, silent, within
from hotspots.settings import Workspace

_TABLES: Final = frozenset(suffix for suffix, kind in SUFFIXES.items() if kind in {CSV, XLSX})


@dataclass(frozen=True)
class ImportOptions:
    """How files are to be read.

    Attributes
    ----------
    as_kind
        Kind of area that a map layer holds, or that a table of residents is of.
    municipality
        Code (ZÚJ) of the municipality that official files must be of, or to take from those that
        hold several; None: as they say, else that of the settings.
    layer
        Layer or sheet of a file with several.
    name_column, code_column, residents_column
        Columns of own files; None: as remembered, or proposed from the headers.
    year
        When the residents of a table were counted.
    crs
        Coordinate system of a map layer that does not say its own.
    repair
        Whether invalid polygons are made valid.
    re_place
        Whether incidents of all times are placed by the new layers.
    dry_run
        Only say what would change.
    example
        The areas are made up: wherever they are shown, it says so.
    with_errors
        Whether official layers come in force in which the check finds errors. A trial only says
        so.
    """

    as_kind: str | None = None
    municipality: str | None = None
    layer: str | None = None
    name_column: str | None = None
    code_column: str | None = None
    residents_column: str | None = None
    year: int | None = None
    crs: str | None = None
    repair: bool = False
    re_place: bool = False
    dry_run: bool = False
    example: bool = False
    with_errors: bool = False


@dataclass(frozen=True)
class _Sorted:
    """Files by what is done with them."""

    official: tuple[Path, ...]
    maps: tuple[Path, ...]
    tables: tuple[Path, ...]


def import_layers(
    workspace: Workspace,
    files: Sequence[Path],
    *,
    options: ImportOptions | None = None,
    allow_other_town: bool = False,
    report: Report = silent,
) -> LayerChange:
    """Bring files into the layers of a workspace.

    Official files (RÚIAN's exchange format and address tables) are read together and make the
    town's layers anew; an address table alone replaces the address points. After them a map layer
    replaces the areas of one kind, and every table of residents is joined by code. Each of
    these steps is done whole or not at all.

    Parameters
    ----------
    workspace
        May have no layers yet when official files are among `files`.
    files
        In any order; the same file twice counts once.
    options
        How to read them; None: as the files say.
    allow_other_town
        Whether official files may change the study area.
    report
        Told how far the work has come.

    Returns
    -------
    LayerChange
        Of all steps together: `before` of the first, `version` of the last, `problems` of the
        layers as they are in the end.

    Raises
    ------
    ParameterError
        No file, no such kind, a map layer without `as_kind`, several map layers, `re_place` with
        nothing in which incidents keep the place of their time, or files of another municipality.
    SourceError
        A file is missing, a directory, or not what it claims to be.
    NotFoundError
        The workspace has no layers and the files bring no boundary.
    SchemaError, CRSError, StoreError
        As `read_official`, `switch_town`, `import_areas` and `join_residents`.
    CancelledError
        Raised by `report`; the step it stops changes nothing.
    """
    chosen = options or ImportOptions()
    _check_options(chosen)
    ordered = _sort(files)
    _check_kind(ordered, chosen)
    if chosen.dry_run:
        with _trial(workspace) as copy:
            steps = list(_steps(copy, ordered, chosen, allow_other_town, report))
            return replace(_joined(copy, steps), version=None)
    done: list[LayerChange] = []
    try:
        for step in _steps(workspace, ordered, chosen, allow_other_town, report):
            done.append(step)  # noqa: PERF402 - what was done must be known when the next fails
    except HotspotsError as error:
        if not done:
            raise
        raise type(error)(
            _("{reason} (the files before it are in force, as version {id})").format(
                reason=error, id=done[-1].version.version_id if done[-1].version else 0
            )
        ) from error
    return _joined(workspace, done)


@contextmanager
def _trial(workspace: Workspace) -> Iterator[Workspace]:
    """Give a copy of the workspace's layers, in which every step can be made; nothing stays."""
    with TemporaryDirectory(prefix="hotspots-") as directory:
        copy = replace(workspace, path=Path(directory))
        try:
            copy.layers.mkdir()
            # With what another program may not have written into the file yet.
            for file in workspace.layers.glob(f"{LAYERS_FILE}*"):
                shutil.copyfile(file, copy.layers / file.name)
            if workspace.mappings.is_dir():
                shutil.copytree(workspace.mappings, copy.mappings)
        except OSError as error:
            raise cannot_write(copy.path, error) from error
        try:
            yield copy
        except HotspotsError as error:
            said = str(error).replace(directory, str(workspace.path))
            raise type(error)(said) from error


def _check_options(options: ImportOptions) -> None:
    if options.as_kind is not None and options.as_kind not in KINDS:
        raise ParameterError(
            _("areas of kind {value!r} cannot be imported; known are {known}").format(
                value=options.as_kind, known=_kinds()
            )
        )


def _kinds() -> str:
    """Return how to say each kind that can be imported, with its name."""
    return ", ".join(f"--as {kind} ({kind_label(kind)})" for kind in KINDS)


def _sort(files: Sequence[Path]) -> _Sorted:
    every = list(dict.fromkeys(Path(file) for file in files))
    if not every:
        raise ParameterError(_("name at least one file to import"))
    for file in every:
        require_file(file)
    official = tuple(file for file in every if is_official(file))
    others = [file for file in every if file not in official]
    tables = tuple(file for file in others if _is_table(file))
    return _Sorted(official, tuple(file for file in others if file not in tables), tables)


def _is_table(file: Path) -> bool:
    """Say whether a file that is not official is a table, plain or in a ZIP archive."""
    if file.suffix.lower() != ".zip":
        return file.suffix.lower() in _TABLES
    endings = {Path(member.filename).suffix.lower() for member in check_members(file)}
    return bool(endings & _TABLES) and not endings & LAYER_SUFFIXES.keys()


def _check_kind(files: _Sorted, options: ImportOptions) -> None:
    """Refuse what cannot be known from the files, before anything is put in force."""
    if files.maps and options.as_kind is None:
        raise ParameterError(
            _("{name}: say which kind its areas are: {known}").format(
                name=files.maps[0].name, known=_kinds()
            )
        )
    if len(files.maps) > 1:
        raise ParameterError(
            _(
                "{first} and {second} would both be the areas of kind {kind}, of which the second "
                "would replace the first; import one file"
            ).format(first=files.maps[0].name, second=files.maps[1].name, kind=options.as_kind)
        )
    keeps = bool(files.official) or (bool(files.maps) and options.as_kind in schema.KEPT_KINDS)
    if options.re_place and not keeps:
        raise ParameterError(
            _(
                "incidents can be placed anew along with official files, streets, districts and "
                "the like only; areas that the town draws itself, and residents, apply to "
                "incidents of all times from now on"
            )
        )


def _steps(
    workspace: Workspace,
    files: _Sorted,
    options: ImportOptions,
    allow_other_town: bool,
    report: Report,
) -> Iterator[LayerChange]:
    """Do one step after the other, so that what is done is known when one fails."""
    n_steps = bool(files.official) + len(files.maps) + len(files.tables)
    parts = (within(report, step / n_steps, (step + 1) / n_steps) for step in range(n_steps))
    current = workspace
    has_times = False  # whether a step has said from which day the new layers place
    if files.official:
        data = _read_official(workspace, files.official, options, within(report, 0, 0.5 / n_steps))
        told = within(next(parts), 0.5, 1.0)
        if data.municipality.empty and not data.addresses.empty:
            yield _switch_addresses(workspace, data, told)
        else:
            yield switch_town(
                workspace,
                data,
                made_by=IMPORTED,
                allow_other_town=allow_other_town,
                re_place=options.re_place,
                repair=options.repair,
                with_errors=options.with_errors or options.dry_run,
                report=told,
            )
            current = replace(workspace, settings=settings_for(workspace.settings, data))
            has_times = True
    for file in files.maps:
        brought = import_areas(
            current,
            file,
            kind=str(options.as_kind),
            layer=options.layer,
            name_column=options.name_column,
            code_column=options.code_column,
            crs=options.crs,
            example=options.example,
            repair=options.repair,
        )
        keeps = options.as_kind in schema.KEPT_KINDS and not has_times
        yield switch_layers(
            current,
            brought,
            keep_times=keeps,
            re_place=keeps and options.re_place,
            report=next(parts),
        )
    for file in files.tables:
        brought = join_residents(
            current,
            file,
            kind=options.as_kind,
            code_column=options.code_column,
            residents_column=options.residents_column,
            year=options.year,
            layer=options.layer,
        )
        yield switch_layers(current, brought, report=next(parts))


def _read_official(
    workspace: Workspace, files: tuple[Path, ...], options: ImportOptions, report: Report
) -> TownData:
    try:
        return read_official(files, municipality=options.municipality, report=report)
    except ParameterError:
        if options.municipality is not None:
            raise
        # Files of several municipalities: which of them is meant, the settings say.
        return read_official(files, municipality=workspace.settings.municipality, report=report)


def _switch_addresses(workspace: Workspace, data: TownData, report: Report) -> LayerChange:
    """Put the address points of an address table in force beside the layers that are there."""
    before = version_in_force(workspace)
    if before is None:
        raise NotFoundError(
            _(
                "addresses alone make no layers; add the file of the municipality with boundaries "
                "(…_OB_{code}_UKSH.xml.zip), or use: hotspots layers fetch"
            ).format(code=data.code or workspace.settings.municipality)
        )
    if data.code != before.municipality:
        raise ParameterError(
            _(
                "the addresses are of {other} ({other_code}), but the layers in force are of "
                "{town} ({code}); import its file with boundaries together with them"
            ).format(
                other=data.name or data.code,
                other_code=data.code,
                town=before.town,
                code=before.municipality,
            )
        )
    notes = (
        *data.notes,
        *say_outside(ADDRESS_LAYER, data.addresses, read_boundary(workspace)),
    )
    brought = Brought({ADDRESS_LAYER: data.addresses}, IMPORTED, data.sources, notes)
    return switch_layers(workspace, brought, report=report)


def _joined(workspace: Workspace, steps: Sequence[LayerChange]) -> LayerChange:
    """Return several changes of a workspace, one after the other, as one."""
    if len(steps) == 1:
        return steps[0]
    numbers: dict[str, LayerNumber] = {}
    for number in (n for step in steps for n in step.numbers):
        first = numbers.get(number.kind, number)
        numbers[number.kind] = (
            number
            if first is number
            else LayerNumber(
                number.kind,
                first.before,
                number.after,
                first.n_new + number.n_new,
                first.n_gone + number.n_gone,
            )
        )
    return LayerChange(
        version=steps[-1].version,
        before=steps[0].before,
        numbers=tuple(numbers.values()),
        notes=tuple(note for step in steps for note in step.notes),
        problems=_problems(workspace),
        kept_until=next((step.kept_until for step in steps if step.kept_until), None),
    )


def _problems(workspace: Workspace) -> tuple[Problem, ...]:
    """Return what a check of the layers in force finds."""
    frames, unread = read_leniently(workspace.layers / LAYERS_FILE)
    return (*unread, *check_frames(frames, study_area(frames)))
