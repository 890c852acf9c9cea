"""A town's layers from its official data: all of them, made afresh, nothing put in force yet."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from shapely.geometry.base import BaseGeometry

from hotspots import schema
from hotspots.errors import HotspotsError, SourceError
from hotspots.i18n import _, ngettext
from hotspots.layers.area_frame import make_area_frame
from hotspots.layers.check import AREA_LAYERS, check_areas, some
from hotspots.layers.given_ids import all_segment_ids
from hotspots.layers.labels import layer_label
from hotspots.layers.official_areas import (
    GENERALISED_PRECISION_M,
    OFFICIAL_PRECISION_M,
    code_id,
    make_official_areas,
    with_residents,
)
from hotspots.layers.reading import (
    ADDRESS_LAYER,
    AXIS_LAYERS,
    BUILDING_LAYER,
    PLACE_LAYER,
    list_layers,
    read_areas,
    read_axes,
    read_places,
    read_points,
)
from hotspots.layers.street_axes import make_street_axes
from hotspots.layers.street_layers import make_street_layers
from hotspots.layers.town_data import CODE, TownData
from hotspots.layers.town_parts import make_town_parts, part_points
from hotspots.layers.versions import LAYERS_FILE, current_version
from hotspots.progress import Report, silent
from hotspots.settings import Settings, Workspace

# A point farther outside the boundary than this is placed wrongly, or belongs elsewhere [m].
OUTSIDE_M: Final = 100.0
# Kind → the frame of `TownData` that has its polygons; the boundary comes first.
_POLYGONS: Final = {
    schema.MUNICIPALITY: "municipality",
    schema.CADASTRAL_UNIT: "cadastral_units",
    schema.DISTRICT: "districts",
    schema.ELECTORAL_DISTRICT: "electoral_districts",
}
# RÚIAN generalises these; districts and electoral districts keep their boundaries.
_GENERALISED: Final = frozenset({schema.MUNICIPALITY, schema.CADASTRAL_UNIT})
_Frames = dict[str, gpd.GeoDataFrame]


@dataclass(frozen=True)
class Assembled:
    """Layers ready to be checked and put in force.

    Attributes
    ----------
    frames
        GeoPackage layer → frame in EPSG:5514: `municipality`, `town_part`, the four street
        layers, `address` and `building`, and where there is something to make them from
        `cadastral_unit`, `district`, `electoral_district` and `place`.
    notes
        What was left out, kept or assumed, one sentence each, in the language in force.
    without_area
        `area_id` of streets that have a line but got no polygon.
    """

    frames: _Frames
    notes: tuple[str, ...]
    without_area: tuple[str, ...]


def make_layers(
    data: TownData,
    *,
    settings: Settings,
    former: Workspace | None,
    repair: bool = False,
    report: Report = silent,
) -> Assembled:
    """Return the layers of a town.

    Parameters
    ----------
    data
        Official data of one municipality. Not modified.
    settings
        Reach and segment length of streets.
    former
        Workspace whose layers in force are consulted when they are of the same municipality:
        residents by `area_id`, landmarks, and every kind the data have nothing of. The ids of
        segments in any version of it are not given to others.
    repair
        Whether invalid official polygons are made valid; see `make_official_areas`.
    report
        Told how far the work has come.

    Returns
    -------
    Assembled

    Raises
    ------
    SourceError
        There is no boundary of the municipality, neither in the data nor in force.
    SchemaError
        A polygon is invalid, or two units have the same code.
    CancelledError
        Raised by `report`.
    """
    report(_("Reading the layers in force"), 0.0)
    before, unreadable = _read_former(former, data.code)
    notes = [*data.notes, *unreadable]
    report(_("Taking over the boundaries"), 0.05)
    frames, said = _official_layers(data, before, repair)
    notes += said
    boundary = frames[schema.MUNICIPALITY].union_all()
    report(_("Drawing the town parts"), 0.15)
    notes += _add_town_parts(frames, data, before, boundary)
    report(_("Making areas of the streets"), 0.3)
    given = all_segment_ids(former) if former is not None else frozenset()
    without_area, said = _add_streets(frames, data, before, boundary, settings, given)
    notes += said
    report(_("Placing addresses and buildings"), 0.9)
    notes += _add_points(frames, data, before, boundary)
    if PLACE_LAYER in before:
        frames[PLACE_LAYER] = before[PLACE_LAYER]
    for name, frame in frames.items():
        if name in AREA_LAYERS:
            check_areas(frame, name, what=_("layer {layer}").format(layer=name))
    report(_("Layers are ready"), 1.0)
    return Assembled(frames, tuple(notes), without_area)


def _read_former(former: Workspace | None, code: str) -> tuple[_Frames, list[str]]:
    """Return what the layers in force have of the same municipality, and what cannot be read."""
    frames: _Frames = {}
    notes: list[str] = []
    if former is None or not (former.layers / LAYERS_FILE).is_file():
        return frames, notes
    if current_version(former).municipality != code:
        return frames, notes
    for name in list_layers(former):
        try:
            frame = _read_layer(former, name)
        except HotspotsError as error:
            # A layer that is broken is what an import is to mend: it must not stand in its way.
            notes.append(
                _("Nothing was taken over from a layer in force: {reason}.").format(reason=error)
            )
            continue
        if frame is not None and len(frame):
            frames[name] = frame
    return frames, notes


def _read_layer(former: Workspace, name: str) -> gpd.GeoDataFrame | None:
    if name in AREA_LAYERS and name not in schema.OWN_KINDS:
        return read_areas(former, name)
    if name in (ADDRESS_LAYER, BUILDING_LAYER):
        return read_points(former, name)
    if name == PLACE_LAYER:
        return read_places(former)
    kind = next((kind for kind, layer in AXIS_LAYERS.items() if layer == name), None)
    return read_axes(former, kind) if kind else None


def _official_layers(
    data: TownData, before: Mapping[str, gpd.GeoDataFrame], repair: bool
) -> tuple[_Frames, list[str]]:
    frames: _Frames = {}
    notes: list[str] = []
    for kind, field in _POLYGONS.items():
        made = make_official_areas(
            kind,
            getattr(data, field),
            former=before.get(kind),
            repair=repair,
            precision_m=(
                GENERALISED_PRECISION_M
                if data.generalised and kind in _GENERALISED
                else OFFICIAL_PRECISION_M
            ),
        )
        if made.repaired:
            notes.append(
                _("{layer}: invalid polygons were repaired: {names}.").format(
                    layer=layer_label(kind), names=some(pd.Series(made.repaired))
                )
            )
        if len(made.areas):
            frames[kind] = made.areas
            if made.without_polygon:
                notes.append(
                    _(
                        "{layer}: left out, since the files have no polygon of them: {names}."
                    ).format(layer=layer_label(kind), names=some(pd.Series(made.without_polygon)))
                )
        elif kind in before:
            frames[kind] = before[kind]
            notes.append(_say_kept(kind))
        elif kind == schema.MUNICIPALITY:
            raise SourceError(
                _(
                    "the files have no boundary of the municipality {name}; fetch its layers with: "
                    "hotspots layers fetch, or add the file of the municipality with boundaries "
                    "(…_OB_{code}_UKSH.xml.zip)"
                ).format(name=data.name or data.code, code=data.code)
            )
        elif kind == schema.DISTRICT:
            notes.append(
                _(
                    "The files have no districts (ZSJ) with boundaries, so there is no layer of "
                    "districts; get them with: hotspots layers fetch, or add the file of the "
                    "municipality with boundaries (…_OB_{code}_UKSH.xml.zip)."
                ).format(code=data.code)
            )
    return frames, notes


def _say_kept(layer: str) -> str:
    return _("{layer}: the files have nothing of it, so the one in force is kept.").format(
        layer=layer_label(layer)
    )


def _add_town_parts(
    frames: _Frames,
    data: TownData,
    before: Mapping[str, gpd.GeoDataFrame],
    boundary: BaseGeometry,
) -> list[str]:
    districts = frames.get(schema.DISTRICT)
    if districts is not None and districts[schema.DERIVED].any():
        districts = None  # their edges are guesses; the addresses know better
    listed = _named_parts(data)
    made = make_town_parts(
        boundary,
        listed,
        part_points(data.addresses, data.buildings),
        districts=districts,
        boundary_precision_m=float(frames[schema.MUNICIPALITY][schema.PRECISION_M].max()),
    )
    notes = list(made.notes)
    kept = before.get(schema.TOWN_PART)
    if made.parts.empty and kept is not None:
        frames[schema.TOWN_PART] = kept
        return [*notes, _say_kept(schema.TOWN_PART)]
    credits_of = dict(zip(listed[CODE], listed[schema.LAYER_SOURCE], strict=True))
    areas = make_area_frame(
        schema.TOWN_PART,
        [code_id(schema.TOWN_PART, code) for code in made.parts[CODE]],
        list(made.parts[schema.NAME]),
        np.asarray(made.parts.geometry.array, dtype=object),
        derived=True,
        precision_m=made.parts[schema.PRECISION_M].to_numpy(),
        source=[credits_of[code] for code in made.parts[CODE]],
        residents=made.parts[schema.RESIDENTS].to_numpy(),
        year=made.parts[schema.RESIDENTS_YEAR].to_numpy(),
    )
    frames[schema.TOWN_PART] = with_residents(areas, kept)
    return notes


def _named_parts(data: TownData) -> pd.DataFrame:
    """Return the town's parts, as the data list them or their addresses do."""
    columns = {schema.TOWN_PART_CODE: CODE, schema.TOWN_PART_NAME: schema.NAME}
    addressed = data.addresses[[*columns, schema.LAYER_SOURCE]].rename(columns=columns)
    listed = data.town_parts[[CODE, schema.NAME, schema.LAYER_SOURCE]]
    every = pd.concat([pd.DataFrame(listed), pd.DataFrame(addressed[addressed[CODE] != ""])])
    return every.drop_duplicates(CODE, ignore_index=True)


def _add_streets(
    frames: _Frames,
    data: TownData,
    before: Mapping[str, gpd.GeoDataFrame],
    boundary: BaseGeometry,
    settings: Settings,
    given: frozenset[str],
) -> tuple[tuple[str, ...], list[str]]:
    notes = []
    official = make_street_axes(data.streets, data.addresses, frames[schema.TOWN_PART])
    axes = official.axes
    lacking = len(official.without_line)
    if lacking:
        notes.append(
            ngettext(
                "{n} street without a line was left out: {names}.",
                "{n} streets without a line were left out: {names}.",
                lacking,
            ).format(n=lacking, names=some(official.without_line))
        )
    if axes.empty and {schema.STREET, AXIS_LAYERS[schema.STREET]} <= set(before):
        axes = _former_axes(before)
        notes.append(_say_kept(schema.STREET))
    elif axes.empty:
        notes.append(
            _(
                "The files have no street lines, so nothing can be counted by street; get them "
                "with: hotspots layers fetch (from OpenStreetMap where RÚIAN has none), or import "
                "lines of your own."
            )
        )
    made = make_street_layers(
        axes,
        boundary,
        reach_m=settings.street_reach_m,
        segment_length_m=settings.segment_length_m,
        former=before.get(AXIS_LAYERS[schema.SEGMENT]),
        given=given,
    )
    frames.update(made.layers)
    frames[schema.STREET] = with_residents(made.layers[schema.STREET], before.get(schema.STREET))
    if made.without_area:
        named = axes.loc[axes[schema.AREA_ID].isin(made.without_area), schema.NAME]
        notes.append(
            ngettext(
                "{n} street has no area of its own, since its line belongs to another street or "
                "lies outside the boundary: {names}.",
                "{n} streets have no area of their own, since their lines belong to other streets "
                "or lie outside the boundary: {names}.",
                len(named),
            ).format(n=len(named), names=some(named))
        )
    return made.without_area, notes


def _former_axes(before: Mapping[str, gpd.GeoDataFrame]) -> gpd.GeoDataFrame:
    columns = [
        schema.AREA_ID,
        schema.NAME,
        schema.DERIVED,
        schema.PRECISION_M,
        schema.LAYER_SOURCE,
    ]
    lines = before[AXIS_LAYERS[schema.STREET]]
    return lines.merge(before[schema.STREET][columns], on=schema.AREA_ID, validate="one_to_one")


def _add_points(
    frames: _Frames,
    data: TownData,
    before: Mapping[str, gpd.GeoDataFrame],
    boundary: BaseGeometry,
) -> list[str]:
    notes: list[str] = []
    for layer, points in ((ADDRESS_LAYER, data.addresses), (BUILDING_LAYER, data.buildings)):
        if points.empty and layer in before:
            frames[layer] = before[layer]
            notes.append(_say_kept(layer))
            continue
        frames[layer] = points
        notes += say_outside(layer, points, boundary)
    return notes


def say_outside(layer: str, points: gpd.GeoDataFrame, boundary: BaseGeometry) -> tuple[str, ...]:
    """Return a note where points of a layer lie more than 100 m outside the boundary."""
    shapely.prepare(boundary)
    placed = np.asarray(points.geometry.array, dtype=object)
    placed = placed[~shapely.is_missing(placed)]
    outside = int((~shapely.dwithin(boundary, placed, OUTSIDE_M)).sum())
    if not outside:
        return ()
    return (
        ngettext(
            "{layer}: {n} point lies more than 100 m outside the boundary.",
            "{layer}: {n} points lie more than 100 m outside the boundary.",
            outside,
        ).format(layer=layer_label(layer), n=outside),
    )
