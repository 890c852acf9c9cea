"""Geometry of the overview's chart: a bar for each published year, then for quarters."""

from dataclasses import dataclass
from math import ceil

from hotspots import schema
from hotspots.analysis.overview import Number, Overview
from hotspots.analysis.overview_tables import GOAL
from hotspots.analysis.overview_words import number_text
from hotspots.i18n import _
from hotspots.offences import COEXISTENCE, PUBLIC_ORDER
from hotspots.privacy import SHOWN, SMALL
from web.charts import Tick, nice_step

WIDTH = 1000.0
HEIGHT = 430.0
LEFT = 62.0
RIGHT = 8.0
TOP = 40.0
BOTTOM = 64.0
_GAP = 0.7  # of a bar's step, between years and quarters
_BAR = 0.66
_STUB = 46.0  # height of what stands for a hidden number


@dataclass(frozen=True)
class Block:
    """A rectangle of a bar; `look` is public_order, coexistence, both, small, hidden, missing."""

    look: str
    y: float
    height: float


@dataclass(frozen=True)
class Bar:
    """One period: its blocks, and what is written above and below."""

    x: float
    width: float
    middle: float
    blocks: tuple[Block, ...]
    text: str
    text_y: float
    label: str
    below: str
    is_partial: bool
    chosen: bool


@dataclass(frozen=True)
class BarChart:
    """All bars on one scale that begins at zero."""

    bars: tuple[Bar, ...]
    ticks: tuple[Tick, ...]
    looks: frozenset[str]
    width: float = WIDTH
    height: float = HEIGHT
    left: float = LEFT
    right: float = WIDTH - RIGHT
    base: float = HEIGHT - BOTTOM


def bar_chart(found: Overview) -> BarChart | None:
    """Lay out what is published; None where nothing is."""
    periods = [(p.period.label, "", p.town, p is found.year) for p in found.years]
    periods += [
        (_("Q{n}").format(n=p.period.label[-1]), str(p.period.start.year), p.town, False)
        for p in found.quarters
    ]
    if not periods:
        return None
    gap = _GAP if found.years and found.quarters else 0.0
    step = (WIDTH - LEFT - RIGHT) / max(len(periods) + gap, 4)
    known = [number.count or 0 for _l, _b, town, _c in periods if (number := town[GOAL])]
    tick = nice_step(float(max([*known, 1])))
    top = tick * ceil(max([*known, 1]) / tick)
    base = HEIGHT - BOTTOM
    per_unit = (base - TOP) / top
    bars = []
    for place, (label, below, town, chosen) in enumerate(periods):
        at = LEFT + step * (place + (gap if place >= len(found.years) else 0.0))
        blocks = _blocks(town, per_unit, base)
        highest = min((block.y for block in blocks), default=base)
        x = round(at + step * (1 - _BAR) / 2, 1)
        bars.append(
            Bar(
                x=x,
                width=round(step * _BAR, 1),
                middle=round(at + step / 2, 1),
                blocks=blocks,
                # The key explains the hatches; words would run into each other.
                text=_text(town[GOAL]),
                text_y=round(highest - 9, 1),
                label=label,
                below=below,
                is_partial=town[GOAL].record == schema.PARTIAL,
                chosen=chosen,
            )
        )
    ticks = tuple(
        Tick(round(base - value * per_unit, 1), str(int(value)))
        for value in (tick * k for k in range(int(top / tick) + 1))
    )
    looks = frozenset(block.look for bar in bars for block in bar.blocks)
    return BarChart(tuple(bars), ticks, looks)


def _text(number: Number) -> str:
    return number_text(number) if number.mark in {SHOWN, SMALL} else ""


def _blocks(town: dict[str, Number], per_unit: float, base: float) -> tuple[Block, ...]:
    goal = town[GOAL]
    if goal.mark == schema.MISSING:
        return (Block("missing", TOP, base - TOP),)
    if goal.count is None:
        return (Block(goal.mark, base - _STUB, _STUB),)
    parts = [town[group] for group in (PUBLIC_ORDER, COEXISTENCE) if group in town]
    counts = [part.count for part in parts if part.count is not None]
    if len(counts) < 2:
        height = goal.count * per_unit
        return (Block("both", round(base - height, 1), round(height, 1)),)
    order, coexistence = (count * per_unit for count in counts)
    return (
        Block(PUBLIC_ORDER, round(base - order, 1), round(order, 1)),
        Block(COEXISTENCE, round(base - order - coexistence, 1), round(coexistence, 1)),
    )
