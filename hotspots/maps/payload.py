"""What a map's scripts receive: geometry once, counts as sparse rows, breaks, and texts."""

import itertools
import json
from typing import Any

import numpy as np
import numpy.typing as npt

from hotspots import schema
from hotspots.analysis.kinds import area_labels, period_label
from hotspots.analysis.situation import Situation
from hotspots.i18n import current_language
from hotspots.maps import texts
from hotspots.maps.background import find_background
from hotspots.maps.classes import PALETTE, ZERO_COLOUR, class_breaks
from hotspots.maps.drawing import Drawing
from hotspots.maps.layers import MapLayers
from hotspots.maps.shapes import first_view
from hotspots.maps.windows import (
    Window,
    all_window_values,
    density_base,
    list_measures,
    list_windows,
    rate_base,
)

_RECORD_CODES = {schema.MISSING: 0, schema.PARTIAL: 1, schema.RECORDED: 2}


def make_payload(
    situation: Situation,
    layers: MapLayers,
    *,
    drawing: Drawing | None = None,
    measure: str,
    window: Window,
    index: int,
    background: str,
    embedded: bool,
) -> dict[str, Any]:
    """Return the data of one map, fit for JSON, in the language in force.

    Positions are lon/lat (EPSG:4326) in whole 10⁻⁶ degree from `geo.origin`; everything by area
    is in the order of the table's rows, everything by period in the order of its periods.
    `drawing` is that of the table's areas and of `layers`, where the caller keeps it.
    """
    table = situation.table
    kind = situation.selection.by
    every = situation.selection.every
    drawn = drawing or Drawing.make(table.areas, layers)
    windows = list_windows(len(table.periods))
    measures = list_measures(table)
    breaks = {
        name: {
            str(length): class_breaks(found.values, measure=name)
            for length, found in all_window_values(
                table, kind, measure=name, windows=windows
            ).items()
        }
        for name in measures
    }
    tiles = find_background(background)
    return {
        "language": current_language(),
        "kind": kind,
        "every": every,
        "embedded": embedded,
        "approximate": situation.finding.approximate,
        "start": {"measure": measure, "window": window, "index": index},
        "measures": measures,
        "windows": windows,
        "windowNames": [texts.window_name(length, every) for length in windows],
        "breaks": breaks,
        "palette": PALETTE,
        "zeroColour": ZERO_COLOUR,
        "periods": {
            "label": [period_label(period, every) for period in table.periods],
            "from": [period.start.isoformat() for period in table.periods],
            "to": [period.end.isoformat() for period in table.periods],
            "record": [_RECORD_CODES[state] for state in table.record],
            "days": table.recorded_days.tolist(),
        },
        "areas": {
            "name": area_labels(table.areas),
            # The segments of a street bear its name on the map.
            "street": table.areas[schema.NAME].astype(str).to_list()
            if kind == schema.SEGMENT
            else None,
            "base": _numbers(density_base(table, kind)),
            "residents": _numbers(rate_base(table)),
            "counts": sparse_rows(table.counts),
            # Counts on days of full record are sent as what they lack, which is mostly nothing.
            "lacking": {
                str(number): row
                for number, row in enumerate(sparse_rows(table.counts - table.full_counts))
                if row
            },
        },
        "offAreas": table.off_areas.tolist(),
        "tooCoarse": table.too_coarse.tolist(),
        "town": np.asarray(situation.town).tolist(),
        "geo": drawn.geo
        | {"view": first_view(drawn.shapes, table.counts.sum(axis=1), layers.boundary)},
        "tiles": {
            "url": tiles.url,
            "maxZoom": tiles.max_zoom,
        }
        if tiles
        else None,
        "texts": texts.script_texts(kind, every),
    }


def to_json(value: Any) -> str:
    """Return compact JSON that may stand inside a script element or a script's text."""
    written = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    for character in "<>&\u2028\u2029":
        written = written.replace(character, f"\\u{ord(character):04x}")
    return written


def _numbers(values: npt.NDArray[np.float64]) -> list[float | None]:
    return [float(number) if number > 0 else None for number in values]


def sparse_rows(counts: npt.NDArray[np.int64]) -> list[list[int]]:
    """Return ``[gap, count, gap, count, …]`` of each row, a gap counted from the period before."""
    rows, columns = np.nonzero(counts)
    is_first = np.diff(rows, prepend=-1) > 0
    gaps = np.where(is_first, columns, np.diff(columns, prepend=0))
    flat = np.column_stack([gaps, counts[rows, columns]]).ravel().tolist()
    bounds = (2 * np.searchsorted(rows, np.arange(len(counts) + 1))).tolist()
    return [flat[start:end] for start, end in itertools.pairwise(bounds)]
