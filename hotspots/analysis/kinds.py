"""Kinds of area in words: each kind's phrases, whole, so that every language can decline them."""

from collections.abc import Iterable, Iterator
from typing import Final

import pandas as pd

from hotspots import schema
from hotspots.i18n import _, format_number, ngettext
from hotspots.layers.labels import kind_label as kind_label
from hotspots.layers.labels import layer_label as layer_label
from hotspots.layers.town_data import is_osm, is_ruian
from hotspots.periods import QUARTER, WEEK, YEAR, Period

# Words with which a street's name says itself what it is.
_SQUARES: Final = ("náměstí", "nám.", "třída", "nábřeží", "sady", "park", "ulice")


def named_area(kind: str, name: str) -> str:
    """Return an area's name with its kind before it, unless the name says it: street Fučíkova."""
    noun, text = {
        schema.STREET: (_("street"), _("street {name}")),
        schema.SEGMENT: (_("segment"), _("street {name}")),
        schema.DISTRICT: (_("district"), _("district {name}")),
        schema.TOWN_PART: (_("town part"), _("town part {name}")),
        schema.ELECTORAL_DISTRICT: (_("electoral district"), _("electoral district {name}")),
        schema.CADASTRAL_UNIT: (_("cadastral unit"), _("cadastral unit {name}")),
        schema.MUNICIPALITY: (_("town"), _("town {name}")),
        schema.LOCALITY: (_("locality"), _("locality {name}")),
        schema.PATROL_BEAT: (_("patrol beat"), _("patrol beat {name}")),
        schema.QUARTER: (_("quarter"), _("quarter {name}")),
        schema.GRID: (_("cell"), _("cell {name}")),
    }[kind]
    said = name.casefold()
    if noun.casefold() in said or (
        kind == schema.STREET and any(word in said.split() for word in _SQUARES)
    ):
        return name
    return text.format(name=name)


def period_label(period: Period, every: str) -> str:
    """Return a period for a reader: 3/2024, 1st quarter 2024, week 7/2024, 2024."""
    if every == YEAR:
        return period.label
    if every == QUARTER:
        return _("quarter {n} of {year}").format(
            n=period.label[-1], year=period.label.partition("-")[0]
        )
    if every == WEEK:
        year, _dash, week = period.label.partition("-W")
        return _("week {n} of {year}").format(n=int(week), year=year)
    return f"{period.start.month}/{period.start.year}"


def area_labels(areas: pd.DataFrame) -> list[str]:
    """Return each area's name for a reader: segments of a street by their number along it."""
    names = areas[schema.NAME].astype(str).to_list()
    if schema.SEGMENT_NUMBER not in areas:
        return names
    return [
        _("{street}, segment {number}").format(street=name, number=number)
        if kind == schema.SEGMENT
        else name
        for name, kind, number in zip(
            names, areas[schema.KIND], areas[schema.SEGMENT_NUMBER], strict=True
        )
    ]


def in_areas(kind: str, n: int) -> str:
    """Return how many incidents lie in areas: 756 on streets."""
    text = {
        schema.STREET: _("{n} on streets"),
        schema.SEGMENT: _("{n} on street segments"),
        schema.DISTRICT: _("{n} in districts"),
        schema.TOWN_PART: _("{n} in town parts"),
        schema.ELECTORAL_DISTRICT: _("{n} in electoral districts"),
        schema.CADASTRAL_UNIT: _("{n} in cadastral units"),
        schema.MUNICIPALITY: _("{n} in the town"),
        schema.LOCALITY: _("{n} in localities"),
        schema.PATROL_BEAT: _("{n} in patrol beats"),
        schema.QUARTER: _("{n} in quarters"),
        schema.GRID: _("{n} in the grid"),
    }[kind]
    return text.format(n=format_number(n))


def off_areas(kind: str, n: int) -> str:
    """Return how many incidents lie in the town but in no area: 225 off streets."""
    text = {
        schema.STREET: _("{n} off streets"),
        schema.SEGMENT: _("{n} off street segments"),
        schema.DISTRICT: _("{n} off districts"),
        schema.TOWN_PART: _("{n} off town parts"),
        schema.ELECTORAL_DISTRICT: _("{n} off electoral districts"),
        schema.CADASTRAL_UNIT: _("{n} off cadastral units"),
        schema.MUNICIPALITY: _("{n} off the town's layer"),
        schema.LOCALITY: _("{n} off localities"),
        schema.PATROL_BEAT: _("{n} off patrol beats"),
        schema.QUARTER: _("{n} off quarters"),
        schema.GRID: _("{n} off the grid"),
    }[kind]
    return text.format(n=format_number(n))


def off_areas_place(kind: str) -> str:
    """Return where an incident in no area lies: off streets."""
    return {
        schema.STREET: _("off the streets known"),
        schema.SEGMENT: _("off the street segments known"),
        schema.DISTRICT: _("off all districts"),
        schema.TOWN_PART: _("off all town parts"),
        schema.ELECTORAL_DISTRICT: _("off all electoral districts"),
        schema.CADASTRAL_UNIT: _("off all cadastral units"),
        schema.MUNICIPALITY: _("off the town's layer"),
        schema.LOCALITY: _("off all localities"),
        schema.PATROL_BEAT: _("off all patrol beats"),
        schema.QUARTER: _("off all quarters"),
        schema.GRID: _("off the grid"),
    }[kind]


def concentration(kind: str, n: int, *, total: int, share: str) -> str:
    """Return that `n` areas of `total` hold `share` of the incidents, without a full stop.

    Of a kind whose areas do not overlap: see `share_in_own`.
    """
    text = {
        schema.STREET: ngettext(
            "{share} of the incidents on streets fall on {n} street of {total}",
            "{share} of the incidents on streets fall on {n} streets of {total}",
            n,
        ),
        schema.SEGMENT: ngettext(
            "{share} of the incidents on streets fall on {n} segment of {total}",
            "{share} of the incidents on streets fall on {n} segments of {total}",
            n,
        ),
        schema.DISTRICT: ngettext(
            "{share} of the incidents in districts fall on {n} district of {total}",
            "{share} of the incidents in districts fall on {n} districts of {total}",
            n,
        ),
        schema.TOWN_PART: ngettext(
            "{share} of the incidents in town parts fall on {n} town part of {total}",
            "{share} of the incidents in town parts fall on {n} town parts of {total}",
            n,
        ),
        schema.ELECTORAL_DISTRICT: ngettext(
            "{share} of the incidents fall on {n} electoral district of {total}",
            "{share} of the incidents fall on {n} electoral districts of {total}",
            n,
        ),
        schema.CADASTRAL_UNIT: ngettext(
            "{share} of the incidents fall on {n} cadastral unit of {total}",
            "{share} of the incidents fall on {n} cadastral units of {total}",
            n,
        ),
    }.get(
        kind,
        ngettext(
            "{share} of the incidents fall on {n} grid cell of {total}",
            "{share} of the incidents fall on {n} grid cells of {total}",
            n,
        ),
    )
    return text.format(share=share, n=format_number(n), total=format_number(total))


def share_in_own(kind: str, n: int, *, total: int, share: str) -> str:
    """Return how many of the town's incidents lie in areas that it draws itself."""
    text = {
        schema.LOCALITY: ngettext(
            "{n} of {total} incidents in the town lies in localities ({share}).",
            "{n} of {total} incidents in the town lie in localities ({share}).",
            n,
        ),
        schema.PATROL_BEAT: ngettext(
            "{n} of {total} incidents in the town lies in patrol beats ({share}).",
            "{n} of {total} incidents in the town lie in patrol beats ({share}).",
            n,
        ),
        schema.QUARTER: ngettext(
            "{n} of {total} incidents in the town lies in quarters ({share}).",
            "{n} of {total} incidents in the town lie in quarters ({share}).",
            n,
        ),
    }[kind]
    return text.format(n=format_number(n), total=format_number(total), share=share)


def own_method(kind: str) -> str:
    """Return how incidents are counted in areas that the town draws itself."""
    return {
        schema.LOCALITY: _(
            "Each incident counts in every locality its position lies in, on the day it began."
        ),
        schema.PATROL_BEAT: _(
            "Each incident counts in every patrol beat its position lies in, on the day it began."
        ),
        schema.QUARTER: _(
            "Each incident counts in every quarter its position lies in, on the day it began."
        ),
    }[kind]


def boundaries_label(
    kind: str, *, derived: bool, precision_m: float, sources: Iterable[str]
) -> str:
    """Return whose boundaries the areas of a layer have, and how far they may be off.

    `precision_m` may be NaN where nobody knows; `sources` are the citations of the areas, as often
    as they like. Official is what comes from RÚIAN, and nothing else.
    """
    if kind in schema.OWN_KINDS:
        return _("made up, an example") if derived else _("drawn by the town")
    if kind == schema.GRID:
        return _("exact, a computed grid")
    if derived and precision_m > 0:
        return _("approximate, off by up to {m} m").format(m=format_number(precision_m))
    if derived:
        return _("approximate")
    cited = set(sources)
    if kind in (schema.STREET, schema.SEGMENT):
        return "; ".join(_lines_label(cited))
    return _("official") if all(map(is_ruian, cited)) else _("drawn by the town")


def _lines_label(sources: set[str]) -> Iterator[str]:
    if any(map(is_ruian, sources)):
        yield _("computed from official lines")
    if any(map(is_osm, sources)):
        yield _("computed from lines of OpenStreetMap")
    if not all(is_ruian(source) or is_osm(source) for source in sources):
        yield _("computed from the town's own lines")


def even_clause(size: str, share: str) -> str:
    """Return the clause that says what an even spread over `size` (a column) would give."""
    text = {
        schema.LENGTH_M: _("; spread evenly by street length it would be {share}"),
        schema.RESIDENTS: _("; spread evenly by residents it would be {share}"),
        schema.AREA_KM2: _("; spread evenly by area it would be {share}"),
    }[size]
    return text.format(share=share)


def indistinct(kind: str) -> str:
    """Return that chance alone explains the differences between areas."""
    return {
        schema.STREET: _("Differences between streets cannot be told from chance."),
        schema.SEGMENT: _("Differences between street segments cannot be told from chance."),
        schema.DISTRICT: _("Differences between districts cannot be told from chance."),
        schema.TOWN_PART: _("Differences between town parts cannot be told from chance."),
        schema.ELECTORAL_DISTRICT: _(
            "Differences between electoral districts cannot be told from chance."
        ),
        schema.CADASTRAL_UNIT: _("Differences between cadastral units cannot be told from chance."),
    }.get(kind, _("Differences between grid cells cannot be told from chance."))


def few(kind: str) -> str:
    """Return the warning that the order of areas may be chance."""
    return {
        schema.STREET: _("There are few incidents; the order of streets may be chance."),
        schema.SEGMENT: _("There are few incidents; the order of segments may be chance."),
        schema.DISTRICT: _("There are few incidents; the order of districts may be chance."),
        schema.TOWN_PART: _("There are few incidents; the order of town parts may be chance."),
        schema.ELECTORAL_DISTRICT: _(
            "There are few incidents; the order of electoral districts may be chance."
        ),
        schema.CADASTRAL_UNIT: _(
            "There are few incidents; the order of cadastral units may be chance."
        ),
    }.get(kind, _("There are few incidents; the order of cells may be chance."))
