"""What the page of layers says of a workspace's layers: what is in force, versions, placing."""

from dataclasses import dataclass

import geopandas as gpd

from hotspots import layers, schema
from hotspots.errors import HotspotsError
from hotspots.i18n import _, format_day, format_number, ngettext
from hotspots.layers.checks.comparison import describe_making, describe_version
from hotspots.layers.checks.placement_words import placed_by
from hotspots.layers.reading import AXIS_LAYERS, PLACE_LAYER
from hotspots.layers.version_records import Version
from hotspots.layers.versions import current_version, list_versions, placement
from hotspots.settings import Workspace
from web import texts


@dataclass(frozen=True)
class LayerRow:
    """One layer as the table shows it; `fault` says why it cannot be read."""

    label: str
    n: int = 0
    boundaries: str = ""
    residents: str = ""
    sources: tuple[str, ...] = ()
    fault: str = ""


@dataclass(frozen=True)
class VersionRow:
    """One version as the table shows it."""

    version_id: int
    made: str
    valid_on: str
    town: str
    placed: str
    in_force: bool


@dataclass(frozen=True)
class InForce:
    """What is in force, in words.

    Attributes
    ----------
    sentence, detail
        The finding: whose layers of what day; then version and origin.
    is_official
        The boundary is the official one.
    version_id
        None where the file does not tell.
    fault
        Why the layers cannot be read; empty where they can.
    """

    sentence: str
    detail: str
    is_official: bool
    version_id: int | None
    fault: str = ""


def version_number(workspace: Workspace) -> int | None:
    """Return the number of the version in force; None where there is none, or it is damaged."""
    try:
        return current_version(workspace).version_id
    except HotspotsError:
        return None


def describe_layers(workspace: Workspace) -> InForce:
    """Return what is in force; of a damaged file, that it is damaged."""
    try:
        version = current_version(workspace)
        boundary = layers.read_areas(workspace, schema.MUNICIPALITY)
    except HotspotsError as error:
        sentence = _("The layers in force cannot be read.")
        return InForce(sentence, "", is_official=False, version_id=None, fault=str(error))
    is_official = not bool(boundary[schema.DERIVED].any())
    return InForce(
        _sentence(version, is_official=is_official),
        _("Version {description}.").format(description=describe_version(version)),
        is_official=is_official,
        version_id=version.version_id,
    )


def _sentence(version: Version, *, is_official: bool) -> str:
    if not is_official:
        return _("Bundled, approximate layers of {town} are in force.").format(town=version.town)
    if version.valid_on is None:
        return _("Official layers of {town} are in force.").format(town=version.town)
    return _("Official layers of {town} are in force, RÚIAN as of {day}.").format(
        town=version.town, day=format_day(version.valid_on)
    )


def layer_rows(workspace: Workspace) -> list[LayerRow]:
    """Return every layer there is; one that breaks a rule says so instead of its numbers.

    Raises
    ------
    NotFoundError, SourceError
        The workspace has no layers; the file is damaged.
    """
    present = layers.list_layers(workspace)
    rows = [_area_row(workspace, kind) for kind in layers.AREA_LAYERS if kind in present]
    rows.append(_area_row(workspace, schema.GRID))
    points = (layers.ADDRESS_LAYER, layers.BUILDING_LAYER)
    rows += [_point_row(workspace, layer) for layer in points if layer in present]
    return rows


def layer_label(layer: str) -> str:
    """Return the name of a layer, plural; of one that this program does not make, its own."""
    labels = {
        layers.ADDRESS_LAYER: _("Addresses"),
        layers.BUILDING_LAYER: _("Buildings"),
        AXIS_LAYERS[schema.STREET]: _("Street lines"),
        AXIS_LAYERS[schema.SEGMENT]: _("Segment lines"),
        PLACE_LAYER: _("Landmarks"),
    }
    return labels.get(layer) or (texts.kind_label(layer) if layer in schema.AREA_KINDS else layer)


def _area_row(workspace: Workspace, kind: str) -> LayerRow:
    label = texts.kind_label(kind)
    try:
        areas = layers.read_areas(workspace, kind)
    except HotspotsError as error:
        return LayerRow(label, fault=str(error))
    derived = bool(areas[schema.DERIVED].any())
    precision_m = float(areas[schema.PRECISION_M].max()) if len(areas) else 0.0
    return LayerRow(
        label=label,
        n=len(areas),
        boundaries=texts.boundaries_label(
            kind, derived=derived, precision_m=precision_m, sources=_sources(areas)
        )
        if len(areas)
        else "",
        residents=_residents(areas),
        sources=_sources(areas),
    )


def _point_row(workspace: Workspace, layer: str) -> LayerRow:
    label = layer_label(layer)
    try:
        points = layers.read_points(workspace, layer)
    except HotspotsError as error:
        return LayerRow(label, fault=str(error))
    return LayerRow(label=label, n=len(points), boundaries=_("points"), sources=_sources(points))


def _sources(frame: gpd.GeoDataFrame) -> tuple[str, ...]:
    return tuple(sorted(set(frame[schema.LAYER_SOURCE].dropna().astype(str))))


def _residents(areas: gpd.GeoDataFrame) -> str:
    """Return how many residents live in the areas, of which year, and where nobody knows."""
    known = areas[areas[schema.RESIDENTS].notna()]
    if known.empty:
        return ""
    years = sorted({int(year) for year in known[schema.RESIDENTS_YEAR].dropna()})
    number = format_number(float(known[schema.RESIDENTS].sum()))
    text = (
        f"{number} ({'–'.join(map(str, dict.fromkeys((years[0], years[-1]))))})"
        if years
        else number
    )
    unknown = len(areas) - len(known)
    if not unknown:
        return text
    missing = ngettext("unknown in {n} area", "unknown in {n} areas", unknown)
    return f"{text}, {missing.format(n=format_number(unknown))}"


def version_rows(workspace: Workspace) -> list[VersionRow]:
    """Return the versions kept, newest first.

    Raises
    ------
    NotFoundError, SourceError
        As `layer_rows`.
    """
    current = current_version(workspace).version_id
    placed = placed_by(placement(workspace))
    return [
        VersionRow(
            version_id=version.version_id,
            made=describe_making(version),
            valid_on=format_day(version.valid_on) if version.valid_on else "",
            town=version.town,
            placed=placed.get(version.version_id, ""),
            in_force=version.version_id == current,
        )
        for version in reversed(list_versions(workspace))
    ]
