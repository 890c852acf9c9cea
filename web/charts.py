"""Geometry of the pages' small pictures: the town's line over time, and the weekday-hour clock.

Everything is returned as numbers in the units of an SVG view box; the templates draw them.
"""

from dataclasses import dataclass
from math import ceil, floor, log10

import numpy as np
import numpy.typing as npt

from hotspots import schema
from hotspots.analysis.situation import Situation
from hotspots.periods import Period

WIDTH = 320.0
HEIGHT = 150.0
LEFT = 30.0
RIGHT = 6.0
TOP = 8.0
BOTTOM = 20.0
CLASSES = 5
_MIN_TICK_GAP = 34.0


@dataclass(frozen=True)
class Tick:
    """A mark on an axis."""

    at: float
    text: str


@dataclass(frozen=True)
class LineChart:
    """The town's incidents per period.

    Attributes
    ----------
    lines
        SVG paths, one per unbroken stretch of record.
    points
        Periods of record between two missing ones: (x, y).
    missing
        (x, width) of each stretch without record.
    partial
        (x, width) of each stretch with part of the record.
    x_ticks, y_ticks
        First periods of years; round numbers.
    left, step
        Where the first period begins, and the width of one.
    """

    lines: tuple[str, ...]
    points: tuple[tuple[float, float], ...]
    missing: tuple[tuple[float, float], ...]
    partial: tuple[tuple[float, float], ...]
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]
    left: float
    step: float
    width: float = WIDTH
    height: float = HEIGHT
    top: float = TOP
    bottom: float = HEIGHT - BOTTOM
    right: float = WIDTH - RIGHT


def nice_step(top: float) -> float:
    """Return a round step (1, 2, 5 × 10ⁿ, at least 1) that divides `top` into at most four."""
    if top <= 4:
        return 1.0
    raw = top / 4
    power = 10.0 ** floor(log10(raw))
    return next(power * factor for factor in (1, 2, 5, 10) if power * factor >= raw - 1e-9)


def line_chart(situation: Situation) -> LineChart:
    """Lay out the town's incidents per period; a period without record breaks the line."""
    values = situation.town
    record = situation.table.record
    n = max(len(values), 1)
    step = (WIDTH - LEFT - RIGHT) / n
    known = [int(v) for v, state in zip(values, record, strict=True) if state != schema.MISSING]
    tick = nice_step(max([*known, 1]))
    top_value = tick * ceil(max([*known, 1]) / tick)

    def x_at(i: int) -> float:
        return round(LEFT + (i + 0.5) * step, 2)

    def y_at(value: float) -> float:
        return round(TOP + (HEIGHT - BOTTOM - TOP) * (1 - value / top_value), 2)

    lines: list[str] = []
    points: list[tuple[float, float]] = []
    missing: list[tuple[float, float]] = []
    for start, end, is_missing in _stretches([s == schema.MISSING for s in record]):
        if is_missing:
            missing.append((round(LEFT + start * step, 2), round((end - start) * step, 2)))
        elif end - start == 1:
            points.append((x_at(start), y_at(float(values[start]))))
        else:
            path = " L".join(f"{x_at(i)} {y_at(float(values[i]))}" for i in range(start, end))
            lines.append("M" + path)
    partial = tuple(
        (round(LEFT + start * step, 2), round((end - start) * step, 2))
        for start, end, is_partial in _stretches([s == schema.PARTIAL for s in record])
        if is_partial
    )
    ticks = tuple(
        Tick(y_at(value), f"{value:.0f}")
        for value in np.arange(0, top_value + tick / 2, tick).tolist()
    )
    return LineChart(
        lines=tuple(lines),
        points=tuple(points),
        missing=tuple(missing),
        partial=partial,
        x_ticks=_year_ticks(situation.table.periods, step),
        y_ticks=ticks,
        left=LEFT,
        step=round(step, 4),
    )


def _stretches(flags: list[bool]) -> list[tuple[int, int, bool]]:
    """Return (start, end, flag) of each run of equal flags."""
    found: list[tuple[int, int, bool]] = []
    for i, flag in enumerate(flags):
        if found and found[-1][2] == flag:
            found[-1] = (found[-1][0], i + 1, flag)
        else:
            found.append((i, i + 1, flag))
    return found


def _year_ticks(periods: tuple[Period, ...], step: float) -> tuple[Tick, ...]:
    starts: dict[int, int] = {}
    for i, period in enumerate(periods):
        starts.setdefault(period.start.year, i)
    years = list(starts.items())
    if len(years) > 1 and periods[0].start.month > 1:
        years = years[1:]  # a year that begins within the chart is named, a cut one is not
    ticks: list[Tick] = []
    for year, i in years:
        at = round(LEFT + i * step, 2)
        if (not ticks or at - ticks[-1].at >= _MIN_TICK_GAP) and at <= WIDTH - _MIN_TICK_GAP / 2:
            ticks.append(Tick(at, str(year)))
    return tuple(ticks)


def clock_classes(clock: npt.NDArray[np.int64]) -> list[list[int]]:
    """Return the colour class of each weekday and hour: 0 for none, then 1 to 5.

    Classes are equal steps up to the largest count, so a cell of class 5 has at least four
    fifths of it. Shape (7, 24), as `clock`.
    """
    top = int(clock.max()) if clock.size else 0
    if top == 0:
        return [[0] * clock.shape[1] for _row in range(clock.shape[0])]
    classes = np.ceil(clock / top * CLASSES).astype(int)
    return [[int(value) for value in row] for row in classes]
