"""Made-up incidents that behave like a town's, for looking around without real data.

Nothing here happened. Streets are the workspace's; how much falls on which street is drawn at
random from `seed`, so no street is shown as worse than another for any reason. Amounts a year
follow a comparable Czech town (law 251/2016 Sb.: § 5 48, § 7 17, § 8 67, § 4 127 offences).
"""

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from hotspots import layers, offences, schema
from hotspots.errors import ParameterError
from hotspots.i18n import _
from hotspots.periods import Span
from hotspots.sample_intake import (
    DAY,
    EAST,
    GROUP,
    MINUTE,
    NORTH,
    STREET,
    say_places,
    share_events,
)
from hotspots.settings import Workspace

SEED: Final = 20_200_101
SPAN: Final = Span(date(2020, 1, 1), date(2025, 12, 31))
LOCALITY_RADIUS_M: Final = 120.0
_STREET_SCATTER_M: Final = 5.0
_SHARE_OFF_STREET: Final = 0.05
_SHARE_WITHOUT_TIME: Final = 0.06
_SHARE_WITHOUT_POSITION: Final = 0.02
_PARETO_SHAPE: Final = 1.15  # a few streets hold much of everything


@dataclass(frozen=True)
class Stream:
    """One made-up source: who records, since when, and how much of what in a year."""

    source_id: str
    kind: str
    label: str
    record: tuple[Span, ...]
    yearly: dict[str, float]


STREAMS: Final = (
    Stream(
        "sample_police",
        "municipal_police",
        "UKÁZKA – městská policie",
        (
            Span(date(2020, 1, 1), date(2022, 2, 28)),
            Span(date(2022, 6, 1), date(2025, 12, 31)),
        ),
        {
            offences.PUBLIC_ORDER: 48,
            offences.COEXISTENCE: 17,
            offences.PROPERTY: 67,
            offences.ORDINANCE: 127,
            offences.ALCOHOL_DRUGS: 38,
            offences.TRAFFIC: 95,
        },
    ),
    Stream(
        "sample_assistants",
        "apk",
        "UKÁZKA – asistenti prevence kriminality",
        (Span(date(2023, 1, 1), date(2025, 12, 31)),),
        {
            offences.OBSERVATION: 210,
            offences.PUBLIC_ORDER: 22,
            offences.COEXISTENCE: 18,
            offences.ORDINANCE: 20,
            offences.ALCOHOL_DRUGS: 15,
        },
    ),
)
_DETAILS: Final = {
    offences.PUBLIC_ORDER: ("rušení nočního klidu", "znečištění veřejného prostranství", "hluk"),
    offences.COEXISTENCE: ("sousedský spor", "drobné ublížení", "slovní napadení"),
    offences.PROPERTY: ("drobná krádež", "poškození věci", "poškození laviček"),
    offences.ORDINANCE: ("volné pobíhání psa", "pití alkoholu na zakázaném místě", "odpad"),
    offences.ALCOHOL_DRUGS: ("podaná pomoc opilé osobě", "alkohol u mladistvého"),
    offences.TRAFFIC: ("stání na chodníku", "nedovolené parkování", "rychlost"),
    offences.OBSERVATION: (
        "nepořádek u kontejnerů",
        "nefunkční osvětlení",
        "nalezená injekční stříkačka",
        "pomoc občanovi",
        "předaná rada",
    ),
}
# Relative amounts by month; warm evenings bring people out.
_SUMMER: Final = (0.7, 0.7, 0.85, 1.0, 1.2, 1.45, 1.55, 1.5, 1.15, 0.95, 0.75, 0.8)
_EVEN: Final = (0.95, 0.95, 1.0, 1.0, 1.05, 1.0, 0.95, 0.95, 1.05, 1.05, 1.05, 1.0)
_SEASONAL: Final = frozenset({offences.PUBLIC_ORDER, offences.COEXISTENCE, offences.ALCOHOL_DRUGS})
_WEEKEND_HEAVY: Final = (0.8, 0.8, 0.85, 0.95, 1.35, 1.5, 1.0)  # Monday first
_OFFICE_DAYS: Final = (1.2, 1.2, 1.2, 1.2, 1.2, 0.6, 0.4)
_COLUMNS: Final = {
    schema.SOURCE_REF: "cislo",
    "date": "datum",
    "time": "cas",
    schema.X: "x",
    schema.Y: "y",
    schema.OFFENCE: "druh",
    schema.OFFENCE_DETAIL: "popis",
    schema.PLACE_TEXT: "misto",
    schema.NOTE: "poznamka",
}
FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class SampleFile:
    """A written CSV file and its column mapping."""

    data: Path
    mapping: Path


def write_sample(
    workspace: Workspace, directory: Path, *, locality: shapely.Polygon, seed: int = SEED
) -> list[SampleFile]:
    """Write one CSV file and one mapping per made-up source into `directory`.

    Parameters
    ----------
    workspace
        Whose streets the incidents fall on.
    directory
        Must exist; files of the same names are replaced.
    locality
        Where some of the incidents off the streets fall; EPSG:5514.
    seed
        Same seed, same files.

    Returns
    -------
    files
        In the order of `STREAMS`.
    """
    axes = layers.read_axes(workspace, schema.STREET)
    streets = layers.read_areas(workspace, schema.STREET)
    names = dict(zip(streets[schema.AREA_ID], streets[schema.NAME], strict=True))
    if axes is None or axes.empty:
        raise ParameterError(_("the workspace has no street axes to place sample incidents on"))
    rng = np.random.default_rng(seed)
    weights = street_weights(axes, rng=rng)
    police, assistants = (
        draw_incidents(stream, axes, weights=weights, locality=locality, rng=rng)
        for stream in STREAMS
    )
    police = share_events(assistants, police, rng=rng)
    area_ids = axes[schema.AREA_ID].to_numpy()
    street_names = [names.get(area_id, "") for area_id in area_ids]
    written = []
    for stream, table in zip(STREAMS, (police, assistants), strict=True):
        data = directory / f"{stream.source_id}.csv"
        frame = write_down(table, street_names, rng=rng)
        frame.to_csv(data, sep=";", index=False, encoding="utf-8-sig", lineterminator="\r\n")
        mapping = data.with_suffix(".toml")
        mapping.write_text(mapping_text(stream), encoding="utf-8")
        written.append(SampleFile(data, mapping))
    return written


def street_weights(axes: gpd.GeoDataFrame, *, rng: np.random.Generator) -> FloatArray:
    """Return how much falls on each street, summing to 1: heavy-tailed, more on longer ones.

    Shape (n,), in the order of `axes`.
    """
    length = np.maximum(shapely.length(axes.geometry.to_numpy()), 20.0)
    heat = 1.0 + rng.pareto(_PARETO_SHAPE, size=len(axes))
    weights = length**0.8 * np.minimum(heat, 40.0)
    return np.asarray(weights / weights.sum(), dtype=np.float64)


def draw_incidents(
    stream: Stream,
    axes: gpd.GeoDataFrame,
    *,
    weights: FloatArray,
    locality: shapely.Polygon,
    rng: np.random.Generator,
) -> pd.DataFrame:
    """Return the made-up incidents of one source as a working table.

    Parameters
    ----------
    stream
        The source.
    axes
        Streets (`area_id`, lines or points), EPSG:5514. Not modified.
    weights
        From `street_weights`.
    locality
        EPSG:5514.
    rng
        Where chance comes from; the same state gives the same table.

    Returns
    -------
    incidents
        Day, minute of the day (−1 where unknown), offence group, x and y (EPSG:5514 [m], NaN
        where unknown), row of the street in `axes`; only days with record.
    """
    days = _recorded_days(stream.record)
    parts = []
    for group, yearly in stream.yearly.items():
        chance = _day_weights(days, group)
        n = int(rng.poisson(yearly * len(days) / 365.25))
        day = rng.choice(days, size=n, p=chance / chance.sum())
        parts.append(pd.DataFrame({DAY: day, GROUP: group}))
    table = pd.concat(parts, ignore_index=True)
    n = len(table)
    weekend = pd.DatetimeIndex(table[DAY]).day_of_week.to_numpy() >= 4
    hour = np.array(
        [
            _hour(str(group), late=bool(late), rng=rng)
            for group, late in zip(table[GROUP], weekend, strict=True)
        ]
    )
    minute = rng.integers(0, 12, size=n) * 5
    street = rng.choice(len(axes), size=n, p=weights)
    x, y = _positions(axes, street, locality=locality, rng=rng)
    known_time = rng.random(n) >= _SHARE_WITHOUT_TIME
    placed = rng.random(n) >= _SHARE_WITHOUT_POSITION
    table[MINUTE] = np.where(known_time, hour * 60 + minute, -1)
    table[EAST] = np.where(placed, x, np.nan)
    table[NORTH] = np.where(placed, y, np.nan)
    table[STREET] = street
    return table


def write_down(
    table: pd.DataFrame, street_names: list[str], *, rng: np.random.Generator
) -> pd.DataFrame:
    """Return a working table as the text columns of a file, numbered in order of time.

    Parameters
    ----------
    table
        From `draw_incidents`. Not modified.
    street_names
        Name of each street by its row.
    rng
        Where chance comes from.
    """
    table = table.sort_values([DAY, MINUTE], kind="stable", ignore_index=True)
    n = len(table)
    detail = [
        _DETAILS[group][int(pick * len(_DETAILS[group]))]
        for group, pick in zip(table[GROUP], rng.random(n), strict=True)
    ]
    named = [street_names[row] for row in table[STREET].tolist()]
    return pd.DataFrame(
        {
            _COLUMNS[schema.SOURCE_REF]: [f"UKAZKA-{i:05d}" for i in range(1, n + 1)],
            _COLUMNS["date"]: pd.DatetimeIndex(table[DAY]).strftime("%d.%m.%Y"),
            _COLUMNS["time"]: [
                "" if minute < 0 else f"{minute // 60:02d}:{minute % 60:02d}"
                for minute in table[MINUTE].tolist()
            ],
            _COLUMNS[schema.X]: [f"{x:.1f}" if x == x else "" for x in table[EAST].tolist()],
            _COLUMNS[schema.Y]: [f"{y:.1f}" if y == y else "" for y in table[NORTH].tolist()],
            _COLUMNS[schema.OFFENCE]: table[GROUP],
            _COLUMNS[schema.OFFENCE_DETAIL]: detail,
            _COLUMNS[schema.PLACE_TEXT]: say_places(named, table[EAST].notna().to_numpy(), rng=rng),
            _COLUMNS[schema.NOTE]: "vymyšlená událost",
        }
    )


def mapping_text(stream: Stream) -> str:
    """Return the column mapping of a made-up source as TOML."""
    columns = "\n".join(f'{field} = "{column}"' for field, column in _COLUMNS.items())
    spans = ", ".join(f'"{span}"' for span in stream.record)
    return (
        "# Ukázková data: události jsou vymyšlené. Sample data: the incidents are made up.\n"
        f'source = "{stream.source_id}"\n'
        f'kind = "{stream.kind}"\n'
        f'label = "{stream.label}"\n'
        f'citation = "{stream.label} (vymyšlené události)"\n\n'
        '[file]\ndelimiter = ";"\nencoding = "utf-8"\n\n'
        f"[columns]\n{columns}\n\n"
        '[values]\ncrs = "EPSG:5514"\n\n'
        f"[record]\nspans = [{spans}]\n"
    )


def _recorded_days(record: tuple[Span, ...]) -> npt.NDArray[np.datetime64]:
    days = [
        np.arange(np.datetime64(span.start), np.datetime64(span.end) + np.timedelta64(1, "D"))
        for span in record
    ]
    return np.concatenate(days)


def _day_weights(days: npt.NDArray[np.datetime64], group: str) -> FloatArray:
    index = pd.DatetimeIndex(days)
    month = np.array(_SUMMER if group in _SEASONAL else _EVEN)[index.month.to_numpy() - 1]
    by_weekday = (
        _OFFICE_DAYS if group in {offences.TRAFFIC, offences.OBSERVATION} else (_WEEKEND_HEAVY)
    )
    weekday = np.array(by_weekday)[index.day_of_week.to_numpy()]
    return np.asarray(month * weekday, dtype=np.float64)


def _hour(group: str, *, late: bool, rng: np.random.Generator) -> int:
    """Draw an hour: evenings and nights for disorder, working hours for the rest."""
    if group in {offences.TRAFFIC, offences.OBSERVATION}:
        return int(np.clip(rng.normal(12.5, 3.2), 6, 21))
    if group == offences.PROPERTY:
        return int(rng.normal(15.0, 4.5)) % 24
    if group == offences.ORDINANCE:
        return int(np.clip(rng.normal(15.5, 3.8), 5, 23))
    return int(rng.normal(23.0 if late else 20.5, 2.6 if late else 3.2)) % 24


def _positions(
    axes: gpd.GeoDataFrame,
    street: npt.NDArray[np.int64],
    *,
    locality: shapely.Polygon,
    rng: np.random.Generator,
) -> tuple[FloatArray, FloatArray]:
    """Return points beside their streets, a few of them off all streets in the locality."""
    n = len(street)
    points = _along(axes.geometry.to_numpy()[street], rng.beta(0.8, 0.8, size=n))
    x = shapely.get_x(points) + rng.normal(0, _STREET_SCATTER_M, size=n)
    y = shapely.get_y(points) + rng.normal(0, _STREET_SCATTER_M, size=n)
    off = rng.random(n) < _SHARE_OFF_STREET
    centre = shapely.centroid(locality)
    angle = rng.uniform(0, 2 * np.pi, size=n)
    radius = LOCALITY_RADIUS_M * 0.9 * np.sqrt(rng.random(n))
    x = np.where(off, centre.x + radius * np.cos(angle), x)
    y = np.where(off, centre.y + radius * np.sin(angle), y)
    return np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)


def _along(shapes: npt.NDArray[np.object_], share: FloatArray) -> npt.NDArray[np.object_]:
    """Return the point at `share` of each line; of several lines the one `share` falls in."""
    points = np.empty(len(shapes), dtype=object)
    for i, (shape, part) in enumerate(zip(shapes, share.tolist(), strict=True)):
        if shape.geom_type == "Point":
            points[i] = shape
            continue
        pieces = list(getattr(shape, "geoms", [shape]))
        at = part * shape.length
        for piece in pieces:
            if piece.geom_type == "Point":
                points[i] = piece
            elif at <= piece.length or piece is pieces[-1]:
                points[i] = piece.interpolate(at)
                break
            else:
                at -= piece.length
    return points
