"""What two versions of a layer differ in besides polygons: residents, origin, points."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from hotspots import schema
from hotspots.i18n import _, format_number, ngettext
from hotspots.layers.checks.coverage_faults import NOISE_M
from hotspots.layers.checks.problems import enumerate_few, texts_of

_NUMBERS: Final = (schema.RESIDENTS, schema.RESIDENTS_YEAR, schema.PRECISION_M)


@dataclass(frozen=True)
class AreaFacts:
    """What the areas of a layer say besides their polygons, summed up.

    Attributes
    ----------
    residents
        Sum of those known; None where none are.
    years
        In which they were counted.
    n_derived
        How many areas are made by estimate.
    precision_m
        How far an edge may be off at most [m]; None where nobody knows.
    sources
        Who the geometry comes from.
    """

    residents: float | None
    years: tuple[int, ...]
    n_derived: int
    precision_m: float | None
    sources: tuple[str, ...]


@dataclass(frozen=True)
class FactChange:
    """What areas said and say besides their polygons.

    Attributes
    ----------
    before, after
        Of all areas of either version.
    n_residents
        Areas of both versions with another number of residents or another year.
    n_origin
        Areas of both versions with another source or precision, or derived in one only.
    """

    before: AreaFacts
    after: AreaFacts
    n_residents: int
    n_origin: int

    @property
    def is_same(self) -> bool:
        """Whether nothing is different in areas that both versions have."""
        return not (self.n_residents or self.n_origin)

    def lines(self) -> Iterator[str]:
        """Yield the difference in words."""
        before, after = self.before, self.after
        if self.n_residents or (before.residents, before.years) != (after.residents, after.years):
            text = _("residents: {before} → {after}").format(
                before=_say_residents(before), after=_say_residents(after)
            )
            others = ngettext(
                "{n} area has another number or year",
                "{n} areas have another number or year",
                self.n_residents,
            ).format(n=format_number(self.n_residents))
            yield f"{text}; {others}" if self.n_residents else text
        if self.n_origin:
            yield ngettext(
                "{n} area has another origin or precision: {before} → {after}",
                "{n} areas have another origin or precision: {before} → {after}",
                self.n_origin,
            ).format(
                n=format_number(self.n_origin), before=_say_origin(before), after=_say_origin(after)
            )


@dataclass(frozen=True)
class PointDifference:
    """What is different in a layer of addresses or buildings.

    Attributes
    ----------
    kind
        GeoPackage layer.
    n_before, n_after
        How many points.
    n_new, n_gone
        Codes that only one version has.
    n_moved
        Codes of both versions with another position, or with one in one version only.
    """

    kind: str
    n_before: int
    n_after: int
    n_new: int
    n_gone: int
    n_moved: int

    @property
    def is_same(self) -> bool:
        """Whether nothing is different."""
        return not (self.n_new or self.n_gone or self.n_moved)

    def lines(self) -> tuple[str, ...]:
        """Return the difference in words, in the language in force."""
        after = format_number(self.n_after)
        if self.is_same:
            return (
                ngettext(
                    "{after} point as before, nothing is different",
                    "{after} points as before, nothing is different",
                    self.n_after,
                ).format(after=after),
            )
        return (
            _("{before} → {after} points: {new} new, {gone} gone, {moved} moved").format(
                before=format_number(self.n_before),
                after=after,
                new=format_number(self.n_new),
                gone=format_number(self.n_gone),
                moved=format_number(self.n_moved),
            ),
        )


def compare_facts(old: gpd.GeoDataFrame | None, new: gpd.GeoDataFrame | None) -> FactChange:
    """Return what areas of two frames of one kind say differently besides their polygons.

    Parameters
    ----------
    old, new
        Area frames; None where there are none. A column may be missing. Not modified.

    Returns
    -------
    change
    """
    before, after = _facts(old), _facts(new)
    kept = before.index.intersection(after.index)
    was, now = before.loc[kept], after.loc[kept]
    return FactChange(
        _sum_up(before),
        _sum_up(after),
        _n_different(was, now, (schema.RESIDENTS, schema.RESIDENTS_YEAR)),
        _n_different(was, now, (schema.DERIVED, schema.PRECISION_M, schema.LAYER_SOURCE)),
    )


def compare_points(
    old: gpd.GeoDataFrame | None, new: gpd.GeoDataFrame | None, kind: str, *, code: str
) -> PointDifference:
    """Return what is different between two layers of points.

    Parameters
    ----------
    old, new
        Points in EPSG:5514, some perhaps without position; None where there are none. Not
        modified.
    kind
        GeoPackage layer.
    code
        Column that tells points apart.

    Returns
    -------
    difference
    """
    before, after = _positions(old, code), _positions(new, code)
    kept = before.index.intersection(after.index)
    was = before.loc[kept].to_numpy(dtype=object)
    now = after.loc[kept].to_numpy(dtype=object)
    placed = ~shapely.is_missing(was), ~shapely.is_missing(now)
    moved = (placed[0] != placed[1]) | (
        placed[0] & placed[1] & (shapely.distance(was, now) > NOISE_M)
    )
    return PointDifference(
        kind,
        len(before),
        len(after),
        len(after.index.difference(before.index)),
        len(before.index.difference(after.index)),
        int(moved.sum()),
    )


def _facts(frame: gpd.GeoDataFrame | None) -> pd.DataFrame:
    """Return what each area says, by its id; a text or number that is missing is "" or NaN."""
    if frame is None:
        return _facts(gpd.GeoDataFrame({schema.AREA_ID: []}, geometry=[]))
    ids = texts_of(frame, schema.AREA_ID)
    table = pd.DataFrame(index=pd.Index(ids, dtype=object))
    for column in _NUMBERS:
        values = frame[column] if column in frame.columns else np.nan
        numbers = pd.to_numeric(pd.Series(np.broadcast_to(values, len(ids))), errors="coerce")
        table[column] = numbers.to_numpy(dtype=np.float64)
    derived = texts_of(frame, schema.DERIVED)
    table[schema.DERIVED] = [text.casefold() in {"true", "1", "1.0"} for text in derived]
    table[schema.LAYER_SOURCE] = texts_of(frame, schema.LAYER_SOURCE)
    return table[~table.index.duplicated()].sort_index()


def _sum_up(table: pd.DataFrame) -> AreaFacts:
    known = table[schema.RESIDENTS].dropna()
    years = table.loc[known.index, schema.RESIDENTS_YEAR].dropna()
    precision = table[schema.PRECISION_M].dropna()
    return AreaFacts(
        float(known.sum()) if len(known) else None,
        tuple(sorted({int(year) for year in years})),
        int(table[schema.DERIVED].sum()),
        float(precision.max()) if len(precision) else None,
        tuple(sorted(set(table[schema.LAYER_SOURCE]) - {""})),
    )


def _n_different(was: pd.DataFrame, now: pd.DataFrame, columns: tuple[str, ...]) -> int:
    different = np.zeros(len(was), dtype=bool)
    for column in columns:
        old, new = was[column], now[column]
        both_missing = (old.isna() & new.isna()).to_numpy()
        different |= (old != new).to_numpy(dtype=bool) & ~both_missing
    return int(different.sum())


def _positions(frame: gpd.GeoDataFrame | None, code: str) -> "pd.Series[Any]":
    if frame is None:
        return _positions(gpd.GeoDataFrame({code: []}, geometry=[]), code)
    shapes = np.array(frame.geometry.array, dtype=object)
    shapes[shapely.is_empty(shapes)] = None
    codes = pd.Index(texts_of(frame, code), dtype=object)
    points: pd.Series[Any] = pd.Series(shapes, index=codes, dtype=object)
    return points[~points.index.duplicated()].sort_index()


def _say_residents(facts: AreaFacts) -> str:
    if facts.residents is None:
        return _("unknown")
    number = format_number(facts.residents)
    if not facts.years:
        return number
    years = dict.fromkeys((facts.years[0], facts.years[-1]))
    return f"{number} ({'–'.join(map(str, years))})"


def _say_origin(facts: AreaFacts) -> str:
    # Of the town's own areas a layer keeps the file's name or a mark, in no language.
    named = {"example": _("example, no real locality")}
    sources = [named.get(source, source.removeprefix("drawn:")) for source in facts.sources]
    said = [enumerate_few(sources)] if sources else []
    if facts.n_derived:
        said.append(_("approximate"))
    if facts.precision_m is not None:
        said.append(_("edges off by up to {m} m").format(m=format_number(facts.precision_m)))
    return ", ".join(said) or "–"
