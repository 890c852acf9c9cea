"""Whether areas brought in fit the town: inside it, official ones without overlap."""

from pathlib import Path

import geopandas as gpd
import numpy as np
from shapely.geometry.base import BaseGeometry

from hotspots import schema
from hotspots.errors import SchemaError
from hotspots.i18n import _, format_number, ngettext
from hotspots.layers.check import some
from hotspots.layers.checks.coverage_faults import find_outside, find_overlaps
from hotspots.layers.checks.problems import area_text


def check_fit(
    areas: gpd.GeoDataFrame,
    kind: str,
    boundary: BaseGeometry | None,
    *,
    file: Path,
    notes: list[str],
) -> None:
    """Refuse areas outside the study area, and official ones that overlap; note what is odd.

    Parameters
    ----------
    areas
        Area frame of `kind`, EPSG:5514.
    kind
        One of `schema.AREA_KINDS`; those of `schema.OWN_KINDS` may overlap.
    boundary
        Study area (EPSG:5514); None where there is none yet.
    file
        How messages name the file.
    notes
        Sentences are added, with areas in m².

    Raises
    ------
    SchemaError
        An area is wholly outside, or areas that may not overlap do, by more than a strip of 1 m.
    """
    if boundary is not None:
        _require_inside(areas, boundary, file)
    if boundary is not None and kind != schema.MUNICIPALITY:
        _note_outside(areas, boundary, notes)
    _judge_overlaps(areas, kind, file, notes)


def _require_inside(areas: gpd.GeoDataFrame, boundary: BaseGeometry, file: Path) -> None:
    """Refuse areas in which no incident of the study area can ever lie."""
    outside = ~areas.intersects(boundary)
    if outside.any():
        raise SchemaError(
            _(
                "{path}: these areas lie wholly outside the study area: {names}; check the "
                "file's coordinate system, or leave them out"
            ).format(path=file, names=some(areas.loc[outside, schema.NAME]))
        )


def _note_outside(areas: gpd.GeoDataFrame, boundary: BaseGeometry, notes: list[str]) -> None:
    out = find_outside(np.asarray(areas.geometry.array, dtype=object), boundary)
    rows = np.unique(out.rows)
    if not len(rows):
        return
    notes.append(
        ngettext(
            "{n} area reaches out of the study area ({total} in all): {names}",
            "{n} areas reach out of the study area ({total} in all): {names}",
            len(rows),
        ).format(
            n=format_number(len(rows)),
            total=area_text(float(out.area_m2.sum())),
            names=some(areas[schema.NAME].iloc[rows]),
        )
    )


def _judge_overlaps(areas: gpd.GeoDataFrame, kind: str, file: Path, notes: list[str]) -> None:
    found = find_overlaps(np.asarray(areas.geometry.array, dtype=object))
    if not len(found.first):
        return
    largest = int(np.argmax(found.area_m2))
    names = areas[schema.NAME]
    pair = f"{names.iloc[found.first[largest]]} × {names.iloc[found.second[largest]]}"
    n = len(found.first)
    text = ngettext(
        "{n} pair of areas overlaps, {pair} with {area}",
        "{n} pairs of areas overlap, most of all {pair} with {area}",
        n,
    ).format(n=format_number(n), pair=pair, area=area_text(float(found.area_m2[largest])))
    if kind not in schema.OWN_KINDS and found.wide.any():
        raise SchemaError(
            _(
                "{path}: {overlaps}; areas of this kind may not overlap, since an incident there "
                "would belong to two. Mend the edges in QGIS, or bring them as quarters, which "
                "may overlap"
            ).format(path=file, overlaps=text)
        )
    notes.append(text)
