"""Versions of a workspace's layers: which one is in force, and by which each time is placed.

`layers/layers.gpkg` is the version in force and the only truth: it says in its own metadata which
version it is and, in `placement`, by which version the incidents of each time are placed. Every
version also lies, unchanged, in `layers/versions/`, put there right after the switch. A switch
replaces one file, so it happens whole or not at all.
"""

import shutil
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime

import geopandas as gpd

from hotspots.errors import ParameterError, SourceError
from hotspots.files import replacing
from hotspots.i18n import _, format_day
from hotspots.layers.geopackage import content_digest, settle
from hotspots.layers.town_data import SourceFile
from hotspots.layers.version_files import (
    LAYERS_FILE,
    VERSIONS_DIR,
    changing,
    current_version,
    drafting,
    file_in_force,
    kept_file,
    list_versions,
    next_id,
    placement,
    version_file,
)
from hotspots.layers.version_records import (
    BUNDLED,
    DAMAGED,
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
        sources of the data. False: the version consists of `frames`.
    valid_on, sources
        Of the new data. With `keep_layers` the sources are added to those in force.
    municipality, town
        Study area; None means that of the settings.
    with_streets
        Whether streets were made, with the reach and segment length of the settings.
    since
        Incidents from this day on are placed by the new version, earlier ones keep the placement
        of their time. None: with `keep_layers` those that the version in force places, else all.

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
            version_id=next_id(workspace),
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
        with drafting(workspace, keep_as=made.version_id) as draft:
            if before is not None and keep_layers:
                shutil.copyfile(target, draft)
            else:
                draft.unlink()
            write_frames(frames, draft)
            mark_version(draft, made, order)
    return made


def use_version(workspace: Workspace, version_id: int) -> Version:
    """Put a version kept in force, in the place of the present one, whole or not at all.

    Incidents placed by the present one are placed by it from now on. A present one that is damaged
    is no obstacle; all incidents are placed by the one put in force then.

    Raises
    ------
    NotFoundError
        There is no such version.
    StoreError, SourceError
        As `put_in_force`.
    """
    target = workspace.layers / LAYERS_FILE
    with changing(workspace):
        present = _keep_present(workspace, may_be_damaged=True)
        chosen = version_file(workspace, version_id)
        version = read_version(chosen, workspace)
        order: tuple[PlacedSince, ...] = (PlacedSince(version_id, None),)
        if present is not None and present.municipality == version.municipality:
            order = read_placement(target, workspace)
        order = (*order[:-1], PlacedSince(version_id, order[-1].since))
        with drafting(workspace) as draft:
            shutil.copyfile(chosen, draft)
            mark_version(draft, version, order)
    return version


def place_anew(workspace: Workspace, *, since: date | None = None) -> tuple[PlacedSince, ...]:
    """Place incidents from `since` on, or all of them, by the version in force.

    Earlier ones keep the placement of their time. Returns by which versions incidents are placed
    now.

    Raises
    ------
    ParameterError
        The version in force places incidents from `since` on already.
    StoreError, SourceError, NotFoundError
        As `put_in_force`.
    """
    target = workspace.layers / LAYERS_FILE
    with changing(workspace):
        current = keep_hand_edits(workspace)
        before = read_placement(target, workspace)
        present = before[-1].since
        if since is not None and (present is None or since >= present):
            raise ParameterError(_say_placed(current, since, present))
        kept = tuple(
            p for p in before[:-1] if since is not None and (p.since is None or p.since < since)
        )
        order = (*kept, PlacedSince(current.version_id, since))
        with drafting(workspace) as draft:
            shutil.copyfile(target, draft)
            mark_version(draft, current, order)
    return order


def keep_hand_edits(workspace: Workspace) -> Version:
    """Return the version in force, kept as one of its own where it was edited by hand.

    Somebody may have changed `layers.gpkg` in QGIS; whatever replaces it must not lose that.

    Raises
    ------
    NotFoundError, SourceError, StoreError
        As `put_in_force`.
    """
    target = file_in_force(workspace)
    settle(target)
    version = read_version(target, workspace)
    if version.version_id and not kept_file(workspace, version.version_id).is_file():
        # The program was killed between the switch and keeping what it switched to.
        with replacing(kept_file(workspace, version.version_id)) as copy:
            shutil.copyfile(target, copy)
    if version.version_id and not is_hand_edited(workspace):
        return version
    edited = replace(
        version,
        version_id=next_id(workspace),
        made_at=datetime.now(UTC).isoformat(timespec="seconds"),
        made_by=EDITED if version.version_id else version.made_by,
    )
    order = read_placement(target, workspace)
    order = (*order[:-1], PlacedSince(edited.version_id, order[-1].since))
    with drafting(workspace, keep_as=edited.version_id) as draft:
        shutil.copyfile(target, draft)
        mark_version(draft, edited, order)
    return edited


def is_hand_edited(workspace: Workspace) -> bool:
    """Return whether the layers in force differ from the version they say they are.

    What a GeoPackage says of its version and placement does not count.

    Raises
    ------
    NotFoundError, SourceError
        As `current_version`.
    """
    target = file_in_force(workspace)
    version = read_version(target, workspace)
    kept = kept_file(workspace, version.version_id)
    return kept.is_file() and content_digest(kept) != content_digest(target)


def _keep_present(workspace: Workspace, *, may_be_damaged: bool) -> Version | None:
    """Return the version in force, kept; None where there is none, or it was damaged."""
    target = workspace.layers / LAYERS_FILE
    if not target.is_file():
        return None
    try:
        present = keep_hand_edits(workspace)
        read_placement(target, workspace)
        return present
    except SourceError:
        if not may_be_damaged:
            raise
    directory = workspace.layers / VERSIONS_DIR
    moment = datetime.now(UTC).strftime("%Y%m%dT%H%M%S")
    shutil.copyfile(target, directory / f"damaged-{moment}.gpkg")
    return None


def _say_placed(current: Version, since: date, present: date | None) -> str:
    if present is None:
        return _("all incidents are placed by version {id}, the one in force, already").format(
            id=current.version_id
        )
    return _(
        "incidents from {present} on are placed by version {id}, the one in force, already; "
        "choose an earlier day than {day}"
    ).format(present=format_day(present), id=current.version_id, day=format_day(since))


def _next_placement(
    order: tuple[PlacedSince, ...],
    before: Version,
    made: Version,
    keep_layers: bool,
    since: date | None,
) -> tuple[PlacedSince, ...]:
    if keep_layers and since is None:
        return (*order[:-1], PlacedSince(made.version_id, order[-1].since))
    if since is None or before.municipality != made.municipality:
        return (PlacedSince(made.version_id, None),)
    kept = tuple(p for p in order if p.since is None or p.since < since)
    return (*kept, PlacedSince(made.version_id, since))


def _with_kept(made: Version, before: Version, *, with_streets: bool) -> Version:
    # The last ones are those that made it.
    brought = {source.sha256 for source in made.sources}
    return replace(
        made,
        municipality=before.municipality,
        town=before.town,
        valid_on=before.valid_on,
        sources=(*(s for s in before.sources if s.sha256 not in brought), *made.sources),
        reach_m=made.reach_m if with_streets else before.reach_m,
        segment_length_m=made.segment_length_m if with_streets else before.segment_length_m,
    )


__all__ = [
    "BUNDLED",
    "DAMAGED",
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
