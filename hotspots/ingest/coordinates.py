"""Coordinates as people write them: degrees, minutes and seconds, or both in one cell."""

import re
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pyarrow.compute as pc

from hotspots.clean import BoolArray, FloatArray, Numbers, Problems, parse_numbers
from hotspots.i18n import _

# No pair of coordinates is longer; a link to a map may be.
_LONGEST: Final = 2_000
_NUMBER: Final = r"[+-]?\d+(?:[.,]\d+)?"
_DEGREES: Final = (
    r"(?P<sign>[+-])?(?P<deg>\d{1,3}(?:[.,]\d+)?)(?:\s*°)?"
    # A number before a degree sign is no minute but the next coordinate.
    r"(?:(?:(?<=°)\s*|\s+)(?P<min>\d{1,2}(?:[.,]\d+)?)(?!\d|[.,]\d|\s*°)(?:\s*')?"
    r"(?:(?:(?<=')\s*|\s+)(?P<sec>\d{1,2}(?:[.,]\d+)?)(?!\d|[.,]\d|\s*°)(?:\s*\")?)?)?"
)
_LETTER: Final = r"[NSEWVJZ]"
_BEFORE: Final = re.compile(rf"(?P<letter>{_LETTER})\s*{_DEGREES}")
_BEHIND: Final = re.compile(rf"{_DEGREES}\s*(?P<letter>{_LETTER})?")
# North, south, east, west; Czech maps write S, J, V and Z, which only V and J and Z give away.
_ENGLISH: Final = {"N": ("lat", 1), "S": ("lat", -1), "E": ("lon", 1), "W": ("lon", -1)}
_CZECH: Final = {"S": ("lat", 1), "J": ("lat", -1), "V": ("lon", 1), "Z": ("lon", -1)}
_LINKS: Final = (
    # Mapy.cz, Mapy.com: x is the longitude.
    re.compile(rf"[?&](?:x|lon|lng|mlon)=(?P<lon>{_NUMBER})&(?:y|lat|mlat)=(?P<lat>{_NUMBER})"),
    re.compile(rf"[?&](?:y|lat|mlat)=(?P<lat>{_NUMBER})&(?:x|lon|lng|mlon)=(?P<lon>{_NUMBER})"),
    re.compile(rf"!3d(?P<lat>{_NUMBER})!4d(?P<lon>{_NUMBER})"),
    re.compile(rf"(?:[?&](?:q|query|ll|daddr|destination)=(?:loc:)?)(?P<lat>{_NUMBER})(?:,|%2C)"
               rf"(?:\+|%20)?(?P<lon>{_NUMBER})", re.IGNORECASE),
    re.compile(rf"/@(?P<lat>{_NUMBER}),(?P<lon>{_NUMBER})"),
    re.compile(rf"^geo:(?P<lat>{_NUMBER}),(?P<lon>{_NUMBER})"),
    re.compile(rf"#map=\d+/(?P<lat>{_NUMBER})/(?P<lon>{_NUMBER})"),
)  # fmt: skip
_LABEL: Final = re.compile(
    r"^\W*(?:loc|gps|wgs\s*-?\s*84|s-?jtsk|poloha|souradnice|souřadnice)\b\s*[:=]?\s*",
    re.IGNORECASE,
)
# How a cell says that it has none.
_NOTHING: Final = r"(?i)^(-+|–|\?+|x|n/?a|null|neuvedeno|neuvedena|nezjištěno|neznám[aoé])$"
_AXES: Final = re.compile(
    rf"(?P<one>[XY])\s*[:=]?\s*(?P<first>{_NUMBER})(?:\s*m)?[\s,;/|]+"
    rf"(?P<two>[XY])\s*[:=]?\s*(?P<second>{_NUMBER})(?:\s*m)?",
    re.IGNORECASE,
)
_MARKS: Final = str.maketrans(
    {"′": "'", "’": "'", "‘": "'", "´": "'", "`": "'", "ʹ": "'", "″": '"', "”": '"', "“": '"',
     "„": '"', "ʺ": '"', "º": "°", "˚": "°", "−": "-", "–": "-", "—": "-", "\u00a0": " ",
     "\u202f": " ", "\u2009": " "}
)  # fmt: skip


@dataclass(frozen=True)
class Pairs:
    """A column of pairs of coordinates.

    Attributes
    ----------
    first, second
        Shape (n,), in the order of the cell; NaN where missing or in `problems`.
    named
        Whether the cell itself says which is which, by the letters of the hemispheres or as a link
        to a map: then `first` is the longitude and `second` the latitude, in degrees.
    problems
        Position → reason.
    """

    first: FloatArray
    second: FloatArray
    named: BoolArray
    problems: Problems


def parse_pairs(texts: Any, *, column: str) -> Pairs:
    """Read cells that hold both coordinates.

    Parameters
    ----------
    texts
        Arrow string array of n texts, stripped; empty means missing.
    column
        Name used in the reasons.
    """
    n = len(texts)
    first, second = np.full(n, np.nan), np.full(n, np.nan)
    named = np.zeros(n, dtype=bool)
    problems: Problems = {}
    texts = pc.replace_substring_regex(texts, _NOTHING, "")
    for i, text in enumerate(texts.to_pylist()):
        if not text:
            continue
        pair = read_pair(text) if len(text) <= _LONGEST else None
        if pair is None:
            problems[i] = _(
                "{column} '{value}' are no coordinates that are understood; "
                "write 50.2294, 17.2046 or 50°13'45.8\"N 17°12'16.6\"E"
            ).format(column=column, value=text[:60])
        else:
            first[i], second[i], named[i] = pair
    return Pairs(first, second, named, problems)


def parse_axis(texts: Any, *, column: str) -> Numbers:
    """Read one coordinate to a cell: numbers as `parse_numbers` does, or degrees with their marks.

    Parameters
    ----------
    texts
        Arrow string array of n texts, stripped; empty means missing.
    column
        Name used in the reasons.
    """
    texts = pc.replace_substring_regex(texts, _NOTHING, "")
    marks = "[°º˚'′’\"″NSEWVJZ]"
    if not pc.any(pc.match_substring_regex(texts, marks)).as_py():
        return parse_numbers(texts, column=column)
    values = [_read_axis(text) for text in texts.to_pylist()]
    plain = pc.if_else([value is not None for value in values], "", texts)
    numbers = parse_numbers(plain, column=column)
    found = np.array([np.nan if value is None else value for value in values])
    return Numbers(
        np.where(np.isnan(found), numbers.values, found),
        numbers.missing & np.isnan(found),
        numbers.problems,
    )


def _read_axis(text: str) -> float | None:
    """Return degrees written with marks or a letter; None where it has none of them."""
    plain = _normalize(text)
    if len(plain) > 60 or not re.search(rf"[°'\"]|{_LETTER}", plain):
        return None
    match = (_BEFORE if plain[0].isalpha() else _BEHIND).fullmatch(plain)
    return None if match is None else _angle(match, czech=bool(re.search("[VJZ]", plain)))[1]


def read_pair(text: str) -> tuple[float, float, bool] | None:
    """Return both coordinates of a text, and whether it says that they are longitude, latitude.

    Understood are numbers with a decimal point or comma, separated by a blank, comma, semicolon,
    slash or bar; degrees with minutes and seconds; letters of the hemispheres, before or behind;
    ``Y=… X=…`` of S-JTSK; links to Mapy.cz, Google Maps and OpenStreetMap. None where it is none.
    """
    for link in _LINKS:
        if found := link.search(text):
            return _float(found["lon"]), _float(found["lat"]), True
    if "://" in text:
        return None
    plain = _normalize(_LABEL.sub("", text.strip()))
    axes = _AXES.fullmatch(plain)
    if axes and axes["one"].upper() != axes["two"].upper():
        return _float(axes["first"]), _float(axes["second"]), False
    if re.search(rf"[°'\"]|{_LETTER}", plain):
        return _read_degrees(plain)
    return _read_numbers(plain)


def _normalize(text: str) -> str:
    plain = text.translate(_MARKS).replace("''", '"').upper()
    plain = re.sub(r"S\.?\s*[ŠS]\.?(?![A-Z])", "N", plain)  # severní šířky
    plain = re.sub(r"V\.?\s*D\.?(?![A-Z])", "E", plain)  # východní délky
    return re.sub(r"\s+", " ", plain).strip(" ()[]")


def _read_degrees(plain: str) -> tuple[float, float, bool] | None:
    pattern = _BEFORE if plain[:1].isalpha() else _BEHIND
    one = pattern.match(plain)
    if one is None:
        return None
    gap = re.compile(r"\s*[,;/|]?\s*").match(plain, one.end())
    two = pattern.fullmatch(plain, gap.end() if gap else one.end())
    if two is None:
        return None
    czech = bool(re.search("[VJZ]", plain))
    (axis, value), (other_axis, other) = _angle(one, czech=czech), _angle(two, czech=czech)
    if value is None or other is None:
        return None
    if not axis and not other_axis:
        return value, other, False
    if {axis, other_axis} != {"lat", "lon"}:
        return None
    return (value, other, True) if axis == "lon" else (other, value, True)


def _angle(match: re.Match[str], *, czech: bool) -> tuple[str, float | None]:
    """Return the axis that a letter names, "" without one, and decimal degrees or None."""
    letter = match["letter"] or ""
    axis, sign = (_CZECH if czech else _ENGLISH).get(letter, ("", 1))
    if letter and not axis:
        return "", None
    parts = [match["deg"], match["min"], match["sec"]]
    # Only the last part given may have decimals.
    given = [part for part in parts if part]
    if any(re.search("[.,]", part) for part in given[:-1]):
        return axis, None
    degrees, minutes, seconds = (_float(part) if part else 0.0 for part in parts)
    if minutes >= 60 or seconds >= 60 or degrees > 180:
        return axis, None
    value = sign * (degrees + minutes / 60 + seconds / 3600)
    return axis, -value if match["sign"] == "-" else value


def _read_numbers(plain: str) -> tuple[float, float, bool] | None:
    for mark in (r"[;|/\t]", r",\s", r"\s", ","):
        parts = [part.strip(" ,") for part in re.split(mark, plain) if part.strip(" ,")]
        if mark == "," and len(parts) == 4:  # decimal commas and a comma between the two
            parts = [f"{parts[0]}.{parts[1]}", f"{parts[2]}.{parts[3]}"]
        joined = [part.replace(" ", "") for part in parts]
        if len(joined) == 2 and all(re.fullmatch(_NUMBER, part) for part in joined):
            return _float(joined[0]), _float(joined[1]), False
    return None


def _float(text: str) -> float:
    return float(text.replace(",", "."))
