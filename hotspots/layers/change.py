"""Putting new layers in force and saying what changes: a whole town, or single layers."""

import dataclasses
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final
from zoneinfo import ZoneInfo

import geopandas as gpd
import pyogrio
from pyogrio.errors import DataSourceError, FieldError

from hotspots import schema
from hotspots.errors import NotFoundError, ParameterError, SchemaError, StoreError
from hotspots.files import cannot_write, replacing
from hotspots.i18n import _, format_day, format_number, ngettext
from hotspots.layers.assembly import make_layers
from hotspots.layers.brought import Brought
from hotspots.layers.bundled import BUNDLED_MUNICIPALITY, BUNDLED_TOWN
from hotspots.layers.check import AREA_LAYERS
from hotspots.layers.checks.diagnosis import check_frames
from hotspots.layers.checks.problems import ERROR, Problem
from hotspots.layers.reading import (
    ADDRESS_LAYER,
    BUILDING_LAYER,
    layers_version,
    list_layers,
    read_boundary,
)
from hotspots.layers.town_data import TownData
from hotspots.layers.version_records import Version
from hotspots.layers.versions import (
    LAYERS_FILE,
    changing,
    current_version,
    place_anew,
    placement,
    put_in_force,
)
from hotspots.progress import Report, silent, within
from hotspots.settings import Settings, Workspace

SETTINGS_FILE: Final = "settings.toml"
PRAGUE: Final = ZoneInfo("Europe/Prague")
# Layer whose areas or points are told apart over versions → the column that does it.
_ID_COLUMNS: Final = {
    **dict.fromkeys(AREA_LAYERS, schema.AREA_ID),
    ADDRESS_LAYER: schema.ADDRESS_CODE,
    BUILDING_LAYER: schema.BUILDING_CODE,
}
_SHOWN_ERRORS: Final = 3
_Frames = Mapping[str, gpd.GeoDataFrame]


@dataclass(frozen=True)
class LayerNumber:
    """How many areas or points a layer has before and after a change.

    Attributes
    ----------
    kind
        GeoPackage layer.
    before, after
        How many it had and has.
    n_new, n_gone
        How many of those after have an id that was not there before, and the other way round.
    """

    kind: str
    before: int
    after: int
    n_new: int
    n_gone: int


@dataclass(frozen=True)
class LayerChange:
    """What a change of layers did, or would do.

    Attributes
    ----------
    version
        The version now in force; None for a trial.
    before
        The version that was in force; None where there was none.
    numbers
        Of every layer that the change concerns.
    notes
        What was left out, kept or assumed, one sentence each, in the language in force.
    problems
        What a check of the new layers found.
    kept_until
        Incidents before this day keep the placement of their time; None where all are placed by
        the new layers, or the change does not concern placement.
    """

    version: Version | None
    before: Version | None
    numbers: tuple[LayerNumber, ...]
    notes: tuple[str, ...]
    problems: tuple[Problem, ...]
    kept_until: date | None


def switch_town(
    workspace: Workspace,
    data: TownData,
    *,
    made_by: str,
    allow_other_town: bool = False,
    re_place: bool = False,
    repair: bool = False,
    with_errors: bool = False,
    report: Report = silent,
) -> LayerChange:
    """Make layers of official data and put them in force, whole or not at all.

    The town's own areas stay when the municipality does. Where the data are of another
    municipality than the settings, these get its code and name.

    Parameters
    ----------
    workspace
        May have no layers yet.
    data
        Official data of one municipality.
    made_by
        What made it, one of the constants of `hotspots.layers.versions`.
    allow_other_town
        Whether the data may change the study area.
    re_place
        True: all incidents are placed by the new layers. False: those before the day of the data
        (today, where the data do not say it) keep the placement of their time.
    repair
        Whether invalid official polygons are made valid.
    with_errors
        Whether layers come in force in which the check finds errors.
    report
        Told how far the work has come.

    Returns
    -------
    LayerChange

    Raises
    ------
    ParameterError
        The data are of another municipality than the settings and the layers in force.
    SourceError
        As `make_layers`.
    SchemaError
        As `make_layers`; or the check finds errors in the new layers.
    StoreError
        The files cannot be written, or another program has changed the layers meanwhile.
    CancelledError
        Raised by `report`; nothing was changed.
    """
    before = version_in_force(workspace)
    _require_town(workspace, before, data, allow_other_town)
    stamp = _stamp(workspace)
    same = before is not None and before.municipality == data.code
    assembled = make_layers(
        data,
        settings=workspace.settings,
        former=workspace if same else None,
        repair=repair,
        report=within(report, 0.0, 0.85),
    )
    own = _own_layers(workspace) if same else {}
    frames = {**assembled.frames, **own}
    numbers = _compare(workspace, frames)
    settings = settings_for(workspace.settings, data)
    report(_("Checking the layers"), 0.85)
    boundary = frames[schema.MUNICIPALITY].union_all()
    problems = check_frames(frames, boundary, settings=settings)
    if not with_errors:
        _require_sound(workspace, frames, problems)
    since = None if re_place else data.valid_on or _today()
    kept_until = _kept_until(workspace, since) if same else None
    notes = (*assembled.notes, *_say_older(before if same else None, data))
    report(_("Writing the layers"), 0.95)
    with _switching(workspace, stamp, settings):
        version = put_in_force(
            workspace,
            frames,
            made_by=made_by,
            keep_layers=False,
            valid_on=data.valid_on,
            sources=data.sources,
            municipality=data.code,
            town=data.name or settings.town,
            with_streets=True,
            since=since,
        )
    report(_("Done"), 1.0)
    return LayerChange(version, before, numbers, notes, problems, kept_until)


def switch_layers(
    workspace: Workspace,
    brought: Brought,
    *,
    keep_times: bool = False,
    re_place: bool = False,
    report: Report = silent,
) -> LayerChange:
    """Put single layers in force, whole or not at all; the others stay.

    Parameters
    ----------
    workspace
        Must have layers, unless the boundary is brought.
    brought
        The new layers and where they come from.
    keep_times
        True: incidents before the day of the file (today, where it does not say it) keep the
        placement of their time. False: the new version places those that the one in force does.
    re_place
        All incidents are placed by the new version.
    report
        Told how far the work has come.

    Returns
    -------
    LayerChange
        `problems` are those of the new layers.

    Raises
    ------
    NotFoundError
        The workspace has no layers, and no boundary is brought.
    StoreError
        As `switch_town`.
    CancelledError
        Raised by `report`; nothing was changed.
    """
    before = version_in_force(workspace)
    stamp = _stamp(workspace)
    numbers = _compare(workspace, brought.frames)
    report(_("Checking the layers"), 0.3)
    drawn = brought.frames.get(schema.MUNICIPALITY)
    boundary = read_boundary(workspace) if drawn is None else drawn.union_all()
    problems = check_frames(brought.frames, boundary)
    days = [source.valid_on for source in brought.sources if source.valid_on]
    since = max(days, default=_today()) if keep_times and not re_place else None
    kept_until = _kept_until(workspace, since) if before is not None else None
    report(_("Writing the layers"), 0.7)
    with _switching(workspace, stamp):
        version = put_in_force(
            workspace,
            brought.frames,
            made_by=brought.made_by,
            keep_layers=True,
            sources=brought.sources,
            municipality=before.municipality if before else None,
            town=before.town if before else None,
            with_streets=schema.STREET in brought.frames,
            since=since,
        )
        if re_place and len(placement(workspace)) > 1:
            place_anew(workspace)
    report(_("Done"), 1.0)
    return LayerChange(version, before, numbers, brought.notes, problems, kept_until)


def version_in_force(workspace: Workspace) -> Version | None:
    """Return the version in force, None where the workspace has no layers.

    Raises
    ------
    SourceError
        The layers file is damaged.
    """
    try:
        return current_version(workspace)
    except NotFoundError:
        return None


def settings_for(settings: Settings, data: TownData) -> Settings:
    """Return the settings that fit the municipality of `data`.

    A name that the user gave the town stays, unless it is the name of another town. A town made
    without a name is called by its code until then.
    """
    other = data.code != settings.municipality
    bundled = settings.town == BUNDLED_TOWN and data.code != BUNDLED_MUNICIPALITY
    left_over = bundled or settings.town == settings.municipality
    town = data.name if data.name and (other or left_over) else settings.town
    return dataclasses.replace(settings, municipality=data.code, town=town)


def _require_town(
    workspace: Workspace, before: Version | None, data: TownData, allow_other_town: bool
) -> None:
    if not data.code:
        raise ParameterError(
            _(
                "the files do not say which municipality they are of; "
                "name it with --municipality and its code, such as 536385"
            )
        )
    settings = workspace.settings
    known = {settings.municipality: settings.town}
    if before is not None:
        known[before.municipality] = before.town
    if allow_other_town or data.code in known:
        return
    code, town = list(known.items())[-1]
    raise ParameterError(
        _(
            "the files are of {other} ({other_code}), but the study area is {town} ({code}); make "
            "a workspace for {other} with: hotspots init DIR --municipality {other_code}, or "
            "change the study area of this one with --municipality {other_code}"
        ).format(other=data.name or data.code, other_code=data.code, town=town, code=code)
    )


def _require_sound(workspace: Workspace, frames: _Frames, problems: tuple[Problem, ...]) -> None:
    """Raise `SchemaError` if a layer that is not in force yet has an error: counts would be wrong.

    Layers that the data leave as they are do not stand in the way of those that they bring.
    """
    errors = [
        problem
        for problem in problems
        if problem.severity == ERROR and not _is_there(workspace, problem.layer, frames)
    ]
    if not errors:
        return
    told = " ".join(f"{problem.full_text}." for problem in errors[:_SHOWN_ERRORS])
    more = " …" if len(errors) > _SHOWN_ERRORS else ""
    raise SchemaError(
        ngettext(
            "the check finds {n} error in the new layers, so they are not put in force: "
            "{errors} Download the files again; to have the layers all the same, use --with-errors",
            "the check finds {n} errors in the new layers, so they are not put in force: "
            "{errors} Download the files again; to have the layers all the same, use --with-errors",
            len(errors),
        ).format(n=format_number(len(errors)), errors=told + more)
    )


def _today() -> date:
    return datetime.now(PRAGUE).date()


def _stamp(workspace: Workspace) -> str:
    """Return what changes whenever the layers in force do."""
    return layers_version(workspace) if (workspace.layers / LAYERS_FILE).is_file() else ""


def _raw_layer(workspace: Workspace, layer: str, **options: object) -> gpd.GeoDataFrame:
    return pyogrio.read_dataframe(workspace.layers / LAYERS_FILE, layer=layer, **options)


def _own_layers(workspace: Workspace) -> dict[str, gpd.GeoDataFrame]:
    """Return the town's own areas exactly as their file keeps them."""
    names = sorted(schema.OWN_KINDS & set(list_layers(workspace)))
    return {name: _raw_layer(workspace, name) for name in names}


def _compare(workspace: Workspace, frames: _Frames) -> tuple[LayerNumber, ...]:
    there = list_layers(workspace) if (workspace.layers / LAYERS_FILE).is_file() else ()
    numbers = []
    for layer, column in _ID_COLUMNS.items():
        if layer not in frames:
            continue
        after = set(frames[layer][column])
        before = set()
        if layer in there:
            former = _raw_layer(workspace, layer, read_geometry=False)
            before = set(former[column]) if column in former.columns else set()
        numbers.append(
            LayerNumber(layer, len(before), len(after), len(after - before), len(before - after))
        )
    return tuple(numbers)


def _is_there(workspace: Workspace, layer: str, frames: _Frames) -> bool:
    """Return whether a layer in force has the same shapes as the one of `frames`."""
    if not (workspace.layers / LAYERS_FILE).is_file() or layer not in list_layers(workspace):
        return False
    if layer not in frames:
        return False
    here, new = _raw_layer(workspace, layer), frames[layer]
    return set(here.geometry.to_wkb()) == set(new.geometry.to_wkb())


def _kept_until(workspace: Workspace, since: date | None) -> date | None:
    """Return since when the layers about to be put in force place incidents, None: always."""
    if since is None:
        return None
    earlier = any(p.since is None or p.since < since for p in placement(workspace))
    return since if earlier else None


def _say_older(before: Version | None, data: TownData) -> tuple[str, ...]:
    if before is None or before.valid_on is None or data.valid_on is None:
        return ()
    if data.valid_on >= before.valid_on:
        return ()
    return (
        _("These data are of {day}, older than those in force, of {before}.").format(
            day=format_day(data.valid_on), before=format_day(before.valid_on)
        ),
    )


@contextmanager
def _switching(
    workspace: Workspace, stamp: str, settings: Settings | None = None
) -> Iterator[None]:
    """Let the block put layers in force, and new settings with them, if nobody was faster.

    The settings are written in full before the block and take their place after it, so that a
    full disk is noticed while nothing has changed.
    """
    try:
        workspace.layers.mkdir(parents=True, exist_ok=True)
        with changing(workspace), ExitStack() as files:
            if _stamp(workspace) != stamp:
                raise StoreError(
                    _(
                        "{path}: another program has changed the layers meanwhile; nothing was "
                        "put in force, try again"
                    ).format(path=workspace.layers)
                )
            if settings is not None and settings != workspace.settings:
                draft = files.enter_context(replacing(workspace.path / SETTINGS_FILE))
                draft.write_text(settings.to_toml(), encoding="utf-8")
            yield
    except (OSError, DataSourceError, FieldError) as error:
        raise cannot_write(workspace.layers / LAYERS_FILE, error) from error
