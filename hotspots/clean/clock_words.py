"""Times of day as people write them: "mezi 20. a 22. hod.", "kolem 21 h", "v noci"."""

import re
from dataclasses import dataclass
from typing import Final

from hotspots.place_text import fold

# An approximate time ("kolem 21. hod.") lies so many minutes before or after, within its day.
ABOUT_MIN: Final = 30
LAST_MINUTE: Final = 24 * 60 - 1
# What files write where nobody knows; folded, without a full stop at the end.
# fmt: off
UNKNOWN_WORDS: Final = frozenset(
    {
        "-", "--", "---", "?", "??", "???", ".", "x", "xx", "n/a", "nan", "null", "none",
        "nezn", "nezname", "neznamo", "neznamy", "neznama", "nezjisteno", "nezjisten",
        "nezjistena", "neuvedeno", "neuveden", "neuvedena", "neurceno", "neurcen", "nevime",
        "nevim", "nelze", "unknown", "nelze urcit", "nelze zjistit", "neznamy cas",
        "neznama doba", "cas neznamy", "cas nezjisten", "cas neuveden", "doba neznama",
        "nebylo zjisteno", "nebylo uvedeno", "not known", "cely den", "celodenne", "behem dne",
        "v prubehu dne",
    }
)
# fmt: on
# Part of the day → first and last minute; night runs into the next day.
_PARTS: Final = {
    "rano": (5 * 60, 9 * 60),
    "dopoledne": (6 * 60, 12 * 60),
    "poledne": (11 * 60, 13 * 60),
    "odpoledne": (12 * 60, 18 * 60),
    "podvecer": (16 * 60, 19 * 60),
    "vecer": (18 * 60, 22 * 60),
    "noc": (22 * 60, 6 * 60),
}
_STEMS: Final = {
    "rannich": "rano",
    "dopolednich": "dopoledne",
    "polednich": "poledne",
    "odpolednich": "odpoledne",
    "podvecernich": "podvecer",
    "vecernich": "vecer",
    "nocnich": "noc",
}
_PART_FORMS: Final = {
    **{name: name for name in _PARTS},
    "v poledne": "poledne",
    "kolem poledne": "poledne",
    "k veceru": "vecer",
    "navecer": "podvecer",
    "v podvecer": "podvecer",
    "v noci": "noc",
    "pres noc": "noc",
    "behem noci": "noc",
    "v prubehu noci": "noc",
    "nocni hodiny": "noc",
    "vecerni hodiny": "vecer",
    "ranni hodiny": "rano",
    "dopoledni hodiny": "dopoledne",
    "odpoledni hodiny": "odpoledne",
    **{f"{v} {stem} hodinach": part for stem, part in _STEMS.items() for v in ("v", "ve")},
}
_UNIT: Final = r"(?:\.?\s*(?:hodin(?:ach|ami|ou|u|y|a|e)?|hod|hrs?|h)\b\.?)?"
_CLOCK: Final = r"(\d{1,2})(?:\s*[:.h]\s*(\d{2})(?:\s*[:.]\s*\d{2})?)?\.?\s*" + _UNIT
_ONE: Final = re.compile(rf"(?:v|ve|o)?\s*{_CLOCK}")
# One end alone: the other is that of the day.
_OPEN: Final = re.compile(
    rf"(?:(?:nekdy|az|nejdrive|nejpozdeji)\s+)?(po|od|pred|do)\s*(?:cca\.?\s*)?{_CLOCK}"
)
_ABOUT: Final = re.compile(
    r"(?:(?:v dobe|v case)\s+)?(?:kolem|okolo|cca|ca|circa|asi|priblizne|zhruba|ca|~|±|\+-)\.?"
    rf"\s*(?:v|ve)?\s*{_CLOCK}"
)
_SPAN: Final = re.compile(
    r"(?:(?:v dobe|v case|doba|cas)\s+)?(?:od|mezi|asi|cca)?\.?\s*"
    rf"{_CLOCK}\s*(-|az do|az|do|a)\s*{_CLOCK}"
)
# A time as the share of a day, as spreadsheets keep it; fewer digits may be hours and minutes.
_SHARE: Final = re.compile(r"0[.,](\d{3,17})")
_SPREADSHEET_DAY: Final = re.compile(
    r"(?:1899-12-3[01]|1900-01-0[01]|1904-01-01)[t ](\d{1,2}:\d{2}(:\d{2})?)"
)


@dataclass(frozen=True)
class Clock:
    """A time of day in minutes after midnight.

    `end_min` below `start_min` means the next day; `is_span` tells a span from one hour.
    """

    start_min: int
    end_min: int
    is_span: bool


def normalize(text: str) -> str:
    """Return a text folded, with one kind of dash and of blank."""
    plain = re.sub(r"[‐-―−]", "-", fold(text))
    return re.sub(r"\s+", " ", plain).strip()


def is_unknown(text: str) -> bool:
    """Return whether a text says that nobody knows."""
    plain = normalize(text)
    return not plain or plain in UNKNOWN_WORDS or plain.rstrip(".!").strip() in UNKNOWN_WORDS


def read_clock(text: str) -> Clock | None:
    """Return the time of day that a text gives, None where it is not understood.

    An hour without minutes is that hour; an approximate time is half an hour before to half an
    hour after, within its day; parts of the day are spans (`v noci` 22:00 to 6:00 of the next).
    One end alone is a span to the end of its day (`po 22. hod.`, `od 22:00`) or from its beginning
    (`před 6. hod.`, `do 22 hod.`).
    """
    plain = normalize(text)
    named = plain.rstrip(".")
    if named in _PART_FORMS:
        start, end = _PARTS[_PART_FORMS[named]]
        return Clock(start, end, is_span=True)
    if share := _SHARE.fullmatch(plain):
        minute = int(float(f"0.{share[1]}") * 24 * 60 + 1 / 60)
        return Clock(minute, minute, is_span=False)
    if dated := _SPREADSHEET_DAY.fullmatch(plain):
        plain = dated[1]
    if (one := _ONE.fullmatch(plain)) and not _bare_dot(plain):
        return _whole(one[1], one[2])
    if open_span := _OPEN.fullmatch(plain):
        return _open_span(open_span[1], _minute(open_span[2], open_span[3]))
    if about := _ABOUT.fullmatch(plain):
        around = _minute(about[1], about[2])
        if around is None:
            return None
        first, last = max(around - ABOUT_MIN, 0), min(around + ABOUT_MIN, LAST_MINUTE)
        return Clock(first, last, is_span=True)
    if span := _SPAN.fullmatch(plain):
        # "20 a 22" are two times unless "mezi" makes them one span.
        if span[3] == "a" and not plain.startswith("mezi"):
            return None
        start_min, end_min = _minute(span[1], span[2]), _minute(span[4], span[5])
        if start_min is not None and end_min is not None:
            return Clock(start_min, end_min, is_span=True)
    return None


def _open_span(word: str, minute: int | None) -> Clock | None:
    """Return the span after or before a minute of the day, None where nothing is left of it."""
    if minute is None:
        return None
    if word in {"po", "od"}:
        return Clock(minute, LAST_MINUTE, is_span=True) if minute < LAST_MINUTE else None
    return Clock(0, minute, is_span=True) if minute > 0 else None


def _bare_dot(plain: str) -> bool:
    """Return whether a number stands with a full stop alone: a day as well as an hour."""
    return re.fullmatch(r"\d{1,2}\.", plain) is not None


def _minute(hour: str, minute: str | None) -> int | None:
    h, m = int(hour), int(minute or 0)
    if h == 24 and m == 0:
        return LAST_MINUTE
    return h * 60 + m if h <= 23 and m <= 59 else None


def _whole(hour: str, minute: str | None) -> Clock | None:
    start = _minute(hour, minute)
    if start is None:
        return None
    if minute is None and int(hour) < 24:
        return Clock(start, start + 59, is_span=False)
    return Clock(start, start, is_span=False)
