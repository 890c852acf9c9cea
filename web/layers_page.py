"""The page `/layers`: what is in force, its map, check and versions, and forms for new layers."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from flask import Blueprint, Response, render_template

from hotspots import layers
from hotspots.i18n import _, current_language
from hotspots.layers.checks.diagnosis import check_layers
from hotspots.layers.checks.problems import ERROR, WARNING, Problem
from hotspots.layers.versions import current_version, placement
from hotspots.settings import Settings, Workspace
from web import texts
from web.access import Right
from web.answers import answers
from web.auth import may
from web.cache import LruCache
from web.job_pages import jobs
from web.layer_facts import describe_layers, layer_rows, version_rows
from web.layer_forms import FILE_KINDS, RESIDENTS
from web.layer_parts import group_problems, no_store, problem_line

bp = Blueprint("layers", __name__)
RECENT = 5
_checks: LruCache[tuple[Problem, ...]] = LruCache(4)


@dataclass(frozen=True)
class Choice:
    """One entry of a list in a form."""

    value: str
    label: str


@bp.get("/layers")
def show() -> Response:
    """Answer the page; of a workspace without layers, only how to bring them."""
    workspace = answers().workspace
    can_change = may(Right.LAYERS)
    common = {
        "running": jobs().running() if can_change else None,
        "recent": jobs().list_jobs()[:RECENT] if can_change else (),
        "can_change": can_change,
        "settings": workspace.settings,
        "hosts": _hosts(workspace.settings),
        "file_kinds": _file_kinds(),
    }
    if not answers().has_layers:
        return no_store(render_template("layers.html", in_force=None, **common))
    in_force = describe_layers(workspace)
    if in_force.fault:
        return no_store(render_template("layers.html", in_force=in_force, rows=[], **common))
    problems = check(workspace)
    return no_store(
        render_template(
            "layers.html",
            in_force=in_force,
            municipality=current_version(workspace).municipality,
            rows=layer_rows(workspace),
            groups=group_problems(problem_line(p) for p in problems),
            n_errors=sum(p.severity == ERROR for p in problems),
            n_warnings=sum(p.severity == WARNING for p in problems),
            has_repairs=any(p.repair for p in problems),
            versions=version_rows(workspace),
            several_placed=len(placement(workspace)) > 1,
            **common,
        )
    )


def check(workspace: Workspace) -> tuple[Problem, ...]:
    """Return what is wrong with the layers in force, looked at once for each of their states."""
    key = (
        str(workspace.path),
        layers.layers_version(workspace),
        workspace.settings,
        current_language(),
    )
    return _checks.get(key, lambda: check_layers(workspace))


def _hosts(settings: Settings) -> dict[str, str]:
    """Return the hosts that a fetch asks, by what they are asked for."""
    addresses = {
        "ruian": settings.ruian_url,
        "districts": settings.districts_url,
        "streets": settings.overpass_url,
    }
    return {what: urlsplit(address).netloc for what, address in addresses.items()}


def _file_kinds() -> list[Choice]:
    own = [
        Choice(kind, _("Residents") if kind == RESIDENTS else texts.kind_label(kind))
        for kind in FILE_KINDS
    ]
    return [Choice("", _("recognised by itself")), *own]
