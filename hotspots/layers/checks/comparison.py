"""What changed between two versions of the layers, and a version in one line."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from hotspots import schema
from hotspots.errors import SourceError
from hotspots.i18n import _, format_day, format_number, format_share, ngettext
from hotspots.layers.check import AREA_LAYERS
from hotspots.layers.checks.coordinate_forms import place_frame
from hotspots.layers.checks.coverage_faults import NOISE_M, farthest, is_wider
from hotspots.layers.checks.diagnosis import read_leniently
from hotspots.layers.checks.fact_changes import (
    FactChange,
    PointDifference,
    compare_facts,
    compare_points,
)
from hotspots.layers.checks.problems import area_labels, area_text, enumerate_few, texts_of
from hotspots.layers.reading import ADDRESS_LAYER, BUILDING_LAYER
from hotspots.layers.tangles import make_untangled_valid
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
    Version,
)
from hotspots.layers.versions import version_file
from hotspots.settings import Workspace

# An area that is gone and a new one are the same ground when they share this much of both.
SAME_GROUND: Final = 0.9
# Lengths that differ by less are the same, written with other digits [m].
ROUNDING_M: Final = 0.01
_WHOLE_FROM_M: Final = 10.0
_SHOWN: Final = 5
_POINT_CODES: Final = {
    ADDRESS_LAYER: schema.ADDRESS_CODE,
    BUILDING_LAYER: schema.BUILDING_CODE,
}


@dataclass(frozen=True)
class ShapeChange:
    """An area whose polygon is another than before.

    Attributes
    ----------
    area_id, name
        Of the area; the name as it is now.
    before_m2, after_m2
        Area [m²].
    gained_m2, lost_m2
        Ground it has now and had not, and the other way round [m²].
    moved_m
        How far ground gained or lost reaches from the former border [m].
    """

    area_id: str
    name: str
    before_m2: float
    after_m2: float
    gained_m2: float
    lost_m2: float
    moved_m: float


@dataclass(frozen=True)
class LayerDifference:
    """What is different in one kind of area.

    Attributes
    ----------
    kind
        One of `schema.AREA_KINDS`.
    n_before, n_after
        How many areas.
    new, gone
        Names of areas that only one version has, by `area_id`.
    renamed
        Names before and now of areas that kept their id.
    renumbered
        Ids before and now of areas that kept their ground: series of counts break here.
    changed
        Areas with another polygon, the largest change first.
    length_before_m, length_after_m
        Sum of axis lengths [m], of streets and segments; None for other kinds.
    facts
        Residents, origin and precision.
    """

    kind: str
    n_before: int
    n_after: int
    new: tuple[str, ...]
    gone: tuple[str, ...]
    renamed: tuple[tuple[str, str], ...]
    renumbered: tuple[tuple[str, str], ...]
    changed: tuple[ShapeChange, ...]
    length_before_m: float | None
    length_after_m: float | None
    facts: FactChange

    @property
    def is_same(self) -> bool:
        """Whether nothing is different."""
        areas = self.new or self.gone or self.renamed or self.changed
        lengths = (self.length_after_m or 0.0) - (self.length_before_m or 0.0)
        return not areas and abs(lengths) <= ROUNDING_M and self.facts.is_same

    def lines(self) -> tuple[str, ...]:
        """Return the difference in words, one sentence each, in the language in force."""
        return tuple(_say(self))


def compare_versions(
    workspace: Workspace, old_id: int, new_id: int
) -> tuple[LayerDifference | PointDifference, ...]:
    """Return what is different between two versions, kind by kind.

    Polygons are compared as sets of points: a border drawn with other vertices, or that lies less
    than 2 cm aside, is the same.

    Parameters
    ----------
    workspace
        Whose versions to compare. Nothing is changed.
    old_id, new_id
        Versions, in the order of the reading; as they are kept in `layers/versions`.

    Returns
    -------
    differences
        One for each kind of area that either version has, in the order of `schema.AREA_KINDS`;
        then of its addresses and buildings.

    Raises
    ------
    NotFoundError
        No such version.
    SourceError
        A version is damaged.
    """
    old, new = (_read(version_file(workspace, one)) for one in (old_id, new_id))
    areas = [
        compare_areas(old.get(kind), new.get(kind), kind)
        for kind in AREA_LAYERS
        if kind in old or kind in new
    ]
    points = [
        compare_points(old.get(layer), new.get(layer), layer, code=code)
        for layer, code in _POINT_CODES.items()
        if layer in old or layer in new
    ]
    return (*areas, *points)


def compare_areas(
    old: gpd.GeoDataFrame | None, new: gpd.GeoDataFrame | None, kind: str
) -> LayerDifference:
    """Return what is different between two frames of one kind.

    Parameters
    ----------
    old, new
        Area frames in EPSG:5514; None where there are none. Not modified.
    kind
        One of `schema.AREA_KINDS`.

    Returns
    -------
    difference
    """
    before, after = _table(old), _table(new)
    kept = before.index.intersection(after.index)
    gone = before.loc[before.index.difference(after.index)]
    added = after.loc[after.index.difference(before.index)]
    names = zip(before.loc[kept, "name"], after.loc[kept, "name"], strict=True)
    with_length = kind in (schema.STREET, schema.SEGMENT)
    return LayerDifference(
        kind,
        len(before),
        len(after),
        tuple(added["label"]),
        tuple(gone["label"]),
        tuple((was, now) for was, now in names if was != now),
        _same_ground(gone, added),
        _changed(before.loc[kept], after.loc[kept]),
        float(before["length"].sum()) if with_length else None,
        float(after["length"].sum()) if with_length else None,
        compare_facts(old, new),
    )


def describe_version(version: Version) -> str:
    """Return a version in one line: number, what made it, when, and the day of its data."""
    parts = [str(version.version_id), version.town, describe_making(version)]
    if version.valid_on:
        parts.append(_("RÚIAN as of {day}").format(day=format_day(version.valid_on)))
    n = len(version.sources)
    if n and version.made_by in (IMPORTED, FETCHED):
        parts.append(ngettext("{n} file", "{n} files", n).format(n=format_number(n)))
    return " · ".join(parts)


def describe_making(version: Version) -> str:
    """Return what made a version, when, and the file that brought own areas or residents."""
    made_at = datetime.fromisoformat(version.made_at).astimezone(ZoneInfo("Europe/Prague"))
    day = f"{format_day(made_at)} {made_at:%H:%M}"
    texts = {
        BUNDLED: _("bundled, put in {day}"),
        IMPORTED: _("imported {day}"),
        FETCHED: _("fetched {day}"),
        OWN_AREAS: _("own areas brought {day}"),
        JOINED_RESIDENTS: _("residents joined {day}"),
        REMADE: _("streets made anew {day}"),
        REPAIRED: _("repaired {day}"),
        EDITED: _("edited in another program, kept {day}"),
        DAMAGED: _("damaged, cannot be read, of {day}"),
    }
    text = texts.get(version.made_by, f"{version.made_by} {{day}}").format(day=day)
    if version.made_by in (OWN_AREAS, JOINED_RESIDENTS) and version.sources:
        text += f" ({version.sources[-1].name})"
    return text


def _read(path: Path) -> dict[str, gpd.GeoDataFrame]:
    frames, problems = read_leniently(path)
    if problems:
        raise SourceError(f"{path}: {problems[0].text}")
    layers = {}
    for kind, frame in frames.items():
        if kind not in AREA_LAYERS and kind not in _POINT_CODES:
            continue
        placed = place_frame(frame, kind)
        if placed.frame is None:
            raise SourceError(f"{path}, {kind}: {placed.problems[0].text}")
        layers[kind] = placed.frame
    return layers


def _table(frame: gpd.GeoDataFrame | None) -> pd.DataFrame:
    """Return name, label, length and polygon of each area by its id, sorted."""
    if frame is None:
        return pd.DataFrame(
            {"name": [], "label": [], "length": [], "shape": []}, index=pd.Index([], dtype=object)
        )
    lengths = frame[schema.LENGTH_M] if schema.LENGTH_M in frame.columns else np.nan
    flat = shapely.force_2d(np.asarray(frame.geometry.array, dtype=object))
    table = pd.DataFrame(
        {
            "name": texts_of(frame, schema.NAME),
            "label": area_labels(frame),
            "length": np.asarray(lengths, dtype=np.float64),
            "shape": make_untangled_valid(flat),
        },
        index=pd.Index(texts_of(frame, schema.AREA_ID), dtype=object),
    ).sort_index()
    return table[~table.index.duplicated()]


def _changed(before: pd.DataFrame, after: pd.DataFrame) -> tuple[ShapeChange, ...]:
    old, new = (table["shape"].to_numpy(dtype=object) for table in (before, after))
    there = ~(shapely.is_missing(old) | shapely.is_missing(new))
    differ = np.flatnonzero(there & ~shapely.equals_exact(old, new, normalize=True))
    more = shapely.difference(new[differ], old[differ])
    less = shapely.difference(old[differ], new[differ])
    real = is_wider(more, NOISE_M) | is_wider(less, NOISE_M)
    changes = [
        ShapeChange(
            str(after.index[row]),
            str(after["label"].iloc[row]),
            float(shapely.area(old[row])),
            float(shapely.area(new[row])),
            float(shapely.area(gained)),
            float(shapely.area(lost)),
            farthest([gained, lost], shapely.boundary(old[row])),
        )
        for row, gained, lost in zip(differ[real], more[real], less[real], strict=True)
    ]
    return tuple(sorted(changes, key=lambda c: (-c.gained_m2 - c.lost_m2, c.area_id)))


def _same_ground(gone: pd.DataFrame, added: pd.DataFrame) -> tuple[tuple[str, str], ...]:
    if gone.empty or added.empty:
        return ()
    old, new = (table["shape"].to_numpy(dtype=object) for table in (gone, added))
    was, now = shapely.STRtree(new).query(old, predicate="intersects")
    common = shapely.area(shapely.intersection(old[was], new[now]))
    larger = np.maximum(shapely.area(old[was]), shapely.area(new[now]))
    same = common > SAME_GROUND * larger
    return tuple(
        (str(gone.index[i]), str(added.index[j])) for i, j in zip(was[same], now[same], strict=True)
    )


def _say(difference: LayerDifference) -> Iterator[str]:
    yield _say_count(difference)
    if difference.is_same:
        return
    for names, text in (
        (difference.new, _("new: {names}")),
        (difference.gone, _("gone: {names}")),
        (
            [_("{old} is now {new}").format(old=was, new=now) for was, now in difference.renamed],
            _("renamed: {names}"),
        ),
        (
            [_("{old} is now {new}").format(old=w, new=n) for w, n in difference.renumbered],
            _("other id, same ground, so series of counts break: {names}"),
        ),
    ):
        if names:
            yield text.format(names=enumerate_few(names))
    if difference.changed:
        yield _say_changed(difference.changed)
        yield from (_say_change(change) for change in difference.changed[:_SHOWN])
    yield from difference.facts.lines()


def _say_count(difference: LayerDifference) -> str:
    values = {
        "before": format_number(difference.n_before),
        "after": format_number(difference.n_after),
    }
    before, after = difference.length_before_m, difference.length_after_m
    if difference.is_same:
        return ngettext(
            "{after} area as before, nothing is different",
            "{after} areas as before, nothing is different",
            difference.n_after,
        ).format(**values)
    text = _("{before} → {after} areas").format(**values)
    if before is None or after is None:
        return text
    lengths = _("{before} → {after} km of axis").format(
        before=format_number(before / 1000, digits=2), after=format_number(after / 1000, digits=2)
    )
    return f"{text}; {lengths}"


def _say_changed(changed: tuple[ShapeChange, ...]) -> str:
    return ngettext(
        "{n} area has another border, {total} of ground changed",
        "{n} areas have other borders, {total} of ground changed",
        len(changed),
    ).format(
        n=format_number(len(changed)),
        total=area_text(max(sum(c.gained_m2 for c in changed), sum(c.lost_m2 for c in changed))),
    )


def _say_change(change: ShapeChange) -> str:
    by = change.after_m2 - change.before_m2
    share = format_share(by / change.before_m2, digits=1) if change.before_m2 else "–"
    return _("{name}: {before} → {after} ({share}), border moved by up to {moved} m").format(
        name=change.name,
        before=area_text(change.before_m2),
        after=area_text(change.after_m2),
        share=share,
        moved=format_number(change.moved_m, digits=0 if change.moved_m >= _WHOLE_FROM_M else 1),
    )
