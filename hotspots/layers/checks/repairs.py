"""Safe repairs of layers: planned with every number, made as a new version, never silent."""

from collections.abc import Collection, Mapping

import geopandas as gpd

from hotspots.errors import ParameterError, SourceError
from hotspots.i18n import _
from hotspots.layers.check import AREA_LAYERS
from hotspots.layers.checks.coordinate_forms import place_frame
from hotspots.layers.checks.diagnosis import read_leniently, study_area
from hotspots.layers.checks.problems import COORDINATES, REPAIRS
from hotspots.layers.checks.repair_steps import STEPS, AreaChange, PlannedRepair
from hotspots.layers.version_records import REPAIRED, Version
from hotspots.layers.versions import LAYERS_FILE, changing, current_version, put_in_force
from hotspots.settings import Workspace


def plan_repairs(workspace: Workspace) -> tuple[PlannedRepair, ...]:
    """Return every repair that the layers in force need and that can be made without a person.

    Repairs that would not be safe are among them, marked as refused with the reason. Nothing is
    changed.

    Parameters
    ----------
    workspace
        Whose layers to look at.

    Returns
    -------
    planned
        In the order in which they would be made, layer by layer.

    Raises
    ------
    NotFoundError
        The workspace has no layers.
    SourceError
        The layers file is damaged.
    """
    current_version(workspace)
    return tuple(_mend(_read(workspace), REPAIRS)[1])


def repair_layers(workspace: Workspace, codes: Collection[str] | None = None) -> Version:
    """Make safe repairs and put the result in force as a new version, whole or not at all.

    No id changes, and no border moves by more than `border_repair.MOVE_M`. What `plan_repairs`
    marks as refused stays as it is.

    Parameters
    ----------
    workspace
        Whose layers to repair.
    codes
        Which repairs to make, of `problems.REPAIRS`; None: all that are planned.

    Returns
    -------
    version
        The new one; the former is kept.

    Raises
    ------
    ParameterError
        Unknown code; nothing to repair, or nothing that is safe.
    NotFoundError, SourceError, StoreError
        As `versions.put_in_force`.
    """
    unknown = sorted(set(codes or ()) - set(REPAIRS))
    if unknown:
        raise ParameterError(
            _("unknown repair {names}; known are {known}").format(
                names=", ".join(unknown), known=", ".join(REPAIRS)
            )
        )
    with changing(workspace):
        current_version(workspace)
        frames, planned = _mend(_read(workspace), REPAIRS if codes is None else codes)
        changed = {plan.layer for plan in planned if not plan.refused}
        if not changed:
            reasons = "; ".join(plan.text for plan in planned)
            raise ParameterError(
                _("nothing can be repaired safely: {reasons}").format(reasons=reasons)
                if reasons
                else _("there is nothing to repair; hotspots layers check lists what is wrong")
            )
        return put_in_force(
            workspace,
            {layer: frames[layer] for layer in frames if layer in changed},
            made_by=REPAIRED,
            keep_layers=True,
        )


def _read(workspace: Workspace) -> dict[str, gpd.GeoDataFrame]:
    frames, problems = read_leniently(workspace.layers / LAYERS_FILE)
    if problems and not frames:
        raise SourceError(problems[0].text)
    return frames


def _mend(
    frames: Mapping[str, gpd.GeoDataFrame], codes: Collection[str]
) -> tuple[dict[str, gpd.GeoDataFrame], list[PlannedRepair]]:
    """Return the layers after the repairs `codes`, and what was done or refused."""
    boundary = study_area(frames)
    mended: dict[str, gpd.GeoDataFrame] = {}
    planned: list[PlannedRepair] = []
    for layer, frame in frames.items():
        mended[layer] = frame
        if COORDINATES in codes:
            mended[layer], plans = STEPS[COORDINATES](frame, layer, boundary)
            planned += plans
        if layer not in AREA_LAYERS or place_frame(mended[layer], layer).problems:
            continue  # what is not where it says cannot be measured
        for code in REPAIRS:
            if code in codes and code != COORDINATES:
                mended[layer], plans = STEPS[code](mended[layer], layer, boundary)
                planned += plans
    return mended, planned


__all__ = ["REPAIRS", "AreaChange", "PlannedRepair", "plan_repairs", "repair_layers"]
