"""Why a polygon is no area, in words: GEOS's reasons for a reader."""

import math
import re
from typing import Final

import shapely
from shapely.geometry.base import BaseGeometry

from hotspots.i18n import _

_REASON: Final = re.compile(r"(?P<what>[^[]*?)\s*(?:\[(?P<x>\S+) (?P<y>\S+)\])?")
_METRES_FROM: Final = 1000.0  # coordinates below are degrees, and need decimals


def say_invalid(shape: BaseGeometry) -> str:
    """Return why a polygon is not valid and where, as it follows its name in a sentence.

    A reason that is not known is given as GEOS says it; a valid polygon has none.
    """
    if shapely.is_valid(shape):
        return ""
    reason = str(shapely.is_valid_reason(shape))
    found = _REASON.fullmatch(reason)
    if found is None:
        return reason
    x, y = (_coordinate(found[name]) for name in ("x", "y"))
    texts = {
        "Self-intersection": _("crosses itself at {x} {y}"),
        "Ring Self-intersection": _("touches itself at {x} {y}"),
        "Hole lies outside shell": _("has a hole outside its border at {x} {y}"),
        "Holes are nested": _("has a hole within a hole at {x} {y}"),
        "Nested shells": _("has a part within a part at {x} {y}"),
        "Interior is disconnected": _("is cut in pieces by its holes at {x} {y}"),
        "Duplicate Rings": _("has a ring drawn twice at {x} {y}"),
        "Too few points in geometry component": _("has too few corners at {x} {y}"),
        "Invalid Coordinate": _("has a corner that is no position"),
        "Ring is not closed": _("has a ring that is not closed at {x} {y}"),
    }
    return texts.get(found["what"], reason).format(x=x, y=y)


def _coordinate(text: str | None) -> str:
    try:
        value = float(text or "nan")
    except ValueError:
        return str(text)
    if not math.isfinite(value):
        return "–"
    digits = 0 if abs(value) >= _METRES_FROM else 5
    return f"{value:.{digits}f}"
