"""Versions of a workspace's layers: which one is in force, and by which each time is placed.

`layers/layers.gpkg` is the version in force and the only truth: it says in its own metadata which
version it is and, in `placement`, by which version the incidents of each time are placed. Every
version also lies, unchanged, in `layers/versions/`. A switch replaces one file, so it happens
whole or not at all.
"""

import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Final

import geopandas as gpd
from filelock import FileLock, Timeout
from pyogrio.errors import DataSourceError, FeatureError, FieldError

from hotspots.errors import NotFoundError, SourceError, StoreError
from hotspots.files import cannot_write, replacing
from hotspots.i18n import _
from hotspots.layers.town_data import SourceFile
from hotspots.layers.version_records import (
    BUNDLED,
    EDITED,
    FETCHED,
    IMPORTED,
    JOINED_RESIDENTS,
    OWN_AREAS,
    REMADE,
    REPAIRED,
    PlacedSince,
    Version,
    mark_version,
    read_placement,
    read_version,
    write_frames,
)
from hotspots.settings import Workspace

LAYERS_FILE: Final = "layers.gpkg"
VERSIONS_DIR: Final = "versions"
_LOCK_FILE: Final = ".lock"
_LOCK_WAIT_S: Final = 20.0


def current_version(workspace: Workspace) -> Version:
    """Return the version in force.

    Raises
    ------
    NotFoundError
        The workspace has no layers.
    SourceError
        The layers file is damaged.
    """
    return read_version(_in_force(workspace), workspace)


def list_versions(workspace: Workspace) -> tuple[Version, ...]:
    """Return every version kept, oldest first; the one in force is among them.

    Raises
    ------
    NotFoundError, SourceError
        As `current_version`; a version kept is damaged.
    """
    found = {current_version(workspace).version_id: current_version(workspace)}
    for path in sorted((workspace.layers / VERSIONS_DIR).glob("[0-9]*.gpkg")):
        version = read_version(path, workspace)
        found.setdefault(version.version_id, version)
    return tuple(found[key] for key in sorted(found))


def version_file(workspace: Workspace, version_id: int) -> Path:
    """Return the GeoPackage of a version.

    Raises
    ------
    NotFoundError
        There is no such version.
    """
    path = workspace.layers / VERSIONS_DIR / f"{version_id:04d}.gpkg"
    if not path.is_file():
        known = ", ".join(str(v.version_id) for v in list_versions(workspace))
        raise NotFoundError(
            _("there is no version {id} of the layers; there are {known}").format(
                id=version_id, known=known
            )
        )
    return path


def placement(workspace: Workspace) -> tuple[PlacedSince, ...]:
    """Return by which version the incidents of each time are placed.

    Returns
    -------
    placement
        In order of time; the first has no `since`, the last is the version in force.

    Raises
    ------
    NotFoundError, SourceError
        As `current_version`.
    """
    return read_placement(_in_force(workspace), workspace)


def put_in_force(
    workspace: Workspace,
    frames: Mapping[str, gpd.GeoDataFrame],
    *,
    made_by: str,
    keep_layers: bool,
    valid_on: date | None = None,
    sources: tuple[SourceFile, ...] = (),
    municipality: str | None = None,
    town: str | None = None,
    with_streets: bool = False,
    since: date | None = None,
) -> Version:
    """Make a version of `frames` and put it in force, whole or not at all.

    Parameters
    ----------
    frames
        GeoPackage layer → its frame (EPSG:5514).
    made_by
        What made it, one of this module's constants.
    keep_layers
        True: the layers in force that `frames` does not name stay, and so do the day and the
        sources of the data and who is placed by what. False: the version consists of `frames`.
    valid_on, sources
        Of the new data. With `keep_layers` the sources are added to those in force.
    municipality, town
        Study area; None means that of the settings.
    with_streets
        Whether streets were made, with the reach and segment length of the settings.
    since
        Incidents from this day on are placed by the new version, earlier ones keep the placement
        of their time; None: all are placed by it. Not used with `keep_layers`.

    Returns
    -------
    version

    Raises
    ------
    StoreError
        The files cannot be written, or another program is changing the layers.
    SourceError
        The layers in force are damaged, and `keep_layers` needs them. Without it the damaged file
        is moved to `layers/versions/damaged-….gpkg`.
    """
    workspace.layers.mkdir(parents=True, exist_ok=True)
    target = workspace.layers / LAYERS_FILE
    with changing(workspace):
        before = _keep_present(workspace, may_be_damaged=not keep_layers)
        settings = workspace.settings
        made = Version(
            version_id=_next_id(workspace),
            made_at=datetime.now(UTC).isoformat(timespec="seconds"),
            made_by=made_by,
            municipality=municipality or settings.municipality,
            town=town or settings.town,
            valid_on=valid_on,
            sources=sources,
            reach_m=settings.street_reach_m if with_streets else None,
            segment_length_m=settings.segment_length_m if with_streets else None,
        )
        order: tuple[PlacedSince, ...] = (PlacedSince(made.version_id, None),)
        if before is not None:
            order = _next_placement(
                read_placement(target, workspace), before, made, keep_layers, since
            )
        if before is not None and keep_layers:
            made = _with_kept(made, before, with_streets=with_streets)
        with _drafting(target) as draft:
            if before is not None and keep_layers:
                shutil.copyfile(target, draft)
            else:
                draft.unlink()
            write_frames(frames, draft)
            mark_version(draft, made, order)
            _archive(workspace, draft, made.version_id)
    return made


def use_version(workspace: Workspace, version_id: int) -> Version:
    """Put a version kept in force, in the place of the present one, whole or not at all.

    Incidents placed by the present one are placed by it from now on.

    Raises
    ------
    NotFoundError
        There is no such version.
    StoreError, SourceError
        As `put_in_force`.
    """
    target = workspace.layers / LAYERS_FILE
    with changing(workspace):
        keep_hand_edits(workspace)
        order = read_placement(target, workspace)
        chosen = version_file(workspace, version_id)
        version = read_version(chosen, workspace)
        if version.municipality != current_version(workspace).municipality:
            order = order[-1:]
        kept = [p for p in order[:-1] if p.version_id != version_id]
        order = (*kept, PlacedSince(version_id, order[-1].since if kept else None))
        with _drafting(target) as draft:
            shutil.copyfile(chosen, draft)
            mark_version(draft, version, order)
            _archive(workspace, draft, version_id)
    return version


def place_anew(workspace: Workspace, *, since: date | None = None) -> tuple[PlacedSince, ...]:
    """Place incidents from `since` on, or all of them, by the version in force.

    Earlier ones keep the placement of their time. Returns who is placed by what now.

    Raises
    ------
    StoreError, SourceError, NotFoundError
        As `put_in_force`.
    """
    target = workspace.layers / LAYERS_FILE
    with changing(workspace):
        current = keep_hand_edits(workspace)
        kept = tuple(
            p
            for p in read_placement(target, workspace)[:-1]
            if since is not None and (p.since is None or p.since < since)
        )
        order = (*kept, PlacedSince(current.version_id, since if kept else None))
        with _drafting(target) as draft:
            shutil.copyfile(target, draft)
            mark_version(draft, current, order)
            _archive(workspace, draft, current.version_id)
    return order


def keep_hand_edits(workspace: Workspace) -> Version:
    """Return the version in force, kept as one of its own where it was edited by hand.

    Somebody may have changed `layers.gpkg` in QGIS; whatever replaces it must not lose that.

    Raises
    ------
    NotFoundError, SourceError, StoreError
        As `put_in_force`.
    """
    target = _in_force(workspace)
    version = read_version(target, workspace)
    if version.version_id and not is_hand_edited(workspace):
        return version
    edited = replace(
        version,
        version_id=_next_id(workspace),
        made_at=datetime.now(UTC).isoformat(timespec="seconds"),
        made_by=EDITED if version.version_id else version.made_by,
    )
    order = read_placement(target, workspace)
    order = (*order[:-1], PlacedSince(edited.version_id, order[-1].since))
    with _drafting(target) as draft:
        shutil.copyfile(target, draft)
        mark_version(draft, edited, order)
        _archive(workspace, draft, edited.version_id)
    return edited


def is_hand_edited(workspace: Workspace) -> bool:
    """Return whether the layers in force differ from the version they say they are.

    Raises
    ------
    NotFoundError, SourceError
        As `current_version`.
    """
    target = _in_force(workspace)
    version = read_version(target, workspace)
    kept = workspace.layers / VERSIONS_DIR / f"{version.version_id:04d}.gpkg"
    return not kept.is_file() or kept.read_bytes() != target.read_bytes()


@contextmanager
def changing(workspace: Workspace) -> Iterator[None]:
    """Let one program at a time change the layers; may be nested in one thread.

    Raises
    ------
    StoreError
        Another program has been changing them for twenty seconds, or the directory cannot be
        written.
    """
    lock = FileLock(workspace.layers / _LOCK_FILE, is_singleton=True, thread_local=True)
    try:
        with lock.acquire(timeout=_LOCK_WAIT_S):
            yield
    except Timeout as error:
        raise StoreError(
            _("{path}: another program is changing the layers; try again when it is done").format(
                path=workspace.layers
            )
        ) from error


def _in_force(workspace: Workspace) -> Path:
    path = workspace.layers / LAYERS_FILE
    if not path.is_file():
        raise NotFoundError(
            _(
                "the workspace {workspace} has no layers yet; bring them with: "
                "hotspots layers fetch, or hotspots layers import FILE"
            ).format(workspace=workspace.path)
        )
    return path


@contextmanager
def _drafting(target: Path) -> Iterator[Path]:
    """As `replacing`, with what GDAL says of a full disk as a `StoreError` too."""
    try:
        with replacing(target) as draft:
            yield draft
    except (DataSourceError, FeatureError, FieldError) as error:
        raise cannot_write(target, error) from error


def _keep_present(workspace: Workspace, *, may_be_damaged: bool) -> Version | None:
    """Return the version in force, kept; None where there is none, or it was damaged."""
    target = workspace.layers / LAYERS_FILE
    if not target.is_file():
        return None
    try:
        return keep_hand_edits(workspace)
    except SourceError:
        if not may_be_damaged:
            raise
    directory = workspace.layers / VERSIONS_DIR
    directory.mkdir(exist_ok=True)
    moment = datetime.now(UTC).strftime("%Y%m%dT%H%M%S")
    shutil.copyfile(target, directory / f"damaged-{moment}.gpkg")
    return None


def _next_id(workspace: Workspace) -> int:
    """Return a number that no version has had; damaged ones count too."""
    files = (workspace.layers / VERSIONS_DIR).glob("[0-9]*.gpkg")
    numbers = [int(path.stem) for path in files if path.stem.isdecimal()]
    return max(numbers, default=0) + 1


def _next_placement(
    order: tuple[PlacedSince, ...],
    before: Version,
    made: Version,
    keep_layers: bool,
    since: date | None,
) -> tuple[PlacedSince, ...]:
    if keep_layers:
        return (*order[:-1], PlacedSince(made.version_id, order[-1].since))
    if since is None or before.municipality != made.municipality:
        return (PlacedSince(made.version_id, None),)
    kept = tuple(p for p in order if p.since is None or p.since < since)
    return (*kept, PlacedSince(made.version_id, since))


def _with_kept(made: Version, before: Version, *, with_streets: bool) -> Version:
    known = {source.sha256 for source in before.sources}
    return replace(
        made,
        municipality=before.municipality,
        town=before.town,
        valid_on=before.valid_on,
        sources=(*before.sources, *(s for s in made.sources if s.sha256 not in known)),
        reach_m=made.reach_m if with_streets else before.reach_m,
        segment_length_m=made.segment_length_m if with_streets else before.segment_length_m,
    )


def _archive(workspace: Workspace, draft: Path, version_id: int) -> None:
    kept = workspace.layers / VERSIONS_DIR / f"{version_id:04d}.gpkg"
    kept.parent.mkdir(exist_ok=True)
    with replacing(kept) as copy:
        shutil.copyfile(draft, copy)


__all__ = [
    "BUNDLED",
    "EDITED",
    "FETCHED",
    "IMPORTED",
    "JOINED_RESIDENTS",
    "LAYERS_FILE",
    "OWN_AREAS",
    "REMADE",
    "REPAIRED",
    "VERSIONS_DIR",
    "PlacedSince",
    "Version",
    "changing",
    "current_version",
    "is_hand_edited",
    "keep_hand_edits",
    "list_versions",
    "place_anew",
    "placement",
    "put_in_force",
    "use_version",
    "version_file",
]
