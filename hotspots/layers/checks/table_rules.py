"""Rules about what stands beside a layer's polygons: columns, ids, names, numbers, residents."""

from collections.abc import Generator, Iterator, Mapping
from typing import Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from hotspots import schema
from hotspots.i18n import _, format_number, format_share, ngettext
from hotspots.layers.check import area_columns
from hotspots.layers.checks.problems import (
    ERROR,
    MEASURES,
    NOTE,
    WARNING,
    Problem,
    about,
    area_labels,
    enumerate_few,
    first_few,
    texts_of,
)

# `area_km2` is rounded to 1 m²; more than this share or 2 m² is another polygon's area.
AREA_SHARE: Final = 1e-3
AREA_KM2: Final = 2e-6
# People move: sums of one year may differ by those without a district, of two years by more.
SAME_YEAR_SHARE: Final = 0.01
OTHER_YEAR_SHARE: Final = 0.05

_NUMBERS: Final = (
    schema.RESIDENTS,
    schema.RESIDENTS_YEAR,
    schema.AREA_KM2,
    schema.LENGTH_M,
    schema.PRECISION_M,
)
# Rates are asked for by these; of the others it is only good to know that there is no rate.
_RATED: Final = (schema.MUNICIPALITY, schema.DISTRICT, schema.TOWN_PART)
_STREETS: Final = (schema.STREET, schema.SEGMENT)

_Mask = npt.NDArray[np.bool_]


def check_table(frame: gpd.GeoDataFrame, layer: str) -> Generator[Problem, None, bool]:
    """Yield what is wrong with the columns of one area layer.

    Parameters
    ----------
    frame
        Areas as their layer has them. Not modified.
    layer
        One of `schema.AREA_KINDS`.

    Yields
    ------
    problem

    Returns
    -------
    complete
        Whether all columns are there.
    """
    # Reading fills segment numbers in.
    needed = [name for name in area_columns(layer) if name != schema.SEGMENT_NUMBER]
    missing = [name for name in needed if name not in frame.columns]
    if missing:
        yield _columns_missing(layer, missing)
    yield from _ids(frame, layer)
    yield from _names(frame, layer)
    yield from _kinds(frame, layer)
    sound = yield from _numbers(frame, layer)
    if schema.RESIDENTS in sound and layer not in _STREETS:
        yield from _residents(frame, layer)
        if schema.RESIDENTS_YEAR in sound:
            yield from _years(frame, layer)
    return not missing


def check_columns(
    frame: gpd.GeoDataFrame, layer: str, columns: tuple[str, ...]
) -> Generator[Problem, None, bool]:
    """Yield that a layer of lines or points lacks columns; return whether it has them all."""
    missing = [name for name in columns if name not in frame.columns]
    if missing:
        yield _columns_missing(layer, missing)
    return not missing


def check_measures(frame: gpd.GeoDataFrame, layer: str) -> Iterator[Problem]:
    """Yield areas whose `area_km2` is not that of their polygon.

    Parameters
    ----------
    frame
        Areas in EPSG:5514. Not modified.
    layer
        One of `schema.AREA_KINDS`.

    Yields
    ------
    problem
    """
    differs = differing_areas(frame)
    if differs.any():
        yield about(
            "area_differs",
            WARNING,
            layer,
            area_labels(frame)[differs],
            ngettext(
                "{n} area has another area_km2 than its polygon, so its density is wrong: {names}",
                "{n} areas have another area_km2 than their polygons, so densities are wrong: "
                "{names}",
                int(differs.sum()),
            ),
            _(
                "let the program measure them anew (hotspots layers check --repair), or in QGIS: "
                "Field Calculator, $area / 1000000"
            ),
            MEASURES,
        )


def differing_areas(frame: gpd.GeoDataFrame) -> _Mask:
    """Return which valid polygons have another area than their `area_km2`, shape (n,)."""
    none = np.zeros(len(frame), dtype=bool)
    if schema.AREA_KM2 not in frame.columns:
        return none
    if not pd.api.types.is_numeric_dtype(frame[schema.AREA_KM2]):
        return none
    shapes = np.asarray(frame.geometry.array, dtype=object)
    real = shapely.area(shapes) / 1e6
    stated = frame[schema.AREA_KM2].to_numpy(dtype=np.float64)
    off = ~(np.abs(stated - real) <= np.maximum(AREA_KM2, AREA_SHARE * real))
    return np.asarray(off & shapely.is_valid(shapes) & (real > 0), dtype=bool)


def compare_residents(frames: Mapping[str, gpd.GeoDataFrame]) -> Iterator[Problem]:
    """Yield where residents of districts or town parts do not add up to the municipality's.

    Parameters
    ----------
    frames
        Layer → its frame. Not modified.

    Yields
    ------
    problem
    """
    town = frames.get(schema.MUNICIPALITY)
    if town is None or schema.RESIDENTS not in town.columns:
        return
    whole = _sum(town)
    for layer in (schema.DISTRICT, schema.TOWN_PART):
        frame = frames.get(layer)
        if frame is None or schema.RESIDENTS not in frame.columns or not whole > 0:
            continue
        parts = _sum(frame)
        own_years, years = _years_of(frame), _years_of(town)
        allowed = SAME_YEAR_SHARE if own_years == years else OTHER_YEAR_SHARE
        if parts != parts or abs(parts - whole) <= allowed * whole:
            continue
        yield Problem(
            "residents_sum",
            WARNING,
            layer,
            len(frame),
            (),
            _(
                "residents add up to {parts} ({years}), but the town has {whole} ({town_years}), "
                "{share} apart"
            ).format(
                parts=format_number(parts),
                years=_say_years(own_years),
                whole=format_number(whole),
                town_years=_say_years(years),
                share=format_share(abs(parts - whole) / whole, digits=1),
            ),
            _one_year(own_years, years),
        )


def _one_year(own_years: tuple[int, ...], years: tuple[int, ...]) -> str:
    """Return how to bring residents of one year, which may take the municipality's row only."""
    if len(own_years) == 1 and own_years != years:
        return _(
            "import a table with one row, the residents of the municipality in {year}: hotspots "
            "layers import FILE --as {kind} --year {year}"
        ).format(kind=schema.MUNICIPALITY, year=own_years[0])
    return _(
        "import residents of one year, a table for each kind: hotspots layers import FILE --as "
        "KIND --year 2021"
    )


def _columns_missing(layer: str, missing: list[str]) -> Problem:
    return Problem(
        "columns_missing",
        ERROR,
        layer,
        len(missing),
        first_few(missing),
        ngettext(
            "the layer lacks the column {names}",
            "the layer lacks the columns {names}",
            len(missing),
        ).format(names=", ".join(missing)),
        _("import the layer anew: hotspots layers import FILE"),
    )


def _ids(frame: gpd.GeoDataFrame, layer: str) -> Iterator[Problem]:
    if schema.AREA_ID not in frame.columns:
        return
    ids = texts_of(frame, schema.AREA_ID)
    empty = ids == ""
    if empty.any():
        yield about(
            "empty_id",
            ERROR,
            layer,
            area_labels(frame)[empty],
            ngettext(
                "{n} area has no area_id: {names}",
                "{n} areas have no area_id: {names}",
                int(empty.sum()),
            ),
            _("give each its own, in QGIS: open the attribute table and edit area_id"),
        )
    shapes = pd.Series(shapely.to_wkb(shapely.normalize(np.asarray(frame.geometry.array, object))))
    # The same area drawn twice is another problem, with another cure.
    different = ~pd.DataFrame({"id": ids, "shape": shapes}).duplicated().to_numpy()
    twice = pd.Series(ids[different & ~empty])
    twice = twice[twice.duplicated()].drop_duplicates()
    if len(twice):
        yield about(
            "duplicate_id",
            ERROR,
            layer,
            twice,
            ngettext(
                "{n} area_id belongs to several different areas: {names}",
                "{n} area_id belong to several different areas each: {names}",
                len(twice),
            ),
            _(
                "look which area has the id by right and give the others their own, in QGIS: "
                "attribute table; parts of one area: Processing > Dissolve by area_id"
            ),
        )


def _names(frame: gpd.GeoDataFrame, layer: str) -> Iterator[Problem]:
    if schema.NAME not in frame.columns:
        return
    names = texts_of(frame, schema.NAME)
    ids = texts_of(frame, schema.AREA_ID)
    empty = names == ""
    if empty.any():
        yield about(
            "empty_name",
            WARNING,
            layer,
            area_labels(frame)[empty],
            ngettext(
                "{n} area has no name: {names}", "{n} areas have no name: {names}", int(empty.sum())
            ),
            _("give it one, in QGIS: open the attribute table and edit name"),
        )
    if layer == schema.SEGMENT:  # named after their street
        return
    known = pd.DataFrame({"id": ids, "name": names})[~empty].drop_duplicates()
    twice = known["name"][known["name"].duplicated() & ~known["id"].duplicated()]
    twice = twice.drop_duplicates()
    if len(twice):
        yield about(
            "duplicate_name",
            NOTE if layer == schema.STREET else WARNING,
            layer,
            twice,
            ngettext(
                "{n} name is borne by several areas: {names}",
                "{n} names are borne by several areas each: {names}",
                len(twice),
            ),
            _(
                "lists cannot tell them apart; add what does, such as the town part, in QGIS: "
                "attribute table, column name"
            ),
        )


def _kinds(frame: gpd.GeoDataFrame, layer: str) -> Iterator[Problem]:
    if schema.KIND not in frame.columns:
        return
    kinds = texts_of(frame, schema.KIND)
    odd = kinds != layer
    if odd.any():
        yield Problem(
            "wrong_kind",
            ERROR,
            layer,
            int(odd.sum()),
            first_few(area_labels(frame)[odd]),
            _("the layer must hold areas of kind {kind} only, but holds {names}").format(
                kind=layer, names=enumerate_few(sorted({kind or "–" for kind in kinds[odd]}))
            ),
            _("set the column kind to {kind}, in QGIS: Field Calculator").format(kind=layer),
        )


def _numbers(frame: gpd.GeoDataFrame, layer: str) -> Generator[Problem, None, frozenset[str]]:
    """Yield columns that do not hold numbers of at least zero; return those that do."""
    sound = set()
    wrong = []
    for column in _NUMBERS:
        if column not in frame.columns:
            continue
        values = frame[column]
        numeric = pd.api.types.is_numeric_dtype(values) or values.isna().all()
        if not numeric or (values.astype(float) < 0).any():
            wrong.append(column)
        else:
            sound.add(column)
    if wrong:
        yield Problem(
            "wrong_numbers",
            ERROR,
            layer,
            len(wrong),
            first_few(wrong),
            ngettext(
                "the column {names} must hold numbers of at least zero",
                "the columns {names} must hold numbers of at least zero",
                len(wrong),
            ).format(names=", ".join(wrong)),
            _("correct the values in QGIS, or empty them where nothing is known"),
        )
    return frozenset(sound)


def _residents(frame: gpd.GeoDataFrame, layer: str) -> Iterator[Problem]:
    unknown = frame[schema.RESIDENTS].isna().to_numpy(dtype=bool)
    if not unknown.any():
        return
    n = int(unknown.sum())
    yield Problem(
        "residents_missing",
        WARNING if layer in _RATED else NOTE,
        layer,
        n,
        first_few(area_labels(frame)[unknown]),
        ngettext(
            "residents are not known in {n} of {total} area, so it has no rate: {names}",
            "residents are not known in {n} of {total} areas, so these have no rate: {names}",
            len(frame),
        ).format(
            n=format_number(n),
            total=format_number(len(frame)),
            names=enumerate_few(area_labels(frame)[unknown]),
        ),
        _(
            "import a table of residents by code: hotspots layers import FILE --as {kind} "
            "--year 2021"
        ).format(kind=layer),
    )


def _years(frame: gpd.GeoDataFrame, layer: str) -> Iterator[Problem]:
    known = frame[schema.RESIDENTS].notna().to_numpy(dtype=bool)
    dateless = known & frame[schema.RESIDENTS_YEAR].isna().to_numpy(dtype=bool)
    if dateless.any():
        yield about(
            "residents_year_missing",
            WARNING,
            layer,
            area_labels(frame)[dateless],
            ngettext(
                "{n} area has residents without the year they were counted: {names}",
                "{n} areas have residents without the year they were counted: {names}",
                int(dateless.sum()),
            ),
            _(
                "import the table with its year: hotspots layers import FILE --as {kind} --year "
                "2021"
            ).format(kind=layer),
        )
    years = _years_of(frame)
    if len(years) > 1:
        yield Problem(
            "residents_years",
            WARNING,
            layer,
            len(years),
            (),
            _("residents are of different years ({years}), so rates cannot be compared").format(
                years=_say_years(years)
            ),
            _(
                "import residents of one year: hotspots layers import FILE --as {kind} --year 2021"
            ).format(kind=layer),
        )


def _years_of(frame: gpd.GeoDataFrame) -> tuple[int, ...]:
    if schema.RESIDENTS_YEAR not in frame.columns:
        return ()
    years = pd.to_numeric(frame[schema.RESIDENTS_YEAR], errors="coerce")
    known = pd.to_numeric(frame[schema.RESIDENTS], errors="coerce").notna()
    return tuple(sorted({int(year) for year in years[known & years.notna()]}))


def _say_years(years: tuple[int, ...]) -> str:
    return ", ".join(str(year) for year in years) or _("year not known")


def _sum(frame: gpd.GeoDataFrame) -> float:
    """Return the sum of residents; NaN where any is unknown."""
    return float(pd.to_numeric(frame[schema.RESIDENTS], errors="coerce").sum(skipna=False))
