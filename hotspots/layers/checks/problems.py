"""What can be wrong with layers: one problem, as a reader is told of it."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt

from hotspots import schema
from hotspots.i18n import _, format_number
from hotspots.layers.labels import layer_label

# Severity: counts are wrong or a layer cannot be read; worth mending; worth knowing.
ERROR: Final = "error"
WARNING: Final = "warning"
NOTE: Final = "note"
SEVERITIES: Final = (ERROR, WARNING, NOTE)

# Codes of safe repairs, in the order in which they are made (`hotspots.layers.checks.repairs`).
COORDINATES: Final = "coordinates"
FLATTEN: Final = "flatten"
PARTS: Final = "parts"
VALID: Final = "valid"
DUPLICATES: Final = "duplicates"
BORDERS: Final = "borders"
MEASURES: Final = "measures"
REPAIRS: Final = (COORDINATES, FLATTEN, PARTS, VALID, DUPLICATES, BORDERS, MEASURES)

# Layers whose areas together should be the whole study area.
COVERING_KINDS: Final = (
    schema.DISTRICT,
    schema.CADASTRAL_UNIT,
    schema.TOWN_PART,
    schema.ELECTORAL_DISTRICT,
)

_SHOWN: Final = 5
_ONE_DIGIT_BELOW: Final = 100.0
_SQUARE_KM: Final = 1e6


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong with a layer.

    Attributes
    ----------
    rule
        Code of the rule that is broken.
    severity
        One of `SEVERITIES`.
    layer
        GeoPackage layer; empty where it is about all of them.
    n
        How many areas, pairs or places are concerned.
    areas
        Names, or ids where names do not tell areas apart, of the first few.
    text
        What is wrong, with numbers and units, in the language in force.
    cure
        How to mend it: a command, or a step in QGIS.
    repair
        Code of the safe repair that mends it, one of `REPAIRS`; empty where there is none.
    """

    rule: str
    severity: str
    layer: str
    n: int
    areas: tuple[str, ...]
    text: str
    cure: str
    repair: str = ""

    @property
    def full_text(self) -> str:
        """What is wrong with which layer."""
        return f"{layer_label(self.layer)}: {self.text}" if self.layer else self.text


def first_few(names: Iterable[object]) -> tuple[str, ...]:
    """Return the first few names."""
    return tuple(str(name) for _, name in zip(range(_SHOWN), names, strict=False))


def enumerate_few(names: Iterable[object]) -> str:
    """Return the first few names for a sentence, with … where there are more."""
    listed = [str(name) for name in names]
    return ", ".join(listed[:_SHOWN]) + (", …" if len(listed) > _SHOWN else "")


def area_text(value: float) -> str:
    """Return an area [m²] as a sentence gives it: 24.5 m², 12,000 m², 34.56 km²."""
    if abs(value) >= _SQUARE_KM:
        return _("{n} km²").format(n=format_number(value / _SQUARE_KM, digits=2))
    return _("{n} m²").format(
        n=format_number(value, digits=1 if abs(value) < _ONE_DIGIT_BELOW else 0)
    )


def area_labels(frame: gpd.GeoDataFrame) -> npt.NDArray[np.object_]:
    """Return what to call each area: its name, or its id where the name is empty or shared.

    Segments are called by their number along the street.
    """
    n = len(frame)
    rows = np.array([f"#{row + 1}" for row in range(n)], dtype=object)
    ids = texts_of(frame, schema.AREA_ID)
    ids = np.where(ids == "", rows, ids)
    names = _numbered(texts_of(frame, schema.NAME), frame)
    unique, inverse, counts = np.unique(names, return_inverse=True, return_counts=True)
    clear = (counts[inverse] == 1) & (names != "") if len(unique) else np.zeros(n, dtype=bool)
    return np.asarray(np.where(clear, names, ids), dtype=object)


def _numbered(names: npt.NDArray[np.object_], frame: gpd.GeoDataFrame) -> npt.NDArray[np.object_]:
    if schema.SEGMENT_NUMBER not in frame.columns:
        return names
    numbers = [text.removesuffix(".0") for text in texts_of(frame, schema.SEGMENT_NUMBER)]
    text = _("{street}, segment {number}")
    return np.array(
        [
            text.format(street=name, number=number) if name and number else name
            for name, number in zip(names, numbers, strict=True)
        ],
        dtype=object,
    )


def texts_of(frame: gpd.GeoDataFrame, column: str) -> npt.NDArray[np.object_]:
    """Return a column as stripped texts; empty where a value, or the whole column, is missing."""
    if column not in frame.columns:
        return np.full(len(frame), "", dtype=object)
    values = frame[column].astype(object)
    return np.array(["" if v is None or v != v else str(v).strip() for v in values], dtype=object)


def about(
    rule: str,
    severity: str,
    layer: str,
    names: Iterable[object],
    text: str,
    cure: str,
    repair: str = "",
    **values: str,
) -> Problem:
    """Return the problem of the areas `names`.

    `text` may have the placeholders n and names, and those of `values`.
    """
    listed = [str(name) for name in names]
    filled = text.format(n=format_number(len(listed)), names=enumerate_few(listed), **values)
    return Problem(rule, severity, layer, len(listed), first_few(listed), filled, cure, repair)
