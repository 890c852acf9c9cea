"""What a map's scripts receive: geometry once, counts as sparse rows, breaks, and texts."""

import json
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely

from hotspots import schema
from hotspots.analysis.kinds import area_labels, period_label
from hotspots.analysis.situation import Situation
from hotspots.i18n import current_language
from hotspots.maps import texts
from hotspots.maps.background import find_background
from hotspots.maps.classes import PALETTE, ZERO_COLOUR, class_breaks
from hotspots.maps.layers import MapLayers
from hotspots.maps.shapes import PER_DEGREE, Encoder, drawn_shapes, first_view
from hotspots.maps.windows import (
    Window,
    density_base,
    list_measures,
    list_windows,
    rate_base,
    window_values,
)

_RECORD_CODES = {schema.MISSING: 0, schema.PARTIAL: 1, schema.RECORDED: 2}


def make_payload(
    situation: Situation,
    layers: MapLayers,
    *,
    measure: str,
    window: Window,
    index: int,
    background: str,
    embedded: bool,
) -> dict[str, Any]:
    """Return the data of one map, fit for JSON, in the language in force.

    Positions are lon/lat (EPSG:4326) in whole 10⁻⁶ degree from `geo.origin`; everything by area
    is in the order of the table's rows, everything by period in the order of its periods.
    """
    table = situation.table
    kind = situation.selection.by
    every = situation.selection.every
    shapes = drawn_shapes(table.areas, layers)
    windows = list_windows(len(table.periods))
    measures = list_measures(table)
    breaks = {
        name: {
            str(length): class_breaks(
                window_values(table, kind, measure=name, window=length).values, measure=name
            )
            for length in windows
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
            "counts": [_sparse(row) for row in table.counts],
            # Counts on days of full record are sent as what they lack, which is mostly nothing.
            "lacking": {
                str(number): _sparse(row)
                for number, row in enumerate(table.counts - table.full_counts)
                if row.any()
            },
        },
        "offAreas": table.off_areas.tolist(),
        "tooCoarse": table.too_coarse.tolist(),
        "town": np.asarray(situation.town).tolist(),
        "geo": _geometry(table.areas.geometry, shapes, table.counts.sum(axis=1), layers),
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


def _geometry(
    polygons: Any, shapes: list[Any], totals: npt.NDArray[np.int64], layers: MapLayers
) -> dict[str, Any]:
    view = first_view(shapes, totals, layers.boundary)
    origin = (round(view[0][1], 3), round(view[0][0], 3)) if view else (0.0, 0.0)
    encoder = Encoder(origin)
    geo: dict[str, Any] = {
        "origin": origin,
        "perDegree": PER_DEGREE,
        "view": view,
        "areas": [encoder.geometry(shape) for shape in shapes],
    }
    if layers.roads is not None:
        parts = shapely.get_parts(layers.roads.geometry.to_numpy())
        parts = parts[shapely.get_dimensions(parts) == 1]
        # Streets that are areas themselves are not sent a second time.
        drawn = set(shapely.to_wkb(shapely.get_parts(np.array(shapes, dtype=object))))
        keys = shapely.to_wkb(parts)
        lines = [part for part, key in zip(parts, keys, strict=True) if key not in drawn]
        geo["roads"] = encoder.geometry(shapely.MultiLineString(lines)) if lines else None
    if layers.boundary is not None:
        geo["boundary"] = encoder.geometry(layers.boundary)
    if layers.places is not None and len(layers.places):
        geo["places"] = [
            [str(name), *encoder.part(shapely.get_coordinates(shapely.centroid(point)))]
            for name, point in zip(layers.places[schema.NAME], layers.places.geometry, strict=True)
            if point is not None and not point.is_empty
        ]
    if layers.localities is not None and len(layers.localities):
        geo["localities"] = [
            [str(name), encoder.geometry(shape)]
            for name, shape in zip(
                layers.localities[schema.NAME], layers.localities.geometry, strict=True
            )
        ]
    return geo


def _numbers(values: npt.NDArray[np.float64]) -> list[float | None]:
    return [float(number) if number > 0 else None for number in values]


def _sparse(row: npt.NDArray[np.int64]) -> list[int]:
    """Return ``[gap, count, gap, count, …]``, each gap counted from the period before."""
    columns = np.flatnonzero(row)
    gaps = np.diff(columns, prepend=0)
    return [int(number) for pair in zip(gaps, row[columns], strict=True) for number in pair]
